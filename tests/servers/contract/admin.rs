//! Promises about changing groups: what is done can be read back, what is done already is called so, what a provider
//! lacks it says and does not try.

use std::collections::BTreeMap;

use gosync::testing::model::group_policy::GroupPolicy;
use gosync::testing::model::{RemoteId, Role, Status, Untrusted, same_name};
use gosync::testing::providers::admin::{
    Ability, Action, AdminError, Done, GroupAdmin, ManagedGroup, NewGroup, Person,
};

use super::dataset::{FACULTY, PAGE, PENDING, PHYSICS, TWINS, World};
use super::{Managed, NAME, read};
use crate::scratch::ScratchHost;

const ABILITIES: [Ability; 9] = [
    Ability::Role(Role::Member),
    Ability::Role(Role::Manager),
    Ability::Role(Role::Admin),
    Ability::Accept,
    Ability::AcceptAddress,
    Ability::Create,
    Ability::CreateBelow,
    Ability::Describe,
    Ability::Policy,
];

/// A group of this name, and there must be one.
fn managed(admin: &dyn GroupAdmin, name: &str) -> ManagedGroup {
    let mut groups = admin.groups(true).unwrap();
    groups.retain(|group| group.name.raw() == name);
    assert_eq!(groups.len(), 1, "{groups:?}");
    groups.remove(0)
}

/// People by login, in this order.
fn people(admin: &dyn GroupAdmin, logins: &[&str]) -> Vec<Person> {
    let asked: Vec<String> = logins.iter().map(|login| (*login).to_owned()).collect();
    let mut found = admin.people(&asked).unwrap();
    found.sort_by_key(|person| {
        let same = |login: &&str| same_name(login, person.login.raw());
        logins.iter().position(same)
    });
    found
}

/// What became of everybody, none of whom may fail.
fn fates(
    admin: &dyn GroupAdmin,
    group: &ManagedGroup,
    action: &Action,
    people: &[Person],
) -> Vec<Done> {
    let fates = admin.change(group, action, people).unwrap();
    fates
        .into_iter()
        .map(|fate| fate.unwrap_or_else(|e| panic!("{action:?}: {e}")))
        .collect()
}

/// Roles in a group of those who are active in it.
fn active(admin: &dyn GroupAdmin, group: &ManagedGroup) -> BTreeMap<RemoteId, Role> {
    let members = admin.members(&group.id).unwrap();
    let active = members
        .into_iter()
        .filter(|member| member.status == Status::Active);
    active
        .map(|member| (member.person.id, member.role))
        .collect()
}

/// The same, as a read of the provider gives it.
fn read_back<F: Managed>(fixture: &F, group: &ManagedGroup) -> BTreeMap<RemoteId, Role> {
    let snapshot = read::groups(&*fixture.open(PAGE));
    let found = snapshot
        .directory
        .groups
        .into_iter()
        .find(|found| found.id == group.id)
        .unwrap();
    let active = found
        .members
        .into_iter()
        .filter(|member| member.status == Status::Active);
    active.map(|member| (member.user, member.role)).collect()
}

