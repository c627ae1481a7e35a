//! From an approved plan to the exact new bytes of every file.
//!
//! Pure but for what was read before. Lines are found by name and changed field by field; what is not gosync's keeps
//! its bytes. Accounts are removed in two passes: passwd first, so that nobody is seen without the rest.

mod shadow;

use std::collections::{BTreeMap, BTreeSet};

use super::read::{Current, name_of};
use super::rename::rename;
use super::{Database, Db, Local, LocalError, extrausers};
use crate::formats::group::names;
use crate::formats::{BadField, Editor, GroupLine, GshadowLine, Lines, PasswdLine, SubidLine};
use crate::model::{Uid, UserName};
use crate::plan::{Approved, Change, FieldChange, HomeFate, NewAccount, Plan, Rename};
use crate::policy::Field;
use shadow::{shadow, shut_or_opened};

/// Everything new, exactly. Made from an [`Approved`] plan alone.
#[derive(Debug)]
pub struct Staged {
    approved: Approved,
    /// New versions of each file that changes.
    pub(super) files: BTreeMap<Db, Versions>,
}

/// New versions of one file, in the order in which they replace each other; one of them at least.
#[derive(Debug)]
pub(super) struct Versions {
    /// What is in place before passwd changes.
    pub first: Option<Vec<u8>>,
    /// What is in place after passwd has changed: without what removed accounts needed until then.
    pub last: Option<Vec<u8>>,
}

impl Versions {
    /// The file when all is done.
    pub(super) fn newest(&self) -> Option<&[u8]> {
        self.last.as_deref().or(self.first.as_deref())
    }
}

impl Staged {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        self.approved.plan()
    }

    /// The plan, when nothing more is to be done with it.
    pub fn into_plan(self) -> Plan {
        self.approved.into_plan()
    }

    /// Homes that have to be made, with their uids and gids.
    pub(super) fn homes(&self) -> impl Iterator<Item = (&str, Uid, u32)> {
        self.plan()
            .changes
            .iter()
            .filter_map(|change| match change {
                Change::CreateAccount(new) if new.make_home => {
                    Some((new.home.as_str(), new.uid, new.gid.get()))
                }
                Change::MakeHome { uid, gid, home, .. } => Some((home.as_str(), *uid, *gid)),
                _ => None,
            })
    }

    /// Homes that go.
    pub(super) fn homes_to_go(&self) -> impl Iterator<Item = HomeToGo<'_>> {
        self.plan()
            .changes
            .iter()
            .filter_map(|change| match change {
                Change::RemoveAccount {
                    name, uid, home, ..
                } => {
                    let (path, pack) = match home {
                        HomeFate::Keep | HomeFate::Gone => return None,
                        HomeFate::Remove { path } => (path, None),
                        HomeFate::Archive { path, into } => (path, Some(Pack::Into(into))),
                    };
                    Some(HomeToGo {
                        name,
                        uid: *uid,
                        path,
                        pack,
                    })
                }
                Change::ArchiveHome {
                    name,
                    uid,
                    home,
                    archive,
                    ..
                } => Some(HomeToGo {
                    name,
                    uid: *uid,
                    path: home,
                    pack: Some(Pack::As(archive)),
                }),
                _ => None,
            })
    }

    /// Accounts that get another name.
    pub(super) fn renames(&self) -> impl Iterator<Item = &Rename> {
        self.plan()
            .changes
            .iter()
            .filter_map(|change| match change {
                Change::RenameAccount(rename) => Some(rename),
                _ => None,
            })
    }
}

/// A home that is taken away.
pub(super) struct HomeToGo<'a> {
    /// Name of the account.
    pub name: &'a UserName,
    /// Whose it must be.
    pub uid: Uid,
    /// The home.
    pub path: &'a str,
    /// Whether and where it is packed before.
    pub pack: Option<Pack<'a>>,
}

/// Where a home is packed.
pub(super) enum Pack<'a> {
    /// Into a file of this directory.
    Into(&'a str),
    /// Into this file.
    As(&'a str),
}

/// Which half of a removal a pass makes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Everything but what has to outlive the passwd lines of removed accounts.
    First,
    /// Shadow lines, memberships, own groups and subordinate ids of removed accounts.
    Last,
}

pub(super) fn stage(
    target: &Local,
    current: &Current,
    approved: Approved,
) -> Result<Staged, LocalError> {
    let mut files = BTreeMap::new();
    let changes = &approved.plan().changes;
    let known = Known::new(current, changes);
    if target.config.database == Database::Extrausers {
        extrausers::check(changes)?;
    }
    let removes = changes.iter().any(|change| {
        let named = matches!(
            change,
            Change::RenameAccount(_) | Change::RenameGroup { .. }
        );
        named
            || matches!(
                change,
                Change::RemoveAccount { .. } | Change::RemoveGroup { .. }
            )
    });
    for (db, image) in current.databases.iter().filter(|_| !changes.is_empty()) {
        let needed = image.exists
            || (matches!(db, Db::Subuid | Db::Subgid) || target.path(Db::Gshadow).is_none());
        if !needed {
            continue; // an absent gshadow stays absent
        }
        let unfit = |_: BadField| LocalError::Unfit {
            path: image.path.clone(),
            reason: BadField.to_string(),
        };
        let first = edit(
            *db,
            &image.lines,
            changes,
            Pass::First,
            &known,
            target.shadow_day,
        )
        .map_err(unfit)?;
        let last = match removes {
            true => {
                let lines = first
                    .as_ref()
                    .map_or_else(|| image.lines.clone(), |bytes| Lines::new(bytes.clone()));
                edit(*db, &lines, changes, Pass::Last, &known, target.shadow_day).map_err(unfit)?
            }
            false => None,
        };
        if first.is_some() || last.is_some() {
            files.insert(*db, Versions { first, last });
        }
    }
    Ok(Staged { approved, files })
}

