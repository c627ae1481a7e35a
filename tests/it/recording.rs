//! `gosync record` and `gosync replay`: what a provider said is planned from again, elsewhere and later.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use crate::manifest::Tree;
use crate::scratch::ScratchHost;

const PEOPLE: &str = r#"{"users": [
  {"id": "uid=ann,ou=people", "login": "ann", "name": "Ann O'Hara", "email": "ann@example.org", "home": "/home/ann",
   "attributes": {"phone": "555-1234"}, "ssh_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7Wc8gVH5bCjKCOJ4y0ZkHbYpFvq0zYwz2v1pEJ5bXx ann@laptop"]},
  {"id": "bob", "login": "Bob.B", "active": false}, {"id": "cat", "login": "cat"}, {"id": "root", "login": "root"}],
 "groups": [{"id": "g", "name": "team", "description": "of Ann", "members": [{"user": "uid=ann,ou=people"}, {"user": "cat"}]}]}"#;

fn host() -> ScratchHost {
    let host = ScratchHost::new(&Tree::base());
    host.write(
        "gosync.toml",
        "[provider.p]\nkind = \"file\"\npath = \"directory.json\"\n[accounts]\ntop_group = \"team\"\n",
    );
    host.write("directory.json", PEOPLE);
    host
}

/// What a plan shows, without the clock and the command.
fn plan(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.contains("carries it out"));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_recording_gives_the_plan_that_the_provider_gave() {
    let host = host();
    let file = host.dir().join("said.json");
    let name = file.to_str().unwrap();
    let dry = host.gosync(&["sync", "-n"]).expect(0);
    host.gosync(&["record", name]).expect(0);
    let mode = fs::metadata(&file).unwrap().mode();
    assert_eq!(mode & 0o7777, 0o600);
    // The provider is gone, and says something else.
    fs::remove_file(host.dir().join("directory.json")).unwrap();
    let replay = host.gosync(&["replay", name]).expect(0);
    assert_eq!(plan(&replay.out), plan(&dry.out));
    assert!(dry.out.contains("+ account ann"), "{dry:?}");
    host.gosync(&["replay", "--exit-code", name]).expect(4);
    assert!(
        !host.root().join("var/lib/gosync").exists(),
        "nothing is written"
    );
    // Against a copy of another host, on which they are known.
    host.write("directory.json", PEOPLE);
    host.gosync(&["sync"]).expect(0);
    let known = host.gosync(&["replay", name]).expect(0);
    assert!(
        known.out.contains("nothing to do, 2 unchanged"),
        "{known:?}"
    );
}

#[test]
fn with_hidden_names_nothing_tells_who_somebody_is_and_the_plan_has_the_same_shape() {
    let host = host();
    let file = host.dir().join("said.json");
    let name = file.to_str().unwrap();
    let dry = host.gosync(&["sync", "-n"]).expect(0);
    host.gosync(&["record", "--hide-names", name]).expect(0);
    let text = fs::read_to_string(&file).unwrap();
    for word in ["ann", "Hara", "Bob", "555", "laptop", "of Ann", "example"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    assert!(text.contains("\"team\"") && text.contains("AAAAC3NzaC1lZDI1NTE5"));
    let replay = host.gosync(&["replay", name]).expect(0);
    let counts = |out: &str| {
        let lines = out.lines().filter(|line| line.contains("dry run: "));
        let counts = lines.map(|line| line.split("; nothing").next().unwrap().to_owned());
        counts.collect::<Vec<_>>()
    };
    assert_eq!(counts(&replay.out), counts(&dry.out), "{replay:?}");
    assert_eq!(counts(&dry.out).len(), 2);
}

#[test]
fn what_is_no_recording_or_of_another_provider_is_refused() {
    let host = host();
    let file = host.dir().join("said.json");
    let name = file.to_str().unwrap();
    let refused = |text: Option<&str>, why: &str| {
        if let Some(text) = text {
            fs::write(&file, text).unwrap();
        }
        let ran = host.gosync(&["replay", name]).expect(2);
        assert!(ran.err.contains(why), "{why}: {ran:?}");
    };
    refused(None, "No such file");
    refused(Some("{"), "it is no recording of gosync's");
    refused(Some(PEOPLE), "it is no recording of gosync's");
    refused(Some("{\"gosync_recording\": 7}"), "of the form 7");
    host.gosync(&["record", name]).expect(0);
    let text = fs::read_to_string(&file).unwrap();
    refused(
        Some(&text.replace("\"name\": \"p\"", "\"name\": \"q\\u001b[2J\"")),
        "no section [provider.q\\u{1b}[2J]",
    );
    // What cannot be read is not recorded, and the file stays.
    host.write("directory.json", "{");
    let before = fs::read(&file).unwrap();
    host.gosync(&["record", name]).expect(12);
    assert_eq!(fs::read(&file).unwrap(), before);
}
