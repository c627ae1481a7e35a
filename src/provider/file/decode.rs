//! The document: bytes to a snapshot. A record that does not fit is rejected alone; a document that does not, whole.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::{
    Completeness, Directory, FieldSources, Group, Membership, RejectedRecord, RemoteId, Role, Snapshot, Status,
    Untrusted, User, counted,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    #[serde(borrow, default)]
    users: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    groups: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserRecord {
    id: String,
    login: Untrusted,
    name: Option<Untrusted>,
    email: Option<Untrusted>,
    #[serde(default = "yes")]
    active: bool,
    uid: Option<Number>,
    gid: Option<Number>,
    home: Option<Untrusted>,
    shell: Option<Untrusted>,
    #[serde(default)]
    ssh_keys: Vec<Untrusted>,
    updated: Option<Untrusted>,
    #[serde(default)]
    attributes: BTreeMap<String, Untrusted>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupRecord {
    id: String,
    name: Untrusted,
    description: Option<Untrusted>,
    parent: Option<String>,
    gid: Option<Number>,
    #[serde(default)]
    members: Vec<MemberRecord>,
    /// Only for `gosync group syncpolicy`.
    #[serde(rename = "policy")]
    _policy: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberRecord {
    user: String,
    #[serde(default)]
    role: Role,
    #[serde(default)]
    status: Status,
    /// Only for `gosync group accept`.
    #[serde(rename = "email")]
    _email: Option<serde::de::IgnoredAny>,
}

/// A number, or text that should be one; policy says which.
#[derive(Deserialize)]
#[serde(untagged, expecting = "`uid` and `gid` are numbers, or text")]
enum Number {
    Number(serde_json::Number),
    Text(String),
}

impl From<Number> for Untrusted {
    fn from(number: Number) -> Self {
        match number {
            Number::Number(n) => Untrusted::new(n.to_string()),
            Number::Text(text) => Untrusted::new(text),
        }
    }
}

fn yes() -> bool {
    true
}

/// What of a broken record tells whose it is.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Label {
    id: serde_json::Value,
    login: serde_json::Value,
    name: serde_json::Value,
}

/// The records of a document, and those of them that cannot be used.
pub(super) struct Records {
    pub users: Vec<User>,
    pub groups: Vec<Group>,
    pub bad_users: Vec<RejectedRecord>,
    pub bad_groups: Vec<RejectedRecord>,
}

/// Reads the document.
pub(super) fn document(bytes: &[u8]) -> Result<Snapshot, String> {
    let Records { users, groups, bad_users, bad_groups } = records(bytes)?;
    let proof = format!(
        "{} and {}",
        counted(users.len() + bad_users.len(), "user", "users"),
        counted(groups.len() + bad_groups.len(), "group", "groups")
    );
    let rejected = [bad_users, bad_groups].concat();
    Ok(Snapshot::new(Directory { users, groups }, rejected, Completeness::Complete(proof)))
}

/// Reads the document, and keeps people and groups apart.
pub(super) fn records(bytes: &[u8]) -> Result<Records, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let document: Document<'_> = object(text).map_err(|e| e.to_string())?;
    let (mut bad_users, mut bad_groups) = (Vec::new(), Vec::new());
    let users: Vec<User> = document.users.iter().filter_map(|raw| keep(user(raw.get()), raw, &mut bad_users)).collect();
    let ids: BTreeMap<&str, &RemoteId> = users.iter().map(|u| (u.id.as_str(), &u.id)).collect();
    let groups = document.groups.iter().filter_map(|raw| keep(group(raw.get(), &ids), raw, &mut bad_groups)).collect();
    Ok(Records { users, groups, bad_users, bad_groups })
}

/// Reads a JSON object; serde alone would take a list of the fields' values, too.
fn object<'a, T: Deserialize<'a>>(json: &'a str) -> serde_json::Result<T> {
    match json.trim_ascii_start().starts_with('{') {
        true => serde_json::from_str(json),
        false => Err(serde::de::Error::custom("it is no object in braces")),
    }
}

