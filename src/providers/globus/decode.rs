//! What Globus Groups (API v2) and Globus Auth answer: from JSON to checked records.
//!
//! Everything but ids may be missing or null; keys that are not known are passed
//! over. A record without a usable id is rejected, never dropped; a list that is missing is an
//! error, never an empty list. Shapes: the OpenAPI document of Groups and the answers that
//! globus-sdk and globus-cli test with. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::history::EntryKind;
use crate::model::{RejectedRecord, RemoteId, Role, Status, Untrusted};

/// An id as Globus writes them: a UUID, in small letters.
pub(super) fn uuid(text: &str) -> Option<RemoteId> {
    let dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let fits = text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| {
            if dash(at) {
                b == b'-'
            } else {
                b.is_ascii_hexdigit()
            }
        });
    fits.then(|| RemoteId::new(&text.to_ascii_lowercase()))
        .flatten()
}

/// A group, without its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub id: RemoteId,
    pub name: Untrusted,
    pub description: Option<Untrusted>,
    pub parent: Option<RemoteId>,
    /// Whether we are an active manager or administrator of it; known only from a listing of our
    /// groups.
    pub managed: bool,
}

/// Somebody in a group, as the group lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub id: RemoteId,
    pub username: Untrusted,
    pub role: Role,
    /// `None`: one that is not known to us.
    pub status: Option<Status>,
    /// Whether it follows from membership of a group below.
    pub implied: bool,
    pub updated: Option<Untrusted>,
}

/// A group with everybody in it.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub head: Head,
    pub rows: Vec<Row>,
    pub rejected: Vec<RejectedRecord>,
}

/// A person, as Globus Auth knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub id: RemoteId,
    pub username: Untrusted,
    pub name: Option<Untrusted>,
    pub email: Option<Untrusted>,
    pub organization: Option<Untrusted>,
    pub identity_provider: Option<Untrusted>,
    pub identity_type: Option<Untrusted>,
    pub status: Option<Untrusted>,
}

impl Identity {
    /// One of whom only the names are known.
    pub(super) fn new(id: RemoteId, username: impl Into<String>) -> Self {
        Self {
            id,
            username: Untrusted::new(username),
            name: None,
            email: None,
            organization: None,
            identity_provider: None,
            identity_type: None,
            status: None,
        }
    }
}

/// A member that may be missing, null or of another type.
fn lenient<'de, D: serde::Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

#[derive(Deserialize)]
struct GroupRecord<'a> {
    id: String,
    name: Untrusted,
    #[serde(default, deserialize_with = "lenient")]
    description: Option<Untrusted>,
    #[serde(default, deserialize_with = "lenient")]
    parent_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    my_memberships: Option<Vec<Value>>,
    #[serde(borrow, default)]
    memberships: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct MembershipRecord {
    identity_id: String,
    #[serde(default, deserialize_with = "lenient")]
    username: Option<Untrusted>,
    #[serde(default, deserialize_with = "lenient")]
    role: Option<String>,
    #[serde(default)]
    status: Value,
    #[serde(default, deserialize_with = "lenient")]
    source_group_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    updated: Option<Untrusted>,
}

#[derive(Deserialize)]
struct IdentityRecord {
    id: String,
    #[serde(default, deserialize_with = "lenient")]
    username: Option<Untrusted>,
    #[serde(default, deserialize_with = "lenient")]
    name: Option<Untrusted>,
    #[serde(default, deserialize_with = "lenient")]
    email: Option<Untrusted>,
    #[serde(default, deserialize_with = "lenient")]
    organization: Option<Untrusted>,
    #[serde(default, deserialize_with = "lenient")]
    identity_provider: Option<Untrusted>,
    #[serde(default, deserialize_with = "lenient")]
    identity_type: Option<Untrusted>,
    #[serde(default, deserialize_with = "lenient")]
    status: Option<Untrusted>,
}

fn document<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, String> {
    // The library's own words may repeat what stands there.
    let reason = |e: serde_json::Error| {
        format!(
            "its JSON has not the form that was expected (line {}, column {})",
            e.line(),
            e.column()
        )
    };
    serde_json::from_slice(bytes).map_err(reason)
}

