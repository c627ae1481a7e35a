//! Tests that need real parts of a system: servers, sockets, accounts.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod errors;
mod invariants;
mod kills;
mod ldap;
mod ldap_faults;
mod locks;
mod points;
mod proxy;
mod slapd;
mod stub;
mod tree;
