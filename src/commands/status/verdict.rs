//! Whether all is well, in one row: what has to be so, and is not.
//!
//! Judges what the last runs have noted of themselves. That people are missing is no fault: they are looked for until their
//! absence is proven.

use serde_json::{Value, json};

use crate::commands::setup::Setup;
use crate::error::Kind;
use crate::model::units::Span;
use crate::model::{counted, shown};
use crate::run::{FAMILIES, LastRuns, RunNote};

/// How old the last complete read may be, unless somebody says otherwise.
const MAX_AGE: Span = Span::from_secs(2 * 86_400);

/// What is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    /// No sync has been run.
    NoRun,
    /// No complete read for so long.
    Stale { text: String },
    /// A limit refuses the plan of a sync.
    Limit { text: String },
    /// The last runs of syncs did not end well, all for one cause.
    Failed { runs: Vec<String>, why: String },
    /// People get no account.
    Refused { count: usize },
    /// The provider does not answer; its name, where there are several.
    Unreachable { name: Option<String> },
}

impl Fault {
    /// The word for it, which stays the same.
    fn word(&self) -> &'static str {
        match self {
            Self::NoRun => "no-run",
            Self::Stale { .. } => "stale",
            Self::Limit { .. } => "limit",
            Self::Failed { .. } => "failed",
            Self::Refused { .. } => "refused",
            Self::Unreachable { .. } => "unreachable",
        }
    }

    fn is_of_provider(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    fn text(&self) -> String {
        match self {
            Self::NoRun => "no sync of everybody has been run, as far as gosync knows".to_owned(),
            Self::Stale { text } => format!("stale: {text}"),
            Self::Limit { text } => format!("refused by a limit: {text}"),
            Self::Failed { runs, why } => format!("last run failed: {}: {why}", runs.join(", ")),
            Self::Refused { count } => {
                format!("people refused: {count}; `gosync accounts --state refused` names them")
            }
            Self::Unreachable { name: None } => "the provider cannot be reached".to_owned(),
            Self::Unreachable { name: Some(name) } => {
                format!("the provider {} cannot be reached", shown(name))
            }
        }
    }
}

/// All faults; none: all is well.
#[derive(Debug)]
pub(super) struct Verdict {
    faults: Vec<Fault>,
}

/// What a verdict is about.
pub(super) struct Question<'a> {
    /// The section of the provider.
    pub provider: &'a str,
    /// Whether this host has people of several.
    pub is_one_of_several: bool,
    /// What the last runs for it have noted.
    pub runs: &'a LastRuns,
    /// Whether it answers.
    pub is_reachable: bool,
    /// In seconds since 1970.
    pub now: i64,
    /// How old the last complete read may be.
    pub max_age: Option<Span>,
}

impl Question<'_> {
    /// What is typed for a sync of this provider.
    fn typed(&self, command: &str) -> String {
        match self.is_one_of_several {
            true => LastRuns::key(command, self.provider),
            false => command.to_owned(),
        }
    }
}

impl Verdict {
    /// The answer.
    pub(super) fn of(question: &Question<'_>) -> Self {
        let Question {
            runs, is_reachable, ..
        } = question;
        let mut faults = Vec::new();
        if FAMILIES.iter().all(|family| runs.whole(family).is_empty()) {
            faults.push(Fault::NoRun);
        }
        for family in FAMILIES {
            for (command, note) in runs.standing(family) {
                let fault = ended(&question.typed(command), note);
                fault.into_iter().for_each(|fault| add(&mut faults, fault));
            }
        }
        let stale = FAMILIES.iter().filter_map(|family| stale(question, family));
        faults.extend(stale);
        let refusing = runs.refusing("sync users");
        let refused = refusing.map(|note| note.shut_out().map(|told| told.count).sum());
        if let Some(count) = refused.filter(|count| *count > 0) {
            faults.push(Fault::Refused { count });
        }
        if !is_reachable {
            let name = question
                .is_one_of_several
                .then(|| question.provider.to_owned());
            faults.push(Fault::Unreachable { name });
        }
        Self { faults }
    }

    /// All of these, each once.
    pub(super) fn of_all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let mut faults = Vec::new();
        for fault in verdicts.into_iter().flat_map(|it| it.faults) {
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        Self { faults }
    }

    /// The row.
    pub(super) fn text(&self) -> String {
        if self.faults.is_empty() {
            return "ok".to_owned();
        }
        let faults: Vec<String> = self.faults.iter().map(Fault::text).collect();
        faults.join("; ")
    }

