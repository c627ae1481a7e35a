//! Search filters for named people and groups (RFC 4515). Pure.

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
    let one = |names: &[String]| {
        let mut out = format!("(&{all}(|");
        for name in names {
            out.push('(');
            out.push_str(attribute);
            out.push('=');
            escaped(name, &mut out);
            out.push(')');
        }
        out.push_str("))");
        out
    };
    names.chunks(NAMES_AT_ONCE).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_the_filter() {
        let names = ["alice".to_owned(), "*)(uid=\\\0x".to_owned()];
        let filters = narrowed("(objectClass=posixAccount)", "uid", &names);
        assert_eq!(filters, ["(&(objectClass=posixAccount)(|(uid=alice)(uid=\\2a\\29\\28uid=\\5c\\00x)))"]);
        assert!(ldap3::parse_filter(&filters[0]).is_ok());
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
