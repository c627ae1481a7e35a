//! The LDAP provider against a bad network and bad servers: whatever happens, a short list is never called complete.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::time::{Duration, Instant};

use gosync::testing::model::{Completeness, Snapshot};
use gosync::testing::providers::ldap::{Config, Ldap, Schema};
use gosync::testing::providers::{FetchError, Provider as _, Query, Scope};

use crate::ldap::{NOW, config, fetch, incomplete, members, query};
use crate::ldap_stub::{Request, Stub, done, entry, message, person, reference, tlv};
use crate::proxy::{Fault, Proxy};
use crate::slapd::{Groups, Slapd};

fn within(seconds: u64, scope: Scope) -> Query {
    Query {
        deadline: Instant::now() + Duration::from_secs(seconds),
        ..query(scope)
    }
}

/// Whether a result is whole; anything else must not claim to be.
fn whole(result: &Result<Snapshot, FetchError>, people: usize, groups: usize) -> bool {
    match result {
        Ok(Snapshot {
            completeness: Completeness::Complete(_),
            directory,
            ..
        }) => {
            assert_eq!(
                (directory.users.len(), directory.groups.len()),
                (people, groups)
            );
            true
        }
        Ok(snapshot) => {
            assert!(matches!(snapshot.completeness, Completeness::Incomplete(_)));
            false
        }
        Err(_) => false,
    }
}

fn small() -> Slapd {
    let group = "
dn: cn=connect,ou=groups,dc=example,dc=org
objectClass: posixGroup
cn: connect
gidNumber: 60001
memberUid: u0001
memberUid: u0029
";
    Slapd::builder(Groups::Nis)
        .tls("DNS:localhost,IP:127.0.0.1")
        .people(30)
        .ldif(group)
        .start()
}

#[test]
fn a_connection_cut_anywhere_is_never_a_complete_read() {
    let server = small();
    let read = |port: u16| {
        fetch(
            &Config {
                page_size: 7,
                ..config(&format!("ldap://127.0.0.1:{port}"))
            },
            &query(Scope::Groups),
        )
    };
    let all = Proxy::start(server.port, Fault::Pass);
    assert!(whole(&read(all.port), 30, 1));
    let total = all.passed();
    let mut cuts: Vec<usize> = (0..total).step_by(97).collect();
    cuts.extend([1, 2, 7, 14, total - 2, total - 1]);
    for n in cuts {
        let proxy = Proxy::start(server.port, Fault::CutAfter(n));
        assert!(
            !whole(&read(proxy.port), 30, 1),
            "cut after {n} of {total} bytes"
        );
    }
}

fn cut_tls(start_tls: bool) {
    let server = small();
    let read = |port: u16| {
        let scheme = if start_tls { "ldap" } else { "ldaps" };
        let config = Config {
            start_tls,
            page_size: 7,
            ..config(&format!("{scheme}://localhost:{port}"))
        };
        Ldap::new("test", &config, None, Some(server.authority()), NOW)
            .unwrap()
            .fetch(&query(Scope::Groups), &|_| {})
    };
    let target = if start_tls {
        server.port
    } else {
        server.tls_port
    };
    let all = Proxy::start(target, Fault::Pass);
    assert!(whole(&read(all.port), 30, 1));
    let total = all.passed();
    // The last bytes are the session tickets' and the goodbye's, not the answer's.
    for n in (0..total).step_by(397) {
        let proxy = Proxy::start(target, Fault::CutAfter(n));
        assert!(
            !whole(&read(proxy.port), 30, 1),
            "cut after {n} of {total} bytes"
        );
    }
}

#[test]
fn a_tls_connection_cut_anywhere_is_never_a_complete_read() {
    cut_tls(false);
}

#[test]
fn a_connection_cut_anywhere_before_or_after_start_tls_is_never_a_complete_read() {
    cut_tls(true);
}

