//! What is taken out of the files once passwd has changed.

use std::collections::BTreeSet;

use super::super::db::Db;
use super::super::sheet::{Sheet, change_members};
use crate::formats::group::names;
use crate::formats::{BadField, GroupLine, GshadowLine, name_of};
use crate::plan::Change;
use crate::plan::effects::{Lines, effects};

/// A name that stands in the databases no more after a change; whether an account had it, and whether a group.
pub(super) fn former_name(change: &Change) -> Option<(&str, bool, bool)> {
    match effects(change).lines {
        Lines::RemoveAccount { private_group } => Some((change.name(), true, private_group)),
        Lines::RemoveGroup => Some((change.name(), false, true)),
        Lines::Rename(rename) => Some((
            rename.from.as_str(),
            rename.account.is_some(),
            rename.has_group(),
        )),
        Lines::Stay
        | Lines::NewAccount(_)
        | Lines::NewGroup(_)
        | Lines::Fields(_)
        | Lines::Lock
        | Lines::Unlock
        | Lines::Members => None,
    }
}

/// Takes removed accounts, and the former names of renamed ones, out of everything but passwd.
pub(super) fn strip(db: Db, sheet: &mut Sheet<'_>, changes: &[Change]) -> Result<(), BadField> {
    let removed = changes.iter().filter_map(former_name);
    let removed: Vec<_> = removed
        .map(|(name, account, group)| (name.as_bytes(), account, group))
        .collect();
    let gone: BTreeSet<&[u8]> = removed
        .iter()
        .filter(|(_, account, _)| *account)
        .map(|(name, ..)| *name)
        .collect();
    let gone_groups: BTreeSet<&[u8]> = removed
        .iter()
        .filter(|(.., group)| *group)
        .map(|(name, ..)| *name)
        .collect();
    for (number, line) in sheet.lines.entries() {
        let name = name_of(line);
        match db {
            Db::Shadow | Db::Subuid | Db::Subgid if gone.contains(name) => {
                sheet.editor.remove(number)
            }
            Db::Group | Db::Gshadow if gone_groups.contains(name) => sheet.editor.remove(number),
            Db::Group => without_group_members(sheet, number, line, &gone)?,
            Db::Gshadow => without_gshadow_members(sheet, number, line, &gone)?,
            _ => {}
        }
    }
    Ok(())
}

/// Takes members out of a line of group(5), if any of them is in it.
fn without_group_members(
    sheet: &mut Sheet<'_>,
    number: usize,
    line: &[u8],
    gone: &BTreeSet<&[u8]>,
) -> Result<(), BadField> {
    let touches = |group: &GroupLine<'_>| names(group.members).any(|member| gone.contains(member));
    let Some(mut group) = GroupLine::parse(line).filter(touches) else {
        return Ok(());
    };
    let members = change_members(group.members, &[], gone);
    group.members = &members;
    sheet.editor.replace(number, group.to_line()?);
    Ok(())
}

/// The same for a line of gshadow(5), which has administrators, too.
fn without_gshadow_members(
    sheet: &mut Sheet<'_>,
    number: usize,
    line: &[u8],
    gone: &BTreeSet<&[u8]>,
) -> Result<(), BadField> {
    let touches = |group: &GshadowLine<'_>| {
        let mut all = names(group.members).chain(names(group.admins));
        all.any(|member| gone.contains(member))
    };
    let Some(mut group) = GshadowLine::parse(line).filter(touches) else {
        return Ok(());
    };
    let (members, admins) = (
        change_members(group.members, &[], gone),
        change_members(group.admins, &[], gone),
    );
    (group.members, group.admins) = (&members, &admins);
    sheet.editor.replace(number, group.to_line()?);
    Ok(())
}
