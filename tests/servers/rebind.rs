//! Directories that change their ids, with real servers: one loaded again from its LDIF, a section that is renamed, and
//! another kind of provider in its place. What is owned goes on as it was.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::bare_host::{bare_host, difference, files};
use crate::scim_server::{Server, TOKEN};
use crate::scratch::ScratchHost;
use crate::slapd::{Groups, SUFFIX, Slapd};

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGHKKX1R/WFrJnXC8eo8G5FS5wPJ0dIEzlpzZTa6n6NO";

/// So many of the people have a key.
const WITH_KEYS: usize = 20;

/// A directory with `count` people, of whom `leavers` have left, and two groups.
fn slapd(count: usize, leavers: &[usize]) -> Slapd {
    let mut ldif = String::new();
    for n in (0..count).filter(|n| !leavers.contains(n)) {
        let (class, key) = match n < WITH_KEYS {
            true => (
                "objectClass: ldapPublicKey\n",
                format!("sshPublicKey: {KEY}\n"),
            ),
            false => ("", String::new()),
        };
        let _ = write!(
            ldif,
            "dn: uid=u{n:04},ou=people,{SUFFIX}\nobjectClass: account\nobjectClass: posixAccount\n{class}uid: u{n:04}\n\
             cn: User {n}\ndescription: f-{n}\nuidNumber: {}\ngidNumber: 100\nhomeDirectory: /home/u{n:04}\n{key}\n",
            20_000 + n
        );
    }
    for (name, gid) in [("physics", 60_001), ("connect", 60_002)] {
        let _ = write!(
            ldif,
            "dn: cn={name},ou=groups,{SUFFIX}\nobjectClass: posixGroup\ncn: {name}\ngidNumber: {gid}\n\
             memberUid: u0001\nmemberUid: u0002\nmemberUid: u0003\n\n"
        );
    }
    let all = "sizelimit unlimited\n";
    Slapd::builder(Groups::Nis).setting(all).ldif(&ldif).start()
}

const RULES: &str = "[accounts]\ncreate_home = false\n[keys]\nplace = 'directory'\n\
    [departed]\nabsent_runs = 1\nabsent_for = '0s'\n[limits]\nmax_additions = 2000\n";

fn configure(host: &ScratchHost, section: &str, provider: &str) {
    host.write_with_mode("token", TOKEN, 0o600);
    let text = format!("[provider.{section}]\n{provider}\n{RULES}");
    host.write_with_mode("gosync.toml", text, 0o600);
}

fn ldap(server: &Slapd) -> String {
    format!(
        "kind = 'ldap'\nurl = '{}'\nschema = 'rfc2307'\nuser_base = 'ou=people,{SUFFIX}'\ngroup_base = 'ou=groups,{SUFFIX}'",
        server.url()
    )
}

/// Both syncs end well; returns what they say.
fn sync(host: &ScratchHost) -> String {
    let [users, groups] = ["users", "groups"].map(|what| host.gosync(&["sync", what]));
    assert_eq!(
        (users.code, groups.code),
        (Some(0), Some(0)),
        "{}{}",
        users.err,
        groups.err
    );
    format!("{}{}{}{}", users.out, users.err, groups.out, groups.err)
}

fn is_silent(host: &ScratchHost) {
    let ran = [
        host.gosync(&["-q", "sync", "users"]),
        host.gosync(&["-q", "sync", "groups"]),
    ];
    for ran in ran {
        assert_eq!(
            (ran.code, ran.out.as_str(), ran.err.as_str()),
            (Some(0), "", "")
        );
    }
    assert!(sync(host).matches("nothing to do").count() == 2);
}

fn rebound(host: &ScratchHost, from: &[&str]) -> (u64, Value) {
    rebound_by(host, "login", from)
}

fn rebound_by(host: &ScratchHost, by: &str, from: &[&str]) -> (u64, Value) {
    let line = [&["rebind", "--all", "--by", by], from].concat();
    let dry = host
        .gosync(&[line.clone(), vec!["-n", "--format", "json"]].concat())
        .expect(0);
    let plan: Value = serde_json::from_str(&dry.out).unwrap();
    let before = files(host);
    host.gosync(&line).expect(0);
    assert_eq!(
        difference(&before, &files(host)),
        [""; 0],
        "nothing on the host but gosync's own notes"
    );
    let plan = plan["runs"][0].clone();
    (plan["counts"]["rebound"].as_u64().unwrap(), plan)
}

