//! People: from entries to users, and the indexes by which groups find their members.
//!
//! An optional field that cannot be read is shown as well as it can be; one that would change an
//! account (id, login, numbers, home, shell, whether the person is locked out) makes the record a
//! rejected one. Decides nothing else. Pure.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher as _};

use super::active;
use super::ids;
use super::settings::{Names, Schema, Settings};
use crate::ldap::dn;
use crate::ldap::entry::{self, Entry};
use crate::model::history::EntryKind;
use crate::model::{Details, Finding, Lookup, Now, repeated, shown};
use crate::model::{RecordSays, RejectedRecord, RemoteId, Untrusted, User};
use crate::providers::choice;

/// How much of a person is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent<'q> {
    /// All that accounts are made of, these details, and this attribute.
    Full(&'q Details, Option<&'q str>),
    /// Id, login and whether the person is locked out.
    Slim,
}

const ALL: &Details = &Details::ALL;

impl Extent<'_> {
    /// All that accounts are made of.
    pub(super) const ALL: Self = Self::Full(ALL, None);
}

/// The attributes to ask for.
pub(super) fn attributes<'a>(
    settings: &'a Settings,
    extent: Extent<'a>,
    groups: bool,
) -> Vec<&'a str> {
    let names = &settings.names;
    let mut wanted: Vec<&str> = vec![&names.id, &names.login, &names.shell];
    if let Extent::Full(details, attribute) = extent {
        let more = [
            (true, &names.name),
            (true, &names.gecos),
            (details.email, &names.email),
            (true, &names.uid),
            (true, &names.gid),
            (true, &names.home),
            (details.keys, &names.ssh_key),
            (details.updated, &names.updated),
        ];
        let more = more.into_iter().filter(|(is_wanted, _)| *is_wanted);
        wanted.extend(more.map(|(_, name)| name.as_str()));
        wanted.extend(attribute);
        wanted.extend(extra(names, details).map(|(_, attribute)| attribute));
    }
    wanted.extend(active::ATTRIBUTES);
    wanted.extend(names.inactive_when.attributes());
    if groups && settings.schema == Schema::Ad {
        wanted.extend(["objectSid", "primaryGroupID"]);
    }
    distinct(wanted)
}

/// The further attributes that are wanted: the name that the configuration has for each, and the server's.
pub(super) fn extra<'a>(
    names: &'a Names,
    details: &'a Details,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let all = names.extra.iter();
    let wanted = all.filter(|(name, at)| !at.is_empty() && details.attributes.has(name));
    wanted.map(|(name, at)| (name.as_str(), at.as_str()))
}

/// The value of an attribute whose syntax is the configuration's to know: an id in its usual form, if it is one, or else text.
fn any(entry: &Entry<'_>, name: &str) -> Option<Untrusted> {
    let value = id(entry, name).map(|id| id.to_string()).ok();
    value.or_else(|| loose(entry, name)).map(Untrusted::new)
}

/// Without empty names and repetitions.
pub(super) fn distinct(names: Vec<&str>) -> Vec<&str> {
    let mut out: Vec<&str> = Vec::with_capacity(names.len());
    for name in names {
        if !name.is_empty() && !out.iter().any(|seen| seen.eq_ignore_ascii_case(name)) {
            out.push(name);
        }
    }
    out
}

/// One person, taken from an entry.
#[derive(Debug)]
pub(super) struct Person<'e> {
    pub user: User,
    /// The entry's name, for comparing.
    pub key: Cow<'e, str>,
    /// Security id of the primary group (Active Directory).
    pub primary: Option<Vec<u8>>,
}

/// A person who cannot be used, and the name by which groups may list them all the same.
#[derive(Debug)]
pub(super) struct Unusable<'e> {
    pub record: Box<RejectedRecord>,
    pub key: Option<Cow<'e, str>>,
    /// The login, if that much is clear: groups may list it, too.
    pub login: Option<String>,
}

impl<'e> Unusable<'e> {
    fn without_login(record: Box<RejectedRecord>, key: Option<Cow<'e, str>>) -> Self {
        Self {
            record,
            key,
            login: None,
        }
    }
}

