//! Where accounts and groups are brought in step: first of all this host.
//!
//! A target reads what is there, turns an approved plan into the exact new bytes, and puts them in
//! place. It decides nothing: what is not in the plan does not happen. It knows no ledger: the run
//! puts the ledger's transaction around its phases.

mod error;
pub mod files;
mod key_files;
mod other_name_services;
mod place;
mod target;

pub use error::TargetError;
pub use key_files::KeyFiles;
pub use other_name_services::OtherNameServices;
pub use place::Place;
pub use target::{Current, Hold, Prepared, Recovered, Recovery, Staged, Switched, Target, Traces};
