//! A directory as one of several targets, on a real OpenLDAP server: how it is reached, chosen, shown by a dry run, limited, and what
//! becomes of names that pass in a circle.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::directory_target::{
    World, configure, content, entry, group, host, listed, members, person, say, schema as keys,
    states, sync,
};
use crate::schema;
use crate::scratch::ScratchHost;
use crate::slapd::{ADMIN, Groups, SUFFIX, Slapd};

const GRIDMAP: &str =
    "[target.gridmap]\nkind = 'template'\npath = '/etc/grid-mapfile'\nline = '{name} {uid}'\n";

fn document(host: &ScratchHost, line: &str, code: i32) -> Value {
    let line = format!("{line} --format json");
    let words: Vec<&str> = line.split_whitespace().collect();
    schema::parse(&host.gosync(&words).expect(code).out)
}

/// A dry run shows what the run then does in the directory, and changes nothing there.
fn shows_what_is_done(host: &ScratchHost, server: &Slapd, line: &str) -> Value {
    let before = states(server);
    let dry = document(host, &format!("{line} -n --exit-code"), 4);
    assert_eq!(states(server), before, "it was a dry run");
    let done = document(host, line, 0);
    let changes = |it: &Value| it["targets"][0]["changes"].clone();
    assert_eq!(changes(&dry), changes(&done), "{line}");
    assert_eq!(dry["targets"][0]["outcome"], "pending");
    assert_eq!(done["targets"][0]["outcome"], "done");
    if line.starts_with("sync") {
        document(host, &format!("{line} -n --exit-code"), 0);
    }
    changes(&done)
}

fn dry_runs(groups: Groups) {
    let server = Slapd::builder(groups).start();
    let host = host(&server.url(), keys(groups));
    let mut world = World::of(&["ann", "bob", "cat", "dan"])
        .group("team", &["ann", "bob"])
        .group("nobody", &[]);
    say(&host, &world);
    let changes = shows_what_is_done(&host, &server, "sync");
    assert_eq!(
        changes[0],
        json!({"deed": "added", "path": null,
            "names": ["ann", "bob", "cat", "dan", "team"]})
    );
    // A name that passes on, one who is locked, keys, members.
    world.person("bob")["login"] = json!("rob");
    world.person("cat")["active"] = json!(false);
    world.person("dan")["ssh_keys"] = json!([]);
    world.groups[0].1 = vec!["bob".to_owned(), "dan".to_owned()];
    world = world.group("new", &["ann", "bob", "dan"]);
    say(&host, &world);
    shows_what_is_done(&host, &server, "sync");
    shows_what_is_done(&host, &server, "lock rob");
    shows_what_is_done(&host, &server, "unlock rob");
    shows_what_is_done(&host, &server, "deluser dan");
    assert!(entry(&server, "(uid=dan)").is_none());
}

#[test]
fn a_dry_run_shows_what_the_run_does_in_rfc2307bis() {
    dry_runs(Groups::Bis);
}

#[test]
fn a_dry_run_shows_what_the_run_does_in_rfc2307() {
    dry_runs(Groups::Nis);
}

#[test]
fn a_dry_run_says_in_words_who_comes_and_what_is_in_the_way() {
    let server = Slapd::builder(Groups::Bis).start();
    let host = host(&server.url(), "");
    say(&host, &World::of(&["ann", "bob"]).group("team", &["ann"]));
    let ran = host.gosync(&["sync", "-n"]).expect(0);
    assert!(
        ran.out
            .contains("target dir: would be: 3 added (ann, bob, team)"),
        "{ran:?}"
    );
    configure(&host, "ldap://127.0.0.1:1", "");
    let ran = host.gosync(&["sync", "-n"]).expect(3);
    assert!(
        ran.err.contains("target dir would not be in step"),
        "{ran:?}"
    );
}

/// Somebody has changed their names over.
fn swap(server: &Slapd, steps: usize) {
    for (from, to) in [("ann", "xyz"), ("bob", "ann"), ("xyz", "bob")]
        .into_iter()
        .take(steps)
    {
        server.modify(&format!(
            "dn: uid={from},ou=people,{SUFFIX}\nchangetype: modrdn\nnewrdn: uid={to}\ndeleteoldrdn: 1\n"
        ));
    }
}

