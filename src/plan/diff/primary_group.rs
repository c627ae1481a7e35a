//! Which primary group a new account gets: one that all share, one of its own, or the one that the provider names. That one
//! is on the host already, or one of the provider's own groups, which is made in the same transaction, still without members.
//! Nobody comes by it into a group that grants power or is the system's.

use std::collections::{BTreeMap, BTreeSet};

use super::input::DiffInput;
use super::new_groups::NewGroups;
use crate::model::history::EntryKind;
use crate::model::host::Host;
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
        let here = Here::of(against.host);
        let there = groups.iter().filter_map(|group| Some((group.gid?, group)));
        let there: BTreeMap<Gid, &WantedGroup> = there.collect();
        let nobody_else = NamedNumbers::default();
        let (mut new, mut told) = (NewGroups::new(against, &nobody_else), Plan::default());
        let mut making: BTreeMap<&RemoteId, Gid> = BTreeMap::new();
        for gid in asked {
            match here.look(gid) {
                Some(end) => drop(found.insert(gid, end)),
                None => {
                    let group = there.get(&gid).copied();
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

/// The groups of the host, by their gids.
struct Here<'h> {
    host: &'h Host<'h>,
    names: BTreeMap<u32, Vec<&'h str>>,
}

impl<'h> Here<'h> {
    fn of(host: &'h Host<'h>) -> Self {
        let mut names: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
        for (name, group) in host.groups.iter() {
            names.entry(group.gid).or_default().push(name);
        }
        Self { host, names }
    }

    /// Whether there is a group of this gid, and why a provider brings nobody into it; `None`: there is none.
    fn look(&self, gid: Gid) -> Option<Result<(), Reason>> {
        let names = self.names.get(&gid.get())?;
        let powers = self.host.powers();
        if let Some(place) = powers.and_then(|powers| powers.gid(gid.get())).cloned() {
            let (kind, id) = (EntryKind::Group, gid.get());
            return Some(Err(Reason::NumberOfPower { kind, id, place }));
        }
        let grants = |group: &str| {
            // Debian's `users` is the system's, and nothing more than that.
            let is_harmless = group == "users";
            let stands = powers.is_some_and(|powers| powers.group(group).is_some());
            stands || !is_harmless && protect::is_privileged_group(group, gid.get())
        };
        let power = names.iter().find(|group| grants(group));
        Some(power.map_or(Ok(()), |group| {
            let group = (*group).to_owned();
            Err(Reason::PrimaryGroupOfPower { gid, group })
        }))
    }
}
