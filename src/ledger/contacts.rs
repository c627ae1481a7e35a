//! How people are to be reached: what hooks were told last, for events that come without the provider's word.
//!
//! Forgotten with the account: nobody needs it then.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::{Ledger, LedgerError};
use crate::model::Contact;

/// Remembers it.
pub(super) fn set(db: &Connection, provider: &str, id: &str, contact: &Contact) -> rusqlite::Result<usize> {
    let sql = "INSERT INTO contacts (provider, id, email, ssh_keys) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (provider, id) DO UPDATE SET email = ?3, ssh_keys = ?4";
    db.prepare_cached(sql)?.execute(params![provider, id, contact.email, contact.ssh_keys.join("\n")])
}

/// Forgets it.
pub(super) fn forget(db: &Connection, provider: &str, id: &str) -> rusqlite::Result<usize> {
    db.prepare_cached("DELETE FROM contacts WHERE provider = ?1 AND id = ?2")?.execute([provider, id])
}

fn contact(email: Option<String>, ssh_keys: &str) -> Contact {
    Contact { email, ssh_keys: ssh_keys.lines().map(str::to_owned).collect() }
}

impl Ledger {
    /// All that is remembered of a provider's people, by id.
    pub(super) fn load_contacts(&self, provider: &str) -> rusqlite::Result<Vec<(String, Contact)>> {
        let mut statement =
            self.db.prepare("SELECT id, email, ssh_keys FROM contacts WHERE provider = ?1 ORDER BY id")?;
        let rows = statement
            .query_map([provider], |row| Ok((row.get(0)?, contact(row.get(1)?, row.get_ref(2)?.as_str()?))))?;
        rows.collect()
    }

    /// How to reach the people of a provider's accounts, by name on this host.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn contacts_by_name(&self, provider: &str) -> Result<BTreeMap<String, Contact>, LedgerError> {
        let read = || -> rusqlite::Result<BTreeMap<String, Contact>> {
            let mut statement = self.db.prepare(
                "SELECT name, email, ssh_keys FROM contacts JOIN accounts USING (provider, id)
                 WHERE provider = ?1 AND state IN ('active', 'locked')",
            )?;
            let rows = statement
                .query_map([provider], |row| Ok((row.get(0)?, contact(row.get(1)?, row.get_ref(2)?.as_str()?))))?;
            rows.collect()
        };
        read().map_err(|e| self.error(e))
    }
}
