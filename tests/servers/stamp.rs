//! A directory that can be replicated from is asked whether anything has changed, and is read when it has: every kind of
//! change, also one that was made before the server was started again.

use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::bare_host::bare_host;
use crate::scratch::ScratchHost;
use crate::slapd::{Builder, Groups, SUFFIX, Slapd};

const MOVED: &str = "nothing has moved since all was read at";

/// A directory with people and a group.
fn directory() -> Builder {
    let group = format!(
        "dn: cn=lab,ou=groups,{SUFFIX}\nobjectClass: posixGroup\ncn: lab\ngidNumber: 60001\nmemberUid: u0001\n"
    );
    Slapd::builder(Groups::Nis).people(5).ldif(&group)
}

/// The same, from which it can be replicated.
fn replicated(more: &str) -> Slapd {
    directory()
        .setting("moduleload syncprov")
        .database(&format!("overlay syncprov\n{more}"))
        .start()
}

fn host(server: &Slapd) -> ScratchHost {
    let mut host = bare_host();
    host.leaves_stamps = true;
    let section = format!(
        "[provider.campus]\nkind = 'ldap'\nurl = '{}'\nschema = 'rfc2307'\nuser_base = 'ou=people,{SUFFIX}'\n\
         user_filter = '(&(objectClass=posixAccount)(!(l=left)))'\ngroup_base = 'ou=groups,{SUFFIX}'\n\
         [accounts]\ncreate_home = false\n[groups]\ngid_range = [60000, 64999]\n",
        server.url()
    );
    host.write_with_mode("gosync.toml", section, 0o600);
    for line in ["users", "groups"] {
        host.gosync(&["sync", line]).expect(0);
    }
    host
}

/// Whether a run of both commands read nobody.
fn are_saved(host: &ScratchHost) -> [bool; 2] {
    ["users", "groups"].map(|what| {
        let ran = host.gosync(&["sync", what]);
        assert!(matches!(ran.code, Some(0 | 3 | 12)), "{ran:?}");
        ran.out.contains(MOVED)
    })
}

/// What changed on the host just now is not believed in; and then there is a stamp again.
fn settle(host: &ScratchHost) {
    thread::sleep(Duration::from_secs(4));
    are_saved(host);
    assert_eq!(are_saved(host), [true, true]);
}

fn change(server: &Slapd, dn: &str, how: &str) {
    server.modify(&format!("dn: {dn},{SUFFIX}\n{how}\n"));
}

/// Each on a server and a host of its own.
fn every_change_is_seen(more: &str) {
    let person = "uid=u0001,ou=people";
    let new = "changetype: add\nobjectClass: account\nobjectClass: posixAccount\nuid: new\ncn: New\nuidNumber: 20100\n\
        gidNumber: 100\nhomeDirectory: /home/new";
    let all = [
        (
            person,
            "changetype: modify\nreplace: loginShell\nloginShell: /bin/sh",
            true,
        ),
        ("uid=new,ou=people", new, true),
        (person, "changetype: delete", true),
        (
            person,
            "changetype: modrdn\nnewrdn: uid=other\ndeleteoldrdn: 1",
            true,
        ),
        (person, "changetype: modify\nadd: l\nl: left", true),
        (
            person,
            "changetype: modrdn\nnewrdn: uid=u0001\ndeleteoldrdn: 0\nnewsuperior: ou=groups,dc=example,dc=org",
            true,
        ),
        (
            "cn=lab,ou=groups",
            "changetype: modify\nadd: memberUid\nmemberUid: u0003",
            false,
        ),
        ("cn=lab,ou=groups", "changetype: delete", false),
    ];
    let servers = all.map(|change| (change, replicated(more)));
    let hosts = servers.map(|(change, server)| (change, host(&server), server));
    thread::sleep(Duration::from_secs(4));
    for (_, host, _) in &hosts {
        assert_eq!(are_saved(host), [false, false]);
        assert_eq!(are_saved(host), [true, true]);
    }
    for ((dn, how, of_people), host, server) in hosts {
        change(&server, dn, how);
        let [users, groups] = are_saved(&host);
        assert!(!groups, "{dn} {how}");
        assert!(!(users && of_people), "{dn} {how}");
    }
}

