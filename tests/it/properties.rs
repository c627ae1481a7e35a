//! What holds for any directory and any history.

use std::collections::BTreeMap;

use gosync::testing::model::owned::State;
use gosync::testing::model::{Completeness, IdRange, RemoteId, Snapshot};
use gosync::testing::plan::diff::Request;
use gosync::testing::plan::{Change, Deed, Limits, Plan};
use gosync::testing::policy::{AccountRules, DepartedRules, PrimaryGroup, Refusal, Rules};
use gosync::testing::providers::Scope;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Value, json};

use crate::host::difference;
use crate::machine::{Machine, Outcome, proves_nothing};

/// Few cases by default, since each makes a host, and always the same: whoever changes something else is not stopped by
/// a rare one. PROPTEST_CASES=N for more and others.
pub fn cases(cases: u32) -> Config {
    let more: Option<u32> = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|n| n.parse().ok());
    let cases = more.unwrap_or(cases);
    let mut config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 300,
        ..Config::default()
    };
    if more.is_none() && matches!(config.rng_seed, RngSeed::Random) {
        config.rng_seed = RngSeed::Fixed(1);
    }
    config
}

pub fn rules(private: bool) -> Rules {
    let accounts = AccountRules {
        uid_range: IdRange::new(20_000, 20_013).unwrap(),
        primary_group: if private {
            PrimaryGroup::Private
        } else {
            PrimaryGroup::Local("users".to_owned())
        },
        home_bases: vec!["/data".to_owned()],
        create_home: false,
        subid_range: private.then_some((100_000, 101_299)),
        subid_count: 100,
        ..AccountRules::default()
    };
    // One absence is enough, so that one run comes to an end.
    Rules {
        accounts,
        departed: DepartedRules {
            absent_runs: 1,
            absent_for: 0,
            ..DepartedRules::default()
        },
        ..Rules::default()
    }
}

pub fn everything() -> Limits {
    Limits {
        max_removals: 1_000,
        max_removals_percent: 100,
        max_removals_percent_in_30d: 100,
        max_additions: 1_000,
        max_additions_percent: 100,
        max_reopenings: 1_000,
        max_renames: 1_000,
        max_archives: 1_000,
        max_final_removals: 1_000,
        max_group_removals: 1_000,
        max_privileged_additions: 1_000,
    }
}

/// Text as nobody should send it.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        select(vec![
            ":",
            "\n",
            "\r",
            "\0",
            ",",
            "&",
            "/",
            "..",
            " ",
            "-",
            "+",
            "#",
            "!",
            "é",
            "王",
            "\u{202e}",
            "\u{1b}[2J",
            "\u{85}",
            "\u{2028}",
            "root",
            "::0:0::/:/bin/sh",
            "x:x:0:",
            "alice",
            "0",
            "%n",
            "$(id)",
            "\u{feff}",
            "a",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
        "[a-z]{1,9}",
        select(vec![300_usize, 5_000]).prop_map(|n| "y".repeat(n)),
    ];
    vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

/// A person who is mostly plain, and whose fields now and then clash with those of others.
fn person() -> impl Strategy<Value = Value> {
    let clash = |odd: Vec<Value>| prop_oneof![6 => Just(json!(null)), 1 => select(odd)];
    let login = clash(
        ["ann", "Ann", "bob", "p1", "P2", "root", "admin", "a.b"]
            .map(|name| json!(name))
            .to_vec(),
    );
    let uid = clash(vec![
        json!(20_001),
        json!(20_002),
        json!(20_003),
        json!(7),
        json!(" 20004"),
        json!("x"),
    ]);
    let home = clash(vec![
        json!("/data/one"),
        json!("/home/p1"),
        json!("/home/admin"),
        json!("/etc/x"),
    ]);
    let shell = clash(vec![json!("/bin/zsh"), json!("/bin/no")]);
    let name = clash(vec![json!("Ann"), json!("Bob\nroot:x:0")]);
    (0..10_u8, login, uid, home, shell, name, any::<u8>()).prop_map(|(n, login, uid, home, shell, name, active)| {
        let login = if login.is_null() { json!(format!("p{n}")) } else { login };
        json!({"id": format!("u-{n}"), "login": login, "uid": uid, "home": home, "shell": shell, "name": name,
               "active": active > 30})
    })
}

