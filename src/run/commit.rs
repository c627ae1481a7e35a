//! The ledger as a run may use it, and the commit of what is staged.

use super::env::Env;
use super::transaction::{self, Committed};
use super::watch::Watch;
use crate::error::{Error, Result};
use crate::ledger::{Ledger, Run};
use crate::model::owned::Owned;
use crate::plan::{Plan, effects};
use crate::system::files;
use crate::targets::{Staged, Target};

/// The ledger, as far as a run may use it.
pub(crate) enum LedgerAccess {
    /// For reading and writing.
    Write(Ledger),
    /// A dry run's: for reading, if there is one.
    Read(Option<Ledger>),
}

impl LedgerAccess {
    /// Opens it, and finishes or drops what an interrupted run has left.
    pub(crate) fn open(
        env: &Env,
        target: &dyn Target,
        dry_run: bool,
        watch: &mut dyn Watch,
    ) -> Result<Self> {
        let dir = env.state_dir();
        if dry_run {
            if target.is_interrupted()? {
                return Err(
                    Error::failed("an earlier run was interrupted while it wrote").hint(
                        "Run it without --dry-run first, which finishes or drops what was begun",
                    ),
                );
            }
            let ledger = Ledger::open_read_only(&dir).map_err(Error::failed)?;
            return Ok(Self::Read(ledger));
        }
        files::ensure_private_dir(&dir).map_err(Error::failed)?;
        let mut ledger = Ledger::open(&dir).map_err(Error::failed)?;
        ledger.keep_history(env.settings.gosync.history_days);
        if let Some(done) = transaction::recover(target, &mut ledger)? {
            watch.warn(done.to_owned());
        }
        target
            .litter()
            .into_iter()
            .for_each(|stays| watch.warn(stays));
        Ok(Self::Write(ledger))
    }

    /// What gosync owns.
    pub(crate) fn load(&self, run: Run<'_>) -> Result<Owned> {
        let ledger = match self {
            Self::Write(ledger) | Self::Read(Some(ledger)) => ledger,
            Self::Read(None) => return Ok(Owned::default()),
        };
        ledger
            .load(run.target, run.provider, run.now)
            .map_err(Error::failed)
    }
}

/// How a commit ended.
pub(crate) enum Commit {
    /// All is in place; the number of the run in the ledger, if anything was written to the
    /// databases.
    Done(Option<u64>),
    /// Somebody else changed the databases meanwhile; nothing was written.
    Moved,
}

/// Puts what is staged in place, if that is anything.
pub(crate) fn commit(
    target: &dyn Target,
    staged: &dyn Staged,
    (ledger, run): (&mut Ledger, Run<'_>),
    watch: &mut dyn Watch,
) -> Result<Commit> {
    let mut number = None;
    if changes_databases(staged.plan()) {
        let progress = watch.progress("homes made");
        let committed = transaction::commit(target, staged, ledger, run, progress.as_ref());
        target
            .litter()
            .into_iter()
            .for_each(|stays| watch.warn(stays));
        match committed? {
            Committed::Done(txn) => number = Some(txn),
            Committed::Moved => {
                tracing::info!("the databases changed meanwhile; planning again");
                return Ok(Commit::Moved);
            }
        }
    }
    Ok(Commit::Done(number))
}

fn changes_databases(plan: &Plan) -> bool {
    plan.changes
        .iter()
        .any(|change| !effects(change).is_after_commit)
}
