//! Homes that are made, packed and taken away.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::LocalError;
use super::local::Local;
use super::staged::{HomeToGo, Staged};
use crate::model::host::Owner;
use crate::plan::effects::Pack;
use crate::system::journal::Step;
use crate::system::replace::staging_dir;
use crate::system::{files, homes, process};

/// Where new homes and old ones stand while they are not in place: below their base.
fn staging(home: &Path) -> Option<PathBuf> {
    Some(staging_dir(home.parent()?))
}

/// A name in a staging directory that nothing has: what an earlier run could not remove stays there.
fn free(dir: &Path, stem: &str) -> Result<PathBuf, LocalError> {
    for n in 1..1_000 {
        let path = match n {
            1 => dir.join(stem),
            n => dir.join(format!("{stem}.{n}")),
        };
        if files::look(&path)?.is_none() {
            return Ok(path);
        }
    }
    let reason = "it is full of what earlier runs could not remove; remove it by hand".to_owned();
    Err(LocalError::Unfit {
        path: dir.to_owned(),
        reason,
    })
}

/// Finds out, before anything is written, whether the homes that go can be packed and taken away.
pub(super) fn probe(target: &Local, staged: &Staged) -> Result<(), LocalError> {
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

/// Makes new homes beside the places where they will be.
pub(super) fn make(
    target: &Local,
    staged: &Staged,
    progress: &dyn Fn(usize),
) -> Result<Vec<Step>, LocalError> {
    let mut steps = Vec::new();
    let mut bases = BTreeSet::new();
    let skel = target.root.path(&target.config.skel);
    for (count, (home, uid, gid)) in staged.homes().enumerate() {
        let path = target.locate(home);
        let (Some(dir), Some(name)) = (staging(&path), path.file_name()) else {
            continue;
        };
        if bases.insert(dir.clone()) {
            files::ensure_private_dir(&dir)?;
        }
        let beside = free(&dir, &name.to_string_lossy())?;
        let mode = target.config.home_mode;
        homes::build(
            &beside,
            &skel,
            homes::Ownership {
                uid: uid.get(),
                gid,
                mode,
            },
        )?;
        steps.push(Step::Place {
            staged: beside,
            path,
        });
        progress(count + 1);
    }
    bases.iter().try_for_each(|dir| homes::sync(dir))?;
    Ok(steps)
}

/// Packs homes that are to be kept so; those that go are moved aside by the journal, and removed after it.
pub(super) fn retire(target: &Local, staged: &Staged) -> Result<Vec<Step>, LocalError> {
    let mut steps = Vec::new();
    for HomeToGo {
        name, path, pack, ..
    } in staged.homes_to_go()
    {
        let path = target.locate(path);
        if !files::look(&path)?.is_some_and(|meta| meta.is_dir()) {
            continue;
        }
        homes::probe_removal(&path)?;
        match pack {
            None => {}
            Some(Pack::Into(dir)) => {
                let day = target.shadow_day;
                homes::archive(&path, &target.locate(dir), &format!("{name}-{day}"))?;
            }
            Some(Pack::As(file)) => {
                let file = target.locate(file);
                files::ensure_private_dir(file.parent().unwrap_or(&file))?;
                homes::archive_as(&path, &file)?;
            }
        }
        let Some(dir) = staging(&path) else {
            continue;
        };
        files::ensure_private_dir(&dir)?;
        steps.push(Step::Retire {
            aside: free(&dir, &format!("removed-{name}"))?,
            path,
        });
    }
    Ok(steps)
}