fn team() -> impl Strategy<Value = Value> {
    let name = prop_oneof![3 => Just(json!(null)), 1 => select(vec!["osg", "OSG", "sudo", "p1", "a.b.c", "bad name"]).prop_map(|n| json!(n))];
    let gid = prop_oneof![4 => Just(json!(null)), 1 => select(vec![json!(60_001), json!(60_002), json!(27)])];
    let status = || prop_oneof![8 => Just("active"), 1 => Just("pending")];
    let members = vec(
        (0..10_u8, status())
            .prop_map(|(n, status)| json!({"user": format!("u-{n}"), "status": status})),
        0..8,
    );
    (0..4_u8, name, gid, members).prop_map(|(n, name, gid, members)| {
        let name = if name.is_null() {
            json!(format!("team{n}"))
        } else {
            name
        };
        json!({"id": format!("g-{n}"), "name": name, "gid": gid, "members": members})
    })
}

/// A document; now and then one with a record that belongs to nobody.
pub fn document() -> impl Strategy<Value = Value> {
    (vec(person(), 0..9), vec(team(), 0..4), any::<u8>()).prop_map(|(mut users, groups, chance)| {
        if chance < 50 {
            users.push(json!({"login": "nobody-knows-who"}));
        }
        json!({"users": users, "groups": groups})
    })
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Step {
    Users(Value),
    Only(Value, String),
    Groups(Value),
    Remove(Index),
    Forget(Index),
}

pub fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => document().prop_map(Step::Users),
        1 => (document(), select(vec!["p1", "p2", "p3"])).prop_map(|(d, name)| Step::Only(d, name.to_owned())),
        3 => document().prop_map(Step::Groups),
        2 => any::<Index>().prop_map(Step::Remove),
        1 => any::<Index>().prop_map(Step::Forget),
    ]
}

/// Does a step. Returns what was read and what was done.
pub fn take(machine: &mut Machine, step: &Step) -> (Option<Snapshot>, Outcome) {
    let read = |machine: &Machine, document, scope, only: Option<&String>| {
        machine
            .fetch(document, scope, only.map(|name| vec![name.clone()]))
            .expect("a document")
    };
    let remove = |machine: &mut Machine, index: &Index, request| {
        let owned = machine.owned();
        let present = owned.accounts.values().filter(|own| own.state.is_present());
        let names: Vec<&str> = present.map(|own| own.name.as_str()).collect();
        if names.is_empty() {
            Outcome::Nothing
        } else {
            machine.deluser(names[index.index(names.len())], &request)
        }
    };
    match step {
        Step::Users(document) => {
            let snapshot = read(machine, document, Scope::Users, None);
            let outcome = machine.sync_users(&snapshot);
            (Some(snapshot), outcome)
        }
        Step::Only(document, name) => {
            let snapshot = read(machine, document, Scope::Users, Some(name));
            let outcome = machine.sync_users(&snapshot);
            (Some(snapshot), outcome)
        }
        Step::Groups(document) => {
            let snapshot = read(machine, document, Scope::Groups, None);
            let outcome = machine.sync_groups(&snapshot);
            (Some(snapshot), outcome)
        }
        Step::Remove(index) => (None, remove(machine, index, Request::KeepHome)),
        Step::Forget(index) => (None, remove(machine, index, Request::Forget)),
    }
}

