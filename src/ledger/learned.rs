//! What a ledger learns from a directory that several hosts write to, one at a time: whose which number is, though it never gave it.
//!
//! A row that is learned is one of `ids` that is reserved, and nothing was applied of it: whoever it belongs to gets an account with this
//! number, and nobody else ever does. What contradicts the ledger is not learned, and its number is given to nobody;
//! nor is a number of the system's.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::anchored;
use super::ids::{self, Identity};
use super::store::{Ledger, LedgerError, Scope};
use crate::model::anchor::Numbers;
use crate::model::history::EntryKind;
use crate::model::id_ranges::IdRanges;
use crate::model::{Gid, Held, RemoteId, Uid};
use crate::policy::protect;

/// An account or a group of the directory's, and the provider whose it is; `None`: nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) provider: Option<String>,
    pub(crate) held: Held,
}

/// What the ledger and the directory contradict each other in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contradiction {
    /// What the directory has.
    pub(crate) held: Held,
    /// What the ledger has of it.
    pub(crate) has: Has,
}

/// What stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Has {
    /// The same id, with another number.
    Number { name: String, number: u32 },
    /// The same number, for another id.
    Owner { name: String, id: String },
}

/// What was learned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Learned {
    /// How many accounts and groups were not known before.
    pub(crate) new: usize,
    /// What contradicts the ledger.
    pub(crate) contradictions: Vec<Contradiction>,
}

/// Under which key the number of the term stands in which this host writes to a target.
fn key(target: &str) -> String {
    format!("term of {target}")
}

impl Ledger {
    /// The number of the term in which this host writes to a target, and of which it has learned all that stands there.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn term(&self, target: &str) -> Result<Option<u64>, LedgerError> {
        let sql = "SELECT value FROM meta WHERE key = ?1";
        let found = self.read(|db| {
            db.query_row(sql, [key(target)], |row| row.get::<_, i64>(0))
                .optional()
        })?;
        Ok(found.and_then(|number| u64::try_from(number).ok()))
    }

    /// Another host writes to a target.
    ///
    /// # Errors
    /// When that cannot be written.
    pub(crate) fn forget_term(&mut self, target: &str) -> Result<(), LedgerError> {
        let sql = "DELETE FROM meta WHERE key = ?1";
        self.write(|tx| tx.execute(sql, [key(target)]).map(drop))
    }

    /// Learns whose numbers are; `term`: the target, and the number of the term in which this host writes to it, if it does.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub(crate) fn learn(
        &mut self,
        all: &[Known],
        term: Option<(&str, u64)>,
    ) -> Result<Learned, LedgerError> {
        self.write(|tx| {
            let learned = learn(tx, all)?;
            if let Some((target, number)) = term {
                let sql =
                    "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";
                let number = i64::try_from(number).unwrap_or(i64::MAX);
                tx.execute(sql, params![key(target), number])?;
            }
            Ok(learned)
        })
    }
}

fn learn(db: &Connection, all: &[Known]) -> rusqlite::Result<Learned> {
    let mut learned = Learned::default();
    let (mut uids, mut gids) = (Vec::new(), Vec::new());
    for Known { provider, held } in all {
        // Whoever may write there is not believed as to numbers of the system's.
        let is_ordinary = held.number >= protect::FIRST_ORDINARY_ID;
        let is_number = is_ordinary
            && match held.kind {
                EntryKind::Account => Uid::new(held.number).is_some(),
                EntryKind::Group | EntryKind::LocalGroup => Gid::new(held.number).is_some(),
            };
        let owner = provider.as_deref().zip(held.id.as_ref());
        let has = match owner.filter(|_| is_number) {
            Some((provider, id)) => match row(db, provider, id, held)? {
                Found::Same => continue,
                Found::Nothing => {
                    insert(db, provider, id, held)?;
                    learned.new += 1;
                    continue;
                }
                Found::Other(has) => Some(has),
            },
            None => None,
        };
        match held.kind {
            EntryKind::Account => uids.push(held.number),
            EntryKind::Group | EntryKind::LocalGroup => gids.push(held.number),
        }
        if let Some(has) = has {
            let held = held.clone();
            learned.contradictions.push(Contradiction { held, has });
        }
    }
    let ranges = |numbers: Vec<u32>| numbers.into_iter().map(|n| (n, n)).collect::<IdRanges>();
    if !(uids.is_empty() && gids.is_empty()) {
        let numbers = Numbers {
            uids: ranges(uids),
            gids: ranges(gids),
            subids: IdRanges::default(),
        };
        anchored::retire_too(db, &numbers)?;
    }
    Ok(learned)
}

