//! What differs between what gosync last applied and what is found on the host, and what becomes of it.
//!
//! Asks no provider: what is said of the next run holds as long as the provider wants what it wanted. Pure.

mod difference;
mod keys;

use std::collections::BTreeSet;

use super::diff::{account_line, group_line, lock_word};
use super::render;
use crate::model::host::{Host, HostAccount};
use crate::model::owned::{Applied, Owned, OwnedAccount, OwnedGroup, State};
use crate::model::{Members, RemoteId, shown};
use crate::policy::{ByHand, Field, GroupRules, Reason, Rules};
use difference::entry;
pub use difference::{Difference, Kind, Next};
pub(crate) use keys::{keys, unusable};

/// Everything that differs in the databases, accounts first, each kind by name. [`keys`] tells of files with keys.
pub fn drift(host: &Host<'_>, owned: &Owned, rules: &Rules) -> Vec<Difference> {
    let mut out = Vec::new();
    let mut present: Vec<(&RemoteId, &OwnedAccount)> = owned
        .accounts
        .iter()
        .filter(|(_, own)| own.state.is_present())
        .collect();
    present.sort_by_key(|(_, own)| &own.name);
    for (id, own) in present {
        account(own, owned.shell_before(id), host, rules, &mut out);
    }
    let mut present: Vec<&OwnedGroup> = owned
        .groups
        .values()
        .filter(|own| own.state.is_present())
        .collect();
    present.sort_by_key(|own| &own.name);
    present
        .iter()
        .for_each(|own| group(own, host, &rules.groups, &mut out));
    owned
        .local
        .iter()
        .for_each(|(name, applied)| local(name, applied, host, &rules.groups, &mut out));
    out
}

/// One line for people.
pub(crate) fn line(difference: &Difference) -> String {
    let Difference {
        kind,
        name,
        what,
        applied,
        found,
        next,
        why,
    } = difference;
    let values = match (applied.is_empty(), found.is_empty()) {
        (true, _) => format!(" {}", shown(found)),
        (false, true) => format!(" {}", shown(applied)),
        (false, false) => format!(" \"{}\", found \"{}\"", shown(applied), shown(found)),
    };
    let what = if what.is_empty() {
        String::new()
    } else {
        format!(" {what}")
    };
    format!(
        "{} {}{what}{values}: {}, since {why}",
        kind.as_str(),
        shown(name),
        next.as_str()
    )
}

fn deleted(kind: Kind, name: &str, by_hand: ByHand) -> Difference {
    let (next, word) = match by_hand {
        ByHand::Report => (Next::Keeps, "report"),
        ByHand::Restore => (Next::Restores, "restore"),
    };
    entry(
        kind,
        name,
        "was removed by hand",
        next,
        &format!("`deleted_by_hand` is `{word}`"),
    )
}

/// An account of whose line nothing can be said: it is gone, or `reason`.
fn without_line(own: &OwnedAccount, host: &Host<'_>, rules: &Rules, reason: &Reason) -> Difference {
    if host.accounts.contains_key(own.name.as_str()) {
        return lost(Kind::Account, &own.name, reason);
    }
    // Nobody is made anew who is shut out.
    let by_hand = match own.state {
        State::Locked => ByHand::Report,
        _ => rules.accounts.deleted_by_hand,
    };
    deleted(Kind::Account, &own.name, by_hand)
}

/// `before`: the shell that stood before a lock that has one of its own.
fn account(
    own: &OwnedAccount,
    before: Option<&str>,
    host: &Host<'_>,
    rules: &Rules,
    out: &mut Vec<Difference>,
) {
    let found = match account_line(own, host) {
        Ok(found) => found,
        Err(reason) => return out.push(without_line(own, host, rules, &reason)),
    };
    let mut differs = |what, (applied, found): (String, String), (next, why)| {
        out.push(Difference {
            kind: Kind::Account,
            name: own.name.clone(),
            what,
            applied,
            found,
            next,
            why,
        });
    };
    if found.gid != own.gid {
        let why = "gosync never changes a primary group".to_owned();
        let gids = (own.gid.to_string(), found.gid.to_string());
        differs("primary group", gids, (Next::Keeps, why));
    }
    if own.state == State::Locked && !found.closed() {
        let why = "a lock of gosync's is not given up to a hand".to_owned();
        let locks = (
            lock_word(true).to_owned(),
            "open, or without expiry".to_owned(),
        );
        differs("lock", locks, (Next::Restores, why));
    }
    let of_lock = shell_of_lock(own, before, rules);
    if let Some((to, why)) = of_lock.filter(|(to, _)| *to != found.fields.shell) {
        let shells = (to.to_owned(), found.fields.shell.to_owned());
        differs("shell", shells, (Next::Restores, why.to_owned()));
    }
    let is_held = of_lock.is_some();
    let fields = fields(own, found).filter(|(field, ..)| *field != Field::Shell || !is_held);
    for (field, applied, found) in fields.filter(|(_, applied, found)| applied != found) {
        let values = (quoted(field, applied), quoted(field, found));
        differs(field.as_str(), values, becomes(field, rules));
    }
}

