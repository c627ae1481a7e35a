//! The history: what each run changed, entry by entry.
//!
//! Written when a transaction is confirmed and in the same step, so that what never happened leaves none. An entry is
//! remembered by all columns of its row, whatever these are in a later version, but for whose it is and for what only
//! counts absences.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension as _, Row, Statement, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Ledger, LedgerError};
use crate::model::RemoteId;
use crate::model::history::{Entry, EntryKind, Later, PastChange, PastRun};
use crate::model::owned::State;
use crate::plan::{Change, effects};

/// Columns that say nothing about an entry as it is on the host.
const LEFT_OUT: [&str; 5] = ["provider", "id", "txn", "absent_since", "absent_runs"];

/// A change that goes into the history when its transaction is confirmed.
#[derive(Debug, Serialize, Deserialize)]
pub struct Remembered {
    id: String,
    kind: EntryKind,
    change: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<Value>,
    /// The entry's row; `None`: there was none.
    before: Option<String>,
}

impl Remembered {
    /// Whether there is no entry yet.
    pub(super) fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// Whether the entry is one of an account or a group that should be on the host.
    pub(super) fn stands(&self) -> bool {
        let row = self
            .before
            .as_deref()
            .and_then(|row| serde_json::from_str::<Value>(row).ok());
        let state = row.and_then(|row| State::from_word(row.get("state")?.as_str()?));
        state.is_some_and(State::is_present)
    }

    /// What was changed, and its id.
    pub(super) fn entry(&self) -> (EntryKind, &str) {
        (self.kind, &self.id)
    }

    /// The same, of an entry that was something else before.
    pub(super) fn since(self, before: Option<String>) -> Self {
        Self { before, ..self }
    }

    /// An entry that was made.
    pub(super) fn fresh(id: String, group: bool) -> Self {
        let (kind, change) = match group {
            true => (EntryKind::Group, "create-group"),
            false => (EntryKind::Account, "create-account"),
        };
        Self {
            id,
            kind,
            change: change.to_owned(),
            detail: None,
            before: None,
        }
    }
}

fn table(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Account => "accounts",
        EntryKind::Group => "unix_groups",
        EntryKind::LocalGroup => "local_members",
    }
}

/// The SQL for the entry of the provider ?1 with the id ?2, as it is; NULL: there is none.
fn entry(
    tx: &Transaction<'_>,
    kind: EntryKind,
    provider: &str,
    id: &str,
) -> rusqlite::Result<String> {
    let (json, table) = (as_json(tx, kind)?, table(kind));
    Ok(match kind {
        // Without members there is no row, but that is no other thing than a row without members.
        EntryKind::LocalGroup => format!(
            "COALESCE((SELECT {json} FROM {table} WHERE provider = {provider} AND name = {id}),
                      json_object('name', {id}, 'members', ''))"
        ),
        _ => format!("(SELECT {json} FROM {table} WHERE provider = {provider} AND id = {id})"),
    })
}

