//! What can go wrong with a request, told apart by what follows from it.

use std::error::Error as _;

use serde::de::DeserializeOwned;

use crate::model::Untrusted;
use crate::providers::FetchError;

/// How much of a server's words a message shows.
const SHOWN: usize = 200;

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpErrorKind {
    /// No connection, no whole answer in time, or a server that is out of order.
    Unreachable,
    /// 401 or 403; or a certificate that is not trusted.
    Unauthorised,
    /// 429, however often it was tried.
    RateLimited,
    /// An answer that is none: of the wrong type, too long, or a redirect to elsewhere.
    Malformed,
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
            body: Vec::new(),
        }
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
        Self {
            status: Some(status.as_u16()),
            body,
            ..Self::new(kind, place, reason)
        }
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
            ..
        } = error;
        match kind {
            HttpErrorKind::Unreachable => FetchError::Unreachable { place, reason },
            HttpErrorKind::Unauthorised => FetchError::Unauthorised { place, reason },
            HttpErrorKind::RateLimited => FetchError::RateLimited { place, reason },
            HttpErrorKind::Malformed | HttpErrorKind::TooMuch | HttpErrorKind::Refused => {
                FetchError::Malformed { place, reason }
            }
        }
    }
}

/// What an error of the HTTP library means, in our words; its own would repeat the URL with its
/// query.
pub(super) fn transport(place: &str, error: &reqwest::Error) -> HttpError {
    let unreachable = |reason: String| HttpError::new(HttpErrorKind::Unreachable, place, reason);
    let mut cause = error.source();
    while let Some(error) = cause {
        match error.downcast_ref::<rustls::Error>() {
            Some(rustls::Error::InvalidCertificate(why)) => {
                let reason = format!("its certificate is not trusted: {why}");
                return HttpError::new(HttpErrorKind::Unauthorised, place, reason);
            }
            Some(why) => return unreachable(format!("TLS failed: {why}")),
            None => {}
        }
        // An error of the standard library hides the one that it wraps: `source` is that one's
        // source.
        let io = error.downcast_ref::<std::io::Error>();
        if let Some(os) = io.filter(|e| e.raw_os_error().is_some()) {
            return unreachable(format!("the connection failed: {os}"));
        }
        cause = io
            .and_then(|e| e.get_ref())
            .map(|e| e as &(dyn std::error::Error + 'static))
            .or_else(|| error.source());
    }
    unreachable(match (error.is_timeout(), error.is_connect()) {
        (true, true) => "no connection in time".to_owned(),
        (true, false) => "no answer in time".to_owned(),
        (false, true) => "no connection; its name may have no address".to_owned(),
        (false, false) => "the connection was closed before the answer was complete".to_owned(),
    })
}
