//! gosync brings a host's accounts and groups in step with an identity provider.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod cli;
pub mod commands;
pub mod config;
pub mod error;
pub mod formats;
pub(crate) mod hooks;
pub(crate) mod ldap;
pub mod ledger;
pub mod log;
pub mod model;
pub mod plan;
pub mod policy;
pub mod providers;
pub mod run;
pub mod system;
pub mod targets;
pub mod ui;
