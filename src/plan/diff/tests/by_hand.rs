//! What people change by hand: what stays, what is put back, and what is said of it.

use super::*;
use crate::model::owned::State;
use crate::policy::ByHand;
use crate::policy::Reason;

/// Ann's account after a hand was at it.
fn touched(locked: bool, expire: &'static str, keep: &[Field]) -> Case {
    let mut case = Case::default().owns(1, "ann", State::Active);
    (case.account("ann").locked, case.account("ann").expire) = (locked, expire);
    case.rules.accounts.keep_local = keep.iter().copied().collect();
    case
}

fn said(case: &Case) -> Vec<String> {
    words(&case.plan(vec![wanted(1, "ann")]))
}

#[test]
fn a_lock_and_an_expiry_go_unless_they_may_stay() {
    assert_eq!(
        said(&touched(true, "20500", &[])),
        [
            "~ account ann lock \"locked\" -> \"open\", expiry \"2026-02-16\" -> \"never\"",
            "  note ann: is opened again: it was locked by hand, and `keep_local` in [accounts] does not name `lock`",
            "  note ann: gets its expiry back, which was changed by hand",
        ]
    );
    assert_eq!(
        said(&touched(true, "1", &[Field::Lock, Field::Expiry])),
        [
            "  note ann: keeps the lock that was set by hand",
            "  note ann: keeps the expiry that was set by hand"
        ]
    );
    assert_eq!(
        said(&touched(false, "1", &[Field::Lock]))[0],
        "~ account ann expiry \"at once\" -> \"never\""
    );
}

#[test]
fn a_lock_that_a_hand_had_put_before_gosyncs_is_there_again_when_that_is_off() {
    let keep = [Field::Lock, Field::Expiry];
    let mut case = touched(true, "0", &keep);
    let away = WantedAccount {
        open: false,
        ..wanted(1, "ann")
    };
    let mut plan = case.plan(vec![away]);
    let hands = case.rules.accounts.keep_local.clone();
    remember_hand_locks(&mut plan, &case.host, &case.owned, &hands);
    let remembered = [(Field::Lock, "locked"), (Field::Expiry, "0")]
        .map(|(field, value)| Observation::Agreed(id(1), field, value.to_owned()));
    assert_eq!(plan.observations, remembered);
    // What would not have stayed is not remembered.
    plan.observations.clear();
    remember_hand_locks(&mut plan, &case.host, &case.owned, &BTreeSet::new());
    assert_eq!(plan.observations, []);
    // A run that was killed before the ledger knew of its lock leaves this.
    case.account("ann").expire = "1";
    remember_hand_locks(&mut plan, &case.host, &case.owned, &hands);
    assert_eq!(plan.observations, []);
    // It is locked by gosync now, and its person comes back.
    (case.account("ann").locked, case.account("ann").expire) = (true, "1");
    let own = case.own(1);
    own.state = State::Locked;
    (own.applied.locked, own.applied.expire) = (true, "0".to_owned());
    let back = said(&case);
    assert!(
        back.iter()
            .any(|line| line.contains("lock \"open\" -> \"locked\"")
                && line.contains("expiry \"never\" -> \"1970-01-01\"")),
        "{back:?}"
    );
}

#[test]
fn an_account_that_was_removed_by_hand_is_not_one_that_waits_for_its_person() {
    let gone = || {
        let mut case = Case::default()
            .owns(1, "ann", State::Active)
            .owns(2, "bob", State::Active);
        case.host.accounts.remove("ann");
        case
    };
    let told = |way_out: &str| {
        vec![format!(
            "  note ann: was removed by hand and is not made again; {way_out}"
        )]
    };
    let new = "`gosync deluser --forget ann` makes it new";
    assert_eq!(
        words(&gone().plan(vec![wanted(1, "ann"), wanted(2, "bob")])),
        told(new)
    );
    let ends = "`gosync deluser --forget ann` ends this notice";
    let shut = WantedAccount {
        open: false,
        ..wanted(1, "ann")
    };
    assert_eq!(
        words(&gone().plan(vec![shut, wanted(2, "bob")])),
        told(ends)
    );
    let plan = gone().plan(vec![wanted(2, "bob")]);
    assert_eq!(
        (words(&plan), plan.observations),
        (told(ends), vec![]),
        "there is nothing to be locked later"
    );
    let plan = gone().absent(1, 1, 60).plan(vec![wanted(2, "bob")]);
    assert_eq!(
        (words(&plan), plan.observations),
        (told(ends), vec![Observation::Back(id(1))])
    );
}

