//! What gosync owns on this host, on disk: ids, last applied values, retired ids, what was taken away.
//!
//! A SQLite file that an administrator can open with `sqlite3`. Rows are never deleted once their ids may have been seen
//! anywhere, so that an id, once given, stays with whom it was given to. A commit has two halves: [`Ledger::reserve`] writes ids and intentions durably
//! before any file changes; [`Ledger::confirm`] makes them true after all files have.

mod apply;
mod cached;
mod check;
mod contacts;
mod edit;
mod history;
mod local;
pub mod queue;
mod rungs;
mod schema;
mod written;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use crate::model::host::Host;
use crate::model::owned::{
    Absence, Applied, KeyRecord, Loss, Losses, Owned, OwnedAccount, OwnedGroup, State,
};
use crate::model::{Gid, Members, ProviderName, RemoteId, Uid, shown};
use crate::plan::{Observation, Plan};
use crate::policy::keys::Place;

pub use edit::Edit;
pub use written::Written;

/// The ledger's file in the state directory.
pub const FILE: &str = "ledger.sqlite";

/// For so long losses count against the daily limit, in seconds.
const DAY: i64 = 86_400;

/// For how many days the history is kept unless the configuration says otherwise.
pub const HISTORY_DAYS: u32 = 400;

/// The ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// SQLite's complaint.
    #[error("the ledger {}: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// Written by a newer gosync.
    #[error("the ledger {} has schema {found}, and this gosync knows {}; use the newer gosync", path.display(), schema::VERSION)]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
    },
    /// Something in it cannot be.
    #[error("the ledger {} holds `{}`, which cannot be; restore it from a backup", path.display(), shown(what))]
    Nonsense {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
}

/// The open ledger.
#[derive(Debug)]
pub struct Ledger {
    db: Connection,
    path: PathBuf,
    /// For how long the history is kept, in seconds.
    keep: i64,
}

/// What a run is called in the ledger.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The provider whose people and groups it deals with.
    pub provider: &'a str,
    /// The command, such as `sync users`.
    pub command: &'a str,
    /// When, in seconds since 1970.
    pub now: i64,
}

/// How much gosync owns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Accounts by state.
    pub accounts: BTreeMap<String, u64>,
    /// Groups by state.
    pub groups: BTreeMap<String, u64>,
    /// Accounts that are open though their people were missing in the last complete reads.
    pub missing: u64,
    /// Edits of an interrupted transaction.
    pub pending: u64,
}

