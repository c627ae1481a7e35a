//! What an LDAP server says has changed since the searches that a read begins with were answered last.
//!
//! What is kept is of use for one server and one set of searches only: with each search goes a cookie that the server gave before
//! it was made. Whatever does not fit, or takes away more than can be believed, leads to a read of everything in the same run: a
//! phase of names that are still there can come short. What of a server's word is believed at all is for `ldap::since`; how it is
//! kept, for `kept`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::ldap::Error;
use crate::ldap::connect::Session;
use crate::ldap::entry::Entry;
use crate::ldap::search::Request;
use crate::ldap::since::Since;
use crate::ldap::sync::{self, Changes};
use crate::ldap::tape::{Composed, Parts, Question};
use crate::model::Fate;
use crate::providers::kept::{self, Record};

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
    kept: kept::Recorder,
}

impl Recorder {
    fn begin(path: &Path, head: &Head) -> Option<Self> {
        Some(Self {
            searches: head.searches.clone(),
            uuid: head.since.uuid(),
            kept: kept::Recorder::begin(path, head)?,
        })
    }

    /// One entry that one of the searches found; others are not kept.
    pub(super) fn add(&mut self, request: &Request<'_>, entry: &Entry<'_>) {
        let Some(search) = self.searches.iter().position(|asked| asked.is(request)) else {
            return;
        };
        match entry.only(self.uuid).and_then(sync::uuid) {
            Some(uuid) => self.kept.put(search, &uuid, entry.content()),
            None => self.kept.spoil(),
        }
    }

    /// All has come.
    pub(super) fn finish(self) {
        self.kept.finish();
    }
}

/// Begins to keep what these searches will be answered; `None`: the server does not say later what has changed since. `plain`: the
/// same without the attribute that says which entry it is.
///
/// # Errors
/// When it does not answer.
pub(super) fn begin(
    session: &mut Session,
    searches: &Searches<'_>,
    plain: &[Question],
    place: &Place<'_>,
) -> Result<Option<Recorder>, Error> {
    let parts: Vec<Parts<'_>> = plain.iter().map(Question::parts).collect();
    let requests: Vec<Request<'_>> = parts.iter().map(Parts::request).collect();
    let Some(since) = Since::now(session, &requests)? else {
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
    let bytes = kept::load(place.path).unwrap_or_default();
    let Some((mut head, records)) = kept::apart::<Head>(&bytes) else {
        return Ok(None);
    };
    let uuid = head.since.uuid();
    let is_same = head.server == place.server
        && (oldest..=place.now).contains(&head.read_at)
        && head.searches == searches(uuid);
    if !is_same {
        return Ok(None);
    }
    let changes = asked(session, &head.searches, &head.since, &records)?;
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
    records: &[Record<'_>],
) -> Result<Option<(Vec<Changes>, Since)>, Error> {
    let requests: Vec<Parts<'_>> = searches.iter().map(Question::parts).collect();
    let requests: Vec<Request<'_>> = requests.iter().map(Parts::request).collect();
    // One whose key is none was not kept by this.
    let Some(before) = records.iter().map(entry).collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    since.changes(session, &requests, &before)
}

/// What was kept, as the entry that it was.
fn entry<'r>(record: &Record<'r>) -> Option<sync::Record<'r>> {
    Some(sync::Record {
        uuid: record.key.try_into().ok()?,
        content: record.content,
    })
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
        let mut add = |uuid: &[u8], content: &[u8]| {
            composed.add(content, room_for);
            if let Some(recorder) = &mut recorder {
                recorder.kept.put(number, uuid, content);
            }
        };
        let of_search = records.iter().filter(|record| record.part == number);
        let tally = kept::merge(
            of_search,
            |key| fate(changes, key),
            changed(changes),
            &mut add,
        );
        if !tally.is_believable() {
            tracing::info!(
                ?tally,
                "too many are gone at once to be believed: all is read"
            );
            return false;
        }
        tracing::info!(
            base = asked.with(|request| request.base.to_owned()),
            ?tally,
            "read what has changed"
        );
        asked.with(|request| session.compose(request, composed));
    }
    if let Some(recorder) = recorder {
        recorder.finish();
    }
    true
}

/// What has become of an entry that was kept. One that has no name of its own is none of ours.
pub(super) fn fate<'c>(changes: &'c Changes, key: &[u8]) -> Fate<'c> {
    match key.try_into() {
        Ok(uuid) => changes.of(uuid),
        Err(_) => Fate::Gone,
    }
}

/// All that are new, or other ones.
pub(super) fn changed(changes: &Changes) -> impl Iterator<Item = (&[u8], &[u8])> {
    let changed = changes.changed();
    changed.map(|(uuid, content)| (uuid.as_slice(), content))
}
