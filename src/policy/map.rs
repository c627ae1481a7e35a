//! From a provider's record to an account or group as it should be on this host: who gets an account here, what it is
//! made of in `account`, groups in `groups`, and what is in the way of either in `twins`.

mod account;
mod asked;
mod groups;
mod twins;

use std::collections::BTreeSet;

use super::alloc::{NamedNumbers, plain_number};
use super::select::Selection;
use super::trace::{Step, Trace};
use super::{AccountRules, NameMap, Reason, Refusal, Remark};
use crate::model::history::EntryKind;
use crate::model::owned::{Owned, OwnedAccount};
use crate::model::shells::Shells;
use crate::model::{
    AccountFields, Directory, Gid, IdRange, InStep, RemoteId, Uid, Untrusted, User, UserName,
};

use account::AccountMapper;
pub(crate) use asked::Asked;
pub(crate) use groups::{WantedGroup, WantedGroups, explain_group, group_name_of, groups};
pub(crate) use twins::Wanted;

/// The name of an account or group that gosync owns, and what the provider called it when it was adopted under that name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownAs<'a> {
    /// Its name.
    pub name: &'a str,
    /// What the provider's name stood for, if it was adopted under another one.
    pub alias: Option<&'a str>,
    /// Its uid or gid: a wish for that is fulfilled, in whatever range it is.
    pub number: u32,
}

/// A person who has, or should have, an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WantedAccount {
    /// The provider's id.
    pub id: RemoteId,
    /// Whether the account should be open; `false`: locked.
    pub open: bool,
    /// Name on this host, as it is so far.
    pub name: UserName,
    /// The name it should have from now on, if that is another one.
    pub rename: Option<UserName>,
    /// The uid that the provider asks for.
    pub uid: Option<Uid>,
    /// The primary group that the provider asks for, if that counts and the account is to be made.
    pub gid: Option<Gid>,
    /// Full name, cleaned, home and shell.
    pub fields: AccountFields,
}

/// What the directory asks of this host's accounts.
#[derive(Clone, Debug, Default)]
pub(crate) struct WantedAccounts {
    /// Accounts, in the order of their ids.
    pub accounts: Vec<WantedAccount>,
    /// Records that get no account.
    pub refusals: Vec<Refusal>,
    /// What was not taken over as the provider has it, and why.
    pub remarks: Vec<Remark>,
    /// Everybody who is there, even if their record cannot be used: they are not absent.
    pub present: BTreeSet<RemoteId>,
    /// Records that the ledger does not know, and that would have the name of an account that it does.
    pub asked: Vec<Asked>,
    /// Known people without an account who are shut out.
    pub shut_out: usize,
    /// People with an account who are shut out, and whose record cannot be used otherwise.
    pub shut_by_id: BTreeSet<RemoteId>,
    /// The numbers that anybody's record names, if somebody is to get one that is free.
    pub named: NamedNumbers,
    /// The provider's groups, where accounts get them as primary groups.
    pub groups: Vec<WantedGroup>,
}

impl WantedAccounts {
    /// A record that cannot be used. `is_shut_out`: it is enough to shut out whoever has the account.
    fn refuse(&mut self, user: &User, reason: Reason, is_shut_out: bool) {
        self.refusals.push(refusal(user, reason));
        if is_shut_out {
            self.shut_by_id.insert(user.id.clone());
        }
    }
}

/// Maps people to accounts. `shells`: what the host allows.
pub(crate) fn accounts(
    directory: &Directory,
    selection: impl Fn(&User) -> Selection,
    owned: &Owned,
    shells: &Shells<'_>,
    rules: &AccountRules,
) -> WantedAccounts {
    let mut out = WantedAccounts::default();
    let mut users: Vec<&User> = directory.users.iter().collect();
    // A snapshot is sorted already.
    users.sort_by(|a, b| a.id.sort_key().cmp(&b.id.sort_key()));
    let names = asked::Names::of(owned, EntryKind::Account);
    let mut accounts = InStep::with(&owned.accounts);
    let mut present: Vec<&RemoteId> = Vec::with_capacity(users.len());
    for (index, user) in users.iter().enumerate() {
        let selection = selection(user);
        if selection == Selection::NotSelected {
            continue;
        }
        let is_twin = users
            .get(index + 1)
            .is_some_and(|other| other.id == user.id);
        let own = accounts.get(&user.id);
        if own.is_none() {
            let called = || Some(name_of(user, rules));
            out.asked.extend(names.asked(&user.id, called));
        }
        let known = own.filter(|own| own.state.is_present());
        let is_shut_out = selection == Selection::Suspended;
        if is_twin || present.last() == Some(&&user.id) {
            out.refuse(user, Reason::SameId, is_shut_out && known.is_some());
        } else if is_shut_out && known.is_none() {
            out.shut_out += 1;
        } else {
            let known_as = known.map(|own| known_as(&user.id, own, owned));
            let mut mapper = AccountMapper {
                shells,
                rules,
                remarks: &mut out.remarks,
                trace: &mut Trace::default(),
            };
            match mapper.account(user, !is_shut_out, known_as) {
                Ok(account) => out.accounts.push(account),
                Err(reason) => out.refuse(user, reason, is_shut_out),
            }
        }
        present.push(&user.id);
    }
    out.present = present.into_iter().cloned().collect();
    settle(&mut out, owned);
    if is_any_given(&out.accounts, owned) {
        directory.users.iter().for_each(|user| {
            out.named.add(user.uid.as_ref());
        });
    }
    out
}