/// A record that nobody can use, by whatever name it may have.
fn nameless(kind: EntryKind, record: &RawValue, what: &str, names: &[&str]) -> RejectedRecord {
    let value: Value = serde_json::from_str(record.get()).unwrap_or_default();
    let name = names.iter().find_map(|key| value.get(key)?.as_str());
    let subject = Untrusted::new(name.unwrap_or("a record without a name"));
    let reason = format!("{what} has no usable id or name");
    RejectedRecord::new(kind, None, subject, reason)
}

fn role(text: Option<&str>) -> Role {
    match text {
        Some("admin") => Role::Admin,
        Some("manager") => Role::Manager,
        _ => Role::Member,
    }
}

fn status(text: Option<&str>) -> Option<Status> {
    Some(match text {
        // Some answers leave it out, and mean this.
        None | Some("active") => Status::Active,
        Some("invited") => Status::Invited,
        Some("pending") => Status::Pending,
        Some("rejected") => Status::Rejected,
        Some("removed") => Status::Removed,
        Some("left") => Status::Left,
        Some("declined") => Status::Declined,
        Some(_) => return None,
    })
}

impl GroupRecord<'_> {
    fn head(&self) -> Option<Head> {
        let manages = |record: &Value| {
            let text = |key| record.get(key).and_then(Value::as_str);
            role(text("role")) >= Role::Manager && status(text("status")) == Some(Status::Active)
        };
        Some(Head {
            id: uuid(&self.id)?,
            name: self.name.clone(),
            description: self.description.clone(),
            parent: self.parent_id.as_deref().and_then(uuid),
            managed: self.my_memberships.iter().flatten().any(manages),
        })
    }
}

/// `GET /v2/groups/my_groups`: the groups that we are in.
///
/// # Errors
/// When it is no list.
pub(super) fn my_groups(bytes: &[u8]) -> Result<(Vec<Head>, Vec<RejectedRecord>), String> {
    let records: Vec<&RawValue> = document(bytes)?;
    let (mut heads, mut rejected) = (Vec::with_capacity(records.len()), Vec::new());
    for record in records {
        match serde_json::from_str::<GroupRecord<'_>>(record.get())
            .ok()
            .and_then(|group| group.head())
        {
            Some(head) => heads.push(head),
            None => rejected.push(nameless(
                EntryKind::Group,
                record,
                "the group",
                &["name", "id"],
            )),
        }
    }
    Ok((heads, rejected))
}

/// `GET /v2/groups/{id}`: one group, whose members do not matter.
///
/// # Errors
/// When it is not that group.
pub(super) fn head(bytes: &[u8], id: Option<&RemoteId>) -> Result<Head, String> {
    let group: GroupRecord<'_> = document(bytes)?;
    let head = group.head().ok_or("the group has no usable id")?;
    if id.is_some_and(|id| *id != head.id) {
        Err("it is another group than was asked for".to_owned())
    } else {
        Ok(head)
    }
}

/// `GET /v2/groups/{id}?include=memberships`: one group with everybody in it.
///
/// # Errors
/// When it is not that group, or nobody is listed at all: then we are not shown who is in it.
pub(super) fn listed(bytes: &[u8], id: &RemoteId) -> Result<Listed, String> {
    let group: GroupRecord<'_> = document(bytes)?;
    let head = group
        .head()
        .filter(|head| head.id == *id)
        .ok_or("it is another group than was asked for")?;
    let records = group
        .memberships
        .ok_or("it does not list who is in the group")?;
    let (mut rows, mut rejected) = (Vec::with_capacity(records.len()), Vec::new());
    for record in records {
        match serde_json::from_str::<MembershipRecord>(record.get())
            .ok()
            .and_then(row)
        {
            Some(row) => rows.push(row),
            None => rejected.push(nameless(
                EntryKind::Account,
                record,
                "the membership",
                &["username", "identity_id"],
            )),
        }
    }
    Ok(Listed {
        head,
        rows,
        rejected,
    })
}

fn row(record: MembershipRecord) -> Option<Row> {
    Some(Row {
        id: uuid(&record.identity_id)?,
        // Who is shut out is shut out by the id, whatever else is missing.
        username: record
            .username
            .unwrap_or_else(|| Untrusted::new(record.identity_id)),
        role: role(record.role.as_deref()),
        status: match &record.status {
            Value::Null => status(None),
            Value::String(text) => status(Some(text)),
            _ => None,
        },
        implied: record.source_group_id.is_some(),
        updated: record.updated,
    })
}

