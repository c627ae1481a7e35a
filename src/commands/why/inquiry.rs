//! What a name means: what the provider says of it, what gosync has, and what the next sync would
//! do.

use std::collections::BTreeMap;

use crate::commands::setup::Setup;
use crate::commands::watch::UiWatch;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::model::host::Host;
use crate::model::owned::{Owned, OwnedAccount, OwnedGroup, State};
use crate::model::{
    Key, Named, ProviderName, RejectedRecord, RemoteId, Snapshot, User, named, same_name, shown,
};
use crate::plan::Plan;
use crate::policy::select::Selection;
use crate::policy::{NameMap, map};
use crate::providers::Scope;
use crate::run::view::{self, ProviderView};
use crate::run::{Options, PlanContext, RealProbe, Task, consider};
use crate::targets::Hold;

/// What the provider said, and the plan of the sync that would ask the same.
pub(super) struct Answer {
    pub(super) desired: ProviderView,
    pub(super) plan: Plan,
    /// Whether only one person was asked for.
    pub(super) narrow: bool,
    /// Records that belong to another provider's account.
    pub(super) elsewhere: Vec<(User, Key)>,
    /// Fields that come from another provider, and from which.
    pub(super) sources: BTreeMap<RemoteId, Vec<(&'static str, ProviderName)>>,
}

pub(super) struct Inquiry<'a> {
    pub(super) setup: &'a Setup<'a>,
    pub(super) name: &'a str,
    pub(super) ledger: Option<Ledger>,
    pub(super) owned: Owned,
}

