//! What a server sends, as values: RFC 7643, RFC 7644 3.4.2 and RFC 9865. Pure.
//!
//! As lenient as real servers are sloppy, but never so that something missing looks like something
//! empty.

use serde_json::Value;

use super::path::{Object, Path, get, text, truth};
use super::settings::Names;
use crate::model::history::EntryKind;
use crate::model::{Details, Group, RecordSays, RejectedRecord, RemoteId, Untrusted, User, shown};
use crate::providers::choice;
use crate::providers::inactive::says_no;

/// A page of a listing.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub resources: Vec<Value>,
    pub total: Option<u64>,
    pub next_cursor: Option<String>,
}

/// Reads a page.
///
/// # Errors
/// When it is none.
pub(super) fn page(document: Value) -> Result<Page, String> {
    let Value::Object(mut object) = document else {
        return Err("its list is no object".to_owned());
    };
    if let Some(detail) = error(&object) {
        return Err(format!("it sent an error as an answer: {detail}"));
    }
    let total = get(&object, "totalResults").and_then(number);
    let next_cursor = get(&object, "nextCursor").and_then(text);
    let key = object
        .keys()
        .find(|key| key.eq_ignore_ascii_case("Resources"))
        .cloned();
    let resources = match key.and_then(|key| object.remove(&key)) {
        Some(Value::Array(resources)) => resources,
        None | Some(Value::Null) => Vec::new(),
        Some(_) => return Err("the Resources of its list are no list".to_owned()),
    };
    // A list without resources says so by its number, or goes on.
    if resources.is_empty()
        && total.is_none()
        && next_cursor.is_none()
        && get(&object, "startIndex").is_none()
    {
        return Err("its list has neither Resources nor totalResults".to_owned());
    }
    Ok(Page {
        resources,
        total,
        next_cursor,
    })
}

/// What an error document says (RFC 7644, 3.12).
fn error(object: &Object) -> Option<String> {
    let schemas = get(object, "schemas")?.as_array()?;
    let is_error = schemas
        .iter()
        .filter_map(Value::as_str)
        .any(|s| s.to_ascii_lowercase().ends_with(":error"));
    let detail = get(object, "detail")
        .and_then(text)
        .unwrap_or_else(|| "no reason given".to_owned());
    is_error.then(|| detail.chars().take(200).collect())
}

fn number(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_str()?.trim().parse().ok())
}

/// The id of a resource, as it stands there.
pub(super) fn id(resource: &Value) -> Option<String> {
    get(resource.as_object()?, "id").and_then(text)
}

/// What the server can do; what it does not say is what most can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Features {
    pub patch: bool,
    pub filter: bool,
    pub cursor: bool,
    /// No page is longer.
    pub max_page: Option<u64>,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            patch: true,
            filter: true,
            cursor: false,
            max_page: None,
        }
    }
}

/// Reads a ServiceProviderConfig (RFC 7643, 5).
pub(super) fn features(document: &Value) -> Features {
    let find = |path: &str| {
        Path::new(path)
            .ok()
            .and_then(|path| path.raw(document.as_object()?))
    };
    let usual = Features::default();
    let limits = [find("pagination.maxPageSize"), find("filter.maxResults")];
    Features {
        patch: find("patch.supported")
            .and_then(truth)
            .unwrap_or(usual.patch),
        filter: find("filter.supported")
            .and_then(truth)
            .unwrap_or(usual.filter),
        cursor: find("pagination.cursor")
            .and_then(truth)
            .unwrap_or(usual.cursor),
        max_page: limits
            .into_iter()
            .flatten()
            .filter_map(number)
            .filter(|n| *n > 0)
            .min(),
    }
}

