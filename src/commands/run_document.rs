//! What a command that plans changes prints with `--format json`: one object, however it ends. Its form is
//! share/gosync/schema/run.schema.json; what it means stands in gosync(8), JSON OUTPUT.
//!
//! Decides nothing. Messages go on beside it, to standard error.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::Outcome;
use super::watch::Recorded;
use crate::cli::{Command, Format};
use crate::config::Settings;
use crate::error::{Error, Kind, Result};
use crate::model::{Completeness, Moment, moment};
use crate::plan::guard::Excess;
use crate::plan::{Plan, render};
use crate::run::{self, Brought, End, RunReport, TargetEnd, Task};
use crate::system::clock;
use crate::targets::derived::Made;
use crate::ui::{Ui, document};

/// The document of a command, as far as it has come.
#[derive(Debug)]
pub(super) struct RunDocument {
    command: &'static str,
    is_dry: bool,
    began: Instant,
    at: i64,
    runs: RefCell<Vec<Value>>,
    /// What came of the targets that are made of what the host has.
    brought: RefCell<Brought>,
}

/// The document, if one is wanted.
pub(super) type Wanted<'a> = Option<&'a RunDocument>;

/// How one run ended.
pub(super) struct Ended<'a> {
    /// What came of it.
    pub(super) result: &'a Result<RunReport>,
    /// What that means for the command.
    pub(super) end: &'a Result<Outcome>,
    /// What was seen of it while it went on.
    pub(super) recorded: Recorded,
    /// How long it took.
    pub(super) took: Duration,
}

impl RunDocument {
    /// That of a command, if it is asked for one.
    pub(super) fn of(command: &Command) -> Option<Self> {
        let (words, plan) = command.plan()?;
        (plan.format == Format::Json).then(|| Self {
            command: words,
            is_dry: plan.dry_run || matches!(command, Command::Plan(_)),
            began: clock::deadline(Duration::ZERO),
            at: clock::now(),
            runs: RefCell::default(),
            brought: RefCell::default(),
        })
    }

    /// Adds a run.
    pub(super) fn add(&self, settings: &Settings, task: &Task, ended: Ended<'_>) {
        if let Ok(report) = ended.result
            && !report.derived.targets.is_empty()
        {
            self.add_brought(&report.derived);
        }
        let run = RunPart {
            settings,
            task,
            is_dry: self.is_dry,
        };
        self.runs.borrow_mut().push(run.json(ended));
    }

    /// Adds what came of the targets that are made of what the host has.
    pub(super) fn add_brought(&self, brought: &Brought) {
        self.brought.replace(brought.clone());
    }

    /// Adds a run that was not begun, since an earlier one of the same command was broken off by this error.
    pub(super) fn add_unbegun(&self, settings: &Settings, task: &Task, error: &Error) {
        let ended = Ended {
            result: &Err(error.clone()),
            end: &Err(error.clone()),
            recorded: Recorded::default(),
            took: Duration::ZERO,
        };
        self.add(settings, task, ended);
        if let Some(run) = self.runs.borrow_mut().last_mut() {
            run["outcome"] = "not-begun".into();
        }
    }

    /// Prints it. `end`: how the command ended.
    pub(super) fn print(&self, ui: Ui, end: &Result<Outcome>) {
        ui.data(&document(self.json(end)));
    }

    fn json(&self, end: &Result<Outcome>) -> Value {
        let runs = self.runs.take();
        // What ended a run is told there.
        let is_told = |error: &Error| runs.iter().any(|run| run["error"] == told(error));
        let error = end.as_ref().err().filter(|error| !is_told(error));
        let brought = self.brought.take();
        let targets = brought.targets.iter();
        let targets = targets.map(|it| target_json(it, self.is_dry));
        json!({
            "command": self.command,
            "dry_run": self.is_dry,
            "began": moment(self.at),
            "seconds": seconds(clock::since(self.began)),
            "exit": exit(end),
            "error": error.map(told),
            "runs": runs,
            "targets": targets.collect::<Vec<_>>(),
            "behind": brought.behind(),
            "warnings": brought.warnings,
        })
    }
}

/// A run that is to be told.
struct RunPart<'a> {
    settings: &'a Settings,
    task: &'a Task,
    is_dry: bool,
}

