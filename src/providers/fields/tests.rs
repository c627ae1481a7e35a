//! Precedence, gaps and completeness, with a snapshot in place of a provider.

use super::*;
use crate::model::{Completeness, Details, Directory, RemoteId};
use crate::providers::Scope;
use crate::system::clock;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ";

fn id(text: &str) -> RemoteId {
    RemoteId::new(text).unwrap()
}

fn snapshot(logins: &[&str]) -> Snapshot {
    let users = logins
        .iter()
        .map(|login| User::new(id(&format!("u-{login}")), *login))
        .collect();
    let complete = Completeness::Complete("all".to_owned());
    Snapshot::new(
        Directory {
            users,
            groups: Vec::new(),
        },
        Vec::new(),
        complete,
    )
}

fn query() -> Query {
    Query {
        scope: Scope::Users,
        only: None,
        top_group: None,
        details: Details::ALL,
        attribute: None,
        deadline: clock::deadline(std::time::Duration::from_secs(10)),
    }
}

/// Fills the fields of everybody.
fn fetch(mut snapshot: Snapshot, config: &Config, query: &Query) -> Result<Snapshot, FetchError> {
    let sources = Sources::new(config, Trusted::System).unwrap();
    let selected = vec![true; snapshot.directory.users.len()];
    sources
        .open()?
        .fill(&mut snapshot, &selected, query, &|_| {});
    Ok(snapshot)
}

/// A directory with `fields.csv` and `keys/`.
fn sources(csv: &str, keys: &[(&str, &str)]) -> (tempfile::TempDir, Config) {
    let dir = tempfile::tempdir().unwrap();
    let (path, keys_dir) = (dir.path().join("fields.csv"), dir.path().join("keys"));
    std::fs::create_dir(&keys_dir).unwrap();
    for (name, text) in keys {
        std::fs::write(keys_dir.join(name), text).unwrap();
    }
    std::fs::write(&path, csv).unwrap();
    let config = Config {
        csv: (!csv.is_empty()).then_some(path),
        keys_dir: (!keys.is_empty()).then_some(keys_dir),
        ..Config::default()
    };
    (dir, config)
}

fn text(field: &Option<Untrusted>) -> &str {
    field.as_ref().map_or("", Untrusted::raw)
}

fn keys_of(snapshot: &Snapshot) -> Vec<Vec<&str>> {
    snapshot
        .directory
        .users
        .iter()
        .map(|u| u.ssh_keys.iter().map(Untrusted::raw).collect())
        .collect()
}

#[test]
fn the_provider_wins_unless_overridden() {
    let (_dir, mut config) = sources("login,shell,uid\nann,/bin/zsh,7\nbob,/bin/zsh,\n", &[]);
    let mut before = snapshot(&["ann", "bob", "cy"]);
    before.directory.users[0].shell = Some(Untrusted::new("/bin/sh"));
    before.directory.users[1].uid = Some(Untrusted::new("9"));
    before.directory.users[1].shell = Some(Untrusted::new(""));
    let shells = |s: &Snapshot| {
        s.directory
            .users
            .iter()
            .map(|u| text(&u.shell).to_owned())
            .collect::<Vec<_>>()
    };
    let uids = |s: &Snapshot| {
        s.directory
            .users
            .iter()
            .map(|u| text(&u.uid).to_owned())
            .collect::<Vec<_>>()
    };
    let after = fetch(before.clone(), &config, &query()).unwrap();
    assert_eq!((shells(&after), uids(&after)), {
        (
            vec!["/bin/sh".into(), "/bin/zsh".into(), String::new()],
            vec!["7".into(), "9".into(), String::new()],
        )
    });
    assert_eq!(after.completeness, before.completeness);
    config.overrides = vec![UserField::Shell, UserField::Uid];
    let after = fetch(before.clone(), &config, &query()).unwrap();
    assert_eq!((shells(&after), uids(&after)), {
        (
            vec!["/bin/zsh".into(), "/bin/zsh".into(), String::new()],
            vec!["7".into(), "9".into(), String::new()],
        )
    });
}

#[test]
fn the_first_source_that_knows_wins() {
    let csv = format!("login,ssh_keys\nann,{KEY} csv\n");
    let dir = format!("{KEY} dir\n");
    let (_dir, mut config) = sources(
        &csv,
        &[("ann", &dir), ("bob.pub", &dir), ("cy", "# none\n")],
    );
    config.overrides = vec![UserField::SshKeys];
    let mut before = snapshot(&["ann", "bob", "cy", "dee"]);
    for user in &mut before.directory.users {
        user.ssh_keys = vec![Untrusted::new("provider")];
    }
    let after = fetch(before.clone(), &config, &query()).unwrap();
    let (csv, dir) = (format!("{KEY} csv"), format!("{KEY} dir"));
    assert_eq!(
        keys_of(&after),
        [
            vec![csv.as_str()],
            vec![dir.as_str()],
            vec![],
            vec!["provider"]
        ]
    );
    let sources: Vec<_> = after
        .directory
        .users
        .iter()
        .map(|user| user.sources.of(UserField::SshKeys))
        .collect();
    assert_eq!(
        sources,
        [
            Some(FieldSource::Csv),
            Some(FieldSource::KeysDir),
            Some(FieldSource::KeysDir),
            None
        ]
    );
    assert_eq!(after.gaps, []);
    config.overrides.clear();
    assert_eq!(fetch(before.clone(), &config, &query()).unwrap(), before);
}

