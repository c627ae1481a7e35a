//! What a server sends, taken apart without a panic: entries, and the control that says whether
//! there is another page.
//!
//! The crate's own decoders stop the program at a value that is not what they expect. These give
//! `None`. Sources: RFC 4511 (4.5.2 SearchResultEntry), RFC 2696 (paged results), MS-ADTS
//! 3.1.1.3.1.3.3 (ranges of values). Pure.

use ldap3::asn1::{PL, StructureTag, TagClass, parse_tag};

use super::limits;

/// One entry.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    /// Its name; what is not UTF-8 in it is replaced.
    pub dn: String,
    attributes: Vec<Attribute>,
}

#[derive(Debug)]
struct Attribute {
    name: Vec<u8>,
    values: Vec<Vec<u8>>,
}

/// Which of an attribute's values came, where a server gives only some at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    /// Number of the first.
    pub first: u64,
    /// Number of the last; `None`: these are the last ones.
    pub last: Option<u64>,
}

impl Entry {
    /// Takes a message apart.
    pub(crate) fn new(message: StructureTag) -> Option<Self> {
        if message.class != TagClass::Application || message.id != 4 {
            return None;
        }
        let mut parts = constructed(message)?.into_iter();
        let dn = text(primitive(parts.next()?)?);
        let list = constructed(parts.next()?)?;
        let mut attributes = Vec::with_capacity(list.len());
        for attribute in list {
            let mut parts = constructed(attribute)?.into_iter();
            let name = primitive(parts.next()?)?;
            let values = constructed(parts.next()?)?
                .into_iter()
                .map(primitive)
                .collect::<Option<_>>()?;
            attributes.push(Attribute { name, values });
        }
        Some(Self { dn, attributes })
    }

    /// Removes and gives the values of an attribute; none for an empty name. Values with a language
    /// or another option are other attributes.
    pub(crate) fn take(&mut self, name: &str) -> Vec<Vec<u8>> {
        let found = self
            .attributes
            .iter_mut()
            .find(|a| a.name.eq_ignore_ascii_case(name.as_bytes()));
        found
            .map(|a| std::mem::take(&mut a.values))
            .unwrap_or_default()
    }

    /// The values of an attribute as [`take`](Self::take) gives them, which stay.
    pub(crate) fn values(&self, name: &str) -> &[Vec<u8>] {
        let mut all = self.attributes.iter();
        let found = all.find(|a| a.name.eq_ignore_ascii_case(name.as_bytes()));
        found.map_or(&[], |a| a.values.as_slice())
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
    pub(crate) fn languages(&self, name: &str) -> Vec<&[Vec<u8>]> {
        let mut found: Vec<(String, &[Vec<u8>])> = Vec::new();
        for attribute in &self.attributes {
            let full = String::from_utf8_lossy(&attribute.name).to_ascii_lowercase();
            let Some((plain, option)) = full.split_once(';') else {
                continue;
            };
            if plain.eq_ignore_ascii_case(name) && option.starts_with("lang-") {
                found.push((option.to_owned(), &attribute.values));
            }
        }
        found.sort();
        found.into_iter().map(|(_, values)| values).collect()
    }

    /// Removes and gives the values of an attribute that came with `;range=`.
    pub(crate) fn take_range(&mut self, name: &str) -> Option<(Range, Vec<Vec<u8>>)> {
        self.attributes.iter_mut().find_map(|attribute| {
            let range = range(&attribute.name, name)?;
            Some((range, std::mem::take(&mut attribute.values)))
        })
    }

    /// Every attribute whose name is text, with its values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[Vec<u8>])> {
        self.attributes
            .iter()
            .filter_map(|a| Some((std::str::from_utf8(&a.name).ok()?, a.values.as_slice())))
    }
}

/// Where a server refers to: the addresses in a SearchResultReference (RFC 4511, 4.5.3).
pub(super) fn references(message: StructureTag) -> Vec<String> {
    let parts = constructed(message).unwrap_or_default();
    let all: Vec<String> = parts.into_iter().filter_map(primitive).map(text).collect();
    match all.is_empty() {
        true => vec!["another server".to_owned()],
        false => all,
    }
}

/// Text of which the parts that are no UTF-8 are replaced; text that is UTF-8 is not copied.
pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
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

/// Elements in a paged results control: the sequence, a number, a cookie.
const COOKIE_ELEMENTS: u64 = 3;

/// The message id and the result code of an extended response (RFC 4511, 4.12).
pub(super) fn extended(message: &[u8]) -> Option<(u32, u32)> {
    let (_, tag) = parse_tag(message).ok()?;
    let mut parts = constructed(tag)?.into_iter();
    let id = number(parts.next()?)?;
    let response = parts.next()?;
    if response.class != TagClass::Application || response.id != 24 {
        return None;
    }
    let code = constructed(response)?.into_iter().next()?;
    Some((id, number(code)?))
}

fn number(tag: StructureTag) -> Option<u32> {
    let bytes = primitive(tag)?;
    let fits = (1..=4).contains(&bytes.len());
    fits.then(|| {
        bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
    })
}

