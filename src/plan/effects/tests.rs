use super::*;
use crate::model::{AccountFields, Contact, GroupName, RemoteId};
use crate::plan::deed::MemberChange;
use crate::plan::deed::{AccountRename, Adopted};
use crate::plan::key_change::{Cause, KeyPlace};
use crate::plan::samples::key;
use crate::policy::Reason;

fn user(name: &str) -> UserName {
    UserName::new(name, true).unwrap()
}

fn account(deed: Deed) -> Change {
    Change::account(key(RemoteId::new("u-1").unwrap()), user("ann"), deed)
}

fn group(deed: Deed) -> Change {
    let name = GroupName::known("osg").unwrap();
    Change::group(key(RemoteId::new("g-1").unwrap()), name, deed)
}

fn uid() -> Uid {
    Uid::new(20_000).unwrap()
}

fn gid() -> Gid {
    Gid::new(60_000).unwrap()
}

fn members(privileged: Option<bool>, add: &[&str], remove: &[&str]) -> Deed {
    Deed::ChangeMembers(MemberChange {
        privileged,
        add: add.iter().map(|name| user(name)).collect(),
        remove: remove.iter().map(|name| (*name).to_owned()).collect(),
        wanted: vec![],
    })
}

fn keys(at: KeyPlace, text: &str) -> Deed {
    Deed::SetKeys(KeyChange {
        at,
        cause: Cause::Wanted,
        before: vec!["SHA256:x".to_owned()],
        after: vec![],
        text: text.to_owned(),
        found: None,
    })
}

fn rename(number: Number, account: Option<AccountRename>) -> Deed {
    Deed::Rename(Rename {
        number,
        from: user("old").into(),
        to: user("ann").into(),
        account,
    })
}

/// What a dry run shows as JSON is read by other programs: keys, and their order, stay.
#[test]
fn the_json_of_a_change_begins_with_its_word_and_its_subject() {
    let file = KeyPlace::File {
        path: "/k/ann".to_owned(),
    };
    let adopted = Adopted {
        was: None,
        login: Untrusted::new("annie"),
        alias: None,
        uid: uid(),
        gid: gid(),
        private_group: false,
        home: "/home/ann".to_owned(),
        fields: vec![],
        applied: Default::default(),
    };
    let along = AccountRename {
        private_group: true,
        home: None,
        files: vec![],
    };
    let local = GroupName::known("docker").unwrap();
    let create = |subids| {
        let fields = AccountFields {
            gecos: "Ann".to_owned(),
            home: "/home/ann".to_owned(),
            shell: "/bin/sh".to_owned(),
        };
        account(Deed::CreateAccount(NewAccount {
            uid: uid(),
            gid: gid(),
            private_group: false,
            fields,
            make_home: true,
            subids,
        }))
    };
    for (change, text) in [
        (
            create(None),
            r#"{"change":"create-account","id":"u-1","name":"ann","uid":20000,"gid":60000,"private_group":false,"gecos":"Ann","home":"/home/ann","make_home":true,"shell":"/bin/sh"}"#,
        ),
        (
            create(Some((100_000, 65_536))),
            r#"{"change":"create-account","id":"u-1","name":"ann","uid":20000,"gid":60000,"private_group":false,"gecos":"Ann","home":"/home/ann","make_home":true,"shell":"/bin/sh","subids":[100000,65536]}"#,
        ),
        (
            account(Deed::Unlock {}),
            r#"{"change":"unlock-account","id":"u-1","name":"ann"}"#,
        ),
        (
            account(Deed::Release(Number::Uid(uid()))),
            r#"{"change":"release-account","id":"u-1","name":"ann","uid":20000}"#,
        ),
        (
            group(Deed::Release(Number::Gid(gid()))),
            r#"{"change":"release-group","id":"g-1","name":"osg","gid":60000}"#,
        ),
        (
            account(rename(Number::Uid(uid()), Some(along))),
            r#"{"change":"rename-account","id":"u-1","uid":20000,"from":"old","to":"ann","private_group":true}"#,
        ),
        (
            group(rename(Number::Gid(gid()), None)),
            r#"{"change":"rename-group","id":"g-1","gid":60000,"from":"old","to":"ann"}"#,
        ),
        (
            account(Deed::AdoptAccount(Box::new(adopted))),
            r#"{"change":"adopt-account","id":"u-1","login":"annie","name":"ann","uid":20000,"gid":60000,"private_group":false,"home":"/home/ann","fields":[]}"#,
        ),
        (
            group(members(None, &["ann"], &[])),
            r#"{"change":"change-members","id":"g-1","name":"osg","add":["ann"],"remove":[]}"#,
        ),
        (
            Change::local_group(local, members(Some(true), &[], &["ann"])),
            r#"{"change":"change-local-members","name":"docker","privileged":true,"add":[],"remove":["ann"]}"#,
        ),
        (
            account(keys(file, "")),
            r#"{"change":"set-keys","id":"u-1","name":"ann","at":{"file":{"path":"/k/ann"}},"cause":"wanted","before":["SHA256:x"],"after":[],"text":""}"#,
        ),
    ] {
        assert_eq!(serde_json::to_string(&change).unwrap(), text);
    }
}