/// Takes a person from an entry.
///
/// # Errors
/// The record of a person who cannot be used.
pub(super) fn person<'e>(
    entry: &'e Entry<'_>,
    names: &Names,
    extent: Extent<'_>,
    now: &Now,
) -> Result<Person<'e>, Unusable<'e>> {
    let key = dn::normalise(&entry.dn);
    // Whom any value shuts out is shut out, whatever the rest of the record is worth.
    let state = active::state(entry, &names.shell, &names.inactive_when, now);
    let says = match &state {
        Ok(true) => RecordSays::Nothing,
        Ok(false) => RecordSays::ShutOut,
        Err(_) => RecordSays::Unclear,
    };
    let rejected = |id, reason| {
        let dn = Untrusted::new(&*entry.dn);
        let record = RejectedRecord::new(EntryKind::Account, id, dn, reason);
        Box::new(RejectedRecord {
            says,
            ..record.naming(numbers(entry, &names.uid))
        })
    };
    let id = match id(entry, &names.id) {
        Ok(id) => id,
        Err(reason) => {
            let record = rejected(None, reason);
            return Err(Unusable::without_login(record, key));
        }
    };
    let login = match naming(entry, &names.login) {
        Ok(login) => login,
        Err(reason) => {
            let record = rejected(Some(id), reason);
            return Err(Unusable::without_login(record, key));
        }
    };
    let mut user = User::new(id, login);
    let (reason, key) = match (fields(entry, &mut user, names, extent, state), key) {
        (Ok(primary), Some(key)) => return Ok(Person { user, key, primary }),
        (Ok(_), None) => (
            "its entry's name is not a distinguished name".to_owned(),
            None,
        ),
        (Err(reason), key) => (reason, key),
    };
    let login = Some(user.login.raw().to_owned());
    Err(Unusable {
        record: rejected(Some(user.id), reason),
        key,
        login,
    })
}

/// What an entry names as its number, be it one or several.
pub(super) fn numbers(entry: &Entry<'_>, attribute: &str) -> Vec<Untrusted> {
    let values = entry.values(attribute);
    values
        .map(|value| Untrusted::new(entry::text(value)))
        .collect()
}

/// The immutable id of an entry.
///
/// # Errors
/// Why there is none.
pub(super) fn id(entry: &Entry<'_>, attribute: &str) -> Result<RemoteId, String> {
    let mut values = entry.values(attribute);
    match (values.next(), values.next()) {
        (Some(value), None) => {
            ids::id(attribute, value).ok_or_else(|| format!("its {attribute} is not an id"))
        }
        (None, _) => Err(format!("it has no {attribute}")),
        _ => Err(format!("it has more than one {attribute}")),
    }
}

/// Fills in the fields of a user; the security id of the primary group, if there is one. `state`: whether the person is
/// let in.
fn fields(
    entry: &Entry<'_>,
    user: &mut User,
    names: &Names,
    extent: Extent<'_>,
    state: Result<bool, String>,
) -> Result<Option<Vec<u8>>, String> {
    if state == Ok(false) {
        user.active = false;
        let _ = details(entry, user, names, extent);
        return Ok(primary(entry).unwrap_or_default());
    }
    state?;
    details(entry, user, names, extent)?;
    primary(entry)
}

/// What is taken of a person besides id, login and whether the person is let in.
fn details(
    entry: &Entry<'_>,
    user: &mut User,
    names: &Names,
    extent: Extent<'_>,
) -> Result<(), String> {
    let shell = single(entry, &names.shell)?;
    if let Extent::Full(wanted, attribute) = extent {
        user.name = full_name(entry, names).map(Untrusted::new);
        let detail = |is_wanted: bool, attribute: &str| {
            let value = is_wanted.then(|| loose(entry, attribute)).flatten();
            value.map(Untrusted::new)
        };
        user.email = detail(wanted.email, &names.email);
        user.uid = single(entry, &names.uid)?;
        user.gid = single(entry, &names.gid)?;
        user.home = single(entry, &names.home)?;
        user.shell = shell;
        user.updated = detail(wanted.updated, &names.updated);
        for value in entry.values(&names.ssh_key) {
            let text = entry::text(value);
            let keys = text.lines().map(str::trim).filter(|line| !line.is_empty());
            user.ssh_keys.extend(keys.map(Untrusted::new));
        }
        user.ssh_keys.shrink_to_fit();
        let extra = extra(names, wanted);
        for (name, at) in extra.chain(attribute.map(|name| (name, name))) {
            let value = any(entry, at);
            user.attributes
                .extend(value.map(|value| (name.to_owned(), value)));
        }
    }
    Ok(())
}

