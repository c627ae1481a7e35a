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
    assert_eq!(
        other.other_names,
        ["@osg".to_owned(), "ann".to_owned()].into()
    );
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
fn a_damaged_or_newer_ledger_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(Ledger::open(dir.path()).unwrap());
    let path = dir.path().join(FILE);
    rusqlite::Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    assert!(matches!(
        Ledger::open(dir.path()),
        Err(LedgerError::Newer { found: 99, .. })
    ));
    std::fs::write(&path, vec![7_u8; 8192]).unwrap();
    assert!(matches!(
        Ledger::open(dir.path()),
        Err(LedgerError::Sqlite { .. })
    ));
    assert!(Ledger::open_read_only(dir.path()).is_err());
}

/// A ledger as the first gosync wrote it, with one account.
fn first_ledger(dir: &std::path::Path) {
    let old = Connection::open(dir.join(FILE)).unwrap();
    schema::prepare_old(&old, 1).unwrap();
    old.execute_batch(
        "INSERT INTO accounts (provider, id, name, uid, gid, private, state, gecos, home, shell)
            VALUES ('p', 'u-ann', 'ann', 20000, 100, 0, 'active', '', '/home/ann', '/bin/sh')",
    )
    .unwrap();
}

#[test]
fn an_older_ledger_is_brought_up_by_who_may_write_and_read_by_who_may_not() {
    let dir = tempfile::tempdir().unwrap();
    first_ledger(dir.path());
    let before = std::fs::read(dir.path().join(FILE)).unwrap();
    let seen = Ledger::open_read_only(dir.path())
        .unwrap()
        .unwrap()
        .load(HOST, "p", 0)
        .unwrap();
    assert_eq!(
        std::fs::read(dir.path().join(FILE)).unwrap(),
        before,
        "looking changes nothing"
    );
    assert_eq!(
        Ledger::open(dir.path())
            .unwrap()
            .load(HOST, "p", 0)
            .unwrap(),
        seen
    );
    assert_eq!(seen.accounts[&id("u-ann")].uid.get(), 20_000);
    assert_ne!(std::fs::read(dir.path().join(FILE)).unwrap(), before);
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
fn reading_makes_no_ledger() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Ledger::open_read_only(dir.path()).unwrap().is_none());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
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

#[test]
fn the_time_of_a_departure_counts_from_the_first_locking_until_the_return() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    done(&mut ledger, 100, vec![create("ann", 20_000)]);
    done(&mut ledger, 200, vec![lock("ann")]);
    done(&mut ledger, 300, vec![lock("ann")]);
    let departure = ledger.load(HOST, "p", 300).unwrap().departures[&id("u-ann")].clone();
    assert_eq!((departure.since, departure.archive), (200, None));
    let (uid, home, archive) = (
        Uid::new(20_000).unwrap(),
        "/home/ann".to_owned(),
        "/a/ann.tar.zst".to_owned(),
    );
    let pack = Change::account(
        key(id("u-ann")),
        user("ann"),
        Deed::ArchiveHome {
            uid,
            home,
            archive: archive.clone(),
        },
    );
    done(&mut ledger, 400, vec![pack]);
    let owned = ledger.load(HOST, "p", 400).unwrap();
    assert_eq!(
        owned.departures[&id("u-ann")].archive.as_ref(),
        Some(&archive)
    );
    assert_eq!(owned.losses.others[&Loss::Archive], 1);
    let gone = Change::account(
        key(id("u-ann")),
        user("ann"),
        Deed::RemoveAccount {
            uid,
            private_group: true,
            home: crate::plan::HomeFate::Keep,
        },
    );
    done(&mut ledger, 500, vec![gone]);
    let owned = ledger.load(HOST, "p", 500).unwrap();
    assert!(owned.departures.is_empty());
    assert_eq!(owned.losses.others[&Loss::Removal], 1, "a limit of its own");
    assert_eq!(owned.losses.accounts, 2, "the lockings");
    assert_eq!(
        owned.archives[&id("u-ann")],
        archive,
        "told if she comes back"
    );
    done(&mut ledger, 600, vec![create("ann", 20_000)]);
    done(&mut ledger, 700, vec![lock("ann")]);
    assert_eq!(
        ledger.load(HOST, "p", 700).unwrap().departures[&id("u-ann")].since,
        700
    );
    done(
        &mut ledger,
        800,
        vec![Change::account(
            key(id("u-ann")),
            user("ann"),
            Deed::Unlock {},
        )],
    );
    assert!(ledger.load(HOST, "p", 800).unwrap().departures.is_empty());
}

