use serde_json::json;

use super::super::{HOST, Run, store::DAY};
use super::*;
use crate::model::host::Host;
use crate::model::{AccountFields, Gid, GroupName, RemoteId, Uid, UserName};
use crate::plan::samples::key;
use crate::plan::{Deed, FieldChange, HomeFate, MemberChange, NewAccount, Plan};
use crate::policy::Field;
use crate::policy::Reason;

const RUN: Run<'_> = Run {
    target: HOST,
    provider: "p",
    command: "sync users",
    now: 1_000_000_000,
    number: None,
    let_through: false,
};

fn id(text: &str) -> RemoteId {
    RemoteId::new(text).unwrap()
}

fn user(name: &str) -> UserName {
    UserName::new(name, false).unwrap()
}

fn create(name: &str, uid: u32) -> Change {
    Change::account(
        key(id(&format!("u-{name}"))),
        user(name),
        Deed::CreateAccount(NewAccount {
            uid: Uid::new(uid).unwrap(),
            gid: Gid::new(uid).unwrap(),
            private_group: true,
            fields: AccountFields {
                gecos: "Ann".into(),
                home: format!("/home/{name}"),
                shell: "/bin/sh".into(),
            },
            make_home: true,
            subids: None,
        }),
    )
}

fn shell(name: &str, to: &str) -> Change {
    let fields = vec![FieldChange {
        field: Field::Shell,
        from: String::new(),
        to: to.to_owned(),
    }];
    Change::account(
        key(id(&format!("u-{name}"))),
        user(name),
        Deed::Update { fields },
    )
}

fn group(members: &[&str]) -> Change {
    let members = members.iter().map(|name| user(name)).collect();
    Change::group(
        key(id("g")),
        GroupName::known("g").unwrap(),
        Deed::CreateGroup {
            gid: Gid::new(60_000).unwrap(),
            members,
        },
    )
}

fn plan(changes: Vec<Change>) -> Plan {
    Plan {
        changes,
        ..Plan::default()
    }
}

struct Desk {
    _dir: tempfile::TempDir,
    ledger: Ledger,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        Self { _dir: dir, ledger }
    }

    fn commit(&mut self, now: i64, changes: Vec<Change>) -> u64 {
        let txn = self
            .ledger
            .reserve(Run { now, ..RUN }, &plan(changes))
            .unwrap();
        self.ledger.confirm(txn).unwrap();
        txn
    }

    fn history(&self, name: Option<&str>) -> Vec<PastRun> {
        self.ledger.history(name, 100).unwrap()
    }
}

#[test]
fn an_entry_is_remembered_before_and_after_each_run() {
    let mut desk = Desk::new();
    let first = desk.commit(RUN.now, vec![create("ann", 20_000), create("bob", 20_001)]);
    let reason = Reason::ShutOut;
    let lock = Change::account(key(id("u-ann")), user("ann"), Deed::Lock { reason });
    let second = desk.commit(RUN.now, vec![shell("ann", "/bin/zsh"), lock]);
    let runs = desk.history(None);
    assert_eq!(
        runs.iter().map(|run| run.number).collect::<Vec<_>>(),
        [second, first]
    );
    let [made, bob] = &runs[1].changes[..] else {
        panic!("{runs:?}")
    };
    assert_eq!(
        (made.seq, made.change.as_str(), made.before.as_ref()),
        (1, "create-account", None)
    );
    assert_eq!((bob.name.as_str(), bob.id.as_str()), ("bob", "u-bob"));
    let [changed, locked] = &runs[0].changes[..] else {
        panic!("{runs:?}")
    };
    let before = json!({"name": "ann", "uid": 20_000, "gid": 20_000, "private": 1, "state": "active", "gecos": "Ann",
                        "home": "/home/ann", "shell": "/bin/sh", "subid": null, "locked": 0, "expire": "", "alias": null});
    let mut after = before.clone();
    (after["shell"], after["state"]) = ("/bin/zsh".into(), "locked".into());
    assert_eq!(made.after, *before.as_object().unwrap());
    for change in [changed, locked] {
        assert_eq!(
            change.before.as_ref(),
            before.as_object(),
            "what is told is that of the whole run"
        );
        assert_eq!(change.after, *after.as_object().unwrap());
    }
    assert_eq!(
        locked.detail,
        Some(json!({"reason": "this person is disabled at the provider"}))
    );
    assert_eq!(
        desk.ledger.past_run(first).unwrap().unwrap().changes.len(),
        2
    );
    assert_eq!(desk.ledger.past_run(99).unwrap(), None);
    let since = desk.ledger.changed_since(first).unwrap();
    let (provider, id) = ("p".to_owned(), "u-ann".to_owned());
    assert_eq!(
        since,
        [Later {
            provider,
            kind: EntryKind::Account,
            id,
            run: second
        }]
    );
}

