//! `gosync deluser`

use std::path::PathBuf;

use clap::Args;

use super::PlanArgs;

/// `gosync deluser`
#[derive(Args, Clone, Debug)]
pub struct DelUser {
    /// Who, by the name on this host
    #[arg(value_name = "USER", required = true)]
    pub users: Vec<String>,

    /// Leave the account as it is and only forget that gosync made it
    #[arg(long, group = "fate")]
    pub forget: bool,

    /// Remove the home with all that is in it
    #[arg(long, group = "fate")]
    pub remove_home: bool,

    /// Pack the home into a file of this directory, then remove it
    #[arg(long, group = "fate", value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub archive_home: Option<PathBuf>,

    /// Options of the plan.
    #[command(flatten)]
    pub plan: PlanArgs,
}
