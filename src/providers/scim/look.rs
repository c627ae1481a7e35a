//! A look at a server, for the doctor: the first page of people and of groups, as a sync would read them.

use std::sync::Arc;

use serde_json::Value;

use super::client::{Client, group_attributes, user_attributes};
use super::decode::{self, Extent};
use super::path::Path;
use super::settings::{Names, Settings};
use crate::model::{Completeness, Directory, Snapshot};
use crate::providers::http::{Http, HttpError};
use crate::providers::look::{Look, Unseen};

/// A page of people and a page of groups.
///
/// # Errors
/// When the server does not answer, or not to us.
pub(super) fn look(http: &Http, settings: &Arc<Settings>) -> Result<Look, HttpError> {
    let client = Client::new(http, settings, &|_| ())?;
    let names = &settings.names;
    let people = client.first("Users", &user_attributes(names, Extent::ALL))?;
    let groups = client.first("Groups", &group_attributes(names, false))?;
    let mut unseen = unseen(&people.resources, &of_people(names));
    unseen.extend(self::unseen(&groups.resources, &of_groups(names)));
    let (mut users, mut bad_users) = (Vec::new(), Vec::new());
    for resource in &people.resources {
        match decode::user(resource, names, Extent::ALL) {
            Ok(user) => users.push(user),
            Err(record) => bad_users.push(record),
        }
    }
    let (mut found, mut bad_groups) = (Vec::new(), Vec::new());
    for resource in &groups.resources {
        match decode::group(resource, names).group {
            Ok(group) => found.push(group),
            Err(record) => bad_groups.push(record),
        }
    }
    let directory = |users, groups| Directory { users, groups };
    Ok(Look {
        people: Snapshot::new(directory(users, Vec::new()), bad_users, extent(&people)),
        groups: Snapshot::new(directory(Vec::new(), found), bad_groups, extent(&groups)),
        unseen,
        proposals: Vec::new(),
        hidden: None,
    })
}

/// Whether a page is all.
fn extent(page: &decode::Page) -> Completeness {
    let here = page.resources.len() as u64;
    let more = page.total.is_some_and(|total| total > here);
    match more || page.next_cursor.is_some() {
        true => Completeness::Narrowed,
        false => Completeness::Complete("one page".to_owned()),
    }
}

/// Keys of people that are read only where the section names them.
fn of_people(names: &Names) -> [(&'static str, Option<&Path>); 5] {
    [
        ("uid", names.uid.as_ref()),
        ("gid", names.gid.as_ref()),
        ("home", names.home.as_ref()),
        ("shell", names.shell.as_ref()),
        ("ssh_key", names.ssh_key.as_ref()),
    ]
}

/// The same of groups.
fn of_groups(names: &Names) -> [(&'static str, Option<&Path>); 2] {
    [
        ("group_gid", names.group_gid.as_ref()),
        ("group_description", names.group_description.as_ref()),
    ]
}

/// Which of these no resource has; of no resources at all, nothing is known.
fn unseen(resources: &[Value], keys: &[(&'static str, Option<&Path>)]) -> Vec<Unseen> {
    let has = |path: &Path| {
        let objects = resources.iter().filter_map(Value::as_object);
        objects.into_iter().any(|object| path.raw(object).is_some())
    };
    let named = keys.iter().filter_map(|(key, path)| Some((key, (*path)?)));
    named
        .filter(|(_, path)| !resources.is_empty() && !has(path))
        .map(|(key, path)| Unseen {
            key: format!("attributes.{key}"),
            name: path.as_str().to_owned(),
        })
        .collect()
}
