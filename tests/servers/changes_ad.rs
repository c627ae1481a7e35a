//! Active Directory, which is Samba here, is asked what has changed (DirSync) by whoever it tells everything, and by nobody else;
//! what it does not tell of is seen all the same.

use nix::sys::signal::Signal;

use crate::histories::{Changing, Dice, PEOPLE, both_are_the_same, configure, host, locked, sync};
use crate::proxy::{Fault, Proxy};
use crate::samba::{self, Samba};
use crate::scratch::ScratchHost;
use crate::slapd::SUFFIX;
use crate::stamp::{self, are_saved, settle};

/// Whoever may do everything.
const ADMIN: &str = "schema = 'ad'\nbind_dn = 'administrator@example.org'\npassword_file = 'secret'\n\
    user_filter = '(&(objectClass=user)(!(l=left)))'\n";
/// Somebody who may read what everybody may.
const READER: &str = "schema = 'ad'\nbind_dn = 'reader@example.org'\npassword_file = 'secret'\n\
    user_filter = '(&(objectClass=user)(!(l=left)))'\n";
/// Base64 of the password of [`READER`], in quotation marks and UTF-16: `Sésame-0ffne-dich`.
const HIDDEN: &str = "IgBTAOkAcwBhAG0AZQAtADAAZgBmAG4AZQAtAGQAaQBjAGgAIgA=";

impl Changing for Samba {
    fn port(&self) -> u16 {
        Samba::port(self)
    }

    fn section(&self) -> &'static str {
        ADMIN
    }

    fn password(&self) -> &'static str {
        samba::PASSWORD
    }

    fn modify(&self, ldif: &str) {
        self.login().modify(ldif);
    }

    fn try_to_modify(&self, ldif: &str) {
        self.login().try_to_modify(ldif);
    }

    fn restart(&mut self, signal: Signal) {
        Samba::restart(self, signal);
    }

    fn change(&self, dice: &mut Dice, step: usize) -> String {
        change(dice, step)
    }

    fn regroup(&self) -> String {
        members("g1", "replace", &["u0000", "u0002"])
    }
}

fn person(place: &str, login: &str, number: usize) -> String {
    format!(
        "dn: CN={login},{place},{SUFFIX}\nchangetype: add\nobjectClass: user\nsAMAccountName: {login}\ndisplayName: {login}\n\
         uidNumber: {number}\ngidNumber: 100\nunixHomeDirectory: /home/{login}\nuserAccountControl: 544\n\n"
    )
}

/// Changes who is in a group.
fn members(group: &str, how: &str, logins: &[&str]) -> String {
    let member = |login: &&str| format!("member: CN={login},OU=people,{SUFFIX}\n");
    let members: String = logins.iter().map(member).collect();
    format!("dn: CN={group},OU=groups,{SUFFIX}\nchangetype: modify\n{how}: member\n{members}\n")
}

/// Changes which groups are in a group.
fn inner(group: &str, how: &str, inner: &str) -> String {
    format!(
        "dn: CN={group},OU=groups,{SUFFIX}\nchangetype: modify\n{how}: member\n\
         member: CN={inner},OU=groups,{SUFFIX}\n\n"
    )
}

/// Changes one attribute of a person.
fn replace(login: &str, attribute: &str, value: &str) -> String {
    format!(
        "dn: CN={login},OU=people,{SUFFIX}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n\n"
    )
}

/// Gives an entry another name, or another place.
fn moved(dn: &str, name: &str, place: &str) -> String {
    format!(
        "dn: {dn},{SUFFIX}\nchangetype: modrdn\nnewrdn: {name}\ndeleteoldrdn: 1\nnewsuperior: {place},{SUFFIX}\n\n"
    )
}

