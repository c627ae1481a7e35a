//! The people and groups that every provider is asked about, and what a snapshot of them has to look like.
//!
//! Compared is by login and by group name, since some servers choose the ids themselves.

use std::collections::{BTreeMap, BTreeSet};

use gosync::testing::model::{RemoteId, Role, Snapshot, Status, Untrusted, User};

/// The group that has everybody in it.
pub const TOP: &str = "everybody";
/// The name that two groups have.
pub const TWINS: &str = "twins";
/// The login, or what comes nearest to one, of the person whose record cannot be used.
pub const BROKEN: &str = "broken";
/// Somebody who is shut out.
pub const INACTIVE: &str = "inactive";
/// Somebody who asked to join [`PHYSICS`], where that can be done.
pub const PENDING: &str = "pending";
/// A group with members of every kind, which is in [`FACULTY`].
pub const PHYSICS: &str = "faculty.physics";
/// A group with another one in it or below it.
pub const FACULTY: &str = "faculty";
/// How many ordinary people there are: enough for several pages of [`PAGE`].
pub const CROWD: usize = 36;
/// Few enough for many pages.
pub const PAGE: usize = 7;

const NAMES: [&str; 9] = [
    "Zoë Müller-Łukasiewicz",
    "Лев Толстой",
    "孫中山",
    "नरेन्द्र शर्मा",
    "Ἀριστοτέλης",
    "محمد بن موسى",
    "O'Neil, \"Ann\" <x>",
    "Þórður Æ.",
    "김철수",
];

/// A person.
#[derive(Clone)]
pub struct Somebody {
    /// Tells them from others, whatever they are called.
    pub number: u32,
    pub login: String,
    pub name: String,
    pub email: String,
    pub active: bool,
    /// Whether their record can be used.
    pub usable: bool,
}

/// A group.
#[derive(Clone)]
pub struct Club {
    /// Tells it from others, whatever they are called.
    pub number: u32,
    pub name: String,
    pub description: String,
    /// By login.
    pub members: Vec<(String, Role, Status)>,
    /// Numbers of the groups in it.
    pub inner: Vec<u32>,
}

/// All of them, in the order in which a server is told.
#[derive(Clone)]
pub struct World {
    pub people: Vec<Somebody>,
    pub groups: Vec<Club>,
}

/// How much of a world a provider tells.
#[derive(Clone, Copy)]
pub struct Tells {
    /// Roles and statuses of members. Where there are none, all members are plain and active ones.
    pub standing: bool,
    /// Whether members of a group in a group, or below it, are members of the one around it.
    pub nested: bool,
    /// Whether a read of groups says who is shut out.
    pub inactive_in_groups: bool,
    /// Whether one read answers for people and for groups.
    pub one_read: bool,
    /// Whether it says of a read of everything that it is what was read before.
    pub known_again: bool,
}

impl World {
    /// The world.
    pub fn new() -> Self {
        let person = |number: usize, login: String| Somebody {
            number: u32::try_from(number).unwrap(),
            name: NAMES[number % NAMES.len()].to_owned(),
            email: format!("{login}@mail.example.org"),
            active: login != INACTIVE,
            usable: login != BROKEN,
            login,
        };
        let special = [INACTIVE, PENDING, BROKEN].map(str::to_owned);
        let logins = (0..CROWD).map(|n| format!("p{n:02}")).chain(special);
        let people: Vec<Somebody> = logins
            .enumerate()
            .map(|(n, login)| person(n + 1, login))
            .collect();
        let plain = |login: &str| (login.to_owned(), Role::Member, Status::Active);
        let club = |number, name: &str, members| Club {
            number,
            name: name.to_owned(),
            description: format!("About {name}"),
            members,
            inner: Vec::new(),
        };
        let physics = vec![
            plain("p03"),
            ("p01".to_owned(), Role::Manager, Status::Active),
            plain(INACTIVE),
            plain(BROKEN),
            (PENDING.to_owned(), Role::Member, Status::Pending),
        ];
        let faculty = Club {
            inner: vec![203],
            ..club(202, FACULTY, vec![plain("p00"), plain("p01")])
        };
        let groups = vec![
            club(
                201,
                TOP,
                people
                    .iter()
                    .map(|somebody| plain(&somebody.login))
                    .collect(),
            ),
            faculty,
            club(203, PHYSICS, physics),
            club(
                204,
                "研究室 \"A\", Zürich",
                vec![plain("p05"), plain("p04")],
            ),
            club(205, TWINS, vec![plain("p06")]),
            club(206, TWINS, vec![plain("p07"), plain("p08")]),
            club(207, "nobody", Vec::new()),
        ];
        Self { people, groups }
    }

