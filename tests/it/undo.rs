//! Whatever a run did, `undo` brings the host back to what it was, but for what cannot come back.

use std::collections::BTreeSet;

use gosync::testing::plan::Deed;
use proptest::prelude::*;

use crate::machine::{Machine, Outcome};
use crate::properties::{Step, cases, document, everything, rules, step, take};

#[derive(Debug, PartialEq)]
struct Face {
    accounts: BTreeSet<Vec<String>>,
    groups: BTreeSet<Vec<String>>,
    closed: BTreeSet<String>,
    memberships: BTreeSet<(String, String)>,
}

/// What of a host comes back: not the order of lines, nor passwords.
fn face(machine: &Machine) -> Face {
    let accounts = machine.lines("passwd").into_iter().collect();
    let groups = machine
        .lines("group")
        .into_iter()
        .map(|fields| fields[..3].to_vec())
        .collect();
    Face {
        accounts,
        groups,
        closed: machine.closed(),
        memberships: machine.memberships(),
    }
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn what_a_run_did_is_undone(start in document(), steps in vec_of_steps(), private: bool, removing: bool, moving: bool) {
        let mut rules = rules(private);
        // A step takes 10 s.
        rules.departed.remove_after = removing.then_some(15);
        rules.accounts.rename_home = moving;
        let mut machine = Machine::new(rules, everything());
        for first in [Step::Users(start.clone()), Step::Groups(start)] {
            take(&mut machine, &first);
        }
        for step in &steps {
            machine.now += 10;
            let before = face(&machine);
            let (_, outcome) = take(&mut machine, step);
            let Outcome::Done(done) = &outcome else { continue };
            if done.changes.is_empty() {
                continue;
            }
            let undone = machine.undo();
            machine.check();
            let Outcome::Done(plan) = &undone else { return Err(TestCaseError::fail(format!("{undone:?}"))) };
            // A group does not get back a name that an account has taken meanwhile.
            prop_assert!(plan.refused.iter().all(|refusal| refusal.reason.cause().word() == "account-has-name"), "{:?}", plan.refused);
            if !plan.refused.is_empty() {
                continue;
            }
            // Whether a forgotten account was open nobody knows.
            let forgets = plan.changes.iter().any(|change| matches!(change.deed, Deed::Forget { .. }));
            let before = if forgets { Face { closed: machine.closed(), ..before } } else { before };
            // Members are people with an open account of gosync's; who has none is told.
            let told = plan.remarks.iter().any(|remark| remark.reason.word() == "no-open-account");
            let before = if told { Face { memberships: machine.memberships(), ..before } } else { before };
            prop_assert_eq!(face(&machine), before, "{:?} after {:?}", plan, outcome);
            // What is undone is undone: of the undo, that is another matter.
            machine.undo();
            machine.check();
        }
    }
}

fn vec_of_steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 1..5)
}
