//! The plan for people who get an account: names, ids and homes that nobody else has or ever had.

use super::departure;
use super::home_base::check_making;
use super::input::DiffInput;
use super::primary_group::Primary;
use crate::model::history::EntryKind;
use crate::model::host::Owner;
use crate::model::owned::{Owned, OwnedAccount, State};
use crate::model::power::Powers;
use crate::model::{Gid, Uid, Untrusted};
use crate::plan::claims::{Claims, OwnGroup, Wish};
use crate::plan::{Change, Deed, NewAccount, Plan, effects};
use crate::policy::alloc::{Allocator, NamedNumbers, SpanAllocator};
use crate::policy::map::{WantedAccount, WantedGroup};
use crate::policy::{AccountRules, Ids, PrimaryGroup, Reason, Refusal};

/// People without an account. Ids are given in the order of their immutable ids; asked-for ids come first.
pub(super) fn create(
    fresh: Vec<(WantedAccount, Option<&OwnedAccount>)>,
    said: &Said<'_>,
    against: &DiffInput<'_>,
    plan: &mut Plan,
) -> Vec<Change> {
    if fresh.is_empty() {
        return Vec::new();
    }
    let primary = match Primary::new(against.host, &against.rules.accounts) {
        Ok(primary) => primary,
        Err(reason) => {
            for (account, _) in fresh {
                plan.refused.push(refusal(&account, reason.clone()));
            }
            return Vec::new();
        }
    };
    let mut making = Making::new(primary, said.named, against);
    let (mut sound, mut refused) = (Vec::new(), Vec::new());
    for (account, own) in fresh {
        match making.consider(account, own) {
            Ok(fresh) => sound.push(fresh),
            Err(refusal) => refused.push(*refusal),
        }
    }
    let accounts = sound.iter().map(|fresh| &fresh.account);
    let mut created = making.primary.make(accounts, said.groups, against);
    for number in created
        .iter()
        .filter_map(|change| effects(change).gives.number)
    {
        making.uids.claim(number.get());
    }
    for fresh in sound {
        match making.give(&fresh, plan) {
            Ok(Some(given)) => created.push(fresh.change(given, against.owned)),
            Ok(None) => {}
            Err(reason) => refused.push(refusal(&fresh.account, reason)),
        }
    }
    plan.refused.append(&mut refused);
    created
}

/// What the provider says besides who is to get an account.
pub(super) struct Said<'a> {
    /// The numbers that records name.
    pub named: &'a NamedNumbers,
    /// The groups that may be primary groups.
    pub groups: &'a [WantedGroup],
}

/// What new accounts are made of.
struct Making<'a> {
    against: &'a DiffInput<'a>,
    claims: Claims<'a>,
    uids: Allocator<'a>,
    named: &'a NamedNumbers,
    subids: Option<SpanAllocator>,
    primary: Primary,
}

impl<'a> Making<'a> {
    fn new(primary: Primary, named: &'a NamedNumbers, against: &'a DiffInput<'a>) -> Self {
        let DiffInput { host, owned, .. } = *against;
        let rules = &against.rules.accounts;
        let subids = rules.subids().map(|s| {
            let given = owned
                .subids
                .iter()
                .map(|&first| (first, first.saturating_add(s.count - 1)));
            let ids = host.ids.iter().chain(&owned.ids).map(|&id| (id, id));
            let retired = owned.retired.subids.iter();
            let retired = retired.map(|(first, last)| (first, last.saturating_add(s.count - 1)));
            let busy = host.subids.iter().chain(given).chain(retired);
            let taken = busy.chain(ids).collect();
            SpanAllocator::new(s.first, s.last, s.count, taken)
        });
        let taken = vec![&host.ids, &owned.ids];
        let mut uids =
            Allocator::new(rules.uid_range, taken, &host.subids, named).but_for(&owned.retired);
        for id in host.powers().into_iter().flat_map(Powers::numbers) {
            uids.claim(id);
        }
        Self {
            against,
            claims: Claims::new(host, owned),
            uids,
            named,
            subids,
            primary,
        }
    }

