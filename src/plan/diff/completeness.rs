//! How far a read is believed, and what follows for what may be taken away.

use crate::model::owned::Owned;
use crate::model::{Completeness, counted};

/// How far a read can be trusted. One that names nobody, although gosync owns accounts, is not believed to be whole.
pub(super) fn trust(completeness: &Completeness, nobody: bool, owned: &Owned) -> Completeness {
    let present = owned
        .accounts
        .values()
        .filter(|own| own.state.is_present())
        .count();
    match completeness {
        Completeness::Complete(_) if nobody && present > 0 => {
            let accounts = counted(present, "account", "accounts");
            Completeness::Incomplete(format!(
                "the provider names nobody at all, and {accounts} came from it"
            ))
        }
        other => other.clone(),
    }
}

/// The reason for which nothing may be taken away.
pub(super) fn incomplete(completeness: &Completeness) -> Option<String> {
    match completeness {
        Completeness::Incomplete(reason) => Some(reason.clone()),
        Completeness::Complete(_) | Completeness::Narrowed => None,
    }
}
