//! Search filters: their text (RFC 4515) and what of them goes over the wire (RFC 4511, 4.5.1). Pure.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::ber::{Reader, SEQUENCE, Writer};

/// How many values one filter asks for: small enough for every server's limit on the size of a
/// request.
const VALUES_AT_ONCE: usize = 100;
/// How deep a filter may be nested; more than anybody writes.
const DEPTH: usize = 64;

/// A filter that is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter(Vec<u8>);

impl Filter {
    /// Reads a filter as RFC 4515 writes it; between filters there may be blanks. `None`: it is none.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let mut parser = Parser {
            rest: text,
            depth: 0,
        };
        let mut out = Writer::default();
        parser.filter(&mut out)?;
        parser.rest.is_empty().then(|| Self(out.into_bytes()))
    }

    /// The attributes that it names, as they are written; `None`: it hangs on more than attributes that it names.
    pub(super) fn attributes(&self) -> Option<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        named(Reader::new(&self.0), &mut names)?;
        Some(names)
    }

    /// Its bytes in a request.
    pub(super) fn encoded(&self) -> &[u8] {
        &self.0
    }
}

/// Adds the attributes that encoded filters name.
fn named(mut filters: Reader<'_>, names: &mut BTreeSet<String>) -> Option<()> {
    while !filters.is_empty() {
        let (tag, inside) = filters.any()?;
        let mut parts = Reader::new(inside);
        let name = match tag {
            0xa0..=0xa2 => {
                named(parts, names)?;
                continue;
            }
            0x87 => inside,
            0xa9 => {
                parts.optional(0x81)?;
                let name = parts.tagged(0x82)?;
                parts.tagged(0x83)?;
                // What follows says that names of entries count as well.
                parts.is_empty().then_some(name)?
            }
            _ => parts.string()?,
        };
        names.insert(String::from_utf8_lossy(name).into_owned());
    }
    Some(())
}

/// What is left of a text, and how deep in it we are.
struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn eat(&mut self, wanted: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(wanted)?;
        Some(())
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    fn filter(&mut self, out: &mut Writer) -> Option<()> {
        self.eat('(')?;
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        match self.rest.chars().next()? {
            '&' => self.list(0xa0, out)?,
            '|' => self.list(0xa1, out)?,
            '!' => {
                self.eat('!')?;
                self.blanks();
                let mut found = Some(());
                out.nested(0xa2, |out| found = self.filter(out));
                found?;
                self.blanks();
            }
            _ => {
                let end = self.rest.find(['(', ')'])?;
                let (item, rest) = self.rest.split_at(end);
                self.rest = rest;
                item_of(item, out)?;
            }
        }
        self.depth -= 1;
        self.eat(')')
    }

    /// Filters one after the other; there may be none of them (RFC 4526).
    fn list(&mut self, tag: u8, out: &mut Writer) -> Option<()> {
        self.rest = self.rest.get(1..)?;
        let mut found = Some(());
        out.nested(tag, |out| {
            loop {
                self.blanks();
                if found.is_none() || !self.rest.starts_with('(') {
                    break;
                }
                found = self.filter(out);
            }
        });
        found
    }
}

/// A comparison: an attribute, how, and with what.
fn item_of(item: &str, out: &mut Writer) -> Option<()> {
    let (left, value) = item.split_once('=')?;
    let (tag, attribute) = match left.chars().next_back()? {
        '>' => (0xa5, &left[..left.len() - 1]),
        '<' => (0xa6, &left[..left.len() - 1]),
        '~' => (0xa8, &left[..left.len() - 1]),
        ':' => return extensible(&left[..left.len() - 1], value, out),
        _ => (0xa3, left),
    };
    let attribute = described(attribute)?;
    if tag == 0xa3 && value == "*" {
        out.bytes(0x87, attribute.as_bytes());
        return Some(());
    }
    if tag == 0xa3 && value.contains('*') {
        return substrings(attribute, value, out);
    }
    let value = unescaped(value)?;
    out.nested(tag, |out| {
        out.string(attribute.as_bytes());
        out.string(&value);
    });
    Some(())
}

/// `initial*any*final`, of which each may be missing, but not all.
fn substrings(attribute: &str, value: &str, out: &mut Writer) -> Option<()> {
    let last = value.matches('*').count();
    let mut parts = Vec::new();
    for (i, part) in value.split('*').enumerate() {
        let tag = match i {
            0 => 0x80,
            i if i == last => 0x82,
            _ => 0x81,
        };
        match part.is_empty() {
            true if tag == 0x81 => return None,
            true => {}
            false => parts.push((tag, unescaped(part)?)),
        }
    }
    out.nested(0xa4, |out| {
        out.string(attribute.as_bytes());
        out.nested(SEQUENCE, |out| {
            for (tag, part) in &parts {
                out.bytes(*tag, part);
            }
        });
    });
    Some(())
}

