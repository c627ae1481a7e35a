//! What a plan means for the ledger: rows now, and edits that come true on confirmation.

use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};

use super::Run;
use super::history::{Keeper, Remembered, Snapshots};
use crate::model::UserName;
use crate::model::history::EntryKind;
use crate::model::owned::State;
use crate::plan::{Change, Plan};
use crate::policy::Field;

/// An edit that waits for its transaction to happen. Stored as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// A row was made for it; before this transaction it had none, and no ids.
    Fresh {
        /// The account or group.
        id: String,
        /// Whether it is a group.
        group: bool,
    },
    /// A field was written.
    Applied {
        /// The account.
        id: String,
        /// Which field.
        field: Field,
        /// Its value.
        value: String,
    },
    /// An account is in another state.
    State {
        /// The account.
        id: String,
        /// The state's word.
        state: String,
        /// Whether somebody lost something by it.
        loss: bool,
    },
    /// A group has these members from the provider.
    Members {
        /// The group.
        id: String,
        /// Sorted, separated by commas.
        members: String,
        /// How many lost their membership.
        lost: usize,
    },
    /// A change of an entry that was there before goes into the history.
    Remember(Remembered),
}

fn joined(members: &[UserName]) -> String {
    members.iter().map(UserName::as_str).collect::<Vec<_>>().join(",")
}

/// Writes the rows and edits of a plan for transaction `txn`.
pub(super) fn write(tx: &Transaction<'_>, run: Run<'_>, txn: u64, plan: &Plan) -> rusqlite::Result<()> {
    let provider = run.provider;
    let mut account = tx.prepare(
        "INSERT INTO accounts (provider, id, name, uid, gid, private, state, gecos, home, shell, subid, txn)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'reserved', ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (provider, id) DO UPDATE SET name = ?3, gid = ?5, private = ?6, state = 'reserved', gecos = ?7,
             home = ?8, shell = ?9, subid = COALESCE(?10, subid), absent_since = NULL, absent_runs = 0, txn = ?11",
    )?;
    let mut group = tx.prepare(
        "INSERT INTO unix_groups (provider, id, name, gid, state, members, txn)
         VALUES (?1, ?2, ?3, ?4, 'reserved', ?5, ?6)
         ON CONFLICT (provider, id) DO UPDATE SET name = ?3, state = 'reserved', members = ?5, txn = ?6",
    )?;
    let mut pending = tx.prepare("INSERT INTO pending (txn, seq, provider, edit) VALUES (?1, ?2, ?3, ?4)")?;
    let mut seq = 0_i64;
    let mut later_of = |provider: &str, edit: &Edit| -> rusqlite::Result<()> {
        let json = serde_json::to_string(edit).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
        seq += 1;
        pending.execute(params![txn, seq, provider, json]).map(drop)
    };
    let mut snapshots = Snapshots::new(tx)?;
    for change in &plan.changes {
        let subject = change.subject();
        match snapshots.remember(provider, change)? {
            Some(remembered) => later_of(provider, &Edit::Remember(remembered))?,
            None => {
                let group = subject.kind == EntryKind::Group;
                later_of(provider, &Edit::Fresh { id: subject.id.to_string(), group })?;
            }
        }
        if let Change::RemoveAccount { name, .. } = change {
            for (of, group) in snapshots.groups_with(tx, name.as_str())? {
                later_of(&of, &Edit::Remember(group))?;
            }
        }
        let mut later = |edit: &Edit| later_of(provider, edit);
        match change {
            Change::CreateAccount(a) => {
                let subid = a.subids.map(|(first, _)| first);
                account.execute(params![
                    provider,
                    a.id.as_str(),
                    a.name.as_str(),
                    a.uid.get(),
                    a.gid.get(),
                    a.private_group,
                    a.gecos,
                    a.home,
                    a.shell,
                    subid,
                    txn
                ])?;
            }
            Change::CreateGroup { id, name, gid, members } => {
                group.execute(params![provider, id.as_str(), name.as_str(), gid.get(), joined(members), txn])?;
            }
            Change::UpdateAccount { id, fields, .. } => {
                for f in fields {
                    later(&Edit::Applied { id: id.to_string(), field: f.field, value: f.to.clone() })?;
                }
            }
            Change::LockAccount { id, .. } => later(&state(id, "locked", true))?,
            Change::UnlockAccount { id, .. } => later(&state(id, "active", false))?,
            Change::RemoveAccount { id, .. } => later(&state(id, "removed", true))?,
            Change::ForgetAccount { id, .. } => later(&state(id, "reserved", false))?,
            Change::ChangeMembers { id, remove, wanted, .. } => {
                later(&Edit::Members { id: id.to_string(), members: joined(wanted), lost: remove.len() })?;
            }
        }
    }
    let counts =
        serde_json::to_string(&plan.counts()).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
    // A digest that nobody can have typed need not be worked out: only small plans come with one.
    let digest = if plan.changes.len() <= 1_000 { plan.digest() } else { String::new() };
    tx.execute(
        "INSERT INTO runs (txn, at, provider, command, digest, counts) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![txn, run.now, provider, run.command, digest, counts],
    )?;
    Ok(())
}

