//! The plan: what has to change on a host, as data, and the judgement on it.
//!
//! A plan is made by [`diff`] from what is wanted, what is found and what is owned; it is shown by [`render`], judged
//! by [`guard`], and nothing can be written that was not approved. All of it is pure.

pub mod change;
mod change_json;
pub(crate) mod claims;
mod counts;
pub mod deed;
pub mod diff;
pub mod drift;
pub mod effects;
pub mod events;
pub mod guard;
pub mod history_text;
pub mod hook_event;
pub mod key_change;
mod observation;
pub mod probe;
pub mod render;
#[cfg(test)]
pub(crate) mod samples;
pub mod saved;
mod whole;

pub use change::Change;
pub use counts::Counts;
pub use deed::{
    AccountRename, Adopted, Deed, FieldChange, HomeFate, HomeMove, MemberChange, NewAccount,
    Number, Rename,
};
pub use effects::{Effects, effects};
pub use guard::{Approved, Limits, Refused};
pub use key_change::{Cause, KeyChange, KeyPlace};
pub use observation::Observation;
pub use probe::{HostProbe, KeyFile, NoProbe, ProbeError};
pub use whole::Plan;

pub use crate::policy::Remark;
