//! Works on the queue of hooks.
//!
//! First the accounts, then the groups, each kind between its own hooks of before and after; then
//! the groups once more, member by member.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::context::{Context, Reporter, Tally, WithHost, owners, tell_unmoved};
use super::input::{self, HookInput};
use super::script::{self, Executor, Invocation, Outcome, Script};
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::ledger::queue::{Key, Queued, Record, Round};
use crate::model::host::Host;
use crate::model::{Contact, counted};
use crate::plan::events::{Account, GroupState, Kind, Subject, memberships};
use crate::policy::hooks::{HookRules, Members, Miss, Scripts, Stop};
use crate::system::{clock, pool};

/// How many events are taken out of the ledger at a time.
const CHUNK: usize = 1_000;

/// How many failures are reported one by one.
const MAX_REPORTED: usize = 20;

/// Runs what is due. A hook that fails is reported, and no failure of the run.
pub(crate) fn run(
    context: &Context<'_>,
    ledger: &mut Ledger,
    with_host: WithHost<'_>,
    reporter: &mut dyn Reporter,
) -> Result<Tally> {
    if !context.enabled {
        tell_unmoved(context, reporter);
        return Ok(Tally::default());
    }
    if context.retry {
        ledger.revive_hooks(context.now).map_err(Error::failed)?;
    }
    if !ledger.is_hook_due(context.now).map_err(Error::failed)? {
        return Ok(Tally::default());
    }
    let rules = context.rules;
    let executor = Executor {
        rules,
        deadline: clock::deadline(Duration::from_secs(rules.run_limit)),
        stopped: AtomicBool::new(false),
    };
    let mut runner = QueueRunner {
        context,
        reporter,
        executor,
        ledger,
        tally: Tally::default(),
        reported: 0,
    };
    runner.kind(Kind::User, &rules.user)?;
    runner.kind(Kind::Group, &rules.group)?;
    runner.bygroup(with_host)?;
    runner.report()
}

/// An account that is a member, and whether it was added.
type Member = (Account, bool);

/// How to reach people, by the name of their account.
type People = BTreeMap<String, Contact>;

/// What a host has.
struct Found<'a> {
    host: &'a Host<'a>,
    /// The groups of each account.
    groups_of: BTreeMap<&'a str, Vec<String>>,
}

/// The hooks of groups that are told of each member.
struct GroupScripts {
    pre: Vec<Script>,
    run: Vec<Script>,
    post: Vec<Script>,
}

/// What a thread reports.
enum Report {
    Step(Key, String),
    End(usize, Outcome),
}

/// One run's work on the queue.
struct QueueRunner<'a> {
    context: &'a Context<'a>,
    reporter: &'a mut dyn Reporter,
    executor: Executor<'a>,
    ledger: &'a mut Ledger,
    tally: Tally,
    reported: usize,
}

