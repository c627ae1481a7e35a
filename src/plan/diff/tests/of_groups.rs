//! Groups and their members.

use super::*;

pub(super) fn staffed() -> Case {
    Case::default()
        .owns(1, "ann", State::Active)
        .owns(2, "bob", State::Active)
        .owns(3, "cat", State::Locked)
}

#[test]
fn members_are_people_with_an_open_account() {
    let plan = staffed().plan_groups(vec![group(10, "all", &[1, 2, 3, 77])]);
    assert_eq!(words(&plan), ["+ group all gid=60000 members (2): ann bob"]);
}

#[test]
fn members_come_and_go_and_those_added_by_hand_stay() {
    let case = staffed().group(10, "all", "ann", "ann,local");
    assert_eq!(
        words(&case.plan_groups(vec![group(10, "all", &[2])])),
        ["~ group all add (1): bob take out (1): ann"]
    );
    assert_eq!(
        words(&case.plan_groups(vec![group(10, "all", &[1])])),
        [""; 0]
    );
}

#[test]
fn a_member_taken_out_by_hand_comes_back() {
    let case = staffed().group(10, "all", "ann,bob", "bob");
    assert_eq!(
        words(&case.plan_groups(vec![group(10, "all", &[1, 2])])),
        [
            "~ group all add (1): ann",
            "  note all: gets back who was taken out by hand: ann"
        ]
    );
}

#[test]
fn an_incomplete_read_takes_nobody_out() {
    let mut case = staffed().group(10, "all", "ann,bob", "ann,bob");
    case.completeness = Completeness::Incomplete("cut".into());
    assert_eq!(case.plan_groups(vec![group(10, "all", &[])]).changes, []);
    assert_eq!(case.plan_groups(vec![]).changes, []);
    let locked = staffed().group(10, "all", "ann,cat", "ann,cat");
    let case = Case {
        completeness: case.completeness,
        ..locked
    };
    assert_eq!(
        case.plan_groups(vec![group(10, "all", &[1])]).changes,
        [],
        "not even the locked"
    );
    let gone = staffed().group(10, "all", "ann,zoe", "ann,zoe");
    let case = Case {
        completeness: case.completeness,
        ..gone
    };
    assert_eq!(
        case.plan_groups(vec![group(10, "all", &[1])]).changes,
        [],
        "nor who was forgotten"
    );
}

#[test]
fn who_was_not_in_the_read_stays_a_member() {
    let case = staffed().group(10, "all", "ann,bob", "ann,bob");
    let groups = vec![group(10, "all", &[])];
    let wanted = WantedGroups {
        groups,
        people: BTreeSet::from([id(2)]),
        present: [id(10)].into(),
        ..Default::default()
    };
    let plan = super::groups(
        wanted,
        &DiffInput {
            completeness: &Completeness::Narrowed,
            ..case.input()
        },
    );
    assert_eq!(words(&plan), ["~ group all take out (1): bob"]);
}

#[test]
fn a_group_that_the_provider_lost_is_left_as_it_is() {
    let plan = staffed().group(10, "all", "ann", "ann").plan_groups(vec![]);
    assert!(words(&plan).is_empty());
    let reason = plan.incomplete.unwrap();
    assert!(reason.contains("no group at all, and 1 group"), "{reason}");
}

#[test]
fn groups_of_others_are_not_taken_over() {
    let mut case = staffed().group(10, "all", "", "");
    case.owned.groups.clear();
    assert_eq!(case.plan_groups(vec![group(10, "all", &[1])]).changes, []);
    assert_eq!(
        case.plan_groups(vec![group(11, "ann", &[1])]).changes,
        [],
        "the name of an account"
    );
    let mut renumbered = staffed().group(10, "all", "", "");
    renumbered.host.groups.insert(
        "all",
        HostGroup {
            gid: 1234,
            members: "".into(),
            writable: true,
        },
    );
    assert_eq!(
        renumbered.plan_groups(vec![group(10, "all", &[1])]).changes,
        []
    );
}

#[test]
fn numbers_are_given_once() {
    let asks = WantedGroup {
        gid: Gid::new(60_000),
        ..group(12, "c", &[])
    };
    let plan = staffed().plan_groups(vec![group(10, "a", &[]), group(11, "b", &[]), asks]);
    assert_eq!(
        words(&plan),
        [
            "+ group a gid=60001 no members",
            "+ group b gid=60002 no members",
            "+ group c gid=60000 no members"
        ]
    );
}
