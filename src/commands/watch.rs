//! Shows a person how a run goes on.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::events::Events;
use super::once_said::OnceSaid;
use crate::hooks::Reporter;
use crate::model::text::counted;
use crate::plan::Plan;
use crate::plan::render::{self, Detail, Said};
use crate::policy::Refusal;
use crate::run::{Memory, Progress, Watch};
use crate::system::{clock, traffic};
use crate::ui::{Ui, prompt};

/// Before which plans somebody who types is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    Never,
    /// Those by which homes, or more than a few accounts, go.
    Losses,
    Always,
}

/// With more lines than these, a plan begins with their sum.
const LONG: usize = 50;

/// A run that took longer says how long, and what it cost the servers.
const SHORT: Duration = Duration::from_secs(1);

/// Prints what is told.
#[derive(Clone, Debug)]
pub(super) struct UiWatch {
    ui: Ui,
    /// Whether everybody is told of, not only every cause.
    each: bool,
    /// What earlier runs have told.
    memory: Memory,
    /// Before which plans somebody who types is asked.
    asks: Asks,
    /// Since when it looks on.
    began: Instant,
    /// How many requests were sent before.
    sent: u64,
    /// Where nothing is told that the round before has told.
    said: Option<Rc<RefCell<OnceSaid>>>,
    /// What is said in the log.
    events: Events,
    /// What is kept for a document, which is printed in the end.
    recorded: Option<Recorded>,
}

/// What a document tells that a report does not.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorded {
    /// What was said as a warning.
    pub(super) warnings: Vec<String>,
    /// The plan that was carried out, though the run may have failed after that, and the number of its run.
    pub(super) done: Option<(Plan, Option<u64>)>,
}

impl UiWatch {
    /// Prints through `ui`.
    pub(super) fn new(ui: Ui) -> Self {
        Self {
            ui,
            each: false,
            memory: Memory::default(),
            asks: Asks::Never,
            began: clock::deadline(Duration::ZERO),
            sent: traffic::sent(),
            said: None,
            events: Events::default(),
            recorded: None,
        }
    }

    /// The same, with these events in the log.
    pub(super) fn logging(self, events: Events) -> Self {
        Self { events, ..self }
    }

    /// The same; `wanted`: a document takes the place of the plan that a dry run shows.
    pub(super) fn recording(self, wanted: bool) -> Self {
        let recorded = wanted.then(Recorded::default);
        Self { recorded, ..self }
    }

    /// What was recorded.
    pub(super) fn into_recorded(self) -> Recorded {
        self.recorded.unwrap_or_default()
    }

    /// The same; `verbose`: everybody is told of, not only every cause.
    pub(super) fn verbose(self, verbose: bool) -> Self {
        let each = verbose;
        Self { each, ..self }
    }

    /// The same; what earlier runs have told is only counted.
    pub(super) fn knowing(self, memory: Memory) -> Self {
        Self { memory, ..self }
    }

    /// The same; `asks`: somebody who types is asked before any plan is carried out.
    pub(super) fn asking(self, asks: bool) -> Self {
        match asks {
            true => Self {
                asks: Asks::Always,
                ..self
            },
            false => self,
        }
    }

    /// The same; `asks`: somebody who types is asked before homes, or more than a few accounts, go.
    pub(super) fn asking_of_losses(self, asks: bool) -> Self {
        let asks = if asks { Asks::Losses } else { Asks::Never };
        Self { asks, ..self }
    }

    /// The same; what the round before has told, too, is not told.
    pub(super) fn saying_once(self, said: Rc<RefCell<OnceSaid>>) -> Self {
        let (said, asks) = (Some(said), Asks::Never);
        Self { said, asks, ..self }
    }

    /// Whether a line is to be told.
    fn is_news(&self, text: &str) -> bool {
        let said = self.said.as_ref();
        said.is_none_or(|said| said.borrow_mut().is_news(text))
    }

    /// What is to be told, and how much was told before.
    fn news<'a, T: Said>(&self, all: impl IntoIterator<Item = &'a T>) -> (Vec<&'a T>, usize) {
        match self.each {
            true => (all.into_iter().collect(), 0),
            false => self.memory.news(all),
        }
    }

    /// Says in the log what is done, or would be. Whoever goes on does not say in each round who is refused.
    fn log(&self, plan: &Plan, run: Option<u64>, applied: bool) {
        self.events.changes(plan, run, applied);
        let refused = match &self.said {
            Some(_) => self.news(&plan.refused).0,
            None => plan.refused.iter().collect(),
        };
        self.events.refusals(refused, run);
    }

    fn detail(&self, otherwise: Detail) -> Detail {
        if self.each { Detail::Each } else { otherwise }
    }
}

