//! Who becomes what: pure decisions about people and groups.
//!
//! Takes what the provider said and what the configuration wants, and gives checked data or a reason for each record
//! that is refused. Knows no file, clock or socket. The rules answer the threats V1 to V22 of docs/threats.md.

pub mod adoption;
pub mod alloc;
pub mod catalogue;
pub mod field;
pub mod gaps;
pub mod gecos;
pub mod holders;
pub mod hooks;
pub mod keys;
pub mod local_map;
pub mod map;
pub mod matcher;
pub mod misfit;
pub mod names;
pub mod overrides;
pub mod protect;
pub mod reason;
pub mod rules;
pub mod select;
pub mod trace;

pub use field::Field;
pub use misfit::Misfit;
pub use names::NameMap;
pub use reason::{Forgetting, GivenBack, Reason};
pub use rules::{AccountRules, ByHand, DepartedRules, GroupRules, PrimaryGroup, Rules, SubidRules};

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
    pub reason: Reason,
}

/// Something that a person should know about an account or group that is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Remark {
    /// Name on this host.
    pub name: String,
    /// Why.
    #[serde(rename = "text")]
    pub reason: Reason,
}

impl Remark {
    /// A remark on what is called `name`.
    pub fn new(name: impl Into<String>, reason: Reason) -> Self {
        let name = name.into();
        Self { name, reason }
    }
}
