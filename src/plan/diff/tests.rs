mod adopt;
mod by_hand;
mod departures;
mod leaving;
mod local;
mod of_groups;
mod of_removal;
mod people;
mod rebinding;
mod renames;
mod unseen;

use std::collections::BTreeSet;

use super::*;
use crate::model::host::{Host, HostAccount, HostGroup, Owner};
use crate::model::name::GroupPrefix;
use crate::model::owned::{Absence, Applied, Owned, OwnedAccount, OwnedGroup, State};
use crate::model::{AccountFields, Completeness, Gid, GroupName, Now, RemoteId, Uid, UserName};
use crate::plan::samples::FakeProbe;
use crate::plan::{Deed, HomeFate, NewAccount, Observation, Plan, effects};
use crate::policy::map::{WantedAccount, WantedAccounts, WantedGroup, WantedGroups};
use crate::policy::{Field, PrimaryGroup, Rules};

const NOW: i64 = 1_000_000;

fn id(n: u32) -> RemoteId {
    RemoteId::new(&format!("u-{n}")).unwrap()
}

fn user(name: &str) -> UserName {
    UserName::new(name, false).unwrap()
}

fn whole() -> Completeness {
    Completeness::Complete(String::new())
}

/// A host with this at every home.
fn home_of(owner: Owner) -> FakeProbe {
    FakeProbe {
        home: Some(owner),
        ..FakeProbe::default()
    }
}

/// A host on which `users` is there, and what gosync owns on it; every account added is in both.
struct Case {
    host: Host<'static>,
    owned: Owned,
    rules: Rules,
    now: Now,
    completeness: Completeness,
    chosen: RunScope,
    probe: FakeProbe,
}

impl Default for Case {
    fn default() -> Self {
        let group = HostGroup {
            gid: 100,
            members: "".into(),
            writable: true,
        };
        Self {
            host: Host {
                groups: [("users", group)].into(),
                ids: BTreeSet::from([100]),
                ..Host::default()
            },
            owned: Owned::default(),
            rules: Rules::default(),
            now: Now::new(NOW),
            completeness: whole(),
            chosen: RunScope {
                new: true,
                known: true,
                force: false,
            },
            probe: FakeProbe::default(),
        }
    }
}

impl Case {
    fn owns(mut self, n: u32, name: &'static str, state: State) -> Self {
        let home: &'static str = format!("/home/{name}").leak();
        let (gecos, shell) = ("Ann".into(), "/bin/bash".into());
        let applied = Applied {
            fields: AccountFields {
                gecos,
                home: home.into(),
                shell,
            },
            ..Applied::default()
        };
        let own = OwnedAccount {
            name: name.into(),
            uid: Uid::new(20_000 + n).unwrap(),
            gid: 100,
            private_group: false,
            state,
            applied,
            subid: None,
            absence: None,
        };
        self.owned.ids.insert(20_000 + n);
        self.owned.accounts.insert(id(n), own);
        if state.is_present() {
            self = self.has(name, 20_000 + n);
            if state == State::Locked {
                (self.account(name).locked, self.account(name).expire) = (true, "1");
            }
        }
        self
    }

    fn has(mut self, name: &'static str, uid: u32) -> Self {
        let home: &'static str = format!("/home/{name}").leak();
        let (gecos, shell) = ("Ann", "/bin/bash");
        let account = HostAccount {
            uid,
            gid: 100,
            fields: AccountFields { gecos, home, shell },
            locked: false,
            expire: "",
            writable: true,
        };
        self.host.accounts.insert(name, account);
        self.host.ids.insert(uid);
        self
    }

