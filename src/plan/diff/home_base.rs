//! The directory that a home is in, and what speaks against doing anything there.

use super::input::DiffInput;
use crate::policy::{AccountRules, Reason};

/// The directory that a home is in.
pub(super) fn base_of(home: &str) -> &str {
    match home.rsplit_once('/') {
        Some((base, _)) if !base.is_empty() => base,
        _ => "/",
    }
}

/// Makes sure that a home can be made, moved or taken away where it is.
///
/// # Errors
/// Why not, or why nobody can say.
pub(super) fn check_base_of(home: &str, against: &DiffInput<'_>) -> Result<(), Reason> {
    match against.probe.base_obstacle(base_of(home))? {
        Some(reason) => Err(reason),
        None => Ok(()),
    }
}

/// Makes sure that a home can be made where it is, and of what it begins with.
///
/// # Errors
/// Why not, or why nobody can say.
pub(super) fn check_making(home: &str, against: &DiffInput<'_>) -> Result<(), Reason> {
    check_base_of(home, against)?;
    match against.probe.skeleton_obstacle()? {
        Some(reason) => Err(reason),
        None => Ok(()),
    }
}

/// Whether a home is directly below a home base of the configuration.
pub(super) fn is_below_base(home: &str, rules: &AccountRules) -> bool {
    let mut bases = rules.home_bases.iter().chain([&rules.home_base]);
    bases.any(|base| base == base_of(home))
}
