//! The metrics of real runs: what is in the file after each way to end.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use serde_json::{Value, json};

use crate::manifest::Tree;
use crate::scratch::{Ran, ScratchHost};

/// Where the file is, below the root.
pub(crate) const DIR: &str = "var/lib/prometheus/node-exporter";
pub(crate) const FILE: &str = "var/lib/prometheus/node-exporter/gosync.prom";

/// A configuration with this text before the section of its provider `p`.
pub(crate) fn configuration(more: &str) -> String {
    format!(
        "[metrics]\ntextfile = \"/{FILE}\"\n{more}\n[provider.p]\nkind = \"file\"\npath = \"p.json\"\n"
    )
}

pub(crate) fn host(configuration: &str) -> ScratchHost {
    let host = ScratchHost::new(&Tree::base());
    host.write("gosync.toml", configuration);
    fs::create_dir_all(host.root().join(DIR)).unwrap();
    host
}

/// A host on which three people, one of them with a name that is refused, a group and a derived target are in step.
pub(crate) fn in_step() -> ScratchHost {
    let target = "[target.map]\nkind = \"template\"\npath = \"/etc/map\"\nline = \"{name}\"\n";
    let host = host(&configuration(&format!(
        "[gosync]\ntargets = [\"host\", \"map\"]\n{target}"
    )));
    say(&host, "p", &people(&["ann", "bob", "a.b"]));
    sync(&host).expect(0);
    host
}

pub(crate) fn say(host: &ScratchHost, provider: &str, document: &Value) {
    host.write(&format!("{provider}.json"), &document.to_string());
}

pub(crate) fn people(logins: &[&str]) -> Value {
    let person = |login: &&str| json!({"id": format!("id-{login}"), "login": login});
    let users: Vec<Value> = logins.iter().map(person).collect();
    let members = json!([{"user": format!("id-{}", logins[0])}]);
    let groups = json!([{"id": "g", "name": format!("of-{}", logins[0]), "members": members}]);
    json!({"users": users, "groups": groups})
}

pub(crate) fn sync(host: &ScratchHost) -> Ran {
    host.gosync(&["sync"])
}

pub(crate) fn text(host: &ScratchHost) -> String {
    host.read(FILE)
}

/// The value of a sample; `None`: there is none.
fn find(text: &str, sample: &str) -> Option<f64> {
    let mut lines = text.lines().filter_map(|line| line.rsplit_once(' '));
    let found = lines.find(|(name, _)| *name == format!("gosync_{sample}"));
    found.map(|(_, value)| value.parse().unwrap())
}

#[track_caller]
fn expect(text: &str, samples: &[(&str, f64)]) {
    for (sample, value) in samples {
        assert_eq!(find(text, sample), Some(*value), "{sample} in\n{text}");
    }
}

/// A sample of the last run of a sync of `p`.
pub(crate) fn of_run(what: &str, command: &str) -> String {
    format!("{what}{{command=\"{command}\",provider=\"p\"}}")
}

fn value(text: &str, sample: &str) -> f64 {
    find(text, sample).unwrap_or_else(|| panic!("no {sample} in\n{text}"))
}

/// What is in the directory of the file.
pub(crate) fn names(host: &ScratchHost) -> Vec<String> {
    let entries = fs::read_dir(host.root().join(DIR)).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect()
}

/// Every moment in the note of the last runs becomes one of long ago.
fn age_note(host: &ScratchHost) {
    let path = host.root().join("var/lib/gosync/last-runs.json");
    let moment = regex::Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        moment.replace_all(&text, "2026-01-01T00:00:00Z").as_bytes(),
    )
    .unwrap();
}

/// That moment.
const LONG_AGO: f64 = 1_767_225_600.0;

