//! What a server that can be replicated from by content synchronisation knows its content by, and what it says later has changed.
//!
//! Servers mean different things by the same protocol: what of an answer is believed is told here, for each [`Dialect`]. A server's
//! dialect is known by the form of its cookie. Whatever does not fit its rules is no answer. Rules: RFC 4533, and what the servers
//! make of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::about;
use super::connect::Session;
use super::ds389;
use super::error::Error;
use super::question::Request;
use super::sync::{self, Absence, Changes, Record};
use crate::model::{hex, unhex};

/// The filter that every entry passes.
const ALL: &str = "(objectClass=*)";
/// The filter that no entry passes.
const NOTHING: &str = "(!(objectClass=*))";
/// The filter that entries pass which others are below.
const FOLDERS: &str = "(hasSubordinates=TRUE)";

/// What OpenLDAP's cookies have in them.
const SEQUENCE_NUMBER: &[u8] = b"csn=";

/// How a server keeps account of what changes in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Dialect {
    /// OpenLDAP with syncprov. A cookie names the last change of the whole database, whatever the search is for. What is gone is
    /// named, or else all that is still there. Whoever is below an entry that moves is not told of: so it is asked besides whether
    /// any entry of the suffix has changed that others are below.
    #[serde(rename = "openldap")]
    OpenLdap,
    /// 389 Directory Server with Content Synchronization and Retro Changelog. See [`ds389`].
    #[serde(rename = "389")]
    Ds389,
}

impl Dialect {
    fn of(cookie: &[u8]) -> Option<Self> {
        let has = |part: &[u8]| cookie.windows(part.len()).any(|window| window == part);
        if has(SEQUENCE_NUMBER) {
            Some(Self::OpenLdap)
        } else {
            ds389::number(cookie).map(|_| Self::Ds389)
        }
    }

    /// The attribute that says which entry it is.
    fn uuid(self) -> &'static str {
        match self {
            Self::OpenLdap => "entryUUID",
            Self::Ds389 => ds389::UUID,
        }
    }
}

/// What a server's content is known by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refresh {
    dialect: Dialect,
    /// Names of entries, each with a cookie for what is below it, in hexadecimal. OpenLDAP: the base of each search; 389: the
    /// suffixes in which they are.
    cookies: Vec<(String, String)>,
    /// OpenLDAP: the suffix in which each of them is.
    #[serde(default)]
    suffixes: Vec<String>,
    /// What must be as it was, or else the cookies are worth nothing.
    #[serde(default)]
    terms: String,
}

impl Refresh {
    /// What the content of these searches is known by now; `None`: the server does not say later what has changed.
    ///
    /// # Errors
    /// When it does not answer.
    pub(super) fn now(
        session: &mut Session,
        requests: &[Request<'_>],
    ) -> Result<Option<Self>, Error> {
        let bases: Vec<&str> = requests.iter().map(|request| request.base).collect();
        let bases = bases.as_slice();
        let Some(first) = bases.first() else {
            return Ok(None);
        };
        let Some(cookie) = sync::cookie(session, first, NOTHING)? else {
            return Ok(None);
        };
        let Some(dialect) = Dialect::of(&cookie) else {
            return Ok(None);
        };
        let (places, filter, suffixes, terms) = match dialect {
            Dialect::OpenLdap => {
                let root = about::read(session, "", &[about::SUFFIXES])?;
                let Some(suffixes) = root.and_then(|root| about::suffixes(&root, bases)) else {
                    return Ok(None);
                };
                let bases = bases.iter().map(|&base| base.to_owned());
                (bases.collect(), NOTHING, suffixes, String::new())
            }
            Dialect::Ds389 => match ds389::terms(session, bases)? {
                Some(terms) => (terms.suffixes, ALL, Vec::new(), terms.text),
                None => return Ok(None),
            },
        };
        let mut cookies = Vec::new();
        for place in places {
            let cookie = match dialect {
                Dialect::OpenLdap if place == *first => Some(cookie.clone()),
                Dialect::OpenLdap | Dialect::Ds389 => sync::cookie(session, &place, filter)?,
            };
            let Some(cookie) = cookie else {
                return Ok(None);
            };
            cookies.push((place, hex(&cookie)));
        }
        Ok(Some(Self {
            dialect,
            cookies,
            suffixes,
            terms,
        }))
    }

    /// The attribute that says which entry it is.
    pub(super) fn uuid(&self) -> &'static str {
        self.dialect.uuid()
    }

    /// Whether nothing that these searches find has changed since then, nor left, nor come. 389 Directory
    /// Server: nothing at all in the suffixes.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(super) fn is_unmoved(
        &self,
        session: &mut Session,
        requests: &[Request<'_>],
    ) -> Result<bool, Error> {
        match self.dialect {
            Dialect::OpenLdap => {
                for (at, asked) in requests.iter().enumerate() {
                    let request = Request::below(asked.base, asked.filter, &["1.1"]);
                    let told = self.told(session, at, &request, Absence::AsSaid)?;
                    if !told.is_some_and(|(changes, _)| changes.is_empty()) {
                        return Ok(false);
                    }
                }
                Ok(requests.len() == self.cookies.len() && self.are_folders_unmoved(session)?)
            }
            Dialect::Ds389 => {
                let bases: Vec<&str> = requests.iter().map(|request| request.base).collect();
                let told = self.told_in_suffixes(session)?;
                let is_none = told.is_some_and(|(told, _)| told.iter().all(Changes::is_empty));
                Ok(is_none && self.is_believed(session, &bases)?)
            }
        }
    }

