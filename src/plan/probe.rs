//! What planning asks about a host besides its databases.
//!
//! Asked only about single paths, accounts and names, and only where a plan hangs on the answer. What cannot be seen is not
//! taken for what is not there: a question that fails is the failure of whom it was asked for, who is not changed now,
//! and is told so. Everybody else's changes go on, and nobody's locking hangs on an answer.

use crate::model::Uid;
use crate::model::host::{Elsewhere, Owner};
use crate::policy::Reason;

/// A question that could not be answered: what was tried, on what, and why it failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProbeError(pub String);

impl From<ProbeError> for Reason {
    fn from(ProbeError(why): ProbeError) -> Self {
        Self::NotSeen { why }
    }
}

/// An answer, if there is one.
pub(crate) type Answer<T> = Result<T, ProbeError>;

/// What stands where a file with keys should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFile {
    /// Nothing.
    Absent,
    /// A regular file.
    Plain {
        /// What is in it.
        bytes: Vec<u8>,
        /// Whether owner and mode are as they should be.
        sound: bool,
    },
    /// Something that gosync does not touch; why, in our own words.
    Odd(String),
}

/// A host besides its databases. Paths are those of the managed host.
///
/// # Errors
/// Each question fails when nobody can say.
#[allow(clippy::missing_errors_doc)]
pub(crate) trait HostProbe {
    /// What stands where a home is or should be; `None`: nothing.
    fn owner(&self, path: &str) -> Answer<Option<Owner>>;

    /// Why nothing can be made, moved or taken away in a directory that homes are in; `None`: nothing speaks against it.
    fn base_obstacle(&self, base: &str) -> Answer<Option<Reason>>;

    /// Why no home is made from the skeleton; `None`: nothing speaks against it.
    fn skeleton_obstacle(&self) -> Answer<Option<Reason>>;

    /// How many processes run as this account, or in a user namespace of its own.
    fn processes(&self, uid: Uid, name: &str) -> Answer<usize>;

    /// Whether `path` is a link that root made, and leads to the directory `to`.
    fn is_link_to(&self, path: &str, to: &str) -> Answer<bool>;

    /// Whether `path` is a regular file; of this uid, if one is given.
    fn is_file(&self, path: &str, uid: Option<Uid>) -> Answer<bool>;

    /// Whether there is anything at `path`.
    fn is_there(&self, path: &str) -> Answer<bool>;

    /// Whether both are names of one file.
    fn is_same(&self, path: &str, other: &str) -> Answer<bool>;

    /// Whether something is mounted on `path` or below it.
    fn has_mounts(&self, path: &str) -> Answer<bool>;

    /// What stands at the path of a file with keys.
    fn key_file(&self, path: &str) -> Answer<KeyFile>;

    /// Why the file with keys at a path cannot be replaced or taken away, if it cannot.
    fn key_obstacle(&self, path: &str) -> Answer<Option<String>>;

    /// What the host's other name services, such as sssd, know of names and numbers. One question for all of them: each
    /// starts a program.
    fn elsewhere(&self, keys: &[String]) -> Elsewhere;

    /// What the names of packed homes end with, such as `.tar.zst`.
    fn archive_suffix(&self) -> &'static str;
}