/// The full name: what stands before the first comma of the comment field (passwd(5)), or, where that says nothing, the
/// name (RFC 2307, 5.3).
fn full_name<'a>(entry: &Entry<'a>, names: &Names) -> Option<Cow<'a, str>> {
    let before_comma = |text: Cow<'a, str>| match text.find(',') {
        Some(comma) => Cow::Owned(text[..comma].to_owned()),
        None => text,
    };
    let gecos = texts(entry, &names.gecos).map(before_comma);
    choice::full_name(gecos).or_else(|| choice::full_name(texts(entry, &names.name)))
}

/// The security id of the primary group, if there is one (Active Directory).
pub(super) fn primary(entry: &Entry<'_>) -> Result<Option<Vec<u8>>, String> {
    match (entry.only("objectSid"), entry.only("primaryGroupID")) {
        (Some(sid), Some(group)) => {
            let group = std::str::from_utf8(group)
                .ok()
                .and_then(|text| text.parse().ok());
            let sid = group.and_then(|group| ids::primary_group_sid(sid, group));
            sid.map(Some)
                .ok_or_else(|| "its objectSid and primaryGroupID do not name a group".to_owned())
        }
        _ => Ok(None),
    }
}

/// The only value of an attribute that an account depends on.
///
/// # Errors
/// When there are several, or it is not UTF-8.
pub(super) fn single(entry: &Entry<'_>, attribute: &str) -> Result<Option<Untrusted>, String> {
    let mut values = entry.values(attribute);
    let Some(first) = values.next() else {
        return Ok(None);
    };
    if values.any(|value| *value != *first) {
        return Err(format!("it has more than one {attribute}"));
    }
    match std::str::from_utf8(first) {
        Ok(text) => Ok(Some(Untrusted::new(text))),
        Err(_) => Err(format!("its {attribute} is not UTF-8")),
    }
}

/// The value of an attribute that is only shown: of several the one that [`choice`] prefers.
pub(super) fn loose(entry: &Entry<'_>, attribute: &str) -> Option<String> {
    choice::steady(texts(entry, attribute)).map(Cow::into_owned)
}

/// The values of an attribute that is only shown; where it comes with languages only, those of the first.
fn texts<'a>(entry: &Entry<'a>, attribute: &str) -> impl Iterator<Item = Cow<'a, str>> {
    let mut values = entry.values(attribute);
    if values.is_empty() {
        values = entry
            .languages(attribute)
            .first()
            .copied()
            .unwrap_or_default();
    }
    values.map(entry::lossy)
}

/// The value of the attribute that names a person or group: the only one, or of several the one
/// that is also in the entry's name.
///
/// # Errors
/// When there is none, or it is not clear which.
pub(super) fn naming(entry: &Entry<'_>, attribute: &str) -> Result<String, String> {
    let value = match entry.only(attribute) {
        Some(value) => Some(value),
        None => {
            let mut values: Vec<&[u8]> = entry.values(attribute).collect();
            if values.is_empty() {
                values = entry.languages(attribute).into_iter().flatten().collect();
            }
            match values.as_slice() {
                [] => return Err(format!("it has no {attribute}")),
                [value] => Some(*value),
                several => in_own_name(entry, attribute, several),
            }
        }
    };
    let value = value.ok_or_else(|| {
        format!("it has more than one {attribute}, and none of them is in its entry's name")
    })?;
    match std::str::from_utf8(value) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(format!("its {attribute} is not UTF-8")),
    }
}

