//! From a provider's record to an account or group as it should be on this host.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

use super::overrides::RulesOfGroup;
use super::select::Standing;
use super::{AccountRules, GroupRules, NameMap, Refusal, gecos, protect};
use crate::model::owned::Owned;
use crate::model::{Directory, Gid, GroupName, IdRange, Lookup, RemoteId, Uid, Untrusted, User, UserName};

/// A person who has, or should have, an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedAccount {
    /// The provider's id.
    pub id: RemoteId,
    /// Whether the account should be open; `false`: locked.
    pub open: bool,
    /// Name on this host.
    pub name: UserName,
    /// The uid that the provider asks for.
    pub uid: Option<Uid>,
    /// Full name, cleaned.
    pub gecos: String,
    /// Home directory.
    pub home: String,
    /// Login shell.
    pub shell: String,
}

/// What the directory asks of this host's accounts.
#[derive(Clone, Debug, Default)]
pub struct WantedAccounts {
    /// Accounts, in the order of their ids.
    pub accounts: Vec<WantedAccount>,
    /// Records that get no account.
    pub refusals: Vec<Refusal>,
    /// What was not taken over as the provider has it, and why: name and our own words.
    pub remarks: Vec<(String, String)>,
    /// Everybody who is there, even if their record cannot be used: they are not absent.
    pub present: BTreeSet<RemoteId>,
    /// Known people without an account who are shut out.
    pub shut_out: usize,
}

/// Maps people to accounts. `shells`: what shells(5) of the host allows.
pub fn accounts(
    directory: &Directory,
    standing: impl Fn(&User) -> Standing,
    owned: &Owned,
    shells: &BTreeSet<&str>,
    rules: &AccountRules,
) -> WantedAccounts {
    let mut out = WantedAccounts::default();
    let mut users: Vec<&User> = directory.users.iter().collect();
    users.sort_by_cached_key(|user: &&User| user.id.sort_key());
    for (index, user) in users.iter().enumerate() {
        let standing = standing(user);
        if standing == Standing::Outside {
            continue;
        }
        let twin = |at: usize| users.get(at).is_some_and(|other| other.id == user.id);
        let known = owned.accounts.get(&user.id).filter(|own| own.state.is_present());
        if !out.present.insert(user.id.clone()) || twin(index + 1) {
            out.refusals.push(refusal(user, "two records have this id"));
            continue;
        }
        if standing == Standing::Shut && known.is_none() {
            out.shut_out += 1;
            continue;
        }
        match account(
            user,
            standing == Standing::In,
            known.map(|own| own.name.as_str()),
            shells,
            rules,
            &mut out.remarks,
        ) {
            Ok(account) => out.accounts.push(account),
            Err(reason) => out.refusals.push(refusal(user, reason)),
        }
    }
    refuse_twins(&mut out, owned);
    out
}

fn refusal(user: &User, reason: impl Into<String>) -> Refusal {
    Refusal { id: Some(user.id.clone()), subject: user.login.clone(), reason: reason.into() }
}

fn account(
    user: &User,
    open: bool,
    known_as: Option<&str>,
    shells: &BTreeSet<&str>,
    rules: &AccountRules,
    remarks: &mut Vec<(String, String)>,
) -> Result<WantedAccount, String> {
    let mapped = NameMap::apply(&rules.names, &user.login.raw().to_ascii_lowercase());
    let name = match known_as {
        // A known account keeps its name whatever the login has become: a rename is a change of its own.
        Some(name) => {
            if name != mapped {
                remarks.push((name.to_owned(), format!("is called `{}` at the provider now", Untrusted::new(mapped))));
            }
            UserName::new(name, true).map_err(|e| format!("the ledger's name {e}"))?
        }
        None => {
            let name =
                UserName::new(&mapped, rules.dots).map_err(|e| format!("the name `{}` {e}", Untrusted::new(mapped)))?;
            if protect::is_protected(name.as_str()) {
                return Err(format!("`{name}` is a name of the system's"));
            }
            name
        }
    };
    let uid = match user.uid.as_ref().map(|text| uid(text, rules)).transpose() {
        Ok(uid) => uid,
        // What it has stays. A record that cannot be used would leave somebody in who is shut out.
        Err(reason) if known_as.is_some() => {
            remarks.push((name.to_string(), format!("keeps its uid: {reason}")));
            None
        }
        Err(reason) => return Err(reason),
    };
    let home = home(user, &name, rules, remarks);
    let shell = shell(user, &name, shells, rules, remarks);
    let gecos = user.name.as_ref().map(|n| gecos::clean(n.raw())).unwrap_or_default();
    Ok(WantedAccount { id: user.id.clone(), open, name, uid, gecos, home, shell })
}

fn uid(text: &Untrusted, rules: &AccountRules) -> Result<Uid, String> {
    let number = plain_number(text.raw()).ok_or_else(|| format!("the uid `{text}` is no number"))?;
    if !rules.uid_range.contains(number) {
        return Err(format!("the uid {number} is not in the range {}", rules.uid_range));
    }
    Uid::new(number).ok_or_else(|| format!("the uid {number} is reserved"))
}

