//! Accounts: made, taken away, adopted, changed, locked.

use super::*;

#[test]
fn several_changes_of_one_account_are_undone_together() {
    let scene = Scene::new(State::Locked, "/bin/zsh");
    let pair = |word| {
        change(
            word,
            Some(ann("active", "/bin/sh")),
            ann("locked", "/bin/zsh"),
        )
    };
    let plan = scene.undo(vec![pair("lock-account"), pair("update-account")]);
    assert_eq!(words(&plan), ["unlock-account", "update-account"]);
    let Deed::Update { fields } = &plan.changes[1].deed else {
        panic!()
    };
    assert_eq!((fields.len(), fields[0].to.as_str()), (1, "/bin/sh"));
    assert_eq!(plan.remarks.len(), 1, "that the next sync may do it again");
}

#[test]
fn what_is_as_it_was_is_left_alone_whoever_made_it_so() {
    let mut scene = Scene::new(State::Active, "/bin/sh");
    scene.since = vec![Later {
        provider: "p".to_owned(),
        kind: EntryKind::Account,
        id: "u-1".to_owned(),
        run: 9,
    }];
    let plan = scene.undo(vec![change(
        "update-account",
        Some(ann("active", "/bin/sh")),
        ann("active", "/bin/zsh"),
    )]);
    assert_eq!(
        (plan.changes.len(), plan.refused.len(), plan.unchanged),
        (0, 0, 1)
    );
}

#[test]
fn what_was_adopted_is_given_back_as_it_was() {
    let adopted = || PastChange {
        detail: Some(serde_json::json!({"before": {"shell": "/bin/zsh"}})),
        ..change("adopt-account", None, ann("active", "/bin/sh"))
    };
    let mut scene = Scene::new(State::Active, "/bin/sh");
    let plan = scene.undo(vec![adopted()]);
    let [Deed::Update { fields }, Deed::Release(_)] = deeds(&plan)[..] else {
        panic!("{plan:?}")
    };
    assert_eq!((fields.len(), fields[0].to.as_str()), (1, "/bin/zsh"));
    scene.host.accounts.get_mut("ann").unwrap().fields.shell = "/bin/ksh";
    assert_eq!(
        words(&scene.undo(vec![adopted()])),
        ["release-account"],
        "changed by hand since"
    );
    scene.force = true;
    assert_eq!(
        words(&scene.undo(vec![adopted()])),
        ["update-account", "release-account"]
    );
}

#[test]
fn keys_that_do_not_come_back_are_told() {
    let keys = |state: &str| PastChange {
        detail: Some(serde_json::json!({"keys": {"from": ["SHA256:x"], "to": []}})),
        ..change(
            "set-keys",
            Some(ann("active", "/bin/sh")),
            ann(state, "/bin/sh"),
        )
    };
    let told = |plan: &Plan| {
        plan.remarks
            .iter()
            .any(|remark| remark.reason.word() == "keys-stay")
    };
    let plan = Scene::new(State::Active, "/bin/sh").undo(vec![keys("active")]);
    assert!(
        plan.changes.is_empty() && plan.unchanged == 0 && told(&plan),
        "{plan:?}"
    );
    let lock = change(
        "lock-account",
        Some(ann("active", "/bin/sh")),
        ann("locked", "/bin/sh"),
    );
    let plan = Scene::new(State::Locked, "/bin/sh").undo(vec![lock, keys("locked")]);
    assert!(
        words(&plan) == ["unlock-account"] && told(&plan),
        "{plan:?}"
    );
    let open = change(
        "unlock-account",
        Some(ann("locked", "/bin/sh")),
        ann("active", "/bin/sh"),
    );
    let plan = Scene::new(State::Active, "/bin/sh").undo(vec![open, keys("active")]);
    assert!(
        words(&plan) == ["lock-account"] && !told(&plan),
        "they are withdrawn: {plan:?}"
    );
}

