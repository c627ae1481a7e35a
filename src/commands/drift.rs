//! `gosync drift`: what was changed by hand. Asks no provider, writes nothing, and takes no lock.

use serde_json::json;

use super::Outcome;
use super::setup::Setup;
use crate::cli::{self, Format, Global};
use crate::error::{Error, Result};
use crate::ledger::HOST;
use crate::model::owned::Owned;
use crate::model::{counted, shown};
use crate::plan::drift::{self, Difference};
use crate::run::{anchored, keys};
use crate::targets::{Hold, TargetError};
use crate::ui::{Ui, document};

pub(super) fn run(global: &Global, args: &cli::Drift, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let target = setup.target()?;
    if target.is_interrupted()? {
        return Err(Error::failed(
            "a run writes at this moment, or was interrupted while it wrote",
        )
        .hint("Wait for it (`gosync waitlock`), or let the next run finish what was begun"));
    }
    let owned = owned(&setup)?;
    let unknown: Vec<String> = args
        .names
        .iter()
        .filter(|name| !owned.iter().any(|owned| owns(owned, name)))
        .map(|name| format!("`{}`", shown(name)))
        .collect();
    if !unknown.is_empty() {
        return Err(Error::failed(format!(
            "not gosync's: {}",
            unknown.join(", ")
        )));
    }
    let (current, rules) = (target.read(Hold::Open)?, &setup.settings.rules);
    let host = current.host();
    let (mut differences, mut unusable) = (Vec::new(), None);
    for owned in &owned {
        differences.extend(drift::drift(&host, owned, rules));
        match keys::probe(&setup.root, target.as_ref(), &rules.keys, owned) {
            Ok(Some(probe)) => differences.extend(drift::keys(&host, owned, rules, &probe)),
            Ok(None) => {}
            Err(e @ TargetError::Path(_)) => return Err(e.into()),
            Err(e) => unusable = Some(drift::unusable(&rules.keys.directory, &e.to_string())),
        }
    }
    differences.retain(|difference| args.names.is_empty() || args.names.contains(&difference.name));
    // It is everybody's, whoever was asked for.
    differences.extend(unusable);
    print(&setup, args.format, &differences);
    Ok(match args.exit_code && !differences.is_empty() {
        true => Outcome::Pending,
        false => Outcome::Done,
    })
}

/// What gosync owns, of each provider that is configured here.
fn owned(setup: &Setup<'_>) -> Result<Vec<Owned>> {
    let Some(ledger) = anchored::read(setup)? else {
        return Ok(Vec::new());
    };
    let names = setup.settings.provider_names();
    let load = |name| ledger.load(HOST, name, setup.now.seconds());
    names
        .map(load)
        .collect::<std::result::Result<_, _>>()
        .map_err(Error::failed)
}

/// Whether gosync has anything of this name on the host.
fn owns(owned: &Owned, name: &str) -> bool {
    owned
        .accounts
        .values()
        .any(|own| own.name == name && own.state.is_present())
        || owned
            .groups
            .values()
            .any(|own| own.name == name && own.state.is_present())
        || owned.local.contains_key(name)
}

fn print(setup: &Setup<'_>, format: Format, differences: &[Difference]) {
    match format {
        Format::Json => {
            let differences = json!({ "differences": differences });
            setup.ui.data(&document(differences));
        }
        Format::Text => {
            let lines: String = differences
                .iter()
                .map(|difference| drift::line(difference) + "\n")
                .collect();
            setup.ui.data(&lines);
            setup.ui.notice(match differences.len() {
                0 => "drift: everything is as gosync left it".to_owned(),
                n => format!(
                    "drift: {} from what gosync last applied",
                    counted(n, "difference", "differences")
                ),
            });
        }
    }
}