#[test]
fn what_never_happened_leaves_no_history() {
    let mut desk = Desk::new();
    desk.ledger
        .reserve(RUN, &plan(vec![create("ann", 20_000)]))
        .unwrap();
    assert_eq!(desk.history(None), [], "nor while it is only intended");
    desk.ledger.release().unwrap();
    desk.ledger
        .reserve(RUN, &plan(vec![create("ann", 20_000)]))
        .unwrap();
    desk.ledger.drop_pending(&Host::default()).unwrap();
    desk.ledger
        .reserve(RUN, &plan(vec![create("ann", 20_000)]))
        .unwrap();
    let txn = desk.commit(RUN.now, vec![create("ann", 20_000)]);
    assert_eq!(
        desk.history(None)
            .iter()
            .map(|run| run.number)
            .collect::<Vec<_>>(),
        [txn]
    );
    let runs: i64 = desk
        .ledger
        .db
        .query_row("SELECT COUNT(*) FROM runs", [], |row| row.get(0))
        .unwrap();
    assert_eq!(runs, 1);
    desk.ledger.confirm(txn).unwrap();
    assert_eq!(
        desk.history(None)[0].changes.len(),
        1,
        "confirming twice changes nothing"
    );
}

#[test]
fn the_groups_that_a_removed_account_was_in_are_remembered() {
    let mut desk = Desk::new();
    desk.commit(
        RUN.now,
        vec![
            create("ann", 20_000),
            create("bob", 20_001),
            group(&["ann", "bob"]),
        ],
    );
    let home = HomeFate::Remove {
        path: "/home/ann".to_owned(),
    };
    let uid = Uid::new(20_000).unwrap();
    let gone = Change::account(
        key(id("u-ann")),
        user("ann"),
        Deed::RemoveAccount {
            uid,
            private_group: true,
            home,
        },
    );
    desk.commit(RUN.now, vec![gone]);
    let run = &desk.history(None)[0];
    let [removed, left] = &run.changes[..] else {
        panic!("{run:?}")
    };
    assert_eq!(removed.after["state"], "removed");
    assert_eq!(
        removed.detail,
        Some(json!({"home": {"remove": {"path": "/home/ann"}}}))
    );
    assert_eq!(
        (left.change.as_str(), left.kind, left.name.as_str()),
        ("leave-group", EntryKind::Group, "g")
    );
    assert_eq!(left.before.as_ref().unwrap()["members"], "ann,bob");
    assert_eq!(left.after["members"], "bob");
}

fn local(add: &[&str], remove: &[&str], applied: &[&str]) -> Change {
    let users = |names: &[&str]| names.iter().map(|name| user(name)).collect();
    Change::local_group(
        GroupName::known("docker").unwrap(),
        Deed::ChangeMembers(MemberChange {
            privileged: Some(true),
            add: users(add),
            remove: remove.iter().map(|name| (*name).to_owned()).collect(),
            wanted: users(applied),
        }),
    )
}

