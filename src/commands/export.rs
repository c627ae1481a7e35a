//! `gosync export`: accounts and groups of gosync's, for other hosts and programs. Asks no provider, and changes nothing here.
//!
//! What is gosync's, its id and its number are the ledger's to say; everything else is as it stands on the host. Runs that write are
//! waited for: half of a change would be taken for all of it elsewhere.

use std::path::Path;

use super::Outcome;
use super::setup::Setup;
use super::watch::UiWatch;
use crate::cli::{self, ExportFormat, Global};
use crate::error::{Error, Result};
use crate::model::counted;
use crate::run::{Collected, anchored};
use crate::system::lock::Purpose;
use crate::system::replace::{self, Appearance};
use crate::system::{PathError, clock, files};
use crate::targets::Hold;
use crate::targets::derived::{document, lines};
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &cli::Export, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let _lock = setup.lock(Purpose::Look, &mut UiWatch::new(ui))?;
    let target = setup.target()?;
    if target.is_interrupted()? {
        return Err(
            Error::failed("an earlier run was interrupted while it wrote")
                .hint("The next sync finishes or drops what was begun; export after it"),
        );
    }
    let current = target.read(Hold::Open)?;
    let host = current.host();
    // An export of nothing would be taken for the end of everybody elsewhere.
    let Some(ledger) = anchored::read(&setup)? else {
        return Err(
            Error::failed("there is nothing to export: no sync has written anything here")
                .hint("Run `gosync sync` first"),
        );
    };
    let Collected { roll, left_out } =
        Collected::of(&setup, &ledger, target.as_ref(), &host, true)?;
    if let Some(why) = roll.twice() {
        return Err(Error::failed(format!("{why}; nothing was exported")).hint(
            "`gosync rebind` ties one of them to another record, `gosync release` gives it back to the host",
        ));
    }
    for text in &left_out {
        ui.warn(text);
    }
    let text = match args.format {
        ExportFormat::Directory => document::text(&roll, clock::now()),
        ExportFormat::Passwd => lines::passwd(&roll),
        ExportFormat::Group => lines::group(&roll),
    };
    let Some(path) = &args.output else {
        ui.data(&text);
        return Ok(Outcome::Done);
    };
    let is_with_keys = args.format == ExportFormat::Directory && roll.has_keys();
    let mode = if is_with_keys { 0o640 } else { 0o644 };
    write(path, text.as_bytes(), mode).map_err(Error::failed)?;
    ui.notice(format!(
        "exported to {}: {} and {}",
        path.display(),
        counted(roll.accounts.len(), "account", "accounts"),
        counted(roll.groups.len(), "group", "groups")
    ));
    Ok(Outcome::Done)
}

/// Puts a file in the place of one that is there, whole or not at all.
fn write(path: &Path, bytes: &[u8], mode: u32) -> std::result::Result<(), PathError> {
    let staged = files::beside(path)?;
    let appearance = Appearance { mode, gid: None };
    let written = replace::stage(&staged, bytes, path, appearance)
        .and_then(|()| files::rename(&staged, path))
        .and_then(|()| files::sync_dir(files::directory_of(path)));
    if written.is_err() {
        let _ = files::remove(&staged); // the first error counts
    }
    written
}
