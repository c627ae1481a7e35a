//! One read: features, people, groups, and how far the answer is whole.
//!
//! People come first, so that members can be told from strangers. A read that ends early keeps what
//! is sound and says that it is incomplete.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::client::{Client, Listed, ONE_BY_ONE};
use super::decode::{self, Extent, GroupEntry};
use super::members::{self, People, Resolved};
use super::path::Path;
use super::settings::{Settings, Wished};
use super::strangers;
use crate::model::{
    Completeness, Directory, Finding, RejectedRecord, Snapshot, User, counted, same_name,
};
use crate::providers::http::{Http, HttpError, HttpErrorKind};
use crate::providers::{FetchError, Query, Scope, extra};
use crate::system::{clock, memory};

/// How many members that may be groups are looked for once more.
const SECOND_LOOK: usize = 64;

/// A read that is under way.
struct Read<'a> {
    client: Client<'a>,
    settings: &'a Settings,
    /// The first thing that made it incomplete.
    early: Option<IncompleteReason>,
    /// What somebody should look at.
    findings: Vec<Finding>,
    /// Whether everybody was read who has an id, so that members can be told from strangers.
    knows_all: bool,
}

/// Why a read is not whole.
struct IncompleteReason {
    /// For when nothing came at all.
    error: HttpError,
    reason: String,
}

/// The path of the attribute that a query names. What is no path is no attribute that anybody has.
fn named(query: &Query) -> Option<Path> {
    Path::new(query.attribute.as_deref()?).ok()
}

/// How much of people a query asks for.
fn extent<'q>(query: &'q Query, attribute: Option<&'q Path>) -> Extent<'q> {
    match query.scope {
        Scope::Users | Scope::Both => Extent::Full(&query.details, attribute),
        Scope::Groups => Extent::Slim,
    }
}

/// The attributes that a query asks for of people, and of groups.
pub(super) fn attributes(settings: &Settings, query: &Query) -> [String; 2] {
    let (names, attribute) = (&settings.names, named(query));
    [
        super::client::user_attributes(names, extent(query, attribute.as_ref())),
        super::client::group_attributes(names, true),
    ]
}

/// Reads what `query` asks for, over a client with the query's deadline.
///
/// # Errors
/// When nothing usable came.
pub(super) fn read(
    client: Client<'_>,
    settings: &Settings,
    query: &Query,
) -> Result<Snapshot, FetchError> {
    let mut read = Read {
        client,
        settings,
        early: None,
        findings: Vec::new(),
        knows_all: false,
    };
    let (logins, with_groups) = (query.logins(), query.reads_groups());
    let attribute = named(query);
    let extent = extent(query, attribute.as_ref());
    let mut people = People::default();
    let (users, mut rejected, user_pages) = read.people(logins, extent, &mut people)?;
    read.knows_all = logins.is_none() && rejected.iter().all(|record| record.id.is_some());
    // Without all people, members could not be told from strangers.
    let (mut resolved, group_pages) = match with_groups && read.early.is_none() {
        true => read.with_members(&people, query)?,
        false => (Resolved::default(), 0),
    };
    let empty = users.is_empty()
        && rejected.is_empty()
        && resolved.groups.is_empty()
        && resolved.rejected.is_empty();
    let mut findings = std::mem::take(&mut read.findings);
    findings.extend(read.client.findings());
    let completeness = match read.early {
        Some(early) if empty || early.error.kind == HttpErrorKind::TooMuch => {
            return Err(early.error.into());
        }
        Some(early) => Completeness::Incomplete(early.reason),
        None if query.only.is_some() => Completeness::Narrowed,
        None => {
            let groups = with_groups.then_some((&resolved, group_pages));
            read.client.store.finish();
            Completeness::Complete(proof(users.len(), user_pages, groups))
        }
    };
    rejected.append(&mut resolved.rejected);
    let directory = Directory {
        users,
        groups: resolved.groups,
    };
    Ok(Snapshot::new(directory, rejected, completeness).with_findings(findings))
}

