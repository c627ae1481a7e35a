//! What Active Directory and Samba say of what has changed, and when that can be believed.
//!
//! They tell by DirSync which entries of a naming context have changed in which attributes. It is only taken from the answer
//! *which* entries those are: what has become of each is asked by the searches themselves, so that bases, filters, ranges of long
//! lists and what we may see are those of a read of everything. Seen with Samba 4.17.12, read in its `dirsync.c`, and written in
//! MS-ADTS 3.1.1.3.4.1.3:
//!
//! - A search that nothing passes gives a cookie at once. Samba sends all in one piece, Windows in several.
//! - A cookie holds for one domain controller, and for one state of it: `invocationId` is another one after it was restored.
//!   Where another one answers to the same address, all is read. A number of changes (`highestCommittedUSN`) that has become
//!   smaller is that of a machine that was put back.
//! - Tombstones go in time (tombstoneLifetime, at least two days), and with them what they tell: a cookie is good for one.
//! - It is told to whoever may replicate the naming context, or with the flag OBJECT_SECURITY to everybody, as far as they may
//!   see it. Samba tells nobody of what they may not see, with either. **So a plain user, who may not list `CN=Deleted Objects`,
//!   is never told that somebody was deleted**, and there is no sign of that. It is believed only if we see a tombstone there;
//!   Windows is besides where we may replicate, as it is written that nothing is left out then. Who cannot be shown a tombstone
//!   reads everything, as before.
//! - Who moves to where we may not see is not told of by Samba, nor is a folder that moves which we may not see, as with rights
//!   that were taken from us: the next read of everything shows it.
//! - What lapses by itself lapses without a word: members for a time, where that feature is enabled (MS-ADTS 3.1.1.9, Privileged
//!   Access Management), and then nothing is believed; dynamic entries (RFC 2589), which the next read of everything shows.
//! - Attributes that are not replicated, constructed ones and back links are never told of: see `watched`. It is also watched that
//!   no attribute comes into the schema that was not in it.
//! - Of a folder that moves only itself is told: below whatever has another name nothing may be, or all is read.
//! - Of whoever is renamed or deleted only themselves are told, and not the groups that list them: see `affected`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::about::{self, About, one};
use super::affected::{Affected, Before, affected};
use super::connect::Session;
use super::dirsync::{self, Ask, Rights, SIGNS, Told, UUID};
use super::error::Error;
use super::lookup;
use super::question::Request;
use super::sync::{Changes, Record, Uuid};
use super::watched::{self, Watched};
use super::{filter, search};
use crate::model::{hex, unhex};

/// The filter that every entry passes, and the one that none does.
const ALL: &str = "(objectClass=*)";
const NOTHING: &str = "(!(objectClass=*))";

/// Among `supportedCapabilities`: it is Active Directory, and not a directory of the same make without accounts.
const CAPABILITY: &str = "1.2.840.113556.1.4.800";
/// Where it says which features are enabled, and the name of one, in small letters.
const CONFIGURATION: &str = "configurationNamingContext";
const FEATURES: &str = "msDS-EnabledFeature";
const MEMBERS_FOR_A_TIME: &str = "cn=privileged access management feature,";
/// More than this are not looked up: all are read.
const MOST: usize = 1_000;
/// More than this are not looked below.
const MOST_RENAMED: usize = 50;
/// How many seconds a cookie is good for.
const AGE: i64 = 86_400;

/// What a domain controller knows its content by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ActiveDirectory {
    controller: Controller,
    rights: Rights,
    /// Naming contexts, each with its cookie in hexadecimal.
    cookies: Vec<(String, String)>,
    /// The attributes of which we are told.
    told: Vec<String>,
    /// Those besides that are asked for, which the schema does not have.
    unknown: Vec<String>,
}

/// A domain controller at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Controller {
    /// Its name, and which state of it this is.
    id: String,
    schema: String,
    is_samba: bool,
    /// By its clock, in seconds since 1970.
    time: i64,
    /// The number of its last change.
    changes: u64,
}

