//! The figures of a run: how many changes of each kind it made, and which plan it carried out.
//!
//! A run may commit its plan in several transactions: each adds its own counts when it is confirmed,
//! and the last one says which plan is now carried out as a whole.

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::losses::{self, LossKind};
use super::store::{self, Run, Scope, odd_json};
use crate::model::history::EntryKind;
use crate::plan::effects::Presence;
use crate::plan::{Plan, effects};

/// What [`Figures`] tell apart.
const KINDS: [EntryKind; 2] = [EntryKind::Account, EntryKind::Group];

/// What a transaction adds to the figures of its run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Figures {
    counts: Map<String, Value>,
    digest: String,
    /// Accounts and groups made, and accounts opened.
    #[serde(default)]
    given: [usize; 3],
    /// Whether it changes accounts, and groups.
    #[serde(default)]
    changes: [bool; 2],
}

impl Figures {
    /// Those of a plan, or of a part of one, without what is written after the commit. `counts`: whether accounts, and
    /// groups, that are made count for the limits.
    pub(super) fn of(plan: &Plan, [accounts, groups]: [bool; 2]) -> rusqlite::Result<Self> {
        let mut counts = plan.counts();
        let changes = plan.changes.iter();
        counts.keys -= changes
            .filter(|change| effects(change).is_after_commit)
            .count();
        let Value::Object(counts) = serde_json::to_value(counts).map_err(odd_json)? else {
            return Ok(Self::none());
        };
        Ok(Self {
            counts,
            digest: plan.digest_if_typed(),
            given: given(plan).map(|(kind, count)| match kind {
                LossKind::NewGroup if groups => count,
                LossKind::NewGroup => 0,
                _ if accounts => count,
                _ => 0,
            }),
            changes: [true, false].map(|is_account| {
                let kinds = plan.changes.iter().map(|change| change.of.kind);
                kinds
                    .map(|kind| kind == EntryKind::Account)
                    .any(|it| it == is_account)
            }),
        })
    }

    /// Those of a run of which nothing is confirmed.
    pub(super) fn none() -> Self {
        Self {
            counts: Map::new(),
            digest: String::new(),
            given: [0; 3],
            changes: [false; 2],
        }
    }
}

fn given(plan: &Plan) -> [(LossKind, usize); 3] {
    let count = |kind: EntryKind, presence| {
        let changes = plan.changes.iter().filter(|it| it.of.kind == kind);
        changes
            .filter(|it| effects(it).presence == presence)
            .count()
    };
    [
        (
            LossKind::NewAccount,
            count(EntryKind::Account, Presence::Comes),
        ),
        (LossKind::NewGroup, count(EntryKind::Group, Presence::Comes)),
        (LossKind::Opened, count(EntryKind::Account, Presence::Opens)),
    ]
}

/// Writes down that there is a run, if that is not known.
pub(super) fn add_run(
    db: &Connection,
    run: Run<'_>,
    txn: u64,
    figures: &Figures,
) -> rusqlite::Result<()> {
    let counts = serde_json::to_string(&figures.counts).map_err(odd_json)?;
    db.execute(
        "INSERT OR IGNORE INTO runs (txn, at, target, provider, command, digest, counts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            txn,
            run.now,
            run.target,
            run.provider,
            run.command,
            figures.digest,
            counts
        ],
    )
    .map(drop)
}

/// Adds those of a transaction to its run's, and to what the limits count.
pub(super) fn add(scope: Scope<'_>, txn: u64, more: &Figures) -> rusqlite::Result<()> {
    let db = scope.db;
    let kinds = [LossKind::NewAccount, LossKind::NewGroup, LossKind::Opened];
    for (kind, count) in kinds.into_iter().zip(more.given) {
        losses::add(scope, kind, "", count)?;
    }
    losses::prune(scope)?;
    for (kind, _) in KINDS.into_iter().zip(more.changes).filter(|(_, is)| *is) {
        store::count_commit(scope, kind)?;
    }
    let sql = "SELECT counts FROM runs WHERE txn = ?1";
    let before: String = db.query_row(sql, [txn], |row| row.get(0))?;
    let mut counts: Map<String, Value> = serde_json::from_str(&before).map_err(odd_json)?;
    for (name, count) in &more.counts {
        let sum =
            counts.get(name).and_then(Value::as_u64).unwrap_or(0) + count.as_u64().unwrap_or(0);
        counts.insert(name.clone(), sum.into());
    }
    let counts = serde_json::to_string(&counts).map_err(odd_json)?;
    let sql = "UPDATE runs SET counts = ?2, digest = ?3 WHERE txn = ?1";
    db.execute(sql, params![txn, counts, more.digest]).map(drop)
}
