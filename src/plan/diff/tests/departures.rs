//! What becomes of those who left, and of groups that the provider lost.

use super::of_groups::staffed;
use super::*;
use crate::model::owned::{AccountDeparture, GroupDeparture};
use crate::plan::samples::FakeProbe;

pub(super) fn renamed(n: u32, name: &str, to: &str) -> WantedAccount {
    WantedAccount {
        rename: Some(user(to)),
        ..wanted(n, name)
    }
}

pub(super) fn ann() -> Case {
    Case::default().owns(1, "ann", State::Active)
}

pub(super) const DAY: i64 = 86_400;

/// Ann, who was locked so many days ago; her home is packed after 30 days, and her account removed after 90.
pub(super) fn left(days: i64, archive: Option<&str>) -> Case {
    let mut case = Case::default()
        .owns(1, "ann", State::Locked)
        .owns(2, "bob", State::Active);
    case.rules.departed.archive_after = Some(30 * 86_400);
    case.rules.departed.remove_after = Some(90 * 86_400);
    case.probe.home = Some(Owner::Directory(20_001));
    case.owned.departures.insert(
        id(1),
        AccountDeparture {
            since: NOW - days * DAY,
            archive: archive.map(str::to_owned),
        },
    );
    case
}

pub(super) fn only_bob() -> Vec<WantedAccount> {
    vec![wanted(2, "bob")]
}

#[test]
fn a_locked_account_climbs_when_its_time_has_come() {
    let archive = "- home /home/ann of ann, after packing it into \
                   /var/lib/gosync/homes/ann-20001-";
    assert_eq!(words(&left(29, None).plan(only_bob())), [""; 0]);
    let plan = left(30, None).plan(only_bob());
    assert!(
        words(&plan)[0].starts_with(archive) && words(&plan)[0].ends_with("Z.tar.zst"),
        "{plan:?}"
    );
    assert!(
        words(&left(100, None).plan(only_bob()))[0].starts_with(archive),
        "not removed before it is packed"
    );
    let mut packed = left(89, Some("/a/ann.tar.zst"));
    packed.probe.home = None;
    assert_eq!(words(&packed.plan(only_bob())), [""; 0]);
    let mut packed = left(90, Some("/a/ann.tar.zst"));
    packed.probe.home = None;
    assert_eq!(
        words(&packed.plan(only_bob())),
        ["- account ann uid=20001 it has no home"]
    );
    // The same for somebody who is shut out.
    let shut = WantedAccount {
        open: false,
        ..wanted(1, "ann")
    };
    assert!(words(&left(30, None).plan(vec![shut, wanted(2, "bob")]))[0].starts_with(archive));
    // Without a home there is nothing to pack.
    let mut homeless = left(90, None);
    homeless.probe.home = None;
    assert_eq!(
        words(&homeless.plan(only_bob())),
        ["- account ann uid=20001 it has no home"]
    );
}

#[test]
fn by_default_nothing_follows_the_locking() {
    let mut case = left(10_000, None);
    case.rules = Rules::default();
    assert_eq!(words(&case.plan(only_bob())), [""; 0]);
}

#[test]
fn no_rung_is_climbed_without_proof_or_while_anything_runs() {
    for completeness in [
        Completeness::Narrowed,
        Completeness::Incomplete("cut".into()),
    ] {
        let case = Case {
            completeness,
            ..left(100, None)
        };
        assert_eq!(case.plan(only_bob()).changes, []);
        let shut = WantedAccount {
            open: false,
            ..wanted(1, "ann")
        };
        assert_eq!(case.plan(vec![shut, wanted(2, "bob")]).changes, []);
    }
    let mut case = left(100, None);
    case.chosen.known = false;
    assert_eq!(case.plan(only_bob()).changes, [], "a run for new people");
    for archive in [None, Some("/a/ann.tar.zst")] {
        let mut case = left(100, archive);
        case.probe = FakeProbe {
            processes: 1,
            home: case.probe.home,
            ..FakeProbe::default()
        };
        case.chosen.force = true;
        let plan = case.plan(only_bob());
        assert_eq!(plan.changes, []);
        assert!(
            plan.remarks[0].reason.word() == "departure-waits",
            "{plan:?}"
        );
    }
}

#[test]
fn a_home_that_is_not_what_it_should_be_ends_the_departure() {
    for (home, probe, why) in [
        (Owner::Directory(0), FakeProbe::default(), "home-owner"),
        (Owner::NotADirectory, FakeProbe::default(), "no-directory"),
        (
            Owner::Directory(20_001),
            FakeProbe {
                there: vec!["mount:/home/ann"],
                ..FakeProbe::default()
            },
            "home-mounted",
        ),
    ] {
        let mut case = left(100, None);
        case.probe = FakeProbe {
            home: Some(home),
            ..probe
        };
        let plan = case.plan(only_bob());
        assert_eq!(plan.changes, []);
        assert!(plan.remarks[0].reason.cause().word() == why, "{plan:?}");
    }
    let mut case = left(100, None);
    case.account("ann").fields.home = "/srv/ann";
    assert!(words(&case.plan(only_bob()))[0].contains("changed by hand"));
}

