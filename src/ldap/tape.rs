//! What the searches of a read were answered: to tell whether a later read is answered the same, before anything is taken apart.
//!
//! Whatever a read makes of answers, it makes the same of the same ones, and asks the same again: so the searches of one read, each
//! with a digest of its answer, are enough to know of another that nothing has changed. Nothing is decided by a digest but that.
//! Digests are keyed: a server that does not know the key cannot make two answers look alike.
//! An answer that was asked for to that end is kept, and given to the read when it asks, so that nothing is asked twice. Pure.

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128 as _, SipHasher13};
use std::hash::Hasher as _;

use super::error::Error;
use super::question::{Outcome, Request};
use crate::model::hex;

/// With more searches than this it would take longer to ask them one after the other than to read.
const MOST: usize = 1_000;

/// Bytes that are kept in one piece.
const PIECE: usize = 256 * 1_024;

/// A search that was made, or is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Question {
    base: String,
    alone: bool,
    filter: String,
    attributes: Vec<String>,
    referrals: bool,
}

impl Question {
    /// What this request asks.
    pub(crate) fn new(request: &Request<'_>) -> Self {
        let attributes = request.attributes.iter();
        Self {
            base: request.base.to_owned(),
            alone: request.alone,
            filter: request.filter.to_owned(),
            attributes: attributes.map(|&name| name.to_owned()).collect(),
            referrals: request.referrals,
        }
    }

    /// What comes of the search.
    pub(crate) fn with<T>(&self, ask: impl FnOnce(&Request<'_>) -> T) -> T {
        ask(&self.parts().request())
    }

    /// What a request of it borrows from.
    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts {
            question: self,
            attributes: self.attributes.iter().map(String::as_str).collect(),
        }
    }

    /// Whether it is this search.
    pub(crate) fn is(&self, request: &Request<'_>) -> bool {
        self.base == request.base
            && self.alone == request.alone
            && self.filter == request.filter
            && self.attributes == request.attributes
            && self.referrals == request.referrals
    }
}

/// What a request borrows from.
pub(crate) struct Parts<'q> {
    question: &'q Question,
    attributes: Vec<&'q str>,
}

impl Parts<'_> {
    /// The request.
    pub(crate) fn request(&self) -> Request<'_> {
        let question = self.question;
        Request {
            base: &question.base,
            alone: question.alone,
            filter: &question.filter,
            attributes: &self.attributes,
            referrals: question.referrals,
        }
    }
}

/// A search, and a digest of its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heard {
    pub(crate) question: Question,
    digest: String,
}

impl Heard {
    /// Whether `ask` gives the same answer now; it is given the search.
    pub(crate) fn is_same(&self, ask: impl FnOnce(&Request<'_>) -> Option<String>) -> bool {
        let digest = self.question.with(ask);
        digest.is_some_and(|digest| digest == self.digest)
    }
}

/// What digests are keyed by: 128 random bits.
pub(crate) type Key = [u8; 16];

/// The digest of an answer.
pub(super) struct Digest(SipHasher13);

impl Digest {
    pub(super) fn new(key: &Key) -> Self {
        Self(SipHasher13::new_with_key(key))
    }

    /// The next entry.
    pub(super) fn add(&mut self, content: &[u8]) {
        // No two lists of entries are the same bytes.
        self.0.write(&(content.len() as u64).to_be_bytes());
        self.0.write(content);
    }

    /// How it ended; `None`: it is not whole. That there is no such entry is an answer, where one was asked for.
    pub(super) fn end(mut self, request: &Request<'_>, outcome: &Outcome) -> Option<String> {
        let is_none = request.alone && outcome.unseen();
        if outcome.early.is_some() && !is_none {
            return None;
        }
        let end = (&outcome.code, &outcome.unpaged, &outcome.references);
        self.0.write(format!("{end:?}").as_bytes());
        Some(hex(&self.0.finish128().as_bytes()))
    }
}

/// What is made of a kept answer may take so many times its size, and is made while it is still there.
const COST: u64 = 4;

/// An answer that was kept.
#[derive(Default)]
pub(super) struct Kept {
    /// Entries behind one another, each behind its length.
    pieces: Vec<Vec<u8>>,
    /// There was no room for all of it.
    is_dropped: bool,
    outcome: Outcome,
    digest: Option<String>,
}

impl Kept {
    /// One entry more. If there is no room for it, nothing is kept any more.
    pub(super) fn add(&mut self, content: &[u8], room_for: fn(u64) -> Result<(), String>) {
        if self.is_dropped {
            return;
        }
        let length = size_of::<u64>() + content.len();
        let fits = |piece: &Vec<u8>| piece.len() + length <= piece.capacity();
        if !self.pieces.last().is_some_and(fits) {
            let size = length.max(PIECE);
            let whole = (self.pieces.len() * PIECE + size) as u64;
            if room_for(whole.saturating_mul(COST)).is_err() {
                *self = Self {
                    is_dropped: true,
                    ..Self::default()
                };
                return;
            }
            self.pieces.push(Vec::with_capacity(size));
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.extend_from_slice(&(content.len() as u64).to_ne_bytes());
            piece.extend_from_slice(content);
        }
    }

