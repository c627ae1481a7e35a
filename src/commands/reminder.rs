//! A failure that lasts, where whatever is said becomes a mail: it is reported when it begins, again after a time, and when it is
//! over.
//!
//! Decides only what is said, by the notes of runs. The exit status, the notes, `status` and the metrics never depend on it.

use crate::model::Moment;
use crate::model::counted;
use crate::model::units::Span;
use crate::run::RunNote;

/// Keeps in the note of a run when its failure was reported, if that is not to be reported now.
pub(super) fn keep(note: &mut RunNote, last: &RunNote, remind: Option<Span>) {
    let Some((remind, Moment(reported))) = remind.zip(last.reported) else {
        return;
    };
    let age = u64::try_from(note.ended.0.saturating_sub(reported));
    let is_recent = age.is_ok_and(|age| age < remind.secs());
    if is_recent && note.error.is_some() && note.error == last.error {
        note.reported = last.reported;
        note.is_silent = true;
    }
}

/// Whether the failure of a run is to be reported; `note`: that of the run.
pub(super) fn is_due(note: &RunNote, error: &str) -> bool {
    note.error.as_deref() != Some(error) || !note.is_silent
}

/// That a failure is over, if it was reported as one that lasts.
pub(super) fn is_over(note: &RunNote, last: &RunNote, remind: Option<Span>) -> Option<String> {
    remind?;
    last.reported.filter(|_| note.error.is_none())?;
    let failures = counted(last.times, "run", "runs");
    Some(format!("{failures} failed since {}", last.since))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(ended: i64, error: Option<&str>) -> RunNote {
        RunNote {
            ended: Moment(ended),
            error: error.map(str::to_owned),
            reported: error.map(|_| Moment(ended)),
            ..RunNote::default()
        }
    }

    /// Whether the runs of a host, at these seconds and with these ends, report something.
    fn reported(remind: Option<Span>, runs: &[(i64, Option<&str>)]) -> Vec<bool> {
        let mut last: Option<RunNote> = None;
        let mut out = Vec::new();
        for (at, error) in runs {
            let mut now = note(*at, *error);
            if let Some(last) = &last {
                keep(&mut now, last, remind);
            }
            out.push(error.is_some_and(|error| is_due(&now, error)));
            last = Some(now);
        }
        out
    }

    #[test]
    fn a_failure_that_lasts_is_reported_once_in_a_time() {
        let runs = [0, 0, 120, 240, 3_599, 3_600, 3_720, 7_200].map(|at| (at, Some("down")));
        let hour = Some(Span::from_secs(3_600));
        assert_eq!(
            reported(hour, &runs),
            [true, false, false, false, false, true, false, true]
        );
        assert_eq!(reported(None, &runs), [true; 8]);
    }

    #[test]
    fn another_failure_and_one_that_comes_back_are_reported_at_once() {
        let runs = [
            (0, Some("down")),
            (9, Some("odd")),
            (18, Some("down")),
            (27, None),
            (36, Some("down")),
            (30, Some("down")),
        ];
        let hour = Some(Span::from_secs(3_600));
        // A clock that was put back reports too much, never too little.
        assert_eq!(reported(hour, &runs), [true, true, true, false, true, true]);
    }

    #[test]
    fn what_was_not_noted_is_reported() {
        assert!(is_due(&note(9, None), "down") && is_due(&RunNote::default(), "down"));
    }

    #[test]
    fn the_end_of_a_failure_is_reported_to_whoever_is_reminded() {
        let last = RunNote {
            times: 31,
            since: Moment(0),
            ..note(60, Some("down"))
        };
        let hour = Some(Span::from_secs(3_600));
        let over = is_over(&note(90, None), &last, hour);
        assert_eq!(over.unwrap(), "31 runs failed since 1970-01-01T00:00:00Z");
        assert_eq!(is_over(&note(90, None), &last, None), None);
        assert_eq!(is_over(&note(90, Some("odd")), &last, hour), None);
        assert_eq!(is_over(&note(90, None), &note(60, None), hour), None);
    }
}
