//! What came of a run.

use std::collections::BTreeSet;

use crate::hooks::Tally;
use crate::model::owned::Present;
use crate::model::{Completeness, ProviderName, Untrusted};
use crate::plan::guard::Excess;
use crate::plan::saved::Saved;
use crate::plan::whole::IdsChanged;
use crate::plan::{Barred, Observation, Plan};
use crate::providers::Answers;

use super::brought::Brought;
use super::job::Job;

/// What came of a run.
#[derive(Debug)]
pub struct RunReport {
    /// How each provider was read; none, if none was.
    pub sources: Vec<SourceReport>,
    /// What was done to each target, or would be.
    pub targets: Vec<TargetReport>,
    /// What came of the targets that are made of what the host has.
    pub(crate) derived: Brought,
    /// What hooks did.
    pub hooks: Tally,
    /// The plan and what it was made from, if that was to be kept.
    pub saved: Option<Box<Saved>>,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a provider was read.
#[derive(Clone, Debug)]
pub struct SourceReport {
    /// The section of the provider.
    pub provider: String,
    /// Whether that was all.
    pub completeness: Completeness,
    /// By what it can tell whether it would answer the same again, if it can.
    pub answers: Option<Answers>,
    /// When most of it was read, in seconds since 1970, if only what has changed was read now.
    pub since: Option<i64>,
    /// How many records it had of what was asked for, those that cannot be used among them; `None`: they were not counted.
    pub records: Option<usize>,
}

/// What was done to a target.
#[derive(Debug)]
pub struct TargetReport {
    /// The section of the target.
    pub target: String,
    /// What was done, or would be.
    pub plan: Plan,
    /// The number of the run in the ledger, if it wrote to the databases.
    pub transaction: Option<u64>,
}

/// How a run ended that was not broken off. Of several, the first in this list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Limits refuse the plan; nothing was written.
    Refused(Vec<Excess>),
    /// Nobody who is new comes, for causes that hit all of them.
    Barred(Barred),
    /// The ledger has accounts or groups of providers that no section of the configuration names.
    Unnamed(Vec<(ProviderName, Present)>),
    /// So many people should be out, and are not, or not wholly.
    NotOut(usize),
    /// The provider seems to have other ids for the same people, or groups; nobody was locked because of it.
    IdsChanged(IdsChanged),
    /// The read was not complete, for this reason; nobody was locked or taken away because of it.
    Incomplete(String),
    /// So many were not changed, since something on the target could not be seen, or not be done.
    HeldUp(usize),
    /// These targets, which are made of what the host has, could not be written.
    Behind(Vec<String>),
    /// So many records got no account or group, and that was not to be.
    Rejected(usize),
    /// So many records contradict others, or do not say whether their people are let in, and were left as they are.
    Unsettled(usize),
    /// So many events have hooks that failed, and that was not to be.
    HooksFailed(usize),
    /// Somebody was asked, and said no; nothing was written.
    Declined,
    /// It was a dry run, and changes are pending.
    Pending,
    /// Nothing has moved since a run had nothing to do: nobody was read, or all of them, and they are as they were.
    Unmoved,
    /// All is done, or there was nothing to do.
    Done,
}

impl Outcome {
    /// How a job ended that was carried out, or would have been.
    pub(crate) fn of(job: &Job, plan: &Plan, hooks: Tally) -> Self {
        let strict = job.options.strict;
        // What is named on the command line is refused by an error of its own.
        let judges_records = job.task.judges_records();
        let of_each = job.task.answers_for_each();
        let held_up = plan.refused.iter().filter(|it| it.reason.is_held_up());
        let held_up = held_up.count();
        let unsettled = plan.refused.iter().filter(|it| it.reason.is_unsettled());
        let unsettled = unsettled.filter(|_| job.task.is_sync()).count();
        let not_out = not_out(plan);
        let barred = plan.barred.filter(|barred| *barred != Barred::Setting);
        if barred == Some(Barred::Configuration) {
            return Self::Barred(Barred::Configuration);
        }
        match &plan.incomplete {
            _ if !plan.unnamed.is_empty() => Self::Unnamed(plan.unnamed.clone()),
            _ if not_out > 0 => Self::NotOut(not_out),
            _ if barred == Some(Barred::Provider) => Self::Barred(Barred::Provider),
            Some(reason) => Self::Incomplete(reason.clone()),
            None if let Some(changed) = plan.ids_changed => Self::IdsChanged(changed),
            None if barred == Some(Barred::Host) => Self::Barred(Barred::Host),
            None if held_up > 0 => Self::HeldUp(held_up),
            None if (judges_records && strict || of_each) && !plan.refused.is_empty() => {
                Self::Rejected(plan.refused.len())
            }
            None if unsettled > 0 => Self::Unsettled(unsettled),
            None if strict && hooks.failed > 0 => Self::HooksFailed(hooks.failed),
            None if job.options.dry_run && !plan.changes.is_empty() => Self::Pending,
            None => Self::Done,
        }
    }
}

