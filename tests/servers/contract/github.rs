//! The GitHub provider and the project's own stand-in, as a GitHub Enterprise Server: only there is somebody suspended.

use gosync::testing::providers::Provider;
use gosync::testing::providers::github::{Config, Github};
use gosync::testing::providers::http::Secrets;

use super::dataset::{PAGE, Somebody, Tells, World};
use super::{Fixture, NAME, Place, Server, Wire};
use crate::github_server::{self, Account, FakeGithub, KEY, TOKEN, Team};

/// An organisation, and its teams.
pub struct Organisation {
    server: FakeGithub,
}

/// Whose record cannot be used has more keys than come at once.
fn account(somebody: &Somebody) -> Account {
    let keys = if somebody.usable { 1 } else { 101 };
    Account {
        id: u64::from(somebody.number),
        login: somebody.login.clone(),
        name: Some(somebody.name.clone()),
        email: somebody.email.clone(),
        keys: vec![KEY.to_owned(); keys],
        suspended: !somebody.active,
        is_member: true,
    }
}

fn team(world: &World, club: &super::dataset::Club) -> Team {
    let id = |login: &String| {
        let mut people = world.people.iter();
        u64::from(
            people
                .find(|somebody| somebody.login == *login)
                .unwrap()
                .number,
        )
    };
    let members = world.members(club, Organisation::TELLS);
    let mut groups = world.groups.iter();
    let above = groups.find(|above| above.inner.contains(&club.number));
    Team {
        id: u64::from(club.number),
        slug: club.name.clone(),
        description: club.description.clone(),
        parent: above.map(|above| u64::from(above.number)),
        members: members.iter().map(|(login, ..)| id(login)).collect(),
    }
}

fn provider(port: u16, page: usize, token: &str) -> Box<dyn Provider> {
    let config = Config {
        page_size: page,
        ..github_server::config("/api/v3", port)
    };
    let secrets = Secrets {
        token: Some(token.to_owned().into()),
        ..Secrets::default()
    };
    Box::new(Github::new(NAME, &config, secrets, None).unwrap())
}

impl Fixture for Organisation {
    const TELLS: Tells = Tells {
        standing: false,
        nested: true,
        inactive_in_groups: false,
        one_read: true,
        known_again: true,
    };

    fn load(world: &World) -> Self {
        let known = github_server::World {
            accounts: world.people.iter().map(account).collect(),
            teams: world.groups.iter().map(|club| team(world, club)).collect(),
            ..github_server::World::default()
        };
        Self {
            server: FakeGithub::enterprise(known),
        }
    }

    fn open(&self, page: usize) -> Box<dyn Provider> {
        provider(self.server.port(), page, TOKEN)
    }

    fn place(&self) -> Place<'_> {
        Place::Server(self)
    }
}

impl Server for Organisation {
    fn port(&self) -> u16 {
        self.server.port()
    }

    fn at(&self, port: u16) -> Box<dyn Provider> {
        provider(port, PAGE, TOKEN)
    }

    fn stranger(&self) -> Box<dyn Provider> {
        provider(self.server.port(), PAGE, "wrong")
    }

    fn wire(&self) -> Wire {
        Wire::Http
    }
}
