//! The plan as text and as JSON: what a dry run shows.

use std::fmt::Write as _;

use super::{Cause, Change, HomeFate, KeyChange, KeyPlace, Plan, Remark};
use crate::model::{UserName, shown};
use crate::policy::Refusal;

/// How many names of a list one line shows.
const SHOWN_NAMES: usize = 12;

/// The plan for people, one change a line, and what is left as it is below.
pub fn text(plan: &Plan) -> String {
    let mut out = String::new();
    for change in &plan.changes {
        let _ = writeln!(out, "{}", line(change)); // writing into a String cannot fail
    }
    for refused in &plan.refused {
        let _ = writeln!(out, "{}", refusal(refused));
    }
    for noted in &plan.remarks {
        let _ = writeln!(out, "{}", remark(noted));
    }
    out
}

/// A record that gets nothing, and why, in one line.
pub fn refusal(refusal: &Refusal) -> String {
    let mut line = String::from("x refuse ");
    if refusal.subject.raw().is_empty() {
        line.push_str("a record without a name");
    } else {
        let _ = write!(line, "{}", refusal.subject);
    }
    if let Some(id) = &refusal.id {
        let _ = write!(line, " ({id})");
    }
    let _ = write!(line, ": {}", refusal.reason);
    line
}

/// What is left as it is, and why, in one line.
pub fn remark(remark: &Remark) -> String {
    format!("  note {}: {}", shown(&remark.name), remark.text)
}

/// The plan for machines: one JSON object with its digest and counts.
pub fn json(plan: &Plan) -> serde_json::Value {
    serde_json::json!({
        "digest": plan.digest(),
        "generation": plan.generation,
        "incomplete": plan.incomplete,
        "counts": plan.counts(),
        "changes": plan.changes,
        "refused": plan.refused,
        "remarks": plan.remarks,
    })
}

/// One change in one line. The first character says what happens: `+` comes, `~` changes, `!` closes, `-` goes.
pub fn line(change: &Change) -> String {
    match change {
        Change::CreateAccount(new) => {
            let mut line = format!(
                "+ account {} uid={} gid={} home={} shell={}",
                new.name,
                new.uid,
                new.gid,
                new.home,
                shown(&new.shell)
            );
            if let Some((first, count)) = new.subids {
                let _ = write!(line, " subids={first}+{count}");
            }
            if !new.gecos.is_empty() {
                let _ = write!(line, " \"{}\"", shown(&new.gecos));
            }
            line
        }
        Change::UpdateAccount { name, fields, .. } => {
            let fields: Vec<String> = fields
                .iter()
                .map(|f| format!("{} \"{}\" -> \"{}\"", f.field.as_str(), shown(&f.from), shown(&f.to)))
                .collect();
            format!("~ account {name} {}", fields.join(", "))
        }
        Change::LockAccount { name, reason, .. } => format!("! lock {name}: {reason}"),
        Change::UnlockAccount { name, .. } => format!("~ unlock {name}"),
        Change::RemoveAccount { name, uid, home, .. } => {
            let home = match home {
                HomeFate::Keep => "its home stays".to_owned(),
                HomeFate::Remove { path } => format!("and its home {path}"),
                HomeFate::Archive { path, into } => {
                    format!("and its home {path}, after packing it into {}", shown(into))
                }
            };
            format!("- account {name} uid={uid} {home}")
        }
        Change::ForgetAccount { name, .. } => format!("- forget {name}; the account stays"),
        Change::CreateGroup { name, gid, members, .. } => {
            format!("+ group {name} gid={gid} {}", names("members", members.iter().map(UserName::as_str)))
        }
        Change::ChangeMembers { name, add, remove, .. } => {
            let mut line = format!("~ group {name}");
            if add.is_empty() && remove.is_empty() {
                line.push_str(" stays; who was taken out by hand is forgotten");
            }
            if !add.is_empty() {
                let _ = write!(line, " {}", names("add", add.iter().map(UserName::as_str)));
            }
            if !remove.is_empty() {
                let _ = write!(line, " {}", names("take out", remove.iter().map(String::as_str)));
            }
            line
        }
        Change::SetKeys(change) => keys(change),
    }
}

fn keys(change: &KeyChange) -> String {
    let KeyChange { name, at, cause, before, after, text, .. } = change;
    let place = match at {
        KeyPlace::File { .. } => String::new(),
        KeyPlace::Home { path, .. } => format!(" in {}", shown(path)),
    };
    let list = |what: &str, keys: &[&String]| names(what, keys.iter().map(|key| key.as_str()));
    let come: Vec<&String> = after.iter().filter(|key| !before.contains(key)).collect();
    let go: Vec<&String> = before.iter().filter(|key| !after.contains(key)).collect();
    let parts = match (cause, at) {
        (Cause::Closed, KeyPlace::File { .. }) => list("withdraw", &go),
        (Cause::Closed, KeyPlace::Home { .. }) => "withdraw".to_owned(),
        (Cause::Moved, _) => format!("withdraw from {}", shown(at.path())),
        (Cause::Wanted, KeyPlace::Home { .. }) if text.is_empty() => "take out".to_owned(),
        (Cause::Wanted, KeyPlace::Home { .. }) => list("set", &come),
        (Cause::Wanted, _) => {
            let parts = [("add", come), ("take out", go)].map(|(what, keys)| match keys.is_empty() {
                true => String::new(),
                false => list(what, &keys),
            });
            match parts.concat().is_empty() {
                true => "write the same anew".to_owned(),
                false => parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
            }
        }
    };
    let mark = if *cause == Cause::Closed { '!' } else { '~' };
    format!("{mark} keys {name}{place} {parts}")
}

fn names<'a>(what: &str, list: impl Iterator<Item = &'a str>) -> String {
    let list: Vec<&str> = list.collect();
    let head: Vec<String> = list.iter().take(SHOWN_NAMES).map(|name| shown(name).to_string()).collect();
    let more = list.len().saturating_sub(SHOWN_NAMES);
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    match list.len() {
        0 => format!("no {what}"),
        n => format!("{what} ({n}): {}{tail}", head.join(" ")),
    }
}

#[cfg(test)]
mod tests;
