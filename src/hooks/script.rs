//! Runs single hooks, and the hooks of one account, group or member one after the other.
//!
//! Knows neither the queue nor the order of events. What a hook says is foreign text: it is shown
//! escaped, and a line of it at most.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::model::shown;
use crate::policy::hooks::{HookRules, Miss, Stop};
use crate::system::PathError;
use crate::system::child::{self, End};
use crate::system::clock;
use crate::system::programs::{self, Distrust, Owners};

/// The exit code of a hook that asks to be called later: EX_TEMPFAIL of sysexits(3).
const LATER: i32 = 75;

/// One hook as the configuration names it, and where it really is, or why it is not run.
pub(crate) struct Script {
    pub named: String,
    pub program: Result<PathBuf, Unusable>,
}

/// Why a hook is not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    /// Nobody knows which programs its pattern stands for.
    #[error(transparent)]
    Unread(PathError),
    /// It is no program that only root can change.
    #[error("cannot trust it: {0}")]
    Distrust(Distrust),
}

/// The hooks that patterns stand for: those of each pattern sorted, none twice.
pub(super) fn find(patterns: &[String], owners: Owners) -> Vec<Script> {
    let mut out: Vec<Script> = Vec::new();
    for script in patterns.iter().flat_map(|pattern| expand(pattern, owners)) {
        if !out.iter().any(|known| known.named == script.named) {
            out.push(script);
        }
    }
    out
}

/// The hooks that one pattern stands for, sorted.
pub(super) fn expand(pattern: &str, owners: Owners) -> Vec<Script> {
    let judged = |path: &Path| programs::trusted(path, owners).map_err(Unusable::Distrust);
    match programs::expand(pattern) {
        Ok(paths) => paths
            .iter()
            .map(|path| Script {
                named: path.display().to_string(),
                program: judged(path),
            })
            .collect(),
        Err(e) => vec![Script {
            named: pattern.to_owned(),
            program: Err(Unusable::Unread(e)),
        }],
    }
}

/// What hooks of one run have in common.
pub(super) struct Executor<'a> {
    pub rules: &'a HookRules,
    /// After it none is begun.
    pub deadline: Instant,
    /// Set when a failure holds back all others.
    pub stopped: AtomicBool,
}

/// What one account, group or member is told.
pub(super) struct Invocation<'a> {
    /// `-update`, or nothing.
    pub args: &'a [&'a str],
    /// Variables that many are told.
    pub shared: &'a [(&'static str, String)],
    /// Further ones.
    pub env: Vec<(&'static str, String)>,
    pub input: Vec<u8>,
}

/// How hooks ended that were run one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All well.
    Done,
    /// One of them not; the worst of what happened, and the first reason.
    Missed(Miss, String),
    /// The time of the run was up, or a failure held it back, before all were begun; nothing of
    /// them failed.
    Unstarted,
}

impl Outcome {
    /// What both together are.
    pub(super) fn and(self, other: Self) -> Self {
        match (&self, &other) {
            (Outcome::Missed(Miss::Failed, _), _) | (_, Outcome::Done) => self,
            (_, Outcome::Missed(Miss::Failed, _)) | (Outcome::Done, _) => other,
            (Outcome::Missed(..), _) => self,
            (_, Outcome::Missed(..)) => other,
            (Outcome::Unstarted, Outcome::Unstarted) => self,
        }
    }
}

