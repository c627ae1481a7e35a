//! Changing groups by SCIM: RFC 7644, 3.5.2 (PATCH) and 3.3 (POST).
//!
//! SCIM knows no roles, no applicants, no policies and no group above another. Each change names
//! the version it was made for, if the server has versions; when somebody else was faster, it is
//! made again for what is there then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use super::Scim;
use super::client::{
    ACCEPT, Client, Listed, ONE_BY_ONE, group_attributes, is_refusal, user_attributes,
};
use super::decode::{self, Extent, GroupEntry};
use super::members::{self, Found, People};
use super::path::{Object, quoted};
use super::settings::{MemberValue, Settings};
use crate::model::group_policy::GroupPolicy;
use crate::model::{Group, RemoteId, Role, Status, Untrusted, User, same_name};
use crate::providers::FetchError;
use crate::providers::admin::{
    Ability, Action, AdminError, Done, GroupAdmin, ManagedGroup, Member, NewGroup, Person,
};
use crate::providers::http::{HttpError, Request};

/// The media type of what is sent.
const SCIM_JSON: &str = "application/scim+json";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// How often a change is made again because somebody else was faster.
const RACES: usize = 5;

/// A SCIM server whose groups can be changed.
pub struct ScimAdmin {
    name: String,
    settings: Arc<Settings>,
    client: Client<'static>,
}

/// A group as it is now.
struct Current {
    raw: GroupEntry,
    version: Option<String>,
}

impl ScimAdmin {
    /// Asks the server what it can do; everything has to be done at `deadline`.
    ///
    /// # Errors
    /// When it does not answer, or not to us.
    pub(super) fn new(scim: &Scim, deadline: Instant) -> Result<Self, FetchError> {
        let http = scim.http.until(deadline);
        let client = Client::new(&http, &scim.settings, &|_| {})?;
        Ok(Self {
            name: scim.name.clone(),
            settings: Arc::clone(&scim.settings),
            client,
        })
    }

    fn unable<T>(&self, ability: Ability) -> Result<T, AdminError> {
        Err(AdminError::Unable {
            provider: self.name.clone(),
            ability,
        })
    }

    /// A listing that must be whole.
    fn whole(&self, listed: Listed) -> Result<(), AdminError> {
        match listed.early {
            Some(error) => Err(AdminError::Incomplete {
                place: self.client.place(),
                reason: error.reason.to_string(),
            }),
            None => Ok(()),
        }
    }

    fn current(&self, id: &str) -> Result<Current, AdminError> {
        let names = &self.settings.names;
        let (resource, version) = self
            .client
            .resource("Groups", id, &group_attributes(names, true))
            .map_err(failed)?;
        let raw = decode::group(&resource, names);
        let version = version.or_else(|| raw.version.clone());
        Ok(Current { raw, version })
    }

    /// Changes a group by `operation`, which may say that there is nothing to do.
    fn patch(
        &self,
        group: &str,
        operation: &dyn Fn(&Current) -> Option<Value>,
    ) -> Result<Done, AdminError> {
        let path = ["Groups", group];
        let mut races = 0;
        loop {
            let current = self.current(group)?;
            let Some(operation) = operation(&current) else {
                return Ok(Done::Already);
            };
            let body = json!({"schemas": [PATCH], "Operations": [operation]});
            let mut request = Request::patch(&path)
                .header("accept", ACCEPT)
                .body(SCIM_JSON, &body)
                .any_type();
            if let Some(version) = current.version {
                // With it a second try can do no harm.
                request = request.header("if-match", version).repeatable();
            }
            match self.client.http.send(&request) {
                Ok(_) => return Ok(Done::Changed),
                Err(error) if error.status == Some(412) && races < RACES => races += 1,
                Err(error) => return Err(failed(error)),
            }
        }
    }

    /// What a member is called in a group.
    fn value(&self, person: &Person) -> String {
        match self.settings.member_value {
            MemberValue::Id => person.id.as_str().to_owned(),
            MemberValue::Login => person.login.raw().to_owned(),
        }
    }

