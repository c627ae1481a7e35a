//! The tables, and how an older ledger becomes a newer one.

use rusqlite::Connection;

/// The schema that this gosync writes.
pub(super) const VERSION: i64 = 1;

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
    PRAGMA user_version = 1;
";

/// Makes the tables in a new ledger, and sets what every connection needs.
pub(super) fn prepare(db: &Connection) -> rusqlite::Result<()> {
    // Power may fail after any commit: FULL is what makes a commit durable, EXTRA syncs the directory as well.
    db.pragma_update(None, "synchronous", "EXTRA")?;
    db.pragma_update(None, "foreign_keys", true)?;
    let version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version == 0 {
        db.execute_batch(&format!("BEGIN IMMEDIATE; {TABLES} COMMIT;"))?;
    }
    Ok(())
}
