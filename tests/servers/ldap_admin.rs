//! Groups changed at a real LDAP server: in both schemas, with awkward names. What goes wrong is in
//! `ldap_admin_faults`; the program itself is tried in `ldap_group`.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::time::{Duration, Instant};

use gosync::testing::model::{IdRange, Role, Status};
use gosync::testing::providers::admin::{
    Ability, Action, AdminError, Done, GroupAdmin as _, ManagedGroup, NewGroup, Person,
};
use gosync::testing::providers::ldap::{Config, Ldap, LdapAdmin, Schema};
use secrecy::SecretString;

use crate::ldap::{NOW, config};
use crate::slapd::{ADMIN, Groups, PASSWORD, Slapd};

/// Somebody who may only read.
pub const READER: &str = "cn=reader,ou=services,dc=example,dc=org";

/// People, one of them with every awkward character in the entry's name, and somebody who may only read.
pub const PEOPLE: &str = include_str!("ldif/admin-people.ldif");

/// Groups that list logins, two of them of one name.
pub const NIS: &str = include_str!("ldif/admin-nis.ldif");

const BIS: &str = include_str!("ldif/admin-bis.ldif");

/// A server with groups that list logins, for the administrator.
pub fn rfc2307() -> (Slapd, Config) {
    let server = Slapd::builder(Groups::Nis).ldif(PEOPLE).ldif(NIS).start();
    let config = Config {
        bind_dn: Some(ADMIN.to_owned()),
        ..config(&server.url())
    };
    (server, config)
}

/// A server with groups that list entries, for the administrator.
pub fn rfc2307bis() -> (Slapd, Config) {
    let server = Slapd::builder(Groups::Bis).ldif(PEOPLE).ldif(BIS).start();
    let config = Config {
        bind_dn: Some(ADMIN.to_owned()),
        schema: Schema::Rfc2307bis,
        ..config(&server.url())
    };
    (server, config)
}

/// As the administrator.
pub fn admin(config: &Config) -> LdapAdmin {
    with(config, PASSWORD)
}

/// With this password.
pub fn with(config: &Config, password: &str) -> LdapAdmin {
    let password = config
        .bind_dn
        .as_ref()
        .map(|_| SecretString::from(password));
    let range = IdRange::new(60_000, 60_020).unwrap();
    Ldap::new("test", config, password, None, NOW)
        .unwrap()
        .admin(range, Instant::now() + Duration::from_secs(20))
}

/// The group of this name.
pub fn group(admin: &LdapAdmin, name: &str) -> ManagedGroup {
    admin
        .groups(true)
        .unwrap()
        .into_iter()
        .find(|group| group.name.raw() == name)
        .unwrap()
}

/// The people of these logins, in this order.
pub fn people(admin: &LdapAdmin, logins: &[&str]) -> Vec<Person> {
    let logins: Vec<String> = logins.iter().map(|login| (*login).to_owned()).collect();
    let found = admin.people(&logins).unwrap();
    logins
        .iter()
        .filter_map(|login| found.iter().find(|person| person.login.raw() == login))
        .cloned()
        .collect()
}

/// Who is in a group, in order; `+` marks those who cannot be changed there.
pub fn members(admin: &LdapAdmin, name: &str) -> Vec<String> {
    let members = admin.members(&group(admin, name).id).unwrap();
    assert!(
        members
            .iter()
            .all(|member| member.status == Status::Active && member.role == Role::Member)
    );
    let mut logins: Vec<String> = members
        .iter()
        .map(|member| {
            format!(
                "{}{}",
                member.person.login.raw(),
                if member.implied { "+" } else { "" }
            )
        })
        .collect();
    logins.sort();
    logins
}

fn change(admin: &LdapAdmin, name: &str, action: &Action, logins: &[&str]) -> Vec<String> {
    let fates = admin
        .change(&group(admin, name), action, &people(admin, logins))
        .unwrap();
    fates
        .into_iter()
        .map(|fate| fate.map_or_else(|e| e.to_string(), |done| format!("{done:?}")))
        .collect()
}