fn rejected(kind: EntryKind, resource: &Value, names: &Names, reason: &str) -> RejectedRecord {
    let id = id(resource);
    let (called, number) = match kind {
        EntryKind::Account => ([&names.login, &names.group_name], &names.uid),
        EntryKind::Group | EntryKind::LocalGroup => {
            ([&names.group_name, &names.login], &names.group_gid)
        }
    };
    let numbers = || Some(number.as_ref()?.all(resource.as_object()?));
    let numbers = numbers().into_iter().flatten().map(Untrusted::new);
    let subject = called
        .iter()
        .find_map(|path| path.one(resource.as_object()?))
        .or_else(|| id.clone());
    let id = id.as_deref().and_then(RemoteId::new);
    let subject = Untrusted::new(subject.unwrap_or_else(|| "a record".to_owned()));
    RejectedRecord::new(kind, id, subject, reason).naming(numbers)
}

/// Whether anything that can be read of a person's resource shuts the person out.
fn is_shut_out(resource: &Value, names: &Names) -> bool {
    let Some(object) = resource.as_object() else {
        return false;
    };
    let active = names.active.iter().flat_map(|path| path.raws(object));
    active.into_iter().any(says_no)
        || names.inactive_when.is_met_by(|attribute| {
            let path = names.inactive_paths.iter();
            let mut path = path.filter(|path| path.as_str() == attribute);
            path.next()
                .map(|path| path.raws(object))
                .unwrap_or_default()
        })
}

/// What a record that cannot be used says of whether its person is let in.
fn says(resource: &Value, names: &Names) -> RecordSays {
    let active = || names.active.as_ref()?.raw(resource.as_object()?);
    match active().map(truth) {
        _ if is_shut_out(resource, names) => RecordSays::ShutOut,
        Some(None) => RecordSays::Unclear,
        Some(Some(_)) | None => RecordSays::Nothing,
    }
}

fn remote_id(resource: &Value) -> Result<RemoteId, String> {
    let id = id(resource).ok_or("it has no `id`")?;
    RemoteId::new(&id).ok_or_else(|| format!("its `id` {}", RemoteId::UNFIT))
}

/// How much of a person is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent<'q> {
    /// All that accounts are made of, these details, and what is at this path.
    Full(&'q Details, Option<&'q Path>),
    /// Id, login and whether the person is active.
    Slim,
}

const ALL: &Details = &Details::ALL;

impl Extent<'_> {
    /// All that accounts are made of.
    pub(super) const ALL: Self = Self::Full(ALL, None);
}

/// Reads a person.
///
/// # Errors
/// The record that stands for a person who cannot be used.
pub(super) fn user(
    resource: &Value,
    names: &Names,
    extent: Extent<'_>,
) -> Result<User, RejectedRecord> {
    let read = || -> Result<User, String> {
        let object = resource.as_object().ok_or("it is no object")?;
        let login = names.login.one(object).ok_or("it has no login")?;
        let mut user = User::new(remote_id(resource)?, login);
        user.active = match names.active.as_ref().and_then(|path| path.raw(object)) {
            None => true,
            Some(value) => truth(value).ok_or_else(|| unclear(value))?,
        };
        user.active &= !is_shut_out(resource, names);
        let Extent::Full(wanted, attribute) = extent else {
            return Ok(user);
        };
        let one = |path: &Option<Path>| {
            path.as_ref()
                .and_then(|path| path.one(object))
                .map(Untrusted::new)
        };
        user.name = names
            .name
            .iter()
            .find_map(|path| choice::full_name(path.all(object)))
            .map(Untrusted::new);
        user.email = one(&names.email);
        user.uid = one(&names.uid);
        user.gid = one(&names.gid);
        user.home = one(&names.home);
        user.shell = one(&names.shell);
        user.updated = one(&names.updated);
        let keys = names
            .ssh_key
            .as_ref()
            .map(|path| path.all(object))
            .unwrap_or_default();
        // A server without lists puts several keys on several lines.
        let lines = keys
            .iter()
            .flat_map(|key| key.lines())
            .map(str::trim)
            .filter(|line| !line.is_empty());
        user.ssh_keys = lines.map(Untrusted::new).collect();
        let extra = names.extra_of(wanted);
        for (name, path) in extra.chain(attribute.map(|path| (path.as_str(), path))) {
            let value = path.one(object).map(Untrusted::new);
            user.attributes
                .extend(value.map(|value| (name.to_owned(), value)));
        }
        Ok(user)
    };
    read().map_err(|reason: String| RejectedRecord {
        says: says(resource, names),
        ..rejected(EntryKind::Account, resource, names, &reason)
    })
}

