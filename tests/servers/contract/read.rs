//! Promises about reading: everybody and every membership, the same each time, in an order that the server has no say in.

use std::collections::BTreeSet;

use gosync::testing::model::{Completeness, RemoteId, Snapshot};
use gosync::testing::providers::{Answers, Earlier, Provider, Query, Reading, Scope};

use super::dataset::{self, BROKEN, FACULTY, INACTIVE, PAGE, TOP, TWINS, World};
use super::{Fixture, query, soon};

pub fn fetch(provider: &dyn Provider, query: &Query) -> Snapshot {
    provider
        .fetch(query, &|_| {})
        .unwrap_or_else(|e| panic!("{e}"))
}

/// A whole read of people.
pub fn users(provider: &dyn Provider) -> Snapshot {
    complete(fetch(provider, &query(Scope::Users)))
}

/// A whole read of groups.
pub fn groups(provider: &dyn Provider) -> Snapshot {
    complete(fetch(provider, &query(Scope::Groups)))
}

fn complete(snapshot: Snapshot) -> Snapshot {
    assert!(
        matches!(snapshot.completeness, Completeness::Complete(_)),
        "{:?}",
        snapshot.completeness
    );
    snapshot
}

/// The id of the person whose record cannot be used, who stands among the rejected ones, alone.
pub fn broken(users: &Snapshot) -> RemoteId {
    assert_eq!(users.rejected.len(), 1, "{:?}", users.rejected);
    let record = &users.rejected[0];
    assert!(
        record.subject.raw().contains(BROKEN) && !record.reason.is_empty(),
        "{record:?}"
    );
    record.id.clone().unwrap()
}

/// Whether these are the people and the top group of the world, and what else came is right.
pub fn check_users<F: Fixture>(world: &World, users: &Snapshot) {
    let broken = broken(users);
    assert_eq!(dataset::people(users), world.usable());
    let found = dataset::groups(users, &broken);
    let all = world.groups(F::TELLS);
    assert!(found.contains(&world.top(F::TELLS)), "{found:?}");
    assert!(found.iter().all(|group| all.contains(group)), "{found:?}");
    in_order(users);
}

/// Whether these are the groups of the world.
pub fn check_groups<F: Fixture>(world: &World, groups: &Snapshot, broken: &RemoteId) {
    assert_eq!(dataset::groups(groups, broken), world.groups(F::TELLS));
    let there = groups
        .directory
        .users
        .iter()
        .filter(|user| user.id != *broken);
    let active = |login: &str| login != INACTIVE || !F::TELLS.inactive_in_groups;
    let found: BTreeSet<(&str, bool)> = there.map(|user| (user.login.raw(), user.active)).collect();
    let usable = world.usable();
    let wanted: BTreeSet<(&str, bool)> = usable
        .iter()
        .map(|(login, ..)| (login.as_str(), active(login)))
        .collect();
    assert_eq!(found, wanted);
    let rejected = groups
        .rejected
        .iter()
        .any(|record| record.id.as_ref() == Some(broken));
    let known = groups.directory.users.iter().any(|user| user.id == *broken);
    assert!(rejected != known, "{:?}", groups.rejected);
    in_order(groups);
}

/// Ids ascend, so none stands twice, and the server's order is forgotten.
fn in_order(snapshot: &Snapshot) {
    fn ascend<T: Ord + std::fmt::Debug>(ids: impl Iterator<Item = T>) {
        let ids: Vec<T> = ids.collect();
        assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    }
    ascend(snapshot.directory.users.iter().map(|user| &user.id));
    ascend(snapshot.directory.groups.iter().map(|group| &group.id));
    snapshot
        .directory
        .groups
        .iter()
        .for_each(|group| ascend(group.members.iter().map(|member| &member.user)));
    ascend(
        snapshot
            .rejected
            .iter()
            .map(|record| (&record.id, &record.subject)),
    );
}

/// Everything is read, in pages of any size, and a second time the same.
pub fn all<F: Fixture>() {
    let world = World::new();
    let fixture = F::load(&world);
    let provider = fixture.open(1000);
    assert_eq!(provider.name(), super::NAME);
    assert!(!provider.identity(soon(30)).unwrap().raw().is_empty());
    let (first, first_groups) = (users(&*provider), groups(&*provider));
    check_users::<F>(&world, &first);
    check_groups::<F>(&world, &first_groups, &broken(&first));
    assert_eq!(
        (users(&*provider), groups(&*provider)),
        (first.clone(), first_groups.clone())
    );
    for page in [1, PAGE, world.people.len(), world.people.len() - 1] {
        let provider = fixture.open(page);
        let (again, again_groups) = (users(&*provider), groups(&*provider));
        // How it is known that this is all differs with the number of pages.
        assert_eq!(
            (again.directory, again.rejected),
            (first.directory.clone(), first.rejected.clone()),
            "{page}"
        );
        assert_eq!(
            (again_groups.directory, again_groups.rejected),
            (
                first_groups.directory.clone(),
                first_groups.rejected.clone()
            ),
            "{page}"
        );
    }
}

/// Where one read answers for people and for groups, it says of both what a read of each says.
pub fn both<F: Fixture>() {
    let world = World::new();
    let fixture = F::load(&world);
    let provider = fixture.open(PAGE);
    assert_eq!(provider.reads_both(), F::TELLS.one_read);
    if !F::TELLS.one_read {
        return;
    }
    let whole = Query {
        scope: Scope::Both,
        ..query(Scope::Users)
    };
    let whole = complete(fetch(&*provider, &whole));
    let (people, groups) = (users(&*provider), groups(&*provider));
    assert_eq!(whole.directory.users, people.directory.users);
    assert_eq!(whole.directory.groups, groups.directory.groups);
    assert_eq!(whole.rejected, people.rejected);
}

