//! The sections `[target.NAME]`, and which of them a run brings in step.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::gosync::Gosync;
use super::merge::{Places, below};
use super::sections::{NamedSection, kind_or};
use crate::model::shown;
use crate::targets::kind::Keys;
use crate::targets::registry;

/// One `[target.NAME]`.
#[derive(Clone, Debug)]
pub struct TargetSettings {
    /// Its name.
    pub name: String,
    /// Its keys.
    pub keys: Keys,
}

/// All sections, by name; every one is checked, not only those that this run brings in step. Relative paths of what they read count
/// from `base`.
pub(super) fn read(
    sections: Vec<NamedSection<'_>>,
    base: &Path,
    places: &Places<'_>,
) -> Result<BTreeMap<String, TargetSettings>, ConfigError> {
    let (name, keys) = registry::default();
    let mut known = BTreeMap::new();
    let mut insert = |name: &str, keys: Keys| {
        let name = name.to_owned();
        known.insert(name.clone(), TargetSettings { name, keys });
    };
    insert(name, keys);
    for section in sections {
        let name = section.name.clone();
        let [usual, ..] = registry::KINDS;
        let (kind, value) = kind_or(section, &registry::KINDS, usual, |kind| kind.word, places)?;
        let keys = places.read_by(value, |keys| (kind.read)(keys, base))?;
        if let Keys::Derived(derived) = &keys {
            derived
                .check()
                .map_err(|reason| places.section_error(&below("target", &name), &reason))?;
        }
        insert(&name, keys);
    }
    Ok(known)
}

/// Files of a host that no derived target may be: who may log in, and how far, stands there.
const OWN: [&str; 24] = [
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/gshadow",
    "/etc/subuid",
    "/etc/subgid",
    "/etc/shells",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/pam.d",
    "/etc/ssh",
    "/etc/gosync",
    "/var/lib/extrausers",
    "/var/lib/extrausers.gosync",
    "/etc/passwd.cache",
    "/etc/passwd.cache.ixname",
    "/etc/passwd.cache.ixuid",
    "/etc/group.cache",
    "/etc/group.cache.ixname",
    "/etc/group.cache.ixgid",
    "/etc/shadow.cache",
    "/etc/shadow.cache.ixname",
    "/etc/nss_cache",
    "/etc/nss_cache.gosync",
];

/// Those that are wanted, in that order: one host, and any number of those that are made of it.
pub(super) fn choose(
    known: &BTreeMap<String, TargetSettings>,
    gosync: &Gosync,
    places: &Places<'_>,
) -> Result<Vec<TargetSettings>, ConfigError> {
    let wanted = &gosync.targets;
    let refuse = |reason: &str| places.key_error("gosync.targets", reason);
    let find = |name: &String| {
        let no_section = || refuse(&format!("there is no section [target.{}]", shown(name)));
        known.get(name).cloned().ok_or_else(no_section)
    };
    let chosen = wanted.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    let mut taken: Vec<PathBuf> = Vec::new();
    let own = OWN
        .iter()
        .map(Path::new)
        .chain([gosync.state_dir.as_path()]);
    let own: Vec<&Path> = own.collect();
    for target in &chosen {
        let Keys::Derived(derived) = &target.keys else {
            continue;
        };
        for path in derived.paths() {
            let reason = match own.iter().find(|own| path.starts_with(own)) {
                Some(own) => format!(
                    "{} is not for it to write, nor is what is below",
                    own.display()
                ),
                None if taken.contains(&path) => {
                    format!("{} is written by another target", path.display())
                }
                None => {
                    taken.push(path);
                    continue;
                }
            };
            let section = below("target", &target.name);
            return Err(places.section_error(&section, &reason));
        }
    }
    let is_host = |target: &&TargetSettings| matches!(target.keys, Keys::Host(_));
    match chosen.iter().filter(is_host).count() {
        1 => Ok(chosen),
        0 => Err(refuse(
            "none of them is a host; `host` is there without a section",
        )),
        _ => Err(refuse("two of them are hosts, and a run has one")),
    }
}
