//! Several admin hosts that fill one directory, one at a time: who writes, what a takeover brings along, and what never happens: that
//! two people have one number.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::bare_host::bare_host;
use crate::ldap_tools::{Entry, Login};
use crate::proxy::{Fault, Proxy};
use crate::scratch::{Ran, ScratchHost};
use crate::slapd::{ADMIN, Groups, PASSWORD, SUFFIX, Slapd, free_port};

const WRITERS: &str = "[writers]\n\
    admin1 = { uids = [20000, 29999], gids = [60000, 60999] }\n\
    admin2 = { uids = [30000, 39999], gids = [61000, 61999] }\n";

/// An admin host.
struct Admin {
    host: ScratchHost,
    name: &'static str,
}

impl Admin {
    fn new(name: &'static str, url: &str) -> Self {
        let admin = Self {
            host: bare_host(),
            name,
        };
        admin.host.write_with_mode("dir.password", PASSWORD, 0o600);
        admin.configure(url, "");
        admin
    }

    /// `more`: keys of the target, and sections behind it.
    fn configure(&self, url: &str, more: &str) {
        let text = format!(
            "[gosync]\ntargets = ['host', 'dir']\n[provider.p]\nkind = 'file'\npath = 'directory.json'\n\
             [accounts]\ncreate_home = false\n[limits]\nmax_additions = 10000\n{WRITERS}\
             [target.dir]\nkind = 'ldap'\nurl = '{url}'\nuser_base = 'ou=people,{SUFFIX}'\n\
             group_base = 'ou=groups,{SUFFIX}'\nbind_dn = '{ADMIN}'\npassword_file = 'dir.password'\n{more}"
        );
        self.host.write_with_mode("gosync.toml", text, 0o600);
    }

    fn say(&self, logins: &[String]) {
        let person = |login: &String| json!({"id": format!("id-{login}"), "login": login, "name": format!("Mx {login}")});
        let users: Vec<Value> = logins.iter().map(person).collect();
        let members: Vec<Value> = logins
            .iter()
            .take(3)
            .map(|it| json!({"user": format!("id-{it}")}))
            .collect();
        let groups = json!([{"id": "g-team", "name": "team", "members": members}]);
        let text = json!({"users": users, "groups": groups}).to_string();
        self.host.write_with_mode("directory.json", text, 0o600);
    }

    fn run(&self, words: &[&str]) -> Ran {
        match self.name {
            "" => self.host.gosync(words),
            name => self.host.gosync(&[&["--writer", name], words].concat()),
        }
    }

    fn sync(&self, code: i32) -> Ran {
        self.run(&["sync"]).expect(code)
    }

