//! Processes of accounts that are locked or removed.

use std::collections::BTreeSet;

use super::context::PlanContext;
use super::env::Env;
use super::running::Running;
use super::watch::Watch;
use crate::error::{Error, Result};
use crate::ledger::{HOST, Ledger};
use crate::model::owned::{Owned, OwnedAccount, State};
use crate::model::{ProviderName, counted, shown};
use crate::plan::Plan;
use crate::plan::effects::{Presence, effects};
use crate::system::sessions;

/// How many processes are named.
const NAMED: usize = 5;

/// Ends what runs as a locked account, whichever run locked it: one may have been killed before it
/// came to this. Returns of how many accounts something still runs.
pub(crate) fn end_sessions(env: &Env, watch: &mut dyn Watch) -> Result<usize> {
    if !env.settings.rules.departed.end_sessions || !env.root.is_host() {
        return Ok(0);
    }
    let Some(ledger) = Ledger::open_read_only(&env.state_dir()).map_err(Error::failed)? else {
        return Ok(0);
    };
    let all = of_all_providers(&ledger, env.settings.first_provider(), env.now.seconds())?;
    let accounts = all.iter().flat_map(|owned| owned.accounts.values());
    let is_locked = |own: &&OwnedAccount| own.state == State::Locked;
    let locked: Vec<&OwnedAccount> = accounts.filter(is_locked).collect();
    if locked.is_empty() {
        return Ok(0);
    }
    let running = Running::now(env.target()?.as_ref())?;
    let found = |own: &OwnedAccount| running.of(own.uid.get(), &own.name).len();
    let found = locked.into_iter().map(|own| (own, found(own)));
    let found: Vec<(&OwnedAccount, usize)> = found.filter(|(_, found)| *found > 0).collect();
    if found.is_empty() {
        return Ok(0);
    }
    let all: Vec<_> = found
        .iter()
        .map(|(own, _)| running.uids_of(own.uid.get(), &own.name))
        .collect();
    let left = sessions::end(&all).map_err(|e| {
        Error::failed(format!(
            "cannot see whether what ran as locked accounts ended: {e}"
        ))
    })?;
    for ((own, ended), left) in found.iter().zip(&left) {
        tell(&own.name, *ended, left, watch);
    }
    Ok(left.iter().filter(|left| !left.is_empty()).count())
}

/// The ledger as each provider sees it, `own` first.
fn of_all_providers(ledger: &Ledger, own: &str, now: i64) -> Result<Vec<Owned>> {
    let load = |name: &str| ledger.load(HOST, name, now).map_err(Error::failed);
    let own = load(own)?;
    let others: BTreeSet<ProviderName> = own.others.present.keys().cloned().collect();
    let others = others.iter().map(|name| load(name.as_str()));
    std::iter::once(Ok(own)).chain(others).collect()
}

fn tell(name: &str, ended: usize, left: &[u32], watch: &mut dyn Watch) {
    let name = shown(name);
    if left.is_empty() {
        let ended = counted(ended, "process", "processes");
        watch.notice(format!(
            "ended what ran as the locked account {name}: {ended}"
        ));
        return;
    }
    let verb = if left.len() == 1 { "does" } else { "do" };
    watch.warn(format!(
        "{} of the locked account {name} {verb} not end ({}); `ps -o stat,wchan,args -p {}` shows what \
         it hangs on",
        counted(left.len(), "process", "processes"),
        pids(left),
        left[0],
    ));
}

/// The first of them.
fn pids(all: &[u32]) -> String {
    let list: Vec<String> = all.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if all.len() > NAMED { ", ..." } else { "" };
    format!("pid {}{more}", list.join(", "))
}

/// Refuses to take away an account under somebody's feet. Another tree's accounts run nothing here.
pub(crate) fn refuse_logged_in(cx: &PlanContext<'_>, plan: &Plan) -> Result<()> {
    if cx.options.force || !cx.env.root.is_host() {
        return Ok(());
    }
    let gone = plan.changes.iter().filter_map(|change| {
        let (effects, name) = (effects(change), change.name());
        let goes = matches!(effects.presence, Presence::Goes { .. });
        let uid = effects.number.filter(|_| goes)?;
        cx.host.accounts.contains_key(name).then_some((name, uid))
    });
    let mut running = None;
    for (name, uid) in gone {
        let running = match &running {
            Some(running) => running,
            None => running.insert(Running::now(cx.target)?),
        };
        let found = running.of(uid.get(), name);
        if !found.is_empty() {
            let message = format!(
                "nothing was removed: `{name}` runs {} ({})",
                counted(found.len(), "process", "processes"),
                pids(&found)
            );
            return Err(Error::failed(message).hint("End them first, or use --force"));
        }
    }
    Ok(())
}
