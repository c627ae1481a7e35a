//! What a run works with: every key checked and at its final value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::follow::Follow;
use super::gosync::Gosync;
use super::merge::{Places, Source, Texts};
use super::providers::{self, ProviderSettings};
use super::sections::{NamedSection, Sections};
use super::targets::{self, TargetSettings};
use crate::plan::Limits;
use crate::policy::catalogue::Catalogue;
use crate::policy::hooks::HookRules;
use crate::policy::overrides::Overrides;
use crate::policy::{GroupRules, Misfit, Rules};

/// The configuration of a run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The providers to read: one so far.
    pub providers: Vec<ProviderSettings>,
    /// All sections of providers, by name, those included that this run does not read.
    pub sections: BTreeMap<String, ProviderSettings>,
    /// The targets to bring in step, in order: one so far.
    pub targets: Vec<TargetSettings>,
    /// The frame of a run.
    pub gosync: Gosync,
    /// How `gosync follow` goes on.
    pub follow: Follow,
    /// Rules for accounts, groups and people who leave.
    pub rules: Rules,
    /// How much may be taken away.
    pub limits: Limits,
    /// What is done with groups at the provider.
    pub catalogue: Catalogue,
    /// Which hooks run, and how.
    pub hooks: HookRules,
    /// What relative paths count from.
    base: PathBuf,
}

impl Settings {
    /// Reads a configuration. `provider` overrides `gosync.provider`; relative paths count from the
    /// directory of the file that was read last.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn new(sources: Vec<Source>, provider: Option<&str>) -> Result<Self, ConfigError> {
        let last = sources.last().and_then(|source| source.path.parent());
        let base = last.map(Path::to_owned).unwrap_or_default();
        let texts = Texts::new(sources);
        let table = texts.table()?;
        let places = Places::new(&texts, &table);
        places.no_placeholders()?;
        let mut sections = Sections::new(table, &places);
        let providers = sections.named("provider")?;
        let targets = sections.named("target")?;
        let overrides = overrides(sections.named("group")?, &places)?;
        let gosync: Gosync = sections.one("gosync")?;
        let follow: Follow = sections.one("follow")?;
        let rules = Rules {
            accounts: sections.one("accounts")?,
            groups: GroupRules {
                overrides: overrides.clone(),
                ..sections.one("groups")?
            },
            departed: sections.one("departed")?,
            keys: sections.one("keys")?,
        };
        let catalogue = Catalogue {
            overrides,
            ..sections.one("catalogue")?
        };
        let limits = sections.one("limits")?;
        let hooks: HookRules = sections.one("hooks")?;
        sections.end()?;
        let known = providers::read(providers, &base, &places)?;
        let known_targets = targets::read(targets, &places)?;
        check((&gosync, &follow), &rules, &hooks).map_err(|misfit| places.misfit(&misfit))?;
        Ok(Self {
            sections: known.clone(),
            providers: providers::choose(known, provider, gosync.provider.as_deref(), &places)?,
            targets: targets::choose(&known_targets, &gosync.targets, &places)?,
            gosync,
            follow,
            rules,
            limits,
            catalogue,
            hooks,
            base,
        })
    }

    /// The provider to read, where one is meant.
    ///
    /// # Errors
    /// When there are several.
    pub fn provider(&self) -> Result<&ProviderSettings, ConfigError> {
        match self.providers.as_slice() {
            [provider] => Ok(provider),
            _ => Err(ConfigError {
                place: "gosync.provider".to_owned(),
                reason: "exactly one provider can be read so far".to_owned(),
            }),
        }
    }

    /// Where descriptions of groups are.
    pub fn description_dir(&self) -> Option<PathBuf> {
        let dir = self.catalogue.description_dir.as_ref();
        dir.map(|dir| self.base.join(dir))
    }

    /// Where policies of groups are.
    pub fn policy_dir(&self) -> Option<PathBuf> {
        let dir = self.catalogue.policy_dir.as_ref();
        dir.map(|dir| self.base.join(dir))
    }
}

/// Whether the keys that are read one by one fit together.
fn check(
    (gosync, follow): (&Gosync, &Follow),
    rules: &Rules,
    hooks: &HookRules,
) -> Result<(), Misfit> {
    rules.accounts.check(rules.groups.gid_range)?;
    rules.departed.check()?;
    rules.keys.check()?;
    gosync.check()?;
    follow.check()?;
    hooks.check()
}

/// The sections `[group.NAME]`.
fn overrides(
    sections: Vec<NamedSection<'_>>,
    places: &Places<'_>,
) -> Result<Overrides, ConfigError> {
    let section = |section: NamedSection<'_>| {
        Ok::<_, ConfigError>((section.name.clone(), places.read(section.value())?))
    };
    sections
        .into_iter()
        .map(section)
        .collect::<Result<_, _>>()
        .map(Overrides::new)
}
