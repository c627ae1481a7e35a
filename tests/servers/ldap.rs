//! The LDAP provider against a real server: schemas, groups, paging, TLS, who we are, who is locked.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gosync::testing::model::Details;
use gosync::testing::model::{Completeness, Group, RejectedRecord, Snapshot, User};
use gosync::testing::providers::ldap::{Config, Ldap, Schema};
use gosync::testing::providers::{FetchError, Provider as _, Query, Scope};

use crate::slapd::{Groups, SUFFIX, Slapd};

/// 2026-11-21.
pub const NOW: i64 = 1_795_219_200;

/// A configuration for people and groups in their usual places.
pub fn config(url: &str) -> Config {
    Config::new(
        url,
        format!("ou=people,{SUFFIX}"),
        format!("ou=groups,{SUFFIX}"),
    )
}

/// A query for everything, to be answered within some seconds.
pub fn query(scope: Scope) -> Query {
    Query {
        scope,
        only: None,
        top_group: None,
        details: Details::ALL,
        attribute: None,
        deadline: Instant::now() + Duration::from_secs(20),
    }
}

/// Reads.
pub fn fetch(config: &Config, query: &Query) -> Result<Snapshot, FetchError> {
    Ldap::new("test", config, None, None, NOW)
        .unwrap()
        .fetch(query, &|_| {})
}

/// Why a read is incomplete.
pub fn incomplete(snapshot: &Snapshot) -> &str {
    match &snapshot.completeness {
        Completeness::Incomplete(reason) => reason,
        other => panic!("{other:?}"),
    }
}

fn user<'a>(snapshot: &'a Snapshot, login: &str) -> &'a User {
    snapshot
        .directory
        .users
        .iter()
        .find(|user| user.login.raw() == login)
        .unwrap_or_else(|| panic!("no {login}"))
}

fn group<'a>(snapshot: &'a Snapshot, name: &str) -> &'a Group {
    snapshot
        .directory
        .groups
        .iter()
        .find(|group| group.name.raw() == name)
        .unwrap_or_else(|| panic!("no {name}"))
}

/// The logins of a group's members, in order.
pub fn members(snapshot: &Snapshot, name: &str) -> Vec<String> {
    let logins: BTreeMap<_, _> = snapshot
        .directory
        .users
        .iter()
        .map(|user| (&user.id, user.login.raw()))
        .collect();
    let mut found: Vec<String> = group(snapshot, name)
        .members
        .iter()
        .map(|member| logins[&member.user].to_owned())
        .collect();
    found.sort();
    found
}

fn rejected<'a>(snapshot: &'a Snapshot, part: &str) -> &'a RejectedRecord {
    snapshot
        .rejected
        .iter()
        .find(|record| record.subject.raw().contains(part))
        .unwrap_or_else(|| panic!("no {part}"))
}

/// Alice, who has every field, and Bob, who has few.
pub const PEOPLE: &str = include_str!("ldif/people.ldif");

/// A server with two people, and groups that list logins.
pub fn rfc2307() -> Slapd {
    Slapd::builder(Groups::Nis)
        .ldif(PEOPLE)
        .ldif(include_str!("ldif/groups.ldif"))
        .start()
}

#[test]
fn people_of_rfc2307_come_with_all_their_fields() {
    let server = rfc2307();
    let snapshot = fetch(&config(&server.url()), &query(Scope::Users)).unwrap();
    assert_eq!(
        snapshot.completeness,
        Completeness::Complete("2 people in 1 page, read to the last page".to_owned())
    );
    assert!(snapshot.rejected.is_empty() && snapshot.directory.groups.is_empty());
    let alice = user(&snapshot, "alice");
    assert_eq!(alice.id.as_str(), "6f1b0b1e-5c1c-103e-8b2b-0123456789ab");
    let raw = |text: &Option<gosync::testing::model::Untrusted>| {
        text.as_ref().map(|text| text.raw().to_owned())
    };
    assert_eq!(raw(&alice.name).as_deref(), Some("Alice Liddell"));
    assert_eq!(raw(&alice.email).as_deref(), Some("alice@example.org"));
    assert_eq!(raw(&alice.uid).as_deref(), Some("20001"));
    assert_eq!(raw(&alice.gid).as_deref(), Some("100"));
    assert_eq!(raw(&alice.home).as_deref(), Some("/home/alice"));
    assert_eq!(raw(&alice.shell).as_deref(), Some("/bin/bash"));
    assert!(raw(&alice.updated).unwrap().ends_with('Z'));
    let keys: Vec<_> = alice.ssh_keys.iter().map(|key| key.raw()).collect();
    assert_eq!(
        keys,
        [
            "ssh-ed25519 AAAA one",
            "ssh-rsa BBBB two",
            "ssh-rsa CCCC three"
        ]
    );
    let bob = user(&snapshot, "bob");
    assert_eq!(
        (raw(&bob.name).as_deref(), raw(&bob.shell), bob.active),
        (Some("Bob"), None, true)
    );
}

