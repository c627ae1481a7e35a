//! Carries an approved plan out, transaction by transaction: closing, opening, then each home that goes.
//!
//! What fails later never undoes or holds back what came before it. A home that cannot be taken away
//! is told as its owner's trouble, and everything else goes on.

use super::left_out::LeftOut;
use super::transaction::{Committed, commit};
use super::watch::Watch;
use crate::error::{Error, Result};
use crate::ledger::{FailedHome, Ledger, Run};
use crate::model::Untrusted;
use crate::plan::diff;
use crate::plan::guard::Approval;
use crate::plan::{Change, Plan, Share};
use crate::policy::{Reason, Refusal};
use crate::targets::{Current, Hold, Staged, Target};

/// What carries it out.
pub(crate) struct CarryOut<'a> {
    pub(crate) target: &'a dyn Target,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) run: Run<'a>,
    pub(crate) hold: Hold,
    pub(crate) watch: &'a mut dyn Watch,
}

/// What of a run's plans has been carried out, and what has not.
#[derive(Default)]
pub(crate) struct Progress {
    /// The number of the run in the ledger, if anything was written to the databases.
    pub(crate) number: Option<u64>,
    /// What earlier attempts did.
    before: Vec<Change>,
    /// What this attempt did, with its place in the plan.
    done: Vec<(usize, Change)>,
    /// Whose homes could not be taken away.
    refused: Vec<Refusal>,
    /// Whose homes could be neither made nor moved.
    left_out: LeftOut,
    /// What was approved, and is still to be done.
    pub(crate) waiting: Vec<Change>,
}

/// How it ended.
pub(crate) enum Carried {
    /// All that could be done is; what was left of the plan, with all that was done.
    Done(Plan),
    /// Somebody else changed the databases meanwhile: what is still to be done has to be planned anew. The plan.
    Moved(Plan),
    /// It could not go on, for this reason; what was done stays. The plan.
    Broken(Plan, Error),
}

impl Progress {
    /// The whole of it, once no more will be done.
    pub(crate) fn tell(&mut self, mut plan: Plan) -> Plan {
        self.end_attempt();
        self.left_out.tell(&mut plan);
        // What is written into homes comes after all of it.
        let rest = std::mem::replace(&mut plan.changes, std::mem::take(&mut self.before));
        match plan.changes.is_empty() {
            // A first sync has a change for everybody: there need not be room for all of them twice.
            true => plan.changes = rest,
            false => plan.changes.extend(rest),
        }
        plan.refused.append(&mut self.refused);
        plan
    }

    fn note(&mut self, places: Vec<usize>, changes: Vec<Change>) {
        self.done.extend(places.into_iter().zip(changes));
    }

    /// What somebody else's change has overtaken is planned anew, with what failed.
    fn begin_anew(&mut self) {
        self.end_attempt();
        self.refused.clear();
        self.left_out = LeftOut::default();
    }

    /// What this attempt did is put in the order of its plan.
    fn end_attempt(&mut self) {
        let mut done = std::mem::take(&mut self.done);
        done.sort_by_key(|(place, _)| *place);
        self.before
            .extend(done.into_iter().map(|(_, change)| change));
    }

    /// Whether all of a plan is what is still to be done of an earlier one, which was told then.
    pub(crate) fn has_told(&self, plan: &Plan) -> bool {
        let waiting = Approval {
            waiting: &self.waiting,
            ..Approval::default()
        };
        waiting.has_all_of(plan)
    }

    /// Whether anything was done.
    pub(crate) fn is_begun(&self) -> bool {
        self.number.is_some()
    }
}

