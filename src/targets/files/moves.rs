//! Homes and other files that get a new name with their account, as steps of a journal.
//!
//! passwd never names a home that is not there. Before it changes, a link is put under the new name; after it has, the
//! two change places; then the link, which now stands under the old name, is turned round or taken away. What is to be
//! done follows from what is there, so that a move that was broken off anywhere is finished.

use std::path::Path;

use super::error::LocalError;
use super::homes;
use super::local::Local;
use super::staged::Staged;
use crate::plan::{AccountRename, HomeMove};
use crate::system::files;
use crate::system::journal::Step;
use crate::system::replace::staging_dir;
use crate::targets::{Trouble, Unmade};

/// The steps before passwd changes, and those after.
#[derive(Default)]
pub(super) struct Moves {
    pub before: Vec<Step>,
    pub after: Vec<Step>,
}

impl Moves {
    /// Prepares what the steps need. What cannot be moved is noted.
    pub(super) fn new(target: &Local, staged: &Staged, unmade: &mut Unmade) -> Self {
        let mut all = Self::default();
        for (place, rename) in staged.renames() {
            let Some(account) = &rename.account else {
                continue;
            };
            match Self::of(target, account) {
                Ok(moves) => {
                    all.before.extend(moves.before);
                    all.after.extend(moves.after);
                }
                Err(error) => {
                    let home = account.home.as_ref();
                    let home = home.map(|home| target.locate(&home.from));
                    let base = home.as_deref().and_then(Path::parent);
                    let base = base.unwrap_or(Path::new("/"));
                    unmade.insert(place, Trouble::new(base, &error));
                }
            }
        }
        all
    }

    /// Those of one account.
    fn of(target: &Local, account: &AccountRename) -> Result<Self, LocalError> {
        let mut moves = Self::default();
        if let Some(home) = account.home.as_ref().filter(|home| home.moved) {
            moves.home(target, home)?;
        }
        for (from, to) in &account.files {
            moves.file(&target.locate(from), &target.locate(to))?;
        }
        Ok(moves)
    }

    /// A file has both names until passwd has changed: nobody is without keys or mail for a moment.
    fn file(&mut self, from: &Path, to: &Path) -> Result<(), LocalError> {
        let (Some(dir), Some(name)) = (to.parent().map(staging_dir), to.file_name()) else {
            return Ok(());
        };
        files::ensure_private_dir(&dir)?;
        let beside = |what: &str| dir.join(format!("{what}-{}", name.to_string_lossy()));
        if files::look(to)?.is_none() {
            let staged = beside("renamed");
            files::second_name(from, &staged)?;
            self.before.push(Step::Place {
                staged,
                path: to.to_owned(),
            });
        }
        self.after.push(Step::Retire {
            path: from.to_owned(),
            aside: beside("old-name"),
        });
        Ok(files::sync_dir(&dir)?)
    }

    fn home(&mut self, target: &Local, home: &HomeMove) -> Result<(), LocalError> {
        let (from, to) = (target.locate(&home.from), target.locate(&home.to));
        let (Some(base), Some(old), Some(new)) = (from.parent(), from.file_name(), to.file_name())
        else {
            return Ok(());
        };
        homes::check_base(target, base)?;
        let dir = staging_dir(base);
        files::ensure_private_dir(&dir)?;
        let beside = |what: &str| {
            let mut name = std::ffi::OsString::from(what);
            name.push(new);
            dir.join(name)
        };
        let is_dir = |path: &Path| -> Result<bool, LocalError> {
            Ok(files::look(path)?.is_some_and(|m| m.is_dir()))
        };
        if is_dir(&from)? {
            if !home.linked {
                let staged = beside("link-to-");
                files::link(&staged, Path::new(old))?;
                self.before.push(Step::Place {
                    staged,
                    path: to.clone(),
                });
            }
            self.after.push(Step::Exchange {
                path: to.clone(),
                other: from.clone(),
            });
        } else if files::look(&from)?.is_none() {
            return Ok(()); // moved already, and nothing was to stay
        }
        if home.link {
            let staged = beside("link-from-");
            files::link(&staged, Path::new(new))?;
            self.after.push(Step::Swap {
                staged,
                path: from,
                target: new.into(),
            });
        } else {
            self.after.push(Step::Retire {
                path: from,
                aside: beside("old-link-"),
            });
        }
        files::sync_dir(&dir)?;
        Ok(())
    }
}
