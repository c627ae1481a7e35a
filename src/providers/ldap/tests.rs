//! People and groups, from entries to what is handed on.

use proptest::prelude::*;

use super::groups::{self, GroupEntry, Resolved};
use super::people::{self, Extent, People};
use super::settings::{Config, Schema, Settings};
use crate::ldap::entry::{Entry, sample};
use crate::model::{Details, Now, Untrusted, WantedAttributes};

const NOW: i64 = 1_795_219_200;

fn settings(schema: Schema) -> Settings {
    let config = Config::new("ldap://localhost", "ou=people,dc=x", "ou=groups,dc=x");
    Settings::new(&Config { schema, ..config }).unwrap()
}

fn someone(login: &str, id: &str) -> Entry<'static> {
    let dn = format!("uid={login},ou=people,dc=x");
    sample(
        &dn,
        &[
            ("uid", &[login.as_bytes()]),
            ("entryUUID", &[id.as_bytes()]),
        ],
    )
}

fn resolve(groups: Vec<GroupEntry>, people: &People, depth: usize) -> Resolved {
    groups::resolve(groups, people, depth, &|| true)
}

fn crowd(entries: Vec<Entry<'_>>) -> People {
    let settings = settings(Schema::Rfc2307);
    let mut people = People::new(&settings.user_base_key);
    for entry in entries {
        people.add(
            people::person(&entry, &settings.names, Extent::ALL, &Now::new(NOW)),
            true,
        );
    }
    people
}

fn raw(name: &str, attribute: &str, members: &[&str], people: &People) -> GroupEntry {
    let members: Vec<&[u8]> = members.iter().map(|member| member.as_bytes()).collect();
    let id = format!("g-{name}");
    let entry = sample(
        &format!("cn={name},ou=groups,dc=x"),
        &[
            ("cn", &[name.as_bytes()]),
            ("entryUUID", &[id.as_bytes()]),
            (attribute, &members),
        ],
    );
    groups::group(&entry, &settings(Schema::Rfc2307).names, people)
}

fn ids(resolved: &Resolved, name: &str) -> Vec<String> {
    let group = resolved
        .groups
        .iter()
        .find(|group| group.name.raw() == name)
        .unwrap();
    group
        .members
        .iter()
        .map(|member| member.user.to_string())
        .collect()
}

fn rejected(attribute: &str, values: &[&[u8]]) -> (bool, String) {
    let entry = sample(
        "cn=a,ou=people,dc=x",
        &[
            ("uid", &[b"a"]),
            ("entryUUID", &[b"1"]),
            (attribute, values),
        ],
    );
    let unusable = people::person(
        &entry,
        &settings(Schema::Rfc2307).names,
        Extent::ALL,
        &Now::new(NOW),
    )
    .unwrap_err();
    (unusable.record.id.is_some(), unusable.record.reason)
}

fn normal(text: &str) -> Option<String> {
    crate::ldap::dn::normalise(text).map(|name| name.into_owned())
}

