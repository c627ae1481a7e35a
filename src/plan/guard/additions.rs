//! The limits on accounts and groups that are made, and on accounts that are opened again.
//!
//! One wrong answer of a provider must neither fill a host, nor use up the numbers of a range, which
//! are given for ever, nor let in everybody who was shut out.

use super::{Excess, Limit, Limits, Losers, Ranges};
use crate::model::IdRange;
use crate::model::history::EntryKind;
use crate::model::id_ranges::IdRanges;
use crate::model::owned::{Owned, State};
use crate::plan::effects::Presence;
use crate::plan::{Plan, effects};

/// Adds every such limit that the plan goes over.
pub(super) fn judge(
    plan: &Plan,
    owned: &Owned,
    (limits, ranges): (&Limits, Ranges),
    excesses: &mut Vec<Excess>,
) {
    let given = &owned.losses.given;
    let accounts = Newcomers {
        what: "accounts",
        names: names(plan, EntryKind::Account, Presence::Comes),
        present: present(owned.accounts.values().map(|own| own.state.is_present())),
        is_first: is_first(owned.accounts.values().map(|own| own.state)),
        before: given.accounts,
        range: ranges.accounts,
    };
    let groups = Newcomers {
        what: "groups",
        names: names(plan, EntryKind::Group, Presence::Comes),
        present: present(owned.groups.values().map(|own| own.state.is_present())),
        is_first: is_first(owned.groups.values().map(|own| own.state)),
        before: given.groups,
        range: ranges.groups,
    };
    accounts.judge(owned, limits, excesses);
    groups.judge(owned, limits, excesses);
    let opened = names(plan, EntryKind::Account, Presence::Opens);
    if !opened.is_empty() {
        let subject = Losers {
            what: "accounts".to_owned(),
            verb: "be opened again",
            owned: accounts.present,
            gone_before: given.opened,
            names: opened,
        };
        subject.judge(
            limits.share(limits.max_reopenings, accounts.present),
            excesses,
        );
    }
}

/// Whether none was ever made here. Numbers may have been set aside for them: another host gave them.
fn is_first(mut states: impl Iterator<Item = State>) -> bool {
    states.all(|state| state == State::Reserved)
}

fn present(states: impl Iterator<Item = bool>) -> usize {
    states.filter(|is_present| *is_present).count()
}

fn names(plan: &Plan, kind: EntryKind, presence: Presence) -> Vec<String> {
    let changes = plan.changes.iter().filter(|it| it.of.kind == kind);
    changes
        .filter(|it| effects(it).presence == presence)
        .map(|it| it.name().to_owned())
        .collect()
}

/// How many numbers of a range can still be given to somebody: neither those that were, nor those that ledgers before this
/// one may have given.
fn free_in(range: IdRange, owned: &Owned) -> usize {
    let given = owned.ids.iter().map(|id| (*id, *id));
    let retired = owned.retired.uids.iter().chain(owned.retired.gids.iter());
    let gone: IdRanges = given.chain(retired).collect();
    let (first, last) = range.into();
    let gone = usize::try_from(gone.count_within(first, last)).unwrap_or(usize::MAX);
    (range.size() as usize).saturating_sub(gone)
}

/// Accounts, or groups, that would be made.
struct Newcomers {
    what: &'static str,
    names: Vec<String>,
    present: usize,
    /// Whether there never were any.
    is_first: bool,
    /// How many were made in the last 24 hours.
    before: u32,
    /// What their numbers are of.
    range: IdRange,
}

impl Newcomers {
    fn judge(&self, owned: &Owned, limits: &Limits, excesses: &mut Vec<Excess>) {
        let count = self.names.len();
        if count == 0 {
            return;
        }
        let free = free_in(self.range, owned);
        let most = (free / 2).max(free.min(limits.max_additions as usize));
        self.exceeds(count, most, (Limit::Room, free), excesses);
        if self.is_first {
            return;
        }
        let share = self
            .present
            .saturating_mul(limits.max_additions_percent as usize)
            / 100;
        let run = share.max(limits.max_additions as usize);
        let in_a_day = count + self.before as usize;
        self.exceeds(count, run, (Limit::Gain, self.present), excesses);
        self.exceeds(in_a_day, 2 * run, (Limit::DayGain, self.present), excesses);
    }

    fn exceeds(
        &self,
        count: usize,
        allowed: usize,
        (limit, of): (Limit, usize),
        excesses: &mut Vec<Excess>,
    ) {
        if count > allowed {
            excesses.push(Excess {
                what: self.what.to_owned(),
                verb: "come",
                count,
                allowed,
                of,
                limit,
                names: self.names.clone(),
            });
        }
    }
}
