//! `gosync lock` and `gosync unlock`

use clap::Args;

use super::PlanArgs;

/// `gosync lock`
#[derive(Args, Clone, Debug)]
pub struct Lock {
    /// The accounts, by their names on this host
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,

    /// The reason, shown by `why`, `status` and `history`
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,

    /// Options of the plan.
    #[command(flatten)]
    pub plan: PlanArgs,
}

/// `gosync unlock`
#[derive(Args, Clone, Debug)]
pub struct Unlock {
    /// The accounts, by their names on this host
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,

    /// Options of the plan.
    #[command(flatten)]
    pub plan: PlanArgs,
}
