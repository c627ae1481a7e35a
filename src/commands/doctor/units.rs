//! What systemd starts that is gosync's: timers, and the service that follows; packaged ones, and those of the admin's own.
//! Rules: systemd.unit(5), for where units are and what enables them; systemd.special(7).

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

use super::report::{Area, Finding};
use crate::model::shown;
use crate::model::text::shell_word;
use crate::system::inspect::{self, Kind};
use crate::system::root::Root;
use crate::system::{files, process};

const AREA: Area = Area::Crontab;

/// Where units are; what is found earlier counts.
pub(super) const PLACES: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// How long systemctl may take.
const LIMIT: Duration = Duration::from_secs(5);

/// What gosync brings, and what is typed to have it.
const TIMER: &str = "gosync.timer";
const TIMER_OF_NEW: &str = "gosync-new.timer";
const ENABLE: &str = "systemctl enable --now gosync.timer gosync-new.timer";

/// Whether systemd runs a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Systemd {
    Runs,
    Absent,
    /// The host is another tree, which does not run.
    Unknown,
}

/// A unit that would start gosync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub name: String,
    pub is_enabled: bool,
    /// Whether it is in force now; `None`: nobody says.
    pub is_active: Option<bool>,
}

/// What is known.
#[derive(Clone, Debug)]
pub(super) struct Units {
    pub systemd: Systemd,
    pub all: Vec<Unit>,
}

impl Units {
    /// Looks at the units of a host.
    pub(super) fn look(root: &Root, is_host: bool) -> Self {
        let is_booted = inspect::node(&root.path("/run/systemd/system"));
        let systemd = match (is_host, is_booted) {
            (false, _) => Systemd::Unknown,
            (true, Ok(Some(node))) if node.kind == Kind::Directory => Systemd::Runs,
            (true, _) => Systemd::Absent,
        };
        let mut units = Self {
            systemd,
            all: installed(root),
        };
        let enabled = enabled(root);
        for unit in &mut units.all {
            unit.is_enabled = enabled.iter().any(|name| name == OsStr::new(&unit.name));
            if systemd == Systemd::Runs && unit.is_enabled {
                unit.is_active = is_active(&unit.name);
            }
        }
        units
    }

    /// Those that systemd starts, as far as is known.
    pub(super) fn started(&self) -> impl Iterator<Item = &Unit> {
        let is_off = self.systemd == Systemd::Absent;
        self.all
            .iter()
            .filter(move |unit| unit.is_enabled && !is_off)
    }

    fn is_started(&self, name: &str) -> bool {
        self.started().any(|unit| unit.name == name)
    }

    fn has(&self, name: &str) -> bool {
        self.all.iter().any(|unit| unit.name == name)
    }

    /// What is to be said if nothing runs gosync: what is so, and what to type. `guarded` is a table of cron that leaves it to
    /// systemd.
    pub(super) fn nothing_runs(&self, guarded: Option<&Path>) -> (String, &'static str) {
        let enabled: Vec<&str> = self
            .all
            .iter()
            .filter(|unit| unit.is_enabled)
            .map(|unit| unit.name.as_str())
            .collect();
        match (guarded, self.has(TIMER)) {
            (Some(table), _) if self.systemd == Systemd::Runs => (
                format!(
                    "nothing runs gosync: {} leaves it to systemd, which runs this host, and no timer is enabled",
                    table.display()
                ),
                ENABLE,
            ),
            _ if !enabled.is_empty() => (
                format!(
                    "nothing runs gosync: {} is enabled, but systemd does not run this host, and cron has no line",
                    shown(&enabled.join(", "))
                ),
                "crontab -e   # gosync(8) shows two lines for root",
            ),
            (_, true) if self.systemd != Systemd::Absent => (
                format!(
                    "neither cron nor a timer runs gosync: {TIMER} is there, and is not enabled"
                ),
                ENABLE,
            ),
            _ => (
                "neither cron nor a timer runs gosync".to_owned(),
                "crontab -e   # gosync(8) shows two lines for root",
            ),
        }
    }

    /// What is wrong with those that systemd starts. `cron` is a table of cron that runs gosync, too.
    pub(super) fn judge(&self, cron: Option<&Path>) -> Vec<Finding> {
        let mut found = Vec::new();
        for unit in self.started().filter(|unit| unit.is_active == Some(false)) {
            let (name, word) = (shown(&unit.name), shell_word(&unit.name));
            found.push(AREA.warning(
                format!("{name} is enabled, and not active"),
                "nothing is brought in step by it before the next boot",
                format!("systemctl start {word}; systemctl status {word}"),
            ));
        }
        let all_run = self.started().any(|unit| unit.name != TIMER_OF_NEW);
        if self.is_started(TIMER_OF_NEW) && !all_run && cron.is_none() {
            found.push(AREA.warning(
                format!("{TIMER_OF_NEW} is enabled, and {TIMER} is not"),
                "new people get accounts, and accounts of people who leave are not locked",
                ENABLE,
            ));
        }
        let timer = self.started().find(|unit| unit.name.ends_with(".timer"));
        if let (Some(timer), Some(table)) = (timer, cron) {
            found.push(AREA.note(
                format!("both {} and {} run gosync", table.display(), shown(&timer.name)),
                "one finds the other's lock, and waits or leaves with status 11; no harm, and no use",
                format!("systemctl disable --now {}; or take the lines out of cron", shell_word(&timer.name)),
            ));
        }
        found
    }
}

