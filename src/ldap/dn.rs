//! Distinguished names in one form, so that they can be compared.
//!
//! Two spellings of a name (RFC 4514) differ in case, in blanks around `,` and `=`, in how a
//! character is escaped, in the order of a multi-valued part, and in the short or long name of an
//! attribute (RFC 4519). Values are prepared for comparing as `caseIgnoreMatch` has it, which the
//! attributes that name entries have (RFC 4518): case, compatibility characters and composition
//! (NFKC), and blanks that say nothing. Where a server differs from that in a corner, it is asked:
//! see `strangers` in the provider. Pure.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_normalization::UnicodeNormalization as _;

/// One `type=value` of a name: the type in lower case and short, the value without escapes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Attribute type.
    pub attribute: String,
    /// Value; `None` if it is not UTF-8.
    pub value: Option<String>,
    /// The same in the form for comparing, escaped again.
    key: String,
}

/// Long names and object identifiers of the attributes that names are made of.
const ALIASES: [(&str, &str); 19] = [
    ("userid", "uid"),
    ("0.9.2342.19200300.100.1.1", "uid"),
    ("commonname", "cn"),
    ("2.5.4.3", "cn"),
    ("organizationalunitname", "ou"),
    ("2.5.4.11", "ou"),
    ("organizationname", "o"),
    ("2.5.4.10", "o"),
    ("domaincomponent", "dc"),
    ("0.9.2342.19200300.100.1.25", "dc"),
    ("countryname", "c"),
    ("2.5.4.6", "c"),
    ("localityname", "l"),
    ("2.5.4.7", "l"),
    ("stateorprovincename", "st"),
    ("2.5.4.8", "st"),
    ("surname", "sn"),
    ("2.5.4.4", "sn"),
    ("rfc822mailbox", "mail"),
];

/// No long name and no object identifier has fewer bytes.
const SHORTEST_ALIAS: usize = 6;

/// The form in which names are compared; `None` if `text` is no name.
pub(crate) fn normalise(text: &str) -> Option<Cow<'_, str>> {
    if is_normal(text) {
        return Some(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = without_blanks(text);
    while !rest.is_empty() {
        let (mut parts, tail) = relative(rest)?;
        if parts.len() > 1 {
            parts.sort_by(|a, b| a.key.cmp(&b.key));
        }
        if !out.is_empty() {
            out.push(',');
        }
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                out.push('+');
            }
            out.push_str(&part.key);
        }
        rest = match tail {
            None => "",
            // A comma must be followed by another part.
            Some("") => return None,
            Some(tail) => tail,
        };
    }
    (!out.is_empty()).then_some(Cow::Owned(out))
}

/// The parts of the entry's own name, before the first comma.
pub(crate) fn first(text: &str) -> Vec<Part> {
    relative(without_blanks(text))
        .map(|(parts, _)| parts)
        .unwrap_or_default()
}

/// The name of the entry above; empty: there is none.
pub(crate) fn parent(text: &str) -> Option<&str> {
    relative(without_blanks(text)).map(|(_, tail)| tail.unwrap_or_default())
}

/// A text without what is blank around it; a blank that is escaped stays.
fn without_blanks(text: &str) -> &str {
    let text = text.trim_start();
    let kept = text.trim_end();
    let backslashes = kept.bytes().rev().take_while(|b| *b == b'\\').count();
    match text[kept.len()..].chars().next() {
        Some(blank) if backslashes % 2 == 1 => &text[..kept.len() + blank.len_utf8()],
        _ => kept,
    }
}

/// Whether `key` is `base` or below it; both normalised. An `=` inside a value is escaped in that
/// form, so the end of a value can never look like `base`.
pub(crate) fn is_under(key: &str, base: &str) -> bool {
    key.strip_suffix(base)
        .is_some_and(|head| head.is_empty() || head.ends_with(','))
}

/// A member's name without the bit string that `uniqueMember` may carry: `cn=x#'01'B` (RFC 4517,
/// 3.3.21).
pub(crate) fn without_bits(text: &str) -> &str {
    let bits = text
        .strip_suffix("'B")
        .and_then(|head| head.rsplit_once("#'"));
    match bits {
        Some((name, bits)) if bits.bytes().all(|b| matches!(b, b'0' | b'1')) => name,
        _ => text,
    }
}

