//! The plan for accounts.

use std::collections::{BTreeMap, BTreeSet};

use super::{Merge, incomplete, merge, trust};
use crate::model::host::{Host, HostAccount, Owner};
use crate::model::owned::{Absence, Owned, OwnedAccount, State};
use crate::model::{Completeness, Gid, RemoteId, Uid, Untrusted, UserName};
use crate::plan::{Change, FieldChange, NewAccount, Observation, Plan};
use crate::policy::alloc::{Allocator, SpanAllocator};
use crate::policy::map::{WantedAccount, WantedAccounts};
use crate::policy::{AccountRules, Field, PrimaryGroup, Refusal, Rules};

/// Which accounts a run deals with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// People who have no account yet.
    pub new: bool,
    /// People who have one.
    pub known: bool,
    /// Treat every known account as changed: nothing that was changed by hand stays.
    pub force: bool,
}

/// What wanted accounts are compared with.
pub struct Against<'a> {
    /// The databases.
    pub host: &'a Host<'a>,
    /// What gosync owns.
    pub owned: &'a Owned,
    /// How far the read can be trusted to be whole.
    pub completeness: &'a Completeness,
    /// The rules of the configuration.
    pub rules: &'a Rules,
    /// Which accounts are dealt with.
    pub chosen: Chosen,
    /// Seconds since 1970.
    pub now: i64,
    /// Tells what stands at a path where a new home should be.
    pub home_at: &'a dyn Fn(&str) -> Option<Owner>,
}

/// Compares accounts.
pub fn accounts(mut wanted: WantedAccounts, against: &Against<'_>) -> Plan {
    let Against { owned, chosen, .. } = *against;
    let completeness = &trust(against.completeness, wanted.present.is_empty(), owned);
    let against = &Against { completeness, ..*against };
    let mut plan = Plan { generation: owned.generation, incomplete: incomplete(completeness), ..Plan::default() };
    for (name, text) in std::mem::take(&mut wanted.remarks) {
        plan.remark(name, text);
    }
    plan.refused = std::mem::take(&mut wanted.refusals);
    let mut fresh = Vec::new();
    for account in wanted.accounts {
        match owned.accounts.get(&account.id) {
            Some(own) if own.state.is_present() && chosen.known => known(&account, own, against, &mut plan),
            Some(own) if own.state.is_present() => {}
            own if chosen.new && account.open => fresh.push((account, own)),
            _ => {}
        }
    }
    let created = create(fresh, against, &mut plan);
    if chosen.known {
        departures(&wanted.present, against, &mut plan);
    }
    plan.changes.splice(0..0, created);
    plan
}

/// An account that gosync owns and whose person is there.
fn known(account: &WantedAccount, own: &OwnedAccount, against: &Against<'_>, plan: &mut Plan) {
    if own.absence.is_some() {
        plan.observations.push(Observation::Back(account.id.clone()));
    }
    let Some(found) = found(account, own, against.host, plan) else { return };
    if let Some(uid) = account.uid.filter(|uid| *uid != own.uid) {
        plan.remark(
            &own.name,
            format!("keeps the uid {}: the provider says {uid} now, and uids never change", own.uid),
        );
    }
    let mut changed = false;
    if !account.open {
        let stands_open = own.state == State::Active || !found.closed;
        if stands_open && matches!(against.completeness, Completeness::Incomplete(_)) {
            plan.remark(&own.name, "is shut out by the provider; not locked, since this read is incomplete");
        } else if stands_open {
            let reason = "the provider shuts this person out".to_owned();
            plan.changes.push(Change::LockAccount { id: account.id.clone(), name: account.name.clone(), reason });
            changed = true;
        }
    } else if own.state == State::Locked {
        plan.changes.push(Change::UnlockAccount { id: account.id.clone(), name: account.name.clone() });
        changed = true;
    } else if found.closed {
        plan.remark(&own.name, "was locked by hand, and stays so");
    }
    let fields = fields(account, own, found, against, plan);
    if !fields.is_empty() {
        plan.changes.push(Change::UpdateAccount { id: account.id.clone(), name: account.name.clone(), fields });
        changed = true;
    }
    plan.unchanged += usize::from(!changed);
}

