//! Whatever hands do to accounts and groups of gosync's: `drift` says what the next run does, and it does that.

use std::collections::BTreeSet;

use gosync::testing::plan::drift::{Difference, Kind, Next};
use gosync::testing::plan::{Deed, Limits, Plan};
use gosync::testing::policy::{ByHand, Field, Rules};
use gosync::testing::providers::Scope;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::Config;
use serde_json::{Value, json};

use crate::machine::{Machine, Outcome};

/// How many people there are, in two groups.
const PEOPLE: usize = 5;

/// What a hand does to one account or to its place in a group.
#[derive(Clone, Debug)]
enum Hand {
    /// Sets a field of passwd.
    Passwd(usize, &'static str),
    Lock,
    Unlock,
    Expire(&'static str),
    Delete,
    TakeOut(&'static str),
    AddAdmin(&'static str),
    DeleteGroup(&'static str),
}

fn hand() -> impl Strategy<Value = Hand> {
    let group = || select(vec!["one", "two"]);
    prop_oneof![
        select(vec![
            (4, "Hand"),
            (4, ""),
            (5, "/srv"),
            (6, "/bin/zsh"),
            (3, "1000")
        ])
        .prop_map(|(n, v)| Hand::Passwd(n, v)),
        Just(Hand::Lock),
        Just(Hand::Unlock),
        select(vec!["1", "20500", ""]).prop_map(Hand::Expire),
        Just(Hand::Delete),
        group().prop_map(Hand::TakeOut),
        group().prop_map(Hand::AddAdmin),
        group().prop_map(Hand::DeleteGroup),
    ]
}

/// Changes the lines of `name` in a file; `None` takes them out.
fn edit(
    machine: &Machine,
    file: &str,
    name: &str,
    change: impl Fn(&mut Vec<String>) -> Option<()>,
) {
    let mut text = String::new();
    for mut fields in machine.lines(file) {
        if fields[0] != name || change(&mut fields).is_some() {
            text.push_str(&(fields.join(":") + "\n"));
        }
    }
    machine.world.write(&format!("root/etc/{file}"), &text);
}

fn members(fields: &mut [String], change: impl Fn(&mut Vec<String>)) -> Option<()> {
    let mut list: Vec<String> = fields[3]
        .split(',')
        .filter(|m| !m.is_empty())
        .map(str::to_owned)
        .collect();
    change(&mut list);
    fields[3] = list.join(",");
    Some(())
}

fn apply(machine: &Machine, name: &str, hand: &Hand) {
    match hand {
        Hand::Passwd(field, value) => edit(machine, "passwd", name, |f| {
            f[*field] = (*value).to_owned();
            Some(())
        }),
        Hand::Lock => edit(machine, "shadow", name, |f| {
            f[1].insert(0, '!');
            Some(())
        }),
        Hand::Unlock => edit(machine, "shadow", name, |f| {
            f[1] = f[1].trim_start_matches('!').to_owned();
            Some(())
        }),
        Hand::Expire(day) => edit(machine, "shadow", name, |f| {
            f[7] = (*day).to_owned();
            Some(())
        }),
        Hand::Delete => {
            edit(machine, "passwd", name, |_| None);
            edit(machine, "shadow", name, |_| None);
        }
        Hand::TakeOut(group) => edit(machine, "group", group, |f| {
            members(f, |list| list.retain(|m| m != name))
        }),
        Hand::AddAdmin(group) => edit(machine, "group", group, |f| {
            members(f, |list| {
                if !list.contains(&"admin".to_owned()) {
                    list.push("admin".to_owned());
                }
            })
        }),
        Hand::DeleteGroup(group) => {
            edit(machine, "group", group, |_| None);
            edit(machine, "gshadow", group, |_| None);
        }
    }
}

fn document(with_members: bool) -> Value {
    let users: Vec<Value> = (0..PEOPLE)
        .map(|n| json!({"id": format!("u-{n}"), "login": format!("p{n}"), "name": "Name", "active": n != 4}))
        .collect();
    let members: Vec<Value> = (0..if with_members { PEOPLE } else { 0 })
        .map(|n| json!({"user": format!("u-{n}")}))
        .collect();
    let groups = ["one", "two"]
        .map(|name| json!({"id": format!("g-{name}"), "name": name, "members": members}));
    json!({"users": users, "groups": groups})
}

/// One thing that is undone: whose, and which.
type Undone = BTreeSet<(String, String)>;

/// What drift says is undone.
fn foretold(differences: &[Difference]) -> Undone {
    let undone = differences
        .iter()
        .filter(|difference| difference.next == Next::Restores);
    undone
        .map(|difference| (difference.name.clone(), difference.what.to_owned()))
        .collect()
}

/// What a plan undoes.
fn undone(plan: &Plan) -> Undone {
    let mut out = Undone::new();
    for change in &plan.changes {
        let name = change.name();
        match &change.deed {
            Deed::CreateAccount(_) | Deed::CreateGroup { .. } => {
                out.insert((name.to_owned(), String::new()));
            }
            Deed::Lock { .. } => {
                out.insert((name.to_owned(), "lock".to_owned()));
            }
            Deed::Update { fields } => {
                out.extend(
                    fields
                        .iter()
                        .map(|f| (name.to_string(), f.field.as_str().to_owned())),
                );
            }
            Deed::ChangeMembers(change) if !change.add.is_empty() => {
                out.insert((name.to_string(), "taken out".to_owned()));
            }
            _ => {}
        }
    }
    out
}

fn done(outcome: Outcome) -> Plan {
    let Outcome::Done(plan) = outcome else {
        panic!("{outcome:?}")
    };
    plan
}

fn cases(cases: u32) -> Config {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(cases);
    Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 300,
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn the_next_run_does_what_drift_says(
        hands in vec((0..PEOPLE, hand()), 0..8),
        keep in subsequence(vec![Field::Gecos, Field::Home, Field::Shell, Field::Lock, Field::Expiry], 0..=5),
        restore in any::<[bool; 3]>(),
    ) {
        let by_hand = |restore| if restore { ByHand::Restore } else { ByHand::Report };
        let mut rules = Rules::default();
        rules.accounts.create_home = false;
        rules.accounts.keep_local = keep.into_iter().collect();
        rules.accounts.deleted_by_hand = by_hand(restore[0]);
        (rules.groups.deleted_by_hand, rules.groups.taken_out_by_hand) = (by_hand(restore[1]), by_hand(restore[2]));
        let limits = Limits { max_removals: 1_000, max_removals_percent: 100, ..Limits::default() };
        let mut machine = Machine::new(rules, limits);
        // The last one comes in, and is shut out then.
        let mut first = document(true);
        first["users"][4]["active"] = json!(true);
        let snapshot = machine.fetch(&first, Scope::Users, None).unwrap();
        machine.sync_users(&snapshot);
        let snapshot = machine.fetch(&document(true), Scope::Users, None).unwrap();
        machine.sync_users(&snapshot);
        machine.sync_groups(&snapshot);
        prop_assert_eq!(machine.drift(), []);

        for (who, hand) in &hands {
            apply(&machine, &format!("p{who}"), hand);
        }
        let before = machine.drift();
        let users = done(machine.sync_users(&snapshot));
        let mut did = undone(&users);
        let between = machine.drift();
        let groups = done(machine.sync_groups(&snapshot));
        did.extend(undone(&groups));
        let of = |differences: &[Difference], kind: Kind| {
            foretold(&differences.iter().filter(|d| d.kind == kind).cloned().collect::<Vec<_>>())
        };
        let names = |undone: &Undone, groups: bool| -> Undone {
            undone.iter().filter(|(name, _)| groups == ["one", "two"].contains(&name.as_str())).cloned().collect()
        };
        prop_assert_eq!(names(&did, false), of(&before, Kind::Account));
        prop_assert_eq!(names(&did, true), of(&between, Kind::Group));
        // Nothing stays or is undone without a word.
        for difference in &before {
            let told = users.remarks.iter().chain(&groups.remarks).any(|remark| remark.name == difference.name);
            let locks = users.changes.iter().any(|c| matches!(c.deed, Deed::Lock { .. }));
            prop_assert!(told || difference.what == "added" || locks, "{:?}", difference);
        }
        // What is left differs by permission, and the next run finds nothing to do.
        let after = machine.drift();
        prop_assert_eq!(foretold(&after), Undone::new());
        prop_assert_eq!(machine.sync_users(&snapshot).changes() + machine.sync_groups(&snapshot).changes(), 0);

        // What the provider revokes goes, and what an admin added stays.
        let added: BTreeSet<_> = machine.memberships().into_iter().filter(|(g, m)| ["one", "two"].contains(&g.as_str()) && m == "admin").collect();
        let snapshot = machine.fetch(&document(false), Scope::Users, None).unwrap();
        machine.sync_groups(&snapshot);
        let left: BTreeSet<_> = machine.memberships().into_iter().filter(|(g, _)| ["one", "two"].contains(&g.as_str())).collect();
        prop_assert_eq!(left, added);
    }
}
