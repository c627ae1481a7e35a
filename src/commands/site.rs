//! What planning asks about a host besides its databases.

use std::os::unix::fs::MetadataExt as _;

use crate::model::Uid;
use crate::plan::diff::Site;
use crate::system::root::Root;
use crate::system::{files, homes, mounts, process};

/// The host, or the tree below `--root`.
#[derive(Clone, Copy, Debug)]
pub(super) struct HostSite<'a>(pub &'a Root);

impl Site for HostSite<'_> {
    fn processes(&self, uid: Uid) -> usize {
        // Another tree's accounts run nothing here.
        if self.0.is_host() { process::of_user(uid.get()).len() } else { 0 }
    }

    fn is_link_to(&self, path: &str, to: &str) -> bool {
        let (path, to) = (self.0.path(path), self.0.path(to));
        let is_ours = files::look(&path)
            .ok()
            .flatten()
            .is_some_and(|meta| meta.is_symlink() && (meta.uid() == 0 || !process::is_root()));
        is_ours && files::resolved(&path).ok().zip(files::resolved(&to).ok()).is_some_and(|(path, to)| path == to)
    }

    fn is_file(&self, path: &str, uid: Option<Uid>) -> bool {
        let meta = files::look(&self.0.path(path)).ok().flatten();
        meta.is_some_and(|meta| meta.is_file() && uid.is_none_or(|uid| meta.uid() == uid.get()))
    }

    fn is_there(&self, path: &str) -> bool {
        // What nobody can look at may be there.
        !matches!(files::look(&self.0.path(path)), Ok(None))
    }

    fn has_mounts(&self, path: &str) -> bool {
        let path = self.0.path(path);
        // Nothing is mounted on a link, nor where nothing is; nobody could find its way through one that leads nowhere.
        match files::look(&path) {
            Ok(meta) => meta.is_some_and(|meta| meta.is_dir()) && mounts::has_mounts(&path).unwrap_or(true),
            Err(_) => true,
        }
    }

    fn archive_suffix(&self) -> &'static str {
        homes::archive_suffix()
    }
}