fn swaps(groups: Groups) {
    let server = Slapd::builder(groups).start();
    let host = host(&server.url(), keys(groups));
    let world = World::of(&["ann", "bob", "cat"])
        .group("as", &["ann"])
        .group("bs", &["bob"]);
    say(&host, &world);
    sync(&host, 0);
    let calm = content(&server);
    swap(&server, 3);
    assert_ne!(content(&server), calm);
    shows_what_is_done(&host, &server, "sync");
    assert_eq!(content(&server), calm);
    let before = states(&server);
    sync(&host, 0);
    assert_eq!(states(&server), before);
}

#[test]
fn two_who_swap_their_names_do_so_in_one_run_in_rfc2307bis() {
    swaps(Groups::Bis);
}

#[test]
fn two_who_swap_their_names_do_so_in_one_run_in_rfc2307() {
    swaps(Groups::Nis);
}

#[test]
fn a_swap_that_was_broken_off_anywhere_is_finished_by_the_next_run() {
    for steps in 1..3 {
        let server = Slapd::builder(Groups::Bis).start();
        let host = host(&server.url(), "");
        say(&host, &World::of(&["ann", "bob"]).group("as", &["ann"]));
        sync(&host, 0);
        let calm = content(&server);
        swap(&server, steps);
        sync(&host, 0);
        assert_eq!(content(&server), calm, "{steps}");
    }
}

#[test]
fn one_of_three_that_is_down_for_ten_runs_is_right_after_one() {
    let mut server = Slapd::builder(Groups::Bis).start();
    let more = format!("{GRIDMAP}[target.fleet]\nkind = 'snapshot'\npath = '/srv/fleet'\n");
    let host = host(&server.url(), &more);
    fs::create_dir_all(host.root().join("srv/fleet")).unwrap();
    let config = fs::read_to_string(host.config()).unwrap();
    let config = config.replace("['host', 'dir']", "['host', 'gridmap', 'dir', 'fleet']");
    host.write_with_mode("gosync.toml", &config, 0o600);
    say(&host, &World::of(&["u0"]).group("all", &["u0"]));
    sync(&host, 0);
    server.end(Signal::SIGTERM);
    let mut logins = Vec::new();
    for n in 0..11 {
        logins.push(format!("u{n}"));
        let logins: Vec<&str> = logins.iter().map(String::as_str).collect();
        say(&host, &World::of(&logins).group("all", &logins));
        if n == 0 {
            continue;
        }
        let ran = sync(&host, 3);
        assert!(ran.err.contains("target dir is not in step"), "{ran:?}");
        assert!(ran.err.contains("not in step: dir"), "{ran:?}");
        assert_eq!(host.read("etc/grid-mapfile").lines().count(), n + 1);
        let manifest: Value = serde_json::from_str(&host.read("srv/fleet/manifest.json")).unwrap();
        assert_eq!(manifest["users"], n + 1);
    }
    let status = host.gosync(&["status"]);
    assert!(status.out.contains("NOT IN STEP"), "{status:?}");
    server.start_again();
    let passwd = host.read("etc/passwd");
    let ran = sync(&host, 0);
    assert!(ran.out.contains("target dir: 10 added"), "{ran:?}");
    assert_eq!(host.read("etc/passwd"), passwd);
    let all: Vec<&str> = logins.iter().map(String::as_str).collect();
    let mut listed = listed(Groups::Bis, &all);
    listed.sort();
    assert_eq!(members(Groups::Bis, &group(&server, "all")), listed);
    assert!(!host.gosync(&["status"]).out.contains("NOT IN STEP"));
}

