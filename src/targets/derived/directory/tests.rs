use std::collections::BTreeMap;

use super::config::Config;
use super::diff::{diff, unattended};
use super::entries::{Found, Kind, Leaver, Standing};
use super::steps::{Op, Phase, Plan, Step};
use super::wanted::{EXPIRED, Named, Rule, Values, Wanted, Wish};
use crate::ldap::dn;
use crate::ldap::request::Modify;

const PEOPLE: &str = "ou=people,dc=x";

fn people<'a>(classes: &'a [String], retired: Option<&'a str>) -> Kind<'a> {
    Kind {
        noun: "account",
        naming: "uid",
        number: "uidNumber",
        class: "posixAccount",
        mark: "employeeNumber",
        base: PEOPLE,
        classes,
        retired,
        are_groups: false,
    }
}

fn groups(classes: &[String]) -> Kind<'_> {
    Kind {
        noun: "group",
        naming: "cn",
        number: "gidNumber",
        class: "posixGroup",
        base: "ou=groups,dc=x",
        are_groups: true,
        ..people(classes, None)
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn bytes(values: &[&str]) -> Values {
    values.iter().map(|it| it.as_bytes().to_vec()).collect()
}

fn wish(attribute: &'static str, values: &[&str], rule: Rule) -> Wish {
    Wish {
        attribute,
        values: bytes(values),
        rule,
    }
}

fn wanted(id: &str, name: &str, number: u32, values: Vec<Wish>) -> Wanted {
    Wanted {
        id: id.to_owned(),
        name: name.to_owned(),
        number,
        is_open: true,
        values,
    }
}

fn found(dn: &str, values: &[(&str, &[&str])]) -> Found {
    let values = values
        .iter()
        .map(|(name, values)| (name.to_ascii_lowercase(), bytes(values)));
    Found {
        dn: dn.to_owned(),
        key: dn::normalise(dn).unwrap().into_owned(),
        values: values.collect(),
    }
}

fn ours(id: &str, name: &str, number: &str, more: &[(&str, &[&str])]) -> Found {
    let mut out = found(
        &format!("uid={name},{PEOPLE}"),
        &[
            ("objectClass", &["inetOrgPerson", "posixAccount"]),
            ("uid", &[name]),
            ("uidNumber", &[number]),
            ("employeeNumber", &[id]),
        ],
    );
    let more = found("uid=x", more);
    out.values.extend(more.values);
    out
}

fn planned(
    wanted: &[Wanted],
    leavers: &[Leaver],
    there: &[Found],
) -> (Plan, BTreeMap<String, Named>) {
    let classes = words(&["inetOrgPerson", "posixAccount"]);
    let mut plan = Plan::default();
    let names = diff(&people(&classes, None), wanted, leavers, there, &mut plan);
    (plan, names)
}

fn phases(plan: &Plan) -> Vec<(Phase, &str)> {
    let of = |step: &Step| step.phase;
    let steps = plan.steps.iter();
    steps.map(|step| (of(step), step.name.as_str())).collect()
}

#[test]
fn what_stands_as_it_should_needs_nothing() {
    let shell = || wish("loginShell", &["/bin/sh"], Rule::Whole);
    let (plan, names) = planned(
        &[wanted("1", "ann", 7, vec![shell()])],
        &[],
        &[ours("1", "ann", "7", &[("loginShell", &["/bin/sh"])])],
    );
    assert!(plan.steps.is_empty() && plan.refused.is_empty(), "{plan:?}");
    assert_eq!(names["ann"].dn, format!("uid=ann,{PEOPLE}"));
    assert_eq!(plan.accounts, 1);
}

#[test]
fn a_new_one_comes_whole_and_has_the_classes_that_it_needs() {
    let expire = wish("shadowExpire", &[EXPIRED], Rule::Whole);
    let locks = wish("pwdAccountLockedTime", &["L"], Rule::Alone("L"));
    let (plan, _) = planned(&[wanted("1", "a,b", 7, vec![expire, locks])], &[], &[]);
    assert_eq!(
        phases(&plan),
        [(Phase::Change, "a,b"), (Phase::People, "a,b")]
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
    );
    assert_eq!(plan.steps[0].dn, format!("uid=a\\,b,{PEOPLE}"));
    let Op::Add(attributes) = &plan.steps[0].op else {
        panic!("{plan:?}");
    };
    let classes = &attributes[0].1;
    assert!(classes.contains(&b"shadowAccount".to_vec()));
    assert!(
        !attributes
            .iter()
            .any(|(name, _)| name == "pwdAccountLockedTime")
    );
}

#[test]
fn a_change_asserts_what_was_read() {
    let values = vec![
        wish("loginShell", &["/bin/sh"], Rule::Whole),
        wish("gecos", &["Ann"], Rule::Whole),
        wish("sshPublicKey", &["k2"], Rule::Each),
        wish("sn", &["Other"], Rule::Initial),
    ];
    let there = ours(
        "1",
        "ann",
        "7",
        &[("loginShell", &["/bin/x"]), ("sshPublicKey", &["k1", "k2"])],
    );
    let (plan, _) = planned(&[wanted("1", "ann", 7, values)], &[], &[there]);
    let [step] = plan.steps.as_slice() else {
        panic!("{plan:?}");
    };
    let of = |name: &str, values: &[&str]| (name.to_owned(), bytes(values));
    assert_eq!(
        step.only_if,
        [
            of("employeeNumber", &["1"]),
            of("loginShell", &["/bin/x"]),
            of("gecos", &[])
        ]
    );
    let Op::Modify(changes) = &step.op else {
        panic!("{plan:?}");
    };
    let told: Vec<_> = changes
        .iter()
        .map(|it| (it.how, it.attribute.as_str(), it.values.clone()))
        .collect();
    assert_eq!(
        told,
        [
            (Modify::Replace, "loginShell", bytes(&["/bin/sh"])),
            (Modify::Replace, "gecos", bytes(&["Ann"])),
            (Modify::Delete, "sshPublicKey", bytes(&["k1"])),
        ]
    );
}

#[test]
fn who_is_shut_out_is_first_and_is_counted() {
    let mut ann = wanted(
        "1",
        "anna",
        7,
        vec![wish("shadowExpire", &["1"], Rule::Whole)],
    );
    ann.is_open = false;
    let (plan, names) = planned(&[ann], &[], &[ours("1", "ann", "7", &[])]);
    let close = plan
        .steps
        .iter()
        .find(|it| it.phase == Phase::Close)
        .unwrap();
    assert_eq!(close.dn, format!("uid=ann,{PEOPLE}"), "by the old name");
    assert_eq!(names["anna"].dn, format!("uid=anna,{PEOPLE}"));
    assert_eq!(plan.losses.closed, ["anna"]);
}

#[test]
fn what_stands_in_the_way_stays_and_is_told() {
    let one = |name: &str, number| wanted("1", name, number, Vec::new());
    let other = ours("other", "ann", "9", &[]);
    for (it, there, part) in [
        (one("Ann", 7), vec![other.clone()], "its name is that of"),
        (
            one("bob", 9),
            vec![other.clone()],
            "its number 9 is that of `uid=ann,ou=people,dc=x`, whose id is other",
        ),
        (
            one("ann", 7),
            vec![ours("1", "ann", "8", &[])],
            "carries its id and the number 8, and here it has the number 7",
        ),
        (
            one("ann", 7),
            vec![ours("1", "ann", "7", &[]), ours("1", "b", "8", &[])],
            "both carry its id",
        ),
    ] {
        let (plan, names) = planned(&[it], &[], &there);
        assert!(plan.steps.is_empty() && names.is_empty(), "{plan:?}");
        assert!(plan.refused[0].contains(part), "{plan:?}");
    }
}

#[test]
fn open_entries_of_people_without_an_account_here_are_named() {
    let absent = |id: &str, name: &str, number| Leaver {
        id: id.to_owned(),
        name: name.to_owned(),
        number,
    };
    let there = [
        ours("1", "ann", "7", &[]),
        ours("2", "bob", "8", &[("shadowExpire", &[EXPIRED])]),
        ours("3", "cat", "9", &[]),
    ];
    let all = [
        absent("1", "ann", 7),
        absent("2", "bob", 8),
        absent("3", "cat", 10),
        absent("4", "dan", 11),
    ];
    let classes = words(&["posixAccount"]);
    assert_eq!(unattended(&people(&classes, None), &all, &there), ["ann"]);
}

#[test]
fn the_entry_that_says_who_writes_is_beside_people_and_below_none_of_them() {
    let config = |more: &str| -> Config {
        let text = format!(
            "url = 'ldaps://a'\nuser_base = 'ou=people,dc=x'\ngroup_base = 'ou=groups,dc=x'\n{more}"
        );
        toml::from_str(&text).unwrap()
    };
    assert_eq!(config("").writer_dn(), "cn=gosync-writer,dc=x");
    assert_eq!(config("").fit(), Ok(()));
    assert_eq!(config("writer_dn = 'cn=w,ou=services,dc=x'").fit(), Ok(()));
    for bad in ["cn=w,ou=people,dc=x", "ou=w,dc=x", "w", ""] {
        let refused = config(&format!("writer_dn = '{bad}'")).fit().unwrap_err();
        assert!(refused.starts_with("writer_dn"), "{bad}: {refused}");
    }
    let refused = config("check_urls = ['ldaps://b', 'http://c']").fit();
    assert!(refused.unwrap_err().starts_with("check_urls"));
}

#[test]
fn a_name_that_becomes_free_is_waited_for() {
    let two = [
        wanted("1", "bob", 7, Vec::new()),
        wanted("2", "rob", 8, Vec::new()),
    ];
    let there = [ours("1", "ann", "7", &[]), ours("2", "bob", "8", &[])];
    let (plan, _) = planned(&two, &[], &there);
    assert_eq!(phases(&plan), [(Phase::Rename, "rob")]);
    assert_eq!(plan.waiting.len(), 1);
}

#[test]
fn only_whom_gosync_knows_to_be_gone_goes() {
    let leaver = |id: &str, number| Leaver {
        id: id.to_owned(),
        name: "ann".to_owned(),
        number,
    };
    let there = [ours("1", "ann", "7", &[("shadowExpire", &["1"])])];
    assert!(planned(&[], &[], &there).0.steps.is_empty());
    assert!(planned(&[], &[leaver("1", 8)], &there).0.steps.is_empty());
    let (plan, _) = planned(&[], &[leaver("1", 7)], &there);
    assert_eq!(plan.steps[0].op, Op::Delete);
    assert_eq!(plan.losses.removed, ["ann"]);
    // Who is open is shut out before the entry is put aside.
    let classes = words(&["posixAccount"]);
    let kind = people(&classes, Some("ou=retired,dc=x"));
    let mut plan = Plan::default();
    let open = [ours("1", "ann", "7", &[("sshPublicKey", &["k"])])];
    diff(&kind, &[], &[leaver("1", 7)], &open, &mut plan);
    assert_eq!(
        phases(&plan),
        [(Phase::Close, "ann"), (Phase::Remove, "ann")]
    );
    let Op::Rename(to) = &plan.steps[1].op else {
        panic!("{plan:?}");
    };
    assert_eq!(
        (to.name.as_str(), to.keeps_old, to.base.as_deref()),
        ("employeeNumber=1", true, Some("ou=retired,dc=x"))
    );
    assert_eq!(plan.losses.closed, ["ann"]);
}

#[test]
fn members_are_compared_as_names_and_a_group_is_never_empty() {
    let classes = words(&["groupOfNames", "posixGroup"]);
    let team = |members: &[&str]| {
        [wanted(
            "g",
            "team",
            9,
            vec![wish("member", members, Rule::Names)],
        )]
    };
    let there = |members: &[&str]| {
        [found(
            "cn=team,ou=groups,dc=x",
            &[
                ("objectClass", &["groupOfNames", "posixGroup"]),
                ("cn", &["team"]),
                ("gidNumber", &["9"]),
                ("employeeNumber", &["g"]),
                ("member", members),
            ],
        )]
    };
    let planned = |wanted: &[Wanted], there: &[Found]| {
        let mut plan = Plan::default();
        diff(&groups(&classes), wanted, &[], there, &mut plan);
        plan
    };
    let plan = planned(&team(&["uid=ann,dc=x"]), &there(&["UID=ann, DC=X"]));
    assert!(plan.steps.is_empty(), "{plan:?}");
    let plan = planned(&team(&[]), &there(&["uid=ann,dc=x"]));
    assert_eq!(plan.losses.members["team"], (1, words(&["uid=ann,dc=x"])));
    let Op::Modify(changes) = &plan.steps[0].op else {
        panic!("{plan:?}");
    };
    assert_eq!(changes[0].how, Modify::Add, "it is never empty in between");
    assert_eq!(changes[0].values, bytes(&["cn=team,ou=groups,dc=x"]));
    assert_eq!(changes[1].how, Modify::Delete);
    let many: Vec<String> = (0..2_500).map(|n| format!("uid=u{n},dc=x")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let plan = planned(&team(&many), &[]);
    let members = plan.steps.iter().filter(|it| it.phase == Phase::Members);
    assert_eq!(members.count(), 3, "in parts that servers take");
}

/// Plans, and supposes that it was done, until nothing waits any more; the plans.
fn until_quiet(wanted: &[Wanted], standing: &mut Standing) -> Vec<Plan> {
    let mut plans = Vec::new();
    for _ in 0..6 {
        let (plan, _) = planned(wanted, &[], &standing.people);
        standing.suppose(&plan.steps);
        let is_last = plan.waiting.is_empty();
        plans.push(plan);
        if is_last {
            return plans;
        }
    }
    panic!("it never ends: {plans:?}");
}

#[test]
fn in_a_circle_one_steps_aside() {
    let one = |id: &str, name: &str, number| wanted(id, name, number, Vec::new());
    let swap = [one("1", "bob", 7), one("2", "ann", 8)];
    let there = [ours("1", "ann", "7", &[]), ours("2", "bob", "8", &[])];
    let (plan, names) = planned(&swap, &[], &there);
    assert_eq!(phases(&plan), [(Phase::Rename, "bob")]);
    assert_eq!(names["bob"].dn, format!("uid=gosync-renames-7,{PEOPLE}"));
    assert_eq!(names["ann"].name, "bob", "until it is free");
    let circle = [one("1", "b", 1), one("2", "c", 2), one("3", "a", 3)];
    let three = [
        ours("1", "a", "1", &[]),
        ours("2", "b", "2", &[]),
        ours("3", "c", "3", &[]),
    ];
    for (wanted, there, most) in [(&swap[..], &there[..], 3), (&circle[..], &three[..], 4)] {
        let mut standing = Standing {
            people: there.to_vec(),
            groups: Vec::new(),
        };
        let plans = until_quiet(wanted, &mut standing);
        assert!(plans.len() <= most, "{plans:?}");
        assert!(plans.iter().all(|it| it.refused.is_empty()), "{plans:?}");
        let (plan, _) = planned(wanted, &[], &standing.people);
        assert!(plan.steps.is_empty() && plan.waiting.is_empty(), "{plan:?}");
    }
}

#[test]
fn what_is_supposed_needs_nothing_more() {
    let values = || {
        vec![
            wish("loginShell", &["/bin/sh"], Rule::Whole),
            wish("gecos", &[], Rule::Whole),
            wish("sshPublicKey", &["k2", "k3"], Rule::Each),
            wish("pwdAccountLockedTime", &["L"], Rule::Alone("L")),
        ]
    };
    let all = [
        wanted("1", "anna", 7, values()),
        wanted("2", "new, one", 8, values()),
    ];
    let there = ours(
        "1",
        "ann",
        "7",
        &[
            ("loginShell", &["/bin/x"]),
            ("gecos", &["x"]),
            ("sshPublicKey", &["k1", "k2"]),
        ],
    );
    let mut standing = Standing {
        people: vec![there],
        groups: Vec::new(),
    };
    let plans = until_quiet(&all, &mut standing);
    assert_eq!(plans.len(), 1);
    assert_eq!(standing.people.len(), 2);
    let (plan, _) = planned(&all, &[], &standing.people);
    assert!(plan.steps.is_empty(), "{plan:?}");
}
