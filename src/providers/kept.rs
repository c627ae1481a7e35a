//! All that a read was answered, kept in a file: the next read asks only for what has changed since, and has the rest from there.
//!
//! The file has a head, which is the provider's own and says what was asked and how the server knows later what has changed, and
//! behind it every record as it came. It is whole or of no use, and nothing is lost with it. What comes of it goes the way of any
//! other answer: plans are made of all people and groups, never of changes. Whatever takes away more than can be believed leads to
//! a read of everything in the same run.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

use std::collections::BTreeSet;
use std::hash::Hasher as _;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use siphasher::sip128::{Hasher128 as _, SipHasher13};

use crate::model::Fate;
use crate::system::files::{self, NewPrivate, Trust};

const MAGIC: &[u8] = b"gosync-reading-3\n";

/// Stands behind the last record, where the number of a part would be.
const END: u8 = 0xff;

/// Bytes that are digested and written in one piece: each record by itself takes longer than what is done with it.
const PIECE: usize = 1 << 18;

/// So many may be gone at once in any case, and one of so many more: with fewer left, all are read.
const ALWAYS: usize = 3;
const SHARE: usize = 10;

/// Writes what a read is answered, as it comes.
pub(super) struct Recorder {
    file: NewPrivate,
    hash: SipHasher13,
    /// What is neither in the one nor in the other so far.
    piece: Vec<u8>,
    /// Something could not be kept: then nothing is.
    is_broken: bool,
}

impl Recorder {
    /// Begins with what stands before the records; `None`: there is no place for it.
    pub(super) fn begin(path: &Path, head: &impl Serialize) -> Option<Self> {
        let mut text = serde_json::to_vec(head).ok()?;
        text.push(b'\n');
        let mut recorder = Self {
            file: NewPrivate::begin(path).ok()?,
            hash: SipHasher13::new(),
            piece: Vec::with_capacity(PIECE),
            is_broken: false,
        };
        recorder.write(&[MAGIC, &text]);
        Some(recorder)
    }

    fn write(&mut self, parts: &[&[u8]]) {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if self.piece.len() + length > PIECE {
            self.flush();
        }
        parts
            .iter()
            .for_each(|part| self.piece.extend_from_slice(part));
    }

    fn flush(&mut self) {
        self.hash.write(&self.piece);
        self.is_broken |= self.file.write(&self.piece).is_err();
        self.piece.clear();
    }

    /// One record that this part of the answer has; `key` tells it from all others of the part.
    pub(super) fn put(&mut self, part: usize, key: &[u8], content: &[u8]) {
        let part = u8::try_from(part).ok().filter(|part| *part != END);
        let lengths = u16::try_from(key.len())
            .ok()
            .zip(u32::try_from(content.len()).ok());
        let (Some(part), Some((of_key, of_content))) = (part, lengths) else {
            return self.spoil();
        };
        let ([k0, k1], [c0, c1, c2, c3]) = (of_key.to_be_bytes(), of_content.to_be_bytes());
        self.write(&[&[part, k0, k1, c0, c1, c2, c3], key, content]);
    }

    /// Something cannot be kept.
    pub(super) fn spoil(&mut self) {
        self.is_broken = true;
    }

    /// All has come.
    pub(super) fn finish(mut self) {
        self.write(&[&[END]]);
        self.flush();
        let digest = self.hash.finish128().as_bytes();
        self.is_broken |= self.file.write(&digest).is_err();
        if self.is_broken {
            tracing::info!("what was read is not kept for the next run");
        } else if let Err(error) = self.file.finish() {
            tracing::info!(%error, "what was read is not kept for the next run");
        }
    }
}

/// A record that was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// The number of the part of the answer in which it was.
    pub(super) part: usize,
    /// What tells it from others.
    pub(super) key: &'a [u8],
    pub(super) content: &'a [u8],
}

/// The bytes of what is kept there, if there is anything that nobody else could have written.
pub(super) fn load(path: &Path) -> Option<Vec<u8>> {
    files::read_trusted(path, Trust::Secret).ok()
}

