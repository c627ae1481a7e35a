//! One read: people, then groups, and the judgement whether that was all.
//!
//! A snapshot is complete only if every search was whole and nothing changed under our hands. What
//! is missing is said; what arrived is returned all the same if it is sound. Asks the server only
//! what the query needs.

use std::collections::BTreeSet;
use std::time::Instant;

use super::Ldap;
use super::groups::{self, GroupEntry};
use super::increment::Recorder;
use super::people::{self, Extent, People};
use super::settings::{Names, Settings, Wished};
use super::strangers::{self, changed};
use crate::ldap::connect::Session;
use crate::ldap::entry::{self, Entry};
use crate::ldap::error::ErrorKind;
use crate::ldap::search::{self, Outcome, Request};
use crate::ldap::{Error, dn, filter};
use crate::model::remedy::Remedy;
use crate::model::{Completeness, Directory, Examples, Finding, Now, Snapshot, counted, same_name};
use crate::providers::{FetchError, Query, Scope, extra};
use crate::system::{clock, memory};

/// How many groups in groups are asked for one by one, before all groups are read at once.
const ONE_BY_ONE: usize = 32;

/// A read that is under way.
pub(super) struct Read<'a> {
    pub(super) session: Session,
    pub(super) settings: &'a Settings,
    pub(super) progress: &'a dyn Fn(usize),
    objects: usize,
    deadline: Instant,
    /// The first thing that made it incomplete.
    early: Option<Error>,
    /// What somebody should look at.
    findings: Vec<Finding>,
    /// References that were passed over.
    passed_over: BTreeSet<String>,
    /// What is asked for of each entry.
    pub(super) attributes: Attributes,
    /// Keeps what comes for the next read.
    pub(super) recorder: Option<Recorder>,
}

/// What is asked for of each entry, besides what people and groups are made of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attributes {
    /// That which says which entry it is.
    pub uuid: Option<&'static str>,
}

impl Attributes {
    /// The attributes of people.
    pub(super) fn of_people<'s>(
        self,
        settings: &'s Settings,
        extent: Extent<'s>,
        groups: bool,
    ) -> Vec<&'s str> {
        self.with(people::attributes(settings, extent, groups))
    }

    /// The attributes of groups.
    pub(super) fn of_groups(self, settings: &Settings) -> Vec<&str> {
        self.with(groups::attributes(settings))
    }

    fn with(self, mut names: Vec<&str>) -> Vec<&str> {
        names.extend(self.uuid);
        people::distinct(names)
    }
}

/// Reads what `query` asks for.
///
/// # Errors
/// When nothing usable came.
pub(super) fn fetch(
    ldap: &Ldap,
    query: &Query,
    progress: &dyn Fn(usize),
) -> Result<Snapshot, FetchError> {
    let mut read = Read::open(ldap, query, progress).map_err(|error| ldap.error(error))?;
    let snapshot = read.whole(ldap, query)?;
    read.session.close();
    Ok(snapshot)
}

/// The filters of the searches for groups.
pub(super) fn group_filters(settings: &Settings, only: Option<&[String]>) -> Vec<String> {
    let (filter, name) = (&settings.group_filter, &settings.names.group_name);
    match only {
        None => vec![filter.clone()],
        Some(only) => filter::any_name(filter, name, only),
    }
}

/// How much of people is asked for.
pub(super) fn extent(query: &Query) -> Extent<'_> {
    match query.scope {
        Scope::Users | Scope::Both => Extent::Full(&query.details, query.attribute.as_deref()),
        Scope::Groups => Extent::Slim,
    }
}

/// Which groups are resolved, and whether it is settled who in them is nobody that was read.
struct Members<'q> {
    only: Option<&'q [String]>,
    is_settled: bool,
}

