//! `gosync ledger`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::PlanArgs;

/// `gosync ledger`
#[derive(Clone, Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub enum Ledger {
    /// Copy the ledger into a file
    ///
    /// Besides, a copy is made by itself on each day on which the ledger changed, and seven are kept, below
    /// /var/lib/gosync/copies.
    Backup(LedgerFile),
    /// Put a copy in the place of the ledger
    ///
    /// The copy is looked over before. What it does not know is told: accounts that were made since stand on this host, and
    /// are refused until they are adopted. No number that was given since is given again. The present ledger is kept beside
    /// the copies. A copy of another host's ledger, and any in the place of a ledger that is sound, needs --force.
    Restore(LedgerRestore),
    /// Find out whether the ledger, or a copy, is sound
    Verify(LedgerVerify),
    /// Make a ledger from what this host and the provider say
    ///
    /// Where there is no copy. Accounts of gosync's are told by their files with SSH keys, which say whose they are, and by the
    /// numbers of the anchor together with the provider's logins and uids; people who left are known by their keys alone. What
    /// is gosync's and whose it is nobody can say is told, and stays the host's until it is adopted. Every number of
    /// which there is a trace stays retired. A plan like any other: see it with -n first.
    Rebuild(PlanArgs),
    /// Take a ledger off the host of which nothing is left there
    ///
    /// For the end of a trial: no account, group, home, key or subordinate id of it may be left. It is kept beside the copies.
    /// Its numbers stay retired: gosync gives them to nobody by itself, but a person for whom the provider names one may
    /// have it.
    Reset(LedgerReset),
}

/// A file for a copy.
#[derive(Args, Clone, Debug)]
pub struct LedgerFile {
    /// The file
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub file: PathBuf,
}

/// `gosync ledger restore`
#[derive(Args, Clone, Debug)]
pub struct LedgerRestore {
    /// The copy
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub file: PathBuf,

    /// Only look the copy over, and tell what it does not know
    #[arg(short = 'n', long, visible_alias = "noupdate")]
    pub dry_run: bool,
}

/// `gosync ledger verify`
#[derive(Args, Clone, Debug)]
pub struct LedgerVerify {
    /// A copy; without it, the ledger of this host
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub file: Option<PathBuf>,
}

/// `gosync ledger reset`
#[derive(Args, Clone, Debug)]
pub struct LedgerReset {
    /// Only find out whether anything is left
    #[arg(short = 'n', long, visible_alias = "noupdate")]
    pub dry_run: bool,
}
