//! Identity providers: where users and groups are read from.
//!
//! A provider talks to the network or reads a file, and returns one [`Snapshot`]. It decides
//! nothing about accounts, knows no host, and never returns a shortened list as a whole one: what
//! is not proven complete says so.

pub(crate) mod admin;
pub(crate) mod bell;
mod choice;
pub(crate) mod command;
mod document;
mod extra;
pub(crate) mod fields;
pub(crate) mod file;
pub(crate) mod github;
pub(crate) mod globus;
pub(crate) mod http;
pub(crate) mod http_document;
mod inactive;
pub(crate) mod kept;
pub(crate) mod kind;
mod known;
pub(crate) mod ldap;
pub(crate) mod look;
mod nested;
pub(crate) mod recorded;
pub(crate) mod registry;
pub(crate) mod scim;
mod unknown;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use self::bell::Bell;
use self::look::{Look, LookFor};
use crate::model::history::EntryKind;
use crate::model::remedy::Remedy;
use crate::model::{Details, Snapshot, Untrusted, shown};
use crate::system::PathError;
use crate::system::files::is_distrust;

/// What a run needs to know.
#[derive(Clone, Debug)]
pub struct Query {
    /// How much is asked for.
    pub scope: Scope,
    /// Only these: group names in [`Scope::Groups`], else logins. `None`: all.
    pub only: Option<Vec<String>>,
    /// The group whose active members get accounts; wanted together with the users. `None`: every
    /// user counts.
    pub top_group: Option<String>,
    /// What else is wanted of people, but in [`Scope::Groups`]; the rest may be left out.
    pub details: Details,
    /// One more attribute that is wanted of people, but in [`Scope::Groups`], by the provider's name for it.
    pub attribute: Option<String>,
    /// When the whole read must have ended.
    pub deadline: Instant,
}

impl Query {
    /// The logins that are asked for; `None`: everybody.
    pub(crate) fn logins(&self) -> Option<&[String]> {
        match self.scope {
            Scope::Users | Scope::Both => self.only.as_deref(),
            Scope::Groups => None,
        }
    }

    /// The names of the groups that are asked for; `None`: all, or none if no groups are read.
    pub(crate) fn group_names(&self) -> Option<&[String]> {
        match self.scope {
            Scope::Both => None,
            Scope::Users => self.top_group.as_ref().map(std::slice::from_ref),
            Scope::Groups => self.only.as_deref(),
        }
    }

    /// Whether groups are read.
    pub(crate) fn reads_groups(&self) -> bool {
        self.scope != Scope::Users || self.top_group.is_some()
    }
}

/// How much a query asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// People with all their fields, and the top group (if one is named) with its members.
    Users,
    /// Groups with their members, and of people only id, login and whether they are active.
    Groups,
    /// People with all their fields, and all groups with their members.
    Both,
}

/// By what a provider knows whether it would say the same again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// By the files of this machine that it reads.
    Files,
    /// By a text of its own.
    Content(String),
}

/// What a provider answered to a query, in a form of its own by which it can tell whether it would answer the same again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers(pub String);

/// What there is of earlier answers to a query.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    /// What was answered when a run had nothing to do.
    pub answers: Option<Answers>,
    /// Where the provider may keep all that it is answered, for a later read. Nothing is lost if it is gone.
    pub file: Option<PathBuf>,
    /// What was read before, in seconds since 1970, is not to be used any more.
    pub oldest: i64,
}

/// What a provider says.
#[derive(Debug)]
pub enum Reading {
    /// What it answered before.
    Same,
    /// All this.
    Whole(Box<Whole>),
}

/// All that a provider says.
#[derive(Debug)]
pub struct Whole {
    /// Who there is.
    pub snapshot: Snapshot,
    /// By what the provider can tell later whether it would answer the same, if it can.
    pub answers: Option<Answers>,
    /// When most of it was read, in seconds since 1970, if since then only what has changed was.
    pub since: Option<i64>,
}

/// Somewhere users and groups come from.
pub trait Provider {
    /// The name of its section in the configuration.
    fn name(&self) -> &str;

    /// Asks who we are there, by the cheapest request that shows that we are let in; says it in a
    /// few words.
    ///
    /// # Errors
    /// When we are not, or nobody answers.
    fn identity(&self, deadline: Instant) -> Result<Untrusted, FetchError>;

    /// Reads what the query asks for; `progress` is told how many objects have been read so far.
    ///
    /// A read that ended early is returned as a snapshot with
    /// [`Incomplete`](crate::model::Completeness::Incomplete) if what did arrive is sound.
    ///
    /// # Errors
    /// When nothing usable could be read.
    fn fetch(&self, query: &Query, progress: &dyn Fn(usize)) -> Result<Snapshot, FetchError>;

    /// The same, unless the provider answers what it answered earlier to the same query: that is known before anything is made
    /// of an answer. Of what it has kept since then only what has changed need be read.
    ///
    /// # Errors
    /// As [`Provider::fetch`].
    fn read(
        &self,
        query: &Query,
        _earlier: &Earlier,
        progress: &dyn Fn(usize),
    ) -> Result<Reading, FetchError> {
        Ok(Reading::Whole(Box::new(Whole {
            snapshot: self.fetch(query, progress)?,
            answers: None,
            since: None,
        })))
    }

    /// Marks all that a query would be answered, by a cheap question; whatever changes afterwards has another mark. `None`:
    /// the provider knows no such question.
    ///
    /// # Errors
    /// As [`Provider::fetch`].
    fn mark(&self, _query: &Query) -> Result<Option<Mark>, FetchError> {
        Ok(None)
    }

