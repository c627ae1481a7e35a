//! The table `pending`: what a transaction means to do, from before the first file changes until all have.

use rusqlite::{Row, Statement, params};

use super::columns::words;
use super::creations;
use super::edit::Edit;
use super::figures::Figures;
use super::history::Past;
use super::queue::Key;
use super::store::{Run, Scope, odd_json};
use crate::model::history::EntryKind;
use crate::plan::events::{HookEvent, Kind};

/// What an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryType {
    /// An account or a group that was known before becomes active; and that goes into the history.
    MakeAgain,
    /// A change of something goes into the history.
    History,
    /// Something in other tables becomes true.
    Edit,
    /// Hooks have to run for something.
    Hook,
    /// The hooks that run once before and once after the others of a kind have to.
    Round,
    /// The run's figures grow.
    Figures,
}

words!(EntryType {
    MakeAgain = "create",
    History = "history",
    Edit = "edit",
    Hook = "hook",
    Round = "round",
    Figures = "figures",
});

/// Writes the entries of one transaction.
pub(super) struct Writer<'t> {
    insert: Statement<'t>,
    txn: u64,
    seq: u64,
}

/// An entry that is being written.
struct NewEntry<'a> {
    entry: EntryType,
    of: Option<(EntryKind, &'a str)>,
    past: Option<&'a Past>,
    body: Option<String>,
}

impl<'t> Writer<'t> {
    /// Entries of transaction `txn`, behind those of its run that were confirmed: no key of an event is used twice, and
    /// what a transaction makes stands behind all that its run has made.
    pub(super) fn new(db: &'t rusqlite::Connection, txn: u64) -> rusqlite::Result<Self> {
        let sql = "SELECT MAX(seq) FROM (SELECT seq FROM changes WHERE txn = ?1
                                         UNION ALL SELECT seq FROM ids WHERE txn = ?1
                                         UNION ALL SELECT seq FROM hook_queue WHERE txn = ?1)";
        let confirmed: Option<u64> = db.query_row(sql, [txn], |row| row.get(0))?;
        let insert = db.prepare(
            "INSERT INTO pending (txn, seq, entry, target, provider, kind, id, change, detail, before, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        Ok(Self {
            insert,
            txn,
            seq: confirmed.unwrap_or(0),
        })
    }

    /// The next place in the run, which is taken from now on.
    pub(super) fn skip(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    fn write(&mut self, scope: Scope<'_>, new: &NewEntry<'_>) -> rusqlite::Result<()> {
        self.skip();
        self.insert(scope, new)
    }

    fn insert(&mut self, scope: Scope<'_>, new: &NewEntry<'_>) -> rusqlite::Result<()> {
        let (kind, id) = new.of.unzip();
        let past = new.past;
        let detail = past.and_then(|past| past.detail.as_ref().map(ToString::to_string));
        self.insert
            .execute(params![
                self.txn,
                self.seq,
                new.entry,
                scope.target,
                scope.provider,
                kind,
                id,
                past.map(|past| &past.change),
                detail,
                past.and_then(|past| past.before.as_ref()),
                new.body
            ])
            .map(drop)
    }

    fn of_past(&mut self, scope: Scope<'_>, entry: EntryType, past: &Past) -> rusqlite::Result<()> {
        let new = NewEntry {
            entry,
            of: Some((past.kind, &past.id)),
            past: Some(past),
            body: None,
        };
        self.write(scope, &new)
    }

    pub(super) fn make_again(&mut self, scope: Scope<'_>, past: &Past) -> rusqlite::Result<()> {
        self.of_past(scope, EntryType::MakeAgain, past)
    }

    pub(super) fn history(&mut self, scope: Scope<'_>, past: &Past) -> rusqlite::Result<()> {
        self.of_past(scope, EntryType::History, past)
    }

    pub(super) fn edit(
        &mut self,
        scope: Scope<'_>,
        of: (EntryKind, &str),
        edit: &Edit,
    ) -> rusqlite::Result<()> {
        let new = NewEntry {
            entry: EntryType::Edit,
            of: Some(of),
            past: None,
            body: Some(serde_json::to_string(edit).map_err(odd_json)?),
        };
        self.write(scope, &new)
    }

    pub(super) fn hook(&mut self, scope: Scope<'_>, event: &HookEvent) -> rusqlite::Result<()> {
        let new = NewEntry {
            entry: EntryType::Hook,
            of: None,
            past: None,
            body: Some(serde_json::to_string(event).map_err(odd_json)?),
        };
        self.write(scope, &new)
    }

    /// Comes first, and stands before all other entries: as long as it is there, what the transaction makes is only
    /// reserved.
    pub(super) fn begin(&mut self, scope: Scope<'_>, figures: &Figures) -> rusqlite::Result<()> {
        let new = NewEntry {
            entry: EntryType::Figures,
            of: None,
            past: None,
            body: Some(serde_json::to_string(figures).map_err(odd_json)?),
        };
        self.insert(scope, &new)
    }

    pub(super) fn round(&mut self, scope: Scope<'_>, kind: Kind) -> rusqlite::Result<()> {
        let new = NewEntry {
            entry: EntryType::Round,
            of: None,
            past: None,
            body: Some(serde_json::to_string(&kind).map_err(odd_json)?),
        };
        self.write(scope, &new)
    }
}

