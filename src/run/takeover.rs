//! Has this host write to a directory, in the place of another one.
//!
//! The directory is read before the term changes, so that one that cannot be read stays with whom it is; and once more when the former
//! writer can write no more, for what it wrote until then. Killed anywhere, the next sync, or another takeover, does the rest.

use std::time::Duration;

use super::env::Env;
use super::job::Options;
use super::ledger_access::LedgerAccess;
use super::watch::Watch;
use super::writers::{contradictions, lesson, own_name, said, seen, shared_some};
use crate::error::{Error, Kind, Result};
use crate::ledger::{Learned, Ledger};
use crate::model::{Term, WriterName, shown};
use crate::system::clock;
use crate::system::lock::Purpose;
use crate::targets::derived::{Begun, Shared};

/// How long a change may take that the former writer has sent.
const UNDER_WAY: Duration = Duration::from_secs(1);

/// What is asked before, and shown.
pub(crate) trait Asks {
    /// Whether this is to be done.
    fn agrees(&self, question: &str) -> bool;
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TookOver {
    /// All of it.
    Done,
    /// All of it, and the ledger and the directory contradict each other in so many.
    WithContradictions(usize),
}

/// How it is gone about.
pub(crate) struct Takeover<'a> {
    /// Whether it only shows.
    pub(crate) dry_run: bool,
    /// Who is asked.
    pub(crate) asks: &'a dyn Asks,
}

/// Does it, for all targets that several hosts write to.
///
/// # Errors
/// When it cannot be done, or another host was faster; what was learned until then stays.
pub(crate) fn take_over(env: &Env, how: &Takeover<'_>, watch: &mut dyn Watch) -> Result<TookOver> {
    let own = own_name(env)?.ok_or_else(|| {
        Error::usage(
            "there is no [writers] in the configuration: this host is the only one that writes",
        )
        .hint("docs/fleet.md shows a configuration for two admin hosts")
    })?;
    let targets = shared_some(env)?;
    let _lock = env.lock(Purpose::of("takeover", how.dry_run), watch)?;
    let mut count = 0;
    for (name, target) in targets {
        let one = One {
            env,
            own,
            name,
            target,
        };
        count += one.take_over(how, watch)?;
    }
    Ok(match count {
        0 => TookOver::Done,
        some => TookOver::WithContradictions(some),
    })
}

/// One of the targets.
struct One<'a> {
    env: &'a Env,
    own: &'a WriterName,
    name: &'a str,
    target: &'a dyn Shared,
}