#[test]
fn a_limit_that_refuses_one_lets_the_others_be_and_has_a_memory_of_a_day() {
    let server = Slapd::builder(Groups::Bis).start();
    let own = "limits = { max_removals = 4, max_removals_percent = 100 }\n";
    let wide = "[limits]\nmax_removals = 1000\nmax_removals_percent = 90\nmax_removals_percent_in_30d = 100\n";
    let host = host(&server.url(), &format!("{own}{wide}{GRIDMAP}"));
    let config = fs::read_to_string(host.config()).unwrap();
    let config = config.replace("['host', 'dir']", "['host', 'dir', 'gridmap']");
    host.write_with_mode("gosync.toml", &config, 0o600);
    let logins: Vec<String> = (0..30).map(|n| format!("u{n:02}")).collect();
    let logins: Vec<&str> = logins.iter().map(String::as_str).collect();
    let mut world = World::of(&logins);
    say(&host, &world);
    sync(&host, 0);
    let lock = |world: &mut World, range: std::ops::Range<usize>| {
        for person in &mut world.people[range] {
            person["active"] = json!(false);
        }
        say(&host, world);
    };
    // Five at once are too many; the host and the other target have them.
    lock(&mut world, 0..5);
    let dry = host.gosync(&["sync", "-n"]).expect(3);
    assert!(dry.err.contains("5 of 30 accounts would go"), "{dry:?}");
    let ran = sync(&host, 3);
    assert!(ran.err.contains("5 of 30 accounts would go"), "{ran:?}");
    assert!(ran.err.contains("not in step: dir"), "{ran:?}");
    assert_eq!(host.read("etc/grid-mapfile").lines().count(), 25);
    assert_eq!(person(&server, "u00").one("shadowexpire"), None);
    for person in &mut world.people {
        person["active"] = json!(true);
    }
    say(&host, &world);
    sync(&host, 0);
    // Four and four are let through, and then nobody for a day.
    lock(&mut world, 0..4);
    sync(&host, 0);
    lock(&mut world, 4..8);
    sync(&host, 0);
    lock(&mut world, 8..9);
    let ran = sync(&host, 3);
    assert!(ran.err.contains("in 24 hours"), "{ran:?}");
    assert_eq!(person(&server, "u08").one("shadowexpire"), None);
    // Who is back is no loss any more.
    world.people[0]["active"] = json!(true);
    say(&host, &world);
    sync(&host, 0);
    assert_eq!(person(&server, "u08").one("shadowexpire"), Some("1"));
    lock(&mut world, 9..10);
    let ran = sync(&host, 3);
    let (_, digest) = ran.err.split_once("--approve ").unwrap();
    let digest: String = digest.chars().take_while(char::is_ascii_hexdigit).collect();
    host.gosync(&["sync", "--approve", &digest]).expect(0);
    assert_eq!(person(&server, "u09").one("shadowexpire"), Some("1"));
}

#[test]
fn own_groups_have_entries_where_that_is_wanted_and_go_with_it() {
    let server = Slapd::builder(Groups::Bis).start();
    let host = host(&server.url(), "");
    let choose = |more: &str| {
        configure(&host, &server.url(), more);
        let config = fs::read_to_string(host.config()).unwrap();
        let config = config.replace("[accounts]\n", "[accounts]\nprimary_group = 'private'\n");
        host.write_with_mode("gosync.toml", &config, 0o600);
    };
    choose("private_groups = true\n");
    let mut world = World::of(&["ann", "bob"]).group("team", &["ann"]);
    say(&host, &world);
    shows_what_is_done(&host, &server, "sync");
    let ann = person(&server, "ann");
    assert_eq!(group(&server, "ann").one("gidnumber"), ann.one("gidnumber"));
    world.person("ann")["login"] = json!("anna");
    say(&host, &world);
    shows_what_is_done(&host, &server, "sync");
    assert_eq!(
        group(&server, "anna").one("gidnumber"),
        ann.one("gidnumber")
    );
    let before = states(&server);
    sync(&host, 0);
    assert_eq!(states(&server), before);
    shows_what_is_done(&host, &server, "deluser bob");
    assert!(entry(&server, "(&(objectClass=posixGroup)(cn=bob))").is_none());
    choose("");
    shows_what_is_done(&host, &server, "sync groups");
    assert!(entry(&server, "(&(objectClass=posixGroup)(cn=anna))").is_none());
    assert!(entry(&server, "(&(objectClass=posixGroup)(cn=team))").is_some());
}

