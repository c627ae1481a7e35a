//! The clock: whether the time can be right.

use super::host_look::HostLook;
use super::report::{Area, Finding, Report};
use crate::run::LastRuns;
use crate::system::clock;
use crate::system::lock;

const AREA: Area = Area::Clock;

/// This program is younger: 2025-01-01.
const BORN: i64 = 1_735_689_600;

/// A moment that is so many seconds ahead is not due to a clock that was set right.
const SLACK: i64 = 300;

pub(super) fn check(look: &HostLook<'_>, report: &mut Report) {
    let note = lock::look(&look.root().path(&look.settings().gosync.lock_file))
        .map(|(note, _)| note)
        .unwrap_or_default();
    let runs = LastRuns::load(&look.setup.state_dir());
    let ended = runs.runs.values().map(|run| run.ended.0);
    let moments: Vec<i64> = ended.chain(note.holder.since).collect();
    report.looked(AREA, "the time, and that of the last runs");
    report.add(judge(look.now(), &moments));
}

/// `moments`: when runs began or ended.
fn judge(now: i64, moments: &[i64]) -> Vec<Finding> {
    let why = "passwords and accounts expire by it, certificates are judged by it, and how long somebody is missing";
    let fix = "timedatectl set-ntp true";
    if now < BORN {
        return vec![AREA.problem(
            format!("it is {}, says the clock", clock::written(now)),
            why,
            fix,
        )];
    }
    let ahead = moments.iter().filter(|at| **at > now + SLACK).max();
    let finding = ahead.map(|at| {
        let what = format!(
            "it is {}, says the clock, and a run was at {}",
            clock::written(now),
            clock::written(*at)
        );
        AREA.warning(what, why, fix)
    });
    finding.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::report::Severity;

    #[test]
    fn a_clock_that_cannot_be_right_is_told() {
        let now = 1_800_000_000;
        assert_eq!(judge(now, &[now, now + SLACK]), []);
        assert_eq!(
            judge(now, &[now - 5, now + SLACK + 1])[0].severity,
            Severity::Warning
        );
        assert_eq!(judge(5, &[])[0].severity, Severity::Problem);
    }
}