proptest! {
    #![proptest_config(cases(24))]

    /// Whatever happens, and in whatever order: the host is sound, an id belongs to one person for ever, a read that
    /// proves nothing takes nothing away, and doing the same again does nothing.
    #[test]
    fn any_history_leaves_a_sound_host(steps in vec(step(), 1..16), private: bool, removing: bool) {
        let mut rules = rules(private);
        // A step takes 10 s.
        rules.departed.remove_after = removing.then_some(15);
        let mut machine = Machine::new(rules, everything());
        let mut names: BTreeMap<String, RemoteId> = BTreeMap::new();
        let mut given: BTreeMap<u32, RemoteId> = BTreeMap::new();
        let mut subids: BTreeMap<u32, RemoteId> = BTreeMap::new();
        for step in &steps {
            machine.now += 10;
            let (closed, members, was) = (machine.closed_uids(), machine.bonds(), machine.owned());
            let (snapshot, outcome) = take(&mut machine, step);
            machine.check();
            for (id, own) in &machine.owned().accounts {
                prop_assert_eq!(given.entry(own.uid.get()).or_insert_with(|| id.clone()), id);
                if let Some(first) = own.subid {
                    prop_assert_eq!(subids.entry(first).or_insert_with(|| id.clone()), id);
                }
            }
            for (id, own) in &machine.owned().groups {
                prop_assert_eq!(given.entry(own.gid.get()).or_insert_with(|| id.clone()), id);
            }
            for (id, own) in &machine.owned().accounts {
                prop_assert_eq!(names.entry(own.name.clone()).or_insert_with(|| id.clone()), id, "{} is inherited", own.name);
            }
            let Some(snapshot) = snapshot else { continue };
            if proves_nothing(&snapshot) {
                prop_assert!(machine.bonds().is_superset(&members), "{:?}", outcome);
                if !matches!(step, Step::Only(..)) {
                    prop_assert!(machine.closed_uids().is_subset(&closed), "{:?}", outcome);
                }
            }
            for (id, own) in machine.owned().accounts.iter().filter(|(_, own)| own.state == State::Removed) {
                let before = &was.accounts[id];
                let is_new = before.state != State::Removed;
                let waited = was.departures.get(id).is_some_and(|departure| machine.now - departure.since >= 15);
                prop_assert!(!is_new || removing && waited && before.state == State::Locked, "{} {:?}", own.name, outcome);
                prop_assert!(!is_new || !proves_nothing(&snapshot), "{} {:?}", own.name, outcome);
            }
            for (id, own) in machine.owned().groups.iter().filter(|(_, own)| own.state == State::Removed) {
                let is_new = was.groups[id].state != State::Removed;
                let waited = was.group_departures.get(id).and_then(|departure| departure.since).is_some_and(|at| machine.now - at >= 15);
                prop_assert!(!is_new || removing && waited && !proves_nothing(&snapshot), "{} {:?}", own.name, outcome);
            }
            let sync = |machine: &mut Machine| match step {
                Step::Groups(_) => machine.sync_groups(&snapshot),
                _ => machine.sync_users(&snapshot),
            };
            let mut before = machine.traces();
            let mut again = sync(&mut machine);
            // A name or home that a returning person gave up is free for another one only in the run after.
            let waits = |r: &Refusal| {
                ["name-taken", "that-name-taken", "home-used", "home-not-inherited"].contains(&r.reason.word())
            };
            // The next stage of departure is taken under the new name.
            let renames = |change: &Change| matches!(change.deed, Deed::Rename(_));
            let kept = |plan: &Plan| plan.remarks.iter().any(|remark| remark.reason.word() == "keeps-name");
            let more = |plan: &Plan| {
                plan.refused.iter().any(waits) || plan.changes.iter().any(renames) || kept(plan)
            };
            if again.changes() > 0 && matches!(&outcome, Outcome::Done(plan) if more(plan)) {
                machine.check();
                before = machine.traces();
                again = sync(&mut machine);
            }
            if !matches!(outcome, Outcome::Refused(_)) {
                prop_assert_eq!(again.changes(), 0, "{:?} after {:?}", again, outcome);
            }
            let touched = difference(&before, &machine.traces());
            prop_assert!(touched.is_empty(), "{}", touched);
        }
    }
}

