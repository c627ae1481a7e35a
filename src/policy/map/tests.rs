use std::collections::BTreeMap;

use super::*;
use crate::model::Gid;
use crate::model::owned::{Applied, OwnedAccount, State};
use crate::policy::GroupRules;
use crate::policy::NameMap;

fn id(text: &str) -> RemoteId {
    RemoteId::new(text).unwrap()
}

fn map(users: Vec<User>, owned: &Owned, rules: &AccountRules) -> WantedAccounts {
    let directory = Directory {
        users,
        groups: vec![],
    };
    let shells = Shells::new(["/bin/bash", "/bin/zsh"], |path| {
        path == "/usr/sbin/nologin"
    });
    accounts(
        &directory,
        |u| {
            if u.active {
                Selection::Selected
            } else {
                Selection::Suspended
            }
        },
        owned,
        &shells,
        rules,
    )
}

fn own(name: &str, uid: u32) -> OwnedAccount {
    OwnedAccount {
        name: name.to_owned(),
        uid: Uid::new(uid).unwrap(),
        gid: 100,
        private_group: false,
        state: State::Active,
        applied: Applied::default(),
        subid: None,
        absence: None,
    }
}

fn reasons(out: &WantedAccounts) -> Vec<String> {
    out.refusals
        .iter()
        .map(|r| format!("{}: {}", r.subject, r.reason.word()))
        .collect()
}

#[test]
fn a_login_is_lower_cased_and_mapped() {
    let rules = AccountRules {
        names: vec![NameMap::new(r"(.*)@example\.org", "$1").unwrap()],
        ..AccountRules::default()
    };
    let out = map(
        vec![User::new(id("1"), "Ann@Example.org")],
        &Owned::default(),
        &rules,
    );
    assert_eq!(out.accounts[0].name.as_str(), "ann");
    assert_eq!(out.accounts[0].fields.home, "/home/ann");
}

#[test]
fn two_people_with_one_name_are_both_refused() {
    let users = vec![
        User::new(id("1"), "ann"),
        User::new(id("2"), "Ann"),
        User::new(id("3"), "bob"),
    ];
    let out = map(users, &Owned::default(), &AccountRules::default());
    assert_eq!(out.accounts.len(), 1);
    assert_eq!(
        reasons(&out),
        ["ann: two-would-be-called", "ann: two-would-be-called"]
    );
}

#[test]
fn the_owner_of_a_name_keeps_it_against_a_twin() {
    let owned = Owned {
        accounts: BTreeMap::from([(id("2"), own("ann", 20_000))]),
        ..Owned::default()
    };
    let out = map(
        vec![User::new(id("1"), "ann"), User::new(id("2"), "ann")],
        &owned,
        &AccountRules::default(),
    );
    assert_eq!(out.accounts.len(), 1);
    assert_eq!(out.accounts[0].id, id("2"));
    assert_eq!(reasons(&out), ["ann: name-taken"]);
}

#[test]
fn the_kelvin_sign_does_not_become_a_k() {
    let out = map(
        vec![User::new(id("1"), "\u{212a}ate")],
        &Owned::default(),
        &AccountRules::default(),
    );
    assert!(out.accounts.is_empty());
}

#[test]
fn names_of_the_system_are_refused() {
    let out = map(
        vec![User::new(id("1"), "Root"), User::new(id("2"), "docker")],
        &Owned::default(),
        &AccountRules::default(),
    );
    assert!(out.accounts.is_empty());
    assert_eq!(out.present.len(), 2, "refused people are not absent");
}

#[test]
fn uids_are_plain_numbers_in_the_range() {
    for bad in [
        "0",
        "+20000",
        " 20000",
        "020000",
        "2e4",
        "99",
        "4294967296",
        "-1",
        "",
    ] {
        let mut user = User::new(id("1"), "ann");
        user.uid = Some(Untrusted::new(bad));
        let out = map(vec![user], &Owned::default(), &AccountRules::default());
        assert!(out.accounts.is_empty(), "{bad:?}");
    }
}

#[test]
fn homes_are_computed_unless_below_a_base() {
    let rules = AccountRules {
        home_bases: vec!["/data/home".to_owned()],
        ..AccountRules::default()
    };
    for (wish, got) in [
        ("/data/home/ann", "/data/home/ann"),
        ("/home/other", "/home/other"),
        ("/etc", "/home/ann"),
        ("/home/../etc", "/home/ann"),
        ("/home/", "/home/ann"),
        ("/home/a/b", "/home/ann"),
        ("/home/.ssh", "/home/ann"),
        ("", "/home/ann"),
        ("/homes/ann", "/home/ann"),
    ] {
        let mut user = User::new(id("1"), "ann");
        user.home = Some(Untrusted::new(wish));
        let out = map(vec![user], &Owned::default(), &rules);
        assert_eq!(out.accounts[0].fields.home, got, "{wish:?}");
    }
}

