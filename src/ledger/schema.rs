//! The tables, and how an older ledger becomes a newer one.
//!
//! Comments inside of a statement are for administrators: SQLite keeps them, and `.schema` shows them.

use rusqlite::Connection;

/// What makes a ledger of each schema from one of the schema before; the first makes it from nothing. A step that was
/// ever released is never changed.
const STEPS: &[&str] = &[
    TABLES, BY_HAND, LEAVING, HOOKS, HISTORY, KEYS, CONTACTS, IDS, LOCKS, RETRIES, ANCHORED,
    REBOUND, CREATIONS, ATTRIBUTES, SHOWN, JOINED,
];

/// The schema that this gosync writes.
pub(super) const VERSION: i64 = STEPS.len() as i64;

/// Which ledger it is, and what earlier ones of the host have given.
const ANCHORED: &str = "
    CREATE TABLE retired (
        -- Numbers that ledgers before this one may have given, and that are given to nobody: from, and up to.
        kind TEXT NOT NULL, -- account, group or subid
        first INTEGER NOT NULL, last INTEGER NOT NULL,
        PRIMARY KEY (kind, first)) WITHOUT ROWID;
    INSERT INTO meta VALUES ('ledger', random());
    INSERT INTO meta VALUES ('anchored', 0);
";

/// What failed in homes.
const RETRIES: &str = "
    CREATE TABLE retries (
        -- What failed in homes, and when it is tried again: by the next run, and then after pauses that grow.
        target TEXT NOT NULL, provider TEXT NOT NULL, id TEXT NOT NULL, -- see ids
        what TEXT NOT NULL, -- archive or keys
        name TEXT NOT NULL, -- the account, when it failed last
        attempts INTEGER NOT NULL, due INTEGER NOT NULL, error TEXT NOT NULL,
        PRIMARY KEY (target, provider, id, what)) WITHOUT ROWID;
";

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

/// Rows of `accounts` and `unix_groups` with a `txn` became `active` when that transaction was confirmed.
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

