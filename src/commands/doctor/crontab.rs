//! Whether anything runs gosync regularly, cron or systemd, and whether cron will read its lines. A hint only: there are
//! other ways. Rules: crontab(5), cron(8) of Debian.

use std::path::PathBuf;
use std::time::Duration;

use super::cron_calls::{Call, call};
use super::host_look::HostLook;
use super::report::{Area, Finding, Report, word};
use super::sandbox;
use super::units::{Systemd, Units};
use crate::model::shown;
use crate::system::inspect::{self, Kind, Node};
use crate::system::{files, process};

const AREA: Area = Area::Crontab;

/// The longest table that is looked at, in bytes.
const LIMIT: u64 = 1 << 20;

/// What a line begins with that does nothing where systemd runs the host: there a timer has the same done.
const GUARD: &str = "test -d /run/systemd/system ||";

/// What is known.
struct Facts {
    tables: Vec<Table>,
    units: Units,
    time_limit: Duration,
}

impl Facts {
    /// A table of which cron runs a line of ours.
    fn by_cron(&self) -> Option<&Table> {
        let is_left_to_systemd = self.units.systemd == Systemd::Runs;
        let runs = |table: &&Table| !(is_left_to_systemd && table.is_guarded());
        self.tables.iter().find(runs)
    }
}

/// A table of cron that names gosync.
struct Table {
    node: Node,
    text: String,
    /// Whether it is one of the directory cron.d, where only some names count.
    dropped_in: bool,
    /// What its lines come to on this host; nothing of another one is known.
    calls: Vec<(String, Call)>,
}

impl Table {
    /// Whether all that it does with gosync is left to systemd, where that runs.
    fn is_guarded(&self) -> bool {
        lines(&self.text).all(|line| line.contains(GUARD))
    }
}

pub(super) fn check(look: &HostLook<'_>, report: &mut Report) {
    let root = look.root();
    let mut tables = Vec::new();
    for path in [
        "/etc/crontab",
        "/var/spool/cron/crontabs/root",
        "/var/spool/cron/root",
    ] {
        tables.extend(table(root.path(path), false));
    }
    let dir = root.path("/etc/cron.d");
    tables.extend(
        files::list(&dir)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|name| table(dir.join(name), true)),
    );
    if look.is_host() {
        for table in &mut tables {
            table.calls = calls(&table.text);
        }
    }
    let facts = Facts {
        tables,
        units: Units::look(root, look.is_host()),
        time_limit: look.settings().gosync.time_limit,
    };
    let found: Vec<String> = facts
        .tables
        .iter()
        .map(|table| table.node.path.display().to_string())
        .collect();
    let units = facts
        .units
        .started()
        .map(|unit| shown(&unit.name).to_string());
    let all: Vec<String> = found.into_iter().chain(units).collect();
    report.looked(
        AREA,
        if all.is_empty() {
            "nothing runs gosync".to_owned()
        } else {
            all.join(", ")
        },
    );
    report.add(judge(&facts));
    report.add(sandbox::check(look, &facts.units));
}

fn table(path: PathBuf, dropped_in: bool) -> Option<Table> {
    let node = inspect::node(&path).ok()??;
    let text = String::from_utf8_lossy(&files::read_limited(&path, LIMIT).ok()?).into_owned();
    let runs_us = lines(&text).next().is_some();
    runs_us.then_some(Table {
        node,
        text,
        dropped_in,
        calls: Vec::new(),
    })
}

/// What the lines of a table come to.
fn calls(text: &str) -> Vec<(String, Call)> {
    let exists = |path: &std::path::Path| path.exists();
    let all = lines(text).filter_map(|line| Some((line.to_owned(), call(line, text, &exists)?)));
    all.collect()
}

/// The lines that run gosync.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#') && line.contains("gosync") && line.contains("sync "))
}

fn judge(facts: &Facts) -> Vec<Finding> {
    let cron = facts.by_cron().map(|table| table.node.path.as_path());
    let mut found = facts.units.judge(cron);
    if cron.is_none() && facts.units.started().next().is_none() {
        let guarded = facts.tables.first().map(|table| table.node.path.as_path());
        let (what, fix) = facts.units.nothing_runs(guarded);
        let why = "new people get no account, and those who leave keep theirs, until somebody runs it by hand";
        found.push(AREA.note(what, why, fix));
    }
    let tables = facts.tables.iter();
    found.extend(tables.flat_map(|table| judge_table(table, facts.time_limit)));
    found
}

