//! The table `ids`: who and what has which name and number, for ever; and the names that they had before.
//!
//! A row is deleted only when nobody can ever have seen its number: see `creations`.

use rusqlite::{OptionalExtension as _, Row, params};

use super::applied;
use super::columns::columns;
use super::store::Scope;
use crate::model::history::EntryKind;
use crate::model::owned::{Applied, Others, Owned, OwnedAccount, OwnedGroup, State};
use crate::model::{Key, RemoteId, Uid};

/// An account or a group as it is known for ever, but for its number.
pub(super) struct Identity<'a> {
    pub(super) kind: EntryKind,
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    /// Of an account: the gid of the group of its own.
    pub(super) private_gid: Option<u32>,
    /// Of an account: its first subordinate id.
    pub(super) subid: Option<u32>,
}

impl<'a> Identity<'a> {
    /// An account without a group of its own.
    pub(super) fn account(id: &'a str, name: &'a str) -> Self {
        let kind = EntryKind::Account;
        Self {
            kind,
            ..Self::group(id, name)
        }
    }

    pub(super) fn group(id: &'a str, name: &'a str) -> Self {
        Self {
            kind: EntryKind::Group,
            id,
            name,
            private_gid: None,
            subid: None,
        }
    }
}

/// Whether it has a number.
pub(super) fn is_known(scope: Scope<'_>, kind: EntryKind, id: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM ids WHERE kind = ?1 AND provider = ?2 AND id = ?3";
    scope
        .db
        .prepare_cached(sql)?
        .exists(params![kind, scope.provider, id])
}

/// Sets a number aside that was given elsewhere.
pub(super) fn set_aside(scope: Scope<'_>, who: &Identity<'_>, number: u32) -> rusqlite::Result<()> {
    let sql = "INSERT INTO ids (kind, provider, id, name, number, state)
               VALUES (?1, ?2, ?3, ?4, ?5, 'reserved')";
    scope.execute(
        sql,
        params![who.kind, scope.provider, who.id, who.name, number],
    )
}

/// Sets the number that was given before aside once more.
pub(super) fn reserve_again(scope: Scope<'_>, who: &Identity<'_>) -> rusqlite::Result<()> {
    let Identity {
        kind,
        id,
        name,
        private_gid,
        subid,
    } = who;
    keep_former_name(scope, *kind, id, name)?;
    let sql = "UPDATE ids SET name = ?4, private_gid = ?5, subid = COALESCE(?6, subid),
                      state = 'reserved'
                WHERE kind = ?1 AND provider = ?2 AND id = ?3";
    scope.execute(
        sql,
        params![kind, scope.provider, id, name, private_gid, subid],
    )
}

/// Something of the host's becomes gosync's. `alias`: what the provider's name stands for, if that is another.
pub(super) fn adopt(
    scope: Scope<'_>,
    who: &Identity<'_>,
    number: u32,
    alias: Option<&str>,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO ids (kind, provider, id, name, number, private_gid, state, alias)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'active', ?7)
               ON CONFLICT (kind, provider, id) DO UPDATE SET name = ?4, private_gid = ?6,
                   state = 'active', alias = ?7";
    let Identity {
        kind,
        id,
        name,
        private_gid,
        ..
    } = who;
    scope.execute(
        sql,
        params![kind, scope.provider, id, name, number, private_gid, alias],
    )
}

/// What was deleted by hand was made again, with the number that it had.
pub(super) fn make_again(scope: Scope<'_>, who: &Identity<'_>) -> rusqlite::Result<()> {
    keep_former_name(scope, who.kind, who.id, who.name)?;
    let sql =
        "UPDATE ids SET name = ?4, private_gid = ?5, subid = COALESCE(?6, subid), state = 'active'
                WHERE kind = ?1 AND provider = ?2 AND id = ?3";
    let Identity {
        kind,
        id,
        name,
        private_gid,
        subid,
    } = who;
    scope.execute(
        sql,
        params![kind, scope.provider, id, name, private_gid, subid],
    )
}

pub(super) fn set_state(
    scope: Scope<'_>,
    kind: EntryKind,
    id: &str,
    state: State,
) -> rusqlite::Result<()> {
    let sql = "UPDATE ids SET state = ?4 WHERE kind = ?1 AND provider = ?2 AND id = ?3";
    scope.execute(sql, params![kind, scope.provider, id, state])
}

pub(super) fn is_locked(scope: Scope<'_>, id: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM ids
                WHERE kind = 'account' AND provider = ?1 AND id = ?2 AND state = 'locked'";
    scope
        .db
        .prepare_cached(sql)?
        .exists(params![scope.provider, id])
}

/// The present name of an account.
pub(super) fn account_name(scope: Scope<'_>, id: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT name FROM ids WHERE kind = 'account' AND provider = ?1 AND id = ?2";
    let mut statement = scope.db.prepare_cached(sql)?;
    statement
        .query_row(params![scope.provider, id], |row| row.get("name"))
        .optional()
}

