//! Processes of accounts that are locked or removed.

use super::context::PlanContext;
use super::env::Env;
use super::watch::Watch;
use crate::error::{Error, Result};
use crate::ledger::{HOST, Ledger};
use crate::model::owned::State;
use crate::model::{counted, shown};
use crate::plan::Plan;
use crate::plan::effects::{Presence, effects};
use crate::system::{process, sessions};

/// Ends what runs as a locked account, whichever run locked it: one may have been killed before it
/// came to this.
pub(crate) fn end_sessions(env: &Env, watch: &mut dyn Watch) -> Result<()> {
    if !env.settings.rules.departed.end_sessions || !env.root.is_host() {
        return Ok(());
    }
    let Some(ledger) = Ledger::open_read_only(&env.state_dir()).map_err(Error::failed)? else {
        return Ok(());
    };
    let owned = ledger
        .load(HOST, &env.settings.provider()?.name, env.now)
        .map_err(Error::failed)?;
    for own in owned
        .accounts
        .values()
        .filter(|own| own.state == State::Locked)
    {
        let name = shown(&own.name);
        match sessions::end(own.uid.get()) {
            (0, _) => {}
            (ended, 0) => {
                let ended = counted(ended, "process", "processes");
                watch.notice(format!(
                    "ended what ran as the locked account {name}: {ended}"
                ));
            }
            (_, left) => {
                let (left, verb) = (
                    counted(left, "process", "processes"),
                    if left == 1 { "does" } else { "do" },
                );
                watch.warn(format!(
                    "{left} of the locked account {name} {verb} not end"
                ));
            }
        }
    }
    Ok(())
}

/// Refuses to take away an account under somebody's feet. Another tree's accounts run nothing here.
pub(crate) fn refuse_logged_in(cx: &PlanContext<'_>, plan: &Plan) -> Result<()> {
    if cx.options.force || !cx.env.root.is_host() {
        return Ok(());
    }
    for change in &plan.changes {
        let (effects, name) = (effects(change), change.name());
        let (Presence::Goes { .. }, Some(uid)) = (effects.presence, effects.number) else {
            continue;
        };
        let pids = process::of_user(uid.get());
        if cx.host.accounts.contains_key(name) && !pids.is_empty() {
            let list: Vec<String> = pids.iter().take(5).map(ToString::to_string).collect();
            let message = format!(
                "nothing was removed: `{name}` runs {} (pid {}{})",
                counted(pids.len(), "process", "processes"),
                list.join(", "),
                if pids.len() > list.len() { ", ..." } else { "" }
            );
            return Err(Error::failed(message).hint("End them first, or use --force"));
        }
    }
    Ok(())
}
