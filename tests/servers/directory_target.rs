//! A directory that is brought in step with what a host has, on a real OpenLDAP server.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fmt::Write as _;
use std::fs;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::bare_host::bare_host;
use crate::ldap_tools::{Entry, Login};
use crate::proxy::{Fault, Proxy};
use crate::scratch::{Ran, ScratchHost};
use crate::slapd::{ADMIN, Groups, PASSWORD, SUFFIX, Slapd};

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

/// What the provider says: people by login, and the members of groups by login.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) people: Vec<Value>,
    pub(crate) groups: Vec<(String, Vec<String>)>,
}

impl World {
    pub(crate) fn of(logins: &[&str]) -> Self {
        let person = |login: &&str| {
            json!({"id": format!("id-{login}"), "login": login, "name": format!("Mx {login}"),
                "ssh_keys": [KEY]})
        };
        Self {
            people: logins.iter().map(person).collect(),
            groups: Vec::new(),
        }
    }

    pub(crate) fn group(mut self, name: &str, members: &[&str]) -> Self {
        let members = members.iter().map(|it| (*it).to_owned()).collect();
        self.groups.push((name.to_owned(), members));
        self
    }

    /// One person, by the login that they began with.
    pub(crate) fn person(&mut self, login: &str) -> &mut Value {
        let id = format!("id-{login}");
        self.people.iter_mut().find(|it| it["id"] == id).unwrap()
    }

    fn text(&self) -> String {
        let group = |(name, members): &(String, Vec<String>)| {
            let members = members.iter().map(|it| json!({"user": format!("id-{it}")}));
            json!({"id": format!("g-{name}"), "name": name, "members": members.collect::<Vec<_>>()})
        };
        let groups: Vec<Value> = self.groups.iter().map(group).collect();
        json!({"users": self.people, "groups": groups}).to_string()
    }
}

pub(crate) fn say(host: &ScratchHost, world: &World) {
    host.write_with_mode("directory.json", world.text(), 0o600);
}

/// A host whose directory is at `url`; `more`: keys of the target, and sections behind it.
pub(crate) fn host(url: &str, more: &str) -> ScratchHost {
    let host = bare_host();
    host.write_with_mode("dir.password", PASSWORD, 0o600);
    configure(&host, url, more);
    host
}

pub(crate) fn configure(host: &ScratchHost, url: &str, more: &str) {
    let text = format!(
        "[gosync]\ntargets = ['host', 'dir']\n[provider.p]\nkind = 'file'\npath = 'directory.json'\n\
         [accounts]\ncreate_home = false\nuid_range = [20000, 29999]\n[groups]\ngid_range = [60000, 64999]\n\
         [departed]\nabsent_runs = 1\nabsent_for = '0s'\n\
         [target.dir]\nkind = 'ldap'\nurl = '{url}'\nuser_base = 'ou=people,{SUFFIX}'\n\
         group_base = 'ou=groups,{SUFFIX}'\nbind_dn = '{ADMIN}'\npassword_file = 'dir.password'\n{more}"
    );
    host.write_with_mode("gosync.toml", text, 0o600);
}

fn login(server: &Slapd) -> Login {
    Login {
        url: server.url(),
        bind: Some((ADMIN.to_owned(), PASSWORD.to_owned())),
        base: SUFFIX.to_owned(),
    }
}

pub(crate) fn entry(server: &Slapd, filter: &str) -> Option<Entry> {
    let mut found = login(server).search(filter, &["*", "pwdAccountLockedTime"]);
    assert!(found.len() < 2, "{filter}: {found:?}");
    found.pop()
}

pub(crate) fn person(server: &Slapd, uid: &str) -> Entry {
    entry(server, &format!("(uid={uid})")).unwrap_or_else(|| panic!("no {uid}"))
}

pub(crate) fn group(server: &Slapd, cn: &str) -> Entry {
    let found = entry(server, &format!("(&(objectClass=posixGroup)(cn={cn}))"));
    found.unwrap_or_else(|| panic!("no {cn}"))
}

