//! What the packages hold, and what they say of themselves.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::{pack, package, packages};
use crate::scratch::{GOSYNC, Ran};

fn said(program: &str, args: &[&str], file: &Path) -> String {
    let output = Command::new(program).args(args).arg(file).output().unwrap();
    Ran::from(output).expect(0).out
}

/// The files and folders of a listing whose lines end with the path, without those above them.
fn sorted(listing: &str, path: impl Fn(&str) -> String) -> Vec<String> {
    let mut all: Vec<String> = listing.lines().map(path).collect();
    all.retain(|path| path.contains("gosync"));
    all.sort();
    all
}

/// What both must have, whatever is added to the program.
const EXPECTED: [&str; 22] = [
    "/etc/cron.d/gosync",
    "/etc/gosync/",
    "/etc/gosync/hooks/group.d/",
    "/etc/gosync/hooks/user.d/",
    "/usr/lib/systemd/system/gosync-follow.service",
    "/usr/lib/systemd/system/gosync-new.service",
    "/usr/lib/systemd/system/gosync-new.timer",
    "/usr/lib/systemd/system/gosync.service",
    "/usr/lib/systemd/system/gosync.timer",
    "/usr/lib/tmpfiles.d/gosync.conf",
    "/usr/sbin/gosync",
    "/usr/share/bash-completion/completions/gosync",
    "/usr/share/doc/gosync/gosync.toml.example",
    "/usr/share/fish/vendor_completions.d/gosync.fish",
    "/usr/share/gosync/grafana/gosync.json",
    "/usr/share/gosync/hooks/welcome",
    "/usr/share/gosync/hooks/welcome.txt",
    "/usr/share/gosync/prometheus/gosync.rules.yml",
    "/usr/share/gosync/providers/getent",
    "/usr/share/gosync/providers/sql",
    "/usr/share/man/man5/gosync.toml.5",
    "/usr/share/man/man8/gosync.8",
];

/// Stops the test if something is missing, or a configuration that would be in force is there.
fn check(all: &[String], zsh: &str) {
    for expected in EXPECTED.iter().chain([&zsh]) {
        let is = |path: &String| path.trim_end_matches(".gz") == *expected;
        assert!(all.iter().any(is), "{expected}: {all:#?}");
    }
    let live = |path: &&String| path.starts_with("/etc") && !path.ends_with('/');
    let live: Vec<&String> = all.iter().filter(live).collect();
    assert_eq!(live, ["/etc/cron.d/gosync"]);
}

#[test]
fn a_deb_has_all_and_no_configuration() {
    let deb = package("1", ".deb");
    let listing = said("dpkg-deb", &["--contents"], &deb);
    let words = |line: &str| line.split_whitespace().nth(5).unwrap()[1..].to_owned();
    check(
        &sorted(&listing, words),
        "/usr/share/zsh/vendor-completions/_gosync",
    );
    for line in listing.lines() {
        assert!(line.contains(" root/root "), "{line}");
    }
    let control = said("dpkg-deb", &["--field"], &deb);
    // A packager's tools would name the glibc of this machine.
    assert!(
        control.contains("\nDepends: libc6 (>= 2.17)\n"),
        "{control}"
    );
    let conffiles = said("dpkg-deb", &["--info"], &deb);
    assert!(conffiles.contains("conffiles"), "{conffiles}");
}

#[test]
fn a_rpm_has_all_and_no_configuration() {
    let rpm = package("1", ".rpm");
    let listing = said("rpm", &["-qlvp"], &rpm);
    let path = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let slash = if words[0].starts_with('d') { "/" } else { "" };
        assert_eq!(words[2..4], ["root", "root"], "{line}");
        format!("{}{slash}", words.last().unwrap())
    };
    check(
        &sorted(&listing, path),
        "/usr/share/zsh/site-functions/_gosync",
    );
    assert_eq!(said("rpm", &["-qcp"], &rpm), "/etc/cron.d/gosync\n");
    let needs = said("rpm", &["-qp", "--requires"], &rpm);
    let mut needs: Vec<&str> = needs
        .lines()
        .filter(|line| !line.starts_with("rpmlib("))
        .collect();
    needs.dedup();
    assert_eq!(needs, ["/bin/sh", "glibc >= 2.17"]);
    let payload = said("rpm", &["-qp", "--qf", "%{PAYLOADCOMPRESSOR}"], &rpm);
    assert_eq!(payload, "gzip", "old rpm reads nothing else");
}

#[test]
fn a_tarball_installs_and_uninstalls_itself() {
    let dir = tempfile::tempdir().unwrap();
    let tar = |args: &[&str]| {
        let mut command = Command::new("tar");
        command.args(args).arg("-C").arg(dir.path());
        Ran::from(command.output().unwrap()).expect(0)
    };
    let archive = package("1", ".tar.gz");
    tar(&["-xf", archive.to_str().unwrap(), "--strip-components=1"]);
    let root = dir.path().join("root");
    let make = |target: &str| {
        let mut command = Command::new("make");
        command.args(["--silent", target]).current_dir(dir.path());
        command.arg(format!("DESTDIR={}", root.display()));
        Ran::from(command.output().unwrap()).expect(0)
    };
    make("install");
    let program = root.join("usr/local/bin/gosync");
    let version = Command::new(&program).arg("--version").output().unwrap();
    assert!(Ran::from(version).expect(0).out.starts_with("gosync "));
    let unit = root.join("usr/local/lib/systemd/system/gosync.service");
    assert!(
        fs::read_to_string(unit)
            .unwrap()
            .contains("ExecStart=/usr/local/bin/gosync ")
    );
    let told = make("uninstall");
    assert!(told.out.contains("/var/lib/gosync"), "{told:?}");
    let left = Command::new("find")
        .arg(&root)
        .args(["-type", "f"])
        .output()
        .unwrap();
    assert_eq!(Ran::from(left).expect(0).out, "");
}

#[test]
fn the_same_program_makes_the_same_packages() {
    let dir = tempfile::tempdir().unwrap();
    // Neither who packs, nor what is allowed here, nor the time may be seen in them.
    let program = dir.path().join("another-name");
    fs::copy(packages().join("gosync"), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    pack(&program, &dir.path().join("again"), "1");
    let again = fs::read_dir(dir.path().join("again")).unwrap();
    let again: Vec<_> = again
        .map(|entry| entry.unwrap().path())
        .filter(|p| p.is_file())
        .collect();
    assert_eq!(again.len(), 3, "{again:?}");
    for path in again {
        let first = packages().join("1").join(path.file_name().unwrap());
        assert!(
            fs::read(&path).unwrap() == fs::read(first).unwrap(),
            "{path:?}"
        );
    }
}

/// The program of these tests is linked on this machine, for its own glibc.
#[test]
fn a_program_that_needs_more_than_is_promised_is_no_release() {
    let needs = |version: &str| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/needs.sh");
        Ran::from(
            Command::new(script)
                .args([GOSYNC, version])
                .output()
                .unwrap(),
        )
    };
    let old = needs("2.17").expect(1);
    assert!(
        old.err.contains("needs glibc 2.") && old.err.contains("2.17 is promised"),
        "{old:?}"
    );
    // By whatever glibc: it has the unwinder of gcc.
    let other = needs("2.99").expect(1);
    assert!(
        other
            .err
            .contains("libgcc_s.so.1, which is no part of glibc"),
        "{other:?}"
    );
}
