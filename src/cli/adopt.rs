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
    /// The accounts or groups, by their names on this host
    #[arg(value_name = "NAME", required_unless_present = "all")]
    pub names: Vec<String>,

    /// Adopt all accounts and groups that the provider also has
    ///
    /// Lists what equals the provider's record, what would change, and what cannot be adopted and why. On a terminal it
    /// asks before it writes.
    #[arg(long, conflicts_with = "names")]
    pub all: bool,

    /// With --all: how an account is matched to a record
    ///
    /// By the name that the record would get here, or by the uid (of a group, the gid) that the provider has. An account that
    /// is adopted by number under another name keeps its name, as with `--as`.
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

    /// The record to adopt it for: the person's login, or the group's name, at the provider
    ///
    /// Without it, the record that would get an account or a group of this name. For a single NAME.
    #[arg(long = "as", value_name = "REMOTE-NAME", conflicts_with = "all")]
    pub remote: Option<String>,

    /// What the names are names of
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
    /// The accounts or groups, by their names on this host
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,

    /// What the names are names of
    ///
    /// Without it, accounts if gosync owns accounts of these names, otherwise groups.
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
