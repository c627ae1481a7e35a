//! Tests that need real parts of a system: servers, sockets, accounts.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod http;
mod ldap;
mod ldap_faults;
mod proxy;
mod scim;
mod scim_faults;
mod scim_server;
mod slapd;
mod stub;
mod web;
