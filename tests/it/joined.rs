//! `[join]`: people whose records at two providers have the same value are one account.

use serde_json::{Value, json};

use crate::manifest::Tree;
use crate::scratch::{Ran, ScratchHost};

fn host(order: &str) -> ScratchHost {
    let host = ScratchHost::new(&Tree::base());
    configure(&host, order, "[join]\nby = \"orcid\"\n");
    host
}

fn configure(host: &ScratchHost, order: &str, join: &str) {
    let section = |name| format!("[provider.{name}]\nkind = \"file\"\npath = \"{name}.json\"\n");
    let (campus, lab) = (section("campus"), section("lab"));
    let text = format!(
        "[gosync]\nproviders = [{order}]\n{campus}{lab}{join}[departed]\nabsent_runs = 1\nabsent_for = \"0s\"\n"
    );
    host.write("gosync.toml", &text);
}

const ORDER: &str = "\"campus\", \"lab\"";

/// A person with this value; `more` is put over it.
fn person(login: &str, orcid: &str, more: Value) -> Value {
    let mut person =
        json!({"id": format!("id-{login}"), "login": login, "attributes": {"orcid": orcid}});
    let more = more.as_object().unwrap().clone();
    person.as_object_mut().unwrap().extend(more);
    person
}

/// All of them are members of the group.
fn say(host: &ScratchHost, provider: &str, group: &str, people: &[Value]) {
    let members: Vec<Value> = people.iter().map(|it| json!({"user": it["id"]})).collect();
    let groups = json!([{"id": group, "name": group, "members": members}]);
    let document = json!({"users": people, "groups": groups});
    host.write(&format!("{provider}.json"), &document.to_string());
}

fn sync(host: &ScratchHost, code: i32) -> Ran {
    host.gosync(&["sync"]).expect(code)
}

/// Name, uid, name and shell of each account.
fn accounts(host: &ScratchHost) -> Vec<String> {
    let passwd = host.read("etc/passwd");
    let lines = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>());
    let own = lines.filter(|line| line[2].parse::<u32>().unwrap() >= 20_000);
    let mut own: Vec<String> = own
        .map(|it| [it[0], it[2], it[4], it[6]].join(":"))
        .collect();
    own.sort();
    own
}

fn members(host: &ScratchHost, group: &str) -> String {
    let groups = host.read("etc/group");
    let line = groups
        .lines()
        .find(|line| line.starts_with(&format!("{group}:")));
    line.unwrap().rsplit(':').next().unwrap().to_owned()
}

fn is_locked(host: &ScratchHost, name: &str) -> bool {
    let shadow = host.read("etc/shadow");
    let mut lines = shadow
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>());
    let line = lines.find(|line| line[0] == name).unwrap();
    line[7] == "1"
}

/// Ann is at both; her record at `lab` says what that at `campus` does not.
fn two(host: &ScratchHost) {
    let ann = person("ann", "1", json!({"name": "Ann"}));
    say(
        host,
        "campus",
        "faculty",
        &[ann, person("bob", "2", json!({}))],
    );
    let a = person("a", "1", json!({"name": "A. at lab", "shell": "/bin/sh"}));
    say(host, "lab", "team", &[a, person("cat", "3", json!({}))]);
}

#[test]
fn one_person_of_two_providers_is_one_account_with_the_groups_of_both() {
    let host = host(ORDER);
    two(&host);
    let dry = host.gosync(&["sync", "-n"]).expect(0);
    assert!(!dry.out.contains("+ a "), "{dry:?}");
    sync(&host, 0);
    let names: Vec<_> = accounts(&host);
    let names: Vec<&str> = names
        .iter()
        .map(|it| it.split(':').next().unwrap())
        .collect();
    assert_eq!(names, ["ann", "bob", "cat"]);
    assert!(
        accounts(&host)[0].ends_with(":Ann:/bin/sh"),
        "{:?}",
        accounts(&host)
    );
    assert_eq!(members(&host, "faculty"), "ann,bob");
    assert_eq!(members(&host, "team"), "ann,cat");
    let quiet = sync(&host, 0);
    assert_eq!(quiet.out.matches("nothing to do").count(), 4, "{quiet:?}");
    let why = host.gosync(&["why", "ann"]).expect(0);
    assert!(why.out.contains("from lab, by `[join]`"), "{why:?}");
    assert!(
        why.out.contains("belongs to the account `ann` of campus"),
        "{why:?}"
    );
}

