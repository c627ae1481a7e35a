//! `kind = "command"`: a program that prints the directory document. Everything by which it can fail is told apart, takes
//! nothing from anybody, and ends with 12.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::manifest::Tree;
use crate::scratch::{Ran, ScratchHost};

const WHOLE: &str = r#"{"complete": true, "counts": {"users": 2, "groups": 1},
    "users": [{"id": "u-1", "login": "ann"}, {"id": "u-2", "login": "bob"}],
    "groups": [{"id": "g-1", "name": "lab", "members": [{"user": "u-1"}]}]}"#;

/// A host whose command is this shell script, with more keys in its section.
fn host(script: &str, keys: &str) -> ScratchHost {
    let host = ScratchHost::new(&Tree::base());
    host.write("whole.json", WHOLE);
    say(&host, script);
    configure(&host, keys, "");
    host
}

fn configure(host: &ScratchHost, keys: &str, more: &str) {
    let program = host.dir().join("people");
    let command = format!("command = ['{}', 'two words']", program.display());
    let text = format!("[provider.p]\nkind = 'command'\n{command}\n{keys}\n{more}");
    host.write("gosync.toml", &text);
}

/// Has the command do this.
fn say(host: &ScratchHost, script: &str) {
    let dir = host.dir().display();
    host.write_with_mode(
        "people",
        format!("#!/bin/sh\ncd '{dir}'\n{script}\n"),
        0o755,
    );
}

fn sync(host: &ScratchHost, what: &str) -> Ran {
    host.gosync(&["sync", what])
}

/// Which of the two are in passwd, and whether they are locked.
fn people(host: &ScratchHost) -> Vec<(String, bool)> {
    let shadow = host.read("etc/shadow");
    let of = |name: &str| {
        let line = shadow
            .lines()
            .find(|line| line.starts_with(&format!("{name}:")))?;
        let expires = line.split(':').nth(7).unwrap();
        Some((name.to_owned(), !expires.is_empty()))
    };
    ["ann", "bob"].into_iter().filter_map(of).collect()
}

#[test]
fn a_whole_answer_makes_accounts_and_groups_and_takes_them_away() {
    let host = host("cat whole.json", "");
    let ran = sync(&host, "users").expect(0);
    assert!(ran.out.contains("2 created"), "{ran:?}");
    sync(&host, "groups").expect(0);
    assert!(host.read("etc/group").contains("lab:x:60000:ann"));
    configure(
        &host,
        "",
        "[departed]\nabsent_runs = 1\nabsent_for = '0s'\n",
    );
    host.write(
        "whole.json",
        &WHOLE.replace("u-2", "u-3").replace("bob", "eve"),
    );
    sync(&host, "users").expect(0);
    let open = |name: &str, is_locked| (name.to_owned(), is_locked);
    assert_eq!(people(&host), [open("ann", false), open("bob", true)]);
}

#[test]
fn the_question_is_on_standard_input_and_the_environment_is_clean() {
    let script = "cat > asked; env | sort > env; echo \"$1\" > word; cat whole.json";
    let host = host(script, "");
    let asked = |host: &ScratchHost| -> Value {
        serde_json::from_slice(&fs::read(host.dir().join("asked")).unwrap()).unwrap()
    };
    let question = |scope: &str, only: Value, top_group: Value| json!({"version": 1, "scope": scope, "only": only, "top_group": top_group});
    sync(&host, "users").expect(0);
    assert_eq!(asked(&host), question("users", Value::Null, Value::Null));
    let text = |name: &str| fs::read_to_string(host.dir().join(name)).unwrap();
    assert_eq!(text("word"), "two words\n");
    let names: Vec<String> = text("env")
        .lines()
        .map(|line| line.split('=').next().unwrap().to_owned())
        .filter(|name| !["PWD", "OLDPWD", "_"].contains(&name.as_str()))
        .collect();
    assert_eq!(names, ["GOSYNC_SCOPE", "LC_ALL", "PATH"]);
    sync(&host, "groups").expect(0);
    assert_eq!(asked(&host), question("groups", Value::Null, Value::Null));
    assert!(text("env").contains("GOSYNC_SCOPE=groups"));
    // One run of both asks once.
    say(&host, "cat >> asked; cat whole.json");
    fs::remove_file(host.dir().join("asked")).unwrap();
    host.gosync(&["-g", "lab", "sync"]).expect(0);
    assert_eq!(asked(&host), question("both", Value::Null, json!("lab")));
    say(&host, script);
    host.gosync(&["sync", "users", "--only", "ann"]).expect(0);
    assert_eq!(asked(&host), question("users", json!(["ann"]), Value::Null));
    // It has put credentials there for whoever it starts.
    let mut command = host.command(&["sync", "users"]);
    command.env("CREDENTIALS_DIRECTORY", "/run/credentials/x");
    command.env("SECRET", "x");
    assert!(command.output().unwrap().status.success());
    let env = text("env");
    assert!(env.contains("CREDENTIALS_DIRECTORY=/run/credentials/x\n"));
    assert!(!env.contains("SECRET"), "{env}");
}

