//! What locks are to remember, and the shells of locked accounts: their part of a plan.

use super::context::PlanContext;
use crate::plan::Plan;
use crate::plan::diff::{self, ShellView};

/// Adds what hands have locked before, and what becomes of the shells of locked accounts. `all`: also of those that the plan does not deal with.
pub(crate) fn extend(plan: &mut Plan, cx: &PlanContext<'_>, all: bool) {
    let rules = &cx.env.settings.rules;
    diff::remember_hand_locks(plan, cx.host, cx.owned, &rules.accounts.keep_local);
    let view = ShellView {
        host: cx.host,
        owned: cx.owned,
        lock_shell: rules.departed.lock_shell.as_deref(),
        all,
    };
    diff::lock_shells(plan, &view);
}
