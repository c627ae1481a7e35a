//! People and groups from a directory document on a web server: RFC 9110.
//!
//! The rules of `http` hold for the way there, those of `document` for what comes. Only a document that says `"complete":
//! true` counts as whole: what a server sends when it is half out of order may look like one. Where nothing has changed since
//! a run that had nothing to do, the server answers 304, or sends what says the same.

mod known;
mod provider;
mod settings;

use super::admin::GroupAdmin;
use super::document;
use super::kind::{
    AdminTerms, NamedFile, Need, OpenError, ProviderConfig, Section, Starter, StarterKey, usual_fix,
};
use super::{FetchError, Provider};
use crate::model::Now;
use crate::model::remedy::KeyNames;

pub use self::provider::HttpDocument;
pub use self::settings::Config;

/// What a section needs at least.
pub(crate) const STARTER: Starter = Starter {
    name: "hub",
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
        let signers = NamedFile::optional("the allowed signers", &mut self.verify, Need::Trusted);
        [token, secret, ca, own, signers]
            .into_iter()
            .flatten()
            .collect()
    }

    fn check(&self) -> Result<(), String> {
        self.access().check()
    }

    fn open(&self, name: &str, now: &Now) -> Result<Box<dyn Provider>, OpenError> {
        let secrets = self.access().secrets(Section(name))?;
        let provider = HttpDocument::new(name, self, secrets, now);
        let provider = provider.map_err(|reason| OpenError::unfit(name, reason))?;
        Ok(Box::new(provider))
    }

    fn open_admin(&self, name: &str, _terms: AdminTerms) -> Result<Box<dyn GroupAdmin>, OpenError> {
        document::read_only(name, "http")
    }

    fn key_names(&self) -> KeyNames {
        self.access().key_names()
    }

    fn fix(&self, error: &FetchError, section: &str) -> String {
        match error {
            FetchError::Malformed { .. } if error.remedy().is_none() => format!(
                "check that `url` in {section} leads to the document, and look at what writes it; gosync reads it whole or \
                 not at all"
            ),
            _ => usual_fix(error, &self.key_names(), section),
        }
    }
}
