//! The plan for `adopt`: an account or a group of the host's becomes gosync's as it stands.
//!
//! Its ids stay, in whatever range they are, and so does its home; other fields become what the provider wants, unless
//! `keep_local` names them. Members stay, and those whom the provider wants count as added by gosync from now on.

use std::collections::{BTreeMap, BTreeSet};

use super::members::Roster;
use super::owned_entry::{HostLine as _, OwnedEntry};
use crate::model::history::EntryKind;
use crate::model::host::{Host, HostAccount, ODD};
use crate::model::name::BadName;
use crate::model::owned::{Applied, NumbersOf, Owned, OwnedAccount, OwnedGroup, State};
use crate::model::{
    AccountFields, Completeness, Gid, GroupName, Key, Members, RemoteId, Uid, Untrusted, UserName,
};
use crate::plan::claims::{Claims, unsound};
use crate::plan::{Adopted, Change, Deed, FieldChange, Plan};
use crate::policy::map::{Wanted, WantedAccount, WantedGroup};
use crate::policy::{AccountRules, Field, Reason};

/// Whose account it becomes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person<'a> {
    /// What the provider wants of the account, under its name on this host.
    pub wanted: &'a WantedAccount,
    /// The person's login.
    pub login: &'a Untrusted,
    /// What the login stands for.
    pub called: &'a str,
}

/// What the provider has of a group that is adopted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counterpart<'a> {
    /// What it wants of the group, under its name on this host.
    pub wanted: &'a WantedGroup,
    /// What its name stands for, if for anything.
    pub called: Option<&'a str>,
}

/// What became of something that was to be taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Adoption {
    /// It is in the plan.
    Planned,
    /// It is gosync's already.
    Ours,
}

/// A plan that takes over one after the other, accounts before groups.
pub(crate) struct Adopting<'a> {
    host: &'a Host<'a>,
    owned: &'a Owned,
    claims: Claims<'a>,
    /// Whether a record is gone, so that what it had, and was given back, can become another's.
    is_gone: &'a dyn Fn(&Key) -> bool,
    /// The gids that the provider names as those of primary groups, if they are the provider's.
    primary_gids: BTreeSet<u32>,
    /// Those whom the plan gives an account that stands.
    accounts: BTreeMap<RemoteId, OwnedAccount>,
    /// The groups that the plan ties to one that stands.
    groups: BTreeSet<RemoteId>,
    /// Numbers that are somebody's by the plan.
    taken: NumbersOf,
    /// Who can be a member; made when the first group comes.
    roster: Option<Roster>,
    plan: Plan,
}

impl<'a> Adopting<'a> {
    /// One that holds nothing yet. `is_gone`: whether nobody has a record any more, as a complete read or the
    /// configuration shows.
    pub(crate) fn new(
        host: &'a Host<'a>,
        owned: &'a Owned,
        is_gone: &'a dyn Fn(&Key) -> bool,
    ) -> Self {
        Self {
            host,
            owned,
            is_gone,
            primary_gids: BTreeSet::new(),
            claims: Claims::new(host, owned),
            accounts: BTreeMap::new(),
            groups: BTreeSet::new(),
            taken: NumbersOf::default(),
            roster: None,
            plan: Plan {
                generation: owned.generation,
                ..Plan::default()
            },
        }
    }

    /// The same, where these are the gids of primary groups that the provider names.
    #[must_use]
    pub(crate) fn with_primary_gids(self, primary_gids: BTreeSet<u32>) -> Self {
        Self {
            primary_gids,
            ..self
        }
    }

    /// The plan so far.
    pub(crate) fn plan(&mut self) -> &mut Plan {
        &mut self.plan
    }

    /// The plan.
    pub(crate) fn finish(self) -> Plan {
        self.plan
    }

