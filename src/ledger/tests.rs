use super::*;
use crate::model::{GroupName, UserName};
use crate::plan::{Adopted, Change, NewAccount};
use crate::policy::Field;

fn id(text: &str) -> RemoteId {
    RemoteId::new(text).unwrap()
}

fn create(name: &str, uid: u32) -> Change {
    Change::CreateAccount(NewAccount {
        id: id(&format!("u-{name}")),
        name: UserName::new(name, false).unwrap(),
        uid: Uid::new(uid).unwrap(),
        gid: Gid::new(uid).unwrap(),
        private_group: true,
        gecos: "Ann".into(),
        home: format!("/home/{name}"),
        make_home: true,
        shell: "/bin/sh".into(),
        subids: Some((100_000, 65_536)),
    })
}

fn plan(changes: Vec<Change>) -> Plan {
    Plan { changes, ..Plan::default() }
}

const RUN: Run<'_> = Run { provider: "p", command: "sync users", now: 1_000_000 };

#[test]
fn ids_are_set_aside_before_and_owned_after() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let txn = ledger.reserve(RUN, &plan(vec![create("ann", 20_000)])).unwrap();
    let before = ledger.load("p", 0).unwrap();
    assert_eq!(before.accounts[&id("u-ann")].state, State::Reserved);
    assert!(before.ids.contains(&20_000));
    ledger.confirm(txn).unwrap();
    ledger.confirm(txn).unwrap();
    let after = ledger.load("p", 0).unwrap();
    assert_eq!(after.accounts[&id("u-ann")].state, State::Active);
    assert_eq!(after.generation, 1, "confirming twice changes nothing");
}

#[test]
fn a_transaction_that_did_not_happen_keeps_its_ids() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    ledger.reserve(RUN, &plan(vec![create("ann", 20_000)])).unwrap();
    ledger.drop_pending().unwrap();
    let txn = ledger.reserve(RUN, &plan(vec![create("bob", 20_001)])).unwrap();
    ledger.confirm(txn).unwrap();
    let owned = ledger.load("p", 0).unwrap();
    assert_eq!(owned.accounts[&id("u-ann")].state, State::Reserved);
    assert_eq!(owned.accounts[&id("u-bob")].state, State::Active);
}

#[test]
fn a_census_counts_what_is_owned_and_what_is_pending() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let pending = |ledger: &Ledger| ledger.census().unwrap().pending;
    let txn = ledger.reserve(RUN, &plan(vec![create("ann", 20_000)])).unwrap();
    assert_eq!(pending(&ledger), 1, "an account to be made");
    ledger.confirm(txn).unwrap();
    assert_eq!(pending(&ledger), 0);
    let name = UserName::new("ann", false).unwrap();
    let lock = Change::LockAccount { id: id("u-ann"), name, reason: String::new() };
    ledger.reserve(RUN, &plan(vec![lock, create("bob", 20_001)])).unwrap();
    assert_eq!(pending(&ledger), 2, "one to be locked, one to be made");
    ledger.drop_pending().unwrap();
    let census = ledger.census().unwrap();
    assert_eq!((census.pending, census.missing), (0, 0));
    assert_eq!(census.accounts, [("active".to_owned(), 1), ("reserved".to_owned(), 1)].into());
}

#[test]
fn a_transaction_that_was_never_to_be_seen_gives_its_new_ids_back_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let txn = ledger.reserve(RUN, &plan(vec![create("ann", 20_000)])).unwrap();
    ledger.confirm(txn).unwrap();
    let name = UserName::new("ann", false).unwrap();
    let txn = ledger.reserve(RUN, &plan(vec![Change::ForgetAccount { id: id("u-ann"), name }])).unwrap();
    ledger.confirm(txn).unwrap();
    ledger.reserve(RUN, &plan(vec![create("ann", 20_000), create("bob", 20_001)])).unwrap();
    ledger.release().unwrap();
    let owned = ledger.load("p", 0).unwrap();
    assert_eq!(owned.accounts.keys().collect::<Vec<_>>(), [&id("u-ann")]);
    assert_eq!(owned.ids, [20_000].into());
    let txn = ledger.reserve(RUN, &plan(vec![create("ann", 20_000), create("carol", 20_001)])).unwrap();
    ledger.confirm(txn).unwrap();
    ledger.release().unwrap();
    assert_eq!(ledger.load("p", 0).unwrap().accounts.len(), 2);
}

