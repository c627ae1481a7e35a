use std::collections::BTreeSet;

use super::*;
use crate::model::history::PastRun;
use crate::model::host::{Host, HostAccount, HostGroup, Owner};
use crate::model::owned::{Applied, OwnedGroup};
use crate::model::{Completeness, Gid, Uid};
use crate::plan::diff::Chosen;
use crate::policy::Rules;

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
    let kind = if word.contains("group") || word.contains("members") { EntryKind::Group } else { EntryKind::Account };
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
    PastRun { number: 3, at: 0, provider, command, digest: String::new(), counts: Value::Null, changes }
}

/// A host on which Ann stands, and what gosync owns there.
struct Scene {
    owned: Owned,
    host: Host<'static>,
    since: Vec<Later>,
    force: bool,
}

impl Scene {
    fn new(state: State, shell: &'static str) -> Self {
        let applied =
            Applied { gecos: "Ann".into(), home: "/home/ann".into(), shell: shell.into(), ..Applied::default() };
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
        let (gid, members) = (Gid::new(60_000).unwrap(), "bob".to_owned());
        let group = OwnedGroup { name: "g".to_owned(), gid, state: State::Active, members };
        let owned = Owned {
            accounts: BTreeMap::from([(id("u-1"), own)]),
            groups: BTreeMap::from([(id("g"), group)]),
            ids: BTreeSet::from([20_000]),
            ..Owned::default()
        };
        let account = HostAccount {
            uid: 20_000,
            gid: 100,
            gecos: "Ann",
            home: "/home/ann",
            shell,
            locked: state == State::Locked,
            expire: if state == State::Locked { "1" } else { "" },
            writable: true,
        };
        let group = |gid, members| HostGroup { gid, members, writable: true };
        let mut host = Host {
            groups: BTreeMap::from([("users", group(100, "")), ("g", group(60_000, "bob,by-hand"))]),
            ids: BTreeSet::from([100, 60_000]),
            shells: BTreeSet::from(["/bin/sh"]),
            ..Host::default()
        };
        if state.is_present() {
            host.accounts.insert("ann", account);
        }
        Self { owned, host, since: Vec::new(), force: false }
    }

    fn undo(&self, changes: Vec<PastChange>) -> Plan {
        let (rules, run) = (Rules::default(), run(changes));
        let against = Against {
            host: &self.host,
            owned: &self.owned,
            completeness: &Completeness::Narrowed,
            rules: &rules,
            chosen: Chosen { new: true, known: true, force: self.force },
            now: 0,
            home_at: &|_| Some(Owner::Directory(20_000)),
            site: &crate::plan::diff::Quiet,
        };
        undo(Past { run: &run, since: &self.since, force: self.force }, &against)
    }
}

fn words(plan: &Plan) -> Vec<&'static str> {
    plan.changes.iter().map(|change| change.subject().word).collect()
}

fn reasons(plan: &Plan) -> Vec<&str> {
    plan.refused.iter().map(|refusal| refusal.reason.as_str()).collect()
}

#[test]
fn several_changes_of_one_account_are_undone_together() {
    let scene = Scene::new(State::Locked, "/bin/zsh");
    let pair = |word| change(word, Some(ann("active", "/bin/sh")), ann("locked", "/bin/zsh"));
    let plan = scene.undo(vec![pair("lock-account"), pair("update-account")]);
    assert_eq!(words(&plan), ["unlock-account", "update-account"]);
    let Change::UpdateAccount { fields, .. } = &plan.changes[1] else { panic!() };
    assert_eq!((fields.len(), fields[0].to.as_str()), (1, "/bin/sh"));
    assert_eq!(plan.remarks.len(), 1, "that the next sync may do it again");
}

#[test]
fn what_is_as_it_was_is_left_alone_whoever_made_it_so() {
    let mut scene = Scene::new(State::Active, "/bin/sh");
    scene.since = vec![Later { provider: "p".to_owned(), kind: EntryKind::Account, id: "u-1".to_owned(), run: 9 }];
    let plan = scene.undo(vec![change("update-account", Some(ann("active", "/bin/sh")), ann("active", "/bin/zsh"))]);
    assert_eq!((plan.changes.len(), plan.refused.len(), plan.unchanged), (0, 0, 1));
}

#[test]
fn a_later_run_stands_in_the_way_unless_it_is_forced() {
    let mut scene = Scene::new(State::Active, "/bin/ksh");
    scene.since = vec![Later { provider: "p".to_owned(), kind: EntryKind::Account, id: "u-1".to_owned(), run: 9 }];
    let past = || vec![change("update-account", Some(ann("active", "/bin/sh")), ann("active", "/bin/zsh"))];
    let plan = scene.undo(past());
    assert!(plan.changes.is_empty() && reasons(&plan)[0].starts_with("run 9 has changed it"), "{plan:?}");
    scene.force = true;
    assert_eq!(words(&scene.undo(past())), ["update-account"]);
    scene.since[0].provider = "other".to_owned();
    scene.force = false;
    assert_eq!(words(&scene.undo(past())), ["update-account"], "another provider's id is another entry");
}

