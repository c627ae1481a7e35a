//! The plans of `lock` and `unlock`: an administrator shuts a person out, and it holds whatever the provider says.
//!
//! Asks no provider. `unlock` takes the hold away and nothing else: whether the account opens is the provider's to say.

use super::owned_lines::account_line;
use crate::model::host::Host;
use crate::model::owned::{Hold, Owned, OwnedAccount, State};
use crate::model::{RemoteId, Untrusted, UserName};
use crate::plan::{Change, Deed, Plan};
use crate::policy::{Reason, Refusal};

/// Plans to lock accounts by name, and to hold them so.
///
/// # Errors
/// A reason for each name, if gosync owns none of them. Otherwise the others are locked: a name that is misspelt leaves nobody else
/// open.
pub(crate) fn hold(
    names: &[String],
    hold: &Hold,
    host: &Host<'_>,
    owned: &Owned,
) -> Result<Plan, Vec<Reason>> {
    let mut plan = empty(owned);
    let (chosen, unknown) = chosen(names, host, owned);
    if chosen.is_empty() && !unknown.is_empty() {
        return Err(unknown.into_iter().map(|(_, reason)| reason).collect());
    }
    plan.refused
        .extend(unknown.into_iter().map(|(name, reason)| Refusal {
            id: None,
            subject: Untrusted::new(name),
            reason,
        }));
    for (id, own, name) in chosen {
        let change = |deed| Change::account(owned.key(id), name.clone(), deed);
        let is_same = |old: &Hold| (&old.by, &old.reason) == (&hold.by, &hold.reason);
        let is_held = owned.held(id).is_some_and(is_same);
        if !is_held {
            plan.changes.push(change(Deed::Hold(hold.clone())));
        }
        let line = account_line(own, host);
        let found = host.accounts.get(own.name.as_str());
        let is_closed = found.is_some_and(|found| found.closed());
        match line {
            _ if own.state == State::Locked && is_closed => {
                plan.unchanged += usize::from(is_held);
            }
            // A line that is damaged, or stands twice, is locked by name; somebody else's is not.
            Err(Reason::OtherNumber { kind, found, given }) => {
                let why = Reason::OtherNumber { kind, found, given }.boxed();
                plan.refused.push(Refusal {
                    id: Some(id.clone()),
                    subject: Untrusted::new(&own.name),
                    reason: Reason::NotLocked {
                        why,
                        name: own.name.clone(),
                    },
                });
            }
            Err(Reason::RemovedByHand) => plan.remark(&own.name, Reason::RemovedByHand),
            _ => {
                let reason = Reason::HeldLocked {
                    by: Untrusted::new(&hold.by),
                };
                plan.changes.push(change(Deed::Lock { reason }));
            }
        }
    }
    Ok(plan)
}

/// Plans to hold accounts locked no more.
///
/// # Errors
/// A reason for each name that gosync does not own; then nothing is planned.
pub(crate) fn free(names: &[String], host: &Host<'_>, owned: &Owned) -> Result<Plan, Vec<Reason>> {
    let mut plan = empty(owned);
    let (chosen, unknown) = chosen(names, host, owned);
    if !unknown.is_empty() {
        return Err(unknown.into_iter().map(|(_, reason)| reason).collect());
    }
    for (id, own, name) in chosen {
        match owned.held(id) {
            Some(_) => {
                let change = Change::account(owned.key(id), name, Deed::Free {});
                plan.changes.push(change);
            }
            None => {
                plan.remark(&own.name, Reason::NotHeld);
                plan.unchanged += 1;
            }
        }
    }
    Ok(plan)
}

fn empty(owned: &Owned) -> Plan {
    Plan {
        generation: owned.generation,
        ..Plan::default()
    }
}

type Chosen<'a> = (&'a RemoteId, &'a OwnedAccount, UserName);

/// The accounts of these names, each once, in their order; and the names that are none of gosync's accounts, with why.
fn chosen<'a>(
    names: &'a [String],
    host: &Host<'_>,
    owned: &'a Owned,
) -> (Vec<Chosen<'a>>, Vec<(&'a str, Reason)>) {
    let mut names: Vec<&String> = names.iter().collect();
    names.sort();
    names.dedup();
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for name in names {
        let mut accounts = owned.accounts.iter();
        let own = accounts.find(|(_, own)| own.name == *name && own.state.is_present());
        match own.map(|own| (own, UserName::new(name, true))) {
            Some(((id, own), Ok(name))) => found.push((id, own, name)),
            _ if owned.others.names.contains_key(name) => {
                let other = Untrusted::new(name);
                unknown.push((name.as_str(), Reason::OtherProvidersAccount { name: other }));
            }
            _ if host.accounts.contains_key(name.as_str()) => {
                let own = name.to_owned();
                unknown.push((name.as_str(), Reason::NotOursToLock { name: own }));
            }
            _ => {
                let none = Untrusted::new(name);
                unknown.push((name.as_str(), Reason::NoSuchAccount { name: none }));
            }
        }
    }
    (found, unknown)
}
