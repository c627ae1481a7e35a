//! The note that runs leave of themselves: `last-runs.json` in the state directory, with the last run of each command.
//!
//! It outlives a boot, and is all that a run without changes writes. It is information: nothing is decided by it but what is
//! told again, and no run fails since it cannot be written. It is replaced by a rename and not synced. Rule: design.md,
//! promise 6.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::figures::{Stock, Totals};
use crate::model::Moment;
use crate::model::text::shell_word;
use crate::plan::counts::Counts;
use crate::plan::render::{self, Said};
use crate::system::lock::DirLock;
use crate::system::replace::Appearance;
use crate::system::root::Root;
use crate::system::{PathError, clock, files, replace};

/// The name of the note.
pub(crate) const FILE: &str = "last-runs.json";

/// What it is written to first.
const STAGED: &str = ".last-runs.json.gosync";

/// The syncs of everybody, by the words that are typed.
pub(crate) const FAMILIES: [&str; 2] = ["sync users", "sync groups"];

/// How many of those who are refused, or noted, are named for one run.
const NAMED: usize = 10_000;

/// How long another one who writes it is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// When providers were read, by the provider and by what for.
pub(crate) type Reads = BTreeMap<String, BTreeMap<String, Moment>>;

/// The last run of each command.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct LastRuns {
    format: u32,
    /// By what was typed, such as `sync users --new`.
    #[serde(default)]
    pub(crate) runs: BTreeMap<String, RunNote>,
    /// When each provider was read completely last, by what for.
    #[serde(default)]
    pub(crate) complete_reads: Reads,
    /// When it was found last that nothing had moved since such a read.
    #[serde(default)]
    pub(crate) confirmed_reads: Reads,
    /// How much there was after the last run that looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stock: Option<Stock>,
    /// How many changes all runs have made.
    #[serde(default)]
    pub(crate) totals: Totals,
}

/// How one run ended.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RunNote {
    /// The section of its provider; empty, if the configuration could not be read.
    pub(crate) provider: String,
    /// When it ended.
    pub(crate) ended: Moment,
    /// Which it was of all runs that left a note: several may end in one second.
    pub(crate) number: u64,
    /// Its exit code.
    pub(crate) code: u8,
    /// Since when it ends with this code each time.
    pub(crate) since: Moment,
    /// How often in a row it has ended so.
    pub(crate) times: u32,
    /// When it ended well last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) succeeded: Option<Moment>,
    /// How long it took, in milliseconds.
    pub(crate) millis: u64,
    /// What it said of that, if it did not end well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// When that was reported last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reported: Option<Moment>,
    /// Whether it was a while ago, and this run did not report it again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_silent: bool,
    /// How many changes of each kind there were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) counts: Option<Counts>,
    /// What lets a plan through that a limit refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<String>,
    /// How many records the provider had, when they were counted last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) records: Option<usize>,
    /// How many people should be out, and are not, or not wholly.
    pub(crate) not_out: usize,
    /// Who was refused last, by causes.
    pub(crate) refused: Vec<Told>,
    /// What was noted last.
    pub(crate) notes: Vec<Told>,
}

/// What was said of some, for one cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Told {
    /// The word of the cause.
    pub(crate) reason: String,
    /// Its sentence.
    pub(crate) text: String,
    /// Whether they get an account, or have one, and something was not done for them this time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_held_up: bool,
    /// Of how many.
    pub(crate) count: usize,
    /// Of whom; the first, if they are very many.
    pub(crate) who: Vec<Who>,
}

/// One of them. Both texts are escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Who {
    /// What they are called.
    pub(crate) name: String,
    /// The provider's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
}

impl Told {
    /// All that is said, by causes.
    pub(crate) fn of<'a, T: Said + 'a>(all: impl IntoIterator<Item = &'a T>) -> Vec<Self> {
        let mut left = NAMED;
        let told = |cause: render::SameCause<'_, T>| {
            let who: Vec<Who> = cause
                .all()
                .iter()
                .take(left)
                .map(|it| Who::of(*it))
                .collect();
            left -= who.len();
            Self {
                reason: cause.word().to_owned(),
                text: cause.sentence(),
                is_held_up: cause.all().iter().any(|it| {
                    let reason = it.reason();
                    reason.is_held_up() || reason.is_not_out()
                }),
                count: cause.count(),
                who,
            }
        };
        render::causes(all).into_iter().map(told).collect()
    }
}

impl Who {
    /// Of whom something is said.
    pub(crate) fn of<T: Said>(said: &T) -> Self {
        Self {
            name: crate::model::shown(said.name()).to_string(),
            id: said.id().map(ToString::to_string),
        }
    }
}

