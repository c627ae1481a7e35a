//! `gosync ledger verify`: whether the ledger, or a copy of it, is sound. Writes nothing, and takes no lock.

use std::path::Path;

use crate::cli::{Global, LedgerVerify};
use crate::commands::Outcome;
use crate::commands::setup::Setup;
use crate::error::{Error, Kind, Result};
use crate::ledger::{HOST, Ledger, Standing};
use crate::model::shown;
use crate::run::anchored;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &LedgerVerify, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let (path, ledger) = match &args.file {
        Some(file) => (
            file.clone(),
            Ledger::open_copy(file).map_err(Error::failed)?,
        ),
        None => {
            let found = anchored::look(&setup)?;
            let path = found.path.clone();
            match found.usable(&setup)? {
                Some(ledger) => (path, ledger),
                None => return Err(Error::failed("there is no ledger yet")),
            }
        }
    };
    let faults = faults(&ledger, setup.now.seconds())?;
    for fault in &faults {
        ui.data(&format!("{}: {}\n", path.display(), shown(fault)));
    }
    if !faults.is_empty() {
        ui.error(
            &Error::failed(format!("{} is damaged", path.display()))
                .hint("Put a copy in its place: `gosync ledger restore FILE`"),
        );
        return Ok(Outcome::Reported(Kind::Failed));
    }
    sound(&setup, &path, &ledger, args.file.is_some(), ui)
}

/// What is wrong inside of it.
fn faults(ledger: &Ledger, now: i64) -> Result<Vec<String>> {
    let mut faults = ledger.all_faults().map_err(Error::failed)?;
    if faults.is_empty() {
        for provider in ledger.providers().map_err(Error::failed)? {
            faults.extend(
                ledger
                    .load(HOST, &provider, now)
                    .err()
                    .map(|e| e.to_string()),
            );
        }
    }
    Ok(faults)
}

/// Says what is in a ledger that is sound; and of a copy, how it stands to the host.
fn sound(
    setup: &Setup<'_>,
    path: &Path,
    ledger: &Ledger,
    is_copy: bool,
    ui: Ui,
) -> Result<Outcome> {
    let census = ledger.census().map_err(Error::failed)?;
    let anchor = ledger.anchor().map_err(Error::failed)?;
    let sum = |counts: &std::collections::BTreeMap<String, u64>| counts.values().sum::<u64>();
    ui.data(&format!(
        "{} is sound; accounts: {}, groups: {}, last transaction: {}\n",
        path.display(),
        sum(&census.accounts),
        sum(&census.groups),
        anchor.transaction
    ));
    if !is_copy {
        return Ok(Outcome::Done);
    }
    let host = anchored::look(setup)?.anchor;
    let text = match ledger.standing(host.as_ref()).map_err(Error::failed)? {
        Ok(Standing::Right | Standing::Ahead) => {
            "it knows all that this host's accounts know".to_owned()
        }
        Ok(_) => "this host has no anchor to compare it with".to_owned(),
        Err(mismatch) => mismatch.to_string(),
    };
    ui.data(&format!("{text}\n"));
    Ok(Outcome::Done)
}
