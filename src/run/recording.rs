//! What providers said, in a file: `gosync record` keeps it, and `gosync replay` plans from it.
//!
//! Holds no secrets of the configuration: nothing but what was read. Texts are as the provider has them; whoever reads the file
//! takes them for untrusted again. What a [`Snapshot`] loses in it is what is only told while it is read.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::env::{Asked, Env};
use super::hidden::Hidden;
use super::watch::Watch;
use crate::error::{Error, Result};
use crate::model::{Now, Snapshot, shown};
use crate::plan::saved::Read;
use crate::providers::Scope;
use crate::providers::recorded::Recorded;

/// The version of the file's form.
const VERSION: u32 = 1;

/// The file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recording {
    /// [`VERSION`]
    gosync_recording: u32,
    /// The version of the program that has written it.
    program: String,
    /// When the providers were read, in seconds since 1970.
    read_at: i64,
    /// Whether other names stand in the place of people's.
    names_hidden: bool,
    /// In the order of precedence.
    providers: Vec<Said>,
}

/// What one of them said.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    /// The name of its section.
    name: String,
    /// Its kind.
    kind: String,
    /// All of it.
    read: Read,
}

impl Recording {
    /// Reads all of each provider. `hide`: other names stand in the place of people's.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(crate) fn of(env: &Env, hide: bool, watch: &mut dyn Watch) -> Result<Self> {
        let mut hidden = hide.then(Hidden::default);
        let mut providers = Vec::new();
        for env in env.of_each_provider() {
            let mut snapshot = env.fetch(Asked::all(Scope::Both), watch)?;
            if let Some(hidden) = &mut hidden {
                hidden.hide(&mut snapshot);
            }
            let section = env.settings.provider()?;
            providers.push(Said {
                name: section.name.clone(),
                kind: section.kind.to_owned(),
                read: Read::from(&snapshot),
            });
        }
        Ok(Self {
            gosync_recording: VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            read_at: env.now.seconds(),
            names_hidden: hide,
            providers,
        })
    }

    /// How many people and groups it has.
    pub(crate) fn figures(&self) -> (usize, usize) {
        let of = |said: &Said| {
            let Snapshot { directory, .. } = Snapshot::from(&said.read);
            (directory.users.len(), directory.groups.len())
        };
        let each = self.providers.iter().map(of);
        each.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    }

    /// What stands in the file.
    pub(crate) fn text(&self) -> String {
        // It is plain data, which always serializes.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// What a file says.
    ///
    /// # Errors
    /// Why it is no recording that can be read.
    pub(crate) fn parse(bytes: &[u8]) -> std::result::Result<Self, String> {
        #[derive(Deserialize)]
        struct Form {
            gosync_recording: u32,
        }
        let unreadable = |e: serde_json::Error| {
            format!("it is no recording of gosync's: {}", shown(&e.to_string()))
        };
        let Form {
            gosync_recording: found,
        } = serde_json::from_slice(bytes).map_err(unreadable)?;
        match found {
            VERSION => serde_json::from_slice(bytes).map_err(unreadable),
            _ => Err(format!(
                "it is a recording of the form {found}, and this gosync knows {VERSION}"
            )),
        }
    }

    /// The same run at the time of the recording, with its providers in the place of those that the configuration names.
    ///
    /// # Errors
    /// When the configuration has no section for one of them.
    pub(crate) fn env(&self, env: &Env) -> Result<Env> {
        let mut settings = env.settings.clone();
        settings.providers.clear();
        for said in &self.providers {
            let section = env.settings.sections.get(&said.name).ok_or_else(|| {
                let name = shown(&said.name);
                Error::usage(format!(
                    "the recording is of a provider `{name}`, and the configuration has no section [provider.{name}]"
                ))
            })?;
            let mut section = section.clone();
            // They were asked when it was recorded.
            section.fields = None;
            section.is_active = true;
            settings.providers.push(section);
        }
        settings.are_several = settings.providers.len() > 1;
        let recorded = self
            .providers
            .iter()
            .map(|said| Rc::new(Recorded::new(&said.name, Snapshot::from(&said.read))) as Rc<_>);
        Ok(Env {
            settings,
            now: Now::new(self.read_at),
            providers: recorded.collect(),
            ..env.clone()
        })
    }
}
