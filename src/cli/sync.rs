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

    /// Only make accounts for people who have none; sync groups as usual
    ///
    /// Does what `sync users --new` and `sync groups` would do one after the other. Locks nobody.
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
    /// Bring accounts in step with the provider's people
    ///
    /// Without `--new`, `--updated` and `--only`, all people are considered, and accounts of people who have left are locked.
    Users(SyncUsers),
    /// Bring groups and their members in step with the provider
    ///
    /// Members are people who have an account. Groups that gosync does not own are left alone.
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
    /// Restricts `--new` and `--updated` further. Names may be separated by blanks or commas.
    #[arg(long, value_name = "USER", num_args = 1.., value_delimiter = ',')]
    pub only: Vec<String>,

    /// How.
    #[command(flatten)]
    pub how: SyncHow,
}

/// `gosync sync groups`
#[derive(Args, Clone, Debug)]
pub struct SyncGroups {
    /// Only these groups and their parents, by the provider's name
    #[arg(value_name = "GROUP")]
    pub groups: Vec<String>,

    /// How.
    #[command(flatten)]
    pub how: SyncHow,
}

/// How something is brought in step.
#[derive(Args, Clone, Debug)]
pub struct SyncHow {
    /// Read everything, even if nothing seems to have changed
    ///
    /// If a run had nothing to do, and neither the provider nor this host has changed since, the next one reads no records; see
    /// `full_read_every` in gosync.toml(5). With -v, everything is read as well.
    #[arg(long)]
    pub full: bool,

    /// Begin a new ledger, in place of one that is lost or belongs to another host
    ///
    /// Existing accounts are then not owned until they are adopted. No uid or gid that was given is given again.
    #[arg(long)]
    pub new_ledger: bool,

    /// Wait before the run, at most this long, such as 60s; the wait differs between hosts, and is always the same on one host
    ///
    /// This keeps hosts whose cron starts at the same second from asking the provider all at once. The wait is derived from
    /// /etc/machine-id. No lock is held during it.
    #[arg(long, value_name = "DURATION")]
    pub splay: Option<Span>,

    /// Report a failure that lasts once in this time only, such as 6h, and when it is over
    ///
    /// For cron, which mails every line: without it, a provider that is down is one mail a run. A failure lasts while runs end with
    /// the same error; another error is reported at once. The exit status does not change, and `gosync status` shows the failure.
    #[arg(long, value_name = "DURATION")]
    pub remind: Option<Span>,

    /// Bring only this target in step, one of `targets` in [gosync]; may be given several times
    ///
    /// Where only targets are named that are made of what the host has, the provider is not read and the host stays as it is: they
    /// show what stands there. Where only the host is named, `gosync status` reports the others as not in step, until the next run
    /// brings them there.
    #[arg(long = "target", value_name = "NAME")]
    pub targets: Vec<String>,

    /// Options of the plan.
    #[command(flatten)]
    pub plan: PlanArgs,
}
