//! Who is missed, shut out, locked and opened again.

use super::*;

/// Somebody stays, so that the read is not empty.
fn others() -> Vec<WantedAccount> {
    vec![wanted(9, "zed")]
}

#[test]
fn the_absent_are_locked_after_so_many_reads_and_so_long() {
    let case = || {
        Case::default()
            .owns(9, "zed", State::Active)
            .owns(1, "ann", State::Active)
    };
    let first = case().plan(others());
    assert_eq!((locks(&first), first.observations.len()), (0, 1));
    assert_eq!(locks(&case().absent(1, 1, 3_600).plan(others())), 1);
    assert_eq!(locks(&case().absent(1, 1, 3_599).plan(others())), 0);
    assert_eq!(locks(&case().absent(1, 0, 3_600).plan(others())), 0);
    assert_eq!(
        locks(&case().absent(1, 1, -50).plan(others())),
        0,
        "a clock that jumped back"
    );
}

#[test]
fn nobody_is_missed_in_a_read_that_is_not_whole() {
    for completeness in [
        Completeness::Narrowed,
        Completeness::Incomplete("cut".into()),
    ] {
        let mut case = Case {
            completeness,
            ..Case::default()
        };
        case = case
            .owns(9, "zed", State::Active)
            .owns(1, "ann", State::Active)
            .absent(1, 50, 1_000_000);
        let plan = case.plan(others());
        assert_eq!((plan.changes, plan.observations), (vec![], vec![]));
    }
    let empty = Case::default()
        .owns(1, "ann", State::Active)
        .absent(1, 50, 1_000_000)
        .plan(vec![]);
    assert_eq!(empty.changes, []);
    assert!(empty.incomplete.is_some());
}

#[test]
fn only_the_new_are_looked_at_if_so_chosen() {
    let mut case = Case::default()
        .owns(9, "zed", State::Active)
        .owns(1, "ann", State::Active)
        .absent(1, 50, 5_000);
    case.chosen.known = false;
    assert_eq!(words(&case.plan(others())), [""; 0]);
}

#[test]
fn the_locked_open_again_when_they_return() {
    let plan = Case::default()
        .owns(1, "ann", State::Locked)
        .plan(vec![wanted(1, "ann")]);
    assert_eq!(words(&plan), ["~ unlock ann"]);
    let plan = Case::default()
        .owns(1, "ann", State::Active)
        .absent(1, 1, 50)
        .plan(vec![wanted(1, "ann")]);
    assert_eq!(plan.observations, [Observation::Back(id(1))]);
}

#[test]
fn who_is_shut_out_is_locked_at_once_and_once() {
    let shut = |state| {
        let case = Case::default()
            .owns(1, "ann", state)
            .owns(9, "zed", State::Active);
        locks(&case.plan(vec![
            WantedAccount {
                open: false,
                ..wanted(1, "ann")
            },
            wanted(9, "zed"),
        ]))
    };
    assert_eq!((shut(State::Active), shut(State::Locked)), (1, 0));
}

#[test]
fn who_is_shut_out_is_locked_by_id_though_the_record_cannot_be_used() {
    let shut = |case: &Case| {
        let wanted = WantedAccounts {
            present: BTreeSet::from([id(1), id(2), id(9)]),
            shut_by_id: BTreeSet::from([id(1), id(2)]),
            accounts: vec![wanted(9, "zed")],
            ..WantedAccounts::default()
        };
        locks(&super::accounts(wanted, &case.input()))
    };
    let case = |state| {
        Case::default()
            .owns(1, "ann", state)
            .owns(9, "zed", State::Active)
    };
    assert_eq!(shut(&case(State::Active)), 1);
    assert_eq!(shut(&case(State::Locked)), 0, "once");
    assert_eq!(shut(&case(State::Removed)), 0);
    let mut opened = case(State::Locked);
    opened.account("ann").locked = false;
    assert_eq!(shut(&opened), 1, "opened by hand");
    let mut cut = case(State::Active);
    cut.completeness = Completeness::Incomplete("cut".into());
    assert_eq!(shut(&cut), 0, "not by a read that is incomplete");
    let mut damaged = case(State::Active);
    damaged.host.accounts.remove("ann");
    damaged.host.broken.insert("ann");
    assert_eq!(shut(&damaged), 1);
}