#[test]
fn a_name_that_is_given_up_stays_whose_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let group = Change::group(
        key(id("g")),
        GroupName::known("all").unwrap(),
        Deed::CreateGroup {
            gid: Gid::new(60_000).unwrap(),
            members: vec![user("ann"), user("bob")],
        },
    );
    done(
        &mut ledger,
        100,
        vec![create("ann", 20_000), create("bob", 20_001), group],
    );
    done(&mut ledger, 200, vec![rename("ann", "ann", "zoe")]);
    let owned = ledger.load(HOST, "p", 200).unwrap();
    let ann = &owned.accounts[&id("u-ann")];
    assert_eq!(
        (
            ann.name.as_str(),
            ann.uid.get(),
            ann.applied.fields.home.as_str()
        ),
        ("zoe", 20_000, "/home/zoe")
    );
    assert_eq!(owned.groups[&id("g")].members, "bob,zoe".into());
    assert_eq!(
        owned.former_accounts,
        BTreeMap::from([("ann".to_owned(), id("u-ann"))])
    );
    assert!(
        ledger
            .load(HOST, "q", 200)
            .unwrap()
            .other_names
            .contains("ann"),
        "another provider does not get it, either"
    );
    done(&mut ledger, 300, vec![rename("ann", "zoe", "ann")]);
    assert_eq!(
        ledger.load(HOST, "p", 300).unwrap().former_accounts,
        BTreeMap::from([("zoe".to_owned(), id("u-ann"))]),
        "she has it again"
    );
    let (from, to) = (
        GroupName::known("all").unwrap(),
        GroupName::known("every").unwrap(),
    );
    done(
        &mut ledger,
        400,
        vec![Change::group(
            key(id("g")),
            to.clone(),
            Deed::Rename(Rename {
                number: Number::Gid(Gid::new(60_000).unwrap()),
                from: from.into(),
                to: to.into(),
                account: None,
            }),
        )],
    );
    let owned = ledger.load(HOST, "p", 400).unwrap();
    assert_eq!(
        (
            owned.groups[&id("g")].name.as_str(),
            owned.former_groups.len()
        ),
        ("every", 1)
    );
    assert_eq!(owned.losses.others[&Loss::Rename], 3);
}

#[test]
fn a_name_that_was_begun_to_be_given_is_known_if_it_stands_on_the_host() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let (all, every) = (
        GroupName::known("all").unwrap(),
        GroupName::known("every").unwrap(),
    );
    let gid = Gid::new(60_000).unwrap();
    let group = Change::group(
        key(id("g")),
        all.clone(),
        Deed::CreateGroup {
            gid,
            members: vec![],
        },
    );
    done(&mut ledger, 100, vec![create("ann", 20_000), group]);
    let mut give_up = |host: &Host<'_>| {
        let renames = vec![
            rename("ann", "ann", "zoe"),
            Change::group(
                key(id("g")),
                every.clone(),
                Deed::Rename(Rename {
                    number: Number::Gid(gid),
                    from: all.clone().into(),
                    to: every.clone().into(),
                    account: None,
                }),
            ),
        ];
        ledger.reserve(RUN, &plan(renames)).unwrap();
        ledger.drop_pending(host).unwrap();
        let owned = ledger.load(HOST, "p", 200).unwrap();
        assert_eq!(
            owned.accounts[&id("u-ann")].name,
            "ann",
            "what else was to be done may be missing"
        );
        (owned.former_accounts, owned.former_groups)
    };
    let account = |uid| HostAccount {
        uid,
        gid: 100,
        fields: AccountFields {
            gecos: "",
            home: "/home/zoe",
            shell: "/bin/sh",
        },
        locked: false,
        expire: "",
        writable: true,
    };
    let group = |gid| HostGroup {
        gid,
        members: "".into(),
        writable: true,
    };
    let host = |uid, gid| Host {
        accounts: [("zoe", account(uid))].into(),
        groups: [("every", group(gid))].into(),
        ..Host::default()
    };
    assert_eq!(
        give_up(&Host::default()),
        (BTreeMap::new(), BTreeMap::new()),
        "nothing came of it"
    );
    assert_eq!(
        give_up(&host(1_700, 1_701)),
        (BTreeMap::new(), BTreeMap::new()),
        "somebody else"
    );
    let (accounts, groups) = give_up(&host(20_000, 60_000));
    assert_eq!(accounts, BTreeMap::from([("zoe".to_owned(), id("u-ann"))]));
    assert_eq!(groups, BTreeMap::from([("every".to_owned(), id("g"))]));
}

