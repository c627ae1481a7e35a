//! Changing groups at an LDAP server: members in either schema, new groups, descriptions.
//!
//! Reads an entry before it changes it, on the same connection, and changes it by values, so that
//! what others change meanwhile stays. Whoever is listed in any attribute for members counts as a
//! member, also through groups in the group; what only follows from another group cannot be changed
//! here. Roles, applicants and policies do not exist. What the values and answers mean is decided
//! in `listed`, `modify` and `classes`, and `group_client` finds groups and people.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use sha2::{Digest as _, Sha256};

use super::classes;
use super::group_client::GroupClient;
use super::listed::{self, ListedGroup, ListedPerson, Whom};
use super::modify::{self, Tried};
use super::settings::Settings;
use super::{Ldap, ids};
use crate::ldap::code::Answer;
use crate::ldap::request::{Change, Modify};
use crate::ldap::{dn, entry, filter};
use crate::model::group_policy::GroupPolicy;
use crate::model::{IdRange, RemoteId, Role, Status, Untrusted, hex, same_name, shown};
use crate::providers::admin::{
    Ability, Action, AdminError, Done, GroupAdmin, ManagedGroup, Member, NewGroup, Person,
};

/// An LDAP server whose groups are changed, on one connection until the deadline.
pub struct LdapAdmin {
    client: GroupClient,
    gids: IdRange,
}

impl Ldap {
    /// The same server, to change its groups until `deadline`. New groups get numbers of the range
    /// `gids`.
    pub fn admin(self, gids: IdRange, deadline: Instant) -> LdapAdmin {
        LdapAdmin {
            client: GroupClient::new(self, deadline),
            gids,
        }
    }
}

fn refused(reason: impl Into<String>) -> AdminError {
    AdminError::Refused(Untrusted::new(reason))
}

fn told(answer: &Answer, tried: Tried) -> Result<Done, AdminError> {
    modify::fate(answer.code, answer.text.raw(), tried).map_err(refused)
}

/// What stands for the id of somebody whom a group lists and the server does not show as a person.
fn stand_in(value: &[u8]) -> Option<RemoteId> {
    RemoteId::new(&format!("?{}", hex(&Sha256::digest(value))))
}

/// What is done to the people of one group.
struct Work<'a> {
    admin: &'a LdapAdmin,
    group: ListedGroup,
    /// The groups in the group, or why they are not known; read when they matter first.
    inside: OnceCell<Result<Vec<ListedGroup>, String>>,
}

impl LdapAdmin {
    fn settings(&self) -> &Settings {
        self.client.settings()
    }

    fn unable(&self, ability: Ability) -> AdminError {
        AdminError::Unable {
            provider: self.client.name().to_owned(),
            ability,
        }
    }

    /// Whether a group can be called so.
    fn check_new_name(&self, name: &String) -> Result<(), AdminError> {
        if name.is_empty() || name.trim() != name || name.chars().any(char::is_control) {
            return Err(refused(
                "a group's name is not empty, and has no blanks at its ends and no line breaks",
            ));
        }
        let settings = self.settings();
        let (base, names) = (&settings.group_base, &settings.names);
        let take = |entry: &entry::Entry<'_>| ListedGroup::new(entry, names).called();
        let one = std::slice::from_ref(name);
        for filter in filter::any_name(&settings.group_filter, &names.group_name, one) {
            let found = self
                .client
                .all(base, &filter, &[&names.group_name], &take)?;
            if !found.is_empty() {
                return Err(refused(
                    "there is a group of this name, perhaps in other letters",
                ));
            }
        }
        Ok(())
    }

