//! The directory document: read, changed in place, and read again, for `crate::fuzzing`.

use super::edit::Document;
use crate::model::group_policy::GroupPolicy;
use crate::model::{Role, Snapshot, User};
use crate::providers::admin::Action;
use crate::providers::document::decode::{self, Records};
use crate::providers::inactive::InactiveWhen;

/// A document as somebody's program may write it.
pub(crate) fn document(bytes: &[u8]) {
    let when = toml::from_str::<InactiveWhen>("state = ['left']\nshell = ['/bin/false']");
    let Ok(when) = when else { panic!("{when:?}") };
    let _ = (decode::is_sample(bytes), decode::unused(bytes, &when));
    if let (Ok(people), Ok(all)) = (
        decode::document(bytes, &when),
        decode::document(bytes, &when),
    ) {
        let (people, all): (Snapshot, Snapshot) = (people.snapshot(false), all.snapshot(true));
        assert!(people.directory == all.directory && people.rejected == all.rejected);
    }
    if let Ok(document) = Document::parse(bytes) {
        reads_the_same(&document);
    }
    if let (Ok(mut document), Ok(before)) = (
        Document::to_change(bytes, &when),
        decode::records(bytes, &when),
    ) {
        changed(&mut document, &before, &when);
    }
}

fn written(document: &Document) -> Vec<u8> {
    match document.to_bytes() {
        Ok(bytes) => bytes,
        Err(reason) => panic!("{reason}"),
    }
}

fn reads_the_same(document: &Document) {
    let bytes = written(document);
    assert!(Document::parse(&bytes).is_ok_and(|again| again == *document));
}

/// What an administrator does with the first group leaves everybody else as they were.
fn changed(document: &mut Document, before: &Records, when: &InactiveWhen) {
    let (Some(group), Some(user)) = (before.groups.first(), before.users.first()) else {
        return;
    };
    // Which of two with one id would be changed, nobody knows.
    let again = before.groups.iter().filter(|other| other.id == group.id);
    if again.count() > 1 || !before.bad_groups.is_empty() {
        return;
    }
    let policy = GroupPolicy {
        join_requests: Some(true),
        ..GroupPolicy::default()
    };
    let is_described = document.describe(&group.id, "new").is_ok();
    let is_member = document
        .change(&group.id, &Action::Set(Role::Manager), &user.id)
        .is_ok();
    let _ = document.set_policy(&group.id, &policy);
    reads_the_same(document);
    let Ok(after) = decode::records(&written(document), when) else {
        panic!("what was changed cannot be read")
    };
    let ids = |users: &[User]| users.iter().map(|user| user.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&after.users), ids(&before.users));
    let Some(now) = after.groups.iter().find(|now| now.id == group.id) else {
        panic!("the group is gone")
    };
    let description = now.description.as_ref().map(|text| text.raw());
    assert!(!is_described || description == Some("new"));
    let is_in =
        |member: &&crate::model::Membership| member.user == user.id && member.role == Role::Manager;
    assert!(!is_member || now.members.iter().any(|member| is_in(&member)));
}