impl CarryOut<'_> {
    /// Carries a plan out by several transactions, each planned for the databases as the one before has left them.
    ///
    /// # Errors
    /// When a transaction has begun and cannot go on, or nothing was done at all.
    pub(crate) fn by_parts(
        &mut self,
        (shares, rest): (Vec<Share>, Plan),
        progress: &mut Progress,
    ) -> Result<Carried> {
        let mut shares = shares.into_iter();
        while let Some(share) = shares.next() {
            let Share {
                approved,
                mut places,
                is_home,
            } = share;
            // Packing may take long, and nobody must wait for it.
            let hold = if is_home { Hold::Open } else { self.hold };
            let current = match self.target.read(hold) {
                Ok(current) => current,
                Err(error) => return Self::broken(error.into(), rest, progress),
            };
            let staged = match current.stage(approved) {
                Ok(staged) => staged,
                // It was staged as a whole before: something has changed since.
                Err(error) => return Self::broken(error.into(), rest, progress),
            };
            let (committed, part) =
                self.commit_or_less(current.as_ref(), staged, &mut places, progress)?;
            match committed {
                Committed::Done(number) => {
                    progress.number = Some(number);
                    progress.note(places, part.changes);
                }
                Committed::Nothing | Committed::Unmade(_) => {}
                Committed::Moved => {
                    let open = shares.flat_map(|share| share.approved.into_plan().changes);
                    progress.waiting = part.changes.into_iter().chain(open).collect();
                    progress.waiting.extend(rest.changes.iter().cloned());
                    progress.begin_anew();
                    return Ok(Carried::Moved(rest));
                }
                Committed::Failed(error) if is_home => {
                    self.leave(&part.changes, &error, progress)?;
                }
                Committed::Failed(error) => return Self::broken(error, rest, progress),
            }
        }
        Ok(Carried::Done(progress.tell(rest)))
    }

    /// Carries a plan out by one transaction, which is staged from `current`.
    ///
    /// # Errors
    /// When it has begun and cannot go on, or nothing was done.
    pub(crate) fn at_once(
        &mut self,
        current: &dyn Current,
        staged: Box<dyn Staged + '_>,
        progress: &mut Progress,
    ) -> Result<Carried> {
        let (committed, plan) = self.commit_or_less(current, staged, &mut Vec::new(), progress)?;
        match committed {
            Committed::Done(number) => {
                progress.number = Some(number);
                Ok(Carried::Done(progress.tell(plan)))
            }
            Committed::Nothing | Committed::Unmade(_) => Ok(Carried::Done(progress.tell(plan))),
            Committed::Moved => {
                progress.waiting.clone_from(&plan.changes);
                progress.begin_anew();
                Ok(Carried::Moved(plan))
            }
            Committed::Failed(error) => Self::broken(error, plan, progress),
        }
    }

    /// Commits what is staged. Where homes can be neither made nor moved, everything is staged again without them, as
    /// often as fewer are left. Returns the plan as it was tried last; `places` lose what was left out.
    fn commit_or_less<'c>(
        &mut self,
        current: &'c dyn Current,
        mut staged: Box<dyn Staged + 'c>,
        places: &mut Vec<usize>,
        progress: &mut Progress,
    ) -> Result<(Committed, Plan)> {
        loop {
            let committed = self.commit(staged.as_ref(), progress)?;
            let mut approved = staged.into_approved();
            let Committed::Unmade(unmade) = committed else {
                return Ok((committed, approved.into_plan()));
            };
            let left_out = approved.leave_out(&unmade.keys().copied().collect());
            let told = progress.left_out.note(&unmade, &left_out);
            told.into_iter().for_each(|told| self.watch.warn(told));
            let mut at = 0..;
            places.retain(|_| {
                let is_left_out = |at| left_out.iter().any(|(place, _)| *place == at);
                at.next().is_none_or(|at| !is_left_out(at))
            });
            if approved.is_empty() || left_out.is_empty() {
                return Ok((Committed::Nothing, approved.into_plan()));
            }
            staged = current.stage(approved)?;
        }
    }

    fn commit(&mut self, staged: &dyn Staged, progress: &Progress) -> Result<Committed> {
        let run = Run {
            number: progress.number,
            ..self.run
        };
        let homes = Some(staged.plan().new_homes());
        let told = self.watch.progress("homes made", homes);
        let committed = commit(self.target, staged, self.ledger, run, told.as_ref());
        let stays = self.target.warnings();
        stays.into_iter().for_each(|stays| self.watch.warn(stays));
        if let Ok(Committed::Moved) = committed {
            tracing::info!("the databases changed meanwhile; planning again");
        }
        committed
    }

    /// A home stays; what belongs to it is not done.
    fn leave(&mut self, changes: &[Change], error: &Error, progress: &mut Progress) -> Result<()> {
        let why = error.to_string();
        for change in changes {
            let name = change.name();
            if let (Some(id), Some(what)) = (change.account_id(), diff::work(change)) {
                let why = why.as_str();
                let failed = FailedHome {
                    id,
                    name,
                    what,
                    why,
                };
                let noted = self.ledger.home_failed(self.run, &[failed]);
                noted.map_err(Error::failed)?;
            }
            self.watch.warn(format!(
                "{name} stays, locked, and so does its home: {error}"
            ));
            progress.refused.push(Refusal {
                id: change.id().cloned(),
                subject: Untrusted::new(name),
                reason: Reason::HomeFailed { why: why.clone() },
            });
        }
        Ok(())
    }

    fn broken(error: Error, rest: Plan, progress: &Progress) -> Result<Carried> {
        if !progress.is_begun() {
            return Err(error);
        }
        Ok(Carried::Broken(rest, error))
    }
}
