//! The tables, and how an older ledger becomes a newer one.

use rusqlite::Connection;

/// The schema that this gosync writes.
pub(super) const VERSION: i64 = 1 + STEPS.len() as i64;

/// What makes a ledger of version N + 1 of one of version N, from 1 on.
const STEPS: [&str; 1] = [
    // People who left, names that were given up, and homes that were packed. The time of those who are locked already
    // begins now.
    "CREATE TABLE rungs (
        provider TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
        absent_since INTEGER, absent_runs INTEGER NOT NULL DEFAULT 0, since INTEGER, archive TEXT,
        PRIMARY KEY (provider, kind, id)) WITHOUT ROWID;
     CREATE TABLE former_names (
        provider TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
        PRIMARY KEY (provider, kind, id, name)) WITHOUT ROWID;
     CREATE TABLE archives (provider TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, path TEXT NOT NULL);
     INSERT INTO rungs (provider, kind, id, since)
        SELECT provider, 'account', id, CAST(strftime('%s', 'now') AS INTEGER) FROM accounts WHERE state = 'locked';",
];

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
    let mut version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version == VERSION {
        return Ok(());
    }
    let mut script = String::new();
    if version == 0 {
        script.push_str(TABLES);
        version = 1;
    }
    for step in STEPS.iter().skip(usize::try_from(version - 1).unwrap_or(usize::MAX)) {
        version += 1;
        script.push_str(&format!("{step} PRAGMA user_version = {version};"));
    }
    db.execute_batch(&format!("BEGIN IMMEDIATE; {script} COMMIT;"))
}

/// A copy in memory of an older ledger that may only be read, made newer.
pub(super) fn newer_copy(old: &Connection) -> rusqlite::Result<Connection> {
    let mut copy = Connection::open_in_memory()?;
    rusqlite::backup::Backup::new(old, &mut copy)?.step(-1)?;
    prepare(&copy)?;
    Ok(copy)
}

/// Makes the tables of version 1, as the first gosync did.
#[cfg(test)]
pub(super) fn prepare_first(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(TABLES)
}
