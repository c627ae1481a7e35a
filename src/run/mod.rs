//! The engine: one run from the lock to the hooks.
//!
//! Puts provider, policy, plan, target and ledger together. What is wanted comes in as a [`Job`],
//! what happens goes to an observer, and what came of it is a [`RunReport`]: no command line, no
//! terminal, no exit code.

mod adoption;
mod after;
mod ahead;
pub(crate) mod anchored;
mod brought;
mod carry_out;
mod choice;
mod context;
pub(crate) mod copies;
mod derived;
mod derived_hand;
mod env;
mod evidence;
mod exchange;
mod figures;
pub(crate) mod follow;
mod hidden;
mod hold;
mod job;
mod joining;
pub(crate) mod keys;
mod last_runs;
mod ledger_access;
mod left_out;
mod memory;
pub(crate) mod metrics;
mod name_services;
mod once;
mod one_read;
mod others;
mod planner;
mod probe;
mod rebinding;
mod recording;
mod report;
pub(crate) mod reset;
pub(crate) mod restore;
mod rights;
mod roll;
mod running;
mod saved;
mod sessions;
mod shells;
mod sources;
pub(crate) mod takeover;
mod target_notes;
pub(crate) mod transaction;
mod undo;
mod unmoved;
pub(crate) mod view;
mod watch;
mod writers;

use crate::error::Error;
use crate::targets::TargetError;

pub(crate) use self::brought::{Brought, End, TargetEnd};
pub(crate) use self::choice::TargetChoice;
pub(crate) use self::context::PlanContext;
pub(crate) use self::env::Asked;
pub use self::env::{Env, Patience};
pub(crate) use self::figures::Stock;
pub(crate) use self::job::{Adoptees, By, Kind, NewLedger, Rebinds, TieBy, Witnesses};
pub use self::job::{Job, Options, Task};
pub(crate) use self::last_runs::{FAMILIES, FILE as LAST_RUNS, LastRuns, Reads, RunNote, Told};
pub(crate) use self::memory::Memory;
pub(crate) use self::once::Together;
pub use self::once::once;
pub(crate) use self::planner::consider;
pub(crate) use self::probe::RealProbe;
pub(crate) use self::recording::Recording;
pub use self::report::Outcome;
pub use self::report::RunReport;
pub(crate) use self::roll::Collected;
pub(crate) use self::target_notes::{TargetNote, TargetNotes};
pub use self::watch::Silent;
pub(crate) use self::watch::{Progress, Watch};

impl From<TargetError> for Error {
    fn from(error: TargetError) -> Self {
        Error::failed(error)
    }
}
