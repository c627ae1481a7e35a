//! Targets that are made of what the host has: templates and snapshots.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::manifest::Tree;
use crate::scratch::{Ran, ScratchHost};
use crate::signer::signer;

pub(crate) const GRIDMAP: &str = "[target.gridmap]\nkind = \"template\"\npath = \"/etc/grid-mapfile\"\nline = '\"{id}\" {name}'\n";
pub(crate) const FLEET: &str = "[target.fleet]\nkind = \"snapshot\"\npath = \"/srv/fleet\"\n";

pub(crate) fn host(targets: &str, sections: &str) -> ScratchHost {
    let host = ScratchHost::new(&Tree::base());
    host.write(
        "gosync.toml",
        &format!(
            "[gosync]\ntargets = [\"host\", {targets}]\n[provider.p]\nkind = \"file\"\npath = \"directory.json\"\n{sections}"
        ),
    );
    fs::create_dir_all(host.root().join("srv/fleet")).unwrap();
    say(&host, &["ann", "bob"]);
    host
}

pub(crate) fn say(host: &ScratchHost, logins: &[&str]) {
    let person = |login: &&str| json!({"id": format!("/DC=org/CN={login}"), "login": login});
    let users: Vec<Value> = logins.iter().map(person).collect();
    let members: Vec<Value> = users
        .iter()
        .map(|user| json!({"user": user["id"]}))
        .collect();
    let groups = json!([{"id": "g", "name": "team", "members": members}]);
    host.write(
        "directory.json",
        &json!({"users": users, "groups": groups}).to_string(),
    );
}

pub(crate) fn sync(host: &ScratchHost, code: i32) -> Ran {
    host.gosync(&["sync"]).expect(code)
}

pub(crate) fn manifest(host: &ScratchHost) -> Value {
    serde_json::from_str(&host.read("srv/fleet/manifest.json")).unwrap()
}

#[test]
fn a_template_has_a_line_for_each_account_that_is_let_in() {
    let host = host("\"gridmap\"", GRIDMAP);
    let dry = host.gosync(&["sync", "-n"]).expect(0);
    assert!(!host.root().join("etc/grid-mapfile").exists(), "{dry:?}");
    sync(&host, 0);
    let both = "\"/DC=org/CN=ann\" ann\n\"/DC=org/CN=bob\" bob\n";
    assert_eq!(host.read("etc/grid-mapfile"), both);
    host.gosync(&["lock", "ann"]).expect(0);
    assert_eq!(
        host.read("etc/grid-mapfile"),
        "\"/DC=org/CN=bob\" bob\n",
        "at once, not with the next sync"
    );
    host.gosync(&["unlock", "ann"]).expect(0);
    assert_eq!(host.read("etc/grid-mapfile"), both);
}

#[test]
fn whoever_wrote_the_file_before_finds_it_again() {
    let host = host("\"gridmap\"", &format!("{GRIDMAP}header = \"# ours\"\n"));
    fs::write(host.root().join("etc/grid-mapfile"), "by hand\n").unwrap();
    let ran = sync(&host, 0);
    assert!(ran.err.contains("grid-mapfile.before-gosync"), "{ran:?}");
    assert_eq!(host.read("etc/grid-mapfile.before-gosync"), "by hand\n");
    assert!(
        host.read("etc/grid-mapfile")
            .starts_with("# ours\n\"/DC=org")
    );
    fs::write(host.root().join("etc/grid-mapfile"), "again\n").unwrap();
    let ran = sync(&host, 0);
    assert!(ran.err.contains("changed-by-hand"), "{ran:?}");
    assert_eq!(host.read("etc/grid-mapfile.before-gosync"), "by hand\n");
    assert_eq!(host.read("etc/grid-mapfile.changed-by-hand"), "again\n");
    assert!(host.read("etc/grid-mapfile").starts_with("# ours\n"));
    assert!(!sync(&host, 0).err.contains("by-hand"));
}

#[test]
fn the_first_file_of_others_stays_kept_though_nobody_remembers_it() {
    let host = host("\"gridmap\"", GRIDMAP);
    fs::write(host.root().join("etc/grid-mapfile"), "by hand\n").unwrap();
    sync(&host, 0);
    fs::remove_file(host.root().join("var/lib/gosync/targets.json")).unwrap();
    say(&host, &["ann", "bob", "cat"]);
    sync(&host, 0);
    assert_eq!(host.read("etc/grid-mapfile.before-gosync"), "by hand\n");
    assert_eq!(host.read("etc/grid-mapfile").lines().count(), 3);
}

