//! What has changed since a search was answered: content synchronisation.
//!
//! A server that can be replicated from gives a cookie for what it holds, and says later what has changed since: which entries are
//! new or other ones, and which are gone, or else all that are still there. What it says is only taken apart here; what of it is
//! believed depends on the server, and is for `since`. Rules: RFC 4533 (2.2 the request, 2.3 the state of an entry, 2.4 the end,
//! 2.5 what is said on the way, 3.3 refreshOnly).

use std::collections::{BTreeMap, BTreeSet};

use super::ber::{ENUMERATED, Reader, SEQUENCE, SET, STRING, Writer};
use super::connect::Session;
use super::error::Error;
use super::message::{Message, Says};
use super::question::Request;
use super::request::{Control, Operation, SYNC};
use crate::model::{Fate, unhex};

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

/// Which entry it is: what `entryUUID` (RFC 4530) or its like says.
pub(crate) type Uuid = [u8; 16];

/// What it means that an answer does not name an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absence {
    /// That it is gone, where the server says that it has named what is there instead of what is gone (refreshDeletes, and the
    /// phase of what is present).
    AsSaid,
    /// Nothing, whatever the server says: it names what is gone, and nothing else.
    Nothing,
}

/// An entry as a search found it at an earlier time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'r> {
    /// Which entry it is.
    pub(crate) uuid: Uuid,
    /// What it was.
    pub(crate) content: &'r [u8],
}

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

impl Changes {
    /// These are what is said now, and those are gone.
    pub(crate) fn new(changed: Vec<(Uuid, Vec<u8>)>, gone: BTreeSet<Uuid>) -> Self {
        Self {
            order: changed.iter().map(|(uuid, _)| *uuid).collect(),
            changed: changed.into_iter().collect(),
            gone,
            ..Self::default()
        }
    }

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

    /// Those that were said to be gone.
    pub(crate) fn gone(&self) -> &BTreeSet<Uuid> {
        &self.gone
    }

    /// Whether nothing has changed.
    pub(crate) fn is_empty(&self) -> bool {
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

/// A cookie for what `filter` finds below `base` now; `None`: the server has none. Nothing but the base is looked at for it.
///
/// # Errors
/// When it does not answer.
pub(crate) fn cookie(
    session: &mut Session,
    base: &str,
    filter: &str,
) -> Result<Option<Vec<u8>>, Error> {
    // Cookies hang on the base and the filter, if on anything, and not on how far below the base is looked.
    let request = Request::alone(base, filter, &["1.1"]);
    let changes = refresh(session, &request, None, Absence::AsSaid)?;
    Ok(changes.and_then(|changes| changes.cookie))
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
    absence: Absence,
) -> Result<Option<Changes>, Error> {
    refresh(session, request, Some(cookie), absence)
}

fn refresh(
    session: &mut Session,
    request: &Request<'_>,
    cookie: Option<&[u8]>,
    absence: Absence,
) -> Result<Option<Changes>, Error> {
    let operation = Operation::search(request)?;
    let control = Control::critical(SYNC, self::request(REFRESH_ONLY, cookie));
    let controls = [control];
    session.log(request, &controls);
    let id = session.send(&operation, &controls)?;
    let mut changes = Some(Changes::default());
    loop {
        let message = session.receive(id)?;
        if let Says::Result(answer) = message.says {
            let end = message.control(DONE).flatten().and_then(done);
            let whole = changes.filter(|_| answer.code == 0);
            let whole = whole.zip(end);
            return Ok(whole.and_then(|(changes, end)| changes.end(end, absence)));
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

    /// All of it; `None`: the server knows nothing of the cookie any more, and says so by an empty one, or it says what it
    /// never says.
    pub(super) fn end(
        self,
        (cookie, has_deletions): (Option<Vec<u8>>, bool),
        absence: Absence,
    ) -> Option<Self> {
        let is_odd =
            absence == Absence::Nothing && (self.is_of_present || !self.present.is_empty());
        if is_odd || cookie.as_ref().is_some_and(Vec::is_empty) {
            return None;
        }
        let is_of_present = absence == Absence::AsSaid && (self.is_of_present || !has_deletions);
        Some(Self {
            is_of_present,
            cookie,
            ..self
        })
    }
}

/// What `entryUUID`, 8-4-4-4-12 digits (RFC 4122), `nsUniqueId`, 8-8-8-8 of them, or `objectGUID`, the bytes themselves, says.
pub(crate) fn uuid(value: &[u8]) -> Option<Uuid> {
    if let Ok(bytes) = value.try_into() {
        return Some(bytes);
    }
    let text: Vec<u8> = value.iter().copied().filter(|byte| *byte != b'-').collect();
    unhex(std::str::from_utf8(&text).ok()?)?.try_into().ok()
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

    #[test]
    fn a_server_that_names_what_is_gone_removes_nobody_by_saying_nothing_of_them() {
        let (kept, gone) = ([1; 16], [2; 16]);
        let told = || Changes::new(Vec::new(), [gone].into());
        let end = || (Some(b"x".to_vec()), false);
        let told_by_389 = told().end(end(), Absence::Nothing).unwrap();
        assert_eq!(told_by_389.of(&kept), Fate::Same);
        assert_eq!(told_by_389.of(&gone), Fate::Gone);
        let told_as_said = told().end(end(), Absence::AsSaid).unwrap();
        assert_eq!(told_as_said.of(&kept), Fate::Gone);

        let mut present = told();
        present.present.insert(kept);
        assert!(present.end(end(), Absence::Nothing).is_none());
        let mut phase = told();
        assert!(phase.info(b"\xa2\x00").is_some());
        assert!(phase.end(end(), Absence::Nothing).is_none());
    }

    #[test]
    fn all_kinds_of_names_are_the_same_bytes() {
        let of_389 = uuid(b"36fbfd15-ecd111f1-923bb092-643ade3c");
        assert!(of_389.is_some());
        assert_eq!(uuid(b"36fbfd15-ecd1-11f1-923b-b092643ade3c"), of_389);
        assert_eq!(uuid(b"36fbfd15"), None);
        assert_eq!(uuid(b"0123456789abcdef"), Some(*b"0123456789abcdef"));
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