    /// The same, for a program.
    pub(super) fn json(&self) -> Value {
        let fault = |fault: &Fault| json!({"fault": fault.word(), "text": fault.text()});
        json!({
            "ok": self.faults.is_empty(),
            "faults": self.faults.iter().map(fault).collect::<Vec<_>>(),
        })
    }

    /// What the status is, if not 0.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self.faults.as_slice() {
            [] => None,
            faults if faults.iter().all(Fault::is_of_provider) => Some(Kind::Source),
            _ => Some(Kind::Failed),
        }
    }
}

/// Adds a fault. Runs that failed for one cause are one fault.
fn add(faults: &mut Vec<Fault>, fault: Fault) {
    if let Fault::Failed { runs: more, why } = &fault {
        for known in &mut *faults {
            match known {
                Fault::Failed { runs, why: known } if known == why => {
                    runs.extend_from_slice(more);
                    return;
                }
                _ => {}
            }
        }
    }
    faults.push(fault);
}

/// What a run did not end well with.
fn ended(command: &str, note: &RunNote) -> Option<Fault> {
    let how = note.error.as_deref().unwrap_or("without a word");
    let since = match note.times {
        0 | 1 => format!("at {}", note.ended),
        times => format!(
            "at {}, {times} times in a row since {}",
            note.ended, note.since
        ),
    };
    let command = shown(command);
    match (note.code, &note.digest) {
        (0 | 4, _) => None,
        (10, Some(digest)) => Some(Fault::Limit {
            text: format!(
                "`{command}` {since}: {}; if all that is meant, `gosync {command} --approve {}`",
                shown(how),
                shown(digest)
            ),
        }),
        (code, _) => Some(Fault::Failed {
            runs: vec![format!("`{command}` ended with {code} {since}")],
            why: shown(how).to_string(),
        }),
    }
}

/// That the reads for a sync that is run here are too old, in a sentence for each kind of sync.
pub(in crate::commands) fn stale_reads(setup: &Setup<'_>) -> Vec<String> {
    let provider = setup.settings.first_provider();
    stale_texts(&Question {
        provider,
        is_one_of_several: setup.settings.are_several,
        runs: &LastRuns::load(&setup.state_dir()).of(provider),
        is_reachable: true,
        now: setup.now.seconds(),
        max_age: None,
    })
}

fn stale_texts(question: &Question<'_>) -> Vec<String> {
    let stale = FAMILIES.iter().filter_map(|family| stale(question, family));
    let text = |fault| match fault {
        Fault::Stale { text } => Some(text),
        _ => None,
    };
    stale.filter_map(text).collect()
}

/// Whether the reads for a sync that is run here are too old.
fn stale(question: &Question<'_>, family: &str) -> Option<Fault> {
    let Question { runs, now, .. } = question;
    let max_age = question.max_age.unwrap_or(MAX_AGE);
    let last = runs.last_reads(question.provider, family);
    let last = last.map(|(read, confirmed)| confirmed.unwrap_or(read));
    let first_try = runs.whole(family).last().map(|(_, note)| note.since);
    let since = last.or(first_try)?;
    let age = u64::try_from(now.saturating_sub(since.0)).unwrap_or(0);
    if age <= max_age.secs() {
        return None;
    }
    let last = match last {
        Some(at) => format!("the last was at {at}"),
        None => "there was none".to_owned(),
    };
    Some(Fault::Stale {
        text: format!(
            "no complete read by `{}` for {}; {last}",
            question.typed(family),
            in_words(age)
        ),
    })
}

