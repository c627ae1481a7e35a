//! What a server is asked for, and answers, whatever it is about.

use crate::ldap::client::SearchError;

/// Every entry.
pub(super) const ANY: &str = "(objectClass=*)";

/// Result codes of RFC 4511 and RFC 4528.
pub(super) const NO_CONTROL: u32 = 12;
pub(super) const NOT_THERE: u32 = 32;
pub(super) const ALREADY_THERE: u32 = 68;
pub(super) const NOT_ASSERTED: u32 = 122;

/// What is the matter, in our own words.
pub(super) fn told(error: SearchError) -> String {
    match error {
        SearchError::Failed(error) => error.text,
        SearchError::Incomplete(reason) => reason,
    }
}
