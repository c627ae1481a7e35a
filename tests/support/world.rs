//! A scratch host: a root tree, a configuration and a directory document in a temporary directory.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::manifest::Tree;

/// The day that new shadow lines are dated with: 20000 days after 1970.
const EPOCH: &str = "1728000000";

/// What a program said, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A scratch host, removed when dropped.
pub struct World {
    dir: TempDir,
    /// The program that is run as gosync: this one, unless a test puts another one here.
    pub program: PathBuf,
}

/// One thing in a directory tree, as exactly as it can be told: contents, mode, owner, time of change, inode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    pub bytes: Vec<u8>,
    pub mode: u32,
    pub owner: (u32, u32),
    pub modified: (i64, i64),
    pub inode: u64,
}

impl World {
    /// A host with the tree below its root, and with the plainest configuration.
    pub fn new(tree: &Tree) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("gosync-it.")
            .tempdir()
            .unwrap();
        let world = Self {
            dir,
            program: env!("CARGO_BIN_EXE_gosync").into(),
        };
        tree.write(&world.root());
        world.write(
            "gosync.toml",
            "[provider.sample]\nkind = \"file\"\npath = \"directory.json\"\n",
        );
        world
    }

    /// The directory that everything is in.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The root of the host.
    pub fn root(&self) -> PathBuf {
        self.path().join("root")
    }

    /// Writes a file below [`World::path`].
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        set_mode(&path, 0o644);
    }

    /// The text of a file of the host.
    pub fn text(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// Runs gosync on this host, with this configuration unless another one is named.
    pub fn gosync<S: AsRef<str>>(&self, args: &[S]) -> Answer {
        self.gosync_fed(args, "")
    }

    /// The same, with something on standard input.
    pub fn gosync_fed<S: AsRef<str>>(&self, args: &[S], input: &str) -> Answer {
        let args: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
        let mut command = Command::new(&self.program);
        // Other options begin like it; without it, this machine's own accounts would be changed.
        if !args
            .iter()
            .any(|arg| *arg == "--root" || arg.starts_with("--root="))
        {
            command.arg("--root").arg(self.root());
        }
        command
            .args(&args)
            .current_dir(self.path())
            .env_clear()
            .env("SOURCE_DATE_EPOCH", EPOCH);
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        if !args.contains(&"-f") {
            command.env("GOSYNC_CONFIG", self.path().join("gosync.toml"));
        }
        let mut stdin = tempfile::tempfile().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        stdin.rewind().unwrap();
        let output = command.stdin(stdin).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("gosync prints UTF-8");
        Answer {
            code: output.status.code().unwrap_or(-1),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// Runs gosync by a line, which must end with 0. Returns what it printed.
    pub fn ok(&self, line: &str) -> String {
        let answer = self.gosync(&line.split_whitespace().collect::<Vec<_>>());
        assert_eq!(
            answer.code, 0,
            "gosync {line}\n{}{}",
            answer.out, answer.err
        );
        answer.out
    }

    /// Runs a shell command in [`World::path`]; it must succeed.
    pub fn shell(&self, script: &str) {
        let output = Command::new("/bin/sh")
            .args(["-euc", script])
            .env("LC_ALL", "C")
            .current_dir(self.path())
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}: {complaint}");
    }

    /// Everything below [`World::path`].
    pub fn traces(&self) -> BTreeMap<PathBuf, Trace> {
        let mut out = BTreeMap::new();
        trace(self.path(), &mut out);
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
