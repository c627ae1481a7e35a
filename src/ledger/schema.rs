//! The tables, and how an older ledger becomes a newer one.

use rusqlite::Connection;

/// The schema that this gosync writes: the number of steps.
pub(super) const VERSION: i64 = STEPS.len() as i64;

/// What makes each version from the one before it. A step that was ever released is never changed.
const STEPS: [&str; 2] = [TABLES, HOOKS];

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

/// Events for which hooks still have to run, and what of them is done. A row is deleted when all is.
const HOOKS: &str = "
    CREATE TABLE hook_queue (txn INTEGER NOT NULL, seq INTEGER NOT NULL, provider TEXT NOT NULL, kind TEXT NOT NULL,
        subject TEXT NOT NULL, name TEXT NOT NULL, event TEXT NOT NULL, command TEXT NOT NULL, body TEXT NOT NULL,
        at INTEGER NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
        given_up INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '', PRIMARY KEY (txn, seq)) WITHOUT ROWID;
    CREATE INDEX hook_subjects ON hook_queue (kind, provider, subject, given_up, txn, seq);
    CREATE TABLE hook_done (txn INTEGER NOT NULL, seq INTEGER NOT NULL, step TEXT NOT NULL,
        PRIMARY KEY (txn, seq, step)) WITHOUT ROWID;
";

/// Makes the tables in a new ledger, those that an older one lacks, and sets what every connection needs.
pub(super) fn prepare(db: &Connection) -> rusqlite::Result<()> {
    // Power may fail after any commit: FULL is what makes a commit durable, EXTRA syncs the directory as well.
    db.pragma_update(None, "synchronous", "EXTRA")?;
    db.pragma_update(None, "foreign_keys", true)?;
    let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let Some(steps) = usize::try_from(found).ok().and_then(|found| STEPS.get(found..)) else { return Ok(()) };
    if !steps.is_empty() {
        db.execute_batch(&format!("BEGIN IMMEDIATE; {} PRAGMA user_version = {VERSION}; COMMIT;", steps.concat()))?;
    }
    Ok(())
}

/// An older ledger as this gosync would make it, in memory: for those who may only look.
pub(super) fn newer_copy(db: &Connection) -> rusqlite::Result<Connection> {
    let mut copy = Connection::open_in_memory()?;
    rusqlite::backup::Backup::new(db, &mut copy)?.run_to_completion(1 << 12, std::time::Duration::ZERO, None)?;
    prepare(&copy)?;
    Ok(copy)
}