#[test]
fn a_directory_that_is_loaded_again_from_its_ldif_is_followed_as_before() {
    let host = bare_host();
    let server = slapd(1_000, &[]);
    configure(&host, "campus", &ldap(&server));
    sync(&host);
    is_silent(&host);
    let before = files(&host);
    drop(server);
    // Two have left meanwhile, and nobody can say so before the rest is tied to the new ids.
    let server = slapd(1_000, &[998, 999]);
    configure(&host, "campus", &ldap(&server));
    for what in ["users", "groups"] {
        let ran = host.gosync(&["-q", "sync", what]).expect(12);
        assert!(
            ran.err.contains("gosync rebind --all --by login"),
            "{ran:?}"
        );
        assert!(
            !ran.err.contains("--approve") && ran.err.lines().count() == 3,
            "{ran:?}"
        );
    }
    let said = host.gosync(&["sync", "users"]).expect(12);
    assert!(
        said.err
            .contains("missing at the provider: 1000 of 1000 accounts"),
        "{said:?}"
    );
    assert_eq!(
        difference(&before, &files(&host)),
        [""; 0],
        "nobody is locked"
    );
    assert!(host.gosync(&["status"]).out.contains("gosync rebind --all"));
    assert!(
        host.gosync(&["doctor", "--offline"])
            .out
            .contains("gosync rebind --all")
    );
    let (count, _) = rebound(&host, &[]);
    assert_eq!(count, 998 + 2);
    let said = sync(&host);
    assert!(said.contains("2 locked"), "{said}");
    is_silent(&host);
    let differs = difference(&before, &files(&host));
    let keys = |name: &&String| name.starts_with("/etc/ssh/authorized_keys.d/");
    assert_eq!(
        differs.iter().filter(keys).count(),
        WITH_KEYS,
        "their comment names the id"
    );
    let others: Vec<&String> = differs.iter().filter(|name| !keys(name)).collect();
    assert_eq!(others, ["/etc/shadow", "/etc/shadow-"], "the two who left");
    assert!(!host.gosync(&["status"]).out.contains("gosync rebind --all"));
}

#[test]
fn a_section_of_another_name_is_one_message_and_one_command() {
    let host = bare_host();
    let server = slapd(40, &[]);
    configure(&host, "campus", &ldap(&server));
    sync(&host);
    let before = files(&host);
    configure(&host, "ldap1", &ldap(&server));
    let ran = host.gosync(&["-q", "sync", "users"]).expect(2);
    assert!(
        ran.err.contains("40 accounts and 2 groups of `campus`"),
        "{ran:?}"
    );
    assert!(host.gosync(&["status"]).out.contains("--from campus"));
    assert_eq!(rebound(&host, &["--from", "campus"]).0, 42);
    is_silent(&host);
    assert_eq!(difference(&before, &files(&host)), [""; 0]);
}

/// A file with what the directory says, under ids of its own.
fn document(count: usize) -> String {
    let user = |n: usize| {
        let key = if n < WITH_KEYS { vec![KEY] } else { vec![] };
        json!({"id": format!("f-{n}"), "login": format!("u{n:04}"), "name": format!("User {n}"), "uid": 20_000 + n,
               "home": format!("/home/u{n:04}"), "ssh_keys": key})
    };
    let users: Vec<Value> = (0..count).map(user).collect();
    let members: Vec<Value> = (1..4).map(|n| json!({"user": format!("f-{n}")})).collect();
    let group = |name: &str, gid: u32| json!({"id": format!("g-{name}"), "name": name, "gid": gid, "members": members});
    json!({"users": users, "groups": [group("physics", 60_001), group("connect", 60_002)]})
        .to_string()
}

#[test]
fn a_file_takes_the_place_of_a_directory_and_undo_brings_that_back() {
    let host = bare_host();
    let server = slapd(60, &[]);
    configure(&host, "campus", &ldap(&server));
    sync(&host);
    let before = files(&host);
    host.write_with_mode("people.json", document(60), 0o600);
    configure(&host, "export", "kind = 'file'\npath = 'people.json'");
    host.gosync(&["sync", "users"]).expect(2);
    assert_eq!(rebound(&host, &[]).0, 62);
    sync(&host);
    is_silent(&host);
    let keys = difference(&before, &files(&host));
    assert_eq!(keys.len(), WITH_KEYS, "{keys:?}");
    assert_eq!(
        host.gosync(&["rebind", "u0001"])
            .expect(0)
            .out
            .matches("already")
            .count(),
        1
    );
    // A mistake: the run is undone, and the directory is followed as if nothing had been.
    let history = host.gosync(&["history"]).out;
    let run = history
        .lines()
        .find(|line| line.contains(": rebind,"))
        .unwrap();
    let number = run.split_whitespace().nth(1).unwrap();
    let undone = host.gosync(&["undo", number, "--force"]).expect(0);
    assert!(
        undone.out.contains("62 tied to another record"),
        "{undone:?}"
    );
    configure(&host, "campus", &ldap(&server));
    sync(&host);
    is_silent(&host);
    assert_eq!(difference(&before, &files(&host)), [""; 0]);
}