    /// The same, told the other way round.
    pub fn reversed(mut self) -> Self {
        self.people.reverse();
        self.groups.reverse();
        self.groups
            .iter_mut()
            .for_each(|club| club.members.reverse());
        self
    }

    /// What can be told of the members of a group, groups in it aside.
    pub fn members(&self, club: &Club, tells: Tells) -> Vec<(String, Role, Status)> {
        let told = |(login, role, status): &(String, Role, Status)| match (tells.standing, status) {
            (true, _) => Some((login.clone(), *role, *status)),
            (false, Status::Active) => Some((login.clone(), Role::Member, Status::Active)),
            (false, _) => None,
        };
        club.members.iter().filter_map(told).collect()
    }

    /// What a whole read of all groups gives.
    pub fn groups(&self, tells: Tells) -> Vec<Group> {
        let mut groups: Vec<Group> = self
            .groups
            .iter()
            .map(|club| self.group(club, tells))
            .collect();
        groups.sort();
        groups
    }

    /// The group that has everybody in it, as a read of it gives it.
    pub fn top(&self, tells: Tells) -> Group {
        self.groups(tells)
            .into_iter()
            .find(|group| group.0 == TOP)
            .unwrap()
    }

    fn group(&self, club: &Club, tells: Tells) -> Group {
        let mut members: BTreeMap<String, (Role, Status)> = self
            .members(club, tells)
            .into_iter()
            .map(|(login, role, status)| (login, (role, status)))
            .collect();
        for inner in self
            .groups
            .iter()
            .filter(|inner| tells.nested && club.inner.contains(&inner.number))
        {
            for (login, _, status) in self.members(inner, tells) {
                if status == Status::Active {
                    members.entry(login).or_insert((Role::Member, status));
                }
            }
        }
        let members = members
            .into_iter()
            .map(|(login, (role, status))| (login, role, status))
            .collect();
        (club.name.clone(), members)
    }

    /// What a whole read of all people gives.
    pub fn usable(&self) -> Vec<Person> {
        let usable = self.people.iter().filter(|somebody| somebody.usable);
        let person = |s: &Somebody| {
            (
                s.login.clone(),
                Some(s.name.clone()),
                Some(s.email.clone()),
                s.active,
            )
        };
        let mut people: Vec<Person> = usable.map(person).collect();
        people.sort();
        people
    }
}

/// A group's name and its members.
pub type Group = (String, Vec<(String, Role, Status)>);
/// Login, name, address, and whether they are let in.
pub type Person = (String, Option<String>, Option<String>, bool);

/// Groups of a snapshot by name; `broken`: the id of the person whose record cannot be used.
pub fn groups(snapshot: &Snapshot, broken: &RemoteId) -> Vec<Group> {
    let logins: BTreeMap<&RemoteId, &str> = snapshot
        .directory
        .users
        .iter()
        .map(|u| (&u.id, u.login.raw()))
        .collect();
    let called = |id: &RemoteId| match logins.get(id) {
        _ if id == broken => BROKEN.to_owned(),
        Some(login) => (*login).to_owned(),
        None => format!("nobody knows {id}"),
    };
    let group = |group: &gosync::testing::model::Group| {
        let mut members: Vec<_> = group
            .members
            .iter()
            .map(|m| (called(&m.user), m.role, m.status))
            .collect();
        members.sort();
        (group.name.raw().to_owned(), members)
    };
    let mut groups: Vec<Group> = snapshot.directory.groups.iter().map(group).collect();
    groups.sort();
    groups
}

/// People of a snapshot by login.
pub fn people(snapshot: &Snapshot) -> Vec<Person> {
    let text = |text: &Option<Untrusted>| text.as_ref().map(|text| text.raw().to_owned());
    let person = |user: &User| {
        (
            user.login.raw().to_owned(),
            text(&user.name),
            text(&user.email),
            user.active,
        )
    };
    let mut people: Vec<Person> = snapshot.directory.users.iter().map(person).collect();
    people.sort();
    people
}

/// Logins of a snapshot.
pub fn logins(snapshot: &Snapshot) -> BTreeSet<&str> {
    snapshot
        .directory
        .users
        .iter()
        .map(|user| user.login.raw())
        .collect()
}
