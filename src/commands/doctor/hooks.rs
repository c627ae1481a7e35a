//! Hooks: whether each would be run, and whether some wait for somebody's help.
//!
//! Which hooks there are and which are refused is asked of the code that runs them, so that both
//! say the same.

use std::io;
use std::path::{Path, PathBuf};

use super::host_look::HostLook;
use super::report::{Area, Finding, Report, names, word};
use super::trust;
use crate::hooks::{self, Named, Script, Unusable};
use crate::ledger::queue::{Failing, QueueCensus};
use crate::model::{counted, shown};
use crate::system::inspect;
use crate::system::programs::Distrust;

const AREA: Area = Area::Hooks;

/// How many events that failed are looked at.
const SHOWN: usize = 100;

/// What is known.
struct Facts {
    named: Vec<Named>,
    /// Programs on file systems on which none can be started.
    dead: Vec<PathBuf>,
    queue: QueueCensus,
}

pub(super) fn check(look: &HostLook<'_>, report: &mut Report) {
    if look.unusable.is_some() {
        return report.skipped(AREA, "without a configuration they are not known");
    }
    let named = hooks::named(&look.settings().hooks, look.root());
    let programs = || {
        named
            .iter()
            .flat_map(|named| &named.scripts)
            .filter_map(|script| script.program.as_ref().ok())
    };
    let is_dead = |path: &Path| inspect::room(path).is_some_and(|room| room.no_exec);
    let dead = programs().filter(|path| is_dead(path)).cloned().collect();
    let queue = match &look.ledger {
        Ok(Some(ledger)) => ledger.hook_census(look.now(), SHOWN).unwrap_or_default(),
        _ => QueueCensus::default(),
    };
    match named.is_empty() {
        true => report.looked(AREA, "the configuration names none"),
        false => {
            let all = counted(
                named.iter().map(|named| named.scripts.len()).sum::<usize>(),
                "program",
                "programs",
            );
            report.looked(AREA, format!("{all}, and what is above them"));
        }
    }
    report.add(judge(&Facts { named, dead, queue }));
}

fn judge(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for named in &facts.named {
        if named.scripts.is_empty() {
            let what = format!(
                "no program matches {} of {}",
                word(Path::new(&named.pattern)),
                named.key
            );
            let fix = "put the hook there, or take the pattern out of the configuration";
            found.push(AREA.note(what, "nothing is run for it", fix));
        }
        for folder in &named.folders {
            let what = format!("{} matches {} and is a directory", named.key, word(folder));
            let fix = "name what is in it by a pattern of its own, or move it elsewhere";
            found.push(AREA.note(what, "it is passed over, and no program in it is run", fix));
        }
        found.extend(
            named
                .scripts
                .iter()
                .filter_map(|script| refused(script, &named.key)),
        );
    }
    for path in &facts.dead {
        let what = format!(
            "the hook {} is on a file system that is mounted noexec",
            path.display()
        );
        let fix = "move it, or mount the file system with exec";
        found.push(AREA.problem(
            what,
            "it cannot be started, and what it is for waits in the queue",
            fix,
        ));
    }
    found.extend(waiting(&facts.queue));
    found
}

/// Why a hook is not run.
fn refused(script: &Script, key: &str) -> Option<Finding> {
    let reason = script.program.as_ref().err()?;
    let name = word(Path::new(&script.named));
    let fix = match reason {
        Unusable::Distrust(Distrust::Io(e)) if e.kind() == io::ErrorKind::NotFound => {
            format!("put {name} there, or take it out of {key}")
        }
        Unusable::Distrust(reason) => trust::mend(reason, &name),
        Unusable::Unread(_) => format!("namei -l {name}"),
    };
    let what = format!(
        "the hook {}, named by {key}, is not run: {}",
        shown(&script.named),
        shown(&reason.to_string())
    );
    let why = "it runs as root, so nobody else may change it or its directory; until this is fixed it fails";
    Some(AREA.problem(what, why, fix))
}

