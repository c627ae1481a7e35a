//! A scratch host for one test, and the program run on it: a directory with the host's files below `root`, and the
//! configuration and whatever else a test needs beside that. It is gone when the value is dropped.
//!
//! All test binaries use it; what one of them asks of it besides is there.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The program under test.
pub const GOSYNC: &str = env!("CARGO_BIN_EXE_gosync");

/// How a program ended and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The status; `None` when a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }
}

impl Ran {
    /// Stops the test unless the program ended with `code`.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }
}

/// The scratch host.
pub struct ScratchHost {
    dir: TempDir,
    /// The program that is run as gosync: this one, unless a test puts another one here.
    pub program: PathBuf,
    /// What the program is told that the time is, for the day in new shadow lines; the real time if nothing.
    pub epoch: Option<&'static str>,
    /// Whether runs that have nothing to do may save the reading of later ones.
    pub leaves_stamps: bool,
}

impl ScratchHost {
    /// A host without files, somewhere below `base`.
    pub fn new_in(base: &Path) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("gosync-test-")
            .tempdir_in(base)
            .unwrap();
        fs::create_dir(dir.path().join("root")).unwrap();
        Self {
            dir,
            program: GOSYNC.into(),
            epoch: None,
            leaves_stamps: false,
        }
    }

    /// The directory that root and configuration are in.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The configuration's path.
    pub fn config(&self) -> PathBuf {
        self.dir().join("gosync.toml")
    }

    /// The root of the host.
    pub fn root(&self) -> PathBuf {
        self.dir().join("root")
    }

    /// Writes a file in [`ScratchHost::dir`]: renamed into place, since a gosync may be reading it.
    pub fn write_with_mode(&self, name: &str, text: impl AsRef<[u8]>, mode: u32) {
        let path = self.dir().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let new = path.with_file_name("file-that-is-being-written");
        fs::write(&new, text).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(mode)).unwrap();
        fs::rename(new, path).unwrap();
    }

    /// Reads a file of the host.
    pub fn read(&self, below: &str) -> String {
        let bytes = fs::read(self.root().join(below)).unwrap_or_else(|e| panic!("{below}: {e}"));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A run on this host that is still to be started, with this configuration unless another one is named, and with
    /// nothing of this process's environment.
    pub fn command<S: AsRef<str>>(&self, arguments: &[S]) -> Command {
        let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        if !self.leaves_stamps {
            self.touch();
        }
        let mut command = Command::new(&self.program);
        // Without a root, this machine's own accounts would be changed. Other options begin like it.
        if !arguments
            .iter()
            .any(|&a| a == "--root" || a.starts_with("--root="))
        {
            command.arg("--root").arg(self.root());
        }
        command
            .args(&arguments)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .envs(self.epoch.map(|epoch| ("SOURCE_DATE_EPOCH", epoch)))
            .current_dir(self.dir())
            .stdin(Stdio::null());
        if !arguments.contains(&"-f") {
            command.env("GOSYNC_CONFIG", self.config());
        }
        command
    }

    /// Changes something that every run reads: what changed a moment ago leaves no stamp, and so what runs say does not hang
    /// on how fast the tests are.
    fn touch(&self) {
        let passwd = self.root().join("etc/passwd");
        if let Ok(meta) = fs::metadata(&passwd) {
            let _ = fs::set_permissions(&passwd, meta.permissions());
        }
    }

    /// Runs the program on this host.
    pub fn gosync<S: AsRef<str>>(&self, arguments: &[S]) -> Ran {
        self.gosync_fed(arguments, "")
    }

    /// The same, with something on standard input.
    pub fn gosync_fed<S: AsRef<str>>(&self, arguments: &[S], input: &str) -> Ran {
        let mut stdin = tempfile::tempfile().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        stdin.rewind().unwrap();
        let output = self.command(arguments).stdin(stdin).output();
        let ran = output.unwrap().into();
        if self.program == Path::new(GOSYNC) {
            crate::schema::check(arguments, &ran);
        }
        ran
    }
}
