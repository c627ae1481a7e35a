//! Copies of the ledger that are made by themselves: one of each day on which it changed, seven of them.
//!
//! Made by the first run of a day that finds the ledger changed, after its commit and under the run lock alone. What fails
//! is told, and holds nothing up.

use std::path::PathBuf;

use super::env::Env;
use crate::ledger::{self, Ledger};
use crate::system::{PathError, clock, files};

/// How many are kept.
const KEPT: usize = 7;

/// The directory that they are in.
pub(crate) fn dir(env: &Env) -> PathBuf {
    env.state_dir().join("copies")
}

/// Makes the one of today, if there is none yet and the ledger has changed since the newest. Returns what failed.
pub(super) fn make_todays(env: &Env, ledger: &Ledger) -> Option<String> {
    make(env, ledger)
        .err()
        .map(|why| format!("no copy of the ledger was made: {why}"))
}

fn make(env: &Env, ledger: &Ledger) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let day = clock::written(env.now.seconds());
    let day = day.split('T').next().unwrap_or_default();
    let path = dir(env).join(format!("{day}.sqlite"));
    if files::look(&path)?.is_some() || !has_changed(env)? {
        return Ok(());
    }
    files::ensure_private_dir(&dir(env))?;
    ledger.copy_to(&path)?;
    for old in all(env)?.into_iter().skip(KEPT) {
        files::remove(&old)?;
    }
    Ok(())
}

/// Whether the ledger is younger than the newest copy.
fn has_changed(env: &Env) -> Result<bool, PathError> {
    let modified = |path: &PathBuf| Ok(files::look(path)?.and_then(|meta| meta.modified().ok()));
    let Some(newest) = all(env)?.into_iter().next() else {
        return Ok(true);
    };
    Ok(modified(&env.state_dir().join(ledger::FILE))? > modified(&newest)?)
}

/// The copies of days, the newest first.
pub(crate) fn all(env: &Env) -> Result<Vec<PathBuf>, PathError> {
    let dir = dir(env);
    if files::look(&dir)?.is_none() {
        return Ok(Vec::new());
    }
    let names = files::entries(&dir)?;
    let is_days = |name: &&String| {
        let day = name.strip_suffix(".sqlite").unwrap_or_default();
        day.len() == 10 && day.bytes().all(|b| b.is_ascii_digit() || b == b'-')
    };
    Ok(names
        .iter()
        .filter(is_days)
        .rev()
        .map(|name| dir.join(name))
        .collect())
}