impl Controller {
    /// The one that we are connected to, and what else its root says; `None`: it does not say all of that.
    fn of(session: &mut Session, more: &[&str]) -> Result<Option<(Self, About)>, Error> {
        let names = [
            "dsServiceName",
            "schemaNamingContext",
            "vendorName",
            "currentTime",
            "highestCommittedUSN",
        ];
        let Some(root) = about::read(session, "", &[&names, more].concat())? else {
            return Ok(None);
        };
        let Some(name) = one(&root, "dsServiceName") else {
            return Ok(None);
        };
        let state = about::bytes(session, name, "invocationId")?;
        let made = || {
            Some(Self {
                id: format!("{name} {}", hex(&state?)),
                schema: watched::schema(&root)?.to_owned(),
                is_samba: one(&root, "vendorName").is_some_and(|name| name.contains("Samba")),
                time: seconds(one(&root, "currentTime")?)?,
                changes: one(&root, "highestCommittedUSN")?.parse().ok()?,
            })
        };
        Ok(made().map(|controller| (controller, root)))
    }

    /// Whether what was said before can be carried on with what is said now.
    fn goes_on_in(&self, now: &Self) -> bool {
        self.id == now.id
            && (0..=AGE).contains(&(now.time - self.time))
            && self.changes <= now.changes
    }