/// The attributes that `inactive_when` names and that no person's entry has, as far as we are shown.
///
/// # Errors
/// When nobody answers, or not to the end.
pub(super) fn unused_inactive(ldap: &Ldap, deadline: Instant) -> Result<Vec<String>, Error> {
    let settings = &ldap.settings;
    let mut unused: Vec<&str> = settings.names.inactive_when.attributes().collect();
    if unused.is_empty() {
        return Ok(Vec::new());
    }
    let attributes = unused.clone();
    let any: String = unused.iter().map(|name| format!("({name}=*)")).collect();
    let filter = format!("(&{}(|{any}))", settings.user_filter);
    let request = Request::below(&settings.user_base, &filter, &attributes);
    let mut session = Session::open(&ldap.server, deadline)?;
    let mut sink = |entry: &Entry<'_>| unused.retain(|name| entry.values(name).is_empty());
    let outcome = search::run(&mut session, &request, &mut sink, &|_| {});
    session.close();
    match outcome.early {
        Some(error) => Err(error),
        None => Ok(unused.into_iter().map(str::to_owned).collect()),
    }
}

/// What is wanted, and stands nowhere by the provider's section.
fn unmapped(names: &Names, extent: Extent<'_>) -> Option<Finding> {
    let Extent::Full(details, _) = extent else {
        return None;
    };
    extra::unmapped(&names.extra, &details.attributes)
}

/// How it is known that nothing is missing.
fn proof(people: &People, seen: &Outcome, groups: Option<(&groups::Resolved, &Outcome)>) -> String {
    let pages = |n: usize| match n {
        0 => "a copy, with what has changed since".to_owned(),
        n => counted(n, "page", "pages"),
    };
    let first = format!(
        "{} in {}",
        counted(people.users.len(), "person", "people"),
        pages(seen.pages)
    );
    match groups {
        None => format!("{first}, read to the last page"),
        Some((found, seen)) => {
            let second = format!(
                "{} in {}",
                counted(found.groups.len(), "group", "groups"),
                pages(seen.pages)
            );
            format!("{first} and {second}, each read to its last page")
        }
    }
}

impl<'a> Read<'a> {
    pub(super) fn open(
        ldap: &'a Ldap,
        query: &Query,
        progress: &'a dyn Fn(usize),
    ) -> Result<Self, Error> {
        Ok(Self {
            session: Session::open(&ldap.server, query.deadline)?,
            settings: &ldap.settings,
            progress,
            objects: 0,
            deadline: query.deadline,
            early: None,
            findings: Vec::new(),
            passed_over: BTreeSet::new(),
            attributes: Attributes::default(),
            recorder: None,
        })
    }

    /// All that the query asks for.
    pub(super) fn whole(&mut self, ldap: &Ldap, query: &Query) -> Result<Snapshot, FetchError> {
        let place = |error: Error| ldap.error(error);
        let (logins, with_groups) = (query.logins(), query.reads_groups());
        let (mut people, people_seen) = self
            .people(logins, extent(query), with_groups, &ldap.now)
            .map_err(place)?;
        let nothing = people.users.is_empty() && people.rejected.is_empty();
        if let Some(reason) = self.early.take_if(|_| nothing) {
            return Err(place(reason));
        }
        let mut rejected = std::mem::take(&mut people.rejected);
        let mut found = groups::Resolved::default();
        let mut groups_seen = Outcome::default();
        // After an early end the connection may be gone, and members could not be told from strangers
        // anyway.
        if with_groups && self.early.is_none() {
            // Members whom we cannot name, and the read counts as incomplete anyway.
            let is_nameless = rejected.iter().any(|record| record.id.is_none());
            let members = Members {
                only: query.group_names(),
                is_settled: logins.is_none() && !is_nameless,
            };
            (found, groups_seen) = self.resolved(members, &people).map_err(place)?;
            let nothing = nothing && found.groups.is_empty() && found.rejected.is_empty();
            if let Some(reason) = self.early.take_if(|_| nothing) {
                return Err(place(reason));
            }
            self.judge(&found, query);
        }
        let proof = || {
            let groups = with_groups.then_some((&found, &groups_seen));
            proof(&people, &people_seen, groups)
        };
        let findings = self.findings();
        let completeness = self.completeness(query, proof).map_err(place)?;
        rejected.append(&mut found.rejected);
        let directory = Directory {
            users: people.users,
            groups: found.groups,
        };
        Ok(Snapshot::new(directory, rejected, completeness).with_findings(findings))
    }

