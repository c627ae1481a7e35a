//! People who are joined across providers: what each record said last, and whose account it belongs to.

use rusqlite::params;

use super::store::{Scope, odd_json};
use crate::model::join::{JoinAccount, JoinNews, JoinState};
use crate::model::owned::State;
use crate::model::{Key, ProviderName};

/// Remembers what a read taught.
pub(super) fn learn(scope: Scope<'_>, news: &JoinNews) -> rusqlite::Result<()> {
    match news {
        JoinNews::Record(id, Some(record)) => {
            let said = serde_json::to_string(record).map_err(odd_json)?;
            let sql =
                "INSERT OR REPLACE INTO join_records (provider, id, said) VALUES (?1, ?2, ?3)";
            scope.execute(sql, params![scope.provider, id.as_str(), said])
        }
        JoinNews::Record(id, None) => {
            let sql = "DELETE FROM join_records WHERE provider = ?1 AND id = ?2";
            scope.execute(sql, [scope.provider, id.as_str()])
        }
        JoinNews::Joined(id, Some(to)) => {
            let sql = "INSERT OR REPLACE INTO joined (provider, id, to_provider, to_id, at) VALUES (?1, ?2, ?3, ?4, ?5)";
            let (provider, account) = (to.provider.as_str(), to.id.as_str());
            let values = params![scope.provider, id.as_str(), provider, account, scope.now];
            scope.execute(sql, values)
        }
        JoinNews::Joined(id, None) => {
            let sql = "DELETE FROM joined WHERE provider = ?1 AND id = ?2";
            scope.execute(sql, [scope.provider, id.as_str()])
        }
    }
}

/// Reads all of it, of all providers.
pub(super) fn load(scope: Scope<'_>) -> rusqlite::Result<JoinState> {
    let mut state = JoinState::default();
    let mut statement = scope
        .db
        .prepare("SELECT provider, id, said FROM join_records")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let said: String = row.get("said")?;
        let record = serde_json::from_str(&said).map_err(odd_json)?;
        let provider = ProviderName::new(row.get_ref("provider")?.as_str()?);
        let of = state.records.entry(provider).or_default();
        of.insert(row.get("id")?, record);
    }
    if state.records.is_empty() {
        return Ok(state);
    }
    let mut statement = scope
        .db
        .prepare("SELECT provider, id, to_provider, to_id FROM joined")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (record, account) = (
            key(row, "provider", "id")?,
            key(row, "to_provider", "to_id")?,
        );
        state.joined.insert(record, account);
    }
    let mut statement = scope.db.prepare(
        "SELECT provider, id, name, uid, state FROM accounts WHERE target = ?1 AND state IN ('active', 'locked')",
    )?;
    let mut rows = statement.query([scope.target])?;
    while let Some(row) = rows.next()? {
        let account = JoinAccount {
            name: row.get("name")?,
            uid: row.get("uid")?,
            is_open: row.get::<_, State>("state")? == State::Active,
        };
        state.accounts.insert(key(row, "provider", "id")?, account);
    }
    Ok(state)
}

fn key(row: &rusqlite::Row<'_>, provider: &str, id: &str) -> rusqlite::Result<Key> {
    Ok(Key {
        provider: ProviderName::new(row.get_ref(provider)?.as_str()?),
        id: row.get(id)?,
    })
}
