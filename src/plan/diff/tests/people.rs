//! People who get an account, and fields that change.

use super::*;
use crate::model::Untrusted;
use crate::policy::alloc::Unread;

#[test]
fn ids_are_given_in_the_order_of_the_immutable_ids_around_what_is_asked_for() {
    let asks = WantedAccount {
        uid: Uid::new(20_001),
        ..wanted(9, "zed")
    };
    let plan =
        Case::default()
            .has("local", 20_000)
            .plan(vec![wanted(1, "ann"), wanted(2, "bob"), asks]);
    let uids: Vec<_> = created(&plan)
        .iter()
        .zip(&plan.changes)
        .map(|(new, change)| (change.name(), new.uid.get()))
        .collect();
    assert_eq!(uids, [("ann", 20_002), ("bob", 20_003), ("zed", 20_001)]);
}

#[test]
fn somebody_elses_number_is_not_given() {
    let asks = WantedAccount {
        uid: Uid::new(20_005),
        ..wanted(1, "ann")
    };
    for case in [
        Case::default().has("local", 20_005),
        Case::default().owns(5, "gone", State::Removed),
        Case::default()
            .group(0, "g", "", "")
            .owns(5, "set-aside", State::Reserved),
    ] {
        let plan = case.plan(vec![asks.clone()]);
        assert_eq!(plan.changes, []);
        assert!(plan.refused[0].reason.word() == "number-taken");
    }
}

#[test]
fn a_removed_person_who_returns_gets_the_old_number() {
    let plan = Case::default()
        .owns(7, "ann", State::Removed)
        .plan(vec![wanted(7, "ann")]);
    assert_eq!(created(&plan)[0].uid.get(), 20_007);
}

#[test]
fn a_number_that_is_in_use_meanwhile_is_given_back_to_nobody() {
    let mut case = Case::default()
        .owns(7, "ann", State::Removed)
        .has("local", 20_007);
    assert!(case.plan(vec![wanted(7, "ann")]).refused[0].reason.word() == "number-used");
    // The same for the number of an account's own group.
    case = Case::default().owns(7, "ann", State::Removed);
    case.rules.accounts.primary_group = PrimaryGroup::Private;
    case.host.groups.insert(
        "local",
        HostGroup {
            gid: 20_007,
            members: "".into(),
            writable: true,
        },
    );
    let plan = case.plan(vec![wanted(7, "ann")]);
    assert_eq!(plan.changes, [], "two groups would have the gid 20007");
}

#[test]
fn a_name_on_the_host_is_not_taken_over() {
    let plan = Case::default()
        .has("ann", 1001)
        .plan(vec![wanted(1, "ann")]);
    assert_eq!(
        words(&plan),
        [
            "x refuse ann (u-1): an account `ann` (uid 1001) is on this host already and is not gosync's; if it is this person's, `gosync adopt ann` takes it over"
        ]
    );
}

#[test]
fn a_home_of_somebody_else_is_not_given() {
    let shared = with(wanted(1, "ann"), Field::Home, "/home/local");
    assert!(
        Case::default()
            .has("local", 1001)
            .plan(vec![shared])
            .refused[0]
            .reason
            .word()
            == "home-used"
    );
    for home in [
        Owner::Directory(0),
        Owner::Directory(1001),
        Owner::NotADirectory,
    ] {
        let case = Case {
            probe: home_of(home),
            ..Case::default()
        };
        assert_eq!(case.plan(vec![wanted(1, "ann")]).changes, [], "{home:?}");
    }
    let ours = Case {
        probe: home_of(Owner::Directory(20_000)),
        ..Case::default()
    };
    assert!(!created(&ours.plan(vec![wanted(1, "ann")]))[0].make_home);
}

