//! Bytes for a program that reads a file by its path: memfd_create(2).

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process;

use rustix::fs::{MemfdFlags, memfd_create};

/// A file that is nowhere but in memory, for a program that reads one by its path.
pub(crate) struct MemoryFile {
    _file: File,
    path: PathBuf,
}

impl MemoryFile {
    /// One with these bytes.
    ///
    /// # Errors
    /// When the kernel gives none.
    pub(crate) fn of(bytes: &[u8]) -> io::Result<Self> {
        let made = memfd_create(c"gosync", MemfdFlags::CLOEXEC)?;
        let path = format!("/proc/{}/fd/{}", process::id(), made.as_raw_fd());
        let mut file = File::from(made);
        file.write_all(bytes)?;
        Ok(Self {
            _file: file,
            path: path.into(),
        })
    }

    /// Where it is for other programs, as long as this value lives.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}
