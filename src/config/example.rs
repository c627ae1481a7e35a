//! What gosync.toml.example shows for a key: the values that messages name as examples. It is a part of the program, so
//! that no example is written twice.

/// The example.
const TEXT: &str = include_str!("../../gosync.toml.example");

/// A line `key = value` of the example, in force or behind a `#`.
struct Line<'t> {
    /// Such as `accounts` or `provider.campus.attributes`.
    section: &'t str,
    /// What kind of provider or target it is for; none in other sections.
    kind: Option<&'t str>,
    key: &'t str,
    /// The whole line.
    text: &'t str,
}

fn lines() -> impl Iterator<Item = Line<'static>> {
    let (mut section, mut kind) = ("", None);
    TEXT.lines().filter_map(move |line| {
        let line = line.strip_prefix('#').unwrap_or(line);
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            // A section in another one is of the same kind.
            if !name.starts_with(&format!("{section}.")) {
                kind = None;
            }
            section = name;
            return None;
        }
        let (key, value) = line.split_once(" = ")?;
        let word = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if !word(key) {
            return None;
        }
        if key == "kind" {
            kind = Some(value.trim_matches('"'));
        }
        Some(Line {
            section,
            kind,
            key,
            text: line,
        })
    })
}

/// What may stand in a section, such as `provider.campus.attributes` of the kind `ldap`, under this key: `key = value`.
/// Nothing, where the example shows no value.
pub(super) fn of(section: &str, kind: Option<&str>, key: &str) -> Option<&'static str> {
    let empty = |text: &&str| ["[]", "{}", "\"\""].iter().any(|end| text.ends_with(end));
    let mut there = lines().filter(|line| line.key == key && same(line, section, kind));
    there.find_map(|line| Some(line.text).filter(|text| !empty(text)))
}

/// A section in which a key may stand, where it is written in none or in the wrong one.
pub(super) fn home_of(key: &str) -> Option<&'static str> {
    // What a target has, too, is more often meant for something else.
    lines()
        .filter(|line| line.key == key && key != "kind")
        .min_by_key(|line| line.section.starts_with("target."))
        .map(|line| line.section)
}

/// Whether a line is for this section: families of sections with names of their own have one example for each kind.
fn same(line: &Line<'_>, section: &str, kind: Option<&str>) -> bool {
    let parts = |section: &str| -> Vec<String> { section.split('.').map(str::to_owned).collect() };
    let (mut theirs, mut ours) = (parts(line.section), parts(section));
    let named = matches!(
        ours.first().map(String::as_str),
        Some("provider" | "target" | "group")
    );
    if named && ours.len() > 1 && theirs.len() > 1 {
        // Names are people's own.
        theirs.remove(1);
        // A name may hold dots, in quotation marks.
        match section.rfind('"') {
            Some(end) => {
                let rest = section.get(end + 1..).unwrap_or_default();
                ours.truncate(1);
                ours.extend(parts(rest).into_iter().skip(1));
            }
            None => drop(ours.remove(1)),
        }
    }
    ours == theirs && (kind.is_none() || line.kind.is_none() || line.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_examples() {
        assert_eq!(
            of("provider.x", Some("ldap"), "url"),
            Some("url = \"ldaps://ldap.example.org\"")
        );
        assert_eq!(
            of("provider.x", Some("scim"), "url"),
            Some("url = \"https://scim.example.org/v2\"")
        );
        assert_eq!(of("provider.x", Some("globus"), "url"), None);
        assert_eq!(
            of("provider.\"a.b\".attributes", Some("ldap"), "login"),
            Some("login = \"uid\"")
        );
        assert_eq!(
            of("accounts", None, "uid_range"),
            Some("uid_range = [20000, 59999]")
        );
        assert_eq!(
            of("accounts", None, "names"),
            None,
            "an empty list shows nothing"
        );
        assert_eq!(home_of("dots"), Some("accounts"));
        assert_eq!(home_of("nothing"), None);
    }
}
