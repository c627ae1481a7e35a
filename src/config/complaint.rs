//! What serde says about a value or a key, in words that an admin can follow: which section, which key, what stands there,
//! what may, and the likely word.
//!
//! What our own types say passes through as it is. Whatever this does not know of serde's words is shown as serde has it.
//! Pure.

use super::example;

/// Where in the configuration something is wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot<'a> {
    /// The path of the section, such as `provider.campus`.
    pub section: &'a str,
    /// What kind of provider or target the section is for.
    pub kind: Option<&'a str>,
    /// The key, if the value of one is meant.
    pub key: Option<&'a str>,
}

/// A complaint of serde's, in our words.
pub(super) fn told(message: &str, spot: Spot<'_>) -> String {
    let said = unknown_field(message, spot)
        .or_else(|| missing_field(message, spot))
        .or_else(|| unknown_variant(message, spot))
        .or_else(|| wrong_type(message, spot));
    said.unwrap_or_else(|| message.to_owned())
}

/// The words in back quotes of a list such as "expected one of `a`, `b`".
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// A key that is not known.
fn unknown_field(message: &str, spot: Spot<'_>) -> Option<String> {
    let rest = message.strip_prefix("unknown field `")?;
    let (found, rest) = rest.split_once('`')?;
    let known = quoted(rest);
    let text = format!("[{}]: there is no key `{found}`", spot.section);
    if let Some(likely) = likely(found, known.iter().copied()) {
        return Some(format!("{text}; did you mean `{likely}`?"));
    }
    let elsewhere = example::home_of(found).filter(|home| !home.starts_with("provider."));
    Some(match elsewhere {
        Some(home) => format!("{text}; `{found}` is for [{home}]"),
        None => format!("{text}; there are {}", known.join(", ")),
    })
}

/// A key that must be there.
fn missing_field(message: &str, spot: Spot<'_>) -> Option<String> {
    let key = message.strip_prefix("missing field `")?.strip_suffix('`')?;
    let text = format!("[{}]: `{key}` is missing", spot.section);
    Some(format!("{text}{}", such_as(spot, key)))
}

/// A word that is none of those that there are.
fn unknown_variant(message: &str, spot: Spot<'_>) -> Option<String> {
    let rest = message.strip_prefix("unknown variant `")?;
    let (found, rest) = rest.split_once('`')?;
    let known = quoted(rest);
    let there = match known.as_slice() {
        [only] => format!("it can be {only}"),
        [first @ .., last] => format!("it can be {} or {last}", first.join(", ")),
        [] => return None,
    };
    let meant = likely(found, known.iter().copied());
    let meant = meant.map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
    Some(format!(
        "{}it cannot be `{found}`; {there}{meant}",
        head(spot)
    ))
}

/// A value of another type, or one that its type does not hold.
fn wrong_type(message: &str, spot: Spot<'_>) -> Option<String> {
    let rest = ["invalid type: ", "invalid value: ", "invalid length "];
    let rest = rest.iter().find_map(|start| message.strip_prefix(start))?;
    let (found, wanted) = rest.split_once(", expected ")?;
    let found = match found {
        "sequence" => "a list".to_owned(),
        "map" => "a table".to_owned(),
        number if number.bytes().all(|b| b.is_ascii_digit()) => format!("a list of {number}"),
        other => {
            let plain = other.replace('`', "");
            let words = [
                ("string ", "the text "),
                ("integer ", "the number "),
                ("boolean ", ""),
            ];
            let said = words
                .iter()
                .find_map(|(serde, ours)| Some(format!("{ours}{}", plain.strip_prefix(serde)?)));
            said.unwrap_or(plain)
        }
    };
    let wanted = match wanted {
        "a boolean" => "true or false",
        "a sequence" => "a list in brackets",
        "a string" | "path string" | "string" => "text in quotation marks",
        "a tuple of size 2" => "two numbers in brackets",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        other if other.starts_with("struct ") || other == "a map" => "a table of keys",
        other => other,
    };
    let example = spot.key.map_or_else(String::new, |key| such_as(spot, key));
    Some(format!(
        "{}it is {found}; wanted is {wanted}{example}",
        head(spot)
    ))
}

/// Where no key is named before the complaint, the section is.
fn head(spot: Spot<'_>) -> String {
    match spot.key {
        Some(_) => String::new(),
        None => format!("[{}]: ", spot.section),
    }
}

/// An example for a key, ready to stand at the end.
pub(super) fn such_as(spot: Spot<'_>, key: &str) -> String {
    example::of(spot.section, spot.kind, key)
        .map_or_else(String::new, |line| format!(", such as {line}"))
}

/// The word that is likely to be meant.
pub(crate) fn likely<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let found = found.to_ascii_lowercase();
    let near = known
        .into_iter()
        .map(|word| (strsim::jaro(&found, word), word))
        .filter(|(near, _)| *near >= 0.8);
    near.max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAMPUS: Spot<'_> = Spot {
        section: "provider.campus",
        kind: Some("ldap"),
        key: None,
    };

    #[test]
    fn the_likely_word_is_named_and_no_unlikely_one() {
        let said = told(
            "unknown field `users_base`, expected one of `url`, `user_base`, `group_base`",
            CAMPUS,
        );
        assert_eq!(
            said,
            "[provider.campus]: there is no key `users_base`; did you mean `user_base`?"
        );
        let said = told("unknown field `zebra`, expected `url` or `path`", CAMPUS);
        assert!(said.ends_with("there are url, path"), "{said}");
        let said = told("unknown field `dots`, expected `url` or `path`", CAMPUS);
        assert!(said.ends_with("`dots` is for [accounts]"), "{said}");
    }

    #[test]
    fn what_is_missing_or_of_another_type_comes_with_an_example() {
        assert_eq!(
            told("missing field `url`", CAMPUS),
            "[provider.campus]: `url` is missing, such as url = \"ldaps://ldap.example.org\""
        );
        let range = Spot {
            section: "accounts",
            kind: None,
            key: Some("uid_range"),
        };
        assert_eq!(
            told(
                "invalid type: string \"20000-30000\", expected a tuple of size 2",
                range
            ),
            "it is the text \"20000-30000\"; wanted is two numbers in brackets, such as uid_range = [20000, 59999]"
        );
        assert_eq!(
            told("a duration is a whole number", range),
            "a duration is a whole number"
        );
    }
}
