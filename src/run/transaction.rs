//! The ledger's transaction around the phases of a target.
//!
//! The order is what makes it safe to be killed anywhere: reserve in the ledger; prepare, which
//! writes everything new beside the old; switch; confirm in the ledger; finish, which removes what
//! was needed on the way, and last the target's own record of the transaction. As long as that
//! record is there, the next run asks the target to which end the transaction came, and tells the
//! ledger.

use crate::error::{Error, Result};
use crate::ledger::{Ledger, Run};
use crate::targets::{
    Hold, Recovered, Recovery, Staged, Switched, Target, Transaction, Unmade, Unprepared,
};

/// How a commit ended.
#[derive(Debug)]
pub(crate) enum Committed {
    /// All of it is in place and on disk; the number of the run in the ledger.
    Done(u64),
    /// The databases changed since they were read; nothing was written. Read and plan again.
    Moved,
    /// Nothing was left to be done.
    Nothing,
    /// Homes can be neither made nor moved; nothing was put in place, and the rest can be without them.
    Unmade(Unmade),
    /// It could not begin, for this reason; nothing was put in place.
    Failed(Error),
}

/// Puts everything new in place, as one transaction with the ledger; `progress` is told about homes
/// made.
///
/// # Errors
/// When it has begun and cannot go on; the next run finishes or drops it.
pub(crate) fn commit(
    target: &dyn Target,
    staged: &dyn Staged,
    ledger: &mut Ledger,
    run: Run<'_>,
    progress: &dyn Fn(usize),
) -> Result<Committed> {
    let run = Run {
        let_through: staged.approved().is_let_through(),
        ..run
    };
    let txn = ledger.reserve(run, staged.plan()).map_err(Error::failed)?;
    let transaction = Transaction {
        number: txn,
        anchor: ledger.next_anchor(staged.plan()).map_err(Error::failed)?,
    };
    let prepared = match staged.prepare(&transaction, progress) {
        Ok(prepared) => prepared,
        Err(why) => {
            abandon(target, staged, ledger)?;
            return Ok(match why {
                Unprepared::Homes(unmade) => Committed::Unmade(unmade),
                Unprepared::Failed(e) => Committed::Failed(e.into()),
            });
        }
    };
    match prepared.switch()? {
        Switched::Done(traces) => {
            ledger.confirm(txn).map_err(Error::failed)?;
            target.finish(&traces)?;
            Ok(Committed::Done(txn))
        }
        Switched::Moved => abandon(target, staged, ledger).map(|()| Committed::Moved),
        Switched::NotBegun(e) => {
            abandon(target, staged, ledger).map(|()| Committed::Failed(e.into()))
        }
    }
}

/// Nothing was put in place: what was written beside is removed, and the intentions are dropped
/// with their ids.
fn abandon(target: &dyn Target, staged: &dyn Staged, ledger: &mut Ledger) -> Result<()> {
    target.finish(&staged.traces())?;
    ledger.release().map_err(Error::failed)
}

/// Finishes or drops what an interrupted run left behind. Returns what was done, if anything, in a
/// sentence.
///
/// # Errors
/// When it can be neither finished nor dropped.
pub(crate) fn recover(target: &dyn Target, ledger: &mut Ledger) -> Result<Option<&'static str>> {
    let Some(Recovered { txn, end, traces }) = target.recover()? else {
        ledger.release().map_err(Error::failed)?;
        return Ok(None);
    };
    if end.is_whole() {
        ledger.confirm(txn).map_err(Error::failed)?;
    } else {
        // Something may be in place, and the rest cannot follow: the ids stay set aside.
        let current = target.read(Hold::Open)?;
        let dropped = ledger.drop_pending(&current.host());
        dropped.map_err(Error::failed)?;
    }
    target.finish(&traces)?;
    Ok(Some(sentence(end)))
}

fn sentence(end: Recovery) -> &'static str {
    match end {
        Recovery::WasWhole => {
            "an earlier run was interrupted after it had written everything; it has been completed now"
        }
        Recovery::Finished => {
            "an earlier run was interrupted while it wrote; its change has been finished"
        }
        Recovery::Overtaken => {
            "an earlier run was interrupted while it wrote, and another program has changed the files \
             since; its change is planned anew"
        }
        Recovery::FromAnotherPlace => {
            "a run was interrupted while it wrote, before this tree came to its present place; its \
             change is planned anew"
        }
    }
}