impl RunNote {
    /// Who got nothing.
    pub(crate) fn shut_out(&self) -> impl Iterator<Item = &Told> {
        self.refused.iter().filter(|told| !told.is_held_up)
    }
}

impl LastRuns {
    /// The note in a state directory. One that is not there, or cannot be read, says nothing.
    pub(crate) fn load(dir: &Path) -> Self {
        let bytes = files::read_plain(&dir.join(FILE)).ok().flatten();
        let note = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        note.unwrap_or_default()
    }

    /// Changes the note in a state directory, which is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be written; it is as it was then.
    pub(crate) fn update(
        dir: &Path,
        root: &Root,
        change: impl FnOnce(&mut Self),
    ) -> Result<(), PathError> {
        if files::untrusted_directory(dir, &root.path("/"))?.is_some() {
            // What is wrong with it, the run has said.
            return Ok(());
        }
        files::ensure_private_dir(dir)?;
        let _held = DirLock::take(dir, clock::deadline(PATIENCE))?;
        let mut note = Self::load(dir);
        change(&mut note);
        note.format = 1;
        let mut text = serde_json::to_vec_pretty(&note).unwrap_or_default();
        text.push(b'\n');
        let (mode, gid) = (0o600, None);
        let staged = dir.join(STAGED);
        replace::write(&staged, &text, Appearance { mode, gid })?;
        files::rename(&staged, &dir.join(FILE))
    }

    /// Under what the run of a command is noted that was for one of several providers: what is typed for it.
    pub(crate) fn key(command: &str, provider: &str) -> String {
        format!("{command} -u {}", shell_word(provider))
    }

    /// The runs that were for a provider, or for none, by what is typed where there is only that.
    #[must_use]
    pub(crate) fn of(&self, provider: &str) -> Self {
        let end = Self::key("", provider);
        let mut runs: BTreeMap<String, RunNote> = BTreeMap::new();
        for (key, note) in &self.runs {
            if !note.provider.is_empty() && note.provider != provider {
                continue;
            }
            let command = key.strip_suffix(&end).unwrap_or(key);
            let known = runs.get(command);
            if known.is_none_or(|known| known.number < note.number) {
                runs.insert(command.to_owned(), note.clone());
            }
        }
        Self {
            runs,
            ..self.clone()
        }
    }

    /// Puts the note of a run in the place of the last one of its command.
    pub(crate) fn put(&mut self, command: &str, mut note: RunNote) {
        let last = self.runs.get(command);
        let same = last.filter(|last| last.code == note.code);
        note.since = same.map_or(note.ended, |last| last.since);
        note.times = same.map_or(0, |last| last.times).saturating_add(1);
        note.succeeded = match note.code {
            0 => Some(note.ended),
            _ => last.and_then(|last| last.succeeded),
        };
        let numbers = self.runs.values().map(|note| note.number);
        note.number = numbers.max().unwrap_or(0).saturating_add(1);
        self.runs.insert(command.to_owned(), note);
    }

    /// Runs of a sync of all people, or of all groups, the newest first: `sync users` covers the runs that are for new
    /// people, or for those who are known, only.
    pub(crate) fn whole(&self, family: &str) -> Vec<(&str, &RunNote)> {
        let is_whole = |command: &str| match command.strip_prefix(family) {
            Some("") => true,
            Some(rest) => matches!(rest, " --new" | " --updated"),
            None => false,
        };
        let runs = self
            .runs
            .iter()
            .map(|(command, note)| (command.as_str(), note));
        let mut whole: Vec<_> = runs.filter(|(command, _)| is_whole(command)).collect();
        whole.sort_by_key(|(_, note)| std::cmp::Reverse((note.ended, note.number)));
        whole
    }

    /// The same without those that later ones have made up for.
    pub(crate) fn standing(&self, family: &str) -> Vec<(&str, &RunNote)> {
        let whole = self.whole(family);
        let is_after = |command: &str, than: &RunNote| {
            let same = |(other, _): &&(&str, &RunNote)| *other == command;
            let later = whole.iter().find(same);
            later.is_some_and(|(_, note)| (note.ended, note.number) > (than.ended, than.number))
        };
        let (new, updated) = (format!("{family} --new"), format!("{family} --updated"));
        let stands = |(command, note): &(&str, &RunNote)| {
            let is_made_up_for = match *command == family {
                true => is_after(&new, note) && is_after(&updated, note),
                false => is_after(family, note),
            };
            !is_made_up_for
        };
        whole.iter().copied().filter(stands).collect()
    }

