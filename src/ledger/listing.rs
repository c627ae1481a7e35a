//! Everything that gosync owns or owned, whatever its provider, for lists.

use rusqlite::params;

use super::store::{HOST, Ledger, LedgerError};
use crate::model::history::EntryKind;
use crate::model::owned::State;

/// An account or a group, as the ledger has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) kind: EntryKind,
    pub(crate) provider: String,
    /// The provider's id.
    pub(crate) id: String,
    /// Its name on this host.
    pub(crate) name: String,
    /// The uid, or the gid.
    pub(crate) number: u32,
    /// The primary gid of an account, as gosync gave it.
    pub(crate) gid: Option<u32>,
    pub(crate) state: State,
    /// When a complete read missed it first, in seconds since 1970, if the last one did.
    pub(crate) missing_since: Option<i64>,
    /// Since when it is locked because its person is gone or disabled, or emptied.
    pub(crate) gone_since: Option<i64>,
}

impl Ledger {
    /// All accounts, then all groups, in the order of their names.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn listing(&self) -> Result<Vec<Listed>, LedgerError> {
        let sql = "SELECT ids.kind AS kind, ids.provider AS provider, ids.id AS id, ids.name AS name,
                          ids.number AS number, ids.state AS state, applied_accounts.gid AS gid,
                          absences.since AS missing, departures.since AS gone
                     FROM known_ids AS ids
                     LEFT JOIN applied_accounts ON ids.kind = 'account' AND applied_accounts.target = ?1
                          AND applied_accounts.provider = ids.provider AND applied_accounts.id = ids.id
                     LEFT JOIN absences ON absences.kind = ids.kind AND absences.provider = ids.provider
                          AND absences.id = ids.id
                     LEFT JOIN departures ON departures.kind = ids.kind AND departures.provider = ids.provider
                          AND departures.id = ids.id
                    ORDER BY ids.kind, ids.name, ids.provider, ids.id";
        self.read(|db| {
            let mut statement = db.prepare(sql)?;
            let rows = statement.query_map(params![HOST], |row| {
                Ok(Listed {
                    kind: row.get("kind")?,
                    provider: row.get("provider")?,
                    id: row.get("id")?,
                    name: row.get("name")?,
                    number: row.get("number")?,
                    gid: row.get("gid")?,
                    state: row.get("state")?,
                    missing_since: row.get("missing")?,
                    gone_since: row.get("gone")?,
                })
            })?;
            rows.collect()
        })
    }
}
