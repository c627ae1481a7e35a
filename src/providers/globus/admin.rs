//! Changing groups at Globus.
//!
//! What is done depends on what somebody is in the group now, so that is read first. A request that
//! fails as a whole is the failure of everybody in it; others are told apart. Of a group and of a
//! policy only what is asked for changes: both are read, changed and written whole, since writing
//! replaces them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::api::{self, Api, BATCH, BATCH_BYTES};
use super::batch::{self, Fate, Step, Verb};
use super::decode::{self, Head, Identity, Row, uuid};
use super::mapping::Mapping;
use crate::model::group_policy::GroupPolicy;
use crate::model::{Named, RemoteId, Role, Status, Untrusted, name_key, named};
use crate::providers::admin::{
    Ability, Action, AdminError, Done, GroupAdmin, ManagedGroup, Member, NewGroup, Person,
};
use crate::providers::http::{HttpError, HttpErrorKind};

/// Globus, ready to be changed.
#[derive(Debug)]
pub struct GlobusAdmin {
    name: String,
    api: Api,
    mapping: Mapping,
}

/// What a failed request means: a refusal, or that nobody could be asked.
fn failed(error: HttpError) -> AdminError {
    let no = error.kind == HttpErrorKind::Refused || error.status == Some(403);
    match error
        .json::<Value>()
        .filter(|_| no)
        .as_ref()
        .and_then(decode::complaint)
    {
        Some(words) => AdminError::Refused(Untrusted::new(words)),
        None if no => AdminError::Refused(error.reason),
        None => AdminError::Fetch(error.into()),
    }
}

fn refused(reason: impl Into<String>) -> AdminError {
    AdminError::Refused(Untrusted::new(reason))
}

fn managed(head: Head) -> ManagedGroup {
    ManagedGroup {
        id: head.id,
        name: head.name,
        description: head.description,
        parent: head.parent,
    }
}

impl GlobusAdmin {
    pub(super) fn new(name: &str, api: Api, mapping: Mapping) -> Self {
        Self {
            name: name.to_owned(),
            api,
            mapping,
        }
    }

    fn incomplete(&self, reason: String) -> AdminError {
        AdminError::Incomplete {
            place: self.api.place().to_owned(),
            reason,
        }
    }

    /// The identities with these usernames, each of which may be unknown.
    fn usernames(&self, names: &BTreeSet<String>) -> Result<Vec<Identity>, AdminError> {
        // A name with one of these is nobody's, and would be taken for several.
        let names: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|n| !n.contains([',', ' ']) && n.len() < BATCH_BYTES)
            .collect();
        let mut found = Vec::new();
        let mut rest = names.as_slice();
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take(BATCH).take_while(|name| {
                bytes += name.len() + 1;
                bytes <= BATCH_BYTES
            });
            let (batch, after) = rest.split_at(fits.count().max(1));
            found.extend(self.api.usernames(batch).map_err(failed)?);
            rest = after;
        }
        Ok(found)
    }

    /// Sends one kind of action for some people and tells each one's fate.
    fn act(
        &self,
        group: &RemoteId,
        verb: Verb,
        then: Option<Role>,
        ids: &[RemoteId],
        fates: &mut Fates,
    ) {
        for ids in ids.chunks(BATCH) {
            let reply = self.api.act(group, &verb.request(ids));
            for id in ids {
                let fate = match &reply {
                    Ok(reply) => Ok(verb.fate(then, reply, id)),
                    Err(error) => Err(error.clone()),
                };
                fates.insert(id.clone(), fate);
            }
        }
    }

    /// Asks for what is to be done with each, all of one kind at once.
    fn take_steps(&self, group: &RemoteId, steps: &BTreeMap<&RemoteId, Step>) -> Fates {
        let mut by_verb: BTreeMap<(Verb, Option<Role>), Vec<RemoteId>> = BTreeMap::new();
        for (id, step) in steps {
            if let Step::Act(verb, then) = step {
                let ids = by_verb.entry((*verb, *then)).or_default();
                ids.push((*id).clone());
            }
        }
        let mut fates = Fates::new();
        for ((verb, then), ids) in &by_verb {
            self.act(group, *verb, *then, ids, &mut fates);
        }
        fates
    }

    /// The second request, for those who were members already, or had to be approved first.
    fn change_roles(&self, group: &RemoteId, fates: &Fates) -> Fates {
        let mut roles: BTreeMap<Role, Vec<RemoteId>> = BTreeMap::new();
        for (id, fate) in fates {
            if let Ok(Fate::Role(role, _)) = fate {
                roles.entry(*role).or_default().push(id.clone());
            }
        }
        let mut second = Fates::new();
        for (role, ids) in &roles {
            self.act(group, Verb::ChangeRole(*role), None, ids, &mut second);
        }
        second
    }
}

