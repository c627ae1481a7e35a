use std::collections::BTreeMap;

use super::*;
use crate::model::host::{HostAccount, HostGroup};
use crate::model::{AccountFields, Gid, RemoteId, Uid};

fn id(n: u32) -> RemoteId {
    RemoteId::new(&format!("u-{n}")).unwrap()
}

/// A host on which Ann's account and the group `all` are as gosync left them.
fn case() -> (Host<'static>, Owned, Rules) {
    let account = HostAccount {
        uid: 20_001,
        gid: 100,
        fields: AccountFields {
            gecos: "Ann",
            home: "/home/ann",
            shell: "/bin/bash",
        },
        locked: false,
        expire: "",
        writable: true,
    };
    let own = OwnedAccount {
        name: "ann".into(),
        uid: Uid::new(20_001).unwrap(),
        gid: 100,
        private_group: false,
        state: State::Active,
        applied: Applied {
            fields: AccountFields {
                gecos: "Ann".into(),
                home: "/home/ann".into(),
                shell: "/bin/bash".into(),
            },
            ..Applied::default()
        },
        subid: None,
        absence: None,
    };
    let group = HostGroup {
        gid: 60_000,
        members: "ann,bob".into(),
        writable: true,
    };
    let members = "ann,bob".into();
    let own_group = OwnedGroup {
        name: "all".into(),
        gid: Gid::new(60_000).unwrap(),
        state: State::Active,
        members,
    };
    let host = Host {
        accounts: [("ann", account)].into(),
        groups: crate::model::ByName::from([
            ("all", group),
            (
                "lab",
                HostGroup {
                    gid: 1200,
                    members: "ann,root".into(),
                    writable: true,
                },
            ),
        ]),
        ..Host::default()
    };
    let owned = Owned {
        accounts: BTreeMap::from([(id(1), own)]),
        groups: BTreeMap::from([(id(9), own_group)]),
        local: BTreeMap::from([("lab".to_owned(), "ann".into())]),
        ..Owned::default()
    };
    (host, owned, Rules::default())
}

/// What is said after a hand was at it.
fn said(hand: impl FnOnce(&mut Host<'static>, &mut Owned, &mut Rules)) -> Vec<String> {
    let (mut host, mut owned, mut rules) = case();
    hand(&mut host, &mut owned, &mut rules);
    drift(&host, &owned, &rules).iter().map(line).collect()
}

fn ann<'a>(host: &'a mut Host<'static>) -> &'a mut HostAccount<'static> {
    host.accounts.get_mut("ann").unwrap()
}

#[test]
fn nothing_differs_where_nobody_was() {
    assert_eq!(said(|_, _, _| {}), [""; 0]);
    // What is given back, or gone, is nobody's concern.
    for state in [State::Released, State::Removed, State::Reserved] {
        let told = said(|host, owned, _| {
            host.accounts.clear();
            owned
                .accounts
                .values_mut()
                .for_each(|own| own.state = state);
        });
        assert_eq!(told, [""; 0], "{state:?}");
    }
}

#[test]
fn each_field_is_told_with_what_becomes_of_it() {
    let told = said(|host, _, rules| {
        let found = ann(host);
        (found.fields.gecos, found.fields.home, found.fields.shell) = ("", "/x", "/bin/zsh");
        (found.locked, found.expire, found.gid) = (true, "20500", 7);
        rules.accounts.keep_local = [Field::Shell, Field::Expiry].into();
    });
    assert_eq!(
        told,
        [
            "account ann primary group \"100\", found \"7\": stays, since gosync never changes a primary group",
            "account ann gecos \"Ann\", found \"(empty)\": is undone, since `keep_local` does not name `gecos`",
            "account ann home \"/home/ann\", found \"/x\": is undone, since `keep_local` does not name `home`",
            "account ann shell \"/bin/bash\", found \"/bin/zsh\": stays, since `keep_local` names `shell`",
            "account ann lock \"open\", found \"locked\": is undone, since `keep_local` does not name `lock`",
            "account ann expiry \"never\", found \"2026-02-16\": stays, since `keep_local` names `expiry`",
        ]
    );
}

#[test]
fn a_lock_of_gosyncs_is_compared_as_a_whole() {
    let locked = |locked, expire| {
        said(|host, owned, _| {
            (ann(host).locked, ann(host).expire) = (locked, expire);
            owned
                .accounts
                .values_mut()
                .for_each(|own| own.state = State::Locked);
        })
    };
    assert_eq!(locked(true, "1"), [""; 0]);
    assert_eq!(locked(true, "").len(), 1);
    assert!(locked(false, "1")[0].contains("a lock of gosync's is not given up to a hand"));
}

#[test]
fn what_is_gone_comes_back_only_as_configured() {
    let gone = |by_hand, state| {
        said(|host, owned, rules| {
            host.accounts.clear();
            host.groups.clear();
            owned
                .accounts
                .values_mut()
                .for_each(|own| own.state = state);
            (rules.accounts.deleted_by_hand, rules.groups.deleted_by_hand) = (by_hand, by_hand);
        })
    };
    assert_eq!(
        gone(ByHand::Report, State::Active),
        [
            "account ann  was removed by hand: stays, since `deleted_by_hand` is `report`",
            "group all  was removed by hand: stays, since `deleted_by_hand` is `report`",
            "local group lab  is not on this host any more: stays, since `local_map` makes no groups",
        ]
        .map(|line| line.replace("  ", " "))
    );
    assert!(
        gone(ByHand::Restore, State::Active)[0]
            .contains("is undone, since `deleted_by_hand` is `restore`")
    );
    assert!(
        gone(ByHand::Restore, State::Locked)[0].contains(": stays"),
        "nobody is made anew who is shut out"
    );
}

#[test]
fn members_that_came_stay_and_members_that_went_are_told() {
    let members = |by_hand| {
        said(|host, _, rules| {
            host.groups.get_mut("all").unwrap().members = "bob,root".into();
            host.groups.get_mut("lab").unwrap().members = "root".into();
            rules.groups.taken_out_by_hand = by_hand;
        })
    };
    assert_eq!(
        members(ByHand::Restore),
        [
            "group all added root: stays, since members that were added by hand stay",
            "group all taken out ann: is undone, since `taken_out_by_hand` is `restore`",
            "local group lab taken out ann: is undone, since `taken_out_by_hand` is `restore`",
        ]
    );
    assert!(members(ByHand::Report)[2].contains(": stays"));
}

#[test]
fn a_line_that_is_somebody_elses_is_one_difference() {
    let told = said(|host, _, _| (ann(host).uid, ann(host).fields.shell) = (5, "/x"));
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("has the uid 5 on this host, but gosync gave 20001"),
        "{told:?}"
    );
}
