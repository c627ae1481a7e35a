//! Bytes that a server may send, filters and names: given to their readers, for `crate::fuzzing`.

use std::io::Write as _;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::ber::{INTEGER, Reader, SEQUENCE, SET, Writer};
use super::connect::Session;
use super::dirsync::{self, Told};
use super::dn::{escaped, first, is_under, normalise, without_bits};
use super::entry::Entry;
use super::filter::{Filter, any_bytes, any_name};
use super::limits::{self, Limits};
use super::message::{self, Message, Says};
use super::question::{Outcome, Request};
use super::since::Since;
use super::socket::{self, Socket};
use super::sync::{self, Absence, Changes};
use super::tape::{Composed, Digest, Tape};
use crate::model::Fate;

/// The control of RFC 2696.
const PAGED: &str = "1.2.840.113556.1.4.319";

const LIMITS: Limits = Limits {
    message: 1 << 20,
    read: 1 << 30,
    room_for: |_| Ok(()),
};

/// The messages that stand one after the other, as on a connection.
fn stream(mut bytes: &[u8]) -> Vec<Message<'_>> {
    let mut found = Vec::new();
    while let Ok(Some(length)) = limits::length(bytes, &LIMITS)
        && let Some((one, rest)) = bytes.split_at_checked(length)
        && let Some(message) = Message::new(one)
    {
        assert_eq!(message::id(one), Some(message.id));
        found.push(message);
        bytes = rest;
    }
    found
}

/// The entries among the messages that stand one after the other.
pub(crate) fn entries(bytes: &[u8]) -> Vec<Entry<'_>> {
    let mut found = Vec::new();
    for message in stream(bytes) {
        if let Says::Entry(content) = message.says {
            found.extend(Entry::new(content, LIMITS.values()).ok());
        }
    }
    found
}

/// Messages with their controls.
pub(crate) fn messages(bytes: &[u8]) {
    let messages = stream(bytes);
    refresh(&messages);
    for message in messages {
        if let Some(Some(control)) = message.control(PAGED) {
            let _ = message::cookie(control);
        }
        if let Some(Some(control)) = message.control(dirsync::CONTROL) {
            let _ = dirsync::response(control);
        }
        match message.says {
            Says::Entry(content) => {
                if let Ok(entry) = Entry::new(content, LIMITS.values()) {
                    written_again(&entry);
                    let _ = Told::new(&entry);
                }
            }
            Says::Reference(all) => assert!(!message::addresses(all).is_empty()),
            Says::Intermediate(_) => {}
            Says::Result(answer) => {
                let _ = (answer.words(), answer.referral().map(message::addresses));
            }
        }
    }
    let _ = (
        message::cookie(bytes),
        sync::done(bytes),
        dirsync::response(bytes),
    );
}

