//! The table `retries`: what failed in homes, and when it is tried again.
//!
//! A row goes when it is done, or when its account is back or gone; one that nobody tries any more goes after a while.

use rusqlite::params;

use super::store::{Ledger, LedgerError, Run, Scope};
use crate::model::RemoteId;
use crate::model::owned::{HomeWork, Owned, Retry};
use crate::policy::pause;

/// How long a row is kept whose time has come and that nobody tried, in seconds.
const KEPT: i64 = 30 * 86_400;

/// What failed in a home.
#[derive(Clone, Copy, Debug)]
pub struct FailedHome<'a> {
    /// The provider's id of the account.
    pub id: &'a RemoteId,
    /// Its name.
    pub name: &'a str,
    /// What was tried.
    pub what: HomeWork,
    /// Why it failed, in our own words.
    pub why: &'a str,
}

/// What waits for its next try, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The account.
    pub name: String,
    /// What failed.
    pub what: HomeWork,
    /// How often, and when it is tried again.
    pub retry: Retry,
}

impl Ledger {
    /// Writes down that something failed in homes: the next run tries it again, and then each try waits longer.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub fn home_failed(
        &mut self,
        run: Run<'_>,
        failed: &[FailedHome<'_>],
    ) -> Result<(), LedgerError> {
        if failed.is_empty() {
            return Ok(());
        }
        self.write(|tx| {
            let (target, provider) = (run.target, run.provider);
            tx.execute(
                "DELETE FROM retries WHERE due < ?1",
                [run.now.saturating_sub(KEPT)],
            )?;
            let sql = "INSERT INTO retries (target, provider, id, what, name, attempts, due, error)
                       VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7)
                       ON CONFLICT (target, provider, id, what)
                       DO UPDATE SET name = ?5, attempts = attempts + 1, error = ?7
                       RETURNING attempts";
            let mut add = tx.prepare(sql)?;
            let sql = "UPDATE retries SET due = ?5
                        WHERE target = ?1 AND provider = ?2 AND id = ?3 AND what = ?4";
            let mut wait = tx.prepare(sql)?;
            for one in failed {
                let (id, what) = (one.id.as_str(), one.what.as_str());
                let row = params![target, provider, id, what, one.name, run.now, one.why];
                let attempts: u32 = add.query_row(row, |row| row.get(0))?;
                let due = run.now.saturating_add(pause::after(attempts));
                wait.execute(params![target, provider, id, what, due])?;
            }
            Ok(())
        })
    }

    /// What failed in homes and waits for its next try, at most `limit`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn waiting_homes(&self, limit: usize) -> Result<Vec<Waiting>, LedgerError> {
        self.read(|db| {
            let sql =
                "SELECT name, what, attempts, due, error FROM retries ORDER BY due, name LIMIT ?1";
            let mut statement = db.prepare(sql)?;
            let rows = statement.query_map([limit], |row| {
                let what: String = row.get("what")?;
                let retry = Retry {
                    attempts: row.get("attempts")?,
                    due: row.get("due")?,
                    why: row.get("error")?,
                };
                Ok((row.get("name")?, HomeWork::of(&what), retry))
            })?;
            let mut all = Vec::new();
            for row in rows {
                let (name, what, retry) = row?;
                all.extend(what.map(|what| Waiting { name, what, retry }));
            }
            Ok(all)
        })
    }
}

/// It is done.
pub(super) fn done(scope: Scope<'_>, id: &str, what: HomeWork) -> rusqlite::Result<()> {
    let sql = "DELETE FROM retries WHERE target = ?1 AND provider = ?2 AND id = ?3 AND what = ?4";
    let what = what.as_str();
    scope.execute(sql, params![scope.target, scope.provider, id, what])
}

/// Reads all of it.
pub(super) fn load(scope: Scope<'_>, owned: &mut Owned) -> rusqlite::Result<()> {
    let sql =
        "SELECT id, what, attempts, due, error FROM retries WHERE target = ?1 AND provider = ?2";
    let mut statement = scope.db.prepare(sql)?;
    let mut rows = statement.query([scope.target, scope.provider])?;
    while let Some(row) = rows.next()? {
        let what: String = row.get("what")?;
        let retry = Retry {
            attempts: row.get("attempts")?,
            due: row.get("due")?,
            why: row.get("error")?,
        };
        if let Some(what) = HomeWork::of(&what) {
            owned.retries.insert((row.get("id")?, what), retry);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::HOST;

    #[test]
    fn what_fails_in_a_home_waits_longer_each_time_until_nobody_tries_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(dir.path()).unwrap();
        let id = RemoteId::new("u-1").unwrap();
        let failed = FailedHome {
            id: &id,
            name: "ann",
            what: HomeWork::Archive,
            why: "no room",
        };
        let at = |now| Run {
            target: HOST,
            provider: "p",
            command: "sync users",
            now,
            number: None,
            let_through: false,
        };
        for (now, wait) in [(1_000, 0), (2_000, 900), (3_000, 1_800)] {
            ledger.home_failed(at(now), &[failed]).unwrap();
            let owned = ledger.load(HOST, "p", now).unwrap();
            let retry = &owned.retries[&(id.clone(), HomeWork::Archive)];
            assert_eq!(retry.due, now + wait);
        }
        let waiting = ledger.waiting_homes(9).unwrap();
        assert_eq!((waiting.len(), waiting[0].retry.attempts), (1, 3));
        assert_eq!(waiting[0].retry.why, "no room");
        // What nobody tries any more goes.
        let keys = FailedHome {
            what: HomeWork::Keys,
            ..failed
        };
        ledger.home_failed(at(9_000_000), &[keys]).unwrap();
        assert_eq!(ledger.waiting_homes(9).unwrap().len(), 1);
    }
}