/// The value that is also in the entry's name.
fn in_own_name<'a>(entry: &Entry<'_>, attribute: &str, values: &[&'a [u8]]) -> Option<&'a [u8]> {
    let parts = dn::first(&entry.dn);
    let own = parts
        .iter()
        .find(|part| part.attribute.eq_ignore_ascii_case(attribute))?;
    let own = own.value.as_ref()?.to_lowercase();
    let is_own =
        |value: &&&[u8]| std::str::from_utf8(value).is_ok_and(|text| text.to_lowercase() == own);
    values.iter().find(is_own).copied()
}

/// Texts in one piece of memory, each with the number of a person, to be found by a hash. Half a
/// million members are looked up in a large directory: comparing texts all the way down would take
/// as long as reading them.
#[derive(Debug, Default)]
pub(super) struct Index {
    text: String,
    /// Sorted by hash.
    spots: Vec<Spot>,
    /// Where the spots begin whose hash has these first bits, and after the last where they end.
    begins: Vec<u32>,
}

/// How many first bits of a hash choose the place to look.
const BITS: u32 = 16;

#[derive(Debug)]
struct Spot {
    hash: u64,
    begin: usize,
    length: u32,
    person: u32,
}

impl Index {
    fn add(&mut self, text: &str, person: u32) {
        let Ok(length) = u32::try_from(text.len()) else {
            return;
        };
        self.spots.push(Spot {
            hash: hash(text),
            begin: self.text.len(),
            length,
            person,
        });
        self.text.push_str(text);
    }

    fn sort(&mut self) {
        let Self {
            text,
            spots,
            begins,
        } = self;
        spots.sort_unstable_by(|a, b| {
            a.hash
                .cmp(&b.hash)
                .then_with(|| at(text, a).cmp(at(text, b)))
                .then(a.person.cmp(&b.person))
        });
        begins.clear();
        for (i, spot) in (0..).zip(spots.iter()) {
            begins.resize(begins.len().max((spot.hash >> (64 - BITS)) as usize + 1), i);
        }
        begins.resize(
            (1 << BITS) + 1,
            u32::try_from(spots.len()).unwrap_or(u32::MAX),
        );
    }

    /// The numbers of everybody with this text.
    fn find<'a>(&'a self, wanted: &'a str) -> impl Iterator<Item = u32> + 'a {
        let hash = hash(wanted);
        let first = (hash >> (64 - BITS)) as usize;
        let range = match (self.begins.get(first), self.begins.get(first + 1)) {
            (Some(begin), Some(end)) => *begin as usize..*end as usize,
            _ => 0..0,
        };
        let alike = self.spots[range]
            .iter()
            .filter(move |spot| spot.hash == hash);
        alike
            .filter(move |spot| at(&self.text, spot) == wanted)
            .map(|spot| spot.person)
    }

    /// Pairs of people with the same text.
    fn twice(&self) -> impl Iterator<Item = (u32, u32)> {
        self.spots.windows(2).filter_map(|pair| match pair {
            [a, b] if a.hash == b.hash && at(&self.text, a) == at(&self.text, b) => {
                Some((a.person, b.person))
            }
            _ => None,
        })
    }
}

/// A login in small letters.
fn small_letters(login: &Untrusted) -> Cow<'_, str> {
    let login = login.raw();
    match login
        .bytes()
        .all(|b| b.is_ascii() && !b.is_ascii_uppercase())
    {
        true => Cow::Borrowed(login),
        false => Cow::Owned(login.to_lowercase()),
    }
}

fn at<'a>(text: &'a str, spot: &Spot) -> &'a str {
    text.get(spot.begin..)
        .and_then(|tail| tail.get(..spot.length as usize))
        .unwrap_or_default()
}

/// The same in every run. Texts that collide cost time, never a wrong answer.
fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// Everybody who was read.
#[derive(Debug, Default)]
pub(super) struct People {
    pub users: Vec<User>,
    pub rejected: Vec<RejectedRecord>,
    /// Ids by number: those of users, and of rejected people who have one, so that they stay in
    /// their groups.
    ids: Vec<RemoteId>,
    names: Index,
    logins: Index,
    primary: BTreeMap<Vec<u8>, Vec<u32>>,
    /// For each number the lowest one with the same id; empty: everybody was read once.
    same: Vec<u32>,
    /// All numbers, in the order of their ids; and for each number its place among them.
    order: Vec<u32>,
    ranks: Vec<u32>,
    base: String,
}