#[test]
fn a_server_that_falls_silent_is_left_at_the_deadline() {
    let server = small();
    let check = &|fault: Fault, url: &str| {
        let proxy = Proxy::start(
            if url == "ldap" {
                server.port
            } else {
                server.tls_port
            },
            fault,
        );
        let config = config(&format!("{url}://localhost:{}", proxy.port));
        let authority = (url == "ldaps").then(|| server.authority());
        let provider = Ldap::new("test", &config, None, authority, NOW).unwrap();
        let begun = Instant::now();
        let result = provider.fetch(&within(1, Scope::Groups), &|_| {});
        assert!(!whole(&result, 30, 1), "{fault:?}");
        assert!(
            begun.elapsed() < Duration::from_secs(3),
            "{fault:?}: {:?}",
            begun.elapsed()
        );
        assert!(
            begun.elapsed() >= Duration::from_millis(900),
            "{fault:?}: {:?}",
            begun.elapsed()
        );
    };
    std::thread::scope(|scope| {
        for (fault, url) in [
            (Fault::StallAfter(0), "ldap"),
            (Fault::StallAfter(700), "ldap"),
            (Fault::StallAfter(0), "ldaps"),
            (Fault::StallAfter(1000), "ldaps"),
            (Fault::Drip(Duration::from_millis(50)), "ldap"),
            (Fault::Drip(Duration::from_millis(50)), "ldaps"),
        ] {
            scope.spawn(move || check(fault, url));
        }
    });
}

#[test]
fn nobody_listening_is_unreachable() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let error = fetch(
        &config(&format!("ldap://127.0.0.1:{port}")),
        &query(Scope::Users),
    )
    .unwrap_err();
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error}");
    let error = fetch(
        &Config {
            start_tls: true,
            ..config("ldap://no-such-host.invalid")
        },
        &within(5, Scope::Users),
    );
    assert!(
        matches!(error, Err(FetchError::Unreachable { .. })),
        "{error:?}"
    );
}

#[test]
fn a_server_without_tls_on_the_tls_port_is_unreachable() {
    let server = small();
    let config = config(&format!("ldaps://localhost:{}", server.port));
    let provider = Ldap::new("test", &config, None, Some(server.authority()), NOW).unwrap();
    let error = provider
        .fetch(&within(5, Scope::Users), &|_| {})
        .unwrap_err();
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error}");
}

#[test]
fn every_result_code_but_success_makes_the_read_incomplete() {
    for code in [1, 2, 3, 4, 9, 10, 11, 12, 32, 50, 51, 52, 53, 80, 118] {
        for at in 0..2 {
            let stub = Stub::start(move |request: &Request<'_>| {
                let id = request.id;
                let (code, cookie) = if request.number == at {
                    (code, None)
                } else {
                    (0, Some(&b"x"[..]))
                };
                Some(
                    [
                        person(id, request.number * 2),
                        person(id, request.number * 2 + 1),
                        done(id, code, cookie),
                    ]
                    .concat(),
                )
            });
            let snapshot = fetch(&config(&stub.url()), &query(Scope::Users)).unwrap();
            assert!(
                incomplete(&snapshot).contains(&code.to_string()),
                "{code}: {}",
                incomplete(&snapshot)
            );
            assert_eq!(snapshot.directory.users.len(), 2 + 2 * at);
        }
        let nothing = Stub::start(move |request: &Request<'_>| Some(done(request.id, code, None)));
        let error = fetch(&config(&nothing.url()), &query(Scope::Users)).unwrap_err();
        // What the server says is shown, and made harmless.
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
        assert_eq!(
            matches!(error, FetchError::Unauthorised { .. }),
            code == 50,
            "{error}"
        );
        assert_eq!(
            matches!(error, FetchError::Unreachable { .. }),
            code == 51 || code == 52,
            "{error}"
        );
    }
}

