//! The document as JSON that is changed in place: what gosync does not know stays as it is, in its
//! order.
//!
//! Pure. Rules for what may be written are those of `decode`, which reads it back.

use serde_json::{Map, Value, json};

use crate::model::group_policy::GroupPolicy;
use crate::model::{RemoteId, Role, Status};
use crate::providers::admin::{Action, Done, NewGroup};
use crate::providers::document::decode;
use crate::providers::inactive::InactiveWhen;

/// The document.
#[derive(PartialEq)]
pub(super) struct Document(Map<String, Value>);

impl Document {
    /// Reads it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(keys)) => Ok(Self(keys)),
            Ok(_) => Err("it is no object in braces".to_owned()),
            Err(e) => Err(e.to_string()),
        }
    }

    /// Reads one that is to be changed: what stands in it must say the same of everybody once it is written anew. With a key
    /// that stands twice in a record, writing would choose what counts.
    pub(super) fn to_change(bytes: &[u8], when: &InactiveWhen) -> Result<Self, String> {
        let document = Self::parse(bytes)?;
        let (before, after) = (
            decode::records(bytes, when)?,
            decode::records(&document.to_bytes()?, when)?,
        );
        let same = before.users == after.users
            && before.groups == after.groups
            && before.bad_users == after.bad_users
            && before.bad_groups == after.bad_groups;
        match same {
            true => Ok(document),
            false => Err(
                "a record would say something else if it were written anew, such as one in which a key stands twice; \
                 mend it first"
                    .to_owned(),
            ),
        }
    }

    /// Writes it, for people to read.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let mut bytes = serde_json::to_vec_pretty(&self.0).map_err(|e| e.to_string())?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Adds a group.
    pub(super) fn add_group(&mut self, id: &RemoteId, group: &NewGroup) -> Result<(), String> {
        let mut record = Map::new();
        record.insert("id".to_owned(), json!(id.as_str()));
        record.insert("name".to_owned(), json!(group.name));
        record.insert("description".to_owned(), json!(group.description));
        record.insert(
            "parent".to_owned(),
            json!(group.parent.as_ref().map(RemoteId::as_str)),
        );
        record.insert("members".to_owned(), json!([]));
        match self.0.entry("groups").or_insert_with(|| json!([])) {
            Value::Array(groups) => groups.push(Value::Object(record)),
            _ => return Err("`groups` is no list".to_owned()),
        }
        // What counts them goes on to be right.
        let counts = self.0.get_mut("counts");
        if let Some(count) = counts.and_then(|counts| counts.get_mut("groups"))
            && let Some(before) = count.as_u64()
        {
            *count = json!(before + 1);
        }
        Ok(())
    }

    /// Sets a group's description.
    pub(super) fn describe(&mut self, group: &RemoteId, text: &str) -> Result<Done, String> {
        Ok(set(self.group(group)?, "description", json!(text)))
    }

    /// Sets what a policy names, and keeps the rest.
    pub(super) fn set_policy(
        &mut self,
        group: &RemoteId,
        policy: &GroupPolicy,
    ) -> Result<Done, String> {
        let Ok(Value::Object(wanted)) = serde_json::to_value(policy) else {
            return Ok(Done::Already);
        };
        let Value::Object(kept) = self
            .group(group)?
            .entry("policy")
            .or_insert_with(|| json!({}))
        else {
            return Err("the group's `policy` is no object".to_owned());
        };
        let mut done = Done::Already;
        for (key, value) in wanted {
            if set(kept, &key, value) == Done::Changed {
                done = Done::Changed;
            }
        }
        Ok(done)
    }

    /// Does something to one person in a group.
    pub(super) fn change(
        &mut self,
        group: &RemoteId,
        action: &Action,
        person: &RemoteId,
    ) -> Result<Done, String> {
        let Value::Array(members) = self
            .group(group)?
            .entry("members")
            .or_insert_with(|| json!([]))
        else {
            return Err("the group's `members` is no list".to_owned());
        };
        let is_theirs = |member: &&mut Value| {
            member.get("user").and_then(Value::as_str) == Some(person.as_str())
        };
        let found = members.iter_mut().find(is_theirs);
        let found = found.and_then(Value::as_object_mut);
        let status = found.as_ref().map(|member| status(member)).transpose()?;
        match (action, found, status) {
            (Action::Set(role), Some(member), _) => Ok(activate(member, *role)),
            (Action::Set(role), None, _) => {
                members.push(new_member(person, *role));
                Ok(Done::Changed)
            }
            (Action::Accept { email: Some(to) }, Some(member), _) => {
                let set_address = set(member, "email", json!(to));
                Ok(either(activate(member, Role::Member), set_address))
            }
            (Action::Accept { email: Some(to) }, None, _) => {
                let mut member = new_member(person, Role::Member);
                member["email"] = json!(to);
                members.push(member);
                Ok(Done::Changed)
            }
            (Action::Accept { email: None }, _, Some(Status::Active)) => Ok(Done::Already),
            (Action::Accept { email: None }, Some(member), Some(Status::Pending)) => {
                Ok(set(member, "status", json!(Status::Active)))
            }
            (Action::Accept { email: None }, _, _) => Err("has not asked to join".to_owned()),
            (Action::Remove, Some(member), Some(Status::Pending | Status::Invited)) => {
                Ok(set(member, "status", json!(Status::Rejected)))
            }
            (Action::Remove, Some(member), Some(Status::Active | Status::Suspended)) => {
                Ok(set(member, "status", json!(Status::Removed)))
            }
            (Action::Remove, _, _) => Ok(Done::Already),
        }
    }

    fn group(&mut self, id: &RemoteId) -> Result<&mut Map<String, Value>, String> {
        let groups = self
            .0
            .get_mut("groups")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten();
        let mut records = groups.filter_map(Value::as_object_mut);
        let found =
            records.find(|group| group.get("id").and_then(Value::as_str) == Some(id.as_str()));
        found.ok_or_else(|| "the group is not there any more".to_owned())
    }
}

