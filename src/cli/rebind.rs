//! `gosync rebind`

use clap::Args;

use super::{Kind, PlanArgs};

/// `gosync rebind`
#[derive(Args, Clone, Debug)]
pub struct Rebind {
    /// The account, or the group, by its name on this host
    #[arg(value_name = "NAME", required_unless_present = "all")]
    pub name: Option<String>,

    /// What the record is called at the provider
    ///
    /// Without it, the one that would give an account or a group of this name. The name here stays in any case.
    #[arg(long, value_name = "LOGIN", conflicts_with = "all")]
    pub to: Option<String>,

    /// All accounts and groups whose record is gone
    ///
    /// On a terminal it asks before it writes.
    #[arg(long, conflicts_with = "name", requires = "by")]
    pub all: bool,

    /// With --all: by what an account and its new record go together
    ///
    /// By the name that the record would give it here, by the uid or gid that the record asks for, or by an attribute of a
    /// person's record that has the old id (of LDAP and SCIM by its name there, which need not be in the configuration; of a
    /// document one of `attributes`); groups go by their names then. A match that is not the only one is none.
    #[arg(long, value_name = "login|uid|ATTRIBUTE", requires = "all")]
    pub by: Option<String>,

    /// With --all: what came from this provider, be it in the configuration or not
    ///
    /// Without it, what came from the provider that is read, and from all that are not in the configuration any more.
    #[arg(long, value_name = "PROVIDER", requires = "all")]
    pub from: Option<String>,

    /// What the name stands for
    ///
    /// Without it, an account if gosync has one of this name, else a group; with `--all`, both.
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