impl One<'_> {
    /// Returns in how many things ledger and directory contradict each other.
    fn take_over(&self, how: &Takeover<'_>, watch: &mut dyn Watch) -> Result<usize> {
        let before = self.term()?;
        let is_own = before.as_ref().is_some_and(|it| it.writer == *self.own);
        let next = match (&before, is_own) {
            (Some(term), true) => term.clone(),
            _ => {
                let seen = seen(self.env, self.name).unwrap_or(0);
                let next = Term::after(before.as_ref(), self.own);
                Term {
                    number: next.number.max(seen + 1),
                    ..next
                }
            }
        };
        let who = before.as_ref().map_or_else(
            || "nobody has written yet".to_owned(),
            |it| format!("{} writes (term {})", it.writer, it.number),
        );
        let place = format!(
            "target {}: {who}, as {} says",
            shown(self.name),
            self.target.place()
        );
        if how.dry_run {
            return self.show(&place, &next, watch);
        }
        watch.notice(place);
        if !is_own && !self.is_agreed(how, before.as_ref()) {
            return Err(Error::failed("nothing was written: the answer was no"));
        }
        let mut ledger = self.ledger(watch)?;
        if !is_own {
            self.learn(&mut ledger, None, watch)?;
            self.begin(before.as_ref(), &next)?;
            // Whatever the former writer has sent by now is there when it is read again.
            if before.is_some() {
                clock::sleep_until(None, self.target.notice() + UNDER_WAY);
            }
        }
        let learned = self.learn(&mut ledger, Some(&next), watch)?;
        watch.notice(format!(
            "target {}: {} writes from now on (term {})",
            shown(self.name),
            self.own,
            next.number
        ));
        for text in contradictions(&learned) {
            watch.warn(format!("target {}: {text}", shown(self.name)));
        }
        Ok(learned.contradictions.len())
    }

    fn term(&self) -> Result<Option<Term>> {
        let deadline = clock::deadline(self.env.settings.gosync.time_limit);
        self.target.term(deadline).map_err(|why| self.failed(&why))
    }

    fn failed(&self, why: &str) -> Error {
        Error::failed(format!("target {}: {why}", shown(self.name)))
            .hint("Run `gosync takeover` again when that is mended: it can be broken off anywhere")
    }

    fn is_agreed(&self, how: &Takeover<'_>, before: Option<&Term>) -> bool {
        let question = match before {
            Some(term) => format!(
                "Stop {} from writing to target {}, and let {} do so?",
                term.writer,
                shown(self.name),
                self.own
            ),
            None => format!("Let {} write to target {}?", self.own, shown(self.name)),
        };
        how.asks.agrees(&question)
    }

    fn ledger(&self, watch: &mut dyn Watch) -> Result<Ledger> {
        let target = self.env.target()?;
        match LedgerAccess::open(self.env, target.as_ref(), &Options::default(), watch)? {
            LedgerAccess::Write(ledger) => Ok(ledger),
            LedgerAccess::Read(_) => Err(Error::failed("the ledger could only be read")),
        }
    }

    fn learn(
        &self,
        ledger: &mut Ledger,
        term: Option<&Term>,
        watch: &mut dyn Watch,
    ) -> Result<Learned> {
        let lesson = lesson(self.env, self.name, self.target)?;
        let term = term.map(|term| (self.name, term.number));
        let learned = ledger.learn(&lesson, term).map_err(Error::failed)?;
        if learned.new > 0 {
            watch.notice(said(self.name, &learned));
        }
        Ok(learned)
    }

    fn begin(&self, before: Option<&Term>, next: &Term) -> Result<()> {
        let deadline = clock::deadline(self.env.settings.gosync.time_limit);
        let begun = self.target.begin(before, next, deadline);
        match begun.map_err(|why| self.failed(&why))? {
            Begun::Yes => Ok(()),
            Begun::Overtaken => Err(self.overtaken()),
        }
    }

    /// Another host began a term between our look and our change.
    fn overtaken(&self) -> Error {
        let who = match self.term() {
            Ok(Some(term)) => format!(
                "{} was faster, and writes now (term {})",
                term.writer, term.number
            ),
            Ok(None) | Err(_) => "the entry that says who writes changed meanwhile".to_owned(),
        };
        Error::new(Kind::Failed, format!("target {}: {who}", shown(self.name)))
            .hint("Nothing was taken over; find out who is to write before it is tried again")
    }

    /// What would be done.
    fn show(&self, place: &str, next: &Term, watch: &mut dyn Watch) -> Result<usize> {
        watch.notice(place.to_owned());
        let lesson = lesson(self.env, self.name, self.target)?;
        let target = self.env.target()?;
        let options = Options {
            dry_run: true,
            ..Options::default()
        };
        let ledger = LedgerAccess::open(self.env, target.as_ref(), &options, watch)?;
        let mut copy = ledger.in_memory().map_err(Error::failed)?;
        let learned = copy.learn(&lesson, None).map_err(Error::failed)?;
        watch.notice(format!(
            "target {}: {} would write (term {}); {} of {} numbers there are new to the ledger of this host",
            shown(self.name),
            self.own,
            next.number,
            learned.new,
            lesson.len()
        ));
        for text in contradictions(&learned) {
            watch.warn(format!("target {}: {text}", shown(self.name)));
        }
        Ok(learned.contradictions.len())
    }
}
