//! What a run works with: every key checked and at its final value.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::follow::Follow;
use super::gosync::Gosync;
use super::merge::{Places, Source, Texts};
use super::metrics::Metrics;
use super::providers::{self, ProviderSettings};
use super::sections::{NamedSection, Sections};
use super::targets::{self, TargetSettings};
use crate::model::first_names;
use crate::plan::Limits;
use crate::policy::catalogue::Catalogue;
use crate::policy::hooks::HookRules;
use crate::policy::join::JoinRules;
use crate::policy::overrides::Overrides;
use crate::policy::writers::{Writers, Writing};
use crate::policy::{GroupRules, Misfit, Rules};
use crate::targets::derived::Derived;
use crate::targets::kind::{Keys, TargetConfig};

/// The configuration of a run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The providers to read, in the order of precedence.
    pub providers: Vec<ProviderSettings>,
    /// Those that would be read if they were active.
    pub inactive: Vec<String>,
    /// Whether this host has people of several providers, though one run may read one of them.
    pub are_several: bool,
    /// All sections of providers, by name, those included that this run does not read.
    pub sections: BTreeMap<String, ProviderSettings>,
    /// The targets to bring in step, in order: one host, and what is made of it.
    pub targets: Vec<TargetSettings>,
    /// The frame of a run.
    pub gosync: Gosync,
    /// How `gosync follow` goes on.
    pub follow: Follow,
    /// What is left for monitoring to read.
    pub metrics: Metrics,
    /// Rules for accounts, groups and people who leave.
    pub rules: Rules,
    /// How much may be taken away.
    pub limits: Limits,
    /// By what people of several providers are the same person.
    pub join: JoinRules,
    /// What is done with groups at the provider.
    pub catalogue: Catalogue,
    /// Which hooks run, and how.
    pub hooks: HookRules,
    /// Which admin hosts give out numbers, and from which ranges.
    pub writers: Writers,
    /// Which of them this host is; see [`Settings::write_as`].
    pub writing: Writing,
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
        let metrics = sections.one("metrics")?;
        let rules = rules(&mut sections, &overrides)?;
        let catalogue = Catalogue {
            overrides,
            ..sections.one("catalogue")?
        };
        let join: JoinRules = sections.one("join")?;
        let limits = sections.one("limits")?;
        let hooks: HookRules = sections.one("hooks")?;
        let writers: Writers = sections.one("writers")?;
        sections.end()?;
        let known = providers::read(providers, &base, &places)?;
        let known_targets = targets::read(targets, &base, &places)?;
        check((&gosync, &follow), &rules, &hooks)
            .and_then(|()| join.check(gosync.providers.len()))
            .map_err(|misfit| places.misfit(&misfit))?;
        writers
            .check(&rules)
            .map_err(|misfit| places.misfit(&misfit))?;
        let chosen = providers::choose(&known, provider, &gosync, &places)?;
        let all = Self {
            sections: known,
            providers: chosen.active,
            inactive: chosen.inactive,
            are_several: chosen.are_several,
            targets: targets::choose(&known_targets, &gosync, &places)?,
            gosync,
            follow,
            metrics,
            rules,
            join,
            limits,
            catalogue,
            hooks,
            writers,
            writing: Writing::Alone,
            base,
        };
        Ok(match all.providers.as_slice() {
            [only] => all.of(only),
            _ => all,
        })
    }

    /// The provider to read, where one is meant.
    ///
    /// # Errors
    /// When there are several, or none is active.
    pub fn provider(&self) -> Result<&ProviderSettings, ConfigError> {
        let reason = match self.providers.as_slice() {
            [provider] => return Ok(provider),
            [] => format!("none is active: {}", self.inactive.join(", ")),
            several => {
                let names = first_names(several.iter().map(|it| it.name.as_str()), 5);
                format!("this is for one provider, and {names} are read here; choose one with -u")
            }
        };
        Err(ConfigError {
            place: "gosync.providers".to_owned(),
            reason,
        })
    }

    /// The names of the providers, those that are read first.
    pub fn provider_names(&self) -> impl Iterator<Item = &str> {
        let inactive = self.inactive.iter().map(String::as_str);
        let active = self.providers.iter().map(|it| it.name.as_str());
        active.chain(inactive)
    }

    /// From which provider the ledger is seen where none is read: the first one.
    pub fn first_provider(&self) -> &str {
        self.provider_names().next().unwrap_or_default()
    }

    /// The same for one provider alone, with its own rules.
    #[must_use]
    pub fn of(&self, provider: &ProviderSettings) -> Self {
        let mut own = self.clone();
        if let Some(group) = &provider.top_group {
            let group = Some(group.clone()).filter(|group| !group.is_empty());
            own.rules.accounts.top_group = group;
        }
        own.providers = vec![provider.clone()];
        own
    }

    /// Has every provider give accounts to the members of this group.
    pub fn set_top_group(&mut self, group: &str) {
        self.rules.accounts.top_group = Some(group.to_owned());
        let sections = self.sections.values_mut().chain(&mut self.providers);
        sections.for_each(|provider| provider.top_group = None);
    }

    /// Which of `[writers]` this host is: then new numbers come from its ranges. `asked`: what the command line says; `host`: the
    /// name of this host.
    ///
    /// # Errors
    /// When the one that was asked for is none of them.
    pub fn write_as(&mut self, asked: Option<&str>, host: &str) -> Result<(), ConfigError> {
        let writing = self.writers.which(asked, host);
        self.writing = writing.map_err(|reason| ConfigError {
            place: "writers".to_owned(),
            reason,
        })?;
        if let Writing::As(name) = &self.writing
            && let Some(ranges) = self.writers.of(name)
        {
            self.rules.give_out(ranges);
        }
        Ok(())
    }

    /// The target where accounts and groups live.
    ///
    /// # Errors
    /// When there is none, which no configuration says.
    pub fn host_target(&self) -> Result<(&str, &dyn TargetConfig), ConfigError> {
        let host = self.targets.iter().find_map(|target| match &target.keys {
            Keys::Host(config) => Some((target.name.as_str(), config.as_ref())),
            Keys::Derived(_) => None,
        });
        host.ok_or_else(|| ConfigError {
            place: "gosync.targets".to_owned(),
            reason: "none of them is a host".to_owned(),
        })
    }

    /// The attributes of people that targets show: the ledger keeps them.
    pub fn kept_attributes(&self) -> BTreeSet<String> {
        let shown = self.derived_targets();
        shown
            .flat_map(|(_, target)| target.attributes())
            .map(str::to_owned)
            .collect()
    }

    /// The targets that are made of what the host has.
    pub fn derived_targets(&self) -> impl Iterator<Item = (&str, &dyn Derived)> {
        self.targets.iter().filter_map(|target| match &target.keys {
            Keys::Derived(config) => Some((target.name.as_str(), config.as_ref())),
            Keys::Host(_) => None,
        })
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

/// The sections that say what becomes of people and groups.
fn rules(sections: &mut Sections<'_, '_>, overrides: &Overrides) -> Result<Rules, ConfigError> {
    Ok(Rules {
        accounts: sections.one("accounts")?,
        groups: GroupRules {
            overrides: overrides.clone(),
            ..sections.one("groups")?
        },
        departed: sections.one("departed")?,
        keys: sections.one("keys")?,
    })
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
