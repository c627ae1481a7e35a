//! What is taken out of the files once passwd has changed.

use std::collections::BTreeSet;

use super::super::db::Db;
use super::super::sheet::{Sheet, change_members};
use crate::formats::group::names;
use crate::formats::{BadField, GroupLine, GshadowLine};
use crate::plan::Change;

/// Takes removed accounts, and the former names of renamed ones, out of everything but passwd.
pub(super) fn strip(db: Db, sheet: &mut Sheet<'_>, changes: &[Change]) -> Result<(), BadField> {
    let removed = changes.iter().filter_map(|change| match change {
        Change::RemoveAccount {
            name,
            private_group,
            ..
        } => Some((name.as_str(), true, *private_group)),
        Change::RenameAccount(rename) => Some((rename.from.as_str(), true, rename.private_group)),
        Change::RemoveGroup { name, .. } | Change::RenameGroup { from: name, .. } => {
            Some((name.as_str(), false, true))
        }
        _ => None,
    });
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
        let name = line.split(|&b| b == b':').next().unwrap_or_default();
        match db {
            Db::Shadow | Db::Subuid | Db::Subgid if gone.contains(name) => {
                sheet.editor.remove(number)
            }
            Db::Group | Db::Gshadow if gone_groups.contains(name) => sheet.editor.remove(number),
            Db::Group => {
                let Some(mut group) =
                    GroupLine::parse(line).filter(|g| names(g.members).any(|m| gone.contains(m)))
                else {
                    continue;
                };
                let members = change_members(group.members, &[], &gone);
                group.members = &members;
                sheet.editor.replace(number, group.to_line()?);
            }
            Db::Gshadow => {
                let touches = |g: &GshadowLine<'_>| {
                    names(g.members)
                        .chain(names(g.admins))
                        .any(|m| gone.contains(m))
                };
                let Some(mut group) = GshadowLine::parse(line).filter(touches) else {
                    continue;
                };
                let (members, admins) = (
                    change_members(group.members, &[], &gone),
                    change_members(group.admins, &[], &gone),
                );
                (group.members, group.admins) = (&members, &admins);
                sheet.editor.replace(number, group.to_line()?);
            }
            _ => {}
        }
    }
    Ok(())
}