proptest! {
    #![proptest_config(cases(20))]

    /// Nothing that a provider sends becomes a line, a field or an id of its own making.
    #[test]
    fn no_text_breaks_out_of_its_field(
        fields in vec((nasty(), nasty(), nasty(), nasty(), nasty(), nasty()), 1..4),
        logins: bool,
        keys in vec(select(vec!["uid", "gid", "home", "shell", "name", "email"]), 0..3),
    ) {
        let mut machine = Machine::new(rules(false), everything());
        let text = machine.face()["passwd"].clone();
        let users: Vec<Value> = fields.iter().enumerate().map(|(n, (login, name, home, shell, uid, _))| {
            let login = if logins { json!(login) } else { json!(format!("good{n}")) };
            let mut user = json!({"id": format!("u-{n}"), "login": login, "name": name, "home": home, "shell": shell,
                                  "uid": uid, "gid": uid, "email": name});
            keys.iter().for_each(|key| drop(user.as_object_mut().unwrap().remove(*key)));
            user
        }).collect();
        let ids: Vec<Value> = fields.iter().map(|f| json!({"id": f.5, "login": "goodid"})).collect();
        let groups: Vec<Value> = fields.iter().enumerate().map(|(n, (name, about, _, _, gid, id))| {
            json!({"id": format!("g-{n}"), "name": name, "description": about, "gid": if logins { json!(gid) } else { json!(null) },
                   "members": [{"user": id}, {"user": format!("u-{n}")}]})
        }).collect();
        let document = json!({"users": users.into_iter().chain(ids).collect::<Vec<_>>(), "groups": groups});
        let snapshot = machine.fetch(&document, Scope::Users, None).expect("a document");
        let users = machine.sync_users(&snapshot);
        let groups = machine.sync_groups(&snapshot);
        machine.check();
        let created = |outcome: &Outcome| match outcome {
            Outcome::Done(plan) => plan.counts().created,
            _ => 0,
        };
        prop_assert_eq!(machine.lines("passwd").len(), text.lines().count() + created(&users));
        prop_assert_eq!(machine.lines("group").len(), 7 + created(&groups));
        for fields in machine.lines("passwd") {
            prop_assert!(fields[4].len() <= 200 && fields[0].len() <= 32 && !fields[4].contains('&'));
        }
        for outcome in [&users, &groups] {
            let Outcome::Done(plan) = outcome else { continue };
            let shown = gosync::testing::plan::render::text(plan);
            let odd = shown.chars().find(|c| c.is_control() && *c != '\n' || ('\u{202a}'..='\u{202e}').contains(c));
            prop_assert_eq!(odd, None, "{}", shown);
            let said = plan.changes.len() + plan.refused.len() + plan.remarks.len();
            prop_assert!(shown.lines().count() <= said, "{}", shown);
            let is_begun = |line: &str| ["+ ", "~ ", "! ", "- ", "x ", "? ", "  note "].iter().any(|mark| line.starts_with(mark));
            prop_assert!(shown.lines().all(is_begun), "{}", shown);
        }
    }

    /// After a plain start, a read that is cut short, narrowed or empty takes nothing away, whatever it says.
    #[test]
    fn a_read_that_proves_nothing_takes_nothing(mut document in document(), narrowed: bool, empty: bool) {
        let mut machine = Machine::new(rules(false), everything());
        let ids: Vec<String> = (0..10).map(|n| format!("u-{n}")).collect();
        let users: Vec<Value> = ids.iter().enumerate().map(|(n, id)| json!({"id": id, "login": format!("p{n}")})).collect();
        let members: Vec<Value> = ids.iter().map(|id| json!({"user": id})).collect();
        let groups: Vec<Value> =
            (0..4).map(|n| json!({"id": format!("g-{n}"), "name": format!("team{n}"), "members": members})).collect();
        let start = machine.fetch(&json!({"users": users, "groups": groups}), Scope::Users, None).unwrap();
        machine.sync_users(&start);
        machine.sync_groups(&start);
        let (names, members) = (machine.lines("passwd").len(), machine.bonds());
        prop_assert_eq!((names, members.len()), (13, 42));

        let list = document["users"].as_array_mut().unwrap();
        if empty { list.clear() } else { list.push(json!({"login": "nobody-knows-who"})) }
        let only = narrowed.then(|| vec!["p1".to_owned(), "team1".to_owned()]);
        for scope in [Scope::Users, Scope::Groups] {
            let read = machine.fetch(&document, scope, only.clone()).unwrap();
            let read = Snapshot { completeness: if empty { read.completeness } else { cut(&read) }, ..read };
            if scope == Scope::Users { machine.sync_users(&read) } else { machine.sync_groups(&read) };
        }
        machine.check();
        prop_assert_eq!(machine.closed().len(), 0);
        prop_assert!(machine.lines("passwd").len() >= names && machine.bonds().is_superset(&members));
    }

    /// The order of people, groups and members in the document does not matter, nor does it to the digest.
    #[test]
    fn order_does_not_matter(document in document(), order in vec(any::<u64>(), 32), private: bool) {
        let shuffled = shuffle(&document, &order);
        let mut hosts = [Machine::new(rules(private), everything()), Machine::new(rules(private), everything())];
        for scope in [Scope::Users, Scope::Groups] {
            let plans: Vec<Option<Plan>> = hosts.iter().zip([&document, &shuffled]).map(|(machine, document)| {
                let snapshot = machine.fetch(document, scope, None).unwrap();
                match scope {
                    Scope::Groups => Some(machine.plan_groups(&snapshot)),
                    _ => machine.plan_users(&snapshot),
                }
            }).collect();
            prop_assert_eq!(plans[0].as_ref().map(Plan::digest), plans[1].as_ref().map(Plan::digest));
            for (machine, document) in hosts.iter_mut().zip([&document, &shuffled]) {
                let snapshot = machine.fetch(document, scope, None).unwrap();
                match scope {
                    Scope::Groups => machine.sync_groups(&snapshot),
                    _ => machine.sync_users(&snapshot),
                };
            }
        }
        prop_assert_eq!(hosts[0].face(), hosts[1].face());
    }
}

