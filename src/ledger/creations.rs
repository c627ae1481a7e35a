//! Accounts and groups that a transaction makes: their rows in `ids` and `applied_*`, many at a time, and what becomes of
//! them if it does not happen. If it does, nothing has to be written: they are reserved as long as entries of the
//! transaction wait, and active from then on. See the views `known_ids` and `creations`.
//!
//! Nearly all of a first run is new. In one statement, and in the order of their keys, rows cost a fraction of what they
//! cost one by one: SQLite finds the place of each beside the one before. Which of them are new is known by who adds
//! them.

use rusqlite::Connection;
use rusqlite::types::ToSql;

use super::applied::{self, AccountRow};
use super::ids::Identity;
use super::store::Scope;
use crate::model::owned::State;
use crate::model::{Gid, Key, Members};
use crate::plan::NewAccount;

/// How many rows one statement inserts.
const AT_ONCE: usize = 64;

/// An account or a group that is to be made.
pub(super) struct Creation<'a> {
    provider: &'a str,
    pub(super) who: Identity<'a>,
    number: u32,
    applied: ToApply<'a>,
}

/// What is to be written for it.
enum ToApply<'a> {
    Account(AccountRow<'a>),
    Group(Members),
}

impl<'a> Creation<'a> {
    pub(super) fn account(key: &'a Key, name: &'a str, new: &'a NewAccount) -> Self {
        let who = Identity {
            private_gid: new.private_group.then_some(new.gid.get()),
            subid: new.subids.map(|(first, _)| first),
            ..Identity::account(key.id.as_str(), name)
        };
        let applied = ToApply::Account(AccountRow {
            gid: new.gid.get(),
            fields: new.fields.borrowed(),
            locked: false,
            expire: "",
        });
        Self {
            provider: key.provider.as_str(),
            who,
            number: new.uid.get(),
            applied,
        }
    }

    pub(super) fn group(key: &'a Key, name: &'a str, gid: Gid, members: Members) -> Self {
        Self {
            provider: key.provider.as_str(),
            who: Identity::group(key.id.as_str(), name),
            number: gid.get(),
            applied: ToApply::Group(members),
        }
    }

    /// Writes down what is to be written for what was known before.
    pub(super) fn set_applied(&self, scope: Scope<'_>) -> rusqlite::Result<()> {
        match &self.applied {
            ToApply::Account(fields) => applied::set_account(scope, self.who.id, fields),
            ToApply::Group(members) => applied::set_members(scope, self.who.id, members),
        }
    }
}

/// What is new, and not written yet: all of one kind and of one provider.
pub(super) struct Batch<'a> {
    txn: u64,
    rows: Vec<(Creation<'a>, u64)>,
}

impl<'a> Batch<'a> {
    /// Nothing yet, of run `txn`.
    pub(super) fn new(txn: u64) -> Self {
        Self {
            txn,
            rows: Vec::with_capacity(AT_ONCE),
        }
    }

    /// Adds something new, with its place in the run.
    pub(super) fn add(
        &mut self,
        scope: Scope<'_>,
        new: Creation<'a>,
        place: u64,
    ) -> rusqlite::Result<()> {
        let is_like = |(old, _): &(Creation<'_>, u64)| {
            old.who.kind == new.who.kind && old.provider == new.provider
        };
        if self.rows.len() == AT_ONCE || !self.rows.first().is_none_or(is_like) {
            self.write(scope)?;
        }
        self.rows.push((new, place));
        Ok(())
    }

    /// Writes all that was added.
    pub(super) fn write(&mut self, scope: Scope<'_>) -> rusqlite::Result<()> {
        let Some((first, _)) = self.rows.first() else {
            return Ok(());
        };
        let scope = scope.of(first.provider);
        let new = self
            .rows
            .iter()
            .map(|(new, place)| (&new.who, new.number, *place));
        reserve_new(scope, self.txn, &new.collect::<Vec<_>>())?;
        let (mut accounts, mut groups) = (Vec::new(), Vec::new());
        for (Creation { who, applied, .. }, _) in &self.rows {
            match applied {
                ToApply::Account(row) => accounts.push((who.id, row)),
                ToApply::Group(members) => groups.push((who.id, members)),
            }
        }
        applied::add_accounts(scope, &accounts)?;
        applied::add_groups(scope, &groups)?;
        self.rows.clear();
        Ok(())
    }
}

/// Sets numbers aside for what has none yet, all of one kind, with their places in run `txn`. It is active when nothing of
/// the transaction waits any more.
fn reserve_new(
    scope: Scope<'_>,
    txn: u64,
    new: &[(&Identity<'_>, u32, u64)],
) -> rusqlite::Result<()> {
    let Some((Identity { kind, .. }, ..)) = new.first() else {
        return Ok(());
    };
    let rows = new.iter().map(|(who, number, place)| {
        let row: [&dyn ToSql; 6] = [
            &who.id,
            &who.name,
            number,
            &who.private_gid,
            &who.subid,
            place,
        ];
        row
    });
    let into =
        "INSERT INTO ids (kind, provider, state, txn, id, name, number, private_gid, subid, seq)";
    let shared: [&dyn ToSql; 4] = [kind, &scope.provider, &State::Active, &txn];
    scope.insert(into, &shared, &rows.collect::<Vec<_>>())
}

/// The rows of what transactions that wait are to make.
const WAITING: &str = "txn IN (SELECT txn FROM pending) AND seq > (SELECT MIN(seq) FROM pending AS p WHERE p.txn = ids.txn)";

/// What waiting transactions were to make may never be made: the numbers stay set aside.
pub(super) fn set_aside(db: &Connection) -> rusqlite::Result<()> {
    let sql = format!("UPDATE ids SET state = 'reserved', txn = NULL, seq = NULL WHERE {WAITING}");
    db.execute(&sql, []).map(drop)
}

/// Deletes what waiting transactions were to make and never did, unless it was known before: who knows whether useradd(8)
/// takes the numbers meanwhile.
pub(super) fn forget_created(db: &Connection) -> rusqlite::Result<()> {
    for (table, kind) in [("applied_accounts", "account"), ("applied_groups", "group")] {
        let sql = format!(
            "DELETE FROM {table} WHERE (provider, id) IN
                 (SELECT provider, id FROM ids WHERE kind = ?1 AND {WAITING})"
        );
        db.execute(&sql, [kind])?;
    }
    let sql = format!("DELETE FROM ids WHERE {WAITING}");
    db.execute(&sql, []).map(drop)
}