/// Who knows again what it has read says so of everything, whatever the pages.
pub fn again<F: Fixture>() {
    let fixture = F::load(&World::new());
    for scope in [Scope::Users, Scope::Groups, Scope::Both] {
        let whole = query(scope);
        let read = |page, query: &Query, earlier: &Earlier| {
            let reading = fixture.open(page).read(query, earlier, &|_| {});
            reading.unwrap_or_else(|e| panic!("{e}"))
        };
        let answers = |reading| match reading {
            Reading::Whole(whole) => whole.answers,
            Reading::Same => panic!("the same as what?"),
        };
        let first = answers(read(1000, &whole, &Earlier::default()));
        assert_eq!(first.is_some(), F::TELLS.known_again, "{scope:?}");
        let other = Earlier {
            answers: Some(Answers("{}".to_owned())),
            ..Earlier::default()
        };
        assert_eq!(
            answers(read(1000, &whole, &other)).is_some(),
            first.is_some()
        );
        let earlier = Earlier {
            answers: first,
            oldest: -1,
            ..Earlier::default()
        };
        for page in [1000, PAGE] {
            let is_same = matches!(read(page, &whole, &earlier), Reading::Same);
            assert_eq!(is_same, F::TELLS.known_again, "{scope:?}");
        }
    }
}

/// A server that was told the other way round says the same.
pub fn order<F: Fixture>() {
    let world = World::new();
    let fixture = F::load(&world.clone().reversed());
    let provider = fixture.open(PAGE);
    let people = users(&*provider);
    check_users::<F>(&world, &people);
    check_groups::<F>(&world, &groups(&*provider), &broken(&people));
}

/// Who asks for some gets these as in a whole read, and is told that there may be more.
pub fn part<F: Fixture>() {
    let world = World::new();
    let fixture = F::load(&world);
    let provider = fixture.open(PAGE);
    let whole = users(&*provider);
    let whole_groups = groups(&*provider);
    let id = broken(&whole);
    let named = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    let asked = [
        "p31",
        "nobody",
        "p02",
        INACTIVE,
        BROKEN,
        "*",
        "p0",
        "a\" or 1 eq 1",
    ];
    let some = fetch(
        &*provider,
        &Query {
            only: named(&asked),
            ..query(Scope::Users)
        },
    );
    is_part(&some, &whole);
    assert!(
        ["p31", "p02", INACTIVE]
            .iter()
            .all(|login| dataset::logins(&some).contains(login))
    );
    // Who cannot be used is there all the same, for whoever asks by a name that the record has.
    let names = [BROKEN, whole.rejected[0].subject.raw()];
    let some = fetch(
        &*provider,
        &Query {
            only: named(&names),
            ..query(Scope::Users)
        },
    );
    is_part(&some, &whole);
    assert_eq!(
        (some.rejected, some.directory.users.len()),
        (whole.rejected.clone(), 0)
    );
    let none = fetch(
        &*provider,
        &Query {
            only: named(&[]),
            ..query(Scope::Users)
        },
    );
    is_part(&none, &whole);
    let names = [FACULTY, TWINS, "no such group", "研究室 \"A\", Zürich"];
    let some = fetch(
        &*provider,
        &Query {
            only: named(&names),
            ..query(Scope::Groups)
        },
    );
    is_part(&some, &whole_groups);
    let found = dataset::groups(&some, &id);
    let wanted = world
        .groups(F::TELLS)
        .into_iter()
        .filter(|(name, _)| names.contains(&name.as_str()));
    assert!(
        wanted.clone().count() == 4 && wanted.into_iter().all(|group| found.contains(&group)),
        "{found:?}"
    );
}

/// Who asks in capital letters gets the same as who asks in small ones.
pub fn capitals<F: Fixture>() {
    let fixture = F::load(&World::new());
    let provider = fixture.open(PAGE);
    for (scope, names) in [
        (Scope::Users, ["p31", "p02", INACTIVE, "nobody"]),
        (Scope::Groups, [FACULTY, TWINS, TOP, "no such group"]),
    ] {
        let asked = |name: fn(&str) -> String| {
            let only = Some(names.iter().map(|text| name(text)).collect());
            let query = Query {
                only,
                ..query(scope)
            };
            fetch(&*provider, &query)
        };
        let (small, capital) = (
            asked(str::to_ascii_lowercase),
            asked(str::to_ascii_uppercase),
        );
        assert_eq!(capital.directory, small.directory, "{scope:?}");
        match scope {
            Scope::Users | Scope::Both => assert!(dataset::logins(&capital).contains("p31")),
            Scope::Groups => assert!(capital.directory.groups.len() >= 4),
        }
    }
}

/// Whether a snapshot is a part of another, and says so, unless it is all of it.
fn is_part(some: &Snapshot, whole: &Snapshot) {
    for user in &some.directory.users {
        assert!(whole.directory.users.contains(user), "{user:?}");
    }
    for record in &some.rejected {
        assert!(whole.rejected.contains(record), "{record:?}");
    }
    match &some.completeness {
        Completeness::Narrowed => {}
        Completeness::Complete(_) => assert_eq!(some.directory, whole.directory),
        Completeness::Incomplete(reason) => panic!("{reason}"),
    }
}
