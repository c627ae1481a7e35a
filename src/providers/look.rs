//! A look at a provider, for the doctor: a page of people and a page of groups as a sync would read them, or all of
//! them, and what of the configuration finds nothing there.

use std::time::Instant;

use super::{FetchError, Provider, Query, Scope};
use crate::model::{Details, Snapshot};

/// What is looked for.
#[derive(Clone, Debug)]
pub struct LookFor {
    /// When the look must have ended.
    pub deadline: Instant,
    /// Everybody and every group, with the members; not only a page of each.
    pub full: bool,
    /// The group whose members get accounts, in a full look.
    pub top_group: Option<String>,
}

/// What a look showed.
#[derive(Debug)]
pub struct Look {
    /// People; complete only if these are all.
    pub(crate) people: Snapshot,
    /// Groups; in a page of them without their members.
    pub(crate) groups: Snapshot,
    /// Keys of the section that name an attribute which no record has.
    pub(crate) unseen: Vec<Unseen>,
    /// What the provider's kind would set in the section, by what it saw: `key = value`.
    pub(crate) proposals: Vec<String>,
    /// What is not shown that says who is shut out.
    pub(crate) hidden: Option<String>,
}

/// A key that names an attribute which no record has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unseen {
    /// Such as `attributes.uid`.
    pub key: String,
    /// What it names.
    pub name: String,
}

/// Looks at a page of each, or at everything if that is asked for or costs no more.
///
/// # Errors
/// As [`Provider::fetch`].
pub(crate) fn look(provider: &dyn Provider, asked: &LookFor) -> Result<Look, FetchError> {
    let page = provider.page(asked)?;
    if !asked.full
        && let Some(page) = page
    {
        return Ok(page);
    }
    let (people, groups) = whole(provider, asked)?;
    Ok(match page {
        Some(page) => Look {
            people,
            groups,
            ..page
        },
        None => Look {
            people,
            groups,
            unseen: Vec::new(),
            proposals: Vec::new(),
            hidden: None,
        },
    })
}

fn whole(provider: &dyn Provider, asked: &LookFor) -> Result<(Snapshot, Snapshot), FetchError> {
    let query = |scope, top_group| Query {
        scope,
        only: None,
        top_group,
        details: Details::ALL,
        attribute: None,
        deadline: asked.deadline,
    };
    let people = provider.fetch(&query(Scope::Users, asked.top_group.clone()), &|_| {})?;
    let groups = provider.fetch(&query(Scope::Groups, None), &|_| {})?;
    Ok((people, groups))
}
