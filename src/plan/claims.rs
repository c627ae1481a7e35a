//! Whether a name, or a number, may be given to one account or group, and whose it is if not.
//!
//! The one place that knows for accounts and groups alike: lines of the host as glibc sees them, those that stand more
//! than once or are malformed, other name services, files that give power to names, the ledger with names that were given up and with what was taken
//! away, names of other providers, and numbers in use. It answers with a [`Reason`]. Pure; each list of the host is gone
//! through once, and only if it is asked about.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::model::history::EntryKind;
use crate::model::host::Host;
use crate::model::owned::{Owned, State};
use crate::model::subordinates;
use crate::model::{Key, Lookup, RemoteId};
use crate::policy::holders::{Held, Holders};
use crate::policy::{GivenBack, NumberHolder, Reason};

/// What is taken on a host, and by whom.
pub(crate) struct Claims<'a> {
    host: &'a Host<'a>,
    owned: &'a Owned,
    holders: Holders<'a>,
    uids: OnceCell<Lookup<u32, &'a str>>,
    gids: OnceCell<Lookup<u32, &'a str>>,
    numbered: OnceCell<BTreeMap<u32, (EntryKind, &'a str)>>,
    homes: OnceCell<Lookup<&'a str, &'a str>>,
    given_homes: OnceCell<Lookup<&'a str, &'a RemoteId>>,
    account_names: OnceCell<Names<'a>>,
    group_names: OnceCell<Names<'a>>,
    given: OnceCell<Given>,
}

/// All that have, or had last, each name by the ledger.
type Names<'a> = Lookup<&'a str, Vec<&'a RemoteId>>;

/// The numbers that were ever given, by whatever provider.
struct Given {
    uids: Lookup<u32, ()>,
    gids: Lookup<u32, ()>,
}

/// A name for an account or a group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'w> {
    /// For an account, or for a group.
    pub kind: EntryKind,
    /// The name.
    pub name: &'w str,
    /// The number of its own line, if that may stand under this name already.
    pub number: Option<u32>,
    /// Its own group, of an account that has one; the group gets the name, too.
    pub group: Option<OwnGroup>,
    /// Whether what has the name on the host could become that of the record that asks for it.
    pub adopts: bool,
}

/// The group that is an account's own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnGroup {
    /// Its number, if its line may stand under the name already.
    pub gid: Option<u32>,
}

impl<'a> Claims<'a> {
    /// Those of a host and a ledger.
    pub(crate) fn new(host: &'a Host<'a>, owned: &'a Owned) -> Self {
        Self {
            host,
            owned,
            holders: Holders::of(owned),
            uids: OnceCell::new(),
            gids: OnceCell::new(),
            numbered: OnceCell::new(),
            homes: OnceCell::new(),
            given_homes: OnceCell::new(),
            account_names: OnceCell::new(),
            group_names: OnceCell::new(),
            given: OnceCell::new(),
        }
    }

    /// Why something cannot have a name, as far as the host goes. Whether it is another's by the ledger, [`held`](Self::held)
    /// tells.
    pub(crate) fn name(&self, wish: Wish<'_>) -> Option<Reason> {
        let Wish { kind, name, .. } = wish;
        self.found(kind, name)
            .filter(|id| wish.number != Some(*id))
            .map(|id| self.another(wish, id))
            .or_else(|| self.account_of_name(wish))
            .or_else(|| self.any(name))
            .or_else(|| self.own_group(wish))
            .or_else(|| self.power(wish))
    }

    /// Why what the host has under a name, with this number, cannot be what is meant.
    fn another(
        &self,
        Wish {
            kind, name, adopts, ..
        }: Wish<'_>,
        id: u32,
    ) -> Reason {
        let given_back = self.owned.others.released.get(&(kind, name.to_owned()));
        let is_hosts = given_back.is_some_and(|(_, number)| *number == id);
        let others = self.other_provider(name).filter(|_| !is_hosts);
        others.unwrap_or_else(|| not_ours(kind, name, id, adopts))
    }

    /// Why the record `id` gets nothing: what it had is another record's now.
    pub(crate) fn was_rebound(&self, kind: EntryKind, id: &RemoteId) -> Option<Reason> {
        let former = match kind {
            EntryKind::Account => &self.owned.former_ids.accounts,
            EntryKind::Group | EntryKind::LocalGroup => &self.owned.former_ids.groups,
        };
        let name = former.get(id)?.clone();
        Some(Reason::WasRebound { kind, name })
    }

