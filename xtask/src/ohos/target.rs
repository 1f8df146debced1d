//! The two targets of OpenHarmony, and what each is called where.
use std::path::PathBuf;

use crate::packages::place::Place;

/// A processor that OpenHarmony runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    /// As Rust calls it.
    pub(super) triple: &'static str,
    /// As clang and the folders of the NDK call it.
    pub(super) clang: &'static str,
    /// The processor, as in the names of LLVM's libraries.
    pub(super) processor: &'static str,
    /// As Debian calls it.
    pub(super) debian: &'static str,
    /// As OpenHarmony's packages call it: a folder of `libs/`.
    pub(super) abi: &'static str,
    /// As `llvm-readelf` writes it.
    pub(super) machine: &'static str,
}

/// The emulator, and most computers.
pub(super) const X86_64: Target = Target {
    triple: "x86_64-unknown-linux-ohos",
    clang: "x86_64-linux-ohos",
    processor: "x86_64",
    debian: "amd64",
    abi: "x86_64",
    machine: "Advanced Micro Devices X86-64",
};

/// Devices.
pub(super) const AARCH64: Target = Target {
    triple: "aarch64-unknown-linux-ohos",
    clang: "aarch64-linux-ohos",
    processor: "aarch64",
    debian: "arm64",
    abi: "arm64-v8a",
    machine: "AArch64",
};

pub(super) const ALL: [Target; 2] = [X86_64, AARCH64];

/// Where cargo builds for all of them at a place.
pub(super) fn directory(place: &Place) -> PathBuf {
    place.target().join("ohos")
}

impl Target {
    /// Whether this machine has that processor.
    pub(super) fn is_native(&self) -> bool {
        self.processor == std::env::consts::ARCH
    }

    /// What of cargo's environment is about this target: `CARGO_TARGET_…_LINKER` and the like.
    pub(super) fn cargo_variable(&self, name: &str) -> String {
        let triple = self.triple.replace('-', "_").to_uppercase();
        format!("CARGO_TARGET_{triple}_{name}")
    }

    /// What of the environment of the crate `cc` is about this target: `CC_…` and the like.
    pub(super) fn cc_variable(&self, name: &str) -> String {
        format!("{name}_{}", self.triple.replace('-', "_"))
    }
}
