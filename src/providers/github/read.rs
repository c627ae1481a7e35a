//! One read: the teams, who is in the organisation and in them, and what is told of those people; and the judgement whether
//! that was all.
//!
//! A person is a number for ever; logins and slugs are names, and move. Whoever may list the teams of an organisation sees
//! all of its members, so these are asked for first: to anybody else GitHub shows the members who are so in public, and calls
//! that a list. Nobody is shut out for being in none of the teams that are configured unless all of those were read to their
//! ends; and nobody is told of without their keys. Pending invitations and outside collaborators stand in no list of members.

use std::collections::{BTreeMap, BTreeSet};

use super::api::{Api, BATCH, Listed};
use super::decode::{Person, Row, Team};
use crate::model::history::EntryKind;
use crate::model::{
    Completeness, Directory, Group, Membership, RejectedRecord, RemoteId, Role, Snapshot, Status,
    User, counted, name_key, same_name, shown,
};
use crate::providers::http::{HttpError, HttpErrorKind};
use crate::providers::{FetchError, Query, Scope};

/// From how many people on it is no accident that GitHub shows none of them.
const SUSPICIOUS: usize = 10;

/// What a read needs besides the query.
pub(super) struct Source<'a> {
    /// Ends at the deadline of the query.
    pub api: Api,
    /// The slugs of the teams whose members are let in; none: all members of the organisation.
    pub teams: &'a [String],
}

/// A read that is under way.
struct Read<'a> {
    source: &'a Source<'a>,
    query: &'a Query,
    progress: &'a dyn Fn(usize),
    objects: usize,
    pages: usize,
    rejected: Vec<RejectedRecord>,
    /// The first thing that made it incomplete.
    early: Option<String>,
    /// The first request that failed.
    lost: Option<HttpError>,
}

/// A team that was read to its end, and who is in it.
struct Crew {
    team: Team,
    members: BTreeSet<RemoteId>,
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
    let mut read = Read {
        source,
        query,
        progress,
        objects: 0,
        pages: 0,
        rejected: Vec::new(),
        early: None,
        lost: None,
    };
    let teams = read.teams()?;
    let mut people = BTreeMap::new();
    if query.scope != Scope::Groups {
        let members = read.list(|api, progress| api.members(progress));
        people.extend(members.items.into_iter().map(|row| (row.id.clone(), row)));
    }
    let wanted = read.wanted(&teams);
    let crews = read.crews(wanted, &mut people);
    if !crews.is_empty() {
        read.are_still(&teams);
    }
    let users = read.users(&people, &crews)?;
    let groups: Vec<Group> = crews
        .into_iter()
        .filter(|crew| read.is_group(&crew.team))
        .map(Crew::group)
        .collect();
    read.end(Directory { users, groups })
}

impl Crew {
    fn group(self) -> Group {
        let member = |user| Membership {
            user,
            role: Role::Member,
            status: Status::Active,
        };
        Group {
            id: self.team.id,
            name: self.team.slug,
            description: self.team.description,
            parent: self.team.parent,
            gid: None,
            members: self.members.into_iter().map(member).collect(),
        }
    }
}

