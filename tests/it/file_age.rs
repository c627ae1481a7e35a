//! A directory document that nobody has written for too long is not believed: `max_age`, and `generated` in the document.

use std::fs::File;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::manifest::Tree;
use crate::scratch::{Ran, ScratchHost};

/// A host whose document says that it was made then, and is that old as a file.
fn host(max_age: &str, generated: Option<&str>, hours: u64) -> ScratchHost {
    let host = ScratchHost::new(&Tree::base());
    let key = match max_age {
        "" => String::new(),
        age => format!("max_age = \"{age}\"\n"),
    };
    let section = "[provider.p]\nkind = \"file\"\npath = \"directory.json\"\n";
    host.write("gosync.toml", &format!("{section}{key}"));
    let mut document: Value = json!({"users": [{"id": "u-1", "login": "alice"}], "groups": []});
    if let Some(generated) = generated {
        document["generated"] = generated.into();
    }
    host.write("directory.json", &document.to_string());
    let then = SystemTime::now() - Duration::from_secs(hours * 3600);
    let file = File::options()
        .write(true)
        .open(host.dir().join("directory.json"));
    file.unwrap().set_modified(then).unwrap();
    host
}

fn sync(host: &ScratchHost) -> Ran {
    host.gosync(&["-q", "sync", "users"])
}

#[test]
fn a_document_is_as_old_as_it_says_or_else_as_its_file() {
    let now = jiff::Timestamp::now().to_string();
    let fresh = [
        ("", None, 30 * 24),
        ("", Some("2020-01-01T00:00:00Z"), 0),
        ("24h", None, 23),
        // A copy keeps the time of what it was copied from.
        ("24h", Some(now.as_str()), 48),
    ];
    for (max_age, generated, hours) in fresh {
        let host = host(max_age, generated, hours);
        sync(&host).expect(0);
        assert!(
            host.read("etc/passwd").contains("alice:"),
            "{max_age} {generated:?}"
        );
    }
    let old = [
        ("24h", None, 25),
        // Touched by a converter that does nothing else any more.
        ("24h", Some("2020-01-01T00:00:00Z"), 0),
        ("1h", Some("2020-01-01T00:00:00+02:00"), 0),
    ];
    for (max_age, generated, hours) in old {
        let host = host(max_age, generated, hours);
        let ran = sync(&host).expect(12);
        assert!(ran.err.contains("max_age"), "{ran:?}");
    }
}

#[test]
fn a_time_that_is_none_makes_the_document_incomplete() {
    for (max_age, generated) in [("24h", "yesterday"), ("", "28.11.2026")] {
        let host = host(max_age, Some(generated), 0);
        let ran = sync(&host).expect(12);
        let said = "`generated` is no time such as";
        assert!(
            ran.err.contains(said) && ran.err.contains(generated),
            "{ran:?}"
        );
    }
}

#[test]
fn who_is_missing_from_an_old_document_stays() {
    let host = host("24h", None, 0);
    sync(&host).expect(0);
    let text = "[provider.p]\nkind = \"file\"\npath = \"directory.json\"\nmax_age = \"24h\"\n\
                [departed]\nabsent_runs = 1\nabsent_for = \"0s\"\n";
    host.write("gosync.toml", text);
    let document = json!({"generated": "2020-01-01T00:00:00Z", "users": [{"id": "u-2", "login": "bob"}], "groups": []});
    host.write("directory.json", &document.to_string());
    let shadow = host.read("etc/shadow");
    let alice = |text: &str| {
        text.lines()
            .find(|line| line.starts_with("alice:"))
            .unwrap()
            .to_owned()
    };
    sync(&host).expect(12);
    assert_eq!(alice(&host.read("etc/shadow")), alice(&shadow));
}
