//! What is printed for programs: the schemas, the runs that no transcript can have, the events of the log, and what the journal
//! is told.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::thread;
use std::time::Duration;

use gosync::testing::cli::output_text;
use nix::sys::signal::Signal;
use serde_json::{Map, Value, json};

use crate::follower::Follower;
use crate::manifest::Tree;
use crate::scratch::{Ran, ScratchHost};
use crate::{here, schema};

/// The documents; each is looked for by a test.
const NAMES: [&str; 11] = [
    "accounts",
    "directory",
    "doctor",
    "drift",
    "event",
    "groups",
    "history",
    "people",
    "run",
    "status",
    "why",
];

/// A host with these people at one provider, who are in one group.
fn host(logins: &[&str]) -> ScratchHost {
    let host = ScratchHost::new(&Tree::base());
    say(&host, "directory.json", logins);
    host
}

fn say(host: &ScratchHost, file: &str, logins: &[&str]) {
    let person = |login: &&str| json!({"id": format!("u-{login}"), "login": login});
    let users: Vec<Value> = logins.iter().map(person).collect();
    let members = users.iter().map(|user| json!({"user": user["id"]}));
    let members: Vec<Value> = members.collect();
    let groups = json!([{"id": "g-1", "name": "lab", "members": members}]);
    let document = json!({"users": users, "groups": groups});
    host.write(file, &document.to_string());
}

/// The document that a command line ends with, which must end so; the schema has been asked by then.
fn document(host: &ScratchHost, line: &str, code: i32) -> (Value, Ran) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let ran = host.gosync(&words).expect(code);
    (schema::parse(&ran.out), ran)
}

/// What each run of a document says under a key.
fn each<'a>(document: &'a Value, key: &str) -> Vec<&'a Value> {
    let runs = document["runs"].as_array().unwrap();
    runs.iter().map(|run| &run[key]).collect()
}

