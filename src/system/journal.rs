//! A list of renames that happens whole: carried out by this process, or by the next one.
//!
//! Everything new is on disk under a staging name before the journal is written; the journal's own rename, followed by
//! an fsync of its directory, is the moment from which the list will be carried out. A process that dies in the middle
//! leaves the rest to [`recover`]. Knows paths and bytes, and nothing of accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Context as _, PathError, files, replace};
use crate::model::hex;

/// SHA-256 of a file, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Hash(String);

impl Hash {
    /// The hash of these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(hex(&Sha256::digest(bytes)))
    }

    fn of_file(path: &Path) -> Result<Option<Self>, PathError> {
        Ok(files::read_plain(path)?.map(|bytes| Self::of(&bytes)))
    }
}

/// One step. Each can be seen to be done or not, so that it can be done again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Step {
    /// Put a new version of a file in place. A file may be replaced more than once in a list.
    Replace {
        /// The new version.
        staged: PathBuf,
        /// The file.
        path: PathBuf,
        /// What it must be before; `None`: absent.
        old: Option<Hash>,
        /// What it is after.
        new: Hash,
    },
    /// Put a directory where nothing is.
    Place {
        /// The directory.
        staged: PathBuf,
        /// Where it goes.
        path: PathBuf,
    },
    /// Let a name point to another directory.
    Swap {
        /// A symbolic link to `target`.
        staged: PathBuf,
        /// The name: a symbolic link, a directory, or nothing.
        path: PathBuf,
        /// What it points to after.
        target: PathBuf,
    },
    /// Take a directory or a file away from its name.
    Retire {
        /// The directory or file.
        path: PathBuf,
        /// Where it goes.
        aside: PathBuf,
    },
    /// Let a directory and a link to it change names.
    Exchange {
        /// The link; afterwards the directory.
        path: PathBuf,
        /// The directory; afterwards the link.
        other: PathBuf,
    },
}

/// A list of steps that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Journal {
    /// The transaction it belongs to.
    pub txn: u64,
    /// In this order.
    pub steps: Vec<Step>,
}

/// What an earlier process left behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// Nothing.
    Nothing,
    /// A list that may be half done.
    Started(Journal),
    /// A list that is done, but was not confirmed.
    Done(Journal),
}

/// How a half-done list ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is done.
    Finished,
    /// A file is neither as it was before nor as it should be after: somebody else changed it since. Nothing was done.
    Overtaken,
}

const STARTED: &str = "journal";
const DONE: &str = "journal.done";
const TEMPORARY: &str = "journal.new";

impl Journal {
    /// Writes the journal into `dir`. When this returns, the steps will be carried out, come what may.
    ///
    /// # Errors
    /// When it cannot be written; then nothing will happen.
    pub(crate) fn begin(&self, dir: &Path) -> Result<(), PathError> {
        let (temporary, path) = (dir.join(TEMPORARY), dir.join(STARTED));
        let bytes = self
            .written()
            .map_err(io::Error::other)
            .on("write", &path)?;
        replace::stage(
            &temporary,
            &bytes,
            &path,
            replace::Appearance {
                mode: 0o600,
                gid: None,
            },
        )?;
        files::rename(&temporary, &path)?;
        files::sync_dir(dir)
    }

