//! `gosync adopt` and `gosync release`

use clap::{Args, ValueEnum};

use super::PlanArgs;

/// What a name stands for. There is a global option `--group` already, and it means something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// An account
    Account,
    /// A group
    Group,
}

/// `gosync adopt`
#[derive(Args, Clone, Debug)]
pub struct Adopt {
    /// The account, or the group, by its name on this host
    pub name: String,

    /// Whose it becomes: the person's login, or the group's name, at the provider
    ///
    /// Without it, whoever would get an account or a group of this name.
    #[arg(long = "as", value_name = "REMOTE-NAME")]
    pub remote: Option<String>,

    /// What the name stands for
    ///
    /// Without it, an account if there is one of this name, else a group.
    #[arg(
        long,
        value_name = "account|group",
        value_enum,
        hide_possible_values = true
    )]
    pub kind: Option<Kind>,

    /// Options of the plan.
    #[command(flatten)]
    pub plan: PlanArgs,
}

/// `gosync release`
#[derive(Args, Clone, Debug)]
pub struct Release {
    /// The accounts, or the groups, by their names on this host
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,

    /// What the names stand for
    ///
    /// Without it, accounts as far as gosync has accounts of these names, else groups.
    #[arg(
        long,
        value_name = "account|group",
        value_enum,
        hide_possible_values = true
    )]
    pub kind: Option<Kind>,

    /// Options of the plan.
    #[command(flatten)]
    pub plan: PlanArgs,
}
