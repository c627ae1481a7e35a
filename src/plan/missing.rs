//! Who is missing: in no complete read for a while, and not yet so long that anything follows from it.

use serde::{Serialize, Serializer};

use crate::model::history::EntryKind;
use crate::model::{RemoteId, moment};

/// An account whose person is missing, or a group that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// What it is.
    #[serde(serialize_with = "word")]
    pub kind: EntryKind,
    /// The provider's id.
    pub id: RemoteId,
    /// Its name on this host.
    pub name: String,
    /// When a complete read missed it first, in seconds since 1970.
    #[serde(serialize_with = "written")]
    pub since: i64,
    /// Before then nothing follows from it.
    #[serde(serialize_with = "written")]
    pub not_before: i64,
    /// Whether no earlier read missed it.
    #[serde(skip)]
    pub is_news: bool,
}

fn word<S: Serializer>(kind: &EntryKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}

fn written<S: Serializer>(at: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&moment(*at))
}
