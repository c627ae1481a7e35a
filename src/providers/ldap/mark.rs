//! What a server knows its content by: what it says of the searches that a read begins with.
//!
//! A mark is made before what it stands for is read: what changes meanwhile differs from it later. Where the server does not say
//! what has changed there is none, and every run reads all.

use super::Ldap;
use super::read::{Attributes, extent};
use crate::ldap::Error;
use crate::ldap::connect::Session;
use crate::ldap::search::Request;
use crate::ldap::since::Since;
use crate::ldap::tape::{Parts, Question};
use crate::providers::{Mark, Query};

/// What is asked of a server that a query begins with: all people, and all groups where any are read, as groups in groups count.
fn searches(ldap: &Ldap, query: &Query) -> Vec<Question> {
    let (settings, attributes) = (&ldap.settings, Attributes::default());
    let of_people = attributes.of_people(settings, extent(query), query.reads_groups());
    let people = Request::below(&settings.user_base, &settings.user_filter, &of_people);
    let of_groups = attributes.of_groups(settings);
    let groups = Request::below(&settings.group_base, &settings.group_filter, &of_groups);
    let groups = query.reads_groups().then_some(&groups);
    std::iter::once(&people)
        .chain(groups)
        .map(Question::new)
        .collect()
}

/// Has the server mark what it holds now.
pub(super) fn make(ldap: &Ldap, query: &Query) -> Result<Option<Mark>, Error> {
    // 389 Directory Server computes roles, and is slow to notice that one has changed.
    let is_role = |filter: &str| filter.to_ascii_lowercase().contains("nsrole");
    let settings = &ldap.settings;
    if [&settings.user_filter, &settings.group_filter]
        .into_iter()
        .any(|filter| is_role(filter))
    {
        return Ok(None);
    }
    let mut session = Session::open(&ldap.server, query.deadline)?;
    let searches = searches(ldap, query);
    let parts: Vec<Parts<'_>> = searches.iter().map(Question::parts).collect();
    let requests: Vec<Request<'_>> = parts.iter().map(Parts::request).collect();
    let now = Since::now(&mut session, &requests)?;
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
    let searches = searches(ldap, query);
    let parts: Vec<Parts<'_>> = searches.iter().map(Question::parts).collect();
    let requests: Vec<Request<'_>> = parts.iter().map(Parts::request).collect();
    let is_still = since.is_unmoved(&mut session, &requests)?;
    session.close();
    Ok(is_still)
}
