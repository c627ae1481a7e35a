//! One file while it is edited, and what is known of the others.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use super::db::Db;
use super::read::Current;
use crate::formats::group::names;
use crate::formats::{Editor, Lines, PasswdLine, name_of};
use crate::model::{Lookup, UserName};
use crate::plan::{Change, Rename, effects};

/// Names that stood in passwd and group before. The other files' lines of any other name are left-overs: of an
/// interrupted run, or of somebody who is gone, whose password and rights a new account or group must not get.
pub(super) struct Known<'a> {
    pub accounts: Lazily<'a, Lookup<&'a [u8], ()>>,
    pub groups: Lazily<'a, Lookup<&'a [u8], ()>>,
    /// Passwords that stand in passwd itself, by name.
    pub passwords: Lazily<'a, Lookup<&'a [u8], &'a [u8]>>,
}

/// What is made when it is first looked at: not every change needs to know of every file.
type Lazily<'a, T> = LazyCell<T, Box<dyn FnOnce() -> T + 'a>>;

impl<'a> Known<'a> {
    pub(super) fn new(current: &'a Current, changes: &'a [Change]) -> Self {
        let names = |db| {
            let names = entries(current, db).map(name_of);
            names.map(|name| (name, ())).collect()
        };
        Self {
            accounts: LazyCell::new(Box::new(move || names(Db::Passwd))),
            groups: LazyCell::new(Box::new(move || names(Db::Group))),
            passwords: LazyCell::new(Box::new(move || passwords(current, changes))),
        }
    }
}

fn entries(current: &Current, db: Db) -> impl Iterator<Item = &[u8]> {
    let image = current.databases.get(&db).into_iter();
    image.flat_map(|image| image.lines.entries().map(|(_, line)| line))
}

fn passwords<'a>(current: &'a Current, changes: &'a [Change]) -> Lookup<&'a [u8], &'a [u8]> {
    let mut passwords = Lookup::default();
    let lines = entries(current, Db::Passwd).filter_map(PasswdLine::parse);
    for line in lines.filter(|line| !line.is_shadowed()) {
        passwords.insert_first(line.name, line.password);
    }
    for change in changes {
        let rename = effects(change).lines.rename();
        if let Some(Rename { from, to, .. }) = rename.filter(|r| r.account.is_some())
            && let Some(password) = passwords.remove(from.as_str().as_bytes())
        {
            passwords.insert(to.as_str().as_bytes(), password);
        }
    }
    passwords
}

/// A file being edited, with its entries found by name. Of several lines with one name, the first counts.
pub(super) struct Sheet<'a> {
    pub lines: &'a Lines,
    pub index: Lazily<'a, Lookup<&'a [u8], usize>>,
    pub editor: Editor,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(lines: &'a Lines) -> Self {
        let index = move || {
            let mut index = Lookup::with_room(lines.len());
            for (number, line) in lines.entries() {
                index.insert_first(name_of(line), number);
            }
            index
        };
        Self {
            lines,
            index: LazyCell::new(Box::new(index)),
            editor: Editor::default(),
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<(usize, Vec<u8>)> {
        let number = *self.index.get(name.as_bytes())?;
        Some((number, self.editor.current(self.lines, number)?.to_vec()))
    }

    /// Puts a line in the place of `number`, or at the end if there was none; does nothing if it says the same.
    pub(super) fn put(&mut self, at: Option<(usize, Vec<u8>)>, line: Vec<u8>) {
        match at {
            Some((_, old)) if old == line => {}
            Some((number, _)) => self.editor.replace(number, line),
            None => self.editor.add(&line),
        }
    }
}

pub(super) fn joined<'a>(members: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    members.collect::<Vec<_>>().join(&b',')
}

/// The member list after a change: found order, those who go taken out, those who come added.
pub(super) fn change_members(found: &[u8], add: &[UserName], remove: &BTreeSet<&[u8]>) -> Vec<u8> {
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
