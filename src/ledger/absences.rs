//! The table `absences`: accounts and groups that complete reads have missed, since when and in how many.
//!
//! A row is gone when its account or group is back, or is closed for it.

use rusqlite::params;

use super::store::Scope;
use crate::model::RemoteId;
use crate::model::history::EntryKind;
use crate::model::owned::{Absence, Owned};

/// It is missing.
pub(super) fn set(
    scope: Scope<'_>,
    kind: EntryKind,
    id: &RemoteId,
    absence: Absence,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO absences (kind, provider, id, since, runs) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (kind, provider, id) DO UPDATE SET since = ?4, runs = ?5";
    let Absence { since, runs } = absence;
    scope.execute(sql, params![kind, scope.provider, id, since, runs])
}

/// It is not missing any more, or that counts no more.
pub(super) fn forget(scope: Scope<'_>, kind: EntryKind, id: &str) -> rusqlite::Result<()> {
    let sql = "DELETE FROM absences WHERE kind = ?1 AND provider = ?2 AND id = ?3";
    scope.execute(sql, params![kind, scope.provider, id])
}

/// Reads them into the accounts and groups, which have to be there already.
pub(super) fn load(scope: Scope<'_>, owned: &mut Owned) -> rusqlite::Result<()> {
    let mut statement = scope
        .db
        .prepare("SELECT kind, id, since, runs FROM absences WHERE provider = ?1")?;
    let mut rows = statement.query([scope.provider])?;
    while let Some(row) = rows.next()? {
        let id: RemoteId = row.get("id")?;
        let absence = Some(Absence {
            since: row.get("since")?,
            runs: row.get("runs")?,
        });
        match row.get("kind")? {
            EntryKind::Group => owned.group_departures.entry(id).or_default().absence = absence,
            _ => {
                if let Some(account) = owned.accounts.get_mut(&id) {
                    account.absence = absence;
                }
            }
        }
    }
    Ok(())
}
