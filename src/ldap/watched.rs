//! Of which attributes Active Directory has to tell changes, for searches whose answers are to be known by changes.
//!
//! What a search finds hangs on the attributes in its filter, and what it shows on those that it asks for. DirSync tells of
//! attributes that are replicated, and of no others: so the schema is asked of what kind each of them is. Rules: MS-ADTS 2.2.10
//! (systemFlags), 3.1.1.2.3 (attributes of the schema; an odd linkID is that of a back link), 3.1.1.3.4.1.3 (DirSync).

use std::collections::{BTreeMap, BTreeSet};

use super::about;
use super::connect::Session;
use super::dirsync::{SIGNS, UUID};
use super::error::Error;
use super::filter::{self, Filter};
use super::question::Request;
use super::{entry, search};

const NAME: &str = "lDAPDisplayName";
const FLAGS: &str = "systemFlags";
const LINK: &str = "linkID";
const ATTRIBUTES: &str = "(objectClass=attributeSchema)";
/// FLAG_ATTR_NOT_REPLICATED and FLAG_ATTR_IS_CONSTRUCTED.
const UNTOLD: i64 = 0x1 | 0x4;

/// Attributes, in small letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Watched {
    /// All that matter.
    pub(super) all: BTreeSet<String>,
    /// Those in filters.
    in_filters: BTreeSet<String>,
}

/// What the schema says of one attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Kind {
    flags: i64,
    link: Option<i64>,
}

