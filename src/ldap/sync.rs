//! What has changed since a search was answered: content synchronisation.
//!
//! A server that can be replicated from gives a cookie for what it holds, and says later what has changed since: which entries are
//! new or other ones, and which are gone, or else all that are still there. What it says is only taken apart here; whether it is
//! believed is for whoever asks. Rules: RFC 4533 (2.2 the request, 2.3 the state of an entry, 2.4 the end, 2.5 what is said on the
//! way, 3.3 refreshOnly). That a cookie stands for the whole database, whatever the search is for, is so with OpenLDAP's syncprov,
//! whose cookies name change sequence numbers; other servers refuse the question, or a cookie of another search.

use std::collections::{BTreeMap, BTreeSet};

use super::ber::{ENUMERATED, Reader, SEQUENCE, SET, STRING, Writer};
use super::connect::Session;
use super::error::Error;
use super::filter::Filter;
use super::message::{Message, Says};
use super::question::Request;
use super::request::{Control, Operation, Search};

pub(super) const REQUEST: &str = "1.3.6.1.4.1.4203.1.9.1.1";
const STATE: &str = "1.3.6.1.4.1.4203.1.9.1.2";
pub(super) const DONE: &str = "1.3.6.1.4.1.4203.1.9.1.3";
pub(super) const INFO: &[u8] = b"1.3.6.1.4.1.4203.1.9.1.4";
const REFRESH_ONLY: u32 = 1;

/// States of an entry.
const PRESENT: u32 = 0;
const DELETE: u32 = 3;
/// What is said on the way.
const REFRESH_PRESENT: u8 = 0xa2;
const ID_SET: u8 = 0xa3;

/// A filter that no entry passes.
const NOTHING: &str = "(!(objectClass=*))";

/// What OpenLDAP's cookies have in them.
const SEQUENCE_NUMBER: &[u8] = b"csn=";

/// The `entryUUID` of an entry (RFC 4530).
pub(crate) type Uuid = [u8; 16];

/// What has changed since a cookie.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Entries that are new, or other ones; in the order in which they came.
    order: Vec<Uuid>,
    /// The same with what they are now.
    changed: BTreeMap<Uuid, Vec<u8>>,
    gone: BTreeSet<Uuid>,
    present: BTreeSet<Uuid>,
    /// Whether all are gone that are neither changed nor present.
    is_of_present: bool,
    /// Stands for what the server holds now; `None`: the last one still does.
    pub(crate) cookie: Option<Vec<u8>>,
}

/// What has become of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate<'c> {
    /// Nothing.
    Same,
    /// It is this now.
    Changed(&'c [u8]),
    /// It is gone, or the search does not find it any more.
    Gone,
}

impl Changes {
    /// What has become of an entry that the search found before.
    pub(crate) fn of(&self, uuid: &Uuid) -> Fate<'_> {
        match self.changed.get(uuid) {
            Some(content) => Fate::Changed(content),
            None if self.gone.contains(uuid) => Fate::Gone,
            None if self.is_of_present && !self.present.contains(uuid) => Fate::Gone,
            None => Fate::Same,
        }
    }

    /// All that are new, or other ones.
    pub(crate) fn changed(&self) -> impl Iterator<Item = (&Uuid, &[u8])> {
        let content = |uuid| {
            self.changed
                .get(uuid)
                .map(|content| (uuid, content.as_slice()))
        };
        self.order.iter().filter_map(content)
    }

    /// Whether nothing has changed.
    fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.gone.is_empty() && !self.is_of_present
    }

    fn entry(&mut self, content: &[u8], state: &[u8]) -> Option<()> {
        let (state, uuid) = self::state(state)?;
        match state {
            PRESENT => drop(self.present.insert(uuid)),
            DELETE => drop(self.gone.insert(uuid)),
            _ => {
                if self.changed.insert(uuid, content.to_vec()).is_none() {
                    self.order.push(uuid);
                }
            }
        }
        Some(())
    }

    fn info(&mut self, value: &[u8]) -> Option<()> {
        let (tag, inside) = Reader::new(value).any()?;
        match tag {
            // The end of a phase in which all that is there was named.
            REFRESH_PRESENT => self.is_of_present = true,
            ID_SET => {
                let (is_of_gone, uuids) = id_set(inside)?;
                let set = match is_of_gone {
                    true => &mut self.gone,
                    false => &mut self.present,
                };
                set.extend(uuids);
            }
            // A new cookie, which is only good once all has come; the end of a phase of deletions.
            _ => {}
        }
        Some(())
    }
}

/// A cookie for all that is below `base` now; `None`: the server has none.
///
/// # Errors
/// When it does not answer.
pub(crate) fn cookie(session: &mut Session, base: &str) -> Result<Option<Vec<u8>>, Error> {
    let request = Request::below(base, NOTHING, &["1.1"]);
    let changes = refresh(session, &request, None)?;
    let is_none = |changes: &Changes| changes.changed.is_empty() && changes.present.is_empty();
    let cookie = changes.filter(is_none).and_then(|changes| changes.cookie);
    Ok(cookie.filter(|cookie| contains(cookie, SEQUENCE_NUMBER)))
}

/// Whether nothing that `filter` finds below `base` has changed since the server gave a cookie, nor left, nor come.
///
/// # Errors
/// When it does not answer.
pub(crate) fn is_unchanged(
    session: &mut Session,
    base: &str,
    filter: &str,
    cookie: &[u8],
) -> Result<bool, Error> {
    let request = Request::below(base, filter, &["1.1"]);
    let changes = refresh(session, &request, Some(cookie))?;
    Ok(changes.is_some_and(|changes| changes.is_empty()))
}