/// The line of an owned account; `None`, and a remark, when it is not there or not gosync's any more.
fn found<'h>(
    account: &WantedAccount,
    own: &OwnedAccount,
    host: &'h Host<'_>,
    plan: &mut Plan,
) -> Option<&'h HostAccount<'h>> {
    debug_assert_eq!(account.name.as_str(), own.name);
    ours(own, host).map_err(|reason| plan.remark(&own.name, reason)).ok()
}

/// The line of an owned account, or why it is not gosync's to change.
pub(super) fn ours<'h>(own: &OwnedAccount, host: &'h Host<'_>) -> Result<&'h HostAccount<'h>, String> {
    let name = own.name.as_str();
    match host.accounts.get(name) {
        None => {
            Err(format!("was removed by hand and is not made again; `gosync deluser --forget {name}` makes it new"))
        }
        Some(found) if found.uid != own.uid.get() => {
            Err(format!("has the uid {} on this host, but gosync gave {}; left alone", found.uid, own.uid))
        }
        Some(_) if host.repeated.contains(name) => Err("stands more than once in passwd; left alone".to_owned()),
        Some(_) if host.broken.contains(name) => Err("stands in a malformed line, too; left alone".to_owned()),
        Some(found) if !found.writable => Err("stands in a database that gosync does not write; left alone".to_owned()),
        Some(found) => Ok(found),
    }
}

fn fields(
    account: &WantedAccount,
    own: &OwnedAccount,
    found: &HostAccount<'_>,
    against: &Against<'_>,
    plan: &mut Plan,
) -> Vec<FieldChange> {
    let keep_local = |field| !against.chosen.force && against.rules.accounts.keep_local.contains(&field);
    let three = [
        (Field::Gecos, own.applied.gecos.as_str(), account.gecos.as_str(), found.gecos),
        // A home moves only on purpose: what was given stays until a rename moves it.
        (Field::Home, own.applied.home.as_str(), own.applied.home.as_str(), found.home),
        (Field::Shell, own.applied.shell.as_str(), account.shell.as_str(), found.shell),
    ];
    let mut out = Vec::new();
    for (field, applied, wanted, found) in three {
        let change = || FieldChange { field, from: found.to_owned(), to: wanted.to_owned() };
        match merge(Some(applied), wanted, found, keep_local(field)) {
            Merge::Same => {}
            Merge::Set => out.push(change()),
            Merge::Keep => plan.remark(&own.name, format!("keeps the {} that was set by hand", field.as_str())),
            Merge::Restore => {
                plan.remark(&own.name, format!("gets its {} back, which was changed by hand", field.as_str()));
                out.push(change());
            }
        }
    }
    out
}