impl Read<'_> {
    fn incomplete(&mut self, reason: String) {
        self.early.get_or_insert(reason);
    }

    fn lost(&mut self, error: HttpError) {
        self.incomplete(error.to_string());
        self.lost.get_or_insert(error);
    }

    /// Whether it is of no use to ask for more.
    fn is_over(&self) -> bool {
        let kind = self.lost.as_ref().map(|error| error.kind);
        matches!(
            kind,
            Some(HttpErrorKind::Unreachable | HttpErrorKind::RateLimited | HttpErrorKind::TooMuch)
        )
    }

    /// Reads a list, and what is wrong with it.
    fn list<T>(&mut self, ask: impl FnOnce(&Api, &mut dyn FnMut(usize)) -> Listed<T>) -> Listed<T> {
        let mut listed = ask(&self.source.api, &mut |came| {
            self.objects += came;
            (self.progress)(self.objects);
        });
        self.pages += listed.pages;
        self.rejected.extend(listed.rejected.iter().cloned());
        if let Some(error) = listed.early.take() {
            self.lost(error.clone());
            listed.early = Some(error);
        }
        listed
    }

    /// The teams of the organisation.
    ///
    /// # Errors
    /// When not even a page of them came.
    fn teams(&mut self) -> Result<Vec<Team>, FetchError> {
        let teams = self.list(|api, progress| api.teams(progress));
        match teams.early {
            Some(error) if teams.pages == 0 => Err(error.into()),
            _ => Ok(teams.items),
        }
    }

    /// Whether the team's members are let in, or the configuration names none whose are.
    fn is_let_in(&self, team: &Team) -> bool {
        let mut teams = self.source.teams.iter();
        self.source.teams.is_empty() || teams.any(|slug| same_name(slug, team.slug.raw()))
    }

    /// Whether the team is a group that was asked for.
    fn is_group(&self, team: &Team) -> bool {
        let slug = team.slug.raw();
        self.query.reads_groups()
            && match self.query.group_names() {
                Some(names) => names.iter().any(|name| same_name(name, slug)),
                None => true,
            }
    }

    /// Which of the teams have to be read; those that are missing are told.
    fn wanted(&mut self, teams: &[Team]) -> Vec<Team> {
        let is_there = |slug: &str| teams.iter().any(|team| same_name(slug, team.slug.raw()));
        let configured = self.source.teams.iter();
        if let Some(slug) = configured.clone().find(|slug| !is_there(slug)) {
            let slug = shown(slug);
            self.incomplete(format!("no team that is shown to us has the slug `{slug}`"));
        }
        let users = self.query.scope != Scope::Groups;
        if let Some(top) = self.query.top_group.as_ref().filter(|_| users) {
            let mut read = teams.iter().filter(|team| self.is_let_in(team));
            if !read.any(|team| same_name(top, team.slug.raw())) {
                let top = shown(top);
                self.incomplete(format!("no team that is read has the slug `{top}`"));
            }
        }
        // Who is in none of the teams that are let in is known only if all of those were read.
        let all = users && !self.source.teams.is_empty();
        let wanted = teams
            .iter()
            .filter(|team| self.is_let_in(team) && (all || self.is_group(team)));
        wanted.cloned().collect()
    }

    /// Reads who is in these teams. One that cannot be read to its end is left out, and does not keep the others from being
    /// read.
    fn crews(&mut self, teams: Vec<Team>, people: &mut BTreeMap<RemoteId, Row>) -> Vec<Crew> {
        let mut crews = Vec::with_capacity(teams.len());
        for team in teams {
            if self.is_over() {
                break;
            }
            let listed = self.list(|api, progress| api.members_of(&team, progress));
            let ids = listed.items.iter().map(|row| row.id.clone());
            // Whose record cannot be used is in the team all the same.
            let rejected = listed
                .rejected
                .iter()
                .filter_map(|record| record.id.clone());
            let members = ids.chain(rejected).collect();
            for row in listed.items {
                people.entry(row.id.clone()).or_insert(row);
            }
            if listed.early.is_none() {
                crews.push(Crew { team, members });
            }
        }
        crews
    }

    /// Looks whether the teams are still those that were read.
    fn are_still(&mut self, teams: &[Team]) {
        if self.is_over() {
            return;
        }
        let mut again = self.source.api.teams(&mut |_| {});
        match again.early.take() {
            Some(error) => self.lost(error),
            None if again.items == teams => {}
            None => self.incomplete("the teams changed while they were read".to_owned()),
        }
    }

    /// Makes users of people.
    ///
    /// # Errors
    /// When nothing is told of any of them.
    fn users(
        &mut self,
        people: &BTreeMap<RemoteId, Row>,
        crews: &[Crew],
    ) -> Result<Vec<User>, FetchError> {
        self.each_login_once(people);
        let asked = people.values().filter(|row| self.is_asked(row));
        if self.query.scope == Scope::Groups {
            return Ok(asked.map(|row| user(row, true)).collect());
        }
        let nameless = self.rejected.iter().any(|record| record.id.is_none());
        let is_sound = self.early.is_none() && !nameless;
        let let_in = |row: &Row| {
            let mut crews = crews.iter();
            self.source.teams.is_empty() || crews.any(|crew| crew.members.contains(&row.id))
        };
        let in_top = |row: &Row| {
            let Some(top) = &self.query.top_group else {
                return true;
            };
            let mut crews = crews.iter();
            crews.any(|crew| same_name(top, crew.team.slug.raw()) && crew.members.contains(&row.id))
        };
        let (mut users, mut full) = (Vec::new(), Vec::new());
        for row in asked {
            match (let_in(row), in_top(row)) {
                (true, true) => full.push(row),
                // Of those nothing else counts.
                (true, false) => users.push(user(row, true)),
                (false, _) if is_sound => users.push(user(row, false)),
                (false, _) => {}
            }
        }
        users.extend(self.told(&full)?);
        Ok(users)
    }

    /// Whether this person is asked for.
    fn is_asked(&self, row: &Row) -> bool {
        let login = row.login.raw();
        let named = self.query.logins();
        named.is_none_or(|names| names.iter().any(|name| same_name(name, login)))
    }

    /// A login that two people have was given up by one and taken by the other while we read.
    fn each_login_once(&mut self, people: &BTreeMap<RemoteId, Row>) {
        let mut logins = BTreeSet::new();
        let twice = people
            .values()
            .find(|row| !logins.insert(name_key(row.login.raw())));
        if let Some(row) = twice {
            let login = shown(row.login.raw());
            self.incomplete(format!("two people are called `{login}`"));
        }
    }

    /// The users of these rows, with what GraphQL tells of them; a part of them that it cannot tell of is left out.
    ///
    /// # Errors
    /// When it tells of none.
    fn told(&mut self, rows: &[&Row]) -> Result<Vec<User>, FetchError> {
        let mut users = Vec::with_capacity(rows.len());
        let mut any = rows.is_empty();
        for batch in rows.chunks(BATCH) {
            if self.is_over() {
                break;
            }
            match self.source.api.people(batch, &self.query.details) {
                Ok(people) => {
                    any = true;
                    users.extend(self.users_of(batch, people));
                }
                Err(error) => self.lost(error),
            }
        }
        match &self.lost {
            Some(error) if !any => Err(error.clone().into()),
            _ => Ok(users),
        }
    }

    /// The users of one answer.
    fn users_of(&mut self, rows: &[&Row], people: Vec<Option<Person>>) -> Vec<User> {
        self.objects += rows.len();
        (self.progress)(self.objects);
        let mut users = Vec::with_capacity(rows.len());
        let unseen = people.iter().filter(|person| person.is_none()).count();
        for (row, person) in rows.iter().zip(people) {
            match told(row, person) {
                Ok(user) => users.push(user),
                Err(record) => self.rejected.push(record),
            }
        }
        if unseen == rows.len() && unseen >= SUSPICIOUS {
            let them = counted(unseen, "member", "members");
            self.incomplete(format!("GitHub shows us none of {them}"));
        }
        users
    }

    /// All that was read.
    ///
    /// # Errors
    /// When that is nothing, since a request failed.
    fn end(self, directory: Directory) -> Result<Snapshot, FetchError> {
        let is_nothing = directory.users.is_empty() && directory.groups.is_empty();
        let completeness = match (self.early, self.lost, &self.query.only) {
            (_, Some(error), _) if is_nothing => return Err(error.into()),
            (Some(reason), _, _) => Completeness::Incomplete(reason),
            (None, _, Some(_)) => Completeness::Narrowed,
            (None, _, None) => {
                let pages = counted(self.pages, "page", "pages");
                let groups = counted(directory.groups.len(), "team", "teams");
                let people = counted(directory.users.len(), "person", "people");
                Completeness::Complete(format!(
                    "{people} and {groups}, each list to its last page ({pages})"
                ))
            }
        };
        // Who stands in several lists is told once; of a person and a team the number may be the same.
        let mut told = BTreeSet::new();
        let mut is_new = |record: &RejectedRecord| {
            let (id, is_person) = (record.id.clone(), record.kind == EntryKind::Account);
            id.is_none() || told.insert((id, is_person))
        };
        let rejected = self.rejected.into_iter().filter(|record| is_new(record));
        let rejected = rejected.collect();
        Ok(Snapshot::new(directory, rejected, completeness))
    }
}

/// Somebody of whom no more is known.
fn user(row: &Row, active: bool) -> User {
    User {
        active,
        ..User::new(row.id.clone(), row.login.raw())
    }
}

/// Somebody of whom all is told that is wanted.
fn told(row: &Row, person: Option<Person>) -> Result<User, RejectedRecord> {
    let rejected = |reason: &str| {
        let (id, login) = (Some(row.id.clone()), row.login.clone());
        RejectedRecord::new(EntryKind::Account, id, login, reason)
    };
    let person = person.ok_or_else(|| rejected("GitHub does not show us who that is"))?;
    let keys = person.keys.ok_or_else(|| {
        rejected("there are more than 100 SSH keys of this person, which are not read")
            .shut_out_if(person.is_suspended)
    })?;
    Ok(User {
        name: person.name,
        email: person.email,
        ssh_keys: keys,
        ..user(row, !person.is_suspended)
    })
}
