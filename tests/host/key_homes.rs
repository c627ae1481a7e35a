//! Keys in homes: what their owners plant there leads nowhere, and a kill leaves the file whole.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up must stop"
)]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use serde_json::{Value, json};

use crate::namespace::{run, script, sound_tree};
use crate::picture::differences;
use crate::scenarios::KEYS;
use crate::scratch::GOSYNC;
use crate::small_host::{Database, SmallHost, document, person};

const PEOPLE: usize = 1_000;
const FIRST_UID: usize = 20_000;

fn crowd() -> Value {
    let people: Vec<Value> = (0..PEOPLE)
        .map(|n| {
            let mut one = person(&format!("u-{n:04}"), &format!("p{n:04}"), "P", true);
            one["ssh_keys"] = json!([KEYS[n % 3]]);
            one
        })
        .collect();
    document(&people, &[])
}

/// Plants in each home what its number says, each as its owner but for the hard link, which the kernel may forbid.
const PLANT: &str = r#"
import os, sys
def plant(n):
    ssh, keys = '.ssh', '.ssh/authorized_keys'
    kind = n % 10
    if kind == 0: os.symlink('/home/outside', ssh)
    elif kind == 1: open(ssh, 'w').close()
    elif kind != 9: os.mkdir(ssh, 0o700)
    if kind == 2: os.symlink('/home/outside/keys', keys)
    elif kind == 3: os.symlink('/home/outside/none', keys)
    elif kind == 4: os.mkfifo(keys)
    elif kind == 5: os.mkdir(keys)
    elif kind == 6: os.symlink('/home/outside/keys', '.ssh/.authorized_keys.gosync')
    elif kind == 7: open(keys, 'w').write('ssh-ed25519 OWN own@home\n')
for n in range(1000):
    uid, home = 20000 + n, '/home/p%04d' % n
    pid = os.fork()
    if pid == 0:
        os.setgroups([]); os.setresgid(uid, uid, uid); os.setresuid(uid, uid, uid)
        os.chdir(home); plant(n); os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    if n % 10 == 8: os.link('/home/outside/keys', home + '/.ssh/authorized_keys')
"#;

/// Owners of homes who let their `.ssh` and what is in it be one thing and then another, until they are ended.
const RACE: &str = r#"
import os, signal, sys, time
children = []
for n in range(9, 1000, 200):
    pid = os.fork()
    if pid == 0:
        uid = 20000 + n
        os.setgroups([]); os.setresgid(uid, uid, uid); os.setresuid(uid, uid, uid)
        os.chdir('/home/p%04d' % n)
        def attempt(f, *a):
            try: f(*a)
            except OSError: pass
        while True:
            attempt(os.symlink, '/home/outside', '.ssh'); attempt(os.rename, '.ssh', 'link')
            attempt(os.mkdir, '.ssh', 0o700); time.sleep(0.0002)
            attempt(os.symlink, '/home/outside/keys', '.ssh/authorized_keys')
            attempt(os.unlink, '.ssh/authorized_keys')
            attempt(os.symlink, '/home/outside/new', '.ssh/.authorized_keys.gosync')
            attempt(os.unlink, '.ssh/.authorized_keys.gosync')
            attempt(os.mkfifo, '.ssh/authorized_keys'); attempt(os.unlink, '.ssh/authorized_keys')
            attempt(os.rename, '.ssh', 'away'); attempt(os.rename, 'link', '.ssh')
            attempt(os.unlink, '.ssh'); attempt(os.rename, 'away', '.ssh')
            attempt(os.symlink, '/home/outside', '/home/.gosync'); attempt(os.symlink, '/srv', '/etc/ssh/x')
    children.append(pid)
print('racing', flush=True)
sys.stdin.read()
for pid in children:
    os.kill(pid, signal.SIGKILL); os.waitpid(pid, 0)
"#;

/// Everything outside of the homes that somebody could want to have changed.
const OUTSIDE: &str = "find /home/outside /etc/passwd /etc/shadow /home/admin -printf '%p %y %m %U %G %n %s %i %T@ %C@\\n'";

/// Outcomes in the homes: which got their key, by their number modulo ten.
fn keys_in(tree: &SmallHost, n: usize) -> Option<String> {
    let path = tree.path(&format!("home/p{n:04}/.ssh/authorized_keys"));
    let meta = fs::symlink_metadata(&path)
        .ok()
        .filter(|meta| meta.is_file() && meta.nlink() == 1)?;
    assert_eq!(
        (meta.uid() as usize, meta.gid() as usize),
        (FIRST_UID + n, FIRST_UID + n)
    );
    fs::read_to_string(path).ok()
}

