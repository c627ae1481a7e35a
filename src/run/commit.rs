//! Steps 5 to 12 of the straight line: read the host, plan, approve, stage, show, commit.
//!
//! Used by every command that changes the host; only the plan differs. A dry run goes the same way and stops before
//! the commit; it opens the ledger for reading alone and writes nothing at all.

use super::keys;
use super::outcome::Outcome;
use super::setup::Setup;
use crate::cli::{Format, PlanArgs};
use crate::error::{Error, Kind, Result};
use crate::hooks::{self, Tally};
use crate::ledger::{Ledger, Run};
use crate::model::host::Host;
use crate::model::owned::Owned;
use crate::plan::guard::{self, Refused};
use crate::plan::{Approved, Plan, effects, render};
use crate::system::{caches, files};
use crate::targets::files::{Elsewhere, Local};
use crate::targets::{Committed, Target as _};
use crate::ui::Ui;

/// How often a plan is made anew because somebody else changed the databases meanwhile.
const ATTEMPTS: u32 = 5;

/// How many of these keep others out only while they write. The rest do so from the first look at the files.
const OPEN_ATTEMPTS: u32 = 2;

/// How often other name services are asked about what a plan would give out.
const NSS_ROUNDS: u32 = 10;

/// Makes a plan from what the host has and what gosync owns.
pub(crate) type Planner<'a> = dyn Fn(&Host<'_>, &Owned) -> Result<Plan> + 'a;

/// What was done, or would be.
pub(crate) struct RunResult {
    pub outcome: Outcome,
    pub plan: Plan,
    /// What hooks did.
    pub hooks: Tally,
}

/// Plans and carries out, or shows what would be carried out.
pub(crate) fn carry_out(
    setup: &Setup<'_>,
    args: &PlanArgs,
    command: &str,
    planner: &Planner<'_>,
) -> Result<RunResult> {
    let target = setup.target()?;
    let mut ledger_access = LedgerAccess::open(setup, &target, args.dry_run)?;
    let run = Run {
        provider: &setup.settings.provider.name,
        command,
        now: setup.now,
    };
    let mut told: Option<Plan> = None;
    for attempt in 0..ATTEMPTS {
        let mut elsewhere = target.elsewhere()?;
        // Where other name services are asked, over a network perhaps, nobody is kept out meanwhile.
        let keep_others_out = attempt >= OPEN_ATTEMPTS && !elsewhere.is_any() && !args.dry_run;
        let current = if keep_others_out {
            target.read_alone()?
        } else {
            target.read()?
        };
        let owned = ledger_access.load(run)?;
        let mut host = current.host();
        let mut plan = consider(&mut elsewhere, &mut host, &owned, planner)?;
        if !args.dry_run {
            plan.events = hooks::events(&hooks_context(setup, args), &plan, &host, &owned);
        }
        drop(host);
        let approved = approve(setup, args, plan, &owned)?;
        let staged = target.stage(&current, approved)?;
        let LedgerAccess::Open(ledger) = &mut ledger_access else {
            return Ok(show(setup, args, staged.into_plan()));
        };
        if told
            .take()
            .is_none_or(|told| told.changes != staged.plan().changes)
        {
            tell(setup, staged.plan());
        }
        let mut number = None;
        if staged
            .plan()
            .changes
            .iter()
            .any(|change| !effects(change).is_after_commit)
        {
            let progress = setup.ui.progress("homes made");
            match target.commit(&current, &staged, ledger, run, &|n| progress.set(n))? {
                Committed::Done(txn) => number = Some(txn),
                Committed::Moved => {
                    tracing::info!("the databases changed meanwhile; planning again");
                    told = Some(staged.into_plan());
                    continue;
                }
            }
            forget_caches(setup);
        }
        ledger
            .observe(run.provider, &staged.plan().observations)
            .map_err(Error::failed)?;
        // It may hold the password lock, which nothing that follows must wait for.
        drop(current);
        let mut plan = staged.into_plan();
        keys::write_homes(setup, &target, ledger, (run, number), &mut plan)?;
        setup.ui.notice(format!("{command}: {}", plan.counts()));
        let hooks = run_hooks(setup, args, ledger, &target)?;
        return Ok(RunResult {
            outcome: Outcome::Done,
            plan,
            hooks,
        });
    }
    Err(Error::failed(format!(
        "the account databases were changed by others {ATTEMPTS} times while gosync planned"
    ))
    .hint("Nothing was written; run it again when it is quieter"))
}

/// Finishes or drops what an interrupted run has left, and runs hooks that are due, in a run that comes to nothing else.
/// Where nothing waits, nothing is opened for writing.
pub(crate) fn catch_up(setup: &Setup<'_>, args: &PlanArgs) -> Result<()> {
    if args.dry_run {
        return Ok(());
    }
    let context = hooks_context(setup, args);
    if !context.enabled {
        hooks::tell_unmoved(&context, &mut UiReporter(setup.ui));
        return Ok(());
    }
    let target = setup.target()?;
    let is_due = match Ledger::open_read_only(&setup.state_dir()) {
        Ok(None) => return Ok(()),
        Ok(Some(ledger)) => ledger.is_hook_due(setup.now).map_err(Error::failed)?,
        // Perhaps a write to it was broken off, which only a writer can undo.
        Err(_) => true,
    };
    if !(is_due || args.retry_hooks || target.is_interrupted()?) {
        return Ok(());
    }
    if let LedgerAccess::Open(mut ledger) = LedgerAccess::open(setup, &target, false)? {
        run_hooks(setup, args, &mut ledger, &target)?;
    }
    Ok(())
}