#[test]
fn losses_count_for_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let txn = ledger.reserve(RUN, &plan(vec![create("ann", 20_000)])).unwrap();
    ledger.confirm(txn).unwrap();
    let name = UserName::new("ann", false).unwrap();
    let txn =
        ledger.reserve(RUN, &plan(vec![Change::LockAccount { id: id("u-ann"), name, reason: String::new() }])).unwrap();
    ledger.confirm(txn).unwrap();
    assert_eq!(ledger.load("p", RUN.now + 86_399).unwrap().losses.accounts, 1);
    assert_eq!(ledger.load("p", RUN.now + 86_400).unwrap().losses.accounts, 0);
    assert_eq!(ledger.load("p", 0).unwrap().accounts[&id("u-ann")].state, State::Locked);
}

#[test]
fn what_another_provider_owns_is_only_a_name_and_an_id() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let group = Change::CreateGroup {
        id: id("g"),
        name: GroupName::known("@osg").unwrap(),
        gid: Gid::new(60_000).unwrap(),
        members: vec![],
    };
    let txn = ledger.reserve(RUN, &plan(vec![create("ann", 20_000), group])).unwrap();
    ledger.confirm(txn).unwrap();
    let other = ledger.load("q", 0).unwrap();
    assert!(other.accounts.is_empty() && other.groups.is_empty());
    assert_eq!(other.other_names, ["@osg".to_owned(), "ann".to_owned()].into());
    assert_eq!(other.ids, [20_000, 60_000].into());
}

#[test]
fn one_uid_is_never_given_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    ledger.reserve(RUN, &plan(vec![create("ann", 20_000)])).unwrap();
    assert!(ledger.reserve(RUN, &plan(vec![create("bob", 20_000)])).is_err());
}

#[test]
fn a_damaged_or_newer_ledger_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(Ledger::open(dir.path()).unwrap());
    let path = dir.path().join(FILE);
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Ledger::open(dir.path()), Err(LedgerError::Newer { found: 99, .. })));
    std::fs::write(&path, vec![7_u8; 8192]).unwrap();
    assert!(matches!(Ledger::open(dir.path()), Err(LedgerError::Sqlite { .. })));
    assert!(Ledger::open_read_only(dir.path()).is_err());
}

/// A ledger as the first gosync wrote it, with one account.
fn first_ledger(dir: &std::path::Path) {
    let mut ledger = Ledger::open(dir).unwrap();
    let txn = ledger.reserve(RUN, &plan(vec![create("ann", 20_000)])).unwrap();
    ledger.confirm(txn).unwrap();
    let old = "ALTER TABLE accounts DROP COLUMN locked; ALTER TABLE accounts DROP COLUMN expire;
               ALTER TABLE accounts DROP COLUMN alias; ALTER TABLE unix_groups DROP COLUMN alias;
               DROP TABLE local_members; PRAGMA user_version = 1;";
    ledger.db.execute_batch(old).unwrap();
}

#[test]
fn an_older_ledger_is_brought_up_by_who_may_write_and_read_by_who_may_not() {
    let dir = tempfile::tempdir().unwrap();
    first_ledger(dir.path());
    let before = std::fs::read(dir.path().join(FILE)).unwrap();
    let seen = Ledger::open_read_only(dir.path()).unwrap().unwrap().load("p", 0).unwrap();
    assert_eq!(std::fs::read(dir.path().join(FILE)).unwrap(), before, "looking changes nothing");
    assert_eq!(Ledger::open(dir.path()).unwrap().load("p", 0).unwrap(), seen);
    assert_eq!(seen.accounts[&id("u-ann")].uid.get(), 20_000);
    assert_ne!(std::fs::read(dir.path().join(FILE)).unwrap(), before);
}

#[test]
fn what_a_hand_and_the_provider_agree_on_is_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let txn = ledger.reserve(RUN, &plan(vec![create("ann", 20_000)])).unwrap();
    ledger.confirm(txn).unwrap();
    let agreed = |field, value: &str| Observation::Agreed(id("u-ann"), field, value.to_owned());
    ledger.observe("p", &[agreed(Field::Shell, "/bin/zsh"), agreed(Field::Expiry, "20500")]).unwrap();
    let applied = &ledger.load("p", 0).unwrap().accounts[&id("u-ann")].applied;
    assert_eq!((applied.shell.as_str(), applied.expire.as_str(), applied.locked), ("/bin/zsh", "20500", false));
}

