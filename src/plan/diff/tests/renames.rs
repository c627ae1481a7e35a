//! Accounts and groups that have another name at the provider, with what goes along.

use super::departures::{DAY, ann, only_bob, renamed};
use super::of_groups::staffed;
use super::*;
use crate::model::owned::GroupDeparture;
use crate::policy::{ByHand, Reason};

#[test]
fn a_rename_keeps_all_but_the_name() {
    assert_eq!(
        words(&ann().plan(vec![renamed(1, "ann", "anna")])),
        ["~ rename ann to anna uid=20001"]
    );
    let mut case = ann();
    case.account("ann").fields.gecos = "A";
    let mut change = renamed(1, "ann", "anna");
    change.fields.gecos = "Anna".into();
    let plan = case.plan(vec![change]);
    assert!(
        matches!(plan.changes[1].deed, Deed::Update { .. }) && plan.changes[1].name() == "anna",
        "{plan:?}"
    );
}

#[test]
fn a_name_that_cannot_be_had_is_told_and_the_rest_goes_on() {
    let told = |case: &Case| -> Reason {
        let mut change = renamed(1, "ann", "anna");
        change.fields.gecos = "Else".into();
        let plan = case.plan(vec![change]);
        assert!(
            matches!(deeds(&plan)[..], [Deed::Update { .. }]) && plan.changes[0].name() == "ann"
        );
        plan.remarks[0].reason.cause().clone()
    };
    assert_eq!(told(&ann().has("anna", 1_700)).word(), "not-ours");
    let mut case = ann();
    case.owned
        .others
        .names
        .insert("anna".into(), "other".to_owned().into());
    assert_eq!(told(&case).word(), "other-provider");
    case = ann();
    case.host.elsewhere.known.insert("anna".into(), 7);
    assert_eq!(told(&case).word(), "known-elsewhere");
    case = ann();
    case.host.broken.insert("anna");
    assert_eq!(told(&case).word(), "malformed");
    case = ann();
    case.probe = FakeProbe {
        processes: 2,
        home: case.probe.home,
        ..FakeProbe::default()
    };
    assert_eq!(told(&case).word(), "in-use");
    case.chosen.force = true;
    assert_eq!(
        case.plan(vec![renamed(1, "ann", "anna")]).counts().renamed,
        1
    );
    case = ann();
    case.probe = FakeProbe {
        there: vec!["/etc/ssh/authorized_keys.d/anna"],
        home: case.probe.home,
        ..FakeProbe::default()
    };
    assert_eq!(told(&case).word(), "keys-in-the-way");
    case = ann();
    case.own(1).private_group = true;
    case.own(1).gid = 20_001;
    case.host.groups.insert(
        "ann",
        HostGroup {
            gid: 20_001,
            members: "".into(),
            writable: true,
        },
    );
    case.host.groups.insert(
        "anna",
        HostGroup {
            gid: 1_700,
            members: "".into(),
            writable: true,
        },
    );
    assert_eq!(told(&case).word(), "not-ours");
}

#[test]
fn a_rename_that_was_broken_off_or_made_by_hand_is_finished() {
    let mut case = ann();
    let line = case.host.accounts.remove("ann").unwrap();
    case.host.accounts.insert("anna", line);
    assert_eq!(
        words(&case.plan(vec![renamed(1, "ann", "anna")])),
        ["~ rename ann to anna uid=20001"]
    );
    case.host.accounts.get_mut("anna").unwrap().uid = 7;
    assert!(words(&case.plan(vec![renamed(1, "ann", "anna")]))[0].contains("was removed by hand"));
}

/// Ann, who stands as `anna` on the host, a name that was hers before or was begun to be given to her.
fn halfway() -> Case {
    let mut case = ann().owns(2, "bob", State::Active);
    let line = case.host.accounts.remove("ann").unwrap();
    case.host.accounts.insert("anna", line);
    case.owned.former_accounts.insert("anna".into(), id(1));
    case
}

