//! A host driven through the engine that the commands use, with a clock of its own and nobody who listens.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use gosync::testing::config::{Settings, Source};
use gosync::testing::error::{Error, Kind};
use gosync::testing::ledger::{HOST, Ledger};
use gosync::testing::model::Details;
use gosync::testing::model::owned::{Owned, State};
use gosync::testing::model::{Completeness, Snapshot, Untrusted};
use gosync::testing::plan::diff::Request;
use gosync::testing::plan::drift::{self, Difference};
use gosync::testing::plan::{Limits, Plan};
use gosync::testing::policy::Rules;
use gosync::testing::providers::file::FileProvider;
use gosync::testing::providers::{FetchError, Provider, Query, Scope};
use gosync::testing::run::{self, Env, Job, Options, Patience, RunReport, Silent, Task};
use gosync::testing::system::files;
use gosync::testing::system::root::Root;
use gosync::testing::targets::Hold;
use serde_json::Value;

use crate::host::Trace;
use crate::manifest::Tree;
use crate::scratch::ScratchHost;

const CONFIGURATION: &str = "[provider.p]\nkind = \"file\"\npath = \"directory.json\"\n";

pub struct Machine {
    pub world: ScratchHost,
    pub rules: Rules,
    pub now: i64,
    env: Env,
}

/// A provider that says what was read of another one.
struct Fixed(Snapshot);

impl Provider for Fixed {
    fn name(&self) -> &str {
        "p"
    }

    fn identity(&self, _: Instant) -> Result<Untrusted, FetchError> {
        Ok(Untrusted::new("p"))
    }

    fn fetch(&self, _: &Query, _: &dyn Fn(usize)) -> Result<Snapshot, FetchError> {
        Ok(self.0.clone())
    }
}

/// What became of a plan.
#[derive(Debug)]
pub enum Outcome {
    Done(Plan),
    /// Over a limit; nothing was written.
    Refused(Plan),
    /// There was nothing that could be planned.
    Nothing,
}

impl Outcome {
    pub fn changes(&self) -> usize {
        match self {
            Self::Done(plan) => plan.changes.len(),
            _ => 0,
        }
    }

    fn of(mut report: RunReport) -> Self {
        let plan = report.targets.remove(0).plan;
        match report.outcome {
            run::Outcome::Refused(_) => Self::Refused(plan),
            _ => Self::Done(plan),
        }
    }
}

impl Machine {
    pub fn new(rules: Rules, limits: Limits) -> Self {
        let world = ScratchHost::new(&Tree::base());
        let source = Source {
            path: world.dir().join("gosync.toml"),
            text: CONFIGURATION.to_owned(),
        };
        let mut settings = Settings::new(vec![source], None).unwrap();
        settings.rules = rules.clone();
        settings.limits = limits;
        let now = 1_000_000;
        let root = Root::new(Some(world.root()));
        let env = Env::new(settings, root, Patience::None, now.into());
        Self {
            world,
            rules,
            now,
            env,
        }
    }

    pub fn owned(&self) -> Owned {
        let ledger = Ledger::open_read_only(&self.env.state_dir()).unwrap();
        ledger.map_or_else(Owned::default, |ledger| {
            ledger.load(HOST, "p", self.now).unwrap()
        })
    }

    /// Reads a document as the file provider does; `None` if it is none.
    pub fn fetch(
        &self,
        document: &Value,
        scope: Scope,
        only: Option<Vec<String>>,
    ) -> Option<Snapshot> {
        self.world.write("directory.json", &document.to_string());
        let provider = FileProvider::new("p", self.world.dir().join("directory.json"));
        let query = Query {
            scope,
            only,
            top_group: None,
            details: Details::ALL,
            attribute: None,
            deadline: Instant::now() + Duration::from_secs(60),
        };
        provider.fetch(&query, &|_| {}).ok()
    }

    /// What would be done to accounts; `None`, if nothing can be planned.
    pub fn plan_users(&self, snapshot: &Snapshot) -> Option<Plan> {
        let dry = Options {
            dry_run: true,
            ..Options::default()
        };
        let report = self.ask(snapshot, USERS, dry)?;
        report.targets.into_iter().next().map(|target| target.plan)
    }

    /// What would be done to groups.
    pub fn plan_groups(&self, snapshot: &Snapshot) -> Plan {
        let dry = Options {
            dry_run: true,
            ..Options::default()
        };
        let mut report = self.ask(snapshot, GROUPS, dry).unwrap();
        report.targets.remove(0).plan
    }

    /// What differs from what was last applied.
    pub fn drift(&self) -> Vec<Difference> {
        drift::drift(
            &self.env.target().unwrap().read(Hold::Open).unwrap().host(),
            &self.owned(),
            &self.rules,
        )
    }

    pub fn sync_users(&mut self, snapshot: &Snapshot) -> Outcome {
        self.sync(snapshot, USERS)
    }

