//! What a server knows its content by: one cookie for each search of a read.
//!
//! A mark is made before what it stands for is read: what changes meanwhile differs from it later. Where the server knows no
//! cookies there is none, and every run reads all.

use super::Ldap;
use crate::ldap::connect::Session;
use crate::ldap::{Error, sync};
use crate::model::hex;
use crate::providers::{Mark, Query};

/// A base and a filter of each search that a query begins with.
fn searches<'a>(ldap: &'a Ldap, query: &Query) -> Vec<(&'a str, &'a str)> {
    let settings = &ldap.settings;
    let groups = (settings.group_base.as_str(), settings.group_filter.as_str());
    let people = (settings.user_base.as_str(), settings.user_filter.as_str());
    let groups = query.reads_groups().then_some(groups);
    std::iter::once(people).chain(groups).collect()
}

/// Has the server mark what it holds now.
pub(super) fn make(ldap: &Ldap, query: &Query) -> Result<Option<Mark>, Error> {
    let mut session = Session::open(&ldap.server, query.deadline)?;
    let mut cookies = Vec::new();
    for (base, _) in searches(ldap, query) {
        match sync::cookie(&mut session, base)? {
            Some(cookie) => cookies.push(hex(&cookie)),
            None => {
                session.close();
                return Ok(None);
            }
        }
    }
    session.close();
    Ok(Some(Mark::Content(cookies.join(" "))))
}

/// Whether nothing has changed since a mark.
pub(super) fn is_still(ldap: &Ldap, query: &Query, mark: &str) -> Result<bool, Error> {
    let cookies: Option<Vec<Vec<u8>>> = mark.split(' ').map(bytes).collect();
    let searches = searches(ldap, query);
    let Some(cookies) = cookies.filter(|cookies| cookies.len() == searches.len()) else {
        return Ok(false);
    };
    let mut session = Session::open(&ldap.server, query.deadline)?;
    let mut is_still = true;
    for ((base, filter), cookie) in searches.into_iter().zip(cookies) {
        is_still = is_still && sync::is_unchanged(&mut session, base, filter, &cookie)?;
    }
    session.close();
    Ok(is_still)
}

/// What [`hex`] has written.
pub(super) fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_written_and_read() {
        let cookie = b"rid=000,csn=2026\x00\xff";
        assert_eq!(bytes(&hex(cookie)).unwrap(), cookie);
        assert_eq!(bytes("zz"), None);
    }
}
