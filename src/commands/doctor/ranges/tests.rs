use std::collections::BTreeSet;

use super::facts::definitions;
use super::*;
use crate::commands::doctor::report::Severity;
use crate::system::nss::Known;

fn range(first: u32, last: u32, what: For) -> Range {
    Range {
        key: "range",
        section: format!("{what:?}"),
        first,
        last,
        what,
    }
}

/// A host on which nothing meets.
fn quiet() -> Facts {
    let defs = definitions(
        "UID_MAX 19999\nGID_MAX\t19999\n# GID_MAX 5\nSUB_UID_MIN 100000\nSUB_UID_MAX 999999\n",
    );
    Facts {
        ranges: vec![
            range(20_000, 49_999, For::Accounts),
            range(50_000, 59_999, For::Groups),
            range(1_900_000_000, 1_999_999_999, For::Subids),
        ],
        login_defs: "/etc/login.defs".into(),
        stated: ["UID_MAX".to_owned()].into(),
        defs,
        accounts: vec![("root".to_owned(), 0)],
        groups: vec![("users".to_owned(), 100)],
        subids: vec![("admin".to_owned(), 100_000, 165_535)],
        elsewhere: Ok(Known::new()),
        taken: BTreeSet::from([0, 100, 20_000]),
        taken_subids: IdRanges::default(),
        subid_count: 65_536,
    }
}

fn told(facts: &Facts) -> Vec<(Severity, String)> {
    judge(facts)
        .into_iter()
        .map(|finding| (finding.severity, finding.what))
        .collect()
}

#[track_caller]
fn one(facts: &Facts, severity: Severity, words: &str) -> Finding {
    let found = judge(facts);
    assert!(
        found.len() == 1 && found[0].severity == severity && found[0].what.contains(words),
        "{found:#?}"
    );
    found.into_iter().next().unwrap()
}

#[test]
fn ranges_that_meet_nothing_are_not_mentioned() {
    assert_eq!(told(&quiet()), []);
}

#[test]
fn what_useradd_gives_out_is_told_with_the_line_that_ends_it() {
    let facts = Facts {
        defs: definitions("GID_MAX 49999\n"),
        ..quiet()
    };
    let useradd = judge(&facts)
        .into_iter()
        .find(|f| f.what.contains("useradd gives out ids"))
        .unwrap();
    assert_eq!(useradd.severity, Severity::Warning);
    assert!(
        useradd
            .fix
            .contains("s/^UID_MAX[[:space:]].*/UID_MAX 19999/"),
        "{useradd:?}"
    );
    let mut facts = quiet();
    facts.defs.insert("GID_MAX".to_owned(), 50_000);
    let groupadd = one(&facts, Severity::Warning, "groupadd");
    assert!(groupadd.what.contains("50000 to 50000"));
    assert_eq!(
        groupadd.fix, "echo 'GID_MAX 49999' >> /etc/login.defs",
        "it is not in the file"
    );
    let mut facts = quiet();
    facts.defs.insert("SUB_UID_MAX".to_owned(), 1_900_000_000);
    one(&facts, Severity::Note, "useradd gives out subordinate ids");
}

#[test]
fn system_ids_are_a_problem() {
    let mut facts = quiet();
    facts.ranges[1] = range(900, 999, For::Groups);
    one(&facts, Severity::Problem, "ids of the system: 900 to 999");
    facts.defs.insert("SYS_GID_MAX".to_owned(), 1_999);
    facts.ranges[1] = range(1_500, 1_999, For::Groups);
    one(&facts, Severity::Problem, "1500 to 1999");
}

#[test]
fn the_default_of_groups_meets_systemd_and_another_range_is_named() {
    let mut facts = quiet();
    facts.ranges[1] = Range {
        key: "gid_range",
        section: "groups".to_owned(),
        ..range(60_000, 64_999, For::Groups)
    };
    let found = one(
        &facts,
        Severity::Warning,
        "61184 to 64999 by systemd for services",
    );
    assert!(found.what.contains("60001 to 60513 by systemd-homed"));
    assert!(
        found
            .fix
            .starts_with("gid_range = [70000, 74999] in [groups]"),
        "{found:?}"
    );
    facts.taken.insert(72_000);
    assert!(judge(&facts)[0].fix.contains("[80000, 84999]"));
    facts.ranges[1] = range(600_000, 650_000, For::Groups);
    one(&facts, Severity::Note, "systemd-nspawn");
    let mut facts = quiet();
    facts.ranges[2] = range(1_000_000_000, 1_800_000_000, For::Subids);
    one(&facts, Severity::Note, "containers");
}

#[test]
fn subordinate_ids_in_a_range_are_a_problem() {
    let mut facts = quiet();
    facts.subids.push(("bob\n".to_owned(), 40_000, 60_000));
    assert_eq!(told(&facts).len(), 2, "both ranges");
    assert!(
        told(&facts)
            .iter()
            .all(|(s, what)| *s == Severity::Problem && what.contains("bob\\n (40000"))
    );
    let mut facts = quiet();
    facts
        .ranges
        .push(range(1_900_000_005, 1_900_000_009, For::Groups));
    one(&facts, Severity::Problem, "share 1900000005 to 1900000009");
    let mut facts = quiet();
    facts.accounts.push(("far".to_owned(), 1_900_000_001));
    one(&facts, Severity::Problem, "far (1900000001)");
}

#[test]
fn who_is_there_already_is_noted() {
    let mut facts = quiet();
    facts.accounts.push(("local".to_owned(), 30_000));
    facts.groups.push(("local".to_owned(), 30_000));
    one(
        &facts,
        Severity::Note,
        "accounts that are not gosync's have ids",
    );
    let mut facts = quiet();
    facts.ranges[1] = range(65_520, 75_000, For::Groups);
    facts.groups.push(("nogroup".to_owned(), 65_534));
    assert_eq!(told(&facts), [], "nobody gets that one");
    let known = [("eve".to_owned(), 20_500)].into();
    one(
        &Facts {
            elsewhere: Ok(known),
            ..quiet()
        },
        Severity::Warning,
        "eve (20500)",
    );
    one(
        &Facts {
            elsewhere: Err("getent hangs".to_owned()),
            ..quiet()
        },
        Severity::Warning,
        "hangs",
    );
}

#[test]
fn a_range_that_ends_is_told_in_time() {
    let mut facts = quiet();
    facts.taken.extend(50_000..59_000);
    assert_eq!(told(&facts), [], "a tenth is left");
    facts.taken.insert(59_001);
    one(
        &facts,
        Severity::Warning,
        "ids left in `range` in [Groups] (50000 to 59999): 999 of 10000",
    );
    facts.taken.extend(50_000..=59_999);
    one(&facts, Severity::Problem, ": 0 of 10000");
    let taken_subids = [(1_900_000_000, 1_999_999_998)].into_iter().collect();
    one(
        &Facts {
            taken_subids,
            ..quiet()
        },
        Severity::Problem,
        "blocks of ids left",
    );
}

#[test]
fn ranges_of_accounts_and_groups_take_from_each_other() {
    let mut facts = quiet();
    facts.ranges[1] = range(49_000, 59_999, For::Groups);
    one(&facts, Severity::Note, "share 49000 to 49999");
    let mut facts = quiet();
    facts.ranges.push(range(50_000, 50_999, For::Groups));
    assert_eq!(told(&facts), [], "ranges of groups may overlap");
}
