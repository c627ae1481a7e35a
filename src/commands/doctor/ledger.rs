//! The ledger: whether it can be read, is sound, and remembers only the past.

use std::collections::BTreeMap;

use super::host_look::HostLook;
use super::report::{Area, Finding, Report, word};
use crate::commands::rebinding;
use crate::commands::status::verdict::stale_reads;
use crate::ledger::{self, Ledger, LedgerError};
use crate::model::owned::Present;
use crate::model::shown;
use crate::model::text::shell_word;
use crate::run::LAST_RUNS;
use crate::system::clock;
use crate::system::files;

const AREA: Area = Area::Ledger;

/// A moment that is so many seconds ahead is not due to a clock that was set right.
const SLACK: i64 = 300;

/// What is known about it.
struct Facts {
    path: std::path::PathBuf,
    now: i64,
    /// Why it cannot be read, and whether a newer gosync could.
    unread: Option<(String, bool)>,
    /// What SQLite finds wrong.
    faults: Vec<String>,
    /// The latest moment that it holds.
    latest: Option<i64>,
    /// Whether a write was broken off; then it cannot be read without writing.
    hot: bool,
    /// Edits of an interrupted run.
    pending: u64,
    /// Why it is not the one that belongs to this host, and a way out.
    mismatch: Option<(String, String)>,
    /// Providers that no section of the configuration names, and what came from them.
    unnamed: Vec<(String, Present)>,
    /// That a provider seems to have other ids, in one sentence each.
    changed: Vec<String>,
    /// That no sync has read the provider completely for long, in one sentence each.
    stale: Vec<String>,
    /// Whether there is no ledger though the databases were written by one.
    lost: bool,
}

pub(super) fn check(look: &HostLook<'_>, report: &mut Report) {
    let path = look.setup.state_dir().join(ledger::FILE);
    let hot = files::look(&path.with_file_name(format!("{}-journal", ledger::FILE)))
        .is_ok_and(|meta| meta.is_some_and(|meta| meta.len() > 0));
    let mut facts = Facts {
        now: look.now(),
        unread: None,
        faults: vec![],
        latest: None,
        hot,
        pending: 0,
        unnamed: vec![],
        changed: vec![],
        stale: stale(look),
        lost: false,
        mismatch: look.mismatch.as_ref().map(|problem| {
            let hint = problem.hints.first().map_or("", String::as_str);
            // What is to be typed stands in it, if anything is.
            let way = hint.split('`').nth(1).unwrap_or(hint);
            (problem.message.clone(), way.to_owned())
        }),
        path,
    };
    match &look.ledger {
        Err(e) => facts.unread = Some((e.to_string(), matches!(e, LedgerError::Newer { .. }))),
        Ok(None) => {
            // What else a run keeps beside it, and never without it.
            let own = files::list(&look.setup.state_dir()).unwrap_or_default();
            let is_kept = own.iter().any(|name| name != LAST_RUNS);
            facts.lost = is_kept && facts.mismatch.is_none();
            if facts.mismatch.is_none() {
                report.looked(AREA, "there is none yet; the first run makes it");
            }
        }
        Ok(Some(ledger)) => {
            if let Err(e) = read(ledger, look, &mut facts, report) {
                facts.unread = Some((e.to_string(), false));
            }
        }
    }
    report.add(judge(&facts));
}

/// Of the providers that are read here, what `gosync status` would say of the age of their reads.
fn stale(look: &HostLook<'_>) -> Vec<String> {
    match look.unusable {
        Some(_) => Vec::new(),
        None => look
            .setup
            .of_each_provider()
            .iter()
            .flat_map(stale_reads)
            .collect(),
    }
}

/// What the ledger says about itself.
fn read(
    ledger: &Ledger,
    look: &HostLook<'_>,
    facts: &mut Facts,
    report: &mut Report,
) -> Result<(), LedgerError> {
    let accounts = look.accounts();
    let absent = accounts.filter_map(|account| Some(account.absence?.since));
    let latest = absent.chain(ledger.last_run()?).max();
    let (faults, census) = (ledger.faults()?, ledger.census()?);
    let sum = |counts: &BTreeMap<String, u64>| counts.values().sum::<u64>();
    let (accounts, groups) = (sum(&census.accounts), sum(&census.groups));
    report.looked(AREA, format!("accounts: {accounts}, groups: {groups}"));
    if look.unusable.is_none() {
        facts.unnamed = rebinding::unnamed_of(&census, &look.setup.settings.sections);
    }
    let changed = census.changed_ids.iter();
    facts.changed = changed
        .map(|(_, kind, how)| rebinding::changed(*kind, *how, None))
        .collect();
    (facts.faults, facts.latest, facts.pending) = (faults, latest, census.pending);
    Ok(())
}

/// What is said of moments that are to come, and of reads that are too old.
fn times(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(at) = facts.latest.filter(|at| *at > facts.now + SLACK) {
        let what = format!(
            "the ledger's latest moment, {}, is in the future",
            clock::written(at)
        );
        let why = "times of absence, and what was taken away in a day, are counted from it: people who left keep \
                   their accounts longer, or removals are refused";
        found.push(AREA.warning(
            what,
            why,
            "timedatectl   # is the clock right now? It was wrong, or is",
        ));
    }
    for what in &facts.stale {
        let why = "people who have left or are disabled keep their accounts until then";
        let fix = "gosync status   # how the last runs ended; does cron run them?";
        found.push(AREA.warning(what, why, fix));
    }
    found
}

