//! What a server sends, taken apart: a message, a result, a control.
//!
//! Borrows from the bytes that arrived. What is not as the protocol promises is `None`, whatever bytes they are. Rules:
//! RFC 4511 (4.1 messages and results, 4.5.2 what a search gives, 4.12 extended), RFC 2696 (paged results). Pure.

use super::ber::{ENUMERATED, INTEGER, Reader, SEQUENCE};

const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_REFERENCE: u8 = 0x73;
const INTERMEDIATE: u8 = 0x79;
const INTERMEDIATE_NAME: u8 = 0x80;
const INTERMEDIATE_VALUE: u8 = 0x81;
const EXTENDED: u8 = 0x78;
/// Responses that are a result: of bind, search, modify, add, delete, modifyDN, compare, extended.
const RESULTS: [u8; 8] = [0x61, 0x65, 0x67, 0x69, 0x6b, 0x6d, 0x6f, EXTENDED];
const CONTROLS: u8 = 0xa0;
const REFERRAL: u8 = 0xa3;
const EXTENDED_VALUE: u8 = 0x8b;

/// The id of messages that answer to nothing (RFC 4511, 4.4).
pub(super) const UNSOLICITED: u32 = 0;

/// One message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    /// That of the request to which it belongs.
    pub id: u32,
    /// What it says.
    pub says: Says<'a>,
    controls: &'a [u8],
}

/// What a message says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Says<'a> {
    /// An entry, not taken apart yet.
    Entry(&'a [u8]),
    /// That a part of the answer is at other servers: addresses.
    Reference(Reader<'a>),
    /// Something on the way to the result.
    Intermediate(Intermediate<'a>),
    /// How it ended.
    Result(Answer<'a>),
}

/// How an operation ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'a> {
    /// Result code.
    pub code: u32,
    /// What the server adds to it.
    words: &'a [u8],
    referral: &'a [u8],
    /// What an extended operation gave.
    pub value: Option<&'a [u8]>,
}

/// What is said on the way to a result (RFC 4511, 4.13).
#[derive(Clone, Copy, Debug)]
pub(super) struct Intermediate<'a> {
    /// What kind it is of.
    pub name: &'a [u8],
    /// Its content.
    pub value: &'a [u8],
}

impl<'a> Intermediate<'a> {
    fn new(inside: &'a [u8]) -> Option<Self> {
        let mut parts = Reader::new(inside);
        let name = parts.optional(INTERMEDIATE_NAME)?.unwrap_or_default();
        let value = parts.optional(INTERMEDIATE_VALUE)?.unwrap_or_default();
        Some(Self { name, value })
    }
}

impl<'a> Message<'a> {
    /// Takes a whole message apart.
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
        let mut outer = Reader::new(bytes);
        let mut parts = outer.sequence().filter(|_| outer.is_empty())?;
        let id = parts.number(INTEGER)?;
        let (tag, inside) = parts.any()?;
        let says = match tag {
            SEARCH_ENTRY => Says::Entry(inside),
            SEARCH_REFERENCE => Says::Reference(Reader::new(inside)),
            INTERMEDIATE => Says::Intermediate(Intermediate::new(inside)?),
            tag if RESULTS.contains(&tag) => Says::Result(Answer::new(inside, tag == EXTENDED)?),
            _ => return None,
        };
        let controls = parts.optional(CONTROLS)?.unwrap_or_default();
        Some(Self { id, says, controls })
    }

    /// Whether there is a control of this kind, and its value, if it has one.
    pub(super) fn control(&self, kind: &str) -> Option<Option<&'a [u8]>> {
        let mut all = Reader::new(self.controls);
        while let Some(mut one) = all.sequence() {
            if one.string() == Some(kind.as_bytes()) {
                // Whether it is critical comes before the value, or not at all.
                let mut value = None;
                while let Some((tag, inside)) = one.any() {
                    value = (tag == super::ber::STRING).then_some(inside);
                }
                return Some(value);
            }
        }
        None
    }
}

impl<'a> Answer<'a> {
    fn new(inside: &'a [u8], is_extended: bool) -> Option<Self> {
        let mut parts = Reader::new(inside);
        let code = parts.number(ENUMERATED)?;
        parts.string()?;
        let words = parts.string()?;
        let referral = parts.optional(REFERRAL)?.unwrap_or_default();
        let mut value = None;
        while is_extended && !parts.is_empty() {
            let (tag, inside) = parts.any()?;
            if tag == EXTENDED_VALUE {
                value = Some(inside);
            }
        }
        Some(Self {
            code,
            words,
            referral,
            value,
        })
    }

    /// What the server adds to the code.
    pub(super) fn words(&self) -> String {
        String::from_utf8_lossy(self.words).into_owned()
    }

    /// Where it refers to.
    pub(super) fn referral(&self) -> Option<Reader<'a>> {
        (!self.referral.is_empty()).then(|| Reader::new(self.referral))
    }
}