fn judge_table(table: &Table, limit: Duration) -> Vec<Finding> {
    let Table {
        node,
        text,
        dropped_in,
        calls,
    } = table;
    let (path, name) = (node.path.display(), word(&node.path));
    let mut found = Vec::new();
    let mut warn = |what: String, why: &str, fix: String| found.push(AREA.warning(what, why, fix));
    let file_name = node.path.file_name().unwrap_or_default().to_string_lossy();
    if *dropped_in
        && !file_name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    {
        let why = "cron passes over files of cron.d whose name has other characters than letters, digits, _ and -";
        warn(
            format!("{path} is not read"),
            why,
            format!("mv {name} /etc/cron.d/gosync"),
        );
    }
    if node.kind == Kind::File && node.mode & 0o022 != 0 {
        let why = "cron ignores it; and whoever may write it could run anything as root";
        warn(
            format!("others may write {path}"),
            why,
            format!("chmod go-w {name}"),
        );
    }
    if !text.ends_with('\n') {
        warn(
            format!("{path} does not end with a newline"),
            "cron passes over its last line",
            format!("echo >> {name}"),
        );
    }
    for line in lines(text) {
        found.extend(judge_line(line, limit));
    }
    let own = process::own_program();
    found.extend(
        calls
            .iter()
            .filter_map(|(line, call)| judge_call(line, call, own.as_deref())),
    );
    found
}

/// A line that runs nothing, or another program than this.
fn judge_call(line: &str, call: &Call, own: Option<&std::path::Path>) -> Option<Finding> {
    let here = own.map_or_else(
        || "/usr/local/bin/gosync".to_owned(),
        |own| own.display().to_string(),
    );
    let nothing = |reason: String| {
        let what = format!("a line of cron runs nothing, {reason}: {}", shown(line));
        let why = "nothing is brought in step by it, and what the shell says about that goes where the line sends it";
        AREA.problem(what, why, format!("write {here} in it, as gosync(8) does"))
    };
    match call {
        Call::NoDirectory(dir) => Some(nothing(format!("as there is no {}", shown(dir)))),
        Call::NoProgram(path) => Some(nothing(format!("as there is no {}", shown(path)))),
        Call::NotInPath(path) => Some(nothing(format!(
            "as gosync is in none of the directories where cron looks ({})",
            shown(path)
        ))),
        Call::Program(path) => {
            let real = |path: &std::path::Path| path.canonicalize().ok();
            let other = own.is_some_and(|own| real(own) != real(path));
            other.then(|| {
                let what = format!("cron runs {}, and this is {here}", path.display());
                AREA.warning(
                    what,
                    "what is seen here may not be what cron's program does",
                    format!("{} --version; gosync --version", path.display()),
                )
            })
        }
    }
}

