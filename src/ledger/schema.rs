//! The tables, and how an older ledger becomes a newer one.

use rusqlite::Connection;

/// What makes a ledger of each schema from one of the schema before; the first makes it from nothing. A step that was
/// ever released is never changed.
const STEPS: &[&str] = &[TABLES, BY_HAND, LEAVING, HOOKS, HISTORY, KEYS, CONTACTS];

/// The schema that this gosync writes.
pub(super) const VERSION: i64 = STEPS.len() as i64;

/// The SSH keys that were written: where (`directory` or `home`), and the digest of what; empty, if it was taken back.
const KEYS: &str = "
    CREATE TABLE keys (
        provider TEXT NOT NULL, id TEXT NOT NULL, place TEXT NOT NULL, path TEXT NOT NULL, digest TEXT NOT NULL,
        PRIMARY KEY (provider, id, place)) WITHOUT ROWID;
";

/// How people are to be reached, as hooks were told last; keys are on lines of their own.
const CONTACTS: &str = "
    CREATE TABLE contacts (
        provider TEXT NOT NULL, id TEXT NOT NULL, email TEXT, ssh_keys TEXT NOT NULL,
        PRIMARY KEY (provider, id)) WITHOUT ROWID;
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

/// What was adopted as it stood, and members of groups that are not gosync's.
const BY_HAND: &str = "
    ALTER TABLE accounts ADD COLUMN locked INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE accounts ADD COLUMN expire TEXT NOT NULL DEFAULT '';
    ALTER TABLE accounts ADD COLUMN alias TEXT;
    ALTER TABLE unix_groups ADD COLUMN alias TEXT;
    CREATE TABLE local_members (provider TEXT NOT NULL, name TEXT NOT NULL, members TEXT NOT NULL,
        PRIMARY KEY (provider, name)) WITHOUT ROWID;
";

/// People who left, names that were given up, and homes that were packed. The time of those who are locked already begins
/// now.
const LEAVING: &str = "
    CREATE TABLE rungs (
        provider TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
        absent_since INTEGER, absent_runs INTEGER NOT NULL DEFAULT 0, since INTEGER, archive TEXT,
        PRIMARY KEY (provider, kind, id)) WITHOUT ROWID;
    CREATE TABLE former_names (
        provider TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
        PRIMARY KEY (provider, kind, id, name)) WITHOUT ROWID;
    CREATE TABLE archives (provider TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, path TEXT NOT NULL);
    INSERT INTO rungs (provider, kind, id, since)
        SELECT provider, 'account', id, CAST(strftime('%s', 'now') AS INTEGER) FROM accounts WHERE state = 'locked';
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

/// What each run changed: `before` and `after` are the entry's row before and after the whole run, as JSON.
const HISTORY: &str = "
    CREATE TABLE changes (
        txn INTEGER NOT NULL, seq INTEGER NOT NULL, provider TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
        name TEXT NOT NULL, change TEXT NOT NULL, detail TEXT, before TEXT, after TEXT NOT NULL,
        PRIMARY KEY (txn, seq)) WITHOUT ROWID;
";

/// Makes the tables in a new ledger, those that an older one lacks, and sets what every connection needs.
pub(super) fn prepare(db: &Connection) -> rusqlite::Result<()> {
    // Power may fail after any commit: FULL is what makes a commit durable, EXTRA syncs the directory as well.
    db.pragma_update(None, "synchronous", "EXTRA")?;
    db.pragma_update(None, "foreign_keys", true)?;
    upgrade(db)
}

/// Takes the steps that a ledger lacks, all as one transaction. A newer ledger is left alone.
fn upgrade(db: &Connection) -> rusqlite::Result<()> {
    let found: usize = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found >= STEPS.len() {
        return Ok(());
    }
    let script = STEPS[found..].concat();
    db.execute_batch(&format!(
        "BEGIN IMMEDIATE; {script} PRAGMA user_version = {VERSION}; COMMIT;"
    ))
}

/// Makes the tables of version 1, as the first gosync did.
#[cfg(test)]
pub(super) fn prepare_first(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(&format!("{TABLES} PRAGMA user_version = 1;"))
}

/// A copy of an older ledger in memory, with this schema: for those who may only read.
pub(super) fn upgraded_copy(old: &Connection) -> rusqlite::Result<Connection> {
    let mut new = Connection::open_in_memory()?;
    {
        let backup = rusqlite::backup::Backup::new(old, &mut new)?;
        backup.run_to_completion(1_000, std::time::Duration::ZERO, None)?;
    }
    upgrade(&new)?;
    Ok(new)
}