/// The id of a message, the rest of which is not looked at.
pub(super) fn id(bytes: &[u8]) -> Option<u32> {
    Reader::new(bytes).sequence()?.number(INTEGER)
}

/// The addresses to which a server refers (RFC 4511, 4.1.10).
pub(super) fn addresses(mut all: Reader<'_>) -> Vec<String> {
    let mut found = Vec::new();
    while let Some(address) = all.string() {
        found.push(String::from_utf8_lossy(address).into_owned());
    }
    match found.is_empty() {
        true => vec!["another server".to_owned()],
        false => found,
    }
}

/// The cookie in a paged results control; empty: this was the last page.
pub(super) fn cookie(control: &[u8]) -> Option<&[u8]> {
    let mut outer = Reader::new(control);
    let mut parts = Reader::new(outer.tagged(SEQUENCE)?);
    // The estimate of the number of entries: some servers send one of more than four bytes.
    let (tag, _) = parts.any()?;
    let cookie = parts.string()?;
    (tag == INTEGER && outer.is_empty() && parts.is_empty()).then_some(cookie)
}

#[cfg(test)]
mod tests {
    use super::super::ber::Writer;
    use super::*;
    use proptest::prelude::*;

    fn message(
        tag: u8,
        inside: impl FnOnce(&mut Writer),
        more: impl FnOnce(&mut Writer),
    ) -> Vec<u8> {
        let mut out = Writer::default();
        out.nested(SEQUENCE, |out| {
            out.number(INTEGER, 7);
            out.nested(tag, inside);
            more(out);
        });
        out.into_bytes()
    }

    fn result(out: &mut Writer) {
        out.number(ENUMERATED, 10);
        out.string(b"dc=x");
        out.string(b"over there");
    }

    #[test]
    fn a_result_says_how_it_ended_and_where_it_refers_to() {
        let with_referral = |out: &mut Writer| {
            result(out);
            out.nested(REFERRAL, |out| out.string(b"ldap://b"));
        };
        let controls = |out: &mut Writer| {
            out.nested(CONTROLS, |out| {
                out.nested(SEQUENCE, |out| out.string(b"1.2"));
                out.nested(SEQUENCE, |out| {
                    out.string(b"1.3");
                    out.boolean(true);
                    out.string(b"value");
                });
            });
        };
        let bytes = message(0x65, with_referral, controls);
        let message = Message::new(&bytes).unwrap();
        assert_eq!(message.id, 7);
        let Says::Result(answer) = message.says else {
            panic!("{message:?}")
        };
        assert_eq!((answer.code, answer.words()), (10, "over there".to_owned()));
        assert_eq!(addresses(answer.referral().unwrap()), ["ldap://b"]);
        assert_eq!(message.control("1.2"), Some(None));
        assert_eq!(message.control("1.3"), Some(Some(&b"value"[..])));
        assert_eq!(message.control("1.4"), None);
    }

    #[test]
    fn an_extended_operation_gives_a_value() {
        let bytes = message(
            EXTENDED,
            |out| {
                result(out);
                out.bytes(0x8a, b"1.5");
                out.bytes(EXTENDED_VALUE, b"dn:cn=me");
            },
            |_| {},
        );
        let Says::Result(answer) = Message::new(&bytes).unwrap().says else {
            panic!()
        };
        assert_eq!(answer.value, Some(&b"dn:cn=me"[..]));
    }

    #[test]
    fn what_is_no_message_is_none() {
        let whole = message(0x65, result, |_| {});
        assert!(Message::new(&whole).is_some());
        for end in 0..whole.len() {
            assert!(Message::new(&whole[..end]).is_none(), "{end}");
        }
        assert!(Message::new(&[&whole[..], &[0]].concat()).is_none());
        assert!(Message::new(&message(0x40, result, |_| {})).is_none());
        assert!(Message::new(&message(0x65, |out| out.number(INTEGER, 1), |_| {})).is_none());
        assert_eq!(addresses(Reader::new(&[4, 9])), ["another server"]);
    }

    #[test]
    fn cookies_are_read_or_refused() {
        assert_eq!(cookie(&[0x30, 5, 2, 1, 0, 4, 0]), Some(&b""[..]));
        assert_eq!(cookie(&[0x30, 7, 2, 1, 0, 4, 2, 7, 8]), Some(&[7, 8][..]));
        assert_eq!(cookie(&[0x30, 3, 2, 1, 0]), None);
        assert_eq!(cookie(&[0x30, 5, 2, 1, 0, 4, 9]), None);
        assert_eq!(cookie(&[0x30, 5, 2, 1, 0, 4, 0, 0]), None);
        assert_eq!(cookie(&[]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_stop_the_program(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = cookie(&bytes);
            let whole = message(0x65, |out| out.raw(&bytes), |out| out.raw(&bytes));
            for bytes in [&bytes, &whole] {
                if let Some(message) = Message::new(bytes) {
                    let _ = message.control("1.2");
                    if let Says::Reference(all) = message.says {
                        let _ = addresses(all);
                    }
                }
            }
        }
    }
}
