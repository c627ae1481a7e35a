use super::*;
use crate::model::Uid;
use crate::model::owned::{Applied, OwnedAccount};
use crate::plan::samples::key;
use crate::policy::Reason;

const ALL: RunScope = RunScope {
    new: true,
    known: true,
    force: false,
};

fn id() -> RemoteId {
    RemoteId::new("u-1").unwrap()
}

fn name() -> UserName {
    UserName::new("ann", false).unwrap()
}

fn at(email: &str) -> Contact {
    Contact {
        email: Some(email.to_owned()),
        ssh_keys: vec![],
        ..Contact::default()
    }
}

fn owned(state: State, known: Option<Contact>) -> Owned {
    let account = OwnedAccount {
        name: "ann".into(),
        uid: Uid::new(20_000).unwrap(),
        gid: 100,
        private_group: false,
        state,
        applied: Applied::default(),
        subid: None,
        absence: None,
    };
    let contacts = known.map(|known| (id(), known)).into_iter().collect();
    Owned {
        accounts: [(id(), account)].into(),
        contacts,
        ..Owned::default()
    }
}

/// How many changes and observations come to a plan with these changes. What an event tells, it remembers.
fn more(changes: Vec<Change>, chosen: RunScope, tell: bool, owned: &Owned) -> (usize, usize) {
    let before = changes.len();
    let mut plan = Plan {
        changes,
        unchanged: 1,
        ..Plan::default()
    };
    contacts(
        &mut plan,
        &[(id(), at("new@x"))].into(),
        chosen,
        tell,
        owned,
    );
    (plan.changes.len() - before, plan.observations.len())
}

#[test]
fn another_address_is_a_change_of_its_own_only_for_those_who_were_known_with_one() {
    use State::{Active, Locked, Removed};
    let update = || {
        vec![Change::account(
            key(id()),
            name(),
            Deed::Update { fields: vec![] },
        )]
    };
    let lock = || {
        vec![Change::account(
            key(id()),
            name(),
            Deed::Lock {
                reason: Reason::ShutOut,
            },
        )]
    };
    let open = || vec![Change::account(key(id()), name(), Deed::Unlock {})];
    let (old, same) = (|| Some(at("old@x")), || Some(at("new@x")));
    let new_alone = RunScope {
        known: false,
        ..ALL
    };
    for (changes, chosen, tell, owned, wanted) in [
        (vec![], ALL, true, owned(Active, old()), (1, 0)),
        (vec![], ALL, true, owned(Active, same()), (0, 0)),
        (vec![], ALL, true, owned(Active, None), (0, 1)),
        (vec![], ALL, false, owned(Active, old()), (0, 1)),
        (vec![], new_alone, true, owned(Active, old()), (0, 0)),
        (vec![], ALL, true, owned(Locked, old()), (0, 0)),
        (vec![], ALL, true, owned(Removed, None), (0, 0)),
        (update(), ALL, true, owned(Active, old()), (0, 0)),
        (update(), ALL, false, owned(Active, old()), (0, 1)),
        (lock(), ALL, true, owned(Active, old()), (0, 0)),
        (open(), ALL, true, owned(Locked, old()), (0, 0)),
    ] {
        assert_eq!(more(changes, chosen, tell, &owned), wanted, "{owned:?}");
    }
}
