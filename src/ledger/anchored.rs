//! The ledger's side of the anchor: which ledger it is, its last transaction, and what it has given; and whether it is the
//! one that an anchor means.
//!
//! A transaction gets its number when it is reserved. It is the last one as soon as it came to an end at which the anchor
//! may have changed, come true or not; so a ledger that only lacks the end is not taken for an older one.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::columns::words;
use super::store::{Ledger, LedgerError, generation};
use crate::model::anchor::{Anchor, LedgerId, Numbers};
use crate::model::id_ranges::IdRanges;
use crate::plan::effects::effects;
use crate::plan::{Number, Plan};

/// The number of the last transaction that came to an end.
const LAST: &str = "anchored";

/// The number of the one that was reserved.
const NEXT: &str = "anchoring";

/// Kinds of numbers in the table `retired`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Retired {
    Uid,
    Gid,
    Subid,
}

words!(Retired {
    Uid = "account",
    Gid = "group",
    Subid = "subid",
});

/// How a ledger stands to the anchor of its host, where it can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// There was none so far.
    New,
    /// It is the right one.
    Right,
    /// There is no anchor yet.
    Unanchored,
    /// The anchor lacks transactions that the ledger has.
    Ahead,
    /// The anchor has the transaction that the ledger has reserved: its end is still to come, or was lost.
    Reserved,
}

/// Why a ledger is not the one that belongs to its host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Mismatch {
    /// It is not there.
    #[error("it is missing")]
    Missing,
    /// There is a file with nothing in it.
    #[error("it is empty")]
    Empty,
    /// SQLite cannot read it.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// It is another one.
    #[error("it is another host's, or was made anew")]
    Foreign,
    /// It lacks transactions.
    #[error(
        "it is older than this host's accounts: its last transaction is {found}, theirs is {wanted}"
    )]
    Older {
        /// Its last transaction.
        found: u64,
        /// That of the anchor.
        wanted: u64,
    },
}

/// What a ledger says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Marks {
    ledger: LedgerId,
    last: u64,
    next: Option<u64>,
    /// Whether anything was ever committed with it.
    used: bool,
}

impl Ledger {
    /// How it stands to the anchor of its host.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn standing(
        &self,
        anchor: Option<&Anchor>,
    ) -> Result<Result<Standing, Mismatch>, LedgerError> {
        if self.is_empty()? {
            return Ok(standing_of_none(anchor, Mismatch::Empty));
        }
        // A ledger from before anchors does not know which it is.
        let marks = match self.version()? {
            0..11 => None,
            _ => Some(self.read(marks)?),
        };
        Ok(judge(marks, anchor))
    }

    /// Whether nothing was ever written into it.
    pub(super) fn is_empty(&self) -> Result<bool, LedgerError> {
        self.read(|db| {
            db.query_row("PRAGMA schema_version", [], |row| {
                Ok(row.get::<_, i64>(0)? == 0)
            })
        })
    }

    /// The anchor as it should be now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn anchor(&self) -> Result<Anchor, LedgerError> {
        self.read(|db| {
            let marks = marks(db)?;
            Ok(Anchor {
                ledger: marks.ledger,
                transaction: marks.last,
                given: given(db)?.and(&retired(db)?),
            })
        })
    }

    /// The anchor as it has to be once the transaction that was reserved for `plan` is in place.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn next_anchor(&self, plan: &Plan) -> Result<Anchor, LedgerError> {
        let now = self.anchor()?;
        let marks = self.read(marks)?;
        Ok(Anchor {
            transaction: marks.next.unwrap_or(marks.last),
            given: now.given.and(&numbers_of(plan)),
            ..now
        })
    }
}

/// How no ledger, or one with nothing in it, stands to an anchor.
pub(crate) fn standing_of_none(
    anchor: Option<&Anchor>,
    what: Mismatch,
) -> Result<Standing, Mismatch> {
    match anchor {
        None => Ok(Standing::New),
        Some(_) => Err(what),
    }
}

/// `marks`: those of a ledger; `None`, if it is from before anchors.
fn judge(marks: Option<Marks>, anchor: Option<&Anchor>) -> Result<Standing, Mismatch> {
    let (marks, anchor) = match (marks, anchor) {
        (Some(marks), None) if !marks.used => return Ok(Standing::New),
        (_, None) => return Ok(Standing::Unanchored),
        (None, Some(anchor)) => {
            return Err(Mismatch::Older {
                found: 0,
                wanted: anchor.transaction,
            });
        }
        (Some(marks), Some(anchor)) => (marks, anchor),
    };
    if marks.ledger != anchor.ledger {
        return Err(Mismatch::Foreign);
    }
    if marks.last == anchor.transaction {
        return Ok(Standing::Right);
    }
    if marks.last > anchor.transaction {
        return Ok(Standing::Ahead);
    }
    match marks.next == Some(anchor.transaction) {
        true => Ok(Standing::Reserved),
        false => Err(Mismatch::Older {
            found: marks.last,
            wanted: anchor.transaction,
        }),
    }
}

