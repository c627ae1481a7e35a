//! `gosync follow` beside a server that tells of changes: they are on the host soon, and whatever happens to the server, to the
//! lock or to the program itself, what is on the host in the end is what the directory says.

use std::fmt::Write as _;
use std::fs;
use std::thread;
use std::time::Duration;

use gosync::testing::system::lock::{Purpose, RunLock, Wait};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::bare_host::bare_host;
use crate::follower::{Follower, status};
use crate::scratch::ScratchHost;
use crate::slapd::{Builder, Groups, SUFFIX, Slapd};

/// So rarely that what comes within a test was told by the server.
const RARELY: [&str; 2] = ["--every", "1d"];
const OFTEN: [&str; 2] = ["--every", "1s"];

/// A directory with people and a group.
fn directory(people: usize) -> Builder {
    let group = format!(
        "dn: cn=lab,ou=groups,{SUFFIX}\nobjectClass: posixGroup\ncn: lab\ngidNumber: 60001\nmemberUid: u0001\n"
    );
    Slapd::builder(Groups::Nis).people(people).ldif(&group)
}

/// The same, which tells of changes.
fn telling(people: usize) -> Builder {
    directory(people)
        .setting("moduleload syncprov")
        .database("overlay syncprov\nsyncprov-sessionlog 100")
}

fn configure(host: &ScratchHost, url: &str, more: &str) {
    let section = format!(
        "[provider.campus]\nkind = 'ldap'\nurl = '{url}'\nschema = 'rfc2307'\nuser_base = 'ou=people,{SUFFIX}'\n\
         group_base = 'ou=groups,{SUFFIX}'\n{more}\n\
         [accounts]\ncreate_home = false\n[groups]\ngid_range = [60000, 64999]\n"
    );
    host.write_with_mode("gosync.toml", section, 0o600);
}

fn host(server: &Slapd, more: &str) -> ScratchHost {
    let mut host = bare_host();
    host.leaves_stamps = true;
    configure(&host, &server.url(), more);
    host
}

fn change(server: &Slapd, dn: &str, how: &str) {
    server.modify(&format!("dn: {dn},{SUFFIX}\n{how}\n"));
}

fn rename(server: &Slapd, person: &str, name: &str) {
    let how = format!("changetype: modify\nreplace: gecos\ngecos: {name}");
    change(server, &format!("uid={person},ou=people"), &how);
}

fn add(server: &Slapd, n: u32) {
    let how = format!(
        "changetype: add\nobjectClass: account\nobjectClass: posixAccount\nuid: new{n}\ncn: New\nuidNumber: {}\n\
         gidNumber: 100\nhomeDirectory: /home/new{n}",
        30_000 + n
    );
    change(server, &format!("uid=new{n},ou=people"), &how);
}

/// Adds somebody, and waits for them.
#[track_caller]
fn comes(follower: &mut Follower, host: &ScratchHost, server: &Slapd, n: u32) {
    add(server, n);
    follower.until_file(host, "etc/passwd", &format!("\nnew{n}:"), true);
}

/// The note of the last sync of people.
fn last_run(host: &ScratchHost) -> Value {
    let text = host.read("var/lib/gosync/last-runs.json");
    let runs: Option<Value> = serde_json::from_str(&text).ok();
    runs.unwrap_or_default()["runs"]["sync users"].clone()
}

/// Each kind of change, and the end.
fn follows(host: &ScratchHost, server: &Slapd) {
    let mut follower = Follower::synced(host, &RARELY);
    assert!(host.read("etc/passwd").contains("\nu0002:"));
    let said = follower.said();
    assert!(said.out.contains("listening for changes"), "{said:?}");
    comes(&mut follower, host, server, 1);
    rename(server, "u0001", "Another");
    follower.until_file(host, "etc/passwd", ":Another:/home/u0001:", true);
    let member = |how: &str| {
        let how = format!("changetype: modify\n{how}: memberUid\nmemberUid: u0002");
        change(server, "cn=lab,ou=groups", &how);
    };
    member("add");
    follower.until_file(host, "etc/group", "lab:x:60001:u0001,u0002\n", true);
    member("delete");
    follower.until_file(host, "etc/group", "lab:x:60001:u0001\n", true);
    follower.at_rest();
    let ended = follower.end(Signal::SIGTERM).expect(0);
    assert_eq!(ended.err, "", "{ended:?}");
    assert_eq!(ended.out.matches("synced").count(), 1, "{ended:?}");
}

#[test]
fn changes_come_to_the_host_by_themselves() {
    let server = telling(3).start();
    follows(&host(&server, ""), &server);
}

#[test]
fn changes_come_through_tls() {
    let server = telling(3).tls("DNS:localhost").start();
    let host = host(&server, "");
    host.write_with_mode("ca.pem", server.authority(), 0o600);
    configure(&host, &server.tls_url(), "ca_file = 'ca.pem'");
    follows(&host, &server);
}

#[test]
fn a_server_that_was_started_again_is_listened_to_again() {
    let mut server = telling(3).start();
    let host = host(&server, "");
    let mut follower = Follower::synced(&host, &RARELY);
    for (n, signal) in [(1, Signal::SIGTERM), (2, Signal::SIGKILL)] {
        server.end(signal);
        let n = usize::try_from(n).unwrap();
        follower.until("it is away", |said| {
            said.err.matches("does not tell of changes now").count() == n
        });
        server.start_again();
        follower.until("it is back", |said| {
            said.out.matches("reports changes; listening").count() == n
        });
        comes(&mut follower, &host, &server, u32::try_from(n).unwrap());
    }
    follower.at_rest();
    follower.end(Signal::SIGINT).expect(0);
}