/// People, a folder inside of theirs and one beside it, and groups of two people each; one that is somebody's primary group. And
/// somebody who was deleted.
fn directory(count: usize) -> Samba {
    let server = Samba::start("");
    let folder = |dn: &str| {
        format!("dn: OU={dn},{SUFFIX}\nchangetype: add\nobjectClass: organizationalUnit\n\n")
    };
    let mut ldif = folder("other") + &folder("sub,OU=people");
    for n in 0..count {
        ldif += &person("OU=people", &format!("u{n:04}"), 20_000 + n);
    }
    for n in 0..3 {
        ldif += &person("OU=sub,OU=people", &format!("s{n}"), 25_000 + n);
    }
    for n in 0..4 {
        ldif += &format!(
            "dn: CN=g{n},OU=groups,{SUFFIX}\nchangetype: add\nobjectClass: group\nsAMAccountName: g{n}\ngidNumber: {}\n\
             member: CN=u0000,OU=people,{SUFFIX}\nmember: CN=u0001,OU=people,{SUFFIX}\n\n",
            60_001 + n
        );
    }
    ldif += &moved("CN=Domain Guests,CN=Users", "CN=visitors", "OU=groups");
    ldif += &format!(
        "dn: CN=visitors,OU=groups,{SUFFIX}\nchangetype: modify\nreplace: sAMAccountName\nsAMAccountName: visitors\n-\n\
         replace: gidNumber\ngidNumber: 60100\n\n"
    );
    ldif += &person("CN=Users", "reader", 26_000);
    ldif += &format!(
        "dn: CN=reader,CN=Users,{SUFFIX}\nchangetype: modify\nreplace: unicodePwd\nunicodePwd:: {HIDDEN}\n-\n\
         replace: userAccountControl\nuserAccountControl: 512\n\n"
    );
    ldif += &person("OU=other", "gone", 26_001);
    ldif += &format!("dn: CN=gone,OU=other,{SUFFIX}\nchangetype: delete\n");
    server.modify(&ldif);
    server
}

/// One change; `step` makes what is new new.
fn change(dice: &mut Dice, step: usize) -> String {
    let one = format!("u{:04}", dice.below(PEOPLE) + 1);
    let other = format!("u{:04}", dice.below(PEOPLE) + 1);
    let group = format!("g{}", dice.below(4));
    let dn = format!("CN={one},OU=people");
    let to = |place: &str| moved(&dn, &format!("CN={one}"), place);
    match dice.below(16) {
        0 => person("OU=people", &format!("n{step}"), 30_000 + step),
        1 => replace(&one, "loginShell", "/bin/sh"),
        2 => replace(&one, "displayName", &format!("Step {step}")),
        3 => format!("dn: {dn},{SUFFIX}\nchangetype: delete\n\n"),
        4 => {
            let name = format!("r{step}");
            moved(&dn, &format!("CN={name}"), "OU=people")
                + &replace(&name, "sAMAccountName", &name)
        }
        5 => replace(&one, "l", "left"),
        6 => to("OU=other"),
        7 => to("OU=sub,OU=people"),
        8 => {
            let (from, to) = match dice.below(2) {
                0 => ("people", "other"),
                _ => ("other", "people"),
            };
            moved(&format!("OU=sub,OU={from}"), "OU=sub", &format!("OU={to}"))
        }
        9 => members(&group, "replace", &["u0000", &one]),
        10 => members(&group, "add", &[&one]),
        11 => members(&group, "delete", &[&one]),
        12 => {
            let flags = ["544", "546"][dice.below(2)];
            replace(&one, "userAccountControl", flags)
        }
        13 => {
            // Never, and a day of 2001.
            let date = ["0", "126227808000000000"][dice.below(2)];
            replace(&one, "accountExpires", date)
        }
        14 => members("visitors", "add", &[&one]) + &replace(&one, "primaryGroupID", "514"),
        _ => {
            let inner_group = ["g0", "g2", "visitors"][dice.below(3)];
            let how = ["add", "delete"][dice.below(2)];
            inner("g3", how, inner_group) + &members("g2", "add", &[&other])
        }
    }
}

