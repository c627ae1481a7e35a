//! gosync brings a host's accounts and groups in step with an identity provider.
//!
//! The life of one account through the modules (docs/architecture.md tells it at length):
//!
//! 1. [`providers`] read that a person exists, and whether the reading was complete.
//! 2. [`policy`] selects them and says what their account is to be, or why they get none.
//! 3. [`plan`] compares that with the host and with what the [`ledger`] says was written last; the
//!    outcome is a list of changes, and the guard lets it pass or refuses it.
//! 4. [`targets`] stage the exact new bytes, where a dry run ends, and commit them as one
//!    transaction with the ledger.
//! 5. Hooks run from their queue, and are tried again until they succeed or are given up.
//! 6. Later runs follow what the provider changes, until the person departs: the account is locked,
//!    then packed and removed if so configured, and its uid is never given to anybody else.
//!
//! [`run`] puts these steps together; [`commands`] asks for runs and shows what came of them.
#![forbid(unsafe_code)]
#![warn(unreachable_pub)]
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod cache;
mod cli;
mod commands;
mod config;
mod error;
mod formats;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod hooks;
mod ldap;
mod ledger;
mod log;
mod model;
mod plan;
mod policy;
mod program;
mod providers;
mod run;
mod system;
mod targets;
pub mod testing;
mod ui;

pub use program::main;
