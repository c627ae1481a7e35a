//! Members who are none of the people and groups that were read: who they are is settled by asking the server.
//!
//! It knows its own rules for comparing names. An entry that it finds under the listed name is told by its own id: then it
//! is somebody who was read, under another spelling; or an entry that is not among the people by the configuration; or one
//! that came meanwhile, and the read is not whole. What it does not find is nobody, and is told, group by group. There are
//! limits to how many are asked for: beyond them nobody can tell who is a member, and the read is not whole either.

use std::collections::{BTreeMap, BTreeSet};

use super::groups::GroupEntry;
use super::people::{self, People};
use super::settings::Settings;
use crate::ldap::connect::Session;
use crate::ldap::entry::Entry;
use crate::ldap::search::{self, Request};
use crate::ldap::{Error, dn, filter};
use crate::model::{Examples, Finding, MemberHint, RejectedRecord, RemoteId, Untrusted, counted};
use crate::providers::unknown;

/// How many names of entries are asked for, one by one.
const NAMES: usize = 1_000;
/// How many logins are asked for, a hundred at a time.
const LOGINS: usize = 10_000;

/// What the server said.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// Listed names that no entry has.
    nobody: BTreeSet<Box<str>>,
    /// Why the read is not whole.
    pub early: Option<Error>,
}

/// Whom a listed name means.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Whom {
    /// Somebody who was read, by number.
    Person(u32),
    /// A group that was read, by its name for comparing.
    Group(Box<str>),
}

/// What the server says of a name.
enum Said {
    Nobody,
    Known(Whom),
    /// An entry that is none of the people and groups by the configuration.
    Outsider,
    /// An entry that should have been among those that were read.
    New,
}

/// Asks the server about the members whom nobody knows, and puts those whom it knows into their groups.
pub(super) fn settle(
    session: &mut Session,
    settings: &Settings,
    raws: &mut [GroupEntry],
    people: &People,
) -> Settled {
    let names = unknown_names(raws, settings);
    let groups = match names.is_empty() {
        true => BTreeMap::new(),
        false => by_id(raws),
    };
    let mut asking = Asking {
        session,
        settings,
        people,
        groups,
    };
    let mut out = Settled::default();
    let result = asking.names(&names, &mut out.nobody).and_then(|known| {
        put(raws, &known);
        asking.logins(raws)
    });
    out.early = result.err();
    out
}

/// The names for comparing of groups, by id.
fn by_id(raws: &[GroupEntry]) -> BTreeMap<RemoteId, Box<str>> {
    let id = |raw: &GroupEntry| match &raw.group {
        Ok(group) => Some(group.id.clone()),
        Err(RejectedRecord { id, .. }) => id.clone(),
    };
    let named = raws
        .iter()
        .filter_map(|raw| Some((id(raw)?, raw.key.as_deref()?.into())));
    named.collect()
}

/// Listed names of entries that should be among the people or the groups, and are not.
fn unknown_names(raws: &[GroupEntry], settings: &Settings) -> BTreeSet<Box<str>> {
    let known: BTreeSet<&str> = raws.iter().filter_map(|raw| raw.key.as_deref()).collect();
    let is_unknown = |key: &str| {
        let bases = [&settings.user_base_key, &settings.group_base_key];
        !known.contains(key) && bases.iter().any(|base| dn::is_under(key, base))
    };
    let listed = raws.iter().flat_map(|raw| &raw.others);
    listed.filter(|key| is_unknown(key)).cloned().collect()
}

/// Puts those who were found out into their groups.
fn put(raws: &mut [GroupEntry], known: &BTreeMap<Box<str>, Whom>) {
    if known.is_empty() {
        return;
    }
    for raw in raws {
        for other in std::mem::take(&mut raw.others) {
            match known.get(&other) {
                None => raw.others.push(other),
                Some(Whom::Person(number)) => raw.people.push(*number),
                Some(Whom::Group(key)) => raw.others.push(key.clone()),
            }
        }
    }
}

/// A server that is asked.
struct Asking<'a> {
    session: &'a mut Session,
    settings: &'a Settings,
    people: &'a People,
    groups: BTreeMap<RemoteId, Box<str>>,
}