#[test]
fn an_account_under_a_name_that_was_its_own_or_begun_is_no_account_removed_by_hand() {
    let finished = ["~ rename ann to anna uid=20001"];
    for by_hand in [ByHand::Report, ByHand::Restore] {
        let mut case = halfway();
        case.rules.accounts.deleted_by_hand = by_hand;
        assert_eq!(
            words(&case.plan(vec![wanted(1, "ann"), wanted(2, "bob")])),
            finished,
            "the next run renames back"
        );
        assert_eq!(
            words(&case.plan(vec![renamed(1, "ann", "zoe"), wanted(2, "bob")])),
            finished,
            "and on"
        );
        assert_eq!(words(&case.plan(only_bob())), finished, "though she left");
    }
    let mut shut = wanted(1, "ann");
    shut.open = false;
    let plan = halfway().plan(vec![shut, wanted(2, "bob")]);
    assert!(
        words(&plan).iter().any(|line| line.contains("lock anna")),
        "{:?}",
        words(&plan)
    );
    let mut case = halfway();
    case.rules.accounts.rename_home = true;
    case.account("anna").fields.home = "/home/anna";
    let said = words(&case.plan(vec![wanted(1, "ann"), wanted(2, "bob")]));
    assert_eq!(
        said,
        ["~ rename ann to anna uid=20001 home=/home/anna"],
        "no home that was changed by hand"
    );
    let mut case = halfway();
    case.probe = FakeProbe {
        processes: 2,
        home: case.probe.home,
        ..FakeProbe::default()
    };
    assert_eq!(
        words(&case.plan(only_bob())),
        finished,
        "the old name has gone from under their feet"
    );
}

#[test]
fn a_rename_that_cannot_be_finished_is_told_as_such() {
    let mut case = halfway();
    case.host.elsewhere.known.insert("anna".into(), 7);
    let told = "  note ann: stands as `anna` on this host, and the rename cannot be finished: another name service of \
                this host knows a `anna` (id 7)";
    assert_eq!(
        words(&case.plan(vec![wanted(1, "ann"), wanted(2, "bob")])),
        [told]
    );
    assert_eq!(words(&case.plan(only_bob()))[1..], [told]);
    let mut other = halfway();
    other.account("anna").uid = 1_700;
    assert!(
        words(&other.plan(only_bob()))[0].contains("was removed by hand"),
        "that is somebody else"
    );
    let mut other = halfway();
    other.owned.former_accounts.insert("anna".into(), id(2));
    assert!(
        words(&other.plan(only_bob()))[0].contains("was removed by hand"),
        "the name was never hers"
    );
}

#[test]
fn a_group_under_a_name_that_was_its_own_or_begun_is_no_group_removed_by_hand() {
    let mut case = staffed()
        .group(10, "all", "ann", "ann")
        .group(11, "rest", "", "");
    let line = case.host.groups.remove("all").unwrap();
    case.host.groups.insert("every", line);
    let rest = || group(11, "rest", &[]);
    let plan = |case: &Case| words(&case.plan_groups(vec![group(10, "all", &[1, 2]), rest()]));
    assert!(
        plan(&case)[0].contains("was removed by hand"),
        "nobody knows of this name"
    );
    case.owned.former_groups.insert("every".into(), id(10));
    let finished = "~ rename group all to every gid=60010";
    for by_hand in [ByHand::Report, ByHand::Restore] {
        case.rules.groups.deleted_by_hand = by_hand;
        assert_eq!(plan(&case), [finished, "~ group every add (1): bob"]);
    }
    // It is removed under the name that it has.
    case.owned.groups.get_mut(&id(10)).unwrap().members = "".into();
    case.owned.group_departures.insert(
        id(10),
        GroupDeparture {
            absence: None,
            since: Some(NOW - 90 * DAY),
        },
    );
    case.rules.departed.remove_after = Some(90 * 86_400);
    assert_eq!(words(&case.plan_groups(vec![rest()])), [finished]);
}

#[test]
fn a_home_moves_only_if_that_is_wanted_and_it_is_free_to() {
    let home = |case: &Case| match deeds(&case.plan(vec![renamed(1, "ann", "anna")]))[..] {
        [Deed::Rename(rename)] => rename.home().cloned(),
        ref other => panic!("{other:?}"),
    };
    let mut case = ann();
    assert_eq!(home(&case), None);
    case.rules.accounts.rename_home = true;
    let moved = home(&case).unwrap();
    assert_eq!(
        (moved.from.as_str(), moved.to.as_str(), moved.moved),
        ("/home/ann", "/home/anna", false),
        "there is none"
    );
    // Here something is at both paths, and the new one is no link to the old one.
    case.probe.home = Some(Owner::Directory(20_001));
    assert!(words(&case.plan(vec![renamed(1, "ann", "anna")]))[0].contains("is there already"));
    case.probe = FakeProbe {
        links: vec![("/home/anna", "/home/ann")],
        home: case.probe.home,
        ..FakeProbe::default()
    };
    assert_eq!(
        home(&case).map(|home| (home.moved, home.linked)),
        Some((true, true))
    );
    case.probe = FakeProbe {
        there: vec!["mount:/home/ann"],
        home: case.probe.home,
        ..FakeProbe::default()
    };
    assert_eq!(home(&case), None, "something is mounted there");
    case.account("ann").fields.home = "/srv/ann";
    case.probe = home_of(Owner::Directory(20_001));
    assert_eq!(
        words(&case.plan(vec![renamed(1, "ann", "anna")]))[0],
        "~ rename ann to anna uid=20001",
        "put elsewhere by hand"
    );
    case = ann();
    case.rules.accounts.rename_home = true;
    case.own(1).applied.fields.home = "/home/elsewhere".into();
    case.account("ann").fields.home = "/home/elsewhere";
    assert_eq!(home(&case), None, "not named after the account");
}

