//! Search filters for entries of which the value of an attribute is known (RFC 4515). Pure.

use std::fmt::Write as _;

use ldap3::ldap_escape;

/// How many values one filter asks for: small enough for every server's limit on the size of a
/// request.
const VALUES_AT_ONCE: usize = 100;

/// `all`, narrowed to the entries whose `attribute` is one of `names`: one filter for each hundred
/// of them.
pub(crate) fn any_name(all: &str, attribute: &str, names: &[String]) -> Vec<String> {
    let escaped: Vec<_> = names
        .iter()
        .map(|name| ldap_escape(name.as_str()))
        .collect();
    any_of(all, attribute, &escaped)
}

/// The same for values that need not be text.
pub(crate) fn any_bytes(all: &str, attribute: &str, values: &[Vec<u8>]) -> Vec<String> {
    let escaped: Vec<_> = values.iter().map(|value| escaped(value)).collect();
    any_of(all, attribute, &escaped)
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

fn any_of<T: AsRef<str>>(all: &str, attribute: &str, escaped: &[T]) -> Vec<String> {
    let one = |values: &[T]| {
        let any: String = values
            .iter()
            .map(|value| format!("({attribute}={})", value.as_ref()))
            .collect();
        format!("(&{all}(|{any}))")
    };
    escaped.chunks(VALUES_AT_ONCE).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_the_filter() {
        let names = ["alice".to_owned(), "*)(uid=\\\0x".to_owned()];
        let filters = any_name("(objectClass=posixAccount)", "uid", &names);
        assert_eq!(
            filters,
            ["(&(objectClass=posixAccount)(|(uid=alice)(uid=\\2a\\29\\28uid=\\5c\\00x)))"]
        );
        assert!(ldap3::parse_filter(&filters[0]).is_ok());
    }

    #[test]
    fn values_of_bytes_cannot_leave_their_place_either() {
        let filters = any_bytes("(a=b)", "objectGUID", &[vec![0, 0x2a, 0x5c, b'x', 0xff]]);
        assert_eq!(filters, ["(&(a=b)(|(objectGUID=\\00\\2a\\5cx\\ff)))"]);
        assert!(ldap3::parse_filter(&filters[0]).is_ok());
    }

    #[test]
    fn many_names_are_asked_for_in_turns() {
        let names: Vec<_> = (0..250).map(|n| format!("u{n}")).collect();
        let filters = any_name("(x=y)", "uid", &names);
        assert_eq!(filters.len(), 3);
        assert!(filters[2].ends_with("(uid=u249)))"));
        assert!(any_name("(x=y)", "uid", &[]).is_empty());
    }
}