/// The attributes that `inactive_when` names and that nobody's resource has.
///
/// # Errors
/// When nobody answers, or not to the end.
pub(super) fn unused_inactive(
    http: &Http,
    settings: &Arc<Settings>,
) -> Result<Vec<String>, HttpError> {
    let names = &settings.names;
    let mut unused: Vec<_> = names.inactive_paths.iter().collect();
    if unused.is_empty() {
        return Ok(Vec::new());
    }
    let client = Client::new(http, settings, &|_| {})?;
    let attributes = super::client::user_attributes(names, Extent::Slim);
    let mut take = |resource: Value| {
        if let Some(object) = resource.as_object() {
            unused.retain(|path| path.raw(object).is_none());
        }
    };
    match client.list("Users", None, &attributes, &mut take)?.early {
        Some(error) => Err(error),
        None => Ok(unused.iter().map(|path| path.as_str().to_owned()).collect()),
    }
}

/// How it is known that nothing is missing.
fn proof(users: usize, pages: usize, groups: Option<(&Resolved, usize)>) -> String {
    let answers = |pages| match pages {
        0 => "a copy, with what has changed since".to_owned(),
        pages => counted(pages, "answer", "answers"),
    };
    let first = format!(
        "{} in {}",
        counted(users, "person", "people"),
        answers(pages)
    );
    let Some((groups, pages)) = groups else {
        return format!("{first}, as many as the server says");
    };
    let count = groups.groups.len();
    let second = format!(
        "{} in {}",
        counted(count, "group", "groups"),
        answers(pages)
    );
    let strangers = match groups.strangers {
        0 => String::new(),
        n => format!(
            "; {} nobody knows",
            counted(n, "member whom", "members whom")
        ),
    };
    format!("{first} and {second}, as many as the server says{strangers}")
}