#[test]
fn a_group_that_is_gone_is_remembered_with_its_gid() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let name = || GroupName::known("all").unwrap();
    let gid = Gid::new(60_000).unwrap();
    done(
        &mut ledger,
        100,
        vec![Change::group(
            key(id("g")),
            name(),
            Deed::CreateGroup {
                gid,
                members: vec![user("ann")],
            },
        )],
    );
    let absence = Absence {
        since: 150,
        runs: 1,
    };
    ledger
        .observe(RUN, &[Observation::GroupAbsent(id("g"), absence)])
        .unwrap();
    assert_eq!(
        ledger.load(HOST, "p", 150).unwrap().group_departures[&id("g")].absence,
        Some(absence)
    );
    ledger
        .observe(RUN, &[Observation::GroupBack(id("g"))])
        .unwrap();
    assert!(
        ledger
            .load(HOST, "p", 150)
            .unwrap()
            .group_departures
            .is_empty()
    );
    done(
        &mut ledger,
        200,
        vec![Change::group(
            key(id("g")),
            name(),
            Deed::EmptyGroup {
                remove: vec!["ann".into()],
            },
        )],
    );
    let owned = ledger.load(HOST, "p", 200).unwrap();
    assert_eq!(
        (
            owned.groups[&id("g")].members.as_str(),
            owned.group_departures[&id("g")].since
        ),
        ("", Some(200))
    );
    let wanted = vec![user("ann")];
    let back = Change::group(
        key(id("g")),
        name(),
        Deed::ChangeMembers(MemberChange {
            privileged: None,
            add: wanted.clone(),
            remove: vec![],
            wanted,
        }),
    );
    done(&mut ledger, 250, vec![back]);
    assert!(
        ledger
            .load(HOST, "p", 250)
            .unwrap()
            .group_departures
            .is_empty(),
        "its time begins anew"
    );
    let remove = vec!["ann".to_owned()];
    done(
        &mut ledger,
        300,
        vec![Change::group(
            key(id("g")),
            name(),
            Deed::RemoveGroup { gid, remove },
        )],
    );
    let owned = ledger.load(HOST, "p", 300).unwrap();
    assert_eq!(
        (
            owned.groups[&id("g")].state,
            owned.groups[&id("g")].members.as_str()
        ),
        (State::Removed, "")
    );
    assert!(owned.ids.contains(&60_000) && owned.group_departures.is_empty());
    assert_eq!(
        (
            owned.losses.others[&Loss::Group],
            owned.losses.members[&id("g")]
        ),
        (2, 1)
    );
}