    /// All of it.
    pub(super) fn with(self, outcome: Outcome, digest: Option<String>) -> Self {
        Self {
            outcome,
            digest,
            ..self
        }
    }

    /// Gives each entry to `take`, and then how it ended, and why `take` did not take them all. What was given is dropped.
    pub(super) fn give(
        self,
        take: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> (Outcome, Option<Error>) {
        let outcome = self.outcome;
        let mut entries = 0;
        for piece in self.pieces {
            let mut rest = piece.as_slice();
            while let Some((length, behind)) = rest.split_first_chunk() {
                let length = usize::try_from(u64::from_ne_bytes(*length)).unwrap_or(usize::MAX);
                let Some((content, behind)) = behind.split_at_checked(length) else {
                    break;
                };
                if let Err(reason) = take(content) {
                    return (Outcome { entries, ..outcome }, Some(reason));
                }
                entries += 1;
                rest = behind;
            }
        }
        (outcome, None)
    }
}

/// An answer that is put together here, as the server would give it.
pub(crate) struct Composed {
    kept: Kept,
    digest: Digest,
    entries: usize,
}

impl Composed {
    /// Nothing yet; its digest will be keyed by this.
    pub(crate) fn new(key: &Key) -> Self {
        Self {
            kept: Kept::default(),
            digest: Digest::new(key),
            entries: 0,
        }
    }

    /// The next entry. `room_for`: whether there is memory for so many bytes.
    pub(crate) fn add(&mut self, content: &[u8], room_for: fn(u64) -> Result<(), String>) {
        self.digest.add(content);
        self.kept.add(content, room_for);
        self.entries += 1;
    }

    /// All of it.
    pub(super) fn end(self, request: &Request<'_>) -> Kept {
        let entries = self.entries;
        let outcome = Outcome {
            entries,
            ..Outcome::default()
        };
        let digest = self.digest.end(request, &outcome);
        self.kept.with(outcome, digest)
    }
}

/// What is listened to on a connection.
pub(super) struct Tape {
    pub(super) key: Key,
    heard: Vec<Heard>,
    /// Something was not answered wholly.
    is_spoiled: bool,
    kept: Vec<(Question, Kept)>,
}

impl Tape {
    pub(super) fn new(key: Key) -> Self {
        Self {
            key,
            heard: Vec::new(),
            is_spoiled: false,
            kept: Vec::new(),
        }
    }

    pub(super) fn hear(&mut self, request: &Request<'_>, digest: Option<String>) {
        match digest {
            Some(digest) if self.heard.len() < MOST => {
                let question = Question::new(request);
                self.heard.push(Heard { question, digest });
            }
            _ => self.is_spoiled = true,
        }
    }

    pub(super) fn keep(&mut self, request: &Request<'_>, kept: Kept) {
        if !kept.is_dropped {
            self.kept.push((Question::new(request), kept));
        }
    }

    /// The digest of a kept answer.
    pub(super) fn digest(&self, request: &Request<'_>) -> Option<String> {
        let mut kept = self.kept.iter();
        let (_, kept) = kept.find(|(asked, _)| asked.is(request))?;
        kept.digest.clone()
    }

    /// Gives a kept answer out of hand.
    pub(super) fn kept(&mut self, request: &Request<'_>) -> Option<Kept> {
        let at = self.kept.iter().position(|(asked, _)| asked.is(request))?;
        let (_, kept) = self.kept.remove(at);
        self.hear(request, kept.digest.clone());
        Some(kept)
    }

