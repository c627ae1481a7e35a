//! The three-way merge of one value: last applied, wanted, found.

/// What a three-way merge says of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merge {
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
pub(super) fn merge(applied: Option<&str>, wanted: &str, found: &str, keep: bool) -> Merge {
    match applied {
        _ if found == wanted => Merge::Same,
        Some(last) if last != found && keep && last == wanted => Merge::Keep,
        Some(last) if last != found && !keep => Merge::Restore,
        _ => Merge::Set,
    }
}

/// How a locked password, or one that is not, is called where the two are compared as text.
pub(in crate::plan) fn lock_word(locked: bool) -> &'static str {
    if locked { LOCKED } else { "open" }
}

/// The word for a locked password.
pub(crate) const LOCKED: &str = "locked";
