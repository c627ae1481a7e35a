//! The tables, and how an older ledger becomes a newer one.

use rusqlite::Connection;

/// What makes a ledger of each version of the one before it; the first step begins with nothing. A step that is out
/// in the world is never changed, and a new one comes at the end.
const STEPS: [&str; 2] = [TABLES, HISTORY];

/// The schema that this gosync writes.
pub(super) const VERSION: i64 = STEPS.len() as i64;

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

/// What each run changed: `before` and `after` are the entry's row before and after the whole run, as JSON.
const HISTORY: &str = "
    CREATE TABLE changes (
        txn INTEGER NOT NULL, seq INTEGER NOT NULL, provider TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
        name TEXT NOT NULL, change TEXT NOT NULL, detail TEXT, before TEXT, after TEXT NOT NULL,
        PRIMARY KEY (txn, seq)) WITHOUT ROWID;
";

/// Sets what every connection that writes needs, and makes the ledger one of this version.
pub(super) fn prepare(db: &Connection) -> rusqlite::Result<()> {
    // Power may fail after any commit: FULL is what makes a commit durable, EXTRA syncs the directory as well.
    db.pragma_update(None, "synchronous", "EXTRA")?;
    db.pragma_update(None, "foreign_keys", true)?;
    upgrade(db)
}

/// Takes the steps that are missing. A newer ledger is left as it is.
pub(super) fn upgrade(db: &Connection) -> rusqlite::Result<()> {
    let found = version(db)?;
    for (step, version) in STEPS.iter().zip(1_i64..).filter(|(_, version)| *version > found) {
        db.execute_batch(&format!("BEGIN IMMEDIATE; {step} PRAGMA user_version = {version}; COMMIT;"))?;
    }
    Ok(())
}

/// The version of a ledger; 0: there is nothing in it.
pub(super) fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("PRAGMA user_version", [], |row| row.get(0))
}
