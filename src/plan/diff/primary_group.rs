//! Which primary group a new account gets: one that all share, one of its own, or the one that the provider names. That one
//! is on the host already, or one of the provider's own groups, which is made in the same transaction, still without members.
//! Nobody comes by it into a group that grants power or is the system's.

use std::collections::{BTreeMap, BTreeSet};

use super::input::DiffInput;
use super::new_groups::NewGroups;
use crate::model::history::EntryKind;
use crate::model::host::Host;
use crate::model::power::Powers;
use crate::model::{Gid, RemoteId};
use crate::plan::{Change, Plan, effects};
use crate::policy::alloc::NamedNumbers;
use crate::policy::map::{WantedAccount, WantedGroup};
use crate::policy::{AccountRules, PrimaryGroup, Reason, protect};

/// The primary groups of new accounts.
pub(super) enum Primary {
    /// One that all share.
    Shared(Gid),
    /// Each has one of its own.
    Own,
    /// The provider names one for each: whether it can be had.
    Named(BTreeMap<Gid, Result<(), Reason>>),
}

impl Primary {
    /// As the rules have it.
    ///
    /// # Errors
    /// Why nobody can have one.
    pub(super) fn new(host: &Host<'_>, rules: &AccountRules) -> Result<Self, Reason> {
        let name = match &rules.primary_group {
            PrimaryGroup::Private => return Ok(Self::Own),
            PrimaryGroup::Provider => return Ok(Self::Named(BTreeMap::new())),
            PrimaryGroup::Local(name) => name,
        };
        let group = host
            .groups
            .get(name.as_str())
            .ok_or_else(|| Reason::NoPrimaryGroup { name: name.clone() })?;
        let gid = group.gid;
        Gid::new(gid).map(Self::Shared).ok_or_else(|| {
            let name = name.clone();
            Reason::PrimaryGroupNumber { name, gid }
        })
    }

    /// Finds the groups that the provider names for `accounts`, and makes those of the provider's that are not here yet.
    pub(super) fn make<'w>(
        &mut self,
        accounts: impl Iterator<Item = &'w WantedAccount>,
        groups: &[WantedGroup],
        against: &DiffInput<'_>,
    ) -> Vec<Change> {
        let Self::Named(found) = self else {
            return Vec::new();
        };
        let asked: BTreeSet<Gid> = accounts.filter_map(|account| account.gid).collect();
        let nobody_else = NamedNumbers::default();
        let (mut new, mut told) = (NewGroups::new(against, &nobody_else), Plan::default());
        let mut making: BTreeMap<&RemoteId, Gid> = BTreeMap::new();
        for gid in asked {
            match on_host(gid, against.host) {
                Some(end) => drop(found.insert(gid, end)),
                None => {
                    let group = groups.iter().find(|group| group.gid == Some(gid));
                    found.insert(
                        gid,
                        group.map(|_| ()).ok_or(Reason::NoPrimaryGroupNamed { gid }),
                    );
                    if let Some(group) = group {
                        new.consider(group, against.owned.groups.get(&group.id), &mut told);
                        making.insert(&group.id, gid);
                    }
                }
            }
        }
        let made = new.create(|_, _| Vec::new(), &mut told);
        for refusal in told.refused {
            let gid = refusal.id.as_ref().and_then(|id| making.get(id));
            if let Some(&gid) = gid {
                let why = refusal.reason.boxed();
                found.insert(gid, Err(Reason::PrimaryGroupNotMade { gid, why }));
            }
        }
        // A group that was removed before comes back with the number that it had.
        let numbers = made
            .iter()
            .filter_map(|change| effects(change).gives.number);
        let numbers: BTreeSet<u32> = numbers.map(|number| number.get()).collect();
        for gid in making.into_values() {
            let end = found.get_mut(&gid).filter(|end| end.is_ok());
            if let Some(end) = end.filter(|_| !numbers.contains(&gid.get())) {
                *end = Err(Reason::NoPrimaryGroupNamed { gid });
            }
        }
        made
    }

    /// The one of a new account.
    ///
    /// # Errors
    /// Why it cannot have it.
    pub(super) fn of(&self, account: &WantedAccount) -> Result<Option<Gid>, Reason> {
        match self {
            Self::Shared(gid) => Ok(Some(*gid)),
            Self::Own => Ok(None),
            Self::Named(found) => {
                let gid = account.gid.ok_or(Reason::NoPrimaryGid)?;
                match found.get(&gid) {
                    Some(Ok(())) => Ok(Some(gid)),
                    Some(Err(why)) => Err(why.clone()),
                    None => Err(Reason::NoPrimaryGroupNamed { gid }),
                }
            }
        }
    }
}

/// Whether the host has a group of this gid that a provider may bring people into; `None`: it has none.
fn on_host(gid: Gid, host: &Host<'_>) -> Option<Result<(), Reason>> {
    let all = || {
        host.groups
            .iter()
            .filter(|(_, group)| group.gid == gid.get())
    };
    all().next()?;
    let numbers = host.powers().and_then(|powers| powers.gid(gid.get()));
    if let Some(place) = numbers.cloned() {
        let (kind, id) = (EntryKind::Group, gid.get());
        return Some(Err(Reason::NumberOfPower { kind, id, place }));
    }
    let grants = |group: &str| {
        // Debian's `users` is the system's, and nothing more than that.
        let is_harmless = group == "users";
        let stands = host
            .powers()
            .is_some_and(|powers: &Powers| powers.group(group).is_some());
        stands || !is_harmless && protect::is_privileged_group(group, gid.get())
    };
    let power = all().find(|(group, _)| grants(group));
    Some(power.map_or(Ok(()), |(group, _)| {
        let group = (*group).to_owned();
        Err(Reason::PrimaryGroupOfPower { gid, group })
    }))
}
