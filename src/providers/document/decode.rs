//! Bytes to a snapshot. A record that does not fit is rejected alone; a document that
//! does not, whole.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::model::history::EntryKind;
use crate::model::{
    Completeness, Directory, Examples, FieldSources, Finding, Group, MemberHint, Membership,
    RecordSays, RejectedRecord, RemoteId, Role, Snapshot, Status, Untrusted, User, counted,
};
use crate::providers::inactive::{InactiveWhen, says_no};
use crate::providers::unknown;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    /// Whether these are all people and groups.
    complete: Option<bool>,
    /// When it was made (RFC 3339).
    generated: Option<String>,
    /// How many records it has.
    #[serde(default)]
    counts: Counts,
    #[serde(borrow, default)]
    users: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    groups: Vec<&'a RawValue>,
    /// See [`is_sample`].
    #[serde(rename = "sample")]
    _sample: Option<serde::de::IgnoredAny>,
}

/// How many records a document says that it has.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Counts {
    users: Option<usize>,
    groups: Option<usize>,
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
    ssh_keys: Vec<KeyText>,
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

/// One of several keys. They are rejected one by one, and what is no text is no key.
#[derive(Deserialize)]
#[serde(from = "serde_json::Value")]
struct KeyText(Untrusted);

impl From<serde_json::Value> for KeyText {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::String(text) => Self(Untrusted::new(text)),
            other => Self(Untrusted::new(other.to_string())),
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
    uid: serde_json::Value,
    gid: serde_json::Value,
}

impl Label {
    /// The number that the record would have, if it says one in whatever form.
    fn number(&self, kind: EntryKind) -> Option<Untrusted> {
        let value = match kind {
            EntryKind::Account => &self.uid,
            EntryKind::Group | EntryKind::LocalGroup => &self.gid,
        };
        match value {
            serde_json::Value::Number(number) => Some(Untrusted::new(number.to_string())),
            serde_json::Value::String(text) => Some(Untrusted::new(text)),
            _ => None,
        }
    }
}

/// Whether anything that can be read of a person's record shuts the person out.
fn is_shut_out(json: &str, when: &InactiveWhen) -> bool {
    let record: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    record.get("active").is_some_and(says_no) || when.is_met_by(|name| values(&record, name))
}

/// What a broken record says of whether its person is let in.
fn says(json: &str, when: &InactiveWhen) -> RecordSays {
    let record: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    match record.get("active") {
        _ if is_shut_out(json, when) => RecordSays::ShutOut,
        None | Some(serde_json::Value::Bool(_)) => RecordSays::Nothing,
        Some(_) => RecordSays::Unclear,
    }
}

/// What a record has under this name, as an attribute and as a field.
fn values<'v>(record: &'v serde_json::Value, name: &str) -> Vec<&'v serde_json::Value> {
    let attribute = record.get("attributes").and_then(|all| all.get(name));
    attribute.into_iter().chain(record.get(name)).collect()
}

/// The records of a document, and those of them that cannot be used.
pub(in crate::providers) struct Records {
    pub users: Vec<User>,
    pub groups: Vec<Group>,
    pub bad_users: Vec<RejectedRecord>,
    pub bad_groups: Vec<RejectedRecord>,
    /// When the document says that it was made.
    generated: Option<String>,
    /// Whether the document says that it is all.
    complete: Option<bool>,
    /// Why the document says, or shows, that it is not all.
    missing: Option<String>,
}

/// A document that was read.
pub(in crate::providers) struct Reading {
    snapshot: Snapshot,
    /// When it says that it was made.
    pub generated: Option<String>,
    /// Whether it says that it is all.
    pub complete: Option<bool>,
    strangers: Strangers,
}

impl Reading {
    /// What it says. Members whom nobody knows are of no account where only people are asked for.
    pub(in crate::providers) fn snapshot(self, with_groups: bool) -> Snapshot {
        let Self {
            snapshot,
            strangers,
            ..
        } = self;
        if !with_groups {
            return snapshot;
        }
        let unclear = strangers.why_unclear().map(Completeness::Incomplete);
        let completeness = match (&snapshot.completeness, unclear) {
            (Completeness::Complete(_), Some(unclear)) => unclear,
            _ => snapshot.completeness.clone(),
        };
        Snapshot {
            completeness,
            ..snapshot
        }
        .with_findings(strangers.findings)
    }
}

