//! The sections `[target.NAME]`, and which of them a run brings in step.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::ConfigError;
use super::merge::Places;
use super::sections::{NamedSection, kind};
use crate::model::shown;
use crate::targets::kind::TargetConfig;
use crate::targets::registry;

/// One `[target.NAME]`.
#[derive(Clone, Debug)]
pub struct TargetSettings {
    /// Its name.
    pub name: String,
    /// Its keys.
    pub config: Arc<dyn TargetConfig>,
}

/// All sections, by name; every one is checked, not only those that this run brings in step.
pub(super) fn read(
    sections: Vec<NamedSection<'_>>,
    places: &Places<'_>,
) -> Result<BTreeMap<String, TargetSettings>, ConfigError> {
    let (name, config) = registry::default();
    let mut known = BTreeMap::new();
    let mut insert = |name: &str, config: Box<dyn TargetConfig>| {
        let settings = TargetSettings {
            name: name.to_owned(),
            config: config.into(),
        };
        known.insert(name.to_owned(), settings);
    };
    insert(name, config);
    for section in sections {
        let name = section.name.clone();
        let (kind, keys) = kind(section, &registry::KINDS, |kind| kind.word, places)?;
        insert(&name, places.read_by(keys, kind.read)?);
    }
    Ok(known)
}

/// Those that are wanted, in that order.
pub(super) fn choose(
    known: &BTreeMap<String, TargetSettings>,
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
    let find = |name: &String| {
        let no_section = || refuse(&format!("there is no section [target.{}]", shown(name)));
        known.get(name).cloned().ok_or_else(no_section)
    };
    wanted.iter().map(find).collect()
}
