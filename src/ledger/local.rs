//! Members that gosync added to groups of the host's.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction, params};

use super::cached::Cached as _;
use crate::model::Members;

/// The members by group, as [`crate::model::owned::Owned::local`] has them.
pub(super) fn load(db: &Connection, provider: &str) -> rusqlite::Result<BTreeMap<String, Members>> {
    let mut statement =
        db.prepare("SELECT name, members FROM local_members WHERE provider = ?1")?;
    let rows = statement.query_map([provider], |row| {
        Ok((row.get(0)?, Members::written(row.get(1)?)))
    })?;
    rows.collect()
}

/// Sets the members of one group.
pub(super) fn set(
    tx: &Transaction<'_>,
    provider: &str,
    name: &str,
    members: &Members,
) -> rusqlite::Result<()> {
    let sql = match members.is_empty() {
        true => "DELETE FROM local_members WHERE provider = ?1 AND name = ?2 AND ?3 = ''",
        false => {
            "INSERT INTO local_members VALUES (?1, ?2, ?3) ON CONFLICT (provider, name) DO UPDATE SET members = ?3"
        }
    };
    tx.execute_cached(sql, params![provider, name, members.as_str()])
        .map(drop)
}

/// Forgets a member in all groups.
pub(super) fn forget(tx: &Transaction<'_>, member: &str) -> rusqlite::Result<()> {
    replace(tx, member, None)
}

/// Gives a member another name in all groups.
pub(super) fn rename(tx: &Transaction<'_>, from: &str, to: &str) -> rusqlite::Result<()> {
    replace(tx, from, Some(to))
}

fn replace(tx: &Transaction<'_>, member: &str, by: Option<&str>) -> rusqlite::Result<()> {
    let sql = "SELECT provider, name, members FROM local_members
                WHERE instr(',' || members || ',', ',' || ?1 || ',') > 0";
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map([member], |row| {
        Ok((row.get(0)?, row.get(1)?, Members::written(row.get(2)?)))
    })?;
    let groups: Vec<(String, String, Members)> = rows.collect::<rusqlite::Result<_>>()?;
    for (provider, name, members) in groups {
        set(tx, &provider, &name, &members.replaced(member, by))?;
    }
    Ok(())
}
