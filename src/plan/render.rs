//! The plan as text and as JSON: what a dry run shows.

mod alike;
mod causes;
mod missing;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::{
    Adopted, Cause, Change, Deed, FieldChange, HomeFate, KeyChange, KeyPlace, LockShell,
    MemberChange, NewAccount, Number, Plan, Rebind, Rename,
};
use crate::model::owned::Hold;
use crate::model::{Contact, Gid, Name, RemoteId, UserName, shown};
use crate::policy::Field;
pub(crate) use causes::{Detail, Said, SameCause, causes, in_one, lines, refusal, remark};
pub(crate) use missing::missing;

/// How many names of a list one line shows.
const SHOWN_NAMES: usize = 12;

/// The plan for people, one change a line, and what is refused and left as it is below.
pub fn text(plan: &Plan) -> String {
    text_in(plan, Detail::Causes)
}

/// The same, in more or less detail.
pub(crate) fn text_in(plan: &Plan, detail: Detail) -> String {
    let changes = changes(&plan.changes);
    let refused = lines(&plan.refused, detail);
    let remarks = lines(&plan.remarks, detail);
    let mut out = String::new();
    let missing = missing(&plan.missing);
    let changes = changes.into_iter();
    for line in changes.chain(missing).chain(refused).chain(remarks) {
        let _ = writeln!(out, "{line}"); // writing into a String cannot fail
    }
    out
}

/// The plan as a file keeps it: one JSON object with its digest and counts.
pub(crate) fn json(plan: &Plan) -> Value {
    serde_json::json!({
        "digest": plan.digest(),
        "generation": plan.generation,
        "incomplete": plan.incomplete,
        "counts": plan.counts(),
        "changes": plan.changes,
        "missing": plan.missing,
        "refused": plan.refused,
        "remarks": plan.remarks,
    })
}

/// A change for machines: what it is of, and, if it has a reason, its word and its sentence.
pub(crate) fn change_json(change: &Change) -> Value {
    // A change is plain data, which always serializes.
    let mut json = serde_json::to_value(change).unwrap_or_default();
    json["kind"] = change.of.kind.as_str().into();
    if let Deed::Lock { reason } = &change.deed {
        json["reason"] = reason.word().into();
        json["text"] = reason.to_string().into();
    }
    json
}

/// Changes as lines; many that are alike are one.
pub(crate) fn changes(all: &[Change]) -> Vec<String> {
    alike::lines(all, line)
}

/// One change in one line. The first character says what happens: `+` comes, `~` changes, `!` closes, `-` goes.
pub(crate) fn line(change: &Change) -> String {
    let name = &change.of.name;
    match &change.deed {
        Deed::CreateAccount(new) => created(name, new),
        Deed::Update { fields } => format!("~ account {name} {}", field_changes(fields)),
        Deed::Lock { reason } => format!("! lock {name}: {reason}"),
        Deed::Unlock {} => format!("~ unlock {name}"),
        Deed::LockShell(shell) => lock_shell(name, shell),
        Deed::Hold(hold) => held(name, hold),
        Deed::Free {} => format!("~ {name} is not held locked any more"),
        Deed::RemoveAccount { uid, home, .. } => {
            format!("- account {name} uid={uid} {}", home_fate(home))
        }
        Deed::Forget { stands } => forgotten(name, *stands),
        Deed::ChangeContact { before, after } => contact(name, before, after),
        Deed::CreateGroup { gid, members } => format!(
            "+ group {name} gid={gid} {}",
            names("members", members.iter().map(UserName::as_str))
        ),
        Deed::ChangeMembers(change) => members(name, change),
        Deed::AdoptAccount(adopted) => adopted_account(change, adopted),
        Deed::AdoptGroup { gid, add, .. } => adopted_group(change, *gid, add),
        Deed::Release(number) => format!(
            "- release {} {name} {}; it stays as it is",
            change.of.kind.as_str(),
            numbered(*number)
        ),
        Deed::Rebind(rebind) => rebound(change, rebind),
        Deed::Rename(rename) => renamed(rename),
        Deed::ArchiveHome { home, archive, .. } => format!(
            "- home {} of {name}, after packing it into {}",
            shown(home),
            shown(archive)
        ),
        Deed::MakeHome { home, .. } => format!("+ home {} of {name}", shown(home)),
        Deed::EmptyGroup { remove } => format!(
            "! group {name} is not at the provider any more; {}",
            names("take out", remove.iter().map(String::as_str))
        ),
        Deed::RemoveGroup { gid, remove } => removed_group(name, *gid, remove),
        Deed::SetKeys(change) => keys(name, change),
    }
}

fn lock_shell(name: &Name, change: &LockShell) -> String {
    let LockShell { shell, before } = change;
    let (mark, how_long) = match before {
        Some(_) => ('!', " as long as it is locked"),
        None => ('~', ""),
    };
    let from = shown(&shell.from);
    format!(
        "{mark} shell {name} \"{from}\" -> \"{}\"{how_long}",
        shown(&shell.to)
    )
}

fn held(name: &Name, hold: &Hold) -> String {
    let reason = hold.reason.as_ref();
    let reason = reason.map_or_else(String::new, |reason| format!(": {}", shown(reason)));
    format!(
        "! hold {name} locked until `gosync unlock {name}`, by {}{reason}",
        shown(&hold.by)
    )
}