    /// Whether a query would be answered as when the provider made a [`Mark::Content`].
    ///
    /// # Errors
    /// As [`Provider::fetch`].
    fn is_marked(&self, _query: &Query, _mark: &str) -> Result<bool, FetchError> {
        Ok(false)
    }

    /// Begins to listen for changes: whatever changes from now on rings, and perhaps more. `None`: the provider tells of
    /// nothing by itself.
    ///
    /// # Errors
    /// When it does not let us listen, or not before `deadline`.
    fn bell(&self, _deadline: Instant) -> Result<Option<Box<dyn Bell>>, FetchError> {
        Ok(None)
    }

    /// Whether a read of [`Scope::Both`] says all that one of [`Scope::Users`] and one of [`Scope::Groups`] would.
    fn reads_both(&self) -> bool {
        false
    }

    /// Whether what was fetched last are made-up people, to try gosync with: they belong on no host.
    fn is_sample(&self) -> bool {
        false
    }

    /// What to look at when nobody, or no group, that it gives can be used.
    fn look_at(&self, _kind: EntryKind) -> String {
        format!("look at [provider.{}]", self.name())
    }

    /// A page of people and of groups as a sync would read them; `None`: it costs as much as all of them.
    ///
    /// # Errors
    /// As [`Provider::fetch`].
    fn page(&self, _asked: &LookFor) -> Result<Option<Look>, FetchError> {
        Ok(None)
    }

    /// The attributes that `inactive_when` names and that nobody's record has: for the doctor. Nothing, where the provider
    /// cannot tell.
    ///
    /// # Errors
    /// When nobody answers.
    fn unused_inactive(&self, _deadline: Instant) -> Result<Vec<String>, FetchError> {
        Ok(Vec::new())
    }
}

impl FetchError {
    /// Why a file that says who there is could not be read. What its owner may be is set beside its path.
    pub(crate) fn of_file(place: &Path, error: &PathError) -> Self {
        let (reason, place) = (error.source.to_string(), place.display().to_string());
        match is_distrust(error) {
            true => FetchError::Distrusted {
                place,
                reason: Reason::new(format!(
                    "{reason}; a service account that is to write it is named by `owner`"
                )),
            },
            false => FetchError::Unreachable {
                place,
                reason: Reason::new(reason),
            },
        }
    }
}

/// What went wrong, and what to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    text: Untrusted,
    /// What a program has said about it, which may be long.
    said: Option<Untrusted>,
    remedy: Option<Remedy>,
}

/// How many bytes are shown of what a program has said.
const SAID: usize = 6 << 10;

impl Reason {
    /// What went wrong, where nothing more is known.
    pub fn new(text: impl Into<String>) -> Self {
        Untrusted::new(text).into()
    }

    /// Who it is that does not trust the other.
    fn refused(&self, place: &str) -> String {
        match self.remedy {
            Some(Remedy::Certificate(_)) => format!("cannot trust {place}"),
            _ => format!("{place} refused us"),
        }
    }

    /// The same, with what a program has said about it: its lines, one behind the other.
    #[must_use]
    pub(crate) fn saying(self, said: &str) -> Self {
        let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
        let said = lines.collect::<Vec<_>>().join(" | ");
        let said = (!said.is_empty()).then(|| Untrusted::new(said));
        Self { said, ..self }
    }

    /// The same, with what to look at.
    #[must_use]
    pub(crate) fn with(self, remedy: Option<Remedy>) -> Self {
        Self { remedy, ..self }
    }
}

impl From<Untrusted> for Reason {
    fn from(text: Untrusted) -> Self {
        Self {
            text,
            said: None,
            remedy: None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.text, f)?;
        match &self.said {
            Some(said) => write!(f, "; it said: {}", shown(said.raw()).within(SAID)),
            None => Ok(()),
        }
    }
}

impl FetchError {
    /// What to look at, if that is known.
    pub fn remedy(&self) -> Option<Remedy> {
        self.parts().1.remedy
    }

    /// URL or path.
    pub(crate) fn place(&self) -> &str {
        self.parts().0
    }

    fn parts(&self) -> (&str, &Reason) {
        match self {
            Self::Unreachable { place, reason }
            | Self::Unauthorised { place, reason }
            | Self::Distrusted { place, reason }
            | Self::Failing { place, reason }
            | Self::RateLimited { place, reason }
            | Self::Malformed { place, reason } => (place, reason),
        }
    }
}

/// Why a provider could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No connection, or it broke before anything usable came.
    #[error("cannot reach {place}: {reason}")]
    Unreachable {
        /// URL or path.
        place: String,
        /// What went wrong.
        reason: Reason,
    },
    /// It was reached, and is out of order: it answers that something went wrong with itself.
    #[error("{place} is out of order: {reason}")]
    Failing {
        /// URL.
        place: String,
        /// What it says.
        reason: Reason,
    },
    /// The provider does not accept who we say we are, or its certificate is not trusted.
    #[error("{}: {reason}", .reason.refused(.place))]
    Unauthorised {
        /// URL or path.
        place: String,
        /// What went wrong.
        reason: Reason,
    },
    /// Others may write what it reads from.
    #[error("cannot trust {place}: {reason}")]
    Distrusted {
        /// Path.
        place: String,
        /// Who may, and what to type.
        reason: Reason,
    },
    /// The provider wants to be asked less often, and did not become kinder within the time limit.
    #[error("{place} is busy: {reason}")]
    RateLimited {
        /// URL or path.
        place: String,
        /// What went wrong.
        reason: Reason,
    },
    /// The answer is not what the protocol promises.
    #[error("{place} sent something unusable: {reason}")]
    Malformed {
        /// URL or path.
        place: String,
        /// What went wrong.
        reason: Reason,
    },
}
