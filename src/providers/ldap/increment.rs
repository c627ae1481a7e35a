//! All that a read was answered, kept in a file: the next read asks only for what has changed since, and has the rest from there.
//!
//! The file holds the searches that a read begins with, a cookie for each that the server gave before it was made, and every entry
//! as it came. It is whole or of no use, is of use for one server and one set of searches only, and nothing is lost with it. What
//! comes of it goes the way of any other answer: plans are made of all people and groups, never of changes. Whatever does not fit,
//! or takes away more than can be believed, leads to a read of everything in the same run: a phase of names that are still there
//! can come short. What of a server's word is believed at all is for `ldap::since`.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128 as _, SipHasher13};
use std::hash::Hasher as _;

use crate::ldap::Error;
use crate::ldap::connect::Session;
use crate::ldap::entry::Entry;
use crate::ldap::search::Request;
use crate::ldap::since::Since;
use crate::ldap::sync::{self, Changes, Fate, Uuid};
use crate::ldap::tape::{Composed, Parts, Question};
use crate::system::files::{self, NewPrivate, Trust};

const MAGIC: &[u8] = b"gosync-reading-2\n";

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
    searches: Vec<Question>,
    since: Since,
}

/// The searches that a read begins with, as they are where this attribute says which entry it is.
pub(super) type Searches<'s> = dyn Fn(&'static str) -> Vec<Question> + 's;

/// Writes what a read is answered, as it comes.
pub(super) struct Recorder {
    searches: Vec<Question>,
    /// The attribute that says which entry it is.
    pub(super) uuid: &'static str,
    file: NewPrivate,
    hash: SipHasher13,
    /// Something could not be kept: then nothing is.
    is_broken: bool,
}

impl Recorder {
    fn begin(path: &Path, head: &Head) -> Option<Self> {
        let mut text = serde_json::to_vec(head).ok()?;
        text.push(b'\n');
        let mut recorder = Self {
            searches: head.searches.clone(),
            uuid: head.since.uuid(),
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
        match entry.only(self.uuid).and_then(sync::uuid) {
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

/// Begins to keep what these searches, below these bases, will be answered; `None`: the server does not say later what has changed
/// since.
///
/// # Errors
/// When it does not answer.
pub(super) fn begin(
    session: &mut Session,
    searches: &Searches<'_>,
    bases: &[&str],
    place: &Place<'_>,
) -> Result<Option<Recorder>, Error> {
    let Some(since) = Since::now(session, bases)? else {
        return Ok(None);
    };
    let head = Head {
        server: place.server.clone(),
        read_at: place.now,
        searches: searches(since.uuid()),
        since,
    };
    Ok(Recorder::begin(place.path, &head))
}

/// What was read at an earlier time is at hand as if it had been answered now.
pub(super) struct Resumed {
    /// When all was read, in seconds since 1970.
    pub(super) read_at: i64,
    /// The attribute that says which entry it is.
    pub(super) uuid: &'static str,
}

/// Asks what has changed since these searches were answered last, and puts their answers together of that and of what was kept.
/// `None`: that cannot be done, and all is to be read now.
///
/// # Errors
/// When the server does not answer.
pub(super) fn resume(
    session: &mut Session,
    searches: &Searches<'_>,
    place: &Place<'_>,
    oldest: i64,
) -> Result<Option<Resumed>, Error> {
    let Ok(bytes) = files::read_trusted(place.path, Trust::Secret) else {
        return Ok(None);
    };
    let Some((mut head, records)) = apart(&bytes) else {
        return Ok(None);
    };
    let uuid = head.since.uuid();
    let is_same = head.server == place.server
        && (oldest..=place.now).contains(&head.read_at)
        && head.searches == searches(uuid);
    if !is_same {
        return Ok(None);
    }
    let is_known = |wanted: &Uuid| records.iter().any(|(_, uuid, _)| uuid == wanted);
    let changes = asked(session, &head.searches, &head.since, &is_known)?;
    let Some((changes, since)) = changes else {
        tracing::info!("the server does not say what has changed: all is read");
        return Ok(None);
    };
    head.since = since;
    let recorder = Recorder::begin(place.path, &head);
    let is_whole = compose(session, &head.searches, (&records, &changes), recorder);
    let read_at = head.read_at;
    Ok(is_whole.then_some(Resumed { read_at, uuid }))
}

/// Asks what has changed of what these searches find.
fn asked(
    session: &mut Session,
    searches: &[Question],
    since: &Since,
    is_known: &dyn Fn(&Uuid) -> bool,
) -> Result<Option<(Vec<Changes>, Since)>, Error> {
    let requests: Vec<Parts<'_>> = searches.iter().map(Question::parts).collect();
    let requests: Vec<Request<'_>> = requests.iter().map(Parts::request).collect();
    since.changes(session, &requests, is_known)
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
