//! `gosync status`: how things stand. Writes nothing, and takes no lock.

mod json;
pub(super) mod verdict;

use std::collections::BTreeMap;

use self::verdict::{Question, Verdict};
use super::setup::Setup;
use super::{Outcome, rebinding};
use crate::cli::{self, Format, Global};
use crate::config::ProviderSettings;
use crate::error::{Error, Kind, Result};
use crate::ledger::queue::{Failing, QueueCensus};
use crate::ledger::{Census, Ledger, LedgerError, Waiting};
use crate::model::owned::{Hold, Present};
use crate::model::text::shell_word;
use crate::model::{counted, shown};
use crate::run::{FAMILIES, LastRuns, RunNote, TargetNote, TargetNotes, anchored};
use crate::system::clock;
use crate::system::lock::{self, Note};
use crate::ui::{Ui, document};

pub(super) fn run(global: &Global, args: &cli::Status, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let status = Status::new(&setup, args)?;
    match args.format {
        Format::Text => ui.data(&status.text()),
        Format::Json => ui.data(&document(status.json())),
    }
    if let Some(problem) = &status.ledger {
        ui.error(problem);
        return Ok(Outcome::Reported(Kind::Failed));
    }
    Ok(match status.verdict.kind() {
        None => Outcome::Done,
        Some(kind) => Outcome::Reported(kind),
    })
}

/// How many hooks that failed are shown.
const SHOWN_HOOKS: usize = 100;

/// A provider that was asked who we are.
struct Asked {
    section: String,
    kind: &'static str,
    /// Who we are there, or why we are nobody.
    identity: std::result::Result<String, String>,
}

impl Asked {
    fn new(setup: &Setup<'_>, section: &ProviderSettings) -> Self {
        let deadline = clock::deadline(setup.settings.gosync.time_limit);
        let provider = setup.provider().map_err(|e| e.to_string());
        let identity = provider.and_then(|provider| {
            let who = provider.identity(deadline);
            who.map(|who| who.to_string()).map_err(|e| e.to_string())
        });
        Self {
            section: section.name.clone(),
            kind: section.kind,
            identity,
        }
    }

    fn text(&self) -> String {
        let identity = match &self.identity {
            Ok(who) => format!("reachable: {who}"),
            Err(reason) => format!("NOT REACHABLE: {reason}"),
        };
        format!("{} ({}), {identity}", shown(&self.section), self.kind)
    }
}

/// What the ledger says; nothing, if there is none.
#[derive(Default)]
struct Book {
    census: Census,
    homes: Vec<Waiting>,
    hooks: QueueCensus,
}

impl Book {
    fn read(ledger: Option<Ledger>, now: i64) -> std::result::Result<Self, LedgerError> {
        let Some(ledger) = ledger else {
            return Ok(Self::default());
        };
        Ok(Self {
            census: ledger.census()?,
            homes: ledger.waiting_homes(SHOWN_HOOKS)?,
            hooks: ledger.hook_census(now, SHOWN_HOOKS)?,
        })
    }
}

struct Status {
    verdict: Verdict,
    runs: LastRuns,
    configuration: Vec<String>,
    /// The providers, in the order of precedence.
    providers: Vec<Asked>,
    /// Those that are not read.
    inactive: Vec<String>,
    /// Why the ledger cannot be used, with the ways out.
    ledger: Option<Error>,
    census: Census,
    /// What came from providers that no section names.
    unnamed: Vec<(String, Present)>,
    hooks: QueueCensus,
    /// What failed in homes, and is tried again.
    homes: Vec<Waiting>,
    interrupted: bool,
    /// The targets that are made of what the host has, by their sections.
    targets: BTreeMap<String, TargetNote>,
    note: Note,
    busy: bool,
}

impl Status {
    fn new(setup: &Setup<'_>, args: &cli::Status) -> Result<Self> {
        let setups = setup.of_each_provider();
        let asked = setups.iter().map(|setup| {
            let section = setup.settings.provider()?;
            Ok(Asked::new(setup, section))
        });
        let providers = asked.collect::<Result<Vec<_>>>()?;
        let found = anchored::look(setup)?;
        let problem = found.problem(setup);
        let ledger = found.into_ledger()?;
        let Book {
            census,
            homes,
            hooks,
        } = Book::read(ledger, setup.now.seconds()).map_err(Error::failed)?;
        let (note, busy) = lock::look(&setup.root.path(&setup.settings.gosync.lock_file))
            .map_err(Error::failed)?;
        let runs = LastRuns::load(&setup.state_dir());
        let verdict = |asked: &Asked| {
            Verdict::of(&Question {
                provider: &asked.section,
                is_one_of_several: setup.settings.are_several,
                runs: &runs.of(&asked.section),
                is_reachable: asked.identity.is_ok(),
                now: setup.now.seconds(),
                max_age: args.max_age,
            })
        };
        let verdict = Verdict::of_all(providers.iter().map(verdict));
        Ok(Self {
            verdict,
            runs,
            configuration: setup
                .sources
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
            providers,
            inactive: setup.settings.inactive.clone(),
            ledger: problem,
            unnamed: rebinding::unnamed_of(&census, &setup.settings.sections),
            census,
            hooks,
            homes,
            interrupted: setup.target()?.is_interrupted()?,
            targets: targets(setup),
            note,
            busy,
        })
    }