#[test]
fn what_is_given_back_is_owned_no_more_and_its_ids_stay() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let mut carry_out = |changes| {
        let txn = ledger.reserve(RUN, &plan(changes)).unwrap();
        ledger.confirm(txn).unwrap();
        ledger.load("p", RUN.now).unwrap()
    };
    let user = |name: &str| UserName::new(name, false).unwrap();
    let (name, gid) = (GroupName::known("g").unwrap(), Gid::new(60_000).unwrap());
    let group = Change::CreateGroup { id: id("g"), name, gid, members: vec![user("ann"), user("bob")] };
    let lab = |add: &[&str], remove: &[&str], applied: &[&str]| Change::ChangeLocalMembers {
        name: GroupName::known("lab").unwrap(),
        privileged: true,
        add: add.iter().map(|name| user(name)).collect(),
        remove: remove.iter().map(|name| (*name).to_owned()).collect(),
        applied: applied.iter().map(|name| user(name)).collect(),
    };
    let adopted = Adopted {
        id: id("u-bob"),
        login: crate::model::Untrusted::new("robert"),
        name: user("bob"),
        alias: Some("robert".into()),
        uid: Uid::new(1001).unwrap(),
        gid: Gid::new(100).unwrap(),
        private_group: false,
        home: "/srv/bob".into(),
        fields: vec![],
        applied: Applied { home: "/srv/bob".into(), locked: true, expire: "20500".into(), ..Applied::default() },
    };
    let adopt = Change::AdoptAccount(Box::new(adopted));
    let owned =
        carry_out(vec![create("ann", 20_000), adopt.clone(), group, lab(&["ann", "bob"], &[], &["ann", "bob"])]);
    let bob = &owned.accounts[&id("u-bob")];
    assert_eq!((bob.state, bob.uid.get(), bob.applied.locked), (State::Active, 1001, true));
    assert_eq!(owned.aliases.accounts[&id("u-bob")], "robert");
    assert_eq!((owned.local["lab"].as_str(), owned.losses.gains["lab"]), ("ann,bob", 2));

    let owned = carry_out(vec![Change::ReleaseAccount { id: id("u-bob"), name: user("bob"), uid: bob.uid }]);
    assert_eq!(owned.accounts[&id("u-bob")].state, State::Released);
    assert!(owned.ids.contains(&1001));
    assert_eq!((owned.groups[&id("g")].members.as_str(), owned.local["lab"].as_str()), ("ann", "ann"));
    let owned = carry_out(vec![adopt, lab(&[], &["ann"], &[])]);
    assert_eq!(owned.accounts[&id("u-bob")].state, State::Active);
    assert!(owned.local.is_empty());
    assert_eq!((owned.losses.local["lab"], owned.losses.accounts, owned.losses.members.len()), (1, 0, 0));
}

#[test]
fn reading_makes_no_ledger() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Ledger::open_read_only(dir.path()).unwrap().is_none());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn subordinate_ids_stay_with_whom_they_were_given_to() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let Change::CreateAccount(again) = create("ann", 20_000) else { panic!() };
    for subids in [Some((100_000, 65_536)), None] {
        let change = Change::CreateAccount(NewAccount { subids, ..again.clone() });
        let txn = ledger.reserve(RUN, &plan(vec![change])).unwrap();
        ledger.confirm(txn).unwrap();
        assert_eq!(ledger.load("p", 0).unwrap().subids, [100_000].into());
    }
}

#[test]
fn a_removed_account_is_no_member_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let user = |name: &str| UserName::new(name, false).unwrap();
    let members = vec![user("ann"), user("annabel"), user("joann")];
    let (name, gid) = (GroupName::known("g").unwrap(), Gid::new(60_000).unwrap());
    let group = Change::CreateGroup { id: id("g"), name, gid, members };
    let txn = ledger.reserve(RUN, &plan(vec![create("ann", 20_000), group])).unwrap();
    ledger.confirm(txn).unwrap();
    let (uid, home) = (Uid::new(20_000).unwrap(), crate::plan::HomeFate::Keep);
    let gone = Change::RemoveAccount { id: id("u-ann"), name: user("ann"), uid, private_group: true, home };
    let txn = ledger.reserve(RUN, &plan(vec![gone])).unwrap();
    ledger.confirm(txn).unwrap();
    assert_eq!(ledger.load("p", 0).unwrap().groups[&id("g")].members, "annabel,joann");
}
