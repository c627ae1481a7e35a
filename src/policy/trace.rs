//! How a decision came about: the rules leave a word beside each result, for those who ask why.
//!
//! There is no second set of rules for explanations: the same functions decide and tell. Where nobody asks, nothing is
//! worked out.

use crate::model::shown;

/// One part of a decision.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Step {
    /// What was decided, such as `shell`.
    pub field: &'static str,
    /// What it became; safe to print.
    pub value: String,
    /// By which rule, in our own words.
    pub rule: String,
}

/// Listens to decisions, or does not.
#[derive(Debug, Default)]
pub(crate) struct Trace(Option<Vec<Step>>);

impl Trace {
    /// One that listens.
    pub(crate) fn listening() -> Self {
        Self(Some(Vec::new()))
    }

    /// What a rule says beside its result.
    pub(crate) fn note(&mut self, field: &'static str, value: &str, rule: impl FnOnce() -> String) {
        if let Some(steps) = &mut self.0 {
            steps.push(Step {
                field,
                value: shown(value).to_string(),
                rule: rule(),
            });
        }
    }

    /// What was said.
    pub(crate) fn steps(self) -> Vec<Step> {
        self.0.unwrap_or_default()
    }
}
