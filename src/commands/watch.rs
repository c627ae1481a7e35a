//! Shows a person how a run goes on.

use crate::cli::Format;
use crate::hooks::Reporter;
use crate::plan::render::{self, Detail};
use crate::plan::{Barred, Plan};
use crate::policy::Refusal;
use crate::run::{Progress, Watch};
use crate::ui::Ui;

/// Prints what is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct UiWatch {
    ui: Ui,
    /// How the plan of a dry run is shown.
    format: Format,
    /// Whether everybody is told of, not only every cause.
    each: bool,
}

impl UiWatch {
    /// Prints through `ui`.
    pub(super) fn new(ui: Ui) -> Self {
        Self::with_format(ui, Format::Text)
    }

    /// The same, with another form of plans.
    pub(super) fn with_format(ui: Ui, format: Format) -> Self {
        let each = false;
        Self { ui, format, each }
    }

    /// The same; `verbose`: everybody is told of, not only every cause.
    pub(super) fn verbose(self, verbose: bool) -> Self {
        let each = verbose;
        Self { each, ..self }
    }

    fn detail(self, otherwise: Detail) -> Detail {
        if self.each { Detail::Each } else { otherwise }
    }
}

impl Reporter for UiWatch {
    fn notice(&mut self, text: String) {
        self.ui.notice(text);
    }

    fn warn(&mut self, text: String) {
        self.ui.warn(text);
    }
}

impl Watch for UiWatch {
    fn progress(&mut self, what: &str) -> Progress {
        let progress = self.ui.progress(what);
        Box::new(move |n| progress.set(n))
    }

    fn staged(&mut self, plan: &Plan) {
        let changes = plan.changes.iter().map(render::line);
        let detail = self.detail(Detail::Some);
        let remarks = render::lines(&plan.remarks, detail);
        let begins = plan
            .missing
            .iter()
            .filter(|missing| self.each || missing.is_news);
        self.ui
            .notices(changes.chain(render::missing(begins)).chain(remarks));
        // What keeps everybody out is the error at the end.
        let barred = plan.barred.filter(|barred| *barred != Barred::Setting);
        let is_told =
            |refusal: &&Refusal| barred.is_none_or(|barred| !barred.is_by(&refusal.reason));
        let refused = plan.refused.iter().filter(is_told);
        for line in render::lines(refused, detail) {
            self.ui.warn(line);
        }
    }

    fn dry(&mut self, plan: &Plan) {
        match self.format {
            Format::Text => {
                self.ui
                    .data(&render::text_in(plan, self.detail(Detail::Causes)));
                self.ui.notice(format!(
                    "dry run: {}; nothing was written; digest {}",
                    plan.counts(),
                    plan.digest()
                ));
            }
            Format::Json => self.ui.data(&format!("{:#}\n", render::json(plan))),
        }
    }
}
