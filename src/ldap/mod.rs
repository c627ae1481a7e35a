//! LDAP, the protocol: connections, searches, changes of entries, distinguished names, filters.
//!
//! Knows no people and no groups, and no attribute of theirs: what entries mean is for whoever asks
//! for them (the provider in `providers/ldap`). Follows no reference to another server. `entry`,
//! `dn`, `filter`, `limits` and `code` are pure; `connect` and `search` speak to a server through
//! `guard`, `client` keeps one connection for questions and changes. Sources: RFC 4511 to 4519.

pub(crate) mod address;
pub(crate) mod client;
pub(crate) mod code;
pub(crate) mod connect;
pub(crate) mod dn;
pub(crate) mod entry;
pub(crate) mod error;
pub(crate) mod filter;
mod guard;
pub(crate) mod limits;
pub(crate) mod search;
mod start_tls;

pub(crate) use self::error::Error;
