//! Tests that need real parts of a system: servers, sockets, accounts.
#![forbid(unsafe_code)]

mod ldap;
mod ldap_faults;
mod proxy;
mod slapd;
mod stub;
