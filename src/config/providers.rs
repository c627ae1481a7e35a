//! The sections `[provider.NAME]`, and which of them a run reads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::complaint::likely;
use super::error::ConfigError;
use super::merge::{Places, below};
use super::sections::{NamedSection, kind};
use crate::model::{first_names, shown};
use crate::providers::fields;
use crate::providers::kind::{Need, ProviderConfig};
use crate::providers::registry::KINDS;

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

/// The provider that is `asked` for, or else the one that the configuration has `set`: a list of
/// one so far.
pub(super) fn choose(
    mut known: BTreeMap<String, ProviderSettings>,
    asked: Option<&str>,
    set: Option<&str>,
    places: &Places<'_>,
) -> Result<Vec<ProviderSettings>, ConfigError> {
    const KEY: &str = "gosync.provider";
    let name = match asked.or(set) {
        Some(name) => name.to_owned(),
        None if known.len() == 1 => return Ok(known.into_values().collect()),
        None => return Err(places.key_error(KEY, &unchosen(&known))),
    };
    if let Some(provider) = known.remove(&name) {
        return Ok(vec![provider]);
    }
    let meant = likely(&name, known.keys().map(String::as_str));
    let meant = match meant {
        Some(word) => format!("; did you mean `{}`?", shown(word)),
        None => String::new(),
    };
    let reason = format!("there is no section [provider.{}]{meant}", shown(&name));
    Err(match asked {
        // What was asked for does not stand in a file.
        Some(_) => ConfigError {
            place: KEY.to_owned(),
            reason,
        },
        None => places.key_error(KEY, &reason),
    })
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
            format!("no provider is set; set it to one of {names}")
        }
    }
}
