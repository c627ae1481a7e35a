//! The policy of a group: who sees it, who may ask to join. Shaped after Globus Groups v2, `PUT /v2/groups/ID/policies`.
//!
//! A policy file may also be written for the retired Globus Nexus; what of it can still be said is taken over, and the
//! rest is named.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a policy sets; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GroupPolicy {
    /// Whether members have to sign in anew, and with more than a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_high_assurance: Option<bool>,
    /// How long a sign-in holds for that, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication_assurance_timeout: Option<u64>,
    /// Who sees the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_visibility: Option<GroupVisibility>,
    /// Who sees its members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_members_visibility: Option<MembersVisibility>,
    /// Whether people may ask to join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join_requests: Option<bool>,
    /// What people have to tell about themselves when they ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signup_fields: Option<Vec<String>>,
}

/// Who sees a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupVisibility {
    /// Everybody who is signed in.
    Authenticated,
    /// Its members.
    Private,
}

/// Who sees the members of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MembersVisibility {
    /// Its members.
    Members,
    /// Its managers and administrators.
    Managers,
}

/// What of [`GroupPolicy::signup_fields`] there is.
const SIGNUP_FIELDS: [&str; 12] = [
    "institution",
    "current_project_name",
    "address",
    "city",
    "state",
    "country",
    "address1",
    "address2",
    "zip",
    "phone",
    "department",
    "field_of_science",
];

impl GroupPolicy {
    /// Reads a policy file of either kind. Returns, besides the policy, what of a Nexus file cannot be said any more.
    ///
    /// # Errors
    /// When it is neither.
    pub fn read(json: &str) -> Result<(Self, Vec<String>), String> {
        let value: Value = serde_json::from_str(json).map_err(|e| e.to_string())?;
        let Value::Object(keys) = value else {
            return Err("a policy is a JSON object".to_owned());
        };
        if keys.values().any(Value::is_object) {
            return Ok(from_nexus(&keys));
        }
        serde_json::from_value(Value::Object(keys))
            .map(|policy| (policy, Vec::new()))
            .map_err(|e| e.to_string())
    }
}

/// The options of a Nexus key that are on: `{"option": {"value": true}}`. What has another form is named in `lost`.
fn chosen<'a>(key: &str, value: &'a Value, lost: &mut Vec<String>) -> Vec<&'a str> {
    let Some(options) = value.as_object() else {
        lost.push(key.to_owned());
        return Vec::new();
    };
    let mut out = Vec::new();
    for (name, option) in options {
        match option.get("value").and_then(Value::as_bool) {
            Some(true) => out.push(name.as_str()),
            Some(false) => {}
            None => lost.push(format!("{key}.{name}")),
        }
    }
    out
}

fn from_nexus(keys: &Map<String, Value>) -> (GroupPolicy, Vec<String>) {
    let mut policy = GroupPolicy::default();
    let mut lost = Vec::new();
    for (key, value) in keys {
        let options = chosen(key, value, &mut lost);
        if key == "sign_up_fields" {
            let (known, unknown): (Vec<&str>, Vec<&str>) =
                options.into_iter().partition(|o| SIGNUP_FIELDS.contains(o));
            policy.signup_fields = Some(known.into_iter().map(str::to_owned).collect());
            lost.extend(unknown.iter().map(|option| format!("{key}.{option}")));
            continue;
        }
        for option in options {
            match (key.as_str(), option) {
                // Approval is always by hand now.
                ("approval", "admin") => {}
                ("group_member_visibility", "admin") => {
                    policy.group_members_visibility = Some(MembersVisibility::Managers);
                }
                ("group_member_visibility", "members") => {
                    policy.group_members_visibility = Some(MembersVisibility::Members);
                }
                ("group_visibility", "private") => {
                    policy.group_visibility = Some(GroupVisibility::Private)
                }
                ("group_visibility", "site" | "public") => {
                    policy.group_visibility = Some(GroupVisibility::Authenticated);
                }
                ("join", "anybody") => policy.join_requests = Some(true),
                ("join", "none") => policy.join_requests = Some(false),
                _ => lost.push(format!("{key}.{option}")),
            }
        }
    }
    (policy, lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_of_today_is_read_as_it_is() {
        let json = r#"{"group_visibility": "private", "join_requests": true, "signup_fields": ["institution"]}"#;
        let (policy, lost) = GroupPolicy::read(json).unwrap();
        assert_eq!(
            (policy.group_visibility, policy.join_requests),
            (Some(GroupVisibility::Private), Some(true))
        );
        assert_eq!((policy.is_high_assurance, lost.len()), (None, 0));
        assert!(GroupPolicy::read(r#"{"visibility": "private"}"#).is_err());
        assert!(GroupPolicy::read("[]").is_err());
    }

    #[test]
    fn of_a_nexus_policy_what_cannot_be_said_is_named() {
        let json = r#"{"approval": {"admin": {"value": false}, "auto": {"value": true}},
            "group_visibility": {"site": {"value": true}, "private": {"value": false}},
            "group_member_visibility": {"admin": {"value": true}},
            "join": {"anybody": {"value": true}, "parent": {"value": false}},
            "invites": {"admin_only": {"value": true}},
            "sign_up_fields": {"institution": {"value": true}, "first_name": {"value": true}, "phone": {"value": false}}}"#;
        let (policy, lost) = GroupPolicy::read(json).unwrap();
        assert_eq!(
            policy,
            GroupPolicy {
                group_visibility: Some(GroupVisibility::Authenticated),
                group_members_visibility: Some(MembersVisibility::Managers),
                join_requests: Some(true),
                signup_fields: Some(vec!["institution".to_owned()]),
                ..GroupPolicy::default()
            }
        );
        assert_eq!(
            lost,
            [
                "approval.auto",
                "invites.admin_only",
                "sign_up_fields.first_name"
            ]
        );
        let odd = r#"{"join": {"value": true}, "group_visibility": {"private": {"value": "yes"}}, "join_requests": true}"#;
        let (policy, lost) = GroupPolicy::read(odd).unwrap();
        assert_eq!(policy, GroupPolicy::default());
        assert_eq!(
            lost,
            ["join.value", "group_visibility.private", "join_requests"]
        );
    }
}
