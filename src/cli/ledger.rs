//! `gosync ledger`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::PlanArgs;

/// `gosync ledger`
#[derive(Clone, Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub enum Ledger {
    /// Copy the ledger into a file
    ///
    /// In addition, gosync makes a copy on each day on which the ledger changed, and keeps seven of them in
    /// /var/lib/gosync/copies.
    Backup(LedgerFile),
    /// Replace the ledger by a copy
    ///
    /// The copy is verified first. What it does not know is reported: accounts that were made since then exist on this host, and
    /// are refused until they are adopted. No uid or gid that was given since then is given again. The present ledger is kept
    /// beside the copies. `--force` is needed for a copy of another host's ledger, and to replace a ledger that is sound.
    Restore(LedgerRestore),
    /// Check whether the ledger, or a copy, is sound
    Verify(LedgerVerify),
    /// Rebuild the ledger from this host and the provider's records
    ///
    /// For a host without a copy. Accounts of gosync are recognized by their files of SSH keys, which name the record, and by the
    /// numbers in the anchor together with the provider's logins and uids; accounts of people who have left, by their keys alone.
    /// An account whose record cannot be determined is reported, and is not owned until it is adopted. Every number that can
    /// be found stays retired. A plan like any other: look at it with -n first.
    ///
    /// With `--from directory`, the entries of a target of the kind `ldap` also show whose accounts and groups are, by the ids that
    /// they carry; a person with an entry there and no account here, also a retired one, keeps the number.
    Rebuild(LedgerRebuild),
    /// Remove a ledger of which nothing is left on this host
    ///
    /// For the end of a trial: none of its accounts, groups, homes, keys and subordinate ids may be left. It is kept beside the
    /// copies. Its numbers stay retired: gosync does not give them out by itself, but a person for whom the provider has one
    /// of them can get it.
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

    /// Only verify the copy, and report what it does not know
    #[arg(short = 'n', long, visible_alias = "noupdate")]
    pub dry_run: bool,
}

/// `gosync ledger rebuild`
#[derive(Args, Clone, Debug)]
pub struct LedgerRebuild {
    /// Ask this, too, whose accounts are: the directory that this host fills
    #[arg(
        long,
        value_name = "directory",
        value_enum,
        hide_possible_values = true
    )]
    pub from: Option<Witness>,

    /// Options of the plan.
    #[command(flatten)]
    pub plan: PlanArgs,
}

/// What is asked besides the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Witness {
    /// The targets of the kind `ldap`
    Directory,
}

/// `gosync ledger verify`
#[derive(Args, Clone, Debug)]
pub struct LedgerVerify {
    /// The copy; without it, the ledger of this host
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub file: Option<PathBuf>,
}

/// `gosync ledger reset`
#[derive(Args, Clone, Debug)]
pub struct LedgerReset {
    /// Only check whether anything is left
    #[arg(short = 'n', long, visible_alias = "noupdate")]
    pub dry_run: bool,
}