/// Most names come in the form for comparing already; this finds out in one pass, without taking
/// memory.
fn is_normal(text: &str) -> bool {
    let is_small = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.as_bytes().split(|b| *b == b',').all(|part| {
        let Some(end) = part.iter().position(|b| *b == b'=') else {
            return false;
        };
        let (name, value) = (&part[..end], &part[end + 1..]);
        !value.is_empty()
            && !name.is_empty()
            && name.iter().all(|b| is_small(b) || *b == b'-')
            && value
                .iter()
                .all(|b| is_small(b) || matches!(b, b'.' | b'-' | b'_' | b'@'))
            && !is_long(name)
    })
}

/// Whether the name of an attribute has a shorter one.
fn is_long(name: &[u8]) -> bool {
    name.len() >= SHORTEST_ALIAS && ALIASES.iter().any(|(long, _)| long.as_bytes() == name)
}

fn short(name: &str) -> &str {
    if name.len() < SHORTEST_ALIAS {
        return name;
    }
    ALIASES
        .iter()
        .find(|(long, _)| *long == name)
        .map_or(name, |(_, short)| short)
}

/// A type without the `oid.` that old servers put before a number (RFC 1779, 2.3); `None`: nothing of the kind follows it.
fn without_oid(attribute: &str) -> Option<&str> {
    match attribute.strip_prefix("oid.") {
        Some(number) => Some(number).filter(|n| n.starts_with(|c: char| c.is_ascii_digit())),
        None => Some(attribute),
    }
}

/// Reads the parts up to the next comma, and gives what follows it.
fn relative(text: &str) -> Option<(Vec<Part>, Option<&str>)> {
    let mut parts = Vec::with_capacity(1);
    let mut rest = text;
    loop {
        let (attribute, tail) = rest.split_once('=')?;
        let attribute = attribute.trim().to_ascii_lowercase();
        let attribute = without_oid(&attribute)?;
        let named = !attribute.is_empty()
            && attribute
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
        if !named {
            return None;
        }
        let attribute = short(attribute).to_owned();
        let (value, end) = value(tail)?;
        parts.push(Part {
            key: key(&attribute, &value),
            attribute,
            value: String::from_utf8(value).ok(),
        });
        match tail.as_bytes().get(end) {
            None => return Some((parts, None)),
            Some(b'+') => rest = &tail[end + 1..],
            Some(_) => return Some((parts, Some(tail[end + 1..].trim_start()))),
        }
    }
}

/// Reads one value without its escapes, and says where its separator stands.
fn value(text: &str) -> Option<(Vec<u8>, usize)> {
    let bytes = text.as_bytes();
    let mut i = bytes.iter().take_while(|b| **b == b' ').count();
    let mut out = Vec::new();
    // Blanks at the end count only if they were escaped.
    let mut kept = 0;
    if bytes.get(i) == Some(&b'"') {
        i += 1;
        loop {
            match bytes.get(i)? {
                b'"' => break,
                b'\\' => i = escape(bytes, i, &mut out)?,
                b => {
                    out.push(*b);
                    i += 1;
                }
            }
        }
        i += 1;
        i += bytes[i..].iter().take_while(|b| **b == b' ').count();
        return matches!(bytes.get(i), None | Some(b',' | b';' | b'+')).then_some((out, i));
    }
    while let Some(b) = bytes.get(i) {
        match b {
            b',' | b';' | b'+' => break,
            b'\\' => {
                i = escape(bytes, i, &mut out)?;
                kept = out.len();
            }
            b' ' => {
                out.push(b' ');
                i += 1;
            }
            b => {
                out.push(*b);
                kept = out.len();
                i += 1;
            }
        }
    }
    out.truncate(kept);
    Some((out, i))
}