impl Asking<'_> {
    /// Whom these names mean, as far as they mean anybody who was read.
    fn names(
        &mut self,
        names: &BTreeSet<Box<str>>,
        nobody: &mut BTreeSet<Box<str>>,
    ) -> Result<BTreeMap<Box<str>, Whom>, Error> {
        if names.len() > NAMES {
            return Err(too_many(names.len(), names.iter().map(|name| &**name)));
        }
        let mut known = BTreeMap::new();
        for name in names {
            match self.name(name)? {
                Said::Nobody => drop(nobody.insert(name.clone())),
                Said::Known(whom) => drop(known.insert(name.clone(), whom)),
                Said::Outsider => {}
                Said::New => return Err(changed()),
            }
        }
        Ok(known)
    }

    fn name(&mut self, name: &str) -> Result<Said, Error> {
        let names = &self.settings.names;
        let attributes = [names.id.as_str(), names.group_id.as_str()];
        let mut found = None;
        let mut sink = |entry: &Entry<'_>| {
            let id = |attribute| people::id(entry, attribute).ok();
            found = Some((id(&names.id), id(&names.group_id)));
        };
        let request = Request::alone(name, "(objectClass=*)", &attributes);
        self.ask(&request, &mut sink)?;
        let Some((id, group_id)) = found else {
            return Ok(Said::Nobody);
        };
        if let Some(number) = id.and_then(|id| self.people.by_id(&id)) {
            return Ok(Said::Known(Whom::Person(number)));
        }
        if let Some(key) = group_id.and_then(|id| self.groups.get(&id)) {
            return Ok(Said::Known(Whom::Group(key.clone())));
        }
        let Settings {
            user_filter,
            group_filter,
            user_base_key,
            ..
        } = self.settings;
        let filter = match dn::is_under(name, user_base_key) {
            true => format!("(|{user_filter}{group_filter})"),
            false => group_filter.clone(),
        };
        let mut is_wanted = false;
        let request = Request::alone(name, &filter, &["1.1"]);
        self.ask(&request, &mut |_| is_wanted = true)?;
        Ok(if is_wanted { Said::New } else { Said::Outsider })
    }

    /// Looks once more for logins whom nobody was read for: somebody may have been renamed between the two searches. Where
    /// the server does not tell capital letters from small ones in them, those that differ in nothing else are members.
    fn logins(&mut self, raws: &mut [GroupEntry]) -> Result<(), Error> {
        let logins: BTreeSet<String> = {
            let listed = raws.iter().flat_map(|raw| &raw.strangers);
            listed.map(|login| login.to_string()).collect()
        };
        if logins.is_empty() {
            return Ok(());
        }
        let small = self
            .people
            .by_small_login(logins.iter().map(String::as_str));
        let differ = |login: &str| small.get(&login.to_lowercase());
        if logins.iter().any(|login| differ(login).is_some()) && self.ignores_case() {
            for raw in &mut *raws {
                raw.strangers.retain(|login| match differ(login) {
                    Some(numbers) => {
                        raw.people.extend(numbers);
                        false
                    }
                    None => true,
                });
            }
        }
        let listed = raws.iter().flat_map(|raw| &raw.strangers);
        let logins: BTreeSet<&str> = listed.map(|login| &**login).collect();
        if logins.len() > LOGINS {
            return Err(too_many(logins.len(), logins.into_iter()));
        }
        let asked: Vec<String> = logins.iter().map(|login| (*login).to_owned()).collect();
        let settings = self.settings;
        let name = &settings.names.login;
        let mut is_there = false;
        for filter in filter::any_name(&settings.user_filter, name, &asked) {
            let attributes = [name.as_str()];
            let request = Request::below(&settings.user_base, &filter, &attributes);
            let mut sink = |entry: &Entry<'_>| {
                let login = people::naming(entry, name);
                is_there |= login.is_ok_and(|login| logins.contains(login.as_str()));
            };
            self.ask(&request, &mut sink)?;
        }
        match is_there {
            true => Err(changed()),
            false => Ok(()),
        }
    }

    /// Whether the server's schema says that the attribute with logins is compared without regard to case; what it does
    /// not say is compared letter by letter, as RFC 2307 has it.
    fn ignores_case(&mut self) -> bool {
        let settings = self.settings;
        let mut place = None;
        let base = &settings.group_base;
        let request = Request::alone(base, "(objectClass=*)", &["subschemaSubentry"]);
        let mut sink = |entry: &Entry<'_>| place = people::loose(entry, "subschemaSubentry");
        if self.ask(&request, &mut sink).is_err() {
            return false;
        }
        let Some(place) = place else { return false };
        let member_login = &settings.names.member_login;
        let mut is_said = false;
        let request = Request::alone(&place, "(objectClass=subschema)", &["attributeTypes"]);
        let is_it = |value: &[u8]| ignores_case(&String::from_utf8_lossy(value), member_login);
        let mut sink = |entry: &Entry<'_>| is_said = entry.values("attributeTypes").any(is_it);
        self.ask(&request, &mut sink).is_ok() && is_said
    }

    /// Asks; what is not there, or not shown to us, is an answer.
    fn ask(
        &mut self,
        request: &Request<'_>,
        sink: &mut dyn FnMut(&Entry<'_>),
    ) -> Result<(), Error> {
        let outcome = search::run(self.session, request, sink, &|_| {});
        let is_unseen = outcome.unseen() && request.alone;
        match outcome.early {
            Some(error) if !is_unseen => Err(error),
            _ => Ok(()),
        }
    }
}

