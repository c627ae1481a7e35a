//! The durable queue of events for which hooks have to run.
//!
//! An event comes into it in the SQLite transaction that confirms its commit, and leaves it when all its hooks have
//! ended well. What a hook did is written down after it: a run that is killed in between runs it again, with the same
//! [`Key`]. Of several events of one account or group only the first is ever due.

use std::collections::BTreeSet;
use std::fmt;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::store::{Ledger, LedgerError, Run, next_number, odd_json};
use super::{columns::columns, contacts};
use crate::plan::events::{HookEvent, Kind};

/// Names an event for ever: the number of its transaction, and its place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The transaction.
    pub txn: u64,
    /// The place in it.
    pub seq: u64,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.txn, self.seq)
    }
}

/// An event that is due.
#[derive(Clone, Debug)]
pub struct Queued {
    /// Its key.
    pub key: Key,
    /// The provider that it comes from.
    pub provider: String,
    /// The command that made the change.
    pub command: String,
    /// When, in seconds since 1970.
    pub at: i64,
    /// How often it has failed.
    pub attempts: u32,
    /// What happened.
    pub event: HookEvent,
    /// What of it is done.
    pub done: BTreeSet<String>,
}

/// The hooks that run before and after the others of a kind have to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// Its key.
    pub key: Key,
    /// Since when, in seconds since 1970.
    pub at: i64,
    /// From when on, in seconds since 1970.
    pub due: i64,
    /// How often it has failed.
    pub attempts: u32,
    /// The names of those whose events it is around.
    pub changed: BTreeSet<String>,
}

/// What is to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// This step of an event is done.
    Step(Key, String),
    /// All of it is done.
    Done(Key),
    /// It is to be tried again.
    Again {
        /// Which.
        key: Key,
        /// How often it has failed.
        attempts: u32,
        /// From when on, in seconds since 1970; `None`: it is given up.
        due: Option<i64>,
        /// Why; escaped already.
        error: String,
    },
}

/// What is in the queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueCensus {
    /// Events that wait, those that are due among them.
    pub queued: u64,
    /// Events that the next run tries.
    pub due: u64,
    /// Events that no run tries any more.
    pub given_up: u64,
    /// Those of them that have failed, the first ones.
    pub failing: Vec<Failing>,
}

/// An event that has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Its key.
    pub key: Key,
    /// Which hooks: `user`, `group`, `bygroup`; for those before and after, `user-round` or `group-round`.
    pub kind: String,
    /// What happened.
    pub event: String,
    /// Of whom or what; empty for a round.
    pub name: String,
    /// How often it has failed.
    pub attempts: u32,
    /// When it is tried again, in seconds since 1970; `None`: it is given up.
    pub due: Option<i64>,
    /// Why it failed last.
    pub error: String,
}

fn round_word(kind: Kind) -> String {
    format!("{}-round", kind.as_str())
}

/// The SQL for what of the queue `q` is due at ?1: of each account or group the first event at most.
const IS_DUE: &str = "q.given_up = 0 AND q.due <= ?1 AND NOT EXISTS (
    SELECT 1 FROM hook_queue o WHERE o.kind = q.kind AND o.provider = q.provider AND o.subject = q.subject
        AND o.given_up = 0 AND (o.txn, o.seq) < (q.txn, q.seq))";

columns!(DueColumns {
    txn,
    seq,
    provider,
    command,
    at,
    attempts,
    body
});

/// Puts an event into the queue.
pub(super) fn add(
    tx: &Connection,
    key: Key,
    run: Run<'_>,
    event: &HookEvent,
) -> rusqlite::Result<()> {
    let body = serde_json::to_string(event).map_err(odd_json)?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO hook_queue (txn, seq, provider, kind, subject, name, event, command, body, at, due)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)",
    )?;
    let (kind, name, word) = (
        event.kind.as_str(),
        event.subject.name(),
        event.event.as_str(),
    );
    let Run {
        provider,
        command,
        now,
        ..
    } = run;
    insert.execute(params![
        key.txn, key.seq, provider, kind, event.id, name, word, command, body, now
    ])?;
    contacts::told(run.scope(tx), event)
}

