//! Which entries are to be asked for again, by what DirSync told: those themselves, and whatever names them.
//!
//! Of an entry that is renamed or deleted only itself is told, not those that name it (Samba 4.17, and MS-ADTS 3.1.1.1.6: a link
//! holds what an entry is, and shows its name): they are found by the name that it had. Where that is not known, since the entry was
//! none of those that were read, nothing may name any such entry, or all is to be read. Whoever is below an entry that has another
//! name has another one, too, and is not told of. Pure.

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
    /// Which are gone.
    pub(super) gone: BTreeSet<Uuid>,
    /// New names of entries, below which nothing may be.
    pub(super) renamed: BTreeSet<String>,
}

/// What was known before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before<'a> {
    /// What the searches had found.
    pub(super) records: &'a [Record<'a>],
    /// The naming contexts of which we are told.
    pub(super) contexts: &'a [String],
    /// How many values an entry may have.
    pub(super) values: u64,
}

/// What follows from what was told; `None`: all is to be read.
pub(super) fn affected(told: &[Told], before: Before<'_>) -> Option<Affected> {
    let mut affected = Affected::default();
    if told.is_empty() {
        return Some(affected);
    }
    let all: BTreeSet<Uuid> = told.iter().map(|told| told.uuid).collect();
    let records = before.records.iter();
    let known = records.filter(|record| all.contains(&record.uuid));
    let known: Vec<&Record<'_>> = known.collect();
    let (mut lost, mut is_stranger_lost) = (BTreeSet::new(), false);
    for told in told {
        let is_known = known.iter().any(|record| record.uuid == told.uuid);
        // Whatever names one that is new is told of.
        let is_lost = (told.is_named || told.is_deleted) && !told.is_new;
        if is_lost && is_known {
            lost.insert(told.uuid);
        }
        is_stranger_lost |= is_lost && !is_known;
        if is_lost && !told.is_deleted {
            affected.renamed.insert(told.dn.clone());
        }
        let set = match told.is_deleted {
            true => &mut affected.gone,
            false => &mut affected.asked,
        };
        set.insert(told.uuid);
    }
    let lost = known.iter().filter(|record| lost.contains(&record.uuid));
    let lost: BTreeSet<String> = names(lost.copied())?;
    let is_touched = !lost.is_empty() || is_stranger_lost;
    let there = match is_stranger_lost {
        true => names(before.records.iter())?,
        false => BTreeSet::new(),
    };
    for record in before.records {
        let entry = Entry::new(record.content, before.values).ok()?;
        let named = match is_touched {
            true => named(&entry, before.contexts),
            false => BTreeSet::new(),
        };
        if is_stranger_lost && !named.is_subset(&there) {
            return None;
        }
        if is_in_part(&entry) || !named.is_disjoint(&lost) {
            affected.asked.insert(record.uuid);
        }
    }
    affected.asked.retain(|uuid| !affected.gone.contains(uuid));
    Some(affected)
}

/// The names of entries for comparing; `None`: one of them has none.
fn names<'r>(records: impl Iterator<Item = &'r Record<'r>>) -> Option<BTreeSet<String>> {
    let name =
        |record: &Record<'_>| Some(dn::normalise(&entry::name(record.content))?.into_owned());
    records.map(name).collect()
}

/// Whether only a part of some list came: what is missing of it is not known.
fn is_in_part(entry: &Entry<'_>) -> bool {
    entry
        .iter()
        .any(|(name, _)| name.to_ascii_lowercase().contains(";range="))
}

