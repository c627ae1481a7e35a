//! `gosync rebind`

use clap::Args;

use super::{Kind, PlanArgs};

/// `gosync rebind`
#[derive(Args, Clone, Debug)]
pub struct Rebind {
    /// The account or group, by its name on this host
    #[arg(value_name = "NAME", required_unless_present = "all")]
    pub name: Option<String>,

    /// The name of the new record at the provider
    ///
    /// Without it, the record that would get an account or a group of this name. The name on this host stays in any case.
    #[arg(long, value_name = "LOGIN", conflicts_with = "all")]
    pub to: Option<String>,

    /// Rebind all accounts and groups whose record is gone
    ///
    /// On a terminal it asks before it writes.
    #[arg(long, conflicts_with = "name", requires = "by")]
    pub all: bool,

    /// With --all: how an account is matched to its new record
    ///
    /// By the name that the record would get here, by the uid or gid that the record asks for, or by an attribute of a person's
    /// record that has the old id (with LDAP and SCIM, the attribute's name there, which need not be in the configuration; in a
    /// document, one of `attributes`); groups are then matched by name. An ambiguous match is not used.
    #[arg(long, value_name = "login|uid|ATTRIBUTE", requires = "all")]
    pub by: Option<String>,

    /// With --all: only accounts and groups of this provider, whether it is still configured or not
    ///
    /// Without it, those of the provider that is read, and of every provider that is no longer configured.
    #[arg(long, value_name = "PROVIDER", requires = "all")]
    pub from: Option<String>,

    /// What the name is a name of
    ///
    /// Without it, an account if gosync owns one of this name, otherwise a group; with `--all`, both.
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
