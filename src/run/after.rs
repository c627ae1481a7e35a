//! What follows a commit, under the run lock alone: caches, keys in homes, hooks.

use super::env::Env;
use super::job::Options;
use super::ledger_access::LedgerAccess;
use super::watch::Watch;
use crate::error::{Error, Result};
use crate::hooks::{self, Tally};
use crate::ledger::Ledger;
use crate::model::host::Host;
use crate::system::caches;
use crate::targets::{Hold, Target};

/// Tells the caches of names that they are old.
pub(crate) fn forget_caches(env: &Env, watch: &mut dyn Watch) {
    if env.root.is_host() {
        for failure in caches::forget() {
            watch.warn(format!(
                "a name service cache could not be flushed; lookups may be stale for a while: {failure}"
            ));
        }
    }
}

/// Runs the hooks that are due.
pub(crate) fn run_hooks(
    env: &Env,
    options: &Options,
    target: &dyn Target,
    ledger: &mut Ledger,
    watch: &mut dyn Watch,
) -> Result<Tally> {
    let with_host = |work: &mut dyn FnMut(&Host<'_>) -> Result<()>| {
        let current = target.read(Hold::Open)?;
        work(&current.host())
    };
    hooks::run(&env.hooks(options), ledger, &with_host, watch)
}

/// Finishes or drops what an interrupted run has left, and runs hooks that are due, in a run that
/// comes to nothing else. Where nothing waits, nothing is opened for writing.
pub(crate) fn catch_up(env: &Env, options: &Options, watch: &mut dyn Watch) -> Result<()> {
    if options.dry_run {
        return Ok(());
    }
    let context = env.hooks(options);
    if !context.enabled {
        hooks::tell_unmoved(&context, watch);
        return Ok(());
    }
    let target = env.target()?;
    let is_due = match Ledger::open_read_only(&env.state_dir()) {
        Ok(None) => return Ok(()),
        Ok(Some(ledger)) => ledger
            .is_hook_due(env.now.seconds())
            .map_err(Error::failed)?,
        // Perhaps a write to it was broken off, which only a writer can undo.
        Err(_) => true,
    };
    if !(is_due || options.retry_hooks || target.is_interrupted()?) {
        return Ok(());
    }
    if let LedgerAccess::Write(mut ledger) =
        LedgerAccess::open(env, target.as_ref(), &Options::default(), watch)?
    {
        run_hooks(env, options, target.as_ref(), &mut ledger, watch)?;
    }
    Ok(())
}
