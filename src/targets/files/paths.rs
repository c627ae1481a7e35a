//! Where the files of a layout really are.

use std::path::PathBuf;

use super::db::Db;
use super::generations::{GenerationPaths, NameBeside};
use super::layout::{DbFile, Layout, Way};
use crate::system::root::Root;

/// The files of a layout below a root.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    pub layout: &'static Layout,
    pub root: Root,
}

impl Paths {
    pub(super) fn new(layout: &'static Layout, root: Root) -> Self {
        Self { layout, root }
    }

    /// Where a database that gosync writes is; `None` where this layout has none.
    pub(super) fn path(&self, db: Db) -> Option<PathBuf> {
        self.layout.file(db).map(|file| self.of(file))
    }

    /// Where a file that gosync writes is read: behind the link, unless there is a file of somebody else's under the name
    /// that programs look for. Then that is what they see, and what the next generation begins with.
    pub(super) fn of(&self, file: &DbFile) -> PathBuf {
        let behind = self.root.path(file.dir).join(file.name);
        let name = match self.generations() {
            Some(there) if file.way == Way::Together => there.name_beside(file.name),
            _ => None,
        };
        name.filter(NameBeside::is_taken)
            .map_or(behind, |name| name.path)
    }

    /// Where the databases are that gosync only reads.
    pub(super) fn references(&self) -> impl Iterator<Item = (Db, PathBuf)> {
        let path = |(db, dir): &(Db, &str)| (*db, self.root.path(dir).join(db.name()));
        self.layout.reference.iter().map(path)
    }

    /// The present link and the directories of the files that change together, if there are any.
    pub(super) fn generations(&self) -> Option<GenerationPaths> {
        let there = self.layout.generations.as_ref()?;
        Some(GenerationPaths::new(self.root.path(there.link), there))
    }

    pub(super) fn password_lock(&self) -> PathBuf {
        self.root.path(self.layout.lock)
    }
}