#[test]
fn a_host_by_changes_is_the_same_as_one_in_full() {
    both_are_the_same(&mut directory(PEOPLE), 0x5eed_0006, LITTLE);
}

#[test]
fn a_host_by_other_changes_is_the_same_as_one_in_full() {
    both_are_the_same(&mut directory(PEOPLE), 0x5eed_0007, LITTLE);
}

/// A host that reads through a proxy, which counts.
fn watched(server: &Samba, section: &str) -> (ScratchHost, Proxy) {
    let proxy = Proxy::start(server.port(), Fault::Pass);
    let host = host(&format!("ldap://127.0.0.1:{}", proxy.port), section);
    host.write_with_mode("secret", samba::PASSWORD, 0o600);
    sync(&host);
    sync(&host);
    (host, proxy)
}

/// How much the server sends for a sync of both after a change.
#[track_caller]
fn cost_of(server: &Samba, (host, proxy): (&ScratchHost, &Proxy), ldif: &str) -> usize {
    server.modify(ldif);
    let before = proxy.passed();
    sync(host);
    proxy.passed() - before
}

/// The members of a group on the host.
fn in_group(host: &ScratchHost, group: &str) -> String {
    let text = host.read("etc/group");
    let line = text
        .lines()
        .find(|line| line.starts_with(&format!("{group}:")));
    let members = line.and_then(|line| line.rsplit(':').next());
    members.unwrap_or("there is no such group").to_owned()
}

/// More than what is told of one change to two commands, and less than what all people are.
const LITTLE: usize = 16_000;

#[test]
fn only_what_has_changed_is_asked_for() {
    let server = directory(PEOPLE);
    let (host, proxy) = watched(&server, ADMIN);
    let cost = |ldif: &str| {
        let cost = cost_of(&server, (&host, &proxy), ldif);
        assert!(cost < LITTLE, "{cost} bytes for {ldif}");
        cost
    };
    cost(&replace("u0003", "displayName", "Another"));
    assert!(host.read("etc/passwd").contains(":Another:/home/u0003:"));
    cost(&members("g0", "add", &["u0003"]));
    assert_eq!(in_group(&host, "g0"), "u0000,u0001,u0003");
    cost(&members("g0", "delete", &["u0003"]));
    assert_eq!(in_group(&host, "g0"), "u0000,u0001");
    cost(&person("OU=people", "new", 30_000));
    assert!(host.read("etc/passwd").contains("\nnew:"));
    cost(&replace("u0004", "userAccountControl", "546"));
    assert_eq!(locked(&host), 1, "disabled");
    cost(&replace("u0005", "l", "left"));
    assert_eq!(locked(&host), 2, "left the filter");
    cost(&replace("u0006", "accountExpires", "126227808000000000"));
    assert_eq!(locked(&host), 3, "expired");
    cost(&replace("u0006", "accountExpires", "0"));
    assert_eq!(locked(&host), 2, "never expires");
    cost(&(members("visitors", "add", &["u0007"]) + &replace("u0007", "primaryGroupID", "514")));
    assert_eq!(in_group(&host, "visitors"), "u0007", "the primary group");
    cost(&inner("g1", "add", "visitors"));
    assert_eq!(in_group(&host, "g1"), "u0000,u0001,u0007");
    cost(&inner("g1", "delete", "visitors"));
    assert_eq!(in_group(&host, "g1"), "u0000,u0001");
    let cost_of_full = {
        let before = proxy.passed();
        host.gosync(&["sync", "--full"]);
        proxy.passed() - before
    };
    assert!(cost_of_full > LITTLE, "{cost_of_full} bytes for everything");
}

