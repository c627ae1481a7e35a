//! Requests and answers as values; a document is taken apart only if there is memory for it.

use reqwest::header::{self, HeaderMap};
use reqwest::{Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{HttpError, HttpErrorKind};
use super::retry;
use crate::model::text::without_mark;
use crate::system::memory;

/// A request, built step by step.
pub struct Request<'a> {
    pub(super) method: Method,
    pub(super) target: Target<'a>,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<(&'static str, Vec<u8>)>,
    /// Whether it may be sent again when nobody knows what became of it.
    pub(super) repeatable: bool,
    /// Whether the answer has to be JSON.
    pub(super) json: bool,
}

pub(super) enum Target<'a> {
    Path(&'a [&'a str]),
    Link(Url),
}

impl<'a> Request<'a> {
    fn new(method: Method, target: Target<'a>) -> Self {
        // RFC 9110, 9.2.2.
        let repeatable = method.is_idempotent();
        Self {
            method,
            target,
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            repeatable,
            json: true,
        }
    }

    /// GET of a path below the base, one name each.
    pub fn get(path: &'a [&'a str]) -> Self {
        Self::new(Method::GET, Target::Path(path))
    }

    /// GET of a link that [`Http::link`](super::Http::link) let through.
    pub fn link(link: Url) -> Self {
        Self::new(Method::GET, Target::Link(link))
    }

    /// POST to a path below the base.
    pub fn post(path: &'a [&'a str]) -> Self {
        Self::new(Method::POST, Target::Path(path))
    }

    /// PUT to a path below the base.
    pub fn put(path: &'a [&'a str]) -> Self {
        Self::new(Method::PUT, Target::Path(path))
    }

    /// PATCH of a path below the base.
    pub fn patch(path: &'a [&'a str]) -> Self {
        Self::new(Method::PATCH, Target::Path(path))
    }

    /// DELETE of a path below the base.
    pub fn delete(path: &'a [&'a str]) -> Self {
        Self::new(Method::DELETE, Target::Path(path))
    }

    /// With a parameter; it is encoded.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// With several parameters.
    #[must_use]
    pub fn queries(self, query: &[(&str, &str)]) -> Self {
        query
            .iter()
            .fold(self, |request, (name, value)| request.query(name, value))
    }

    /// With a header. Not for secrets.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a JSON document of this media type, such as `application/json`.
    #[must_use]
    pub fn body(mut self, media_type: &'static str, document: &impl Serialize) -> Self {
        // Only maps whose keys are no text cannot be written.
        self.body = Some((media_type, serde_json::to_vec(document).unwrap_or_default()));
        self
    }

    /// With a form (`application/x-www-form-urlencoded`).
    #[must_use]
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        self.body = Some((
            "application/x-www-form-urlencoded",
            form(fields).into_bytes(),
        ));
        self
    }

    /// It may be sent again even if nobody knows whether the server acted on it before.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// The answer need not be JSON.
    #[must_use]
    pub fn any_type(mut self) -> Self {
        self.json = false;
        self
    }
}

/// A value as it stands in a form.
pub(super) fn encoded(text: &str) -> String {
    form(&[("", text)]).trim_start_matches('=').to_owned()
}

/// A form as text.
pub(super) fn form(fields: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse("http://localhost/") else {
        return String::new();
    };
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}

/// An answer: 2xx or 304.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    pub(super) place: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// A header, if it is there and is printable ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The media type, if there is one and it is not JSON's.
    pub fn odd_media_type(&self) -> Option<&str> {
        self.header(header::CONTENT_TYPE.as_str())
            .filter(|said| !is_json(said))
    }

    /// A header that is a date, in seconds since 1970.
    pub fn date(&self, name: &str) -> Option<i64> {
        retry::date(self.header(name)?)
    }

    /// The entity tag, as it stands there.
    pub fn etag(&self) -> Option<&str> {
        self.header(header::ETAG.as_str())
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it does not fit; what stands in it is not shown.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        let needed = separators(&self.body).saturating_mul(BYTES_PER_VALUE);
        memory::room_for(needed)
            .map_err(|e| HttpError::new(HttpErrorKind::TooMuch, &self.place, e.to_string()))?;
        serde_json::from_slice(without_mark(&self.body)).map_err(|e| {
            let what = match e.classify() {
                serde_json::error::Category::Data => "has not the form that was expected",
                serde_json::error::Category::Eof => "ends too early",
                _ => "is broken",
            };
            let reason = format!("its JSON {what} (line {}, column {})", e.line(), e.column());
            HttpError::malformed(&self.place, reason)
        })
    }
}

/// What a value takes in memory, however short it is, as `serde_json` keeps it.
const BYTES_PER_VALUE: u64 = 96;

/// How many values and keys a JSON text may have: that many separators stand outside its strings.
fn separators(text: &[u8]) -> u64 {
    let (mut count, mut string, mut escaped) = (0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if string => escaped = true,
            b'"' => string = !string,
            b',' | b':' | b'[' | b'{' if !string => count += 1,
            _ => {}
        }
    }
    count
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Answer {{ status: {}, bytes: {} }}",
            self.status,
            self.body.len()
        )
    }
}

/// Whether a media type is JSON's (RFC 6839): `application/json`, `application/scim+json`.
pub(super) fn is_json(media_type: &str) -> bool {
    let name = essence(media_type);
    matches!(name.as_str(), "application/json" | "text/json") || name.ends_with("+json")
}

/// Whether it is that of a page for people.
pub(super) fn is_html(media_type: &str) -> bool {
    matches!(
        essence(media_type).as_str(),
        "text/html" | "application/xhtml+xml"
    )
}

/// A media type without its parameters.
fn essence(media_type: &str) -> String {
    let name = media_type.split(';').next().unwrap_or_default();
    name.trim().to_ascii_lowercase()
}