/// What tells one state of the server from another, with each entry's last change.
pub(crate) fn states(server: &Slapd) -> Vec<String> {
    let found = login(server).search("(objectClass=*)", &["entryCSN"]);
    found
        .iter()
        .map(|it| format!("{} {:?}", it.dn, it.one("entrycsn")))
        .collect()
}

/// All entries, sorted, for comparing two servers.
pub(crate) fn content(server: &Slapd) -> String {
    let ldif = server.search("(objectClass=*)");
    let mut blocks: Vec<String> = ldif
        .split("\n\n")
        .map(|block| {
            let mut lines: Vec<&str> = block.lines().collect();
            lines.sort_unstable();
            lines.join("\n")
        })
        .collect();
    blocks.sort();
    blocks.join("\n\n")
}

pub(crate) fn schema(groups: Groups) -> &'static str {
    match groups {
        Groups::Nis => "schema = 'rfc2307'\n",
        Groups::Bis => "schema = 'rfc2307bis'\n",
    }
}

pub(crate) fn members(groups: Groups, entry: &Entry) -> Vec<String> {
    let mut found: Vec<String> = match groups {
        Groups::Nis => entry.all("memberuid").to_vec(),
        Groups::Bis => entry.all("member").to_vec(),
    };
    found.sort();
    found
}

pub(crate) fn listed(groups: Groups, uids: &[&str]) -> Vec<String> {
    let of = |uid: &&str| match groups {
        Groups::Nis => (*uid).to_owned(),
        Groups::Bis => format!("uid={uid},ou=people,{SUFFIX}"),
    };
    uids.iter().map(of).collect()
}

pub(crate) fn sync(host: &ScratchHost, code: i32) -> Ran {
    host.gosync(&["sync"]).expect(code)
}

fn whole_life(groups: Groups) {
    let server = Slapd::builder(groups).start();
    let host = host(&server.url(), schema(groups));
    let mut world = World::of(&["ann", "bob", "cat"])
        .group("team", &["ann", "bob"])
        .group("nobody", &[]);
    say(&host, &world);
    host.gosync(&["sync", "-n"]).expect(0);
    assert!(
        entry(&server, "(uid=ann)").is_none(),
        "a dry run writes nothing"
    );
    sync(&host, 0);
    let ann = person(&server, "ann");
    for (name, value) in [
        ("employeenumber", "id-ann"),
        ("uidnumber", "20000"),
        ("cn", "Mx ann"),
        ("sn", "ann"),
        ("gecos", "Mx ann"),
        ("homedirectory", "/home/ann"),
    ] {
        assert_eq!(ann.one(name), Some(value), "{name}");
    }
    assert!(ann.one("sshpublickey").unwrap().starts_with(KEY), "{ann:?}");
    assert_eq!(ann.one("shadowexpire"), None);
    let team = group(&server, "team");
    assert_eq!(team.one("employeenumber"), Some("g-team"));
    assert_eq!(members(groups, &team), listed(groups, &["ann", "bob"]));

    let before = states(&server);
    let ran = sync(&host, 0);
    assert!(!ran.out.contains("target dir"), "{ran:?}");
    assert_eq!(states(&server), before, "a second run writes nothing");

    // Renamed: the same entry, and groups follow.
    world.person("ann")["login"] = json!("anna");
    say(&host, &world);
    sync(&host, 0);
    let anna = person(&server, "anna");
    assert_eq!(anna.one("employeenumber"), Some("id-ann"));
    assert!(entry(&server, "(uid=ann)").is_none());
    let team = group(&server, "team");
    assert_eq!(members(groups, &team), listed(groups, &["anna", "bob"]));

    // Locked, and opened again.
    world.person("bob")["active"] = json!(false);
    say(&host, &world);
    sync(&host, 0);
    let bob = person(&server, "bob");
    assert_eq!(bob.one("shadowexpire"), Some("1"));
    assert_eq!(bob.one("sshpublickey"), None);
    assert_eq!(bob.one("pwdaccountlockedtime"), Some("000001010000Z"));
    world.person("bob")["active"] = json!(true);
    say(&host, &world);
    sync(&host, 0);
    let bob = person(&server, "bob");
    assert_eq!(bob.one("shadowexpire"), None);
    assert_eq!(bob.one("pwdaccountlockedtime"), None);
    assert!(bob.one("sshpublickey").unwrap().starts_with(KEY), "{bob:?}");

    // Keys and members.
    world.person("cat")["ssh_keys"] = json!([]);
    world.groups[0].1 = vec!["cat".to_owned()];
    say(&host, &world);
    sync(&host, 0);
    assert_eq!(person(&server, "cat").one("sshpublickey"), None);
    let team = group(&server, "team");
    assert_eq!(members(groups, &team), listed(groups, &["cat"]));
    world.groups[0].1.clear();
    say(&host, &world);
    sync(&host, 0);
    let empty = members(groups, &group(&server, "team"));
    match groups {
        Groups::Nis => assert!(empty.is_empty()),
        // groupOfNames has to have a member.
        Groups::Bis => assert_eq!(empty, [format!("cn=team,ou=groups,{SUFFIX}")]),
    }

    // Gone: locked first, and removed when the host has removed the account.
    world.people.retain(|it| it["id"] != "id-cat");
    say(&host, &world);
    sync(&host, 0);
    assert_eq!(person(&server, "cat").one("shadowexpire"), Some("1"));
    let config = fs::read_to_string(host.config()).unwrap();
    let soon = config.replace("[departed]\n", "[departed]\nremove_after = '0s'\n");
    host.write_with_mode("gosync.toml", soon, 0o600);
    sync(&host, 0);
    assert!(!host.read("etc/passwd").contains("\ncat:"));
    assert!(entry(&server, "(uid=cat)").is_none());
    let before = states(&server);
    sync(&host, 0);
    assert_eq!(states(&server), before);
}

