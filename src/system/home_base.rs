//! The directories that homes are in: what has to be so before anything is made, moved or taken away there.
//!
//! A base is never made. One that is not there is most often a file system that is not mounted, and homes that are made
//! then lie hidden below it as soon as it is. In one that others may write, a name can be made to lead elsewhere between
//! a look and a deed of root's.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use super::inspect::{self, Closed};
use super::programs::Distrust;
use super::{Context as _, PathError, files, inputs, mounts};

/// A home base, and what is asked of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HomeBase<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// No directory above this one is looked at.
    pub top: &'a Path,
    /// Whether it must be a mount point.
    pub mounted: bool,
}

/// Why nothing can be made, moved or taken away in a home base.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Obstacle {
    /// There is none.
    #[error("it is not there")]
    Missing,
    /// It is something else.
    #[error("it is no directory")]
    NoDirectory,
    /// Others can change what is in it, or replace it.
    #[error("{0}")]
    Untrusted(Distrust),
    /// It must be a mount point, and is none.
    #[error("nothing is mounted there, and `home_base_mounted` demands it")]
    NotMounted,
    /// It cannot be written.
    #[error("{}", closed(.0))]
    Closed(Closed),
    /// Nobody can say.
    #[error(transparent)]
    Unseen(PathError),
}

fn closed(how: &Closed) -> &'static str {
    match how {
        Closed::ReadOnly => "its file system is read-only",
        Closed::Immutable => "it is immutable, see chattr(1)",
        Closed::Denied => "its mode, or the server that it is on, does not let us write there",
    }
}

impl HomeBase<'_> {
    /// Opens it. What was looked at is what is opened.
    ///
    /// # Errors
    /// What is in the way.
    pub(crate) fn open(&self) -> Result<OwnedFd, Obstacle> {
        inputs::note_unseen();
        match files::goal(self.path) {
            Ok(Some(real)) if !real.is_dir() => return Err(Obstacle::NoDirectory),
            Ok(Some(_)) => {}
            Ok(None) => return Err(Obstacle::Missing),
            Err(e) => return Err(Obstacle::Unseen(e)),
        }
        let dir = match files::open_trusted_directory(self.path, self.top) {
            Ok(dir) => dir,
            Err(Distrust::Io(e)) if e.kind() == io::ErrorKind::NotFound => {
                return Err(Obstacle::Missing);
            }
            Err(Distrust::Io(e)) => {
                let unseen = Err(e).on("look at", self.path);
                return unseen.map_err(Obstacle::Unseen);
            }
            Err(distrust) => return Err(Obstacle::Untrusted(distrust)),
        };
        if self.mounted && !self.is_mounted() {
            return Err(Obstacle::NotMounted);
        }
        match inspect::closed(self.path) {
            Some(how) => Err(Obstacle::Closed(how)),
            None => Ok(dir),
        }
    }

    /// Whether something is mounted on it itself; a mount that automount(8) only waits to make is none.
    fn is_mounted(&self) -> bool {
        mounts::is_mount_point(self.path)
            && mounts::kind_of(self.path).is_some_and(|kind| kind != "autofs")
    }
}
