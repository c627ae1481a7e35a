//! The new names of accounts and groups in the files.
//!
//! A line keeps its place and its other fields; in lists of members the new name comes last, as usermod(8) puts it.
//! Beside the new lines of shadow, gshadow, subuid and subgid, and the new name in lists, the old ones stay until passwd
//! has changed: nobody is ever seen without the rest. A file that has the new name already, by a rename that was broken
//! off, keeps it if passwd or group has it too; else it is a left-over of somebody else, and goes.

use super::super::db::Db;
use super::super::sheet::{Known, Sheet, joined};
use crate::formats::group::names;
use crate::formats::{BadField, GroupLine, GshadowLine};
use crate::plan::{Change, effects};

/// One old name and the new one.
struct Pair<'a> {
    from: &'a [u8],
    to: &'a [u8],
    /// Whether the new one stands already, in passwd or in group.
    is_begun: bool,
}

/// Makes the first half of all renames in one file.
pub(super) fn rename<'a>(
    db: Db,
    sheet: &mut Sheet<'a>,
    changes: &'a [Change],
    known: &Known<'_>,
) -> Result<(), BadField> {
    let (mut accounts, mut groups) = (Vec::new(), Vec::new());
    for rename in changes
        .iter()
        .filter_map(|change| effects(change).lines.rename())
    {
        let (from, to) = (
            rename.from.as_str().as_bytes(),
            rename.to.as_str().as_bytes(),
        );
        if rename.account.is_some() {
            accounts.push(Pair {
                from,
                to,
                is_begun: known.accounts.contains(to),
            });
        }
        if rename.has_group() {
            groups.push(Pair {
                from,
                to,
                is_begun: known.groups.contains(to),
            });
        }
    }
    if matches!(db, Db::Group | Db::Gshadow) {
        members(db, sheet, &accounts)?;
    }
    let pairs = if matches!(db, Db::Group | Db::Gshadow) {
        &groups
    } else {
        &accounts
    };
    // passwd and group say who and what there is; only they change at once.
    let stays = !matches!(db, Db::Passwd | Db::Group);
    for pair in pairs {
        lines(sheet, pair, stays);
    }
    Ok(())
}

/// Renames the lines of one name. `stays`: whether the old ones stay beside the new ones for now.
fn lines<'a>(sheet: &mut Sheet<'a>, pair: &Pair<'a>, stays: bool) {
    let numbers = |name| -> Vec<usize> {
        let named = sheet.lines.named(name);
        named.map(|(number, _)| number).collect()
    };
    let (old, new) = (numbers(pair.from), numbers(pair.to));
    if pair.is_begun && !new.is_empty() {
        if !stays {
            old.into_iter()
                .for_each(|number| sheet.editor.remove(number));
        }
        return;
    }
    new.into_iter()
        .for_each(|number| sheet.editor.remove(number));
    sheet.index.remove(&pair.to);
    for &number in &old {
        let Some(line) = sheet
            .editor
            .current(sheet.lines, number)
            .map(<[u8]>::to_vec)
        else {
            continue;
        };
        let rest = line
            .iter()
            .position(|&b| b == b':')
            .map_or(&b""[..], |colon| &line[colon..]);
        let renamed = [pair.to, rest].concat();
        if stays {
            sheet.editor.put_before(number, line);
        }
        sheet.editor.replace(number, renamed);
    }
    if let Some(&first) = old.first() {
        sheet.index.remove(&pair.from);
        sheet.index.insert(pair.to, first);
    }
}

/// Puts new names beside old ones in all lists of members, and of administrators.
fn members(db: Db, sheet: &mut Sheet<'_>, pairs: &[Pair<'_>]) -> Result<(), BadField> {
    for (number, line) in sheet.lines.entries() {
        let touches = |list: &[u8]| {
            names(list).any(|name| {
                pairs
                    .iter()
                    .any(|pair| name == pair.from || name == pair.to)
            })
        };
        let new = match db {
            Db::Group => {
                let Some(mut group) = GroupLine::parse(line).filter(|group| touches(group.members))
                else {
                    continue;
                };
                let members = list(group.members, pairs);
                group.members = &members;
                group.to_line()?
            }
            _ => {
                let touches =
                    |group: &GshadowLine<'_>| touches(group.members) || touches(group.admins);
                let Some(mut group) = GshadowLine::parse(line).filter(touches) else {
                    continue;
                };
                let (admins, members) = (list(group.admins, pairs), list(group.members, pairs));
                (group.admins, group.members) = (&admins, &members);
                group.to_line()?
            }
        };
        if new != line {
            sheet.editor.replace(number, new);
        }
    }
    Ok(())
}

/// A list with new names besides the old ones. A new name whose old one is not there is somebody else's left-over.
fn list(found: &[u8], pairs: &[Pair<'_>]) -> Vec<u8> {
    let mut out: Vec<&[u8]> = names(found).collect();
    for pair in pairs {
        let has_old = out.contains(&pair.from);
        if !pair.is_begun {
            out.retain(|name| *name != pair.to);
        }
        if has_old && !out.contains(&pair.to) {
            out.push(pair.to);
        }
    }
    joined(out.into_iter())
}
