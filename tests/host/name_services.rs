//! Other name services than the files: what they know is not given out, and what they do not say is the failure of
//! whom it was asked for. getent(1), which is asked, is a script here.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use serde_json::{Value, json};

use crate::namespace::{script, sound_tree};
use crate::scratch::Ran;
use crate::small_host::{Database, SmallHost, document, group, person};

/// A host whose nsswitch.conf(5) names sss besides the files.
fn host() -> SmallHost {
    let tree = sound_tree(Database::Etc);
    let switch = "passwd: files sss\ngroup: files sss\nshadow: files\ngshadow: files\n";
    tree.write("etc/nsswitch.conf", switch, 0o644, 0);
    tree
}

/// Runs gosync where sss knows `cat` and does not answer when it is asked about one of `silent`, a pattern of sh(1).
fn run(tree: &SmallHost, silent: &str, arguments: &str) -> Ran {
    let getent = format!(
        "#!/bin/sh\n\
         database=$1; shift 2\n\
         for key; do case $key in {silent}) echo \"no answer\" >&2; exit 3;; esac; done\n\
         for key; do [ $database.$key = passwd.cat ] && echo cat:x:7000:7000::/home/cat:/bin/sh; done\n\
         exit 2\n"
    );
    tree.write("srv/getent", &getent, 0o755, 0);
    let getent = tree.path("srv/getent");
    let text = format!(
        "mount --bind {} /usr/bin/getent && exec $GOSYNC {arguments}",
        getent.display()
    );
    Ran::from(script(tree, &text).output().unwrap())
}

fn people(names: &[&str]) -> Vec<Value> {
    let person = |name: &&str| person(&format!("u-{name}"), name, "Somebody", true);
    names.iter().map(person).collect()
}

/// The names in a database whose ids are gosync's.
fn there(tree: &SmallHost, file: &str) -> Vec<String> {
    let text = tree.read(file);
    let lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    lines
        .filter(|fields| (20_000..65_000).contains(&fields[2].parse::<u32>().unwrap()))
        .map(|fields| fields[0].to_owned())
        .collect()
}

#[test]
fn who_is_not_answered_for_waits_and_everybody_else_goes_on() {
    let tree = host();
    let names = ["ann", "ben", "cat", "dan"];
    let groups = [
        group("g-1", "chemistry", &["u-ann"]),
        group("g-2", "physics", &["u-dan"]),
    ];
    tree.provide(&document(&people(&names), &groups));
    let silent = "ben|physics";
    let dry = run(&tree, silent, "sync users --dry-run --format json").expect(3);
    let refused = [("ben", "not-seen"), ("cat", "known-elsewhere")];
    assert_eq!(
        dry.refused(),
        refused.map(|(who, why)| (who.to_owned(), why.to_owned()))
    );
    let ran = run(&tree, silent, "-q sync users").expect(3);
    assert_eq!(
        ran.err.matches("getent passwd failed: no answer").count(),
        1,
        "{ran:?}"
    );
    assert_eq!(there(&tree, "etc/passwd"), ["ann", "dan"]);
    let dry = run(&tree, silent, "sync groups --dry-run --format json").expect(3);
    let refused = ("physics".to_owned(), "not-seen".to_owned());
    assert_eq!(dry.refused(), [refused]);
    run(&tree, silent, "-q sync groups").expect(3);
    let groups = there(&tree, "etc/group");
    assert!(groups.contains(&"chemistry".to_owned()) && !groups.contains(&"physics".to_owned()));
    // When it answers again, the next run does the rest.
    run(&tree, "nobody", "-q sync users").expect(0);
    run(&tree, "nobody", "-q sync groups").expect(0);
    assert_eq!(there(&tree, "etc/passwd"), ["ann", "dan", "ben"]);
}

#[test]
fn where_none_answers_who_is_known_goes_on_and_the_cause_is_told_once() {
    let tree = host();
    tree.provide(&document(&people(&["ann", "ben"]), &[]));
    run(&tree, "nobody", "-q sync users").expect(0);
    let mut users = people(&["ann", "ben", "dan", "eve", "fay"]);
    users[0]["name"] = json!("Another");
    users[1]["active"] = json!(false);
    tree.provide(&document(&users, &[]));
    let ran = run(&tree, "*", "-q sync users").expect(3);
    assert_eq!(
        ran.err.matches("no answer").count(),
        1,
        "one cause, told once: {ran:?}"
    );
    assert!(ran.err.contains("x 3 refused: "), "{ran:?}");
    assert!(ran.err.contains(": dan, eve, fay\n"), "{ran:?}");
    assert!(tree.read("etc/passwd").contains(":Another:"));
    assert!(tree.read("etc/shadow").contains("\nben:!"));
    // Who is asked about is who would get something.
    users.truncate(2);
    tree.provide(&document(&users, &[]));
    run(&tree, "*", "-q sync users").expect(0);
    // Without nsswitch.conf nobody can say which services there are.
    tree.provide(&document(&people(&["ann", "ben", "dan"]), &[]));
    let text = "rm /etc/nsswitch.conf; mkdir /etc/nsswitch.conf; exec $GOSYNC -q sync users";
    Ran::from(script(&tree, text).output().unwrap()).expect(3);
    assert_eq!(there(&tree, "etc/passwd"), ["ann", "ben"]);
}
