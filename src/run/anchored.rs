//! Whether the ledger is the one that belongs to the host, and the ways out where it is not.
//!
//! The databases say which ledger is theirs, by the anchor beside them. No command works with another one: it would
//! take every account for somebody else's, lock nobody any more, and give numbers a second time.

use std::path::{Path, PathBuf};

use super::env::Env;
use super::{copies, exchange};
use crate::error::{Error, Result};
use crate::ledger::{self, Ledger, Look, Mismatch, Standing, standing_of_none};
use crate::model::anchor::Anchor;
use crate::system::replace::{self, Appearance, staging_dir};
use crate::system::{PathError, files};
use crate::targets::Target;

/// How often a look is taken again because a run changes ledger and anchor meanwhile.
const LOOKS: u32 = 3;

/// What key files of gosync's are known by, behind the key.
const KEY_COMMENT: &[u8] = b" gosync:";

/// A ledger and its host, as they were found.
pub(crate) struct Found {
    /// The ledger's file.
    pub path: PathBuf,
    /// What the host says.
    pub anchor: Option<Anchor>,
    /// The ledger, as it stands.
    ledger: Option<Ledger>,
    /// How they stand to each other.
    pub standing: std::result::Result<Standing, Mismatch>,
}

impl Found {
    /// Why the ledger is not the right one, with the ways out.
    pub(crate) fn problem(&self, env: &Env) -> Option<Error> {
        let mismatch = self.standing.as_ref().err()?;
        Some(refusal(env, &self.path, mismatch))
    }

    /// The ledger for reading, if it is the right one.
    ///
    /// # Errors
    /// Why it is not, with the ways out.
    pub(crate) fn usable(self, env: &Env) -> Result<Option<Ledger>> {
        match self.problem(env) {
            Some(problem) => Err(problem),
            None => self.into_ledger(),
        }
    }

    /// The ledger for reading, whether it is the right one or not.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn into_ledger(self) -> Result<Option<Ledger>> {
        if matches!(self.standing, Err(Mismatch::Damaged(_))) {
            return Ok(None);
        }
        let ledger = self.ledger.map_or(Ok(None), Ledger::into_readable);
        ledger.map_err(Error::failed)
    }
}

/// The ledger for reading, if it is the one that belongs to the host; `None`: there is none yet.
///
/// # Errors
/// When it is not, or cannot be read.
pub(crate) fn read(env: &Env) -> Result<Option<Ledger>> {
    look(env)?.usable(env)
}

/// Looks at ledger and anchor. Whoever looks holds no lock: what a run is about to confirm is not taken for lost.
///
/// # Errors
/// When one of them cannot be read.
pub(crate) fn look(env: &Env) -> Result<Found> {
    let target = env.target()?;
    if exchange::is_left(&env.state_dir())? {
        return Err(Error::failed("the ledger is being replaced, or that was broken off")
            .hint("Wait for it (`gosync waitlock`); if nothing runs, the next run that writes finishes it"));
    }
    let mut looks = 1;
    loop {
        let found = find(env, target.as_ref(), Look::Only)?;
        if found.standing != Ok(Standing::Reserved) || target.is_interrupted()? {
            return Ok(found);
        }
        if looks == LOOKS {
            return Ok(Found {
                standing: Err(lost(&found)),
                ..found
            });
        }
        looks += 1;
    }
}

/// The same for who may write, and holds the run lock: what was broken off is made up for, as far as the ledger goes.
pub(super) fn look_and_mend(env: &Env, target: &dyn Target) -> Result<Found> {
    exchange::recover(env)?;
    let found = find(env, target, Look::Mending)?;
    let standing = match &found.standing {
        Ok(Standing::Reserved) if !target.is_interrupted()? => Err(lost(&found)),
        other => other.clone(),
    };
    Ok(Found { standing, ..found })
}

/// Makes sure that a ledger is given up for a new one only where it cannot be used.
pub(super) fn check_given_up(found: &Found) -> Result<()> {
    match found.standing {
        Err(_) => Ok(()),
        Ok(_) => Err(
            Error::failed("the ledger of this host can be used, and no new one is begun")
                .hint("Leave --new-ledger out"),
        ),
    }
}

/// Makes sure, before a run writes anything, that the ledger is the right one, or will be when what an interrupted run
/// left is made up for.
pub(super) fn check_before(env: &Env, target: &dyn Target) -> Result<()> {
    look_and_mend(env, target)?.problem(env).map_or(Ok(()), Err)
}

/// The same when that is done, and brings the anchor up to date if it is missing or lacks something. Returns what is to be
/// told of that.
pub(super) fn check_after(
    env: &Env,
    target: &dyn Target,
    ledger: &Ledger,
    recovered: bool,
) -> Result<Option<String>> {
    let path = env.state_dir().join(ledger::FILE);
    let anchor = anchor(target)?;
    let standing = ledger.standing(anchor.as_ref()).map_err(Error::failed)?;
    let told = match standing {
        Ok(Standing::New | Standing::Right) => return Ok(None),
        Ok(Standing::Unanchored) => None,
        Ok(Standing::Ahead) => (!recovered).then(|| {
            format!(
                "{} was older than the ledger, and is brought up to date: /etc was put back, or another host uses \
                 this ledger too, which it must not",
                target.locate(Anchor::PATH).display()
            )
        }),
        Ok(Standing::Reserved) => {
            let wanted = anchor.map_or(0, |anchor| anchor.transaction);
            let found = wanted.saturating_sub(1);
            return Err(refusal(env, &path, &Mismatch::Older { found, wanted }));
        }
        Err(mismatch) => return Err(refusal(env, &path, &mismatch)),
    };
    let anchor = ledger.anchor().map_err(Error::failed)?;
    match put(target, &anchor) {
        Ok(()) => Ok(told),
        // The next commit needs it, and says why it cannot be made.
        Err(e) => Ok(Some(format!("the ledger is not anchored yet: {e}"))),
    }
}

