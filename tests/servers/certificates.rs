//! Which certificates are trusted, by real servers with certificates that openssl made: those of an authority, and the
//! one that `server_certificate` names, whatever it is like.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;
use std::path::Path;

use gosync::testing::model::remedy::{CertificateFault, Remedy};
use gosync::testing::model::{Completeness, RemoteId, Snapshot, User};
use gosync::testing::providers::fields;
use gosync::testing::providers::ldap::{Config, Ldap};
use gosync::testing::providers::scim::{Config as ScimConfig, Scim, Secrets};
use gosync::testing::providers::{FetchError, Provider as _, Scope};
use gosync::testing::system::tls::Trusted;
use tempfile::TempDir;

use crate::ldap::{NOW, PEOPLE, config, query};
use crate::slapd::{Groups, Slapd, openssl};
use crate::web::{Reply, Web};

/// What a server's certificate is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Made {
    /// By `openssl req -x509`: it signed itself, and is an authority's.
    Itself,
    /// Of X.509 version 1, signed by an authority.
    Version1,
    /// With a CN only, signed by an authority.
    CommonName,
    /// With the right name, signed by an authority, in 2025.
    Expired,
    /// With the right name, signed by an authority.
    Well,
}

const EC: &str = "ec -pkeyopt ec_paramgen_curve:P-256";
const RSA: &str = "rsa:2048";

/// A folder with `ca.pem`, `server.pem`, `server.key`.
fn made(how: Made, key: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let run = |line: String| openssl(at, &line);
    run(format!(
        "req -x509 -newkey {EC} -nodes -days 2 -subj /CN=test-authority -keyout @ca.key -out @ca.pem"
    ));
    if how == Made::Itself {
        run(format!(
            "req -x509 -newkey {key} -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
             -keyout @server.key -out @server.pem"
        ));
        fs::copy(at.join("server.pem"), at.join("ca.pem")).unwrap();
        return dir;
    }
    run(format!(
        "req -newkey {key} -nodes -subj /CN=localhost -keyout @server.key -out @server.csr"
    ));
    let sign = "x509 -req -in @server.csr -CA @ca.pem -CAkey @ca.key -CAcreateserial -days 2 -out @server.pem";
    let extended = |lines: &str| fs::write(at.join("more"), lines).unwrap();
    match how {
        Made::Version1 => run(sign.to_owned()),
        Made::CommonName => {
            extended("basicConstraints=CA:FALSE\nsubjectKeyIdentifier=hash\n");
            run(format!("{sign} -extfile @more"));
        }
        Made::Well => {
            extended("basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost\n");
            run(format!("{sign} -extfile @more"));
        }
        Made::Expired => {
            extended("basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost\n");
            let place = at.to_str().unwrap();
            let conf = format!(
                "[ca]\ndefault_ca=one\n[one]\ndatabase={place}/index\nserial={place}/serial\nnew_certs_dir={place}\ndefault_md=sha256\n\
                 policy=any\n[any]\ncommonName=supplied\n"
            );
            fs::write(at.join("ca.conf"), conf).unwrap();
            fs::write(at.join("index"), "").unwrap();
            fs::write(at.join("serial"), "01\n").unwrap();
            run(
                "ca -batch -notext -config @ca.conf -cert @ca.pem -keyfile @ca.key -in @server.csr \
                 -startdate 20250101000000Z -enddate 20251231235959Z -extfile @more -out @server.pem"
                    .to_owned(),
            );
        }
        Made::Itself => {}
    }
    dir
}

fn pem(dir: &Path, file: &str) -> Vec<u8> {
    fs::read(dir.join(file)).unwrap()
}

fn slapd(dir: &Path, setting: &str) -> Slapd {
    Slapd::builder(Groups::Nis)
        .certified(dir)
        .setting(setting)
        .ldif(PEOPLE)
        .start()
}

/// Reads by LDAP, with what the two files hold.
fn ldap(
    config: &Config,
    authorities: Option<Vec<u8>>,
    own: Option<Vec<u8>>,
) -> Result<usize, FetchError> {
    let trusted = match own {
        Some(own) => gosync::testing::system::tls::Trusted::Certificate(own),
        None => authorities.into(),
    };
    let provider = Ldap::new("test", config, None, trusted, NOW).unwrap();
    let snapshot = provider.fetch(&query(Scope::Users), &|_| {})?;
    Ok(snapshot.directory.users.len())
}

