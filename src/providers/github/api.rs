//! The requests that gosync makes of GitHub: lists of its REST API, and people by GraphQL. One request at a time, as GitHub
//! asks of its clients (docs.github.com, best practices for the REST API).
//!
//! A list comes in pages that are counted from its beginning. Who leaves while they are read moves everybody behind them one
//! place forward, and one person falls between two pages. So, once the last page came, all pages before it are asked for
//! once more, by their entity tags, which costs nothing of the quota; what has changed was not read as a whole. The last page
//! is one whose links name no next one; of a full page without links it is not known, for what is in between may have taken them away.

use std::collections::BTreeSet;
use std::time::Instant;

use reqwest::Url;
use serde_json::json;

use super::decode::{self, Page, Person, Row, Team};
use crate::model::{Details, RejectedRecord, RemoteId};
use crate::providers::http::{Answer, Http, HttpError, HttpErrorKind, Request};

/// What GitHub wants to be asked for.
const ACCEPT: &str = "application/vnd.github+json";
/// The version of the REST API that is spoken.
const VERSION: &str = "2022-11-28";
/// How many people are asked for at a time: as many nodes as GraphQL takes.
pub(super) const BATCH: usize = 100;

/// A connection to both: the REST API, and GraphQL.
#[derive(Clone, Debug)]
pub(super) struct Api {
    pub rest: Http,
    pub graph: Http,
    pub org: String,
    pub page_size: usize,
    /// Whether people can be suspended and stay in their organisations.
    pub tells_suspended: bool,
}

/// What came of a list.
#[derive(Debug)]
pub(super) struct Listed<T> {
    pub items: Vec<T>,
    pub rejected: Vec<RejectedRecord>,
    pub pages: usize,
    /// Why it is not known to be all.
    pub early: Option<HttpError>,
}

/// What a list is of.
pub(super) trait Record: Sized {
    /// Takes a page apart.
    fn page(bytes: &[u8]) -> Result<Page<Self>, String>;

    /// What tells it from others.
    fn id(&self) -> &RemoteId;
}

impl Record for Row {
    fn page(bytes: &[u8]) -> Result<Page<Self>, String> {
        decode::members(bytes)
    }

    fn id(&self) -> &RemoteId {
        &self.id
    }
}

impl Record for Team {
    fn page(bytes: &[u8]) -> Result<Page<Self>, String> {
        decode::teams(bytes)
    }

    fn id(&self) -> &RemoteId {
        &self.id
    }
}

/// A page that came, to be asked for again.
struct Kept {
    url: Url,
    etag: Option<String>,
    ids: Vec<Option<RemoteId>>,
}

/// Whether a list was found to be another than before.
const CHANGED: &str = "its list changed while it was read";

impl Api {
    /// The same, until a deadline.
    pub(super) fn until(&self, deadline: Instant) -> Self {
        Self {
            rest: self.rest.until(deadline),
            graph: self.graph.until(deadline),
            ..self.clone()
        }
    }

    /// Asks for one team, to see whether we are let in: whoever may see those sees all members, too, and not only those who
    /// show themselves in public.
    ///
    /// # Errors
    /// When we are not.
    pub(super) fn probe(&self) -> Result<(), HttpError> {
        let url = self.numbered(&self.of_org("teams"), 1, 1);
        let answer = send(&self.rest, &get(url.clone()))?;
        decoded::<Team>(&url, &answer).map(drop)
    }

    /// All teams of the organisation that are shown to us.
    pub(super) fn teams(&self, progress: &mut dyn FnMut(usize)) -> Listed<Team> {
        self.list(&self.of_org("teams"), progress)
    }

    /// All members of the organisation.
    pub(super) fn members(&self, progress: &mut dyn FnMut(usize)) -> Listed<Row> {
        self.list(&self.of_org("members"), progress)
    }

    /// All members of a team, those of the teams below it included.
    pub(super) fn members_of(&self, team: &Team, progress: &mut dyn FnMut(usize)) -> Listed<Row> {
        match self.rest.link(&team.members) {
            Ok(url) => self.list(&url, progress),
            Err(error) => Listed {
                items: Vec::new(),
                rejected: Vec::new(),
                pages: 0,
                early: Some(error),
            },
        }
    }

