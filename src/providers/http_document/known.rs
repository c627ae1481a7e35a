//! How a document is known again: by what the server calls it (RFC 9110, 8.8), or else by what it says. Pure.
//!
//! What is kept belongs to the very answer that was read, not to one that another request would have got.

use serde::{Deserialize, Serialize};

use crate::providers::http::{Answer, Request};
use crate::providers::{Answers, Earlier};

/// A document that changed so many seconds before it was sent may have changed once more in the same second: then its date
/// does not tell the two apart (RFC 7232, 2.2.2).
const SETTLED: i64 = 60;

/// What is left of a document for the next read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    /// When it was read in full, in seconds since 1970.
    read_at: i64,
    /// What stands for all that it says.
    digest: String,
    /// Its entity tag.
    tag: Option<String>,
    /// The date of its last change, as the server wrote it.
    modified: Option<String>,
}

impl Known {
    /// A document that came now; the digest stands for all that it says.
    pub(super) fn of(answer: &Answer, digest: String, now: i64) -> Self {
        let text = |name: &str| answer.header(name).map(str::to_owned);
        let changed = answer.date("last-modified");
        let sent = answer.date("date").unwrap_or(now);
        let is_settled = changed.is_some_and(|at| at.saturating_add(SETTLED) <= sent);
        Self {
            read_at: now,
            digest,
            tag: text("etag").filter(|tag| is_tag(tag)),
            modified: text("last-modified").filter(|_| is_settled),
        }
    }

    /// What was read earlier, if it is not too long ago.
    pub(super) fn earlier(earlier: &Earlier) -> Option<Self> {
        let Answers(text) = earlier.answers.as_ref()?;
        let known: Self = serde_json::from_str(text).ok()?;
        (known.read_at > earlier.oldest).then_some(known)
    }

    /// A request that need not be answered if the document is still this one.
    pub(super) fn unless_it_is<'a>(&self, request: Request<'a>) -> Request<'a> {
        match (&self.tag, &self.modified) {
            (Some(tag), _) => request.header("if-none-match", tag.as_str()),
            (None, Some(date)) => request.header("if-modified-since", date.as_str()),
            (None, None) => request,
        }
    }

    /// Whether a request was made so that 304 says that it is this one.
    pub(super) fn is_recognisable(&self) -> bool {
        self.tag.is_some() || self.modified.is_some()
    }

    /// Whether it says the same.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.digest == other.digest
    }

    pub(super) fn to_answers(&self) -> Option<Answers> {
        serde_json::to_string(self).ok().map(Answers)
    }
}

/// Whether it has the form of an entity tag (RFC 9110, 8.8.3), and can stand in a header.
fn is_tag(text: &str) -> bool {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let inside = opaque.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    inside.is_some_and(|it| it.bytes().all(|b| b.is_ascii_graphic() && b != b'"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_entity_tag_is_not_sent_back() {
        for tag in ["\"a\"", "W/\"1-x\"", "\"\""] {
            assert!(is_tag(tag), "{tag}");
        }
        for tag in ["", "a", "\"", "\"a\"b\"", "w/\"a\"", "\"a b\"", "\"a\n\""] {
            assert!(!is_tag(tag), "{tag}");
        }
    }

    #[test]
    fn what_was_read_too_long_ago_is_read_again() {
        let known = Known {
            read_at: 100,
            digest: "d".to_owned(),
            tag: None,
            modified: None,
        };
        let of = |oldest| Earlier {
            answers: known.to_answers(),
            file: None,
            oldest,
        };
        assert_eq!(Known::earlier(&of(99)), Some(known.clone()));
        assert_eq!(Known::earlier(&of(100)), None);
        let odd = Earlier {
            answers: Some(Answers("x".to_owned())),
            ..of(0)
        };
        assert_eq!(Known::earlier(&odd), None);
    }
}
