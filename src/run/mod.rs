//! The engine: one run from the lock to the hooks.
//!
//! Puts provider, policy, plan, target and ledger together. What is wanted comes in as a [`Job`], what happens goes to
//! an observer, and what came of it is a [`RunReport`]: no command line, no terminal, no exit code.

mod adoption;
mod after;
mod commit;
mod context;
mod env;
mod job;
pub(crate) mod keys;
mod once;
mod planner;
mod probe;
mod report;
mod saved;
mod sessions;
mod sources;
pub mod transaction;
mod undo;
pub(crate) mod view;
mod watch;

use crate::error::Error;
use crate::targets::TargetError;

pub(crate) use self::context::PlanContext;
pub use self::env::{Env, Patience};
pub use self::job::{Job, Kind, Options, Task};
pub use self::once::once;
pub(crate) use self::planner::consider;
pub use self::report::{Outcome, RunReport, SourceReport, TargetReport};
pub use self::watch::{Progress, Silent, Watch};
pub use crate::hooks::{Reporter, Tally};

impl From<TargetError> for Error {
    fn from(error: TargetError) -> Self {
        Error::failed(error)
    }
}
