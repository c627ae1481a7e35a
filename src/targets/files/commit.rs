//! Puts a staged change in place, as one transaction over files, homes and ledger.
//!
//! The order is what makes it safe to be killed anywhere: reserve in the ledger; write everything new beside the old
//! and to disk; take the password lock; see that nothing moved; backups; journal; renames; release; confirm in the
//! ledger. The lock is held only from the second look at the files to the last rename, or from the first look where
//! others change the files all the time.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::db::Db;
use super::error::LocalError;
use super::generations::Generation;
use super::keys;
use super::layout::Way;
use super::local::Local;
use super::moves::Moves;
use super::read::{Current, gid_of};
use super::staged::{HomeToGo, Staged, Versions};
use crate::ledger::{Ledger, Run};
use crate::model::host::Owner;
use crate::plan::Change;
use crate::plan::effects::Pack;
use crate::system::journal::{self, Hash, Journal, Left, Outcome, Step};
use crate::system::lock::PasswordLock;
use crate::system::replace::{self, Appearance, staging_dir};
use crate::system::{clock, files, homes, process};
use crate::targets::Committed;

/// Where new homes and old ones stand while they are not in place: below their base.
fn aside(home: &Path) -> Option<(PathBuf, PathBuf)> {
    let dir = staging_dir(home.parent()?);
    Some((dir.clone(), dir.join(home.file_name()?)))
}

pub(super) fn commit(
    target: &Local,
    current: &Current,
    staged: &Staged,
    ledger: &mut Ledger,
    run: Run<'_>,
    progress: &dyn Fn(usize),
) -> Result<Committed, LocalError> {
    let changes = staged.plan().changes.as_slice();
    let txn = ledger.reserve(run, staged.plan())?;
    let prepared = Prepared::new(target, current, staged, txn, progress);
    let journal = match prepared {
        Ok(journal) => journal,
        Err(e) => return abandon(target, ledger, changes).and(Err(e)),
    };
    let state_dir = target.state_dir();
    {
        let _lock = match current.lock.is_none().then(|| lock(target)).transpose() {
            Ok(lock) => lock,
            Err(e) => return abandon(target, ledger, changes).and(Err(e)),
        };
        if !current.is_current()? || !keys::are_current(target, &staged.plan().changes)? {
            abandon(target, ledger, changes)?;
            return Ok(Committed::Moved);
        }
        if let Err(e) = put_backups(target, staged).and_then(|()| Ok(journal.begin(&state_dir)?)) {
            abandon(target, ledger, changes)?;
            return Err(e);
        }
        journal.carry_out()?;
        journal.mark_done(&state_dir)?;
    }
    finish(target, ledger, &journal)?;
    Ok(Committed::Done(txn))
}

pub(super) fn lock(target: &Local) -> Result<PasswordLock, LocalError> {
    Ok(PasswordLock::take(
        &target.password_lock(),
        clock::deadline(target.config.lock_wait),
    )?)
}

/// Everything is in place: the ledger learns of it, and what was needed on the way is removed.
fn finish(target: &Local, ledger: &mut Ledger, journal: &Journal) -> Result<(), LocalError> {
    ledger.confirm(journal.txn)?;
    tidy(target, directories(target, journal))?;
    Ok(Journal::forget(&target.state_dir())?)
}

/// Nothing was put in place: what was written beside is removed, and the intentions are dropped with their ids.
fn abandon(target: &Local, ledger: &mut Ledger, plan: &[Change]) -> Result<(), LocalError> {
    let dirs = keys::directories(target, plan);
    tidy(target, dirs.iter().map(PathBuf::as_path).collect())?;
    Journal::forget(&target.state_dir())?;
    Ok(ledger.release()?)
}

/// Something may be in place, and the rest cannot follow: the ids stay set aside. The journal goes last, since without
/// it the next run would take it that nothing was put in place.
fn give_up(target: &Local, ledger: &mut Ledger, journal: &Journal) -> Result<(), LocalError> {
    let current = Current::read(target)?;
    ledger.drop_pending(&current.host())?;
    tidy(target, directories(target, journal))?;
    Ok(Journal::forget(&target.state_dir())?)
}