/// The SQL for a row of a table as JSON.
fn as_json(tx: &Transaction<'_>, kind: EntryKind) -> rusqlite::Result<String> {
    let mut columns = tx.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let columns: Vec<String> = columns
        .query_map([table(kind)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let columns = columns
        .iter()
        .filter(|column| !LEFT_OUT.contains(&column.as_str()));
    let pairs: Vec<String> = columns
        .map(|column| format!("'{column}', {column}"))
        .collect();
    Ok(format!("json_object({})", pairs.join(", ")))
}

/// What is kept of each kind of entry.
struct Each<T> {
    account: T,
    group: T,
    local: T,
}

impl<T> Each<T> {
    fn new(mut make: impl FnMut(EntryKind) -> rusqlite::Result<T>) -> rusqlite::Result<Self> {
        let (account, group) = (make(EntryKind::Account)?, make(EntryKind::Group)?);
        Ok(Self {
            account,
            group,
            local: make(EntryKind::LocalGroup)?,
        })
    }

    fn of(&mut self, kind: EntryKind) -> &mut T {
        match kind {
            EntryKind::Account => &mut self.account,
            EntryKind::Group => &mut self.group,
            EntryKind::LocalGroup => &mut self.local,
        }
    }
}

/// Entries as they are before a transaction.
pub(super) struct Snapshots<'t> {
    statements: Each<Statement<'t>>,
}

impl<'t> Snapshots<'t> {
    pub(super) fn new(tx: &'t Transaction<'_>) -> rusqlite::Result<Self> {
        let select = |kind| tx.prepare(&format!("SELECT {}", entry(tx, kind, "?1", "?2")?));
        Ok(Self {
            statements: Each::new(select)?,
        })
    }

    /// What is to be remembered of a change.
    pub(super) fn remember(
        &mut self,
        provider: &str,
        change: &Change,
    ) -> rusqlite::Result<Remembered> {
        let (subject, effects) = (&change.of, effects(change));
        let id = change
            .id()
            .map_or(change.name(), RemoteId::as_str)
            .to_owned();
        let before = self
            .statements
            .of(subject.kind)
            .query_row(params![provider, id], |row| row.get(0))?;
        Ok(Remembered {
            id,
            kind: subject.kind,
            change: effects.word.to_owned(),
            // Plain data, which always becomes JSON.
            detail: effects.detail.and_then(|d| serde_json::to_value(d).ok()),
            before,
        })
    }
}

/// The groups, whosever they are, that lose a removed account as a member, with their providers.
pub(super) fn groups_with(
    tx: &Transaction<'_>,
    name: &str,
) -> rusqlite::Result<Vec<(String, Remembered)>> {
    let mut out = Vec::new();
    for (kind, id) in [(EntryKind::Group, "id"), (EntryKind::LocalGroup, "name")] {
        let sql = format!(
            "SELECT provider, {id}, {} FROM {} WHERE instr(',' || members || ',', ',' || ?1 || ',') > 0",
            as_json(tx, kind)?,
            table(kind)
        );
        let mut statement = tx.prepare(&sql)?;
        let rows = statement.query_map([name], |row| {
            let change = "leave-group".to_owned();
            Ok((
                row.get(0)?,
                Remembered {
                    id: row.get(1)?,
                    kind,
                    change,
                    detail: None,
                    before: row.get(2)?,
                },
            ))
        })?;
        for row in rows {
            out.push(row?);
        }
    }
    Ok(out)
}

/// Writes the history of a transaction whose edits have been made.
pub(super) struct Keeper<'t> {
    statements: Each<Statement<'t>>,
    txn: u64,
    seq: u64,
}

impl<'t> Keeper<'t> {
    pub(super) fn new(tx: &'t Transaction<'_>, txn: u64) -> rusqlite::Result<Self> {
        let insert = |kind: EntryKind| {
            let (word, after) = (kind.as_str(), entry(tx, kind, "?3", "?4")?);
            tx.prepare(&format!(
                "INSERT INTO changes (txn, seq, provider, kind, id, name, change, detail, before, after)
                 SELECT ?1, ?2, ?3, '{word}', ?4, after ->> 'name', ?5, ?6, ?7, after
                   FROM (SELECT {after} AS after) WHERE after IS NOT NULL"
            ))
        };
        let sql = "SELECT COALESCE(MAX(seq), 0) FROM changes WHERE txn = ?1";
        let seq = tx.query_row(sql, [txn], |row| row.get(0))?;
        Ok(Self {
            statements: Each::new(insert)?,
            txn,
            seq,
        })
    }

    pub(super) fn keep(&mut self, provider: &str, change: &Remembered) -> rusqlite::Result<()> {
        self.seq += 1;
        let detail = change.detail.as_ref().map(Value::to_string);
        let Remembered {
            id,
            kind,
            change,
            before,
            ..
        } = change;
        let statement = self.statements.of(*kind);
        statement
            .execute(params![
                self.txn, self.seq, provider, id, change, detail, before
            ])
            .map(drop)
    }
}

/// Forgets the runs from before `at`, in seconds since 1970.
pub(super) fn prune(tx: &Transaction<'_>, at: i64) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM changes WHERE txn IN (SELECT txn FROM runs WHERE at < ?1)",
        [at],
    )?;
    tx.execute("DELETE FROM runs WHERE at < ?1", [at]).map(drop)
}

/// A run that has happened: one that is still intended has edits that wait.
const HAPPENED: &str = "SELECT txn, at, provider, command, digest, counts FROM runs
     WHERE txn NOT IN (SELECT txn FROM pending)";

impl Ledger {
    /// The newest `limit` runs with their changes, the newest first; with a `name`, only what became of accounts and
    /// groups that were called so at any time, or have this id.
    ///
    /// # Errors
    /// When it cannot be read, or holds what cannot be.
    pub fn history(&self, name: Option<&str>, limit: u32) -> Result<Vec<PastRun>, LedgerError> {
        match name {
            None => self.past(
                &format!("{HAPPENED} ORDER BY txn DESC LIMIT ?1"),
                &limit,
                None,
            ),
            Some(name) => {
                let entries = self.entries_called(name).map_err(|e| self.error(e))?;
                let mut runs = self.past(
                    &format!("{HAPPENED} AND ?1 ORDER BY txn DESC"),
                    &true,
                    Some(&entries),
                )?;
                runs.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                Ok(runs)
            }
        }
    }

