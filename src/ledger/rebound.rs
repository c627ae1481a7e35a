//! The tables `rebound` and `changed_ids`: an account or a group is another record's from now on, with all that the ledger
//! knows of it; which ids it had before; and that a provider seems to have changed its ids.
//!
//! Every table that knows something by a provider's id stands in [`ALL`], [`OF_ACCOUNTS`] or [`OF_GROUPS`]; a test goes
//! through the schema and finds the one that was forgotten. The history stays as it was told.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::applied;
use super::ids;
use super::store::{Ledger, LedgerError, Scope};
use crate::model::RemoteId;
use crate::model::history::EntryKind;
use crate::model::owned::{ChangedIds, Owned};

/// What has a kind: from ?1 and ?2 to ?3 and ?4, of the kind ?5.
const ALL: [&str; 4] = [
    "UPDATE ids SET provider = ?3, id = ?4 WHERE provider = ?1 AND id = ?2 AND kind = ?5",
    "UPDATE OR REPLACE absences SET provider = ?3, id = ?4 WHERE provider = ?1 AND id = ?2 AND kind = ?5",
    "UPDATE OR REPLACE departures SET provider = ?3, id = ?4 WHERE provider = ?1 AND id = ?2 AND kind = ?5",
    "UPDATE OR REPLACE former_names SET provider = ?3, id = ?4 WHERE provider = ?1 AND id = ?2 AND kind = ?5",
];

/// What only accounts have.
const OF_ACCOUNTS: [&str; 12] = [
    "UPDATE OR REPLACE applied_accounts SET provider = ?3, id = ?4 WHERE provider = ?1 AND id = ?2",
    "UPDATE OR REPLACE applied_keys SET provider = ?3, id = ?4 WHERE provider = ?1 AND id = ?2",
    "UPDATE OR REPLACE locks SET provider = ?3, id = ?4 WHERE provider = ?1 AND id = ?2",
    "UPDATE OR REPLACE contacts SET provider = ?3, id = ?4 WHERE provider = ?1 AND id = ?2",
    "UPDATE OR REPLACE attributes SET provider = ?3, id = ?4 WHERE provider = ?1 AND id = ?2",
    "UPDATE OR REPLACE join_records SET provider = ?3, id = ?4 WHERE provider = ?1 AND id = ?2",
    "UPDATE OR REPLACE joined SET provider = ?3, id = ?4 WHERE provider = ?1 AND id = ?2",
    "UPDATE joined SET to_provider = ?3, to_id = ?4 WHERE to_provider = ?1 AND to_id = ?2",
    "UPDATE OR REPLACE retries SET provider = ?3, id = ?4 WHERE provider = ?1 AND id = ?2",
    "UPDATE archives SET provider = ?3, id = ?4 WHERE provider = ?1 AND id = ?2",
    "UPDATE losses SET provider = ?3, id = ?4 WHERE provider = ?1 AND id = ?2
        AND kind IN ('account', 'keys', 'new-account', 'opened', 'rename', 'archive', 'removal')",
    "UPDATE hook_queue SET provider = ?3, subject = ?4 WHERE provider = ?1 AND subject = ?2 AND kind = 'user'",
];

/// What only groups have.
const OF_GROUPS: [&str; 3] = [
    "UPDATE OR REPLACE applied_groups SET provider = ?3, id = ?4 WHERE provider = ?1 AND id = ?2",
    "UPDATE losses SET provider = ?3, id = ?4 WHERE provider = ?1 AND id = ?2
        AND kind IN ('member', 'new-group', 'group', 'rename')",
    "UPDATE hook_queue SET provider = ?3, subject = ?4 WHERE provider = ?1 AND subject = ?2 AND kind = 'group'",
];

/// Ties what the record `from`, of a provider and an id, has to `id` of the scope's provider.
pub(super) fn tie(
    scope: Scope<'_>,
    kind: EntryKind,
    id: &str,
    from: (&str, &str),
) -> rusqlite::Result<()> {
    let own: &[&str] = match kind {
        EntryKind::Account => &OF_ACCOUNTS,
        EntryKind::Group => &OF_GROUPS,
        EntryKind::LocalGroup => return Ok(()),
    };
    let name = ids::account_name(scope.of(from.0), from.1)?;
    for sql in ALL {
        scope.execute(sql, params![from.0, from.1, scope.provider, id, kind])?;
    }
    for sql in own {
        scope.execute(sql, params![from.0, from.1, scope.provider, id])?;
    }
    if let Some(name) = name.filter(|_| kind == EntryKind::Account && from.0 != scope.provider) {
        take_local_members_along(scope, from.0, &name)?;
    }
    remember(scope, kind, id, from)
}

/// Members of groups of the host's own belong to the provider by whose people they came.
fn take_local_members_along(scope: Scope<'_>, from: &str, name: &str) -> rusqlite::Result<()> {
    let lists = applied::lists_with(scope, EntryKind::LocalGroup, name)?;
    for (_, group, left) in lists.into_iter().filter(|(provider, ..)| provider == from) {
        applied::set_local_members(scope.of(from), &group, &left.replaced(name, None))?;
        let joined = applied::local_members(scope, &group)?;
        let mut all = joined.set();
        all.insert(name);
        applied::set_local_members(scope, &group, &all.into_iter().collect())?;
    }
    Ok(())
}

