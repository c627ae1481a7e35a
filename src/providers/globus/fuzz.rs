//! What Globus may answer, and the document that makes logins of its identities, for `crate::fuzzing`.

use serde_json::Value;

use super::decode::{self, Identity, uuid};
use super::mapping::Mapping;
use super::people::{self, Counting, People};
use crate::model::{RemoteId, Untrusted};

const OWN: &str = "00000000-0000-0000-0000-00000000000f";
const GROUP: &str = "00000000-0000-0000-0000-000000000001";
const MAPPING: &str = r#"{"DATA_TYPE": "expression_identity_mapping#1.0.0",
    "mappings": [{"source": "{username}", "match": "(.*)@example\\.org", "output": "{0}"}]}"#;

fn id(text: &str) -> RemoteId {
    match uuid(text) {
        Some(id) => id,
        None => panic!("{text}"),
    }
}

/// The same bytes as each kind of answer.
pub(crate) fn answers(bytes: &[u8]) {
    let _ = (decode::my_groups(bytes), decode::head(bytes, None));
    let _ = (decode::statuses(bytes), decode::reply(bytes));
    if let Ok(body) = serde_json::from_slice::<Value>(bytes) {
        let _ = decode::complaint(&body);
    }
    let Ok(mapping) = Mapping::new(MAPPING.as_bytes()) else {
        panic!("it is a mapping")
    };
    let own = &id(OWN);
    for identity in decode::identities(bytes).unwrap_or_default() {
        let _ = mapping.login(&identity);
    }
    let asked = decode::head(bytes, None).map_or_else(|_| id(GROUP), |head| head.id);
    let Ok(listed) = decode::listed(bytes, &asked) else {
        return;
    };
    for implied in [false, true] {
        let mut all = People::default();
        let memberships = all.add(&listed.rows, Counting { own, implied });
        assert!(memberships.iter().all(|m| all.known.contains_key(&m.user)));
        assert!(memberships.iter().all(|m| m.user != *own));
        let _ = all.slim(&mapping);
        for (id, known) in &all.known {
            let identity = Identity::new(id.clone(), known.username.raw());
            for anywhere in [false, true] {
                let _ = people::user(id, known, Some(&identity), &mapping, anywhere);
            }
        }
    }
}

/// A mapping document, and a few identities for it.
pub(crate) fn mapping(bytes: &[u8]) {
    let Ok(mapping) = Mapping::new(bytes) else {
        return;
    };
    let _ = mapping.needs_only_names();
    let mut names = vec!["ann@example.org".to_owned(), "\u{e9}\n".to_owned()];
    names.extend(mapping.usernames("ann"));
    for name in names {
        let full = Identity {
            name: Some(Untrusted::new("Ann Lee")),
            email: Some(Untrusted::new("ann@example.org")),
            ..Identity::new(id(OWN), name)
        };
        if let Ok(login) = mapping.login(&full) {
            assert!(!login.is_empty());
            let _ = mapping.usernames(&login);
        }
    }
}
