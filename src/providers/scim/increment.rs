//! What has changed at a server since all was read, by `meta.lastModified` and by how many there are: RFC 7643, 3.1, and RFC 7644,
//! 3.4.2. Only where the configuration says that the server can be trusted in this.
//!
//! SCIM knows no deletions: those who are there now, by what was kept and what has changed, must be as many as the server says, or
//! else somebody is gone, or was not told of, and all is read in the same run. Times are the server's own, by the date of its
//! answers, and a while before is asked for once more: its clocks may differ. A server that knows no such filter, or answers with
//! whatever it has, is never asked that way. What a server does not touch `meta.lastModified` for is not seen before the next read
//! of everything.

use std::collections::BTreeMap;
use std::path::Path as FilePath;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::{Client, Counted};
use super::decode;
use super::path::Path;
use super::store::Endpoints;
use crate::model::Fate;
use crate::providers::http::HttpError;
use crate::providers::kept::{self, Record, Recorder};
use crate::providers::{Earlier, Query};
use crate::system::memory;

const LAST_MODIFIED: &str = "meta.lastModified";

/// How far the clocks of a server may differ, in seconds.
const OVERLAP: i64 = 300;
/// Nobody was changed later than this after now, in seconds.
const AHEAD: i64 = 86_400;
/// What is made of what is kept takes so many times its size.
const COST: u64 = 4;

/// What a server is known by.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// A digest of what was asked, and of whom.
    asked: String,
    /// The server's time, in seconds since 1970.
    at: i64,
    /// How many resources each endpoint has.
    totals: Vec<u64>,
}

/// What stands before the resources that are kept.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    asked: String,
    /// When all was read, in seconds since 1970.
    read_at: i64,
    /// The server's time before anything of this was read, in seconds since 1970.
    at: i64,
}

/// The endpoints on which the answer to a query hangs.
pub(super) fn endpoints(query: &Query) -> Endpoints {
    match query.reads_groups() {
        true => &["Users", "Groups"],
        false => &["Users"],
    }
}

/// Those of them that are listed whole.
pub(super) fn listed(query: &Query) -> Endpoints {
    match query.reads_groups() && query.group_names().is_none() {
        true => &["Users", "Groups"],
        false => &["Users"],
    }
}

/// What finds the resources that were changed after this time; `None`: it is no time.
fn changed_after(seconds: i64) -> Option<String> {
    let at = Timestamp::from_second(seconds).ok()?;
    Some(format!("{LAST_MODIFIED} gt \"{at}\""))
}

/// How many resources an endpoint has that were changed after this time.
fn moved(client: &Client<'_>, endpoint: &str, since: i64) -> Result<Option<u64>, HttpError> {
    let Some(filter) = changed_after(since) else {
        return Ok(None);
    };
    Ok(counted(client, endpoint, Some(&filter))?.and_then(|counted| counted.total))
}

