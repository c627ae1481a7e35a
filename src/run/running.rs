//! What runs on this host, and whose it is.

use crate::error::{Error, Result};
use crate::model::subordinates::{RunsAs, SubuidBook};
use crate::system::processes::Processes;
use crate::targets::Target;

/// The processes that ran at one time, and whose subordinate uids are whose.
#[derive(Debug)]
pub(crate) struct Running {
    processes: Processes,
    subuids: SubuidBook,
}

impl Running {
    /// Looks at all processes once.
    ///
    /// # Errors
    /// When they, or the subordinate uids, cannot be seen.
    pub(crate) fn now(target: &dyn Target) -> Result<Self> {
        let unseen = |e| Error::failed(format!("cannot see what runs on this host: {e}"));
        Ok(Self {
            processes: Processes::now().map_err(unseen)?,
            subuids: target.subuids().map_err(Error::failed)?,
        })
    }

    /// As which uids programs of an account may run.
    pub(crate) fn uids_of(&self, uid: u32, name: &str) -> RunsAs<'_> {
        self.subuids.uids_of(uid, name)
    }

    /// The ids of an account's processes.
    pub(crate) fn of(&self, uid: u32, name: &str) -> Vec<u32> {
        self.processes.of(&self.uids_of(uid, name))
    }
}