    fn change_one(
        &self,
        group: &ManagedGroup,
        action: &Action,
        person: &Person,
    ) -> Result<Done, AdminError> {
        let value = self.value(person);
        let is_member = |current: &Current| {
            let same = |listed: &str| match self.settings.member_value {
                MemberValue::Id => listed == value,
                MemberValue::Login => same_name(listed, &value),
            };
            current
                .raw
                .listed
                .iter()
                .find(|listed| same(&listed.value))
                .map(|listed| listed.value.clone())
        };
        match action {
            Action::Set(Role::Member) => {
                self.patch(group.id.as_str(), &|current| match is_member(current) {
                    Some(_) => None,
                    None => {
                        Some(json!({"op": "add", "path": "members", "value": [{"value": value}]}))
                    }
                })
            }
            Action::Remove => {
                let done = self.patch(group.id.as_str(), &|current| {
                    let listed = is_member(current)?;
                    Some(json!({"op": "remove", "path": format!("members[value eq {}]", quoted(&listed))}))
                })?;
                self.is_out(group, person, done)
            }
            Action::Set(role) => self.unable(Ability::Role(*role)),
            Action::Accept { email: None } => self.unable(Ability::Accept),
            Action::Accept { email: Some(_) } => self.unable(Ability::AcceptAddress),
        }
    }

    /// That somebody who was taken out of a group, or is not listed in it, is no member by a group in it either.
    fn is_out(
        &self,
        group: &ManagedGroup,
        person: &Person,
        done: Done,
    ) -> Result<Done, AdminError> {
        let current = self.current(group.id.as_str())?;
        let mut listed = current.raw.listed.iter();
        if listed.all(|listed| listed.kind == Some(decode::Kind::Person)) {
            return Ok(done);
        }
        let mut members = self.members(&group.id)?.into_iter();
        let Some(member) = members.find(|member| member.person.id == person.id) else {
            return Ok(done);
        };
        let before = match done {
            _ if !member.implied => "still listed",
            Done::Changed => {
                "no longer listed in the group itself, but still a member through a group in it"
            }
            Done::Already => "not listed, but a member through a group in it",
        };
        Err(AdminError::Refused(Untrusted::new(before)))
    }

    fn incomplete(&self, reason: String) -> AdminError {
        AdminError::Incomplete {
            place: self.client.place(),
            reason,
        }
    }

    /// Reads the groups in a group, one level after the other, and the people in those; who is not a
    /// group is a person.
    fn read_inner(
        &self,
        group: &RemoteId,
        raws: &mut Vec<GroupEntry>,
        known: &mut KnownPeople,
    ) -> Result<(), AdminError> {
        let attributes = group_attributes(&self.settings.names, true);
        let mut asked = BTreeSet::from([group.as_str().to_owned()]);
        for _ in 0..=self.settings.nested_depth {
            let listed = raws.iter().flat_map(|raw| &raw.listed);
            let may_be = listed
                .filter(|l| l.kind != Some(decode::Kind::Person) && !known.people.knows(&l.value));
            let new: Vec<String> = may_be
                .map(|l| l.value.clone())
                .filter(|id| asked.insert(id.clone()))
                .collect();
            let mut inside = Vec::new();
            for id in new {
                match self.client.resource("Groups", &id, &attributes) {
                    Ok((resource, _)) => {
                        inside.push(decode::group(&resource, &self.settings.names))
                    }
                    Err(error) if error.status == Some(404) => {}
                    Err(error) => return Err(failed(error)),
                }
            }
            let values = inside.iter().flat_map(|raw| &raw.listed);
            let values: Vec<String> = values
                .map(|l| l.value.clone())
                .filter(|id| !known.people.knows(id) && !asked.contains(id))
                .collect();
            if !values.is_empty() {
                known.add(self.everybody(&values)?);
            }
            if inside.is_empty() {
                break;
            }
            raws.append(&mut inside);
        }
        Ok(())
    }

    /// How the members of the first group, and of the groups in it, are called.
    fn called(&self, raws: &[GroupEntry], people: &People) -> Result<Called, AdminError> {
        let keys: BTreeSet<&str> = raws.iter().filter_map(|raw| raw.key.as_deref()).collect();
        let is_group = |id: &str| keys.contains(id);
        let mut called = Called::default();
        for (i, raw) in raws.iter().enumerate() {
            for listed in &raw.listed {
                let found = members::find(listed, people, &is_group, self.settings.member_value);
                match found.map_err(|reason| self.incomplete(reason))? {
                    Found::Person(id) | Found::Stranger(id) => {
                        let value = called.values.entry(id.clone());
                        value.or_insert_with(|| listed.clone());
                        if i == 0 {
                            called.direct.insert(id);
                        }
                    }
                    Found::Group(_) | Found::Missing(_) => {}
                }
            }
        }
        Ok(called)
    }

