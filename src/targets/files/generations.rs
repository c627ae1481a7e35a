//! Files that change together: a symbolic link to a directory for each generation.
//!
//! One rename of the link changes all files at once, so that no reader ever sees half of a change.
//! A directory that stood in the link's place, such as the one that the package of extrausers
//! makes, is kept as the first generation's predecessor.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::LocalError;
use super::layout::Generations;
use crate::system::files;
use crate::system::{Context as _, PathError, mounts};

/// Where the link is, and what is beside it.
#[derive(Debug)]
pub(super) struct GenerationPaths {
    link: PathBuf,
    /// The directory that all generations are in.
    parent: PathBuf,
    /// The name of that directory.
    beside: &'static str,
    has_names_beside: bool,
}

/// The name under which programs look for a file that is behind the link.
#[derive(Debug)]
pub(super) struct NameBeside {
    /// Where it is.
    pub path: PathBuf,
    /// What it says, once it is a link to the file.
    pub target: PathBuf,
}

impl NameBeside {
    /// Whether something else than the link to the file stands there. What cannot be looked at is told by who reads it.
    pub(super) fn is_taken(&self) -> bool {
        !self.leads_there() && files::look(&self.path).map_or(true, |meta| meta.is_some())
    }

    /// Whether it is the link to the file.
    pub(super) fn leads_there(&self) -> bool {
        std::fs::read_link(&self.path).is_ok_and(|to| to == self.target)
    }
}

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
    /// Makes the empty directory and the new link.
    pub(super) fn prepare(&self) -> Result<(), PathError> {
        files::ensure_open_dir(&self.parent)?;
        files::remove_tree(&self.dir)?;
        files::ensure_open_dir(&self.dir)?;
        files::remove_tree(&self.next)?;
        files::link(&self.next, &self.target)
    }
}

impl GenerationPaths {
    /// `link` is where the link of `there` really is.
    pub(super) fn new(link: PathBuf, there: &Generations) -> Self {
        Self {
            parent: link.with_file_name(there.beside),
            beside: there.beside,
            has_names_beside: there.has_names_beside,
            link,
        }
    }

    /// The name beside the link of a file behind it, if it has one.
    pub(super) fn name_beside(&self, name: &str) -> Option<NameBeside> {
        let link = self.link.file_name().filter(|_| self.has_names_beside)?;
        Some(NameBeside {
            path: self.link.with_file_name(name),
            target: Path::new(link).join(name),
        })
    }

    /// The paths for a transaction of run `number`, which may have several.
    ///
    /// # Errors
    /// When nobody can see which generation is in place.
    pub(super) fn generation(&self, number: u64) -> Result<Generation, PathError> {
        let present = match self.present() {
            Ok(present) => present.unwrap_or(0),
            Err(e) if e.kind() == ErrorKind::NotFound => 0,
            Err(e) => return Err(e).on("read", &self.link),
        };
        let name = format!("g{}", number.max(present + 1));
        Ok(Generation {
            link: self.link.clone(),
            parent: self.parent.clone(),
            dir: self.parent.join(&name),
            next: self.parent.join("next"),
            target: Path::new(self.beside).join(&name),
        })
    }

    /// The number of the generation that is in place; `None`: it is a directory still, or again.
    fn present(&self) -> std::io::Result<Option<u64>> {
        match std::fs::read_link(&self.link) {
            Ok(to) => Ok(to.file_name().and_then(|name| number(name.to_str()?))),
            Err(e) if e.kind() == ErrorKind::InvalidInput => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Finds out whether the link can be swapped.
    pub(super) fn probe(&self) -> Result<(), LocalError> {
        if mounts::is_mount_point(&self.link) {
            let reason = "it is a mount point, and cannot be swapped".to_owned();
            return Err(LocalError::Unfit {
                path: self.link.clone(),
                reason,
            });
        }
        Ok(())
    }

    /// Removes what is not needed any more: generations but the present and the one before it, and
    /// a left-over link.
    pub(super) fn tidy(&self) -> Result<(), PathError> {
        if files::look(&self.parent)?.is_none() {
            return Ok(());
        }
        self.keep_directory()?;
        let present = match self.present() {
            Ok(present) => present,
            // Nobody knows which generation is needed: all stay.
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(e).on("read", &self.link),
        };
        let mut numbers: Vec<u64> = files::list(&self.parent)?
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
            files::remove_tree(&self.parent.join(format!("g{n}")))?;
        }
        if files::list(&self.parent)?.is_empty() {
            files::remove_tree(&self.parent)?;
        }
        Ok(())
    }

    /// Gives a name of its own to a directory that changed places with the link, and removes a link
    /// that was left over.
    fn keep_directory(&self) -> Result<(), PathError> {
        let next = self.parent.join("next");
        if files::look(&next)?.is_some_and(|meta| meta.is_dir()) {
            // The package's own directory, or one that somebody put in the place of our link.
            let free = |name: &PathBuf| std::fs::symlink_metadata(name).is_err();
            let mut names = (1..).map(|n| {
                self.parent.join(if n == 1 {
                    "original".to_owned()
                } else {
                    format!("original.{n}")
                })
            });
            if let Some(name) = names.find(free) {
                files::rename(&next, &name)?;
            }
        }
        files::remove_tree(&next)
    }
}

fn number(name: &str) -> Option<u64> {
    name.strip_prefix('g')?.parse().ok()
}