#[test]
fn there_is_a_schema_for_each_document() {
    let entries = fs::read_dir(here(schema::DIRECTORY)).unwrap();
    let files = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // What hooks read is checked where they run: tests/host/hooks.
    let wanted = NAMES.into_iter().chain(["hook"]);
    let wanted = wanted.map(|name| format!("{name}.schema.json"));
    assert_eq!(files.collect::<BTreeSet<_>>(), wanted.collect());
    for name in NAMES {
        let schema = schema::of(name);
        assert_eq!(
            schema["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        closed(&schema, name);
    }
}

/// The words that stand at the beginning of the rows of a list, several in one row by commas.
fn terms(rows: &[(&str, &str)]) -> BTreeSet<String> {
    let terms = rows.iter().flat_map(|(term, _)| term.split(", "));
    terms.map(str::to_owned).collect()
}

fn keys(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_manual_tells_what_the_schemas_do() {
    let files = NAMES.iter().filter(|name| **name != "event");
    let files = files.map(|name| format!("{name}.schema.json"));
    assert_eq!(terms(&output_text::DOCUMENTS), files.collect());
    let run = &schema::of("run")["$defs"]["run"]["properties"];
    assert_eq!(terms(&output_text::RUN_KEYS), keys(run));
    let outcomes = run["outcome"]["enum"].as_array().unwrap();
    let outcomes = outcomes
        .iter()
        .map(|word| word.as_str().unwrap().to_owned());
    assert_eq!(terms(&output_text::OUTCOMES), outcomes.collect());
    let mut of_events = BTreeSet::new();
    for event in schema::of("event")["oneOf"].as_array().unwrap() {
        of_events.append(&mut keys(&event["properties"]));
    }
    for key in ["timestamp", "target", "message"] {
        assert!(of_events.remove(key), "{key}");
    }
    assert_eq!(terms(&output_text::EVENT_FIELDS), of_events);
}

/// Every object says which keys it may have, or what all its values are.
fn closed(schema: &Value, place: &str) {
    if let Value::Object(object) = schema {
        if object.get("type").is_some_and(|it| it == "object") {
            let more = object.get("additionalProperties");
            let more = more.unwrap_or_else(|| panic!("{place} is open"));
            let is_map = more.is_object() && !object.contains_key("properties");
            assert!(*more == false || is_map, "{place} is open");
        }
        for (key, value) in object {
            closed(value, &format!("{place}/{key}"));
        }
    }
    for value in schema.as_array().into_iter().flatten() {
        closed(value, place);
    }
}

/// A document with one more key in one of its objects, for each of them.
fn with_a_key_more(document: &Value) -> Vec<Value> {
    let mut out = Vec::new();
    match document {
        Value::Object(object) => {
            let mut more = object.clone();
            more.insert("surprise".to_owned(), 1.into());
            out.push(Value::Object(more));
            for (key, value) in object {
                let of = |value| {
                    let mut object: Map<String, Value> = object.clone();
                    object.insert(key.clone(), value);
                    Value::Object(object)
                };
                out.extend(with_a_key_more(value).into_iter().map(of));
            }
        }
        Value::Array(all) => {
            for (at, value) in all.iter().enumerate() {
                let of = |value| {
                    let mut all = all.clone();
                    all[at] = value;
                    Value::Array(all)
                };
                out.extend(with_a_key_more(value).into_iter().map(of));
            }
        }
        _ => {}
    }
    out
}

#[test]
fn a_key_that_no_schema_knows_is_found_wherever_it_stands() {
    let host = host(&["ann", "root"]);
    let (run, _) = document(&host, "sync --format json", 0);
    let more = with_a_key_more(&run);
    assert!(more.len() > 10, "{}", more.len());
    for document in more {
        assert!(schema::error("run", &document).is_some(), "{document:#}");
    }
    assert_eq!(schema::error("run", &run), None);
}

#[test]
fn several_providers_are_told_in_one_document() {
    let host = host(&[]);
    let section = |name| format!("[provider.{name}]\nkind = \"file\"\npath = \"{name}.json\"\n");
    let both = format!("{}{}", section("campus"), section("lab"));
    let chosen = "[gosync]\nproviders = [\"campus\", \"lab\"]\n";
    host.write("gosync.toml", &format!("{chosen}{both}"));
    say(&host, "campus.json", &["ann", "bob"]);
    host.write("lab.json", "{");
    let (both, ran) = document(&host, "sync --format json", 12);
    assert_eq!(each(&both, "provider"), ["campus", "campus", "lab", "lab"]);
    let outcomes = ["done", "done", "broken-off", "not-begun"];
    assert_eq!(each(&both, "outcome"), outcomes);
    assert_eq!(
        each(&both, "run"),
        [&json!(1), &json!(2), &Value::Null, &Value::Null]
    );
    assert_eq!(both["runs"][0]["changes"][1]["name"], "bob");
    assert!(both["error"].is_null() && both["exit"]["reason"] == "provider");
    let message = both["runs"][2]["error"]["message"].as_str().unwrap();
    assert!(ran.err.contains(message), "{ran:?}");
    // The dry run is one document, too, and the same changes.
    host.write(
        "lab.json",
        "{\"users\": [{\"id\": \"l-1\", \"login\": \"cat\"}], \"groups\": []}",
    );
    let (dry, _) = document(&host, "sync users -n --exit-code --format json", 4);
    let (real, _) = document(&host, "sync users --format json", 0);
    assert_eq!(each(&dry, "changes"), each(&real, "changes"));
    assert_eq!(each(&dry, "applied"), [false, false]);
    assert_eq!(each(&real, "applied"), [true, true]);
    assert_eq!(dry["exit"], json!({"status": 4, "reason": "pending"}));
    assert_eq!(each(&real, "run"), [&Value::Null, &json!(3)]);
}

#[test]
fn a_run_that_finds_nothing_moved_says_so() {
    let mut host = host(&["ann"]);
    host.leaves_stamps = true;
    host.gosync(&["-q", "sync"]).expect(0);
    thread::sleep(Duration::from_secs(4));
    host.gosync(&["-q", "sync"]).expect(0);
    let (document, ran) = document(&host, "sync --format json", 0);
    assert_eq!(
        each(&document, "outcome"),
        ["unmoved", "unmoved"],
        "{ran:?}"
    );
    for read in each(&document, "read") {
        assert_eq!(read["unmoved"], true, "{document:#}");
    }
}

#[test]
fn a_target_that_is_behind_is_named() {
    let host = host(&["ann"]);
    host.write(
        "gosync.toml",
        "[gosync]\ntargets = [\"host\", \"map\"]\n[provider.p]\nkind = \"file\"\npath = \"directory.json\"\n\
         [target.map]\nkind = \"template\"\npath = \"/etc/grid/mapfile\"\nline = '{name}'\n",
    );
    let (document, ran) = document(&host, "sync users --format json", 3);
    assert_eq!(document["behind"], json!(["map"]), "{document:#}");
    let run = &document["runs"][0];
    assert_eq!(
        (&run["outcome"], &run["target"], &run["exit"]["status"]),
        (&json!("done"), &json!("host"), &json!(0))
    );
    assert_eq!(run["changes"][0]["name"], "ann");
    assert!(ran.err.contains("target map is not in step: "), "{ran:?}");
}

/// The events in a log.
fn events(ran: &Ran) -> Vec<Value> {
    let lines = ran.err.lines().filter(|line| line.starts_with('{'));
    let all = lines.map(schema::parse);
    let events: Vec<Value> = all.filter(|it| it["target"] == "gosync::event").collect();
    events.iter().for_each(|event| schema::fits("event", event));
    events
}

fn words<'a>(events: &'a [Value], keys: &[&str]) -> Vec<Vec<&'a str>> {
    let word = |event: &'a Value, key: &&str| event[*key].as_str().unwrap_or("-");
    let row = |event| keys.iter().map(|key| word(event, key)).collect();
    events.iter().map(row).collect()
}

#[test]
fn the_log_has_one_event_for_each_change_each_refusal_and_each_limit() {
    let host = host(&["ann", "bob", "cat", "dan", "root"]);
    let log = |line: &str, code| {
        let line = format!("-q {line} --log-format json");
        let words: Vec<&str> = line.split_whitespace().collect();
        events(&host.gosync(&words).expect(code))
    };
    let made = log("sync users", 0);
    let keys = ["level", "event", "kind", "name", "change", "reason"];
    let created = |name| vec!["INFO", "change", "account", name, "create-account", "-"];
    let refused = vec!["WARN", "refusal", "account", "root", "-", "system-name"];
    let wanted = [
        created("ann"),
        created("bob"),
        created("cat"),
        created("dan"),
        refused.clone(),
    ];
    assert_eq!(words(&made, &keys), wanted);
    for event in &made[..4] {
        assert_eq!(
            (&event["applied"], &event["run"]),
            (&json!(true), &json!(1))
        );
        assert!(event["uid"].is_u64() && event["id"].is_string(), "{event}");
    }
    let dry = log("sync groups -n", 0);
    let group = vec!["INFO", "change", "group", "lab", "create-group", "-"];
    assert_eq!(words(&dry, &keys), [group]);
    assert_eq!(
        (&dry[0]["applied"], &dry[0]["run"]),
        (&json!(false), &Value::Null)
    );
    // Everybody is shut out.
    let shut = text_of(&host).replace("\"login\":", "\"active\":false,\"login\":");
    host.write("directory.json", &shut);
    let over = log("sync users", 10);
    // At most so many, and never all of them.
    let limits = ["run", "none-left"].map(|reason| vec!["ERROR", "limit", reason]);
    assert_eq!(words(&over, &["level", "event", "reason"]), limits);
    let limit = &over[0];
    assert_eq!((&limit["count"], &limit["of"]), (&json!(4), &json!(4)));
    let digest = limit["digest"].as_str().unwrap();
    let locked = log(&format!("sync users --approve {digest}"), 0);
    let lock = |name| {
        vec![
            "INFO",
            "change",
            "account",
            name,
            "lock-account",
            "shut-out",
        ]
    };
    let locks = words(&locked, &keys);
    let locks: Vec<_> = locks.into_iter().filter(|row| row[1] == "change").collect();
    assert_eq!(locks, ["ann", "bob", "cat", "dan"].map(lock));
}

#[test]
fn follow_logs_each_change_and_a_refusal_once() {
    let host = host(&["ann", "root"]);
    let path = host.dir().join("gosync.toml");
    let text = fs::read_to_string(path).unwrap();
    host.write("gosync.toml", &format!("{text}[follow]\nevery = \"1s\"\n"));
    let mut follower = Follower::synced(&host, &["--log-format", "json"]);
    for logins in [&["ann", "bob", "root"][..], &["ann", "bob", "cat", "root"]] {
        say(&host, "directory.json", logins);
        let name = format!("\n{}:", logins[logins.len() - 2]);
        follower.until_file(&host, "etc/passwd", &name, true);
    }
    follower.at_rest();
    let ran = follower.end(Signal::SIGTERM).expect(0);
    let events = events(&ran);
    let of = |event: &str| {
        let of_accounts = events.iter().filter(|it| it["kind"] == "account");
        let names = of_accounts.filter(|it| it["event"] == event);
        names.map(|it| it["name"].as_str().unwrap()).collect()
    };
    let (changes, refusals): (Vec<&str>, Vec<&str>) = (of("change"), of("refusal"));
    assert_eq!(changes, ["ann", "bob", "cat"], "{ran:?}");
    assert_eq!(refusals, ["root"], "{ran:?}");
}

fn text_of(host: &ScratchHost) -> String {
    fs::read_to_string(host.dir().join("directory.json")).unwrap()
}

/// Runs a line with its streams in files, of which one or both are said to be the journal's. Returns what is in them.
fn with_journal(host: &ScratchHost, line: &str, which: &str) -> [String; 2] {
    let words: Vec<&str> = line.split_whitespace().collect();
    let paths = ["out", "err"].map(|name| host.dir().join(name));
    let files = paths.each_ref().map(|path| File::create(path).unwrap());
    let [out, err] = files.each_ref().map(|file| {
        let meta = file.metadata().unwrap();
        format!("{}:{}", meta.dev(), meta.ino())
    });
    let stream = match which {
        "out" => out,
        "err" => err,
        other => other.to_owned(),
    };
    let [out, err] = files;
    let mut command = host.command(&words);
    command
        .stdout(out)
        .stderr(err)
        .env("JOURNAL_STREAM", stream);
    command.status().unwrap();
    paths.map(|path| fs::read_to_string(path).unwrap())
}

/// The priorities of lines, which all must have one.
fn priorities(text: &str) -> Vec<(&str, &str)> {
    let of = |line| {
        let (priority, rest) = str::split_once(line, '>').unwrap_or_else(|| panic!("{line}"));
        let word = rest.split([':', '{']).next().unwrap();
        (priority.strip_prefix('<').unwrap(), word)
    };
    text.lines().map(of).collect()
}

#[test]
fn the_journal_is_told_how_urgent_a_line_is() {
    let host = host(&["ann", "root"]);
    let [out, err] = with_journal(&host, "sync users --only ann root nobody --strict", "err");
    let warnings = vec![("4", "gosync WARNING"); 2];
    let error = vec![("3", "gosync ERROR"), ("3", "gosync HINT")];
    assert_eq!(priorities(&err), [warnings, error].concat());
    assert!(out.starts_with("gosync NOTICE: "), "{out}");
    // Notices have one where they are read; data never has.
    let [out, err] = with_journal(&host, "sync groups", "out");
    assert_eq!(priorities(&out), vec![("5", "gosync NOTICE"); 2]);
    assert_eq!(err, "");
    let [out, err] = with_journal(&host, "sync users --format json", "err");
    schema::fits("run", &schema::parse(&out));
    assert!(priorities(&err).contains(&("5", "gosync NOTICE")), "{err}");
    let [_, err] = with_journal(
        &host,
        "-q -v sync users --only ann --log-format json",
        "err",
    );
    let found: BTreeSet<&str> = priorities(&err).into_iter().map(|(it, _)| it).collect();
    assert_eq!(found, BTreeSet::from(["6"]), "{err}");
    let [_, err] = with_journal(&host, "-q -v sync users --only ann", "err");
    assert!(priorities(&err).iter().all(|(it, _)| *it == "6"), "{err}");
    let [_, err] = with_journal(&host, "sync --nonsense", "err");
    assert!(err.lines().count() > 2 && priorities(&err).iter().all(|(it, _)| *it == "3"));
    // Another stream, or nonsense, is not the journal's.
    for other in ["1:1", "", "err", "0"] {
        let other = if other == "err" { "7:err" } else { other };
        let [out, err] = with_journal(&host, "sync users --only root", other);
        assert!(!format!("{out}{err}").contains('<'), "{out}{err}");
        assert!(err.starts_with("gosync WARNING: "), "{err}");
    }
}
