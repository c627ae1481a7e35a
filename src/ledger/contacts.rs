//! How people are to be reached, and their attributes: what hooks were told last, for events that come without the
//! provider's word.
//!
//! Remembered with the event that tells it, so that a run that ends too early tells nothing twice.
//!
//! Forgotten with the account: nobody needs it then.

use std::collections::BTreeMap;

use rusqlite::params;

use super::columns::columns;
use super::store::{Ledger, LedgerError, Scope, odd_json};
use crate::model::{Contact, RemoteId};
use crate::plan::events::{Event, HookEvent, Subject};

const SET: &str = "INSERT INTO contacts (provider, id, email, ssh_keys, attributes) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (provider, id) DO UPDATE SET email = ?3, ssh_keys = ?4, attributes = ?5";

/// Remembers it.
pub(super) fn set(scope: Scope<'_>, id: &str, contact: &Contact) -> rusqlite::Result<()> {
    let keys = contact.ssh_keys.join("\n");
    let attributes = written(&contact.attributes)?;
    scope.execute(
        SET,
        params![scope.provider, id, contact.email, keys, attributes],
    )
}

/// Remembers what an event tells of an account. One that tells nothing may be of somebody of whom nothing is known, but
/// for a new account: that comes with all that the provider says.
pub(super) fn told(scope: Scope<'_>, event: &HookEvent) -> rusqlite::Result<()> {
    let Subject::Account(account) = &event.subject else {
        return Ok(());
    };
    if event.event == Event::Removed {
        return Ok(());
    }
    let (email, keys) = (account.email.as_deref(), account.ssh_keys.join("\n"));
    let attributes = written(&account.attributes)?;
    let says_nothing = email.is_none() && keys.is_empty() && account.attributes.is_empty();
    let sql = match says_nothing && event.event != Event::Created {
        true => {
            "UPDATE contacts SET email = ?3, ssh_keys = ?4, attributes = ?5 WHERE provider = ?1 AND id = ?2"
        }
        false => SET,
    };
    scope.execute(
        sql,
        params![scope.provider, event.id, email, keys, attributes],
    )
}

/// Forgets it.
pub(super) fn forget(scope: Scope<'_>, id: &str) -> rusqlite::Result<()> {
    let sql = "DELETE FROM contacts WHERE provider = ?1 AND id = ?2";
    scope.execute(sql, [scope.provider, id])
}

/// Reads all that is remembered of a provider's people.
pub(super) fn load(scope: Scope<'_>) -> rusqlite::Result<BTreeMap<RemoteId, Contact>> {
    let sql =
        "SELECT id, email, ssh_keys, attributes FROM contacts WHERE provider = ?1 ORDER BY id";
    let mut statement = scope.db.prepare(sql)?;
    columns!(Columns {
        id,
        email,
        ssh_keys,
        attributes
    });
    let at = Columns::of(&statement)?;
    let rows = statement.query_map([scope.provider], |row| {
        let keys = row.get_ref(at.ssh_keys)?.as_str()?;
        let attributes = read(row.get_ref(at.attributes)?.as_str()?)?;
        Ok((
            row.get(at.id)?,
            contact(row.get(at.email)?, keys, attributes),
        ))
    })?;
    // A map made at once takes half the memory of one that grows.
    let contacts: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(contacts.into_iter().collect())
}

fn written(attributes: &BTreeMap<String, String>) -> rusqlite::Result<String> {
    serde_json::to_string(attributes).map_err(odd_json)
}

fn read(attributes: &str) -> rusqlite::Result<BTreeMap<String, String>> {
    serde_json::from_str(attributes).map_err(odd_json)
}

fn contact(email: Option<String>, ssh_keys: &str, attributes: BTreeMap<String, String>) -> Contact {
    Contact {
        email,
        ssh_keys: ssh_keys.lines().map(str::to_owned).collect(),
        attributes,
    }
}

impl Ledger {
    /// How to reach the people of a provider's accounts, by name on this host.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn contacts_by_name(
        &self,
        provider: &str,
    ) -> Result<BTreeMap<String, Contact>, LedgerError> {
        self.read(|db| {
            let mut statement = db.prepare(
                "SELECT name, email, ssh_keys, attributes FROM contacts JOIN known_ids USING (provider, id)
                  WHERE provider = ?1 AND kind = 'account' AND state IN ('active', 'locked')",
            )?;
            let rows = statement.query_map([provider], |row| {
                let keys = row.get_ref("ssh_keys")?.as_str()?;
                let attributes = read(row.get_ref("attributes")?.as_str()?)?;
                Ok((
                    row.get("name")?,
                    contact(row.get("email")?, keys, attributes),
                ))
            })?;
            rows.collect()
        })
    }
}
