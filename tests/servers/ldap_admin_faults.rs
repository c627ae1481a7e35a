//! Groups at an LDAP server that says no, cuts lists short, breaks connections, or refers to others.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::time::Duration;

use gosync::testing::model::{RemoteId, Role, Untrusted};
use gosync::testing::providers::admin::{
    Action, AdminError, Done, GroupAdmin as _, ManagedGroup, Person,
};
use gosync::testing::providers::ldap::{Config, Schema};

use crate::ldap::config;
use crate::ldap_admin::{
    NIS, PEOPLE, READER, add, admin, group, members, new, people, remove, rfc2307, with,
};
use crate::ldap_stub::{Stub, done, entry, message, person, tlv};
use crate::proxy::{Fault, Proxy};
use crate::slapd::{ADMIN, Groups, SUFFIX, Slapd};

#[test]
fn whoever_may_only_read_is_told_each_time() {
    let (server, config) = rfc2307();
    let before = server.search("(objectClass=posixGroup)");
    let config = Config {
        bind_dn: Some(READER.to_owned()),
        ..config
    };
    let reader = with(&config, "only looking");
    for told in add(&reader, "physics", &["bob", "zoe"])
        .into_iter()
        .chain(remove(&reader, "physics", &["alice"]))
    {
        assert!(told.contains("insufficientAccessRights (50)"), "{told}");
    }
    assert!(
        reader
            .create(&new("x", ""))
            .unwrap_err()
            .to_string()
            .contains("(50)")
    );
    assert!(
        reader
            .describe(&group(&reader, "physics"), "x")
            .unwrap_err()
            .to_string()
            .contains("(50)")
    );
    let nobody = self::admin(&Config {
        bind_dn: None,
        ..config.clone()
    });
    assert!(add(&nobody, "physics", &["bob"])[0].contains("strongerAuthRequired (8)"));
    assert_eq!(server.search("(objectClass=posixGroup)"), before);
    let wrong = with(&config, "wrong");
    assert!(
        wrong
            .groups(false)
            .unwrap_err()
            .to_string()
            .contains("invalidCredentials")
    );
}

#[test]
fn a_list_that_is_cut_short_is_an_error() {
    let limits = "sizelimit size.soft=2 size.hard=2 size.prtotal=2";
    let server = Slapd::builder(Groups::Nis)
        .setting(limits)
        .ldif(PEOPLE)
        .ldif(NIS)
        .start();
    for page_size in [0, 1, 1000] {
        let admin = admin(&Config {
            page_size,
            ..config(&server.url())
        });
        let error = admin.groups(false).unwrap_err();
        assert!(
            matches!(error, AdminError::Incomplete { .. }),
            "{page_size}: {error}"
        );
    }
    let (server, config) = rfc2307();
    let paged = admin(&Config {
        page_size: 1,
        ..config.clone()
    });
    assert_eq!(paged.groups(false).unwrap().len(), 4);
    server.modify(
        "dn: cn=two,ou=groups,dc=example,dc=org\nchangetype: add\nobjectClass: posixGroup\ncn: two\ncn: zwei\n\
         gidNumber: 60005\n\ndn: cn=two,ou=groups,dc=example,dc=org\nchangetype: modrdn\nnewrdn: gidNumber=60005\n\
         deleteoldrdn: 0\n",
    );
    let error = paged.groups(false).unwrap_err();
    assert!(error.to_string().contains("more than one cn"), "{error}");
}

#[test]
fn many_members_are_looked_up_together() {
    let mut values = String::new();
    for n in 0..150 {
        values.push_str(&format!("member: uid=u{n:04},ou=people,{SUFFIX}\n"));
    }
    let many = format!(
        "dn: cn=many,ou=groups,{SUFFIX}\nobjectClass: groupOfMembers\nobjectClass: posixGroup\ncn: many\n\
         gidNumber: 60010\n{values}"
    );
    let server = Slapd::builder(Groups::Bis).people(160).ldif(&many).start();
    let config = Config {
        schema: Schema::Rfc2307bis,
        bind_dn: Some(ADMIN.to_owned()),
        ..config(&server.url())
    };
    let admin = admin(&config);
    let found = members(&admin, "many");
    assert_eq!(
        (found.len(), found[0].as_str(), found[149].as_str()),
        (150, "u0000", "u0149")
    );
    let everybody: Vec<String> = (0..160).map(|n| format!("u{n:04}")).collect();
    let everybody: Vec<&str> = everybody.iter().map(String::as_str).collect();
    let fates = add(&admin, "many", &everybody);
    assert_eq!(fates.iter().filter(|fate| *fate == "Changed").count(), 10);
    assert_eq!(members(&admin, "many").len(), 160);
}

