//! What people get wrong in a section, beside real servers: what gosync says leads to the key.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fmt::Write as _;

use crate::bare_host::bare_host;
use crate::ds389::{self, Ds389};
use crate::samba::{self, Samba};
use crate::scratch::{Ran, ScratchHost};
use crate::slapd::{self, Groups, SUFFIX, Slapd};

const READER: &str = "uid=reader,dc=example,dc=org";
const SECRET: &str = "reader's own";

/// A host with an LDAP section of these keys.
fn host(keys: &str, password: &str) -> ScratchHost {
    let host = bare_host();
    configure(&host, keys, password);
    host
}

fn configure(host: &ScratchHost, keys: &str, password: &str) {
    host.write_with_mode("secret", password, 0o600);
    let text = format!(
        "[gosync]\ntime_limit = '20s'\n[provider.campus]\nkind = 'ldap'\n{keys}\n[accounts]\ncreate_home = false\nuid_range = [20000, 29999]\n\
         [groups]\ngid_range = [60000, 60999]\n"
    );
    host.write_with_mode("gosync.toml", text, 0o600);
}

/// That a read fails, or is not whole, and that all of this is said.
#[track_caller]
fn fails(host: &ScratchHost, words: &[&str]) -> Ran {
    let ran = host.gosync(&["-q", "sync", "users", "-n"]).expect(12);
    for word in words {
        assert!(ran.err.contains(word), "no `{word}`: {}", ran.err);
    }
    ran
}

/// 389 Directory Server with 60 people and somebody who may read them.
fn ds389() -> Ds389 {
    let mut ldif = format!(
        "dn: {READER}\nobjectClass: account\nobjectClass: simpleSecurityObject\nuid: reader\nuserPassword: {SECRET}\n"
    );
    for n in 0..60 {
        let _ = write!(
            ldif,
            "\ndn: uid=u{n:02},ou=people,{SUFFIX}\nobjectClass: account\nobjectClass: posixAccount\nuid: u{n:02}\n\
             cn: User {n}\nuidNumber: {}\ngidNumber: 100\nhomeDirectory: /home/u{n:02}\n",
            20_000 + n
        );
    }
    Ds389::start(&ldif, "")
}

fn keys(server: &Ds389, bind: &str, more: &str) -> String {
    let base = match more.contains("user_base") {
        true => String::new(),
        false => format!("user_base = 'ou=people,{SUFFIX}'\n"),
    };
    format!(
        "url = '{}'\nschema = '389'\n{base}group_base = 'ou=groups,{SUFFIX}'\n{bind}{more}",
        server.url()
    )
}

fn bind(dn: &str) -> String {
    format!("bind_dn = '{dn}'\npassword_file = 'secret'\n")
}

#[test]
fn wrong_keys_of_389_directory_server_are_named() {
    let server = ds389();
    let reader = bind(READER);
    // As it should be.
    let host = host(&keys(&server, &reader, ""), SECRET);
    host.gosync(&["sync", "users", "-n"]).expect(0);
    configure(&host, &keys(&server, &reader, ""), "wrong");
    fails(
        &host,
        &["invalidCredentials", "`bind_dn`", "`password_file`"],
    );
    // The same code for nobody: it says nothing of who is there.
    configure(
        &host,
        &keys(&server, &bind("uid=raeder,dc=example,dc=org"), ""),
        SECRET,
    );
    fails(&host, &["`bind_dn`"]);
    // Nobody is shown anything, and gets no error.
    configure(&host, &keys(&server, "", ""), "");
    fails(&host, &["`bind_dn`"]);
    // To a paged search below nothing this server says success, and nothing of pages.
    let base = format!("user_base = 'ou=peple,{SUFFIX}'\n");
    for more in [base.clone(), format!("{base}page_size = 0\n")] {
        configure(&host, &keys(&server, &reader, &more), SECRET);
        let ran = fails(&host, &["there is no entry ou=peple,", "`user_base`"]);
        assert!(!ran.err.contains("if it cannot page"), "{ran:?}");
    }
}

#[test]
fn limits_of_389_directory_server_are_named() {
    let server = ds389();
    let host = host(&keys(&server, &bind(READER), "page_size = 0\n"), SECRET);
    let limit = |entry: &str, name: &str, value: &str| {
        let change = format!("dn: {entry}\nchangetype: modify\nreplace: {name}\n{name}: {value}\n");
        server.login().modify(&change);
    };
    limit("cn=config", "nsslapd-sizelimit", "20");
    fails(&host, &["sizeLimitExceeded", "nsSizeLimit", READER]);
    // In pages it may be as many as it likes, unless that has a limit of its own.
    let paged = keys(&server, &bind(READER), "page_size = 7\n");
    configure(&host, &paged, SECRET);
    host.gosync(&["sync", "users", "-n"]).expect(0);
    let database = "cn=config,cn=ldbm database,cn=plugins,cn=config";
    limit(database, "nsslapd-pagedlookthroughlimit", "20");
    limit(database, "nsslapd-lookthroughlimit", "20");
    fails(
        &host,
        &["adminLimitExceeded", "nsPagedLookThroughLimit", READER],
    );
    // Who may do everything has no limits.
    configure(
        &host,
        &keys(&server, &bind(ds389::ADMIN), "page_size = 7\n"),
        ds389::PASSWORD,
    );
    host.gosync(&["sync", "users", "-n"]).expect(0);
}

