//! The open file: how it is opened, read and written, and what may go wrong.

use std::path::{Path, PathBuf};

use rusqlite::types::ToSql;
use rusqlite::{
    Connection, OpenFlags, OptionalExtension as _, Params, Transaction, params_from_iter,
};

use super::columns::Nonsense;
use super::schema;
use crate::model::history::EntryKind;
use crate::model::shown;
use crate::system::{PathError, files};

/// The ledger's file in the state directory.
pub(crate) const FILE: &str = "ledger.sqlite";

/// The files of the ledger in a state directory; whatever changes it changes one of them.
pub(crate) fn paths(dir: &Path) -> [PathBuf; 3] {
    ["", "-journal", "-wal"].map(|end| dir.join(format!("{FILE}{end}")))
}

/// What this host's own databases are called as a target, whatever the configuration calls its section.
pub const HOST: &str = "host";

/// A day, in seconds.
pub(super) const DAY: i64 = 86_400;

/// 30 days, in seconds.
pub(super) const MONTH: i64 = 30 * DAY;

/// For how many days the history is kept unless the configuration says otherwise.
pub(crate) const HISTORY_DAYS: u32 = 400;

/// How many statements stay compiled: more than there are.
const STATEMENTS: usize = 96;

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
    /// Others may have written it.
    #[error("the ledger {}: {complaint}", path.display())]
    Distrusted {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what mends it.
        complaint: String,
    },
    /// It cannot be looked at.
    #[error(transparent)]
    Unseen(#[from] PathError),
}

impl LedgerError {
    /// What it says, without the file.
    pub(crate) fn cause(&self) -> String {
        match self {
            Self::Sqlite { source, .. } => source.to_string(),
            Self::Nonsense { what, .. } => format!("`{}` cannot be in it", shown(what)),
            Self::Newer { .. } | Self::Distrusted { .. } | Self::Unseen(_) => self.to_string(),
        }
    }

    /// Whether what is in the file is no ledger, or none any more.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Sqlite { source, .. } => matches!(
                source.sqlite_error_code(),
                Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase)
            ),
            Self::Nonsense { .. } => true,
            Self::Newer { .. } | Self::Distrusted { .. } | Self::Unseen(_) => false,
        }
    }

    pub(super) fn new(path: PathBuf, source: rusqlite::Error) -> Self {
        if let rusqlite::Error::FromSqlConversionFailure(_, _, inner) = &source
            && let Some(Nonsense(what)) = inner.downcast_ref()
        {
            let what = what.clone();
            return Self::Nonsense { path, what };
        }
        Self::Sqlite { path, source }
    }
}

/// The open ledger.
#[derive(Debug)]
pub struct Ledger {
    pub(super) db: Connection,
    path: PathBuf,
    /// For how long the history is kept, in seconds.
    pub(super) keep: i64,
}

/// How a ledger is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing is written.
    Only,
    /// A write that was broken off is undone.
    Mending,
}

/// What a run is called in the ledger.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The target that it changes.
    pub target: &'a str,
    /// The provider whose people and groups it deals with.
    pub provider: &'a str,
    /// The command, such as `sync users`.
    pub command: &'a str,
    /// When, in seconds since 1970.
    pub now: i64,
    /// Its number, if a part of it has been carried out already.
    pub number: Option<u64>,
    /// Whether an administrator let the plan through: what it gives is no mishap, and does not count.
    pub let_through: bool,
}

impl<'a> Run<'a> {
    /// What it has to do with in the tables.
    pub(super) fn scope(self, db: &'a Connection) -> Scope<'a> {
        Scope {
            db,
            target: self.target,
            provider: self.provider,
            now: self.now,
        }
    }
}

/// The rows of one target and one provider, at a time.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) db: &'a Connection,
    pub(super) target: &'a str,
    pub(super) provider: &'a str,
    pub(super) now: i64,
}

impl<'a> Scope<'a> {
    /// The same of another provider.
    pub(super) fn of(self, provider: &'a str) -> Self {
        Self { provider, ..self }
    }