/// Makes them members, and tells what became of each.
pub fn add(admin: &LdapAdmin, name: &str, logins: &[&str]) -> Vec<String> {
    change(admin, name, &Action::Set(Role::Member), logins)
}

/// Takes them out, and tells what became of each.
pub fn remove(admin: &LdapAdmin, name: &str, logins: &[&str]) -> Vec<String> {
    change(admin, name, &Action::Remove, logins)
}

/// A group to be made, below no other.
pub fn new(name: &str, description: &str) -> NewGroup {
    NewGroup {
        name: name.to_owned(),
        description: description.to_owned(),
        parent: None,
    }
}

#[test]
fn logins_are_added_and_removed() {
    let (server, config) = rfc2307();
    let admin = admin(&config);
    assert_eq!(members(&admin, "physics"), ["alice", "gone"]);
    assert_eq!(
        add(&admin, "physics", &["alice", "bob", "zoe"]),
        ["Already", "Changed", "Changed"]
    );
    assert_eq!(add(&admin, "empty", &["bob"]), ["Changed"]);
    assert_eq!(members(&admin, "physics"), ["alice", "bob", "gone", "zoe"]);
    assert_eq!(
        remove(&admin, "physics", &["bob", "alice"]),
        ["Changed", "Changed"]
    );
    assert_eq!(remove(&admin, "physics", &["bob"]), ["Already"]);
    assert_eq!(members(&admin, "physics"), ["gone", "zoe"]);
    assert_eq!(remove(&admin, "empty", &["bob"]), ["Changed"]);
    let found = server.search("(cn=physics)");
    assert!(
        found.contains("memberUid: zoe\n") && !found.contains("member:"),
        "{found}"
    );
    let alice = &people(&admin, &["alice"])[0];
    assert_eq!(alice.email.as_ref().unwrap().raw(), "alice@example.org");
    assert!(people(&admin, &["*", "nobody", "a*"]).is_empty());
    assert_eq!(
        admin
            .people(&["ALICE".to_owned(), "alice".to_owned()])
            .unwrap(),
        std::slice::from_ref(alice)
    );
}

#[test]
fn entries_are_added_and_removed_by_the_attribute_in_use() {
    let (server, config) = rfc2307bis();
    let admin = admin(&config);
    for name in ["inner", "unique", "logins", "empty"] {
        let before = members(&admin, name);
        assert_eq!(add(&admin, name, &["zoe"]), ["Changed"], "{name}");
        assert_eq!(add(&admin, name, &["zoe"]), ["Already"], "{name}");
        assert!(members(&admin, name).contains(&"zoe".to_owned()), "{name}");
        assert_eq!(remove(&admin, name, &["zoe"]), ["Changed"], "{name}");
        assert_eq!(remove(&admin, name, &["zoe"]), ["Already"], "{name}");
        assert_eq!(members(&admin, name), before);
    }
    // A value with a bit string goes as it stands.
    assert_eq!(add(&admin, "unique", &["bob"]), ["Already"]);
    assert_eq!(remove(&admin, "unique", &["bob"]), ["Changed"]);
    assert_eq!(
        members(&admin, "unique"),
        ["cn=printer,ou=devices,dc=example,dc=org"]
    );
    assert!(!server.search("(cn=unique)").contains("bob"));
}

