//! What a run works with: every key checked and at its final value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::merge::{Source, Texts, take_tables};
use super::{ConfigError, hooks, raw};
use crate::model::GroupName;
use crate::model::IdRange;
use crate::model::name::GroupPrefix;
use crate::model::shown;
use crate::model::ssh_key::{LEAST_RSA_BITS, MOST_RSA_BITS};
use crate::model::units::Span;
use crate::plan::Limits;
use crate::policy::catalogue::{Catalogue, portal_url};
use crate::policy::hooks::HookRules;
use crate::policy::keys::{KeyOptions, KeyRules, MOST_KEYS};
use crate::policy::local_map::LocalMap;
use crate::policy::matcher::Filter;
use crate::policy::overrides::{Override, Overrides};
use crate::policy::{
    AccountRules, DepartedRules, GroupRules, NameMap, PrimaryGroup, RenameRules, Rules, SubidRules,
};
use crate::providers::{fields, globus, ldap, scim};
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
    /// What it is.
    pub kind: ProviderKind,
    /// Where fields come from that it does not have.
    pub fields: Option<fields::Config>,
}

/// What kind of provider it is, with its keys.
#[derive(Clone, Debug)]
pub enum ProviderKind {
    /// A JSON document; its path.
    File(PathBuf),
    /// A directory server.
    Ldap(Box<ldap::Config>),
    /// A SCIM server.
    Scim(Box<scim::Config>),
    /// Globus Groups.
    Globus(Box<globus::Config>),
}

impl ProviderKind {
    /// The word for it in the configuration.
    pub fn word(&self) -> &'static str {
        match self {
            ProviderKind::File(_) => "file",
            ProviderKind::Ldap(_) => "ldap",
            ProviderKind::Scim(_) => "scim",
            ProviderKind::Globus(_) => "globus",
        }
    }
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
        let accounts: raw::Accounts = section(&mut table, "accounts", &texts)?;
        let groups: raw::Groups = section(&mut table, "groups", &texts)?;
        let catalogue: raw::Catalogue = section(&mut table, "catalogue", &texts)?;
        let departed: raw::Departed = section(&mut table, "departed", &texts)?;
        let limits: raw::LimitKeys = section(&mut table, "limits", &texts)?;
        let hook_keys: hooks::Hooks = section(&mut table, "hooks", &texts)?;
        let keys: raw::Keys = section(&mut table, "keys", &texts)?;
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
                known.insert(name, (provider_kind(table, &base, &texts)?, fields));
            }
        }
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
                accounts: account_rules(accounts, groups.gid_range)?,
                groups: group_rules(&groups, overrides.clone())?,
                departed: departed_rules(departed)?,
                keys: key_rules(keys)?,
            },
            description_dir: catalogue.description_dir.as_ref().map(|dir| base.join(dir)),
            policy_dir: catalogue.policy_dir.as_ref().map(|dir| base.join(dir)),
            catalogue: self::catalogue(catalogue, overrides)?,
            limits: Limits {
                max_removals: limits.max_removals,
                max_removals_percent: limits.max_removals_percent,
                max_renames: limits.max_renames,
                max_archives: limits.max_archives,
                max_final_removals: limits.max_final_removals,
                max_group_removals: limits.max_group_removals,
                max_privileged_additions: limits.max_privileged_additions,
            },
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

