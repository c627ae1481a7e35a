//! The file of the metrics: it is whole or as it was, nothing is left beside it, and no run fails for it.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::Signal;

use crate::follower::Follower;
use crate::metrics::{DIR, FILE, configuration, host, in_step, names, people, say, sync};

#[test]
fn follow_writes_it_in_each_round_and_says_once_that_it_cannot() {
    let host = host(&configuration("[follow]\nevery = \"1s\""));
    say(&host, "p", &people(&["ann"]));
    let mut follower = Follower::synced(&host, &[]);
    let created = "gosync_changes_total{kind=\"account\",change=\"created\"} ";
    follower.until_file(&host, FILE, &format!("{created}1"), true);
    let dir = host.root().join(DIR);
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).unwrap();
    let warning = "WARNING: no metrics are written";
    follower.until("it says so", |said| said.err.contains(warning));
    for more in [&["ann", "bob"][..], &["ann", "bob", "cat"]] {
        say(&host, "p", &people(more));
        let name = format!("\n{}:", more.last().unwrap());
        follower.until_file(&host, "etc/passwd", &name, true);
    }
    assert_eq!(follower.said().err.matches(warning).count(), 1);
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
    follower.until_file(&host, FILE, &format!("{created}3"), true);
    follower.at_rest();
    follower.end(Signal::SIGTERM).expect(0);
}

#[test]
fn a_directory_that_cannot_be_used_is_one_warning_and_no_failure() {
    for spoil in [away, open, a_file] {
        let host = in_step();
        let before = fs::read(host.root().join(FILE)).unwrap();
        let kept = spoil(host.root().join(DIR));
        let ran = host.gosync(&["-q", "sync"]).expect(0);
        let warnings: Vec<&str> = ran.err.lines().collect();
        assert_eq!(warnings.len(), 1, "{ran:?}");
        assert!(
            warnings[0]
                .starts_with("gosync WARNING: no metrics are written (`textfile` in [metrics])"),
            "{ran:?}"
        );
        if kept {
            assert_eq!(fs::read(host.root().join(FILE)).unwrap(), before);
            assert_eq!(names(&host), ["gosync.prom"]);
        }
        // The doctor finds it before any run.
        let doctor = host.gosync(&["doctor", "--offline"]);
        assert_eq!(
            doctor.out.matches("no metrics are written").count(),
            1,
            "{doctor:?}"
        );
        // What the run itself ends with stays.
        host.write("p.json", "{");
        host.gosync(&["-q", "sync", "users"]).expect(12);
    }
}

fn away(dir: PathBuf) -> bool {
    fs::remove_dir_all(dir).unwrap();
    false
}

fn open(dir: PathBuf) -> bool {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o777)).unwrap();
    true
}

fn a_file(dir: PathBuf) -> bool {
    fs::remove_dir_all(&dir).unwrap();
    fs::write(dir, "").unwrap();
    false
}

#[test]
fn nobody_sees_half_a_file() {
    let host = in_step();
    let (path, is_over) = (host.root().join(FILE), AtomicBool::new(false));
    // What a run left that was killed while it wrote.
    fs::write(
        host.root().join(DIR).join(".gosync.prom.gosync"),
        "gosync_ha",
    )
    .unwrap();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = 0;
            while !is_over.load(Ordering::Relaxed) {
                let text = fs::read_to_string(&path).unwrap();
                let last = text.lines().last().unwrap_or_default();
                assert!(
                    text.ends_with('\n') && last.starts_with("gosync_config_last_change"),
                    "{text}"
                );
                seen += 1;
            }
            seen
        });
        let inode = || fs::metadata(&path).unwrap().ino();
        let ran = (0..6).map(|_| {
            let before = inode();
            let ran = sync(&host);
            (ran.code, before != inode())
        });
        let ran: Vec<_> = ran.collect();
        is_over.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
        assert!(ran.iter().all(|it| *it == (Some(0), true)), "{ran:?}");
    });
    assert_eq!(names(&host), ["gosync.prom"]);
}

#[test]
fn neither_a_dry_run_nor_one_that_finds_another_at_work_writes_it() {
    use gosync::testing::system::lock::{Purpose, RunLock, Wait};
    let host = in_step();
    let before = fs::metadata(host.root().join(FILE)).unwrap().ino();
    host.gosync(&["sync", "-n"]).expect(0);
    let lock = host.root().join("run/gosync/lock");
    let held = RunLock::take(&lock, Purpose::Change("test"), Wait::No, &mut |_| {}).unwrap();
    host.gosync(&["--nw", "sync"]).expect(11);
    drop(held);
    assert_eq!(fs::metadata(host.root().join(FILE)).unwrap().ino(), before);
    // Without the key there is none.
    fs::remove_file(host.root().join(FILE)).unwrap();
    host.write(
        "gosync.toml",
        &configuration("").replace("textfile", "#textfile"),
    );
    sync(&host).expect(0);
    assert!(names(&host).is_empty());
}

#[test]
fn a_name_that_node_exporter_would_not_read_is_refused() {
    let host = host(&configuration("").replace("gosync.prom", "gosync.txt"));
    let ran = sync(&host).expect(2);
    assert!(ran.err.contains("end in .prom"), "{ran:?}");
}
