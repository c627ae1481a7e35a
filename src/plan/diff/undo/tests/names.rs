//! Names that come back, of accounts and of groups.

use super::*;

/// A run that called Ann's account so, which was called `anna` before, and gave it another shell.
fn renaming(home: &str) -> Vec<PastChange> {
    let mut before = ann("active", "/bin/zsh");
    (before["name"], before["home"]) = ("anna".into(), home.into());
    let before = || Some(before.clone());
    let after = || ann("active", "/bin/sh");
    vec![
        change("rename-account", before(), after()),
        change("update-account", before(), after()),
    ]
}

#[test]
fn a_name_comes_back_with_all_that_hangs_on_it() {
    let mut scene = Scene::new(State::Active, "/bin/sh");
    let plan = scene.undo(renaming("/home/ann"));
    let [Deed::Rename(rename), Deed::Update { .. }] = deeds(&plan)[..] else {
        panic!("{plan:?}")
    };
    assert_eq!(
        (
            rename.from.as_str(),
            rename.to.as_str(),
            plan.changes[1].name()
        ),
        ("ann", "anna", "anna")
    );
    assert!(rename.home().is_none(), "it did not move then");
    assert!(reasons(&scene.undo(renaming("/home/anna")))[0] == "new-home-taken");
    scene.home = None;
    assert!(plan.remarks[0].reason.word() == "renamed-again", "{plan:?}");
    let plan = scene.undo(renaming("/home/anna"));
    let [Deed::Rename(rename), Deed::Update { fields }] = deeds(&plan)[..] else {
        panic!("{plan:?}")
    };
    assert!(
        rename.home().is_some_and(
            |home| (home.from.as_str(), home.to.as_str()) == ("/home/ann", "/home/anna")
        )
    );
    assert!(
        fields.iter().all(|change| change.field == Field::Shell),
        "the home goes along: {fields:?}"
    );
    // Another change since, and one that was broken off.
    scene.since = vec![Later {
        provider: "p".to_owned(),
        kind: EntryKind::Account,
        id: "u-1".to_owned(),
        run: 9,
    }];
    assert!(reasons(&scene.undo(renaming("/home/ann")))[0] == "changed-by-run");
    scene.since.clear();
    let line = scene.host.accounts.remove("ann").unwrap();
    scene.host.accounts.insert("anna", line);
    assert_eq!(
        words(&scene.undo(renaming("/home/ann"))),
        ["rename-account", "update-account"]
    );
    scene.host.accounts.clear();
    assert!(reasons(&scene.undo(renaming("/home/ann")))[0] == "removed-by-hand");
}

#[test]
fn a_name_that_is_taken_is_told_and_the_rest_comes_back() {
    let taken = |change: &dyn Fn(&mut Scene)| {
        let mut scene = Scene::new(State::Active, "/bin/sh");
        change(&mut scene);
        let plan = scene.undo(renaming("/home/anna"));
        assert_eq!(words(&plan), ["update-account"], "{plan:?}");
        let [Deed::Update { fields }] = deeds(&plan)[..] else {
            panic!("{plan:?}")
        };
        assert_eq!(
            (plan.changes[0].name(), fields.len(), fields[0].field),
            ("ann", 1, Field::Shell)
        );
        reasons(&plan)[0]
    };
    let other = of_another();
    let reason = taken(&|scene| {
        scene.host.accounts.insert("anna", other);
    });
    assert_eq!(reason, "not-ours");
    let reason = taken(&|scene| {
        scene
            .owned
            .former_accounts
            .insert("anna".to_owned(), id("u-2"));
    });
    assert_eq!(reason, "that-name-taken");
    let reason = taken(&|scene| {
        scene
            .owned
            .others
            .names
            .insert("anna".to_owned(), "other".to_owned().into());
    });
    assert_eq!(reason, "other-provider");
}

#[test]
fn what_a_group_was_called_comes_back_too() {
    let before = || Some(team("old", "active", "bob"));
    let run = || {
        let after = team("g", "active", "ann,bob");
        vec![
            change("rename-group", before(), after.clone()),
            change("change-members", before(), after),
        ]
    };
    let mut scene = Scene::new(State::Active, "/bin/sh");
    scene.owned.groups.get_mut(&id("g")).unwrap().members = "ann,bob".into();
    scene.host.groups.get_mut("g").unwrap().members = "ann,bob".into();
    let plan = scene.undo(run());
    let [
        Deed::Rename(Rename { from, to, .. }),
        Deed::ChangeMembers(MemberChange { remove, .. }),
    ] = deeds(&plan)[..]
    else {
        panic!("{plan:?}")
    };
    assert_eq!(
        (from.as_str(), to.as_str(), plan.changes[1].name()),
        ("g", "old", "old")
    );
    assert_eq!(remove, &["ann"]);
    scene
        .owned
        .former_groups
        .insert("old".to_owned(), id("g-2"));
    let plan = scene.undo(run());
    assert_eq!(words(&plan), ["change-members"], "the rest comes back");
    assert!(reasons(&plan)[0] == "that-name-taken", "{plan:?}");
    scene.owned.former_groups.clear();
    let line = scene.host.groups.remove("g").unwrap();
    scene.host.groups.insert("old", line);
    assert_eq!(
        words(&scene.undo(run())),
        ["rename-group", "change-members"],
        "broken off"
    );
    scene.host.groups.clear();
    assert!(reasons(&scene.undo(run()))[0] == "removed-by-hand");
}

#[test]
fn members_are_known_by_any_name_that_they_had() {
    let mut scene = Scene::new(State::Active, "/bin/sh");
    scene
        .owned
        .former_accounts
        .insert("anna".to_owned(), id("u-1"));
    // She was put in as `anna`.
    let joined = || {
        vec![change(
            "change-members",
            Some(team("g", "active", "bob")),
            team("g", "active", "anna,bob"),
        )]
    };
    scene.owned.groups.get_mut(&id("g")).unwrap().members = "ann,bob".into();
    scene.host.groups.get_mut("g").unwrap().members = "ann,bob".into();
    let plan = scene.undo(joined());
    let [Deed::ChangeMembers(MemberChange { remove, add, .. })] = deeds(&plan)[..] else {
        panic!("{plan:?}")
    };
    assert_eq!((remove.as_slice(), add.len()), (&["ann".to_owned()][..], 0));
    // A run that renamed her and took somebody else out of the group: her membership is no change.
    let left = change(
        "leave-group",
        Some(team("g", "active", "anna,gone")),
        team("g", "active", "ann"),
    );
    scene.owned.groups.get_mut(&id("g")).unwrap().members = "ann".into();
    let plan = scene.undo(renaming("/home/ann").into_iter().chain([left]).collect());
    assert_eq!(
        words(&plan),
        ["rename-account", "update-account"],
        "{plan:?}"
    );
}
