//! The only way from a plan to something that may be written.
//!
//! A plan that takes away more than the limits allow is refused whole: a host is not emptied because a provider
//! answered badly. The administrator can let exactly one plan through, by its digest. Rules: threat model 2.6.

use std::fmt;

use super::{Change, Plan};
use crate::model::RemoteId;
use crate::model::owned::{KeyRecords, Owned, State};

/// `[limits]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Accounts locked or removed, or members of one group revoked, in a run: at most.
    pub max_removals: u32,
    /// The same as a share of what is owned, in percent. The smaller of the two counts.
    pub max_removals_percent: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_removals: 20, max_removals_percent: 10 }
    }
}

/// So many removals are always allowed.
pub const ALWAYS_ALLOWED: u32 = 3;

/// A group of at least so many members is never emptied without approval.
pub const NEVER_TO_ZERO_FROM: usize = 5;

impl Limits {
    /// How many of `owned` may go in one run.
    pub fn allowed(&self, owned: usize) -> u32 {
        let share = (owned as u64).saturating_mul(self.max_removals_percent.into()) / 100;
        let share = u32::try_from(share).unwrap_or(u32::MAX);
        share.min(self.max_removals).max(ALWAYS_ALLOWED)
    }
}

/// A plan that may be carried out. Only [`approve`] makes it.
#[derive(Debug)]
#[must_use]
pub struct Approved {
    plan: Plan,
}

impl Approved {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan, when nothing more is to be done with it.
    pub fn into_plan(self) -> Plan {
        self.plan
    }
}

/// A plan that goes over one or more limits.
#[derive(Debug)]
pub struct Refused {
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
    /// Nothing would be left.
    Zero,
}

/// How many names a message lists.
const SHOWN_NAMES: usize = 10;

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Excess { what, count, allowed, of, .. } = self;
        match self.limit {
            Limit::Run => write!(f, "{count} of {of} {what} would go in this run, and at most {allowed} may")?,
            Limit::Day => {
                write!(f, "{count} {what} would have gone in 24 hours, this run included, and at most {allowed} may")?
            }
            Limit::Zero => write!(f, "the {what} would go down from {of} to none")?,
        }
        let shown = &self.names[..self.names.len().min(SHOWN_NAMES)];
        write!(f, ": {}", shown.join(", "))?;
        match self.names.len() - shown.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// Judges a plan. `approval`: the digest that an administrator passed by `--approve`.
///
/// # Errors
/// The plan itself with every limit it goes over. Nothing of it may be written then.
pub fn approve(plan: Plan, owned: &Owned, limits: &Limits, approval: Option<&str>) -> Result<Approved, Box<Refused>> {
    let mut excesses = Vec::new();
    accounts(&plan, owned, limits, &mut excesses);
    members(&plan, owned, limits, &mut excesses);
    keys(&plan, owned, limits, &mut excesses);
    if excesses.is_empty() || approval.is_some_and(|digest| digest == plan.digest()) {
        Ok(Approved { plan })
    } else {
        Err(Box::new(Refused { plan, excesses }))
    }
}

fn accounts(plan: &Plan, owned: &Owned, limits: &Limits, excesses: &mut Vec<Excess>) {
    let is_open = |id: &RemoteId| owned.accounts.get(id).is_some_and(|own| own.state == State::Active);
    // Locking an account that is locked, or removing it, takes nothing more away from anybody who can log in; it is
    // still counted as a removal, but not as one of those that are left.
    let going: Vec<(&str, bool)> = plan
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::LockAccount { id, name, .. } | Change::RemoveAccount { id, name, .. } => {
                Some((name.as_str(), is_open(id)))
            }
            _ => None,
        })
        .collect();
    if going.is_empty() {
        return;
    }
    let present = owned.accounts.values().filter(|own| own.state.is_present()).count();
    let open = owned.accounts.values().filter(|own| own.state == State::Active).count();
    let names: Vec<String> = going.iter().map(|(name, _)| (*name).to_owned()).collect();
    let subject = Subject { what: "accounts".to_owned(), owned: present, gone_before: owned.losses.accounts, names };
    subject.judge(limits, excesses);
    let closing = going.iter().filter(|(_, open)| *open).count();
    let coming = plan.changes.iter().any(|c| matches!(c, Change::CreateAccount(_) | Change::UnlockAccount { .. }));
    if closing > 0 && closing >= open && !coming {
        excesses.push(subject.to_zero(open));
    }
}

fn members(plan: &Plan, owned: &Owned, limits: &Limits, excesses: &mut Vec<Excess>) {
    for change in &plan.changes {
        let Change::ChangeMembers { id, name, remove, wanted, .. } = change else { continue };
        if remove.is_empty() {
            continue;
        }
        let before = owned.groups.get(id).map_or(0, |own| own.members.split(',').filter(|m| !m.is_empty()).count());
        let gone_before = owned.losses.members.get(id).copied().unwrap_or(0);
        let subject = Subject { what: format!("members of {name}"), owned: before, gone_before, names: remove.clone() };
        subject.judge(limits, excesses);
        if wanted.is_empty() && before >= NEVER_TO_ZERO_FROM {
            excesses.push(subject.to_zero(before));
        }
    }
}

/// People whose accounts stay open and who lose all their keys: perhaps the provider only does not show them.
fn keys(plan: &Plan, owned: &Owned, limits: &Limits, excesses: &mut Vec<Excess>) {
    let bare = plan.changes.iter().filter_map(|change| match change {
        Change::SetKeys(keys) if keys.takes_all() => Some(keys.name.to_string()),
        _ => None,
    });
    let names: Vec<String> = bare.collect();
    if names.is_empty() {
        return;
    }
    let has_keys = |records: &&KeyRecords| {
        [&records.file, &records.home].into_iter().flatten().any(|record| !record.digest.is_empty())
    };
    let before = owned.keys.values().filter(has_keys).count();
    let what = "people with SSH keys".to_owned();
    Subject { what, owned: before, gone_before: owned.losses.keys, names }.judge(limits, excesses);
}

/// Something of which a part would go.
struct Subject {
    what: String,
    owned: usize,
    gone_before: u32,
    names: Vec<String>,
}

impl Subject {
    fn judge(&self, limits: &Limits, excesses: &mut Vec<Excess>) {
        let run = limits.allowed(self.owned) as usize;
        let in_a_day = self.names.len() + self.gone_before as usize;
        for (count, allowed, limit) in [(self.names.len(), run, Limit::Run), (in_a_day, 2 * run, Limit::Day)] {
            if count > allowed {
                let (what, names) = (self.what.clone(), self.names.clone());
                excesses.push(Excess { what, count, allowed, of: self.owned, limit, names });
            }
        }
    }

    fn to_zero(&self, of: usize) -> Excess {
        let (what, names) = (self.what.clone(), self.names.clone());
        Excess { what, count: self.names.len(), allowed: of.saturating_sub(1), of, limit: Limit::Zero, names }
    }
}

#[cfg(test)]
mod tests;
