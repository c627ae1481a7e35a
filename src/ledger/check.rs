//! Whether the ledger is sound, and when it was last written.

use super::{Ledger, LedgerError};

/// How many faults are told.
const FAULTS: i64 = 10;

impl Ledger {
    /// What SQLite finds wrong with the file; nothing, if it is sound.
    ///
    /// # Errors
    /// When it cannot be read at all.
    pub fn faults(&self) -> Result<Vec<String>, LedgerError> {
        let faults = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.db.prepare(&format!("PRAGMA quick_check({FAULTS})"))?;
            let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
            rows.filter(|row| row.as_ref().map_or(true, |text| text != "ok"))
                .collect()
        };
        faults().map_err(|e| self.error(e))
    }

    /// When the latest run changed something, in seconds since 1970; `None`: none has.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last_run(&self) -> Result<Option<i64>, LedgerError> {
        self.db
            .query_row("SELECT MAX(at) FROM runs", [], |row| row.get(0))
            .map_err(|e| self.error(e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{FILE, Run};
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
            provider: "p",
            command: "sync users",
            now: 1_700_000_000,
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
        // The first page holds the schema; a later one is the root of a table.
        let later = bytes.len() - 4096;
        bytes[later..later + 64].fill(0xff);
        std::fs::write(&path, bytes).unwrap();
        let ledger = Ledger::open_read_only(dir.path()).unwrap().unwrap();
        assert!(ledger.faults().map_or(true, |faults| !faults.is_empty()));
    }
}