    /// A number that nobody has: no group, and as primary group no person either.
    fn new_number(&self, attribute: &str) -> Result<u32, AdminError> {
        let settings = self.settings();
        let mut there = Vec::new();
        for (base, attribute) in [
            (&settings.group_base, attribute),
            (&settings.user_base, &settings.names.gid),
        ] {
            if attribute.is_empty() {
                continue;
            }
            let take = |entry: &entry::Entry<'_>| -> Vec<u32> {
                let texts = entry.values(attribute).map(entry::text);
                texts.filter_map(|text| text.trim().parse().ok()).collect()
            };
            let found = self
                .client
                .all(base, &format!("({attribute}=*)"), &[attribute], &take)?;
            there.extend(found.into_iter().flatten());
        }
        let range = self.gids;
        classes::next_number(&there, range).ok_or_else(|| {
            refused(format!(
                "`gid_range` ({range}) is used up to its end; choose one that goes on"
            ))
        })
    }

    /// The group that was just made, if it is as it should be.
    fn made(&self, dn: &str, number: Option<(&str, u32)>) -> Result<ManagedGroup, AdminError> {
        let settings = self.settings();
        let attributes = listed::group_attributes(settings, true);
        let take = |entry: &entry::Entry<'_>| ListedGroup::new(entry, &settings.names);
        let group = self
            .client
            .one(dn, &settings.group_filter, &attributes, &take)?;
        let unseen =
            "the group is made, but `group_filter` does not find it; see `new_group_classes`";
        let group = group.ok_or_else(|| refused(unseen))?;
        if let Some((attribute, number)) = number {
            let filter = format!("({attribute}={number})");
            if self
                .client
                .all(&settings.group_base, &filter, &["1.1"], &|_| ())?
                .len()
                > 1
            {
                return Err(refused(format!(
                    "the group is made, but another one got the same {attribute} {number} at the same time; change one"
                )));
            }
        }
        group.managed().map_err(|(_, reason)| {
            refused(format!(
                "the group is made, but it cannot be used: {reason}"
            ))
        })
    }
}

impl Work<'_> {
    fn add(&self, human: &ListedPerson) -> Result<Done, AdminError> {
        if self.group.lists(human) || self.group.is_primary_of(human) {
            return Ok(Done::Already);
        }
        let (attribute, value) =
            modify::added(&self.group, human, self.admin.settings()).map_err(refused)?;
        let change = Change {
            how: Modify::Add,
            attribute,
            values: vec![value],
        };
        told(
            &self.admin.client.modify(&self.group.dn, &[change])?,
            Tried::Add,
        )
    }

    fn remove(&self, human: &ListedPerson) -> Result<Done, AdminError> {
        let mut done = Done::Already;
        let values = modify::removed(&self.group, human);
        if !values.is_empty() {
            let several = values.iter().map(|(_, values)| values.len()).sum::<usize>() > 1;
            let delete = |(attribute, values)| Change {
                how: Modify::Delete,
                attribute,
                values,
            };
            let changes: Vec<Change> = values.into_iter().map(delete).collect();
            let answer = self.admin.client.modify(&self.group.dn, &changes)?;
            done = told(&answer, Tried::Remove)?;
            if several && done == Done::Already {
                // One of the values was gone, so that none of the others went.
                return Err(refused(
                    "somebody else changed the group at the same time; do it again",
                ));
            }
            if done == Done::Already && self.is_still_listed(human)? {
                return Err(refused(
                    "still a member: the server lists this member and holds no such value, as in a dynamic group; change \
                     what it makes its members from (`memberURL`, perhaps)",
                ));
            }
        }
        let Some(why) = self.implied(human) else {
            return Ok(done);
        };
        let before = if done == Done::Changed {
            "no longer listed in the group itself, but still"
        } else {
            "not listed, but"
        };
        Err(refused(format!("{before} {why}")))
    }

    /// Whether the group lists somebody when it is read again.
    fn is_still_listed(&self, human: &ListedPerson) -> Result<bool, AdminError> {
        let Ok((id, _)) = &self.group.ident else {
            return Ok(false);
        };
        let attributes = listed::member_attributes(self.admin.settings());
        Ok(self.admin.client.find(id, &attributes)?.lists(human))
    }

    /// Why somebody is a member whom the group does not list itself.
    fn implied(&self, human: &ListedPerson) -> Option<String> {
        if self.group.is_primary_of(human) {
            return Some("a member, as it is the person's primary group".to_owned());
        }
        let read = || {
            self.admin
                .client
                .inside(&self.group)
                .map_err(|e| e.to_string())
        };
        match self.inside.get_or_init(read) {
            Ok(groups) => {
                let group = groups
                    .iter()
                    .find(|group| group.lists(human) || group.is_primary_of(human))?;
                Some(format!(
                    "a member through the group `{}` in it",
                    group.called().raw()
                ))
            }
            Err(reason) => Some(format!("perhaps a member through groups in it: {reason}")),
        }
    }
}

impl LdapAdmin {
    /// The people whom groups list by their logins.
    fn humans_by_login(&self, groups: &[ListedGroup]) -> Result<Vec<ListedPerson>, AdminError> {
        let settings = self.settings();
        let values = groups.iter().flat_map(|group| &group.values);
        let logins = values.filter_map(|value| match &value.whom {
            Whom::Login(login) => Some(login.clone()),
            _ => None,
        });
        let logins: Vec<String> = logins.collect::<BTreeSet<_>>().into_iter().collect();
        let filters = filter::any_name(&settings.user_filter, &settings.names.login, &logins);
        self.client.people_by(&filters)
    }
}

