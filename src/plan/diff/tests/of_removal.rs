//! Accounts and groups that are removed on purpose.

use super::*;

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn only_what_is_ours_goes_and_all_or_nothing() {
    let case = Case::default()
        .owns(1, "ann", State::Active)
        .has("local", 1001)
        .owns(2, "bob", State::Removed);
    for bad in [&["local"][..], &["ann", "local"], &["nobody"], &["ann\n"]] {
        assert!(
            removal(&names(bad), &Request::KeepHome, &case.host, &case.owned).is_err(),
            "{bad:?}"
        );
    }
    let again = removal(
        &names(&["bob"]),
        &Request::KeepHome,
        &case.host,
        &case.owned,
    )
    .unwrap();
    assert_eq!(words(&again), ["  note bob: is removed already"]);
    let plan = removal(
        &names(&["ann", "ann"]),
        &Request::RemoveHome,
        &case.host,
        &case.owned,
    )
    .unwrap();
    let [Deed::RemoveAccount { home, uid, .. }] = deeds(&plan)[..] else {
        panic!("{plan:?}")
    };
    assert_eq!(
        (home, uid.get()),
        (
            &HomeFate::Remove {
                path: "/home/ann".into()
            },
            20_001
        )
    );
}

#[test]
fn an_account_with_another_number_is_somebody_elses() {
    let case = Case::default()
        .owns(1, "ann", State::Active)
        .has("ann", 1001);
    assert!(
        removal(
            &names(&["ann"]),
            &Request::KeepHome,
            &case.host,
            &case.owned
        )
        .is_err()
    );
    assert!(removal(&names(&["ann"]), &Request::Forget, &case.host, &case.owned).is_ok());
}

#[test]
fn a_group_with_its_name_and_another_number_stays() {
    let mut case = Case::default().owns(1, "ann", State::Active);
    (case.own(1).private_group, case.own(1).gid) = (true, 20_001);
    let goes = |case: &Case| {
        let plan = removal(
            &names(&["ann"]),
            &Request::KeepHome,
            &case.host,
            &case.owned,
        )
        .unwrap();
        matches!(
            plan.changes[0].deed,
            Deed::RemoveAccount {
                private_group: true,
                ..
            }
        )
    };
    case.host.groups.insert(
        "ann",
        HostGroup {
            gid: 20_001,
            members: "".into(),
            writable: true,
        },
    );
    assert!(goes(&case));
    case.host.groups.insert(
        "ann",
        HostGroup {
            gid: 1234,
            members: "".into(),
            writable: true,
        },
    );
    assert!(!goes(&case));
}
