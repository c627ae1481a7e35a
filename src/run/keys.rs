//! SSH keys: their part of a plan, and what is written into homes after a run.

use std::collections::BTreeMap;

use super::context::PlanContext;
use super::probe::RealProbe;
use super::watch::Watch;
use crate::error::{Error, Result};
use crate::ledger::{Ledger, Run, Written};
use crate::model::owned::Owned;
use crate::model::{Untrusted, shown};
use crate::plan::diff::{self, KeyView, RunScope};
use crate::plan::events::HookEvent;
use crate::plan::{KeyChange, KeyPlace, Plan, effects};
use crate::policy::keys::{KeyBook, KeyRules, Place};
use crate::policy::{Reason, Refusal};
use crate::system::as_user::{self, Order};
use crate::system::root::Root;
use crate::targets::{Target, TargetError};

/// What a refusal that is about the whole directory of keys calls it.
pub(crate) const DIRECTORY: &str = "SSH keys";

/// The host with its files with keys; `None`: no keys are or were written anywhere.
///
/// # Errors
/// Why their directory cannot be used: the rest of a plan goes on without it.
pub(crate) fn probe<'a>(
    root: &'a Root,
    target: &dyn Target,
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
    Ok(Some(RealProbe::new(root).with_keys(files)))
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
            if reason.is_unseen() {
                diff::make_nobody(plan, reason.cause());
            }
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
        TargetError::Path(_) | TargetError::NameService(_) => {
            let why = Reason::NotSeen { why }.boxed();
            Reason::DirectoryUnseen { why }
        }
    }
}

/// Adds to a plan that whoever is locked or removed by it loses the keys; nobody else's are
/// touched.
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
    pub(crate) watch: &'a mut dyn Watch,
}

impl HomeWriter<'_> {
    /// Writes what a plan has for homes. What fails is reported, is refused in the plan from then on, and is tried again by the next run.
    pub(crate) fn write(&mut self, plan: &mut Plan) -> Result<()> {
        let mut events: BTreeMap<&str, &HookEvent> = plan
            .events
            .iter()
            .filter(|event| event.is_after_commit)
            .map(|event| (event.id.as_str(), event))
            .collect();
        let (mut written, mut failed) = (Vec::new(), BTreeMap::new());
        for (at, change) in plan.changes.iter().enumerate() {
            let effects = effects(change);
            let (Some(keys), Some(id)) = (effects.keys, change.id()) else {
                continue;
            };
            if !effects.is_after_commit {
                continue;
            }
            match write_home(self.target, change.name(), keys) {
                Ok(()) => written.push(Written {
                    change,
                    event: events.remove(id.as_str()),
                }),
                Err(reason) => {
                    self.watch
                        .warn(format!("{reason}; the next run tries again"));
                    let refusal = Refusal {
                        id: Some(id.clone()),
                        subject: Untrusted::new(change.name()),
                        reason: Reason::HomeKeysFailed { why: reason },
                    };
                    failed.insert(at, refusal);
                }
            }
            if written.len() >= NOTES_AT_ONCE {
                self.note(plan, &std::mem::take(&mut written))?;
            }
        }
        if !written.is_empty() {
            self.note(plan, &written)?;
        }
        let mut at = 0..;
        plan.changes
            .retain(|_| at.next().is_none_or(|at| !failed.contains_key(&at)));
        plan.refused.extend(failed.into_values());
        Ok(())
    }

    fn note(&mut self, plan: &Plan, written: &[Written<'_>]) -> Result<()> {
        let number = self.ledger.wrote_keys(self.run, plan, written);
        self.run.number = Some(number.map_err(Error::failed)?);
        Ok(())
    }
}

/// Writes the keys of one home, or says in our own words why not.
fn write_home(
    target: &dyn Target,
    name: &str,
    keys: &KeyChange,
) -> std::result::Result<(), String> {
    let KeyChange { at, text, .. } = keys;
    let KeyPlace::Home { path, uid, gid } = at else {
        return Ok(());
    };
    let order = Order {
        uid: uid.get(),
        gid: *gid,
        home: target.locate(path),
        lines: text.clone(),
    };
    as_user::write_keys(&order).map_err(|reason| {
        let verb = if text.is_empty() {
            "withdrawn"
        } else {
            "written"
        };
        format!(
            "the SSH keys in {path} were not {verb} as `{name}`: {}",
            shown(&reason)
        )
    })
}

/// So many homes the ledger learns of at once. After a kill they are only written again, to the
/// same end.
const NOTES_AT_ONCE: usize = 100;
