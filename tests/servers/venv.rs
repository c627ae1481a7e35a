//! Virtual environments for Python with what a test needs from PyPI: made once, below the build directory.
//!
//! Needs python3 with venv, and says so if that is missing; never skips.

use std::path::PathBuf;
use std::process::Command;

use crate::made_once::{made_once, run};

/// An environment called `name` with `packages`, which may name ranges of versions; where its programs are.
pub fn programs(name: &str, packages: &[&str]) -> PathBuf {
    let dir = made_once(name, &packages.join(" "), |dir| {
        run(
            Command::new("python3").args(["-m", "venv"]).arg(dir),
            "install the Debian package python3-venv",
        );
        let pip = "-m pip install --quiet --disable-pip-version-check";
        run(
            Command::new(dir.join("bin/python"))
                .args(pip.split(' '))
                .args(packages),
            "it is needed, from the package index that pip is configured for",
        );
    });
    dir.join("bin")
}
