//! Fetches the document, and makes of it what a provider says.

use std::cell::Cell;
use std::fmt;
use std::time::Instant;

use super::known::Known;
use super::settings::Config;
use crate::model::history::EntryKind;
use crate::model::text::without_mark;
use crate::model::units::Size;
use crate::model::{Now, Snapshot, Untrusted};
use crate::providers::document::signed::{MANIFEST, Signers};
use crate::providers::document::{self, Reader, Unsaid};
use crate::providers::http::{Answer, Http, HttpErrorKind, Request, Secrets};
use crate::providers::known;
use crate::providers::{Earlier, FetchError, Provider, Query, Reading, Whole};

/// A document on a server, ready to be read.
pub struct HttpDocument {
    name: String,
    http: Http,
    reader: Reader,
    /// How large a document may be.
    most: Size,
    /// Who may have signed it, if somebody must have.
    signers: Option<Signers>,
    now: Now,
    /// As whom we speak to the server.
    who: String,
    /// Whether the document that came last says that its people are made up.
    sample: Cell<bool>,
}

impl HttpDocument {
    /// Checks a section called `name`; `secrets` is what its files hold.
    ///
    /// # Errors
    /// What is wrong with the section.
    pub fn new(
        name: &str,
        config: &Config,
        secrets: Secrets,
        now: impl Into<Now>,
    ) -> Result<Self, String> {
        let (access, now) = (config.access(), now.into());
        let reader = Reader::new(&config.inactive_when, Unsaid::Incomplete);
        let reader = reader.telling(config.url.clone());
        Ok(Self {
            name: name.to_owned(),
            who: access.who(&secrets),
            http: access.client(config.options(), secrets)?,
            reader: reader.with_age(config.max_age, &now),
            most: config.max_size,
            signers: config.verify.clone().map(Signers),
            now,
            sample: Cell::new(false),
        })
    }

    fn place(&self) -> String {
        self.http.base().to_string()
    }

    fn malformed(&self, reason: String) -> FetchError {
        document::malformed(&self.place(), reason)
    }

    /// The document, or the manifest of a signed one, unless it is one that is known; then `None`.
    fn get(&self, known: Option<&Known>, deadline: Instant) -> Result<Option<Answer>, FetchError> {
        match self.signers {
            Some(_) => self.get_file(&[MANIFEST], known, deadline),
            None => self.get_file(&[], known, deadline),
        }
    }

    fn get_file(
        &self,
        path: &[&str],
        known: Option<&Known>,
        deadline: Instant,
    ) -> Result<Option<Answer>, FetchError> {
        let known = known.filter(|known| known.is_recognisable());
        let request = match self.signers {
            // What it is, the signature says.
            Some(_) => Request::get(path).any_type(),
            None => Request::get(path),
        };
        let request = match known {
            Some(known) => known.unless_it_is(request),
            None => request,
        };
        let answer = self.http.until(deadline).send(&request);
        let answer = answer.map_err(|error| match error.kind == HttpErrorKind::TooLong {
            true => self.malformed(format!("it has more than {} (`max_size`)", self.most)),
            false => error.into(),
        })?;
        match (answer.status, known) {
            (200, _) => Ok(Some(answer)),
            (304, Some(_)) => Ok(None),
            // A part of a document, or none.
            (status, _) => {
                Err(self.malformed(format!("it answered {status}, which is no document")))
            }
        }
    }

    /// The whole document.
    fn whole(&self, deadline: Instant) -> Result<Answer, FetchError> {
        self.get(None, deadline)?
            .ok_or_else(|| self.malformed("it sent nothing".to_owned()))
    }

    /// The document that an answer to [`HttpDocument::get`] is, or leads to; and its number, if it is signed.
    fn document(
        &self,
        answer: &Answer,
        deadline: Instant,
    ) -> Result<(Vec<u8>, Option<u64>), FetchError> {
        let Some(signers) = &self.signers else {
            return Ok((without_mark(answer.body()).to_vec(), None));
        };
        let first = Cell::new(true);
        let file = |name: &str| {
            // The second time it may be another one.
            if name == MANIFEST && first.replace(false) {
                return Ok(answer.body().to_vec());
            }
            let answer = self.get_file(&[name], None, deadline)?;
            let answer = answer.ok_or_else(|| self.malformed("it sent nothing".to_owned()))?;
            Ok(answer.body().to_vec())
        };
        let signed = signers.document(&self.place(), self.most.bytes(), &file)?;
        Ok((signed.bytes, Some(signed.edition)))
    }

    /// What a document says.
    fn snapshot(
        &self,
        answer: &Answer,
        query: &Query,
        progress: &dyn Fn(usize),
    ) -> Result<Snapshot, FetchError> {
        let (bytes, edition) = self.document(answer, query.deadline)?;
        let document = self.reader.read(&bytes);
        let document = document.map_err(|reason| self.malformed(reason))?;
        self.sample.set(document.is_sample);
        let made = answer.date("last-modified");
        let mut snapshot = self.reader.answer(document, query, made);
        snapshot.edition = edition;
        progress(snapshot.directory.users.len() + snapshot.directory.groups.len());
        Ok(snapshot)
    }
}

impl fmt::Debug for HttpDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpDocument")
            .field("name", &self.name)
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

impl Provider for HttpDocument {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self, deadline: Instant) -> Result<Untrusted, FetchError> {
        let (bytes, _) = self.document(&self.whole(deadline)?, deadline)?;
        let document = self.reader.read(&bytes);
        document.map_err(|reason| self.malformed(reason))?;
        let (place, bytes) = (self.place(), bytes.len());
        Ok(Untrusted::new(format!(
            "{place} as {}, {bytes} bytes",
            self.who
        )))
    }

    fn fetch(&self, query: &Query, progress: &dyn Fn(usize)) -> Result<Snapshot, FetchError> {
        self.snapshot(&self.whole(query.deadline)?, query, progress)
    }

    fn read(
        &self,
        query: &Query,
        earlier: &Earlier,
        progress: &dyn Fn(usize),
    ) -> Result<Reading, FetchError> {
        let before = Known::earlier(earlier);
        let Some(answer) = self.get(before.as_ref(), query.deadline)? else {
            return Ok(Reading::Same);
        };
        let mut snapshot = self.snapshot(&answer, query, progress)?;
        // A document says the same to every query for all.
        let digest = known::digest(&mut snapshot, &query.details);
        let known = digest.map(|digest| Known::of(&answer, digest, self.now.seconds()));
        let is_same = before.is_some_and(|before| known.as_ref().is_some_and(|now| before.is(now)));
        // Whether its people are made up, the digest does not say.
        if is_same && !self.is_sample() {
            return Ok(Reading::Same);
        }
        let answers = known.and_then(|known| known.to_answers());
        Ok(Reading::Whole(Box::new(Whole {
            snapshot,
            answers,
            since: None,
        })))
    }

    fn reads_both(&self) -> bool {
        true
    }

    fn is_sample(&self) -> bool {
        self.sample.get()
    }

    fn look_at(&self, _kind: EntryKind) -> String {
        format!("look at {}, and at what writes it", self.place())
    }

    fn unused_inactive(&self, deadline: Instant) -> Result<Vec<String>, FetchError> {
        if self.reader.inactive_when().is_empty() {
            return Ok(Vec::new());
        }
        let (bytes, _) = self.document(&self.whole(deadline)?, deadline)?;
        let unused = self.reader.unused(&bytes);
        unused.map_err(|reason| self.malformed(reason))
    }
}
