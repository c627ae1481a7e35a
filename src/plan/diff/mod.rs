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

mod completeness;
mod departure;
mod group_departure;
mod input;
mod members;
mod merge;
mod owned_lines;
mod rename;

pub use accounts::accounts;
pub use adopt::{Person, adopt_account, adopt_group};
pub use contacts::contacts;
pub use create::UidFrom;
pub use departure::{Due, due};
pub use groups::groups;
pub use input::{DiffInput, RunScope};
pub use keys::{KeyView, keys, make_nobody};
pub use merge::LOCKED;
pub(in crate::plan) use merge::lock_word;
pub(in crate::plan) use owned_lines::{account_line, group_line};
pub use release::release;
pub use removal::{Request, removal};
pub use undo::{Past, undo};

#[cfg(test)]
mod tests;
