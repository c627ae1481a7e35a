//! The run lock, the password lock, the lock files of the shadow programs, and what an interrupted
//! run left.

use std::path::PathBuf;
use std::time::Duration;

use super::host_look::HostLook;
use super::report::{Area, Finding, Report, word};
use crate::model::shown;
use crate::system::lock::{self, Note, PasswordHolder};
use crate::system::{clock, files, process};

const AREA: Area = Area::Lock;

/// A run that holds the lock for so many seconds hangs.
const LONG: i64 = 3_600;

/// How long to look whether the password lock is given back.
const PATIENCE: Duration = Duration::from_millis(300);

/// The databases that the shadow programs make lock files for.
const LOCKED: [&str; 6] = ["passwd", "shadow", "group", "gshadow", "subuid", "subgid"];

/// What is known about locks.
struct Facts {
    now: i64,
    run: Result<Run, String>,
    /// Who holds the password lock, and still did a moment later.
    password: Option<PasswordHolder>,
    /// Left-over lock files of useradd(8) and others.
    stale: Vec<Stale>,
    /// Whether an interrupted run left a journal, or why nobody knows.
    interrupted: Result<bool, String>,
}

/// The run lock.
struct Run {
    path: PathBuf,
    busy: bool,
    note: Note,
    /// Whether the process that the lock file names is there.
    alive: bool,
}

/// A lock file of the shadow programs.
struct Stale {
    path: PathBuf,
    /// The process that it names; `None`: it names none, and nobody takes it for a left-over.
    pid: Option<u32>,
    alive: bool,
}

pub(super) fn check(look: &HostLook<'_>, report: &mut Report) {
    let path = look.root().path(&look.settings().gosync.lock_file);
    let run = lock::look(&path)
        .map_err(|e| e.to_string())
        .map(|(note, busy)| {
            let alive = note.holder.pid.is_some_and(process::is_running);
            Run {
                path,
                busy,
                note,
                alive,
            }
        });
    let target = look.setup.target();
    let facts = Facts {
        now: look.now(),
        run,
        password: password_holder(look),
        stale: LOCKED
            .into_iter()
            .filter_map(|name| stale(look, name))
            .collect(),
        interrupted: match target {
            Ok(target) => target.is_interrupted().map_err(|e| e.to_string()),
            Err(e) => Err(e.to_string()),
        },
    };
    let held = facts.run.as_ref().is_ok_and(|run| run.busy);
    report.looked(
        AREA,
        if held {
            "another run is under way"
        } else {
            "no other run is under way"
        },
    );
    report.add(judge(&facts));
}

/// Most hold it for milliseconds; only who still does a moment later is worth a word.
fn password_holder(look: &HostLook<'_>) -> Option<PasswordHolder> {
    let path = look.root().path("/etc/.pwd.lock");
    let ask = || lock::password_holder(&path).ok().flatten();
    ask()?;
    clock::sleep_until(None, PATIENCE);
    ask()
}

fn stale(look: &HostLook<'_>, name: &str) -> Option<Stale> {
    let path = look.root().path(format!("/etc/{name}.lock"));
    files::look(&path).ok()??;
    let text = files::read_limited(&path, 64).unwrap_or_default();
    let pid = std::str::from_utf8(&text)
        .ok()
        .and_then(|text| text.trim_matches(['\0', ' ', '\n']).parse().ok());
    Some(Stale {
        path,
        pid,
        alive: pid.is_some_and(process::is_running),
    })
}

fn judge(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut busy = false;
    match &facts.run {
        Err(reason) => {
            let why = "no run can begin";
            found.push(AREA.problem(
                reason,
                why,
                "remove what is there while no run is under way; gosync makes it again",
            ));
        }
        Ok(run) => {
            busy = run.busy;
            found.extend(running(run, facts.now));
        }
    }
    found.extend(facts.password.map(password));
    found.extend(facts.stale.iter().map(left_over));
    found.extend(unfinished(&facts.interrupted, busy));
    found
}

/// Somebody holds the password lock.
fn password(holder: PasswordHolder) -> Finding {
    let (who, fix) = match holder {
        PasswordHolder::Process(pid) => (
            format!("the process {pid}"),
            format!("ps -fp {pid}   # vipw?"),
        ),
        PasswordHolder::Unknown => (
            "somebody".to_owned(),
            "lsof /etc/.pwd.lock   # vipw?".to_owned(),
        ),
    };
    let why = "until it is released no account can be changed, and gosync fails after `lock_wait`";
    AREA.warning(format!("{who} holds the password lock"), why, fix)
}

/// An interrupted run left something, and none is at work on it.
fn unfinished(interrupted: &Result<bool, String>, busy: bool) -> Option<Finding> {
    match interrupted {
        Ok(true) if !busy => {
            let why = "its changes may be in place in part; every file is whole, and the next run finishes or drops it";
            Some(AREA.warning(
                "an interrupted run left something to be finished",
                why,
                "gosync sync users",
            ))
        }
        Ok(_) => None,
        Err(reason) => {
            let why = "the next run cannot tell whether it has to finish something";
            let fix = "put the state directory back from a backup, together with the account files";
            Some(AREA.problem(reason, why, fix))
        }
    }
}