fn judge_line(line: &str, limit: Duration) -> Vec<Finding> {
    let mut found = Vec::new();
    if !["--nw", "--nowait", "--wait"]
        .iter()
        .any(|option| line.contains(option))
    {
        let what = format!("a line of cron waits for other runs: {}", shown(line));
        let why = "while one run hangs, all later ones pile up behind it";
        found.push(AREA.note(what, why, "add --nw to it"));
    }
    let minutes = line
        .split_whitespace()
        .next()
        .and_then(|field| field.strip_prefix("*/")?.parse::<u64>().ok());
    if let Some(minutes) = minutes.filter(|minutes| limit.as_secs() > minutes * 60) {
        let what = format!(
            "a line of cron comes every {}, and `time_limit` is {} s",
            if minutes == 1 {
                "minute".to_owned()
            } else {
                format!("{minutes} minutes")
            },
            limit.as_secs()
        );
        let why = "a slow provider keeps the next run from its turn";
        found.push(AREA.note(
            what,
            why,
            format!(
                "time_limit = \"{}s\" in [gosync]",
                (minutes * 60).saturating_sub(20)
            ),
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::text::CRONTAB;
    use crate::commands::doctor::report::Severity;
    use crate::commands::doctor::units::Unit;

    fn facts(path: &str, text: &str, mode: u32) -> Facts {
        let node = Node {
            path: path.into(),
            kind: Kind::File,
            uid: 0,
            gid: 0,
            mode,
            links: 1,
        };
        let tables = vec![Table {
            node,
            text: text.to_owned(),
            dropped_in: path.starts_with("/etc/cron.d/"),
            calls: Vec::new(),
        }];
        Facts {
            tables,
            units: none(Systemd::Absent),
            time_limit: Duration::from_secs(100),
        }
    }

    fn none(systemd: Systemd) -> Units {
        Units {
            systemd,
            all: Vec::new(),
        }
    }

    fn told(facts: &Facts) -> Vec<Severity> {
        judge(facts)
            .into_iter()
            .map(|finding| finding.severity)
            .collect()
    }

    #[test]
    fn the_crontab_of_the_manual_is_sound() {
        let text = format!("# gosync\n{}\n{}\n", CRONTAB[0], CRONTAB[1]);
        assert_eq!(lines(&text).count(), 2);
        assert_eq!(told(&facts("/etc/cron.d/gosync", &text, 0o644)), []);
        let slow = Facts {
            time_limit: Duration::from_secs(121),
            ..facts("/etc/cron.d/gosync", &text, 0o644)
        };
        assert_eq!(told(&slow), [Severity::Note]);
    }

    #[test]
    fn a_line_that_runs_nothing_is_a_problem_and_another_program_a_warning() {
        let mut facts = facts("/etc/cron.d/gosync", &format!("{}\n", CRONTAB[0]), 0o644);
        let own = process::own_program().unwrap();
        for (call, severity) in [
            (
                Call::NoDirectory("/usr/local/gosync".to_owned()),
                Some(Severity::Problem),
            ),
            (
                Call::NoProgram("/x/gosync".to_owned()),
                Some(Severity::Problem),
            ),
            (Call::NotInPath("/bin".to_owned()), Some(Severity::Problem)),
            (Call::Program("/bin/sh".into()), Some(Severity::Warning)),
            (Call::Program(own), None),
        ] {
            facts.tables[0].calls = vec![("a line".to_owned(), call)];
            assert_eq!(told(&facts).first().copied(), severity);
        }
    }

    #[test]
    fn what_cron_passes_over_is_told() {
        let text = "*/5 * * * * root gosync --nw sync users\n";
        assert_eq!(
            told(&facts("/etc/cron.d/gosync.cron", text, 0o644)),
            [Severity::Warning]
        );
        assert_eq!(
            told(&facts("/etc/cron.d/gosync", text, 0o664)),
            [Severity::Warning]
        );
        assert_eq!(
            told(&facts("/etc/cron.d/gosync", text.trim_end(), 0o644)),
            [Severity::Warning]
        );
        assert_eq!(
            told(&facts("/etc/crontab", &text.replace("--nw ", ""), 0o644)),
            [Severity::Note]
        );
    }

    #[test]
    fn what_is_shipped_for_cron_is_sound_and_runs_where_systemd_does_not() {
        let text = include_str!("../../../share/cron.d/gosync");
        let mut facts = facts("/etc/cron.d/gosync", text, 0o644);
        assert_eq!(lines(text).count(), 2);
        assert!(facts.tables[0].is_guarded());
        assert_eq!(told(&facts), []);
        facts.units = none(Systemd::Unknown);
        assert_eq!(told(&facts), []);
        facts.units = none(Systemd::Runs);
        let found = judge(&facts);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].what.contains("leaves it to systemd"), "{found:?}");
        let timer = Unit {
            name: "gosync.timer".to_owned(),
            is_enabled: true,
            is_active: Some(true),
        };
        facts.units.all = vec![timer];
        assert_eq!(told(&facts), [], "cron does not run it, too");
        let plain = format!("{}\n", CRONTAB[0]);
        facts.tables[0].text = plain;
        assert_eq!(told(&facts), [Severity::Note], "both run it");
    }

    #[test]
    fn nothing_that_runs_it_is_a_note() {
        let none = Facts {
            tables: vec![],
            units: none(Systemd::Runs),
            time_limit: Duration::from_secs(100),
        };
        assert_eq!(told(&none), [Severity::Note]);
        assert_eq!(
            lines("# 1 * * * * gosync sync users\n@daily rsync x\n").count(),
            0
        );
    }
}
