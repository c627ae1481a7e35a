//! An account or a group that is tied to another record, with all that the ledger knows of it.

use super::*;
use crate::model::Key;
use crate::model::history::EntryKind;
use crate::model::owned::{Absence, ChangedIds};
use crate::plan::{Number, Observation, Rebind};
use rusqlite::types::Value;

fn tie(kind: EntryKind, name: &str, (from, to): (Key, Key), number: Number) -> Change {
    let rebind = Rebind {
        number,
        from,
        login: None,
        alias: Some("annie".to_owned()),
    };
    let deed = Deed::Rebind(Box::new(rebind));
    match kind {
        EntryKind::Account => Change::account(to, user(name), deed),
        EntryKind::Group | EntryKind::LocalGroup => {
            Change::group(to, GroupName::known(name).unwrap(), deed)
        }
    }
}

fn of(provider: &str, id: &str) -> Key {
    Key {
        provider: provider.to_owned().into(),
        id: RemoteId::new(id).unwrap(),
    }
}

/// All rows of all tables but the history's and the log of ids, in which `id` stands.
fn rows_with(ledger: &Ledger, id: &str) -> Vec<String> {
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut names = ledger.db.prepare(tables).unwrap();
    let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let mut out = Vec::new();
    for table in names.map(Result::unwrap) {
        if ["changes", "rebound", "pending"].contains(&table.as_str()) {
            continue;
        }
        let mut all = ledger
            .db
            .prepare(&format!("SELECT * FROM {table}"))
            .unwrap();
        let columns = all.column_count();
        let mut rows = all.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let has_it = (0..columns)
                .any(|at| row.get::<_, Value>(at).unwrap() == Value::Text(id.to_owned()));
            if has_it {
                out.push(table.clone());
            }
        }
    }
    out
}

/// Puts a row of `id` into each table that knows something by an id of the provider's: whatever the schema has.
fn fill(ledger: &Ledger, kind: EntryKind, id: &str) {
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut names = ledger.db.prepare(tables).unwrap();
    let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let names: Vec<String> = names.map(Result::unwrap).collect();
    for table in names {
        let mut info = ledger
            .db
            .prepare(&format!("PRAGMA table_info({table})"))
            .unwrap();
        let columns = info.query_map([], |row| {
            Ok((row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        });
        let columns: Vec<(String, String)> = columns.unwrap().map(Result::unwrap).collect();
        let has = |name: &str| columns.iter().any(|(column, _)| column == name);
        let key = ["id", "subject"].into_iter().find(|name| has(name));
        let skipped = ["changes", "rebound", "pending", "ids"];
        let (Some(key), false) = (key, skipped.contains(&table.as_str()) || !has("provider"))
        else {
            continue;
        };
        let of_groups = ["applied_groups"].contains(&table.as_str());
        let of_accounts = [
            "applied_accounts",
            "applied_keys",
            "attributes",
            "join_records",
            "joined",
            "locks",
            "contacts",
            "retries",
            "archives",
        ];
        let is_account = kind == EntryKind::Account;
        if of_groups && is_account || of_accounts.contains(&table.as_str()) && !is_account {
            continue;
        }
        let word = match (table.as_str(), is_account) {
            ("hook_queue", true) => "user",
            ("losses", false) => "member",
            (_, true) => "account",
            (_, false) => "group",
        };
        // Rows of accounts and of groups stand beside each other.
        let number = if is_account { "7" } else { "8" };
        let value = |(column, kind): &(String, String)| match (column.as_str(), kind.as_str()) {
            (name, _) if name == key => format!("'{id}'"),
            ("provider", _) => "'p'".to_owned(),
            ("target", _) => format!("'{HOST}'"),
            ("kind", _) => format!("'{word}'"),
            ("place", _) => "'directory'".to_owned(),
            ("what", _) => "'archive'".to_owned(),
            ("said", _) => "'{\"active\": true, \"ssh_keys\": [], \"attributes\": {}}'".to_owned(),
            ("attributes", _) => "'{}'".to_owned(),
            (_, "INTEGER") => number.to_owned(),
            _ => "'x'".to_owned(),
        };
        let values: Vec<String> = columns.iter().map(value).collect();
        let sql = format!(
            "INSERT OR REPLACE INTO {table} VALUES ({})",
            values.join(", ")
        );
        ledger.db.execute(&sql, []).unwrap();
    }
}

#[test]
fn nothing_stays_behind_in_any_table_of_the_schema() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let group = Change::group(
        of("p", "g"),
        GroupName::known("lab").unwrap(),
        Deed::CreateGroup {
            gid: Gid::new(60_000).unwrap(),
            members: vec![],
        },
    );
    done(&mut ledger, 100, vec![create("ann", 20_000), group]);
    fill(&ledger, EntryKind::Account, "u-ann");
    fill(&ledger, EntryKind::Group, "g");
    let (before, groups) = (rows_with(&ledger, "u-ann"), rows_with(&ledger, "g"));
    for table in [
        "absences",
        "applied_accounts",
        "applied_keys",
        "archives",
        "attributes",
        "contacts",
        "departures",
        "former_names",
        "hook_queue",
        "ids",
        "locks",
        "losses",
        "retries",
    ] {
        assert!(
            before.iter().any(|name| name == table),
            "{table}: {before:?}"
        );
    }
    let uid = Number::Uid(Uid::new(20_000).unwrap());
    let gid = Number::Gid(Gid::new(60_000).unwrap());
    let changes = vec![
        tie(
            EntryKind::Account,
            "ann",
            (of("p", "u-ann"), of("q", "n-1")),
            uid,
        ),
        tie(EntryKind::Group, "lab", (of("p", "g"), of("q", "n-2")), gid),
    ];
    done(&mut ledger, 200, changes);
    assert_eq!(
        (rows_with(&ledger, "u-ann"), rows_with(&ledger, "g")),
        (vec![], vec![])
    );
    assert_eq!(rows_with(&ledger, "n-1"), before);
    assert_eq!(rows_with(&ledger, "n-2"), groups);
    let old = ledger.load(HOST, "p", 300).unwrap();
    assert!(old.accounts.is_empty() && old.groups.is_empty());
    assert_eq!(
        old.former_ids.accounts[&id("u-ann")],
        "ann",
        "not forgotten"
    );
    assert_eq!(old.others.names["ann"].as_str(), "q");
    let new = ledger.load(HOST, "q", 300).unwrap();
    assert_eq!(new.accounts[&id("n-1")].uid.get(), 20_000);
    assert_eq!(new.aliases.accounts[&id("n-1")], "annie");
    let history = ledger.history(Some("ann"), 9).unwrap();
    let told: Vec<(&str, &str)> = history
        .iter()
        .flat_map(|run| &run.changes)
        .map(|change| (change.id.as_str(), change.change.as_str()))
        .collect();
    assert_eq!(
        told,
        [("n-1", "rebind-account"), ("u-ann", "create-account")]
    );
}

#[test]
fn who_comes_back_to_an_id_has_it_again_and_the_chain_ends_where_it_is_tied_now() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    done(&mut ledger, 100, vec![create("ann", 20_000)]);
    let uid = Number::Uid(Uid::new(20_000).unwrap());
    let mut move_to = |now, from, to| {
        let both = (of("p", from), of("p", to));
        done(
            &mut ledger,
            now,
            vec![tie(EntryKind::Account, "ann", both, uid)],
        );
    };
    move_to(200, "u-ann", "b");
    move_to(300, "b", "c");
    let now = |ledger: &Ledger, of: &str| {
        let all = ledger.rebound().unwrap();
        let to = all.get(&(EntryKind::Account, "p".to_owned(), id(of)))?;
        Some(to.2.to_string())
    };
    assert_eq!(now(&ledger, "u-ann").as_deref(), Some("c"));
    assert_eq!(now(&ledger, "b").as_deref(), Some("c"));
    let both = (of("p", "c"), of("p", "u-ann"));
    done(
        &mut ledger,
        400,
        vec![tie(EntryKind::Account, "ann", both, uid)],
    );
    assert_eq!(
        (now(&ledger, "u-ann"), now(&ledger, "c").as_deref()),
        (None, Some("u-ann"))
    );
}