/// What a read is that was cut short.
fn cut(read: &Snapshot) -> Completeness {
    match &read.completeness {
        Completeness::Complete(_) => Completeness::Incomplete("cut".to_owned()),
        other => other.clone(),
    }
}

/// The same document in another order.
fn shuffle(document: &Value, order: &[u64]) -> Value {
    let mut keys = order.iter().cycle();
    let mut mix = |list: &Value| {
        let mut list: Vec<(u64, Value)> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|v| (*keys.next().unwrap(), v.clone()))
            .collect();
        list.sort_by_key(|(key, _)| *key);
        list.into_iter().map(|(_, v)| v).collect::<Vec<_>>()
    };
    let users = mix(&document["users"]);
    let mut groups = mix(&document["groups"]);
    for group in &mut groups {
        group["members"] = json!(mix(&group["members"]));
    }
    json!({"users": users, "groups": groups})
}

proptest! {
    #![proptest_config(cases(24))]

    /// With the usual limits no run takes away more than they allow, whatever is read; and what is refused is refused
    /// again with the same digest, and was not written.
    #[test]
    fn no_run_goes_over_a_limit(
        stay in subsequence((0..10).collect::<Vec<usize>>(), 0..=10),
        shut in subsequence((0..10).collect::<Vec<usize>>(), 0..=10),
        members in subsequence((0..10).collect::<Vec<usize>>(), 0..=10),
    ) {
        let user = |n: &usize, active: bool| json!({"id": format!("u-{n}"), "login": format!("p{n}"), "active": active});
        let everybody: Vec<usize> = (0..10).collect();
        let document = |stay: &[usize], shut: &[usize], members: &[usize]| {
            let users: Vec<Value> = stay.iter().map(|n| user(n, !shut.contains(n))).collect();
            let members: Vec<Value> = members.iter().map(|n| json!({"user": format!("u-{n}")})).collect();
            json!({"users": users, "groups": [{"id": "g", "name": "all", "members": members}]})
        };
        let mut machine = Machine::new(rules(false), Limits::default());
        let first = document(&everybody, &[], &everybody);
        let snapshot = machine.fetch(&first, Scope::Users, None).unwrap();
        machine.sync_users(&snapshot);
        machine.sync_groups(&snapshot);
        prop_assert_eq!(machine.memberships().iter().filter(|(group, _)| group == "all").count(), 10);

        let snapshot = machine.fetch(&document(&stay, &shut, &members), Scope::Users, None).unwrap();
        let going = if stay.is_empty() { 0 } else { 10 - stay.iter().filter(|n| !shut.contains(n)).count() };
        let before = machine.traces();
        let outcome = machine.sync_users(&snapshot);
        prop_assert_eq!(matches!(outcome, Outcome::Refused(_)), going > 3, "{}", going);
        prop_assert_eq!(machine.closed().len(), if going > 3 { 0 } else { going });
        if let Outcome::Refused(plan) = outcome {
            prop_assert_eq!(difference(&before, &machine.traces()), "");
            machine.now += 10_000;
            prop_assert_eq!(machine.plan_users(&snapshot).unwrap().digest(), plan.digest());
        }
        let outcome = machine.sync_groups(&snapshot);
        let lost = match &outcome {
            Outcome::Done(plan) => plan.changes.iter().map(|change| match &change.deed {
                Deed::ChangeMembers(members) => members.remove.len(),
                _ => 0,
            }).sum(),
            _ => 0_usize,
        };
        prop_assert!(lost <= 3, "{outcome:?}");
        machine.check();
    }
}
