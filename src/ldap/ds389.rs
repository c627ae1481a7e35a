//! What 389 Directory Server says of what has changed, and when that can be believed.
//!
//! Content Synchronization answers out of what Retro Changelog logs. Seen with 2.3.1, and read in the sources of 3.1:
//!
//! - It never tells that an entry does not pass the filter any more. So it is asked of all entries of a suffix, only which they are
//!   is taken from the answer, and what has become of them is asked by the searches themselves.
//! - A cookie names the server, who asked, the base, the filter and the number of a change. It is taken whether or not the changes
//!   since then are still logged: that is known by `firstChangeNumber`.
//! - What is not logged is not told, and there is no sign of that: the log may be of some suffixes only, and without
//!   `nsuniqueid:targetUniqueId` nothing is told at all. FreeIPA logs the DNS alone. So the plug-in's configuration must be
//!   readable for us, must leave nothing out, and must be in force since the server was started.
//! - refreshDeletes is always FALSE. What is gone is named; absence means nothing.
//! - Of more than fifty that are gone one in fifty-one is not named.
//! - Whoever is below an entry that moves is not told of.
//! - Roles and classes of service change other entries without a word, and the server itself goes on for a while to send what was
//!   before: where one gives attributes that may matter, all is read.
//! - What is imported, or sent by another server in one piece, is logged nowhere: the next read of everything sees it.

use std::collections::BTreeSet;

use super::about::{self, About, one};
use super::connect::Session;
use super::error::Error;
use super::question::Request;
use super::sync::{Changes, Record, Uuid};
use super::{entry, filter, lookup, search};
use crate::model::hex;

/// The attribute that says which entry it is.
pub(super) const UUID: &str = "nsUniqueId";

const PLUG_IN: &str = "cn=Retro Changelog Plugin,cn=plugins,cn=config";
const ENABLED: &str = "nsslapd-pluginEnabled";
const LOGGED: &str = "nsslapd-attribute";
/// What it leaves out.
const LEFT_OUT: [&str; 3] = [
    "nsslapd-include-suffix",
    "nsslapd-exclude-suffix",
    "nsslapd-exclude-attrs",
];
/// A filter that names ldapSubEntry finds them, too.
const CLASSES_OF_SERVICE: &str =
    "(&(objectClass=cosSuperDefinition)(|(objectClass=ldapSubEntry)(objectClass=*)))";
/// What policies for passwords are given by.
const HARMLESS: [&str; 2] = ["pwdpolicysubentry", "krbpwdpolicyreference"];
const MONITOR: &str = "cn=monitor";

/// Before it a deletion could hide behind an addition that had been told of (389 Directory Server, ticket 4313).
const OLDEST: u32 = 2;
/// More than this are not looked up: all are read.
const MOST: usize = 1_000;
/// As many as are named at once. With so many, some may be left out.
const GONE_AT_ONCE: usize = 50;

/// Of what changes as one, nobody below it, and nothing that makes attributes of others.
const ALONE: &str = "(!(numSubordinates>=1))(!(objectClass=nsRoleDefinition))(!(objectClass=cosSuperDefinition))\
    (!(objectClass=cosTemplate))";

/// When what the server tells can be believed.
#[derive(Debug)]
pub(super) struct Terms {
    /// The suffixes in which the bases are.
    pub(super) suffixes: Vec<String>,
    /// As long as this is the same.
    pub(super) text: String,
    first: u64,
}

impl Terms {
    /// Whether all changes after this one are still logged.
    pub(super) fn has_after(&self, number: u64) -> bool {
        self.first <= number.saturating_add(1)
    }
}

/// The number of the change that a cookie names: `host:port#name:base:filter#number`.
pub(super) fn number(cookie: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(cookie).ok()?;
    let (rest, number) = text.rsplit_once('#')?;
    rest.contains('#').then(|| number.parse().ok())?
}

/// Under which terms the server can be believed about what is below these bases; `None`: it cannot be.
///
/// # Errors
/// When it does not answer.
pub(super) fn terms(session: &mut Session, bases: &[&str]) -> Result<Option<Terms>, Error> {
    let names = [&[ENABLED, LOGGED, "modifyTimestamp"][..], &LEFT_OUT].concat();
    let plug_in = about::read(session, PLUG_IN, &names)?;
    let Some(plug_in) = plug_in else {
        tracing::info!("we may not read {PLUG_IN}: what has changed is not asked");
        return Ok(None);
    };
    let Some(monitor) = about::read(session, MONITOR, &["startTime"])? else {
        return Ok(None);
    };
    let names = [about::SUFFIXES, "firstChangeNumber", "vendorVersion"];
    let Some(root) = about::read(session, "", &names)? else {
        return Ok(None);
    };
    let mut terms = judged(&plug_in, &monitor, &root, bases);
    if let Ok(Terms { suffixes, .. }) = &terms {
        for suffix in suffixes.clone() {
            if !gives_nothing(session, &suffix)? {
                terms = Err("a class of service gives attributes");
            }
        }
    }
    if let Err(why) = &terms {
        tracing::info!(%why, "389 Directory Server: what has changed is not asked");
    }
    Ok(terms.ok())
}