fn state(id: &crate::model::RemoteId, state: &str, loss: bool) -> Edit {
    Edit::State { id: id.to_string(), state: state.to_owned(), loss }
}

/// Makes the edits of transaction `txn` true, and writes its history; what is older than `keep` seconds goes.
pub(super) fn apply(tx: &Transaction<'_>, txn: u64, keep: i64) -> rusqlite::Result<()> {
    let created = tx.execute("UPDATE accounts SET state = 'active', txn = NULL WHERE txn = ?1", [txn])?
        + tx.execute("UPDATE unix_groups SET state = 'active', txn = NULL WHERE txn = ?1", [txn])?;
    let at: i64 = tx.query_row("SELECT at FROM runs WHERE txn = ?1", [txn], |row| row.get(0))?;
    let edits: Vec<(String, String)> = {
        let mut statement = tx.prepare("SELECT provider, edit FROM pending WHERE txn = ?1 ORDER BY seq")?;
        let rows = statement.query_map([txn], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    let mut past = Vec::with_capacity(edits.len());
    for (provider, json) in &edits {
        let edit = serde_json::from_str(json).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
        apply_one(tx, provider, at, &edit)?;
        match edit {
            Edit::Fresh { id, group } => past.push((provider, Remembered::fresh(id, group))),
            Edit::Remember(remembered) => past.push((provider, remembered)),
            _ => {}
        }
    }
    tx.execute("DELETE FROM pending", [])?;
    if created > 0 || !edits.is_empty() {
        tx.execute("INSERT INTO meta VALUES ('generation', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1", [])?;
        // Only now, since an entry is remembered as the whole run leaves it.
        let mut keeper = Keeper::new(tx, txn)?;
        past.iter().try_for_each(|(provider, remembered)| keeper.keep(provider, remembered))?;
        super::history::prune(tx, at.saturating_sub(keep))?;
    }
    Ok(())
}

/// Drops what was intended, with the runs that never came to be.
pub(super) fn drop_pending(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM runs WHERE txn IN (SELECT txn FROM pending)", [])?;
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
        let edit = serde_json::from_str(json).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
        let Edit::Fresh { id, group } = edit else { continue };
        let sql = match group {
            false => "DELETE FROM accounts WHERE provider = ?1 AND id = ?2 AND txn = ?3 AND state = 'reserved'",
            true => "DELETE FROM unix_groups WHERE provider = ?1 AND id = ?2 AND txn = ?3 AND state = 'reserved'",
        };
        tx.execute(sql, params![provider, id, txn])?;
    }
    drop_pending(tx)
}

fn apply_one(tx: &Transaction<'_>, provider: &str, at: i64, edit: &Edit) -> rusqlite::Result<()> {
    let lose = |kind: &str, id: &str, count: usize| {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        tx.execute(
            "INSERT INTO losses (at, provider, kind, id, count) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![at, provider, kind, id, count],
        )
    };
    match edit {
        Edit::Fresh { .. } | Edit::Remember(_) => {}
        Edit::Applied { id, field, value } => {
            let sql = match field {
                Field::Gecos => "UPDATE accounts SET gecos = ?3 WHERE provider = ?1 AND id = ?2",
                Field::Home => "UPDATE accounts SET home = ?3 WHERE provider = ?1 AND id = ?2",
                Field::Shell => "UPDATE accounts SET shell = ?3 WHERE provider = ?1 AND id = ?2",
            };
            tx.execute(sql, params![provider, id, value])?;
        }
        Edit::State { id, state, loss } => {
            let sql =
                "UPDATE accounts SET state = ?3, absent_since = NULL, absent_runs = 0 WHERE provider = ?1 AND id = ?2";
            tx.execute(sql, params![provider, id, state])?;
            if state == State::Removed.as_str() {
                leave_groups(tx, provider, id)?;
            }
            if *loss {
                lose("account", id, 1)?;
            }
        }
        Edit::Members { id, members, lost } => {
            let sql = "UPDATE unix_groups SET members = ?3 WHERE provider = ?1 AND id = ?2";
            tx.execute(sql, params![provider, id, members])?;
            if *lost > 0 {
                lose("member", id, *lost)?;
            }
        }
    }
    Ok(())
}

/// Takes a removed account out of the member lists, as was done in the files.
fn leave_groups(tx: &Transaction<'_>, provider: &str, id: &str) -> rusqlite::Result<()> {
    let sql = "SELECT name FROM accounts WHERE provider = ?1 AND id = ?2";
    let name: String = tx.query_row(sql, params![provider, id], |row| row.get(0))?;
    let sql = "SELECT provider, id, members FROM unix_groups WHERE instr(',' || members || ',', ',' || ?1 || ',') > 0";
    let mut statement = tx.prepare(sql)?;
    let rows = statement.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let groups: Vec<(String, String, String)> = rows.collect::<rusqlite::Result<_>>()?;
    for (provider, id, members) in groups {
        let members = members.split(',').filter(|member| *member != name).collect::<Vec<_>>().join(",");
        let sql = "UPDATE unix_groups SET members = ?3 WHERE provider = ?1 AND id = ?2";
        tx.execute(sql, params![provider, id, members])?;
    }
    Ok(())
}
