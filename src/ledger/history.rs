//! The history: what each run changed, entry by entry.
//!
//! Written when a transaction is confirmed and in the same step, so that what never happened leaves none. An entry is
//! remembered by all that is known of it, but for whose it is and for what only counts absences.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension as _, Row, Statement};
use serde_json::Value;

use super::applied;
use super::columns::columns;
use super::store::{Ledger, LedgerError, Scope, odd_json};
use crate::model::RemoteId;
use crate::model::history::{EntryKind, Later, PastChange, PastRun};
use crate::model::owned::State;
use crate::plan::{Change, effects};

/// A change as the history tells it, before it is known what comes of it.
#[derive(Debug)]
pub(super) struct Past {
    pub(super) kind: EntryKind,
    pub(super) id: String,
    pub(super) change: String,
    pub(super) detail: Option<Value>,
    /// The entry as it was; `None`: there was none.
    pub(super) before: Option<String>,
}

impl Past {
    /// A change of something of which there was no entry.
    pub(super) fn of_new(change: &Change) -> Self {
        let effects = effects(change);
        // A group of the host's own is known by its name.
        let id = change.id().map_or(change.name(), RemoteId::as_str);
        Self {
            kind: change.of.kind,
            id: id.to_owned(),
            change: effects.word.to_owned(),
            // Plain data, which always becomes JSON.
            detail: effects.detail.and_then(|d| serde_json::to_value(d).ok()),
            before: None,
        }
    }

    /// Whether the entry is one of an account or a group that should be on the host.
    pub(super) fn is_present(&self) -> bool {
        let row = self
            .before
            .as_deref()
            .and_then(|row| serde_json::from_str::<Value>(row).ok());
        let state = row.and_then(|row| State::from_word(row.get("state")?.as_str()?));
        state.is_some_and(State::is_present)
    }
}

/// The SQL for the entry of a target's, a provider's and an id's, all of which are SQL themselves; NULL: there is none.
///
/// The keys and their order are those of the columns that 0.1.0 had: entries are compared, shown and undone by them,
/// however old they are. `ids`: the table, or the view that also knows what is only reserved.
fn entry(kind: EntryKind, ids: &str, [target, provider, id]: [&str; 3]) -> String {
    let (json, table) = match kind {
        EntryKind::Account => (
            "json_object('name', name, 'uid', number, 'gid', gid, 'private', private_gid IS NOT NULL, 'state', state,
                'gecos', gecos, 'home', home, 'shell', shell, 'subid', subid, 'locked', locked, 'expire', expire,
                'alias', alias)",
            "applied_accounts",
        ),
        EntryKind::Group => (
            "json_object('name', name, 'gid', number, 'state', state, 'members', members, 'alias', alias)",
            "applied_groups",
        ),
        // Without members there is no row, but that is no other thing than a row without members.
        EntryKind::LocalGroup => {
            return format!(
                "json_object('name', {id}, 'members', COALESCE((SELECT members FROM applied_local_members AS l
                     WHERE l.target = {target} AND l.provider = {provider} AND l.name = {id}), ''))"
            );
        }
    };
    let word = kind.as_str();
    format!(
        "(SELECT {json} FROM {ids} AS ids JOIN {table} AS a ON a.provider = ids.provider AND a.id = ids.id
           WHERE ids.kind = '{word}' AND ids.provider = {provider} AND ids.id = {id} AND a.target = {target})"
    )
}

/// Entries as they are before a run.
pub(super) struct Snapshots<'t> {
    /// What earlier transactions of the run have changed, as it was before them.
    earlier: BTreeMap<Named, Option<String>>,
    account: Statement<'t>,
    group: Statement<'t>,
    local_group: Statement<'t>,
}

impl<'t> Snapshots<'t> {
    pub(super) fn new(db: &'t Connection) -> rusqlite::Result<Self> {
        let select = |kind| {
            let entry = entry(kind, "known_ids", ["?1", "?2", "?3"]);
            db.prepare(&format!("SELECT {entry}"))
        };
        Ok(Self {
            earlier: BTreeMap::new(),
            account: select(EntryKind::Account)?,
            group: select(EntryKind::Group)?,
            local_group: select(EntryKind::LocalGroup)?,
        })
    }

