//! Changes by hand, by the tools that people use; what was there before gosync, and is there after it; and runs that are
//! killed while they adopt, give back, and change members of the host's own groups.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use serde_json::{Value, json};

use crate::interruptions::{kill_and_overtake_in, kill_from, kill_the_recovery_in};
use crate::life::manual_edits::{Deed, does};
use crate::namespace::{check, run, sound_tree};
use crate::scenarios::{KEYS, Scenario, prepare};
use crate::small_host::{Database, SmallHost, document, group, person};

fn people() -> Vec<Value> {
    vec![
        person("u-1", "alice", "Alice", true),
        person("u-2", "bob", "Bob", true),
        person("u-3", "carol", "Carol", true),
    ]
}

fn teams(physics: &[&str]) -> Value {
    document(&people(), &[group("g-1", "physics", physics)])
}

/// A host with three accounts of gosync's and a group of the first two.
fn host(more: &str) -> SmallHost {
    let tree = sound_tree(Database::Etc);
    tree.write("etc/shells", "/bin/sh\n/bin/bash\n/bin/dash\n", 0o644, 0);
    tree.configure(more);
    tree.provide(&teams(&["u-1", "u-2"]));
    run(&tree, "$GOSYNC sync users; $GOSYNC sync groups");
    tree
}

/// The line of `name` in a file of `/etc`.
fn line(tree: &SmallHost, file: &str, name: &str) -> String {
    let text = tree.read(&format!("etc/{file}"));
    let found = text
        .lines()
        .find(|line| line.starts_with(&format!("{name}:")));
    found.unwrap_or_default().to_owned()
}

/// All that hands do to accounts and groups, each by its tool.
const HANDS: &str = "chsh -s /bin/dash alice\nchfn -f Al -r 'Room 7' alice\nusermod -d /srv alice\n\
    passwd -q -l bob\nchage -E 2031-02-03 bob\n\
    gpasswd -d alice physics\ngpasswd -a admin physics\n";

#[test]
fn what_tools_change_is_told_and_undone_but_for_what_may_stay() {
    let tree = host("");
    let config = std::fs::read_to_string(tree.config()).unwrap();
    std::fs::write(
        tree.config(),
        config.replace("[accounts]\n", "[accounts]\nkeep_local = [\"shell\"]\n"),
    )
    .unwrap();
    run(&tree, HANDS);
    let drift = run(
        &tree,
        "$GOSYNC -q drift; $GOSYNC -q drift --exit-code || test $? = 4",
    );
    for told in [
        "account alice gecos \"Alice\", found \"Al,Room 7,,\": is undone",
        "account alice home \"/home/alice\", found \"/srv\": is undone",
        "account alice shell \"/bin/bash\", found \"/bin/dash\": stays",
        "account bob lock \"open\", found \"locked\": is undone",
        "account bob expiry \"never\", found \"2031-02-03\": is undone",
        "group physics added admin: stays",
        "group physics taken out alice: is undone",
    ] {
        assert!(drift.out.contains(told), "{told}: {}", drift.out);
    }
    let ran = run(&tree, "$GOSYNC sync users; $GOSYNC sync groups");
    for told in [
        "alice: gets its gecos back",
        "alice: gets its home back",
        "alice: keeps the shell",
        "bob: is opened again",
        "bob: gets its expiry back",
        "physics: gets back who was taken out by hand: alice",
    ] {
        assert!(ran.out.contains(told), "{told}: {}", ran.out);
    }
    assert!(line(&tree, "passwd", "alice").ends_with(":Alice:/home/alice:/bin/dash"));
    assert!(
        line(&tree, "shadow", "bob").starts_with("bob:*:")
            && line(&tree, "shadow", "bob").ends_with(":::")
    );
    assert_eq!(
        line(&tree, "group", "physics"),
        "physics:x:60000:bob,admin,alice"
    );
    assert_eq!(
        line(&tree, "gshadow", "physics"),
        "physics:!::bob,admin,alice"
    );
    // What the provider revokes goes, and what the admin added stays.
    tree.provide(&teams(&[]));
    run(&tree, "$GOSYNC sync groups");
    assert_eq!(line(&tree, "group", "physics"), "physics:x:60000:admin");
    check(&tree);
}

fn told(of: &str, reason: &str) -> (String, String) {
    (of.to_owned(), reason.to_owned())
}