/// Digits without sign, blanks or leading zeros: what every reader takes for the same number.
fn plain_number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

fn home(user: &User, name: &UserName, rules: &AccountRules, remarks: &mut Vec<(String, String)>) -> String {
    let computed = format!("{}/{name}", rules.home_base);
    let Some(wished) = user.home.as_ref().filter(|h| h.raw() != computed) else { return computed };
    let below = rules.home_bases.iter().chain([&rules.home_base]).any(|base| is_directly_below(wished.raw(), base));
    if below {
        return wished.raw().to_owned();
    }
    // Where no base is configured, homes are ours to compute, and a differing wish is not worth a word.
    if !rules.home_bases.is_empty() {
        remarks
            .push((name.to_string(), format!("has the home `{wished}`, which is below no home base; gets {computed}")));
    }
    computed
}

fn is_directly_below(path: &str, base: &str) -> bool {
    let Some(last) = path.strip_prefix(base).and_then(|rest| rest.strip_prefix('/')) else { return false };
    let plain = last.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@' | b'+'));
    plain && (1..=64).contains(&last.len()) && !last.starts_with(['.', '-'])
}

fn shell(
    user: &User,
    name: &UserName,
    shells: &BTreeSet<&str>,
    rules: &AccountRules,
    remarks: &mut Vec<(String, String)>,
) -> String {
    const CLOSED: [&str; 4] = ["/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false"];
    match &user.shell {
        Some(wished) if shells.contains(wished.raw()) || CLOSED.contains(&wished.raw()) => wished.raw().to_owned(),
        Some(wished) if wished.raw() != rules.shell && !wished.raw().is_empty() => {
            remarks.push((
                name.to_string(),
                format!("has the shell `{wished}`, which is not in /etc/shells; gets {}", rules.shell),
            ));
            rules.shell.clone()
        }
        _ => rules.shell.clone(),
    }
}

/// Refuses everybody whose name, uid or home somebody else wants too, unless the ledger knows the account.
fn refuse_twins(out: &mut WantedAccounts, owned: &Owned) {
    let taken_names: Lookup<&str, &RemoteId> = owned.accounts.iter().map(|(id, own)| (own.name.as_str(), id)).collect();
    // Whoever has an account, or had it under this name; not who comes back under another one.
    let has_it = |a: &WantedAccount| {
        owned.accounts.get(&a.id).is_some_and(|own| own.state.is_present() || own.name == a.name.as_str())
    };
    let names = repeated(out.accounts.iter().map(|a| a.name.as_str()));
    let uids = repeated(out.accounts.iter().filter_map(|a| a.uid));
    let homes = repeated(out.accounts.iter().map(|a| a.home.as_str()));
    let twin_of = |a: &WantedAccount| -> Option<String> {
        if let Some(other) = taken_names.get(a.name.as_str()).filter(|other| **other != &a.id) {
            return Some(format!("the name `{}` belongs to another person, {other}", a.name));
        }
        if has_it(a) {
            return None;
        }
        if names.contains(a.name.as_str()) {
            return Some(format!("two people would be called `{}`", a.name));
        }
        if let Some(uid) = a.uid.filter(|uid| uids.contains(uid)) {
            return Some(format!("two people ask for the uid {uid}"));
        }
        homes.contains(a.home.as_str()).then(|| format!("two people ask for the home {}", a.home))
    };
    let refused: BTreeMap<RemoteId, String> =
        out.accounts.iter().filter_map(|a| Some((a.id.clone(), twin_of(a)?))).collect();
    out.accounts.retain(|a| match refused.get(&a.id) {
        Some(reason) => {
            let subject = Untrusted::new(a.name.as_str());
            out.refusals.push(Refusal { id: Some(a.id.clone()), subject, reason: reason.clone() });
            false
        }
        None => true,
    });
}

/// What comes more than once.
fn repeated<T: Copy + Ord + Hash>(all: impl Iterator<Item = T>) -> BTreeSet<T> {
    let mut seen = Lookup::default();
    all.filter(|one| seen.insert(*one, ()).is_some()).collect()
}

/// A group that should be on this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedGroup {
    /// The provider's id.
    pub id: RemoteId,
    /// Name on this host.
    pub name: GroupName,
    /// The gid that the provider asks for.
    pub gid: Option<Gid>,
    /// Where its gid may be.
    pub gid_range: IdRange,
    /// Its active members, in no order.
    pub members: Vec<RemoteId>,
}

/// What the directory asks of this host's groups.
#[derive(Clone, Debug, Default)]
pub struct WantedGroups {
    /// Groups, in the order of their ids.
    pub groups: Vec<WantedGroup>,
    /// Records that get no group.
    pub refusals: Vec<Refusal>,
    /// What was not taken over as the provider has it, and why.
    pub remarks: Vec<(String, String)>,
    /// Every group that is there.
    pub present: BTreeSet<RemoteId>,
    /// Every person who is there: only of them a missing membership means something.
    pub people: Lookup<RemoteId, ()>,
}