impl People {
    /// Nobody yet; names of entries are kept without `base`, which is normalised.
    pub(super) fn new(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            ..Self::default()
        }
    }

    /// Adds somebody; `indexed`: there will be groups to look them up.
    pub(super) fn add(&mut self, person: Result<Person<'_>, Unusable<'_>>, indexed: bool) {
        let number = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        let (id, key, login, primary) = match &person {
            Ok(p) => (
                Some(&p.user.id),
                Some(&p.key),
                Some(p.user.login.raw()),
                p.primary.as_ref(),
            ),
            Err(u) => (
                u.record.id.as_ref(),
                u.key.as_ref(),
                u.login.as_deref(),
                None,
            ),
        };
        if let Some(id) = id {
            self.ids.push(id.clone());
            if let Some(key) = key {
                self.names
                    .add(key.strip_suffix(&self.base).unwrap_or(key), number);
            }
            if let Some(login) = login.filter(|_| indexed) {
                self.logins.add(login, number);
            }
            if let Some(primary) = primary {
                self.primary
                    .entry(primary.clone())
                    .or_default()
                    .push(number);
            }
        }
        match person {
            Ok(person) => self.users.push(person.user),
            Err(unusable) => self.rejected.push(*unusable.record),
        }
    }

    /// Sorts the indexes and finds out who was read twice: because pages shifted while they were
    /// read, which does no harm if it is the same both times. Gives the name of somebody who was
    /// not the same.
    pub(super) fn finish(&mut self) -> Option<Untrusted> {
        self.names.sort();
        self.logins.sort();
        let mut order: Vec<u32> = (0..).take(self.ids.len()).collect();
        order.sort_by_cached_key(|number| self.ids[*number as usize].sort_key());
        let mut twice = Vec::new();
        for pair in order.windows(2) {
            if let [a, b] = pair
                && self.ids[*a as usize] == self.ids[*b as usize]
            {
                if self.same.is_empty() {
                    self.same = (0..).take(self.ids.len()).collect();
                }
                self.same[*b as usize] = self.same[*a as usize];
                twice.push(self.ids[*b as usize].clone());
            }
        }
        self.ranks = vec![0; order.len()];
        for (rank, number) in (0..).zip(&order) {
            self.ranks[*number as usize] = rank;
        }
        self.order = order;
        let different = self.drop_copies(twice);
        // One name with two ids: the entry was replaced while we read.
        let replaced = self
            .names
            .twice()
            .any(|(a, b)| self.ids[a as usize] != self.ids[b as usize]);
        different.or_else(|| replaced.then(|| Untrusted::new("one entry")))
    }

    /// Keeps of each of these people the first copy. Gives the login of somebody whose copies were
    /// not the same.
    fn drop_copies(&mut self, mut twice: Vec<RemoteId>) -> Option<Untrusted> {
        twice.sort_unstable();
        twice.dedup();
        let mut firsts: Vec<Option<usize>> = vec![None; twice.len()];
        let mut different = None;
        for (i, user) in self.users.iter().enumerate() {
            let Ok(place) = twice.binary_search(&user.id) else {
                continue;
            };
            match firsts[place] {
                None => firsts[place] = Some(i),
                Some(first) if self.users[first] != *user => different = Some(user.login.clone()),
                Some(_) => {}
            }
        }
        for id in self.rejected.iter().filter_map(|record| record.id.as_ref()) {
            let first = twice.binary_search(id).ok().and_then(|place| firsts[place]);
            different = first.map(|i| self.users[i].login.clone()).or(different);
        }
        if !twice.is_empty() {
            let mut i = 0;
            self.users.retain(|user| {
                let place = twice.binary_search(&user.id);
                i += 1;
                place.is_err() || place.is_ok_and(|place| firsts[place] == Some(i - 1))
            });
        }
        different
    }

    /// Who has this entry's name, which is normalised; nobody, if two have it.
    pub(super) fn by_name(&self, key: &str) -> Option<u32> {
        let key = key.strip_suffix(self.base.as_str()).unwrap_or(key);
        let mut found = self.names.find(key).map(|number| self.canonical(number));
        let first = found.next()?;
        found.all(|other| other == first).then_some(first)
    }

    /// Somebody's number, once all are there.
    pub(super) fn by_id(&self, id: &RemoteId) -> Option<u32> {
        let key = id.sort_key();
        let of = |number: &u32| self.ids[*number as usize].sort_key();
        let place = self.order.binary_search_by(|number| of(number).cmp(&key));
        place.ok().map(|place| self.canonical(self.order[place]))
    }

    /// Those of these logins, which may be in capital letters, that people have if that makes no difference: in small letters,
    /// with those who have them.
    pub(super) fn by_small_login<'a>(
        &self,
        logins: impl Iterator<Item = &'a str>,
    ) -> BTreeMap<String, Vec<u32>> {
        let wanted: Lookup<String, ()> = logins.map(|login| (login.to_lowercase(), ())).collect();
        let mut small: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        if wanted.is_empty() {
            return small;
        }
        for user in &self.users {
            let login = small_letters(&user.login);
            if wanted.contains(&*login) {
                let all = small.entry(login.into_owned()).or_default();
                all.extend(self.by_id(&user.id));
            }
        }
        small
    }

    /// Several entries that want one login or one number: each is told with the names of the entries.
    pub(super) fn twins(&self) -> Vec<Finding> {
        let logins = self
            .users
            .iter()
            .map(|user| (small_letters(&user.login), user));
        let uids = self
            .users
            .iter()
            .filter_map(|user| Some((Cow::Borrowed(user.uid.as_ref()?.raw()), user)));
        let logins = self.several("the login", logins.collect());
        let uids = self.several("the uid", uids.collect());
        logins.into_iter().chain(uids).collect()
    }

    /// Those of several users with one value.
    fn several(&self, what: &str, all: Vec<(Cow<'_, str>, &User)>) -> Vec<Finding> {
        let several = repeated(all.iter().map(|(value, _)| &**value), all.len());
        if several.is_empty() {
            return Vec::new();
        }
        let mut wanted: BTreeMap<&str, Vec<&User>> = BTreeMap::new();
        for (value, user) in all.iter().filter(|(value, _)| several.contains(&**value)) {
            wanted.entry(value).or_default().push(user);
        }
        let findings = wanted.into_iter().map(|(value, users)| {
            let places: Vec<String> = users
                .into_iter()
                .filter_map(|user| self.place(self.by_id(&user.id)?))
                .collect();
            Finding::Twins {
                what: format!("{what} {}", shown(value)),
                places: places.iter().map(String::as_str).collect(),
            }
        });
        findings.collect()
    }

    /// The name of the entry of the person with this number.
    fn place(&self, number: u32) -> Option<String> {
        let spot = self.names.spots.iter().find(|spot| spot.person == number)?;
        Some(format!("{}{}", at(&self.names.text, spot), self.base))
    }

    /// Everybody with this login; two people with one login are the policy's to judge.
    pub(super) fn by_login<'a>(&'a self, login: &'a str) -> impl Iterator<Item = u32> + 'a {
        self.logins.find(login).map(|number| self.canonical(number))
    }

    /// Everybody whose primary group has this security id.
    pub(super) fn by_primary<'a>(&'a self, sid: &[u8]) -> impl Iterator<Item = u32> + 'a {
        self.primary
            .get(sid)
            .into_iter()
            .flatten()
            .map(|number| self.canonical(*number))
    }

    /// The place of somebody's id among all, to be put in order: numbers sort faster than ids.
    pub(super) fn rank(&self, number: u32) -> u32 {
        self.ranks.get(number as usize).copied().unwrap_or(u32::MAX)
    }

    /// The id at a place.
    pub(super) fn at_rank(&self, rank: u32) -> Option<&RemoteId> {
        let number = *self.order.get(rank as usize)?;
        self.ids.get(number as usize)
    }

    fn canonical(&self, number: u32) -> u32 {
        self.same.get(number as usize).copied().unwrap_or(number)
    }
}
