//! Accounts and groups that are made: set aside and made true as sets, and their history, which is their row.

use super::*;
use crate::model::history::{EntryKind, PastRun};

fn group(members: &[&str]) -> Change {
    let (name, gid) = (GroupName::known("g").unwrap(), Gid::new(60_000).unwrap());
    let members = members.iter().map(|name| user(name)).collect();
    Change::group(key(id("g")), name, Deed::CreateGroup { gid, members })
}

fn shell(name: &str) -> Change {
    let fields = vec![crate::plan::FieldChange {
        field: Field::Shell,
        from: String::new(),
        to: "/bin/zsh".to_owned(),
    }];
    Change::account(
        key(id(&format!("u-{name}"))),
        user(name),
        Deed::Update { fields },
    )
}

fn ledger() -> (tempfile::TempDir, Ledger) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path()).unwrap();
    (dir, ledger)
}

fn states(ledger: &Ledger) -> Vec<(String, State)> {
    let listed = ledger.listing().unwrap().into_iter();
    listed.map(|one| (one.name, one.state)).collect()
}

fn is(name: &str, state: State) -> (String, State) {
    (name.to_owned(), state)
}

fn count(ledger: &Ledger, table: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) FROM {table}");
    ledger.db.query_row(&sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn what_waits_for_its_transaction_is_reserved_for_everybody_who_looks() {
    let (_dir, mut ledger) = ledger();
    let made = vec![create("ann", 20_000), group(&["ann"])];
    let txn = ledger.reserve(RUN, &plan(made)).unwrap();
    let reserved = [is("ann", State::Reserved), is("g", State::Reserved)];
    assert_eq!(states(&ledger), reserved);
    let census = ledger.census().unwrap();
    assert_eq!((census.pending, census.accounts["reserved"]), (2, 1));
    assert!(census.providers.is_empty());
    let entries = ledger.entries().unwrap();
    let entry = &entries[&(EntryKind::Account, 20_000)];
    assert_eq!(*entry, is("ann", State::Reserved));
    let owned = ledger.load(HOST, "p", 0).unwrap();
    assert_eq!(owned.groups[&id("g")].state, State::Reserved);
    let sql = "SELECT COUNT(*) FROM history";
    let told: i64 = ledger.db.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(told, 0, "it has not happened");
    assert_eq!(ledger.all_faults().unwrap(), Vec::<String>::new());
    ledger.confirm(txn).unwrap();
    assert_eq!(
        states(&ledger),
        [is("ann", State::Active), is("g", State::Active)]
    );
    assert_eq!(ledger.all_faults().unwrap(), Vec::<String>::new());
    assert_eq!(
        (count(&ledger, "pending"), count(&ledger, "changes")),
        (0, 0)
    );
}

/// A run whose first part is confirmed, and whose second waits.
fn in_two_parts() -> (tempfile::TempDir, Ledger, u64) {
    let (dir, mut ledger) = ledger();
    let number = ledger
        .reserve(RUN, &plan(vec![create("ann", 20_000)]))
        .unwrap();
    ledger.confirm(number).unwrap();
    let rest = Run {
        number: Some(number),
        ..RUN
    };
    let bob = plan(vec![create("bob", 20_001)]);
    assert_eq!(ledger.reserve(rest, &bob).unwrap(), number);
    (dir, ledger, number)
}

#[test]
fn the_rest_of_a_run_waits_for_itself() {
    let begun = [is("ann", State::Active), is("bob", State::Reserved)];
    let (_dir, mut ledger, number) = in_two_parts();
    assert_eq!(states(&ledger), begun);
    ledger.confirm(number).unwrap();
    let done = [is("ann", State::Active), is("bob", State::Active)];
    assert_eq!(states(&ledger), done);
    let run = ledger.past_run(number).unwrap().unwrap();
    let told = run.changes.iter().map(|it| (it.seq, it.name.as_str()));
    assert_eq!(told.collect::<Vec<_>>(), [(1, "ann"), (2, "bob")]);

    let (_dir, mut ledger, number) = in_two_parts();
    ledger.release().unwrap();
    assert_eq!(states(&ledger), [is("ann", State::Active)]);
    assert_eq!(
        ledger.past_run(number).unwrap().unwrap().changes.len(),
        1,
        "its beginning has happened"
    );

    let (_dir, mut ledger, number) = in_two_parts();
    ledger.drop_pending(&Host::default()).unwrap();
    assert_eq!(states(&ledger), begun);
    assert_eq!(
        ledger.past_run(number).unwrap().unwrap().changes.len(),
        1,
        "its beginning has happened"
    );
}

#[test]
fn the_end_of_one_transaction_is_not_that_of_another() {
    let (_dir, mut ledger) = ledger();
    let first = ledger
        .reserve(RUN, &plan(vec![create("ann", 20_000)]))
        .unwrap();
    ledger.confirm(first).unwrap();
    ledger
        .reserve(RUN, &plan(vec![create("bob", 20_001)]))
        .unwrap();
    ledger.confirm(first).unwrap();
    assert_eq!(
        states(&ledger),
        [is("ann", State::Active), is("bob", State::Reserved)]
    );
    // Nobody has confirmed it when the next one begins, either.
    ledger
        .reserve(RUN, &plan(vec![create("carl", 20_002)]))
        .unwrap();
    ledger.release().unwrap();
    assert_eq!(
        states(&ledger),
        [is("ann", State::Active), is("bob", State::Reserved)]
    );
}

/// The account or group, as the first run made it.
fn made(ledger: &Ledger, who: &str) -> serde_json::Value {
    let run: PastRun = ledger.past_run(1).unwrap().unwrap();
    let of_it = run.changes.into_iter().find(|it| it.id == who).unwrap();
    assert!(of_it.change.starts_with("create-") && of_it.before.is_none());
    serde_json::Value::Object(of_it.after)
}

#[test]
fn what_was_made_is_remembered_as_it_was_whatever_becomes_of_it() {
    let (_dir, mut ledger) = ledger();
    let first = vec![
        create("ann", 20_000),
        create("bob", 20_001),
        group(&["ann"]),
    ];
    done(&mut ledger, 100, first);
    let [ann, bob, team] = ["u-ann", "u-bob", "g"].map(|who| made(&ledger, who));
    assert_eq!(
        (&ann["state"], &ann["shell"]),
        (&"active".into(), &"/bin/sh".into())
    );
    assert_eq!(team["members"], "ann");
    // What a hand and the provider agree on is no change of a run's.
    let agreed = Observation::Agreed(id("u-bob"), Field::Shell, "/bin/ksh".to_owned());
    ledger.observe(RUN, &[agreed]).unwrap();
    // Another name is one in the lists of groups as well.
    done(&mut ledger, 200, vec![rename("ann", "ann", "anna")]);
    done(&mut ledger, 300, vec![shell("ann"), lock("bob")]);
    done(&mut ledger, 400, vec![lock("ann")]);
    assert_eq!(
        ledger.load(HOST, "p", 0).unwrap().groups[&id("g")].members,
        "anna".into()
    );
    for (who, before) in [("u-ann", ann), ("u-bob", bob), ("g", team)] {
        assert_eq!(made(&ledger, who), before, "{who}");
    }
    let places = ledger.past_run(1).unwrap().unwrap().changes.into_iter();
    assert_eq!(places.map(|it| it.seq).collect::<Vec<_>>(), [1, 2, 3]);
    for name in ["ann", "anna"] {
        let runs = ledger.history(Some(name), 9).unwrap();
        let runs: Vec<u64> = runs.iter().map(|run| run.number).collect();
        assert_eq!(runs, [4, 3, 2, 1], "{name}");
    }
}

#[test]
fn what_is_made_and_changed_by_one_run_is_remembered_as_each_part_left_it() {
    let (_dir, mut ledger) = ledger();
    let number = ledger
        .reserve(RUN, &plan(vec![create("ann", 20_000)]))
        .unwrap();
    ledger.confirm(number).unwrap();
    let rest = Run {
        number: Some(number),
        ..RUN
    };
    ledger.reserve(rest, &plan(vec![shell("ann")])).unwrap();
    ledger.confirm(number).unwrap();
    let changes = ledger.past_run(number).unwrap().unwrap().changes;
    let told = changes
        .iter()
        .map(|it| (it.seq, it.before.is_some(), it.after["shell"].clone()));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [(1, false, "/bin/sh".into()), (2, false, "/bin/zsh".into())],
        "before the run, there was none"
    );
}

