//! The plan for `adopt`: an account or a group of the host's becomes gosync's as it stands.
//!
//! Its ids stay, in whatever range they are, and so does its home; other fields become what the provider wants, unless
//! `keep_local` names them. Members stay, and those whom the provider wants count as added by gosync from now on.

use super::members::Roster;
use crate::model::history::EntryKind;
use crate::model::host::{Host, HostAccount, HostGroup, ODD};
use crate::model::owned::{Applied, Owned, State};
use crate::model::{
    Completeness, Gid, GroupName, Lookup, Members, RemoteId, Uid, Untrusted, UserName,
};
use crate::plan::claims::{Claims, unsound};
use crate::plan::{Adopted, Change, Deed, FieldChange, Plan};
use crate::policy::map::{WantedAccount, WantedGroup};
use crate::policy::{AccountRules, Field, Reason, adoption};

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
    let Person {
        wanted,
        login,
        called,
    } = person;
    let mut plan = Plan {
        generation: owned.generation,
        ..Plan::default()
    };
    let found = host.accounts.get(name).ok_or_else(|| Reason::NotOnHost {
        kind: EntryKind::Account,
        name: Untrusted::new(name),
    })?;
    let own = owned.accounts.get(&wanted.id);
    if own
        .is_some_and(|own| own.state.is_present() && own.name == name && own.uid.get() == found.uid)
    {
        plan.remark(name, Reason::AlreadyOurs);
        return Ok(plan);
    }
    sound(name, found.writable, host)?;
    if let Some(reason) = adoption::account_refusal(name, found, host) {
        return Err(reason);
    }
    if let Some(own) = own.filter(|own| own.state.is_present()) {
        let name = own.name.clone();
        return Err(Reason::HasAccount { name });
    }
    let claims = Claims::new(host, owned);
    if let Some(reason) = claims.held(EntryKind::Account, name, &wanted.id) {
        return Err(reason);
    }
    if let Some(own) = own.filter(|own| own.uid.get() != found.uid) {
        let (given, found) = (own.uid.get(), found.uid);
        return Err(Reason::PersonHasUid { given, found });
    }
    if own.is_none() && owned.ids.contains(&found.uid) {
        let (kind, id) = (EntryKind::Account, found.uid);
        return Err(Reason::NumberGiven { kind, id });
    }
    if !wanted.open {
        return Err(Reason::ShutOut);
    }
    let uid = Uid::new(found.uid).ok_or(Reason::ReservedId { id: found.uid })?;
    let gid = Gid::new(found.gid).ok_or(Reason::ReservedId { id: found.gid })?;
    let is_text = [found.home, found.expire].iter().all(|text| *text != ODD);
    if !is_text || !found.expire.bytes().all(|b| b.is_ascii_digit()) {
        let name = name.to_owned();
        return Err(Reason::MalformedAccount { name });
    }
    let is_free = own.is_some_and(|own| own.gid == found.gid) || !owned.ids.contains(&found.gid);
    let private_group = is_free
        && host
            .groups
            .get(name)
            .is_some_and(|group| group.gid == found.gid);
    if let Some(asked) = wanted.uid.filter(|asked| *asked != uid) {
        let reason = Reason::NumberKept {
            kind: EntryKind::Account,
            has: uid.get(),
            asked: asked.get(),
        };
        plan.remark(name, reason);
    }
    let user = UserName::new(name, true).map_err(|why| Reason::BadName {
        name: Untrusted::new(name),
        why,
    })?;
    let adopted = Adopted {
        login: login.clone(),
        alias: (called != name).then(|| called.to_owned()),
        uid,
        gid,
        private_group,
        home: found.home.to_owned(),
        fields: fields(name, wanted, found, rules, &mut plan),
        applied: Applied {
            gecos: wanted.gecos.clone(),
            home: found.home.to_owned(),
            shell: wanted.shell.clone(),
            locked: found.locked,
            expire: found.expire.to_owned(),
        },
    };
    if found.locked {
        plan.remark(name, Reason::StaysLocked);
    }
    if !found.expire.is_empty() {
        plan.remark(name, Reason::ExpiryKept);
    }
    plan.changes.push(Change::account(
        owned.key(&wanted.id),
        user,
        Deed::AdoptAccount(Box::new(adopted)),
    ));
    Ok(plan)
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
        (Field::Gecos, wanted.gecos.as_str(), found.gecos),
        (Field::Shell, wanted.shell.as_str(), found.shell),
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

