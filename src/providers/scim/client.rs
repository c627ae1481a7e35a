//! Listings and single resources over HTTP: RFC 7644, 3.4.
//!
//! Knows pages, filters and statuses; what stands in a resource is for `decode`.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::decode::{self, Features};
use super::paging::{Ask, Listing, Step};
use super::path::Path;
use super::settings::{Names, Paging, Settings};
use crate::providers::http::{Answer, Http, HttpError, HttpErrorKind, Request};

/// The media type of RFC 7644, 8.1, and the one that many servers want instead.
pub(super) const ACCEPT: &str = "application/scim+json, application/json;q=0.9";

/// How many people or groups are asked for one by one, before all are read.
pub(super) const ONE_BY_ONE: usize = 32;

/// A server, and what it can do.
pub(super) struct Client<'a> {
    pub http: Http,
    pub features: Features,
    settings: Arc<Settings>,
    progress: &'a dyn Fn(usize),
    objects: Cell<usize>,
}

/// Takes resources as they come: a whole directory of them would fill the memory.
pub(super) type Sink<'s> = dyn FnMut(Value) + 's;

/// How a listing ended.
#[derive(Default)]
pub(super) struct Listed {
    pub pages: usize,
    /// Whether the server was asked for a part only.
    pub narrowed: bool,
    /// Why it is not all.
    pub early: Option<HttpError>,
}

impl<'a> Client<'a> {
    /// Asks the server what it can do.
    ///
    /// # Errors
    /// When it does not answer, or not to us.
    pub(super) fn new(
        http: &Http,
        settings: &Arc<Settings>,
        progress: &'a dyn Fn(usize),
    ) -> Result<Self, HttpError> {
        let features = features(http)?;
        tracing::debug!(?features, "the server says what it can do");
        Ok(Self {
            http: http.clone(),
            features,
            settings: Arc::clone(settings),
            progress,
            objects: Cell::new(0),
        })
    }

    /// Where the server is, for messages.
    pub(super) fn place(&self) -> String {
        self.http.base().to_string()
    }

    /// Asks for one person, to see whether we are let in.
    ///
    /// # Errors
    /// When we are not.
    pub(super) fn probe(&self) -> Result<(), HttpError> {
        self.page("Users", None, "id", &Ask::Index(1), 1).map(drop)
    }

    /// Reads everything below an endpoint, or what a filter finds.
    ///
    /// # Errors
    /// When not even the first page came.
    pub(super) fn list(
        &self,
        endpoint: &str,
        filter: Option<&str>,
        attributes: &str,
        sink: &mut Sink<'_>,
    ) -> Result<Listed, HttpError> {
        let count = self.page_size();
        let mut listing = Listing::new(self.pages_by_cursor(), count);
        let mut limits = self.http.listing();
        let mut out = Listed {
            narrowed: filter.is_some(),
            ..Listed::default()
        };
        let mut ask = listing.first();
        loop {
            let page = self.page(endpoint, filter, attributes, &ask, count);
            let page = match page {
                Ok(page) => page,
                // There is nothing behind the end: some say it that way.
                Err(error) if listing.is_probing() && matches!(error.status, Some(400 | 404)) => {
                    return Ok(out);
                }
                Err(error) if out.pages == 0 => return Err(error),
                Err(error) => {
                    out.early = Some(error);
                    return Ok(out);
                }
            };
            out.pages += 1;
            let (fresh, step) = listing.take(&page);
            let added = self.hand_over(page.resources, &fresh, sink);
            let mut stop = limits.page(added).err();
            match step {
                Step::Done => return Ok(out),
                Step::Stop(reason) => stop = Some(reason),
                Step::Ask(Ask::Cursor(cursor)) => {
                    stop = stop.or_else(|| limits.marker(&cursor).err());
                    ask = Ask::Cursor(cursor);
                }
                Step::Ask(next) => ask = next,
            }
            if let Some(reason) = stop {
                let place = format!("{}/{endpoint}", self.place());
                out.early = Some(HttpError::malformed(place, reason));
                return Ok(out);
            }
        }
    }

    /// How many resources a page has.
    fn page_size(&self) -> u32 {
        let wished = self.settings.page_size;
        self.features.max_page.map_or(wished, |max| {
            u32::try_from(max).unwrap_or(u32::MAX).min(wished)
        })
    }

    fn pages_by_cursor(&self) -> bool {
        match self.settings.paging {
            Paging::Auto => self.features.cursor,
            Paging::Index => false,
            Paging::Cursor => true,
        }
    }

    /// Hands over those resources that are new; says how many.
    fn hand_over(&self, resources: Vec<Value>, fresh: &[bool], sink: &mut Sink<'_>) -> usize {
        let mut added = 0;
        for (resource, _) in resources.into_iter().zip(fresh).filter(|(_, new)| **new) {
            sink(resource);
            added += 1;
        }
        self.objects.set(self.objects.get() + added);
        (self.progress)(self.objects.get());
        added
    }

    fn page(
        &self,
        endpoint: &str,
        filter: Option<&str>,
        attributes: &str,
        ask: &Ask,
        count: u32,
    ) -> Result<decode::Page, HttpError> {
        let path = [endpoint];
        let mut request = Request::get(&path).header("accept", ACCEPT);
        if let Some(filter) = filter {
            request = request.query("filter", filter);
        }
        if self.settings.request_attributes {
            request = request.query("attributes", attributes);
        }
        request = match ask {
            Ask::Index(start) => request.query("startIndex", start),
            Ask::Cursor(cursor) => request.query("cursor", cursor),
        };
        let answer = self.http.send(&request.query("count", count))?;
        let place = format!("{}/{endpoint}", self.place());
        decode::page(answer.json()?).map_err(|reason| HttpError::malformed(place, reason))
    }

