//! People and groups that left, names that were given up, and homes that were packed.
//!
//! A row of `rungs` tells how far an account or a group has come on its way out, and is gone when it is back. Names and
//! archives stay for good: nobody inherits a name, and somebody who returns after years is told where the archive lies.

use rusqlite::{Connection, Transaction, params};

use super::cached::Cached as _;
use crate::model::owned::{Absence, GroupRung, Owned, Rung};
use crate::model::{Members, RemoteId};

/// Reads all of it, seen from `provider`.
pub(super) fn load(db: &Connection, provider: &str, owned: &mut Owned) -> rusqlite::Result<()> {
    let sql =
        "SELECT kind, id, absent_since, absent_runs, since, archive FROM rungs WHERE provider = ?1";
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([provider])?;
    while let Some(row) = rows.next()? {
        let (kind, id): (String, String) = (row.get(0)?, row.get(1)?);
        let (absent, since): (Option<i64>, Option<i64>) = (row.get(2)?, row.get(4)?);
        let Some(id) = RemoteId::new(&id) else {
            continue;
        };
        if kind == "group" {
            let runs = row.get(3)?;
            let absence = absent.map(|since| Absence { since, runs });
            owned.group_rungs.insert(id, GroupRung { absence, since });
        } else if let Some(since) = since {
            owned.rungs.insert(
                id,
                Rung {
                    since,
                    archive: row.get(5)?,
                },
            );
        }
    }
    let mut statement =
        db.prepare("SELECT id, path FROM archives WHERE provider = ?1 ORDER BY at, rowid")?;
    let mut rows = statement.query([provider])?;
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        if let Some(id) = RemoteId::new(&id) {
            owned.archives.insert(id, row.get(1)?);
        }
    }
    let mut statement = db.prepare("SELECT provider, kind, id, name FROM former_names")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (from, kind, id, name): (String, String, String, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        match RemoteId::new(&id).filter(|_| from == provider) {
            Some(id) if kind == "group" => drop(owned.former_groups.insert(name, id)),
            Some(id) => drop(owned.former_accounts.insert(name, id)),
            None => drop(owned.other_names.insert(name)),
        }
    }
    Ok(())
}

/// A group is missing.
pub(super) fn absent(
    tx: &Transaction<'_>,
    provider: &str,
    id: &RemoteId,
    absence: Absence,
) -> rusqlite::Result<usize> {
    let sql = "INSERT INTO rungs (provider, kind, id, absent_since, absent_runs) VALUES (?1, 'group', ?2, ?3, ?4)
               ON CONFLICT (provider, kind, id) DO UPDATE SET absent_since = ?3, absent_runs = ?4";
    tx.execute_cached(
        sql,
        params![provider, id.as_str(), absence.since, absence.runs],
    )
}

/// An account or a group is back, or gone for good.
pub(super) fn forget(
    tx: &Transaction<'_>,
    provider: &str,
    kind: &str,
    id: &str,
) -> rusqlite::Result<usize> {
    tx.execute_cached(
        "DELETE FROM rungs WHERE provider = ?1 AND kind = ?2 AND id = ?3",
        params![provider, kind, id],
    )
}

/// The same of all that a transaction makes.
pub(super) fn forget_created(tx: &Transaction<'_>, txn: u64) -> rusqlite::Result<()> {
    for (kind, table) in [("account", "accounts"), ("group", "unix_groups")] {
        let sql = format!(
            "DELETE FROM rungs WHERE kind = ?1 AND EXISTS (SELECT 1 FROM {table} AS made
                WHERE made.provider = rungs.provider AND made.id = rungs.id AND made.txn = ?2)"
        );
        tx.execute_cached(&sql, params![kind, txn])?;
    }
    Ok(())
}

/// Whether an account is locked.
pub(super) fn is_locked(tx: &Transaction<'_>, provider: &str, id: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM accounts WHERE provider = ?1 AND id = ?2 AND state = 'locked'";
    tx.prepare_cached(sql)?.exists(params![provider, id])
}

/// An account comes into a state: from its first locking on, its time is counted.
pub(super) fn follow(
    tx: &Transaction<'_>,
    provider: &str,
    id: &str,
    state: &str,
    at: i64,
) -> rusqlite::Result<()> {
    if state != "locked" {
        return forget(tx, provider, "account", id).map(drop);
    }
    let sql = "INSERT INTO rungs (provider, kind, id, since) VALUES (?1, 'account', ?2, ?3)
               ON CONFLICT (provider, kind, id) DO NOTHING";
    tx.execute_cached(sql, params![provider, id, at]).map(drop)
}

