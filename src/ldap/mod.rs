//! LDAP, the protocol: connections, searches, changes of entries, distinguished names, filters.
//!
//! Knows no people and no groups, and no attribute of theirs: what entries mean is for whoever asks
//! for them (the provider in `providers/ldap`). Follows no reference to another server. `ber`,
//! `message`, `request`, `question`, `shell`, `tape`, `entry`, `dn`, `filter`, `limits` and `code` are pure; `socket` and `wire`
//! carry messages, `connect` and `search` ask and are answered, `access` says how a server is reached, `client` keeps one connection for
//! questions and changes, `batch` makes many changes at once, `persist` one on which a server tells of changes by itself. `sync` and `dirsync` ask what has changed, and
//! `since` knows by `refresh` and `active_directory` what of the answer each server means; `about`, `lookup`, `ds389`, `watched` and
//! `affected` are for them. Sources: RFC 4511 to 4519.

mod about;
pub(crate) mod access;
mod active_directory;
pub(crate) mod address;
mod affected;
mod batch;
mod ber;
pub(crate) mod client;
pub(crate) mod code;
pub(crate) mod connect;
mod dirsync;
pub(crate) mod dn;
mod ds389;
pub(crate) mod entry;
pub(crate) mod error;
pub(crate) mod filter;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub(crate) mod limits;
mod lookup;
mod message;
pub(crate) mod persist;
mod question;
mod refresh;
pub(crate) mod request;
pub(crate) mod search;
mod shell;
pub(crate) mod since;
mod socket;
mod start_tls;
pub(crate) mod sync;
pub(crate) mod tape;
mod watched;
mod wire;

pub(crate) use self::error::Error;

/// A descriptor or a numeric OID (RFC 4512, 1.4), without options: the name of an attribute or of
/// an object class.
pub(crate) fn attribute_name(text: &str) -> bool {
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let oid = text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    word || oid
}
