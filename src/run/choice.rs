//! Which of the targets a command brings in step: all of them, or those that `--target` names.

use std::collections::BTreeSet;

use crate::config::{Settings, likely};
use crate::error::{Error, Result};
use crate::model::{first_names, shown};
use crate::targets::derived::Mode;

/// How many names a message has.
const SHOWN: usize = 10;

/// Which targets are brought in step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum TargetChoice {
    /// All.
    #[default]
    All,
    /// These: they are looked at though nothing seems to have moved.
    Named(BTreeSet<String>),
}

/// How targets that are made of what the host has are brought in step.
#[derive(Clone, Copy)]
pub(super) struct How<'a> {
    /// What an administrator lets through.
    pub(super) approved: Option<&'a str>,
    /// Which of them.
    pub(super) choice: &'a TargetChoice,
    /// Whether all are looked at, though nothing seems to have moved.
    pub(super) full: bool,
    /// Whether anything is written.
    pub(super) mode: Mode,
}

impl TargetChoice {
    /// Those that are named; all, if none is.
    ///
    /// # Errors
    /// When there is no target of such a name.
    pub(crate) fn of(names: &[String], settings: &Settings) -> Result<Self> {
        if names.is_empty() {
            return Ok(Self::All);
        }
        let known: Vec<&str> = settings.targets.iter().map(|it| it.name.as_str()).collect();
        match names.iter().find(|name| !known.contains(&name.as_str())) {
            Some(unknown) => Err(self::unknown(unknown, &known)),
            None => Ok(Self::Named(names.iter().cloned().collect())),
        }
    }

    /// Whether this target is brought in step.
    pub(crate) fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(name),
        }
    }

    /// Whether the host is.
    pub(crate) fn has_host(&self, settings: &Settings) -> bool {
        let host = settings.host_target();
        host.map_or(true, |(name, _)| self.has(name))
    }

    /// Whether some are named.
    pub(crate) fn is_named(&self) -> bool {
        *self != Self::All
    }
}

fn unknown(name: &str, known: &[&str]) -> Error {
    let meant = likely(name, known.iter().copied());
    let meant = meant.map_or_else(String::new, |word| {
        format!("; did you mean `{}`?", shown(word))
    });
    let known = first_names(known.iter().copied(), SHOWN);
    Error::usage(format!(
        "--target: `targets` in [gosync] has no `{}`{meant}",
        shown(name)
    ))
    .hint(format!("There are: {known}"))
}