#[test]
fn it_is_reached_by_a_socket_by_start_tls_and_by_tls() {
    let server = Slapd::builder(Groups::Bis)
        .tls("DNS:localhost,IP:127.0.0.1")
        .setting(&format!(
            "authz-regexp \"gidNumber=.*,cn=peercred,cn=external,cn=auth\" \"{ADMIN}\""
        ))
        .start();
    let host = host(&server.socket_url(), "");
    host.write_with_mode("ca.pem", server.authority(), 0o600);
    let mut logins = vec!["u0"];
    say(&host, &World::of(&logins));
    sync(&host, 0);
    let tls = "ca_file = 'ca.pem'\n";
    let by_socket = fs::read_to_string(host.config()).unwrap();
    let external = by_socket
        .replace(&format!("bind_dn = '{ADMIN}'\n"), "")
        .replace("password_file = 'dir.password'\n", "");
    let ways: [(&str, &dyn Fn()); 4] = [
        ("u1", &|| {
            host.write_with_mode("gosync.toml", &external, 0o600)
        }),
        ("u2", &|| {
            configure(&host, &server.url(), &format!("start_tls = true\n{tls}"))
        }),
        ("u3", &|| configure(&host, &server.tls_url(), tls)),
        ("u4", &|| {
            configure(
                &host,
                &format!("ldaps://127.0.0.1:{}", server.tls_port),
                tls,
            )
        }),
    ];
    for (login, way) in ways {
        way();
        logins.push(login);
        say(&host, &World::of(&logins));
        let ran = sync(&host, 0);
        assert!(ran.out.contains("target dir: 1 added"), "{login}: {ran:?}");
        person(&server, login);
    }
    // Nothing is said to a server that cannot be trusted, or will not speak TLS.
    let other = Slapd::builder(Groups::Bis)
        .tls("DNS:localhost,IP:127.0.0.1")
        .start();
    host.write_with_mode("ca.pem", other.authority(), 0o600);
    logins.push("u5");
    say(&host, &World::of(&logins));
    for url in [server.tls_url(), server.url()] {
        let start = if url.starts_with("ldaps") {
            ""
        } else {
            "start_tls = true\n"
        };
        configure(&host, &url, &format!("{start}{tls}"));
        let ran = sync(&host, 3);
        assert!(ran.err.contains("certificate"), "{ran:?}");
    }
    let plain = Slapd::builder(Groups::Bis).start();
    configure(&host, &plain.url(), &format!("start_tls = true\n{tls}"));
    assert!(sync(&host, 3).err.contains("StartTLS"));
    assert!(entry(&server, "(uid=u5)").is_none() && entry(&plain, "(uid=u5)").is_none());
}

#[test]
fn the_doctor_looks_at_the_server_and_at_the_secrets() {
    let server = Slapd::builder(Groups::Bis).start();
    let host = host(&server.url(), "");
    say(&host, &World::of(&["ann"]));
    sync(&host, 0);
    let doctor = |words: &[&str]| host.gosync(&[&["doctor"], words].concat());
    let ran = doctor(&[]);
    assert!(
        ran.out
            .contains("targets: dir: entries with an id: 1 of people, 0 of groups"),
        "{ran:?}"
    );
    assert!(!ran.out.contains("PROBLEM   targets"), "{ran:?}");
    assert!(
        doctor(&["--offline"])
            .out
            .contains("left out  targets: --offline")
    );
    let document: Value = serde_json::from_str(&doctor(&["--format", "json"]).out).unwrap();
    schema::fits("doctor", &document);
    // Others may read the password.
    let password = host.dir().join("dir.password");
    let mode = |mode: u32| {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&password, fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(0o644);
    let ran = doctor(&[]).expect(1);
    assert!(ran.out.contains("the target's password"), "{ran:?}");
    assert!(
        ran.out.contains("PROBLEM   targets: ldap://127.0.0.1:"),
        "{ran:?}"
    );
    assert!(ran.out.contains(": `password_file`: "), "{ran:?}");
    mode(0o600);
    let more = "retired_base = 'ou=gone,dc=example,dc=org'\nuser_classes = ['inetOrgPerson', 'posixAccount', 'noSuchClass']\n\
                id_attribute = 'noSuchAttribute'\n";
    configure(&host, &server.url(), more);
    let ran = doctor(&[]).expect(1);
    for part in [
        "retired_base: there is no entry `ou=gone,dc=example,dc=org`",
        "the server has no object class noSuchClass",
        "the server has no attribute noSuchAttribute",
    ] {
        assert!(ran.out.contains(part), "{part}: {ran:?}");
    }
    configure(&host, "ldap://127.0.0.1:1", "");
    let ran = doctor(&[]).expect(1);
    assert!(ran.out.contains("targets: ldap://127.0.0.1:1"), "{ran:?}");
}
