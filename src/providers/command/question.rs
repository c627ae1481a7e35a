//! What a program is asked, as JSON on its standard input. Pure.

use serde::Serialize;

use crate::providers::{Query, Scope};

/// A question. Fields may be added; one that means something else has another version.
#[derive(Debug, Serialize)]
pub(super) struct Question<'a> {
    version: u32,
    /// `users`, `groups`, `both` or `identity`.
    pub(super) scope: &'static str,
    /// Logins, or with `groups` names of groups; null: all.
    only: Option<&'a [String]>,
    /// The group whose members get accounts; null: none, and with `groups` it does not matter.
    top_group: Option<&'a str>,
}

impl<'a> Question<'a> {
    fn new(scope: &'static str) -> Self {
        Self {
            version: 1,
            scope,
            only: None,
            top_group: None,
        }
    }

    /// A query's.
    pub(super) fn of(query: &'a Query) -> Self {
        let scope = match query.scope {
            Scope::Users => "users",
            Scope::Groups => "groups",
            Scope::Both => "both",
        };
        Self {
            only: query.only.as_deref(),
            top_group: query.top_group.as_deref(),
            ..Self::new(scope)
        }
    }

    /// Everybody.
    pub(super) fn users() -> Self {
        Self::new("users")
    }

    /// Everything.
    pub(super) fn both() -> Self {
        Self::new("both")
    }

    /// Where the program has its answers from, in one line.
    pub(super) fn identity() -> Self {
        Self::new("identity")
    }

    /// A line of JSON.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Only maps whose keys are no text cannot be written.
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_is_a_line_with_every_key() {
        let text = |question: Question<'_>| String::from_utf8(question.to_bytes()).unwrap();
        assert_eq!(
            text(Question::identity()),
            "{\"version\":1,\"scope\":\"identity\",\"only\":null,\"top_group\":null}\n"
        );
        let only = ["a\n\"b".to_owned()];
        let question = Question {
            only: Some(&only),
            top_group: Some("lab"),
            ..Question::users()
        };
        assert_eq!(
            text(question),
            "{\"version\":1,\"scope\":\"users\",\"only\":[\"a\\n\\\"b\"],\"top_group\":\"lab\"}\n"
        );
    }
}
