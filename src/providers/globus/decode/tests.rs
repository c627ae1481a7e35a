use serde_json::json;

use super::*;

const GROUP: &str = "fdb38a24-03c1-11e3-86f7-12313809f035";
const ALICE: &str = "ae341a98-d274-11e5-b888-dbae3a8ba545";
const BOB: &str = "46bd0f56-e24f-11e5-a510-131bef46955c";

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

fn id(text: &str) -> RemoteId {
    uuid(text).unwrap()
}

#[test]
fn ids_are_uuids_of_either_size_of_letters() {
    assert_eq!(uuid(&ALICE.to_uppercase()).unwrap().as_str(), ALICE);
    for text in [
        "",
        "alice",
        "ae341a98d27411e5b888dbae3a8ba545",
        "ae341a98-d274-11e5-b888-dbae3a8ba54g",
        "../groups",
    ] {
        assert!(uuid(text).is_none(), "{text}");
    }
}

#[test]
fn groups_are_ours_if_we_manage_them() {
    let mine = |role: &str, more: Value| {
        let mut record =
            json!({"group_id": GROUP, "identity_id": ALICE, "username": "x", "role": role});
        record
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({"id": GROUP, "name": "connect", "parent_id": null, "my_memberships": [record]})
    };
    let managed = |value| {
        let (heads, rejected) = my_groups(&bytes(&json!([value]))).unwrap();
        assert!(rejected.is_empty());
        heads[0].managed
    };
    // Some answers have no status.
    assert!(managed(mine("admin", json!({}))));
    assert!(managed(mine("manager", json!({"status": "active"}))));
    assert!(!managed(mine("member", json!({"status": "active"}))));
    assert!(!managed(mine("admin", json!({"status": "invited"}))));
    assert!(!managed(mine("admin", json!({"status": "frozen"}))));
    assert!(!managed(
        json!({"id": GROUP, "name": "connect", "my_memberships": null})
    ));
    assert!(!managed(json!({"id": GROUP, "name": "connect"})));
}

#[test]
fn a_group_without_an_id_is_not_dropped() {
    let (heads, rejected) = my_groups(&bytes(
        &json!([{"id": GROUP, "name": "a"}, {"name": "b"}, null, {"id": "x", "name": "c"}]),
    ))
    .unwrap();
    assert_eq!((heads.len(), rejected.len()), (1, 3));
    assert_eq!(rejected[0].subject.raw(), "b");
    assert!(rejected.iter().all(|record| record.id.is_none()));
    assert!(my_groups(b"{}").is_err());
    assert!(my_groups(b"<html>").is_err());
}

#[test]
fn members_are_read_with_whatever_is_missing() {
    let group = json!({"id": GROUP, "name": "connect", "description": null, "memberships": [
        {"group_id": GROUP, "identity_id": ALICE, "username": "alice@example.org", "role": "admin", "status": "active",
         "status_reason": null, "membership_fields": null, "updated": "2026-01-01T00:00:00Z", "new_key": {}},
        {"identity_id": BOB, "username": "bob@example.org"},
        {"identity_id": BOB, "username": "bob@example.org", "role": null, "status": null, "source_group_id": ALICE,
         "updated": 7},
        {"identity_id": BOB, "username": "bob@example.org", "status": "frozen", "role": "owner"},
        {"identity_id": "nobody", "username": "mallory"},
        {"identity_id": BOB, "username": 7, "status": "removed"},
        {"identity_id": BOB, "status": ["removed"]},
        null,
    ]});
    let listed = listed(&bytes(&group), &id(GROUP)).unwrap();
    assert_eq!(listed.rows.len(), 6);
    assert_eq!(
        (listed.rows[0].role, listed.rows[0].status),
        (Role::Admin, Some(Status::Active))
    );
    assert_eq!(
        listed.rows[0].updated.as_ref().unwrap().raw(),
        "2026-01-01T00:00:00Z"
    );
    assert_eq!(
        (listed.rows[1].role, listed.rows[1].status),
        (Role::Member, Some(Status::Active))
    );
    assert!(!listed.rows[1].implied && listed.rows[2].implied && listed.rows[2].updated.is_none());
    assert_eq!(
        (listed.rows[3].role, listed.rows[3].status),
        (Role::Member, None)
    );
    assert_eq!(
        (listed.rows[4].username.raw(), listed.rows[4].status),
        (BOB, Some(Status::Removed)),
        "who is shut out needs no name"
    );
    assert_eq!(listed.rows[5].status, None, "no word of it is understood");
    assert_eq!(listed.rejected.len(), 2);
    assert_eq!(listed.rejected[0].subject.raw(), "mallory");
}

