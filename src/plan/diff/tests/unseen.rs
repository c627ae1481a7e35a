//! What nobody can see is told of whom it concerns, and holds up neither their locking nor anybody else.

use super::departures::{ann, left, only_bob, renamed};
use super::*;
use crate::policy::Remark;

/// The words of what is told as refused, and of what lies at the bottom of each.
fn refused(plan: &Plan) -> Vec<(&'static str, &'static str)> {
    let reasons = plan.refused.iter().map(|refusal| &refusal.reason);
    reasons
        .map(|reason| (reason.word(), reason.cause().word()))
        .collect()
}

/// The names and the words of what changes.
fn changes(plan: &Plan) -> Vec<(&str, &'static str)> {
    let changes = plan.changes.iter();
    changes
        .map(|change| (change.name(), effects(change).word))
        .collect()
}

fn shut(n: u32, name: &str) -> WantedAccount {
    WantedAccount {
        open: false,
        ..wanted(n, name)
    }
}

#[test]
fn a_home_is_not_packed_and_others_are_changed_and_locked() {
    let mut case = left(40, None).owns(3, "eve", State::Active);
    case.probe.unseen = vec!["/home/ann", "/home/eve"];
    let plan = case.plan(vec![renamed(2, "bob", "rob"), shut(3, "eve")]);
    assert_eq!(
        changes(&plan),
        [("rob", "rename-account"), ("eve", "lock-account")]
    );
    assert_eq!(refused(&plan), [("not-archived", "not-seen")]);
    assert_eq!(
        plan.refused[0].reason.to_string(),
        "is due to be archived, and is not: cannot look at /home/ann: Permission denied"
    );
    assert_eq!(plan.remarks, [] as [Remark; 0]);
}

#[test]
fn an_account_is_not_removed_while_nobody_can_say_what_is_left_of_it() {
    for unseen in ["/home/ann", "/proc"] {
        let mut case = left(100, Some("/a/ann.tar.zst"));
        case.probe.home = None;
        case.probe.unseen = vec![unseen];
        let plan = case.plan(only_bob());
        assert_eq!(plan.changes, [], "{unseen}");
        assert_eq!(refused(&plan), [("not-removed", "not-seen")], "{unseen}");
    }
}

#[test]
fn a_rename_waits_and_the_lock_does_not() {
    for unseen in ["/home/ann", "/home/anna", "/proc", "/var/mail/ann"] {
        let mut case = ann().owns(2, "bob", State::Active);
        case.rules.accounts.rename_home = true;
        case.probe.unseen = vec![unseen];
        let gone = WantedAccount {
            open: false,
            ..renamed(1, "ann", "anna")
        };
        let plan = case.plan(vec![gone, renamed(2, "bob", "rob")]);
        let mut expected = vec![("ann", "lock-account"), ("rob", "rename-account")];
        if unseen == "/proc" {
            expected.pop(); // whether anything runs as bob, nobody knows either
        }
        assert_eq!(changes(&plan), expected, "{unseen}");
        assert_eq!(refused(&plan)[0], ("keeps-name", "not-seen"), "{unseen}");
    }
}

/// Ann, whose account stands as `anna` already, with a home that nobody can look at.
fn broken_off() -> Case {
    let mut case = ann().owns(2, "bob", State::Active).has("anna", 20_001);
    case.host.accounts.remove("ann");
    case.owned.former_accounts.insert("anna".into(), id(1));
    case.rules.accounts.rename_home = true;
    case.probe.unseen = vec!["/home/ann"];
    // As gosync found it before the rename.
    case.account("anna").fields.home = "/home/ann";
    case
}

#[test]
fn a_rename_that_cannot_be_finished_holds_up_no_lock() {
    let locked = [("anna", "lock-account")];
    let gone = WantedAccount {
        open: false,
        ..renamed(1, "ann", "anna")
    };
    let plan = broken_off().plan(vec![gone, wanted(2, "bob")]);
    assert_eq!(changes(&plan), locked);
    assert_eq!(refused(&plan), [("rename-unfinished", "not-seen")]);
    let plan = broken_off().absent(1, 1_000, 10_000_000).plan(only_bob());
    assert_eq!(changes(&plan), locked);
    assert_eq!(refused(&plan), [("rename-unfinished", "not-seen")]);
    // Nor is it taken for one that is removed.
    let mut late = broken_off();
    late.own(1).state = State::Locked;
    (late.account("anna").locked, late.account("anna").expire) = (true, "1");
    late.owned.departures = left(100, Some("/a/ann.tar.zst")).owned.departures;
    late.rules.departed.remove_after = Some(1);
    assert_eq!(late.plan(only_bob()).changes, []);
}

#[test]
fn nobody_is_made_where_nobody_can_look_and_the_others_are() {
    let mut case = Case::default();
    case.probe.unseen = vec!["/home/ann"];
    let plan = case.plan(vec![wanted(1, "ann"), wanted(2, "bob")]);
    assert_eq!(changes(&plan), [("bob", "create-account")]);
    assert_eq!(refused(&plan), [("not-seen", "not-seen")]);
}

#[test]
fn what_other_name_services_do_not_answer_for_is_not_given_out() {
    let unanswered = |keys: &[&str]| {
        let mut case = ann();
        let why = "cannot ask this host's other name services: getent hangs".to_owned();
        let keys = keys.iter().map(|key| ((*key).to_owned(), why.clone()));
        case.host.elsewhere.unanswered.extend(keys);
        case
    };
    let everybody = || {
        vec![
            renamed(1, "ann", "anna"),
            wanted(3, "cat"),
            wanted(4, "dan"),
        ]
    };
    let plan = unanswered(&["cat", "anna"]).plan(everybody());
    assert_eq!(changes(&plan), [("dan", "create-account")]);
    assert_eq!(
        refused(&plan),
        [("keeps-name", "not-seen"), ("not-seen", "not-seen")]
    );
    let first = created(&plan)[0].uid.get().to_string();
    let plan = unanswered(&[&first]).plan(everybody());
    assert_eq!(
        changes(&plan),
        [("dan", "create-account"), ("anna", "rename-account")]
    );
    assert_eq!(refused(&plan), [("not-seen", "not-seen")]);
    let plan = unanswered(&["60000"]).plan_groups(vec![group(1, "a", &[]), group(2, "b", &[])]);
    assert_eq!(changes(&plan), [("b", "create-group")]);
    assert_eq!(refused(&plan), [("not-seen", "not-seen")]);
}

#[test]
fn nobody_is_opened_who_may_need_a_home_that_nobody_can_look_for() {
    let mut case = left(40, Some("/a/ann.tar.zst"));
    case.probe.unseen = vec!["/home/ann"];
    let plan = case.plan(vec![wanted(1, "ann"), wanted(2, "bob")]);
    assert_eq!(plan.changes, []);
    assert_eq!(refused(&plan), [("not-opened", "not-seen")]);
    // Whose home was never packed needs no look.
    let mut case = left(20, None);
    case.probe.unseen = vec!["/home/ann"];
    let plan = case.plan(vec![wanted(1, "ann"), wanted(2, "bob")]);
    assert_eq!(changes(&plan), [("ann", "unlock-account")]);
}