    /// What has changed since then of what each of these searches finds, and what the content is known by now; `None`: the server
    /// does not say, or not so that it could be believed. `records`: what they had found.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(super) fn changes(
        &self,
        session: &mut Session,
        requests: &[Request<'_>],
        records: &[Record<'_>],
    ) -> Result<Option<(Vec<Changes>, Self)>, Error> {
        match self.dialect {
            Dialect::OpenLdap => {
                if requests.len() != self.cookies.len() {
                    return Ok(None);
                }
                let mut now = self.clone();
                let mut all = Vec::new();
                for (at, request) in requests.iter().enumerate() {
                    let told = self.told(session, at, request, Absence::AsSaid)?;
                    let Some((changes, cookie)) = told else {
                        return Ok(None);
                    };
                    now.cookies[at].1 = cookie;
                    all.push(changes);
                }
                // Asked afterwards: a move that the new cookies know of is told.
                Ok(self.are_folders_unmoved(session)?.then_some((all, now)))
            }
            Dialect::Ds389 => {
                let bases: Vec<&str> = requests.iter().map(|request| request.base).collect();
                let Some((told, now)) = self.told_in_suffixes(session)? else {
                    return Ok(None);
                };
                if !self.is_believed(session, &bases)? {
                    return Ok(None);
                }
                let told: Vec<_> = self.places().zip(told).collect();
                let changes = ds389::looked_up(session, &told, requests, records)?;
                Ok(changes.map(|changes| (changes, now)))
            }
        }
    }

    fn places(&self) -> impl Iterator<Item = &str> {
        self.cookies.iter().map(|(place, _)| place.as_str())
    }

    /// OpenLDAP: whether no entry that others are below has changed in the suffixes, wherever it is now.
    fn are_folders_unmoved(&self, session: &mut Session) -> Result<bool, Error> {
        let mut asked = BTreeSet::new();
        for (at, suffix) in self.suffixes.iter().enumerate() {
            let cookie = self.cookies.get(at).map(|(_, cookie)| cookie);
            if !asked.insert((suffix, cookie)) {
                continue;
            }
            let request = Request::below(suffix, FOLDERS, &["1.1"]);
            let told = self.told(session, at, &request, Absence::AsSaid)?;
            // One of those that are gone was empty.
            if told.is_none_or(|(changes, _)| changes.changed().next().is_some()) {
                return Ok(false);
            }
        }
        Ok(self.suffixes.len() == self.cookies.len())
    }

    /// What a search is told with one of the cookies, and the cookie for the next time.
    fn told(
        &self,
        session: &mut Session,
        at: usize,
        request: &Request<'_>,
        absence: Absence,
    ) -> Result<Option<(Changes, String)>, Error> {
        let Some((_, before)) = self.cookies.get(at) else {
            return Ok(None);
        };
        let Some(cookie) = unhex(before) else {
            return Ok(None);
        };
        let changes = sync::changes(session, request, &cookie, absence)?;
        Ok(changes.map(|changes| {
            // Where there is none, the last one is still good.
            let next = changes.cookie.as_deref().map(hex);
            (changes, next.unwrap_or_else(|| before.clone()))
        }))
    }

    /// What 389 Directory Server tells of the suffixes.
    fn told_in_suffixes(
        &self,
        session: &mut Session,
    ) -> Result<Option<(Vec<Changes>, Self)>, Error> {
        let (mut all, mut now) = (Vec::new(), self.clone());
        for (at, suffix) in self.places().enumerate() {
            let request = Request::below(suffix, ALL, &["1.1"]);
            let told = self.told(session, at, &request, Absence::Nothing)?;
            let Some((changes, cookie)) = told else {
                return Ok(None);
            };
            now.cookies[at].1 = cookie;
            all.push(changes);
        }
        Ok(Some((all, now)))
    }

    /// Whether 389 Directory Server is to be believed in what it has just told. What holds now has held all the time since the
    /// cookies were given.
    fn is_believed(&self, session: &mut Session, bases: &[&str]) -> Result<bool, Error> {
        let Some(terms) = ds389::terms(session, bases)? else {
            return Ok(false);
        };
        let is_same = terms.text == self.terms && terms.suffixes.iter().eq(self.places());
        let numbers = self.cookies.iter().map(|(_, cookie)| unhex(cookie));
        let mut numbers = numbers.map(|cookie| cookie.as_deref().and_then(ds389::number));
        let is_logged = numbers.all(|number| number.is_some_and(|number| terms.has_after(number)));
        Ok(is_same && is_logged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_dialect_is_known_by_its_cookie() {
        let openldap = b"rid=000,csn=20261130152135.534174Z#000000#000#000000";
        assert_eq!(Dialect::of(openldap), Some(Dialect::OpenLdap));
        let ds389 = b"localhost:389#cn=directory manager:dc=example,dc=org:(objectClass=*)#133";
        assert_eq!(Dialect::of(ds389), Some(Dialect::Ds389));
        assert_eq!(Dialect::of(b""), None);
        assert_eq!(Dialect::of(b"abc"), None);
    }

    proptest! {
        #[test]
        fn no_cookie_stops_the_program(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            Dialect::of(&bytes);
        }
    }
}
