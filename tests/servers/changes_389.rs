//! 389 Directory Server is asked what has changed where its log of changes is whole, and only there; whatever it does not tell of is
//! seen all the same.

use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::ds389::{Ds389, WHOLE_LOG};
use crate::follower::Follower;
use crate::histories::{
    Changing as _, PEOPLE, READER, both_are_the_same, configure, folders, groups, host, locked,
    person, sync,
};
use crate::proxy::{Fault, Proxy};
use crate::scratch::ScratchHost;
use crate::slapd::SUFFIX;
use crate::stamp::{self, MOVED, are_saved, every_change_is_seen, settle};

/// Lets everybody who has bound know how the log of changes is set up.
const READABLE: &str = "aci: (targetattr=\"*\")(version 3.0; acl \"log\"; allow (read, search, compare) userdn=\"ldap:///all\";)\n";
const NAMED: &str = "nsslapd-attribute: nsuniqueid:targetUniqueId\n";

fn reader() -> String {
    format!(
        "dn: {READER}\nobjectClass: account\nobjectClass: simpleSecurityObject\nuid: reader\nuserPassword: secret\n\n"
    )
}

fn people(count: usize) -> String {
    let person = |n| person(&format!("uid=u{n:04},ou=people"), 20_000 + n);
    (0..count).map(person).collect()
}

fn directory(count: usize, log: &str) -> Ds389 {
    let ldif = [reader(), people(count), folders(), groups()].concat();
    Ds389::logging(&ldif, log)
}

/// A host that reads through a proxy, which counts.
fn watched(server: &Ds389) -> (ScratchHost, Proxy) {
    let proxy = Proxy::start(server.port, Fault::Pass);
    let host = host(
        &format!("ldap://127.0.0.1:{}", proxy.port),
        server.section(),
    );
    sync(&host);
    sync(&host);
    (host, proxy)
}

/// How much the server sends for a sync of people after each got another name; and they have it.
#[track_caller]
fn cost_of_a_change(server: &Ds389, host: &ScratchHost, proxy: &Proxy) -> usize {
    let name = format!("after {}", proxy.passed());
    server.modify(&format!(
        "dn: uid=u0003,ou=people,{SUFFIX}\nchangetype: modify\nreplace: cn\ncn: {name}\n"
    ));
    let before = proxy.passed();
    host.gosync(&["sync", "users"]).expect(0);
    let seen = host.read("etc/passwd").contains(&format!(":{name}:"));
    assert!(seen, "{name}");
    proxy.passed() - before
}

/// More than what is told of one change, and less than what all people are.
const LITTLE: usize = 3_500;

#[test]
fn a_host_by_changes_is_the_same_as_one_in_full() {
    both_are_the_same(&mut directory(PEOPLE, WHOLE_LOG), 0x5eed_0004, 4_500);
}

#[test]
fn a_host_by_other_changes_is_the_same_as_one_in_full() {
    both_are_the_same(&mut directory(PEOPLE, WHOLE_LOG), 0x5eed_0005, 4_500);
}

#[test]
fn every_change_is_seen_with_a_log_of_changes() {
    let lab = format!(
        "dn: cn=lab,ou=groups,{SUFFIX}\nobjectClass: posixGroup\ncn: lab\ngidNumber: 60001\nmemberUid: u0001\n"
    );
    let ldif = [reader(), people(5), folders(), lab].concat();
    every_change_is_seen(|| Ds389::logging(&ldif, WHOLE_LOG), MOVED);
}

#[test]
fn where_nothing_has_moved_that_is_one_small_question() {
    let mut server = directory(PEOPLE, WHOLE_LOG);
    let proxy = Proxy::start(server.port, Fault::Pass);
    let host = stamp::host_at(&server, proxy.port);
    settle(&host);
    let before = proxy.passed();
    assert_eq!(are_saved(&host), [true, true]);
    let passed = proxy.passed() - before;
    assert!(passed < 2 * 1_000, "{passed} bytes for two questions");
    // Only a server that has run all the time is believed.
    server.restart(Signal::SIGTERM);
    assert_eq!(are_saved(&host), [false, false]);
    stamp::change(&server, "uid=u0004,ou=people", "changetype: delete");
    server.restart(Signal::SIGKILL);
    assert_eq!(are_saved(&host), [false, false]);
}

/// It says after each refresh that what it did not name is gone (refreshDeletes is FALSE).
#[test]
fn who_is_not_named_is_not_gone() {
    let server = directory(PEOPLE, WHOLE_LOG);
    let (host, proxy) = watched(&server);
    let cost = cost_of_a_change(&server, &host, &proxy);
    assert!(cost < LITTLE, "{cost} bytes: all was read");
    assert_eq!(locked(&host), 0);
    server.modify(&format!(
        "dn: uid=u0004,ou=people,{SUFFIX}\nchangetype: delete\n"
    ));
    let cost = cost_of_a_change(&server, &host, &proxy);
    assert!(cost < LITTLE, "{cost} bytes: all was read");
    assert_eq!(locked(&host), 1);
}

