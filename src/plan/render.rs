//! The plan as text and as JSON: what a dry run shows.

use std::fmt::Write as _;

use super::{
    Adopted, Cause, Change, FieldChange, HomeFate, KeyChange, KeyPlace, Plan, Remark, Rename,
};
use crate::model::{Contact, UserName, shown};
use crate::policy::{Field, Refusal};

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
            format!("~ account {name} {}", field_changes(fields))
        }
        Change::LockAccount { name, reason, .. } => format!("! lock {name}: {reason}"),
        Change::UnlockAccount { name, .. } => format!("~ unlock {name}"),
        Change::RemoveAccount {
            name, uid, home, ..
        } => {
            let home = match home {
                HomeFate::Keep => "its home stays".to_owned(),
                HomeFate::Gone => "it has no home".to_owned(),
                HomeFate::Remove { path } => format!("and its home {path}"),
                HomeFate::Archive { path, into } => {
                    format!("and its home {path}, after packing it into {}", shown(into))
                }
            };
            format!("- account {name} uid={uid} {home}")
        }
        Change::ForgetAccount {
            name, stands: true, ..
        } => format!("- forget {name}; the account stays"),
        Change::ForgetAccount {
            name,
            stands: false,
            ..
        } => {
            format!(
                "- forget {name}; there is no such account on this host, and its ids stay set aside"
            )
        }
        Change::ChangeContact {
            name,
            before,
            after,
            ..
        } => contact(name, before, after),
        Change::CreateGroup {
            name, gid, members, ..
        } => {
            format!(
                "+ group {name} gid={gid} {}",
                names("members", members.iter().map(UserName::as_str))
            )
        }
        Change::ChangeMembers {
            name, add, remove, ..
        } => {
            let mut line = format!("~ group {name}");
            members(&mut line, add, remove);
            line
        }
        Change::AdoptAccount(adopted) => {
            let Adopted {
                id,
                login,
                name,
                uid,
                gid,
                home,
                fields,
                ..
            } = &**adopted;
            let fields = if fields.is_empty() {
                String::new()
            } else {
                format!(", {}", field_changes(fields))
            };
            format!(
                "~ adopt account {name} uid={uid} gid={gid} home={} for {login} ({id}){fields}",
                shown(home)
            )
        }
        Change::AdoptGroup {
            id, name, gid, add, ..
        } => {
            let add = if add.is_empty() {
                String::new()
            } else {
                format!(" {}", names("add", add.iter().map(UserName::as_str)))
            };
            format!("~ adopt group {name} gid={gid} for {id}{add}")
        }
        Change::ReleaseAccount { name, uid, .. } => {
            format!("- release account {name} uid={uid}; it stays as it is")
        }
        Change::ReleaseGroup { name, gid, .. } => {
            format!("- release group {name} gid={gid}; it stays as it is")
        }
        Change::ChangeLocalMembers {
            name,
            privileged,
            add,
            remove,
            ..
        } => {
            let mut line = format!(
                "~ local group {name}{}",
                if *privileged { " (privileged)" } else { "" }
            );
            members(&mut line, add, remove);
            line
        }
        Change::RenameAccount(rename) => renamed(rename),
        Change::RenameGroup { from, to, gid, .. } => {
            format!("~ rename group {from} to {to} gid={gid}")
        }
        Change::ArchiveHome {
            name,
            home,
            archive,
            ..
        } => {
            format!(
                "- home {} of {name}, after packing it into {}",
                shown(home),
                shown(archive)
            )
        }
        Change::MakeHome { name, home, .. } => format!("+ home {} of {name}", shown(home)),
        Change::EmptyGroup { name, remove, .. } => format!(
            "! group {name} is not at the provider any more; {}",
            names("take out", remove.iter().map(String::as_str))
        ),
        Change::RemoveGroup {
            name, gid, remove, ..
        } => {
            let mut line = format!("- group {name} gid={gid}");
            if !remove.is_empty() {
                let _ = write!(
                    line,
                    " {}",
                    names("with its members", remove.iter().map(String::as_str))
                );
            }
            line
        }
        Change::SetKeys(change) => keys(change),
    }
}

fn field_changes(fields: &[FieldChange]) -> String {
    let fields = fields.iter().map(|f| {
        format!(
            "{} \"{}\" -> \"{}\"",
            f.field.as_str(),
            value(f.field, &f.from),
            value(f.field, &f.to)
        )
    });
    fields.collect::<Vec<_>>().join(", ")
}