/// Names that stood in passwd and group before. The other files' lines of any other name are left-overs: of an
/// interrupted run, or of somebody who is gone, whose password and rights a new account or group must not get.
pub(super) struct Known<'a> {
    pub accounts: BTreeSet<&'a [u8]>,
    pub groups: BTreeSet<&'a [u8]>,
    /// Passwords that stand in passwd itself, by name.
    passwords: BTreeMap<&'a [u8], &'a [u8]>,
}

impl<'a> Known<'a> {
    fn new(current: &'a Current, changes: &'a [Change]) -> Self {
        let lines = |db| {
            current
                .databases
                .get(&db)
                .into_iter()
                .flat_map(|image| image.lines.entries())
        };
        let names = |db| lines(db).map(|(_, line)| name_of(line)).collect();
        let mut passwords = BTreeMap::new();
        for line in lines(Db::Passwd)
            .filter_map(|(_, line)| PasswdLine::parse(line))
            .filter(|line| !line.is_shadowed())
        {
            passwords.entry(line.name).or_insert(line.password);
        }
        for change in changes {
            if let Change::RenameAccount(Rename { from, to, .. }) = change
                && let Some(password) = passwords.remove(from.as_str().as_bytes())
            {
                passwords.insert(to.as_str().as_bytes(), password);
            }
        }
        Self {
            accounts: names(Db::Passwd),
            groups: names(Db::Group),
            passwords,
        }
    }
}

/// The new version of one file after one pass; `None` when it stays as it is.
fn edit<'a>(
    db: Db,
    lines: &'a Lines,
    changes: &'a [Change],
    pass: Pass,
    known: &Known<'_>,
    day: i64,
) -> Result<Option<Vec<u8>>, BadField> {
    let mut sheet = Sheet::new(lines);
    if pass == Pass::First {
        rename(db, &mut sheet, changes, known)?;
    }
    match (db, pass) {
        (Db::Passwd, Pass::First) => passwd(&mut sheet, changes)?,
        (Db::Shadow, Pass::First) => shadow(&mut sheet, changes, known, day)?,
        (Db::Group, Pass::First) => group(&mut sheet, changes)?,
        (Db::Gshadow, Pass::First) => gshadow(&mut sheet, changes, known)?,
        (Db::Subuid | Db::Subgid, Pass::First) => subids(&mut sheet, changes, known)?,
        (Db::Passwd, Pass::Last) => {}
        (_, Pass::Last) => strip(db, &mut sheet, changes)?,
    }
    Ok((!sheet.editor.is_empty()).then(|| sheet.editor.apply(lines)))
}

/// A file being edited, with its entries found by name. Of several lines with one name, the first counts.
pub(super) struct Sheet<'a> {
    pub lines: &'a Lines,
    pub index: BTreeMap<&'a [u8], usize>,
    pub editor: Editor,
}

