//! `gosync follow`: the syncs of people and of groups, one round after the other.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use super::once_said::OnceSaid;
use super::run_note::NoteOfRun;
use super::setup::Setup;
use super::watch::UiWatch;
use super::{Outcome, metrics_file, request, run_note};
use crate::cli::{self, Global, PlanArgs};
use crate::error::{Error, Kind, Result};
use crate::providers::bell::Bell;
use crate::run::follow::{self, Followed, News, Round};
use crate::run::{Job, Options, RunReport, Task, Together};
use crate::system::notify::Notify;
use crate::system::waiting::Waiting;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &cli::Follow, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let every = args.every.map(Duration::from);
    if every.is_some_and(|every| every.is_zero()) {
        return Err(Error::usage(
            "--every 0s would never rest; it must be 1s or more",
        ));
    }
    let mut host = Host {
        global,
        ui,
        given: every,
        every: every.unwrap_or(setup.settings.follow.every),
        provider: provider(&setup),
        notify: Notify::new(),
        listens: false,
        syncs: Vec::new(),
        targets: Part::of("derived targets"),
        said: OnceSaid::of("metrics"),
    };
    host.choose(&setup);
    drop(setup);
    let cannot = |error| Error::failed(format!("signals cannot be waited for: {error}"));
    let mut waiting = Waiting::new().map_err(cannot)?;
    let ended = follow::follow(&mut host, &mut waiting);
    host.notify.stopping();
    ended.map(|()| Outcome::Done)
}

/// Which provider it is, and how it is asked.
fn provider(setup: &Setup<'_>) -> String {
    format!("{:?}", setup.settings.providers)
}

/// A part of a round, and what was said of it.
struct Part {
    /// What it is called.
    title: String,
    said: Rc<RefCell<OnceSaid>>,
    /// Why it failed in the last round.
    failed: Option<String>,
}

/// One of the syncs of a round.
struct Sync {
    task: Task,
    /// The provider that it is for.
    provider: String,
    part: Part,
}

/// This host, as a command line names it.
struct Host<'a> {
    global: &'a Global,
    ui: Ui,
    /// What the command line says of `every`.
    given: Option<Duration>,
    every: Duration,
    /// The provider at which the bell hangs.
    provider: String,
    notify: Notify,
    /// Whether the provider rings.
    listens: bool,
    syncs: Vec<Sync>,
    /// What follows them.
    targets: Part,
    /// What was said of the metrics.
    said: OnceSaid,
}

impl Followed for Host<'_> {
    fn every(&self) -> Duration {
        self.every
    }

    fn is_other(&mut self) -> bool {
        // A configuration that cannot be read is told by the round.
        let Ok(setup) = Setup::new(self.global, self.ui) else {
            return false;
        };
        self.every = self.given.unwrap_or(setup.settings.follow.every);
        let found = provider(&setup);
        let is_other = found != self.provider;
        if is_other {
            self.choose(&setup);
        }
        self.provider = found;
        is_other
    }

    fn bell(&mut self) -> Result<Option<Box<dyn Bell>>> {
        let setups = Setup::new(self.global, self.ui).map(|setup| setup.of_each_provider());
        // Of several, the first that has one is listened to.
        let bell = setups.and_then(|setups| {
            let bells = setups.iter().map(|setup| setup.bell());
            bells.filter_map(Result::transpose).next().transpose()
        });
        self.listens = matches!(bell, Ok(Some(_)));
        bell
    }

    fn round(&mut self) -> Round {
        let parts = self.syncs.iter().map(|sync| &sync.part);
        let parts = parts.chain([&self.targets]);
        parts.for_each(|part| part.said.borrow_mut().begin());
        let mut told = Told {
            ui: self.ui,
            errors: BTreeSet::new(),
        };
        let round = match self.begin() {
            Ok((setup, options, together)) => self.sync(&setup, &options, together, &mut told),
            Err(error) => {
                for sync in &mut self.syncs {
                    sync.part.end(Err(error.clone()), &mut told);
                }
                Round::default()
            }
        };
        self.write_metrics();
        self.show();
        round
    }

    fn tell(&mut self, news: News<'_>) {
        let every = self.every.as_secs();
        match news {
            News::Synced => {
                self.ui.notice(format!("synced; {}", self.goes_on()));
                self.notify.ready();
            }
            News::Deaf(error) => {
                self.listens = false;
                self.ui.warn(format!(
                    "the provider does not tell of changes now: {error}; looking every {every} s until it does"
                ));
            }
            News::Listening => self.ui.notice("the provider reports changes; listening"),
        }
        self.show();
    }
}

impl<'a> Host<'a> {
    /// Chooses the syncs of a round: those of each provider. What was said of those that there were stays said.
    fn choose(&mut self, setup: &Setup<'_>) {
        let mut before = std::mem::take(&mut self.syncs);
        for env in setup.of_each_provider() {
            let provider = env.settings.first_provider();
            for task in Task::all() {
                let title = env.title(&task.command());
                let is_it =
                    |sync: &Sync| (&sync.part.title, sync.provider.as_str()) == (&title, provider);
                let known = before
                    .iter()
                    .position(is_it)
                    .map(|at| before.swap_remove(at));
                self.syncs.push(known.unwrap_or_else(|| Sync {
                    task,
                    provider: provider.to_owned(),
                    part: Part::of(&title),
                }));
            }
        }
    }