fn running(run: &Run, now: i64) -> Option<Finding> {
    let holder = &run.note.holder;
    let command = holder
        .command
        .as_deref()
        .map_or_else(String::new, |text| format!(" by `gosync {}`", shown(text)));
    let (true, Some(pid)) = (run.busy, holder.pid) else {
        return None;
    };
    if !run.alive {
        let what =
            format!("the run lock is held, and the process {pid} that took it{command} is gone");
        let why = "a program that it started still has the lock; no run can begin until that ends";
        return Some(AREA.warning(what, why, format!("fuser -v {}", word(&run.path))));
    }
    let since = holder.since.filter(|since| *since > 0)?;
    let what = format!(
        "the run lock is held{command}, pid {pid}, since {}",
        clock::written(since)
    );
    match now - since > LONG {
        true => {
            let why = "it seems to hang; every run of the crontab ends with status 11 meanwhile";
            Some(AREA.warning(
                what,
                why,
                format!("ps -fp {pid}; kill {pid}   # the next run continues"),
            ))
        }
        false => Some(AREA.note(
            what,
            "other runs wait, or end with status 11",
            "gosync waitlock",
        )),
    }
}

fn left_over(stale: &Stale) -> Finding {
    let path = stale.path.display();
    let fix = format!(
        "rm {}   # if no useradd, usermod or passwd is running",
        word(&stale.path)
    );
    match (stale.pid, stale.alive) {
        (Some(pid), false) => {
            let what = format!("{path} is left of the process {pid}, which is gone");
            AREA.note(
                what,
                "harmless until another process has that id; then useradd and others fail",
                fix,
            )
        }
        (Some(pid), true) => {
            let what = format!("{path} names the process {pid}");
            let why = "if that is not useradd or the like, it is a left-over whose id was given out again; useradd, \
                       usermod and passwd fail as long as it is there";
            AREA.warning(what, why, fix)
        }
        (None, _) => {
            let what = format!("{path} names no process");
            let why = "useradd, usermod and passwd fail for ever; gosync itself takes another lock";
            AREA.warning(what, why, fix)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::report::Severity;
    use crate::system::lock::Holder;

    fn facts(busy: bool, alive: bool, since: i64) -> Facts {
        let holder = Holder {
            pid: Some(7),
            since: Some(since),
            command: Some("sync users\u{1b}".to_owned()),
        };
        let note = Note { holder };
        let run = Ok(Run {
            path: "/run/lock".into(),
            busy,
            note,
            alive,
        });
        Facts {
            now: 10_000,
            run,
            password: None,
            stale: vec![],
            interrupted: Ok(false),
        }
    }

    fn worst(facts: &Facts) -> Option<Severity> {
        let found = judge(facts);
        assert!(!format!("{found:?}").contains('\u{1b}'));
        found.iter().map(|finding| finding.severity).min()
    }

    #[test]
    fn a_run_is_noted_and_one_that_hangs_or_left_a_child_is_told() {
        assert_eq!(worst(&facts(false, false, 1)), None);
        assert_eq!(worst(&facts(true, true, 9_990)), Some(Severity::Note));
        assert_eq!(worst(&facts(true, true, 10)), Some(Severity::Warning));
        assert_eq!(worst(&facts(true, false, 9_990)), Some(Severity::Warning));
        let broken = Facts {
            run: Err("a link".to_owned()),
            ..facts(false, false, 1)
        };
        assert_eq!(worst(&broken), Some(Severity::Problem));
    }

    #[test]
    fn an_interrupted_run_is_told_unless_one_is_under_way() {
        let left = |busy| Facts {
            interrupted: Ok(true),
            ..facts(busy, true, 9_990)
        };
        assert_eq!(worst(&left(false)), Some(Severity::Warning));
        assert_eq!(worst(&left(true)), Some(Severity::Note));
        let unknown = Facts {
            interrupted: Err("odd".to_owned()),
            ..facts(false, true, 1)
        };
        assert_eq!(worst(&unknown), Some(Severity::Problem));
    }

    #[test]
    fn lock_files_of_others_are_told_by_what_they_name() {
        for (pid, alive, wanted) in [
            (Some(9), false, Severity::Note),
            (Some(9), true, Severity::Warning),
            (None, false, Severity::Warning),
        ] {
            let stale = vec![Stale {
                path: "/etc/passwd.lock".into(),
                pid,
                alive,
            }];
            assert_eq!(
                worst(&Facts {
                    stale,
                    ..facts(false, false, 1)
                }),
                Some(wanted)
            );
        }
        let held = Facts {
            password: Some(PasswordHolder::Process(4)),
            ..facts(false, false, 1)
        };
        assert_eq!(worst(&held), Some(Severity::Warning));
    }
}