/// Of those who are renamed or deleted themselves alone are told, and not the groups that list them.
#[test]
fn who_is_renamed_or_deleted_is_so_in_groups() {
    let server = directory(PEOPLE);
    let (host, proxy) = watched(&server, ADMIN);
    let cost = |ldif: &str| {
        let cost = cost_of(&server, (&host, &proxy), ldif);
        assert!(cost < LITTLE, "{cost} bytes for {ldif}");
    };
    cost(&members("g0", "replace", &["u0003", "u0004"]));
    cost(&moved("CN=u0003,OU=people", "CN=renamed", "OU=people"));
    assert_eq!(in_group(&host, "g0"), "u0003,u0004");
    // Whoever has the name that somebody had before is not in the groups of that.
    cost(&person("OU=people", "next", 30_001));
    cost(&moved("CN=next,OU=people", "CN=u0003", "OU=people"));
    assert_eq!(in_group(&host, "g0"), "u0003,u0004");
    cost(&format!(
        "dn: CN=u0004,OU=people,{SUFFIX}\nchangetype: delete\n"
    ));
    assert_eq!(locked(&host), 1);
    assert_eq!(in_group(&host, "g0"), "u0003");
    cost(&format!(
        "dn: CN=g0,OU=groups,{SUFFIX}\nchangetype: delete\n"
    ));
}

/// It tells of the folder alone.
#[test]
fn who_is_in_a_folder_that_moves_is_seen() {
    let server = directory(PEOPLE);
    let (host, proxy) = watched(&server, ADMIN);
    for (from, to, gone) in [("people", "other", 3), ("other", "people", 0)] {
        let ldif = moved(&format!("OU=sub,OU={from}"), "OU=sub", &format!("OU={to}"));
        let cost = cost_of(&server, (&host, &proxy), &ldif);
        assert!(cost > LITTLE, "{cost} bytes: not all was read");
        assert_eq!(locked(&host), gone, "from {from}");
        sync(&host);
    }
    let renamed = moved("OU=sub,OU=people", "OU=renamed", "OU=people");
    cost_of(&server, (&host, &proxy), &renamed);
    assert_eq!(locked(&host), 0);
    let last = "dn: CN=s1,OU=renamed,OU=people,DC=example,DC=org\nchangetype: delete\n";
    let cost = cost_of(&server, (&host, &proxy), last);
    assert!(cost < LITTLE, "{cost} bytes: all was read");
    assert_eq!(locked(&host), 1);
}

/// Samba tells nobody of what they may not see, and does not say so.
#[test]
fn whoever_may_not_see_who_was_deleted_reads_everything() {
    let server = directory(PEOPLE);
    let (host, proxy) = watched(&server, READER);
    let change = |name: &str| replace("u0003", "displayName", name);
    let cost = cost_of(&server, (&host, &proxy), &change("One"));
    assert!(cost > LITTLE, "{cost} bytes: not all was read");
    let gone = |login: &str| format!("dn: CN={login},OU=people,{SUFFIX}\nchangetype: delete\n");
    cost_of(&server, (&host, &proxy), &gone("u0004"));
    assert_eq!(locked(&host), 1);
    // With that right alone, and none to replicate, it is told as much.
    server.let_see_deleted("reader");
    cost_of(&server, (&host, &proxy), &change("Two"));
    let cost = cost_of(&server, (&host, &proxy), &change("Three"));
    assert!(cost < LITTLE, "{cost} bytes: all was read");
    let cost = cost_of(&server, (&host, &proxy), &gone("u0005"));
    assert!(cost < LITTLE, "{cost} bytes: all was read");
    assert_eq!(locked(&host), 2);
}

/// Nobody was ever deleted there, so that it cannot be known whether we would see it.
#[test]
fn where_nobody_was_deleted_yet_everything_is_read() {
    let server = Samba::start("");
    server.modify(&(person("OU=people", "u0001", 20_001) + &person("OU=people", "u0002", 20_002)));
    let host = stamp::host(&server);
    std::thread::sleep(std::time::Duration::from_secs(4));
    for _ in 0..2 {
        assert_eq!(are_saved(&host), [false, false]);
    }
}

