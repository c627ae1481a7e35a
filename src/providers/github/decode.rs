//! What GitHub answers: from JSON to checked records.
//!
//! What is not known is passed over. A record without a usable id is rejected, never dropped; a list that is missing is an
//! error, never an empty list. Shapes: GitHub's OpenAPI document (`simple-user`, `team`) and its schema of GraphQL. Pure.

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::history::EntryKind;
use crate::model::{RejectedRecord, RemoteId, Untrusted};
use crate::providers::http::HttpErrorKind;

/// An id as GitHub gives them: a number that is never given twice. Logins are.
fn id(value: &Value) -> Option<RemoteId> {
    let number = value.as_u64().filter(|number| *number > 0)?;
    RemoteId::new(&number.to_string())
}

/// Somebody in a list of members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub id: RemoteId,
    pub login: Untrusted,
    /// What GraphQL calls them.
    pub node: String,
}

/// A team, without its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Team {
    pub id: RemoteId,
    pub slug: Untrusted,
    pub description: Option<Untrusted>,
    pub parent: Option<RemoteId>,
    /// Where its members are listed. That address has its number, so that it is never that of another team.
    pub members: String,
}

/// What stands in a page of a list, in its order.
pub(super) type Page<T> = Vec<Result<T, RejectedRecord>>;

/// The library's own words may repeat what stands there.
fn misfit(e: &serde_json::Error) -> String {
    let (line, column) = (e.line(), e.column());
    format!("its JSON has not the form that was expected (line {line}, column {column})")
}

fn page<T>(
    bytes: &[u8],
    read: impl Fn(&Value) -> Result<T, RejectedRecord>,
) -> Result<Page<T>, String> {
    let records: Vec<&RawValue> = serde_json::from_slice(bytes).map_err(|e| misfit(&e))?;
    let record = |raw: &&RawValue| read(&serde_json::from_str(raw.get()).unwrap_or_default());
    Ok(records.iter().map(record).collect())
}

fn text(record: &Value, key: &str) -> Option<Untrusted> {
    let text = record.get(key)?.as_str()?;
    (!text.is_empty()).then(|| Untrusted::new(text))
}

/// A record that cannot be used, by whatever name it has.
fn rejected(kind: EntryKind, record: &Value, names: [&str; 2], reason: &str) -> RejectedRecord {
    let name = names.iter().find_map(|key| text(record, key));
    let subject = name.unwrap_or_else(|| Untrusted::new("a record without a name"));
    RejectedRecord::new(kind, record.get("id").and_then(id), subject, reason)
}

/// A page of members: of an organisation, or of a team.
///
/// # Errors
/// When it is no list.
pub(super) fn members(bytes: &[u8]) -> Result<Page<Row>, String> {
    page(bytes, |record| {
        let row = || {
            Some(Row {
                id: record.get("id").and_then(id)?,
                login: text(record, "login")?,
                node: text(record, "node_id")?.raw().to_owned(),
            })
        };
        let reason = "the member has no usable id, login or node_id";
        row().ok_or_else(|| rejected(EntryKind::Account, record, ["login", "id"], reason))
    })
}

/// A page of teams.
///
/// # Errors
/// When it is no list.
pub(super) fn teams(bytes: &[u8]) -> Result<Page<Team>, String> {
    page(bytes, |record| {
        let team = || {
            let members = text(record, "members_url")?;
            // The address is a template, in which the login of one member may stand (RFC 6570).
            let members = members.raw().trim_end_matches("{/member}");
            Some(Team {
                id: record.get("id").and_then(id)?,
                slug: text(record, "slug")?,
                description: text(record, "description"),
                parent: record
                    .get("parent")
                    .and_then(|parent| id(parent.get("id")?)),
                members: members.to_owned(),
            })
        };
        let reason = "the team has no usable id, slug or members_url";
        team().ok_or_else(|| rejected(EntryKind::Group, record, ["slug", "name"], reason))
    })
}

/// The address of the page that follows: RFC 8288, `rel="next"`.
pub(super) fn next(link: &str) -> Option<&str> {
    link.split(',').find_map(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = |parameter: &str| {
            let value = parameter.trim().strip_prefix("rel=");
            let mut names = value.unwrap_or_default().trim_matches('"').split(' ');
            names.any(|name| name.eq_ignore_ascii_case("next"))
        };
        parameters.split(';').any(is_next).then_some(target)
    })
}

/// What GraphQL tells of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub id: RemoteId,
    pub name: Option<Untrusted>,
    pub email: Option<Untrusted>,
    pub is_suspended: bool,
    /// `None`: there are more than came.
    pub keys: Option<Vec<Untrusted>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersonRecord {
    database_id: Value,
    name: Option<Untrusted>,
    email: Option<Untrusted>,
    suspended_at: Option<Value>,
    public_keys: Option<Keys>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    total_count: usize,
    nodes: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    key: Untrusted,
}

