//! What a library that is built for OpenHarmony has to be, read from its ELF file.
use std::collections::BTreeSet;
use std::fs;

use anyhow::{Result, bail};

use super::build::{self, Built, Kind, Profile};
use super::names;
use super::ndk::Ndk;
use super::target::AARCH64;
use crate::counts::Counts;
use crate::nightly;
use crate::packages::place::Place;
use crate::packages::traces;
use crate::process::output;

/// The library of C, and of all that POSIX has.
const C_LIBRARY: &str = "libc.so";

/// What Node.js and OpenHarmony's runtime look for in a module.
const ENTRY: &str = "napi_register_module_v1";

/// A function of the C library.
const C_ENTRY: &str = "OH_WebSocketClient_Constructor";

/// Checks each library that was built at a place.
pub(super) fn check(
    ndk: &Ndk,
    built: &[Built],
    profile: Profile,
    place: &Place,
    counts: &mut Counts,
) -> Result<()> {
    let names = names::read()?;
    let mut folders = place.folders()?;
    folders.extend([ndk.folder(), nightly::sources()?]);
    for library in built {
        let c_library = Elf::read(ndk, &ndk.libraries(&library.target).join(C_LIBRARY))?;
        let elf = Elf::read(ndk, &library.path)?;
        let size = fs::metadata(&library.path)?.len();
        let limit = limit(library, profile);
        let mut faults = faults(library, &elf, &c_library, &names);
        if size > limit {
            faults.push(format!("it has {size} bytes, more than {limit}"));
        }
        if let Err(trace) = traces::has_none(&library.path, &folders) {
            faults.push(trace.to_string());
        }
        let path = library.path.display();
        let needed = Vec::from_iter(elf.needed.iter().map(String::as_str)).join(", ");
        if faults.is_empty() {
            println!("✓ {path}: {size} bytes of at most {limit}; needs {needed}");
            counts.passed += 1;
        } else {
            println!("✗ {path}: {}", faults.join("; "));
            counts.failed += 1;
        }
    }
    match counts.failed {
        0 => Ok(()),
        _ => bail!("a library that was built is not as it should be: see above"),
    }
}

/// The most bytes that a library may have, without symbols; above each, in millions, what it had.
fn limit(library: &Built, profile: Profile) -> u64 {
    let is_c_library = library.kind == Kind::CLibrary;
    match (profile, library.target, is_c_library) {
        // 3.33 and 3.79. To both a module of the system adds 0.11 of JavaScript.
        (Profile::Release, AARCH64, false) => 3_500_000,
        (Profile::Release, _, false) => 4_000_000,
        // 3.10 and 3.47.
        (Profile::Release, AARCH64, true) => 3_200_000,
        (Profile::Release, _, true) => 3_700_000,
        // Of both the larger: 10.27, a module of the system, and 9.48.
        (Profile::Check, _, false) => 10_800_000,
        (Profile::Check, _, true) => 9_900_000,
    }
}

/// What of a library is not as it should be.
fn faults(library: &Built, elf: &Elf, c_library: &Elf, names: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    let machine = library.target.machine;
    if elf.machine != machine {
        faults.push(format!("it is for {}, not {machine}", elf.machine));
    }
    let needed: &[&str] = match library.kind {
        Kind::ArkModule | Kind::SystemModule => &[C_LIBRARY, names::LIBRARY],
        Kind::NodeModule | Kind::CLibrary => &[C_LIBRARY],
    };
    let needed = needed.iter().map(|&name| name.to_owned()).collect();
    if elf.needed != needed {
        faults.push(format!("it needs {:?}, not {needed:?}", elf.needed));
    }
    let (entry, soname) = match library.kind {
        Kind::ArkModule | Kind::SystemModule | Kind::NodeModule => (ENTRY, None),
        Kind::CLibrary => (C_ENTRY, Some(build::C_LIBRARY)),
    };
    if !elf.defined.contains(entry) {
        faults.push(format!("it has no {entry}"));
    }
    if elf.soname.as_deref() != soname {
        faults.push(format!("its soname is {:?}, not {soname:?}", elf.soname));
    }
    if !elf.stays_loaded {
        faults.push("it can be unloaded while its threads run (no `-z nodelete`)".to_owned());
    }
    if elf.has_symbol_table {
        faults.push("it is not stripped".to_owned());
    }
    for symbol in &elf.undefined {
        if !names.contains(symbol) && !c_library.defined.contains(symbol) {
            faults.push(format!(
                "{symbol} is neither in {C_LIBRARY} nor a function of the NDK's ({})",
                names::FILE
            ));
        }
    }
    faults
}

/// What an ELF file says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Elf {
    machine: String,
    needed: BTreeSet<String>,
    soname: Option<String>,
    stays_loaded: bool,
    has_symbol_table: bool,
    undefined: BTreeSet<String>,
    defined: BTreeSet<String>,
}

