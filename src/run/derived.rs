//! Brings the targets in step that are made of what the host has, once at the end of a command, whatever its syncs have found.
//!
//! Each has its own result: one that cannot be written is reported, and the next run tries again. While nothing that they are made of has moved, their stamp saves the look at them.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::env::Env;
use super::report::RunReport;
use super::roll::Collected;
use super::target_notes::{TargetNote, TargetNotes};
use super::watch::Watch;
use crate::cache::stamp::{self, Marked, Stamp};
use crate::error::{Error, Kind, Result};
use crate::ledger::{self, Ledger};
use crate::model::{Moment, Now, hex, shown};
use crate::policy::writers::Writing;
use crate::system::inputs::Watching;
use crate::system::{PathError, clock, files, inputs, process};
use crate::targets::Hold;
use crate::targets::derived::{self, Derived, Hand, Leave, MadeFile, Roll, Site};

/// Under what their stamp is kept.
const STAMP: &str = "targets";

/// The end of the name under which a file is kept that was there before gosync wrote its first one.
const BEFORE: &str = "before-gosync";

/// That of the last one that somebody has changed after that.
const CHANGED: &str = "changed-by-hand";

/// Whether what a run came to leaves the host as gosync knows it. After other failures nobody knows what stands.
pub(crate) fn is_known(report: &Result<RunReport>) -> bool {
    match report {
        Ok(_) => true,
        Err(error) => error.kind == Kind::Source,
    }
}

/// Brings them in step, under the lock of the command. Returns the names of those that are not.
///
/// # Errors
/// When nobody knows what they are made of.
pub(crate) fn bring(
    env: &Env,
    approved: Option<&str>,
    watch: &mut dyn Watch,
) -> Result<Vec<String>> {
    let all: Vec<(&str, &dyn Derived)> = env.settings.derived_targets().collect();
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let (dir, asked) = (env.state_dir(), digest(env, &all));
    let last = Stamp::load(&dir, STAMP);
    if last.is_some_and(|it| it.is_for(&asked, env.now.seconds()) && it.are_files_still()) {
        return Ok(Vec::new());
    }
    let watching = Watching::begin();
    note_inputs(&dir);
    // What the syncs compared with the clock is not theirs.
    let env = &Env {
        now: Now::new(env.now.seconds()),
        ..env.clone()
    };
    let behind = bring_each(env, approved, &all, watch)?;
    let left = match behind.is_empty() {
        true => leave(&watching, env, asked, due(env, &all)),
        false => stamp::remove(&dir, STAMP),
    };
    if let Err(error) = left {
        tracing::info!(%error, "no stamp of targets is left for the next run");
    }
    Ok(behind)
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

fn bring_each(
    env: &Env,
    approved: Option<&str>,
    all: &[(&str, &dyn Derived)],
    watch: &mut dyn Watch,
) -> Result<Vec<String>> {
    let target = env.target()?;
    let dir = env.state_dir();
    // What was broken off, the next run finishes or drops before it looks at anything.
    if target.is_interrupted()? {
        return Ok(Vec::new());
    }
    let Some(ledger) = Ledger::open_read_only(&dir).map_err(Error::failed)? else {
        return Ok(Vec::new());
    };
    let current = target.read(Hold::Open)?;
    let host = current.host();
    let with_keys = all.iter().any(|(_, target)| target.wants_keys());
    let collected = Collected::of(env, &ledger, target.as_ref(), &host, with_keys)?;
    let before = TargetNotes::load(&dir);
    let mut notes = before.clone();
    notes
        .targets
        .retain(|name, _| all.iter().any(|(known, _)| known == name));
    for text in &collected.left_out {
        watch.warn(format!("targets: {text}"));
    }
    let mut behind = Vec::new();
    for (name, target) in all {
        let note = notes.targets.entry((*name).to_owned()).or_default();
        let mut one = One {
            env,
            approved,
            name,
            note,
            watch,
        };
        if let Err(why) = one.bring(*target, &collected.roll) {
            one.fail(why);
            behind.push((*name).to_owned());
        }
    }
    if notes != before
        && let Err(error) = notes.keep(&dir)
    {
        watch.warn(format!(
            "no note of targets is left for the next run: {error}"
        ));
    }
    Ok(behind)
}

/// One of them.
struct One<'a> {
    env: &'a Env,
    approved: Option<&'a str>,
    name: &'a str,
    note: &'a mut TargetNote,
    watch: &'a mut dyn Watch,
}