#[test]
fn who_is_in_through_another_group_stays_and_is_told() {
    let (server, config) = rfc2307bis();
    let admin = admin(&config);
    assert_eq!(members(&admin, "outer"), ["alice+", "bob"]);
    let told = remove(&admin, "outer", &["alice", "bob"]);
    assert!(
        told[0].contains("not listed, but a member through the group `inner`"),
        "{told:?}"
    );
    assert_eq!(told[1], "Changed");
    // Listed directly as well: the value goes, and nobody believes that it was all.
    assert_eq!(add(&admin, "outer", &["alice"]), ["Changed"]);
    assert_eq!(members(&admin, "outer"), ["alice"]);
    let told = remove(&admin, "outer", &["alice"]);
    assert!(
        told[0].contains("no longer listed") && told[0].contains("still a member through"),
        "{told:?}"
    );
    assert!(!server.search("(cn=outer)").contains("uid=alice"));
    assert_eq!(members(&admin, "outer"), ["alice+"]);
    let shallow = self::admin(&Config {
        nested_depth: 0,
        ..config
    });
    assert!(matches!(
        shallow.members(&group(&shallow, "outer").id),
        Err(AdminError::Incomplete { .. })
    ));
    assert_eq!(members(&shallow, "inner"), ["alice"]);
}

#[test]
fn the_last_member_of_a_group_that_needs_one_stays() {
    let (_server, config) = rfc2307bis();
    let admin = admin(&config);
    let told = remove(&admin, "last", &["bob"]);
    assert!(told[0].contains("at least one member"), "{told:?}");
    assert_eq!(add(&admin, "last", &["alice"]), ["Changed"]);
    assert_eq!(remove(&admin, "last", &["bob", "alice"])[0], "Changed");
    assert_eq!(members(&admin, "last"), ["alice"]);
}

#[test]
fn a_new_group_gets_a_number_that_nobody_has() {
    let (server, config) = rfc2307();
    let admin = admin(&config);
    let made = admin.create(&new("chemistry", "All about it")).unwrap();
    assert_eq!(
        (made.name.raw(), made.description.as_ref().unwrap().raw()),
        ("chemistry", "All about it")
    );
    assert_eq!(group(&admin, "chemistry"), made);
    // 60007 is the primary group of a person, though there is no group with it.
    assert!(
        server
            .search("(cn=chemistry)")
            .contains("gidNumber: 60008\n")
    );
    admin.create(&new("biology", "")).unwrap();
    assert!(server.search("(cn=biology)").contains("gidNumber: 60009\n"));
    for name in ["chemistry", "Chemistry", "twin"] {
        let error = admin.create(&new(name, "")).unwrap_err();
        assert!(
            error.to_string().contains("a group of this name"),
            "{error}"
        );
    }
    // An entry that is no group.
    server.modify("dn: cn=device,ou=groups,dc=example,dc=org\nchangetype: add\nobjectClass: device\ncn: device\n");
    assert!(
        admin
            .create(&new("device", ""))
            .unwrap_err()
            .to_string()
            .contains("entryAlreadyExists")
    );
    for name in ["", " x", "x ", "a\nb", "a\0b"] {
        assert!(
            matches!(admin.create(&new(name, "")), Err(AdminError::Refused(_))),
            "{name:?}"
        );
    }
    let full = Ldap::new("test", &config, Some(PASSWORD.into()), None, NOW).unwrap();
    let full = full.admin(
        IdRange::new(60_000, 60_009).unwrap(),
        Instant::now() + Duration::from_secs(20),
    );
    assert!(
        full.create(&new("geology", ""))
            .unwrap_err()
            .to_string()
            .contains("gid_range")
    );
}

