//! The address of a person's keys: a URL with `{login}`, `{id}` or `{attribute.NAME}` in its path
//! or query. Pure.
//!
//! What stands in for these is percent-encoded (RFC 3986, 2.1), so that no login can lead to
//! another place, path or parameter.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::lookup::Lookup;
use crate::model::User;
use crate::providers::http::check_url;

/// The longest word that is put into an address.
const MAX_WORD: usize = 256;

/// All characters but the unreserved ones (RFC 3986, 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A URL with places to fill in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template {
    text: String,
    origin: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Word(Lookup),
}

impl Template {
    /// The address as it is configured.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port, with the slash that follows.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The address for a person; `None` if the provider does not say what they are called there.
    ///
    /// # Errors
    /// When that cannot stand in an address.
    pub fn expand(&self, user: &User) -> Result<Option<String>, String> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Word(lookup) => {
                    let Some(word) = lookup.of(user) else {
                        return Ok(None);
                    };
                    // A path of dots leads upwards, even encoded.
                    if word.len() > MAX_WORD || word.bytes().all(|b| b == b'.') {
                        return Err(format!("the {lookup} cannot stand in an address"));
                    }
                    out.extend(utf8_percent_encode(word, RESERVED));
                }
            }
        }
        Ok(Some(out))
    }
}

impl TryFrom<String> for Template {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |reason: &str| format!("the address of keys {reason}");
        if !text
            .bytes()
            .all(|b| b.is_ascii_graphic() && b != b'\\' && b != b'#')
        {
            return Err(wrong(
                "has a character that no address has; write it percent-encoded",
            ));
        }
        let (mut parts, mut rest) = (Vec::new(), text.as_str());
        while let Some((before, after)) = rest.split_once('{') {
            let (word, after) = after
                .split_once('}')
                .ok_or_else(|| wrong("has a { without a }"))?;
            parts.extend([Part::Text(before.to_owned()), Part::Word(word.parse()?)]);
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        if parts
            .iter()
            .any(|part| matches!(part, Part::Text(text) if text.contains(['{', '}'])))
        {
            return Err(wrong("has a } without a {"));
        }
        let [Part::Text(first), _, ..] = parts.as_slice() else {
            return Err(wrong(
                "says nowhere whose they are: it needs {login}, {id} or {attribute.NAME}",
            ));
        };
        let host = first.find("://").map_or(0, |at| at + 3);
        let end = first[host..].find(['/', '?']).map(|at| host + at);
        let end = end.filter(|end| first[*end..].starts_with('/'));
        let origin = &first[..=end
            .ok_or_else(|| wrong("must name its host, and a / after it, before anything in {}"))?];
        check_url(origin)?;
        Ok(Self {
            origin: origin.to_owned(),
            parts,
            text,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RemoteId, Untrusted};

    fn template(text: &str) -> Result<Template, String> {
        Template::try_from(text.to_owned())
    }

    fn user(login: &str) -> User {
        let mut user = User::new(RemoteId::new("u/1").unwrap(), login);
        user.attributes
            .insert("forge".to_owned(), Untrusted::new("42"));
        user
    }

    #[test]
    fn words_stay_in_their_place() {
        let expand = |text: &str, login: &str| {
            template(text)
                .unwrap()
                .expand(&user(login))
                .unwrap()
                .unwrap()
        };
        let keys = "https://forge.example.org/{login}.keys";
        assert_eq!(expand(keys, "ann"), "https://forge.example.org/ann.keys");
        assert_eq!(
            expand(keys, "../x?y#z"),
            "https://forge.example.org/..%2Fx%3Fy%23z.keys"
        );
        assert_eq!(
            expand(keys, "zoë@%2f\n"),
            "https://forge.example.org/zo%C3%AB%40%252f%0A.keys"
        );
        let more = "http://127.0.0.1:8080/v1/{id}/keys?who={attribute.forge}&x={login}";
        assert_eq!(
            expand(more, "a&b=c"),
            "http://127.0.0.1:8080/v1/u%2F1/keys?who=42&x=a%26b%3Dc"
        );
        assert_eq!(template(more).unwrap().origin(), "http://127.0.0.1:8080/");
    }

    #[test]
    fn dots_and_long_words_are_no_part_of_a_path() {
        let keys = template("https://x/{login}/keys").unwrap();
        for login in [".", "..", "...", &"x".repeat(257)] {
            assert!(keys.expand(&user(login)).is_err(), "{login}");
        }
        assert_eq!(keys.expand(&user("")), Ok(None));
        assert_eq!(
            template("https://x/{attribute.other}")
                .unwrap()
                .expand(&user("ann")),
            Ok(None)
        );
    }

    #[test]
    fn an_address_names_its_host_and_a_person() {
        for bad in [
            "",
            "https://x/keys",
            "https://{login}.example.org/keys",
            "https://x{login}/",
            "https://x?{login}",
            "https://x:{id}/",
            "{login}",
            "/{login}",
            "https://x/{user}",
            "https://x/{}",
            "https://x/{login",
            "https://x/login}",
            "https://x/{login}}",
            "https://x/{login}#keys",
            "https://x/{login} keys",
            "https://x\\@evil/{login}",
            "https://u:p@x/{login}",
            "http://forge.example.org/{login}",
            "ftp://x/{login}",
        ] {
            assert!(template(bad).is_err(), "{bad}");
        }
    }
}
