//! The plan for `deluser`.

use serde::{Deserialize, Serialize};

use crate::model::host::Host;
use crate::model::owned::{Owned, OwnedAccount, State};
use crate::model::{Untrusted, UserName};
use crate::plan::{Change, Deed, HomeFate, Plan};
use crate::policy::Reason;

/// What `deluser` is asked to do with each account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Only stop owning it.
    Forget,
    /// Take it out of the databases and leave the home.
    KeepHome,
    /// Take it out and delete the home.
    RemoveHome,
    /// Take it out, pack the home into a file of this directory, and delete it.
    ArchiveHome(String),
}

/// Plans the removal of accounts by name.
///
/// # Errors
/// A reason for each name that gosync does not own; then nothing is planned.
pub(crate) fn removal(
    names: &[String],
    request: &Request,
    host: &Host<'_>,
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
    for &name in &names {
        let mut own = owned
            .accounts
            .iter()
            .filter(|(_, own)| own.name == *name && own.state.is_present());
        let Some((id, own)) = own.next() else {
            let is_gone = owned
                .accounts
                .values()
                .any(|own| own.name == *name && own.state == State::Removed);
            if is_gone && !host.accounts.contains_key(name.as_str()) {
                // Perhaps by an interrupted run of the same command, which was finished a moment ago.
                plan.remark(name, Reason::RemovedAlready);
                continue;
            }
            unknown.push(match host.accounts.contains_key(name.as_str()) {
                true => Reason::AccountNotOurs { name: name.clone() },
                false => Reason::NoSuchAccount {
                    name: Untrusted::new(name),
                },
            });
            continue;
        };
        let Ok(user) = UserName::new(name, true) else {
            continue;
        };
        if *request == Request::Forget {
            let stands = host.accounts.contains_key(name.as_str());
            plan.changes.push(Change::account(
                owned.key(id),
                user,
                Deed::Forget { stands },
            ));
            continue;
        }
        if let Some(found) = host
            .accounts
            .get(name.as_str())
            .filter(|found| found.uid != own.uid.get())
        {
            unknown.push(Reason::AccountHasUid {
                name: name.clone(),
                found: found.uid,
                given: own.uid.get(),
            });
            continue;
        }
        let path = own.applied.home.clone();
        let home = match request {
            Request::RemoveHome => HomeFate::Remove { path },
            Request::ArchiveHome(into) => HomeFate::Archive {
                path,
                into: into.clone(),
            },
            Request::KeepHome | Request::Forget => HomeFate::Keep,
        };
        // A group of its name with another number was made by somebody else.
        let has_group = own.private_group
            && host
                .groups
                .get(name.as_str())
                .is_none_or(|g| g.gid == own.gid);
        let private_group = has_group && !others_use_group(name, &names, own, host);
        if has_group && !private_group {
            plan.remark(name, Reason::OwnGroupStays);
        }
        let remove = Deed::RemoveAccount {
            uid: own.uid,
            private_group,
            home,
        };
        plan.changes
            .push(Change::account(owned.key(id), user, remove));
    }
    if unknown.is_empty() {
        Ok(plan)
    } else {
        Err(unknown)
    }
}

/// Whether the own group of an account is needed by somebody who does not go with it; userdel(8) asks the same.
pub(super) fn others_use_group(
    name: &str,
    going: &[&String],
    own: &OwnedAccount,
    host: &Host<'_>,
) -> bool {
    let goes = |other: &str| going.iter().any(|name| *name == other);
    let group = host.groups.get(name);
    let is_member = group.is_some_and(|group| group.members.names().any(|member| !goes(member)));
    is_member
        || host
            .accounts
            .iter()
            .any(|(other, account)| account.gid == own.gid && !goes(other))
}
