use super::*;
use crate::model::host::{HostAccount, HostGroup};
use crate::model::owned::{Applied, OwnedAccount, OwnedGroup, State};
use crate::model::{AccountFields, Contact, Gid, GroupName, Uid, Untrusted};
use crate::plan::samples::key;
use crate::plan::{Deed, HomeFate, MemberChange, NewAccount};
use crate::policy::{Field, Reason};

const ALL: Wanted = Wanted {
    user: true,
    group: true,
    bygroup: true,
};

fn id(text: &str) -> RemoteId {
    RemoteId::new(text).unwrap()
}

fn user(name: &str) -> UserName {
    UserName::new(name, false).unwrap()
}

fn owned() -> Owned {
    let applied = Applied {
        fields: AccountFields {
            gecos: "Ann".into(),
            home: "/home/ann".into(),
            shell: "/bin/sh".into(),
        },
        ..Applied::default()
    };
    let account = OwnedAccount {
        name: "ann".into(),
        uid: Uid::new(20_000).unwrap(),
        gid: 100,
        private_group: false,
        state: State::Active,
        applied,
        subid: None,
        absence: None,
    };
    let gid = Gid::new(60_000).unwrap();
    let group = OwnedGroup {
        name: "osg".into(),
        gid,
        state: State::Active,
        members: "ann".into(),
    };
    Owned {
        accounts: [(id("u-1"), account)].into(),
        groups: [(id("g-1"), group)].into(),
        ..Owned::default()
    }
}

fn host() -> Host<'static> {
    let found = HostAccount {
        uid: 20_000,
        gid: 100,
        fields: AccountFields {
            gecos: "Ann",
            home: "/home/ann",
            shell: "/bin/zsh",
        },
        locked: false,
        expire: "",
        writable: true,
    };
    let group = HostGroup {
        gid: 60_000,
        members: "zoe,ann,bob".into(),
        writable: true,
    };
    Host {
        accounts: [("ann", found)].into(),
        groups: [("osg", group)].into(),
        ..Host::default()
    }
}

fn events(changes: Vec<Change>, wanted: Wanted) -> Vec<HookEvent> {
    let contact = Contact::new(
        Some(&Untrusted::new("ann@example.org")),
        &[Untrusted::new("ssh-ed25519 AAAA")],
    );
    let plan = Plan {
        changes,
        contacts: [(id("u-1"), contact)].into(),
        ..Plan::default()
    };
    of(&plan, &host(), &owned(), wanted)
}

fn create() -> Change {
    Change::account(
        key(id("u-2")),
        user("bob"),
        Deed::CreateAccount(NewAccount {
            uid: Uid::new(20_001).unwrap(),
            gid: Gid::new(20_001).unwrap(),
            private_group: true,
            fields: AccountFields {
                gecos: "Bob".into(),
                home: "/home/bob".into(),
                shell: "/bin/sh".into(),
            },
            make_home: true,
            subids: None,
        }),
    )
}

fn update(field: Field, to: &str) -> Change {
    let fields = vec![FieldChange {
        field,
        from: String::new(),
        to: to.to_owned(),
    }];
    Change::account(key(id("u-1")), user("ann"), Deed::Update { fields })
}

fn members(add: &[&str], remove: &[&str]) -> Change {
    Change::group(
        key(id("g-1")),
        GroupName::known("osg").unwrap(),
        Deed::ChangeMembers(MemberChange {
            privileged: None,
            add: add.iter().map(|name| user(name)).collect(),
            remove: remove.iter().map(|name| (*name).to_owned()).collect(),
            wanted: vec![],
        }),
    )
}

