//! Histories of a directory: what a host comes to that is told only of changes, and one that reads everything, is the same.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use nix::sys::signal::Signal;

use crate::bare_host::bare_host;
use crate::ds389::Ds389;
use crate::proxy::{Fault, Proxy};
use crate::scratch::ScratchHost;
use crate::slapd::{SUFFIX, Slapd};

/// How many are called `u0000` and so on.
pub const PEOPLE: usize = 40;

/// A server whose content a test changes.
pub trait Changing {
    fn port(&self) -> u16;
    /// What its section of the configuration says besides.
    fn section(&self) -> &'static str;
    /// Makes changes.
    fn modify(&self, ldif: &str);
    /// Makes changes that may be impossible by now.
    fn try_to_modify(&self, ldif: &str);
    fn restart(&mut self, signal: Signal);

    /// The password of whoever reads.
    fn password(&self) -> &'static str {
        "secret"
    }

    /// One change in LDIF; `step` makes what is new new.
    fn change(&self, dice: &mut Dice, step: usize) -> String {
        change(dice, step)
    }

    /// A change of who is in one group.
    fn regroup(&self) -> String {
        format!(
            "dn: cn=g1,ou=groups,{SUFFIX}\nchangetype: modify\nreplace: memberUid\nmemberUid: u0000\nmemberUid: u0002\n"
        )
    }
}

impl Changing for Slapd {
    fn port(&self) -> u16 {
        self.port
    }

    fn section(&self) -> &'static str {
        ""
    }

    fn modify(&self, ldif: &str) {
        Slapd::modify(self, ldif);
    }

    fn try_to_modify(&self, ldif: &str) {
        Slapd::try_to_modify(self, ldif);
    }

    fn restart(&mut self, signal: Signal) {
        Slapd::restart(self, signal);
    }
}

/// Somebody who may read what everybody may who has bound.
pub const READER: &str = "uid=reader,dc=example,dc=org";

impl Changing for Ds389 {
    fn port(&self) -> u16 {
        self.port
    }

    fn section(&self) -> &'static str {
        "schema = '389'\nbind_dn = 'uid=reader,dc=example,dc=org'\npassword_file = 'secret'\n"
    }

    fn modify(&self, ldif: &str) {
        self.login().modify(ldif);
    }

    fn try_to_modify(&self, ldif: &str) {
        self.login().try_to_modify(ldif);
    }

    fn restart(&mut self, signal: Signal) {
        Ds389::restart(self, signal);
    }
}

/// A place that nobody is read from, and one inside of one that people are read from.
pub fn folders() -> String {
    let folder = |dn: &str| {
        let name = dn.split_once(',').map_or(dn, |(name, _)| name);
        format!("dn: ou={dn},{SUFFIX}\nobjectClass: organizationalUnit\nou: {name}\n\n")
    };
    let inside = (0..3).map(|n| person(&format!("uid=s{n},ou=sub,ou=people"), 25_000 + n));
    folder("other") + &folder("sub,ou=people") + &inside.collect::<String>()
}

pub fn person(dn: &str, number: usize) -> String {
    let login = dn.split([',', '=']).nth(1).unwrap();
    format!(
        "dn: {dn},{SUFFIX}\nobjectClass: account\nobjectClass: posixAccount\nuid: {login}\ncn: {login}\n\
         uidNumber: {number}\ngidNumber: 100\nhomeDirectory: /home/{login}\n\n"
    )
}

/// Groups of two people each. `u0000` is left alone, so that each has somebody.
pub fn groups() -> String {
    let group = |n| {
        format!(
            "dn: cn=g{n},ou=groups,{SUFFIX}\nobjectClass: posixGroup\ncn: g{n}\ngidNumber: {}\nmemberUid: u0000\n\
             memberUid: u0001\n\n",
            60_001 + n
        )
    };
    (0..4).map(group).collect()
}

/// A host of this server, which leaves nobody out of sight for long.
pub fn host(url: &str, more: &str) -> ScratchHost {
    let host = bare_host();
    host.write_with_mode("secret", "secret", 0o600);
    configure(&host, url, more);
    host
}

pub fn configure(host: &ScratchHost, url: &str, more: &str) {
    let schema = if more.contains("schema") {
        ""
    } else {
        "schema = 'rfc2307'\n"
    };
    let filter = user_filter(more);
    let section = format!(
        "[provider.campus]\nkind = 'ldap'\nurl = '{url}'\n{schema}user_base = 'ou=people,{SUFFIX}'\n\
         {filter}group_base = 'ou=groups,{SUFFIX}'\n{more}\
         [accounts]\ncreate_home = false\n[groups]\ngid_range = [60000, 64999]\n\
         [limits]\nmax_removals = 1000\nmax_removals_percent = 100\n[departed]\nabsent_runs = 1\nabsent_for = '0s'\n"
    );
    host.write_with_mode("gosync.toml", section, 0o600);
}

/// Which entries are people, unless the section says so.
pub fn user_filter(section: &str) -> &'static str {
    if section.contains("user_filter") {
        ""
    } else {
        "user_filter = '(&(objectClass=posixAccount)(!(l=left)))'\n"
    }
}