/// Reads the document.
pub(in crate::providers) fn document(bytes: &[u8], when: &InactiveWhen) -> Result<Reading, String> {
    let records = records(bytes, when)?;
    let strangers = Strangers::of(&records);
    let Records {
        users,
        groups,
        bad_users,
        bad_groups,
        generated,
        complete,
        missing,
    } = records;
    let proof = format!(
        "{} and {}",
        counted(users.len() + bad_users.len(), "user", "users"),
        counted(groups.len() + bad_groups.len(), "group", "groups")
    );
    let completeness = match missing {
        Some(reason) => Completeness::Incomplete(reason),
        None => Completeness::Complete(proof),
    };
    let rejected = [bad_users, bad_groups].concat();
    let snapshot = Snapshot::new(Directory { users, groups }, rejected, completeness);
    Ok(Reading {
        snapshot,
        generated,
        complete,
        strangers,
    })
}

/// Members of groups who are no person of the document.
#[derive(Default)]
struct Strangers {
    findings: Vec<Finding>,
    known: usize,
    unknown: usize,
    /// How many of them are logins of people.
    logins: usize,
}

impl Strangers {
    fn of(records: &Records) -> Self {
        let users = records.users.iter().map(|user| user.id.as_str());
        let bad = records
            .bad_users
            .iter()
            .filter_map(|record| record.id.as_ref());
        let ids: BTreeSet<&str> = users.chain(bad.map(RemoteId::as_str)).collect();
        let logins: BTreeSet<&str> = records.users.iter().map(|user| user.login.raw()).collect();
        let mut out = Self::default();
        for group in &records.groups {
            let members = group.members.iter().map(|member| member.user.as_str());
            let (known, unknown): (Vec<&str>, Vec<&str>) = members.partition(|id| ids.contains(id));
            out.known += known.len();
            out.unknown += unknown.len();
            let listed_by_login = unknown.iter().filter(|id| logins.contains(*id)).count();
            out.logins += listed_by_login;
            let hint = listed_by_login > 0;
            let members: Examples = unknown.into_iter().collect();
            if !members.is_empty() {
                out.findings.push(Finding::UnknownMembers {
                    group: group.name.clone(),
                    members,
                    hint: hint.then_some(MemberHint::LoginForId),
                });
            }
        }
        out
    }

    /// Why nobody can tell who is in a group.
    fn why_unclear(&self) -> Option<String> {
        if self.logins * 2 > self.unknown {
            return Some(format!(
                "its groups list members by login, and not by the `id` of a person ({} of {})",
                self.logins,
                self.known + self.unknown
            ));
        }
        let rule = "`user` of a member is the `id` of a person";
        unknown::why_unclear(self.known, self.unknown, rule)
    }
}

/// Whether the document says that its people are made up.
pub(in crate::providers) fn is_sample(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Mark {
        #[serde(default)]
        sample: bool,
    }
    let mark = br#""sample""#;
    // A look at the bytes costs nothing; only who has the word is read once more.
    bytes.windows(mark.len()).any(|window| window == mark)
        && serde_json::from_slice::<Mark>(bytes).is_ok_and(|mark| mark.sample)
}

/// The attributes that `when` names and that no person's record has.
pub(in crate::providers) fn unused(
    bytes: &[u8],
    when: &InactiveWhen,
) -> Result<Vec<String>, String> {
    let document: Document<'_> = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let mut unused: Vec<&str> = when.attributes().collect();
    for raw in &document.users {
        let record: serde_json::Value = serde_json::from_str(raw.get()).unwrap_or_default();
        unused.retain(|name| values(&record, name).is_empty());
    }
    Ok(unused.into_iter().map(str::to_owned).collect())
}