/// Maps groups; those that the filter does not let through are left out.
pub fn groups(directory: &Directory, owned: &Owned, rules: &GroupRules) -> WantedGroups {
    let mut out =
        WantedGroups { people: directory.users.iter().map(|u| (u.id.clone(), ())).collect(), ..Default::default() };
    let mut groups: Vec<_> = directory.groups.iter().filter(|g| rules.filter.matches(g.name.raw())).collect();
    groups.sort_by(|a, b| a.id.cmp(&b.id));
    for (index, group) in groups.iter().enumerate() {
        let twin = groups.get(index + 1).is_some_and(|other| other.id == group.id);
        let known = owned.groups.get(&group.id).filter(|own| own.state.is_present());
        let refuse = |reason| Refusal { id: Some(group.id.clone()), subject: group.name.clone(), reason };
        if !out.present.insert(group.id.clone()) || twin {
            out.refusals.push(refuse("two records have this id".to_owned()));
            continue;
        }
        let rules = rules.of(group.name.raw());
        let name = match group_name(&group.name, known.map(|own| own.name.as_str()), rules, &mut out.remarks) {
            Ok(name) => name,
            Err(reason) => {
                out.refusals.push(refuse(reason));
                continue;
            }
        };
        let gid = match group.gid.as_ref().map(|text| gid(text, rules.gid_range)).transpose() {
            Ok(gid) => gid,
            Err(reason) if known.is_some() => {
                out.remarks.push((name.to_string(), format!("keeps its gid: {reason}")));
                None
            }
            Err(reason) => {
                out.refusals.push(refuse(reason));
                continue;
            }
        };
        let active = group.members.iter().filter(|m| m.status == crate::model::Status::Active);
        let members = active.map(|m| m.user.clone()).collect();
        out.groups.push(WantedGroup { id: group.id.clone(), name, gid, gid_range: rules.gid_range, members });
    }
    refuse_twin_groups(&mut out, owned);
    out
}

fn group_name(
    remote: &Untrusted,
    known_as: Option<&str>,
    rules: RulesOfGroup<'_>,
    remarks: &mut Vec<(String, String)>,
) -> Result<GroupName, String> {
    let mapped = NameMap::apply(rules.names, &remote.raw().to_ascii_lowercase());
    let name = GroupName::new(rules.prefix, &mapped, rules.dots);
    if let Some(known) = known_as {
        if name.as_ref().ok().map(GroupName::as_str) != Some(known) {
            remarks.push((known.to_owned(), format!("is called `{remote}` at the provider now")));
        }
        return GroupName::known(known).map_err(|e| format!("the ledger's name {e}"));
    }
    let name = name.map_err(|e| format!("the name `{}` {e}", Untrusted::new(mapped)))?;
    if protect::is_protected(name.as_str()) {
        return Err(format!("`{name}` is a name of the system's, or grants power"));
    }
    Ok(name)
}

fn gid(text: &Untrusted, range: IdRange) -> Result<Gid, String> {
    let number = plain_number(text.raw()).ok_or_else(|| format!("the gid `{text}` is no number"))?;
    if !range.contains(number) {
        return Err(format!("the gid {number} is not in the range {range}"));
    }
    Gid::new(number).ok_or_else(|| format!("the gid {number} is reserved"))
}

fn refuse_twin_groups(out: &mut WantedGroups, owned: &Owned) {
    let taken: Lookup<&str, &RemoteId> = owned.groups.iter().map(|(id, own)| (own.name.as_str(), id)).collect();
    let names = repeated(out.groups.iter().map(|g| g.name.as_str()));
    let gids = repeated(out.groups.iter().filter_map(|g| g.gid));
    let twin_of = |g: &WantedGroup| -> Option<String> {
        if let Some(other) = taken.get(g.name.as_str()).filter(|other| **other != &g.id) {
            return Some(format!("the name `{}` belongs to another group, {other}", g.name));
        }
        let has_it = |own: &crate::model::owned::OwnedGroup| own.state.is_present() || own.name == g.name.as_str();
        if owned.groups.get(&g.id).is_some_and(has_it) {
            return None;
        }
        if names.contains(g.name.as_str()) {
            return Some(format!("two groups would be called `{}`", g.name));
        }
        let gid = g.gid.filter(|gid| gids.contains(gid))?;
        Some(format!("two groups ask for the gid {gid}"))
    };
    let refused: BTreeMap<RemoteId, String> =
        out.groups.iter().filter_map(|g| Some((g.id.clone(), twin_of(g)?))).collect();
    out.groups.retain(|g| match refused.get(&g.id) {
        Some(reason) => {
            let subject = Untrusted::new(g.name.as_str());
            out.refusals.push(Refusal { id: Some(g.id.clone()), subject, reason: reason.clone() });
            false
        }
        None => true,
    });
}

#[cfg(test)]
mod tests;