#[test]
fn shells_come_from_etc_shells_alone() {
    for (wish, got) in [
        ("/bin/zsh", "/bin/zsh"),
        ("/bin/sh -c id", "/usr/sbin/nologin"),
        ("/usr/bin/fish", "/bin/bash"),
        ("/usr/bin/git-shell", "/usr/sbin/nologin"),
        ("/usr/sbin/nologin ", "/usr/sbin/nologin"),
        ("/bin/true", "/usr/sbin/nologin"),
        ("/usr/local/bin/account-suspended", "/usr/sbin/nologin"),
        ("", "/bin/bash"),
        ("/usr/sbin/nologin", "/usr/sbin/nologin"),
        // Lets nobody in, and is not there.
        ("/sbin/nologin", "/usr/sbin/nologin"),
    ] {
        let mut user = User::new(id("1"), "ann");
        user.shell = Some(Untrusted::new(wish));
        let out = map(vec![user], &Owned::default(), &AccountRules::default());
        assert_eq!(out.accounts[0].fields.shell, got);
    }
    let rules = AccountRules {
        unknown_shell: Some(crate::policy::rules::UnknownShell::Refuse),
        ..AccountRules::default()
    };
    let mut user = User::new(id("1"), "ann");
    user.shell = Some(Untrusted::new("/usr/bin/git-shell"));
    let out = map(vec![user.clone()], &Owned::default(), &rules);
    assert_eq!(out.refusals[0].reason.word(), "shell-refused");
    // Who has an account is still looked at, and told what becomes of it.
    let owned = Owned {
        accounts: BTreeMap::from([(id("1"), own("ann", 20_000))]),
        ..Owned::default()
    };
    let out = map(vec![user], &owned, &rules);
    assert_eq!(out.accounts[0].fields.shell, "/usr/sbin/nologin");
    assert_eq!(out.remarks[0].reason.word(), "shell-not-allowed");
}

#[test]
fn a_known_account_is_renamed_when_the_login_changes_to_a_sound_one() {
    let owned = Owned {
        accounts: BTreeMap::from([(id("1"), own("ann", 20_000))]),
        ..Owned::default()
    };
    for (login, rename) in [
        ("ann", None),
        ("Ann", None),
        ("anna", Some("anna")),
        ("root", None),
        ("a.b", None),
    ] {
        let out = map(
            vec![User::new(id("1"), login)],
            &owned,
            &AccountRules::default(),
        );
        assert_eq!(out.accounts[0].name.as_str(), "ann");
        assert_eq!(
            out.accounts[0].rename.as_ref().map(UserName::as_str),
            rename,
            "{login}"
        );
        assert_eq!(
            out.remarks.len(),
            usize::from(["root", "a.b"].contains(&login)),
            "{:?}",
            out.remarks
        );
    }
}

/// Three who have accounts, of whom some have given up names.
fn three() -> Owned {
    let accounts = [
        ("1", own("ann", 20_000)),
        ("2", own("bob", 20_001)),
        ("3", own("cat", 20_002)),
    ];
    Owned {
        accounts: accounts.into_iter().map(|(n, own)| (id(n), own)).collect(),
        former_accounts: BTreeMap::from([("annie".to_owned(), id("1"))]),
        ..Owned::default()
    }
}

#[test]
fn nobody_inherits_a_name() {
    let renames = |logins: &[(&str, &str)]| -> Vec<String> {
        let users = logins
            .iter()
            .map(|(n, login)| User::new(id(n), *login))
            .collect();
        let out = map(users, &three(), &AccountRules::default());
        let renamed = out
            .accounts
            .iter()
            .filter_map(|a| Some(format!("{} -> {}", a.name, a.rename.as_ref()?)));
        let told = out
            .remarks
            .iter()
            .map(|remark| format!("{}: told", remark.name));
        renamed
            .chain(told)
            .chain(
                out.refusals
                    .iter()
                    .map(|r| format!("{}: refused", r.subject)),
            )
            .collect()
    };
    // Two who change names with each other.
    assert_eq!(
        renames(&[("1", "bob"), ("2", "ann"), ("3", "cat")]),
        ["ann: told", "bob: told"]
    );
    // A chain: only its last link is free.
    assert_eq!(
        renames(&[("1", "bob"), ("2", "bert"), ("3", "cat")]),
        ["bob -> bert", "ann: told"]
    );
    // A name of somebody who was not even read, and one that was given up.
    assert_eq!(renames(&[("1", "cat")]), ["ann: told"]);
    assert_eq!(renames(&[("2", "annie")]), ["bob: told"]);
    assert_eq!(renames(&[("1", "annie")]), ["ann -> annie"]);
    // Two who want the same, of whom one has no account yet.
    assert_eq!(
        renames(&[("1", "new"), ("2", "new")]),
        ["ann: told", "bob: told"]
    );
    assert_eq!(
        renames(&[("1", "new"), ("4", "new")]),
        ["ann: told", "new: refused"]
    );
    // Somebody new, with the name that is just given up, or was.
    assert_eq!(
        renames(&[("1", "anna"), ("4", "ann")]),
        ["ann -> anna", "ann: refused"]
    );
    assert_eq!(renames(&[("4", "annie")]), ["annie: refused"]);
}