/// Remembers the id that it had.
fn remember(
    scope: Scope<'_>,
    kind: EntryKind,
    id: &str,
    from: (&str, &str),
) -> rusqlite::Result<()> {
    let values = params![from.0, from.1, scope.provider, id, kind];
    let sql = "UPDATE rebound SET to_provider = ?3, to_id = ?4
                WHERE to_provider = ?1 AND to_id = ?2 AND kind = ?5";
    scope.execute(sql, values)?;
    // One that comes back to an id that it had.
    let sql = "DELETE FROM rebound WHERE provider = ?1 AND id = ?2 AND kind = ?3";
    scope.execute(sql, params![scope.provider, id, kind])?;
    let sql = "INSERT OR REPLACE INTO rebound (provider, id, to_provider, to_id, kind, at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = params![from.0, from.1, scope.provider, id, kind, scope.now];
    scope.execute(sql, values)
}

/// What the provider's name of it stands for, if that is another.
pub(super) fn set_alias(
    scope: Scope<'_>,
    kind: EntryKind,
    id: &str,
    alias: Option<&str>,
) -> rusqlite::Result<()> {
    let sql = "UPDATE ids SET alias = ?4 WHERE kind = ?1 AND provider = ?2 AND id = ?3";
    scope.execute(sql, params![kind, scope.provider, id, alias])
}

/// Remembers, or forgets, that a provider seems to have changed its ids.
pub(super) fn set_changed(
    scope: Scope<'_>,
    kind: EntryKind,
    changed: Option<ChangedIds>,
) -> rusqlite::Result<()> {
    let Some(ChangedIds { asked_for, missing }) = changed else {
        let sql = "DELETE FROM changed_ids WHERE provider = ?1 AND kind = ?2";
        return scope.execute(sql, params![scope.provider, kind]);
    };
    let sql = "INSERT INTO changed_ids (provider, kind, asked_for, missing, since) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (provider, kind) DO UPDATE SET asked_for = ?3, missing = ?4";
    scope.execute(
        sql,
        params![scope.provider, kind, asked_for, missing, scope.now],
    )
}

/// Reads the former ids of the provider's, and whether it seems to have changed them.
pub(super) fn load(scope: Scope<'_>, owned: &mut Owned) -> rusqlite::Result<()> {
    let sql = "SELECT r.kind, r.id, ids.name FROM rebound AS r
                 JOIN ids ON ids.kind = r.kind AND ids.provider = to_provider AND ids.id = to_id
                WHERE r.provider = ?1";
    let mut statement = scope.db.prepare(sql)?;
    let mut rows = statement.query([scope.provider])?;
    while let Some(row) = rows.next()? {
        let former = match row.get("kind")? {
            EntryKind::Account => &mut owned.former_ids.accounts,
            EntryKind::Group | EntryKind::LocalGroup => &mut owned.former_ids.groups,
        };
        former.insert(row.get("id")?, row.get("name")?);
    }
    let sql = "SELECT kind, asked_for, missing FROM changed_ids WHERE provider = ?1";
    let mut statement = scope.db.prepare(sql)?;
    let rows = statement.query_map([scope.provider], |row| {
        Ok((row.get("kind")?, changed(row)?))
    })?;
    owned.changed_ids = rows.collect::<rusqlite::Result<_>>()?;
    Ok(())
}

fn changed(row: &rusqlite::Row<'_>) -> rusqlite::Result<ChangedIds> {
    Ok(ChangedIds {
        asked_for: row.get("asked_for")?,
        missing: row.get("missing")?,
    })
}

/// All providers that seem to have changed their ids.
pub(super) fn all_changed(
    db: &Connection,
) -> rusqlite::Result<Vec<(String, EntryKind, ChangedIds)>> {
    let sql = "SELECT provider, kind, asked_for, missing FROM changed_ids ORDER BY provider, kind";
    let mut statement = db.prepare(sql)?;
    let rows = statement.query_map([], |row| {
        Ok((row.get("provider")?, row.get("kind")?, changed(row)?))
    })?;
    rows.collect()
}

/// A record of a provider's: its kind, the provider, and the id there.
pub(crate) type Record = (EntryKind, String, RemoteId);

impl Ledger {
    /// As what a name is known, by whatever provider.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn kinds_of(&self, name: &str) -> Result<Vec<EntryKind>, LedgerError> {
        self.read(|db| {
            let mut statement = db.prepare("SELECT DISTINCT kind FROM ids WHERE name = ?1")?;
            let rows = statement.query_map([name], |row| row.get("kind"))?;
            rows.collect()
        })
    }

    /// The records that accounts and groups are tied to now, by those that they were tied to before.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn rebound(&self) -> Result<BTreeMap<Record, Record>, LedgerError> {
        self.read(|db| {
            let sql = "SELECT kind, provider, id, to_provider, to_id FROM rebound";
            let mut statement = db.prepare(sql)?;
            let rows = statement.query_map([], |row| {
                let kind: EntryKind = row.get("kind")?;
                let before = (kind, row.get("provider")?, row.get("id")?);
                Ok((before, (kind, row.get("to_provider")?, row.get("to_id")?)))
            })?;
            rows.collect()
        })
    }
}
