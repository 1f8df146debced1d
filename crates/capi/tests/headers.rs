//! The headers are C and C++ of every age, and what they declare has the platform's form.
mod compilers;

use compilers::{command, installed, succeed};

const C: [&str; 3] = ["c99", "c11", "c17"];
const CPP: [&str; 3] = ["c++98", "c++11", "c++17"];

/// Compiles a file of `tests` and throws the result away.
fn compile(program: &str, standard: &str, name: &str) {
    succeed(command(program, standard, name).args(["-c", "-o", "/dev/null"]));
}

fn compile_everywhere(name: &str) {
    for compiler in installed() {
        for standard in C {
            compile(compiler.c, standard, name);
        }
        for standard in CPP {
            compile(compiler.cpp, standard, name);
        }
    }
}

#[test]
fn sizes_offsets_and_values_are_the_platforms() {
    compile_everywhere("layout.c");
}

#[test]
fn our_own_structs_have_the_sizes_and_offsets_that_programs_rely_on() {
    compile_everywhere("layout_arkws.c");
}

#[test]
fn functions_have_the_platforms_types() {
    compile_everywhere("prototypes.c");
}

/// Needs nothing of a C library for 32 bits, which few machines have.
#[cfg(target_arch = "x86_64")]
#[test]
fn sizes_offsets_and_values_are_the_platforms_on_32_bits_too() {
    for compiler in installed() {
        let mut compile = command(compiler.c, "c99", "layout.c");
        succeed(compile.args(["-m32", "-ffreestanding", "-fsyntax-only"]));
    }
}
