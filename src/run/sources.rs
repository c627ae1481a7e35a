//! Which provider a run is for, and how it is opened, with its secrets and authorities from their files.

use std::path::PathBuf;
use std::rc::Rc;

use super::env::Env;
use super::last_runs::LastRuns;
use crate::config::{ConfigError, ProviderSettings};
use crate::error::{Error, Kind, Result};
use crate::model::shown;
use crate::providers::Provider;
use crate::providers::admin::GroupAdmin;
use crate::providers::fields;
use crate::providers::kind::{AdminTerms, OpenError, Section};
use crate::system::clock;
use crate::system::tls::Trusted;

impl Env {
    /// A run for each provider, in the order of precedence: each is read by itself, with its own proof of completeness and its own limits,
    /// so that one that fails holds up nobody of the others.
    pub(crate) fn of_each_provider(&self) -> Vec<Self> {
        let providers = self.settings.providers.iter();
        let of = |provider| self.of_provider(provider);
        providers.map(of).collect()
    }

    /// The same for one provider alone.
    pub(crate) fn of_provider(&self, provider: &ProviderSettings) -> Self {
        let is_opened = |opened: &&Rc<dyn Provider>| opened.name() == provider.name;
        Self {
            settings: self.settings.of(provider),
            providers: self.providers.iter().filter(is_opened).cloned().collect(),
            ..self.clone()
        }
    }

    /// What a task of this run is called where those of several providers are told apart.
    pub(crate) fn title(&self, command: &str) -> String {
        match self.own_provider() {
            Some(name) => format!("{command} ({})", shown(name)),
            None => command.to_owned(),
        }
    }

    /// What is typed for a task of this run alone.
    pub(crate) fn typed(&self, command: &str) -> String {
        match self.own_provider() {
            Some(name) => LastRuns::key(command, name),
            None => command.to_owned(),
        }
    }

    /// Which of several providers it is for; `None`: there is one, or it is for all.
    pub(crate) fn own_provider(&self) -> Option<&str> {
        match self.settings.providers.as_slice() {
            [one] if self.settings.are_several => Some(&one.name),
            _ => None,
        }
    }

    /// The provider of this run.
    pub fn provider(&self) -> Result<Box<dyn Provider>> {
        let provider = self.bare()?;
        // What is wrong with them is wrong with the provider.
        self.field_sources()?;
        Ok(provider)
    }

    /// The field sources that are configured for it.
    pub(crate) fn field_sources(&self) -> Result<Option<fields::Sources>> {
        let ProviderSettings { name, fields, .. } = self.settings.provider()?;
        let Some(config) = fields else {
            return Ok(None);
        };
        let section = format!("{name}.fields");
        let read = |key, path: &Option<PathBuf>| Section(&section).trusted(key, path.as_deref());
        let authorities = read("keys_ca_file", &config.keys_ca_file)?;
        let certificate = read("keys_server_certificate", &config.keys_server_certificate)?;
        Trusted::new(authorities, certificate)
            .map_err(|why| format!("keys_server_certificate: {why}"))
            .and_then(|trusted| fields::Sources::new(config, trusted))
            .map(Some)
            .map_err(|e| Error::usage(format!("[provider.{name}.fields]: {e}")))
    }

    pub(crate) fn bare(&self) -> Result<Box<dyn Provider>> {
        let provider = self.settings.provider()?;
        if !provider.is_active {
            let message = format!("[provider.{}] is not active", shown(&provider.name));
            return Err(
                Error::usage(message).hint("Nobody asks it; `active = true` there changes that")
            );
        }
        Ok(provider.config.open(&provider.name, &self.now)?)
    }

    /// A provider whose groups can be changed, for the time limit of a run.
    pub fn group_admin(&self) -> Result<Box<dyn GroupAdmin>> {
        let provider = self.settings.provider()?;
        let terms = AdminTerms {
            gids: self.settings.rules.groups.gid_range,
            deadline: clock::deadline(self.settings.gosync.time_limit),
            now: self.now.clone(),
        };
        Ok(provider.config.open_admin(&provider.name, terms)?)
    }
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Fetch(error) => Error::new(Kind::Source, error),
            OpenError::File { key, .. } => Error::usage(&error).hint(format!(
                "Put the file there, as it must be, or mend `{key}`"
            )),
            error => Error::usage(error),
        }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Error::usage(error)
    }
}