#[test]
fn what_is_planted_in_a_thousand_homes_leads_nowhere() {
    let tree = sound_tree(Database::Etc);
    let limits = "[limits]\nmax_removals = 2000\nmax_removals_percent = 100\n";
    tree.configure(&format!("{limits}[keys]\nplace = \"none\"\n"));
    tree.provide(&crowd());
    tree.write("home/outside/keys", "secret\n", 0o644, 0);
    fs::create_dir(tree.path("home/outside/dir")).unwrap();
    run(&tree, "$GOSYNC -q sync users");
    fs::write(tree.path("srv/plant.py"), PLANT).unwrap();
    fs::write(tree.path("srv/race.py"), RACE).unwrap();
    run(&tree, "python3 /srv/plant.py");
    let before = run(&tree, OUTSIDE).out;
    assert!(before.lines().count() >= 5, "{before}");

    tree.configure(&format!("{limits}[keys]\nplace = \"home\"\n"));
    let mut racers = script(&tree, "exec python3 /srv/race.py")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut word = [0; 7];
    std::io::Read::read_exact(racers.stdout.as_mut().unwrap(), &mut word).unwrap();
    let ran =
        crate::scratch::Ran::from(script(&tree, "$GOSYNC sync users").output().unwrap()).expect(3);
    drop(racers.stdin.take());
    assert!(racers.wait().unwrap().success());
    assert_eq!(
        run(&tree, OUTSIDE).out,
        before,
        "something outside of the homes was touched"
    );

    let racing = |n: usize| n % 200 == 9;
    for n in (0..PEOPLE).filter(|n| !racing(*n)) {
        let key = format!("{} gosync:u-{n:04}\n", KEYS[n % 3]);
        let wanted = match n % 10 {
            6 | 9 => Some(key),
            7 => Some(format!("ssh-ed25519 OWN own@home\n{key}")),
            _ => None,
        };
        let found = keys_in(&tree, n);
        assert_eq!(found, wanted, "p{n:04}");
        let is_told = ran.err.contains(&format!("/home/p{n:04} were not written"));
        assert_eq!(is_told, wanted.is_none(), "p{n:04}");
    }
    // Once their owners have cleared the way, the next run writes them.
    for n in (0..PEOPLE).filter(|n| n % 10 == 0 || racing(*n)) {
        let _ = fs::remove_file(tree.path(&format!("home/p{n:04}/.ssh")));
        let _ = fs::remove_dir_all(tree.path(&format!("home/p{n:04}/.ssh")));
    }
    run(&tree, "$GOSYNC -q sync users || [ $? = 3 ]");
    run(&tree, "$GOSYNC -q --force sync users || [ $? = 3 ]"); // what was written in the race, its owners have thrown away since
    assert!(
        (0..PEOPLE)
            .filter(|n| n % 10 == 0)
            .all(|n| keys_in(&tree, n).is_some())
    );
    assert!(
        (0..PEOPLE)
            .filter(|n| racing(*n))
            .all(|n| keys_in(&tree, n).is_some())
    );
}

#[test]
fn keys_that_stay_in_a_home_are_not_said_to_be_unwritten() {
    let tree = sound_tree(Database::Etc);
    tree.configure("[keys]\nplace = \"home\"\n");
    let person = |keys: &[&str]| json!({"users": [{"id": "u-1", "login": "ann", "ssh_keys": keys}], "groups": []});
    tree.provide(&person(&KEYS[..1]));
    run(
        &tree,
        "$GOSYNC -q sync users; rm /home/ann/.ssh/authorized_keys; mkfifo /home/ann/.ssh/authorized_keys",
    );
    tree.provide(&person(&[]));
    let ran = run(&tree, "$GOSYNC sync users || [ $? = 3 ]");
    assert!(
        ran.err
            .contains("the SSH keys in /home/ann were not withdrawn as `ann`: "),
        "{}",
        ran.err
    );
}