#[test]
fn what_was_opened_by_hand_is_closed_again() {
    let mut case = Case::default()
        .owns(9, "zed", State::Active)
        .owns(1, "ann", State::Locked);
    (case.account("ann").locked, case.account("ann").expire) = (false, "");
    assert_eq!(locks(&case.plan(others())), 1);
    assert_eq!(
        locks(&case.plan(vec![
            WantedAccount {
                open: false,
                ..wanted(1, "ann")
            },
            wanted(9, "zed")
        ])),
        1
    );
}

#[test]
fn an_account_that_is_not_ours_any_more_is_not_locked() {
    let due = || {
        Case::default()
            .owns(9, "zed", State::Active)
            .owns(1, "ann", State::Active)
            .absent(1, 5, 10_000)
    };
    let mut gone = due();
    gone.host.accounts.remove("ann");
    let mut elsewhere = due();
    elsewhere.account("ann").writable = false;
    for (case, is_open, why) in [
        (
            due().has("ann", 1001),
            true,
            "a local account of the same name",
        ),
        (gone, false, "removed by hand"),
        (elsewhere, true, "not ours to write"),
    ] {
        let shut_out = WantedAccount {
            open: false,
            ..wanted(1, "ann")
        };
        for people in [others(), vec![shut_out, wanted(9, "zed")]] {
            let plan = case.plan(people);
            assert_eq!(plan.changes, [], "{why}");
            // Somebody who may not log in any more, and can, is more than a remark.
            assert_eq!(plan.refused.len(), usize::from(is_open), "{why}");
        }
    }
}

#[test]
fn a_leaver_is_locked_by_name_though_the_line_is_damaged_or_stands_twice() {
    let leaver = || {
        Case::default()
            .owns(9, "zed", State::Active)
            .owns(1, "ann", State::Active)
            .absent(1, 2, 10_000)
    };
    let (mut twice, mut damaged, mut unread) = (leaver(), leaver(), leaver());
    twice.host.repeated.insert("ann");
    damaged.host.broken.insert("ann");
    unread.host.broken.insert("ann");
    unread.host.accounts.remove("ann");
    for case in [twice, damaged, unread] {
        let shut_out = WantedAccount {
            open: false,
            ..wanted(1, "ann")
        };
        for people in [others(), vec![shut_out, wanted(9, "zed")]] {
            let plan = case.plan(people);
            assert!(
                matches!(plan.changes[0].deed, Deed::Lock { .. }),
                "{plan:?}"
            );
            assert_eq!(plan.refused, []);
            let told: Vec<&str> = plan.remarks.iter().map(|r| r.reason.word()).collect();
            assert_eq!(told, ["locked-as-it-stands"]);
        }
    }
    // With another uid it may be anybody's: nothing is locked, and that is aloud.
    let mut other = leaver();
    other.account("ann").uid = 1_700;
    let plan = other.plan(others());
    assert_eq!(plan.changes, []);
    assert!(plan.refused[0].reason.is_not_out());
    let said = plan.refused[0].reason.to_string();
    assert!(
        said.contains("usermod -L -e 1 ann") && !said.contains("release"),
        "{said}"
    );
}

#[test]
fn a_plan_that_waits_for_approval_keeps_its_digest() {
    let plan = |runs| {
        Case::default()
            .owns(9, "zed", State::Active)
            .owns(1, "ann", State::Active)
            .absent(1, runs, 10_000)
    };
    assert_eq!(
        plan(2).plan(others()).digest(),
        plan(2).plan(others()).digest()
    );
}
