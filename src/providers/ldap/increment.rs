//! All that a read was answered, kept in a file: the next read asks only for what has changed since, and has the rest from there.
//!
//! The file holds the searches that a read begins with, a cookie for each that the server gave before it was made, and every entry
//! as it came. It is whole or of no use, is of use for one server and one set of searches only, and nothing is lost with it. What
//! comes of it goes the way of any other answer: plans are made of all people and groups, never of changes. Whatever does not fit,
//! or takes away more than can be believed, leads to a read of everything in the same run. Rules: RFC 4533, and what OpenLDAP and
//! others make of it: a phase of names that are still there can come short, and computed attributes change without a word.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128 as _, SipHasher13};
use std::hash::Hasher as _;

use super::mark::bytes;
use crate::ldap::Error;
use crate::ldap::connect::Session;
use crate::ldap::entry::Entry;
use crate::ldap::search::Request;
use crate::ldap::sync::{self, Changes, Fate, Uuid};
use crate::ldap::tape::{Composed, Question};
use crate::model::hex;
use crate::system::files::{self, NewPrivate, Trust};

const MAGIC: &[u8] = b"gosync-reading-1\n";

/// The attribute that says which entry it is (RFC 4530).
pub(super) const UUID: &str = "entryUUID";

/// Stands behind the last entry, where the number of a search would be.
const END: u8 = 0xff;

/// So many may be gone at once in any case, and one of so many more: with fewer left, all are read.
const ALWAYS: usize = 3;
const SHARE: usize = 10;

/// Where what is kept is, and for whom.
pub(super) struct Place<'a> {
    pub path: &'a Path,
    /// The server, and who we are to it: others may see less.
    pub server: String,
    /// When the read began, in seconds since 1970.
    pub now: i64,
}

/// What stands before the entries.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    server: String,
    /// When all was read, in seconds since 1970.
    read_at: i64,
    /// Each search, and its cookie in hexadecimal.
    searches: Vec<(Question, String)>,
}

/// Writes what a read is answered, as it comes.
pub(super) struct Recorder {
    searches: Vec<Question>,
    file: NewPrivate,
    hash: SipHasher13,
    /// Something could not be kept: then nothing is.
    is_broken: bool,
}

impl Recorder {
    fn begin(path: &Path, head: &Head) -> Option<Self> {
        let mut text = serde_json::to_vec(head).ok()?;
        text.push(b'\n');
        let searches = head.searches.iter().map(|(asked, _)| asked.clone());
        let mut recorder = Self {
            searches: searches.collect(),
            file: NewPrivate::begin(path).ok()?,
            hash: SipHasher13::new(),
            is_broken: false,
        };
        recorder.write(MAGIC);
        recorder.write(&text);
        Some(recorder)
    }

    fn write(&mut self, bytes: &[u8]) {
        self.hash.write(bytes);
        self.is_broken |= self.file.write(bytes).is_err();
    }

    /// One entry that one of the searches found; others are not kept.
    pub(super) fn add(&mut self, request: &Request<'_>, entry: &Entry<'_>) {
        let Some(search) = self.searches.iter().position(|asked| asked.is(request)) else {
            return;
        };
        match entry.only(UUID).and_then(uuid) {
            Some(uuid) => self.put(search, &uuid, entry.content()),
            None => self.is_broken = true,
        }
    }

    fn put(&mut self, search: usize, uuid: &Uuid, content: &[u8]) {
        let (Ok(search), Ok(length)) = (u8::try_from(search), u32::try_from(content.len())) else {
            self.is_broken = true;
            return;
        };
        self.write(&[&[search][..], uuid, &length.to_be_bytes()].concat());
        self.write(content);
    }

    /// All has come.
    pub(super) fn finish(mut self) {
        self.write(&[END]);
        let digest = self.hash.finish128().as_bytes();
        self.write(&digest);
        if self.is_broken {
            tracing::info!("what was read is not kept for the next run");
        } else if let Err(error) = self.file.finish() {
            tracing::info!(%error, "what was read is not kept for the next run");
        }
    }
}

/// An entry that was kept: the number of its search, which it is, and what it was.
type Record<'a> = (usize, Uuid, &'a [u8]);

