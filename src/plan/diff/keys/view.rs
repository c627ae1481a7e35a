//! What the keys of accounts are compared with, and what a file with keys is beside what gosync last wrote there.

use crate::model::RemoteId;
use crate::model::host::Host;
use crate::model::owned::Owned;
use crate::plan::HostProbe;
use crate::plan::diff::input::RunScope;
use crate::policy::keys::{KeyBook, KeyRules, digest, is_of};

/// What a file with keys is, beside what gosync last wrote there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) enum ManualEdit {
    /// As gosync left it, as far as anybody knows.
    Off,
    /// Somebody wrote something else.
    Changed,
    /// Somebody took it away.
    Missing,
    /// Its owner or mode is another one.
    Unsound,
    /// Gosync did not write it.
    Foreign,
}

impl ManualEdit {
    /// `written`: the digest in the ledger, empty for a file that was taken away; `None`: there is no record.
    pub(in crate::plan) fn of(
        id: &RemoteId,
        written: Option<&str>,
        found: Option<&[u8]>,
        sound: bool,
    ) -> Self {
        match (written, found) {
            (Some(written), Some(found)) if written != of(found) => Self::Changed,
            (Some(written), None) if !written.is_empty() => Self::Missing,
            (None, Some(found)) if !is_of(found, id) => Self::Foreign,
            (_, Some(_)) if !sound => Self::Unsound,
            _ => Self::Off,
        }
    }
}

/// What the keys are compared with.
pub(crate) struct KeyView<'a> {
    /// What the provider offers.
    pub book: &'a KeyBook,
    /// The rules of the configuration.
    pub rules: &'a KeyRules,
    /// The databases.
    pub host: &'a Host<'a>,
    /// What gosync owns.
    pub owned: &'a Owned,
    /// Which accounts are dealt with, besides those that the plan changes.
    pub chosen: RunScope,
    /// Tells what stands at the paths of files with keys.
    pub probe: &'a dyn HostProbe,
}
/// What the ledger remembers of a text: nothing, if it is empty.
pub(super) fn of(text: &[u8]) -> String {
    if text.is_empty() {
        String::new()
    } else {
        digest(text)
    }
}