type Fates = BTreeMap<RemoteId, Result<Fate, HttpError>>;

impl GroupAdmin for GlobusAdmin {
    fn name(&self) -> &str {
        &self.name
    }

    /// Nothing. An address that is not the person's is refused person by person.
    fn lacks(&self, _ability: Ability) -> bool {
        false
    }

    fn groups(&self, describe: bool) -> Result<Vec<ManagedGroup>, AdminError> {
        let (heads, rejected) = self.api.my_groups().map_err(failed)?;
        if let Some(record) = rejected.first() {
            return Err(self.incomplete(format!("{}: {}", record.subject, record.reason)));
        }
        let mut groups: Vec<ManagedGroup> = heads
            .into_iter()
            .filter(|head| head.managed)
            .map(managed)
            .collect();
        // The listing leaves descriptions out.
        let mut bare: Vec<&mut ManagedGroup> = groups
            .iter_mut()
            .filter(|group| describe && group.description.is_none())
            .collect();
        let ids: Vec<RemoteId> = bare.iter().map(|group| group.id.clone()).collect();
        let answers = api::each(&ids, |id| self.api.group(id), |_| {});
        let mut lost = None;
        for (group, answer) in bare.iter_mut().zip(answers) {
            match answer {
                Some(Ok((head, _))) => group.description = head.description,
                Some(Err(error)) => drop(lost.get_or_insert(error)),
                None => {}
            }
        }
        lost.map_or(Ok(groups), |error| Err(failed(error)))
    }

    /// One row for each person: an active one before others, one of their own before an implied
    /// one.
    fn members(&self, group: &RemoteId) -> Result<Vec<Member>, AdminError> {
        let listed = self.api.listed(group).map_err(failed)?;
        if let Some(record) = listed.rejected.first() {
            return Err(self.incomplete(format!("{}: {}", record.subject, record.reason)));
        }
        let mut rows: Vec<(Row, Status)> = Vec::with_capacity(listed.rows.len());
        for row in listed.rows {
            match row.status {
                Some(status) => rows.push((row, status)),
                None => {
                    return Err(
                        self.incomplete(format!("{} has a status that is not known", row.username))
                    );
                }
            }
        }
        rows.sort_by(|(a, a_status), (b, b_status)| {
            let key = |row: &Row, status: Status| {
                (status != Status::Active, row.implied, status, row.role)
            };
            a.id.cmp(&b.id)
                .then_with(|| key(a, *a_status).cmp(&key(b, *b_status)))
        });
        rows.dedup_by(|(b, _), (a, _)| a.id == b.id);
        let member = |(row, status): (Row, Status)| Member {
            person: Person {
                id: row.id,
                login: row.username,
                email: None,
            },
            role: row.role,
            status,
            implied: row.implied,
        };
        Ok(rows.into_iter().map(member).collect())
    }

