//! Which keys are in place.

use super::*;

fn set_keys(at: crate::plan::KeyPlace, text: &str, before: &[&str]) -> Change {
    Change::account(
        key(id("u-ann")),
        UserName::new("ann", false).unwrap(),
        Deed::SetKeys(crate::plan::KeyChange {
            at,
            cause: crate::plan::Cause::Wanted,
            before: before.iter().map(|text| (*text).to_owned()).collect(),
            after: vec![],
            text: text.to_owned(),
            found: None,
        }),
    )
}

#[test]
fn keys_are_remembered_when_they_are_in_place() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let file = crate::plan::KeyPlace::File {
        path: "/k/ann".into(),
    };
    let home = crate::plan::KeyPlace::Home {
        path: "/home/ann".into(),
        uid: Uid::new(20_000).unwrap(),
        gid: 100,
    };
    let both = plan(vec![
        set_keys(file.clone(), "x", &[]),
        set_keys(home.clone(), "x", &[]),
    ]);
    let written = |change| Written {
        change,
        event: None,
    };
    let txn = ledger.reserve(RUN, &both).unwrap();
    assert!(ledger.load(HOST, "p", 0).unwrap().keys.is_empty());
    ledger.confirm(txn).unwrap();
    let records = ledger.load(HOST, "p", 0).unwrap().keys[&id("u-ann")].clone();
    let record = |path: &str, digest: String| {
        Some(KeyRecord {
            path: path.into(),
            digest,
        })
    };
    let x = crate::policy::keys::digest(b"x");
    assert_eq!(
        (records.file, records.home),
        (record("/k/ann", x.clone()), None),
        "homes are written later"
    );
    assert_eq!(
        ledger
            .wrote_keys(
                Run {
                    number: Some(txn),
                    ..RUN
                },
                &both,
                &[written(&both.changes[1])],
            )
            .unwrap(),
        txn
    );
    assert_eq!(
        ledger.load(HOST, "p", 0).unwrap().keys[&id("u-ann")].home,
        record("/home/ann", x)
    );
    assert_eq!(ledger.past_run(txn).unwrap().unwrap().counts["keys"], 2);
    assert!(ledger.load(HOST, "other", 0).unwrap().keys.is_empty());

    let txn = ledger
        .reserve(RUN, &plan(vec![set_keys(file, "", &["SHA256:x"])]))
        .unwrap();
    ledger.confirm(txn).unwrap();
    let owned = ledger.load(HOST, "p", RUN.now).unwrap();
    assert_eq!(
        owned.keys[&id("u-ann")].file,
        record("/k/ann", String::new())
    );
    assert_eq!(
        (
            owned.losses.keys,
            owned.losses.accounts,
            owned.losses.members.len()
        ),
        (1, 0, 0)
    );

    let withdrawn = plan(vec![set_keys(home, "", &[])]);
    let number = ledger
        .wrote_keys(RUN, &withdrawn, &[written(&withdrawn.changes[0])])
        .unwrap();
    let (after, run) = (
        ledger.load(HOST, "p", RUN.now).unwrap(),
        ledger.past_run(number).unwrap().unwrap(),
    );
    assert_eq!(
        (number, after.generation, after.losses.keys),
        (txn + 1, owned.generation + 1, 2)
    );
    assert_eq!(
        (run.digest.as_str(), &run.counts["keys"]),
        (withdrawn.digest().as_str(), &serde_json::json!(1))
    );
}

#[test]
fn keys_go_along_when_an_account_is_renamed() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let file = crate::plan::KeyPlace::File {
        path: "/k/ann".into(),
    };
    done(
        &mut ledger,
        100,
        vec![create("ann", 20_000), set_keys(file, "x", &[])],
    );
    let mut renamed = rename("ann", "ann", "zoe");
    if let Deed::Rename(Rename {
        account: Some(account),
        ..
    }) = &mut renamed.deed
    {
        account.files = vec![("/k/ann".to_owned(), "/k/zoe".to_owned())];
    }
    let home = KeyRecord {
        path: "/home/ann".into(),
        digest: "h".into(),
    };
    let scope = RUN.scope(&ledger.db);
    super::applied::set_keys(scope, "u-ann", crate::policy::keys::Place::Home, &home).unwrap();
    done(&mut ledger, 200, vec![renamed]);
    let records = ledger.load(HOST, "p", 200).unwrap().keys[&id("u-ann")].clone();
    let paths = [records.file, records.home].map(|record| record.unwrap().path);
    assert_eq!(paths, ["/k/zoe", "/home/zoe"]);
}
