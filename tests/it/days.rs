//! Hosts over five days in which much goes wrong: what cron mails to the administrator, what the journal shows of the packaged
//! units, and what `status` and the metrics say, word for word in `days/cron.md` and `days/timer.md`.
//!
//! What runs is taken from the packaged cron.d file and units, for one hour of each day; libfaketime tells the program the
//! time, and nothing waits. `GOSYNC_BLESS=1 cargo test --test it days` writes both anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;

use regex::Regex;
use serde_json::json;

use crate::console;
use crate::metrics::{FILE, configuration, host, say};
use crate::scratch::{Ran, ScratchHost};

/// Runs begin at 08:00; times are minutes since then.
const MINUTES: u32 = 60;

/// What happens at a time: what it is, and how it comes about. The host is told what the runs said last.
type Event = (u32, &'static str, fn(&ScratchHost, &Host));

/// A day: what it is about, and what happens.
const DAYS: [(&str, &[Event]); 5] = [
    (
        "All is well, and somebody new comes",
        &[(21, "ann, who is new, is in the document.", new)],
    ),
    (
        "The provider cannot be read",
        &[(9, "The document is gone.", gone), (40, "It is back.", new)],
    ),
    (
        "More people leave than the limits allow",
        &[
            (
                9,
                "Five of eight people are inactive at the provider.",
                leave,
            ),
            (
                40,
                "The administrator has looked, and lets exactly this plan through.",
                approve,
            ),
        ],
    ),
    (
        "The ledger is lost",
        &[
            (9, "Its file is gone.", lose),
            (40, "The administrator puts the newest copy back.", restore),
        ],
    ),
    (
        "A record cannot be used",
        &[(9, "max has a login that no account can have.", odd)],
    ),
];

const PEOPLE: [&str; 7] = ["ben", "cay", "dan", "eve", "fay", "gus", "hal"];

/// What runs on the host.
struct Host {
    /// How often, in minutes, and which words.
    runs: Vec<(u32, Vec<String>)>,
    has_journal: bool,
}

/// What the packaged crontab runs.
fn cron() -> Host {
    let text = crate::text("share/cron.d/gosync");
    let lines = text.lines().filter(|line| line.starts_with("*/"));
    let run = |line: &str| {
        let every = line[2..].split(' ').next().unwrap().parse().unwrap();
        (every, words(line.rsplit("|| ").next().unwrap()))
    };
    Host {
        runs: lines.map(run).collect(),
        has_journal: false,
    }
}

/// What the packaged timers start.
fn timer() -> Host {
    let run = |name: &str| {
        let unit = |end: &str| crate::text(&format!("share/systemd/{name}.{end}"));
        let value = |text: &str, key: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(key));
            value.unwrap().to_owned()
        };
        let every = value(&unit("timer"), "OnUnitInactiveSec=").replace("min", "");
        (
            every.parse().unwrap(),
            words(&value(&unit("service"), "ExecStart=")),
        )
    };
    Host {
        runs: ["gosync-new", "gosync"].map(run).into(),
        has_journal: true,
    }
}

/// The words of a command behind the program, without the pause that spreads hosts.
fn words(command: &str) -> Vec<String> {
    let mut words = command.split(' ').map(str::to_owned);
    assert_eq!(words.next().as_deref(), Some("/usr/local/bin/gosync"));
    let words: Vec<String> = words.collect();
    match words.iter().position(|word| word == "--splay") {
        Some(at) => [&words[..at], &words[at + 2..]].concat(),
        None => words,
    }
}

fn clock(day: usize, minute: u32) -> String {
    format!(
        "2031-03-{:02} {:02}:{:02}:00",
        day + 3,
        8 + minute / 60,
        minute % 60
    )
}

