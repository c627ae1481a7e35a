//! Writes everything new beside the old and to disk, and lists the steps that will put it in place.

use std::path::{Path, PathBuf};

use super::anchor;
use super::db::Db;
use super::error::LocalError;
use super::generations::{Generation, GenerationPaths, NameBeside};
use super::homes;
use super::index;
use super::keys;
use super::layout::{DbFile, Way};
use super::local::Local;
use super::moves::Moves;
use super::read::{Current, Image, gid_of};
use super::staged::{Staged, Versions};
use crate::formats::Lines;
use crate::system::files;
use crate::system::journal::{Hash, Journal, Step};
use crate::system::replace::{self, Appearance, staging_dir};
use crate::targets::{Transaction, Unmade, Unprepared};

/// What is prepared, and from what.
pub(super) struct Preparation<'a> {
    pub target: &'a Local,
    pub current: &'a Current,
    pub staged: &'a Staged,
    pub transaction: &'a Transaction,
}

impl Preparation<'_> {
    /// Writes it. Returns the steps that will put it in place.
    pub(super) fn journal(&self, progress: &dyn Fn(usize)) -> Result<Journal, Unprepared> {
        let (target, staged) = (self.target, self.staged);
        let mut unmade = Unmade::new();
        let homes = homes::make(target, staged, &mut unmade, progress);
        let moves = Moves::new(target, staged, &mut unmade);
        if !unmade.is_empty() {
            return Err(Unprepared::Homes(unmade));
        }
        let retired = homes::retire(target, staged)?;
        let mut first: Vec<Step> = Vec::new();
        let mut last: Vec<Step> = Vec::new();
        let order = target.paths.layout.written.iter().map(|file| file.db);
        for db in order.filter(|db| *db != Db::Passwd) {
            let [before_passwd, after_passwd] = self.replace(db)?;
            first.extend(before_passwd);
            last.extend(after_passwd);
        }
        let passwd = self.replace(Db::Passwd)?.into_iter().flatten();
        // The second versions take back what has to be gone last: in the opposite order.
        last.reverse();
        let swap = self.swap()?;
        // Nobody is seen in passwd before their keys are in place.
        let keys = keys::prepare(target, &staged.plan().changes)?;
        // Homes come before passwd: an account is opened, or shown, only when it has one. No number is seen that the anchor
        // does not hold.
        let steps = std::iter::once(anchor::prepare(target, &self.transaction.anchor)?)
            .chain(homes)
            .chain(first)
            .chain(moves.before)
            .chain(keys)
            .chain(passwd)
            .chain(swap)
            .chain(last)
            .chain(retired)
            .chain(moves.after)
            .collect();
        Ok(Journal {
            txn: self.transaction.number,
            steps,
        })
    }

    /// Writes the new versions of one file, and its backup. Two steps: before passwd changes, and after.
    fn replace(&self, db: Db) -> Result<[Option<Step>; 2], LocalError> {
        let mut steps = [None, None];
        let Some(versions) = self.staged.files.get(&db).filter(|_| !self.is_swapped(db)) else {
            return Ok(steps);
        };
        let (Some(path), Some(image)) =
            (self.target.paths.path(db), self.current.databases.get(&db))
        else {
            return Ok(steps);
        };
        let dir = staging_dir(path.parent().unwrap_or(&path));
        files::ensure_private_dir(&dir)?;
        let appearance = self.appearance(db);
        let mut old = image.exists.then(|| Hash::of(image.lines.bytes()));
        for (number, bytes) in [&versions.first, &versions.last].into_iter().enumerate() {
            let Some(bytes) = bytes else { continue };
            let staged = dir.join(format!("{}.{number}", db.name()));
            replace::stage(&staged, bytes, &path, appearance)?;
            let new = Hash::of(bytes);
            steps[number] = Some(Step::Replace {
                staged,
                path: path.clone(),
                old: old.replace(new.clone()),
                new,
            });
        }
        if image.exists {
            replace::stage(
                &backup_staging(&path),
                image.lines.bytes(),
                &path,
                appearance,
            )?;
        }
        files::sync_dir(&dir)?;
        Ok(steps)
    }

    fn is_swapped(&self, db: Db) -> bool {
        let file = self.target.paths.layout.file(db);
        file.is_some_and(|file| file.way == Way::Together)
    }

    fn appearance(&self, db: Db) -> Appearance {
        let (mode, group) = db.appearance();
        Appearance {
            mode,
            gid: group.and_then(|name| gid_of(self.target, name)),
        }
    }

    /// Writes a new generation of all swapped files, if one of them changes. Returns the swap, and the links to the files
    /// that are not there yet.
    fn swap(&self) -> Result<Vec<Step>, LocalError> {
        let Some(there) = self.target.paths.generations() else {
            return Ok(Vec::new());
        };
        if !self.staged.files.keys().any(|db| self.is_swapped(*db)) {
            return Ok(Vec::new());
        }
        let generation = there.generation(self.transaction.number)?;
        generation.prepare()?;
        for (db, image) in &self.current.databases {
            let file = self.target.paths.layout.file(*db);
            let Some(file) = file.filter(|file| file.way == Way::Together) else {
                continue;
            };
            self.write_together(file, image, &generation.dir)?;
        }
        files::sync_dir(&generation.dir)?;
        files::sync_dir(&generation.parent)?;
        if let Some(dir) = generation.parent.parent() {
            files::sync_dir(dir)?;
        }
        let names = self.names_beside(&there)?;
        let Generation {
            link, next, target, ..
        } = generation;
        let swap = Step::Swap {
            staged: next,
            path: link,
            target,
        };
        Ok(std::iter::once(swap).chain(names).collect())
    }

    /// Writes one file of a generation, and its indexes.
    fn write_together(&self, file: &DbFile, image: &Image, dir: &Path) -> Result<(), LocalError> {
        let (path, appearance) = (dir.join(file.name), self.appearance(file.db));
        let versions = self.staged.files.get(&file.db);
        let newest = versions.and_then(Versions::newest);
        let bytes = newest.unwrap_or(image.lines.bytes());
        if file.indexes.is_empty() {
            return Ok(replace::stage(&path, bytes, &image.path, appearance)?);
        }
        let lines = Lines::new(bytes.to_vec());
        // Who holds an index of before would find no entry in an empty file, and fall; a file that is not there is
        // passed over.
        if !index::has_entries(file.db, &lines) {
            return Ok(());
        }
        replace::stage(&path, bytes, &image.path, appearance)?;
        for (index, name) in file.indexes.iter().zip(file.index_names()) {
            let bytes = index.of(file.db, &lines);
            replace::stage(&dir.join(name), &bytes, &path, appearance)?;
        }
        Ok(())
    }

    /// Makes the links under the names that programs look for, where they are not there yet.
    fn names_beside(&self, there: &GenerationPaths) -> Result<Vec<Step>, LocalError> {
        let names = self.target.paths.layout.names_together();
        let names = names.filter_map(|name| there.name_beside(&name));
        let mut steps = Vec::new();
        for NameBeside { path, target } in names.filter(|name| !name.leads_there()) {
            let dir = staging_dir(path.parent().unwrap_or(&path));
            files::ensure_private_dir(&dir)?;
            let staged = dir.join(path.file_name().unwrap_or_default());
            files::remove(&staged)?;
            files::link(&staged, &target)?;
            files::sync_dir(&dir)?;
            steps.push(Step::Swap {
                staged,
                path,
                target,
            });
        }
        Ok(steps)
    }
}

/// Where the old version of a file is kept until it takes the name of the backup.
pub(super) fn backup_staging(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    staging_dir(path.parent().unwrap_or(path)).join(format!("{name}-"))
}
