//! People and groups from a SCIM 2.0 server: RFC 7643, RFC 7644 and RFC 9865.
//!
//! `settings` checks the configuration; `client` speaks to the server; `path`, `decode`, `paging`
//! and `members` are pure; `strangers` asks about members whom nobody knows, `read` puts them together, and `admin` changes groups.
//! Where the server is trusted in that, `increment` asks what has changed, and `store` has the rest. SCIM says nothing
//! of accounts on hosts: numbers, homes, shells and keys come from extensions, whose attributes the
//! configuration names.

mod admin;
mod client;
mod decode;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod increment;
mod look;
mod members;
mod paging;
mod path;
mod read;
mod settings;
mod store;
mod strangers;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use self::client::Client;
use self::settings::Settings;
use self::store::Endpoints;
use super::admin::GroupAdmin;
use super::http::Http;
use super::kind::{
    AdminTerms, NamedFile, Need, OpenError, ProviderConfig, Section, Starter, StarterKey,
};
use super::look::{Look, LookFor};
use super::{Earlier, FetchError, Mark, Provider, Query, Reading, Whole, known};
use crate::model::history::EntryKind;
use crate::model::remedy::KeyNames;
use crate::model::{Now, Snapshot, Untrusted, hex};

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

    fn open(&self, name: &str, now: &Now) -> Result<Box<dyn Provider>, OpenError> {
        let now = now.clone();
        Ok(Box::new(Scim {
            now,
            ..self.scim(name)?
        }))
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
    /// A digest of who we are there: others may see less.
    whose: String,
    now: Now,
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
        let whose = whose(&who, &secrets);
        Ok(Self {
            name: name.to_owned(),
            settings,
            http: settings::client(config, secrets)?,
            who,
            whose,
            now: Now::new(0),
        })
    }

    /// A digest of what a query asks for below these endpoints, and of whom.
    fn asked(&self, query: &Query, endpoints: Endpoints) -> String {
        let attributes = read::attributes(&self.settings, query);
        let (place, are_named) = (self.http.base(), self.settings.request_attributes);
        let whose = &self.whose;
        let asked = format!("{place} {whose} {endpoints:?} {are_named} {attributes:?}");
        hex(&Sha256::digest(asked))
    }

    /// The server as one whose groups can be changed; everything has to be done at `deadline`.
    ///
    /// # Errors
    /// When it does not answer, or not to us.
    pub fn admin(&self, deadline: Instant) -> Result<ScimAdmin, FetchError> {
        ScimAdmin::new(self, deadline)
    }
}

/// A digest of who we are to the server.
fn whose(who: &str, secrets: &Secrets) -> String {
    let mut digest = Sha256::new();
    digest.update(who);
    for secret in [&secrets.token, &secrets.client_secret] {
        digest.update([0]);
        digest.update(secret.as_ref().map_or("", |secret| secret.expose_secret()));
    }
    hex(&digest.finalize())
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
        let http = self.http.until(query.deadline);
        let client = Client::new(&http, &self.settings, progress)?;
        read::read(client, &self.settings, query)
    }

    fn read(
        &self,
        query: &Query,
        earlier: &Earlier,
        progress: &dyn Fn(usize),
    ) -> Result<Reading, FetchError> {
        let http = self.http.until(query.deadline);
        let client = Client::new(&http, &self.settings, progress)?;
        let is_wanted = self.settings.trusts_last_modified && query.only.is_none();
        let since = match earlier.file.as_deref().filter(|_| is_wanted) {
            Some(path) => {
                let place = increment::Place {
                    path,
                    asked: self.asked(query, increment::listed(query)),
                    attributes: read::attributes(&self.settings, query),
                    now: self.now.seconds(),
                };
                increment::prepare(&client, query, &place, earlier)?
            }
            None => None,
        };
        let snapshot = read::read(client, &self.settings, query)?;
        Ok(match since {
            None => known::reading(snapshot, query, earlier),
            Some(_) => Reading::Whole(Box::new(Whole {
                snapshot,
                answers: None,
                since,
            })),
        })
    }

    fn mark(&self, query: &Query) -> Result<Option<Mark>, FetchError> {
        if !self.settings.trusts_last_modified || query.only.is_some() {
            return Ok(None);
        }
        let (http, endpoints) = (self.http.until(query.deadline), increment::endpoints(query));
        let client = Client::unasked(&http, &self.settings, &|_| {});
        let mark = increment::mark(&client, endpoints, &self.asked(query, endpoints))?;
        let text = mark.and_then(|mark| serde_json::to_string(&mark).ok());
        Ok(text.map(Mark::Content))
    }

    fn is_marked(&self, query: &Query, mark: &str) -> Result<bool, FetchError> {
        let Ok(mark) = serde_json::from_str(mark) else {
            return Ok(false);
        };
        let (http, endpoints) = (self.http.until(query.deadline), increment::endpoints(query));
        let client = Client::unasked(&http, &self.settings, &|_| {});
        let asked = self.asked(query, endpoints);
        Ok(increment::is_still(&client, endpoints, &asked, &mark)?)
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