#[test]
fn who_has_an_account_keeps_name_and_id_whatever_the_order_is() {
    let host = host(ORDER);
    two(&host);
    sync(&host, 0);
    let of = |all: Vec<String>| -> Vec<String> {
        let ids = all
            .iter()
            .map(|it| it.split(':').take(2).collect::<Vec<_>>().join(":"));
        ids.collect()
    };
    let before = of(accounts(&host));
    configure(&host, "\"lab\", \"campus\"", "[join]\nby = \"orcid\"\n");
    sync(&host, 0);
    assert_eq!(of(accounts(&host)), before);
    assert!(accounts(&host)[0].ends_with(":A. at lab:/bin/sh"));
    assert_eq!(members(&host, "team"), "ann,cat");
}

#[test]
fn a_provider_that_is_not_read_or_names_nobody_loses_nobody_and_what_it_said_stays() {
    let host = host(ORDER);
    two(&host);
    sync(&host, 0);
    let before = accounts(&host);
    for document in ["{", "{\"users\": [], \"groups\": []}"] {
        for provider in ["lab", "campus"] {
            two(&host);
            host.write(&format!("{provider}.json"), document);
            sync(&host, 12);
            assert_eq!(accounts(&host), before, "{provider} {document}");
            assert_eq!(members(&host, "team"), "ann,cat", "{provider} {document}");
            assert!(!is_locked(&host, "ann"));
        }
    }
}

#[test]
fn all_that_know_a_person_must_let_them_in() {
    let host = host(ORDER);
    two(&host);
    sync(&host, 0);
    let a = person("a", "1", json!({"active": false}));
    say(&host, "lab", "team", &[a, person("cat", "3", json!({}))]);
    sync(&host, 0);
    assert!(is_locked(&host, "ann"), "by the same command");
    configure(&host, ORDER, "[join]\nby = \"orcid\"\nactive = \"any\"\n");
    sync(&host, 0);
    assert!(!is_locked(&host, "ann"));
}

#[test]
fn who_leaves_the_later_provider_keeps_the_account_without_what_it_gave() {
    let host = host(ORDER);
    two(&host);
    sync(&host, 0);
    say(&host, "lab", "team", &[person("cat", "3", json!({}))]);
    sync(&host, 0);
    assert!(!is_locked(&host, "ann"));
    assert!(
        !accounts(&host)[0].ends_with("/bin/sh"),
        "{:?}",
        accounts(&host)
    );
    assert_eq!(members(&host, "team"), "cat");
}

#[test]
fn a_value_that_changes_moves_no_account_and_is_reported() {
    let host = host(ORDER);
    two(&host);
    sync(&host, 0);
    let a = person("a", "2", json!({}));
    say(&host, "lab", "team", &[a, person("cat", "3", json!({}))]);
    let ran = sync(&host, 0);
    let names: Vec<_> = accounts(&host);
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(
        ran.out.contains("have not the same value any more"),
        "{ran:?}"
    );
    assert_eq!(
        members(&host, "team"),
        "cat",
        "bob is not a member by her record"
    );
}

#[test]
fn a_value_that_two_have_joins_nobody() {
    let host = host(ORDER);
    let ann = person("ann", "1", json!({}));
    say(
        &host,
        "campus",
        "faculty",
        &[ann, person("bob", "1", json!({}))],
    );
    say(&host, "lab", "team", &[person("a", "1", json!({}))]);
    let ran = sync(&host, 0);
    assert_eq!(accounts(&host).len(), 3);
    assert!(
        ran.out.contains("is joined with nobody at campus"),
        "{ran:?}"
    );
}

#[test]
fn two_accounts_from_before_stay_until_one_is_given_back() {
    let host = host(ORDER);
    configure(&host, ORDER, "");
    two(&host);
    sync(&host, 0);
    let before = accounts(&host);
    assert_eq!(before.len(), 4);
    configure(&host, ORDER, "[join]\nby = \"orcid\"\n");
    let ran = sync(&host, 0);
    assert_eq!(accounts(&host), before);
    assert!(ran.out.contains("both have an account"), "{ran:?}");
    assert_eq!(members(&host, "team"), "a,cat");
    host.gosync(&["release", "a"]).expect(0);
    sync(&host, 0);
    // What was given back stays a member, as everything of the host's own.
    assert_eq!(members(&host, "team"), "a,cat,ann");
    assert!(
        accounts(&host)
            .iter()
            .any(|it| it.starts_with("ann:") && it.ends_with("/bin/sh"))
    );
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let host = host("\"campus\"");
    two(&host);
    let ran = host.gosync(&["sync"]).expect(2);
    assert!(ran.err.contains("join.by"), "{ran:?}");
}