impl Elf {
    fn read(ndk: &Ndk, path: &std::path::Path) -> Result<Elf> {
        let mut readelf = ndk.llvm("llvm-readelf");
        readelf.args(["--wide", "--file-header", "--section-headers"]);
        readelf.args(["--dynamic-table", "--dyn-syms"]).arg(path);
        let text = output(&mut readelf)?;
        let elf = Elf::parse(&text);
        if elf.machine.is_empty() {
            bail!("{} is no ELF file", path.display());
        }
        Ok(elf)
    }

    /// Reads what `llvm-readelf` writes.
    fn parse(text: &str) -> Elf {
        let mut elf = Elf::default();
        for line in text.lines().map(str::trim) {
            if let Some(machine) = line.strip_prefix("Machine:") {
                machine.trim().clone_into(&mut elf.machine);
            } else if let Some((_, name)) = line.split_once("Shared library: [") {
                elf.needed.insert(name.trim_end_matches(']').to_owned());
            } else if let Some((_, name)) = line.split_once("Library soname: [") {
                elf.soname = Some(name.trim_end_matches(']').to_owned());
            } else if line.contains("(FLAGS_1)") {
                elf.stays_loaded = line.split_whitespace().any(|word| word == "NODELETE");
            } else if line.contains(" .symtab ") {
                elf.has_symbol_table = true;
            } else {
                elf.read_symbol(line);
            }
        }
        elf
    }

    /// `12: 0000000000000000 0 FUNC GLOBAL DEFAULT UND napi_throw`
    fn read_symbol(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [number, _, _, _, binding, _, section, name, ..] = words[..] else {
            return;
        };
        let is_number = number
            .strip_suffix(':')
            .is_some_and(|number| number.parse::<u32>().is_ok());
        if !is_number || !matches!(binding, "GLOBAL" | "WEAK") {
            return;
        }
        // Of those with versions, the name alone.
        let name = name.split('@').next().unwrap_or(name).to_owned();
        match (section, binding) {
            ("UND", "GLOBAL") => self.undefined.insert(name),
            // Who calls it looks first whether it is there.
            ("UND", _) => false,
            _ => self.defined.insert(name),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
ELF Header:
  Machine:                           AArch64
Section Headers:
  [ 4] .dynsym           DYNSYM          0000000000000328 000328 003a08 18   A  7   1  8
  [23] .symtab           SYMTAB          0000000000000000 4a3b18 05c0d0 18     25 1  8
Dynamic section at offset 0x3f2e88 contains 30 entries:
  0x0000000000000001 (NEEDED)       Shared library: [libace_napi.z.so]
  0x0000000000000001 (NEEDED)       Shared library: [libc.so]
  0x000000006ffffffb (FLAGS_1)      NODELETE
Symbol table '.dynsym' contains 4 entries:
   Num:    Value          Size Type    Bind   Vis       Ndx Name
     0: 0000000000000000     0 NOTYPE  LOCAL  DEFAULT   UND
     1: 0000000000000000     0 FUNC    GLOBAL DEFAULT   UND napi_throw
     2: 0000000000000000     0 NOTYPE  WEAK   DEFAULT   UND __cxa_thread_atexit_impl
     3: 00000000001d5a40    72 FUNC    GLOBAL DEFAULT    12 napi_register_module_v1
";

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn what_readelf_writes_is_read() {
        let expected = Elf {
            machine: "AArch64".to_owned(),
            needed: set(&["libace_napi.z.so", "libc.so"]),
            soname: None,
            stays_loaded: true,
            has_symbol_table: true,
            undefined: set(&["napi_throw"]),
            defined: set(&["napi_register_module_v1"]),
        };
        assert_eq!(Elf::parse(TEXT), expected);
    }

    #[test]
    fn each_fault_of_a_library_is_named() {
        let c_library = Elf {
            defined: set(&["malloc"]),
            ..Elf::default()
        };
        let names = set(&["napi_throw"]);
        let of = |kind, text: &str| {
            let library = Built {
                kind,
                target: AARCH64,
                path: "libarkws.so".into(),
            };
            faults(&library, &Elf::parse(text), &c_library, &names)
        };
        let good = TEXT.replace(".symtab", ".strtab");
        assert_eq!(of(Kind::ArkModule, &good), [""; 0]);
        for (from, to, fault) in [
            ("AArch64", "Intel 80386", "it is for"),
            ("libc.so", "libc.so.6", "it needs"),
            (
                "napi_register",
                "other",
                "it has no napi_register_module_v1",
            ),
            ("NODELETE", "NOW", "it can be unloaded"),
            (".strtab", ".symtab", "it is not stripped"),
            ("napi_throw", "uv_run", "uv_run is neither"),
        ] {
            let found = of(Kind::ArkModule, &good.replace(from, to));
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].contains(fault), "{found:?}");
        }
        let soname = "Library soname: [libarkws.so]\n  0x000000006ffffffb";
        let found = of(Kind::ArkModule, &good.replace("0x000000006ffffffb", soname));
        assert!(found[0].contains("its soname is"), "{found:?}");
        let found = of(Kind::NodeModule, &good);
        assert!(found[0].contains("libace_napi.z.so"), "{found:?}");
    }
}
