//! gosync is killed before every call that changes something while it queues hooks, runs them and writes down how they
//! ended. No event is lost; each hook that runs again has the key that it had before.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]
#![allow(
    clippy::print_stdout,
    clippy::disallowed_macros,
    reason = "figures, for those who ask by --nocapture"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::json;

use crate::hook_host::{Call, HookHost, RECORD};
use crate::interruptions::add_foreign;
use crate::picture::differences;
use crate::small_host::{Database, document, group, person};
use crate::syscalls::{self, Point};

const USERS: &[&str] = &["sync", "users", "--root-hooks"];
const GROUPS: &[&str] = &["sync", "groups", "--root-hooks"];
const RETRY: &[&str] = &["sync", "users", "--root-hooks", "--retry-hooks"];

/// A host with hooks that write down what they are told.
fn host(database: Database) -> HookHost {
    let host = HookHost::new(database);
    host.configure("jobs = 2");
    for name in ["user/10-a", "user/20-b", "group/a", "bygroup/a"] {
        host.hook(name, RECORD);
    }
    for kind in ["user", "group", "bygroup"] {
        host.hook(&format!("around/{kind}-pre"), RECORD);
        host.hook(&format!("around/{kind}-post"), RECORD);
    }
    host
}

/// What a call is about, whatever its key.
fn what(call: &Call) -> [String; 5] {
    let Call {
        hook,
        event,
        user,
        group,
        args,
        ..
    } = call.clone();
    [hook, event, user, group, args]
}

/// What happens between the killed run and the next one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Between {
    Nothing,
    /// Another program adds an account of its own.
    Overtaken,
    /// A run finds that the provider is gone, for a while.
    ProviderGone,
}

/// Kills the run at each of its points, and runs it again. Hooks of before and after may run once more with another key:
/// what they stand around is another batch then.
///
fn kill_everywhere(host: &HookHost, run: &'static [&'static str], title: &str, between: Between) {
    let tree = &host.tree;
    tree.save("before");
    host.take();
    let points = syscalls::of(tree, run);
    let goal = tree.picture();
    let wanted: BTreeSet<_> = host.calls().iter().map(what).collect();
    assert!(wanted.len() > 3, "{wanted:?}");
    let mut bad = Vec::new();
    let (mut count, mut missed) = (0, 0);
    for point in points.iter().filter(|point| Point::is_change(point)) {
        tree.restore("before");
        host.take();
        count += 1;
        // How many ends of hooks are written down together is chance, and so is the number of the last calls.
        missed += usize::from(!syscalls::kill_at(point, tree, run));
        let mut wrong = Vec::new();
        match between {
            Between::Nothing => {}
            Between::Overtaken => add_foreign(tree),
            Between::ProviderGone => {
                let (document, aside) = (
                    tree.dir().join("directory.json"),
                    tree.dir().join("aside.json"),
                );
                fs::rename(&document, &aside).unwrap();
                let idle = tree.gosync(run);
                let status = tree.gosync(&["status", "--format", "json"]).out;
                let status: serde_json::Value = serde_json::from_str(&status).unwrap();
                if (idle.code, &status["interrupted"], &status["hooks"]["due"])
                    != (Some(12), &json!(false), &json!(0))
                {
                    wrong.push(format!("without a provider: {idle:?}, {status}"));
                }
                fs::rename(&aside, &document).unwrap();
            }
        }
        let again = tree.gosync(run);
        // What becomes of the files then, kills.rs shows.
        if between != Between::Overtaken {
            wrong.extend(differences(&tree.picture(), &goal));
        }
        let mut keys: BTreeMap<[String; 5], BTreeSet<String>> = BTreeMap::new();
        let mut names: BTreeMap<(String, String), BTreeSet<[String; 5]>> = BTreeMap::new();
        for call in host.calls() {
            keys.entry(what(&call))
                .or_default()
                .insert(call.key.clone());
            names
                .entry((call.hook.clone(), call.key.clone()))
                .or_default()
                .insert(what(&call));
        }
        if again.code != Some(0) {
            wrong.push(format!("{again:?}"));
        }
        let lost: Vec<_> = wanted
            .iter()
            .filter(|what| !keys.contains_key(*what))
            .collect();
        let twice: Vec<_> = keys
            .iter()
            .filter(|(what, keys)| keys.len() > 1 && !what[0].contains('-'))
            .collect();
        let shared: Vec<_> = names.iter().filter(|(_, whats)| whats.len() > 1).collect();
        let more: Vec<_> = keys.keys().filter(|what| !wanted.contains(*what)).collect();
        for (what, found) in [
            ("lost", lost.len()),
            ("shared keys", shared.len()),
            ("unwanted", more.len()),
        ] {
            if found > 0 {
                wrong.push(format!("{found} {what}"));
            }
        }
        wrong.extend(
            twice
                .iter()
                .map(|(what, keys)| format!("{what:?} had the keys {keys:?}")),
        );
        if host.status()["queued"] != json!(0) {
            wrong.push(format!("left in the queue: {}", host.status()));
        }
        if !wrong.is_empty() {
            bad.push(format!("at {point}: {}", wrong.join("\n    ")));
        }
    }
    println!(
        "{title}: {count} points, {missed} of them missed, {} bad",
        bad.len()
    );
    assert!(
        missed * 3 < count,
        "{title}: {missed} of {count} points were missed"
    );
    assert!(
        bad.is_empty(),
        "{title}: of {count} points, {} are bad:\n{}",
        bad.len(),
        bad[..bad.len().min(8)].join("\n")
    );
}