#[test]
fn keys_are_found_by_what_the_configuration_says() {
    let (_dir, mut config) = sources(
        "",
        &[
            ("u-ann", &format!("{KEY} id")),
            ("77", &format!("{KEY} forge")),
        ],
    );
    let mut before = snapshot(&["ann"]);
    before.directory.users[0]
        .attributes
        .insert("forge".to_owned(), Untrusted::new("77"));
    for (by, comment) in [
        (Lookup::Id, "id"),
        (Lookup::Attribute("forge".to_owned()), "forge"),
    ] {
        config.keys_by = by;
        let after = fetch(before.clone(), &config, &query()).unwrap();
        assert_eq!(keys_of(&after), [[format!("{KEY} {comment}")]]);
    }
}

#[test]
fn a_key_file_that_cannot_be_used_leaves_the_keys_unknown() {
    let (dir, config) = sources("", &[("ann", "<html>"), ("bob", KEY), ("secret", KEY)]);
    std::os::unix::fs::symlink("secret", dir.path().join("keys/cy")).unwrap();
    std::fs::create_dir(dir.path().join("keys/dee")).unwrap();
    let before = snapshot(&["ann", "bob", "cy", "dee", "../keys/bob", "bob.pub", "eve"]);
    let after = fetch(before.clone(), &config, &query()).unwrap();
    let unknown: Vec<_> = after.gaps.iter().map(|gap| gap.subject.raw()).collect();
    assert_eq!(unknown, ["../keys/bob", "ann", "bob.pub", "cy", "dee"]);
    assert!(
        after.gaps[3]
            .reason
            .ends_with("keys: cy: it is a symbolic link"),
        "{}",
        after.gaps[3].reason
    );
    assert_eq!(keys_of(&after).concat(), [KEY], "bob's alone");
    assert_eq!(after.completeness, before.completeness);
}

#[test]
fn a_source_that_cannot_be_read_is_not_an_empty_one() {
    let (dir, config) = sources("login,uid\nann,7\n", &[("ann", KEY)]);
    let before = snapshot(&["ann"]);
    std::fs::rename(dir.path().join("keys"), dir.path().join("away")).unwrap();
    for (case, words) in [
        ("missing", "it cannot be read: No such file"),
        ("empty", "it is empty"),
    ] {
        if case == "empty" {
            std::fs::create_dir(dir.path().join("keys")).unwrap();
        }
        let after = fetch(before.clone(), &config, &query()).unwrap();
        assert!(
            after.gaps[0].reason.contains(words),
            "{case}: {:?}",
            after.gaps
        );
        assert_eq!(after.completeness, before.completeness);
        assert_eq!(
            (after.gaps.len(), text(&after.directory.users[0].uid)),
            (1, "7")
        );
    }
    std::fs::remove_file(dir.path().join("fields.csv")).unwrap();
    assert!(matches!(
        fetch(before.clone(), &config, &query()),
        Err(FetchError::Unreachable { .. })
    ));
    std::fs::write(dir.path().join("fields.csv"), "login,uid\n").unwrap();
    assert!(matches!(
        fetch(before, &config, &query()),
        Err(FetchError::Malformed { .. })
    ));
}

#[test]
fn a_source_that_knows_nobody_is_a_gap() {
    let (_dir, config) = sources("", &[("README", "")]);
    let after = fetch(snapshot(&["ann", "bob"]), &config, &query()).unwrap();
    assert_eq!(after.gaps.len(), 2);
    assert!(matches!(after.completeness, Completeness::Complete(_)));
    let narrowed = Query {
        only: Some(vec!["ann".to_owned()]),
        ..query()
    };
    assert_eq!(
        fetch(snapshot(&["ann"]), &config, &narrowed).unwrap().gaps,
        []
    );
}

#[test]
fn only_those_who_are_selected_are_looked_up() {
    let (_dir, config) = sources("", &[("ann", KEY), ("bob", KEY)]);
    let mut found = snapshot(&["ann", "bob"]);
    let sources = Sources::new(&config, Trusted::System).unwrap();
    let opened = sources.open().unwrap();
    opened.fill(&mut found, &[true, false], &query(), &|_| {});
    assert_eq!(keys_of(&found), [vec![KEY], vec![]]);
    assert_eq!(found.gaps, []);
}