#[test]
fn a_known_group_is_renamed_and_none_inherits_a_name() {
    use crate::model::Group;
    use crate::model::owned::OwnedGroup;
    let group = |n: &str, name: &str| Group {
        id: id(n),
        name: Untrusted::new(name),
        description: None,
        parent: None,
        gid: None,
        members: vec![],
    };
    let own = |name: &str, gid| OwnedGroup {
        name: name.into(),
        gid: Gid::new(gid).unwrap(),
        state: State::Active,
        members: "".into(),
    };
    let owned = Owned {
        groups: BTreeMap::from([(id("1"), own("osg", 60_000)), (id("2"), own("cms", 60_001))]),
        former_groups: BTreeMap::from([("old".to_owned(), id("2"))]),
        ..Owned::default()
    };
    let renames = |names: &[(&str, &str)]| -> Vec<String> {
        let groups_read = names.iter().map(|(n, name)| group(n, name)).collect();
        let out = groups(
            &Directory {
                users: vec![],
                groups: groups_read,
            },
            &owned,
            &GroupRules::default(),
        );
        let renamed = out
            .groups
            .iter()
            .filter_map(|g| Some(format!("{} -> {}", g.name, g.rename.as_ref()?)));
        let told = out
            .remarks
            .iter()
            .map(|remark| format!("{}: told", remark.name));
        renamed
            .chain(told)
            .chain(
                out.refusals
                    .iter()
                    .map(|r| format!("{}: refused", r.subject)),
            )
            .collect()
    };
    assert_eq!(renames(&[("1", "htc"), ("2", "cms")]), ["osg -> htc"]);
    assert_eq!(
        renames(&[("1", "cms"), ("2", "osg")]),
        ["osg: told", "cms: told"]
    );
    assert_eq!(renames(&[("1", "sudo")]), ["osg: told"]);
    assert_eq!(
        renames(&[("1", "old"), ("2", "old")]),
        ["osg: told", "cms: told"]
    );
    assert_eq!(
        renames(&[("2", "old"), ("3", "cms")]),
        ["cms -> old", "cms: refused"]
    );
    assert_eq!(renames(&[("3", "old")]), ["old: refused"]);
}

#[test]
fn shut_out_people_without_an_account_need_none() {
    let mut user = User::new(id("1"), "ann");
    user.active = false;
    let out = map(vec![user], &Owned::default(), &AccountRules::default());
    assert!(out.accounts.is_empty() && out.refusals.is_empty());
    assert_eq!(out.shut_out, 1);
}

#[test]
fn groups_of_power_are_refused() {
    use crate::model::Group;
    let group = |n: &str| Group {
        id: id(n),
        name: Untrusted::new(n),
        description: None,
        parent: None,
        gid: None,
        members: vec![],
    };
    let directory = Directory {
        users: vec![],
        groups: vec![group("sudo"), group("docker"), group("physics")],
    };
    let out = groups(&directory, &Owned::default(), &GroupRules::default());
    assert_eq!(out.groups.len(), 1);
    assert_eq!(out.refusals.len(), 2);
}

#[test]
fn a_known_person_with_a_bad_number_is_still_followed() {
    let owned = Owned {
        accounts: BTreeMap::from([(id("1"), own("ann", 20_000))]),
        ..Owned::default()
    };
    for uid in ["7", " 20000", "x"] {
        let shut = User {
            active: false,
            uid: Some(Untrusted::new(uid)),
            ..User::new(id("1"), "ann")
        };
        let out = map(vec![shut], &owned, &AccountRules::default());
        assert!(
            !out.accounts[0].open,
            "who is shut out must not stay in because of it"
        );
        assert_eq!((out.accounts[0].uid, out.remarks.len()), (None, 1));
    }
}

#[test]
fn a_known_group_with_a_bad_number_is_still_followed() {
    use crate::model::Group;
    use crate::model::owned::OwnedGroup;
    let gid = Some(Untrusted::new("7"));
    let name = Untrusted::new("osg");
    let group = Group {
        id: id("g"),
        name,
        description: None,
        parent: None,
        gid,
        members: vec![],
    };
    let directory = Directory {
        users: vec![],
        groups: vec![group],
    };
    let own = OwnedGroup {
        name: "osg".into(),
        gid: Gid::new(60_000).unwrap(),
        state: State::Active,
        members: "".into(),
    };
    let owned = Owned {
        groups: BTreeMap::from([(id("g"), own)]),
        ..Owned::default()
    };
    let out = groups(&directory, &owned, &GroupRules::default());
    assert_eq!(
        (out.groups.len(), out.refusals.len(), out.remarks.len()),
        (1, 0, 1)
    );
    assert_eq!(
        groups(&directory, &Owned::default(), &GroupRules::default())
            .refusals
            .len(),
        1
    );
}

