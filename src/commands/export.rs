//! `gosync export`: accounts and groups of gosync's, for other hosts and programs. Asks no provider, and changes nothing here.
//!
//! What is gosync's, its id and its number are the ledger's to say; everything else is as it stands on the host. Runs that write are
//! waited for: half of a change would be taken for all of it elsewhere.

mod collect;
mod document;
mod lines;

use std::path::Path;

use self::collect::Exported;
use super::Outcome;
use super::setup::Setup;
use super::watch::UiWatch;
use crate::cli::{self, ExportFormat, Global};
use crate::error::{Error, Result};
use crate::model::counted;
use crate::system::lock::Purpose;
use crate::system::replace::{self, Appearance};
use crate::system::{PathError, clock, files};
use crate::targets::Hold;
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
    let exported = Exported::collect(&setup, target.as_ref(), &host)?;
    for text in &exported.left_out {
        ui.warn(text);
    }
    let text = match args.format {
        ExportFormat::Directory => document::text(&exported, clock::now()),
        ExportFormat::Passwd => lines::passwd(&exported),
        ExportFormat::Group => lines::group(&exported),
    };
    let Some(path) = &args.output else {
        ui.data(&text);
        return Ok(Outcome::Done);
    };
    let is_with_keys = args.format == ExportFormat::Directory && exported.has_keys();
    let mode = if is_with_keys { 0o640 } else { 0o644 };
    write(path, text.as_bytes(), mode).map_err(Error::failed)?;
    ui.notice(format!(
        "exported to {}: {} and {}",
        path.display(),
        counted(exported.accounts.len(), "account", "accounts"),
        counted(exported.groups.len(), "group", "groups")
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
