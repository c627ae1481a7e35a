use super::*;
use crate::formats::Lines;
use crate::model::owned::OwnedGroup;
use crate::model::{Gid, RemoteId, Uid};
use crate::targets::files::survey::Surveyed;

const FILES: [(&str, &str); 6] = [
    (
        "passwd",
        "root:x:0:0::/:/bin/sh\nann:x:20000:100::/home/ann:/bin/sh\n",
    ),
    ("shadow", "root:*:1::::::\nann:*:1::::::\n"),
    ("group", "users:x:100:\nphysics:x:60000:ann\n"),
    ("gshadow", "users:*::\nphysics:!::ann\n"),
    ("subuid", "ann:1000000:65536\n"),
    ("subgid", "ann:1000000:65536\n"),
];

fn owned() -> Owned {
    let account = OwnedAccount {
        name: "ann".to_owned(),
        uid: Uid::new(20_000).unwrap(),
        gid: 100,
        private_group: false,
        state: State::Active,
        applied: crate::model::owned::Applied::default(),
        subid: Some(1_000_000),
        absence: None,
    };
    let gone = OwnedAccount {
        name: "old".into(),
        uid: Uid::new(20_001).unwrap(),
        state: State::Removed,
        ..account.clone()
    };
    let group = OwnedGroup {
        name: "physics".into(),
        gid: Gid::new(60_000).unwrap(),
        state: State::Active,
        members: "ann".into(),
    };
    let id = |text| RemoteId::new(text).unwrap();
    Owned {
        accounts: [(id("u-1"), account), (id("u-2"), gone)].into(),
        groups: [(id("g-1"), group)].into(),
        ids: [20_000, 20_001, 60_000].into(),
        ..Owned::default()
    }
}

/// The faults of the files in which `from` is replaced by `to`.
fn faults(name: &str, from: &str, to: &str, owned: &Owned) -> Vec<String> {
    let file = |&(known, text): &(&'static str, &str)| {
        assert!(known != name || text.contains(from));
        let text = if known == name {
            text.replace(from, to)
        } else {
            text.to_owned()
        };
        let path = format!("/etc/{known}").into();
        Surveyed {
            name: known,
            path,
            written: true,
            required: true,
            exists: true,
            lines: Lines::new(text.into()),
            fault: None,
        }
    };
    let survey = Survey {
        files: FILES.iter().map(file).collect(),
        unswappable: None,
    };
    judge(&survey, owned)
        .into_iter()
        .map(|finding| finding.what)
        .collect()
}

#[test]
fn what_is_whole_is_not_mentioned() {
    assert_eq!(faults("", "", "", &owned()), Vec::<String>::new());
}

