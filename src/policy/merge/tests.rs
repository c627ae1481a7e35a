use super::*;
use crate::model::Uid;
use crate::model::join::JoinAccount;
use crate::model::owned::State;

fn id(text: &str) -> RemoteId {
    RemoteId::new(text).unwrap()
}

fn key(provider: &str, text: &str) -> Key {
    Key {
        provider: ProviderName::new(provider),
        id: id(text),
    }
}

/// A person whose login is the id, with this value.
fn person(text: &str, value: &str) -> User {
    let mut user = User::new(id(text), text);
    let orcid = ("orcid".to_owned(), Untrusted::new(value));
    user.attributes
        .extend(Some(orcid).filter(|_| !value.is_empty()));
    user
}

fn said(value: &str) -> JoinRecord {
    JoinRecord {
        value: Some(value.to_owned()).filter(|value| !value.is_empty()),
        active: true,
        ..JoinRecord::default()
    }
}

/// What is known at `lab`, or at `campus`, of the other one.
struct World {
    owned: Owned,
    rules: JoinRules,
    completeness: Completeness,
}

impl World {
    fn at(provider: &str) -> Self {
        Self {
            owned: Owned {
                provider: ProviderName::new(provider),
                ..Owned::default()
            },
            rules: JoinRules {
                by: Some("orcid".to_owned()),
                active: JoinActive::All,
            },
            completeness: Completeness::Complete(String::new()),
        }
    }

    fn knows(mut self, provider: &str, text: &str, record: JoinRecord) -> Self {
        let of = self.owned.join.records.entry(ProviderName::new(provider));
        of.or_default().insert(id(text), record);
        self
    }

    fn has_account(mut self, provider: &str, text: &str) -> Self {
        let account = JoinAccount {
            name: text.to_owned(),
            uid: Uid::new(20_000).unwrap(),
            is_open: true,
        };
        self.owned
            .join
            .accounts
            .insert(key(provider, text), account);
        if self.owned.provider.as_str() == provider {
            let own = crate::model::owned::OwnedAccount {
                name: text.to_owned(),
                uid: Uid::new(20_000).unwrap(),
                gid: 100,
                private_group: false,
                state: State::Active,
                applied: crate::model::owned::Applied::default(),
                subid: None,
                absence: None,
            };
            self.owned.accounts.insert(id(text), own);
        }
        self
    }

    fn joined(mut self, from: (&str, &str), to: (&str, &str)) -> Self {
        let (from, to) = (key(from.0, from.1), key(to.0, to.1));
        self.owned.join.joined.insert(from, to);
        self
    }

    fn merge(&self, users: Vec<User>) -> Merged {
        let order = ["campus", "lab"].map(ProviderName::new);
        let attributes = BTreeSet::from(["quota".to_owned()]);
        let input = MergeInput {
            order: &order,
            rules: &self.rules,
            owned: &self.owned,
            attributes: &attributes,
            gaps: &[],
            rejected: &[],
            completeness: &self.completeness,
        };
        let selection = |user: &User| match user.active {
            true => Selection::Selected,
            false => Selection::Suspended,
        };
        merge(users, selection, &input)
    }
}

fn words(merged: &Merged) -> Vec<&'static str> {
    let remarks = merged.remarks.iter();
    remarks.map(|remark| remark.reason.word()).collect()
}

/// Who gets an account of their own, and who belongs to another's.
fn stand(merged: &Merged) -> (Vec<&str>, Vec<&str>) {
    let users = merged.users.iter().map(|user| user.login.raw());
    let others = merged.elsewhere.iter().map(|(user, _)| user.login.raw());
    (users.collect(), others.collect())
}

/// What it is, the world, the value here, how many have an own account or belong to another's, and what is reported.
type Row = (
    &'static str,
    World,
    &'static str,
    [usize; 2],
    &'static [&'static str],
);

#[test]
fn precedence_as_a_table() {
    let lab = || World::at("lab");
    let campus = || World::at("campus");
    let other = |world: World, value: &str| match world.owned.provider.as_str() {
        "lab" => world.knows("campus", "ann", said(value)),
        _ => world.knows("lab", "a", said(value)),
    };
    // The world, the value here, who has an own account, who belongs to another's, and what is reported.
    let rows: [Row; 11] = [
        ("nobody else", lab(), "1", [1, 0], &[]),
        ("another value", other(lab(), "2"), "1", [1, 0], &[]),
        ("no value", other(lab(), ""), "", [1, 0], &[]),
        (
            "the first has no account yet",
            other(lab(), "1"),
            "1",
            [0, 1],
            &["join-waits"],
        ),
        (
            "the first has an account",
            other(lab(), "1").has_account("campus", "ann"),
            "1",
            [0, 1],
            &[],
        ),
        ("the first is here", other(campus(), "1"), "1", [1, 0], &[]),
        (
            "a later one has an account already",
            other(campus(), "1").has_account("lab", "a"),
            "1",
            [0, 1],
            &[],
        ),
        (
            "both have one",
            other(campus(), "1")
                .has_account("lab", "a")
                .has_account("campus", "x"),
            "1",
            [1, 0],
            &["join-two-accounts"],
        ),
        (
            "the value stands twice there",
            other(lab(), "1")
                .knows("campus", "bob", said("1"))
                .has_account("campus", "ann"),
            "1",
            [1, 0],
            &["join-ambiguous"],
        ),
        (
            "joined, and another value since",
            other(lab(), "2")
                .has_account("campus", "ann")
                .joined(("lab", "x"), ("campus", "ann")),
            "1",
            [0, 1],
            &["join-changed"],
        ),
        (
            "joined to what is no account any more",
            other(lab(), "2").joined(("lab", "x"), ("campus", "ann")),
            "1",
            [1, 0],
            &[],
        ),
    ];
    for (what, world, value, [own, others], told) in rows {
        let merged = world.merge(vec![person("x", value)]);
        let (users, elsewhere) = stand(&merged);
        assert_eq!([users.len(), elsewhere.len()], [own, others], "{what}");
        assert_eq!(words(&merged), told, "{what}");
    }
}

