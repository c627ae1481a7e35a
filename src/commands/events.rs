//! One event in the log for each change, each refusal and each limit, for whoever reads it by `--log-format json`.
//!
//! People read the same in the messages of the run. The fields are listed in gosync(8), LOG.

use serde_json::Value;

use crate::log::EVENTS;
use crate::model::history::EntryKind;
use crate::model::text::shown;
use crate::plan::guard::Excess;
use crate::plan::{Plan, render};
use crate::policy::Refusal;
use crate::run::Task;

/// The events of one run.
#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    command: String,
    provider: String,
    /// What its records are of.
    kind: Option<EntryKind>,
}

impl Events {
    /// Those of a task, with a provider.
    pub(super) fn of(task: &Task, provider: &str) -> Self {
        Self {
            command: task.command().into_owned(),
            provider: shown(provider).to_string(),
            kind: task.entry_kind(),
        }
    }

    /// The changes of a plan, by the run of this number. `applied`: whether they are done.
    pub(super) fn changes(&self, plan: &Plan, run: Option<u64>, applied: bool) {
        // Nothing is worked out for nobody.
        if !tracing::enabled!(target: EVENTS, tracing::Level::INFO) {
            return;
        }
        let Self {
            command, provider, ..
        } = self;
        for change in &plan.changes {
            let json = render::change_json(change);
            let text = |key: &str| json[key].as_str().map(|text| shown(text).to_string());
            let number = |key: &str| json[key].as_u64();
            tracing::info!(
                target: EVENTS,
                event = "change",
                command,
                provider,
                run,
                applied,
                change = json["change"].as_str(),
                kind = json["kind"].as_str(),
                name = change.name(),
                id = text("id"),
                uid = number("uid"),
                gid = number("gid"),
                reason = json["reason"].as_str().filter(|_| is_typed(&json)),
                "{}",
                render::line(change)
            );
        }
    }

    /// Who is refused, by the run of this number.
    pub(super) fn refusals<'a>(
        &self,
        refused: impl IntoIterator<Item = &'a Refusal>,
        run: Option<u64>,
    ) {
        let Self {
            command,
            provider,
            kind,
        } = self;
        let kind = kind.map(EntryKind::as_str);
        for refusal in refused {
            let id = refusal.id.as_ref();
            tracing::warn!(
                target: EVENTS,
                event = "refusal",
                command,
                provider,
                run,
                kind,
                name = %refusal.subject,
                id = id.map(|id| shown(id.as_str()).to_string()),
                reason = refusal.reason.word(),
                "{}",
                refusal.reason
            );
        }
    }

    /// A plan that goes over limits.
    pub(super) fn over_limits(&self, plan: &Plan, excesses: &[Excess]) {
        let Self {
            command, provider, ..
        } = self;
        self.refusals(&plan.refused, None);
        for excess in excesses {
            tracing::error!(
                target: EVENTS,
                event = "limit",
                command,
                provider,
                reason = excess.limit.word(),
                name = excess.what,
                count = excess.count,
                allowed = excess.allowed,
                of = excess.of,
                digest = plan.digest(),
                "{excess}"
            );
        }
    }
}

/// Whether its reason is a word.
fn is_typed(change: &Value) -> bool {
    change["text"].is_string()
}
