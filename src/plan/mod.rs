//! The plan: what has to change on a host, as data, and the judgement on it.
//!
//! A plan is made by [`diff`] from what is wanted, what is found and what is owned; it is shown by [`render`], judged
//! by [`guard`], and nothing can be written that was not approved. All of it is pure.

mod approved;
mod barred;
pub(crate) mod change;
mod change_json;
pub(crate) mod claims;
pub(crate) mod counts;
pub(crate) mod deed;
pub(crate) mod diff;
pub(crate) mod drift;
pub(crate) mod effects;
pub(crate) mod events;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub(crate) mod guard;
pub(crate) mod history_text;
pub(crate) mod hook_event;
pub(crate) mod key_change;
pub(crate) mod missing;
mod observation;
pub(crate) mod probe;
pub(crate) mod render;
#[cfg(test)]
pub(crate) mod samples;
pub(crate) mod saved;
pub(crate) mod whole;

pub(crate) use approved::{Approved, Share};
pub(crate) use barred::{Barred, Insiders};
pub use change::Change;
pub use deed::Deed;
pub(crate) use deed::{
    AccountRename, Adopted, FieldChange, HomeFate, HomeMove, LockShell, MemberChange, NewAccount,
    Number, Rebind, Rename,
};
pub(crate) use effects::effects;
pub use guard::Limits;
pub(crate) use key_change::{Cause, KeyChange, KeyPlace};
pub(crate) use missing::Missing;
pub(crate) use observation::Observation;
pub(crate) use probe::{HostProbe, KeyFile, ProbeError};
pub use whole::Plan;