/// What is kept, taken apart; `None`: it is not whole.
fn apart(bytes: &[u8]) -> Option<(Head, Vec<Record<'_>>)> {
    let (whole, digest) = bytes.split_last_chunk::<16>()?;
    let mut hash = SipHasher13::new();
    hash.write(whole);
    if hash.finish128().as_bytes() != *digest {
        return None;
    }
    let rest = whole.strip_prefix(MAGIC)?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let head: Head = serde_json::from_slice(&rest[..end]).ok()?;
    let mut rest = &rest[end + 1..];
    let mut records = Vec::new();
    loop {
        let (search, behind) = rest.split_first()?;
        if *search == END {
            return behind.is_empty().then_some((head, records));
        }
        let (uuid, behind) = behind.split_first_chunk()?;
        let (length, behind) = behind.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (content, behind) = behind.split_at_checked(length)?;
        records.push((usize::from(*search), *uuid, content));
        rest = behind;
    }
}

/// Begins to keep what these searches will be answered; `None`: the server does not say later what has changed since.
///
/// # Errors
/// When it does not answer.
pub(super) fn begin(
    session: &mut Session,
    searches: Vec<Question>,
    place: &Place<'_>,
) -> Result<Option<Recorder>, Error> {
    let mut known = Vec::new();
    for asked in searches {
        let cookie = asked.with(|request| sync::cookie(session, request.base))?;
        let Some(cookie) = cookie else {
            return Ok(None);
        };
        known.push((asked, hex(&cookie)));
    }
    let head = Head {
        server: place.server.clone(),
        read_at: place.now,
        searches: known,
    };
    Ok(Recorder::begin(place.path, &head))
}

/// Asks what has changed since these searches were answered last, and puts their answers together of that and of what was kept.
/// Says when all was read; `None`: that cannot be done, and all is to be read now.
///
/// # Errors
/// When the server does not answer.
pub(super) fn resume(
    session: &mut Session,
    searches: &[Question],
    place: &Place<'_>,
    oldest: i64,
) -> Result<Option<i64>, Error> {
    let Ok(bytes) = files::read_trusted(place.path, Trust::Secret) else {
        return Ok(None);
    };
    let Some((mut head, records)) = apart(&bytes) else {
        return Ok(None);
    };
    let is_same = head.server == place.server
        && (oldest..=place.now).contains(&head.read_at)
        && head.searches.iter().map(|(asked, _)| asked).eq(searches);
    if !is_same {
        return Ok(None);
    }
    let mut changes = Vec::new();
    for (asked, known) in &mut head.searches {
        let Some(cookie) = self::bytes(known) else {
            return Ok(None);
        };
        let found = asked.with(|request| sync::changes(session, request, &cookie))?;
        let Some(found) = found else {
            tracing::info!("the server does not say what has changed: all is read");
            return Ok(None);
        };
        if let Some(new) = &found.cookie {
            *known = hex(new);
        }
        changes.push(found);
    }
    let recorder = Recorder::begin(place.path, &head);
    Ok(compose(session, searches, (&records, &changes), recorder).then_some(head.read_at))
}

/// Puts the answers together; whether that can be believed.
fn compose(
    session: &mut Session,
    searches: &[Question],
    (records, changes): (&[Record<'_>], &[Changes]),
    mut recorder: Option<Recorder>,
) -> bool {
    let room_for = session.limits().room_for;
    let Some(key) = session.key().copied() else {
        return false;
    };
    for (number, (asked, changes)) in searches.iter().zip(changes).enumerate() {
        let mut composed = Composed::new(&key);
        let mut add = |uuid: &Uuid, content: &[u8]| {
            composed.add(content, room_for);
            if let Some(recorder) = &mut recorder {
                recorder.put(number, uuid, content);
            }
        };
        let (mut all, mut gone) = (0, 0);
        let mut known = BTreeSet::new();
        for (_, uuid, content) in records.iter().filter(|(search, ..)| *search == number) {
            all += 1;
            match changes.of(uuid) {
                Fate::Same => add(uuid, content),
                Fate::Changed(content) => {
                    known.insert(*uuid);
                    add(uuid, content);
                }
                Fate::Gone => gone += 1,
            }
        }
        if gone > ALWAYS.max(all / SHARE) {
            tracing::info!(
                gone,
                all,
                "too many are gone at once to be believed: all is read"
            );
            return false;
        }
        let new = changes.changed().filter(|(uuid, _)| !known.contains(*uuid));
        new.for_each(|(uuid, content)| add(uuid, content));
        tracing::info!(
            base = asked.with(|request| request.base.to_owned()),
            kept = all - gone - known.len(),
            gone,
            changed = changes.changed().count(),
            "read what has changed"
        );
        asked.with(|request| session.compose(request, composed));
    }
    if let Some(recorder) = recorder {
        recorder.finish();
    }
    true
}

/// What `entryUUID` says, 8-4-4-4-12 digits (RFC 4122).
fn uuid(text: &[u8]) -> Option<Uuid> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| *byte != b'-').collect();
    bytes(std::str::from_utf8(&text).ok()?)?.try_into().ok()
}