impl<'a> Sheet<'a> {
    fn new(lines: &'a Lines) -> Self {
        let mut index = BTreeMap::new();
        for (number, line) in lines.entries() {
            index.entry(name_of(line)).or_insert(number);
        }
        Self {
            lines,
            index,
            editor: Editor::default(),
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<(usize, Vec<u8>)> {
        let number = *self.index.get(name.as_bytes())?;
        Some((number, self.editor.current(self.lines, number)?.to_vec()))
    }

    /// Puts a line in the place of `number`, or at the end if there was none; does nothing if it says the same.
    fn put(&mut self, at: Option<(usize, Vec<u8>)>, line: Vec<u8>) {
        match at {
            Some((_, old)) if old == line => {}
            Some((number, _)) => self.editor.replace(number, line),
            None => self.editor.add(&line),
        }
    }
}

fn passwd(sheet: &mut Sheet<'_>, changes: &[Change]) -> Result<(), BadField> {
    for change in changes {
        if let Some(name) = shut_or_opened(change) {
            let found = sheet.find(name.as_str());
            if let Some((at, line)) = found
                .as_ref()
                .and_then(|(at, old)| Some((*at, PasswdLine::parse(old)?)))
            {
                let new = PasswdLine {
                    password: b"x",
                    ..line
                }
                .to_line()?;
                sheet.put(Some((at, line.to_line()?)), new);
            }
        }
        match change {
            Change::CreateAccount(new) => {
                let line = PasswdLine {
                    name: new.name.as_str().as_bytes(),
                    password: b"x",
                    uid: new.uid.get(),
                    gid: new.gid.get(),
                    gecos: new.gecos.as_bytes(),
                    home: new.home.as_bytes(),
                    shell: new.shell.as_bytes(),
                };
                sheet.put(sheet.find(new.name.as_str()), line.to_line()?);
            }
            Change::UpdateAccount { .. } | Change::AdoptAccount(_) => {
                let Some((name, fields)) = field_changes(change) else {
                    continue;
                };
                let Some((number, old)) = sheet.find(name.as_str()).filter(|_| !fields.is_empty())
                else {
                    continue;
                };
                let Some(mut line) = PasswdLine::parse(&old) else {
                    continue;
                };
                for change in fields {
                    let value = change.to.as_bytes();
                    match change.field {
                        Field::Gecos => line.gecos = value,
                        Field::Home => line.home = value,
                        Field::Shell => line.shell = value,
                        Field::Lock | Field::Expiry => {} // shadow's
                    }
                }
                let new = line.to_line()?;
                sheet.put(Some((number, old)), new);
            }
            Change::RemoveAccount { name, .. } => {
                if let Some((number, _)) = sheet.find(name.as_str()) {
                    sheet.editor.remove(number);
                }
            }
            Change::RenameAccount(Rename {
                to,
                home: Some(home),
                ..
            }) => {
                let Some((number, old)) = sheet.find(to.as_str()) else {
                    continue;
                };
                let Some(mut line) = PasswdLine::parse(&old) else {
                    continue;
                };
                line.home = home.to.as_bytes();
                let new = line.to_line()?;
                sheet.put(Some((number, old)), new);
            }
            _ => {}
        }
    }
    Ok(())
}

/// The fields that a change sets on an account that is there.
fn field_changes(change: &Change) -> Option<(&UserName, &[FieldChange])> {
    match change {
        Change::UpdateAccount { name, fields, .. } => Some((name, fields)),
        Change::AdoptAccount(adopted) => Some((&adopted.name, &adopted.fields)),
        _ => None,
    }
}

pub(super) fn joined<'a>(members: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    members.collect::<Vec<_>>().join(&b',')
}

/// The member list after a change: found order, those who go taken out, those who come added.
fn change_members(found: &[u8], add: &[UserName], remove: &BTreeSet<&[u8]>) -> Vec<u8> {
    let there: BTreeSet<&[u8]> = names(found).collect();
    let come = add
        .iter()
        .map(|name| name.as_str().as_bytes())
        .filter(|name| !there.contains(name));
    joined(
        names(found)
            .filter(|name| !remove.contains(name))
            .chain(come),
    )
}

/// What a change does to a group: its name, its gid if it has to be made, who comes and who goes.
type GroupChange<'a> = (&'a str, Option<u32>, &'a [UserName], BTreeSet<&'a [u8]>);

fn group_change(change: &Change) -> Option<GroupChange<'_>> {
    match change {
        Change::CreateAccount(new) if new.private_group => {
            Some((new.name.as_str(), Some(new.gid.get()), &[], BTreeSet::new()))
        }
        Change::CreateGroup {
            name, gid, members, ..
        } => Some((name.as_str(), Some(gid.get()), members, BTreeSet::new())),
        Change::ChangeMembers {
            name, add, remove, ..
        }
        | Change::ChangeLocalMembers {
            name, add, remove, ..
        } => Some((
            name.as_str(),
            None,
            add,
            remove.iter().map(String::as_bytes).collect(),
        )),
        Change::AdoptGroup { name, add, .. } if !add.is_empty() => {
            Some((name.as_str(), None, add, BTreeSet::new()))
        }
        Change::EmptyGroup { name, remove, .. } => Some((
            name.as_str(),
            None,
            &[],
            remove.iter().map(String::as_bytes).collect(),
        )),
        _ => None,
    }
}

fn group(sheet: &mut Sheet<'_>, changes: &[Change]) -> Result<(), BadField> {
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

fn gshadow(sheet: &mut Sheet<'_>, changes: &[Change], known: &Known<'_>) -> Result<(), BadField> {
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

fn subids(sheet: &mut Sheet<'_>, changes: &[Change], known: &Known<'_>) -> Result<(), BadField> {
    for change in changes {
        let Change::CreateAccount(NewAccount { name, subids, .. }) = change else {
            continue;
        };
        let owner = name.as_str().as_bytes();
        if known.accounts.contains(owner) && sheet.find(name.as_str()).is_some() {
            continue;
        }
        if let Some(line) = subids
            .map(|(first, count)| {
                SubidLine {
                    owner,
                    first,
                    count,
                }
                .to_line()
            })
            .transpose()?
        {
            sheet.put(sheet.find(name.as_str()), line);
        }
    }
    Ok(())
}

/// Takes removed accounts, and the former names of renamed ones, out of everything but passwd.
fn strip(db: Db, sheet: &mut Sheet<'_>, changes: &[Change]) -> Result<(), BadField> {
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
