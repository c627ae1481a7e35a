//! One read: our groups, their members, who those are; and the judgement whether that was all.
//!
//! Each group comes as one document, whole or not at all, so a read is complete if every group that
//! was asked for came and Globus Auth was asked for everybody in it. What is missing is said; what
//! arrived is returned all the same. A group whose numbers changed while we read is read once more;
//! these numbers are a hint, and nothing is concluded from them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::api::{self, Api, BATCH};
use super::decode::{Head, Identity, Listed};
use super::mapping::Mapping;
use super::people::{self, Counting, Known, People};
use crate::model::{
    Completeness, Directory, Group, RejectedRecord, RemoteId, Snapshot, Untrusted, User, counted,
    same_name, shown,
};
use crate::providers::http::HttpError;
use crate::providers::{FetchError, Query, Scope};

/// More memberships than any site has.
const MAX_MEMBERSHIPS: usize = 5_000_000;
/// From how many people on it is no accident that Globus Auth knows none of them.
const SUSPICIOUS: usize = 10;

/// What a read needs besides the query.
pub(super) struct Source<'a> {
    /// Ends at the deadline of the query.
    pub api: Api,
    pub mapping: &'a Mapping,
    /// Our own identity.
    pub own: &'a RemoteId,
    /// Whether implied memberships count.
    pub implied: bool,
}

/// A read that is under way.
struct Read<'a> {
    source: &'a Source<'a>,
    progress: &'a dyn Fn(usize),
    objects: usize,
    rejected: Vec<RejectedRecord>,
    /// The first thing that made it incomplete.
    early: Option<String>,
}

/// Reads what `query` asks for.
///
/// # Errors
/// When nothing usable came.
pub(super) fn read(
    source: &Source<'_>,
    query: &Query,
    progress: &dyn Fn(usize),
) -> Result<Snapshot, FetchError> {
    let (heads, rejected) = source.api.my_groups()?;
    let mut read = Read {
        source,
        progress,
        objects: heads.len(),
        rejected,
        early: None,
    };
    progress(read.objects);
    let heads: Vec<Head> = heads
        .into_iter()
        .filter(|head| head.managed && is_asked(head, query))
        .collect();
    if let (Scope::Users | Scope::Both, Some(top), []) =
        (query.scope, &query.top_group, heads.as_slice())
    {
        read.early.get_or_insert(format!(
            "we manage no group that is called `{}`",
            shown(top)
        ));
    }
    let mut listed = read.groups(&heads)?;
    let mut people = People::default();
    let groups = read.with_members(&mut listed, &mut people);
    if people.strange > 0 {
        let strange = counted(people.strange, "membership has", "memberships have");
        let reason = format!("{strange} a status that gosync does not know");
        read.early.get_or_insert(reason);
    }
    let users = match query.scope {
        Scope::Users | Scope::Both => read.users(&people, query)?,
        Scope::Groups => people.slim(source.mapping),
    };
    let completeness = match (read.early, &query.only) {
        (Some(reason), _) => Completeness::Incomplete(reason),
        (None, Some(_)) => Completeness::Narrowed,
        (None, None) => {
            Completeness::Complete(proof(groups.len(), people.known.len(), query.scope))
        }
    };
    Ok(Snapshot::new(
        Directory { users, groups },
        read.rejected,
        completeness,
    ))
}

/// Whether a query is about this group.
fn is_asked(head: &Head, query: &Query) -> bool {
    match (query.scope, &query.only, &query.top_group) {
        (Scope::Users | Scope::Both, _, Some(top)) => head.name.raw() == top,
        (Scope::Groups, Some(only), _) => only.iter().any(|name| same_name(name, head.name.raw())),
        _ => true,
    }
}

/// Whether somebody of this name is asked for.
fn is_named(name: &Untrusted, query: &Query) -> bool {
    let only = query.only.as_ref();
    only.is_none_or(|only| only.iter().any(|wanted| same_name(wanted, name.raw())))
}

/// How it is known that nothing is missing.
fn proof(groups: usize, people: usize, scope: Scope) -> String {
    let groups = format!(
        "{}, each with all its members in one answer",
        counted(groups, "group", "groups")
    );
    match scope {
        Scope::Groups => groups,
        Scope::Users | Scope::Both => format!(
            "{groups}, and Globus Auth was asked for {}",
            counted(people, "person", "people")
        ),
    }
}

