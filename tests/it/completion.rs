//! Tab in real shells: names of accounts, groups, runs and sections come from the program; without them, words of the command
//! line as before.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::here;
use crate::scratch::{GOSYNC, ScratchHost};
use crate::terminal::{Terminal, world};

/// A host with accounts, groups and runs, and the program in a directory of its own.
fn host() -> ScratchHost {
    let host = world();
    host.gosync(&["sync", "users"]).expect(0);
    host.gosync(&["sync", "groups"]).expect(0);
    fs::create_dir(host.dir().join("bin")).unwrap();
    symlink(GOSYNC, host.dir().join("bin/gosync")).unwrap();
    host
}

/// A shell on this host that finds the program.
fn shell(host: &ScratchHost, program: &str, args: &[&str]) -> Command {
    let path = format!("{}/bin:/usr/bin:/bin", host.dir().display());
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .env("PATH", path)
        .env("HOME", host.dir())
        .env("TERM", "xterm")
        .env("GOSYNC_CONFIG", host.config())
        .current_dir(host.dir());
    command
}

/// What the program answers a shell.
fn answer(host: &ScratchHost, words: &[&str]) -> Vec<String> {
    let out = Command::new(GOSYNC)
        .arg("complete-words")
        .args(["--root", "root"])
        .args(words)
        .env_clear()
        .env("GOSYNC_CONFIG", host.config())
        .current_dir(host.dir())
        .output()
        .unwrap();
    assert!(out.status.success() && out.stderr.is_empty(), "{out:?}");
    let text = String::from_utf8(out.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn names_come_from_the_ledger_and_the_configuration() {
    let host = host();
    assert_eq!(answer(&host, &["lock", ""]), ["alice", "bob", "zoe"]);
    assert_eq!(answer(&host, &["deluser", "alice", "b"]), ["bob"]);
    assert_eq!(answer(&host, &["group", "get", "os"]), ["osg", "osg.test"]);
    assert_eq!(answer(&host, &["undo", ""]), ["1", "2"]);
    assert_eq!(answer(&host, &["sync", "-u", ""]), ["sample"]);
    assert_eq!(answer(&host, &["sync", "--user=sa"]), ["--user=sample"]);
    assert_eq!(
        answer(&host, &["sync", "users", "--only", "alice,b"]),
        ["alice,bob"]
    );
    assert!(answer(&host, &["unlock", ""]).is_empty());
    assert!(answer(&host, &["sync", ""]).is_empty());
    host.gosync(&["lock", "bob", "--yes"]).expect(0);
    assert_eq!(answer(&host, &["unlock", ""]), ["bob"]);
}

/// Nothing is said where nothing can be read, and nothing is written.
#[test]
fn what_cannot_be_read_is_passed_over_in_silence() {
    let host = world();
    assert!(answer(&host, &["lock", ""]).is_empty());
    assert!(!host.root().join("var/lib/gosync").exists());
    host.write("gosync.toml", "no [configuration");
    assert!(answer(&host, &["-u", ""]).is_empty());
    assert!(answer(&host, &["lock", ""]).is_empty());
    assert!(answer(&host, &[]).is_empty());
}

#[test]
fn bash_completes_names_and_words() {
    let host = host();
    let mut bash = Terminal::of(&mut shell(&host, "bash", &["--norc", "--noprofile", "-i"]));
    let script = here("completions/gosync.bash");
    bash.press(&format!("PS1=$'rea\\144y> '; . '{}'\n", script.display()));
    bash.wait_for("ready> ");
    for (typed, wanted) in [
        ("gosync --root root lock al\t", "alice"),
        ("gosync --root root group get osg.t\t", "osg.test"),
        ("gosync --root root sync --user=sa\t", "sample"),
        ("gosync --root root sync -u sa\t", "sample"),
        ("gosync waitl\t", "waitlock"),
    ] {
        bash.press(typed);
        bash.wait_for(wanted);
        bash.press("\x15\n");
        bash.wait_for("ready> ");
    }
}

#[test]
fn zsh_completes_names_and_words() {
    let host = host();
    let mut zsh = Terminal::of(&mut shell(&host, "zsh", &["-f", "-i"]));
    zsh.press(&format!(
        "PS1=$'rea\\144y> '; fpath=('{}' $fpath); autoload -U compinit; compinit -u -D\n",
        here("completions").display()
    ));
    zsh.wait_for("ready> ");
    // The function is another one once it was called.
    for (typed, wanted) in [
        ("gosync --root root lock al\t", "alice"),
        ("gosync --root root group get osg.t\t", "osg.test"),
        ("gosync --root root sync --user=sa\t", "sample"),
        ("gosync --root root sync -u sa\t", "sample"),
        ("gosync --root root waitl\t", "waitlock"),
    ] {
        zsh.press(typed);
        zsh.wait_for(wanted);
        zsh.press("\x15\n");
        zsh.wait_for("ready> ");
    }
}

#[test]
fn fish_completes_names_and_words() {
    let host = host();
    for (typed, wanted) in [
        ("lock al", "alice"),
        ("group get osg.t", "osg.test"),
        ("sync --user=sa", "--user=sample"),
        ("sync -u sa", "sample"),
        ("waitl", "waitlock"),
    ] {
        let line = format!(
            "source '{}'; complete -C'gosync --root root {typed}'",
            here("completions/gosync.fish").display()
        );
        let out = shell(&host, "fish", &["--no-config", "-c", &line])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&out.stdout);
        let found: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split('\t').next())
            .collect();
        assert_eq!(found, [wanted], "{typed}: {out:?}");
    }
}
