//! LDAP, the protocol: connections, searches, changes of entries, distinguished names, filters.
//!
//! Knows no people and no groups, and no attribute of theirs: what entries mean is for whoever asks
//! for them (the provider in `providers/ldap`). Follows no reference to another server. `entry`,
//! `dn`, `filter` and `code` are pure; `connect` and `search` speak to a server, `client` keeps one
//! connection for questions and changes. Sources: RFC 4511 to 4519.

pub mod address;
pub mod client;
pub mod code;
pub mod connect;
pub mod dn;
pub mod entry;
pub mod error;
pub mod filter;
pub mod search;

pub use self::error::Error;
