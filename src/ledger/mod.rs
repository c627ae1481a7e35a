//! What gosync owns, on disk: numbers for ever, last applied values by target, what was taken away, and what runs did.
//!
//! A SQLite file that an administrator can open with `sqlite3`. Rows of `ids` are never deleted once their numbers may
//! have been seen anywhere, so that a number, once given, stays with whom it was given to. A commit has two halves:
//! [`Ledger::reserve`] writes ids and intentions durably before any file changes; [`Ledger::confirm`] makes them true
//! after all files have. What came to nothing is dropped by [`Ledger::release`] or [`Ledger::drop_pending`].

mod absences;
mod anchored;
mod applied;
mod attributes;
mod census;
mod columns;
mod confirm;
mod contacts;
mod copies;
mod creations;
mod departures;
mod edit;
mod figures;
mod history;
mod home_keys;
mod ids;
mod joined;
mod learned;
mod listing;
mod load;
mod locks;
mod losses;
mod observe;
mod pending;
pub(crate) mod queue;
pub(crate) mod rebound;
mod reserve;
mod retries;
mod schema;
mod store;

pub(crate) use anchored::{Mismatch, Standing, standing_of_none};
pub(crate) use census::Census;
pub(crate) use copies::Entries;
pub(crate) use home_keys::Written;
pub(crate) use learned::{Contradiction, Has, Known, Learned};
pub(crate) use listing::Listed;
pub(crate) use retries::{FailedHome, Waiting};
pub(crate) use store::{FILE, LedgerError, Look, Run, paths};
pub use store::{HOST, Ledger};

#[cfg(test)]
mod tests;
