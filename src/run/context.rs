//! What every plan is made for and compared with.

use super::env::Env;
use super::job::Options;
use crate::model::host::Host;
use crate::model::owned::Owned;
use crate::targets::Target;

/// What a plan is made for and compared with, on this side.
#[derive(Clone, Copy)]
pub(crate) struct PlanContext<'a> {
    pub(crate) env: &'a Env,
    pub(crate) options: &'a Options,
    pub(crate) target: &'a dyn Target,
    /// What the target has.
    pub(crate) host: &'a Host<'a>,
    /// What gosync owns there.
    pub(crate) owned: &'a Owned,
}