impl RunPart<'_> {
    fn json(&self, ended: Ended<'_>) -> Value {
        let Ended {
            result,
            end,
            recorded,
            took,
        } = ended;
        let report = result.as_ref().ok();
        let target = report.and_then(|report| report.targets.first());
        let done = recorded.done.as_ref();
        let plan = target.map(|target| &target.plan);
        let plan = plan.or(done.map(|(plan, _)| plan));
        let outcome = report.map(|report| &report.outcome);
        let settings = self.settings;
        let host = settings.host_target().ok();
        let mut out = json!({
            "command": self.task.command(),
            "provider": settings.first_provider(),
            "kind": self.task.entry_kind().map(|kind| kind.as_str()),
            "target": host.map(|(name, _)| name),
            "outcome": outcome.map_or(how_it_broke_off(result), run::Outcome::word),
            "exit": exit(end),
            "error": end.as_ref().err().map(told),
            "read": self.read(report),
            "run": target.map_or(done.and_then(|(_, run)| *run), |target| target.transaction),
            "applied": done.is_some(),
            "approve": self.approve(report),
            "limits": limits(outcome),
        });
        if let Value::Object(out) = &mut out {
            put_plan(out, plan);
            out.insert(
                "not_out".to_owned(),
                json!(report.map_or(0, RunReport::not_out)),
            );
            out.insert("hooks".to_owned(), hooks(report.filter(|_| !self.is_dry)));
            out.insert("warnings".to_owned(), json!(recorded.warnings));
            out.insert("seconds".to_owned(), json!(seconds(took)));
        }
        out
    }

    /// How the provider was read: `null` if it was not.
    fn read(&self, report: Option<&RunReport>) -> Value {
        let source = report.and_then(|report| report.sources.first());
        let is_unmoved = report.is_some_and(|it| it.outcome == run::Outcome::Unmoved);
        let Some(source) = source else {
            return match is_unmoved {
                true => {
                    json!({"extent": "none", "why": null, "unmoved": true, "records": null, "since": null})
                }
                false => Value::Null,
            };
        };
        let (extent, why) = match &source.completeness {
            Completeness::Complete(how) => ("complete", Some(how)),
            Completeness::Narrowed => ("narrowed", None),
            Completeness::Incomplete(why) => ("incomplete", Some(why)),
        };
        json!({
            "extent": extent,
            "why": why,
            "unmoved": is_unmoved,
            "records": source.records,
            "since": source.since.map(Moment),
        })
    }

    /// What lets the plan through that limits refuse.
    fn approve(&self, report: Option<&RunReport>) -> Option<String> {
        let report = report.filter(|it| matches!(it.outcome, run::Outcome::Refused(_)))?;
        Some(report.targets.first()?.plan.digest())
    }
}

/// The plan: what was done of it, or would be. If there is none, its parts are empty.
fn put_plan(out: &mut Map<String, Value>, plan: Option<&Plan>) {
    let mut json = render::json(plan.unwrap_or(&Plan::default()));
    match plan {
        Some(plan) => json["changes"] = plan.changes.iter().map(render::change_json).collect(),
        None => ["digest", "generation", "counts"]
            .into_iter()
            .for_each(|key| json[key] = Value::Null),
    }
    if let Value::Object(json) = json {
        out.extend(json);
    }
}

/// What came of a target that is made of what the host has.
fn target_json(target: &TargetEnd, is_dry: bool) -> Value {
    let error = match &target.end {
        End::Behind(why) => Some(why),
        End::Done | End::Unmoved | End::LeftOut => None,
    };
    let change = |made: &Made| json!({"deed": made.what, "path": made.path, "names": made.names});
    json!({
        "target": target.name,
        "outcome": target.word(is_dry),
        "changes": target.made.iter().map(change).collect::<Vec<_>>(),
        "error": error,
        "warnings": target.warnings,
    })
}

/// The limits that refuse the plan.
fn limits(outcome: Option<&run::Outcome>) -> Vec<Value> {
    let Some(run::Outcome::Refused(excesses)) = outcome else {
        return Vec::new();
    };
    let limit = |excess: &Excess| {
        json!({
            "limit": excess.limit.word(),
            "what": excess.what,
            "count": excess.count,
            "allowed": excess.allowed,
            "of": excess.of,
            "names": excess.names,
            "text": excess.to_string(),
        })
    };
    excesses.iter().map(limit).collect()
}

/// The events that hooks were run for.
fn hooks(report: Option<&RunReport>) -> Value {
    let hooks = report.map(|report| report.hooks);
    hooks.map_or(
        Value::Null,
        |hooks| json!({"done": hooks.done, "failed": hooks.failed, "later": hooks.later}),
    )
}

/// What is said of a run that has no outcome.
fn how_it_broke_off(result: &Result<RunReport>) -> &'static str {
    let is_busy = |error: &Error| error.kind == Kind::Busy;
    match result.as_ref().is_err_and(is_busy) {
        true => "not-begun",
        false => "broken-off",
    }
}

/// A status, and the word for why.
fn exit(end: &Result<Outcome>) -> Value {
    let (status, reason) = match end {
        Ok(Outcome::Done) => (0, "done"),
        Ok(outcome @ Outcome::Pending) => (outcome.code(), "pending"),
        Ok(outcome @ Outcome::Reported(kind)) => (outcome.code(), kind.word()),
        Ok(Outcome::Ended(code)) => (*code, "done"),
        Err(error) => (error.kind.code(), error.kind.word()),
    };
    json!({"status": status, "reason": reason})
}

