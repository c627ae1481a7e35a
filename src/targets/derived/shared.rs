//! A target that several hosts may write to, one at a time: who may is a term, which stands in the target itself.
//!
//! Safe on one server, by its own order of changes; replicas that are apart have a term each. What makes that harmless are the ranges of
//! `[writers]`.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::model::{Held, Term};

/// Whether this host may write to a target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Leave {
    /// Nobody else writes, by the configuration.
    #[default]
    Alone,
    /// As long as this is the term.
    Term(Term),
    /// Another host does, and nothing is to be written there.
    StandsBy,
    /// Nobody knows who does; why, in our own words.
    Unknown(String),
}

/// What became of a term that was to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It has begun.
    Yes,
    /// Another one has begun meanwhile.
    Overtaken,
}

/// A server, and what it holds; or why that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// Where it is.
    pub url: String,
    /// What it holds.
    pub state: Result<ReplicaState, String>,
}

/// What a server holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaState {
    /// How far it has come with the changes of each server.
    pub csns: BTreeSet<String>,
    /// How many entries there are.
    pub entries: usize,
    /// A digest of all of them, each with its last change.
    pub digest: String,
    /// Numbers that several have.
    pub doubled: Vec<Doubled>,
}

/// A number that stands twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubled {
    /// Which.
    pub number: String,
    /// The entries that have it.
    pub places: Vec<String>,
}

/// What such a target can do besides. Errors say why not, in our own words; foreign text in them is escaped.
pub trait Shared {
    /// Where the term stands, for messages.
    fn place(&self) -> String;

    /// The present term; `None`: nobody has written there yet.
    ///
    /// # Errors
    /// When nobody can say.
    fn term(&self, deadline: Instant) -> Result<Option<Term>, String>;

    /// Begins a term, if the present one is `before`.
    ///
    /// # Errors
    /// When it cannot be, or nobody knows whether it was.
    fn begin(&self, before: Option<&Term>, term: &Term, deadline: Instant)
    -> Result<Begun, String>;

    /// All accounts and groups with a number, those included that are retired; whoever they belong to.
    ///
    /// # Errors
    /// When not all came.
    fn held(&self, deadline: Instant) -> Result<Vec<Held>, String>;

    /// How the servers stand that hold it: the one that is written to, and then its replicas.
    fn replicas(&self, deadline: Instant) -> Vec<Replica>;

    /// After how long a writer whose term has ended begins no change any more.
    fn notice(&self) -> std::time::Duration;
}
