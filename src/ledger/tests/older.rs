//! Ledgers that are older or newer than this program, damaged, or not there.

use super::*;

#[test]
fn reading_makes_no_ledger() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Ledger::open_read_only(dir.path()).unwrap().is_none());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_damaged_or_newer_ledger_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(Ledger::open(dir.path()).unwrap());
    let path = dir.path().join(FILE);
    rusqlite::Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    assert!(matches!(
        Ledger::open(dir.path()),
        Err(LedgerError::Newer { found: 99, .. })
    ));
    std::fs::write(&path, vec![7_u8; 8192]).unwrap();
    assert!(matches!(
        Ledger::open(dir.path()),
        Err(LedgerError::Sqlite { .. })
    ));
    assert!(Ledger::open_read_only(dir.path()).is_err());
}

/// A ledger as the first gosync wrote it, with one account.
fn first_ledger(dir: &std::path::Path) {
    let old = Connection::open(dir.join(FILE)).unwrap();
    schema::prepare_old(&old, 1).unwrap();
    old.execute_batch(
        "INSERT INTO accounts (provider, id, name, uid, gid, private, state, gecos, home, shell)
            VALUES ('p', 'u-ann', 'ann', 20000, 100, 0, 'active', '', '/home/ann', '/bin/sh')",
    )
    .unwrap();
}

#[test]
fn an_older_ledger_is_brought_up_by_who_may_write_and_read_by_who_may_not() {
    let dir = tempfile::tempdir().unwrap();
    first_ledger(dir.path());
    let before = std::fs::read(dir.path().join(FILE)).unwrap();
    let seen = Ledger::open_read_only(dir.path())
        .unwrap()
        .unwrap()
        .load(HOST, "p", 0)
        .unwrap();
    assert_eq!(
        std::fs::read(dir.path().join(FILE)).unwrap(),
        before,
        "looking changes nothing"
    );
    assert_eq!(
        Ledger::open(dir.path())
            .unwrap()
            .load(HOST, "p", 0)
            .unwrap(),
        seen
    );
    assert_eq!(seen.accounts[&id("u-ann")].uid.get(), 20_000);
    assert_ne!(std::fs::read(dir.path().join(FILE)).unwrap(), before);
}

#[test]
fn an_older_ledger_is_made_newer_and_one_that_may_only_be_read_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let old = Connection::open(dir.path().join(FILE)).unwrap();
    schema::prepare_old(&old, 1).unwrap();
    old.execute_batch(
        "INSERT INTO accounts (provider, id, name, uid, gid, private, state, gecos, home, shell)
            VALUES ('p', 'u-ann', 'ann', 20000, 100, 0, 'locked', '', '/home/ann', '/bin/sh')",
    )
    .unwrap();
    drop(old);
    let bytes = std::fs::read(dir.path().join(FILE)).unwrap();
    let look = Ledger::open_read_only(dir.path()).unwrap().unwrap();
    assert_eq!(
        look.load(HOST, "p", 0).unwrap().departures.len(),
        1,
        "its time begins now"
    );
    drop(look);
    assert_eq!(
        std::fs::read(dir.path().join(FILE)).unwrap(),
        bytes,
        "only read"
    );
    let ledger = Ledger::open(dir.path()).unwrap();
    assert_eq!(ledger.version().unwrap(), schema::VERSION);
    assert!(ledger.load(HOST, "p", 0).unwrap().departures[&id("u-ann")].since > 1_600_000_000);
}

#[test]
fn an_older_ledger_is_read_as_it_is_and_made_newer_by_the_next_run() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE);
    let old = rusqlite::Connection::open(&path).unwrap();
    schema::prepare_old(&old, 1).unwrap();
    old.execute_batch(
        "INSERT INTO accounts VALUES ('p', 'u-ann', 'ann', 20000, 100, 0, 'active', '', '/home/ann', '/bin/sh', NULL,
             NULL, 0, NULL);
         INSERT INTO meta VALUES ('generation', 7);",
    )
    .unwrap();
    drop(old);
    let bytes = std::fs::read(&path).unwrap();
    let shown = Ledger::open_read_only(dir.path())
        .unwrap()
        .unwrap()
        .load(HOST, "p", 0)
        .unwrap();
    assert_eq!(
        std::fs::read(&path).unwrap(),
        bytes,
        "who only reads changes nothing"
    );
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!((shown.generation, shown.accounts.len()), (7, 1));
    assert_eq!(
        Ledger::open(dir.path())
            .unwrap()
            .load(HOST, "p", 0)
            .unwrap(),
        shown
    );
    assert_eq!(
        Ledger::open_read_only(dir.path())
            .unwrap()
            .unwrap()
            .load(HOST, "p", 0)
            .unwrap(),
        shown
    );
    assert_ne!(std::fs::read(&path).unwrap(), bytes);
}

