//! Puts what is prepared in place, and brings what was interrupted to an end.
//!
//! The order is what makes it safe to be killed anywhere. The run reserves in the ledger; everything
//! new is written beside the old and to disk; then here: take the password lock; see that nothing
//! moved; backups; journal; renames; release; then the run confirms in the ledger, and [`finish`]
//! removes the rest, and the journal last. The lock is held only from the second look at the files
//! to the last rename, or from the first look where others change the files all the time.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::anchor;
use super::error::LocalError;
use super::homes;
use super::keys;
use super::local::Local;
use super::prepare::backup_staging;
use super::read::Current;
use super::staged::Staged;
use crate::system::journal::{self, Journal, Left, Outcome};
use crate::system::lock::PasswordLock;
use crate::system::replace::staging_dir;
use crate::system::{clock, files};
use crate::targets::{Recovered, Recovery, Switched, Traces};

/// Takes the password lock.
pub(super) fn lock(target: &Local) -> Result<PasswordLock, LocalError> {
    Ok(PasswordLock::take(
        &target.paths.password_lock(),
        clock::deadline(target.config.lock_wait),
    )?)
}

/// Puts a journal's steps in place, if the files are still as they were read. The caller holds the
/// password lock.
pub(super) fn switch(
    target: &Local,
    current: &Current,
    staged: &Staged,
    journal: &Journal,
) -> Result<Switched, LocalError> {
    let state_dir = target.state_dir();
    let begin = || -> Result<bool, LocalError> {
        let is_current = current.is_current()? && journal.finds_room()?;
        if !is_current || !keys::are_current(target, &staged.plan().changes)? {
            return Ok(false);
        }
        put_backups(target, staged)?;
        journal.begin(&state_dir)?;
        Ok(true)
    };
    match begin() {
        Ok(true) => {}
        Ok(false) => return Ok(Switched::Moved),
        Err(e) => return Ok(Switched::NotBegun(e)),
    }
    journal.carry_out()?;
    journal.mark_done(&state_dir)?;
    Ok(Switched::Done(traces(target, journal)))
}

/// Finishes what an interrupted run left behind, if it can be finished.
pub(super) fn recover(target: &Local) -> Result<Option<Recovered>, LocalError> {
    let (journal, end) = match journal::left_behind(&target.state_dir())? {
        Left::Nothing => {
            tidy(target, &BTreeSet::new());
            return Ok(None);
        }
        Left::Done(journal) => (journal, Recovery::WasWhole),
        Left::Started(journal) if !journal.is_below(&target.root.path("/")) => {
            (journal, Recovery::FromAnotherPlace)
        }
        Left::Started(journal) => {
            let end = finish_steps(target, &journal)?;
            (journal, end)
        }
    };
    Ok(Some(Recovered {
        txn: journal.txn,
        end,
        traces: traces(target, &journal),
    }))
}

fn finish_steps(target: &Local, journal: &Journal) -> Result<Recovery, LocalError> {
    let _lock = lock(target)?;
    match journal.recover()? {
        Outcome::Finished => {
            journal.mark_done(&target.state_dir())?;
            Ok(Recovery::Finished)
        }
        Outcome::Overtaken => Ok(Recovery::Overtaken),
    }
}

/// Removes what was needed on the way. The journal goes last, since without it the next run would
/// take it that nothing was put in place.
pub(super) fn finish(target: &Local, traces: &Traces) -> Result<(), LocalError> {
    tidy(target, &traces.directories);
    Ok(Journal::forget(&target.state_dir())?)
}

/// Where a journal changes anything; nowhere, if it came here with a copy of another tree.
fn traces(target: &Local, journal: &Journal) -> Traces {
    let mut traces = Traces::default();
    if journal.is_below(&target.root.path("/")) {
        let directories = journal.directories().into_iter();
        traces.directories = directories.map(PathBuf::from).collect();
    }
    traces
}

/// Removes staging directories, there and where there always may be one, and old generations. What
/// stays is out of sight already: it is told, holds nothing up, and a later run tries again.
fn tidy(target: &Local, there: &BTreeSet<PathBuf>) {
    let own = target
        .paths
        .layout
        .directories_of_single_files()
        .into_iter();
    let own = own
        .chain([target.key_dir.as_str(), anchor::DIR])
        .map(|dir| target.root.path(dir));
    // Mail of who was renamed is staged beside it, and no other directory leads there again.
    let bases = target.home_bases.iter().map(PathBuf::as_path);
    let bases = bases.chain([Path::new("/var/mail")]);
    let bases = bases.map(|base| target.root.path(base));
    let idle: BTreeSet<PathBuf> = bases.filter(|base| !there.contains(base)).collect();
    for base in &target.home_bases {
        homes::put_back(target, &target.root.path(base));
    }
    for dir in idle {
        let staging = staging_dir(&dir);
        match files::remove_tree(&staging) {
            // Of a home base that nobody can look at, nobody can say that there is anything.
            Err(_) if files::look(&staging).is_err() => {}
            Err(e) => target.stays(e),
            Ok(()) => {}
        }
    }
    let all: BTreeSet<PathBuf> = own.chain(there.iter().cloned()).collect();
    for dir in all {
        files::remove_tree(&staging_dir(&dir)).unwrap_or_else(|e| target.stays(e));
    }
    if let Some(there) = target.paths.generations() {
        there.tidy().unwrap_or_else(|e| target.stays(e));
    }
}

/// Puts the old files in place as backups, `FILE-`, as shadow does.
fn put_backups(target: &Local, staged: &Staged) -> Result<(), LocalError> {
    for db in staged.files.keys() {
        let Some(path) = target.paths.path(*db) else {
            continue;
        };
        let ready = backup_staging(&path);
        if ready.exists() {
            files::rename(&ready, &PathBuf::from(format!("{}-", path.display())))?;
        }
    }
    Ok(())
}