/// People without an account. Ids are given in the order of their immutable ids; asked-for ids come first.
fn create(fresh: Vec<(WantedAccount, Option<&OwnedAccount>)>, against: &Against<'_>, plan: &mut Plan) -> Vec<Change> {
    let Against { host, owned, .. } = *against;
    let rules = &against.rules.accounts;
    let mut created = Vec::new();
    let gid = match primary_gid(host, rules) {
        Ok(gid) => gid,
        Err(reason) if fresh.is_empty() => {
            tracing::debug!("{reason}");
            return created;
        }
        Err(reason) => {
            for (account, _) in fresh {
                plan.refused.push(refusal(&account, reason.clone()));
            }
            return created;
        }
    };
    let mut uids = Allocator::new(rules.uid_range, vec![&host.ids, &owned.ids], &host.subids);
    let mut subids = rules.subids.map(|s| {
        let given = owned.subids.iter().map(|&first| (first, first.saturating_add(s.count - 1)));
        let ids = host.ids.iter().chain(&owned.ids).map(|&id| (id, id));
        SpanAllocator::new(s.first, s.last, s.count, host.subids.iter().chain(given).chain(ids).collect())
    });
    let in_use = InUse::new(host);
    let (mut sound, mut refused) = (Vec::new(), Vec::new());
    for (account, own) in fresh {
        match conflict(&account, own, host, owned, &in_use, rules, &uids) {
            Some(reason) => refused.push(refusal(&account, reason)),
            None => {
                if let Some(uid) = own.map(|own| own.uid).or(account.uid) {
                    uids.claim(uid.get());
                }
                sound.push((account, own));
            }
        }
    }
    for (account, own) in sound {
        let uid = match own.map(|own| own.uid).or(account.uid) {
            Some(uid) => uid,
            None => match uids.next_free().map(Uid::new) {
                Ok(Some(uid)) => uid,
                Ok(None) => continue,
                Err(e) => {
                    refused.push(refusal(&account, format!("{e}; widen `uid_range` in the configuration")));
                    continue;
                }
            },
        };
        let home = if rules.create_home { (against.home_at)(&account.home) } else { None };
        if let Some(reason) = home.and_then(|owner| home_conflict(&account, uid, owner)) {
            refused.push(refusal(&account, reason));
            continue;
        }
        let range = match (own.and_then(|own| own.subid), &mut subids) {
            (Some(first), Some(_)) => rules.subids.map(|s| (first, s.count)),
            (None, Some(alloc)) => match (alloc.next_free(), rules.subids) {
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
        let private_group = rules.primary_group == PrimaryGroup::Private;
        let Some(gid) = (if private_group { Gid::new(uid.get()) } else { gid }) else { continue };
        let make_home = rules.create_home && home.is_none();
        let WantedAccount { id, name, gecos, home, shell, .. } = account;
        created.push(Change::CreateAccount(NewAccount {
            id,
            name,
            uid,
            gid,
            private_group,
            gecos,
            home,
            make_home,
            shell,
            subids: range,
        }));
    }
    plan.refused.append(&mut refused);
    created
}

/// Which homes, uids and gids the host's accounts and groups use, and whose they are.
struct InUse<'h> {
    homes: BTreeMap<&'h str, &'h str>,
    uids: BTreeMap<u32, &'h str>,
    gids: BTreeMap<u32, &'h str>,
}

impl<'h> InUse<'h> {
    fn new(host: &'h Host<'_>) -> Self {
        Self {
            homes: host.accounts.iter().map(|(name, a)| (a.home, *name)).collect(),
            uids: host.accounts.iter().map(|(name, a)| (a.uid, *name)).collect(),
            gids: host.groups.iter().map(|(name, g)| (g.gid, *name)).collect(),
        }
    }
}

fn refusal(account: &WantedAccount, reason: impl Into<String>) -> Refusal {
    Refusal { id: Some(account.id.clone()), subject: Untrusted::new(account.name.as_str()), reason: reason.into() }
}

/// The gid of the shared primary group; `None` when every account has its own.
fn primary_gid(host: &Host<'_>, rules: &AccountRules) -> Result<Option<Gid>, String> {
    let PrimaryGroup::Local(name) = &rules.primary_group else { return Ok(None) };
    let group =
        host.groups.get(name.as_str()).ok_or_else(|| format!("the primary group `{name}` is not on this host"))?;
    Gid::new(group.gid).map(Some).ok_or_else(|| format!("the primary group `{name}` has the gid {}", group.gid))
}

/// Why a new account cannot be made, as far as names and ids go.
fn conflict(
    account: &WantedAccount,
    own: Option<&OwnedAccount>,
    host: &Host<'_>,
    owned: &Owned,
    in_use: &InUse<'_>,
    rules: &AccountRules,
    uids: &Allocator<'_>,
) -> Option<String> {
    let name = account.name.as_str();
    let set_aside = |uid: u32| own.is_some_and(|own| own.uid.get() == uid && own.name == name);
    if let Some(found) = host.accounts.get(name).filter(|found| !set_aside(found.uid)) {
        return Some(format!("an account `{name}` (uid {}) is on this host already and is not gosync's", found.uid));
    }
    if host.repeated.contains(name) {
        return Some(format!("`{name}` stands more than once in the databases"));
    }
    if host.broken.contains(name) {
        return Some(format!("`{name}` stands in a malformed line of the databases; see pwck(8) and grpck(8)"));
    }
    if let Some(id) = host.elsewhere.get(name) {
        return Some(format!("another name service of this host knows a `{name}` (id {id})"));
    }
    if owned.other_names.contains(name) {
        return Some(format!("the name `{name}` belongs to another provider's account or group"));
    }
    let private = rules.primary_group == PrimaryGroup::Private;
    if let Some(found) = host.groups.get(name).filter(|found| private && !set_aside(found.gid)) {
        return Some(format!("a group `{name}` (gid {}) is on this host already and is not gosync's", found.gid));
    }
    if let Some(other) = in_use.homes.get(account.home.as_str()).filter(|other| **other != name) {
        return Some(format!("the home {} is that of `{other}`", account.home));
    }
    match own {
        Some(own) => {
            let number = own.uid.get();
            if let Some(other) = in_use.uids.get(&number).filter(|other| **other != name) {
                return Some(format!("its uid {number} is now used by `{other}`"));
            }
            let other = in_use.gids.get(&number).filter(|other| private && **other != name)?;
            Some(format!("the gid {number} of its own group is now used by the group `{other}`"))
        }
        None => {
            let uid = account.uid.filter(|uid| !uids.is_free(uid.get()))?;
            Some(format!("the uid {uid} is in use, or was given to somebody before"))
        }
    }
}

fn home_conflict(account: &WantedAccount, uid: Uid, found: Owner) -> Option<String> {
    match found {
        Owner::Directory(owner) if owner == uid.get() => None,
        Owner::Directory(owner) => Some(format!("{} exists already and belongs to the uid {owner}", account.home)),
        Owner::NotADirectory => Some(format!("{} exists already and is no directory", account.home)),
    }
}

/// Accounts whose people are not in the read.
fn departures(present: &BTreeSet<RemoteId>, against: &Against<'_>, plan: &mut Plan) {
    let Against { host, owned, rules, now, .. } = *against;
    if !matches!(against.completeness, Completeness::Complete(_)) {
        return;
    }
    for (id, own) in owned.accounts.iter().filter(|(id, own)| own.state.is_present() && !present.contains(*id)) {
        if own.state == State::Locked {
            let reopened = ours(own, host).is_ok_and(|found| !found.closed);
            match UserName::new(&own.name, true) {
                Ok(name) if reopened => {
                    let reason = "was opened by hand, and the person is still gone".to_owned();
                    plan.changes.push(Change::LockAccount { id: id.clone(), name, reason });
                }
                _ => plan.unchanged += 1,
            }
            continue;
        }
        let seen = own.absence.unwrap_or(Absence { since: now, runs: 0 });
        let absence = Absence { since: seen.since.min(now), runs: seen.runs.saturating_add(1) };
        let lasted = u64::try_from(now - absence.since).unwrap_or(0);
        let due = absence.runs >= rules.departed.absent_runs && lasted >= rules.departed.absent_for;
        match UserName::new(&own.name, true) {
            Ok(name) if due && ours(own, host).is_ok() => {
                // No figure that grows with time: the digest of a plan has to stay the same until somebody approves it.
                let reason = format!("missing in {} complete reads", absence.runs);
                plan.changes.push(Change::LockAccount { id: id.clone(), name, reason });
            }
            _ => {
                // Past the count that matters nothing more needs to be remembered, and an idle run writes nothing.
                if absence.runs <= rules.departed.absent_runs {
                    plan.observations.push(Observation::Absent(id.clone(), absence));
                }
                plan.unchanged += 1;
            }
        }
    }
}
