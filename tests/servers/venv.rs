//! Virtual environments for Python with what a test needs from PyPI: made once, below the build directory.
//!
//! Needs python3 with venv, and says so if that is missing; never skips.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// An environment called `name` with `package`, which may name a range of versions; where its programs are.
pub fn programs(name: &str, package: &str) -> PathBuf {
    // Tests run side by side.
    static MAKING: Mutex<()> = Mutex::new(());
    let _made = MAKING
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // Written last, with what is there: an installation that was broken off, or is of something else, is begun anew.
    let done = dir.join("installed");
    if fs::read_to_string(&done).is_ok_and(|there| there == package) {
        return dir.join("bin");
    }
    let _ = fs::remove_dir_all(&dir);
    run(
        Command::new("python3").args(["-m", "venv"]).arg(&dir),
        "install the Debian package python3-venv",
    );
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        package,
    ];
    let hint = "it is needed, from the package index that pip is configured for";
    run(Command::new(dir.join("bin/python")).args(pip), hint);
    fs::write(done, package).unwrap();
    dir.join("bin")
}

fn run(command: &mut Command, hint: &str) {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|e| panic!("{command:?}: {e}; {hint}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}; {hint}\n{said}",
        output.status
    );
}
