//! What is done with the SSH keys of one account.

use serde::Serialize;

use crate::model::Uid;
use crate::policy::keys::Place;

/// The keys of one account before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyChange {
    /// Where.
    pub at: KeyPlace,
    /// Why.
    pub cause: Cause,
    /// Fingerprints of the keys that are there. Of those in a home nobody knows.
    pub before: Vec<String>,
    /// Fingerprints of the keys that will be there.
    pub after: Vec<String>,
    /// The whole file, or our lines in a home. Empty: none.
    pub text: String,
    /// The digest of the file as it was found; `None`: there was none. See [`crate::policy::keys::digest`].
    #[serde(skip)]
    pub found: Option<String>,
}

impl KeyChange {
    /// Whether somebody whose account stays open has no key any more.
    pub fn takes_all(&self) -> bool {
        let had_keys = !self.before.is_empty() || self.at.kind() == Place::Home;
        self.cause == Cause::Wanted && self.text.is_empty() && had_keys
    }
}

/// Where keys are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyPlace {
    /// A file that is only root's, with nothing else in it.
    File {
        /// The file.
        path: String,
    },
    /// `.ssh/authorized_keys` in a home; written as its owner, after all else.
    Home {
        /// The home.
        path: String,
        /// The owner's uid.
        uid: Uid,
        /// The owner's primary group.
        gid: u32,
    },
}

impl KeyPlace {
    /// Which of the two kinds it is.
    pub fn kind(&self) -> Place {
        match self {
            Self::File { .. } => Place::Directory,
            Self::Home { .. } => Place::Home,
        }
    }

    /// The file or the home.
    pub fn path(&self) -> &str {
        match self {
            Self::File { path } | Self::Home { path, .. } => path,
        }
    }
}

/// Why keys change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The provider offers these.
    Wanted,
    /// The account is locked, or goes.
    Closed,
    /// They are at another place now, or the name was somebody else's before.
    Moved,
}