/// Runs the program at a time.
fn at(host: &ScratchHost, time: &str, words: &[String], has_journal: bool) -> Ran {
    let library = ["x86_64", "aarch64"]
        .map(|machine| format!("/usr/lib/{machine}-linux-gnu/faketime/libfaketime.so.1"))
        .into_iter()
        .find(|path| fs::exists(path).unwrap());
    let library = library.expect("libfaketime is missing: install the Debian package libfaketime");
    let files = ["said.out", "said.err"].map(|name| host.dir().join(name));
    let [out, err] = files.each_ref().map(|path| File::create(path).unwrap());
    let stream = err.metadata().unwrap();
    let mut command = host.command(words);
    command
        .env("LD_PRELOAD", library)
        .env("FAKETIME", format!("@{time}"))
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("NO_FAKE_STAT", "1")
        .env("TZ", "UTC");
    if has_journal {
        command.env(
            "JOURNAL_STREAM",
            format!("{}:{}", stream.dev(), stream.ino()),
        );
    }
    let code = command.stdout(out).stderr(err).status().unwrap().code();
    let [out, err] = files.map(|path| fs::read_to_string(path).unwrap());
    Ran { code, out, err }
}

fn document(host: &ScratchHost, inactive: &[&str], more: &[serde_json::Value]) {
    let person = |login: &&str| json!({"id": format!("id-{login}"), "login": login, "active": !inactive.contains(login)});
    let mut users: Vec<_> = PEOPLE.iter().map(person).collect();
    users.extend_from_slice(more);
    let members = json!([{"user": "id-ben"}]);
    let groups = json!([{"id": "g", "name": "lab", "members": members}]);
    say(host, "p", &json!({"users": users, "groups": groups}));
}

fn ann() -> serde_json::Value {
    json!({"id": "id-ann", "login": "ann"})
}

fn new(host: &ScratchHost, _: &Host) {
    document(host, &[], &[ann()]);
}

fn gone(host: &ScratchHost, _: &Host) {
    fs::remove_file(host.dir().join("p.json")).unwrap();
}

fn leave(host: &ScratchHost, _: &Host) {
    document(host, &PEOPLE[..5], &[ann()]);
}

fn odd(host: &ScratchHost, _: &Host) {
    document(
        host,
        &PEOPLE[..5],
        &[ann(), json!({"id": "id-max", "login": "max power"})],
    );
}

fn lose(host: &ScratchHost, _: &Host) {
    fs::remove_file(host.root().join("var/lib/gosync/ledger.sqlite")).unwrap();
}

/// What the administrator was told to run.
fn told(host: &ScratchHost, start: &str) -> Vec<String> {
    let said = fs::read_to_string(host.dir().join("mail")).unwrap();
    let at = said
        .find(start)
        .unwrap_or_else(|| panic!("{start}: {said}"));
    let words = said[at + start.len()..].split([' ', '`', '\n']);
    let argument = words.map(str::trim).find(|word| !word.is_empty()).unwrap();
    vec![argument.to_owned()]
}