#[test]
fn an_older_ledger_is_made_newer_and_one_that_may_only_be_read_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let old = Connection::open(dir.path().join(FILE)).unwrap();
    schema::prepare_old(&old, 1).unwrap();
    old.execute_batch(
        "INSERT INTO accounts (provider, id, name, uid, gid, private, state, gecos, home, shell)
            VALUES ('p', 'u-ann', 'ann', 20000, 100, 0, 'locked', '', '/home/ann', '/bin/sh')",
    )
    .unwrap();
    drop(old);
    let bytes = std::fs::read(dir.path().join(FILE)).unwrap();
    let look = Ledger::open_read_only(dir.path()).unwrap().unwrap();
    assert_eq!(
        look.load(HOST, "p", 0).unwrap().departures.len(),
        1,
        "its time begins now"
    );
    drop(look);
    assert_eq!(
        std::fs::read(dir.path().join(FILE)).unwrap(),
        bytes,
        "only read"
    );
    let ledger = Ledger::open(dir.path()).unwrap();
    assert_eq!(ledger.version().unwrap(), schema::VERSION);
    assert!(ledger.load(HOST, "p", 0).unwrap().departures[&id("u-ann")].since > 1_600_000_000);
}

fn set_keys(at: crate::plan::KeyPlace, text: &str, before: &[&str]) -> Change {
    Change::account(
        key(id("u-ann")),
        UserName::new("ann", false).unwrap(),
        Deed::SetKeys(crate::plan::KeyChange {
            at,
            cause: crate::plan::Cause::Wanted,
            before: before.iter().map(|text| (*text).to_owned()).collect(),
            after: vec![],
            text: text.to_owned(),
            found: None,
        }),
    )
}

#[test]
fn keys_are_remembered_when_they_are_in_place() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let file = crate::plan::KeyPlace::File {
        path: "/k/ann".into(),
    };
    let home = crate::plan::KeyPlace::Home {
        path: "/home/ann".into(),
        uid: Uid::new(20_000).unwrap(),
        gid: 100,
    };
    let both = plan(vec![
        set_keys(file.clone(), "x", &[]),
        set_keys(home.clone(), "x", &[]),
    ]);
    let written = |change| Written {
        change,
        event: None,
    };
    let txn = ledger.reserve(RUN, &both).unwrap();
    assert!(ledger.load(HOST, "p", 0).unwrap().keys.is_empty());
    ledger.confirm(txn).unwrap();
    let records = ledger.load(HOST, "p", 0).unwrap().keys[&id("u-ann")].clone();
    let record = |path: &str, digest: String| {
        Some(KeyRecord {
            path: path.into(),
            digest,
        })
    };
    let x = crate::policy::keys::digest(b"x");
    assert_eq!(
        (records.file, records.home),
        (record("/k/ann", x.clone()), None),
        "homes are written later"
    );
    assert_eq!(
        ledger
            .wrote_keys(
                Run {
                    number: Some(txn),
                    ..RUN
                },
                &both,
                &[written(&both.changes[1])],
            )
            .unwrap(),
        txn
    );
    assert_eq!(
        ledger.load(HOST, "p", 0).unwrap().keys[&id("u-ann")].home,
        record("/home/ann", x)
    );
    assert_eq!(ledger.past_run(txn).unwrap().unwrap().counts["keys"], 2);
    assert!(ledger.load(HOST, "other", 0).unwrap().keys.is_empty());

    let txn = ledger
        .reserve(RUN, &plan(vec![set_keys(file, "", &["SHA256:x"])]))
        .unwrap();
    ledger.confirm(txn).unwrap();
    let owned = ledger.load(HOST, "p", RUN.now).unwrap();
    assert_eq!(
        owned.keys[&id("u-ann")].file,
        record("/k/ann", String::new())
    );
    assert_eq!(
        (
            owned.losses.keys,
            owned.losses.accounts,
            owned.losses.members.len()
        ),
        (1, 0, 0)
    );

    let withdrawn = plan(vec![set_keys(home, "", &[])]);
    let number = ledger
        .wrote_keys(RUN, &withdrawn, &[written(&withdrawn.changes[0])])
        .unwrap();
    let (after, run) = (
        ledger.load(HOST, "p", RUN.now).unwrap(),
        ledger.past_run(number).unwrap().unwrap(),
    );
    assert_eq!(
        (number, after.generation, after.losses.keys),
        (txn + 1, owned.generation + 1, 2)
    );
    assert_eq!(
        (run.digest.as_str(), &run.counts["keys"]),
        (withdrawn.digest().as_str(), &serde_json::json!(1))
    );
}