#[test]
fn members_of_the_hosts_own_groups_are_remembered() {
    let mut desk = Desk::new();
    desk.commit(RUN.now, vec![create("ann", 20_000), create("bob", 20_001)]);
    desk.commit(RUN.now, vec![local(&["ann", "bob"], &[], &["ann", "bob"])]);
    let entry = |members: &str| json!({"name": "docker", "members": members});
    let told = |change: &PastChange| {
        assert_eq!(
            (change.kind, change.id.as_str(), change.name.as_str()),
            (EntryKind::LocalGroup, "docker", "docker")
        );
        let before = change.before.clone().map(Value::Object).unwrap();
        (
            change.change.clone(),
            before,
            Value::Object(change.after.clone()),
        )
    };
    let [come] = &desk.history(None)[0].changes[..] else {
        panic!()
    };
    assert_eq!(
        told(come),
        (
            "change-local-members".to_owned(),
            entry(""),
            entry("ann,bob")
        )
    );
    let gone = Change::account(
        key(id("u-ann")),
        user("ann"),
        Deed::RemoveAccount {
            uid: Uid::new(20_000).unwrap(),
            private_group: true,
            home: HomeFate::Keep,
        },
    );
    desk.commit(RUN.now, vec![gone]);
    let [_, left] = &desk.history(None)[0].changes[..] else {
        panic!()
    };
    assert_eq!(
        told(left),
        ("leave-group".to_owned(), entry("ann,bob"), entry("bob"))
    );
    let last = desk.commit(RUN.now, vec![local(&[], &["bob"], &[])]);
    let [out] = &desk.history(None)[0].changes[..] else {
        panic!()
    };
    assert_eq!(
        told(out),
        ("change-local-members".to_owned(), entry("bob"), entry("")),
        "though no row is left"
    );
    assert_eq!(desk.history(Some("docker")).len(), 3);
    let since = desk.ledger.changed_since(2).unwrap();
    let (provider, id) = ("p".to_owned(), "docker".to_owned());
    assert!(
        since.contains(&Later {
            provider,
            kind: EntryKind::LocalGroup,
            id,
            run: last
        }),
        "{since:?}"
    );
}

#[test]
fn history_is_found_by_any_name_that_something_had_and_by_its_id() {
    let mut desk = Desk::new();
    desk.commit(RUN.now, vec![create("ann", 20_000), group(&["ann"])]);
    desk.commit(RUN.now, vec![create("bob", 20_001)]);
    desk.commit(RUN.now, vec![shell("ann", "/bin/zsh")]);
    desk.ledger
        .db
        .execute("UPDATE ids SET name = 'anna' WHERE id = 'u-ann'", [])
        .unwrap();
    desk.commit(RUN.now, vec![shell("ann", "/bin/sh")]);
    for name in ["ann", "anna", "u-ann"] {
        let runs = desk.history(Some(name));
        assert_eq!(
            runs.iter().map(|run| run.number).collect::<Vec<_>>(),
            [4, 3, 1],
            "{name}"
        );
        assert!(runs.iter().all(|run| run.changes.len() == 1), "{name}");
    }
    assert_eq!(desk.ledger.history(Some("ann"), 2).unwrap().len(), 2);
    assert_eq!(desk.ledger.history(None, 3).unwrap().len(), 3);
    assert_eq!(desk.history(Some("g")).len(), 1);
    assert_eq!(desk.history(Some("nobody")), []);
}

#[test]
fn what_is_too_old_is_forgotten_by_the_next_run() {
    let mut desk = Desk::new();
    desk.commit(RUN.now, vec![create("ann", 20_000)]);
    desk.ledger.keep_history(10);
    desk.commit(RUN.now + 10 * DAY, vec![create("bob", 20_001)]);
    assert_eq!(desk.history(None).len(), 2);
    desk.commit(RUN.now + 10 * DAY + 1, vec![create("carl", 20_002)]);
    assert_eq!(
        desk.history(None)
            .iter()
            .map(|run| run.number)
            .collect::<Vec<_>>(),
        [3, 2]
    );
    assert_eq!(desk.history(Some("ann")), []);
    let left: i64 = desk
        .ledger
        .db
        .query_row("SELECT COUNT(*) FROM history", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 2);
}
