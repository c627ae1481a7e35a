mod creations;
mod departures;
mod keys;
mod older;
mod rebound;

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::*;
use crate::model::host::{Host, HostAccount, HostGroup};
use crate::model::owned::{Absence, Applied, KeyRecord, Loss, State};
use crate::model::{AccountFields, Gid, GroupName, RemoteId, Uid, UserName};
use crate::plan::samples::key;
use crate::plan::{AccountRename, Adopted, Change, Deed, MemberChange, NewAccount, Number, Rename};
use crate::plan::{Observation, Plan};
use crate::policy::Field;
use crate::policy::Reason;

fn id(text: &str) -> RemoteId {
    RemoteId::new(text).unwrap()
}

fn create(name: &str, uid: u32) -> Change {
    Change::account(
        key(id(&format!("u-{name}"))),
        UserName::new(name, false).unwrap(),
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
            subids: Some((100_000, 65_536)),
        }),
    )
}

fn plan(changes: Vec<Change>) -> Plan {
    Plan {
        changes,
        ..Plan::default()
    }
}

const RUN: Run<'_> = Run {
    target: HOST,
    provider: "p",
    command: "sync users",
    now: 1_000_000,
    number: None,
    let_through: false,
};

#[test]
fn ids_are_set_aside_before_and_owned_after() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let txn = ledger
        .reserve(RUN, &plan(vec![create("ann", 20_000)]))
        .unwrap();
    let before = ledger.load(HOST, "p", 0).unwrap();
    assert_eq!(before.accounts[&id("u-ann")].state, State::Reserved);
    assert!(before.ids.contains(&20_000));
    ledger.confirm(txn).unwrap();
    ledger.confirm(txn).unwrap();
    let after = ledger.load(HOST, "p", 0).unwrap();
    assert_eq!(after.accounts[&id("u-ann")].state, State::Active);
    assert_eq!(after.generation, 1, "confirming twice changes nothing");
}

#[test]
fn a_transaction_that_did_not_happen_keeps_its_ids() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    ledger
        .reserve(RUN, &plan(vec![create("ann", 20_000)]))
        .unwrap();
    ledger.drop_pending(&Host::default()).unwrap();
    let txn = ledger
        .reserve(RUN, &plan(vec![create("bob", 20_001)]))
        .unwrap();
    ledger.confirm(txn).unwrap();
    let owned = ledger.load(HOST, "p", 0).unwrap();
    assert_eq!(owned.accounts[&id("u-ann")].state, State::Reserved);
    assert_eq!(owned.accounts[&id("u-bob")].state, State::Active);
}

#[test]
fn a_census_counts_what_is_owned_and_what_is_pending() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let pending = |ledger: &Ledger| ledger.census().unwrap().pending;
    let txn = ledger
        .reserve(RUN, &plan(vec![create("ann", 20_000)]))
        .unwrap();
    assert_eq!(pending(&ledger), 1, "an account to be made");
    ledger.confirm(txn).unwrap();
    assert_eq!(pending(&ledger), 0);
    let name = UserName::new("ann", false).unwrap();
    let lock = Change::account(
        key(id("u-ann")),
        name,
        Deed::Lock {
            reason: Reason::ShutOut,
        },
    );
    ledger
        .reserve(RUN, &plan(vec![lock, create("bob", 20_001)]))
        .unwrap();
    assert_eq!(pending(&ledger), 2, "one to be locked, one to be made");
    ledger.drop_pending(&Host::default()).unwrap();
    let census = ledger.census().unwrap();
    assert_eq!((census.pending, census.missing), (0, 0));
    assert_eq!(
        census.accounts,
        [("active".to_owned(), 1), ("reserved".to_owned(), 1)].into()
    );
}

#[test]
fn a_transaction_that_was_never_to_be_seen_gives_its_new_ids_back_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let txn = ledger
        .reserve(RUN, &plan(vec![create("ann", 20_000)]))
        .unwrap();
    ledger.confirm(txn).unwrap();
    let name = UserName::new("ann", false).unwrap();
    let txn = ledger
        .reserve(
            RUN,
            &plan(vec![Change::account(
                key(id("u-ann")),
                name,
                Deed::Forget { stands: true },
            )]),
        )
        .unwrap();
    ledger.confirm(txn).unwrap();
    ledger
        .reserve(
            RUN,
            &plan(vec![create("ann", 20_000), create("bob", 20_001)]),
        )
        .unwrap();
    ledger.release().unwrap();
    let owned = ledger.load(HOST, "p", 0).unwrap();
    assert_eq!(owned.accounts.keys().collect::<Vec<_>>(), [&id("u-ann")]);
    assert_eq!(owned.ids, [20_000].into());
    let txn = ledger
        .reserve(
            RUN,
            &plan(vec![create("ann", 20_000), create("carol", 20_001)]),
        )
        .unwrap();
    ledger.confirm(txn).unwrap();
    ledger.release().unwrap();
    assert_eq!(ledger.load(HOST, "p", 0).unwrap().accounts.len(), 2);
}

