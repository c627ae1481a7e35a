//! `gosync record` keeps what providers say, and `gosync replay` plans from it. Neither changes anything of the host.

use super::setup::Setup;
use super::watch::UiWatch;
use super::{Outcome, sync};
use crate::cli::{self, Global, PlanArgs};
use crate::error::{Error, Result};
use crate::model::counted;
use crate::run::Recording;
use crate::system::files;
use crate::ui::Ui;

/// The longest recording that is read, in bytes.
const MAX_BYTES: u64 = 4 << 30;

pub(super) fn record(global: &Global, args: &cli::Record, ui: Ui) -> Result<Outcome> {
    let setup = Setup::for_provider(global, ui)?;
    let recording = Recording::of(&setup.env, args.hide_names, &mut UiWatch::new(ui))?;
    files::write_private(&args.file, recording.text().as_bytes()).map_err(Error::failed)?;
    let (people, groups) = recording.figures();
    ui.notice(format!(
        "recorded in {}: {} and {}; `gosync replay` plans from it",
        args.file.display(),
        counted(people, "person", "people"),
        counted(groups, "group", "groups")
    ));
    Ok(Outcome::Done)
}

pub(super) fn replay(global: &Global, args: &cli::Replay, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let file = args.file.display();
    let bytes = files::read_limited(&args.file, MAX_BYTES).map_err(Error::usage)?;
    let recording = Recording::parse(&bytes)
        .map_err(|why| Error::usage(format!("cannot use {file}: {why}")))?;
    let plan = PlanArgs {
        dry_run: true,
        exit_code: args.exit_code,
        ..PlanArgs::default()
    };
    sync::dry(&setup.with_env(recording.env(&setup.env)?), &plan)
}