#[test]
fn a_run_that_is_forgotten_leaves_nothing_when_what_it_made_changes() {
    let (_dir, mut ledger) = ledger();
    ledger.keep_history(1);
    done(&mut ledger, 100, vec![create("ann", 20_000)]);
    done(&mut ledger, 1_000_000, vec![create("bob", 20_001)]);
    done(&mut ledger, 1_000_001, vec![shell("ann")]);
    assert_eq!(count(&ledger, "changes"), 1);
    assert_eq!(ledger.history(Some("ann"), 9).unwrap().len(), 1);
}

#[test]
fn many_come_at_once_among_some_that_were_known() {
    let (_dir, mut ledger) = ledger();
    let name = |n: u32| format!("user{n}");
    done(&mut ledger, 100, vec![create(&name(70), 20_070)]);
    let forget = Deed::Forget { stands: false };
    let forgotten = Change::account(key(id("u-user70")), user("user70"), forget);
    done(&mut ledger, 200, vec![forgotten]);
    let many: Vec<Change> = (0..200).map(|n| create(&name(n), 20_000 + n)).collect();
    let with_group = many.into_iter().chain([group(&["user0"])]).collect();
    let txn = ledger.reserve(RUN, &plan(with_group)).unwrap();
    assert_eq!(ledger.census().unwrap().pending, 201);
    ledger.confirm(txn).unwrap();
    let owned = ledger.load(HOST, "p", 0).unwrap();
    assert_eq!(owned.accounts.len(), 200);
    let is_active = |own: &crate::model::owned::OwnedAccount| own.state == State::Active;
    assert!(owned.accounts.values().all(is_active));
    for (n, own) in [(0, 20_000), (63, 20_063), (64, 20_064), (199, 20_199)] {
        let account = &owned.accounts[&id(&format!("u-user{n}"))];
        assert_eq!((account.uid.get(), &account.name), (own, &name(n)));
        assert_eq!(account.applied.fields.home, format!("/home/user{n}"));
    }
    let changes = ledger.past_run(txn).unwrap().unwrap().changes;
    let told: Vec<_> = changes.iter().map(|it| (it.seq, it.name.clone())).collect();
    let wanted: Vec<_> = (1..)
        .zip((0..200).map(name).chain(["g".to_owned()]))
        .collect();
    assert_eq!(told, wanted, "in the order of the plan");
    let again: Vec<_> = changes.iter().filter(|it| it.before.is_some()).collect();
    assert_eq!((again.len(), again[0].name.as_str()), (1, "user70"));
}