#[test]
fn a_new_group_is_of_the_kind_that_the_server_has() {
    let (server, config) = rfc2307bis();
    let classes = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        admin(&Config {
            new_group_classes: Some(names),
            ..config.clone()
        })
    };
    let by_schema = admin(&config);
    by_schema.create(&new("members", "")).unwrap();
    assert!(
        server
            .search("(cn=members)")
            .contains("objectClass: groupOfMembers\n")
    );
    assert!(members(&by_schema, "members").is_empty());
    // This kind needs a member: gosync itself, whom it does not count.
    let names = classes(&["groupOfNames", "posixGroup"]);
    names.create(&new("names", "")).unwrap();
    assert!(
        server
            .search("(cn=names)")
            .contains(&format!("member: {ADMIN}\n"))
    );
    assert!(members(&names, "names").is_empty());
    assert_eq!(add(&names, "names", &["bob"]), ["Changed"]);
    assert_eq!(remove(&names, "names", &["bob"]), ["Changed"]);
    classes(&["groupOfUniqueNames", "posixGroup"])
        .create(&new("unique names", ""))
        .unwrap();
    assert_eq!(add(&by_schema, "unique names", &["bob"]), ["Changed"]);
    assert!(
        server
            .search("(cn=unique names)")
            .contains("uniqueMember: uid=bob,")
    );
    let told = |admin: LdapAdmin| admin.create(&new("odd", "")).unwrap_err().to_string();
    let error = told(classes(&["posixGroup"]));
    assert!(
        error.contains("objectClassViolation (65); see `new_group_classes`"),
        "{error}"
    );
    assert!(told(classes(&["posixGroup", "nonsense"])).contains("no object class `nonsense`"));
    assert!(server.search("(cn=odd)").is_empty());
    let error = told(classes(&["groupOfMembers"]));
    assert!(
        error.contains("the group is made, but `group_filter`"),
        "{error}"
    );
}

#[test]
fn active_directory_wants_its_own_name_for_a_group() {
    let server = Slapd::builder(Groups::Nis).ldif(PEOPLE).start();
    let mut config = Config {
        schema: Schema::Ad,
        bind_dn: Some(ADMIN.to_owned()),
        ..config(&server.url())
    };
    // No other server makes these by itself.
    config.attributes.group_id = Some("entryUUID".to_owned());
    config.attributes.id = Some("entryUUID".to_owned());
    config.attributes.login = Some("uid".to_owned());
    config.user_filter = Some("(objectClass=posixAccount)".to_owned());
    let admin = admin(&config);
    admin.create(&new("Domain Guests", "x")).unwrap();
    let found = server.search("(cn=domain guests)");
    assert!(
        found.contains("sAMAccountName: Domain Guests\n") && found.contains("objectClass: group\n"),
        "{found}"
    );
    assert!(!found.contains("gidNumber"));
    assert_eq!(
        add(&admin, "Domain Guests", &["alice", "zoe"]),
        ["Changed", "Changed"]
    );
    assert_eq!(members(&admin, "Domain Guests"), ["alice", "zoe"]);
}

#[test]
fn a_primary_group_is_told_and_not_changed() {
    // S-1-5-21-7-1104 in S-1-5-21-7-513; sixteen bytes of a GUID with parentheses among them.
    let server = Slapd::builder(Groups::Nis)
        .ldif(
            "
dn: cn=Alice,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
objectClass: user
cn: Alice
sn: Liddell
sAMAccountName: Alice
objectCategory: person
objectGUID:: KCkqXAAFBgcICQoLDA0ODw==
objectSid:: AQMAAAAAAAUVAAAABwAAAFAEAAA=
primaryGroupID: 513

dn: cn=Users,ou=groups,dc=example,dc=org
objectClass: group
cn: Users
sAMAccountName: Domain Users
objectGUID:: AgEqXCgpBgcICQoLDA0ODw==
objectSid:: AQMAAAAAAAUVAAAABwAAAAECAAA=
",
        )
        .start();
    let config = Config {
        schema: Schema::Ad,
        bind_dn: Some(ADMIN.to_owned()),
        ..config(&server.url())
    };
    let admin = admin(&config);
    assert_eq!(members(&admin, "Domain Users"), ["Alice+"]);
    assert_eq!(add(&admin, "Domain Users", &["Alice"]), ["Already"]);
    assert!(remove(&admin, "Domain Users", &["Alice"])[0].contains("primary group"));
}

/// Names that mean something in distinguished names, filters, or both.
const AWKWARD: [&str; 8] = [
    "a, b + c",
    "\"quoted\" (x) & *y* |z",
    "#1 = <ä>; \\ö/",
    "Zürich: O'Brien's «group»",
    "uid=x,ou=people",
    "))(|(cn=*",
    "研究室",
    "\\2c",
];