    /// A login with an `@` is a Globus username; a UUID is an identity; anything else is a login of
    /// this host, found by reading `identity_mapping` backwards where that can be done. Each person
    /// is called by what they were asked for.
    fn people(&self, logins: &[String]) -> Result<Vec<Person>, AdminError> {
        let is_username = |login: &str| login.contains('@');
        let mut names: BTreeSet<String> = logins
            .iter()
            .filter(|login| is_username(login))
            .cloned()
            .collect();
        for login in logins.iter().filter(|login| !is_username(login)) {
            names.extend(self.mapping.usernames(login));
            names.extend(self.mapping.usernames(&name_key(login)));
        }
        let mut found = self.usernames(&names)?;
        let ids: BTreeSet<RemoteId> = logins.iter().filter_map(|login| uuid(login)).collect();
        let ids: Vec<&str> = ids.iter().map(RemoteId::as_str).collect();
        for ids in ids.chunks(BATCH) {
            found.extend(self.api.identities(ids).map_err(failed)?);
        }
        let mut people = Vec::new();
        for login in logins {
            let called = |identity: &Identity| match uuid(login) {
                Some(id) => (identity.id == id).then(|| login.clone()),
                None if is_username(login) => Some(identity.username.raw().to_owned()),
                None => self.mapping.login(identity).ok(),
            };
            let candidates: BTreeMap<&RemoteId, (&Identity, String)> = found
                .iter()
                .filter_map(|identity| Some((&identity.id, (identity, called(identity)?))))
                .collect();
            match named(login, candidates.into_values(), |(_, called)| called) {
                Named::None => {}
                Named::One((identity, called)) => people.push(Person {
                    id: identity.id.clone(),
                    login: Untrusted::new(called),
                    email: identity.email.clone(),
                }),
                Named::Several(several) => {
                    let names: Vec<&str> = several
                        .iter()
                        .map(|(identity, _)| identity.username.raw())
                        .collect();
                    return Err(refused(format!(
                        "{login} may be any of {}; name one of these",
                        names.join(", ")
                    )));
                }
            }
        }
        Ok(people)
    }

    fn change(
        &self,
        group: &ManagedGroup,
        action: &Action,
        people: &[Person],
    ) -> Result<Vec<Result<Done, AdminError>>, AdminError> {
        let rows = self.api.listed(&group.id).map_err(failed)?.rows;
        let step = |person: &Person| {
            batch::step(
                action,
                &rows,
                &person.id,
                person.email.as_ref().map(Untrusted::raw),
            )
        };
        // Somebody who is named twice stands in a request once.
        let steps: BTreeMap<&RemoteId, Step> = people
            .iter()
            .map(|person| (&person.id, step(person)))
            .collect();
        let fates = self.take_steps(&group.id, &steps);
        let second = self.change_roles(&group.id, &fates);
        let outcome = |person: &Person| match steps.get(&person.id) {
            Some(Step::Already) => Ok(Done::Already),
            Some(Step::Refuse(reason)) => Err(refused(*reason)),
            _ => match fates.get(&person.id) {
                Some(Ok(Fate::Role(_, changed))) => self
                    .outcome(second.get(&person.id))
                    .map_err(|error| half_done(error, *changed)),
                fate => self.outcome(fate),
            },
        };
        Ok(people.iter().map(outcome).collect())
    }

    fn create(&self, group: &NewGroup) -> Result<ManagedGroup, AdminError> {
        let head = self
            .api
            .create(&group.name, &group.description, group.parent.as_ref())
            .map_err(failed)?;
        Ok(ManagedGroup {
            description: Some(Untrusted::new(&group.description)),
            ..managed(head)
        })
    }

    fn describe(&self, group: &ManagedGroup, text: &str) -> Result<Done, AdminError> {
        let (head, found) = self.api.group(&group.id).map_err(failed)?;
        if head
            .description
            .as_ref()
            .map(Untrusted::raw)
            .unwrap_or_default()
            == text
        {
            return Ok(Done::Already);
        }
        self.api
            .write(&group.id, &described(found, text))
            .map_err(failed)?;
        Ok(Done::Changed)
    }

