//! Paths of the managed host as the configuration writes them. Pure: nothing is looked up.

use serde::{Deserialize, Deserializer, de::Error as _};

use super::shown;

/// An absolute path without `.`, `..`, empty parts or characters that mean something in passwd(5);
/// slashes at its end are taken off.
///
/// # Errors
/// When the text is none.
pub(crate) fn checked(text: &str) -> Result<String, String> {
    let trimmed = if text.len() > 1 {
        text.trim_end_matches('/')
    } else {
        text
    };
    let sound = trimmed.strip_prefix('/').is_some_and(|parts| {
        parts
            .split('/')
            .all(|part| !matches!(part, "" | "." | ".."))
    });
    if sound && !trimmed.chars().any(|c| c.is_control() || c == ':') {
        Ok(trimmed.to_owned())
    } else {
        Err(format!(
            "`{}` is not an absolute path without `.` and `..`",
            shown(text)
        ))
    }
}

/// For a key that holds such a path.
pub(crate) fn one<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    checked(&String::deserialize(from)?).map_err(D::Error::custom)
}

/// For a key that holds a list of such paths.
pub(crate) fn list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    texts
        .iter()
        .map(|text| checked(text).map_err(D::Error::custom))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[test]
    fn a_path_is_absolute_and_plain() {
        assert_eq!(checked("/home//"), Ok("/home".to_owned()));
        for bad in [
            "",
            "/",
            "//",
            "home",
            "/home/../etc",
            "/a/./b",
            "/a//b",
            "/a:b",
            "/a\n",
        ] {
            assert!(checked(bad).is_err(), "{bad:?}");
        }
    }
}
