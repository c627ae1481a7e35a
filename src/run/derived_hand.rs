//! Brings one derived target in step, or shows what would be done: judges its files, keeps what others wrote, and notes how it ended.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::brought::{End, TargetEnd};
use super::choice::How;
use super::env::Env;
use super::target_notes::{TargetNote, TargetNotes};
use super::watch::Watch;
use crate::model::{Moment, hex, shown};
use crate::plan::guard::elsewhere::LostBefore;
use crate::policy::writers::Writing;
use crate::system::{PathError, clock, files, inputs};
use crate::targets::derived::{
    self, Content, Derived, Hand, Leave, Made, MadeFile, Mode, Roll, Site,
};

/// The end of the name under which a file is kept that was there before gosync wrote its first one.
const BEFORE: &str = "before-gosync";

/// That of the last one that somebody has changed after that.
const CHANGED: &str = "changed-by-hand";

/// One of them.
pub(super) struct One<'a> {
    pub(super) env: &'a Env,
    pub(super) how: How<'a>,
    pub(super) note: &'a mut TargetNote,
    pub(super) watch: &'a mut dyn Watch,
    /// What came of it so far.
    pub(super) ended: TargetEnd,
}

impl One<'_> {
    /// Brings it in step, and says how that ended.
    pub(super) fn bring(mut self, target: &dyn Derived, roll: &Roll<'_>) -> TargetEnd {
        if let Err(why) = self.try_to(target, roll) {
            self.fail(why);
        }
        self.ended
    }

    fn try_to(&mut self, target: &dyn Derived, roll: &Roll<'_>) -> std::result::Result<(), String> {
        let section = hex(&Sha256::digest(format!("{target:?}")));
        let is_untouched = self.note.section == section && self.is_untouched(target);
        let site = Site {
            root: &self.env.root,
            now: &self.env.now,
            is_untouched,
            deadline: clock::deadline(self.env.settings.gosync.time_limit),
            limits: &self.env.settings.limits,
            approved: self.how.approved,
            leave: &self.leave(),
            mode: self.how.mode,
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
        match (
            &self.env.settings.writing,
            self.env.rights.get(&self.ended.name),
        ) {
            (Writing::Alone, _) => Leave::Alone,
            (_, Some(right)) => right.leave.clone(),
            (_, None) => Leave::Unknown("this run has not asked".to_owned()),
        }
    }

    fn is_dry(&self) -> bool {
        self.how.mode == Mode::Show
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
        let changes = file.content.compare(there.as_deref(), &file.bytes);
        if !changes.is_empty() {
            self.keep_others(&path, file, there.as_deref())?;
            match self.how.mode {
                Mode::Carry => derived::put(file, &self.env.root)?,
                Mode::Show => derived::check_place(file, &self.env.root)?,
            }
            let made = changes.into_iter().map(|(what, names)| Made {
                what,
                path: Some(file.path.clone()),
                names,
            });
            self.did(made.collect());
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
            content: Content::Whole,
        };
        let is = match self.how.mode {
            Mode::Carry => "is",
            Mode::Show => "would be",
        };
        match self.how.mode {
            Mode::Carry => derived::put(&kept, &self.env.root)?,
            Mode::Show => derived::check_place(&kept, &self.env.root)?,
        }
        self.warn(format!(
            "{} was written by somebody else, and {is} kept as {}",
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
        let name = shown(&self.ended.name);
        let is = if self.is_dry() {
            "would not be"
        } else {
            "is not"
        };
        self.watch
            .warn(format!("target {name} {is} in step: {why}"));
        let now = Moment(self.env.now.seconds());
        self.note.failing_since.get_or_insert(now);
        self.note.error = Some(why.clone());
        self.ended.end = End::Behind(why);
    }

    /// What is said of deeds: how much was done; of a dry run, to whom.
    fn words(&self, made: &[Made]) -> String {
        let path = made.first().and_then(|it| it.path.as_deref());
        let words = |of: fn(&Made) -> String| made.iter().map(of).collect::<Vec<_>>().join(", ");
        match (path, self.how.mode) {
            (Some(path), Mode::Carry) => format!("{} is written", path.display()),
            (None, Mode::Carry) => words(Made::count),
            (None, Mode::Show) => format!("would be: {}", words(Made::words)),
            (Some(path), Mode::Show) => {
                let of_lines = made.iter().any(|it| !it.names.is_empty());
                let what = of_lines.then(|| format!(": {}", words(Made::words)));
                let path = path.display();
                format!("{path} would be written{}", what.unwrap_or_default())
            }
        }
    }
}

impl Hand for One<'_> {
    fn put(&mut self, file: &MadeFile) -> std::result::Result<(), String> {
        self.put_file(file).map_err(|error| error.to_string())
    }

    fn did(&mut self, made: Vec<Made>) {
        let words = self.words(&made);
        self.watch
            .notice(format!("target {}: {words}", shown(&self.ended.name)));
        self.note.at = Some(Moment(self.env.now.seconds()));
        self.ended.made.extend(made);
    }

    fn note(&mut self, text: String) {
        self.watch
            .notice(format!("target {}: {text}", shown(&self.ended.name)));
    }

    fn warn(&mut self, text: String) {
        self.watch
            .warn(format!("target {}: {text}", shown(&self.ended.name)));
        self.ended.warnings.push(text);
    }

    fn gone(&mut self) -> &mut LostBefore {
        &mut self.note.gone
    }

    fn remember(&mut self) -> std::result::Result<(), String> {
        let dir = self.env.state_dir();
        let mut notes = TargetNotes::load(&dir);
        notes
            .targets
            .insert(self.ended.name.clone(), self.note.clone());
        let kept = notes.keep(&dir);
        kept.map_err(|e| format!("nothing may go there that is not counted: {e}"))
    }
}