/// Whether no class of service gives entries attributes that matter.
fn gives_nothing(session: &mut Session, suffix: &str) -> Result<bool, Error> {
    let request = Request::below(suffix, CLASSES_OF_SERVICE, &["cosAttribute"]);
    let mut gives_nothing = true;
    let outcome = search::aside(session, &request, &mut |entry| {
        let names = entry.values("cosAttribute").map(entry::text);
        gives_nothing &= names.map(|text| text.to_ascii_lowercase()).all(|text| {
            let name = text.split_whitespace().next().unwrap_or_default();
            HARMLESS.contains(&name)
        });
    });
    match outcome.early {
        Some(error) if outcome.code == 0 => Err(error),
        Some(_) => Ok(false),
        None => Ok(gives_nothing),
    }
}

fn judged(
    plug_in: &About,
    monitor: &About,
    root: &About,
    bases: &[&str],
) -> Result<Terms, &'static str> {
    let version = one(root, "vendorVersion").ok_or("it does not say its version")?;
    if major(version).is_none_or(|major| major < OLDEST) {
        return Err("it is too old");
    }
    look_at_log(plug_in)?;
    let started = one(monitor, "startTime").ok_or("it does not say when it was started")?;
    if one(plug_in, "modifyTimestamp").is_some_and(|changed| changed >= started) {
        return Err("its log of changes was set up, and it has not been started again since");
    }
    let first = one(root, "firstChangeNumber").and_then(|first| first.parse().ok());
    let mut suffixes = about::suffixes(root, bases).ok_or("a base is in none of its suffixes")?;
    suffixes.sort();
    suffixes.dedup();
    Ok(Terms {
        suffixes,
        text: format!("{started} {version} {plug_in:?}"),
        first: first.ok_or("it does not say which changes it has logged")?,
    })
}

/// The first number of a version.
fn major(version: &str) -> Option<u32> {
    let (major, _) = version.strip_prefix("389-Directory/")?.split_once('.')?;
    major.parse().ok()
}

/// Whether the log of changes leaves nothing out.
fn look_at_log(plug_in: &About) -> Result<(), &'static str> {
    if !one(plug_in, ENABLED).is_some_and(|is| is.eq_ignore_ascii_case("on")) {
        return Err("its log of changes is not on");
    }
    let is_id = |logged: &String| {
        let logged = logged.to_ascii_lowercase().replace(' ', "");
        logged == "nsuniqueid:targetuniqueid"
    };
    if !plug_in
        .get(LOGGED)
        .is_some_and(|logged| logged.iter().any(is_id))
    {
        return Err("its log of changes does not say which entries they are of");
    }
    let mut left_out = LEFT_OUT.iter().map(|name| name.to_ascii_lowercase());
    if left_out.any(|name| plug_in.contains_key(&name)) {
        return Err("its log of changes leaves something out");
    }
    Ok(())
}