#[test]
fn a_list_that_is_missing_is_not_empty() {
    for group in [
        json!({"id": GROUP, "name": "x"}),
        json!({"id": GROUP, "name": "x", "memberships": null}),
    ] {
        assert!(
            listed(&bytes(&group), &id(GROUP))
                .unwrap_err()
                .contains("does not list")
        );
    }
    assert!(
        listed(
            &bytes(&json!({"id": GROUP, "name": "x", "memberships": []})),
            &id(GROUP)
        )
        .unwrap()
        .rows
        .is_empty()
    );
    let other = json!({"id": ALICE, "name": "x", "memberships": []});
    assert!(
        listed(&bytes(&other), &id(GROUP))
            .unwrap_err()
            .contains("another group")
    );
    let wrong = json!({"id": GROUP, "name": "x", "memberships": {"a": 1}});
    assert!(listed(&bytes(&wrong), &id(GROUP)).is_err());
}

#[test]
fn identities_may_lack_everything_but_their_ids() {
    let found = identities(&bytes(&json!({"identities": [
        {"id": BOB, "username": "globus@globus.org", "name": null, "email": null, "organization": null,
         "status": "unused"},
        {"id": BOB, "status": "closed"},
        {"id": ALICE.to_uppercase(), "username": "alice@example.org", "name": "Alice", "status": "used", "email": 3},
    ], "included": {}})))
    .unwrap();
    assert_eq!(
        (
            found[0].name.as_ref(),
            found[0].status.as_ref().unwrap().raw()
        ),
        (None, "unused")
    );
    assert_eq!(
        (
            found[1].username.raw(),
            found[1].status.as_ref().unwrap().raw()
        ),
        (BOB, "closed")
    );
    assert_eq!(
        (found[2].id.as_str(), found[2].email.as_ref()),
        (ALICE, None)
    );
    assert!(identities(br#"{"identities": [{"id": "x", "username": "y"}]}"#).is_err());
    assert!(identities(b"[]").is_err() && identities(b"{}").is_err());
}

#[test]
fn statuses_are_only_compared() {
    let counts = statuses(&bytes(&json!({GROUP: {"active": 3, "pending": 1}, "x": 1}))).unwrap();
    assert_eq!(
        counts.keys().map(RemoteId::as_str).collect::<Vec<_>>(),
        [GROUP]
    );
    assert!(statuses(b"[]").is_err());
}

#[test]
fn errors_of_single_people_stand_in_a_success() {
    let found = reply(&bytes(&json!({
        "add": [{"identity_id": ALICE, "username": "alice@example.org", "role": "member", "status": "active"}],
        "errors": {"add": [{"identity_id": BOB, "code": "ALREADY_ACTIVE", "detail": "They are."}]},
    })))
    .unwrap();
    assert_eq!(
        found.done,
        BTreeMap::from([(id(ALICE), Some(Status::Active))])
    );
    assert_eq!(
        (found.errors[&id(BOB)].code.raw(), found.errors.len()),
        ("ALREADY_ACTIVE", 1)
    );
    // Whatever may be missing.
    let found = reply(&bytes(&json!({
        "remove": [], "approve": null, "reject": [{"identity_id": ALICE, "status": "rejected"}],
        "errors": {"remove": [{"identity_id": BOB, "code": "NO_MEMBERSHIP"}], "add": null},
    })))
    .unwrap();
    assert_eq!(found.done[&id(ALICE)], Some(Status::Rejected));
    assert_eq!(found.errors[&id(BOB)].detail, None);
    assert_eq!(reply(br#"{"errors": null}"#).unwrap(), Reply::default());
    assert!(reply(b"[]").is_err());
}

#[test]
fn complaints_of_every_form_are_understood() {
    for (body, words) in [
        (
            json!({"code": "FORBIDDEN", "detail": "You may not."}),
            "You may not. (FORBIDDEN)",
        ),
        (
            json!({"detail": [{"loc": ["body", "add", 0], "msg": "no uuid", "type": "t"}]}),
            "body.add.0: no uuid",
        ),
        (
            json!({"code": "BAD", "detail": "Twice.", "ambiguous_identities": [BOB]}),
            &format!("Twice. named twice: {BOB} (BAD)"),
        ),
        (
            json!({"errors": [{"status": "401", "detail": "Call must be authenticated", "title": "Unauthorized"}],
                   "error": "unauthorized"}),
            "Call must be authenticated",
        ),
        (json!({"error": "invalid_grant"}), "invalid_grant"),
    ] {
        assert_eq!(complaint(&body).as_deref(), Some(words));
    }
    assert_eq!(complaint(&json!({})), None);
    assert_eq!(complaint(&json!([1])), None);
}
