//! What each command says, word for word: the files in `transcripts`, in the form that `console` describes.
//!
//! `GOSYNC_BLESS=1 cargo test --test it transcripts` writes them anew. Read what changed as a user would.

use crate::console;
use crate::host::difference;
use crate::manifest::Tree;
use crate::scratch::ScratchHost;

cases!(
    accounts,
    adopt,
    causes,
    configuration,
    deluser,
    doctor,
    drift,
    export,
    group,
    group_list,
    group_new,
    group_text,
    hand_locks,
    held_up,
    history,
    home_bases,
    hooks,
    init,
    ledger,
    limits,
    lock,
    many,
    names,
    overrides,
    passwords,
    plan_apply,
    power,
    quiet,
    reads,
    rebind,
    refused,
    run_json,
    shell,
    status,
    sync,
    sync_groups,
    sync_users,
    undo,
    unseen,
    usage,
    user_dump,
    why,
);

fn check(name: &str) {
    let world = ScratchHost::new(&Tree::base());
    world.write(
        "directory.json",
        &crate::text("tests/it/transcripts/directory.json"),
    );
    let path = format!("tests/it/transcripts/{name}.md");
    let found = console::run(&world, &crate::text(&path), &mut ());
    console::compare(&path, &found);
}

#[test]
fn a_log_for_programs_is_one_object_a_line() {
    let world = ScratchHost::new(&Tree::base());
    world.write(
        "directory.json",
        &crate::text("tests/it/transcripts/directory.json"),
    );
    for line in [
        "-v sync users -n",
        "-vv sync users",
        "-vvv sync groups",
        "-q -v deluser alice",
    ] {
        let words: Vec<&str> = line
            .split_whitespace()
            .chain(["--log-format", "json"])
            .collect();
        let answer = world.gosync(&words);
        assert_eq!(answer.code, Some(0), "{line}: {}", answer.err);
        let (notices, log): (Vec<&str>, Vec<&str>) = answer
            .err
            .lines()
            .partition(|line| line.starts_with("gosync "));
        assert!(!log.is_empty(), "{line} logs nothing");
        for entry in log {
            let entry: serde_json::Value =
                serde_json::from_str(entry).unwrap_or_else(|e| panic!("{e}: {entry}"));
            assert!(
                entry["level"].is_string() && entry["timestamp"].is_string(),
                "{entry}"
            );
        }
        assert!(
            notices
                .iter()
                .all(|line| line.starts_with("gosync WARNING: ")),
            "{notices:?}"
        );
    }
}

#[test]
fn the_doctor_writes_nothing_whatever_it_finds() {
    let world = ScratchHost::new(&Tree::base());
    world.write(
        "directory.json",
        &crate::text("tests/it/transcripts/directory.json"),
    );
    for prepare in [
        "true",
        "rm -rf root/var/lib/gosync root/etc/shells",
        "ln -s passwd root/etc/group2; mv root/etc/group2 root/etc/group",
    ] {
        world.shell(prepare);
        let before = world.traces();
        for line in [
            "doctor",
            "doctor --offline --format json",
            "doctor -f nowhere.toml",
        ] {
            world.gosync(&line.split_whitespace().collect::<Vec<_>>());
            assert_eq!(
                difference(&before, &world.traces()),
                "",
                "{line} after {prepare}"
            );
        }
        world.gosync(&["-q", "sync", "users"]);
    }
}

#[test]
fn no_transcript_shows_a_secret() {
    let text = crate::text("tests/it/transcripts/doctor.md");
    let said = text
        .lines()
        .filter(|line| line.starts_with("> ") || line.starts_with("! "));
    assert!(said.clone().count() > 100 && !said.into_iter().any(|line| line.contains("canary")));
}

#[test]
fn every_transcript_is_a_test() {
    let entries = std::fs::read_dir(crate::here("tests/it/transcripts")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter_map(|name| Some(name.strip_suffix(".md")?.to_owned()))
        .collect();
    names.sort();
    assert_eq!(names, NAMES);
}