/// What the ledger has of something that a directory holds.
enum Found {
    Nothing,
    Same,
    Other(Has),
}

fn row(db: &Connection, provider: &str, id: &RemoteId, held: &Held) -> rusqlite::Result<Found> {
    let sql = "SELECT name, number FROM ids WHERE kind = ?1 AND provider = ?2 AND id = ?3";
    let own = db
        .prepare_cached(sql)?
        .query_row(params![held.kind, provider, id.as_str()], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?))
        })
        .optional()?;
    match own {
        Some((_, number)) if number == held.number => return Ok(Found::Same),
        Some((name, number)) => return Ok(Found::Other(Has::Number { name, number })),
        None => {}
    }
    let sql = "SELECT name, id FROM ids
                WHERE (kind = ?1 AND number = ?2) OR (?1 = 'group' AND kind = 'account' AND private_gid = ?2)";
    let other = db
        .prepare_cached(sql)?
        .query_row(params![held.kind, held.number], |row| {
            Ok(Has::Owner {
                name: row.get(0)?,
                id: row.get(1)?,
            })
        })
        .optional()?;
    Ok(other.map_or(Found::Nothing, Found::Other))
}

fn insert(db: &Connection, provider: &str, id: &RemoteId, held: &Held) -> rusqlite::Result<()> {
    let who = match held.kind {
        EntryKind::Account => Identity::account(id.as_str(), &held.name),
        EntryKind::Group | EntryKind::LocalGroup => Identity::group(id.as_str(), &held.name),
    };
    let scope = Scope {
        db,
        target: super::store::HOST,
        provider,
        now: 0,
    };
    ids::set_aside(scope, &who, held.number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::HOST;
    use crate::model::owned::State;

    fn known(id: &str, name: &str, number: u32) -> Known {
        Known {
            provider: Some("p".to_owned()),
            held: Held {
                kind: EntryKind::Account,
                id: RemoteId::new(id),
                name: name.to_owned(),
                number,
                place: format!("uid={name}"),
            },
        }
    }

    #[test]
    fn whose_a_number_is_stays_and_what_contradicts_it_is_reported() {
        let mut ledger = Ledger::in_memory(None).unwrap();
        let first = [known("1", "ann", 20_000), known("2", "bob", 20_001)];
        let learned = ledger.learn(&first, Some(("dir", 3))).unwrap();
        assert_eq!((learned.new, ledger.term("dir").unwrap()), (2, Some(3)));
        assert_eq!(ledger.term("other").unwrap(), None);
        let owned = ledger.load(HOST, "p", 0).unwrap();
        let ann = &owned.accounts[&RemoteId::new("1").unwrap()];
        assert_eq!((ann.uid.get(), ann.state), (20_000, State::Reserved));
        assert!(ledger.all_faults().unwrap().is_empty());

        let nobodys = Known {
            provider: None,
            ..known("4", "eve", 20_009)
        };
        let second = [
            known("1", "anna", 20_000),
            known("2", "bob", 20_007),
            known("3", "cat", 20_000),
            nobodys,
            known("5", "dan", 0),
            known("6", "fay", 33),
        ];
        let learned = ledger.learn(&second, None).unwrap();
        assert_eq!(learned.new, 0);
        let has: Vec<&Has> = learned.contradictions.iter().map(|it| &it.has).collect();
        let number = Has::Number {
            name: "bob".to_owned(),
            number: 20_001,
        };
        let owner = Has::Owner {
            name: "ann".to_owned(),
            id: "1".to_owned(),
        };
        assert_eq!(has, [&number, &owner]);
        let owned = ledger.load(HOST, "p", 0).unwrap();
        for number in [20_007, 20_009] {
            assert!(owned.retired.uids.contains(number), "{number}");
        }
        ledger.forget_term("dir").unwrap();
        assert_eq!(ledger.term("dir").unwrap(), None);
    }
}
