//! Listings and single resources over HTTP: RFC 7644, 3.4.
//!
//! Knows pages, filters and statuses; what stands in a resource is for `decode`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::decode::{self, Extent, Features};
use super::paging::{Ask, Listing, Step, Way};
use super::path::Path;
use super::settings::{Names, Paging, Settings};
use super::store::Store;
use crate::model::{Finding, Untrusted};
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
    /// How it answered to a page size, if it cannot stand one, and is asked without since.
    unpaged: RefCell<Option<String>>,
    /// A media type that is not JSON's, of an answer that is JSON.
    odd_type: RefCell<Option<String>>,
    /// What is kept of its listings.
    pub store: Store,
}

/// How many resources there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub total: Option<u64>,
    /// When the server says that it is, in seconds since 1970.
    pub at: Option<i64>,
}

/// Takes resources as they come: a whole directory of them would fill the memory.
pub(super) type Sink<'s> = dyn FnMut(Value) + 's;

/// What is listed.
#[derive(Clone, Copy)]
struct Endpoint<'e> {
    name: &'e str,
    filter: Option<&'e str>,
    attributes: &'e str,
}

impl<'e> Endpoint<'e> {
    fn all(name: &'e str, attributes: &'e str) -> Self {
        Self {
            name,
            filter: None,
            attributes,
        }
    }
}

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
            features,
            ..Self::unasked(http, settings, progress)
        })
    }

    /// A server of which it is not asked what it can do.
    pub(super) fn unasked(
        http: &Http,
        settings: &Arc<Settings>,
        progress: &'a dyn Fn(usize),
    ) -> Self {
        Self {
            http: http.clone(),
            features: Features::default(),
            settings: Arc::clone(settings),
            progress,
            objects: Cell::new(0),
            unpaged: RefCell::default(),
            odd_type: RefCell::default(),
            store: Store::default(),
        }
    }

    /// What somebody should look at, of all that was answered.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let unpaged = self.unpaged.take();
        let unpaged = unpaged.map(|answer| Finding::NoPages { answer });
        let said = self.odd_type.take().map(Untrusted::new);
        let odd_type = said.map(|said| Finding::MediaType { said });
        unpaged.into_iter().chain(odd_type).collect()
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
        let endpoint = Endpoint::all("Users", "id");
        let asked = match self.settings.paging {
            Paging::None => self.page(endpoint, &Ask::Whole, 0),
            _ => self.page(endpoint, &Ask::Index(1), 1),
        };
        match asked {
            Err(error) if self.may_do_without_pages(&error) => self
                .page(endpoint, &Ask::Whole, 0)
                .map_err(|_| error)
                .map(drop),
            other => other.map(drop),
        }
    }

    /// Whether a failure may be a server's way to say that it cannot stand a page size.
    fn may_do_without_pages(&self, error: &HttpError) -> bool {
        self.settings.paging == Paging::Auto && matches!(error.status, Some(400 | 500 | 501))
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
        if let Some(resources) = filter
            .is_none()
            .then(|| self.store.take(endpoint))
            .flatten()
        {
            return self.list_kept(endpoint, resources, sink);
        }
        let endpoint = Endpoint {
            name: endpoint,
            filter,
            attributes,
        };
        let listed = self.list_anew(endpoint, sink)?;
        if filter.is_none() {
            self.store.ended(endpoint.name);
        }
        Ok(listed)
    }

    /// Hands over what is kept of an endpoint.
    fn list_kept(
        &self,
        endpoint: &str,
        resources: Vec<Vec<u8>>,
        sink: &mut Sink<'_>,
    ) -> Result<Listed, HttpError> {
        let count = resources.len();
        for content in resources {
            let resource = serde_json::from_slice(&content).map_err(|_| {
                let place = format!("{}/{endpoint}", self.place());
                HttpError::malformed(place, "what was kept of it is no JSON")
            })?;
            sink(resource);
        }
        self.objects.set(self.objects.get() + count);
        (self.progress)(self.objects.get());
        Ok(Listed::default())
    }

    /// Asks for a listing.
    fn list_anew(&self, endpoint: Endpoint<'_>, sink: &mut Sink<'_>) -> Result<Listed, HttpError> {
        let way = self.way();
        let listed = self.list_by(way, endpoint, sink);
        let error = match listed {
            Err(error) if way != Way::Whole && self.may_do_without_pages(&error) => error,
            other => return other,
        };
        // A filter that it does not know is refused in whatever way it is asked.
        match self.list_by(Way::Whole, endpoint, sink) {
            Ok(listed) => {
                let answer = error.reason.to_string();
                self.unpaged.replace(Some(answer));
                Ok(listed)
            }
            Err(_) => Err(error),
        }
    }

    /// How listings are asked for.
    fn way(&self) -> Way {
        let count = self.page_size();
        match self.settings.paging {
            Paging::None => Way::Whole,
            Paging::Auto if self.unpaged.borrow().is_some() => Way::Whole,
            Paging::Auto if self.features.cursor => Way::Cursor(count),
            Paging::Auto | Paging::Index => Way::Index(count),
            Paging::Cursor => Way::Cursor(count),
        }
    }

    /// Reads a listing in one way.
    fn list_by(
        &self,
        way: Way,
        endpoint: Endpoint<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<Listed, HttpError> {
        let count = self.page_size();
        let mut listing = Listing::new(way);
        let mut limits = self.http.listing();
        let mut out = Listed {
            narrowed: endpoint.filter.is_some(),
            ..Listed::default()
        };
        let mut ask = listing.first();
        loop {
            let page = match self.page(endpoint, &ask, count) {
                Ok(page) => page,
                Err(error) if listing.refused(error.status).is_some() => {
                    if let Some(Step::Stop(reason)) = listing.refused(error.status) {
                        out.early = Some(self.malformed(endpoint, reason));
                    }
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
            let mut keep = |resource: Value| {
                if endpoint.filter.is_none() {
                    self.store.add(endpoint.name, &resource);
                }
                sink(resource);
            };
            let added = self.hand_over(page.resources, &fresh, &mut keep);
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
                out.early = Some(self.malformed(endpoint, reason));
                return Ok(out);
            }
        }
    }

    fn malformed(&self, endpoint: Endpoint<'_>, reason: String) -> HttpError {
        let place = format!("{}/{}", self.place(), endpoint.name);
        HttpError::malformed(place, reason)
    }

    /// The first page below an endpoint.
    ///
    /// # Errors
    /// When it did not come.
    pub(super) fn first(
        &self,
        endpoint: &str,
        attributes: &str,
    ) -> Result<decode::Page, HttpError> {
        let endpoint = Endpoint {
            name: endpoint,
            filter: None,
            attributes,
        };
        let way = self.way();
        let page = |way| self.page(endpoint, &Listing::new(way).first(), self.page_size());
        match page(way) {
            Err(error) if way != Way::Whole && self.may_do_without_pages(&error) => {
                page(Way::Whole)
            }
            other => other,
        }
    }

    /// How many resources a page has.
    fn page_size(&self) -> u32 {
        let wished = self.settings.page_size;
        self.features.max_page.map_or(wished, |max| {
            u32::try_from(max).unwrap_or(u32::MAX).min(wished)
        })
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
        endpoint: Endpoint<'_>,
        ask: &Ask,
        count: u32,
    ) -> Result<decode::Page, HttpError> {
        let answer = self.answer(endpoint, ask, count)?;
        decode::page(answer.json()?).map_err(|reason| self.malformed(endpoint, reason))
    }

    fn answer(&self, endpoint: Endpoint<'_>, ask: &Ask, count: u32) -> Result<Answer, HttpError> {
        let path = [endpoint.name];
        let mut request = Request::get(&path).header("accept", ACCEPT);
        if let Some(filter) = endpoint.filter {
            request = request.query("filter", filter);
        }
        if self.settings.request_attributes {
            request = request.query("attributes", endpoint.attributes);
        }
        request = match ask {
            Ask::Index(start) => request.query("startIndex", start).query("count", count),
            Ask::Cursor(cursor) => request.query("cursor", cursor).query("count", count),
            Ask::Behind(start) => request.query("startIndex", start),
            Ask::Whole => request,
        };
        let answer = self.http.send(&request)?;
        if let Some(odd) = answer.odd_media_type() {
            self.odd_type.replace(Some(odd.to_owned()));
        }
        Ok(answer)
    }

    /// How many resources an endpoint has, or a filter finds; none of them is asked for.
    ///
    /// # Errors
    /// When it does not say.
    pub(super) fn count(&self, endpoint: &str, filter: Option<&str>) -> Result<Counted, HttpError> {
        let endpoint = Endpoint {
            filter,
            ..Endpoint::all(endpoint, "id")
        };
        let answer = self.answer(endpoint, &Ask::Index(1), 0)?;
        let at = answer.date("date");
        let page = decode::page(answer.json()?);
        let page = page.map_err(|reason| self.malformed(endpoint, reason))?;
        let total = page.total;
        Ok(Counted { total, at })
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
pub(super) fn user_attributes(names: &Names, extent: Extent<'_>) -> String {
    let mut paths = vec![&names.login];
    paths.extend(&names.active);
    paths.extend(&names.inactive_paths);
    if let Extent::Full(details, attribute) = extent {
        paths.extend(attribute);
        paths.extend(names.extra_of(details).map(|(_, path)| path));
        paths.extend(&names.name);
        for (is_wanted, path) in [
            (details.email, &names.email),
            (true, &names.uid),
            (true, &names.gid),
            (true, &names.home),
            (true, &names.shell),
            (details.keys, &names.ssh_key),
            (details.updated, &names.updated),
        ] {
            paths.extend(path.iter().filter(|_| is_wanted));
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
