//! The units, the file for cron and what `make install` makes of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::scratch::{GOSYNC, Ran};
use crate::{here, text};

const SERVICES: [&str; 3] = ["gosync", "gosync-new", "gosync-follow"];

fn analyze(args: &[&str], files: &[String]) -> Ran {
    let output = Command::new("systemd-analyze")
        .args(args)
        .args(files)
        .output();
    let output = output
        .unwrap_or_else(|e| panic!("systemd-analyze: {e}; install the Debian package systemd"));
    output.into()
}

/// The units with the program of these tests, below `dir`; their paths.
fn units(dir: &Path) -> Vec<String> {
    let all = fs::read_dir(here("share/systemd")).unwrap();
    let copy = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        let to = dir.join(path.file_name().unwrap());
        let unit = fs::read_to_string(&path).unwrap();
        fs::write(&to, unit.replace("/usr/local/bin/gosync", GOSYNC)).unwrap();
        to.to_str().unwrap().to_owned()
    };
    all.map(copy).collect()
}

/// The lines of a unit that are no comments.
fn lines(service: &str) -> Vec<String> {
    let unit = text(&format!("share/systemd/{service}.service"));
    let said = unit
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    said.map(str::to_owned).collect()
}

#[test]
fn systemd_finds_no_fault_with_the_units() {
    let dir = tempfile::tempdir().unwrap();
    let units = units(dir.path());
    assert_eq!(units.len(), 5, "{units:?}");
    let ran = analyze(&["verify", "--man=no"], &units);
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (Some(0), "", "")
    );
}

/// 4.0 of 10, as systemd counts; without a sandbox it is 9.6.
#[test]
fn the_services_are_exposed_no_more_than_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let units = units(dir.path());
    let services = units.iter().filter(|path| path.ends_with(".service"));
    let services: Vec<String> = services.cloned().collect();
    analyze(
        &["security", "--offline=true", "--threshold=40", "--no-pager"],
        &services,
    )
    .expect(0);
}

#[test]
fn all_services_have_one_sandbox_and_reasons_for_what_it_lacks() {
    let own = [
        "Description",
        "ExecStart",
        "SuccessExitStatus",
        "TimeoutStartSec",
        "Type",
        "Restart",
        "RestartSec",
        "WantedBy",
    ];
    let shared = |service: &str| -> BTreeSet<String> {
        let mut all: BTreeSet<String> = lines(service).into_iter().collect();
        all.retain(|line| {
            !line.starts_with('[') && !own.contains(&line.split('=').next().unwrap())
        });
        all
    };
    let first = shared(SERVICES[0]);
    for service in &SERVICES[1..] {
        assert_eq!(shared(service), first, "{service}");
    }
    // A listed folder that a host lacks would keep everything from running, but for the sign before it.
    assert!(
        first.contains("ReadWritePaths=/etc /var -/home -/srv"),
        "{first:?}"
    );
    assert!(first.contains("RuntimeDirectoryPreserve=yes"), "{first:?}");
    let unit = text("share/systemd/gosync.service");
    let (_, reasons) = unit.split_once("# Not here, and why:\n").unwrap();
    for line in [
        "NoNewPrivileges",
        "MemoryDenyWriteExecute",
        "PrivateDevices",
        "RestrictSUIDSGID",
        "ProtectHome",
        "ProtectProc",
        "DynamicUser",
    ] {
        assert!(
            reasons.contains(&format!("{line}=")) || reasons.contains(&format!("{line}, ")),
            "{line}"
        );
        assert!(
            !first.iter().any(|set| set.starts_with(line)),
            "{line} is set"
        );
    }
    // Of two commands in one unit the second would not run if the first fails.
    for service in SERVICES {
        let commands = lines(service)
            .iter()
            .filter(|line| line.starts_with("Exec"))
            .count();
        assert_eq!(commands, 1, "{service}");
    }
}

fn make(words: &[&str], root: &Path) -> Ran {
    let mut command = Command::new("make");
    command
        .args(["--silent", "PREFIX=/opt/site", "BINDIR=/opt/site/sbin"])
        .arg(format!("PROGRAM={GOSYNC}"))
        .arg(format!("DESTDIR={}", root.display()))
        .args(words)
        .current_dir(here(""));
    let ran: Ran = command.output().unwrap().into();
    ran.expect(0)
}

fn files(root: &Path) -> Vec<String> {
    let found = Command::new("find")
        .arg(root)
        .args(["-type", "f", "-printf", "%P\\n"])
        .output();
    let found: Ran = found.unwrap().into();
    found.expect(0).out.lines().map(str::to_owned).collect()
}

#[test]
fn what_make_installs_names_its_own_place_and_can_be_taken_away() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    make(&["install"], &root);
    let all = files(&root);
    for path in [
        "sbin/gosync",
        "lib/systemd/system/gosync.timer",
        "share/doc/gosync/cron.d/gosync",
        "share/gosync/hooks/welcome",
        "share/man/man8/gosync.8",
        "share/gosync/prometheus/gosync.rules.yml",
        "share/gosync/grafana/gosync.json",
    ] {
        assert!(
            all.contains(&format!("opt/site/{path}")),
            "{path}: {all:#?}"
        );
    }
    let is_text = |path: &&String| !path.ends_with("sbin/gosync");
    for path in all.iter().filter(is_text) {
        let text = fs::read_to_string(root.join(path)).unwrap();
        for place in ["/usr/local/bin/", "/usr/local/share/gosync/"] {
            assert!(!text.contains(place), "{path} names {place}");
        }
    }
    let unit = fs::read_to_string(root.join("opt/site/lib/systemd/system/gosync.service")).unwrap();
    assert!(unit.contains("ExecStart=/opt/site/sbin/gosync "), "{unit}");
    // What is in the same folders and not gosync's stays.
    let other = root.join("opt/site/sbin/other");
    fs::write(&other, "").unwrap();
    let told = make(&["uninstall"], &root);
    assert!(
        told.out.contains("the ledger in /var/lib/gosync"),
        "{told:?}"
    );
    assert_eq!(files(&root), ["opt/site/sbin/other"]);
}

#[test]
fn the_release_is_made_by_the_makefile_alone() {
    let workflow = text(".github/workflows/release.yml");
    let runs: Vec<&str> = workflow
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- run: "))
        .collect();
    let made: Vec<&&str> = runs.iter().filter(|run| run.starts_with("make ")).collect();
    assert_eq!(made, [&"make test", &"make package-twice"]);
    let makefile = text("Makefile");
    for target in made.iter().map(|run| &run[5..]) {
        assert!(
            makefile
                .lines()
                .any(|line| line.starts_with(&format!("{target}:"))),
            "{target}"
        );
    }
    // Besides, it installs tools, and tells git whose the folder is.
    assert_eq!(runs.len() - made.len(), 2, "{runs:?}");
}
