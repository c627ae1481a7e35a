//! What a run has seen, apart from what it changes: who is missing, who is back, and what was there already.

use super::store::{self, Ledger, LedgerError, Run, Scope};
use super::{absences, applied, attributes, contacts, departures, joined, rebound};
use crate::model::history::EntryKind;
use crate::plan::Observation;

impl Ledger {
    /// Writes down what a run has seen.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub fn observe(
        &mut self,
        run: Run<'_>,
        observations: &[Observation],
    ) -> Result<(), LedgerError> {
        if observations.is_empty() {
            return Ok(());
        }
        self.write(|tx| {
            let scope = run.scope(tx);
            observations.iter().try_for_each(|seen| write(scope, seen))
        })
    }
}

fn write(scope: Scope<'_>, seen: &Observation) -> rusqlite::Result<()> {
    match seen {
        Observation::Absent(id, absence) => absences::set(scope, EntryKind::Account, id, *absence),
        Observation::Departed(id) => {
            absences::forget(scope, EntryKind::Account, id.as_str())?;
            departures::locked(scope, id.as_str())
        }
        Observation::Returned(id) => departures::end(scope, EntryKind::Account, id.as_str()),
        Observation::Back(id) => absences::forget(scope, EntryKind::Account, id.as_str()),
        Observation::GroupAbsent(id, absence) => {
            absences::set(scope, EntryKind::Group, id, *absence)
        }
        Observation::GroupBack(id) => {
            absences::forget(scope, EntryKind::Group, id.as_str())?;
            departures::end(scope, EntryKind::Group, id.as_str())
        }
        Observation::Agreed(id, field, value) => {
            applied::set_field(scope, id.as_str(), *field, value)
        }
        Observation::ChangedIds(kind, changed) => rebound::set_changed(scope, *kind, *changed),
        Observation::Edition(edition) => store::set_edition(scope, *edition),
        Observation::Contact(id, contact) => contacts::set(scope, id.as_str(), contact),
        Observation::Attributes(id, said) => attributes::set(scope, id.as_str(), said),
        Observation::AskedAttributes(names) => attributes::set_asked(scope, names),
        Observation::Join(news) => joined::learn(scope, news),
        Observation::Keys(id, place, record) => {
            applied::set_keys(scope, id.as_str(), *place, record)
        }
    }
}