#[test]
fn groups_of_rfc2307_list_logins() {
    let server = rfc2307();
    let snapshot = fetch(&config(&server.url()), &query(Scope::Groups)).unwrap();
    assert_eq!(
        snapshot.completeness,
        Completeness::Complete(
            "2 people in 1 page and 2 groups in 1 page, each read to its last page".to_owned()
        )
    );
    assert_eq!(members(&snapshot, "connect"), ["alice", "bob"]);
    assert_eq!(members(&snapshot, "physics"), ["bob"]);
    let connect = group(&snapshot, "connect");
    assert_eq!(connect.gid.as_ref().unwrap().raw(), "60001");
    assert_eq!(connect.description.as_ref().unwrap().raw(), "Everyone");
    assert_eq!(user(&snapshot, "alice").home, None);
}

#[test]
fn the_top_group_comes_with_the_people() {
    let server = rfc2307();
    let wanted = Query {
        top_group: Some("physics".to_owned()),
        ..query(Scope::Users)
    };
    let snapshot = fetch(&config(&server.url()), &wanted).unwrap();
    assert_eq!(snapshot.directory.groups.len(), 1);
    assert_eq!(members(&snapshot, "physics"), ["bob"]);
    assert_eq!(snapshot.directory.users.len(), 2);
    assert!(matches!(snapshot.completeness, Completeness::Complete(_)));
    let missing = Query {
        top_group: Some("nobody".to_owned()),
        ..query(Scope::Users)
    };
    assert!(
        fetch(&config(&server.url()), &missing)
            .unwrap()
            .directory
            .groups
            .is_empty()
    );
}

#[test]
fn named_people_and_groups_are_all_that_comes_and_prove_nothing() {
    let server = rfc2307();
    let only = |scope, names: &[&str]| Query {
        only: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        ..query(scope)
    };
    let snapshot = fetch(
        &config(&server.url()),
        &only(Scope::Users, &["bob", "*", "x)(uid=*"]),
    )
    .unwrap();
    assert_eq!(snapshot.completeness, Completeness::Narrowed);
    assert_eq!(snapshot.directory.users.len(), 1);
    let snapshot = fetch(&config(&server.url()), &only(Scope::Groups, &["physics"])).unwrap();
    assert_eq!(
        (
            snapshot.directory.groups.len(),
            snapshot.completeness.clone()
        ),
        (1, Completeness::Narrowed)
    );
    assert_eq!(members(&snapshot, "physics"), ["bob"]);
    let top = Query {
        top_group: Some("connect".to_owned()),
        ..only(Scope::Users, &["bob"])
    };
    assert_eq!(
        members(&fetch(&config(&server.url()), &top).unwrap(), "connect"),
        ["bob"]
    );
    let nobody = fetch(&config(&server.url()), &only(Scope::Users, &[])).unwrap();
    assert_eq!(
        (nobody.directory.users.len(), nobody.completeness),
        (0, Completeness::Narrowed)
    );
}

const NESTED: &str = include_str!("ldif/nested.ldif");

fn rfc2307bis(more: &str) -> (Slapd, Config) {
    let server = Slapd::builder(Groups::Bis)
        .ldif(PEOPLE)
        .ldif(NESTED)
        .ldif(more)
        .start();
    let config = Config {
        schema: Schema::Rfc2307bis,
        ..config(&server.url())
    };
    (server, config)
}

#[test]
fn groups_in_groups_are_followed_even_in_a_circle() {
    let (_server, config) = rfc2307bis("");
    let snapshot = fetch(&config, &query(Scope::Groups)).unwrap();
    assert!(
        matches!(snapshot.completeness, Completeness::Complete(_)),
        "{:?}",
        snapshot.completeness
    );
    for (name, expected) in [
        ("inner", &["alice", "bob"][..]),
        ("outer", &["alice", "bob"]),
        ("unique", &["bob"]),
        ("Escaped, Group", &["alice", "bob"]),
        ("empty", &[]),
    ] {
        assert_eq!(members(&snapshot, name), expected, "{name}");
    }
}

