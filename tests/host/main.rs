//! Tests that need real parts of a system: servers, sockets, accounts.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod concurrent;
mod end_to_end;
mod errors;
mod globus;
mod globus_admin;
mod globus_cli;
mod globus_faults;
mod globus_server;
mod http;
mod invariants;
mod key_homes;
mod kills;
mod ldap;
mod ldap_admin;
mod ldap_faults;
mod ldap_group;
mod locks;
mod namespace;
mod points;
mod proxy;
mod same_as_useradd;
mod scim;
mod scim_faults;
mod scim_server;
mod slapd;
mod sshd;
mod stub;
mod tree;
mod unwritable;
mod web;
