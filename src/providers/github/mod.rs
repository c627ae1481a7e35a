//! People and groups from GitHub: an organisation, and its teams, at github.com or a GitHub Enterprise Server.
//!
//! People are known by their numbers, and groups by theirs. Their names and keys are read by GraphQL in the same run, by
//! what is theirs for ever, so that nobody who takes over a login gets an account or brings keys into one. `settings` checks
//! the configuration; `api` and `app` speak to the server; `decode` is pure; `read` puts them together. Teams are only read.

mod api;
mod app;
mod decode;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod read;
mod settings;

use std::fmt;
use std::time::Instant;

use secrecy::{ExposeSecret as _, SecretString};

use self::api::Api;
use self::app::App;
use self::settings::{MOST_PER_PAGE, Who};
use super::admin::GroupAdmin;
use super::document;
use super::http::{Auth, Credentials, Http, Secrets};
use super::kind::{
    self, AdminTerms, NamedFile, Need, OpenError, ProviderConfig, Section, Starter, StarterKey,
    usual_fix,
};
use super::{Earlier, FetchError, Provider, Query, Reading, known};
use crate::model::history::EntryKind;
use crate::model::remedy::KeyNames;
use crate::model::{Now, Snapshot, Untrusted};

pub use self::settings::Config;

/// What a section needs at least.
pub(crate) const STARTER: Starter = Starter {
    name: "octo",
    keys: &[
        StarterKey::new("org", "CHANGE-ME"),
        StarterKey::new("token_file", "NAME.token"),
    ],
};

impl ProviderConfig for Config {
    fn files(&mut self) -> Vec<NamedFile<'_>> {
        let (token, key) = (&mut self.token_file, &mut self.key_file);
        let token = NamedFile::optional("the provider's token", token, Need::Secret);
        let key = NamedFile::optional("the app's private key", key, Need::Secret);
        let (ca, own) = (&mut self.ca_file, &mut self.server_certificate);
        let ca = NamedFile::optional("the provider's authorities", ca, Need::Trusted);
        let own = NamedFile::optional("the provider's certificate", own, Need::Trusted);
        [token, key, ca, own].into_iter().flatten().collect()
    }

    fn check(&self) -> Result<(), String> {
        self.who().map(drop)
    }

    fn open(&self, name: &str, _now: &Now) -> Result<Box<dyn Provider>, OpenError> {
        let at = Section(name);
        let secrets = self.access().secrets(at)?;
        let key = at.private("key_file", self.key_file.as_deref())?;
        let github = Github::new(name, self, secrets, key.as_deref());
        let github = github.map_err(|reason| OpenError::unfit(name, reason))?;
        Ok(Box::new(github))
    }

    fn open_admin(&self, name: &str, _terms: AdminTerms) -> Result<Box<dyn GroupAdmin>, OpenError> {
        document::read_only(name, "github")
    }

    fn key_names(&self) -> KeyNames {
        KeyNames {
            credentials: match &self.token_file {
                Some(file) => format!("`token_file`{}", kind::oddity(Some(file))),
                None => "`app_id`, `installation_id` and `key_file`".to_owned(),
            },
            base: "`org` and `url`",
            ..self.access().key_names()
        }
    }

    fn fix(&self, error: &FetchError, section: &str) -> String {
        match error {
            FetchError::RateLimited { .. } => format!(
                "let the crontab run less often, or use an app of its own (`app_id` in {section}): each token and each app \
                 has a quota by the hour"
            ),
            _ => usual_fix(error, &self.key_names(), section),
        }
    }
}

/// Where jq(1) finds the token of an installation in the answer.
const GRANTED: &str = ".token";

/// An organisation, ready to be read.
pub struct Github {
    name: String,
    api: Api,
    teams: Vec<String>,
    /// As whom we speak to GitHub.
    who: String,
}

impl Github {
    /// Checks a section called `name`; `secrets` and `key` are what its files hold. Reads no file but the authorities of the
    /// system, and connects to nobody.
    ///
    /// # Errors
    /// What is wrong with the section.
    pub fn new(
        name: &str,
        config: &Config,
        secrets: Secrets,
        key: Option<&[u8]>,
    ) -> Result<Self, String> {
        let mut options = config.access().options(Config::options(), &secrets)?;
        let (who, rest, graph) = match config.who()? {
            Who::Bearer => {
                let token = bearer(secrets.token)?;
                let who = "the bearer of its token".to_owned();
                (who, Auth::Bearer(token.clone()), Auth::Bearer(token))
            }
            Who::App { id, installation } => {
                let key = key.unwrap_or_default();
                let app = App::new(&config.url, &options, id, installation, key)?;
                options.shell.credentials = Credentials::Granted(GRANTED);
                (format!("the app {id}"), app.auth(), app.auth())
            }
        };
        let api = Api {
            rest: Http::new(&config.url, &options, rest)?,
            graph: Http::new(&config.graphql_url(), &options, graph)?,
            org: config.org.clone(),
            page_size: config.page_size.clamp(1, MOST_PER_PAGE),
            tells_suspended: config.is_own_server(),
        };
        Ok(Self {
            name: name.to_owned(),
            api,
            teams: config.teams.clone(),
            who,
        })
    }
}

fn bearer(token: Option<SecretString>) -> Result<SecretString, String> {
    let token = token.filter(|token| !token.expose_secret().is_empty());
    token.ok_or_else(|| "token_file: its first line is empty".to_owned())
}

impl fmt::Debug for Github {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Github")
            .field("name", &self.name)
            .field("api", &self.api)
            .finish_non_exhaustive()
    }
}

impl Provider for Github {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self, deadline: Instant) -> Result<Untrusted, FetchError> {
        let api = self.api.until(deadline);
        api.probe()?;
        let (place, org, who) = (api.rest.base(), &api.org, &self.who);
        Ok(Untrusted::new(format!("{place} as {who}, for {org}")))
    }

    fn fetch(&self, query: &Query, progress: &dyn Fn(usize)) -> Result<Snapshot, FetchError> {
        let source = read::Source {
            api: self.api.until(query.deadline),
            teams: &self.teams,
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

    fn reads_both(&self) -> bool {
        true
    }

    fn look_at(&self, kind: EntryKind) -> String {
        let section = &self.name;
        let keys = match kind {
            EntryKind::Account => "`org`, `teams`",
            EntryKind::Group | EntryKind::LocalGroup => "`teams`",
        };
        format!(
            "look at {keys} and the credentials in [provider.{section}], and at what GitHub shows to {}",
            self.who
        )
    }
}
