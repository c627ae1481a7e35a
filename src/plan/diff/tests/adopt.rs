//! What is adopted, what is refused, and what is given back.

use super::*;
use crate::model::history::EntryKind;
use crate::model::owned::State;
use crate::model::{Key, Untrusted};
use crate::plan::diff::{Adopting, Adoption, Counterpart, Person, release};
use crate::policy::Reason;

/// Records from 90 on are gone, and so are those of other providers.
fn is_gone(key: &Key) -> bool {
    key.provider.as_str() != "" || (90..100).any(|n| key.id == id(n))
}

/// A host on which Ann stands, and is not gosync's.
fn local() -> Case {
    let mut case = Case::default().has("ann", 1001);
    case.account("ann").gid = 1001;
    case.host.groups.insert(
        "ann",
        HostGroup {
            gid: 1001,
            members: "".into(),
            writable: true,
        },
    );
    case
}

fn adopt(case: &Case, wish: &WantedAccount) -> Result<Plan, Reason> {
    let login = Untrusted::new("ann");
    let person = Person {
        wanted: wish,
        login: &login,
        called: "ann",
    };
    let mut adopting = Adopting::new(&case.host, &case.owned, &is_gone);
    let done = adopting.account("ann", person, &case.rules.accounts)?;
    Ok(finished(adopting, "ann", done))
}

fn finished(mut adopting: Adopting<'_>, name: &str, done: Adoption) -> Plan {
    if done == Adoption::Ours {
        adopting.plan().remark(name, Reason::AlreadyOurs);
    }
    adopting.finish()
}

fn refused(case: &Case) -> Reason {
    adopt(case, &wanted(1, "ann")).unwrap_err()
}

#[test]
fn it_keeps_ids_home_and_what_keep_local_names() {
    let mut case = local();
    (
        case.account("ann").fields.home,
        case.account("ann").fields.shell,
    ) = ("/srv/ann", "/bin/zsh");
    let wish = WantedAccount {
        uid: Uid::new(20_007),
        ..with(wanted(1, "ann"), Field::Gecos, "Ann Lee")
    };
    let plan = adopt(&case, &wish).unwrap();
    assert_eq!(
        words(&plan),
        [
            "~ adopt account ann uid=1001 gid=1001 home=/srv/ann for ann (u-1), gecos \"Ann\" -> \"Ann Lee\"",
            "  note ann: keeps the uid 1001: the provider says 20007",
            "  note ann: keeps its shell",
        ]
    );
    let [Deed::AdoptAccount(adopted)] = deeds(&plan)[..] else {
        panic!("{plan:?}")
    };
    assert!(adopted.private_group && adopted.alias.is_none());
    assert_eq!(
        (
            adopted.applied.fields.shell.as_str(),
            adopted.applied.fields.home.as_str()
        ),
        ("/bin/bash", "/srv/ann")
    );
}

#[test]
fn what_grants_power_or_is_the_systems_is_refused() {
    let mut system = local();
    system.account("ann").uid = 999;
    assert_eq!(refused(&system).word(), "system-account");
    for uid in [65_534, 65_535] {
        let mut reserved = local();
        reserved.account("ann").uid = uid;
        assert_eq!(refused(&reserved).word(), "reserved-id");
    }
    let mut sudoer = local();
    sudoer.host.groups.insert(
        "sudo",
        HostGroup {
            gid: 27,
            members: "root, ann".into(),
            writable: true,
        },
    );
    assert_eq!(refused(&sudoer).word(), "in-powerful-group");
    sudoer.host.groups.insert(
        "sudo",
        HostGroup {
            gid: 1001,
            members: "".into(),
            writable: true,
        },
    );
    assert!(
        refused(&sudoer).word() == "in-powerful-group",
        "its primary group"
    );
    let mut root = local();
    root.account("ann").gid = 0;
    assert_eq!(refused(&root).word(), "roots-group");
    let shut = adopt(
        &local(),
        &WantedAccount {
            open: false,
            ..wanted(1, "ann")
        },
    );
    assert_eq!(shut.unwrap_err().word(), "shut-out");
}