impl Read<'_> {
    fn count(&mut self, objects: usize) {
        self.objects += objects;
        (self.progress)(self.objects);
    }

    fn ended_early(&mut self, error: &HttpError) {
        self.early.get_or_insert(error.to_string());
    }

    /// Reads groups with their members. One that cannot be read does not keep the others from being
    /// read.
    ///
    /// # Errors
    /// When none could be read.
    fn groups(&mut self, heads: &[Head]) -> Result<BTreeMap<RemoteId, Listed>, FetchError> {
        let before = self.hint();
        let api = &self.source.api;
        let answers = api::each(
            heads,
            |head| api.listed(&head.id),
            |group| self.count(group.rows.len()),
        );
        let mut listed = BTreeMap::new();
        let mut lost = None;
        for (head, answer) in heads.iter().zip(answers) {
            match answer {
                Some(Ok(group)) => drop(listed.insert(head.id.clone(), group)),
                Some(Err(error)) => drop(lost.get_or_insert(error)),
                None => {}
            }
        }
        match lost {
            Some(error) if listed.is_empty() => return Err(error.into()),
            Some(error) => self.ended_early(&error),
            None => self.again(&mut listed, &before),
        }
        if self.objects > MAX_MEMBERSHIPS {
            self.early
                .get_or_insert(format!("there are more than {MAX_MEMBERSHIPS} memberships"));
        }
        Ok(listed)
    }

    /// The groups with their memberships; who is in them becomes one of `people`.
    fn with_members(
        &mut self,
        listed: &mut BTreeMap<RemoteId, Listed>,
        people: &mut People,
    ) -> Vec<Group> {
        let counting = Counting {
            own: self.source.own,
            implied: self.source.implied,
        };
        let mut groups = Vec::with_capacity(listed.len());
        for group in listed.values_mut() {
            let members = people.add(&group.rows, counting);
            self.rejected.append(&mut group.rejected);
            let head = group.head.clone();
            groups.push(Group {
                id: head.id,
                name: head.name,
                description: head.description,
                parent: head.parent,
                gid: None,
                members,
            });
        }
        groups
    }

    /// How many members of each status our groups have, if that can be had.
    fn hint(&self) -> BTreeMap<RemoteId, Value> {
        self.source.api.statuses().unwrap_or_else(|error| {
            tracing::debug!(%error, "no numbers of members");
            BTreeMap::new()
        })
    }

    /// Reads again what changed meanwhile, so that what belongs together was read together.
    fn again(
        &mut self,
        listed: &mut BTreeMap<RemoteId, Listed>,
        before: &BTreeMap<RemoteId, Value>,
    ) {
        if before.is_empty() || listed.is_empty() {
            return;
        }
        let after = self.hint();
        for (id, group) in listed {
            let (Some(before), Some(after)) = (before.get(id), after.get(id)) else {
                continue;
            };
            if before == after {
                continue;
            }
            tracing::debug!(group = %group.head.name, "changed while it was read; reading it again");
            match self.source.api.listed(id) {
                Ok(new) => *group = new,
                Err(error) => self.ended_early(&error),
            }
        }
    }

    /// Whom Globus Auth is asked for. Where usernames are enough to know who is meant, nobody else is.
    fn asked_for<'p>(&self, people: &'p People, query: &Query) -> Vec<(&'p RemoteId, &'p Known)> {
        let mapping = self.source.mapping;
        let may_be_named = |(id, known): &(&RemoteId, &Known)| {
            let identity = Identity::new((*id).clone(), known.username.raw());
            let login = mapping.login(&identity).ok().map(Untrusted::new);
            !mapping.needs_only_names()
                || is_named(&known.username, query)
                || login.is_some_and(|login| is_named(&login, query))
        };
        people.known.iter().filter(may_be_named).collect()
    }

    /// Makes users of people, with what Globus Auth knows of them.
    fn users(&mut self, people: &People, query: &Query) -> Result<Vec<User>, FetchError> {
        let source = self.source;
        let wanted = self.asked_for(people, query);
        let batches: Vec<&[(&RemoteId, &Known)]> = wanted.chunks(BATCH).collect();
        let ask = |batch: &&[(&RemoteId, &Known)]| {
            let ids: Vec<&str> = batch.iter().map(|(id, _)| id.as_str()).collect();
            source.api.identities(&ids)
        };
        let answers = api::each(&batches, ask, |identities| self.count(identities.len()));
        let mut users = Vec::with_capacity(wanted.len());
        let (mut any, mut lost) = (false, None);
        for (batch, answer) in batches.iter().zip(answers) {
            match answer {
                Some(Ok(identities)) => {
                    any = true;
                    users.extend(self.users_of(batch, &identities, query));
                }
                Some(Err(error)) => drop(lost.get_or_insert(error)),
                None => {}
            }
        }
        match lost {
            Some(error) if !any => return Err(error.into()),
            Some(error) => self.ended_early(&error),
            None => {}
        }
        Ok(users)
    }

    /// The users of one answer.
    fn users_of(
        &mut self,
        batch: &[(&RemoteId, &Known)],
        identities: &[Identity],
        query: &Query,
    ) -> Vec<User> {
        let anywhere = query.top_group.is_none();
        let identities: BTreeMap<&RemoteId, &Identity> =
            identities.iter().map(|i| (&i.id, i)).collect();
        let mut users = Vec::with_capacity(batch.len());
        for (id, known) in batch {
            let identity = identities.get(id).copied();
            match people::user(id, known, identity, self.source.mapping, anywhere) {
                Ok(user) if is_named(&user.login, query) => users.push(user),
                Err(record) if is_named(&record.subject, query) => self.rejected.push(record),
                _ => {}
            }
        }
        if identities.is_empty() && batch.len() >= SUSPICIOUS {
            self.early.get_or_insert(format!(
                "Globus Auth knows none of {}",
                counted(batch.len(), "member", "members")
            ));
        }
        users
    }
}