#[test]
fn pages_that_do_not_end_as_they_should_make_the_read_incomplete() {
    type Handler = fn(&Request<'_>) -> Option<Vec<u8>>;
    let cases: [(&str, Handler); 6] = [
        ("no marker", |r| {
            Some([person(r.id, 1), done(r.id, 0, None)].concat())
        }),
        ("no second marker", |r| {
            Some(
                [
                    person(r.id, r.number),
                    done(r.id, 0, (r.number == 0).then_some(&b"x"[..])),
                ]
                .concat(),
            )
        }),
        ("the same page for ever", |r| {
            Some([person(r.id, 1), done(r.id, 0, Some(b"x"))].concat())
        }),
        ("two pages in turn", |r| {
            Some(
                [
                    person(r.id, r.number % 2),
                    done(r.id, 0, Some(&[r.number as u8 % 2])),
                ]
                .concat(),
            )
        }),
        ("a reference", |r| {
            Some([person(r.id, 1), reference(r.id), done(r.id, 0, Some(b""))].concat())
        }),
        ("a broken marker", |r| {
            let value = tlv(
                0x30,
                &[tlv(4, b"1.2.840.113556.1.4.319"), tlv(4, &[0x30, 1, 2])].concat(),
            );
            let end = tlv(0x65, &[tlv(10, &[0]), tlv(4, b""), tlv(4, b"")].concat());
            Some([person(r.id, 1), message(r.id, &end, &value)].concat())
        }),
    ];
    for (name, handler) in cases {
        let stub = Stub::start(handler);
        let result = fetch(&config(&stub.url()), &query(Scope::Users));
        assert!(!whole(&result, 0, 0), "{name}");
        assert!(result.is_ok(), "{name}");
    }
}

#[test]
fn a_cookie_that_stays_the_same_is_the_way_of_389_directory_server() {
    let stub = Stub::start(|r| {
        Some(
            [
                person(r.id, r.number),
                done(r.id, 0, Some(if r.number < 4 { b"0" } else { b"" })),
            ]
            .concat(),
        )
    });
    assert!(whole(
        &fetch(&config(&stub.url()), &query(Scope::Users)),
        5,
        0
    ));
}

#[test]
fn one_entry_twice_is_harmless_if_it_is_the_same_and_incomplete_if_not() {
    let same = Stub::start(|r| {
        Some([person(r.id, 1), person(r.id, 1), done(r.id, 0, Some(b""))].concat())
    });
    assert!(whole(
        &fetch(&config(&same.url()), &query(Scope::Users)),
        1,
        0
    ));
    let dn = "uid=u1,ou=people,dc=example,dc=org";
    let attributes: [&[(&str, &[&str])]; 2] = [
        &[
            ("uid", &["other"]),
            ("entryUUID", &["00000000-0000-0000-0000-000000000001"]),
        ],
        &[
            ("uid", &["u1"]),
            ("entryUUID", &["00000000-0000-0000-0000-000000000002"]),
        ],
    ];
    for (n, attributes) in attributes.into_iter().enumerate() {
        let other = Stub::start(move |r| {
            Some(
                [
                    person(r.id, 1),
                    entry(r.id, dn, attributes),
                    done(r.id, 0, Some(b"")),
                ]
                .concat(),
            )
        });
        // Two ids under one name are told apart where names matter.
        let scope = if n == 0 { Scope::Users } else { Scope::Groups };
        assert!(
            incomplete(&fetch(&config(&other.url()), &query(scope)).unwrap()).contains("changed")
        );
    }
}

#[test]
fn messages_that_are_not_ldap_end_the_read() {
    type Handler = fn(&Request<'_>) -> Option<Vec<u8>>;
    let cases: [(&str, Handler); 7] = [
        ("a web page", |_| {
            Some(b"HTTP/1.1 200 OK\r\n\r\n<html>".to_vec())
        }),
        ("an empty message", |_| Some(tlv(0x30, &[]))),
        ("no operation", |r| Some(tlv(0x30, &tlv(2, &[r.id])))),
        ("an unknown operation", |r| {
            Some(message(r.id, &tlv(0x7e, &[]), &[]))
        }),
        ("an end without a code", |r| {
            Some(message(r.id, &tlv(0x65, &[]), &[]))
        }),
        ("an entry without a name", |r| {
            Some(
                [
                    message(r.id, &tlv(0x64, &[]), &[]),
                    done(r.id, 0, Some(b"")),
                ]
                .concat(),
            )
        }),
        ("a primitive", |r| {
            Some(message(r.id, &tlv(0x44, b"x"), &[]))
        }),
    ];
    for (name, handler) in cases {
        let stub = Stub::start(handler);
        let begun = Instant::now();
        let result = fetch(&config(&stub.url()), &within(1, Scope::Users));
        assert!(!whole(&result, 0, 0), "{name}");
        assert!(begun.elapsed() < Duration::from_secs(3), "{name}");
    }
}

#[test]
fn long_lists_of_members_are_fetched_part_by_part() {
    const GROUP: &str = "cn=big,ou=groups,dc=example,dc=org";
    let dn = |n: usize| format!("uid=u{n},ou=people,dc=example,dc=org");
    let answer = move |r: &Request<'_>, lost: bool| {
        let id = r.id;
        let guid = "0123456789abcdef";
        let part = |option: &str, from: usize, to: usize| {
            let members: Vec<String> = (from..=to).map(dn).collect();
            let members: Vec<&str> = members.iter().map(String::as_str).collect();
            entry(
                id,
                GROUP,
                &[
                    ("sAMAccountName", &["big"]),
                    ("objectGUID", &[guid]),
                    ("member", &[]),
                    (option, &members),
                ],
            )
        };
        let end = done(id, 0, Some(b""));
        Some(if r.mentions("member;range=4-*") {
            let option = if lost {
                "member;range=5-*"
            } else {
                "Member;Range=4-*"
            };
            [part(option, 4, 5), end].concat()
        } else if r.mentions("member;range=2-*") {
            [part("member;range=2-3", 2, 3), end].concat()
        } else if r.mentions("ou=groups") {
            [part("member;range=0-1", 0, 1), end].concat()
        } else {
            let people = (0..6).flat_map(|n| {
                let (login, guid) = (format!("u{n}"), format!("0123456789abcde{n}"));
                entry(
                    id,
                    &dn(n),
                    &[("sAMAccountName", &[&login]), ("objectGUID", &[&guid])],
                )
            });
            people.chain(end).collect()
        })
    };
    for lost in [false, true] {
        let stub = Stub::start(move |r| answer(r, lost));
        let snapshot = fetch(
            &Config {
                schema: Schema::Ad,
                ..config(&stub.url())
            },
            &query(Scope::Groups),
        )
        .unwrap();
        if lost {
            assert!(incomplete(&snapshot).contains("does not fit"));
        } else {
            assert!(
                matches!(snapshot.completeness, Completeness::Complete(_)),
                "{:?}",
                snapshot.completeness
            );
            assert_eq!(
                members(&snapshot, "big"),
                ["u0", "u1", "u2", "u3", "u4", "u5"]
            );
        }
    }
}

#[test]
fn a_member_who_was_renamed_while_we_read_makes_the_read_incomplete() {
    // The first search finds u1, the second lists u2, and a third finds u2.
    let stub = Stub::start(|r| {
        let id = r.id;
        Some(if r.mentions("ou=groups") {
            let attributes: [(&str, &[&str]); 3] = [
                ("cn", &["g"]),
                ("entryUUID", &["g-1"]),
                ("memberUid", &["u2"]),
            ];
            [
                entry(id, "cn=g,ou=groups,dc=example,dc=org", &attributes),
                done(id, 0, Some(b"")),
            ]
            .concat()
        } else {
            [
                person(id, if r.mentions("u2") { 2 } else { 1 }),
                done(id, 0, Some(b"")),
            ]
            .concat()
        })
    });
    let snapshot = fetch(&config(&stub.url()), &query(Scope::Groups)).unwrap();
    assert!(incomplete(&snapshot).contains("changed"));
}
