//! What a run works with: every key checked and at its final value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::merge::{Places, Source, Texts, below, take_tables};
use super::{ConfigError, hooks, raw};
use crate::model::{absolute_path, shown};
use crate::plan::Limits;
use crate::policy::catalogue::{Catalogue, portal_url};
use crate::policy::hooks::HookRules;
use crate::policy::keys::KeyRules;
use crate::policy::overrides::Overrides;
use crate::policy::{AccountRules, DepartedRules, GroupRules, Misfit, Rules};
use crate::providers::fields;
use crate::providers::kind::{Need, ProviderConfig};
use crate::providers::registry::KINDS;
use crate::targets::files;

/// The configuration of a run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The provider to read.
    pub provider: ProviderSettings,
    /// The targets to bring in step, in order.
    pub targets: Vec<TargetSettings>,
    /// Where the ledger and the journal are, below `--root`.
    pub state_dir: PathBuf,
    /// The run lock's file, below `--root`.
    pub lock_file: PathBuf,
    /// How long the whole read may take.
    pub time_limit: Duration,
    /// Rules for accounts, groups and people who leave.
    pub rules: Rules,
    /// How much may be taken away.
    pub limits: Limits,
    /// What is done with groups at the provider.
    pub catalogue: Catalogue,
    /// Where descriptions of groups are.
    pub description_dir: Option<PathBuf>,
    /// Where policies of groups are.
    pub policy_dir: Option<PathBuf>,
    /// Which hooks run, and how.
    pub hooks: HookRules,
    /// For how many days the ledger remembers what runs changed; at least 1.
    pub history_days: u32,
}

/// One `[provider.NAME]`.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Its name.
    pub name: String,
    /// The word for its kind.
    pub kind: &'static str,
    /// Its keys.
    pub config: Arc<dyn ProviderConfig>,
    /// The files that they name.
    pub files: Vec<ProviderFile>,
    /// Where fields come from that it does not have.
    pub fields: Option<fields::Config>,
}

/// A file that a provider's section names.
#[derive(Clone, Debug)]
pub struct ProviderFile {
    /// What it is, such as `the provider's password`.
    pub what: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// What it must be like.
    pub need: Need,
}

/// One `[target.NAME]`.
#[derive(Clone, Debug)]
pub struct TargetSettings {
    /// Its name.
    pub name: String,
    /// Its keys.
    pub local: files::Config,
}

impl Settings {
    /// Reads a configuration. `provider` overrides `gosync.provider`; relative paths count from the directory of the
    /// file that was read last.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn new(sources: Vec<Source>, provider: Option<&str>) -> Result<Self, ConfigError> {
        let base = sources
            .last()
            .and_then(|s| s.path.parent())
            .map(Path::to_owned)
            .unwrap_or_default();
        let texts = Texts::new(sources);
        let mut table = texts.table()?;
        let places = Places::new(&texts, &table);
        let mut providers: BTreeMap<_, _> = take_tables(&mut table, "provider", &places)?
            .into_iter()
            .collect();
        let mut targets: BTreeMap<_, _> = take_tables(&mut table, "target", &places)?
            .into_iter()
            .collect();
        let overrides = overrides(take_tables(&mut table, "group", &places)?, &places)?;
        let gosync: raw::Gosync = section(&mut table, "gosync", &places)?;
        let accounts: AccountRules = section(&mut table, "accounts", &places)?;
        let mut groups: GroupRules = section(&mut table, "groups", &places)?;
        let catalogue: raw::Catalogue = section(&mut table, "catalogue", &places)?;
        let departed: DepartedRules = section(&mut table, "departed", &places)?;
        let limits = section(&mut table, "limits", &places)?;
        let hook_keys: hooks::Hooks = section(&mut table, "hooks", &places)?;
        let keys: KeyRules = section(&mut table, "keys", &places)?;
        if let Some((key, value)) = table.into_iter().next() {
            let reason = format!("there is no section `{}`", key.get_ref());
            return Err(places.error_at(value.span(), &reason));
        }
        // Every section is checked, not only the one that this run reads.
        let mut known = BTreeMap::new();
        for name in providers.keys().cloned().collect::<Vec<_>>() {
            if let Some(mut table) = providers.remove(&name) {
                let fields = field_sources(&mut table, &base, &places)?;
                let settings = provider_section(&name, table, &base, &places)?;
                known.insert(name, ProviderSettings { fields, ..settings });
            }
        }
        groups.overrides = overrides.clone();
        accounts
            .check(groups.gid_range)
            .and_then(|()| departed.check())
            .and_then(|()| keys.check())
            .map_err(|Misfit(key, reason)| places.key_error(key, &reason))?;
        if gosync.time_limit.secs() == 0 {
            return Err(places.key_error(
                "gosync.time_limit",
                "with 0s nothing could be read; it must be 1s or more",
            ));
        }
        let mut known_targets = BTreeMap::from([(
            "host".to_owned(),
            local("host", raw::LocalTarget::default(), &places)?,
        )]);
        for name in targets.keys().cloned().collect::<Vec<_>>() {
            if let Some(table) = targets.remove(&name) {
                let keys = target(&name, table, &places)?;
                known_targets.insert(name, keys);
            }
        }
        Ok(Self {
            provider: choose_provider(known, provider, gosync.provider.as_deref(), &places)?,
            targets: choose_targets(&known_targets, &gosync.targets, &places)?,
            state_dir: absolute("gosync.state_dir", &gosync.state_dir, &places)?.into(),
            lock_file: absolute("gosync.lock_file", &gosync.lock_file, &places)?.into(),
            time_limit: gosync.time_limit.into(),
            rules: Rules {
                accounts,
                groups,
                departed,
                keys,
            },
            description_dir: catalogue.description_dir.as_ref().map(|dir| base.join(dir)),
            policy_dir: catalogue.policy_dir.as_ref().map(|dir| base.join(dir)),
            catalogue: self::catalogue(catalogue, overrides),
            limits,
            hooks: hooks::rules(hook_keys)
                .map_err(|Misfit(key, reason)| places.key_error(key, &reason))?,
            history_days: match gosync.history_days {
                0 => {
                    return Err(places
                        .key_error("gosync.history_days", "it is a number of days, 1 at least"));
                }
                days => days,
            },
        })
    }
}