/// The names in the body of a round; a new one has none yet.
fn names(body: &str) -> rusqlite::Result<BTreeSet<String>> {
    match body {
        "" => Ok(BTreeSet::new()),
        list => serde_json::from_str(list).map_err(odd_json),
    }
}

/// Puts a round into the queue. There is one of a kind: an older one that waits is done by this one, which takes over its
/// names.
pub(super) fn add_round(tx: &Connection, key: Key, kind: Kind, now: i64) -> rusqlite::Result<()> {
    let word = round_word(kind);
    let sql = "SELECT body FROM hook_queue WHERE kind = ?1 AND body <> ''";
    let body: Option<String> = tx.query_row(sql, [&word], |row| row.get(0)).optional()?;
    tx.execute("DELETE FROM hook_queue WHERE kind = ?1", [&word])?;
    tx.execute(
        "INSERT INTO hook_queue (txn, seq, provider, kind, subject, name, event, command, body, at, due)
         VALUES (?1, ?2, '', ?3, '', '', '', '', ?5, ?4, ?4)",
        params![key.txn, key.seq, word, now, body.unwrap_or_default()],
    )
    .map(drop)
}

impl Ledger {
    /// The events of a kind that are due at `now`, in seconds since 1970, of each account or group only the first; at
    /// most `limit`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn hooks_due(
        &self,
        kind: Kind,
        now: i64,
        limit: usize,
    ) -> Result<Vec<Queued>, LedgerError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(&format!(
                "SELECT txn, seq, provider, command, at, attempts, body FROM hook_queue q
                 WHERE {IS_DUE} AND kind = ?2 ORDER BY txn, seq LIMIT ?3"
            ))?;
            let at = DueColumns::of(&statement)?;
            let mut steps =
                db.prepare_cached("SELECT step FROM hook_done WHERE txn = ?1 AND seq = ?2")?;
            let mut rows = statement.query(params![now, kind.as_str(), limit])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                let key = Key {
                    txn: row.get(at.txn)?,
                    seq: row.get(at.seq)?,
                };
                let done = steps
                    .query_map([key.txn, key.seq], |row| row.get("step"))?
                    .collect::<rusqlite::Result<_>>()?;
                let body = row.get_ref(at.body)?.as_str()?;
                out.push(Queued {
                    key,
                    provider: row.get(at.provider)?,
                    command: row.get(at.command)?,
                    at: row.get(at.at)?,
                    attempts: row.get(at.attempts)?,
                    event: serde_json::from_str(body).map_err(odd_json)?,
                    done,
                });
            }
            Ok(out)
        })
    }

    /// Whether anything of any kind is due.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn is_hook_due(&self, now: i64) -> Result<bool, LedgerError> {
        let sql = format!("SELECT 1 FROM hook_queue q WHERE {IS_DUE} LIMIT 1");
        self.read(|db| db.prepare(&sql)?.exists([now]))
    }

    /// The round of a kind that waits.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn hook_round(&self, kind: Kind) -> Result<Option<Round>, LedgerError> {
        let sql = "SELECT txn, seq, at, due, attempts, body FROM hook_queue WHERE kind = ?1 AND given_up = 0";
        let round = |row: &rusqlite::Row<'_>| -> rusqlite::Result<Round> {
            let key = Key {
                txn: row.get("txn")?,
                seq: row.get("seq")?,
            };
            Ok(Round {
                key,
                at: row.get("at")?,
                due: row.get("due")?,
                attempts: row.get("attempts")?,
                changed: names(row.get_ref("body")?.as_str()?)?,
            })
        };
        self.read(|db| db.query_row(sql, [round_word(kind)], round).optional())
    }

    /// Begins a round of a kind, for events that wait since an earlier run.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub fn open_hook_round(&mut self, kind: Kind, now: i64) -> Result<Round, LedgerError> {
        self.write(|tx| {
            // A number of its own, so that no key is ever used twice.
            let key = Key {
                txn: next_number(tx)?,
                seq: 1,
            };
            add_round(tx, key, kind, now)?;
            Ok(Round {
                key,
                at: now,
                due: now,
                attempts: 0,
                changed: BTreeSet::new(),
            })
        })
    }

    /// Notes in a round whose events are due at `now`, so that all its hooks, also those that are tried again, read the same
    /// names.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub fn extend_hook_round(
        &mut self,
        kind: Kind,
        round: &mut Round,
        now: i64,
    ) -> Result<(), LedgerError> {
        let due = self.read(|db| {
            let mut statement = db.prepare(
                "SELECT DISTINCT name FROM hook_queue WHERE kind = ?1 AND due <= ?2 AND given_up = 0",
            )?;
            let rows = statement.query_map(params![kind.as_str(), now], |row| row.get(0))?;
            rows.collect::<rusqlite::Result<Vec<String>>>()
        })?;
        let before = round.changed.len();
        round.changed.extend(due);
        if round.changed.len() == before {
            return Ok(());
        }
        let (key, changed) = (round.key, &round.changed);
        self.write(|tx| {
            let body = serde_json::to_string(changed).map_err(odd_json)?;
            let sql = "UPDATE hook_queue SET body = ?3 WHERE txn = ?1 AND seq = ?2";
            tx.execute(sql, params![key.txn, key.seq, body]).map(drop)
        })
    }

    /// Writes down what hooks did.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub fn record_hooks(&mut self, records: &[Record]) -> Result<(), LedgerError> {
        self.write(|tx| records.iter().try_for_each(|record| write(tx, record)))
    }

    /// Makes everything in the queue due at `now`, what was given up as well.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub fn revive_hooks(&mut self, now: i64) -> Result<(), LedgerError> {
        // What says "later" is given up by its age, which begins anew.
        let sql = "UPDATE hook_queue SET due = ?1, at = MAX(at, CASE given_up WHEN 1 THEN ?1 ELSE at END),
                       attempts = 0, given_up = 0 WHERE due > ?1 OR given_up = 1";
        self.read(|db| db.execute(sql, [now]).map(drop))
    }

    /// What is in the queue at `now`, and the first `limit` that have failed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn hook_census(&self, now: i64, limit: usize) -> Result<QueueCensus, LedgerError> {
        self.read(|db| {
            let count = |given_up: bool, until: i64| -> rusqlite::Result<u64> {
                let sql = "SELECT COUNT(*) FROM hook_queue WHERE given_up = ?1 AND due <= ?2";
                db.query_row(sql, params![given_up, until], |row| row.get(0))
            };
            let mut statement = db.prepare(
                "SELECT txn, seq, kind, event, name, attempts, given_up, due, error FROM hook_queue
                 WHERE error <> '' ORDER BY given_up DESC, txn, seq LIMIT ?1",
            )?;
            let failing = statement.query_map([limit], failing)?;
            Ok(QueueCensus {
                queued: count(false, i64::MAX)?,
                due: count(false, now)?,
                given_up: count(true, i64::MAX)?,
                failing: failing.collect::<rusqlite::Result<_>>()?,
            })
        })
    }
}