#[test]
fn members_of_the_hosts_own_groups_go_along_to_the_other_provider() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    done(
        &mut ledger,
        100,
        vec![create("ann", 20_000), create("bob", 20_001)],
    );
    let insert = "INSERT INTO applied_local_members VALUES ('host', 'p', 'docker', 'ann,bob'), ('host', 'q', 'docker', 'zoe')";
    ledger.db.execute(insert, []).unwrap();
    let uid = Number::Uid(Uid::new(20_000).unwrap());
    let both = (of("p", "u-ann"), of("q", "n-1"));
    done(
        &mut ledger,
        200,
        vec![tie(EntryKind::Account, "ann", both, uid)],
    );
    let local = |provider| ledger.load(HOST, provider, 300).unwrap().local["docker"].clone();
    assert_eq!((local("p"), local("q")), ("bob".into(), "ann,zoe".into()));
}

#[test]
fn that_ids_changed_is_remembered_until_they_have_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    done(&mut ledger, 100, vec![create("ann", 20_000)]);
    let changed = ChangedIds {
        asked_for: 3,
        missing: 4,
    };
    let absence = Absence { since: 1, runs: 1 };
    let seen = [
        Observation::ChangedIds(EntryKind::Account, Some(changed)),
        Observation::Absent(id("u-ann"), absence),
    ];
    ledger.observe(RUN, &seen).unwrap();
    let owned = ledger.load(HOST, "p", 200).unwrap();
    assert_eq!(owned.changed_ids[&EntryKind::Account], changed);
    assert_eq!(ledger.census().unwrap().changed_ids.len(), 1);
    assert_eq!(ledger.census().unwrap().providers["p"].accounts, 1);
    let over = Observation::ChangedIds(EntryKind::Account, None);
    ledger.observe(RUN, &[over]).unwrap();
    assert!(ledger.load(HOST, "p", 300).unwrap().changed_ids.is_empty());
}
