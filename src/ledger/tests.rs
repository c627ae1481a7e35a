use super::*;
use crate::model::{GroupName, UserName};
use crate::plan::{Change, NewAccount};

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

fn set_keys(at: crate::plan::KeyPlace, text: &str, before: &[&str]) -> Change {
    Change::SetKeys(crate::plan::KeyChange {
        id: id("u-ann"),
        name: UserName::new("ann", false).unwrap(),
        at,
        cause: crate::plan::Cause::Wanted,
        before: before.iter().map(|text| (*text).to_owned()).collect(),
        after: vec![],
        text: text.to_owned(),
        found: None,
    })
}

#[test]
fn keys_are_remembered_when_they_are_in_place() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let file = crate::plan::KeyPlace::File { path: "/k/ann".into() };
    let home = crate::plan::KeyPlace::Home { path: "/home/ann".into(), uid: Uid::new(20_000).unwrap(), gid: 100 };
    let changes = vec![set_keys(file.clone(), "x", &[]), set_keys(home, "x", &[])];
    let txn = ledger.reserve(RUN, &plan(changes)).unwrap();
    assert!(ledger.load("p", 0).unwrap().keys.is_empty());
    ledger.confirm(txn).unwrap();
    let records = ledger.load("p", 0).unwrap().keys[&id("u-ann")].clone();
    let record = |path: &str, digest: String| Some(KeyRecord { path: path.into(), digest });
    let x = crate::policy::keys::digest(b"x");
    assert_eq!((records.file, records.home), (record("/k/ann", x.clone()), None), "homes are written later");
    let note = Observation::Keys(id("u-ann"), Place::Home, KeyRecord { path: "/home/ann".into(), digest: x.clone() });
    ledger.observe("p", &[note]).unwrap();
    assert_eq!(ledger.load("p", 0).unwrap().keys[&id("u-ann")].home, record("/home/ann", x));
    assert!(ledger.load("other", 0).unwrap().keys.is_empty());

    let txn = ledger.reserve(RUN, &plan(vec![set_keys(file, "", &["SHA256:x"])])).unwrap();
    ledger.confirm(txn).unwrap();
    let owned = ledger.load("p", RUN.now).unwrap();
    assert_eq!(owned.keys[&id("u-ann")].file, record("/k/ann", String::new()));
    assert_eq!((owned.losses.keys, owned.losses.accounts, owned.losses.members.len()), (1, 0, 0));
}

#[test]
fn an_older_ledger_is_read_as_it_is_and_made_newer_by_the_next_run() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE);
    let old = rusqlite::Connection::open(&path).unwrap();
    schema::make_first(&old).unwrap();
    old.execute_batch(
        "INSERT INTO accounts VALUES ('p', 'u-ann', 'ann', 20000, 100, 0, 'active', '', '/home/ann', '/bin/sh', NULL,
             NULL, 0, NULL);
         INSERT INTO meta VALUES ('generation', 7);",
    )
    .unwrap();
    drop(old);
    let bytes = std::fs::read(&path).unwrap();
    let shown = Ledger::open_read_only(dir.path()).unwrap().unwrap().load("p", 0).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "who only reads changes nothing");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!((shown.generation, shown.accounts.len()), (7, 1));
    assert_eq!(Ledger::open(dir.path()).unwrap().load("p", 0).unwrap(), shown);
    assert_eq!(Ledger::open_read_only(dir.path()).unwrap().unwrap().load("p", 0).unwrap(), shown);
    assert_ne!(std::fs::read(&path).unwrap(), bytes);
}
