//! Accounts whose people are not in the read: locked once that is proven, and taken further after that.

use std::collections::BTreeSet;

use super::{Stuck, forgettable};
use crate::model::history::EntryKind;
use crate::model::host::HostAccount;
use crate::model::owned::{OwnedAccount, State};
use crate::model::{Completeness, Name, RemoteId, Untrusted, UserName, Without};
use crate::plan::diff::absence;
use crate::plan::diff::departure;
use crate::plan::diff::input::DiffInput;
use crate::plan::diff::owned_lines::{account_line, account_line_as};
use crate::plan::diff::rename;
use crate::plan::missing::Missing as Absent;
use crate::plan::{Change, Deed, Observation, Plan};
use crate::policy::{Forgetting, Reason};

/// Plans what becomes of them.
pub(super) fn departures(present: &BTreeSet<RemoteId>, against: &DiffInput<'_>, plan: &mut Plan) {
    if !matches!(against.completeness, Completeness::Complete(_)) {
        return;
    }
    let missing = Without::new(&against.owned.accounts, present);
    for (id, own) in missing.filter(|(_, own)| own.state.is_present()) {
        Missing { id, own, against }.plan(plan);
    }
}

/// One of them.
struct Missing<'a> {
    id: &'a RemoteId,
    own: &'a OwnedAccount,
    against: &'a DiffInput<'a>,
}

/// The name that it stands under, and its line.
struct Stands<'a> {
    /// `None`: one that no account can have.
    name: Option<Name>,
    line: Result<&'a HostAccount<'a>, Reason>,
}

impl<'a> Missing<'a> {
    fn plan(&self, plan: &mut Plan) {
        let Some(stands) = self.look(plan) else {
            return;
        };
        match self.own.state {
            State::Locked => self.locked(stands, plan),
            _ => self.open(stands, plan),
        }
    }

    /// `None`: what is to be planned is planned.
    fn look(&self, plan: &mut Plan) -> Option<Stands<'a>> {
        let Self { id, own, against } = *self;
        let host = against.host;
        let is_open = own.state == State::Active;
        match rename::finish(id, own, is_open, against, plan) {
            Some(Ok(())) => None,
            Some(Err((stands, reason))) => {
                plan.not_done(id, &own.name, reason);
                Some(Stands {
                    line: account_line_as(stands.as_str(), own, host),
                    name: Some(stands),
                })
            }
            None if is_open
                && !host.accounts.contains_key(own.name.as_str())
                && !host.broken.contains(own.name.as_str()) =>
            {
                self.removed_by_hand(plan);
                None
            }
            None => Some(Stands {
                name: UserName::new(&own.name, true).ok().map(Name::from),
                line: account_line(own, host)
                    .map_err(|reason| forgettable(own, host, reason, Forgetting::EndsNotice)),
            }),
        }
    }

    /// An account that is not there. Nothing is left to be locked once that is proven.
    fn removed_by_hand(&self, plan: &mut Plan) {
        let (own, host) = (self.own, self.against.host);
        if let Err(reason) = account_line(own, host) {
            let effect = Forgetting::EndsNotice;
            plan.remark(&own.name, forgettable(own, host, reason, effect));
        }
        if own.absence.is_some() {
            plan.observations.push(Observation::Back(self.id.clone()));
        }
    }

    fn lock(&self, name: Name, reason: Reason, plan: &mut Plan) {
        let key = self.against.owned.key(self.id);
        let lock = Deed::Lock { reason };
        plan.changes
            .push(Change::of(EntryKind::Account, key, name, lock));
    }

    /// One that gosync has locked.
    fn locked(&self, stands: Stands<'_>, plan: &mut Plan) {
        let Self { id, own, against } = *self;
        let Stands { name, line } = stands;
        let is_opened = line.as_ref().is_ok_and(|found| !found.closed());
        if let Some(name) = name.filter(|_| is_opened) {
            let reason = match against.owned.held(id) {
                Some(hold) => Reason::HeldLocked {
                    by: Untrusted::new(&hold.by),
                },
                None => Reason::OpenedByHand,
            };
            return self.lock(name, reason, plan);
        }
        if against.owned.held(id).is_some() && !against.owned.departures.contains_key(id) {
            self.count_held(plan);
        }
        // One that is not there may be a removal that was broken off.
        if departure::advance(id, own, against, plan) {
            return;
        }
        plan.unchanged += 1;
        if let Err(reason) = line {
            let lock = Reason::OpenedByHand;
            Stuck { id, own, lock }.shut(reason, against, plan);
        }
    }

    /// One that an administrator locked while the person was there: it has not left before that is proven.
    fn count_held(&self, plan: &mut Plan) {
        let missed = absence::count(self.own.absence, self.against);
        if missed.is_due {
            plan.observations
                .push(Observation::Departed(self.id.clone()));
        } else if missed.is_news {
            let (id, absence) = (self.id.clone(), missed.absence);
            plan.observations.push(Observation::Absent(id, absence));
        }
    }

    /// One that is open still.
    fn open(&self, stands: Stands<'_>, plan: &mut Plan) {
        let Self { id, own, against } = *self;
        let Stands { name, line } = stands;
        let missed = absence::count(own.absence, against);
        let is_there = line.is_ok();
        match line {
            Err(reason) if missed.is_due => {
                let runs = missed.absence.runs;
                let lock = Reason::Missing { runs };
                if (Stuck { id, own, lock }).shut(reason, against, plan) {
                    return;
                }
            }
            Err(reason) => plan.remark(&own.name, reason),
            Ok(_) => {}
        }
        if let Some(name) = name.filter(|_| missed.is_due && is_there) {
            // No figure that grows with time: the digest of a plan has to stay the same until somebody approves it.
            let runs = missed.absence.runs;
            return self.lock(name, Reason::Missing { runs }, plan);
        }
        if missed.is_news {
            plan.observations
                .push(Observation::Absent(id.clone(), missed.absence));
        }
        plan.missing.push(Absent {
            kind: EntryKind::Account,
            id: id.clone(),
            name: own.name.clone(),
            since: missed.absence.since,
            not_before: missed.not_before,
            is_news: own.absence.is_none(),
        });
    }
}
