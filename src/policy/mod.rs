//! Who becomes what: pure decisions about people and groups.
//!
//! Takes what the provider said and what the configuration wants, and gives checked data or a reason for each record
//! that is refused. Knows no file, clock or socket. The rules answer the threats V1 to V22 of docs/threats.md.

pub(crate) mod adoption;
pub(crate) mod alloc;
pub(crate) mod catalogue;
pub(crate) mod cause;
pub(crate) mod field;
pub(crate) mod findings;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub(crate) mod gaps;
pub(crate) mod gecos;
pub(crate) mod holders;
pub(crate) mod hooks;
mod interactive;
pub(crate) mod join;
pub(crate) mod keys;
pub(crate) mod local_map;
pub(crate) mod map;
pub(crate) mod matcher;
pub(crate) mod merge;
pub(crate) mod misfit;
pub(crate) mod names;
pub(crate) mod overrides;
pub(crate) mod pause;
pub(crate) mod protect;
pub(crate) mod reason;
pub(crate) mod records;
pub(crate) mod rules;
pub(crate) mod select;
pub(crate) mod trace;
pub(crate) mod writers;

pub(crate) use cause::Origin;
pub use field::Field;
pub(crate) use misfit::Misfit;
pub(crate) use names::NameMap;
pub(crate) use reason::{Forgetting, GivenBack, NumberHolder, Reason};
pub(crate) use rules::GroupRules;
pub(crate) use rules::Ids;
pub use rules::{AccountRules, ByHand, DepartedRules, PrimaryGroup, Rules};

use crate::model::{RemoteId, Untrusted};

/// A record that gets no account or group, or not all it asked for, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Refusal {
    /// The provider's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<RemoteId>,
    /// What it is called there.
    pub subject: Untrusted,
    /// Why.
    #[serde(flatten, serialize_with = "word_and_text")]
    pub reason: Reason,
}

/// Something that a person should know about an account or group that is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Remark {
    /// Name on this host.
    pub name: String,
    /// Why.
    #[serde(flatten, serialize_with = "word_and_text")]
    pub reason: Reason,
}

/// A reason for machines: its word, which stays the same, as `reason`, and its sentence for people as `text`.
fn word_and_text<S: serde::Serializer>(why: &Reason, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(serde::Serialize)]
    struct Told {
        reason: &'static str,
        text: String,
    }
    let (reason, text) = (why.word(), why.to_string());
    serde::Serialize::serialize(&Told { reason, text }, serializer)
}

impl Remark {
    /// A remark on what is called `name`.
    pub fn new(name: impl Into<String>, reason: Reason) -> Self {
        let name = name.into();
        Self { name, reason }
    }
}
