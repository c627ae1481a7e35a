//! What a run works with: every key checked and at its final value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::merge::{Source, Texts, take_tables};
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
        let mut providers: BTreeMap<_, _> = take_tables(&mut table, "provider", &texts)?
            .into_iter()
            .collect();
        let mut targets: BTreeMap<_, _> = take_tables(&mut table, "target", &texts)?
            .into_iter()
            .collect();
        let overrides = overrides(take_tables(&mut table, "group", &texts)?, &texts)?;
        let gosync: raw::Gosync = section(&mut table, "gosync", &texts)?;
        let accounts: AccountRules = section(&mut table, "accounts", &texts)?;
        let mut groups: GroupRules = section(&mut table, "groups", &texts)?;
        let catalogue: raw::Catalogue = section(&mut table, "catalogue", &texts)?;
        let departed: DepartedRules = section(&mut table, "departed", &texts)?;
        let limits = section(&mut table, "limits", &texts)?;
        let hook_keys: hooks::Hooks = section(&mut table, "hooks", &texts)?;
        let keys: KeyRules = section(&mut table, "keys", &texts)?;
        if let Some((key, value)) = table.into_iter().next() {
            return Err(texts.error(
                Some(value.span()),
                &format!("there is no section `{}`", key.get_ref()),
            ));
        }
        // Every section is checked, not only the one that this run reads.
        let mut known = BTreeMap::new();
        for name in providers.keys().cloned().collect::<Vec<_>>() {
            if let Some(mut table) = providers.remove(&name) {
                let fields = field_sources(&mut table, &base, &texts)?;
                let settings = provider_section(&name, table, &base, &texts)?;
                known.insert(name, ProviderSettings { fields, ..settings });
            }
        }
        groups.overrides = overrides.clone();
        accounts
            .check(groups.gid_range)
            .and_then(|()| departed.check())
            .and_then(|()| keys.check())
            .map_err(|Misfit(key, reason)| invalid(key, reason))?;
        if gosync.time_limit.secs() == 0 {
            return Err(invalid(
                "gosync.time_limit",
                "with 0s nothing could be read; it must be 1s or more",
            ));
        }
        let mut known_targets =
            BTreeMap::from([("host".to_owned(), local(raw::LocalTarget::default())?)]);
        for name in targets.keys().cloned().collect::<Vec<_>>() {
            if let Some(table) = targets.remove(&name) {
                known_targets.insert(name, target(table, &texts)?);
            }
        }
        Ok(Self {
            provider: choose_provider(known, provider.or(gosync.provider.as_deref()))?,
            targets: choose_targets(&known_targets, &gosync.targets)?,
            state_dir: absolute("gosync.state_dir", &gosync.state_dir)?.into(),
            lock_file: absolute("gosync.lock_file", &gosync.lock_file)?.into(),
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
            hooks: hooks::rules(hook_keys)?,
            history_days: match gosync.history_days {
                0 => {
                    return Err(invalid(
                        "gosync.history_days",
                        "it is a number of days, 1 at least",
                    ));
                }
                days => days,
            },
        })
    }
}

fn invalid(place: &str, reason: impl Into<String>) -> ConfigError {
    ConfigError {
        place: place.to_owned(),
        reason: reason.into(),
    }
}

fn absolute(key: &str, text: &str) -> Result<String, ConfigError> {
    absolute_path::checked(text).map_err(|reason| invalid(key, reason))
}

fn section<'a, T: Deserialize<'a> + Default>(
    table: &mut DeTable<'a>,
    key: &str,
    texts: &Texts,
) -> Result<T, ConfigError> {
    table
        .remove(key)
        .map_or_else(|| Ok(T::default()), |value| texts.read(value))
}

/// Takes `kind` out of a section; the rest is for that kind's keys.
fn kind<'a>(
    mut table: Spanned<DeTable<'a>>,
    texts: &Texts,
) -> Result<(String, Spanned<DeValue<'a>>), ConfigError> {
    let span = table.span();
    let Some(kind) = table.get_mut().remove("kind") else {
        return Err(texts.error(Some(span), "`kind` is missing"));
    };
    let kind = texts.read(kind)?;
    Ok((kind, Spanned::new(span, DeValue::Table(table.into_inner()))))
}