#[test]
fn further_attributes_are_asked_for_and_taken_only_if_somebody_wants_them() {
    let text = "url='ldaps://x'\nuser_base='dc=x'\ngroup_base='dc=x'\n\
        extra_attributes = { quota = 'quotaSoft', key = 'objectSid', none = '' }";
    let settings = Settings::new(&toml::from_str(text).unwrap()).unwrap();
    let wanted = |names: &[&str]| Details {
        attributes: WantedAttributes::These(names.iter().map(|it| (*it).to_owned()).collect()),
        ..Details::default()
    };
    let (nothing, some) = (wanted(&[]), wanted(&["quota", "none", "unknown"]));
    let asked = |details| people::attributes(&settings, Extent::Full(details, None), false);
    assert!(!asked(&nothing).contains(&"quotaSoft"));
    assert!(asked(&some).contains(&"quotaSoft") && !asked(&some).contains(&"objectSid"));
    let slim = people::attributes(&settings, Extent::Slim, false);
    assert!(!slim.contains(&"quotaSoft"));
    let entry = sample(
        "uid=a,dc=x",
        &[
            ("uid", &[b"a"]),
            ("entryUUID", &[b"u1"]),
            ("quotaSoft", &[b"10G"]),
            ("objectSid", &[b"x"]),
        ],
    );
    let said = |details| {
        let extent = Extent::Full(details, None);
        let person = people::person(&entry, &settings.names, extent, &Now::new(NOW)).unwrap();
        let of = |(name, value): (&String, &Untrusted)| (name.clone(), value.raw().to_owned());
        person.user.attributes.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(said(&some), [("quota".to_owned(), "10G".to_owned())]);
    assert_eq!(said(&nothing), []);
    for wrong in ["quota = 'a b'", "'a b' = 'x'"] {
        let text = text.replace("none = ''", wrong);
        let text = text.replace("quota = 'quotaSoft', ", "");
        assert!(
            Settings::new(&toml::from_str(&text).unwrap()).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn only_what_the_read_needs_is_asked_for() {
    let rfc2307 = settings(Schema::Rfc2307);
    let slim = people::attributes(&rfc2307, Extent::Slim, true);
    assert_eq!(&slim[..3], ["entryUUID", "uid", "loginShell"]);
    assert!(!slim.contains(&"mail") && !slim.contains(&"objectSid"));
    let all = people::attributes(&rfc2307, Extent::ALL, false);
    let nothing = Details::default();
    let none = people::attributes(&rfc2307, Extent::Full(&nothing, None), false);
    for detail in ["mail", "sshPublicKey", "modifyTimestamp"] {
        assert!(all.contains(&detail) && !none.contains(&detail), "{detail}");
    }
    assert!(none.contains(&"gidNumber") && none.contains(&"homeDirectory"));
    let ad = settings(Schema::Ad);
    assert!(people::attributes(&ad, Extent::Slim, true).contains(&"primaryGroupID"));
    assert!(groups::attributes(&ad).contains(&"objectSid"));
    assert_eq!(people::distinct(vec!["cn", "", "CN", "uid"]), ["cn", "uid"]);
}

#[test]
fn whom_any_value_shuts_out_is_shut_out_though_the_rest_cannot_be_used() {
    for (shuts, spoils) in [
        (
            ("nsAccountLock", &b"TRUE"[..]),
            ("uidNumber", &[&b"1"[..], b"2"][..]),
        ),
        (
            ("inetUserStatus", b"inactive"),
            ("shadowExpire", &[b"soon"]),
        ),
        (
            ("loginShell", b"/usr/sbin/nologin "),
            ("homeDirectory", &[b"\xff"]),
        ),
    ] {
        let (attribute, value) = shuts;
        let values: &[&[u8]] = &[value];
        let of_person: [(&str, &[&[u8]]); 4] = [
            ("uid", &[b"a"]),
            ("entryUUID", &[b"1"]),
            (attribute, values),
            spoils,
        ];
        let entry = sample("cn=a,ou=people,dc=x", &of_person);
        let names = &settings(Schema::Rfc2307).names;
        let person = people::person(&entry, names, Extent::ALL, &Now::new(NOW)).unwrap();
        assert!(!person.user.active, "{attribute}");
    }
}

#[test]
fn whoever_is_shut_out_needs_no_usable_login() {
    let config = "url = 'ldap://localhost'\nuser_base = 'dc=x'\ngroup_base = 'dc=x'\n\
                  inactive_when = { employeeStatus = ['left'], uid = ['gone'] }";
    let names = Settings::new(&toml::from_str(config).unwrap())
        .unwrap()
        .names;
    for (attribute, value, is_out) in [
        ("nsAccountLock", &b"TRUE"[..], true),
        ("employeestatus", b"Left ", true),
        ("employeeStatus", b"here", false),
        ("employeeStatus", b"\xff", false),
        ("shadowExpire", b"soon", false),
    ] {
        let values: &[&[u8]] = &[value];
        let login: &[&[u8]] = &[b"b", b"c"];
        let entry = |uid| {
            sample(
                "cn=a,dc=x",
                &[("uid", uid), ("entryUUID", &[b"1"]), (attribute, values)],
            )
        };
        let record = people::person(&entry(login), &names, Extent::Slim, &Now::new(NOW))
            .unwrap_err()
            .record;
        assert_eq!(
            (record.id.is_some(), record.is_shut_out()),
            (true, is_out),
            "{attribute}"
        );
        if let Ok(person) = people::person(&entry(&[b"a"]), &names, Extent::Slim, &Now::new(NOW)) {
            assert_eq!(!person.user.active, is_out, "{attribute}");
        }
    }
    let gone = sample("cn=a,dc=x", &[("uid", &[b"GONE"]), ("entryUUID", &[b"1"])]);
    let gone = people::person(&gone, &names, Extent::ALL, &Now::new(NOW))
        .unwrap()
        .user;
    assert_eq!((gone.active, gone.login.raw()), (false, "GONE"));
    let bad = toml::from_str(&config.replace("employeeStatus", "'a b'")).unwrap();
    assert!(Settings::new(&bad).unwrap_err().contains("inactive_when"));
}

#[test]
fn a_field_that_would_change_an_account_must_be_readable() {
    for (attribute, values) in [
        ("uidNumber", &[b"1".as_slice(), b"2"][..]),
        ("homeDirectory", &[b"\xff"]),
        ("loginShell", &[b"/bin/sh", b"/bin/bash"]),
        ("shadowExpire", &[b"soon"]),
        ("accountExpires", &[b""]),
    ] {
        let (has_id, reason) = rejected(attribute, values);
        assert!(
            has_id && reason.contains(attribute),
            "{attribute}: {reason}"
        );
    }
    let entry = sample("cn=a,dc=x", &[("uidNumber", &[b"1", b"1"])]);
    assert_eq!(
        people::single(&entry, "uidNumber").unwrap().unwrap().raw(),
        "1"
    );
}

#[test]
fn people_without_a_usable_id_or_login_are_rejected() {
    let names = settings(Schema::Rfc2307).names;
    for (attributes, has_id) in [
        (&[("uid", &[b"a".as_slice()][..])][..], false),
        (&[("uid", &[b"a"]), ("entryUUID", &[b"1", b"2"])], false),
        (&[("uid", &[b"a"]), ("entryUUID", &[b"1\t2"])], false),
        (&[("entryUUID", &[b"1"])], true),
        (&[("uid", &[b"\xff"]), ("entryUUID", &[b"1"])], true),
        (&[("uid", &[b"b", b"c"]), ("entryUUID", &[b"1"])], true),
    ] {
        let entry = sample("uid=a,dc=x", attributes);
        let unusable = people::person(&entry, &names, Extent::Slim, &Now::new(NOW)).unwrap_err();
        assert_eq!(unusable.record.id.is_some(), has_id, "{attributes:?}");
    }
    let odd = sample("no name", &[("uid", &[b"a"]), ("entryUUID", &[b"1"])]);
    assert!(
        people::person(&odd, &names, Extent::Slim, &Now::new(NOW))
            .unwrap_err()
            .record
            .id
            .is_some()
    );
}

#[test]
fn a_record_that_cannot_be_used_names_its_numbers_all_the_same() {
    let names = settings(Schema::Rfc2307).names;
    let raw = |numbers: &[Untrusted]| -> Vec<String> {
        numbers.iter().map(|text| text.raw().to_owned()).collect()
    };
    for (attributes, named) in [
        (
            &[("uid", &[b"a".as_slice()][..]), ("uidNumber", &[b"7"])][..],
            &["7"][..],
        ),
        (&[("entryUUID", &[b"1"]), ("UIDNumber", &[b"7"])], &["7"]),
        (
            &[
                ("uid", &[b"a"]),
                ("entryUUID", &[b"1"]),
                ("uidNumber", &[b"7", b"8"]),
            ],
            &["7", "8"],
        ),
    ] {
        let entry = sample("uid=a,dc=x", attributes);
        let unusable = people::person(&entry, &names, Extent::ALL, &Now::new(NOW)).unwrap_err();
        assert_eq!(raw(&unusable.record.numbers), named, "{attributes:?}");
    }
    let group = sample(
        "cn=g,dc=x",
        &[("entryUUID", &[b"1"]), ("gidNumber", &[b"9"])],
    );
    let group = groups::group(&group, &names, &crowd(vec![]));
    assert_eq!(raw(&group.group.unwrap_err().numbers), ["9"]);
}

#[test]
fn of_several_logins_the_one_in_the_entrys_name_counts() {
    let names = settings(Schema::Rfc2307).names;
    let entry = sample(
        "userid=ALICE+cn=x,dc=x",
        &[("uid", &[b"al", b"alice"]), ("entryUUID", &[b"1"])],
    );
    assert_eq!(
        people::person(&entry, &names, Extent::Slim, &Now::new(NOW))
            .unwrap()
            .user
            .login
            .raw(),
        "alice"
    );
}

#[test]
fn a_rejected_person_stays_a_member() {
    let broken = sample(
        "uid=b,ou=people,dc=x",
        &[
            ("uid", &[b"b"]),
            ("entryUUID", &[b"2"]),
            ("uidNumber", &[b"\xff"]),
        ],
    );
    let mut people = crowd(vec![someone("a", "1"), broken]);
    assert!(people.finish().is_none());
    let group = raw(
        "g",
        "member",
        &["uid=a,ou=people,dc=x", "uid=b,ou=people,dc=x"],
        &people,
    );
    assert_eq!(ids(&resolve(vec![group], &people, 8), "g"), ["1", "2"]);
}

#[test]
fn somebody_who_was_read_twice_counts_once() {
    let mut people = crowd(vec![
        someone("a", "1"),
        someone("b", "2"),
        someone("a", "1"),
    ]);
    assert!(people.finish().is_none());
    assert_eq!(people.users.len(), 2);
    let group = raw("g", "member", &["uid=a,ou=people,dc=x"], &people);
    let other = raw("h", "memberUid", &["a", "a"], &people);
    let resolved = resolve(vec![group, other], &people, 8);
    assert_eq!(
        (ids(&resolved, "g"), ids(&resolved, "h")),
        (vec!["1".to_owned()], vec!["1".to_owned()])
    );
    assert!(
        crowd(vec![someone("a", "1"), someone("b", "1")])
            .finish()
            .is_some()
    );
    assert!(
        crowd(vec![someone("a", "1"), someone("a", "2")])
            .finish()
            .is_some()
    );
}

#[test]
fn two_people_with_one_login_are_both_members() {
    let twin = sample(
        "cn=twin,ou=people,dc=x",
        &[("uid", &[b"a"]), ("entryUUID", &[b"2"])],
    );
    let mut people = crowd(vec![someone("a", "1"), twin]);
    people.finish();
    let group = raw("g", "memberUid", &["a"], &people);
    assert_eq!(ids(&resolve(vec![group], &people, 8), "g"), ["1", "2"]);
}

#[test]
fn logins_in_groups_are_compared_with_regard_to_case() {
    let mut people = crowd(vec![someone("a", "1")]);
    people.finish();
    let group = raw("g", "memberUid", &["A", "b"], &people);
    assert_eq!(group.strangers.len(), 2);
    let resolved = resolve(vec![group], &people, 8);
    assert!(ids(&resolved, "g").is_empty());
}

#[test]
fn a_member_that_nobody_was_read_for_is_told_and_left_out() {
    let people = crowd(vec![]);
    let group = raw(
        "g",
        "member",
        &["uid=Gone, ou=people,dc=x", "cn=printer,dc=y", "nonsense"],
        &people,
    );
    let unknown: Vec<_> = group.others.iter().map(|name| &**name).collect();
    assert_eq!(unknown, ["uid=gone,ou=people,dc=x", "cn=printer,dc=y"]);
    assert_eq!(group.nameless, ["nonsense".into()]);
    let resolved = resolve(vec![group], &people, 8);
    assert!(ids(&resolved, "g").is_empty());
}

#[test]
fn a_chain_of_groups_is_followed_as_deep_as_allowed() {
    let mut people = crowd(vec![someone("a", "1")]);
    people.finish();
    let chain = || {
        let mut raws: Vec<GroupEntry> = (0..4)
            .map(|n| {
                raw(
                    &format!("g{n}"),
                    "member",
                    &[&format!("cn=g{},ou=groups,dc=x", n + 1)],
                    &people,
                )
            })
            .collect();
        raws.push(raw(
            "g4",
            "uniqueMember",
            &["uid=a,ou=people,dc=x"],
            &people,
        ));
        raws
    };
    let resolved = resolve(chain(), &people, 4);
    assert_eq!(ids(&resolved, "g0"), ["1"]);
    let resolved = resolve(chain(), &people, 3);
    assert_eq!(resolved.rejected.len(), 1);
    assert_eq!(resolved.rejected[0].id.as_ref().unwrap().as_str(), "g-g0");
    assert_eq!(ids(&resolved, "g1"), ["1"]);
}

#[test]
fn a_group_that_cannot_be_used_still_passes_its_members_on() {
    let mut people = crowd(vec![someone("a", "1")]);
    people.finish();
    let inner = sample(
        "cn=inner,ou=groups,dc=x",
        &[
            ("entryUUID", &[b"g-inner"]),
            ("member", &[b"uid=a,ou=people,dc=x"]),
        ],
    );
    let inner = groups::group(&inner, &settings(Schema::Rfc2307).names, &people);
    let outer = raw("outer", "member", &["cn=inner,ou=groups,dc=x"], &people);
    let resolved = resolve(vec![outer, inner], &people, 8);
    assert_eq!(ids(&resolved, "outer"), ["1"]);
    assert_eq!(resolved.rejected[0].reason, "it has no cn");
}

#[test]
fn groups_that_differ_between_two_copies_are_noticed() {
    let people = crowd(vec![]);
    let same = || raw("g", "memberUid", &[], &people);
    assert!(!resolve(vec![same(), same()], &people, 8).different);
    let other = raw("g", "member", &["cn=x,dc=x"], &people);
    assert!(resolve(vec![same(), other], &people, 8).different);
}

#[test]
fn groups_that_multiply_without_end_are_stopped() {
    let mut people = crowd(
        (0..200)
            .map(|n| someone(&format!("u{n}"), &n.to_string()))
            .collect(),
    );
    people.finish();
    let everybody: Vec<String> = (0..200)
        .map(|n| format!("uid=u{n},ou=people,dc=x"))
        .collect();
    let groups: Vec<String> = (0..600)
        .map(|n| format!("cn=g{n},ou=groups,dc=x"))
        .collect();
    let all: Vec<&str> = everybody
        .iter()
        .chain(&groups)
        .map(String::as_str)
        .collect();
    let raws = (0..600)
        .map(|n| raw(&format!("g{n}"), "member", &all, &people))
        .collect();
    assert!(resolve(raws, &people, 8).endless);
}

#[test]
fn a_part_of_a_list_must_follow_on_the_one_before() {
    let people = crowd(vec![]);
    let part = |name: &str, values: &[&[u8]]| sample("cn=g,dc=x", &[(name, values)]);
    let mut first = raw(
        "g",
        "member;range=0-1",
        &["cn=a,dc=x", "cn=b,dc=x"],
        &people,
    );
    assert_eq!(first.more, Some(("member".to_owned(), 2)));
    for (name, values) in [
        ("member;range=3-*", &[b"cn=c,dc=x".as_slice()][..]),
        ("member;range=2-1", &[b"cn=c,dc=x"]),
        ("member;range=2-9", &[]),
        ("member", &[b"cn=c,dc=x"]),
    ] {
        assert!(
            first
                .next_part(&part(name, values), "member", 2, &people)
                .is_err(),
            "{name}"
        );
    }
    assert!(
        first
            .next_part(
                &part("member;range=2-3", &[b"cn=c,dc=x", b"cn=d,dc=x"]),
                "member",
                2,
                &people
            )
            .is_ok()
    );
    assert_eq!(first.more, Some(("member".to_owned(), 4)));
    assert!(
        first
            .next_part(
                &part("member;range=4-*", &[b"cn=e,dc=x"]),
                "member",
                4,
                &people
            )
            .is_ok()
    );
    assert_eq!((first.more.clone(), first.others.len()), (None, 5));
}

proptest! {
    #[test]
    fn no_names_stop_the_program(text in "\\PC{0,40}", bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        if let Some(once) = normal(&text) {
            prop_assert_eq!(normal(&once), Some(once));
        }
        let _ = crate::ldap::dn::first(&text);
        for attribute in super::active::ATTRIBUTES {
            let _ = super::active::locks(attribute, &bytes, &Now::new(NOW));
        }
    }

    #[test]
    fn names_made_of_anything_compare_equal_when_written_otherwise(value in "[ a-zA-Z,+=#\\\\\"<>;é\u{0}]{1,12}") {
        let hex: String = value.bytes().map(|b| format!("\\{b:02X}")).collect();
        let name = format!("cn={hex},dc=x");
        let once = normal(&name).unwrap();
        prop_assert!(crate::ldap::dn::is_under(&once, "dc=x"));
        prop_assert_eq!(normal(&once), Some(once.clone()));
        prop_assert_eq!(normal(&format!("CN = {hex} , DC=X")), Some(once));
    }
}