fn judge(facts: &Facts) -> Vec<Finding> {
    let why = "without it gosync does not know which accounts are its own, and does nothing";
    let restore = format!(
        "put {} back from a backup; never remove it: every id ever given is in it",
        word(&facts.path)
    );
    let mut found = Vec::new();
    match &facts.unread {
        Some((reason, _)) if facts.hot => {
            let why = "a write was broken off; the next run undoes it, and a look alone must not";
            found.push(AREA.warning(reason, why, "gosync sync users"));
        }
        Some((reason, true)) => {
            found.push(AREA.problem(reason, why, "install the newer gosync again"))
        }
        Some((reason, false)) if facts.mismatch.is_none() => {
            found.push(AREA.problem(reason, why, &restore));
        }
        Some(_) | None => {}
    }
    if let Some((what, way)) = &facts.mismatch {
        let why = "no command works with it: it would take accounts of gosync's for somebody else's, and give numbers \
                   a second time";
        found.push(AREA.problem(what, why, way));
    }
    found.extend(damaged(facts, &restore));
    found.extend(without_record(facts));
    found.extend(times(facts));
    if facts.pending > 0 {
        let what = format!(
            "changes of an interrupted run that are not confirmed: {}",
            facts.pending
        );
        let why = "the next run confirms or drops them";
        found.push(AREA.note(what, why, "gosync sync users"));
    }
    found
}

/// Accounts and groups whose records nobody finds.
fn without_record(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, present) in &facts.unnamed {
        let what = format!(
            "there are {} of the provider `{}`, which no section of the configuration names",
            rebinding::owned(*present),
            shown(name)
        );
        let why =
            "the records of these people are no longer read: people who leave keep their accounts";
        let fix = format!(
            "gosync rebind --all --by login --from {} -n   # or put its section back",
            shell_word(name)
        );
        found.push(AREA.problem(what, why, &fix));
    }
    for what in &facts.changed {
        let why = "such a read proves nothing: no account of a person who leaves is locked until the accounts are tied to the new records";
        let fix = format!("{} -n", rebinding::ALL_BY_LOGIN);
        found.push(AREA.problem(what, why, &fix));
    }
    found
}

/// It is not there though it was, or does not hold together.
fn damaged(facts: &Facts, restore: &str) -> Vec<Finding> {
    let path = facts.path.display();
    let mut found = Vec::new();
    if facts.lost {
        let what = format!(
            "the ledger {path} is missing, and other files of gosync's are beside the place"
        );
        found.push(AREA.problem(
            what,
            "gosync would treat every account that it owns as foreign",
            restore,
        ));
    }
    if let Some(first) = facts.faults.first() {
        let what = format!(
            "the ledger {path} is damaged: {}; faults: {}",
            shown(first),
            facts.faults.len()
        );
        found.push(AREA.problem(
            what,
            "what it says about ids and owners may be wrong",
            restore,
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::report::Severity;

    fn sound() -> Facts {
        Facts {
            path: "/var/lib/gosync/ledger.sqlite".into(),
            now: 1_800_000_000,
            unread: None,
            faults: vec![],
            latest: Some(1_799_999_999),
            hot: false,
            pending: 0,
            unnamed: vec![],
            changed: vec![],
            stale: vec![],
            lost: false,
            mismatch: None,
        }
    }

    #[test]
    fn a_sound_ledger_is_not_mentioned_and_others_are() {
        let worst = |facts: Facts| judge(&facts).iter().map(|finding| finding.severity).min();
        let (problem, warning) = (Some(Severity::Problem), Some(Severity::Warning));
        assert_eq!(worst(sound()), None);
        assert_eq!(
            worst(Facts {
                unread: Some(("bad".into(), false)),
                ..sound()
            }),
            problem
        );
        assert_eq!(
            worst(Facts {
                unread: Some(("new".into(), true)),
                ..sound()
            }),
            problem
        );
        assert_eq!(
            worst(Facts {
                unread: Some(("hot".into(), false)),
                hot: true,
                ..sound()
            }),
            warning
        );
        assert_eq!(
            worst(Facts {
                faults: vec!["page 3".into()],
                ..sound()
            }),
            problem
        );
        assert_eq!(
            worst(Facts {
                mismatch: Some(("it is missing".into(), "put it back".into())),
                ..sound()
            }),
            problem
        );
        assert_eq!(
            worst(Facts {
                lost: true,
                ..sound()
            }),
            problem
        );
        assert_eq!(
            worst(Facts {
                latest: Some(1_800_000_400),
                ..sound()
            }),
            warning
        );
        assert_eq!(
            worst(Facts {
                latest: Some(1_800_000_100),
                ..sound()
            }),
            None
        );
        assert_eq!(
            worst(Facts {
                stale: vec!["no complete read for a month".into()],
                ..sound()
            }),
            warning
        );
        let present = Present {
            accounts: 3,
            groups: 0,
        };
        let unnamed = Facts {
            unnamed: vec![("campus".to_owned(), present)],
            ..sound()
        };
        let changed = Facts {
            changed: vec!["all".to_owned()],
            ..sound()
        };
        assert_eq!((worst(unnamed), worst(changed)), (problem, problem));
        assert_eq!(
            worst(Facts {
                pending: 3,
                ..sound()
            }),
            Some(Severity::Note)
        );
    }
}