/// Who comes and who goes. Neither: only the ledger learns something.
fn members(line: &mut String, add: &[UserName], remove: &[String]) {
    if add.is_empty() && remove.is_empty() {
        line.push_str(" stays; the ledger learns who came and went by hand");
    }
    if !add.is_empty() {
        let _ = write!(line, " {}", names("add", add.iter().map(UserName::as_str)));
    }
    if !remove.is_empty() {
        let _ = write!(
            line,
            " {}",
            names("take out", remove.iter().map(String::as_str))
        );
    }
}

/// A field's value for people.
pub(super) fn value(field: Field, text: &str) -> String {
    let day = || {
        let days = jiff::Span::new().try_days(text.parse::<i64>().ok()?).ok()?;
        jiff::civil::date(1970, 1, 1).checked_add(days).ok()
    };
    match field {
        Field::Expiry if text.is_empty() => "never".to_owned(),
        // Day 1 is no date that anybody chose: it is how usermod(8) and gosync close an account.
        Field::Expiry if text == "1" => "at once".to_owned(),
        Field::Expiry => day().map_or_else(|| shown(text).to_string(), |day| day.to_string()),
        _ => shown(text).to_string(),
    }
}

fn renamed(rename: &Rename) -> String {
    let Rename {
        uid,
        from,
        to,
        home,
        files,
        ..
    } = rename;
    let mut line = format!("~ rename {from} to {to} uid={uid}");
    if let Some(home) = home {
        let _ = write!(line, " home={}", shown(&home.to));
        if home.moved && home.link {
            let _ = write!(line, " (a link stays at {})", shown(&home.from));
        }
    }
    for (_, file) in files {
        let _ = write!(line, " {}", shown(file));
    }
    line
}

fn keys(change: &KeyChange) -> String {
    let KeyChange {
        name,
        at,
        cause,
        before,
        after,
        text,
        ..
    } = change;
    let place = match at {
        KeyPlace::File { .. } => String::new(),
        KeyPlace::Home { path, .. } => format!(" in {}", shown(path)),
    };
    let list = |what: &str, keys: &[&String]| names(what, keys.iter().map(|key| key.as_str()));
    let come: Vec<&String> = after.iter().filter(|key| !before.contains(key)).collect();
    let go: Vec<&String> = before.iter().filter(|key| !after.contains(key)).collect();
    let parts = match (cause, at) {
        (Cause::Closed, KeyPlace::File { .. }) => list("withdraw", &go),
        (Cause::Closed | Cause::Moved, KeyPlace::Home { .. }) => "withdraw".to_owned(),
        (Cause::Moved, KeyPlace::File { path }) => format!("withdraw from {}", shown(path)),
        (Cause::Wanted, KeyPlace::Home { .. }) if text.is_empty() => "take out".to_owned(),
        (Cause::Wanted, KeyPlace::Home { .. }) => list("set", &come),
        (Cause::Wanted, _) => {
            let parts =
                [("add", come), ("take out", go)].map(|(what, keys)| match keys.is_empty() {
                    true => String::new(),
                    false => list(what, &keys),
                });
            match parts.concat().is_empty() {
                true => "write the same anew".to_owned(),
                false => parts
                    .into_iter()
                    .filter(|part| !part.is_empty())
                    .collect::<Vec<_>>()
                    .join(" "),
            }
        }
    };
    let mark = if *cause == Cause::Closed { '!' } else { '~' };
    format!("{mark} keys {name}{place} {parts}")
}

/// How somebody is to be reached from now on.
fn contact(name: &UserName, before: &Contact, after: &Contact) -> String {
    let email = |contact: &Contact| shown(contact.email.as_deref().unwrap_or("none")).to_string();
    let mut parts = Vec::new();
    if before.email != after.email {
        parts.push(format!("e-mail {} -> {}", email(before), email(after)));
    }
    if before.ssh_keys != after.ssh_keys {
        parts.push("SSH keys at the provider".to_owned());
    }
    format!("~ contact {name} {}", parts.join(", "))
}

fn names<'a>(what: &str, list: impl Iterator<Item = &'a str>) -> String {
    let list: Vec<&str> = list.collect();
    let head: Vec<String> = list
        .iter()
        .take(SHOWN_NAMES)
        .map(|name| shown(name).to_string())
        .collect();
    let more = list.len().saturating_sub(SHOWN_NAMES);
    let tail = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    match list.len() {
        0 => format!("no {what}"),
        n => format!("{what} ({n}): {}{tail}", head.join(" ")),
    }
}

#[cfg(test)]
mod tests;
