//! The LDAP provider and the servers that it reads: slapd with the schema of RFC 2307 or of RFC 2307bis, 389 Directory
//! Server, Samba as Active Directory.

use std::fmt::Write as _;

use gosync::testing::model::IdRange;
use gosync::testing::providers::Provider;
use gosync::testing::providers::admin::GroupAdmin;
use gosync::testing::providers::ldap::{Config, Ldap};

use super::dataset::{Club, Somebody, Tells, World};
use super::{Fixture, Managed, NAME, Place, Section, Server, Wire, soon};
use crate::ds389::{self, Ds389};
use crate::ldap::NOW;
use crate::samba::{self, Samba};
use crate::slapd::{self, Groups, SUFFIX, Slapd};

/// A server of some kind.
pub struct Directory<K> {
    server: K,
}

/// A kind of server.
pub trait Kind: Sized {
    /// What `schema` is set to, with more keys if there are any.
    const SCHEMA: &'static str;
    /// Who may do everything, and by which password.
    const ADMIN: (&'static str, &'static str);
    /// Whether groups can be in groups.
    const NESTED: bool = true;

    /// A server with these entries.
    fn start(ldif: &str) -> Self;

    /// Where it listens.
    fn port(&self) -> u16;

    /// A person, in LDIF.
    fn person(somebody: &Somebody) -> String;

    /// What makes an entry a group, in LDIF.
    fn group(club: &Club) -> String;

    /// What its group has of a member.
    fn member(login: &str) -> String {
        format!("member: uid={login},ou=people,{SUFFIX}")
    }
}

/// slapd with the schema of RFC 2307.
pub struct Nis(Slapd);
/// slapd with the schema of RFC 2307bis.
pub struct Bis(Slapd);

impl Kind for Nis {
    const SCHEMA: &'static str = "schema = 'rfc2307'";
    const ADMIN: (&'static str, &'static str) = (slapd::ADMIN, slapd::PASSWORD);
    const NESTED: bool = false;

    fn start(ldif: &str) -> Self {
        Self(Slapd::builder(Groups::Nis).ldif(ldif).start())
    }

    fn port(&self) -> u16 {
        self.0.port
    }

    fn person(somebody: &Somebody) -> String {
        with_uuid(person(somebody, "shadowExpire: 1"), somebody.number)
    }

    fn group(club: &Club) -> String {
        with_uuid("objectClass: posixGroup\n".to_owned(), club.number)
    }

    fn member(login: &str) -> String {
        format!("memberUid: {login}")
    }
}

impl Kind for Bis {
    const SCHEMA: &'static str = "schema = 'rfc2307bis'";
    const ADMIN: (&'static str, &'static str) = (slapd::ADMIN, slapd::PASSWORD);

    fn start(ldif: &str) -> Self {
        Self(Slapd::builder(Groups::Bis).ldif(ldif).start())
    }

    fn port(&self) -> u16 {
        self.0.port
    }

    fn person(somebody: &Somebody) -> String {
        Nis::person(somebody)
    }

    fn group(club: &Club) -> String {
        let classes = "objectClass: groupOfMembers\nobjectClass: posixGroup\n";
        with_uuid(classes.to_owned(), club.number)
    }
}

impl Kind for Ds389 {
    const SCHEMA: &'static str = "schema = '389'";
    const ADMIN: (&'static str, &'static str) = (ds389::ADMIN, ds389::PASSWORD);

    fn start(ldif: &str) -> Self {
        Self::start(ldif, "")
    }

    fn port(&self) -> u16 {
        self.port
    }

    fn person(somebody: &Somebody) -> String {
        person(somebody, "nsAccountLock: true")
    }

    fn group(_: &Club) -> String {
        "objectClass: groupOfNames\nobjectClass: posixGroup\n".to_owned()
    }
}

impl Kind for Samba {
    // Of their other names no two groups of a domain have the same; and no attribute of accounts can be wrong there.
    const SCHEMA: &'static str =
        "schema = 'ad'\nattributes.group_name = 'cn'\nattributes.home = 'url'";
    const ADMIN: (&'static str, &'static str) = (samba::ADMIN, samba::PASSWORD);

    fn start(ldif: &str) -> Self {
        Self::start(ldif)
    }

    fn port(&self) -> u16 {
        self.port()
    }

    fn person(somebody: &Somebody) -> String {
        let Somebody {
            number,
            login,
            name,
            email,
            ..
        } = somebody;
        // 32: no password is needed; 2: disabled; 512: a person.
        let control = if somebody.active { 544 } else { 546 };
        let homes = match somebody.usable {
            true => format!("url: /home/{login}\n"),
            false => format!("url: /home/{login}\nurl: /srv/{login}\n"),
        };
        format!(
            "dn: cn={login},ou=people,{SUFFIX}\nobjectClass: user\nsAMAccountName: {login}\ndisplayName: {name}\n\
             mail: {email}\nuidNumber: {}\ngidNumber: 100\n{homes}userAccountControl: {control}\n",
            20_000 + number
        )
    }