/// Whom the values of groups can mean.
struct Known<'a> {
    /// The names of the groups themselves.
    inside: BTreeSet<&'a str>,
    by_name: BTreeMap<String, ListedPerson>,
    by_login: BTreeMap<&'a str, Vec<&'a Person>>,
    /// The name as which we are bound.
    ourselves: Option<std::borrow::Cow<'a, str>>,
}

impl Known<'_> {
    /// Tells `each` of everybody whom a value means. Somebody whom the server does not show as a
    /// person is called as the group calls them.
    fn meant(&self, value: &listed::Value, each: &mut dyn FnMut(&Person)) {
        let mut ours = false;
        let found: &[&Person] = match &value.whom {
            Whom::Name(key) if self.inside.contains(key.as_str()) => return,
            Whom::Name(key) => {
                if let Some(human) = self.by_name.get(key) {
                    return each(&human.person);
                }
                ours = Some(key.as_str()) == self.ourselves.as_deref();
                &[]
            }
            Whom::Login(login) => self
                .by_login
                .get(login.as_str())
                .map_or(&[][..], Vec::as_slice),
            Whom::Unclear => &[],
        };
        found.iter().for_each(|person| each(person));
        if found.is_empty() && !ours {
            let login = Untrusted::new(entry::text(&value.raw));
            let unknown = stand_in(&value.raw).map(|id| Person {
                id,
                login,
                email: None,
            });
            unknown.iter().for_each(each);
        }
    }
}

impl GroupAdmin for LdapAdmin {
    fn name(&self) -> &str {
        self.client.name()
    }

    fn lacks(&self, ability: Ability) -> bool {
        match ability {
            Ability::Role(Role::Member) | Ability::Create => false,
            Ability::Describe => self.settings().names.group_description.is_empty(),
            Ability::Role(Role::Manager | Role::Admin)
            | Ability::Accept
            | Ability::AcceptAddress
            | Ability::CreateBelow
            | Ability::Policy => true,
        }
    }

    fn groups(&self, describe: bool) -> Result<Vec<ManagedGroup>, AdminError> {
        let settings = self.settings();
        let take = |entry: &entry::Entry<'_>| ListedGroup::new(entry, &settings.names).managed();
        let attributes = listed::group_attributes(settings, describe);
        let found = self.client.all(
            &settings.group_base,
            &settings.group_filter,
            &attributes,
            &take,
        )?;
        let mut groups: BTreeMap<RemoteId, ManagedGroup> = BTreeMap::new();
        for group in found {
            let group = group.map_err(|(subject, reason)| {
                self.client.incomplete(format!("{subject}: {reason}"))
            })?;
            // Pages that shift while they are read bring a group twice.
            let again = groups.insert(group.id.clone(), group.clone());
            if again.is_some_and(|again| again != group) {
                return Err(self
                    .client
                    .incomplete("the directory changed while it was read".to_owned()));
            }
        }
        Ok(groups.into_values().collect())
    }

    fn members(&self, group: &RemoteId) -> Result<Vec<Member>, AdminError> {
        let attributes = listed::member_attributes(self.settings());
        let top = self.client.find(group, &attributes)?;
        let mut groups = self.client.inside(&top)?;
        groups.insert(0, top);
        let inside: BTreeSet<&str> = groups.iter().map(|group| group.key.as_str()).collect();
        let keys = groups
            .iter()
            .flat_map(ListedGroup::names)
            .filter(|key| !inside.contains(key))
            .collect();
        let by_name = self.client.people_named(&keys)?;
        let by_login = self.humans_by_login(&groups)?;
        let mut known = Known {
            inside,
            by_name,
            by_login: BTreeMap::new(),
            ourselves: self.client.bind_dn().and_then(dn::normalise),
        };
        for human in &by_login {
            let login = human.person.login.raw();
            known.by_login.entry(login).or_default().push(&human.person);
        }
        let mut members: Vec<Member> = Vec::new();
        let mut seen = BTreeSet::new();
        for (depth, group) in groups.iter().enumerate() {
            let mut add = |person: &Person, implied: bool| {
                if seen.insert(person.id.clone()) {
                    members.push(Member {
                        person: person.clone(),
                        role: Role::Member,
                        status: Status::Active,
                        implied: implied || depth > 0,
                    });
                }
            };
            for value in &group.values {
                known.meant(value, &mut |person| add(person, false));
            }
            self.client
                .primary_members(group)?
                .iter()
                .for_each(|human| add(&human.person, true));
        }
        Ok(members)
    }

