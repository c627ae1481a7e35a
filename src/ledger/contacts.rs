//! How people are to be reached: what hooks were told last, for events that come without the provider's word.
//!
//! Remembered with the event that tells it, so that a run that ends too early tells nothing twice.
//!
//! Forgotten with the account: nobody needs it then.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::{Ledger, LedgerError};
use crate::model::Contact;
use crate::plan::events::{Event, HookEvent, Subject};

const SET: &str = "INSERT INTO contacts (provider, id, email, ssh_keys) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (provider, id) DO UPDATE SET email = ?3, ssh_keys = ?4";

/// Remembers it.
pub(super) fn set(
    db: &Connection,
    provider: &str,
    id: &str,
    contact: &Contact,
) -> rusqlite::Result<usize> {
    db.prepare_cached(SET)?.execute(params![
        provider,
        id,
        contact.email,
        contact.ssh_keys.join("\n")
    ])
}

/// Remembers what an event tells of an account. One that tells nothing may be of somebody of whom nothing is known, but
/// for a new account: that comes with all that the provider says.
pub(super) fn told(db: &Connection, provider: &str, event: &HookEvent) -> rusqlite::Result<()> {
    let Subject::Account(account) = &event.subject else {
        return Ok(());
    };
    if event.event == Event::Removed {
        return Ok(());
    }
    let (email, keys) = (account.email.as_deref(), account.ssh_keys.join("\n"));
    let sql = match email.is_none() && keys.is_empty() && event.event != Event::Created {
        true => "UPDATE contacts SET email = ?3, ssh_keys = ?4 WHERE provider = ?1 AND id = ?2",
        false => SET,
    };
    db.prepare_cached(sql)?
        .execute(params![provider, event.id, email, keys])
        .map(drop)
}

/// Forgets it.
pub(super) fn forget(db: &Connection, provider: &str, id: &str) -> rusqlite::Result<usize> {
    db.prepare_cached("DELETE FROM contacts WHERE provider = ?1 AND id = ?2")?
        .execute([provider, id])
}

fn contact(email: Option<String>, ssh_keys: &str) -> Contact {
    Contact {
        email,
        ssh_keys: ssh_keys.lines().map(str::to_owned).collect(),
    }
}

impl Ledger {
    /// All that is remembered of a provider's people, by id.
    pub(super) fn load_contacts(&self, provider: &str) -> rusqlite::Result<Vec<(String, Contact)>> {
        let mut statement = self
            .db
            .prepare("SELECT id, email, ssh_keys FROM contacts WHERE provider = ?1 ORDER BY id")?;
        let rows = statement.query_map([provider], |row| {
            Ok((row.get(0)?, contact(row.get(1)?, row.get_ref(2)?.as_str()?)))
        })?;
        rows.collect()
    }

    /// How to reach the people of a provider's accounts, by name on this host.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn contacts_by_name(
        &self,
        provider: &str,
    ) -> Result<BTreeMap<String, Contact>, LedgerError> {
        let read = || -> rusqlite::Result<BTreeMap<String, Contact>> {
            let mut statement = self.db.prepare(
                "SELECT name, email, ssh_keys FROM contacts JOIN accounts USING (provider, id)
                 WHERE provider = ?1 AND state IN ('active', 'locked')",
            )?;
            let rows = statement.query_map([provider], |row| {
                Ok((row.get(0)?, contact(row.get(1)?, row.get_ref(2)?.as_str()?)))
            })?;
            rows.collect()
        };
        read().map_err(|e| self.error(e))
    }
}
