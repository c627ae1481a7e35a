//! How much gosync owns, whether the ledger is sound, and when it was last written.

use std::collections::BTreeMap;

use super::store::{Ledger, LedgerError};
use super::{locks, pending, rebound};
use crate::model::history::EntryKind;
use crate::model::owned::{ChangedIds, Hold, Present};

/// How many faults are told.
const FAULTS: i64 = 10;

/// How much gosync owns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Accounts by state.
    pub accounts: BTreeMap<String, u64>,
    /// Groups by state.
    pub groups: BTreeMap<String, u64>,
    /// Accounts that are open though their people were missing in the last complete reads.
    pub missing: u64,
    /// What an interrupted transaction meant to do.
    pub pending: u64,
    /// How many accounts and groups of each provider's are on the host.
    pub providers: BTreeMap<String, Present>,
    /// Providers that seem to have changed the ids of people, or of groups.
    pub changed_ids: Vec<(String, EntryKind, ChangedIds)>,
    /// Accounts that administrators hold locked, by name.
    pub held: Vec<(String, Hold)>,
}

fn providers(db: &rusqlite::Connection) -> rusqlite::Result<BTreeMap<String, Present>> {
    let sql = "SELECT provider, SUM(kind = 'account') AS accounts, SUM(kind = 'group') AS groups
                 FROM known_ids WHERE state IN ('active', 'locked') GROUP BY provider";
    let mut statement = db.prepare(sql)?;
    let rows = statement.query_map([], |row| {
        let present = Present {
            accounts: row.get("accounts")?,
            groups: row.get("groups")?,
        };
        Ok((row.get("provider")?, present))
    })?;
    rows.collect()
}

impl Ledger {
    /// How many accounts and groups there are in each state, by the state's word, whatever their provider; and how
    /// many entries wait for a transaction to be confirmed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn census(&self) -> Result<Census, LedgerError> {
        self.read(|db| {
            let count = |kind: EntryKind| -> rusqlite::Result<BTreeMap<String, u64>> {
                let sql =
                    "SELECT state, COUNT(*) AS count FROM known_ids WHERE kind = ?1 GROUP BY state";
                let mut statement = db.prepare(sql)?;
                let rows = statement
                    .query_map([kind], |row| Ok((row.get("state")?, row.get("count")?)))?;
                rows.collect()
            };
            let one =
                |sql: &str| -> rusqlite::Result<u64> { db.query_row(sql, [], |row| row.get(0)) };
            Ok(Census {
                accounts: count(EntryKind::Account)?,
                groups: count(EntryKind::Group)?,
                missing: one(
                    "SELECT COUNT(*) FROM absences JOIN known_ids USING (kind, provider, id)
                      WHERE kind = 'account' AND state = 'active'",
                )?,
                providers: providers(db)?,
                changed_ids: rebound::all_changed(db)?,
                held: locks::held(db)?,
                pending: pending::count_changes(db)?,
            })
        })
    }

    /// What SQLite finds wrong with the file; nothing, if it is sound.
    ///
    /// # Errors
    /// When it cannot be read at all.
    pub fn faults(&self) -> Result<Vec<String>, LedgerError> {
        self.read(|db| {
            let mut statement = db.prepare(&format!("PRAGMA quick_check({FAULTS})"))?;
            let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
            rows.filter(|row| row.as_ref().map_or(true, |text| text != "ok"))
                .collect()
        })
    }

    /// When the latest run changed something, in seconds since 1970; `None`: none has.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last_run(&self) -> Result<Option<i64>, LedgerError> {
        self.read(|db| db.query_row("SELECT MAX(at) FROM runs", [], |row| row.get(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{FILE, HOST, Run};
    use crate::plan::Plan;

    #[test]
    fn a_sound_ledger_has_no_faults_and_knows_its_last_run() {
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(dir.path()).unwrap();
        assert_eq!(
            (ledger.faults().unwrap(), ledger.last_run().unwrap()),
            (vec![], None)
        );
        let run = Run {
            target: HOST,
            provider: "p",
            command: "sync users",
            now: 1_700_000_000,
            number: None,
            let_through: false,
        };
        let txn = ledger.reserve(run, &Plan::default()).unwrap();
        ledger.confirm(txn).unwrap();
        assert_eq!(ledger.last_run().unwrap(), Some(1_700_000_000));
    }

    #[test]
    fn a_damaged_ledger_is_found_out() {
        let dir = tempfile::tempdir().unwrap();
        drop(Ledger::open(dir.path()).unwrap());
        let path = dir.path().join(FILE);
        let mut bytes = std::fs::read(&path).unwrap();
        // The first page holds the schema; the later ones are tables, or free.
        for later in bytes.chunks_mut(4096).skip(1) {
            later[..64].fill(0xff);
        }
        std::fs::write(&path, bytes).unwrap();
        let ledger = Ledger::open_read_only(dir.path()).unwrap().unwrap();
        assert!(ledger.faults().map_or(true, |faults| !faults.is_empty()));
    }
}
