//! Attributes of people that targets show, as the provider said them last: targets are made of them between runs, too.

use std::collections::{BTreeMap, BTreeSet};

use super::store::{Ledger, LedgerError, Scope};
use crate::model::RemoteId;

/// The attributes of one person, by name.
type Attributes = BTreeMap<String, String>;

/// What is known of the attributes of everybody.
#[derive(Debug, Default)]
pub struct KnownAttributes {
    /// By provider and id.
    pub of: BTreeMap<(String, String), Attributes>,
    /// Which ones everybody of a provider was asked for, by provider and name.
    pub asked: BTreeSet<(String, String)>,
}

/// Remembers those of a person.
pub(super) fn set(scope: Scope<'_>, id: &str, said: &Attributes) -> rusqlite::Result<()> {
    forget(scope, id)?;
    let sql = "INSERT INTO attributes (provider, id, name, value) VALUES (?1, ?2, ?3, ?4)";
    said.iter()
        .try_for_each(|(name, value)| scope.execute(sql, [scope.provider, id, name, value]))
}

/// Forgets them.
pub(super) fn forget(scope: Scope<'_>, id: &str) -> rusqlite::Result<()> {
    let sql = "DELETE FROM attributes WHERE provider = ?1 AND id = ?2";
    scope.execute(sql, [scope.provider, id])
}

/// Remembers which ones everybody was asked for.
pub(super) fn set_asked(scope: Scope<'_>, names: &BTreeSet<String>) -> rusqlite::Result<()> {
    let sql = "DELETE FROM asked_attributes WHERE provider = ?1";
    scope.execute(sql, [scope.provider])?;
    let sql = "INSERT INTO asked_attributes (provider, name) VALUES (?1, ?2)";
    names
        .iter()
        .try_for_each(|name| scope.execute(sql, [scope.provider, name]))
}

/// Reads those of a provider's people.
pub(super) fn load(scope: Scope<'_>) -> rusqlite::Result<BTreeMap<RemoteId, Attributes>> {
    let sql = "SELECT id, name, value FROM attributes WHERE provider = ?1 ORDER BY id";
    let mut statement = scope.db.prepare(sql)?;
    let mut rows = statement.query([scope.provider])?;
    let mut all: BTreeMap<RemoteId, Attributes> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let of = all.entry(row.get("id")?).or_default();
        of.insert(row.get("name")?, row.get("value")?);
    }
    Ok(all)
}

/// Reads which ones everybody of a provider was asked for.
pub(super) fn load_asked(scope: Scope<'_>) -> rusqlite::Result<BTreeSet<String>> {
    let sql = "SELECT name FROM asked_attributes WHERE provider = ?1";
    let mut statement = scope.db.prepare(sql)?;
    let names = statement.query_map([scope.provider], |row| row.get("name"))?;
    names.collect()
}

impl Ledger {
    /// What is known of the attributes of everybody, of all providers.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn attributes(&self) -> Result<KnownAttributes, LedgerError> {
        self.read(|db| {
            let mut known = KnownAttributes::default();
            let mut statement = db.prepare("SELECT provider, id, name, value FROM attributes")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let key = (row.get("provider")?, row.get("id")?);
                let of = known.of.entry(key).or_default();
                of.insert(row.get("name")?, row.get("value")?);
            }
            let mut statement = db.prepare("SELECT provider, name FROM asked_attributes")?;
            let asked = statement.query_map([], |row| Ok((row.get("provider")?, row.get("name")?)));
            known.asked = asked?.collect::<rusqlite::Result<_>>()?;
            Ok(known)
        })
    }
}