fn absolute(key: &str, text: &str, places: &Places<'_>) -> Result<String, ConfigError> {
    absolute_path::checked(text).map_err(|reason| places.key_error(key, &reason))
}

fn section<'a, T: Deserialize<'a> + Default>(
    table: &mut DeTable<'a>,
    key: &str,
    places: &Places<'_>,
) -> Result<T, ConfigError> {
    table
        .remove(key)
        .map_or_else(|| Ok(T::default()), |value| places.read(value))
}

/// Takes `kind` out of a section; the rest is for that kind's keys.
fn kind<'a>(
    mut table: Spanned<DeTable<'a>>,
    places: &Places<'_>,
) -> Result<(String, Spanned<DeValue<'a>>), ConfigError> {
    let span = table.span();
    let Some(kind) = table.get_mut().remove("kind") else {
        return Err(places.value_error(span, "`kind` is missing"));
    };
    let kind = places.read(kind)?;
    Ok((kind, Spanned::new(span, DeValue::Table(table.into_inner()))))
}

/// The section `[provider.NAME]`, without its `fields`.
fn provider_section(
    name: &str,
    table: Spanned<DeTable<'_>>,
    base: &Path,
    places: &Places<'_>,
) -> Result<ProviderSettings, ConfigError> {
    let (word, keys) = kind(table, places)?;
    let Some(kind) = KINDS.iter().find(|kind| kind.word == word) else {
        let words = KINDS.map(|kind| kind.word);
        let (last, others) = words.split_last().unwrap_or((&"none", &[]));
        let there = format!("{} and {last}", others.join(", "));
        let reason = format!("there is no provider of kind `{word}`; there are {there}");
        let key = below(&below("provider", name), "kind");
        return Err(places.key_error(&key, &reason));
    };
    let mut config = places.read_by(keys, kind.read)?;
    let mut files = Vec::new();
    for file in config.files() {
        *file.path = base.join(&file.path);
        files.push(ProviderFile {
            what: file.what,
            path: file.path.clone(),
            need: file.need,
        });
    }
    Ok(ProviderSettings {
        name: name.to_owned(),
        kind: kind.word,
        config: config.into(),
        files,
        fields: None,
    })
}