/// How many people should be out by a plan, and are not, or not wholly.
fn not_out(plan: &Plan) -> usize {
    let not_out = plan.refused.iter().filter(|it| it.reason.is_not_out());
    // One person may keep the account open, and keys, too.
    let not_out: BTreeSet<&Untrusted> = not_out.map(|it| &it.subject).collect();
    not_out.len()
}

impl Outcome {
    /// The word for it, for programs; it stays the same.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Refused(_) => "over-a-limit",
            Self::Barred(_) => "everything-new-refused",
            Self::Unnamed(_) => "provider-unnamed",
            Self::NotOut(_) => "not-out",
            Self::IdsChanged(_) => "ids-changed",
            Self::Incomplete(_) => "incomplete",
            Self::HeldUp(_) => "held-up",
            Self::Behind(_) => "target-behind",
            Self::Rejected(_) => "rejected",
            Self::Unsettled(_) => "unsettled",
            Self::HooksFailed(_) => "hooks-failed",
            Self::Declined => "declined",
            Self::Pending => "pending",
            Self::Unmoved => "unmoved",
            Self::Done => "done",
        }
    }

    /// The same, if so many more people are not wholly out.
    pub(crate) fn with_not_out(self, more: usize) -> Self {
        match self {
            Self::NotOut(n) => Self::NotOut(n + more),
            Self::Refused(_)
            | Self::Declined
            | Self::Unnamed(_)
            | Self::Barred(Barred::Configuration) => self,
            _ if more > 0 => Self::NotOut(more),
            _ => self,
        }
    }
}

impl Outcome {
    /// The same, if this came of the targets that are made of what the host has.
    pub(crate) fn with_derived(self, derived: &Brought, job: &Job) -> Self {
        let names = derived.behind();
        match self {
            Self::Rejected(_)
            | Self::Unsettled(_)
            | Self::HooksFailed(_)
            | Self::Pending
            | Self::Done
                if !names.is_empty() =>
            {
                Self::Behind(names)
            }
            Self::Done if job.options.dry_run && derived.has_made() => Self::Pending,
            _ => self,
        }
    }
}

impl RunReport {
    /// Whether a dry run has found something that the same run would do.
    pub(crate) fn is_pending(&self) -> bool {
        let mut plans = self.targets.iter().map(|target| &target.plan);
        let is_let_through = !matches!(self.outcome, Outcome::Refused(_) | Outcome::Declined);
        is_let_through && (plans.any(|plan| !plan.changes.is_empty()) || self.derived.has_made())
    }

    /// Whether something was learnt of people who are joined across providers.
    pub(crate) fn learns_of_joined(&self) -> bool {
        let plans = self.targets.iter().map(|target| &target.plan);
        let is_let_through = !matches!(self.outcome, Outcome::Refused(_) | Outcome::Declined);
        let mut seen = plans.flat_map(|plan| &plan.observations);
        is_let_through && seen.any(|it| matches!(it, Observation::Join(_)))
    }

    /// How many people should be out, and are not, or not wholly.
    pub(crate) fn not_out(&self) -> usize {
        match self.outcome {
            Outcome::NotOut(n) => n,
            _ => {
                let plans = self.targets.iter().map(|target| &target.plan);
                plans.map(not_out).max().unwrap_or(0)
            }
        }
    }

    /// The same, with what is needed to carry the plan out later.
    pub(crate) fn with(self, saved: Option<Box<Saved>>) -> Self {
        Self { saved, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::super::job::{Options, Task};
    use super::*;
    use crate::policy::Refusal;

    #[test]
    fn an_incomplete_read_outranks_what_was_rejected() {
        let refusal = Refusal {
            id: None,
            subject: Untrusted::new("x"),
            reason: crate::policy::Reason::NotAtProvider,
        };
        let plan = Plan {
            refused: vec![refusal],
            ..Plan::default()
        };
        let cut = Plan {
            incomplete: Some("cut".to_owned()),
            ..plan.clone()
        };
        let job = |strict| Job {
            task: Task::Groups { only: Vec::new() },
            options: Options {
                strict,
                ..Options::default()
            },
        };
        let of = |strict, plan: &Plan| Outcome::of(&job(strict), plan, Tally::default());
        assert_eq!(of(false, &plan), Outcome::Done);
        assert_eq!(of(true, &plan), Outcome::Rejected(1));
        assert_eq!(of(true, &cut), Outcome::Incomplete("cut".to_owned()));
        let twins = Refusal {
            id: None,
            subject: Untrusted::new("y"),
            reason: crate::policy::Reason::SameId,
        };
        let twins = Plan {
            refused: vec![twins],
            ..plan.clone()
        };
        assert_eq!(of(false, &twins), Outcome::Unsettled(1));
    }
}
