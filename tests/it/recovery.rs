//! The recipes of docs/recovery.md, one after the other. What becomes of a ledger that is lost, emptied, damaged, old or
//! another host's, and of a trial, `ledger` tests.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::manifest::Tree;
use crate::scratch::ScratchHost;

const ANCHOR: &str = "root/etc/gosync/anchor";

fn people(names: &[&str]) -> String {
    let person = |name: &&str| format!(r#"{{"id": "u-{name}", "login": "{name}"}}"#);
    let people: Vec<String> = names.iter().map(person).collect();
    format!(r#"{{"users": [{}], "groups": []}}"#, people.join(", "))
}

fn host(names: &[&str]) -> ScratchHost {
    let world = ScratchHost::new(&Tree::base());
    world.write("directory.json", &people(names));
    world.ok("-q sync users");
    world
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    let status = Command::new("cp")
        .arg("-a")
        .args([from, to])
        .status()
        .unwrap();
    assert!(status.success());
}

/// Everything of a host but its name.
fn copy_host(from: &ScratchHost, to: &ScratchHost) {
    copy(&from.root(), &to.root());
}

fn uid(world: &ScratchHost, name: &str) -> Option<String> {
    let passwd = fs::read_to_string(world.dir().join("root/etc/passwd")).unwrap();
    let line = passwd
        .lines()
        .find(|line| line.starts_with(&format!("{name}:")))?;
    Some(line.split(':').nth(2).unwrap().to_owned())
}

/// The run that makes again what was removed by hand.
fn restore_all(world: &ScratchHost) {
    let text =
        "[accounts]\ndeleted_by_hand = \"restore\"\n[groups]\ndeleted_by_hand = \"restore\"\n";
    world.write("restore.toml", text);
    let config = world.config().to_str().unwrap().to_owned();
    world.ok(&format!("-q -f {config} -f restore.toml sync users"));
}

#[test]
fn a_host_that_is_moved_goes_on() {
    let (old, new) = (host(&["ann", "bob"]), ScratchHost::new(&Tree::base()));
    copy_host(&old, &new);
    new.write("directory.json", &people(&["ann", "bob"]));
    let said = new.ok("sync users -n");
    assert!(said.contains("nothing to do, 2 unchanged"), "{said}");
    new.write("directory.json", &people(&["ann", "bob", "cy"]));
    new.ok("-q sync users");
    assert_eq!(uid(&new, "cy").unwrap(), "20002");
}

#[test]
fn a_host_of_last_week_gives_the_numbers_of_this_week_to_whom_they_belong() {
    let world = host(&["ann"]);
    copy(&world.root(), &world.dir().join("last-week"));
    world.write("directory.json", &people(&["ann", "zoe"]));
    world.ok("-q sync users");
    world.ok("-q ledger backup elsewhere");
    copy(&world.dir().join("last-week"), &world.root());
    // Somebody whose id comes first would get the number by now.
    world.write("directory.json", &people(&["ann", "bob", "zoe"]));
    let answer = world.gosync(&["ledger", "restore", "elsewhere"]).expect(1);
    assert!(answer.err.contains("--force"), "{answer:?}");
    let told = world
        .gosync(&["--force", "ledger", "restore", "elsewhere"])
        .expect(0);
    assert!(
        told.err.contains("in the copy and not on this host: zoe"),
        "{told:?}"
    );
    restore_all(&world);
    assert_eq!(
        (
            uid(&world, "zoe").unwrap().as_str(),
            uid(&world, "bob").unwrap().as_str()
        ),
        ("20001", "20002")
    );
}

#[test]
fn an_etc_that_was_put_back_by_itself_gets_its_accounts_again() {
    let world = host(&["ann"]);
    copy(&world.dir().join("root/etc"), &world.dir().join("etc"));
    world.write("directory.json", &people(&["ann", "bob"]));
    world.ok("-q sync users");
    copy(&world.dir().join("etc"), &world.dir().join("root/etc"));
    let told = world.gosync(&["sync", "users"]).expect(0);
    assert!(
        told.err
            .contains("etc/gosync/anchor was older than the ledger"),
        "{told:?}"
    );
    assert_eq!(uid(&world, "bob"), None);
    restore_all(&world);
    assert_eq!(uid(&world, "bob").unwrap(), "20001");
    let again = world.gosync(&["sync", "users"]).expect(0);
    assert!(
        again.out.contains("nothing to do") && again.err.is_empty(),
        "{again:?}"
    );
}

#[test]
fn two_hosts_with_one_ledger_are_told_with_each_run() {
    let (one, two) = (host(&["ann"]), host(&["ann"]));
    // The second is a copy of the first, and works with its ledger.
    copy_host(&one, &two);
    let state = one.dir().join("root/var/lib/gosync");
    let run = |host: &ScratchHost, names: &[&str]| {
        copy(&state, &host.dir().join("root/var/lib/gosync"));
        host.write("directory.json", &people(names));
        let answer = host.gosync(&["sync", "users"]);
        copy(
            &host.dir().join("root/var/lib/gosync"),
            &one.dir().join("shared"),
        );
        answer
    };
    one.write("directory.json", &people(&["ann", "bob"]));
    one.ok("-q sync users");
    let told = run(&two, &["ann", "bob"]);
    assert!(
        told.err.contains("or another host uses this ledger too"),
        "{told:?}"
    );
}

#[test]
fn an_image_that_holds_the_anchor_alone_is_refused_until_it_begins_anew() {
    let (image, clone) = (host(&["ann"]), ScratchHost::new(&Tree::base()));
    clone.shell("mkdir -p root/etc/gosync");
    fs::copy(image.dir().join(ANCHOR), clone.dir().join(ANCHOR)).unwrap();
    clone.write("directory.json", &people(&["zoe"]));
    let answer = clone.gosync(&["sync", "users"]).expect(1);
    assert!(answer.err.contains("--new-ledger"), "{answer:?}");
    clone.ok("sync users --new-ledger");
    assert_eq!(
        uid(&clone, "zoe").unwrap(),
        "20001",
        "20000 may be somebody's, on a file server that both use"
    );
    clone.ok("sync users");
}

#[test]
fn a_clone_gets_a_ledger_of_its_own() {
    let (one, clone) = (host(&["ann"]), ScratchHost::new(&Tree::base()));
    copy_host(&one, &clone);
    clone.write("directory.json", &people(&["ann"]));
    let ledger = |host: &ScratchHost| {
        let anchor = fs::read_to_string(host.dir().join(ANCHOR)).unwrap();
        let line = anchor.lines().find(|line| line.starts_with("ledger = "));
        line.unwrap().to_owned()
    };
    assert_eq!(ledger(&one), ledger(&clone));
    clone.shell("cd root/var/lib/gosync; rm -rf ledger.sqlite copies");
    clone.gosync(&["ledger", "rebuild"]).expect(0);
    assert_ne!(ledger(&one), ledger(&clone));
    clone.write("directory.json", &people(&["ann", "bob"]));
    clone.ok("-q sync users");
    assert_eq!(uid(&clone, "bob").unwrap(), "20001");
}

#[test]
fn what_was_done_is_undone_and_not_without_the_ledger_that_knows_it() {
    let world = host(&["ann"]);
    world.ok("-q ledger backup before");
    world.write("directory.json", &people(&["ann", "bob"]));
    world.ok("-q sync users");
    world.ok("undo 2 -n");
    world.shell("rm root/var/lib/gosync/ledger.sqlite");
    world.gosync(&["ledger", "restore", "before"]).expect(0);
    let answer = world.gosync(&["undo", "2"]).expect(2);
    assert!(answer.err.contains("no run 2 is remembered"), "{answer:?}");
}

#[test]
fn gosync_is_taken_off_a_host_and_the_accounts_stay() {
    let world = host(&["ann", "bob"]);
    world.ok("-q release ann bob");
    world.shell("rm -r root/var/lib/gosync root/etc/gosync root/run/gosync");
    assert!(uid(&world, "ann").is_some() && uid(&world, "bob").is_some());
    // Whoever tries it again begins anew.
    let said = world.gosync(&["sync", "users", "-n"]);
    assert_ne!(said.code, Some(1), "{said:?}");
}

#[test]
fn primary_groups_that_the_provider_names_are_owned_again_after_the_ledger_is_lost() {
    let world = ScratchHost::new(&Tree::base());
    let config = fs::read_to_string(world.config()).unwrap();
    world.write(
        "gosync.toml",
        &format!("{config}[accounts]\nprimary_group = \"provider\"\n"),
    );
    let person =
        |n: u32, login: &str| format!(r#"{{"id": "u-{n}", "login": "{login}", "gid": 60001}}"#);
    let group = r#"{"id": "g-1", "name": "staff-x", "gid": 60001, "members": [{"user": "u-1"}]}"#;
    let people = [person(1, "ann"), person(2, "bob")].join(", ");
    world.write(
        "directory.json",
        &format!(r#"{{"users": [{people}], "groups": [{group}]}}"#),
    );
    let pristine = world.dir().join("pristine");
    copy(&world.root(), &pristine);
    for command in [
        &["ledger", "rebuild"][..],
        &["adopt", "--all"],
        &["adopt", "ann", "bob", "staff-x"],
    ] {
        copy(&pristine, &world.root());
        world.ok("-q sync users");
        world.ok("-q sync groups");
        world.shell("rm -r root/var/lib/gosync");
        if command[0] == "adopt" {
            world.shell("rm -r root/etc/gosync");
        }
        world.gosync(command).expect(0);
        let again = world.gosync(&["sync", "groups"]).expect(0);
        assert!(
            again.out.contains("nothing to do"),
            "{command:?}: {again:?}"
        );
    }
}

#[test]
fn every_recipe_has_its_commands_in_the_page() {
    let page = crate::text("docs/recovery.md");
    for command in [
        "ledger backup",
        "ledger verify",
        "ledger restore",
        "ledger rebuild",
        "sync users --new-ledger",
        "undo 17",
        "ledger reset",
        "release NAME",
    ] {
        assert!(page.contains(&format!("gosync {command}")), "{command}");
    }
}
