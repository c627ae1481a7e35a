//! How long complete reads have missed an account or a group, and when the next step of its departure has come.

use super::input::DiffInput;
use crate::model::Now;
use crate::model::owned::Absence;

/// An absence with the read of this run.
pub(super) struct Missed {
    /// Since when, and in how many reads.
    pub absence: Absence,
    /// When that can be at the earliest, in seconds since 1970.
    pub not_before: i64,
    /// Whether it has lasted as long as the rules ask for.
    pub is_due: bool,
    /// Whether the ledger has to know of it: past the count that matters nothing more needs to be remembered, and an
    /// idle run writes nothing.
    pub is_news: bool,
}

/// Counts this read. `seen`: what the ledger has of those before.
pub(super) fn count(seen: Option<Absence>, against: &DiffInput<'_>) -> Missed {
    let (rules, now) = (&against.rules.departed, against.now.seconds());
    let (since, runs) = seen.map_or((now, 0), |seen| (seen.since, seen.runs));
    let absence = Absence {
        since: since.min(now),
        runs: runs.saturating_add(1),
    };
    let lasted = u64::try_from(now - absence.since).unwrap_or(0);
    Missed {
        absence,
        not_before: after(absence.since, rules.absent_for),
        is_due: absence.runs >= rules.absent_runs && lasted >= rules.absent_for,
        is_news: absence.runs <= rules.absent_runs,
    }
}

/// When a step comes that is taken so many seconds after another.
pub(super) fn after(since: i64, seconds: u64) -> i64 {
    since.saturating_add_unsigned(seconds)
}

/// Whether a step that follows one at `since` has come; `None`: it never does. A clock that was set back takes nothing
/// away from what is due at once.
pub(super) fn has_come(at: Option<i64>, since: i64, now: &Now) -> bool {
    at.is_some_and(|at| now.has_come(at) || since >= at)
}
