//! The file provider: a JSON document with users and groups, read whole and replaced whole.
//!
//! The document and its fields are described in gosync.toml(5).

mod admin;
mod edit;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Deserialize;

use super::admin::GroupAdmin;
use super::document::signed::Signers;
use super::document::{self, Reader, Unsaid};
use super::inactive::InactiveWhen;
use super::kind::{
    AdminTerms, NamedFile, Need, OpenError, ProviderConfig, SourceOwner, Starter, StarterKey,
};
use super::{FetchError, Mark, Provider, Query};
use crate::model::history::EntryKind;
use crate::model::remedy::KeyNames;
use crate::model::text::shell_word;
use crate::model::units::Span;
use crate::model::{Now, Snapshot, Untrusted};
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
    /// Who may have signed it: `path` is the directory of a snapshot then.
    pub verify: Option<PathBuf>,
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
            signers: self.verify.clone().map(Signers),
            reader: Reader::new(&self.inactive_when, Unsaid::Complete).with_age(self.max_age, now),
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
        let verify = &mut self.verify;
        let signers = NamedFile::optional("the allowed signers", verify, Need::Trusted);
        let document = NamedFile {
            what: "the directory document",
            path: &mut self.path,
            need: Need::Source,
        };
        [Some(document), signers].into_iter().flatten().collect()
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
    /// Who may have signed it, if somebody must have.
    signers: Option<Signers>,
    reader: Reader,
    /// Whether the document that was read last says that its people are made up.
    sample: Cell<bool>,
}

impl FileProvider {
    /// The document at `path`, for the section `name`.
    pub fn new(name: &str, path: PathBuf) -> Self {
        Self {
            name: name.to_owned(),
            path,
            owner: None,
            signers: None,
            reader: Reader::new(&InactiveWhen::default(), Unsaid::Complete),
            sample: Cell::new(false),
        }
    }

    fn malformed(&self, reason: String) -> FetchError {
        document::malformed(&self.path.display().to_string(), reason)
    }

    fn bytes(&self) -> Result<Vec<u8>, FetchError> {
        self.signed().map(|(bytes, _)| bytes)
    }

    /// The document, and its number if it is signed.
    fn signed(&self) -> Result<(Vec<u8>, Option<u64>), FetchError> {
        let read = |path: &Path| {
            files::read_source(path, MAX_BYTES, self.owner)
                .map_err(|e| FetchError::of_file(path, &e))
        };
        let Some(signers) = &self.signers else {
            return Ok((read(&self.path)?, None));
        };
        let place = self.path.display().to_string();
        let signed = signers.document(&place, MAX_BYTES, &|name| read(&self.path.join(name)))?;
        Ok((signed.bytes, Some(signed.edition)))
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
        let (bytes, edition) = self.signed()?;
        let document = self
            .reader
            .read(&bytes)
            .map_err(|reason| self.malformed(reason))?;
        self.sample.set(document.is_sample);
        let made = match self.reader.wants_time_of(&document) {
            true => {
                Some(files::modified(&self.path).map_err(|e| FetchError::of_file(&self.path, &e))?)
            }
            false => None,
        };
        let mut snapshot = self.reader.answer(document, query, made);
        snapshot.edition = edition;
        progress(snapshot.directory.users.len() + snapshot.directory.groups.len());
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
        let unused = self.reader.unused(&self.bytes()?);
        unused.map_err(|reason| self.malformed(reason))
    }
}
