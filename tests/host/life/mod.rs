//! Any life of people and groups on a host, played on two scratch hosts: on one, runs of gosync end by themselves; on
//! the other, kills break them off at calls that change something. The two end alike, as a model in memory says they
//! must, and at no kill is anybody let in who should not be.
//!
//! Always the same histories; GOSYNC_LIVES=N plays N others on each database, and PROPTEST_RNG_SEED=N those that failed
//! before.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]
#![allow(
    clippy::print_stdout,
    clippy::disallowed_macros,
    reason = "figures, for those who ask by --nocapture"
)]

mod access;
mod history;
pub mod manual_edits;
mod model;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::time::Instant;

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

use self::history::{ARCHIVE_DAYS, Event, Kill, REMOVE_DAYS, Setting, Step};
use self::model::Model;
use crate::hook_host::{Call, HookHost, RECORD};
use crate::interruptions::add_foreign;
use crate::picture::{Picture, differences};
use crate::small_host::{Database, SmallHost};
use crate::syscalls::{self, Point};

const RUNS: [&[&str]; 2] = [
    &["sync", "users", "--root-hooks"],
    &["sync", "groups", "--root-hooks"],
];

/// How often the two kinds of run may have to follow each other until there is nothing more to do.
const ROUNDS: usize = 6;

/// Of the histories that are played each time: whoever changes something else is not stopped by a rare one.
const SEED: u64 = 1;

/// What is counted, to show that something was tried.
#[derive(Default)]
struct Figures {
    cases: Cell<usize>,
    runs: Cell<usize>,
    kills: Cell<usize>,
    /// Kills whose call did not come any more.
    missed: Cell<usize>,
}

fn count(figure: &Cell<usize>) {
    figure.set(figure.get() + 1);
}

fn fail(what: &str, wrong: &[String]) -> Result<(), TestCaseError> {
    match wrong {
        [] => Ok(()),
        _ => Err(TestCaseError::fail(format!(
            "{what}:\n    {}",
            wrong.join("\n    ")
        ))),
    }
}

/// A host with hooks for everything.
fn host(setting: &Setting) -> HookHost {
    let host = HookHost::new(setting.database);
    host.configure("jobs = 1");
    for name in ["user/a", "group/a", "bygroup/a"] {
        host.hook(name, RECORD);
    }
    let Setting {
        keys_in_homes,
        rename_home,
        restore,
        keep_lock,
        patient,
        archive,
        remove,
        ..
    } = setting;
    let by_hand = if *restore { "restore" } else { "report" };
    let keep = if *keep_lock {
        "\"shell\", \"lock\""
    } else {
        "\"shell\""
    };
    let place = if *keys_in_homes { "home" } else { "directory" };
    let (runs, time) = if *patient { (2, "12h") } else { (1, "0s") };
    let archive = if *archive {
        format!("archive_after = \"{ARCHIVE_DAYS}d\"\n")
    } else {
        String::new()
    };
    let remove = if *remove {
        format!("remove_after = \"{REMOVE_DAYS}d\"\n")
    } else {
        String::new()
    };
    let accounts = format!(
        "rename_home = {rename_home}\ndeleted_by_hand = \"{by_hand}\"\nkeep_local = [{keep}]\n\
             [groups]\ndeleted_by_hand = \"{by_hand}\"\n[target.host]"
    );
    let more = format!(
        "[keys]\nplace = \"{place}\"\n[departed]\nabsent_runs = {runs}\nabsent_for = \"{time}\"\n{archive}{remove}\
         [limits]\nmax_removals = 1000\nmax_removals_percent = 100\nmax_renames = 1000\nmax_archives = 1000\n\
         max_final_removals = 1000\nmax_group_removals = 1000\n"
    );
    let text = std::fs::read_to_string(host.tree.config()).unwrap();
    let text = text.replace("[target.host]", &accounts) + &more;
    std::fs::write(host.tree.config(), text).unwrap();
    host
}

/// Runs the program; it must end well.
fn gosync(tree: &SmallHost, run: &[&str]) -> Result<String, TestCaseError> {
    let ran = tree.gosync(run);
    if ran.code == Some(0) {
        Ok(ran.out)
    } else {
        Err(TestCaseError::fail(format!("{run:?}: {ran:?}")))
    }
}

/// Both kinds of run, until there is nothing to do.
fn settle(tree: &SmallHost) -> Result<(), TestCaseError> {
    let mut said = String::new();
    for _ in 0..ROUNDS {
        let both = [gosync(tree, RUNS[0])?, gosync(tree, RUNS[1])?];
        if both.iter().all(|out| out.contains("nothing to do")) {
            return Ok(());
        }
        said = both.concat();
    }
    Err(TestCaseError::fail(format!(
        "after {ROUNDS} rounds there is still something to do: {said}"
    )))
}

/// The two hosts and the model.
struct Play<'a> {
    figures: &'a Figures,
    model: Model,
    unbroken: HookHost,
    broken: HookHost,
    uids: BTreeMap<usize, String>,
    overtaken: bool,
}

