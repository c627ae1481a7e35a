//! One connection for several questions and changes, opened when it is needed first.
//!
//! A connection that broke while it lay idle is opened again, once; one that broke while something
//! was being written is not used for that again: nobody knows whether the change was made, and the
//! error says so. A search gives everything or an error. References to other servers are never
//! followed. Rules: RFC 4511.

use std::cell::RefCell;
use std::time::Instant;

use super::batch;
use super::code::Answer;
use super::connect::{Server, Session};
use super::entry::Entry;
use super::error::Error;
use super::request::{Attributes, Change, Operation, Write};
use super::search::{self, Outcome, Request};
use crate::model::Untrusted;
use crate::model::remedy::Remedy;

/// Why a search did not give everything.
#[derive(Debug)]
pub(crate) enum SearchError {
    /// It gave nothing.
    Failed(Error),
    /// Something is missing in the answer: what, in our own words.
    Incomplete(String),
}

impl From<Error> for SearchError {
    fn from(error: Error) -> Self {
        SearchError::Failed(error)
    }
}

/// A server with which one speaks until the deadline.
pub(crate) struct Client {
    server: Server,
    deadline: Instant,
    session: RefCell<Option<Session>>,
}

impl Client {
    /// Does not connect yet.
    pub(crate) fn new(server: Server, deadline: Instant) -> Self {
        Self {
            server,
            deadline,
            session: RefCell::new(None),
        }
    }

    /// The server.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// All entries at and below `base`, which must be there, that the filter finds: each as `take`
    /// gives it.
    ///
    /// # Errors
    /// When not all of them came.
    pub(crate) fn all<T>(
        &self,
        base: &str,
        filter: &str,
        attributes: &[&str],
        take: &dyn Fn(&Entry<'_>) -> T,
    ) -> Result<Vec<T>, SearchError> {
        let (found, outcome) = self.search(&Request::below(base, filter, attributes), take)?;
        match outcome.early {
            None => Ok(found),
            Some(_) if outcome.no_base() && found.is_empty() => {
                let text = format!("there is no entry {base}");
                Err(Error::malformed(text).with(Remedy::Base).into())
            }
            Some(error) => Err(early(
                error.about(&format!("below {base}")),
                outcome.code,
                found.is_empty(),
            )),
        }
    }

    /// The entry `dn`, if it is there and the filter finds it, as `take` gives it.
    ///
    /// # Errors
    /// When the server does not say.
    pub(crate) fn one<T>(
        &self,
        dn: &str,
        filter: &str,
        attributes: &[&str],
        take: &dyn Fn(&Entry<'_>) -> T,
    ) -> Result<Option<T>, SearchError> {
        let request = Request::alone(dn, filter, attributes);
        let (mut found, outcome) = self.search(&request, take)?;
        let unseen = outcome.unseen();
        match outcome.early {
            Some(error) if !unseen => Err(early(error, outcome.code, found.is_empty())),
            _ => Ok(found.pop()),
        }
    }

    fn search<T>(
        &self,
        request: &Request<'_>,
        take: &dyn Fn(&Entry<'_>) -> T,
    ) -> Result<(Vec<T>, Outcome), Error> {
        loop {
            let kept = self.session.take();
            let idle = kept.is_some();
            let mut session = kept.map_or_else(|| self.open(), Ok)?;
            let mut found = Vec::new();
            let outcome = search::run(
                &mut session,
                request,
                &mut |entry| found.push(take(entry)),
                &|_| {},
            );
            let broken = outcome.early.as_ref().filter(|_| outcome.code == 0);
            if broken.is_none() {
                self.session.replace(Some(session));
            }
            if !(idle && broken.is_some_and(Error::is_unreachable)) {
                return Ok((found, outcome));
            }
        }
    }

    fn open(&self) -> Result<Session, Error> {
        Session::open(&self.server, self.deadline)
    }

    /// Changes the entry `dn`: all of it or nothing.
    ///
    /// # Errors
    /// When the server could not be asked, or its answer did not come.
    pub(crate) fn modify(&self, dn: &str, changes: &[Change]) -> Result<Answer, Error> {
        self.write(&Operation::modify(dn, changes))
    }

    /// Makes the entry `dn`.
    ///
    /// # Errors
    /// When the server could not be asked, or its answer did not come.
    pub(crate) fn add(&self, dn: &str, attributes: &Attributes) -> Result<Answer, Error> {
        self.write(&Operation::add(dn, attributes))
    }

    /// Makes many changes, none of which depends on another, as [`batch`] does, and begins none when it is `until`; `answered` is given
    /// the place of each, and what the server said. Returns how many of them were made, or refused.
    ///
    /// # Errors
    /// When the server could not be asked, or not all answers came.
    pub(crate) fn write_all(
        &self,
        writes: &[Write],
        until: Option<Instant>,
        answered: &mut dyn FnMut(usize, Answer),
    ) -> Result<usize, Error> {
        if writes.is_empty() {
            return Ok(0);
        }
        let kept = self.session.take();
        let mut session = kept.map_or_else(|| self.open(), Ok)?;
        let sent = batch::run(&mut session, writes, until, answered)?;
        self.session.replace(Some(session));
        Ok(sent)
    }

    fn write(&self, operation: &Operation) -> Result<Answer, Error> {
        let kept = self.session.take();
        let mut session = kept.map_or_else(|| self.open(), Ok)?;
        match session.exchange(operation) {
            Ok(reply) => {
                self.session.replace(Some(session));
                match reply.code {
                    // Busy or unavailable: it has not looked at the change.
                    code @ (51 | 52) => {
                        Err(Error::code(code, &reply.words, "it takes no changes now"))
                    }
                    code => Ok(Answer {
                        code,
                        text: Untrusted::new(reply.words),
                    }),
                }
            }
            Err(error) => Err(error.and("the change may have been made all the same")),
        }
    }
}

/// What a search that ended early means.
fn early(error: Error, code: u32, nothing: bool) -> SearchError {
    // Time, size and administrative limits: there is more, whatever came.
    if nothing && !matches!(code, 3 | 4 | 11) {
        SearchError::Failed(error)
    } else {
        SearchError::Incomplete(error.text)
    }
}
