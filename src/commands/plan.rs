//! `gosync plan`: a dry run whose plan goes to a file.

use std::path::Path;

use super::Outcome;
use super::request::{self, conclude, options};
use super::run_document::Wanted;
use super::setup::Setup;
use crate::cli::{self, Global, PlanArgs};
use crate::error::{Error, Result};
use crate::run::{self, Job, Options, Task};
use crate::system::files;
use crate::ui::Ui;

pub(super) fn run(
    global: &Global,
    args: &cli::Plan,
    ui: Ui,
    wanted: Wanted<'_>,
) -> Result<Outcome> {
    if args.output == Path::new("-") {
        let message = "a plan cannot go to standard output: `gosync apply` trusts only a file that nobody else may write";
        return Err(Error::usage(message).hint(
            "Name the file, such as `-o plan.json`; for a program to read, use `gosync sync users -n --format json`",
        ));
    }
    if args.what.how().new_ledger {
        let message = "a plan is for the ledger that is there; --new-ledger is for a run";
        return Err(
            Error::usage(message).hint("See what it would do with `--new-ledger --dry-run`")
        );
    }
    if !args.what.how().targets.is_empty() {
        let message = "a plan in a file is for the host; --target is for a run";
        return Err(Error::usage(message)
            .hint("See what it would do with `gosync sync --target NAME --dry-run`"));
    }
    let setup = Setup::new(global, ui)?.told_in(wanted);
    let dry = PlanArgs {
        dry_run: true,
        ..args.what.how().plan.clone()
    };
    let job = Job {
        task: Task::from(&args.what),
        options: Options {
            save: true,
            ..options(&setup, &dry)
        },
    };
    let report = request::noted(&setup, &job, &dry, |watch| watch)?;
    // What a limit refuses is written, too: it can be let through when it is carried out.
    if let Some(saved) = &report.saved {
        files::write_private(&args.output, saved.text().as_bytes()).map_err(Error::failed)?;
        let file = args.output.display();
        ui.notice(match report.outcome {
            run::Outcome::Refused(_) => format!(
                "the plan is in {file}; it goes over a limit, and only `gosync apply {file} --approve {}` carries \
                 it out",
                saved.digest
            ),
            _ => format!("the plan is in {file}; `gosync apply {file}` carries it out"),
        });
    }
    conclude(&report, &dry)
}