/// Remembers the present name of what gets another one.
pub(super) fn give_up_name(
    tx: &Transaction<'_>,
    provider: &str,
    kind: &str,
    id: &str,
    new: &str,
) -> rusqlite::Result<()> {
    let table = if kind == "group" {
        "unix_groups"
    } else {
        "accounts"
    };
    let sql = format!(
        "INSERT OR IGNORE INTO former_names (provider, kind, id, name)
            SELECT provider, ?2, id, name FROM {table} WHERE provider = ?1 AND id = ?3 AND name <> ?4"
    );
    tx.execute_cached(&sql, params![provider, kind, id, new])?;
    let sql =
        "DELETE FROM former_names WHERE provider = ?1 AND kind = ?2 AND id = ?3 AND name = ?4";
    tx.execute_cached(sql, params![provider, kind, id, new])
        .map(drop)
}

/// Remembers a name that an account or a group began to get: it stands under it if `has`, the id that has the name on
/// the host, is its own.
pub(super) fn began_name(
    tx: &Transaction<'_>,
    provider: &str,
    (id, group): (&str, bool),
    name: &str,
    has: Option<u32>,
) -> rusqlite::Result<()> {
    let (kind, table, number) = if group {
        ("group", "unix_groups", "gid")
    } else {
        ("account", "accounts", "uid")
    };
    let sql = format!(
        "INSERT OR IGNORE INTO former_names (provider, kind, id, name)
            SELECT provider, ?2, id, ?4 FROM {table} WHERE provider = ?1 AND id = ?3 AND name <> ?4 AND {number} = ?5"
    );
    tx.execute_cached(&sql, params![provider, kind, id, name, has])
        .map(drop)
}

/// Gives an account or a group another name, in the lists of members, too.
pub(super) fn rename(
    tx: &Transaction<'_>,
    provider: &str,
    (id, group): (&str, bool),
    (from, to): (&str, &str),
    home: Option<&str>,
) -> rusqlite::Result<()> {
    let (kind, table) = if group {
        ("group", "unix_groups")
    } else {
        ("account", "accounts")
    };
    give_up_name(tx, provider, kind, id, to)?;
    let sql = format!("UPDATE {table} SET name = ?3 WHERE provider = ?1 AND id = ?2");
    tx.execute_cached(&sql, params![provider, id, to])?;
    if group {
        return Ok(());
    }
    if let Some(home) = home {
        tx.execute_cached(
            "UPDATE accounts SET home = ?3 WHERE provider = ?1 AND id = ?2",
            params![provider, id, home],
        )?;
    }
    let sql = "SELECT provider, id, members FROM unix_groups WHERE instr(',' || members || ',', ',' || ?1 || ',') > 0";
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map([from], |row| {
        Ok((row.get(0)?, row.get(1)?, Members::written(row.get(2)?)))
    })?;
    let groups: Vec<(String, String, Members)> = rows.collect::<rusqlite::Result<_>>()?;
    for (provider, id, members) in groups {
        let members = members.replaced(from, Some(to));
        let sql = "UPDATE unix_groups SET members = ?3 WHERE provider = ?1 AND id = ?2";
        tx.execute_cached(sql, params![provider, id, members.as_str()])?;
    }
    super::local::rename(tx, from, to)
}

/// The home of an account was packed.
pub(super) fn archived(
    tx: &Transaction<'_>,
    provider: &str,
    id: &str,
    path: &str,
    at: i64,
) -> rusqlite::Result<()> {
    let sql = "UPDATE rungs SET archive = ?3 WHERE provider = ?1 AND kind = 'account' AND id = ?2";
    tx.execute_cached(sql, params![provider, id, path])?;
    let sql = "INSERT INTO archives (provider, id, at, path) VALUES (?1, ?2, ?3, ?4)";
    tx.execute_cached(sql, params![provider, id, at, path])
        .map(drop)
}

/// A group lost its members.
pub(super) fn emptied(
    tx: &Transaction<'_>,
    provider: &str,
    id: &str,
    at: i64,
) -> rusqlite::Result<()> {
    tx.execute_cached(
        "UPDATE unix_groups SET members = '' WHERE provider = ?1 AND id = ?2",
        params![provider, id],
    )?;
    let sql = "INSERT INTO rungs (provider, kind, id, since) VALUES (?1, 'group', ?2, ?3)
               ON CONFLICT (provider, kind, id) DO UPDATE SET since = ?3";
    tx.execute_cached(sql, params![provider, id, at]).map(drop)
}

/// A group is gone; its gid stays set aside.
pub(super) fn group_removed(
    tx: &Transaction<'_>,
    provider: &str,
    id: &str,
) -> rusqlite::Result<()> {
    forget(tx, provider, "group", id)?;
    let sql =
        "UPDATE unix_groups SET state = 'removed', members = '' WHERE provider = ?1 AND id = ?2";
    tx.execute_cached(sql, params![provider, id]).map(drop)
}
