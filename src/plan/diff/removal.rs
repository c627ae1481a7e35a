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
    let mut going: Vec<&String> = names.iter().collect();
    going.sort();
    going.dedup();
    let removal = Removal {
        going: &going,
        request,
        host,
        owned,
    };
    for &name in &going {
        match removal.one(name, &mut plan) {
            Ok(change) => plan.changes.extend(change),
            Err(reason) => unknown.push(reason),
        }
    }
    if unknown.is_empty() {
        Ok(plan)
    } else {
        Err(unknown)
    }
}

/// Accounts that go together.
struct Removal<'a> {
    /// Their names.
    going: &'a [&'a String],
    request: &'a Request,
    host: &'a Host<'a>,
    owned: &'a Owned,
}

impl Removal<'_> {
    /// What becomes of one of them; `None`: it is gone already.
    fn one(&self, name: &str, plan: &mut Plan) -> Result<Option<Change>, Reason> {
        let accounts = self.owned.accounts.iter();
        let mut found = accounts.filter(|(_, own)| own.name == name && own.state.is_present());
        let Some((id, own)) = found.next() else {
            return self.unknown(name, plan).map(|()| None);
        };
        let Ok(user) = UserName::new(name, true) else {
            return Ok(None);
        };
        let found = self.host.accounts.get(name);
        let change = |deed| Ok(Some(Change::account(self.owned.key(id), user, deed)));
        if *self.request == Request::Forget {
            let stands = found.is_some();
            return change(Deed::Forget { stands });
        }
        if let Some(found) = found.filter(|found| found.uid != own.uid.get()) {
            return Err(Reason::AccountHasUid {
                name: name.to_owned(),
                found: found.uid,
                given: own.uid.get(),
            });
        }
        change(Deed::RemoveAccount {
            uid: own.uid,
            private_group: own_group_goes(own, self.going, self.host, plan),
            home: self.home(own),
        })
    }

    /// A name that gosync has no account of.
    fn unknown(&self, name: &str, plan: &mut Plan) -> Result<(), Reason> {
        let is_there = self.host.accounts.contains_key(name);
        let mut accounts = self.owned.accounts.values();
        if is_there {
            let name = name.to_owned();
            return Err(Reason::AccountNotOurs { name });
        }
        if !accounts.any(|own| own.name == name && own.state == State::Removed) {
            let name = Untrusted::new(name);
            return Err(Reason::NoSuchAccount { name });
        }
        // Perhaps by an interrupted run of the same command, which was finished a moment ago.
        plan.remark(name, Reason::RemovedAlready);
        Ok(())
    }

    fn home(&self, own: &OwnedAccount) -> HomeFate {
        let path = own.applied.fields.home.clone();
        match self.request {
            Request::RemoveHome => HomeFate::Remove { path },
            Request::ArchiveHome(into) => HomeFate::Archive {
                path,
                into: into.clone(),
            },
            Request::KeepHome | Request::Forget => HomeFate::Keep,
        }
    }
}

/// Whether the own group of an account goes with it; tells if it has one that stays.
pub(super) fn own_group_goes(
    own: &OwnedAccount,
    going: &[&String],
    host: &Host<'_>,
    plan: &mut Plan,
) -> bool {
    let found = host.groups.get(own.name.as_str());
    // A group of its name with another number was made by somebody else.
    if !own.private_group || found.is_some_and(|group| group.gid != own.gid) {
        return false;
    }
    let is_needed = others_use_group(&own.name, going, own, host);
    if is_needed {
        plan.remark(&own.name, Reason::OwnGroupStays);
    }
    !is_needed
}

/// Whether the own group of an account is needed by somebody who does not go with it; userdel(8) asks the same.
fn others_use_group(name: &str, going: &[&String], own: &OwnedAccount, host: &Host<'_>) -> bool {
    let goes = |other: &str| going.iter().any(|name| *name == other);
    let group = host.groups.get(name);
    let is_member = group.is_some_and(|group| group.members.names().any(|member| !goes(member)));
    is_member
        || host
            .accounts
            .iter()
            .any(|(other, account)| account.gid == own.gid && !goes(other))
}