/// `GET /v2/api/identities`.
///
/// # Errors
/// When it is no list, or somebody in it has no usable id.
pub(super) fn identities(bytes: &[u8]) -> Result<Vec<Identity>, String> {
    #[derive(Deserialize)]
    struct Document {
        identities: Vec<IdentityRecord>,
    }
    let records = document::<Document>(bytes)?.identities;
    let identity = |record: IdentityRecord| {
        let id = uuid(&record.id).ok_or("somebody in it has no usable id")?;
        Ok(Identity {
            id,
            username: record.username.unwrap_or_else(|| Untrusted::new(record.id)),
            name: record.name,
            email: record.email,
            organization: record.organization,
            identity_provider: record.identity_provider,
            identity_type: record.identity_type,
            status: record.status,
        })
    };
    records.into_iter().map(identity).collect()
}

/// `GET /v2/groups/statuses`: how many members of each status our groups have. Only to be compared:
/// what exactly is counted is not documented, and as many may have come as have gone.
///
/// # Errors
/// When it is no such document.
pub(super) fn statuses(bytes: &[u8]) -> Result<BTreeMap<RemoteId, Value>, String> {
    let counts: BTreeMap<String, Value> = document(bytes)?;
    Ok(counts
        .into_iter()
        .filter_map(|(id, counts)| Some((uuid(&id)?, counts)))
        .collect())
}

/// One person's failure in an answer that is a success as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RowError {
    pub code: Untrusted,
    pub detail: Option<Untrusted>,
}

/// The answer to membership actions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    /// For whom it was done, and the status that they have now, if it is known.
    pub done: BTreeMap<RemoteId, Option<Status>>,
    /// For whom it was not done.
    pub errors: BTreeMap<RemoteId, RowError>,
}

/// `POST /v2/groups/{id}`: 200 even if nothing was done.
///
/// # Errors
/// When it is no such document.
pub(super) fn reply(bytes: &[u8]) -> Result<Reply, String> {
    let actions: BTreeMap<String, Value> = document(bytes)?;
    let mut out = Reply::default();
    let id = |row: &Value| row.get("identity_id")?.as_str().and_then(uuid);
    let text = |row: &Value, key| row.get(key).and_then(Value::as_str).map(Untrusted::new);
    for (action, rows) in &actions {
        if action == "errors" {
            let rows = rows
                .as_object()
                .into_iter()
                .flat_map(|actions| actions.values())
                .filter_map(Value::as_array);
            for row in rows.flatten() {
                let Some(id) = id(row) else { continue };
                let code =
                    text(row, "code").unwrap_or_else(|| Untrusted::new("an error without a code"));
                out.errors.insert(
                    id,
                    RowError {
                        code,
                        detail: text(row, "detail"),
                    },
                );
            }
            continue;
        }
        for row in rows.as_array().into_iter().flatten() {
            let now = row.get("status").and_then(Value::as_str);
            if let Some(id) = id(row) {
                out.done.insert(
                    id,
                    now.map_or(Some(Status::Active), |now| status(Some(now))),
                );
            }
        }
    }
    Ok(out)
}

/// What an answer with another status than 2xx says, in all the forms that there are: `code` and
/// `detail`; `detail` as a list of places; `errors` as a list.
pub(super) fn complaint(body: &Value) -> Option<String> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let list = |key: &str| {
        body.get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let places = list("detail").filter_map(|row| {
        let place = row
            .get("loc")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let place: Vec<String> = place
            .map(|part| {
                part.as_str()
                    .map_or_else(|| part.to_string(), str::to_owned)
            })
            .collect();
        Some(format!("{}: {}", place.join("."), text(row, "msg")?))
    });
    let errors =
        list("errors").filter_map(|row| text(row, "detail").or_else(|| text(row, "title")));
    let mut words: Vec<String> = text(body, "detail")
        .into_iter()
        .chain(places)
        .chain(errors)
        .collect();
    let ambiguous: Vec<&str> = list("ambiguous_identities")
        .filter_map(Value::as_str)
        .collect();
    if !ambiguous.is_empty() {
        words.push(format!("named twice: {}", ambiguous.join(", ")));
    }
    if words.is_empty() {
        words.extend(text(body, "error_description").or_else(|| text(body, "error")));
    }
    words.extend(text(body, "code").map(|code| format!("({code})")));
    let mut seen = BTreeSet::new();
    words.retain(|word| !word.is_empty() && seen.insert(word.clone()));
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests;