/// The names of entries in these naming contexts that are among its values.
fn named(entry: &Entry<'_>, contexts: &[String]) -> BTreeSet<String> {
    let contexts: Vec<_> = contexts.iter().filter_map(|it| dn::normalise(it)).collect();
    let name = |value| {
        let text = std::str::from_utf8(value).ok();
        let name = dn::normalise(text.filter(|text| text.contains('='))?)?;
        let mut contexts = contexts.iter();
        let is_here = contexts.any(|context| dn::is_under(&name, context));
        is_here.then(|| name.into_owned())
    };
    let values = entry.iter().flat_map(|(_, values)| values);
    values.filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::super::entry::sample;
    use super::*;

    fn told(id: u8) -> Told {
        Told {
            uuid: [id; 16],
            dn: format!("now-{id}"),
            is_new: false,
            is_named: false,
            is_deleted: false,
        }
    }

    fn new(id: u8) -> Told {
        Told {
            is_new: true,
            is_named: true,
            ..told(id)
        }
    }

    fn named(id: u8) -> Told {
        Told {
            is_named: true,
            ..told(id)
        }
    }

    fn deleted(id: u8) -> Told {
        Told {
            is_deleted: true,
            ..named(id)
        }
    }

    /// Ann is 1, Bob 2, a group of both 3, a long one 4, and one of somebody who is not known 5.
    fn judge(told: &[Told], with: &[u8]) -> Option<(Vec<u8>, Vec<u8>, Vec<String>)> {
        let (ann, bob) = (&b"CN=Ann,DC=x"[..], &b"cn=bob, dc=x"[..]);
        let all = [
            (1, sample("CN=ann,DC=x", &[("cn", &[b"ann"])])),
            (
                2,
                sample("CN=bob,DC=x", &[("cn", &[b"bob"]), ("t", &[b"a=b"])]),
            ),
            (3, sample("CN=g,DC=x", &[("member", &[ann, bob])])),
            (4, sample("CN=h,DC=x", &[("member;range=0-1", &[ann])])),
            (5, sample("CN=i,DC=x", &[("member", &[b"CN=pc,DC=x"])])),
        ];
        let all = all.iter().filter(|(id, _)| with.contains(id));
        let record = |(id, entry): &(u8, Entry<'static>)| Record {
            uuid: [*id; 16],
            content: entry.content(),
        };
        let records: Vec<_> = all.map(record).collect();
        let before = Before {
            records: &records,
            contexts: &["DC=X".to_owned()],
            values: 100,
        };
        let found = affected(told, before)?;
        let ids = |uuids: BTreeSet<Uuid>| uuids.into_iter().map(|uuid| uuid[0]).collect();
        let renamed = found.renamed.into_iter().collect();
        Some((ids(found.asked), ids(found.gone), renamed))
    }

    /// What is asked again, what is gone, and below what nothing may be.
    #[track_caller]
    fn leads(told: &[Told], with: &[u8], asked: &[u8], gone: &[u8], renamed: &[&str]) {
        let found = judge(told, with).unwrap();
        assert_eq!((&found.0[..], &found.1[..]), (asked, gone));
        assert_eq!(found.2, renamed);
    }

    #[test]
    fn what_names_those_that_are_renamed_or_gone_is_asked_again() {
        let all = [1, 2, 3];
        leads(&[], &all, &[], &[], &[]);
        leads(&[told(1)], &all, &[1], &[], &[]);
        leads(&[told(9)], &all, &[9], &[], &[]);
        leads(&[named(1)], &all, &[1, 3], &[], &["now-1"]);
        leads(&[deleted(2)], &all, &[3], &[2], &[]);
        leads(&[new(9)], &all, &[9], &[], &[]);
        leads(&[deleted(1), deleted(3)], &all, &[], &[1, 3], &[]);
    }

    #[test]
    fn what_came_in_part_is_asked_again_whatever_else_is_told() {
        leads(&[told(1)], &[1, 4], &[1, 4], &[], &[]);
        leads(&[], &[1, 4], &[], &[], &[]);
    }

    #[test]
    fn who_was_not_known_may_be_lost_where_nothing_names_anybody_who_is_not() {
        let all = [1, 2, 3];
        leads(&[named(9)], &all, &[9], &[], &["now-9"]);
        leads(&[deleted(9)], &all, &[], &[9], &[]);
        for lost in [named(9), deleted(9)] {
            assert_eq!(judge(&[lost], &[1, 2, 3, 5]), None);
        }
        let came_and_went = Told {
            is_deleted: true,
            ..new(9)
        };
        leads(&[came_and_went], &[1, 2, 3, 5], &[], &[9], &[]);
        leads(
            &[told(1), named(2)],
            &[1, 2, 3, 5],
            &[1, 2, 3],
            &[],
            &["now-2"],
        );
    }
}
