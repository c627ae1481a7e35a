//! Runs what the queue of hooks holds: after the commit, under the run lock alone.
//!
//! First the accounts, then the groups, each kind between its own hooks of before and after; then the groups once more,
//! member by member. An event leaves the queue when all its hooks have ended well.

mod script;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use self::script::{Order, Outcome, Shop};
pub(super) use self::script::{Script, Unusable};
use super::setup::Setup;
use crate::cli::PlanArgs;
use crate::error::{Error, Kind as ErrorKind, Result};
use crate::ledger::Ledger;
use crate::ledger::queue::{Key, Queued, Record, Round};
use crate::model::host::Host;
use crate::model::owned::Owned;
use crate::model::{Contact, counted};
use crate::plan::Plan;
use crate::plan::events::{self, Account, HookEvent, Kind, Subject, Wanted};
use crate::policy::hooks::{HookRules, Members, Miss, Scripts, Stop};
use crate::system::programs::{self, Owners};
use crate::system::{clock, pool};
use crate::targets::Target as _;
use crate::targets::files::Local;

/// How many events are taken out of the ledger at a time.
const CHUNK: usize = 1_000;

/// How many failures are told one by one.
const TOLD: usize = 20;

/// What the hooks of a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Events of which all is done.
    done: usize,
    /// Events of which a hook failed.
    failed: usize,
    /// Events of which a hook asked to be called later.
    later: usize,
}

impl Tally {
    /// The end of a run of which everything else ended with `outcome`.
    pub fn judge(self, outcome: super::Outcome, args: &PlanArgs) -> Result<super::Outcome> {
        match self.failed {
            0 => Ok(outcome),
            n if args.strict => {
                let message = format!("hooks failed for {}", counted(n, "change", "changes"));
                let hint = "Each was told with its reason; later runs try again, and `gosync status` shows what waits";
                Err(Error::new(ErrorKind::Partial, message).hint(hint))
            }
            _ => Ok(outcome),
        }
    }
}

/// Whether hooks belong to this run at all. On another tree they would run on the wrong host.
pub(super) fn belong(setup: &Setup<'_>, args: &PlanArgs) -> bool {
    setup.root.is_host() || args.root_hooks
}

/// Whether there are hooks that are told how to reach people.
pub(super) fn want_contacts(setup: &Setup<'_>) -> bool {
    let rules = &setup.settings.hooks;
    rules.user.is_any() || rules.bygroup.is_any()
}

/// Whose programs are run. On another tree, an ordinary user may try things with hooks of their own.
fn owners(setup: &Setup<'_>) -> Owners {
    if setup.root.is_host() {
        Owners::Root
    } else {
        Owners::RootOrUs
    }
}

/// A pattern of the configuration, and what a run makes of it.
pub(super) struct Named {
    /// Where it stands, such as "`run` in [hooks.user]".
    pub key: String,
    pub pattern: String,
    pub scripts: Vec<Script>,
    /// Directories that it matches, which are passed over.
    pub folders: Vec<PathBuf>,
}

/// All hooks that the configuration names, judged as before they are run.
pub(super) fn named(setup: &Setup<'_>) -> Vec<Named> {
    let rules = &setup.settings.hooks;
    let mut out = Vec::new();
    for (kind, scripts) in Kind::ALL
        .into_iter()
        .zip([&rules.user, &rules.group, &rules.bygroup])
    {
        for (key, patterns) in [
            ("pre", &scripts.pre),
            ("run", &scripts.run),
            ("post", &scripts.post),
        ] {
            out.extend(patterns.iter().map(|pattern| Named {
                key: format!("`{key}` in [hooks.{}]", kind.as_str()),
                pattern: pattern.clone(),
                scripts: script::expand(pattern, owners(setup)),
                folders: programs::folders(pattern),
            }));
        }
    }
    out
}

/// What a plan means for hooks; nothing if there are none, and for a dry run.
pub(super) fn events(
    setup: &Setup<'_>,
    args: &PlanArgs,
    plan: &Plan,
    host: &Host<'_>,
    owned: &Owned,
) -> Vec<HookEvent> {
    if args.dry_run || !belong(setup, args) {
        return Vec::new();
    }
    let rules = &setup.settings.hooks;
    let wanted = Wanted {
        user: rules.user.is_any(),
        group: rules.group.is_any(),
        bygroup: rules.bygroup.is_any(),
    };
    events::of(plan, host, owned, wanted)
}