/// What becomes of a field that was changed by hand, and why.
fn becomes(field: Field, rules: &Rules) -> (Next, String) {
    let what = field.as_str();
    match rules.accounts.keep_local.contains(&field) {
        true => (Next::Keeps, format!("`keep_local` names `{what}`")),
        false => (
            Next::Restores,
            format!("`keep_local` does not name `{what}`"),
        ),
    }
}

/// The shell that a locked account is to have on account of the lock, and why.
fn shell_of_lock<'a>(
    own: &OwnedAccount,
    before: Option<&'a str>,
    rules: &'a Rules,
) -> Option<(&'a str, &'static str)> {
    let lock_shell = rules.departed.lock_shell.as_deref();
    let of_lock = match lock_shell {
        Some(shell) => (shell, "`lock_shell` holds as long as it is locked"),
        None => (before?, "`lock_shell` is not set any more"),
    };
    (own.state == State::Locked).then_some(of_lock)
}

/// The fields that are compared: as applied, and as found.
fn fields<'a>(
    own: &'a OwnedAccount,
    found: &HostAccount<'a>,
) -> impl Iterator<Item = (Field, &'a str, &'a str)> {
    let Applied {
        fields,
        locked,
        expire,
    } = &own.applied;
    let texts = Field::each(fields.borrowed()).into_iter();
    let texts = texts.zip(Field::each(found.fields));
    let texts = texts.map(|((field, applied), (_, found))| (field, applied, found));
    // A lock that was there at the adoption may be taken off.
    let is_shut = found.locked && !locked;
    let of_open = [
        (Field::Lock, lock_word(false), lock_word(is_shut)),
        (Field::Expiry, expire, found.expire),
    ];
    let of_open = (own.state != State::Locked).then_some(of_open);
    texts.chain(of_open.into_iter().flatten())
}

/// A value for a sentence. An empty one is one, too.
fn quoted(field: Field, text: &str) -> String {
    let text = render::value(field, text);
    match text.is_empty() {
        true => "(empty)".to_owned(),
        false => text,
    }
}

/// A line that is there, and not gosync's any more.
fn lost(kind: Kind, name: &str, reason: &Reason) -> Difference {
    let why = "it is not gosync's line any more";
    entry(kind, name, &reason.to_string(), Next::Keeps, why)
}

fn group(own: &OwnedGroup, host: &Host<'_>, rules: &GroupRules, out: &mut Vec<Difference>) {
    let found = match group_line(own, host) {
        Ok(found) => found,
        Err(_) if !host.groups.contains_key(own.name.as_str()) => {
            out.push(deleted(Kind::Group, &own.name, rules.deleted_by_hand));
            return;
        }
        Err(reason) => return out.push(lost(Kind::Group, &own.name, &reason)),
    };
    let (before, now) = (own.members.set(), found.members.set());
    let added: Vec<&str> = now.difference(&before).copied().collect();
    if !added.is_empty() {
        let (kind, name, found) = (Kind::Group, own.name.clone(), added.join(" "));
        let why = "members that were added by hand stay".to_owned();
        out.push(Difference {
            kind,
            name,
            what: "added",
            applied: String::new(),
            found,
            next: Next::Keeps,
            why,
        });
    }
    let gone = gone(&before, &now, host);
    out.extend(taken_out(Kind::Group, &own.name, &gone, rules));
}

fn local(
    name: &str,
    applied: &Members,
    host: &Host<'_>,
    rules: &GroupRules,
    out: &mut Vec<Difference>,
) {
    let Some(found) = host.groups.get(name) else {
        let why = "`local_map` makes no groups";
        out.push(entry(
            Kind::LocalGroup,
            name,
            "is not on this host any more",
            Next::Keeps,
            why,
        ));
        return;
    };
    let (before, now) = (applied.set(), found.members.set());
    let gone = gone(&before, &now, host);
    out.extend(taken_out(Kind::LocalGroup, name, &gone, rules));
}

/// The members that were applied and are not found any more. Whose account is not on the host is no
/// member anywhere, and that is told of the account.
fn gone<'a>(before: &BTreeSet<&'a str>, now: &BTreeSet<&str>, host: &Host<'_>) -> Vec<&'a str> {
    let is_gone = |name: &&str| !now.contains(name) && host.accounts.contains_key(name);
    before.iter().copied().filter(is_gone).collect()
}

fn taken_out(kind: Kind, name: &str, gone: &[&str], rules: &GroupRules) -> Option<Difference> {
    if gone.is_empty() {
        return None;
    }
    let (next, word) = match rules.taken_out_by_hand {
        ByHand::Report => (Next::Keeps, "report"),
        ByHand::Restore => (Next::Restores, "restore"),
    };
    let (name, applied, why) = (
        name.to_owned(),
        gone.join(" "),
        format!("`taken_out_by_hand` is `{word}`"),
    );
    Some(Difference {
        kind,
        name,
        what: "taken out",
        applied,
        found: String::new(),
        next,
        why,
    })
}

#[cfg(test)]
mod tests;