/// It does not tell of who does not pass the filter any more.
#[test]
fn who_leaves_the_filter_is_gone() {
    let server = directory(PEOPLE, WHOLE_LOG);
    let (host, proxy) = watched(&server);
    server.modify(&format!(
        "dn: uid=u0004,ou=people,{SUFFIX}\nchangetype: modify\nadd: l\nl: left\n"
    ));
    let cost = cost_of_a_change(&server, &host, &proxy);
    assert!(cost < LITTLE, "{cost} bytes: all was read");
    assert_eq!(locked(&host), 1);
}

/// It tells of the folder alone.
#[test]
fn who_is_in_a_folder_that_moves_is_seen() {
    let server = directory(PEOPLE, WHOLE_LOG);
    let (host, _proxy) = watched(&server);
    for (from, to, gone) in [("people", "other", 3), ("other", "people", 0)] {
        server.modify(&format!(
            "dn: ou=sub,ou={from},{SUFFIX}\nchangetype: modrdn\nnewrdn: ou=sub\ndeleteoldrdn: 0\n\
             newsuperior: ou={to},{SUFFIX}\n"
        ));
        sync(&host);
        assert_eq!(locked(&host), gone, "from {from}");
        sync(&host);
    }
}

/// A listener is told of changes.
#[test]
fn changes_come_to_the_host_by_themselves() {
    let server = directory(PEOPLE, WHOLE_LOG);
    let host = stamp::host(&server);
    let mut follower = Follower::synced(&host, &["--every", "1d"]);
    let change = |how: &str| {
        let how = format!("changetype: modify\n{how}");
        stamp::change(&server, "uid=u0005,ou=people", &how);
    };
    change("replace: gecos\ngecos: Another");
    follower.until_file(&host, "etc/passwd", ":Another:/home/u0005:", true);
    let how = "changetype: add\nobjectClass: account\nobjectClass: posixAccount\nuid: new\ncn: New\nuidNumber: 30000\n\
        gidNumber: 100\nhomeDirectory: /home/new";
    stamp::change(&server, "uid=new,ou=people", how);
    follower.until_file(&host, "etc/passwd", "\nnew:", true);
    let member = "changetype: modify\nreplace: memberUid\nmemberUid: u0000\nmemberUid: u0007";
    stamp::change(&server, "cn=g1,ou=groups", member);
    follower.until_file(&host, "etc/group", "g1:x:60002:u0000,u0007\n", true);
    follower.at_rest();
    follower.end(Signal::SIGTERM).expect(0);
}

/// More are looked up than go into one question.
#[test]
fn many_changes_at_once_are_seen() {
    let server = directory(700, WHOLE_LOG);
    let (host, _proxy) = watched(&server);
    let how = |n| match n % 5 {
        0 => "add: l\nl: left",
        _ => "replace: cn\ncn: Changed",
    };
    let change = |n| {
        format!(
            "dn: uid=u{n:04},ou=people,{SUFFIX}\nchangetype: modify\n{}\n\n",
            how(n)
        )
    };
    server.modify(&(100..350).map(change).collect::<String>());
    let ran = host.gosync(&["sync", "users"]).expect(0);
    assert_eq!(locked(&host), 50, "{}", ran.err);
    let passwd = host.read("etc/passwd");
    assert_eq!(passwd.matches(":Changed:").count(), 200);
}

/// It names fifty at once, and leaves out the one after them.
#[test]
fn more_deletions_than_it_names_lead_to_a_read_of_all() {
    let server = directory(700, WHOLE_LOG);
    let (host, _proxy) = watched(&server);
    let gone = |n| format!("dn: uid=u{n:04},ou=people,{SUFFIX}\nchangetype: delete\n\n");
    server.modify(&(100..160).map(gone).collect::<String>());
    sync(&host);
    assert_eq!(locked(&host), 60);
}

/// What it does not log it does not tell, and says that nothing has changed.
#[test]
fn a_log_that_is_not_whole_or_not_known_to_be_is_not_asked() {
    let ipa = format!("{NAMED}{READABLE}nsslapd-include-suffix: cn=dns,{SUFFIX}\n");
    let attributes = format!("{NAMED}{READABLE}nsslapd-exclude-attrs: description\n");
    for log in [&ipa, &attributes, READABLE, NAMED] {
        let server = directory(PEOPLE, log);
        let (host, proxy) = watched(&server);
        let cost = cost_of_a_change(&server, &host, &proxy);
        assert!(cost > LITTLE, "{cost} bytes with {log}");
    }
}