    pub(super) fn heard(self) -> Option<Vec<Heard>> {
        (!self.is_spoiled && !self.heard.is_empty()).then_some(self.heard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: Request<'static> = Request {
        base: "dc=x",
        alone: false,
        filter: "(a=*)",
        attributes: &["a"],
        referrals: false,
    };

    fn digest(entries: &[&[u8]], outcome: &Outcome) -> Option<String> {
        let mut digest = Digest::new(&[7; 16]);
        entries.iter().for_each(|entry| digest.add(entry));
        digest.end(&ALL, outcome)
    }

    #[test]
    fn another_answer_has_another_digest() {
        let ended = Outcome::default();
        let all = [
            digest(&[b"ab", b"c"], &ended),
            digest(&[b"a", b"bc"], &ended),
            digest(&[b"c", b"ab"], &ended),
            digest(&[b"ab", b"c", b""], &ended),
            digest(
                &[b"ab", b"c"],
                &Outcome {
                    references: ["ldap://x".to_owned()].into(),
                    ..Outcome::default()
                },
            ),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(one.is_some());
            assert!(!all[at + 1..].contains(one), "{at}");
        }
        let mut other = Digest::new(&[8; 16]);
        [&b"ab"[..], b"c"].iter().for_each(|entry| other.add(entry));
        assert_ne!(other.end(&ALL, &ended), all[0], "another key");
    }

    #[test]
    fn what_is_not_whole_has_none_but_that_there_is_no_such_entry_is_an_answer() {
        let early = |code| Outcome {
            early: Some(Error::code(code, "", "x")),
            code,
            ..Outcome::default()
        };
        assert_eq!(digest(&[b"a"], &early(4)), None);
        assert_eq!(digest(&[], &early(32)), None, "a base that is gone");
        let alone = Request { alone: true, ..ALL };
        assert!(Digest::new(&[7; 16]).end(&alone, &early(32)).is_some());
        assert_eq!(Digest::new(&[7; 16]).end(&alone, &early(51)), None);
    }

    #[test]
    fn a_search_that_is_not_whole_spoils_all() {
        let mut tape = Tape::new([7; 16]);
        tape.hear(&ALL, Some("1".to_owned()));
        tape.hear(&ALL, None);
        assert_eq!(tape.heard(), None);
        assert_eq!(Tape::new([7; 16]).heard(), None, "nothing was heard");
        let mut many = Tape::new([7; 16]);
        (0..=MOST).for_each(|_| many.hear(&ALL, Some("1".to_owned())));
        assert_eq!(many.heard(), None);
    }

    #[test]
    fn an_answer_is_given_once_and_only_to_the_search_that_it_answers() {
        let mut tape = Tape::new([7; 16]);
        let kept = Kept::default().with(Outcome::default(), Some("1".to_owned()));
        tape.keep(&ALL, kept);
        for other in [
            Request {
                base: "dc=y",
                ..ALL
            },
            Request { alone: true, ..ALL },
            Request {
                filter: "(b=*)",
                ..ALL
            },
            Request {
                attributes: &["a", "b"],
                ..ALL
            },
            Request {
                referrals: true,
                ..ALL
            },
        ] {
            assert!(tape.kept(&other).is_none(), "{other:?}");
        }
        assert!(tape.kept(&ALL).is_some());
        assert!(tape.kept(&ALL).is_none());
        let heard = tape.heard().unwrap();
        assert_eq!(heard.len(), 1, "what was given was heard");
        let text = serde_json::to_string(&heard).unwrap();
        let [heard]: [Heard; 1] = serde_json::from_str(&text).unwrap();
        assert!(heard.question.is(&ALL));
        assert!(heard.is_same(|_| Some("1".to_owned())));
        assert!(!heard.is_same(|_| Some("2".to_owned())));
        assert!(!heard.is_same(|_| None));
    }

    #[test]
    fn an_entry_that_cannot_be_taken_ends_it() {
        let mut kept = Kept::default();
        for entry in [&b"a"[..], b"b", b"c"] {
            kept.add(entry, |_| Ok(()));
        }
        let mut left = 2;
        let (outcome, broken) = kept.give(&mut |_| {
            left -= 1;
            match left {
                0 => Err(Error::closed()),
                _ => Ok(()),
            }
        });
        assert_eq!(outcome.entries, 1);
        assert!(broken.is_some());
    }

    #[test]
    fn without_room_for_what_comes_of_it_an_answer_is_not_kept() {
        let mut tape = Tape::new([7; 16]);
        let mut kept = Kept::default();
        kept.add(b"a", |_| Ok(()));
        kept.add(&[0; PIECE], |_| Err("full".to_owned()));
        kept.add(b"b", |_| Ok(()));
        tape.keep(&ALL, kept);
        assert!(tape.kept(&ALL).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn what_was_kept_is_given_as_it_came(
            entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200_000), 0..12)
        ) {
            let mut kept = Kept::default();
            for entry in &entries {
                kept.add(entry, |_| Ok(()));
            }
            let mut given = Vec::new();
            kept.give(&mut |content| { given.push(content.to_vec()); Ok(()) });
            prop_assert_eq!(given, entries);
        }
    }
}
