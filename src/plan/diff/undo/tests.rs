mod accounts;
mod groups;
mod names;

use std::collections::BTreeSet;

use super::*;
use crate::model::history::PastRun;
use crate::model::host::{Host, HostAccount, HostGroup, Owner};
use crate::model::owned::{Applied, OwnedGroup};
use crate::model::shells::Shells;
use crate::model::{AccountFields, Completeness, Gid, Now, Uid};
use crate::plan::diff::RunScope;
use crate::plan::samples::FakeProbe;
use crate::plan::{MemberChange, Observation, Rename};
use crate::policy::Field;
use crate::policy::Rules;
use crate::policy::local_map::LocalMap;
use crate::policy::{GivenBack, Reason};

fn id(text: &str) -> RemoteId {
    RemoteId::new(text).unwrap()
}

fn entry(value: Value) -> Entry {
    value.as_object().unwrap().clone()
}

fn ann(state: &str, shell: &str) -> Value {
    serde_json::json!({"name": "ann", "uid": 20_000, "gid": 100, "private": 0, "state": state, "gecos": "Ann",
                       "home": "/home/ann", "shell": shell, "subid": null})
}

fn change(word: &str, before: Option<Value>, after: Value) -> PastChange {
    let kind = if word.contains("group") || word.contains("members") {
        EntryKind::Group
    } else {
        EntryKind::Account
    };
    PastChange {
        seq: 1,
        provider: "p".to_owned(),
        kind,
        id: if kind == EntryKind::Group { "g" } else { "u-1" }.to_owned(),
        name: "ann".to_owned(),
        change: word.to_owned(),
        detail: None,
        before: before.map(entry),
        after: entry(after),
    }
}

fn run(changes: Vec<PastChange>) -> PastRun {
    let (provider, command) = ("p".to_owned(), "sync users".to_owned());
    PastRun {
        number: 3,
        at: 0,
        provider,
        command,
        digest: String::new(),
        counts: Value::Null,
        changes,
    }
}

/// A host on which Ann stands, and what gosync owns there.
struct Scene {
    owned: Owned,
    host: Host<'static>,
    since: Vec<Later>,
    force: bool,
    rules: Rules,
    home: Option<Owner>,
}

impl Scene {
    fn new(state: State, shell: &'static str) -> Self {
        let applied = Applied {
            fields: AccountFields {
                gecos: "Ann".into(),
                home: "/home/ann".into(),
                shell: shell.into(),
            },
            ..Applied::default()
        };
        let own = OwnedAccount {
            name: "ann".to_owned(),
            uid: Uid::new(20_000).unwrap(),
            gid: 100,
            private_group: false,
            state,
            applied,
            subid: None,
            absence: None,
        };
        let (gid, members) = (Gid::new(60_000).unwrap(), "bob".into());
        let group = OwnedGroup {
            name: "g".to_owned(),
            gid,
            state: State::Active,
            members,
        };
        let owned = Owned {
            accounts: BTreeMap::from([(id("u-1"), own)]),
            groups: BTreeMap::from([(id("g"), group)]),
            ids: BTreeSet::from([20_000]),
            ..Owned::default()
        };
        let account = HostAccount {
            uid: 20_000,
            gid: 100,
            fields: AccountFields {
                gecos: "Ann",
                home: "/home/ann",
                shell,
            },
            locked: state == State::Locked,
            expire: if state == State::Locked { "1" } else { "" },
            writable: true,
        };
        let group = |gid, members: &'static str| HostGroup {
            gid,
            members: members.into(),
            writable: true,
        };
        let mut host = Host {
            groups: crate::model::ByName::from([
                ("users", group(100, "")),
                ("g", group(60_000, "bob,by-hand")),
            ]),
            ids: BTreeSet::from([100, 60_000]),
            shells: Shells::new(["/bin/sh"], |_| true),
            ..Host::default()
        };
        if state.is_present() {
            host.accounts.insert("ann", account);
        }
        Self {
            owned,
            host,
            since: Vec::new(),
            force: false,
            rules: Rules::default(),
            home: Some(Owner::Directory(20_000)),
        }
    }

    fn map(&mut self, name: &str, privileged: bool) {
        let name = crate::model::GroupName::known(name).unwrap();
        self.rules.groups.local_map =
            LocalMap::new(vec![("remote".to_owned(), name, privileged)]).unwrap();
    }

    fn undo(&self, changes: Vec<PastChange>) -> Plan {
        let (rules, run) = (&self.rules, run(changes));
        let against = DiffInput {
            host: &self.host,
            owned: &self.owned,
            completeness: &Completeness::Narrowed,
            rules,
            chosen: RunScope {
                new: true,
                known: true,
                force: self.force,
            },
            now: &Now::new(0),
            probe: &FakeProbe {
                home: self.home,
                ..FakeProbe::default()
            },
        };
        undo(
            Past {
                run: &run,
                since: &self.since,
                force: self.force,
            },
            &against,
        )
    }
}