/// The administrator runs what a mail said, with the argument that stands there behind `start`.
fn follow_advice(host: &ScratchHost, (day, words): (usize, [&str; 2]), start: &str) {
    let words = [&words.map(str::to_owned)[..], &told(host, start)].concat();
    let ran = at(host, &clock(day, 40), &words, false);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

fn approve(host: &ScratchHost, _: &Host) {
    let start = "run it once with --approve ";
    follow_advice(host, (2, ["sync", "--approve"]), start);
}

fn restore(host: &ScratchHost, _: &Host) {
    follow_advice(host, (3, ["ledger", "restore"]), "ledger restore ");
}

/// What is the same in every run of the test.
fn stable(host: &ScratchHost, text: &str) -> String {
    let text = text.replace(host.dir().to_str().unwrap(), "[SCRATCH]");
    let day = Regex::new(r"copies/\d{4}-\d\d-\d\d\.sqlite").unwrap();
    let time = Regex::new(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ").unwrap();
    time.replace_all(&day.replace_all(&text, "copies/[DAY].sqlite"), "[TIME]")
        .into_owned()
}

/// What was said in a run, and how the run is judged: by the mail that cron sends, or the state of the unit.
fn noticed(host: &ScratchHost, runs: &Host, words: &[String], ran: &Ran) -> String {
    let mut lines = stable(host, &format!("{}{}", ran.out, ran.err));
    match (runs.has_journal, ran.code) {
        (false, _) => {}
        // SuccessExitStatus= of the units.
        (true, Some(0 | 11)) => {}
        (true, code) => writeln!(lines, "(the unit failed: status={})", code.unwrap()).unwrap(),
    }
    if !lines.is_empty() {
        lines = format!("$ gosync {}\n{lines}", words.join(" "));
    }
    lines
}

/// What `status` and the metrics said when they were looked at last.
#[derive(Default)]
struct Seen {
    status: String,
    samples: BTreeMap<String, String>,
}

impl Seen {
    /// Looks again, and says what is new.
    fn look(&mut self, host: &ScratchHost, time: &str) -> String {
        let mut out = String::new();
        let ran = at(host, time, &["status".to_owned()], false);
        let status = stable(host, &format!("{}{}", ran.out, ran.err));
        let rows = status
            .lines()
            .filter(|line| !line.starts_with("configuration"));
        let rows: Vec<&str> = rows.collect();
        let status = format!(
            "\n`gosync status` ends with {}:\n\n```\n{}\n```\n",
            ran.code.unwrap(),
            rows.join("\n")
        );
        if status != self.status {
            out.push_str(&status);
        }
        self.status = status;
        let moved = self.moved(host);
        if !moved.is_empty() {
            write!(out, "\nMetrics that moved:\n\n```\n{moved}```\n").unwrap();
        }
        out
    }

    /// The samples that are not what they were, without times; what was not there before counts as 0.
    fn moved(&mut self, host: &ScratchHost) -> String {
        let text = host.read(FILE);
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let samples = samples.filter_map(|line| line.rsplit_once(' '));
        let is_time = |name: &str| name.contains("_seconds") || name.contains("timestamp");
        let mut out = String::new();
        for (name, value) in samples.filter(|(name, _)| !is_time(name)) {
            let before = self.samples.insert(name.to_owned(), value.to_owned());
            if before.as_deref().unwrap_or("0") != value {
                writeln!(out, "{name} {value}").unwrap();
            }
        }
        out
    }
}

/// Runs that are not worth a line each.
#[derive(Default)]
struct Counted {
    silent: u32,
    again: u32,
}

impl Counted {
    /// How many there were since the last time.
    fn take(&mut self) -> String {
        let counts = [
            (self.again, "said the same again"),
            (self.silent, "said nothing"),
        ];
        *self = Self::default();
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        counts
            .map(|(count, what)| format!("\n{count} runs {what}.\n"))
            .collect()
    }
}

/// Plays all days.
fn play(title: &str, runs: &Host) -> String {
    let mut host = host(&configuration(""));
    host.leaves_stamps = true;
    document(&host, &[], &[]);
    let mut out = format!("# {title}\n");
    let mut seen = Seen::default();
    for (day, (about, events)) in DAYS.iter().enumerate() {
        write!(out, "\n## {about}\n").unwrap();
        let mut counted = Counted::default();
        let mut last = BTreeMap::new();
        for minute in 0..MINUTES {
            let time = clock(day, minute);
            for (_, what, bring) in events.iter().filter(|(at, ..)| *at == minute) {
                out.push_str(&counted.take());
                out.push_str(&seen.look(&host, &time));
                write!(out, "\n{}: {what}\n", &time[11..16]).unwrap();
                bring(&host, runs);
            }
            for (every, words) in runs.runs.iter().filter(|(every, _)| minute % every == 0) {
                let ran = at(&host, &time, words, runs.has_journal);
                if !ran.err.is_empty() {
                    fs::write(host.dir().join("mail"), &ran.err).unwrap();
                }
                let said = noticed(&host, runs, words, &ran);
                if said.is_empty() {
                    counted.silent += 1;
                } else if last.insert(*every, said.clone()).as_ref() == Some(&said) {
                    counted.again += 1;
                } else {
                    out.push_str(&counted.take());
                    write!(out, "\n{}:\n\n```\n{said}```\n", &time[11..16]).unwrap();
                }
            }
        }
        out.push_str(&counted.take());
        out.push_str(&seen.look(&host, &clock(day, MINUTES)));
    }
    out
}

fn check(name: &str, title: &str, host: &Host) {
    let path = format!("tests/it/days/{name}.md");
    console::compare(&path, &play(title, host));
}

#[test]
fn what_cron_mails() {
    check(
        "cron",
        "Five days of a host with cron: what comes by mail",
        &cron(),
    );
}

#[test]
fn what_the_journal_shows() {
    check(
        "timer",
        "Five days of a host with timers: what the journal shows",
        &timer(),
    );
}
