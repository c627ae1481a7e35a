//! Trees of all shapes.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use rustix::fs::mkdirat;
use rustix::process::{Resource, getrlimit};

use super::*;

fn open(at: impl AsFd, name: &str) -> OwnedFd {
    openat(at, name, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap()
}

/// A chain of directories, each called `name`, with a file at the bottom.
fn chain(top: &Path, depth: usize, name: &str) {
    fs::create_dir(top).unwrap();
    let mut at = open(CWD, top.to_str().unwrap());
    for _ in 0..depth {
        mkdirat(&at, name, Mode::RWXU).unwrap();
        at = open(&at, name);
    }
    let flags = OFlags::CREATE | OFlags::WRONLY;
    openat(&at, "bottom", flags, Mode::RUSR).unwrap();
}

fn scratch() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let top = dir.path().join("top");
    (dir, top)
}

#[test]
fn a_tree_deeper_than_descriptors_and_stack_is_removed() {
    let (_dir, top) = scratch();
    // More levels than there may be open files.
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let depth = usize::try_from(files)
        .unwrap_or(60_000)
        .clamp(2_000, 60_000);
    chain(&top, depth, "d");
    chain(&top.join("long"), 300, &"n".repeat(255));
    remove_tree(&top).unwrap();
    assert!(!top.exists());
}

#[test]
fn a_wide_tree_and_one_with_names_of_ours_is_removed() {
    let (_dir, top) = scratch();
    for n in 0..60 {
        for m in 0..20 {
            fs::create_dir_all(top.join(format!("{n}/gosync-{m}/x/gosync-{n}"))).unwrap();
            fs::write(top.join(format!("{n}/gosync-{m}/gosync-9")), "").unwrap();
        }
        fs::write(top.join(format!("gosync-{n}")), "").unwrap();
    }
    remove_tree(&top).unwrap();
    assert!(!top.exists());
    remove_tree(&top).unwrap();
}

#[test]
fn links_are_removed_and_not_followed() {
    let (dir, top) = scratch();
    let other = dir.path().join("other");
    fs::create_dir_all(other.join("inner")).unwrap();
    fs::write(other.join("inner/file"), "text").unwrap();
    fs::create_dir_all(top.join("a/b")).unwrap();
    symlink(&other, top.join("link")).unwrap();
    symlink(&other, top.join("a/b/link")).unwrap();
    symlink("nowhere", top.join("a/dangling")).unwrap();
    nix::unistd::mkfifo(&top.join("a/fifo"), nix::sys::stat::Mode::S_IRUSR).unwrap();
    remove_tree(&top).unwrap();
    assert!(!top.exists());
    assert_eq!(fs::read(other.join("inner/file")).unwrap(), b"text");
    symlink(&other, &top).unwrap();
    remove_tree(&top).unwrap();
    assert!(fs::symlink_metadata(&top).is_err() && other.join("inner").exists());
    fs::write(&top, "").unwrap();
    remove_tree(&top).unwrap();
    assert!(!top.exists());
}

#[test]
fn what_cannot_be_read_is_removed_by_root() {
    if !crate::system::process::is_root() {
        return;
    }
    let (_dir, top) = scratch();
    fs::create_dir_all(top.join("a/b/c")).unwrap();
    for name in ["a/b/c", "a/b", "a"] {
        fs::set_permissions(top.join(name), fs::Permissions::from_mode(0o000)).unwrap();
    }
    remove_tree(&top).unwrap();
    assert!(!top.exists());
}

#[test]
fn a_path_is_told_by_its_end() {
    let name = CString::new("é".repeat(200)).unwrap();
    let end = told(Some("a/b"), &name);
    assert!(end.starts_with("...é") && end.len() <= TOLD + 3, "{end}");
    assert_eq!(told(Some("a/b"), c"c"), "a/b/c");
    assert_eq!(told(None, c"c"), "c");
}