    /// Carries out a statement that runs once for each entry: it is compiled once for all of them.
    pub(super) fn execute(&self, sql: &str, params: impl Params) -> rusqlite::Result<()> {
        self.db.prepare_cached(sql)?.execute(params).map(drop)
    }

    /// Inserts rows by one statement. `into`: its beginning, with the columns of the `shared` values, and then those of the
    /// `N` values that each row has of its own.
    pub(super) fn insert<const N: usize>(
        &self,
        into: &str,
        shared: &[&dyn ToSql],
        rows: &[[&dyn ToSql; N]],
    ) -> rusqlite::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        // A question mark without a number is the next value: all rows read alike.
        let numbered = (1..=shared.len()).map(|number| format!("?{number}"));
        let values = numbered.chain(std::iter::repeat_n("?".to_owned(), N));
        let row = format!("({})", values.collect::<Vec<_>>().join(", "));
        let sql = format!("{into} VALUES {}", vec![row; rows.len()].join(", "));
        self.execute(
            &sql,
            params_from_iter(shared.iter().chain(rows.iter().flatten())),
        )
    }
}

impl Ledger {
    /// Opens the ledger in `dir`, and makes it if there is none; an older one becomes one of this schema.
    ///
    /// # Errors
    /// When it cannot be read or written, or is not ours to understand.
    pub fn open(dir: &Path) -> Result<Self, LedgerError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let ledger = Self::connect(dir, flags)?;
        ledger.read(schema::prepare)?;
        ledger.check_version()?;
        Ok(ledger)
    }

    /// Opens the ledger in `dir` for reading alone; `None` if there is none.
    ///
    /// # Errors
    /// As [`Ledger::open`]; and when an interrupted write has to be undone first.
    pub fn open_read_only(dir: &Path) -> Result<Option<Self>, LedgerError> {
        Self::look(dir, Look::Only)?.map_or(Ok(None), Self::into_readable)
    }

    /// Opens the ledger in `dir` as it stands, neither made nor brought to this schema; `None`: there is none.
    ///
    /// # Errors
    /// As [`Ledger::open`]; and for a mere look, when an interrupted write has to be undone first.
    pub(crate) fn look(dir: &Path, look: Look) -> Result<Option<Self>, LedgerError> {
        if files::look(&dir.join(FILE))?.is_none() {
            return Ok(None);
        }
        let flags = match look {
            Look::Only => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Look::Mending => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        Self::connect(dir, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map(Some)
    }

    /// The same, to be read: with this schema. `None`: nothing was ever written into it.
    ///
    /// # Errors
    /// As [`Ledger::open_read_only`].
    pub(crate) fn into_readable(mut self) -> Result<Option<Self>, LedgerError> {
        if self.is_empty()? {
            return Ok(None);
        }
        if (1..schema::VERSION).contains(&self.version()?) {
            self.db = self.read(schema::upgraded_copy)?;
        }
        self.check_version()?;
        Ok(Some(self))
    }

    /// A copy in memory, of `ledger` or of one that nothing was ever written into: what is written there is gone with it.
    ///
    /// # Errors
    /// When that cannot be made.
    pub(crate) fn in_memory(ledger: Option<&Self>) -> Result<Self, LedgerError> {
        let (path, keep) = match ledger {
            Some(ledger) => (ledger.path.clone(), ledger.keep),
            None => (PathBuf::from(FILE), i64::from(HISTORY_DAYS) * DAY),
        };
        let made = || match ledger {
            Some(ledger) => schema::copy(&ledger.db),
            None => {
                let db = Connection::open_in_memory()?;
                schema::prepare(&db)?;
                Ok(db)
            }
        };
        match made() {
            Ok(db) => {
                db.set_prepared_statement_cache_capacity(STATEMENTS);
                Ok(Self { db, path, keep })
            }
            Err(source) => Err(LedgerError::Sqlite { path, source }),
        }
    }

    /// Says for how many days the history is to be kept.
    pub fn keep_history(&mut self, days: u32) {
        self.keep = i64::from(days).saturating_mul(DAY);
    }

    fn connect(dir: &Path, flags: OpenFlags) -> Result<Self, LedgerError> {
        let dir = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
        Self::connect_file(dir.join(FILE), flags)
    }

    /// Opens a ledger that need not be the one of the host.
    pub(super) fn connect_file(path: PathBuf, flags: OpenFlags) -> Result<Self, LedgerError> {
        // Who can write it decides who has which account.
        if let Some(complaint) = files::complaint_of(&path)? {
            return Err(LedgerError::Distrusted { path, complaint });
        }
        match Connection::open_with_flags(&path, flags | OpenFlags::SQLITE_OPEN_NOFOLLOW) {
            Ok(db) => {
                db.set_prepared_statement_cache_capacity(STATEMENTS);
                let keep = i64::from(HISTORY_DAYS) * DAY;
                Ok(Self { db, path, keep })
            }
            Err(source) => Err(LedgerError::Sqlite { path, source }),
        }
    }

    pub(super) fn version(&self) -> Result<i64, LedgerError> {
        self.read(|db| db.query_row("PRAGMA user_version", [], |row| row.get(0)))
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

    /// Reads something.
    pub(super) fn read<T>(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        act(&self.db).map_err(|e| LedgerError::new(self.path.clone(), e))
    }

    /// Writes something, all of it or nothing.
    pub(super) fn write<T>(
        &mut self,
        act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        let write = || {
            let tx = self.db.transaction()?;
            let done = act(&tx)?;
            tx.commit()?;
            Ok(done)
        };
        write().map_err(|e| LedgerError::new(self.path.clone(), e))
    }
}

/// A number that no run and no round of hooks had before.
pub(super) fn next_number(db: &Connection) -> rusqlite::Result<u64> {
    count_on(db, "txn")?;
    meta(db, "txn")
}

/// How often a plan has been committed.
pub(super) fn generation(db: &Connection) -> rusqlite::Result<u64> {
    meta(db, "generation")
}

/// Plans that were made before no longer fit.
pub(super) fn next_generation(db: &Connection) -> rusqlite::Result<()> {
    count_on(db, "generation")
}

/// Accounts, or groups, of a provider were changed.
pub(super) fn count_commit(scope: Scope<'_>, kind: EntryKind) -> rusqlite::Result<()> {
    count_on(scope.db, &commits(scope, kind))
}

/// How often accounts, or groups, of a provider were changed.
pub(super) fn commits_of(scope: Scope<'_>, kind: EntryKind) -> rusqlite::Result<u64> {
    meta(scope.db, &commits(scope, kind))
}

/// The highest number of what a provider said that was believed; `None`: it has none.
pub(super) fn edition_of(scope: Scope<'_>) -> rusqlite::Result<Option<u64>> {
    let edition = meta(scope.db, &format!("edition {}", scope.provider))?;
    Ok((edition > 0).then_some(edition))
}

/// Remembers it.
pub(super) fn set_edition(scope: Scope<'_>, edition: u64) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = max(value, ?2)";
    let edition = i64::try_from(edition).unwrap_or(i64::MAX);
    scope.execute(sql, (format!("edition {}", scope.provider), edition))
}

fn commits(scope: Scope<'_>, kind: EntryKind) -> String {
    format!("commits {} {}", kind.as_str(), scope.provider)
}

fn count_on(db: &Connection, key: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta VALUES (?1, 1) ON CONFLICT (key) DO UPDATE SET value = value + 1";
    db.execute(sql, [key]).map(drop)
}

fn meta(db: &Connection, key: &str) -> rusqlite::Result<u64> {
    let sql = "SELECT value FROM meta WHERE key = ?1";
    let value: Option<i64> = db.query_row(sql, [key], |row| row.get(0)).optional()?;
    Ok(value.and_then(|v| u64::try_from(v).ok()).unwrap_or(0))
}

/// The error for a value that does not become JSON, or is none.
pub(super) fn odd_json(e: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(e))
}