#[test]
fn each_fault_is_found_alone() {
    for (file, from, to, fault) in [
        ("passwd", "ann:x:20000", "ann:x:20009", Fault::OtherUid),
        (
            "passwd",
            "root:x:0:0::/:/bin/sh\n",
            "root:x:0:0::/:/bin/sh\nann:x:20000:100::/x:/bin/sh\n",
            Fault::Twice,
        ),
        (
            "passwd",
            "\nann:",
            "\nbob:x:20000:100::/:/bin/sh\nann:",
            Fault::SharedUid,
        ),
        (
            "passwd",
            "ann:x:20000:100",
            "ann:x:20000:101",
            Fault::NoPrimaryGroup,
        ),
        ("passwd", "ann:x:", "ann::", Fault::NoPassword),
        ("shadow", "ann:*:", "ann::", Fault::NoPassword),
        ("shadow", "ann:*:1", "ann:*", Fault::NoShadow),
        ("shadow", "ann:*", "ann:!*", Fault::ClosedByHand),
        ("subuid", "ann:", "bob:", Fault::NoSubids),
        ("subgid", "ann:", "bob:1065535:9\nann:", Fault::SubidsShared),
        ("group", "physics:x:60000:ann\n", "", Fault::GroupGone),
        (
            "group",
            "physics:x:60000",
            "physics:x:60001",
            Fault::OtherGid,
        ),
        (
            "group",
            "users:",
            "physics:x:60000:\nusers:",
            Fault::GroupTwice,
        ),
        ("group", "users:", "grid:x:60000:\nusers:", Fault::SharedGid),
        ("gshadow", "physics", "other", Fault::NoGshadow),
        ("group", "60000:ann", "60000:ann,who", Fault::StrangeMember),
        (
            "passwd",
            "\nann:",
            "\nnew:x:20001:100::/:/bin/sh\nann:",
            Fault::GivenAgain,
        ),
        ("group", "users:", "new:x:20001:\nusers:", Fault::GivenAgain),
    ] {
        let found = faults(file, from, to, &owned());
        assert_eq!(found.len(), 1, "{fault:?}: {found:?}");
        assert!(
            found[0].starts_with(fault.words().1),
            "{fault:?}: {found:?}"
        );
    }
    let found = faults(
        "passwd",
        "ann:x:20000:100::/home/ann:/bin/sh\n",
        "",
        &owned(),
    );
    assert!(
        found[0].starts_with(Fault::NotInPasswd.words().1) && found[1].contains("members"),
        "{found:?}"
    );
    let mut locked = owned();
    locked.accounts.values_mut().next().unwrap().state = State::Locked;
    assert!(faults("", "", "", &locked)[0].starts_with(Fault::Reopened.words().1));
    assert_eq!(
        faults("shadow", "ann:*:1::::::", "ann:!*:1:::::1:", &locked),
        Vec::<String>::new()
    );
}

#[test]
fn a_file_that_cannot_be_read_shows_nothing() {
    for name in ["passwd", "shadow", "group", "gshadow", "subuid", "subgid"] {
        let file = |&(known, text): &(&'static str, &str)| {
            let fault = (known == name).then(|| "a link".to_owned());
            let lines = Lines::new(if known == name {
                Vec::new()
            } else {
                text.into()
            });
            Surveyed {
                name: known,
                path: known.into(),
                written: true,
                required: true,
                exists: true,
                lines,
                fault,
            }
        };
        let survey = Survey {
            files: FILES.iter().map(file).collect(),
            unswappable: None,
        };
        assert_eq!(judge(&survey, &owned()), [], "{name}");
    }
}

#[test]
fn a_host_without_gshadow_lacks_nothing() {
    let file = |&(name, text): &(&'static str, &str)| {
        let (exists, text) = (name != "gshadow", if name == "gshadow" { "" } else { text });
        let path = format!("/etc/{name}").into();
        Surveyed {
            name,
            path,
            written: true,
            required: true,
            exists,
            lines: Lines::new(text.into()),
            fault: None,
        }
    };
    let survey = Survey {
        files: FILES.iter().map(file).collect(),
        unswappable: None,
    };
    assert_eq!(judge(&survey, &owned()), []);
}

#[test]
fn a_home_is_a_directory_of_its_account() {
    assert_eq!(home_fault(Some(Owner::Directory(7)), 7, true, true), None);
    assert_eq!(
        home_fault(Some(Owner::Directory(8)), 7, true, true),
        Some(Fault::OthersHome)
    );
    assert_eq!(
        home_fault(Some(Owner::Directory(8)), 7, true, false),
        None,
        "nobody could change that"
    );
    assert_eq!(
        home_fault(Some(Owner::NotADirectory), 7, true, true),
        Some(Fault::OthersHome)
    );
    assert_eq!(home_fault(None, 7, true, true), Some(Fault::NoHome));
    assert_eq!(home_fault(None, 7, false, true), None);
}

#[test]
fn many_names_are_one_finding() {
    let found: Found = [(
        Fault::NoHome,
        (0..1000).map(|n| format!("u{n:04}\n")).collect(),
    )]
    .into();
    let told = findings(found);
    assert!(
        told.len() == 1 && told[0].what.contains("1000 (u0000\\n, u0001\\n"),
        "{told:?}"
    );
}