#[test]
fn a_named_group_is_read_with_the_groups_in_it() {
    let (_server, config) = rfc2307bis("");
    let top = Query {
        top_group: Some("Escaped, Group".to_owned()),
        ..query(Scope::Users)
    };
    let snapshot = fetch(&config, &top).unwrap();
    assert_eq!(members(&snapshot, "Escaped, Group"), ["alice", "bob"]);
    assert_eq!(snapshot.directory.groups.len(), 1);
    assert!(matches!(snapshot.completeness, Completeness::Complete(_)));
}

#[test]
fn a_group_that_is_nested_too_deep_is_rejected_and_not_shortened() {
    let (_server, config) = rfc2307bis("");
    let config = Config {
        nested_depth: 1,
        ..config
    };
    let snapshot = fetch(&config, &query(Scope::Groups)).unwrap();
    assert!(rejected(&snapshot, "Escaped").id.is_some());
    assert_eq!(members(&snapshot, "inner"), ["alice", "bob"]);
    let top = Query {
        top_group: Some("Escaped, Group".to_owned()),
        ..query(Scope::Users)
    };
    let snapshot = fetch(&config, &top).unwrap();
    assert!(rejected(&snapshot, "Escaped").id.is_some());
    assert!(incomplete(&snapshot).contains("top group"));
}

#[test]
fn many_pages_get_past_the_limit_of_the_server() {
    let limits = "sizelimit size.soft=10 size.hard=10 size.prtotal=unlimited";
    let server = Slapd::builder(Groups::Nis)
        .setting(limits)
        .people(237)
        .start();
    let mut told = std::cell::RefCell::new(Vec::new());
    let config = Config {
        page_size: 10,
        ..config(&server.url())
    };
    let provider = Ldap::new("test", &config, None, None, NOW).unwrap();
    let snapshot = provider
        .fetch(&query(Scope::Users), &|n| told.borrow_mut().push(n))
        .unwrap();
    assert_eq!(snapshot.directory.users.len(), 237);
    assert_eq!(
        snapshot.completeness,
        Completeness::Complete("237 people in 24 pages, read to the last page".to_owned())
    );
    assert_eq!(told.get_mut().last(), Some(&237));
    let unpaged = fetch(
        &Config {
            page_size: 0,
            ..config
        },
        &query(Scope::Users),
    )
    .unwrap();
    assert!(incomplete(&unpaged).contains("sizeLimitExceeded"));
    assert!(unpaged.directory.users.len() <= 10);
}

#[test]
fn a_size_limit_on_all_pages_makes_the_read_incomplete() {
    let server = Slapd::builder(Groups::Nis)
        .setting("sizelimit size.prtotal=25 size=25")
        .people(40)
        .start();
    let snapshot = fetch(
        &Config {
            page_size: 10,
            ..config(&server.url())
        },
        &query(Scope::Groups),
    )
    .unwrap();
    assert!(
        incomplete(&snapshot).contains("LimitExceeded"),
        "{}",
        incomplete(&snapshot)
    );
    assert!(snapshot.directory.users.len() < 40);
}

#[test]
fn an_id_outlives_a_rename() {
    let server = rfc2307();
    let before = fetch(&config(&server.url()), &query(Scope::Users)).unwrap();
    server.modify("dn: uid=bob,ou=people,dc=example,dc=org\nchangetype: modrdn\nnewrdn: uid=robert\ndeleteoldrdn: 1\n");
    let after = fetch(&config(&server.url()), &query(Scope::Users)).unwrap();
    assert_eq!(user(&before, "bob").id, user(&after, "robert").id);
}

#[test]
fn a_base_that_is_not_there_is_named() {
    let server = rfc2307();
    let config = Config {
        user_base: "ou=nobody,dc=example,dc=org".to_owned(),
        ..config(&server.url())
    };
    let error = fetch(&config, &query(Scope::Users)).unwrap_err();
    assert!(matches!(error, FetchError::Malformed { .. }));
    assert!(
        error.to_string().contains("ou=nobody,dc=example,dc=org"),
        "{error}"
    );
    let config = Config {
        group_base: "ou=nothing,dc=example,dc=org".to_owned(),
        ..config
    };
    let config = Config {
        user_base: format!("ou=people,{SUFFIX}"),
        ..config
    };
    assert!(
        fetch(&config, &query(Scope::Groups))
            .unwrap_err()
            .to_string()
            .contains("ou=nothing")
    );
}