#[derive(Deserialize)]
struct Graph {
    data: Option<Data>,
    #[serde(default)]
    errors: Option<Vec<Complaint>>,
}

#[derive(Deserialize)]
struct Data {
    nodes: Vec<Option<PersonRecord>>,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(rename = "type")]
    kind: Option<String>,
    message: Option<String>,
}

/// How many characters of GitHub's words a message shows.
const SHOWN: usize = 200;

/// Who the people are that were asked for by their nodes, in that order; `None`: GitHub does not show who that is.
///
/// # Errors
/// When it does not say, and what kind of failure that is.
pub(super) fn people(
    bytes: &[u8],
    asked: usize,
) -> Result<Vec<Option<Person>>, (HttpErrorKind, String)> {
    let malformed = |reason: String| (HttpErrorKind::Malformed, reason);
    let graph: Graph = serde_json::from_slice(bytes).map_err(|e| malformed(misfit(&e)))?;
    let complaints = graph.errors.unwrap_or_default();
    // Who is not found has no node, and nothing else is wrong.
    let complaint = complaints
        .iter()
        .find(|c| c.kind.as_deref() != Some("NOT_FOUND"));
    if let Some(Complaint { kind, message }) = complaint {
        let failure = match kind.as_deref() {
            Some("RATE_LIMITED") => HttpErrorKind::RateLimited,
            Some("INSUFFICIENT_SCOPES" | "FORBIDDEN") => HttpErrorKind::Unauthorised,
            _ => HttpErrorKind::Malformed,
        };
        let words = message
            .as_deref()
            .unwrap_or("it does not say what is wrong");
        return Err((failure, words.chars().take(SHOWN).collect()));
    }
    let data = graph
        .data
        .ok_or_else(|| malformed("it sent no data".to_owned()))?;
    if data.nodes.len() != asked {
        let came = data.nodes.len();
        return Err(malformed(format!(
            "it was asked for {asked} people, and tells of {came}"
        )));
    }
    let person = |record: Option<PersonRecord>| record.map(person).transpose();
    let people: Result<_, String> = data.nodes.into_iter().map(person).collect();
    people.map_err(malformed)
}

fn person(record: PersonRecord) -> Result<Person, String> {
    let some = |text: Option<Untrusted>| text.filter(|text| !text.raw().is_empty());
    let keys = record.public_keys.map_or_else(
        || Some(Vec::new()),
        |keys| {
            let all = keys.nodes.len() == keys.total_count;
            all.then(|| keys.nodes.into_iter().map(|node| node.key).collect())
        },
    );
    Ok(Person {
        id: id(&record.database_id).ok_or("somebody in it has no usable databaseId")?,
        name: some(record.name),
        email: some(record.email),
        is_suspended: record.suspended_at.is_some_and(|at| !at.is_null()),
        keys,
    })
}

