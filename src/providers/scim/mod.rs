//! People and groups from a SCIM 2.0 server: RFC 7643, RFC 7644 and RFC 9865.
//!
//! `settings` checks the configuration; `client` speaks to the server; `path`, `decode`, `paging` and `members` are pure;
//! `read` puts them together, and `admin` changes groups. SCIM says nothing of accounts on hosts: numbers, homes, shells and
//! keys come from extensions, whose attributes the configuration names.

mod admin;
mod client;
mod decode;
mod members;
mod paging;
mod path;
mod read;
mod settings;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use self::client::Client;
use self::settings::Settings;
use super::http::Http;
use super::{FetchError, Provider, Query};
use crate::model::{Snapshot, Untrusted};

pub use self::admin::ScimAdmin;
pub use self::settings::{
    Attributes, CONNECT_TIMEOUT, Config, MemberValue, NESTED_DEPTH, PAGE_SIZE, Paging,
    READ_TIMEOUT, Secrets,
};

/// A SCIM server, ready to be read.
pub struct Scim {
    name: String,
    settings: Arc<Settings>,
    http: Http,
    /// As whom we speak to it.
    who: String,
}

impl Scim {
    /// Checks a section called `name`; `secrets` is what its files hold. Reads no file but the authorities of the system,
    /// and those only if it needs them.
    ///
    /// # Errors
    /// What is wrong with the section.
    pub fn new(name: &str, config: &Config, secrets: Secrets) -> Result<Self, String> {
        let settings = Arc::new(Settings::new(config)?);
        let who = match &config.client_id {
            Some(client) => format!("the client {client}"),
            None if secrets.token.is_some() => "the bearer of its token".to_owned(),
            None => "nobody".to_owned(),
        };
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
}