/// An entry that was read, but for what only the history needs, and its run.
pub(super) struct Pending {
    pub(super) key: Key,
    pub(super) entry: EntryType,
    target: String,
    provider: String,
    command: String,
    at: i64,
    kind: Option<EntryKind>,
    id: Option<String>,
    body: String,
}

impl Pending {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: Key {
                txn: row.get("txn")?,
                seq: row.get("seq")?,
            },
            entry: row.get("entry")?,
            target: row.get("target")?,
            provider: row.get("provider")?,
            command: row.get("command")?,
            at: row.get("at")?,
            kind: row.get("kind")?,
            id: row.get("id")?,
            body: row.get("body")?,
        })
    }

    pub(super) fn run(&self) -> Run<'_> {
        Run {
            target: &self.target,
            provider: &self.provider,
            command: &self.command,
            now: self.at,
            number: Some(self.key.txn),
            let_through: false,
        }
    }

    /// What it is about.
    pub(super) fn of_what(&self) -> Option<(EntryKind, &str)> {
        Some((self.kind?, self.id.as_deref()?))
    }

    /// What it says, as what its type says it is.
    pub(super) fn body<T: serde::de::DeserializeOwned>(&self) -> rusqlite::Result<T> {
        serde_json::from_str(&self.body).map_err(odd_json)
    }
}

/// The entries that say what is to be done, of one transaction or of all, in their order.
pub(super) fn to_do(db: &rusqlite::Connection, txn: Option<u64>) -> rusqlite::Result<Vec<Pending>> {
    let mut statement = db.prepare(
        "SELECT txn, seq, entry, p.target, p.provider, command, at, kind, id, body
           FROM pending AS p JOIN runs USING (txn)
          WHERE entry IN ('edit', 'hook', 'round', 'figures') AND (txn = ?1 OR ?1 IS NULL) ORDER BY txn, seq",
    )?;
    let rows = statement.query_map([txn], Pending::of)?;
    rows.collect()
}

/// How many entries wait: of transaction `txn`, or of all.
pub(super) fn count(db: &rusqlite::Connection, txn: Option<u64>) -> rusqlite::Result<u64> {
    let sql = "SELECT COUNT(*) FROM pending WHERE txn = ?1 OR ?1 IS NULL";
    db.query_row(sql, [txn], |row| row.get(0))
}

/// How many entries, and creations, say what is to become of accounts and groups.
pub(super) fn count_changes(db: &rusqlite::Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT (SELECT COUNT(*) FROM pending WHERE entry IN ('create', 'edit'))
                    + (SELECT COUNT(*) FROM known_ids
                        WHERE txn IN (SELECT txn FROM pending) AND state = 'reserved')";
    db.query_row(sql, [], |row| row.get(0))
}

/// Forgets them all, with the runs of which nothing ever came to be. What they were to make stays set aside.
pub(super) fn forget(db: &rusqlite::Connection) -> rusqlite::Result<()> {
    if count(db, None)? == 0 {
        return Ok(());
    }
    creations::set_aside(db)?;
    let sql = "DELETE FROM runs WHERE txn IN (SELECT txn FROM pending) AND txn NOT IN (SELECT txn FROM changes)
                  AND txn NOT IN (SELECT txn FROM ids WHERE txn IS NOT NULL)";
    db.execute(sql, [])?;
    db.execute("DELETE FROM pending", []).map(drop)
}

/// Deletes the entries of a transaction that has happened.
pub(super) fn clear(db: &rusqlite::Connection, txn: u64) -> rusqlite::Result<()> {
    let sql = "DELETE FROM pending WHERE txn = ?1";
    db.execute(sql, [txn]).map(drop)
}