fn keep<T>(read: Result<T, String>, raw: &RawValue, rejected: &mut Vec<RejectedRecord>) -> Option<T> {
    read.map_err(|reason| {
        let label: Label = serde_json::from_str(raw.get()).unwrap_or_default();
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let id = text(&label.id).and_then(|id| RemoteId::new(&id));
        let subject = text(&label.login).or_else(|| text(&label.name)).or_else(|| text(&label.id));
        rejected.push(RejectedRecord {
            id,
            subject: Untrusted::new(subject.unwrap_or_else(|| "a record".to_owned())),
            reason,
        });
    })
    .ok()
}

fn remote_id(text: &str) -> Result<RemoteId, String> {
    RemoteId::new(text).ok_or_else(|| "its `id` is no printable word of 1 to 256 bytes".to_owned())
}

fn reason(e: &serde_json::Error) -> String {
    let text = e.to_string();
    // The position is one within the record, and would be taken for one within the file.
    let end = text.rfind(" at line ").unwrap_or(text.len());
    crate::model::shown(&text[..end]).to_string()
}

fn user(json: &str) -> Result<User, String> {
    let r: UserRecord = object(json).map_err(|e| reason(&e))?;
    Ok(User {
        id: remote_id(&r.id)?,
        login: r.login,
        name: r.name,
        email: r.email,
        active: r.active,
        uid: r.uid.map(Untrusted::from),
        gid: r.gid.map(Untrusted::from),
        home: r.home,
        shell: r.shell,
        ssh_keys: r.ssh_keys,
        updated: r.updated,
        attributes: r.attributes,
        sources: FieldSources::default(),
    })
}

fn group(json: &str, ids: &BTreeMap<&str, &RemoteId>) -> Result<Group, String> {
    let r: GroupRecord = object(json).map_err(|e| reason(&e))?;
    let member = |m: MemberRecord| {
        let user = ids.get(m.user.as_str()).map_or_else(|| remote_id(&m.user), |id| Ok((*id).clone()))?;
        Ok::<_, String>(Membership { user, role: m.role, status: m.status })
    };
    Ok(Group {
        id: remote_id(&r.id)?,
        name: r.name,
        description: r.description,
        parent: r.parent.as_deref().map(remote_id).transpose()?,
        gid: r.gid.map(Untrusted::from),
        members: r.members.into_iter().map(member).collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_id_and_name_must_be_there() {
        let got = document(
            br#"{"users": [{"id": "u-1", "login": "alice"}], "groups": [{"id": "g-1", "name": "x",
            "members": [{"user": "u-1"}, {"user": "u-9", "role": "admin", "status": "pending"}]}]}"#,
        )
        .unwrap();
        assert_eq!(got.directory.users, [User::new(RemoteId::new("u-1").unwrap(), "alice")]);
        assert_eq!(got.directory.groups[0].members[0].status, Status::Active);
        assert_eq!(got.directory.groups[0].members[1].role, Role::Admin);
        assert!(matches!(got.completeness, Completeness::Complete(_)));
    }

    #[test]
    fn one_bad_record_spoils_no_other() {
        let got = document(br#"{"users": [{"id": "u-1", "login": "alice"}, {"id": "u-2", "login": 7}, {"id": "u-3", "login": "bob", "uidd": 1}]}"#).unwrap();
        assert_eq!(got.directory.users.len(), 1);
        let ids: Vec<_> = got.rejected.iter().map(|r| r.id.as_ref().unwrap().to_string()).collect();
        assert_eq!(ids, ["u-2", "u-3"]);
        assert!(matches!(got.completeness, Completeness::Complete(_)), "present, though unusable");
    }

    #[test]
    fn a_record_without_an_id_makes_the_read_incomplete() {
        let got = document(br#"{"users": [{"login": "alice"}]}"#).unwrap();
        assert!(matches!(got.completeness, Completeness::Incomplete(_)));
    }

    #[test]
    fn anything_but_the_document_is_refused() {
        for bad in [
            "",
            "[]",
            "{\"users\": {}}",
            "{\"users\": []",
            "{\"people\": []}",
            "{\"users\": [], \"users\": []}",
            "<html>",
        ] {
            assert!(document(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