    /// Remembers the first thing that went wrong.
    fn early(&mut self, reason: Option<Error>) {
        if self.early.is_none() {
            self.early = reason;
        }
    }

    /// Sees to it that putting in order what came has an end, too.
    fn look_at_limits(&mut self) -> Result<(), Error> {
        if clock::is_past(self.deadline) {
            self.early(Some(Error::unreachable("the time limit ran out")));
        }
        memory::room_for(0).map_err(|e| Error::too_much(e.to_string()))
    }

    /// Runs a search below a base that must be there.
    fn search(
        &mut self,
        request: &Request<'_>,
        sink: &mut dyn FnMut(&Entry<'_>),
    ) -> Result<Outcome, Error> {
        let (before, progress) = (self.objects, self.progress);
        let mut outcome = search::run(&mut self.session, request, sink, &|n| progress(before + n));
        self.objects += outcome.entries;
        let is_empty = outcome.code == 0 && outcome.entries == 0;
        let is_missing =
            outcome.no_base() || outcome.unpaged && is_empty && self.is_missing(request.base);
        if is_missing && outcome.entries == 0 {
            let key = match request.base == self.settings.user_base {
                true => "user_base",
                false => "group_base",
            };
            let text = format!("there is no entry {}, which `{key}` names", request.base);
            return Err(Error::malformed(text).with(Remedy::Base));
        }
        self.refer(request.base, &mut outcome);
        if let Some(reason) = outcome.early.take_if(|e| e.kind == ErrorKind::TooMuch) {
            return Err(reason);
        }
        let below = |reason: Error| reason.about(&format!("below {}", request.base));
        self.early(outcome.early.take().map(below));
        Ok(outcome)
    }

    /// Whether the base of a search is not there: 389 Directory Server answers to a search in pages below nothing as if it
    /// had found nobody, and says nothing of pages.
    fn is_missing(&mut self, base: &str) -> bool {
        let request = Request::alone(base, "(objectClass=*)", &["1.1"]);
        search::run(&mut self.session, &request, &mut |_| {}, &|_| {}).no_base()
    }

    /// What follows from references to other servers: they are named, and make the read incomplete or are passed over.
    fn refer(&mut self, base: &str, outcome: &mut Outcome) {
        if outcome.references.is_empty() {
            return;
        }
        let mut named = BTreeSet::new();
        let mut sink = |entry: &Entry<'_>| {
            let to = entry.values("ref").map(entry::text);
            let to: Vec<String> = to.collect();
            named.insert(format!("{} to {}", entry.dn, to.join(", ")));
        };
        search::run(
            &mut self.session,
            &Request::referrals(base),
            &mut sink,
            &|_| {},
        );
        if named.is_empty() {
            named = std::mem::take(&mut outcome.references);
        }
        if self.settings.ignore_referrals {
            self.passed_over.append(&mut named);
        } else if outcome.code == 0 {
            let places: Examples = named.iter().map(String::as_str).collect();
            outcome.early = Some(Error::malformed(format!(
                "it refers to another server for a part of the answer: {places}; `ignore_referrals = true` leaves out what \
                 is there"
            )));
        }
    }

    /// What somebody should look at, now that all is read.
    fn findings(&mut self) -> Vec<Finding> {
        let mut findings = std::mem::take(&mut self.findings);
        let places: Examples = self.passed_over.iter().map(String::as_str).collect();
        if !places.is_empty() {
            findings.push(Finding::IgnoredReferrals { places });
        }
        findings
    }

    /// Tells of attributes that the configuration names, and that nothing that was read has.
    fn unused(&mut self, unseen: Vec<&Wished>, is_any: bool) {
        if is_any && self.early.is_none() {
            let unused = unseen
                .into_iter()
                .map(|(key, name)| Finding::UnusedAttribute {
                    key: key.clone(),
                    attribute: name.clone(),
                });
            self.findings.extend(unused);
        }
    }