/// What of each search has changed, and how, by what was told of each suffix: whatever was named is looked up. `None`: it cannot be
/// known that way. `records`: what the searches had found.
///
/// # Errors
/// When the server does not answer.
pub(super) fn looked_up(
    session: &mut Session,
    told: &[(&str, Changes)],
    requests: &[Request<'_>],
    records: &[Record<'_>],
) -> Result<Option<Vec<Changes>>, Error> {
    let gone: BTreeSet<Uuid> = told
        .iter()
        .flat_map(|(_, told)| told.gone())
        .copied()
        .collect();
    let named = told.iter().flat_map(|(_, told)| told.changed());
    let named: BTreeSet<Uuid> = named.map(|(uuid, _)| *uuid).collect();
    let is_known = |uuid: &Uuid| records.iter().any(|record| record.uuid == *uuid);
    // What is gone may have been of any kind; and whoever was in it is gone as well, or was told of.
    if gone.len() >= GONE_AT_ONCE || named.len() > MOST || !gone.iter().all(is_known) {
        return Ok(None);
    }
    let names: Vec<String> = named.iter().map(text).collect();
    let (mut all, mut left) = (Vec::new(), named.clone());
    for request in requests {
        let filters = filter::any_name(request.filter, UUID, &names);
        let Some(found) = lookup::found(session, request, UUID, &filters)? else {
            return Ok(None);
        };
        let mut gone: BTreeSet<Uuid> = gone.union(&named).copied().collect();
        for (uuid, _) in &found {
            gone.remove(uuid);
            left.remove(uuid);
        }
        all.push(Changes::new(found, gone));
    }
    for (suffix, told) in told {
        let here = told.changed().map(|(uuid, _)| *uuid);
        let left: BTreeSet<Uuid> = here.filter(|uuid| left.contains(uuid)).collect();
        if !are_alone(session, suffix, &left)? {
            return Ok(None);
        }
    }
    Ok(Some(all))
}

/// Whether each of these entries can be seen, has nobody below it, and makes nothing of others.
fn are_alone(session: &mut Session, suffix: &str, named: &BTreeSet<Uuid>) -> Result<bool, Error> {
    let names: Vec<String> = named.iter().map(text).collect();
    let mut seen = 0;
    for filter in filter::any_name(ALONE, UUID, &names) {
        let request = Request::below(suffix, &filter, &["1.1"]);
        let outcome = search::aside(session, &request, &mut |_| {});
        match outcome.early {
            Some(error) if outcome.code == 0 => return Err(error),
            Some(_) => return Ok(false),
            None => seen += outcome.entries,
        }
    }
    Ok(seen == named.len())
}

/// As `nsUniqueId` says it: four times eight digits.
fn text(uuid: &Uuid) -> String {
    let parts: Vec<String> = uuid.chunks(4).map(hex).collect();
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(attributes: &[(&str, &str)]) -> About {
        let mut found = About::new();
        for (name, value) in attributes {
            found
                .entry((*name).to_owned())
                .or_default()
                .push((*value).to_owned());
        }
        found
    }

    fn judge(more: &[(&str, &str)], without: &str, version: &str) -> Result<Terms, &'static str> {
        let mut plug_in = entry(&[
            ("nsslapd-pluginenabled", "on"),
            ("nsslapd-attribute", "isReplicated"),
            ("nsslapd-attribute", "nsuniqueid:targetUniqueId"),
            ("modifytimestamp", "20261130152135Z"),
        ]);
        plug_in.remove(without);
        plug_in.append(&mut entry(more));
        let monitor = entry(&[("starttime", "20261130152136Z")]);
        let root = entry(&[
            ("namingcontexts", "dc=org"),
            ("namingcontexts", "dc=example,dc=org"),
            ("firstchangenumber", "5"),
            ("vendorversion", version),
        ]);
        let bases = ["ou=people,dc=Example,dc=org", "ou=groups,dc=example,dc=org"];
        judged(&plug_in, &monitor, &root, &bases)
    }

    const VERSION: &str = "389-Directory/2.3.1 B2025.016.1616";

    #[test]
    fn a_log_of_everything_is_believed_as_long_as_it_reaches_back() {
        let terms = judge(&[], "", VERSION).unwrap();
        assert_eq!(terms.suffixes, ["dc=example,dc=org"]);
        assert!(terms.has_after(5) && terms.has_after(4));
        assert!(!terms.has_after(3));
    }

    #[test]
    fn a_log_that_leaves_something_out_is_not_believed() {
        let ipa = [("nsslapd-include-suffix", "cn=dns,dc=example,dc=org")];
        let late = [("modifytimestamp", "20261130152136Z")];
        let off = [("nsslapd-pluginenabled", "off")];
        let other = [("nsslapd-attribute", "entryuuid:targetEntryUuid")];
        for (more, without, version) in [
            (&ipa[..], "", VERSION),
            (&[("nsslapd-exclude-attrs", "loginShell")], "", VERSION),
            (&late, "", VERSION),
            (&off, "", VERSION),
            (&other, "nsslapd-attribute", VERSION),
            (&[], "nsslapd-attribute", VERSION),
            (&[], "nsslapd-pluginenabled", VERSION),
            (&[], "", "389-Directory/1.4.3 B2020"),
            (&[], "", "Another/2.3.1"),
        ] {
            assert!(
                judge(more, without, version).is_err(),
                "{more:?} {without} {version}"
            );
        }
    }

    #[test]
    fn a_cookie_s_number_stands_at_its_end() {
        assert_eq!(number(b"h:389#cn=x:dc=a#b:(a=*)#12"), Some(12));
        assert_eq!(number(b"h:389#cn=x#"), None);
        assert_eq!(number(b"12"), None);
        assert_eq!(number(b"#-1"), None);
        assert_eq!(number(b"h#n#\xff"), None);
    }

    #[test]
    fn a_name_is_written_as_it_was_read() {
        let name = "36fbfd15-ecd111f1-923bb092-643ade3c";
        assert_eq!(
            text(&super::super::sync::uuid(name.as_bytes()).unwrap()),
            name
        );
    }
}