/// `attribute:dn:rule`, of which the attribute or the rule must be there.
fn extensible(left: &str, value: &str, out: &mut Writer) -> Option<()> {
    let mut parts = left.split(':');
    let attribute = parts.next()?;
    let mut rule = parts.next();
    let is_dn = rule.is_some_and(|word| word.eq_ignore_ascii_case("dn"));
    if is_dn {
        rule = parts.next();
    }
    if parts.next().is_some() || attribute.is_empty() && rule.is_none() {
        return None;
    }
    let rule = rule
        .map(described)
        .map_or(Some(None), |rule| rule.map(Some))?;
    let attribute = match attribute {
        "" => None,
        name => Some(described(name)?),
    };
    let value = unescaped(value)?;
    out.nested(0xa9, |out| {
        if let Some(rule) = rule {
            out.bytes(0x81, rule.as_bytes());
        }
        if let Some(attribute) = attribute {
            out.bytes(0x82, attribute.as_bytes());
        }
        out.bytes(0x83, &value);
        if is_dn {
            out.tagged_boolean(0x84, true);
        }
    });
    Some(())
}

/// The name or number of an attribute or rule, with options. Some servers have names with underscores.
fn described(name: &str) -> Option<&str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ';' | '_');
    (!name.is_empty() && name.chars().all(fits)).then_some(name)
}

/// The bytes of a value, in which `\XX` stands for one.
fn unescaped(value: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                out.push((high << 4 | low) as u8);
            }
            b'*' | 0 => return None,
            byte => out.push(byte),
        }
    }
    Some(out)
}

/// A text as it stands in a filter (RFC 4515, 3).
fn escaped_text(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            '*' | '(' | ')' | '\\' | '\0' => {
                let _ = write!(out, "\\{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
        out
    })
}

/// `all`, narrowed to the entries whose `attribute` is one of `names`: one filter for each hundred
/// of them.
pub(crate) fn any_name(all: &str, attribute: &str, names: &[String]) -> Vec<String> {
    let escaped: Vec<_> = names.iter().map(|name| escaped_text(name)).collect();
    any_of(all, attribute, &escaped)
}

/// The same for values that need not be text.
pub(crate) fn any_bytes(all: &str, attribute: &str, values: &[Vec<u8>]) -> Vec<String> {
    let escaped: Vec<_> = values.iter().map(|value| escaped(value)).collect();
    any_of(all, attribute, &escaped)
}

/// A filter for an entry whose attributes hold all of these values; no value: there is none of the attribute. None if it is none,
/// as where a name is none.
pub(crate) fn holding(values: &[(&str, &[Vec<u8>])]) -> Option<Filter> {
    let of = |(name, values): &(&str, &[Vec<u8>])| match values {
        [] => format!("(!({name}=*))"),
        values => {
            let each = values.iter().map(|it| format!("({name}={})", escaped(it)));
            each.collect()
        }
    };
    let all: String = values.iter().map(of).collect();
    Filter::new(&format!("(&{all})"))
}

/// A value of bytes as it stands in a filter.
fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphanumeric() || *b == b'-' {
            out.push(char::from(*b));
        } else {
            let _ = write!(out, "\\{b:02x}");
        }
        out
    })
}