/// What is wrong with the certificate, and what is said about it.
fn fault<T: std::fmt::Debug>(read: Result<T, FetchError>) -> (CertificateFault, String) {
    let error = read.unwrap_err();
    assert!(matches!(&error, FetchError::Unauthorised { .. }), "{error}");
    let Some(Remedy::Certificate(fault)) = error.remedy() else {
        panic!("{error}")
    };
    (fault, error.to_string())
}

#[test]
fn each_certificate_is_refused_with_its_own_cause_and_trusted_when_it_is_named() {
    for (how, cause, words) in [
        (
            Made::Itself,
            CertificateFault::SelfSigned,
            "`CN=localhost` signed itself",
        ),
        (
            Made::Version1,
            CertificateFault::Version1,
            "`CN=localhost` is of X.509 version 1",
        ),
        (
            Made::CommonName,
            CertificateFault::NoNames,
            "`CN=localhost` has no subjectAltName",
        ),
        (
            Made::Expired,
            CertificateFault::Expired,
            "`CN=localhost` expired on 2025-12-31",
        ),
    ] {
        let dir = made(how, EC);
        let server = slapd(dir.path(), "");
        let (own, authority) = (pem(dir.path(), "server.pem"), pem(dir.path(), "ca.pem"));
        let start_tls = Config {
            start_tls: true,
            ..config(&server.url())
        };
        for config in [config(&server.tls_url()), start_tls] {
            let (found, said) = fault(ldap(&config, Some(authority.clone()), None));
            assert_eq!(found, cause, "{how:?}: {said}");
            assert!(said.contains(words), "{said}");
            assert!(!said.contains("Other(") && !said.contains("UNIX"), "{said}");
            assert_eq!(
                ldap(&config, None, Some(own.clone())).unwrap(),
                2,
                "{how:?}"
            );
        }
        let web = scim_server(dir.path());
        let (found, said) = fault(scim(&web, Some(authority), None));
        assert_eq!(found, cause, "{how:?}: {said}");
        assert!(said.contains(words), "{said}");
        assert_eq!(scim(&web, None, Some(own)).unwrap(), 0, "{how:?}");
    }
}

#[test]
fn a_named_certificate_is_compared_whole_and_its_key_is_proven() {
    for (key, only_12) in [(EC, false), (EC, true), (RSA, false), (RSA, true)] {
        let dir = made(Made::Version1, key);
        let setting = match only_12 {
            true => "TLSCipherSuite NORMAL:-VERS-TLS1.3",
            false => "",
        };
        let server = slapd(dir.path(), setting);
        let config = config(&server.tls_url());
        let own = pem(dir.path(), "server.pem");
        assert_eq!(ldap(&config, None, Some(own.clone())).unwrap(), 2);
        // The same names, from the same kind of authority, and another certificate.
        let other = made(Made::Version1, key);
        let (found, said) = fault(ldap(&config, None, Some(pem(other.path(), "server.pem"))));
        assert_eq!(found, CertificateFault::NotTheNamedOne);
        assert!(said.contains("`server_certificate` names"), "{said}");
        // Its authority is not it.
        let (found, _) = fault(ldap(&config, None, Some(pem(dir.path(), "ca.pem"))));
        assert_eq!(found, CertificateFault::NotTheNamedOne);
        // Who shows the certificate and has another key is somebody else.
        fs::copy(
            other.path().join("server.key"),
            dir.path().join("server.key"),
        )
        .unwrap();
        let (found, _) = fault(scim(&scim_server(dir.path()), None, Some(own)));
        assert_eq!(found, CertificateFault::Other);
    }
}

#[test]
fn an_authority_that_is_not_named_is_told_by_name() {
    let (dir, other) = (made(Made::Well, EC), made(Made::Itself, EC));
    let server = slapd(dir.path(), "");
    let config = config(&server.tls_url());
    assert_eq!(
        ldap(&config, Some(pem(dir.path(), "ca.pem")), None).unwrap(),
        2
    );
    let (found, said) = fault(ldap(&config, Some(pem(other.path(), "ca.pem")), None));
    assert_eq!(found, CertificateFault::UnknownIssuer);
    assert!(
        said.contains("signed by `CN=test-authority`, which `ca_file` does not hold"),
        "{said}"
    );
    let named = Config {
        url: format!("ldaps://127.0.0.1:{}", server.tls_port),
        ..config
    };
    let (found, said) = fault(ldap(&named, Some(pem(dir.path(), "ca.pem")), None));
    assert_eq!(found, CertificateFault::OtherNames);
    assert!(
        said.contains("is for localhost, not for 127.0.0.1"),
        "{said}"
    );
}

