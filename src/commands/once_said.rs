//! What a command that goes on has said: it is said once, not in each round, until it is over.

use std::collections::BTreeSet;

use crate::error::Error;

/// How many lines of a round are remembered. With more of them, some are said again.
const MOST: usize = 64;

/// What was said of one command, in this round of it and in the one before.
#[derive(Debug, Default)]
pub(super) struct OnceSaid {
    /// How a line begins that sums up a round.
    summary: String,
    /// Whether this round changes something.
    changes: bool,
    before: BTreeSet<String>,
    now: BTreeSet<String>,
    /// How the last round failed.
    error: Option<String>,
}

impl OnceSaid {
    /// Nothing was said yet of `command`.
    pub(super) fn of(command: &str) -> Self {
        Self {
            summary: format!("{command}: "),
            ..Self::default()
        }
    }

    /// A round begins.
    pub(super) fn begin(&mut self) {
        self.changes = false;
        self.before = std::mem::take(&mut self.now);
    }

    /// This round changes something: so its summary is worth a line.
    pub(super) fn changes(&mut self) {
        self.changes = true;
    }

    /// Whether a line is to be said.
    pub(super) fn is_news(&mut self, text: &str) -> bool {
        if text.starts_with(&self.summary) {
            return self.changes;
        }
        let is_known = self.before.contains(text) || self.now.contains(text);
        if self.now.len() < MOST {
            self.now.insert(text.to_owned());
        }
        !is_known
    }

    /// The round failed; whether that is to be said.
    pub(super) fn failed(&mut self, error: &Error) -> bool {
        let text = format!("{error}\n{}", error.hints.join("\n"));
        let is_news = self.error.as_ref() != Some(&text);
        self.error = Some(text);
        is_news
    }

    /// The round did not fail; whether the last one did.
    pub(super) fn recovered(&mut self) -> bool {
        self.error.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_said_in_the_round_in_which_it_begins() {
        let mut said = OnceSaid::of("sync users");
        said.begin();
        assert!(said.is_news("a") && !said.is_news("a"));
        said.begin();
        assert!(!said.is_news("a") && said.is_news("b"));
        said.begin();
        said.begin();
        assert!(said.is_news("a"), "it was over");
        assert!(!said.is_news("sync users: nothing to do"));
        said.changes();
        assert!(said.is_news("sync users: 1 added"));
    }

    #[test]
    fn a_failure_is_said_once_and_so_is_its_end() {
        let mut said = OnceSaid::of("sync users");
        let error = || Error::failed("gone").hint("wait");
        assert!(!said.recovered());
        assert!(said.failed(&error()) && !said.failed(&error()));
        assert!(said.failed(&error().hint("or not")), "there is more to do");
        assert!(said.recovered() && !said.recovered());
        assert!(said.failed(&error()));
    }
}