    /// One run.
    ///
    /// # Errors
    /// As [`Ledger::history`].
    pub fn past_run(&self, number: u64) -> Result<Option<PastRun>, LedgerError> {
        Ok(self
            .past(&format!("{HAPPENED} AND txn = ?1"), &number, None)?
            .pop())
    }

    /// The number of the run that carried out the plan with this digest.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn run_of_plan(&self, digest: &str) -> Result<Option<u64>, LedgerError> {
        let sql = "SELECT txn FROM runs WHERE digest = ?1 AND txn NOT IN (SELECT txn FROM pending) ORDER BY txn DESC";
        self.db
            .query_row(sql, [digest], |row| row.get(0))
            .optional()
            .map_err(|e| self.error(e))
    }

    /// What was changed after a run, and by which run last.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn changed_since(&self, number: u64) -> Result<Vec<Later>, LedgerError> {
        let read = || -> rusqlite::Result<Vec<_>> {
            let sql = "SELECT provider, kind, id, MAX(txn) FROM changes WHERE txn > ?1 GROUP BY provider, kind, id";
            let mut statement = self.db.prepare(sql)?;
            let rows = statement.query_map([number], |row| {
                Ok(Later {
                    provider: row.get(0)?,
                    kind: kind(row, 1)?,
                    id: row.get(2)?,
                    run: row.get(3)?,
                })
            })?;
            rows.collect()
        };
        read().map_err(|e| self.error(e))
    }

    /// Provider, kind and id of everything that is or was called `name`.
    fn entries_called(&self, name: &str) -> rusqlite::Result<BTreeSet<(String, String, String)>> {
        let sql = "SELECT provider, kind, id FROM changes WHERE name = ?1 OR id = ?1 OR before ->> 'name' = ?1";
        let mut statement = self.db.prepare(sql)?;
        statement
            .query_map([name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect()
    }

    fn past(
        &self,
        sql: &str,
        parameter: &dyn rusqlite::ToSql,
        entries: Option<&BTreeSet<(String, String, String)>>,
    ) -> Result<Vec<PastRun>, LedgerError> {
        let read = || -> rusqlite::Result<Vec<PastRun>> {
            let mut runs = self.db.prepare(sql)?;
            let mut changes = self.db.prepare(
                "SELECT seq, provider, kind, id, name, change, detail, before, after FROM changes WHERE txn = ?1
                 ORDER BY seq",
            )?;
            let runs = runs.query_map([parameter], run)?;
            let mut out = Vec::new();
            for past in runs {
                let mut past = past?;
                let wanted = |change: &PastChange| {
                    let key = (
                        change.provider.clone(),
                        change.kind.as_str().to_owned(),
                        change.id.clone(),
                    );
                    entries.is_none_or(|entries| entries.contains(&key))
                };
                for change in changes.query_map([past.number], change)? {
                    past.changes.extend(Some(change?).filter(wanted));
                }
                if entries.is_none() || !past.changes.is_empty() {
                    out.push(past);
                }
            }
            Ok(out)
        };
        read().map_err(|e| self.error(e))
    }
}

fn run(row: &Row<'_>) -> rusqlite::Result<PastRun> {
    let (number, at, provider, command, digest) = (
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
    );
    Ok(PastRun {
        number,
        at,
        provider,
        command,
        digest,
        counts: json(row, 5)?,
        changes: Vec::new(),
    })
}

fn change(row: &Row<'_>) -> rusqlite::Result<PastChange> {
    let is_null = |at: usize| {
        row.get_ref(at)
            .map(|value| value == rusqlite::types::ValueRef::Null)
    };
    Ok(PastChange {
        seq: row.get(0)?,
        provider: row.get(1)?,
        kind: kind(row, 2)?,
        id: row.get(3)?,
        name: row.get(4)?,
        change: row.get(5)?,
        detail: if is_null(6)? {
            None
        } else {
            Some(json(row, 6)?)
        },
        before: if is_null(7)? {
            None
        } else {
            Some(json::<Entry>(row, 7)?)
        },
        after: json(row, 8)?,
    })
}

fn kind(row: &Row<'_>, at: usize) -> rusqlite::Result<EntryKind> {
    let word: String = row.get(at)?;
    let odd = || {
        rusqlite::Error::FromSqlConversionFailure(
            at,
            rusqlite::types::Type::Text,
            "no kind of entry".into(),
        )
    };
    EntryKind::from_word(&word).ok_or_else(odd)
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, at: usize) -> rusqlite::Result<T> {
    let text: String = row.get(at)?;
    let odd =
        |e| rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, Box::new(e));
    serde_json::from_str(&text).map_err(odd)
}

#[cfg(test)]
mod tests;
