//! What differs between wanted, found and owned.

pub mod accounts;
pub mod groups;
pub mod keys;
pub mod removal;

pub use accounts::{Against, Chosen, accounts};
pub use groups::groups;
pub use keys::{KeyFile, KeyView, keys};
pub use removal::{Request, removal};

use crate::model::Completeness;
use crate::model::owned::Owned;

/// How far a read can be trusted. One that names nobody, although gosync owns accounts, is not believed to be whole.
fn trust(completeness: &Completeness, nobody: bool, owned: &Owned) -> Completeness {
    let present = owned.accounts.values().filter(|own| own.state.is_present()).count();
    match completeness {
        Completeness::Complete(_) if nobody && present > 0 => {
            Completeness::Incomplete(format!("the provider names nobody at all, and {present} accounts came from it"))
        }
        other => other.clone(),
    }
}

/// The reason for which nothing may be taken away.
fn incomplete(completeness: &Completeness) -> Option<String> {
    match completeness {
        Completeness::Incomplete(reason) => Some(reason.clone()),
        Completeness::Complete(_) | Completeness::Narrowed => None,
    }
}

/// What a three-way merge says of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Merge {
    /// As wanted already.
    Same,
    /// To be set.
    Set,
    /// Changed by hand, and left so.
    Keep,
    /// Changed by hand, and set back.
    Restore,
}

/// Merges the value last applied, the one wanted and the one found. `keep`: whether a change by hand stays, as long as
/// the provider wants what it wanted before.
fn merge(applied: Option<&str>, wanted: &str, found: &str, keep: bool) -> Merge {
    match applied {
        _ if found == wanted => Merge::Same,
        Some(last) if last != found && keep && last == wanted => Merge::Keep,
        Some(last) if last != found && !keep => Merge::Restore,
        _ => Merge::Set,
    }
}

#[cfg(test)]
mod tests;