impl Inquiry<'_> {
    /// Asks for this person alone, by the login; for everybody, if that does not find who is meant,
    /// or if only a complete read can tell what is next.
    pub(super) fn people(&self) -> Result<Answer> {
        let users = |only| Task::Users {
            new: true,
            existing: true,
            only,
        };
        let mut watch = UiWatch::new(self.setup.ui);
        let task = users(vec![self.name.to_owned()]);
        let snapshot = view::read_all(self.setup, &task, &mut watch)?;
        let known = self.owned_account();
        let hit = self
            .user(&snapshot)
            .map(|user| &user.id)
            .or(self.rejected(&snapshot).and_then(|r| r.id.as_ref()));
        let is_hit = hit.is_some() && known.is_none_or(|(id, _)| hit == Some(id));
        if is_hit && !known.is_some_and(|(_, own)| self.may_be_leaving(own, &snapshot)) {
            return self.answer(&task, snapshot, true);
        }
        let task = users(Vec::new());
        let snapshot = view::read_all(self.setup, &task, &mut watch)?;
        self.answer(&task, snapshot, false)
    }

    /// Whether an account is on the way out, or may be, as far as a read of this person alone
    /// shows: nobody goes on there without the proof of a complete one.
    fn may_be_leaving(&self, own: &OwnedAccount, snapshot: &Snapshot) -> bool {
        let is_in = |selection: &dyn Fn(&User) -> Selection| {
            self.user(snapshot)
                .is_none_or(|user| selection(user) == Selection::Selected)
        };
        let is_in = self
            .setup
            .selection(&snapshot.directory)
            .is_ok_and(|selection| is_in(&selection));
        own.state == State::Locked || own.state.is_present() && !is_in
    }

    pub(super) fn groups(&self) -> Result<Answer> {
        let task = Task::Groups { only: Vec::new() };
        let snapshot = view::read(self.setup, &task, &mut UiWatch::new(self.setup.ui))?;
        self.answer(&task, snapshot, false)
    }

    fn answer(&self, task: &Task, snapshot: Snapshot, narrow: bool) -> Result<Answer> {
        let options = Options {
            dry_run: true,
            force: self.setup.global.force,
            ..Options::default()
        };
        let mut desired = ProviderView::new(self.setup, task, options.force, snapshot);
        let mut watch = UiWatch::new(self.setup.ui);
        desired.learn_numbers(self.setup, task, &self.owned, &mut watch)?;
        let target = self.setup.target()?;
        let current = target.read(Hold::Open)?;
        let powers = self.setup.power_book(target.as_ref());
        let probe = RealProbe::new(&self.setup.root, target.as_ref());
        let mut host = Host {
            power_book: Some(&powers),
            ..current.host()
        };
        let plan = consider(&probe, &mut host, |host| {
            let cx = PlanContext {
                env: self.setup,
                options: &options,
                target: target.as_ref(),
                host,
                owned: &self.owned,
            };
            desired.plan(&cx, task)
        })?;
        let joined = match task.scope() {
            Scope::Users | Scope::Both => desired.joined(self.setup, task, &self.owned)?,
            Scope::Groups => None,
        };
        let (desired, elsewhere, sources) = match joined {
            Some(joined) => (joined.view, joined.elsewhere, joined.sources),
            None => (desired, Vec::new(), BTreeMap::new()),
        };
        Ok(Answer {
            desired,
            plan,
            narrow,
            elsewhere,
            sources,
        })
    }

    /// The account of this name or id in the ledger; one that is on the host before one that was.
    pub(super) fn owned_account(&self) -> Option<(&RemoteId, &OwnedAccount)> {
        let meant = |(id, own): &(&RemoteId, &OwnedAccount)| {
            own.name == self.name || id.as_str() == self.name
        };
        let all = || self.owned.accounts.iter().filter(meant);
        all()
            .find(|(_, own)| own.state.is_present())
            .or_else(|| all().next())
    }

    /// Whom the name means: the person of the account, of the login, of the id, or whose account
    /// would be called so.
    pub(super) fn user<'s>(&self, snapshot: &'s Snapshot) -> Option<&'s User> {
        let users = || snapshot.directory.users.iter();
        let names = &self.setup.settings.rules.accounts.names;
        let known = self
            .owned_account()
            .filter(|(_, own)| own.state.is_present());
        let of_account = known.map(|(id, _)| users().find(|user| user.id == *id));
        // Who has an account of this name is meant, even if somebody else has the login now.
        of_account.unwrap_or_else(|| {
            first(named(self.name, users(), |user| user.login.raw()))
                .or_else(|| users().find(|user| user.id.as_str() == self.name))
                .or_else(|| {
                    users().find(|user| {
                        NameMap::apply(names, &user.login.raw().to_ascii_lowercase()) == self.name
                    })
                })
        })
    }

    /// The record of this name that cannot be used at all.
    pub(super) fn rejected<'s>(&self, snapshot: &'s Snapshot) -> Option<&'s RejectedRecord> {
        snapshot.rejected.iter().find(|record| {
            same_name(record.subject.raw(), self.name)
                || record
                    .id
                    .as_ref()
                    .is_some_and(|id| id.as_str() == self.name)
        })
    }

    /// The name of a group that is known, and what it was adopted for.
    pub(super) fn known_as<'o>(
        &'o self,
        id: &RemoteId,
        known: Option<&'o OwnedGroup>,
    ) -> Option<map::KnownAs<'o>> {
        let alias = self.owned.aliases.groups.get(id).map(String::as_str);
        known.map(|own| map::KnownAs {
            name: &own.name,
            alias,
            number: own.gid.get(),
        })
    }

    pub(super) fn host_has(&self, is_there: impl FnOnce(&Host<'_>) -> bool) -> Result<bool> {
        let target = self.setup.target()?;
        let current = target.read(Hold::Open)?;
        Ok(is_there(&current.host()))
    }

    /// How many accounts of the host have this primary group.
    pub(super) fn primaries(&self, gid: u32) -> Result<usize> {
        let target = self.setup.target()?;
        let current = target.read(Hold::Open)?;
        let host = current.host();
        Ok(host
            .accounts
            .values()
            .filter(|found| found.gid == gid)
            .count())
    }

    pub(super) fn nobody(&self) -> Result<Error> {
        let target = self.setup.target()?;
        let current = target.read(Hold::Open)?;
        let (host, name) = (current.host(), shown(self.name));
        let is_here = host.accounts.contains_key(self.name) || host.groups.contains_key(self.name);
        Ok(match is_here {
            true => Error::failed(format!(
                "`{name}` is on this host, but it is not gosync's, and the provider has none"
            )),
            false => Error::failed(format!(
                "neither the provider nor the ledger knows `{name}`"
            )),
        })
    }
}

/// What a name means; of several that differ in case only, any: what is said of one goes for all.
pub(super) fn first<T>(found: Named<T>) -> Option<T> {
    match found {
        Named::None => None,
        Named::One(one) => Some(one),
        Named::Several(several) => several.into_iter().next(),
    }
}