#[test]
fn scim_takes_the_place_of_a_directory() {
    let host = bare_host();
    let directory = slapd(30, &[]);
    configure(&host, "campus", &ldap(&directory));
    sync(&host);
    let passwd = host.read("etc/passwd");
    let scim = Server::start(false);
    scim.people(30);
    let section = format!(
        "kind = 'scim'\nurl = '{}'\ntoken_file = 'token'",
        scim.url()
    );
    configure(&host, "cloud", &section);
    assert_eq!(
        rebound(&host, &["--from", "campus"]).0,
        30,
        "the groups are not there"
    );
    let accounts = |text: &str| -> Vec<String> {
        let ids = |line: &str| line.splitn(5, ':').take(4).collect::<Vec<_>>().join(":");
        text.lines().map(ids).collect()
    };
    host.gosync(&["sync", "users"]);
    assert_eq!(
        accounts(&host.read("etc/passwd")),
        accounts(&passwd),
        "no id moves"
    );
    assert!(
        !host
            .read("etc/shadow")
            .lines()
            .any(|line| line.contains(":!")),
        "nobody is locked"
    );
}

#[test]
fn people_with_other_logins_are_found_by_an_attribute_that_has_their_old_ids() {
    let host = bare_host();
    let renamed = document(30).replace("\"login\":\"u", "\"login\":\"old");
    host.write_with_mode("people.json", renamed, 0o600);
    configure(&host, "export", "kind = 'file'\npath = 'people.json'");
    sync(&host);
    let unknown = |host: &ScratchHost, by: &str| {
        let refused = host.gosync(&["rebind", "--all", "--by", by]).expect(2);
        assert!(
            refused.err.contains(&format!("has the attribute `{by}`")),
            "{refused:?}"
        );
    };
    let directory = slapd(30, &[]);
    configure(&host, "campus", &ldap(&directory));
    unknown(&host, "employeeNumber");
    unknown(&host, "*");
    let (_, plan) = rebound_by(&host, "description", &[]);
    assert_eq!(
        plan["counts"]["rebound"], 32,
        "30 people, and two groups by their names"
    );

    let scim = Server::start(false);
    scim.people(30);
    let section = |more: &str| {
        format!(
            "kind = 'scim'\nurl = '{}'\ntoken_file = 'token'{more}",
            scim.url()
        )
    };
    let other = bare_host();
    other.write_with_mode("people.json", document(30), 0o600);
    configure(&other, "export", "kind = 'file'\npath = 'people.json'");
    sync(&other);
    configure(&other, "cloud", &section(""));
    unknown(&other, "urn:example:2.0:User:formerId");
    unknown(&other, "no path");
    configure(&other, "cloud", &section("\nrequest_attributes = true"));
    assert_eq!(
        rebound_by(&other, "externalId", &["--from", "export"]).0,
        30
    );
}

#[test]
fn a_host_of_a_thousand_accounts_made_by_others_is_taken_over_at_once() {
    let host = bare_host();
    let server = slapd(1_000, &[]);
    let mut lines: BTreeMap<&str, String> = BTreeMap::new();
    for n in 0..1_000 {
        let (uid, gid) = (1_000 + n, 1_001 + n);
        let name = format!("u{n:04}");
        *lines.entry("passwd").or_default() +=
            &format!("{name}:x:{uid}:{gid}:User {n}:/home/{name}:/bin/bash\n");
        *lines.entry("shadow").or_default() += &format!("{name}:*:19000:0:99999:7:::\n");
        *lines.entry("group").or_default() += &format!("{name}:x:{gid}:\n");
        *lines.entry("gshadow").or_default() += &format!("{name}:!::\n");
    }
    *lines.entry("group").or_default() += "physics:x:2100:u0001,u0002\nconnect:x:1005:\n";
    *lines.entry("gshadow").or_default() += "physics:!::u0001,u0002\nconnect:!::\n";
    for (name, text) in &lines {
        let old = host.read(&format!("etc/{name}"));
        host.write_with_mode(&format!("root/etc/{name}"), old + text, 0o600);
    }
    configure(&host, "campus", &ldap(&server));
    let before = files(&host);
    let dry = host.gosync(&["adopt", "--all", "-n"]).expect(3);
    assert!(
        dry.out.contains("~ adopt accounts as they are (1000)"),
        "{}",
        &dry.out[..2_000]
    );
    // A gid that is somebody's own group's is nobody else's.
    assert!(
        dry.out.contains("`connect`") || dry.err.contains("connect"),
        "{dry:?}"
    );
    host.gosync(&["adopt", "--all"]).expect(3);
    let differs = difference(&before, &files(&host));
    let own = |name: &&String| !name.ends_with('-') && !name.starts_with("/etc/ssh/");
    assert_eq!(
        differs.iter().filter(own).collect::<Vec<_>>(),
        ["/etc/group", "/etc/gshadow"]
    );
    assert!(
        host.read("etc/group")
            .contains("physics:x:2100:u0001,u0002,u0003\n")
    );
    let said = host.gosync(&["sync", "users"]).expect(0);
    assert!(
        said.out.contains("1000 unchanged") || said.out.contains("980 unchanged"),
        "{said:?}"
    );
}