/// One comes, one is changed, one is locked.
fn users(database: Database, between: Between) {
    let host = host(database);
    let all = |alice, bob| {
        vec![
            person("u-1", "alice", alice, true),
            person("u-2", "bob", "Bob", bob),
        ]
    };
    host.tree.provide(&document(&all("Alice", true), &[]));
    host.tree.gosync(USERS).expect(0);
    let now = [
        all("Alice Liddell", false),
        vec![person("u-3", "carol", "Carol", true)],
    ]
    .concat();
    host.tree.provide(&document(&now, &[]));
    kill_everywhere(
        &host,
        USERS,
        &format!("hooks for accounts ({})", database.word()),
        between,
    );
}

/// One member comes and one goes, and a group comes.
fn groups(database: Database, between: Between) {
    let host = host(database);
    let people = vec![
        person("u-1", "alice", "Alice", true),
        person("u-2", "bob", "Bob", true),
    ];
    host.tree
        .provide(&document(&people, &[group("g-1", "physics", &["u-1"])]));
    host.tree.gosync(USERS).expect(0);
    host.tree.gosync(GROUPS).expect(0);
    host.tree.provide(&document(
        &people,
        &[
            group("g-1", "physics", &["u-2"]),
            group("g-2", "climate", &["u-1"]),
        ],
    ));
    kill_everywhere(&host, GROUPS, "hooks for groups", between);
}

cases! {
    killed_while_hooks_for_accounts_are_queued_and_run: |on| users(on, Between::Nothing), etc, extrausers;
    killed_while_hooks_for_accounts_are_queued_and_overtaken_by_another_program:
        |on| users(on, Between::Overtaken), etc;
    killed_while_hooks_for_accounts_are_queued_and_the_provider_is_gone_then:
        |on| users(on, Between::ProviderGone), etc;
    killed_while_hooks_for_groups_and_their_members_are_queued_and_run:
        |on| groups(on, Between::Nothing), etc;
    killed_while_hooks_for_groups_are_queued_and_overtaken_by_another_program:
        |on| groups(on, Between::Overtaken), etc;
}

#[test]
fn killed_while_hooks_that_failed_run_again() {
    let host = host(Database::Etc);
    host.hook("user/10-a", "exit 1\n");
    let people = vec![
        person("u-1", "alice", "Alice", true),
        person("u-2", "bob", "Bob", true),
    ];
    host.tree.provide(&document(&people, &[]));
    host.tree.gosync(USERS).expect(0);
    assert_eq!(host.status()["queued"], json!(2));
    host.hook("user/10-a", RECORD);
    fs::write(host.path("log"), "").unwrap();
    kill_everywhere(&host, RETRY, "hooks that failed", Between::Nothing);
}