/// Finishes or drops what an interrupted run left behind.
pub(super) fn recover(target: &Local, ledger: &mut Ledger) -> Result<Option<String>, LocalError> {
    let state_dir = target.state_dir();
    match journal::left_behind(&state_dir)? {
        Left::Nothing => {
            tidy(target, BTreeSet::new())?;
            ledger.release()?;
            Ok(None)
        }
        Left::Done(journal) => {
            finish(target, ledger, &journal)?;
            Ok(Some(
                "an earlier run had written everything and was interrupted; its end has been made up for".to_owned(),
            ))
        }
        Left::Started(journal) if !journal.is_below(&target.root.path("/")) => {
            give_up(target, ledger, &journal)?;
            let text = "a run was interrupted while it wrote, before this tree came to its present place; its change is \
                        planned anew";
            Ok(Some(text.to_owned()))
        }
        Left::Started(journal) => {
            let outcome = {
                let _lock = lock(target)?;
                let outcome = journal.recover()?;
                if outcome == Outcome::Finished {
                    journal.mark_done(&state_dir)?;
                }
                outcome
            };
            match outcome {
                Outcome::Finished => {
                    finish(target, ledger, &journal)?;
                    Ok(Some("an earlier run was interrupted while it wrote; its change has been finished".to_owned()))
                }
                Outcome::Overtaken => {
                    give_up(target, ledger, &journal)?;
                    let text = "an earlier run was interrupted while it wrote, and another program has changed the files \
                                since; its change is planned anew";
                    Ok(Some(text.to_owned()))
                }
            }
        }
    }
}

/// Where a journal changes anything; nowhere, if it came here with a copy of another tree.
fn directories<'a>(target: &Local, journal: &'a Journal) -> BTreeSet<&'a Path> {
    if journal.is_below(&target.root.path("/")) {
        journal.directories()
    } else {
        BTreeSet::new()
    }
}

/// Removes staging directories, there and where there always may be one, and old generations.
fn tidy(target: &Local, there: BTreeSet<&Path>) -> Result<(), LocalError> {
    let own = target.layout().directories_of_single_files().into_iter();
    let own = own
        .chain([target.key_dir.as_str()])
        .map(|dir| target.root.path(dir));
    let bases = target.home_bases.iter().map(|base| target.root.path(base));
    for dir in bases
        .chain(own)
        .chain(there.into_iter().map(Path::to_owned))
        .collect::<BTreeSet<_>>()
    {
        files::remove_tree(&staging_dir(&dir))?;
    }
    if let Some(there) = target.generations() {
        there.tidy()?;
    }
    Ok(())
}

/// Finds out, before anything is written, whether the homes that go can be packed and taken away.
pub(super) fn probe_homes(target: &Local, staged: &Staged) -> Result<(), LocalError> {
    for HomeToGo {
        name,
        uid,
        path,
        pack,
    } in staged.homes_to_go()
    {
        let path = target.locate(path);
        let complaint = match files::owner(&path) {
            None => continue,
            Some(Owner::Directory(owner)) if owner == uid.get() || !process::is_root() => None,
            Some(Owner::Directory(owner)) => Some(format!(
                "it belongs to the uid {owner}, and not to `{name}`"
            )),
            Some(Owner::NotADirectory) => Some("it is no directory".to_owned()),
        };
        // An adopted account may have its home anywhere; only below the bases is what is left behind tidied away.
        let is_below_base = target
            .home_bases
            .iter()
            .any(|base| path.parent() == Some(&target.root.path(base)));
        let complaint = complaint
            .or_else(|| (!is_below_base).then(|| "it is directly below no home base".to_owned()));
        if let Some(complaint) = complaint {
            let reason =
                format!("{complaint}; nothing was removed. Without its home the account can be");
            return Err(LocalError::Unfit { path, reason });
        }
        homes::probe_removal(&path)?;
        if let Some(Pack::Into(into)) = pack {
            let path = target.locate(into);
            if !matches!(files::owner(&path), Some(Owner::Directory(_))) {
                let reason =
                    "there is no such directory to pack homes into; nothing was removed".to_owned();
                return Err(LocalError::Unfit { path, reason });
            }
        }
    }
    Ok(())
}

/// Puts the old files in place as backups, `FILE-`, as shadow does.
fn put_backups(target: &Local, staged: &Staged) -> Result<(), LocalError> {
    for db in staged.files.keys() {
        let Some(path) = target.path(*db) else {
            continue;
        };
        let ready = backup_staging(&path);
        if ready.exists() {
            files::rename(&ready, &PathBuf::from(format!("{}-", path.display())))?;
        }
    }
    Ok(())
}

fn backup_staging(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    staging_dir(path.parent().unwrap_or(path)).join(format!("{name}-"))
}

/// Writes everything new beside the old, and lists the steps that will put it in place.
struct Prepared<'a> {
    target: &'a Local,
    current: &'a Current,
    staged: &'a Staged,
}