    fn account(&mut self, name: &str) -> &mut HostAccount<'static> {
        self.host.accounts.get_mut(name).unwrap()
    }

    fn own(&mut self, n: u32) -> &mut OwnedAccount {
        self.owned.accounts.get_mut(&id(n)).unwrap()
    }

    fn absent(mut self, n: u32, runs: u32, seconds: i64) -> Self {
        self.own(n).absence = Some(Absence {
            since: NOW - seconds,
            runs,
        });
        self
    }

    fn group(mut self, n: u32, name: &'static str, applied: &str, found: &'static str) -> Self {
        let gid = Gid::new(60_000 + n).unwrap();
        self.owned.ids.insert(gid.get());
        self.owned.groups.insert(
            id(n),
            OwnedGroup {
                name: name.into(),
                gid,
                state: State::Active,
                members: applied.into(),
            },
        );
        self.host.groups.insert(
            name,
            HostGroup {
                gid: gid.get(),
                members: found.into(),
                writable: true,
            },
        );
        self.host.ids.insert(gid.get());
        self
    }

    fn plan(&self, accounts: Vec<WantedAccount>) -> Plan {
        let present = accounts.iter().map(|a| a.id.clone()).collect();
        let wanted = WantedAccounts {
            accounts,
            present,
            ..WantedAccounts::default()
        };
        super::accounts(wanted, &self.input())
    }

    fn input(&self) -> DiffInput<'_> {
        DiffInput {
            host: &self.host,
            owned: &self.owned,
            completeness: &self.completeness,
            rules: &self.rules,
            chosen: self.chosen,
            now: &self.now,
            probe: &self.probe,
        }
    }

    /// Everybody whom gosync owns.
    fn people(&self) -> BTreeSet<RemoteId> {
        self.owned.accounts.keys().cloned().collect()
    }

    /// Plans groups; everybody whom gosync owns is there.
    fn plan_groups(&self, groups: Vec<WantedGroup>) -> Plan {
        let present = groups.iter().map(|g| g.id.clone()).collect();
        let wanted = WantedGroups {
            groups,
            present,
            people: self.people(),
            ..WantedGroups::default()
        };
        super::groups(wanted, &self.input())
    }
}

fn wanted(n: u32, name: &str) -> WantedAccount {
    WantedAccount {
        id: id(n),
        open: true,
        name: user(name),
        rename: None,
        uid: None,
        gid: None,
        fields: AccountFields {
            gecos: "Ann".into(),
            home: format!("/home/{name}"),
            shell: "/bin/bash".into(),
        },
    }
}

/// The same, of whom the provider wants something else.
fn with(mut account: WantedAccount, field: Field, to: &str) -> WantedAccount {
    *field.of(account.fields.borrowed_mut()).unwrap() = to.into();
    account
}

fn group(n: u32, name: &str, members: &[u32]) -> WantedGroup {
    let name = GroupName::new(&GroupPrefix::default(), name, true).unwrap();
    let gid_range = Rules::default().groups.gid_range;
    WantedGroup {
        id: id(n),
        name,
        rename: None,
        gid: None,
        gid_range,
        members: members.iter().map(|n| id(*n)).collect(),
    }
}

/// The plan in words: changes, then remarks, then refusals.
fn words(plan: &Plan) -> Vec<String> {
    crate::plan::render::text(plan)
        .lines()
        .map(str::to_owned)
        .collect()
}

fn created(plan: &Plan) -> Vec<&NewAccount> {
    let new = plan.changes.iter();
    new.filter_map(|change| effects(change).lines.new_account())
        .collect()
}

fn deeds(plan: &Plan) -> Vec<&Deed> {
    plan.changes.iter().map(|change| &change.deed).collect()
}

fn locks(plan: &Plan) -> usize {
    plan.counts().locked
}

#[test]
fn nobody_inherits_the_home_of_somebody_who_is_gone() {
    let case = Case::default().owns(1, "ann", State::Removed);
    let heir = with(wanted(2, "bob"), Field::Home, "/home/ann");
    let plan = case.plan(vec![heir]);
    assert_eq!((plan.changes.len(), plan.refused.len()), (0, 1));
    assert!(
        plan.refused[0].reason.word() == "home-not-inherited",
        "{:?}",
        plan.refused
    );
}
