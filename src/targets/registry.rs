//! The kinds of targets that there are: one line each.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::de::ValueDeserializer;

use super::derived::{Derived, directory, snapshot, template};
use super::files;
use super::kind::Keys;

/// A kind of target.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// The word for it in the configuration.
    pub word: &'static str,
    /// Reads the keys of a section of this kind; the paths of files that it reads count from a directory.
    pub read: for<'a> fn(ValueDeserializer<'a>, &Path) -> Result<Keys, toml::de::Error>,
}

/// All of them. A section that does not say its kind is of the first.
pub(crate) const KINDS: [Kind; 4] = [
    Kind {
        word: "local",
        read: host,
    },
    derived::<template::Config>("template"),
    derived::<snapshot::Config>("snapshot"),
    derived::<directory::Config>("ldap"),
];

/// The name of the target that is there without a section, and its keys: this host.
pub(crate) fn default() -> (&'static str, Keys) {
    ("host", Keys::Host(Arc::new(files::Config::default())))
}

fn host(keys: ValueDeserializer<'_>, _: &Path) -> Result<Keys, toml::de::Error> {
    Ok(Keys::Host(Arc::new(files::Config::deserialize(keys)?)))
}

const fn derived<T: Derived + DeserializeOwned + 'static>(word: &'static str) -> Kind {
    Kind {
        word,
        read: |keys, base| {
            let mut config = T::deserialize(keys)?;
            for path in config.files() {
                *path = base.join(&path);
            }
            Ok(Keys::Derived(Arc::new(config)))
        },
    }
}
