//! What a server knows its content by: what it says of the searches that a read begins with.
//!
//! A mark is made before what it stands for is read: what changes meanwhile differs from it later. Where the server does not say
//! what has changed there is none, and every run reads all.

use super::Ldap;
use crate::ldap::Error;
use crate::ldap::connect::Session;
use crate::ldap::since::Since;
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
    let searches = searches(ldap, query);
    // 389 Directory Server computes roles, and is slow to notice that one has changed.
    let is_role = |filter: &str| filter.to_ascii_lowercase().contains("nsrole");
    if searches.iter().any(|(_, filter)| is_role(filter)) {
        return Ok(None);
    }
    let mut session = Session::open(&ldap.server, query.deadline)?;
    let bases: Vec<&str> = searches.iter().map(|(base, _)| *base).collect();
    let now = Since::now(&mut session, &bases)?;
    session.close();
    let text = now.and_then(|now| serde_json::to_string(&now).ok());
    Ok(text.map(Mark::Content))
}

/// Whether nothing has changed since a mark.
pub(super) fn is_still(ldap: &Ldap, query: &Query, mark: &str) -> Result<bool, Error> {
    let Ok(since) = serde_json::from_str::<Since>(mark) else {
        return Ok(false);
    };
    let mut session = Session::open(&ldap.server, query.deadline)?;
    let is_still = since.is_unmoved(&mut session, &searches(ldap, query))?;
    session.close();
    Ok(is_still)
}
