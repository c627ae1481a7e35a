//! A scratch host that real tools take for this machine: a mount namespace in which `/etc`, `/home`, `/run`, `/srv`,
//! `/var/lib` and `/var/mail` are those of a [`SmallHost`]. Nothing of the machine itself is touched.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up must stop"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::scratch::{GOSYNC, Ran};
use crate::small_host::{Database, SmallHost};

/// What is mounted over the machine's own.
const MOUNTED: [&str; 6] = ["etc", "home", "run", "srv", "var/lib", "var/mail"];

/// What tools need of the machine's `/etc`.
const BORROWED: [&str; 8] = [
    "login.defs",
    "pam.d",
    "security",
    "default",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "environment",
];

/// Programs of the tests here, and the Debian packages that have them.
const NEEDED: [(&str, &str); 10] = [
    ("/usr/bin/unshare", "util-linux"),
    ("/usr/sbin/useradd", "passwd"),
    ("/usr/sbin/usermod", "passwd"),
    ("/usr/sbin/userdel", "passwd"),
    ("/usr/sbin/groupadd", "passwd"),
    ("/usr/bin/gpasswd", "passwd"),
    ("/usr/sbin/pwck", "passwd"),
    ("/usr/sbin/grpck", "passwd"),
    ("/usr/bin/getent", "libc-bin"),
    ("/usr/bin/newuidmap", "uidmap"),
];

/// A scratch host with the account files that pwck(8) finds no fault with.
pub fn sound_tree(database: Database) -> SmallHost {
    for (program, package) in NEEDED {
        assert!(
            Path::new(program).exists(),
            "{program} is missing: install the Debian package {package}"
        );
    }
    let tree = SmallHost::new(database);
    for name in BORROWED
        .iter()
        .filter(|name| Path::new("/etc").join(name).exists())
    {
        let status = Command::new("cp")
            .arg("-a")
            .arg(Path::new("/etc").join(name))
            .arg(tree.path("etc"))
            .status();
        assert!(status.unwrap().success());
    }
    let more = database.service().map(|service| format!(" {service}"));
    let more = more.unwrap_or_default();
    let switch =
        format!("passwd: files{more}\ngroup: files{more}\nshadow: files{more}\ngshadow: files\n");
    tree.write("etc/nsswitch.conf", &switch, 0o644, 0);
    let passwd: String = tree
        .read("etc/passwd")
        .lines()
        .filter(|l| l.contains(":x:"))
        .map(|l| format!("{l}\n"))
        .collect();
    tree.write("etc/passwd", &passwd, 0o644, 0);
    let group: String = tree
        .read("etc/group")
        .lines()
        .filter(|l| l.contains(":x:"))
        .map(|l| format!("{l}\n"))
        .collect();
    tree.write("etc/group", &group, 0o644, 0);
    for dir in ["home/admin", "home/local", "var/mail"] {
        fs::create_dir_all(tree.path(dir)).unwrap();
    }
    tree
}

/// A shell script that is still to be started where `tree` is this machine. `$GOSYNC` runs the program there.
pub fn script(tree: &SmallHost, script: &str) -> Command {
    let mounts = MOUNTED
        .map(|dir| format!("mount --bind {} /{dir}\n", tree.path(dir).display()))
        .concat();
    let mut command = with_own_mounts(tree, &format!("set -e\n{mounts}set +e\n{script}"));
    command.env(
        "GOSYNC",
        format!("{GOSYNC} --file {}", tree.config().display()),
    );
    command
}

/// A shell script that is still to be started, and may mount what it likes. `$GOSYNC` runs the program with `--root
/// $ROOT`, which is `tree`.
pub fn with_own_mounts(tree: &SmallHost, script: &str) -> Command {
    let mut command = Command::new("unshare");
    let root = tree.path("");
    let root = root.to_str().unwrap().trim_end_matches('/');
    command
        .args(["--mount", "--propagation", "private", "sh", "-c", script])
        .env(
            "GOSYNC",
            format!("{GOSYNC} --file {} --root {root}", tree.config().display()),
        )
        .env("ROOT", root)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .env_remove("GOSYNC_CONFIG")
        .current_dir("/")
        .stdin(Stdio::null());
    command
}

/// Runs a script to its first command that fails. It must end with 0.
#[track_caller]
pub fn run(tree: &SmallHost, text: &str) -> Ran {
    let ran = Ran::from(script(tree, &format!("set -e\n{text}")).output().unwrap());
    assert_eq!(ran.code, Some(0), "{text}\n{ran:?}");
    ran
}

/// Stops the test if pwck(8) or grpck(8) finds a fault.
#[track_caller]
pub fn check(tree: &SmallHost) {
    for program in ["pwck -r", "grpck -r"] {
        let ran = Ran::from(script(tree, program).output().unwrap());
        assert_eq!(
            (ran.code, ran.out.as_str(), ran.err.as_str()),
            (Some(0), "", ""),
            "{program}"
        );
    }
}