    /// Whether we are told of deletions there by this right.
    fn tells_of_deletions(
        &self,
        session: &mut Session,
        contexts: &[String],
        rights: Rights,
    ) -> Result<bool, Error> {
        if rights == Rights::Replication && !self.is_samba {
            return Ok(true);
        }
        for context in contexts {
            if !dirsync::sees_tombstones(session, context)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether somebody may be in a group for a time there, as far as we may know.
fn has_members_for_a_time(session: &mut Session, root: &About) -> Result<bool, Error> {
    let Some(configuration) = one(root, CONFIGURATION) else {
        return Ok(false);
    };
    let partitions = format!("CN=Partitions,{configuration}");
    let about = about::read(session, &partitions, &[FEATURES])?;
    let features = about.and_then(|mut about| about.remove(&FEATURES.to_ascii_lowercase()));
    let mut features = features.unwrap_or_default().into_iter();
    Ok(features.any(|name| name.to_ascii_lowercase().starts_with(MEMBERS_FOR_A_TIME)))
}

/// The beginning of a GeneralizedTime, in seconds since 1970: `20261130215152.0Z`.
fn seconds(text: &str) -> Option<i64> {
    let (digits, zone) = text.split_at_checked(14)?;
    let time = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?;
    let zoned = time.to_zoned_datetime(jiff::tz::TimeZone::UTC).ok()?;
    zone.ends_with('Z').then(|| zoned.timestamp().as_second())
}

impl ActiveDirectory {
    /// What the content of these searches is known by now; `None`: the server does not say later what has changed, or not so that
    /// it could be believed.
    ///
    /// # Errors
    /// When it does not answer.
    pub(super) fn now(
        session: &mut Session,
        requests: &[Request<'_>],
    ) -> Result<Option<Self>, Error> {
        let root = about::read(session, "", &["supportedControl", "supportedCapabilities"])?;
        let has = |name: &str, value: &str| {
            let values = root.as_ref().and_then(|root| root.get(name));
            values.is_some_and(|values| values.iter().any(|found| found == value))
        };
        if !has("supportedcontrol", dirsync::CONTROL) || !has("supportedcapabilities", CAPABILITY) {
            return Ok(None);
        }
        let begun = Self::begun(session, requests)?;
        if let Err(why) = &begun {
            tracing::info!(%why, "Active Directory: what has changed is not asked");
        }
        Ok(begun.ok())
    }

    fn begun(
        session: &mut Session,
        requests: &[Request<'_>],
    ) -> Result<Result<Self, String>, Error> {
        let no = |why: &str| Ok(Err(why.to_owned()));
        let Some(watched) = Watched::new(requests) else {
            return no("what is asked for hangs on more than attributes with a name");
        };
        let names = [about::SUFFIXES, CONFIGURATION];
        let Some((controller, root)) = Controller::of(session, &names)? else {
            return no("it does not say which domain controller it is");
        };
        if has_members_for_a_time(session, &root)? {
            return no("who is in a group may lapse there without a word");
        }
        let bases: Vec<&str> = requests.iter().map(|request| request.base).collect();
        let Some(mut contexts) = about::suffixes(&root, &bases) else {
            return no("a base is in none of its naming contexts");
        };
        contexts.sort();
        contexts.dedup();
        let told = match watched.told(session, &controller.schema)? {
            Ok(told) => told,
            Err(why) => return Ok(Err(why)),
        };
        let mut begun = Self {
            controller,
            rights: Rights::Replication,
            cookies: contexts
                .iter()
                .map(|it| (it.clone(), String::new()))
                .collect(),
            unknown: watched.all.difference(&told).cloned().collect(),
            told: told.into_iter().collect(),
        };
        for rights in [Rights::Replication, Rights::Own] {
            begun.rights = rights;
            if let Some((_, now)) = begun.asked(session, NOTHING)? {
                let tells = now
                    .controller
                    .tells_of_deletions(session, &contexts, rights)?;
                return match tells {
                    true => Ok(Ok(now)),
                    false => no("we may not see in CN=Deleted Objects who was deleted"),
                };
            }
        }
        no("it refuses to tell")
    }

    /// Whether nothing has changed since then that matters to these searches, anywhere in the naming contexts.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(super) fn is_unmoved(
        &self,
        session: &mut Session,
        requests: &[Request<'_>],
    ) -> Result<bool, Error> {
        let told = self.told(session, requests)?;
        Ok(told.is_some_and(|(told, _)| told.is_empty()))
    }

    /// What of each search has changed, and how, and what the content is known by now; `None`: that cannot be known, or not be
    /// believed. `records`: what the searches had found.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(super) fn changes(
        &self,
        session: &mut Session,
        requests: &[Request<'_>],
        records: &[Record<'_>],
    ) -> Result<Option<(Vec<Changes>, Self)>, Error> {
        let Some((told, now)) = self.told(session, requests)? else {
            return Ok(None);
        };
        let contexts = self.contexts();
        let before = Before {
            records,
            contexts: &contexts,
            values: session.limits().values(),
        };
        let affected = affected(&told, before);
        let affected = affected.filter(|it| {
            it.asked.len() + it.gone.len() <= MOST && it.renamed.len() <= MOST_RENAMED
        });
        let Some(affected) = affected else {
            return Ok(None);
        };
        let changes = looked_up(session, requests, &affected)?;
        Ok(changes.map(|changes| (changes, now)))
    }

    fn contexts(&self) -> Vec<String> {
        self.cookies.iter().map(|(at, _)| at.clone()).collect()
    }

    /// What we are told of, and what the content is known by now; `None`: that cannot be believed.
    fn told(
        &self,
        session: &mut Session,
        requests: &[Request<'_>],
    ) -> Result<Option<(Vec<Told>, Self)>, Error> {
        let covers = |watched: &Watched| {
            let mut all = watched.all.iter();
            all.all(|name| self.told.contains(name) || self.unknown.contains(name))
        };
        if !Watched::new(requests).is_some_and(|watched| covers(&watched)) {
            return Ok(None);
        }
        let Some((controller, _)) = Controller::of(session, &[])? else {
            return Ok(None);
        };
        let contexts = self.contexts();
        let is_believed = self.controller.goes_on_in(&controller)
            && watched::are_unknown(session, &controller.schema, &self.unknown)?
            && controller.tells_of_deletions(session, &contexts, self.rights)?;
        if !is_believed {
            return Ok(None);
        }
        let told = self.asked(session, ALL)?;
        Ok(told.map(|(told, now)| (told, Self { controller, ..now })))
    }

    /// What is said of the naming contexts with the cookies, and the next ones; `None`: it is refused, or too much.
    fn asked(
        &self,
        session: &mut Session,
        filter: &str,
    ) -> Result<Option<(Vec<Told>, Self)>, Error> {
        let (mut all, mut now) = (Vec::new(), self.clone());
        let signs = SIGNS.iter().copied();
        let attributes: Vec<&str> = signs.chain(self.told.iter().map(String::as_str)).collect();
        for (context, cookie) in &mut now.cookies {
            let ask = Ask {
                context,
                filter,
                attributes: &attributes,
                rights: self.rights,
            };
            let before = unhex(cookie).unwrap_or_default();
            let Some(mut since) = dirsync::changes(session, ask, &before, MOST)? else {
                return Ok(None);
            };
            all.append(&mut since.told);
            *cookie = hex(&since.cookie);
        }
        Ok(Some((all, now)))
    }
}

/// What each search finds now of what is affected; `None`: that cannot be known.
fn looked_up(
    session: &mut Session,
    requests: &[Request<'_>],
    affected: &Affected,
) -> Result<Option<Vec<Changes>>, Error> {
    let ids: Vec<Vec<u8>> = affected.asked.iter().map(|uuid| uuid.to_vec()).collect();
    let mut all = Vec::new();
    if !are_leaves(session, &affected.renamed)? {
        return Ok(None);
    }
    for request in requests {
        let filters = filter::any_bytes(request.filter, UUID, &ids);
        let Some(found) = lookup::found(session, request, UUID, &filters)? else {
            return Ok(None);
        };
        let mut gone: BTreeSet<Uuid> = affected.asked.union(&affected.gone).copied().collect();
        for (uuid, _) in &found {
            gone.remove(uuid);
        }
        all.push(Changes::new(found, gone));
    }
    Ok(Some(all))
}

/// Whether each of these entries can be seen, and nothing below it.
fn are_leaves(session: &mut Session, names: &BTreeSet<String>) -> Result<bool, Error> {
    for name in names {
        let request = Request::below(name, ALL, &["1.1"]);
        let (outcome, _) = search::first(session, &request, &mut |_| {});
        match outcome.early {
            Some(error) if outcome.code == 0 => return Err(error),
            None if outcome.entries == 1 => {}
            Some(_) | None => return Ok(false),
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn controller(id: &str, time: i64, changes: u64) -> Controller {
        Controller {
            id: id.to_owned(),
            schema: "cn=schema".to_owned(),
            is_samba: true,
            time,
            changes,
        }
    }

    #[test]
    fn a_cookie_holds_for_one_state_of_one_controller_and_for_a_day() {
        let before = controller("dc1 00", 1_000, 5);
        for (id, time, changes, holds) in [
            ("dc1 00", 1_000, 5, true),
            ("dc1 00", 1_000 + AGE, 6, true),
            ("dc1 00", 1_001 + AGE, 6, false),
            ("dc1 00", 999, 6, false),
            ("dc1 00", 1_001, 4, false),
            ("dc1 01", 1_001, 6, false),
            ("dc2 00", 1_001, 6, false),
        ] {
            let now = controller(id, time, changes);
            assert_eq!(before.goes_on_in(&now), holds, "{now:?}");
        }
    }

    #[test]
    fn the_clock_of_a_controller_is_read() {
        assert_eq!(seconds("20261130215152.0Z"), Some(1_796_075_512));
        for odd in [
            "",
            "20261130215152.0+0100",
            "20261330215152.0Z",
            "2026é130215152Z",
        ] {
            assert_eq!(seconds(odd), None, "{odd}");
        }
    }
}