/// Who has which number, for ever, apart from what was written last on each target; of what there was, that is this
/// host. Absences are in one table, departures in another; what waits for a transaction says what it is. `accounts` and
/// `unix_groups` show accounts and groups as the tables of these names did.
const IDS: &str = "
    CREATE TABLE ids (
        -- Accounts and groups, for ever: nobody else ever gets a number, or a name, that stands here.
        kind TEXT NOT NULL, -- account or group
        provider TEXT NOT NULL,
        id TEXT NOT NULL, -- the id at the provider, which never changes
        name TEXT NOT NULL, -- the name on the host
        number INTEGER NOT NULL, -- the uid of an account, the gid of a group
        private_gid INTEGER, -- the gid of the group that an account has of its own
        subid INTEGER, -- the first subordinate id of an account
        state TEXT NOT NULL, -- reserved, active, locked, removed or released
        alias TEXT, -- for which name at the provider it was adopted, if that is another
        PRIMARY KEY (kind, provider, id), UNIQUE (kind, number)) WITHOUT ROWID;
    CREATE TABLE applied_accounts (
        -- The fields of accounts as gosync wrote them last; of a reserved one, as they are to be written.
        target TEXT NOT NULL, provider TEXT NOT NULL, id TEXT NOT NULL, -- see ids
        gid INTEGER NOT NULL, gecos TEXT NOT NULL, home TEXT NOT NULL, shell TEXT NOT NULL,
        locked INTEGER NOT NULL, -- whether the password was locked when the account was adopted
        expire TEXT NOT NULL, -- the day in shadow(5) while the account is open
        PRIMARY KEY (target, provider, id)) WITHOUT ROWID;
    CREATE TABLE applied_groups (
        -- The members of groups as gosync wrote them last.
        target TEXT NOT NULL, provider TEXT NOT NULL, id TEXT NOT NULL, members TEXT NOT NULL,
        PRIMARY KEY (target, provider, id)) WITHOUT ROWID;
    CREATE TABLE applied_local_members (
        -- Members that gosync added to groups of the host's own, by the group's name.
        target TEXT NOT NULL, provider TEXT NOT NULL, name TEXT NOT NULL, members TEXT NOT NULL,
        PRIMARY KEY (target, provider, name)) WITHOUT ROWID;
    CREATE TABLE applied_keys (
        -- The SSH keys that were written: where (directory or home), and the digest of what; empty: taken back.
        target TEXT NOT NULL, provider TEXT NOT NULL, id TEXT NOT NULL, place TEXT NOT NULL, path TEXT NOT NULL,
        digest TEXT NOT NULL, PRIMARY KEY (target, provider, id, place)) WITHOUT ROWID;
    CREATE TABLE absences (
        -- Accounts and groups that the provider did not have: since when, and in how many complete reads.
        kind TEXT NOT NULL, provider TEXT NOT NULL, id TEXT NOT NULL, since INTEGER NOT NULL, runs INTEGER NOT NULL,
        PRIMARY KEY (kind, provider, id)) WITHOUT ROWID;
    CREATE TABLE departures (
        -- Since when an account is locked, or a group has no members, because the provider has it no more.
        kind TEXT NOT NULL, provider TEXT NOT NULL, id TEXT NOT NULL, since INTEGER NOT NULL,
        archive TEXT, -- where the home of the account was packed
        PRIMARY KEY (kind, provider, id)) WITHOUT ROWID;
    INSERT INTO ids SELECT 'account', provider, id, name, uid, iif(private, gid, NULL), subid, state, alias FROM accounts;
    INSERT INTO ids SELECT 'group', provider, id, name, gid, NULL, NULL, state, alias FROM unix_groups;
    INSERT INTO applied_accounts SELECT 'host', provider, id, gid, gecos, home, shell, locked, expire FROM accounts;
    INSERT INTO applied_groups SELECT 'host', provider, id, members FROM unix_groups;
    INSERT INTO applied_local_members SELECT 'host', provider, name, members FROM local_members;
    INSERT INTO applied_keys SELECT 'host', provider, id, place, path, digest FROM keys;
    INSERT INTO absences SELECT 'account', provider, id, absent_since, absent_runs FROM accounts
        WHERE absent_since IS NOT NULL;
    INSERT INTO absences SELECT kind, provider, id, absent_since, absent_runs FROM rungs
        WHERE absent_since IS NOT NULL;
    INSERT INTO departures SELECT kind, provider, id, since, archive FROM rungs WHERE since IS NOT NULL;

    ALTER TABLE pending RENAME TO old_pending;
    CREATE TABLE pending (
        -- What a transaction means to do, from before the first file changes until all have.
        txn INTEGER NOT NULL, seq INTEGER NOT NULL,
        entry TEXT NOT NULL, -- create, edit, history, hook or round
        target TEXT NOT NULL, provider TEXT NOT NULL,
        kind TEXT, -- account, group or local-group
        id TEXT, -- the provider's, or the name of a local-group
        change TEXT, detail TEXT, before TEXT, -- for the history: see changes
        body TEXT, -- what is to be done, as JSON
        PRIMARY KEY (txn, seq)) WITHOUT ROWID;
    INSERT INTO pending
        SELECT txn, seq, 'create', 'host', provider, iif(edit ->> '$.fresh.group', 'group', 'account'),
               edit ->> '$.fresh.id', iif(edit ->> '$.fresh.group', 'create-group', 'create-account'), NULL, NULL, NULL
          FROM old_pending WHERE json_type(edit, '$.fresh') IS NOT NULL
        UNION ALL
        SELECT p.txn, seq, iif(a.id IS NULL AND g.id IS NULL, 'history', 'create'), 'host', p.provider,
               edit ->> '$.remember.kind', edit ->> '$.remember.id', edit ->> '$.remember.change',
               edit -> '$.remember.detail', edit ->> '$.remember.before', NULL
          FROM old_pending AS p
          LEFT JOIN accounts AS a ON a.provider = p.provider AND a.id = edit ->> '$.remember.id' AND a.txn = p.txn
               AND a.state = 'reserved' AND edit ->> '$.remember.change' = 'create-account'
          LEFT JOIN unix_groups AS g ON g.provider = p.provider AND g.id = edit ->> '$.remember.id' AND g.txn = p.txn
               AND g.state = 'reserved' AND edit ->> '$.remember.change' = 'create-group'
         WHERE json_type(edit, '$.remember') IS NOT NULL
        UNION ALL
        SELECT txn, seq, key, 'host', provider, NULL, iif(key = 'hook', value ->> '$.id', NULL), NULL, NULL, NULL,
               edit -> fullkey
          FROM old_pending, json_each(edit) WHERE key IN ('hook', 'round')
        UNION ALL
        SELECT txn, seq, 'edit', 'host', provider,
               CASE WHEN key = 'local_members' THEN 'local-group'
                    WHEN key IN ('remade_group', 'adopted_group', 'members', 'emptied', 'group_removed')
                         OR value ->> '$.group' THEN 'group'
                    ELSE 'account' END,
               iif(key = 'local_members', value ->> '$.name', value ->> '$.id'), NULL, NULL, NULL, edit
          FROM old_pending, json_each(edit) WHERE key NOT IN ('fresh', 'remember', 'hook', 'round');
    DROP TABLE old_pending;

    ALTER TABLE losses RENAME TO old_losses;
    CREATE TABLE losses (
        -- What was taken away, and power that was given, for the limits of a day.
        at INTEGER NOT NULL, target TEXT NOT NULL, provider TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
        count INTEGER NOT NULL);
    INSERT INTO losses SELECT at, 'host', provider, kind, id, count FROM old_losses ORDER BY rowid;
    DROP TABLE old_losses;

    ALTER TABLE archives RENAME TO old_archives;
    CREATE TABLE archives (
        -- Where homes were packed.
        target TEXT NOT NULL, provider TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, path TEXT NOT NULL);
    INSERT INTO archives SELECT 'host', provider, id, at, path FROM old_archives ORDER BY at, rowid;
    DROP TABLE old_archives;

    ALTER TABLE runs RENAME TO old_runs;
    CREATE TABLE runs (
        -- Runs that changed something. What each of them changed is in changes, by the same txn.
        txn INTEGER PRIMARY KEY, at INTEGER NOT NULL, target TEXT NOT NULL, provider TEXT NOT NULL,
        command TEXT NOT NULL, digest TEXT NOT NULL, counts TEXT NOT NULL);
    INSERT INTO runs SELECT txn, at, 'host', provider, command, digest, counts FROM old_runs;
    DROP TABLE old_runs;

    DROP TABLE accounts;
    DROP TABLE unix_groups;
    DROP TABLE local_members;
    DROP TABLE keys;
    DROP TABLE rungs;
    CREATE VIEW accounts AS
        SELECT target, provider, ids.id, name, number AS uid, gid, private_gid IS NOT NULL AS private, state,
               gecos, home, shell, subid, locked, expire, alias
          FROM ids JOIN applied_accounts USING (provider, id) WHERE kind = 'account';
    CREATE VIEW unix_groups AS
        SELECT target, provider, ids.id, name, number AS gid, state, members, alias
          FROM ids JOIN applied_groups USING (provider, id) WHERE kind = 'group';