/// Gives an account or a group another name.
pub(super) fn rename(
    scope: Scope<'_>,
    kind: EntryKind,
    id: &str,
    name: &str,
) -> rusqlite::Result<()> {
    keep_former_name(scope, kind, id, name)?;
    let sql = "UPDATE ids SET name = ?4 WHERE kind = ?1 AND provider = ?2 AND id = ?3";
    scope.execute(sql, params![kind, scope.provider, id, name])
}

/// Remembers the present name of what gets another one: nobody inherits it.
pub(super) fn keep_former_name(
    scope: Scope<'_>,
    kind: EntryKind,
    id: &str,
    new: &str,
) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO former_names (provider, kind, id, name)
                    SELECT provider, kind, id, name FROM ids
                     WHERE kind = ?1 AND provider = ?2 AND id = ?3 AND name <> ?4";
    scope.execute(sql, params![kind, scope.provider, id, new])?;
    let sql = "DELETE FROM former_names
                WHERE kind = ?1 AND provider = ?2 AND id = ?3 AND name = ?4";
    scope.execute(sql, params![kind, scope.provider, id, new])
}

/// Remembers a name that an account or a group began to get: it stands under it if `has`, the number that has the name
/// on the host, is its own.
pub(super) fn keep_begun_name(
    scope: Scope<'_>,
    kind: EntryKind,
    id: &str,
    name: &str,
    has: Option<u32>,
) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO former_names (provider, kind, id, name)
                    SELECT provider, kind, id, ?4 FROM ids
                     WHERE kind = ?1 AND provider = ?2 AND id = ?3 AND name <> ?4 AND number = ?5";
    scope.execute(sql, params![kind, scope.provider, id, name, has])
}

/// What the pending entries of transaction `txn` were to make again is there.
///
/// Row by row: as one statement, SQLite sorts all keys into a table of its own first, which takes
/// twice as long.
pub(super) fn activate_made_again(scope: Scope<'_>, txn: u64) -> rusqlite::Result<()> {
    let sql = "SELECT kind, provider, id FROM pending WHERE txn = ?1 AND entry = 'create'";
    let mut created = scope.db.prepare(sql)?;
    let mut rows = created.query([txn])?;
    let sql = "UPDATE ids SET state = 'active' WHERE kind = ?1 AND provider = ?2 AND id = ?3";
    let mut activate = scope.db.prepare(sql)?;
    while let Some(row) = rows.next()? {
        let key = [0, 1, 2].map(|column| row.get_ref(column).and_then(|text| Ok(text.as_str()?)));
        let [kind, provider, id] = key;
        activate.execute([kind?, provider?, id?])?;
    }
    Ok(())
}

columns!(AccountColumns {
    provider,
    id,
    name,
    number,
    private_gid,
    subid,
    state,
    alias,
});

const ACCOUNTS: &str = "
    SELECT provider, id, name, number, private_gid, subid, state, alias
      FROM known_ids WHERE kind = 'account' ORDER BY kind, provider, id";

/// Whether any account or group of the provider was ever made here.
pub(super) fn was_any_made(scope: Scope<'_>, kind: EntryKind) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM ids WHERE kind = ?1 AND provider = ?2 AND state <> 'reserved')";
    let row = |row: &rusqlite::Row<'_>| row.get(0);
    scope.db.query_row(sql, params![kind, scope.provider], row)
}

/// Whether the provider has, or had, any account or group here, or a number for one.
pub(super) fn is_any(scope: Scope<'_>, kind: EntryKind) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM ids WHERE kind = ?1 AND provider = ?2)";
    let row = |row: &rusqlite::Row<'_>| row.get(0);
    scope.db.query_row(sql, params![kind, scope.provider], row)
}

fn key(row: &Row<'_>, provider: usize, id: usize) -> rusqlite::Result<Key> {
    let provider: String = row.get(provider)?;
    Ok(Key {
        provider: provider.into(),
        id: row.get(id)?,
    })
}

/// An account or a group of another provider's.
struct Other {
    kind: EntryKind,
    key: Key,
    name: String,
    number: u32,
    state: State,
}

impl Other {
    /// Remembers what must not be given out because of it.
    fn note(self, others: &mut Others) {
        let Self {
            kind,
            key,
            name,
            number,
            state,
        } = self;
        let is_account = kind == EntryKind::Account;
        let numbers = match is_account {
            true => &mut others.numbers.uids,
            false => &mut others.numbers.gids,
        };
        numbers.insert(number);
        if state.is_present() {
            let present = others.present.entry(key.provider.clone()).or_default();
            match is_account {
                true => present.accounts += 1,
                false => present.groups += 1,
            }
        }
        others.names.insert(name.clone(), key.provider.clone());
        if state == State::Released {
            others.released.insert((kind, name), (key, number));
        }
    }
}

