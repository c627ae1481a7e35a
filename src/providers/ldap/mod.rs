//! People and groups from an LDAP server: RFC 2307, RFC 2307bis, Active Directory, 389 Directory
//! Server.
//!
//! What entries mean; how a server is spoken to is for `ldap`, the protocol. `settings` checks the
//! configuration. A read has a connection of its own: `active`, `people` and `groups` are pure,
//! `strangers` asks who a member is whom nobody knows, `read` puts them together; `bell` listens for changes. Group administration changes things: `listed`, `modify` and `classes`
//! are pure, `group_client` asks, `admin` puts them together. `ids` is pure and serves both.

mod active;
mod admin;
mod again;
mod bell;
mod classes;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod group_client;
mod groups;
mod ids;
mod increment;
mod listed;
mod look;
mod mark;
mod modify;
mod people;
mod read;
mod settings;
mod strangers;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Instant;

use secrecy::SecretString;

use self::settings::Settings;
use super::admin::GroupAdmin;
use super::bell::Bell;
use super::kind::{
    self, AdminTerms, NamedFile, Need, OpenError, ProviderConfig, Section, Starter, StarterKey,
};
use super::{Earlier, FetchError, Mark, Provider, Query, Reading, Reason};
use crate::ldap;
use crate::ldap::connect::{Server, Session};
use crate::ldap::error::ErrorKind;
use crate::model::history::EntryKind;
use crate::model::remedy::KeyNames;
use crate::model::{Now, Snapshot, Untrusted};
use crate::providers::look::{Look, LookFor};
use crate::system::tls::Trusted;

pub use self::admin::LdapAdmin;
pub use self::settings::{Attributes, Config, Schema};

/// What a section needs at least.
pub(crate) const STARTER: Starter = Starter {
    name: "campus",
    keys: &[
        StarterKey::new("url", "ldaps://CHANGE-ME"),
        StarterKey::new("user_base", "CHANGE-ME"),
        StarterKey::new("group_base", "CHANGE-ME"),
        StarterKey::new("bind_dn", "CHANGE-ME"),
        StarterKey::new("password_file", "NAME.password"),
    ],
};

impl ProviderConfig for Config {
    fn files(&mut self) -> Vec<NamedFile<'_>> {
        let (password, ca) = (&mut self.password_file, &mut self.ca_file);
        let password = NamedFile::optional("the provider's password", password, Need::Secret);
        let ca = NamedFile::optional("the provider's authorities", ca, Need::Trusted);
        let own = &mut self.server_certificate;
        let own = NamedFile::optional("the provider's certificate", own, Need::Trusted);
        [password, ca, own].into_iter().flatten().collect()
    }

    fn check(&self) -> Result<(), String> {
        settings::check(self)
    }

    fn open(&self, name: &str, now: &Now) -> Result<Box<dyn Provider>, OpenError> {
        Ok(Box::new(self.ldap(name, now)?))
    }

    fn open_admin(&self, name: &str, terms: AdminTerms) -> Result<Box<dyn GroupAdmin>, OpenError> {
        let ldap = self.ldap(name, &terms.now)?;
        Ok(Box::new(ldap.admin(terms.gids, terms.deadline)))
    }

    fn key_names(&self) -> KeyNames {
        KeyNames {
            place: "`url`",
            credentials: match self.bind_dn {
                Some(_) => {
                    let file = self.password_file.as_deref();
                    format!("`bind_dn` and `password_file`{}", kind::oddity(file))
                }
                None => "`bind_dn`, which is not set,".to_owned(),
            },
            base: "`user_base` and `group_base`",
            authorities: "`ca_file`",
            certificate: Some("server_certificate"),
            encryption: "`start_tls = true`, or `url` to an address with ldaps://,",
            in_the_clear: "; ldap:// with `start_tls = true` is for such a port",
            start_tls: " -starttls ldap",
        }
    }
}

impl Config {
    fn ldap(&self, name: &str, now: &Now) -> Result<Ldap, OpenError> {
        let at = Section(name);
        let password = at.secret("password_file", self.password_file.as_deref())?;
        let trusted = Trusted::new(
            at.trusted("ca_file", self.ca_file.as_deref())?,
            at.trusted("server_certificate", self.server_certificate.as_deref())?,
        );
        trusted
            .and_then(|trusted| Ldap::new(name, self, password, trusted, now))
            .map_err(|reason| OpenError::unfit(name, reason))
    }
}