    /// What stands under a name with this number, and was given back to the host when it was that of a record that is gone.
    pub(crate) fn given_back_by(
        &self,
        (kind, name, number): (EntryKind, &str, u32),
        is_gone: &dyn Fn(&Key) -> bool,
    ) -> Option<Key> {
        let is_released = |id: &&&RemoteId| match kind {
            EntryKind::Account => self
                .owned
                .accounts
                .get(**id)
                .is_some_and(|own| own.state == State::Released && own.uid.get() == number),
            EntryKind::Group | EntryKind::LocalGroup => {
                let own = self.owned.groups.get(**id);
                own.is_some_and(|own| own.state == State::Released && own.gid.get() == number)
            }
        };
        let own = self.names(kind).get(name).into_iter().flatten();
        let own = own
            .filter(|id| is_released(id))
            .map(|id| self.owned.key(id));
        let others = &self.owned.others.released;
        let other = others.get(&(kind, name.to_owned()));
        let other = other.filter(|(_, given)| *given == number);
        own.chain(other.map(|(key, _)| key.clone()))
            .find(|key| is_gone(key))
    }

    /// A name that other files of the host give power to, unless its line stands already.
    fn power(
        &self,
        Wish {
            kind, name, group, ..
        }: Wish<'_>,
    ) -> Option<Reason> {
        if self.found(kind, name).is_some() {
            return None;
        }
        let powers = self.host.powers()?;
        let of_user = || powers.user(name).map(|place| (EntryKind::Account, place));
        let of_group = || powers.group(name).map(|place| (EntryKind::Group, place));
        let (kind, place) = match kind {
            EntryKind::Account => of_user().or_else(|| group.and_then(|_| of_group())),
            EntryKind::Group | EntryKind::LocalGroup => of_group(),
        }?;
        let (name, place) = (name.to_owned(), place.clone());
        Some(Reason::NameOfPower { kind, name, place })
    }

    /// The same for a number that a provider asks for.
    pub(crate) fn number_of_power(&self, kind: EntryKind, id: u32) -> Option<Reason> {
        let powers = self.host.powers()?;
        let place = match kind {
            EntryKind::Account => powers.uid(id),
            EntryKind::Group | EntryKind::LocalGroup => powers.gid(id),
        }?;
        let place = place.clone();
        Some(Reason::NumberOfPower { kind, id, place })
    }

    /// Whether what stands under the name was given back to the host. It is not taken again, though the number is the same.
    pub(crate) fn given_back(&self, wish: Wish<'_>, alias: Option<&String>) -> Option<Reason> {
        let Wish { kind, name, .. } = wish;
        let (id, is_account) = (self.found(kind, name)?, kind == EntryKind::Account);
        let shadowed = !is_account && self.host.accounts.contains_key(name);
        (wish.number == Some(id)).then(|| Reason::GivenBackStands {
            kind,
            id,
            back: GivenBack::new(name, alias, shadowed),
        })
    }

    /// The number of what the host has under a name.
    fn found(&self, kind: EntryKind, name: &str) -> Option<u32> {
        match kind {
            EntryKind::Account => self.host.accounts.get(name).map(|found| found.uid),
            EntryKind::Group | EntryKind::LocalGroup => {
                self.host.groups.get(name).map(|found| found.gid)
            }
        }
    }

    /// A group cannot be called as an account is: that may have, or get, a group of its own.
    fn account_of_name(&self, Wish { kind, name, .. }: Wish<'_>) -> Option<Reason> {
        let is_in_the_way = kind != EntryKind::Account && self.host.accounts.contains_key(name);
        is_in_the_way.then(|| Reason::AccountHasName {
            name: name.to_owned(),
        })
    }

    fn own_group(&self, Wish { name, group, .. }: Wish<'_>) -> Option<Reason> {
        let group = group?;
        let found = self.host.groups.get(name)?.gid;
        (group.gid != Some(found)).then(|| not_ours(EntryKind::Group, name, found, false))
    }

    /// Why nothing of gosync's can have this name, whatever it is.
    fn any(&self, name: &str) -> Option<Reason> {
        let elsewhere = || {
            let (name, id) = (name.to_owned(), *self.host.elsewhere.known.get(name)?);
            Some(Reason::KnownElsewhere { name, id })
        };
        unsound(name, self.host)
            .or_else(elsewhere)
            .or_else(|| self.unanswered(name))
            .or_else(|| self.other_provider(name))
    }

    /// Why nobody can say whether another name service knows a name or a number.
    fn unanswered(&self, key: &str) -> Option<Reason> {
        let why = self.host.elsewhere.unanswered.get(key)?.clone();
        Some(Reason::NotSeen { why })
    }

    /// The same for a number that is to be given out, whether it was asked for or was the next free one.
    pub(crate) fn number_unanswered(&self, number: u32) -> Option<Reason> {
        match self.host.elsewhere.unanswered.is_empty() {
            true => None,
            false => self.unanswered(&number.to_string()),
        }
    }

    fn other_provider(&self, name: &str) -> Option<Reason> {
        let provider = self.owned.others.names.get(name)?.clone();
        let name = name.to_owned();
        Some(Reason::OtherProvider { name, provider })
    }