impl<'a> Play<'a> {
    fn new(setting: &Setting, figures: &'a Figures) -> Self {
        count(&figures.cases);
        let hosts = [host(setting), host(setting)];
        let [unbroken, broken] = hosts;
        let model = Model::new(setting.clone());
        Self {
            figures,
            model,
            unbroken,
            broken,
            uids: BTreeMap::new(),
            overtaken: false,
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let hosts = [&self.unbroken.tree, &self.broken.tree];
        for event in &step.events {
            if let Some(deed) = self.model.happens(event) {
                hosts
                    .iter()
                    .for_each(|tree| manual_edits::does(tree, &deed));
            }
        }
        hosts
            .iter()
            .for_each(|tree| tree.provide(&self.model.document()));
        for groups in [false, true] {
            let kills: Vec<&Kill> = step
                .kills
                .iter()
                .filter(|kill| kill.groups == groups)
                .collect();
            self.run(RUNS[usize::from(groups)], &kills)?;
        }
        let (unbroken, broken) = (&self.unbroken, &self.broken);
        settle(&unbroken.tree)?;
        settle(&broken.tree)?;
        let picture = access::comparable(&unbroken.tree);
        self.model.settle();
        fail(
            "not as the model says",
            &access::against_model(&self.model, &picture, &mut self.uids),
        )?;
        fail(
            "not as without kills",
            &differences(&access::comparable(&broken.tree), &picture),
        )?;
        let ledgers = [unbroken, broken]
            .map(|host| access::owned(&host.tree.path("var/lib/gosync/ledger.sqlite")));
        let [wanted, found] = &ledgers;
        let missing = wanted
            .iter()
            .filter(|line| !found.contains(line))
            .map(|line| format!("missing: {line}"));
        let more = found
            .iter()
            .filter(|line| !wanted.contains(line))
            .map(|line| format!("more: {line}"));
        fail("the ledger", &missing.chain(more).collect::<Vec<_>>())?;
        // Keys in homes are written after the commit, each on its own: a run that was broken off in between is made up
        // for by one that tells of the keys alone.
        let apart = |call: &Call| {
            self.model.setting.keys_in_homes && call.event == "updated" && !call.user.is_empty()
        };
        fail(
            "hooks",
            &wrong_calls(&broken.calls(), &unbroken.calls(), apart),
        )
    }

    /// One run on either host, broken off on the second as often as there are kills.
    fn run(&mut self, run: &'static [&'static str], kills: &[&Kill]) -> Result<(), TestCaseError> {
        let (unbroken, broken, figures) = (&self.unbroken.tree, &self.broken.tree, self.figures);
        count(&figures.runs);
        if kills.is_empty() {
            gosync(unbroken, run)?;
            return gosync(broken, run).map(drop);
        }
        let before = broken.picture();
        let mut points = syscalls::of(unbroken, run);
        points.retain(Point::is_change);
        let goal = unbroken.picture();
        let mut killed: Vec<(&Point, Picture)> = Vec::new();
        for kill in kills {
            let point = kill.at.get(&points);
            match syscalls::kill_at(point, broken, run) {
                true => count(&figures.kills),
                false => count(&figures.missed),
            }
            killed.push((point, broken.picture()));
            if kill.overtaken && !std::mem::replace(&mut self.overtaken, true) {
                [unbroken, broken].iter().for_each(|tree| add_foreign(tree));
            }
        }
        gosync(broken, run)?;
        // The run that made up for it may have come further than the one that was not broken off.
        let end = broken.picture();
        for (point, now) in killed {
            let setting = &self.model.setting;
            let wrong = access::violations(setting, &before, &goal, &now);
            if !wrong.is_empty() && !access::violations(setting, &before, &end, &now).is_empty() {
                fail(&format!("killed at {point}"), &wrong)?;
            }
        }
        Ok(())
    }
}

/// What a call is about, whatever its key.
fn what(call: &Call) -> [&str; 5] {
    let Call {
        hook,
        event,
        user,
        group,
        args,
        ..
    } = call;
    [hook, event, user, group, args].map(String::as_str)
}

/// The keys of calls, by what they are about; and whether there may be more of them.
fn keys_of(
    calls: &[Call],
    more: impl Fn(&Call) -> bool,
) -> BTreeMap<[&str; 5], (BTreeSet<&str>, bool)> {
    let mut all: BTreeMap<[&str; 5], (BTreeSet<&str>, bool)> = BTreeMap::new();
    for call in calls {
        let (keys, may) = all.entry(what(call)).or_default();
        keys.insert(&call.key);
        *may = more(call);
    }
    all
}

