//! How the LDAP provider gets to a server, and who it is there: TLS, StartTLS, a socket, a password.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use gosync::testing::providers::ldap::{Config, Ldap};
use gosync::testing::providers::{FetchError, Provider as _, Scope};
use secrecy::SecretString;

use crate::ldap::{NOW, PEOPLE, config, fetch, query, rfc2307};
use crate::slapd::{ADMIN, Groups, PASSWORD, Slapd};

#[test]
fn tls_is_trusted_by_the_configured_authority_alone() {
    let server = Slapd::builder(Groups::Nis)
        .tls("DNS:localhost,IP:127.0.0.1")
        .ldif(PEOPLE)
        .start();
    let other = Slapd::builder(Groups::Nis)
        .tls("DNS:localhost,IP:127.0.0.1")
        .start();
    let fetch = |config: &Config, authority| {
        Ldap::new("test", config, None, authority, NOW)
            .unwrap()
            .fetch(&query(Scope::Users), &|_| {})
    };
    let start_tls = Config {
        start_tls: true,
        ..config(&server.url())
    };
    for config in [
        config(&server.tls_url()),
        config(&format!("ldaps://127.0.0.1:{}", server.tls_port)),
        start_tls,
    ] {
        let snapshot = fetch(&config, Some(server.authority())).unwrap();
        assert_eq!(snapshot.directory.users.len(), 2, "{}", config.url);
        for authority in [Some(other.authority()), None] {
            let error = fetch(&config, authority).unwrap_err();
            assert!(matches!(&error, FetchError::Unauthorised { .. }), "{error}");
        }
    }
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    let server = Slapd::builder(Groups::Nis)
        .tls("DNS:ldap.example.org")
        .start();
    for config in [
        config(&server.tls_url()),
        Config {
            start_tls: true,
            ..config(&server.url())
        },
    ] {
        let provider = Ldap::new("test", &config, None, Some(server.authority()), NOW).unwrap();
        let error = provider.fetch(&query(Scope::Users), &|_| {}).unwrap_err();
        assert!(matches!(&error, FetchError::Unauthorised { .. }), "{error}");
        assert!(error.to_string().contains("certificate"), "{error}");
    }
}

#[test]
fn a_server_that_refuses_start_tls_is_not_spoken_to() {
    let server = Slapd::builder(Groups::Nis).ldif(PEOPLE).start();
    let error = {
        let config = Config {
            start_tls: true,
            ..config(&server.url())
        };
        fetch(&config, &query(Scope::Users)).unwrap_err()
    };
    assert!(error.to_string().contains("StartTLS"), "{error}");
}

#[test]
fn a_socket_file_will_do() {
    let server = rfc2307();
    let snapshot = fetch(&config(&server.socket_url()), &query(Scope::Users)).unwrap();
    assert_eq!(snapshot.directory.users.len(), 2);
    let error = fetch(&config("ldapi://%2Fnowhere%2Fldapi"), &query(Scope::Users)).unwrap_err();
    assert!(matches!(error, FetchError::Unreachable { .. }));
}

#[test]
fn a_password_is_needed_where_one_is_and_never_shown() {
    let closed = Slapd::builder(Groups::Nis)
        .setting("require authc")
        .ldif(PEOPLE)
        .start();
    let config = Config {
        bind_dn: Some(ADMIN.to_owned()),
        ..config(&closed.url())
    };
    let with = |password: &str| {
        Ldap::new(
            "test",
            &config,
            Some(SecretString::from(password)),
            None,
            NOW,
        )
    };
    let snapshot = with(PASSWORD)
        .unwrap()
        .fetch(&query(Scope::Users), &|_| {})
        .unwrap();
    assert_eq!(snapshot.directory.users.len(), 2);
    let provider = with("top secret").unwrap();
    let error = provider.fetch(&query(Scope::Users), &|_| {}).unwrap_err();
    assert!(matches!(error, FetchError::Unauthorised { .. }), "{error}");
    assert!(error.to_string().contains("invalidCredentials"));
    assert!(!format!("{error:?} {provider:?}").contains("top secret"));
    assert!(with("").is_err());
    assert!(Ldap::new("test", &config, None, None, NOW).is_err());
    let nobody = Config {
        bind_dn: None,
        ..config
    };
    assert!(fetch(&nobody, &query(Scope::Users)).is_err());
}
