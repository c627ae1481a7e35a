//! What a server says of itself: single entries such as its root (RFC 4512, 5.1), and in which of its suffixes something is.

use std::collections::BTreeMap;

use super::connect::Session;
use super::error::Error;
use super::question::Request;
use super::{dn, entry, search};

/// The attribute of the root that names the suffixes.
pub(super) const SUFFIXES: &str = "namingContexts";

/// Attributes of an entry by their names in small letters, with their values in order.
pub(super) type About = BTreeMap<String, Vec<String>>;

/// One entry, as far as we may read it; the root is called by the empty name.
///
/// # Errors
/// When the server does not answer.
pub(super) fn read(
    session: &mut Session,
    dn: &str,
    attributes: &[&str],
) -> Result<Option<About>, Error> {
    let mut found = None;
    let request = Request::alone(dn, "(objectClass=*)", attributes);
    let outcome = search::aside(session, &request, &mut |entry| {
        let attributes = entry.iter().map(|(name, values)| {
            let mut values: Vec<String> = values.map(entry::text).collect();
            values.sort();
            (name.to_ascii_lowercase(), values)
        });
        found = Some(attributes.collect());
    });
    match outcome.early {
        Some(error) if outcome.code == 0 => Err(error),
        Some(_) => Ok(None),
        None => Ok(found),
    }
}

/// The only value of an attribute of one entry, which need not be text, as far as we may read it.
///
/// # Errors
/// When the server does not answer.
pub(super) fn bytes(
    session: &mut Session,
    dn: &str,
    attribute: &str,
) -> Result<Option<Vec<u8>>, Error> {
    let attributes = [attribute];
    let request = Request::alone(dn, "(objectClass=*)", &attributes);
    let mut found = None;
    let outcome = search::aside(session, &request, &mut |entry| {
        found = entry.only(attribute).map(<[u8]>::to_vec);
    });
    match outcome.early {
        Some(error) if outcome.code == 0 => Err(error),
        Some(_) => Ok(None),
        None => Ok(found),
    }
}

/// The only value of an attribute.
pub(super) fn one<'a>(about: &'a About, name: &str) -> Option<&'a str> {
    match about.get(&name.to_ascii_lowercase()).map(Vec::as_slice) {
        Some([value]) => Some(value),
        Some(_) | None => None,
    }
}

/// In which suffix each of the bases is; `None`: one is in none, as far as the root says.
pub(super) fn suffixes(root: &About, bases: &[&str]) -> Option<Vec<String>> {
    let all = root.get(&SUFFIXES.to_ascii_lowercase())?;
    let nearest = |base: &&str| {
        let base = dn::normalise(base)?;
        let holds = |suffix: &&String| {
            let key = dn::normalise(suffix);
            key.is_some_and(|key| dn::is_under(&base, &key))
        };
        all.iter()
            .filter(holds)
            .max_by_key(|suffix| suffix.len())
            .cloned()
    };
    bases.iter().map(nearest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_in_the_nearest_suffix() {
        let all = ["dc=org", "dc=example,dc=org", "cn=changelog"];
        let root = About::from([("namingcontexts".to_owned(), all.map(str::to_owned).to_vec())]);
        let of = |bases: &[&str]| suffixes(&root, bases);
        let found = of(&[
            "ou=people, DC=Example,dc=org",
            "dc=org",
            "ou=x,dc=other,dc=org",
        ]);
        assert_eq!(found.unwrap(), ["dc=example,dc=org", "dc=org", "dc=org"]);
        assert_eq!(of(&["dc=example,dc=net"]), None);
        assert_eq!(of(&["dc=example,dc=org", "dc=net"]), None);
        assert_eq!(suffixes(&About::new(), &["dc=org"]), None);
    }
}