#[test]
fn subordinate_ids_are_nobodys_uid() {
    let mut case = Case::default()
        .has("local", 1_000_010)
        .owns(1, "gone", State::Removed);
    case.own(1).subid = Some(1_000_100);
    case.owned.subids.insert(1_000_100);
    case.owned.ids.insert(1_000_250);
    case.rules.accounts.subid_range = Some((1_000_000, 1_000_399));
    case.rules.accounts.subid_count = 100;
    let plan = case.plan(vec![wanted(2, "bob")]);
    assert_eq!(created(&plan)[0].subids, Some((1_000_300, 100)));
}

#[test]
fn changed_fields_are_set_and_hand_changes_stay_or_go() {
    let case = |keep: Option<Field>, found: &'static str, wish: &str| {
        let mut case = Case::default().owns(1, "ann", State::Active);
        case.account("ann").fields.shell = found;
        case.rules.accounts.keep_local = keep.into_iter().collect();
        words(&case.plan(vec![with(wanted(1, "ann"), Field::Shell, wish)]))
    };
    let keep = Some(Field::Shell);
    assert_eq!(
        case(keep, "/bin/bash", "/bin/zsh"),
        ["~ account ann shell \"/bin/bash\" -> \"/bin/zsh\""]
    );
    assert_eq!(
        case(keep, "/bin/sh", "/bin/bash"),
        ["  note ann: keeps the shell that was set by hand"]
    );
    assert_eq!(case(keep, "/bin/zsh", "/bin/zsh"), [""; 0]);
    assert_eq!(
        case(None, "/bin/sh", "/bin/bash"),
        [
            "~ account ann shell \"/bin/sh\" -> \"/bin/bash\"",
            "  note ann: gets its shell back, which was changed by hand"
        ]
    );
}

#[test]
fn a_hand_change_stays_until_the_providers_own_value_changes() {
    let mut case = Case::default().owns(1, "ann", State::Active);
    case.account("ann").fields.shell = "/bin/sh";
    let plan = case.plan(vec![with(wanted(1, "ann"), Field::Shell, "/bin/zsh")]);
    assert_eq!(
        words(&plan)[0],
        "~ account ann shell \"/bin/sh\" -> \"/bin/zsh\""
    );
}

#[test]
fn force_keeps_nothing_that_was_set_by_hand() {
    let mut case = Case::default().owns(1, "ann", State::Active);
    case.chosen.force = true;
    case.account("ann").fields.shell = "/bin/sh";
    assert_eq!(case.plan(vec![wanted(1, "ann")]).counts().changed, 1);
}

#[test]
fn what_is_not_ours_any_more_is_left_alone() {
    let change = vec![WantedAccount {
        open: false,
        ..with(wanted(1, "ann"), Field::Gecos, "New")
    }];
    let mut gone = Case::default().owns(1, "ann", State::Active);
    gone.host.accounts.clear();
    let renumbered = Case::default()
        .owns(1, "ann", State::Active)
        .has("ann", 1001);
    let mut elsewhere = Case::default().owns(1, "ann", State::Active);
    elsewhere.account("ann").writable = false;
    for case in [gone, renumbered, elsewhere] {
        assert_eq!(case.plan(change.clone()).changes, []);
    }
}

#[test]
fn a_read_that_is_not_whole_gives_out_no_number_where_records_name_some() {
    let case = Case::default();
    let reasons = |unread, named: &[&str]| {
        let mut wanted = WantedAccounts {
            accounts: vec![wanted(1, "ann")],
            ..WantedAccounts::default()
        };
        named
            .iter()
            .for_each(|text| wanted.named.add(Some(&Untrusted::new(*text))));
        wanted.named.set_unread(unread);
        let plan = crate::plan::diff::accounts(wanted, &case.input());
        let words = plan.refused.iter().map(|it| it.reason.word());
        (words.collect::<Vec<_>>(), created(&plan).len())
    };
    assert_eq!(reasons(Unread::Some, &[]), (vec![], 1));
    assert_eq!(
        reasons(Unread::Some, &["20000"]),
        (vec!["numbers-unread"], 0)
    );
    assert_eq!(reasons(Unread::AllOthers, &[]), (vec!["numbers-unread"], 0));
    assert_eq!(reasons(Unread::None, &["20000"]), (vec![], 1));
}