fn deeds(plan: &Plan) -> Vec<&Deed> {
    plan.changes.iter().map(|change| &change.deed).collect()
}

fn words(plan: &Plan) -> Vec<&'static str> {
    plan.changes
        .iter()
        .map(|change| effects(change).word)
        .collect()
}

/// The words for what is refused; of reasons that lie in others, the inner ones.
fn reasons(plan: &Plan) -> Vec<&'static str> {
    plan.refused
        .iter()
        .map(|refusal| refusal.reason.cause().word())
        .collect()
}

/// An account of the host's own that is not gosync's.
fn of_another() -> HostAccount<'static> {
    HostAccount {
        uid: 7,
        gid: 7,
        fields: AccountFields {
            gecos: "",
            home: "/h",
            shell: "",
        },
        locked: false,
        expire: "",
        writable: true,
    }
}

#[test]
fn a_later_run_stands_in_the_way_unless_it_is_forced() {
    let mut scene = Scene::new(State::Active, "/bin/ksh");
    scene.since = vec![Later {
        provider: "p".to_owned(),
        kind: EntryKind::Account,
        id: "u-1".to_owned(),
        run: 9,
    }];
    let past = || {
        vec![change(
            "update-account",
            Some(ann("active", "/bin/sh")),
            ann("active", "/bin/zsh"),
        )]
    };
    let plan = scene.undo(past());
    assert!(
        plan.changes.is_empty() && reasons(&plan) == ["changed-by-run"],
        "{plan:?}"
    );
    scene.force = true;
    assert_eq!(words(&scene.undo(past())), ["update-account"]);
    scene.since[0].provider = "other".to_owned();
    scene.force = false;
    assert_eq!(
        words(&scene.undo(past())),
        ["update-account"],
        "another provider's id is another entry"
    );
}

#[test]
fn what_was_given_back_names_the_command_that_takes_it_over_again() {
    let mut scene = Scene::new(State::Released, "/bin/sh");
    let told = |scene: &Scene| {
        let past = change(
            "release-account",
            Some(ann("active", "/bin/sh")),
            ann("released", "/bin/sh"),
        );
        match &scene.undo(vec![past]).refused[..] {
            [refusal] => refusal.reason.clone(),
            several => panic!("{several:?}"),
        }
    };
    let back = |alias: Option<&str>| Reason::GivenBack {
        back: GivenBack {
            name: Untrusted::new("ann"),
            alias: alias.map(Untrusted::new),
            shadowed: false,
        },
    };
    assert_eq!(told(&scene), back(None));
    scene
        .owned
        .aliases
        .accounts
        .insert(id("u-1"), "anna".to_owned());
    assert_eq!(told(&scene), back(Some("anna")));
}

fn team(name: &str, state: &str, members: &str) -> Value {
    serde_json::json!({"name": name, "gid": 60_000, "state": state, "members": members})
}

#[test]
fn what_cannot_be_undone_is_told_one_by_one() {
    let scene = Scene::new(State::Active, "/bin/sh");
    let mut other = change(
        "update-account",
        Some(ann("active", "/bin/zsh")),
        ann("active", "/bin/sh"),
    );
    other.provider = "q".to_owned();
    let mut unknown = change(
        "update-account",
        Some(ann("active", "/bin/zsh")),
        ann("active", "/bin/sh"),
    );
    unknown.id = "u-2".to_owned();
    let plan = scene.undo(vec![other, unknown]);
    assert!(plan.changes.is_empty() && plan.remarks.is_empty());
    let reasons = reasons(&plan);
    assert_eq!(reasons, ["other-providers-entry", "not-in-ledger"]);
}
