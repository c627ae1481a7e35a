//! The hooks that come with gosync, run by gosync with programs that write down how they are called; and the JSON Schema of
//! what hooks read. `slurm` is in tests/servers, beside a real slurmdbd.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{host, two};
use crate::hook_host::{HookHost, set_mode};
use crate::small_host::{document, group};

fn shared(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("share")
        .join(name);
    fs::read_to_string(path).unwrap()
}

/// Puts a hook that comes with gosync beside its settings, and in its place a script that calls it with programs of the test's.
fn place(host: &HookHost, hook: &str, places: &[&str]) {
    let dir = host.path("shipped");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join(hook), shared(&format!("hooks/{hook}"))).unwrap();
    set_mode(&dir.join(hook), 0o755);
    for place in places {
        host.hook(
            place,
            &format!("PATH=$DIR/bin:$PATH exec $DIR/shipped/{hook}\n"),
        );
    }
}

/// A program that writes down its words.
fn program(host: &HookHost, name: &str, more: &str) {
    let (bin, log) = (host.path("bin"), host.path("log"));
    fs::create_dir_all(&bin).unwrap();
    let script = format!(
        "#!/bin/sh\necho {name} \"$*\" >> {}\n{more}\n",
        log.display()
    );
    fs::write(bin.join(name), script).unwrap();
    set_mode(&bin.join(name), 0o755);
}

