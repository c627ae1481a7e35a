//! `database = "nss_cache"`, with the real libnss-cache: what it finds by index, and what it finds where it holds an index
//! that is older than the file.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use serde_json::Value;

use crate::namespace::{run, script, sound_tree};
use crate::same_as_useradd::need_the_module;
use crate::scratch::Ran;
use crate::small_host::{Database, SmallHost, document, group, person};

fn tree() -> SmallHost {
    need_the_module(Database::NssCache);
    sound_tree(Database::NssCache)
}

fn crowd(count: usize) -> Vec<Value> {
    let one = |n: usize| {
        let name = format!("Person number {n}{}", "x".repeat(n % 7));
        person(&format!("u-{n:04}"), &format!("p{n}"), &name, true)
    };
    (0..count).map(one).collect()
}

#[test]
fn a_thousand_people_are_found_by_index() {
    let tree = tree();
    tree.configure("[limits]\nmax_additions = 2000\n");
    let people = crowd(1000);
    tree.provide(&document(
        &people,
        &[group("g-1", "physics", &["u-0007", "u-0999"])],
    ));
    run(&tree, "$GOSYNC sync");
    let ask = |question: &str| run(&tree, question).out;
    let all = "i=0; while [ $i -lt 1000 ]; do echo p$i; i=$((i + 1)); done";
    for (database, field) in [("passwd", 3), ("group", 3), ("shadow", 0)] {
        let names = format!("getent {database} $({all})");
        assert_eq!(
            ask(&format!("{names} | grep -c '^p'")),
            "1000\n",
            "{database}"
        );
        if field > 0 {
            let ids = format!("{names} | cut -d: -f{field}");
            assert_eq!(
                ask(&format!("getent {database} $({ids}) | grep -c '^p'")),
                "1000\n"
            );
        }
    }
    assert_eq!(
        ask("getent passwd p500 | cut -d: -f1,5"),
        "p500:Person number 500xxx\n"
    );
    assert_eq!(ask("id -Gn p7"), "p7 physics\n");
    assert_eq!(
        ask("getent passwd local"),
        "local:x:1500:1500:Local:/home/local:/bin/sh\n"
    );
    assert_eq!(ask("getent passwd nobody-at-all || echo $?"), "2\n");
    // What is in the file and not in the index is not there: it was the index that was asked.
    let cut = "cd /etc; for f in ixname ixuid; do head -n 3 passwd.cache.$f > x; cat x > passwd.cache.$f; done; rm x";
    assert_eq!(ask(&format!("{cut}; getent passwd p500 || echo $?")), "2\n");
    // An index that is older than its file is not believed.
    let old = "touch -d 2001-01-01 /etc/passwd.cache.ixname; getent passwd p500 | cut -d: -f1";
    assert_eq!(ask(old), "p500\n");
}

/// Asks for each of `keys` by itself, where the index of the generation before is beside the present file, and no older.
fn ask_with_the_old_index(
    tree: &SmallHost,
    database: &str,
    suffix: &str,
    keys: &[String],
) -> Vec<Ran> {
    let mix = format!(
        "cd /etc/nss_cache.gosync; set -- $(ls -d g* | sort -V | tail -n 2)
         rm -rf /run/mixed; cp -a $2 /run/mixed; cp $1/{database}.cache.{suffix} /run/mixed
         mount --bind /run/mixed $2; test $(readlink /etc/nss_cache) = nss_cache.gosync/$2"
    );
    let ask = |key: &String| {
        let text = format!("set -e\n{mix}\nexec getent -s cache {database} {key}");
        Ran::from(script(tree, &text).output().unwrap())
    };
    keys.iter().map(ask).collect()
}

#[test]
fn a_reader_with_the_index_of_before_sees_whole_entries_or_none() {
    let tree = tree();
    let names = ["alice", "malice", "ice", "bob", "carol", "dave"];
    let people = |names: &[&str], more: &str| {
        let one = |name: &&str| person(&format!("u-{name}"), name, &format!("{name}{more}"), true);
        document(&names.iter().map(one).collect::<Vec<_>>(), &[])
    };
    tree.provide(&people(&names, ""));
    run(&tree, "$GOSYNC sync users");
    let before = run(&tree, "getent -s cache passwd").out;
    let keys: Vec<String> = before
        .lines()
        .flat_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            [fields[0].to_owned(), fields[2].to_owned()]
        })
        .collect();
    let changes = [
        ("$GOSYNC sync users", people(&names, "s are many")),
        ("$GOSYNC sync users", people(&names, "")),
        ("$GOSYNC deluser --force alice", people(&names[1..], "")),
        (
            "$GOSYNC deluser --force dave carol bob",
            people(&names[1..3], ""),
        ),
        ("$GOSYNC sync users", people(&names[1..3], " again")),
    ];
    for (command, document) in changes {
        tree.provide(&document);
        run(&tree, command);
        let now = run(&tree, "getent -s cache passwd").out;
        for (suffix, is_number) in [("ixname", false), ("ixuid", true)] {
            let is_number = |key: &&String| key.parse::<u32>().is_ok() == is_number;
            let keys: Vec<String> = keys.iter().filter(is_number).cloned().collect();
            for (key, ran) in keys
                .iter()
                .zip(ask_with_the_old_index(&tree, "passwd", suffix, &keys))
            {
                let wanted = now.split_inclusive('\n').find(|line| {
                    let mut fields = line.split(':');
                    fields.next() == Some(key) || fields.nth(1) == Some(key)
                });
                assert_eq!(
                    ran.out,
                    wanted.unwrap_or_default(),
                    "{command}: {key}: {ran:?}"
                );
                assert_eq!(
                    ran.code,
                    Some(if wanted.is_some() { 0 } else { 2 }),
                    "{command}: {key}: {ran:?}"
                );
            }
        }
    }
}