#[test]
fn who_does_not_stand_as_gosync_made_them_is_told() {
    let host = host("\"gridmap\"", GRIDMAP);
    sync(&host, 0);
    let passwd = host.read("etc/passwd").replace(":20000:", ":31000:");
    fs::write(host.root().join("etc/passwd"), passwd).unwrap();
    let ran = sync(&host, 0);
    assert!(
        ran.err
            .contains("targets: accounts that do not stand on this host as gosync made them"),
        "{ran:?}"
    );
}

#[test]
fn one_that_cannot_be_written_for_a_while_holds_up_nothing_and_is_right_after_it() {
    let host = host(
        "\"gridmap\", \"fleet\"",
        &format!("{GRIDMAP}{FLEET}").replace("/etc/grid-mapfile", "/etc/grid/mapfile"),
    );
    for n in 0..10 {
        let logins: Vec<String> = (0..n + 2).map(|n| format!("user{n}")).collect();
        say(
            &host,
            &logins.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        let ran = sync(&host, 3);
        assert!(ran.err.contains("not in step: gridmap"), "{ran:?}");
        assert!(host.read("etc/passwd").contains(&format!("user{}:", n + 1)));
        assert_eq!(manifest(&host)["users"], n + 2);
    }
    let status = host.gosync(&["status"]);
    assert!(
        status
            .out
            .contains("gridmap, not written yet; NOT IN STEP since"),
        "{status:?}"
    );
    let uids = host.read("etc/passwd");
    fs::create_dir(host.root().join("etc/grid")).unwrap();
    sync(&host, 0);
    assert_eq!(host.read("etc/grid/mapfile").lines().count(), 11);
    assert_eq!(host.read("etc/passwd"), uids, "no number is another one");
    assert!(!host.gosync(&["status"]).out.contains("NOT IN STEP"));
}

#[test]
fn a_run_that_finds_nothing_moved_leaves_them_and_sees_what_was_changed() {
    let mut host = host("\"gridmap\"", GRIDMAP);
    host.leaves_stamps = true;
    sync(&host, 0);
    std::thread::sleep(std::time::Duration::from_secs(3));
    sync(&host, 0);
    let unmoved = sync(&host, 0);
    assert_eq!(
        unmoved.out.matches("nothing has moved since").count(),
        2,
        "{unmoved:?}"
    );
    fs::remove_file(host.root().join("etc/grid-mapfile")).unwrap();
    let unmoved = sync(&host, 0);
    assert_eq!(
        unmoved.out.matches("nothing has moved since").count(),
        2,
        "it is nothing to the provider: {unmoved:?}"
    );
    assert_eq!(host.read("etc/grid-mapfile").lines().count(), 2);
    // One that cannot be written is tried each time, and does not have everybody read again.
    fs::remove_file(host.root().join("etc/grid-mapfile")).unwrap();
    fs::create_dir(host.root().join("etc/grid-mapfile")).unwrap();
    for _ in 0..2 {
        let ran = sync(&host, 3);
        assert_eq!(ran.out.matches("nothing has moved since").count(), 2);
        assert!(ran.err.contains("not in step: gridmap"), "{ran:?}");
    }
    let alone = host.gosync(&["sync", "users"]).expect(3);
    assert!(alone.out.contains("nothing has moved since"), "{alone:?}");
    fs::remove_dir(host.root().join("etc/grid-mapfile")).unwrap();
    sync(&host, 0);
    assert_eq!(host.read("etc/grid-mapfile").lines().count(), 2);
}

#[test]
fn while_nothing_moves_the_ledger_is_not_opened_for_them() {
    let mut host = host("\"gridmap\", \"fleet\"", &format!("{GRIDMAP}{FLEET}"));
    host.leaves_stamps = true;
    sync(&host, 0);
    std::thread::sleep(std::time::Duration::from_secs(3));
    sync(&host, 0);
    let trace = host.dir().join("trace");
    crate::metrics::traced(&host, &trace);
    let calls = fs::read_to_string(trace).unwrap();
    assert!(calls.contains("targets.stamp"), "{calls}");
    let opened = calls
        .lines()
        .filter(|line| line.contains("open") && line.contains("ledger"));
    assert_eq!(opened.collect::<Vec<_>>(), [] as [&str; 0]);
}

#[test]
fn they_are_written_once_by_a_command_and_show_the_people_of_all_providers() {
    let host = host("\"gridmap\", \"fleet\"", &format!("{GRIDMAP}{FLEET}"));
    let config = fs::read_to_string(host.config()).unwrap();
    let config = config.replace("[gosync]\n", "[gosync]\nproviders = [\"p\", \"q\"]\n");
    host.write(
        "gosync.toml",
        &format!("{config}[provider.q]\nkind = \"file\"\npath = \"q.json\"\n"),
    );
    let cat = json!({"users": [{"id": "cat", "login": "cat"}], "groups": []});
    host.write("q.json", &cat.to_string());
    let first = sync(&host, 0);
    let written = |ran: &Ran| ran.out.matches("manifest.json is written").count();
    assert_eq!(written(&first), 1, "{first:?}");
    assert_eq!(manifest(&host)["users"], 3);
    // A provider that cannot be read holds up nothing of what the others bring.
    host.write("q.json", "{");
    say(&host, &["ann", "bob", "dan"]);
    let second = sync(&host, 12);
    assert_eq!(written(&second), 1, "{second:?}");
    assert_eq!(host.read("etc/grid-mapfile").lines().count(), 4);
}

#[test]
fn a_spoke_that_reads_the_snapshot_has_the_same_files() {
    let hub = host("\"fleet\"", FLEET);
    sync(&hub, 0);
    let first = manifest(&hub);
    sync(&hub, 0);
    assert_eq!(
        manifest(&hub),
        first,
        "nothing is written where nothing is new"
    );
    say(&hub, &["ann", "bob", "cat"]);
    sync(&hub, 0);
    let second = manifest(&hub);
    assert!(second["sequence"].as_u64() > first["sequence"].as_u64());
    let gz = hub.root().join("srv/fleet/directory.json.gz");
    let unpacked = Command::new("gzip").arg("-dc").arg(&gz).output().unwrap();
    let spoke = ScratchHost::new(&Tree::base());
    spoke.write(
        "gosync.toml",
        "[provider.hub]\nkind = \"file\"\npath = \"hub.json\"\n[accounts]\nids = \"provider\"\n",
    );
    spoke.write("hub.json", &String::from_utf8(unpacked.stdout).unwrap());
    sync(&spoke, 0);
    for file in ["passwd", "group"] {
        let path = format!("etc/{file}");
        assert_eq!(hub.read(&path), spoke.read(&path), "{file}");
    }
}

#[test]
fn a_snapshot_is_signed_so_that_ssh_keygen_can_tell() {
    let (host, [key, allowed]) = signing_hub();
    let fleet = host.root().join("srv/fleet");
    let verify = |manifest: &std::path::Path| {
        let text = fs::File::open(manifest).unwrap();
        Command::new("ssh-keygen")
            .args(["-q", "-Y", "verify", "-n", "gosync", "-I", "gosync", "-f"])
            .arg(&allowed)
            .arg("-s")
            .arg(fleet.join("manifest.json.sig"))
            .stdin(text)
            .status()
            .unwrap()
            .success()
    };
    assert!(verify(&fleet.join("manifest.json")));
    let forged = host.dir().join("forged.json");
    fs::write(
        &forged,
        host.read("srv/fleet/manifest.json")
            .replace("\"users\": 2", "\"users\": 3"),
    )
    .unwrap();
    assert!(!verify(&forged));
    // What somebody has spoilt is signed anew.
    fs::write(fleet.join("manifest.json.sig"), "spoilt").unwrap();
    sync(&host, 0);
    assert!(verify(&fleet.join("manifest.json")));
    // Without its key it is told, and the last one stays.
    fs::remove_file(&key).unwrap();
    say(&host, &["ann", "bob", "cat"]);
    let before = manifest(&host);
    let ran = sync(&host, 3);
    assert!(ran.err.contains("does not sign"), "{ran:?}");
    assert_eq!(manifest(&host), before);
}

#[test]
fn no_target_is_written_over_what_says_who_may_log_in() {
    for path in [
        "/etc/passwd",
        "/etc/sudoers.d/x",
        "/var/lib/gosync/ledger.sqlite",
        "/etc/./passwd",
    ] {
        let host = host("\"gridmap\"", &GRIDMAP.replace("/etc/grid-mapfile", path));
        let before = host.read("etc/passwd");
        let ran = sync(&host, 2);
        assert!(ran.err.contains("target.gridmap"), "{path}: {ran:?}");
        assert_eq!(host.read("etc/passwd"), before);
    }
    let twice = format!("{GRIDMAP}{}", GRIDMAP.replace("gridmap]", "again]"));
    let ran = sync(&host("\"gridmap\", \"again\"", &twice), 2);
    assert!(ran.err.contains("is written by another target"), "{ran:?}");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (targets, sections, word) in [
        ("\"gridmap\"", "", "no section [target.gridmap]"),
        (
            "\"gridmap\"",
            "[target.gridmap]\nkind = \"template\"\npath = \"/m\"\nline = \"{nobody}\"\n",
            "there is no value",
        ),
        (
            "\"gridmap\"",
            "[target.gridmap]\nkind = \"template\"\npath = \"/m\"\nline = \"{members}\"\n",
            "an account has no",
        ),
        (
            "\"other\"",
            "[target.other]\nkind = \"local\"\n",
            "two of them are hosts",
        ),
    ] {
        let host = host(targets, sections);
        let ran = sync(&host, 2);
        assert!(ran.err.contains(word), "{sections}: {ran:?}");
    }
}

/// A hub that signs, with its key and who is allowed to sign.
fn signing_hub() -> (ScratchHost, [std::path::PathBuf; 2]) {
    let hub = host("\"fleet\"", "");
    let signer = signer(&hub, "snapshot.key");
    let config = fs::read_to_string(hub.config()).unwrap();
    hub.write(
        "gosync.toml",
        &format!("{config}{FLEET}sign_key = \"{}\"\n", signer[0].display()),
    );
    sync(&hub, 0);
    (hub, signer)
}

fn spoke(section: &str) -> ScratchHost {
    let spoke = ScratchHost::new(&Tree::base());
    spoke.write(
        "gosync.toml",
        &format!("[provider.hub]\n{section}[accounts]\nids = \"provider\"\n"),
    );
    spoke
}

fn copy_snapshot(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

#[test]
fn a_spoke_believes_what_is_signed_and_nothing_older() {
    let (hub, [_, allowed]) = signing_hub();
    let fleet = hub.root().join("srv/fleet");
    let first = hub.dir().join("first");
    copy_snapshot(&fleet, &first);
    let served = hub.dir().join("served");
    copy_snapshot(&fleet, &served);
    let spoke = spoke(&format!(
        "kind = \"file\"\npath = \"{}\"\nverify = \"{}\"\nmax_age = \"2h\"\n",
        served.display(),
        allowed.display()
    ));
    sync(&spoke, 0);
    assert_eq!(hub.read("etc/passwd"), spoke.read("etc/passwd"));
    say(&hub, &["ann", "bob", "cat"]);
    sync(&hub, 0);
    copy_snapshot(&fleet, &served);
    sync(&spoke, 0);
    assert_eq!(hub.read("etc/passwd"), spoke.read("etc/passwd"));
    sync(&spoke, 0);
    let after = spoke.read("etc/passwd");
    // What was true once is not believed again.
    copy_snapshot(&first, &served);
    let ran = sync(&spoke, 12);
    assert!(ran.err.contains("was believed before"), "{ran:?}");
    // Neither is another document under a good manifest, nor a manifest that nobody signed.
    copy_snapshot(&fleet, &served);
    fs::copy(
        first.join("directory.json.gz"),
        served.join("directory.json.gz"),
    )
    .unwrap();
    let ran = sync(&spoke, 12);
    assert!(
        ran.err.contains("is not the one that manifest.json names"),
        "{ran:?}"
    );
    copy_snapshot(&fleet, &served);
    let text = fs::read_to_string(served.join("manifest.json")).unwrap();
    fs::write(
        served.join("manifest.json"),
        text.replace("\"users\": 3", "\"users\": 4"),
    )
    .unwrap();
    let ran = sync(&spoke, 12);
    assert!(ran.err.contains("is not signed by `gosync`"), "{ran:?}");
    assert_eq!(spoke.read("etc/passwd"), after);
    copy_snapshot(&fleet, &served);
    sync(&spoke, 0);
}

#[test]
fn a_program_is_told_which_are_not_in_step() {
    let host = host("\"gridmap\"", GRIDMAP);
    let path = host.root().join("etc/grid-mapfile");
    fs::create_dir(&path).unwrap();
    let told = |arguments: &[&str], code: i32| -> Value {
        let ran = host.gosync(arguments).expect(code);
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(document["exit"]["status"], code);
        document
    };
    let document = told(&["sync", "--format", "json"], 3);
    assert_eq!(document["behind"], json!(["gridmap"]));
    let runs = document["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    assert!(
        runs.iter().all(|run| run["exit"]["status"] == 0),
        "the host is in step"
    );
    let document = told(&["lock", "ann", "--format", "json"], 3);
    assert_eq!(document["behind"], json!(["gridmap"]));
    fs::remove_dir(&path).unwrap();
    let document = told(&["sync", "--format", "json"], 0);
    assert_eq!(document["behind"], json!([]));
}

const DNS: &str = "[target.gridmap]\nkind = \"template\"\npath = \"/etc/grid-mapfile\"\n\
    line = '\"{attributes.dn}\" {name}'\n";

/// People, each with this attribute `dn`, if any.
fn say_dns(host: &ScratchHost, people: &[(&str, Option<&str>)]) {
    let person = |(login, dn): &(&str, Option<&str>)| {
        let attributes = dn.map_or_else(|| json!({}), |dn| json!({"dn": dn, "other": "x"}));
        json!({"id": login, "login": login, "attributes": attributes})
    };
    let users: Vec<Value> = people.iter().map(person).collect();
    host.write("directory.json", &json!({ "users": users }).to_string());
}

#[test]
fn a_template_shows_an_attribute_as_the_provider_said_it_last() {
    let host = host("\"gridmap\"", DNS);
    let map = || host.read("etc/grid-mapfile");
    say_dns(
        &host,
        &[
            ("ann", Some("/CN=Ann")),
            ("bob", None),
            ("cat", Some("x\ny")),
        ],
    );
    let ran = sync(&host, 0);
    assert_eq!(map(), "\"/CN=Ann\" ann\n");
    let told = "no line for those who have no `attributes.dn`: bob, cat";
    assert!(ran.out.contains(told), "{ran:?}");

    // One that changes alone is no change of the host.
    say_dns(
        &host,
        &[
            ("ann", Some("/CN=Ann B")),
            ("bob", Some("/CN=Bob")),
            ("cat", None),
        ],
    );
    let ran = sync(&host, 0);
    assert!(ran.out.contains("sync users: nothing to do"), "{ran:?}");
    assert_eq!(map(), "\"/CN=Ann B\" ann\n\"/CN=Bob\" bob\n");

    // Who cannot be read says nothing anew.
    host.write("directory.json", "{");
    sync(&host, 12);
    fs::remove_file(host.root().join("etc/grid-mapfile")).unwrap();
    host.gosync(&["lock", "bob"]).expect(0);
    assert_eq!(map(), "\"/CN=Ann B\" ann\n");

    // Who has it no more has no line any more.
    say_dns(
        &host,
        &[("ann", None), ("bob", Some("/CN=Bob")), ("cat", None)],
    );
    host.gosync(&["unlock", "bob"]).expect(0);
    sync(&host, 0);
    assert_eq!(map(), "\"/CN=Bob\" bob\n");
}

#[test]
fn who_lacks_an_attribute_may_have_an_empty_value() {
    let host = host("\"gridmap\"", &format!("{DNS}missing = \"empty\"\n"));
    say_dns(&host, &[("ann", Some("/CN=Ann")), ("bob", None)]);
    sync(&host, 0);
    assert_eq!(host.read("etc/grid-mapfile"), "\"/CN=Ann\" ann\n\"\" bob\n");
}

/// Otherwise a provider that cannot be read just then would take everybody's line away.
#[test]
fn before_an_attribute_was_asked_for_nobody_lacks_it() {
    let host = host("\"gridmap\"", GRIDMAP);
    say_dns(&host, &[("ann", Some("/CN=Ann")), ("bob", None)]);
    sync(&host, 0);
    let before = host.read("etc/grid-mapfile");
    let text = fs::read_to_string(host.config()).unwrap();
    host.write("gosync.toml", &text.replace("{id}", "{attributes.dn}"));
    host.write("directory.json", "{");
    let ran = sync(&host, 12);
    assert!(
        ran.err
            .contains("nobody has been asked for `attributes.dn` at p yet"),
        "{ran:?}"
    );
    let ran = host.gosync(&["lock", "ann"]).expect(3);
    assert!(ran.err.contains("nobody has been asked"), "{ran:?}");
    assert_eq!(host.read("etc/grid-mapfile"), before);
    host.gosync(&["unlock", "ann"]).expect(3);
    say_dns(&host, &[("ann", Some("/CN=Ann")), ("bob", None)]);
    sync(&host, 0);
    assert_eq!(host.read("etc/grid-mapfile"), "\"/CN=Ann\" ann\n");
}
