//! A read that asks only for what has changed makes the same host as one of everything: for any history of additions, changes,
//! renames, deletions, moves out of what is asked for, and restarts of the server.

use std::fs;

use crate::histories::{PEOPLE, both_are_the_same, configure, folders, groups, host, locked, sync};
use crate::proxy::{Fault, Proxy};
use crate::slapd::{Builder, Groups, SUFFIX, Slapd};

/// Without checkpoints a server forgets by a crash how far it had come, until the next change.
fn directory(log: &str) -> Builder {
    Slapd::builder(Groups::Nis)
        .people(PEOPLE)
        .ldif(&folders())
        .ldif(&groups())
        .setting("moduleload syncprov")
        .database(&format!("overlay syncprov\nsyncprov-checkpoint 1 1\n{log}"))
}

#[test]
fn a_host_by_changes_is_the_same_as_one_in_full_with_a_long_log() {
    both_are_the_same(
        &mut directory("syncprov-sessionlog 1000").start(),
        0x5eed_0001,
        2_500,
    );
}

#[test]
fn a_host_by_changes_is_the_same_as_one_in_full_with_a_short_log() {
    both_are_the_same(
        &mut directory("syncprov-sessionlog 10").start(),
        0x5eed_0002,
        2_500,
    );
}

#[test]
fn a_host_by_changes_is_the_same_as_one_in_full_without_a_log() {
    both_are_the_same(&mut directory("").start(), 0x5eed_0003, 3_500);
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
    assert_eq!(locked(&host), PEOPLE / 2);
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
