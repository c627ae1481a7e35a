//! What monitoring sees: a file for the textfile collector of Prometheus' node_exporter, written at the end of every sync.
//!
//! It is made of the notes of the last runs and of the derived targets, `last-runs.json` and `targets.json`, and of nothing else. What a run does not learn anew stands there
//! still: a run that failed knows nothing of the provider's records, and one in which nothing moved must not open the ledger
//! (design.md, promise 6), which then is as it was when it was counted. So no text of ours is read back, a file that was
//! deleted is whole again after the next run, and `gosync status` and the metrics say the same.
//!
//! Only syncs of everybody are shown, and of these only those that later ones have not made up for: what an administrator
//! tried once by hand would fail for ever. Decides nothing. Rules: prometheus.io/docs/practices/naming and
//! /docs/instrumenting/writing_exporters; README of node_exporter, "Textfile Collector".

mod exposition;

use std::collections::BTreeMap;
use std::path::Path;

use self::exposition::Metric;
use super::env::Env;
use super::figures::{KINDS, Stock};
use super::last_runs::{FAMILIES, LastRuns, RunNote};
use super::target_notes::TargetNotes;
use crate::error::Kind;
use crate::model::Moment;
use crate::model::owned::State;
use crate::plan::effects::Count;
use crate::system::{PathError, publish};

/// The states of accounts that are always shown.
const OF_ACCOUNTS: [State; 4] = [
    State::Active,
    State::Locked,
    State::Removed,
    State::Released,
];

/// The same of groups.
const OF_GROUPS: [State; 3] = [State::Active, State::Removed, State::Released];

/// Writes the file. `configured`: when the configuration was changed last, in seconds since 1970.
///
/// # Errors
/// When it cannot be written; the last one is there still.
pub(crate) fn write(env: &Env, path: &Path, configured: Option<i64>) -> Result<(), PathError> {
    let sections = env.settings.sections.values();
    let active = sections.filter(|section| section.is_active);
    let active = active.map(|section| section.name.as_str());
    let runs = &LastRuns::load(&env.state_dir());
    let is_read = |name: &&str| runs.runs.values().any(|note| note.provider == *name);
    let notes = TargetNotes::load(&env.state_dir()).targets;
    let targets = env.settings.derived_targets();
    let facts = Facts {
        runs,
        targets: targets
            .filter_map(|(name, _)| Some((name, notes.get(name)?.failing_since.is_none())))
            .collect(),
        providers: active.filter(is_read).collect(),
        configured,
    };
    let text = facts.text();
    publish::replace(&env.root.path(path), &env.root.path("/"), text.as_bytes())
}

/// What is known.
struct Facts<'a> {
    runs: &'a LastRuns,
    /// The providers that are read: the notes may have others, which were, and the configuration others, which never are.
    providers: Vec<&'a str>,
    /// Whether each derived target was in step when it was looked at last.
    targets: Vec<(&'a str, bool)>,
    /// When the configuration was changed last.
    configured: Option<i64>,
}

/// A sync that is shown.
struct Shown<'a> {
    provider: &'a str,
    command: String,
    note: RunNote,
}

