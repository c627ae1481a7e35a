//! Entries as a server may send them, made people and groups, for `crate::fuzzing`.

use std::collections::BTreeMap;

use super::groups;
use super::people::{self, Extent, People};
use super::settings::{Config, Schema, Settings};
use super::{active, ids, increment};
use crate::ldap;
use crate::ldap::entry::Entry;
use crate::ldap::sync::{self, Uuid};
use crate::model::{Fate, Now};
use crate::providers::kept::{self, Record};

const NOW: i64 = 1_795_219_200;

fn settings(first: u8) -> Settings {
    let schema = match first % 4 {
        0 => Schema::Rfc2307,
        1 => Schema::Rfc2307bis,
        2 => Schema::Ad,
        _ => Schema::Ds389,
    };
    let config = Config::new("ldap://localhost", "ou=people,dc=x", "ou=groups,dc=x");
    match Settings::new(&Config { schema, ..config }) {
        Ok(settings) => settings,
        Err(reason) => panic!("{reason}"),
    }
}

/// Two bytes say how long the messages are whose entries were kept; behind them stands what the server says has changed since.
pub(crate) fn increments(bytes: &[u8]) {
    let Some((length, bytes)) = bytes.split_first_chunk() else {
        return;
    };
    let length = usize::from(u16::from_be_bytes(*length));
    let (old, told) = bytes.split_at(length.min(bytes.len()));
    let entries = ldap::fuzz::entries(old);
    let kept: BTreeMap<Uuid, &[u8]> = {
        let uuid = |entry: &Entry<'_>| entry.only("entryUUID").and_then(sync::uuid);
        let of_uuid = entries.iter();
        of_uuid
            .filter_map(|entry| Some((uuid(entry)?, entry.content())))
            .collect()
    };
    let Some(changes) = ldap::fuzz::changes(told) else {
        return;
    };
    let record = kept.iter().map(|(key, content)| Record {
        part: 0,
        key,
        content,
    });
    let records: Vec<Record<'_>> = record.collect();
    let mut now = Vec::new();
    let fate = |key: &[u8]| increment::fate(&changes, key);
    let tally = kept::merge(
        records.iter(),
        fate,
        increment::changed(&changes),
        &mut |key, content| now.push((key, content)),
    );
    assert_eq!((tally.now(), tally.kept), (now.len(), kept.len()));
    let found: BTreeMap<&[u8], &[u8]> = now.iter().copied().collect();
    assert_eq!(found.len(), now.len(), "nothing is there twice");
    for (uuid, content) in &kept {
        let wanted = match changes.of(uuid) {
            Fate::Same => Some(*content),
            Fate::Changed(content) => Some(content),
            Fate::Gone => None,
        };
        assert_eq!(found.get(&uuid[..]).copied(), wanted);
    }
    for (uuid, content) in changes.changed() {
        assert_eq!(found.get(&uuid[..]).copied(), Some(content));
    }
    let contents: Vec<&[u8]> = now.iter().map(|(_, content)| *content).collect();
    ldap::fuzz::composed(&contents);
}

/// One byte says which schema; messages follow. Every entry is taken for a person and for a group.
pub(crate) fn entries(bytes: &[u8]) {
    let Some((schema, bytes)) = bytes.split_first() else {
        return;
    };
    let settings = settings(*schema);
    let names = &settings.names;
    let entries = ldap::fuzz::entries(bytes);
    let mut people = People::new(&settings.user_base_key);
    for entry in &entries {
        for attribute in active::ATTRIBUTES {
            for value in entry.values(attribute) {
                let _ = active::locks(attribute, value, &Now::new(NOW));
            }
        }
        if let Ok(id) = people::id(entry, &names.id) {
            let value = entry.only(&names.id).unwrap_or_default();
            let asked = ids::values(&names.id, &id);
            let is_found = asked.iter().any(|asked| asked.eq_ignore_ascii_case(value));
            assert!(is_found, "{id:?}: {value:?}");
        }
        let full = people::person(entry, names, Extent::ALL, &Now::new(NOW));
        if let (Ok(full), Ok(slim)) = (
            &full,
            people::person(entry, names, Extent::Slim, &Now::new(NOW)),
        ) {
            let who = |person: &people::Person| {
                let user = &person.user;
                (user.id.clone(), user.login.clone(), user.active)
            };
            assert_eq!(who(full), who(&slim));
        }
        people.add(full, true);
    }
    people.finish();
    let _ = people.twins();
    let raws = entries
        .iter()
        .map(|entry| groups::group(entry, names, &people));
    let resolved = groups::resolve(raws.collect(), &people, settings.nested_depth, &|| true);
    for member in resolved.groups.iter().flat_map(|group| &group.members) {
        assert!(people.by_id(&member.user).is_some(), "{member:?}");
    }
}
