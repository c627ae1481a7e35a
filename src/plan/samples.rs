//! Keys for tests, all of one provider's.

use crate::model::{Key, ProviderName, RemoteId};

/// What identifies somebody.
pub fn key(id: RemoteId) -> Key {
    Key {
        provider: ProviderName::new("p"),
        id,
    }
}
