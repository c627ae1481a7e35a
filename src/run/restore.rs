//! Another ledger for the host: a copy that is put back, or a new one, where nothing is left to be put back or all that
//! the old one knew is gone.
//!
//! What the anchor says was given stays retired with each of them, so that no number is given twice.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::anchored::{self, Found};
use super::env::Env;
use super::exchange::Exchange;
use super::watch::Watch;
use crate::error::{Error, Result};
use crate::ledger::{self, Entries, Ledger, LedgerError, Mismatch, Standing};
use crate::model::anchor::{Anchor, Numbers};
use crate::model::history::EntryKind;
use crate::model::{first_names, shown};
use crate::system::files;
use crate::system::lock::Purpose;
use crate::targets::{Hold, Target};

/// How many names are told.
const NAMES: usize = 10;

/// What came, or would come, of it.
pub(crate) struct Restored {
    /// What the copy does not know, in sentences.
    pub lost: Vec<String>,
    /// Where the former ledger is kept.
    pub kept: Option<PathBuf>,
}

/// Puts the copy `file` in the place of the ledger. `force`: also that of another host, and in the place of a sound one.
pub(crate) fn restore(
    env: &Env,
    file: &Path,
    (dry_run, force): (bool, bool),
    watch: &mut dyn Watch,
) -> Result<Restored> {
    let _lock = env.lock(Purpose::of("ledger restore", dry_run), watch)?;
    let target = env.target()?;
    let copy = sound_copy(file)?;
    let found = match dry_run {
        true => anchored::look(env)?,
        false => anchored::look_and_mend(env, target.as_ref())?,
    };
    let anew = check(file, &copy, &found, force)?;
    let lost = lost(&copy, &found, target.as_ref())?;
    if dry_run {
        return Ok(Restored { lost, kept: None });
    }
    let exchange = Exchange::begin(env, target.as_ref())?;
    let anchor = make(&copy, &exchange, found.anchor.as_ref(), anew).map_err(Error::failed)?;
    let kept = exchange.carry_out(&anchor)?;
    let stays = target.warnings().into_iter();
    stays.for_each(|stays| watch.warn(stays));
    Ok(Restored { lost, kept })
}

/// Makes a ledger of a copy, where it is to be put in place from. Returns its anchor.
fn make(
    copy: &Ledger,
    exchange: &Exchange<'_>,
    anchor: Option<&Anchor>,
    anew: bool,
) -> std::result::Result<Anchor, LedgerError> {
    copy.copy_to(&exchange.dir().join(ledger::FILE))?;
    Ledger::open(exchange.dir())?.follow(anchor, anew)
}

/// Makes a new ledger in which nothing stands but what was given, by the anchor and besides. Returns where the former one is kept.
pub(super) fn new_ledger(
    env: &Env,
    target: &dyn Target,
    anchor: Option<&Anchor>,
    retired: &Numbers,
) -> Result<Option<PathBuf>> {
    let exchange = Exchange::begin(env, target)?;
    let mut new = Ledger::open(exchange.dir()).map_err(Error::failed)?;
    new.retire(retired).map_err(Error::failed)?;
    let anchor = new.follow(anchor, true).map_err(Error::failed)?;
    drop(new);
    exchange.carry_out(&anchor)
}

/// The copy in a file, looked over.
fn sound_copy(file: &Path) -> Result<Ledger> {
    let unfit = |why: &dyn std::fmt::Display| {
        Error::failed(format!("{} is not put back: {why}", file.display()))
    };
    if files::look(file).map_err(|e| unfit(&e))?.is_none() {
        return Err(unfit(&"there is no such file"));
    }
    let copy = Ledger::open_copy(file).map_err(|e| unfit(&e))?;
    let faults = copy.all_faults().map_err(|e| unfit(&e))?;
    match faults.first() {
        Some(first) => Err(unfit(&format!("it is damaged: {}", shown(first)))),
        None => Ok(copy),
    }
}

/// Whether the copy may take the ledger's place; and whether it is to be another ledger there than it was.
fn check(file: &Path, copy: &Ledger, found: &Found, force: bool) -> Result<bool> {
    let standing = copy
        .standing(found.anchor.as_ref())
        .map_err(Error::failed)?;
    let anew = standing == Err(Mismatch::Foreign);
    let refused =
        |why: &str| {
            Err(Error::failed(format!("{} is not put back: {why}", file.display())).hint(
            "With --force it is, all the same; the present ledger is kept beside the copies",
        ))
        };
    if force {
        return Ok(anew);
    }
    if anew {
        return refused("it is a copy of another ledger than that of this host");
    }
    match found.standing {
        Ok(Standing::Right | Standing::Ahead | Standing::Unanchored | Standing::Reserved) => {
            refused("the ledger of this host is there, and knows more")
        }
        Ok(Standing::New) | Err(_) => Ok(false),
    }
}

/// What the host and its present ledger know, and the copy does not.
fn lost(copy: &Ledger, found: &Found, target: &dyn Target) -> Result<Vec<String>> {
    let known = copy.entries().map_err(Error::failed)?;
    let mut told = Vec::new();
    let last = copy.anchor().map_err(Error::failed)?.transaction;
    if let Some(anchor) = &found.anchor
        && anchor.transaction > last
    {
        told.push(format!(
            "the copy is of transaction {last}, and this host has seen {}: what happened in between is not in it",
            anchor.transaction
        ));
    }
    let current = target.read(Hold::Open)?;
    let host = current.host();
    let given = found.anchor.as_ref().map(|anchor| &anchor.given);
    let of = |kind: EntryKind, number: u32| match kind {
        EntryKind::Account => given.is_some_and(|given| given.uids.contains(number)),
        _ => given.is_some_and(|given| given.gids.contains(number)),
    };
    let own_gids: BTreeSet<u32> = host.accounts.values().map(|found| found.gid).collect();
    let accounts = host
        .accounts
        .iter()
        .map(|(name, it)| (EntryKind::Account, *name, it.uid));
    let groups = host.groups.iter().filter(|(name, it)| {
        // A group of an account's own comes and goes with the account.
        !(own_gids.contains(&it.gid) && host.accounts.contains_key(name))
    });
    let groups = groups.map(|(name, it)| (EntryKind::Group, *name, it.gid));
    let unknown: Vec<&str> = accounts
        .chain(groups)
        .filter(|(kind, _, number)| of(*kind, *number) && !known.contains_key(&(*kind, *number)))
        .map(|(_, name, _)| name)
        .collect();
    if !unknown.is_empty() {
        told.push(format!(
            "on this host and not in the copy: {}; the next run refuses them until they are adopted \
             (`gosync adopt NAME`)",
            first_names(unknown, NAMES)
        ));
    }
    let gone = gone(&known, &host);
    if !gone.is_empty() {
        told.push(format!(
            "in the copy and not on this host: {}; the next run takes them as deleted by hand",
            first_names(gone, NAMES)
        ));
    }
    Ok(told)
}

/// Who should be on the host by a ledger, and is not.
fn gone<'e>(known: &'e Entries, host: &crate::model::host::Host<'_>) -> Vec<&'e str> {
    let is_gone = |kind: EntryKind, name: &str| match kind {
        EntryKind::Account => !host.accounts.contains_key(name),
        _ => !host.groups.contains_key(name),
    };
    let entries = known
        .iter()
        .filter(|((kind, _), (name, state))| state.is_present() && is_gone(*kind, name));
    entries.map(|(_, (name, _))| name.as_str()).collect()
}
