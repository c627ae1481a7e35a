//! The plan for people who get an account: names, ids and homes that nobody else has or ever had.

use std::collections::BTreeMap;

use super::accounts::Against;
use super::release::given_back;
use super::rungs;
use crate::model::history::EntryKind;
use crate::model::host::{Host, Owner};
use crate::model::owned::{Owned, OwnedAccount, State};
use crate::model::{Gid, RemoteId, Uid, Untrusted};
use crate::plan::{Change, Deed, NewAccount, Plan};
use crate::policy::alloc::{Allocator, SpanAllocator};
use crate::policy::map::WantedAccount;
use crate::policy::{AccountRules, PrimaryGroup, Reason, Refusal};

/// People without an account. Ids are given in the order of their immutable ids; asked-for ids come first.
pub(super) fn create(
    fresh: Vec<(WantedAccount, Option<&OwnedAccount>)>,
    against: &Against<'_>,
    plan: &mut Plan,
) -> Vec<Change> {
    let Against { host, owned, .. } = *against;
    let rules = &against.rules.accounts;
    let mut created = Vec::new();
    if fresh.is_empty() {
        return created;
    }
    let gid = match primary_gid(host, rules) {
        Ok(gid) => gid,
        Err(reason) => {
            for (account, _) in fresh {
                plan.refused.push(refusal(&account, reason.clone()));
            }
            return created;
        }
    };
    let mut uids = Allocator::new(rules.uid_range, vec![&host.ids, &owned.ids], &host.subids);
    let mut subids = rules.subids().map(|s| {
        let given = owned
            .subids
            .iter()
            .map(|&first| (first, first.saturating_add(s.count - 1)));
        let ids = host.ids.iter().chain(&owned.ids).map(|&id| (id, id));
        SpanAllocator::new(
            s.first,
            s.last,
            s.count,
            host.subids.iter().chain(given).chain(ids).collect(),
        )
    });
    let in_use = InUse::new(host, owned);
    let (mut sound, mut refused) = (Vec::new(), Vec::new());
    for (account, own) in fresh {
        match conflict(
            &account,
            own,
            host,
            owned,
            &in_use,
            is_private(own, rules),
            &uids,
        ) {
            Some(reason) => refused.push(refusal(&account, reason)),
            None => {
                if let UidFrom::Ledger(uid) | UidFrom::Provider(uid) = UidFrom::of(own, account.uid)
                {
                    uids.claim(uid.get());
                }
                sound.push((account, own));
            }
        }
    }
    for (account, own) in sound {
        let uid = match UidFrom::of(own, account.uid) {
            UidFrom::Ledger(uid) | UidFrom::Provider(uid) => uid,
            UidFrom::Range => match uids.next_free().map(Uid::new) {
                Ok(Some(uid)) => uid,
                Ok(None) => continue,
                Err(e) => {
                    let (kind, range) = (EntryKind::Account, e);
                    refused.push(refusal(&account, Reason::NoNumberLeft { kind, range }));
                    continue;
                }
            },
        };
        let home = if rules.create_home {
            (against.home_at)(&account.home)
        } else {
            None
        };
        if let Some(reason) = home.and_then(|owner| home_conflict(&account, uid, owner)) {
            refused.push(refusal(&account, reason));
            continue;
        }
        let range = match (own.and_then(|own| own.subid), &mut subids) {
            (Some(first), Some(_)) => rules.subids().map(|s| (first, s.count)),
            // What was adopted without a range is made again without one.
            (None, Some(_)) if own.is_some_and(|own| own.state.is_present()) => None,
            (None, Some(alloc)) => match (alloc.next_free(), rules.subids()) {
                (Some(first), Some(s)) => Some((first, s.count)),
                _ => {
                    refused.push(refusal(&account, Reason::NoSubidsLeft));
                    continue;
                }
            },
            (_, None) => None,
        };
        if let Some(archive) = own.and(owned.archives.get(&account.id)) {
            plan.remark(account.name.as_str(), rungs::back_with(archive));
        }
        let private_group = is_private(own, rules);
        let kept = own
            .filter(|own| own.state.is_present())
            .and_then(|own| Gid::new(own.gid));
        let new = if private_group {
            Gid::new(uid.get())
        } else {
            gid
        };
        let Some(gid) = kept.or(new) else { continue };
        if !private_group && !in_use.gids.contains_key(&gid.get()) {
            refused.push(refusal(&account, Reason::NoGroupOfGid { gid }));
            continue;
        }
        let make_home = rules.create_home && home.is_none();
        let WantedAccount {
            id,
            name,
            gecos,
            home,
            shell,
            ..
        } = account;
        let create = Deed::CreateAccount(NewAccount {
            uid,
            gid,
            private_group,
            gecos,
            home,
            make_home,
            shell,
            subids: range,
        });
        created.push(Change::account(owned.key(&id), name, create));
    }
    plan.refused.append(&mut refused);
    created
}