/// Our units that are there, and not masked.
fn installed(root: &Root) -> Vec<Unit> {
    let mut names: Vec<String> = PLACES
        .iter()
        .flat_map(|place| files::list(&root.path(place)).unwrap_or_default())
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.contains("gosync"))
        .filter(|name| name.ends_with(".timer") || name.ends_with("follow.service"))
        .collect();
    names.sort();
    names.dedup();
    names.retain(|name| {
        let first = PLACES.iter().find_map(|place| {
            let path = root.path(place).join(name);
            inspect::node(&path).ok().flatten().map(|_| path)
        });
        // A link to /dev/null, or an empty file.
        first.is_some_and(|path| {
            files::read_limited(&path, 1 << 16).is_ok_and(|text| !text.is_empty())
        })
    });
    let unit = |name| Unit {
        name,
        is_enabled: false,
        is_active: None,
    };
    names.into_iter().map(unit).collect()
}

/// What other units want or require, and is started with them.
fn enabled(root: &Root) -> Vec<OsString> {
    let mut names = Vec::new();
    for place in PLACES {
        let place = root.path(place);
        let wanting = files::list(&place).unwrap_or_default().into_iter();
        let wanting = wanting.filter(|name| {
            let name = name.to_string_lossy();
            name.ends_with(".wants") || name.ends_with(".requires")
        });
        for dir in wanting {
            names.extend(files::list(&place.join(dir)).unwrap_or_default());
        }
    }
    names
}

fn is_active(name: &str) -> Option<bool> {
    let systemctl = process::find("systemctl")?;
    let args = ["is-active", "--quiet", name].map(OsStr::new);
    let answer = process::run(&systemctl, &args, LIMIT).ok()?;
    // 3: it is there, and not active. Anything else says that nobody could be asked.
    match answer.code {
        Some(0) => Some(true),
        Some(3) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::report::Severity;

    fn told(units: &Units, cron: Option<&str>) -> Vec<(Severity, String)> {
        let found = units.judge(cron.map(Path::new)).into_iter();
        found
            .map(|finding| (finding.severity, finding.what))
            .collect()
    }

    fn units(systemd: Systemd, all: &[(&str, bool)]) -> Units {
        let unit = |(name, is_enabled): &(&str, bool)| Unit {
            name: (*name).to_owned(),
            is_enabled: *is_enabled,
            is_active: None,
        };
        Units {
            systemd,
            all: all.iter().map(unit).collect(),
        }
    }

    #[test]
    fn a_unit_counts_if_it_is_there_and_wanted_and_not_masked() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::new(Some(dir.path().to_owned()));
        let names = |all: Vec<Unit>| -> Vec<(String, bool)> {
            all.into_iter()
                .map(|unit| (unit.name, unit.is_enabled))
                .collect()
        };
        let own = dir.path().join("etc/systemd/system");
        let packaged = dir.path().join("usr/lib/systemd/system");
        let wanted = own.join("timers.target.wants");
        std::fs::create_dir_all(&wanted).unwrap();
        std::fs::create_dir_all(&packaged).unwrap();
        std::os::unix::fs::symlink("/x", wanted.join(TIMER)).unwrap();
        assert_eq!(
            names(Units::look(&root, false).all),
            [],
            "what was removed is no unit"
        );
        for name in [TIMER, TIMER_OF_NEW, "gosync.service", "other.timer"] {
            std::fs::write(packaged.join(name), "[Unit]\n").unwrap();
        }
        let off = (TIMER_OF_NEW.to_owned(), false);
        let found = Units::look(&root, false);
        assert_eq!(names(found.all), [off.clone(), (TIMER.to_owned(), true)]);
        assert_eq!(found.systemd, Systemd::Unknown);
        std::os::unix::fs::symlink("/dev/null", own.join(TIMER)).unwrap();
        assert_eq!(names(Units::look(&root, false).all), [off], "masked");
    }

    #[test]
    fn nothing_that_runs_it_is_told_with_what_would() {
        let packaged = [(TIMER, false), (TIMER_OF_NEW, false)];
        let table = Path::new("/etc/cron.d/gosync");
        let off = units(Systemd::Runs, &packaged);
        let (what, fix) = off.nothing_runs(Some(table));
        assert!(
            what.contains("leaves it to systemd") && fix == ENABLE,
            "{what}"
        );
        let (what, fix) = off.nothing_runs(None);
        assert!(what.contains("is not enabled") && fix == ENABLE, "{what}");
        let (what, fix) = units(Systemd::Runs, &[]).nothing_runs(None);
        assert!(
            !what.contains(TIMER) && fix.starts_with("crontab"),
            "{what}"
        );
        let absent = units(Systemd::Absent, &[(TIMER, true)]);
        assert_eq!(absent.started().count(), 0);
        let (what, fix) = absent.nothing_runs(None);
        assert!(
            what.contains("does not run this host") && fix.starts_with("crontab"),
            "{what}"
        );
    }

    #[test]
    fn a_timer_for_new_people_alone_locks_nobody() {
        let both = units(Systemd::Runs, &[(TIMER, true), (TIMER_OF_NEW, true)]);
        assert_eq!(told(&both, None), []);
        let alone = units(Systemd::Runs, &[(TIMER, false), (TIMER_OF_NEW, true)]);
        assert_eq!(told(&alone, None)[0].0, Severity::Warning);
        let follows = units(
            Systemd::Runs,
            &[("gosync-follow.service", true), (TIMER_OF_NEW, true)],
        );
        assert_eq!(told(&follows, None), []);
    }

    #[test]
    fn one_that_is_not_active_and_one_beside_cron_are_told() {
        let mut timer = units(Systemd::Runs, &[(TIMER, true)]);
        timer.all[0].is_active = Some(true);
        assert_eq!(told(&timer, None), []);
        assert_eq!(told(&timer, Some("/etc/crontab"))[0].0, Severity::Note);
        timer.all[0].is_active = Some(false);
        assert_eq!(told(&timer, None)[0].0, Severity::Warning);
    }
}