impl One<'_> {
    fn bring(&mut self, target: &dyn Derived, roll: &Roll<'_>) -> std::result::Result<(), String> {
        let section = hex(&Sha256::digest(format!("{target:?}")));
        let is_untouched = self.note.section == section && self.is_untouched(target);
        let site = Site {
            root: &self.env.root,
            now: &self.env.now,
            is_untouched,
            deadline: clock::deadline(self.env.settings.gosync.time_limit),
            limits: &self.env.settings.limits,
            approved: self.approved,
            leave: &self.leave(),
        };
        target.bring(roll, &site, self)?;
        for path in target.paths() {
            // One that finds it otherwise looks at all of them.
            inputs::note(&self.env.root.path(path));
        }
        self.note.section = section;
        (self.note.failing_since, self.note.error) = (None, None);
        Ok(())
    }

    /// Whether this host may write there.
    fn leave(&self) -> Leave {
        match (&self.env.settings.writing, self.env.rights.get(self.name)) {
            (Writing::Alone, _) => Leave::Alone,
            (_, Some(right)) => right.leave.clone(),
            (_, None) => Leave::Unknown("this run has not asked".to_owned()),
        }
    }

    /// Whether all files stand as they were written last.
    fn is_untouched(&self, target: &dyn Derived) -> bool {
        let is_it = |path: &PathBuf| {
            let there = files::read_plain(&self.env.root.path(path)).ok().flatten();
            let digest = there.map(|bytes| hex(&Sha256::digest(bytes)));
            digest.is_some() && digest.as_ref() == self.note.written.get(path)
        };
        target.paths().iter().all(is_it)
    }

    /// Puts a file in place that is not there as it should be.
    fn put_file(&mut self, file: &MadeFile) -> std::result::Result<(), PathError> {
        let path = self.env.root.path(&file.path);
        let there = files::read_plain(&path)?;
        let digest = hex(&Sha256::digest(&file.bytes));
        let is_right = there.as_ref() == Some(&file.bytes);
        if !is_right {
            self.keep_others(&path, file, there.as_deref())?;
            derived::put(file, &self.env.root)?;
            self.did(format!("{} is written", file.path.display()));
        }
        self.note.written.insert(file.path.clone(), digest);
        Ok(())
    }

    /// What gosync has not written is not lost.
    fn keep_others(
        &mut self,
        path: &Path,
        file: &MadeFile,
        there: Option<&[u8]>,
    ) -> std::result::Result<(), PathError> {
        let Some(there) = there else { return Ok(()) };
        let end = match self.note.written.get(&file.path) {
            Some(ours) if *ours == hex(&Sha256::digest(there)) => return Ok(()),
            Some(_) => CHANGED,
            None => BEFORE,
        };
        let kept = MadeFile {
            path: self.free(&file.path, end)?,
            bytes: there.to_vec(),
            mode: 0o600,
        };
        derived::put(&kept, &self.env.root)?;
        self.watch.warn(format!(
            "target {}: {} was written by somebody else, and is kept as {}",
            shown(self.name),
            path.display(),
            kept.path.display()
        ));
        Ok(())
    }

    /// Where a file can be kept. What was kept before gosync wrote its first one is never replaced, though the note of that is lost; of what
    /// was changed by hand the last is kept.
    fn free(&self, path: &Path, end: &str) -> std::result::Result<PathBuf, PathError> {
        let named = |end: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".{end}"));
            PathBuf::from(name)
        };
        let first = named(end);
        let is_taken = files::look(&self.env.root.path(&first))?.is_some();
        Ok(match end == BEFORE && is_taken {
            true => named(CHANGED),
            false => first,
        })
    }

    /// It cannot be made, or not be written.
    fn fail(&mut self, why: String) {
        let name = shown(self.name);
        self.watch
            .warn(format!("target {name} is not in step: {why}"));
        let now = Moment(self.env.now.seconds());
        self.note.failing_since.get_or_insert(now);
        self.note.error = Some(why);
    }
}

impl Hand for One<'_> {
    fn put(&mut self, file: &MadeFile) -> std::result::Result<(), String> {
        self.put_file(file).map_err(|error| error.to_string())
    }

    fn did(&mut self, what: String) {
        self.watch
            .notice(format!("target {}: {what}", shown(self.name)));
        self.note.at = Some(Moment(self.env.now.seconds()));
    }

    fn note(&mut self, text: String) {
        self.watch
            .notice(format!("target {}: {text}", shown(self.name)));
    }

    fn warn(&mut self, text: String) {
        self.watch
            .warn(format!("target {}: {text}", shown(self.name)));
    }
}