";

/// What locks remember.
const LOCKS: &str = "
    CREATE TABLE locks (
        -- What the locks of accounts remember, beside password and expiry, and who holds accounts locked.
        target TEXT NOT NULL, provider TEXT NOT NULL, id TEXT NOT NULL, -- see ids
        shell TEXT, -- the shell that stood before, while the account has the one of lock_shell
        held_by TEXT, -- the administrator who locked it, whatever the provider says
        held_at INTEGER, held_for TEXT, -- since when, and why
        PRIMARY KEY (target, provider, id)) WITHOUT ROWID;
";

/// Ids that changed at a provider.
const REBOUND: &str = "
    CREATE TABLE rebound (
        -- Ids that accounts and groups had before they were tied to another record (gosync rebind).
        kind TEXT NOT NULL, provider TEXT NOT NULL, id TEXT NOT NULL, -- as they stood in ids
        to_provider TEXT NOT NULL, to_id TEXT NOT NULL, -- as they stand there now
        at INTEGER NOT NULL,
        PRIMARY KEY (kind, provider, id)) WITHOUT ROWID;
    CREATE TABLE changed_ids (
        -- Accounts, or groups, that the last complete read missed, and whose names new ids asked for.
        provider TEXT NOT NULL, kind TEXT NOT NULL, asked_for INTEGER NOT NULL, missing INTEGER NOT NULL,
        since INTEGER NOT NULL,
        PRIMARY KEY (provider, kind)) WITHOUT ROWID;
