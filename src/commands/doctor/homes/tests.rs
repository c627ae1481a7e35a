use super::*;
use crate::commands::doctor::report::Severity;

fn node(path: &str, kind: Kind, uid: u32, mode: u32) -> Node {
    Node {
        path: path.into(),
        kind,
        uid,
        gid: 5,
        mode,
        links: 1,
    }
}

fn base() -> Base {
    let above = vec![node("/", Kind::Directory, 0, 0o755)];
    Base {
        path: "/home".into(),
        main: true,
        found: Some(Chain {
            node: node("/home", Kind::Directory, 0, 0o755),
            above,
        }),
        room: Some(Room {
            read_only: false,
            no_exec: false,
            size: 100 << 30,
            free: 50 << 30,
            files: 1000,
            files_free: 900,
        }),
        closed: None,
        kind: Some("ext4".to_owned()),
        demanded: false,
        mounted: false,
    }
}

fn sound() -> Facts {
    Facts {
        us: 0,
        made: true,
        mode: 0o700,
        bases: vec![base()],
        skeleton: Some(vec![
            node("/etc/skel", Kind::Directory, 0, 0o755),
            node("/etc/skel/.profile", Kind::File, 0, 0o644),
        ]),
        skeleton_path: "/etc/skel".into(),
        shell: Shell {
            path: "/bin/bash".to_owned(),
            listed: true,
            there: true,
        },
        no_lock_shell: None,
        lost: BTreeMap::new(),
    }
}

fn told(facts: &Facts) -> Vec<Severity> {
    judge(facts)
        .into_iter()
        .map(|finding| finding.severity)
        .collect()
}

#[track_caller]
fn with_base(change: impl FnOnce(&mut Base)) -> Vec<Severity> {
    let mut base = base();
    change(&mut base);
    told(&Facts {
        bases: vec![base],
        ..sound()
    })
}

#[test]
fn sound_homes_are_not_mentioned() {
    assert_eq!(told(&sound()), []);
}

#[test]
fn a_base_must_be_there_and_belong_to_root() {
    use Severity::{Problem, Warning};
    let chain = |node| {
        Some(Chain {
            node,
            above: vec![],
        })
    };
    assert_eq!(with_base(|b| b.found = None), [Problem]);
    assert_eq!(with_base(|b| (b.found, b.main) = (None, false)), [Warning]);
    assert_eq!(
        with_base(|b| b.found = chain(node("/home", Kind::File, 0, 0o644))),
        [Problem]
    );
    assert_eq!(
        with_base(|b| b.found = chain(node("/home", Kind::Directory, 7, 0o755))),
        [Problem]
    );
    assert_eq!(
        with_base(|b| b.found = chain(node("/home", Kind::Directory, 0, 0o1777))),
        [Problem]
    );
    assert_eq!(
        with_base(|b| b.found = chain(node("/home", Kind::Directory, 0, 0o775))),
        [Problem]
    );
    let above = vec![
        node("/srv", Kind::Directory, 0, 0o1777),
        node("/", Kind::Directory, 9, 0o755),
    ];
    let nested = Some(Chain {
        node: node("/srv/home", Kind::Directory, 0, 0o755),
        above,
    });
    assert_eq!(
        with_base(|b| b.found = nested),
        [Problem, Problem],
        "those above count, too"
    );
    assert_eq!(with_base(|b| b.demanded = true), [Problem]);
    assert_eq!(with_base(|b| (b.demanded, b.mounted) = (true, true)), []);
}

#[test]
fn a_file_system_must_take_homes() {
    use Severity::{Note, Problem, Warning};
    let room = base().room.unwrap();
    assert_eq!(
        with_base(|b| b.room = Some(Room {
            read_only: true,
            ..room
        })),
        [Problem]
    );
    assert_eq!(with_base(|b| b.closed = Some(Closed::Immutable)), [Problem]);
    assert_eq!(
        with_base(|b| b.room = Some(Room {
            no_exec: true,
            ..room
        })),
        [Note]
    );
    assert_eq!(
        with_base(|b| b.room = Some(Room { free: 4096, ..room })),
        [Problem]
    );
    assert_eq!(
        with_base(|b| b.room = Some(Room {
            free: 500 << 20,
            ..room
        })),
        [Warning]
    );
    assert_eq!(
        with_base(|b| b.room = Some(Room {
            free: 500 << 20,
            size: 1 << 30,
            ..room
        })),
        [],
        "a small one"
    );
    assert_eq!(
        with_base(|b| b.room = Some(Room {
            files_free: 0,
            ..room
        })),
        [Problem]
    );
    assert_eq!(
        with_base(|b| b.room = Some(Room {
            files: 0,
            files_free: 0,
            ..room
        })),
        [],
        "it does not count files"
    );
    assert_eq!(with_base(|b| b.kind = Some("nfs4".to_owned())), [Note]);
}

#[test]
fn the_skeleton_is_roots() {
    use Severity::{Note, Problem, Warning};
    let with = |more: Node| {
        let mut facts = sound();
        facts
            .skeleton
            .iter_mut()
            .for_each(|all| all.push(more.clone()));
        told(&facts)
    };
    assert_eq!(
        told(&Facts {
            skeleton: None,
            ..sound()
        }),
        [Note]
    );
    assert_eq!(
        with(node("/etc/skel/.bashrc", Kind::File, 0, 0o666)),
        [Problem]
    );
    assert_eq!(
        with(node("/etc/skel/.bashrc", Kind::File, 1000, 0o644)),
        [Problem]
    );
    assert_eq!(with(node("/etc/skel/link", Kind::Link, 0, 0o777)), []);
    assert_eq!(
        with(node("/etc/skel/.ssh/authorized_keys", Kind::File, 0, 0o600)),
        [Warning]
    );
    assert_eq!(with(node("/etc/skel/fifo", Kind::Other, 0, 0o644)), [Note]);
    assert_eq!(
        told(&Facts {
            skeleton: None,
            made: false,
            ..sound()
        }),
        []
    );
}

#[test]
fn a_shell_is_a_program_and_listed() {
    let with = |path: &str, listed, there| {
        told(&Facts {
            shell: Shell {
                path: path.to_owned(),
                listed,
                there,
            },
            ..sound()
        })
    };
    assert_eq!(with("/bin/zsh", true, false), [Severity::Problem]);
    assert_eq!(with("/bin/zsh", false, true), [Severity::Warning]);
    assert_eq!(with("/usr/sbin/nologin", false, true), []);
    let lost = [("/bin/tcsh\n".to_owned(), vec!["ann".to_owned()])].into();
    let found = judge(&Facts { lost, ..sound() });
    assert!(
        found.len() == 1
            && found[0].what.contains("/bin/tcsh\\n")
            && found[0].severity == Severity::Problem
    );
    assert_eq!(
        told(&Facts {
            mode: 0o755,
            ..sound()
        }),
        [Severity::Note]
    );
}
