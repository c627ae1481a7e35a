//! What a plan means for the ledger: rows now, and edits that come true on confirmation.

use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};

use super::history::{Keeper, Remembered, Snapshots};
use super::queue::{self, Key};
use super::{Run, rungs};
use crate::model::UserName;
use crate::model::owned::{Loss, State};
use crate::plan::events::{HookEvent, Kind};
use crate::plan::{Adopted, Change, KeyChange, Plan};
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
    /// A change of an entry that was there before goes into the history.
    Remember(Remembered),
    /// Hooks have to run for something.
    Hook(Box<HookEvent>),
    /// The hooks of this kind that run once before and once after the others have to.
    Round(Kind),
    /// An account or group has another name.
    Renamed {
        /// The account or group.
        id: String,
        /// Whether it is a group.
        group: bool,
        /// Its name before.
        from: String,
        /// Its name now.
        to: String,
        /// Its home, if that is another one.
        home: Option<String>,
    },
    /// The home of a locked account was packed and taken away.
    Archived {
        /// The account.
        id: String,
        /// The archive.
        path: String,
    },
    /// A group that is gone has lost the members it had from the provider.
    Emptied {
        /// The group.
        id: String,
    },
    /// A group was taken out of the databases.
    GroupRemoved {
        /// The group.
        id: String,
    },
    /// An account of the host's is gosync's.
    Adopted(Box<AdoptedRow>),
    /// A group of the host's is gosync's.
    AdoptedGroup {
        /// The group.
        id: String,
        /// Its name.
        name: String,
        /// Its gid.
        gid: u32,
        /// What the provider's name stands for, if that is another.
        alias: Option<String>,
        /// Members that the provider wants, sorted, separated by commas.
        members: String,
    },
    /// An account or a group is the host's again.
    Released {
        /// The account or group.
        id: String,
        /// Whether it is a group.
        group: bool,
    },
    /// A group of the host's has these members from the provider.
    LocalMembers {
        /// The group, by name.
        name: String,
        /// Sorted, separated by commas.
        members: String,
        /// How many lost their membership.
        lost: usize,
        /// How many got power.
        gained: usize,
    },
}

/// The row of an adopted account.
#[derive(Debug, Serialize, Deserialize)]
pub struct AdoptedRow {
    id: String,
    name: String,
    alias: Option<String>,
    uid: u32,
    gid: u32,
    private: bool,
    gecos: String,
    home: String,
    shell: String,
    locked: bool,
    expire: String,
}