    /// Everybody, or, if they are few, those with these ids.
    fn everybody(&self, ids: &[String]) -> Result<Vec<User>, AdminError> {
        let names = &self.settings.names;
        let attributes = user_attributes(names, Extent::ALL);
        let by_id = self.settings.member_value == MemberValue::Id && ids.len() <= ONE_BY_ONE;
        let mut resources = Vec::new();
        if by_id {
            for id in ids {
                match self.client.resource("Users", id, &attributes) {
                    Ok((resource, _)) => resources.push(resource),
                    // A group, perhaps, or somebody who is not there any more.
                    Err(error) if error.status == Some(404) => {}
                    Err(error) => return Err(failed(error)),
                }
            }
        } else {
            let mut take = |resource: Value| resources.push(resource);
            self.whole(
                self.client
                    .list("Users", None, &attributes, &mut take)
                    .map_err(failed)?,
            )?;
        }
        Ok(resources
            .iter()
            .filter_map(|resource| decode::user(resource, names, Extent::ALL).ok())
            .collect())
    }
}

/// The people who were read to tell the members of a group.
#[derive(Default)]
struct KnownPeople {
    people: People,
    users: BTreeMap<RemoteId, User>,
}

impl KnownPeople {
    fn add(&mut self, users: Vec<User>) {
        for user in users {
            self.people.add(&user.id, Some(user.login.raw()));
            self.users.insert(user.id.clone(), user);
        }
    }
}

/// How a group and the groups in it call their members.
#[derive(Default)]
struct Called {
    /// Whom the group itself lists.
    direct: BTreeSet<RemoteId>,
    /// By whom they mean, the first value that means them.
    values: BTreeMap<RemoteId, decode::Listed>,
}

impl Called {
    /// Somebody whom the server does not show, called as the group calls them.
    fn stand_in(&mut self, id: RemoteId) -> Person {
        let listed = self.values.remove(&id);
        let login = listed.map_or_else(
            || id.to_string(),
            |listed| listed.display.unwrap_or(listed.value),
        );
        Person {
            id,
            login: Untrusted::new(login),
            email: None,
        }
    }
}

fn person(user: User) -> Person {
    Person {
        id: user.id,
        login: user.login,
        email: user.email,
    }
}

/// A no to this change is not the end of everything.
fn failed(error: HttpError) -> AdminError {
    match is_refusal(&error) {
        true => AdminError::Refused(error.reason),
        false => AdminError::Fetch(error.into()),
    }
}

impl GroupAdmin for ScimAdmin {
    fn name(&self) -> &str {
        &self.name
    }

    fn lacks(&self, ability: Ability) -> bool {
        match ability {
            Ability::Role(Role::Member) => !self.client.features.patch,
            Ability::Describe => {
                self.settings.names.group_description.is_none() || !self.client.features.patch
            }
            Ability::Create => false,
            Ability::Role(_)
            | Ability::Accept
            | Ability::AcceptAddress
            | Ability::CreateBelow
            | Ability::Policy => true,
        }
    }

    fn groups(&self, _describe: bool) -> Result<Vec<ManagedGroup>, AdminError> {
        let names = &self.settings.names;
        let mut groups = Vec::new();
        let mut take = |resource: Value| groups.push(decode::group(&resource, names).group);
        let attributes = group_attributes(names, false);
        self.whole(
            self.client
                .list("Groups", None, &attributes, &mut take)
                .map_err(failed)?,
        )?;
        // One that is left out could be the second of its name.
        let managed = groups.into_iter().map(|group| match group {
            Ok(Group {
                id,
                name,
                description,
                ..
            }) => Ok(ManagedGroup {
                id,
                name,
                description,
                parent: None,
            }),
            Err(record) => {
                let reason = format!("{}: {}", record.subject, record.reason);
                Err(AdminError::Incomplete {
                    place: self.client.place(),
                    reason,
                })
            }
        });
        managed.collect()
    }