#[test]
fn what_was_so_when_it_was_adopted_stays_so() {
    let mut case = touched(true, "20500", &[]);
    (case.own(1).applied.locked, case.own(1).applied.expire) = (true, "20500".into());
    assert_eq!(said(&case), [""; 0]);
    case.account("ann").locked = false;
    assert_eq!(said(&case), [""; 0], "somebody gave it a password");
    case.account("ann").expire = "";
    assert_eq!(
        said(&case)[0],
        "~ account ann expiry \"never\" -> \"2026-02-16\""
    );
}

#[test]
fn a_lock_of_gosyncs_is_not_given_up_to_a_hand() {
    let keep = [Field::Lock, Field::Expiry];
    for (locked, expire) in [(false, "1"), (true, ""), (false, "")] {
        let mut case = touched(locked, expire, &keep).owns(9, "zed", State::Active);
        case.own(1).state = State::Locked;
        let shut = WantedAccount {
            open: false,
            ..wanted(1, "ann")
        };
        assert_eq!(
            locks(&case.plan(vec![shut, wanted(9, "zed")])),
            1,
            "{locked} {expire}"
        );
    }
}

#[test]
fn an_opened_account_gets_the_expiry_that_it_was_adopted_with() {
    let mut case = Case::default().owns(1, "ann", State::Locked);
    case.own(1).applied.expire = "20500".into();
    assert_eq!(
        said(&case),
        [
            "~ unlock ann",
            "~ account ann expiry \"never\" -> \"2026-02-16\""
        ]
    );
}

#[test]
fn what_a_hand_and_the_provider_agree_on_is_learned_and_not_written() {
    let mut case = Case::default().owns(1, "ann", State::Active);
    case.account("ann").fields.shell = "/bin/zsh";
    let plan = case.plan(vec![with(wanted(1, "ann"), Field::Shell, "/bin/zsh")]);
    assert_eq!((words(&plan).len(), plan.unchanged), (0, 1));
    assert_eq!(
        plan.observations,
        [Observation::Agreed(id(1), Field::Shell, "/bin/zsh".into())]
    );
}

#[test]
fn a_primary_group_that_was_changed_by_hand_stays_and_is_told() {
    let mut case = Case::default().owns(1, "ann", State::Active);
    case.account("ann").gid = 1005;
    assert_eq!(
        said(&case),
        ["  note ann: keeps the primary group 1005 that was set by hand; gosync gave 100"]
    );
}

/// Ann's account, with everything of its own, of which nothing is left on the host.
fn deleted(by_hand: ByHand) -> Case {
    let mut case = Case::default().owns(1, "ann", State::Active);
    (case.own(1).gid, case.own(1).private_group) = (1007, true);
    case.own(1).applied.fields.home = "/srv/ann".into();
    case.host.accounts.clear();
    case.rules.accounts.deleted_by_hand = by_hand;
    case
}

#[test]
fn an_account_deleted_by_hand_comes_back_only_as_configured() {
    let told = "  note ann: was removed by hand and is not made again; `gosync deluser --forget ann` makes it new";
    assert_eq!(said(&deleted(ByHand::Report)), [told]);
    let plan = deleted(ByHand::Restore).plan(vec![wanted(1, "ann")]);
    let new = created(&plan)[0];
    assert_eq!(
        (
            new.uid.get(),
            new.gid.get(),
            new.private_group,
            new.fields.home.as_str()
        ),
        (20_001, 1007, true, "/srv/ann")
    );
    assert_eq!(plan.remarks[0].reason, Reason::MadeAgain);
    let mut shared = deleted(ByHand::Restore);
    shared.own(1).private_group = false;
    assert_eq!(
        said(&shared)[0],
        "x refuse ann (u-1): the group of its gid 1007 is not on this host"
    );
}

#[test]
fn an_account_deleted_by_hand_does_not_come_back_for_who_is_shut_out_or_not_looked_at() {
    let shut = WantedAccount {
        open: false,
        ..wanted(1, "ann")
    };
    assert_eq!(deleted(ByHand::Restore).plan(vec![shut]).changes, []);
    let mut only_new = deleted(ByHand::Restore);
    only_new.chosen.known = false;
    assert_eq!(said(&only_new), [""; 0]);
    let mut replaced = deleted(ByHand::Restore).has("ann", 1001);
    assert_eq!(
        said(&replaced),
        ["  note ann: has the uid 1001 on this host, but gosync gave 20001; left alone"]
    );
    replaced.host.accounts.clear();
    replaced.rules.accounts.deleted_by_hand = ByHand::Report;
    let gone = replaced
        .owns(9, "zed", State::Active)
        .absent(1, 9, 90_000)
        .plan(vec![wanted(9, "zed")]);
    assert!(
        gone.changes.is_empty() && gone.remarks[0].reason.cause().word() == "removed-by-hand",
        "{gone:?}"
    );
}