#[test]
fn people_and_groups_of_rfc2307bis_follow_the_host() {
    whole_life(Groups::Bis);
}

#[test]
fn people_and_groups_of_rfc2307_follow_the_host() {
    whole_life(Groups::Nis);
}

#[test]
fn what_is_not_gosyncs_is_never_changed() {
    let server = Slapd::builder(Groups::Bis)
        .ldif(&format!(
            "dn: uid=ann,ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nuid: ann\n\
             cn: Another\nsn: Another\nuidNumber: 777\ngidNumber: 100\nhomeDirectory: /x\n\n\
             dn: uid=x,ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nuid: x\n\
             cn: X\nsn: X\nuidNumber: 20001\ngidNumber: 100\nhomeDirectory: /x\nemployeeNumber: 4711\n\n\
             dn: cn=team,ou=groups,{SUFFIX}\nobjectClass: groupOfMembers\nobjectClass: posixGroup\ncn: team\ngidNumber: 888\n\n\
             dn: cn=cat,ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\ncn: cat\nsn: Cat\nemployeeNumber: id-cat"
        ))
        .start();
    let host = host(&server.url(), "");
    let before = content(&server);
    say(
        &host,
        &World::of(&["ann", "bob", "cat", "dan"]).group("team", &["ann", "dan"]),
    );
    let ran = sync(&host, 3);
    for part in [
        "account `ann`: its name is that of `uid=ann,ou=people",
        "account `bob`: its number 20001 is that of `uid=x,ou=people,dc=example,dc=org`, whose id is 4711",
        "account `cat`: `cn=cat,ou=people,dc=example,dc=org` carries its id, and is no posixAccount",
        "group `team`: its name is that of",
    ] {
        assert!(ran.err.contains(part), "{part}: {ran:?}");
    }
    assert_eq!(person(&server, "dan").one("employeenumber"), Some("id-dan"));
    let after = content(&server);
    for block in before.split("\n\n") {
        assert!(after.contains(block), "{block}\n\n{after}");
    }
    let status = host.gosync(&["status"]);
    assert!(status.out.contains("dir"), "{status:?}");
    // When it is out of the way, the next run does the rest.
    server.modify(&format!(
        "dn: uid=ann,ou=people,{SUFFIX}\nchangetype: delete\n\n\
         dn: uid=x,ou=people,{SUFFIX}\nchangetype: delete\n\n\
         dn: cn=cat,ou=people,{SUFFIX}\nchangetype: delete\n\n\
         dn: cn=team,ou=groups,{SUFFIX}\nchangetype: delete\n"
    ));
    sync(&host, 0);
    let team = group(&server, "team");
    assert_eq!(
        members(Groups::Bis, &team),
        listed(Groups::Bis, &["ann", "dan"])
    );
}

