//! What a past run changed, in words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::model::history::{EntryKind, PastChange};
use crate::model::{MemberList, shown};

/// What became of each entry, one a line, in the order of the first changes.
pub(crate) fn lines(changes: &[PastChange]) -> Vec<String> {
    let mut places: BTreeMap<(EntryKind, &str, &str), usize> = BTreeMap::new();
    let mut entries: Vec<PastChange> = Vec::new();
    for change in changes {
        let at = *places
            .entry((change.kind, &change.provider, &change.id))
            .or_insert(entries.len());
        match entries.get_mut(at) {
            None => entries.push(change.clone()),
            Some(entry) => {
                // Before is that of the whole run.
                entry.after.clone_from(&change.after);
                entry.name.clone_from(&change.name);
                entry.change = format!("{}, {}", entry.change, change.change);
                entry.detail = entry.detail.take().or_else(|| change.detail.clone());
            }
        }
    }
    entries.iter().map(line).collect()
}

fn line(change: &PastChange) -> String {
    let before = change.before.as_ref();
    let old_name = before.and_then(|before| before.get("name")?.as_str());
    let renamed = old_name
        .filter(|old| *old != change.name)
        .map(|old| format!(", called {} before", shown(old)));
    let detail = change.detail.as_ref();
    let detail = detail.map(|detail| format!("({})", words(detail)));
    let (word, name, id) = (
        shown(&change.change),
        shown(&change.name),
        shown(&change.id),
    );
    let what: Vec<String> = Some(values(change).join(", "))
        .filter(|values| !values.is_empty())
        .into_iter()
        .chain(detail)
        .collect();
    let colon = if what.is_empty() { "" } else { ": " };
    format!(
        "{word} {name} ({id}{}){colon}{}",
        renamed.unwrap_or_default(),
        what.join(" ")
    )
}

/// What comes, and what changes.
fn values(change: &PastChange) -> Vec<String> {
    // The ledger lets them go; on the host they stay.
    let keeps_members = change.change.ends_with("release-group");
    let mut out = Vec::new();
    for (key, after) in change.after.iter().filter(|(key, _)| *key != "name") {
        let before = change.before.as_ref();
        match before.map(|before| before.get(key).unwrap_or(&Value::Null)) {
            None if !is_nothing(after) => out.push(format!("{key}={}", value(after))),
            Some(before) if before != after && key == "members" => out.push(match keeps_members {
                true => stay(before),
                false => members(before, after),
            }),
            Some(before) if before != after => {
                out.push(format!("{key} {} -> {}", value(before), value(after)));
            }
            _ => {}
        }
    }
    out
}

fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Null) || value.as_str() == Some("") || value.as_i64() == Some(0)
}

fn value(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", shown(text)),
        Value::Null => "none".to_owned(),
        other => shown(&other.to_string()).to_string(),
    }
}

fn set(members: &Value) -> BTreeSet<String> {
    let members = MemberList::from(members.as_str().unwrap_or_default());
    members
        .names()
        .map(|name| shown(name).to_string())
        .collect()
}

fn stay(members: &Value) -> String {
    let members = set(members);
    format!(
        "members stay ({}): {}",
        members.len(),
        members.into_iter().collect::<Vec<_>>().join(" ")
    )
}

fn members(before: &Value, after: &Value) -> String {
    let (before, after) = (set(before), set(after));
    let come = after.difference(&before).map(|name| format!("+{name}"));
    let gone = before.difference(&after).map(|name| format!("-{name}"));
    format!("members {}", come.chain(gone).collect::<Vec<_>>().join(" "))
}