/// A group of Ann and Bob, as a hand left it.
fn team(found: Option<&'static str>) -> Case {
    let case = Case::default()
        .owns(1, "ann", State::Active)
        .owns(2, "bob", State::Active);
    let mut case = case.group(10, "all", "ann,bob", found.unwrap_or_default());
    if found.is_none() {
        case.host.groups.remove("all");
    }
    case
}

#[test]
fn a_member_taken_out_by_hand_stays_out_if_so_configured() {
    let mut case = team(Some("bob,local"));
    case.rules.groups.taken_out_by_hand = ByHand::Report;
    let told = "  note all: stays without who was taken out by hand: ann";
    assert_eq!(
        words(&case.plan_groups(vec![group(10, "all", &[1, 2])])),
        [told]
    );
    // And is forgotten when the provider takes her out, so that she comes back when it names her again.
    let plan = case.plan_groups(vec![group(10, "all", &[2])]);
    assert_eq!(words(&plan).len(), 1);
    case.owned.groups.get_mut(&id(10)).unwrap().members = "bob".into();
    assert_eq!(
        words(&case.plan_groups(vec![group(10, "all", &[1, 2])])),
        ["~ group all add (1): ann"]
    );
}

#[test]
fn who_was_deleted_by_hand_and_is_missing_is_no_member_of_anything() {
    // The name is free for whoever is given it by useradd(8).
    let without_ann = |case: &Case, completeness: &Completeness| {
        let (groups, present) = (vec![group(10, "all", &[1, 2])], [id(10)].into());
        let people = BTreeSet::from([id(2)]);
        let wanted = WantedGroups {
            groups,
            people,
            present,
            ..Default::default()
        };
        super::super::groups(
            wanted,
            &DiffInput {
                completeness,
                ..case.input()
            },
        )
    };
    let mut case = team(Some("bob"));
    case.host.accounts.remove("ann");
    for completeness in [
        whole(),
        Completeness::Incomplete("cut".into()),
        Completeness::Narrowed,
    ] {
        let plan = without_ann(&case, &completeness);
        assert!(
            matches!(deeds(&plan)[..], [Deed::ChangeMembers(change)] if change.add.is_empty()),
            "{plan:?}"
        );
    }
    case.host.groups.remove("all");
    case.rules.groups.deleted_by_hand = ByHand::Restore;
    assert_eq!(
        words(&without_ann(&case, &whole()))[0],
        "+ group all gid=60010 members (1): bob"
    );
}

#[test]
fn a_group_deleted_by_hand_comes_back_only_as_configured() {
    let mut case = team(None);
    let wish = || vec![group(10, "all", &[2])];
    assert_eq!(
        words(&case.plan_groups(wish())),
        ["  note all: was removed by hand and is not made again"]
    );
    case.rules.groups.deleted_by_hand = ByHand::Restore;
    assert_eq!(
        words(&case.plan_groups(wish())),
        [
            "+ group all gid=60010 members (1): bob",
            "  note all: was removed by hand, and is made again"
        ]
    );
    case.host.groups.insert(
        "other",
        HostGroup {
            gid: 60_010,
            members: "".into(),
            writable: true,
        },
    );
    assert!(words(&case.plan_groups(wish()))[0].contains("its gid 60010 is now used by `other`"));
}

#[test]
fn what_was_given_back_to_the_host_is_not_taken_again() {
    let mut case = Case::default()
        .owns(1, "ann", State::Released)
        .has("ann", 20_001)
        .group(10, "all", "ann", "ann");
    let told = "x refuse ann (u-1): the account `ann` (uid 20001) was given back to this host; `gosync adopt ann` takes \
                it over again";
    assert_eq!(said(&case), [told]);
    case.owned.groups.get_mut(&id(10)).unwrap().state = State::Released;
    let told = "x refuse all (u-10): the group `all` (gid 60010) was given back to this host; `gosync adopt all` \
                takes it over again";
    assert_eq!(
        words(&case.plan_groups(vec![group(10, "all", &[1])])),
        [told]
    );
    // Nobody else gets the number; and when the account is gone, the person gets it again.
    case.host.accounts.clear();
    case.host.ids.clear();
    let other = WantedAccount {
        uid: Uid::new(20_001),
        ..wanted(2, "bob")
    };
    assert_eq!(case.plan(vec![other]).changes, []);
    assert_eq!(
        created(&case.plan(vec![wanted(1, "ann")]))[0].uid.get(),
        20_001
    );
}
