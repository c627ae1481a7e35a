//! Whether the services that systemd starts may write what the configuration has them write: a unit with
//! `ProtectSystem=strict` sees all else read-only. Rules: systemd.exec(5), systemd.unit(5) for drop-ins.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::host_look::HostLook;
use super::report::{Area, Finding, names};
use super::units::{PLACES, Units};
use crate::model::shown;
use crate::model::text::shell_word;
use crate::system::files;
use crate::system::root::Root;

const AREA: Area = Area::Crontab;

/// The longest unit that is looked at, in bytes.
const LIMIT: u64 = 1 << 16;

/// What one unit says of what it may write.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sandbox {
    is_strict: bool,
    writable: Vec<PathBuf>,
}

impl Sandbox {
    /// What a unit and its drop-ins come to, in their order.
    fn of(texts: &[String]) -> Self {
        let mut sandbox = Self::default();
        for line in texts.iter().flat_map(|text| text.lines()) {
            match line.trim().split_once('=') {
                Some(("ProtectSystem", how)) => sandbox.is_strict = how.trim() == "strict",
                Some(("ReadWritePaths", "")) => sandbox.writable.clear(),
                Some(("ReadWritePaths", paths)) => {
                    let paths = paths.split_whitespace();
                    let plain = paths.map(|path| path.trim_start_matches(['-', '+']).into());
                    sandbox.writable.extend(plain);
                }
                _ => {}
            }
        }
        sandbox
    }

    fn lets_write(&self, path: &Path) -> bool {
        !self.is_strict || self.writable.iter().any(|dir| path.starts_with(dir))
    }
}

/// What is wrong with the services of these units.
pub(super) fn check(look: &HostLook<'_>, units: &Units) -> Vec<Finding> {
    let started = units.started().map(|unit| &unit.name);
    let services: BTreeSet<String> = started
        .map(|name| match name.strip_suffix(".timer") {
            Some(stem) => format!("{stem}.service"),
            None => name.clone(),
        })
        .collect();
    let written = written(look);
    let judged = services.iter().filter_map(|service| {
        let sandbox = Sandbox::of(&texts(look.root(), service));
        judge(service, &sandbox, &written)
    });
    judged.collect()
}

/// The folders and files that a run may write, as the configuration names them.
fn written(look: &HostLook<'_>) -> Vec<PathBuf> {
    let settings = look.settings();
    let accounts = &settings.rules.accounts;
    let bases = accounts.home_bases.iter().chain([&accounts.home_base]);
    let mut all: Vec<PathBuf> = bases
        .chain([&settings.rules.departed.archive_dir])
        .map(PathBuf::from)
        .collect();
    all.push(settings.gosync.state_dir.clone());
    all.extend(settings.metrics.textfile.clone());
    let derived = settings.derived_targets();
    all.extend(derived.flat_map(|(_, target)| target.paths()));
    all.sort();
    all.dedup();
    all
}

/// A unit, and then its drop-ins, as systemd puts them together.
fn texts(root: &Root, unit: &str) -> Vec<String> {
    let read = |path: &PathBuf| files::read_limited(path, LIMIT).ok();
    let mut units = PLACES.iter().map(|place| root.path(place).join(unit));
    let own = units.find_map(|path| read(&path));
    let mut drop_ins: BTreeMap<_, PathBuf> = BTreeMap::new();
    for place in PLACES {
        let dir = root.path(place).join(format!("{unit}.d"));
        for name in files::list(&dir).unwrap_or_default() {
            if name.to_string_lossy().ends_with(".conf") {
                let path = dir.join(&name);
                drop_ins.entry(name).or_insert(path);
            }
        }
    }
    let all = own.into_iter().chain(drop_ins.values().filter_map(read));
    all.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

fn judge(service: &str, sandbox: &Sandbox, written: &[PathBuf]) -> Option<Finding> {
    let lacking = written.iter().filter(|path| !sandbox.lets_write(path));
    let lacking: Vec<String> = lacking.map(|path| path.display().to_string()).collect();
    if lacking.is_empty() {
        return None;
    }
    let dir = shell_word(&format!("/etc/systemd/system/{service}.d"));
    let words: Vec<String> = lacking.iter().map(|path| shell_word(path)).collect();
    Some(AREA.warning(
        format!("{} may not write {}", shown(service), names(&lacking)),
        "its unit says what it may write (ReadWritePaths=), and all else is read-only to it",
        format!(
            "mkdir -p {dir}; printf '[Service]\\nReadWritePaths=%s\\n' {} > {dir}/paths.conf; systemctl daemon-reload",
            shell_word(&words.join(" "))
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: &str = include_str!("../../../share/systemd/gosync.service");

    fn lacking(texts: &[&str], written: &[&str]) -> Option<String> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let written: Vec<PathBuf> = written.iter().map(PathBuf::from).collect();
        judge("gosync.service", &Sandbox::of(&texts), &written).map(|finding| finding.what)
    }

    #[test]
    fn what_is_shipped_lets_the_defaults_be_written() {
        let usual = [
            "/home",
            "/var/lib/gosync",
            "/var/lib/gosync/homes",
            "/srv/archive",
        ];
        assert_eq!(lacking(&[UNIT], &usual), None);
        assert_eq!(
            lacking(&[UNIT], &["/home", "/export/home"]).as_deref(),
            Some("gosync.service may not write /export/home")
        );
        assert!(
            lacking(&[UNIT], &["/homes"]).is_some(),
            "a name is no folder"
        );
    }

    #[test]
    fn a_drop_in_adds_to_it_or_begins_anew() {
        let export = ["/export/home"];
        let more = "[Service]\nReadWritePaths=/export/home\n";
        assert_eq!(lacking(&[UNIT, more], &export), None);
        let anew = "[Service]\nReadWritePaths=\nReadWritePaths=-/export\n";
        assert_eq!(lacking(&[UNIT, anew], &export), None);
        assert!(lacking(&[UNIT, anew], &["/home"]).is_some());
        assert_eq!(lacking(&[UNIT, "ProtectSystem=full\n"], &export), None);
        assert_eq!(
            lacking(&["[Service]\nExecStart=/x\n"], &export),
            None,
            "no sandbox"
        );
    }

    #[test]
    fn drop_ins_are_found_where_systemd_finds_them() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::new(Some(dir.path().to_owned()));
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("usr/lib/systemd/system/gosync.service", "packaged\n");
        write(
            "usr/lib/systemd/system/gosync.service.d/a.conf",
            "overridden\n",
        );
        write("etc/systemd/system/gosync.service.d/a.conf", "a\n");
        write("etc/systemd/system/gosync.service.d/b.conf", "b\n");
        write("etc/systemd/system/gosync.service.d/b.txt", "no\n");
        let all = ["packaged\n", "a\n", "b\n"];
        assert_eq!(texts(&root, "gosync.service"), all);
        write("etc/systemd/system/gosync.service", "own\n");
        assert_eq!(texts(&root, "gosync.service")[0], "own\n");
    }
}