    /// Begins a round as `gosync sync` begins, with a configuration that is read now and the time that it is now.
    fn begin(&self) -> Result<(Setup<'a>, Options, Together)> {
        let setup = Setup::new(self.global, self.ui).inspect_err(|error| {
            let tasks = self.syncs.iter().map(|sync| &sync.task);
            tasks.for_each(|task| run_note::unusable(self.global, task, error));
        })?;
        let options = Options {
            // Someone who wants to see more need not read more.
            full: false,
            ..request::options(&setup, &PlanArgs::default())
        };
        let mut watch = self.targets.watch(self.ui);
        let together = Together::begin(&setup.env, &Task::all(), &options, &mut watch)
            .inspect_err(|error| {
                let notes = self.syncs.iter().map(|it| NoteOfRun::new(&setup, &it.task));
                notes.for_each(|note| note.leave(&Err(error.clone()), &Err(error.clone())));
            })?;
        Ok((setup, options, together))
    }

    /// Does the syncs of a round, and what follows them.
    fn sync(
        &mut self,
        setup: &Setup<'_>,
        options: &Options,
        together: Together,
        told: &mut Told,
    ) -> Round {
        let mut round = Round {
            is_in_step: true,
            changed: false,
        };
        for setup in setup.of_each_provider() {
            let setup = setup.with_env(together.env(&setup.env, true));
            let name = setup.settings.first_provider();
            for sync in self.syncs.iter_mut().filter(|it| it.provider == name) {
                let (changed, ended) = sync.once(&setup, options, &together);
                round.changed |= changed;
                round.is_in_step &= sync.part.end(ended, told);
            }
        }
        let brought = together.end(&setup.env, &mut self.targets.watch(self.ui));
        let ended = brought.and_then(|it| request::in_step(&it, &PlanArgs::default()));
        round.is_in_step &= self.targets.end(ended, told);
        round
    }

    /// What is wrong with them is said when it begins.
    fn write_metrics(&mut self) {
        self.said.begin();
        // What is wrong with the configuration, the round has said.
        if let Ok(setup) = Setup::new(self.global, self.ui) {
            metrics_file::write(&setup, |text| {
                if self.said.is_news(&text) {
                    self.ui.warn(text);
                }
            });
        }
    }

    /// What it does from now on.
    fn goes_on(&self) -> String {
        let every = self.every.as_secs();
        match self.listens {
            true => format!("listening for changes, and looking every {every} s"),
            false => format!("looking every {every} s"),
        }
    }

    /// Tells systemd how things stand.
    fn show(&self) {
        let parts = self.syncs.iter().map(|sync| &sync.part);
        let parts = parts.chain([&self.targets]);
        let failed = parts.filter_map(|part| part.failed.as_deref());
        let failed: Vec<&str> = failed.collect();
        let stands = match failed.is_empty() {
            true => "in step".to_owned(),
            false => failed.join("; "),
        };
        self.notify.status(&format!("{stands}; {}", self.goes_on()));
    }
}

impl Sync {
    /// Does what the command does: whether it has changed anything, and how it ended.
    fn once(
        &self,
        setup: &Setup<'_>,
        options: &Options,
        together: &Together,
    ) -> (bool, Result<()>) {
        let args = PlanArgs::default();
        let (task, options) = (self.task.clone(), options.clone());
        let job = Job { task, options };
        let observer = |watch: UiWatch| watch.saying_once(Rc::clone(&self.part.said));
        let run = |watch: &mut UiWatch| together.once(&setup.env, &job, watch);
        let report = request::noted_by(setup, &job, &args, observer, run);
        let changed = report.as_ref().is_ok_and(has_changed);
        let ended = report.and_then(|report| request::conclude(&report, &args));
        let ended = ended.map(drop).map_err(|error| setup.named(error));
        (changed, ended)
    }
}

/// Whether a run has written to the databases.
fn has_changed(report: &RunReport) -> bool {
    let mut targets = report.targets.iter();
    targets.any(|target| target.transaction.is_some())
}

/// Why parts of a round have failed: what fails several is said once.
struct Told {
    ui: Ui,
    errors: BTreeSet<String>,
}

impl Part {
    fn of(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            said: Rc::new(RefCell::new(OnceSaid::of(title))),
            failed: None,
        }
    }

    fn watch(&self, ui: Ui) -> UiWatch {
        UiWatch::new(ui).saying_once(Rc::clone(&self.said))
    }

    /// It ended so. Whether the host is in step with it, as far as that goes.
    fn end(&mut self, ended: Result<()>, told: &mut Told) -> bool {
        let (title, mut said) = (&self.title, self.said.borrow_mut());
        let is_in_step = match &ended {
            Ok(()) => {
                if said.recovered() {
                    told.ui.notice(format!("{title}: it works again"));
                }
                true
            }
            Err(error) => {
                let is_news = said.failed(error);
                if told.errors.insert(error.to_string()) && is_news {
                    told.ui.error(error);
                }
                // The rest is done.
                matches!(error.kind, Kind::Partial | Kind::NotOut)
            }
        };
        let failure = ended.err();
        self.failed = failure.map(|error| format!("{title}: {error}"));
        is_in_step
    }
}
