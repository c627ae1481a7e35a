//! Promises about failures: what is missing is said, and why nothing came is told by its kind.

use gosync::testing::model::{Completeness, RemoteId};
use gosync::testing::providers::{FetchError, Provider, Query, Scope};

use super::dataset::{PAGE, World};
use super::read::{self, check_groups, check_users};
use super::{File, Fixture, Place, Server, Wire, query, soon};
use crate::ldap_stub::{Stub, tlv};
use crate::proxy::{Fault, Proxy};
use crate::relay::relayed;
use crate::web::{Reply, Web};

/// Where nobody listens.
const NOBODY: u16 = 1;

/// However early the server goes away, what came is not called all of it.
pub fn cut<F: Fixture>() {
    let world = World::new();
    let fixture = F::load(&world);
    let server = match fixture.place() {
        Place::Server(server) => server,
        Place::File(file) => return half_a_file::<F>(&world, file),
    };
    let broken = read::broken(&read::users(&*fixture.open(PAGE)));
    for scope in [Scope::Users, Scope::Groups] {
        let proxy = Proxy::start(server.port(), Fault::Pass);
        let whole = read::fetch(&*server.at(proxy.port), &query(scope));
        assert!(
            matches!(whole.completeness, Completeness::Complete(_)),
            "{:?}",
            whole.completeness
        );
        let all = proxy.passed();
        assert!(all > 1000, "{all}");
        let mut short = 0;
        for eighth in 0..8 {
            let proxy = Proxy::start(server.port(), Fault::EndAfter(all * eighth / 8));
            let asked = Query {
                deadline: soon(4),
                ..query(scope)
            };
            let kind = |error: &FetchError| matches!(error, FetchError::Unreachable { .. });
            short += usize::from(is_short::<F>(
                &world,
                &*server.at(proxy.port),
                &asked,
                &broken,
                &kind,
            ));
        }
        // With less than seven eighths nobody can have it all.
        assert!(short >= 7, "{scope:?}: {short}");
        if server.wire() == Wire::Http {
            storm::<F>(&world, server, &query(scope), &broken);
        }
    }
}

/// However many requests the server answers before it has no time any more, what came is not called all of it.
fn storm<F: Fixture>(world: &World, server: &dyn Server, query: &Query, broken: &RemoteId) {
    let port = server.port();
    let answering = |most: usize| {
        Web::start(move |asked| match asked.number < most {
            // Without its headers, such as links to next pages.
            true => {
                let (status, _, body) = relayed(port, asked);
                Reply::new(status, "application/json", body)
            }
            false => Reply::new(429, "text/plain", "later").header("Retry-After", "3600"),
        })
    };
    let web = answering(usize::MAX);
    let kind = |error: &FetchError| matches!(error, FetchError::RateLimited { .. });
    assert!(!is_short::<F>(
        world,
        &*server.at(web.port),
        query,
        broken,
        &kind
    ));
    let all = web.count();
    let short = (0..all).filter(|most| {
        let web = answering(*most);
        is_short::<F>(world, &*server.at(web.port), query, broken, &kind)
    });
    // The last request may ask for what can be done without.
    assert!(short.count() >= all - 1);
}

/// Whether a read fails as it should or says that it is not whole; if it says that it is, it has to be.
fn is_short<F: Fixture>(
    world: &World,
    provider: &dyn Provider,
    query: &Query,
    broken: &RemoteId,
    kind: &dyn Fn(&FetchError) -> bool,
) -> bool {
    match provider.fetch(query, &|_| {}) {
        Err(error) => {
            assert!(kind(&error), "{error:?}");
            true
        }
        Ok(snapshot) => match &snapshot.completeness {
            Completeness::Incomplete(reason) => !reason.is_empty(),
            Completeness::Narrowed => panic!("nobody asked for a part"),
            Completeness::Complete(_) => {
                match query.scope {
                    Scope::Groups => check_groups::<F>(world, &snapshot, broken),
                    Scope::Users | Scope::Both => check_users::<F>(world, &snapshot),
                }
                false
            }
        },
    }
}

