//! The databases of libnss-extrausers: a symbolic link to a directory for each generation.
//!
//! One rename of the link changes all files at once, so that no reader ever sees half of a change. The directory that
//! the package makes is kept as the first generation's predecessor.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::LocalError;
use crate::plan::Change;
use crate::system::files;
use crate::system::{Context as _, PathError, mounts};

/// Where libnss-extrausers looks.
pub(super) const DIR: &str = "/var/lib/extrausers";

/// Where the generations are, beside [`DIR`].
const GENERATIONS: &str = "extrausers.gosync";

/// Uids, gids and primary gids below this are ignored by libnss-extrausers 0.6.
const SMALLEST_ID: u32 = 500;

/// The paths of one generation.
#[derive(Debug)]
pub(super) struct Generation {
    /// The link itself.
    pub link: PathBuf,
    /// All generations.
    pub parent: PathBuf,
    /// This generation's directory.
    pub dir: PathBuf,
    /// The new link, before it takes the old one's place.
    pub next: PathBuf,
    /// What the new link says.
    pub target: PathBuf,
}

impl Generation {
    /// The paths for transaction `txn`, where `link` is [`DIR`] below the root.
    pub(super) fn new(link: PathBuf, txn: u64) -> Self {
        let parent = link.with_file_name(GENERATIONS);
        let name = format!("g{txn}");
        let target = Path::new(GENERATIONS).join(&name);
        Self {
            dir: parent.join(&name),
            next: parent.join("next"),
            link,
            parent,
            target,
        }
    }

    /// Makes the empty directory and the new link.
    pub(super) fn prepare(&self) -> Result<(), PathError> {
        files::ensure_open_dir(&self.parent)?;
        files::remove_tree(&self.dir)?;
        files::ensure_open_dir(&self.dir)?;
        files::remove_tree(&self.next)?;
        files::link(&self.next, &self.target)
    }
}

/// Removes what is not needed any more: generations but the present and the one before it, and a left-over link.
pub(super) fn tidy(link: &Path) -> Result<(), PathError> {
    let parent = link.with_file_name(GENERATIONS);
    if files::look(&parent)?.is_none() {
        return Ok(());
    }
    let next = parent.join("next");
    if files::look(&next)?.is_some_and(|meta| meta.is_dir()) {
        // The package's own directory, or one that somebody put in the place of our link; it changed places with it.
        let free = |name: &PathBuf| std::fs::symlink_metadata(name).is_err();
        let mut names = (1..).map(|n| {
            parent.join(if n == 1 {
                "original".to_owned()
            } else {
                format!("original.{n}")
            })
        });
        if let Some(name) = names.find(free) {
            files::rename(&next, &name)?;
        }
    }
    files::remove_tree(&next)?;
    let present = match std::fs::read_link(link) {
        Ok(to) => to.file_name().and_then(|name| number(name.to_str()?)),
        Err(e) if e.kind() == ErrorKind::InvalidInput => None, // it is a directory still, or again
        // Nobody knows which generation is needed: all stay.
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        other => return other.on("read", link).map(drop),
    };
    let mut numbers: Vec<u64> = files::list(&parent)?
        .iter()
        .filter_map(|name| number(name.to_str()?))
        .collect();
    numbers.sort_unstable();
    let before = numbers
        .iter()
        .rev()
        .copied()
        .find(|n| present.is_some_and(|p| *n < p));
    for n in numbers
        .into_iter()
        .filter(|n| Some(*n) != present && Some(*n) != before)
    {
        files::remove_tree(&parent.join(format!("g{n}")))?;
    }
    if files::list(&parent)?.is_empty() {
        files::remove_tree(&parent)?;
    }
    Ok(())
}

fn number(name: &str) -> Option<u64> {
    name.strip_prefix('g')?.parse().ok()
}

/// Finds out whether libnss-extrausers would show what a plan makes: it passes over small ids without a word.
pub(super) fn check(changes: &[Change]) -> Result<(), LocalError> {
    for change in changes {
        let (name, id) = match change {
            Change::CreateAccount(new) => (new.name.as_str(), new.uid.get().min(new.gid.get())),
            Change::CreateGroup { name, gid, .. } => (name.as_str(), gid.get()),
            _ => continue,
        };
        if id < SMALLEST_ID {
            let reason = format!(
                "libnss-extrausers would not show `{name}`, whose uid or gid is {id}, below {SMALLEST_ID}; set \
                 `primary_group` to \"private\" or to a group with a larger gid"
            );
            return Err(LocalError::Unfit {
                path: DIR.into(),
                reason,
            });
        }
    }
    Ok(())
}

/// Finds out whether the link can be swapped.
pub(super) fn probe(link: &Path) -> Result<(), LocalError> {
    if mounts::is_mount_point(link) {
        let reason = "it is a mount point, and cannot be swapped".to_owned();
        return Err(LocalError::Unfit {
            path: link.to_owned(),
            reason,
        });
    }
    Ok(())
}
