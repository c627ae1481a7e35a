//! SSH keys: their part of a plan, and what is written into homes after a run.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Instant;

use super::context::PlanContext;
use super::probe::RealProbe;
use super::watch::Watch;
use crate::error::{Error, Result};
use crate::ledger::{FailedHome, Ledger, Run, Written};
use crate::model::owned::Owned;
use crate::model::units::Span;
use crate::model::{Untrusted, shown};
use crate::plan::diff::{self, KeyView, RunScope};
use crate::plan::effects::Presence;
use crate::plan::events::HookEvent;
use crate::plan::key_change::Cause;
use crate::plan::{Change, KeyPlace, Plan, effects};
use crate::policy::keys::{KeyBook, KeyRules, Place};
use crate::policy::{Reason, Refusal};
use crate::system::as_user::{self, Order};
use crate::system::mounts::Foreigners;
use crate::system::root::Root;
use crate::system::{clock, pool};
use crate::targets::{Target, TargetError};

/// What a refusal that is about the whole directory of keys calls it.
pub(crate) const DIRECTORY: &str = "SSH keys";

/// The host with its files with keys; `None`: no keys are or were written anywhere.
///
/// # Errors
/// Why their directory cannot be used: the rest of a plan goes on without it.
pub(crate) fn probe<'a>(
    root: &'a Root,
    target: &'a dyn Target,
    rules: &KeyRules,
    owned: &Owned,
) -> std::result::Result<Option<RealProbe<'a>>, TargetError> {
    if rules.place == Place::None && owned.keys.is_empty() {
        return Ok(None);
    }
    let wrote_files = owned.keys.values().any(|records| records.file.is_some());
    let files = match target.key_files() {
        Ok(files) => Some(files),
        Err(_) if rules.place != Place::Directory && !wrote_files => None,
        Err(e) => return Err(e),
    };
    Ok(Some(RealProbe::new(root, target).with_keys(files)))
}

/// Adds to a plan what happens to keys. Where their directory cannot be used, that is told, and the
/// rest goes on.
pub(crate) fn extend(plan: &mut Plan, cx: &PlanContext<'_>, book: &KeyBook, chosen: RunScope) {
    let PlanContext { host, owned, .. } = *cx;
    let rules = &cx.env.settings.rules.keys;
    match probe(&cx.env.root, cx.target, rules, owned) {
        Ok(None) => {}
        Ok(Some(probe)) => {
            let view = KeyView {
                book,
                rules,
                host,
                owned,
                chosen,
                probe: &probe,
            };
            diff::keys(plan, &view);
        }
        Err(e) => {
            let reason = unusable(&e);
            if reason.is_held_up() {
                diff::make_nobody(plan, reason.cause());
            }
            diff::stay(plan, owned, "their directory cannot be used");
            plan.refused.push(Refusal {
                id: None,
                subject: Untrusted::new(DIRECTORY),
                reason,
            });
        }
    }
}

/// Says that the directory with keys cannot be used, or not now.
fn unusable(error: &TargetError) -> Reason {
    let why = error.to_string();
    match error {
        TargetError::Unfit { .. } => Reason::NoKeysThere { why },
        TargetError::Path(_) => {
            let why = Reason::NotSeen { why }.boxed();
            Reason::DirectoryUnseen { why }
        }
    }
}

/// Adds to a plan that whoever is locked or removed by it loses the keys, and whoever was removed before and left some;
/// nobody else's are touched.
pub(crate) fn withdraw(plan: &mut Plan, cx: &PlanContext<'_>, force: bool) {
    let none = RunScope {
        new: false,
        known: false,
        force,
    };
    extend(plan, cx, &KeyBook::default(), none);
}

/// Writes keys into homes, each as its owner.
pub(crate) struct HomeWriter<'a> {
    pub(crate) target: &'a dyn Target,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) run: Run<'a>,
    /// How long all of them may take.
    pub(crate) limit: Span,
    pub(crate) watch: &'a mut dyn Watch,
}

/// One home that is to be written.
struct Home<'p> {
    /// Where its change stands in the plan.
    at: usize,
    change: &'p Change,
    /// The home as the host knows it.
    path: &'p str,
    order: Order,
}

/// Why a home was not written.
enum Unwritten {
    /// In our own words.
    Failed(String),
    /// Nothing was tried: the time was up.
    NotCome,
}

