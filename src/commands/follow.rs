//! `gosync follow`: the syncs of people and of groups, one round after the other.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use super::once_said::OnceSaid;
use super::setup::Setup;
use super::{Outcome, metrics_file, request, run_note};
use crate::cli::{self, Global, PlanArgs};
use crate::error::{Error, Kind, Result};
use crate::providers::bell::Bell;
use crate::run::follow::{self, Followed, News, Round};
use crate::run::{Job, Options, Task};
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

/// One of the commands of a round.
struct Sync {
    task: Task,
    /// The provider that it is for.
    provider: String,
    /// What it is called.
    title: String,
    said: Rc<RefCell<OnceSaid>>,
    /// Why it failed when it ran last.
    failed: Option<String>,
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
        let (global, ui) = (self.global, self.ui);
        let mut told = BTreeSet::new();
        let syncs = self.syncs.iter_mut();
        let rounds = syncs.map(|sync| sync.run(global, ui, &mut told));
        let rounds: Vec<Round> = rounds.collect();
        self.write_metrics();
        self.show();
        Round {
            is_in_step: rounds.iter().all(|round| round.is_in_step),
            changed: rounds.iter().any(|round| round.changed),
        }
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
            News::Listening => self.ui.notice("the provider tells of changes; listening"),
        }
        self.show();
    }
}

impl Host<'_> {
    /// Chooses the syncs of a round: those of each provider. What was said of those that there were stays said.
    fn choose(&mut self, setup: &Setup<'_>) {
        let mut before = std::mem::take(&mut self.syncs);
        for env in setup.of_each_provider() {
            let provider = env.settings.first_provider();
            for task in Task::all() {
                let title = env.title(&task.command());
                let is_it =
                    |sync: &Sync| (&sync.title, sync.provider.as_str()) == (&title, provider);
                let known = before
                    .iter()
                    .position(is_it)
                    .map(|at| before.swap_remove(at));
                self.syncs.push(known.unwrap_or_else(|| Sync {
                    said: Rc::new(RefCell::new(OnceSaid::of(&title))),
                    task,
                    provider: provider.to_owned(),
                    title: title.clone(),
                    failed: None,
                }));
            }
        }
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
        let failed = self.syncs.iter().filter_map(|sync| sync.failed.as_deref());
        let failed: Vec<&str> = failed.collect();
        let stands = match failed.is_empty() {
            true => "in step".to_owned(),
            false => failed.join("; "),
        };
        self.notify.status(&format!("{stands}; {}", self.goes_on()));
    }
}

impl Sync {
    /// Does what the command does, with a configuration that is read now and the time that it is now. `told`: why others have failed in
    /// this round, which is said once.
    fn run(&mut self, global: &Global, ui: Ui, told: &mut BTreeSet<String>) -> Round {
        self.said.borrow_mut().begin();
        let mut changed = false;
        let ended = self.once(global, ui, &mut changed);
        let command = &self.title;
        let is_in_step = match &ended {
            Ok(_) => {
                if self.said.borrow_mut().recovered() {
                    ui.notice(format!("{command}: it works again"));
                }
                true
            }
            Err(error) => {
                let is_news = self.said.borrow_mut().failed(error);
                if told.insert(error.to_string()) && is_news {
                    ui.error(error);
                }
                // The rest is done.
                matches!(error.kind, Kind::Partial | Kind::NotOut)
            }
        };
        let failure = ended.err();
        self.failed = failure.map(|error| format!("{command}: {error}"));
        Round {
            is_in_step,
            changed,
        }
    }

    fn once(&self, global: &Global, ui: Ui, changed: &mut bool) -> Result<Outcome> {
        let setup = Setup::new(global, ui)
            .inspect_err(|error| run_note::unusable(global, &self.task, error))?;
        let mut setups = setup.of_each_provider();
        setups.retain(|setup| setup.settings.first_provider() == self.provider);
        let Some(setup) = setups.pop() else {
            // It is not read any more; the next round has other syncs.
            return Ok(Outcome::Done);
        };
        let args = PlanArgs::default();
        let job = Job {
            task: self.task.clone(),
            options: Options {
                // Someone who wants to see more need not read more.
                full: false,
                ..request::options(&setup, &args)
            },
        };
        let report = request::noted(&setup, &job, &args, |watch| {
            watch.saying_once(Rc::clone(&self.said))
        });
        let report = report.map_err(|error| setup.named(error))?;
        let targets = report.targets.iter();
        *changed = targets.map(|it| it.transaction).any(|it| it.is_some());
        request::conclude(&report, &args).map_err(|error| setup.named(error))
    }
}