    fn people(&self, logins: &[String]) -> Result<Vec<Person>, AdminError> {
        let settings = self.settings();
        let found = self.client.people_by(&filter::any_name(
            &settings.user_filter,
            &settings.names.login,
            logins,
        ))?;
        // A filter finds other logins of a person too.
        let asked = |person: &Person| {
            logins
                .iter()
                .any(|login| same_name(login, person.login.raw()))
        };
        let mut seen = BTreeSet::new();
        let people = found.into_iter().map(|human| human.person).filter(asked);
        Ok(people
            .filter(|person| seen.insert(person.id.clone()))
            .collect())
    }

    fn change(
        &self,
        group: &ManagedGroup,
        action: &Action,
        people: &[Person],
    ) -> Result<Vec<Result<Done, AdminError>>, AdminError> {
        let tried = match action {
            Action::Set(Role::Member) => Tried::Add,
            Action::Remove => Tried::Remove,
            Action::Set(role) => return Err(self.unable(Ability::Role(*role))),
            Action::Accept { email: None } => return Err(self.unable(Ability::Accept)),
            Action::Accept { email: Some(_) } => return Err(self.unable(Ability::AcceptAddress)),
        };
        let settings = self.settings();
        let group = self
            .client
            .find(&group.id, &listed::member_attributes(settings))?;
        let id = &settings.names.id;
        let values: Vec<Vec<u8>> = people
            .iter()
            .flat_map(|person| ids::values(id, &person.id))
            .collect();
        let humans =
            self.client
                .people_by(&filter::any_bytes(&settings.user_filter, id, &values))?;
        let work = Work {
            admin: self,
            group,
            inside: OnceCell::new(),
        };
        let one = |person: &Person| match humans.iter().find(|human| human.person.id == person.id) {
            None => Err(refused("the person is not there any more")),
            Some(human) if tried == Tried::Remove => work.remove(human),
            Some(human) => work.add(human),
        };
        Ok(people.iter().map(one).collect())
    }

    fn create(&self, group: &NewGroup) -> Result<ManagedGroup, AdminError> {
        if group.parent.is_some() {
            return Err(self.unable(Ability::CreateBelow));
        }
        let settings = self.settings();
        let names = &settings.names;
        self.check_new_name(&group.name)?;
        let template =
            classes::template(settings, self.client.known()?.as_ref()).map_err(refused)?;
        let bind_dn = self.client.bind_dn();
        if template.holder.is_some() && bind_dn.is_none() {
            let reason = "a group of this kind must have a member from the beginning, and gosync has no name of its own \
                          to put there; set `bind_dn`, or other `new_group_classes`";
            return Err(refused(reason));
        }
        let number = match &template.number {
            Some(attribute) => Some((attribute.as_str(), self.new_number(attribute)?)),
            None => None,
        };
        let attributes = classes::attributes(
            &template,
            names,
            group,
            number.map(|(_, number)| number),
            bind_dn,
        );
        let dn = format!("cn={},{}", dn::escaped(&group.name), settings.group_base);
        told(&self.client.add(&dn, &attributes)?, Tried::Create)?;
        tracing::info!(name = %shown(&group.name), number = number.map(|(_, number)| number), "made");
        self.made(&dn, number)
    }

    fn describe(&self, group: &ManagedGroup, text: &str) -> Result<Done, AdminError> {
        if self.lacks(Ability::Describe) {
            return Err(self.unable(Ability::Describe));
        }
        let settings = self.settings();
        let group = self
            .client
            .find(&group.id, &listed::group_attributes(settings, true))?;
        // An attribute without a value is none.
        let wanted: Vec<Vec<u8>> = Some(text.as_bytes().to_vec())
            .filter(|text| !text.is_empty())
            .into_iter()
            .collect();
        if group.descriptions == wanted {
            return Ok(Done::Already);
        }
        let change = Change {
            how: Modify::Replace,
            attribute: settings.names.group_description.clone(),
            values: wanted,
        };
        told(&self.client.modify(&group.dn, &[change])?, Tried::Describe)
    }

    fn set_policy(&self, _group: &ManagedGroup, _policy: &GroupPolicy) -> Result<Done, AdminError> {
        Err(self.unable(Ability::Policy))
    }
}