#[test]
fn a_server_that_is_frozen_is_noticed_and_is_not_the_end() {
    let server = telling(3).start();
    let host = host(&server, "");
    let text = fs::read_to_string(host.config()).unwrap();
    let hasty = format!("[gosync]\ntime_limit = '2s'\n{text}");
    host.write_with_mode("gosync.toml", hasty, 0o600);
    let mut follower = Follower::synced(&host, &OFTEN);
    server.signal(Signal::SIGSTOP);
    follower.until("it is noticed", |said| {
        said.err.contains("no sign of life") && said.err.contains("ERROR: cannot reach ldap:")
    });
    server.signal(Signal::SIGCONT);
    follower.until("it is back", |said| {
        said.out.contains("reports changes; listening")
            && said.out.contains("sync users: it works again")
    });
    comes(&mut follower, &host, &server, 1);
    follower.end(Signal::SIGTERM);
}

#[test]
fn a_server_that_tells_nothing_is_looked_at() {
    let server = directory(3).start();
    let host = host(&server, "");
    let mut follower = Follower::synced(&host, &OFTEN);
    comes(&mut follower, &host, &server, 1);
    comes(&mut follower, &host, &server, 2);
    let said = follower.said();
    assert_eq!(said.err.lines().count(), 1, "{said:?}");
    assert!(
        said.err.contains("unavailableCriticalExtension"),
        "{said:?}"
    );
    assert!(said.out.contains("synced; looking every 1 s"), "{said:?}");
}

#[test]
fn a_thousand_changes_while_another_holds_the_lock_end_in_the_right_state() {
    let server = telling(50).start();
    let host = host(&server, "");
    let mut follower = Follower::synced(&host, &RARELY);
    let lock = host.root().join("run/gosync/lock");
    let held = RunLock::take(&lock, Purpose::Change("test"), Wait::Forever, &mut |_| {}).unwrap();
    let mut changes = String::new();
    for n in 0..1_000 {
        let person = n % 50;
        write!(
            changes,
            "dn: uid=u{person:04},ou=people,{SUFFIX}\nchangetype: modify\nreplace: gecos\ngecos: number {n}\n\n"
        )
        .unwrap();
    }
    server.modify(&changes);
    follower.until("it waits", |said| said.out.contains("[waiting]"));
    drop(held);
    for person in 0..50 {
        let line = format!(":number {}:/home/u{person:04}:", 950 + person);
        follower.until_file(&host, "etc/passwd", &line, true);
    }
    comes(&mut follower, &host, &server, 1);
    let said = follower.said();
    assert_eq!(said.out.matches("[waiting]").count(), 1, "{said:?}");
}

#[test]
fn what_a_limit_refuses_is_said_once_and_tried_again() {
    let server = telling(3).start();
    let host = host(&server, "");
    let limited = |most: u32| {
        let more = format!("[limits]\nmax_additions = {most}\nmax_additions_percent = 0");
        configure(&host, &server.url(), &more);
    };
    limited(1);
    let mut follower = Follower::synced(&host, &OFTEN);
    let held = {
        let lock = host.root().join("run/gosync/lock");
        RunLock::take(&lock, Purpose::Change("test"), Wait::Forever, &mut |_| {}).unwrap()
    };
    add(&server, 1);
    add(&server, 2);
    drop(held);
    follower.until("it is refused", |_| last_run(&host)["code"] == 10);
    for _ in 0..2 {
        let before = last_run(&host);
        follower.until("another round", |_| last_run(&host) != before);
    }
    let said = follower.said();
    assert_eq!(said.err.matches("ERROR").count(), 1, "{said:?}");
    assert!(said.err.contains("the plan exceeds limits"), "{said:?}");
    limited(2);
    follower.until_file(&host, "etc/passwd", "\nnew2:", true);
    follower.until("it is said", |said| {
        said.out.contains("sync users: it works again")
    });
    follower.end(Signal::SIGTERM);
}

#[test]
fn whenever_it_is_killed_the_next_sync_finds_its_way() {
    let server = telling(3).start();
    let host = host(&server, "");
    for n in 0..8 {
        let follower = Follower::synced(&host, &RARELY);
        add(&server, n);
        thread::sleep(Duration::from_millis(200 + 20 * u64::from(n)));
        assert_eq!(follower.end(Signal::SIGKILL).code, None);
        host.gosync(&["sync", "users"]).expect(0);
        assert!(host.read("etc/passwd").contains(&format!("\nnew{n}:")));
        host.gosync(&["ledger", "verify"]).expect(0);
    }
}

#[test]
fn memory_is_the_same_after_many_rounds() {
    let server = telling(200).start();
    let host = host(&server, "");
    let mut follower = Follower::synced(&host, &RARELY);
    let mut rounds = |from: u32, to: u32| {
        for n in from..to {
            rename(&server, "u0001", &format!("number {n}"));
            let line = format!(":number {n}:/home/u0001:");
            follower.until_file(&host, "etc/passwd", &line, true);
        }
        let memory = status(follower.pid(), "VmRSS:");
        let memory = memory.trim_end_matches(" kB");
        memory.parse::<u64>().unwrap()
    };
    let first = rounds(0, 40);
    let last = rounds(40, 160);
    assert!(last < first + 2_048, "from {first} to {last} KiB");
}
