//! Groups, and who was in them.

use super::*;

#[test]
fn of_members_only_what_the_run_did_is_undone() {
    let scene = Scene::new(State::Active, "/bin/sh");
    let team = |members: &str| team("g", "active", members);
    let plan = scene.undo(vec![change(
        "change-members",
        Some(team("ann,gone")),
        team("bob"),
    )]);
    let [
        Deed::ChangeMembers(MemberChange {
            add,
            remove,
            wanted,
            ..
        }),
    ] = deeds(&plan)[..]
    else {
        panic!("{plan:?}")
    };
    let names = |list: &[UserName]| {
        list.iter()
            .map(|name| name.as_str().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (names(add), remove.as_slice(), names(wanted)),
        (vec!["ann".into()], &["bob".into()][..], vec!["ann".into()])
    );
    assert!(
        plan.remarks
            .iter()
            .any(|remark| remark.reason.word() == "no-open-account"),
        "{plan:?}"
    );
}

#[test]
fn a_group_that_was_made_goes_unless_others_need_it() {
    let made = || vec![change("create-group", None, team("g", "active", "bob"))];
    let mut scene = Scene::new(State::Active, "/bin/sh");
    let stays = |scene: &Scene, why: &str| {
        let plan = scene.undo(made());
        assert_eq!(
            words(&plan),
            ["change-members"],
            "its members go, whatever else"
        );
        assert!(
            plan.remarks
                .iter()
                .any(|remark| remark.reason.cause().word() == why),
            "{plan:?}"
        );
    };
    stays(&scene, "members-by-hand");
    scene.host.groups.get_mut("g").unwrap().members = "bob".into();
    scene.host.accounts.get_mut("ann").unwrap().gid = 60_000;
    stays(&scene, "is-primary-group");
    scene.host.accounts.get_mut("ann").unwrap().gid = 100;
    let plan = scene.undo(made());
    let [Deed::RemoveGroup { remove, gid }] = deeds(&plan)[..] else {
        panic!("{plan:?}")
    };
    assert_eq!(
        (plan.changes[0].name(), remove.as_slice(), gid.get()),
        ("g", &["bob".to_owned()][..], 60_000)
    );
    scene.since = vec![Later {
        provider: "p".to_owned(),
        kind: EntryKind::Group,
        id: "g".to_owned(),
        run: 9,
    }];
    assert!(reasons(&scene.undo(made()))[0] == "changed-by-run");
    scene.owned.groups.get_mut(&id("g")).unwrap().state = State::Removed;
    assert_eq!(scene.undo(made()).unchanged, 1, "it is gone already");
    // By a run that was broken off, or by hand: the rest of it goes.
    let mut scene = Scene::new(State::Active, "/bin/sh");
    scene.host.groups.remove("g");
    assert_eq!(words(&scene.undo(made())), ["remove-group"]);
    // A name of the system's that was none when the group was made.
    let mut scene = Scene::new(State::Active, "/bin/sh");
    let line = scene.host.groups.remove("g").unwrap();
    scene.host.groups.insert(
        "docker",
        HostGroup {
            members: "bob".into(),
            ..line
        },
    );
    scene.owned.groups.get_mut(&id("g")).unwrap().name = "docker".to_owned();
    stays(&scene, "grants-power");
}

#[test]
fn a_group_that_was_removed_comes_back_with_its_gid_and_members() {
    let gone = || {
        vec![change(
            "remove-group",
            Some(team("g", "active", "ann,gone")),
            team("g", "removed", ""),
        )]
    };
    let mut scene = Scene::new(State::Active, "/bin/sh");
    scene.host.groups.remove("g");
    let own = scene.owned.groups.get_mut(&id("g")).unwrap();
    (own.state, own.members) = (State::Removed, "".into());
    let plan = scene.undo(gone());
    let [Deed::CreateGroup { gid, members }] = deeds(&plan)[..] else {
        panic!("{plan:?}")
    };
    assert_eq!(
        (gid.get(), members.len(), members[0].as_str()),
        (60_000, 1, "ann")
    );
    assert!(
        plan.remarks
            .iter()
            .any(|remark| remark.reason.word() == "no-open-account"),
        "{plan:?}"
    );
    scene.host.groups.insert(
        "g",
        HostGroup {
            gid: 7,
            members: "".into(),
            writable: true,
        },
    );
    assert!(reasons(&scene.undo(gone()))[0] == "not-ours");
    scene.host.groups.remove("g");
    scene.host.groups.insert(
        "other",
        HostGroup {
            gid: 60_000,
            members: "".into(),
            writable: true,
        },
    );
    assert!(reasons(&scene.undo(gone()))[0] == "number-used");
    scene.host.groups.remove("other");
    scene.owned.former_groups.insert("g".to_owned(), id("g-2"));
    assert!(reasons(&scene.undo(gone()))[0] == "name-taken");
    scene.owned.groups.get_mut(&id("g")).unwrap().state = State::Released;
    assert_eq!(reasons(&scene.undo(gone())), ["given-back"]);
    scene.host.accounts.insert("g", scene.host.accounts["ann"]);
    let plan = scene.undo(gone());
    let Reason::GivenBack { back } = &plan.refused[0].reason else {
        panic!("{plan:?}")
    };
    assert!(back.shadowed);
}

fn docker(before: &str, after: &str) -> Vec<PastChange> {
    let entry = |members: &str| serde_json::json!({"name": "docker", "members": members});
    let kind = EntryKind::LocalGroup;
    let id = "docker".to_owned();
    vec![PastChange {
        kind,
        id,
        ..change("change-local-members", Some(entry(before)), entry(after))
    }]
}

#[test]
fn members_of_the_hosts_own_groups_come_and_go_as_the_configuration_lets_them() {
    let mut scene = Scene::new(State::Active, "/bin/sh");
    scene.host.groups.insert(
        "docker",
        HostGroup {
            gid: 998,
            members: "admin,ann".into(),
            writable: true,
        },
    );
    scene.owned.local.insert("docker".to_owned(), "ann".into());
    // Whom gosync added goes, mapped or not; nobody else does.
    let plan = scene.undo(docker("", "ann"));
    let [
        Deed::ChangeMembers(MemberChange {
            privileged: Some(_),
            remove,
            add,
            wanted: applied,
        }),
    ] = deeds(&plan)[..]
    else {
        panic!("{plan:?}")
    };
    assert_eq!(
        (remove.as_slice(), add.len(), applied.len()),
        (&["ann".to_owned()][..], 0, 0)
    );
    assert_eq!(scene.undo(docker("bob,ann", "bob,ann")).unchanged, 1);
    // Who was taken out comes back only where the group is mapped.
    scene.host.groups.get_mut("docker").unwrap().members = "admin".into();
    scene.owned.local.clear();
    let plan = scene.undo(docker("ann", ""));
    assert!(
        plan.changes.is_empty() && reasons(&plan)[0] == "not-mapped",
        "{plan:?}"
    );
    scene.map("docker", true);
    let plan = scene.undo(docker("ann,gone", ""));
    let [
        Deed::ChangeMembers(MemberChange {
            privileged: Some(true),
            add,
            wanted: applied,
            ..
        }),
    ] = deeds(&plan)[..]
    else {
        panic!("{plan:?}")
    };
    assert_eq!((add.len(), add[0].as_str(), applied.len()), (1, "ann", 1));
    assert!(
        plan.remarks
            .iter()
            .any(|remark| remark.reason.word() == "no-open-account"),
        "{plan:?}"
    );
    scene.since = vec![Later {
        provider: "p".to_owned(),
        kind: EntryKind::LocalGroup,
        id: "docker".to_owned(),
        run: 9,
    }];
    assert!(reasons(&scene.undo(docker("ann", "")))[0] == "changed-by-run");
    scene.since.clear();
    // Who is in it by hand by now is not gosync's.
    scene.host.groups.get_mut("docker").unwrap().members = "admin,ann".into();
    assert_eq!(
        (
            scene.undo(docker("ann", "")).changes.len(),
            scene.undo(docker("ann", "")).unchanged
        ),
        (0, 1)
    );
    scene.host.groups.remove("docker");
    assert!(reasons(&scene.undo(docker("ann", "")))[0] == "local-group-gone");
}
