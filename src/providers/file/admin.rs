//! Changing groups in the document: read, changed and replaced under a lock on its directory.
//!
//! Whoever reads it meanwhile sees the old document or the new one. Every group is manageable, and
//! nothing is lacking.

use std::path::Path;
use std::time::Duration;

use super::FileProvider;
use super::edit::Document;
use crate::model::group_policy::GroupPolicy;
use crate::model::{Group, RemoteId, Untrusted, User, same_name};
use crate::providers::FetchError;
use crate::providers::admin::{
    Ability, Action, AdminError, Done, GroupAdmin, ManagedGroup, Member, NewGroup, Person,
};
use crate::providers::document::decode::{self, Records};
use crate::system::lock::DirLock;
use crate::system::{clock, files, process, replace};

/// How long to wait for somebody else who changes the document.
const LOCK_WAIT: Duration = Duration::from_secs(15);

impl FileProvider {
    fn unreachable(&self, e: &dyn std::fmt::Display) -> AdminError {
        let place = self.path.display().to_string();
        FetchError::Unreachable {
            place,
            reason: Untrusted::new(e.to_string()).into(),
        }
        .into()
    }

    fn records(&self) -> Result<Records, AdminError> {
        decode::records(&self.bytes()?, self.reader.inactive_when())
            .map_err(|reason| AdminError::from(self.malformed(reason)))
    }

    /// All groups. With one that cannot be used, nobody knows whether a name is one group's.
    fn all_groups(&self) -> Result<Vec<Group>, AdminError> {
        let Records {
            groups, bad_groups, ..
        } = self.records()?;
        match bad_groups.first() {
            None => Ok(groups),
            Some(record) => Err(AdminError::Incomplete {
                place: self.path.display().to_string(),
                reason: format!("{}: {}", record.subject, record.reason),
            }),
        }
    }

    /// Changes the document; it is written only if `change` does not fail.
    fn edit<T>(
        &self,
        change: impl FnOnce(&mut Document) -> Result<T, AdminError>,
    ) -> Result<T, AdminError> {
        // A link stays a link: what it points to is replaced.
        let path = files::resolved(&self.path).map_err(|e| self.unreachable(&e.source))?;
        let dir = path.parent().unwrap_or(Path::new("/"));
        let _lock =
            DirLock::take(dir, clock::deadline(LOCK_WAIT)).map_err(|e| self.unreachable(&e))?;
        let old = self.bytes()?;
        let mut document = Document::to_change(&old, self.reader.inactive_when())
            .map_err(|reason| AdminError::from(self.malformed(reason)))?;
        let done = change(&mut document)?;
        // What was only looked at keeps its layout.
        if Document::parse(&old).is_ok_and(|old| old == document) {
            return Ok(done);
        }
        let new = document
            .to_bytes()
            .map_err(|reason| AdminError::from(self.malformed(reason)))?;
        decode::document(&new, self.reader.inactive_when())
            .map_err(|reason| AdminError::from(self.malformed(reason)))?;
        replace::now(&path, &new).map_err(|e| self.unreachable(&e))?;
        Ok(done)
    }
}

fn managed(group: Group) -> ManagedGroup {
    ManagedGroup {
        id: group.id,
        name: group.name,
        description: group.description,
        parent: group.parent,
    }
}

fn person(user: User) -> Person {
    Person {
        id: user.id,
        login: user.login,
        email: user.email,
    }
}

fn refused(reason: String) -> AdminError {
    AdminError::Refused(Untrusted::new(reason))
}

impl GroupAdmin for FileProvider {
    fn name(&self) -> &str {
        &self.name
    }

    fn lacks(&self, _ability: Ability) -> bool {
        false
    }

    fn groups(&self, _describe: bool) -> Result<Vec<ManagedGroup>, AdminError> {
        Ok(self.all_groups()?.into_iter().map(managed).collect())
    }

    fn members(&self, group: &RemoteId) -> Result<Vec<Member>, AdminError> {
        let Records { users, groups, .. } = self.records()?;
        let members = groups
            .into_iter()
            .find(|g| g.id == *group)
            .map(|g| g.members);
        let members =
            members.ok_or_else(|| refused("the group is not there any more".to_owned()))?;
        let mut people: std::collections::BTreeMap<RemoteId, Person> = users
            .into_iter()
            .map(|user| (user.id.clone(), person(user)))
            .collect();
        let member = |m: crate::model::Membership| {
            // Somebody whom the document does not describe, or not so that it can be read, is
            // called by their id.
            let unknown = || Person {
                id: m.user.clone(),
                login: Untrusted::new(m.user.as_str()),
                email: None,
            };
            let person = people.remove(&m.user).unwrap_or_else(unknown);
            Member {
                person,
                role: m.role,
                status: m.status,
                implied: false,
            }
        };
        Ok(members.into_iter().map(member).collect())
    }