    /// Takes somebody, unless a name or an id is in the way.
    fn consider<'o>(
        &mut self,
        account: WantedAccount,
        own: Option<&'o OwnedAccount>,
    ) -> Result<Fresh<'o>, Box<Refusal>> {
        let fresh = Fresh {
            private: is_private(own, &self.against.rules.accounts),
            account,
            own,
        };
        let alias = self.against.owned.aliases.accounts.get(&fresh.account.id);
        if let Some(reason) = conflict(&fresh, alias, &self.claims, &self.uids) {
            return Err(Box::new(refusal(&fresh.account, reason)));
        }
        if let UidFrom::Ledger(uid) | UidFrom::Provider(uid) = UidFrom::of(own, fresh.account.uid) {
            self.uids.claim(uid.get());
        }
        Ok(fresh)
    }

    /// Gives somebody what an account needs; `None`: there is no number that could be one.
    fn give(&mut self, fresh: &Fresh<'_>, plan: &mut Plan) -> Result<Option<Given>, Reason> {
        let &Fresh {
            ref account, own, ..
        } = fresh;
        let Some(uid) = self.uid(fresh)? else {
            return Ok(None);
        };
        if let Some(reason) = self.claims.number_unanswered(uid.get()) {
            return Err(reason);
        }
        let make_home = self.makes_home(fresh, uid)?;
        let subids = self.subids(own)?;
        if let Some(archive) = own.and(self.against.owned.archives.get(&account.id)) {
            plan.remark(account.name.as_str(), departure::back_with(archive));
        }
        let Some(gid) = self.gid(fresh, uid)? else {
            return Ok(None);
        };
        Ok(Some(Given {
            uid,
            gid,
            make_home,
            subids,
        }))
    }

    fn uid(&mut self, fresh: &Fresh<'_>) -> Result<Option<Uid>, Reason> {
        match UidFrom::of(fresh.own, fresh.account.uid) {
            UidFrom::Ledger(uid) | UidFrom::Provider(uid) => Ok(Some(uid)),
            UidFrom::Range if self.against.rules.accounts.ids == Ids::Provider => {
                let kind = EntryKind::Account;
                Err(Reason::NoNumberNamed { kind })
            }
            UidFrom::Range if self.named.may_hide_some() => {
                let kind = EntryKind::Account;
                Err(Reason::NumbersUnread { kind })
            }
            UidFrom::Range => self.uids.next_free().map(Uid::new).map_err(|range| {
                let kind = EntryKind::Account;
                Reason::NoNumberLeft { kind, range }
            }),
        }
    }

    /// Whether the home has to be made.
    fn makes_home(&mut self, fresh: &Fresh<'_>, uid: Uid) -> Result<bool, Reason> {
        if !self.against.rules.accounts.create_home {
            return Ok(false);
        }
        let home = &fresh.account.fields.home;
        let probe = self.against.probe;
        let unmakeable = match probe.owner(home) {
            Ok(None) => match check_making(home, self.against) {
                Ok(()) => return Ok(true),
                Err(reason) => reason,
            },
            Ok(Some(owner)) => {
                let conflict = home_conflict(&fresh.account, uid, owner);
                return conflict.map_or(Ok(false), Err);
            }
            Err(e) => e.into(),
        };
        // Whoever comes after gets what they would have got.
        if let (Some(alloc), None) = (&mut self.subids, fresh.own) {
            alloc.next_free();
        }
        Err(unmakeable)
    }

    /// Its subordinate ids.
    fn subids(&mut self, own: Option<&OwnedAccount>) -> Result<Option<(u32, u32)>, Reason> {
        let (Some(alloc), Some(rule)) = (&mut self.subids, self.against.rules.accounts.subids())
        else {
            return Ok(None);
        };
        let first = match own.and_then(|own| own.subid) {
            Some(first) => Some(first),
            // What was adopted without a range is made again without one.
            None if own.is_some_and(|own| own.state.is_present()) => return Ok(None),
            None => alloc.next_free(),
        };
        match first {
            Some(first) => Ok(Some((first, rule.count))),
            None => Err(Reason::NoSubidsLeft),
        }
    }

    /// Its primary group; `None`: there is no number that could be one.
    fn gid(&self, fresh: &Fresh<'_>, uid: Uid) -> Result<Option<Gid>, Reason> {
        let kept = fresh.own.filter(|own| own.state.is_present());
        if let Some(gid) = kept.and_then(|own| Gid::new(own.gid)) {
            let is_there = fresh.private || self.claims.is_gid(gid.get());
            let there = is_there.then_some(Some(gid));
            return there.ok_or(Reason::NoGroupOfGid { gid });
        }
        let shared = self.primary.of(&fresh.account)?;
        Ok(shared.or_else(|| Gid::new(uid.get())))
    }
}

/// Somebody who is to get an account.
struct Fresh<'a> {
    account: WantedAccount,
    /// What the ledger has of it.
    own: Option<&'a OwnedAccount>,
    /// Whether it has a primary group of its own.
    private: bool,
}

impl Fresh<'_> {
    /// The change that makes the account.
    fn change(self, given: Given, owned: &Owned) -> Change {
        let WantedAccount {
            id, name, fields, ..
        } = self.account;
        let Given {
            uid,
            gid,
            make_home,
            subids,
        } = given;
        let create = Deed::CreateAccount(NewAccount {
            uid,
            gid,
            private_group: self.private,
            fields,
            make_home,
            subids,
        });
        Change::account(owned.key(&id), name, create)
    }
}

/// What a new account is given.
struct Given {
    uid: Uid,
    gid: Gid,
    make_home: bool,
    subids: Option<(u32, u32)>,
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
    if let Some(reason) = claims.was_rebound(EntryKind::Account, &account.id) {
        return Some(reason);
    }
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
        adopts: own.is_none(),
    };
    let released = own.filter(|own| own.state == State::Released);
    if let Some(reason) =
        released.and_then(|own| claims.given_back(wish(Some(own.uid.get())), alias))
    {
        return Some(reason);
    }
    let taken = claims
        .name(wish(same.map(|own| own.uid.get())))
        .or_else(|| claims.home(&account.fields.home, name, &account.id));
    taken.or_else(|| match own {
        Some(own) => claims
            .number(EntryKind::Account, own.uid.get(), name)
            .or_else(|| claims.own_gid(own_gid(own), name).filter(|_| private)),
        None => {
            let uid = account.uid.filter(|uid| !uids.is_free(uid.get()))?;
            // Directories give a person and the group that is theirs one number.
            let is_own_group = account.gid.is_some_and(|gid| gid.get() == uid.get());
            if is_own_group && claims.is_groups_alone(uid.get()) {
                return None;
            }
            let (kind, id) = (EntryKind::Account, uid.get());
            let of_power = claims.number_of_power(kind, id);
            of_power.or_else(|| Some(claims.taken(kind, id)))
        }
    })
}

fn home_conflict(account: &WantedAccount, uid: Uid, found: Owner) -> Option<Reason> {
    let home = account.fields.home.clone();
    match found {
        Owner::Directory(owner) if owner == uid.get() => None,
        Owner::Directory(uid) => Some(Reason::HomeOfOther { home, uid }),
        Owner::NotADirectory => Some(Reason::HomeNoDirectory { home }),
    }
}
