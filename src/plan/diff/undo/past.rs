//! Accounts and groups as the ledger had them.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::state;
use crate::model::owned::State;
use crate::model::{AccountFields, Members};

/// An account or a group as the ledger had it.
pub(super) trait PastEntry: DeserializeOwned {
    fn name(&self) -> &str;
    fn state(&self) -> State;
}

/// An account as the ledger had it.
#[derive(Deserialize)]
pub(super) struct PastAccount {
    pub name: String,
    pub gid: u32,
    pub state: String,
    #[serde(flatten)]
    pub fields: AccountFields,
}

impl PastEntry for PastAccount {
    fn name(&self) -> &str {
        &self.name
    }

    fn state(&self) -> State {
        state(&self.state)
    }
}

/// A group as the ledger had it.
#[derive(Deserialize)]
pub(super) struct PastGroup {
    pub name: String,
    pub state: String,
    pub members: Members,
}

impl PastEntry for PastGroup {
    fn name(&self) -> &str {
        &self.name
    }

    fn state(&self) -> State {
        state(&self.state)
    }
}