";

/// Accounts and groups are set aside, and become active, as sets: `ids` says which run made what, and a transaction that
/// waits has a row in `pending` that stands before all that it makes. The row of what was made is its history as well,
/// until something changes it: then what it was is written down first, by triggers, so that no writer can forget it.
///
/// What an older gosync was about to make becomes a set, too. 0.1.0 wrote the figures of a run with the run.
const CREATIONS: &str = "
    ALTER TABLE ids ADD COLUMN txn /* the run that made it, if one did */ INTEGER;
    ALTER TABLE ids ADD COLUMN seq /* its place among what that run did */ INTEGER;
    INSERT INTO pending (txn, seq, entry, target, provider, body)
        SELECT txn, (SELECT MAX(seq) FROM pending AS p WHERE p.txn = runs.txn) + 1, 'figures', target, provider,
               json_object('counts', json('{}'), 'digest', digest)
          FROM runs WHERE txn IN (SELECT txn FROM pending WHERE entry = 'create' AND before IS NULL)
                      AND txn NOT IN (SELECT txn FROM pending WHERE entry = 'figures');
    UPDATE pending SET seq = (SELECT MIN(seq) FROM pending AS p WHERE p.txn = pending.txn) - 1 WHERE entry = 'figures';
    UPDATE ids SET state = 'active', txn = p.txn, seq = p.seq
      FROM pending AS p WHERE entry = 'create' AND before IS NULL AND state = 'reserved'
       AND p.kind = ids.kind AND p.provider = ids.provider AND p.id = ids.id;
    DELETE FROM pending WHERE entry = 'create' AND before IS NULL;
    CREATE INDEX made_by ON ids (txn, seq) WHERE txn IS NOT NULL;

    CREATE VIEW known_ids AS
        -- ids as they hold now: what is to be made by a transaction that still waits is reserved.
        SELECT kind, provider, id, name, number, private_gid, subid,
               CASE WHEN EXISTS (SELECT 1 FROM pending)
                     AND seq > (SELECT MIN(seq) FROM pending AS p WHERE p.txn = ids.txn)
                    THEN 'reserved' ELSE state END AS state,
               alias, txn, seq
          FROM ids;
    DROP VIEW accounts;
    CREATE VIEW accounts AS
        SELECT target, provider, ids.id, name, number AS uid, gid, private_gid IS NOT NULL AS private, state,
               gecos, home, shell, subid, locked, expire, alias
          FROM known_ids AS ids JOIN applied_accounts USING (provider, id) WHERE kind = 'account';
    DROP VIEW unix_groups;
    CREATE VIEW unix_groups AS
        SELECT target, provider, ids.id, name, number AS gid, state, members, alias
          FROM known_ids AS ids JOIN applied_groups USING (provider, id) WHERE kind = 'group';

    CREATE VIEW creations AS
        -- The history of what is as the run that made it left it.
        SELECT txn, seq, ids.provider, kind, ids.id, name, 'create-account' AS change, NULL AS detail, NULL AS before,
               json_object('name', name, 'uid', number, 'gid', gid, 'private', private_gid IS NOT NULL, 'state', state,
                   'gecos', gecos, 'home', home, 'shell', shell, 'subid', subid, 'locked', locked, 'expire', expire,
                   'alias', alias) AS after
          FROM known_ids AS ids JOIN runs USING (txn)
          JOIN applied_accounts AS a ON a.target = runs.target AND a.provider = ids.provider AND a.id = ids.id
         WHERE kind = 'account' AND state <> 'reserved'
           AND NOT EXISTS (SELECT 1 FROM changes AS c WHERE c.txn = ids.txn AND c.seq = ids.seq)
        UNION ALL
        SELECT txn, seq, ids.provider, kind, ids.id, name, 'create-group', NULL, NULL,
               json_object('name', name, 'gid', number, 'state', state, 'members', members, 'alias', alias)
          FROM known_ids AS ids JOIN runs USING (txn)
          JOIN applied_groups AS a ON a.target = runs.target AND a.provider = ids.provider AND a.id = ids.id
         WHERE kind = 'group' AND state <> 'reserved'
           AND NOT EXISTS (SELECT 1 FROM changes AS c WHERE c.txn = ids.txn AND c.seq = ids.seq);
    CREATE VIEW history AS
        -- What each run changed: see changes.
        SELECT * FROM changes UNION ALL SELECT * FROM creations;
    CREATE TRIGGER ids_change BEFORE UPDATE ON ids WHEN old.txn IS NOT NULL BEGIN
        INSERT INTO changes SELECT * FROM creations WHERE kind = old.kind AND provider = old.provider AND id = old.id;
    END;
    CREATE TRIGGER accounts_change BEFORE UPDATE ON applied_accounts BEGIN
        INSERT INTO changes SELECT * FROM creations
         WHERE kind = 'account' AND provider = old.provider AND id = old.id;
    END;
    CREATE TRIGGER groups_change BEFORE UPDATE ON applied_groups BEGIN
        INSERT INTO changes SELECT * FROM creations
         WHERE kind = 'group' AND provider = old.provider AND id = old.id;
    END;