#[test]
fn what_may_stay_stays_and_what_was_deleted_comes_back_if_so_configured() {
    let keep =
        "[gosync]\n[groups]\ndeleted_by_hand = \"restore\"\ntaken_out_by_hand = \"report\"\n";
    let tree = host(keep);
    let config = std::fs::read_to_string(tree.config()).unwrap();
    let accounts = "[accounts]\nkeep_local = [\"gecos\", \"home\", \"shell\", \"lock\", \"expiry\"]\ndeleted_by_hand = \"restore\"\n";
    std::fs::write(tree.config(), config.replace("[accounts]\n", accounts)).unwrap();
    run(&tree, HANDS);
    let before: Vec<String> = ["alice", "bob"]
        .iter()
        .map(|name| line(&tree, "passwd", name))
        .collect();
    let shadow = line(&tree, "shadow", "bob");
    let dry = run(&tree, "$GOSYNC sync groups -n --format json");
    assert_eq!(dry.remarks(), [told("physics", "members-stay-out")]);
    run(&tree, "$GOSYNC sync users; $GOSYNC sync groups");
    assert_eq!(
        ["alice", "bob"]
            .map(|name| line(&tree, "passwd", name))
            .to_vec(),
        before
    );
    assert_eq!(line(&tree, "shadow", "bob"), shadow);
    assert_eq!(line(&tree, "group", "physics"), "physics:x:60000:bob,admin");
    let (carol, subids) = (
        line(&tree, "passwd", "carol"),
        line(&tree, "subuid", "carol"),
    );
    run(&tree, "userdel carol; groupdel physics");
    assert_eq!(line(&tree, "passwd", "carol"), "");
    let dry = run(&tree, "$GOSYNC sync users -n --format json");
    assert!(
        dry.remarks().contains(&told("carol", "made-again")),
        "{dry:?}"
    );
    run(&tree, "$GOSYNC sync users; $GOSYNC sync groups");
    assert_eq!(
        (
            line(&tree, "passwd", "carol"),
            line(&tree, "subuid", "carol")
        ),
        (carol, subids)
    );
    assert!(line(&tree, "group", "physics").starts_with("physics:x:60000:"));
    check(&tree);
    let again = run(&tree, "$GOSYNC sync users");
    assert!(again.out.contains("nothing to do"), "{}", again.out);
}

#[test]
fn an_account_of_useradds_is_adopted_and_given_back_with_nothing_else_changed() {
    let tree = host("");
    run(
        &tree,
        "useradd -m -u 1750 -U -c 'Dora' -s /bin/sh dora; usermod -p '$6$a$b' dora; chage -E 2031-02-03 dora\n\
         groupadd -g 1800 lab; gpasswd -a dora lab; gpasswd -a admin lab; useradd -m -G sudo eve",
    );
    let mut all = people();
    all.extend([
        person("u-4", "dora.d", "Dora", true),
        person("u-5", "eve", "Eve", true),
    ]);
    tree.provide(&document(
        &all,
        &[
            group("g-1", "physics", &["u-1"]),
            group("g-2", "lab", &["u-4", "u-3"]),
        ],
    ));
    tree.save("before");
    let files = ["passwd", "shadow", "group", "gshadow", "subuid", "subgid"];
    let read = || files.map(|name| tree.read(&format!("etc/{name}")));
    let before = read();
    let eve = tree.gosync(&["adopt", "eve"]).expect(1);
    assert!(
        eve.err
            .contains("`eve` is in the group `sudo`, which grants power"),
        "{eve:?}"
    );
    run(&tree, "$GOSYNC adopt dora --as dora.d --dry-run");
    assert_eq!(read(), before);
    run(&tree, "$GOSYNC adopt dora --as dora.d; $GOSYNC adopt lab");
    let mut wanted = before.clone();
    for list in &mut wanted[2..4] {
        *list = list.replace("dora,admin\n", "dora,admin,carol\n");
    }
    assert_eq!(read(), wanted);
    // It follows the provider now, and opens again as it was.
    all[3]["active"] = json!(false);
    tree.provide(&document(&all, &[group("g-1", "physics", &["u-1", "u-2"])]));
    run(&tree, "$GOSYNC sync users");
    assert!(
        line(&tree, "shadow", "dora").starts_with("dora:!$6$a$b:")
            && line(&tree, "shadow", "dora").ends_with(":1:")
    );
    all[3]["active"] = json!(true);
    tree.provide(&document(&all, &[group("g-1", "physics", &["u-1", "u-2"])]));
    run(&tree, "$GOSYNC sync users");
    assert_eq!(read(), wanted);
    run(
        &tree,
        "$GOSYNC release dora lab; $GOSYNC sync users; $GOSYNC sync groups",
    );
    assert_eq!(read(), wanted);
    check(&tree);
}