#[test]
fn what_takes_rights_away_comes_first_and_what_clears_up_last() {
    let lock = Deed::Lock {
        reason: Reason::ShutOut,
    };
    let gone = Deed::RemoveAccount {
        uid: uid(),
        private_group: true,
        home: HomeFate::Keep,
    };
    let home = KeyPlace::Home {
        path: "/home/ann".to_owned(),
        uid: uid(),
        gid: 100,
    };
    for (change, part) in [
        (account(lock), Part::Closing),
        (group(members(None, &[], &["ann"])), Part::Closing),
        (group(members(None, &["ann"], &["bob"])), Part::Closing),
        (group(members(None, &["ann"], &[])), Part::Opening),
        (account(keys(home.clone(), "")), Part::Closing),
        (account(keys(home, "ssh-ed25519 A")), Part::Opening),
        (account(gone), Part::Clearing),
    ] {
        assert_eq!(effects(&change).part, part, "{change:?}");
    }
}

#[test]
fn what_is_given_out_is_named() {
    let create = Deed::CreateGroup {
        gid: gid(),
        members: vec![],
    };
    let gives = |change: &Change| {
        let gives = effects(change).gives;
        (
            gives.name.map(ToString::to_string),
            gives.number.map(Number::get),
        )
    };
    assert_eq!(
        gives(&group(create)),
        (Some("osg".to_owned()), Some(60_000))
    );
    let renamed = account(rename(Number::Uid(uid()), None));
    assert_eq!(
        gives(&renamed),
        (Some("ann".to_owned()), None),
        "its uid it has"
    );
    assert_eq!(gives(&account(Deed::Unlock {})), (None, None));
}

#[test]
fn the_history_keeps_what_the_ledger_does_not_tell() {
    let detail = |deed| {
        let change = account(deed);
        effects(&change)
            .detail
            .map(|detail| serde_json::to_string(&detail).unwrap())
    };
    let lock = Deed::Lock {
        reason: Reason::ShutOut,
    };
    assert_eq!(
        detail(lock).as_deref(),
        Some(r#"{"reason":"this person is disabled at the provider"}"#)
    );
    let at = |email: &str| Contact {
        email: Some(email.to_owned()),
        ssh_keys: vec![],
        ..Contact::default()
    };
    let contact = Deed::ChangeContact {
        before: at("a@x"),
        after: at("b@x"),
    };
    let text = r#"{"email":{"from":"a@x","to":"b@x"}}"#;
    assert_eq!(detail(contact).as_deref(), Some(text));
    assert_eq!(detail(Deed::Unlock {}), None);
}