/// What the messages up to the first result say of what has changed.
fn refresh(messages: &[Message<'_>]) {
    for absence in [Absence::AsSaid, Absence::Nothing] {
        refresh_by(messages, absence);
    }
}

fn refresh_by(messages: &[Message<'_>], absence: Absence) {
    let whole = told(messages, absence);
    for (uuid, content) in whole.iter().flat_map(Changes::changed) {
        let fate = whole.as_ref().map(|changes| changes.of(uuid));
        assert_eq!(fate, Some(Fate::Changed(content)));
    }
}

/// What the messages up to the first result say has changed, if that can be believed.
fn told(messages: &[Message<'_>], absence: Absence) -> Option<Changes> {
    let mut changes = Some(Changes::default());
    for message in messages {
        let Says::Result(_) = message.says else {
            changes = changes.and_then(|changes| changes.with(message));
            continue;
        };
        let end = message.control(sync::DONE).flatten().and_then(sync::done);
        let (changes, end) = changes.zip(end)?;
        return changes.end(end, absence);
    }
    None
}

/// What bytes of a server say has changed.
pub(crate) fn changes(bytes: &[u8]) -> Option<Changes> {
    told(&stream(bytes), Absence::AsSaid)
}

/// What is put together is given as it was, and is known by the digest that it would have if it came from the server.
pub(crate) fn composed(entries: &[&[u8]]) {
    let key = [7; 16];
    let request = Request::below("dc=x", "(a=*)", &["a"]);
    let (mut made, mut heard) = (Composed::new(&key), Digest::new(&key));
    for entry in entries {
        made.add(entry, |_| Ok(()));
        heard.add(entry);
    }
    let mut tape = Tape::new(key);
    tape.keep(&request, made.end(&request));
    let outcome = Outcome {
        entries: entries.len(),
        ..Outcome::default()
    };
    assert_eq!(tape.digest(&request), heard.end(&request, &outcome));
    let Some(kept) = tape.kept(&request) else {
        panic!("it was kept")
    };
    let mut given = Vec::new();
    let (outcome, broken) = kept.give(&mut |content| {
        given.push(content.to_vec());
        Ok(())
    });
    assert!(broken.is_none() && outcome.entries == entries.len());
    assert!(given.iter().eq(entries.iter()));
}

/// How much fits into a connection whose other end reads nothing.
const UNREAD: usize = 64 << 10;

/// A connection on which the server has said all that it will ever say: the messages in these bytes, and then whatever is left of
/// them. Each result ends the answer to one question. The other end takes what is asked, and has to be there.
fn said(bytes: &[u8]) -> (Session, UnixStream) {
    let Ok((near, mut far)) = UnixStream::pair() else {
        panic!("no pair of sockets can be had")
    };
    let (mut id, mut rest, mut answers) = (1, bytes, Vec::new());
    while let Ok(Some(length)) = limits::length(rest, &LIMITS)
        && let Some((one, behind)) = rest.split_at_checked(length)
        && let Some(message) = Message::new(one)
    {
        answers.extend(numbered(one, id));
        id += u32::from(matches!(message.says, Says::Result(_)));
        rest = behind;
    }
    answers.extend(rest);
    answers.truncate(UNREAD);
    let sent = far.write_all(&answers);
    assert!(sent.is_ok() && far.shutdown(Shutdown::Write).is_ok());
    let socket = Socket::of(near, socket::after(Duration::from_secs(60)));
    (Session::over(socket, LIMITS), far)
}

/// The same message as the answer to another question.
fn numbered(message: &[u8], id: u32) -> Vec<u8> {
    let mut outer = Reader::new(message);
    let mut out = Writer::default();
    if let Some(mut inside) = outer.sequence() {
        let _ = inside.number(INTEGER);
        out.nested(SEQUENCE, |out| {
            out.number(INTEGER, id);
            while let Some((tag, content)) = inside.any() {
                out.bytes(tag, content);
            }
        });
    }
    out.into_bytes()
}

/// Entries of all ids that the server could speak of in these bytes: any sixteen of them.
fn known(bytes: &[u8]) -> Vec<sync::Record<'static>> {
    let of = |uuid: &[u8; 16]| sync::Record {
        uuid: *uuid,
        content: b"",
    };
    bytes.array_windows::<16>().map(of).collect()
}

/// What a server was known by stands in the first line; behind it what the server says now.
pub(crate) fn since(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (first, rest) = bytes.split_at(end.unwrap_or(0));
    let rest = rest.get(1..).unwrap_or_default();
    let bases = ["ou=people,dc=x", "ou=groups,dc=x"];
    let requests = bases.map(|base| Request::below(base, "(a=*)", &["a"]));
    let again = |since: &Since| {
        let text = serde_json::to_string(since).unwrap_or_default();
        serde_json::from_str::<Since>(&text).ok()
    };
    if let Ok(Some(now)) = Since::now(&mut said(rest).0, &requests) {
        assert_eq!(again(&now).as_ref(), Some(&now));
    }
    let Ok(since) = serde_json::from_slice::<Since>(first) else {
        return;
    };
    assert_eq!(again(&since).as_ref(), Some(&since));
    let is_unmoved = since.is_unmoved(&mut said(rest).0, &requests);
    let mut known = known(rest);
    known.retain(|record| record.uuid[0] != 0);
    let told = since.changes(&mut said(rest).0, &requests, &known);
    if let Ok(Some((changes, now))) = told {
        assert_eq!(changes.len(), requests.len());
        assert_eq!(again(&now).as_ref(), Some(&now));
        // It was told the same, up to how it was asked.
        let is_empty = changes.iter().all(Changes::is_empty);
        assert!(is_empty || !is_unmoved.is_ok_and(|unmoved| unmoved));
    }
}

/// What our writer makes of an entry must read the same.
fn written_again(entry: &Entry<'_>) {
    let mut out = Writer::default();
    out.string(entry.dn.as_bytes());
    out.nested(SEQUENCE, |out| {
        for (name, values) in entry.iter() {
            out.nested(SEQUENCE, |out| {
                out.string(name.as_bytes());
                out.nested(SET, |out| values.for_each(|value| out.string(value)));
            });
        }
    });
    let bytes = out.into_bytes();
    let Ok(again) = Entry::new(&bytes, LIMITS.values()) else {
        panic!("what was written is no entry")
    };
    assert_eq!(again.dn, entry.dn);
    assert!(
        again
            .iter()
            .map(|(name, values)| (name, values.collect::<Vec<_>>()))
            .eq(entry
                .iter()
                .map(|(name, values)| (name, values.collect::<Vec<_>>())))
    );
    for (name, _) in entry.iter() {
        let plain = name.split(';').next().unwrap_or_default();
        let _ = (entry.only(name), entry.range(plain), entry.has(plain));
        for values in entry.languages(plain) {
            let _ = values.count();
        }
    }
}

/// A filter as an administrator writes it, and values that go into one.
pub(crate) fn filter(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(filter) = Filter::new(&text) {
        let mut outer = Reader::new(filter.encoded());
        assert!(outer.any().is_some() && outer.is_empty(), "{text:?}");
        for name in filter.attributes().into_iter().flatten() {
            assert!(!name.is_empty() && text.contains(&name), "{text:?}");
        }
    }
    let by_name = any_name("(objectClass=*)", "uid", &[text.clone().into_owned()]);
    let by_bytes = any_bytes("(objectClass=*)", "guid", &[bytes.to_vec()]);
    for (made, value) in [(by_name, text.as_bytes()), (by_bytes, bytes)] {
        let [made] = made.as_slice() else {
            panic!("{made:?}")
        };
        let Some(filter) = Filter::new(made) else {
            panic!("{made:?} is no filter")
        };
        // Nothing but an exact comparison with this very value may come of it: it is the last element.
        assert!(filter.encoded().ends_with(value), "{made:?}");
        assert!(made.matches('(').count() <= 4, "{made:?}");
    }
}

/// A distinguished name, in whatever spelling.
pub(crate) fn dn(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = without_bits(&text);
    if let Some(once) = normalise(&text) {
        assert!(is_under(&once, &once));
        assert!(!first(&text).is_empty(), "{text:?}");
        let again = normalise(&once);
        assert_eq!(again.as_deref(), Some(&*once), "{text:?}");
    }
    let name = format!("cn={},dc=org", escaped(&text));
    let parts = first(&name);
    let value = parts.first().and_then(|part| part.value.as_deref());
    assert_eq!((parts.len(), value), (1, Some(&*text)), "{name:?}");
    let Some(key) = normalise(&name) else {
        panic!("{name:?}")
    };
    assert!(is_under(&key, "dc=org"), "{name:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the corpus has under these names is what it is called, and not refused on the way.
    #[test]
    fn changes_are_told_over_a_connection() {
        for (name, bytes, all) in [
            (
                "openldap-changes",
                &include_bytes!("../../tests/fuzz/corpus/ldap_since/openldap-changes")[..],
                Some([2, 0]),
            ),
            (
                "389-changes",
                include_bytes!("../../tests/fuzz/corpus/ldap_since/389-changes"),
                Some([2, 2]),
            ),
            (
                "openldap-folder",
                include_bytes!("../../tests/fuzz/corpus/ldap_since/openldap-folder"),
                None,
            ),
        ] {
            let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
            let since: Since = serde_json::from_slice(&bytes[..end]).unwrap();
            let requests = ["people", "groups"].map(|base| format!("ou={base},dc=x"));
            let requests = requests
                .each_ref()
                .map(|base| Request::below(base, "(a=*)", &["a"]));
            let (mut session, _far) = said(&bytes[end + 1..]);
            let told = since
                .changes(&mut session, &requests, &known(bytes))
                .unwrap();
            let counts = told.map(|(told, _)| {
                let count = |told: &Changes| told.changed().count() + told.gone().len();
                told.iter().map(count).collect::<Vec<_>>()
            });
            assert_eq!(counts, all.map(|all| all.to_vec()), "{name}");
        }
    }
}
