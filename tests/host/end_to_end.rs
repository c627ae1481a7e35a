//! The program as it is run, from a real slapd to the files of a host.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::namespace::{check, sound_tree};
use crate::picture::differences;
use crate::proxy::{Fault, Proxy};
use crate::slapd::{ADMIN, Groups, PASSWORD, SUFFIX, Slapd, certificates};
use crate::small_host::{Database, SmallHost};

/// Six people and two groups, in the words of a schema.
fn server(groups: Groups) -> Slapd {
    let logins = ["alice", "bob", "carol", "dave", "erin", "frank"];
    let mut ldif = String::new();
    for (n, login) in logins.iter().enumerate() {
        let _ = write!(
            ldif,
            "dn: uid={login},ou=people,{SUFFIX}\nobjectClass: account\nobjectClass: posixAccount\nuid: {login}\n\
             cn: The {login}\nuidNumber: {}\ngidNumber: 100\nhomeDirectory: /home/{login}\nloginShell: /bin/sh\n\n",
            20_100 + n
        );
    }
    for (n, (name, members)) in [("physics", &logins[..2]), ("climate", &logins[1..])]
        .into_iter()
        .enumerate()
    {
        let (class, attribute) = match groups {
            Groups::Nis => ("posixGroup", "memberUid: "),
            Groups::Bis => ("groupOfMembers\nobjectClass: posixGroup", "member: uid="),
        };
        let end = if groups == Groups::Bis {
            format!(",ou=people,{SUFFIX}")
        } else {
            String::new()
        };
        let _ = write!(
            ldif,
            "dn: cn={name},ou=groups,{SUFFIX}\nobjectClass: {class}\ncn: {name}\ngidNumber: {}\n",
            60_100 + n
        );
        for member in members {
            let _ = writeln!(ldif, "{attribute}{member}{end}");
        }
        ldif.push('\n');
    }
    Slapd::builder(groups)
        .tls("DNS:localhost,IP:127.0.0.1")
        .ldif(&ldif)
        .start()
}

/// Whoever is missing in one complete read is locked at once: only the proof of completeness stands in the way.
fn configure(tree: &SmallHost, schema: &str, url: &str, more: &str) {
    tree.configure(&format!(
        "[gosync]\nprovider = \"campus\"\nfull_read_every = \"0s\"\ntime_limit = \"20s\"\n[departed]\nabsent_runs = 1\nabsent_for = \"0s\"\n\
         [limits]\nmax_removals = 100\nmax_removals_percent = 100\n[provider.campus]\nkind = \"ldap\"\n\
         url = \"{url}\"\nschema = \"{schema}\"\nuser_base = \"ou=people,{SUFFIX}\"\ngroup_base = \"ou=groups,{SUFFIX}\"\n{more}"
    ));
}

