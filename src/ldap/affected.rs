//! Which entries are to be asked for again, by what DirSync told: those themselves, and whatever names them.
//!
//! Of an entry that is renamed or deleted only itself is told, not those that name it (Samba 4.17, and MS-ADTS 3.1.1.1.6: a link
//! holds what an entry is, and shows its name): they are found by the name that it had. Where that is not known, or others may be
//! below an entry that moved, nobody can tell, and all is to be read. Pure.

use std::collections::BTreeSet;

use super::dirsync::Told;
use super::dn;
use super::entry::{self, Entry};
use super::sync::{Record, Uuid};

/// What is to be asked for again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Affected {
    /// Which may be there, and be another.
    pub(super) asked: BTreeSet<Uuid>,
    /// Those of them whose name is another one.
    pub(super) renamed: BTreeSet<Uuid>,
    /// Which are gone.
    pub(super) gone: BTreeSet<Uuid>,
}

/// What follows from what was told, by what was known; `None`: all is to be read. `values`: how many values an entry may have.
pub(super) fn affected(told: &[Told], records: &[Record<'_>], values: u64) -> Option<Affected> {
    let mut affected = Affected::default();
    if told.is_empty() {
        return Some(affected);
    }
    let all: BTreeSet<Uuid> = told.iter().map(|told| told.uuid).collect();
    let known = records.iter().filter(|record| all.contains(&record.uuid));
    let known: Vec<&Record<'_>> = known.collect();
    let is_known = |uuid: &Uuid| known.iter().any(|record| record.uuid == *uuid);
    let mut lost = BTreeSet::new();
    for told in told {
        let uuid = told.uuid;
        match (is_known(&uuid), told.is_deleted) {
            (true, true) => drop(affected.gone.insert(uuid)),
            (false, true) if told.is_new => {}
            // It may have been named by others, under a name that is not known.
            (false, true) => return None,
            (false, false) if told.is_named && !told.is_new => return None,
            (_, false) => drop(affected.asked.insert(uuid)),
        }
        if told.is_named || told.is_deleted {
            lost.extend(is_known(&uuid).then_some(uuid));
        }
    }
    let names = known.iter().filter(|record| lost.contains(&record.uuid));
    let names = names.map(|record| Some(dn::normalise(&entry::name(record.content))?.into_owned()));
    let names: BTreeSet<String> = names.collect::<Option<_>>()?;
    for record in records {
        let entry = Entry::new(record.content, values).ok()?;
        let is_below = |name: &str| {
            let mut names = names.iter();
            names.any(|above| name != above && dn::is_under(name, above))
        };
        if !names.is_empty() && is_below(&dn::normalise(&entry.dn)?) {
            return None;
        }
        if is_in_part(&entry) || !names.is_empty() && names_any(&entry, &names) {
            affected.asked.insert(record.uuid);
        }
    }
    affected.asked.retain(|uuid| !affected.gone.contains(uuid));
    let renamed = lost.intersection(&affected.asked);
    affected.renamed = renamed.copied().collect();
    Some(affected)
}

/// Whether only a part of some list came: what is missing of it is not known.
fn is_in_part(entry: &Entry<'_>) -> bool {
    entry
        .iter()
        .any(|(name, _)| name.to_ascii_lowercase().contains(";range="))
}

/// Whether one of its values is one of these names.
fn names_any(entry: &Entry<'_>, names: &BTreeSet<String>) -> bool {
    let mut values = entry.iter().flat_map(|(_, values)| values);
    values.any(|value| {
        let text = std::str::from_utf8(value).ok();
        let name = text
            .filter(|text| text.contains('='))
            .and_then(dn::normalise);
        name.is_some_and(|name| names.contains(name.as_ref()))
    })
}

#[cfg(test)]
mod tests {
    use super::super::entry::sample;
    use super::*;

    const fn told(id: u8) -> Told {
        Told {
            uuid: [id; 16],
            is_new: false,
            is_named: false,
            is_deleted: false,
        }
    }

    const fn new(id: u8) -> Told {
        Told {
            is_new: true,
            is_named: true,
            ..told(id)
        }
    }

    const fn named(id: u8) -> Told {
        Told {
            is_named: true,
            ..told(id)
        }
    }

    const fn deleted(id: u8) -> Told {
        Told {
            is_deleted: true,
            ..named(id)
        }
    }

    /// Ann is 1, Bob 2, a group of both 3, a long one 4, and what lies below Bob 5.
    fn judge(told: &[Told], with: &[u8]) -> Option<[Vec<u8>; 3]> {
        let (ann, bob) = (&b"CN=Ann,DC=x"[..], &b"cn=bob, dc=x"[..]);
        let all = [
            (1, sample("CN=ann,DC=x", &[("cn", &[b"ann"])])),
            (2, sample("CN=bob,DC=x", &[("cn", &[b"bob"])])),
            (3, sample("CN=g,DC=x", &[("member", &[ann, bob])])),
            (4, sample("CN=h,DC=x", &[("member;range=0-1", &[b"CN=z"])])),
            (5, sample("CN=t,CN=bob,DC=x", &[])),
        ];
        let all = all.iter().filter(|(id, _)| with.contains(id));
        let record = |(id, entry): &(u8, Entry<'static>)| Record {
            search: 0,
            uuid: [*id; 16],
            content: entry.content(),
        };
        let records: Vec<_> = all.map(record).collect();
        let found = affected(told, &records, 100)?;
        let ids = |uuids: BTreeSet<Uuid>| uuids.into_iter().map(|uuid| uuid[0]).collect();
        Some([found.asked, found.renamed, found.gone].map(ids))
    }

    #[test]
    fn what_names_those_that_are_renamed_or_gone_is_asked_again() {
        let all = [1, 2, 3];
        let ids = |ids: &[u8]| ids.to_vec();
        let judge = |told: &[Told]| judge(told, &all).unwrap();
        assert_eq!(judge(&[told(1)]), [ids(&[1]), ids(&[]), ids(&[])]);
        assert_eq!(judge(&[told(9)]), [ids(&[9]), ids(&[]), ids(&[])]);
        assert_eq!(judge(&[named(1)]), [ids(&[1, 3]), ids(&[1]), ids(&[])]);
        assert_eq!(judge(&[deleted(1)]), [ids(&[3]), ids(&[]), ids(&[1])]);
        assert_eq!(judge(&[new(9)]), [ids(&[9]), ids(&[]), ids(&[])]);
        assert_eq!(judge(&[]), [ids(&[]), ids(&[]), ids(&[])]);
        let came_and_went = Told {
            is_deleted: true,
            ..new(9)
        };
        assert_eq!(judge(&[came_and_went]), [ids(&[]), ids(&[]), ids(&[])]);
        let gone_with_group = judge(&[deleted(1), deleted(3)]);
        assert_eq!(gone_with_group, [ids(&[]), ids(&[]), ids(&[1, 3])]);
    }

    #[test]
    fn what_came_in_part_is_asked_again_whatever_else_is_told() {
        assert_eq!(judge(&[told(1)], &[1, 4]).unwrap()[0], [1, 4]);
        assert!(judge(&[], &[1, 4]).unwrap()[0].is_empty());
    }

    #[test]
    fn where_the_former_name_is_not_known_or_others_are_below_all_is_read() {
        assert_eq!(judge(&[named(9)], &[1, 2, 3]), None);
        assert_eq!(judge(&[deleted(9)], &[1, 2, 3]), None);
        for moved in [named(2), deleted(2)] {
            assert_eq!(judge(&[moved], &[1, 2, 3, 5]), None);
        }
        assert!(judge(&[told(2)], &[1, 2, 3, 5]).is_some());
    }
}
