//! Hooks, run by the program: what they are told, in which order, and what becomes of those that fail.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

mod failures;
mod limits;
mod shipped;
mod told;
mod trust;
mod welcome;

use serde_json::Value;

use crate::hook_host::HookHost;
use crate::small_host::{Database, document, group, person};

/// What is told when the two are made: each hook, and those around them.
const ALL_OF_TWO: [&str; 6] = [
    "user-pre",
    "10-a created alice",
    "20-b created alice",
    "10-a created bob",
    "20-b created bob",
    "user-post",
];

fn two() -> Vec<Value> {
    vec![
        person("u-1", "alice", "Alice", true),
        person("u-2", "bob", "Bob", true),
    ]
}

/// A host with people to come.
fn host(keys: &str) -> HookHost {
    let host = HookHost::new(Database::Etc);
    host.configure(keys);
    host.tree.provide(&document(
        &two(),
        &[group("g-1", "physics", &["u-1", "u-2"])],
    ));
    host
}

/// Name of the hook, event, account, group and arguments of each call.
fn told(host: &HookHost) -> Vec<String> {
    let calls = host.calls().into_iter();
    calls
        .map(|c| {
            [c.hook, c.event, c.user, c.group, c.args]
                .join(" ")
                .trim_end()
                .to_owned()
        })
        .collect()
}

/// The problems with hooks, and what else the doctor says of them, that have these words.
fn doctor(host: &HookHost, words: &str) -> Vec<Value> {
    let ran = host.tree.gosync(&["doctor", "--format", "json"]);
    let said: Value = serde_json::from_str(&ran.out).unwrap();
    let of_hooks = said["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|found| found["area"] == "hooks");
    of_hooks
        .filter(|found| found["what"].as_str().unwrap().contains(words))
        .cloned()
        .collect()
}
