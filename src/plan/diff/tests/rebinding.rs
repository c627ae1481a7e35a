//! Records that are gone, and those that ask for their names: what is noticed, refused and tied.

use super::*;
use crate::model::history::EntryKind;
use crate::model::{Directory, User};
use crate::plan::diff::{Rebinding, rows};
use crate::policy::map::Asked;
use crate::policy::records;

/// Five accounts, and a read that has those of `there` under their ids and those of `anew` under other ones.
fn read(case: &Case, there: &[u32], anew: &[u32]) -> Plan {
    let names = ["ann", "bob", "cat", "dan", "eve"];
    let name = |n: &u32| names[*n as usize - 1];
    let known = there.iter().map(|n| wanted(*n, name(n)));
    let new = anew.iter().map(|n| wanted(*n + 50, name(n)));
    let accounts: Vec<WantedAccount> = known.chain(new).collect();
    let present = accounts.iter().map(|account| account.id.clone()).collect();
    let asked = anew.iter().map(|n| Asked {
        id: id(*n + 50),
        of: id(*n),
    });
    // As `map` settles who can have what.
    let (accounts, refused) = accounts
        .into_iter()
        .partition(|account| case.owned.accounts.contains_key(&account.id));
    let refusal = |account: WantedAccount| crate::policy::Refusal {
        id: Some(account.id),
        subject: crate::model::Untrusted::new(account.name.as_str()),
        reason: crate::policy::Reason::TwoWouldHaveName {
            kind: EntryKind::Account,
        },
    };
    let refused: Vec<WantedAccount> = refused;
    let wanted = WantedAccounts {
        accounts,
        present,
        asked: asked.collect(),
        refusals: refused.into_iter().map(refusal).collect(),
        ..WantedAccounts::default()
    };
    accounts::accounts(wanted, &case.input())
}

fn five() -> Case {
    let mut case = Case::default();
    for (n, name) in (1..).zip(["ann", "bob", "cat", "dan", "eve"]) {
        case = case.owns(n, name, State::Active);
    }
    case.rules.departed.absent_for = 0;
    case.rules.departed.absent_runs = 1;
    case
}

#[test]
fn a_directory_that_was_loaded_anew_locks_nobody_and_is_one_message() {
    let plan = read(&five(), &[5], &[1, 2, 3, 4]);
    assert!(
        plan.changes.is_empty() && plan.refused.is_empty(),
        "{plan:?}"
    );
    let seen = plan.ids_changed.unwrap();
    assert_eq!(
        (seen.changed.asked_for, seen.changed.missing, seen.of),
        (4, 4, 5)
    );
    let changed = Some(seen.changed);
    assert_eq!(
        plan.observations,
        [Observation::ChangedIds(EntryKind::Account, changed)]
    );
    // Nobody goes a step further, and an idle run writes nothing.
    let mut again = five();
    again
        .owned
        .changed_ids
        .insert(EntryKind::Account, seen.changed);
    assert!(read(&again, &[5], &[1, 2, 3, 4]).observations.is_empty());
    let over = read(&again, &[1, 2, 3, 4, 5], &[]);
    assert_eq!(
        over.observations,
        [Observation::ChangedIds(EntryKind::Account, None)]
    );
}

#[test]
fn one_whom_hr_made_again_is_told_the_command_and_others_go_on_leaving() {
    let plan = read(&five(), &[3, 4, 5], &[1]);
    assert_eq!(plan.ids_changed, None);
    assert_eq!(plan.refused[0].reason.word(), "name-of-missing");
    assert_eq!(
        locks(&plan),
        2,
        "ann and bob have left, as far as anybody knows"
    );
    // Of a part nobody knows who is missing.
    let mut narrow = five();
    narrow.completeness = Completeness::Narrowed;
    let plan = read(&narrow, &[3], &[1, 2, 4, 5]);
    assert_eq!((plan.ids_changed, plan.refused.len()), (None, 4));
    assert_eq!(plan.refused[0].reason.word(), "two-would-have-name");
}

#[test]
fn who_is_locked_holds_up_nobody() {
    let mut case = five();
    for n in [1, 2, 3] {
        case.own(n).state = State::Locked;
        (case.account(["ann", "bob", "cat"][n as usize - 1]).locked) = true;
        case.account(["ann", "bob", "cat"][n as usize - 1]).expire = "1";
    }
    let plan = read(&case, &[5], &[1, 2, 3]);
    assert_eq!((plan.ids_changed, locks(&plan)), (None, 1), "dan has left");
    assert_eq!(plan.refused.len(), 3);
    assert!(
        plan.refused
            .iter()
            .all(|it| it.reason.word() == "name-of-missing")
    );
}

#[test]
fn a_record_that_is_anybodys_is_tied_to_nothing_else() {
    let mut case = five().group(10, "lab", "", "");
    case.owned
        .former_ids
        .accounts
        .insert(id(60), "bob".to_owned());
    let user = |n: u32, login: &str| User::new(id(n), login);
    let directory = Directory {
        users: vec![
            user(51, "ann"),
            user(2, "bob"),
            user(60, "was"),
            user(52, "annie"),
        ],
        groups: vec![],
    };
    let people = records::people(&directory, &case.rules.accounts);
    let accounts = rows(&case.owned, EntryKind::Account);
    let mut tie = Rebinding::new(&case.owned);
    assert_eq!(
        tie.tie(&accounts[0], &people[1]).unwrap_err().word(),
        "has-account"
    );
    assert_eq!(
        tie.tie(&accounts[0], &people[2]).unwrap_err().word(),
        "was-rebound"
    );
    assert_eq!(
        tie.tie(&accounts[1], &people[2]),
        Ok(()),
        "bob had it himself"
    );
    assert_eq!(tie.tie(&accounts[0], &people[0]), Ok(()));
    assert_eq!(
        tie.tie(&accounts[2], &people[0]).unwrap_err().word(),
        "taken-by-plan"
    );
    assert_eq!(
        tie.tie(&accounts[2], &people[3]),
        Ok(()),
        "under her own name"
    );
    let plan = tie.finish();
    assert_eq!(
        words(&plan),
        [
            "~ rebind account bob uid=20002 from u-2 to was (u-60)",
            "~ rebind account ann uid=20001 from u-1 to ann (u-51)",
            "~ rebind account cat uid=20003 from u-3 to annie (u-52)",
        ]
    );
    let alias = |deed: &&Deed| match deed {
        Deed::Rebind(rebind) => rebind.alias.clone(),
        other => panic!("{other:?}"),
    };
    let aliases: Vec<_> = deeds(&plan).iter().map(alias).collect();
    assert_eq!(aliases[1..], [None, Some("annie".to_owned())]);
    let group = &rows(&case.owned, EntryKind::Group)[0];
    assert_eq!((group.name, group.number.get()), ("lab", 60_010));
}
