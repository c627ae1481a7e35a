//! `gosync adopt` and `gosync release`: accounts and groups of the host's become gosync's, and the host's again.

use super::Outcome;
use crate::cli::{self, Adopt, Global, Release};
use crate::error::{Error, Kind, Result};
use crate::model::host::Host;
use crate::model::owned::{Applied, Owned, OwnedAccount, OwnedGroup, State};
use crate::model::{Completeness, Contact, Directory, Gid, Members, RemoteId, Uid, shown};
use crate::plan::Plan;
use crate::plan::diff::{self, Person};
use crate::policy::select::{self, Standing};
use crate::policy::{Refusal, adoption, map};
use crate::providers::Scope;
use crate::run::commit::carry_out;
use crate::run::outcome::judge_hooks;
use crate::run::setup::Setup;
use crate::system::lock::Purpose;
use crate::targets::Target as _;
use crate::ui::Ui;

pub(super) fn adopt(global: &Global, args: &Adopt, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let _lock = setup.lock(Purpose::of("adopt", args.plan.dry_run))?;
    let is_group = match args.kind {
        Some(kind) => kind == cli::Kind::Group,
        None => is_group_alone(&setup, &args.name)?,
    };
    // All of it: somebody else may want the name, too.
    let snapshot = setup.fetch(
        if is_group {
            Scope::Groups
        } else {
            Scope::Users
        },
        None,
    )?;
    if let Completeness::Incomplete(reason) = &snapshot.completeness {
        return Err(
            Error::new(Kind::Source, format!("the read was incomplete: {reason}"))
                .hint("Nothing was adopted; somebody else may want the name"),
        );
    }
    let carried = carry_out(&setup, &args.plan, "adopt", &|host, owned| {
        let candidate = Candidate {
            setup: &setup,
            args,
            directory: &snapshot.directory,
            host,
            owned,
        };
        let plan = if is_group {
            candidate.group()
        } else {
            candidate.account()
        };
        plan.map_err(|reason| {
            Error::failed(format!("`{}` was not adopted: {reason}", shown(&args.name)))
        })
    })?;
    judge_hooks(carried.outcome, carried.hooks, &args.plan)
}

/// Whether a name is on this host only as that of a group.
fn is_group_alone(setup: &Setup<'_>, name: &str) -> Result<bool> {
    let current = setup.target()?.read()?;
    let host = current.host();
    Ok(host.groups.contains_key(name) && !host.accounts.contains_key(name))
}

/// What is to be adopted, and what decides about it.
struct Candidate<'a> {
    setup: &'a Setup<'a>,
    args: &'a Adopt,
    directory: &'a Directory,
    host: &'a Host<'a>,
    owned: &'a Owned,
}

impl Candidate<'_> {
    fn account(&self) -> std::result::Result<Plan, String> {
        let Self {
            directory,
            host,
            owned,
            ..
        } = *self;
        let (name, rules) = (self.args.name.as_str(), &self.setup.settings.rules.accounts);
        let user = adoption::person(directory, name, self.args.remote.as_deref(), rules)?;
        let standing =
            select::select(directory, rules.top_group.as_deref()).map_err(|e| e.to_string())?;
        match standing(user) {
            Standing::In => {}
            Standing::Shut => return Err("the provider shuts this person out".to_owned()),
            Standing::Outside => return Err("this person is no member of the top group".to_owned()),
        }
        let id = user.id.clone();
        let found = host
            .accounts
            .get(name)
            .ok_or_else(|| format!("there is no account `{}` on this host", shown(name)))?;
        let (alone, called) = (
            Directory {
                users: vec![user.clone()],
                groups: vec![],
            },
            map::name_of(user, rules),
        );
        let mut wanted = map::accounts(
            &alone,
            |_| Standing::In,
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
        for (name, text) in wanted.remarks {
            plan.remark(name, text);
        }
        for rival in adoption::rivals(directory, name, &id, rules) {
            plan.remark(
                name,
                format!("{rival} would be called so, too, and gets no account of this name"),
            );
        }
        Ok(plan)
    }

    fn group(&self) -> std::result::Result<Plan, String> {
        let Self {
            directory,
            host,
            owned,
            ..
        } = *self;
        let (name, rules) = (self.args.name.as_str(), &self.setup.settings.rules.groups);
        let group = adoption::group(directory, name, self.args.remote.as_deref(), rules)?;
        if !rules.filter.matches(group.name.raw()) {
            return Err(format!(
                "`filter` in [groups] does not let the provider's group `{}` through",
                group.name
            ));
        }
        let found = host
            .groups
            .get(name)
            .ok_or_else(|| format!("there is no group `{}` on this host", shown(name)))?;
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
        diff::adopt_group(name, &wish, called.as_deref(), wanted.people, host, owned)
    }
}

/// Why the provider's record makes no account or group.
fn unusable(refusal: Option<Refusal>) -> String {
    refusal.map_or_else(
        || "the record cannot be used".to_owned(),
        |refusal| refusal.reason,
    )
}

/// What gosync would own: so that the provider's wishes are mapped to the name that the account has.
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

pub(super) fn release(global: &Global, args: &Release, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let _lock = setup.lock(Purpose::of("release", args.plan.dry_run))?;
    let carried = carry_out(&setup, &args.plan, "release", &|_, owned| {
        diff::release(
            &args.names,
            args.kind.map(|kind| kind == cli::Kind::Group),
            owned,
        )
        .map_err(|reasons| Error::failed(format!("nothing was given back: {}", reasons.join("; "))))
    })?;
    judge_hooks(carried.outcome, carried.hooks, &args.plan)
}
