//! Where accounts and groups are brought in step: first of all this host.
//!
//! A target reads what is there, turns an approved plan into the exact new bytes, and puts them in
//! place. It decides nothing: what is not in the plan does not happen. It knows no ledger: the run
//! puts the ledger's transaction around its phases.

pub(crate) mod derived;
mod error;
pub(crate) mod files;
mod key_files;
pub(crate) mod kind;
mod place;
mod powers;
pub(crate) mod registry;
mod target;

pub(crate) use error::TargetError;
pub(crate) use key_files::KeyFiles;
pub(crate) use place::{Contents, PackingTime, Place, host_path};
pub(crate) use powers::read as read_powers;
pub use target::Hold;
pub(crate) use target::{
    Current, Prepared, Recovered, Recovery, Staged, Switched, Target, Traces, Transaction, Trouble,
    Unmade, Unprepared,
};
