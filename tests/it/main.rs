//! Tests that need no privilege and take seconds.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::disallowed_types
)]

/// One test for each name, by a function `check` beside it, and the names.
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*
    };
}

#[path = "../support/console.rs"]
mod console;
#[path = "../support/follower.rs"]
mod follower;
#[path = "../support/schema.rs"]
mod schema;
#[path = "../support/scratch.rs"]
mod scratch;
#[path = "../support/signer.rs"]
mod signer;

mod by_hand;
mod command;
mod completion;
mod days;
mod derived;
mod documents;
mod example;
mod export;
mod fields;
mod file_age;
mod follow;
mod host;
mod joined;
mod keys_url;
mod last_runs;
mod layering;
mod ledger;
mod ledger_0_1_0;
mod lists;
mod machine;
mod manifest;
mod metrics;
mod metrics_file;
mod monitoring;
mod pages;
mod papers;
mod properties;
mod recording;
mod recovery;
mod scenarios;
mod several;
mod siblings;
mod stamp;
mod sync_both;
mod targets;
mod terminal;
mod threats;
mod transcripts;
mod trust;
mod undo;
mod units;

use std::path::{Path, PathBuf};

/// A path in the source tree.
fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The text of a file in the source tree.
fn text(path: &str) -> String {
    std::fs::read_to_string(here(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}