/// What a plan of so many lines begins with, if they are many.
fn long(lines: usize, plan: &Plan) -> Option<String> {
    (lines > LONG).then(|| format!("{}, in {lines} lines:", plan.counts()))
}

/// What a run has cost.
fn cost(took: Duration, requests: u64) -> String {
    let time = format!("in {:.1} s", took.as_secs_f64());
    match requests {
        0 => time,
        n => format!("{time}, {}", counted(n, "request", "requests")),
    }
}

/// How much is as earlier runs have told it, and how to see it.
fn as_before(what: &str, count: usize, way: &str) -> Option<String> {
    (count > 0).then(|| format!("{what}: {count}, as before; {way}"))
}

impl Reporter for UiWatch {
    fn notice(&mut self, text: String) {
        if self.is_news(&text) {
            self.ui.notice(text);
        }
    }

    fn warn(&mut self, text: String) {
        if let Some(recorded) = &mut self.recorded {
            recorded.warnings.push(text.clone());
        }
        if self.is_news(&text) {
            self.ui.warn(text);
        }
    }
}

impl Watch for UiWatch {
    fn progress(&mut self, what: &str, of: Option<usize>) -> Progress {
        let progress = self.ui.progress(what, of);
        Box::new(move |n| progress.set(n))
    }

    fn staged(&mut self, plan: &Plan) {
        if let Some(said) = self.said.as_ref().filter(|_| !plan.changes.is_empty()) {
            said.borrow_mut().changes();
        }
        let begins = plan.missing.iter();
        let begins = begins.filter(|missing| self.each || missing.is_news);
        let (remarks, noted) = self.news(&plan.remarks);
        let remarks = render::lines(remarks, self.detail(Detail::Some));
        let as_before = as_before("notes", noted, "-v tells them");
        let others = render::missing(begins)
            .into_iter()
            .chain(remarks)
            .chain(as_before);
        let others = others.filter(|line| self.is_news(line));
        self.ui.notices(|| {
            let changes = render::changes(&plan.changes);
            let sum = long(changes.len(), plan).into_iter();
            sum.chain(changes).chain(others)
        });
        // What keeps everybody out is the error at the end.
        let barred = self.memory.barred(plan);
        let is_told =
            |refusal: &&Refusal| barred.is_none_or(|barred| !barred.is_by(&refusal.reason));
        let (refused, others) = self.news(plan.refused.iter().filter(is_told));
        for line in render::lines(refused, self.detail(Detail::Some)) {
            if self.is_news(&line) {
                self.ui.warn(line);
            }
        }
        let way = "`gosync accounts --state refused` names them";
        let others = self::as_before("refused", others, way);
        let others = others.filter(|line| self.is_news(line));
        self.ui.notices(|| others.into_iter());
    }

    fn summed_up(&mut self, text: String) {
        let took = clock::since(self.began);
        match self.ui.is_terminal() && took > SHORT {
            true => {
                let sent = traffic::sent().saturating_sub(self.sent);
                self.notice(format!("{text}, {}", cost(took, sent)));
            }
            false => self.notice(text),
        }
    }

    fn agrees(&mut self, plan: &Plan) -> bool {
        let is_asked = match self.asks {
            Asks::Never => false,
            Asks::Losses => plan.takes_much(),
            Asks::Always => !plan.changes.is_empty(),
        };
        if !is_asked {
            return true;
        }
        prompt::agrees(&format!("{}; do it?", plan.counts()))
    }

    fn dry(&mut self, plan: &Plan) {
        self.log(plan, None, false);
        if self.recorded.is_none() {
            let text = render::text_in(plan, self.detail(Detail::Causes));
            if let Some(sum) = long(text.lines().count(), plan) {
                self.ui.notice(sum);
            }
            self.ui.plan(&text);
            self.ui.notice(format!(
                "dry run: {}; nothing was written; digest {}",
                plan.counts(),
                plan.digest()
            ));
        }
    }

    fn done(&mut self, plan: &Plan, run: Option<u64>) {
        self.log(plan, run, true);
        if let Some(recorded) = &mut self.recorded {
            recorded.done = Some((plan.clone(), run));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_a_time_and_what_was_asked() {
        let cost = |requests| cost(Duration::from_millis(2345), requests);
        assert_eq!(cost(0), "in 2.3 s");
        assert_eq!(cost(1), "in 2.3 s, 1 request");
        assert_eq!(cost(104), "in 2.3 s, 104 requests");
    }
}
