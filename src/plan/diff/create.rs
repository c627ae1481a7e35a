//! The plan for people who get an account: names, ids and homes that nobody else has or ever had.

use std::collections::BTreeMap;

use super::accounts::Against;
use super::release::given_back;
use super::rungs;
use crate::model::host::{Host, Owner};
use crate::model::owned::{Owned, OwnedAccount, State};
use crate::model::{Gid, RemoteId, Uid, Untrusted};
use crate::plan::{Change, Deed, NewAccount, Plan};
use crate::policy::alloc::{Allocator, SpanAllocator};
use crate::policy::map::WantedAccount;
use crate::policy::{AccountRules, PrimaryGroup, Refusal};

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
                    refused.push(refusal(
                        &account,
                        format!("{e}; widen `uid_range` in the configuration"),
                    ));
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
                    refused.push(refusal(
                        &account,
                        "no range of subordinate ids is left; widen `subid_range` in the configuration",
                    ));
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
            refused.push(refusal(
                &account,
                format!("the group of its gid {gid} is not on this host"),
            ));
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

fn refusal(account: &WantedAccount, reason: impl Into<String>) -> Refusal {
    Refusal {
        id: Some(account.id.clone()),
        subject: Untrusted::new(account.name.as_str()),
        reason: reason.into(),
    }
}

/// The gid of the shared primary group; `None` when every account has its own.
fn primary_gid(host: &Host<'_>, rules: &AccountRules) -> Result<Option<Gid>, String> {
    let PrimaryGroup::Local(name) = &rules.primary_group else {
        return Ok(None);
    };
    let group = host
        .groups
        .get(name.as_str())
        .ok_or_else(|| format!("the primary group `{name}` is not on this host"))?;
    Gid::new(group.gid)
        .map(Some)
        .ok_or_else(|| format!("the primary group `{name}` has the gid {}", group.gid))
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
) -> Option<String> {
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
        let given_back = given_back(name, owned.aliases.accounts.get(&account.id), false);
        return Some(format!(
            "the account `{name}` (uid {}) {given_back}",
            found.uid
        ));
    }
    if let Some(found) = host
        .accounts
        .get(name)
        .filter(|found| !set_aside(found.uid, own_uid))
    {
        return Some(format!(
            "an account `{name}` (uid {}) is on this host already and is not gosync's",
            found.uid
        ));
    }
    if let Some(reason) = name_conflict(name, host, owned) {
        return Some(reason);
    }
    if let Some(found) = host
        .groups
        .get(name)
        .filter(|found| private && !set_aside(found.gid, own_gid))
    {
        return Some(format!(
            "a group `{name}` (gid {}) is on this host already and is not gosync's",
            found.gid
        ));
    }
    if let Some(other) = in_use
        .homes
        .get(account.home.as_str())
        .filter(|other| **other != name)
    {
        return Some(format!("the home {} is that of `{other}`", account.home));
    }
    if let Some(other) = in_use
        .given
        .get(account.home.as_str())
        .filter(|other| **other != &account.id)
    {
        return Some(format!(
            "the home {} was given to another person, {other}, and nobody inherits it",
            account.home
        ));
    }
    match own {
        Some(own) => {
            let number = own.uid.get();
            if let Some(other) = in_use.uids.get(&number).filter(|other| **other != name) {
                return Some(format!("its uid {number} is now used by `{other}`"));
            }
            let other = in_use
                .gids
                .get(&own_gid)
                .filter(|other| private && **other != name)?;
            Some(format!(
                "the gid {own_gid} of its own group is now used by the group `{other}`"
            ))
        }
        None => {
            let uid = account.uid.filter(|uid| !uids.is_free(uid.get()))?;
            Some(format!(
                "the uid {uid} is in use, or was given to somebody before"
            ))
        }
    }
}

fn home_conflict(account: &WantedAccount, uid: Uid, found: Owner) -> Option<String> {
    match found {
        Owner::Directory(owner) if owner == uid.get() => None,
        Owner::Directory(owner) => Some(format!(
            "{} exists already and belongs to the uid {owner}",
            account.home
        )),
        Owner::NotADirectory => Some(format!(
            "{} exists already and is no directory",
            account.home
        )),
    }
}

/// Why nothing of gosync's can have this name, whatever it is.
pub(super) fn name_conflict(name: &str, host: &Host<'_>, owned: &Owned) -> Option<String> {
    if host.repeated.contains(name) {
        return Some(format!("`{name}` stands more than once in the databases"));
    }
    if host.broken.contains(name) {
        return Some(format!(
            "`{name}` stands in a malformed line of the databases; see pwck(8) and grpck(8)"
        ));
    }
    if let Some(id) = host.elsewhere.get(name) {
        return Some(format!(
            "another name service of this host knows a `{name}` (id {id})"
        ));
    }
    let is_taken = owned.other_names.contains(name);
    is_taken.then(|| format!("the name `{name}` belongs to another provider's account or group"))
}
