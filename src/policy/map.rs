//! From a provider's record to an account or group as it should be on this host: accounts here, groups in `groups`,
//! and what is in the way of either in `twins`.

mod groups;
mod twins;

use std::collections::BTreeSet;

use super::rules::UnknownShell;
use super::select::Selection;
use super::trace::{Step, Trace};
use super::{AccountRules, NameMap, Reason, Refusal, Remark, gecos, protect};
use crate::model::history::EntryKind;
use crate::model::owned::Owned;
use crate::model::{AccountFields, Directory, IdRange, RemoteId, Uid, Untrusted, User, UserName};

pub(crate) use groups::{WantedGroup, WantedGroups, explain_group, group_name_of, groups};
pub(crate) use twins::Wanted;

/// The name of an account or group that gosync owns, and what the provider called it when it was adopted under that name.
pub(crate) type KnownAs<'a> = (&'a str, Option<&'a str>);

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
    /// Known people without an account who are shut out.
    pub shut_out: usize,
    /// People with an account who are shut out, and whose record cannot be used otherwise.
    pub shut_by_id: BTreeSet<RemoteId>,
}

/// Maps people to accounts. `shells`: what shells(5) of the host allows.
pub(crate) fn accounts(
    directory: &Directory,
    selection: impl Fn(&User) -> Selection,
    owned: &Owned,
    shells: &BTreeSet<&str>,
    rules: &AccountRules,
) -> WantedAccounts {
    let mut out = WantedAccounts::default();
    let mut users: Vec<&User> = directory.users.iter().collect();
    users.sort_by_cached_key(|user: &&User| user.id.sort_key());
    for (index, user) in users.iter().enumerate() {
        let selection = selection(user);
        if selection == Selection::NotSelected {
            continue;
        }
        let twin = |at: usize| users.get(at).is_some_and(|other| other.id == user.id);
        let known = owned
            .accounts
            .get(&user.id)
            .filter(|own| own.state.is_present());
        if !out.present.insert(user.id.clone()) || twin(index + 1) {
            out.refusals.push(refusal(user, Reason::SameId));
            if selection == Selection::Suspended && known.is_some() {
                out.shut_by_id.insert(user.id.clone());
            }
            continue;
        }
        if selection == Selection::Suspended && known.is_none() {
            out.shut_out += 1;
            continue;
        }
        match account(
            user,
            selection == Selection::Selected,
            known.map(|own| {
                (
                    own.name.as_str(),
                    owned.aliases.accounts.get(&user.id).map(String::as_str),
                )
            }),
            shells,
            rules,
            &mut out.remarks,
            &mut Trace::default(),
        ) {
            Ok(account) => out.accounts.push(account),
            Err(reason) => {
                out.refusals.push(refusal(user, reason));
                if selection == Selection::Suspended {
                    out.shut_by_id.insert(user.id.clone());
                }
            }
        }
    }
    settle(&mut out, owned);
    out
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
    shells: &BTreeSet<&str>,
    rules: &AccountRules,
) -> (Result<WantedAccount, Reason>, Vec<Step>) {
    let mut trace = Trace::listening();
    let account = account(
        user,
        open,
        known_as,
        shells,
        rules,
        &mut Vec::new(),
        &mut trace,
    );
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

fn account(
    user: &User,
    open: bool,
    known_as: Option<KnownAs<'_>>,
    shells: &BTreeSet<&str>,
    rules: &AccountRules,
    remarks: &mut Vec<Remark>,
    trace: &mut Trace,
) -> Result<WantedAccount, Reason> {
    let mapped = mapped(&rules.names, &user.login, "names", trace);
    let sound = sound_name(&mapped, rules);
    let (name, rename) = match known_as {
        Some((name, alias)) => {
            let known = UserName::new(name, true).map_err(|why| Reason::BadLedgerName { why })?;
            if name != mapped {
                trace.note("name", name, || {
                    "kept: it has an account of this name already".to_owned()
                });
            }
            match (sound, alias) {
                _ if name == mapped || alias == Some(mapped.as_str()) => (known, None),
                (Ok(new), None) => (known, Some(new)),
                (Ok(_), Some(_)) => {
                    remarks.push(Remark::new(name, kept(&mapped, Reason::AdoptedUnderThis)));
                    (known, None)
                }
                (Err(reason), _) => {
                    remarks.push(Remark::new(name, kept(&mapped, reason)));
                    (known, None)
                }
            }
        }
        None => (sound?, None),
    };
    let uid = match user.uid.as_ref().map(|text| uid(text, rules)).transpose() {
        Ok(uid) => uid,
        // What it has stays. A record that cannot be used would leave somebody in who is shut out.
        Err(reason) if known_as.is_some() => {
            let (kind, why) = (EntryKind::Account, reason.boxed());
            remarks.push(Remark::new(
                name.as_str(),
                Reason::KeepsNumber { kind, why },
            ));
            None
        }
        Err(reason) => return Err(reason),
    };
    let home = home(user, &name, rules, remarks, trace);
    let shell = match shell(user, &name, shells, rules, remarks, trace) {
        // Who has an account goes on being looked at: they may have to be locked.
        Err(reason) if known_as.is_some() => {
            remarks.push(Remark::new(name.as_str(), reason));
            CLOSED[0].to_owned()
        }
        other => other?,
    };
    let gecos = user
        .name
        .as_ref()
        .map(|n| gecos::clean(n.raw()))
        .unwrap_or_default();
    trace.note("gecos", &gecos, || match &user.name {
        Some(name) if name.raw() == gecos => "the provider's full name".to_owned(),
        Some(name) => format!("the provider's full name `{name}`, cleaned"),
        None => "the provider has no full name".to_owned(),
    });
    Ok(WantedAccount {
        id: user.id.clone(),
        open,
        name,
        rename,
        uid,
        fields: AccountFields { gecos, home, shell },
    })
}

/// The name of an account, by our rules.
fn sound_name(mapped: &str, rules: &AccountRules) -> Result<UserName, Reason> {
    let name = UserName::new(mapped, rules.dots).map_err(|why| Reason::BadName {
        name: Untrusted::new(mapped),
        why,
    })?;
    let is_trusted = rules.trusted_names.contains(name.as_str());
    match protect::is_reserved(name.as_str()) && !is_trusted {
        true => Err(Reason::SystemName {
            kind: EntryKind::Account,
            name: name.to_string(),
        }),
        false => Ok(name),
    }
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

fn uid(text: &Untrusted, rules: &AccountRules) -> Result<Uid, Reason> {
    let (kind, id) = (
        EntryKind::Account,
        asked_number(text, rules.uid_range, EntryKind::Account)?,
    );
    Uid::new(id).ok_or(Reason::ReservedNumber { kind, id })
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

/// Digits without sign, blanks or leading zeros: what every reader takes for the same number.
fn plain_number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

fn home(
    user: &User,
    name: &UserName,
    rules: &AccountRules,
    remarks: &mut Vec<Remark>,
    trace: &mut Trace,
) -> String {
    let computed = format!("{}/{name}", rules.home_base);
    let Some(wished) = user.home.as_ref().filter(|h| h.raw() != computed) else {
        trace.note("home", &computed, || "`home_base` and the name".to_owned());
        return computed;
    };
    let below = rules
        .home_bases
        .iter()
        .chain([&rules.home_base])
        .find(|base| is_directly_below(wished.raw(), base));
    if let Some(base) = below {
        trace.note("home", wished.raw(), || {
            format!("the provider's, below {base}")
        });
        return wished.raw().to_owned();
    }
    trace.note("home", &computed, || {
        format!("`home_base` and the name; the provider's `{wished}` is below no home base")
    });
    // Where no base is configured, homes are ours to compute, and a differing wish is not worth a word.
    if !rules.home_bases.is_empty() {
        let (wished, gets) = (wished.clone(), computed.clone());
        remarks.push(Remark::new(
            name.as_str(),
            Reason::BelowNoHomeBase { wished, gets },
        ));
    }
    computed
}

fn is_directly_below(path: &str, base: &str) -> bool {
    let Some(last) = path
        .strip_prefix(base)
        .and_then(|rest| rest.strip_prefix('/'))
    else {
        return false;
    };
    let plain = last
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@' | b'+'));
    plain && (1..=64).contains(&last.len()) && !last.starts_with(['.', '-'])
}

/// Shells that are there to work in: who asks for one may have another.
const INTERACTIVE: [&str; 14] = [
    "sh", "bash", "zsh", "fish", "ksh", "ksh93", "mksh", "tcsh", "csh", "dash", "ash", "elvish",
    "nu", "xonsh",
];

/// Programs that let nobody in.
const CLOSED: [&str; 4] = [
    "/usr/sbin/nologin",
    "/sbin/nologin",
    "/bin/false",
    "/usr/bin/false",
];

/// The login shell. A wish for one that is not allowed never becomes more than it asked for: what is no common interactive
/// shell was meant to keep somebody out, or to let them do one thing.
fn shell(
    user: &User,
    name: &UserName,
    shells: &BTreeSet<&str>,
    rules: &AccountRules,
    remarks: &mut Vec<Remark>,
    trace: &mut Trace,
) -> Result<String, Reason> {
    let wish = user.shell.as_ref().filter(|wish| !wish.raw().is_empty());
    let Some(wished) = wish.filter(|wish| wish.raw() != rules.shell) else {
        trace.note("shell", &rules.shell, || "`shell`".to_owned());
        return Ok(rules.shell.clone());
    };
    if shells.contains(wished.raw()) || CLOSED.contains(&wished.raw()) {
        trace.note("shell", wished.raw(), || "the provider's".to_owned());
        return Ok(wished.raw().to_owned());
    }
    let base = wished.raw().trim().rsplit('/').next().unwrap_or_default();
    let becomes = rules
        .unknown_shell
        .unwrap_or(match INTERACTIVE.contains(&base) {
            true => UnknownShell::Default,
            false => UnknownShell::Nologin,
        });
    let gets = match becomes {
        UnknownShell::Default => rules.shell.as_str(),
        UnknownShell::Nologin => {
            let mut listed = shells.iter().filter(|path| path.ends_with("/nologin"));
            listed.next().copied().unwrap_or(CLOSED[0])
        }
        UnknownShell::Refuse => {
            let wished = wished.clone();
            return Err(Reason::ShellRefused { wished });
        }
    };
    trace.note("shell", gets, || match becomes {
        UnknownShell::Default => {
            format!("`shell`; the provider's `{wished}` is not in /etc/shells")
        }
        _ => format!("the provider's `{wished}` is not in /etc/shells, and no common shell"),
    });
    let (wished, gets) = (wished.clone(), gets.to_owned());
    let told = Reason::ShellNotAllowed {
        wished,
        gets: gets.clone(),
    };
    remarks.push(Remark::new(name.as_str(), told));
    Ok(gets)
}

#[cfg(test)]
mod tests;