impl Executor<'_> {
    /// Whether another hook may be begun.
    pub(super) fn is_open(&self) -> bool {
        !self.stopped.load(Ordering::Relaxed) && !clock::is_past(self.deadline)
    }

    /// Runs hooks for one subject, except those that `done` knows; `tell` hears of each that ended
    /// well. `stop`: whether a failure holds back those after it.
    pub(super) fn run(
        &self,
        scripts: &[Script],
        invocation: &Invocation<'_>,
        stop: bool,
        done: &dyn Fn(&str) -> bool,
        tell: &dyn Fn(&str),
    ) -> Outcome {
        let mut outcome = Outcome::Done;
        for script in scripts.iter().filter(|script| !done(&script.named)) {
            if !self.is_open() {
                return outcome.and(Outcome::Unstarted);
            }
            match self.one(script, invocation) {
                Ok(()) => tell(&script.named),
                Err((miss, reason)) => {
                    outcome = outcome.and(Outcome::Missed(
                        miss,
                        format!("{}: {reason}", shown(&script.named)),
                    ));
                    if miss == Miss::Failed && self.rules.stop.contains(&Stop::All) {
                        self.stopped.store(true, Ordering::Relaxed);
                    }
                    if stop {
                        return outcome;
                    }
                }
            }
        }
        outcome
    }

    fn one(&self, script: &Script, invocation: &Invocation<'_>) -> Result<(), (Miss, String)> {
        let program = script
            .program
            .as_deref()
            .map_err(|reason| (Miss::Failed, reason.to_string()))?;
        let env: Vec<_> = invocation
            .shared
            .iter()
            .chain(&invocation.env)
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let args: Vec<&OsStr> = invocation.args.iter().map(OsStr::new).collect();
        let what = child::Invocation {
            program,
            args: &args,
            env: &env,
            user: None,
            input: child::From::Bytes(&invocation.input),
            output: child::To::Both(self.rules.output_limit),
        };
        let limit = Duration::from_secs(self.rules.time_limit);
        let ended = child::run(what, limit)
            .map_err(|e| (Miss::Failed, format!("it cannot be started: {e}")))?;
        let said = last_line(&ended.output);
        log(program, ended.end, &ended.output);
        let (miss, how) = match ended.end {
            End::Code(0) => return Ok(()),
            End::Code(LATER) => (Miss::Later, "asks to be called later".to_owned()),
            End::Code(code) => (Miss::Failed, format!("exit code {code}")),
            End::Signal(signal) => (Miss::Failed, format!("ended by signal {signal}")),
            End::TimedOut => (
                Miss::Failed,
                format!("did not end within {} s", self.rules.time_limit),
            ),
            End::TooMuch => (Miss::Failed, "said too much".to_owned()),
            End::Left => (
                Miss::Failed,
                format!(
                    "did not end within {} s, nor when it was killed, and was left behind",
                    self.rules.time_limit
                ),
            ),
        };
        Err((
            miss,
            if said.is_empty() {
                how
            } else {
                format!("{how}: {}", shown(&said))
            },
        ))
    }
}

fn last_line(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    text.lines()
        .map(str::trim)
        .rfind(|line| !line.is_empty())
        .unwrap_or_default()
        .to_owned()
}

fn log(program: &Path, end: End, output: &[u8]) {
    let text = String::from_utf8_lossy(output);
    tracing::info!(hook = %program.display(), ?end, output = %shown(text.trim_end()), "hook");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missed(miss: Miss, text: &str) -> Outcome {
        Outcome::Missed(miss, text.to_owned())
    }

    #[test]
    fn the_worst_counts_and_of_the_same_the_first() {
        let (failed, later) = (missed(Miss::Failed, "a"), missed(Miss::Later, "b"));
        for (one, two, both) in [
            (Outcome::Done, Outcome::Done, Outcome::Done),
            (Outcome::Done, later.clone(), later.clone()),
            (later.clone(), failed.clone(), failed.clone()),
            (failed.clone(), later.clone(), failed.clone()),
            (failed.clone(), missed(Miss::Failed, "c"), failed.clone()),
            (later.clone(), Outcome::Unstarted, later.clone()),
            (Outcome::Unstarted, later.clone(), later.clone()),
            (Outcome::Unstarted, Outcome::Done, Outcome::Unstarted),
            (Outcome::Done, Outcome::Unstarted, Outcome::Unstarted),
        ] {
            assert_eq!(one.clone().and(two.clone()), both, "{one:?} and {two:?}");
        }
    }

    #[test]
    fn of_what_a_hook_says_the_last_line_is_told() {
        assert_eq!(last_line(b"one\n two \xff\n\n \n"), "two \u{fffd}");
        assert_eq!(last_line(b"\n"), "");
    }
}
