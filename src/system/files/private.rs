//! A file of our own that is too large to be written at once: only we may read it, and it comes to its place when it is whole.
//!
//! It is not written to disk before the rename: such a file is one that can be done without, and says itself whether it is whole.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::libc::{O_CLOEXEC, O_NOFOLLOW};

use super::super::{Context as _, PathError};
use super::{remove, rename};

/// A file that is being written beside the place where it will be.
#[derive(Debug)]
pub(crate) struct NewPrivate {
    file: BufWriter<File>,
    staged: PathBuf,
    path: PathBuf,
    is_placed: bool,
}

impl NewPrivate {
    /// Begins with an empty one.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn begin(path: &Path) -> Result<Self, PathError> {
        let staged = path.with_extension("new");
        remove(&staged)?;
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(O_NOFOLLOW | O_CLOEXEC)
            .open(&staged);
        Ok(Self {
            file: BufWriter::with_capacity(1 << 18, file.on("make", &staged)?),
            staged,
            path: path.to_owned(),
            is_placed: false,
        })
    }

    /// Writes on.
    ///
    /// # Errors
    /// When that fails.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), PathError> {
        self.file.write_all(bytes).on("write", &self.staged)
    }

    /// Puts it in its place.
    ///
    /// # Errors
    /// When that fails; the last one is there still.
    pub(crate) fn finish(mut self) -> Result<(), PathError> {
        self.file.flush().on("write", &self.staged)?;
        rename(&self.staged, &self.path)?;
        self.is_placed = true;
        Ok(())
    }
}

impl Drop for NewPrivate {
    fn drop(&mut self) {
        if !self.is_placed {
            let _ = remove(&self.staged); // what stays is overwritten by the next one
        }
    }
}
