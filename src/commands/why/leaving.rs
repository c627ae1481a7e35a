//! How far somebody, or a group, has come on the way out, and what is next: from the ledger, and by
//! the rules that plan.

use serde::Serialize;

use crate::model::counted;
use crate::model::owned::{Absence, AccountDeparture, GroupDeparture};
use crate::plan::diff;
use crate::policy::DepartedRules;
use crate::system::clock;

/// How far it has come.
#[derive(Default, Serialize)]
pub(super) struct Leaving {
    /// Since when complete reads have missed it.
    pub missing_since: Option<String>,
    /// In how many; what comes after the count that matters is not counted.
    pub missing_runs: Option<u32>,
    /// Since when it is locked; of a group: without members from the provider.
    pub since: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Where the home was packed.
    pub archive: Option<String>,
    /// What is next, and when.
    pub next: Vec<String>,
}

impl Leaving {
    /// Of an account that is open although its person is missing.
    pub(super) fn missing(absence: Option<Absence>, rules: &DepartedRules, now: i64) -> Self {
        let mut out = Self {
            next: vec![proof("it is locked", absence, rules, now)],
            ..Self::default()
        };
        out.note(absence);
        out
    }

    /// Of a locked account. `gone`: whether the person is still gone, and the departure goes on.
    pub(super) fn locked(
        departure: Option<&AccountDeparture>,
        reason: Option<String>,
        gone: bool,
        rules: &DepartedRules,
    ) -> Self {
        let Some(departure) = departure else {
            return Self {
                reason,
                ..Self::default()
            };
        };
        let due = diff::due(departure, rules);
        let mut next = Vec::new();
        if let Some(at) = due.archive {
            next.push(format!(
                "from {} on its home is packed and removed",
                clock::written(at)
            ));
        }
        if let Some(at) = due.remove {
            next.push(format!(
                "from {} on the account is removed",
                clock::written(at)
            ));
        }
        if next.is_empty() {
            next.push("it stays locked: no further step is configured in [departed]".to_owned());
        }
        if !gone {
            next.clear();
        }
        Self {
            since: Some(clock::written(departure.since)),
            reason,
            archive: departure.archive.clone(),
            next,
            ..Self::default()
        }
    }

    /// Of a group that the provider does not have any more.
    pub(super) fn group(departure: GroupDeparture, rules: &DepartedRules, now: i64) -> Self {
        let next = match (departure.since, rules.remove_after) {
            (None, _) => proof("its members are taken out", departure.absence, rules, now),
            (Some(since), Some(after)) => {
                let at = clock::written(since.saturating_add_unsigned(after));
                format!("from {at} on it is removed, unless it has members that were added by hand")
            }
            (Some(_), None) => "it stays: `remove_after` in [departed] is not set".to_owned(),
        };
        let mut out = Self {
            since: departure.since.map(clock::written),
            next: vec![next],
            ..Self::default()
        };
        out.note(departure.absence);
        out
    }

    fn note(&mut self, absence: Option<Absence>) {
        self.missing_since = absence.map(|absence| clock::written(absence.since));
        self.missing_runs = absence.map(|absence| absence.runs);
    }

    /// Key and text of each row. `closed`: what it is called to be locked, or without members.
    pub(super) fn rows(&self, closed: &'static str) -> Vec<(&'static str, String)> {
        let mut rows = Vec::new();
        if let (Some(since), Some(runs)) = (&self.missing_since, self.missing_runs) {
            let reads = counted(runs, "complete read", "complete reads");
            rows.push(("missing", format!("in {reads} since {since}")));
        }
        let reason = self
            .reason
            .as_ref()
            .map(|reason| format!(": {reason}"))
            .unwrap_or_default();
        match &self.since {
            Some(since) => rows.push((closed, format!("since {since}{reason}"))),
            None if !reason.is_empty() => rows.push((closed, reason[2..].to_owned())),
            None => {}
        }
        rows.extend(
            self.archive
                .iter()
                .map(|archive| ("archive", crate::model::shown(archive).to_string())),
        );
        rows.extend(self.next.iter().map(|next| ("next", next.clone())));
        rows
    }
}

/// What has to be so before the first step.
fn proof(what: &str, absence: Option<Absence>, rules: &DepartedRules, now: i64) -> String {
    let since = absence.map_or(now, |absence| absence.since.min(now));
    let at = clock::written(since.saturating_add_unsigned(rules.absent_for));
    let reads = counted(rules.absent_runs, "complete read", "complete reads");
    format!("{what} when missing in {reads}, and not before {at}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(archive_after: Option<u64>, remove_after: Option<u64>) -> DepartedRules {
        DepartedRules {
            archive_after,
            remove_after,
            ..DepartedRules::default()
        }
    }

    #[test]
    fn each_rung_tells_the_next_and_when_it_comes() {
        let departure = |archive: Option<&str>| AccountDeparture {
            since: 0,
            archive: archive.map(str::to_owned),
        };
        let next = |archive, rules: &DepartedRules| {
            Leaving::locked(Some(&departure(archive)), None, true, rules).next
        };
        let both = next(None, &rules(Some(60), Some(3_600)));
        assert!(
            both[0].contains("from 1970-01-01T00:01:00Z on its home is packed"),
            "{both:?}"
        );
        assert!(
            both[1].contains("from 1970-01-01T01:00:00Z on the account is removed"),
            "{both:?}"
        );
        assert_eq!(next(Some("/a"), &rules(Some(60), Some(3_600))), both[1..]);
        assert!(next(None, &rules(None, None))[0].contains("stays locked"));
        // Who is back climbs no further.
        assert!(
            Leaving::locked(Some(&departure(None)), None, false, &rules(Some(60), None))
                .next
                .is_empty()
        );
    }

    #[test]
    fn the_proof_is_told_in_reads_and_time() {
        let absence = Some(Absence { since: 0, runs: 1 });
        let told = Leaving::missing(absence, &rules(None, None), 10);
        assert_eq!(
            told.next,
            ["it is locked when missing in 2 complete reads, and not before 1970-01-01T01:00:00Z"]
        );
        assert_eq!(
            told.rows("locked")[0],
            (
                "missing",
                "in 1 complete read since 1970-01-01T00:00:00Z".to_owned()
            )
        );
        let emptied = GroupDeparture {
            absence: None,
            since: Some(0),
        };
        assert!(
            Leaving::group(emptied, &rules(None, Some(60)), 10).next[0]
                .contains("from 1970-01-01T00:01:00Z on")
        );
        assert!(Leaving::group(emptied, &rules(None, None), 10).next[0].contains("it stays"));
    }
}