/// Runs what is due. A hook that fails is told, and no failure of the run.
pub(super) fn run(
    setup: &Setup<'_>,
    args: &PlanArgs,
    ledger: &mut Ledger,
    target: &Local,
) -> Result<Tally> {
    if !belong(setup, args) {
        tell_unmoved(setup, args);
        return Ok(Tally::default());
    }
    if args.retry_hooks {
        ledger.revive_hooks(setup.now).map_err(Error::failed)?;
    }
    if !ledger.is_hook_due(setup.now).map_err(Error::failed)? {
        return Ok(Tally::default());
    }
    let rules = &setup.settings.hooks;
    let deadline = clock::deadline(Duration::from_secs(rules.run_limit));
    let shop = Shop {
        rules,
        deadline,
        stopped: AtomicBool::new(false),
    };
    let mut floor = Floor {
        setup,
        shop,
        ledger,
        tally: Tally::default(),
        told: 0,
    };
    floor.kind(Kind::User, &rules.user)?;
    floor.kind(Kind::Group, &rules.group)?;
    floor.bygroup(target)?;
    floor.report()
}

/// Says that hooks which were to be tried again are not.
pub(super) fn tell_unmoved(setup: &Setup<'_>, args: &PlanArgs) {
    if args.retry_hooks && !belong(setup, args) {
        setup.ui.warn(
            "--retry-hooks did nothing: hooks do not run under --root without --root-hooks"
                .to_owned(),
        );
    }
}

/// What hooks are told of an event. Made once for all members of a group, since it may be long.
struct Told {
    args: &'static [&'static str],
    env: Vec<(&'static str, String)>,
    /// A JSON object without what opens it, and without the key.
    json: String,
}

impl Told {
    fn new(setup: &Setup<'_>, queued: &Queued) -> Self {
        let event = &queued.event;
        let mut env = event.environment();
        env.extend(root(setup));
        let mut json = json!({
            "provider": queued.provider,
            "command": queued.command,
            "at": clock::written(queued.at),
            "name": event.subject.name(),
            "known": event.is_known(),
        });
        if let (Value::Object(into), Ok(Value::Object(more))) =
            (&mut json, serde_json::to_value(event))
        {
            into.extend(more);
        }
        let args: &[&str] = if event.is_known() { &["-update"] } else { &[] };
        Self {
            args,
            env,
            json: json.to_string().split_off(1),
        }
    }

    fn order(&self, key: String) -> Order<'_> {
        let input = format!("{{\"key\":{},{}\n", json!(key), self.json).into_bytes();
        Order {
            args: self.args,
            shared: &self.env,
            env: vec![("GOSYNC_KEY", key)],
            input,
        }
    }

    fn for_member(&self, key: String, account: &Account, added: bool) -> Order<'_> {
        let member = json!({"added": added, "account": account});
        let input = format!(
            "{{\"key\":{},\"member\":{member},{}\n",
            json!(key),
            self.json
        )
        .into_bytes();
        let mut env = account.environment();
        env.push(("GOSYNC_KEY", key));
        env.push((
            "GOSYNC_MEMBER",
            if added { "added" } else { "kept" }.to_owned(),
        ));
        Order {
            args: self.args,
            shared: &self.env,
            env,
            input,
        }
    }
}

/// How the hooks before and after a kind are told.
fn round_order(setup: &Setup<'_>, kind: Kind, round: &Round, stage: &str) -> Order<'static> {
    let key = format!("{}-{stage}-{}", round.key, round.attempts + 1);
    let input = json!({"key": key, "kind": kind, "stage": stage});
    let mut env = vec![
        ("GOSYNC_KIND", kind.as_str().to_owned()),
        ("GOSYNC_KEY", key),
    ];
    env.extend(root(setup));
    Order {
        args: &[],
        shared: &[],
        env,
        input: format!("{input}\n").into_bytes(),
    }
}

fn root(setup: &Setup<'_>) -> Option<(&'static str, String)> {
    setup
        .global
        .root
        .as_ref()
        .map(|root| ("GOSYNC_ROOT", root.display().to_string()))
}

/// What a thread reports.
enum Report {
    Step(Key, String),
    End(usize, Outcome),
}

/// One run's work on the queue.
struct Floor<'a> {
    setup: &'a Setup<'a>,
    shop: Shop<'a>,
    ledger: &'a mut Ledger,
    tally: Tally,
    told: usize,
}

