//! Opens the provider of a run, with its secrets and authorities from their files.

use std::path::Path;

use secrecy::SecretString;

use super::env::Env;
use crate::config::ProviderKind;
use crate::error::{Error, Kind, Result};
use crate::providers::admin::GroupAdmin;
use crate::providers::fields::WithFields;
use crate::providers::file::FileProvider;
use crate::providers::globus::{self, Globus};
use crate::providers::ldap::{self, Ldap};
use crate::providers::scim::{self, Scim};
use crate::providers::{FetchError, Provider};
use crate::system::clock;
use crate::system::files::{self, Trust};

impl Env {
    /// The provider of this run, with the field sources that are configured for it.
    pub fn provider(&self) -> Result<Box<dyn Provider>> {
        let provider = self.bare()?;
        let Some(config) = &self.settings.provider.fields else {
            return Ok(provider);
        };
        let section = format!("[provider.{}.fields]", provider.name());
        let provider = WithFields::new(
            provider,
            config,
            authorities(config.keys_ca_file.as_deref())?,
        );
        Ok(Box::new(
            provider.map_err(|e| Error::usage(format!("{section}: {e}")))?,
        ))
    }

    fn bare(&self) -> Result<Box<dyn Provider>> {
        let name = &self.settings.provider.name;
        Ok(match &self.settings.provider.kind {
            ProviderKind::File(path) => Box::new(FileProvider::new(name, path.clone())),
            ProviderKind::Ldap(config) => Box::new(self.ldap(config)?),
            ProviderKind::Scim(config) => Box::new(self.scim(config)?),
            ProviderKind::Globus(config) => Box::new(self.globus(config)?),
        })
    }

    /// A provider whose groups can be changed, for the time limit of a run.
    pub fn group_admin(&self) -> Result<Box<dyn GroupAdmin>> {
        let name = &self.settings.provider.name;
        let deadline = clock::deadline(self.settings.time_limit);
        let source = |e: FetchError| Error::new(Kind::Source, e);
        Ok(match &self.settings.provider.kind {
            ProviderKind::File(path) => Box::new(FileProvider::new(name, path.clone())),
            ProviderKind::Ldap(config) => Box::new(
                self.ldap(config)?
                    .admin(self.settings.rules.groups.gid_range, deadline),
            ),
            ProviderKind::Scim(config) => {
                Box::new(self.scim(config)?.admin(deadline).map_err(source)?)
            }
            ProviderKind::Globus(config) => Box::new(self.globus(config)?.admin(deadline)),
        })
    }

    fn ldap(&self, config: &ldap::Config) -> Result<Ldap> {
        let password = secret(config.password_file.as_deref())?;
        let authorities = authorities(config.ca_file.as_deref())?;
        let name = &self.settings.provider.name;
        Ldap::new(name, config, password, authorities, self.now).map_err(|e| self.unfit(&e))
    }

    fn scim(&self, config: &scim::Config) -> Result<Scim> {
        let secrets = scim::Secrets {
            token: secret(config.token_file.as_deref())?,
            client_secret: secret(config.client_secret_file.as_deref())?,
            ca_pem: authorities(config.ca_file.as_deref())?,
        };
        Scim::new(&self.settings.provider.name, config, secrets).map_err(|e| self.unfit(&e))
    }

    fn globus(&self, config: &globus::Config) -> Result<Globus> {
        let secrets = globus::Secrets {
            client_secret: secret(Some(&config.client_secret_file))?,
            ca_pem: authorities(config.ca_file.as_deref())?,
        };
        let mapping = config
            .identity_mapping
            .as_ref()
            .map(|path| files::read_trusted(path, Trust::Config));
        let mapping = mapping.transpose().map_err(Error::usage)?;
        Globus::new(
            &self.settings.provider.name,
            config,
            secrets,
            mapping.as_deref(),
        )
        .map_err(|e| self.unfit(&e))
    }

    fn unfit(&self, reason: &str) -> Error {
        Error::usage(format!(
            "[provider.{}]: {reason}",
            self.settings.provider.name
        ))
    }
}

/// The first line of a file that others may not read.
fn secret(path: Option<&Path>) -> Result<Option<SecretString>> {
    let Some(path) = path else { return Ok(None) };
    let bytes = files::read_trusted(path, Trust::Secret).map_err(Error::usage)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Error::usage(format!("{} is not UTF-8", path.display())))?;
    Ok(Some(SecretString::from(
        text.lines().next().unwrap_or_default(),
    )))
}

/// Authorities in PEM, from a file that others may not write.
fn authorities(path: Option<&Path>) -> Result<Option<Vec<u8>>> {
    path.map(|path| files::read_trusted(path, Trust::Config))
        .transpose()
        .map_err(Error::usage)
}
