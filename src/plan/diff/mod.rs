//! What differs between wanted, found and owned.

pub mod accounts;
pub mod groups;
pub mod removal;

pub use accounts::{Chosen, accounts};
pub use groups::groups;
pub use removal::{Request, removal};

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

/// Merges the value last applied, the one wanted and the one found. `keep`: whether a change by hand stays.
fn merge(applied: Option<&str>, wanted: &str, found: &str, keep: bool) -> Merge {
    match applied {
        _ if found == wanted => Merge::Same,
        Some(last) if last != found && keep => Merge::Keep,
        Some(last) if last != found => Merge::Restore,
        _ => Merge::Set,
    }
}