/// A group is made, filled, and emptied.
pub fn changes<F: Managed>() {
    let fixture = F::load(&World::new());
    let admin = &*fixture.admin();
    assert_eq!(admin.name(), NAME);
    let who = people(admin, &["p10", "p11", "p12", "nobody"]);
    assert_eq!(
        who.iter()
            .map(|person| person.login.raw())
            .collect::<Vec<_>>(),
        ["p10", "p11", "p12"]
    );
    assert_eq!(
        admin.groups(false).unwrap().len(),
        World::new().groups.len()
    );
    let describes = !admin.lacks(Ability::Describe);
    let name = "Neu, \"新\" (x) & <y>";
    let description = if describes { "First words" } else { "" };
    let wish = NewGroup {
        name: name.to_owned(),
        description: description.to_owned(),
        parent: None,
    };
    let made = admin.create(&wish).unwrap();
    let group = managed(admin, name);
    assert_eq!((&group.id, group.name.raw()), (&made.id, name));
    let described = |group: &ManagedGroup| {
        group
            .description
            .as_ref()
            .map_or("", Untrusted::raw)
            .to_owned()
    };
    assert_eq!(described(&group), description);

    // Whoever makes a group may be in it.
    let own = active(admin, &group);
    let with = |more: &[(usize, Role)]| {
        let more = more.iter().map(|(n, role)| (who[*n].id.clone(), *role));
        own.clone()
            .into_iter()
            .chain(more)
            .collect::<BTreeMap<_, _>>()
    };
    let is = |wanted: &[(usize, Role)]| {
        assert_eq!(active(admin, &group), with(wanted));
        let read: BTreeMap<_, _> = wanted
            .iter()
            .map(|(n, role)| (who[*n].id.clone(), *role))
            .collect();
        assert_eq!(read_back(&fixture, &group), read);
    };
    assert!(who.iter().all(|person| !own.contains_key(&person.id)));
    let set = Action::Set(Role::Member);
    assert_eq!(
        fates(admin, &group, &set, &who[..2]),
        [Done::Changed, Done::Changed]
    );
    is(&[(0, Role::Member), (1, Role::Member)]);
    assert_eq!(
        fates(admin, &group, &set, &who),
        [Done::Already, Done::Already, Done::Changed]
    );
    is(&[(0, Role::Member), (1, Role::Member), (2, Role::Member)]);
    for role in [Role::Manager, Role::Admin]
        .into_iter()
        .filter(|role| !admin.lacks(Ability::Role(*role)))
    {
        assert_eq!(
            fates(admin, &group, &Action::Set(role), &who[1..2]),
            [Done::Changed]
        );
        is(&[(0, Role::Member), (1, role), (2, Role::Member)]);
        assert_eq!(
            fates(admin, &group, &Action::Set(role), &who[1..2]),
            [Done::Already]
        );
        assert_eq!(fates(admin, &group, &set, &who[1..2]), [Done::Changed]);
    }
    assert_eq!(
        fates(admin, &group, &Action::Remove, &who[..1]),
        [Done::Changed]
    );
    is(&[(1, Role::Member), (2, Role::Member)]);
    assert_eq!(
        fates(admin, &group, &Action::Remove, &who[..2]),
        [Done::Already, Done::Changed]
    );
    is(&[(2, Role::Member)]);
    // Back again, and somebody who never was there.
    assert_eq!(fates(admin, &group, &set, &who[..1]), [Done::Changed]);
    let stranger = people(admin, &["p13"]);
    assert_eq!(
        fates(admin, &group, &Action::Remove, &stranger),
        [Done::Already]
    );
    is(&[(0, Role::Member), (2, Role::Member)]);
    if describes {
        for (text, done) in [
            ("<b>Öffentlich</b>\n", Done::Changed),
            ("<b>Öffentlich</b>\n", Done::Already),
        ] {
            assert_eq!(admin.describe(&group, text).unwrap(), done);
            assert_eq!(described(&managed(admin, name)), text);
        }
    }
    // Nobody else's group was touched.
    let world = World::new();
    let users = read::users(&*fixture.open(PAGE));
    let mut groups = read::groups(&*fixture.open(PAGE));
    groups.directory.groups.retain(|found| found.id != group.id);
    read::check_groups::<F>(&world, &groups, &read::broken(&users));
}

/// Uses an ability.
fn attempt(admin: &dyn GroupAdmin, ability: Ability) -> Result<(), AdminError> {
    let physics = managed(admin, PHYSICS);
    let change = |action: Action, login: &str| {
        let fates = admin.change(&physics, &action, &people(admin, &[login]))?;
        fates.into_iter().try_for_each(|fate| fate.map(drop))
    };
    let create = |name: &str, parent| {
        let wish = NewGroup {
            name: name.to_owned(),
            description: String::new(),
            parent,
        };
        let made = admin.create(&wish)?;
        assert_eq!(
            (&managed(admin, name).parent, &made.parent),
            (&wish.parent, &wish.parent)
        );
        Ok(())
    };
    match ability {
        Ability::Role(role) => change(Action::Set(role), "p20"),
        Ability::Accept => change(Action::Accept { email: None }, PENDING),
        Ability::AcceptAddress => {
            let email = people(admin, &["p21"]).remove(0).email;
            let email = email.map_or_else(
                || "p21@mail.example.org".to_owned(),
                |email| email.raw().to_owned(),
            );
            change(Action::Accept { email: Some(email) }, "p21")
        }
        Ability::Create => create("made", None),
        Ability::CreateBelow => create("faculty.made", Some(managed(admin, FACULTY).id)),
        Ability::Describe => admin.describe(&physics, "New").map(drop),
        Ability::Policy => {
            let policy = GroupPolicy {
                join_requests: Some(true),
                ..GroupPolicy::default()
            };
            admin.set_policy(&physics, &policy).map(drop)
        }
    }
}

