//! Tests that need real parts of a system: servers, sockets, accounts.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod ldap;
mod ldap_admin;
mod ldap_faults;
mod ldap_group;
mod proxy;
mod slapd;
mod stub;