#[test]
fn an_answer_that_does_not_say_that_it_is_all_takes_nothing() {
    let now = "[departed]\nabsent_runs = 1\nabsent_for = '0s'\n";
    let ann = r#""users": [{"id": "u-1", "login": "ann"}, {"id": "u-4", "login": "zoe"}]"#;
    for (document, keys, said) in [
        (
            format!("{{{ann}}}"),
            "",
            "a whole one says `\"complete\": true`",
        ),
        (
            format!("{{\"complete\": false, {ann}}}"),
            "",
            "says that it is not complete",
        ),
        (
            format!("{{\"complete\": true, \"counts\": {{\"users\": 3}}, {ann}}}"),
            "",
            "says that it has 3 users, and it has 2",
        ),
        (
            format!("{{\"complete\": true, {ann}}}"),
            "max_age = '2h'",
            "it has no `generated`",
        ),
        (
            format!("{{\"complete\": true, \"generated\": \"2020-01-01T00:00:00Z\", {ann}}}"),
            "max_age = '2h'",
            "`max_age` is 2h",
        ),
    ] {
        let host = host("cat whole.json", "");
        sync(&host, "users").expect(0);
        host.write("whole.json", &document);
        configure(&host, keys, now);
        let ran = sync(&host, "users").expect(12);
        let place = "the read was incomplete: ";
        assert!(ran.err.contains(said) && ran.err.contains(place), "{ran:?}");
        assert!(ran.err.contains("/people: "), "who said it: {ran:?}");
        let open = |name: &str| (name.to_owned(), false);
        assert_eq!(people(&host), [open("ann"), open("bob")], "{said}");
        assert!(host.read("etc/passwd").contains("zoe:"), "who comes, comes");
    }
    let host = host("cat whole.json", "max_age = '2h'");
    let fresh = jiff::Timestamp::now();
    let fresh = format!("{{\"generated\": \"{fresh}\", {}", &WHOLE[1..]);
    host.write("whole.json", &fresh);
    sync(&host, "users").expect(0);
}

#[test]
fn every_way_to_fail_is_told_and_changes_nothing() {
    let late = "echo 'the portal is being\n  upgraded' >&2; cat whole.json; exit 75";
    let long = "seq 1 5000 >&2; printf '\\033[2Jlast words\\n' >&2; cat whole.json; exit 3";
    for (script, keys, said) in [
        (
            late,
            "",
            "/people is busy: it asks to be called later (exit code 75); it said: the portal is being | upgraded",
        ),
        (long, "", "| 5000 | \\u{1b}[2Jlast words\n"),
        (long, "", "/people is out of order: exit code 3; it said: 4"),
        ("cat whole.json; kill -9 $$", "", "it was ended by signal 9"),
        (
            "cat whole.json | head -c 60",
            "",
            "/people sent something unusable: EOF while parsing",
        ),
        (
            "echo 'Sign in'",
            "",
            "sent something unusable: it is no object in braces",
        ),
        (
            "true",
            "",
            "sent something unusable: it is no object in braces",
        ),
        (
            "exec yes",
            "max_output = '64KiB'",
            "it printed more than 64KiB (`max_output`), and was killed",
        ),
        (
            "cat /dev/zero & exec cat /dev/zero",
            "max_output = '1MiB'",
            "it printed more than 1MiB",
        ),
    ] {
        let host = host(script, keys);
        let before = host.read("etc/passwd");
        let ran = sync(&host, "users").expect(12);
        assert!(ran.err.contains(said), "{said}\n{}", ran.err);
        assert!(
            !ran.err.contains('\u{1b}') && ran.err.len() < 4_000,
            "{ran:?}"
        );
        let hint = "two words";
        assert!(ran.err.contains(hint), "what to do: {ran:?}");
        assert_eq!(host.read("etc/passwd"), before);
    }
}

#[test]
fn a_command_that_prints_more_than_there_is_memory_for_is_killed() {
    let host = host("exec cat /dev/zero", "");
    configure(&host, "", "[gosync]\nmemory_limit = '80MiB'\n");
    let ran = sync(&host, "users").expect(12);
    assert!(
        ran.err.contains(
            "/people sent something unusable: what it sends takes more memory than `memory_limit`"
        ),
        "{ran:?}"
    );
}