/// What a transaction of 0.1.0 left when it was interrupted: a new account, one that was known before, a group that
/// was made again, edits, and hooks.
const INTERRUPTED: &str = r#"
    INSERT INTO runs VALUES (4, 1000, 'p', 'sync users', 'd', '{}');
    INSERT INTO accounts (provider, id, name, uid, gid, private, state, gecos, home, shell, txn) VALUES
        ('p', 'u-new', 'new', 20000, 20000, 1, 'reserved', '', '/home/new', '/bin/sh', 4),
        ('p', 'u-old', 'old', 20001, 100, 0, 'reserved', '', '/home/old', '/bin/sh', 4),
        ('p', 'u-ann', 'ann', 20002, 100, 0, 'active', 'Ann', '/home/ann', '/bin/sh', NULL);
    INSERT INTO unix_groups (provider, id, name, gid, state, members) VALUES ('p', 'g', 'g', 60000, 'active', 'ann');
    INSERT INTO pending VALUES
        (4, 1, 'p', '{"fresh":{"id":"u-new","group":false}}'),
        (4, 2, 'p', '{"remember":{"id":"u-old","kind":"account","change":"create-account","before":"{\"name\":\"old\",\"state\":\"removed\"}"}}'),
        (4, 3, 'p', '{"remember":{"id":"u-ann","kind":"account","change":"lock-account","detail":{"reason":"x"},"before":"{\"name\":\"ann\"}"}}'),
        (4, 4, 'p', '{"state":{"id":"u-ann","state":"locked","loss":true}}'),
        (4, 5, 'p', '{"remember":{"id":"g","kind":"group","change":"rename-group","before":"{\"name\":\"g\"}"}}'),
        (4, 6, 'p', '{"renamed":{"id":"g","group":true,"from":"g","to":"h","home":null}}'),
        (4, 7, 'p', '{"local_members":{"name":"docker","members":"ann","lost":0,"gained":1}}'),
        (4, 8, 'p', '{"round":"user"}'),
        (4, 9, 'p', '{"hook":{"kind":"user","event":"locked","id":"u-ann","account":{"name":"ann","uid":20002,"gid":100,"gecos":"Ann","home":"/home/ann","shell":"/bin/sh","email":null,"ssh_keys":[]},"changes":[],"apart":false}}');
"#;

fn interrupted(dir: &std::path::Path) -> Ledger {
    let old = Connection::open(dir.join(FILE)).unwrap();
    schema::prepare_old(&old, 7).unwrap();
    old.execute_batch(INTERRUPTED).unwrap();
    drop(old);
    Ledger::open(dir).unwrap()
}

#[test]
fn what_an_older_gosync_was_about_to_do_comes_true() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = interrupted(dir.path());
    assert_eq!(ledger.census().unwrap().pending, 5);
    ledger.confirm(4).unwrap();
    let owned = ledger.load(HOST, "p", 1_000).unwrap();
    let state = |who: &str| owned.accounts[&id(who)].state;
    assert_eq!(
        (state("u-new"), state("u-old"), state("u-ann")),
        (State::Active, State::Active, State::Locked)
    );
    assert_eq!(owned.groups[&id("g")].name, "h");
    assert_eq!(owned.local["docker"], "ann".into());
    assert_eq!(
        (owned.losses.accounts, owned.losses.gains["docker"]),
        (1, 1)
    );
    let run = ledger.past_run(4).unwrap().unwrap();
    let told: Vec<_> = run
        .changes
        .iter()
        .map(|c| {
            (
                c.seq,
                c.change.as_str(),
                c.name.as_str(),
                c.before.is_some(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (1, "create-account", "new", false),
            (2, "create-account", "old", true),
            (3, "lock-account", "ann", true),
            (4, "rename-group", "h", true)
        ]
    );
    assert_eq!(
        run.changes[2].detail,
        Some(serde_json::json!({"reason": "x"}))
    );
    let due = ledger
        .hooks_due(crate::plan::events::Kind::User, 1_000, 9)
        .unwrap();
    assert_eq!((due.len(), due[0].key.to_string().as_str()), (1, "4-9"));
}

#[test]
fn what_an_older_gosync_was_about_to_do_and_never_did_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = interrupted(dir.path());
    ledger.release().unwrap();
    let owned = ledger.load(HOST, "p", 1_000).unwrap();
    let known: Vec<_> = owned.accounts.keys().map(RemoteId::as_str).collect();
    assert_eq!(known, ["u-ann", "u-old"]);
    assert_eq!(owned.accounts[&id("u-ann")].state, State::Active);
    assert_eq!(
        (ledger.history(None, 9).unwrap(), owned.losses.accounts),
        (vec![], 0)
    );
}

#[test]
fn a_ledger_that_others_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    drop(Ledger::open(dir.path()).unwrap());
    let path = dir.path().join(FILE);
    for (mode, is_refused) in [(0o600, false), (0o644, false), (0o660, true), (0o602, true)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(Ledger::open(dir.path()).is_err(), is_refused, "{mode:o}");
        assert_eq!(
            Ledger::open_read_only(dir.path()).is_err(),
            is_refused,
            "{mode:o}"
        );
    }
}
