//! An entry, taken apart where it arrived.
//!
//! What is not as the protocol promises is `None`, whatever bytes they are. Sources: RFC 4511 (4.5.2
//! SearchResultEntry), RFC 3866 (languages), MS-ADTS 3.1.1.3.1.3.3 (ranges of values). Pure.

use std::borrow::Cow;

use super::ber::{Reader, SET, STRING};

/// One entry. It borrows from the connection's buffer; what is kept of it is copied.
#[derive(Debug, Default)]
pub(crate) struct Entry<'a> {
    /// Its name; what is not UTF-8 in it is replaced.
    pub dn: Cow<'a, str>,
    attributes: Vec<Attribute<'a>>,
    /// What it was taken from.
    content: &'a [u8],
}

/// Why an entry cannot be taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strange {
    /// It is not well-formed.
    Malformed,
    /// It has more values than the limit allows.
    TooMany,
}

#[derive(Clone, Copy, Debug)]
struct Attribute<'a> {
    name: &'a [u8],
    values: Values<'a>,
}

/// The values of an attribute, in the order in which the server sends them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Values<'a>(Reader<'a>);

impl Values<'_> {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Default for Values<'_> {
    fn default() -> Self {
        Self(Reader::new(&[]))
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.0.string()
    }
}

/// Which of an attribute's values came, where a server gives only some at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    /// Number of the first.
    pub first: u64,
    /// Number of the last; `None`: these are the last ones.
    pub last: Option<u64>,
}

impl<'a> Entry<'a> {
    /// Takes the content of a SearchResultEntry apart, with at most so many attributes and values together.
    pub(super) fn new(content: &'a [u8], most: u64) -> Result<Self, Strange> {
        let mut parts = Reader::new(content);
        let mut begun = || {
            let dn = parts.string()?;
            Some((dn, parts.sequence()?))
        };
        let (dn, mut list) = begun().ok_or(Strange::Malformed)?;
        let mut attributes = Vec::with_capacity(16);
        let mut elements = 0;
        while !list.is_empty() {
            let attribute = attribute(&mut list).ok_or(Strange::Malformed)?;
            elements += 1;
            let mut values = attribute.values.0;
            while !values.is_empty() {
                values.string().ok_or(Strange::Malformed)?;
                elements += 1;
            }
            if elements > most {
                return Err(Strange::TooMany);
            }
            attributes.push(attribute);
        }
        Ok(Self {
            dn: String::from_utf8_lossy(dn),
            attributes,
            content,
        })
    }

    /// The bytes that it was taken from.
    pub(crate) fn content(&self) -> &'a [u8] {
        self.content
    }

    /// The values of an attribute; none for an empty name. Values with a language or another option are other
    /// attributes.
    pub(crate) fn values(&self, name: &str) -> Values<'a> {
        let found = self
            .attributes
            .iter()
            .find(|a| a.name.eq_ignore_ascii_case(name.as_bytes()));
        found.map(|a| a.values).unwrap_or_default()
    }

    /// The only value of an attribute that has one.
    pub(crate) fn only(&self, name: &str) -> Option<&'a [u8]> {
        let mut values = self.values(name);
        values.next().filter(|_| values.is_empty())
    }

    /// Whether the attribute is there, in whatever language.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.attributes.iter().any(|attribute| {
            let plain = attribute.name.split(|b| *b == b';').next();
            let is_it = plain.is_some_and(|plain| plain.eq_ignore_ascii_case(name.as_bytes()));
            is_it && !attribute.values.is_empty()
        })
    }

    /// The values of an attribute that come with a language (RFC 3866), those of each language together, in the order of
    /// the languages.
    pub(crate) fn languages(&self, name: &str) -> Vec<Values<'a>> {
        let mut found: Vec<(String, Values<'a>)> = Vec::new();
        for attribute in &self.attributes {
            if attribute.name.get(name.len()) != Some(&b';') {
                continue;
            }
            let full = String::from_utf8_lossy(attribute.name).to_ascii_lowercase();
            let Some((plain, option)) = full.split_once(';') else {
                continue;
            };
            if plain.eq_ignore_ascii_case(name) && option.starts_with("lang-") {
                found.push((option.to_owned(), attribute.values));
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found.into_iter().map(|(_, values)| values).collect()
    }

    /// The values of an attribute that came with `;range=`.
    pub(crate) fn range(&self, name: &str) -> Option<(Range, Values<'a>)> {
        self.attributes.iter().find_map(|attribute| {
            let range = range(attribute.name, name)?;
            Some((range, attribute.values))
        })
    }

    /// Every attribute whose name is text, with its values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a str, Values<'a>)> {
        self.attributes
            .iter()
            .filter_map(|a| Some((std::str::from_utf8(a.name).ok()?, a.values)))
    }
}

/// The name of an entry, of which nothing else is taken apart; what is not UTF-8 in it is replaced.
pub(super) fn name(content: &[u8]) -> String {
    text(Reader::new(content).string().unwrap_or_default())
}

/// The next attribute of a list.
fn attribute<'a>(list: &mut Reader<'a>) -> Option<Attribute<'a>> {
    let mut parts = list.sequence()?;
    let name = parts.tagged(STRING)?;
    let values = Values(Reader::new(parts.tagged(SET)?));
    Some(Attribute { name, values })
}