    fn group(club: &Club) -> String {
        format!("objectClass: group\nsAMAccountName: g{}\n", club.number)
    }

    fn member(login: &str) -> String {
        format!("member: cn={login},ou=people,{SUFFIX}")
    }
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

/// An entry that says its own id, where a server lets it.
fn with_uuid(entry: String, number: u32) -> String {
    format!("{entry}entryUUID: {number:08x}-0000-4000-8000-000000000000\n")
}

/// A person of RFC 2307; `out`: what shuts somebody out.
fn person(somebody: &Somebody, out: &str) -> String {
    let Somebody {
        number,
        login,
        name,
        email,
        ..
    } = somebody;
    let says = match (somebody.active, somebody.usable) {
        (true, true) => "shadowExpire: -1",
        (false, _) => out,
        // A day that no calendar has.
        (true, false) => "shadowExpire: 99999999999999999999999",
    };
    format!(
        "dn: uid={login},ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\n\
         objectClass: shadowAccount\nuid: {login}\ncn: {name}\nsn: x\nmail: {email}\nuidNumber: {}\ngidNumber: 100\n\
         homeDirectory: /home/{login}\n{says}\n",
        20_000 + number
    )
}

fn group<K: Kind>(world: &World, club: &Club) -> String {
    let mut ldif = format!(
        "dn: {}\n{}cn: {}\ngidNumber: {}\ndescription: {}\n",
        place(world, club),
        K::group(club),
        club.name,
        60_000 + club.number,
        club.description,
    );
    for (login, ..) in world.members(club, Directory::<K>::TELLS) {
        let _ = writeln!(ldif, "{}", K::member(&login));
    }
    let inner = world
        .groups
        .iter()
        .filter(|inner| club.inner.contains(&inner.number));
    for inner in inner.filter(|_| K::NESTED) {
        let _ = writeln!(ldif, "member: {}", place(world, inner));
    }
    ldif
}

/// Those groups last that have others in them: some servers know only members who are there.
fn innermost_first(world: &World) -> impl Iterator<Item = &Club> {
    let (outer, plain): (Vec<&Club>, Vec<&Club>) =
        world.groups.iter().partition(|club| !club.inner.is_empty());
    plain.into_iter().chain(outer)
}

impl<K: Kind> Directory<K> {
    fn keys(port: u16, page: usize) -> String {
        format!(
            "url = 'ldap://127.0.0.1:{port}'\n{}\nuser_base = 'ou=people,{SUFFIX}'\n\
             group_base = 'ou=groups,{SUFFIX}'\nbind_dn = '{}'\npassword_file = 'password'\npage_size = {page}\n",
            K::SCHEMA,
            K::ADMIN.0,
        )
    }

    fn ldap(port: u16, page: usize, password: &str) -> Ldap {
        let config: Config = toml::from_str(&Self::keys(port, page)).unwrap();
        Ldap::new(NAME, &config, Some(password.into()), None, NOW).unwrap()
    }
}

impl<K: Kind> Fixture for Directory<K> {
    const TELLS: Tells = Tells {
        standing: false,
        nested: K::NESTED,
        inactive_in_groups: true,
        one_read: true,
        known_again: true,
    };

    fn load(world: &World) -> Self {
        let mut entries = vec![format!(
            "dn: ou=south,ou=groups,{SUFFIX}\nobjectClass: organizationalUnit\nou: south\n"
        )];
        entries.extend(world.people.iter().map(K::person));
        entries.extend(innermost_first(world).map(|club| group::<K>(world, club)));
        Self {
            server: K::start(&entries.join("\n")),
        }
    }

    fn open(&self, page: usize) -> Box<dyn Provider> {
        Box::new(Self::ldap(self.server.port(), page, K::ADMIN.1))
    }

    fn place(&self) -> Place<'_> {
        Place::Server(self)
    }
}

impl<K: Kind> Managed for Directory<K> {
    fn admin(&self) -> Box<dyn GroupAdmin> {
        let range = IdRange::new(60_000, 60_999).unwrap();
        Box::new(Self::ldap(self.server.port(), 1000, K::ADMIN.1).admin(range, soon(60)))
    }

    fn section(&self) -> Section {
        let keys = format!("kind = 'ldap'\n{}", Self::keys(self.server.port(), 1000));
        Section {
            keys,
            files: vec![("password", K::ADMIN.1.to_owned())],
        }
    }
}

impl<K: Kind> Server for Directory<K> {
    fn port(&self) -> u16 {
        self.server.port()
    }

    fn at(&self, port: u16) -> Box<dyn Provider> {
        Box::new(Self::ldap(port, super::dataset::PAGE, K::ADMIN.1))
    }

    fn stranger(&self) -> Box<dyn Provider> {
        Box::new(Self::ldap(self.server.port(), 1000, "wrong"))
    }

    fn wire(&self) -> Wire {
        Wire::Ldap
    }
}