#[test]
fn a_value_that_stands_twice_here_joins_nobody() {
    let world = World::at("lab")
        .knows("campus", "ann", said("1"))
        .has_account("campus", "ann");
    let merged = world.merge(vec![person("x", "1"), person("y", "1")]);
    assert_eq!(stand(&merged), (vec!["x", "y"], vec![]));
    assert_eq!(words(&merged), ["join-ambiguous", "join-ambiguous"]);
}

#[test]
fn each_field_is_that_of_the_first_that_says_something() {
    let lab = JoinRecord {
        email: Some("a@lab.example".to_owned()),
        name: Some("At Lab".to_owned()),
        shell: Some("/bin/zsh".to_owned()),
        ssh_keys: vec!["k".to_owned()],
        attributes: BTreeMap::from([("quota".to_owned(), "1".to_owned())]),
        ..said("1")
    };
    let mut ann = person("ann", "1");
    ann.name = Some(Untrusted::new("At Campus"));
    let merged = World::at("campus")
        .knows("lab", "a", lab.clone())
        .merge(vec![ann.clone()]);
    let user = &merged.users[0];
    let raw = |text: &Option<Untrusted>| text.as_ref().map(|text| text.raw().to_owned());
    assert_eq!(raw(&user.name).as_deref(), Some("At Campus"));
    assert_eq!(raw(&user.email).as_deref(), Some("a@lab.example"));
    assert_eq!(raw(&user.shell).as_deref(), Some("/bin/zsh"));
    assert_eq!(
        (user.ssh_keys.len(), user.attributes["quota"].raw()),
        (1, "1")
    );
    let from: Vec<&str> = merged.sources[&id("ann")]
        .iter()
        .map(|(field, _)| *field)
        .collect();
    assert_eq!(from, ["email", "shell", "ssh_keys", "attributes"]);

    // The order counts for fields where the account is the later one's, too; what makes the account does not change hands.
    let first = JoinRecord {
        name: Some("At Campus".to_owned()),
        ..said("1")
    };
    let mut a = person("a", "1");
    (a.name, a.uid) = (
        Some(Untrusted::new("At Lab")),
        Some(Untrusted::new("20007")),
    );
    let world = World::at("lab")
        .knows("campus", "ann", first)
        .has_account("lab", "a");
    let user = &world.merge(vec![a]).users[0];
    assert_eq!(raw(&user.name).as_deref(), Some("At Campus"));
    assert_eq!(
        (user.login.raw(), raw(&user.uid).as_deref()),
        ("a", Some("20007"))
    );
}

#[test]
fn all_must_let_a_person_in_or_one_if_that_is_wanted() {
    for (here, there, all, any) in [
        (true, true, true, true),
        (true, false, false, true),
        (false, true, false, true),
        (false, false, false, false),
    ] {
        let record = JoinRecord {
            active: there,
            ..said("1")
        };
        let mut world = World::at("campus")
            .knows("lab", "a", record)
            .has_account("campus", "ann");
        let mut ann = person("ann", "1");
        ann.active = here;
        assert_eq!(world.merge(vec![ann.clone()]).users[0].active, all);
        world.rules.active = JoinActive::Any;
        assert_eq!(world.merge(vec![ann]).users[0].active, any);
    }
}

#[test]
fn a_record_that_has_another_value_gives_nothing_but_a_no() {
    let record = JoinRecord {
        active: false,
        shell: Some("/bin/zsh".to_owned()),
        ..said("2")
    };
    let world = World::at("campus")
        .knows("lab", "a", record)
        .has_account("campus", "ann");
    let world = world.joined(("lab", "a"), ("campus", "ann"));
    let merged = world.merge(vec![person("ann", "1")]);
    assert!(!merged.users[0].active && merged.users[0].shell.is_none());
}

#[test]
fn only_a_whole_read_with_people_takes_records_away() {
    let world = || {
        let world = World::at("lab")
            .knows("lab", "a", said("1"))
            .knows("lab", "b", said("2"));
        let world = world
            .knows("campus", "ann", said("1"))
            .has_account("campus", "ann");
        world.joined(("lab", "a"), ("campus", "ann"))
    };
    let gone = [
        JoinNews::Record(id("a"), None),
        JoinNews::Joined(id("a"), None),
    ];
    assert_eq!(world().merge(vec![person("b", "2")]).news, gone);
    assert_eq!(world().merge(Vec::new()).news, []);
    for completeness in [
        Completeness::Narrowed,
        Completeness::Incomplete(String::new()),
    ] {
        let short = World {
            completeness,
            ..world()
        };
        assert_eq!(short.merge(vec![person("b", "2")]).news, []);
    }
}
