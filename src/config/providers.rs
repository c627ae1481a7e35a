//! The sections `[provider.NAME]`, and which of them a run reads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::complaint::likely;
use super::error::ConfigError;
use super::gosync::Gosync;
use super::merge::{Places, below};
use super::sections::{NamedSection, kind};
use crate::model::{first_names, shown};
use crate::providers::fields;
use crate::providers::kind::{Need, ProviderConfig};
use crate::providers::registry::KINDS;

/// The key that names the provider to read.
const PROVIDER: &str = "gosync.provider";

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
    /// Whether it is read. The people of one that is not are neither missing nor changed.
    pub is_active: bool,
    /// The group whose active members get accounts, instead of that of `[accounts]`; empty: every active person.
    pub top_group: Option<String>,
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

/// All sections, by name; every one is checked, not only the one that this run reads. Relative
/// paths count from `base`.
pub(super) fn read(
    sections: Vec<NamedSection<'_>>,
    base: &Path,
    places: &Places<'_>,
) -> Result<BTreeMap<String, ProviderSettings>, ConfigError> {
    sections
        .into_iter()
        .map(|section| Ok((section.name.clone(), provider(section, base, places)?)))
        .collect::<Result<BTreeMap<_, _>, _>>()
}

fn provider(
    mut section: NamedSection<'_>,
    base: &Path,
    places: &Places<'_>,
) -> Result<ProviderSettings, ConfigError> {
    let fields = field_sources(&mut section, base, places)?;
    let is_active = section.take("active").map(|value| places.read(value));
    let top_group = section.take("top_group").map(|value| places.read(value));
    let name = section.name.clone();
    let (kind, keys) = kind(section, &KINDS, |kind| kind.word, places)?;
    let mut config = places.read_by(keys, kind.read)?;
    config
        .check()
        .map_err(|reason| places.section_error(&below("provider", &name), &reason))?;
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
        name,
        kind: kind.word,
        config: config.into(),
        files,
        fields,
        is_active: is_active.transpose()?.unwrap_or(true),
        top_group: top_group.transpose()?,
    })
}

/// Takes `fields` out of a provider's section, whatever its kind is.
fn field_sources(
    section: &mut NamedSection<'_>,
    base: &Path,
    places: &Places<'_>,
) -> Result<Option<fields::Config>, ConfigError> {
    let Some(value) = section.take("fields") else {
        return Ok(None);
    };
    let span = value.span();
    let mut config: fields::Config = places.read(value)?;
    let trusted = [&config.keys_ca_file, &config.keys_server_certificate];
    let on_the_way = trusted.iter().any(|file| file.is_some()) || config.keys_proxy.is_some();
    if config.keys_url.is_none() && on_the_way {
        return Err(places.value_error(
            span,
            "`keys_ca_file`, `keys_server_certificate` and `keys_proxy` are for `keys_url`, which is not set",
        ));
    }
    for path in [
        &mut config.csv,
        &mut config.keys_dir,
        &mut config.keys_ca_file,
        &mut config.keys_server_certificate,
    ]
    .into_iter()
    .flatten()
    {
        *path = base.join(&path);
    }
    Ok(Some(config))
}

/// The providers that are read, in the order of precedence.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// Those that are active.
    pub active: Vec<ProviderSettings>,
    /// The names of those that are not.
    pub inactive: Vec<String>,
    /// Whether this host has people of several.
    pub are_several: bool,
}

/// The providers that a run reads: the one that is `asked` for, or else those that the configuration has `set`, or the only one that
/// there is.
pub(super) fn choose(
    known: &BTreeMap<String, ProviderSettings>,
    asked: Option<&str>,
    set: &Gosync,
    places: &Places<'_>,
) -> Result<Chosen, ConfigError> {
    let listed = || set.providers.iter().map(String::as_str);
    let only = known.keys().map(String::as_str).next();
    let (key, names): (_, Vec<&str>) = match (asked, set.provider.as_deref(), only) {
        (Some(name), ..) => (PROVIDER, vec![name]),
        (None, Some(name), _) => (PROVIDER, vec![name]),
        _ if !set.providers.is_empty() => ("gosync.providers", listed().collect()),
        (_, _, Some(name)) if known.len() == 1 => (PROVIDER, vec![name]),
        _ => return Err(places.key_error(PROVIDER, &unchosen(known))),
    };
    let mut chosen = Chosen {
        are_several: set.providers.len() > 1,
        ..Chosen::default()
    };
    for name in names {
        let section = known.get(name).ok_or_else(|| {
            let reason = unknown(name, known);
            let place = key.to_owned();
            match asked {
                // What was asked for does not stand in a file.
                Some(_) => ConfigError { place, reason },
                None => places.key_error(key, &reason),
            }
        })?;
        match section.is_active {
            true => chosen.active.push(section.clone()),
            false if asked.is_some() => {
                return Err(ConfigError {
                    place: below("provider", name),
                    reason: "`active = false` stands there: it is not read".to_owned(),
                });
            }
            false => chosen.inactive.push(name.to_owned()),
        }
    }
    Ok(chosen)
}

/// What is said of a name that no section has.
fn unknown(name: &str, known: &BTreeMap<String, ProviderSettings>) -> String {
    let meant = match likely(name, known.keys().map(String::as_str)) {
        Some(word) => format!("; did you mean `{}`?", shown(word)),
        None => String::new(),
    };
    format!("there is no section [provider.{}]{meant}", shown(name))
}

/// Why no provider is chosen, and what to do.
fn unchosen(known: &BTreeMap<String, ProviderSettings>) -> String {
    match known.is_empty() {
        true => {
            let kinds: Vec<_> = KINDS.iter().map(|kind| kind.word).collect();
            format!(
                "no provider is set, and there is no section [provider.NAME]: `gosync init KIND` writes one, KIND being {}",
                kinds.join(", ")
            )
        }
        false => {
            let names = first_names(known.keys().map(String::as_str), 5);
            format!("no provider is set; set it to one of {names}, or `providers` to several")
        }
    }
}
