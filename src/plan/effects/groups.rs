//! What the deeds mean that are done to groups.

use super::{Count, Effects, Gives, Lines, Members, Part, Presence, Takes, losing, of};
use crate::model::history::EntryKind;
use crate::model::owned::Loss;
use crate::model::{Gid, Key, Name, UserName};
use crate::plan::deed::{MemberChange, Number};
use crate::plan::hook_event::Event;

pub(super) fn create<'a>(name: &'a Name, gid: Gid, members: &'a [UserName]) -> Effects<'a> {
    Effects {
        presence: Presence::Comes,
        number: Some(Number::Gid(gid)),
        gives: Gives {
            name: Some(name),
            number: Some(Number::Gid(gid)),
            ..Gives::default()
        },
        members: Members {
            come: members,
            go: &[],
        },
        lines: Lines::NewGroup(gid),
        ..of("create-group", Count::Created, Some(Event::Created))
    }
}

pub(super) fn remove(gid: Gid, members: &[String]) -> Effects<'_> {
    Effects {
        number: Some(Number::Gid(gid)),
        part: Part::Clearing,
        presence: Presence::Goes { with_home: false },
        takes: Takes {
            members: Some((members, 0)),
            loss: Some(Loss::Group),
            all_keys: false,
        },
        members: Members {
            come: &[],
            go: members,
        },
        lines: Lines::RemoveGroup,
        ..of("remove-group", Count::Removed, Some(Event::Removed))
    }
}

pub(super) fn empty(members: &[String]) -> Effects<'_> {
    Effects {
        part: Part::Closing,
        takes: losing(Loss::Group),
        members: Members {
            come: &[],
            go: members,
        },
        lines: Lines::Members,
        ..of("empty-group", Count::Changed, Some(Event::Updated))
    }
}

pub(super) fn change_members(kind: EntryKind, change: &MemberChange) -> Effects<'_> {
    let MemberChange {
        privileged,
        add,
        remove,
        wanted,
    } = change;
    let members = Members {
        come: add,
        go: remove,
    };
    Effects {
        // Whoever goes does not wait for who comes.
        part: if remove.is_empty() {
            Part::Opening
        } else {
            Part::Closing
        },
        // Neither: only the ledger learns something.
        event: Some(Event::Updated).filter(|_| !members.is_empty()),
        gives: Gives {
            power: if *privileged == Some(true) { add } else { &[] },
            ..Gives::default()
        },
        takes: Takes {
            members: Some((remove, wanted.len())),
            ..Takes::default()
        },
        members,
        lines: Lines::Members,
        ..of(
            match kind {
                EntryKind::LocalGroup => "change-local-members",
                EntryKind::Group | EntryKind::Account => "change-members",
            },
            Count::Changed,
            None,
        )
    }
}

pub(super) fn adopt<'a>(gid: Gid, was: Option<&'a Key>, add: &'a [UserName]) -> Effects<'a> {
    Effects {
        was,
        number: Some(Number::Gid(gid)),
        event: Some(Event::Updated).filter(|_| !add.is_empty()),
        members: Members { come: add, go: &[] },
        lines: match add.is_empty() {
            true => Lines::Stay,
            false => Lines::Members,
        },
        ..of("adopt-group", Count::Adopted, None)
    }
}
