//! Brings the targets in step that are made of what the host has, once at the end of a command, whatever its syncs have found; or shows
//! what that would do, when a dry run ends.
//!
//! Each has its own result: one that cannot be written is reported, and the next run tries again. While nothing that they are made of has moved, their stamp saves the look at them.

use std::path::Path;

use super::anchored;
use super::brought::{Brought, End, TargetEnd};
use super::choice::{How, TargetChoice};
use super::derived_hand::One;
use super::env::Env;
use super::report::RunReport;
use super::roll::Collected;
use super::target_notes::TargetNotes;
use super::watch::Watch;
use crate::cache::stamp::{self, Marked, Stamp};
use crate::error::{Error, Kind, Result};
use crate::ledger::{self, Ledger};
use crate::model::{Moment, Now};
use crate::system::inputs::Watching;
use crate::system::{PathError, clock, inputs, process};
use crate::targets::derived::{Derived, Mode};
use crate::targets::{Hold, Target};

/// Under what their stamp is kept.
const STAMP: &str = "targets";

/// What is said of one that `--target` does not name.
const LEFT_OUT: &str = "it was left out by --target; the next run without that brings it in step";

type Targets<'a> = Vec<(&'a str, &'a dyn Derived)>;

/// Whether what a run came to leaves the host as gosync knows it. After other failures nobody knows what stands.
pub(crate) fn is_known(report: &Result<RunReport>) -> bool {
    match report {
        Ok(_) => true,
        Err(error) => error.kind == Kind::Source,
    }
}

/// Brings them in step, under the lock of the command. `env`: of a dry run, one that knows what the run would have left.
///
/// # Errors
/// When nobody knows what they are made of.
pub(super) fn bring(env: &Env, how: How<'_>, watch: &mut dyn Watch) -> Result<Brought> {
    let all: Targets<'_> = env.settings.derived_targets().collect();
    if all.is_empty() {
        return Ok(Brought::default());
    }
    let (dir, asked) = (env.state_dir(), digest(env, &all));
    let stamp = Stamp::load(&dir, STAMP);
    let has_moved = env.ahead.as_ref().is_some_and(|ahead| ahead.has_moved());
    let is_still = !has_moved
        && stamp.is_some_and(|it| it.is_for(&asked, env.now.seconds()) && it.are_files_still());
    if is_still && !how.full && !how.choice.is_named() {
        let ends = all
            .iter()
            .map(|(name, _)| TargetEnd::of(name, End::Unmoved));
        return Ok(Brought {
            targets: ends.collect(),
            warnings: Vec::new(),
        });
    }
    let watching = Watching::begin();
    note_inputs(&dir);
    // What the syncs compared with the clock is not theirs.
    let env = &Env {
        now: Now::new(env.now.seconds()),
        ..env.clone()
    };
    let each = Each {
        env,
        how,
        all: &all,
        is_still,
    };
    let Some(brought) = each.bring(watch)? else {
        return Ok(Brought::default());
    };
    if how.mode == Mode::Show {
        return Ok(brought);
    }
    let is_whole = all.iter().all(|(name, _)| how.choice.has(name));
    let left = match (brought.behind().is_empty(), is_whole) {
        (true, true) => leave(&watching, env, asked, due(env, &all)),
        // What it says of those that were left out holds, or not, as before.
        (true, false) => Ok(()),
        (false, _) => stamp::remove(&dir, STAMP),
    };
    if let Err(error) = left {
        tracing::info!(%error, "no stamp of targets is left for the next run");
    }
    Ok(brought)
}

/// A digest of how they are made.
fn digest(env: &Env, all: &[(&str, &dyn Derived)]) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let (root, keys) = (&env.root, &env.settings.rules.keys);
    stamp::digest(&format!("{version} {root:?} {all:?} {keys:?}"))
}

/// Another program may make them otherwise; and the ledger changes with its journal.
fn note_inputs(dir: &Path) {
    process::own_program()
        .iter()
        .for_each(|path| inputs::note(path));
    ledger::paths(dir)
        .iter()
        .for_each(|path| inputs::note(path));
}

/// When they are to be looked at in any case, in seconds since 1970.
fn due(env: &Env, all: &[(&str, &dyn Derived)]) -> Option<i64> {
    let most = env.settings.gosync.full_read_every;
    let believed = all.iter().filter_map(|(_, target)| target.believed(most));
    let until = |span: std::time::Duration| {
        let seconds = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
        env.now.seconds().saturating_add(seconds)
    };
    believed.map(until).chain(env.now.next()).min()
}