/// What was written, sorted: hooks run several at a time.
fn calls(host: &HookHost) -> Vec<String> {
    let mut lines: Vec<String> = host.take().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn people(quota: &str) -> Vec<Value> {
    let mut people = two();
    people[0]["attributes"] = json!({"quota": quota, "other": "x"});
    people
}

#[test]
fn quota_follows_attributes_groups_and_the_default() {
    // An event that fails would hold up the next of the same account until it is given up.
    let host = host("attributes = [\"quota\"]\nattempts = 1");
    program(&host, "setquota", "");
    program(&host, "xfs_quota", "");
    place(&host, "quota", &["user/quota", "bygroup/quota"]);
    let ini = host.path("shipped/quota.ini");
    fs::write(
        &ini,
        "[/home]\nattribute = quota\ngroup.physics = 20G\ndefault = 10G\n[/data]\nbackend = xfs\ngroup.physics = none\n",
    )
    .unwrap();
    set_mode(&ini, 0o644);
    let physics = [group("g-1", "physics", &["u-1", "u-2"])];
    host.tree.provide(&document(&people("1G:2G"), &physics));
    host.run(&["sync", "users"]).expect(0);
    let of = |uid: u32, soft: u64, hard: u64| format!("setquota -u {uid} {soft} {hard} 0 0 /home");
    let g = 1 << 20;
    assert_eq!(
        calls(&host),
        [of(20_000, g, 2 * g), of(20_001, 10 * g, 10 * g)]
    );
    host.run(&["sync", "groups"]).expect(0);
    let free = |uid: u32| format!("xfs_quota -x -c limit -u bsoft=0k bhard=0k {uid} /data");
    assert_eq!(
        calls(&host),
        [
            of(20_000, g, 2 * g),
            of(20_001, 20 * g, 20 * g),
            free(20_000),
            free(20_001)
        ]
    );
    // Only what hooks were asked to be given is a change.
    host.tree.provide(&document(&people("3G"), &physics));
    let ran = host.run(&["sync", "users"]).expect(0);
    assert!(
        ran.out.contains("~ contact alice attributes quota"),
        "{ran:?}"
    );
    assert_eq!(calls(&host), [of(20_000, 3 * g, 3 * g), free(20_000)]);
    let mut same = people("3G");
    same[0]["attributes"]["other"] = "y".into();
    host.tree.provide(&document(&same, &physics));
    host.run(&["sync", "users"]).expect(0);
    assert_eq!(calls(&host), [""; 0]);
    for odd in ["lots", "3G; reboot", "-1", "0", "2G:1G", "1G:"] {
        host.tree.provide(&document(&people(odd), &physics));
        host.run(&["sync", "users"]).expect(0);
        let told = calls(&host);
        let is_odd = odd != "1G:";
        assert_eq!(told.is_empty(), is_odd, "{odd}: {told:?}");
    }
    set_mode(&ini, 0o666);
    let ran = host.run(&["deluser", "bob"]).expect(0);
    assert!(ran.err.contains("others may write"), "{ran:?}");
    set_mode(&ini, 0o644);
    host.run(&["sync", "users", "--retry-hooks"]).expect(0);
    assert!(calls(&host).contains(&of(20_001, 0, 0)));
}

/// The kernel may have no quotas: then setquota itself judges at least the words that it is given.
#[test]
fn setquota_understands_what_the_hook_says() {
    let ran = Command::new("setquota")
        .args(["-u", "20000", "1048576", "2097152", "0", "0", "/proc"])
        .output()
        .expect("setquota: install what tests/run.sh lists");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(
        said.contains("/proc") && said.contains("not found or has no quota enabled"),
        "{said}"
    );
}

#[test]
fn warewulf_builds_once_after_accounts_and_once_after_groups() {
    let host = host("");
    program(&host, "wwctl", "exit $(cat $0.status)");
    fs::write(host.path("bin/wwctl.status"), "0").unwrap();
    place(
        &host,
        "warewulf",
        &[
            "around/user-pre",
            "user/x",
            "around/user-post",
            "around/group-post",
        ],
    );
    host.run(&["sync", "users"]).expect(0);
    assert_eq!(calls(&host), ["wwctl overlay build"]);
    host.run(&["sync", "users"]).expect(0);
    assert_eq!(calls(&host), [""; 0]);
    fs::write(host.path("bin/wwctl.status"), "1").unwrap();
    host.run(&["sync", "groups"]).expect(0);
    assert_eq!(calls(&host), ["wwctl overlay build"]);
    assert_eq!(host.status()["queued"], json!(1), "it is built later");
    fs::write(host.path("bin/wwctl.status"), "0").unwrap();
    host.run(&["sync", "groups", "--retry-hooks"]).expect(0);
    assert_eq!(calls(&host), ["wwctl overlay build"]);
    assert_eq!(host.status()["queued"], json!(0));
}

#[test]
fn post_reads_the_names_of_all_that_changed_also_when_it_is_tried_again() {
    let host = host("jobs = 1");
    host.hook("around/user-post", "cat >> $LOG; exit 75\n");
    host.run(&["sync", "users"]).expect(0);
    let changed = |text: String| serde_json::from_str::<Value>(&text).unwrap()["changed"].clone();
    assert_eq!(changed(host.take()), json!(["alice", "bob"]));
    host.run(&["sync", "users", "--retry-hooks"]).expect(0);
    assert_eq!(changed(host.take()), json!(["alice", "bob"]));
    host.run(&["deluser", "bob"]).expect(0);
    assert_eq!(
        changed(host.take()),
        json!(["alice", "bob"]),
        "one round does for both"
    );
    host.hook("around/user-post", "cat >> $LOG\n");
    host.run(&["sync", "users", "--retry-hooks"]).expect(0);
    assert_eq!(changed(host.take()), json!(["alice", "bob"]));
    assert_eq!(host.status()["queued"], json!(0));
}

#[test]
fn what_hooks_read_is_what_the_schema_says() {
    let host = host("attributes = [\"quota\"]");
    for name in [
        "around/user-pre",
        "around/user-post",
        "around/group-post",
        "user/x",
        "group/x",
        "bygroup/x",
    ] {
        host.hook(name, "cat >> $LOG\n");
    }
    let physics = [group("g-1", "physics", &["u-1", "u-2"])];
    host.tree.provide(&document(&people("1G"), &physics));
    host.run(&["sync"]).expect(0);
    let mut changed = people("2G");
    changed[1]["active"] = false.into();
    host.tree.provide(&document(&changed, &physics));
    host.run(&["sync"]).expect(0);
    host.run(&["deluser", "bob"]).expect(0);
    let schema: Value = serde_json::from_str(&shared("gosync/schema/hook.schema.json")).unwrap();
    let told: Vec<Value> = host
        .take()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for each in &told {
        // Which of the two it is: `anyOf` would not say what is wrong.
        let which = if each.get("stage").is_some() {
            "round"
        } else {
            "event"
        };
        let wrong = misfits(&schema["$defs"][which], each, &schema);
        assert!(wrong.is_empty(), "{wrong:?} in {each}");
    }
    let event = |word: &str| told.iter().find(|each| each["event"] == word).unwrap();
    assert_eq!(
        event("updated")["account"]["attributes"],
        json!({"quota": "2G"})
    );
    let locked = event("locked");
    assert_eq!(locked["reasons"][0]["reason"], json!("shut-out"));
    assert_eq!(locked["account"]["groups"], json!(["physics"]));
    let member = told.iter().find(|each| each["kind"] == "bygroup").unwrap();
    assert_eq!(member["member"]["account"]["groups"], json!(["physics"]));
    // The checker finds what is wrong.
    let mut odd = locked.clone();
    odd["account"]["uid"] = "20001".into();
    odd["surplus"] = 1.into();
    let wrong = misfits(&schema["$defs"]["event"], &odd, &schema);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
}

/// What of a value is not as a schema says, by the words of JSON Schema that ours uses. A key that the schema does not have
/// counts, too, so that it names all.
fn misfits(schema: &Value, value: &Value, root: &Value) -> Vec<String> {
    if let Some(path) = schema["$ref"].as_str() {
        let target = root.pointer(path.trim_start_matches('#')).unwrap();
        return misfits(target, value, root);
    }
    let mut out = Vec::new();
    if let Some(values) = schema["enum"].as_array() {
        out.extend((!values.contains(value)).then(|| format!("{value} is none of {values:?}")));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let is_kind = match &schema["type"] {
        Value::String(one) => one == kind,
        Value::Array(several) => several.contains(&kind.into()),
        _ => true,
    };
    out.extend((!is_kind).then(|| format!("{value} is no {}", schema["type"])));
    for item in value.as_array().into_iter().flatten() {
        out.extend(misfits(&schema["items"], item, root));
    }
    let (Some(fields), Some(known)) = (value.as_object(), schema["required"].as_array()) else {
        let more = &schema["additionalProperties"];
        let values = value.as_object().filter(|_| more.is_object());
        out.extend(
            values
                .into_iter()
                .flat_map(|all| all.values().flat_map(|each| misfits(more, each, root))),
        );
        return out;
    };
    let missing = known
        .iter()
        .filter(|key| !fields.contains_key(key.as_str().unwrap()));
    out.extend(missing.map(|key| format!("{key} is not there")));
    // A change has, besides its word, what its kind has.
    let is_open = schema["required"] == json!(["change"]);
    for (key, each) in fields {
        match schema["properties"].get(key) {
            Some(of) => out.extend(misfits(of, each, root)),
            None if is_open => {}
            None => out.push(format!("{key} is in no schema")),
        }
    }
    out
}