fn told(error: &Error) -> Value {
    json!({"message": error.to_string(), "hints": error.hints})
}

/// To the millisecond.
fn seconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::Source;
    use crate::model::history::EntryKind;
    use crate::model::owned::ChangedIds;
    use crate::plan::Barred;
    use crate::plan::guard::Limit;
    use crate::plan::whole::IdsChanged;

    fn schema() -> Value {
        let text = include_str!("../../share/gosync/schema/run.schema.json");
        serde_json::from_str(text).unwrap()
    }

    fn words(words: &Value) -> BTreeSet<&str> {
        let words = words["enum"].as_array().unwrap().iter();
        words.map(|word| word.as_str().unwrap()).collect()
    }

    #[test]
    fn the_schema_has_each_outcome_each_reason_and_each_limit() {
        let ids_changed = IdsChanged {
            kind: EntryKind::Account,
            changed: ChangedIds {
                asked_for: 1,
                missing: 1,
            },
            of: 1,
        };
        let outcomes = [
            run::Outcome::Refused(Vec::new()),
            run::Outcome::Barred(Barred::Host),
            run::Outcome::Unnamed(Vec::new()),
            run::Outcome::NotOut(1),
            run::Outcome::IdsChanged(ids_changed),
            run::Outcome::Incomplete(String::new()),
            run::Outcome::HeldUp(1),
            run::Outcome::Behind(Vec::new()),
            run::Outcome::Rejected(1),
            run::Outcome::Unsettled(1),
            run::Outcome::HooksFailed(1),
            run::Outcome::Declined,
            run::Outcome::Pending,
            run::Outcome::Unmoved,
            run::Outcome::Done,
        ];
        let schema = schema();
        let run = &schema["$defs"]["run"]["properties"];
        let known = outcomes.iter().map(run::Outcome::word);
        let known: BTreeSet<&str> = known.chain(["broken-off", "not-begun"]).collect();
        assert_eq!(words(&run["outcome"]), known);
        let kinds = [
            Kind::Failed,
            Kind::Usage,
            Kind::Partial,
            Kind::Pending,
            Kind::NotOut,
            Kind::Refused,
            Kind::Busy,
            Kind::Source,
        ];
        let known = kinds.iter().map(|kind| kind.word()).chain(["done"]);
        let exit = &schema["$defs"]["exit"]["properties"]["reason"];
        assert_eq!(words(exit), known.collect());
        let limits = [
            Limit::Run,
            Limit::Day,
            Limit::Month,
            Limit::Zero,
            Limit::Gain,
            Limit::DayGain,
            Limit::Room,
        ];
        let known = limits.iter().map(|limit| limit.word());
        let limit = &run["limits"]["items"]["properties"]["limit"];
        assert_eq!(words(limit), known.collect());
    }

    #[test]
    fn what_ended_a_run_is_told_there_and_nowhere_else() {
        let text = "[provider.p]\nkind = \"file\"\npath = \"/p.json\"\n";
        let source = Source {
            path: "gosync.toml".into(),
            text: text.to_owned(),
        };
        let settings = Settings::new(vec![source], None).unwrap();
        let document = RunDocument {
            command: "deluser",
            is_dry: false,
            began: clock::deadline(Duration::ZERO),
            at: 0,
            runs: RefCell::default(),
            brought: RefCell::default(),
        };
        let error = Error::failed("the disk is full").hint("make room");
        let ended = Ended {
            result: &Err(error.clone()),
            end: &Err(error.clone()),
            recorded: Recorded {
                warnings: Vec::new(),
                done: Some((Plan::default(), Some(7))),
            },
            took: Duration::from_micros(1_499),
        };
        let names = Vec::new();
        document.add(&settings, &Task::Unlock { names }, ended);
        let runs = document.runs.borrow().clone();
        let run = &runs[0];
        assert_eq!(
            (&run["outcome"], &run["run"]),
            (&json!("broken-off"), &json!(7))
        );
        assert_eq!(
            (&run["applied"], &run["seconds"]),
            (&json!(true), &json!(0.001))
        );
        assert_eq!(
            run["error"],
            json!({"message": "the disk is full", "hints": ["make room"]})
        );
        let whole = document.json(&Err(error));
        assert!(
            whole["error"].is_null() && whole["exit"]["status"] == 1,
            "{whole}"
        );
        // Something else, after the run.
        document.runs.replace(runs);
        let whole = document.json(&Err(Error::usage("no such file")));
        assert_eq!(whole["error"]["message"], "no such file");
    }
}
