//! The tables `applied_*`: what gosync last wrote on each target.
//!
//! Of a number that is only reserved, what is to be written.

use std::cmp::Ordering;

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator as _;
use rusqlite::types::ToSql;
use rusqlite::{OptionalExtension as _, Row, Rows, Statement, params};

use super::columns::columns;
use super::store::Scope;
use crate::model::history::EntryKind;
use crate::model::owned::{Applied, KeyRecord, Owned};
use crate::model::{AccountFields, Members};
use crate::policy::Field;
use crate::policy::keys::Place;

/// The row of an account.
pub(super) struct AccountRow<'a> {
    pub(super) gid: u32,
    pub(super) fields: AccountFields<&'a str>,
    /// Whether the password was locked already when the account was adopted.
    pub(super) locked: bool,
    /// When it expires while it is open.
    pub(super) expire: &'a str,
}

pub(super) fn set_account(
    scope: Scope<'_>,
    id: &str,
    row: &AccountRow<'_>,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO applied_accounts (target, provider, id, gid, gecos, home, shell, locked, expire)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
               ON CONFLICT (target, provider, id) DO UPDATE SET gid = ?4, gecos = ?5, home = ?6, shell = ?7,
                   locked = ?8, expire = ?9";
    let AccountRow {
        gid,
        fields: AccountFields { gecos, home, shell },
        locked,
        expire,
    } = row;
    scope.execute(
        sql,
        params![
            scope.target,
            scope.provider,
            id,
            gid,
            gecos,
            home,
            shell,
            locked,
            expire
        ],
    )
}

