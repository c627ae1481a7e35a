//! Homes that are made, packed and taken away.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::LocalError;
use super::local::Local;
use super::staged::{HomeToGo, Staged};
use crate::model::Uid;
use crate::model::host::Owner;
use crate::plan::effects::Pack;
use crate::system::home_base::Obstacle;
use crate::system::homes::{BuildDir, Ownership};
use crate::system::journal::Step;
use crate::system::replace::staging_dir;
use crate::system::{Context as _, PathError, archive, files, homes, process};
use crate::targets::{Trouble, Unmade};

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

/// Finds out, before anything is written, whether the homes can be packed and taken away that go since somebody asks for
/// it by name. Those that are due to go are judged by the plan, and each is the trouble of its owner alone.
pub(super) fn probe(target: &Local, staged: &Staged) -> Result<(), LocalError> {
    for HomeToGo {
        name,
        uid,
        path,
        pack,
    } in staged.homes_to_go()
    {
        if matches!(pack, Some(Pack::As(_))) {
            continue;
        }
        let path = target.locate(path);
        check_base(target, path.parent().unwrap_or(&path))?;
        let complaint = match target.look(&path)? {
            None => continue,
            Some(found) if !found.is_dir => Some("it is no directory".to_owned()),
            Some(found) if found.uid == uid.get() || !process::is_root() => None,
            Some(found) => Some(format!(
                "it belongs to the uid {}, and not to `{name}`",
                found.uid
            )),
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
            safe(target, &path)?;
        }
    }
    Ok(())
}

/// Makes new homes beside the places where they will be. Those that cannot be made are noted.
pub(super) fn make(
    target: &Local,
    staged: &Staged,
    unmade: &mut Unmade,
    progress: &dyn Fn(usize),
) -> Vec<Step> {
    let mut made: Vec<(usize, PathBuf, Step)> = Vec::new();
    let mut bases: BTreeMap<PathBuf, Result<BuildDir, Trouble>> = BTreeMap::new();
    let skel = target.root.path(&target.config.skel);
    for (place, (home, uid, gid)) in staged.homes() {
        let path = target.locate(home);
        let Some((base, name)) = path.parent().zip(path.file_name()) else {
            continue;
        };
        let dir = bases.entry(base.to_owned()).or_insert_with(|| {
            let dir = build_dir(target, base);
            dir.map_err(|error| Trouble::new(base, &error))
        });
        let ownership = Ownership {
            uid: uid.get(),
            gid,
            mode: target.config.home_mode,
        };
        let built = match dir {
            Ok(dir) => {
                let built = dir.build(name, &skel, ownership);
                built.map_err(|error| Trouble::new(base, &error.into()))
            }
            Err(trouble) => Err(trouble.clone()),
        };
        match built {
            Ok(staged) => {
                let base = base.to_owned();
                made.push((place, base, Step::Place { staged, path }));
                progress(made.len());
            }
            Err(trouble) => drop(unmade.insert(place, trouble)),
        }
    }
    let unsynced = unsynced(&bases);
    let whole = made.into_iter().filter_map(|(place, base, step)| {
        let Some(trouble) = unsynced.get(&base) else {
            return Some(step);
        };
        unmade.insert(place, trouble.clone());
        None
    });
    whole.collect()
}

/// The bases of which nobody knows whether what was built in them is on disk.
fn unsynced(bases: &BTreeMap<PathBuf, Result<BuildDir, Trouble>>) -> BTreeMap<&PathBuf, Trouble> {
    let unsynced = bases.iter().filter_map(|(base, dir)| {
        let error = dir.as_ref().ok()?.sync().err()?;
        Some((base, Trouble::new(base, &error.into())))
    });
    unsynced.collect()
}

/// Where homes of a base are built. A base is looked at again, and what was looked at is what is used.
fn build_dir(target: &Local, base: &Path) -> Result<BuildDir, LocalError> {
    let open = target.open_base(base);
    let open = open.map_err(|obstacle| unfit(base, &obstacle))?;
    Ok(BuildDir::open(&open, base)?)
}

fn unfit(base: &Path, obstacle: &Obstacle) -> LocalError {
    LocalError::Unfit {
        path: base.to_owned(),
        reason: format!("nothing is done in this home base: {obstacle}"),
    }
}

/// Packs homes that are to be kept so; those that go are moved aside by the journal, and removed after it.
pub(super) fn retire(target: &Local, staged: &Staged) -> Result<Vec<Step>, LocalError> {
    let homes = staged.homes_to_go();
    let steps = homes.map(|home| retire_one(target, &home));
    steps.filter_map(Result::transpose).collect()
}