/// Reads the document, and keeps people and groups apart.
pub(in crate::providers) fn records(bytes: &[u8], when: &InactiveWhen) -> Result<Records, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let document: Document<'_> = object(text).map_err(|e| e.to_string())?;
    let (mut bad_users, mut bad_groups) = (Vec::new(), Vec::new());
    let missing = missing(&document);
    let users: Vec<User> = document
        .users
        .iter()
        .filter_map(|raw| person(raw, when, &mut bad_users))
        .collect();
    let ids: BTreeMap<&str, &RemoteId> = users.iter().map(|u| (u.id.as_str(), &u.id)).collect();
    let groups = document
        .groups
        .iter()
        .filter_map(|raw| {
            let read = group(raw.get(), &ids);
            keep(EntryKind::Group, read, raw, &mut bad_groups)
        })
        .collect();
    Ok(Records {
        users,
        groups,
        bad_users,
        bad_groups,
        generated: document.generated,
        complete: document.complete,
        missing,
    })
}

/// Why a document says, or shows, that it is not all.
fn missing(document: &Document<'_>) -> Option<String> {
    let differs = |what: &str, said: Option<usize>, came: usize| {
        let said = said.filter(|said| *said != came)?;
        Some(format!(
            "the document says that it has {said} {what}, and it has {came}"
        ))
    };
    let Counts { users, groups } = document.counts;
    let said = (document.complete == Some(false))
        .then(|| "the document says that it is not complete".to_owned());
    said.or_else(|| differs("users", users, document.users.len()))
        .or_else(|| differs("groups", groups, document.groups.len()))
}

/// Reads a JSON object; serde alone would take a list of the fields' values, too.
fn object<'a, T: Deserialize<'a>>(json: &'a str) -> serde_json::Result<T> {
    match json.trim_ascii_start().starts_with('{') {
        true => serde_json::from_str(json),
        false => Err(serde::de::Error::custom("it is no object in braces")),
    }
}

/// A person; one who cannot be used is rejected.
fn person(raw: &RawValue, when: &InactiveWhen, rejected: &mut Vec<RejectedRecord>) -> Option<User> {
    let at = rejected.len();
    let kept = keep(EntryKind::Account, user(raw.get(), when), raw, rejected);
    if let Some(record) = rejected.get_mut(at) {
        record.says = says(raw.get(), when);
    }
    kept
}

fn keep<T>(
    kind: EntryKind,
    read: Result<T, String>,
    raw: &RawValue,
    rejected: &mut Vec<RejectedRecord>,
) -> Option<T> {
    read.map_err(|reason| {
        let label: Label = serde_json::from_str(raw.get()).unwrap_or_default();
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let id = text(&label.id).and_then(|id| RemoteId::new(&id));
        let subject = text(&label.login)
            .or_else(|| text(&label.name))
            .or_else(|| text(&label.id));
        let subject = Untrusted::new(subject.unwrap_or_else(|| "a record".to_owned()));
        let record = RejectedRecord::new(kind, id, subject, reason);
        rejected.push(record.naming(label.number(kind)));
    })
    .ok()
}

fn remote_id(text: &str) -> Result<RemoteId, String> {
    RemoteId::new(text).ok_or_else(|| format!("its `id` {}", RemoteId::UNFIT))
}

fn reason(e: &serde_json::Error) -> String {
    let text = e.to_string();
    // The position is one within the record, and would be taken for one within the file.
    let end = text.rfind(" at line ").unwrap_or(text.len());
    crate::model::shown(&text[..end]).to_string()
}

/// Reads a record; serde alone would not tell which of its fields is of the wrong type.
fn record<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    object(json).map_err(|e| {
        let reason = reason(&e);
        let fields: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(json).unwrap_or_default();
        // Alone, a field of the right type leaves only the others to be missed.
        let is_wrong = |name: &String, value: &serde_json::Value| {
            let alone = serde_json::Map::from_iter([(name.clone(), value.clone())]);
            let complaint = T::deserialize(alone)
                .err()
                .map(|e| e.to_string())
                .unwrap_or_default();
            !complaint.is_empty() && !NAMED.iter().any(|named| complaint.starts_with(named))
        };
        match fields.iter().find(|(name, value)| is_wrong(name, value)) {
            Some((name, _)) if !NAMED.iter().any(|named| reason.starts_with(named)) => {
                format!(
                    "its `{}` is of the wrong type: {reason}",
                    crate::model::shown(name)
                )
            }
            _ => reason,
        }
    })
}

