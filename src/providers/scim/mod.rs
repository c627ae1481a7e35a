//! People and groups from a SCIM 2.0 server: RFC 7643, RFC 7644 and RFC 9865.
//!
//! `settings` checks the configuration; `client` speaks to the server; `path`, `decode`, `paging`
//! and `members` are pure; `strangers` asks about members whom nobody knows, `read` puts them together, and `admin` changes groups. SCIM says nothing
//! of accounts on hosts: numbers, homes, shells and keys come from extensions, whose attributes the
//! configuration names.

mod admin;
mod client;
mod decode;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod look;
mod members;
mod paging;
mod path;
mod read;
mod settings;
mod strangers;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use self::client::Client;
use self::settings::Settings;
use super::admin::GroupAdmin;
use super::http::Http;
use super::kind::{
    AdminTerms, NamedFile, Need, OpenError, ProviderConfig, Section, Starter, StarterKey,
};
use super::look::{Look, LookFor};
use super::{Earlier, FetchError, Provider, Query, Reading, known};
use crate::model::history::EntryKind;
use crate::model::remedy::KeyNames;
use crate::model::{Now, Snapshot, Untrusted};

pub use self::admin::ScimAdmin;
pub use self::settings::{Attributes, Config, MemberValue, Paging};
pub use super::http::Secrets;

/// What a section needs at least.
pub(crate) const STARTER: Starter = Starter {
    name: "cloud",
    keys: &[
        StarterKey::new("url", "https://CHANGE-ME"),
        StarterKey::new("token_file", "NAME.token"),
    ],
};

impl ProviderConfig for Config {
    fn files(&mut self) -> Vec<NamedFile<'_>> {
        let (token, secret) = (&mut self.token_file, &mut self.client_secret_file);
        let token = NamedFile::optional("the provider's token", token, Need::Secret);
        let secret = NamedFile::optional("the provider's client secret", secret, Need::Secret);
        let (ca, own) = (&mut self.ca_file, &mut self.server_certificate);
        let ca = NamedFile::optional("the provider's authorities", ca, Need::Trusted);
        let own = NamedFile::optional("the provider's certificate", own, Need::Trusted);
        [token, secret, ca, own].into_iter().flatten().collect()
    }

    fn check(&self) -> Result<(), String> {
        settings::check(self)
    }

    fn open(&self, name: &str, _now: &Now) -> Result<Box<dyn Provider>, OpenError> {
        Ok(Box::new(self.scim(name)?))
    }

    fn open_admin(&self, name: &str, terms: AdminTerms) -> Result<Box<dyn GroupAdmin>, OpenError> {
        Ok(Box::new(self.scim(name)?.admin(terms.deadline)?))
    }

    fn key_names(&self) -> KeyNames {
        self.access().key_names()
    }
}

impl Config {
    fn scim(&self, name: &str) -> Result<Scim, OpenError> {
        let secrets = self.access().secrets(Section(name))?;
        Scim::new(name, self, secrets).map_err(|reason| OpenError::unfit(name, reason))
    }
}

/// A SCIM server, ready to be read.
pub struct Scim {
    name: String,
    settings: Arc<Settings>,
    http: Http,
    /// As whom we speak to it.
    who: String,
}

impl Scim {
    /// Checks a section called `name`; `secrets` is what its files hold. Reads no file but the
    /// authorities of the system, and those only if it needs them.
    ///
    /// # Errors
    /// What is wrong with the section.
    pub fn new(name: &str, config: &Config, secrets: Secrets) -> Result<Self, String> {
        let settings = Arc::new(Settings::new(config)?);
        let who = config.access().who(&secrets);
        Ok(Self {
            name: name.to_owned(),
            settings,
            http: settings::client(config, secrets)?,
            who,
        })
    }

    /// The server as one whose groups can be changed; everything has to be done at `deadline`.
    ///
    /// # Errors
    /// When it does not answer, or not to us.
    pub fn admin(&self, deadline: Instant) -> Result<ScimAdmin, FetchError> {
        ScimAdmin::new(self, deadline)
    }
}

impl fmt::Debug for Scim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scim")
            .field("name", &self.name)
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

impl Provider for Scim {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self, deadline: Instant) -> Result<Untrusted, FetchError> {
        let http = self.http.until(deadline);
        Client::new(&http, &self.settings, &|_| ())?.probe()?;
        Ok(Untrusted::new(format!("{} as {}", http.base(), self.who)))
    }

    fn fetch(&self, query: &Query, progress: &dyn Fn(usize)) -> Result<Snapshot, FetchError> {
        read::read(
            &self.http.until(query.deadline),
            &self.settings,
            query,
            progress,
        )
    }

    fn read(
        &self,
        query: &Query,
        earlier: &Earlier,
        progress: &dyn Fn(usize),
    ) -> Result<Reading, FetchError> {
        Ok(known::reading(self.fetch(query, progress)?, query, earlier))
    }

    fn reads_both(&self) -> bool {
        true
    }

    fn look_at(&self, kind: EntryKind) -> String {
        let section = &self.name;
        let whose = match kind {
            EntryKind::Account => "people",
            EntryKind::Group | EntryKind::LocalGroup => "groups",
        };
        format!(
            "look at `url` and `attributes` in [provider.{section}], and at which {whose} the server shows to {}",
            self.who
        )
    }

    fn page(&self, asked: &LookFor) -> Result<Option<Look>, FetchError> {
        let page = look::look(&self.http.until(asked.deadline), &self.settings)?;
        Ok(Some(page))
    }

    fn unused_inactive(&self, deadline: Instant) -> Result<Vec<String>, FetchError> {
        Ok(read::unused_inactive(
            &self.http.until(deadline),
            &self.settings,
        )?)
    }
}