/// What has changed of what the search finds since the server gave a cookie; `None`: it does not say, or not so that it could be
/// believed.
///
/// # Errors
/// When it does not answer.
pub(crate) fn changes(
    session: &mut Session,
    request: &Request<'_>,
    cookie: &[u8],
) -> Result<Option<Changes>, Error> {
    refresh(session, request, Some(cookie))
}

fn refresh(
    session: &mut Session,
    request: &Request<'_>,
    cookie: Option<&[u8]>,
) -> Result<Option<Changes>, Error> {
    let filter = Filter::new(request.filter)
        .ok_or_else(|| Error::malformed("the request could not be made: its filter is none"))?;
    let operation = Operation::search(Search {
        base: request.base,
        alone: request.alone,
        filter: &filter,
        attributes: request.attributes,
    });
    let id = session.send(
        &operation,
        &[Control::critical(
            REQUEST,
            self::request(REFRESH_ONLY, cookie),
        )],
    )?;
    let mut changes = Some(Changes::default());
    loop {
        let message = session.receive(id)?;
        if let Says::Result(answer) = message.says {
            let end = message.control(DONE).flatten().and_then(done);
            let whole = changes.filter(|_| answer.code == 0);
            return Ok(whole.zip(end).and_then(|(changes, end)| changes.end(end)));
        }
        // What does not fit is read to its end all the same: the connection is still of use.
        changes = changes.and_then(|changes| changes.with(&message));
    }
}

/// syncRequestValue (RFC 4533, 2.2); `how`: whether the search ends.
pub(super) fn request(how: u32, cookie: Option<&[u8]>) -> Vec<u8> {
    let mut value = Writer::default();
    value.nested(SEQUENCE, |out| {
        out.number(ENUMERATED, how);
        if let Some(cookie) = cookie {
            out.string(cookie);
        }
    });
    value.into_bytes()
}

/// syncDoneValue (RFC 4533, 2.4): the cookie, and whether whatever is gone was named.
pub(super) fn done(value: &[u8]) -> Option<(Option<Vec<u8>>, bool)> {
    let mut outer = Reader::new(value);
    let mut parts = outer.sequence().filter(|_| outer.is_empty())?;
    let cookie = parts.optional(STRING)?.map(<[u8]>::to_vec);
    Some((cookie, parts.truth()?))
}

impl Changes {
    /// The same with what one more message says; `None`: that is not as it is to be.
    pub(super) fn with(mut self, message: &Message<'_>) -> Option<Self> {
        match message.says {
            Says::Entry(content) => self.entry(content, message.control(STATE).flatten()?)?,
            Says::Intermediate(said) if said.name == INFO => self.info(said.value)?,
            Says::Intermediate(_) => {}
            // A part of the answer is at another server.
            Says::Reference(_) | Says::Result(_) => return None,
        }
        Some(self)
    }

    /// All of it; `None`: the server knows nothing of the cookie any more, and says so by an empty one.
    pub(super) fn end(self, (cookie, has_deletions): (Option<Vec<u8>>, bool)) -> Option<Self> {
        if cookie.as_ref().is_some_and(Vec::is_empty) {
            return None;
        }
        Some(Self {
            is_of_present: self.is_of_present || !has_deletions,
            cookie,
            ..self
        })
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// syncStateValue (RFC 4533, 2.3): the state of an entry, and which one it is.
fn state(value: &[u8]) -> Option<(u32, Uuid)> {
    let mut parts = Reader::new(value).sequence()?;
    let state = parts.number(ENUMERATED)?;
    Some((state, parts.string()?.try_into().ok()?))
}

/// syncIdSet (RFC 4533, 2.5): whether these are gone, and which.
fn id_set(inside: &[u8]) -> Option<(bool, Vec<Uuid>)> {
    let mut parts = Reader::new(inside);
    let _cookie = parts.optional(STRING)?;
    let is_of_gone = parts.truth()?;
    let mut set = Reader::new(parts.tagged(SET)?);
    let mut uuids = Vec::new();
    while !set.is_empty() {
        uuids.push(set.string()?.try_into().ok()?);
    }
    Some((is_of_gone, uuids))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_request_and_its_end_are_their_bytes() {
        assert_eq!(request(REFRESH_ONLY, None), b"\x30\x03\x0a\x01\x01");
        assert_eq!(request(3, Some(b"ab")), b"\x30\x07\x0a\x01\x03\x04\x02ab");
        let ab = Some(b"ab".to_vec());
        assert_eq!(done(b"\x30\x04\x04\x02ab"), Some((ab.clone(), false)));
        assert_eq!(done(b"\x30\x07\x04\x02ab\x01\x01\xff"), Some((ab, true)));
        assert_eq!(done(b"\x30\x00"), Some((None, false)));
        assert_eq!(done(b"\x30\x03\x01\x01\xff"), Some((None, true)));
        for odd in [
            &b""[..],
            b"\x30\x03\x01\x02\xff",
            b"\x30\x04\x04\x02a",
            b"\x30\x04\x04\x02ab\x00",
        ] {
            assert_eq!(done(odd), None, "{odd:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_stop_the_program(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            done(&bytes);
            state(&bytes);
            id_set(&bytes);
            Changes::default().info(&bytes);
        }
    }
}
