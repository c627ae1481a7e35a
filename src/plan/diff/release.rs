//! The plan for `release`: an account or a group of gosync's becomes the host's again, untouched.

use crate::model::owned::{Owned, State};
use crate::model::{GroupName, Untrusted, UserName};
use crate::plan::{Change, Deed, Number, Plan};
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
            Some(true) => group(name, owned),
            Some(false) => account(name, owned),
            None => Some(account(name, owned))
                .filter(|(_, was)| was.is_some())
                .unwrap_or_else(|| group(name, owned)),
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

/// What gives an account back; and how far it has come, if gosync knows it.
fn account(name: &str, owned: &Owned) -> (Option<Change>, Option<State>) {
    let mut rows = owned
        .accounts
        .iter()
        .filter(|(_, own)| own.name == name)
        .collect::<Vec<_>>();
    rows.sort_by_key(|(_, own)| !own.state.is_present());
    let Some((id, own)) = rows.first() else {
        return (None, None);
    };
    let user = UserName::new(name, true)
        .ok()
        .filter(|_| own.state.is_present());
    let change =
        user.map(|name| Change::account(owned.key(id), name, Deed::Release(Number::Uid(own.uid))));
    (change, Some(own.state))
}

fn group(name: &str, owned: &Owned) -> (Option<Change>, Option<State>) {
    let mut rows = owned
        .groups
        .iter()
        .filter(|(_, own)| own.name == name)
        .collect::<Vec<_>>();
    rows.sort_by_key(|(_, own)| !own.state.is_present());
    let Some((id, own)) = rows.first() else {
        return (None, None);
    };
    let group = GroupName::known(name)
        .ok()
        .filter(|_| own.state.is_present());
    let change =
        group.map(|name| Change::group(owned.key(id), name, Deed::Release(Number::Gid(own.gid))));
    (change, Some(own.state))
}