/// What it lacks is an error that names the provider and the ability, and changes nothing; what it does not lack works.
pub fn lacks<F: Managed>() {
    let fixture = F::load(&World::new());
    let admin = &*fixture.admin();
    for ability in [Ability::Role(Role::Member), Ability::Create] {
        assert!(!admin.lacks(ability), "{ability}");
    }
    for ability in ABILITIES {
        let before = read::groups(&*fixture.open(PAGE)).directory;
        match (admin.lacks(ability), attempt(admin, ability)) {
            (false, tried) => tried.unwrap_or_else(|e| panic!("{ability}: {e}")),
            (true, Ok(())) => panic!("it can do what it says it lacks: {ability}"),
            (true, Err(error)) => {
                assert!(
                    matches!(&error, AdminError::Unable { provider, ability: a } if provider == NAME && *a == ability)
                );
                assert_eq!(
                    error.to_string(),
                    format!("the provider `{NAME}` has no {ability}")
                );
                assert_eq!(
                    read::groups(&*fixture.open(PAGE)).directory,
                    before,
                    "{ability}"
                );
            }
        }
    }
    let said = Program::new(&fixture).group(&["manager", PHYSICS, "p22"]);
    match admin.lacks(Ability::Role(Role::Manager)) {
        true => assert!(
            said.0 == 1 && said.2.contains("the provider `contract` has no managers"),
            "{said:?}"
        ),
        false => assert_eq!(said.0, 0, "{said:?}"),
    }
}

/// Where a name is not one group's, the program says whose it is and does nothing.
pub fn twins<F: Managed>() {
    let fixture = F::load(&World::new());
    let admin = &*fixture.admin();
    let groups = admin.groups(false).unwrap();
    let twins: Vec<&ManagedGroup> = groups
        .iter()
        .filter(|group| group.name.raw() == TWINS)
        .collect();
    assert_eq!(twins.len(), 2);
    let before = read::groups(&*fixture.open(PAGE)).directory;
    let program = Program::new(&fixture);
    for arguments in [
        &["get", TWINS][..],
        &["members", TWINS],
        &["member", TWINS, "p30"],
        &["delmember", TWINS, "p06"],
    ] {
        let (status, out, err) = program.group(arguments);
        assert_eq!((status, out.as_str()), (1, ""), "{arguments:?}: {err}");
        assert!(
            twins.iter().all(|twin| err.contains(twin.id.as_str())),
            "{err}"
        );
    }
    assert_eq!(read::groups(&*fixture.open(PAGE)).directory, before);
    let faculty = managed(admin, FACULTY).id;
    assert_eq!(
        program.group(&["get", FACULTY]),
        (0, format!("{FACULTY} {faculty}\n"), String::new())
    );
    let (status, _, err) = program.group(&["get", "Faculties"]);
    assert!(status == 1 && err.contains("no group `Faculties`"), "{err}");
}

/// People and groups are found by their names in capital letters, too.
pub fn capitals<F: Managed>() {
    let fixture = F::load(&World::new());
    let admin = &*fixture.admin();
    assert_eq!(
        people(admin, &["P02", "P31"]),
        people(admin, &["p02", "p31"])
    );
    let faculty = managed(admin, FACULTY).id;
    let program = Program::new(&fixture);
    assert_eq!(
        program.group(&["get", "Faculty"]),
        (0, format!("{FACULTY} {faculty}\n"), String::new())
    );
    let (status, out, err) = program.group(&["member", "FACULTY", "P31"]);
    assert!(
        status == 0 && out.contains("faculty: `p31") && out.contains("is a member"),
        "{out}{err}"
    );
}

/// The program, configured for a provider.
struct Program {
    host: ScratchHost,
}

impl Program {
    fn new(fixture: &impl Managed) -> Self {
        let host = ScratchHost::new_in(&std::env::temp_dir());
        let section = fixture.section();
        let text = format!(
            "[provider.{NAME}]\n{}[groups]\ngid_range = [60000, 60999]\n",
            section.keys
        );
        for (name, content) in section.files.into_iter().chain([("gosync.toml", text)]) {
            host.write_with_mode(name, content, 0o600);
        }
        Self { host }
    }

    /// Status, standard output and standard error of `gosync group`.
    fn group(&self, arguments: &[&str]) -> (i32, String, String) {
        let ran = self.host.gosync(&[&["group"], arguments].concat());
        (ran.code.unwrap(), ran.out, ran.err)
    }
}
