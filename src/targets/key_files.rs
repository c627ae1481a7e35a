//! Files with SSH keys, each named after its account, in a directory that is only root's: what is there.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::error::TargetError;
use crate::plan::KeyFile;
use crate::system::root::Root;
use crate::system::{PathError, files, replace};

/// The mode of a file with keys: sshd(8) reads it as the person who logs in.
pub(super) const MODE: u32 = 0o644;

/// A file that is longer was not written by gosync.
const MAX_BYTES: u64 = 1 << 24;

/// What is in the directory.
#[derive(Debug)]
pub struct KeyFiles {
    root: Root,
    dir: PathBuf,
    names: BTreeSet<String>,
}

impl KeyFiles {
    pub(crate) fn read(root: &Root, dir: &str) -> Result<Self, TargetError> {
        let real = root.path(dir);
        if let Some(reason) = files::untrusted_directory(&real, &root.path("/"))? {
            return Err(TargetError::Unfit {
                path: real,
                reason: reason.to_string(),
            });
        }
        let names = match files::look(&real)? {
            None => BTreeSet::new(),
            Some(_) => files::entries(&real)?,
        };
        Ok(Self {
            root: root.clone(),
            dir: real,
            names,
        })
    }

    /// The names of the files.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Whether `bytes` stand in the plain file at a path of the managed host.
    pub(crate) fn holds(&self, path: &str, bytes: &[u8]) -> bool {
        let file = self.at(path);
        matches!(file, Ok(KeyFile::Plain { bytes: text, .. })
            if text.windows(bytes.len()).any(|part| part == bytes))
    }

    /// What stands at a path of the managed host.
    ///
    /// # Errors
    /// When nobody can say: reading failed, and not for what stands there.
    pub fn at(&self, path: &str) -> Result<KeyFile, TargetError> {
        let real = self.root.path(path);
        let name = real.file_name().and_then(|name| name.to_str());
        if real.parent() == Some(&self.dir) && !name.is_some_and(|name| self.names.contains(name)) {
            return Ok(KeyFile::Absent);
        }
        match files::read_shown(&real, MAX_BYTES) {
            Ok(None) => Ok(KeyFile::Absent),
            Ok(Some((bytes, mode))) => Ok(KeyFile::Plain {
                bytes,
                sound: mode == Some(MODE),
            }),
            Err(e) if is_failure(&e) => Err(e.into()),
            Err(e) => Ok(KeyFile::Odd(format!(
                "{e}; take it away, or put a plain file of root's in its place"
            ))),
        }
    }

    /// Why the file at a path of the managed host cannot be replaced or taken away, if it cannot.
    ///
    /// # Errors
    /// When nobody can say.
    pub fn obstacle(&self, path: &str) -> Result<Option<String>, TargetError> {
        match replace::probe(&self.root.path(path)) {
            Ok(()) => Ok(None),
            Err(e) if is_failure(&e) => Err(e.into()),
            Err(e) => Ok(Some(e.to_string())),
        }
    }
}

/// Whether the kernel failed, and not our own check: then nobody knows what is there, and nothing is planned.
fn is_failure(error: &PathError) -> bool {
    error.source.raw_os_error().is_some()
}
