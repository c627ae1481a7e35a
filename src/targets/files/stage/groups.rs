//! The lines of group(5) and gshadow(5).

use std::collections::BTreeSet;

use super::super::sheet::{Known, Sheet, change_members};
use crate::formats::{BadField, GroupLine, GshadowLine};
use crate::model::UserName;
use crate::plan::Change;
use crate::plan::effects::{Lines, Members, effects};

/// What a change does to a group: its name, its gid if it has to be made, who comes and who goes.
type GroupChange<'a> = (&'a str, Option<u32>, &'a [UserName], BTreeSet<&'a [u8]>);

fn group_change(change: &Change) -> Option<GroupChange<'_>> {
    let effects = effects(change);
    let gid = match effects.lines {
        Lines::NewAccount(new) if new.private_group => Some(new.gid.get()),
        Lines::NewGroup(gid) => Some(gid.get()),
        Lines::Members => None,
        Lines::NewAccount(_)
        | Lines::Stay
        | Lines::Fields(_)
        | Lines::Lock
        | Lines::Unlock
        | Lines::Rename(_)
        | Lines::RemoveAccount { .. }
        | Lines::RemoveGroup => return None,
    };
    let Members { come, go } = effects.members;
    let go = go.iter().map(String::as_bytes).collect();
    Some((change.name(), gid, come, go))
}

pub(super) fn group(sheet: &mut Sheet<'_>, changes: &[Change]) -> Result<(), BadField> {
    for (name, gid, add, remove) in changes.iter().filter_map(group_change) {
        let at = sheet.find(name);
        let new = match (&at, gid) {
            (Some((_, old)), _) => {
                let Some(mut line) = GroupLine::parse(old) else {
                    continue;
                };
                let members = change_members(line.members, add, &remove);
                line.members = &members;
                line.to_line()?
            }
            (None, Some(gid)) => {
                let members = change_members(b"", add, &remove);
                GroupLine {
                    name: name.as_bytes(),
                    password: b"x",
                    gid,
                    members: &members,
                }
                .to_line()?
            }
            (None, None) => continue,
        };
        sheet.put(at, new);
    }
    Ok(())
}

pub(super) fn gshadow(
    sheet: &mut Sheet<'_>,
    changes: &[Change],
    known: &Known<'_>,
) -> Result<(), BadField> {
    for (name, gid, add, remove) in changes.iter().filter_map(group_change) {
        let at = sheet.find(name);
        let is_known = known.groups.contains(name.as_bytes());
        let new = match (&at, gid) {
            (Some((_, old)), _) if is_known || gid.is_none() => {
                let Some(mut line) = GshadowLine::parse(old) else {
                    continue;
                };
                let members = change_members(line.members, add, &remove);
                line.members = &members;
                line.to_line()?
            }
            (_, Some(_)) => {
                let members = change_members(b"", add, &remove);
                GshadowLine {
                    name: name.as_bytes(),
                    password: b"!",
                    admins: b"",
                    members: &members,
                }
                .to_line()?
            }
            (_, None) => continue,
        };
        sheet.put(at, new);
    }
    Ok(())
}