    /// Plans to take over the account `name`.
    ///
    /// # Errors
    /// Why it cannot be; then nothing of it is planned.
    pub(crate) fn account(
        &mut self,
        name: &str,
        person: Person<'_>,
        rules: &AccountRules,
    ) -> Result<Adoption, Reason> {
        let wanted = person.wanted;
        let candidate = Candidate {
            name,
            wanted,
            adopting: self,
        };
        let Some((found, was)) = candidate.line::<OwnedAccount>()? else {
            return Ok(Adoption::Ours);
        };
        if !wanted.open {
            return Err(Reason::ShutOut);
        }
        let mut adopted = candidate.adopted(person, found, was)?;
        let user = UserName::new(name, true).map_err(bad_name(EntryKind::Account, name))?;
        let mut remarks = Vec::from_iter(candidate.number_kept(adopted.uid.get()));
        adopted.fields = fields(wanted, found, rules, &mut remarks);
        if found.locked {
            remarks.push(Reason::StaysLocked);
        }
        if !found.expire.is_empty() {
            remarks.push(Reason::ExpiryKept);
        }
        self.taken.uids.insert(adopted.uid.get());
        if adopted.private_group {
            self.taken.gids.insert(adopted.gid.get());
        }
        self.accounts
            .insert(wanted.id.clone(), owned_as(name, &adopted));
        let deed = Deed::AdoptAccount(Box::new(adopted));
        let key = self.owned.key(&wanted.id);
        self.push(name, Change::account(key, user, deed), remarks);
        Ok(Adoption::Planned)
    }

    /// Plans to take over the group `name`.
    ///
    /// # Errors
    /// Why it cannot be; then nothing of it is planned.
    pub(crate) fn group(
        &mut self,
        name: &str,
        counterpart: Counterpart<'_>,
    ) -> Result<Adoption, Reason> {
        let Counterpart { wanted, called } = counterpart;
        let candidate = Candidate {
            name,
            wanted,
            adopting: self,
        };
        let Some((found, was)) = candidate.line::<OwnedGroup>()? else {
            return Ok(Adoption::Ours);
        };
        let gid = Gid::new(found.gid).ok_or(Reason::ReservedId { id: found.gid })?;
        let group = GroupName::known(name).map_err(bad_name(EntryKind::Group, name))?;
        let remarks = Vec::from_iter(candidate.number_kept(gid.get()));
        let roster = self.roster();
        let members = roster.members(&wanted.members, Members::nobody());
        let standing = found.members.set();
        let adopt = Deed::AdoptGroup {
            gid,
            alias: called.filter(|called| *called != name).map(str::to_owned),
            was,
            add: members
                .iter()
                .filter(|member| !standing.contains(member.as_str()))
                .cloned()
                .collect(),
            wanted: members,
        };
        self.taken.gids.insert(gid.get());
        self.groups.insert(wanted.id.clone());
        let key = self.owned.key(&wanted.id);
        self.push(name, Change::group(key, group, adopt), remarks);
        Ok(Adoption::Planned)
    }

    /// Whether a group is no account's primary group: its members would come to what that account shares with nobody. One that
    /// the provider names as such is the provider's, if all whose it is are gosync's, and it is no account's own.
    fn check_primary(&self, name: &str, gid: u32) -> Result<(), Reason> {
        let all = self.owned.accounts.values().chain(self.accounts.values());
        let ours = all.filter(|own| own.state.is_present() && own.gid == gid);
        let ours: BTreeMap<(&str, u32), bool> = ours
            .map(|own| ((own.name.as_str(), own.uid.get()), own.private_group))
            .collect();
        let is_named = self.primary_gids.contains(&gid);
        let mut all = self.host.accounts.iter();
        let other = all.find_map(|(account, found)| {
            let own = ours.get(&(*account, found.uid));
            let is_in_the_way = found.gid == gid && !(is_named && own == Some(&false));
            is_in_the_way.then_some((*account, own.is_some()))
        });
        match other {
            None => Ok(()),
            Some((account, is_ours)) => Err(Reason::PrimaryGroupOf {
                name: name.to_owned(),
                account: account.to_owned(),
                can_follow: is_named && !is_ours,
            }),
        }
    }

    fn push(&mut self, name: &str, change: Change, remarks: Vec<Reason>) {
        self.plan.changes.push(change);
        for reason in remarks {
            self.plan.remark(name, reason);
        }
    }