/// What is kept, taken apart; `None`: it is not whole, or another provider's.
pub(super) fn apart<H: DeserializeOwned>(bytes: &[u8]) -> Option<(H, Vec<Record<'_>>)> {
    let (whole, digest) = bytes.split_last_chunk::<16>()?;
    if self::digest(whole) != *digest {
        return None;
    }
    let rest = whole.strip_prefix(MAGIC)?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let head = serde_json::from_slice(&rest[..end]).ok()?;
    let mut rest = &rest[end + 1..];
    let mut records = Vec::new();
    loop {
        let (part, behind) = rest.split_first()?;
        if *part == END {
            return behind.is_empty().then_some((head, records));
        }
        let (of_key, behind) = behind.split_first_chunk()?;
        let (of_content, behind) = behind.split_first_chunk()?;
        let (key, behind) = behind.split_at_checked(u16::from_be_bytes(*of_key).into())?;
        let of_content = usize::try_from(u32::from_be_bytes(*of_content)).ok()?;
        let (content, behind) = behind.split_at_checked(of_content)?;
        let part = usize::from(*part);
        records.push(Record { part, key, content });
        rest = behind;
    }
}

fn digest(bytes: &[u8]) -> [u8; 16] {
    let mut hash = SipHasher13::new();
    hash.write(bytes);
    hash.finish128().as_bytes()
}

/// How many records there were, and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Those that were kept.
    pub(super) kept: usize,
    /// Those of them that are gone.
    pub(super) gone: usize,
    /// Those of them that are other ones now.
    pub(super) changed: usize,
    /// Those that are new.
    pub(super) new: usize,
}

impl Tally {
    /// Whether so many can be gone at once.
    pub(super) fn is_believable(self) -> bool {
        self.gone <= ALWAYS.max(self.kept / SHARE)
    }

    /// How many there are now.
    pub(super) fn now(self) -> usize {
        self.kept - self.gone + self.new
    }
}

/// Gives each record that a part of the answer has now to `add`: in their order those that were kept, and then those that are new.
/// `fate`: what has become of a record; `changed`: all that are new, or other ones.
pub(super) fn merge<'r>(
    records: impl Iterator<Item = &'r Record<'r>>,
    fate: impl Fn(&[u8]) -> Fate<'r>,
    changed: impl Iterator<Item = (&'r [u8], &'r [u8])>,
    add: &mut dyn FnMut(&'r [u8], &'r [u8]),
) -> Tally {
    let mut tally = Tally::default();
    let mut known = BTreeSet::new();
    for Record { key, content, .. } in records {
        tally.kept += 1;
        match fate(key) {
            Fate::Same => add(key, content),
            Fate::Changed(content) => {
                tally.changed += 1;
                known.insert(*key);
                add(key, content);
            }
            Fate::Gone => tally.gone += 1,
        }
    }
    for (key, content) in changed.filter(|(key, _)| !known.contains(key)) {
        tally.new += 1;
        add(key, content);
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_damaged_in_any_byte_or_cut_anywhere_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("users.reading");
        let mut recorder = Recorder::begin(&path, &"head").unwrap();
        recorder.put(0, b"key", b"content");
        recorder.put(1, b"", b"");
        recorder.finish();
        let whole = fs::read(&path).unwrap();
        let (head, records) = apart::<String>(&whole).unwrap();
        assert_eq!((head.as_str(), records.len()), ("head", 2));
        assert_eq!(records[0].content, b"content");
        assert!(apart::<u32>(&whole).is_none(), "the head of another");
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            assert!(apart::<String>(&bytes).is_none(), "byte {at}");
            assert!(apart::<String>(&whole[..at]).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn what_cannot_be_kept_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("users.reading");
        let mut long = Recorder::begin(&path, &0).unwrap();
        long.put(0, &[0; 1 << 16], b"");
        long.finish();
        let mut many = Recorder::begin(&path, &0).unwrap();
        many.put(usize::from(END), b"", b"");
        many.finish();
        drop(Recorder::begin(&path, &0).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn few_may_be_gone_of_few_and_a_tenth_of_many() {
        let of = |kept, gone| Tally {
            kept,
            gone,
            ..Tally::default()
        };
        assert!(of(3, 3).is_believable() && of(100, 10).is_believable());
        assert!(!of(4, 4).is_believable() && !of(100, 11).is_believable());
    }
}