/// Takes `fields` out of a provider's section, whatever its kind is.
fn field_sources(
    table: &mut Spanned<DeTable<'_>>,
    base: &Path,
    places: &Places<'_>,
) -> Result<Option<fields::Config>, ConfigError> {
    let Some(value) = table.get_mut().remove("fields") else {
        return Ok(None);
    };
    let span = value.span();
    let mut config: fields::Config = places.read(value)?;
    if config.keys_url.is_none() && (config.keys_ca_file.is_some() || config.keys_proxy.is_some()) {
        return Err(places.value_error(
            span,
            "`keys_ca_file` and `keys_proxy` are for `keys_url`, which is not set",
        ));
    }
    for path in [
        &mut config.csv,
        &mut config.keys_dir,
        &mut config.keys_ca_file,
    ]
    .into_iter()
    .flatten()
    {
        *path = base.join(&path);
    }
    Ok(Some(config))
}

/// The section `[target.NAME]`.
fn target(
    name: &str,
    table: Spanned<DeTable<'_>>,
    places: &Places<'_>,
) -> Result<files::Config, ConfigError> {
    let (kind, keys) = kind(table, places)?;
    if kind == "local" {
        return local(name, places.read(keys)?, places);
    }
    let reason = format!("there is no target of kind `{kind}`; there is local");
    Err(places.key_error(&below(&below("target", name), "kind"), &reason))
}

fn local(
    name: &str,
    keys: raw::LocalTarget,
    places: &Places<'_>,
) -> Result<files::Config, ConfigError> {
    let section = below("target", name);
    let mode = u32::from_str_radix(&keys.home_mode, 8)
        .ok()
        .filter(|mode| *mode <= 0o777);
    Ok(files::Config {
        layout: match keys.database {
            raw::Database::Etc => &files::ETC,
            raw::Database::Extrausers => &files::EXTRAUSERS,
        },
        skel: absolute(&below(&section, "skel"), &keys.skel, places)?.into(),
        home_mode: mode.ok_or_else(|| {
            places.key_error(
                &below(&section, "home_mode"),
                "it is an octal number up to 0777, such as \"0700\"",
            )
        })?,
        lock_wait: keys.lock_wait.into(),
    })
}

/// The provider that is `asked` for, or else the one that the configuration has `set`.
fn choose_provider(
    mut known: BTreeMap<String, ProviderSettings>,
    asked: Option<&str>,
    set: Option<&str>,
    places: &Places<'_>,
) -> Result<ProviderSettings, ConfigError> {
    const KEY: &str = "gosync.provider";
    let name = match asked.or(set) {
        Some(name) => name.to_owned(),
        None if known.len() == 1 => known.keys().next().cloned().unwrap_or_default(),
        None => {
            let reason = "no provider is chosen; name one of the [provider.NAME] sections";
            return Err(places.key_error(KEY, reason));
        }
    };
    known.remove(&name).ok_or_else(|| {
        let reason = format!("there is no section [provider.{}]", shown(&name));
        match asked {
            // What was asked for does not stand in a file.
            Some(_) => ConfigError {
                place: KEY.to_owned(),
                reason,
            },
            None => places.key_error(KEY, &reason),
        }
    })
}

fn choose_targets(
    known: &BTreeMap<String, files::Config>,
    wanted: &[String],
    places: &Places<'_>,
) -> Result<Vec<TargetSettings>, ConfigError> {
    let refuse = |reason: &str| places.key_error("gosync.targets", reason);
    if wanted.is_empty() {
        return Err(refuse("no target is named"));
    }
    if wanted.len() > 1 {
        return Err(refuse("this host is the only target so far; name one"));
    }
    let find = |name: &String| match known.get(name) {
        Some(local) => Ok(TargetSettings {
            name: name.clone(),
            local: local.clone(),
        }),
        None => Err(refuse(&format!(
            "there is no section [target.{}]",
            shown(name)
        ))),
    };
    wanted.iter().map(find).collect()
}

/// The sections `[group.NAME]`.
fn overrides(
    tables: Vec<(String, Spanned<DeTable<'_>>)>,
    places: &Places<'_>,
) -> Result<Overrides, ConfigError> {
    let section = |(name, table): (String, Spanned<DeTable<'_>>)| -> Result<_, ConfigError> {
        let span = table.span();
        let section = places.read(Spanned::new(span, DeValue::Table(table.into_inner())))?;
        Ok((name, section))
    };
    tables
        .into_iter()
        .map(section)
        .collect::<Result<_, _>>()
        .map(Overrides::new)
}

fn catalogue(keys: raw::Catalogue, overrides: Overrides) -> Catalogue {
    Catalogue {
        filter: keys.filter,
        names: keys.names,
        base_url: match keys.portal {
            Some(url) if url.contains("://") => url,
            Some(host) => portal_url(&host),
            None => String::new(),
        },
        description: keys.description,
        admins: keys.admins,
        overrides,
    }
}