impl From<&Adopted> for AdoptedRow {
    fn from(adopted: &Adopted) -> Self {
        let applied = adopted.applied.clone();
        Self {
            id: adopted.id.to_string(),
            name: adopted.name.to_string(),
            alias: adopted.alias.clone(),
            uid: adopted.uid.get(),
            gid: adopted.gid.get(),
            private: adopted.private_group,
            gecos: applied.gecos,
            home: applied.home,
            shell: applied.shell,
            locked: applied.locked,
            expire: applied.expire,
        }
    }
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
             home = ?8, shell = ?9, subid = COALESCE(?10, subid), absent_since = NULL, absent_runs = 0, locked = 0,
             expire = '', txn = ?11",
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
        if let Some(remembered) = snapshots.remember(provider, change)? {
            let fresh = |id: &crate::model::RemoteId, group| Edit::Fresh { id: id.to_string(), group };
            let edit = match change {
                Change::CreateAccount(new) if remembered.is_new() => fresh(&new.id, false),
                Change::CreateGroup { id, .. } if remembered.is_new() => fresh(id, true),
                _ => Edit::Remember(remembered),
            };
            later_of(provider, &edit)?;
        }
        if let Change::RemoveAccount { name, .. } = change {
            for (of, group) in snapshots.groups_with(tx, name.as_str())? {
                later_of(&of, &Edit::Remember(group))?;
            }
        }
        let mut later = |edit: &Edit| later_of(provider, edit);
        match change {
            Change::CreateAccount(a) => {
                rungs::give_up_name(tx, provider, "account", a.id.as_str(), a.name.as_str())?;
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
                rungs::give_up_name(tx, provider, "group", id.as_str(), name.as_str())?;
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
            Change::AdoptAccount(adopted) => later(&Edit::Adopted(Box::new(AdoptedRow::from(&**adopted))))?,
            Change::AdoptGroup { id, name, gid, alias, wanted, .. } => later(&Edit::AdoptedGroup {
                id: id.to_string(),
                name: name.to_string(),
                gid: gid.get(),
                alias: alias.clone(),
                members: joined(wanted),
            })?,
            Change::ReleaseAccount { id, .. } => later(&Edit::Released { id: id.to_string(), group: false })?,
            Change::ReleaseGroup { id, .. } => later(&Edit::Released { id: id.to_string(), group: true })?,
            Change::ChangeLocalMembers { name, privileged, add, remove, applied } => later(&Edit::LocalMembers {
                name: name.to_string(),
                members: joined(applied),
                lost: remove.len(),
                gained: if *privileged { add.len() } else { 0 },
            })?,
            Change::RenameAccount(r) => {
                let (id, from, to) = (r.id.to_string(), r.from.to_string(), r.to.to_string());
                let home = r.home.as_ref().map(|home| home.to.clone());
                later(&Edit::Renamed { id, group: false, from, to, home })?;
            }
            Change::RenameGroup { id, from, to, .. } => {
                let (id, from, to) = (id.to_string(), from.to_string(), to.to_string());
                later(&Edit::Renamed { id, group: true, from, to, home: None })?;
            }
            Change::ArchiveHome { id, archive, .. } => {
                later(&Edit::Archived { id: id.to_string(), path: archive.clone() })?;
            }
            Change::MakeHome { .. } => {} // the account's opening says it all
            Change::EmptyGroup { id, .. } => later(&Edit::Emptied { id: id.to_string() })?,
            Change::RemoveGroup { id, .. } => later(&Edit::GroupRemoved { id: id.to_string() })?,
            Change::SetKeys(change) => later(&keys(change))?,
        }
    }
    for kind in [Kind::User, Kind::Group] {
        if plan.events.iter().any(|event| event.kind == kind) {
            later_of(provider, &Edit::Round(kind))?;
        }
    }
    for event in &plan.events {
        later_of(provider, &Edit::Hook(Box::new(event.clone())))?;
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

/// Makes the edits of transaction `txn` true, and writes its history; what is older than `keep` seconds goes.
pub(super) fn apply(tx: &Transaction<'_>, txn: u64, keep: i64) -> rusqlite::Result<()> {
    rungs::forget_created(tx, txn)?;
    let created = tx.execute("UPDATE accounts SET state = 'active', txn = NULL WHERE txn = ?1", [txn])?
        + tx.execute("UPDATE unix_groups SET state = 'active', txn = NULL WHERE txn = ?1", [txn])?;
    let sql = "SELECT at, command FROM runs WHERE txn = ?1";
    let run: Option<(i64, String)> = tx.query_row(sql, [txn], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    // One that was dropped, or that is confirmed for the second time after so long that it is forgotten.
    let Some((at, command)) = run else { return Ok(()) };
    let edits: Vec<(u64, String, String)> = {
        let mut statement = tx.prepare("SELECT seq, provider, edit FROM pending WHERE txn = ?1 ORDER BY seq")?;
        let rows = statement.query_map([txn], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    let mut past = Vec::with_capacity(edits.len());
    for (seq, provider, json) in &edits {
        let edit = serde_json::from_str(json).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
        match &edit {
            Edit::Hook(event) => {
                queue::add(tx, Key { txn, seq: *seq }, Run { provider, command: &command, now: at }, event)?
            }
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

/// Drops what unconfirmed transactions intended, but queues the events that stand.
pub(super) fn give_up(tx: &Transaction<'_>, stands: &dyn Fn(&HookEvent) -> bool) -> rusqlite::Result<()> {
    let sql = "SELECT txn, seq, p.provider, edit, at, command FROM pending p JOIN runs USING (txn) ORDER BY txn, seq";
    let edits: Vec<(Key, String, String, i64, String)> = {
        let mut statement = tx.prepare(sql)?;
        let rows = statement.query_map([], |row| {
            let key = Key { txn: row.get(0)?, seq: row.get(1)? };
            Ok((key, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        })?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    for (key, provider, json, now, command) in &edits {
        let edit = serde_json::from_str(json).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
        match &edit {
            // The hooks around it are called for by the run that finds it.
            Edit::Hook(event) if stands(event) => queue::add(tx, *key, Run { provider, command, now: *now }, event)?,
            _ => {}
        }
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
        Edit::Fresh { .. } | Edit::Remember(_) | Edit::Hook(_) | Edit::Round(_) => {}
        Edit::Applied { id, field, value } => {
            applied(tx, provider, id, *field, value)?;
        }
        Edit::State { id, state, loss } => {
            let was_locked = state == State::Removed.as_str() && rungs::is_locked(tx, provider, id)?;
            rungs::follow(tx, provider, id, state, at)?;
            let sql =
                "UPDATE accounts SET state = ?3, absent_since = NULL, absent_runs = 0 WHERE provider = ?1 AND id = ?2";
            tx.execute(sql, params![provider, id, state])?;
            if state == State::Removed.as_str() {
                leave_groups(tx, provider, id)?;
            }
            if *loss {
                lose(if was_locked { Loss::Removal.as_str() } else { "account" }, id, 1)?;
            }
        }
        Edit::Members { id, members, lost } => {
            let sql = "UPDATE unix_groups SET members = ?3 WHERE provider = ?1 AND id = ?2";
            tx.execute(sql, params![provider, id, members])?;
            if *lost > 0 {
                lose("member", id, *lost)?;
            }
        }
        Edit::Adopted(row) => adopt(tx, provider, row)?,
        Edit::AdoptedGroup { id, name, gid, alias, members } => {
            let sql = "INSERT INTO unix_groups (provider, id, name, gid, state, members, alias)
                       VALUES (?1, ?2, ?3, ?4, 'active', ?6, ?5)
                       ON CONFLICT (provider, id) DO UPDATE SET name = ?3, state = 'active', members = ?6, alias = ?5";
            tx.execute(sql, params![provider, id, name, gid, alias, members])?;
        }
        Edit::Released { id, group: false } => {
            // The memberships stay in the files, and are the host's from now on.
            leave_groups(tx, provider, id)?;
            let sql = "UPDATE accounts SET state = 'released', absent_since = NULL, absent_runs = 0
                        WHERE provider = ?1 AND id = ?2";
            tx.execute(sql, params![provider, id])?;
        }
        Edit::Released { id, group: true } => {
            let sql = "UPDATE unix_groups SET state = 'released', members = '' WHERE provider = ?1 AND id = ?2";
            tx.execute(sql, params![provider, id])?;
        }
        Edit::LocalMembers { name, members, lost, gained } => {
            super::local::set(tx, provider, name, members)?;
            for (kind, count) in [("local", *lost), ("gain", *gained)] {
                if count > 0 {
                    lose(kind, name, count)?;
                }
            }
        }
        Edit::Renamed { id, group, from, to, home } => {
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
        Edit::GroupRemoved { id } => {
            rungs::group_removed(tx, provider, id)?;
            lose(Loss::Group.as_str(), id, 1)?;
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

fn adopt(tx: &Transaction<'_>, provider: &str, row: &AdoptedRow) -> rusqlite::Result<()> {
    let sql = "INSERT INTO accounts (provider, id, name, uid, gid, private, state, gecos, home, shell, locked, expire, alias)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'active', ?7, ?8, ?9, ?10, ?11, ?12)
               ON CONFLICT (provider, id) DO UPDATE SET name = ?3, gid = ?5, private = ?6, state = 'active', gecos = ?7,
                   home = ?8, shell = ?9, locked = ?10, expire = ?11, alias = ?12, absent_since = NULL, absent_runs = 0";
    let AdoptedRow { id, name, alias, uid, gid, private, gecos, home, shell, locked, expire } = row;
    tx.execute(sql, params![provider, id, name, uid, gid, private, gecos, home, shell, locked, expire, alias]).map(drop)
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
        Field::Lock => "UPDATE accounts SET locked = (?3 = 'locked') WHERE provider = ?1 AND id = ?2",
        Field::Expiry => "UPDATE accounts SET expire = ?3 WHERE provider = ?1 AND id = ?2",
    };
    tx.execute(sql, params![provider, id, value])
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
    super::local::forget(tx, &name)
}