#[test]
fn a_good_run_leaves_its_figures_for_everybody_to_read() {
    let host = in_step();
    let text = text(&host);
    expect(
        &text,
        &[
            ("build_info{version=\"0.1.0\"}", 1.0),
            (&of_run("last_run_exit_code", "sync users"), 0.0),
            (&of_run("last_run_exit_code", "sync groups"), 0.0),
            (&of_run("refused_by_limit", "sync users"), 0.0),
            (&of_run("people_not_out", "sync users"), 0.0),
            (
                "provider_records{provider=\"p\",kind=\"user\",verdict=\"used\"}",
                2.0,
            ),
            (
                "provider_records{provider=\"p\",kind=\"user\",verdict=\"refused\"}",
                1.0,
            ),
            (
                "provider_records{provider=\"p\",kind=\"group\",verdict=\"used\"}",
                1.0,
            ),
            ("accounts{state=\"active\"}", 2.0),
            ("groups{state=\"active\"}", 1.0),
            ("hooks{state=\"given_up\"}", 0.0),
            ("missing_accounts", 0.0),
            ("changes_total{kind=\"account\",change=\"created\"}", 2.0),
            ("changes_total{kind=\"group\",change=\"created\"}", 1.0),
            ("changes_total{kind=\"account\",change=\"locked\"}", 0.0),
        ],
    );
    let ended = value(&text, &of_run("last_run_timestamp_seconds", "sync users"));
    for same in [
        "last_success_timestamp_seconds",
        "last_complete_read_timestamp_seconds",
        "last_confirmed_read_timestamp_seconds",
    ] {
        assert_eq!(value(&text, &of_run(same, "sync users")), ended, "{same}");
    }
    assert!(value(&text, "config_last_change_timestamp_seconds") <= ended);
    assert!(value(&text, &of_run("last_run_duration_seconds", "sync users")) > 0.0);
    let meta = fs::metadata(host.root().join(FILE)).unwrap();
    assert_eq!(meta.mode() & 0o7777, 0o644);
    assert_eq!(names(&host), ["gosync.prom"]);
    let doctor = host.gosync(&["doctor", "--offline"]);
    assert!(!doctor.out.contains("no metrics"), "{doctor:?}");
}

#[test]
fn a_run_that_failed_keeps_what_it_did_not_learn() {
    let host = in_step();
    age_note(&host);
    host.write("p.json", "{");
    sync(&host).expect(12);
    let text = text(&host);
    expect(
        &text,
        &[
            (&of_run("last_run_exit_code", "sync users"), 12.0),
            (
                &of_run("last_success_timestamp_seconds", "sync users"),
                LONG_AGO,
            ),
            (
                &of_run("last_complete_read_timestamp_seconds", "sync users"),
                LONG_AGO,
            ),
            (
                &of_run("last_confirmed_read_timestamp_seconds", "sync groups"),
                LONG_AGO,
            ),
            (
                "provider_records{provider=\"p\",kind=\"user\",verdict=\"refused\"}",
                1.0,
            ),
            (
                "provider_records{provider=\"p\",kind=\"user\",verdict=\"used\"}",
                2.0,
            ),
            ("accounts{state=\"active\"}", 2.0),
            ("changes_total{kind=\"account\",change=\"created\"}", 2.0),
        ],
    );
    assert!(value(&text, &of_run("last_run_timestamp_seconds", "sync users")) > LONG_AGO);
}

