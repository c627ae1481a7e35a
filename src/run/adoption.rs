//! The plan of `adopt`: an account or a group of the host's becomes gosync's.

use super::context::PlanContext;
use super::env::Env;
use super::job::Kind;
use super::watch::Watch;
use crate::error::{Error, Kind as ErrorKind, Result};
use crate::model::Untrusted;
use crate::model::history::EntryKind;
use crate::model::host::Host;
use crate::model::owned::{Applied, Owned, OwnedAccount, OwnedGroup, State};
use crate::model::{
    Completeness, Contact, Directory, Gid, Members, RemoteId, Snapshot, Uid, User, shown,
};
use crate::plan::Plan;
use crate::plan::diff::{self, Counterpart, Person};
use crate::policy::select::{self, Selection};
use crate::policy::{Reason, Refusal, Rules, adoption, map};
use crate::providers::Scope;
use crate::targets::Hold;

/// What is to be adopted, and what the provider says.
pub(crate) struct Adoption {
    name: String,
    remote: Option<String>,
    is_group: bool,
    snapshot: Snapshot,
}

impl Adoption {
    /// Asks the provider for all that decides about an adoption.
    pub(crate) fn read(
        env: &Env,
        name: &str,
        remote: Option<&str>,
        kind: Option<Kind>,
        watch: &mut dyn Watch,
    ) -> Result<Self> {
        let is_group = match kind {
            Some(kind) => kind == Kind::Group,
            None => is_group_alone(env, name)?,
        };
        let scope = if is_group {
            Scope::Groups
        } else {
            Scope::Users
        };
        // All of it: somebody else may want the name, too.
        let snapshot = env.fetch(scope, None, watch)?;
        if let Completeness::Incomplete(reason) = &snapshot.completeness {
            let message = format!("the read was incomplete: {reason}");
            return Err(Error::new(ErrorKind::Source, message)
                .hint("Nothing was adopted; somebody else may want the name"));
        }
        Ok(Self {
            name: name.to_owned(),
            remote: remote.map(str::to_owned),
            is_group,
            snapshot,
        })
    }

    /// What was read.
    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The plan of it.
    pub(crate) fn plan(&self, cx: &PlanContext<'_>) -> Result<Plan> {
        let candidate = Candidate {
            name: &self.name,
            remote: self.remote.as_deref(),
            directory: &self.snapshot.directory,
            host: cx.host,
            owned: cx.owned,
            rules: &cx.env.settings.rules,
        };
        let plan = if self.is_group {
            candidate.group()
        } else {
            candidate.account()
        };
        plan.map_err(|reason| {
            Error::failed(format!("`{}` was not adopted: {reason}", shown(&self.name)))
        })
    }
}

/// Whether a name is on this host only as that of a group.
fn is_group_alone(env: &Env, name: &str) -> Result<bool> {
    let target = env.target()?;
    let current = target.read(Hold::Open)?;
    let host = current.host();
    Ok(host.groups.contains_key(name) && !host.accounts.contains_key(name))
}

/// What is to be adopted, and what decides about it.
struct Candidate<'a> {
    name: &'a str,
    /// What it is called at the provider, if not the same.
    remote: Option<&'a str>,
    directory: &'a Directory,
    host: &'a Host<'a>,
    owned: &'a Owned,
    rules: &'a Rules,
}

impl Candidate<'_> {
    fn account(&self) -> std::result::Result<Plan, Reason> {
        let Self {
            directory,
            host,
            owned,
            ..
        } = *self;
        let (name, rules) = (self.name, &self.rules.accounts);
        let user = adoption::person(directory, name, self.remote, rules)?;
        self.check_selected(user)?;
        let id = user.id.clone();
        let found = host.accounts.get(name).ok_or_else(|| Reason::NotOnHost {
            kind: EntryKind::Account,
            name: Untrusted::new(name),
        })?;
        let (alone, called) = (
            Directory {
                users: vec![user.clone()],
                groups: vec![],
            },
            map::name_of(user, rules),
        );
        let mut wanted = map::accounts(
            &alone,
            |_| Selection::Selected,
            &as_if_owned(&id, name, &called, found.uid),
            &host.shells,
            rules,
        );
        let account = wanted
            .accounts
            .pop()
            .ok_or_else(|| unusable(wanted.refusals.pop()))?;
        let person = Person {
            wanted: &account,
            login: &user.login,
            called: &called,
        };
        let mut plan = diff::adopt_account(name, person, host, owned, rules)?;
        plan.contacts.insert(
            id.clone(),
            Contact::new(user.email.as_ref(), &user.ssh_keys),
        );
        plan.remarks.append(&mut wanted.remarks);
        for who in adoption::rivals(directory, name, &id, rules) {
            plan.remark(name, Reason::Rival { who });
        }
        Ok(plan)
    }

    /// Nobody is adopted who would be locked at once.
    fn check_selected(&self, user: &User) -> std::result::Result<(), Reason> {
        let top_group = self.rules.accounts.top_group.as_deref();
        let selection =
            select::select(self.directory, top_group).map_err(|why| Reason::NoSelection { why })?;
        match selection(user) {
            Selection::Selected => Ok(()),
            Selection::Suspended => Err(Reason::ShutOut),
            Selection::NotSelected => Err(Reason::NotInTopGroup),
        }
    }

    fn group(&self) -> std::result::Result<Plan, Reason> {
        let Self {
            directory,
            host,
            owned,
            ..
        } = *self;
        let (name, rules) = (self.name, &self.rules.groups);
        let group = adoption::group(directory, name, self.remote, rules)?;
        if !rules.filter.matches(group.name.raw()) {
            let name = group.name.clone();
            return Err(Reason::FilteredGroup { name });
        }
        let found = host.groups.get(name).ok_or_else(|| Reason::NotOnHost {
            kind: EntryKind::Group,
            name: Untrusted::new(name),
        })?;
        let mut as_if = Owned::default();
        if let Some(gid) = Gid::new(found.gid) {
            let own = OwnedGroup {
                name: name.to_owned(),
                gid,
                state: State::Active,
                members: Members::default(),
            };
            as_if.groups.insert(group.id.clone(), own);
        }
        let alone = Directory {
            users: directory.users.clone(),
            groups: vec![group.clone()],
        };
        let mut wanted = map::groups(&alone, &as_if, rules);
        let wish = wanted
            .groups
            .pop()
            .ok_or_else(|| unusable(wanted.refusals.pop()))?;
        let called = adoption::called(&group.name, rules);
        let counterpart = Counterpart {
            wanted: &wish,
            called: called.as_deref(),
            people: wanted.people,
        };
        diff::adopt_group(name, counterpart, host, owned)
    }
}

/// Why the provider's record makes no account or group.
fn unusable(refusal: Option<Refusal>) -> Reason {
    refusal.map_or(Reason::RecordUnusable, |refusal| refusal.reason)
}

/// What gosync would own: so that the provider's wishes are mapped to the name that the account
/// has.
fn as_if_owned(id: &RemoteId, name: &str, called: &str, uid: u32) -> Owned {
    let mut owned = Owned::default();
    if let Some(uid) = Uid::new(uid) {
        let account = OwnedAccount {
            name: name.to_owned(),
            uid,
            gid: 0,
            private_group: false,
            state: State::Active,
            applied: Applied::default(),
            subid: None,
            absence: None,
        };
        owned.accounts.insert(id.clone(), account);
        owned.aliases.accounts.insert(id.clone(), called.to_owned());
    }
    owned
}