    fn people(&self, logins: &[String]) -> Result<Vec<Person>, AdminError> {
        let users = self.records()?.users;
        Ok(users
            .into_iter()
            .filter(|user| logins.iter().any(|l| same_name(l, user.login.raw())))
            .map(person)
            .collect())
    }

    fn change(
        &self,
        group: &ManagedGroup,
        action: &Action,
        people: &[Person],
    ) -> Result<Vec<Result<Done, AdminError>>, AdminError> {
        self.edit(|document| {
            let change = |person: &Person| {
                document
                    .change(&group.id, action, &person.id)
                    .map_err(refused)
            };
            Ok(people.iter().map(change).collect())
        })
    }

    fn create(&self, group: &NewGroup) -> Result<ManagedGroup, AdminError> {
        let random = process::random_id().map_err(|e| self.unreachable(&e))?;
        let id = RemoteId::new(&format!("g-{random}"))
            .ok_or_else(|| refused("no id could be made".to_owned()))?;
        self.edit(|document| {
            let bytes = document
                .to_bytes()
                .map_err(|reason| AdminError::from(self.malformed(reason)))?;
            let there = decode::records(&bytes, self.reader.inactive_when())
                .map_err(|reason| AdminError::from(self.malformed(reason)))?;
            if there
                .groups
                .iter()
                .any(|g| same_name(g.name.raw(), &group.name))
            {
                return Err(refused("there is a group of this name".to_owned()));
            }
            document
                .add_group(&id, group)
                .map_err(|reason| AdminError::from(self.malformed(reason)))
        })?;
        let (name, description) = (
            Untrusted::new(&group.name),
            Some(Untrusted::new(&group.description)),
        );
        Ok(ManagedGroup {
            id,
            name,
            description,
            parent: group.parent.clone(),
        })
    }

    fn describe(&self, group: &ManagedGroup, text: &str) -> Result<Done, AdminError> {
        self.edit(|document| document.describe(&group.id, text).map_err(refused))
    }

    fn set_policy(&self, group: &ManagedGroup, policy: &GroupPolicy) -> Result<Done, AdminError> {
        self.edit(|document| document.set_policy(&group.id, policy).map_err(refused))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Role, Status};

    fn provider(text: &str) -> (tempfile::TempDir, FileProvider) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("directory.json");
        std::fs::write(&path, text).unwrap();
        let provider = FileProvider::new("sample", path);
        (dir, provider)
    }

    #[test]
    fn a_group_is_made_filled_and_read_back() {
        let (dir, provider) = provider(
            r#"{"users": [{"id": "u-1", "login": "ann"}, {"id": "u-2", "login": "bob"}]}"#,
        );
        let new = NewGroup {
            name: "lab".to_owned(),
            description: "A lab".to_owned(),
            parent: None,
        };
        let group = provider.create(&new).unwrap();
        assert!(matches!(provider.create(&new), Err(AdminError::Refused(_))));
        let people = provider
            .people(&["bob".to_owned(), "nobody".to_owned()])
            .unwrap();
        let fates = provider
            .change(&group, &Action::Set(Role::Manager), &people)
            .unwrap();
        assert!(matches!(fates.as_slice(), [Ok(Done::Changed)]));
        let members = provider.members(&group.id).unwrap();
        assert_eq!(
            (
                members[0].person.login.raw(),
                members[0].role,
                members[0].status
            ),
            ("bob", Role::Manager, Status::Active)
        );
        assert_eq!(provider.groups(true).unwrap(), [group]);
        assert_eq!(
            std::fs::read_dir(dir.path()).unwrap().count(),
            1,
            "nothing is left beside the document"
        );
    }

    #[test]
    fn two_writers_lose_nothing() {
        let (_dir, provider) = provider(r#"{"users": []}"#);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let provider = provider.clone();
                scope.spawn(move || {
                    for n in 0..10 {
                        let name = format!("g{thread}-{n}");
                        provider
                            .create(&NewGroup {
                                name,
                                description: String::new(),
                                parent: None,
                            })
                            .unwrap();
                    }
                });
            }
        });
        assert_eq!(provider.groups(false).unwrap().len(), 40);
    }
}
