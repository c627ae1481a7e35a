//! Names, numbers and homes that more than one want, or that are somebody else's: for accounts and groups alike.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

use super::{WantedAccount, kept};
use crate::model::history::EntryKind;
use crate::model::owned::{Owned, OwnedAccount, State};
use crate::model::{InStep, Name, RemoteId, Untrusted, repeated, repeated_of};
use crate::policy::holders::Holders;
use crate::policy::{Reason, Refusal, Remark};

/// What accounts and groups that are wanted have in common.
pub(crate) trait Wanted {
    /// Which of the two.
    const KIND: EntryKind;
    /// One that the ledger has.
    type Own;
    /// The provider's id.
    fn id(&self) -> &RemoteId;
    /// The name so far.
    fn name(&self) -> &str;
    /// Another name that it should have.
    fn rename(&self) -> Option<&str>;
    /// The same, to be given out.
    fn new_name(&self) -> Option<Name>;
    /// Leaves it with the name that it has.
    fn keep_name(&mut self);
    /// The uid or gid that is asked for.
    fn number(&self) -> Option<u32>;
    /// The home, of an account.
    fn home(&self) -> Option<&str>;
    /// What the ledger has of all of its kind.
    fn known(owned: &Owned) -> &BTreeMap<RemoteId, Self::Own>;
    /// The name and the state that the ledger has of one.
    fn own(own: &Self::Own) -> (&str, State);
}

impl Wanted for WantedAccount {
    const KIND: EntryKind = EntryKind::Account;

    type Own = OwnedAccount;

    fn id(&self) -> &RemoteId {
        &self.id
    }

    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn rename(&self) -> Option<&str> {
        self.rename.as_ref().map(|name| name.as_str())
    }

    fn new_name(&self) -> Option<Name> {
        self.rename.clone().map(Name::from)
    }

    fn keep_name(&mut self) {
        self.rename = None;
    }

    fn number(&self) -> Option<u32> {
        self.uid.map(|uid| uid.get())
    }

    fn home(&self) -> Option<&str> {
        Some(&self.fields.home)
    }

    fn known(owned: &Owned) -> &BTreeMap<RemoteId, OwnedAccount> {
        &owned.accounts
    }

    fn own(own: &OwnedAccount) -> (&str, State) {
        (&own.name, own.state)
    }
}

/// Settles who can have what. Those who cannot keep the name that they have, or are refused.
pub(super) fn settle<W: Wanted>(
    all: &mut Vec<W>,
    owned: &Owned,
    refusals: &mut Vec<Refusal>,
    remarks: &mut Vec<Remark>,
) {
    let newcomers = newcomers(all, owned);
    let names = match newcomers.contains(&true) {
        true => {
            let both = |one| [Some(Wanted::name(one)), Wanted::rename(one)];
            let names = repeated_by(all, &newcomers, both);
            names.into_iter().map(str::to_owned).collect()
        }
        false => BTreeSet::new(),
    };
    let holders = Holders::of(owned);
    keep_names_of_others(all, &holders, remarks);
    refuse_twins(all, &newcomers, &names, &holders, refusals);
}

/// Of each, whether others may be in its way: not in that of whoever is there, or was under this name, but in that of who
/// comes back under another one.
fn newcomers<W: Wanted>(all: &[W], owned: &Owned) -> Vec<bool> {
    let mut known = InStep::with(W::known(owned));
    let is_new = |one: &W| match known.get(one.id()).map(W::own) {
        Some((name, state)) => !state.is_present() && name != one.name(),
        None => true,
    };
    all.iter().map(is_new).collect()
}

/// Those in whose way others may be.
fn newest<'a, W>(all: &'a [W], newcomers: &'a [bool]) -> impl Iterator<Item = &'a W> {
    let both = all.iter().zip(newcomers);
    both.filter_map(|(one, is_new)| is_new.then_some(one))
}