    /// When a provider was read completely last, for a sync; and when it was found after that that nothing had moved since.
    pub(crate) fn last_reads(
        &self,
        provider: &str,
        family: &str,
    ) -> Option<(Moment, Option<Moment>)> {
        let read = latest(&self.complete_reads, provider, family)?;
        let confirmed = latest(&self.confirmed_reads, provider, family);
        Some((read, confirmed.filter(|at| *at > read)))
    }

    /// The newest run that looked at everybody who might come, and got so far that it knew whom it refuses.
    pub(crate) fn refusing(&self, family: &str) -> Option<&RunNote> {
        let whole = self.whole(family).into_iter();
        let looks = |command: &str| !command.ends_with(" --updated");
        whole
            .filter(|(command, note)| looks(command) && note.counts.is_some())
            .map(|(_, note)| note)
            .next()
    }
}

fn latest(reads: &Reads, provider: &str, family: &str) -> Option<Moment> {
    let reads = reads.get(provider)?;
    let of_family = |command: &str| match command.strip_prefix(family) {
        Some(rest) => rest.is_empty() || rest.starts_with(' '),
        None => false,
    };
    let reads = reads.iter().filter(|(command, _)| of_family(command));
    reads.map(|(_, at)| *at).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Untrusted;
    use crate::policy::{Reason, Refusal};

    fn note(ended: i64, code: u8) -> RunNote {
        RunNote {
            ended: Moment(ended),
            code,
            ..RunNote::default()
        }
    }

    #[test]
    fn the_last_run_of_each_command_is_kept_with_when_it_began_to_end_so() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::new(Some(dir.path().to_owned()));
        let dir = dir.path().join("state");
        let put = |command: &'static str, ended, code| {
            LastRuns::update(&dir, &root, |it| it.put(command, note(ended, code))).unwrap();
        };
        put("sync users", 100, 0);
        for ended in [200, 300, 400] {
            put("sync users", ended, 12);
        }
        put("sync groups", 400, 0);
        let found = LastRuns::load(&dir);
        assert_eq!(found.runs.len(), 2);
        let users = &found.runs["sync users"];
        assert_eq!(
            (users.ended, users.since, users.code),
            (Moment(400), Moment(200), 12)
        );
        let names: Vec<_> = files::list(&dir).unwrap();
        assert_eq!(names, [FILE], "nothing is left beside it");
    }

    #[test]
    fn a_note_that_is_not_there_or_odd_says_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert!(LastRuns::load(dir.path()).runs.is_empty());
        files::write_private(&dir.path().join(FILE), b"{\"runs\": 7}").unwrap();
        assert!(LastRuns::load(dir.path()).runs.is_empty());
    }

    #[test]
    fn a_run_for_all_makes_up_for_those_for_some() {
        let mut runs = LastRuns::default();
        runs.put("sync users", note(100, 12));
        runs.put("sync users --only", note(900, 1));
        runs.put("sync users --new", note(200, 10));
        let of = |runs: &LastRuns| -> Vec<u8> {
            let standing = runs.standing("sync users");
            standing.iter().map(|(_, note)| note.code).collect()
        };
        assert_eq!(of(&runs), [10, 12]);
        runs.put("sync users --updated", note(300, 0));
        assert_eq!(of(&runs), [0, 10]);
        runs.put("sync users", note(400, 0));
        assert_eq!(of(&runs), [0]);
        assert!(runs.standing("sync groups").is_empty());
    }

    #[test]
    fn of_runs_that_end_in_one_second_the_later_one_is_the_newest() {
        let mut runs = LastRuns::default();
        let newest = |runs: &LastRuns| runs.whole("sync users")[0].1.code;
        for (command, code) in [
            ("sync users", 1),
            ("sync users --updated", 2),
            ("sync users --new", 3),
        ] {
            runs.put(command, note(100, code));
            assert_eq!(newest(&runs), code);
        }
        runs.put("sync users", note(100, 4));
        assert_eq!(newest(&runs), 4);
        assert!(
            runs.standing("sync users")
                .iter()
                .all(|(_, note)| note.code == 4)
        );
    }

    #[test]
    fn very_many_are_counted_and_not_all_named() {
        let refusal = |n: usize| Refusal {
            id: None,
            subject: Untrusted::new(format!("p{n}\n")),
            reason: Reason::SameId,
        };
        let all: Vec<Refusal> = (0..NAMED + 5).map(refusal).collect();
        let told = Told::of(&all);
        assert_eq!((told[0].count, told[0].who.len()), (NAMED + 5, NAMED));
        assert_eq!(told[0].who[0].name, "p0\\n");
    }
}
