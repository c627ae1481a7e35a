//! The only code that touches the host: files, locks, processes, the clock.
//!
//! Knows paths and bytes, and nothing of accounts, plans or providers.
#![allow(clippy::disallowed_methods)] // the one place that may

pub(crate) mod archive;
pub(crate) mod as_user;
pub(crate) mod caches;
pub(crate) mod child;
pub(crate) mod clock;
pub(crate) mod error;
pub(crate) mod files;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub(crate) mod home_base;
pub(crate) mod homes;
pub(crate) mod host_name;
pub(crate) mod inputs;
pub(crate) mod inspect;

pub(crate) mod journal;
pub(crate) mod journald;
pub(crate) mod lock;
pub(crate) mod memory;
pub(crate) mod memory_file;
pub(crate) mod mounts;
pub(crate) mod notify;
pub(crate) mod nss;
pub(crate) mod pool;
pub(crate) mod process;
pub(crate) mod processes;
pub(crate) mod programs;
pub(crate) mod publish;
pub(crate) mod replace;
pub(crate) mod root;
pub(crate) mod rs256;
pub(crate) mod sessions;
pub(crate) mod skeleton;
pub(crate) mod splay;
pub(crate) mod stat;
pub(crate) mod tls;
pub(crate) mod traffic;
pub(crate) mod waiting;

pub(crate) use error::{Context, PathError};