/// What hooks need to know of a run.
pub(crate) fn hooks_context<'a>(setup: &'a Setup<'_>, args: &PlanArgs) -> hooks::Context<'a> {
    hooks::Context {
        rules: &setup.settings.hooks,
        root: &setup.root,
        now: setup.now,
        enabled: setup.root.is_host() || args.root_hooks,
        retry: args.retry_hooks,
    }
}

/// Tells a person what happens to hooks.
struct UiReporter(Ui);

impl hooks::Reporter for UiReporter {
    fn notice(&mut self, text: String) {
        self.0.notice(text);
    }

    fn warn(&mut self, text: String) {
        self.0.warn(text);
    }
}

fn run_hooks(
    setup: &Setup<'_>,
    args: &PlanArgs,
    ledger: &mut Ledger,
    target: &Local,
) -> Result<Tally> {
    let with_host = |work: &mut dyn FnMut(&Host<'_>) -> Result<()>| {
        let current = target.read()?;
        work(&current.host())
    };
    let context = hooks_context(setup, args);
    hooks::run(&context, ledger, &with_host, &mut UiReporter(setup.ui))
}

/// The ledger, as far as the run may use it.
enum LedgerAccess {
    /// For reading and writing.
    Open(Ledger),
    /// A dry run's: for reading, if there is one.
    Look(Option<Ledger>),
}

impl LedgerAccess {
    fn open(setup: &Setup<'_>, target: &Local, dry_run: bool) -> Result<Self> {
        let dir = setup.state_dir();
        if dry_run {
            if target.is_interrupted()? {
                return Err(
                    Error::failed("an earlier run was interrupted while it wrote").hint(
                        "Run it without --dry-run first, which finishes or drops what was begun",
                    ),
                );
            }
            return Ok(Self::Look(
                Ledger::open_read_only(&dir).map_err(Error::failed)?,
            ));
        }
        files::ensure_private_dir(&dir).map_err(Error::failed)?;
        let mut ledger = Ledger::open(&dir).map_err(Error::failed)?;
        ledger.keep_history(setup.settings.history_days);
        if let Some(done) = target.recover(&mut ledger)? {
            setup.ui.warn(done);
        }
        Ok(Self::Open(ledger))
    }

    fn load(&self, run: Run<'_>) -> Result<Owned> {
        let ledger = match self {
            Self::Open(ledger) | Self::Look(Some(ledger)) => ledger,
            Self::Look(None) => return Ok(Owned::default()),
        };
        ledger.load(run.provider, run.now).map_err(Error::failed)
    }
}

/// Makes the plan; where the host has other name services, none of their names and ids is given out.
pub(crate) fn consider(
    elsewhere: &mut Elsewhere,
    host: &mut Host<'_>,
    owned: &Owned,
    planner: &Planner<'_>,
) -> Result<Plan> {
    for _ in 0..NSS_ROUNDS {
        let plan = planner(host, owned)?;
        let found = elsewhere.ask(&plan)?;
        if found.is_empty() {
            return Ok(plan);
        }
        host.ids.extend(found.values());
        host.elsewhere.extend(found);
    }
    Err(Error::failed(
        "other name services of this host use too many of the ids that gosync may give out",
    )
    .hint("Choose ranges for `uid_range` and `gid_range` that nobody else uses"))
}

fn approve(setup: &Setup<'_>, args: &PlanArgs, plan: Plan, owned: &Owned) -> Result<Approved> {
    guard::approve(plan, owned, &setup.settings.limits, args.approve.as_deref()).map_err(
        |refused| {
            let Refused { plan, excesses } = *refused;
            if args.dry_run {
                print(setup, args, &plan);
            }
            let excesses: Vec<String> = excesses.iter().map(ToString::to_string).collect();
            let message = format!(
                "nothing was written, since limits refuse the plan: {}",
                excesses.join("; ")
            );
            let hint = format!(
                "If all that is meant, --approve {} lets exactly this plan through once",
                plan.digest()
            );
            let error = Error::new(Kind::Refused, message);
            // A dry run has shown it.
            let error = if args.dry_run {
                error
            } else {
                error.hint("See the whole plan with --dry-run")
            };
            error.hint(hint)
        },
    )
}

/// Ends a dry run.
fn show(setup: &Setup<'_>, args: &PlanArgs, plan: Plan) -> RunResult {
    print(setup, args, &plan);
    let outcome = match args.exit_code && !plan.changes.is_empty() {
        true => Outcome::Pending,
        false => Outcome::Done,
    };
    RunResult {
        outcome,
        plan,
        hooks: Tally::default(),
    }
}

fn print(setup: &Setup<'_>, args: &PlanArgs, plan: &Plan) {
    match args.format {
        Format::Text => {
            setup.ui.data(&render::text(plan));
            setup.ui.notice(format!(
                "dry run: {}; nothing was written; digest {}",
                plan.counts(),
                plan.digest()
            ));
        }
        Format::Json => setup.ui.data(&format!("{:#}\n", render::json(plan))),
    }
}

/// Says what is about to be done, and what is not.
fn tell(setup: &Setup<'_>, plan: &Plan) {
    setup.ui.notices(
        plan.changes
            .iter()
            .map(render::line)
            .chain(plan.remarks.iter().map(render::remark)),
    );
    for refusal in &plan.refused {
        setup.ui.warn(render::refusal(refusal));
    }
}

fn forget_caches(setup: &Setup<'_>) {
    if setup.root.is_host() {
        for failure in caches::forget() {
            setup.ui.warn(format!(
                "a cache of names keeps what is old for a while: {failure}"
            ));
        }
    }
}