/// A span in the largest unit of which there is at least one.
fn in_words(seconds: u64) -> String {
    match seconds {
        86_400.. => counted(seconds / 86_400, "day", "days"),
        3_600.. => counted(seconds / 3_600, "hour", "hours"),
        60.. => counted(seconds / 60, "minute", "minutes"),
        _ => counted(seconds, "second", "seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Moment;
    use crate::run::Told;

    const NOW: i64 = 1_800_000_000;

    fn verdict(runs: &LastRuns, max_age: Option<Span>) -> Verdict {
        Verdict::of(&Question {
            provider: "p",
            is_one_of_several: false,
            runs,
            is_reachable: true,
            now: NOW,
            max_age,
        })
    }

    fn words(verdict: &Verdict) -> Vec<&'static str> {
        verdict.faults.iter().map(Fault::word).collect()
    }

    /// A host on which both syncs ended with these codes, so many seconds ago.
    fn runs(users: u8, groups: u8, ago: i64) -> LastRuns {
        let mut runs = LastRuns::default();
        for (command, code) in [("sync users", users), ("sync groups", groups)] {
            let ended = Moment(NOW - ago);
            let digest = (code == 10).then(|| "abc".to_owned());
            let note = RunNote {
                ended,
                code,
                digest,
                ..RunNote::default()
            };
            runs.put(command, note);
            let reads = runs.complete_reads.entry("p".to_owned()).or_default();
            reads.insert(command.to_owned(), ended);
        }
        runs
    }

    #[test]
    fn all_is_well_or_each_fault_has_its_word() {
        let ok = verdict(&runs(0, 0, 60), None);
        assert_eq!((ok.text().as_str(), ok.kind()), ("ok", None));
        assert_eq!(words(&verdict(&runs(0, 4, 60), None)), [] as [&str; 0]);
        assert_eq!(words(&verdict(&LastRuns::default(), None)), ["no-run"]);
        assert_eq!(
            words(&verdict(&runs(12, 10, 60), None)),
            ["failed", "limit"]
        );
        let limit = verdict(&runs(0, 10, 60), None);
        assert!(
            limit.text().contains("`gosync sync groups --approve abc`"),
            "{}",
            limit.text()
        );
        assert_eq!(limit.kind(), Some(Kind::Failed));
    }

    #[test]
    fn runs_that_failed_for_one_cause_are_one_fault() {
        let mut runs = runs(12, 12, 60);
        assert_eq!(words(&verdict(&runs, None)), ["failed"]);
        let text = verdict(&runs, None).text();
        assert_eq!(text.matches("without a word").count(), 1, "{text}");
        for command in FAMILIES {
            assert!(
                text.contains(&format!("`{command}` ended with 12")),
                "{text}"
            );
        }
        runs.runs.get_mut("sync groups").unwrap().error = Some("another".to_owned());
        assert_eq!(words(&verdict(&runs, None)), ["failed", "failed"]);
    }

    #[test]
    fn a_month_without_a_complete_read_is_stale() {
        let month = runs(0, 0, 31 * 86_400);
        let stale = verdict(&month, None);
        assert_eq!(words(&stale), ["stale", "stale"]);
        assert!(stale.text().contains("for 31 days"), "{}", stale.text());
        let hour = Some(Span::from_secs(3_600));
        assert_eq!(words(&verdict(&runs(0, 0, 3_599), hour)), [] as [&str; 0]);
        assert_eq!(
            words(&verdict(&runs(0, 0, 3_601), hour)),
            ["stale", "stale"]
        );
        // Another provider's reads prove nothing.
        let mut other = runs(0, 0, 60);
        other.complete_reads.clear();
        assert_eq!(words(&verdict(&other, None)), [] as [&str; 0]);
        for note in other.runs.values_mut() {
            note.since = Moment(NOW - 30 * 86_400);
        }
        assert_eq!(words(&verdict(&other, None)), ["stale", "stale"]);
    }

    #[test]
    fn what_is_stale_is_said_of_each_sync() {
        let told = |ago, is_one_of_several| {
            stale_texts(&Question {
                provider: "p",
                is_one_of_several,
                runs: &runs(0, 0, ago),
                is_reachable: true,
                now: NOW,
                max_age: None,
            })
        };
        assert!(told(60, false).is_empty());
        let several = told(3 * 86_400, true);
        assert!(several[0].starts_with("no complete read by `sync users -u p` for 3 days"));
        let told = told(3 * 86_400, false);
        assert!(
            told.len() == 2 && told[0].starts_with("no complete read by `sync users` for 3 days"),
            "{told:?}"
        );
    }

    #[test]
    fn people_who_are_refused_are_a_fault_and_groups_are_none() {
        let mut runs = runs(0, 0, 60);
        for command in FAMILIES {
            let note = runs.runs.get_mut(command).unwrap();
            note.counts = Some(Default::default());
            note.refused = vec![Told {
                count: 231,
                ..Told::default()
            }];
        }
        let refused = verdict(&runs, None);
        assert_eq!(words(&refused), ["refused"]);
        assert!(refused.text().starts_with("people refused: 231"));
    }

    #[test]
    fn a_provider_that_cannot_be_reached_has_a_status_of_its_own() {
        let runs = runs(0, 0, 60);
        let away = Verdict::of(&Question {
            provider: "p",
            is_one_of_several: false,
            runs: &runs,
            is_reachable: false,
            now: NOW,
            max_age: None,
        });
        assert_eq!(away.kind(), Some(Kind::Source));
    }
}
