//! What becomes of edits that wait: they come true, or are dropped.

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::cached::Cached as _;
use super::edit::{AdoptedRow, Edit, MadeRow};
use super::history::{Keeper, Remembered};
use super::queue::{self, Key};
use super::{Run, contacts, rungs};
use crate::model::Members;
use crate::model::host::Host;
use crate::model::owned::{Loss, State};
use crate::policy::Field;
use crate::policy::keys::Place;

/// Plans that were made before no longer fit.
pub(super) fn next_generation(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta VALUES ('generation', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1";
    tx.execute(sql, []).map(drop)
}

/// Makes the edits of transaction `txn` true, and writes its history; what is older than `keep` seconds goes.
pub(super) fn apply(tx: &Transaction<'_>, txn: u64, keep: i64) -> rusqlite::Result<()> {
    rungs::forget_created(tx, txn)?;
    let created = tx.execute(
        "UPDATE accounts SET state = 'active', txn = NULL WHERE txn = ?1",
        [txn],
    )? + tx.execute(
        "UPDATE unix_groups SET state = 'active', txn = NULL WHERE txn = ?1",
        [txn],
    )?;
    let sql = "SELECT at, command FROM runs WHERE txn = ?1";
    let run: Option<(i64, String)> = tx
        .query_row(sql, [txn], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    // One that was dropped, or that is confirmed for the second time after so long that it is forgotten.
    let Some((at, command)) = run else {
        return Ok(());
    };
    let edits: Vec<(u64, String, String)> = {
        let mut statement =
            tx.prepare("SELECT seq, provider, edit FROM pending WHERE txn = ?1 ORDER BY seq")?;
        let rows = statement.query_map([txn], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    let mut past = Vec::with_capacity(edits.len());
    for (seq, provider, json) in &edits {
        let edit = serde_json::from_str(json)
            .map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
        match &edit {
            Edit::Hook(event) => queue::add(
                tx,
                Key { txn, seq: *seq },
                Run {
                    provider,
                    command: &command,
                    now: at,
                },
                event,
            )?,
            Edit::Round(kind) => queue::add_round(tx, Key { txn, seq: *seq }, *kind, at)?,
            edit => apply_one(tx, provider, at, edit)?,
        }
        match edit {
            Edit::Fresh { id, group } => past.push((provider, Remembered::fresh(id, group))),
            Edit::Remember(remembered) => past.push((provider, remembered)),
            _ => {}
        }
    }
    tx.execute("DELETE FROM pending", [])?;
    if created > 0 || !edits.is_empty() {
        next_generation(tx)?;
        // Only now, since an entry is remembered as the whole run leaves it.
        let mut keeper = Keeper::new(tx, txn)?;
        past.iter()
            .try_for_each(|(provider, remembered)| keeper.keep(provider, remembered))?;
        super::history::prune(tx, at.saturating_sub(keep))?;
    }
    Ok(())
}

/// Drops what was intended, with the runs that never came to be.
pub(super) fn drop_pending(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM runs WHERE txn IN (SELECT txn FROM pending)",
        [],
    )?;
    tx.execute("DELETE FROM pending", []).map(drop)
}

/// Deletes the rows that unconfirmed transactions made: their ids were never to be seen anywhere.
pub(super) fn release(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    let edits: Vec<(u64, String, String)> = {
        let mut statement = tx.prepare("SELECT txn, provider, edit FROM pending")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    for (txn, provider, json) in &edits {
        let edit = serde_json::from_str(json)
            .map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
        let Edit::Fresh { id, group } = edit else {
            continue;
        };
        let sql = match group {
            false => {
                "DELETE FROM accounts WHERE provider = ?1 AND id = ?2 AND txn = ?3 AND state = 'reserved'"
            }
            true => {
                "DELETE FROM unix_groups WHERE provider = ?1 AND id = ?2 AND txn = ?3 AND state = 'reserved'"
            }
        };
        tx.execute_cached(sql, params![provider, id, txn])?;
    }
    drop_pending(tx)
}

/// Drops what unconfirmed transactions intended, but queues the events that stand, and keeps names that were given.
pub(super) fn give_up(tx: &Transaction<'_>, host: &Host<'_>) -> rusqlite::Result<()> {
    let sql = "SELECT txn, seq, p.provider, edit, at, command FROM pending p JOIN runs USING (txn) ORDER BY txn, seq";
    let edits: Vec<(Key, String, String, i64, String)> = {
        let mut statement = tx.prepare(sql)?;
        let rows = statement.query_map([], |row| {
            let key = Key {
                txn: row.get(0)?,
                seq: row.get(1)?,
            };
            Ok((key, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        })?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    for (key, provider, json, now, command) in &edits {
        let edit = serde_json::from_str(json)
            .map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
        match &edit {
            // The hooks around it are called for by the run that finds it.
            Edit::Hook(event) if event.is_present(host) => queue::add(
                tx,
                *key,
                Run {
                    provider,
                    command,
                    now: *now,
                },
                event,
            )?,
            Edit::Renamed { id, group, to, .. } => {
                let has = if *group {
                    host.groups.get(to.as_str()).map(|found| found.gid)
                } else {
                    host.accounts.get(to.as_str()).map(|found| found.uid)
                };
                rungs::began_name(tx, provider, (id, *group), to, has)?;
            }
            _ => {}
        }
    }
    drop_pending(tx)
}

fn apply_one(tx: &Transaction<'_>, provider: &str, at: i64, edit: &Edit) -> rusqlite::Result<()> {
    let run = Run {
        provider,
        command: "",
        now: at,
    };
    let lose = |kind: &str, id: &str, count: usize| lose(tx, run, kind, id, count);
    match edit {
        Edit::Fresh { .. } | Edit::Remember(_) | Edit::Hook(_) | Edit::Round(_) => {}
        Edit::Applied { id, field, value } => {
            applied(tx, provider, id, *field, value)?;
        }
        Edit::State { id, state, loss } => {
            let was_locked =
                state == State::Removed.as_str() && rungs::is_locked(tx, provider, id)?;
            rungs::follow(tx, provider, id, state, at)?;
            let sql = "UPDATE accounts SET state = ?3, absent_since = NULL, absent_runs = 0 WHERE provider = ?1 AND id = ?2";
            tx.execute_cached(sql, params![provider, id, state])?;
            if state == State::Removed.as_str() {
                leave_groups(tx, provider, id)?;
            }
            if [State::Removed, State::Reserved]
                .iter()
                .any(|gone| state == gone.as_str())
            {
                contacts::forget(tx, provider, id)?;
            }
            if *loss {
                lose(
                    if was_locked {
                        Loss::Removal.as_str()
                    } else {
                        "account"
                    },
                    id,
                    1,
                )?;
            }
        }
        Edit::Members { id, members, lost } => {
            let sql = "UPDATE unix_groups SET members = ?3 WHERE provider = ?1 AND id = ?2";
            tx.execute_cached(sql, params![provider, id, members.as_str()])?;
            if !members.is_empty() {
                // One that was emptied, and is not any more: its time on the ladder begins anew.
                rungs::forget(tx, provider, "group", id)?;
            }
            if *lost > 0 {
                lose("member", id, *lost)?;
            }
        }
        Edit::Remade(row) => remake(tx, provider, row)?,
        Edit::RemadeGroup { id, name, members } => {
            rungs::forget(tx, provider, "group", id)?;
            rungs::give_up_name(tx, provider, "group", id, name)?;
            let sql = "UPDATE unix_groups SET name = ?3, state = 'active', members = ?4 WHERE provider = ?1 AND id = ?2";
            tx.execute_cached(sql, params![provider, id, name, members.as_str()])?;
        }
        Edit::Adopted(row) => adopt(tx, provider, row)?,
        Edit::AdoptedGroup {
            id,
            name,
            gid,
            alias,
            members,
        } => {
            let sql = "INSERT INTO unix_groups (provider, id, name, gid, state, members, alias)
                       VALUES (?1, ?2, ?3, ?4, 'active', ?6, ?5)
                       ON CONFLICT (provider, id) DO UPDATE SET name = ?3, state = 'active', members = ?6, alias = ?5";
            tx.execute_cached(
                sql,
                params![provider, id, name, gid, alias, members.as_str()],
            )?;
        }
        Edit::Released { id, group: false } => {
            // The memberships stay in the files, and are the host's from now on.
            leave_groups(tx, provider, id)?;
            contacts::forget(tx, provider, id)?;
            let sql = "UPDATE accounts SET state = 'released', absent_since = NULL, absent_runs = 0
                        WHERE provider = ?1 AND id = ?2";
            tx.execute_cached(sql, params![provider, id])?;
        }
        Edit::Released { id, group: true } => {
            let sql = "UPDATE unix_groups SET state = 'released', members = '' WHERE provider = ?1 AND id = ?2";
            tx.execute_cached(sql, params![provider, id])?;
        }
        Edit::LocalMembers {
            name,
            members,
            lost,
            gained,
        } => {
            super::local::set(tx, provider, name, members)?;
            for (kind, count) in [("local", *lost), ("gain", *gained)] {
                if count > 0 {
                    lose(kind, name, count)?;
                }
            }
        }
        Edit::Renamed {
            id,
            group,
            from,
            to,
            home,
        } => {
            rungs::rename(tx, provider, (id, *group), (from, to), home.as_deref())?;
            lose(Loss::Rename.as_str(), id, 1)?;
        }
        Edit::Archived { id, path } => {
            rungs::archived(tx, provider, id, path, at)?;
            lose(Loss::Archive.as_str(), id, 1)?;
        }
        Edit::Emptied { id } => {
            rungs::emptied(tx, provider, id, at)?;
            lose(Loss::Group.as_str(), id, 1)?;
        }
        Edit::GroupRemoved { id, lost } => {
            rungs::group_removed(tx, provider, id)?;
            lose(Loss::Group.as_str(), id, 1)?;
            if *lost > 0 {
                lose("member", id, *lost)?;
            }
        }
        Edit::Keys {
            id,
            path,
            digest,
            loss,
        } => {
            set_keys(
                tx,
                provider,
                id,
                super::place_word(Place::Directory),
                path,
                digest,
            )?;
            if *loss {
                lose("keys", id, 1)?;
            }
        }
    }
    Ok(())
}

/// Counts a loss towards the limits of the day.
pub(super) fn lose(
    tx: &Transaction<'_>,
    run: Run<'_>,
    kind: &str,
    id: &str,
    count: usize,
) -> rusqlite::Result<()> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let sql = "INSERT INTO losses (at, provider, kind, id, count) VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.execute_cached(sql, params![run.now, run.provider, kind, id, count])
        .map(drop)
}

fn remake(tx: &Transaction<'_>, provider: &str, row: &MadeRow) -> rusqlite::Result<()> {
    let MadeRow {
        id,
        name,
        gid,
        private,
        gecos,
        home,
        shell,
        subid,
    } = row;
    rungs::forget(tx, provider, "account", id)?;
    rungs::give_up_name(tx, provider, "account", id, name)?;
    let sql =
        "UPDATE accounts SET name = ?3, gid = ?4, private = ?5, state = 'active', gecos = ?6, home = ?7, shell = ?8,
                      subid = COALESCE(?9, subid), absent_since = NULL, absent_runs = 0, locked = 0, expire = ''
                WHERE provider = ?1 AND id = ?2";
    tx.execute_cached(
        sql,
        params![provider, id, name, gid, private, gecos, home, shell, subid],
    )
    .map(drop)
}

fn adopt(tx: &Transaction<'_>, provider: &str, row: &AdoptedRow) -> rusqlite::Result<()> {
    let sql = "INSERT INTO accounts (provider, id, name, uid, gid, private, state, gecos, home, shell, locked, expire, alias)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'active', ?7, ?8, ?9, ?10, ?11, ?12)
               ON CONFLICT (provider, id) DO UPDATE SET name = ?3, gid = ?5, private = ?6, state = 'active', gecos = ?7,
                   home = ?8, shell = ?9, locked = ?10, expire = ?11, alias = ?12, absent_since = NULL, absent_runs = 0";
    let AdoptedRow {
        id,
        name,
        alias,
        uid,
        gid,
        private,
        gecos,
        home,
        shell,
        locked,
        expire,
    } = row;
    tx.execute_cached(
        sql,
        params![
            provider, id, name, uid, gid, private, gecos, home, shell, locked, expire, alias
        ],
    )
    .map(drop)
}

/// Writes down that a field was written.
pub(super) fn applied(
    tx: &Transaction<'_>,
    provider: &str,
    id: &str,
    field: Field,
    value: &str,
) -> rusqlite::Result<usize> {
    let sql = match field {
        Field::Gecos => "UPDATE accounts SET gecos = ?3 WHERE provider = ?1 AND id = ?2",
        Field::Home => "UPDATE accounts SET home = ?3 WHERE provider = ?1 AND id = ?2",
        Field::Shell => "UPDATE accounts SET shell = ?3 WHERE provider = ?1 AND id = ?2",
        Field::Lock => {
            "UPDATE accounts SET locked = (?3 = 'locked') WHERE provider = ?1 AND id = ?2"
        }
        Field::Expiry => "UPDATE accounts SET expire = ?3 WHERE provider = ?1 AND id = ?2",
    };
    tx.execute_cached(sql, params![provider, id, value])
}

/// Remembers which keys are in place.
pub(super) fn set_keys(
    tx: &Transaction<'_>,
    provider: &str,
    id: &str,
    place: &str,
    path: &str,
    digest: &str,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO keys (provider, id, place, path, digest) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (provider, id, place) DO UPDATE SET path = ?4, digest = ?5";
    tx.execute_cached(sql, params![provider, id, place, path, digest])
        .map(drop)
}

/// Takes a removed account out of the member lists, as was done in the files.
fn leave_groups(tx: &Transaction<'_>, provider: &str, id: &str) -> rusqlite::Result<()> {
    let sql = "SELECT name FROM accounts WHERE provider = ?1 AND id = ?2";
    let name: String = tx.query_row(sql, params![provider, id], |row| row.get(0))?;
    let sql = "SELECT provider, id, members FROM unix_groups WHERE instr(',' || members || ',', ',' || ?1 || ',') > 0";
    let mut statement = tx.prepare(sql)?;
    let rows = statement.query_map([&name], |row| {
        Ok((row.get(0)?, row.get(1)?, Members::written(row.get(2)?)))
    })?;
    let groups: Vec<(String, String, Members)> = rows.collect::<rusqlite::Result<_>>()?;
    for (provider, id, members) in groups {
        let members = members.replaced(&name, None);
        let sql = "UPDATE unix_groups SET members = ?3 WHERE provider = ?1 AND id = ?2";
        tx.execute_cached(sql, params![provider, id, members.as_str()])?;
    }
    super::local::forget(tx, &name)
}