    fn people(
        &mut self,
        logins: Option<&[String]>,
        extent: Extent<'_>,
        indexed: bool,
        now: &Now,
    ) -> Result<(People, Outcome), Error> {
        let settings = self.settings;
        let names = &settings.names;
        let attributes = self.attributes.of_people(settings, extent, indexed);
        let filters = match logins {
            None => vec![settings.user_filter.clone()],
            Some(logins) => filter::any_name(&settings.user_filter, &names.login, logins),
        };
        let mut people = People::new(&settings.user_base_key);
        let mut seen = Outcome::default();
        let asked = |wished: &&Wished| attributes.contains(&wished.1.as_str());
        let mut unseen: Vec<&Wished> = settings.wished[0].iter().filter(asked).collect();
        for filter in &filters {
            let request = Request::below(&settings.user_base, filter, &attributes);
            let mut recorder = self.recorder.take();
            let outcome = self.search(&request, &mut |entry| {
                recorder.iter_mut().for_each(|it| it.add(&request, entry));
                unseen.retain(|(_, name)| !entry.has(name));
                let person = people::person(entry, names, extent, now);
                // A filter finds other logins of a person too.
                let asked = match (&person, logins) {
                    (Ok(person), Some(logins)) => {
                        logins.iter().any(|l| same_name(l, person.user.login.raw()))
                    }
                    _ => true,
                };
                if asked {
                    people.add(person, indexed);
                }
            })?;
            self.recorder = recorder;
            seen.entries += outcome.entries;
            seen.pages += outcome.pages;
            if self.early.is_some() {
                break;
            }
        }
        if people.finish().is_some() {
            self.early(Some(changed()));
        }
        if logins.is_none() && extent != Extent::Slim {
            self.unused(unseen, seen.entries > 0);
            self.findings.extend(unmapped(names, extent));
            self.findings.extend(people.twins());
        }
        self.look_at_limits()?;
        Ok((people, seen))
    }

    fn groups(
        &mut self,
        only: Option<&[String]>,
        people: &People,
    ) -> Result<(Vec<GroupEntry>, Outcome), Error> {
        let settings = self.settings;
        let names = &settings.names;
        let attributes = self.attributes.of_groups(settings);
        let filters = group_filters(settings, only);
        let mut raws = Vec::new();
        let mut seen = Outcome::default();
        let mut unseen: Vec<&Wished> = settings.wished[1].iter().collect();
        for filter in &filters {
            let request = Request::below(&settings.group_base, filter, &attributes);
            let mut recorder = self.recorder.take();
            let outcome = self.search(&request, &mut |entry| {
                recorder.iter_mut().for_each(|it| it.add(&request, entry));
                unseen.retain(|(_, name)| !entry.has(name));
                raws.push(groups::group(entry, names, people))
            })?;
            self.recorder = recorder;
            seen.entries += outcome.entries;
            seen.pages += outcome.pages;
            if self.early.is_some() {
                break;
            }
        }
        if only.is_none() {
            self.unused(unseen, seen.entries > 0);
        }
        if let Some(only) = only {
            let asked = |raw: &GroupEntry| match &raw.group {
                Ok(group) => only.iter().any(|name| same_name(name, group.name.raw())),
                Err(_) => true,
            };
            raws.retain(asked);
        }
        self.parts(&mut raws, people);
        if only.is_some() && self.early.is_none() {
            self.inner_groups(&mut raws, people, &attributes)?;
        }
        Ok((raws, seen))
    }

    /// The groups with their members, those of the groups in them included.
    fn resolved(
        &mut self,
        members: Members<'_>,
        people: &People,
    ) -> Result<(groups::Resolved, Outcome), Error> {
        let (mut raws, seen) = self.groups(members.only, people)?;
        if members.is_settled && self.early.is_none() {
            let settings = self.settings;
            let settled = strangers::settle(&mut self.session, settings, &mut raws, people);
            let (found, unclear) = strangers::findings(&raws, &settled, people);
            self.findings.extend(found);
            self.early(settled.early.or(unclear));
        }
        let deadline = self.deadline;
        if clock::is_past(deadline) {
            // The read is incomplete, and there is no time to follow groups in groups.
            raws.clear();
        }
        let go_on = || !clock::is_past(deadline) && memory::room_for(0).is_ok();
        let found = groups::resolve(raws, people, self.settings.nested_depth, &go_on);
        self.look_at_limits()?;
        Ok((found, seen))
    }