    fn text(&self) -> String {
        let begin = [
            ("verdict", self.verdict.text()),
            ("configuration", self.configuration.join(", ")),
        ];
        let inactive = self.inactive.iter();
        let inactive = inactive.map(|name| ("provider", format!("{}, not active", shown(name))));
        let asked = self
            .providers
            .iter()
            .map(|asked| ("provider", asked.text()));
        let reads = self
            .providers
            .iter()
            .map(|asked| ("last complete read", self.reads(asked)));
        let known = |text: String| match self.ledger {
            Some(_) => "unknown".to_owned(),
            None => text,
        };
        let rows = [
            ("last runs", self.last_runs()),
            ("accounts", known(owned(&self.census.accounts))),
            ("missing people", known(missing(self.census.missing))),
            ("groups", known(owned(&self.census.groups))),
            ("pending", known(self.pending())),
            ("hooks", known(hook_counts(&self.hooks))),
            ("lock", self.lock()),
        ];
        let ledger = self.ledger.iter();
        let ledger = ledger.map(|problem| ("ledger", format!("NOT USABLE: {problem}")));
        let rows = ledger
            .chain(begin)
            .chain(asked)
            .chain(inactive)
            .chain(reads)
            .chain(rows)
            .map(|(what, text)| format!("{what:<19} {text}\n"));
        let targets = self.targets.iter().map(|(name, note)| {
            let text = target_text(name, note);
            format!("{:<19} {text}\n", "target")
        });
        let told = self.told().into_iter().map(|line| format!("  {line}\n"));
        let held = self.census.held.iter().map(|(name, hold)| {
            format!(
                "  {} is locked by an administrator: {}\n",
                shown(name),
                held(hold)
            )
        });
        let failing = self.hooks.failing.iter().map(failing);
        let waiting = self.homes.iter().map(waiting);
        rows.chain(targets)
            .chain(told)
            .chain(held)
            .chain(failing)
            .chain(waiting)
            .collect()
    }

    /// Providers whose accounts nobody looks at any more, and those that seem to have other ids.
    fn told(&self) -> Vec<String> {
        let unnamed = self.unnamed.iter().map(|(name, present)| {
            format!(
                "{} of the provider `{}`, which no section of the configuration names: gosync rebind --all --by login --from {}",
                rebinding::owned(*present),
                shown(name),
                shell_word(name)
            )
        });
        let changed = self.census.changed_ids.iter().map(|(_, kind, how)| {
            let changed = rebinding::changed(*kind, *how, None);
            format!("{changed}: {}", rebinding::ALL_BY_LOGIN)
        });
        unnamed.chain(changed).collect()
    }

    /// When a provider was read completely last.
    fn reads(&self, asked: &Asked) -> String {
        let read = |family: &&str| {
            let (at, confirmed) = self.runs.last_reads(&asked.section, family)?;
            Some(match confirmed {
                Some(confirmed) => format!("{family} {at} (nothing has moved until {confirmed})"),
                None => format!("{family} {at}"),
            })
        };
        let reads: Vec<String> = FAMILIES.iter().filter_map(read).collect();
        let reads = match reads.is_empty() {
            true => "none".to_owned(),
            false => reads.join(", "),
        };
        match self.providers.len() {
            1 => reads,
            _ => format!("{}: {reads}", shown(&asked.section)),
        }
    }

    /// How the last runs of each command ended.
    fn last_runs(&self) -> String {
        let run = |(command, note): (&String, &RunNote)| {
            format!("{} {}: {}", shown(command), note.ended, note.code)
        };
        let runs: Vec<String> = self.runs.runs.iter().map(run).collect();
        match runs.is_empty() {
            true => "none".to_owned(),
            false => runs.join(", "),
        }
    }