    pub fn sync_groups(&mut self, snapshot: &Snapshot) -> Outcome {
        self.sync(snapshot, GROUPS)
    }

    fn sync(&self, snapshot: &Snapshot, task: Task) -> Outcome {
        self.ask(snapshot, task, Options::default())
            .map_or(Outcome::Nothing, Outcome::of)
    }

    pub fn deluser(&mut self, name: &str, request: &Request) -> Outcome {
        let task = Task::Remove {
            names: vec![name.to_owned()],
            request: request.clone(),
        };
        let report = self.run(task, Options::default(), Vec::new());
        report.map_or(Outcome::Nothing, Outcome::of)
    }

    /// Undoes the newest run, whatever the limits say.
    pub fn undo(&mut self) -> Outcome {
        let ledger = Ledger::open_read_only(&self.env.state_dir()).unwrap();
        let runs = ledger.map_or_else(Vec::new, |ledger| ledger.history(None, 1).unwrap());
        let Some(newest) = runs.first() else {
            return Outcome::Nothing;
        };
        let task = Task::Undo { run: newest.number };
        match Outcome::of(
            self.run(task.clone(), Options::default(), Vec::new())
                .unwrap(),
        ) {
            Outcome::Refused(plan) => {
                let options = Options {
                    approve: Some(plan.digest()),
                    ..Options::default()
                };
                Outcome::of(self.run(task, options, Vec::new()).unwrap())
            }
            done => done,
        }
    }

    /// A run on what was read; `None`, if nothing of that can be used.
    fn ask(&self, snapshot: &Snapshot, task: Task, options: Options) -> Option<RunReport> {
        let provider: Rc<dyn Provider> = Rc::new(Fixed(snapshot.clone()));
        match self.run(task, options, vec![provider]) {
            Ok(report) => Some(report),
            Err(error) if error.kind == Kind::Source => None,
            Err(error) => panic!("{error}"),
        }
    }

    fn run(
        &self,
        task: Task,
        options: Options,
        providers: Vec<Rc<dyn Provider>>,
    ) -> Result<RunReport, Error> {
        let mut env = self.env.clone();
        (env.now, env.providers) = (self.now.into(), providers);
        env.settings.rules = self.rules.clone();
        run::once(&env, &Job { task, options }, &mut Silent)
    }

    /// Everything that is there, but for the note of who holds the lock.
    pub fn traces(&self) -> BTreeMap<PathBuf, Trace> {
        let lock = self.env.root.path(&self.env.settings.gosync.lock_file);
        let mut traces = self.world.traces();
        traces.remove(&lock);
        traces
    }

    /// What everybody sees: the databases, and the names of the homes.
    pub fn face(&self) -> BTreeMap<String, String> {
        let names = ["passwd", "shadow", "group", "gshadow", "subuid", "subgid"];
        let text = |name: &str| {
            std::fs::read_to_string(self.world.root().join("etc").join(name)).unwrap_or_default()
        };
        let mut face: BTreeMap<String, String> = names
            .iter()
            .map(|name| ((*name).to_owned(), text(name)))
            .collect();
        face.insert(
            "homes".to_owned(),
            format!(
                "{:?}",
                files::list(&self.world.root().join("home")).unwrap()
            ),
        );
        face
    }

    /// Lines of a database, cut into fields.
    pub fn lines(&self, name: &str) -> Vec<Vec<String>> {
        let text = self.world.read(&format!("etc/{name}"));
        text.split_terminator('\n')
            .map(|line| line.split(':').map(str::to_owned).collect())
            .collect()
    }

    /// The names of accounts that are closed.
    pub fn closed(&self) -> BTreeSet<String> {
        let lines = self
            .lines("shadow")
            .into_iter()
            .filter(|f| f[1].starts_with('!') && f[7] == "1");
        lines.map(|fields| fields[0].clone()).collect()
    }

    /// The uids of accounts that are closed.
    pub fn closed_uids(&self) -> BTreeSet<String> {
        let closed = self.closed();
        self.lines("passwd")
            .into_iter()
            .filter(|fields| closed.contains(&fields[0]))
            .map(|f| f[2].clone())
            .collect()
    }

    /// All memberships by number, so that a rename is none's loss: gid and uid.
    pub fn bonds(&self) -> BTreeSet<(String, String)> {
        let numbers = |db: &str| -> BTreeMap<String, String> {
            self.lines(db)
                .into_iter()
                .map(|fields| (fields[0].clone(), fields[2].clone()))
                .collect()
        };
        let (uids, gids) = (numbers("passwd"), numbers("group"));
        let number =
            |of: &BTreeMap<String, String>, name: String| of.get(&name).cloned().unwrap_or(name);
        let pairs = self.memberships().into_iter();
        pairs
            .map(|(group, member)| (number(&gids, group), number(&uids, member)))
            .collect()
    }

