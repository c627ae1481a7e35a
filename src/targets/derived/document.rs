//! The directory document: the form that gosync.toml(5) describes for the provider `file`.

use serde_json::{Map, Value, json};

use super::roll::{Account, Group, Roll};
use crate::system::clock;

/// The document. `now`: seconds since 1970.
pub(crate) fn text(roll: &Roll<'_>, now: i64) -> String {
    let ids = roll.ids();
    let users: Vec<Value> = roll.accounts.iter().map(user).collect();
    let groups = roll.groups.iter().map(|it| group(it, &ids));
    let groups: Vec<Value> = groups.collect();
    let counts = json!({"users": users.len(), "groups": groups.len()});
    let head = json!({"complete": true, "generated": clock::written(now), "counts": counts});
    // One record a line: what has changed is a line of a diff.
    let mut head = head.to_string();
    head.pop();
    format!(
        "{head},\n\"users\": [{}],\n\"groups\": [{}]}}\n",
        lines(&users),
        lines(&groups)
    )
}

fn lines(records: &[Value]) -> String {
    let lines: Vec<String> = records.iter().map(|record| format!("\n{record}")).collect();
    lines.join(",")
}

fn user(account: &Account<'_>) -> Value {
    let fields = &account.on_host.fields;
    let mut user = Map::new();
    user.insert("id".to_owned(), account.id.as_str().into());
    user.insert("login".to_owned(), account.name.into());
    // What comes after the first comma is for finger(1).
    let name = fields.gecos.split(',').next().unwrap_or_default();
    if !name.is_empty() {
        user.insert("name".to_owned(), name.into());
    }
    user.insert("active".to_owned(), account.active.into());
    user.insert("uid".to_owned(), account.on_host.uid.into());
    user.insert("gid".to_owned(), account.on_host.gid.into());
    user.insert("home".to_owned(), fields.home.into());
    user.insert("shell".to_owned(), fields.shell.into());
    if !account.keys.is_empty() {
        user.insert("ssh_keys".to_owned(), account.keys.clone().into());
    }
    Value::Object(user)
}

fn group(group: &Group<'_>, ids: &std::collections::BTreeMap<&str, &str>) -> Value {
    // Members whom gosync did not put there are this host's own.
    let members = group.on_host.members.names();
    let mut members: Vec<&str> = members.filter_map(|name| ids.get(name).copied()).collect();
    members.sort_unstable();
    members.dedup();
    let members: Vec<Value> = members.iter().map(|id| json!({"user": id})).collect();
    json!({"id": group.id, "name": group.name, "gid": group.on_host.gid, "members": members})
}