    /// The same, where run `txn` has changed something already.
    pub(super) fn within(db: &'t Connection, txn: u64) -> rusqlite::Result<Self> {
        let mut snapshots = Self::new(db)?;
        let sql = "SELECT provider, kind, id, before FROM history WHERE txn = ?1 ORDER BY seq";
        let mut statement = db.prepare_cached(sql)?;
        let mut rows = statement.query([txn])?;
        while let Some(row) = rows.next()? {
            let of = (row.get("provider")?, row.get("kind")?, row.get("id")?);
            let before = row.get("before")?;
            snapshots.earlier.entry(of).or_insert(before);
        }
        Ok(snapshots)
    }

    /// An entry as it is before the run; `None`: there is none.
    pub(super) fn entry(
        &mut self,
        scope: Scope<'_>,
        kind: EntryKind,
        id: &str,
    ) -> rusqlite::Result<Option<String>> {
        if !self.earlier.is_empty() {
            let of = (scope.provider.to_owned(), kind, id.to_owned());
            if let Some(before) = self.earlier.get(&of) {
                return Ok(before.clone());
            }
        }
        let statement = match kind {
            EntryKind::Account => &mut self.account,
            EntryKind::Group => &mut self.group,
            EntryKind::LocalGroup => &mut self.local_group,
        };
        statement.query_row([scope.target, scope.provider, id], |row| row.get(0))
    }

    /// What is to be remembered of a change.
    pub(super) fn past(&mut self, scope: Scope<'_>, change: &Change) -> rusqlite::Result<Past> {
        let new = Past::of_new(change);
        let before = match effects(change).was {
            Some(was) => self.entry(scope.of(was.provider.as_str()), new.kind, was.id.as_str())?,
            None => self.entry(scope, new.kind, &new.id)?,
        };
        Ok(Past { before, ..new })
    }

    /// The groups, whosever they are, that lose a removed account as a member, with their providers.
    pub(super) fn groups_with(
        &mut self,
        scope: Scope<'_>,
        name: &str,
    ) -> rusqlite::Result<Vec<(String, Past)>> {
        let mut out = Vec::new();
        for kind in [EntryKind::Group, EntryKind::LocalGroup] {
            for (provider, id, _) in applied::lists_with(scope, kind, name)? {
                let scope = scope.of(&provider);
                let past = Past {
                    kind,
                    before: self.entry(scope, kind, &id)?,
                    id,
                    change: "leave-group".to_owned(),
                    detail: None,
                };
                out.push((provider, past));
            }
        }
        Ok(out)
    }
}

/// Writes the history of a transaction from its pending entries: now, since an entry is remembered as the whole run
/// leaves it. Of what it made, the rows are the history: see the view `creations`.
pub(super) fn write(db: &Connection, txn: u64) -> rusqlite::Result<()> {
    let of = |kind| entry(kind, "ids", ["p.target", "p.provider", "p.id"]);
    let sql = format!(
        "WITH written AS MATERIALIZED
             (SELECT seq, provider, kind, id, change, detail, before,
                     CASE kind WHEN 'account' THEN {} WHEN 'group' THEN {} ELSE {} END AS after
                FROM pending AS p WHERE txn = ?1 AND entry IN ('create', 'history'))
         INSERT INTO changes (txn, seq, provider, kind, id, name, change, detail, before, after)
         SELECT ?1, seq, provider, kind, id, after ->> 'name', change, detail, before, after
           FROM written WHERE after IS NOT NULL",
        of(EntryKind::Account),
        of(EntryKind::Group),
        of(EntryKind::LocalGroup)
    );
    db.execute(&sql, [txn]).map(drop)
}

