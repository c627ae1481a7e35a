//! The only code that touches the host: files, locks, processes, the clock.
//!
//! Knows paths and bytes, and nothing of accounts, plans or providers.
#![allow(clippy::disallowed_methods)] // the one place that may

pub mod as_user;
pub mod caches;
pub mod child;
pub mod clock;
pub mod error;
pub mod files;
pub mod homes;
pub mod inspect;

pub mod journal;
pub mod lock;
pub mod mounts;
pub mod nss;
pub mod pool;
pub mod process;
pub mod programs;
pub mod replace;
pub mod root;
pub mod sessions;
pub(crate) mod tls;

pub use error::{Context, PathError};
