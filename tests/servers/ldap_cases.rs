//! The LDAP provider against a real server with what burned others: names in two spellings, members who are nobody, comment
//! fields of commas, values in languages, references, entries that share a login, misspelt attributes.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fmt::Write as _;

use gosync::testing::model::{Completeness, Finding, MemberHint, Snapshot};
use gosync::testing::providers::ldap::{Attributes, Config, Ldap, Schema};
use gosync::testing::providers::{Provider as _, Scope};

use crate::ldap::{NOW, config, fetch, incomplete, members, query};
use crate::slapd::{Groups, SUFFIX, Slapd};

/// A person below `base`, named by `rdn` as it is written, with more lines.
fn person_at(base: &str, rdn: &str, uid: &str, number: u32, more: &str) -> String {
    format!(
        "dn: {rdn},{base}\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nuid: {uid}\nsn: {uid}\n\
         uidNumber: {number}\ngidNumber: 100\nhomeDirectory: /home/{uid}\n{more}\n\n"
    )
}

fn person(uid: &str, number: u32, more: &str) -> String {
    let (base, rdn) = (format!("ou=people,{SUFFIX}"), format!("uid={uid}"));
    person_at(&base, &rdn, uid, number, more)
}

fn group(name: &str, lines: &str) -> String {
    format!("dn: cn={name},ou=groups,{SUFFIX}\n{lines}cn: {name}\ngidNumber: 60001\n\n")
}

/// A group that lists its members by name of entry.
fn by_name(name: &str, members: &[&str]) -> String {
    let mut lines = "objectClass: groupOfNames\nobjectClass: posixGroup\n".to_owned();
    for member in members {
        let _ = writeln!(lines, "member: {member},ou=people,{SUFFIX}");
    }
    group(name, &lines)
}

/// A group that lists its members by login.
fn by_login(name: &str, logins: &[&str]) -> String {
    let mut lines = "objectClass: posixGroup\n".to_owned();
    for login in logins {
        let _ = writeln!(lines, "memberUid: {login}");
    }
    group(name, &lines)
}

fn read(server: &Slapd, scope: Scope) -> Snapshot {
    fetch(&config(&server.url()), &query(scope)).unwrap()
}

fn complete(snapshot: Snapshot) -> Snapshot {
    let whole = &snapshot.completeness;
    assert!(matches!(whole, Completeness::Complete(_)), "{whole:?}");
    snapshot
}

fn names(snapshot: &Snapshot) -> Vec<(&str, Option<&str>)> {
    let users = snapshot.directory.users.iter();
    let mut all: Vec<_> = users
        .map(|user| (user.login.raw(), user.name.as_ref().map(|name| name.raw())))
        .collect();
    all.sort_unstable();
    all
}

#[test]
fn a_member_in_any_spelling_that_the_server_takes_for_the_name_is_a_member() {
    let people = format!("ou=people,{SUFFIX}");
    // Composed, in another case, a ligature, an escaped blank at the end, and one that only the server can tell.
    let server = Slapd::builder(Groups::Bis)
        .ldif(&person_at(
            &people,
            "cn=J\\c3\\b6rg",
            "jorg",
            20_001,
            "cn: J\u{f6}rg",
        ))
        .ldif(&person_at(
            &people,
            "cn=Efika",
            "efika",
            20_002,
            "cn: Efika",
        ))
        .ldif(&person_at(
            &people,
            "cn=Jane Roe",
            "jane",
            20_003,
            "cn: Jane Roe",
        ))
        .ldif(&person_at(&people, "cn=anna", "anna", 20_004, "cn: anna"))
        .ldif(&by_name(
            "lab",
            &[
                "cn=JO\\cc\\88RG",
                "cn=E\\ef\\ac\\81ka",
                "cn=Jane  Roe\\20",
                "CN=Anna",
            ],
        ))
        .start();
    let snapshot = complete(read(&server, Scope::Groups));
    assert_eq!(members(&snapshot, "lab"), ["anna", "efika", "jane", "jorg"]);
    assert!(snapshot.findings.is_empty(), "{:?}", snapshot.findings);
}

#[test]
fn members_by_login_who_are_nobody_are_told_and_not_believed_where_hardly_any_is_somebody() {
    let people = ["lea", "MaxM", "nils", "olga"];
    let with = |logins: &[&str]| {
        let mut builder = Slapd::builder(Groups::Nis);
        for (number, uid) in (20_001..).zip(people) {
            builder = builder.ldif(&person(uid, number, &format!("cn: {uid}")));
        }
        let nils = format!("uid=nils,ou=people,{SUFFIX}");
        let logins: Vec<&str> = logins
            .iter()
            .map(|login| if *login == "DN" { &nils } else { *login })
            .collect();
        builder.ldif(&by_login("lab", &logins)).start()
    };
    let told = |snapshot: &Snapshot| match snapshot.findings.as_slice() {
        [
            Finding::UnknownMembers {
                group,
                members,
                hint,
            },
        ] => (group.raw().to_owned(), members.count(), *hint),
        other => panic!("{other:?}"),
    };
    let snapshot = complete(read(&with(&["lea", "olga", "maxm"]), Scope::Groups));
    assert_eq!(members(&snapshot, "lab"), ["lea", "olga"]);
    let case = Some(MemberHint::OtherCase);
    assert_eq!(told(&snapshot), ("lab".to_owned(), 1, case));
    let snapshot = complete(read(&with(&["lea", "DN"]), Scope::Groups));
    assert_eq!(told(&snapshot), ("lab".to_owned(), 1, Some(MemberHint::Dn)));
    let snapshot = complete(read(&with(&["lea", "20004"]), Scope::Groups));
    assert_eq!(
        told(&snapshot),
        ("lab".to_owned(), 1, Some(MemberHint::Number))
    );
    // Nobody at all is somebody: that is no group without members.
    let snapshot = read(&with(&["Lea", "maxm", "DN", "20004"]), Scope::Groups);
    assert!(incomplete(&snapshot).contains("hardly any member"));
    assert_eq!(told(&snapshot), ("lab".to_owned(), 4, case));
}