impl HomeWriter<'_> {
    /// Writes what a plan has for homes, several at a time.
    /// What fails is reported, is refused in the plan from then on, and is tried again by the next run.
    pub(crate) fn write(&mut self, plan: &mut Plan) -> Result<()> {
        let homes = homes(self.target, plan);
        if homes.is_empty() {
            return Ok(());
        }
        let events = plan.events.iter().filter(|event| event.is_after_commit);
        let mut events: BTreeMap<&str, &HookEvent> =
            events.map(|event| (event.id.as_str(), event)).collect();
        let (foreign, deadline) = (Foreigners::now(), clock::deadline(self.limit.into()));
        let (mut failed, mut not_come) = (BTreeMap::new(), 0);
        let mut unwritten = Vec::new();
        for homes in batches(&homes) {
            let go_on = |_: &_| ControlFlow::Continue(());
            let work = |home: &Home<'_>| write_home(home, &foreign, deadline);
            let ends = pool::map(homes, AT_A_TIME, work, go_on, |_| {});
            let mut written = Vec::new();
            for (home, end) in homes.iter().zip(ends) {
                let Home { at, change, .. } = *home;
                let (why, is_tried) = match end.unwrap_or(Err(Unwritten::NotCome)) {
                    Ok(()) => {
                        let event = change.id().and_then(|id| events.remove(id.as_str()));
                        written.push(Written { change, event });
                        continue;
                    }
                    Err(Unwritten::Failed(why)) => {
                        unwritten.push((home, why.clone()));
                        (why, true)
                    }
                    Err(Unwritten::NotCome) => {
                        (format!("{}: {}", home.path, not_within(self.limit)), false)
                    }
                };
                let refused = refusal(home, plan, why);
                not_come += usize::from(!self.tells(&refused.reason, is_tried));
                failed.insert(at, refused);
            }
            if !written.is_empty() {
                self.note(plan, &written)?;
            }
        }
        self.note_failed(&unwritten)?;
        self.tell_not_come(not_come);
        let mut at = 0..;
        plan.changes
            .retain(|_| at.next().is_none_or(|at| !failed.contains_key(&at)));
        plan.refused.extend(failed.into_values());
        Ok(())
    }

    fn tell_not_come(&mut self, homes: usize) {
        if homes > 0 {
            let why = not_within(self.limit);
            self.watch.warn(format!(
                "the SSH keys in {homes} homes: {why}; the next run goes on"
            ));
        }
    }

    /// Tells what was not written; `false`: that is told together with others that nobody came to.
    fn tells(&mut self, reason: &Reason, is_tried: bool) -> bool {
        match reason {
            Reason::HomeKeysFailed { .. } if !is_tried => return false,
            Reason::HomeKeysFailed { why } => {
                self.watch.warn(format!("{why}; the next run tries again"));
            }
            // Whoever is not wholly out is told by name.
            stay => self.watch.warn(stay.to_string()),
        }
        true
    }

    /// Those that may wait are tried again by the next run, and then after pauses that grow.
    fn note_failed(&mut self, unwritten: &[(&Home<'_>, String)]) -> Result<()> {
        let failed = unwritten.iter().filter_map(|(home, why)| {
            Some(FailedHome {
                id: home.change.account_id()?,
                name: home.change.name(),
                what: diff::work(home.change)?,
                why,
            })
        });
        let failed: Vec<FailedHome<'_>> = failed.collect();
        let noted = self.ledger.home_failed(self.run, &failed);
        noted.map_err(Error::failed)
    }

    fn note(&mut self, plan: &Plan, written: &[Written<'_>]) -> Result<()> {
        let number = self.ledger.wrote_keys(self.run, plan, written);
        self.run.number = Some(number.map_err(Error::failed)?);
        Ok(())
    }
}

fn not_within(limit: Span) -> String {
    format!("not come to within {limit} ([keys] time_limit)")
}

/// Whoever is shut out, and keeps keys in a home, is not wholly out; whoever is removed needs none.
fn refusal(home: &Home<'_>, plan: &Plan, why: String) -> Refusal {
    let Home { change, path, .. } = *home;
    let goes = |other: &Change| matches!(effects(other).presence, Presence::Goes { .. });
    let is_removed = || {
        let mut changes = plan.changes.iter();
        changes.any(|other| other.id() == change.id() && goes(other))
    };
    let is_closed = effects(change)
        .keys
        .is_some_and(|keys| keys.cause == Cause::Closed);
    Refusal {
        id: change.id().cloned(),
        subject: Untrusted::new(change.name()),
        reason: match is_closed && !is_removed() {
            true => Reason::HomeKeysStay {
                why,
                name: change.name().to_owned(),
                home: path.to_owned(),
            },
            false => Reason::HomeKeysFailed { why },
        },
    }
}

/// The homes that a plan has keys for, or takes them out of.
fn homes<'p>(target: &dyn Target, plan: &'p Plan) -> Vec<Home<'p>> {
    let changes = plan.changes.iter().enumerate();
    changes
        .filter_map(|(at, change)| {
            let effects = effects(change);
            let keys = effects
                .keys
                .filter(|_| effects.is_after_commit && change.id().is_some())?;
            let KeyPlace::Home { path, uid, gid } = &keys.at else {
                return None;
            };
            let order = Order {
                uid: uid.get(),
                gid: *gid,
                home: target.locate(path),
                lines: keys.text.clone(),
            };
            Some(Home {
                at,
                change,
                path,
                order,
            })
        })
        .collect()
}

