//! A run that fails at whatever call tells a program what it did until then, and nothing that it did not do.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use serde_json::Value;

use crate::scenarios::{Scenario, locking, prepare};
use crate::schema;
use crate::scratch::Ran;
use crate::small_host::{Database, SmallHost};
use crate::syscalls;

const RUN: &[&str] = &["sync", "users", "--format", "json"];

/// What a run says that it has done: change and name.
fn done(document: &Value) -> Vec<(String, String)> {
    let runs = document["runs"].as_array().unwrap().iter();
    let runs = runs.filter(|run| run["applied"] == true);
    let changes = runs.flat_map(|run| run["changes"].as_array().unwrap());
    let word = |change: &Value, key: &str| change[key].as_str().unwrap().to_owned();
    changes
        .map(|change| (word(change, "change"), word(change, "name")))
        .collect()
}

/// Whether that is so on the host.
fn is_so(tree: &SmallHost, change: &str, name: &str) -> bool {
    let shadow = tree.read("etc/shadow");
    match change {
        "lock-account" => shadow.contains(&format!("{name}:!")),
        "unlock-account" => shadow.contains(&format!("{name}:*")),
        "create-account" => tree.read("etc/passwd").contains(&format!("{name}:x:")),
        other => panic!("{other} {name}"),
    }
}

#[test]
fn what_was_done_is_told_by_a_run_that_fails_after_that() {
    let scenario = Scenario {
        run: RUN,
        ..locking()
    };
    let tree = prepare(&scenario, Database::Etc);
    let points = syscalls::of(&tree, RUN);
    let (mut failed, mut failed_later) = (0, 0);
    for point in points.iter().filter(|point| point.call != "exit_group") {
        tree.restore("before");
        let ran: Ran = syscalls::fail_at(point, "EIO", &tree, RUN);
        // The document itself could not be written.
        if ran.out.is_empty() && point.call == "write" && point.text.starts_with("1, ") {
            continue;
        }
        let document = schema::parse(&ran.out);
        schema::fits("run", &document);
        assert_eq!(document["exit"]["status"], ran.code.unwrap(), "at {point}");
        let done = done(&document);
        for (change, name) in &done {
            assert!(
                is_so(&tree, change, name),
                "at {point}: {change} {name}: {ran:?}"
            );
        }
        let run = &document["runs"][0];
        failed += usize::from(run["outcome"] == "broken-off");
        if run["outcome"] == "broken-off" && !done.is_empty() {
            assert!(run["run"].is_u64() && run["error"].is_object(), "{run:#}");
            failed_later += 1;
        }
    }
    assert!(failed > 10 && failed_later > 0, "{failed}, {failed_later}");
}