/// Hooks that were called in vain, not at all, or with another key again. `more`: which may be called more often.
fn wrong_calls(found: &[Call], wanted: &[Call], more: impl Fn(&Call) -> bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let (found_keys, wanted_keys) = (keys_of(found, &more), keys_of(wanted, &more));
    for (what, (keys, may)) in &wanted_keys {
        let count = found_keys.get(what).map_or(0, |(keys, _)| keys.len());
        if count < keys.len() || count > keys.len() && !may {
            wrong.push(format!("{what:?} with {count} keys, not {}", keys.len()));
        }
    }
    let in_vain = found_keys
        .iter()
        .filter(|(what, (_, may))| !wanted_keys.contains_key(*what) && !may);
    wrong.extend(in_vain.map(|(what, _)| format!("{what:?} in vain")));
    let mut meant: BTreeMap<(&str, &str), [&str; 5]> = BTreeMap::new();
    for call in found {
        let before = meant.insert((&call.hook, &call.key), what(call));
        if before.is_some_and(|before| before != what(call)) {
            wrong.push(format!("{call:?} has the key of {before:?}"));
        }
    }
    if wanted.len()
        != wanted_keys
            .values()
            .map(|(keys, _)| keys.len())
            .sum::<usize>()
    {
        wrong.push(format!("twice without a kill: {wanted:?}"));
    }
    wrong
}

/// Plays some histories.
fn play(database: Database, cases: u32) {
    let more: Option<u32> = std::env::var("GOSYNC_LIVES")
        .ok()
        .and_then(|n| n.parse().ok());
    let cases = more.unwrap_or(cases);
    let mut config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 60,
        ..Config::default()
    };
    let seed = match (config.rng_seed, more) {
        (RngSeed::Fixed(seed), _) => seed,
        (RngSeed::Random, None) => SEED,
        (RngSeed::Random, Some(_)) => RandomState::new().hash_one(database.word()),
    };
    (config.rng_seed, config.max_shrink_time) = (RngSeed::Fixed(seed), 240_000);
    let (began, figures) = (Instant::now(), Figures::default());
    let all = (history::setting(database), history::history(4..=8));
    let result = TestRunner::new(config).run(&all, |(setting, steps)| {
        let mut play = Play::new(&setting, &figures);
        for (number, step) in steps.iter().enumerate() {
            play.step(step)
                .map_err(|e| TestCaseError::fail(format!("in step {number}: {e}")))?;
        }
        Ok(())
    });
    let Figures {
        cases,
        runs,
        kills,
        missed,
    } = &figures;
    let [cases, runs, kills, missed] = [cases, runs, kills, missed].map(Cell::get);
    let (word, seconds) = (database.word(), began.elapsed().as_secs());
    println!(
        "lives ({word}), seed {seed}: {cases} histories, {runs} runs, {kills} kills, {missed} missed, {seconds} s"
    );
    match result {
        Ok(()) => {}
        Err(TestError::Fail(why, (setting, steps))) => {
            let steps: String = steps.iter().map(|step| format!("\n  {step:?}")).collect();
            panic!("{why}\nPROPTEST_RNG_SEED={seed} plays it again: {setting:?}{steps}");
        }
        Err(e) => panic!("PROPTEST_RNG_SEED={seed}: {e}"),
    }
    assert!(missed < kills, "most kills were missed");
}

/// What would be wrong at a kill is seen, each for itself.
#[test]
fn what_no_kill_may_leave_is_seen() {
    let setting = Setting {
        database: Database::Etc,
        keys_in_homes: false,
        rename_home: false,
        restore: false,
        keep_lock: false,
        patient: false,
        archive: false,
        remove: false,
    };
    let (host, mut model) = (host(&setting), Model::new(setting.clone()));
    for event in [Event::Come(0), Event::Shut(0)] {
        model.happens(&event);
        host.tree.provide(&model.document());
        settle(&host.tree).unwrap();
    }
    let sound = host.tree.picture();
    assert_eq!(
        access::violations(&setting, &sound, &sound, &sound),
        [""; 0]
    );
    for (path, from, to, told) in [
        ("etc/shadow", "p0:!*", "p0:*", "20000 is open"),
        ("etc/shadow", "99999:7::1:", "99999:7:::", "20000 is open"),
        (
            "etc/ssh/authorized_keys.d/p1",
            "ssh-ed25519 ",
            "ssh-ed25519 X",
            "20001 gets in by",
        ),
        ("etc/shells", "/bin/sh", "", "etc/shells was"),
        ("etc/group", "t0:x:60000:p1\n", "", "etc/group has lost"),
    ] {
        let mut now = sound.clone();
        let content = &mut now.get_mut(path).unwrap().content;
        let text = String::from_utf8_lossy(content).into_owned();
        assert!(text.contains(from), "{text}");
        *content = text.replace(from, to).into_bytes();
        let wrong = access::violations(&setting, &sound, &sound, &now);
        assert!(
            wrong.iter().any(|wrong| wrong.contains(told)),
            "{path}: {wrong:?}"
        );
    }
}

#[test]
fn any_life_ends_as_without_kills_in_etc() {
    play(Database::Etc, 20);
}

#[test]
fn any_life_ends_as_without_kills_in_extrausers() {
    play(Database::Extrausers, 20);
}
