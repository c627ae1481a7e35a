//! The only way from a plan to something that may be written.
//!
//! A plan that takes away more than the limits allow is refused whole: a host is not emptied because a provider
//! answered badly. The administrator can let exactly one plan through, by its digest. Rules: docs/threats.md, V19 and V21.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::approved::Approved;
use super::effects::{Presence, effects};
use super::{Change, Plan};
use crate::model::history::EntryKind;
use crate::model::owned::{KeyRecords, Loss, Losses, Owned, State};
use crate::model::{IdRange, Members, first_names};

/// `[limits]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Accounts locked or removed, or members of one group revoked, in a run: at most.
    pub max_removals: u32,
    /// The same as a share of what is owned, in percent. The smaller of the two counts.
    pub max_removals_percent: u32,
    /// Accounts locked or removed in 30 days: at most this share of those who were open then, in percent.
    pub max_removals_percent_in_30d: u32,
    /// Accounts, or groups, made in a run: at most; none on an empty ledger.
    pub max_additions: u32,
    /// The same as a share of what is owned, in percent. The larger of the two counts.
    pub max_additions_percent: u32,
    /// Locked accounts opened in a run: at most; the share of the removals holds.
    pub max_reopenings: u32,
    /// Members added to one group that grants power, in a run: at most.
    pub max_privileged_additions: u32,
    /// Accounts, or groups, renamed in a run: at most; the same share holds.
    pub max_renames: u32,
    /// Homes archived in a run: at most; the same share holds.
    pub max_archives: u32,
    /// Locked accounts removed in a run: at most; the same share holds.
    pub max_final_removals: u32,
    /// Groups emptied or removed in a run: at most; the same share holds.
    pub max_group_removals: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_removals: 20,
            max_removals_percent: 10,
            max_removals_percent_in_30d: 25,
            max_additions: 200,
            max_additions_percent: 25,
            max_reopenings: 20,
            max_renames: 20,
            max_archives: 10,
            max_final_removals: 10,
            max_group_removals: 10,
            max_privileged_additions: 3,
        }
    }
}

/// So many removals are always allowed.
pub(crate) const ALWAYS_ALLOWED: u32 = 3;

/// A group of at least so many members is never emptied without approval.
pub(crate) const NEVER_TO_ZERO_FROM: usize = 5;

impl Limits {
    /// How many of `owned` may go in one run.
    pub fn allowed(&self, owned: usize) -> u32 {
        self.share(self.max_removals, owned)
    }

    /// How many of `owned` may meet with this in one run.
    fn allowed_of(&self, loss: Loss, owned: usize) -> u32 {
        let most = match loss {
            Loss::Rename => self.max_renames,
            Loss::Archive => self.max_archives,
            Loss::Removal => self.max_final_removals,
            Loss::Group => self.max_group_removals,
        };
        self.share(most, owned)
    }

    fn share(&self, most: u32, owned: usize) -> u32 {
        let share = (owned as u64).saturating_mul(self.max_removals_percent.into()) / 100;
        let share = u32::try_from(share).unwrap_or(u32::MAX);
        share.min(most).max(ALWAYS_ALLOWED)
    }
}

/// A plan that goes over one or more limits.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The plan, for showing.
    pub plan: Plan,
    /// What is over.
    pub excesses: Vec<Excess>,
}

/// One limit that a plan goes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excess {
    /// What is counted: `accounts`, or `members of NAME`.
    pub what: String,
    /// What would become of them, such as `go`.
    pub verb: &'static str,
    /// How many would go.
    pub count: usize,
    /// How many may.
    pub allowed: usize,
    /// Of how many.
    pub of: usize,
    /// Which limit it is.
    pub limit: Limit,
    /// Who would go.
    pub names: Vec<String>,
}

/// A kind of limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// In one run.
    Run,
    /// In 24 hours, this run included.
    Day,
    /// In 30 days, this run included.
    Month,
    /// Nothing would be left.
    Zero,
    /// Additions in one run.
    Gain,
    /// Additions in 24 hours, this run included.
    DayGain,
    /// Numbers that additions use up for ever.
    Room,
}

impl Limit {
    /// The word for it, for programs; it stays the same.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Day => "day",
            Self::Month => "month",
            Self::Zero => "none-left",
            Self::Gain => "additions",
            Self::DayGain => "additions-day",
            Self::Room => "numbers",
        }
    }
}

/// How many names a message lists.
const SHOWN_NAMES: usize = 10;

impl Excess {
    /// What it goes over, without who would.
    fn figures(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Excess {
            what,
            count,
            allowed,
            of,
            verb,
            ..
        } = self;
        match self.limit {
            Limit::Run => write!(
                f,
                "{count} of {of} {what} would {verb} in this run, and at most {allowed} may"
            )?,
            Limit::Day => {
                let verb = if *verb == "go" { "have gone" } else { verb };
                write!(
                    f,
                    "{count} {what} would {verb} in 24 hours, this run included, and at most {allowed} may"
                )?
            }
            Limit::Month => write!(
                f,
                "{count} {what} would have gone in 30 days, this run included, and at most {allowed} may"
            )?,
            Limit::Room => write!(
                f,
                "{count} {what} would come for which {of} numbers are left, of which a run may use up {allowed}"
            )?,
            Limit::Gain => write!(
                f,
                "{count} {what} would come in this run, and at most {allowed} may"
            )?,
            Limit::DayGain => write!(
                f,
                "{count} {what} would have come in 24 hours, this run included, and at most {allowed} may"
            )?,
            Limit::Zero => write!(f, "the {what} would go down from {of} to none")?,
        }
        Ok(())
    }
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.figures(f)?;
        let names = self.names.iter().map(String::as_str);
        write!(f, ": {}", first_names(names, SHOWN_NAMES))
    }
}

