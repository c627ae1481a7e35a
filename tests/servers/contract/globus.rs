//! The Globus provider and the project's own stand-in for Globus.

use gosync::testing::model::{Role, Status};
use gosync::testing::providers::Provider;
use gosync::testing::providers::admin::GroupAdmin;
use gosync::testing::providers::globus::{Config, Globus};
use serde_json::{Value, json};

use super::dataset::{Somebody, Tells, World};
use super::{Fixture, Managed, NAME, Place, Section, Server, Wire, soon};
use crate::globus_server::{self, FakeGlobus, MAPPING, OWN, SECRET, id, secrets};

/// A stand-in, in whose groups we are the administrator.
pub struct Club {
    server: FakeGlobus,
}

/// `MAPPING` makes a login of whoever is at `example.org`.
fn person(somebody: &Somebody) -> Value {
    let place = if somebody.usable {
        "example.org"
    } else {
        "elsewhere.example"
    };
    json!({
        "id": id(somebody.number), "username": format!("{}@{place}", somebody.login), "name": somebody.name,
        "email": somebody.email, "status": if somebody.active { "used" } else { "closed" },
    })
}

fn group(world: &World, club: &super::dataset::Club) -> Value {
    let member = |(login, role, status): (String, Role, Status)| {
        let user = world
            .people
            .iter()
            .find(|somebody| somebody.login == login)
            .unwrap();
        json!({"identity_id": id(user.number), "role": role, "status": status})
    };
    let members = world
        .members(club, Club::TELLS)
        .into_iter()
        .map(member)
        .collect();
    let mut group = globus_server::group(club.number, &club.name, members);
    group["description"] = json!(club.description);
    if let Some(above) = world
        .groups
        .iter()
        .find(|above| above.inner.contains(&club.number))
    {
        group["parent_id"] = json!(id(above.number));
    }
    group
}

fn keys(port: u16) -> String {
    let url = format!("http://127.0.0.1:{port}");
    format!(
        "client_id = '{OWN}'\nclient_secret_file = 'secret'\nidentity_mapping = 'mapping.json'\ngroups_url = '{url}'\n\
         auth_url = '{url}'\n"
    )
}

fn globus(port: u16, secret: &str) -> Globus {
    let config: Config = toml::from_str(&keys(port)).unwrap();
    Globus::new(NAME, &config, secrets(secret), Some(MAPPING.as_bytes())).unwrap()
}

impl Fixture for Club {
    const TELLS: Tells = Tells {
        standing: true,
        nested: true,
        inactive_in_groups: false,
        one_read: false,
        known_again: true,
    };

    fn load(world: &World) -> Self {
        let people = world.people.iter().map(person).collect();
        let groups = world.groups.iter().map(|club| group(world, club)).collect();
        Self {
            server: FakeGlobus::start(&globus_server::world(people, groups)),
        }
    }

    /// Its answers have no pages.
    fn open(&self, _page: usize) -> Box<dyn Provider> {
        Box::new(globus(self.server.port, SECRET))
    }

    fn place(&self) -> Place<'_> {
        Place::Server(self)
    }
}

impl Managed for Club {
    fn admin(&self) -> Box<dyn GroupAdmin> {
        Box::new(globus(self.server.port, SECRET).admin(soon(60)))
    }

    fn section(&self) -> Section {
        let files = vec![
            ("secret", SECRET.to_owned()),
            ("mapping.json", MAPPING.to_owned()),
        ];
        Section {
            keys: format!("kind = 'globus'\n{}", keys(self.server.port)),
            files,
        }
    }
}

impl Server for Club {
    fn port(&self) -> u16 {
        self.server.port
    }

    fn at(&self, port: u16) -> Box<dyn Provider> {
        Box::new(globus(port, SECRET))
    }

    fn stranger(&self) -> Box<dyn Provider> {
        Box::new(globus(self.server.port, "wrong"))
    }

    fn wire(&self) -> Wire {
        Wire::Http
    }
}
