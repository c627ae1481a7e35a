use super::*;

const US: u32 = 1000;

fn node(path: &str, kind: Kind, uid: u32, mode: u32) -> Node {
    Node {
        path: path.into(),
        kind,
        uid,
        gid: 50,
        mode,
        links: 1,
    }
}

fn worst(need: Need, file: (u32, u32), dir: (u32, u32), top: (u32, u32)) -> Option<Severity> {
    let kind = if need == Need::Private {
        Kind::Directory
    } else {
        Kind::File
    };
    let above = vec![
        node("/t/d", Kind::Directory, dir.0, dir.1),
        node("/t", Kind::Directory, top.0, top.1),
    ];
    let chain = Chain {
        node: node("/t/d/f", kind, file.0, file.1),
        above,
    };
    let one = Trusted {
        what: "x",
        path: "/t/d/f".into(),
        need,
        must_be: true,
        found: Ok(Some(chain)),
    };
    judge(&one, US).iter().map(|finding| finding.severity).min()
}

#[test]
fn files_are_judged_by_what_they_are_for() {
    let (ok, problem, warning) = (None, Some(Severity::Problem), Some(Severity::Warning));
    let dir = (0, 0o755);
    for (need, file, wanted) in [
        (Need::Strict, (0, 0o644), ok),
        (Need::Strict, (US, 0o600), ok),
        (Need::Strict, (7, 0o600), problem),
        (Need::Strict, (0, 0o664), problem),
        (Need::Strict, (0, 0o646), problem),
        (Need::Secret, (0, 0o600), ok),
        (Need::Secret, (0, 0o640), problem),
        (Need::Secret, (0, 0o604), problem),
        (Need::Source(None), (7, 0o644), problem),
        (Need::Source(Some(7)), (7, 0o644), ok),
        (Need::Source(Some(7)), (8, 0o644), problem),
        (Need::Source(Some(7)), (7, 0o664), problem),
        (Need::Words, (7, 0o664), warning),
        (Need::Private, (US, 0o700), ok),
        (Need::Private, (0, 0o700), problem),
        (Need::Private, (US, 0o755), warning),
        (Need::Private, (US, 0o770), problem),
        (Need::Own, (US, 0o600), ok),
        (Need::Own, (US, 0o644), problem),
        (Need::Lock, (US, 0o600), ok),
        (Need::Lock, (US, 0o640), problem),
        (Need::Host, (0, 0o755), ok),
        (Need::Host, (0, 0o777), problem),
        (Need::HostSecret, (0, 0o640), ok),
        (Need::HostSecret, (0, 0o644), problem),
    ] {
        assert_eq!(worst(need, file, dir, dir), wanted, "{need:?} {file:?}");
    }
}

#[test]
fn a_directory_anywhere_above_counts() {
    let (ok, problem, warning) = (None, Some(Severity::Problem), Some(Severity::Warning));
    let (file, dir) = ((0, 0o600), (0, 0o755));
    for (near, far, wanted) in [
        (dir, dir, ok),
        (dir, (0, 0o1777), ok),
        (dir, (0, 0o777), problem),
        (dir, (0, 0o775), problem),
        (dir, (9, 0o755), problem),
        ((0, 0o775), dir, problem),
        ((US, 0o700), dir, ok),
    ] {
        assert_eq!(
            worst(Need::Secret, file, near, far),
            wanted,
            "{near:?} {far:?}"
        );
    }
    assert_eq!(
        worst(Need::Host, (0, 0o755), (0, 0o775), dir),
        warning,
        "a folder of a group's"
    );
}

#[test]
fn what_is_named_must_be_there_and_what_is_not_need_not() {
    let one = |must_be| Trusted {
        what: "x",
        path: "/a".into(),
        need: Need::Secret,
        must_be,
        found: Ok(None),
    };
    assert_eq!(judge(&one(true), US)[0].severity, Severity::Problem);
    assert!(judge(&one(false), US).is_empty());
}

#[test]
fn files_of_a_directory_are_told_together() {
    let file = |name: &str, uid, mode| node(name, Kind::File, uid, mode);
    let all = [
        file("/k/a", 0, 0o666),
        file("/k/b", 7, 0o646),
        file("/k/c", US, 0o644),
    ];
    let told = |need| {
        let found = inside("files", need, &all, US).into_iter();
        found
            .map(|f| (f.severity, f.what, f.fix))
            .collect::<Vec<_>>()
    };
    let wanted = [
        (
            Severity::Problem,
            "files that others may write: 2 (/k/a, /k/b)",
            "chmod go-w /k/a   # and the others",
        ),
        (
            Severity::Problem,
            "files that do not belong to root: 1 (/k/b)",
            "chown 1000 /k/b",
        ),
    ];
    let wanted = wanted.map(|(severity, what, fix)| (severity, what.to_owned(), fix.to_owned()));
    assert_eq!(told(Need::Host), wanted);
    assert_eq!(told(Need::Words)[1].0, Severity::Warning);
    assert!(inside("files", Need::Host, &all[2..], US).is_empty());
}

#[test]
fn a_file_of_our_own_has_one_name() {
    let node = Node {
        links: 2,
        ..node("/f", Kind::File, US, 0o600)
    };
    assert_eq!(itself("x", Need::Own, &node, US).len(), 1);
}
