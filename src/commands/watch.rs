//! Shows a person how a run goes on.

use crate::cli::Format;
use crate::hooks::Reporter;
use crate::model::counted;
use crate::plan::{Plan, render};
use crate::run::{Progress, Watch};
use crate::ui::Ui;

/// So many refusals are told one by one: a provider that sends a million records must not fill the mail of cron.
const REFUSALS_TOLD: usize = 20;

/// Prints what is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct UiWatch {
    ui: Ui,
    /// How the plan of a dry run is shown.
    format: Format,
}

impl UiWatch {
    /// Prints through `ui`.
    pub(super) fn new(ui: Ui) -> Self {
        Self::with_format(ui, Format::Text)
    }

    /// The same, with another form of plans.
    pub(super) fn with_format(ui: Ui, format: Format) -> Self {
        Self { ui, format }
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
        let remarks = render::few_remarks(&plan.remarks);
        self.ui.notices(changes.chain(remarks));
        let refusals = render::refusals(&plan.refused);
        let (told, rest) = refusals.split_at(refusals.len().min(REFUSALS_TOLD));
        for refused in told {
            self.ui.warn(refused.line());
        }
        let more: usize = rest.iter().map(render::Refused::count).sum();
        if more > 0 {
            let records = counted(more, "more record was", "more records were");
            self.ui.warn(format!(
                "{records} refused; --dry-run --format json shows them all"
            ));
        }
    }

    fn dry(&mut self, plan: &Plan) {
        match self.format {
            Format::Text => {
                self.ui.data(&render::text(plan));
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