/// Whether a definition of an attribute type (RFC 4512, 4.1.2) is that of `name`, and has values compared without regard
/// to case.
fn ignores_case(definition: &str, name: &str) -> bool {
    let mut words = definition.split_ascii_whitespace();
    let names = words
        .by_ref()
        .skip_while(|word| *word != "NAME")
        .skip(1)
        .take_while(|word| word.starts_with(['\'', '(']) || *word == ")");
    let is_it = names
        .map(|word| word.trim_matches(['\'', '(', ')']))
        .any(|word| word.eq_ignore_ascii_case(name));
    let rule = definition
        .split_ascii_whitespace()
        .skip_while(|word| *word != "EQUALITY")
        .nth(1);
    is_it && rule.is_some_and(|rule| rule.starts_with("caseIgnore"))
}

/// More than can be asked for.
fn too_many<'a>(count: usize, examples: impl Iterator<Item = &'a str>) -> Error {
    let members = counted(count, "member", "members");
    let examples: Examples = examples.collect();
    Error::malformed(format!(
        "its groups list {members} who are nobody that was read, too many to ask for each: {examples}; look at \
         `user_base`, `user_filter` and `attributes`"
    ))
}

/// Somebody came or was renamed meanwhile.
pub(super) fn changed() -> Error {
    Error::malformed("the directory changed while it was read")
}

/// What is to be told of members who are nobody, group by group; and why nobody can tell who is in a group, if hardly any
/// is somebody.
pub(super) fn findings(
    raws: &[GroupEntry],
    settled: &Settled,
    people: &People,
) -> (Vec<Finding>, Option<Error>) {
    let (mut known, mut strangers) = (0, 0);
    let strange = raws.iter().filter(|raw| raw.wanted);
    let strange = strange.flat_map(|raw| raw.strangers.iter().map(|login| &**login));
    let small = people.by_small_login(strange);
    let mut found = Vec::new();
    for raw in raws.iter().filter(|raw| raw.wanted) {
        let Ok(group) = &raw.group else { continue };
        known += raw.people.len();
        let nobody = raw
            .others
            .iter()
            .filter(|other| settled.nobody.contains(*other));
        let mut unknown: Vec<&str> = nobody
            .chain(&raw.strangers)
            .chain(&raw.nameless)
            .map(|text| &**text)
            .collect();
        if unknown.is_empty() {
            continue;
        }
        unknown.sort_unstable();
        unknown.dedup();
        strangers += unknown.len();
        let hint = hint(&raw.strangers, |login| {
            small.contains_key(&login.to_lowercase())
        });
        found.push(Finding::UnknownMembers {
            group: Untrusted::new(group.name.raw()),
            members: unknown.into_iter().collect(),
            hint,
        });
    }
    let rule = "look at `member`, `member_login` and `login` in `attributes`, and at `user_base` and `user_filter`";
    let unclear = unknown::why_unclear(known, strangers, rule);
    (found, unclear.map(Error::malformed))
}

/// What logins of nobody look like.
fn hint(strangers: &[Box<str>], is_login: impl Fn(&str) -> bool) -> Option<MemberHint> {
    let is_number = |login: &str| login.bytes().all(|b| b.is_ascii_digit());
    if strangers.iter().any(|login| is_login(login)) {
        Some(MemberHint::OtherCase)
    } else if strangers.iter().any(|login| dn::normalise(login).is_some()) {
        Some(MemberHint::Dn)
    } else if strangers.iter().any(|login| is_number(login)) {
        Some(MemberHint::Number)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_tells_how_an_attribute_is_compared() {
        let exact = "( 1.3.6.1.1.1.1.12 NAME 'memberUid' EQUALITY caseExactIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )";
        let ignore = exact.replace("caseExactIA5Match", "caseIgnoreIA5Match");
        assert!(!ignores_case(exact, "memberUid"));
        assert!(ignores_case(&ignore, "memberuid"));
        assert!(!ignores_case(&ignore, "member"));
        let two =
            "( 2.5.4.3 NAME ( 'cn' 'commonName' ) DESC 'NAME memberUid' EQUALITY caseIgnoreMatch )";
        assert!(ignores_case(two, "commonName"));
        assert!(!ignores_case(two, "memberUid"));
        assert!(!ignores_case(
            "( 1.2 NAME 'memberUid' SUP name )",
            "memberUid"
        ));
    }

    #[test]
    fn what_logins_of_nobody_look_like_is_told() {
        let of = |logins: &[&str]| {
            let logins: Vec<Box<str>> = logins.iter().map(|login| (*login).into()).collect();
            hint(&logins, |login| login.eq_ignore_ascii_case("lea"))
        };
        assert_eq!(of(&["gone", "Lea"]), Some(MemberHint::OtherCase));
        assert_eq!(of(&["uid=nils,dc=x"]), Some(MemberHint::Dn));
        assert_eq!(of(&["20004"]), Some(MemberHint::Number));
        assert_eq!(of(&["gone"]), None);
        assert_eq!(of(&[]), None);
    }
}