    /// All memberships: group and member.
    pub fn memberships(&self) -> BTreeSet<(String, String)> {
        let lines = self.lines("group").into_iter();
        let pairs = lines.flat_map(|fields| {
            let members: Vec<String> = fields[3].split(',').map(str::to_owned).collect();
            members
                .into_iter()
                .map(move |member| (fields[0].clone(), member))
        });
        pairs.filter(|(_, member)| !member.is_empty()).collect()
    }

    /// Checks what must be true of every host at any time.
    pub fn check(&self) {
        let owned = self.owned();
        let base = Tree::base();
        let mut seen = Seen::default();
        for (db, width) in [("passwd", 7), ("shadow", 9), ("group", 4), ("gshadow", 4)] {
            let crate::manifest::Content::File(old) = &base.0[&format!("/etc/{db}")].content else {
                panic!()
            };
            let old = std::str::from_utf8(old).unwrap();
            let text = self.world.read(&format!("etc/{db}"));
            assert!(
                text.starts_with(old),
                "{db}: what was there is not as it was\n{text}"
            );
            let fits = |line: &str| {
                line.split(':').count() == width && !line.chars().any(char::is_control)
            };
            assert!(
                text.lines().all(fits) && text.ends_with('\n'),
                "{db}: a line is no entry\n{text}"
            );
            let new: Vec<&str> = text[old.len()..]
                .lines()
                .map(|line| line.split(':').next().unwrap())
                .collect();
            let ours = |name: &&str| match db {
                "passwd" | "shadow" => owned.accounts.values().any(|a| a.name == *name),
                _ => {
                    owned.groups.values().any(|g| g.name == *name)
                        || owned
                            .accounts
                            .values()
                            .any(|a| a.name == *name && a.private_group)
                }
            };
            assert!(
                new.iter().all(ours),
                "{db}: {new:?} are not all in the ledger"
            );
        }
        let shadow: BTreeSet<String> = self
            .lines("shadow")
            .into_iter()
            .map(|f| f[0].clone())
            .collect();
        for fields in self.lines("passwd") {
            seen.account(&fields);
            assert!(shadow.contains(&fields[0]), "{fields:?} has no shadow line");
        }
        for fields in self.lines("group") {
            seen.group(&fields);
        }
        for own in owned.accounts.values().filter(|own| own.state.is_present()) {
            assert_eq!(
                seen.uids.get(&own.uid.get()),
                Some(&own.name),
                "ledger and passwd agree"
            );
            assert!(self.rules.accounts.uid_range.contains(own.uid.get()));
            assert_eq!(
                own.state == State::Locked,
                self.closed().contains(&own.name),
                "{}",
                own.name
            );
        }
    }
}

/// All accounts are brought in step.
const USERS: Task = Task::Users {
    new: true,
    existing: true,
    only: Vec::new(),
};

/// All groups are.
const GROUPS: Task = Task::Groups { only: Vec::new() };

/// Names, ids and homes that were seen; each may be seen once.
#[derive(Default)]
struct Seen {
    uids: BTreeMap<u32, String>,
    names: BTreeSet<String>,
    homes: BTreeSet<String>,
    gids: BTreeSet<u32>,
    groups: BTreeSet<String>,
}

impl Seen {
    fn account(&mut self, fields: &[String]) {
        let (uid, gid): (u32, u32) = (fields[2].parse().unwrap(), fields[3].parse().unwrap());
        assert!(
            self.uids.insert(uid, fields[0].clone()).is_none(),
            "the uid {uid} stands twice"
        );
        assert!(
            self.names.insert(fields[0].clone()),
            "{} stands twice",
            fields[0]
        );
        assert!(
            self.homes.insert(fields[5].clone()),
            "the home {} is given twice",
            fields[5]
        );
        if uid >= 20_000 {
            assert!(gid == 100 || gid == uid);
            let base = ["/home/", "/data/"]
                .into_iter()
                .find_map(|base| fields[5].strip_prefix(base));
            assert!(
                base.is_some_and(|rest| !rest.contains('/') && !rest.starts_with('.')),
                "{fields:?}"
            );
            assert!(
                ["/bin/sh", "/bin/bash", "/bin/zsh", "/usr/sbin/nologin"]
                    .contains(&fields[6].as_str())
            );
        }
    }

    fn group(&mut self, fields: &[String]) {
        let gid: u32 = fields[2].parse().unwrap();
        assert!(self.gids.insert(gid), "the gid {gid} stands twice");
        assert!(
            self.groups.insert(fields[0].clone()),
            "the group {} stands twice",
            fields[0]
        );
        let own = self.uids.get(&gid).is_none_or(|name| *name == fields[0]);
        assert!(
            own || gid < 1001,
            "the gid {gid} is the uid of somebody else"
        );
    }
}

/// Whether a read proves nothing about who is missing.
pub fn proves_nothing(snapshot: &Snapshot) -> bool {
    !matches!(snapshot.completeness, Completeness::Complete(_))
        || snapshot.directory.users.is_empty() && snapshot.rejected.is_empty()
}
