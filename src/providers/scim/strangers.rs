//! Members of groups whom nobody knows, and groups whose members a list leaves out: what is asked one by one before either
//! is believed.
//!
//! Servers leave deleted people in their groups, and some say who is in a group only where that one is asked for. But they
//! also write logins where ids belong, and cut lists of people: then a group would look empty that is not. So whoever is
//! listed and was not read is asked for, within limits; beyond them, and where hardly any member is known, nobody can tell
//! who is in a group, and the read is not whole.

use std::collections::BTreeSet;

use super::client::{Client, group_attributes, is_refusal, user_attributes};
use super::decode::{self, Extent, GroupEntry, Kind};
use super::members::{self, Found, People};
use super::settings::{MemberValue, Names, Settings};
use crate::model::{Examples, Finding, MemberHint, Untrusted, counted};
use crate::providers::http::HttpError;
use crate::providers::unknown;

/// How many members whom nobody knows are asked for one by one.
const PEOPLE: usize = 64;
/// How many groups without members are asked for one by one to find out whether their members are only left out.
const SAMPLE: usize = 64;
/// How many are asked for so where that is the way to learn of members.
const GROUPS: usize = 1_000;

/// Listed members, each once, by whether they are somebody who was read.
#[derive(Debug, Default)]
struct Tally {
    known: BTreeSet<String>,
    strangers: BTreeSet<String>,
}

/// What follows from members whom nobody knows.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// There are none.
    Known,
    /// They are few enough to be asked for.
    Ask(Vec<String>),
    /// Nobody can tell who is in a group; why, and what to look at.
    Unclear(String),
}

impl Tally {
    fn of(raws: &[GroupEntry], people: &People, meaning: MemberValue) -> Self {
        let keys: BTreeSet<&str> = raws.iter().filter_map(|raw| raw.key.as_deref()).collect();
        let is_group = |id: &str| keys.contains(id);
        let mut tally = Self::default();
        for listed in raws.iter().flat_map(|raw| &raw.listed) {
            let value = listed.value.clone();
            match members::find(listed, people, &is_group, meaning) {
                Ok(Found::Person(_)) => tally.known.insert(value),
                Ok(Found::Stranger(_)) => tally.strangers.insert(value),
                Ok(Found::Group(_) | Found::Missing(_)) | Err(_) => false,
            };
        }
        tally
    }

    fn verdict(self, people: &People, meaning: MemberValue) -> Verdict {
        let (known, strangers) = (self.known.len(), self.strangers.len());
        let examples: Examples = self.strangers.iter().map(String::as_str).collect();
        let listed = format!(
            "{} nobody that was read ({examples})",
            counted(strangers, "listed member is", "listed members are")
        );
        let is_other = |value: &&String| match meaning {
            MemberValue::Id => people.has_login(value),
            MemberValue::Login => people.knows(value),
        };
        let (is, other) = match meaning {
            MemberValue::Id => ("logins", "login"),
            MemberValue::Login => ("ids", "id"),
        };
        let others = self.strangers.iter().filter(is_other).count();
        let rule = "look at `member_value`, and at whom the list of people leaves out";
        if strangers == 0 {
            Verdict::Known
        } else if others * 2 > strangers {
            Verdict::Unclear(format!(
                "its groups list their members by {is}: set `member_value = \"{other}\"`; {listed}"
            ))
        } else if let Some(why) = unknown::why_unclear(known, strangers, rule) {
            Verdict::Unclear(format!("{why} ({examples})"))
        } else if strangers > PEOPLE {
            Verdict::Unclear(format!("{listed}, too many to ask for each; {rule}"))
        } else {
            Verdict::Ask(self.strangers.into_iter().collect())
        }
    }
}