fn forgotten(name: &Name, stands: bool) -> String {
    let stays = match stands {
        true => "the account stays",
        false => "there is no such account on this host, and its ids stay set aside",
    };
    format!("- forget {name}; {stays}")
}

fn adopted_group(change: &Change, gid: Gid, add: &[UserName]) -> String {
    let (name, id) = (&change.of.name, remote_id(change));
    let mut line = format!("~ adopt group {name} gid={gid} for {id}");
    if !add.is_empty() {
        let _ = write!(line, " {}", names("add", add.iter().map(UserName::as_str)));
    }
    line
}

fn rebound(change: &Change, rebind: &Rebind) -> String {
    let (kind, name) = (change.of.kind.as_str(), &change.of.name);
    let Rebind {
        number,
        from,
        login,
        ..
    } = rebind;
    let is_other_provider = change.of.key.as_ref().map(|key| &key.provider) != Some(&from.provider);
    let provider = match is_other_provider {
        true => format!("{} ", shown(from.provider.as_str())),
        false => String::new(),
    };
    let to = match login {
        Some(login) => format!("{login} ({})", remote_id(change)),
        None => remote_id(change).to_owned(),
    };
    format!(
        "~ rebind {kind} {name} {} from {provider}{} to {to}",
        numbered(*number),
        from.id
    )
}

fn removed_group(name: &Name, gid: Gid, members: &[String]) -> String {
    let mut line = format!("- group {name} gid={gid}");
    if !members.is_empty() {
        let members = members.iter().map(String::as_str);
        let _ = write!(line, " {}", names("with its members", members));
    }
    line
}

fn created(name: &Name, new: &NewAccount) -> String {
    let mut line = format!(
        "+ account {name} uid={} gid={} home={} shell={}",
        new.uid,
        new.gid,
        new.fields.home,
        shown(&new.fields.shell)
    );
    if let Some((first, count)) = new.subids {
        let _ = write!(line, " subids={first}+{count}");
    }
    if !new.fields.gecos.is_empty() {
        let _ = write!(line, " \"{}\"", shown(&new.fields.gecos));
    }
    line
}

fn home_fate(home: &HomeFate) -> String {
    match home {
        HomeFate::Keep => "its home stays".to_owned(),
        HomeFate::Gone => "it has no home".to_owned(),
        HomeFate::Remove { path } => format!("and its home {path}"),
        HomeFate::Archive { path, into } => {
            format!("and its home {path}, after packing it into {}", shown(into))
        }
    }
}

fn adopted_account(change: &Change, adopted: &Adopted) -> String {
    let Adopted {
        login,
        uid,
        gid,
        home,
        fields,
        ..
    } = adopted;
    let mut line = format!(
        "~ adopt account {} uid={uid} gid={gid} home={} for {login} ({})",
        change.of.name,
        shown(home),
        remote_id(change)
    );
    if !fields.is_empty() {
        let _ = write!(line, ", {}", field_changes(fields));
    }
    line
}

fn remote_id(change: &Change) -> &str {
    change.id().map_or("", RemoteId::as_str)
}

fn numbered(number: Number) -> String {
    match number {
        Number::Uid(uid) => format!("uid={uid}"),
        Number::Gid(gid) => format!("gid={gid}"),
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
fn members(name: &Name, change: &MemberChange) -> String {
    let MemberChange {
        privileged,
        add,
        remove,
        ..
    } = change;
    let mut line = match privileged {
        None => format!("~ group {name}"),
        Some(false) => format!("~ local group {name}"),
        Some(true) => format!("~ local group {name} (privileged)"),
    };
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
    line
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
        number,
        from,
        to,
        account,
    } = rename;
    let number = numbered(*number);
    let Some(account) = account else {
        return format!("~ rename group {from} to {to} {number}");
    };
    let mut line = format!("~ rename {from} to {to} {number}");
    if let Some(home) = &account.home {
        let _ = write!(line, " home={}", shown(&home.to));
        if home.moved && home.link {
            let _ = write!(line, " (a link stays at {})", shown(&home.from));
        }
    }
    for (_, file) in &account.files {
        let _ = write!(line, " {}", shown(file));
    }
    line
}

fn keys(name: &Name, change: &KeyChange) -> String {
    let KeyChange {
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
fn contact(name: &Name, before: &Contact, after: &Contact) -> String {
    let email = |contact: &Contact| shown(contact.email.as_deref().unwrap_or("none")).to_string();
    let mut parts = Vec::new();
    if before.email != after.email {
        parts.push(format!("e-mail {} -> {}", email(before), email(after)));
    }
    if before.ssh_keys != after.ssh_keys {
        parts.push("SSH keys at the provider".to_owned());
    }
    let (old, new) = (&before.attributes, &after.attributes);
    let differs = |name: &&String| old.get(*name) != new.get(*name);
    let changed: BTreeSet<_> = old.keys().chain(new.keys()).filter(differs).collect();
    if !changed.is_empty() {
        let changed: Vec<String> = changed.iter().map(|name| shown(name).to_string()).collect();
        parts.push(format!("attributes {}", changed.join(" ")));
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
