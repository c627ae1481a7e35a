//! LDAP, the protocol: connections, searches, changes of entries, distinguished names, filters.
//!
//! Knows no people and no groups, and no attribute of theirs: what entries mean is for whoever asks
//! for them (the provider in `providers/ldap`). Follows no reference to another server. `ber`,
//! `message`, `request`, `question`, `tape`, `entry`, `dn`, `filter`, `limits` and `code` are pure; `socket` and `wire`
//! carry messages, `connect` and `search` ask and are answered, `client` keeps one connection for
//! questions and changes, `persist` one on which a server tells of changes by itself. `sync` asks what has changed, and `since` knows
//! what of the answer each server means; `about` and `ds389` are for it. Sources: RFC 4511 to 4519.

mod about;
pub(crate) mod address;
mod ber;
pub(crate) mod client;
pub(crate) mod code;
pub(crate) mod connect;
pub(crate) mod dn;
mod ds389;
pub(crate) mod entry;
pub(crate) mod error;
pub(crate) mod filter;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub(crate) mod limits;
mod message;
pub(crate) mod persist;
mod question;
pub(crate) mod request;
pub(crate) mod search;
pub(crate) mod since;
mod socket;
mod start_tls;
pub(crate) mod sync;
pub(crate) mod tape;
mod wire;

pub(crate) use self::error::Error;