impl AccountColumns {
    /// What must not be given out because of an account of another provider's.
    fn other(&self, row: &Row<'_>, state: State) -> rusqlite::Result<Other> {
        Ok(Other {
            kind: EntryKind::Account,
            key: key(row, self.provider, self.id)?,
            name: row.get(self.name)?,
            number: row.get(self.number)?,
            state,
        })
    }
}

/// Reads the accounts: those of the provider whole, of the others what must not be given out.
pub(super) fn load_accounts(scope: Scope<'_>, owned: &mut Owned) -> rusqlite::Result<()> {
    let mut statement = scope.db.prepare(ACCOUNTS)?;
    let at = AccountColumns::of(&statement)?;
    let mut rows = statement.query([])?;
    let mut applied = scope.db.prepare(applied::ACCOUNTS)?;
    let mut applied = applied::AccountRows::of(&mut applied, scope.target)?;
    // Maps and sets made at once, of what is sorted already, take half the memory of those that grow.
    let (mut accounts, mut numbers) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let provider = row.get_ref(at.provider)?.as_str()?;
        let id = row.get_ref(at.id)?.as_str()?;
        let applied = applied.find(provider, id)?;
        let uid: Uid = row.get(at.number)?;
        let private_gid: Option<u32> = row.get(at.private_gid)?;
        let subid: Option<u32> = row.get(at.subid)?;
        numbers.push(uid.get());
        numbers.extend(private_gid);
        owned.subids.extend(subid);
        // Of whom there is nothing on the target, only the number is set aside there.
        let state = match applied {
            Some(_) => row.get(at.state)?,
            None => State::Reserved,
        };
        if provider != scope.provider {
            owned.others.numbers.gids.extend(private_gid);
            at.other(row, state)?.note(&mut owned.others);
            continue;
        }
        // Read once; read again, it says what is wrong with it.
        let id = RemoteId::new(id).map_or_else(|| row.get(at.id), Ok)?;
        if let Some(alias) = row.get(at.alias)? {
            owned.aliases.accounts.insert(id.clone(), alias);
        }
        let (gid, applied) = applied.unwrap_or((private_gid.unwrap_or(0), Applied::default()));
        let account = OwnedAccount {
            name: row.get(at.name)?,
            uid,
            gid,
            private_group: private_gid.is_some(),
            state,
            applied,
            subid,
            absence: None,
        };
        accounts.push((id, account));
    }
    owned.accounts = accounts.into_iter().collect();
    owned.ids.append(&mut numbers.into_iter().collect());
    Ok(())
}

columns!(GroupColumns {
    provider,
    id,
    name,
    number,
    state,
    alias,
    members
});

const GROUPS: &str = "
    SELECT ids.provider, ids.id, name, number, alias, iif(a.id IS NULL, 'reserved', state) AS state,
           COALESCE(members, '') AS members
      FROM known_ids AS ids LEFT JOIN applied_groups AS a ON a.target = ?1 AND a.provider = ids.provider AND a.id = ids.id
     WHERE kind = 'group' ORDER BY kind, ids.provider, ids.id";

/// Reads the groups, as [`load_accounts`] does the accounts.
pub(super) fn load_groups(scope: Scope<'_>, owned: &mut Owned) -> rusqlite::Result<()> {
    let mut statement = scope.db.prepare(GROUPS)?;
    let at = GroupColumns::of(&statement)?;
    let mut rows = statement.query([scope.target])?;
    while let Some(row) = rows.next()? {
        let gid: crate::model::Gid = row.get(at.number)?;
        owned.ids.insert(gid.get());
        if row.get_ref(at.provider)?.as_str()? != scope.provider {
            let other = Other {
                kind: EntryKind::Group,
                key: key(row, at.provider, at.id)?,
                name: row.get(at.name)?,
                number: gid.get(),
                state: row.get(at.state)?,
            };
            other.note(&mut owned.others);
            continue;
        }
        let id: RemoteId = row.get(at.id)?;
        if let Some(alias) = row.get(at.alias)? {
            owned.aliases.groups.insert(id.clone(), alias);
        }
        let group = OwnedGroup {
            name: row.get(at.name)?,
            gid,
            state: row.get(at.state)?,
            members: row.get(at.members)?,
        };
        owned.groups.insert(id, group);
    }
    Ok(())
}

/// Reads the names that something had before.
pub(super) fn load_former_names(scope: Scope<'_>, owned: &mut Owned) -> rusqlite::Result<()> {
    let mut statement = scope
        .db
        .prepare("SELECT provider, kind, id, name FROM former_names")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let name = row.get("name")?;
        if row.get_ref("provider")?.as_str()? != scope.provider {
            let provider: String = row.get("provider")?;
            owned.others.names.insert(name, provider.into());
        } else if row.get::<_, EntryKind>("kind")? == EntryKind::Group {
            owned.former_groups.insert(name, row.get("id")?);
        } else {
            owned.former_accounts.insert(name, row.get("id")?);
        }
    }
    Ok(())
}