/// A transaction gets its number.
pub(super) fn reserve(db: &Connection) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta SELECT ?2, value + 1 FROM meta WHERE key = ?1
               ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    db.execute(sql, [LAST, NEXT]).map(drop)
}

/// The transaction that was reserved is at an end at which the anchor has changed, or may have.
pub(super) fn end(db: &Connection) -> rusqlite::Result<()> {
    let sql = "UPDATE meta SET value = next.value FROM meta AS next WHERE meta.key = ?1 AND next.key = ?2";
    db.execute(sql, [LAST, NEXT])?;
    forget(db)
}

/// Nothing of the transaction that was reserved was put in place.
pub(super) fn forget(db: &Connection) -> rusqlite::Result<()> {
    db.execute("DELETE FROM meta WHERE key = ?1", [NEXT])
        .map(drop)
}

/// Makes it the ledger of the host whose anchor is `anchor`, from the transaction after it on; what the anchor says was
/// given stays retired. `id`: which ledger it is from now on, if that is another.
pub(super) fn follow(
    db: &Connection,
    anchor: Option<&Anchor>,
    id: Option<LedgerId>,
) -> rusqlite::Result<()> {
    let set =
        "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    if let Some(LedgerId(id)) = id {
        db.execute(set, params!["ledger", id])?;
    }
    let last = marks(db)?
        .last
        .max(anchor.map_or(0, |anchor| anchor.transaction));
    let next = i64::try_from(last.saturating_add(1)).unwrap_or(i64::MAX);
    db.execute(set, params![LAST, next])?;
    forget(db)?;
    match anchor {
        Some(anchor) => retire_too(db, &anchor.given),
        None => Ok(()),
    }
}

/// Retires numbers besides those that are.
pub(super) fn retire_too(db: &Connection, numbers: &Numbers) -> rusqlite::Result<()> {
    retire(db, &numbers.and(&retired(db)?))
}

fn retire(db: &Connection, given: &Numbers) -> rusqlite::Result<()> {
    db.execute("DELETE FROM retired", [])?;
    let mut insert = db.prepare("INSERT INTO retired VALUES (?1, ?2, ?3)")?;
    for (kind, ranges) in [
        (Retired::Uid, &given.uids),
        (Retired::Gid, &given.gids),
        (Retired::Subid, &given.subids),
    ] {
        for (first, last) in ranges.iter() {
            insert.execute(params![kind, first, last])?;
        }
    }
    Ok(())
}

/// Numbers that ledgers before this one may have given.
pub(super) fn retired(db: &Connection) -> rusqlite::Result<Numbers> {
    let of = |kind: Retired| -> rusqlite::Result<IdRanges> {
        let mut statement = db.prepare_cached("SELECT first, last FROM retired WHERE kind = ?1")?;
        let rows = statement.query_map([kind], |row| Ok((row.get("first")?, row.get("last")?)))?;
        rows.collect()
    };
    Ok(Numbers {
        uids: of(Retired::Uid)?,
        gids: of(Retired::Gid)?,
        subids: of(Retired::Subid)?,
    })
}

fn given(db: &Connection) -> rusqlite::Result<Numbers> {
    let of = |sql: &str| -> rusqlite::Result<IdRanges> {
        let mut statement = db.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| row.get(0).map(|number: u32| (number, number)))?;
        rows.collect()
    };
    Ok(Numbers {
        uids: of("SELECT number FROM ids WHERE kind = 'account' ORDER BY number")?,
        gids: of("SELECT number FROM ids WHERE kind = 'group'
                  UNION ALL SELECT private_gid FROM ids WHERE private_gid IS NOT NULL")?,
        subids: of("SELECT subid FROM ids WHERE subid IS NOT NULL")?,
    })
}

/// What a plan gives that is no account or group of the ledger's yet.
fn numbers_of(plan: &Plan) -> Numbers {
    let (mut uids, mut gids) = (BTreeSet::new(), BTreeSet::new());
    for number in plan
        .changes
        .iter()
        .filter_map(|change| effects(change).number)
    {
        match number {
            Number::Uid(uid) => uids.insert(uid.get()),
            Number::Gid(gid) => gids.insert(gid.get()),
        };
    }
    let ranges = |numbers: BTreeSet<u32>| numbers.into_iter().map(|n| (n, n)).collect();
    Numbers {
        uids: ranges(uids),
        gids: ranges(gids),
        subids: IdRanges::default(),
    }
}