/// Reads the escape at `i`, and says where it ends.
fn escape(bytes: &[u8], i: usize, out: &mut Vec<u8>) -> Option<usize> {
    let digit = |b: u8| {
        char::from(b)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let first = *bytes.get(i + 1)?;
    match (digit(first), bytes.get(i + 2).copied().and_then(digit)) {
        (Some(high), Some(low)) => {
            out.push(high << 4 | low);
            Some(i + 3)
        }
        _ if first.is_ascii() => {
            out.push(first);
            Some(i + 2)
        }
        _ => None,
    }
}

/// A value as RFC 4518 prepares it: small letters, NFKC, no blanks at the ends and one between words; one that is nothing
/// but blanks is one blank. Small letters instead of its table for folding, since that is what servers do: OpenLDAP
/// tells `ss` from `ß`.
fn prepared(text: &str) -> String {
    let small: String = match text.is_ascii() {
        true => text.to_ascii_lowercase(),
        false => {
            let small: String = text.nfkc().flat_map(char::to_lowercase).collect();
            small.nfkc().collect()
        }
    };
    let mut out = String::with_capacity(small.len());
    for word in small.split(' ').filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    if out.is_empty() && !text.is_empty() {
        out.push(' ');
    }
    out
}

/// `type=value` for comparing: prepared, and every character that separates escaped.
fn key(attribute: &str, value: &[u8]) -> String {
    let mut out = String::with_capacity(attribute.len() + value.len() + 2);
    out.push_str(attribute);
    out.push('=');
    let Ok(text) = std::str::from_utf8(value) else {
        for b in value {
            let _ = write!(out, "\\{b:02x}");
        }
        return out;
    };
    let text = prepared(text);
    for c in text.chars() {
        match c {
            // At either end of a name or a value it counts only if it is escaped.
            ' ' if text == " " => out.push_str("\\20"),
            c if c.is_whitespace() && c != ' ' => {
                for b in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(out, "\\{b:02x}");
                }
            }
            ',' | '+' | '=' | '"' | '\\' | ';' | '<' | '>' | '#' => {
                out.push('\\');
                out.push(c);
            }
            '\0' => out.push_str("\\00"),
            c => out.push(c),
        }
    }
    out
}