/// Plans to take over the group `name`. `called`: what the provider's name stands for, if for anything; `people`:
/// everybody who was read.
///
/// # Errors
/// Why it cannot be.
pub(crate) fn adopt_group(
    name: &str,
    wanted: &WantedGroup,
    called: Option<&str>,
    people: Lookup<RemoteId, ()>,
    host: &Host<'_>,
    owned: &Owned,
) -> Result<Plan, Reason> {
    let mut plan = Plan {
        generation: owned.generation,
        ..Plan::default()
    };
    let found = host.groups.get(name).ok_or_else(|| Reason::NotOnHost {
        kind: EntryKind::Group,
        name: Untrusted::new(name),
    })?;
    let own = owned.groups.get(&wanted.id);
    if own
        .is_some_and(|own| own.state.is_present() && own.name == name && own.gid.get() == found.gid)
    {
        plan.remark(name, Reason::AlreadyOurs);
        return Ok(plan);
    }
    sound(name, found.writable && found.members.is_text(), host)?;
    if let Some(reason) = adoption::group_refusal(name, found, host) {
        return Err(reason);
    }
    let gid = free_gid(name, wanted, found, owned, &Claims::new(host, owned))?;
    if let Some(asked) = wanted.gid.filter(|asked| *asked != gid) {
        let reason = Reason::NumberKept {
            kind: EntryKind::Group,
            has: gid.get(),
            asked: asked.get(),
        };
        plan.remark(name, reason);
    }
    let roster = Roster::new(host, owned, people, &Completeness::Narrowed);
    let members = roster.members(&wanted.members, Members::nobody());
    let standing = found.members.set();
    let add = members
        .iter()
        .filter(|member| !standing.contains(member.as_str()))
        .cloned()
        .collect();
    let (id, name) = (
        wanted.id.clone(),
        GroupName::known(name).map_err(|why| Reason::BadName {
            name: Untrusted::new(name),
            why,
        })?,
    );
    let alias = called
        .filter(|called| *called != name.as_str())
        .map(str::to_owned);
    let adopt = Deed::AdoptGroup {
        gid,
        alias,
        add,
        wanted: members,
    };
    plan.changes
        .push(Change::group(owned.key(&id), name, adopt));
    Ok(plan)
}

/// The gid of a group that nobody else owns.
fn free_gid(
    name: &str,
    wanted: &WantedGroup,
    found: &HostGroup<'_>,
    owned: &Owned,
    claims: &Claims<'_>,
) -> Result<Gid, Reason> {
    let own = owned.groups.get(&wanted.id);
    if let Some(own) = own.filter(|own| own.state.is_present()) {
        let name = own.name.clone();
        return Err(Reason::HasGroup { name });
    }
    if let Some(reason) = claims.held(EntryKind::Group, name, &wanted.id) {
        return Err(reason);
    }
    if owned
        .accounts
        .values()
        .any(|own| own.name == name && own.state != State::Removed)
    {
        let name = name.to_owned();
        return Err(Reason::NameOfAccount { name });
    }
    if let Some(own) = own.filter(|own| own.gid.get() != found.gid) {
        let (given, found) = (own.gid.get(), found.gid);
        return Err(Reason::GroupHasGid { given, found });
    }
    if own.is_none() && owned.ids.contains(&found.gid) {
        let (kind, id) = (EntryKind::Group, found.gid);
        return Err(Reason::NumberGiven { kind, id });
    }
    Gid::new(found.gid).ok_or(Reason::ReservedId { id: found.gid })
}