impl QueueRunner<'_> {
    fn rules(&self) -> &HookRules {
        self.executor.rules
    }

    fn find(&self, patterns: &[String]) -> Vec<Script> {
        script::find(patterns, owners(self.context.root))
    }

    fn stops(&self, what: Stop) -> bool {
        self.rules().stop.contains(&what)
    }

    fn due(&self, kind: Kind, limit: usize) -> Result<Vec<Queued>> {
        self.ledger
            .hooks_due(kind, self.context.now, limit)
            .map_err(Error::failed)
    }

    fn record(&mut self, records: &[Record]) -> Result<()> {
        self.ledger.record_hooks(records).map_err(Error::failed)
    }

    /// All that is due of accounts or groups, between the hooks of before and after.
    fn kind(&mut self, kind: Kind, scripts: &Scripts) -> Result<()> {
        let waiting = self.ledger.hook_round(kind).map_err(Error::failed)?;
        let mut events = self.due(kind, CHUNK)?;
        let mut round = match waiting {
            Some(round) if !events.is_empty() || round.due <= self.context.now => round,
            None if !events.is_empty() => self
                .ledger
                .open_hook_round(kind, self.context.now)
                .map_err(Error::failed)?,
            _ => return Ok(()),
        };
        self.ledger
            .extend_hook_round(kind, &mut round, self.context.now)
            .map_err(Error::failed)?;
        let pre = self.surround(kind, &round, "pre", &scripts.pre);
        match pre {
            Outcome::Unstarted => return Ok(()),
            Outcome::Missed(..) if self.stops(Stop::Pre) => {
                return self.hold(kind, &round, events, pre);
            }
            _ => {}
        }
        let run = self.find(&scripts.run);
        while !events.is_empty() {
            self.attempt(&events, &run)?;
            if !self.executor.is_open() {
                return Ok(());
            }
            events = self.due(kind, CHUNK)?;
        }
        let post = self.surround(kind, &round, "post", &scripts.post);
        let settled = self.settle_round(kind, &round, pre.and(post));
        self.record(&settled.into_iter().collect::<Vec<_>>())
    }

    fn settle_round(&mut self, kind: Kind, round: &Round, outcome: Outcome) -> Option<Record> {
        match outcome {
            // Not counted: it is no change of anything.
            Outcome::Done => Some(Record::Done(round.key)),
            outcome => self.settle(
                round.key,
                round.at,
                round.attempts,
                outcome,
                &format!("all {}s", kind.as_str()),
            ),
        }
    }

    fn surround(
        &self,
        kind: Kind,
        round: &Round,
        stage: &'static str,
        patterns: &[String],
    ) -> Outcome {
        let invocation = input::for_round(self.context, kind, round, stage);
        self.executor.run(
            &self.find(patterns),
            &invocation,
            self.stops(Stop::Pre),
            &|_| false,
            &|_| {},
        )
    }

    /// Puts off what a hook that runs before it holds back until that is tried again, or gives it
    /// up with that. None of it has failed itself.
    fn hold(
        &mut self,
        kind: Kind,
        round: &Round,
        mut events: Vec<Queued>,
        pre: Outcome,
    ) -> Result<()> {
        let settled = self.settle_round(kind, round, pre);
        let Some(Record::Again { due, error, .. }) = &settled else {
            return Ok(());
        };
        while !events.is_empty() {
            let held = |Queued { key, attempts, .. }: &Queued| Record::Again {
                key: *key,
                attempts: *attempts,
                due: *due,
                error: format!("held back by {error}"),
            };
            self.record(&events.iter().map(held).collect::<Vec<_>>())?;
            events = self.due(kind, CHUNK)?;
        }
        self.record(&settled.into_iter().collect::<Vec<_>>())
    }

    /// Runs hooks for accounts or groups, several at a time.
    fn attempt(&mut self, events: &[Queued], scripts: &[Script]) -> Result<()> {
        let (context, stop) = (self.context, self.stops(Stop::Hook));
        let numbered: Vec<(usize, &Queued)> = events.iter().enumerate().collect();
        let work =
            |executor: &Executor<'_>, (at, queued): &(usize, &Queued), tell: &dyn Fn(Report)| {
                let input = HookInput::new(context, queued);
                let invocation = input.plain(queued.key.to_string());
                let step = |name: &str| tell(Report::Step(queued.key, name.to_owned()));
                let outcome = executor.run(
                    scripts,
                    &invocation,
                    stop,
                    &|name| queued.done.contains(name),
                    &step,
                );
                tell(Report::End(*at, outcome));
            };
        self.in_parallel(&numbered, work, |runner, at, outcome| {
            let queued = events.get(at)?;
            runner.settle(
                queued.key,
                queued.at,
                queued.attempts,
                outcome,
                queued.event.subject.name(),
            )
        })
    }

    /// Does `work` for units, several at a time; steps are written down as they are reported, and
    /// `end` says what to write at the end of each unit.
    fn in_parallel<U: Sync>(
        &mut self,
        units: &[U],
        work: impl Fn(&Executor<'_>, &U, &dyn Fn(Report)) + Sync,
        mut end: impl FnMut(&mut Self, usize, Outcome) -> Option<Record>,
    ) -> Result<()> {
        let jobs = self.rules().jobs;
        let stopped = AtomicBool::new(self.executor.stopped.load(Ordering::Relaxed));
        let executor = Executor {
            rules: self.executor.rules,
            deadline: self.executor.deadline,
            stopped,
        };
        let done = pool::for_each(
            units,
            jobs,
            |unit, tell: &dyn Fn(Report)| work(&executor, unit, tell),
            |reports| {
                let mut records = Vec::new();
                for report in reports {
                    match report {
                        Report::Step(key, step) => records.push(Record::Step(key, step)),
                        Report::End(at, outcome) => records.extend(end(self, at, outcome)),
                    }
                }
                if records.is_empty() {
                    Ok(())
                } else {
                    self.record(&records)
                }
            },
        );
        self.executor
            .stopped
            .store(executor.stopped.load(Ordering::Relaxed), Ordering::Relaxed);
        done
    }

    /// What to write down of an attempt; nothing if it was not made. Tells what failed.
    fn settle(
        &mut self,
        key: Key,
        at: i64,
        attempts: u32,
        outcome: Outcome,
        name: &str,
    ) -> Option<Record> {
        let (miss, error) = match outcome {
            Outcome::Unstarted => return None,
            Outcome::Done => {
                self.tally.done += 1;
                return Some(Record::Done(key));
            }
            Outcome::Missed(miss, error) => (miss, error),
        };
        let now = clock::now();
        let age = u64::try_from(now.saturating_sub(at)).unwrap_or(0);
        let retry = self.rules().retry(miss, attempts, age);
        let due = retry
            .after
            .map(|after| now.saturating_add(i64::try_from(after).unwrap_or(i64::MAX)));
        match miss {
            Miss::Failed => self.tally.failed += 1,
            Miss::Later => self.tally.later += 1,
        }
        self.reported += 1;
        if self.reported <= MAX_REPORTED {
            let next = match due {
                Some(due) => format!("tried again from {} on", clock::written(due)),
                None => "given up; --retry-hooks tries it again".to_owned(),
            };
            self.reporter
                .warn(format!("hook for {name} (key {key}): {error}; {next}"));
        }
        Some(Record::Again {
            key,
            attempts: retry.attempts,
            due,
            error,
        })
    }

    /// All groups that are due, one after the other, each member by member.
    fn bygroup(&mut self, with_host: WithHost<'_>) -> Result<()> {
        if self.due(Kind::Bygroup, 1)?.is_empty() {
            return Ok(());
        }
        let patterns = &self.context.rules.bygroup;
        let scripts = GroupScripts {
            pre: self.find(&patterns.pre),
            run: self.find(&patterns.run),
            post: self.find(&patterns.post),
        };
        with_host(&mut |host| self.groups(&scripts, host))
    }

    fn groups(&mut self, scripts: &GroupScripts, host: &Host<'_>) -> Result<()> {
        let found = Found {
            host,
            groups_of: memberships(host, |_| !scripts.run.is_empty()),
        };
        let mut people: BTreeMap<String, People> = BTreeMap::new();
        let mut events = self.due(Kind::Bygroup, 1)?;
        while let [queued] = events.as_slice() {
            let people = match people.entry(queued.provider.clone()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(
                    self.ledger
                        .contacts_by_name(&queued.provider)
                        .map_err(Error::failed)?,
                ),
            };
            let outcome = match &queued.event.subject {
                Subject::Group(group) if scripts.run.is_empty() => {
                    self.group(queued, group, scripts, &[])?
                }
                Subject::Group(group) => {
                    let members = self.members(group, &found, people);
                    self.group(queued, group, scripts, &members)?
                }
                Subject::Account(_) => Outcome::Done,
            };
            let name = queued.event.subject.name();
            let settled = self.settle(queued.key, queued.at, queued.attempts, outcome, name);
            self.record(&settled.into_iter().collect::<Vec<_>>())?;
            if !self.executor.is_open() {
                break;
            }
            events = self.due(Kind::Bygroup, 1)?;
        }
        Ok(())
    }

    /// The members whom a group's hooks are told of, and whether each was added. Who has no account
    /// any more is not told of.
    fn members(&self, group: &GroupState, found: &Found<'_>, people: &People) -> Vec<Member> {
        let added = |name: &String| group.added.binary_search(name).is_ok();
        let wanted = |name: &&String| self.rules().bygroup.members == Members::All || added(name);
        let account = |name: &String| {
            let account = Account::found(name, found.host.accounts.get(name.as_str())?);
            let groups = found.groups_of.get(name.as_str()).cloned();
            let account = account.in_groups(groups.unwrap_or_default());
            let contact = people.get(name).cloned().unwrap_or_default();
            Some((account.reached_by(contact), added(name)))
        };
        let members = group.members.iter();
        members.filter(wanted).filter_map(account).collect()
    }

    /// The hooks of one group: before, for each member, after.
    fn group(
        &mut self,
        queued: &Queued,
        group: &GroupState,
        scripts: &GroupScripts,
        members: &[Member],
    ) -> Result<Outcome> {
        let input = HookInput::new(self.context, queued);
        let around = |executor: &Executor<'_>, scripts: &[Script], stage: &str, stop: bool| {
            let key = format!("{}-{stage}-{}", queued.key, queued.attempts + 1);
            // As the original did: these two read the names of the members, one on each line.
            let invocation = Invocation {
                input: lines(&group.members),
                ..input.plain(key)
            };
            executor.run(scripts, &invocation, stop, &|_| false, &|_| {})
        };
        let before = around(&self.executor, &scripts.pre, "pre", self.stops(Stop::Pre));
        match before {
            Outcome::Done => {}
            Outcome::Missed(..) if !self.stops(Stop::Pre) => {}
            held => return Ok(held),
        }
        let mut all = before;
        let stop = self.stops(Stop::Hook);
        let work = |executor: &Executor<'_>, (account, added): &Member, tell: &dyn Fn(Report)| {
            let name = &account.name;
            let invocation = input.for_member(format!("{}-{name}", queued.key), account, *added);
            let step = |script: &str| format!("{name}{script}");
            let done = |script: &str| queued.done.contains(&step(script));
            let outcome = executor.run(&scripts.run, &invocation, stop, &done, &|script| {
                tell(Report::Step(queued.key, step(script)))
            });
            tell(Report::End(0, outcome));
        };
        self.in_parallel(members, work, |_, _, outcome| {
            all = std::mem::replace(&mut all, Outcome::Done).and(outcome);
            None
        })?;
        if !self.executor.is_open() {
            return Ok(all.and(Outcome::Unstarted));
        }
        Ok(all.and(around(&self.executor, &scripts.post, "post", true)))
    }

    /// Says what was done and what is left.
    fn report(self) -> Result<Tally> {
        if self.reported > MAX_REPORTED {
            let more = counted(
                self.reported - MAX_REPORTED,
                "more hook failed",
                "more hooks failed",
            );
            self.reporter
                .warn(format!("{more}; `gosync status` shows the queue"));
        }
        // What is due all the same, its time did not suffice for.
        if self.tally == Tally::default()
            && !self
                .ledger
                .is_hook_due(self.context.now)
                .map_err(Error::failed)?
        {
            return Ok(self.tally);
        }
        let left = self
            .ledger
            .hook_census(self.context.now, 0)
            .map_err(Error::failed)?;
        let Tally {
            done,
            failed,
            later,
        } = self.tally;
        let counts = [
            (failed, "failed"),
            (later, "later"),
            (as_count(left.queued), "waiting"),
        ];
        let counts = counts
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| format!(", {n} {what}"));
        self.reporter
            .notice(format!("hooks: {done} done{}", counts.collect::<String>()));
        Ok(self.tally)
    }
}

fn as_count(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn lines(names: &[String]) -> Vec<u8> {
    names
        .iter()
        .flat_map(|name| [name.as_bytes(), b"\n"].concat())
        .collect()
}