    /// What an interrupted run has left.
    fn pending(&self) -> String {
        match (self.interrupted, self.census.pending) {
            (false, 0) => "nothing".to_owned(),
            (false, 1) => {
                "1 change that an interrupted run meant to make; the next run drops it".to_owned()
            }
            (false, n) => format!(
                "{n} changes that an interrupted run meant to make; the next run drops them"
            ),
            (true, 1) => {
                "1 change of an interrupted run; the next run finishes or drops it".to_owned()
            }
            (true, n) => {
                format!("{n} changes of an interrupted run; the next run finishes or drops them")
            }
        }
    }

    fn lock(&self) -> String {
        let holder = &self.note.holder;
        let what = holder
            .command
            .as_deref()
            .map(|command| shown(command).to_string())
            .unwrap_or_default();
        match (self.busy, holder.pid, holder.since) {
            (false, _, _) => "free".to_owned(),
            (true, Some(pid), Some(since)) => {
                format!("held by pid {pid} since {}: {what}", clock::written(since))
            }
            (true, _, _) => "held".to_owned(),
        }
    }
}

/// What is noted of each target that is made of what the host has.
fn targets(setup: &Setup<'_>) -> BTreeMap<String, TargetNote> {
    let mut notes = TargetNotes::load(&setup.state_dir()).targets;
    let known = setup.settings.derived_targets();
    let note = |(name, _): (&str, _)| (name.to_owned(), notes.remove(name).unwrap_or_default());
    known.map(note).collect()
}

/// How a target stands.
fn target_text(name: &str, note: &TargetNote) -> String {
    let at = note.at.map_or("not written yet".to_owned(), |at| {
        format!("last changed {at}")
    });
    let failing = note.failing_since.zip(note.error.as_ref());
    let failing =
        failing.map(|(since, why)| format!("; NOT IN STEP since {since}: {}", shown(why)));
    format!("{}, {at}{}", shown(name), failing.unwrap_or_default())
}

/// The states of what is there because of gosync.
const PRESENT: [&str; 2] = ["active", "locked"];

/// How many are owned, and in which state; then those of which only the ids are kept.
fn owned(counts: &BTreeMap<String, u64>) -> String {
    let count = |state: &str| counts.get(state).copied().unwrap_or_default();
    let total: u64 = PRESENT.iter().map(|state| count(state)).sum();
    let open = if total > 0 {
        format!("{total} owned, {} of them locked", count("locked"))
    } else {
        "none".to_owned()
    };
    let others = counts
        .iter()
        .filter(|(state, _)| !PRESENT.contains(&state.as_str()));
    let others: String = others.map(|(state, n)| format!("; {n} {state}")).collect();
    format!("{open}{others}")
}

fn missing(n: u64) -> String {
    match n {
        0 => "none".to_owned(),
        1 => "1, whose account is open until the absence is proven".to_owned(),
        n => format!("{n}, whose accounts are open until their absence is proven"),
    }
}

/// Who holds an account locked, since when, and why.
pub(super) fn held(hold: &Hold) -> String {
    let reason = hold.reason.as_ref();
    let reason = reason.map_or_else(String::new, |reason| format!(", {}", shown(reason)));
    format!("{}, {}{reason}", shown(&hold.by), clock::written(hold.at))
}

/// What failed in a home, in one line.
fn waiting(home: &Waiting) -> String {
    let Waiting { name, what, retry } = home;
    format!(
        "  home of {} ({}): failed {}, tried again from {} on: {}\n",
        shown(name),
        what.as_str(),
        counted(retry.attempts, "time", "times"),
        clock::written(retry.due),
        shown(&retry.why)
    )
}

/// The way out for what was given up.
const RETRY: &str = "`gosync sync users --retry-hooks`";

fn hook_counts(hooks: &QueueCensus) -> String {
    match (hooks.queued, hooks.given_up) {
        (0, 0) => "none waits".to_owned(),
        (queued, 0) => format!("{queued} queued, {} of them due", hooks.due),
        (queued, given_up) => {
            let them = if given_up == 1 { "it" } else { "them" };
            format!(
                "{queued} queued, {} of them due; {given_up} given up: {RETRY} tries {them} again",
                hooks.due
            )
        }
    }
}

/// A hook that failed, in one line.
fn failing(hook: &Failing) -> String {
    let Failing {
        key,
        kind,
        event,
        name,
        attempts,
        due,
        error,
    } = hook;
    let next = due.map_or_else(
        || "given up".to_owned(),
        |due| format!("again from {} on", clock::written(due)),
    );
    let what = [kind.as_str(), event, name]
        .map(|word| shown(word).to_string())
        .join(" ");
    format!(
        "  hook {key} {}: failed {}, {next}: {}\n",
        what.trim_end(),
        counted(*attempts, "time", "times"),
        shown(error)
    )
}
