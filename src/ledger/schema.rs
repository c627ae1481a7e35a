//! The tables, and how an older ledger becomes a newer one.

use rusqlite::Connection;

/// What makes each version of the schema out of the one before it; the first out of nothing. A ledger that was made by
/// one of them is never changed but by those that follow.
const STEPS: [&str; 2] = [TABLES, KEYS];

/// The schema that this gosync writes.
pub(super) const VERSION: i64 = STEPS.len() as i64;

/// The SSH keys that were written: where (`directory` or `home`), and the digest of what; empty, if it was taken back.
const KEYS: &str = "
    CREATE TABLE keys (
        provider TEXT NOT NULL, id TEXT NOT NULL, place TEXT NOT NULL, path TEXT NOT NULL, digest TEXT NOT NULL,
        PRIMARY KEY (provider, id, place)) WITHOUT ROWID;
";

/// Rows of `accounts` and `unix_groups` with a `txn` become `active` when that transaction is confirmed.
const TABLES: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE accounts (
        provider TEXT NOT NULL, id TEXT NOT NULL,
        name TEXT NOT NULL, uid INTEGER NOT NULL UNIQUE, gid INTEGER NOT NULL, private INTEGER NOT NULL,
        state TEXT NOT NULL, gecos TEXT NOT NULL, home TEXT NOT NULL, shell TEXT NOT NULL, subid INTEGER,
        absent_since INTEGER, absent_runs INTEGER NOT NULL DEFAULT 0, txn INTEGER,
        PRIMARY KEY (provider, id)) WITHOUT ROWID;
    CREATE TABLE unix_groups (
        provider TEXT NOT NULL, id TEXT NOT NULL,
        name TEXT NOT NULL, gid INTEGER NOT NULL UNIQUE, state TEXT NOT NULL, members TEXT NOT NULL, txn INTEGER,
        PRIMARY KEY (provider, id)) WITHOUT ROWID;
    CREATE TABLE pending (txn INTEGER NOT NULL, seq INTEGER NOT NULL, provider TEXT NOT NULL, edit TEXT NOT NULL,
        PRIMARY KEY (txn, seq)) WITHOUT ROWID;
    CREATE TABLE losses (at INTEGER NOT NULL, provider TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
        count INTEGER NOT NULL);
    CREATE TABLE runs (txn INTEGER PRIMARY KEY, at INTEGER NOT NULL, provider TEXT NOT NULL, command TEXT NOT NULL,
        digest TEXT NOT NULL, counts TEXT NOT NULL);
";

/// Makes the tables in a new ledger, and sets what every connection needs.
pub(super) fn prepare(db: &Connection) -> rusqlite::Result<()> {
    // Power may fail after any commit: FULL is what makes a commit durable, EXTRA syncs the directory as well.
    db.pragma_update(None, "synchronous", "EXTRA")?;
    db.pragma_update(None, "foreign_keys", true)?;
    upgrade(db)
}

/// Takes the steps that are missing, each as a transaction. One of a newer gosync stays as it is.
pub(super) fn upgrade(db: &Connection) -> rusqlite::Result<()> {
    let version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for (number, step) in (1_i64..).zip(STEPS).filter(|(number, _)| *number > version) {
        db.execute_batch(&format!("BEGIN IMMEDIATE; {step} PRAGMA user_version = {number}; COMMIT;"))?;
    }
    Ok(())
}

/// A ledger as the first gosync made it.
#[cfg(test)]
pub(super) fn make_first(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(&format!("BEGIN; {TABLES} PRAGMA user_version = 1; COMMIT;"))
}
