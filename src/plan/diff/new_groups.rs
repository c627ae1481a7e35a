//! Groups that are to be made: names and numbers that nobody else has or ever had.

use super::input::DiffInput;
use crate::model::history::EntryKind;
use crate::model::owned::{OwnedGroup, State};
use crate::model::power::Powers;
use crate::model::{Gid, Members, Untrusted, UserName};
use crate::plan::claims::{Claims, Wish};
use crate::plan::{Change, Deed, Plan};
use crate::policy::alloc::{Allocator, NamedNumbers};
use crate::policy::map::WantedGroup;
use crate::policy::{Ids, Reason, Refusal};

/// Groups that are to be made. Numbers that are asked for come before those that are given out.
pub(super) struct NewGroups<'a> {
    against: &'a DiffInput<'a>,
    claims: Claims<'a>,
    gids: Allocator<'a>,
    named: &'a NamedNumbers,
    fresh: Vec<(&'a WantedGroup, Option<&'a OwnedGroup>)>,
}

impl<'a> NewGroups<'a> {
    pub(super) fn new(against: &'a DiffInput<'a>, named: &'a NamedNumbers) -> Self {
        let DiffInput { host, owned, .. } = *against;
        let range = against.rules.groups.gid_range;
        Self {
            against,
            claims: Claims::new(host, owned),
            gids: Allocator::new(range, vec![&host.ids, &owned.ids], &host.subids, named)
                .but_for(&owned.retired),
            named,
            fresh: Vec::new(),
        }
    }

    /// Takes one, unless something is in its way.
    pub(super) fn consider(
        &mut self,
        group: &'a WantedGroup,
        own: Option<&'a OwnedGroup>,
        plan: &mut Plan,
    ) {
        let conflict = self
            .claims
            .was_rebound(EntryKind::Group, &group.id)
            .or_else(|| conflict(group.name.as_str(), own, &self.claims))
            .or_else(|| gid_conflict(group, own, &self.gids, &self.claims));
        if let Some(reason) = conflict {
            return plan.refused.push(refusal(group, reason));
        }
        if let Some(gid) = own.map(|own| own.gid).or(group.gid) {
            self.gids.claim(gid.get());
        }
        self.fresh.push((group, own));
    }

    /// The changes that make them. `members`: whom a group has, from those that it had before.
    pub(super) fn create(
        mut self,
        members: impl Fn(&WantedGroup, &Members) -> Vec<UserName>,
        plan: &mut Plan,
    ) -> Vec<Change> {
        let mut created = Vec::new();
        let fresh = std::mem::take(&mut self.fresh);
        let powers = self.against.host.powers().filter(|_| !fresh.is_empty());
        for id in powers.into_iter().flat_map(Powers::numbers) {
            self.gids.claim(id);
        }
        for (group, own) in fresh {
            let gid = match self.gid(group, own) {
                Ok(Some(gid)) => gid,
                Ok(None) => continue,
                Err(reason) => {
                    plan.refused.push(refusal(group, reason));
                    continue;
                }
            };
            let before = own.filter(|own| own.state.is_present());
            if before.is_some() {
                plan.remark(group.name.as_str(), Reason::MadeAgain);
            }
            let before = before.map_or(Members::nobody(), |own| &own.members);
            let members = members(group, before);
            created.push(Change::group(
                self.against.owned.key(&group.id),
                group.name.clone(),
                Deed::CreateGroup { gid, members },
            ));
        }
        created
    }

    /// The number of a group; `None`: there is none that could be one.
    fn gid(
        &mut self,
        group: &WantedGroup,
        own: Option<&OwnedGroup>,
    ) -> Result<Option<Gid>, Reason> {
        let gid = match own.map(|own| own.gid).or(group.gid) {
            Some(gid) => Some(gid),
            None if self.against.rules.accounts.ids == Ids::Provider => {
                let kind = EntryKind::Group;
                return Err(Reason::NoNumberNamed { kind });
            }
            None if self.named.may_hide_some() => {
                let kind = EntryKind::Group;
                return Err(Reason::NumbersUnread { kind });
            }
            None => {
                let next = self.gids.next_free_in(group.gid_range).map(Gid::new);
                let kind = EntryKind::Group;
                next.map_err(|range| Reason::NoNumberLeft { kind, range })?
            }
        };
        let unanswered = gid.and_then(|gid| self.claims.number_unanswered(gid.get()));
        unanswered.map_or(Ok(gid), Err)
    }
}

fn refusal(group: &WantedGroup, reason: Reason) -> Refusal {
    Refusal {
        id: Some(group.id.clone()),
        subject: Untrusted::new(group.name.as_str()),
        reason,
    }
}

/// Why a group cannot be made, or made again, under a name.
pub(super) fn conflict(
    name: &str,
    own: Option<&OwnedGroup>,
    claims: &Claims<'_>,
) -> Option<Reason> {
    let kind = EntryKind::Group;
    let wish = |number| Wish {
        kind,
        name,
        number,
        group: None,
        adopts: own.is_none(),
    };
    let gid = |own: &OwnedGroup| own.gid.get();
    let released = own.filter(|own| own.state == State::Released);
    let same = own.filter(|own| own.name == name && own.state != State::Released);
    released
        .and_then(|own| claims.given_back(wish(Some(gid(own))), None))
        .or_else(|| claims.name(wish(same.map(gid))))
        .or_else(|| claims.number(kind, gid(own?), name))
}

/// Why a group cannot have the gid that the provider asks for, if it has none yet.
fn gid_conflict(
    group: &WantedGroup,
    own: Option<&OwnedGroup>,
    gids: &Allocator<'_>,
    claims: &Claims<'_>,
) -> Option<Reason> {
    let asked = group.gid.filter(|_| own.is_none())?;
    let (kind, id) = (EntryKind::Group, asked.get());
    let is_taken = !gids.is_free_in(group.gid_range, id);
    is_taken
        .then(|| claims.taken(kind, id))
        .or_else(|| claims.number_of_power(kind, id))
}