#[test]
fn two_groups_with_one_id_are_both_refused() {
    use crate::model::Group;
    let group = |name: &str| {
        let name = Untrusted::new(name);
        Group {
            id: id("g"),
            name,
            description: None,
            parent: None,
            gid: None,
            members: vec![],
        }
    };
    let directory = Directory {
        users: vec![],
        groups: vec![group("a"), group("b")],
    };
    let out = groups(&directory, &Owned::default(), &GroupRules::default());
    assert_eq!(
        (out.groups.len(), out.refusals.len(), out.present.len()),
        (0, 2, 1)
    );
}

#[test]
fn sections_of_groups_say_names_and_gids() {
    use crate::model::name::GroupPrefix;
    use crate::model::{Group, IdRange};
    use crate::policy::matcher::Filter;
    use crate::policy::overrides::{Override, Overrides};
    let group = |n: &str, gid: &str| Group {
        id: id(n),
        name: Untrusted::new(n),
        description: None,
        parent: None,
        gid: Some(Untrusted::new(gid)),
        members: vec![],
    };
    let section = Override {
        filter: Filter::new(&["osg.*"]).unwrap(),
        prefix: Some(GroupPrefix::new("o-").unwrap()),
        gid_range: IdRange::new(5000, 5999).ok(),
        names: Some(vec![NameMap::new(r"osg\.(.+)", "$1").unwrap()]),
        ..Override::default()
    };
    let rules = GroupRules {
        overrides: Overrides::new(vec![("osg".to_owned(), section)]),
        ..GroupRules::default()
    };
    let directory = Directory {
        users: vec![],
        groups: vec![
            group("osg.a", "5001"),
            group("osg.b", "60001"),
            group("osg", "60002"),
            group("cms", "5002"),
        ],
    };
    let out = groups(&directory, &Owned::default(), &rules);
    let names: Vec<_> = out
        .groups
        .iter()
        .map(|g| (g.name.as_str(), g.gid.map(Gid::get)))
        .collect();
    assert_eq!(names, [("osg", Some(60_002)), ("o-a", Some(5001))]);
    let refused: Vec<_> = out.refusals.iter().map(|r| r.reason.word()).collect();
    assert_eq!(refused, ["out-of-range", "out-of-range"]);
}

#[test]
fn two_who_come_back_under_one_name_are_both_refused() {
    let gone = |name: &str, uid| OwnedAccount {
        state: State::Removed,
        ..own(name, uid)
    };
    let accounts = BTreeMap::from([
        (id("1"), gone("old", 20_000)),
        (id("2"), gone("older", 20_001)),
    ]);
    let mut owned = Owned {
        accounts,
        ..Owned::default()
    };
    let back = || vec![User::new(id("1"), "ann"), User::new(id("2"), "ann")];
    let out = map(back(), &owned, &AccountRules::default());
    assert_eq!(
        (out.accounts.len(), out.refusals.len()),
        (0, 2),
        "{:?}",
        out.accounts
    );
    owned.accounts.insert(id("1"), gone("ann", 20_000));
    let out = map(back(), &owned, &AccountRules::default());
    assert_eq!(
        (out.accounts.len(), out.refusals.len()),
        (1, 1),
        "it was hers"
    );
}

#[test]
fn a_wish_does_not_keep_out_the_one_whose_name_the_home_has() {
    let wish = |n: &str, login: &str, home: &str| User {
        home: Some(Untrusted::new(home)),
        ..User::new(id(n), login)
    };
    let people = vec![
        wish("1", "mallory", "/home/ann"),
        User::new(id("2"), "ann"),
        wish("3", "bob", "/home/shared"),
        wish("4", "cat", "/home/shared"),
    ];
    let out = map(people.clone(), &Owned::default(), &AccountRules::default());
    let made: Vec<&str> = out.accounts.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(made, ["ann"]);
    assert!(
        out.refusals
            .iter()
            .all(|it| it.reason.word() == "two-ask-for-home")
    );
    // Nor does the wish of somebody who has an account, and keeps the home that it has.
    let owned = Owned {
        accounts: BTreeMap::from([(id("1"), own("mallory", 20_000))]),
        ..Owned::default()
    };
    let out = map(people, &owned, &AccountRules::default());
    assert!(out.accounts.iter().any(|one| one.name.as_str() == "ann"));
}