/// The texts of a detail, whatever it is made of.
fn words(detail: &Value) -> String {
    match detail {
        Value::String(text) => shown(text).to_string(),
        Value::Object(map) if map.len() == 1 && map.contains_key("reason") => words(&map["reason"]),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| format!("{} {}", shown(key), words(value)))
            .collect::<Vec<_>>()
            .join(" "),
        other => shown(&other.to_string()).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::history::Entry;

    fn entry(value: Value) -> Entry {
        value.as_object().unwrap().clone()
    }

    fn change(before: Option<Value>, after: Value, detail: Option<Value>) -> PastChange {
        PastChange {
            seq: 1,
            provider: "p".to_owned(),
            kind: EntryKind::Account,
            id: "u-1".to_owned(),
            name: "ann".to_owned(),
            change: "x".to_owned(),
            detail,
            before: before.map(entry),
            after: entry(after),
        }
    }

    #[test]
    fn what_comes_is_listed_and_what_changes_is_compared() {
        let ann = json!({"name": "ann", "uid": 7, "subid": null, "private": 0, "shell": "/bin/sh"});
        assert_eq!(
            line(&change(None, ann.clone(), None)),
            "x ann (u-1): uid=7, shell=\"/bin/sh\""
        );
        let only = change(
            Some(ann.clone()),
            ann.clone(),
            Some(json!({"reason": "gone"})),
        );
        assert_eq!(line(&only), "x ann (u-1): (gone)");
        let old = json!({"name": "anna", "uid": 7, "shell": "/bin/zsh\u{1b}"});
        let reason = Some(json!({"reason": "gone"}));
        let wanted =
            "x ann (u-1, called anna before): shell \"/bin/zsh\\u{1b}\" -> \"/bin/sh\" (gone)";
        assert_eq!(
            line(&change(
                Some(old.clone()),
                json!({"uid": 7, "shell": "/bin/sh"}),
                reason
            )),
            wanted
        );
        let home = Some(json!({"home": {"archive": {"path": "/home/a", "into": "/srv"}}}));
        assert!(
            line(&change(Some(old), ann, home)).ends_with("(home archive path /home/a into /srv)")
        );
    }

    #[test]
    fn no_colon_waits_for_what_does_not_come() {
        let (old, new) = (
            json!({"name": "anna", "uid": 7}),
            json!({"name": "ann", "uid": 7}),
        );
        assert_eq!(
            line(&change(Some(old.clone()), new, None)),
            "x ann (u-1, called anna before)"
        );
        let packed = Some(json!({"archived": "/srv/a"}));
        assert_eq!(
            line(&change(Some(old.clone()), old, packed)),
            "x ann (u-1, called anna before): (archived /srv/a)"
        );
    }

    #[test]
    fn several_changes_of_one_entry_are_one_line() {
        let (before, after) = (json!({"state": "active"}), json!({"state": "locked"}));
        let lock = change(Some(before.clone()), after.clone(), None);
        let other = PastChange {
            id: "u-2".to_owned(),
            ..lock.clone()
        };
        let update = PastChange {
            change: "y".to_owned(),
            detail: Some(json!({"reason": "gone"})),
            ..lock.clone()
        };
        let wanted = [
            "x, y ann (u-1): state \"active\" -> \"locked\" (gone)",
            "x ann (u-2): state \"active\" -> \"locked\"",
        ];
        assert_eq!(lines(&[lock, other, update]), wanted);
    }

    #[test]
    fn who_stays_in_a_group_that_is_given_back_does_not_go() {
        let before = json!({"members": "alice,carol", "state": "active"});
        let after = json!({"members": "", "state": "released"});
        let mut release = change(Some(before.clone()), after.clone(), None);
        release.change = "release-group".to_owned();
        let state = "state \"active\" -> \"released\"";
        assert_eq!(
            line(&release),
            format!("release-group ann (u-1): members stay (2): alice carol, {state}")
        );
        let nobody = json!({"members": "", "state": "active"});
        release.before = Some(entry(nobody));
        assert_eq!(line(&release), format!("release-group ann (u-1): {state}"));
    }

    #[test]
    fn members_are_those_who_come_and_go() {
        let (before, after) = (json!({"members": "a,b"}), json!({"members": "b,c"}));
        assert_eq!(
            line(&change(Some(before), after, None)),
            "x ann (u-1): members +c -a"
        );
    }
}
