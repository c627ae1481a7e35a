//! The shells of locked accounts: their part of a plan.

use super::context::PlanContext;
use crate::plan::Plan;
use crate::plan::diff::{self, ShellView};

/// Adds what becomes of the shells of locked accounts. `all`: also of those that the plan does not deal with.
pub(crate) fn extend(plan: &mut Plan, cx: &PlanContext<'_>, all: bool) {
    let view = ShellView {
        host: cx.host,
        owned: cx.owned,
        lock_shell: cx.env.settings.rules.departed.lock_shell.as_deref(),
        all,
    };
    diff::lock_shells(plan, &view);
}