#[test]
fn losses_count_for_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let txn = ledger
        .reserve(RUN, &plan(vec![create("ann", 20_000)]))
        .unwrap();
    ledger.confirm(txn).unwrap();
    let name = UserName::new("ann", false).unwrap();
    let txn = ledger
        .reserve(
            RUN,
            &plan(vec![Change::account(
                key(id("u-ann")),
                name,
                Deed::Lock {
                    reason: Reason::ShutOut,
                },
            )]),
        )
        .unwrap();
    ledger.confirm(txn).unwrap();
    assert_eq!(
        ledger
            .load(HOST, "p", RUN.now + 86_399)
            .unwrap()
            .losses
            .accounts,
        1
    );
    assert_eq!(
        ledger
            .load(HOST, "p", RUN.now + 86_400)
            .unwrap()
            .losses
            .accounts,
        0
    );
    assert_eq!(
        ledger.load(HOST, "p", 0).unwrap().accounts[&id("u-ann")].state,
        State::Locked
    );
}

#[test]
fn what_another_provider_owns_is_only_a_name_and_an_id() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let group = Change::group(
        key(id("g")),
        GroupName::known("@osg").unwrap(),
        Deed::CreateGroup {
            gid: Gid::new(60_000).unwrap(),
            members: vec![],
        },
    );
    let txn = ledger
        .reserve(RUN, &plan(vec![create("ann", 20_000), group]))
        .unwrap();
    ledger.confirm(txn).unwrap();
    let other = ledger.load(HOST, "q", 0).unwrap();
    assert!(other.accounts.is_empty() && other.groups.is_empty());
    let names: Vec<&String> = other.others.names.keys().collect();
    assert_eq!(names, ["@osg", "ann"]);
    let present = other.others.present.values().next().unwrap();
    assert_eq!((present.accounts, present.groups), (1, 1));
    assert_eq!(other.ids, [20_000, 60_000].into());
}

#[test]
fn one_uid_is_never_given_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    ledger
        .reserve(RUN, &plan(vec![create("ann", 20_000)]))
        .unwrap();
    assert!(
        ledger
            .reserve(RUN, &plan(vec![create("bob", 20_000)]))
            .is_err()
    );
}

#[test]
fn what_a_hand_and_the_provider_agree_on_is_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let txn = ledger
        .reserve(RUN, &plan(vec![create("ann", 20_000)]))
        .unwrap();
    ledger.confirm(txn).unwrap();
    let agreed = |field, value: &str| Observation::Agreed(id("u-ann"), field, value.to_owned());
    ledger
        .observe(
            RUN,
            &[
                agreed(Field::Shell, "/bin/zsh"),
                agreed(Field::Expiry, "20500"),
            ],
        )
        .unwrap();
    let applied = &ledger.load(HOST, "p", 0).unwrap().accounts[&id("u-ann")].applied;
    assert_eq!(
        (
            applied.fields.shell.as_str(),
            applied.expire.as_str(),
            applied.locked
        ),
        ("/bin/zsh", "20500", false)
    );
}

