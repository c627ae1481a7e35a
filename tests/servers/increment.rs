//! A read that asks only for what has changed makes the same host as one of everything: for any history of additions, changes,
//! renames, deletions, moves out of what is asked for, and restarts of the server.

use std::fs;

use nix::sys::signal::Signal;

use crate::bare_host::bare_host;
use crate::proxy::{Fault, Proxy};
use crate::scratch::ScratchHost;
use crate::slapd::{Builder, Groups, SUFFIX, Slapd};

const PEOPLE: usize = 40;

/// Without checkpoints a server forgets by a crash how far it had come, until the next change.
fn directory(log: &str) -> Builder {
    // `u0000` is left alone, so that each group has somebody.
    let groups = (0..4).map(|n| {
        format!(
            "dn: cn=g{n},ou=groups,{SUFFIX}\nobjectClass: posixGroup\ncn: g{n}\ngidNumber: {}\nmemberUid: u0000\nmemberUid: u0001\n",
            60_001 + n
        )
    });
    let other = format!("dn: ou=other,{SUFFIX}\nobjectClass: organizationalUnit\nou: other\n");
    let builder = Slapd::builder(Groups::Nis).people(PEOPLE).ldif(&other);
    groups
        .fold(builder, |builder, group| builder.ldif(&group))
        .setting("moduleload syncprov")
        .database(&format!("overlay syncprov\nsyncprov-checkpoint 1 1\n{log}"))
}

/// A host of this server, which leaves nobody out of sight for long.
fn host(url: &str, more: &str) -> ScratchHost {
    let host = bare_host();
    configure(&host, url, more);
    host
}

fn configure(host: &ScratchHost, url: &str, more: &str) {
    let section = format!(
        "[provider.campus]\nkind = 'ldap'\nurl = '{url}'\nschema = 'rfc2307'\nuser_base = 'ou=people,{SUFFIX}'\n\
         user_filter = '(&(objectClass=posixAccount)(!(l=left)))'\ngroup_base = 'ou=groups,{SUFFIX}'\n{more}\
         [accounts]\ncreate_home = false\n[groups]\ngid_range = [60000, 64999]\n\
         [limits]\nmax_removals = 1000\nmax_removals_percent = 100\n[departed]\nabsent_runs = 1\nabsent_for = '0s'\n"
    );
    host.write_with_mode("gosync.toml", section, 0o600);
}

fn sync(host: &ScratchHost) {
    for what in ["users", "groups"] {
        let ran = host.gosync(&["sync", what]);
        assert!(matches!(ran.code, Some(0 | 3)), "{ran:?}");
    }
}

/// What everybody can see of accounts and groups, without the order.
fn accounts(host: &ScratchHost) -> Vec<String> {
    let mut lines = Vec::new();
    for file in ["passwd", "shadow", "group", "gshadow"] {
        let text = host.read(&format!("etc/{file}"));
        lines.extend(text.lines().map(|line| format!("{file}: {line}")));
    }
    lines.sort();
    lines
}

/// Numbers that look like none in particular, and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
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
    match dice.below(9) {
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
        7 => format!(
            "dn: {group}\nchangetype: modify\nreplace: memberUid\nmemberUid: u0000\nmemberUid: u{:04}\n",
            dice.below(PEOPLE) + 1
        ),
        _ => format!(
            "dn: {group}\nchangetype: modify\nadd: memberUid\nmemberUid: x{step}\nmemberUid: n{step}\n"
        ),
    }
}

/// Both hosts after each of many changes, and restarts between them.
fn both_are_the_same(log: &str, seed: u64) {
    let mut server = directory(log).start();
    let proxy = Proxy::start(server.port, Fault::Pass);
    let by_changes = host(&format!("ldap://127.0.0.1:{}", proxy.port), "");
    let in_full = host(&server.url(), "incremental = false\n");
    let mut dice = Dice(seed);
    for step in 0..25 {
        for n in 0..=dice.below(3) {
            server.try_to_modify(&change(&mut dice, 10 * step + n));
        }
        match dice.below(8) {
            0 => server.restart(Signal::SIGTERM),
            1 => server.restart(Signal::SIGKILL),
            _ => {}
        }
        sync(&by_changes);
        sync(&in_full);
        assert_eq!(accounts(&by_changes), accounts(&in_full), "step {step}");
    }
    let before = proxy.passed();
    server.try_to_modify(&format!(
        "dn: cn=g1,ou=groups,{SUFFIX}\nchangetype: modify\nreplace: memberUid\nmemberUid: u0000\nmemberUid: u0002\n"
    ));
    sync(&by_changes);
    let passed = proxy.passed() - before;
    assert!(passed < 2_500, "{passed} bytes for one change");
}

