//! The file provider: a JSON document with users and groups, read whole and replaced whole.
//!
//! The document and its fields are described in gosync.toml(5).

mod admin;
mod decode;
mod document;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

use std::cell::Cell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::admin::GroupAdmin;
use super::inactive::InactiveWhen;
use super::kind::{
    AdminTerms, NamedFile, Need, OpenError, ProviderConfig, SourceOwner, Starter, StarterKey,
};
use super::{FetchError, Mark, Provider, Query, Reason, Scope};
use crate::model::history::EntryKind;
use crate::model::remedy::KeyNames;
use crate::model::text::shell_word;
use crate::model::units::Span;
use crate::model::{Completeness, Now, Snapshot, Untrusted, same_name, shown};
use crate::system::files;

/// The largest document that is read.
const MAX_BYTES: u64 = 1 << 30;

/// The keys of the section, without `kind`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The document.
    pub path: PathBuf,
    /// Who may own it besides root.
    pub owner: Option<SourceOwner>,
    /// How old the document may be: `generated` in it, or else its file. Unset: as old as it likes.
    pub max_age: Option<Span>,
    /// Which values of which attributes shut a person out, beside `active`.
    #[serde(default)]
    pub inactive_when: InactiveWhen,
}

impl Config {
    fn provider(&self, name: &str, now: &Now) -> Result<FileProvider, OpenError> {
        let owner = self.owner.as_ref().map(SourceOwner::uid).transpose();
        let owner = owner.map_err(|reason| OpenError::unfit(name, reason))?;
        Ok(FileProvider {
            owner,
            inactive_when: self.inactive_when.clone(),
            max_age: self.max_age.map(|most| Age {
                most,
                now: now.clone(),
            }),
            ..FileProvider::new(name, self.path.clone())
        })
    }
}

/// What a section needs at least.
pub(crate) const STARTER: Starter = Starter {
    name: "people",
    keys: &[StarterKey::new("path", "directory.json")],
};

impl ProviderConfig for Config {
    fn files(&mut self) -> Vec<NamedFile<'_>> {
        vec![NamedFile {
            what: "the directory document",
            path: &mut self.path,
            need: Need::Source,
        }]
    }

    fn owner(&self) -> Option<&SourceOwner> {
        self.owner.as_ref()
    }

    fn open(&self, name: &str, now: &Now) -> Result<Box<dyn Provider>, OpenError> {
        Ok(Box::new(self.provider(name, now)?))
    }

    fn open_admin(&self, name: &str, terms: AdminTerms) -> Result<Box<dyn GroupAdmin>, OpenError> {
        Ok(Box::new(self.provider(name, &terms.now)?))
    }

    fn key_names(&self) -> KeyNames {
        KeyNames {
            place: "`path`",
            credentials: "`owner`".to_owned(),
            base: "`path`",
            ..KeyNames::default()
        }
    }

    fn fix(&self, error: &FetchError, section: &str) -> String {
        let path = self.path.display().to_string();
        let word = shell_word(&path);
        // A source of fields has a place of its own, which the error names.
        if !error.to_string().contains(&path) {
            return format!("mend what is said there, or `fields` in {section}");
        }
        match error {
            FetchError::Distrusted { .. } => {
                super::kind::usual_fix(error, &self.key_names(), section)
            }
            FetchError::Malformed { .. } => format!(
                "jq . {word}   # shows where the document breaks off; gosync reads it whole or not at all"
            ),
            _ => format!("ls -l {word}   # `path` in {section}"),
        }
    }
}

/// A directory in a file.
#[derive(Clone, Debug)]
pub struct FileProvider {
    name: String,
    path: PathBuf,
    /// Who may own the document besides root and us.
    owner: Option<u32>,
    inactive_when: InactiveWhen,
    /// Whether the document that was read last says that its people are made up.
    sample: Cell<bool>,
    max_age: Option<Age>,
}

/// How old a document may be.
#[derive(Clone, Debug)]
struct Age {
    most: Span,
    now: Now,
}

/// How far the clock of whoever makes a document may be ahead of ours.
const AHEAD: i64 = 300;

