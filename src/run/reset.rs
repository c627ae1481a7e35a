//! Takes a ledger off a host on which nothing of it is left, such as that of a trial.
//!
//! A new one takes its place, which knows nobody. Numbers stay retired: gosync gives none of them out by itself any more,
//! for files elsewhere may belong to them; a person for whom the provider names one may have it.

use std::path::PathBuf;

use super::anchored;
use super::env::Env;
use super::restore::new_ledger;
use super::watch::Watch;
use crate::error::{Error, Result};
use crate::ledger::{HOST, Ledger};
use crate::model::anchor::Numbers;
use crate::model::host::Owner;
use crate::model::owned::Owned;
use crate::model::{first_names, shown};
use crate::system::files;
use crate::system::lock::Purpose;
use crate::targets::{Hold, Target};

/// How much of what is left is told.
const TOLD: usize = 10;

/// Takes it off. Returns where it is kept.
pub(crate) fn reset(env: &Env, dry_run: bool, watch: &mut dyn Watch) -> Result<Option<PathBuf>> {
    let _lock = env.lock(Purpose::of("ledger reset", dry_run), watch)?;
    let target = env.target()?;
    if target.is_interrupted()? {
        return Err(
            Error::failed("an earlier run was interrupted while it wrote")
                .hint("Run `gosync sync users` first, which finishes or drops what was begun"),
        );
    }
    let found = anchored::look(env)?;
    let anchor = found.anchor.clone();
    let Some(ledger) = found.usable(env)? else {
        return Err(Error::failed("there is no ledger yet"));
    };
    let left = left(env, target.as_ref(), &ledger)?;
    if !left.is_empty() {
        let names = left.iter().map(String::as_str);
        let message = format!(
            "the ledger stays, since this is left of what it knows: {}",
            first_names(names, TOLD)
        );
        return Err(Error::failed(message).hint(
            "Take it away first (`gosync deluser --remove-home NAME`), or give it back to the host and remove it",
        ));
    }
    let anchor = match anchor {
        Some(anchor) => anchor,
        None => ledger.anchor().map_err(Error::failed)?,
    };
    drop(ledger);
    if dry_run {
        return Ok(None);
    }
    let kept = new_ledger(env, target.as_ref(), Some(&anchor), &Numbers::default())?;
    let stays = target.warnings().into_iter();
    stays.for_each(|stays| watch.warn(stays));
    Ok(kept)
}

/// What is on the host still: accounts, groups, homes, subordinate ids, keys.
fn left(env: &Env, target: &dyn Target, ledger: &Ledger) -> Result<Vec<String>> {
    let mut left = Vec::new();
    let current = target.read(Hold::Open)?;
    let (host, subuids) = (current.host(), target.subuids()?);
    for provider in ledger.providers().map_err(Error::failed)? {
        let owned = ledger
            .load(HOST, &provider, env.now.seconds())
            .map_err(Error::failed)?;
        left.extend(accounts(target, &host, &owned));
        for group in owned.groups.values() {
            let stands = |(name, found): (&&str, &crate::model::host::HostGroup<'_>)| {
                **name == group.name || found.gid == group.gid.get()
            };
            if host.groups.iter().any(stands) {
                left.push(format!("the group {} ({})", shown(&group.name), group.gid));
            }
        }
        let with_subids = owned.accounts.values();
        let with_subids = with_subids.filter(|own| subuids.has(own.uid.get(), &own.name));
        left.extend(with_subids.map(|own| format!("the subordinate ids of {}", shown(&own.name))));
    }
    left.extend(anchored::own_key_files(env, target)?);
    Ok(left)
}

fn accounts(
    target: &dyn Target,
    host: &crate::model::host::Host<'_>,
    owned: &Owned,
) -> Vec<String> {
    let mut left = Vec::new();
    for own in owned.accounts.values() {
        let stands = |(name, found): (&&str, &crate::model::host::HostAccount<'_>)| {
            **name == own.name || found.uid == own.uid.get()
        };
        if host.accounts.iter().any(stands) {
            left.push(format!("the account {} ({})", shown(&own.name), own.uid));
        }
        let home = &own.applied.fields.home;
        let is_theirs = Some(Owner::Directory(own.uid.get())) == files::owner(&target.locate(home));
        if !home.is_empty() && is_theirs {
            left.push(format!("the home {} of {}", shown(home), shown(&own.name)));
        }
    }
    left
}
