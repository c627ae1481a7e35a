//! Who can be a member of a group, and who was taken out of one by hand.

use std::collections::BTreeSet;

use crate::model::host::Host;
use crate::model::owned::{Owned, State};
use crate::model::{Completeness, Lookup, Members, RemoteId, UserName, Without};
use crate::plan::Plan;
use crate::policy::{ByHand, Reason};

/// Who can be a member: people with an open account of gosync's that is on this host.
pub(super) struct Roster {
    /// Their names, sorted.
    names: Vec<UserName>,
    /// Where in `names` a person's stands. To sort these numbers is to sort members by name.
    places: Lookup<RemoteId, u32>,
    /// People who have an account on this host but were not in this read: what they were members of, they stay for now. The locked
    /// stay, too, while a read is not whole: then nobody is taken out.
    unseen: BTreeSet<UserName>,
    /// Whether nobody is taken out, not even who has no account of gosync's any more.
    pub(super) keeps_all: bool,
}

/// Records of this provider that belong to another's account, which is open and stands on this host: its name.
fn joined<'o>(host: &Host<'_>, owned: &'o Owned) -> Vec<(UserName, &'o RemoteId)> {
    let records = owned.join.joined.iter();
    let own = records.filter(|(record, _)| record.provider == owned.provider);
    let accounts = own.filter_map(|(record, to)| {
        let account = owned.join.accounts.get(to)?;
        let found = host.accounts.get(account.name.as_str())?;
        let is_open = account.is_open && found.uid == account.uid.get();
        let own = owned.accounts.get(&record.id);
        let agrees =
            !owned.join.differ(record, to) && own.is_none_or(|own| !own.state.is_present());
        let name = UserName::new(&account.name, true).ok()?;
        (is_open && agrees).then_some((name, &record.id))
    });
    accounts.collect()
}

impl Roster {
    pub(super) fn new(
        host: &Host<'_>,
        owned: &Owned,
        people: &BTreeSet<RemoteId>,
        completeness: &Completeness,
    ) -> Self {
        let (mut there, mut unseen) = (Vec::new(), BTreeSet::new());
        let keeps_all = !matches!(
            completeness,
            Completeness::Complete(_) | Completeness::Narrowed
        );
        let unread = Without::new(&owned.accounts, people).map(|(id, _)| id);
        let unread: BTreeSet<&RemoteId> = unread.collect();
        for (id, own) in owned
            .accounts
            .iter()
            .filter(|(_, own)| own.state.is_present())
        {
            let is_open = own.state == State::Active;
            let is_there = host
                .accounts
                .get(own.name.as_str())
                .is_some_and(|found| found.uid == own.uid.get());
            let Ok(name) = UserName::new(&own.name, true) else {
                continue;
            };
            if !is_there {
                continue;
            }
            if keeps_all || is_open && unread.contains(id) {
                unseen.insert(name.clone());
            }
            if is_open {
                there.push((name, id));
            }
        }
        let joined = joined(host, owned);
        for (name, id) in &joined {
            if keeps_all || !people.contains(*id) {
                unseen.insert(name.clone());
            }
            there.push((name.clone(), id));
        }
        there.sort_unstable();
        let places = there
            .iter()
            .zip(0..)
            .map(|((_, id), place)| (RemoteId::clone(id), place))
            .collect();
        Self {
            names: there.into_iter().map(|(name, _)| name).collect(),
            places,
            unseen,
            keeps_all,
        }
    }

    /// The wanted members by name, and those of `applied` (what gosync added before) whose people were not seen.
    pub(super) fn members(&self, wanted: &[RemoteId], applied: &Members) -> Vec<UserName> {
        let mut places: Vec<u32> = wanted
            .iter()
            .filter_map(|id| self.places.get(id.as_str()).copied())
            .collect();
        places.sort_unstable();
        places.dedup();
        let mut out: Vec<UserName> = places
            .iter()
            .filter_map(|at| self.names.get(*at as usize).cloned())
            .collect();
        if !self.unseen.is_empty() {
            let stay = applied.names();
            out.extend(stay.filter_map(|name| self.unseen.get(name).cloned()));
            out.sort();
            out.dedup();
        }
        out
    }
}

/// Tells who of those that come was taken out by hand, and leaves them out if that is to stay so.
pub(super) fn taken_out(
    group: &str,
    applied: &Members,
    by_hand: ByHand,
    add: &mut Vec<UserName>,
    plan: &mut Plan,
) {
    if add.is_empty() {
        return;
    }
    let before = applied.set();
    let taken: Vec<UserName> = add
        .iter()
        .filter(|name| before.contains(name.as_str()))
        .cloned()
        .collect();
    if taken.is_empty() {
        return;
    }
    let names = some(&taken);
    match by_hand {
        ByHand::Restore => plan.remark(group, Reason::MembersComeBack { names }),
        ByHand::Report => {
            plan.remark(group, Reason::MembersStayOut { names });
            add.retain(|name| !before.contains(name.as_str()));
        }
    }
}

/// Keeps those who come out of a group that other files of the host give power to, and tells of them. Returns who they are.
pub(super) fn kept_out(
    group: &str,
    host: &Host<'_>,
    add: &mut Vec<UserName>,
    plan: &mut Plan,
) -> BTreeSet<UserName> {
    if add.is_empty() {
        return BTreeSet::new();
    }
    let Some(place) = host.powers().and_then(|powers| powers.group(group)) else {
        return BTreeSet::new();
    };
    let (names, place) = (some(add.iter()), place.clone());
    plan.remark(group, Reason::KeptOutOfPower { names, place });
    std::mem::take(add).into_iter().collect()
}

/// How many names of a list a sentence has.
const SHOWN_NAMES: usize = 12;

/// Names for a sentence.
fn some<'a>(names: impl IntoIterator<Item = &'a UserName>) -> String {
    let names: Vec<&str> = names.into_iter().map(UserName::as_str).collect();
    let shown = names[..names.len().min(SHOWN_NAMES)].join(", ");
    match names.len().saturating_sub(SHOWN_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
