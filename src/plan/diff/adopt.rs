//! The plan for `adopt`: an account or a group of the host's becomes gosync's as it stands.
//!
//! Its ids stay, in whatever range they are, and so does its home; other fields become what the provider wants, unless
//! `keep_local` names them. Members stay, and those whom the provider wants count as added by gosync from now on.

use super::members::Roster;
use super::owned_entry::{HostLine as _, OwnedEntry};
use crate::model::history::EntryKind;
use crate::model::host::{Host, HostAccount, ODD};
use crate::model::name::BadName;
use crate::model::owned::{Applied, Owned, OwnedAccount, OwnedGroup, State};
use crate::model::{
    AccountFields, Completeness, Gid, GroupName, Lookup, Members, RemoteId, Uid, Untrusted,
    UserName,
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
pub(crate) struct Counterpart<'a> {
    /// What it wants of the group, under its name on this host.
    pub wanted: &'a WantedGroup,
    /// What its name stands for, if for anything.
    pub called: Option<&'a str>,
    /// Everybody who was read.
    pub people: Lookup<RemoteId, ()>,
}

/// What is to be taken over, as far as accounts and groups are judged alike.
struct Candidate<'a, W> {
    name: &'a str,
    wanted: &'a W,
    host: &'a Host<'a>,
    owned: &'a Owned,
}

impl<'a, W: Wanted> Candidate<'a, W> {
    /// Its line, if nothing that accounts and groups have in common is in the way; `None`: it is gosync's already.
    fn line<E: OwnedEntry>(&self) -> Result<Option<&'a E::Line<'a>>, Reason> {
        let Self { name, host, .. } = *self;
        let found = E::found(name, host).ok_or_else(|| Reason::NotOnHost {
            kind: E::KIND,
            name: Untrusted::new(name),
        })?;
        let own = E::rows(self.owned).entries.get(self.wanted.id());
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
        self.check_ledger(own, found.number())?;
        Ok(Some(found))
    }

    /// Whether the ledger knows nobody else who has, or had, its name or number.
    fn check_ledger<E: OwnedEntry>(&self, own: Option<&E>, found: u32) -> Result<(), Reason> {
        let Self { name, owned, .. } = *self;
        if let Some(own) = own.filter(|own| own.state().is_present()) {
            return Err(E::has_another(own.name().to_owned()));
        }
        if let Some(reason) = Claims::new(self.host, owned).held(E::KIND, name, self.wanted.id()) {
            return Err(reason);
        }
        let mut accounts = owned.accounts.values();
        let is_account = E::KIND == EntryKind::Account;
        if !is_account && accounts.any(|own| own.name == name && own.state != State::Removed) {
            let name = name.to_owned();
            return Err(Reason::NameOfAccount { name });
        }
        match own.map(|own| own.number().get()) {
            Some(given) if given != found => Err(E::has_number(given, found)),
            None if owned.ids.contains(&found) => {
                let (kind, id) = (E::KIND, found);
                Err(Reason::NumberGiven { kind, id })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Tells of a number that is another at the provider.
    fn tell_number(&self, has: u32, plan: &mut Plan) {
        if let Some(asked) = self.wanted.number().filter(|asked| *asked != has) {
            let kind = W::KIND;
            plan.remark(self.name, Reason::NumberKept { kind, has, asked });
        }
    }

    /// A plan that holds nothing yet.
    fn plan(&self) -> Plan {
        Plan {
            generation: self.owned.generation,
            ..Plan::default()
        }
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

/// Plans to take over the account `name`.
///
/// # Errors
/// Why it cannot be.
pub(crate) fn adopt_account(
    name: &str,
    person: Person<'_>,
    host: &Host<'_>,
    owned: &Owned,
    rules: &AccountRules,
) -> Result<Plan, Reason> {
    let wanted = person.wanted;
    let candidate = Candidate {
        name,
        wanted,
        host,
        owned,
    };
    let mut plan = candidate.plan();
    let Some(found) = candidate.line::<OwnedAccount>()? else {
        plan.remark(name, Reason::AlreadyOurs);
        return Ok(plan);
    };
    if !wanted.open {
        return Err(Reason::ShutOut);
    }
    let mut adopted = candidate.adopted(person, found)?;
    candidate.tell_number(adopted.uid.get(), &mut plan);
    let user = UserName::new(name, true).map_err(bad_name(EntryKind::Account, name))?;
    adopted.fields = fields(name, wanted, found, rules, &mut plan);
    if found.locked {
        plan.remark(name, Reason::StaysLocked);
    }
    if !found.expire.is_empty() {
        plan.remark(name, Reason::ExpiryKept);
    }
    let deed = Deed::AdoptAccount(Box::new(adopted));
    plan.changes
        .push(Change::account(owned.key(&wanted.id), user, deed));
    Ok(plan)
}

impl Candidate<'_, WantedAccount> {
    /// What gosync has then, without the fields that change.
    fn adopted(&self, person: Person<'_>, found: &HostAccount<'_>) -> Result<Adopted, Reason> {
        let &Self {
            name,
            wanted,
            host,
            owned,
        } = self;
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
        let is_free = had_gid == Some(found.gid) || !owned.ids.contains(&found.gid);
        let group = host.groups.get(name);
        Ok(Adopted {
            login: person.login.clone(),
            alias: (person.called != name).then(|| person.called.to_owned()),
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
    name: &str,
    wanted: &WantedAccount,
    found: &HostAccount<'_>,
    rules: &AccountRules,
    plan: &mut Plan,
) -> Vec<FieldChange> {
    let two = [
        (
            Field::Gecos,
            wanted.fields.gecos.as_str(),
            found.fields.gecos,
        ),
        (
            Field::Shell,
            wanted.fields.shell.as_str(),
            found.fields.shell,
        ),
    ];
    let mut out = Vec::new();
    for (field, wanted, found) in two.into_iter().filter(|(_, wanted, found)| wanted != found) {
        match rules.keep_local.contains(&field) {
            true => plan.remark(name, Reason::FieldKept { field }),
            false => out.push(FieldChange {
                field,
                from: found.to_owned(),
                to: wanted.to_owned(),
            }),
        }
    }
    out
}

/// Plans to take over the group `name`.
///
/// # Errors
/// Why it cannot be.
pub(crate) fn adopt_group(
    name: &str,
    counterpart: Counterpart<'_>,
    host: &Host<'_>,
    owned: &Owned,
) -> Result<Plan, Reason> {
    let Counterpart {
        wanted,
        called,
        people,
    } = counterpart;
    let candidate = Candidate {
        name,
        wanted,
        host,
        owned,
    };
    let mut plan = candidate.plan();
    let Some(found) = candidate.line::<OwnedGroup>()? else {
        plan.remark(name, Reason::AlreadyOurs);
        return Ok(plan);
    };
    let gid = Gid::new(found.gid).ok_or(Reason::ReservedId { id: found.gid })?;
    candidate.tell_number(gid.get(), &mut plan);
    let roster = Roster::new(host, owned, people, &Completeness::Narrowed);
    let members = roster.members(&wanted.members, Members::nobody());
    let standing = found.members.set();
    let adopt = Deed::AdoptGroup {
        gid,
        alias: called.filter(|called| *called != name).map(str::to_owned),
        add: members
            .iter()
            .filter(|member| !standing.contains(member.as_str()))
            .cloned()
            .collect(),
        wanted: members,
    };
    let group = GroupName::known(name).map_err(bad_name(EntryKind::Group, name))?;
    plan.changes
        .push(Change::group(owned.key(&wanted.id), group, adopt));
    Ok(plan)
}
