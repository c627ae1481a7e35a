//! What a SCIM server may answer, for `crate::fuzzing`.

use serde_json::Value;

use super::decode::{self, Extent, GroupEntry, Page};
use super::members::{self, People};
use super::paging::{Listing, Step, Way};
use super::path::{Object, Path};
use super::settings::{Attributes, Config, MemberValue, Settings};
use crate::model::text::without_mark;

/// The configurations, of which the first byte chooses one.
fn settings(first: u8) -> Settings {
    let path = |text: &str| Some(format!("urn:example:posix:2.0:User:{text}"));
    let attributes = Attributes {
        uid: path("uidNumber"),
        shell: path("loginShell"),
        ssh_key: path("keys"),
        ..Attributes::default()
    };
    let inactive_when = toml::from_str("userType = ['left']").unwrap_or_default();
    let member_value = match first & 1 {
        0 => MemberValue::default(),
        _ => MemberValue::Login,
    };
    let config = Config {
        attributes,
        inactive_when,
        member_value,
        ..Config::new("http://localhost/")
    };
    match Settings::new(&config) {
        Ok(settings) => settings,
        Err(reason) => panic!("{reason}"),
    }
}

/// One byte says how the listing is asked for; documents follow, one after the other.
pub(crate) fn answers(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else {
        return;
    };
    let settings = settings(*first);
    let way = match first >> 1 & 3 {
        0 => Way::Index(200),
        1 => Way::Index(1),
        2 => Way::Cursor(200),
        _ => Way::Whole,
    };
    let mut listing = Listing::new(way);
    let (mut people, mut groups) = (People::default(), Vec::new());
    let documents = serde_json::Deserializer::from_slice(without_mark(bytes)).into_iter::<Value>();
    for document in documents.map_while(Result::ok) {
        let _ = decode::features(&document);
        let page = decode::page(document.clone()).unwrap_or_else(|_| Page {
            resources: vec![document],
            ..Page::default()
        });
        for resource in &page.resources {
            person(resource, &settings, &mut people);
            groups.push(decode::group(resource, &settings.names));
        }
        let _ = listing.refused(Some(404));
        let (fresh, step) = listing.take(&page);
        assert_eq!(fresh.len(), page.resources.len());
        if !matches!(step, Step::Ask(_)) {
            break;
        }
    }
    memberships(groups, &people, &settings);
}

fn person(resource: &Value, settings: &Settings, people: &mut People) {
    let full = decode::user(resource, &settings.names, Extent::ALL);
    let slim = decode::user(resource, &settings.names, Extent::Slim);
    match (full, slim) {
        (Ok(full), Ok(slim)) => {
            let who =
                |user: &crate::model::User| (user.id.clone(), user.login.clone(), user.active);
            assert_eq!(who(&full), who(&slim));
            people.add(&full.id, Some(full.login.raw()));
        }
        (Err(record), Err(_)) => {
            if let Some(id) = &record.id {
                people.add(id, None);
            }
        }
        other => panic!("{other:?}"),
    }
}

fn memberships(groups: Vec<GroupEntry>, people: &People, settings: &Settings) {
    let all = groups.len();
    let (value, depth) = (settings.member_value, settings.nested_depth);
    let resolved = members::resolve(groups, people, value, depth, &|| true);
    assert!(resolved.endless || resolved.groups.len() + resolved.rejected.len() <= all);
}

/// The path of an attribute in one line, and what stands there in the rest.
pub(crate) fn path(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (path, value) = text.split_once('\n').unwrap_or((&text, "x"));
    let Ok(path) = Path::new(path) else { return };
    let _ = path.equals(value);
    if let Ok(Value::Object(object)) = serde_json::from_str(value) {
        let all = path.all(&object);
        assert!(path.one(&object).is_none_or(|one| all.contains(&one)));
        assert!(all.len() <= path.raws(&object).len());
    }
    let mut made = Object::new();
    path.put(&mut made, value);
    let found = path.one(&made);
    assert_eq!(
        found.as_deref(),
        Some(value).filter(|text| !text.is_empty())
    );
}