/// The name of an account that gosync owns.
fn known_as<'o>(id: &RemoteId, own: &'o OwnedAccount, owned: &'o Owned) -> KnownAs<'o> {
    let alias = owned.aliases.accounts.get(id);
    KnownAs {
        name: &own.name,
        alias: alias.map(String::as_str),
        number: own.uid.get(),
    }
}

/// Whether somebody is to get a number that is free.
fn is_any_given(all: &[WantedAccount], owned: &Owned) -> bool {
    let mut accounts = InStep::with(&owned.accounts);
    all.iter()
        .any(|it| it.uid.is_none() && accounts.get(&it.id).is_none())
}

/// Settles who can have what. Whoever is to be out is so in any case.
fn settle(out: &mut WantedAccounts, owned: &Owned) {
    let closed: Vec<RemoteId> = {
        let closed = out.accounts.iter().filter(|account| !account.open);
        closed.map(|account| account.id.clone()).collect()
    };
    let WantedAccounts {
        accounts,
        refusals,
        remarks,
        shut_by_id,
        ..
    } = out;
    let before = refusals.len();
    twins::settle(accounts, owned, refusals, remarks);
    let refused = refusals[before..].iter().filter_map(|it| it.id.as_ref());
    shut_by_id.extend(refused.filter(|id| closed.contains(*id)).cloned());
}

fn refusal(user: &User, reason: Reason) -> Refusal {
    Refusal {
        id: Some(user.id.clone()),
        subject: user.login.clone(),
        reason,
    }
}

/// How one person's account comes about, or is refused; as [`accounts`] decides it.
pub(crate) fn explain(
    user: &User,
    open: bool,
    known_as: Option<KnownAs<'_>>,
    shells: &Shells<'_>,
    rules: &AccountRules,
) -> (Result<WantedAccount, Reason>, Vec<Step>) {
    let mut trace = Trace::listening();
    let mut mapper = AccountMapper {
        shells,
        rules,
        remarks: &mut Vec::new(),
        trace: &mut trace,
    };
    let account = mapper.account(user, open, known_as);
    (account, trace.steps())
}

/// What a login or a group's name becomes.
fn mapped(rules: &[NameMap], remote: &Untrusted, key: &str, trace: &mut Trace) -> String {
    let (mapped, rule) = NameMap::apply_by(rules, &remote.raw().to_ascii_lowercase());
    trace.note("name", &mapped, || match rule {
        Some(rule) => format!("`{remote}` in small letters, by {rule} of `{key}`"),
        None => format!("`{remote}` in small letters; no rule of `{key}` matches it"),
    });
    mapped
}

/// Says that something has another name at the provider, and not here.
pub(crate) fn kept(new: &str, why: Reason) -> Reason {
    let (new, why) = (Untrusted::new(new), why.boxed());
    Reason::KeepsName { new, why }
}

/// What a person's login stands for on this host, sound or not.
pub(crate) fn name_of(user: &User, rules: &AccountRules) -> String {
    NameMap::apply(&rules.names, &user.login.raw().to_ascii_lowercase())
}

/// The number that the provider asks for, if it is one and in the range for it.
fn asked_number(text: &Untrusted, range: IdRange, kind: EntryKind) -> Result<u32, Reason> {
    let id = plain_number(text.raw()).ok_or_else(|| Reason::NoNumber {
        kind,
        text: text.clone(),
    })?;
    match range.contains(id) {
        true => Ok(id),
        false => Err(Reason::OutOfRange { kind, id, range }),
    }
}

#[cfg(test)]
mod tests;
