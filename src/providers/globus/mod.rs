//! People and groups from Globus: Globus Groups (API v2) for groups and members, Globus Auth for
//! who they are.
//!
//! The people are those of the top group; with none, those of all groups that our client manages.
//! Logins are made by Globus's own mapping document, for Globus has none; it has neither keys nor
//! uids either. Our own identity is left out. `settings` checks the configuration; `api` and
//! `tokens` speak to the servers; `decode`, `expression`, `mapping`, `people` and `batch` are pure;
//! `read` and `admin` put them together.

mod admin;
mod api;
mod batch;
mod decode;
mod expression;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod mapping;
mod people;
mod read;
mod settings;
mod tokens;

use std::fmt;
use std::time::Instant;

use secrecy::{ExposeSecret as _, SecretString};

use self::api::Api;
use self::mapping::Mapping;
use super::admin::GroupAdmin;
use super::kind::{
    AdminTerms, NamedFile, Need, OpenError, ProviderConfig, Section, Starter, StarterKey,
};
use super::{Earlier, FetchError, Provider, Query, Reading, known};
use crate::model::remedy::KeyNames;
use crate::model::{Now, RemoteId, Snapshot, Untrusted, counted};

pub use self::admin::GlobusAdmin;
pub use self::settings::Config;

/// What a section needs at least.
pub(crate) const STARTER: Starter = Starter {
    name: "research",
    keys: &[
        StarterKey::new("client_id", "CHANGE-ME"),
        StarterKey::new("client_secret_file", "NAME.secret"),
    ],
};

impl ProviderConfig for Config {
    fn files(&mut self) -> Vec<NamedFile<'_>> {
        let secret = NamedFile {
            what: "the provider's client secret",
            path: &mut self.client_secret_file,
            need: Need::Secret,
        };
        let (mapping, ca) = (&mut self.identity_mapping, &mut self.ca_file);
        let mapping = NamedFile::optional("the identity mapping", mapping, Need::Trusted);
        let ca = NamedFile::optional("the provider's authorities", ca, Need::Trusted);
        [Some(secret), mapping, ca].into_iter().flatten().collect()
    }

    fn check(&self) -> Result<(), String> {
        self.own().map(drop)
    }

    fn open(&self, name: &str, _now: &Now) -> Result<Box<dyn Provider>, OpenError> {
        Ok(Box::new(self.globus(name)?))
    }

    fn open_admin(&self, name: &str, terms: AdminTerms) -> Result<Box<dyn GroupAdmin>, OpenError> {
        Ok(Box::new(self.globus(name)?.admin(terms.deadline)))
    }

    fn key_names(&self) -> KeyNames {
        KeyNames {
            place: "`groups_url` and `auth_url`",
            credentials: "`client_id` and `client_secret_file`".to_owned(),
            base: "the roles of `client_id`",
            authorities: "`ca_file`",
            encryption: "both addresses to https://",
            ..KeyNames::default()
        }
    }
}

impl Config {
    fn globus(&self, name: &str) -> Result<Globus, OpenError> {
        let at = Section(name);
        let secrets = Secrets {
            client_secret: at.secret("client_secret_file", Some(&self.client_secret_file))?,
            ca_pem: at.trusted("ca_file", self.ca_file.as_deref())?,
        };
        let mapping = at.trusted("identity_mapping", self.identity_mapping.as_deref())?;
        Globus::new(name, self, secrets, mapping.as_deref())
            .map_err(|reason| OpenError::unfit(name, reason))
    }
}

/// What stands in the files of the section.
#[derive(Default)]
pub struct Secrets {
    /// The content of `client_secret_file`, without its line end.
    pub client_secret: Option<SecretString>,
    /// The content of `ca_file`.
    pub ca_pem: Option<Vec<u8>>,
}

/// Globus, ready to be read.
pub struct Globus {
    name: String,
    api: Api,
    mapping: Mapping,
    /// Our own identity.
    own: RemoteId,
    implied: bool,
}

impl Globus {
    /// Checks a section called `name`. `mapping` is the content of `identity_mapping`. Reads no
    /// file but the authorities of the system, and connects to nobody.
    ///
    /// # Errors
    /// What is wrong with the section.
    pub fn new(
        name: &str,
        config: &Config,
        secrets: Secrets,
        mapping: Option<&[u8]>,
    ) -> Result<Self, String> {
        let own = config.own()?;
        let Secrets {
            client_secret,
            ca_pem,
        } = secrets;
        let secret = client_secret.filter(|secret| !secret.expose_secret().is_empty());
        let secret = secret.ok_or("the first line of client_secret_file is empty")?;
        let mapping = mapping
            .map(Mapping::new)
            .transpose()
            .map_err(|e| format!("identity_mapping: {e}"))?;
        let api = Api::new(config, secret, ca_pem)?;
        let mapping = mapping.unwrap_or_default();
        Ok(Self {
            name: name.to_owned(),
            api,
            mapping,
            own,
            implied: config.implied_members,
        })
    }

    /// The same, to change groups until a deadline.
    pub fn admin(&self, deadline: Instant) -> GlobusAdmin {
        GlobusAdmin::new(&self.name, self.api.until(deadline), self.mapping.clone())
    }
}

impl fmt::Debug for Globus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Globus")
            .field("name", &self.name)
            .field("api", &self.api)
            .finish_non_exhaustive()
    }
}

impl Provider for Globus {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self, deadline: Instant) -> Result<Untrusted, FetchError> {
        let api = self.api.until(deadline);
        let (groups, _) = api.my_groups()?;
        Ok(Untrusted::new(format!(
            "{} as the client {}, in {}",
            api.place(),
            self.own,
            counted(groups.len(), "group", "groups")
        )))
    }

    fn fetch(&self, query: &Query, progress: &dyn Fn(usize)) -> Result<Snapshot, FetchError> {
        let source = read::Source {
            api: self.api.until(query.deadline),
            mapping: &self.mapping,
            own: &self.own,
            implied: self.implied,
        };
        read::read(&source, query, progress)
    }

    fn read(
        &self,
        query: &Query,
        earlier: &Earlier,
        progress: &dyn Fn(usize),
    ) -> Result<Reading, FetchError> {
        Ok(known::reading(self.fetch(query, progress)?, query, earlier))
    }
}
