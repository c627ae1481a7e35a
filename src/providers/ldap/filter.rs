//! Search filters for people and groups of which the name or id is known (RFC 4515). Pure.

use std::fmt::Write as _;

use super::ids;
use crate::model::RemoteId;

/// How many names one filter asks for: small enough for every server's limit on the size of a request.
const NAMES_AT_ONCE: usize = 100;

/// A value as it stands in a filter: everything that means something there is escaped.
fn escaped(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            '*' => out.push_str("\\2a"),
            '(' => out.push_str("\\28"),
            ')' => out.push_str("\\29"),
            '\\' => out.push_str("\\5c"),
            '\0' => out.push_str("\\00"),
            c => out.push(c),
        }
    }
}

/// `all`, narrowed to the entries whose `attribute` is one of `names`: one filter for each hundred of them.
pub(super) fn narrowed(all: &str, attribute: &str, names: &[String]) -> Vec<String> {
    let value = |name: &String| {
        let mut out = String::new();
        escaped(name, &mut out);
        out
    };
    any_of(all, attribute, &names.iter().map(value).collect::<Vec<_>>())
}

/// `all`, narrowed to the entries whose `attribute` is one of `ids`: one filter for each hundred of them.
pub(super) fn by_ids<'a>(
    all: &str,
    attribute: &str,
    ids: impl IntoIterator<Item = &'a RemoteId>,
) -> Vec<String> {
    let value = |bytes: Vec<u8>| {
        bytes.iter().fold(String::new(), |mut out, b| {
            if b.is_ascii_alphanumeric() || *b == b'-' {
                out.push(char::from(*b));
            } else {
                let _ = write!(out, "\\{b:02x}");
            }
            out
        })
    };
    let values: Vec<String> = ids
        .into_iter()
        .flat_map(|id| ids::values(attribute, id))
        .map(value)
        .collect();
    any_of(all, attribute, &values)
}

/// The same for values that are escaped already.
fn any_of(all: &str, attribute: &str, values: &[String]) -> Vec<String> {
    let one = |values: &[String]| {
        let any: String = values
            .iter()
            .map(|value| format!("({attribute}={value})"))
            .collect();
        format!("(&{all}(|{any}))")
    };
    values.chunks(NAMES_AT_ONCE).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_the_filter() {
        let names = ["alice".to_owned(), "*)(uid=\\\0x".to_owned()];
        let filters = narrowed("(objectClass=posixAccount)", "uid", &names);
        assert_eq!(
            filters,
            ["(&(objectClass=posixAccount)(|(uid=alice)(uid=\\2a\\29\\28uid=\\5c\\00x)))"]
        );
        assert!(ldap3::parse_filter(&filters[0]).is_ok());
    }

    #[test]
    fn ids_are_asked_for_as_the_server_keeps_them() {
        let id = RemoteId::new("03020100-0504-0706-2829-2a0b0c0d5c5f").unwrap();
        let filters = by_ids("(a=b)", "objectGUID", [&id]);
        assert_eq!(
            filters,
            [
                "(&(a=b)(|(objectGUID=\\00\\01\\02\\03\\04\\05\\06\\07\\28\\29\\2a\\0b\\0c\\0d\\5c\\5f)))"
            ]
        );
        assert!(ldap3::parse_filter(&filters[0]).is_ok());
        let odd = RemoteId::new("*)(x=").unwrap();
        assert_eq!(
            by_ids("(a=b)", "cn", [&odd]),
            ["(&(a=b)(|(cn=\\2a\\29\\28x\\3d)))"]
        );
    }

    #[test]
    fn many_names_are_asked_for_in_turns() {
        let names: Vec<_> = (0..250).map(|n| format!("u{n}")).collect();
        let filters = narrowed("(x=y)", "uid", &names);
        assert_eq!(filters.len(), 3);
        assert!(filters[2].ends_with("(uid=u249)))"));
        assert!(narrowed("(x=y)", "uid", &[]).is_empty());
    }
}
