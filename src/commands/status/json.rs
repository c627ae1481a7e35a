//! How things stand, for a program.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Asked, PRESENT, Status};
use crate::ledger::Waiting;
use crate::ledger::queue::Failing;
use crate::model::owned::{Hold, Present};
use crate::run::{FAMILIES, RunNote, TargetNote, Told};
use crate::system::clock;

/// An object.
type JsonMap = serde_json::Map<String, Value>;

impl Asked {
    fn json(&self) -> Value {
        json!({
            "name": self.section,
            "kind": self.kind,
            "reachable": self.identity.is_ok(),
            "identity": self.identity.as_ref().ok(),
            "error": self.identity.as_ref().err(),
        })
    }
}

impl Status {
    /// When a provider was read completely last, and when it was found after that that nothing had moved, by kind of sync.
    fn reads_json(&self, asked: &Asked) -> (JsonMap, JsonMap) {
        let (mut reads, mut confirmed) = (JsonMap::new(), JsonMap::new());
        for family in FAMILIES {
            let Some((at, still)) = self.runs.last_reads(&asked.section, family) else {
                continue;
            };
            reads.insert(family.to_owned(), json!(at));
            confirmed.extend(still.map(|at| (family.to_owned(), json!(at))));
        }
        (reads, confirmed)
    }

    /// All providers, each with its reads.
    fn providers_json(&self) -> Value {
        let active = self.providers.iter().map(|asked| {
            let (reads, confirmed) = self.reads_json(asked);
            let mut out = asked.json();
            out["active"] = true.into();
            out["last_complete_read"] = reads.into();
            out["last_confirmed_read"] = confirmed.into();
            out
        });
        let inactive = self.inactive.iter();
        let inactive = inactive.map(|name| json!({"name": name, "active": false}));
        active.chain(inactive).collect()
    }

    /// All of it.
    pub(super) fn json(&self) -> Value {
        let first = self.providers.first();
        let (reads, confirmed) = first
            .map(|asked| self.reads_json(asked))
            .unwrap_or_default();
        let holder = &self.note.holder;
        let lock = self
            .busy
            .then(|| json!({"pid": holder.pid, "since": holder.since.map(clock::written), "command": holder.command}));
        let mut out = json!({
            "verdict": self.verdict.json(),
            "last_runs": self.runs.runs.iter().map(run_json).collect::<serde_json::Map<_, _>>(),
            "configuration": self.configuration,
            "provider": first.map(Asked::json),
            "last_complete_read": reads,
            "accounts": owned_json(&self.census.accounts),
            "missing": self.census.missing,
            "groups": owned_json(&self.census.groups),
            "pending": self.census.pending,
            "interrupted": self.interrupted,
            "hooks": {
                "queued": self.hooks.queued,
                "due": self.hooks.due,
                "given_up": self.hooks.given_up,
                "failing": self.hooks.failing.iter().map(failing_json).collect::<Vec<_>>(),
            },
            "lock": lock,
        });
        if !confirmed.is_empty() {
            out["last_confirmed_read"] = confirmed.into();
        }
        self.add_what_is_odd(&mut out);
        out
    }

    /// What stands there only where there is something of it.
    fn add_what_is_odd(&self, out: &mut Value) {
        if self.providers.len() > 1 || !self.inactive.is_empty() {
            out["providers"] = self.providers_json();
        }
        if let Some(problem) = &self.ledger {
            out["ledger"] = json!({"error": problem.message, "hints": problem.hints});
        }
        if !self.targets.is_empty() {
            let of = |(name, note): (&String, &TargetNote)| (name.clone(), target_json(note));
            out["targets"] = self.targets.iter().map(of).collect::<JsonMap>().into();
        }
        if !self.homes.is_empty() {
            out["homes"] = self.homes.iter().map(waiting_json).collect();
        }
        if !self.unnamed.is_empty() {
            let of = |(name, present): &(String, Present)| json!({"provider": name, "accounts": present.accounts, "groups": present.groups});
            out["unnamed_providers"] = self.unnamed.iter().map(of).collect();
        }
        if !self.census.changed_ids.is_empty() {
            let all = self.census.changed_ids.iter();
            let all = all.map(|(provider, kind, how)| {
                json!({"provider": provider, "kind": kind, "asked_for": how.asked_for, "missing": how.missing})
            });
            out["changed_ids"] = all.collect();
        }
        if !self.census.held.is_empty() {
            out["held"] = self.census.held.iter().map(held_json).collect();
        }
    }
}

fn target_json(note: &TargetNote) -> Value {
    json!({"last_changed": note.at, "failing_since": note.failing_since, "error": note.error})
}

/// How a run ended, without all whom it refused.
fn run_json((command, note): (&String, &RunNote)) -> (String, Value) {
    let told = |told: &Told| json!({"reason": told.reason, "text": told.text, "count": told.count});
    let told = |all: &[Told]| all.iter().map(told).collect::<Vec<_>>();
    let out = json!({
        "provider": note.provider,
        "ended": note.ended,
        "exit": note.code,
        "since": note.since,
        "times": note.times,
        "error": note.error,
        "digest": note.digest,
        "counts": note.counts,
        "refused": told(&note.refused),
        "notes": told(&note.notes),
    });
    (command.clone(), out)
}

/// As [`owned`], for a program.
fn owned_json(counts: &BTreeMap<String, u64>) -> Value {
    let count = |state: &str| counts.get(state).copied().unwrap_or_default();
    let mut out = json!({"owned": PRESENT.iter().map(|state| count(state)).sum::<u64>()});
    for state in PRESENT.into_iter().chain(counts.keys().map(String::as_str)) {
        out[state] = json!(count(state));
    }
    out
}

fn held_json((name, hold): &(String, Hold)) -> Value {
    json!({"name": name, "by": hold.by, "since": clock::written(hold.at), "reason": hold.reason})
}

/// The same, for a program.
fn waiting_json(home: &Waiting) -> Value {
    let Waiting { name, what, retry } = home;
    json!({
        "name": name,
        "what": what.as_str(),
        "attempts": retry.attempts,
        "next": clock::written(retry.due),
        "error": retry.why,
    })
}

fn failing_json(hook: &Failing) -> Value {
    json!({
        "key": hook.key.to_string(),
        "kind": hook.kind,
        "event": hook.event,
        "name": hook.name,
        "attempts": hook.attempts,
        "next": hook.due.map(clock::written),
        "error": hook.error,
    })
}