#[test]
fn an_offset_behind_the_last_entry_is_what_the_reader_falls_over() {
    let tree = tree();
    let text = "printf 'a:x:20000:20000::/:/bin/sh\\n' > /etc/passwd.cache
        printf 'a\\0000\\000\\nb\\00031\\000\\n' > /etc/passwd.cache.ixname; getent -s cache passwd b";
    let ran = Ran::from(script(&tree, text).output().unwrap());
    assert!(
        !matches!(ran.code, Some(0 | 2)),
        "it need not be cared for any more: {ran:?}"
    );
}

#[test]
fn nobody_is_missed_while_generations_change() {
    let tree = tree();
    let document = |round: usize| {
        let people = crowd(40 + round % 3 * 20);
        let long = person("u-a", "a", &"a".repeat(1 + round % 5 * 9), true);
        let always = person("u-z", "zoe", "Zoe", true);
        document(&[vec![long], people, vec![always]].concat(), &[])
    };
    tree.configure("[limits]\nmax_additions = 2000\n");
    tree.provide(&document(0));
    run(&tree, "$GOSYNC sync users");
    let uid = run(&tree, "getent passwd zoe | cut -d: -f3").out;
    let ask = format!(
        "while [ ! -e /run/stop ]; do for key in zoe {}; do
         getent -s cache passwd $key | grep -q '^zoe:x:' || {{ echo missed $key; }}; done; echo asked; done",
        uid.trim()
    );
    let asking = script(&tree, &ask)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    for round in 1..12 {
        tree.provide(&document(round));
        run(&tree, "$GOSYNC sync users");
    }
    tree.write("run/stop", "", 0o644, 0);
    let said = Ran::from(asking.wait_with_output().unwrap()).out;
    assert!(
        said.contains("asked\n") && !said.contains("missed"),
        "{said}"
    );
}

#[test]
fn what_nsscache_left_stays_and_is_taken_over() {
    let tree = tree();
    // Its indexes of another time do not lead gosync, nor the readers afterwards, astray.
    for index in [
        "passwd.cache.ixname",
        "passwd.cache.ixuid",
        "group.cache.ixgid",
    ] {
        tree.write(&format!("etc/{index}"), "local\u{0}9999\u{0}\n", 0o644, 0);
    }
    let people = [person("u-1", "alice", "Alice", true)];
    tree.provide(&document(&people, &[]));
    run(&tree, "$GOSYNC sync users");
    let ask = |question: &str| run(&tree, question).out;
    let links = "cd /etc; for f in group.cache* passwd.cache* shadow.cache*; do readlink $f; done";
    let names = [
        "group.cache",
        "group.cache.ixgid",
        "group.cache.ixname",
        "passwd.cache",
        "passwd.cache.ixname",
        "passwd.cache.ixuid",
        "shadow.cache",
        "shadow.cache.ixname",
    ];
    let wanted: String = names.map(|name| format!("nss_cache/{name}\n")).concat();
    assert_eq!(ask(links), wanted);
    assert_eq!(
        ask("stat -Lc %U:%G:%a /etc/shadow.cache /etc/shadow.cache.ixname /etc/passwd.cache.ixuid"),
        "root:shadow:640\nroot:shadow:640\nroot:root:644\n"
    );
    assert_eq!(
        ask("getent -s cache passwd local 1500 alice | cut -d: -f1"),
        "local\nlocal\nalice\n"
    );
    // nsscache writes once more, over the link.
    let more = "cd /etc; { cat passwd.cache; echo 'dora:x:1600:1600::/:/bin/sh'; } > x; mv x passwd.cache; rm -f passwd.cache.ix*";
    run(&tree, more);
    let again = [people[0].clone(), person("u-2", "bob", "Bob", true)];
    tree.provide(&document(&again, &[]));
    assert!(ask("$GOSYNC sync users").contains("bob"));
    assert_eq!(
        ask("getent -s cache passwd dora local alice bob 1600 | cut -d: -f1"),
        "dora\nlocal\nalice\nbob\ndora\n"
    );
    assert_eq!(ask(links), wanted);
    let said = ask("$GOSYNC sync users");
    assert!(said.contains("nothing to do"), "{said}");
}
