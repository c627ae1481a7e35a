//! `gosync history`, `why`, `undo`, `plan` and `apply`

use std::path::PathBuf;

use clap::{Args, value_parser};

use super::{Format, PlanArgs, Sync};

/// `gosync history`
#[derive(Args, Clone, Debug)]
pub struct History {
    /// Only this account or group, by a name it has or had, or by the provider's id
    #[arg(value_name = "NAME")]
    pub name: Option<String>,

    /// Show this many runs, the newest first
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u32).range(1..))]
    pub limit: u32,

    /// Show it in this format
    #[arg(
        long,
        value_name = "text|json",
        default_value_t,
        value_enum,
        hide_possible_values = true
    )]
    pub format: Format,
}

/// `gosync why`
#[derive(Args, Clone, Debug)]
pub struct Why {
    /// The account or group: a name on this host, or the provider's login, group name or id
    #[arg(value_name = "NAME")]
    pub name: String,

    /// Show it in this format
    #[arg(
        long,
        value_name = "text|json",
        default_value_t,
        value_enum,
        hide_possible_values = true
    )]
    pub format: Format,
}

/// `gosync undo`
#[derive(Args, Clone, Debug)]
pub struct Undo {
    /// The run, by the number that `gosync history` shows
    #[arg(value_name = "RUN")]
    pub run: u64,

    /// Options of the plan.
    #[command(flatten)]
    pub plan: PlanArgs,
}

/// `gosync plan`
#[derive(Args, Clone, Debug)]
#[command(disable_help_subcommand = true)]
pub struct Plan {
    /// Write the plan to this file
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub output: PathBuf,

    /// What is to be brought in step.
    #[command(subcommand)]
    pub what: Sync,
}

/// `gosync apply`
#[derive(Args, Clone, Debug)]
pub struct Apply {
    /// The file that `gosync plan` wrote
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub file: PathBuf,

    /// Read the provider again, and refuse if the plan would now be different
    #[arg(long)]
    pub fresh: bool,

    /// Options of the plan.
    #[command(flatten)]
    pub plan: PlanArgs,
}
