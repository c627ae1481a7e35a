//! gosync's own lock: runs that are started together all finish, nobody is blocked by the dead, and waiting is told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up must stop"
)]

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::picture::differences;
use crate::scratch::{GOSYNC, Ran};
use crate::small_host::{Database, SmallHost, document, group, person};

/// The lock held by this test, which says that `pid` holds it.
fn hold(tree: &SmallHost, pid: &str) -> File {
    let dir = tree.path("run/gosync");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut options = OpenOptions::new();
    let mut file = options
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(dir.join("lock"))
        .unwrap();
    fs2::FileExt::lock_exclusive(&file).unwrap();
    write!(file, "{pid}").unwrap();
    file
}

/// A process that another test cannot take for its own: it is killed and waited for when dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    fn start(command: &mut Command) -> Self {
        Self(
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
        )
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.0.id()).unwrap()), signal).unwrap();
    }

    /// The next line that it says on standard output; the test hangs if there is none.
    fn line(&mut self) -> String {
        let mut text = String::new();
        BufReader::with_capacity(1, self.0.stdout.as_mut().unwrap())
            .read_line(&mut text)
            .unwrap();
        text
    }
}

/// A host with two accounts, and a third to come.
fn host() -> SmallHost {
    let tree = SmallHost::new(Database::Etc);
    let mut users = vec![
        person("u-1", "alice", "Alice", true),
        person("u-2", "bob", "Bob", true),
    ];
    tree.provide(&document(&users, &[]));
    tree.gosync(&["sync", "users"]).expect(0);
    users.push(person("u-3", "carol", "Carol", true));
    tree.provide(&document(
        &users,
        &[group("g-1", "physics", &["u-1", "u-3"])],
    ));
    tree
}

#[test]
fn fifty_processes_started_together_all_finish() {
    let tree = SmallHost::new(Database::Etc);
    let users: Vec<_> = (0..5)
        .map(|n| person(&format!("u-{n}"), &format!("user{n}"), "User", true))
        .collect();
    tree.provide(&document(
        &users,
        &[group("g-1", "physics", &["u-1", "u-3"])],
    ));
    let jobs: [&[&str]; 5] = [
        &["sync", "users"],
        &["sync", "groups"],
        &["sync", "users", "-n"],
        &["waitlock"],
        &["-q", "sync", "users"],
    ];
    let start = |n: usize| Process::start(&mut tree.command(jobs[n % jobs.len()]));
    let processes: Vec<Process> = (0..50).map(start).collect();
    for (n, mut process) in processes.into_iter().enumerate() {
        let mut said = String::new();
        std::io::Read::read_to_string(process.0.stderr.as_mut().unwrap(), &mut said).unwrap();
        let status = process.0.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{:?}: {said}", jobs[n % jobs.len()]);
    }
    tree.gosync(&["sync", "groups"]).expect(0);
    let passwd = tree.read("etc/passwd");
    assert_eq!(
        passwd
            .lines()
            .filter(|line| line.starts_with("user"))
            .count(),
        5,
        "{passwd}"
    );
    assert!(
        tree.read("etc/group")
            .contains("physics:x:60000:user1,user3\n")
    );
    assert!(!tree.path("etc/.gosync").exists() && !tree.path("home/.gosync").exists());
}

