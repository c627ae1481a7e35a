//! The plan for people who get an account: names, ids and homes that nobody else has or ever had.

use super::departure;
use super::input::DiffInput;
use crate::model::history::EntryKind;
use crate::model::host::{Host, Owner};
use crate::model::owned::{OwnedAccount, State};
use crate::model::power::Powers;
use crate::model::{Gid, Uid, Untrusted};
use crate::plan::claims::{Claims, OwnGroup, Wish};
use crate::plan::{Change, Deed, NewAccount, Plan};
use crate::policy::alloc::{Allocator, SpanAllocator};
use crate::policy::map::WantedAccount;
use crate::policy::{AccountRules, PrimaryGroup, Reason, Refusal};

/// People without an account. Ids are given in the order of their immutable ids; asked-for ids come first.
pub(super) fn create(
    fresh: Vec<(WantedAccount, Option<&OwnedAccount>)>,
    against: &DiffInput<'_>,
    plan: &mut Plan,
) -> Vec<Change> {
    let DiffInput { host, owned, .. } = *against;
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
    for id in host.powers().into_iter().flat_map(Powers::numbers) {
        uids.claim(id);
    }
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
    let claims = Claims::new(host, owned);
    let (mut sound, mut refused) = (Vec::new(), Vec::new());
    for (account, own) in fresh {
        let alias = owned.aliases.accounts.get(&account.id);
        let fresh = Fresh {
            account,
            own,
            private: is_private(own, rules),
        };
        let conflict = conflict(&fresh, alias, &claims, &uids);
        let account = fresh.account;
        match conflict {
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
            against.probe.owner(&account.home)
        } else {
            Ok(None)
        };
        let home = match home {
            Ok(home) => home,
            Err(e) => {
                // Whoever comes after gets what they would have got.
                if let (Some(alloc), None) = (&mut subids, own) {
                    alloc.next_free();
                }
                refused.push(refusal(&account, e.into()));
                continue;
            }
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
            plan.remark(account.name.as_str(), departure::back_with(archive));
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
        if !private_group && !claims.is_gid(gid.get()) {
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

/// Somebody who is to get an account.
struct Fresh<'a> {
    account: WantedAccount,
    /// What the ledger has of it.
    own: Option<&'a OwnedAccount>,
    /// Whether it has a primary group of its own.
    private: bool,
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
pub(crate) enum UidFrom {
    /// The person has it for good.
    Ledger(Uid),
    /// The provider asks for it.
    Provider(Uid),
    /// One that is free is given out.
    Range,
}

impl UidFrom {
    /// For an account that the ledger knows or not, and the uid that the provider asks for.
    pub(crate) fn of(own: Option<&OwnedAccount>, asked: Option<Uid>) -> Self {
        let asked = asked.map_or(Self::Range, Self::Provider);
        own.map_or(asked, |own| Self::Ledger(own.uid))
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

/// Why a new account cannot be made, as far as names and ids go. `alias`: what the name stood for when the account was
/// adopted.
fn conflict(
    fresh: &Fresh<'_>,
    alias: Option<&String>,
    claims: &Claims<'_>,
    uids: &Allocator<'_>,
) -> Option<Reason> {
    let &Fresh {
        ref account,
        own,
        private,
    } = fresh;
    let name = account.name.as_str();
    let same = own.filter(|own| own.name == name && own.state != State::Released);
    let own_gid = |own: &OwnedAccount| match own.state.is_present() {
        true => own.gid,
        false => own.uid.get(),
    };
    let wish = |number| Wish {
        kind: EntryKind::Account,
        name,
        number,
        group: private.then_some(OwnGroup {
            gid: same.map(own_gid),
        }),
    };
    let released = own.filter(|own| own.state == State::Released);
    if let Some(reason) =
        released.and_then(|own| claims.given_back(wish(Some(own.uid.get())), alias))
    {
        return Some(reason);
    }
    let taken = claims
        .name(wish(same.map(|own| own.uid.get())))
        .or_else(|| claims.home(&account.home, name, &account.id));
    taken.or_else(|| match own {
        Some(own) => claims
            .number(EntryKind::Account, own.uid.get(), name)
            .or_else(|| claims.own_gid(own_gid(own), name).filter(|_| private)),
        None => {
            let uid = account.uid.filter(|uid| !uids.is_free(uid.get()))?;
            let (kind, id) = (EntryKind::Account, uid.get());
            let of_power = claims.number_of_power(kind, id);
            of_power.or(Some(Reason::NumberTaken { kind, id }))
        }
    })
}

fn home_conflict(account: &WantedAccount, uid: Uid, found: Owner) -> Option<Reason> {
    let home = account.home.clone();
    match found {
        Owner::Directory(owner) if owner == uid.get() => None,
        Owner::Directory(uid) => Some(Reason::HomeOfOther { home, uid }),
        Owner::NotADirectory => Some(Reason::HomeNoDirectory { home }),
    }
}
