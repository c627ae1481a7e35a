//! What can go wrong with a request, told apart by what follows from it.

use std::error::Error as _;
use std::io;

use serde::de::DeserializeOwned;

use crate::model::Untrusted;
use crate::model::remedy::Remedy;
use crate::providers::{FetchError, Reason};
use crate::system::tls;

/// How much of a server's words a message shows.
const SHOWN: usize = 200;

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpErrorKind {
    /// No connection, no whole answer in time, or a server that is out of order.
    Unreachable,
    /// 401 or 403; or a certificate that is not trusted.
    Unauthorised,
    /// 429, or 403 from a server that wants to be asked later, however often it was tried.
    RateLimited,
    /// An answer that is none: of the wrong type, or a redirect to elsewhere.
    Malformed,
    /// An answer that has more than `max_bytes`.
    TooLong,
    /// More than `max_read` or the memory allow: nothing of what was read can be kept.
    TooMuch,
    /// Another 4xx, or 501: the server understood, and says no.
    Refused,
}

/// Why a request came to nothing.
#[derive(Clone, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct HttpError {
    /// What kind of failure it was.
    pub kind: HttpErrorKind,
    /// The URL, without its query.
    pub place: String,
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// What went wrong, in a line.
    pub reason: Untrusted,
    /// What to look at.
    pub(super) remedy: Option<Remedy>,
    /// The answer's body, or its beginning, without our secrets.
    pub(super) body: Vec<u8>,
}

impl HttpError {
    /// A failure without an answer.
    pub fn new(kind: HttpErrorKind, place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            kind,
            place: place.into(),
            status: None,
            reason: Untrusted::new(reason),
            remedy: None,
            body: Vec::new(),
        }
    }

    /// The same, with what to look at.
    fn with(self, remedy: impl Into<Option<Remedy>>) -> Self {
        let remedy = remedy.into();
        Self { remedy, ..self }
    }

    /// An answer that is none.
    pub fn malformed(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(HttpErrorKind::Malformed, place, reason)
    }

    /// An answer with a status that means failure; `body` is without our secrets.
    pub(super) fn status(
        place: &str,
        status: reqwest::StatusCode,
        json: bool,
        body: Vec<u8>,
    ) -> Self {
        let kind = match status.as_u16() {
            401 | 403 => HttpErrorKind::Unauthorised,
            429 => HttpErrorKind::RateLimited,
            400..=499 | 501 => HttpErrorKind::Refused,
            500..=599 => HttpErrorKind::Unreachable,
            _ => HttpErrorKind::Malformed,
        };
        // A page for people says nothing that the status does not.
        let words = if json { words(&body) } else { None };
        let reason = match words {
            Some(words) => format!("it answered {status}: {words}"),
            None => format!("it answered {status}"),
        };
        let remedy = match status.as_u16() {
            401 => Some(Remedy::Credentials),
            403 => Some(Remedy::Rights),
            404 => Some(Remedy::Base),
            500..=599 => Some(Remedy::Server),
            _ => None,
        };
        Self {
            status: Some(status.as_u16()),
            body,
            remedy,
            ..Self::new(kind, place, reason)
        }
    }

    /// The same, of a server that is asked too often.
    pub(super) fn limited(
        place: &str,
        status: reqwest::StatusCode,
        json: bool,
        body: Vec<u8>,
    ) -> Self {
        Self {
            kind: HttpErrorKind::RateLimited,
            remedy: None,
            ..Self::status(place, status, json, body)
        }
    }

    /// What to look at, if that is known.
    pub fn remedy(&self) -> Option<Remedy> {
        self.remedy
    }

    /// The answer's body as JSON, if it is that.
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl std::fmt::Debug for HttpError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpError")
            .field("kind", &self.kind)
            .field("place", &self.place)
            .field("status", &self.status)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// What the server says about it: the members that SCIM, OAuth 2, RFC 9457 and most others use.
fn words(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let keys = ["detail", "error_description", "message", "title", "error"];
    let text = keys.iter().find_map(|key| body.get(key)?.as_str())?;
    let short: String = text.chars().take(SHOWN).collect();
    (!short.trim().is_empty()).then_some(short)
}

impl From<HttpError> for FetchError {
    fn from(error: HttpError) -> Self {
        let HttpError {
            kind,
            place,
            reason,
            remedy,
            status,
            ..
        } = error;
        let reason = Reason::from(reason).with(remedy);
        match kind {
            HttpErrorKind::Unreachable if status.is_some() => FetchError::Failing { place, reason },
            HttpErrorKind::Unreachable => FetchError::Unreachable { place, reason },
            HttpErrorKind::Unauthorised => FetchError::Unauthorised { place, reason },
            HttpErrorKind::RateLimited => FetchError::RateLimited { place, reason },
            HttpErrorKind::Malformed
            | HttpErrorKind::TooLong
            | HttpErrorKind::TooMuch
            | HttpErrorKind::Refused => FetchError::Malformed { place, reason },
        }
    }
}

/// What an error of the HTTP library means, in our words; its own would repeat the URL with its
/// query.
pub(super) fn transport(place: &str, error: &reqwest::Error) -> HttpError {
    let unreachable = |reason: String| HttpError::new(HttpErrorKind::Unreachable, place, reason);
    let connecting = error.is_connect();
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(why) = error.downcast_ref::<rustls::Error>() {
            return of_tls(place, tls::failure(why));
        }
        // An error of the standard library hides the one that it wraps: `source` is that one's
        // source.
        let io = error.downcast_ref::<io::Error>();
        if let Some(os) = io.filter(|e| e.raw_os_error().is_some()) {
            let failed = unreachable(format!("the connection failed: {}", plain(os)));
            let refused = os.kind() == io::ErrorKind::ConnectionRefused;
            return failed.with(refused.then_some(Remedy::Port));
        }
        // Nothing else ends a connection before it is one.
        let ended =
            |e: &io::Error| e.kind() == io::ErrorKind::UnexpectedEof && e.get_ref().is_some();
        if connecting && io.is_some_and(ended) {
            return of_tls(place, tls::broken_off());
        }
        cause = io
            .and_then(|e| e.get_ref())
            .map(|e| e as &(dyn std::error::Error + 'static))
            .or_else(|| error.source());
    }
    let (reason, remedy) = match (error.is_timeout(), connecting) {
        (true, true) => ("no connection in time", Some(Remedy::Silence)),
        (true, false) => ("no answer in time", Some(Remedy::Server)),
        (false, true) => (
            "no connection; its name may have no address",
            Some(Remedy::Name),
        ),
        (false, false) => (
            "the connection was closed before the answer was complete",
            None,
        ),
    };
    unreachable(reason.to_owned()).with(remedy)
}

fn of_tls(place: &str, failure: tls::Failure) -> HttpError {
    let kind = match failure.is_distrust() {
        true => HttpErrorKind::Unauthorised,
        false => HttpErrorKind::Unreachable,
    };
    HttpError::new(kind, place, failure.text).with(failure.remedy)
}

/// An error of the system without its number, of which nobody learns anything.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_owned()
}
