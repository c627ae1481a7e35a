//! A change as JSON: what a dry run shows, and what a plan's digest is made of.

use serde::{Serialize, Serializer};

use super::change::Change;
use super::deed::Deed;
use super::effects::effects;
use crate::model::{Name, RemoteId, Untrusted};

#[derive(Serialize)]
struct Shown<'a> {
    change: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RemoteId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<&'a Untrusted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a Name>,
    #[serde(flatten)]
    deed: &'a Deed,
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let effects = effects(self);
        // A rename shows both names itself.
        let has_one_name = effects.lines.rename().is_none();
        Shown {
            change: effects.word,
            id: self.id(),
            login: effects.login,
            name: Some(&self.of.name).filter(|_| has_one_name),
            deed: &self.deed,
        }
        .serialize(serializer)
    }
}