#[test]
fn where_nothing_has_moved_that_is_one_small_question() {
    let mut server = directory(PEOPLE);
    let proxy = Proxy::start(server.port(), Fault::Pass);
    let host = stamp::host_at(&server, proxy.port);
    settle(&host);
    let before = proxy.passed();
    assert_eq!(are_saved(&host), [true, true]);
    let passed = proxy.passed() - before;
    assert!(passed < 2 * 2_500, "{passed} bytes for two questions");
    // What nobody asks for.
    server.modify(&replace("u0003", "comment", "nothing"));
    assert_eq!(are_saved(&host), [true, true]);
    server.restart(Signal::SIGTERM);
    assert_eq!(are_saved(&host), [true, true]);
    server.modify(&format!(
        "dn: CN=u0004,OU=people,{SUFFIX}\nchangetype: delete\n"
    ));
    server.restart(Signal::SIGKILL);
    assert_eq!(are_saved(&host), [false, false]);
}

/// More are looked up than go into one question.
#[test]
fn many_changes_at_once_are_seen() {
    let server = directory(300);
    let (host, _proxy) = watched(&server, ADMIN);
    let change = |n| match n % 5 {
        0 => replace(&format!("u{n:04}"), "l", "left"),
        _ => replace(&format!("u{n:04}"), "displayName", "Changed"),
    };
    server.modify(&(20..270).map(change).collect::<String>());
    sync(&host);
    assert_eq!(locked(&host), 50);
    let passwd = host.read("etc/passwd");
    assert_eq!(passwd.matches(":Changed:").count(), 200);
}

/// Result 12.
#[test]
fn a_cookie_that_is_refused_leads_to_a_read_of_all() {
    let server = directory(PEOPLE);
    let (host, proxy) = watched(&server, ADMIN);
    let change = |name: &str| replace("u0003", "displayName", name);
    assert!(cost_of(&server, (&host, &proxy), &change("One")) < LITTLE);
    // The version of a part of the cookie.
    proxy.spoil(b"\x01\0\0\0\0\0\0\0\x01\0\0\0");
    let cost = cost_of(&server, (&host, &proxy), &change("Two"));
    assert!(cost > LITTLE, "{cost} bytes: not all was read");
    assert!(host.read("etc/passwd").contains(":Two:/home/u0003:"));
}

/// It is the same controller in the same state, and what it changed since then has the numbers of what it had changed before.
#[test]
fn a_controller_that_was_put_back_is_read_anew() {
    let mut server = directory(PEOPLE);
    let (host, proxy) = watched(&server, ADMIN);
    let change = |n: usize| replace(&format!("u{n:04}"), "displayName", "Changed");
    server.put_back_after(|server| {
        let all: String = (1..20).map(change).collect();
        assert!(cost_of(server, (&host, &proxy), &all) < LITTLE + 10_000);
    });
    assert!(host.read("etc/passwd").contains(":Changed:/home/u0007:"));
    let cost = cost_of(&server, (&host, &proxy), &change(30));
    assert!(cost > LITTLE, "{cost} bytes: not all was read");
    let passwd = host.read("etc/passwd");
    assert!(!passwd.contains(":Changed:/home/u0007:"));
    assert!(passwd.contains(":Changed:/home/u0030:"));
}

/// Everything is read again where that is asked for.
#[test]
fn all_is_read_where_that_is_asked_for() {
    let server = directory(PEOPLE);
    let (host, proxy) = watched(&server, ADMIN);
    let change = |name: &str| replace("u0003", "displayName", name);
    let url = format!("ldap://127.0.0.1:{}", proxy.port);
    for (more, is_little) in [("", true), ("incremental = false\n", false)] {
        configure(&host, &url, &format!("{ADMIN}{more}"));
        let cost = cost_of(
            &server,
            (&host, &proxy),
            &change(&format!("Name {}", more.len())),
        );
        assert_eq!(cost < LITTLE, is_little, "{cost} bytes with {more}");
    }
}
