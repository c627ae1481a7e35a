//! A directory that can be replicated from is asked whether anything has changed, and is read when it has: every kind of
//! change, also one that was made before the server was started again.

use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::bare_host::bare_host;
use crate::histories::{Changing, folders, user_filter};
use crate::scratch::ScratchHost;
use crate::slapd::{Builder, Groups, SUFFIX, Slapd};

pub const MOVED: &str = "nothing has moved since all was read at";
const ALL_READ: &str = "all was read, and nothing has moved since";

/// A directory with people and a group.
fn directory() -> Builder {
    let group = format!(
        "dn: cn=lab,ou=groups,{SUFFIX}\nobjectClass: posixGroup\ncn: lab\ngidNumber: 60001\nmemberUid: u0001\n"
    );
    Slapd::builder(Groups::Nis)
        .people(5)
        .ldif(&group)
        .ldif(&folders())
}

/// The same, from which it can be replicated.
fn replicated(more: &str) -> Slapd {
    directory()
        .setting("moduleload syncprov")
        .database(&format!("overlay syncprov\n{more}"))
        .start()
}

/// A host that was brought in step with this server.
pub fn host(server: &dyn Changing) -> ScratchHost {
    host_at(server, server.port())
}

/// The same through another port.
pub fn host_at(server: &dyn Changing, port: u16) -> ScratchHost {
    let mut host = bare_host();
    host.write_with_mode("secret", server.password(), 0o600);
    let section = server.section();
    let schema = if section.is_empty() {
        "schema = 'rfc2307'\n"
    } else {
        section
    };
    host.leaves_stamps = true;
    let filter = user_filter(section);
    let section = format!(
        "[provider.campus]\nkind = 'ldap'\nurl = 'ldap://127.0.0.1:{port}'\n{schema}user_base = 'ou=people,{SUFFIX}'\n\
         {filter}group_base = 'ou=groups,{SUFFIX}'\n\
         [accounts]\ncreate_home = false\n[groups]\ngid_range = [60000, 64999]\n"
    );
    host.write_with_mode("gosync.toml", section, 0o600);
    for line in ["users", "groups"] {
        host.gosync(&["sync", line]).expect(0);
    }
    host
}

/// Whether a run of both commands says this.
fn say(host: &ScratchHost, text: &str) -> [bool; 2] {
    ["users", "groups"].map(|what| {
        let ran = host.gosync(&["sync", what]);
        assert!(matches!(ran.code, Some(0 | 3 | 12)), "{ran:?}");
        ran.out.contains(text)
    })
}

/// Whether a run of both commands read nobody.
pub fn are_saved(host: &ScratchHost) -> [bool; 2] {
    say(host, MOVED)
}

/// What changed on the host just now is not believed in; and then there is a stamp again.
pub fn settle(host: &ScratchHost) {
    thread::sleep(Duration::from_secs(4));
    are_saved(host);
    assert_eq!(are_saved(host), [true, true]);
}

pub fn change(server: &dyn Changing, dn: &str, how: &str) {
    server.modify(&format!("dn: {dn},{SUFFIX}\n{how}\n"));
}

/// Each on a server and a host of its own. `unmoved`: what runs say where nothing has changed.
pub fn every_change_is_seen<S: Changing>(server: impl Fn() -> S, unmoved: &str) {
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
        (
            "ou=sub,ou=people",
            "changetype: modrdn\nnewrdn: ou=sub\ndeleteoldrdn: 0\nnewsuperior: ou=other,dc=example,dc=org",
            true,
        ),
    ];
    let servers = all.map(|change| (change, server()));
    let hosts = servers.map(|(change, server)| (change, host(&server), server));
    thread::sleep(Duration::from_secs(4));
    for (_, host, _) in &hosts {
        assert_eq!(say(host, unmoved), [false, false]);
        assert_eq!(say(host, unmoved), [true, true]);
    }
    for ((dn, how, of_people), host, server) in hosts {
        change(&server, dn, how);
        let [users, groups] = say(&host, unmoved);
        assert!(!groups, "{dn} {how}");
        assert!(!(users && of_people), "{dn} {how}");
    }
}

#[test]
fn every_change_is_seen_with_a_log_of_changes() {
    every_change_is_seen(|| replicated("syncprov-sessionlog 100"), MOVED);
}

#[test]
fn every_change_is_seen_without_a_log_of_changes() {
    every_change_is_seen(|| replicated(""), MOVED);
}

#[test]
fn every_change_is_seen_by_a_read_of_a_server_that_cannot_be_replicated_from() {
    every_change_is_seen(|| directory().start(), ALL_READ);
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
        assert_eq!(say(&host, "nothing has moved"), [false, false]);
        for _ in 0..2 {
            assert_eq!(say(&host, ALL_READ), [true, true]);
            // A confirmation of a second ago would be told apart from the read.
            thread::sleep(Duration::from_millis(1_100));
        }
        assert_eq!(say(&host, ALL_READ), [true, true]);
        let status = host.gosync(&["status", "--format", "json"]).expect(0);
        assert!(!status.out.contains("confirmed"), "{status:?}");
    }
}