/// The same for one home; `None`: there is none. A home that is packed stands where nobody else reaches it meanwhile, and
/// is put back if that fails, or by the next run if this one is ended.
fn retire_one(target: &Local, home: &HomeToGo<'_>) -> Result<Option<Step>, LocalError> {
    let path = target.locate(home.path);
    if !target.look(&path)?.is_some_and(|found| found.is_dir) {
        return Ok(None);
    }
    homes::probe_removal(&path)?;
    let Some(base) = path.parent() else {
        return Ok(None);
    };
    check_base(target, base)?;
    let dir = staging_dir(base);
    files::ensure_private_dir(&dir)?;
    let aside = free(&dir, &format!("removed-{}", home.name))?;
    let Some(pack) = home.pack else {
        return Ok(Some(Step::Retire { path, aside }));
    };
    let left = target.time_to_pack().on("pack", &path)?;
    let leaving = leaving_dir(base).join(path.file_name().unwrap_or_default());
    take_out(home.uid, &path, &leaving)?;
    match pack_away(target, (home.name, pack), &leaving, left) {
        Ok(()) => Ok(Some(Step::Retire {
            path: leaving,
            aside,
        })),
        Err(mut e) => {
            put_back(target, base);
            if let LocalError::Path(PathError { path: told, .. }) = &mut e
                && *told == leaving
            {
                // It stands where it stood.
                *told = path;
            }
            Err(e)
        }
    }
}

/// Where homes stand while they are packed: below their base, and only root gets there.
fn leaving_dir(base: &Path) -> PathBuf {
    base.join(".gosync-leaving")
}

/// Takes a home from its name, and makes sure that it is the one that is meant. That it stands elsewhere is on disk.
fn take_out(uid: Uid, path: &Path, leaving: &Path) -> Result<(), LocalError> {
    let (Some(base), Some(dir)) = (path.parent(), leaving.parent()) else {
        return Ok(());
    };
    files::ensure_private_dir(dir)?;
    files::rename_to_free(path, leaving)?;
    let is_theirs = match files::owner(leaving) {
        Some(Owner::Directory(owner)) => owner == uid.get() || !process::is_root(),
        _ => false,
    };
    if !is_theirs {
        files::rename_to_free(leaving, path)?;
        let reason = "it was changed for something else meanwhile; nothing was removed".to_owned();
        return Err(LocalError::Unfit {
            path: path.to_owned(),
            reason,
        });
    }
    files::sync_dir(dir)?;
    Ok(files::sync_dir(base)?)
}

fn pack_away(
    target: &Local,
    (name, pack): (&str, Pack<'_>),
    home: &Path,
    left: Duration,
) -> Result<(), LocalError> {
    match pack {
        Pack::Into(dir) => {
            let into = target.locate(dir);
            safe(target, &into)?;
            let stem = format!("{name}-{}", target.shadow_day);
            Ok(archive::archive(home, &into, &stem, left)?)
        }
        Pack::As(file) => {
            let file = target.locate(file);
            let dir = file.parent().unwrap_or(&file);
            safe(target, dir)?;
            files::ensure_private_dir(dir)?;
            Ok(archive::archive_as(home, &file, left)?)
        }
    }
}

/// Refuses a home base in which nothing can, or may, be done. Where none is, there is nothing to be done, either.
pub(super) fn check_base(target: &Local, base: &Path) -> Result<(), LocalError> {
    match target.open_base(base) {
        Ok(_) | Err(Obstacle::Missing) => Ok(()),
        Err(obstacle) => Err(unfit(base, &obstacle)),
    }
}

/// Refuses a directory for archives in which others may write: root's file would go where they like.
fn safe(target: &Local, dir: &Path) -> Result<(), LocalError> {
    match files::untrusted_directory(dir, &target.root.path("/"))? {
        None => Ok(()),
        Some(distrust) => Err(LocalError::Unfit {
            path: dir.to_owned(),
            reason: format!("no home is packed into it: {distrust}"),
        }),
    }
}

/// Puts homes back that a run took out to pack them and did not come to take away. One that cannot be put back, since
/// its name is taken, stays and is told.
pub(super) fn put_back(target: &Local, base: &Path) {
    let dir = leaving_dir(base);
    let back = || -> Result<(), PathError> {
        if files::look(&dir)?.is_none() {
            return Ok(());
        }
        if let Err(distrust) = files::open_trusted_directory(base, &target.root.path("/")) {
            target.tell(format!(
                "the homes in {} are not put back to where they were taken from to be packed: {distrust}",
                dir.display()
            ));
            return Ok(());
        }
        for name in files::list(&dir)? {
            let (from, to) = (dir.join(&name), base.join(&name));
            if let Err(e) = files::rename_to_free(&from, &to) {
                target.tell(format!(
                    "the home in {} could not be put back to {}, from where it was taken to be packed: {}; move it \
                     there by hand",
                    from.display(),
                    to.display(),
                    e.source
                ));
            }
        }
        files::sync_dir(base)?;
        files::remove_empty_dir(&dir)
    };
    match back() {
        // Of a home base that nobody can look at, nobody can say that there is anything.
        Err(_) if files::look(&dir).is_err() => {}
        Err(e) => target.tell(e.to_string()),
        Ok(()) => {}
    }
}

/// Whether a run that took homes out to pack them was ended before it took them away.
pub(super) fn are_taken_out(target: &Local) -> Result<bool, LocalError> {
    for base in &target.home_bases {
        if files::look(&leaving_dir(&target.root.path(base))).is_ok_and(|there| there.is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}