#[test]
fn what_stands_as_it_was_is_only_noted() {
    let mut scene = Scene::new(State::Active, "/bin/zsh");
    scene.host.accounts.get_mut("ann").unwrap().fields.shell = "/bin/sh";
    let plan = scene.undo(vec![change(
        "update-account",
        Some(ann("active", "/bin/sh")),
        ann("active", "/bin/zsh"),
    )]);
    assert_eq!((plan.changes.len(), plan.refused.len()), (0, 0), "{plan:?}");
    assert_eq!(
        plan.observations,
        [Observation::Agreed(
            id("u-1"),
            Field::Shell,
            "/bin/sh".to_owned()
        )]
    );
}

#[test]
fn an_account_that_was_made_goes_and_one_that_was_only_taken_up_again_is_forgotten() {
    let scene = Scene::new(State::Active, "/bin/sh");
    let made = |before| {
        scene.undo(vec![change(
            "create-account",
            before,
            ann("active", "/bin/sh"),
        )])
    };
    assert_eq!(words(&made(None)), ["remove-account"]);
    assert_eq!(
        words(&made(Some(ann("removed", "/bin/sh")))),
        ["remove-account"]
    );
    assert_eq!(
        words(&made(Some(ann("reserved", "/bin/sh")))),
        ["forget-account"]
    );
    let mut by_hand = Scene::new(State::Active, "/bin/sh");
    by_hand.host.accounts.get_mut("ann").unwrap().fields.shell = "/bin/zsh";
    let plan = by_hand.undo(vec![change(
        "create-account",
        None,
        ann("active", "/bin/sh"),
    )]);
    assert!(
        plan.changes.is_empty() && reasons(&plan)[0] == "changed-by-hand",
        "{plan:?}"
    );
    // By a removal that was broken off, or by hand: the rest of it goes.
    let mut gone = Scene::new(State::Active, "/bin/sh");
    gone.host.accounts.clear();
    assert_eq!(
        words(&gone.undo(vec![change(
            "create-account",
            None,
            ann("active", "/bin/sh")
        )])),
        ["remove-account"]
    );
}

#[test]
fn an_account_that_was_removed_comes_back_by_the_rules_of_new_accounts() {
    let mut scene = Scene::new(State::Removed, "/bin/sh");
    let removed = || {
        let mut removed = change(
            "remove-account",
            Some(ann("locked", "/bin/sh")),
            ann("removed", "/bin/sh"),
        );
        removed.detail = Some(serde_json::json!({"home": {"remove": {"path": "/home/ann"}}}));
        vec![removed]
    };
    let plan = scene.undo(removed());
    assert_eq!(
        words(&plan),
        ["create-account", "lock-account"],
        "it was locked"
    );
    let Deed::CreateAccount(new) = &plan.changes[0].deed else {
        panic!()
    };
    assert_eq!((new.uid.get(), new.make_home), (20_000, false));
    let told: Vec<&str> = plan.remarks.iter().map(|r| r.reason.word()).collect();
    assert!(
        told.contains(&"password-gone") && told.contains(&"home-gone"),
        "{told:?}"
    );
    let other = of_another();
    scene.host.accounts.insert("ann", other);
    let plan = scene.undo(removed());
    assert!(
        plan.changes.is_empty() && reasons(&plan)[0] == "not-ours",
        "{plan:?}"
    );
    assert!(
        plan.remarks.is_empty(),
        "nothing is lost with what does not come back: {plan:?}"
    );
    // Somebody else has got the name meanwhile, and another one after it.
    let mut scene = Scene::new(State::Removed, "/bin/sh");
    let former = &mut scene.owned.former_accounts;
    former.insert("ann".to_owned(), id("u-2"));
    scene.owned.accounts.get_mut(&id("u-1")).unwrap().name = "anna".to_owned();
    let plan = scene.undo(removed());
    assert!(plan.changes.is_empty(), "{plan:?}");
    assert_eq!(reasons(&plan), ["name-taken"]);
}