/// Groups in the top group, members outside the base: what is asked for depends on what came.
#[test]
fn a_change_is_seen_in_whatever_is_asked_for_besides() {
    let ou = format!("dn: ou=other,{SUFFIX}\nobjectClass: organizationalUnit\nou: other\n");
    let group = |name: &str, members: &[&str]| {
        let members = members.iter().map(|dn| format!("member: {dn},{SUFFIX}\n"));
        let members: String = members.collect();
        format!(
            "dn: cn={name},ou=groups,{SUFFIX}\nobjectClass: groupOfNames\ncn: {name}\n{members}\n"
        )
    };
    let person = format!(
        "dn: uid=far,ou=other,{SUFFIX}\nobjectClass: account\nobjectClass: posixAccount\nuid: far\ncn: Far\nuidNumber: 20500\n\
         gidNumber: 100\nhomeDirectory: /home/far\n"
    );
    let server = Slapd::builder(Groups::Bis)
        .people(5)
        .ldif(&format!("{ou}\n{person}"))
        .ldif(&group("inner", &["uid=u0002,ou=people"]))
        .ldif(&group(
            "top",
            &[
                "cn=inner,ou=groups",
                "uid=u0001,ou=people",
                "uid=far,ou=other",
            ],
        ))
        .start();
    let mut host = bare_host();
    host.leaves_stamps = true;
    let section = format!(
        "[provider.campus]\nkind = 'ldap'\nurl = '{}'\nschema = 'rfc2307bis'\nuser_base = 'ou=people,{SUFFIX}'\n\
         group_base = 'ou=groups,{SUFFIX}'\ngroup_filter = '(objectClass=groupOfNames)'\n[accounts]\ncreate_home = false\ntop_group = 'top'\n[groups]\ngid_range = [60000, 64999]\n",
        server.url()
    );
    host.write_with_mode("gosync.toml", section, 0o600);
    let ran = host.gosync(&["sync", "users"]);
    assert!(ran.out.contains("2 created"), "{ran:?}");
    thread::sleep(Duration::from_secs(4));
    let says = || host.gosync(&["sync", "users"]).out;
    says();
    let unmoved = says();
    assert!(unmoved.contains(ALL_READ), "{unmoved}");
    let add = format!("changetype: modify\nadd: member\nmember: uid=u0003,ou=people,{SUFFIX}");
    change(&server, "cn=inner,ou=groups", &add);
    let moved = says();
    assert!(moved.contains("1 created"), "{moved}");
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

/// OpenLDAP computes `memberOf` without a change of the person: that is known by a read of all people only.
#[test]
fn who_joins_a_group_that_the_filter_names_by_member_of_is_seen_at_once() {
    let staff = format!(
        "dn: cn=staff,ou=groups,{SUFFIX}\nobjectClass: groupOfNames\ncn: staff\nmember: cn=nobody\n"
    );
    let server = Slapd::builder(Groups::Bis)
        .people(5)
        .ldif(&staff)
        .setting(
            "moduleload syncprov\nmoduleload dynlist\ninclude /etc/ldap/schema/dyngroup.schema",
        )
        .database(
            "overlay dynlist\ndynlist-attrset groupOfURLs memberURL member+memberOf@groupOfNames\n\
             overlay syncprov\nsyncprov-sessionlog 100",
        )
        .start();
    let join = |login: &str| {
        let member =
            format!("changetype: modify\nadd: member\nmember: uid={login},ou=people,{SUFFIX}");
        change(&server, "cn=staff,ou=groups", &member);
    };
    join("u0001");
    let mut host = bare_host();
    host.leaves_stamps = true;
    let section = format!(
        "[provider.campus]\nkind = 'ldap'\nurl = '{}'\nschema = 'rfc2307bis'\nuser_base = 'ou=people,{SUFFIX}'\n\
         user_filter = '(&(objectClass=posixAccount)(memberOf=cn=staff,ou=groups,{SUFFIX}))'\n\
         group_base = 'ou=groups,{SUFFIX}'\n[accounts]\ncreate_home = false\n",
        server.url()
    );
    host.write_with_mode("gosync.toml", section, 0o600);
    let says = || host.gosync(&["sync", "users"]).expect(0).out;
    assert!(says().contains("1 created"));
    thread::sleep(Duration::from_secs(4));
    says();
    let unmoved = says();
    assert!(unmoved.contains(MOVED), "{unmoved}");
    join("u0002");
    let moved = says();
    assert!(moved.contains("1 created"), "{moved}");
}
