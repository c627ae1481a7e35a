//! The kinds of targets that there are: one line each.

use serde::de::DeserializeOwned;
use toml::de::ValueDeserializer;

use super::files;
use super::kind::TargetConfig;

/// A kind of target.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// The word for it in the configuration.
    pub word: &'static str,
    /// Reads the keys of a section of this kind.
    pub read: for<'a> fn(ValueDeserializer<'a>) -> Result<Box<dyn TargetConfig>, toml::de::Error>,
}

/// All of them.
pub(crate) const KINDS: [Kind; 1] = [kind::<files::Config>("local")];

/// The name of the target that is there without a section, and its keys: this host.
pub(crate) fn default() -> (&'static str, Box<dyn TargetConfig>) {
    ("host", Box::new(files::Config::default()))
}

const fn kind<T: TargetConfig + DeserializeOwned>(word: &'static str) -> Kind {
    Kind {
        word,
        read: read::<T>,
    }
}

fn read<T: TargetConfig + DeserializeOwned>(
    keys: ValueDeserializer<'_>,
) -> Result<Box<dyn TargetConfig>, toml::de::Error> {
    Ok(Box::new(T::deserialize(keys)?))
}