    fn members(&self, group: &RemoteId) -> Result<Vec<Member>, AdminError> {
        let mut raws = vec![self.current(group.as_str())?.raw];
        let direct: Vec<String> = raws
            .iter()
            .flat_map(|raw| &raw.listed)
            .map(|l| l.value.clone())
            .collect();
        let mut known = KnownPeople::default();
        known.add(self.everybody(&direct)?);
        self.read_inner(group, &mut raws, &mut known)?;
        let mut called = self.called(&raws, &known.people)?;
        let (meaning, depth) = (self.settings.member_value, self.settings.nested_depth);
        let resolved = members::resolve(raws, &known.people, meaning, depth, &|| true);
        if let Some(record) = resolved.rejected.first() {
            return Err(self.incomplete(record.reason.clone()));
        }
        let all = resolved.groups.into_iter().find(|found| found.id == *group);
        let members = all.map(|group| group.members).unwrap_or_default();
        let member = |id: RemoteId| Member {
            implied: !called.direct.contains(&id),
            person: match known.users.remove(&id) {
                Some(user) => person(user),
                None => called.stand_in(id),
            },
            role: Role::Member,
            status: Status::Active,
        };
        Ok(members.into_iter().map(|m| m.user).map(member).collect())
    }

    fn people(&self, logins: &[String]) -> Result<Vec<Person>, AdminError> {
        let names = &self.settings.names;
        let attributes = user_attributes(names, Extent::ALL);
        let mut users = Vec::new();
        let mut take =
            |resource: Value| users.extend(decode::user(&resource, names, Extent::ALL).ok());
        self.whole(
            self.client
                .named("Users", &names.login, Some(logins), &attributes, &mut take)
                .map_err(failed)?,
        )?;
        Ok(users
            .into_iter()
            .filter(|user| {
                logins
                    .iter()
                    .any(|login| same_name(login, user.login.raw()))
            })
            .map(person)
            .collect())
    }

    fn change(
        &self,
        group: &ManagedGroup,
        action: &Action,
        people: &[Person],
    ) -> Result<Vec<Result<Done, AdminError>>, AdminError> {
        if !self.client.features.patch {
            return self.unable(Ability::Role(Role::Member));
        }
        Ok(people
            .iter()
            .map(|person| self.change_one(group, action, person))
            .collect())
    }

    fn create(&self, group: &NewGroup) -> Result<ManagedGroup, AdminError> {
        if group.parent.is_some() {
            return self.unable(Ability::CreateBelow);
        }
        let names = &self.settings.names;
        let mut resource = Object::new();
        let mut schemas = vec![GROUP];
        names.group_name.put(&mut resource, &group.name);
        let described = names
            .group_description
            .as_ref()
            .filter(|_| !group.description.is_empty());
        if let Some(path) = described {
            path.put(&mut resource, &group.description);
            schemas.extend(path.extension());
        }
        resource.insert("schemas".to_owned(), json!(schemas));
        // Not to be sent twice: the server might make two.
        let request = Request::post(&["Groups"])
            .header("accept", ACCEPT)
            .body(SCIM_JSON, &resource);
        let made: Value = self
            .client
            .http
            .send(&request)
            .and_then(|answer| answer.json())
            .map_err(failed)?;
        match decode::group(&made, names).group {
            Ok(made) => {
                let description = described.map(|_| Untrusted::new(group.description.clone()));
                Ok(ManagedGroup {
                    id: made.id,
                    name: made.name,
                    description,
                    parent: None,
                })
            }
            Err(record) => Err(FetchError::Malformed {
                place: self.client.place(),
                reason: Untrusted::new(format!("the group was made, but {}", record.reason)).into(),
            }
            .into()),
        }
    }

    fn describe(&self, group: &ManagedGroup, text: &str) -> Result<Done, AdminError> {
        let Some(path) = &self.settings.names.group_description else {
            return self.unable(Ability::Describe);
        };
        self.patch(group.id.as_str(), &|current| {
            let now = current
                .raw
                .group
                .as_ref()
                .ok()
                .and_then(|group| group.description.as_ref());
            match (now.map_or("", Untrusted::raw), text) {
                (now, text) if now == text => None,
                (_, "") => Some(json!({"op": "remove", "path": path.as_str()})),
                (_, text) => Some(json!({"op": "replace", "path": path.as_str(), "value": text})),
            }
        })
    }

    fn set_policy(&self, _group: &ManagedGroup, _policy: &GroupPolicy) -> Result<Done, AdminError> {
        self.unable(Ability::Policy)
    }
}