#[test]
fn a_command_that_does_not_end_is_killed_with_all_that_it_began() {
    let host = host("sleep 1000 & echo $! > pid; sleep 1000", "");
    configure(&host, "", "[gosync]\ntime_limit = '1s'\n");
    let ran = sync(&host, "users").expect(12);
    assert!(
        ran.err.contains("did not end within 1 s, and was killed"),
        "{ran:?}"
    );
    let pid = fs::read_to_string(host.dir().join("pid")).unwrap();
    let stat = || fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    let lives = || stat().is_ok_and(|stat| stat.contains("(sleep)") && !stat.contains(") Z "));
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while lives() && std::time::Instant::now() < end {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(!lives(), "{pid}");
}

#[test]
fn a_command_that_others_may_change_is_not_run() {
    let host = host("touch ran; cat whole.json", "");
    let open = |name: &str, mode| {
        fs::set_permissions(host.dir().join(name), Permissions::from_mode(mode)).unwrap();
    };
    open("people", 0o775);
    let ran = sync(&host, "users").expect(12);
    assert!(
        ran.err.contains("cannot trust") && ran.err.contains("/people; `chmod go-w` it"),
        "{ran:?}"
    );
    let ran = host.gosync(&["doctor"]);
    assert!(
        ran.out
            .contains("its group may write the provider's command"),
        "{ran:?}"
    );
    open("people", 0o755);
    fs::set_permissions(host.dir(), Permissions::from_mode(0o777)).unwrap();
    let ran = sync(&host, "users");
    fs::set_permissions(host.dir(), Permissions::from_mode(0o700)).unwrap();
    assert_ne!(ran.code, Some(0), "{ran:?}");
    assert!(!host.dir().join("ran").exists());
    open("people", 0o644);
    let ran = sync(&host, "users").expect(12);
    assert!(ran.err.contains("it cannot be executed"), "{ran:?}");
    fs::remove_file(host.dir().join("people")).unwrap();
    let ran = sync(&host, "users").expect(12);
    assert!(ran.err.contains("No such file"), "{ran:?}");
    // A folder that others may write, on the way of a link.
    fs::create_dir(host.dir().join("open")).unwrap();
    open("open", 0o777);
    host.write_with_mode("open/people", "#!/bin/sh\n", 0o755);
    std::os::unix::fs::symlink("open/people", host.dir().join("people")).unwrap();
    let ran = sync(&host, "users").expect(12);
    assert!(
        ran.err.contains("others may write") && ran.err.contains("/open"),
        "{ran:?}"
    );
}

#[test]
fn it_can_be_somebody_else() {
    let host = ScratchHost::new(&Tree::base());
    let script = "echo \"{\\\"complete\\\": true, \\\"users\\\": [{\\\"id\\\": \\\"1\\\", \\\"login\\\": \\\"ann\\\", \
                  \\\"name\\\": \\\"$(id -u) $(id -G)\\\"}]}\"";
    let section = format!(
        "[provider.p]\nkind = 'command'\nrun_as = 'nobody'\ncommand = ['/bin/sh', '-c', '''{script}''']\n"
    );
    host.write("gosync.toml", &section);
    let ran = sync(&host, "users");
    if nix::unistd::geteuid().is_root() {
        ran.expect(0);
        let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
        let wanted = format!(":{} {}:", nobody.uid, nobody.gid);
        let passwd = host.read("etc/passwd");
        assert!(passwd.contains(&wanted), "{passwd}");
    } else {
        let ran = ran.expect(2);
        assert!(
            ran.err
                .contains("only root can run a program as somebody else"),
            "{ran:?}"
        );
    }
    host.write("gosync.toml", &section.replace("nobody", "no-such-user"));
    let ran = sync(&host, "users").expect(2);
    assert!(
        ran.err.contains("there is no user `no-such-user`"),
        "{ran:?}"
    );
}

#[test]
fn status_and_doctor_say_where_answers_come_from() {
    let script =
        "case $GOSYNC_SCOPE in identity) echo 'portal 7 as gosync';; *) cat whole.json;; esac";
    let host = host(script, "inactive_when = { state = ['left'] }");
    let status = host.gosync(&["status"]);
    assert!(
        status.out.contains("/people: portal 7 as gosync"),
        "{status:?}"
    );
    let doctor = host.gosync(&["doctor"]);
    assert!(
        doctor.out.contains("(command), where we are "),
        "{doctor:?}"
    );
    assert!(doctor.out.contains("inactive_when"), "{doctor:?}");
    say(&host, "cat whole.json");
    let status = host.gosync(&["status"]);
    let bytes = format!("/people, {} bytes", WHOLE.len());
    assert!(status.out.contains(&bytes), "{status:?}");
    let checked = host.gosync(&["check"]).expect(0);
    assert!(checked.err.is_empty(), "{checked:?}");
}

#[test]
fn each_run_asks_it_and_its_groups_are_changed_elsewhere() {
    let mut host = host("echo x >> times; cat whole.json", "");
    host.leaves_stamps = true;
    sync(&host, "users").expect(0);
    std::thread::sleep(std::time::Duration::from_secs(4));
    for _ in 0..2 {
        let ran = sync(&host, "users").expect(0);
        assert!(!ran.out.contains("nothing has moved"), "{ran:?}");
    }
    let times = fs::read_to_string(host.dir().join("times")).unwrap();
    assert_eq!(times.lines().count(), 3);
    let ran = host.gosync(&["group", "accept", "lab", "bob"]).expect(2);
    assert!(ran.err.contains("can only be read"), "{ran:?}");
}
