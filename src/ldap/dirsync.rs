//! What has changed in a naming context, as Active Directory and Samba tell it: DirSync.
//!
//! A server gives a cookie for what a naming context holds, and names later every entry of which one of the attributes asked for
//! has changed since, tombstones among them, with those values and with what it is (`objectGUID`). What it says is only taken
//! apart here; what of it is believed is for `active_directory`. Rules: MS-ADTS 3.1.1.3.4.1.3 (LDAP_SERVER_DIRSYNC_OID),
//! 3.1.1.3.4.1.14 (LDAP_SERVER_SHOW_DELETED_OID).

use serde::{Deserialize, Serialize};

use super::ber::{INTEGER, Reader, SEQUENCE, Writer};
use super::connect::Session;
use super::entry::Entry;
use super::error::Error;
use super::message::Says;
use super::question::Request;
use super::request::{Control, Operation, PAGED};
use super::sync::{self, Uuid};

/// The control of request and answer.
pub(super) const CONTROL: &str = "1.2.840.113556.1.4.841";
const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";

/// The attribute that says which entry it is.
pub(super) const UUID: &str = "objectGUID";
/// Changes by every change of a name, and of the entry above.
const NAME: &str = "name";
/// Is given once, when an entry is made.
const MADE: &str = "whenCreated";
const DELETED: &str = "isDeleted";
/// What is asked for in any case: by it is known what has become of an entry.
pub(super) const SIGNS: [&str; 3] = [NAME, MADE, DELETED];

/// Of an attribute that names other entries, only what has come and gone is sent. The number is negative: clients of Windows have
/// always written it in four bytes.
const INCREMENTAL_VALUES: u32 = 0x8000_0000;
/// What we may not see is left out.
const OBJECT_SECURITY: u32 = 1;
/// How much comes in one piece of an answer; Samba sends all in one.
const PIECE: u32 = 4 << 20;
/// More pieces than any answer has. Windows looks at the whole naming context for a first cookie, some of it at a time.
const MOST_PIECES: usize = 10_000;
/// Stands in the name of a tombstone.
const TOMBSTONE: &str = "\\0adel:";

/// By which right we are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Rights {
    /// That to replicate the naming context (DS-Replication-Get-Changes).
    Replication,
    /// Those that we have to the entries themselves.
    Own,
}

impl Rights {
    fn flags(self) -> u32 {
        match self {
            Self::Replication => INCREMENTAL_VALUES,
            Self::Own => INCREMENTAL_VALUES | OBJECT_SECURITY,
        }
    }
}

/// What is said of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// Which one it is.
    pub(super) uuid: Uuid,
    /// Its name now.
    pub(super) dn: String,
    /// It was made since then.
    pub(super) is_new: bool,
    /// Its name is another one, or it lies elsewhere; or it is new.
    pub(super) is_named: bool,
    /// It is a tombstone. Whoever may not see it is shown no name of it.
    pub(super) is_deleted: bool,
}

impl Told {
    pub(super) fn new(entry: &Entry<'_>) -> Option<Self> {
        let is_deleted = entry.only(DELETED).is_some_and(|value| value == b"TRUE");
        Some(Self {
            uuid: entry.only(UUID).and_then(sync::uuid)?,
            dn: entry.dn.clone().into_owned(),
            is_new: entry.has(MADE),
            is_named: entry.has(NAME),
            is_deleted: is_deleted
                || entry.dn.is_empty()
                || entry.dn.to_ascii_lowercase().contains(TOMBSTONE),
        })
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    /// The naming context.
    pub(super) context: &'a str,
    /// Which entries are named.
    pub(super) filter: &'a str,
    /// Changes of which attributes.
    pub(super) attributes: &'a [&'a str],
    /// By which right.
    pub(super) rights: Rights,
}

/// What has changed since a cookie.
#[derive(Debug)]
pub(super) struct Since {
    /// Which entries, and how.
    pub(super) told: Vec<Told>,
    /// Stands for what the server holds now.
    pub(super) cookie: Vec<u8>,
}

/// Asks what has changed since the server gave a cookie, or since ever, and for another cookie. `None`: it refuses, or says what it
/// should not, or that there are more than `most`.
///
/// # Errors
/// When it does not answer.
pub(super) fn changes(
    session: &mut Session,
    ask: Ask<'_>,
    cookie: &[u8],
    most: usize,
) -> Result<Option<Since>, Error> {
    let (mut told, mut cookie) = (Vec::new(), cookie.to_vec());
    for _ in 0..MOST_PIECES {
        let mut take = |one| {
            // One more than is looked at is enough to know that they are too many.
            if told.len() <= most {
                told.push(one);
            }
        };
        let Some((next, has_more)) = piece(session, ask, &cookie, &mut take)? else {
            return Ok(None);
        };
        let is_stuck = has_more && next == cookie;
        if next.is_empty() || is_stuck || told.len() > most {
            return Ok(None);
        }
        if !has_more {
            return Ok(Some(Since { told, cookie: next }));
        }
        cookie = next;
    }
    Ok(None)
}

