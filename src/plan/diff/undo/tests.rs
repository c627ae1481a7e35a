use std::collections::BTreeSet;

use super::*;
use crate::model::history::PastRun;
use crate::model::host::{Host, HostAccount, HostGroup, Owner};
use crate::model::owned::{Applied, OwnedGroup};
use crate::model::shells::Shells;
use crate::model::{AccountFields, Completeness, Gid, Uid};
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
            groups: BTreeMap::from([
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
            now: 0,
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

#[test]
fn several_changes_of_one_account_are_undone_together() {
    let scene = Scene::new(State::Locked, "/bin/zsh");
    let pair = |word| {
        change(
            word,
            Some(ann("active", "/bin/sh")),
            ann("locked", "/bin/zsh"),
        )
    };
    let plan = scene.undo(vec![pair("lock-account"), pair("update-account")]);
    assert_eq!(words(&plan), ["unlock-account", "update-account"]);
    let Deed::Update { fields } = &plan.changes[1].deed else {
        panic!()
    };
    assert_eq!((fields.len(), fields[0].to.as_str()), (1, "/bin/sh"));
    assert_eq!(plan.remarks.len(), 1, "that the next sync may do it again");
}

#[test]
fn what_is_as_it_was_is_left_alone_whoever_made_it_so() {
    let mut scene = Scene::new(State::Active, "/bin/sh");
    scene.since = vec![Later {
        provider: "p".to_owned(),
        kind: EntryKind::Account,
        id: "u-1".to_owned(),
        run: 9,
    }];
    let plan = scene.undo(vec![change(
        "update-account",
        Some(ann("active", "/bin/sh")),
        ann("active", "/bin/zsh"),
    )]);
    assert_eq!(
        (plan.changes.len(), plan.refused.len(), plan.unchanged),
        (0, 0, 1)
    );
}

#[test]
fn what_was_adopted_is_given_back_as_it_was() {
    let adopted = || PastChange {
        detail: Some(serde_json::json!({"before": {"shell": "/bin/zsh"}})),
        ..change("adopt-account", None, ann("active", "/bin/sh"))
    };
    let mut scene = Scene::new(State::Active, "/bin/sh");
    let plan = scene.undo(vec![adopted()]);
    let [Deed::Update { fields }, Deed::Release(_)] = deeds(&plan)[..] else {
        panic!("{plan:?}")
    };
    assert_eq!((fields.len(), fields[0].to.as_str()), (1, "/bin/zsh"));
    scene.host.accounts.get_mut("ann").unwrap().fields.shell = "/bin/ksh";
    assert_eq!(
        words(&scene.undo(vec![adopted()])),
        ["release-account"],
        "changed by hand since"
    );
    scene.force = true;
    assert_eq!(
        words(&scene.undo(vec![adopted()])),
        ["update-account", "release-account"]
    );
}

#[test]
fn keys_that_do_not_come_back_are_told() {
    let keys = |state: &str| PastChange {
        detail: Some(serde_json::json!({"keys": {"from": ["SHA256:x"], "to": []}})),
        ..change(
            "set-keys",
            Some(ann("active", "/bin/sh")),
            ann(state, "/bin/sh"),
        )
    };
    let told = |plan: &Plan| {
        plan.remarks
            .iter()
            .any(|remark| remark.reason.word() == "keys-stay")
    };
    let plan = Scene::new(State::Active, "/bin/sh").undo(vec![keys("active")]);
    assert!(
        plan.changes.is_empty() && plan.unchanged == 0 && told(&plan),
        "{plan:?}"
    );
    let lock = change(
        "lock-account",
        Some(ann("active", "/bin/sh")),
        ann("locked", "/bin/sh"),
    );
    let plan = Scene::new(State::Locked, "/bin/sh").undo(vec![lock, keys("locked")]);
    assert!(
        words(&plan) == ["unlock-account"] && told(&plan),
        "{plan:?}"
    );
    let open = change(
        "unlock-account",
        Some(ann("locked", "/bin/sh")),
        ann("active", "/bin/sh"),
    );
    let plan = Scene::new(State::Active, "/bin/sh").undo(vec![open, keys("active")]);
    assert!(
        words(&plan) == ["lock-account"] && !told(&plan),
        "they are withdrawn: {plan:?}"
    );
}

#[test]
fn what_stands_as_it_was_is_only_noted() {
    let mut scene = Scene::new(State::Active, "/bin/zsh");
    scene.host.accounts.get_mut("ann").unwrap().fields.shell = "/bin/sh";
    let plan = scene.undo(vec![change(
        "update-account",
        Some(ann("active", "/bin/sh")),
        ann("active", "/bin/zsh"),
    )]);
    assert_eq!((plan.changes.len(), plan.refused.len()), (0, 0), "{plan:?}");
    assert_eq!(
        plan.observations,
        [Observation::Agreed(
            id("u-1"),
            Field::Shell,
            "/bin/sh".to_owned()
        )]
    );
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

#[test]
fn an_account_that_was_made_goes_and_one_that_was_only_taken_up_again_is_forgotten() {
    let scene = Scene::new(State::Active, "/bin/sh");
    let made = |before| {
        scene.undo(vec![change(
            "create-account",
            before,
            ann("active", "/bin/sh"),
        )])
    };
    assert_eq!(words(&made(None)), ["remove-account"]);
    assert_eq!(
        words(&made(Some(ann("removed", "/bin/sh")))),
        ["remove-account"]
    );
    assert_eq!(
        words(&made(Some(ann("reserved", "/bin/sh")))),
        ["forget-account"]
    );
    let mut by_hand = Scene::new(State::Active, "/bin/sh");
    by_hand.host.accounts.get_mut("ann").unwrap().fields.shell = "/bin/zsh";
    let plan = by_hand.undo(vec![change(
        "create-account",
        None,
        ann("active", "/bin/sh"),
    )]);
    assert!(
        plan.changes.is_empty() && reasons(&plan)[0] == "changed-by-hand",
        "{plan:?}"
    );
    // By a removal that was broken off, or by hand: the rest of it goes.
    let mut gone = Scene::new(State::Active, "/bin/sh");
    gone.host.accounts.clear();
    assert_eq!(
        words(&gone.undo(vec![change(
            "create-account",
            None,
            ann("active", "/bin/sh")
        )])),
        ["remove-account"]
    );
}

#[test]
fn an_account_that_was_removed_comes_back_by_the_rules_of_new_accounts() {
    let mut scene = Scene::new(State::Removed, "/bin/sh");
    let removed = || {
        let mut removed = change(
            "remove-account",
            Some(ann("locked", "/bin/sh")),
            ann("removed", "/bin/sh"),
        );
        removed.detail = Some(serde_json::json!({"home": {"remove": {"path": "/home/ann"}}}));
        vec![removed]
    };
    let plan = scene.undo(removed());
    assert_eq!(
        words(&plan),
        ["create-account", "lock-account"],
        "it was locked"
    );
    let Deed::CreateAccount(new) = &plan.changes[0].deed else {
        panic!()
    };
    assert_eq!((new.uid.get(), new.make_home), (20_000, false));
    let told: Vec<&str> = plan.remarks.iter().map(|r| r.reason.word()).collect();
    assert!(
        told.contains(&"password-gone") && told.contains(&"home-gone"),
        "{told:?}"
    );
    let other = HostAccount {
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
    };
    scene.host.accounts.insert("ann", other);
    let plan = scene.undo(removed());
    assert!(
        plan.changes.is_empty() && reasons(&plan)[0] == "not-ours",
        "{plan:?}"
    );
    assert!(
        plan.remarks.is_empty(),
        "nothing is lost with what does not come back: {plan:?}"
    );
    // Somebody else has got the name meanwhile, and another one after it.
    let mut scene = Scene::new(State::Removed, "/bin/sh");
    let former = &mut scene.owned.former_accounts;
    former.insert("ann".to_owned(), id("u-2"));
    scene.owned.accounts.get_mut(&id("u-1")).unwrap().name = "anna".to_owned();
    let plan = scene.undo(removed());
    assert!(plan.changes.is_empty(), "{plan:?}");
    assert_eq!(reasons(&plan), ["name-taken"]);
}

#[test]
fn of_members_only_what_the_run_did_is_undone() {
    let scene = Scene::new(State::Active, "/bin/sh");
    let team = |members: &str| team("g", "active", members);
    let plan = scene.undo(vec![change(
        "change-members",
        Some(team("ann,gone")),
        team("bob"),
    )]);
    let [
        Deed::ChangeMembers(MemberChange {
            add,
            remove,
            wanted,
            ..
        }),
    ] = deeds(&plan)[..]
    else {
        panic!("{plan:?}")
    };
    let names = |list: &[UserName]| {
        list.iter()
            .map(|name| name.as_str().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (names(add), remove.as_slice(), names(wanted)),
        (vec!["ann".into()], &["bob".into()][..], vec!["ann".into()])
    );
    assert!(
        plan.remarks
            .iter()
            .any(|remark| remark.reason.word() == "no-open-account"),
        "{plan:?}"
    );
}

fn team(name: &str, state: &str, members: &str) -> Value {
    serde_json::json!({"name": name, "gid": 60_000, "state": state, "members": members})
}

#[test]
fn a_group_that_was_made_goes_unless_others_need_it() {
    let made = || vec![change("create-group", None, team("g", "active", "bob"))];
    let mut scene = Scene::new(State::Active, "/bin/sh");
    let stays = |scene: &Scene, why: &str| {
        let plan = scene.undo(made());
        assert_eq!(
            words(&plan),
            ["change-members"],
            "its members go, whatever else"
        );
        assert!(
            plan.remarks
                .iter()
                .any(|remark| remark.reason.cause().word() == why),
            "{plan:?}"
        );
    };
    stays(&scene, "members-by-hand");
    scene.host.groups.get_mut("g").unwrap().members = "bob".into();
    scene.host.accounts.get_mut("ann").unwrap().gid = 60_000;
    stays(&scene, "is-primary-group");
    scene.host.accounts.get_mut("ann").unwrap().gid = 100;
    let plan = scene.undo(made());
    let [Deed::RemoveGroup { remove, gid }] = deeds(&plan)[..] else {
        panic!("{plan:?}")
    };
    assert_eq!(
        (plan.changes[0].name(), remove.as_slice(), gid.get()),
        ("g", &["bob".to_owned()][..], 60_000)
    );
    scene.since = vec![Later {
        provider: "p".to_owned(),
        kind: EntryKind::Group,
        id: "g".to_owned(),
        run: 9,
    }];
    assert!(reasons(&scene.undo(made()))[0] == "changed-by-run");
    scene.owned.groups.get_mut(&id("g")).unwrap().state = State::Removed;
    assert_eq!(scene.undo(made()).unchanged, 1, "it is gone already");
    // By a run that was broken off, or by hand: the rest of it goes.
    let mut scene = Scene::new(State::Active, "/bin/sh");
    scene.host.groups.remove("g");
    assert_eq!(words(&scene.undo(made())), ["remove-group"]);
    // A name of the system's that was none when the group was made.
    let mut scene = Scene::new(State::Active, "/bin/sh");
    let line = scene.host.groups.remove("g").unwrap();
    scene.host.groups.insert(
        "docker",
        HostGroup {
            members: "bob".into(),
            ..line
        },
    );
    scene.owned.groups.get_mut(&id("g")).unwrap().name = "docker".to_owned();
    stays(&scene, "grants-power");
}

#[test]
fn a_group_that_was_removed_comes_back_with_its_gid_and_members() {
    let gone = || {
        vec![change(
            "remove-group",
            Some(team("g", "active", "ann,gone")),
            team("g", "removed", ""),
        )]
    };
    let mut scene = Scene::new(State::Active, "/bin/sh");
    scene.host.groups.remove("g");
    let own = scene.owned.groups.get_mut(&id("g")).unwrap();
    (own.state, own.members) = (State::Removed, "".into());
    let plan = scene.undo(gone());
    let [Deed::CreateGroup { gid, members }] = deeds(&plan)[..] else {
        panic!("{plan:?}")
    };
    assert_eq!(
        (gid.get(), members.len(), members[0].as_str()),
        (60_000, 1, "ann")
    );
    assert!(
        plan.remarks
            .iter()
            .any(|remark| remark.reason.word() == "no-open-account"),
        "{plan:?}"
    );
    scene.host.groups.insert(
        "g",
        HostGroup {
            gid: 7,
            members: "".into(),
            writable: true,
        },
    );
    assert!(reasons(&scene.undo(gone()))[0] == "not-ours");
    scene.host.groups.remove("g");
    scene.host.groups.insert(
        "other",
        HostGroup {
            gid: 60_000,
            members: "".into(),
            writable: true,
        },
    );
    assert!(reasons(&scene.undo(gone()))[0] == "number-used");
    scene.host.groups.remove("other");
    scene.owned.former_groups.insert("g".to_owned(), id("g-2"));
    assert!(reasons(&scene.undo(gone()))[0] == "name-taken");
    scene.owned.groups.get_mut(&id("g")).unwrap().state = State::Released;
    assert_eq!(reasons(&scene.undo(gone())), ["given-back"]);
    scene.host.accounts.insert("g", scene.host.accounts["ann"]);
    let plan = scene.undo(gone());
    let Reason::GivenBack { back } = &plan.refused[0].reason else {
        panic!("{plan:?}")
    };
    assert!(back.shadowed);
}

/// A run that called Ann's account so, which was called `anna` before, and gave it another shell.
fn renaming(home: &str) -> Vec<PastChange> {
    let mut before = ann("active", "/bin/zsh");
    (before["name"], before["home"]) = ("anna".into(), home.into());
    let before = || Some(before.clone());
    let after = || ann("active", "/bin/sh");
    vec![
        change("rename-account", before(), after()),
        change("update-account", before(), after()),
    ]
}

#[test]
fn a_name_comes_back_with_all_that_hangs_on_it() {
    let mut scene = Scene::new(State::Active, "/bin/sh");
    let plan = scene.undo(renaming("/home/ann"));
    let [Deed::Rename(rename), Deed::Update { .. }] = deeds(&plan)[..] else {
        panic!("{plan:?}")
    };
    assert_eq!(
        (
            rename.from.as_str(),
            rename.to.as_str(),
            plan.changes[1].name()
        ),
        ("ann", "anna", "anna")
    );
    assert!(rename.home().is_none(), "it did not move then");
    assert!(reasons(&scene.undo(renaming("/home/anna")))[0] == "new-home-taken");
    scene.home = None;
    assert!(plan.remarks[0].reason.word() == "renamed-again", "{plan:?}");
    let plan = scene.undo(renaming("/home/anna"));
    let [Deed::Rename(rename), Deed::Update { fields }] = deeds(&plan)[..] else {
        panic!("{plan:?}")
    };
    assert!(
        rename.home().is_some_and(
            |home| (home.from.as_str(), home.to.as_str()) == ("/home/ann", "/home/anna")
        )
    );
    assert!(
        fields.iter().all(|change| change.field == Field::Shell),
        "the home goes along: {fields:?}"
    );
    // Another change since, and one that was broken off.
    scene.since = vec![Later {
        provider: "p".to_owned(),
        kind: EntryKind::Account,
        id: "u-1".to_owned(),
        run: 9,
    }];
    assert!(reasons(&scene.undo(renaming("/home/ann")))[0] == "changed-by-run");
    scene.since.clear();
    let line = scene.host.accounts.remove("ann").unwrap();
    scene.host.accounts.insert("anna", line);
    assert_eq!(
        words(&scene.undo(renaming("/home/ann"))),
        ["rename-account", "update-account"]
    );
    scene.host.accounts.clear();
    assert!(reasons(&scene.undo(renaming("/home/ann")))[0] == "removed-by-hand");
}

#[test]
fn a_name_that_is_taken_is_told_and_the_rest_comes_back() {
    let taken = |change: &dyn Fn(&mut Scene)| {
        let mut scene = Scene::new(State::Active, "/bin/sh");
        change(&mut scene);
        let plan = scene.undo(renaming("/home/anna"));
        assert_eq!(words(&plan), ["update-account"], "{plan:?}");
        let [Deed::Update { fields }] = deeds(&plan)[..] else {
            panic!("{plan:?}")
        };
        assert_eq!(
            (plan.changes[0].name(), fields.len(), fields[0].field),
            ("ann", 1, Field::Shell)
        );
        reasons(&plan)[0]
    };
    let other = HostAccount {
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
    };
    let reason = taken(&|scene| {
        scene.host.accounts.insert("anna", other);
    });
    assert_eq!(reason, "not-ours");
    let reason = taken(&|scene| {
        scene
            .owned
            .former_accounts
            .insert("anna".to_owned(), id("u-2"));
    });
    assert_eq!(reason, "that-name-taken");
    let reason = taken(&|scene| {
        scene.owned.other_names.insert("anna".to_owned());
    });
    assert_eq!(reason, "other-provider");
}

#[test]
fn what_a_group_was_called_comes_back_too() {
    let before = || Some(team("old", "active", "bob"));
    let run = || {
        let after = team("g", "active", "ann,bob");
        vec![
            change("rename-group", before(), after.clone()),
            change("change-members", before(), after),
        ]
    };
    let mut scene = Scene::new(State::Active, "/bin/sh");
    scene.owned.groups.get_mut(&id("g")).unwrap().members = "ann,bob".into();
    scene.host.groups.get_mut("g").unwrap().members = "ann,bob".into();
    let plan = scene.undo(run());
    let [
        Deed::Rename(Rename { from, to, .. }),
        Deed::ChangeMembers(MemberChange { remove, .. }),
    ] = deeds(&plan)[..]
    else {
        panic!("{plan:?}")
    };
    assert_eq!(
        (from.as_str(), to.as_str(), plan.changes[1].name()),
        ("g", "old", "old")
    );
    assert_eq!(remove, &["ann"]);
    scene
        .owned
        .former_groups
        .insert("old".to_owned(), id("g-2"));
    let plan = scene.undo(run());
    assert_eq!(words(&plan), ["change-members"], "the rest comes back");
    assert!(reasons(&plan)[0] == "that-name-taken", "{plan:?}");
    scene.owned.former_groups.clear();
    let line = scene.host.groups.remove("g").unwrap();
    scene.host.groups.insert("old", line);
    assert_eq!(
        words(&scene.undo(run())),
        ["rename-group", "change-members"],
        "broken off"
    );
    scene.host.groups.clear();
    assert!(reasons(&scene.undo(run()))[0] == "removed-by-hand");
}

#[test]
fn members_are_known_by_any_name_that_they_had() {
    let mut scene = Scene::new(State::Active, "/bin/sh");
    scene
        .owned
        .former_accounts
        .insert("anna".to_owned(), id("u-1"));
    // She was put in as `anna`.
    let joined = || {
        vec![change(
            "change-members",
            Some(team("g", "active", "bob")),
            team("g", "active", "anna,bob"),
        )]
    };
    scene.owned.groups.get_mut(&id("g")).unwrap().members = "ann,bob".into();
    scene.host.groups.get_mut("g").unwrap().members = "ann,bob".into();
    let plan = scene.undo(joined());
    let [Deed::ChangeMembers(MemberChange { remove, add, .. })] = deeds(&plan)[..] else {
        panic!("{plan:?}")
    };
    assert_eq!((remove.as_slice(), add.len()), (&["ann".to_owned()][..], 0));
    // A run that renamed her and took somebody else out of the group: her membership is no change.
    let left = change(
        "leave-group",
        Some(team("g", "active", "anna,gone")),
        team("g", "active", "ann"),
    );
    scene.owned.groups.get_mut(&id("g")).unwrap().members = "ann".into();
    let plan = scene.undo(renaming("/home/ann").into_iter().chain([left]).collect());
    assert_eq!(
        words(&plan),
        ["rename-account", "update-account"],
        "{plan:?}"
    );
}

fn docker(before: &str, after: &str) -> Vec<PastChange> {
    let entry = |members: &str| serde_json::json!({"name": "docker", "members": members});
    let kind = EntryKind::LocalGroup;
    let id = "docker".to_owned();
    vec![PastChange {
        kind,
        id,
        ..change("change-local-members", Some(entry(before)), entry(after))
    }]
}

#[test]
fn members_of_the_hosts_own_groups_come_and_go_as_the_configuration_lets_them() {
    let mut scene = Scene::new(State::Active, "/bin/sh");
    scene.host.groups.insert(
        "docker",
        HostGroup {
            gid: 998,
            members: "admin,ann".into(),
            writable: true,
        },
    );
    scene.owned.local.insert("docker".to_owned(), "ann".into());
    // Whom gosync added goes, mapped or not; nobody else does.
    let plan = scene.undo(docker("", "ann"));
    let [
        Deed::ChangeMembers(MemberChange {
            privileged: Some(_),
            remove,
            add,
            wanted: applied,
        }),
    ] = deeds(&plan)[..]
    else {
        panic!("{plan:?}")
    };
    assert_eq!(
        (remove.as_slice(), add.len(), applied.len()),
        (&["ann".to_owned()][..], 0, 0)
    );
    assert_eq!(scene.undo(docker("bob,ann", "bob,ann")).unchanged, 1);
    // Who was taken out comes back only where the group is mapped.
    scene.host.groups.get_mut("docker").unwrap().members = "admin".into();
    scene.owned.local.clear();
    let plan = scene.undo(docker("ann", ""));
    assert!(
        plan.changes.is_empty() && reasons(&plan)[0] == "not-mapped",
        "{plan:?}"
    );
    scene.map("docker", true);
    let plan = scene.undo(docker("ann,gone", ""));
    let [
        Deed::ChangeMembers(MemberChange {
            privileged: Some(true),
            add,
            wanted: applied,
            ..
        }),
    ] = deeds(&plan)[..]
    else {
        panic!("{plan:?}")
    };
    assert_eq!((add.len(), add[0].as_str(), applied.len()), (1, "ann", 1));
    assert!(
        plan.remarks
            .iter()
            .any(|remark| remark.reason.word() == "no-open-account"),
        "{plan:?}"
    );
    scene.since = vec![Later {
        provider: "p".to_owned(),
        kind: EntryKind::LocalGroup,
        id: "docker".to_owned(),
        run: 9,
    }];
    assert!(reasons(&scene.undo(docker("ann", "")))[0] == "changed-by-run");
    scene.since.clear();
    // Who is in it by hand by now is not gosync's.
    scene.host.groups.get_mut("docker").unwrap().members = "admin,ann".into();
    assert_eq!(
        (
            scene.undo(docker("ann", "")).changes.len(),
            scene.undo(docker("ann", "")).unchanged
        ),
        (0, 1)
    );
    scene.host.groups.remove("docker");
    assert!(reasons(&scene.undo(docker("ann", "")))[0] == "local-group-gone");
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