/// How complaints begin that name their field.
const NAMED: [&str; 3] = ["missing field", "unknown field", "duplicate field"];

fn user(json: &str, when: &InactiveWhen) -> Result<User, String> {
    let r: UserRecord = record(json)?;
    Ok(User {
        id: remote_id(&r.id)?,
        login: r.login,
        name: r.name,
        email: r.email,
        active: r.active && (when.is_empty() || !is_shut_out(json, when)),
        uid: r.uid.map(Untrusted::from),
        gid: r.gid.map(Untrusted::from),
        home: r.home,
        shell: r.shell,
        ssh_keys: r.ssh_keys.into_iter().map(|KeyText(key)| key).collect(),
        updated: r.updated,
        attributes: r.attributes,
        sources: FieldSources::default(),
    })
}

fn group(json: &str, ids: &BTreeMap<&str, &RemoteId>) -> Result<Group, String> {
    let r: GroupRecord = record(json)?;
    let member = |m: MemberRecord| {
        let user = ids
            .get(m.user.as_str())
            .map_or_else(|| remote_id(&m.user), |id| Ok((*id).clone()))?;
        Ok::<_, String>(Membership {
            user,
            role: m.role,
            status: m.status,
        })
    };
    Ok(Group {
        id: remote_id(&r.id)?,
        name: r.name,
        description: r.description,
        parent: r.parent.as_deref().map(remote_id).transpose()?,
        gid: r.gid.map(Untrusted::from),
        members: r
            .members
            .into_iter()
            .map(member)
            .collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(bytes: &[u8]) -> Result<Snapshot, String> {
        super::document(bytes, &InactiveWhen::default()).map(|read| read.snapshot(true))
    }

    fn incomplete(text: &str) -> String {
        match document(text.as_bytes()).unwrap().completeness {
            Completeness::Incomplete(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_document_says_itself_whether_it_is_all() {
        let ann = r#"{"id": "1", "login": "ann"}"#;
        let with = |rest: &str| format!(r#"{{"users": [{ann}], {rest}}}"#);
        assert!(incomplete(&with(r#""complete": false"#)).contains("not complete"));
        assert!(incomplete(&with(r#""counts": {"users": 2}"#)).contains("2 users, and it has 1"));
        assert!(incomplete(&with(r#""counts": {"groups": 1}"#)).contains("1 groups"));
        let fine = r#""complete": true, "generated": "2026-11-28T12:00:00Z", "counts": {"users": 1, "groups": 0}"#;
        let got = document(with(fine).as_bytes()).unwrap();
        assert!(matches!(got.completeness, Completeness::Complete(_)));
        // Records that cannot be used count, too.
        let bad =
            r#"{"users": [{"id": "1", "login": "ann"}, {"id": "2"}], "counts": {"users": 2}}"#;
        let got = document(bad.as_bytes()).unwrap();
        assert!(matches!(got.completeness, Completeness::Complete(_)));
        assert!(document(with(r#""counts": {"people": 1}"#).as_bytes()).is_err());
    }

    #[test]
    fn members_who_are_nobody_are_told_and_logins_are_recognised() {
        let groups = |members: &str| {
            format!(
                r#"{{"users": [{{"id": "1", "login": "zoe"}}, {{"id": "2"}}], "groups": [{{"id": "g", "name": "lab",
                "members": [{members}]}}]}}"#
            )
        };
        let told = |members: &str| document(groups(members).as_bytes()).unwrap().findings;
        assert!(told(r#"{"user": "1"}, {"user": "2"}"#).is_empty());
        let finding = |members: &[&str], hint| Finding::UnknownMembers {
            group: Untrusted::new("lab"),
            members: members.iter().copied().collect(),
            hint,
        };
        assert_eq!(
            told(r#"{"user": "1"}, {"user": "9"}"#),
            [finding(&["9"], None)]
        );
        let hint = Some(MemberHint::LoginForId);
        assert_eq!(told(r#"{"user": "zoe"}"#), [finding(&["zoe"], hint)]);
        assert!(incomplete(&groups(r#"{"user": "zoe"}"#)).contains("by login"));
        let all = r#"{"user": "ann"}, {"user": "kim"}, {"user": "max"}"#;
        assert!(incomplete(&groups(all)).contains("hardly any member"));
    }

    #[test]
    fn only_id_and_name_must_be_there() {
        let got = document(
            br#"{"users": [{"id": "u-1", "login": "alice"}], "groups": [{"id": "g-1", "name": "x",
            "members": [{"user": "u-1"}, {"user": "u-9", "role": "admin", "status": "pending"}]}]}"#,
        )
        .unwrap();
        assert_eq!(
            got.directory.users,
            [User::new(RemoteId::new("u-1").unwrap(), "alice")]
        );
        assert_eq!(got.directory.groups[0].members[0].status, Status::Active);
        assert_eq!(got.directory.groups[0].members[1].role, Role::Admin);
        assert!(matches!(got.completeness, Completeness::Complete(_)));
    }

    #[test]
    fn a_document_can_say_that_its_people_are_made_up() {
        for (text, said) in [
            (r#"{"users": [], "sample": true}"#, true),
            (r#"{"sample": false, "users": []}"#, false),
            (r#"{"users": [{"id": "1", "login": "sample"}]}"#, false),
            (r#"{"users": []}"#, false),
        ] {
            assert_eq!(is_sample(text.as_bytes()), said, "{text}");
            assert!(document(text.as_bytes()).is_ok());
        }
    }

    #[test]
    fn one_bad_record_spoils_no_other() {
        let got = document(br#"{"users": [{"id": "u-1", "login": "alice"}, {"id": "u-2", "login": 7}, {"id": "u-3", "login": "bob", "uidd": 1}]}"#).unwrap();
        assert_eq!(got.directory.users.len(), 1);
        let ids: Vec<_> = got
            .rejected
            .iter()
            .map(|r| r.id.as_ref().unwrap().to_string())
            .collect();
        assert_eq!(ids, ["u-2", "u-3"]);
        assert!(
            matches!(got.completeness, Completeness::Complete(_)),
            "present, though unusable"
        );
    }

    #[test]
    fn the_number_of_a_bad_record_is_known_as_far_as_it_can_be_read() {
        let of = |json: &str| {
            let got = document(json.as_bytes()).unwrap();
            let numbers = got.rejected[0].numbers.iter();
            numbers
                .map(|text| text.raw().to_owned())
                .collect::<Vec<_>>()
        };
        let user = |uid: &str| {
            of(&format!(
                r#"{{"users": [{{"id": "u-2", "login": 7, "uid": {uid}, "gid": 9}}]}}"#
            ))
        };
        assert_eq!(user("20001"), ["20001"]);
        assert_eq!(user("\"20001\""), ["20001"]);
        assert_eq!(user("[20001]"), Vec::<String>::new());
        let group = r#"{"groups": [{"id": "g-1", "name": 7, "gid": 60001}]}"#;
        assert_eq!(of(group), ["60001"]);
    }

    #[test]
    fn what_is_of_the_wrong_type_is_named() {
        for (user, complaint) in [
            (
                r#""login": 7"#,
                "its `login` is of the wrong type: invalid type: integer `7`, expected a string",
            ),
            (
                r#""login": "a", "home": ["/x"]"#,
                "its `home` is of the wrong type",
            ),
            (
                r#""login": "a", "active": "yes\u001b""#,
                "its `active` is of the wrong type",
            ),
            (
                r#""login": "a", "ssh_keys": "ssh-rsa AAAA""#,
                "its `ssh_keys` is of the wrong type",
            ),
            (
                r#""login": "a", "attributes": {"quota": 7}"#,
                "its `attributes` is of the wrong type",
            ),
            (
                r#""login": "a", "uid": [1]"#,
                "its `uid` is of the wrong type: `uid` and `gid` are numbers, or text",
            ),
            (r#""name": "a""#, "missing field `login`"),
            (r#""login": "a", "uidd": 1"#, "unknown field `uidd`"),
        ] {
            let got =
                document(format!(r#"{{"users": [{{"id": "u-1", {user}}}]}}"#).as_bytes()).unwrap();
            let reason = &got.rejected[0].reason;
            assert!(
                reason.starts_with(complaint) && !reason.contains('\u{1b}'),
                "{user}: {reason}"
            );
        }
        for (group, complaint) in [
            (r#""name": ["x"]"#, "its `name` is of the wrong type"),
            (
                r#""name": "x", "members": [{"user": "u"}, {"user": 1}]"#,
                "its `members` is of the wrong type",
            ),
        ] {
            let got = document(format!(r#"{{"groups": [{{"id": "g-1", {group}}}]}}"#).as_bytes())
                .unwrap();
            assert!(
                got.rejected[0].reason.starts_with(complaint),
                "{group}: {}",
                got.rejected[0].reason
            );
        }
    }

    #[test]
    fn one_bad_key_spoils_no_other_and_not_its_person() {
        let read = |keys: &str| {
            let text =
                format!(r#"{{"users": [{{"id": "u-1", "login": "ann", "ssh_keys": {keys}}}]}}"#);
            let got = document(text.as_bytes()).unwrap();
            assert!(got.rejected.is_empty(), "{:?}", got.rejected);
            got.directory.users[0]
                .ssh_keys
                .iter()
                .map(|key| key.raw().to_owned())
                .collect::<Vec<_>>()
        };
        // Each stays in its place, so that it is told by its number, and is no key.
        assert_eq!(
            read(r#"["ssh-rsa A", 7, null, {"key": "x"}, "b"]"#),
            ["ssh-rsa A", "7", "null", "{\"key\":\"x\"}", "b"]
        );
        assert!(read("[]").is_empty());
    }

    #[test]
    fn whoever_is_shut_out_is_shut_out_by_a_broken_record_too() {
        let when = toml::from_str("state = ['Left']\nshell = ['/bin/false']").unwrap();
        let read = |rest: &str| {
            let text = format!(r#"{{"users": [{{"id": "u-1", {rest}}}]}}"#);
            let got = super::document(text.as_bytes(), &when)
                .unwrap()
                .snapshot(true);
            let user = got.directory.users.first().map(|user| user.active);
            let record = got.rejected.first();
            let record = record.map(|record| (record.id.is_some(), record.is_shut_out()));
            (user, record)
        };
        let broken = |is_shut_out| (None, Some((true, is_shut_out)));
        for (rest, expected) in [
            (r#""login": "a", "active": false"#, (Some(false), None)),
            (r#""login": 7, "active": false"#, broken(true)),
            (r#""active": false"#, broken(true)),
            (r#""login": "a", "uid": [1], "active": false"#, broken(true)),
            (r#""login": "a", "active": "False""#, broken(true)),
            (r#""login": "a", "active": 0"#, broken(true)),
            (r#""login": "a", "active": "no""#, broken(true)),
            (r#""login": "a", "active": "perhaps""#, broken(false)),
            (r#""login": "a", "active": null"#, broken(false)),
            (r#""login": 7, "active": true"#, broken(false)),
            (
                r#""login": "a", "attributes": {"state": "LEFT"}"#,
                (Some(false), None),
            ),
            (
                r#""login": "a", "attributes": {"state": "here"}"#,
                (Some(true), None),
            ),
            (
                r#""login": "a", "shell": "/bin/false""#,
                (Some(false), None),
            ),
            (
                r#""login": 7, "attributes": {"state": "left"}"#,
                broken(true),
            ),
            (r#""login": "a", "state": "left""#, broken(true)),
            (
                r#""login": "a", "active": true, "attributes": {"state": "left"}"#,
                (Some(false), None),
            ),
        ] {
            assert_eq!(read(rest), expected, "{rest}");
        }
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
