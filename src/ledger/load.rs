//! Everything that gosync owns, as one target and one provider see it.

use super::store::{Ledger, LedgerError, Scope, commits_of, edition_of, generation};
use super::{
    absences, anchored, applied, attributes, contacts, departures, ids, joined, locks, losses,
    rebound, retries,
};
use crate::model::ProviderName;
use crate::model::history::EntryKind;
use crate::model::owned::Owned;

impl Ledger {
    /// Everything that gosync owns on `target`, seen from `provider`. `now`: seconds since 1970.
    ///
    /// # Errors
    /// When it cannot be read, or holds what cannot be.
    pub fn load(&self, target: &str, provider: &str, now: i64) -> Result<Owned, LedgerError> {
        self.read(|db| {
            let scope = Scope {
                db,
                target,
                provider,
                now,
            };
            let mut owned = Owned {
                provider: ProviderName::new(provider),
                generation: generation(db)?,
                losses: losses::load(scope)?,
                retired: anchored::retired(db)?,
                ..Owned::default()
            };
            owned.edition = edition_of(scope)?;
            for kind in [EntryKind::Account, EntryKind::Group] {
                owned.commits.insert(kind, commits_of(scope, kind)?);
            }
            ids::load_accounts(scope, &mut owned)?;
            ids::load_groups(scope, &mut owned)?;
            ids::load_former_names(scope, &mut owned)?;
            applied::load_local_members(scope, &mut owned)?;
            applied::load_keys(scope, &mut owned)?;
            departures::load(scope, &mut owned)?;
            locks::load(scope, &mut owned)?;
            absences::load(scope, &mut owned)?;
            retries::load(scope, &mut owned)?;
            rebound::load(scope, &mut owned)?;
            owned.contacts = contacts::load(scope)?;
            owned.attributes = attributes::load(scope)?;
            owned.join = joined::load(scope)?;
            owned.asked_attributes = attributes::load_asked(scope)?;
            Ok(owned)
        })
    }
}