#[test]
fn what_somebody_changed_is_put_back() {
    let server = Slapd::builder(Groups::Bis).start();
    let host = host(&server.url(), "");
    say(&host, &World::of(&["ann", "bob"]).group("team", &["ann"]));
    sync(&host, 0);
    let calm = content(&server);
    server.modify(&format!(
        "dn: uid=ann,ou=people,{SUFFIX}\nchangetype: modify\nreplace: homeDirectory\nhomeDirectory: /evil\n-\n\
         add: sshPublicKey\nsshPublicKey: ssh-ed25519 AAAA evil\n-\n\n\
         dn: cn=team,ou=groups,{SUFFIX}\nchangetype: modify\nadd: member\nmember: uid=bob,ou=people,{SUFFIX}\n-\n\n\
         dn: uid=bob,ou=people,{SUFFIX}\nchangetype: delete\n"
    ));
    sync(&host, 0);
    assert_eq!(content(&server), calm);
}

#[test]
fn more_than_the_limits_allow_is_refused_and_let_through_once() {
    let server = Slapd::builder(Groups::Bis).start();
    let logins: Vec<String> = (0..30).map(|n| format!("u{n:02}")).collect();
    let logins: Vec<&str> = logins.iter().map(String::as_str).collect();
    let world = World::of(&logins);
    let limits = "[limits]\nmax_removals = 1000\nmax_removals_percent = 90\n";
    let host = host(&server.url(), limits);
    say(&host, &world);
    sync(&host, 0);
    // The directory is away while people are locked, and the limits are what they are when it is back.
    let mut gone = world.clone();
    for person in gone.people.iter_mut().take(10) {
        person["active"] = json!(false);
    }
    say(&host, &gone);
    configure(&host, "ldap://127.0.0.1:1", limits);
    sync(&host, 3);
    configure(&host, &server.url(), "");
    let ran = sync(&host, 3);
    assert!(ran.err.contains("10 of 30 accounts would go"), "{ran:?}");
    assert_eq!(person(&server, "u00").one("shadowexpire"), None);
    let (_, digest) = ran.err.split_once("--approve ").unwrap();
    let digest: String = digest.chars().take_while(char::is_ascii_hexdigit).collect();
    host.gosync(&["sync", "--approve", &digest]).expect(0);
    assert_eq!(person(&server, "u00").one("shadowexpire"), Some("1"));
    sync(&host, 0);
}

#[test]
fn a_run_that_was_broken_off_anywhere_is_finished_by_the_next() {
    let logins: Vec<String> = (0..150).map(|n| format!("u{n:03}")).collect();
    let logins: Vec<&str> = logins.iter().map(String::as_str).collect();
    let world = World::of(&logins)
        .group("all", &logins)
        .group("none", &[])
        .group("few", &logins[..3]);
    let calm = Slapd::builder(Groups::Bis).start();
    let all = {
        let proxy = Proxy::start(calm.port, Fault::Pass);
        let host = host(&format!("ldap://127.0.0.1:{}", proxy.port), "");
        say(&host, &world);
        sync(&host, 0);
        proxy.passed()
    };
    let expected = content(&calm);
    // The answers to the changes are the last that comes: about 14 bytes each.
    let writes = 14 * 156;
    for point in 0..6 {
        let server = Slapd::builder(Groups::Bis).start();
        let proxy = Proxy::start(
            server.port,
            Fault::CutAfter(all - writes + point * writes / 6 + 7),
        );
        let host = host(&format!("ldap://127.0.0.1:{}", proxy.port), "");
        say(&host, &world);
        sync(&host, 3);
        configure(&host, &server.url(), "");
        sync(&host, 0);
        assert_eq!(content(&server), expected, "cut at {point}");
    }
}