fn failing(row: &Row<'_>) -> rusqlite::Result<Failing> {
    let given_up: bool = row.get("given_up")?;
    Ok(Failing {
        key: Key {
            txn: row.get("txn")?,
            seq: row.get("seq")?,
        },
        kind: row.get("kind")?,
        event: row.get("event")?,
        name: row.get("name")?,
        attempts: row.get("attempts")?,
        due: if given_up {
            None
        } else {
            Some(row.get("due")?)
        },
        error: row.get("error")?,
    })
}

fn write(tx: &Connection, record: &Record) -> rusqlite::Result<()> {
    match record {
        Record::Step(key, step) => {
            let sql = "INSERT OR IGNORE INTO hook_done (txn, seq, step) VALUES (?1, ?2, ?3)";
            tx.prepare_cached(sql)?
                .execute(params![key.txn, key.seq, step])?;
        }
        Record::Done(key) => {
            for sql in [
                "DELETE FROM hook_done WHERE txn = ?1 AND seq = ?2",
                "DELETE FROM hook_queue WHERE txn = ?1 AND seq = ?2",
            ] {
                tx.prepare_cached(sql)?.execute([key.txn, key.seq])?;
            }
        }
        Record::Again {
            key,
            attempts,
            due,
            error,
        } => {
            let sql = "UPDATE hook_queue SET attempts = ?3, due = COALESCE(?4, due), given_up = ?4 IS NULL, error = ?5
                       WHERE txn = ?1 AND seq = ?2";
            tx.prepare_cached(sql)?
                .execute(params![key.txn, key.seq, attempts, due, error])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
