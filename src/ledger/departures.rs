//! The tables `departures` and `archives`: since when an account is locked or a group has no members, because the
//! provider has them no more; and where homes were packed.
//!
//! A departure is over when its account or group is back, or is removed. Archives stay for good: somebody who returns
//! after years is told where the archive lies.

use rusqlite::params;

use super::retries;
use super::store::Scope;
use crate::model::RemoteId;
use crate::model::history::EntryKind;
use crate::model::owned::{AccountDeparture, HomeWork, Owned};

/// It is back, or gone for good.
pub(super) fn end(scope: Scope<'_>, kind: EntryKind, id: &str) -> rusqlite::Result<()> {
    retries::done(scope, id, HomeWork::Archive)?;
    let sql = "DELETE FROM departures WHERE kind = ?1 AND provider = ?2 AND id = ?3";
    scope.execute(sql, params![kind, scope.provider, id])
}

/// The same, of all that the pending entries of a transaction make again; they are not missing either.
pub(super) fn end_made_again(scope: Scope<'_>, txn: u64) -> rusqlite::Result<()> {
    for table in ["departures", "absences"] {
        let sql = format!(
            "DELETE FROM {table} WHERE (kind, provider, id) IN
                 (SELECT kind, provider, id FROM pending WHERE txn = ?1 AND entry = 'create')"
        );
        scope.db.execute(&sql, [txn])?;
    }
    Ok(())
}

/// An account was locked: from the first time on, its time is counted.
pub(super) fn locked(scope: Scope<'_>, id: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO departures (kind, provider, id, since) VALUES ('account', ?1, ?2, ?3)
               ON CONFLICT (kind, provider, id) DO NOTHING";
    scope.execute(sql, params![scope.provider, id, scope.now])
}

/// A group lost its members.
pub(super) fn emptied(scope: Scope<'_>, id: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO departures (kind, provider, id, since) VALUES ('group', ?1, ?2, ?3)
               ON CONFLICT (kind, provider, id) DO UPDATE SET since = ?3";
    scope.execute(sql, params![scope.provider, id, scope.now])
}

/// The home of an account was packed.
pub(super) fn archived(scope: Scope<'_>, id: &str, path: &str) -> rusqlite::Result<()> {
    retries::done(scope, id, HomeWork::Archive)?;
    let sql = "UPDATE departures SET archive = ?3
                WHERE kind = 'account' AND provider = ?1 AND id = ?2";
    scope.execute(sql, params![scope.provider, id, path])?;
    let sql = "INSERT INTO archives (target, provider, id, at, path) VALUES (?1, ?2, ?3, ?4, ?5)";
    scope.execute(
        sql,
        params![scope.target, scope.provider, id, scope.now, path],
    )
}

/// Reads all of it.
pub(super) fn load(scope: Scope<'_>, owned: &mut Owned) -> rusqlite::Result<()> {
    let mut statement = scope
        .db
        .prepare("SELECT kind, id, since, archive FROM departures WHERE provider = ?1")?;
    let mut rows = statement.query([scope.provider])?;
    while let Some(row) = rows.next()? {
        let (id, since): (RemoteId, i64) = (row.get("id")?, row.get("since")?);
        match row.get("kind")? {
            EntryKind::Group => owned.group_departures.entry(id).or_default().since = Some(since),
            _ => {
                let archive = row.get("archive")?;
                owned
                    .departures
                    .insert(id, AccountDeparture { since, archive });
            }
        }
    }
    let sql =
        "SELECT id, path FROM archives WHERE target = ?1 AND provider = ?2 ORDER BY at, rowid";
    let mut statement = scope.db.prepare(sql)?;
    let mut rows = statement.query([scope.target, scope.provider])?;
    while let Some(row) = rows.next()? {
        owned.archives.insert(row.get("id")?, row.get("path")?);
    }
    Ok(())
}
