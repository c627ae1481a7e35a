//! What the tests here ask of a scratch host besides running the program: files made from a manifest, a fixed day, and
//! what a directory holds, to the inode.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::manifest::Tree;
use crate::scratch::ScratchHost;

/// The day that new shadow lines are dated with: 20000 days after 1970.
const EPOCH: &str = "1728000000";

/// One thing in a directory tree, as exactly as it can be told: contents, mode, owner, time of change, inode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    pub bytes: Vec<u8>,
    pub mode: u32,
    pub owner: (u32, u32),
    pub modified: (i64, i64),
    pub inode: u64,
}

impl ScratchHost {
    /// A host with the tree below its root, and with the plainest configuration.
    pub fn new(tree: &Tree) -> Self {
        let mut host = Self::new_in(&std::env::temp_dir());
        host.epoch = Some(EPOCH);
        tree.write(&host.root());
        host.write(
            "gosync.toml",
            "[provider.sample]\nkind = \"file\"\npath = \"directory.json\"\n",
        );
        host
    }

    /// Writes a file in [`ScratchHost::dir`].
    pub fn write(&self, name: &str, text: &(impl AsRef<[u8]> + ?Sized)) {
        self.write_with_mode(name, text, 0o644);
    }

    /// Runs gosync by a line, which must end with 0. Returns what it printed.
    pub fn ok(&self, line: &str) -> String {
        self.gosync(&line.split_whitespace().collect::<Vec<_>>())
            .expect(0)
            .out
    }

    /// Runs a shell command in [`ScratchHost::dir`]; it must succeed.
    pub fn shell(&self, script: &str) {
        let output = Command::new("/bin/sh")
            .args(["-euc", script])
            .env("LC_ALL", "C")
            .current_dir(self.dir())
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}: {complaint}");
    }

    /// Everything below [`ScratchHost::dir`].
    pub fn traces(&self) -> BTreeMap<PathBuf, Trace> {
        let mut out = BTreeMap::new();
        trace(self.dir(), &mut out);
        out
    }
}

fn trace(path: &Path, out: &mut BTreeMap<PathBuf, Trace>) {
    let meta = fs::symlink_metadata(path).unwrap();
    let bytes = match (meta.is_dir(), meta.is_symlink()) {
        (true, _) => Vec::new(),
        (_, true) => fs::read_link(path)
            .unwrap()
            .into_os_string()
            .into_encoded_bytes(),
        _ => fs::read(path).unwrap(),
    };
    let (mode, owner) = (meta.mode(), (meta.uid(), meta.gid()));
    let modified = (meta.mtime(), meta.mtime_nsec());
    out.insert(
        path.to_owned(),
        Trace {
            bytes,
            mode,
            owner,
            modified,
            inode: meta.ino(),
        },
    );
    if meta.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            trace(&entry.unwrap().path(), out);
        }
    }
}

/// What differs between two states of a tree, in words; empty if nothing does.
pub fn difference(before: &BTreeMap<PathBuf, Trace>, after: &BTreeMap<PathBuf, Trace>) -> String {
    let mut out = String::new();
    for path in before
        .keys()
        .chain(after.keys().filter(|path| !before.contains_key(*path)))
    {
        let what = match (before.get(path), after.get(path)) {
            (Some(old), Some(new)) if old == new => continue,
            (Some(old), Some(new)) if old.bytes != new.bytes => "has other contents",
            (Some(old), Some(new)) if (old.mode, old.owner) != (new.mode, new.owner) => {
                "has another mode or owner"
            }
            (Some(_), Some(_)) => "was written again (time or inode differs)",
            (None, _) => "is new",
            (_, None) => "is gone",
        };
        out.push_str(&format!("{} {what}\n", path.display()));
    }
    out
}

pub fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Whether owners can be set and are worth comparing.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}