/// What more than one want, and at least one of the newcomers among them. `wishes`: what one wants.
fn repeated_by<'a, W, T: Clone + Ord + Hash, const N: usize>(
    all: &'a [W],
    newcomers: &'a [bool],
    wishes: impl Fn(&'a W) -> [Option<T>; N],
) -> BTreeSet<T> {
    let of_all = || all.iter().flat_map(|one| wishes(one).into_iter().flatten());
    // On a new host each would be looked up twice.
    if !newcomers.contains(&false) {
        return repeated(of_all(), all.len());
    }
    let come = newest(all, newcomers);
    repeated_of(
        come.flat_map(|one| wishes(one).into_iter().flatten()),
        of_all(),
    )
}

/// A name that now belongs to another is a conflict, and nobody inherits it: neither of those who want it is renamed, nor
/// are two who change names with each other.
fn keep_names_of_others<W: Wanted>(
    all: &mut [W],
    holders: &Holders<'_>,
    remarks: &mut Vec<Remark>,
) {
    let kind = W::KIND;
    if all.iter().all(|one| one.rename().is_none()) {
        return;
    }
    let conflicts: Vec<Option<Reason>> = {
        let targets = all.iter().map(|one| one.rename().unwrap_or(one.name()));
        let targets = repeated_of(all.iter().filter_map(Wanted::rename), targets);
        let conflict = |one: &W, new: &str| match holders.other(kind, new, one.id()) {
            Some(held) => Some(Reason::ThatNameTaken {
                kind,
                by: held.by(),
            }),
            None => targets
                .contains(new)
                .then_some(Reason::TwoWouldHaveName { kind }),
        };
        all.iter()
            .map(|one| Some(kept(one.rename()?, conflict(one, one.rename()?)?)))
            .collect()
    };
    for (one, conflict) in all.iter_mut().zip(conflicts) {
        let Some(reason) = conflict else { continue };
        remarks.push(Remark::new(one.name(), reason));
        one.keep_name();
    }
}

/// Refuses all whose name, number or home another wants too, unless the ledger knows them. `names`: those that several
/// want.
fn refuse_twins<W: Wanted>(
    all: &mut Vec<W>,
    newcomers: &[bool],
    names: &BTreeSet<String>,
    holders: &Holders<'_>,
    refusals: &mut Vec<Refusal>,
) {
    let kind = W::KIND;
    let refused: BTreeMap<RemoteId, Reason> = {
        let all = all.as_slice();
        let numbers = LazyCell::new(|| repeated_by(all, newcomers, |one| [one.number()]));
        let homes = LazyCell::new(|| repeated_by(all, newcomers, |one| [one.home()]));
        let twin_of = |one: &W, is_new: bool| -> Option<Reason> {
            if let Some(held) = holders.other(kind, one.name(), one.id()) {
                return Some(held.refusal(kind, one.name()));
            }
            if !is_new {
                return None;
            }
            if names.contains(one.name()) {
                let name = one.name().to_owned();
                return Some(Reason::TwoWouldBeCalled { kind, name });
            }
            if let Some(id) = one.number().filter(|number| numbers.contains(number)) {
                return Some(Reason::TwoAskForNumber { kind, id });
            }
            // Nobody's wish keeps out the one whose name the home has.
            let is_wish = |home: &&str| home.rsplit('/').next() != Some(one.name());
            let shared = one.home().filter(|home| homes.contains(home));
            let home = shared.filter(is_wish)?.to_owned();
            Some(Reason::TwoAskForHome { home })
        };
        let twins = all.iter().zip(newcomers);
        twins
            .filter_map(|(one, is_new)| Some((one.id().clone(), twin_of(one, *is_new)?)))
            .collect()
    };
    all.retain(|one| match refused.get(one.id()) {
        Some(reason) => {
            refusals.push(Refusal {
                id: Some(one.id().clone()),
                subject: Untrusted::new(one.name()),
                reason: reason.clone(),
            });
            false
        }
        None => true,
    });
}
