//! The engine: one run from the read of the provider to the hooks.
//!
//! Puts provider, policy, plan, target and ledger together; the commands say what is asked for.

pub(crate) mod commit;
pub(crate) mod job;
pub(crate) mod keys;
pub(crate) mod outcome;
pub(crate) mod probe;
pub(crate) mod sessions;
pub(crate) mod setup;
mod sources;
pub(crate) mod view;
