use super::*;
use crate::model::Untrusted;

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE/b1jIM0MkzjsHwL3XQw5BtDPvImHWe/F0dFY0r4z/r";
const OTHER: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH9Wg6oyZlrUC7qhImBVnoLAYFeqPpqy5VrX4v+/LjgD";

fn id(text: &str) -> RemoteId {
    RemoteId::new(text).unwrap()
}

fn user(name: &str, keys: &[&str]) -> User {
    User {
        ssh_keys: keys.iter().map(|key| Untrusted::new(*key)).collect(),
        ..User::new(id(name), name)
    }
}

fn book(users: Vec<User>, rules: &KeyRules) -> KeyBook {
    let directory = Directory {
        users,
        groups: vec![],
    };
    let selection = |directory: &Directory| {
        directory
            .users
            .iter()
            .map(|user| {
                if user.active {
                    Selection::Selected
                } else {
                    Selection::Suspended
                }
            })
            .collect()
    };
    let gap = Gap {
        user: id("gap"),
        subject: Untrusted::new("gap"),
        field: UserField::SshKeys,
        reason: "it is down".to_owned(),
    };
    KeyBook::of(&directory, selection, &[gap], rules)
}

#[test]
fn each_key_is_taken_or_refused_on_its_own() {
    let book = book(
        vec![user("ann", &[OTHER, "ssh-dss AAAA", KEY, "hello", KEY])],
        &KeyRules::default(),
    );
    let Some(Offer::Keys(keys)) = book.offer(&id("ann")) else {
        panic!()
    };
    assert_eq!(
        keys.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [KEY, OTHER],
        "sorted, each once"
    );
    let complaints = book.complaints(&id("ann"));
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    let number = |reason: &Reason| match reason {
        Reason::KeyNotTaken { number, .. } => *number,
        other => panic!("{other}"),
    };
    assert_eq!([number(&complaints[0]), number(&complaints[1])], [2, 4]);
}

#[test]
fn of_what_nobody_knows_nothing_is_offered() {
    let mut shut = user("shut", &[KEY]);
    shut.active = false;
    let rules = KeyRules {
        max_keys: 1,
        ..KeyRules::default()
    };
    let users = vec![
        user("gap", &[KEY]),
        user("twin", &[KEY]),
        user("twin", &[]),
        user("many", &[KEY, OTHER]),
        user("none", &[]),
        shut,
    ];
    let book = book(users, &rules);
    for name in ["gap", "twin", "many"] {
        assert_eq!(book.offer(&id(name)), Some(&Offer::Unknown), "{name}");
    }
    assert_eq!(book.offer(&id("none")), Some(&Offer::Keys(vec![])));
    assert_eq!(book.offer(&id("shut")), None);
    assert_eq!(book.offer(&id("absent")), None);
    assert_eq!(
        book.complaints(&id("many")),
        [Reason::TooManyKeys { keys: 2, most: 1 }]
    );
}

#[test]
fn a_line_has_options_key_and_a_plain_mark() {
    let key = SshKey::parse(KEY, 0).unwrap();
    let options = KeyOptions::new("restrict,pty").unwrap();
    let odd = id("cn=a#b,\"c\"=_");
    let text = lines(std::slice::from_ref(&key), &odd, &options);
    assert_eq!(
        text,
        format!("restrict,pty {KEY} gosync:cn_3d_a_23_b_2c__22_c_22__3d__\n")
    );
    assert_eq!(
        lines(&[key], &id("u-1:2.x_y"), &KeyOptions::default()),
        format!("{KEY} gosync:u-1:2.x_y\n")
    );
    assert!(
        is_of(text.as_bytes(), &odd) && !is_of(text.as_bytes(), &id("u-1")) && !is_of(b"\n", &odd)
    );
    assert!(!is_of(format!("{text}{OTHER} by hand\n").as_bytes(), &odd));
    assert_eq!(fingerprints(text.as_bytes()), fingerprints(KEY.as_bytes()));
    assert_eq!(fingerprints(b"# nothing\nhello\n"), [""; 0]);
}

#[test]
fn options_are_those_that_sshd_knows_and_no_authority() {
    for good in [
        "",
        "restrict",
        "restrict,pty,X11-forwarding",
        "from=\"10.0.0.0/8,!10.1.0.0/16\"",
        "command=\"/usr/bin/x -a \\\"b c\\\", d\",no-pty",
        "no-touch-required",
    ] {
        assert_eq!(
            KeyOptions::new(good).map(|o| o.as_str().to_owned()),
            Ok(good.to_owned())
        );
    }
    for (bad, reason) in [
        ("cert-authority", "authority"),
        ("principals=\"ann\"", "authority"),
        ("Cert-Authority", "authority"),
        ("restrict ", "blank"),
        ("restrict, pty", "blank"),
        ("restrict\nssh-rsa", "printable"),
        ("rëstrict", "printable"),
        ("restrict,", "no option ``"),
        ("retsrict", "no option `retsrict`"),
        ("from=10.0.0.1", "quotation marks"),
        ("from=\"a\"\"b\"", "quotation marks"),
        ("from=\"a", "never closed"),
        ("command=\"a\\\"", "never closed"),
        ("from", "has a value"),
        ("pty=\"yes\"", "has no value"),
        (&format!("command=\"{}\"", "x".repeat(3_000)), "longer"),
    ] {
        assert!(
            KeyOptions::new(bad)
                .unwrap_err()
                .to_string()
                .contains(reason),
            "{bad}: {:?}",
            KeyOptions::new(bad)
        );
    }
}

#[test]
fn sshd_is_told_where_the_files_are() {
    let rules = KeyRules::default();
    let line = "AuthorizedKeysFile /etc/ssh/authorized_keys.d/%u .ssh/authorized_keys";
    assert_eq!(rules.sshd_config().as_deref(), Some(line));
    assert_eq!(
        KeyRules {
            place: Place::Home,
            ..rules
        }
        .sshd_config(),
        None
    );
}
