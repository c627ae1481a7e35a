//! The LDAP provider and slapd, in the schema of RFC 2307 or of RFC 2307bis.

use std::fmt::Write as _;

use gosync::testing::model::IdRange;
use gosync::testing::providers::Provider;
use gosync::testing::providers::admin::GroupAdmin;
use gosync::testing::providers::ldap::{Config, Ldap};

use super::dataset::{Club, Somebody, Tells, World};
use super::{Fixture, NAME, Place, Section, Server, Wire, soon};
use crate::ldap::NOW;
use crate::slapd::{ADMIN, Groups, PASSWORD, SUFFIX, Slapd};

/// A server; `BIS`: of RFC 2307bis, with groups in groups.
pub struct Directory<const BIS: bool> {
    server: Slapd,
}

/// Where a group stands: names stand below one another only once.
fn place(world: &World, club: &Club) -> String {
    let twin = world
        .groups
        .iter()
        .any(|other| other.name == club.name && other.number < club.number);
    let name = club.name.replace(',', "\\2C").replace('"', "\\22");
    format!(
        "cn={name},{}ou=groups,{SUFFIX}",
        if twin { "ou=south," } else { "" }
    )
}

fn uuid(number: u32) -> String {
    format!("{number:08x}-0000-4000-8000-000000000000")
}

fn person(somebody: &Somebody) -> String {
    let Somebody {
        number,
        login,
        name,
        email,
        ..
    } = somebody;
    // A day that no calendar has.
    let expires = match (somebody.active, somebody.usable) {
        (true, true) => "-1",
        (false, _) => "1",
        (true, false) => "99999999999999999999999",
    };
    format!(
        "dn: uid={login},ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\n\
         objectClass: shadowAccount\nuid: {login}\ncn: {name}\nsn: x\nmail: {email}\nuidNumber: {}\ngidNumber: 100\n\
         homeDirectory: /home/{login}\nshadowExpire: {expires}\nentryUUID: {}",
        20_000 + number,
        uuid(*number)
    )
}

impl<const BIS: bool> Directory<BIS> {
    fn group(world: &World, club: &Club) -> String {
        let class = if BIS {
            "objectClass: groupOfMembers\n"
        } else {
            ""
        };
        let mut ldif = format!(
            "dn: {}\n{class}objectClass: posixGroup\ncn: {}\ngidNumber: {}\ndescription: {}\nentryUUID: {}",
            place(world, club),
            club.name,
            60_000 + club.number,
            club.description,
            uuid(club.number)
        );
        for (login, ..) in world.members(club, Self::TELLS) {
            let _ = match BIS {
                true => write!(ldif, "\nmember: uid={login},ou=people,{SUFFIX}"),
                false => write!(ldif, "\nmemberUid: {login}"),
            };
        }
        for inner in world
            .groups
            .iter()
            .filter(|inner| BIS && club.inner.contains(&inner.number))
        {
            let _ = write!(ldif, "\nmember: {}", place(world, inner));
        }
        ldif
    }

    fn keys(port: u16, page: usize) -> String {
        format!(
            "url = 'ldap://127.0.0.1:{port}'\nschema = '{}'\nuser_base = 'ou=people,{SUFFIX}'\n\
             group_base = 'ou=groups,{SUFFIX}'\nbind_dn = '{ADMIN}'\npassword_file = 'password'\npage_size = {page}\n",
            if BIS { "rfc2307bis" } else { "rfc2307" }
        )
    }

    fn ldap(port: u16, page: usize, password: &str) -> Ldap {
        let config: Config = toml::from_str(&Self::keys(port, page)).unwrap();
        Ldap::new(NAME, &config, Some(password.into()), None, NOW).unwrap()
    }
}

impl<const BIS: bool> Fixture for Directory<BIS> {
    const TELLS: Tells = Tells {
        standing: false,
        nested: BIS,
        inactive_in_groups: true,
    };

    fn load(world: &World) -> Self {
        let south =
            format!("dn: ou=south,ou=groups,{SUFFIX}\nobjectClass: organizationalUnit\nou: south");
        let mut builder = Slapd::builder(if BIS { Groups::Bis } else { Groups::Nis }).ldif(&south);
        for somebody in &world.people {
            builder = builder.ldif(&person(somebody));
        }
        for club in &world.groups {
            builder = builder.ldif(&Self::group(world, club));
        }
        Self {
            server: builder.start(),
        }
    }

    fn open(&self, page: usize) -> Box<dyn Provider> {
        Box::new(Self::ldap(self.server.port, page, PASSWORD))
    }

    fn admin(&self) -> Box<dyn GroupAdmin> {
        let range = IdRange::new(60_000, 60_999).unwrap();
        Box::new(Self::ldap(self.server.port, 1000, PASSWORD).admin(range, soon(60)))
    }

    fn place(&self) -> Place<'_> {
        Place::Server(self)
    }

    fn section(&self) -> Section {
        let keys = format!("kind = 'ldap'\n{}", Self::keys(self.server.port, 1000));
        Section {
            keys,
            files: vec![("password", PASSWORD.to_owned())],
        }
    }
}

impl<const BIS: bool> Server for Directory<BIS> {
    fn port(&self) -> u16 {
        self.server.port
    }

    fn at(&self, port: u16) -> Box<dyn Provider> {
        Box::new(Self::ldap(port, super::dataset::PAGE, PASSWORD))
    }

    fn stranger(&self) -> Box<dyn Provider> {
        Box::new(Self::ldap(self.server.port, 1000, "wrong"))
    }

    fn wire(&self) -> Wire {
        Wire::Ldap
    }
}