#[test]
fn a_reference_to_another_server_makes_the_read_incomplete() {
    let part = "
dn: ou=elsewhere,ou=people,dc=example,dc=org
objectClass: referral
objectClass: extensibleObject
ou: elsewhere
ref: ldap://127.0.0.1:1/ou=elsewhere,dc=example,dc=org
";
    let server = Slapd::builder(Groups::Nis).ldif(PEOPLE).ldif(part).start();
    let snapshot = fetch(&config(&server.url()), &query(Scope::Users)).unwrap();
    assert!(incomplete(&snapshot).contains("another server"));
    assert_eq!(snapshot.directory.users.len(), 2);
}

#[test]
fn whoever_is_locked_is_not_active() {
    let mut ldif = String::new();
    for (n, (login, class, line)) in [
        ("open", "", ""),
        (
            "expired",
            "objectClass: shadowAccount\n",
            "shadowExpire: 1\n",
        ),
        (
            "today",
            "objectClass: shadowAccount\n",
            "shadowExpire: 20778\n",
        ),
        (
            "tomorrow",
            "objectClass: shadowAccount\n",
            "shadowExpire: 20779\n",
        ),
        ("locked", "", "pwdAccountLockedTime: 000001010000Z\n"),
        ("typo", "", "pwdAccountLockedTime: 20261121000000Z\n"),
        ("shell", "", "loginShell: /usr/sbin/nologin\n"),
        ("flag", "objectClass: nsPerson\n", "nsAccountLock: TRUE\n"),
        (
            "kerberos",
            "objectClass: nsPerson\n",
            "krbPrincipalExpiration: 20201231235959Z\n",
        ),
    ]
    .iter()
    .enumerate()
    {
        ldif.push_str(&format!(
            "dn: uid={login},ou=people,{SUFFIX}\nobjectClass: account\nobjectClass: posixAccount\n{class}uid: {login}\n\
             cn: {login}\nuidNumber: {}\ngidNumber: 100\nhomeDirectory: /home/{login}\n{line}\n",
            20_000 + n
        ));
    }
    let server = Slapd::builder(Groups::Nis).ldif(&ldif).start();
    for scope in [Scope::Users, Scope::Groups] {
        let snapshot = fetch(&config(&server.url()), &query(scope)).unwrap();
        let active: Vec<_> = snapshot
            .directory
            .users
            .iter()
            .filter(|u| u.active)
            .map(|u| u.login.raw())
            .collect();
        assert_eq!(active, ["open", "tomorrow", "typo"]);
        assert_eq!(snapshot.directory.users.len(), 9);
    }
}

#[test]
fn the_configuration_can_say_what_else_shuts_people_out() {
    let mut ldif = String::new();
    for (n, (login, more)) in [
        ("here", "description: staff\n"),
        ("left", "description: staff\ndescription: LEFT\n"),
        ("two", "loginShell: /bin/sh\ndescription: left\n"),
    ]
    .iter()
    .enumerate()
    {
        ldif.push_str(&format!(
            "dn: cn={login},ou=people,{SUFFIX}\nobjectClass: organizationalRole\nobjectClass: posixAccount\n\
             cn: {login}\nuid: {login}\nuidNumber: {}\ngidNumber: 100\nhomeDirectory: /home/{login}\n{more}\n",
            20_000 + n
        ));
    }
    let server = Slapd::builder(Groups::Nis).ldif(&ldif).start();
    let text = format!(
        "url = '{}'\nuser_base = 'ou=people,{SUFFIX}'\ngroup_base = 'ou=groups,{SUFFIX}'\n\
         inactive_when = {{ description = ['left'], ou = ['gone'] }}",
        server.url()
    );
    let config: Config = toml::from_str(&text).unwrap();
    let snapshot = fetch(&config, &query(Scope::Users)).unwrap();
    let people: Vec<_> = snapshot
        .directory
        .users
        .iter()
        .map(|user| (user.login.raw(), user.active))
        .collect();
    assert_eq!(people, [("here", true), ("left", false), ("two", false)]);
    let ldap = Ldap::new("test", &config, None, None, NOW).unwrap();
    let deadline = query(Scope::Users).deadline;
    assert_eq!(ldap.unused_inactive(deadline).unwrap(), ["ou"]);
}

