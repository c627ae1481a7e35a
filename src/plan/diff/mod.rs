//! What differs between wanted, found and owned.

pub(crate) mod accounts;
pub(crate) mod adopt;
mod attributes;
mod contacts;
mod create;
pub(crate) mod groups;
pub(crate) mod keys;
mod local;
pub(crate) mod rebind;
pub(crate) mod release;
pub(crate) mod removal;
pub(crate) mod undo;

mod absence;
mod changed_ids;
mod completeness;
mod departure;
mod group_departure;
mod hand_locks;
mod hold;
mod home_base;
mod input;
mod known;
mod lock_shell;
mod members;
mod merge;
mod new_groups;
mod owned_entry;
mod owned_lines;
mod primary_group;
mod rename;
mod retries;

pub(crate) use accounts::accounts;
pub(crate) use adopt::{Adopting, Adoption, Counterpart, Person};
pub(crate) use attributes::attributes;
pub(crate) use contacts::contacts;
pub(crate) use create::UidFrom;
pub(crate) use departure::due;
pub(crate) use groups::groups;
pub(crate) use hand_locks::remember_hand_locks;
pub(crate) use hold::{free, hold};
pub(crate) use input::{DiffInput, RunScope};
pub(crate) use keys::{KeyView, keys, make_nobody, stay};
pub(crate) use lock_shell::{ShellView, lock_shells};
pub(crate) use merge::LOCKED;
pub(in crate::plan) use merge::lock_word;
pub(in crate::plan) use owned_lines::{account_line, group_line};
pub(crate) use rebind::{Rebinding, Row, rows};
pub(crate) use release::release;
pub use removal::Request;
pub(crate) use removal::removal;
pub(crate) use retries::{leave_waiting, work};
pub(crate) use undo::{Past, undo};

#[cfg(test)]
mod tests;