impl<'a> Prepared<'a> {
    #[allow(clippy::new_ret_no_self)] // what is made is on disk; what remains is the list of steps
    fn new(
        target: &'a Local,
        current: &'a Current,
        staged: &'a Staged,
        txn: u64,
        progress: &dyn Fn(usize),
    ) -> Result<Journal, LocalError> {
        let this = Self {
            target,
            current,
            staged,
        };
        let homes = this.make_homes(progress)?;
        let retired = this.retire_homes()?;
        let moves = Moves::new(target, staged)?;
        let mut first: Vec<Step> = Vec::new();
        let mut last: Vec<Step> = Vec::new();
        let order = target.layout().written.iter().map(|file| file.db);
        for db in order.filter(|db| *db != Db::Passwd) {
            let [before_passwd, after_passwd] = this.replace(db)?;
            first.extend(before_passwd);
            last.extend(after_passwd);
        }
        let passwd = this.replace(Db::Passwd)?.into_iter().flatten();
        // The second versions take back what has to be gone last: in the opposite order.
        last.reverse();
        let swap = this.swap(txn)?;
        // Nobody is seen in passwd before their keys are in place.
        let keys = keys::prepare(target, &staged.plan().changes)?;
        // Homes come first: an account is opened, or shown, only when it has one.
        let steps = homes
            .into_iter()
            .chain(first)
            .chain(moves.before)
            .chain(keys)
            .chain(passwd)
            .chain(swap)
            .chain(last)
            .chain(retired)
            .chain(moves.after)
            .collect();
        Ok(Journal { txn, steps })
    }

    fn make_homes(&self, progress: &dyn Fn(usize)) -> Result<Vec<Step>, LocalError> {
        let mut steps = Vec::new();
        let mut bases = BTreeSet::new();
        let skel = self.target.root.path(&self.target.config.skel);
        for (count, (home, uid, gid)) in self.staged.homes().enumerate() {
            let path = self.target.locate(home);
            let Some((dir, staged)) = aside(&path) else {
                continue;
            };
            if bases.insert(dir.clone()) {
                files::ensure_private_dir(&dir)?;
            }
            let mode = self.target.config.home_mode;
            homes::build(
                &staged,
                &skel,
                homes::Ownership {
                    uid: uid.get(),
                    gid,
                    mode,
                },
            )?;
            steps.push(Step::Place { staged, path });
            progress(count + 1);
        }
        bases.iter().try_for_each(|dir| homes::sync(dir))?;
        Ok(steps)
    }

    /// Packs homes that are to be kept so; those that go are moved aside by the journal, and removed after it.
    fn retire_homes(&self) -> Result<Vec<Step>, LocalError> {
        let mut steps = Vec::new();
        for HomeToGo {
            name, path, pack, ..
        } in self.staged.homes_to_go()
        {
            let path = self.target.locate(path);
            if !files::look(&path)?.is_some_and(|meta| meta.is_dir()) {
                continue;
            }
            homes::probe_removal(&path)?;
            match pack {
                None => {}
                Some(Pack::Into(dir)) => {
                    let day = self.target.shadow_day;
                    homes::archive(&path, &self.target.locate(dir), &format!("{name}-{day}"))?;
                }
                Some(Pack::As(file)) => {
                    let file = self.target.locate(file);
                    files::ensure_private_dir(file.parent().unwrap_or(&file))?;
                    homes::archive_as(&path, &file)?;
                }
            }
            let Some((dir, _)) = aside(&path) else {
                continue;
            };
            files::ensure_private_dir(&dir)?;
            steps.push(Step::Retire {
                aside: dir.join(format!("removed-{name}")),
                path,
            });
        }
        Ok(steps)
    }

    /// Writes the new versions of one file, and its backup. Two steps: before passwd changes, and after.
    fn replace(&self, db: Db) -> Result<[Option<Step>; 2], LocalError> {
        let mut steps = [None, None];
        let Some(versions) = self.staged.files.get(&db).filter(|_| !self.is_swapped(db)) else {
            return Ok(steps);
        };
        let (Some(path), Some(image)) = (self.target.path(db), self.current.databases.get(&db))
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
        let file = self.target.layout().file(db);
        file.is_some_and(|file| file.way == Way::Together)
    }

    fn appearance(&self, db: Db) -> Appearance {
        let (mode, group) = db.appearance();
        Appearance {
            mode,
            gid: group.and_then(|name| gid_of(self.target, name)),
        }
    }

    /// Writes a new generation of all swapped files, if one of them changes.
    fn swap(&self, txn: u64) -> Result<Option<Step>, LocalError> {
        let Some(there) = self.target.generations() else {
            return Ok(None);
        };
        if !self.staged.files.keys().any(|db| self.is_swapped(*db)) {
            return Ok(None);
        }
        let generation = there.generation(txn);
        generation.prepare()?;
        for (db, image) in self
            .current
            .databases
            .iter()
            .filter(|(db, _)| self.is_swapped(**db))
        {
            let versions = self.staged.files.get(db);
            let bytes = versions
                .and_then(Versions::newest)
                .unwrap_or(image.lines.bytes());
            replace::stage(
                &generation.dir.join(db.name()),
                bytes,
                &image.path,
                self.appearance(*db),
            )?;
        }
        files::sync_dir(&generation.dir)?;
        files::sync_dir(&generation.parent)?;
        if let Some(dir) = generation.parent.parent() {
            files::sync_dir(dir)?;
        }
        let Generation {
            link, next, target, ..
        } = generation;
        Ok(Some(Step::Swap {
            staged: next,
            path: link,
            target,
        }))
    }
}