    /// Who can be a member of a group, those included whose accounts the plan takes over.
    fn roster(&mut self) -> &Roster {
        let Self {
            host,
            owned,
            accounts,
            roster,
            ..
        } = self;
        roster.get_or_insert_with(|| {
            let mut after = Owned::clone(owned);
            after
                .accounts
                .extend(accounts.iter().map(|(id, own)| (id.clone(), own.clone())));
            Roster::new(host, &after, &BTreeSet::new(), &Completeness::Narrowed)
        })
    }
}

/// What the ledger has of an account when it is taken over.
fn owned_as(name: &str, adopted: &Adopted) -> OwnedAccount {
    OwnedAccount {
        name: name.to_owned(),
        uid: adopted.uid,
        gid: adopted.gid.get(),
        private_group: adopted.private_group,
        state: State::Active,
        applied: adopted.applied.clone(),
        subid: None,
        absence: None,
    }
}

/// The line of one that can be taken over, and the record that it was tied to until it was given back; `None`: it is gosync's
/// already.
type Found<'a, E> = Option<(&'a <E as OwnedEntry>::Line<'a>, Option<Key>)>;

/// What is to be taken over, as far as accounts and groups are judged alike.
struct Candidate<'p, 'a, W> {
    name: &'p str,
    wanted: &'p W,
    adopting: &'p Adopting<'a>,
}

