//! The plan for `release`: an account or a group of gosync's becomes the host's again, untouched.

use super::owned_entry::OwnedEntry;
use crate::model::Untrusted;
use crate::model::owned::{Owned, OwnedAccount, OwnedGroup, State};
use crate::plan::{Change, Deed, Plan};
use crate::policy::Reason;

/// Plans to give back accounts, or groups, by name. `groups`: which of them; `None`: whichever gosync has. `gone`: what came from
/// providers that are in the configuration no more.
///
/// # Errors
/// A reason for each name that gosync does not own; then nothing is planned.
pub(crate) fn release(
    names: &[String],
    groups: Option<bool>,
    owned: &Owned,
    gone: &[Owned],
) -> Result<Plan, Vec<Reason>> {
    let mut plan = Plan {
        generation: owned.generation,
        ..Plan::default()
    };
    let mut unknown = Vec::new();
    let mut names: Vec<&String> = names.iter().collect();
    names.sort();
    names.dedup();
    for name in names {
        let all = || std::iter::once(owned).chain(gone);
        let accounts = all().map(|owned| of::<OwnedAccount>(name, owned));
        let of_groups = all().map(|owned| of::<OwnedGroup>(name, owned));
        let mut found: Vec<_> = match groups {
            Some(true) => of_groups.collect(),
            Some(false) => accounts.collect(),
            None => accounts.chain(of_groups).collect(),
        };
        found.retain(|(_, was)| was.is_some());
        let (change, was) = found.into_iter().next().unwrap_or_default();
        match change {
            Some(change) => plan.changes.push(change),
            // Perhaps by an interrupted run of the same command, which was finished a moment ago.
            None if was == Some(State::Released) => plan.remark(name, Reason::GivenBackAlready),
            None => unknown.push(not_ours(name, owned)),
        }
    }
    if unknown.is_empty() {
        Ok(plan)
    } else {
        Err(unknown)
    }
}

fn not_ours(name: &str, owned: &Owned) -> Reason {
    let provider = owned.others.names.get(name).cloned();
    let name = Untrusted::new(name);
    match provider {
        Some(provider) => Reason::NameElsewhere { name, provider },
        None => Reason::NameNotOurs { name },
    }
}

/// What gives an account or a group back; and how far it has come, if gosync knows it.
fn of<E: OwnedEntry>(name: &str, owned: &Owned) -> (Option<Change>, Option<State>) {
    let rows = E::rows(owned).entries.iter();
    // One that is there before one that was.
    let row = rows
        .filter(|(_, own)| own.name() == name)
        .min_by_key(|(_, own)| !own.state().is_present());
    let Some((id, own)) = row else {
        return (None, None);
    };
    let known = E::known_name(name).ok();
    let change = known.filter(|_| own.state().is_present()).map(|name| {
        let deed = Deed::Release(own.number());
        Change::of(E::KIND, owned.key(id), name, deed)
    });
    (change, Some(own.state()))
}