impl Facts<'_> {
    /// The file.
    fn text(&self) -> String {
        let mut all = vec![
            Metric::gauge("build_info", "The version of gosync that wrote this file.")
                .with([("version", env!("CARGO_PKG_VERSION"))], 1),
        ];
        all.extend(self.of_runs());
        all.extend(self.of_reads());
        all.push(self.records());
        all.extend(self.runs.stock.iter().flat_map(of_stock));
        all.push(self.of_targets());
        all.push(self.changes());
        let configured = Metric::gauge(
            "config_last_change_timestamp_seconds",
            "When the configuration was changed last.",
        );
        all.push(configured.with_each(self.configured.map(|at| ([], at))));
        exposition::text(&all)
    }

    /// The syncs of each provider, in the order in which they are written.
    fn shown(&self) -> Vec<Shown<'_>> {
        let mut all = Vec::new();
        for provider in &self.providers {
            let runs = self.runs.of(provider);
            for family in FAMILIES {
                let standing = runs.standing(family).into_iter();
                all.extend(standing.map(|(command, note)| Shown {
                    provider,
                    command: command.to_owned(),
                    note: note.clone(),
                }));
            }
        }
        all.sort_by(|a, b| (a.provider, &a.command).cmp(&(b.provider, &b.command)));
        all
    }

    /// How the last run of each sync ended.
    fn of_runs(&self) -> Vec<Metric> {
        let shown = self.shown();
        let of_each = |name, help, value: &dyn Fn(&RunNote) -> Option<f64>| {
            let samples = shown.iter().filter_map(|it| {
                let labels = [("command", it.command.as_str()), ("provider", it.provider)];
                value(&it.note).map(|value| (labels, value))
            });
            Metric::gauge(name, help).with_each(samples)
        };
        let seconds = |moment: Moment| moment.0 as f64;
        vec![
            of_each(
                "last_run_timestamp_seconds",
                "When the last run of this sync ended, however it ended.",
                &|note| Some(seconds(note.ended)),
            ),
            of_each("last_run_duration_seconds", "How long it took.", &|note| {
                Some(note.millis as f64 / 1_000.0)
            }),
            of_each(
                "last_run_exit_code",
                "Its exit status, as gosync(8) lists them; 0 is success.",
                &|note| Some(note.code.into()),
            ),
            of_each(
                "last_success_timestamp_seconds",
                "When a run of this sync ended with 0 last.",
                &|note| note.succeeded.map(seconds),
            ),
            of_each(
                "refused_by_limit",
                "1 if a limit refused the plan of the last run, so that nothing was written.",
                &|note| Some(u8::from(note.code == Kind::Refused.code()).into()),
            ),
            of_each(
                "people_not_out",
                "People who should be out and are not, or not wholly, as the last run saw it that got so far.",
                &|note| Some(note.not_out as f64),
            ),
        ]
    }

    /// When each provider was read.
    fn of_reads(&self) -> [Metric; 2] {
        let mut read = Metric::gauge(
            "last_complete_read_timestamp_seconds",
            "When the provider was read completely last.",
        );
        let mut confirmed = Metric::gauge(
            "last_confirmed_read_timestamp_seconds",
            "When it was known last what the provider has: by a complete read, or since nothing had moved after one.",
        );
        for provider in &self.providers {
            for family in FAMILIES {
                let Some((at, still)) = self.runs.last_reads(provider, family) else {
                    continue;
                };
                let labels = [("command", family), ("provider", *provider)];
                read = read.with(labels, at.0);
                confirmed = confirmed.with(labels, still.unwrap_or(at).0);
            }
        }
        [read, confirmed]
    }

    /// What the providers' records are worth.
    fn records(&self) -> Metric {
        let mut metric = Metric::gauge(
            "provider_records",
            "Records that the provider had when they were counted last, and how many of them were refused.",
        );
        for provider in &self.providers {
            let runs = self.runs.of(provider);
            for (kind, family) in ["user", "group"].into_iter().zip(FAMILIES) {
                // Those that knew whom they refuse, or have it from the last one that did.
                let mut whole = runs.whole(family).into_iter();
                let counted = whole.find_map(|(command, note)| {
                    let all = note.records.filter(|_| !command.ends_with(" --updated"))?;
                    Some((all, note))
                });
                let Some((all, note)) = counted else {
                    continue;
                };
                let refused: usize = note.shut_out().map(|told| told.count).sum();
                let used = all.saturating_sub(refused);
                for (verdict, count) in [("used", used), ("refused", refused)] {
                    let labels = [
                        ("provider", *provider),
                        ("kind", kind),
                        ("verdict", verdict),
                    ];
                    metric = metric.with(labels, count as f64);
                }
            }
        }
        metric
    }

    /// Whether what is made of the host is in step with it.
    fn of_targets(&self) -> Metric {
        let metric = Metric::gauge(
            "target_in_step",
            "1 if this target, which is made of what the host has, was in step at the end of the last command; 0 if it could not be \
             written.",
        );
        let targets = self.targets.iter();
        metric.with_each(targets.map(|(name, is)| ([("target", *name)], i32::from(*is))))
    }

    /// What was changed so far. A change that has not happened yet is there with 0, so that the first one is a rise.
    fn changes(&self) -> Metric {
        let totals = &self.runs.totals;
        let mut metric = Metric::counter(
            "changes_total",
            "Changes that runs have made on this host since the notes of runs began.",
        );
        for kind in KINDS {
            for count in Count::ALL {
                let labels = [("kind", kind.as_str()), ("change", count.word())];
                metric = metric.with(labels, totals.get(kind, count.word()) as f64);
            }
        }
        metric
    }
}

/// How many there are in each state, the states of `always` in any case.
fn by_state(metric: Metric, always: &[State], counts: &BTreeMap<String, u64>) -> Metric {
    let always: Vec<&str> = always.iter().map(|state| state.as_str()).collect();
    let others = counts.keys().map(String::as_str);
    let others = others.filter(|word| !always.contains(word));
    let words = always.iter().copied().chain(others);
    metric.with_each(words.map(|word| {
        let count = counts.get(word).copied().unwrap_or_default();
        ([("state", word)], count as f64)
    }))
}

/// What gosync owns, and what it still has to do.
fn of_stock(stock: &Stock) -> [Metric; 4] {
    let accounts = Metric::gauge(
        "accounts",
        "Accounts that gosync owns, or whose ids it keeps, by state.",
    );
    let missing = Metric::gauge(
        "missing_accounts",
        "Active accounts whose people are missing at their provider; they are open until the absence is proven.",
    );
    let groups = Metric::gauge(
        "groups",
        "Groups that gosync owns, or whose ids it keeps, by state.",
    );
    let hooks = Metric::gauge(
        "hooks",
        "Hooks that wait to be run, and hooks that failed too often and are not tried again.",
    );
    [
        by_state(accounts, &OF_ACCOUNTS, &stock.accounts),
        missing.with([], stock.missing as f64),
        by_state(groups, &OF_GROUPS, &stock.groups),
        hooks
            .with([("state", "queued")], stock.hooks_queued as f64)
            .with([("state", "given_up")], stock.hooks_given_up as f64),
    ]
}