#[test]
fn a_run_that_a_limit_refused_says_so_and_has_changed_nothing() {
    let host = host(&configuration(
        "[limits]\nmax_removals = 1\nmax_removals_percent = 1\n",
    ));
    let mut all = people(&["ann", "bob", "bea", "ben", "cat"]);
    say(&host, "p", &all);
    sync(&host).expect(0);
    all["users"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .for_each(|user| user["active"] = false.into());
    say(&host, "p", &all);
    host.gosync(&["-q", "sync", "users"]).expect(10);
    expect(
        &text(&host),
        &[
            (&of_run("last_run_exit_code", "sync users"), 10.0),
            (&of_run("refused_by_limit", "sync users"), 1.0),
            (&of_run("refused_by_limit", "sync groups"), 0.0),
            ("accounts{state=\"active\"}", 5.0),
            ("accounts{state=\"locked\"}", 0.0),
            ("changes_total{kind=\"account\",change=\"locked\"}", 0.0),
        ],
    );
    host.gosync(&["-q", "sync", "users", "--approve", &digest(&host)])
        .expect(0);
    expect(
        &text(&host),
        &[
            (&of_run("refused_by_limit", "sync users"), 0.0),
            ("accounts{state=\"locked\"}", 5.0),
            ("changes_total{kind=\"account\",change=\"locked\"}", 5.0),
        ],
    );
}

fn digest(host: &ScratchHost) -> String {
    let note: Value = serde_json::from_str(&host.read("var/lib/gosync/last-runs.json")).unwrap();
    note["runs"]["sync users"]["digest"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn who_should_be_out_and_is_not_is_counted_until_it_is_so_no_more() {
    let host = in_step();
    let by_hand = |from: &str, to: &str| {
        let passwd = host.read("etc/passwd").replace(from, to);
        host.write("root/etc/passwd", &passwd);
    };
    let mut gone = people(&["ann", "bob"]);
    gone["users"][0]["active"] = false.into();
    by_hand("ann:x:20000:", "ann:x:29999:");
    say(&host, "p", &gone);
    host.gosync(&["-q", "sync", "users"]).expect(5);
    let not_out = of_run("people_not_out", "sync users");
    expect(
        &text(&host),
        &[
            (&not_out, 1.0),
            (&of_run("last_run_exit_code", "sync users"), 5.0),
        ],
    );
    // A run that sees nobody knows no better.
    host.write("p.json", "{");
    host.gosync(&["-q", "sync", "users"]).expect(12);
    expect(&text(&host), &[(&not_out, 1.0)]);
    by_hand("ann:x:29999:", "ann:x:20000:");
    say(&host, "p", &gone);
    host.gosync(&["-q", "sync", "users"]).expect(0);
    expect(
        &text(&host),
        &[(&not_out, 0.0), ("accounts{state=\"locked\"}", 1.0)],
    );
}

#[test]
fn a_hook_that_is_given_up_is_counted() {
    let host = host(&configuration(
        "[hooks]\nattempts = 1\n[hooks.user]\nrun = [\"/bin/false\"]\n",
    ));
    say(&host, "p", &people(&["ann"]));
    host.gosync(&["-q", "sync", "users", "--root-hooks"])
        .expect(0);
    expect(&text(&host), &[("hooks{state=\"given_up\"}", 1.0)]);
}

#[test]
fn a_target_that_cannot_be_written_is_seen_until_it_can() {
    let host = in_step();
    let sample = "target_in_step{target=\"map\"}";
    expect(&text(&host), &[(sample, 1.0)]);
    let map = host.root().join("etc/map");
    fs::remove_file(&map).unwrap();
    fs::create_dir(&map).unwrap();
    sync(&host).expect(3);
    expect(&text(&host), &[(sample, 0.0)]);
    fs::remove_dir(&map).unwrap();
    sync(&host).expect(0);
    expect(&text(&host), &[(sample, 1.0)]);
}

#[test]
fn a_run_in_which_nothing_moved_opens_no_ledger_and_keeps_its_figures() {
    let mut host = host(&configuration(""));
    say(&host, "p", &people(&["ann", "bob", "a.b"]));
    host.leaves_stamps = true;
    sync(&host).expect(0);
    std::thread::sleep(std::time::Duration::from_secs(3));
    // The first run after a change leaves a stamp, the second finds it.
    sync(&host).expect(0);
    let first = text(&host);
    age_note(&host);
    fs::remove_file(host.root().join(FILE)).unwrap();
    let trace = host.dir().join("trace");
    let traced = traced(&host, &trace);
    assert_eq!(
        traced.out.matches("nothing has moved since").count(),
        2,
        "{traced:?}"
    );
    let calls = fs::read_to_string(&trace).unwrap();
    assert!(calls.contains("gosync.prom"), "{calls}");
    let opened = calls
        .lines()
        .filter(|line| line.contains("open") && line.contains("ledger"));
    assert_eq!(opened.collect::<Vec<_>>(), [] as [&str; 0]);
    let unmoved = text(&host);
    let is_figure = |line: &&str| !line.contains("_seconds");
    let figures =
        |text: &str| -> Vec<String> { text.lines().filter(is_figure).map(str::to_owned).collect() };
    assert_eq!(figures(&unmoved), figures(&first));
    let now = value(
        &unmoved,
        &of_run("last_run_timestamp_seconds", "sync users"),
    );
    expect(
        &unmoved,
        &[
            (
                &of_run("last_complete_read_timestamp_seconds", "sync users"),
                LONG_AGO,
            ),
            (
                &of_run("last_confirmed_read_timestamp_seconds", "sync users"),
                now,
            ),
        ],
    );
}

/// A sync with every file that it opens.
pub(crate) fn traced(host: &ScratchHost, trace: &std::path::Path) -> Ran {
    let gosync = host.command(&["sync"]);
    let mut strace = std::process::Command::new("strace");
    strace.args([
        "-f",
        "-e",
        "trace=open,openat,openat2,renameat,renameat2,rename",
        "-o",
    ]);
    strace
        .arg(trace)
        .arg(gosync.get_program())
        .args(gosync.get_args());
    strace.env_clear().current_dir(host.dir());
    strace.envs(
        gosync
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let output = strace.output().unwrap_or_else(|e| {
        panic!("strace cannot be run ({e}): install the Debian package strace")
    });
    Ran::from(output).expect(0)
}

#[test]
fn each_provider_has_its_own_series_and_one_that_is_not_read_any_more_has_none() {
    let sections = |more: &str| {
        let section =
            |name| format!("[provider.{name}]\nkind = \"file\"\npath = \"{name}.json\"\n");
        let (campus, lab) = (
            section("campus"),
            section("'l\"ab'").replace("'l\"ab'.json", "lab.json"),
        );
        format!(
            "[metrics]\ntextfile = \"/{FILE}\"\n[gosync]\nproviders = [\"campus\", 'l\"ab']\n{campus}{lab}{more}"
        )
    };
    let host = host(&sections(""));
    say(&host, "campus", &people(&["ann"]));
    say(&host, "lab", &people(&["cat", "dan"]));
    sync(&host).expect(0);
    host.write("campus.json", "{");
    sync(&host).expect(12);
    expect(
        &text(&host),
        &[
            (
                "last_run_exit_code{command=\"sync users\",provider=\"campus\"}",
                12.0,
            ),
            (
                "last_run_exit_code{command=\"sync groups\",provider=\"campus\"}",
                12.0,
            ),
            (
                "last_run_exit_code{command=\"sync users\",provider=\"l\\\"ab\"}",
                0.0,
            ),
            (
                "provider_records{provider=\"l\\\"ab\",kind=\"user\",verdict=\"used\"}",
                2.0,
            ),
            ("accounts{state=\"active\"}", 3.0),
        ],
    );
    host.write("gosync.toml", &sections("active = false\n"));
    sync(&host).expect(12);
    assert!(!text(&host).contains("ab\""), "{}", text(&host));
}

#[test]
fn what_was_tried_once_by_hand_is_not_shown_for_ever() {
    let host = in_step();
    host.write("p.json", "{");
    host.gosync(&["-q", "sync", "users", "--new"]).expect(12);
    let failing = of_run("last_run_exit_code", "sync users --new");
    assert_eq!(find(&text(&host), &failing), Some(12.0));
    host.gosync(&["-q", "sync", "users", "--only", "ann"])
        .expect(12);
    assert!(!text(&host).contains("--only"));
    say(&host, "p", &people(&["ann", "bob", "a.b"]));
    host.gosync(&["-q", "sync", "users"]).expect(0);
    assert_eq!(find(&text(&host), &failing), None);
}

#[test]
fn status_and_metrics_say_the_same() {
    let host = in_step();
    let mut fewer = people(&["ann", "a.b"]);
    fewer["users"][0]["active"] = false.into();
    say(&host, "p", &fewer);
    sync(&host);
    let (status, text) = (host.gosync(&["status", "--format", "json"]), text(&host));
    let status: Value = serde_json::from_str(&status.out).unwrap();
    let number = |pointer: &str| status.pointer(pointer).unwrap().as_f64().unwrap();
    let moment = |pointer: &str| {
        let at = status.pointer(pointer).unwrap().as_str().unwrap();
        at.parse::<jiff::Timestamp>().unwrap().as_second() as f64
    };
    assert!(
        number("/accounts/locked") > 0.0 && number("/missing") > 0.0,
        "{status}"
    );
    for (sample, told) in [
        (
            "accounts{state=\"active\"}".to_owned(),
            number("/accounts/active"),
        ),
        (
            "accounts{state=\"locked\"}".to_owned(),
            number("/accounts/locked"),
        ),
        (
            "groups{state=\"active\"}".to_owned(),
            number("/groups/active"),
        ),
        ("missing_accounts".to_owned(), number("/missing")),
        (
            "hooks{state=\"queued\"}".to_owned(),
            number("/hooks/queued"),
        ),
        (
            "hooks{state=\"given_up\"}".to_owned(),
            number("/hooks/given_up"),
        ),
        (
            of_run("last_run_exit_code", "sync users"),
            number("/last_runs/sync users/exit"),
        ),
        (
            of_run("last_run_exit_code", "sync groups"),
            number("/last_runs/sync groups/exit"),
        ),
        (
            of_run("last_run_timestamp_seconds", "sync users"),
            moment("/last_runs/sync users/ended"),
        ),
        (
            of_run("last_complete_read_timestamp_seconds", "sync users"),
            moment("/last_complete_read/sync users"),
        ),
        (
            "provider_records{provider=\"p\",kind=\"user\",verdict=\"refused\"}".to_owned(),
            number("/last_runs/sync users/refused/0/count"),
        ),
    ] {
        assert_eq!(find(&text, &sample), Some(told), "{sample} in\n{text}");
    }
}