impl Watched {
    /// Those on which these searches hang; `None`: they hang on more, or on attributes without a name.
    pub(super) fn new(requests: &[Request<'_>]) -> Option<Self> {
        let mut watched = Self::default();
        for request in requests {
            let in_filter = Filter::new(request.filter)?.attributes()?;
            watched.in_filters.extend(in_filter.iter().map(plain));
            watched.all.extend(request.attributes.iter().map(plain));
        }
        watched.all.extend(watched.in_filters.iter().cloned());
        // It never changes, and comes in any case.
        watched.all.remove(&UUID.to_ascii_lowercase());
        let is_number = |name: &String| name.starts_with(|c: char| c.is_ascii_digit());
        (!watched.all.iter().any(is_number)).then_some(watched)
    }

    /// Those of them that the schema has, if the server tells of changes of each of them.
    ///
    /// # Errors
    /// When it does not answer.
    pub(super) fn told(
        &self,
        session: &mut Session,
        schema: &str,
    ) -> Result<Result<BTreeSet<String>, String>, Error> {
        let signs = SIGNS.iter().map(plain);
        let names: Vec<String> = self.all.iter().cloned().chain(signs).collect();
        let kinds = kinds(session, schema, &names)?;
        Ok(kinds
            .ok_or_else(|| "we may not read its schema".to_owned())
            .and_then(|kinds| self.judged(&kinds)))
    }

    fn judged(&self, kinds: &BTreeMap<String, Kind>) -> Result<BTreeSet<String>, String> {
        if !SIGNS
            .iter()
            .map(plain)
            .all(|sign| kinds.contains_key(&sign))
        {
            return Err("we may not read its schema".to_owned());
        }
        for (name, kind) in kinds.iter().filter(|(name, _)| self.all.contains(*name)) {
            let is_back_link = kind.link.is_some_and(|link| link % 2 != 0);
            if kind.flags & UNTOLD != 0 || is_back_link {
                return Err(format!("it does not tell of changes of {name}"));
            }
            // What names others changes with them, without a word.
            if kind.link.is_some() && self.in_filters.contains(name) {
                return Err(format!("a filter names {name}, which names other entries"));
            }
        }
        Ok(kinds.keys().cloned().collect())
    }
}

/// The name of an attribute without options, in small letters.
fn plain(name: impl AsRef<str>) -> String {
    let name = name.as_ref();
    let name = name.split_once(';').map_or(name, |(name, _)| name);
    name.to_ascii_lowercase()
}

/// Whether the schema has none of these attributes.
///
/// # Errors
/// When the server does not answer.
pub(super) fn are_unknown(
    session: &mut Session,
    schema: &str,
    names: &[String],
) -> Result<bool, Error> {
    let kinds = kinds(session, schema, names)?;
    Ok(kinds.is_some_and(|kinds| kinds.is_empty()))
}

/// Of what kind those of these attributes are that the schema has; `None`: it cannot be read.
fn kinds(
    session: &mut Session,
    schema: &str,
    names: &[String],
) -> Result<Option<BTreeMap<String, Kind>>, Error> {
    let mut kinds = BTreeMap::new();
    for filter in filter::any_name(ATTRIBUTES, NAME, names) {
        let attributes = [NAME, FLAGS, LINK];
        let request = Request::below(schema, &filter, &attributes);
        let mut is_odd = false;
        let outcome = search::aside(session, &request, &mut |entry| {
            let number = |name| match entry.only(name).map(entry::text) {
                None => Some(None),
                Some(text) => text.trim().parse().ok().map(Some),
            };
            let kind = (entry.only(NAME), number(FLAGS), number(LINK));
            let (Some(name), Some(flags), Some(link)) = kind else {
                is_odd = true;
                return;
            };
            let flags = flags.unwrap_or_default();
            kinds.insert(plain(entry::text(name)), Kind { flags, link });
        });
        match outcome.early {
            Some(error) if outcome.code == 0 => return Err(error),
            None if !is_odd => {}
            Some(_) | None => return Ok(None),
        }
    }
    Ok(Some(kinds))
}

/// Where the schema is.
pub(super) fn schema(root: &about::About) -> Option<&str> {
    about::one(root, "schemaNamingContext")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(more: &[(&str, i64, Option<i64>)]) -> BTreeMap<String, Kind> {
        let signs = SIGNS.iter().map(|sign| (*sign, 18, None));
        let all = signs.chain(more.iter().copied());
        all.map(|(name, flags, link)| (plain(name), Kind { flags, link }))
            .collect()
    }

    fn watched(filter: &str, attributes: &[&str]) -> Option<Watched> {
        Watched::new(&[Request::below("dc=x", filter, attributes)])
    }

    #[test]
    fn what_is_replicated_is_told_and_nothing_else() {
        let all = kinds(&[
            ("mail", 16, None),
            ("member", 18, Some(2)),
            ("memberOf", 17, Some(3)),
            ("managedObjects", 0, Some(73)),
            ("whenChanged", 19, None),
            ("canonicalName", 0x0800_0014, None),
        ]);
        let judge = |filter, attributes: &[&str]| {
            let watched = watched(filter, attributes).unwrap();
            watched.judged(&all).map(drop)
        };
        assert_eq!(
            judge("(Mail=*)", &["member", "OBJECTGUID", "gecos"]),
            Ok(())
        );
        for (filter, attributes) in [
            ("(mail=*)", &["memberof"][..]),
            ("(memberOf:1.2.840.113556.1.4.1941:=cn=x)", &[]),
            ("(mail=*)", &["managedObjects"]),
            ("(whenChanged>=1)", &[]),
            ("(mail=*)", &["canonicalName"]),
            ("(!(member=*))", &["mail"]),
        ] {
            assert!(
                judge(filter, attributes).is_err(),
                "{filter} {attributes:?}"
            );
        }
        let mut unread = all.clone();
        unread.remove("name");
        assert!(watched("(mail=*)", &[]).unwrap().judged(&unread).is_err());
    }

    #[test]
    fn what_cannot_be_known_by_name_is_not_known() {
        assert_eq!(watched("(1.2.3=a)", &["mail"]), None);
        assert_eq!(watched("(mail=a)", &["1.2.3"]), None);
        assert_eq!(watched("(ou:dn:=x)", &["mail"]), None);
        let named = watched("(mail;lang-de=a)", &["cn;lang-en", "objectGUID"]).unwrap();
        assert_eq!(named.all.into_iter().collect::<Vec<_>>(), ["cn", "mail"]);
    }
}