/// Leaves a stamp for the next command, if nothing was written now.
fn leave(
    watching: &Watching,
    env: &Env,
    asked: String,
    due: Option<i64>,
) -> std::result::Result<(), PathError> {
    let (dir, now) = (env.state_dir(), &env.now);
    let stamp = watching.seen().map(|mut inputs| {
        // The note of each run is put there.
        inputs.remove(&dir);
        Stamp {
            asked,
            read_at: Moment(now.seconds()),
            due,
            until: i64::MAX,
            summary: String::new(),
            mark: Marked::Files,
            answers: None,
            inputs,
        }
    });
    match stamp.filter(|stamp| stamp.is_settled(clock::now())) {
        Some(stamp) => stamp.keep(&dir, STAMP),
        None => stamp::remove(&dir, STAMP),
    }
}

/// What all of them are brought in step by.
struct Each<'a> {
    env: &'a Env,
    how: How<'a>,
    all: &'a Targets<'a>,
    /// Whether nothing has moved since all of them were in step.
    is_still: bool,
}

impl Each<'_> {
    /// `None`: what was broken off, the next run finishes or drops before it looks at anything, or there is nothing of gosync's yet.
    fn bring(&self, watch: &mut dyn Watch) -> Result<Option<Brought>> {
        let dir = self.env.state_dir();
        let before = TargetNotes::load(&dir);
        let mut notes = before.clone();
        notes
            .targets
            .retain(|name, _| self.all.iter().any(|(known, _)| known == name));
        let Some(mut brought) = self.bring_named(&mut notes, watch)? else {
            return Ok(None);
        };
        self.leave_out(&mut notes, &mut brought);
        if self.how.mode == Mode::Carry
            && notes != before
            && let Err(error) = notes.keep(&dir)
        {
            brought.warn(
                format!("no note of targets is left for the next run: {error}"),
                watch,
            );
        }
        Ok(Some(brought))
    }

    fn bring_named(
        &self,
        notes: &mut TargetNotes,
        watch: &mut dyn Watch,
    ) -> Result<Option<Brought>> {
        let Self { env, how, all, .. } = *self;
        let mut brought = Brought::default();
        let named = || all.iter().filter(|(name, _)| how.choice.has(name));
        if named().next().is_none() {
            return Ok(Some(brought));
        }
        let target = env.target()?;
        let Some(ledger) = ledger(env, how.choice, target.as_ref())? else {
            return Ok(None);
        };
        let current = target.read(Hold::Open)?;
        let host = current.host();
        let with_keys = named().any(|(_, target)| target.wants_keys());
        let collected = Collected::of(env, &ledger, target.as_ref(), &host, with_keys)?;
        for text in &collected.left_out {
            brought.warn(format!("targets: {text}"), watch);
        }
        for (name, target) in named() {
            let one = One {
                env,
                how,
                note: notes.targets.entry((*name).to_owned()).or_default(),
                watch,
                ended: TargetEnd::of(name, End::Done),
            };
            brought.targets.push(one.bring(*target, &collected.roll));
        }
        Ok(Some(brought))
    }

    /// Of those that `--target` does not name nobody knows whether they are in step, unless nothing has moved.
    fn leave_out(&self, notes: &mut TargetNotes, brought: &mut Brought) {
        for (at, (name, _)) in self.all.iter().enumerate() {
            if self.how.choice.has(name) {
                continue;
            }
            let end = TargetEnd::of(name, End::LeftOut);
            brought.targets.insert(at, end);
            if !self.is_still {
                let note = notes.targets.entry((*name).to_owned()).or_default();
                let now = Moment(self.env.now.seconds());
                note.failing_since.get_or_insert(now);
                note.error.get_or_insert_with(|| LEFT_OUT.to_owned());
            }
        }
    }
}

/// The ledger that says what is gosync's.
fn ledger(env: &Env, choice: &TargetChoice, target: &dyn Target) -> Result<Option<Ledger>> {
    let ahead = env.ahead.as_ref().map(|ahead| ahead.ledger());
    if let Some(ledger) = ahead.transpose().map_err(Error::failed)?.flatten() {
        return Ok(Some(ledger));
    }
    let is_interrupted = target.is_interrupted()?;
    if choice.has_host(&env.settings) {
        return match is_interrupted {
            true => Ok(None),
            false => Ledger::open_read_only(&env.state_dir()).map_err(Error::failed),
        };
    }
    // No sync of this command has judged the host.
    if is_interrupted {
        return Err(
            Error::failed("an earlier run was interrupted while it wrote to the host").hint(
                "Run `gosync sync` without --target first, which finishes or drops what was begun",
            ),
        );
    }
    let none = || {
        Error::failed("gosync has no accounts on this host yet, of which a target could be made")
            .hint("Run `gosync sync` without --target first")
    };
    anchored::read(env)?.ok_or_else(none).map(Some)
}
