//! Keys in homes: they are written after the transaction, one by one, and become true, and history, when they are.
//!
//! A run that is killed between the two writes them again, to the same end.

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::history::{Keeper, Remembered, Snapshots, prune};
use super::queue::{self, Key};
use super::{Ledger, LedgerError, Run, apply, edit, next_number, place_word};
use crate::plan::events::HookEvent;
use crate::plan::{Change, Plan, effects};
use crate::policy::keys::digest;

/// Keys that are in a home now, or are taken out of it.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// What was done. Anything but keys in a home is remembered with its transaction, and not here.
    pub change: &'a Change,
    /// For which hooks have to run, if they do.
    pub event: Option<&'a HookEvent>,
}

impl Ledger {
    /// Writes down keys in homes. `number` is that of the run's transaction, or what an earlier call has returned; a run
    /// without one gets one, and is in the history from now on. Returns the run's number.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub fn wrote_keys(
        &mut self,
        run: Run<'_>,
        plan: &Plan,
        number: Option<u64>,
        written: &[Written<'_>],
    ) -> Result<u64, LedgerError> {
        let (path, keep) = (self.path.clone(), self.keep);
        let mut write = || -> rusqlite::Result<u64> {
            let tx = self.db.transaction()?;
            let number = number.map_or_else(|| begin(&tx, run, plan, keep), Ok)?;
            remember(&tx, run, number, written)?;
            queue_events(&tx, run, written)?;
            tx.commit()?;
            Ok(number)
        };
        write().map_err(|source| LedgerError::Sqlite { path, source })
    }
}

/// A run that did nothing else.
fn begin(tx: &Transaction<'_>, run: Run<'_>, plan: &Plan, keep: i64) -> rusqlite::Result<u64> {
    let number = next_number(tx)?;
    edit::add_run(tx, run, number, plan)?;
    apply::next_generation(tx)?;
    prune(tx, run.now.saturating_sub(keep))?;
    Ok(number)
}

fn remember(
    tx: &Transaction<'_>,
    run: Run<'_>,
    number: u64,
    written: &[Written<'_>],
) -> rusqlite::Result<()> {
    let mut snapshots = Snapshots::new(tx)?;
    let mut keeper = Keeper::new(tx, number)?;
    let mut count = 0_u64;
    for change in written.iter().map(|written| written.change) {
        let effects = effects(change);
        let (Some(keys), Some(id)) = (effects.keys, change.id()) else {
            continue;
        };
        if !effects.is_after_commit {
            continue;
        }
        let digest = if keys.text.is_empty() {
            String::new()
        } else {
            digest(keys.text.as_bytes())
        };
        let (id, place) = (id.as_str(), place_word(keys.at.kind()));
        apply::set_keys(tx, run.provider, id, place, keys.at.path(), &digest)?;
        if keys.takes_all() {
            apply::lose(tx, run, "keys", id, 1)?;
        }
        let remembered = snapshots.remember(run.provider, change)?;
        keeper.keep(
            run.provider,
            &before_the_run(tx, run.provider, number, remembered)?,
        )?;
        count += 1;
    }
    let sql = "UPDATE runs SET counts = json_set(counts, '$.keys', COALESCE(counts ->> '$.keys', 0) + ?2) WHERE txn = ?1";
    tx.execute(sql, params![number, count]).map(drop)
}

/// The run's transaction may have changed the entry, or made it.
fn before_the_run(
    tx: &Transaction<'_>,
    provider: &str,
    number: u64,
    remembered: Remembered,
) -> rusqlite::Result<Remembered> {
    let sql = "SELECT before FROM changes WHERE txn = ?1 AND provider = ?2 AND kind = ?3 AND id = ?4 ORDER BY seq";
    let (kind, id) = remembered.entry();
    let first = tx
        .query_row(sql, params![number, provider, kind.as_str(), id], |row| {
            row.get(0)
        })
        .optional()?;
    Ok(match first {
        Some(before) => remembered.since(before),
        None => remembered,
    })
}

fn queue_events(
    tx: &Transaction<'_>,
    run: Run<'_>,
    written: &[Written<'_>],
) -> rusqlite::Result<()> {
    let mut events = written
        .iter()
        .filter_map(|written| written.event)
        .zip(1..)
        .peekable();
    if events.peek().is_none() {
        return Ok(());
    }
    // A number of its own, so that no key is ever used twice.
    let txn = next_number(tx)?;
    events.try_for_each(|(event, seq)| queue::add(tx, Key { txn, seq }, run, event))
}
