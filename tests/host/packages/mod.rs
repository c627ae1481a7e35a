//! The packages, installed, upgraded, removed and purged on throw-away hosts: Debian without and with systemd as the first
//! process. They carry the program of these tests; that of a release is built by `make package`.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

mod booted;
mod contents;
mod cron;
mod host;
mod remove;
mod upgrade;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::made_once::run;
use crate::scratch::GOSYNC;

/// What throw-away hosts see of [`packages`].
const HERE: &str = "/packages";

/// The folder with the packages: `1` and `2` are two releases of them, which differ in their number only.
fn packages() -> &'static Path {
    static PACKED: OnceLock<PathBuf> = OnceLock::new();
    PACKED.get_or_init(|| {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages");
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        // Without its symbols it is a tenth as large.
        let program = dir.join("gosync");
        let hint = "install the Debian package binutils";
        run(
            Command::new("strip")
                .arg("-o")
                .args([&program, Path::new(GOSYNC)]),
            hint,
        );
        for revision in ["1", "2"] {
            pack(&program, &dir.join(revision), revision);
        }
        dir
    })
}

/// Packs a program, as a release does.
fn pack(program: &Path, to: &Path, revision: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/pack.sh");
    let mut command = Command::new(script);
    command
        .args([program, to])
        .env("REVISION", revision)
        .env("COMPRESS", "none")
        .env("SOURCE_DATE_EPOCH", "1700000000");
    run(&mut command, "install the Debian packages dpkg and rpm");
}

/// The one file below `dir` whose name ends so.
fn package(revision: &str, end: &str) -> PathBuf {
    let names = std::fs::read_dir(packages().join(revision)).unwrap();
    let paths: Vec<PathBuf> = names.map(|entry| entry.unwrap().path()).collect();
    let mut found = paths
        .iter()
        .filter(|path| path.to_string_lossy().ends_with(end));
    let one = found
        .next()
        .unwrap_or_else(|| panic!("no {end} in {paths:?}"));
    assert_eq!(found.next(), None);
    one.clone()
}

/// The same, as a throw-away host sees it.
fn there(revision: &str, end: &str) -> String {
    let path = package(revision, end);
    format!(
        "{HERE}/{revision}/{}",
        path.file_name().unwrap().to_str().unwrap()
    )
}

/// `dpkg -i` of a release.
fn dpkg_install(revision: &str) -> String {
    format!("dpkg --force-unsafe-io -i {}", there(revision, ".deb"))
}