/// Whatever the plug-in is told is in force when the server is started again.
#[test]
fn a_log_is_asked_once_the_server_was_started_with_it() {
    let mut server = directory(PEOPLE, READABLE);
    let (host, proxy) = watched(&server);
    server.modify(&format!(
        "dn: cn=Retro Changelog Plugin,cn=plugins,cn=config\nchangetype: modify\nadd: nsslapd-attribute\n{NAMED}"
    ));
    for _ in 0..2 {
        assert!(cost_of_a_change(&server, &host, &proxy) > LITTLE);
    }
    server.restart(Signal::SIGTERM);
    assert!(cost_of_a_change(&server, &host, &proxy) > LITTLE);
    assert!(cost_of_a_change(&server, &host, &proxy) < LITTLE);
}

/// It takes a cookie for changes that are not in its log any more, and tells of the rest.
#[test]
fn changes_that_are_not_logged_any_more_are_seen() {
    let short = "nsslapd-changelogmaxage: 1s\nnsslapd-changelog-trim-interval: 1s\n";
    let server = directory(PEOPLE, &format!("{WHOLE_LOG}{short}"));
    let (host, proxy) = watched(&server);
    cost_of_a_change(&server, &host, &proxy);
    server.modify(&format!(
        "dn: uid=u0005,ou=people,{SUFFIX}\nchangetype: modify\nadd: l\nl: left\n"
    ));
    let left = server.login().number("lastChangeNumber");
    // The log keeps the last change in any case.
    while server.login().number("firstChangeNumber") <= left {
        server.modify(&format!(
            "dn: uid=u0007,ou=people,{SUFFIX}\nchangetype: modify\nreplace: cn\ncn: Seven\n"
        ));
        thread::sleep(Duration::from_millis(100));
    }
    sync(&host);
    assert_eq!(locked(&host), 1, "whoever left");
    assert!(host.read("etc/passwd").contains(":Seven:"));
}

/// A cookie of changes that are still to come: result 4096.
#[test]
fn a_log_that_begins_anew_leads_to_a_read_of_all() {
    let mut server = directory(PEOPLE, WHOLE_LOG);
    let (host, proxy) = watched(&server);
    server.restart_without(Signal::SIGTERM, Some("db/changelog"));
    let cost = cost_of_a_change(&server, &host, &proxy);
    assert!(cost > LITTLE, "{cost} bytes");
    let cost = cost_of_a_change(&server, &host, &proxy);
    assert!(cost < LITTLE, "{cost} bytes");
}

/// A class of service gives people attributes, and none of them changes by it.
#[test]
fn what_other_entries_make_of_people_is_seen() {
    let server = directory(PEOPLE, WHOLE_LOG);
    server.modify(&format!(
        "dn: cn=template,ou=other,{SUFFIX}\nchangetype: add\nobjectClass: top\nobjectClass: cosTemplate\n\
         objectClass: extensibleObject\nobjectClass: ldapsubentry\ncn: template\ngecos: One\n\n\
         dn: cn=names,ou=people,{SUFFIX}\nchangetype: add\nobjectClass: top\nobjectClass: cosSuperDefinition\n\
         objectClass: cosPointerDefinition\nobjectClass: ldapsubentry\ncn: names\n\
         cosTemplateDn: cn=template,ou=other,{SUFFIX}\ncosAttribute: gecos default\n"
    ));
    let (host, _proxy) = watched(&server);
    assert!(host.read("etc/passwd").contains(":One:/home/u0001:"));
    server.modify(&format!(
        "dn: cn=template,ou=other,{SUFFIX}\nchangetype: modify\nreplace: gecos\ngecos: Other\n"
    ));
    // The server itself goes on for a while to send what was before.
    let until = Instant::now() + Duration::from_secs(60);
    while !host.read("etc/passwd").contains(":Other:/home/u0001:") {
        assert!(Instant::now() < until, "it is not seen");
        sync(&host);
    }
}

/// Everything is read again where that is asked for.
#[test]
fn all_is_read_where_that_is_asked_for() {
    let server = directory(PEOPLE, WHOLE_LOG);
    let (host, proxy) = watched(&server);
    assert!(cost_of_a_change(&server, &host, &proxy) < LITTLE);
    let url = format!("ldap://127.0.0.1:{}", proxy.port);
    let off = format!("{}incremental = false\n", server.section());
    configure(&host, &url, &off);
    assert!(cost_of_a_change(&server, &host, &proxy) > LITTLE);
}
