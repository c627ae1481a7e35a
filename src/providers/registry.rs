//! The kinds of providers that there are: one line each.

use serde::de::DeserializeOwned;
use toml::de::ValueDeserializer;

use super::kind::{ProviderConfig, Starter};
use super::{command, file, github, globus, http_document, ldap, scim};

/// A kind of provider.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// The word for it in the configuration.
    pub word: &'static str,
    /// What a section of it needs at least.
    pub starter: Starter,
    /// Reads the keys of a section of this kind.
    pub read: for<'a> fn(ValueDeserializer<'a>) -> Result<Box<dyn ProviderConfig>, toml::de::Error>,
}

/// All of them.
pub(crate) const KINDS: [Kind; 7] = [
    kind::<file::Config>("file", file::STARTER),
    kind::<command::Config>("command", command::STARTER),
    kind::<http_document::Config>("http", http_document::STARTER),
    kind::<ldap::Config>("ldap", ldap::STARTER),
    kind::<scim::Config>("scim", scim::STARTER),
    kind::<globus::Config>("globus", globus::STARTER),
    kind::<github::Config>("github", github::STARTER),
];

const fn kind<T: ProviderConfig + DeserializeOwned + 'static>(
    word: &'static str,
    starter: Starter,
) -> Kind {
    Kind {
        word,
        starter,
        read: read::<T>,
    }
}

fn read<T: ProviderConfig + DeserializeOwned + 'static>(
    keys: ValueDeserializer<'_>,
) -> Result<Box<dyn ProviderConfig>, toml::de::Error> {
    Ok(Box::new(T::deserialize(keys)?))
}