/// The section `[provider.NAME]`, without its `fields`.
fn provider_section(
    name: &str,
    table: Spanned<DeTable<'_>>,
    base: &Path,
    texts: &Texts,
) -> Result<ProviderSettings, ConfigError> {
    let span = table.span();
    let (word, keys) = kind(table, texts)?;
    let Some(kind) = KINDS.iter().find(|kind| kind.word == word) else {
        let words = KINDS.map(|kind| kind.word);
        let (last, others) = words.split_last().unwrap_or((&"none", &[]));
        let there = format!("{} and {last}", others.join(", "));
        let reason = format!("there is no provider of kind `{word}`; there are {there}");
        return Err(texts.error(Some(span), &reason));
    };
    let mut config = texts.read_by(keys, kind.read)?;
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
    texts: &Texts,
) -> Result<Option<fields::Config>, ConfigError> {
    let Some(value) = table.get_mut().remove("fields") else {
        return Ok(None);
    };
    let span = value.span();
    let mut config: fields::Config = texts.read(value)?;
    if config.keys_url.is_none() && (config.keys_ca_file.is_some() || config.keys_proxy.is_some()) {
        return Err(texts.error(
            Some(span),
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

fn target(table: Spanned<DeTable<'_>>, texts: &Texts) -> Result<files::Config, ConfigError> {
    let span = table.span();
    let (kind, keys) = kind(table, texts)?;
    match kind.as_str() {
        "local" => local(texts.read(keys)?),
        other => Err(texts.error(
            Some(span),
            &format!("there is no target of kind `{other}`; there is local"),
        )),
    }
}

fn local(keys: raw::LocalTarget) -> Result<files::Config, ConfigError> {
    let mode = u32::from_str_radix(&keys.home_mode, 8)
        .ok()
        .filter(|mode| *mode <= 0o777);
    Ok(files::Config {
        layout: match keys.database {
            raw::Database::Etc => &files::ETC,
            raw::Database::Extrausers => &files::EXTRAUSERS,
        },
        skel: absolute("target.skel", &keys.skel)?.into(),
        home_mode: mode.ok_or_else(|| {
            invalid(
                "target.home_mode",
                "it is an octal number up to 0777, such as \"0700\"",
            )
        })?,
        lock_wait: keys.lock_wait.into(),
    })
}

fn choose_provider(
    mut known: BTreeMap<String, ProviderSettings>,
    wanted: Option<&str>,
) -> Result<ProviderSettings, ConfigError> {
    let name = match wanted {
        Some(name) => name.to_owned(),
        None if known.len() == 1 => known.keys().next().cloned().unwrap_or_default(),
        None => {
            return Err(invalid(
                "gosync.provider",
                "no provider is chosen; name one of the [provider.NAME] sections",
            ));
        }
    };
    known.remove(&name).ok_or_else(|| {
        let reason = format!("there is no section [provider.{}]", shown(&name));
        invalid("gosync.provider", reason)
    })
}

fn choose_targets(
    known: &BTreeMap<String, files::Config>,
    wanted: &[String],
) -> Result<Vec<TargetSettings>, ConfigError> {
    if wanted.is_empty() {
        return Err(invalid("gosync.targets", "no target is named"));
    }
    if wanted.len() > 1 {
        return Err(invalid(
            "gosync.targets",
            "this host is the only target so far; name one",
        ));
    }
    let find = |name: &String| match known.get(name) {
        Some(local) => Ok(TargetSettings {
            name: name.clone(),
            local: local.clone(),
        }),
        None => Err(invalid(
            "gosync.targets",
            format!("there is no section [target.{}]", shown(name)),
        )),
    };
    wanted.iter().map(find).collect()
}

/// The sections `[group.NAME]`.
fn overrides(
    tables: Vec<(String, Spanned<DeTable<'_>>)>,
    texts: &Texts,
) -> Result<Overrides, ConfigError> {
    let section = |(name, table): (String, Spanned<DeTable<'_>>)| -> Result<_, ConfigError> {
        let span = table.span();
        let section = texts.read(Spanned::new(span, DeValue::Table(table.into_inner())))?;
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