/// The words of all changes of an account in the history, the newest run first.
fn remembered(tree: &SmallHost) -> Vec<String> {
    let said: Value =
        serde_json::from_str(&run(tree, "$GOSYNC history ann --format json").out).unwrap();
    let runs = said["runs"].as_array().unwrap();
    for run in runs {
        let set = run["changes"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|change| change["change"] == "set-keys")
            .count();
        assert_eq!(run["counts"]["keys"], json!(set), "{run}");
    }
    let changes = runs
        .iter()
        .flat_map(|run| run["changes"].as_array().unwrap());
    changes
        .map(|change| change["change"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn keys_that_their_owner_lets_nobody_write_leave_no_trace_in_the_history() {
    let tree = sound_tree(Database::Etc);
    tree.configure("[keys]\nplace = \"home\"\n");
    let person = |key: &str, active: bool| {
        let ann = json!({"id": "u-1", "login": "ann", "ssh_keys": [key], "active": active});
        json!({"users": [ann, {"id": "u-2", "login": "bob"}], "groups": []})
    };
    tree.provide(&person(KEYS[0], true));
    run(
        &tree,
        "$GOSYNC -q sync users; rm /home/ann/.ssh/authorized_keys; mkfifo /home/ann/.ssh/authorized_keys",
    );
    assert_eq!(remembered(&tree), ["create-account", "set-keys"]);
    tree.provide(&person(KEYS[1], true));
    // The ledger knows when they are tried again.
    let picture = || {
        let mut picture = tree.picture();
        picture.retain(|path, _| !path.starts_with("var/lib/gosync"));
        picture
    };
    let before = picture();
    for _ in 0..2 {
        let ran = run(&tree, "$GOSYNC sync users || [ $? = 3 ]");
        assert!(
            ran.out
                .contains("sync users: nothing to do, 1 unchanged, 1 refused"),
            "{ran:?}"
        );
        assert!(
            ran.err
                .contains("the SSH keys in /home/ann were not written as `ann`: "),
            "{ran:?}"
        );
    }
    assert_eq!(
        differences(&picture(), &before),
        [""; 0],
        "a run that came to nothing left something"
    );
    let strict = run(
        &tree,
        "$GOSYNC -q sync users --strict || echo ended with $?",
    );
    assert_eq!(strict.out, "ended with 3\n", "{strict:?}");

    // What else happens is remembered, and what did not is not.
    tree.provide(&person(KEYS[1], false));
    let ran = run(&tree, "$GOSYNC sync users || echo ended with $?");
    assert!(
        ran.out
            .contains("sync users: 1 locked, 1 unchanged, 1 refused"),
        "{ran:?}"
    );
    assert!(
        ran.out.ends_with("ended with 5\n")
            && ran
                .err
                .contains("runuser -u ann -- rm /home/ann/.ssh/authorized_keys"),
        "who keeps keys is not wholly out: {ran:?}"
    );
    assert_eq!(
        remembered(&tree),
        ["lock-account", "create-account", "set-keys"]
    );
    tree.provide(&person(KEYS[1], true));
    let ran = run(
        &tree,
        "rm /home/ann/.ssh/authorized_keys; $GOSYNC sync users --strict --force",
    );
    assert!(
        ran.out
            .contains("1 unlocked, 1 changed in keys, 1 unchanged\n"),
        "{ran:?}"
    );
    assert_eq!(
        remembered(&tree)[..3],
        ["unlock-account", "set-keys", "lock-account"]
    );
    run(&tree, "$GOSYNC undo 3 --dry-run");
}

#[test]
fn keys_alone_are_a_run_and_hooks_learn_of_them_when_they_are_written() {
    let tree = sound_tree(Database::Etc);
    tree.write(
        "srv/hook",
        "#!/bin/sh\necho $GOSYNC_EVENT $PW_NAME >> /srv/told\n",
        0o755,
        0,
    );
    tree.configure("[hooks.user]\nrun = [\"/srv/hook\"]\n[keys]\nplace = \"home\"\n");
    let person = |key: &str| json!({"users": [{"id": "u-1", "login": "ann", "ssh_keys": [key]}], "groups": []});
    tree.provide(&person(KEYS[0]));
    run(
        &tree,
        "$GOSYNC -q sync users; mv /home/ann/.ssh /home/ann/away; mkfifo /home/ann/.ssh",
    );
    assert_eq!(run(&tree, "cat /srv/told").out, "created ann\n");
    tree.configure("[hooks.user]\nrun = [\"/srv/hook\"]\n[keys]\nplace = \"none\"\n");
    run(
        &tree,
        "for n in 1 2; do $GOSYNC sync users || [ $? = 3 ]; done",
    );
    assert_eq!(
        run(&tree, "cat /srv/told").out,
        "created ann\n",
        "nothing happened"
    );
    run(
        &tree,
        "rm /home/ann/.ssh; mv /home/ann/away /home/ann/.ssh; $GOSYNC -q sync users; $GOSYNC -q sync users",
    );
    assert_eq!(
        run(&tree, "cat /srv/told").out,
        "created ann\nupdated ann\n"
    );
    assert_eq!(
        remembered(&tree),
        ["set-keys", "create-account", "set-keys"]
    );
    assert_eq!(
        fs::read_to_string(tree.path("home/ann/.ssh/authorized_keys")).unwrap(),
        ""
    );
}

#[test]
fn a_link_for_a_file_with_keys_is_told_with_what_to_do_and_that_mends_it() {
    let tree = sound_tree(Database::Etc);
    let person = |key: &str| json!({"users": [{"id": "u-1", "login": "ann", "ssh_keys": [key]}], "groups": []});
    tree.provide(&person(KEYS[0]));
    let file = "/etc/ssh/authorized_keys.d/ann";
    run(
        &tree,
        &format!("$GOSYNC -q sync users; mv {file} /srv/ann; ln -s /srv/ann {file}"),
    );
    tree.provide(&person(KEYS[1]));
    let ran = run(&tree, "$GOSYNC sync users");
    let told = "has its keys left as they are: ";
    assert!(
        ran.out.contains(told) && ran.out.contains("link; take it away, or put a plain file"),
        "{ran:?}"
    );
    run(&tree, &format!("rm {file}; $GOSYNC -q sync users"));
    assert_eq!(tree.read(&file[1..]), format!("{} gosync:u-1\n", KEYS[1]));
}

/// Runs the part that is the home's owner, under strace if there are arguments for it.
fn write_keys(home: &Path, lines: &str, strace: &[String]) -> ExitStatus {
    let order = json!({"uid": 20_000, "gid": 20_000, "home": home, "lines": lines}).to_string();
    let (program, arguments): (&str, Vec<&str>) = match strace {
        [] => (GOSYNC, vec![]),
        _ => (
            "strace",
            strace.iter().map(String::as_str).chain([GOSYNC]).collect(),
        ),
    };
    let mut child = Command::new(program)
        .args(arguments)
        .arg("--write-keys")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(order.as_bytes());
    child.wait().unwrap()
}

#[test]
fn a_kill_leaves_the_file_in_a_home_as_it_was_or_as_it_should_be() {
    let tree = SmallHost::new(Database::Etc);
    let home = tree.path("home/ann");
    let file = home.join(".ssh/authorized_keys");
    let (own, new) = (
        "ssh-rsa OWN ann@home\n",
        format!("{} gosync:u-1\n", KEYS[0]),
    );
    let begin = |with_file: bool| {
        let _ = fs::remove_dir_all(&home);
        fs::create_dir(&home).unwrap();
        if with_file {
            fs::create_dir(home.join(".ssh")).unwrap();
            fs::write(&file, own).unwrap();
        }
        for path in [&home, &home.join(".ssh"), &file]
            .into_iter()
            .filter(|path| path.exists())
        {
            chown(path, Some(20_000), Some(20_000)).unwrap();
        }
    };
    for with_file in [false, true] {
        let old = if with_file { own } else { "" };
        let goal = format!("{old}{new}");
        let mut killed = 0;
        for call in [
            "mkdirat",
            "openat2",
            "write",
            "fchmod",
            "fsync",
            "renameat",
            "unlinkat",
            "setuid",
            "exit_group",
        ] {
            for when in 1.. {
                begin(with_file);
                let inject = format!("inject={call}:signal=KILL:when={when}");
                let arguments = [
                    "-qqq",
                    "-o",
                    "/dev/null",
                    "-e",
                    &format!("trace={call}"),
                    "-e",
                    &inject,
                ];
                let status = write_keys(&home, &new, &arguments.map(str::to_owned));
                let found = fs::read_to_string(&file).unwrap_or_default();
                assert!(found == old || found == goal, "{call} #{when}: {found}");
                let is_killed = status.signal() == Some(9);
                assert!(
                    is_killed || status.success() && found == goal,
                    "{call} #{when}: {status}"
                );
                killed += usize::from(is_killed);
                assert!(
                    write_keys(&home, &new, &[]).success(),
                    "{call} #{when}: the next run"
                );
                assert_eq!(fs::read_to_string(&file).unwrap(), goal, "{call} #{when}");
                assert_eq!(
                    fs::read_dir(home.join(".ssh")).unwrap().count(),
                    1,
                    "{call} #{when}: litter"
                );
                if !is_killed {
                    break;
                }
            }
        }
        assert!(killed >= 10, "only {killed} kills");
    }
}

/// Keys are written by a child that is somebody else, and somewhere else.
#[test]
fn a_root_that_is_named_from_here_is_the_same_for_whoever_writes_as_a_user() {
    let tree = SmallHost::new(Database::Etc);
    tree.configure("[keys]\nplace = \"home\"\n");
    tree.provide(
        &json!({"users": [{"id": "u-1", "login": "ann", "ssh_keys": [KEYS[0]]}], "groups": []}),
    );
    let ran = tree.gosync(&["--root", "root", "sync", "users"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(tree.path("home/ann/.ssh/authorized_keys").is_file());
}
