//! Entries as a server may send them, made people and groups, for `crate::fuzzing`.

use super::groups;
use super::people::{self, Extent, People};
use super::settings::{Config, Schema, Settings};
use super::{active, ids};
use crate::ldap;
use crate::model::Now;

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
    let by_id = people.by_id();
    for member in resolved.groups.iter().flat_map(|group| &group.members) {
        assert!(by_id.contains_key(&member.user), "{member:?}");
    }
}
