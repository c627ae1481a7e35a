//! A host driven through the library, with a clock of its own: what `commands` does, without the command line.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use gosync::ledger::{HOST, Ledger, Run};
use gosync::model::owned::{Owned, State};
use gosync::model::{Completeness, Snapshot};
use gosync::plan::diff::{self, Against, Chosen, Past, Quiet, Request};
use gosync::plan::drift::{self, Difference};
use gosync::plan::{Limits, Plan, guard};
use gosync::policy::{Reason, Refusal, Rules, map, select};
use gosync::providers::file::FileProvider;
use gosync::providers::{Provider as _, Query, Scope};
use gosync::run::transaction::{self, Committed};
use gosync::system::files;
use gosync::system::root::Root;
use gosync::targets::files::{Config, ETC, Local};
use gosync::targets::{Hold, Place, Target as _};
use serde_json::Value;

use crate::manifest::Tree;
use crate::scratch::ScratchHost;

pub struct Machine {
    pub world: ScratchHost,
    pub rules: Rules,
    pub limits: Limits,
    pub now: i64,
    target: Local,
    ledger: Ledger,
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
}

impl Machine {
    pub fn new(rules: Rules, limits: Limits) -> Self {
        let world = ScratchHost::new(&Tree::base());
        let config = Config {
            layout: &ETC,
            skel: "/etc/skel".into(),
            home_mode: 0o700,
            lock_wait: Duration::from_secs(15),
        };
        let bases = [&rules.accounts.home_base]
            .into_iter()
            .chain(&rules.accounts.home_bases);
        let bases = bases.map(std::path::PathBuf::from).collect();
        let place = Place {
            root: Root::new(Some(world.root())),
            state_dir: "/var/lib/gosync".into(),
            home_bases: bases,
            key_dir: rules.keys.directory.clone(),
            shadow_day: 20_000,
        };
        let target = Local::new("host", config, place);
        let state = world.root().join("var/lib/gosync");
        files::ensure_private_dir(&state).unwrap();
        let ledger = Ledger::open(&state).unwrap();
        Self {
            world,
            rules,
            limits,
            now: 1_000_000,
            target,
            ledger,
        }
    }

    pub fn owned(&self) -> Owned {
        self.ledger.load(HOST, "p", self.now).unwrap()
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
            deadline: Instant::now() + Duration::from_secs(60),
        };
        provider.fetch(&query, &|_| {}).ok()
    }

    pub fn plan_users(&self, snapshot: &Snapshot) -> Option<Plan> {
        let rules = &self.rules.accounts;
        let standing = select::select(&snapshot.directory, rules.top_group.as_deref()).ok()?;
        Some(self.compare(&snapshot.completeness, |against| {
            let Against { host, owned, .. } = *against;
            let mut wanted =
                map::accounts(&snapshot.directory, standing, owned, &host.shells, rules);
            wanted
                .present
                .extend(snapshot.rejected.iter().filter_map(|r| r.id.clone()));
            wanted.refusals.extend(rejected(snapshot));
            diff::accounts(wanted, against)
        }))
    }

    /// Plans from what is there now, for everybody.
    fn compare(
        &self,
        completeness: &Completeness,
        planner: impl FnOnce(&Against<'_>) -> Plan,
    ) -> Plan {
        let (owned, current) = (self.owned(), self.target.read(Hold::Open).unwrap());
        let home_at = |home: &str| files::owner(&self.target.locate(home));
        planner(&Against {
            host: &current.host(),
            owned: &owned,
            completeness,
            rules: &self.rules,
            chosen: Chosen {
                new: true,
                known: true,
                force: false,
            },
            now: self.now,
            home_at: &home_at,
            site: &Quiet,
        })
    }

    pub fn plan_groups(&self, snapshot: &Snapshot) -> Plan {
        let (owned, current) = (self.owned(), self.target.read(Hold::Open).unwrap());
        let rules = &self.rules;
        let mut wanted = map::groups(&snapshot.directory, &owned, &rules.groups);
        wanted
            .present
            .extend(snapshot.rejected.iter().filter_map(|r| r.id.clone()));
        wanted.refusals.extend(rejected(snapshot));
        diff::groups(
            wanted,
            &snapshot.completeness,
            &current.host(),
            &owned,
            rules,
            self.now,
        )
    }

    /// What differs from what was last applied.
    pub fn drift(&self) -> Vec<Difference> {
        drift::drift(
            &self.target.read(Hold::Open).unwrap().host(),
            &self.owned(),
            &self.rules,
        )
    }

    pub fn sync_users(&mut self, snapshot: &Snapshot) -> Outcome {
        let Some(plan) = self.plan_users(snapshot) else {
            return Outcome::Nothing;
        };
        self.carry_out(plan)
    }

    pub fn sync_groups(&mut self, snapshot: &Snapshot) -> Outcome {
        self.carry_out(self.plan_groups(snapshot))
    }

    pub fn deluser(&mut self, name: &str, request: &Request) -> Outcome {
        let current = self.target.read(Hold::Open).unwrap();
        let plan = diff::removal(&[name.to_owned()], request, &current.host(), &self.owned());
        drop(current);
        match plan {
            Ok(plan) => self.carry_out(plan),
            Err(_) => Outcome::Nothing,
        }
    }

    /// Undoes the newest run, whatever the limits say.
    pub fn undo(&mut self) -> Outcome {
        let runs = self.ledger.history(None, 1).unwrap();
        let Some(run) = runs.first() else {
            return Outcome::Nothing;
        };
        let since = &self.ledger.changed_since(run.number).unwrap();
        let past = Past {
            run,
            since,
            force: false,
        };
        let plan = self.compare(&Completeness::Narrowed, |against| diff::undo(past, against));
        let digest = plan.digest();
        self.carry_out_approved(plan, Some(&digest))
    }

    fn carry_out(&mut self, plan: Plan) -> Outcome {
        self.carry_out_approved(plan, None)
    }

    fn carry_out_approved(&mut self, plan: Plan, approval: Option<&str>) -> Outcome {
        let owned = self.owned();
        let approved = match guard::approve(plan, &owned, &self.limits, approval) {
            Ok(approved) => approved,
            Err(refused) => return Outcome::Refused(refused.plan),
        };
        let current = self.target.read(Hold::Open).unwrap();
        let staged = current.stage(approved).unwrap();
        let run = Run {
            target: HOST,
            provider: "p",
            command: "test",
            now: self.now,
        };
        if !staged.plan().changes.is_empty() {
            let ledger = &mut self.ledger;
            let done =
                transaction::commit(&self.target, staged.as_ref(), ledger, run, &|_| {}).unwrap();
            assert!(matches!(done, Committed::Done(_)));
        }
        self.ledger
            .observe(run, &staged.plan().observations)
            .unwrap();
        Outcome::Done(staged.into_plan())
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

fn rejected(snapshot: &Snapshot) -> impl Iterator<Item = Refusal> {
    let of = |r: &gosync::model::RejectedRecord| {
        let (id, subject) = (r.id.clone(), r.subject.clone());
        let reason = Reason::Record {
            said: r.reason.clone(),
        };
        Refusal {
            id,
            subject,
            reason,
        }
    };
    snapshot.rejected.iter().map(of)
}

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
