//! What differs between wanted, found and owned.

pub mod accounts;
pub mod adopt;
mod contacts;
mod create;
pub mod groups;
pub mod keys;
mod local;
pub mod release;
pub mod removal;
pub mod undo;

mod group_rungs;
mod rename;
mod rungs;

pub use accounts::{Against, Chosen, accounts};
pub use adopt::{Person, adopt_account, adopt_group};
pub use contacts::contacts;
pub use create::UidFrom;
pub use groups::groups;
pub use keys::{KeyView, keys, make_nobody};
pub use release::release;
pub use removal::{Request, removal};
pub use rungs::{Due, due};
pub use undo::{Past, undo};

use crate::model::UserName;
use crate::model::owned::Owned;
use crate::model::{Completeness, counted};

/// How far a read can be trusted. One that names nobody, although gosync owns accounts, is not believed to be whole.
fn trust(completeness: &Completeness, nobody: bool, owned: &Owned) -> Completeness {
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
fn incomplete(completeness: &Completeness) -> Option<String> {
    match completeness {
        Completeness::Incomplete(reason) => Some(reason.clone()),
        Completeness::Complete(_) | Completeness::Narrowed => None,
    }
}

/// How a locked password, or one that is not, is called where the two are compared as text.
pub(super) fn lock_word(locked: bool) -> &'static str {
    if locked { LOCKED } else { "open" }
}

/// The word for a locked password.
pub const LOCKED: &str = "locked";

/// How many names of a list a sentence has.
const SHOWN_NAMES: usize = 12;

/// Names for a sentence.
fn some<'a>(names: impl IntoIterator<Item = &'a UserName>) -> String {
    let names: Vec<&str> = names.into_iter().map(UserName::as_str).collect();
    let shown = names[..names.len().min(SHOWN_NAMES)].join(", ");
    match names.len().saturating_sub(SHOWN_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
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
