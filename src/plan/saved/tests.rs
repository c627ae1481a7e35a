use proptest::prelude::*;

use super::*;
use crate::plan::samples::key;
use crate::plan::{Change, Deed};

fn id(text: &str) -> RemoteId {
    RemoteId::new(text).unwrap()
}

fn snapshot(text: &str) -> Snapshot {
    let some = || Some(Untrusted::new(text));
    let user = User {
        name: some(),
        email: some(),
        active: false,
        uid: some(),
        gid: some(),
        home: some(),
        shell: some(),
        ssh_keys: vec![Untrusted::new(text)],
        updated: some(),
        attributes: BTreeMap::from([("a".to_owned(), Untrusted::new(text))]),
        ..User::new(id("u-1"), text)
    };
    let member = Membership {
        user: id("u-1"),
        role: Role::Manager,
        status: Status::Suspended,
    };
    let group = Group {
        id: id("g-1"),
        name: Untrusted::new(text),
        description: some(),
        parent: Some(id("g-0")),
        gid: some(),
        members: vec![member],
    };
    let rejected = RejectedRecord {
        id: Some(id("u-2")),
        subject: Untrusted::new(text),
        reason: "it is odd".to_owned(),
        kind: EntryKind::Account,
        says: RecordSays::ShutOut,
        numbers: vec![Untrusted::new(text)],
    };
    let gap = Gap {
        user: id("u-1"),
        subject: Untrusted::new(text),
        field: UserField::SshKeys,
        reason: "it is down".to_owned(),
    };
    let directory = Directory {
        users: vec![user],
        groups: vec![group],
    };
    let whole = Completeness::Complete("the last page".to_owned());
    Snapshot {
        gaps: vec![gap],
        ..Snapshot::new(directory, vec![rejected], whole)
    }
}

fn asked() -> Asked {
    let sync = Sync::Users {
        new: false,
        updated: true,
        only: vec!["ann".to_owned()],
    };
    Asked {
        provider: "p".to_owned(),
        top_group: Some("all".to_owned()),
        force: false,
        sync,
    }
}

fn plan() -> Plan {
    let name = crate::model::UserName::new("ann", false).unwrap();
    Plan {
        changes: vec![Change::account(key(id("u-1")), name, Deed::Unlock {})],
        generation: 3,
        ..Plan::default()
    }
}

fn host(passwd: &[u8]) -> Host<'_> {
    let databases = BTreeMap::from([
        ("/etc/passwd".to_owned(), Some(passwd)),
        ("/etc/gshadow".to_owned(), None),
    ]);
    Host {
        databases,
        ..Host::default()
    }
}

fn saved() -> Saved {
    Saved::new(
        asked(),
        7,
        fingerprints(&host(b"root")),
        &plan(),
        &snapshot("x"),
    )
}

proptest! {
    #[test]
    fn what_the_provider_said_comes_back_as_it_was(text: String) {
        let before = snapshot(&text);
        let file = Saved::new(asked(), 7, BTreeMap::new(), &plan(), &before).text();
        prop_assert!(file.bytes().all(|b| b == b'\n' || (0x20..0x7f).contains(&b)), "{file}");
        let after = Saved::parse(file.as_bytes()).unwrap();
        prop_assert_eq!(Snapshot::from(&after.read), before);
        prop_assert_eq!(after.asked, asked());
    }
}

#[test]
fn a_file_that_is_no_plan_is_refused() {
    let text = saved().text();
    let with = |from: &str, to: &str| {
        let altered = text.replacen(from, to, 1);
        assert_ne!(altered, text, "{from}");
        Saved::parse(altered.as_bytes()).unwrap_err().to_string()
    };
    assert!(with("\"gosync_plan\": 1", "\"gosync_plan\": 2").contains("the form 2"));
    assert!(with("\"gosync_plan\": 1", "\"x\": 1").contains("no plan"));
    assert!(with("\"force\": false", "\"force\": false, \"root\": true").contains("unknown field"));
    assert!(
        with(
            "\"id\": \"u-1\",\n        \"login\"",
            "\"id\": \"u-1 \",\n        \"login\""
        )
        .contains("the id is no text")
    );
    assert!(with("\"suspended\"", "\"boss\"").contains("unknown variant"));
    assert!(
        Saved::parse(b"").is_err() && Saved::parse(&text.as_bytes()[..text.len() / 2]).is_err()
    );
}

#[test]
fn words_that_a_file_puts_into_our_mouth_are_shown_as_anybody_elses() {
    let mut saved = saved();
    saved.read.completeness = Whole::Incomplete("\u{1b}[2J".to_owned());
    let Completeness::Incomplete(reason) = Snapshot::from(&saved.read).completeness else {
        panic!()
    };
    assert_eq!(reason, "\\u{1b}[2J");
}

#[test]
fn what_has_moved_is_named() {
    let (saved, owned) = (
        saved(),
        Owned {
            generation: 3,
            ..Owned::default()
        },
    );
    assert_eq!(saved.check_host(&host(b"root"), &owned), Ok(()));
    assert_eq!(
        saved.check_host(&host(b"root\n"), &owned),
        Err(Moved::Host(vec!["/etc/passwd".to_owned()]))
    );
    let mut more = host(b"root");
    more.databases.insert("/etc/gshadow".to_owned(), Some(b""));
    assert_eq!(
        saved.check_host(&more, &owned),
        Err(Moved::Host(vec!["/etc/gshadow".to_owned()]))
    );
    let later = Owned {
        generation: 4,
        ..Owned::default()
    };
    assert_eq!(
        saved.check_host(&host(b"root"), &later),
        Err(Moved::Ledger { then: 3, now: 4 })
    );
}

#[test]
fn only_the_plan_that_the_file_shows_is_the_one_that_was_saved() {
    let saved = saved();
    assert_eq!(saved.check_plan(&plan()), Ok(()));
    assert_eq!(
        saved.check_plan(&Plan {
            changes: vec![],
            ..plan()
        }),
        Err(Moved::Plan)
    );
    let mut altered = saved.clone();
    altered.plan["changes"][0]["name"] = "root".into();
    assert_eq!(altered.check_plan(&plan()), Err(Moved::Altered));
}