/// Forgets the runs from before `at`, in seconds since 1970.
pub(super) fn prune(db: &Connection, at: i64) -> rusqlite::Result<()> {
    db.execute(
        "DELETE FROM changes WHERE txn IN (SELECT txn FROM runs WHERE at < ?1)",
        [at],
    )?;
    db.execute("DELETE FROM runs WHERE at < ?1", [at]).map(drop)
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
                let entries = self.read(|db| entries_called(db, name))?;
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
        let sql = format!("{HAPPENED} AND digest = ?1 ORDER BY txn DESC");
        self.read(|db| {
            db.query_row(&sql, [digest], |row| row.get("txn"))
                .optional()
        })
    }

    /// The digest of the plan that the last run has carried out, or what it is called if that is only begun.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last_plan(&self) -> Result<Option<String>, LedgerError> {
        let sql = format!("{HAPPENED} ORDER BY txn DESC LIMIT 1");
        self.read(|db| db.query_row(&sql, [], |row| row.get("digest")).optional())
    }

    /// What was changed after a run, and by which run last.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn changed_since(&self, number: u64) -> Result<Vec<Later>, LedgerError> {
        self.read(|db| {
            let sql = "SELECT provider, kind, id, MAX(txn) AS run FROM history WHERE txn > ?1
                        GROUP BY provider, kind, id";
            let mut statement = db.prepare(sql)?;
            let rows = statement.query_map([number], |row| {
                Ok(Later {
                    provider: row.get("provider")?,
                    kind: row.get("kind")?,
                    id: row.get("id")?,
                    run: row.get("run")?,
                })
            })?;
            rows.collect()
        })
    }

    fn past(
        &self,
        sql: &str,
        parameter: &dyn rusqlite::ToSql,
        entries: Option<&BTreeSet<Named>>,
    ) -> Result<Vec<PastRun>, LedgerError> {
        self.read(|db| {
            let mut runs = db.prepare(sql)?;
            let mut changes = db.prepare("SELECT * FROM history WHERE txn = ?1 ORDER BY seq")?;
            let at = Columns::of(&changes)?;
            let mut out = Vec::new();
            for past in runs.query_map([parameter], run)? {
                let mut past = past?;
                let wanted = |change: &PastChange| {
                    let key = (change.provider.clone(), change.kind, change.id.clone());
                    entries.is_none_or(|entries| entries.contains(&key))
                };
                let mut rows = changes.query([past.number])?;
                let mut place = 0;
                while let Some(row) = rows.next()? {
                    place += 1;
                    let change = Some(change(row, &at, place)?).filter(wanted);
                    past.changes.extend(change);
                }
                if entries.is_none() || !past.changes.is_empty() {
                    out.push(past);
                }
            }
            Ok(out)
        })
    }
}

/// An entry by its provider, kind and id.
type Named = (String, EntryKind, String);

/// Everything that is or was called `name`, or has it as its id.
fn entries_called(db: &Connection, name: &str) -> rusqlite::Result<BTreeSet<Named>> {
    let sql = "SELECT provider, kind, id FROM history
                WHERE name = ?1 OR id = ?1 OR before ->> 'name' = ?1";
    let mut statement = db.prepare(sql)?;
    let rows = statement.query_map([name], |row| {
        Ok((row.get("provider")?, row.get("kind")?, row.get("id")?))
    })?;
    rows.collect()
}

fn run(row: &Row<'_>) -> rusqlite::Result<PastRun> {
    Ok(PastRun {
        number: row.get("txn")?,
        at: row.get("at")?,
        provider: row.get("provider")?,
        command: row.get("command")?,
        digest: row.get("digest")?,
        counts: serde_json::from_str(row.get_ref("counts")?.as_str()?).map_err(odd_json)?,
        changes: Vec::new(),
    })
}

columns!(Columns {
    provider,
    kind,
    id,
    name,
    change,
    detail,
    before,
    after
});

/// `place`: that of the change in its run.
fn change(row: &Row<'_>, at: &Columns, place: u64) -> rusqlite::Result<PastChange> {
    let json = |at: usize| {
        row.get_ref(at)?
            .as_str_or_null()
            .map_err(rusqlite::Error::from)
    };
    Ok(PastChange {
        seq: place,
        provider: row.get(at.provider)?,
        kind: row.get(at.kind)?,
        id: row.get(at.id)?,
        name: row.get(at.name)?,
        change: row.get(at.change)?,
        detail: json(at.detail)?
            .map(serde_json::from_str)
            .transpose()
            .map_err(odd_json)?,
        before: json(at.before)?
            .map(serde_json::from_str)
            .transpose()
            .map_err(odd_json)?,
        after: serde_json::from_str(row.get_ref(at.after)?.as_str()?).map_err(odd_json)?,
    })
}

#[cfg(test)]
mod tests;