    /// Why the name of a line of the host's cannot become that of `id`: it is, or was, another's. It is taken even if `id`
    /// has the name, too. `but`: the one whose it was, if it is to be `id`'s from now on.
    pub(crate) fn held(
        &self,
        (kind, name): (EntryKind, &str),
        id: &RemoteId,
        but: Option<&Key>,
    ) -> Option<Reason> {
        let is_own = |key: &&Key| key.provider == self.owned.provider;
        let own = but.filter(is_own).map(|key| &key.id);
        let is_another = |other: &RemoteId| other != id && Some(other) != own;
        let all = self.names(kind).get(name).into_iter().flatten().copied();
        let taken = all.filter(|other| is_another(other)).min().map(Held::Has);
        let holder = || self.holders.other(kind, name, id);
        taken
            .or_else(|| holder().filter(|held| is_another(&held.by())))
            .map(|held| held.refusal(kind, name))
            .or_else(|| {
                let is_moved = but.is_some_and(|key| !is_own(&key));
                self.other_provider(name).filter(|_| !is_moved)
            })
    }

    /// Whether the ledger has an account of this name that was not taken away.
    pub(crate) fn is_account(&self, name: &str) -> bool {
        let all = self.names(EntryKind::Account).get(name);
        let mut states = all
            .into_iter()
            .flatten()
            .filter_map(|id| self.owned.state_of(Some(id)));
        states.any(|state| state != State::Removed)
    }

    fn names(&self, kind: EntryKind) -> &Names<'a> {
        let (accounts, groups) = (&self.owned.accounts, &self.owned.groups);
        match kind {
            EntryKind::Account => self.account_names.get_or_init(|| {
                let rows = accounts.iter();
                by_name(rows.map(|(id, own)| (own.name.as_str(), id)))
            }),
            EntryKind::Group | EntryKind::LocalGroup => self.group_names.get_or_init(|| {
                let rows = groups.iter();
                by_name(rows.map(|(id, own)| (own.name.as_str(), id)))
            }),
        }
    }

    /// Whether a uid, or a gid, was ever given to anybody.
    pub(crate) fn is_given(&self, kind: EntryKind, number: u32) -> bool {
        let given = self.given.get_or_init(|| Given::of(self.owned));
        match kind {
            EntryKind::Account => given.uids.contains(&number),
            EntryKind::Group | EntryKind::LocalGroup => given.gids.contains(&number),
        }
    }

    /// The one whose name it is, or was, by the ledger, if that is another than `id`.
    pub(crate) fn other(&self, kind: EntryKind, name: &str, id: &RemoteId) -> Option<RemoteId> {
        self.holders.other(kind, name, id).map(|held| held.by())
    }

    /// Why what the ledger set aside as a uid or gid cannot be used: something of another name has it meanwhile.
    pub(crate) fn number(&self, kind: EntryKind, id: u32, name: &str) -> Option<Reason> {
        let by = self.user_of(kind, id).filter(|other| *other != name)?;
        let by = by.to_owned();
        Some(Reason::NumberUsed { kind, id, by })
    }

    /// Why a number that the provider asks for cannot be had: by whom it is taken.
    pub(crate) fn taken(&self, kind: EntryKind, id: u32) -> Reason {
        let by = self.holder(id);
        Reason::NumberTaken { kind, id, by }
    }

    fn holder(&self, id: u32) -> NumberHolder {
        let entry = |kind| {
            let name = self.user_of(kind, id)?;
            Some(NumberHolder::Entry(kind, name.to_owned()))
        };
        entry(EntryKind::Account)
            .or_else(|| entry(EntryKind::Group))
            .or_else(|| self.elsewhere_by_number(id))
            .or_else(|| {
                let is_subordinate = self.host.subids.contains(id);
                is_subordinate.then(|| NumberHolder::Subordinate(self.owner_of_subid(id)))
            })
            .or_else(|| self.gone(id))
            .unwrap_or(NumberHolder::Reserved)
    }

    /// Whether a number is the gid of a group of the host's, and as uid nobody's, not even by the ledger.
    pub(crate) fn is_groups_alone(&self, id: u32) -> bool {
        let is_account =
            self.user_of(EntryKind::Account, id).is_some() || self.is_given(EntryKind::Account, id);
        !is_account && self.user_of(EntryKind::Group, id).is_some()
    }

    fn elsewhere_by_number(&self, id: u32) -> Option<NumberHolder> {
        let known = self.host.elsewhere.known.iter();
        // What was asked by the number itself came back under the number.
        let mut named = known.filter(|(name, number)| **number == id && name.parse() != Ok(id));
        let name = named.next().map(|(name, _)| name.clone());
        name.map(NumberHolder::Elsewhere)
    }

    fn owner_of_subid(&self, id: u32) -> Option<String> {
        let files = self.host.databases.iter();
        let subids =
            files.filter(|(path, _)| path.ends_with("/subuid") || path.ends_with("/subgid"));
        let mut bytes = subids.filter_map(|(_, bytes)| *bytes);
        bytes.find_map(|bytes| subordinates::owner_in(bytes, id))
    }

    fn gone(&self, id: u32) -> Option<NumberHolder> {
        let (kind, name) = *self.numbered().get(&id)?;
        Some(NumberHolder::Gone(kind, name.to_owned()))
    }

    /// To whom the ledger gave each number; where an account and a group have it, the account.
    fn numbered(&self) -> &BTreeMap<u32, (EntryKind, &'a str)> {
        self.numbered.get_or_init(|| {
            let groups = self.owned.groups.values();
            let groups = groups.map(|own| (own.gid.get(), (EntryKind::Group, own.name.as_str())));
            let accounts = self.owned.accounts.values();
            let accounts =
                accounts.map(|own| (own.uid.get(), (EntryKind::Account, own.name.as_str())));
            groups.chain(accounts).collect()
        })
    }

    /// Why the gid of an account's own group cannot be used.
    pub(crate) fn own_gid(&self, id: u32, name: &str) -> Option<Reason> {
        let by = self.user_of(EntryKind::Group, id);
        let by = by.filter(|other| *other != name)?.to_owned();
        Some(Reason::OwnGroupNumberUsed { id, by })
    }

    /// Whether a group of the host has this gid.
    pub(crate) fn is_gid(&self, gid: u32) -> bool {
        self.user_of(EntryKind::Group, gid).is_some()
    }

    fn user_of(&self, kind: EntryKind, id: u32) -> Option<&'a str> {
        let numbers = match kind {
            EntryKind::Account => self
                .uids
                .get_or_init(|| self.host.accounts.last_by(|found| found.uid)),
            EntryKind::Group | EntryKind::LocalGroup => self
                .gids
                .get_or_init(|| self.host.groups.last_by(|found| found.gid)),
        };
        numbers.get(&id).copied()
    }

    /// Why a home cannot be given to the account `name` of `id`: nobody inherits one.
    pub(crate) fn home(&self, home: &str, name: &str, id: &RemoteId) -> Option<Reason> {
        let homes = self.homes.get_or_init(|| {
            let accounts = &self.host.accounts;
            accounts.last_by(|found| found.fields.home)
        });
        if let Some(by) = homes.get(home).filter(|other| **other != name) {
            let (home, by) = (home.to_owned(), (*by).to_owned());
            return Some(Reason::HomeUsed { home, by });
        }
        let given = self.given_homes.get_or_init(|| {
            let all = self.owned.accounts.iter();
            all.map(|(id, own)| (own.applied.fields.home.as_str(), id))
                .collect()
        });
        let by = given.get(home).filter(|other| **other != id)?;
        let (home, by) = (home.to_owned(), RemoteId::clone(by));
        Some(Reason::HomeNotInherited { home, by })
    }
}