#[test]
fn what_another_person_or_provider_owns_is_refused() {
    let mut other = local();
    other
        .owned
        .others
        .names
        .insert("ann".into(), "other".to_owned().into());
    assert_eq!(refused(&other).word(), "other-provider");
    for state in [State::Active, State::Removed, State::Released] {
        let mut rival = local().owns(2, "bob", state);
        rival.own(2).name = "ann".into();
        assert_eq!(refused(&rival).word(), "name-taken", "{state:?}");
    }
    let mut retired = local();
    retired.owned.others.numbers.uids.insert(1001);
    assert_eq!(refused(&retired).word(), "number-given");
    assert_eq!(
        refused(&local().owns(1, "ann2", State::Active)).word(),
        "has-account"
    );
    assert_eq!(
        refused(&local().owns(1, "old", State::Removed)).word(),
        "person-has-uid"
    );
}

#[test]
fn lines_that_are_not_sound_are_refused() {
    let mut twice = local();
    twice.host.repeated.insert("ann");
    let mut broken = local();
    broken.host.broken.insert("ann");
    let mut elsewhere = local();
    elsewhere.account("ann").writable = false;
    let mut odd = local();
    odd.account("ann").fields.home = crate::model::host::ODD;
    let mut expiry = local();
    expiry.account("ann").expire = "soon";
    for case in [twice, broken, elsewhere, odd, expiry, Case::default()] {
        assert!(adopt(&case, &wanted(1, "ann")).is_err());
    }
}

#[test]
fn what_was_given_back_is_adopted_again_and_what_is_owned_is_not_twice() {
    let mut again = local().owns(1, "ann", State::Released);
    again.own(1).uid = Uid::new(1001).unwrap();
    again.owned.ids = [1001].into();
    assert_eq!(adopt(&again, &wanted(1, "ann")).unwrap().changes.len(), 1);
    again.own(1).state = State::Active;
    assert_eq!(
        words(&adopt(&again, &wanted(1, "ann")).unwrap()),
        ["  note ann: is gosync's already"]
    );
}

fn lab(case: &Case, wish: &WantedGroup) -> Result<Plan, Reason> {
    let counterpart = Counterpart {
        wanted: wish,
        called: Some("lab"),
    };
    let mut adopting = Adopting::new(&case.host, &case.owned, &is_gone);
    let done = adopting.group("lab", counterpart)?;
    Ok(finished(adopting, "lab", done))
}

#[test]
fn a_group_keeps_its_members_and_gets_those_of_the_provider() {
    let mut case = Case::default()
        .owns(1, "ann", State::Active)
        .owns(2, "bob", State::Active);
    case.host.groups.insert(
        "lab",
        HostGroup {
            gid: 1200,
            members: "local,ann".into(),
            writable: true,
        },
    );
    let plan = lab(&case, &group(10, "lab", &[1, 2])).unwrap();
    assert_eq!(
        words(&plan),
        ["~ adopt group lab gid=1200 for u-10 add (1): bob"]
    );
    let [Deed::AdoptGroup { wanted, .. }] = deeds(&plan)[..] else {
        panic!()
    };
    assert_eq!(wanted.len(), 2, "Ann is gosync's to take out from now on");
    case.account("ann").gid = 1200;
    assert_eq!(
        lab(&case, &group(10, "lab", &[])).unwrap_err().word(),
        "primary-group-of"
    );
    case.account("ann").gid = 100;
    case.owned.others.numbers.gids.insert(1200);
    assert_eq!(
        lab(&case, &group(10, "lab", &[])).unwrap_err().word(),
        "number-given"
    );
    case.host.groups.insert(
        "lab",
        HostGroup {
            gid: 999,
            members: "".into(),
            writable: true,
        },
    );
    assert_eq!(
        lab(&case, &group(10, "lab", &[])).unwrap_err().word(),
        "system-group"
    );
    let owned = case.group(10, "lab", "", "");
    assert_eq!(
        words(&lab(&owned, &group(10, "lab", &[])).unwrap()),
        ["  note lab: is gosync's already"]
    );
    assert_eq!(
        lab(&owned, &group(11, "lab", &[])).unwrap_err().word(),
        "name-taken"
    );
}

#[test]
fn only_what_is_ours_is_given_back_and_all_or_nothing() {
    let case = Case::default()
        .owns(1, "ann", State::Active)
        .owns(2, "bob", State::Released)
        .group(10, "all", "", "");
    let plan = |names: &[&str], groups| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        release(&names, groups, &case.owned, &[]).map(|plan| words(&plan))
    };
    assert_eq!(
        plan(&["bob", "ann", "all", "ann"], None).unwrap(),
        [
            "- release group all gid=60010; it stays as it is",
            "- release account ann uid=20001; it stays as it is",
            "  note bob: was given back already",
        ]
    );
    assert_eq!(
        plan(&["ann", "local\n"], None),
        Err(vec![Reason::NameNotOurs {
            name: Untrusted::new("local\n")
        }])
    );
    assert!(plan(&["all"], Some(false)).is_err() && plan(&["ann"], Some(true)).is_err());
}