#[test]
fn values_that_are_hostile_or_no_text_stop_nothing() {
    let server = Slapd::builder(Groups::Nis)
        .ldif(PEOPLE)
        .ldif(include_str!("ldif/hostile.ldif"))
        .start();
    let snapshot = fetch(&config(&server.url()), &query(Scope::Users)).unwrap();
    assert!(matches!(snapshot.completeness, Completeness::Complete(_)));
    let mallory = user(&snapshot, "mallory");
    assert_eq!(mallory.home.as_ref().unwrap().raw(), "/home\n/root");
    assert_eq!(
        mallory.name.as_ref().unwrap().raw(),
        "root:x:0:0:\n\0\n\u{1b}[31m"
    );
    assert!(!mallory.name.as_ref().unwrap().to_string().contains('\n'));
    assert_eq!(mallory.ssh_keys[0].raw(), "\u{fffd}");
    assert_eq!(
        user(&snapshot, "twins").uid.as_ref().unwrap().raw(),
        "20010"
    );
    let unclear = rejected(&snapshot, "Unclear");
    assert!(
        unclear.id.is_some() && unclear.reason.contains("more than one uid"),
        "{unclear:?}"
    );
    let groups = fetch(&config(&server.url()), &query(Scope::Groups)).unwrap();
    assert_eq!(members(&groups, "hostile"), ["twins"]);
    assert!(
        matches!(groups.completeness, Completeness::Complete(_)),
        "{:?}",
        groups.completeness
    );
}

#[test]
fn other_attributes_can_be_named() {
    let server = rfc2307();
    let text = format!(
        "url = '{}'\nuser_base = '{SUFFIX}'\ngroup_base = '{SUFFIX}'\nuser_filter = 'uid=a*'\n\
         attributes = {{ login = 'CN', email = '', id = 'uidNumber', name = 'sn', gecos = '' }}",
        server.url()
    );
    let config: Config = toml::from_str(&text).unwrap();
    let snapshot = fetch(&config, &query(Scope::Users)).unwrap();
    assert_eq!(snapshot.directory.users.len(), 1);
    let alice = user(&snapshot, "Alice Pleasance Liddell");
    assert_eq!((alice.id.as_str(), &alice.email), ("20001", &None));
    assert_eq!(alice.name.as_ref().unwrap().raw(), "Liddell");
}

#[test]
fn people_without_an_id_are_rejected_without_one() {
    let server = rfc2307();
    let mut config = config(&server.url());
    config.attributes.id = Some("employeeNumber".to_owned());
    let snapshot = fetch(&config, &query(Scope::Users)).unwrap();
    assert!(snapshot.directory.users.is_empty());
    assert_eq!(snapshot.rejected.len(), 2);
    assert!(snapshot.rejected.iter().all(|record| record.id.is_none()));
}

#[test]
fn active_directory_is_read_by_guid_and_primary_group() {
    // Sixteen bytes 00 to 0f; S-1-5-21-7-1104 and S-1-5-21-7-513.
    let server = Slapd::builder(Groups::Nis)
        .ldif(include_str!("ldif/ad.ldif"))
        .start();
    let config = Config {
        schema: Schema::Ad,
        ..config(&server.url())
    };
    let snapshot = fetch(&config, &query(Scope::Users)).unwrap();
    let alice = user(&snapshot, "Alice");
    assert_eq!(alice.id.as_str(), "03020100-0504-0706-0809-0a0b0c0d0e0f");
    assert_eq!(alice.home.as_ref().unwrap().raw(), "/home/alice");
    assert!(alice.active && !user(&snapshot, "bob").active);
    let snapshot = fetch(&config, &query(Scope::Groups)).unwrap();
    assert_eq!(members(&snapshot, "Domain Users"), ["Alice", "bob"]);
}

#[test]
fn a_389_directory_is_read_by_its_own_ids() {
    let server = Slapd::builder(Groups::Nis)
        .ldif(include_str!("ldif/389.ldif"))
        .start();
    let snapshot = fetch(
        &Config {
            schema: Schema::Ds389,
            ..config(&server.url())
        },
        &query(Scope::Users),
    )
    .unwrap();
    let carol = user(&snapshot, "carol");
    assert_eq!(carol.id.as_str(), "5d1ec101-48ac11ed-8b2bf9c4-d21a5f47");
    assert_eq!((carol.active, carol.ssh_keys.len()), (false, 1));
}
