//! What differs between what gosync last applied and what is found on the host, and what becomes of it.
//!
//! Asks no provider: what is said of the next run holds as long as the provider wants what it wanted. Pure.

mod difference;
mod keys;

use std::collections::BTreeSet;

use super::diff::{account_line, group_line, lock_word};
use super::render;
use crate::model::host::Host;
use crate::model::owned::{Applied, Owned, OwnedAccount, OwnedGroup, State};
use crate::model::{Members, shown};
use crate::policy::{ByHand, Field, GroupRules, Rules};
use difference::entry;
pub use difference::{Difference, Kind, Next};
pub(crate) use keys::{keys, unusable};

/// Everything that differs in the databases, accounts first, each kind by name. [`keys`] tells of files with keys.
pub fn drift(host: &Host<'_>, owned: &Owned, rules: &Rules) -> Vec<Difference> {
    let mut out = Vec::new();
    let mut present: Vec<&OwnedAccount> = owned
        .accounts
        .values()
        .filter(|own| own.state.is_present())
        .collect();
    present.sort_by_key(|own| &own.name);
    present
        .iter()
        .for_each(|own| account(own, host, rules, &mut out));
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

fn account(own: &OwnedAccount, host: &Host<'_>, rules: &Rules, out: &mut Vec<Difference>) {
    let found = match account_line(own, host) {
        Ok(found) => found,
        Err(_) if !host.accounts.contains_key(own.name.as_str()) => {
            // Nobody is made anew who is shut out.
            let by_hand = if own.state == State::Locked {
                ByHand::Report
            } else {
                rules.accounts.deleted_by_hand
            };
            out.push(deleted(Kind::Account, &own.name, by_hand));
            return;
        }
        Err(reason) => {
            out.push(entry(
                Kind::Account,
                &own.name,
                &reason.to_string(),
                Next::Keeps,
                "it is not gosync's line any more",
            ));
            return;
        }
    };
    let mut differs = |what, applied: String, found: String, next, why: &str| {
        let (kind, name, why) = (Kind::Account, own.name.clone(), why.to_owned());
        out.push(Difference {
            kind,
            name,
            what,
            applied,
            found,
            next,
            why,
        });
    };
    if found.gid != own.gid {
        let why = "gosync never changes a primary group";
        differs(
            "primary group",
            own.gid.to_string(),
            found.gid.to_string(),
            Next::Keeps,
            why,
        );
    }
    let is_locked = own.state == State::Locked;
    if is_locked && !found.closed() {
        let why = "a lock of gosync's is not given up to a hand";
        differs(
            "lock",
            lock_word(true).to_owned(),
            "open, or without expiry".to_owned(),
            Next::Restores,
            why,
        );
    }
    let Applied {
        gecos,
        home,
        shell,
        locked,
        expire,
    } = &own.applied;
    let mut fields = vec![
        (Field::Gecos, gecos.as_str(), found.gecos),
        (Field::Home, home, found.home),
    ];
    fields.push((Field::Shell, shell, found.shell));
    if !is_locked {
        // A lock that was there at the adoption may be taken off.
        let is_shut = found.locked && !locked;
        fields.push((Field::Lock, lock_word(false), lock_word(is_shut)));
        fields.push((Field::Expiry, expire, found.expire));
    }
    for (field, applied, found) in fields
        .into_iter()
        .filter(|(_, applied, found)| applied != found)
    {
        let (next, why) = match rules.accounts.keep_local.contains(&field) {
            true => (
                Next::Keeps,
                format!("`keep_local` names `{}`", field.as_str()),
            ),
            false => (
                Next::Restores,
                format!("`keep_local` does not name `{}`", field.as_str()),
            ),
        };
        let value = |text| render::value(field, text);
        // An empty value is one, too.
        let quoted = |text: String| {
            if text.is_empty() {
                "(empty)".to_owned()
            } else {
                text
            }
        };
        differs(
            field.as_str(),
            quoted(value(applied)),
            quoted(value(found)),
            next,
            &why,
        );
    }
}

fn group(own: &OwnedGroup, host: &Host<'_>, rules: &GroupRules, out: &mut Vec<Difference>) {
    let found = match group_line(own, host) {
        Ok(found) => found,
        Err(_) if !host.groups.contains_key(own.name.as_str()) => {
            out.push(deleted(Kind::Group, &own.name, rules.deleted_by_hand));
            return;
        }
        Err(reason) => {
            out.push(entry(
                Kind::Group,
                &own.name,
                &reason.to_string(),
                Next::Keeps,
                "it is not gosync's line any more",
            ));
            return;
        }
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