#[test]
fn what_is_named_after_an_account_goes_along_or_is_told() {
    let (keys, mail) = ("/etc/ssh/authorized_keys.d/ann", "/var/mail/ann");
    let mut case = ann();
    case.probe = FakeProbe {
        there: vec![keys, mail, "/var/spool/cron/crontabs/ann"],
        home: case.probe.home,
        ..FakeProbe::default()
    };
    assert_eq!(
        words(&case.plan(vec![renamed(1, "ann", "anna")])),
        [
            "~ rename ann to anna uid=20001 /etc/ssh/authorized_keys.d/anna /var/mail/anna",
            "  note anna: its crontab stays under the old name, and does not run: /var/spool/cron/crontabs/ann"
        ]
    );
    case.rules.accounts.rename_mail = false;
    let plan = case.plan(vec![renamed(1, "ann", "anna")]);
    assert!(
        words(&plan).contains(&"  note anna: its mail stays in /var/mail/ann".to_owned()),
        "{plan:?}"
    );
}

#[test]
fn keys_are_where_the_configuration_says() {
    let mut case = ann();
    case.rules.keys.directory = "/srv/keys".to_owned();
    case.probe = FakeProbe {
        there: vec!["/srv/keys/ann", "/etc/ssh/authorized_keys.d/anna"],
        home: case.probe.home,
        ..FakeProbe::default()
    };
    let plan = case.plan(vec![renamed(1, "ann", "anna")]);
    assert_eq!(
        words(&plan),
        ["~ rename ann to anna uid=20001 /srv/keys/anna"]
    );
    case.probe = FakeProbe {
        there: vec!["/srv/keys/anna"],
        home: case.probe.home,
        ..FakeProbe::default()
    };
    let plan = case.plan(vec![renamed(1, "ann", "anna")]);
    assert!(
        plan.changes.is_empty() && words(&plan)[0].contains("/srv/keys/anna is there already"),
        "{plan:?}"
    );
    // The ledger knows it under the old name, and the next run takes it back from there.
    case.probe = FakeProbe {
        there: vec!["/srv/keys/ann"],
        home: case.probe.home,
        ..FakeProbe::default()
    };
    case.rules.keys.place = crate::policy::keys::Place::Home;
    assert_eq!(
        words(&case.plan(vec![renamed(1, "ann", "anna")])),
        ["~ rename ann to anna uid=20001"]
    );
}

#[test]
fn a_group_is_renamed_with_its_members() {
    let renamed = |members: &[u32]| {
        let to = GroupName::known("every").unwrap();
        vec![WantedGroup {
            rename: Some(to),
            ..group(10, "all", members)
        }]
    };
    let mut case = staffed().group(10, "all", "ann", "ann");
    assert_eq!(
        words(&case.plan_groups(renamed(&[1]))),
        ["~ rename group all to every gid=60010"]
    );
    assert_eq!(
        words(&case.plan_groups(renamed(&[1, 2]))),
        [
            "~ rename group all to every gid=60010",
            "~ group every add (1): bob"
        ]
    );
    case.host.groups.insert(
        "every",
        HostGroup {
            gid: 7,
            members: "".into(),
            writable: true,
        },
    );
    let plan = case.plan_groups(renamed(&[1, 2]));
    assert!(
        words(&plan)[0].starts_with("~ group all add (1): bob") && plan.remarks.len() == 1,
        "{plan:?}"
    );
    case.host.groups.remove("every");
    let line = case.host.groups.remove("all").unwrap();
    case.host.groups.insert("every", line);
    assert_eq!(
        words(&case.plan_groups(renamed(&[1]))),
        ["~ rename group all to every gid=60010"],
        "broken off"
    );
}
