//! When two names at a provider are the same.
//!
//! Directory servers do not tell small letters from capital ones in logins and group names (RFC
//! 4519: `caseIgnoreMatch` for `uid` and `cn`; RFC 7643: `userName` is not `caseExact`), and other
//! providers need not differ from them: names are the same if they differ in nothing but the case
//! of the letters a to z. Other letters count as they stand, since their case depends on the
//! language. This goes for names that somebody asks for, by a command or a query. Names on this
//! host are told apart by case, as the host does.

/// Whether two names are the same.
pub fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// A text that the same names have in common, and others have not: for the keys of a map.
pub fn name_key(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Whom, or what, a name means.
#[derive(Debug, PartialEq, Eq)]
pub enum Named<T> {
    /// Nothing is called so.
    None,
    /// What is spelled exactly so, or the only one of the same name.
    One(T),
    /// Nobody knows which of several.
    Several(Vec<T>),
}

/// Finds what `wanted` means among `all`, each of which is called as `name` says. What is spelled
/// exactly so is meant, even if there are others of the same name.
pub fn named<T>(
    wanted: &str,
    all: impl IntoIterator<Item = T>,
    name: impl Fn(&T) -> &str,
) -> Named<T> {
    let is_same = |one: &T| same_name(name(one), wanted);
    let mut found: Vec<T> = all.into_iter().filter(is_same).collect();
    if found.len() > 1 && found.iter().any(|one| name(one) == wanted) {
        found.retain(|one| name(one) == wanted);
    }
    found.into_iter().collect()
}

impl<T> FromIterator<T> for Named<T> {
    fn from_iter<I: IntoIterator<Item = T>>(found: I) -> Self {
        let mut found: Vec<T> = found.into_iter().collect();
        match (found.pop(), found.is_empty()) {
            (None, _) => Named::None,
            (Some(one), true) => Named::One(one),
            (Some(last), false) => {
                found.push(last);
                Named::Several(found)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_by_more_than_the_case_of_ascii_letters() {
        assert!(same_name("alice", "ALICE") && same_name("Zoë", "zoë"));
        assert!(!same_name("zoË", "zoë") && !same_name("alice", "alicе"));
        assert_eq!(name_key("ALICE"), name_key("alice"));
        assert_ne!(name_key("zoË"), name_key("zoë"));
    }

    #[test]
    fn the_exact_spelling_is_meant_and_else_the_only_one() {
        let meant = |wanted, all: &[&'static str]| named(wanted, all.to_vec(), |name| name);
        assert_eq!(meant("ALICE", &["bob", "alice"]), Named::One("alice"));
        assert_eq!(meant("alice", &["Alice", "alice"]), Named::One("alice"));
        assert_eq!(
            meant("ALICE", &["Alice", "alice"]),
            Named::Several(vec!["Alice", "alice"])
        );
        assert_eq!(meant("a", &["a", "A", "a"]), Named::Several(vec!["a", "a"]));
        assert_eq!(meant("carol", &["alice"]), Named::None);
    }
}
