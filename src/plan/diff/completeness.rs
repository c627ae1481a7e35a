//! How far a read is believed, and what follows for what may be taken away.

use crate::model::owned::Owned;
use crate::model::{Completeness, counted};

/// How far a read can be trusted. One that names nobody, although gosync owns accounts, is not believed to be whole.
pub(super) fn trust(completeness: &Completeness, nobody: bool, owned: &Owned) -> Completeness {
    let accounts = owned.accounts.values();
    let present = accounts.filter(|own| own.state.is_present()).count();
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

/// The same of a read of groups: one that names none, although gosync owns some, is not believed to be whole.
pub(super) fn trust_groups(completeness: Completeness, none: bool, owned: &Owned) -> Completeness {
    let groups = owned.groups.values();
    let present = groups.filter(|own| own.state.is_present()).count();
    match completeness {
        Completeness::Complete(_) if none && present > 0 => {
            let groups = counted(present, "group", "groups");
            Completeness::Incomplete(format!(
                "the provider names no group at all, and {groups} came from it; look at where groups are read from \
                 (`group_base` and `group_filter`, `url`, or the document)"
            ))
        }
        other => other,
    }
}

/// The reason for which nothing may be taken away.
pub(super) fn incomplete(completeness: &Completeness) -> Option<String> {
    match completeness {
        Completeness::Incomplete(reason) => Some(reason.clone()),
        Completeness::Complete(_) | Completeness::Narrowed => None,
    }
}