/// A value as it stands in a name (RFC 4514, 2.4).
pub(crate) fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(value.len());
    for (i, c) in value.chars().enumerate() {
        match c {
            '\0' => out.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => out.extend(['\\', c]),
            '#' if i == 0 => out.extend(['\\', c]),
            ' ' if i == 0 || i == last => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) {
        assert_eq!(normalise(a), normalise(b), "{a} and {b}");
        assert!(normalise(a).is_some(), "{a}");
    }

    #[test]
    fn spellings_of_one_name_compare_equal() {
        same(
            "uid=alice,ou=people,dc=example,dc=org",
            "UID=Alice, OU = People ,DC=Example,DC=ORG",
        );
        same(
            "uid=alice,dc=org",
            "userid=alice,0.9.2342.19200300.100.1.25=org",
        );
        same("cn=Liddell\\, Alice,dc=org", "cn=liddell\\2c alice,dc=org");
        same("cn=Liddell\\, Alice,dc=org", "cn=\"Liddell, Alice\",dc=org");
        same("cn=a  b,dc=org", "cn=A b,dc=org");
        same("cn=Zo\\c3\\ab,dc=org", "cn=Zoë,dc=org");
        same("cn=a+uid=b,dc=org", "uid=B + cn=A,dc=org");
        same("cn=x;dc=org", "cn=x,dc=org");
        same("cn=x\\ ,dc=org", "cn=x\\20,dc=org");
        same("cn=\\ x\\ ,dc=org", "cn=\\20X\\20,dc=org");
    }

    #[test]
    fn what_a_server_holds_for_one_name_compares_equal() {
        // Composed and decomposed, ligature, full width, blanks at the ends and between.
        same("uid=j\u{f6}rg,dc=org", "uid=jo\u{308}rg,dc=org");
        same("uid=J\u{d6}RG,dc=org", "uid=jo\\cc\\88rg,dc=org");
        same("cn=e\u{fb01}ka,dc=org", "cn=Efika,dc=org");
        same("cn=\u{ff21}nn,dc=org", "cn=ann,dc=org");
        same("cn=Jane Roe\\20,dc=org", "cn=Jane Roe,dc=org");
        same("cn=\\ Jane\u{a0} Roe,dc=org", "cn=jane roe,dc=org");
        same("cn=\\ \\ ,dc=org", "cn=\\20,dc=org");
        same("cn=\u{212b}ngstrom,dc=org", "cn=\u{e5}ngstrom,dc=org");
        same(
            "cn=\u{c5}.b+ou=\u{fb01},dc=org",
            "ou=fi+cn=a\u{30a}.b,dc=org",
        );
    }

    #[test]
    fn the_form_for_comparing_is_a_name_itself_and_its_own_form() {
        for text in [
            "cn=\\ a\\ ,dc=org",
            "cn=\\ ,dc=org",
            "cn=a\\=b\\#\\,c+o=\\ff,dc=Org",
            "cn=\\00,dc=org",
            "cn=,dc=org",
            "cn=\\ ",
            "cn=x\\ ",
            "o=\\ x\t\\20 ",
        ] {
            let once = normalise(text).unwrap().into_owned();
            assert_eq!(normalise(&once).as_deref(), Some(once.as_str()), "{text}");
        }
    }

    #[test]
    fn different_names_stay_different() {
        for (a, b) in [
            ("cn=a\\,dc=b,dc=org", "cn=a,dc=b,dc=org"),
            ("cn=a\\+uid=b,dc=org", "cn=a+uid=b,dc=org"),
            ("cn=\\ ,dc=org", "cn=,dc=org"),
            ("cn=stra\u{df}e,dc=org", "cn=strasse,dc=org"),
            ("cn=jorg,dc=org", "cn=jo\u{308}rg,dc=org"),
            ("cn=a b,dc=org", "cn=ab,dc=org"),
            ("cn=\\ff,dc=org", "cn=\\fe,dc=org"),
            ("cn=\\5c2c,dc=org", "cn=\\2c,dc=org"),
        ] {
            assert_ne!(normalise(a), normalise(b), "{a} and {b}");
        }
    }

    #[test]
    fn what_is_normal_already_is_not_copied() {
        assert!(matches!(
            normalise("uid=u1,ou=people,dc=example,dc=org"),
            Some(Cow::Borrowed(_))
        ));
        assert!(matches!(normalise("userid=u1,dc=org"), Some(Cow::Owned(_))));
    }

    #[test]
    fn what_is_no_name_is_none() {
        for text in [
            "alice",
            "=x",
            "cn=x,",
            "cn=x,,dc=y",
            "cn=x,y",
            "cn=\"x",
            "cn=x\\",
            "c n=x",
            "cn=\"x\"y,dc=z",
            "oid.=x",
            "cn=x,oid. =y",
            "oid.oid.2.5.4.3=x",
        ] {
            assert_eq!(normalise(text), None, "{text}");
        }
        assert_eq!(normalise("").as_deref(), None);
    }

    #[test]
    fn a_name_lies_under_its_base_and_not_under_a_similar_one() {
        let base = "ou=people,dc=org";
        for (text, under) in [
            ("uid=a,ou=people,dc=org", true),
            ("ou=people,dc=org", true),
            ("uid=a,ou=xou=people,dc=org", false),
            ("uid=a\\,ou=people,dc=org", false),
            ("uid=a,dc=org", false),
        ] {
            assert_eq!(is_under(&normalise(text).unwrap(), base), under, "{text}");
        }
    }

    #[test]
    fn the_bit_string_of_a_unique_member_is_no_part_of_the_name() {
        assert_eq!(without_bits("cn=x,dc=org#'0101'B"), "cn=x,dc=org");
        assert_eq!(without_bits("cn=x,dc=org#''B"), "cn=x,dc=org");
        assert_eq!(without_bits("cn=x,dc=org#'02'B"), "cn=x,dc=org#'02'B");
        assert_eq!(without_bits("cn=x#1,dc=org"), "cn=x#1,dc=org");
    }

    #[test]
    fn the_first_part_keeps_its_case() {
        let parts = first("uid=Alice+cn=Alice\\, L,dc=org");
        assert_eq!(parts[0].attribute, "uid");
        assert_eq!(parts[0].value.as_deref(), Some("Alice"));
        assert_eq!(parts[1].value.as_deref(), Some("Alice, L"));
    }

    #[test]
    fn a_value_cannot_leave_its_place_in_a_name() {
        for value in ["a", "#a", " a ", " ", "a,b=c+d", "\"<\\>;", "\0", "é#"] {
            let name = format!("cn={},dc=org", escaped(value));
            assert_eq!(first(&name)[0].value.as_deref(), Some(value), "{name}");
            assert!(is_under(&normalise(&name).unwrap(), "dc=org"));
        }
        assert_eq!(escaped(" #a b# "), "\\ #a b#\\ ");
    }
}
