//! The host's other name services (such as sssd), asked about names and numbers that a plan would give out.
//!
//! Only where nsswitch.conf(5) names one. Many keys are one call of getent(1). Where a call fails, nobody knows which of
//! its keys was to blame: its halves are asked, and theirs, down to single keys; so one that a service chokes on is the
//! failure of whom it was for, and of nobody else. A service that does not answer at all must not hold the run up for
//! hours: once the time for that is used up, nothing more is asked in this run.

use std::cell::{Cell, OnceCell, RefCell};
use std::path::Path;
use std::time::Duration;

use crate::model::host::Elsewhere;
use crate::system::nss::{self, Known};
use crate::system::root::Root;
use crate::system::{clock, files};

/// How many keys are asked about at once.
const BATCH: usize = 500;

/// How long one call may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The same for a part of one that failed.
const LIMIT_OF_PART: Duration = Duration::from_secs(5);

/// How long parts may be asked in one run, all together.
const LIMIT_OF_PARTS: Duration = Duration::from_secs(60);

/// A call: which of these keys a database knows.
type Ask<'a> = dyn Fn(&str, &[String], Duration) -> Result<Known, String> + 'a;

/// The other name services of a host.
#[derive(Debug)]
pub(super) struct NameServices {
    /// The databases that have any, or why nobody knows; read when something is asked first.
    databases: OnceCell<Result<Vec<&'static str>, String>>,
    /// How much of [`LIMIT_OF_PARTS`] is left.
    left: Cell<Duration>,
    /// Why nothing more is asked.
    given_up: RefCell<Option<String>>,
}

impl NameServices {
    pub(super) fn new() -> Self {
        Self {
            databases: OnceCell::new(),
            left: Cell::new(LIMIT_OF_PARTS),
            given_up: RefCell::new(None),
        }
    }

    /// Whether there is any.
    pub(super) fn is_any(&self, root: &Root) -> bool {
        let databases = self.databases.get_or_init(|| databases(root));
        databases.as_ref().is_ok_and(|all| !all.is_empty())
    }

    /// Asks about names and numbers.
    pub(super) fn ask(&self, root: &Root, keys: &[String]) -> Elsewhere {
        if keys.is_empty() {
            return Elsewhere::default();
        }
        match self.databases.get_or_init(|| databases(root)) {
            Ok(databases) => self.ask_all(databases, keys, &nss::lookup),
            Err(why) => {
                let mut out = Elsewhere::default();
                unanswered(keys, why, &mut out);
                out
            }
        }
    }

    fn ask_all(&self, databases: &[&str], keys: &[String], ask: &Ask<'_>) -> Elsewhere {
        let mut out = Elsewhere::default();
        for database in databases {
            for batch in keys.chunks(BATCH) {
                self.ask_some(database, batch, (LIMIT, ask), &mut out);
            }
        }
        out
    }

    /// Asks about some, and, if that fails, about each half of them.
    fn ask_some(
        &self,
        database: &str,
        keys: &[String],
        (limit, ask): (Duration, &Ask<'_>),
        out: &mut Elsewhere,
    ) {
        if let Some(why) = &*self.given_up.borrow() {
            return unanswered(keys, why, out);
        }
        let is_part = limit != LIMIT;
        let deadline = clock::deadline(self.left.get());
        let answer = ask(database, keys, limit);
        if is_part {
            self.left.set(clock::left(deadline));
        }
        let why = match answer {
            Ok(known) => return out.known.extend(known),
            Err(why) => format!("cannot ask this host's other name services: {why}"),
        };
        let (one, other) = keys.split_at(keys.len() / 2);
        if self.left.get().is_zero() {
            unanswered(keys, &why, out);
            self.given_up.replace(Some(why));
        } else if one.is_empty() {
            unanswered(keys, &why, out);
        } else {
            self.ask_some(database, one, (LIMIT_OF_PART, ask), out);
            self.ask_some(database, other, (LIMIT_OF_PART, ask), out);
        }
    }
}

fn unanswered(keys: &[String], why: &str, out: &mut Elsewhere) {
    for key in keys {
        out.unanswered.entry(key.clone()).or_insert(why.to_owned());
    }
}

/// The databases that other services answer for.
fn databases(root: &Root) -> Result<Vec<&'static str>, String> {
    // Another tree's services do not run here.
    if !root.is_host() {
        return Ok(Vec::new());
    }
    let text = files::read_plain(Path::new("/etc/nsswitch.conf")).map_err(|e| e.to_string())?;
    let text = text.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all = ["passwd", "group"].into_iter();
    Ok(all
        .filter(|database| nss::has_other_sources(&text, database))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(n: usize) -> Vec<String> {
        (0..n).map(|n| format!("k{n}")).collect()
    }

    #[test]
    fn a_key_that_a_service_chokes_on_is_its_own_failure_alone() {
        let calls = Cell::new(0);
        let ask = |_: &str, keys: &[String], _: Duration| {
            calls.set(calls.get() + 1);
            match keys.iter().any(|key| key == "k77" || key == "k402") {
                true => Err("getent failed".to_owned()),
                false => Ok(keys
                    .iter()
                    .filter(|key| *key == "k3")
                    .map(|key| (key.clone(), 7))
                    .collect()),
            }
        };
        let out = NameServices::new().ask_all(&["passwd"], &keys(1_000), &ask);
        assert_eq!(out.unanswered.keys().collect::<Vec<_>>(), ["k402", "k77"]);
        assert_eq!(out.known, Known::from([("k3".to_owned(), 7)]));
        assert!(calls.get() < 50, "{}", calls.get());
    }

    #[test]
    fn a_service_that_answers_nothing_is_left_alone_when_its_time_is_used_up() {
        let services = NameServices::new();
        services.left.set(Duration::ZERO);
        let calls = Cell::new(0);
        let ask = |_: &str, _: &[String], _: Duration| {
            calls.set(calls.get() + 1);
            Err("it did not end within 60 s".to_owned())
        };
        for _ in 0..2 {
            let out = services.ask_all(&["passwd", "group"], &keys(1_000), &ask);
            assert_eq!(out.unanswered.len(), 1_000);
        }
        assert_eq!(calls.get(), 1);
    }
}
