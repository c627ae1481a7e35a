//! What is remembered of who and what leaves, and of names that were given up.

use super::*;

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
            .others
            .names
            .contains_key("ann"),
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
