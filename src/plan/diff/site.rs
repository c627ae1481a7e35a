//! What a host has besides its databases, as far as planning needs it.
//!
//! Asked only about single paths and accounts, and only where a plan hangs on the answer.

use crate::model::Uid;

/// A host besides its databases. Paths are those of the managed host.
pub trait Site {
    /// How many processes run as this uid.
    fn processes(&self, uid: Uid) -> usize;

    /// Whether `path` is a link that root made, and leads to the directory `to`.
    fn is_link_to(&self, path: &str, to: &str) -> bool;

    /// Whether `path` is a regular file; of this uid, if one is given.
    fn is_file(&self, path: &str, uid: Option<Uid>) -> bool;

    /// Whether there is anything at `path`.
    fn is_there(&self, path: &str) -> bool;

    /// Whether both are names of one file.
    fn is_same(&self, path: &str, other: &str) -> bool;

    /// Whether something is mounted on `path` or below it, or nobody can say.
    fn has_mounts(&self, path: &str) -> bool;

    /// What the names of packed homes end with, such as `.tar.zst`.
    fn archive_suffix(&self) -> &'static str;
}

/// A host of which nothing but the databases matters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Site for Quiet {
    fn processes(&self, _: Uid) -> usize {
        0
    }

    fn is_link_to(&self, _: &str, _: &str) -> bool {
        false
    }

    fn is_file(&self, _: &str, _: Option<Uid>) -> bool {
        false
    }

    fn is_there(&self, _: &str) -> bool {
        false
    }

    fn is_same(&self, _: &str, _: &str) -> bool {
        false
    }

    fn has_mounts(&self, _: &str) -> bool {
        false
    }

    fn archive_suffix(&self) -> &'static str {
        ".tar.zst"
    }
}