fn provider_kind(
    table: Spanned<DeTable<'_>>,
    base: &Path,
    texts: &Texts,
) -> Result<ProviderKind, ConfigError> {
    let span = table.span();
    let (kind, keys) = kind(table, texts)?;
    match kind.as_str() {
        "file" => texts
            .read::<raw::FileProvider>(keys)
            .map(|file| ProviderKind::File(base.join(file.path))),
        "ldap" => texts.read::<ldap::Config>(keys).map(|mut config| {
            for path in [&mut config.password_file, &mut config.ca_file]
                .into_iter()
                .flatten()
            {
                *path = base.join(&path);
            }
            ProviderKind::Ldap(Box::new(config))
        }),
        "scim" => texts.read::<scim::Config>(keys).map(|mut config| {
            let paths = [
                &mut config.token_file,
                &mut config.client_secret_file,
                &mut config.ca_file,
            ];
            for path in paths.into_iter().flatten() {
                *path = base.join(&path);
            }
            ProviderKind::Scim(Box::new(config))
        }),
        "globus" => texts.read::<globus::Config>(keys).map(|mut config| {
            config.client_secret_file = base.join(&config.client_secret_file);
            for path in [&mut config.identity_mapping, &mut config.ca_file]
                .into_iter()
                .flatten()
            {
                *path = base.join(&path);
            }
            ProviderKind::Globus(Box::new(config))
        }),
        other => {
            let reason = format!(
                "there is no provider of kind `{other}`; there are file, ldap, scim and globus"
            );
            Err(texts.error(Some(span), &reason))
        }
    }
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
    mut known: BTreeMap<String, (ProviderKind, Option<fields::Config>)>,
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
    match known.remove(&name) {
        Some((kind, fields)) => Ok(ProviderSettings { name, kind, fields }),
        None => Err(invalid(
            "gosync.provider",
            format!("there is no section [provider.{}]", shown(&name)),
        )),
    }
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

/// An absolute path without `.`, `..`, empty parts or characters that mean something in passwd(5).
fn absolute(key: &str, text: &str) -> Result<String, ConfigError> {
    let trimmed = if text.len() > 1 {
        text.trim_end_matches('/')
    } else {
        text
    };
    let parts = trimmed.strip_prefix('/');
    let sound = parts.is_some_and(|p| {
        !p.is_empty() && p.split('/').all(|part| !matches!(part, "" | "." | ".."))
    });
    let plain = !trimmed.chars().any(|c| c.is_control() || c == ':');
    if sound && plain {
        Ok(trimmed.to_owned())
    } else {
        Err(invalid(
            key,
            format!(
                "`{}` is not an absolute path without `.` and `..`",
                shown(text)
            ),
        ))
    }
}

fn names(key: &str, rules: &[(String, String)]) -> Result<Vec<NameMap>, ConfigError> {
    rules
        .iter()
        .map(|(pattern, to)| NameMap::new(pattern, to).map_err(|e| invalid(key, e)))
        .collect()
}

fn account_rules(keys: raw::Accounts, gid_range: IdRange) -> Result<AccountRules, ConfigError> {
    let subids = match keys.subid_range {
        None => None,
        Some((first, last)) => {
            let fits = keys.subid_count > 0 && first >= 65_536 && last > first && last < 1 << 31;
            if !fits || last - first < keys.subid_count - 1 {
                let reason = "it must begin at 65536 or above, end below 2147483648, and hold `subid_count` ids";
                return Err(invalid("accounts.subid_range", reason));
            }
            for (key, range) in [
                ("accounts.uid_range", keys.uid_range),
                ("groups.gid_range", gid_range),
            ] {
                let (from, to) = range.into();
                if from <= last && first <= to {
                    return Err(invalid(
                        "accounts.subid_range",
                        format!("it overlaps `{key}`"),
                    ));
                }
            }
            Some(SubidRules {
                first,
                last,
                count: keys.subid_count,
            })
        }
    };
    let home_bases = keys
        .home_bases
        .iter()
        .map(|b| absolute("accounts.home_bases", b))
        .collect::<Result<_, _>>()?;
    Ok(AccountRules {
        top_group: keys.top_group.filter(|name| !name.is_empty()),
        uid_range: keys.uid_range,
        primary_group: match keys.primary_group.as_str() {
            "private" => PrimaryGroup::Private,
            "" => {
                return Err(invalid(
                    "accounts.primary_group",
                    "it is a group's name or `private`",
                ));
            }
            name => PrimaryGroup::Local(name.to_owned()),
        },
        home_base: absolute("accounts.home_base", &keys.home_base)?,
        home_bases,
        create_home: keys.create_home,
        shell: absolute("accounts.shell", &keys.shell)?,
        dots: keys.dots,
        names: names("accounts.names", &keys.names)?,
        keep_local: keys.keep_local.into_iter().collect(),
        subids,
        deleted_by_hand: keys.deleted_by_hand,
        rename: RenameRules {
            home: keys.rename_home,
            link: keys.rename_home_link,
            mail: keys.rename_mail,
        },
    })
}

fn departed_rules(keys: raw::Departed) -> Result<DepartedRules, ConfigError> {
    let (archive_after, remove_after) = (
        keys.archive_after.map(Span::secs),
        keys.remove_after.map(Span::secs),
    );
    if archive_after
        .zip(remove_after)
        .is_some_and(|(archive, remove)| remove < archive)
    {
        return Err(invalid(
            "departed.remove_after",
            "it is less than `archive_after`; the home is packed first",
        ));
    }
    Ok(DepartedRules {
        absent_runs: keys.absent_runs.max(1),
        absent_for: keys.absent_for.secs(),
        end_sessions: keys.end_sessions,
        archive_after,
        archive_dir: absolute("departed.archive_dir", &keys.archive_dir)?,
        remove_after,
    })
}

fn group_rules(keys: &raw::Groups, overrides: Overrides) -> Result<GroupRules, ConfigError> {
    Ok(GroupRules {
        prefix: GroupPrefix::new(&keys.prefix).map_err(|e| invalid("groups.prefix", e))?,
        gid_range: keys.gid_range,
        filter: Filter::new(&keys.filter).map_err(|e| invalid("groups.filter", e))?,
        dots: keys.dots,
        names: names("groups.names", &keys.names)?,
        overrides,
        deleted_by_hand: keys.deleted_by_hand,
        taken_out_by_hand: keys.taken_out_by_hand,
        local_map: local_map(&keys.local_map)?,
    })
}

fn local_map(entries: &BTreeMap<String, raw::LocalGroup>) -> Result<LocalMap, ConfigError> {
    let entry = |(source, group): (&String, &raw::LocalGroup)| {
        let (name, privileged) = match group {
            raw::LocalGroup::Name(name) => (name, false),
            raw::LocalGroup::Table(table) => (&table.group, table.privileged),
        };
        let complain = |e| {
            invalid(
                "groups.local_map",
                format!("the name `{}` {e}", shown(name)),
            )
        };
        Ok((
            source.clone(),
            GroupName::known(name).map_err(complain)?,
            privileged,
        ))
    };
    let entries = entries
        .iter()
        .map(entry)
        .collect::<Result<_, ConfigError>>()?;
    LocalMap::new(entries).map_err(|e| invalid("groups.local_map", e))
}

fn key_rules(keys: raw::Keys) -> Result<KeyRules, ConfigError> {
    let directory = absolute("keys.directory", &keys.directory)?;
    // sshd_config(5) cuts at blanks, and replaces what follows a `%`.
    if directory.contains(|c: char| c.is_whitespace() || matches!(c, '%' | '"' | '#' | '~')) {
        return Err(invalid(
            "keys.directory",
            "sshd_config(5) cannot name a directory with blanks or one of % \" # ~",
        ));
    }
    if !(LEAST_RSA_BITS..=MOST_RSA_BITS).contains(&keys.rsa_bits) {
        return Err(invalid(
            "keys.rsa_bits",
            format!("it is {LEAST_RSA_BITS} to {MOST_RSA_BITS}"),
        ));
    }
    if !(1..=MOST_KEYS).contains(&keys.max_keys) {
        return Err(invalid("keys.max_keys", format!("it is 1 to {MOST_KEYS}")));
    }
    let options = KeyOptions::new(&keys.options).map_err(|e| invalid("keys.options", e))?;
    Ok(KeyRules {
        place: keys.place,
        directory,
        options,
        rsa_bits: keys.rsa_bits,
        max_keys: keys.max_keys,
    })
}

/// The sections `[group.NAME]`.
fn overrides(
    tables: Vec<(String, Spanned<DeTable<'_>>)>,
    texts: &Texts,
) -> Result<Overrides, ConfigError> {
    let section = |(name, table): (String, Spanned<DeTable<'_>>)| {
        let span = table.span();
        let keys: raw::GroupOverride =
            texts.read(Spanned::new(span, DeValue::Table(table.into_inner())))?;
        let key = |key: &str| format!("group.{}.{key}", shown(&name));
        let prefix = keys.prefix.as_deref().map(GroupPrefix::new).transpose();
        let section = Override {
            filter: Filter::new(&keys.filter).map_err(|e| invalid(&key("filter"), e))?,
            prefix: prefix.map_err(|e| invalid(&key("prefix"), e))?,
            gid_range: keys.gid_range,
            dots: keys.dots,
            names: keys
                .names
                .map(|rules| names(&key("names"), &rules))
                .transpose()?,
            description: keys.description,
            admins: keys.admins,
        };
        Ok((name, section))
    };
    tables
        .into_iter()
        .map(section)
        .collect::<Result<_, _>>()
        .map(Overrides::new)
}

fn catalogue(keys: raw::Catalogue, overrides: Overrides) -> Result<Catalogue, ConfigError> {
    let filter = |words: &[String], key| Filter::new(words).map_err(|e| invalid(key, e));
    let admins = keys
        .admins
        .into_iter()
        .map(|(words, users)| Ok((filter(&words, "catalogue.admins")?, users)));
    Ok(Catalogue {
        filter: filter(&keys.filter, "catalogue.filter")?,
        names: names("catalogue.names", &keys.names)?,
        base_url: match keys.portal {
            Some(url) if url.contains("://") => url,
            Some(host) => portal_url(&host),
            None => String::new(),
        },
        description: keys.description,
        admins: admins.collect::<Result<_, ConfigError>>()?,
        overrides,
    })
}