impl Ledger {
    /// Opens the ledger in `dir`, and makes it if there is none.
    ///
    /// # Errors
    /// When it cannot be read or written, or is not ours to understand.
    pub fn open(dir: &Path) -> Result<Self, LedgerError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let ledger = Self::connect(dir, flags)?;
        schema::prepare(&ledger.db).map_err(|e| ledger.error(e))?;
        ledger.check_version()?;
        Ok(ledger)
    }

    /// Opens the ledger in `dir` for reading alone; `None` if there is none.
    ///
    /// # Errors
    /// As [`Ledger::open`]; and when an interrupted write has to be undone first.
    pub fn open_read_only(dir: &Path) -> Result<Option<Self>, LedgerError> {
        if !dir.join(FILE).exists() {
            return Ok(None);
        }
        let mut ledger = Self::connect(
            dir,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        if (1..schema::VERSION).contains(&ledger.version()?) {
            ledger.db = schema::upgraded_copy(&ledger.db).map_err(|e| ledger.error(e))?;
        }
        ledger.check_version()?;
        Ok(Some(ledger))
    }

    /// Says for how many days the history is to be kept.
    pub fn keep_history(&mut self, days: u32) {
        self.keep = i64::from(days).saturating_mul(DAY);
    }

    fn connect(dir: &Path, flags: OpenFlags) -> Result<Self, LedgerError> {
        let path = std::fs::canonicalize(dir)
            .unwrap_or_else(|_| dir.to_owned())
            .join(FILE);
        match Connection::open_with_flags(&path, flags | OpenFlags::SQLITE_OPEN_NOFOLLOW) {
            Ok(db) => {
                db.set_prepared_statement_cache_capacity(cached::STATEMENTS);
                Ok(Self {
                    db,
                    path,
                    keep: i64::from(HISTORY_DAYS) * DAY,
                })
            }
            Err(source) => Err(LedgerError::Sqlite { path, source }),
        }
    }

    fn version(&self) -> Result<i64, LedgerError> {
        self.db
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(|e| self.error(e))
    }

    fn check_version(&self) -> Result<(), LedgerError> {
        match self.version()? {
            schema::VERSION => Ok(()),
            found => Err(LedgerError::Newer {
                path: self.path.clone(),
                found,
            }),
        }
    }

    fn error(&self, source: rusqlite::Error) -> LedgerError {
        LedgerError::Sqlite {
            path: self.path.clone(),
            source,
        }
    }

    /// Everything that gosync owns, seen from `provider`. `now`: seconds since 1970.
    ///
    /// # Errors
    /// When it cannot be read, or holds what cannot be.
    pub fn load(&self, provider: &str, now: i64) -> Result<Owned, LedgerError> {
        let mut owned = Owned {
            provider: ProviderName::new(provider),
            generation: self.meta("generation").map_err(|e| self.error(e))?,
            ..Owned::default()
        };
        self.load_accounts(provider, &mut owned)?;
        self.load_groups(provider, &mut owned)?;
        owned.local = local::load(&self.db, provider).map_err(|e| self.error(e))?;
        rungs::load(&self.db, provider, &mut owned).map_err(|e| self.error(e))?;
        self.load_keys(provider, &mut owned)?;
        let contacts = self.load_contacts(provider).map_err(|e| self.error(e))?;
        owned.contacts = contacts
            .into_iter()
            .filter_map(|(id, contact)| Some((RemoteId::new(&id)?, contact)))
            .collect();
        owned.losses = self.load_losses(provider, now).map_err(|e| self.error(e))?;
        Ok(owned)
    }

    fn load_accounts(&self, provider: &str, owned: &mut Owned) -> Result<(), LedgerError> {
        let sql =
            "SELECT provider, id, name, uid, gid, private, state, gecos, home, shell, subid, absent_since, absent_runs,
                    locked, expire, alias
                   FROM accounts ORDER BY id";
        let mut statement = self.db.prepare(sql).map_err(|e| self.error(e))?;
        let mut rows = statement.query([]).map_err(|e| self.error(e))?;
        // A map made at once, of what is sorted already, takes half the memory of one that grows.
        let mut accounts = Vec::new();
        while let Some(row) = rows.next().map_err(|e| self.error(e))? {
            let (mine, id, account) = self.account(row, provider)?;
            owned.ids.insert(account.uid.get());
            if account.private_group {
                owned.ids.insert(account.gid);
            }
            owned.subids.extend(account.subid);
            if let (true, Some(alias)) = (mine, row.get(15).map_err(|e| self.error(e))?) {
                owned.aliases.accounts.insert(id.clone(), alias);
            }
            match mine {
                true => accounts.push((id, account)),
                false => drop(owned.other_names.insert(account.name)),
            }
        }
        owned.accounts = accounts.into_iter().collect();
        Ok(())
    }

    fn account(
        &self,
        row: &rusqlite::Row<'_>,
        provider: &str,
    ) -> Result<(bool, RemoteId, OwnedAccount), LedgerError> {
        let read = || -> rusqlite::Result<_> {
            let since: Option<i64> = row.get(11)?;
            let runs = row.get(12)?;
            let (gecos, home, shell) = (row.get(7)?, row.get(8)?, row.get(9)?);
            let applied = Applied {
                gecos,
                home,
                shell,
                locked: row.get(13)?,
                expire: row.get(14)?,
            };
            let absence = since.map(|since| Absence { since, runs });
            let (id, uid, state): (String, u32, String) = (row.get(1)?, row.get(3)?, row.get(6)?);
            let mine = row.get_ref(0)?.as_str()? == provider;
            let account = (row.get(2)?, row.get(4)?, row.get(5)?, row.get(10)?);
            Ok((mine, id, uid, state, account, applied, absence))
        };
        let (mine, id, uid, state, (name, gid, private_group, subid), applied, absence) =
            read().map_err(|e| self.error(e))?;
        let nonsense = |what: &str| LedgerError::Nonsense {
            path: self.path.clone(),
            what: what.to_owned(),
        };
        let account = OwnedAccount {
            name,
            uid: Uid::new(uid).ok_or_else(|| nonsense(&format!("uid {uid}")))?,
            gid,
            private_group,
            state: State::from_word(&state).ok_or_else(|| nonsense(&state))?,
            applied,
            subid,
            absence,
        };
        Ok((
            mine,
            RemoteId::new(&id).ok_or_else(|| nonsense(&id))?,
            account,
        ))
    }

    fn load_groups(&self, provider: &str, owned: &mut Owned) -> Result<(), LedgerError> {
        let sql =
            "SELECT provider, id, name, gid, state, members, alias FROM unix_groups ORDER BY id";
        let mut statement = self.db.prepare(sql).map_err(|e| self.error(e))?;
        let mut rows = statement.query([]).map_err(|e| self.error(e))?;
        while let Some(row) = rows.next().map_err(|e| self.error(e))? {
            let read = || -> rusqlite::Result<(String, String, String, u32, String, String)> {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                    row.get(5)?,
                ))
            };
            let (from, id, name, gid, state, members) = read().map_err(|e| self.error(e))?;
            let nonsense = |what: &str| LedgerError::Nonsense {
                path: self.path.clone(),
                what: what.to_owned(),
            };
            let gid = Gid::new(gid).ok_or_else(|| nonsense(&format!("gid {gid}")))?;
            let state = State::from_word(&state).ok_or_else(|| nonsense(&state))?;
            let id = RemoteId::new(&id).ok_or_else(|| nonsense(&id))?;
            owned.ids.insert(gid.get());
            if let (true, Some(alias)) = (from == provider, row.get(6).map_err(|e| self.error(e))?)
            {
                owned.aliases.groups.insert(id.clone(), alias);
            }
            match from == provider {
                true => drop(owned.groups.insert(
                    id,
                    OwnedGroup {
                        name,
                        gid,
                        state,
                        members: Members::written(members),
                    },
                )),
                false => drop(owned.other_names.insert(name)),
            }
        }
        Ok(())
    }

    fn load_keys(&self, provider: &str, owned: &mut Owned) -> Result<(), LedgerError> {
        let sql = "SELECT id, place, path, digest FROM keys WHERE provider = ?1 ORDER BY id";
        let mut statement = self.db.prepare(sql).map_err(|e| self.error(e))?;
        let mut rows = statement.query([provider]).map_err(|e| self.error(e))?;
        while let Some(row) = rows.next().map_err(|e| self.error(e))? {
            let read = || -> rusqlite::Result<(String, String, KeyRecord)> {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    KeyRecord {
                        path: row.get(2)?,
                        digest: row.get(3)?,
                    },
                ))
            };
            let (id, place, record) = read().map_err(|e| self.error(e))?;
            let nonsense = |what: &str| LedgerError::Nonsense {
                path: self.path.clone(),
                what: what.to_owned(),
            };
            let records = owned
                .keys
                .entry(RemoteId::new(&id).ok_or_else(|| nonsense(&id))?)
                .or_default();
            match [Place::Directory, Place::Home]
                .into_iter()
                .find(|known| place_word(*known) == place)
            {
                Some(Place::Directory) => records.file = Some(record),
                Some(Place::Home) => records.home = Some(record),
                _ => return Err(nonsense(&place)),
            }
        }
        Ok(())
    }

    fn load_losses(&self, provider: &str, now: i64) -> rusqlite::Result<Losses> {
        let mut losses = Losses::default();
        let sql = "SELECT kind, id, SUM(count) FROM losses WHERE provider = ?1 AND at > ?2 GROUP BY kind, id";
        let mut statement = self.db.prepare(sql)?;
        let mut rows = statement.query(params![provider, now - DAY])?;
        while let Some(row) = rows.next()? {
            let (kind, id, count): (String, String, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
            match (kind.as_str(), RemoteId::new(&id)) {
                ("account", _) => losses.accounts += count,
                ("keys", _) => losses.keys += count,
                ("member", Some(id)) => *losses.members.entry(id).or_insert(0) += count,
                (word, _) if Loss::from_word(word).is_some() => {
                    losses.others.extend(
                        Loss::from_word(word)
                            .map(|loss| (loss, count + losses.others.get(&loss).unwrap_or(&0))),
                    );
                }
                ("local", _) => *losses.local.entry(id).or_insert(0) += count,
                ("gain", _) => *losses.gains.entry(id).or_insert(0) += count,
                _ => {}
            }
        }
        Ok(losses)
    }

    /// How many accounts and groups there are in each state, by the state's word, whatever their provider; and how
    /// many edits wait for a transaction to be confirmed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn census(&self) -> Result<Census, LedgerError> {
        let count = |sql: &str| -> rusqlite::Result<BTreeMap<String, u64>> {
            let mut statement = self.db.prepare(sql)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        };
        let one =
            |sql: &str| -> rusqlite::Result<u64> { self.db.query_row(sql, [], |row| row.get(0)) };
        let census = || -> rusqlite::Result<Census> {
            Ok(Census {
                accounts: count("SELECT state, COUNT(*) FROM accounts GROUP BY state")?,
                groups: count("SELECT state, COUNT(*) FROM unix_groups GROUP BY state")?,
                missing: one("SELECT COUNT(*) FROM accounts WHERE state = 'active' AND absent_since IS NOT NULL")?,
                pending: one(
                    "SELECT COUNT(*) FROM pending WHERE edit NOT LIKE '{\"remember\":%' AND edit NOT LIKE '{\"hook\":%'
                        AND edit NOT LIKE '{\"round\":%'",
                )?,
            })
        };
        census().map_err(|e| self.error(e))
    }

    fn meta(&self, key: &str) -> rusqlite::Result<u64> {
        let value: Option<i64> = self
            .db
            .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
                row.get(0)
            })
            .optional()?;
        Ok(value.and_then(|v| u64::try_from(v).ok()).unwrap_or(0))
    }

    /// Sets the ids of a plan aside and writes down what it intends. Returns the transaction's number.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub fn reserve(&mut self, run: Run<'_>, plan: &Plan) -> Result<u64, LedgerError> {
        let path = self.path.clone();
        let mut reserve = || -> rusqlite::Result<u64> {
            let tx = self.db.transaction()?;
            apply::drop_pending(&tx)?;
            tx.execute("UPDATE accounts SET txn = NULL WHERE txn IS NOT NULL", [])?;
            tx.execute(
                "UPDATE unix_groups SET txn = NULL WHERE txn IS NOT NULL",
                [],
            )?;
            let txn = next_number(&tx)?;
            edit::write(&tx, run, txn, plan)?;
            tx.commit()?;
            Ok(txn)
        };
        reserve().map_err(|source| LedgerError::Sqlite { path, source })
    }

    /// Makes the intentions of transaction `txn` true: all its files have changed. Doing so twice changes nothing.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub fn confirm(&mut self, txn: u64) -> Result<(), LedgerError> {
        let (path, keep) = (self.path.clone(), self.keep);
        let mut confirm = || -> rusqlite::Result<()> {
            let tx = self.db.transaction()?;
            apply::apply(&tx, txn, keep)?;
            tx.commit()
        };
        confirm().map_err(|source| LedgerError::Sqlite { path, source })
    }

    /// Drops the intentions of a transaction of which nothing was ever put in place, and gives its new ids back: who
    /// knows whether useradd(8) takes them meanwhile.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub fn release(&mut self) -> Result<(), LedgerError> {
        let left: i64 = self
            .db
            .query_row("SELECT COUNT(*) FROM pending", [], |row| row.get(0))
            .map_err(|e| self.error(e))?;
        if left == 0 {
            return Ok(());
        }
        let path = self.path.clone();
        let mut release = || -> rusqlite::Result<()> {
            let tx = self.db.transaction()?;
            apply::release(&tx)?;
            tx.commit()
        };
        release().map_err(|source| LedgerError::Sqlite { path, source })
    }

    /// Drops the intentions of a transaction that happened in part, if at all; its ids stay set aside. Events of which
    /// nothing more will be heard, since what they say stands on `host`, are queued all the same; and what stands there
    /// under a name that it began to get is known by that name, too.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub fn drop_pending(&mut self, host: &Host<'_>) -> Result<(), LedgerError> {
        let left: i64 = self
            .db
            .query_row("SELECT COUNT(*) FROM pending", [], |row| row.get(0))
            .map_err(|e| self.error(e))?;
        if left == 0 {
            return Ok(());
        }
        let path = self.path.clone();
        let mut drop_pending = || -> rusqlite::Result<()> {
            let tx = self.db.transaction()?;
            apply::give_up(&tx, host)?;
            tx.commit()
        };
        drop_pending().map_err(|source| LedgerError::Sqlite { path, source })
    }

    /// Writes down who is missing, and who is back.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub fn observe(
        &mut self,
        provider: &str,
        observations: &[Observation],
    ) -> Result<(), LedgerError> {
        if observations.is_empty() {
            return Ok(());
        }
        let path = self.path.clone();
        let mut observe = || -> rusqlite::Result<()> {
            let tx = self.db.transaction()?;
            let sql = "UPDATE accounts SET absent_since = ?3, absent_runs = ?4 WHERE provider = ?1 AND id = ?2";
            let mut statement = tx.prepare(sql)?;
            for observation in observations {
                match observation {
                    Observation::Absent(id, a) => {
                        statement.execute(params![provider, id.as_str(), a.since, a.runs])?
                    }
                    Observation::Back(id) => {
                        statement.execute(params![provider, id.as_str(), None::<i64>, 0])?
                    }
                    Observation::Agreed(id, field, value) => {
                        apply::applied(&tx, provider, id.as_str(), *field, value)?
                    }
                    Observation::Contact(id, contact) => {
                        contacts::set(&tx, provider, id.as_str(), contact)?
                    }
                    Observation::GroupAbsent(id, absence) => {
                        rungs::absent(&tx, provider, id, *absence)?
                    }
                    Observation::GroupBack(id) => {
                        rungs::forget(&tx, provider, "group", id.as_str())?
                    }
                    Observation::Keys(id, place, KeyRecord { path, digest }) => {
                        apply::set_keys(
                            &tx,
                            provider,
                            id.as_str(),
                            place_word(*place),
                            path,
                            digest,
                        )?;
                        0
                    }
                };
            }
            drop(statement);
            tx.commit()
        };
        observe().map_err(|source| LedgerError::Sqlite { path, source })
    }
}

/// A number that no run and no round of hooks had before.
fn next_number(tx: &rusqlite::Transaction<'_>) -> rusqlite::Result<u64> {
    tx.execute(
        "INSERT INTO meta VALUES ('txn', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1",
        [],
    )?;
    tx.query_row("SELECT value FROM meta WHERE key = 'txn'", [], |row| {
        row.get(0)
    })
}

/// The word for a place of keys in the ledger's tables.
fn place_word(place: Place) -> &'static str {
    match place {
        Place::Directory => "directory",
        Place::Home => "home",
        Place::None => "none",
    }
}

#[cfg(test)]
mod tests;
