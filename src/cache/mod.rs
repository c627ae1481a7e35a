//! What may be thrown away: kept to save work, and never the reason for a change.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub(crate) mod stamp;
