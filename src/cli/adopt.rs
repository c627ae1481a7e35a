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

/// By what accounts and groups of a host are taken for those of the provider's records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// By the name that the record would give it here
    #[default]
    Login,
    /// By the uid, or the gid
    Uid,
}

/// `gosync adopt`
#[derive(Args, Clone, Debug)]
pub struct Adopt {
    /// The accounts, or the groups, by their names on this host
    #[arg(value_name = "NAME", required_unless_present = "all")]
    pub names: Vec<String>,

    /// All accounts and groups that the provider has, too
    ///
    /// What is the same as at the provider, what would change, and what cannot be taken over and why, is told. On a
    /// terminal it asks before it writes.
    #[arg(long, conflicts_with = "names")]
    pub all: bool,

    /// With --all: by what an account is a person's
    ///
    /// By the name that the person would get here, or by the uid that the provider says; groups alike. What is taken over
    /// by its number under another name keeps its name, as with `--as`.
    #[arg(
        long,
        value_name = "login|uid",
        value_enum,
        requires = "all",
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub by: By,

    /// Whose it becomes: the person's login, or the group's name, at the provider
    ///
    /// Without it, whoever would get an account or a group of this name. For one name.
    #[arg(long = "as", value_name = "REMOTE-NAME", conflicts_with = "all")]
    pub remote: Option<String>,

    /// What the names stand for
    ///
    /// Without it, an account if there is one of this name, else a group; with `--all`, both.
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
