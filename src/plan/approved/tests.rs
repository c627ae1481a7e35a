use super::*;
use crate::model::name::GroupPrefix;
use crate::model::owned::{Applied, OwnedAccount};
use crate::model::{AccountFields, Gid, GroupName, IdRange, RemoteId, Uid, UserName};
use crate::plan::guard::{Approval, Limits, Ranges, approve};
use crate::plan::hook_event::{Event, GroupState, Subject};
use crate::plan::samples::key;
use crate::plan::{HomeFate, MemberChange, NewAccount, Number, Rename};

fn id(name: &str) -> RemoteId {
    RemoteId::new(&format!("u-{name}")).unwrap()
}

fn user(name: &str) -> UserName {
    UserName::new(name, false).unwrap()
}

fn account(name: &str, deed: Deed) -> Change {
    Change::account(key(id(name)), user(name), deed)
}

fn lock(name: &str) -> Change {
    let reason = Reason::ShutOut;
    account(name, Deed::Lock { reason })
}

fn update(name: &str) -> Change {
    account(name, Deed::Update { fields: Vec::new() })
}

fn remove(name: &str, home: HomeFate) -> Change {
    let uid = Uid::new(20_000).unwrap();
    let private_group = false;
    let deed = Deed::RemoveAccount {
        uid,
        private_group,
        home,
    };
    account(name, deed)
}

fn home(name: &str) -> HomeFate {
    HomeFate::Remove {
        path: format!("/home/{name}"),
    }
}

fn rename(from: &str, to: &str) -> Change {
    let deed = Deed::Rename(Rename {
        from: user(from).into(),
        to: user(to).into(),
        number: Number::Uid(Uid::new(20_000).unwrap()),
        account: None,
    });
    account(to, deed)
}

fn members(add: &[&str], remove: &[&str]) -> Change {
    let deed = Deed::ChangeMembers(MemberChange {
        privileged: None,
        add: add.iter().map(|name| user(name)).collect(),
        remove: remove.iter().map(|name| (*name).to_owned()).collect(),
        wanted: Vec::new(),
    });
    let name = GroupName::new(&GroupPrefix::default(), "staff", false).unwrap();
    Change::group(key(RemoteId::new("g-1").unwrap()), name, deed)
}

fn owned(people: &[(&str, State)]) -> Owned {
    let account = |(name, state): &(&str, State)| OwnedAccount {
        name: (*name).to_owned(),
        uid: Uid::new(20_000).unwrap(),
        gid: 100,
        private_group: false,
        state: *state,
        applied: Applied::default(),
        subid: None,
        absence: None,
    };
    Owned {
        accounts: people.iter().map(|of| (id(of.0), account(of))).collect(),
        ..Owned::default()
    }
}

fn approved(changes: Vec<Change>) -> Approved {
    let plan = Plan {
        changes,
        ..Plan::default()
    };
    let range = IdRange::new(20_000, 59_999).unwrap();
    let ranges = Ranges {
        accounts: range,
        groups: range,
    };
    let limits = Limits::default();
    let bounds = (&limits, ranges);
    approve(plan, &Owned::default(), bounds, Approval::default()).unwrap()
}

/// What each transaction does, in order: the words and names of its changes, and of locks that nobody is told of.
fn divided(changes: Vec<Change>, owned: &Owned) -> Vec<Vec<String>> {
    let (shares, _) = approved(changes).divide(owned);
    let word = |change: &Change| format!("{} {}", effects(change).word, change.name());
    shares
        .iter()
        .map(|share| share.approved.carried().iter().map(word).collect())
        .collect()
}

#[test]
fn whoever_goes_does_not_wait_for_who_comes() {
    let owned = owned(&[("ann", State::Active), ("bob", State::Active)]);
    let changes = vec![update("ann"), lock("bob"), members(&["ann"], &["bob"])];
    assert!(!approved(changes.clone()).is_one(&owned));
    assert_eq!(
        divided(changes, &owned),
        [
            vec!["lock-account bob", "change-members staff"],
            vec!["update-account ann"]
        ]
    );
}

#[test]
fn each_home_goes_by_itself_and_an_open_account_is_locked_before() {
    let people = [
        ("ann", State::Locked),
        ("bob", State::Active),
        ("cat", State::Locked),
    ];
    let changes = vec![
        remove("ann", home("ann")),
        remove("bob", home("bob")),
        remove("cat", HomeFate::Keep),
    ];
    assert_eq!(
        divided(changes, &owned(&people)),
        [
            vec!["lock-account bob"],
            vec!["remove-account cat"],
            vec!["remove-account ann"],
            vec!["remove-account bob"]
        ]
    );
}