/// Puts an anchor in place, outside of a transaction.
pub(super) fn put(target: &dyn Target, anchor: &Anchor) -> std::result::Result<(), PathError> {
    let path = target.locate(Anchor::PATH);
    let dir = path.parent().unwrap_or(Path::new("/"));
    files::ensure_open_path(dir)?;
    let staging = staging_dir(dir);
    files::ensure_private_dir(&staging)?;
    let appearance = Appearance {
        mode: 0o644,
        gid: None,
    };
    let staged = staging.join("anchor");
    replace::stage(&staged, anchor.to_string().as_bytes(), &path, appearance)?;
    files::rename(&staged, &path)?;
    files::sync_dir(dir)?;
    files::remove_tree(&staging)
}

/// What is found of ledger and anchor; the anchor first, which changes before the ledger does.
fn find(env: &Env, target: &dyn Target, look: Look) -> Result<Found> {
    let (dir, anchor) = (env.state_dir(), anchor(target)?);
    let ledger = Ledger::look(&dir, look).map_err(Error::failed)?;
    let standing = match &ledger {
        None => standing_of_none(anchor.as_ref(), Mismatch::Missing),
        Some(ledger) => match ledger.standing(anchor.as_ref()) {
            Ok(standing) => standing,
            Err(e) if e.is_damage() => Err(Mismatch::Damaged(e.cause())),
            Err(e) => return Err(Error::failed(e)),
        },
    };
    let standing = match (standing, &ledger) {
        (Ok(Standing::New), None) if has_own_keys(env, target) => Err(Mismatch::Missing),
        (standing, _) => standing,
    };
    Ok(Found {
        path: dir.join(ledger::FILE),
        anchor,
        ledger,
        standing,
    })
}

/// The anchor of the host; `None`: there is none.
///
/// # Errors
/// When it cannot be read, or says nothing.
pub(super) fn anchor(target: &dyn Target) -> Result<Option<Anchor>> {
    let path = target.locate(Anchor::PATH);
    let unusable = |why: &dyn std::fmt::Display| {
        Error::failed(format!("{} cannot be used: {why}", path.display())).hint(
            "It says which ledger belongs to this host. If the ledger is the newest there is (`gosync ledger verify`), \
             remove the file: the next run makes it anew",
        )
    };
    if let Some(complaint) = files::complaint_of(&path).map_err(|e| unusable(&e))? {
        return Err(Error::failed(format!("{}: {complaint}", path.display())));
    }
    let Some(bytes) = files::read_plain(&path).map_err(|e| unusable(&e))? else {
        return Ok(None);
    };
    Anchor::parse(&bytes).map(Some).map_err(|e| unusable(&e))
}

/// Whether there are files with keys that a ledger made, on a host from before anchors.
fn has_own_keys(env: &Env, target: &dyn Target) -> bool {
    // A directory that is not to be trusted is no witness.
    own_key_files(env, target).is_ok_and(|files| !files.is_empty())
}

/// The files with keys that a ledger made.
pub(super) fn own_key_files(env: &Env, target: &dyn Target) -> Result<Vec<String>> {
    let dir = &env.settings.rules.keys.directory;
    let files = target.key_files()?;
    let paths = files.names().map(|name| format!("{dir}/{name}"));
    Ok(paths
        .filter(|path| files.holds(path, KEY_COMMENT))
        .collect())
}

fn lost(found: &Found) -> Mismatch {
    let wanted = found.anchor.as_ref().map_or(0, |anchor| anchor.transaction);
    Mismatch::Older {
        found: wanted.saturating_sub(1),
        wanted,
    }
}

/// Why nothing is done, and the ways out.
fn refusal(env: &Env, path: &Path, mismatch: &Mismatch) -> Error {
    let message = format!("the ledger {} cannot be used: {mismatch}", path.display());
    ways_out(env, Error::failed(message))
}

/// Adds what leads out to an error of the ledger.
pub(super) fn ways_out(env: &Env, error: Error) -> Error {
    let newest = copies::all(env).unwrap_or_default().into_iter().next();
    let restore = match newest {
        Some(copy) => format!(
            "`gosync ledger restore {}` puts the newest copy in its place, and tells what that does not know",
            copy.display()
        ),
        None => "`gosync ledger restore FILE` puts a copy in its place; beside it there is none"
            .to_owned(),
    };
    let rebuild = "`gosync ledger rebuild -n` shows what a new ledger would be made of: what this host says of the accounts \
                   that gosync made, and the provider";
    error.hint(restore).hint(rebuild).hint(
        "`gosync sync users --new-ledger` begins anew, such as on a host that was made of another one's image: accounts that \
         are here are the host's own then, until they are adopted; no number is given twice",
    )
}