#[test]
fn the_wrong_port_and_the_wrong_kind_of_tls_are_named() {
    let server = Slapd::builder(Groups::Nis)
        .tls("DNS:localhost,IP:127.0.0.1")
        .people(3)
        .start();
    let bases = format!("user_base = 'ou=people,{SUFFIX}'\ngroup_base = 'ou=groups,{SUFFIX}'\n");
    let host = host(&bases, "");
    host.write_with_mode("ca.pem", server.authority(), 0o644);
    let tries = [
        // StartTLS on the port for TLS from the first byte on; TLS on the port for everybody; neither on that for TLS.
        (
            format!(
                "url = 'ldap://localhost:{}'\nstart_tls = true\nca_file = 'ca.pem'\n",
                server.tls_port
            ),
            "ldaps://",
        ),
        (
            format!(
                "url = 'ldaps://localhost:{}'\nca_file = 'ca.pem'\n",
                server.port
            ),
            "speak TLS from the first byte",
        ),
        (
            format!("url = 'ldap://127.0.0.1:{}'\n", server.tls_port),
            "ldaps://",
        ),
    ];
    for (url, other) in tries {
        configure(&host, &format!("{url}{bases}"), "");
        fails(&host, &["`url`", other]);
    }
}

#[test]
fn a_member_by_a_rule_is_not_said_to_be_out() {
    let server = Slapd::builder(Groups::Bis)
        .setting("include /etc/ldap/schema/dyngroup.schema\nmoduleload dynlist")
        .database("overlay dynlist\ndynlist-attrset groupOfURLs memberURL member")
        .people(3)
        .ldif(&format!(
            "dn: cn=sales,ou=groups,{SUFFIX}\nobjectClass: groupOfURLs\nobjectClass: posixGroup\ncn: sales\n\
             gidNumber: 60001\nmemberURL: ldap:///ou=people,{SUFFIX}??sub?(objectClass=posixAccount)"
        ))
        .start();
    let keys = format!(
        "url = '{}'\nschema = 'rfc2307bis'\nuser_base = 'ou=people,{SUFFIX}'\ngroup_base = 'ou=groups,{SUFFIX}'\n\
         group_filter = '(objectClass=posixGroup)'\n{}",
        server.url(),
        bind(slapd::ADMIN)
    );
    let host = host(&keys, slapd::PASSWORD);
    let members = || host.gosync(&["group", "members", "sales"]).expect(0).out;
    assert!(members().contains("u0001"), "{}", members());
    let ran = host
        .gosync(&["group", "delmember", "sales", "u0001"])
        .expect(1);
    assert!(
        !format!("{}{}", ran.out, ran.err).contains("out already"),
        "{ran:?}"
    );
    assert!(ran.err.contains("u0001"), "{ran:?}");
    assert!(members().contains("u0001"));
}

/// What `etc/passwd` or `etc/group` has in its third field for a name.
fn number(host: &ScratchHost, file: &str, name: &str) -> Option<String> {
    let text = host.read(file);
    let line = text
        .lines()
        .find(|line| line.starts_with(&format!("{name}:")))?;
    line.split(':').nth(2).map(str::to_owned)
}

#[test]
fn numbers_that_active_directory_names_are_given_to_nobody_else() {
    let person = |login: &str, control: u32, more: &str| {
        format!(
            "dn: cn={login},ou=people,{SUFFIX}\nobjectClass: user\nsAMAccountName: {login}\ndisplayName: {login}\n\
             userAccountControl: {control}\n{more}\n"
        )
    };
    let group = |name: &str, more: &str| {
        format!(
            "dn: cn={name},ou=groups,{SUFFIX}\nobjectClass: group\nsAMAccountName: {name}\n{more}\n"
        )
    };
    // The first numbers of the ranges are those of somebody who is shut out, and of a group that is not asked for.
    let entries = [
        person("svc-sync", 544, ""),
        person("itanaka", 546, "uidNumber: 20000\n"),
        person("mng", 544, "uidNumber: 20001\nloginShell: /bin/false\n"),
        group("plain", ""),
        group("unix", "gidNumber: 60000\n"),
    ];
    let server = Samba::start(&entries.concat());
    let keys = format!(
        "url = 'ldap://127.0.0.1:{}'\nschema = 'ad'\nuser_base = 'ou=people,{SUFFIX}'\ngroup_base = 'ou=groups,{SUFFIX}'\n{}",
        server.port(),
        bind(samba::ADMIN)
    );
    let host = host(&keys, samba::PASSWORD);
    host.gosync(&["sync", "users", "--only", "svc-sync"])
        .expect(0);
    assert_eq!(
        number(&host, "etc/passwd", "svc-sync").as_deref(),
        Some("20002")
    );
    host.gosync(&["sync", "groups", "plain"]).expect(0);
    assert_eq!(
        number(&host, "etc/group", "plain").as_deref(),
        Some("60001")
    );
    server.login().modify(&format!(
        "dn: cn=itanaka,ou=people,{SUFFIX}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 544\n"
    ));
    host.gosync(&["sync", "users"]).expect(0);
    host.gosync(&["sync", "groups"]).expect(0);
    assert_eq!(
        number(&host, "etc/passwd", "itanaka").as_deref(),
        Some("20000")
    );
    assert_eq!(number(&host, "etc/group", "unix").as_deref(), Some("60000"));
}