/// How many resources there are; `None`: the server does not say.
fn counted(
    client: &Client<'_>,
    endpoint: &str,
    filter: Option<&str>,
) -> Result<Option<Counted>, HttpError> {
    match client.count(endpoint, filter) {
        Ok(counted) => Ok(Some(counted)),
        // It knows no such filter, or no page of nothing.
        Err(error) if error.status.is_some() => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the server is known by now; `None`: it does not say when something was changed, or not so that it could be asked for.
///
/// # Errors
/// When it does not answer.
pub(super) fn mark(
    client: &Client<'_>,
    endpoints: Endpoints,
    asked: &str,
) -> Result<Option<Mark>, HttpError> {
    let (mut at, mut totals) = (None, Vec::new());
    for endpoint in endpoints {
        let Some(Counted {
            total: Some(total),
            at: Some(now),
        }) = counted(client, endpoint, None)?
        else {
            return Ok(doubted(endpoint, "how many there are, and what time it is"));
        };
        // Nobody at all is what a server says that counts the page.
        if total == 0 && at.is_none() {
            return Ok(doubted(endpoint, "how many people there are"));
        }
        let first = *at.get_or_insert(now);
        // Everybody was changed some time, and nobody tomorrow: a server that does not know the filter gives all, or none.
        let ever = moved(client, endpoint, 0)?;
        let tomorrow = moved(client, endpoint, first.saturating_add(AHEAD))?;
        if (ever, tomorrow) != (Some(total), Some(0)) {
            return Ok(doubted(endpoint, "what was changed after a time"));
        }
        totals.push(total);
    }
    Ok(at.map(|at| Mark {
        asked: asked.to_owned(),
        at,
        totals,
    }))
}

/// What the server does not say keeps it from being asked for changes.
fn doubted<T>(endpoint: &str, what: &str) -> Option<T> {
    tracing::info!(
        endpoint,
        "`trust_last_modified` has no effect, all is read: the server does not say {what}"
    );
    None
}

/// Whether nothing has changed since a mark.
///
/// # Errors
/// When the server does not answer.
pub(super) fn is_still(
    client: &Client<'_>,
    endpoints: Endpoints,
    asked: &str,
    mark: &Mark,
) -> Result<bool, HttpError> {
    if mark.asked != asked || mark.totals.len() != endpoints.len() {
        return Ok(false);
    }
    for (endpoint, before) in endpoints.iter().zip(&mark.totals) {
        let since = mark.at.saturating_sub(OVERLAP);
        let total = counted(client, endpoint, None)?.and_then(|counted| counted.total);
        if moved(client, endpoint, since)? != Some(0) || total != Some(*before) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is kept, and where.
pub(super) struct Place<'a> {
    pub(super) path: &'a FilePath,
    /// A digest of what is asked, and of whom.
    pub(super) asked: String,
    /// What is asked for of people, and of groups.
    pub(super) attributes: [String; 2],
    /// When the read began, in seconds since 1970.
    pub(super) now: i64,
}

/// Has the client list what was kept, with what has changed since, and says when all of it was read; or has it keep what it will
/// list.
///
/// # Errors
/// When the server does not answer.
pub(super) fn prepare(
    client: &Client<'_>,
    query: &Query,
    place: &Place<'_>,
    earlier: &Earlier,
) -> Result<Option<i64>, HttpError> {
    let endpoints = listed(query);
    let wanted: Vec<(&str, &str)> = {
        let attributes = place.attributes.iter().map(String::as_str);
        endpoints.iter().copied().zip(attributes).collect()
    };
    let Some(Counted { at: Some(at), .. }) = counted(client, endpoints[0], None)? else {
        return Ok(None);
    };
    let bytes = kept::load(place.path).unwrap_or_default();
    let room = memory::room_for((bytes.len() as u64).saturating_mul(COST));
    let kept = room.ok().and_then(|()| kept::apart::<Head>(&bytes));
    let head = |read_at| Head {
        asked: place.asked.clone(),
        read_at,
        at,
    };
    if let Some((before, records)) = kept {
        let is_recent = (earlier.oldest..=place.now).contains(&before.read_at);
        let is_same = before.asked == place.asked && before.at <= at;
        if is_recent && is_same {
            let since = before.at.saturating_sub(OVERLAP);
            if let Some(resumed) = resume(client, &wanted, &records, since)? {
                let recorder = Recorder::begin(place.path, &head(before.read_at));
                resumed.record(recorder);
                client.store.provide(endpoints, resumed.contents());
                return Ok(Some(before.read_at));
            }
        }
    }
    if let Some(recorder) = Recorder::begin(place.path, &head(place.now)) {
        client.store.record(recorder, endpoints);
    }
    Ok(None)
}

/// The resources of each endpoint, with their ids.
struct Resumed(Vec<Vec<(Vec<u8>, Vec<u8>)>>);

impl Resumed {
    fn record(&self, recorder: Option<Recorder>) {
        let Some(mut recorder) = recorder else { return };
        for (part, resources) in self.0.iter().enumerate() {
            for (id, content) in resources {
                recorder.put(part, id, content);
            }
        }
        recorder.finish();
    }

    fn contents(self) -> Vec<Vec<Vec<u8>>> {
        let of = |all: Vec<(Vec<u8>, Vec<u8>)>| all.into_iter().map(|(_, content)| content);
        self.0.into_iter().map(|all| of(all).collect()).collect()
    }
}

/// What the endpoints have, by what was kept and what has changed since; `None`: that cannot be known so.
fn resume(
    client: &Client<'_>,
    wanted: &[(&str, &str)],
    records: &[Record<'_>],
    since: i64,
) -> Result<Option<Resumed>, HttpError> {
    let mut all = Vec::new();
    for (part, &(endpoint, attributes)) in wanted.iter().enumerate() {
        let total = counted(client, endpoint, None)?.and_then(|counted| counted.total);
        let moved = moved(client, endpoint, since)?;
        let (Some(total), Some(moved)) = (total, moved) else {
            return Ok(None);
        };
        let changed = match moved {
            0 => Resources::new(),
            // As many as there are: to read them all is no dearer.
            moved if moved >= total && total > 1 => return Ok(None),
            _ => match changed(client, endpoint, attributes, since)? {
                Some(changed) => changed,
                None => return Ok(None),
            },
        };
        let fate = |key: &[u8]| changed.get(key).map_or(Fate::Same, |it| Fate::Changed(it));
        let told = changed
            .iter()
            .map(|(id, it)| (id.as_slice(), it.as_slice()));
        let mut now = Vec::new();
        let of_part = records.iter().filter(|record| record.part == part);
        let tally = kept::merge(of_part, fate, told, &mut |id, content| {
            now.push((id.to_vec(), content.to_vec()));
        });
        if tally.now() as u64 != total {
            tracing::info!(
                endpoint,
                ?tally,
                total,
                "somebody is gone, or was not told of: all is read"
            );
            return Ok(None);
        }
        tracing::info!(endpoint, ?tally, "read what has changed");
        all.push(now);
    }
    Ok(Some(Resumed(all)))
}

/// Resources as they came, by their ids.
type Resources = BTreeMap<Vec<u8>, Vec<u8>>;

/// The resources that were changed after this time; `None`: not all came, or others did.
fn changed(
    client: &Client<'_>,
    endpoint: &str,
    attributes: &str,
    since: i64,
) -> Result<Option<Resources>, HttpError> {
    let (Some(filter), Ok(path)) = (changed_after(since), Path::new(LAST_MODIFIED)) else {
        return Ok(None);
    };
    let (mut found, mut is_odd) = (Resources::new(), false);
    let mut take = |resource: Value| {
        let at = resource.as_object().and_then(|object| path.one(object));
        let at = at.and_then(|at| at.parse::<Timestamp>().ok());
        // A server that gives others, too, may have left out some.
        is_odd |= at.is_none_or(|at| at.as_second() < since);
        match (decode::id(&resource), serde_json::to_vec(&resource)) {
            (Some(id), Ok(content)) => drop(found.insert(id.into_bytes(), content)),
            _ => is_odd = true,
        }
    };
    let attributes = match attributes.contains(LAST_MODIFIED) {
        true => attributes.to_owned(),
        false => format!("{attributes},{LAST_MODIFIED}"),
    };
    let listed = match client.list(endpoint, Some(&filter), &attributes, &mut take) {
        Ok(listed) => listed,
        Err(error) if error.status.is_some() => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok((listed.early.is_none() && !is_odd).then_some(found))
}