/// Asks for the members whom nobody knows. Why the read is not whole, if it is not.
///
/// # Errors
/// When the server does not answer.
pub(super) fn settle(
    client: &Client<'_>,
    settings: &Settings,
    raws: &[GroupEntry],
    people: &People,
) -> Result<Option<String>, HttpError> {
    let meaning = settings.member_value;
    let asked = match Tally::of(raws, people, meaning).verdict(people, meaning) {
        Verdict::Known => return Ok(None),
        Verdict::Unclear(reason) => return Ok(Some(reason)),
        Verdict::Ask(asked) => asked,
    };
    let names = &settings.names;
    let attributes = user_attributes(names, Extent::Slim);
    let mut there = Examples::default();
    if meaning == MemberValue::Login {
        let mut take = |resource| there.extend(decode::id(&resource));
        client.named("Users", &names.login, Some(&asked), &attributes, &mut take)?;
    } else {
        for id in &asked {
            match client.resource("Users", id, &attributes) {
                Ok(_) => there.add(id),
                Err(error) if error.status == Some(404) || is_refusal(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
    let hidden = format!("its list of people leaves out who is there, and a member: {there}");
    Ok((!there.is_empty()).then_some(hidden))
}

/// What is to be told of members whom nobody knows, group by group.
pub(super) fn findings(raws: &[GroupEntry], people: &People, meaning: MemberValue) -> Vec<Finding> {
    let keys: BTreeSet<&str> = raws.iter().filter_map(|raw| raw.key.as_deref()).collect();
    let is_group = |id: &str| keys.contains(id);
    let mut found = Vec::new();
    for raw in raws.iter().filter(|raw| raw.wanted) {
        let Ok(group) = &raw.group else { continue };
        let is_stranger = |listed: &&decode::Listed| {
            let whom = members::find(listed, people, &is_group, meaning);
            listed.kind != Some(Kind::Group) && matches!(whom, Ok(Found::Stranger(_)))
        };
        let unknown: BTreeSet<&str> = {
            let unknown = raw.listed.iter().filter(is_stranger);
            unknown.map(|listed| listed.value.as_str()).collect()
        };
        let is_login = |value: &&str| people.has_login(value);
        let hint = (meaning == MemberValue::Id && unknown.iter().any(is_login))
            .then_some(MemberHint::LoginForId);
        if !unknown.is_empty() {
            found.push(Finding::UnknownMembers {
                group: Untrusted::new(group.name.raw()),
                members: unknown.into_iter().collect(),
                hint,
            });
        }
    }
    found
}

/// Where no group of a list has a member, asks for the groups one by one: some servers say only then who is in them. Why
/// the read is not whole, if it is not.
///
/// # Errors
/// When the server does not answer.
pub(super) fn ask_groups(
    client: &Client<'_>,
    names: &Names,
    raws: &mut [GroupEntry],
) -> Result<Option<String>, HttpError> {
    if raws.iter().any(|raw| !raw.listed.is_empty()) {
        return Ok(None);
    }
    let attributes = group_attributes(names, true);
    let (count, mut is_any) = (raws.len(), false);
    for (place, raw) in raws.iter_mut().enumerate() {
        if place >= SAMPLE && !is_any {
            break;
        }
        if place >= GROUPS {
            return Ok(Some(format!(
                "it tells the members of groups only when each is asked for, and there are {count}; set \
                 `request_attributes = true`"
            )));
        }
        let Some(key) = raw.key.clone() else { continue };
        // Some give members only where they are asked for by name; some do not know how to be asked so.
        let asked = match client.resource_with("Groups", &key, &attributes) {
            Err(error) if is_refusal(&error) => client.resource("Groups", &key, &attributes),
            other => other,
        };
        match asked {
            Ok((resource, _)) => {
                let told = decode::group(&resource, names);
                if !told.listed.is_empty() {
                    is_any = true;
                    (raw.listed, raw.told) = (told.listed, true);
                }
            }
            Err(error) if error.status == Some(404) || is_refusal(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RemoteId;

    fn people() -> People {
        let mut people = People::default();
        for n in 0..20 {
            let id = RemoteId::new(&format!("u{n}")).unwrap();
            people.add(&id, Some(&format!("login{n}")));
        }
        people
    }

    fn verdict(known: usize, strangers: &[&str], meaning: MemberValue) -> Verdict {
        let tally = Tally {
            known: (0..known).map(|n| n.to_string()).collect(),
            strangers: strangers.iter().map(|text| (*text).to_owned()).collect(),
        };
        tally.verdict(&people(), meaning)
    }

    fn unclear(verdict: Verdict) -> String {
        match verdict {
            Verdict::Unclear(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn few_strangers_among_many_members_are_asked_for() {
        assert_eq!(verdict(5, &[], MemberValue::Id), Verdict::Known);
        let asked = Verdict::Ask(vec!["gone".to_owned()]);
        assert_eq!(verdict(1, &["gone"], MemberValue::Id), asked);
    }

    #[test]
    fn where_hardly_anybody_is_known_no_member_is_believed() {
        let few = ["x@example.org", "y@example.org", "z@example.org"];
        let reason = unclear(verdict(0, &few, MemberValue::Id));
        assert!(reason.contains("member_value"), "{reason}");
        let many: Vec<String> = (0..100).map(|n| format!("gone{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(unclear(verdict(9, &many, MemberValue::Id)).contains("hardly any"));
        assert!(unclear(verdict(90, &many, MemberValue::Id)).contains("too many"));
    }

    #[test]
    fn logins_in_place_of_ids_and_ids_in_place_of_logins_are_recognised() {
        let reason = unclear(verdict(5, &["login1", "Login2"], MemberValue::Id));
        assert!(reason.contains("`member_value = \"login\"`"), "{reason}");
        let reason = unclear(verdict(5, &["u1", "u2", "x"], MemberValue::Login));
        assert!(reason.contains("`member_value = \"id\"`"), "{reason}");
    }
}
