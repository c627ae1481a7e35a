use super::*;
use crate::ledger::HOST;
use crate::model::AccountFields;
use crate::model::host::{Host, HostAccount};
use crate::plan::Plan;
use crate::plan::events::{Account, Event, Subject};

const RUN: Run<'_> = Run {
    target: HOST,
    provider: "p",
    command: "sync users",
    now: 1_000,
    number: None,
    let_through: false,
};

fn event(kind: Kind, id: &str, word: Event) -> HookEvent {
    let account = Account {
        name: format!("user-{id}"),
        uid: 20_000,
        gid: 100,
        fields: AccountFields {
            gecos: String::new(),
            home: "/home/x".into(),
            shell: "/bin/sh".into(),
        },
        email: None,
        ssh_keys: vec![],
        attributes: std::collections::BTreeMap::new(),
        groups: vec![],
    };
    let (id, subject) = (id.to_owned(), Subject::Account(account));
    HookEvent {
        kind,
        event: word,
        id,
        subject,
        reasons: vec![],
        changes: vec![],
        is_after_commit: false,
    }
}

fn plan(events: Vec<HookEvent>) -> Plan {
    Plan {
        events,
        ..Plan::default()
    }
}

fn ledger() -> (tempfile::TempDir, Ledger) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path()).unwrap();
    (dir, ledger)
}

fn keys(ledger: &Ledger, kind: Kind, now: i64) -> Vec<String> {
    ledger
        .hooks_due(kind, now, 100)
        .unwrap()
        .iter()
        .map(|queued| queued.key.to_string())
        .collect()
}

#[test]
fn events_are_queued_by_the_confirmation_once_and_by_nothing_else() {
    let (_dir, mut ledger) = ledger();
    let events = || {
        plan(vec![
            event(Kind::User, "a", Event::Created),
            event(Kind::User, "b", Event::Created),
        ])
    };
    let txn = ledger.reserve(RUN, &events()).unwrap();
    assert!(!ledger.is_hook_due(9_999).unwrap(), "reserved only");
    ledger.release().unwrap();
    ledger.confirm(txn).unwrap();
    assert!(!ledger.is_hook_due(9_999).unwrap(), "released");
    let txn = ledger.reserve(RUN, &events()).unwrap();
    ledger.confirm(txn).unwrap();
    ledger.confirm(txn).unwrap();
    assert_eq!(keys(&ledger, Kind::User, 1_000), ["2-2", "2-3"]);
    assert!(keys(&ledger, Kind::User, 999).is_empty());
    assert_eq!(
        ledger.hook_round(Kind::User).unwrap().unwrap().key,
        Key { txn: 2, seq: 1 }
    );
    assert_eq!(ledger.hook_round(Kind::Group).unwrap(), None);
    let queued = &ledger.hooks_due(Kind::User, 1_000, 1).unwrap()[0];
    assert_eq!(
        (queued.provider.as_str(), queued.command.as_str(), queued.at),
        ("p", "sync users", 1_000)
    );
    assert_eq!(queued.event, event(Kind::User, "a", Event::Created));
}

#[test]
fn of_one_account_only_the_first_event_is_due() {
    let (_dir, mut ledger) = ledger();
    for word in [Event::Created, Event::Updated] {
        let txn = ledger
            .reserve(RUN, &plan(vec![event(Kind::User, "a", word)]))
            .unwrap();
        ledger.confirm(txn).unwrap();
    }
    let first = Key { txn: 1, seq: 2 };
    assert_eq!(keys(&ledger, Kind::User, 1_000), ["1-2"]);
    let again = |due| Record::Again {
        key: first,
        attempts: 1,
        due,
        error: "x".into(),
    };
    ledger.record_hooks(&[again(Some(5_000))]).unwrap();
    assert!(
        keys(&ledger, Kind::User, 1_000).is_empty(),
        "the later one waits for it"
    );
    ledger.record_hooks(&[again(None)]).unwrap();
    assert_eq!(
        keys(&ledger, Kind::User, 1_000),
        ["2-2"],
        "but not for one that was given up"
    );
    ledger.revive_hooks(6_000).unwrap();
    assert_eq!(keys(&ledger, Kind::User, 6_000), ["1-2"]);
    ledger.record_hooks(&[Record::Done(first)]).unwrap();
    assert_eq!(keys(&ledger, Kind::User, 6_000), ["2-2"]);
}