#[test]
fn a_run_that_was_killed_is_finished_by_the_next() {
    let logins: Vec<String> = (0..40).map(|n| format!("u{n:03}")).collect();
    let logins: Vec<&str> = logins.iter().map(String::as_str).collect();
    let world = World::of(&logins).group("all", &logins);
    let calm = Slapd::builder(Groups::Bis).start();
    let all = {
        let proxy = Proxy::start(calm.port, Fault::Pass);
        let host = host(&format!("ldap://127.0.0.1:{}", proxy.port), "");
        say(&host, &world);
        sync(&host, 0);
        proxy.passed()
    };
    let expected = content(&calm);
    for back in [14 * 40, 14 * 20, 14 * 5] {
        let server = Slapd::builder(Groups::Bis).start();
        let proxy = Proxy::start(server.port, Fault::StallAfter(all - back));
        let host = host(&format!("ldap://127.0.0.1:{}", proxy.port), "");
        say(&host, &world);
        let mut child = host.command(&["sync"]).spawn().unwrap();
        for _ in 0..3_000 {
            if proxy.passed() >= all - back || child.try_wait().unwrap().is_some() {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        assert!(child.try_wait().unwrap().is_none(), "it waits for answers");
        child.kill().unwrap();
        child.wait().unwrap();
        configure(&host, &server.url(), "");
        sync(&host, 0);
        assert_eq!(
            content(&server),
            expected,
            "killed {back} bytes before the end"
        );
    }
}

#[test]
fn what_changes_between_look_and_change_stays() {
    let server = Slapd::builder(Groups::Bis).start();
    let direct = host(&server.url(), "");
    let mut world = World::of(&["ann", "bob"]);
    for n in 0..40 {
        world = world.group(&format!("group-with-a-long-name-{n:02}"), &["ann"]);
    }
    say(&direct, &world);
    sync(&direct, 0);
    // How much a look at everything takes.
    let look = {
        let proxy = Proxy::start(server.port, Fault::Pass);
        configure(&direct, &format!("ldap://127.0.0.1:{}", proxy.port), "");
        sync(&direct, 0);
        proxy.passed()
    };
    // The last that comes is the end of the groups, when people have been read; what was read at once is held as a whole.
    let proxy = Proxy::start(server.port, Fault::HoldAfter(look - 10));
    configure(&direct, &format!("ldap://127.0.0.1:{}", proxy.port), "");
    world.person("ann")["shell"] = json!("/bin/sh");
    fs::write(direct.root().join("etc/shells"), "/bin/bash\n/bin/sh\n").unwrap();
    world.person("bob")["name"] = json!("Robert");
    say(&direct, &world);
    let mut child = direct.command(&["sync"]);
    child
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = child.spawn().unwrap();
    while proxy.passed() + 5_000 < look && child.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(5));
    }
    server.modify(&format!(
        "dn: uid=ann,ou=people,{SUFFIX}\nchangetype: modify\nreplace: loginShell\nloginShell: /bin/other\n"
    ));
    proxy.release();
    let output = child.wait_with_output().unwrap();
    let ran = Ran::from(output);
    assert!(
        ran.err.contains("not as it was read a moment ago"),
        "{ran:?}"
    );
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert_eq!(person(&server, "ann").one("loginshell"), Some("/bin/other"));
    assert_eq!(person(&server, "bob").one("cn"), Some("Robert"));
    configure(&direct, &server.url(), "");
    sync(&direct, 0);
    assert_eq!(person(&server, "ann").one("loginshell"), Some("/bin/sh"));
}

