//! What may be kept, and what is made of it, for `crate::fuzzing`.

use std::collections::BTreeMap;

use super::*;
use crate::system::fuzz;

/// The records that bytes are taken for: a part, a key and a content each, behind their lengths.
fn records(mut bytes: &[u8]) -> Vec<Record<'_>> {
    let mut found = Vec::new();
    while let Some(([part, of_key, of_content], rest)) = bytes.split_first_chunk() {
        let lengths = (usize::from(*of_key % 32), usize::from(*of_content));
        let Some((key, rest)) = rest.split_at_checked(lengths.0) else {
            break;
        };
        let Some((content, rest)) = rest.split_at_checked(lengths.1) else {
            break;
        };
        let part = usize::from(part % 3);
        found.push(Record { part, key, content });
        bytes = rest;
    }
    found
}

/// Bytes behind a digest that fits, and records that are written and read again.
pub(crate) fn kept(bytes: &[u8]) {
    let whole = [MAGIC, bytes].concat();
    let whole = [&whole[..], &digest(&whole)].concat();
    if let Some((head, found)) = apart::<serde_json::Value>(&whole) {
        assert!(!head.to_string().is_empty());
        let lengths = found.iter().map(|one| one.key.len() + one.content.len());
        assert!(lengths.sum::<usize>() <= bytes.len());
    }
    assert!(apart::<serde_json::Value>(&whole[..whole.len() - 1]).is_none());
    let records = records(bytes);
    let dir = fuzz::place();
    let path = dir.join("a.reading");
    let Some(mut recorder) = Recorder::begin(&path, &records.len()) else {
        panic!("{path:?} cannot be made")
    };
    for Record { part, key, content } in &records {
        recorder.put(*part, key, content);
    }
    recorder.finish();
    let written = load(&path).unwrap_or_default();
    assert_eq!(apart::<usize>(&written), Some((records.len(), records)));
    assert!(files::remove(&path).is_ok() && files::remove_empty_dir(&dir).is_ok());
}

/// Records that were kept, and then what has become of them, one byte each, and what is new.
pub(crate) fn merged(bytes: &[u8]) {
    let (old, told) = bytes.split_at(bytes.len() / 2);
    // A key is of one record.
    let old: BTreeMap<&[u8], Record<'_>> = {
        let of_part = records(old).into_iter().filter(|record| record.part == 0);
        of_part.map(|record| (record.key, record)).collect()
    };
    let (mut changed, mut gone) = (BTreeMap::new(), BTreeSet::new());
    for record in records(told) {
        match record.part {
            0 => drop(gone.insert(record.key)),
            _ => drop(changed.insert(record.key, record.content)),
        }
    }
    let fate = |key: &[u8]| match changed.get(key) {
        Some(content) => Fate::Changed(content),
        None if gone.contains(key) => Fate::Gone,
        None => Fate::Same,
    };
    let mut now = Vec::new();
    let new = changed.iter().map(|(key, content)| (*key, *content));
    let tally = merge(old.values(), fate, new, &mut |key, content| {
        now.push((key, content));
    });
    assert_eq!(tally.now(), now.len());
    assert_eq!(tally.kept, old.len());
    let found: BTreeMap<&[u8], &[u8]> = now.iter().copied().collect();
    assert_eq!(found.len(), now.len(), "nothing is there twice");
    let mut wanted: BTreeMap<&[u8], &[u8]> = old
        .values()
        .map(|record| (record.key, record.content))
        .collect();
    wanted.retain(|key, _| !gone.contains(key));
    wanted.append(&mut changed.clone());
    assert_eq!(found, wanted);
}
