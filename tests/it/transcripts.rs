//! What each command says, word for word: the files in `transcripts`, in the form that `console` describes.
//!
//! `GOSYNC_BLESS=1 cargo test --test it transcripts` writes them anew. Read what changed as a user would.

use crate::console;
use crate::manifest::Tree;
use crate::world::World;

macro_rules! transcripts {
    ($($name:ident),* $(,)?) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*
    };
}

transcripts!(
    configuration,
    deluser,
    history,
    limits,
    lock,
    plan_apply,
    quiet,
    reads,
    refused,
    sync_groups,
    sync_users,
    undo,
    usage,
    why,
);

fn check(name: &str) {
    let world = World::new(&Tree::base());
    world.write("directory.json", &crate::text("tests/it/transcripts/directory.json"));
    let path = format!("tests/it/transcripts/{name}.md");
    let found = console::run(&world, &crate::text(&path), &mut ());
    console::compare(&path, &found);
}

#[test]
fn a_log_for_programs_is_one_object_a_line() {
    let world = World::new(&Tree::base());
    world.write("directory.json", &crate::text("tests/it/transcripts/directory.json"));
    for line in ["-v sync users -n", "-vv sync users", "-vvv sync groups", "-q -v deluser alice"] {
        let words: Vec<&str> = line.split_whitespace().chain(["--log-format", "json"]).collect();
        let answer = world.gosync(&words);
        assert_eq!(answer.code, 0, "{line}: {}", answer.err);
        let (notices, log): (Vec<&str>, Vec<&str>) = answer.err.lines().partition(|line| line.starts_with("gosync "));
        assert!(!log.is_empty(), "{line} logs nothing");
        for entry in log {
            let entry: serde_json::Value = serde_json::from_str(entry).unwrap_or_else(|e| panic!("{e}: {entry}"));
            assert!(entry["level"].is_string() && entry["timestamp"].is_string(), "{entry}");
        }
        assert!(notices.iter().all(|line| line.starts_with("gosync WARNING: ")), "{notices:?}");
    }
}

#[test]
fn every_transcript_is_a_test() {
    let entries = std::fs::read_dir(crate::here("tests/it/transcripts")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter_map(|name| Some(name.strip_suffix(".md")?.to_owned())).collect();
    names.sort();
    assert_eq!(names, NAMES);
}