    /// Reads those whose attribute at `path` is one of `only`, by filters if there are few and the
    /// server knows filters; else everything.
    ///
    /// # Errors
    /// When nothing came.
    pub(super) fn named(
        &self,
        endpoint: &str,
        path: &Path,
        only: Option<&[String]>,
        attributes: &str,
        sink: &mut Sink<'_>,
    ) -> Result<Listed, HttpError> {
        let Some(only) = only.filter(|only| self.features.filter && only.len() <= ONE_BY_ONE)
        else {
            return self.list(endpoint, None, attributes, sink);
        };
        // A server that ignores filters gives everybody each time.
        let mut seen = BTreeSet::new();
        let mut once = |resource: Value| {
            if decode::id(&resource).is_none_or(|id| seen.insert(id)) {
                sink(resource);
            }
        };
        let mut out = Listed {
            narrowed: true,
            ..Listed::default()
        };
        for name in only {
            match self.list(endpoint, Some(&path.equals(name)), attributes, &mut once) {
                Ok(listed) => {
                    out.pages += listed.pages;
                    out.early = out.early.or(listed.early);
                }
                // Instead of an empty list.
                Err(error) if error.status == Some(404) => out.pages += 1,
                // It knows no such filter.
                Err(error) if matches!(error.status, Some(400 | 501)) => {
                    return self.list(endpoint, None, attributes, &mut once);
                }
                Err(error) => return Err(error),
            }
            if out.early.is_some() {
                break;
            }
        }
        Ok(out)
    }

    /// Reads one resource; the second value is its version.
    ///
    /// # Errors
    /// When it is not there, or not to be had.
    pub(super) fn resource(
        &self,
        endpoint: &str,
        id: &str,
        attributes: &str,
    ) -> Result<(Value, Option<String>), HttpError> {
        match self.settings.request_attributes {
            true => self.resource_with(endpoint, id, attributes),
            false => self.ask(endpoint, id, &[]),
        }
    }

    /// The same, with all attributes named.
    ///
    /// # Errors
    /// When it is not there, or not to be had.
    pub(super) fn resource_with(
        &self,
        endpoint: &str,
        id: &str,
        attributes: &str,
    ) -> Result<(Value, Option<String>), HttpError> {
        self.ask(endpoint, id, &[("attributes", attributes)])
    }

    fn ask(
        &self,
        endpoint: &str,
        id: &str,
        query: &[(&str, &str)],
    ) -> Result<(Value, Option<String>), HttpError> {
        let path = [endpoint, id];
        let answer = self
            .http
            .send(&Request::get(&path).queries(query).header("accept", ACCEPT))?;
        let resource: Value = answer.json()?;
        // Another resource than the one that was asked for is none.
        if decode::id(&resource).as_deref() != Some(id) {
            return Err(HttpError::malformed(
                format!("{}/{endpoint}", self.place()),
                "it sent another resource",
            ));
        }
        let version = version(&answer, &resource);
        Ok((resource, version))
    }
}

/// What a server can do. One that does not say is taken to be like most.
fn features(http: &Http) -> Result<Features, HttpError> {
    match http.get_json::<Value>(&["ServiceProviderConfig"], &[]) {
        Ok(document) => Ok(decode::features(&document)),
        // Whoever may not ask this may still be let in to what matters.
        Err(error) if is_refusal(&error) => Ok(Features::default()),
        Err(error) => Err(error),
    }
}

/// The version of a resource: its entity tag, or `meta.version` (RFC 7644, 3.14).
pub(super) fn version(answer: &Answer, resource: &Value) -> Option<String> {
    let meta = || Path::new("meta.version").ok()?.one(resource.as_object()?);
    let tag = answer.etag().map(str::to_owned).or_else(meta);
    // What cannot stand in a header is no entity tag.
    tag.filter(|tag| tag.bytes().all(|b| b.is_ascii_graphic()))
}

/// Whether a failure is the server's no to this request, and not its end.
pub(super) fn is_refusal(error: &HttpError) -> bool {
    error.kind == HttpErrorKind::Refused || error.status == Some(403)
}

/// What is wanted of a person.
pub(super) fn user_attributes(names: &Names, slim: bool) -> String {
    let mut paths = vec![&names.login];
    paths.extend(&names.active);
    paths.extend(&names.inactive_paths);
    if !slim {
        paths.extend(&names.name);
        for path in [
            &names.email,
            &names.uid,
            &names.gid,
            &names.home,
            &names.shell,
            &names.ssh_key,
            &names.updated,
        ] {
            paths.extend(path);
        }
    }
    joined(&paths, &[])
}

/// What is wanted of a group.
pub(super) fn group_attributes(names: &Names, members: bool) -> String {
    let mut paths = vec![&names.group_name];
    paths.extend(&names.group_gid);
    paths.extend(&names.group_description);
    joined(
        &paths,
        if members {
            &["members", "meta.version"]
        } else {
            &[]
        },
    )
}

fn joined(paths: &[&Path], more: &[&str]) -> String {
    let texts = ["id"]
        .into_iter()
        .chain(paths.iter().map(|path| path.as_str()))
        .chain(more.iter().copied());
    texts.collect::<Vec<_>>().join(",")
}