/// Why nobody knows whether a person is active.
fn unclear(value: &Value) -> String {
    let said = value.to_string();
    format!(
        "its `active` is {}, which says neither yes nor no; an account stays as it is",
        shown(&said).within(SHOWN)
    )
}

/// How many bytes of a value are shown.
const SHOWN: usize = 40;

/// What a member of a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Person,
    Group,
}

/// A member as the group lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Listed {
    /// An id, or a login.
    pub value: String,
    /// If the server says so.
    pub kind: Option<Kind>,
    /// What the server calls it.
    pub display: Option<String>,
}

/// A group as it was read.
#[derive(Clone, Debug)]
pub(super) struct GroupEntry {
    /// Its id, as members of other groups write it.
    pub key: Option<String>,
    /// The group without members.
    pub group: Result<Group, RejectedRecord>,
    pub listed: Vec<Listed>,
    /// Whether the server said anything about members.
    pub told: bool,
    /// `meta.version` (RFC 7644, 3.14).
    pub version: Option<String>,
    /// Whether it was asked for, or only is in another one.
    pub wanted: bool,
}

/// Reads a group.
pub(super) fn group(resource: &Value, names: &Names) -> GroupEntry {
    let object = resource.as_object();
    let members = object.and_then(|object| get(object, "members"));
    let version = Path::new("meta.version")
        .ok()
        .and_then(|path| path.one(object?));
    let (group, listed) = match group_and_members(resource, members, names) {
        Ok((group, listed)) => (Ok(group), listed),
        Err(reason) => {
            let record = rejected(EntryKind::Group, resource, names, &reason);
            (Err(record), Vec::new())
        }
    };
    GroupEntry {
        key: id(resource),
        group,
        listed,
        told: members.is_some(),
        version,
        wanted: true,
    }
}

/// A group, and who is listed as its members; or why it cannot be used.
fn group_and_members(
    resource: &Value,
    members: Option<&Value>,
    names: &Names,
) -> Result<(Group, Vec<Listed>), String> {
    let object = resource.as_object().ok_or("it is no object")?;
    let name = names.group_name.one(object).ok_or("it has no name")?;
    let one = |path: &Option<Path>| {
        let value = path.as_ref().and_then(|path| path.one(object));
        value.map(Untrusted::new)
    };
    let group = Group {
        id: remote_id(resource)?,
        name: Untrusted::new(name),
        description: one(&names.group_description),
        parent: None,
        gid: one(&names.group_gid),
        members: Vec::new(),
    };
    let listed = match members {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(members)) => {
            let members = members.iter().map(member);
            members.collect::<Option<_>>().ok_or(NAMELESS)?
        }
        Some(single) => vec![member(single).ok_or(NAMELESS)?],
    };
    Ok((group, listed))
}

const NAMELESS: &str = "one of its members has neither value nor $ref";

/// Reads one member: an object, or only its value. A `$ref` says who it is if `value` does not.
fn member(member: &Value) -> Option<Listed> {
    let Some(object) = member.as_object() else {
        return text(member).map(|value| Listed {
            value,
            kind: None,
            display: None,
        });
    };
    let link = get(object, "$ref").and_then(text).unwrap_or_default();
    let mut parts = link
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .rsplit('/');
    let (last, collection) = (
        parts.next().filter(|last| !last.is_empty()),
        parts.next().unwrap_or_default(),
    );
    let kind = |text: &str| match text.to_ascii_lowercase().as_str() {
        "user" | "users" => Some(Kind::Person),
        "group" | "groups" => Some(Kind::Group),
        _ => None,
    };
    let named = get(object, "type").and_then(text);
    Some(Listed {
        value: get(object, "value")
            .and_then(text)
            .or_else(|| last.map(str::to_owned))?,
        kind: named.as_deref().and_then(kind).or_else(|| kind(collection)),
        display: get(object, "display").and_then(text),
    })
}
