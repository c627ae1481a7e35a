//! Bytes that a server may send, filters and names: given to their readers, for `crate::fuzzing`.

use super::ber::{Reader, SEQUENCE, SET, Writer};
use super::dn::{escaped, first, is_under, normalise, without_bits};
use super::entry::Entry;
use super::filter::{Filter, any_bytes, any_name};
use super::limits::{self, Limits};
use super::message::{self, Message, Says};
use super::sync::{self, Absence, Changes, Fate};

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
        match message.says {
            Says::Entry(content) => {
                if let Ok(entry) = Entry::new(content, LIMITS.values()) {
                    written_again(&entry);
                }
            }
            Says::Reference(all) => assert!(!message::addresses(all).is_empty()),
            Says::Intermediate(_) => {}
            Says::Result(answer) => {
                let _ = (answer.words(), answer.referral().map(message::addresses));
            }
        }
    }
    let _ = (message::cookie(bytes), sync::done(bytes));
}

/// What the messages up to the first result say of what has changed.
fn refresh(messages: &[Message<'_>]) {
    for absence in [Absence::AsSaid, Absence::Nothing] {
        refresh_by(messages, absence);
    }
}

fn refresh_by(messages: &[Message<'_>], absence: Absence) {
    let mut changes = Some(Changes::default());
    for message in messages {
        let Says::Result(_) = message.says else {
            changes = changes.and_then(|changes| changes.with(message));
            continue;
        };
        let end = message.control(sync::DONE).flatten().and_then(sync::done);
        let whole = changes
            .zip(end)
            .and_then(|(changes, end)| changes.end(end, absence));
        for (uuid, content) in whole.iter().flat_map(Changes::changed) {
            let fate = whole.as_ref().map(|changes| changes.of(uuid));
            assert_eq!(fate, Some(Fate::Changed(content)));
        }
        return;
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