#[test]
fn nobody_inherits_a_name_by_adoption() {
    let mut case = local();
    case.owned.former_accounts.insert("ann".into(), id(2));
    assert_eq!(refused(&case).word(), "name-not-inherited");
    case.owned.former_accounts.insert("ann".into(), id(1));
    assert!(
        adopt(&case, &wanted(1, "ann")).is_ok(),
        "it was this person's own"
    );
    let line = HostGroup {
        gid: 1200,
        members: "".into(),
        writable: true,
    };
    case.host.groups.insert("lab", line);
    case.owned.former_groups.insert("lab".into(), id(11));
    assert_eq!(
        lab(&case, &group(10, "lab", &[])).unwrap_err().word(),
        "name-not-inherited"
    );
}

#[test]
fn names_that_the_host_gives_power_to_are_refused() {
    use crate::model::power::{Place, PowerBook, Powers, Who};
    let book = |who: Who, is_root| {
        let (path, line) = ("/etc/sudoers".to_owned(), 7);
        let mut powers = Powers::default();
        let place = Place {
            path,
            line,
            is_root,
        };
        powers.add(&who, place);
        Some(&*Box::leak(Box::new(PowerBook::new(move || {
            powers.clone()
        }))))
    };
    let user = Who::User("ann".to_owned());
    let mut case = local();
    case.host.power_book = book(user.clone(), true);
    assert_eq!(refused(&case).word(), "name-of-power");
    case.host.power_book = book(user.clone(), false);
    assert!(adopt(&case, &wanted(1, "ann")).is_ok());
    case.host.power_book = book(Who::Group("ann".to_owned()), true);
    assert_eq!(refused(&case).word(), "in-group-of-power");
    let mut case = Case::default();
    for (who, told) in [
        (user, "stands in /etc/sudoers, line 7"),
        (
            Who::Users("a?n".to_owned()),
            "stands in /etc/sudoers, line 7",
        ),
    ] {
        case.host.power_book = book(who, false);
        let plan = case.plan(vec![wanted(1, "ann")]);
        assert!(plan.changes.is_empty());
        assert!(plan.refused[0].reason.to_string().contains(told));
    }
    // A number that is named is given to nobody, and asked for by nobody.
    case.host.power_book = book(Who::Uid(20_000), true);
    let asks = WantedAccount {
        uid: Uid::new(20_000),
        ..wanted(2, "bob")
    };
    let plan = case.plan(vec![wanted(1, "ann"), asks]);
    assert_eq!(plan.refused[0].reason.word(), "number-of-power");
    assert!(
        words(&plan)[0].starts_with("+ account ann uid=20001"),
        "{:?}",
        words(&plan)
    );
}

/// A host as useradd(8) leaves it: uids and gids run apart once somebody has added a group.
fn as_useradd_leaves_it() -> Case {
    let mut case = local().has("bob", 1002).has("cat", 1003);
    for (name, gid) in [("proj", 1002), ("bob", 1003), ("cat", 1004)] {
        let line = HostGroup {
            gid,
            members: if name == "proj" { "bob" } else { "" }.into(),
            writable: true,
        };
        case.host.groups.insert(name, line);
    }
    (case.account("bob").gid, case.account("cat").gid) = (1003, 1004);
    case
}

#[test]
fn many_are_taken_over_by_one_plan_with_the_groups_that_they_are_in() {
    let case = as_useradd_leaves_it();
    let mut adopting = Adopting::new(&case.host, &case.owned, &is_gone);
    let logins = ["cat", "bob", "ann"].map(Untrusted::new);
    for (n, login) in (1..).zip(&logins) {
        let wish = wanted(n, login.raw());
        let person = Person {
            wanted: &wish,
            login,
            called: login.raw(),
        };
        let done = adopting.account(login.raw(), person, &case.rules.accounts);
        assert_eq!(done, Ok(Adoption::Planned));
    }
    let wish = group(10, "proj", &[1, 2, 3]);
    let counterpart = Counterpart {
        wanted: &wish,
        called: Some("proj"),
    };
    let done = adopting.group("proj", counterpart);
    assert_eq!(
        done,
        Ok(Adoption::Planned),
        "its gid is only somebody's uid"
    );
    let own = group(11, "cat", &[]);
    let counterpart = Counterpart {
        wanted: &own,
        called: Some("cat"),
    };
    let refused = adopting.group("cat", counterpart).unwrap_err();
    assert_eq!(refused.word(), "primary-group-of");
    let plan = adopting.finish();
    let own_groups = deeds(&plan).into_iter().filter_map(|deed| match deed {
        Deed::AdoptAccount(adopted) => Some(adopted.private_group),
        _ => None,
    });
    assert_eq!(Vec::from_iter(own_groups), [true; 3]);
    assert_eq!(
        words(&plan).last().unwrap(),
        "~ adopt group proj gid=1002 for u-10 add (2): ann cat"
    );
}

