//! Every call of the program that changes something, and runs in which one of them kills it or fails.
//!
//! By strace(1), which knows nothing of the program: the call is not carried out. `when=N` counts calls of one name in
//! one thread; all that gosync writes, its first thread writes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up must stop"
)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::scratch::{GOSYNC, Ran};
use crate::small_host::SmallHost;

/// Calls that change what others can see.
const CHANGES: &[&str] = &[
    "open",
    "openat",
    "openat2",
    "creat",
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "pwritev2",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "symlink",
    "symlinkat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "mknod",
    "mknodat",
    "chmod",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "chown",
    "fchown",
    "lchown",
    "fchownat",
    "utime",
    "utimes",
    "utimensat",
    "futimesat",
    "truncate",
    "ftruncate",
    "fallocate",
    "copy_file_range",
    "sendfile",
    "setxattr",
    "lsetxattr",
    "fsetxattr",
    "removexattr",
    "lremovexattr",
    "fremovexattr",
];

/// Calls that write to disk what others see already. A kill there leaves what a kill at the next change leaves.
const SYNCS: &[&str] = &["fsync", "fdatasync", "syncfs", "sync_file_range"];

/// Calls that ask for something.
const READS: &[&str] = &[
    "openat",
    "read",
    "pread64",
    "getdents64",
    "statx",
    "newfstatat",
    "llistxattr",
    "lgetxattr",
    "readlink",
];

/// How long a program that is to stand still may take to come to that.
const PATIENCE: Duration = Duration::from_secs(60);

/// One call.
#[derive(Clone, Debug)]
pub struct Point {
    pub call: String,
    /// Which call of this name it is, from 1.
    pub number: usize,
    /// Its arguments, for people.
    pub text: String,
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} #{}: {}", self.call, self.number, self.text)
    }
}

impl Point {
    /// Whether a kill here can leave anything that the next kill does not.
    pub fn is_change(&self) -> bool {
        !SYNCS.contains(&self.call.as_str())
    }
}

fn strace(arguments: &[String], tree: &SmallHost, run: &[&str]) -> Output {
    let output = Command::new("strace")
        .args(arguments)
        .arg(GOSYNC)
        .args(tree.arguments(run))
        .env_remove("GOSYNC_CONFIG")
        .stdin(Stdio::null())
        .output();
    output
        .unwrap_or_else(|e| panic!("strace cannot be run ({e}): install the Debian package strace"))
}

/// The calls of an undisturbed run that change something or write it to disk, in order, the end of the program
/// included. The run is carried out.
pub fn of(tree: &SmallHost, run: &[&str]) -> Vec<Point> {
    let calls: Vec<&str> = CHANGES
        .iter()
        .chain(SYNCS)
        .chain(&["exit_group"])
        .copied()
        .collect();
    let mut points = trace(tree, run, &calls);
    points.retain(|point| {
        let opens = point.call.starts_with("open");
        let writes = ["O_CREAT", "O_TRUNC", "O_WRONLY", "O_RDWR"]
            .iter()
            .any(|flag| point.text.contains(flag));
        let says =
            point.call == "write" && (point.text.starts_with("1,") || point.text.starts_with("2,"));
        !(opens && !writes
            || says
            || point.text.contains("\"/dev/")
            || point.text.contains("\"/proc/"))
    });
    points
}

/// The calls of an undisturbed run that ask for something, from when it opens its configuration. The run is carried out.
pub fn of_reads(tree: &SmallHost, run: &[&str]) -> Vec<Point> {
    let mut points = trace(tree, run, READS);
    let begin = points
        .iter()
        .position(|point| point.call == "openat" && point.text.contains("gosync.toml"));
    points.drain(..begin.expect("the configuration is not opened"));
    points
}

fn trace(tree: &SmallHost, run: &[&str], calls: &[&str]) -> Vec<Point> {
    let log = tree.dir().join("trace");
    let calls: Vec<String> = calls.iter().map(|call| format!("?{call}")).collect();
    let trace = format!("trace={}", calls.join(","));
    let arguments = [
        "-qqq",
        "-s",
        "200",
        "-o",
        log.to_str().unwrap(),
        "-e",
        &trace,
    ]
    .map(str::to_owned);
    let output = strace(&arguments, tree, run);
    assert!(
        output.status.success(),
        "the undisturbed run fails: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut points = Vec::new();
    for line in fs::read_to_string(log).unwrap().lines() {
        let Some((call, rest)) = line.split_once('(') else {
            continue;
        };
        let number = counts.entry(call.to_owned()).or_default();
        *number += 1;
        // Before it is shortened: the scratch host may stand in /dev/shm.
        let text = rest
            .replace(tree.dir().to_str().unwrap(), "")
            .chars()
            .take(160)
            .collect();
        points.push(Point {
            call: call.to_owned(),
            number: *number,
            text,
        });
    }
    assert!(points.len() > 10, "strace saw nothing: {points:?}");
    points
}

/// Runs the program and kills it before this call. No: it never came there.
pub fn kill_at(point: &Point, tree: &SmallHost, run: &[&str]) -> bool {
    strace(&injection(point, "signal=KILL"), tree, run)
        .status
        .signal()
        == Some(9)
}

/// Runs the program; this call fails with `error`, such as `EIO`.
pub fn fail_at(point: &Point, error: &str, tree: &SmallHost, run: &[&str]) -> Ran {
    strace(&injection(point, &format!("error={error}")), tree, run).into()
}

/// Runs the program; after this call it stands still until `meanwhile` has been done.
pub fn stop_at(point: &Point, tree: &SmallHost, run: &[&str], meanwhile: &dyn Fn()) -> Ran {
    let log = tree.dir().join("stops");
    let Point { call, number, .. } = point;
    let child = Command::new("strace")
        .args(["-o", log.to_str().unwrap(), "-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:signal=STOP:when={number}")])
        .arg(GOSYNC)
        .args(tree.arguments(run))
        .env_remove("GOSYNC_CONFIG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let child = child.unwrap();
    let until = Instant::now() + PATIENCE;
    let stands = || fs::read_to_string(&log).is_ok_and(|text| text.contains("stopped by SIGSTOP"));
    while !stands() {
        assert!(Instant::now() < until, "never stood still at {point}");
        thread::sleep(Duration::from_millis(1));
    }
    meanwhile();
    let strace = child.id();
    let children = fs::read_to_string(format!("/proc/{strace}/task/{strace}/children")).unwrap();
    let program = Pid::from_raw(children.trim().parse().unwrap());
    kill(program, Signal::SIGCONT).unwrap();
    fs::remove_file(&log).unwrap();
    child.wait_with_output().unwrap().into()
}

fn injection(point: &Point, what: &str) -> [String; 7] {
    let Point { call, number, .. } = point;
    let inject = format!("inject={call}:{what}:when={number}");
    let trace = format!("trace={call}");
    ["-qqq", "-o", "/dev/null", "-e", &trace, "-e", &inject].map(str::to_owned)
}