#[test]
fn names_may_have_any_characters() {
    for (server, config) in [rfc2307(), rfc2307bis()] {
        let admin = admin(&config);
        for name in AWKWARD {
            let made = admin
                .create(&new(name, name))
                .unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(made.name.raw(), name);
            assert_eq!(group(&admin, name), made);
            assert_eq!(
                add(&admin, name, &["zoe", "alice"]),
                ["Changed", "Changed"],
                "{name}"
            );
            assert_eq!(members(&admin, name), ["alice", "zoe"], "{name}");
            assert_eq!(remove(&admin, name, &["zoe"]), ["Changed"], "{name}");
            assert_eq!(members(&admin, name), ["alice"], "{name}");
            assert_eq!(
                admin.describe(&made, name).unwrap(),
                Done::Already,
                "{name}"
            );
            assert!(
                matches!(admin.create(&new(name, "")), Err(AdminError::Refused(_))),
                "{name}"
            );
        }
        // One level below the base, whatever the names say.
        let groups = server.search("(objectClass=posixGroup)");
        assert!(groups.matches("dn:").count() >= AWKWARD.len());
    }
}

#[test]
fn descriptions_are_replaced() {
    let (server, config) = rfc2307();
    let admin = admin(&config);
    let physics = group(&admin, "physics");
    assert_eq!(physics.description.as_ref().unwrap().raw(), "Old words");
    assert_eq!(
        admin.describe(&physics, "Old words").unwrap(),
        Done::Already
    );
    assert_eq!(
        admin
            .describe(&physics, "New <b>words</b><br/>\nüber\n")
            .unwrap(),
        Done::Changed
    );
    assert_eq!(
        group(&admin, "physics").description.unwrap().raw(),
        "New <b>words</b><br/>\nüber\n"
    );
    assert_eq!(
        admin
            .describe(&physics, "New <b>words</b><br/>\nüber\n")
            .unwrap(),
        Done::Already
    );
    assert_eq!(admin.describe(&physics, "").unwrap(), Done::Changed);
    assert_eq!(admin.describe(&physics, "").unwrap(), Done::Already);
    assert_eq!(group(&admin, "physics").description, None);
    server.modify("dn: cn=physics,ou=groups,dc=example,dc=org\nchangetype: delete\n");
    for error in [
        admin.describe(&physics, "x").unwrap_err(),
        admin.members(&physics.id).unwrap_err(),
    ] {
        assert!(error.to_string().contains("not there any more"), "{error}");
    }
}

#[test]
fn what_a_directory_has_not_is_said() {
    let (_server, config) = rfc2307();
    let admin = admin(&config);
    let roles = [Ability::Role(Role::Manager), Ability::Role(Role::Admin)];
    let others = [
        Ability::Accept,
        Ability::AcceptAddress,
        Ability::CreateBelow,
        Ability::Policy,
    ];
    assert!(
        roles
            .into_iter()
            .chain(others)
            .all(|ability| admin.lacks(ability))
    );
    assert!(
        ![
            Ability::Role(Role::Member),
            Ability::Create,
            Ability::Describe
        ]
        .into_iter()
        .any(|a| admin.lacks(a))
    );
    let physics = group(&admin, "physics");
    let unable =
        |result: Result<Vec<_>, AdminError>| matches!(result, Err(AdminError::Unable { .. }));
    let alice = people(&admin, &["alice"]);
    assert!(unable(admin.change(
        &physics,
        &Action::Set(Role::Manager),
        &alice
    )));
    assert!(unable(admin.change(
        &physics,
        &Action::Accept { email: None },
        &alice
    )));
    let parent = Some(physics.id.clone());
    assert!(matches!(
        admin.create(&NewGroup {
            parent,
            ..new("x", "")
        }),
        Err(AdminError::Unable { .. })
    ));
    assert!(matches!(
        admin.set_policy(&physics, &Default::default()),
        Err(AdminError::Unable { .. })
    ));
    let mut silent = config.clone();
    silent.attributes.group_description = Some(String::new());
    assert!(self::admin(&silent).lacks(Ability::Describe));
}
