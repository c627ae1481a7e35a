//! People and groups from a program that prints the directory document: adapters for everything that gosync does not speak
//! itself.
//!
//! The question is on the program's standard input; an adapter may ignore it and give all. Only exit code 0 and `"complete":
//! true` prove an answer. The program is trusted, run and watched as hooks are (`system::programs`, `system::child`), may be
//! somebody else than root, and what it says is foreign text. No file shows what it would answer, so each run asks it.

mod provider;
mod question;
mod settings;

use self::provider::CommandProvider;
use super::admin::GroupAdmin;
use super::document;
use super::kind::{AdminTerms, NamedFile, Need, OpenError, ProviderConfig, Starter, StarterKey};
use super::{FetchError, Provider};
use crate::model::Now;
use crate::model::remedy::KeyNames;
use crate::model::text::shell_word;

pub(crate) use self::settings::Config;

/// What a section needs at least.
pub(crate) const STARTER: Starter = Starter {
    name: "portal",
    keys: &[StarterKey::new(
        "command",
        "[\"/etc/gosync/providers/NAME\"]",
    )],
};

impl ProviderConfig for Config {
    fn files(&mut self) -> Vec<NamedFile<'_>> {
        vec![NamedFile {
            what: "the provider's command",
            path: &mut self.command.program,
            need: Need::Program,
        }]
    }

    fn open(&self, name: &str, now: &Now) -> Result<Box<dyn Provider>, OpenError> {
        let provider = CommandProvider::new(name, self, now);
        let provider = provider.map_err(|reason| OpenError::unfit(name, reason))?;
        Ok(Box::new(provider))
    }

    fn open_admin(&self, name: &str, _terms: AdminTerms) -> Result<Box<dyn GroupAdmin>, OpenError> {
        document::read_only(name, "command")
    }

    fn key_names(&self) -> KeyNames {
        KeyNames {
            place: "`command`",
            credentials: "`run_as`".to_owned(),
            base: "`command`",
            ..KeyNames::default()
        }
    }

    fn fix(&self, error: &FetchError, section: &str) -> String {
        let program = self.command.program.display().to_string();
        // A source of fields has a place of its own, which the error names.
        if error.place() != program {
            return format!("mend what is said there, or `fields` in {section}");
        }
        let by_hand = self.by_hand();
        match error {
            FetchError::Distrusted { .. } => format!(
                "do what is said there: `command` in {section} is run only if nobody else can change it"
            ),
            FetchError::RateLimited { .. } => {
                format!("the next run asks it again; by hand: {by_hand}")
            }
            FetchError::Malformed { .. } => format!(
                "{by_hand} | jq .   # shows where the document breaks off; gosync reads it whole or not at all"
            ),
            FetchError::Unreachable { .. } => {
                format!("ls -l {}   # `command` in {section}", shell_word(&program))
            }
            FetchError::Failing { .. } | FetchError::Unauthorised { .. } => {
                format!("{by_hand}   # `command` in {section}")
            }
        }
    }
}
