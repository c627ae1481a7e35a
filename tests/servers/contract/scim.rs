//! The SCIM provider and the real scim2-server, which is read by index or by cursor.

use std::collections::BTreeMap;

use gosync::testing::providers::Provider;
use gosync::testing::providers::admin::GroupAdmin;
use gosync::testing::providers::scim::{Config, Scim, Secrets};
use serde_json::{Value, json};

use super::dataset::{Club, Somebody, Tells, World};
use super::{Fixture, Managed, NAME, Place, Section, Server as _, Wire, soon};
use crate::scim_server::{Server, TOKEN};

/// A server; `CURSORS`: that has them, and is asked by them.
pub struct People<const CURSORS: bool> {
    server: Server,
}

/// `userType` says who is let in, for only there can a server be told nonsense.
fn person(somebody: &Somebody) -> Value {
    let Somebody {
        login, name, email, ..
    } = somebody;
    let active = match somebody.usable {
        true => somebody.active.to_string(),
        false => "perhaps".to_owned(),
    };
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": login, "displayName": name,
        "emails": [{"value": email}], "userType": active,
    })
}

impl<const CURSORS: bool> People<CURSORS> {
    fn keys(port: u16, page: usize) -> String {
        format!(
            "url = 'http://127.0.0.1:{port}/v2'\ntoken_file = 'token'\npage_size = {page}\npaging = '{}'\n\
             attributes.active = 'userType'\n",
            if CURSORS { "cursor" } else { "index" }
        )
    }

    fn scim(port: u16, page: usize, token: &str) -> Scim {
        let config: Config = toml::from_str(&Self::keys(port, page)).unwrap();
        Scim::new(
            NAME,
            &config,
            Secrets {
                token: Some(token.into()),
                ..Secrets::default()
            },
        )
        .unwrap()
    }
}

impl<const CURSORS: bool> Fixture for People<CURSORS> {
    const TELLS: Tells = Tells {
        standing: false,
        nested: true,
        inactive_in_groups: true,
        one_read: true,
        known_again: true,
    };

    fn load(world: &World) -> Self {
        let server = Server::start(CURSORS);
        let make = |somebody: &Somebody| {
            (
                somebody.login.clone(),
                server.make("/Users", &person(somebody)),
            )
        };
        let people: BTreeMap<String, String> = world.people.iter().map(make).collect();
        let mut made: BTreeMap<u32, String> = BTreeMap::new();
        // A group is told who is in it, so those that are in others come first.
        let (outer, plain): (Vec<&Club>, Vec<&Club>) =
            world.groups.iter().partition(|club| !club.inner.is_empty());
        for club in plain.into_iter().chain(outer) {
            let logins = world.members(club, Self::TELLS);
            let members = logins
                .iter()
                .map(|(login, ..)| &people[login])
                .chain(club.inner.iter().map(|n| &made[n]));
            let members: Vec<&str> = members.map(String::as_str).collect();
            made.insert(club.number, server.group(&club.name, &members));
        }
        Self { server }
    }

    fn open(&self, page: usize) -> Box<dyn Provider> {
        Box::new(Self::scim(self.server.port, page, TOKEN))
    }

    fn place(&self) -> Place<'_> {
        Place::Server(self)
    }
}

impl<const CURSORS: bool> Managed for People<CURSORS> {
    fn admin(&self) -> Box<dyn GroupAdmin> {
        Box::new(
            Self::scim(self.server.port, 100, TOKEN)
                .admin(soon(60))
                .unwrap(),
        )
    }

    fn section(&self) -> Section {
        let keys = format!("kind = 'scim'\n{}", Self::keys(self.port(), 100));
        Section {
            keys,
            files: vec![("token", TOKEN.to_owned())],
        }
    }
}

impl<const CURSORS: bool> super::Server for People<CURSORS> {
    fn port(&self) -> u16 {
        self.server.port
    }

    fn at(&self, port: u16) -> Box<dyn Provider> {
        Box::new(Self::scim(port, super::dataset::PAGE, TOKEN))
    }

    fn stranger(&self) -> Box<dyn Provider> {
        Box::new(Self::scim(self.server.port, 100, "wrong"))
    }

    fn wire(&self) -> Wire {
        Wire::Http
    }
}
