//! Whether people have other attributes than the ledger remembers for targets that show them.
//!
//! They change nothing on the host, so they are never a change of a plan. Of whom the provider says nothing, they stay.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::RemoteId;
use crate::model::owned::Owned;
use crate::plan::{Observation, Plan, events};

/// Adds to a plan for accounts what the ledger learns. `said`: what the provider says of everybody, as far as it is wanted.
pub(crate) fn attributes<'s>(
    plan: &mut Plan,
    said: impl Iterator<Item = (&'s RemoteId, BTreeMap<String, String>)>,
    owned: &Owned,
) {
    let touched: BTreeSet<&RemoteId> = plan.changes.iter().filter_map(events::account_of).collect();
    let nothing = BTreeMap::new();
    let has_account = |id: &RemoteId| {
        let own = owned.accounts.get(id);
        own.map_or_else(|| touched.contains(id), |own| own.state.is_present())
    };
    let news = said.filter(|(id, said)| {
        let known = owned.attributes.get(*id).unwrap_or(&nothing);
        known != said && has_account(id)
    });
    let news: Vec<_> = news
        .map(|(id, said)| Observation::Attributes(id.clone(), said))
        .collect();
    plan.observations.extend(news);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_learnt_and_only_of_who_has_an_account() {
        let id = |text: &str| RemoteId::new(text).unwrap();
        let said = |value: &str| BTreeMap::from([("dn".to_owned(), value.to_owned())]);
        let mut owned = Owned::default();
        owned.attributes.insert(id("same"), said("x"));
        let (same, stranger) = (id("same"), id("stranger"));
        let mut plan = Plan::default();
        let all = [(&same, said("x")), (&stranger, said("y"))];
        attributes(&mut plan, all.into_iter(), &owned);
        assert!(plan.observations.is_empty());
    }
}