/// One line for each; of those that follow one another and are about the same names, the last has them.
pub(crate) fn lines(excesses: &[Excess]) -> Vec<String> {
    let next = excesses.iter().skip(1).map(Some).chain([None]);
    let each = excesses.iter().zip(next);
    let line = |(it, next): (&Excess, Option<&Excess>)| match next {
        Some(next) if next.names == it.names => fmt::from_fn(|f| it.figures(f)).to_string(),
        _ => it.to_string(),
    };
    each.map(line).collect()
}

/// What lets a plan through that goes over limits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Approval<'a> {
    /// The digest that an administrator passed by `--approve`.
    pub digest: Option<&'a str>,
    /// What is still to be done of a plan that was approved, and of which a part is carried out.
    pub waiting: &'a [Change],
    /// Whether somebody asked for this by the names of accounts, and of few.
    pub by_name: bool,
}

impl Approval<'_> {
    fn covers(&self, plan: &Plan) -> bool {
        self.has_all_of(plan) || self.digest.is_some_and(|digest| digest == plan.digest())
    }

    /// Whether nothing is in the plan that was not approved before.
    pub(crate) fn has_all_of(&self, plan: &Plan) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        let mut waiting: BTreeMap<_, Vec<&Change>> = BTreeMap::new();
        for change in self.waiting {
            let of = (change.of.kind, change.id(), change.name());
            waiting.entry(of).or_default().push(change);
        }
        plan.changes.iter().all(|change| {
            let of = (change.of.kind, change.id(), change.name());
            waiting.get(&of).is_some_and(|all| all.contains(&change))
        })
    }
}

/// The ranges from which numbers are given for ever.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ranges {
    /// Of uids.
    pub accounts: IdRange,
    /// Of gids.
    pub groups: IdRange,
}

/// Judges a plan.
///
/// # Errors
/// The plan itself with every limit it goes over. Nothing of it may be written then.
pub(crate) fn approve(
    plan: Plan,
    owned: &Owned,
    (limits, ranges): (&Limits, Ranges),
    approval: Approval<'_>,
) -> Result<Approved, Box<Refused>> {
    let mut excesses = Vec::new();
    if !approval.by_name {
        accounts(&plan, owned, limits, &mut excesses);
        additions::judge(&plan, owned, (limits, ranges), &mut excesses);
    }
    members(&plan, owned, limits, &mut excesses);
    other_losses::judge(&plan, owned, limits, &mut excesses);
    keys(&plan, owned, limits, &mut excesses);
    if excesses.is_empty() {
        Ok(Approved::new(plan, false))
    } else if approval.covers(&plan) {
        Ok(Approved::new(plan, true))
    } else {
        Err(Box::new(Refused { plan, excesses }))
    }
}

/// Whether an account is locked, so that its removal has a limit of its own.
fn is_locked(owned: &Owned, change: &Change) -> bool {
    owned.state_of(change.account_id()) == Some(State::Locked)
}

fn accounts(plan: &Plan, owned: &Owned, limits: &Limits, excesses: &mut Vec<Excess>) {
    // Locking an account that is locked takes nothing more away from anybody who can log in; it is still counted, but
    // not as one of those that are left. Removing a locked one has a limit of its own.
    let going: Vec<(&str, bool)> = plan
        .changes
        .iter()
        .filter(|change| change.of.kind == EntryKind::Account)
        .filter_map(|change| match effects(change).presence {
            Presence::Goes { .. } if is_locked(owned, change) => None,
            presence => presence.ends().then(|| {
                let is_open = owned.state_of(change.account_id()) == Some(State::Active);
                (change.name(), is_open)
            }),
        })
        .collect();
    if going.is_empty() {
        return;
    }
    let present = owned
        .accounts
        .values()
        .filter(|own| own.state.is_present())
        .count();
    let open = owned
        .accounts
        .values()
        .filter(|own| own.state == State::Active)
        .count();
    let names: Vec<String> = going.iter().map(|(name, _)| (*name).to_owned()).collect();
    let subject = Losers {
        what: "accounts".to_owned(),
        verb: "go",
        owned: present,
        gone_before: owned.losses.accounts,
        names,
    };
    let allowed = limits.allowed(present);
    let before = excesses.len();
    subject.judge(allowed, excesses);
    let closing = going.iter().filter(|(_, open)| *open).count();
    if excesses.len() == before {
        subject.judge_month(&owned.losses, (closing, open), limits, excesses);
    }
    // Whoever comes in the same run does not make up for those who go.
    if closing > 0 && closing >= open {
        excesses.push(subject.to_zero(open));
    }
}

