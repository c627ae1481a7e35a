//! Whether people are to be reached otherwise than hooks were told.
//!
//! As with the original, another e-mail address or other keys alone are a change that hooks learn of. What is not known
//! yet is only remembered: otherwise the first run with hooks would tell of everybody.

use std::collections::{BTreeMap, BTreeSet};

use super::input::RunScope;
use crate::model::owned::{Owned, State};
use crate::model::{Contact, RemoteId, UserName};
use crate::plan::{Change, Deed, Observation, Plan, effects, events};

/// Adds to a plan for accounts what the ledger and hooks learn about how people are to be reached. `said`: what the
/// provider says of those who are let in. `tell`: whether there are hooks that want to know.
pub(crate) fn contacts(
    plan: &mut Plan,
    said: &BTreeMap<RemoteId, Contact>,
    chosen: RunScope,
    tell: bool,
    owned: &Owned,
) {
    let mut closed: BTreeSet<RemoteId> = BTreeSet::new();
    let mut told: BTreeSet<RemoteId> = BTreeSet::new();
    for change in &plan.changes {
        let goes = effects(change).presence.ends();
        let into = if goes { &mut closed } else { &mut told };
        into.extend(events::account_of(change).cloned());
    }
    for (id, contact) in said.iter().filter(|(id, _)| !closed.contains(*id)) {
        let own = owned
            .accounts
            .get(id)
            .filter(|own| own.state == State::Active);
        let is_told = told.contains(id);
        if own.is_none() && !is_told {
            continue;
        }
        let name = own.and_then(|own| UserName::new(&own.name, true).ok());
        match (owned.contacts.get(id), name) {
            (Some(before), _) if before == contact => {}
            // Whose account changes anyway has one event for all of it, which remembers it, too.
            _ if tell && is_told => {}
            (Some(before), Some(name)) if tell => {
                if chosen.known {
                    let (before, after) = (before.clone(), contact.clone());
                    let change = Deed::ChangeContact { before, after };
                    plan.changes
                        .push(Change::account(owned.key(id), name, change));
                    plan.unchanged = plan.unchanged.saturating_sub(1);
                }
            }
            _ => plan
                .observations
                .push(Observation::Contact(id.clone(), contact.clone())),
        }
    }
}

#[cfg(test)]
mod tests;
