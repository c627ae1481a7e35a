//! What the diff compares with, and how much of it a run deals with.

use crate::model::host::Host;
use crate::model::owned::Owned;
use crate::model::{Completeness, Now};
use crate::plan::HostProbe;
use crate::policy::Rules;

/// Which accounts a run deals with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunScope {
    /// People who have no account yet.
    pub new: bool,
    /// People who have one.
    pub known: bool,
    /// Treat every known account as changed: nothing that was changed by hand stays.
    pub force: bool,
}

/// What wanted accounts are compared with.
pub(crate) struct DiffInput<'a> {
    /// The databases.
    pub host: &'a Host<'a>,
    /// What gosync owns.
    pub owned: &'a Owned,
    /// How far the read can be trusted to be whole.
    pub completeness: &'a Completeness,
    /// The rules of the configuration.
    pub rules: &'a Rules,
    /// Which accounts are dealt with.
    pub chosen: RunScope,
    /// When the run began.
    pub now: &'a Now,
    /// What else there is besides the databases.
    pub probe: &'a dyn HostProbe,
}