fn marks(db: &Connection) -> rusqlite::Result<Marks> {
    let of = |key: &str| -> rusqlite::Result<Option<i64>> {
        let sql = "SELECT value FROM meta WHERE key = ?1";
        db.prepare_cached(sql)?
            .query_row([key], |row| row.get(0))
            .optional()
    };
    let count = |value: i64| u64::try_from(value).unwrap_or(0);
    let last = of(LAST)?.map_or(0, count);
    Ok(Marks {
        ledger: LedgerId(of("ledger")?.unwrap_or(0)),
        last,
        next: of(NEXT)?.map(count),
        used: last > 0 || generation(db)? > 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{HOST, Run};
    use crate::model::host::Host;

    const RUN: Run<'static> = Run {
        target: HOST,
        provider: "p",
        command: "sync users",
        now: 1_700_000_000,
        number: None,
        let_through: false,
    };

    fn ledger() -> (tempfile::TempDir, Ledger) {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        (dir, ledger)
    }

    fn standing(ledger: &Ledger, anchor: &Anchor) -> Result<Standing, Mismatch> {
        ledger.standing(Some(anchor)).unwrap()
    }

    /// Carries a transaction out. Returns the anchor before and after.
    fn commit(ledger: &mut Ledger) -> [Anchor; 2] {
        let before = ledger.anchor().unwrap();
        let txn = ledger.reserve(RUN, &Plan::default()).unwrap();
        let after = ledger.next_anchor(&Plan::default()).unwrap();
        ledger.confirm(txn).unwrap();
        [before, after]
    }

    #[test]
    fn an_anchor_is_as_far_as_its_ledger_after_each_transaction() {
        let (_dir, mut ledger) = ledger();
        assert_eq!(ledger.standing(None).unwrap(), Ok(Standing::New));
        for number in 1..4 {
            let [before, after] = commit(&mut ledger);
            assert_eq!(
                (before.transaction, after.transaction),
                (number - 1, number)
            );
            assert_eq!(standing(&ledger, &after), Ok(Standing::Right));
            assert_eq!(standing(&ledger, &before), Ok(Standing::Ahead));
            assert_eq!(ledger.anchor().unwrap(), after);
        }
        assert_eq!(ledger.standing(None).unwrap(), Ok(Standing::Unanchored));
    }

    #[test]
    fn a_ledger_that_recovery_can_complete_is_not_taken_for_an_older_one() {
        let (_dir, mut ledger) = ledger();
        commit(&mut ledger);
        let txn = ledger.reserve(RUN, &Plan::default()).unwrap();
        let after = ledger.next_anchor(&Plan::default()).unwrap();
        assert_eq!(standing(&ledger, &after), Ok(Standing::Reserved));
        ledger.confirm(txn).unwrap();
        assert_eq!(standing(&ledger, &after), Ok(Standing::Right));

        ledger.reserve(RUN, &Plan::default()).unwrap();
        let after = ledger.next_anchor(&Plan::default()).unwrap();
        ledger.drop_pending(&Host::default()).unwrap();
        assert_eq!(standing(&ledger, &after), Ok(Standing::Right));
    }

    #[test]
    fn a_commit_of_which_nothing_was_put_in_place_leaves_the_old_anchor() {
        let (_dir, mut ledger) = ledger();
        let [_, before] = commit(&mut ledger);
        ledger.reserve(RUN, &Plan::default()).unwrap();
        ledger.release().unwrap();
        assert_eq!(standing(&ledger, &before), Ok(Standing::Right));
        // Its number is that of the next one.
        let [_, next] = commit(&mut ledger);
        assert_eq!(next.transaction, before.transaction + 1);
    }

    #[test]
    fn a_copy_is_older_after_the_next_transaction_and_another_ledger_is_foreign() {
        let (dir, mut ledger) = ledger();
        let copied = tempfile::tempdir().unwrap();
        commit(&mut ledger);
        let name = crate::ledger::FILE;
        std::fs::copy(dir.path().join(name), copied.path().join(name)).unwrap();
        let [_, after] = commit(&mut ledger);
        let copy = Ledger::open(copied.path()).unwrap();
        let older = Mismatch::Older {
            found: 1,
            wanted: 2,
        };
        assert_eq!(standing(&copy, &after), Err(older));

        let (_other_dir, mut other) = self::ledger();
        assert_eq!(standing(&other, &after), Err(Mismatch::Foreign));
        (0..3).for_each(|_| drop(commit(&mut other)));
        assert_eq!(standing(&other, &after), Err(Mismatch::Foreign));
    }

    #[test]
    fn nothing_and_an_empty_file_are_a_beginning_only_where_there_is_no_anchor() {
        let dir = tempfile::tempdir().unwrap();
        let (_other, ledger) = ledger();
        let anchor = ledger.anchor().unwrap();
        let (none, some) = (None, Some(&anchor));
        assert_eq!(standing_of_none(none, Mismatch::Missing), Ok(Standing::New));
        let missing = Err(Mismatch::Missing);
        assert_eq!(standing_of_none(some, Mismatch::Missing), missing);
        std::fs::write(dir.path().join(crate::ledger::FILE), b"").unwrap();
        let empty = Ledger::look(dir.path(), crate::ledger::Look::Only)
            .unwrap()
            .unwrap();
        assert_eq!(empty.standing(none).unwrap(), Ok(Standing::New));
        assert_eq!(empty.standing(some).unwrap(), Err(Mismatch::Empty));
        assert!(empty.into_readable().unwrap().is_none());
    }
}