fn value(event: &HookEvent, name: &str) -> Option<String> {
    event
        .environment()
        .into_iter()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

#[test]
fn several_changes_of_one_account_are_one_event() {
    let lock = Change::account(
        key(id("u-1")),
        user("ann"),
        Deed::Lock {
            reason: Reason::ShutOut,
        },
    );
    let found = events(
        vec![
            update(Field::Gecos, "Ann Lee"),
            lock,
            create(),
            update(Field::Shell, "/bin/bash"),
        ],
        ALL,
    );
    let words: Vec<_> = found
        .iter()
        .map(|e| (e.subject.name(), e.event, e.changes.len(), e.is_known()))
        .collect();
    assert_eq!(
        words,
        [
            ("ann", Event::Locked, 3, true),
            ("bob", Event::Created, 1, false)
        ]
    );
    let line = "ann:x:20000:100:Ann Lee:/home/ann:/bin/bash";
    assert_eq!(value(&found[0], "POSIX_ETC_PASSWD").as_deref(), Some(line));
}

#[test]
fn the_environment_is_the_original_s() {
    let found = &events(vec![update(Field::Gecos, "Ann Lee")], ALL)[0];
    for (name, wanted) in [
        ("PW_NAME", "ann"),
        ("PW_PASSWD", "x"),
        ("PW_UID", "20000"),
        ("PW_GID", "100"),
        ("PW_GECOS", "Ann Lee"),
        ("PW_DIR", "/home/ann"),
        ("PW_SHELL", "/bin/zsh"),
        ("EMAIL", "ann@example.org"),
        ("SSH_KEYS", "ssh-ed25519 AAAA"),
        ("GOSYNC_KIND", "user"),
        ("GOSYNC_EVENT", "updated"),
    ] {
        assert_eq!(value(found, name).as_deref(), Some(wanted), "{name}");
    }
    let found = &events(vec![members(&["carol"], &["zoe"])], ALL)[0];
    for (name, wanted) in [
        ("GR_NAME", "osg"),
        ("GR_GID", "60000"),
        ("GR_MEM", "ann,bob,carol"),
        ("POSIX_ETC_GROUP", "osg:x:60000:ann,bob,carol"),
    ] {
        assert_eq!(value(found, name).as_deref(), Some(wanted), "{name}");
    }
}

#[test]
fn groups_have_two_kinds_of_events_and_what_only_the_ledger_learns_has_none() {
    let kinds = |changes, wanted| {
        events(changes, wanted)
            .iter()
            .map(|e| e.kind)
            .collect::<Vec<_>>()
    };
    let change = || vec![members(&["carol"], &[]), members(&[], &[])];
    assert_eq!(kinds(change(), ALL), [Kind::Group, Kind::Bygroup]);
    assert_eq!(
        kinds(
            change(),
            Wanted {
                group: false,
                ..ALL
            }
        ),
        [Kind::Bygroup]
    );
    assert_eq!(
        kinds(
            change(),
            Wanted {
                bygroup: false,
                ..ALL
            }
        ),
        [Kind::Group]
    );
    let forget = Change::account(key(id("u-1")), user("ann"), Deed::Forget { stands: true });
    assert!(
        kinds(
            vec![forget, create(), members(&[], &["zoe"])],
            Wanted::default()
        )
        .is_empty()
    );
}

#[test]
fn who_is_removed_is_told_as_they_were() {
    let gone = Change::account(
        key(id("u-1")),
        user("ann"),
        Deed::RemoveAccount {
            uid: Uid::new(20_000).unwrap(),
            private_group: false,
            home: HomeFate::Keep,
        },
    );
    let found = &events(vec![gone], ALL)[0];
    assert_eq!(
        (found.event, value(found, "PW_SHELL").as_deref()),
        (Event::Removed, Some("/bin/zsh"))
    );
}

#[test]
fn why_and_the_groups_before_come_with_an_account() {
    let lock = Change::account(
        key(id("u-1")),
        user("ann"),
        Deed::Lock {
            reason: Reason::ShutOut,
        },
    );
    let event = events(vec![lock], ALL).remove(0);
    assert_eq!(
        serde_json::to_value(&event.reasons).unwrap(),
        serde_json::json!([{"reason": "shut-out", "text": "this person is disabled at the provider"}])
    );
    let Subject::Account(account) = &event.subject else {
        panic!()
    };
    assert_eq!(account.groups, ["osg"]);
}

#[test]
fn an_event_of_an_older_gosync_is_read() {
    let event = events(vec![create()], ALL).remove(0);
    let mut old = serde_json::to_value(&event).unwrap();
    old.as_object_mut().unwrap().remove("reasons");
    for new in ["attributes", "groups"] {
        old["account"].as_object_mut().unwrap().remove(new);
    }
    let read: HookEvent = serde_json::from_value(old).unwrap();
    let Subject::Account(mut account) = event.subject else {
        panic!()
    };
    account.groups.clear();
    assert_eq!(read.subject, Subject::Account(account));
}

#[test]
fn an_account_is_told_to_hooks_key_by_key() {
    let event = events(vec![create()], ALL).remove(0);
    assert_eq!(
        serde_json::to_string(&event.subject).unwrap(),
        r#"{"account":{"name":"bob","uid":20001,"gid":20001,"gecos":"Bob","home":"/home/bob","shell":"/bin/sh","email":null,"ssh_keys":[],"attributes":{},"groups":["osg"]}}"#
    );
}

#[test]
fn an_event_comes_back_from_the_ledger_as_it_was() {
    for event in events(
        vec![
            create(),
            update(Field::Home, "/srv/ann"),
            members(&["carol"], &["zoe"]),
        ],
        ALL,
    ) {
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(
            serde_json::from_str::<HookEvent>(&text).unwrap(),
            event,
            "{text}"
        );
    }
}

#[test]
fn only_what_is_one_plain_line_is_handed_on() {
    for bad in [
        "",
        "ann",
        "@x",
        "a@",
        "a b@x",
        "a@x\nBcc: b@x",
        "-oQ/tmp@x",
        "\"a\"@x",
        "a@b@c",
        "a@x,b@y",
        "ä@x",
    ] {
        assert_eq!(
            Contact::new(Some(&Untrusted::new(bad)), &[]).email,
            None,
            "{bad:?}"
        );
    }
    assert!(
        Contact::new(Some(&Untrusted::new("o'ann+x@mail.example.org")), &[])
            .email
            .is_some()
    );
    let keys = ["ssh-rsa AAAA", "", "ssh-rsa AAAA\nssh-rsa BBBB", "a\0b"].map(Untrusted::new);
    assert_eq!(Contact::new(None, &keys).ssh_keys, ["ssh-rsa AAAA"]);
}

#[test]
fn no_value_is_one_that_no_program_can_be_started_with() {
    let mut event = events(vec![members(&["carol"], &[])], ALL).remove(0);
    let Subject::Group(team) = &mut event.subject else {
        panic!()
    };
    team.members = (0..20_000).map(|n| format!("user{n}")).collect();
    assert_eq!(
        (value(&event, "GR_MEM"), value(&event, "GR_GID")),
        (None, Some("60000".to_owned()))
    );
    let mut event = events(vec![create()], ALL).remove(0);
    let Subject::Account(account) = &mut event.subject else {
        panic!()
    };
    account.fields.gecos = "a\0b\u{1b}[2J\nc".to_owned();
    assert_eq!(value(&event, "PW_GECOS").as_deref(), Some("ab[2Jc"));
}

#[test]
fn of_a_change_that_is_planned_anew_only_what_finds_nothing_to_do_is_kept() {
    let mut host = host();
    let lock = Change::account(
        key(id("u-1")),
        user("ann"),
        Deed::Lock {
            reason: Reason::ShutOut,
        },
    );
    let found = events(vec![update(Field::Gecos, "Ann Lee")], ALL);
    assert!(!found[0].is_present(&host), "not in place");
    host.accounts.get_mut("ann").unwrap().fields.gecos = "Ann Lee";
    assert!(found[0].is_present(&host));
    assert!(!events(vec![create()], ALL)[0].is_present(&host));
    assert!(!events(vec![lock], ALL)[0].is_present(&host));
    let found = events(vec![members(&["carol"], &["zoe"])], ALL);
    for (list, stands) in [
        ("zoe,ann", false),
        ("zoe,carol", false),
        ("ann,bob", false),
        ("ann,carol", true),
    ] {
        host.groups.get_mut("osg").unwrap().members = list.into();
        assert_eq!(found[0].is_present(&host), stands, "{list}");
    }
}
