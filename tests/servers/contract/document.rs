//! The file provider: a directory in a JSON document.

use gosync::testing::model::{Role, Status};
use gosync::testing::providers::Provider;
use gosync::testing::providers::admin::GroupAdmin;
use gosync::testing::providers::file::FileProvider;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::dataset::{Club, Somebody, Tells, World};
use super::{File, Fixture, Managed, NAME, Place, Section};

/// A document in a folder of its own.
pub struct Document {
    dir: TempDir,
}

impl Document {
    fn provider(&self, name: &str) -> FileProvider {
        FileProvider::new(NAME, self.dir.path().join(name))
    }
}

/// The id of a person.
fn id(somebody: &Somebody) -> String {
    format!("u-{:03}", somebody.number)
}

fn person(somebody: &Somebody) -> Value {
    let Somebody {
        login,
        name,
        email,
        active,
        ..
    } = somebody;
    match somebody.usable {
        true => {
            json!({"id": id(somebody), "login": login, "name": name, "email": email, "active": active})
        }
        false => json!({"id": id(somebody), "login": login, "uid": ["many"]}),
    }
}

fn group(world: &World, club: &Club) -> Value {
    let member = |(login, role, status): (String, Role, Status)| {
        let user = world
            .people
            .iter()
            .find(|somebody| somebody.login == login)
            .unwrap();
        json!({"user": id(user), "role": role, "status": status})
    };
    let members: Vec<Value> = world
        .members(club, Document::TELLS)
        .into_iter()
        .map(member)
        .collect();
    json!({"id": format!("g-{:03}", club.number), "name": club.name, "description": club.description, "members": members})
}

/// The document that says what a world is.
pub fn document(world: &World) -> Value {
    let people: Vec<Value> = world.people.iter().map(person).collect();
    let groups: Vec<Value> = world.groups.iter().map(|club| group(world, club)).collect();
    json!({"users": people, "groups": groups})
}

impl Fixture for Document {
    const TELLS: Tells = Tells {
        standing: true,
        nested: false,
        inactive_in_groups: true,
        one_read: true,
        known_again: false,
    };

    fn load(world: &World) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let text = document(world).to_string();
        std::fs::write(dir.path().join("directory.json"), text + "\n").unwrap();
        Self { dir }
    }

    fn open(&self, _page: usize) -> Box<dyn Provider> {
        Box::new(self.provider("directory.json"))
    }

    fn place(&self) -> Place<'_> {
        Place::File(self)
    }
}

impl Managed for Document {
    fn admin(&self) -> Box<dyn GroupAdmin> {
        Box::new(self.provider("directory.json"))
    }

    fn section(&self) -> Section {
        let path = self.dir.path().join("directory.json");
        Section {
            keys: format!("kind = 'file'\npath = '{}'\n", path.display()),
            files: Vec::new(),
        }
    }
}

impl File for Document {
    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.dir.path().join("directory.json")).unwrap()
    }

    fn with(&self, bytes: Option<&[u8]>) -> Box<dyn Provider> {
        match bytes {
            Some(bytes) => std::fs::write(self.dir.path().join("other.json"), bytes).unwrap(),
            None => assert!(!self.dir.path().join("other.json").exists()),
        }
        Box::new(self.provider("other.json"))
    }
}