impl Floor<'_> {
    fn rules(&self) -> &HookRules {
        self.shop.rules
    }

    fn find(&self, patterns: &[String]) -> Vec<Script> {
        script::find(patterns, owners(self.setup))
    }

    fn stops(&self, what: Stop) -> bool {
        self.rules().stop.contains(&what)
    }

    fn due(&self, kind: Kind, limit: usize) -> Result<Vec<Queued>> {
        self.ledger
            .hooks_due(kind, self.setup.now, limit)
            .map_err(Error::failed)
    }

    fn record(&mut self, records: &[Record]) -> Result<()> {
        self.ledger.record_hooks(records).map_err(Error::failed)
    }

    /// All that is due of accounts or groups, between the hooks of before and after.
    fn kind(&mut self, kind: Kind, scripts: &Scripts) -> Result<()> {
        let waiting = self.ledger.hook_round(kind).map_err(Error::failed)?;
        let mut events = self.due(kind, CHUNK)?;
        let round = match waiting {
            Some(round) if !events.is_empty() || round.due <= self.setup.now => round,
            None if !events.is_empty() => self
                .ledger
                .open_hook_round(kind, self.setup.now)
                .map_err(Error::failed)?,
            _ => return Ok(()),
        };
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
            if !self.shop.is_open() {
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
        let order = round_order(self.setup, kind, round, stage);
        self.shop.run(
            &self.find(patterns),
            &order,
            self.stops(Stop::Pre),
            &|_| false,
            &|_| {},
        )
    }

    /// Puts off what a hook that runs before it holds back until that is tried again, or gives it up with that. None of
    /// it has failed itself.
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
        let (setup, stop) = (self.setup, self.stops(Stop::Hook));
        let numbered: Vec<(usize, &Queued)> = events.iter().enumerate().collect();
        let work = |shop: &Shop<'_>, (at, queued): &(usize, &Queued), tell: &dyn Fn(Report)| {
            let told = Told::new(setup, queued);
            let order = told.order(queued.key.to_string());
            let step = |name: &str| tell(Report::Step(queued.key, name.to_owned()));
            let outcome = shop.run(
                scripts,
                &order,
                stop,
                &|name| queued.done.contains(name),
                &step,
            );
            tell(Report::End(*at, outcome));
        };
        self.in_parallel(&numbered, work, |floor, at, outcome| {
            let queued = events.get(at)?;
            floor.settle(
                queued.key,
                queued.at,
                queued.attempts,
                outcome,
                queued.event.subject.name(),
            )
        })
    }

    /// Does `work` for units, several at a time; steps are written down as they are reported, and `end` says what to
    /// write at the end of each unit.
    fn in_parallel<U: Sync>(
        &mut self,
        units: &[U],
        work: impl Fn(&Shop<'_>, &U, &dyn Fn(Report)) + Sync,
        mut end: impl FnMut(&mut Self, usize, Outcome) -> Option<Record>,
    ) -> Result<()> {
        let jobs = self.rules().jobs;
        let stopped = AtomicBool::new(self.shop.stopped.load(Ordering::Relaxed));
        let shop = Shop {
            rules: self.shop.rules,
            deadline: self.shop.deadline,
            stopped,
        };
        let done = pool::for_each(
            units,
            jobs,
            |unit, tell: &dyn Fn(Report)| work(&shop, unit, tell),
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
        self.shop
            .stopped
            .store(shop.stopped.load(Ordering::Relaxed), Ordering::Relaxed);
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
        self.told += 1;
        if self.told <= TOLD {
            let next = match due {
                Some(due) => format!("tried again from {} on", clock::written(due)),
                None => "given up; --retry-hooks tries it again".to_owned(),
            };
            self.setup
                .ui
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
    fn bygroup(&mut self, target: &Local) -> Result<()> {
        let mut events = self.due(Kind::Bygroup, 1)?;
        if events.is_empty() {
            return Ok(());
        }
        let rules = &self.setup.settings.hooks;
        let scripts = &rules.bygroup;
        let (pre, run, post) = (
            self.find(&scripts.pre),
            self.find(&scripts.run),
            self.find(&scripts.post),
        );
        let current = target.read()?;
        let host = current.host();
        let mut people: BTreeMap<String, BTreeMap<String, Contact>> = BTreeMap::new();
        while let [queued] = events.as_slice() {
            let people = match people.entry(queued.provider.clone()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(
                    self.ledger
                        .contacts_by_name(&queued.provider)
                        .map_err(Error::failed)?,
                ),
            };
            let outcome = self.group(queued, (&host, people), [&pre, &run, &post])?;
            let settled = self.settle(
                queued.key,
                queued.at,
                queued.attempts,
                outcome,
                queued.event.subject.name(),
            );
            self.record(&settled.into_iter().collect::<Vec<_>>())?;
            if !self.shop.is_open() {
                break;
            }
            events = self.due(Kind::Bygroup, 1)?;
        }
        Ok(())
    }

    /// The hooks of one group: before, for each member, after.
    fn group(
        &mut self,
        queued: &Queued,
        (host, people): (&Host<'_>, &BTreeMap<String, Contact>),
        [pre, run, post]: [&[Script]; 3],
    ) -> Result<Outcome> {
        let Subject::Group(team) = &queued.event.subject else {
            return Ok(Outcome::Done);
        };
        let told = Told::new(self.setup, queued);
        let around = |shop: &Shop<'_>, scripts: &[Script], stage: &str, stop: bool| {
            let order = told.order(format!("{}-{stage}-{}", queued.key, queued.attempts + 1));
            // As the original did: these two read the names of the members, one on each line.
            let order = Order {
                input: lines(&team.members),
                ..order
            };
            shop.run(scripts, &order, stop, &|_| false, &|_| {})
        };
        let before = around(&self.shop, pre, "pre", self.stops(Stop::Pre));
        match before {
            Outcome::Done => {}
            Outcome::Missed(..) if !self.stops(Stop::Pre) => {}
            held => return Ok(held),
        }
        let added = |name: &String| team.added.binary_search(name).is_ok();
        let wanted = |name: &&String| self.rules().members == Members::All || added(name);
        // Who has no account any more is told to nobody.
        let account = |name: &String| {
            let account = Account::found(name, host.accounts.get(name.as_str())?);
            Some((
                account.reached_by(people.get(name).cloned().unwrap_or_default()),
                added(name),
            ))
        };
        let members = team.members.iter().filter(|_| !run.is_empty());
        let members: Vec<(Account, bool)> = members.filter(wanted).filter_map(account).collect();
        let mut all = before;
        let stop = self.stops(Stop::Hook);
        let work = |shop: &Shop<'_>, (account, added): &(Account, bool), tell: &dyn Fn(Report)| {
            let name = &account.name;
            let order = told.for_member(format!("{}-{name}", queued.key), account, *added);
            let step = |script: &str| format!("{name}{script}");
            let done = |script: &str| queued.done.contains(&step(script));
            let outcome = shop.run(run, &order, stop, &done, &|script| {
                tell(Report::Step(queued.key, step(script)))
            });
            tell(Report::End(0, outcome));
        };
        self.in_parallel(&members, work, |_, _, outcome| {
            all = std::mem::replace(&mut all, Outcome::Done).and(outcome);
            None
        })?;
        if !self.shop.is_open() {
            return Ok(all.and(Outcome::Unstarted));
        }
        Ok(all.and(around(&self.shop, post, "post", true)))
    }

    /// Says what was done and what is left.
    fn report(self) -> Result<Tally> {
        let ui = self.setup.ui;
        if self.told > TOLD {
            let more = counted(self.told - TOLD, "more hook failed", "more hooks failed");
            ui.warn(format!("{more}; `gosync status` shows the queue"));
        }
        // What is due all the same, its time did not suffice for.
        if self.tally == Tally::default()
            && !self
                .ledger
                .is_hook_due(self.setup.now)
                .map_err(Error::failed)?
        {
            return Ok(self.tally);
        }
        let left = self
            .ledger
            .hook_census(self.setup.now, 0)
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
        ui.notice(format!("hooks: {done} done{}", counts.collect::<String>()));
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