    /// Its bytes in a file.
    pub(super) fn written(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    /// The journal of which these are the bytes.
    pub(super) fn read(bytes: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(bytes)
    }

    /// Whether all of it happens below `root`. A tree that was copied takes its journal along, with the old paths.
    pub(crate) fn is_below(&self, root: &Path) -> bool {
        self.steps.iter().all(|step| match step {
            Step::Replace { staged, path, .. }
            | Step::Place { staged, path }
            | Step::Swap { staged, path, .. } => staged.starts_with(root) && path.starts_with(root),
            Step::Retire { path, aside: other } | Step::Exchange { path, other } => {
                path.starts_with(root) && other.starts_with(root)
            }
        })
    }

    /// Whether the names are free under which something is to be placed.
    ///
    /// # Errors
    /// When nobody can say.
    pub(crate) fn finds_room(&self) -> Result<bool, PathError> {
        for step in &self.steps {
            if let Step::Place { path, .. } = step
                && files::look(path)?.is_some()
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Carries the steps out and writes them to disk.
    ///
    /// # Errors
    /// When one fails; the next process will try again.
    pub(crate) fn carry_out(&self) -> Result<(), PathError> {
        for step in &self.steps {
            step.carry_out()?;
        }
        let touched = self
            .steps
            .iter()
            .flat_map(Step::directories)
            .collect::<BTreeSet<_>>();
        touched.into_iter().try_for_each(files::sync_dir)
    }

    /// Marks the list as done: from now on others may change the files.
    ///
    /// # Errors
    /// When that cannot be written.
    pub(crate) fn mark_done(&self, dir: &Path) -> Result<(), PathError> {
        files::rename(&dir.join(STARTED), &dir.join(DONE))?;
        files::sync_dir(dir)
    }

    /// Removes the journal: everything that hangs on it is confirmed.
    ///
    /// # Errors
    /// When it stays.
    pub(crate) fn forget(dir: &Path) -> Result<(), PathError> {
        for name in [TEMPORARY, STARTED, DONE] {
            files::remove(&dir.join(name))?;
        }
        files::sync_dir(dir)
    }

    /// Finishes a half-done list, if nobody has overtaken it.
    ///
    /// # Errors
    /// When a step fails.
    pub(crate) fn recover(&self) -> Result<Outcome, PathError> {
        let Some(todo) = self.remaining()? else {
            return Ok(Outcome::Overtaken);
        };
        for step in todo {
            step.carry_out()?;
        }
        let touched = self
            .steps
            .iter()
            .flat_map(Step::directories)
            .collect::<BTreeSet<_>>();
        touched.into_iter().try_for_each(files::sync_dir)?;
        Ok(Outcome::Finished)
    }

    /// The directories whose entries the list changes.
    pub(crate) fn directories(&self) -> BTreeSet<&Path> {
        self.steps.iter().flat_map(Step::directories).collect()
    }

    /// The steps that are still to do; `None` when one can no longer be done.
    fn remaining(&self) -> Result<Option<Vec<&Step>>, PathError> {
        // Where a file is replaced twice, its present content says how far the list has come.
        let mut now: BTreeMap<&Path, Option<Hash>> = BTreeMap::new();
        for step in &self.steps {
            if let Step::Replace { path, .. } = step {
                now.insert(path, Hash::of_file(path)?);
            }
        }
        let mut todo = Vec::new();
        for (index, step) in self.steps.iter().enumerate() {
            let state = match step {
                Step::Replace {
                    staged,
                    path,
                    old,
                    new,
                } => {
                    let found = now.get(path.as_path()).cloned().flatten();
                    let is_later = |later: &Step| matches!(later, Step::Replace { path: p, new, .. } if p == path && Some(new) == found.as_ref());
                    if found.as_ref() == Some(new) || self.steps[index + 1..].iter().any(is_later) {
                        StepState::Done
                    } else if found == *old && Hash::of_file(staged)?.as_ref() == Some(new) {
                        now.insert(path, Some(new.clone()));
                        StepState::Open
                    } else {
                        StepState::Overtaken
                    }
                }
                other => other.state(),
            };
            match state {
                StepState::Done => {}
                StepState::Open => todo.push(step),
                StepState::Overtaken => return Ok(None),
            }
        }
        Ok(Some(todo))
    }
}

/// What an earlier process left in `dir`.
///
/// # Errors
/// When a journal is there and cannot be read.
pub(crate) fn left_behind(dir: &Path) -> Result<Left, PathError> {
    let read = |name: &str| -> Result<Option<Journal>, PathError> {
        let path = dir.join(name);
        let Some(bytes) = files::read_plain(&path)? else {
            return Ok(None);
        };
        Journal::read(&bytes)
            .map(Some)
            .map_err(io::Error::other)
            .on("understand", &path)
    };
    if let Some(journal) = read(DONE)? {
        return Ok(Left::Done(journal));
    }
    Ok(read(STARTED)?.map_or(Left::Nothing, Left::Started))
}

/// How far a step has come.
enum StepState {
    Done,
    Open,
    Overtaken,
}

impl Step {
    fn carry_out(&self) -> Result<(), PathError> {
        match self {
            Step::Replace { staged, path, .. } => files::rename(staged, path),
            Step::Place { staged, path } => files::rename_to_free(staged, path),
            Step::Retire { path, aside } => files::rename_to_free(path, aside),
            Step::Exchange { path, other } => {
                renameat_with(CWD, other, CWD, path, RenameFlags::EXCHANGE)
                    .on("exchange a directory with", path)
            }
            Step::Swap { staged, path, .. }
                if fs::symlink_metadata(path).is_ok_and(|m| m.is_dir()) =>
            {
                // A link cannot be renamed onto a directory: the two change places, and the directory stays as a backup.
                renameat_with(CWD, staged, CWD, path, RenameFlags::EXCHANGE)
                    .on("exchange a link with", path)
            }
            Step::Swap { staged, path, .. } => files::rename(staged, path),
        }
    }

    /// How far a step other than [`Step::Replace`] has come.
    fn state(&self) -> StepState {
        let there = |path: &Path| fs::symlink_metadata(path).is_ok();
        let moved = |from: &Path, to: &Path| match (there(from), there(to)) {
            (false, true) => StepState::Done,
            (true, false) => StepState::Open,
            _ => StepState::Overtaken,
        };
        match self {
            Step::Replace { .. } => StepState::Open,
            Step::Place { staged, path } => moved(staged, path),
            Step::Retire { path, aside } => moved(path, aside),
            Step::Exchange { path, other } => match (is_link(path), is_link(other)) {
                (Some(false), _) => StepState::Done,
                // The link may be put there by an earlier step.
                (Some(true) | None, Some(false)) => StepState::Open,
                _ => StepState::Overtaken,
            },
            Step::Swap {
                staged,
                path,
                target,
            } => {
                match (
                    fs::read_link(path).is_ok_and(|to| to == *target),
                    there(staged),
                ) {
                    (true, _) => StepState::Done,
                    (false, true) => StepState::Open,
                    (false, false) => StepState::Overtaken,
                }
            }
        }
    }

    fn directories(&self) -> impl Iterator<Item = &Path> {
        let (first, second) = match self {
            Step::Replace { path, .. } | Step::Place { path, .. } | Step::Swap { path, .. } => {
                (path, None)
            }
            Step::Retire { path, aside: other } | Step::Exchange { path, other } => {
                (path, Some(other))
            }
        };
        [Some(first), second]
            .into_iter()
            .flatten()
            .filter_map(|path| path.parent())
    }
}

/// Whether a link stands there, or a directory; `None`: neither.
fn is_link(path: &Path) -> Option<bool> {
    let meta = fs::symlink_metadata(path).ok()?;
    (meta.is_symlink() || meta.is_dir()).then(|| meta.is_symlink())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct World {
        dir: tempfile::TempDir,
    }

    impl World {
        fn new() -> Self {
            let world = Self {
                dir: tempfile::tempdir().unwrap(),
            };
            for (name, text) in [
                ("group", "g0"),
                ("passwd", "p0"),
                ("s/group", "g1"),
                ("s/group2", "g2"),
                ("s/passwd", "p1"),
            ] {
                let path = world.path(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            fs::create_dir(world.path("s/home")).unwrap();
            world
        }

        fn path(&self, name: &str) -> PathBuf {
            self.dir.path().join(name)
        }

        fn replace(&self, staged: &str, path: &str, old: &str, new: &str) -> Step {
            Step::Replace {
                staged: self.path(staged),
                path: self.path(path),
                old: Some(Hash::of(old.as_bytes())),
                new: Hash::of(new.as_bytes()),
            }
        }

        fn journal(&self) -> Journal {
            let steps = vec![
                self.replace("s/group", "group", "g0", "g1"),
                Step::Place {
                    staged: self.path("s/home"),
                    path: self.path("home"),
                },
                self.replace("s/passwd", "passwd", "p0", "p1"),
                self.replace("s/group2", "group", "g1", "g2"),
            ];
            Journal { txn: 7, steps }
        }

        fn is_final(&self) -> bool {
            fs::read(self.path("group")).unwrap() == b"g2"
                && fs::read(self.path("passwd")).unwrap() == b"p1"
                && self.path("home").is_dir()
        }
    }

    #[test]
    fn a_list_broken_off_anywhere_is_finished() {
        for done in 0..=4 {
            let world = World::new();
            let journal = world.journal();
            journal.begin(world.dir.path()).unwrap();
            journal.steps[..done]
                .iter()
                .for_each(|step| step.carry_out().unwrap());
            let Left::Started(left) = left_behind(world.dir.path()).unwrap() else {
                panic!("no journal")
            };
            assert_eq!(left, journal);
            assert_eq!(left.recover().unwrap(), Outcome::Finished, "after {done}");
            assert!(world.is_final(), "after {done}");
        }
    }

    #[test]
    fn a_list_that_somebody_overtook_is_left_alone() {
        let world = World::new();
        let journal = world.journal();
        journal.steps[0].carry_out().unwrap();
        fs::write(world.path("passwd"), "somebody else").unwrap();
        assert_eq!(journal.recover().unwrap(), Outcome::Overtaken);
        assert_eq!(fs::read(world.path("passwd")).unwrap(), b"somebody else");
    }

    #[test]
    fn a_home_never_replaces_what_is_there() {
        let world = World::new();
        fs::create_dir(world.path("home")).unwrap();
        assert!(world.journal().carry_out().is_err());
        assert_eq!(world.journal().recover().unwrap(), Outcome::Overtaken);
    }

    #[test]
    fn a_name_is_swapped_from_a_directory_and_from_a_link() {
        let world = World::new();
        let swap = |n: &str| {
            let (staged, target) = (world.path("next"), PathBuf::from(n));
            let _ = fs::remove_dir_all(&staged);
            std::os::unix::fs::symlink(&target, &staged).unwrap();
            Step::Swap {
                staged,
                path: world.path("extra"),
                target,
            }
        };
        fs::create_dir(world.path("extra")).unwrap();
        for generation in ["g1", "g2"] {
            let journal = Journal {
                txn: 1,
                steps: vec![swap(generation)],
            };
            journal.carry_out().unwrap();
            assert_eq!(
                fs::read_link(world.path("extra")).unwrap(),
                Path::new(generation)
            );
            assert_eq!(journal.recover().unwrap(), Outcome::Finished);
        }
    }

    #[test]
    fn a_home_that_moves_is_always_under_the_name_that_passwd_has() {
        let steps = |world: &World| {
            let link = |name: &str, target: &str| {
                let _ = fs::remove_file(world.path(name));
                std::os::unix::fs::symlink(target, world.path(name)).unwrap();
                world.path(name)
            };
            fs::create_dir(world.path("old")).unwrap();
            fs::write(world.path("old/thesis"), "text").unwrap();
            vec![
                Step::Place {
                    staged: link("s/before", "old"),
                    path: world.path("new"),
                },
                world.replace("s/passwd", "passwd", "p0", "p1"),
                Step::Exchange {
                    path: world.path("new"),
                    other: world.path("old"),
                },
                Step::Swap {
                    staged: link("s/after", "new"),
                    path: world.path("old"),
                    target: "new".into(),
                },
            ]
        };
        for done in 0..=4 {
            let world = World::new();
            let journal = Journal {
                txn: 1,
                steps: steps(&world),
            };
            journal.steps[..done]
                .iter()
                .for_each(|step| step.carry_out().unwrap());
            let name = if done < 2 { "old" } else { "new" };
            assert!(world.path(name).join("thesis").exists(), "after {done}");
            assert_eq!(
                journal.recover().unwrap(),
                Outcome::Finished,
                "after {done}"
            );
            assert!(
                fs::symlink_metadata(world.path("new")).unwrap().is_dir(),
                "after {done}"
            );
            assert_eq!(
                fs::read_link(world.path("old")).unwrap(),
                Path::new("new"),
                "after {done}"
            );
            assert_eq!(
                journal.recover().unwrap(),
                Outcome::Finished,
                "a second time after {done}"
            );
        }
    }

    #[test]
    fn a_forgotten_journal_leaves_nothing() {
        let world = World::new();
        let dir = world.path("s");
        let journal = Journal {
            txn: 1,
            steps: vec![],
        };
        journal.begin(&dir).unwrap();
        journal.mark_done(&dir).unwrap();
        assert_eq!(left_behind(&dir).unwrap(), Left::Done(journal));
        Journal::forget(&dir).unwrap();
        assert_eq!(left_behind(&dir).unwrap(), Left::Nothing);
    }
}
