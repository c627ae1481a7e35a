//! What becomes of a transaction that was reserved: it comes true, or is dropped.

use rusqlite::{Connection, OptionalExtension as _};

use super::anchored;
use super::creations;
use super::edit::Edit;
use super::figures;
use super::history;
use super::pending::{self, EntryType, Pending};
use super::queue;
use super::store::{Ledger, LedgerError, Scope, next_generation};
use super::{departures, ids};
use crate::model::history::EntryKind;
use crate::model::host::Host;

impl Ledger {
    /// Makes the intentions of transaction `txn` true: all its files have changed. Doing so twice changes nothing.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub fn confirm(&mut self, txn: u64) -> Result<(), LedgerError> {
        let keep = self.keep;
        self.write(|tx| {
            confirm(tx, txn, keep)?;
            anchored::end(tx)
        })
    }

    /// Drops the intentions of a transaction of which nothing was ever put in place, and gives its new ids back: who
    /// knows whether useradd(8) takes them meanwhile.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub fn release(&mut self) -> Result<(), LedgerError> {
        if self.read(|db| pending::count(db, None))? == 0 {
            return Ok(());
        }
        self.write(|tx| {
            creations::forget_created(tx)?;
            pending::forget(tx)?;
            anchored::forget(tx)
        })
    }

    /// Drops the intentions of a transaction that happened in part, if at all; its ids stay set aside. Events of which
    /// nothing more will be heard, since what they say stands on `host`, are queued all the same; and what stands there
    /// under a name that it began to get is known by that name, too.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub fn drop_pending(&mut self, host: &Host<'_>) -> Result<(), LedgerError> {
        if self.read(|db| pending::count(db, None))? == 0 {
            return Ok(());
        }
        self.write(|tx| {
            let left = pending::to_do(tx, None)?;
            left.iter().try_for_each(|entry| give_up(tx, entry, host))?;
            pending::forget(tx)?;
            // The anchor may be in place already.
            anchored::end(tx)
        })
    }
}

/// Makes the entries of a transaction true, and writes its history; what is older than `keep` seconds goes.
fn confirm(db: &Connection, txn: u64, keep: i64) -> rusqlite::Result<()> {
    let sql = "SELECT at, target, provider FROM runs WHERE txn = ?1";
    let run: Option<(i64, String, String)> = db
        .query_row(sql, [txn], |row| {
            Ok((row.get("at")?, row.get("target")?, row.get("provider")?))
        })
        .optional()?;
    // One that was dropped, or that is confirmed for the second time after so long that it is forgotten.
    let Some((at, target, provider)) = run else {
        return Ok(());
    };
    let scope = Scope {
        db,
        target: &target,
        provider: &provider,
        now: at,
    };
    let has_entries = pending::count(db, Some(txn))? > 0;
    departures::end_made_again(scope, txn)?;
    ids::activate_made_again(scope, txn)?;
    for entry in &pending::to_do(db, Some(txn))? {
        come_true(db, entry)?;
    }
    if has_entries {
        next_generation(db)?;
        history::write(db, txn)?;
        history::prune(db, at.saturating_sub(keep))?;
    }
    // What was set aside as new is active as soon as nothing of its transaction waits.
    pending::clear(db, txn)?;
    pending::forget(db)
}

fn come_true(db: &Connection, entry: &Pending) -> rusqlite::Result<()> {
    let run = entry.run();
    match entry.entry {
        EntryType::Hook => queue::add(db, entry.key, run, &entry.body()?),
        EntryType::Round => queue::add_round(db, entry.key, entry.body()?, run.now),
        EntryType::Edit => match entry.of_what() {
            Some((kind, id)) => entry.body::<Edit>()?.apply(run.scope(db), kind, id),
            None => Ok(()),
        },
        EntryType::Figures => figures::add(run.scope(db), entry.key.txn, &entry.body()?),
        EntryType::MakeAgain | EntryType::History => Ok(()),
    }
}

/// Keeps of an entry that comes to nothing what is true all the same.
fn give_up(db: &Connection, entry: &Pending, host: &Host<'_>) -> rusqlite::Result<()> {
    match (entry.entry, entry.of_what()) {
        (EntryType::Hook, _) => {
            let event: crate::plan::events::HookEvent = entry.body()?;
            // The hooks around it are called for by the run that finds it.
            match event.is_present(host) {
                true => queue::add(db, entry.key, entry.run(), &event),
                false => Ok(()),
            }
        }
        (EntryType::Edit, Some((kind, id))) => match entry.body()? {
            Edit::Renamed { to, .. } => {
                let has = match kind {
                    EntryKind::Group => host.groups.get(to.as_str()).map(|found| found.gid),
                    _ => host.accounts.get(to.as_str()).map(|found| found.uid),
                };
                ids::keep_begun_name(entry.run().scope(db), kind, id, &to, has)
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}