#[test]
fn what_is_given_back_is_owned_no_more_and_its_ids_stay() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let mut carry_out = |changes| {
        let txn = ledger.reserve(RUN, &plan(changes)).unwrap();
        ledger.confirm(txn).unwrap();
        ledger.load(HOST, "p", RUN.now).unwrap()
    };
    let user = |name: &str| UserName::new(name, false).unwrap();
    let (name, gid) = (GroupName::known("g").unwrap(), Gid::new(60_000).unwrap());
    let group = Change::group(
        key(id("g")),
        name,
        Deed::CreateGroup {
            gid,
            members: vec![user("ann"), user("bob")],
        },
    );
    let lab = |add: &[&str], remove: &[&str], applied: &[&str]| {
        Change::local_group(
            GroupName::known("lab").unwrap(),
            Deed::ChangeMembers(MemberChange {
                privileged: Some(true),
                add: add.iter().map(|name| user(name)).collect(),
                remove: remove.iter().map(|name| (*name).to_owned()).collect(),
                wanted: applied.iter().map(|name| user(name)).collect(),
            }),
        )
    };
    let adopted = Adopted {
        was: None,
        login: crate::model::Untrusted::new("robert"),
        alias: Some("robert".into()),
        uid: Uid::new(1001).unwrap(),
        gid: Gid::new(100).unwrap(),
        private_group: false,
        home: "/srv/bob".into(),
        fields: vec![],
        applied: Applied {
            fields: AccountFields {
                home: "/srv/bob".into(),
                ..AccountFields::default()
            },
            locked: true,
            expire: "20500".into(),
        },
    };
    let adopt = Change::account(
        key(id("u-bob")),
        user("bob"),
        Deed::AdoptAccount(Box::new(adopted)),
    );
    let owned = carry_out(vec![
        create("ann", 20_000),
        adopt.clone(),
        group,
        lab(&["ann", "bob"], &[], &["ann", "bob"]),
    ]);
    let bob = &owned.accounts[&id("u-bob")];
    assert_eq!(
        (bob.state, bob.uid.get(), bob.applied.locked),
        (State::Active, 1001, true)
    );
    assert_eq!(owned.aliases.accounts[&id("u-bob")], "robert");
    assert_eq!(
        (owned.local["lab"].as_str(), owned.losses.gains["lab"]),
        ("ann,bob", 2)
    );

    let owned = carry_out(vec![Change::account(
        key(id("u-bob")),
        user("bob"),
        Deed::Release(Number::Uid(bob.uid)),
    )]);
    assert_eq!(owned.accounts[&id("u-bob")].state, State::Released);
    assert!(owned.ids.contains(&1001));
    assert_eq!(
        (
            owned.groups[&id("g")].members.as_str(),
            owned.local["lab"].as_str()
        ),
        ("ann", "ann")
    );
    let owned = carry_out(vec![adopt, lab(&[], &["ann"], &[])]);
    assert_eq!(owned.accounts[&id("u-bob")].state, State::Active);
    assert!(owned.local.is_empty());
    assert_eq!(
        (
            owned.losses.local["lab"],
            owned.losses.accounts,
            owned.losses.members.len()
        ),
        (1, 0, 0)
    );
}

#[test]
fn subordinate_ids_stay_with_whom_they_were_given_to() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    for subids in [Some((100_000, 65_536)), None] {
        let mut change = create("ann", 20_000);
        if let Deed::CreateAccount(new) = &mut change.deed {
            new.subids = subids;
        }
        let txn = ledger.reserve(RUN, &plan(vec![change])).unwrap();
        ledger.confirm(txn).unwrap();
        assert_eq!(ledger.load(HOST, "p", 0).unwrap().subids, [100_000].into());
    }
}

#[test]
fn a_removed_account_is_no_member_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let user = |name: &str| UserName::new(name, false).unwrap();
    let members = vec![user("ann"), user("annabel"), user("joann")];
    let (name, gid) = (GroupName::known("g").unwrap(), Gid::new(60_000).unwrap());
    let group = Change::group(key(id("g")), name, Deed::CreateGroup { gid, members });
    let txn = ledger
        .reserve(RUN, &plan(vec![create("ann", 20_000), group]))
        .unwrap();
    ledger.confirm(txn).unwrap();
    let (uid, home) = (Uid::new(20_000).unwrap(), crate::plan::HomeFate::Keep);
    let gone = Change::account(
        key(id("u-ann")),
        user("ann"),
        Deed::RemoveAccount {
            uid,
            private_group: true,
            home,
        },
    );
    let txn = ledger.reserve(RUN, &plan(vec![gone])).unwrap();
    ledger.confirm(txn).unwrap();
    assert_eq!(
        ledger.load(HOST, "p", 0).unwrap().groups[&id("g")].members,
        "annabel,joann".into()
    );
}

fn done(ledger: &mut Ledger, now: i64, changes: Vec<Change>) {
    let txn = ledger.reserve(Run { now, ..RUN }, &plan(changes)).unwrap();
    ledger.confirm(txn).unwrap();
}

fn user(name: &str) -> UserName {
    UserName::new(name, false).unwrap()
}

fn lock(name: &str) -> Change {
    Change::account(
        key(id(&format!("u-{name}"))),
        user(name),
        Deed::Lock {
            reason: Reason::ShutOut,
        },
    )
}

fn rename(who: &str, from: &str, to: &str) -> Change {
    let home = crate::plan::HomeMove {
        from: format!("/home/{from}"),
        to: format!("/home/{to}"),
        moved: true,
        link: true,
        linked: false,
    };
    Change::account(
        key(id(&format!("u-{who}"))),
        user(to),
        Deed::Rename(Rename {
            number: Number::Uid(Uid::new(20_000).unwrap()),
            from: user(from).into(),
            to: user(to).into(),
            account: Some(AccountRename {
                private_group: true,
                home: Some(home),
                files: vec![],
            }),
        }),
    )
}