pub fn sync(host: &ScratchHost) {
    for what in ["users", "groups"] {
        let ran = host.gosync(&["sync", what]);
        assert!(matches!(ran.code, Some(0 | 3)), "{ran:?}");
    }
}

/// How many accounts are locked.
pub fn locked(host: &ScratchHost) -> usize {
    let shadow = host.read("etc/shadow");
    shadow.lines().filter(|line| line.contains(":!")).count()
}

/// What everybody can see of accounts and groups, without the order.
pub fn accounts(host: &ScratchHost) -> Vec<String> {
    let mut lines = Vec::new();
    for file in ["passwd", "shadow", "group", "gshadow"] {
        let text = host.read(&format!("etc/{file}"));
        lines.extend(text.lines().map(|line| format!("{file}: {line}")));
    }
    lines.sort();
    lines
}

/// Numbers that look like none in particular, and are the same each time.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most as u64).unwrap_or_default()
    }
}

/// One change in LDIF; `step` makes what is new new.
fn change(dice: &mut Dice, step: usize) -> String {
    let one = format!("uid=u{:04},ou=people,{SUFFIX}", dice.below(PEOPLE) + 1);
    let group = format!("cn=g{},ou=groups,{SUFFIX}", dice.below(4));
    match dice.below(10) {
        0 => format!(
            "dn: uid=n{step},ou=people,{SUFFIX}\nchangetype: add\nobjectClass: account\nobjectClass: posixAccount\nuid: n{step}\n\
             cn: N\nuidNumber: {}\ngidNumber: 100\nhomeDirectory: /home/n{step}\n",
            30_000 + step
        ),
        1 => format!("dn: {one}\nchangetype: modify\nreplace: loginShell\nloginShell: /bin/sh\n"),
        2 => format!("dn: {one}\nchangetype: modify\nreplace: cn\ncn: Step {step}\n"),
        3 => format!("dn: {one}\nchangetype: delete\n"),
        4 => format!("dn: {one}\nchangetype: modrdn\nnewrdn: uid=r{step}\ndeleteoldrdn: 1\n"),
        5 => format!("dn: {one}\nchangetype: modify\nreplace: l\nl: left\n"),
        6 => format!(
            "dn: {one}\nchangetype: modrdn\nnewrdn: uid=m{step}\ndeleteoldrdn: 0\nnewsuperior: ou=other,{SUFFIX}\n"
        ),
        7 => {
            let (from, to) = match dice.below(2) {
                0 => ("people", "other"),
                _ => ("other", "people"),
            };
            format!(
                "dn: ou=sub,ou={from},{SUFFIX}\nchangetype: modrdn\nnewrdn: ou=sub\ndeleteoldrdn: 0\n\
                 newsuperior: ou={to},{SUFFIX}\n"
            )
        }
        8 => format!(
            "dn: {group}\nchangetype: modify\nreplace: memberUid\nmemberUid: u0000\nmemberUid: u{:04}\n",
            dice.below(PEOPLE) + 1
        ),
        _ => format!(
            "dn: {group}\nchangetype: modify\nadd: memberUid\nmemberUid: x{step}\nmemberUid: n{step}\n"
        ),
    }
}

/// A host by changes, one by changes that are read once for accounts and groups, and one in full are the same after each of many
/// changes, and restarts between them. In the end one change costs at most so many bytes of the
/// server's.
pub fn both_are_the_same(server: &mut dyn Changing, seed: u64, most: usize) {
    let proxy = Proxy::start(server.port(), Fault::Pass);
    let (section, url) = (server.section(), |port| format!("ldap://127.0.0.1:{port}"));
    let by_changes = host(&url(proxy.port), section);
    let in_one = host(&url(server.port()), section);
    let in_full = host(
        &url(server.port()),
        &format!("{section}incremental = false\n"),
    );
    for host in [&by_changes, &in_one, &in_full] {
        host.write_with_mode("secret", server.password(), 0o600);
    }
    let mut dice = Dice(seed);
    for step in 0..25 {
        for n in 0..=dice.below(3) {
            server.try_to_modify(&server.change(&mut dice, 10 * step + n));
        }
        match dice.below(8) {
            0 => server.restart(Signal::SIGTERM),
            1 => server.restart(Signal::SIGKILL),
            _ => {}
        }
        sync(&by_changes);
        sync(&in_full);
        let ran = in_one.gosync(&["sync"]);
        assert!(matches!(ran.code, Some(0 | 3)), "{ran:?}");
        let in_full = accounts(&in_full);
        for (way, host) in [("by changes", &by_changes), ("in one", &in_one)] {
            let found = accounts(host);
            let here = found.iter().filter(|line| !in_full.contains(line));
            let there = in_full.iter().filter(|line| !found.contains(line));
            let differences: Vec<&String> = here.chain(there).collect();
            assert!(
                differences.is_empty(),
                "step {step}, {way}: {differences:#?}"
            );
        }
    }
    let before = proxy.passed();
    server.try_to_modify(&server.regroup());
    sync(&by_changes);
    let passed = proxy.passed() - before;
    assert!(passed < most, "{passed} bytes for one change");
}