/// Text of which the parts that are no UTF-8 are replaced.
pub(crate) fn text(bytes: &[u8]) -> String {
    lossy(bytes).into_owned()
}

/// The same, without copying it where nothing is replaced.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// Reads `member;range=0-1499` and `member;range=1500-*`, whose last part may be in any case.
fn range(full: &[u8], name: &str) -> Option<Range> {
    let full = std::str::from_utf8(full).ok()?;
    let (base, option) = full.split_once(';')?;
    let (key, numbers) = option.split_once('=')?;
    if !base.eq_ignore_ascii_case(name) || !key.eq_ignore_ascii_case("range") {
        return None;
    }
    let (first, last) = numbers.split_once('-')?;
    let number = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| text.parse().ok())
            .flatten()
    };
    let last = match last {
        "*" => None,
        last => Some(number(last)?),
    };
    Some(Range {
        first: number(first)?,
        last,
    })
}

/// Builds an entry from names and values, for tests.
#[cfg(test)]
pub(crate) fn sample(dn: &str, attributes: &[(&str, &[&[u8]])]) -> Entry<'static> {
    Entry::new(Box::leak(encoded(dn, attributes).into_boxed_slice()), 1_000).unwrap()
}

#[cfg(test)]
fn encoded(dn: &str, attributes: &[(&str, &[&[u8]])]) -> Vec<u8> {
    use super::ber::{SEQUENCE, Writer};

    let mut out = Writer::default();
    out.string(dn.as_bytes());
    out.nested(SEQUENCE, |out| {
        for (name, values) in attributes {
            out.nested(SEQUENCE, |out| {
                out.string(name.as_bytes());
                out.nested(SET, |out| values.iter().for_each(|value| out.string(value)));
            });
        }
    });
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all<'a>(values: Values<'a>) -> Vec<&'a [u8]> {
        values.collect()
    }

    #[test]
    fn an_entry_is_taken_apart_whatever_the_case_of_its_names() {
        let entry = sample("uid=a,dc=x", &[("UidNumber", &[b"1", b"2"])]);
        assert_eq!(entry.dn, "uid=a,dc=x");
        assert_eq!(all(entry.values("uidNumber")), [b"1", b"2"]);
        assert_eq!(entry.only("uidNumber"), None);
        assert!(entry.values("").is_empty());
    }

    #[test]
    fn what_is_no_entry_is_strange() {
        let whole = encoded("dc=x", &[("cn", &[b"a", b"b"]), ("sn", &[])]);
        assert!(Entry::new(&whole, 4).is_ok());
        assert_eq!(Entry::new(&whole, 3).err(), Some(Strange::TooMany));
        for end in 0..whole.len() {
            let cut = Entry::new(&whole[..end], 4);
            assert_eq!(cut.err(), Some(Strange::Malformed), "{end}");
        }
        // A value that is a sequence, an attribute without a set of values, one that is no sequence.
        for bytes in [
            &b"\x04\x01d\x30\x09\x30\x07\x04\x01a\x31\x02\x30\x00"[..],
            b"\x04\x01d\x30\x05\x30\x03\x04\x01a",
            b"\x04\x01d\x30\x03\x04\x01a",
            b"\x30\x00\x30\x00",
        ] {
            assert_eq!(Entry::new(bytes, 4).err(), Some(Strange::Malformed));
        }
    }

    #[test]
    fn options_make_another_attribute() {
        let entry = sample("dc=x", &[("cn;lang-de", &[b"Falsch"]), ("cn", &[b"right"])]);
        assert_eq!(entry.only("cn"), Some(&b"right"[..]));
    }

    #[test]
    fn languages_come_in_one_order_and_are_no_ranges() {
        let entry = sample(
            "dc=x",
            &[
                ("CN;lang-ja", &[b"ja"]),
                ("cn;range=0-1", &[b"no"]),
                ("cn;LANG-de-AT", &[b"de", b"at"]),
                ("cnx;lang-en", &[b"no"]),
            ],
        );
        let found: Vec<_> = entry.languages("cn").into_iter().map(all).collect();
        assert_eq!(found, [&[&b"de"[..], b"at"][..], &[b"ja"]]);
        assert!(entry.has("cn") && entry.has("cnx") && !entry.has("c"));
    }

    #[test]
    fn ranges_of_values_are_recognised() {
        assert_eq!(
            range(b"member;range=0-1499", "member"),
            Some(Range {
                first: 0,
                last: Some(1499)
            })
        );
        assert_eq!(
            range(b"Member;Range=1500-*", "member"),
            Some(Range {
                first: 1500,
                last: None
            })
        );
        for name in [
            "member",
            "member;range",
            "member;range=",
            "member;range=x-*",
            "member;range=-1-*",
            "memberOf;range=0-*",
        ] {
            assert_eq!(range(name.as_bytes(), "member"), None, "{name}");
        }
        let entry = sample(
            "cn=g",
            &[("member", &[]), ("member;range=0-1", &[b"a", b"b"])],
        );
        assert!(entry.values("member").is_empty());
        assert_eq!(
            entry.range("member").unwrap().0,
            Range {
                first: 0,
                last: Some(1)
            }
        );
    }

    proptest! {
        #[test]
        fn no_bytes_stop_the_program(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(entry) = Entry::new(&bytes, 100) {
                let _ = entry.languages("cn");
                let _ = entry.iter().count();
            }
            let _ = range(&bytes, "member");
        }
    }
}
