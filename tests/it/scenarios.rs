//! Whole hosts before and after: the directories in `scenarios`, with trees in the form that `manifest` describes.
//!
//! `before` is the host, `commands.md` (see `console`) what is done to it and what is said, and `after` what differs in
//! the end; everything else must be as it was, down to time and inode. Before each run the same is done as a dry run,
//! which must say the same and touch nothing. `GOSYNC_BLESS=1 cargo test --test it scenarios`, as root, writes
//! `commands.md` and `after` anew.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::console::{self, Watch};
use crate::host::{Trace, difference, is_root};
use crate::manifest::Tree;
use crate::scratch::{Ran, ScratchHost};

cases!(
    adoption,
    archives,
    conflicts,
    crlf,
    departures,
    extrausers,
    groups,
    hand_changes,
    homes,
    inactive,
    keys,
    ladder,
    local_map,
    lock_shell,
    locked_by_admin,
    names,
    no_final_newline,
    no_gshadow,
    nss_cache,
    numbers,
    odd_leavers,
    odd_lines,
    primary_groups,
    private_groups,
    renames,
    shut_out,
    stale_shadow,
    subids,
    undo,
    undo_names,
);

/// Makes a dry run of everything first.
#[derive(Default)]
struct DryRun {
    said: Vec<String>,
    code: Option<i32>,
    state: BTreeMap<PathBuf, Trace>,
}

impl DryRun {
    /// Whether there was no ledger yet.
    fn is_first(&self, world: &ScratchHost) -> bool {
        !self
            .state
            .contains_key(&world.root().join("var/lib/gosync/ledger.sqlite"))
    }
}

fn changes_something(args: &[String]) -> bool {
    let is_dry = args
        .iter()
        .any(|arg| ["-n", "--dry-run"].contains(&arg.as_str()));
    let changes = [
        "sync", "deluser", "adopt", "release", "undo", "apply", "lock", "unlock",
    ];
    args.iter().any(|arg| changes.contains(&arg.as_str())) && !is_dry
}

impl Watch for DryRun {
    fn before(&mut self, world: &ScratchHost, args: &[String]) {
        if !changes_something(args) {
            return;
        }
        let dry: Vec<String> = args
            .iter()
            .cloned()
            .chain(["--dry-run".to_owned()])
            .collect();
        let before = world.traces();
        let answer = world.gosync(&dry);
        let touched = difference(&before, &world.traces());
        assert!(
            touched.is_empty(),
            "the dry run of {args:?} wrote:\n{touched}"
        );
        *self = Self {
            state: before,
            said: plan_lines(&format!("{}{}", answer.out, answer.err)),
            code: answer.code,
        };
    }

    fn after(&mut self, world: &ScratchHost, args: &[String], answer: &Ran) {
        // Quiet runs and refused ones do not tell their plan.
        if changes_something(args) && !args.contains(&"-q".to_owned()) && answer.code != Some(10) {
            let said = plan_lines(&format!("{}{}", answer.out, answer.err));
            // What an earlier run has told is only counted by this one, and what keeps everybody out is its error.
            let is_barred = answer.err.contains("everything new is refused: ");
            let marks: &[&str] = match is_barred || answer.out.contains(", as before; ") {
                true => &["+ ", "~ ", "! ", "- "],
                false => &[""],
            };
            let told = |lines: &[String]| -> Vec<String> {
                let is_told = |line: &&String| marks.iter().any(|mark| line.starts_with(mark));
                lines.iter().filter(is_told).cloned().collect()
            };
            assert_eq!(told(&said), told(&self.said), "{args:?}");
        }
        if changes_something(args) {
            assert_eq!(answer.code, self.code, "{args:?} ends with another code");
            if answer.out.contains("nothing to do") {
                // The lock file says who held it last; the ledger may learn who is missing.
                let touched = difference(&self.state, &world.traces());
                let allowed =
                    |line: &&str| line.contains("/run/gosync") || line.contains("/var/lib/gosync");
                let wrong: Vec<&str> = touched.lines().filter(|line| !allowed(line)).collect();
                assert!(
                    wrong.is_empty() || self.is_first(world),
                    "{args:?} had nothing to do and wrote {wrong:?}"
                );
            }
        }
    }
}

/// What is said about single accounts and groups, sorted.
fn plan_lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| {
        let line = line.strip_prefix("gosync NOTICE: ").unwrap_or(line);
        line.strip_prefix("gosync WARNING: ").unwrap_or(line)
    });
    let is_plan = |line: &&str| {
        ["+ ", "~ ", "! ", "- ", "x ", "  "]
            .iter()
            .any(|mark| line.starts_with(mark))
    };
    let mut lines: Vec<String> = lines.filter(is_plan).map(str::to_owned).collect();
    lines.sort();
    lines
}

fn check(name: &str) {
    let file = |part: &str| format!("tests/it/scenarios/{name}/{part}");
    let before = Tree::parse(&crate::text(&file("before")));
    let world = ScratchHost::new(&before);
    for part in ["directory.json", "gosync.toml"] {
        if crate::here(&file(part)).exists() {
            world.write(part, &crate::text(&file(part)));
        }
    }
    let start = world.traces();
    let commands = console::run(
        &world,
        &crate::text(&file("commands.md")),
        &mut DryRun::default(),
    );
    console::compare(&file("commands.md"), &commands);

    let mut before = before;
    let mut after = Tree::read(&world.root());
    if !is_root() {
        (before, after) = (before.without_owners(), after.without_owners());
    }
    let found = after.changes(&before);
    if std::env::var_os("GOSYNC_BLESS").is_some() {
        assert!(
            is_root(),
            "only root can set owners, and see what they should be"
        );
        console::compare(&file("after"), &found);
    } else {
        let wanted = crate::text(&file("after"));
        let wanted = if is_root() {
            wanted
        } else {
            without_owners(&wanted)
        };
        snapbox::assert_data_eq!(
            snapbox::Data::text(&*found).raw(),
            snapbox::Data::text(wanted).raw()
        );
    }
    untouched(&world, &start, &found, &crate::text(&file("commands.md")));
    world.ok("waitlock"); // nothing is left that stops the next one
}

fn without_owners(manifest: &str) -> String {
    let lines = manifest.lines().map(|line| match line.split_once(" @") {
        Some((head, rest)) if !line.starts_with('|') => {
            format!("{head} {}\n", rest.split_once(' ').unwrap().1)
        }
        _ => format!("{line}\n"),
    });
    lines.collect()
}

/// What is not said to have changed was not even written again.
fn untouched(world: &ScratchHost, start: &BTreeMap<PathBuf, Trace>, changes: &str, commands: &str) {
    let end = world.traces();
    for (path, old) in start
        .iter()
        .filter(|(path, _)| path.starts_with(world.root()))
    {
        let name = path
            .strip_prefix(world.root())
            .unwrap()
            .display()
            .to_string();
        let ends = format!(" /{name}");
        let links = format!("{ends} -> ");
        let is_told = changes
            .lines()
            .any(|line| line.ends_with(&ends) || line.contains(&links));
        let is_dir = old.mode & 0o170_000 == 0o040_000;
        if !is_told && !is_dir && !commands.contains(&format!("root/{name}")) {
            assert_eq!(end.get(path), Some(old), "{name} was written again");
        }
    }
}

#[test]
fn every_scenario_is_a_test() {
    let entries = std::fs::read_dir(crate::here("tests/it/scenarios"))
        .unwrap()
        .map(Result::unwrap);
    let dirs = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = dirs
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, NAMES);
}