#[test]
fn a_port_that_speaks_otherwise_is_told() {
    let dir = made(Made::Well, EC);
    let server = slapd(dir.path(), "");
    let remedy = |config: &Config| {
        let error = ldap(config, Some(pem(dir.path(), "ca.pem")), None).unwrap_err();
        assert!(matches!(&error, FetchError::Unreachable { .. }), "{error}");
        assert!(!error.to_string().contains("os error"), "{error}");
        error.remedy()
    };
    let tls_to_plain = config(&format!("ldaps://localhost:{}", server.port));
    assert_eq!(remedy(&tls_to_plain), Some(Remedy::NoTls));
    let plain_to_tls = Config {
        start_tls: true,
        connect_timeout: "1s".parse().unwrap(),
        ..config(&format!("ldap://localhost:{}", server.tls_port))
    };
    // slapd waits, or breaks off.
    assert_eq!(remedy(&plain_to_tls), Some(Remedy::TlsAtOnce));
    let in_the_clear = config(&format!("ldap://127.0.0.1:{}", server.tls_port));
    assert_eq!(remedy(&in_the_clear), Some(Remedy::TlsAtOnce));
    assert_eq!(remedy(&config("ldap://127.0.0.1:1")), Some(Remedy::Port));
    let plain = Web::start(|_| Reply::new(200, "text/plain", ""));
    let at = ScimConfig::new(format!("https://localhost:{}/v2", plain.port));
    let secrets = Secrets {
        authorities: Some(pem(dir.path(), "ca.pem")),
        ..Secrets::default()
    };
    let scim = Scim::new("test", &at, secrets).unwrap();
    let error = scim.fetch(&query(Scope::Users), &|_| {}).unwrap_err();
    assert_eq!(error.remedy(), Some(Remedy::NoTls), "{error}");
}

/// A SCIM server without people.
fn scim_server(dir: &Path) -> Web {
    Web::start_tls(dir, |_| {
        let body = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}"#;
        Reply::new(200, "application/scim+json", body)
    })
}

fn scim(
    web: &Web,
    authorities: Option<Vec<u8>>,
    certificate: Option<Vec<u8>>,
) -> Result<usize, FetchError> {
    let config = ScimConfig::new(format!("https://localhost:{}/v2", web.port));
    let secrets = Secrets {
        authorities,
        certificate,
        ..Secrets::default()
    };
    let provider = Scim::new("test", &config, secrets).unwrap();
    let snapshot = provider.fetch(&query(Scope::Users), &|_| {})?;
    Ok(snapshot.directory.users.len())
}

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGHKKX1R/WFrJnXC8eo8G5FS5wPJ0dIEzlpzZTa6n6NO";

#[test]
fn keys_at_a_url_come_from_the_server_of_the_named_certificate_alone() {
    let dir = made(Made::CommonName, EC);
    let other = made(Made::Well, EC);
    let web = Web::start_tls(dir.path(), |_| Reply::new(200, "text/plain", KEY));
    let url = format!("https://localhost:{}/{{login}}.keys", web.port);
    let keys = |trusted: Trusted| {
        let config = fields::Config {
            keys_url: Some(url.clone().try_into().unwrap()),
            ..fields::Config::default()
        };
        let all = Completeness::Complete("all".to_owned());
        let mut snapshot = Snapshot::new(Default::default(), Vec::new(), all);
        let id = RemoteId::new("u-1").unwrap();
        snapshot.directory.users = vec![User::new(id, "alice")];
        let sources = fields::Sources::new(&config, trusted).unwrap();
        let opened = sources.open().unwrap();
        opened.fill(&mut snapshot, &[true], &query(Scope::Users), &|_| {});
        snapshot.directory.users[0].ssh_keys.len()
    };
    let certificate = |of: &TempDir| Trusted::Certificate(pem(of.path(), "server.pem"));
    assert_eq!(keys(certificate(&dir)), 1);
    assert_eq!(keys(certificate(&other)), 0);
    // It names no host, so that its authority alone will not do.
    assert_eq!(keys(Trusted::Authorities(pem(dir.path(), "ca.pem"))), 0);
}