/// One piece of an answer: the next cookie, and whether there is more.
fn piece(
    session: &mut Session,
    ask: Ask<'_>,
    cookie: &[u8],
    take: &mut dyn FnMut(Told),
) -> Result<Option<(Vec<u8>, bool)>, Error> {
    let control = Control::critical(CONTROL, request(ask.rights, cookie));
    let most = session.limits().values();
    let mut is_odd = false;
    let search = (ask.context, ask.filter, ask.attributes);
    let answer = exchange(session, search, &[control], &mut |content| {
        let entry = Entry::new(content, most).ok();
        match entry.as_ref().and_then(Told::new) {
            Some(told) => take(told),
            None => is_odd = true,
        }
    })?;
    let answer = answer.filter(|_| !is_odd);
    Ok(answer.as_deref().and_then(response))
}

/// Whether we see what was deleted, which is known by one tombstone that we see.
///
/// # Errors
/// When the server does not answer.
pub(super) fn sees_tombstones(session: &mut Session, context: &str) -> Result<bool, Error> {
    let base = format!("CN=Deleted Objects,{context}");
    // The folder itself counts as deleted, too.
    let controls = [Control::needed(SHOW_DELETED), Control::page(PAGED, 2, b"")];
    let mut sees = false;
    let search = (base.as_str(), "(isDeleted=TRUE)", &["1.1"][..]);
    exchange(session, search, &controls, &mut |content| {
        let name = super::entry::name(content).to_ascii_lowercase();
        sees |= name.contains(TOMBSTONE);
    })?;
    Ok(sees)
}

/// Makes a search; gives the value of the DirSync control at its end, if it ended well. References to other naming contexts are
/// passed over.
fn exchange(
    session: &mut Session,
    (base, filter, attributes): (&str, &str, &[&str]),
    controls: &[Control],
    take: &mut dyn FnMut(&[u8]),
) -> Result<Option<Vec<u8>>, Error> {
    let request = Request::below(base, filter, attributes);
    let operation = Operation::search(&request)?;
    session.log(&request, controls);
    let id = session.send(&operation, controls)?;
    loop {
        let message = session.receive(id)?;
        match message.says {
            Says::Entry(content) => take(content),
            Says::Reference(_) | Says::Intermediate(_) => {}
            Says::Result(answer) => {
                let value = message.control(CONTROL).flatten();
                let value = value.filter(|_| answer.code == 0);
                return Ok(value.map(<[u8]>::to_vec));
            }
        }
    }
}

/// DirSyncRequestValue.
fn request(rights: Rights, cookie: &[u8]) -> Vec<u8> {
    let mut value = Writer::default();
    value.nested(SEQUENCE, |out| {
        out.bytes(INTEGER, &rights.flags().to_be_bytes());
        out.number(INTEGER, PIECE);
        out.string(cookie);
    });
    value.into_bytes()
}

/// DirSyncResponseValue: the next cookie, and whether there is more.
pub(super) fn response(value: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut outer = Reader::new(value);
    let mut parts = outer.sequence().filter(|_| outer.is_empty())?;
    let has_more = parts.tagged(INTEGER)?.iter().any(|byte| *byte != 0);
    parts.tagged(INTEGER)?;
    Some((parts.string()?.to_vec(), has_more))
}

#[cfg(test)]
mod tests {
    use super::super::entry::sample;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_request_and_its_answer_are_their_bytes() {
        assert_eq!(
            request(Rights::Own, b"ab"),
            b"\x30\x0f\x02\x04\x80\x00\x00\x01\x02\x03\x40\x00\x00\x04\x02ab"
        );
        let response = |bytes: &[u8]| response(bytes);
        assert_eq!(
            response(b"\x30\x0a\x02\x01\x00\x02\x01\x00\x04\x02ab"),
            Some((b"ab".to_vec(), false))
        );
        assert_eq!(
            response(b"\x30\x0a\x02\x01\x01\x02\x01\x00\x04\x02ab"),
            Some((b"ab".to_vec(), true))
        );
        assert_eq!(response(b"\x30\x06\x02\x01\x00\x02\x01\x00"), None);
        assert_eq!(
            response(b"\x30\x0a\x02\x01\x00\x02\x01\x00\x04\x02ab\x00"),
            None
        );
    }

    #[test]
    fn what_has_become_of_an_entry_is_told_by_what_came_of_it() {
        let id: &[&[u8]] = &[b"0123456789abcdef"];
        let told = |dn: &str, more: &[(&str, &[&[u8]])]| {
            Told::new(&sample(dn, &[&[(UUID, id)], more].concat()))
        };
        let changed = told("cn=a,dc=x", &[("mail", &[])]).unwrap();
        assert_eq!(changed.uuid, *b"0123456789abcdef");
        assert!(!changed.is_new && !changed.is_named && !changed.is_deleted);
        let new = told("cn=a,dc=x", &[("name", &[b"a"]), ("whenCreated", &[b"1"])]);
        assert!(new.is_some_and(|new| new.is_new && new.is_named));
        for (dn, sign) in [
            ("cn=a", &b"TRUE"[..]),
            ("cn=a\\0ADEL:1,cn=x", b""),
            ("", b""),
        ] {
            assert!(told(dn, &[("isDeleted", &[sign])]).unwrap().is_deleted);
        }
        assert_eq!(Told::new(&sample("cn=a", &[("mail", &[b"a"])])), None);
        assert_eq!(Told::new(&sample("cn=a", &[(UUID, &[b"a"])])), None);
    }

    proptest! {
        #[test]
        fn no_answer_stops_the_program(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            response(&bytes);
        }
    }
}