/// A file that somebody is still writing.
fn half_a_file<F: Fixture>(world: &World, file: &dyn File) {
    let bytes = file.bytes();
    let all = bytes.trim_ascii_end().len();
    for end in (0..8).map(|eighth| all * eighth / 8).chain([all - 1]) {
        failing(&*file.with(Some(&bytes[..end])), &|error| {
            matches!(error, FetchError::Malformed { .. })
        });
    }
    check_users::<F>(world, &read::users(&*file.with(Some(&bytes))));
}

/// Nobody there, nobody we are known to, somebody who speaks another language, somebody who has no time.
pub fn told_apart<F: Fixture>() {
    let world = World::new();
    let fixture = F::load(&world);
    match fixture.place() {
        Place::File(file) => {
            let nowhere = file.with(None);
            failing(&*nowhere, &|error| {
                matches!(error, FetchError::Unreachable { .. })
            });
            identified(&*nowhere, &|error| {
                matches!(error, FetchError::Unreachable { .. })
            });
            for rubbish in ["<html>Sign in</html>", "[]", "\u{0}", "{\"people\": []}"] {
                let rubbish = file.with(Some(rubbish.as_bytes()));
                failing(&*rubbish, &|error| {
                    matches!(error, FetchError::Malformed { .. })
                });
            }
        }
        Place::Server(server) => {
            let nobody = server.at(NOBODY);
            failing(&*nobody, &|error| {
                matches!(error, FetchError::Unreachable { .. })
            });
            identified(&*nobody, &|error| {
                matches!(error, FetchError::Unreachable { .. })
            });
            let stranger = server.stranger();
            failing(&*stranger, &|error| {
                matches!(error, FetchError::Unauthorised { .. })
            });
            identified(&*stranger, &|error| {
                matches!(error, FetchError::Unauthorised { .. })
            });
            spoken_to_wrongly(server);
        }
    }
}

fn spoken_to_wrongly(server: &dyn Server) {
    let malformed = |error: &FetchError| matches!(error, FetchError::Malformed { .. });
    match server.wire() {
        Wire::Ldap => {
            let page = format!(
                "HTTP/1.1 200 OK\r\n\r\n<html>{}</html>",
                "Sign in. ".repeat(99)
            )
            .into_bytes();
            for rubbish in [page, tlv(0x30, b""), tlv(0x30, &tlv(2, &[1]))] {
                let stub = Stub::start(move |_| Some(rubbish.clone()));
                failing(&*server.at(stub.port), &malformed);
                identified(&*server.at(stub.port), &malformed);
            }
        }
        Wire::Http => {
            for (media_type, body) in [
                ("text/html", "<html>Sign in</html>"),
                ("application/json", "{\"a\": [1, 2"),
            ] {
                let web = Web::start(move |_| Reply::new(200, media_type, body));
                failing(&*server.at(web.port), &malformed);
                identified(&*server.at(web.port), &malformed);
            }
            for retry in ["3600", "1"] {
                let web = Web::start(move |_| {
                    Reply::new(429, "text/plain", "later").header("Retry-After", retry)
                });
                let busy = |error: &FetchError| matches!(error, FetchError::RateLimited { .. });
                failing(&*server.at(web.port), &busy);
                identified(&*server.at(web.port), &busy);
            }
        }
    }
}

/// Whether reads fail as they should.
fn failing(provider: &dyn Provider, kind: &dyn Fn(&FetchError) -> bool) {
    for scope in [Scope::Users, Scope::Groups] {
        let asked = Query {
            deadline: soon(5),
            ..query(scope)
        };
        let error = provider.fetch(&asked, &|_| {}).unwrap_err();
        assert!(kind(&error), "{scope:?}: {error:?}");
    }
}

/// Whether nobody is told who we are.
fn identified(provider: &dyn Provider, kind: &dyn Fn(&FetchError) -> bool) {
    let error = provider.identity(soon(5)).unwrap_err();
    assert!(kind(&error), "{error:?}");
}