/// The cookie in a paged results control; empty: this was the last page.
pub(crate) fn cookie(control: &[u8]) -> Option<Vec<u8>> {
    // A value is not nested in its message, so nobody has looked into it yet.
    limits::nesting(control, COOKIE_ELEMENTS).ok()?;
    let (rest, tag) = parse_tag(control).ok()?;
    let mut parts = constructed(tag)?.into_iter();
    primitive(parts.next()?)?;
    let cookie = primitive(parts.next()?)?;
    (rest.is_empty() && parts.next().is_none()).then_some(cookie)
}

fn primitive(tag: StructureTag) -> Option<Vec<u8>> {
    match tag.payload {
        PL::P(bytes) => Some(bytes),
        PL::C(_) => None,
    }
}

fn constructed(tag: StructureTag) -> Option<Vec<StructureTag>> {
    match tag.payload {
        PL::C(parts) => Some(parts),
        PL::P(_) => None,
    }
}

/// Builds an entry from names and values, for tests.
#[cfg(test)]
pub(crate) fn sample(dn: &str, attributes: &[(&str, &[&[u8]])]) -> Entry {
    let attributes = attributes
        .iter()
        .map(|(name, values)| Attribute {
            name: name.as_bytes().to_vec(),
            values: values.iter().map(|v| v.to_vec()).collect(),
        })
        .collect();
    Entry {
        dn: dn.to_owned(),
        attributes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaf(bytes: &[u8]) -> StructureTag {
        StructureTag {
            class: TagClass::Universal,
            id: 4,
            payload: PL::P(bytes.to_vec()),
        }
    }

    fn node(parts: Vec<StructureTag>) -> StructureTag {
        StructureTag {
            class: TagClass::Universal,
            id: 16,
            payload: PL::C(parts),
        }
    }

    fn message(parts: Vec<StructureTag>) -> StructureTag {
        StructureTag {
            class: TagClass::Application,
            id: 4,
            payload: PL::C(parts),
        }
    }

    #[test]
    fn an_entry_is_taken_apart_whatever_the_case_of_its_names() {
        let attribute = node(vec![leaf(b"UidNumber"), node(vec![leaf(b"1"), leaf(b"2")])]);
        let mut entry =
            Entry::new(message(vec![leaf(b"uid=a,dc=x"), node(vec![attribute])])).unwrap();
        assert_eq!(entry.dn, "uid=a,dc=x");
        assert_eq!(entry.take("uidNumber"), [b"1", b"2"]);
        assert!(entry.take("uidNumber").is_empty());
        assert!(entry.take("").is_empty());
    }

    #[test]
    fn what_is_no_entry_is_none() {
        assert!(Entry::new(leaf(b"x")).is_none());
        assert!(Entry::new(message(vec![])).is_none());
        assert!(Entry::new(message(vec![leaf(b"dn")])).is_none());
        assert!(Entry::new(message(vec![node(vec![]), node(vec![])])).is_none());
        assert!(Entry::new(message(vec![leaf(b"dn"), node(vec![leaf(b"a")])])).is_none());
        assert!(
            Entry::new(message(vec![
                leaf(b"dn"),
                node(vec![node(vec![leaf(b"a")])])
            ]))
            .is_none()
        );
        let nested = node(vec![leaf(b"a"), node(vec![node(vec![])])]);
        assert!(Entry::new(message(vec![leaf(b"dn"), node(vec![nested])])).is_none());
        assert!(Entry::new(message(vec![leaf(b"dn"), node(vec![])])).is_some());
    }

    #[test]
    fn options_make_another_attribute() {
        let mut entry = sample("dc=x", &[("cn;lang-de", &[b"Falsch"]), ("cn", &[b"right"])]);
        assert_eq!(entry.take("cn"), [b"right"]);
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
        let found = entry.languages("cn");
        assert_eq!(
            found,
            [&[b"de".to_vec(), b"at".to_vec()][..], &[b"ja".to_vec()]]
        );
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
        let mut entry = sample(
            "cn=g",
            &[("member", &[]), ("member;range=0-1", &[b"a", b"b"])],
        );
        assert!(entry.take("member").is_empty());
        assert_eq!(
            entry.take_range("member").unwrap().0,
            Range {
                first: 0,
                last: Some(1)
            }
        );
    }

    #[test]
    fn cookies_are_read_or_refused() {
        assert_eq!(cookie(&[0x30, 5, 2, 1, 0, 4, 0]).as_deref(), Some(&b""[..]));
        assert_eq!(
            cookie(&[0x30, 7, 2, 1, 0, 4, 2, 7, 8]).as_deref(),
            Some(&[7, 8][..])
        );
        assert_eq!(cookie(&[0x30, 3, 2, 1, 0]), None);
        assert_eq!(cookie(&[0x30, 5, 2, 1, 0, 4, 9]), None);
        assert_eq!(cookie(&[0x30, 5, 2, 1, 0, 4, 0, 0]), None);
        assert_eq!(cookie(&[]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_stop_the_program(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = cookie(&bytes);
            if let Ok((_, tag)) = parse_tag(&bytes) {
                let _ = Entry::new(tag);
            }
            let _ = range(&bytes, "member");
        }
    }
}