#[test]
fn an_older_ledger_is_read_as_it_is_and_made_newer_by_the_next_run() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE);
    let old = rusqlite::Connection::open(&path).unwrap();
    schema::prepare_old(&old, 1).unwrap();
    old.execute_batch(
        "INSERT INTO accounts VALUES ('p', 'u-ann', 'ann', 20000, 100, 0, 'active', '', '/home/ann', '/bin/sh', NULL,
             NULL, 0, NULL);
         INSERT INTO meta VALUES ('generation', 7);",
    )
    .unwrap();
    drop(old);
    let bytes = std::fs::read(&path).unwrap();
    let shown = Ledger::open_read_only(dir.path())
        .unwrap()
        .unwrap()
        .load(HOST, "p", 0)
        .unwrap();
    assert_eq!(
        std::fs::read(&path).unwrap(),
        bytes,
        "who only reads changes nothing"
    );
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!((shown.generation, shown.accounts.len()), (7, 1));
    assert_eq!(
        Ledger::open(dir.path())
            .unwrap()
            .load(HOST, "p", 0)
            .unwrap(),
        shown
    );
    assert_eq!(
        Ledger::open_read_only(dir.path())
            .unwrap()
            .unwrap()
            .load(HOST, "p", 0)
            .unwrap(),
        shown
    );
    assert_ne!(std::fs::read(&path).unwrap(), bytes);
}

/// What a transaction of 0.1.0 left when it was interrupted: a new account, one that was known before, a group that
/// was made again, edits, and hooks.
const INTERRUPTED: &str = r#"
    INSERT INTO runs VALUES (4, 1000, 'p', 'sync users', 'd', '{}');
    INSERT INTO accounts (provider, id, name, uid, gid, private, state, gecos, home, shell, txn) VALUES
        ('p', 'u-new', 'new', 20000, 20000, 1, 'reserved', '', '/home/new', '/bin/sh', 4),
        ('p', 'u-old', 'old', 20001, 100, 0, 'reserved', '', '/home/old', '/bin/sh', 4),
        ('p', 'u-ann', 'ann', 20002, 100, 0, 'active', 'Ann', '/home/ann', '/bin/sh', NULL);
    INSERT INTO unix_groups (provider, id, name, gid, state, members) VALUES ('p', 'g', 'g', 60000, 'active', 'ann');
    INSERT INTO pending VALUES
        (4, 1, 'p', '{"fresh":{"id":"u-new","group":false}}'),
        (4, 2, 'p', '{"remember":{"id":"u-old","kind":"account","change":"create-account","before":"{\"name\":\"old\",\"state\":\"removed\"}"}}'),
        (4, 3, 'p', '{"remember":{"id":"u-ann","kind":"account","change":"lock-account","detail":{"reason":"x"},"before":"{\"name\":\"ann\"}"}}'),
        (4, 4, 'p', '{"state":{"id":"u-ann","state":"locked","loss":true}}'),
        (4, 5, 'p', '{"remember":{"id":"g","kind":"group","change":"rename-group","before":"{\"name\":\"g\"}"}}'),
        (4, 6, 'p', '{"renamed":{"id":"g","group":true,"from":"g","to":"h","home":null}}'),
        (4, 7, 'p', '{"local_members":{"name":"docker","members":"ann","lost":0,"gained":1}}'),
        (4, 8, 'p', '{"round":"user"}'),
        (4, 9, 'p', '{"hook":{"kind":"user","event":"locked","id":"u-ann","account":{"name":"ann","uid":20002,"gid":100,"gecos":"Ann","home":"/home/ann","shell":"/bin/sh","email":null,"ssh_keys":[]},"changes":[],"apart":false}}');
"#;

