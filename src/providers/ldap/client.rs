//! One connection for all that a group command asks and changes, opened when it is needed first.
//!
//! A connection that broke while it lay idle is opened again, once; one that broke while something was being written is
//! not used for that again: nobody knows whether the change was made, and it is told so. A search gives everything or an
//! error. References to other servers are never followed. Rules: RFC 4511. Decides nothing about groups.

use std::cell::RefCell;
use std::future::Future;
use std::time::Instant;

use ldap3::{LdapError, LdapResult, Mod};

use super::Ldap;
use super::connect::{Reason, Session};
use super::entry::Entry;
use super::search::{self, Outcome, Request};
use super::settings::Settings;
use crate::model::Untrusted;
use crate::providers::admin::AdminError;

/// Attributes with their values, as an entry is made of them.
pub(super) type Attributes = Vec<(String, Vec<Vec<u8>>)>;

/// What a server said to a change.
#[derive(Debug)]
pub(super) struct Answer {
    /// Result code.
    pub code: u32,
    /// What the server adds to it.
    pub text: Untrusted,
}

/// A server with which one speaks until the deadline.
pub(super) struct Client {
    ldap: Ldap,
    deadline: Instant,
    session: RefCell<Option<Session>>,
}

impl Client {
    /// Does not connect yet.
    pub fn new(ldap: Ldap, deadline: Instant) -> Self {
        Self {
            ldap,
            deadline,
            session: RefCell::new(None),
        }
    }

    /// The name of the provider's section.
    pub fn name(&self) -> &str {
        &self.ldap.name
    }

    /// The configuration.
    pub fn settings(&self) -> &Settings {
        &self.ldap.settings
    }

    /// Something is missing in an answer; `reason` is in our own words.
    pub fn incomplete(&self, reason: String) -> AdminError {
        AdminError::Incomplete {
            place: self.settings().url.clone(),
            reason,
        }
    }

    fn error(&self, reason: Reason) -> AdminError {
        reason.into_error(&self.settings().url).into()
    }

    fn open(&self) -> Result<Session, AdminError> {
        let Ldap {
            settings,
            tls,
            password,
            ..
        } = &self.ldap;
        Session::open(settings, tls.as_ref(), password.as_ref(), self.deadline)
            .map_err(|reason| self.error(reason))
    }

    /// All entries at and below `base`, which must be there, that the filter finds: each as `take` gives it.
    ///
    /// # Errors
    /// When not all of them came.
    pub fn all<T>(
        &self,
        base: &str,
        filter: &str,
        attributes: &[&str],
        take: &dyn Fn(Entry) -> T,
    ) -> Result<Vec<T>, AdminError> {
        let settings = self.settings();
        let page_size = settings.page_size;
        let request = Request {
            base,
            alone: false,
            filter,
            attributes,
            page_size,
            schema: settings.schema,
        };
        let (found, outcome) = self.search(&request, take)?;
        match outcome.early {
            None => Ok(found),
            Some(_) if outcome.no_base() && found.is_empty() => {
                Err(self.error(Reason::malformed(format!("there is no entry {base}"))))
            }
            Some(reason) => Err(self.early(
                reason.about(&format!("below {base}")),
                outcome.code,
                found.is_empty(),
            )),
        }
    }

    /// The entry `dn`, if it is there and the filter finds it.
    ///
    /// # Errors
    /// When the server does not say.
    pub fn one(
        &self,
        dn: &str,
        filter: &str,
        attributes: &[&str],
    ) -> Result<Option<Entry>, AdminError> {
        let schema = self.settings().schema;
        let request = Request {
            base: dn,
            alone: true,
            filter,
            attributes,
            page_size: 0,
            schema,
        };
        let (mut found, outcome) = self.search(&request, &|entry| entry)?;
        let unseen = outcome.unseen();
        match outcome.early {
            Some(reason) if !unseen => Err(self.early(reason, outcome.code, found.is_empty())),
            _ => Ok(found.pop()),
        }
    }

    /// What a search that ended early means.
    fn early(&self, reason: Reason, code: u32, nothing: bool) -> AdminError {
        // Time, size and administrative limits: there is more, whatever came.
        if nothing && !matches!(code, 3 | 4 | 11) {
            self.error(reason)
        } else {
            self.incomplete(reason.text)
        }
    }

    fn search<T>(
        &self,
        request: &Request<'_>,
        take: &dyn Fn(Entry) -> T,
    ) -> Result<(Vec<T>, Outcome), AdminError> {
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
            if !(idle && broken.is_some_and(Reason::is_unreachable)) {
                return Ok((found, outcome));
            }
        }
    }

    /// Changes the entry `dn`: all of it or nothing.
    ///
    /// # Errors
    /// When the server could not be asked, or its answer did not come.
    pub fn modify(&self, dn: &str, changes: Vec<Mod<Vec<u8>>>) -> Result<Answer, AdminError> {
        self.write(|mut ldap| async move { ldap.modify(dn, changes).await })
    }

    /// Makes the entry `dn`.
    ///
    /// # Errors
    /// When the server could not be asked, or its answer did not come.
    pub fn add(&self, dn: &str, attributes: Attributes) -> Result<Answer, AdminError> {
        let attributes = attributes
            .into_iter()
            .map(|(name, values)| (name.into_bytes(), values.into_iter().collect()));
        let attributes = attributes.collect();
        self.write(|mut ldap| async move { ldap.add(dn, attributes).await })
    }

    fn write<W>(&self, operation: impl FnOnce(ldap3::Ldap) -> W) -> Result<Answer, AdminError>
    where
        W: Future<Output = Result<LdapResult, LdapError>>,
    {
        let kept = self.session.take();
        let mut session = kept.map_or_else(|| self.open(), Ok)?;
        let handle = session.handle();
        match session.wait(operation(handle)) {
            Ok(result) => {
                self.session.replace(Some(session));
                match result.rc {
                    // Busy or unavailable: it has not looked at the change.
                    code @ (51 | 52) => {
                        Err(self.error(Reason::code(code, "it takes no changes now")))
                    }
                    code => Ok(Answer {
                        code,
                        text: Untrusted::new(result.text),
                    }),
                }
            }
            Err(reason) => {
                Err(self.error(reason.and("the change may have been made all the same")))
            }
        }
    }
}