#[test]
fn every_change_is_seen_with_a_log_of_changes() {
    every_change_is_seen("syncprov-sessionlog 100");
}

#[test]
fn every_change_is_seen_without_a_log_of_changes() {
    every_change_is_seen("");
}

#[test]
fn a_change_before_the_server_was_started_again_is_seen() {
    let mut server = replicated("syncprov-sessionlog 100");
    let host = host(&server);
    settle(&host);
    server.restart(Signal::SIGTERM);
    assert_eq!(are_saved(&host), [true, true], "nothing has changed");
    change(&server, "uid=u0004,ou=people", "changetype: delete");
    server.restart(Signal::SIGTERM);
    assert_eq!(are_saved(&host), [false, false]);
}

#[test]
fn a_change_before_the_server_was_killed_is_seen() {
    let mut server = replicated("syncprov-sessionlog 100");
    let shell = "changetype: modify\nreplace: loginShell\nloginShell: /bin/sh";
    change(&server, "uid=u0003,ou=people", shell);
    let host = host(&server);
    settle(&host);
    change(&server, "uid=u0004,ou=people", "changetype: delete");
    server.restart(Signal::SIGKILL);
    assert_eq!(are_saved(&host), [false, false]);
}

#[test]
fn a_server_that_cannot_be_replicated_from_is_always_read() {
    let plain = directory().start();
    // The word for it is known there, for another database.
    let other = directory().setting("moduleload syncprov").start();
    for server in [plain, other] {
        let host = host(&server);
        thread::sleep(Duration::from_secs(4));
        for _ in 0..3 {
            assert_eq!(are_saved(&host), [false, false]);
        }
    }
}

#[test]
fn a_date_in_the_directory_ends_the_stamp() {
    let server = replicated("");
    let today = jiff::Timestamp::now().as_second().div_euclid(86_400);
    let expires = |day: i64| {
        let how = format!(
            "changetype: modify\nadd: objectClass\nobjectClass: shadowAccount\n-\nadd: shadowExpire\nshadowExpire: {day}"
        );
        change(&server, &format!("uid=u000{},ou=people", day - today), &how);
    };
    expires(today + 3);
    expires(today + 2);
    let host = host(&server);
    settle(&host);
    let stamp = host.read("var/lib/gosync/sync-users.stamp");
    let stamp: serde_json::Value = serde_json::from_str(stamp.split_once('\n').unwrap().1).unwrap();
    // Six hours later all is read in any case: midnight counts where it is earlier.
    let read = stamp["read_at"].as_str().unwrap();
    let read: jiff::Timestamp = read.parse().unwrap();
    let six_hours = read.as_second() + 6 * 3_600;
    assert_eq!(stamp["until"], six_hours.min((today + 2) * 86_400));
    let config = std::fs::read_to_string(host.config()).unwrap();
    let rare = format!("[gosync]\nfull_read_every = '400d'\n{config}");
    host.write_with_mode("gosync.toml", rare, 0o600);
    assert_eq!(are_saved(&host), [false, false], "another configuration");
    let stamp = host.read("var/lib/gosync/sync-users.stamp");
    let stamp: serde_json::Value = serde_json::from_str(stamp.split_once('\n').unwrap().1).unwrap();
    assert_eq!(
        stamp["until"],
        (today + 2) * 86_400,
        "midnight of the first of two"
    );
}

#[test]
fn a_server_that_is_away_is_an_error_as_before() {
    let host = {
        let server = replicated("");
        let host = host(&server);
        settle(&host);
        host
    };
    for what in ["users", "groups"] {
        let ran = host.gosync(&["sync", what]).expect(12);
        assert_eq!(ran.err.matches("ERROR").count(), 1, "{ran:?}");
    }
}