fn interrupted(dir: &std::path::Path) -> Ledger {
    let old = Connection::open(dir.join(FILE)).unwrap();
    schema::prepare_old(&old, 7).unwrap();
    old.execute_batch(INTERRUPTED).unwrap();
    drop(old);
    Ledger::open(dir).unwrap()
}

#[test]
fn what_an_older_gosync_was_about_to_do_comes_true() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = interrupted(dir.path());
    assert_eq!(ledger.census().unwrap().pending, 5);
    ledger.confirm(4).unwrap();
    let owned = ledger.load(HOST, "p", 1_000).unwrap();
    let state = |who: &str| owned.accounts[&id(who)].state;
    assert_eq!(
        (state("u-new"), state("u-old"), state("u-ann")),
        (State::Active, State::Active, State::Locked)
    );
    assert_eq!(owned.groups[&id("g")].name, "h");
    assert_eq!(owned.local["docker"], "ann".into());
    assert_eq!(
        (owned.losses.accounts, owned.losses.gains["docker"]),
        (1, 1)
    );
    let run = ledger.past_run(4).unwrap().unwrap();
    let told: Vec<_> = run
        .changes
        .iter()
        .map(|c| {
            (
                c.seq,
                c.change.as_str(),
                c.name.as_str(),
                c.before.is_some(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (1, "create-account", "new", false),
            (2, "create-account", "old", true),
            (3, "lock-account", "ann", true),
            (4, "rename-group", "h", true)
        ]
    );
    assert_eq!(
        run.changes[2].detail,
        Some(serde_json::json!({"reason": "x"}))
    );
    let due = ledger
        .hooks_due(crate::plan::events::Kind::User, 1_000, 9)
        .unwrap();
    assert_eq!((due.len(), due[0].key.to_string().as_str()), (1, "4-9"));
}

#[test]
fn what_an_older_gosync_was_about_to_do_and_never_did_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = interrupted(dir.path());
    ledger.release().unwrap();
    let owned = ledger.load(HOST, "p", 1_000).unwrap();
    let known: Vec<_> = owned.accounts.keys().map(RemoteId::as_str).collect();
    assert_eq!(known, ["u-ann", "u-old"]);
    assert_eq!(owned.accounts[&id("u-ann")].state, State::Active);
    assert_eq!(
        (ledger.history(None, 9).unwrap(), owned.losses.accounts),
        (vec![], 0)
    );
}

#[test]
fn keys_go_along_when_an_account_is_renamed() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let file = crate::plan::KeyPlace::File {
        path: "/k/ann".into(),
    };
    done(
        &mut ledger,
        100,
        vec![create("ann", 20_000), set_keys(file, "x", &[])],
    );
    let mut renamed = rename("ann", "ann", "zoe");
    if let Deed::Rename(Rename {
        account: Some(account),
        ..
    }) = &mut renamed.deed
    {
        account.files = vec![("/k/ann".to_owned(), "/k/zoe".to_owned())];
    }
    let home = KeyRecord {
        path: "/home/ann".into(),
        digest: "h".into(),
    };
    let scope = RUN.scope(&ledger.db);
    super::applied::set_keys(scope, "u-ann", crate::policy::keys::Place::Home, &home).unwrap();
    done(&mut ledger, 200, vec![renamed]);
    let records = ledger.load(HOST, "p", 200).unwrap().keys[&id("u-ann")].clone();
    let paths = [records.file, records.home].map(|record| record.unwrap().path);
    assert_eq!(paths, ["/k/zoe", "/home/zoe"]);
}

#[test]
fn a_ledger_that_others_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    drop(Ledger::open(dir.path()).unwrap());
    let path = dir.path().join(FILE);
    for (mode, is_refused) in [(0o600, false), (0o644, false), (0o660, true), (0o602, true)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(Ledger::open(dir.path()).is_err(), is_refused, "{mode:o}");
        assert_eq!(
            Ledger::open_read_only(dir.path()).is_err(),
            is_refused,
            "{mode:o}"
        );
    }
}