#[test]
fn the_primary_group_that_the_provider_names_is_taken_over_with_those_whose_it_is() {
    let mut case = Case::default()
        .owns(1, "ann", State::Active)
        .has("bob", 1002);
    let line = HostGroup {
        gid: 1200,
        members: "".into(),
        writable: true,
    };
    case.host.groups.insert("team", line);
    (case.account("ann").gid, case.own(1).gid) = (1200, 1200);
    let team = |case: &Case, named: &[u32]| {
        let wish = group(10, "team", &[1]);
        let counterpart = Counterpart {
            wanted: &wish,
            called: Some("team"),
        };
        let adopting = Adopting::new(&case.host, &case.owned, &is_gone);
        let mut adopting = adopting.with_primary_gids(named.iter().copied().collect());
        adopting.group("team", counterpart)
    };
    assert_eq!(team(&case, &[1200]), Ok(Adoption::Planned));
    let refused = team(&case, &[1201]).unwrap_err().to_string();
    assert_eq!(refused, "`team` is the primary group of `ann`");
    // Bob is the host's, and shares the files of this group with nobody from outside.
    case.account("bob").gid = 1200;
    let refused = team(&case, &[1200]).unwrap_err().to_string();
    assert_eq!(
        refused,
        "`team` is the primary group of `bob`, which is not gosync's; adopt the account first, or give it another \
         primary group"
    );
}

#[test]
fn one_record_gets_one_account_and_one_number_one_owner() {
    let case = local().has("twin", 1001).has("annie", 1009);
    let mut adopting = Adopting::new(&case.host, &case.owned, &is_gone);
    let mut take = |name: &str, n| {
        let (wish, login) = (wanted(n, name), Untrusted::new(name));
        let person = Person {
            wanted: &wish,
            login: &login,
            called: name,
        };
        adopting.account(name, person, &case.rules.accounts)
    };
    assert_eq!(take("ann", 1), Ok(Adoption::Planned));
    assert_eq!(take("annie", 1).unwrap_err().word(), "taken-by-plan");
    assert_eq!(take("twin", 2).unwrap_err().word(), "number-given");
}

#[test]
fn what_was_given_back_becomes_another_records_once_its_own_is_gone() {
    let released = |n: u32| {
        let mut case = local().owns(n, "ann", State::Released);
        case.own(n).uid = Uid::new(1001).unwrap();
        case
    };
    assert_eq!(
        refused(&released(2)).word(),
        "name-taken",
        "it is there still"
    );
    let was = |case: &Case| match deeds(&adopt(case, &wanted(1, "ann")).unwrap())[..] {
        [Deed::AdoptAccount(adopted)] => adopted.was.clone().unwrap(),
        ref other => panic!("{other:?}"),
    };
    let case = released(95);
    assert_eq!(was(&case), case.owned.key(&id(95)));
    // The same where the whole provider is gone.
    let mut case = local();
    let key = Key {
        provider: "old".to_owned().into(),
        id: id(7),
    };
    let others = &mut case.owned.others;
    others.names.insert("ann".into(), key.provider.clone());
    others.numbers.uids.insert(1001);
    let released = (EntryKind::Account, "ann".to_owned());
    others
        .released
        .insert(released.clone(), (key.clone(), 1001));
    assert_eq!(was(&case), key);
    case.owned.others.released.insert(released, (key, 1002));
    assert_eq!(
        refused(&case).word(),
        "other-provider",
        "that was another account"
    );
}

#[test]
fn a_record_whose_account_was_tied_to_another_gets_none() {
    let mut case = local();
    let former = &mut case.owned.former_ids.accounts;
    former.insert(id(1), "bob".to_owned());
    assert_eq!(refused(&case).word(), "was-rebound");
    let plan = case.plan(vec![wanted(1, "anna")]);
    assert_eq!(plan.refused[0].reason.word(), "was-rebound");
}