    fn set_policy(&self, group: &ManagedGroup, policy: &GroupPolicy) -> Result<Done, AdminError> {
        let found = self.api.policies(&group.id).map_err(failed)?;
        let wanted = merged(&found, policy);
        if wanted == found {
            return Ok(Done::Already);
        }
        self.api.set_policies(&group.id, &wanted).map_err(failed)?;
        Ok(Done::Changed)
    }
}

impl GlobusAdmin {
    fn outcome(&self, fate: Option<&Result<Fate, HttpError>>) -> Result<Done, AdminError> {
        match fate {
            Some(Ok(Fate::Changed | Fate::Role(..))) => Ok(Done::Changed),
            Some(Ok(Fate::Already)) => Ok(Done::Already),
            Some(Ok(Fate::Refused(reason))) => Err(AdminError::Refused(reason.clone())),
            Some(Ok(Fate::Unsaid)) | None => {
                Err(self
                    .incomplete("the answer does not say what became of this person".to_owned()))
            }
            Some(Err(error)) => Err(failed(error.clone())),
        }
    }
}

/// A failure of the second request, where the first one did something.
fn half_done(error: AdminError, changed: bool) -> AdminError {
    match error {
        AdminError::Refused(reason) if changed => refused(format!(
            "they are a member now, but could not be given the role: {}",
            reason.raw()
        )),
        other => other,
    }
}

/// What is written of a group to change its description: the rest goes back as it came.
fn described(mut found: Map<String, Value>, text: &str) -> Map<String, Value> {
    let mut out = Map::new();
    for key in [
        "name",
        "terms_and_conditions",
        "subscription_admin_verified_id",
    ] {
        if let Some(value) = found.remove(key).filter(|value| !value.is_null()) {
            out.insert(key.to_owned(), value);
        }
    }
    out.insert("description".to_owned(), Value::from(text));
    out
}

/// A policy with what another names put over it; what only the service knows stays.
fn merged(found: &Map<String, Value>, policy: &GroupPolicy) -> Map<String, Value> {
    let mut out = found.clone();
    if let Ok(Value::Object(wanted)) = serde_json::to_value(policy) {
        out.extend(wanted);
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::group_policy::{GroupVisibility, MembersVisibility};

    #[test]
    fn a_policy_keeps_what_is_not_named() {
        let found = json!({"is_high_assurance": false, "authentication_assurance_timeout": null,
            "group_visibility": "authenticated", "group_members_visibility": "members", "join_requests": false,
            "signup_fields": ["city"], "new_key": 1});
        let Value::Object(found) = found else {
            panic!()
        };
        let policy = GroupPolicy {
            group_visibility: Some(GroupVisibility::Private),
            group_members_visibility: Some(MembersVisibility::Managers),
            ..GroupPolicy::default()
        };
        let wanted = merged(&found, &policy);
        assert_eq!(
            Value::Object(wanted.clone()),
            json!({"is_high_assurance": false, "authentication_assurance_timeout": null, "group_visibility": "private",
                "group_members_visibility": "managers", "join_requests": false, "signup_fields": ["city"], "new_key": 1})
        );
        assert_eq!(merged(&wanted, &policy), wanted);
        assert_eq!(merged(&wanted, &GroupPolicy::default()), wanted);
    }

    #[test]
    fn a_group_is_written_with_its_name_and_only_what_can_be_written() {
        let group = json!({"id": "x", "name": "connect", "description": "old", "parent_id": null, "policies": {},
            "terms_and_conditions": "Be kind.", "subscription_admin_verified_id": null, "memberships": []});
        let Value::Object(group) = group else {
            panic!()
        };
        let wanted =
            json!({"name": "connect", "description": "new", "terms_and_conditions": "Be kind."});
        assert_eq!(Value::Object(described(group, "new")), wanted);
    }
}
