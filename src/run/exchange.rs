//! Puts another ledger in the place of the host's, with its anchor: both or neither, wherever it is killed. The present
//! ledger is kept beside.
//!
//! The new one lies in a directory of its own with a journal of its own; as long as that is there, no command works but
//! those that write, which bring it to an end before anything else.

use std::path::{Path, PathBuf};

use super::env::Env;
use crate::error::{Error, Result};
use crate::ledger::{self, Ledger, Look};
use crate::model::anchor::Anchor;
use crate::system::journal::{Hash, Journal, Left, Outcome, Step, left_behind};
use crate::system::replace::{self, Appearance, staging_dir};
use crate::system::{PathError, clock, files};
use crate::targets::Target;

/// The directory of it, in the state directory.
const DIR: &str = "exchange";

/// Whether one was broken off, and will be brought to an end.
pub(crate) fn is_left(state_dir: &Path) -> Result<bool> {
    let left = left_behind(&state_dir.join(DIR)).map_err(Error::failed)?;
    Ok(left != Left::Nothing)
}

/// Brings to an end what was broken off, and removes what is not needed any more. Returns whether a ledger was put in place.
pub(super) fn recover(env: &Env) -> Result<bool> {
    let dir = env.state_dir().join(DIR);
    let done = finish(&dir, env).map_err(Error::failed)?;
    files::remove_tree(&dir).map_err(Error::failed)?;
    Ok(done)
}

fn finish(dir: &Path, env: &Env) -> std::result::Result<bool, PathError> {
    match left_behind(dir)? {
        // A copy of another tree took it along.
        Left::Started(journal) if journal.is_below(&env.root.path("/")) => {
            let done = journal.recover()? == Outcome::Finished;
            Journal::forget(dir)?;
            Ok(done)
        }
        Left::Started(_) | Left::Done(_) | Left::Nothing => Ok(false),
    }
}

/// A ledger that is being made ready.
pub(super) struct Exchange<'a> {
    env: &'a Env,
    target: &'a dyn Target,
    dir: PathBuf,
}

impl<'a> Exchange<'a> {
    /// Begins with an empty directory. What interrupted runs left at the target is brought to an end: nobody will ask for
    /// its ledger again.
    pub(super) fn begin(env: &'a Env, target: &'a dyn Target) -> Result<Self> {
        files::ensure_private_dir(&env.state_dir()).map_err(Error::failed)?;
        recover(env)?;
        if let Some(left) = target.recover()? {
            target.finish(&left.traces)?;
        }
        let dir = env.state_dir().join(DIR);
        files::ensure_private_dir(&dir).map_err(Error::failed)?;
        Ok(Self { env, target, dir })
    }

    /// Where the new ledger is to be made, under the name of every ledger.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Puts it in place, with this anchor. Returns where the former one is kept.
    pub(super) fn carry_out(self, anchor: &Anchor) -> Result<Option<PathBuf>> {
        let (kept, steps) = self.steps(anchor).map_err(Error::failed)?;
        let journal = Journal { txn: 0, steps };
        journal.begin(&self.dir).map_err(Error::failed)?;
        journal.carry_out().map_err(Error::failed)?;
        Journal::forget(&self.dir).map_err(Error::failed)?;
        recover(self.env)?;
        // The staging directory of the anchor goes with it.
        drop(self.target.recover()?);
        Ok(kept)
    }

    fn steps(
        &self,
        anchor: &Anchor,
    ) -> std::result::Result<(Option<PathBuf>, Vec<Step>), PathError> {
        let present = self.env.state_dir().join(ledger::FILE);
        let mut steps = Vec::new();
        let kept = self.keep(&present, &mut steps)?;
        let new = self.dir.join(ledger::FILE);
        let hash = |path: &Path| Ok::<_, PathError>(files::read_plain(path)?.map(|b| Hash::of(&b)));
        let bytes = files::read_plain(&new)?.unwrap_or_default();
        steps.push(Step::Replace {
            old: hash(&present)?,
            new: Hash::of(&bytes),
            staged: new,
            path: present,
        });
        let path = self.target.locate(Anchor::PATH);
        let dir = path.parent().unwrap_or(Path::new("/"));
        files::ensure_open_path(dir)?;
        let staging = staging_dir(dir);
        files::ensure_private_dir(&staging)?;
        let (staged, text) = (staging.join("anchor"), anchor.to_string());
        let appearance = Appearance {
            mode: 0o644,
            gid: None,
        };
        replace::stage(&staged, text.as_bytes(), &path, appearance)?;
        files::sync_dir(&staging)?;
        steps.push(Step::Replace {
            old: hash(&path)?,
            new: Hash::of(text.as_bytes()),
            staged,
            path,
        });
        files::sync_dir(&self.dir)?;
        Ok((kept, steps))
    }

    /// Keeps the present ledger beside the copies. What SQLite would undo in it must not be undone in the new one.
    fn keep(
        &self,
        present: &Path,
        steps: &mut Vec<Step>,
    ) -> std::result::Result<Option<PathBuf>, PathError> {
        if files::look(present)?.is_none_or(|meta| meta.len() == 0) {
            return Ok(None);
        }
        if let Ok(Some(ledger)) = Ledger::look(&self.env.state_dir(), Look::Mending) {
            // Whoever reads it undoes what was broken off; what cannot be read is kept as it is.
            let _ = ledger.anchor();
        }
        let copies = super::copies::dir(self.env);
        files::ensure_private_dir(&copies)?;
        let at = clock::written(self.env.now.seconds());
        let kept = copies.join(format!("replaced-{at}.sqlite"));
        files::second_name(present, &kept)?;
        files::sync_dir(&copies)?;
        let journal = present.with_file_name(format!("{}-journal", ledger::FILE));
        if files::look(&journal)?.is_some() {
            let aside = copies.join(format!("replaced-{at}.sqlite-journal"));
            files::remove(&aside)?;
            steps.push(Step::Retire {
                path: journal,
                aside,
            });
        }
        Ok(Some(kept))
    }
}
