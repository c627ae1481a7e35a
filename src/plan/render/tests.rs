use super::*;
use crate::model::{AccountFields, Contact, Gid, GroupName, RemoteId, Uid, Untrusted};
use crate::plan::samples::key;
use crate::plan::{FieldChange, NewAccount};
use crate::policy::{Field, Reason, Refusal};

fn id() -> RemoteId {
    RemoteId::new("u-1").unwrap()
}

fn user(name: &str) -> UserName {
    UserName::new(name, false).unwrap()
}

fn new(gecos: &str) -> Change {
    Change::account(
        key(id()),
        user("ann"),
        Deed::CreateAccount(NewAccount {
            uid: Uid::new(20_000).unwrap(),
            gid: Gid::new(100).unwrap(),
            private_group: false,
            fields: AccountFields {
                gecos: gecos.to_owned(),
                home: "/home/ann".to_owned(),
                shell: "/bin/sh".to_owned(),
            },
            make_home: true,
            subids: Some((100_000, 65_536)),
        }),
    )
}

fn members(add: &[&str], remove: &[&str]) -> Change {
    let name = GroupName::known("osg").unwrap();
    let remove = remove.iter().map(|name| (*name).to_owned()).collect();
    Change::group(
        key(id()),
        name,
        Deed::ChangeMembers(MemberChange {
            privileged: None,
            add: add.iter().map(|n| user(n)).collect(),
            remove,
            wanted: vec![],
        }),
    )
}

#[test]
fn each_change_is_one_line_that_begins_with_its_mark() {
    let gone = |home| {
        Change::account(
            key(id()),
            user("ann"),
            Deed::RemoveAccount {
                uid: Uid::new(20_000).unwrap(),
                private_group: true,
                home,
            },
        )
    };
    let path = "/home/ann".to_owned();
    let fields = vec![FieldChange {
        field: Field::Shell,
        from: "/bin/sh".into(),
        to: "/bin/zsh".into(),
    }];
    for (change, text) in [
        (
            new("Ann"),
            "+ account ann uid=20000 gid=100 home=/home/ann shell=/bin/sh subids=100000+65536 \"Ann\"",
        ),
        (
            Change::account(key(id()), user("ann"), Deed::Update { fields }),
            "~ account ann shell \"/bin/sh\" -> \"/bin/zsh\"",
        ),
        (
            Change::account(
                key(id()),
                user("ann"),
                Deed::Lock {
                    reason: Reason::ShutOut,
                },
            ),
            "! lock ann: this person is disabled at the provider",
        ),
        (
            Change::account(key(id()), user("ann"), Deed::Unlock {}),
            "~ unlock ann",
        ),
        (
            Change::account(key(id()), user("ann"), Deed::Forget { stands: true }),
            "- forget ann; the account stays",
        ),
        (
            Change::account(key(id()), user("ann"), Deed::Forget { stands: false }),
            "- forget ann; there is no such account on this host, and its ids stay set aside",
        ),
        (
            Change::account(
                key(id()),
                user("ann"),
                Deed::ChangeContact {
                    before: Contact {
                        email: None,
                        ssh_keys: vec!["a".into()],
                        ..Contact::default()
                    },
                    after: Contact {
                        email: Some("ann@example.org".into()),
                        ssh_keys: vec![],
                        attributes: [("quota".to_owned(), "10G".to_owned())].into(),
                    },
                },
            ),
            "~ contact ann e-mail none -> ann@example.org, SSH keys at the provider, attributes quota",
        ),
        (
            gone(HomeFate::Keep),
            "- account ann uid=20000 its home stays",
        ),
        (
            gone(HomeFate::Gone),
            "- account ann uid=20000 it has no home",
        ),
        (
            gone(HomeFate::Remove { path: path.clone() }),
            "- account ann uid=20000 and its home /home/ann",
        ),
        (
            gone(HomeFate::Archive {
                path,
                into: "/srv/a\nb".into(),
            }),
            "- account ann uid=20000 and its home /home/ann, after packing it into /srv/a\\nb",
        ),
        (
            members(&["ann"], &["bob"]),
            "~ group osg add (1): ann take out (1): bob",
        ),
        (
            members(&[], &[]),
            "~ group osg stays; the ledger learns who came and went by hand",
        ),
    ] {
        assert_eq!(line(&change), text);
    }
}

#[test]
fn long_lists_are_cut_and_counted() {
    let many: Vec<String> = (0..30).map(|n| format!("m{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(line(&members(&many, &[])).ends_with("m10 m11 and 18 more"));
}

#[test]
fn foreign_text_never_makes_a_line_of_its_own() {
    let nasty = "x\n+ account root\u{1b}[2J\u{202e}";
    let mut plan = Plan {
        changes: vec![new(nasty), members(&[], &[nasty])],
        ..Plan::default()
    };
    plan.remark(nasty, Reason::MadeAgain);
    let (subject, reason) = (Untrusted::new(nasty), Reason::SameId);
    plan.refused.push(Refusal {
        id: None,
        subject,
        reason,
    });
    let shown = text(&plan);
    assert_eq!(shown.lines().count(), 4);
    assert!(
        !shown
            .chars()
            .any(|c| c.is_control() && c != '\n' || c == '\u{202e}'),
        "{shown}"
    );
    // JSON escapes what it must; what a plan refuses is shown escaped in it, too.
    assert!(!json(&plan).to_string().contains('\n'));
}