/// Whether an account has a primary group of its own: as it had, if it was there until somebody removed it by hand.
fn is_private(own: Option<&OwnedAccount>, rules: &AccountRules) -> bool {
    match own.filter(|own| own.state.is_present()) {
        Some(own) => own.private_group,
        None => rules.primary_group == PrimaryGroup::Private,
    }
}

/// Where the uid of an account comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UidFrom {
    /// The person has it for good.
    Ledger(Uid),
    /// The provider asks for it.
    Provider(Uid),
    /// One that is free is given out.
    Range,
}

impl UidFrom {
    /// For an account that the ledger knows or not, and the uid that the provider asks for.
    pub fn of(own: Option<&OwnedAccount>, asked: Option<Uid>) -> Self {
        let asked = asked.map_or(Self::Range, Self::Provider);
        own.map_or(asked, |own| Self::Ledger(own.uid))
    }
}

/// Which homes, uids and gids the host's accounts and groups use, and whose they are.
struct InUse<'h> {
    homes: BTreeMap<&'h str, &'h str>,
    uids: BTreeMap<u32, &'h str>,
    gids: BTreeMap<u32, &'h str>,
    /// Homes that were ever given, and to whom.
    given: BTreeMap<&'h str, &'h RemoteId>,
}

impl<'h> InUse<'h> {
    fn new(host: &'h Host<'_>, owned: &'h Owned) -> Self {
        Self {
            homes: host
                .accounts
                .iter()
                .map(|(name, a)| (a.home, *name))
                .collect(),
            uids: host
                .accounts
                .iter()
                .map(|(name, a)| (a.uid, *name))
                .collect(),
            gids: host.groups.iter().map(|(name, g)| (g.gid, *name)).collect(),
            given: owned
                .accounts
                .iter()
                .map(|(id, own)| (own.applied.home.as_str(), id))
                .collect(),
        }
    }
}

fn refusal(account: &WantedAccount, reason: Reason) -> Refusal {
    Refusal {
        id: Some(account.id.clone()),
        subject: Untrusted::new(account.name.as_str()),
        reason,
    }
}

/// The gid of the shared primary group; `None` when every account has its own.
fn primary_gid(host: &Host<'_>, rules: &AccountRules) -> Result<Option<Gid>, Reason> {
    let PrimaryGroup::Local(name) = &rules.primary_group else {
        return Ok(None);
    };
    let group = host
        .groups
        .get(name.as_str())
        .ok_or_else(|| Reason::NoPrimaryGroup { name: name.clone() })?;
    let gid = group.gid;
    Gid::new(gid).map(Some).ok_or_else(|| {
        let name = name.clone();
        Reason::PrimaryGroupNumber { name, gid }
    })
}