    fn of_org(&self, what: &str) -> Url {
        let mut url = self.rest.base().clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["orgs", &self.org, what]);
        }
        url
    }

    fn numbered(&self, list: &Url, page_size: usize, page: usize) -> Url {
        let mut url = list.clone();
        url.query_pairs_mut()
            .append_pair("per_page", &page_size.to_string());
        if page > 1 {
            url.query_pairs_mut().append_pair("page", &page.to_string());
        }
        url
    }

    fn list<T: Record>(&self, list: &Url, progress: &mut dyn FnMut(usize)) -> Listed<T> {
        let mut listed = Listed {
            items: Vec::new(),
            rejected: Vec::new(),
            pages: 0,
            early: None,
        };
        let mut kept = Vec::new();
        let read = self.pages(list, &mut listed, &mut kept, progress);
        let proven = read.and_then(|()| self.are_still::<T>(&kept));
        listed.early = proven.err();
        listed
    }

    /// Reads the pages of a list to the last one.
    fn pages<T: Record>(
        &self,
        list: &Url,
        listed: &mut Listed<T>,
        kept: &mut Vec<Kept>,
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), HttpError> {
        let mut counting = self.rest.listing();
        let mut seen = BTreeSet::new();
        let mut url = self.numbered(list, self.page_size, 1);
        loop {
            let malformed = |reason: String| HttpError::malformed(place(&url), reason);
            counting.marker(url.as_str()).map_err(malformed)?;
            let answer = send(&self.rest, &get(url.clone()))?;
            let page = decoded::<T>(&url, &answer)?;
            counting.page(page.len()).map_err(malformed)?;
            progress(page.len());
            let (came, ids) = (page.len(), ids(&page));
            let is_new = |id: &Option<RemoteId>| match id {
                Some(id) => seen.insert(id.clone()),
                None => true,
            };
            // All are looked at, so that each is known afterwards.
            let is_new: Vec<bool> = ids.iter().map(is_new).collect();
            for (record, _) in page.into_iter().zip(&is_new).filter(|(_, is_new)| **is_new) {
                match record {
                    Ok(record) => listed.items.push(record),
                    Err(record) => listed.rejected.push(record),
                }
            }
            listed.pages += 1;
            if is_new.contains(&false) {
                return Err(malformed("somebody stands in its list twice".to_owned()));
            }
            let links = answer.header("link");
            let next = links.and_then(decode::next);
            let next = next.map(|next| self.rest.link(next)).transpose()?;
            let next = match next {
                Some(next) => Some(next),
                None if links.is_some() || came < self.page_size => None,
                None => Some(self.numbered(list, self.page_size, listed.pages + 1)),
            };
            let etag = answer.etag().map(str::to_owned);
            kept.push(Kept { url, etag, ids });
            match next {
                Some(next) => url = next,
                None => return Ok(()),
            }
        }
    }

    /// Whether all pages but the last one are as they came.
    fn are_still<T: Record>(&self, kept: &[Kept]) -> Result<(), HttpError> {
        let [before @ .., _] = kept else {
            return Ok(());
        };
        for page in before {
            let request = get(page.url.clone());
            let request = match &page.etag {
                Some(tag) => request.header("If-None-Match", tag.clone()),
                None => request,
            };
            let answer = send(&self.rest, &request)?;
            let is_same = match (answer.status, &page.etag) {
                (304, Some(_)) => true,
                _ => ids(&decoded::<T>(&page.url, &answer)?) == page.ids,
            };
            if !is_same {
                return Err(HttpError::malformed(place(&page.url), CHANGED));
            }
        }
        Ok(())
    }

    /// What is told of people by their nodes, in the order of the rows; `None`: GitHub does not show who that is. A node is
    /// one account for ever, so that no keys come of somebody who took over a login.
    ///
    /// # Errors
    /// When it does not say.
    pub(super) fn people(
        &self,
        rows: &[&Row],
        wanted: &Details,
    ) -> Result<Vec<Option<Person>>, HttpError> {
        let nodes: Vec<&str> = rows.iter().map(|row| row.node.as_str()).collect();
        let question = json!({
            "query": self.question(wanted),
            "variables": {"ids": nodes},
        });
        // It only reads.
        let request = Request::post(&[]).body("application/json", &question);
        let answer = send(&self.graph, &request.repeatable())?;
        let place = self.graph.base().as_str();
        let people = decode::people(answer.body(), rows.len());
        let people = people.map_err(|(kind, reason)| HttpError::new(kind, place, reason))?;
        for (row, person) in rows.iter().zip(&people) {
            if person.as_ref().is_some_and(|person| person.id != row.id) {
                let reason = "it tells of others than it was asked for";
                return Err(HttpError::malformed(place, reason));
            }
        }
        Ok(people)
    }

    fn question(&self, wanted: &Details) -> String {
        let fields = [
            (true, "databaseId name"),
            // A classic token must have a right to see these, so they are asked for only if somebody wants them.
            (wanted.email, "email"),
            (self.tells_suspended, "suspendedAt"),
            (
                wanted.keys,
                "publicKeys(first: 100) { totalCount nodes { key } }",
            ),
        ];
        let fields = fields.iter().filter(|(is_wanted, _)| *is_wanted);
        let fields: Vec<&str> = fields.map(|(_, field)| *field).collect();
        format!(
            "query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on User {{ {} }} }} }}",
            fields.join(" ")
        )
    }
}

/// Sends a request. Of the second of its limits GitHub says nothing but that, now and then, and with 403, too (docs.github.com,
/// rate limits for the REST API).
fn send(http: &Http, request: &Request<'_>) -> Result<Answer, HttpError> {
    http.send(request).map_err(|mut error| {
        if error.status == Some(403) && error.reason.raw().contains("secondary rate limit") {
            error.kind = HttpErrorKind::RateLimited;
        }
        error
    })
}

fn get<'a>(url: Url) -> Request<'a> {
    Request::link(url)
        .header("Accept", ACCEPT)
        .header("X-GitHub-Api-Version", VERSION)
}

fn decoded<T: Record>(url: &Url, answer: &Answer) -> Result<Page<T>, HttpError> {
    T::page(answer.body()).map_err(|reason| HttpError::malformed(place(url), reason))
}

fn ids<T: Record>(page: &Page<T>) -> Vec<Option<RemoteId>> {
    let id = |record: &Result<T, RejectedRecord>| match record {
        Ok(record) => Some(record.id().clone()),
        Err(record) => record.id.clone(),
    };
    page.iter().map(id).collect()
}

/// What a list is called in messages.
fn place(url: &Url) -> String {
    let text = url.as_str();
    text.split('?').next().unwrap_or(text).to_owned()
}