#[test]
fn a_host_by_changes_is_the_same_as_one_in_full_with_a_long_log() {
    both_are_the_same("syncprov-sessionlog 1000", 0x5eed_0001);
}

#[test]
fn a_host_by_changes_is_the_same_as_one_in_full_with_a_short_log() {
    both_are_the_same("syncprov-sessionlog 10", 0x5eed_0002);
}

#[test]
fn a_host_by_changes_is_the_same_as_one_in_full_without_a_log() {
    both_are_the_same("", 0x5eed_0003);
}

/// What is kept is damaged, cut, another server's, or gone: all is read, and what comes of it is right.
#[test]
fn what_is_kept_is_not_believed_if_it_is_not_whole_or_not_this_server_s() {
    let server = directory("syncprov-sessionlog 100").start();
    let host = host(&server.url(), "");
    sync(&host);
    sync(&host);
    let path = host.root().join("var/lib/gosync/users.reading");
    let whole = fs::read(&path).unwrap();
    let at = whole.len() / 2;
    let mut damaged = whole.clone();
    damaged[at] ^= 1;
    let odd = [
        ("damaged", Some(damaged)),
        ("cut", Some(whole[..at].to_vec())),
        ("empty", Some(Vec::new())),
        ("gone", None),
    ];
    for (step, (what, bytes)) in odd.into_iter().enumerate() {
        match bytes {
            Some(bytes) => fs::write(&path, bytes).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        server.modify(&format!(
            "dn: uid=u0003,ou=people,{SUFFIX}\nchangetype: modify\nreplace: cn\ncn: Step {step}\n"
        ));
        sync(&host);
        assert!(
            host.read("etc/passwd").contains(&format!("Step {step}")),
            "{what}"
        );
        assert_eq!(fs::read(&path).unwrap().len(), whole.len(), "{what}");
    }

    // Another one has other people, and its own numbers of changes.
    let other = Slapd::builder(Groups::Nis)
        .people(3)
        .ldif(&format!(
            "dn: cn=g0,ou=groups,{SUFFIX}\nobjectClass: posixGroup\ncn: g0\ngidNumber: 60001\n"
        ))
        .setting("moduleload syncprov")
        .database("overlay syncprov")
        .start();
    configure(&host, &other.url(), "");
    let ran = host.gosync(&["sync", "users", "-n"]);
    assert!(!ran.out.contains("nothing to do"), "{ran:?}");
}

/// A server that shows much less than before is read in full, and then the limits decide.
#[test]
fn many_who_are_gone_at_once_are_not_believed_from_changes() {
    let server = directory("syncprov-sessionlog 1000").start();
    let proxy = Proxy::start(server.port, Fault::Pass);
    let host = host(&format!("ldap://127.0.0.1:{}", proxy.port), "");
    sync(&host);
    sync(&host);
    let gone: String = (PEOPLE / 2..PEOPLE)
        .map(|n| format!("dn: uid=u{n:04},ou=people,{SUFFIX}\nchangetype: delete\n\n"))
        .collect();
    server.modify(&gone);
    let before = proxy.passed();
    sync(&host);
    let passed = proxy.passed() - before;
    assert!(
        passed > 5_000,
        "only {passed} bytes came: that was no full read"
    );
    let locked = host
        .read("etc/shadow")
        .lines()
        .filter(|line| line.contains(":!"))
        .count();
    assert_eq!(locked, PEOPLE / 2);
}

/// Everything is read again where that is asked for, or is due.
#[test]
fn all_is_read_where_that_is_asked_for() {
    let server = directory("syncprov-sessionlog 1000").start();
    let proxy = Proxy::start(server.port, Fault::Pass);
    let url = format!("ldap://127.0.0.1:{}", proxy.port);
    let host = host(&url, "");
    sync(&host);
    sync(&host);
    let cost = |words: &[&str]| {
        server.modify(&format!(
            "dn: uid=u0003,ou=people,{SUFFIX}\nchangetype: modify\nreplace: cn\ncn: {}\n",
            proxy.passed()
        ));
        let before = proxy.passed();
        host.gosync(words).expect(0);
        proxy.passed() - before
    };
    let little = cost(&["sync", "users"]);
    let full = cost(&["sync", "users", "--full"]);
    assert!(full > 4 * little, "{little} and {full}");
    let again = cost(&["sync", "users"]);
    assert!(again < 2 * little, "what was read in full is kept: {again}");
    configure(&host, &url, "incremental = false\n");
    assert!(cost(&["sync", "users"]) > 4 * little, "it is switched off");
    configure(
        &host,
        &url,
        "[provider.campus.attributes]\nname = 'memberOf'\n",
    );
    assert!(
        cost(&["sync", "users"]) > 4 * little,
        "memberOf changes without a word"
    );
    assert!(cost(&["sync", "users"]) > 4 * little, "and later, too");
}
