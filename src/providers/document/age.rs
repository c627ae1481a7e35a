//! How old a document may be, and what is wrong with one that is older. Pure.

use std::time::Duration;

use crate::model::units::Span;
use crate::model::{Now, shown};

/// How far the clock of whoever makes a document may be ahead of ours.
const AHEAD: i64 = 300;

/// How old a document may be.
#[derive(Clone, Debug)]
pub(super) struct Age {
    most: Span,
    now: Now,
}

impl Age {
    /// At most `most` before `now`.
    pub(super) fn new(most: Span, now: &Now) -> Self {
        let now = now.clone();
        Self { most, now }
    }

    /// What is wrong with a document that was made `at` this time.
    pub(super) fn complaint(&self, at: i64) -> Option<String> {
        let most = i64::try_from(Duration::from(self.most).as_secs()).unwrap_or(i64::MAX);
        let when =
            jiff::Timestamp::from_second(at).map_or_else(|_| at.to_string(), |at| at.to_string());
        if self.now.has_come(at.saturating_add(most).saturating_add(1)) {
            let most = self.most;
            return Some(format!(
                "the document is of {when}, and `max_age` is {most}: look at what writes it"
            ));
        }
        (at > self.now.seconds().saturating_add(AHEAD))
            .then(|| format!("the document is of {when}, which is yet to come: look at the clocks"))
    }
}

/// The time that stands in `generated`.
///
/// # Errors
/// When it is none.
pub(super) fn time(generated: &str) -> Result<i64, String> {
    let at: Result<jiff::Timestamp, _> = generated.parse();
    at.map(jiff::Timestamp::as_second).map_err(|_| {
        format!(
            "its `generated` is no time such as 2026-11-28T12:00:00Z: {}",
            shown(generated)
        )
    })
}