    /// How far the read is whole, now that it has ended. `proof`: how that is known, if it is.
    fn completeness(
        &mut self,
        query: &Query,
        proof: impl FnOnce() -> String,
    ) -> Result<Completeness, Error> {
        match self.early.take() {
            Some(reason) if reason.kind == ErrorKind::TooMuch => Err(reason),
            Some(reason) => Ok(Completeness::Incomplete(reason.text)),
            None => Ok(match query.only {
                Some(_) => Completeness::Narrowed,
                None => Completeness::Complete(proof()),
            }),
        }
    }

    /// Reads the groups in the groups that were asked for.
    fn inner_groups(
        &mut self,
        raws: &mut Vec<GroupEntry>,
        people: &People,
        attributes: &[&str],
    ) -> Result<(), Error> {
        let settings = self.settings;
        let mut asked: BTreeSet<Box<str>> = raws
            .iter()
            .filter_map(|raw| raw.key.as_deref().map(Box::from))
            .collect();
        // One level more than is followed, so that a group that goes too deep is seen to.
        for _ in 0..=settings.nested_depth {
            let listed = raws.iter().flat_map(|raw| &raw.others);
            let inside = listed.filter(|key| dn::is_under(key, &settings.group_base_key));
            let new: BTreeSet<Box<str>> = inside
                .filter(|key| !asked.contains(*key))
                .cloned()
                .collect();
            if new.is_empty() || self.early.is_some() {
                break;
            }
            let mut found = Vec::new();
            let mut take =
                |entry: &Entry<'_>| found.push(groups::group(entry, &settings.names, people));
            let request = Request::below(&settings.group_base, &settings.group_filter, attributes);
            let all = new.len() > ONE_BY_ONE;
            if all {
                self.search(&request, &mut take)?;
                found.retain(|raw| raw.key.as_deref().is_none_or(|key| !asked.contains(key)));
            } else {
                self.one_by_one(request, &new, &mut take);
            }
            asked.extend(new);
            for raw in &mut found {
                raw.wanted = false;
            }
            self.parts(&mut found, people);
            raws.append(&mut found);
            if all {
                break;
            }
        }
        Ok(())
    }

    /// Reads entries by their names. A member that is not there any more is no member.
    fn one_by_one<'r>(
        &mut self,
        mut request: Request<'r>,
        keys: &'r BTreeSet<Box<str>>,
        take: &mut dyn FnMut(&Entry<'_>),
    ) {
        request.alone = true;
        for key in keys {
            request.base = key;
            let outcome = search::run(&mut self.session, &request, take, &|_| {});
            let unseen = outcome.unseen();
            self.early(outcome.early.filter(|_| !unseen));
        }
    }

    /// Asks for the rest of lists of members that came in part.
    fn parts(&mut self, raws: &mut [GroupEntry], people: &People) {
        for raw in raws {
            while let Some((attribute, first)) = raw.more.take() {
                if self.early.is_some() {
                    return;
                }
                let wanted = format!("{attribute};range={first}-*");
                let base = raw.dn.clone();
                let attributes = [wanted.as_str()];
                let request = Request::alone(&base, "(objectClass=*)", &attributes);
                let mut fits = false;
                let mut sink = |entry: &Entry<'_>| {
                    fits = raw.next_part(entry, &attribute, first, people).is_ok();
                };
                let outcome = search::run(&mut self.session, &request, &mut sink, &|_| {});
                self.early(outcome.early);
                if !fits {
                    self.early(Some(Error::malformed(
                        "it sent a part of a group's members that does not fit",
                    )));
                }
            }
        }
    }

    /// What in the groups makes the read incomplete.
    fn judge(&mut self, found: &groups::Resolved, query: &Query) {
        if found.different {
            self.early(Some(changed()));
        }
        if found.stopped {
            self.early(Some(Error::unreachable("the time limit ran out")));
        }
        if found.endless {
            self.early(Some(Error::malformed(
                "its groups in groups multiply without end",
            )));
        }
        if query.scope == Scope::Users && !found.rejected.is_empty() {
            self.early(Some(Error::malformed("the top group cannot be used")));
        }
    }
}