#[test]
fn a_plan_of_one_kind_is_one_transaction() {
    let owned = owned(&[("ann", State::Locked), ("bob", State::Active)]);
    for changes in [vec![lock("bob")], vec![update("ann"), update("bob")]] {
        assert_eq!(divided(changes.clone(), &owned).len(), 1);
        assert!(approved(changes).is_one(&owned));
    }
    // Without one there is nothing to stage; and a home goes by itself.
    assert!(!approved(vec![]).is_one(&owned));
    for name in ["ann", "bob"] {
        assert!(!approved(vec![remove(name, home(name))]).is_one(&owned));
    }
}

#[test]
fn who_is_renamed_and_closed_is_renamed_first() {
    let owned = owned(&[]);
    let renames = |others: Vec<Change>| {
        let mut changes = vec![rename("ann", "anna")];
        changes.extend(others);
        divided(changes, &owned)
    };
    assert_eq!(
        renames(vec![lock("bob")]),
        [vec!["lock-account bob"], vec!["rename-account anna"]]
    );
    assert_eq!(
        renames(vec![lock("anna")]),
        [vec!["rename-account anna", "lock-account anna"]]
    );
    assert_eq!(
        renames(vec![members(&[], &["anna"])]),
        [vec!["rename-account anna", "change-members staff"]]
    );
}

#[test]
fn the_last_transaction_says_that_the_plan_is_carried_out() {
    let plan = approved(vec![update("ann"), lock("bob")]);
    let digest = plan.plan().digest();
    let (shares, rest) = plan.divide(&owned(&[]));
    let digests: Vec<String> = shares
        .iter()
        .map(|share| share.approved.plan().digest())
        .collect();
    assert_eq!(digests, [begun(&digest), digest]);
    assert_eq!(shares[0].places, [1]);
    assert!(rest.changes.is_empty());
}

#[test]
fn hooks_hear_of_a_removal_when_it_has_happened() {
    let event = |kind, id: &str| HookEvent {
        kind,
        event: Event::Updated,
        id: id.to_owned(),
        subject: Subject::Group(GroupState {
            name: "x".to_owned(),
            gid: 1,
            members: Vec::new(),
            added: Vec::new(),
            removed: Vec::new(),
        }),
        reasons: vec![],
        changes: Vec::new(),
        is_after_commit: false,
    };
    let changes = vec![
        remove("ann", home("ann")),
        lock("ann"),
        update("bob"),
        lock("bob"),
    ];
    let mut plan = approved(changes);
    plan.plan.events = vec![event(Kind::User, "u-ann"), event(Kind::User, "u-bob")];
    let (shares, rest) = plan.divide(&owned(&[("ann", State::Locked)]));
    let events: Vec<Vec<&str>> = shares
        .iter()
        .map(|share| {
            let events = share.approved.plan().events.iter();
            events.map(|event| event.id.as_str()).collect()
        })
        .collect();
    // Closing, opening, and Ann's home.
    assert_eq!(events, [vec!["u-bob"], vec![], vec!["u-ann"]]);
    assert!(rest.events.is_empty());
}

fn create(name: &str) -> Change {
    let new = NewAccount {
        uid: Uid::new(20_000).unwrap(),
        gid: Gid::new(100).unwrap(),
        private_group: false,
        fields: AccountFields {
            home: format!("/home/{name}"),
            ..AccountFields::default()
        },
        make_home: true,
        subids: None,
    };
    account(name, Deed::CreateAccount(new))
}

#[test]
fn what_cannot_be_done_for_one_is_left_out_with_all_that_hangs_on_it() {
    let changes = vec![
        create("ann"),
        update("ben"),
        members(&["ann"], &[]),
        update("ann"),
        create("cat"),
    ];
    let mut approved = approved(changes);
    let begun = begun(&approved.plan().digest());
    let left_out = approved.leave_out(&BTreeSet::from([0]));
    let places: Vec<usize> = left_out.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, [0, 2, 3]);
    assert_eq!(approved.plan().changes, [update("ben"), create("cat")]);
    assert_eq!(approved.plan().digest(), begun);
    assert_eq!(approved.leave_out(&BTreeSet::from([0, 1])).len(), 2);
    assert!(approved.is_empty());
    assert_eq!(approved.plan().digest(), begun);
}

#[test]
fn whoever_is_closed_is_so_under_the_name_that_stays() {
    let mut renamed = rename("ann", "anna");
    let mut closed = lock("ann");
    renamed.of = closed.of.clone();
    renamed.of.name = user("anna").into();
    closed.of.name = user("anna").into();
    let mut approved = approved(vec![renamed, closed, lock("ben")]);
    assert_eq!(approved.leave_out(&BTreeSet::from([0])).len(), 1);
    assert_eq!(approved.plan().changes, [lock("ann"), lock("ben")]);
}
