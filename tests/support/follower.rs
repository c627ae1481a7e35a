//! `gosync follow` on a scratch host, for one test. It is killed when the value is dropped.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::scratch::{Ran, ScratchHost};

/// Longer than anything here takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// A program that follows.
pub struct Follower {
    child: Child,
    /// Its standard output and standard error.
    files: [PathBuf; 2],
}

impl Follower {
    /// Starts it with these arguments.
    pub fn start(host: &ScratchHost, arguments: &[&str]) -> Self {
        Self::spawn(host, host.command(&[&["follow"], arguments].concat()))
    }

    /// The same, by a command that is made already.
    pub fn spawn(host: &ScratchHost, mut command: Command) -> Self {
        let files = ["follow.out", "follow.err"].map(|name| host.dir().join(name));
        command.stdout(File::create(&files[0]).unwrap());
        command.stderr(File::create(&files[1]).unwrap());
        let child = command.spawn().unwrap();
        Self { child, files }
    }

    /// The same, and waits until it is in step.
    pub fn synced(host: &ScratchHost, arguments: &[&str]) -> Self {
        let mut it = Self::start(host, arguments);
        it.until("synced", |said| said.out.contains("NOTICE: synced; "));
        it
    }

    /// What it has said up to now.
    pub fn said(&self) -> Ran {
        let [out, err] = self.files.each_ref().map(|file| fs::read(file).unwrap());
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ran {
            code: None,
            out: text(out),
            err: text(err),
        }
    }

    /// Waits until something is so; the test stops if it does not become so, or if the program ends before.
    #[track_caller]
    pub fn until(&mut self, what: &str, is_so: impl Fn(&Ran) -> bool) {
        let begun = Instant::now();
        while !is_so(&self.said()) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "{what}: {ended:?} {:?}", self.said());
            assert!(begun.elapsed() < PATIENCE, "{what}: {:?}", self.said());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a file of the host has, or has not, a text.
    #[track_caller]
    pub fn until_file(&mut self, host: &ScratchHost, file: &str, text: &str, is_there: bool) {
        let path = host.root().join(file);
        let read = || String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned();
        let what = format!("{file}: {text} {is_there}");
        self.until(&what, |_| read().contains(text) == is_there);
    }

    /// Waits until it waits: only then signals that end programs are held back.
    #[track_caller]
    pub fn at_rest(&mut self) {
        let pid = self.pid();
        let blocked = || u64::from_str_radix(&status(pid, "SigBlk:"), 16).unwrap();
        let bit = 1 << (Signal::SIGTERM as i32 - 1);
        self.until("it waits", |_| blocked() & bit != 0);
    }

    /// Sends a signal to it.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Ends it by a signal; how it ended.
    pub fn end(mut self, signal: Signal) -> Ran {
        self.signal(signal);
        let code = self.child.wait().unwrap().code();
        Ran {
            code,
            ..self.said()
        }
    }

    /// Its id.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }
}

/// What /proc says of a process under a key.
pub fn status(pid: Pid, key: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let mut lines = status.lines();
    let value = lines.find_map(|line| line.strip_prefix(key));
    value.unwrap().trim().to_owned()
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
