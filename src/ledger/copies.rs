//! Copies of a ledger: made by SQLite's own backup, whole or not at all; looked over before they are believed; and made
//! the ledger of a host.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::anchored;
use super::store::{Ledger, LedgerError};
use crate::model::anchor::{Anchor, LedgerId, Numbers};
use crate::model::history::EntryKind;
use crate::model::owned::State;
use crate::system::files;

/// Pages that are copied at a time.
const PAGES: i32 = 1_000;

/// What is asked about entries that do not fit each other; each answers with texts, nothing if all is well.
const INVARIANTS: [&str; 9] = [
    "SELECT 'the ' || kind || ' `' || name || '` is ' || state || ', and what was written of it is missing' FROM known_ids AS ids
      WHERE kind = 'account' AND state IN ('active', 'locked')
        AND NOT EXISTS (SELECT 1 FROM applied_accounts AS a WHERE a.provider = ids.provider AND a.id = ids.id)",
    "SELECT 'the ' || kind || ' `' || name || '` is ' || state || ', and what was written of it is missing' FROM known_ids AS ids
      WHERE kind = 'group' AND state IN ('active', 'locked')
        AND NOT EXISTS (SELECT 1 FROM applied_groups AS a WHERE a.provider = ids.provider AND a.id = ids.id)",
    "SELECT 'what was written of the account ' || id || ' stands there, and the account does not'
       FROM applied_accounts WHERE NOT EXISTS (SELECT 1 FROM ids WHERE kind = 'account'
        AND ids.provider = applied_accounts.provider AND ids.id = applied_accounts.id)",
    "SELECT 'what was written of the group ' || id || ' stands there, and the group does not'
       FROM applied_groups WHERE NOT EXISTS (SELECT 1 FROM ids WHERE kind = 'group'
        AND ids.provider = applied_groups.provider AND ids.id = applied_groups.id)",
    "SELECT 'the name `' || name || '` is that of ' || COUNT(*) || ' ' || kind || 's' FROM known_ids
      WHERE state IN ('active', 'locked') GROUP BY kind, name HAVING COUNT(*) > 1",
    "SELECT 'the gid ' || private_gid || ' is that of ' || COUNT(*) || ' accounts'' own groups' FROM ids
      WHERE private_gid IS NOT NULL GROUP BY private_gid HAVING COUNT(*) > 1",
    "SELECT 'the gid ' || a.private_gid || ' is that of the own group of `' || a.name || '` and of the group `' || g.name || '`'
       FROM ids AS a JOIN ids AS g ON g.kind = 'group' AND g.number = a.private_gid",
    "SELECT 'the subordinate ids from ' || subid || ' on are those of ' || COUNT(*) || ' accounts' FROM ids
      WHERE subid IS NOT NULL GROUP BY subid HAVING COUNT(*) > 1",
    "SELECT DISTINCT 'the transaction ' || txn || ' waits, and is no run' FROM pending
      WHERE txn NOT IN (SELECT txn FROM runs)",
];

/// How many faults of one kind are told.
const FAULTS: usize = 10;

/// An account or a group, by kind and number, as it stands in a ledger.
pub(crate) type Entries = BTreeMap<(EntryKind, u32), (String, State)>;

impl Ledger {
    /// Opens a copy, wherever it lies, for reading alone; it may be older.
    ///
    /// # Errors
    /// When it cannot be read, others may write it, or it is no ledger.
    pub(crate) fn open_copy(path: &Path) -> Result<Self, LedgerError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        // SQLite follows no link, and a copy may be behind one.
        let ledger = Self::connect_file(files::resolved(path)?, flags)?;
        ledger
            .into_readable()?
            .ok_or_else(|| LedgerError::Nonsense {
                path: path.to_owned(),
                what: "nothing".to_owned(),
            })
    }

    /// Writes a copy that only we may read, in the place of what is there.
    ///
    /// # Errors
    /// When that fails; then what was there is there still.
    pub(crate) fn copy_to(&self, path: &Path) -> Result<(), LedgerError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        let dir = files::resolved(dir.unwrap_or(Path::new(".")))?;
        let staged = dir.join(format!(".{name}.gosync"));
        let written = self.write_copy(&staged).and_then(|()| {
            files::rename(&staged, &dir.join(&*name))?;
            Ok(files::sync_dir(&dir)?)
        });
        if written.is_err() {
            let _ = files::remove(&staged); // the first error counts
        }
        written
    }

    fn write_copy(&self, staged: &Path) -> Result<(), LedgerError> {
        files::write_private(staged, b"")?;
        let copy = || -> rusqlite::Result<()> {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX
                | OpenFlags::SQLITE_OPEN_NOFOLLOW;
            let mut to = Connection::open_with_flags(staged, flags)?;
            // It is no file of anybody's before it has its name.
            to.pragma_update(None, "journal_mode", "off")?;
            to.pragma_update(None, "synchronous", "off")?;
            let backup = rusqlite::backup::Backup::new(&self.db, &mut to)?;
            backup.run_to_completion(PAGES, std::time::Duration::ZERO, None)
        };
        copy().map_err(|e| LedgerError::new(staged.to_owned(), e))?;
        Ok(files::sync_file(staged)?)
    }

    /// Makes it the ledger of the host whose anchor is `anchor`: from the next transaction on, and with what was given
    /// there retired. With `anew` it is another ledger than it was.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub(crate) fn follow(
        &mut self,
        anchor: Option<&Anchor>,
        anew: bool,
    ) -> Result<Anchor, LedgerError> {
        self.write(|tx| {
            let id = match (anchor, anew) {
                (_, true) => Some(tx.query_row("SELECT random()", [], |row| row.get(0))?),
                (Some(anchor), false) => Some(anchor.ledger.0),
                (None, false) => None,
            };
            anchored::follow(tx, anchor, id.map(LedgerId))
        })?;
        self.anchor()
    }

    /// Retires numbers besides those that are.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub(crate) fn retire(&mut self, numbers: &Numbers) -> Result<(), LedgerError> {
        self.write(|tx| anchored::retire_too(tx, numbers))
    }

    /// What is wrong with it: what SQLite finds, and what does not fit each other. Nothing, if it is sound.
    ///
    /// # Errors
    /// When it cannot be read at all.
    pub(crate) fn all_faults(&self) -> Result<Vec<String>, LedgerError> {
        let found = self.read(|db| texts(db, &format!("PRAGMA integrity_check({FAULTS})")))?;
        let mut faults: Vec<String> = found.into_iter().filter(|text| text != "ok").collect();
        if faults.is_empty() {
            for sql in INVARIANTS {
                faults.extend(self.read(|db| texts(db, sql))?);
            }
        }
        Ok(faults)
    }

    /// Its accounts and groups, by number.
    ///
    /// # Errors
    /// When it cannot be read, or holds what cannot be.
    pub(crate) fn entries(&self) -> Result<Entries, LedgerError> {
        self.read(|db| {
            let mut statement = db.prepare("SELECT kind, number, name, state FROM known_ids")?;
            let rows = statement.query_map([], |row| {
                let (name, state) = (row.get("name")?, row.get("state")?);
                Ok(((row.get("kind")?, row.get("number")?), (name, state)))
            })?;
            rows.collect()
        })
    }

    /// The providers whose accounts and groups are in it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn providers(&self) -> Result<Vec<String>, LedgerError> {
        self.read(|db| texts(db, "SELECT DISTINCT provider FROM ids ORDER BY provider"))
    }
}

fn texts(db: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare(sql)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.take(FAULTS).collect()
}
