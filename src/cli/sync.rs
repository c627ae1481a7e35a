//! `gosync sync`

use clap::{Args, Subcommand};

use super::PlanArgs;
use crate::model::units::Span;

/// `gosync sync`
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SyncArgs {
    /// What is brought in step; `None`: accounts, and then groups.
    #[command(subcommand)]
    pub what: Option<Sync>,

    /// Of people only those who have no account yet; groups as ever
    ///
    /// What `sync users --new` and `sync groups` would do one after the other. Nobody is locked by it.
    #[arg(long)]
    pub new: bool,

    /// How, if both are.
    #[command(flatten)]
    pub how: SyncHow,
}

/// What is brought in step.
#[derive(Clone, Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub enum Sync {
    /// Bring accounts in step with the people of the provider
    ///
    /// Without `--new`, `--updated` and `--only`, all people are looked at, and those who left are locked.
    Users(SyncUsers),
    /// Bring groups and their members in step with the provider
    ///
    /// Members are people who have an account. Groups that gosync did not make are left alone.
    Groups(SyncGroups),
}

impl Sync {
    /// How it is brought in step.
    pub fn how(&self) -> &SyncHow {
        match self {
            Self::Users(args) => &args.how,
            Self::Groups(args) => &args.how,
        }
    }
}

/// `gosync sync users`
#[derive(Args, Clone, Debug)]
pub struct SyncUsers {
    /// Only people who have no account yet
    #[arg(long)]
    pub new: bool,

    /// Only people who have an account
    #[arg(long)]
    pub updated: bool,

    /// Only these people, by the provider's login
    ///
    /// Narrows what `--new` and `--updated` choose. Names may be separated by blanks or commas.
    #[arg(long, value_name = "USER", num_args = 1.., value_delimiter = ',')]
    pub only: Vec<String>,

    /// How.
    #[command(flatten)]
    pub how: SyncHow,
}

/// `gosync sync groups`
#[derive(Args, Clone, Debug)]
pub struct SyncGroups {
    /// Only these groups and those above them, by the provider's name
    #[arg(value_name = "GROUP")]
    pub groups: Vec<String>,

    /// How.
    #[command(flatten)]
    pub how: SyncHow,
}

/// How something is brought in step.
#[derive(Args, Clone, Debug)]
pub struct SyncHow {
    /// Read everything, though nothing seems to have moved
    ///
    /// Where a run had nothing to do, and neither the provider nor this machine has moved since, the next one reads nobody; see
    /// `full_read_every` in gosync.toml(5). With -v all is read, too.
    #[arg(long)]
    pub full: bool,

    /// Begin with a new ledger, in the place of one that is lost, or is not this host's
    ///
    /// Accounts that are here are the host's own then, until they are adopted. No number that was given is given again.
    #[arg(long)]
    pub new_ledger: bool,

    /// Wait at first, at most so long, such as 60s: on each host another time, and on one host always the same
    ///
    /// So that many hosts whose cron begins at the same second do not all ask the provider at once. The time comes from
    /// /etc/machine-id. No lock is held meanwhile.
    #[arg(long, value_name = "DURATION")]
    pub splay: Option<Span>,

    /// Report a failure that lasts once in this time only, such as 6h, and when it is over
    ///
    /// For cron, which mails every line: without it, a provider that is down is one mail a run. A failure lasts while runs end with
    /// the same error; another error is reported at once. The exit status does not change, and `gosync status` shows the failure.
    #[arg(long, value_name = "DURATION")]
    pub remind: Option<Span>,

    /// Options of the plan.
    #[command(flatten)]
    pub plan: PlanArgs,
}