#[test]
fn a_connection_that_broke_while_idle_is_opened_again() {
    let server = Slapd::builder(Groups::Nis)
        .setting("idletimeout 1")
        .ldif(PEOPLE)
        .ldif(NIS)
        .start();
    let admin = admin(&Config {
        bind_dn: Some(ADMIN.to_owned()),
        ..config(&server.url())
    });
    let physics = group(&admin, "physics");
    let bob = people(&admin, &["bob"]);
    std::thread::sleep(Duration::from_secs(4));
    let fates = admin
        .change(&physics, &Action::Set(Role::Member), &bob)
        .unwrap();
    assert!(matches!(fates.as_slice(), [Ok(Done::Changed)]), "{fates:?}");
}

#[test]
fn a_change_without_an_answer_is_not_called_done() {
    let (server, config) = rfc2307();
    let through = |fault| {
        let proxy = Proxy::start(server.port, fault);
        let config = Config {
            url: format!("ldap://127.0.0.1:{}", proxy.port),
            ..config.clone()
        };
        (proxy, admin(&config))
    };
    let (proxy, counting) = through(Fault::Pass);
    assert_eq!(
        add(&counting, "empty", &["bob", "alice"]),
        ["Changed", "Changed"]
    );
    let all = proxy.passed();
    assert_eq!(
        remove(&counting, "empty", &["bob", "alice"]),
        ["Changed", "Changed"]
    );
    // The answer to a change has 14 bytes; the first one's last 3 do not arrive, and the second person's change goes
    // over a new connection.
    let (_proxy, cut) = through(Fault::CutAfter(all - 14 - 3));
    let told = add(&cut, "empty", &["bob", "alice"]);
    assert!(
        told[0].contains("may have been made all the same"),
        "{told:?}"
    );
    assert_eq!(told[1], "Changed");
    assert_eq!(members(&counting, "empty"), ["alice", "bob"]);
}

#[test]
fn a_server_that_refers_to_another_is_not_left() {
    // A copy, whose original is where nobody listens.
    let original = format!(
        "syncrepl rid=001 provider=ldap://127.0.0.1:1 type=refreshOnly interval=01:00:00:00 searchbase={SUFFIX} \
         bindmethod=simple\nupdateref ldap://127.0.0.1:1"
    );
    let server = Slapd::builder(Groups::Nis)
        .ldif(PEOPLE)
        .ldif(NIS)
        .database(&original)
        .start();
    let admin = admin(&Config {
        bind_dn: Some(ADMIN.to_owned()),
        ..config(&server.url())
    });
    let told = add(&admin, "physics", &["bob", "zoe"]);
    assert!(
        told.iter()
            .all(|fate| fate.contains("refers to another server")),
        "{told:?}"
    );
    assert!(
        admin
            .create(&new("x", ""))
            .unwrap_err()
            .to_string()
            .contains("not followed")
    );
    let stranger = RemoteId::new("00000000-0000-0000-0000-000000000000").unwrap();
    let gone = ManagedGroup {
        id: stranger,
        name: Untrusted::new("x"),
        description: None,
        parent: None,
    };
    assert!(matches!(
        admin.change(&gone, &Action::Remove, &[]),
        Err(AdminError::Refused(_))
    ));
}

#[test]
fn what_a_server_says_is_never_shown_raw() {
    let uuid = "00000000-0000-0000-0000-000000000001";
    let stub = Stub::start(move |request| {
        let of = |entry: Vec<u8>| Some([entry, done(request.id, 0, Some(b""))].concat());
        match request.number {
            0 => of(entry(
                request.id,
                "cn=g,ou=groups,dc=example,dc=org",
                &[("cn", &["g"]), ("entryUUID", &[uuid])],
            )),
            1 => of(person(request.id, 1)),
            _ => {
                let answer = [
                    tlv(10, &[53]),
                    tlv(4, b""),
                    tlv(4, b"go away\x1b[31m\nroot:x:0"),
                ]
                .concat();
                Some(message(request.id, &tlv(0x67, &answer), &[]))
            }
        }
    });
    let admin = admin(&config(&stub.url()));
    let (id, name) = (RemoteId::new(uuid).unwrap(), Untrusted::new("g"));
    let group = ManagedGroup {
        id: id.clone(),
        name: name.clone(),
        description: None,
        parent: None,
    };
    let somebody = Person {
        id,
        login: name,
        email: None,
    };
    let fates = admin
        .change(&group, &Action::Set(Role::Member), &[somebody])
        .unwrap();
    let told = fates[0].as_ref().unwrap_err().to_string();
    assert_eq!(
        told,
        "the provider refused: unwillingToPerform (53): go away\\u{1b}[31m\\nroot:x:0"
    );
}
