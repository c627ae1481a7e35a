//! The plan for `release`: an account or a group of gosync's becomes the host's again, untouched.

use super::owned_entry::OwnedEntry;
use crate::model::Untrusted;
use crate::model::owned::{Owned, OwnedAccount, OwnedGroup, State};
use crate::plan::{Change, Deed, Plan};
use crate::policy::Reason;

/// Plans to give back accounts, or groups, by name. `groups`: which of them; `None`: whichever gosync has.
///
/// # Errors
/// A reason for each name that gosync does not own; then nothing is planned.
pub(crate) fn release(
    names: &[String],
    groups: Option<bool>,
    owned: &Owned,
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
        let (change, was) = match groups {
            Some(true) => of::<OwnedGroup>(name, owned),
            Some(false) => of::<OwnedAccount>(name, owned),
            None => Some(of::<OwnedAccount>(name, owned))
                .filter(|(_, was)| was.is_some())
                .unwrap_or_else(|| of::<OwnedGroup>(name, owned)),
        };
        match change {
            Some(change) => plan.changes.push(change),
            // Perhaps by an interrupted run of the same command, which was finished a moment ago.
            None if was == Some(State::Released) => plan.remark(name, Reason::GivenBackAlready),
            None => unknown.push(Reason::NameNotOurs {
                name: Untrusted::new(name),
            }),
        }
    }
    if unknown.is_empty() {
        Ok(plan)
    } else {
        Err(unknown)
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