#[test]
fn a_killed_holder_blocks_nobody() {
    let tree = host();
    // A holder that waits for the password lock, which this test holds.
    let password = OpenOptions::new()
        .write(true)
        .open(tree.path("etc/.pwd.lock"))
        .unwrap();
    let whole = nix::libc::flock {
        l_type: nix::libc::F_WRLCK as nix::libc::c_short,
        l_whence: nix::libc::SEEK_SET as nix::libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    nix::fcntl::fcntl(&password, nix::fcntl::FcntlArg::F_OFD_SETLK(&whole)).unwrap();
    let mut holder = Process::start(&mut tree.command(&["sync", "users"]));
    assert!(
        holder.line().contains("+ account carol"),
        "it never came to the change"
    );
    let busy = tree.gosync(&["--nowait", "sync", "users"]).expect(11);
    let told = format!(
        "another run is under way: `sync users`, pid {}, since ",
        holder.0.id()
    );
    assert!(busy.err.contains(&told), "{}", busy.err);
    holder.signal(Signal::SIGKILL);
    assert_eq!(holder.0.wait().unwrap().signal(), Some(9));
    drop(password);
    tree.gosync(&["--nowait", "waitlock"]).expect(0);
    tree.gosync(&["--nowait", "sync", "users"]).expect(0);
    assert!(tree.read("etc/passwd").contains("\ncarol:x:"));
}

/// What is said of the holder 28483.
const BUSY: &str = "gosync ERROR: another run is under way: pid 28483, since 2026-11-21T00:00:00Z\n\
                    gosync HINT: It ends by itself; `--wait 30s` waits for it\n";

#[test]
fn nowait_leaves_at_once_and_says_who_holds_the_lock() {
    let tree = host();
    let _held = hold(&tree, "28483 1795219200\n");
    let before = tree.picture();
    for arguments in [
        &["--nowait", "sync", "users"][..],
        &["--nw", "sync", "users", "--new"],
        &["sync", "groups", "--nw"],
        &["--nw", "deluser", "alice"],
        &["--nw", "waitlock"],
        &["--nw", "sync", "users", "-n"],
        &["-q", "--nw", "sync", "groups"],
    ] {
        let busy = tree.gosync(arguments).expect(11);
        assert_eq!((busy.out.as_str(), busy.err.as_str()), ("", BUSY));
    }
    assert_eq!(differences(&tree.picture(), &before), [""; 0]);
}

#[test]
fn waiting_ends_at_its_limit_and_is_told_unless_quiet() {
    let tree = host();
    let _held = hold(&tree, "28483 1795219200\n");
    let before = tree.picture();
    let busy = tree.gosync(&["--wait", "1s", "sync", "users"]).expect(11);
    assert_eq!(
        busy.out,
        "gosync NOTICE: lock file exists: pid = 28483 [waiting]\n"
    );
    assert_eq!(busy.err, BUSY);
    let quiet = tree
        .gosync(&["-q", "--wait", "1s", "sync", "users"])
        .expect(11);
    assert_eq!(quiet.out, "");
    assert_eq!(differences(&tree.picture(), &before), [""; 0]);
}

#[test]
fn one_who_waits_says_so_again_and_gets_the_lock_when_it_is_free() {
    let tree = host();
    let held = hold(&tree, "28483 1795219200\n");
    let mut waiting = Process::start(&mut tree.command(&["sync", "users"]));
    for _ in 0..2 {
        assert_eq!(
            waiting.line(),
            "gosync NOTICE: lock file exists: pid = 28483 [waiting]\n"
        );
    }
    drop(held);
    while !waiting.line().contains("1 created") {}
    assert_eq!(waiting.0.wait().unwrap().code(), Some(0));
    // The lock file stays, since another may wait on it, and says who was the last.
    assert!(
        tree.read("run/gosync/lock")
            .starts_with(&waiting.0.id().to_string())
    );
}

#[test]
fn one_who_is_interrupted_while_it_waits_harms_nobody() {
    let tree = host();
    let held = hold(&tree, "28483 1795219200\n");
    let before = tree.picture();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        // Whoever runs the tests in the background may have signals ignored, and that is inherited.
        let mut command = Command::new("env");
        command.env_remove("GOSYNC_CONFIG").stdin(Stdio::null());
        command
            .arg("--default-signal")
            .arg(GOSYNC)
            .args(tree.arguments(&["sync", "users"]));
        let mut waiting = Process::start(&mut command);
        assert!(waiting.line().ends_with("[waiting]\n"));
        waiting.signal(signal);
        let status = waiting.0.wait().unwrap();
        assert!(!status.success(), "{status}");
        assert_eq!(differences(&tree.picture(), &before), [""; 0]);
        tree.gosync(&["--nowait", "waitlock"]).expect(11);
    }
    assert!(tree.read("run/gosync/lock").starts_with("28483 "));
    drop(held);
    tree.gosync(&["--nowait", "sync", "users"]).expect(0);
}

#[test]
fn a_lock_file_that_is_not_ours_alone_is_refused() {
    for (mode, link) in [(0o644, false), (0o600, true)] {
        let tree = host();
        let path = tree.path("run/gosync/lock");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        if link {
            std::fs::rename(&path, tree.path("run/gosync/other")).unwrap();
            std::os::unix::fs::symlink("other", &path).unwrap();
        }
        let refused: Ran = tree.gosync(&["sync", "users"]).expect(1);
        assert!(refused.err.contains("run/gosync/lock"), "{refused:?}");
        assert!(!tree.read("etc/passwd").contains("carol"));
    }
}
