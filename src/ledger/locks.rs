//! The table `locks`: the shells that stood before accounts were locked, and who holds accounts locked.
//!
//! A row says one of the two, or both, and is gone when it says neither.

use rusqlite::{Connection, params};

use super::store::Scope;
use crate::model::owned::{Hold, LockRecord, Owned};

/// A locked account has another shell, and this one stood before; `None`: it has its own again.
pub(super) fn set_shell(scope: Scope<'_>, id: &str, shell: Option<&str>) -> rusqlite::Result<()> {
    let sql = "INSERT INTO locks (target, provider, id, shell) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (target, provider, id) DO UPDATE SET shell = ?4";
    scope.execute(sql, params![scope.target, scope.provider, id, shell])?;
    tidy(scope, id)
}

/// An administrator holds an account locked.
pub(super) fn hold(scope: Scope<'_>, id: &str, hold: &Hold) -> rusqlite::Result<()> {
    let sql = "INSERT INTO locks (target, provider, id, held_by, held_at, held_for) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (target, provider, id) DO UPDATE SET held_by = ?4, held_at = ?5, held_for = ?6";
    let Hold { by, reason, at: _ } = hold;
    scope.execute(
        sql,
        params![scope.target, scope.provider, id, by, scope.now, reason],
    )
}

/// Nobody does any more.
pub(super) fn free(scope: Scope<'_>, id: &str) -> rusqlite::Result<()> {
    let sql = "UPDATE locks SET held_by = NULL, held_at = NULL, held_for = NULL
                WHERE target = ?1 AND provider = ?2 AND id = ?3";
    scope.execute(sql, params![scope.target, scope.provider, id])?;
    tidy(scope, id)
}

/// The account is gosync's no more.
pub(super) fn forget(scope: Scope<'_>, id: &str) -> rusqlite::Result<()> {
    let sql = "DELETE FROM locks WHERE target = ?1 AND provider = ?2 AND id = ?3";
    scope.execute(sql, params![scope.target, scope.provider, id])
}

pub(super) fn is_held(scope: Scope<'_>, id: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM locks
                WHERE target = ?1 AND provider = ?2 AND id = ?3 AND held_by IS NOT NULL";
    scope
        .db
        .prepare_cached(sql)?
        .exists(params![scope.target, scope.provider, id])
}

/// The names of all accounts that are held, whatever their provider.
pub(super) fn held(db: &Connection) -> rusqlite::Result<Vec<(String, Hold)>> {
    let sql = "SELECT name, held_by, held_at, held_for FROM locks JOIN ids USING (provider, id)
                WHERE kind = 'account' AND held_by IS NOT NULL ORDER BY name";
    let mut statement = db.prepare(sql)?;
    let rows = statement.query_map([], |row| {
        let hold = Hold {
            by: row.get("held_by")?,
            reason: row.get("held_for")?,
            at: row.get("held_at")?,
        };
        Ok((row.get("name")?, hold))
    })?;
    rows.collect()
}

fn tidy(scope: Scope<'_>, id: &str) -> rusqlite::Result<()> {
    let sql = "DELETE FROM locks WHERE target = ?1 AND provider = ?2 AND id = ?3
                  AND shell IS NULL AND held_by IS NULL";
    scope.execute(sql, params![scope.target, scope.provider, id])
}

/// Reads all of it.
pub(super) fn load(scope: Scope<'_>, owned: &mut Owned) -> rusqlite::Result<()> {
    let sql = "SELECT id, shell, held_by, held_at, held_for FROM locks
                WHERE target = ?1 AND provider = ?2";
    let mut statement = scope.db.prepare(sql)?;
    let mut rows = statement.query([scope.target, scope.provider])?;
    while let Some(row) = rows.next()? {
        let by: Option<String> = row.get("held_by")?;
        let hold = match by {
            Some(by) => Some(Hold {
                by,
                reason: row.get("held_for")?,
                at: row.get("held_at")?,
            }),
            None => None,
        };
        let record = LockRecord {
            shell: row.get("shell")?,
            hold,
        };
        owned.locks.insert(row.get("id")?, record);
    }
    Ok(())
}
