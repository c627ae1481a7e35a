//! Members of groups that gosync does not own.

use super::*;
use crate::model::Now;
use crate::model::owned::State;
use crate::policy::ByHand;
use crate::policy::local_map::WantedLocal;

/// Ann and Bob have accounts; `lab` is the host's group, in which gosync added `applied`.
fn host(applied: &str, found: &'static str) -> Case {
    let mut case = Case::default()
        .owns(1, "ann", State::Active)
        .owns(2, "bob", State::Active);
    case.host.groups.insert(
        "lab",
        HostGroup {
            gid: 1200,
            members: found.into(),
            writable: true,
        },
    );
    if !applied.is_empty() {
        case.owned.local.insert("lab".into(), applied.into());
    }
    case
}

fn lab(members: &[u32]) -> WantedLocal {
    let name = GroupName::known("lab").unwrap();
    let members = members.iter().map(|n| id(*n)).collect();
    WantedLocal {
        name,
        privileged: false,
        members,
        missing: vec![],
        ambiguous: vec![],
    }
}

fn plan(case: &Case, local: Vec<WantedLocal>) -> Plan {
    let people = case.people();
    let wanted = WantedGroups {
        people,
        local,
        ..WantedGroups::default()
    };
    super::groups(
        wanted,
        &DiffInput {
            now: &Now::new(0),
            ..case.input()
        },
    )
}

/// What the ledger remembers after a plan.
fn remembers(plan: &Plan) -> Vec<String> {
    let [Deed::ChangeMembers(change)] = deeds(plan)[..] else {
        panic!("{plan:?}")
    };
    change.wanted.iter().map(ToString::to_string).collect()
}

#[test]
fn who_was_there_before_is_not_gosyncs_to_take_out() {
    let plan_of = |case: &Case, members: &[u32]| plan(case, vec![lab(members)]);
    let added = plan_of(&host("", "root,ann"), &[1, 2, 77]);
    assert_eq!(
        (words(&added), remembers(&added)),
        (
            vec!["~ local group lab add (1): bob".into()],
            vec!["bob".into()]
        )
    );
    let gone = plan_of(&host("bob", "root,ann,bob"), &[]);
    assert_eq!(
        (words(&gone).concat(), remembers(&gone).len()),
        ("~ local group lab take out (1): bob".into(), 0)
    );
    assert_eq!(
        words(&plan_of(&host("bob", "root,ann,bob"), &[1, 2])),
        [""; 0]
    );
}

#[test]
fn a_read_that_may_be_short_takes_nobody_out() {
    let short = |change: fn(&mut WantedLocal)| {
        let mut wish = lab(&[]);
        change(&mut wish);
        plan(&host("ann,bob", "ann,bob"), vec![wish]).changes
    };
    assert_eq!(short(|wish| wish.missing.push("x".into())), []);
    assert_eq!(short(|wish| wish.ambiguous.push("x".into())), []);
    assert_eq!(short(|_| {}).len(), 1);
    let cut = Case {
        completeness: Completeness::Incomplete("cut".into()),
        ..host("ann,bob", "ann,bob")
    };
    assert_eq!(plan(&cut, vec![lab(&[])]).changes, []);
    assert_eq!(
        plan(&cut, vec![]).changes,
        [],
        "nor does what is mapped no more"
    );
    let narrowed = Case {
        completeness: Completeness::Narrowed,
        ..host("ann", "ann")
    };
    assert_eq!(plan(&narrowed, vec![]).changes, []);
}

#[test]
fn a_member_taken_out_by_hand_is_told() {
    let mut case = host("ann,bob", "bob");
    assert_eq!(
        words(&plan(&case, vec![lab(&[1, 2])]))[1],
        "  note lab: gets back who was taken out by hand: ann"
    );
    case.rules.groups.taken_out_by_hand = ByHand::Report;
    let told = "  note lab: stays without who was taken out by hand: ann";
    assert_eq!(words(&plan(&case, vec![lab(&[1, 2])])), [told]);
}

#[test]
fn what_is_mapped_no_more_is_taken_back() {
    let told = "  note lab: is not in `local_map` of [groups] any more; who came by it goes";
    assert_eq!(
        words(&plan(&host("ann", "ann,root"), vec![])),
        ["~ local group lab take out (1): ann", told]
    );
    let mut gone = host("ann", "");
    gone.host.groups.remove("lab");
    assert!(remembers(&plan(&gone, vec![])).is_empty());
}

#[test]
fn groups_that_are_not_there_or_not_for_it_are_left_alone_and_told() {
    let mut absent = host("", "");
    absent.host.groups.remove("lab");
    let mut system = host("", "");
    system.host.groups.insert(
        "lab",
        HostGroup {
            gid: 27,
            members: "".into(),
            writable: true,
        },
    );
    let own = host("", "").group(10, "lab", "", "");
    let mut twice = host("", "");
    twice.host.repeated.insert("lab");
    let mut elsewhere = host("", "");
    elsewhere.host.groups.insert(
        "lab",
        HostGroup {
            gid: 1200,
            members: "".into(),
            writable: false,
        },
    );
    for case in [absent, system, own, twice, elsewhere] {
        let plan = plan(&case, vec![lab(&[1])]);
        assert_eq!(plan.changes, []);
        assert!(
            plan.remarks.iter().any(|remark| remark.name == "lab"),
            "{plan:?}"
        );
    }
    let mut marked = host("", "");
    marked.host.groups.insert(
        "lab",
        HostGroup {
            gid: 27,
            members: "".into(),
            writable: true,
        },
    );
    let wish = WantedLocal {
        privileged: true,
        ..lab(&[1])
    };
    assert_eq!(
        words(&plan(&marked, vec![wish])),
        ["~ local group lab (privileged) add (1): ann"]
    );
}