#[test]
fn members_who_are_no_entry_are_told_and_those_who_are_others_are_not() {
    let machines = format!("ou=people,{SUFFIX}");
    let server = Slapd::builder(Groups::Bis)
        .ldif(&person("ann", 20_001, "cn: Ann"))
        .ldif(&format!(
            "dn: cn=printer,{machines}\nobjectClass: device\ncn: printer\n\n"
        ))
        .ldif(&by_name("lab", &["uid=ann", "uid=gone", "cn=printer"]))
        .start();
    let snapshot = complete(read(&server, Scope::Groups));
    let [
        Finding::UnknownMembers {
            members: unknown, ..
        },
    ] = snapshot.findings.as_slice()
    else {
        panic!("{:?}", snapshot.findings)
    };
    assert_eq!(unknown.to_string(), format!("uid=gone,ou=people,{SUFFIX}"));
    assert_eq!(members(&snapshot, "lab"), ["ann"]);
}

#[test]
fn more_strangers_than_can_be_asked_for_make_the_read_of_groups_incomplete() {
    let strangers: Vec<String> = (0..1_001).map(|n| format!("uid=gone{n}")).collect();
    let mut listed: Vec<&str> = strangers.iter().map(String::as_str).collect();
    listed.push("uid=u0000");
    let server = Slapd::builder(Groups::Bis)
        .people(200)
        .ldif(&by_name("lab", &listed))
        .start();
    let snapshot = read(&server, Scope::Groups);
    assert!(incomplete(&snapshot).contains("too many to ask for"));
    complete(read(&server, Scope::Users));
}

#[test]
fn a_comment_field_that_says_nothing_hides_no_name() {
    let mut builder = Slapd::builder(Groups::Nis);
    let gecos = [
        "gecos: ,,,",
        "gecos: , Room 7",
        "gecos:: IA==",
        "gecos: &",
        "gecos: Own Name,,,",
    ];
    for (number, gecos) in (20_001..).zip(gecos) {
        let more = format!("cn: Pam Poovey\n{gecos}");
        builder = builder.ldif(&person(&format!("p{number}"), number, &more));
    }
    let snapshot = complete(read(&builder.start(), Scope::Users));
    let pam = Some("Pam Poovey");
    let names: Vec<_> = names(&snapshot).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, [pam, pam, pam, pam, Some("Own Name")]);
}

#[test]
fn a_value_in_a_language_counts_where_there_is_no_plain_one() {
    let server = Slapd::builder(Groups::Nis)
        .ldif(&person("uma", 20_001, "cn: Uma\ncn;lang-en: Uma Right"))
        .ldif(&person("vic", 20_002, "cn;lang-ja: Vic T\ncn;lang-de: Viktor T"))
        .ldif(&format!(
            "dn: cn=lab,ou=groups,{SUFFIX}\nobjectClass: posixGroup\ncn;lang-en: lab\ngidNumber: 60001\nmemberUid: uma\n\n"
        ))
        .start();
    let snapshot = complete(read(&server, Scope::Users));
    assert_eq!(
        names(&snapshot),
        [("uma", Some("Uma")), ("vic", Some("Viktor T"))]
    );
    let snapshot = complete(read(&server, Scope::Groups));
    assert_eq!(members(&snapshot, "lab"), ["uma"]);
}

#[test]
fn names_and_addresses_do_not_hang_on_the_order_of_values() {
    let of = |values: &[&str]| {
        let more: Vec<String> = values.iter().map(|line| (*line).to_owned()).collect();
        let server = Slapd::builder(Groups::Nis)
            .ldif(&person("ann", 20_001, &more.join("\n")))
            .start();
        let snapshot = complete(read(&server, Scope::Users));
        let user = &snapshot.directory.users[0];
        let raw = |text: &Option<_>| {
            text.as_ref()
                .map(|text: &gosync::testing::model::Untrusted| text.raw().to_owned())
        };
        (raw(&user.name), raw(&user.email))
    };
    let one = [
        "cn: Ann",
        "cn: Ann Lee",
        "mail: ann@example.org",
        "mail: a.lee@example.org",
    ];
    let other = [one[3], one[1], one[2], one[0]];
    let expected = (
        Some("Ann Lee".to_owned()),
        Some("a.lee@example.org".to_owned()),
    );
    assert_eq!(of(&one), expected);
    assert_eq!(of(&other), expected);
}

