//! What a provider said once, as `gosync record` has kept it: it answers every query from that, and asks nobody.

use std::time::Instant;

use super::{FetchError, Provider, Query, document};
use crate::model::{Snapshot, Untrusted};

/// A provider of the past.
pub(crate) struct Recorded {
    name: String,
    snapshot: Snapshot,
}

impl Recorded {
    /// The provider of this name, which said this.
    pub(crate) fn new(name: &str, snapshot: Snapshot) -> Self {
        let name = name.to_owned();
        Self { name, snapshot }
    }
}

impl Provider for Recorded {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self, _deadline: Instant) -> Result<Untrusted, FetchError> {
        Ok(Untrusted::new("a recording"))
    }

    fn fetch(&self, query: &Query, progress: &dyn Fn(usize)) -> Result<Snapshot, FetchError> {
        let mut snapshot = self.snapshot.clone();
        document::narrow(&mut snapshot, query);
        progress(snapshot.directory.users.len() + snapshot.directory.groups.len());
        Ok(snapshot)
    }

    fn reads_both(&self) -> bool {
        true
    }
}
