//! Commands and what they say, as text.
//!
//! In a block ```` ```console ````, `$ gosync ...` is a command, `? N` its exit code, `> ` a line of its standard
//! output and `! ` one of its standard error; `% ...` is a shell command that prepares something, with `%hold` and
//! `%release` for the run lock. Lines with `< ` are the standard input of the next command. A block ```` ```write FILE ```` is written to that file. Everything else is prose. The
//! path of the scratch directory is written and shown as [SCRATCH], the pid of this process as [PID], a moment of this century as
//! [TIME], the day of a copy of the ledger as [DAY], how long a run took as [SECONDS], and an id that was made up as [ID]; in a command, [DIGEST] is the last digest that was printed.

use std::fmt::Write as _;

use gosync::testing::system::lock::{Purpose, RunLock, Wait};
use regex::Regex;

use crate::scratch::{Ran, ScratchHost};

/// What happens around each command.
pub trait Watch {
    fn before(&mut self, _world: &ScratchHost, _args: &[String]) {}
    fn after(&mut self, _world: &ScratchHost, _args: &[String], _answer: &Ran) {}
}

impl Watch for () {}

/// Runs everything in a text. Returns the text as it should be.
pub fn run(world: &ScratchHost, text: &str, watch: &mut dyn Watch) -> String {
    let mut out = String::new();
    let mut block = String::new();
    let mut write = String::new();
    let mut digest = String::new();
    let mut held = None;
    let mut input = String::new();
    for line in text.lines() {
        let is_recorded = block == "console"
            && ["? ", "> ", "! ", "!", ">"]
                .iter()
                .any(|p| line.starts_with(p));
        if is_recorded {
            continue;
        }
        writeln!(out, "{line}").unwrap();
        if let Some(kind) = line.strip_prefix("```") {
            if let Some(file) = block.strip_prefix("write ") {
                let scratch = world.dir().to_str().unwrap();
                world.write(file, &write.replace("[SCRATCH]", scratch));
            }
            (block, write) = (kind.to_owned(), String::new());
            continue;
        }
        match (block.as_str(), line.split_at_checked(2)) {
            ("console", Some(("$ ", command))) => {
                let args = words(&command.replace("[DIGEST]", &digest), world);
                assert_eq!(args[0], "gosync", "{line}");
                watch.before(world, &args[1..]);
                let answer = world.gosync_fed(&args[1..], &std::mem::take(&mut input));
                watch.after(world, &args[1..], &answer);
                digest = last_digest(&answer).unwrap_or(digest);
                record(&mut out, world, &answer);
            }
            ("console", Some(("< ", text))) => writeln!(input, "{text}").unwrap(),
            ("console", Some(("% ", script))) => world.shell(script),
            ("console", Some(("%h", "old"))) => held = Some(hold(world)),
            ("console", Some(("%r", "elease"))) => drop(held.take().expect("the lock is held")),
            ("console", _) => assert!(
                line.is_empty(),
                "neither a command nor what it said: {line}"
            ),
            (kind, _) if kind.starts_with("write ") => writeln!(write, "{line}").unwrap(),
            _ => {}
        }
    }
    assert!(block.is_empty(), "the last block does not end");
    out
}

fn hold(world: &ScratchHost) -> RunLock {
    RunLock::take(
        &world.root().join("run/gosync/lock"),
        Purpose::Change("sync users"),
        Wait::No,
        &mut |_| {},
    )
    .unwrap()
}

/// The words of a command line; single quotes hold a word together.
fn words(line: &str, world: &ScratchHost) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => out.push(String::new()),
            c => out.last_mut().unwrap().push(c),
        }
    }
    let scratch = world.dir().to_str().unwrap();
    out.iter()
        .filter(|word| !word.is_empty())
        .map(|word| word.replace("[SCRATCH]", scratch))
        .collect()
}

fn last_digest(answer: &Ran) -> Option<String> {
    let text = format!("{}{}", answer.out, answer.err);
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let mut digests = words.filter(|w| w.len() == 32 && w.bytes().all(|b| b.is_ascii_hexdigit()));
    digests.next_back().map(str::to_owned)
}

fn record(out: &mut String, world: &ScratchHost, answer: &Ran) {
    let day = Regex::new(r"copies/\d{4}-\d\d-\d\d\.sqlite").unwrap();
    let time = Regex::new(r"\b20\d\d(-\d\d-\d\dT\d\d:\d\d:\d\dZ|\d{4}T\d{6}Z)").unwrap();
    let took = Regex::new(r#""seconds": [0-9.]+"#).unwrap();
    let id = Regex::new(r"\bg-[0-9a-f]{32}\b").unwrap();
    writeln!(out, "? {}", answer.code.unwrap_or(-1)).unwrap();
    for (mark, text) in [(">", &answer.out), ("!", &answer.err)] {
        let text = text.replace(world.dir().to_str().unwrap(), "[SCRATCH]");
        let pid = std::process::id();
        let text = text.replace(&format!("pid = {pid}"), "pid = [PID]");
        let text = text.replace(&format!("pid {pid}, since"), "pid [PID], since");
        let text = text.replace(
            &format!("pid {} since", std::process::id()),
            "pid [PID] since",
        );
        let text = text.replace(
            &format!("\"pid\": {}", std::process::id()),
            "\"pid\": [PID]",
        );
        let text = id
            .replace_all(&time.replace_all(&text, "[TIME]"), "[ID]")
            .into_owned();
        let text = day.replace_all(&text, "copies/[DAY].sqlite");
        let text = took.replace_all(&text, "\"seconds\": [SECONDS]");
        for line in text.split_inclusive('\n') {
            match line.strip_suffix('\n') {
                Some("") => writeln!(out, "{mark}").unwrap(),
                Some(line) => writeln!(out, "{mark} {line}").unwrap(),
                None => writeln!(out, "{mark} {line}[no newline]").unwrap(),
            }
        }
    }
}

/// Compares what is checked in with what happened, or writes it.
pub fn compare(path: &str, found: &str) {
    if std::env::var_os("GOSYNC_BLESS").is_some() {
        std::fs::write(crate::here(path), found).unwrap();
        return;
    }
    let wanted = std::fs::read_to_string(crate::here(path)).unwrap_or_default();
    if wanted != found {
        // Shown with the difference; GOSYNC_BLESS=1 makes it new.
        let wanted = format!(
            "{path}, or GOSYNC_BLESS=1 cargo test --test it, if what happens now is right\n{wanted}"
        );
        let found = format!(
            "{path}, or GOSYNC_BLESS=1 cargo test --test it, if what happens now is right\n{found}"
        );
        snapbox::assert_data_eq!(
            snapbox::Data::text(found).raw(),
            snapbox::Data::text(wanted).raw()
        );
    }
}