impl<'a, W: Wanted> Candidate<'_, 'a, W> {
    /// Its line, and the record that it was tied to until it was given back, if nothing that accounts and groups have in
    /// common is in the way; `None`: it is gosync's already.
    fn line<E: OwnedEntry>(&self) -> Result<Found<'a, E>, Reason> {
        let name = self.name;
        let Adopting { host, owned, .. } = *self.adopting;
        let found = E::found(name, host).ok_or_else(|| Reason::NotOnHost {
            kind: E::KIND,
            name: Untrusted::new(name),
        })?;
        let own = E::rows(owned).entries.get(self.wanted.id());
        let is_ours = own.is_some_and(|own| {
            own.state().is_present() && own.name() == name && own.number().get() == found.number()
        });
        if is_ours {
            return Ok(None);
        }
        sound(name, found.is_writable(), host)?;
        if let Some(reason) = E::never_adopted(name, found, host) {
            return Err(reason);
        }
        if E::KIND == EntryKind::Group {
            self.adopting.check_primary(name, found.number())?;
        }
        let was = match own {
            Some(_) => None,
            None => self
                .adopting
                .claims
                .given_back_by((E::KIND, name, found.number()), self.adopting.is_gone),
        };
        self.check_ledger(own, found.number(), was.as_ref())?;
        self.check_plan::<E>(found.number())?;
        Ok(Some((found, was)))
    }

    /// Whether the ledger knows nobody else who has, or had, its name or number.
    fn check_ledger<E: OwnedEntry>(
        &self,
        own: Option<&E>,
        found: u32,
        was: Option<&Key>,
    ) -> Result<(), Reason> {
        let (name, claims) = (self.name, &self.adopting.claims);
        if let Some(own) = own.filter(|own| own.state().is_present()) {
            return Err(E::has_another(own.name().to_owned()));
        }
        if let Some(reason) = claims.was_rebound(E::KIND, self.wanted.id()) {
            return Err(reason);
        }
        if let Some(reason) = claims.held((E::KIND, name), self.wanted.id(), was) {
            return Err(reason);
        }
        if E::KIND != EntryKind::Account && claims.is_account(name) {
            let name = name.to_owned();
            return Err(Reason::NameOfAccount { name });
        }
        match own.map(|own| own.number().get()) {
            Some(given) if given != found => Err(E::has_number(given, found)),
            None if was.is_none() && claims.is_given(E::KIND, found) => {
                let (kind, id) = (E::KIND, found);
                Err(Reason::NumberGiven { kind, id })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether the plan gives neither its record another one, nor another record its number or name.
    fn check_plan<E: OwnedEntry>(&self, found: u32) -> Result<(), Reason> {
        let (id, name) = (self.wanted.id(), self.name);
        let Adopting {
            accounts,
            groups,
            taken,
            ..
        } = self.adopting;
        let (kind, is_account) = (E::KIND, E::KIND == EntryKind::Account);
        let (has_one, numbers) = match is_account {
            true => (accounts.contains_key(id), &taken.uids),
            false => (groups.contains(id), &taken.gids),
        };
        if has_one {
            let id = id.clone();
            return Err(Reason::TakenByPlan { kind, id });
        }
        if numbers.contains(&found) {
            return Err(Reason::NumberGiven { kind, id: found });
        }
        if !is_account && accounts.values().any(|own| own.name == name) {
            let name = name.to_owned();
            return Err(Reason::NameOfAccount { name });
        }
        Ok(())
    }

    /// That its number is another at the provider.
    fn number_kept(&self, has: u32) -> Option<Reason> {
        let asked = self.wanted.number().filter(|asked| *asked != has)?;
        let kind = W::KIND;
        Some(Reason::NumberKept { kind, has, asked })
    }
}

/// Whether what stands under a name is one sound line that gosync may write.
fn sound(name: &str, writable: bool, host: &Host<'_>) -> Result<(), Reason> {
    if let Some(reason) = unsound(name, host) {
        return Err(reason);
    }
    match writable {
        true => Ok(()),
        false => Err(Reason::NotWritableName {
            name: name.to_owned(),
        }),
    }
}

fn bad_name(kind: EntryKind, name: &str) -> impl FnOnce(BadName) -> Reason {
    let name = Untrusted::new(name);
    move |why| Reason::BadName { kind, name, why }
}

impl Candidate<'_, '_, WantedAccount> {
    /// What gosync has then, without the fields that change.
    fn adopted(
        &self,
        person: Person<'_>,
        found: &HostAccount<'_>,
        was: Option<Key>,
    ) -> Result<Adopted, Reason> {
        let &Self {
            name,
            wanted,
            adopting,
        } = self;
        let Adopting {
            host,
            owned,
            claims,
            taken,
            ..
        } = adopting;
        let uid = Uid::new(found.uid).ok_or(Reason::ReservedId { id: found.uid })?;
        let gid = Gid::new(found.gid).ok_or(Reason::ReservedId { id: found.gid })?;
        let is_text = [found.fields.home, found.expire]
            .iter()
            .all(|text| *text != ODD);
        if !is_text || !found.expire.bytes().all(|b| b.is_ascii_digit()) {
            let name = name.to_owned();
            return Err(Reason::MalformedAccount { name });
        }
        let had_gid = owned.accounts.get(&wanted.id).map(|own| own.gid);
        let is_taken =
            claims.is_given(EntryKind::Group, found.gid) || taken.gids.contains(&found.gid);
        let is_free = had_gid == Some(found.gid) || was.is_some() || !is_taken;
        let group = host.groups.get(name);
        Ok(Adopted {
            login: person.login.clone(),
            alias: (person.called != name).then(|| person.called.to_owned()),
            was,
            uid,
            gid,
            private_group: is_free && group.is_some_and(|group| group.gid == found.gid),
            home: found.fields.home.to_owned(),
            fields: Vec::new(),
            applied: Applied {
                fields: AccountFields {
                    home: found.fields.home.to_owned(),
                    ..wanted.fields.clone()
                },
                locked: found.locked,
                expire: found.expire.to_owned(),
            },
        })
    }
}

/// What changes of an account when it is adopted.
fn fields(
    wanted: &WantedAccount,
    found: &HostAccount<'_>,
    rules: &AccountRules,
    remarks: &mut Vec<Reason>,
) -> Vec<FieldChange> {
    let (wanted, found) = (&wanted.fields, &found.fields);
    let two = [
        (Field::Gecos, wanted.gecos.as_str(), found.gecos),
        (Field::Shell, wanted.shell.as_str(), found.shell),
    ];
    let mut out = Vec::new();
    for (field, wanted, found) in two.into_iter().filter(|(_, wanted, found)| wanted != found) {
        match rules.keep_local.contains(&field) {
            true => remarks.push(Reason::FieldKept { field }),
            false => out.push(FieldChange {
                field,
                from: found.to_owned(),
                to: wanted.to_owned(),
            }),
        }
    }
    out
}
