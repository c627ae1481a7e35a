//! What a plan means for the ledger: rows now, and edits that come true on confirmation.

use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};

use super::Run;
use crate::model::UserName;
use crate::model::owned::State;
use crate::plan::{Change, KeyChange, Plan};
use crate::policy::Field;
use crate::policy::keys::{Place, digest};

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
    /// SSH keys were written.
    Keys {
        /// The account.
        id: String,
        /// Where.
        place: String,
        /// The file.
        path: String,
        /// The digest of what was written; empty: taken away.
        digest: String,
        /// Whether somebody whose account is open has none any more.
        loss: bool,
    },
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
    let mut later = |edit: &Edit| -> rusqlite::Result<()> {
        let json = serde_json::to_string(edit).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
        seq += 1;
        pending.execute(params![txn, seq, provider, json]).map(drop)
    };
    let mut has_account = tx.prepare("SELECT 1 FROM accounts WHERE provider = ?1 AND id = ?2")?;
    let mut has_group = tx.prepare("SELECT 1 FROM unix_groups WHERE provider = ?1 AND id = ?2")?;
    for change in &plan.changes {
        match change {
            Change::CreateAccount(a) => {
                if !has_account.exists(params![provider, a.id.as_str()])? {
                    later(&Edit::Fresh { id: a.id.to_string(), group: false })?;
                }
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
                if !has_group.exists(params![provider, id.as_str()])? {
                    later(&Edit::Fresh { id: id.to_string(), group: true })?;
                }
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
            Change::SetKeys(change) => later(&keys(change))?,
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

/// Keys in homes are written after the transaction, and remembered then; their loss counts here.
fn keys(change: &KeyChange) -> Edit {
    let KeyChange { id, at, text, .. } = change;
    let digest = if text.is_empty() { String::new() } else { digest(text.as_bytes()) };
    let (place, path) = (super::place_word(at.kind()).to_owned(), at.path().to_owned());
    Edit::Keys { id: id.to_string(), place, path, digest, loss: change.takes_all() }
}

/// Makes the edits of transaction `txn` true.
pub(super) fn apply(tx: &Transaction<'_>, txn: u64) -> rusqlite::Result<()> {
    let created = tx.execute("UPDATE accounts SET state = 'active', txn = NULL WHERE txn = ?1", [txn])?
        + tx.execute("UPDATE unix_groups SET state = 'active', txn = NULL WHERE txn = ?1", [txn])?;
    let at: i64 = tx.query_row("SELECT at FROM runs WHERE txn = ?1", [txn], |row| row.get(0))?;
    let edits: Vec<(String, String)> = {
        let mut statement = tx.prepare("SELECT provider, edit FROM pending WHERE txn = ?1 ORDER BY seq")?;
        let rows = statement.query_map([txn], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    for (provider, json) in &edits {
        let edit = serde_json::from_str(json).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
        apply_one(tx, provider, at, &edit)?;
    }
    tx.execute("DELETE FROM pending", [])?;
    if created > 0 || !edits.is_empty() {
        tx.execute("INSERT INTO meta VALUES ('generation', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1", [])?;
    }
    Ok(())
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
    tx.execute("DELETE FROM pending", []).map(drop)
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
        Edit::Fresh { .. } => {}
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
        Edit::Keys { id, place, path, digest, loss } => {
            if place == super::place_word(Place::Directory) {
                set_keys(tx, provider, id, place, path, digest)?;
            }
            if *loss {
                lose("keys", id, 1)?;
            }
        }
    }
    Ok(())
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
    tx.execute(sql, params![provider, id, place, path, digest]).map(drop)
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
