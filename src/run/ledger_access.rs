//! The ledger as a run may use it: a dry run only reads it.

use std::path::Path;

use super::anchored::{self, Found};
use super::env::Env;
use super::evidence;
use super::job::{NewLedger, Options};
use super::restore;
use super::transaction;
use super::watch::Watch;
use crate::error::{Error, Result};
use crate::ledger::{Ledger, LedgerError, Run};
use crate::model::anchor::Numbers;
use crate::model::owned::Owned;
use crate::system::files;
use crate::targets::Target;

/// Refuses a state directory that others may replace, or what is in it.
fn trusted(dir: &Path, env: &Env) -> Result<()> {
    let distrust = files::untrusted_directory(dir, &env.root.path("/")).map_err(Error::failed)?;
    match distrust {
        None => Ok(()),
        Some(why) => Err(Error::failed(format!(
            "the ledger in {} cannot be trusted: {why}",
            dir.display()
        ))),
    }
}

/// What is retired in the new ledger that a run begins with; `None`: it goes on with the one that is there.
fn anew(env: &Env, target: &dyn Target, how: NewLedger, found: &Found) -> Result<Option<Numbers>> {
    let given = || {
        found
            .anchor
            .clone()
            .map(|anchor| anchor.given)
            .unwrap_or_default()
    };
    match how {
        NewLedger::No => Ok(None),
        NewLedger::Begun => anchored::check_given_up(found).map(|()| Some(given())),
        NewLedger::Rebuilt if found.standing.is_ok() => Ok(None),
        NewLedger::Rebuilt => Ok(Some(given().and(&evidence::numbers(env, target)?))),
    }
}

/// Makes a new ledger in the place of one that is lost, or is not this host's.
fn begin_anew(env: &Env, target: &dyn Target, how: NewLedger, watch: &mut dyn Watch) -> Result<()> {
    let found = anchored::look_and_mend(env, target)?;
    let Some(retired) = anew(env, target, how, &found)? else {
        return Ok(());
    };
    let kept = restore::new_ledger(env, target, found.anchor.as_ref(), &retired)?;
    if let Some(kept) = kept {
        watch.notice(format!(
            "a new ledger was begun; the former one is kept as {}",
            kept.display()
        ));
    }
    Ok(())
}

/// The ledger that a dry run plans with, which writes none.
fn for_dry_run(env: &Env, target: &dyn Target, how: NewLedger) -> Result<Ledger> {
    let ahead = env.ahead.as_ref().map(|ahead| ahead.ledger());
    if let Some(ledger) = ahead.transpose().map_err(Error::failed)?.flatten() {
        return Ok(ledger);
    }
    if target.is_interrupted()? {
        return Err(
            Error::failed("an earlier run was interrupted while it wrote")
                .hint("Run it without --dry-run first, which finishes or drops what was begun"),
        );
    }
    let found = anchored::look(env)?;
    let retired = match anew(env, target, how, &found)? {
        Some(retired) => retired,
        None => match found.usable(env)? {
            Some(ledger) => return Ok(ledger),
            None => Numbers::default(),
        },
    };
    let new = || {
        let mut new = Ledger::in_memory(None)?;
        new.retire(&retired)?;
        Ok::<_, LedgerError>(new)
    };
    new().map_err(Error::failed)
}

/// The ledger, as far as a run may use it.
pub(crate) enum LedgerAccess {
    /// For reading and writing.
    Write(Ledger),
    /// A dry run's: for reading. Where a new one would be made, it is in memory.
    Read(Ledger),
}

impl LedgerAccess {
    /// Opens it for a run; for one that writes, finishes or drops what an interrupted run has left.
    pub(crate) fn open(
        env: &Env,
        target: &dyn Target,
        options: &Options,
        watch: &mut dyn Watch,
    ) -> Result<Self> {
        let dir = env.state_dir();
        trusted(&dir, env)?;
        if options.dry_run {
            return for_dry_run(env, target, options.new_ledger).map(Self::Read);
        }
        if options.new_ledger != NewLedger::No {
            begin_anew(env, target, options.new_ledger, watch)?;
        }
        anchored::check_before(env, target)?;
        files::ensure_private_dir(&dir).map_err(Error::failed)?;
        let mut ledger = Ledger::open(&dir).map_err(Error::failed)?;
        ledger.keep_history(env.settings.gosync.history_days);
        let recovered = transaction::recover(target, &mut ledger)?;
        if let Some(done) = recovered {
            watch.warn(done.to_owned());
        }
        let told = anchored::check_after(env, target, &ledger, recovered.is_some())?;
        told.into_iter().for_each(|text| watch.warn(text));
        target
            .warnings()
            .into_iter()
            .for_each(|text| watch.warn(text));
        Ok(Self::Write(ledger))
    }

    /// A copy that nobody else sees, as a run finds it.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub(crate) fn in_memory(&self) -> std::result::Result<Ledger, LedgerError> {
        let (Self::Write(ledger) | Self::Read(ledger)) = self;
        Ledger::in_memory(Some(ledger))
    }

    /// What gosync owns.
    pub(crate) fn load(&self, run: Run<'_>) -> Result<Owned> {
        let (Self::Write(ledger) | Self::Read(ledger)) = self;
        ledger
            .load(run.target, run.provider, run.now)
            .map_err(Error::failed)
    }
}