#[test]
fn odd_and_long_values_stand_as_they_are() {
    let server = Slapd::builder(Groups::Bis).tls("DNS:localhost").start();
    let tls = "ca_file = 'ca.pem'\n";
    let host = host(&server.tls_url(), tls);
    host.write_with_mode("ca.pem", server.authority(), 0o600);
    let mut world = World::of(&["ann", "bob", "cat"]).group("team", &["ann", "cat"]);
    let id = "/O=a+b,CN=\"x\"*()\\ #; é".to_owned() + &"y".repeat(200);
    *world.person("ann") =
        json!({"id": id, "login": "ann", "name": "Änn O'Hära *()\\ <x>", "ssh_keys": [KEY]});
    *world.person("bob") = json!({"id": "id-bob", "login": "bob", "name": "B".repeat(200)});
    world.groups[0].1 = vec!["cat".to_owned()];
    say(&host, &world);
    sync(&host, 0);
    let ann = person(&server, "ann");
    assert_eq!(ann.one("employeenumber"), Some(id.as_str()));
    assert!(ann.one("cn").unwrap().starts_with("Änn O'Hära"), "{ann:?}");
    let before = states(&server);
    sync(&host, 0);
    assert_eq!(states(&server), before);
    world.people[0]["login"] = json!("anna");
    say(&host, &world);
    sync(&host, 0);
    assert_eq!(
        person(&server, "anna").one("employeenumber"),
        Some(id.as_str())
    );
}

#[test]
fn names_that_pass_from_one_to_another_do_so_in_one_run() {
    let server = Slapd::builder(Groups::Bis).start();
    let host = host(&server.url(), "");
    let mut world = World::of(&["ann", "bob"]).group("team", &["ann"]);
    say(&host, &world);
    sync(&host, 0);
    world.person("bob")["login"] = json!("rob");
    say(&host, &world);
    configure(&host, "ldap://127.0.0.1:1", "");
    sync(&host, 3);
    configure(&host, &server.url(), "");
    sync(&host, 0);
    assert_eq!(person(&server, "rob").one("employeenumber"), Some("id-bob"));
}

#[test]
fn spokes_have_the_accounts_of_the_hub() {
    let server = Slapd::builder(Groups::Bis).start();
    let hub = host(&server.url(), "");
    let mut world = World::of(&["ann", "bob", "cat", "dan"])
        .group("team", &["ann", "bob"])
        .group("empty", &[]);
    world.person("dan")["active"] = json!(false);
    world.person("cat")["name"] = json!("Käthe Ängström");
    say(&hub, &world);
    sync(&hub, 0);
    world.person("bob")["active"] = json!(false);
    say(&hub, &world);
    sync(&hub, 0);
    let spoke = bare_host();
    let mut text = String::new();
    let _ = write!(
        text,
        "[provider.hub]\nkind = 'ldap'\nurl = '{}'\nschema = 'rfc2307bis'\nuser_base = 'ou=people,{SUFFIX}'\n\
         group_base = 'ou=groups,{SUFFIX}'\nattributes = {{ id = 'employeeNumber', group_id = 'employeeNumber' }}\n\
         [accounts]\nids = 'provider'\ncreate_home = false\nuid_range = [20000, 29999]\n[groups]\ngid_range = [60000, 64999]\n",
        server.url()
    );
    spoke.write_with_mode("gosync.toml", &text, 0o600);
    sync(&spoke, 0);
    let of = |host: &ScratchHost, file: &str, without: &[&str]| {
        let lines = host.read(file);
        let mut lines: Vec<String> = lines
            .lines()
            .filter(|line| !without.iter().any(|it| line.starts_with(it)))
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines
    };
    // Who was shut out before the spoke came has no account there.
    let out = ["bob:", "dan:"];
    assert_eq!(of(&spoke, "etc/passwd", &out), of(&hub, "etc/passwd", &out));
    world.person("bob")["active"] = json!(true);
    say(&hub, &world);
    sync(&hub, 0);
    sync(&spoke, 0);
    assert_eq!(
        of(&spoke, "etc/passwd", &["dan:"]),
        of(&hub, "etc/passwd", &["dan:"])
    );
    assert_eq!(
        of(&spoke, "etc/group", &["dan:"]),
        of(&hub, "etc/group", &["dan:"])
    );
    assert_eq!(
        spoke.read("etc/ssh/authorized_keys.d/ann").lines().last(),
        hub.read("etc/ssh/authorized_keys.d/ann").lines().last()
    );
}