/// Why a new account cannot be made, as far as names and ids go.
fn conflict(
    account: &WantedAccount,
    own: Option<&OwnedAccount>,
    host: &Host<'_>,
    owned: &Owned,
    in_use: &InUse<'_>,
    private: bool,
    uids: &Allocator<'_>,
) -> Option<Reason> {
    let name = account.name.as_str();
    // What was given back to the host is not taken again, though the numbers are the same.
    let is_released = own.is_some_and(|own| own.state == State::Released);
    let set_aside =
        |id: u32, ours: u32| own.is_some_and(|own| ours == id && own.name == name) && !is_released;
    let own_uid = own.map_or(0, |own| own.uid.get());
    let own_gid = own.map_or(0, |own| {
        if own.state.is_present() {
            own.gid
        } else {
            own.uid.get()
        }
    });
    if let Some(found) = host
        .accounts
        .get(name)
        .filter(|found| is_released && found.uid == own_uid)
    {
        return Some(Reason::GivenBackStands {
            kind: EntryKind::Account,
            id: found.uid,
            back: given_back(name, owned.aliases.accounts.get(&account.id), false),
        });
    }
    if let Some(found) = host
        .accounts
        .get(name)
        .filter(|found| !set_aside(found.uid, own_uid))
    {
        return Some(Reason::NotOurs {
            kind: EntryKind::Account,
            name: name.to_owned(),
            id: found.uid,
        });
    }
    if let Some(reason) = name_conflict(name, host, owned) {
        return Some(reason);
    }
    if let Some(found) = host
        .groups
        .get(name)
        .filter(|found| private && !set_aside(found.gid, own_gid))
    {
        return Some(Reason::NotOurs {
            kind: EntryKind::Group,
            name: name.to_owned(),
            id: found.gid,
        });
    }
    if let Some(other) = in_use
        .homes
        .get(account.home.as_str())
        .filter(|other| **other != name)
    {
        let (home, by) = (account.home.clone(), (*other).to_owned());
        return Some(Reason::HomeUsed { home, by });
    }
    if let Some(other) = in_use
        .given
        .get(account.home.as_str())
        .filter(|other| **other != &account.id)
    {
        let (home, by) = (account.home.clone(), RemoteId::clone(other));
        return Some(Reason::HomeNotInherited { home, by });
    }
    match own {
        Some(own) => {
            let number = own.uid.get();
            if let Some(other) = in_use.uids.get(&number).filter(|other| **other != name) {
                return Some(Reason::NumberUsed {
                    kind: EntryKind::Account,
                    id: number,
                    by: (*other).to_owned(),
                });
            }
            let other = in_use
                .gids
                .get(&own_gid)
                .filter(|other| private && **other != name)?;
            let (id, by) = (own_gid, (*other).to_owned());
            Some(Reason::OwnGroupNumberUsed { id, by })
        }
        None => {
            let uid = account.uid.filter(|uid| !uids.is_free(uid.get()))?;
            let (kind, id) = (EntryKind::Account, uid.get());
            Some(Reason::NumberTaken { kind, id })
        }
    }
}

fn home_conflict(account: &WantedAccount, uid: Uid, found: Owner) -> Option<Reason> {
    let home = account.home.clone();
    match found {
        Owner::Directory(owner) if owner == uid.get() => None,
        Owner::Directory(uid) => Some(Reason::HomeOfOther { home, uid }),
        Owner::NotADirectory => Some(Reason::HomeNoDirectory { home }),
    }
}

/// Why nothing of gosync's can have this name, whatever it is.
pub(super) fn name_conflict(name: &str, host: &Host<'_>, owned: &Owned) -> Option<Reason> {
    let text = || name.to_owned();
    if host.repeated.contains(name) {
        return Some(Reason::Repeated { name: text() });
    }
    if host.broken.contains(name) {
        return Some(Reason::Malformed { name: text() });
    }
    if let Some(&id) = host.elsewhere.get(name) {
        return Some(Reason::KnownElsewhere { name: text(), id });
    }
    let is_taken = owned.other_names.contains(name);
    is_taken.then(|| Reason::OtherProvider { name: text() })
}
