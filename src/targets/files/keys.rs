//! Files with SSH keys, each named after its account, in a directory that is only root's.
//!
//! They are replaced and taken away by the journal, with the databases. A directory that others may write is refused:
//! whoever writes there lets themselves in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::LocalError;
use super::local::Local;
use crate::plan::{Change, KeyChange, KeyPlace, effects};
use crate::policy::keys::digest;
use crate::system::journal::{Hash, Step};
use crate::system::replace::{self, Appearance, staging_dir};
use crate::system::{files, homes};
use crate::targets::key_files::MODE;

/// The changes of files with keys, with the files' real paths.
pub(super) fn changes<'a>(
    target: &'a Local,
    changes: &'a [Change],
) -> impl Iterator<Item = (PathBuf, &'a KeyChange)> + 'a {
    changes.iter().filter_map(|change| {
        let keys = effects(change).keys?;
        match &keys.at {
            KeyPlace::File { path } => Some((target.root.path(path), keys)),
            KeyPlace::Home { .. } => None,
        }
    })
}

/// Whether all files are as they were found when the plan was made.
pub(super) fn are_current(target: &Local, plan: &[Change]) -> Result<bool, LocalError> {
    for (path, change) in changes(target, plan) {
        if files::read_plain(&path)?.map(|bytes| digest(&bytes)) != change.found {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The directories that the files of a plan are in.
pub(super) fn directories(target: &Local, plan: &[Change]) -> BTreeSet<PathBuf> {
    changes(target, plan)
        .filter_map(|(path, _)| path.parent().map(Path::to_owned))
        .collect()
}

/// Writes the new files beside the old ones and to disk. Returns the steps that put them in place.
pub(super) fn prepare(target: &Local, plan: &[Change]) -> Result<Vec<Step>, LocalError> {
    let mut steps = Vec::new();
    let mut prepared = BTreeSet::new();
    for (path, change) in changes(target, plan) {
        let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
            continue;
        };
        if change.text.is_empty() && change.found.is_none() {
            continue;
        }
        let staging = staging_dir(dir);
        if prepared.insert(staging.clone()) {
            files::ensure_open_path(dir)?;
            files::ensure_private_dir(&staging)?;
        }
        let beside = |what: &str| staging.join(format!("{what}-{}", name.to_string_lossy()));
        if change.text.is_empty() {
            steps.push(Step::Retire {
                aside: beside("old"),
                path,
            });
            continue;
        }
        let old = files::read_plain(&path)?.map(|bytes| Hash::of(&bytes));
        let (staged, bytes) = (beside("new"), change.text.as_bytes());
        replace::write(
            &staged,
            bytes,
            Appearance {
                mode: MODE,
                gid: None,
            },
        )?;
        steps.push(Step::Replace {
            staged,
            path,
            old,
            new: Hash::of(bytes),
        });
    }
    prepared.iter().try_for_each(|dir| homes::sync(dir))?;
    Ok(steps)
}
