//! Keys in homes: they are written after the transaction, one by one, and become true, and history, when they are.
//!
//! A run that is killed between the two writes them again, to the same end.

use rusqlite::{Connection, params};

use super::figures::{self, Figures};
use super::history::{self, Snapshots};
use super::losses::{self, LossKind};
use super::pending::{self, Writer};
use super::queue::{self, Key};
use super::store::{Ledger, LedgerError, Run, next_generation, next_number};
use super::{applied, reserve, retries};
use crate::model::owned::{HomeWork, KeyRecord};
use crate::plan::events::HookEvent;
use crate::plan::{Change, Plan, effects};

/// Keys that are in a home now, or are taken out of it.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// What was done. Anything but keys in a home is remembered with its transaction, and not here.
    pub change: &'a Change,
    /// For which hooks have to run, if they do.
    pub event: Option<&'a HookEvent>,
}

impl Ledger {
    /// Writes down keys in homes. A run without a number gets one, and is in the history from now on. Returns the run's
    /// number.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub fn wrote_keys(
        &mut self,
        run: Run<'_>,
        plan: &Plan,
        written: &[Written<'_>],
    ) -> Result<u64, LedgerError> {
        let keep = self.keep;
        self.write(|tx| {
            let number = match run.number {
                Some(number) => number,
                None => begin(tx, run, plan, keep)?,
            };
            remember(tx, run, number, written)?;
            queue_events(tx, run, written)?;
            Ok(number)
        })
    }
}

/// A run that did nothing else.
fn begin(db: &Connection, run: Run<'_>, plan: &Plan, keep: i64) -> rusqlite::Result<u64> {
    let number = next_number(db)?;
    figures::add_run(db, run, number, &Figures::of(plan, [false; 2])?)?;
    next_generation(db)?;
    history::prune(db, run.now.saturating_sub(keep))?;
    Ok(number)
}

fn remember(
    db: &Connection,
    run: Run<'_>,
    number: u64,
    written: &[Written<'_>],
) -> rusqlite::Result<()> {
    let scope = run.scope(db);
    let mut snapshots = Snapshots::within(db, number)?;
    let mut entries = Writer::new(db, number)?;
    let mut count = 0_u64;
    for change in written.iter().map(|written| written.change) {
        let effects = effects(change);
        let (Some(keys), true) = (effects.keys, effects.is_after_commit) else {
            continue;
        };
        let past = snapshots.past(scope, change)?;
        let record = KeyRecord {
            path: keys.at.path().to_owned(),
            digest: reserve::digest_of(&keys.text),
        };
        let id = past.id.as_str();
        applied::set_keys(scope, id, keys.at.kind(), &record)?;
        retries::done(scope, id, HomeWork::Keys)?;
        losses::add(scope, LossKind::Keys, id, usize::from(keys.takes_all()))?;
        entries.history(scope, &past)?;
        count += 1;
    }
    history::write(db, number)?;
    pending::clear(db, number)?;
    let sql = "UPDATE runs SET counts = json_set(counts, '$.keys', COALESCE(counts ->> '$.keys', 0) + ?2) WHERE txn = ?1";
    db.execute(sql, params![number, count]).map(drop)
}

fn queue_events(db: &Connection, run: Run<'_>, written: &[Written<'_>]) -> rusqlite::Result<()> {
    let mut events = written
        .iter()
        .filter_map(|written| written.event)
        .zip(1..)
        .peekable();
    if events.peek().is_none() {
        return Ok(());
    }
    // A number of its own, so that no key is ever used twice.
    let txn = next_number(db)?;
    events.try_for_each(|(event, seq)| queue::add(db, Key { txn, seq }, run, event))
}