fn put(path: &Path, bytes: &[u8], mode: u32) -> String {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The lines of a bind with a password over TLS.
fn secrets(tree: &SmallHost, authority: &[u8], mode: u32) -> String {
    let ca = put(&tree.dir().join("ca.pem"), authority, 0o644);
    let password = put(
        &tree.dir().join("password"),
        format!("{PASSWORD}\n").as_bytes(),
        mode,
    );
    format!("bind_dn = \"{ADMIN}\"\npassword_file = \"{password}\"\nca_file = \"{ca}\"\n")
}

#[test]
fn accounts_and_groups_come_from_both_schemas_and_a_second_run_changes_nothing() {
    for (groups, schema) in [(Groups::Nis, "rfc2307"), (Groups::Bis, "rfc2307bis")] {
        let server = server(groups);
        for database in [Database::Etc, Database::Extrausers] {
            let tree = sound_tree(database);
            configure(
                &tree,
                schema,
                &server.tls_url(),
                &secrets(&tree, &server.authority(), 0o600),
            );
            let first = tree.gosync(&["sync", "users"]).expect(0);
            assert!(
                first.out.contains("6 created") && first.err.is_empty(),
                "{first:?}"
            );
            let first = tree.gosync(&["sync", "groups"]).expect(0);
            assert!(first.err.is_empty(), "{first:?}");
            let passwd = tree.read(&database.file("passwd"));
            assert!(
                passwd.contains("\nalice:x:20100:20100:The alice:/home/alice:/bin/sh\n"),
                "{passwd}"
            );
            let group = tree.read(&database.file("group"));
            assert!(
                group.contains("physics:x:60100:alice,bob\n"),
                "{schema}: {group}"
            );
            assert!(
                group.contains("climate:x:60101:bob,carol,dave,erin,frank\n"),
                "{schema}: {group}"
            );
            check(&tree);
            let before = tree.picture();
            let stamp = |name: &str| {
                fs::metadata(tree.path(&database.file(name)))
                    .unwrap()
                    .modified()
                    .unwrap()
            };
            let stamps: Vec<_> = database.files().iter().map(|name| stamp(name)).collect();
            for run in [&["sync", "users"][..], &["sync", "groups"]] {
                assert!(tree.gosync(run).expect(0).out.contains("nothing to do"));
            }
            assert_eq!(differences(&tree.picture(), &before), [""; 0]);
            assert_eq!(
                database
                    .files()
                    .iter()
                    .map(|name| stamp(name))
                    .collect::<Vec<_>>(),
                stamps
            );
        }
    }
}

#[test]
fn the_crontab_lines_follow_joins_changes_and_departures() {
    let server = server(Groups::Nis);
    let tree = sound_tree(Database::Etc);
    configure(&tree, "rfc2307", &server.url(), "");
    let new = |expected: i32| {
        tree.gosync(&["-q", "--nw", "sync", "users", "--new"])
            .expect(expected);
        tree.gosync(&["-q", "--nw", "sync", "groups"])
            .expect(expected);
    };
    let updated = || {
        tree.gosync(&["-q", "--nw", "sync", "users", "--updated"])
            .expect(0);
        tree.gosync(&["-q", "--nw", "sync", "groups"]).expect(0);
    };
    new(0);
    new(0);
    server.modify(&format!(
        "dn: uid=alice,ou=people,{SUFFIX}\nchangetype: modify\nreplace: cn\ncn: Alice Liddell\n\n\
         dn: cn=physics,ou=groups,{SUFFIX}\nchangetype: modify\ndelete: memberUid\nmemberUid: alice\n-\n\
         add: memberUid\nmemberUid: frank\n\n\
         dn: uid=bob,ou=people,{SUFFIX}\nchangetype: delete\n"
    ));
    new(0);
    let passwd = tree.read("etc/passwd");
    assert!(
        passwd.contains(":The alice:"),
        "--new changes nobody: {passwd}"
    );
    updated();
    let (passwd, shadow) = (tree.read("etc/passwd"), tree.read("etc/shadow"));
    assert!(passwd.contains(":Alice Liddell:"), "{passwd}");
    assert!(
        tree.read("etc/group").contains("physics:x:60100:frank\n"),
        "{}",
        tree.read("etc/group")
    );
    assert!(
        shadow.contains("\nbob:!*:") && passwd.contains("\nbob:x:20101:"),
        "{shadow}"
    );
    check(&tree);
}

#[test]
fn a_server_of_another_authority_is_refused() {
    let server = server(Groups::Nis);
    let tree = SmallHost::new(Database::Etc);
    let other = tempfile::tempdir().unwrap();
    certificates(other.path(), "DNS:localhost");
    let wrong = fs::read(other.path().join("ca.pem")).unwrap();
    let before = tree.picture();
    for (url, authority, more) in [
        (server.tls_url(), &wrong, ""),
        (
            server.tls_url().replace("localhost", "ip6-localhost"),
            &server.authority(),
            "",
        ),
        (server.url(), &wrong, "start_tls = true\n"),
    ] {
        let more = secrets(&tree, authority, 0o600) + more;
        configure(&tree, "rfc2307", &url, &more);
        for run in [&["sync", "users"][..], &["sync", "groups"]] {
            let ran = tree.gosync(run).expect(12);
            assert!(ran.err.starts_with("gosync ERROR: "), "{ran:?}");
            assert!(!ran.err.contains(PASSWORD) && !ran.out.contains(PASSWORD));
        }
    }
    let mut after = tree.picture();
    after.retain(|path, _| !path.starts_with("run/") && !path.starts_with("var/lib/gosync"));
    assert_eq!(differences(&after, &before), [""; 0]);
}

#[test]
fn a_read_that_is_cut_anywhere_removes_nothing() {
    let server = server(Groups::Nis);
    let tree = SmallHost::new(Database::Etc);
    configure(&tree, "rfc2307", &server.url(), "page_size = 2\n");
    tree.gosync(&["sync", "users"]).expect(0);
    tree.gosync(&["sync", "groups"]).expect(0);
    let before = tree.picture();
    for scope in ["users", "groups"] {
        let all = Proxy::start(server.port, Fault::Pass);
        configure(
            &tree,
            "rfc2307",
            &format!("ldap://127.0.0.1:{}", all.port),
            "page_size = 2\n",
        );
        tree.gosync(&["sync", scope]).expect(0);
        let total = all.passed();
        assert!(total > 500, "{total}");
        for cut in (0..total).step_by(total / 40) {
            let proxy = Proxy::start(server.port, Fault::CutAfter(cut));
            configure(
                &tree,
                "rfc2307",
                &format!("ldap://127.0.0.1:{}", proxy.port),
                "page_size = 2\n",
            );
            let ran = tree.gosync(&["sync", scope]);
            assert_eq!(
                ran.code,
                Some(12),
                "{scope}, cut after {cut} of {total} bytes: {ran:?}"
            );
            assert_eq!(
                differences(&tree.picture(), &before),
                [""; 0],
                "{scope}, cut after {cut} of {total} bytes"
            );
        }
    }
    let url = server.url();
    drop(server);
    configure(&tree, "rfc2307", &url, "");
    for run in [
        &["sync", "users"][..],
        &["sync", "groups"],
        &["sync", "users", "-n"],
    ] {
        tree.gosync(run).expect(12);
    }
    assert_eq!(differences(&tree.picture(), &before), [""; 0]);
}

#[test]
fn a_password_that_others_may_read_is_refused_and_a_wrong_one_is_told() {
    let server = server(Groups::Nis);
    let tree = SmallHost::new(Database::Etc);
    let before = tree.picture();
    for mode in [0o644, 0o640, 0o604, 0o620] {
        configure(
            &tree,
            "rfc2307",
            &server.tls_url(),
            &secrets(&tree, &server.authority(), mode),
        );
        let ran = tree.gosync(&["sync", "users"]).expect(2);
        assert!(
            ran.err
                .contains(tree.dir().join("password").to_str().unwrap()),
            "{ran:?}"
        );
        assert!(!ran.err.contains(PASSWORD), "{ran:?}");
    }
    let more = secrets(&tree, &server.authority(), 0o600);
    configure(&tree, "rfc2307", &server.tls_url(), &more);
    put(&tree.dir().join("password"), b"wrong\n", 0o600);
    let ran = tree.gosync(&["sync", "users"]).expect(12);
    assert!(
        ran.err.contains("invalidCredentials") || ran.err.contains("credentials"),
        "{ran:?}"
    );
    let mut after = tree.picture();
    after.retain(|path, _| !path.starts_with("run/") && !path.starts_with("var/lib/gosync"));
    assert_eq!(differences(&after, &before), [""; 0]);
}