impl Read<'_> {
    /// Remembers the first thing that went wrong.
    fn early(&mut self, place: &str, reason: String) {
        let error = HttpError::malformed(place, reason.clone());
        self.early.get_or_insert(IncompleteReason { error, reason });
    }

    /// Remembers how a listing ended, if not as it should.
    fn ended(&mut self, listed: Listed) {
        if let Some(error) = listed.early {
            self.early.get_or_insert(IncompleteReason {
                reason: error.to_string(),
                error,
            });
        }
    }

    /// Tells of attributes that the configuration names, and that nothing that was read has.
    fn unused(&mut self, unseen: Vec<&Wished>) {
        if self.early.is_none() {
            let unused = unseen
                .into_iter()
                .map(|(key, path)| Finding::UnusedAttribute {
                    key: key.clone(),
                    attribute: path.as_str().to_owned(),
                });
            self.findings.extend(unused);
        }
    }

    fn people(
        &mut self,
        only: Option<&[String]>,
        extent: Extent<'_>,
        people: &mut People,
    ) -> Result<(Vec<User>, Vec<RejectedRecord>, usize), FetchError> {
        let names = &self.settings.names;
        let attributes = super::client::user_attributes(names, extent);
        let (mut users, mut rejected) = (Vec::new(), Vec::new());
        let asked = |wished: &&Wished| attributes.split(',').any(|path| path == wished.1.as_str());
        let mut unseen: Vec<&Wished> = self.settings.wished[0].iter().filter(asked).collect();
        let mut take =
            |resource: Value| match decode::user(seen(&resource, &mut unseen), names, extent) {
                // A filter finds more than was asked for, and a server may not have filtered.
                Ok(user)
                    if only.is_some_and(|only| {
                        !only.iter().any(|l| same_name(l, user.login.raw()))
                    }) => {}
                Ok(user) => {
                    people.add(&user.id, Some(user.login.raw()));
                    users.push(user);
                }
                Err(record) => {
                    if let Some(id) = &record.id {
                        people.add(id, None);
                    }
                    rejected.push(record);
                }
            };
        let listed = self
            .client
            .named("Users", &names.login, only, &attributes, &mut take)?;
        let pages = listed.pages;
        self.ended(listed);
        if only.is_none() && extent != Extent::Slim && users.len() + rejected.len() > 0 {
            self.unused(unseen);
        }
        if let (None, Extent::Full(wanted, _)) = (only, extent) {
            let unmapped = extra::unmapped(&names.extra, &wanted.attributes);
            self.findings.extend(unmapped);
        }
        Ok((users, rejected, pages))
    }

    /// Reads groups, and gives each its members; in how many answers they came.
    fn with_members(
        &mut self,
        people: &People,
        query: &Query,
    ) -> Result<(Resolved, usize), FetchError> {
        let (raws, pages) = self.groups(query.group_names(), people)?;
        let go_on = || !clock::is_past(query.deadline) && memory::room_for(0).is_ok();
        let (meaning, depth) = (self.settings.member_value, self.settings.nested_depth);
        let resolved = members::resolve(raws, people, meaning, depth, &go_on);
        self.judge(&resolved, query);
        Ok((resolved, pages))
    }

    fn groups(
        &mut self,
        only: Option<&[String]>,
        people: &People,
    ) -> Result<(Vec<GroupEntry>, usize), FetchError> {
        let names = &self.settings.names;
        let attributes = super::client::group_attributes(names, true);
        let mut raws: Vec<GroupEntry> = Vec::new();
        let mut unseen: Vec<&Wished> = self.settings.wished[1].iter().collect();
        let mut take =
            |resource: Value| raws.push(decode::group(seen(&resource, &mut unseen), names));
        let listed =
            self.client
                .named("Groups", &names.group_name, only, &attributes, &mut take)?;
        let (pages, narrowed) = (listed.pages, listed.narrowed);
        self.ended(listed);
        if only.is_none() && !raws.is_empty() {
            self.unused(unseen);
        }
        if let Some(only) = only {
            for raw in &mut raws {
                raw.wanted = match &raw.group {
                    Ok(group) => only.iter().any(|name| same_name(name, group.name.raw())),
                    // Its subject is its name, if it has one.
                    Err(record) => only
                        .iter()
                        .any(|name| same_name(name, record.subject.raw())),
                };
            }
        }
        if self.early.is_none() {
            let reason = strangers::ask_groups(&self.client, names, &mut raws)?;
            if let Some(reason) = reason {
                self.early(&self.client.place(), reason);
            }
        }
        if narrowed && self.early.is_none() {
            self.inner_groups(&mut raws, people)?;
        }
        self.look_again(&mut raws, people, narrowed)?;
        Ok((raws, pages))
    }

    /// Reads the groups in the groups that were asked for.
    fn inner_groups(
        &mut self,
        raws: &mut Vec<GroupEntry>,
        people: &People,
    ) -> Result<(), FetchError> {
        // One level more than is followed, so that a group that goes too deep is seen to.
        for _ in 0..=self.settings.nested_depth {
            let unknown = unknown_groups(raws, people);
            if unknown.len() > ONE_BY_ONE {
                let names = &self.settings.names;
                let attributes = super::client::group_attributes(names, true);
                let known: BTreeSet<String> =
                    raws.iter().filter_map(|raw| raw.key.clone()).collect();
                let mut take = |resource: Value| {
                    let mut raw = decode::group(&resource, names);
                    raw.wanted = false;
                    if raw.key.as_ref().is_none_or(|key| !known.contains(key)) {
                        raws.push(raw);
                    }
                };
                let listed = self.client.list("Groups", None, &attributes, &mut take)?;
                self.ended(listed);
                return Ok(());
            }
            let mut new = false;
            for id in unknown {
                new |= self.one_group(&id, raws);
            }
            if !new || self.early.is_some() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Reads one group more; says whether it is there. That it is not is an answer, too.
    fn one_group(&mut self, id: &str, raws: &mut Vec<GroupEntry>) -> bool {
        let attributes = super::client::group_attributes(&self.settings.names, true);
        match self.client.resource("Groups", id, &attributes) {
            Ok((resource, _)) => {
                let mut raw = decode::group(&resource, &self.settings.names);
                raw.wanted = false;
                raws.push(raw);
                true
            }
            Err(error) if error.status == Some(404) => false,
            Err(error) => {
                self.early.get_or_insert(IncompleteReason {
                    reason: error.to_string(),
                    error,
                });
                false
            }
        }
    }

    /// Looks once more for groups that are members and were not listed, and for members that nobody
    /// was told of.
    fn look_again(
        &mut self,
        raws: &mut Vec<GroupEntry>,
        people: &People,
        narrowed: bool,
    ) -> Result<(), FetchError> {
        if self.early.is_none() && !narrowed {
            self.look_for_hidden(raws, people);
        }
        if self.early.is_none() && self.knows_all {
            let reason = strangers::settle(&self.client, self.settings, raws, people)?;
            if let Some(reason) = reason {
                self.early(&self.client.place(), reason);
            }
            let meaning = self.settings.member_value;
            self.findings
                .extend(strangers::findings(raws, people, meaning));
        }
        Ok(())
    }

    /// Looks for groups in others that were not listed.
    fn look_for_hidden(&mut self, raws: &mut Vec<GroupEntry>, people: &People) {
        let place = self.client.place();
        let unknown = unknown_groups(raws, people);
        let listed = raws.iter().flat_map(|raw| &raw.listed);
        let groups = listed.filter(|listed| listed.kind == Some(decode::Kind::Group));
        let groups: BTreeSet<&str> = groups.map(|listed| listed.value.as_str()).collect();
        let is_group = |id: &&String| groups.contains(id.as_str());
        let (sure, perhaps): (Vec<_>, Vec<_>) = unknown.iter().partition(is_group);
        if sure.len() > SECOND_LOOK {
            let reason = "many groups are in others, and not in the list of groups";
            return self.early(&place, reason.to_owned());
        }
        let mut is_any = false;
        for id in sure.into_iter().chain(perhaps).take(SECOND_LOOK) {
            is_any |= self.one_group(id, raws);
        }
        if is_any {
            let reason = "a group is in another one, and not in the list of groups";
            self.early(&place, reason.to_owned());
        }
    }

    /// What in the groups makes the read incomplete.
    fn judge(&mut self, resolved: &Resolved, query: &Query) {
        let place = self.client.place();
        if resolved.stopped {
            let error = match memory::room_for(0) {
                Err(e) => HttpError::new(HttpErrorKind::TooMuch, &place, e.to_string()),
                Ok(()) => HttpError::malformed(&place, "the time limit ran out"),
            };
            let reason = error.reason.to_string();
            self.early.get_or_insert(IncompleteReason { error, reason });
        }
        if resolved.endless {
            self.early(
                &place,
                "its groups in groups multiply without end".to_owned(),
            );
        }
        if query.scope == Scope::Users && !resolved.rejected.is_empty() {
            self.early(&place, "the top group cannot be used".to_owned());
        }
        if !resolved.missing.is_empty() {
            tracing::info!(
                count = resolved.missing.len(),
                "groups have groups in them that are not there any more"
            );
        }
    }
}

/// The resource, without whose attributes the rest is unseen.
fn seen<'r>(resource: &'r Value, unseen: &mut Vec<&Wished>) -> &'r Value {
    if let Some(object) = resource.as_object() {
        unseen.retain(|(_, path)| path.raw(object).is_none());
    }
    resource
}

/// Members that are groups, or may be, and were not read.
fn unknown_groups(raws: &[GroupEntry], people: &People) -> BTreeSet<String> {
    let known: BTreeSet<&str> = raws.iter().filter_map(|raw| raw.key.as_deref()).collect();
    let listed = raws.iter().flat_map(|raw| &raw.listed);
    let may_be = listed.filter(|listed| match listed.kind {
        Some(decode::Kind::Group) => true,
        Some(decode::Kind::Person) => false,
        None => !people.knows(&listed.value),
    });
    may_be
        .filter(|listed| !known.contains(listed.value.as_str()))
        .map(|listed| listed.value.clone())
        .collect()
}