#[test]
fn an_account_that_was_made_goes_and_one_that_was_only_taken_up_again_is_forgotten() {
    let scene = Scene::new(State::Active, "/bin/sh");
    let made = |before| scene.undo(vec![change("create-account", before, ann("active", "/bin/sh"))]);
    assert_eq!(words(&made(None)), ["remove-account"]);
    assert_eq!(words(&made(Some(ann("removed", "/bin/sh")))), ["remove-account"]);
    assert_eq!(words(&made(Some(ann("reserved", "/bin/sh")))), ["forget-account"]);
    let mut by_hand = Scene::new(State::Active, "/bin/sh");
    by_hand.host.accounts.get_mut("ann").unwrap().shell = "/bin/zsh";
    let plan = by_hand.undo(vec![change("create-account", None, ann("active", "/bin/sh"))]);
    assert!(plan.changes.is_empty() && reasons(&plan)[0].contains("by hand"), "{plan:?}");
}

#[test]
fn an_account_that_was_removed_comes_back_by_the_rules_of_new_accounts() {
    let mut scene = Scene::new(State::Removed, "/bin/sh");
    let removed = || {
        let mut removed = change("remove-account", Some(ann("locked", "/bin/sh")), ann("removed", "/bin/sh"));
        removed.detail = Some(serde_json::json!({"home": {"remove": {"path": "/home/ann"}}}));
        vec![removed]
    };
    let plan = scene.undo(removed());
    assert_eq!(words(&plan), ["create-account", "lock-account"], "it was locked");
    let Change::CreateAccount(new) = &plan.changes[0] else { panic!() };
    assert_eq!((new.uid.get(), new.make_home), (20_000, false));
    let told: Vec<&str> = plan.remarks.iter().map(|remark| remark.text.as_str()).collect();
    assert!(told.iter().any(|t| t.contains("password")) && told.iter().any(|t| t.contains("is gone")), "{told:?}");
    let other =
        HostAccount { uid: 7, gid: 7, gecos: "", home: "/h", shell: "", locked: false, expire: "", writable: true };
    scene.host.accounts.insert("ann", other);
    let plan = scene.undo(removed());
    assert!(plan.changes.is_empty() && reasons(&plan)[0].contains("is on this host already"), "{plan:?}");
    assert!(plan.remarks.is_empty(), "nothing is lost with what does not come back: {plan:?}");
}

#[test]
fn of_members_only_what_the_run_did_is_undone() {
    let scene = Scene::new(State::Active, "/bin/sh");
    let team = |members: &str| serde_json::json!({"name": "g", "gid": 60_000, "state": "active", "members": members});
    let plan = scene.undo(vec![change("change-members", Some(team("ann,gone")), team("bob"))]);
    let [Change::ChangeMembers { add, remove, wanted, .. }] = &plan.changes[..] else { panic!("{plan:?}") };
    let names = |list: &[UserName]| list.iter().map(|name| name.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(
        (names(add), remove.as_slice(), names(wanted)),
        (vec!["ann".into()], &["bob".into()][..], vec!["ann".into()])
    );
    assert!(plan.remarks.iter().any(|remark| remark.text.contains("`gone` has no open account")), "{plan:?}");
    let plan = scene.undo(vec![change("create-group", None, team("bob"))]);
    assert_eq!(words(&plan), ["change-members"]);
    assert!(plan.remarks.iter().any(|remark| remark.text.contains("removes no groups")));
}

#[test]
fn what_cannot_be_undone_is_told_one_by_one() {
    let scene = Scene::new(State::Active, "/bin/sh");
    let mut other = change("update-account", Some(ann("active", "/bin/zsh")), ann("active", "/bin/sh"));
    other.provider = "q".to_owned();
    let mut unknown = change("update-account", Some(ann("active", "/bin/zsh")), ann("active", "/bin/sh"));
    unknown.id = "u-2".to_owned();
    let mut renamed = ann("active", "/bin/zsh");
    renamed["name"] = "anna".into();
    let renamed = change("update-account", Some(renamed), ann("active", "/bin/sh"));
    let plan = scene.undo(vec![other, unknown, renamed]);
    assert!(plan.changes.is_empty() && plan.remarks.is_empty());
    let reasons = reasons(&plan);
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    assert!(reasons[0].contains("provider `q`") && reasons[1].contains("no more") && reasons[2].contains("`anna`"));
}