#[test]
fn the_limit_of_a_privileged_group_counts_who_comes() {
    let mapped =
        "[groups]\nlocal_map = { \"physics\" = { group = \"sudo\", privileged = true } }\n";
    let tree = host(mapped);
    assert_eq!(line(&tree, "group", "sudo"), "sudo:x:27:admin,alice,bob");
    let mut all = people();
    all.extend((10..16).map(|n| person(&format!("u-{n}"), &format!("p{n}"), "", true)));
    let members = |to: usize| -> Vec<String> {
        all[..to]
            .iter()
            .map(|p| p["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let provide = |to: usize| {
        let members = members(to);
        let members: Vec<&str> = members.iter().map(String::as_str).collect();
        tree.provide(&document(&all, &[group("g-1", "physics", &members)]));
    };
    provide(9);
    tree.gosync(&["sync", "users"]).expect(0);
    let refused = tree.gosync(&["sync", "groups"]).expect(10);
    assert!(
        refused
            .err
            .contains("7 members of sudo would come in this run, and at most 3 may"),
        "{refused:?}"
    );
    provide(5);
    tree.gosync(&["sync", "groups"]).expect(0);
    provide(7);
    let refused = tree.gosync(&["sync", "groups"]).expect(10);
    assert!(
        refused
            .err
            .contains("7 members of sudo would have come in 24 hours"),
        "{refused:?}"
    );
    assert_eq!(
        line(&tree, "group", "sudo"),
        "sudo:x:27:admin,alice,bob,carol,p10,p11"
    );
    let digest = refused
        .err
        .split("--approve ")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .to_owned();
    tree.gosync(&["sync", "groups", "--approve", &digest])
        .expect(0);
    tree.gosync(&["-q", "sync", "groups"]).expect(0);
}

/// A host with an account and a group that gosync does not own, and what the provider has of these names.
pub fn with_locals(
    database: Database,
    run: &'static [&'static str],
    first: &[&str],
) -> (SmallHost, Scenario) {
    let mut all = people();
    all.push(person("u-4", "dora", "Dora D", true));
    let history = vec![document(&people(), &[])];
    let now = document(&all, &[group("g-2", "lab", &["u-4", "u-1"])]);
    let scenario = Scenario {
        name: "changing what was there",
        history,
        now,
        run,
    };
    let tree = prepare(&scenario, database);
    for (file, line) in [
        ("passwd", "dora:x:1750:1750:Dora:/home/dora:/bin/sh\n"),
        ("shadow", "dora:*:20000:0:99999:7:::\n"),
        ("group", "dora:x:1750:\nlab:x:1800:dora,local\n"),
        ("gshadow", "dora:!::\nlab:!::dora,local\n"),
    ] {
        if database.files().contains(&file) {
            let path = tree.path(&database.file(file));
            let mut bytes = std::fs::read(&path).unwrap();
            bytes.splice(0..0, line.bytes());
            std::fs::write(&path, bytes).unwrap();
        }
    }
    if !first.is_empty() {
        tree.gosync(first).expect(0);
    }
    tree.save("before");
    (tree, scenario)
}

#[test]
fn killed_while_it_adopts_and_gives_back() {
    for database in [Database::Etc, Database::Extrausers] {
        for (run, first) in [
            (&["adopt", "dora"][..], &[][..]),
            (&["adopt", "lab"], &[]),
            (&["adopt", "--all"], &[]),
            (&["release", "dora"], &["adopt", "dora"]),
            (&["release", "lab"], &["adopt", "lab"]),
        ] {
            let (tree, scenario) = with_locals(database, run, first);
            kill_from(&tree, &scenario, &run.join(" "));
        }
    }
}

#[test]
fn killed_while_it_changes_members_of_the_hosts_own_groups() {
    for database in [Database::Etc, Database::Extrausers] {
        let (tree, scenario) = with_locals(database, &["sync", "groups"], &[]);
        tree.configure("[groups]\nlocal_map = { \"lab\" = \"lab\" }\n");
        tree.gosync(&["sync", "groups"]).expect(0);
        assert!(
            tree.read(&database.file("group"))
                .contains("lab:x:1800:dora,local,alice\n")
        );
        tree.provide(&document(&people(), &[group("g-2", "lab", &["u-2"])]));
        tree.save("before");
        kill_from(&tree, &scenario, "local_map");
    }
}

/// Two accounts with keys were deleted by hand, and come back; one of them was renamed before, and kept its home.
/// `homeless`: their homes were deleted with them.
pub fn deleted(database: Database, homeless: bool) -> (SmallHost, Scenario) {
    let [first, now] = ["alice", "alicia"].map(|login| {
        let mut all = people();
        all[0]["login"] = json!(login);
        for (person, key) in all.iter_mut().zip(KEYS) {
            person["ssh_keys"] = json!([key]);
        }
        document(&all, &[group("g-1", "physics", &["u-1", "u-2"])])
    });
    let scenario = Scenario {
        name: "restoring",
        history: vec![first, now.clone()],
        now,
        run: &["sync", "users"],
    };
    let tree = prepare(&scenario, database);
    let config = std::fs::read_to_string(tree.config()).unwrap();
    let restore = "deleted_by_hand = \"restore\"\n";
    let config = config.replace(
        "[target.host]",
        &format!("{restore}[groups]\n{restore}[target.host]"),
    );
    std::fs::write(tree.config(), config).unwrap();
    for (name, home) in [("alicia", "alice"), ("bob", "bob")] {
        does(&tree, &Deed::Delete(name.to_owned()));
        if homeless {
            std::fs::remove_dir_all(tree.path(&format!("home/{home}"))).unwrap();
            std::fs::remove_file(tree.path(&format!("etc/ssh/authorized_keys.d/{name}"))).unwrap();
        }
    }
    tree.save("before");
    (tree, scenario)
}

#[test]
fn killed_while_it_restores_what_was_deleted_by_hand() {
    for (database, homeless) in [(Database::Etc, true), (Database::Extrausers, false)] {
        let (tree, scenario) = deleted(database, homeless);
        let passwd = tree.read(&database.file("passwd"));
        tree.gosync(scenario.run).expect(0);
        let found = tree.read(&database.file("passwd"));
        let back: Vec<&str> = found
            .lines()
            .filter(|line| !passwd.lines().any(|old| old == *line))
            .collect();
        let expected = [
            "alicia:x:20000:20000:Alice:/home/alice:/bin/bash",
            "bob:x:20001:20001:Bob:/home/bob:/bin/bash",
        ];
        assert_eq!(back, expected);
        assert_eq!(tree.path("home/alice/thesis").exists(), !homeless);
        assert!(tree.read("etc/ssh/authorized_keys.d/bob").contains(KEYS[1]));
        tree.restore("before");
        let what = if homeless {
            "restoring accounts without homes"
        } else {
            "restoring accounts"
        };
        kill_from(&tree, &scenario, what);
    }
}

#[test]
fn killed_while_it_makes_up_for_an_interrupted_restoration() {
    let (tree, scenario) = deleted(Database::Etc, true);
    kill_the_recovery_in(&tree, &scenario);
}

#[test]
fn killed_while_it_restores_accounts_and_overtaken_by_another_program() {
    let (tree, scenario) = deleted(Database::Etc, true);
    kill_and_overtake_in(&tree, &scenario);
}

#[test]
fn killed_while_it_restores_a_group_that_was_deleted_by_hand() {
    for database in [Database::Etc, Database::Extrausers] {
        let (tree, mut scenario) = deleted(database, false);
        scenario.run = &["sync", "groups"];
        tree.gosync(&["sync", "users"]).expect(0);
        does(&tree, &Deed::Delete("physics".to_owned()));
        tree.save("before");
        tree.gosync(scenario.run).expect(0);
        assert!(
            tree.read(&database.file("group"))
                .contains("physics:x:60000:alicia,bob\n")
        );
        tree.restore("before");
        kill_from(&tree, &scenario, "restoring a group");
    }
}