impl Age {
    /// What is wrong with a document that was made `at` this time.
    fn complaint(&self, at: i64) -> Option<String> {
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

impl FileProvider {
    /// The document at `path`, for the section `name`.
    pub fn new(name: &str, path: PathBuf) -> Self {
        Self {
            name: name.to_owned(),
            path,
            owner: None,
            inactive_when: InactiveWhen::default(),
            sample: Cell::new(false),
            max_age: None,
        }
    }

    /// What is wrong with the age of a document that says that it was `generated` then.
    fn stale(&self, generated: Option<&str>) -> Result<Option<String>, FetchError> {
        let made = generated.map(|text| {
            let at: Result<jiff::Timestamp, _> = text.parse();
            at.map(jiff::Timestamp::as_second).map_err(|_| {
                format!(
                    "its `generated` is no time such as 2026-11-28T12:00:00Z: {}",
                    shown(text)
                )
            })
        });
        let at = match (made, &self.max_age) {
            (Some(Err(complaint)), _) => return Ok(Some(complaint)),
            (_, None) => return Ok(None),
            (Some(Ok(at)), Some(_)) => at,
            (None, Some(_)) => {
                files::modified(&self.path).map_err(|e| FetchError::of_file(&self.path, &e))?
            }
        };
        Ok(self.max_age.as_ref().and_then(|age| age.complaint(at)))
    }

    fn malformed(&self, reason: String) -> FetchError {
        FetchError::Malformed {
            place: self.path.display().to_string(),
            reason: Reason::new(reason),
        }
    }

    fn bytes(&self) -> Result<Vec<u8>, FetchError> {
        files::read_source(&self.path, MAX_BYTES, self.owner)
            .map_err(|e| FetchError::of_file(&self.path, &e))
    }
}

impl Provider for FileProvider {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self, _deadline: Instant) -> Result<Untrusted, FetchError> {
        let place = self.path.display().to_string();
        let bytes = self.bytes()?;
        Ok(Untrusted::new(format!("{place}, {} bytes", bytes.len())))
    }

    fn fetch(&self, query: &Query, progress: &dyn Fn(usize)) -> Result<Snapshot, FetchError> {
        let bytes = self.bytes()?;
        self.sample.set(decode::is_sample(&bytes));
        let reading = decode::document(&bytes, &self.inactive_when)
            .map_err(|reason| self.malformed(reason))?;
        let stale = self.stale(reading.generated.as_deref())?;
        let mut snapshot = reading.snapshot(query.reads_groups());
        if let Some(reason) = stale {
            snapshot.completeness = Completeness::Incomplete(reason);
        }
        progress(snapshot.directory.users.len() + snapshot.directory.groups.len());
        if let Some(only) = &query.only {
            match query.scope {
                Scope::Users | Scope::Both => snapshot
                    .directory
                    .users
                    .retain(|u| only.iter().any(|name| same_name(name, u.login.raw()))),
                Scope::Groups => snapshot
                    .directory
                    .groups
                    .retain(|g| only.iter().any(|name| same_name(name, g.name.raw()))),
            }
            // Of the records that cannot be used, those that may be meant.
            snapshot.rejected.retain(|r| {
                r.id.is_none() || only.iter().any(|name| same_name(name, r.subject.raw()))
            });
            if matches!(snapshot.completeness, Completeness::Complete(_)) {
                snapshot.completeness = Completeness::Narrowed;
            }
        }
        Ok(snapshot)
    }

    fn mark(&self, _query: &Query) -> Result<Option<Mark>, FetchError> {
        Ok(Some(Mark::Files))
    }

    fn reads_both(&self) -> bool {
        true
    }

    fn is_sample(&self) -> bool {
        self.sample.get()
    }

    fn look_at(&self, _kind: EntryKind) -> String {
        format!("look at {}, and at what writes it", self.path.display())
    }

    fn unused_inactive(&self, _deadline: Instant) -> Result<Vec<String>, FetchError> {
        decode::unused(&self.bytes()?, &self.inactive_when).map_err(|reason| self.malformed(reason))
    }
}