#[test]
fn what_is_done_of_an_event_is_remembered_until_all_is() {
    let (_dir, mut ledger) = ledger();
    let txn = ledger
        .reserve(RUN, &plan(vec![event(Kind::Bygroup, "g", Event::Updated)]))
        .unwrap();
    ledger.confirm(txn).unwrap();
    let key = Key { txn: 1, seq: 1 };
    let step = || Record::Step(key, "ann/hook".into());
    ledger.record_hooks(&[step(), step()]).unwrap();
    assert_eq!(
        ledger.hooks_due(Kind::Bygroup, 1_000, 1).unwrap()[0].done,
        ["ann/hook".to_owned()].into()
    );
    ledger.record_hooks(&[Record::Done(key)]).unwrap();
    let left: u64 = ledger
        .db
        .query_row("SELECT COUNT(*) FROM hook_done", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

#[test]
fn there_is_one_round_of_a_kind_and_no_key_comes_twice() {
    let (_dir, mut ledger) = ledger();
    let opened = ledger.open_hook_round(Kind::User, 7).unwrap();
    assert_eq!(opened.key, Key { txn: 1, seq: 1 });
    let txn = ledger
        .reserve(RUN, &plan(vec![event(Kind::User, "a", Event::Created)]))
        .unwrap();
    ledger.confirm(txn).unwrap();
    assert_eq!(
        ledger.hook_round(Kind::User).unwrap().unwrap().key,
        Key { txn: 2, seq: 1 }
    );
    assert_eq!(
        ledger.open_hook_round(Kind::User, 8).unwrap().key,
        Key { txn: 3, seq: 1 }
    );
    assert_eq!(
        ledger.hook_census(0, 9).unwrap().queued,
        2,
        "the event, and one round"
    );
}

#[test]
fn a_round_keeps_the_names_of_all_that_it_is_around() {
    let (_dir, mut ledger) = ledger();
    let mut queue = |id: &str| {
        let plan = plan(vec![event(Kind::User, id, Event::Created)]);
        let txn = ledger.reserve(RUN, &plan).unwrap();
        ledger.confirm(txn).unwrap();
        let mut round = ledger.hook_round(Kind::User).unwrap().unwrap();
        ledger
            .extend_hook_round(Kind::User, &mut round, 1_000)
            .unwrap();
        assert_eq!(
            ledger.hook_round(Kind::User).unwrap().unwrap(),
            round,
            "it is written down"
        );
        let due = ledger.hooks_due(Kind::User, 1_000, 9).unwrap();
        let done: Vec<_> = due.iter().map(|queued| Record::Done(queued.key)).collect();
        ledger.record_hooks(&done).unwrap();
        Vec::from_iter(round.changed)
    };
    assert_eq!(queue("a"), ["user-a"]);
    assert_eq!(
        queue("b"),
        ["user-a", "user-b"],
        "a later one takes them over"
    );
}

#[test]
fn the_census_counts_and_shows_what_failed() {
    let (_dir, mut ledger) = ledger();
    let names = ["a", "b", "c"];
    let events = names
        .map(|id| event(Kind::Bygroup, id, Event::Created))
        .to_vec();
    let txn = ledger.reserve(RUN, &plan(events)).unwrap();
    ledger.confirm(txn).unwrap();
    let again = |seq, due| Record::Again {
        key: Key { txn: 1, seq },
        attempts: 3,
        due,
        error: "no disk".into(),
    };
    ledger
        .record_hooks(&[again(2, Some(2_000)), again(3, None)])
        .unwrap();
    let census = ledger.hook_census(1_500, 10).unwrap();
    assert_eq!((census.queued, census.due, census.given_up), (2, 1, 1));
    let failing: Vec<_> = census
        .failing
        .iter()
        .map(|f| (f.name.as_str(), f.due, f.attempts, f.error.as_str()))
        .collect();
    assert_eq!(
        failing,
        [
            ("user-c", None, 3, "no disk"),
            ("user-b", Some(2_000), 3, "no disk")
        ]
    );
    assert_eq!(ledger.hook_census(1_500, 1).unwrap().failing.len(), 1);
}

#[test]
fn of_a_transaction_that_is_given_up_only_what_stands_is_queued() {
    let (_dir, mut ledger) = ledger();
    let events = ["a", "b"]
        .map(|id| event(Kind::User, id, Event::Updated))
        .to_vec();
    ledger.reserve(RUN, &plan(events)).unwrap();
    let (gecos, home, shell) = ("", "/home/x", "/bin/sh");
    let as_told = HostAccount {
        uid: 20_000,
        gid: 100,
        fields: AccountFields { gecos, home, shell },
        locked: false,
        expire: "",
        writable: true,
    };
    let mut host = Host {
        accounts: [("user-b", as_told)].into(),
        ..Host::default()
    };
    ledger.drop_pending(&host).unwrap();
    host.accounts.insert("user-a", host.accounts["user-b"]);
    ledger.drop_pending(&host).unwrap();
    assert_eq!(keys(&ledger, Kind::User, 1_000), ["1-3"]);
    assert_eq!(
        ledger.hooks_due(Kind::User, 1_000, 1).unwrap()[0].event.id,
        "b"
    );
    assert_eq!(ledger.census().unwrap().pending, 0);
}