/// The token of an installation, and whether it may read who is in the organisation.
///
/// # Errors
/// When it is none.
pub(super) fn granted(bytes: &[u8]) -> Result<(SecretString, bool), String> {
    #[derive(Deserialize)]
    struct Granted {
        token: String,
        #[serde(default)]
        permissions: Value,
    }
    let granted: Granted = serde_json::from_slice(bytes).map_err(|e| misfit(&e))?;
    if granted.token.is_empty() || !granted.token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("the token it gave has characters that no token has".to_owned());
    }
    let sees = match &granted.permissions {
        Value::Object(may) => {
            let members = may.get("members").and_then(Value::as_str);
            matches!(members, Some("read" | "write" | "admin"))
        }
        // What it does not say shows when the teams are asked for.
        _ => true,
    };
    Ok((granted.token.into(), sees))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_without_a_number_are_not_dropped() {
        let page = members(
            br#"[{"id": 7, "login": "Mona-Lisa", "node_id": "U_7", "type": "User", "x": []},
            {"id": "7", "login": "text", "node_id": "n"}, {"id": 0, "login": "nobody", "node_id": "n"},
            {"id": -1, "login": "less", "node_id": "n"}, {"id": 1.5, "login": "half", "node_id": "n"},
            {"id": 8, "node_id": "n"}, {"id": 9, "login": "", "node_id": "n"}, {"id": 10, "login": "odd"}, null, 7, []]"#,
        );
        let page = page.unwrap();
        assert_eq!(page.len(), 11);
        let row = page[0].as_ref().unwrap();
        assert_eq!((row.id.as_str(), row.login.raw()), ("7", "Mona-Lisa"));
        let rejected: Vec<_> = page[1..].iter().map(|r| r.as_ref().unwrap_err()).collect();
        let id = |record: &RejectedRecord| record.id.as_ref().map(|id| id.to_string());
        let ids: Vec<_> = rejected.iter().map(|record| id(record)).collect();
        let usable = ids.iter().flatten().map(String::as_str);
        assert_eq!(usable.collect::<Vec<_>>(), ["8", "9", "10"]);
        assert_eq!(rejected[0].subject.raw(), "text");
        for text in ["", "{}", "null", "[{]", r#"{"message": "x"}"#] {
            assert!(members(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_team_is_its_number_and_says_where_its_members_are() {
        let page = teams(
            br#"[{"id": 3, "slug": "ops", "name": "Ops", "description": "", "parent": {"id": 2},
            "members_url": "https://x/organizations/1/team/3/members{/member}"},
            {"id": 4, "slug": "dev", "parent": null}, {"slug": "x", "members_url": "u"}]"#,
        );
        let page = page.unwrap();
        let ops = page[0].as_ref().unwrap();
        assert_eq!(ops.members, "https://x/organizations/1/team/3/members");
        assert_eq!(ops.parent.as_ref().unwrap().as_str(), "2");
        assert_eq!(ops.description, None);
        assert!(page[1].as_ref().is_err_and(|r| r.id.is_some()));
        assert!(page[2].as_ref().is_err_and(|r| r.id.is_none()));
    }

    #[test]
    fn the_next_page_is_found_among_the_links() {
        let link = r#"<https://x/a?page=1>; rel="prev", <https://x/a?page=3>; title=x; rel="next", <y>; rel="last""#;
        assert_eq!(next(link), Some("https://x/a?page=3"));
        assert_eq!(next("<b>;rel=NEXT"), Some("b"));
        for none in [
            "",
            "<a>",
            "a; rel=next",
            r#"<a>; rel="prev""#,
            "<a; rel=next",
            r#"<a>; rel="nextish""#,
        ] {
            assert_eq!(next(none), None, "{none}");
        }
    }

    fn of(answer: &str, asked: usize) -> Result<Vec<Option<Person>>, HttpErrorKind> {
        people(answer.as_bytes(), asked).map_err(|(kind, _)| kind)
    }

    #[test]
    fn people_come_with_all_their_keys_or_it_is_said() {
        let answer = r#"{"data": {"nodes": [
            {"databaseId": 1, "name": "Ann", "email": "", "publicKeys": {"totalCount": 1, "nodes": [{"key": "k"}]}},
            {"databaseId": 2, "name": null, "publicKeys": {"totalCount": 2, "nodes": [{"key": "k"}]}},
            {"databaseId": 3, "suspendedAt": "2026-01-01T00:00:00Z"}, null]},
            "errors": [{"type": "NOT_FOUND", "path": ["nodes", 3], "message": "Could not resolve"}]}"#;
        let people = of(answer, 4).unwrap();
        let ann = people[0].as_ref().unwrap();
        assert_eq!(ann.keys.as_ref().unwrap()[0].raw(), "k");
        assert_eq!((ann.email.clone(), ann.is_suspended), (None, false));
        assert_eq!(people[1].as_ref().unwrap().keys, None);
        assert!(people[2].as_ref().unwrap().is_suspended);
        assert_eq!(people[3], None);
        assert_eq!(of(answer, 3), Err(HttpErrorKind::Malformed));
    }

    #[test]
    fn what_graphql_complains_of_is_told_apart() {
        for (kind, failure) in [
            ("RATE_LIMITED", HttpErrorKind::RateLimited),
            ("INSUFFICIENT_SCOPES", HttpErrorKind::Unauthorised),
            ("FORBIDDEN", HttpErrorKind::Unauthorised),
            ("SOMETHING", HttpErrorKind::Malformed),
        ] {
            let answer =
                format!(r#"{{"data": null, "errors": [{{"type": "{kind}", "message": "m"}}]}}"#);
            assert_eq!(of(&answer, 0), Err(failure));
            // Never beside people, of whom something may be missing.
            let answer = answer.replace("null", r#"{"nodes": []}"#);
            assert_eq!(of(&answer, 0), Err(failure));
        }
        for answer in [
            "{}",
            r#"{"data": null}"#,
            r#"{"data": {"nodes": null}}"#,
            "[]",
            r#"{"data": {"nodes": [{"databaseId": "1"}]}}"#,
            r#"{"data": {"nodes": [{"databaseId": 1, "publicKeys": {"totalCount": 1}}]}}"#,
        ] {
            assert_eq!(of(answer, 1), Err(HttpErrorKind::Malformed), "{answer}");
        }
    }

    #[test]
    fn an_app_that_may_not_see_members_is_known_by_its_token() {
        let sees = |permissions: &str| {
            let answer = format!(r#"{{"token": "ghs_x", "permissions": {permissions}}}"#);
            granted(answer.as_bytes()).unwrap().1
        };
        assert!(sees(r#"{"members": "read", "metadata": "read"}"#));
        assert!(!sees("{}") && !sees(r#"{"members": "none"}"#));
        assert!(sees("null"));
        for text in [
            "{}",
            r#"{"token": ""}"#,
            r#"{"token": "a b"}"#,
            r#"{"token": 7}"#,
        ] {
            assert!(granted(text.as_bytes()).is_err());
        }
    }
}