";

/// What hooks were told of people besides how to reach them.
const ATTRIBUTES: &str = "
    ALTER TABLE contacts ADD COLUMN
        attributes /* those that [hooks] names, as a JSON object */ TEXT NOT NULL DEFAULT '{}';
";

/// What targets show of people besides their accounts.
const SHOWN: &str = "
    CREATE TABLE attributes (
        -- What the provider said last of the attributes that targets show.
        provider TEXT NOT NULL, id TEXT NOT NULL, -- see ids
        name TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (provider, id, name)) WITHOUT ROWID;
    CREATE TABLE asked_attributes (
        -- Which of them everybody was asked for in the last complete read.
        provider TEXT NOT NULL, name TEXT NOT NULL,
        PRIMARY KEY (provider, name)) WITHOUT ROWID;
";

/// People who are joined across providers.
const JOINED: &str = "
    CREATE TABLE join_records (
        -- What each record says that another provider's account of the same person takes from it.
        provider TEXT NOT NULL, id TEXT NOT NULL, -- see ids
        said TEXT NOT NULL, -- a JSON object
        PRIMARY KEY (provider, id)) WITHOUT ROWID;
    CREATE TABLE joined (
        -- Records that belong to the account of another provider's.
        provider TEXT NOT NULL, id TEXT NOT NULL, -- the record
        to_provider TEXT NOT NULL, to_id TEXT NOT NULL, -- the account: see ids
        at INTEGER NOT NULL,
        PRIMARY KEY (provider, id)) WITHOUT ROWID;
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

/// Makes the tables of an older version.
#[cfg(test)]
pub(super) fn prepare_old(db: &Connection, version: usize) -> rusqlite::Result<()> {
    let script = STEPS[..version].concat();
    db.execute_batch(&format!("{script} PRAGMA user_version = {version};"))
}

/// A copy of a ledger in memory.
pub(super) fn copy(old: &Connection) -> rusqlite::Result<Connection> {
    let mut new = Connection::open_in_memory()?;
    rusqlite::backup::Backup::new(old, &mut new)?.run_to_completion(
        1_000,
        std::time::Duration::ZERO,
        None,
    )?;
    Ok(new)
}

/// A copy of an older ledger in memory, with this schema: for those who may only read.
pub(super) fn upgraded_copy(old: &Connection) -> rusqlite::Result<Connection> {
    let new = copy(old)?;
    upgrade(&new)?;
    Ok(new)
}