#[test]
fn an_entry_that_refers_to_another_server_is_named_or_left_out() {
    let to = "ldap://branch.example.org/ou=people,dc=branch,dc=example,dc=org";
    let branch = format!("ou=branch,ou=people,{SUFFIX}");
    let server = Slapd::builder(Groups::Nis)
        .ldif(&person("ann", 20_001, "cn: Ann"))
        .ldif(&format!(
            "dn: {branch}\nobjectClass: referral\nobjectClass: extensibleObject\nou: branch\nref: {to}\n\n"
        ))
        .start();
    let snapshot = read(&server, Scope::Users);
    let why = incomplete(&snapshot);
    for part in [branch.as_str(), to, "ignore_referrals"] {
        assert!(why.contains(part), "{why}");
    }
    let config = Config {
        ignore_referrals: true,
        ..config(&server.url())
    };
    let snapshot = complete(fetch(&config, &query(Scope::Users)).unwrap());
    assert_eq!(snapshot.directory.users.len(), 1);
    let [Finding::IgnoredReferrals { places }] = snapshot.findings.as_slice() else {
        panic!("{:?}", snapshot.findings)
    };
    assert_eq!(places.to_string(), format!("{branch} to {to}"));
}

#[test]
fn entries_that_share_a_login_or_a_number_are_told_by_their_names() {
    let (a, b) = (
        format!("ou=a,ou=people,{SUFFIX}"),
        format!("ou=b,ou=people,{SUFFIX}"),
    );
    let server = Slapd::builder(Groups::Nis)
        .ldif(&format!(
            "dn: {a}\nobjectClass: organizationalUnit\nou: a\n"
        ))
        .ldif(&format!(
            "dn: {b}\nobjectClass: organizationalUnit\nou: b\n"
        ))
        .ldif(&person_at(&a, "uid=bea", "bea", 20_002, "cn: Bea"))
        .ldif(&person_at(&b, "uid=Bea", "Bea", 20_003, "cn: Bea"))
        .ldif(&person_at(&a, "uid=cat", "cat", 20_004, "cn: Cat"))
        .ldif(&person_at(&b, "uid=dot", "dot", 20_004, "cn: Dot"))
        .start();
    let snapshot = complete(read(&server, Scope::Users));
    let told: Vec<(String, String)> = snapshot
        .findings
        .iter()
        .map(|finding| match finding {
            Finding::Twins { what, places } => (what.clone(), places.to_string()),
            other => panic!("{other:?}"),
        })
        .collect();
    let both = |one: &str, two: &str| format!("uid={one},{a}, uid={two},{b}");
    let expected = [
        ("the login bea".to_owned(), both("bea", "bea")),
        ("the uid 20004".to_owned(), both("cat", "dot")),
    ];
    assert_eq!(told, expected);
}

#[test]
fn an_attribute_that_no_entry_has_is_told() {
    let server = Slapd::builder(Groups::Nis)
        .ldif(&person("ann", 20_001, "cn: Ann"))
        .ldif(&by_login("lab", &["ann"]))
        .start();
    let some = |name: &str| Some(name.to_owned());
    let attributes = Attributes {
        uid: some("uidNumbr"),
        home: some("homeDirectory"),
        group_gid: some("gidNumbr"),
        ..Attributes::default()
    };
    let config = Config {
        attributes,
        ..config(&server.url())
    };
    let unused = |scope| -> Vec<(String, String)> {
        let snapshot = complete(fetch(&config, &query(scope)).unwrap());
        let of = |finding: &Finding| match finding {
            Finding::UnusedAttribute { key, attribute } => (key.clone(), attribute.clone()),
            other => panic!("{other:?}"),
        };
        snapshot.findings.iter().map(of).collect()
    };
    let at = |key: &str, name: &str| [(key.to_owned(), name.to_owned())];
    assert_eq!(unused(Scope::Users), at("attributes.uid", "uidNumbr"));
    assert_eq!(
        unused(Scope::Groups),
        at("attributes.group_gid", "gidNumbr")
    );
}

#[test]
fn records_of_which_none_can_be_used_say_what_to_look_at() {
    let server = Slapd::builder(Groups::Nis)
        .ldif(&person("ann", 20_001, "cn: Ann"))
        .start();
    // The ids of 389 Directory Server are not there.
    let config = Config {
        schema: Schema::Ds389,
        ..config(&server.url())
    };
    let provider = Ldap::new("test", &config, None, None, NOW).unwrap();
    let read = provider.fetch(&query(Scope::Users), &|_| {}).unwrap();
    let snapshot = read.judged(|kind| provider.look_at(kind));
    assert!(snapshot.directory.users.is_empty());
    let why = incomplete(&snapshot);
    for part in ["not one of 1 record", "it has no nsUniqueId", "`schema`"] {
        assert!(why.contains(part), "{why}");
    }
}
