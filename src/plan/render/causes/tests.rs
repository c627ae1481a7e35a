use super::*;
use crate::model::history::EntryKind;
use crate::model::name::BadName;
use crate::model::{RemoteId, Untrusted};

fn shell(name: &str, wished: &str) -> Remark {
    let (wished, gets) = (Untrusted::new(wished), "/usr/sbin/nologin".to_owned());
    Remark::new(name, Reason::ShellNotAllowed { wished, gets })
}

fn refused(name: &str, reason: Reason) -> Refusal {
    Refusal {
        id: RemoteId::new("u-1"),
        subject: Untrusted::new(name),
        reason,
    }
}

fn dot(name: &str) -> Refusal {
    let (kind, why) = (EntryKind::Account, BadName::Dot);
    let name = Untrusted::new(name);
    refused(
        name.raw(),
        Reason::BadName {
            kind,
            name: name.clone(),
            why,
        },
    )
}

#[test]
fn what_is_said_of_several_is_one_line_with_what_is_each_ones_own() {
    let mut all: Vec<Remark> = (0..500)
        .map(|n| shell(&format!("p{n}"), &format!("/opt/sh{n}")))
        .collect();
    all.push(Remark::new("ann", Reason::StaysLocked));
    let many = "  note 500: has a shell that is not in /etc/shells; gets /usr/sbin/nologin: p0 (`/opt/sh0`), \
                p1 (`/opt/sh1`), p2 (`/opt/sh2`), p3 (`/opt/sh3`), p4 (`/opt/sh4`) and 495 more";
    let ann = "  note ann: stays locked, as it is";
    assert_eq!(lines(&all, Detail::Some), [many, ann]);
    assert_eq!(lines(&all, Detail::Each).len(), 501);
    assert_eq!(
        lines(&all, Detail::Each)[0],
        "  note p0: has the shell `/opt/sh0`, which is not in /etc/shells; gets /usr/sbin/nologin"
    );
    assert!(lines(&[] as &[Remark], Detail::Some).is_empty());
}

#[test]
fn hundreds_who_are_refused_for_one_cause_are_one_line() {
    let all: Vec<Refusal> = (0..231).map(|n| dot(&format!("a.{n}"))).collect();
    assert_eq!(
        lines(&all, Detail::Causes),
        [
            "x 231 refused: the name has a dot; `dots = true` in [accounts] lets it in: a.0, a.1, a.2, a.3, a.4 and \
          226 more"
        ]
    );
}

#[test]
fn a_refusal_says_whose_it_is() {
    let of = |id, subject: &str| {
        refusal(&Refusal {
            id,
            subject: Untrusted::new(subject),
            reason: Reason::SameId,
        })
    };
    let id = RemoteId::new("u-1").unwrap();
    assert_eq!(
        of(Some(id.clone()), "ann"),
        "x refuse ann (u-1): two records have this id"
    );
    assert_eq!(of(None, "ann"), "x refuse ann: two records have this id");
    assert_eq!(
        of(Some(id), ""),
        "x refuse a record without a name (u-1): two records have this id"
    );
}

#[test]
fn one_cause_on_the_host_is_told_once_whatever_was_to_be_done_there() {
    let unseen = |why: &str| Reason::NotSeen {
        why: why.to_owned(),
    };
    let base = || Reason::HomeBaseMissing {
        base: "/nfs".to_owned(),
    };
    let why = base().boxed();
    let all = [
        refused("ann", unseen("no answer")),
        refused("bob", Reason::SameId),
        refused("cat", base()),
        refused("dan", unseen("no answer")),
        refused("eve", Reason::NotArchived { why }),
        refused("", Reason::SameId),
    ];
    let base = base();
    assert_eq!(
        lines(&all, Detail::Some),
        [
            "x 2 refused: no answer: ann, dan".to_owned(),
            "x 2 refused: two records have this id: bob, a record without a name".to_owned(),
            format!("x 2 refused: {base}: cat, eve"),
        ]
    );
}

#[test]
fn who_should_be_out_and_is_not_is_never_one_of_many() {
    let stays = |name: &str| {
        let why = Reason::LineMalformed.boxed();
        let name = name.to_owned();
        refused(&name.clone(), Reason::NotLocked { why, name })
    };
    let all: Vec<Refusal> = (0..30).map(|n| stays(&format!("p{n}"))).collect();
    assert_eq!(lines(&all, Detail::Causes).len(), 30);
    // A limit of lines holds back none of them either.
    assert_eq!(lines(&all, Detail::Some).len(), 30);
}

#[test]
fn a_run_tells_some_of_each_kind_and_the_number_of_the_rest() {
    let record = |n: usize| {
        let said = format!("its `uid` is {n}.5");
        refused(&format!("p{n}"), Reason::Record { said })
    };
    let all: Vec<Refusal> = (0..500).map(record).collect();
    let told = lines(&all, Detail::Some);
    assert_eq!(told.len(), 21);
    assert_eq!(
        told[20],
        "x 480 more refused for reasons of the kind `record`; -v shows them all"
    );
    assert_eq!(lines(&all, Detail::Causes).len(), 500);
}