/// What a transaction of the schema before left when it was interrupted.
const INTERRUPTED: &str = r#"
    INSERT INTO meta VALUES ('txn', 4), ('anchoring', 1);
    INSERT INTO runs VALUES (4, 1000, 'host', 'p', 'sync users', '', '{}');
    INSERT INTO ids (kind, provider, id, name, number, private_gid, state) VALUES
        ('account', 'p', 'u-new', 'new', 20000, 20000, 'reserved'),
        ('account', 'p', 'u-old', 'old', 20001, NULL, 'reserved'),
        ('account', 'p', 'u-ann', 'ann', 20002, NULL, 'active');
    INSERT INTO applied_accounts
        SELECT 'host', 'p', id, 100, '', '/home/' || name, '/bin/sh', 0, '' FROM ids;
    INSERT INTO pending (txn, seq, entry, target, provider, kind, id, change, before, body) VALUES
        (4, 1, 'history', 'host', 'p', 'account', 'u-ann', 'lock-account', '{"name":"ann"}', NULL),
        (4, 2, 'edit', 'host', 'p', 'account', 'u-ann', NULL, NULL, '{"state":{"state":"locked","loss":true}}'),
        (4, 3, 'create', 'host', 'p', 'account', 'u-new', 'create-account', NULL, NULL),
        (4, 4, 'create', 'host', 'p', 'account', 'u-old', 'create-account', '{"name":"old","state":"removed"}', NULL),
        (4, 5, 'figures', 'host', 'p', NULL, NULL, NULL, NULL, '{"counts":{"created":2},"digest":"d","given":[2,0,0]}');
"#;

fn interrupted() -> (tempfile::TempDir, Ledger) {
    let dir = tempfile::tempdir().unwrap();
    let old = Connection::open(dir.path().join(FILE)).unwrap();
    schema::prepare_old(&old, 12).unwrap();
    old.execute_batch(INTERRUPTED).unwrap();
    drop(old);
    let ledger = Ledger::open(dir.path()).unwrap();
    (dir, ledger)
}

#[test]
fn what_the_schema_before_left_is_brought_to_an_end() {
    let before = [
        is("ann", State::Active),
        is("new", State::Reserved),
        is("old", State::Reserved),
    ];
    let (_dir, mut ledger) = interrupted();
    assert_eq!(states(&ledger), before);
    assert_eq!(ledger.census().unwrap().pending, 3);
    ledger.confirm(4).unwrap();
    let after = [
        is("ann", State::Locked),
        is("new", State::Active),
        is("old", State::Active),
    ];
    assert_eq!(states(&ledger), after);
    let run = ledger.past_run(4).unwrap().unwrap();
    assert_eq!(
        (run.digest.as_str(), &run.counts["created"]),
        ("d", &2.into())
    );
    let told = run.changes.iter().map(|it| it.name.as_str());
    assert_eq!(told.collect::<Vec<_>>(), ["ann", "new", "old"]);

    let (_dir, mut ledger) = interrupted();
    ledger.release().unwrap();
    let left = [is("ann", State::Active), is("old", State::Reserved)];
    assert_eq!(states(&ledger), left);

    let (_dir, mut ledger) = interrupted();
    ledger.drop_pending(&Host::default()).unwrap();
    assert_eq!(states(&ledger), before);
    assert_eq!(ledger.history(None, 9).unwrap(), []);
}
