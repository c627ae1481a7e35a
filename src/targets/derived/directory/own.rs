//! Groups that are one account's own, as entries. No provider has them: they carry the id of their account, behind a word. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::entries::{Found, Kind, Leaver};
use crate::model::history::EntryKind;
use crate::targets::derived::{Account, Group, Roll};

/// What stands before the account's id.
const OWN: &str = "own group of ";

/// Those that are to be there.
pub(super) fn groups<'h>(roll: &Roll<'h>) -> Vec<Group<'h>> {
    let private: BTreeMap<&str, _> = roll.private.iter().copied().collect();
    let of = |account: &Account<'h>| {
        let (name, on_host) = private.get_key_value(account.name)?;
        Some(Group {
            provider: account.provider.clone(),
            id: format!("{OWN}{}", account.id),
            name,
            on_host: *on_host,
        })
    };
    roll.accounts.iter().filter_map(of).collect()
}

/// Those that stand there, of accounts that gosync has or had: they go, unless they are to be there.
pub(super) fn leavers(roll: &Roll<'_>, kind: &Kind<'_>, standing: &[Found]) -> Vec<Leaver> {
    let present = roll.accounts.iter().map(|it| it.id.as_str());
    let gone = roll
        .gone
        .iter()
        .filter(|it| it.kind == EntryKind::Account)
        .map(|it| it.id.as_str());
    let known: BTreeSet<&str> = present.chain(gone).collect();
    let leaver = |entry: &Found| {
        let [id] = entry.get(kind.mark) else {
            return None;
        };
        let id = std::str::from_utf8(id).ok()?;
        known.contains(id.strip_prefix(OWN)?).then_some(())?;
        let [number] = entry.get(kind.number) else {
            return None;
        };
        Some(Leaver {
            id: id.to_owned(),
            name: entry.name(kind),
            number: std::str::from_utf8(number).ok()?.parse().ok()?,
        })
    };
    standing.iter().filter_map(leaver).collect()
}
