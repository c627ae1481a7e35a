//! What planning asks about a host besides its databases.
//!
//! What cannot be seen is not taken for what is not there: the first look that fails is kept, and stops the run.

use std::cell::RefCell;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::model::Uid;
use crate::model::host::Owner;
use crate::plan::diff::Site;
use crate::system::root::Root;
use crate::system::{Context as _, PathError, files, homes, mounts, process};

/// The host, or the tree below `--root`.
#[derive(Debug)]
pub(crate) struct HostSite<'a> {
    root: &'a Root,
    failure: RefCell<Option<PathError>>,
}

impl<'a> HostSite<'a> {
    /// The host below this root.
    pub(crate) fn new(root: &'a Root) -> Self {
        Self {
            root,
            failure: RefCell::new(None),
        }
    }

    /// What stands at a path.
    pub(crate) fn owner(&self, path: &str) -> Option<Owner> {
        let meta = self.look(&self.root.path(path))?;
        Some(if meta.is_dir() {
            Owner::Directory(meta.uid())
        } else {
            Owner::NotADirectory
        })
    }

    /// Whether everything that was asked about could be seen.
    ///
    /// # Errors
    /// The first look that failed.
    pub(crate) fn finish(self) -> Result<()> {
        self.failure
            .into_inner()
            .map_or(Ok(()), |failure| Err(Error::failed(failure)))
    }

    fn look(&self, path: &Path) -> Option<Metadata> {
        self.answer(files::look(path)).flatten()
    }

    fn answer<T>(&self, answer: std::result::Result<T, PathError>) -> Option<T> {
        match answer {
            Ok(answer) => Some(answer),
            Err(failure) => {
                self.failure.borrow_mut().get_or_insert(failure);
                None
            }
        }
    }

    fn goal(&self, path: &Path) -> Option<PathBuf> {
        self.answer(files::goal(path)).flatten()
    }
}

impl Site for HostSite<'_> {
    fn processes(&self, uid: Uid) -> usize {
        // Another tree's accounts run nothing here.
        if self.root.is_host() {
            process::of_user(uid.get()).len()
        } else {
            0
        }
    }

    fn is_link_to(&self, path: &str, to: &str) -> bool {
        let (path, to) = (self.root.path(path), self.root.path(to));
        let is_ours = self
            .look(&path)
            .is_some_and(|meta| meta.is_symlink() && (meta.uid() == 0 || !process::is_root()));
        is_ours
            && self
                .goal(&path)
                .zip(self.goal(&to))
                .is_some_and(|(path, to)| path == to)
    }

    fn is_file(&self, path: &str, uid: Option<Uid>) -> bool {
        let meta = self.look(&self.root.path(path));
        meta.is_some_and(|meta| meta.is_file() && uid.is_none_or(|uid| meta.uid() == uid.get()))
    }

    fn is_there(&self, path: &str) -> bool {
        self.look(&self.root.path(path)).is_some()
    }

    fn is_same(&self, path: &str, other: &str) -> bool {
        let file = |path: &str| {
            self.look(&self.root.path(path))
                .map(|meta| (meta.dev(), meta.ino()))
        };
        file(path).is_some_and(|it| file(other) == Some(it))
    }

    fn has_mounts(&self, path: &str) -> bool {
        let path = self.root.path(path);
        // Nothing is mounted on a link, nor where nothing is.
        let is_dir = self.look(&path).is_some_and(|meta| meta.is_dir());
        is_dir
            && self
                .answer(mounts::has_mounts(&path).on("look for mounts below", &path))
                .unwrap_or(true)
    }

    fn archive_suffix(&self) -> &'static str {
        homes::archive_suffix()
    }
}
