//! The power fails: a file system of its own is cut off without writing out what it has not written yet (the shutdown
//! request of ext4), after a kill at each call, and after a run that ended with 0.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use nix::sched::{CloneFlags, unshare};
use tempfile::TempDir;

use super::{judge, mixed_plan, prepared};
use crate::findings::Wrong;
use crate::interruptions::{Interruption, kill, sweep};
use crate::picture::differences;
use crate::scenarios::{ARCHIVE_HOME, Scenario, adding, removing};
use crate::small_host::{Database, SmallHost};
use crate::syscalls::Point;

/// Asks the file system at this path to stop at once (EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH).
const CUT: &str = "import fcntl, os, struct, sys\n\
    fd = os.open(sys.argv[1], os.O_RDONLY)\n\
    fcntl.ioctl(fd, 0x8004587d, struct.pack('I', 2))\n";

/// An ext4 file system in a file, mounted.
struct Disk {
    dir: TempDir,
}

impl Disk {
    /// In a mount namespace of this thread's own: a copy of the mount in the namespace of another test would keep the
    /// file system alive when it is to come up again.
    fn new() -> Self {
        unshare(CloneFlags::CLONE_NEWNS).unwrap();
        run("mount", &["--make-rprivate".as_ref(), "/".as_ref()]);
        let disk = Self {
            dir: tempfile::Builder::new()
                .prefix("gosync-test-")
                .tempdir()
                .unwrap(),
        };
        let image = disk.image();
        run("truncate", &["-s".as_ref(), "256M".as_ref(), &image]);
        run("mkfs.ext4", &["-q".as_ref(), &image]);
        std::fs::create_dir(disk.path()).unwrap();
        disk.mount();
        disk
    }

    fn image(&self) -> PathBuf {
        self.dir.path().join("image")
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("mounted")
    }

    fn mount(&self) {
        run(
            "mount",
            &["-o".as_ref(), "loop".as_ref(), &self.image(), &self.path()],
        );
    }

    /// Writes out everything: what was there before the run under test is on the disk.
    fn sync(&self) {
        run("sync", &["-f".as_ref(), &self.path()]);
    }

    /// Cuts the power, and comes up again.
    fn cut(&self) {
        run("python3", &["-c".as_ref(), CUT.as_ref(), &self.path()]);
        run("umount", &[&self.path()]);
        self.mount();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[track_caller]
fn run(program: &str, arguments: &[&Path]) {
    let status = Command::new(program).args(arguments).status();
    let status = status.unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(status.success(), "{program} {arguments:?}: {status}");
}

/// Cuts the power after a kill at each point, and after an undisturbed run.
fn cut_everywhere(plan: &str, (model, scenario): (SmallHost, Scenario)) {
    let began = Instant::now();
    let disk = Disk::new();
    let tree = SmallHost::new_in(&disk.path(), model.database);
    tree.become_like(&model);
    tree.save("before");
    let killed = kill(scenario.run);
    let by = |point: &Point, tree: &SmallHost| {
        disk.sync();
        killed(point, tree);
        disk.cut();
        None
    };
    let how = Interruption {
        at: |_| true,
        ..Interruption::kill(&by)
    };
    let mut findings = sweep(&tree, &scenario, &how);
    tree.restore("before");
    disk.sync();
    tree.gosync(scenario.run).expect(0);
    let done = tree.picture();
    disk.cut();
    findings.points += 1;
    for lost in differences(&tree.picture(), &done) {
        findings.add(Wrong::Lost, lost);
    }
    judge(plan, tree.database.word(), "power cut", &findings, began);
}

cases! {
    #[ignore = "one of the full sweeps, which take an hour: make torture"]
    additions: |on| cut_everywhere("adding", prepared(adding(), on)), etc, extrausers;
    #[ignore = "one of the full sweeps, which take an hour: make torture"]
    archives: |on| cut_everywhere(
        "deleting_with_archives",
        prepared(removing("deleting with archives", ARCHIVE_HOME), on),
    ), etc;
    #[ignore = "one of the full sweeps, which take an hour: make torture"]
    fifty_changes: |on| cut_everywhere("mixed", mixed_plan::plan(on)), etc, extrausers;
}
