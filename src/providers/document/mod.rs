//! The directory document: what `file`, `command` and `http` deliver. Its fields are described in gosync.toml(5).
//!
//! What the document says of itself decides whether it is all: `complete`, `counts` and `generated`. Knows neither where it
//! comes from nor how; nothing here changes one.

mod age;
pub(super) mod decode;
pub(super) mod signed;

use self::age::Age;
use self::decode::Reading;
use super::admin::GroupAdmin;
use super::inactive::InactiveWhen;
use super::kind::OpenError;
use super::{FetchError, Query, Reason, Scope};
use crate::model::units::Span;
use crate::model::{Completeness, Now, Snapshot, same_name, shown};

/// What a document counts as that does not say whether it is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsaid {
    /// All: whoever puts a file in its place has finished it.
    Complete,
    /// A part: what goes wrong in a program or on the way may look like an end.
    Incomplete,
}

/// How documents of one provider are read.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    inactive_when: InactiveWhen,
    age: Option<Age>,
    unsaid: Unsaid,
    /// Where documents come from, if what is missing from one is to be told with that.
    place: Option<String>,
}

/// A document that was understood.
pub(super) struct Understood {
    reading: Reading,
    /// Whether it says that its people are made up.
    pub is_sample: bool,
}

impl Reader {
    /// One that knows no age.
    pub(super) fn new(inactive_when: &InactiveWhen, unsaid: Unsaid) -> Self {
        Self {
            inactive_when: inactive_when.clone(),
            age: None,
            unsaid,
            place: None,
        }
    }

    /// The same, for documents from `place`.
    pub(super) fn telling(self, place: String) -> Self {
        let place = Some(place);
        Self { place, ..self }
    }

    /// The same, with the age that a document may have.
    pub(super) fn with_age(self, most: Option<Span>, now: &Now) -> Self {
        let age = most.map(|most| Age::new(most, now));
        Self { age, ..self }
    }

    /// What shuts people out beside `active`.
    pub(super) fn inactive_when(&self) -> &InactiveWhen {
        &self.inactive_when
    }

    /// Takes a document apart.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn read(&self, bytes: &[u8]) -> Result<Understood, String> {
        Ok(Understood {
            reading: decode::document(bytes, &self.inactive_when)?,
            is_sample: decode::is_sample(bytes),
        })
    }

    /// Whether the age of a document matters that does not say when it was made.
    pub(super) fn wants_time_of(&self, document: &Understood) -> bool {
        self.age.is_some() && document.reading.generated.is_none()
    }

    /// What a document says to a query; `made`: when it was made, where it does not say so itself.
    pub(super) fn answer(
        &self,
        document: Understood,
        query: &Query,
        made: Option<i64>,
    ) -> Snapshot {
        let reading = document.reading;
        let stale = self.stale(reading.generated.as_deref(), made);
        let is_unsaid = reading.complete.is_none() && self.unsaid == Unsaid::Incomplete;
        let mut snapshot = reading.snapshot(query.reads_groups());
        let is_complete = matches!(snapshot.completeness, Completeness::Complete(_));
        if is_complete && is_unsaid {
            let reason =
                "the document does not say that it is all: a whole one says `\"complete\": true`";
            snapshot.completeness = Completeness::Incomplete(reason.to_owned());
        }
        if let Some(reason) = stale {
            snapshot.completeness = Completeness::Incomplete(reason);
        }
        if let (Completeness::Incomplete(reason), Some(place)) =
            (&mut snapshot.completeness, &self.place)
        {
            reason.insert_str(0, &format!("{}: ", shown(place)));
        }
        narrow(&mut snapshot, query);
        snapshot
    }

    /// What is wrong with the age of a document.
    fn stale(&self, generated: Option<&str>, made: Option<i64>) -> Option<String> {
        let at = match generated.map(age::time) {
            Some(Err(complaint)) => return Some(complaint),
            Some(Ok(at)) => Some(at),
            None => made,
        };
        let age = self.age.as_ref()?;
        match at {
            Some(at) => age.complaint(at),
            None => Some(
                "`max_age` is set, and the document does not say when it was made: it has no `generated`"
                    .to_owned(),
            ),
        }
    }

    /// The attributes that `inactive_when` names and that nobody's record has.
    ///
    /// # Errors
    /// When the document is none.
    pub(super) fn unused(&self, bytes: &[u8]) -> Result<Vec<String>, String> {
        decode::unused(bytes, &self.inactive_when)
    }
}

/// Leaves those whom the query names. Whoever was asked may have named only them, or everybody.
pub(super) fn narrow(snapshot: &mut Snapshot, query: &Query) {
    let Some(only) = &query.only else { return };
    let is_named = |text: &str| only.iter().any(|name| same_name(name, text));
    let directory = &mut snapshot.directory;
    match query.scope {
        Scope::Users | Scope::Both => directory.users.retain(|u| is_named(u.login.raw())),
        Scope::Groups => directory.groups.retain(|g| is_named(g.name.raw())),
    }
    // Of the records that cannot be used, those that may be meant.
    snapshot
        .rejected
        .retain(|r| r.id.is_none() || is_named(r.subject.raw()));
    if matches!(snapshot.completeness, Completeness::Complete(_)) {
        snapshot.completeness = Completeness::Narrowed;
    }
}

/// What came from `place` is no document.
pub(super) fn malformed(place: &str, reason: String) -> FetchError {
    FetchError::Malformed {
        place: place.to_owned(),
        reason: Reason::new(reason),
    }
}

/// The groups of a provider of this kind cannot be changed.
///
/// # Errors
/// Always.
pub(super) fn read_only(name: &str, kind: &str) -> Result<Box<dyn GroupAdmin>, OpenError> {
    Err(OpenError::unfit(
        name,
        format!(
            "what `kind = \"{kind}\"` gives can only be read; change groups where it comes from"
        ),
    ))
}