/// Those that may be written at the same time. Of one account, what is withdrawn from an old home comes before what is
/// written to the new one: both may be the same file, by a link.
fn batches<'h, 'p>(homes: &'h [Home<'p>]) -> Vec<&'h [Home<'p>]> {
    let mut batches = Vec::new();
    let (mut start, mut accounts) = (0, BTreeSet::new());
    for (at, home) in homes.iter().enumerate() {
        if at - start == NOTES_AT_ONCE || !accounts.insert(home.change.id()) {
            batches.push(&homes[start..at]);
            accounts = BTreeSet::from([home.change.id()]);
            start = at;
        }
    }
    batches.push(&homes[start..]);
    batches
}

/// Writes the keys of one home, or says why not.
fn write_home(
    home: &Home<'_>,
    foreign: &Foreigners,
    deadline: Instant,
) -> std::result::Result<(), Unwritten> {
    let left = clock::left(deadline);
    if left.is_zero() {
        return Err(Unwritten::NotCome);
    }
    as_user::write_keys(&home.order, foreign, left).map_err(|reason| {
        let verb = if home.order.lines.is_empty() {
            "withdrawn"
        } else {
            "written"
        };
        Unwritten::Failed(format!(
            "the SSH keys in {} were not {verb} as `{}`: {}",
            home.path,
            home.change.name(),
            shown(&reason)
        ))
    })
}

/// So many homes the ledger learns of at once. After a kill they are only written again, to the
/// same end.
const NOTES_AT_ONCE: usize = 100;

/// How many homes are written at the same time: they wait for disks, and for file systems that do not answer.
const AT_A_TIME: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Key, ProviderName, RemoteId, UserName};
    use crate::plan::Deed;

    fn change(id: &str) -> Change {
        let key = Key {
            provider: ProviderName::new("p"),
            id: RemoteId::new(id).unwrap(),
        };
        Change::account(key, UserName::new("ann", false).unwrap(), Deed::Unlock {})
    }

    /// The ids of each batch.
    fn batched(ids: &[&str]) -> Vec<Vec<String>> {
        let changes: Vec<Change> = ids.iter().map(|id| change(id)).collect();
        let home = |(at, change)| Home {
            at,
            change,
            path: "/home/ann",
            order: Order {
                uid: 1,
                gid: 1,
                home: "/home/ann".into(),
                lines: String::new(),
            },
        };
        let homes: Vec<Home<'_>> = changes.iter().enumerate().map(home).collect();
        let ids = |batch: &&[Home<'_>]| {
            let ids = batch.iter().filter_map(|home| home.change.id());
            ids.map(ToString::to_string).collect()
        };
        batches(&homes).iter().map(ids).collect()
    }

    #[test]
    fn two_homes_of_one_account_are_never_written_at_the_same_time() {
        assert_eq!(batched(&["a", "b", "c"]), [["a", "b", "c"]]);
        let batches = batched(&["a", "b", "b", "c", "b"]);
        assert_eq!(
            batches,
            [vec!["a", "b"], vec!["b", "c"], vec!["b"]],
            "in their order, what is withdrawn first"
        );
    }
}
