//! Other providers than the one that is read, as far as the ledger knows them.

use std::collections::BTreeSet;

use super::context::PlanContext;
use super::env::Env;
use crate::error::{Error, Result};
use crate::ledger::{HOST, Ledger};
use crate::model::owned::Owned;
use crate::model::{ProviderName, shown};
use crate::plan::Plan;
use crate::policy::Reason;

/// Those that no section of the configuration names any more.
pub(crate) fn gone<'a>(cx: &PlanContext<'a>) -> BTreeSet<&'a ProviderName> {
    let sections = &cx.env.settings.sections;
    let known = cx.owned.others.names.values();
    known
        .filter(|name| !sections.contains_key(name.as_str()))
        .collect()
}

impl Env {
    /// The same for the one provider whose accounts have these names; for the first one, if they are nobody's. All that is asked
    /// about one account goes by its provider.
    ///
    /// # Errors
    /// When they came from several.
    pub(crate) fn of_owner(&self, names: &[String]) -> Result<Self> {
        if !self.settings.are_several {
            return Ok(self.clone());
        }
        let first = self.settings.first_provider();
        // What is wrong with the ledger, the run says.
        let ledger = Ledger::open_read_only(&self.state_dir()).ok().flatten();
        let owned = ledger.and_then(|ledger| ledger.load(HOST, first, self.now.seconds()).ok());
        let owner = owned.map(|owned| of_names(names, &owned)).transpose()?;
        let owner = owner.flatten();
        Ok(self.of_named(owner.as_ref().map_or(first, ProviderName::as_str)))
    }

    /// The same for the provider of this name, if it is one of several; one that is not active is not read all the same.
    pub(crate) fn of_named(&self, name: &str) -> Self {
        let is_one = self.settings.provider_names().any(|known| known == name);
        match self.settings.sections.get(name).filter(|_| is_one) {
            Some(provider) => self.of_provider(provider),
            None => self.clone(),
        }
    }
}

/// The provider whose accounts have these names, be it in the configuration or not; `None`: the one that the ledger is seen
/// from, as far as any has them.
///
/// # Errors
/// When they came from several.
pub(crate) fn of_names(names: &[String], owned: &Owned) -> Result<Option<ProviderName>> {
    let mut accounts: BTreeSet<&str> = BTreeSet::new();
    let present = owned.accounts.values().filter(|own| own.state.is_present());
    accounts.extend(present.map(|own| own.name.as_str()));
    let provider = |name: &String| match accounts.contains(name.as_str()) {
        true => Some(&owned.provider),
        false => owned.others.names.get(name),
    };
    let all: BTreeSet<&ProviderName> = names.iter().filter_map(provider).collect();
    let mut all = all.into_iter();
    match (all.next(), all.next()) {
        (Some(one), Some(two)) => {
            let (one, two) = (shown(one.as_str()), shown(two.as_str()));
            Err(Error::usage(format!(
                "these accounts came from different providers, `{one}` and `{two}`"
            ))
            .hint("Name those of one provider at a time"))
        }
        (one, _) => Ok(one.filter(|one| **one != owned.provider).cloned()),
    }
}

/// What the ledger has of providers, each as it sees it.
pub(crate) fn load<'a>(
    cx: &PlanContext<'_>,
    providers: impl IntoIterator<Item = &'a ProviderName>,
) -> Result<Vec<Owned>> {
    let mut providers = providers.into_iter().peekable();
    if providers.peek().is_none() {
        return Ok(vec![]);
    }
    let ledger = Ledger::open_read_only(&cx.env.state_dir()).map_err(Error::failed)?;
    let Some(ledger) = ledger else {
        return Ok(vec![]);
    };
    let load = |name: &ProviderName| {
        let owned = ledger.load(HOST, name.as_str(), cx.env.now.seconds());
        owned.map_err(Error::failed)
    };
    providers.map(load).collect()
}

/// Tells of accounts and groups of such providers, once for all; who is refused because of one of their names is not told of
/// besides.
pub(crate) fn note(plan: &mut Plan, cx: &PlanContext<'_>) {
    let gone = gone(cx);
    let present = cx.owned.others.present.iter();
    let unnamed = present.filter(|(name, _)| gone.contains(name));
    plan.unnamed = unnamed.map(|(name, n)| (name.clone(), *n)).collect();
    if plan.unnamed.is_empty() {
        return;
    }
    // It is not these people who are odd, nor what the provider says of them.
    plan.barred = None;
    let of_unnamed = |reason: &Reason| match reason.cause() {
        Reason::OtherProvider { provider, .. } => {
            plan.unnamed.iter().any(|(name, _)| name == provider)
        }
        _ => false,
    };
    let mut refused = std::mem::take(&mut plan.refused);
    refused.retain(|refusal| !of_unnamed(&refusal.reason));
    plan.refused = refused;
}