/// Members of groups: those who go; and of those who come, where that gives power. Those of gosync's groups come first.
fn members(plan: &Plan, owned: &Owned, limits: &Limits, excesses: &mut Vec<Excess>) {
    for is_local in [false, true] {
        let changes = plan.changes.iter();
        for change in changes.filter(|change| {
            change.of.kind != EntryKind::Account && change.id().is_none() == is_local
        }) {
            members_of(change, owned, limits, excesses);
        }
    }
}

fn members_of(change: &Change, owned: &Owned, limits: &Limits, excesses: &mut Vec<Excess>) {
    let effects = effects(change);
    let (name, losses) = (change.name(), &owned.losses);
    let (list, gone_before) = match change.id() {
        Some(id) => (
            owned.groups.get(id).map(|own| &own.members),
            losses.members.get(id),
        ),
        None => (owned.local.get(name), losses.local.get(name)),
    };
    let before = list.map_or(0, Members::count);
    let what = format!("members of {name}");
    if let Some((gone, stay)) = effects.takes.members.filter(|(gone, _)| !gone.is_empty()) {
        let subject = Losers {
            what: what.clone(),
            verb: "go",
            owned: before,
            gone_before: gone_before.copied().unwrap_or(0),
            names: gone.to_vec(),
        };
        subject.judge(limits.allowed(before), excesses);
        if stay == 0 && before >= NEVER_TO_ZERO_FROM {
            excesses.push(subject.to_zero(before));
        }
    }
    let power = effects.gives.power;
    if power.is_empty() {
        return;
    }
    let names: Vec<String> = power.iter().map(ToString::to_string).collect();
    let come_before = losses.gains.get(name).copied().unwrap_or(0) as usize;
    let run = limits.max_privileged_additions as usize;
    let in_a_day = (names.len() + come_before, 2 * run, Limit::DayGain);
    for (count, allowed, limit) in [(names.len(), run, Limit::Gain), in_a_day] {
        if count > allowed {
            excesses.push(Excess {
                what: what.clone(),
                verb: "come",
                count,
                allowed,
                of: before,
                limit,
                names: names.clone(),
            });
        }
    }
}

/// People whose accounts stay open and who lose all their keys: perhaps the provider only does not show them.
fn keys(plan: &Plan, owned: &Owned, limits: &Limits, excesses: &mut Vec<Excess>) {
    let bare = plan
        .changes
        .iter()
        .filter(|change| effects(change).takes.all_keys);
    let names: Vec<String> = bare.map(|change| change.name().to_owned()).collect();
    if names.is_empty() {
        return;
    }
    let has_keys = |records: &&KeyRecords| {
        [&records.file, &records.home]
            .into_iter()
            .flatten()
            .any(|record| !record.digest.is_empty())
    };
    let before = owned.keys.values().filter(has_keys).count();
    let what = "people with SSH keys".to_owned();
    Losers {
        what,
        verb: "lose all of them",
        owned: before,
        gone_before: owned.losses.keys,
        names,
    }
    .judge(limits.allowed(before), excesses);
}

/// Something of which a part would go.
struct Losers {
    what: String,
    verb: &'static str,
    owned: usize,
    gone_before: u32,
    names: Vec<String>,
}

impl Losers {
    /// `allowed`: how many in one run.
    fn judge(&self, allowed: u32, excesses: &mut Vec<Excess>) {
        let run = allowed as usize;
        let in_a_day = self.names.len() + self.gone_before as usize;
        for (count, allowed, limit) in [
            (self.names.len(), run, Limit::Run),
            (in_a_day, 2 * run, Limit::Day),
        ] {
            if count > allowed {
                let (what, names) = (self.what.clone(), self.names.clone());
                excesses.push(Excess {
                    what,
                    verb: self.verb,
                    count,
                    allowed,
                    of: self.owned,
                    limit,
                    names,
                });
            }
        }
    }

    /// `closing` of `open` accounts close now.
    fn judge_month(
        &self,
        losses: &Losses,
        (closing, open): (usize, usize),
        limits: &Limits,
        excesses: &mut Vec<Excess>,
    ) {
        let before = losses.accounts_in_30_days as usize;
        let (count, of) = (closing + before, open + before);
        let share = of * limits.max_removals_percent_in_30d as usize / 100;
        let allowed = share.max(2 * limits.allowed(self.owned) as usize);
        if closing > 0 && count > allowed {
            excesses.push(Excess {
                what: self.what.clone(),
                verb: self.verb,
                count,
                allowed,
                of,
                limit: Limit::Month,
                names: self.names.clone(),
            });
        }
    }

    fn to_zero(&self, of: usize) -> Excess {
        let (what, names) = (self.what.clone(), self.names.clone());
        Excess {
            what,
            verb: self.verb,
            count: self.names.len(),
            allowed: of.saturating_sub(1),
            of,
            limit: Limit::Zero,
            names,
        }
    }
}

mod additions;
pub(crate) mod elsewhere;
mod other_losses;

#[cfg(test)]
mod tests;
