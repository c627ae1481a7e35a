//! What stands at a path, asked with a limit of time where nobody can be sure of an answer.
//!
//! A file system on a server, or in a process (FUSE), may keep whoever asks it waiting for as long as it likes, and nobody
//! can end that wait. Therefore such a one is asked by a process of its own, which is left behind if it does not come
//! back: in this one, a thread that waits would keep the run lock.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::mounts::Remote;
use super::{Context as _, PathError, files, process};

/// The argument that makes gosync call [`obey`].
pub(crate) const WORD: &str = "--stat";

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(5);

/// After so many that did not come, nobody is asked any more: a server that is away has all homes.
const MOST: u32 = 3;

/// What stands at a path, no link followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stat {
    /// Whether it is a directory.
    pub is_dir: bool,
    /// Whether it is a regular file.
    pub is_file: bool,
    /// Whether it is a symbolic link.
    pub is_symlink: bool,
    /// Its owner.
    pub uid: u32,
    /// Its file system.
    pub dev: u64,
    /// Its number there.
    pub ino: u64,
}

impl From<Metadata> for Stat {
    fn from(meta: Metadata) -> Self {
        Self {
            is_dir: meta.is_dir(),
            is_file: meta.is_file(),
            is_symlink: meta.is_symlink(),
            uid: meta.uid(),
            dev: meta.dev(),
            ino: meta.ino(),
        }
    }
}

/// What the other process says: what is there, or why it could not look.
#[derive(Serialize, Deserialize)]
struct Answer(Result<Option<Stat>, Option<i32>>);

/// Asks what stands at paths.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    remote: Remote,
    unanswered: Cell<u32>,
}

impl Asker {
    /// For the mounts of now.
    pub(crate) fn new() -> Self {
        Self {
            remote: Remote::now(),
            unanswered: Cell::new(0),
        }
    }

    /// What is at a path, no link at its end followed. `Ok(None)`: nothing.
    ///
    /// # Errors
    /// When nobody can say, or does within the time.
    pub(crate) fn look(&self, path: &Path) -> Result<Option<Stat>, PathError> {
        match self.remote.is_below(path) {
            false => Ok(files::look(path)?.map(Stat::from)),
            true => self.ask(path).on("look at", path),
        }
    }

    fn ask(&self, path: &Path) -> io::Result<Option<Stat>> {
        let late = |text: String| io::Error::new(io::ErrorKind::TimedOut, text);
        if self.unanswered.get() >= MOST {
            return Err(late(format!(
                "{MOST} questions to file systems were not answered in this run, and no more are asked"
            )));
        }
        let itself = Path::new("/proc/self/exe");
        let path = path.as_os_str().as_bytes();
        let answer = match process::run_with(itself, &[OsStr::new(WORD)], path, LIMIT) {
            Ok(answer) => answer,
            Err(e) if e.kind() == io::ErrorKind::TimedOut => {
                self.unanswered.set(self.unanswered.get() + 1);
                let seconds = LIMIT.as_secs();
                return Err(late(format!(
                    "its file system did not answer within {seconds} s"
                )));
            }
            Err(e) => return Err(e),
        };
        let Answer(answer) = serde_json::from_slice(&answer.output)?;
        answer.map_err(|code| match code {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::other("it could not be asked"),
        })
    }
}

/// Answers the question on standard input.
///
/// # Errors
/// When it cannot be read, or nobody takes the answer.
pub(crate) fn obey() -> io::Result<()> {
    let mut input = Vec::new();
    io::stdin().lock().take(1 << 16).read_to_end(&mut input)?;
    let path = PathBuf::from(OsString::from_vec(input));
    let seen = files::look(&path).map(|meta| meta.map(Stat::from));
    let answer = Answer(seen.map_err(|e| e.source.raw_os_error()));
    io::stdout().write_all(&serde_json::to_vec(&answer)?)
}