/// What the queue holds that did not end well.
fn waiting(queue: &QueueCensus) -> Vec<Finding> {
    let (given_up, failing): (Vec<&Failing>, Vec<&Failing>) =
        queue.failing.iter().partition(|hook| hook.due.is_none());
    let list = |hooks: &[&Failing]| {
        let words = hooks.iter().map(|hook| {
            if hook.name.is_empty() {
                &hook.kind
            } else {
                &hook.name
            }
        });
        names(&words.collect::<Vec<_>>())
    };
    let mut found = Vec::new();
    if queue.given_up > 0 {
        let what = format!(
            "hooks that were given up: {} ({})",
            queue.given_up,
            list(&given_up)
        );
        let why =
            "no run tries them again by itself; what they are for was never done, or only in part";
        let fix = "gosync status   # says why each failed; then gosync sync users --retry-hooks";
        found.push(AREA.warning(what, why, fix));
    }
    if !failing.is_empty() {
        let more = if queue.failing.len() == SHOWN {
            " at least"
        } else {
            ""
        };
        let what = format!(
            "hooks that failed and wait to be tried again:{more} {} ({})",
            failing.len(),
            list(&failing)
        );
        let why = "later runs try them again, less and less often, and give them up in the end";
        let fix = "gosync status   # says why each failed, and when it is tried again";
        found.push(AREA.note(what, why, fix));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::report::Severity::{Note, Problem, Warning};
    use crate::ledger::queue::Key;

    fn facts(program: Result<PathBuf, Unusable>) -> Facts {
        let script = Script {
            named: "/h/a b".to_owned(),
            program,
        };
        let named = Named {
            key: "`run` in [hooks.user]".into(),
            pattern: "/h/*".into(),
            scripts: vec![script],
            folders: vec![],
        };
        Facts {
            named: vec![named],
            dead: vec![],
            queue: QueueCensus::default(),
        }
    }

    #[test]
    fn each_reason_has_its_fix() {
        let io = |kind: io::ErrorKind| Distrust::Io(kind.into());
        for (reason, fix) in [
            (Distrust::Writable("/h x".into()), "chmod go-w '/h x'"),
            (Distrust::Owner("/h".into(), 7), "chown -h root /h"),
            (
                Distrust::NotExecutable,
                "chmod u+x '/h/a b'   # or move it elsewhere",
            ),
            (
                io(io::ErrorKind::NotFound),
                "put '/h/a b' there, or take it out of `run` in [hooks.user]",
            ),
            (
                io(io::ErrorKind::PermissionDenied),
                "namei -l '/h/a b'   # shows what stands there",
            ),
            (
                Distrust::Odd("it is a directory"),
                "namei -l '/h/a b'   # shows what stands there",
            ),
        ] {
            let found = judge(&facts(Err(Unusable::Distrust(reason))));
            assert_eq!(
                (found.len(), found[0].severity, found[0].fix.as_str()),
                (1, Problem, fix)
            );
        }
    }

    #[test]
    fn a_pattern_without_programs_and_a_program_that_cannot_start_are_told() {
        assert!(judge(&facts(Ok("/h/a b".into()))).is_empty());
        let mut none = facts(Ok("/h/a b".into()));
        none.named[0].scripts.clear();
        assert_eq!(judge(&none)[0].severity, Note);
        let mut folder = facts(Ok("/h/a b".into()));
        folder.named[0].folders.push("/h/old".into());
        assert_eq!(
            judge(&folder)[0].what,
            "`run` in [hooks.user] matches /h/old and is a directory"
        );
        let dead = Facts {
            dead: vec!["/h/a b".into()],
            ..facts(Ok("/h/a b".into()))
        };
        assert_eq!(judge(&dead)[0].severity, Problem);
    }

    #[test]
    fn what_was_given_up_is_told_with_the_way_out_and_what_waits_is_noted() {
        let failing = |due| Failing {
            key: Key { txn: 1, seq: 1 },
            kind: "user".into(),
            event: "created".into(),
            name: "ann\u{1b}".into(),
            attempts: 3,
            due,
            error: "x".into(),
        };
        let mut facts = facts(Ok("/h/a b".into()));
        facts.queue = QueueCensus {
            queued: 1,
            due: 0,
            given_up: 1,
            failing: vec![failing(None), failing(Some(1_800_000_000))],
        };
        let found = judge(&facts);
        assert_eq!(
            found
                .iter()
                .map(|finding| finding.severity)
                .collect::<Vec<_>>(),
            [Warning, Note]
        );
        assert!(found[0].fix.contains("gosync sync users --retry-hooks"));
        assert!(!format!("{}{}", found[0].what, found[1].what).contains('\u{1b}'));
    }
}