#[test]
fn who_comes_back_gets_all_but_the_archive() {
    let back = vec![wanted(1, "ann"), wanted(2, "bob")];
    assert_eq!(words(&left(20, None).plan(back.clone())), ["~ unlock ann"]);
    let mut packed = left(40, Some("/a/ann.tar.zst"));
    packed.probe.home = None;
    assert_eq!(
        words(&packed.plan(back.clone())),
        [
            "~ unlock ann",
            "+ home /home/ann of ann",
            "  note ann: is back; what was in the home is in /a/ann.tar.zst"
        ]
    );
    let mut removed = Case::default()
        .owns(1, "ann", State::Removed)
        .owns(2, "bob", State::Active);
    removed
        .owned
        .archives
        .insert(id(1), "/a/ann.tar.zst".into());
    let plan = removed.plan(back);
    assert!(
        words(&plan)[0].starts_with("+ account ann uid=20001 "),
        "{plan:?}"
    );
    assert_eq!(
        words(&plan)[1],
        "  note ann: is back; what was in the home is in /a/ann.tar.zst"
    );
}

#[test]
fn a_removal_that_was_broken_off_is_finished() {
    let mut case = left(100, Some("/a/ann.tar.zst"));
    case.probe.home = None;
    case.host.accounts.remove("ann");
    assert_eq!(
        words(&case.plan(only_bob())),
        ["- account ann uid=20001 it has no home"]
    );
    let shut = WantedAccount {
        open: false,
        ..wanted(1, "ann")
    };
    assert_eq!(case.plan(vec![shut, wanted(2, "bob")]).counts().removed, 1);
}

#[test]
fn a_group_that_the_provider_lost_is_emptied_and_then_removed() {
    let other = || vec![group(11, "rest", &[])];
    let mut case = staffed()
        .group(10, "all", "ann,bob", "ann,bob,admin")
        .group(11, "rest", "", "");
    let plan = case.plan_groups(other());
    assert_eq!(
        words(&plan),
        [
            "? 1 missing: all (in no complete read since 1970-01-12T13:46:40Z; emptied not before 1970-01-12T14:46:40Z)"
        ]
    );
    assert_eq!(
        plan.observations,
        [Observation::GroupAbsent(
            id(10),
            Absence {
                since: NOW,
                runs: 1
            }
        )]
    );
    let absent = |runs, seconds| GroupDeparture {
        absence: Some(Absence {
            since: NOW - seconds,
            runs,
        }),
        since: None,
    };
    case.owned.group_departures.insert(id(10), absent(1, 3_599));
    assert_eq!(
        case.plan_groups(other()).changes,
        [],
        "long enough in runs, but not in time"
    );
    case.owned.group_departures.insert(id(10), absent(1, 3_600));
    let emptied = "! group all is not at the provider any more; take out (2): ann bob";
    assert_eq!(words(&case.plan_groups(other())), [emptied]);
    for completeness in [
        Completeness::Narrowed,
        Completeness::Incomplete("cut".into()),
    ] {
        let before = std::mem::replace(&mut case.completeness, completeness);
        assert_eq!(case.plan_groups(other()).changes, []);
        case.completeness = before;
    }
    let back = case.plan_groups(vec![group(10, "all", &[1, 2]), group(11, "rest", &[])]);
    assert_eq!(
        (back.changes.len(), back.observations),
        (0, vec![Observation::GroupBack(id(10))])
    );
    // Its members are gone, but for one who was added by hand.
    let mut case = staffed()
        .group(10, "all", "", "admin")
        .group(11, "rest", "", "");
    case.owned.group_departures.insert(
        id(10),
        GroupDeparture {
            absence: None,
            since: Some(NOW - 90 * DAY),
        },
    );
    assert_eq!(case.plan_groups(other()).changes, [], "not wanted");
    case.rules.departed.remove_after = Some(90 * 86_400);
    assert!(words(&case.plan_groups(other()))[0].contains("added by hand"));
    case.host.groups.get_mut("all").unwrap().members = "".into();
    assert_eq!(words(&case.plan_groups(other())), ["- group all gid=60010"]);
    case.account("ann").gid = 60_010;
    assert!(words(&case.plan_groups(other()))[0].contains("primary group"));
}

#[test]
fn a_group_that_the_configuration_leaves_out_is_left_alone() {
    let mut case = staffed()
        .group(10, "all", "ann", "ann")
        .group(11, "rest", "", "");
    case.owned.group_departures.insert(
        id(10),
        GroupDeparture {
            absence: Some(Absence { since: 0, runs: 9 }),
            since: None,
        },
    );
    let groups = vec![group(11, "rest", &[])];
    let (present, left_out) = ([id(11)].into(), [id(10)].into());
    let people = case.people();
    let wanted = WantedGroups {
        groups,
        present,
        left_out,
        people,
        ..WantedGroups::default()
    };
    let plan = crate::plan::diff::groups(wanted, &case.input());
    assert_eq!(
        words(&plan),
        ["  note all: is left out by `filter` in [groups]; left as it is"]
    );
}
