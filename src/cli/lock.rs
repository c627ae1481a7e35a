//! `gosync lock` and `gosync unlock`

use clap::Args;

use super::PlanArgs;

/// `gosync lock`
#[derive(Args, Clone, Debug)]
pub struct Lock {
    /// Whom, by the name on this host
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,

    /// Why, for `why`, `status` and the history
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,

    /// Options of the plan.
    #[command(flatten)]
    pub plan: PlanArgs,
}

/// `gosync unlock`
#[derive(Args, Clone, Debug)]
pub struct Unlock {
    /// Whom, by the name on this host
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,

    /// Options of the plan.
    #[command(flatten)]
    pub plan: PlanArgs,
}
