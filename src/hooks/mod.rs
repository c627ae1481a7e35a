//! Hooks: programs of the admin's that hear of changed accounts and groups, from a queue in the
//! ledger.
//!
//! Runs after the commit, under the run lock alone. Knows neither the command line nor a terminal:
//! what a run says about its hooks goes to a [`Reporter`]. An event leaves the queue when all its
//! hooks have ended well.

mod configured;
mod context;
mod input;
mod runner;
mod script;

pub(crate) use self::configured::{Named, events, named};
pub(crate) use self::context::{Context, tell_unmoved, want_contacts};
pub(crate) use self::context::{Reporter, Tally};
pub(crate) use self::runner::run;
pub(crate) use self::script::{Script, Unusable};
