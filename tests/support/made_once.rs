//! What takes long to make, and is the same for all tests: it is made once, in a folder below the build directory.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// The folder `name`, in which `make` has put what `version` says; `make` finds it empty.
pub fn made_once(name: &str, version: &str, make: impl FnOnce(&Path)) -> PathBuf {
    // Tests run side by side.
    static MAKING: Mutex<()> = Mutex::new(());
    let _made = MAKING
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // Written last, with what is there: what was broken off, or is something else, is begun anew.
    let done = dir.join("installed");
    if !fs::read_to_string(&done).is_ok_and(|there| there == version) {
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        make(&dir);
        fs::write(done, version).unwrap();
    }
    dir
}

/// Runs a program to its good end; `hint` says what else to do.
pub fn run(command: &mut Command, hint: &str) {
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