fn by_name<'a>(rows: impl Iterator<Item = (&'a str, &'a RemoteId)>) -> Names<'a> {
    let mut sorted: Vec<_> = rows.collect();
    sorted.sort_unstable();
    let same = sorted.chunk_by(|(one, _), (other, _)| one == other);
    same.filter_map(|same| {
        let ids = same.iter().map(|(_, id)| *id).collect();
        Some((same.first()?.0, ids))
    })
    .collect()
}

impl Given {
    fn of(owned: &Owned) -> Self {
        let (accounts, others) = (owned.accounts.values(), &owned.others.numbers);
        let own_groups = accounts.clone().filter(|own| own.private_group);
        let gids = own_groups.map(|own| own.gid);
        let gids = gids.chain(owned.groups.values().map(|own| own.gid.get()));
        let uids = accounts.map(|own| own.uid.get());
        Self {
            uids: uids
                .chain(others.uids.iter().copied())
                .map(|id| (id, ()))
                .collect(),
            gids: gids
                .chain(others.gids.iter().copied())
                .map(|id| (id, ()))
                .collect(),
        }
    }
}

fn not_ours(kind: EntryKind, name: &str, id: u32, adoptable: bool) -> Reason {
    let name = name.to_owned();
    Reason::NotOurs {
        kind,
        name,
        id,
        adoptable,
    }
}

/// Whether glibc may see something else under a name than one sound line.
pub(crate) fn unsound(name: &str, host: &Host<'_>) -> Option<Reason> {
    let text = || name.to_owned();
    if host.repeated.contains(name) {
        return Some(Reason::Repeated { name: text() });
    }
    let is_broken = host.broken.contains(name);
    is_broken.then(|| Reason::Malformed { name: text() })
}
