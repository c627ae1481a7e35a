//! `gosync deluser`

use std::path::PathBuf;

use clap::Args;

use super::PlanArgs;

/// `gosync deluser`
#[derive(Args, Clone, Debug)]
pub struct DelUser {
    /// The accounts, by their names on this host
    #[arg(value_name = "USER", required = true)]
    pub users: Vec<String>,

    /// Leave the account as it is, and stop owning it
    #[arg(long, group = "fate")]
    pub forget: bool,

    /// Remove the home directory with everything in it
    #[arg(long, group = "fate")]
    pub remove_home: bool,

    /// Pack the home directory into a file in this directory, then remove it
    #[arg(long, group = "fate", value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub archive_home: Option<PathBuf>,

    /// Options of the plan.
    #[command(flatten)]
    pub plan: PlanArgs,
}