    fn begin(&self, words: &[&str]) -> Child {
        let mut command = self
            .host
            .command(&[&["--writer", self.name], words].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// The uids of this host's accounts, by name.
    fn uids(&self) -> BTreeMap<String, String> {
        let passwd = self.host.read("etc/passwd");
        let lines = passwd.lines().filter(|line| !line.starts_with("root:"));
        let fields = lines.map(|line| line.split(':').collect::<Vec<_>>());
        fields
            .map(|it| (it[0].to_owned(), it[2].to_owned()))
            .collect()
    }
}

fn ended(child: Child) -> Ran {
    Ran::from(child.wait_with_output().unwrap())
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

fn logins(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|n| format!("u{n:04}")).collect()
}

fn login(server: &Slapd) -> Login {
    Login {
        url: server.url(),
        bind: Some((ADMIN.to_owned(), PASSWORD.to_owned())),
        base: SUFFIX.to_owned(),
    }
}

fn people(server: &Slapd) -> Vec<Entry> {
    login(server).search("(objectClass=posixAccount)", &["*"])
}

/// The uids in a directory, by name.
fn uids(server: &Slapd) -> BTreeMap<String, String> {
    let all = people(server);
    let pair = |it: &Entry| {
        (
            it.one("uid").unwrap().to_owned(),
            it.one("uidnumber").unwrap().to_owned(),
        )
    };
    all.iter().map(pair).collect()
}

/// Who writes, and in which term.
fn term(server: &Slapd) -> Option<(String, String)> {
    let found = login(server).search("(&(objectClass=device)(cn=gosync-writer))", &["*"]);
    let entry = found.first()?;
    Some((
        entry.one("ou")?.to_owned(),
        entry.one("serialnumber")?.to_owned(),
    ))
}

fn is(name: &str, number: &str) -> Option<(String, String)> {
    Some((name.to_owned(), number.to_owned()))
}

/// No number stands twice.
#[track_caller]
fn no_number_is_doubled(server: &Slapd) {
    let all = people(server);
    let numbers: Vec<&str> = all.iter().map(|it| it.one("uidnumber").unwrap()).collect();
    let different: BTreeSet<&&str> = numbers.iter().collect();
    assert_eq!(numbers.len(), different.len(), "{numbers:?}");
    let ids: BTreeSet<&str> = all
        .iter()
        .map(|it| it.one("employeenumber").unwrap())
        .collect();
    assert_eq!(ids.len(), all.len(), "an id stands twice");
}

/// What tells one state of a server from another.
fn states(server: &Slapd) -> Vec<String> {
    let found = login(server).search("(objectClass=*)", &["entryCSN"]);
    found
        .iter()
        .map(|it| format!("{} {:?}", it.dn, it.one("entrycsn")))
        .collect()
}

#[test]
fn one_writes_and_the_other_stands_by_until_it_takes_over() {
    let server = Slapd::builder(Groups::Bis).start();
    let (one, two) = (
        Admin::new("admin1", &server.url()),
        Admin::new("admin2", &server.url()),
    );
    one.say(&logins(0, 5));
    two.say(&logins(0, 6));
    one.sync(0);
    assert_eq!(term(&server), is("admin1", "1"));
    assert_eq!(one.uids()["u0000"], "20000");
    let (before, calm) = (states(&server), two.host.read("etc/passwd"));
    let ran = two.sync(11);
    assert!(
        ran.err.contains("admin1 writes to target dir (term 1"),
        "{ran:?}"
    );
    assert!(ran.err.contains("gosync takeover"), "{ran:?}");
    let ran = two.run(&["takeover", "-n"]).expect(0);
    assert!(
        ran.out
            .contains("admin2 would write (term 2); 6 of 6 numbers"),
        "{ran:?}"
    );
    assert_eq!(states(&server), before);
    assert_eq!(two.host.read("etc/passwd"), calm);

    two.run(&["takeover"]).expect(0);
    assert_eq!(term(&server), is("admin2", "2"));
    let ran = one.sync(11);
    assert!(ran.err.contains("admin2 writes"), "{ran:?}");
    two.sync(0);
    let mut wanted = one.uids();
    wanted.insert("u0005".to_owned(), "30000".to_owned());
    assert_eq!(
        two.uids(),
        wanted,
        "who has a number keeps it, and new ones are admin2's"
    );
    assert_eq!(uids(&server), wanted);
    let gid = |admin: &Admin| {
        admin
            .host
            .read("etc/group")
            .lines()
            .find(|it| it.starts_with("team:"))
            .unwrap()
            .to_owned()
    };
    assert_eq!(gid(&one), gid(&two));

    // And back: the directory is what the first one knows, too.
    one.say(&logins(0, 7));
    two.say(&logins(0, 7));
    one.run(&["takeover", "--yes"]).expect(0);
    one.sync(0);
    assert_eq!(
        (one.uids()["u0005"].as_str(), one.uids()["u0006"].as_str()),
        ("30000", "20005")
    );
    assert_eq!(term(&server), is("admin1", "3"));
    // A second one changes nothing.
    let before = states(&server);
    one.run(&["takeover"]).expect(0);
    assert_eq!(states(&server), before);
    no_number_is_doubled(&server);
}

#[test]
fn who_leaves_while_the_writer_changes_keeps_the_number_as_an_entry_that_is_retired() {
    let server = Slapd::builder(Groups::Bis)
        .ldif(&format!(
            "dn: ou=retired,{SUFFIX}\nobjectClass: organizationalUnit\nou: retired"
        ))
        .start();
    let retired = format!(
        "retired_base = 'ou=retired,{SUFFIX}'\n[departed]\nabsent_runs = 1\nabsent_for = '0s'\nremove_after = '0s'\n"
    );
    let (one, two) = (
        Admin::new("admin1", &server.url()),
        Admin::new("admin2", &server.url()),
    );
    one.configure(&server.url(), &retired);
    two.configure(&server.url(), &retired);
    one.say(&logins(0, 3));
    one.sync(0);
    one.say(&logins(1, 3));
    one.sync(0);
    one.sync(0);
    assert!(!one.uids().contains_key("u0000"));
    two.run(&["takeover"]).expect(0);
    two.say(&logins(0, 4));
    two.sync(0);
    assert_eq!(
        two.uids()["u0000"],
        "20000",
        "the same person has the same number"
    );
    assert_eq!(two.uids()["u0003"], "30000");
    no_number_is_doubled_but_retired(&server);
}

/// An entry that is retired has the number of the person who is back.
#[track_caller]
fn no_number_is_doubled_but_retired(server: &Slapd) {
    let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for it in people(server) {
        let owner = it.one("employeenumber").unwrap().to_owned();
        owners
            .entry(it.one("uidnumber").unwrap().to_owned())
            .or_default()
            .insert(owner);
    }
    assert!(owners.values().all(|it| it.len() == 1), "{owners:?}");
}

#[test]
fn a_host_that_no_writer_is_named_after_is_told_what_to_do() {
    let server = Slapd::builder(Groups::Bis).start();
    let admin = Admin::new("admin3", &server.url());
    admin.say(&logins(0, 1));
    let ran = admin.sync(2);
    assert!(
        ran.err
            .contains("[writers] does not name `admin3`, but admin1, admin2"),
        "{ran:?}"
    );
    let ran = admin.host.gosync(&["sync"]).expect(2);
    assert!(
        ran.err
            .contains("[writers] names admin1, admin2, and this host is called"),
        "{ran:?}"
    );
    assert!(ran.err.contains("--writer NAME"), "{ran:?}");
    admin.host.gosync(&["status"]);
    assert!(states(&server).len() == 3, "nothing was written");
}

#[test]
fn two_that_begin_at_once_on_one_server_never_both_write() {
    let server = Slapd::builder(Groups::Bis).start();
    let admins = [
        Admin::new("admin1", &server.url()),
        Admin::new("admin2", &server.url()),
    ];
    for round in 0..12 {
        let all = logins(0, 4 * (round + 1));
        if term(&server).is_some() {
            server.modify(&format!(
                "dn: cn=gosync-writer,{SUFFIX}\nchangetype: delete\n"
            ));
        }
        let running: Vec<Child> = admins
            .iter()
            .map(|admin| {
                admin.say(&all);
                admin.begin(&["sync"])
            })
            .collect();
        let ran: Vec<Ran> = running.into_iter().map(ended).collect();
        let mut codes: Vec<_> = ran.iter().map(|it| it.code).collect();
        codes.sort_unstable();
        assert_eq!(codes, [Some(0), Some(11)], "{round}: {ran:?}");
        no_number_is_doubled(&server);
        assert_eq!(uids(&server).len(), all.len());
    }
}

/// A host with its people in the directory, through a proxy that holds what the server answers to a batch of changes; the child is one
/// that waits in the middle of it.
fn held(server: &Slapd, one: &Admin, all: &[String]) -> (Proxy, Child) {
    let calm = Slapd::builder(Groups::Bis).start();
    let answers = {
        let proxy = Proxy::start(calm.port, Fault::Pass);
        let admin = Admin::new("admin1", &format!("ldap://127.0.0.1:{}", proxy.port));
        admin.say(&all[..1]);
        admin.sync(0);
        let before = proxy.passed();
        admin.say(all);
        admin.sync(0);
        proxy.passed() - before
    };
    one.say(&all[..1]);
    one.sync(0);
    // 14 bytes for each change; what comes on the connection before, which asks for the term, is little.
    let proxy = Proxy::start(server.port, Fault::HoldAfter(answers - 14 * 150 - 200));
    one.configure(&format!("ldap://127.0.0.1:{}", proxy.port), "");
    one.say(all);
    let mut child = one.begin(&["sync"]);
    for _ in 0..3_000 {
        let passed = proxy.passed();
        thread::sleep(Duration::from_millis(100));
        if people(server).len() > 20 && proxy.passed() == passed {
            break;
        }
        assert!(child.try_wait().unwrap().is_none(), "{:?}", ended(child));
    }
    one.configure(&server.url(), "");
    (proxy, child)
}

#[test]
fn a_writer_that_was_stopped_in_a_batch_and_wakes_up_writes_nothing_more() {
    let server = Slapd::builder(Groups::Bis).start();
    let (one, two) = (
        Admin::new("admin1", &server.url()),
        Admin::new("admin2", &server.url()),
    );
    let all = logins(0, 400);
    let (proxy, child) = held(&server, &one, &all);
    signal(&child, Signal::SIGSTOP);
    proxy.release();
    two.say(&all);
    two.run(&["takeover"]).expect(0);
    let (before, count) = (states(&server), people(&server).len());
    assert!(
        (20..400).contains(&count),
        "{count} were there when it was stopped"
    );
    signal(&child, Signal::SIGCONT);
    let ran = ended(child);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(
        ran.err
            .contains("admin2 writes now (term 2), and admin1 no more (term 1)"),
        "{ran:?}"
    );
    assert_eq!(states(&server), before, "its next change was refused");
    two.sync(0);
    let there = uids(&server);
    assert_eq!(there.len(), 400);
    no_number_is_doubled(&server);
    // What the first one gave and could not write is reported when it is its turn again, with both owners, and stays.
    let mine = one.uids();
    let differ = there
        .iter()
        .filter(|(name, uid)| mine[*name] != **uid)
        .count();
    assert_eq!(differ, 400 - count);
    let ran = one.run(&["takeover"]).expect(3);
    assert!(
        ran.err
            .contains("nothing is changed for it, and nobody else gets"),
        "{ran:?}"
    );
    let ran = one.sync(3);
    assert!(ran.err.contains("and here it has the number"), "{ran:?}");
    assert_eq!(uids(&server), there);
}

#[test]
fn a_takeover_that_was_broken_off_anywhere_is_finished_by_the_next() {
    let server = Slapd::builder(Groups::Bis).start();
    let one = Admin::new("admin1", &server.url());
    let all = logins(0, 30);
    one.say(&all);
    one.sync(0);
    let wanted = one.uids();
    let bytes = {
        let proxy = Proxy::start(server.port, Fault::Pass);
        let two = Admin::new("admin2", &format!("ldap://127.0.0.1:{}", proxy.port));
        two.run(&["takeover"]).expect(0);
        one.run(&["takeover"]).expect(0);
        proxy.passed()
    };
    let points = 10;
    // It goes to and fro.
    let mut admins = [one, Admin::new("admin2", &server.url())];
    for point in 0..points {
        admins.swap(0, 1);
        let [taker, _] = &admins;
        let proxy = Proxy::start(server.port, Fault::EndAfter(7 + point * bytes / points));
        taker.configure(&format!("ldap://127.0.0.1:{}", proxy.port), "");
        taker.say(&all);
        let ran = taker.run(&["takeover"]);
        assert_eq!(ran.code, Some(1), "{point}: {ran:?}");
        taker.configure(&server.url(), "");
        // Whether the term has changed or not, one of the two writes, and all keep their numbers.
        if term(&server).unwrap().0 != taker.name {
            taker.sync(11);
            taker.run(&["takeover"]).expect(0);
        }
        taker.sync(0);
        assert_eq!(taker.uids(), wanted, "broken off at {point}");
    }
    assert_eq!(uids(&server), wanted);
}

#[test]
fn a_takeover_that_was_killed_after_it_began_the_term_is_finished_by_the_next_sync() {
    let server = Slapd::builder(Groups::Bis).start();
    let (one, two) = (
        Admin::new("admin1", &server.url()),
        Admin::new("admin2", &server.url()),
    );
    one.say(&logins(0, 30));
    one.sync(0);
    let mut child = two.begin(&["takeover"]);
    for _ in 0..3_000 {
        if term(&server) == is("admin2", "2") {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(term(&server), is("admin2", "2"));
    // Somebody comes whom it has not read.
    login(&server).add(&format!(
        "dn: uid=u0030,ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nuid: u0030\ncn: U\nsn: U\n\
         employeeNumber: id-u0030\nuidNumber: 20030\ngidNumber: 100\nhomeDirectory: /home/u0030\n"
    ));
    two.say(&logins(0, 31));
    two.sync(0);
    assert_eq!(two.uids()["u0030"], "20030");
    assert_eq!(two.uids().len(), 31);
    no_number_is_doubled(&server);
}

#[test]
fn a_directory_that_is_away_stops_who_stands_by_and_not_who_writes() {
    let mut server = Slapd::builder(Groups::Bis).start();
    let (one, two) = (
        Admin::new("admin1", &server.url()),
        Admin::new("admin2", &server.url()),
    );
    one.say(&logins(0, 2));
    two.say(&logins(0, 2));
    one.sync(0);
    server.end(Signal::SIGTERM);
    one.say(&logins(0, 3));
    let ran = one.sync(3);
    assert!(ran.err.contains("target dir is not in step"), "{ran:?}");
    assert!(one.uids().contains_key("u0002"));
    let ran = two.sync(1);
    assert!(
        ran.err
            .contains("whether this host writes to target dir could not be found out"),
        "{ran:?}"
    );
    assert!(two.uids().is_empty());
    server.start_again();
    one.sync(0);
    assert_eq!(uids(&server).len(), 3);
    two.sync(11);
}

/// Servers that each take changes and pass them on to all others.
fn replicas(count: usize) -> Vec<Slapd> {
    let ports: Vec<u16> = (0..count).map(|_| free_port()).collect();
    let start = |at: usize| {
        let mut database = String::new();
        for (other, port) in ports.iter().enumerate().filter(|(other, _)| *other != at) {
            database += &format!(
                "syncrepl rid={other:03} provider=ldap://127.0.0.1:{port} bindmethod=simple binddn=\"{ADMIN}\" \
                 credentials=\"{PASSWORD}\" searchbase=\"{SUFFIX}\" type=refreshAndPersist retry=\"1 +\" timeout=5\n"
            );
        }
        database += "multiprovider on\noverlay syncprov\n";
        let builder = Slapd::builder(Groups::Bis)
            .setting(&format!("moduleload syncprov\nserverID {}", at + 1))
            .database(&database)
            .port(ports[at]);
        match at {
            0 => builder.start(),
            _ => builder.empty().start(),
        }
    };
    let servers: Vec<Slapd> = (0..count).map(start).collect();
    in_step(&servers);
    servers
}

/// Waits until all servers have the same.
fn in_step(servers: &[Slapd]) {
    let all = |server: &Slapd| {
        let found = login(server).try_to_search("(objectClass=*)", &["entryCSN", "entryUUID"]);
        let mut all: Vec<String> = found
            .iter()
            .map(|it| {
                format!(
                    "{} {:?} {:?}",
                    it.dn,
                    it.one("entrycsn"),
                    it.one("entryuuid")
                )
            })
            .collect();
        all.sort();
        all
    };
    for _ in 0..600 {
        let [first, others @ ..] = servers else {
            return;
        };
        let first = all(first);
        if first.len() > 2 && others.iter().all(|server| all(server) == first) {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    let found: Vec<_> = servers.iter().map(all).collect();
    panic!("they do not come in step: {found:?}");
}

#[test]
fn two_that_begin_at_once_on_two_replicas_give_no_number_twice() {
    let servers = replicas(3);
    let admins = [
        Admin::new("admin1", &servers[0].url()),
        Admin::new("admin2", &servers[1].url()),
    ];
    let mut both = 0;
    for round in 0..8 {
        let all = logins(0, 5 * (round + 1));
        if term(&servers[2]).is_some() {
            servers[2].modify(&format!(
                "dn: cn=gosync-writer,{SUFFIX}\nchangetype: delete\n"
            ));
        }
        in_step(&servers);
        let running: Vec<Child> = admins
            .iter()
            .map(|admin| {
                admin.say(&all);
                admin.begin(&["sync"])
            })
            .collect();
        let ran: Vec<Ran> = running.into_iter().map(ended).collect();
        let codes: Vec<_> = ran.iter().map(|it| it.code).collect();
        assert!(
            codes.iter().all(|it| matches!(it, Some(0 | 3 | 11))),
            "{round}: {ran:?}"
        );
        both += usize::from(!codes.contains(&Some(11)));
        in_step(&servers);
        servers.iter().for_each(no_number_is_doubled);
    }
    // Whatever the two have given on their own, nobody has the number of somebody else.
    let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for admin in &admins {
        for (name, uid) in admin.uids() {
            owners.entry(uid).or_default().insert(name);
        }
    }
    assert!(
        owners.values().all(|it| it.len() == 1),
        "{both} rounds in which both wrote: {owners:?}"
    );
}

#[test]
fn a_split_doubles_no_number_and_what_contradicts_is_reported() {
    let mut servers = replicas(2);
    let (one, two) = (
        Admin::new("admin1", &servers[0].url()),
        Admin::new("admin2", &servers[1].url()),
    );
    one.say(&logins(0, 5));
    one.sync(0);
    in_step(&servers);
    // Each side sees itself alone.
    servers[1].end(Signal::SIGTERM);
    one.say(&logins(0, 15));
    one.sync(0);
    servers[0].end(Signal::SIGTERM);
    servers[1].start_again();
    two.say(&[logins(0, 10), logins(15, 20)].concat());
    two.run(&["takeover"]).expect(0);
    two.sync(0);
    let (first, second) = (one.uids(), two.uids());
    assert_eq!(first["u0000"], second["u0000"]);
    assert!(first["u0007"].starts_with('2') && second["u0007"].starts_with('3'));
    servers[0].start_again();
    in_step(&servers);
    servers.iter().for_each(no_number_is_doubled);
    // One of them writes, for both have read the same term; the other one's numbers are reported, and stay with whom they are.
    let there = uids(&servers[0]);
    one.sync(11);
    two.sync(0);
    let ran = one.run(&["takeover"]).expect(3);
    for part in [
        "`uid=u0007,ou=people",
        "the ledger gave that id the number 20",
    ] {
        assert!(ran.err.contains(part), "{part}: {ran:?}");
    }
    one.say(&logins(0, 20));
    let ran = one.sync(3);
    assert!(ran.err.contains("and here it has the number 20"), "{ran:?}");
    let after = uids(&servers[0]);
    let same = there.iter().all(|(name, uid)| after.get(name) == Some(uid));
    assert!(same, "{there:?} {after:?}");
    no_number_is_doubled(&servers[0]);
}

/// Everything that a host remembers is lost: the ledger, its copies, and the anchor.
fn lose_the_ledger(admin: &Admin) {
    let root = admin.host.root();
    fs::remove_dir_all(root.join("var/lib/gosync")).unwrap();
    fs::remove_file(root.join("etc/gosync/anchor")).unwrap();
}

fn a_ledger_comes_back_from_the_directory(admin: &Admin, server: &Slapd) {
    admin.say(&logins(0, 6));
    admin.sync(0);
    admin.say(&logins(1, 6));
    admin.sync(0);
    admin.sync(0);
    let (passwd, there) = (admin.host.read("etc/passwd"), content(server));
    assert!(!passwd.contains("u0000"), "{passwd}");
    lose_the_ledger(admin);
    let rebuild = ["ledger", "rebuild", "--from", "directory"];
    let ran = admin.run(&[&rebuild[..], &["-n"]].concat()).expect(0);
    assert!(ran.out.contains("u0003"), "{ran:?}");
    admin.run(&[&rebuild[..], &["--yes"]].concat()).expect(0);
    let ran = admin.sync(0);
    assert_eq!(admin.host.read("etc/passwd"), passwd, "{ran:?}");
    assert_eq!(content(server), there);
    admin.say(&logins(0, 7));
    admin.sync(0);
    let uids = admin.uids();
    assert_eq!(uids["u0000"], "20000", "who is back has their number");
    assert_eq!(uids["u0006"], "20006", "and nobody else has it");
    admin.run(&["ledger", "verify"]).expect(0);
}

/// All entries but the one that says who writes.
fn content(server: &Slapd) -> Vec<String> {
    let mut all = states(server);
    all.retain(|it| !it.contains("gosync-writer"));
    all
}

fn with_retired() -> Slapd {
    let retired = format!("dn: ou=retired,{SUFFIX}\nobjectClass: organizationalUnit\nou: retired");
    Slapd::builder(Groups::Bis).ldif(&retired).start()
}

fn retiring() -> String {
    format!(
        "retired_base = 'ou=retired,{SUFFIX}'\n[departed]\nabsent_runs = 1\nabsent_for = '0s'\nremove_after = '0s'\n"
    )
}

#[test]
fn a_ledger_that_is_lost_comes_back_from_the_directory_with_the_same_numbers() {
    let server = with_retired();
    let admin = Admin::new("admin1", &server.url());
    admin.configure(&server.url(), &retiring());
    a_ledger_comes_back_from_the_directory(&admin, &server);
    assert_eq!(term(&server), is("admin1", "1"));
}

#[test]
fn the_same_on_a_host_that_is_the_only_one() {
    let server = with_retired();
    let admin = Admin::new("", &server.url());
    admin.configure(&server.url(), &retiring());
    let text = fs::read_to_string(admin.host.config()).unwrap();
    let text = text.replace(WRITERS, "");
    admin.host.write_with_mode("gosync.toml", text, 0o600);
    a_ledger_comes_back_from_the_directory(&admin, &server);
    assert_eq!(term(&server), None);
}

#[test]
fn the_ledger_of_who_stands_by_comes_back_and_nothing_is_written() {
    let server = Slapd::builder(Groups::Bis).start();
    let (one, two) = (
        Admin::new("admin1", &server.url()),
        Admin::new("admin2", &server.url()),
    );
    one.say(&logins(0, 4));
    one.sync(0);
    two.say(&logins(0, 4));
    two.run(&["takeover"]).expect(0);
    two.sync(0);
    lose_the_ledger(&one);
    let before = states(&server);
    let rebuild = ["ledger", "rebuild", "--from", "directory", "--yes"];
    one.run(&rebuild).expect(0);
    assert_eq!(states(&server), before);
    one.sync(11);
    one.run(&["takeover"]).expect(0);
    one.sync(0);
    assert_eq!(one.uids(), two.uids());
}

#[test]
fn the_doctor_reports_replicas_that_differ_and_numbers_that_stand_twice() {
    let (server, other) = (
        Slapd::builder(Groups::Bis).start(),
        Slapd::builder(Groups::Bis).start(),
    );
    let admin = Admin::new("admin1", &server.url());
    admin.say(&logins(0, 2));
    admin.sync(0);
    let doctor = |more: &str| {
        admin.configure(&server.url(), more);
        admin.run(&["doctor"])
    };
    let ran = doctor(&format!("check_urls = ['{}']\n", server.url()));
    assert!(ran.out.contains("directory"), "{ran:?}");
    assert!(!ran.out.contains("do not hold the same"), "{ran:?}");
    let ran = doctor(&format!(
        "check_urls = ['{}', 'ldap://127.0.0.1:1']\n",
        other.url()
    ));
    for part in [
        "do not hold the same: 5 and 2 entries",
        "ldap://127.0.0.1:1 could not be read",
    ] {
        assert!(ran.out.contains(part), "{part}: {ran:?}");
    }
    server.modify(&format!(
        "dn: uid=eve,ou=people,{SUFFIX}\nchangetype: add\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nuid: eve\n\
         cn: Eve\nsn: Eve\nuidNumber: 20001\ngidNumber: 100\nhomeDirectory: /home/eve\nemployeeNumber: id-eve\n"
    ));
    let ran = doctor("").expect(1);
    assert!(ran.out.contains("uidNumber 20001 is that of"), "{ran:?}");
    let ran = doctor("check_urls = ['http://x']\n");
    assert!(ran.out.contains("check_urls"), "{ran:?}");
}

#[test]
fn who_left_while_nobody_wrote_is_reported_and_many_may_come_at_once() {
    let server = Slapd::builder(Groups::Bis).start();
    let (one, two) = (
        Admin::new("admin1", &server.url()),
        Admin::new("admin2", &server.url()),
    );
    for admin in [&one, &two] {
        let text = fs::read_to_string(admin.host.config()).unwrap();
        let text = text.replace("max_additions = 10000", "max_additions = 20");
        admin.host.write_with_mode("gosync.toml", text, 0o600);
    }
    one.say(&logins(0, 40));
    one.sync(0);
    two.run(&["takeover"]).expect(0);
    two.say(&logins(1, 40));
    // All accounts that this host makes first are no more than its first ones ever were.
    let ran = two.sync(3);
    assert_eq!(two.uids().len(), 39);
    let part = "1 open entry of people who have no account on this host: u0000";
    assert!(ran.err.contains(part), "{ran:?}");
    let shut = format!(
        "dn: uid=u0000,ou=people,{SUFFIX}\nchangetype: modify\nreplace: shadowExpire\nshadowExpire: 1\n"
    );
    server.modify(&shut);
    two.sync(0);
    // From then on the limit holds.
    two.say(&logins(1, 70));
    two.sync(10);
}

#[test]
fn somebody_is_locked_also_on_a_host_that_stands_by() {
    let server = Slapd::builder(Groups::Bis).start();
    let (one, two) = (
        Admin::new("admin1", &server.url()),
        Admin::new("admin2", &server.url()),
    );
    one.say(&logins(0, 2));
    one.sync(0);
    two.run(&["takeover"]).expect(0);
    let before = states(&server);
    one.run(&["lock", "u0000"]).expect(0);
    assert!(one.host.read("etc/shadow").contains("u0000:!"));
    one.run(&["deluser", "u0001"]).expect(11);
    assert_eq!(states(&server), before);
}