/// Writes down what is to be written for accounts that are new.
pub(super) fn add_accounts(
    scope: Scope<'_>,
    new: &[(&str, &AccountRow<'_>)],
) -> rusqlite::Result<()> {
    let rows = new.iter().map(|(id, row)| {
        let AccountFields { gecos, home, shell } = &row.fields;
        let row: [&dyn ToSql; 7] = [id, &row.gid, gecos, home, shell, &row.locked, &row.expire];
        row
    });
    let into = "INSERT OR REPLACE INTO applied_accounts
                (target, provider, id, gid, gecos, home, shell, locked, expire)";
    let shared: [&dyn ToSql; 2] = [&scope.target, &scope.provider];
    scope.insert(into, &shared, &rows.collect::<Vec<_>>())
}

/// The same, for groups.
pub(super) fn add_groups(scope: Scope<'_>, new: &[(&str, &Members)]) -> rusqlite::Result<()> {
    let rows = new.iter().map(|(id, members)| {
        let row: [&dyn ToSql; 2] = [id, *members];
        row
    });
    let into = "INSERT OR REPLACE INTO applied_groups (target, provider, id, members)";
    let shared: [&dyn ToSql; 2] = [&scope.target, &scope.provider];
    scope.insert(into, &shared, &rows.collect::<Vec<_>>())
}

/// A field was written.
pub(super) fn set_field(
    scope: Scope<'_>,
    id: &str,
    field: Field,
    value: &str,
) -> rusqlite::Result<()> {
    macro_rules! update {
        ($set:literal) => {
            concat!(
                "UPDATE applied_accounts SET ",
                $set,
                " WHERE target = ?1 AND provider = ?2 AND id = ?3"
            )
        };
    }
    let sql = match field {
        Field::Gecos => update!("gecos = ?4"),
        Field::Home => update!("home = ?4"),
        Field::Shell => update!("shell = ?4"),
        Field::Lock => update!("locked = (?4 = 'locked')"),
        Field::Expiry => update!("expire = ?4"),
    };
    scope.execute(sql, params![scope.target, scope.provider, id, value])
}

pub(super) fn set_members(scope: Scope<'_>, id: &str, members: &Members) -> rusqlite::Result<()> {
    let sql = "INSERT INTO applied_groups (target, provider, id, members) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (target, provider, id) DO UPDATE SET members = ?4";
    scope.execute(sql, params![scope.target, scope.provider, id, members])
}

/// Sets the members of a group of the host's own, by its name.
pub(super) fn set_local_members(
    scope: Scope<'_>,
    name: &str,
    members: &Members,
) -> rusqlite::Result<()> {
    if members.is_empty() {
        let sql =
            "DELETE FROM applied_local_members WHERE target = ?1 AND provider = ?2 AND name = ?3";
        return scope.execute(sql, params![scope.target, scope.provider, name]);
    }
    let sql = "INSERT INTO applied_local_members (target, provider, name, members) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (target, provider, name) DO UPDATE SET members = ?4";
    scope.execute(sql, params![scope.target, scope.provider, name, members])
}

/// The members of a group of the host's own.
pub(super) fn local_members(scope: Scope<'_>, name: &str) -> rusqlite::Result<Members> {
    let sql = "SELECT members FROM applied_local_members
                WHERE target = ?1 AND provider = ?2 AND name = ?3";
    let mut statement = scope.db.prepare_cached(sql)?;
    let values = params![scope.target, scope.provider, name];
    let members = statement.query_row(values, |row| row.get("members"));
    Ok(members.optional()?.unwrap_or_default())
}

/// Takes a member out of all groups of the target, whosever they are, or gives it another name in them: as was done in
/// the files.
pub(super) fn replace_member(
    scope: Scope<'_>,
    member: &str,
    by: Option<&str>,
) -> rusqlite::Result<()> {
    for (provider, id, members) in lists_with(scope, EntryKind::Group, member)? {
        let scope = scope.of(&provider);
        set_members(scope, &id, &members.replaced(member, by))?;
    }
    for (provider, name, members) in lists_with(scope, EntryKind::LocalGroup, member)? {
        let scope = scope.of(&provider);
        set_local_members(scope, &name, &members.replaced(member, by))?;
    }
    Ok(())
}

/// The lists with a member, of gosync's own groups or of those of the host's: provider, group and members.
pub(super) fn lists_with(
    scope: Scope<'_>,
    kind: EntryKind,
    member: &str,
) -> rusqlite::Result<Vec<(String, String, Members)>> {
    let (table, group) = match kind {
        EntryKind::LocalGroup => ("applied_local_members", "name"),
        _ => ("applied_groups", "id"),
    };
    let sql = format!(
        "SELECT provider, {group} AS id, members FROM {table}
          WHERE target = ?1 AND instr(',' || members || ',', ',' || ?2 || ',') > 0"
    );
    let mut statement = scope.db.prepare_cached(&sql)?;
    let rows = statement.query_map([scope.target, member], |row| {
        Ok((row.get("provider")?, row.get("id")?, row.get("members")?))
    })?;
    rows.collect()
}

/// Remembers which keys are in place.
pub(super) fn set_keys(
    scope: Scope<'_>,
    id: &str,
    place: Place,
    record: &KeyRecord,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO applied_keys (target, provider, id, place, path, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (target, provider, id, place) DO UPDATE SET path = ?5, digest = ?6";
    let KeyRecord { path, digest } = record;
    scope.execute(
        sql,
        params![scope.target, scope.provider, id, place, path, digest],
    )
}

/// Somebody's files with keys at `before`, or below it, are at `after` now.
pub(super) fn move_keys(
    scope: Scope<'_>,
    id: &str,
    before: &str,
    after: &str,
) -> rusqlite::Result<()> {
    let sql = "UPDATE applied_keys SET path = ?5 || substr(path, length(?4) + 1)
               WHERE target = ?1 AND provider = ?2 AND id = ?3
                 AND (path = ?4 OR substr(path, 1, length(?4) + 1) = ?4 || '/')";
    scope.execute(
        sql,
        params![scope.target, scope.provider, id, before, after],
    )
}

/// What was last written for the accounts of a target, in the order of their keys.
pub(super) const ACCOUNTS: &str = "
    SELECT provider, id, gid, gecos, home, shell, locked, expire
      FROM applied_accounts WHERE target = ?1 ORDER BY target, provider, id";

columns!(AccountColumns {
    provider,
    id,
    gid,
    gecos,
    home,
    shell,
    locked,
    expire,
});

/// The rows of [`ACCOUNTS`], gone through once beside those of `ids`, which come in the same order: to look each of them
/// up by its key, as SQLite joins tables, takes five times as long.
pub(super) struct AccountRows<'s> {
    rows: Rows<'s>,
    at: AccountColumns,
}

impl<'s> AccountRows<'s> {
    /// `statement`: that of [`ACCOUNTS`].
    pub(super) fn of(statement: &'s mut Statement<'_>, target: &str) -> rusqlite::Result<Self> {
        let at = AccountColumns::of(statement)?;
        let mut rows = statement.query([target])?;
        rows.advance()?;
        Ok(Self { rows, at })
    }

    /// The gid and the fields of an account; `None`: there is nothing of it. It has to come after those that were asked for
    /// before.
    pub(super) fn find(
        &mut self,
        provider: &str,
        id: &str,
    ) -> rusqlite::Result<Option<(u32, Applied)>> {
        while let Some(row) = self.rows.get() {
            let bytes = |column| row.get_ref(column).and_then(|text| Ok(text.as_bytes()?));
            let key = (bytes(self.at.provider)?, bytes(self.at.id)?);
            match key.cmp(&(provider.as_bytes(), id.as_bytes())) {
                Ordering::Less => self.rows.advance()?,
                Ordering::Equal => {
                    let found = self.at.read(row)?;
                    self.rows.advance()?;
                    return Ok(Some(found));
                }
                Ordering::Greater => break,
            }
        }
        Ok(None)
    }
}

impl AccountColumns {
    fn read(&self, row: &Row<'_>) -> rusqlite::Result<(u32, Applied)> {
        let applied = Applied {
            fields: AccountFields {
                gecos: row.get(self.gecos)?,
                home: row.get(self.home)?,
                shell: row.get(self.shell)?,
            },
            locked: row.get(self.locked)?,
            expire: row.get(self.expire)?,
        };
        Ok((row.get(self.gid)?, applied))
    }
}

/// Reads the members of groups of the host's own.
pub(super) fn load_local_members(scope: Scope<'_>, owned: &mut Owned) -> rusqlite::Result<()> {
    let sql = "SELECT name, members FROM applied_local_members WHERE target = ?1 AND provider = ?2";
    let mut statement = scope.db.prepare(sql)?;
    let rows = statement.query_map([scope.target, scope.provider], |row| {
        Ok((row.get("name")?, row.get("members")?))
    })?;
    owned.local = rows.collect::<rusqlite::Result<_>>()?;
    Ok(())
}

/// Reads which keys are in place.
pub(super) fn load_keys(scope: Scope<'_>, owned: &mut Owned) -> rusqlite::Result<()> {
    let sql = "SELECT id, place, path, digest FROM applied_keys WHERE target = ?1 AND provider = ?2 ORDER BY id";
    let mut statement = scope.db.prepare(sql)?;
    columns!(Columns {
        id,
        place,
        path,
        digest
    });
    let at = Columns::of(&statement)?;
    let mut rows = statement.query([scope.target, scope.provider])?;
    while let Some(row) = rows.next()? {
        let (path, digest) = (row.get(at.path)?, row.get(at.digest)?);
        let record = Some(KeyRecord { path, digest });
        let records = owned.keys.entry(row.get(at.id)?).or_default();
        match row.get(at.place)? {
            Place::Directory => records.file = record,
            Place::Home => records.home = record,
            Place::None => {}
        }
    }
    Ok(())
}