/// The status of a membership; one that says nothing is active.
fn status(member: &Map<String, Value>) -> Result<Status, String> {
    let value = member
        .get("status")
        .cloned()
        .unwrap_or_else(|| json!(Status::Active));
    serde_json::from_value(value)
        .map_err(|_| "has a status in the group that does not exist".to_owned())
}

/// Somebody who belongs to a group from now on.
fn new_member(person: &RemoteId, role: Role) -> Value {
    json!({"user": person.as_str(), "role": role, "status": Status::Active})
}

fn activate(member: &mut Map<String, Value>, role: Role) -> Done {
    // What is left out is at its default already, and stays out.
    let role = match member.contains_key("role") || role != Role::default() {
        true => set(member, "role", json!(role)),
        false => Done::Already,
    };
    let status = match member.contains_key("status") {
        true => set(member, "status", json!(Status::Active)),
        false => Done::Already,
    };
    either(role, status)
}

fn either(a: Done, b: Done) -> Done {
    if a == Done::Changed { a } else { b }
}

fn set(record: &mut Map<String, Value>, key: &str, value: Value) -> Done {
    if record.get(key) == Some(&value) {
        return Done::Already;
    }
    record.insert(key.to_owned(), value);
    Done::Changed
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"note": 1, "groups": [{"id": "g", "name": "x", "extra": true,
        "members": [{"user": "a"}, {"user": "b", "status": "pending", "role": "manager"}]}], "users": []}"#;

    fn id(text: &str) -> RemoteId {
        RemoteId::new(text).unwrap()
    }

    fn after(action: &Action, who: &str) -> (Result<Done, String>, String) {
        let mut document = Document::parse(TEXT.as_bytes()).unwrap();
        let done = document.change(&id("g"), action, &id(who));
        (
            done,
            serde_json::to_string(&document.0["groups"][0]["members"]).unwrap(),
        )
    }

    #[test]
    fn what_is_not_changed_stays_in_its_order() {
        let mut document = Document::parse(TEXT.as_bytes()).unwrap();
        document.describe(&id("g"), "new").unwrap();
        let text = String::from_utf8(document.to_bytes().unwrap()).unwrap();
        let at = |word: &str| text.find(word).unwrap();
        assert!(
            at("note") < at("groups") && at("extra") < at("members") && at("members") < at("users")
        );
        assert_eq!(document.describe(&id("g"), "new"), Ok(Done::Already));
        assert!(document.describe(&id("h"), "new").is_err());
    }

    #[test]
    fn a_document_that_would_say_something_else_is_not_changed() {
        let read = |person: &str| {
            let text = format!(r#"{{"users": [{person}], "groups": []}}"#);
            Document::to_change(text.as_bytes(), &InactiveWhen::default())
        };
        assert!(read(r#"{"id": "u", "login": "ann"}"#).is_ok());
        assert!(read(r#"{"id": "u", "uid": "x"}"#).is_ok(), "nobody's");
        let twice = read(r#"{"id": "u", "login": "ann", "active": false, "login": "bob"}"#);
        assert!(twice.is_err_and(|reason| reason.contains("twice")));
    }

    #[test]
    fn people_are_added_and_given_roles() {
        assert_eq!(after(&Action::Set(Role::Member), "a").0, Ok(Done::Already));
        let (done, members) = after(&Action::Set(Role::Admin), "a");
        assert_eq!(
            (done, members.contains(r#"{"user":"a","role":"admin"}"#)),
            (Ok(Done::Changed), true),
            "{members}"
        );
        let (done, members) = after(&Action::Set(Role::Member), "c");
        assert_eq!(done, Ok(Done::Changed));
        assert!(
            members.ends_with(r#"{"user":"c","role":"member","status":"active"}]"#),
            "{members}"
        );
    }

    #[test]
    fn applicants_are_accepted_or_rejected() {
        let accept = Action::Accept { email: None };
        assert_eq!(after(&accept, "a").0, Ok(Done::Already));
        let (done, members) = after(&accept, "b");
        assert_eq!(
            (
                done,
                members.contains(r#""status":"active","role":"manager""#)
            ),
            (Ok(Done::Changed), true)
        );
        assert!(after(&accept, "c").0.is_err());
        assert!(after(&Action::Remove, "b").1.contains("rejected"));
        assert!(after(&Action::Remove, "a").1.contains("removed"));
        assert_eq!(after(&Action::Remove, "c").0, Ok(Done::Already));
        let (done, members) = after(
            &Action::Accept {
                email: Some("c@x.org".to_owned()),
            },
            "c",
        );
        assert_eq!(
            (done, members.contains("c@x.org")),
            (Ok(Done::Changed), true)
        );
    }

    #[test]
    fn a_policy_is_merged() {
        let mut document = Document::parse(TEXT.as_bytes()).unwrap();
        let policy = GroupPolicy {
            join_requests: Some(true),
            ..GroupPolicy::default()
        };
        assert_eq!(document.set_policy(&id("g"), &policy), Ok(Done::Changed));
        assert_eq!(document.set_policy(&id("g"), &policy), Ok(Done::Already));
        let other = GroupPolicy {
            is_high_assurance: Some(false),
            ..GroupPolicy::default()
        };
        document.set_policy(&id("g"), &other).unwrap();
        assert_eq!(
            document.0["groups"][0]["policy"],
            json!({"join_requests": true, "is_high_assurance": false})
        );
    }
}