/// An LDAP server, ready to be read.
pub struct Ldap {
    name: String,
    server: Server,
    settings: Settings,
    /// For accounts that expire.
    now: Now,
    /// As whom we speak to it, for messages.
    bound_as: &'static str,
}

impl Ldap {
    /// Checks a section called `name`. `password` is the content of `password_file` without its
    /// line end, `trusted` that of `ca_file` or `server_certificate`; `now` is for accounts that
    /// expire. Reads no file but the authorities of the system, and
    /// those only if it needs them.
    ///
    /// # Errors
    /// What is wrong with the section.
    pub fn new(
        name: &str,
        config: &Config,
        password: Option<SecretString>,
        trusted: impl Into<Trusted>,
        now: impl Into<Now>,
    ) -> Result<Self, String> {
        Ok(Self {
            name: name.to_owned(),
            server: settings::access(config).server(password, &trusted.into())?,
            settings: Settings::new(config)?,
            now: now.into(),
            bound_as: match &config.bind_dn {
                Some(_) => "`bind_dn`",
                None => "who is nobody (`bind_dn` is not set)",
            },
        })
    }

    fn error(&self, error: ldap::Error) -> FetchError {
        fetch_error(error, &self.server.address.url)
    }
}

/// The error for a server, by its address, that gave nothing usable.
fn fetch_error(error: ldap::Error, place: &str) -> FetchError {
    let place = place.to_owned();
    let reason = Reason::new(error.text).with(error.remedy);
    match error.kind {
        ErrorKind::Unreachable => FetchError::Unreachable { place, reason },
        ErrorKind::Unauthorised => FetchError::Unauthorised { place, reason },
        ErrorKind::Malformed | ErrorKind::TooMuch => FetchError::Malformed { place, reason },
    }
}

impl fmt::Debug for Ldap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ldap")
            .field("name", &self.name)
            .field("url", &self.server.address.url)
            .finish_non_exhaustive()
    }
}

impl Provider for Ldap {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self, deadline: Instant) -> Result<Untrusted, FetchError> {
        let ask = || {
            let mut session = Session::open(&self.server, deadline)?;
            let who = session.who_am_i()?;
            session.close();
            Ok(who)
        };
        let who = ask().map_err(|error| self.error(error))?;
        Ok(Untrusted::new(format!(
            "{} as {who}",
            self.server.address.url
        )))
    }

    fn fetch(&self, query: &Query, progress: &dyn Fn(usize)) -> Result<Snapshot, FetchError> {
        read::fetch(self, query, progress)
    }

    fn read(
        &self,
        query: &Query,
        earlier: &Earlier,
        progress: &dyn Fn(usize),
    ) -> Result<Reading, FetchError> {
        again::read(self, query, earlier, progress)
    }

    fn mark(&self, query: &Query) -> Result<Option<Mark>, FetchError> {
        mark::make(self, query).map_err(|error| self.error(error))
    }

    fn is_marked(&self, query: &Query, mark: &str) -> Result<bool, FetchError> {
        mark::is_still(self, query, mark).map_err(|error| self.error(error))
    }

    fn bell(&self, deadline: Instant) -> Result<Option<Box<dyn Bell>>, FetchError> {
        let bell = bell::open(self, deadline);
        bell.map(Some).map_err(|error| self.error(error))
    }

    fn reads_both(&self) -> bool {
        true
    }

    fn look_at(&self, kind: EntryKind) -> String {
        let section = &self.name;
        match kind {
            EntryKind::Account => format!(
                "look at `schema`, `user_base`, `user_filter` and `attributes` in [provider.{section}], and at what \
                 {} may read there",
                self.bound_as
            ),
            EntryKind::Group | EntryKind::LocalGroup => format!(
                "look at `schema`, `group_base`, `group_filter` and `attributes` in [provider.{section}]"
            ),
        }
    }

    fn page(&self, asked: &LookFor) -> Result<Option<Look>, FetchError> {
        let page = look::look(self, asked).map_err(|error| self.error(error))?;
        Ok(Some(page))
    }

    fn unused_inactive(&self, deadline: Instant) -> Result<Vec<String>, FetchError> {
        read::unused_inactive(self, deadline).map_err(|error| self.error(error))
    }
}