fn any_of(all: &str, attribute: &str, escaped: &[String]) -> Vec<String> {
    let one = |values: &[String]| {
        let any: String = values
            .iter()
            .map(|value| format!("({attribute}={value})"))
            .collect();
        format!("(&{all}(|{any}))")
    };
    escaped.chunks(VALUES_AT_ONCE).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::ber::STRING;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_filter_says_on_which_attributes_it_hangs() {
        let of = |text: &str| {
            let names = Filter::new(text).unwrap().attributes()?;
            Some(names.into_iter().collect::<Vec<_>>().join(" "))
        };
        let all = "(&(a=1)(|(b=*)(c=x*y))(!(d>=1))(e<=1)(f~=1)(g:1.2.3:=2)(a=2))";
        assert_eq!(of(all).unwrap(), "a b c d e f g");
        assert_eq!(of("(&)").unwrap(), "");
        assert_eq!(of("(a:dn:=x)"), None);
        assert_eq!(of("(|(a=1)(:1.2.3:=x))"), None);
    }

    #[test]
    fn a_name_cannot_leave_its_place_in_the_filter() {
        let names = ["alice".to_owned(), "*)(uid=\\\0x".to_owned()];
        let filters = any_name("(objectClass=posixAccount)", "uid", &names);
        assert_eq!(
            filters,
            ["(&(objectClass=posixAccount)(|(uid=alice)(uid=\\2a\\29\\28uid=\\5c\\00x)))"]
        );
        assert!(Filter::new(&filters[0]).is_some());
    }

    #[test]
    fn values_of_bytes_cannot_leave_their_place_either() {
        let filters = any_bytes("(a=b)", "objectGUID", &[vec![0, 0x2a, 0x5c, b'x', 0xff]]);
        assert_eq!(filters, ["(&(a=b)(|(objectGUID=\\00\\2a\\5cx\\ff)))"]);
        assert!(Filter::new(&filters[0]).is_some());
    }

    #[test]
    fn many_names_are_asked_for_in_turns() {
        let names: Vec<_> = (0..250).map(|n| format!("u{n}")).collect();
        let filters = any_name("(x=y)", "uid", &names);
        assert_eq!(filters.len(), 3);
        assert!(filters[2].ends_with("(uid=u249)))"));
        assert!(any_name("(x=y)", "uid", &[]).is_empty());
    }

    /// The examples of RFC 4515, 4, and what each is in bytes.
    #[test]
    fn filters_are_their_bytes() {
        let cases: [(&str, &[u8]); 14] = [
            ("(cn=Babs)", b"\xa3\x0a\x04\x02cn\x04\x04Babs"),
            ("(!(cn=Tim))", b"\xa2\x0b\xa3\x09\x04\x02cn\x04\x03Tim"),
            (
                "(&(a=b)(|(c=*)))",
                b"\xa0\x0d\xa3\x06\x04\x01a\x04\x01b\xa1\x03\x87\x01c",
            ),
            (
                "(& (a=b)\n  (| (c=*) ) )",
                b"\xa0\x0d\xa3\x06\x04\x01a\x04\x01b\xa1\x03\x87\x01c",
            ),
            ("(&)", b"\xa0\x00"),
            (
                "(o=univ*of*mich*)",
                b"\xa4\x15\x04\x01o\x30\x10\x80\x04univ\x81\x02of\x81\x04mich",
            ),
            ("(o=*x)", b"\xa4\x08\x04\x01o\x30\x03\x82\x01x"),
            ("(seeAlso=)", b"\xa3\x0b\x04\x07seeAlso\x04\x00"),
            ("(a>=1)", b"\xa5\x06\x04\x01a\x04\x011"),
            ("(a<=1)", b"\xa6\x06\x04\x01a\x04\x011"),
            ("(a~=1)", b"\xa8\x06\x04\x01a\x04\x011"),
            ("(cn:1.2:=x)", b"\xa9\x0c\x81\x031.2\x82\x02cn\x83\x01x"),
            ("(cn:dn:=x)", b"\xa9\x0a\x82\x02cn\x83\x01x\x84\x01\xff"),
            (
                "(a=\\2a\\5C\\ff\u{e9})",
                b"\xa3\x0a\x04\x01a\x04\x05*\\\xff\xc3\xa9",
            ),
        ];
        for (text, bytes) in cases {
            let filter = Filter::new(text);
            assert_eq!(filter.as_ref().map(Filter::encoded), Some(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_filter_is_none() {
        for text in [
            "",
            "cn=x",
            "(cn=x",
            "(cn=x))",
            "()",
            "(cn)",
            "(=x)",
            "(cn=x)(cn=y)",
            "(c n=x)",
            "(cn=\\2)",
            "(cn=\\zz)",
            "(cn=a**b)",
            "(cn>=a*)",
            "(:=x)",
            "(a:dn:b:c:=x)",
            "(!(a=b)(c=d))",
            "(!)",
            "(&(a=b)",
            "(a=(b))",
            "(a=\0)",
        ] {
            assert_eq!(Filter::new(text), None, "{text}");
        }
        let deep = |levels: usize| format!("{}(a=b){}", "(!".repeat(levels), ")".repeat(levels));
        assert!(Filter::new(&deep(DEPTH - 1)).is_some());
        assert!(Filter::new(&deep(DEPTH)).is_none());
        assert!(Filter::new(&deep(100_000)).is_none());
    }

    proptest! {
        #[test]
        fn no_text_stops_the_program(text in "[(&|!)a:=*\\\\ \u{e9}0<>~.;]{0,24}") {
            if let Some(filter) = Filter::new(&text) {
                let mut whole = Reader::new(filter.encoded());
                prop_assert!(whole.any().is_some() && whole.is_empty());
            }
        }

        #[test]
        fn every_name_stands_in_the_request_as_it_is(name in any::<String>()) {
            let text = any_name("(a=b)", "uid", std::slice::from_ref(&name)).remove(0);
            let filter = Filter::new(&text).unwrap();
            let mut wanted = Writer::default();
            wanted.bytes(STRING, name.as_bytes());
            prop_assert!(filter.encoded().ends_with(&wanted.into_bytes()));
        }
    }
}
