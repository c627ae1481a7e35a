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

/// For no more names than these a file is searched; for more, all of its names are taken down.
const FEW: usize = 32;

/// The names whose lines a plan can ask for; `None`: they are many.
fn few(changes: &[Change]) -> Option<BTreeSet<&[u8]>> {
    if changes.len() > FEW {
        return None;
    }
    let renames = changes.iter().filter_map(|it| effects(it).lines.rename());
    let names = renames.flat_map(|Rename { from, to, .. }| [from.as_str(), to.as_str()]);
    let names = names.chain(changes.iter().map(Change::name));
    let names: BTreeSet<&[u8]> = names.map(str::as_bytes).collect();
    (names.len() <= FEW).then_some(names)
}

impl<'a> Known<'a> {
    pub(super) fn new(current: &'a Current, changes: &'a [Change]) -> Self {
        let names = |db| names_of(current, db, changes);
        Self {
            accounts: LazyCell::new(Box::new(move || names(Db::Passwd))),
            groups: LazyCell::new(Box::new(move || names(Db::Group))),
            passwords: LazyCell::new(Box::new(move || passwords(current, changes))),
        }
    }
}

fn lines_of(current: &Current, db: Db) -> Option<&Lines> {
    current.databases.get(&db).map(|image| &image.lines)
}

fn names_of<'a>(current: &'a Current, db: Db, changes: &'a [Change]) -> Lookup<&'a [u8], ()> {
    let Some(lines) = lines_of(current, db) else {
        return Lookup::default();
    };
    let names: Vec<&[u8]> = match few(changes) {
        Some(few) => {
            let is_there = |name: &&[u8]| lines.named(name).next().is_some();
            few.into_iter().filter(is_there).collect()
        }
        None => lines.entries().map(|(_, line)| name_of(line)).collect(),
    };
    names.into_iter().map(|name| (name, ())).collect()
}

fn passwords<'a>(current: &'a Current, changes: &'a [Change]) -> Lookup<&'a [u8], &'a [u8]> {
    let mut passwords = Lookup::default();
    let Some(lines) = lines_of(current, Db::Passwd) else {
        return passwords;
    };
    let mut add = |line| {
        if let Some(line) = PasswdLine::parse(line).filter(|line| !line.is_shadowed()) {
            passwords.insert_first(line.name, line.password);
        }
    };
    match few(changes) {
        Some(few) => few
            .into_iter()
            .for_each(|name| lines.named(name).for_each(|(_, line)| add(line))),
        None => lines.entries().for_each(|(_, line)| add(line)),
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

/// The number of the first line of each name that a plan can ask for.
fn first_lines<'a>(lines: &'a Lines, changes: &'a [Change]) -> Lookup<&'a [u8], usize> {
    if let Some(few) = few(changes) {
        let first = |name| Some((name, lines.named(name).next()?.0));
        return few.into_iter().filter_map(first).collect();
    }
    let mut index = Lookup::with_room(lines.len());
    for (number, line) in lines.entries() {
        index.insert_first(name_of(line), number);
    }
    index
}

/// A file being edited, with its entries found by name. Of several lines with one name, the first counts.
pub(super) struct Sheet<'a> {
    pub lines: &'a Lines,
    pub index: Lazily<'a, Lookup<&'a [u8], usize>>,
    pub editor: Editor,
}

impl<'a> Sheet<'a> {
    /// `changes`: all that it will be asked for.
    pub(super) fn new(lines: &'a Lines, changes: &'a [Change]) -> Self {
        Self {
            lines,
            index: LazyCell::new(Box::new(move || first_lines(lines, changes))),
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
    let add = add.iter().map(|name| name.as_str().as_bytes());
    // A new group has nobody, and may get many; a large one may get nobody.
    let there: BTreeSet<&[u8]> = match found.is_empty() || add.len() == 0 {
        true => BTreeSet::new(),
        false => {
            let added: BTreeSet<&[u8]> = add.clone().collect();
            names(found).filter(|name| added.contains(name)).collect()
        }
    };
    let come = add.filter(|name| !there.contains(name));
    joined(
        names(found)
            .filter(|name| !remove.contains(name))
            .chain(come),
    )
}
