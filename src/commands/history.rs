//! `gosync history`: which runs changed what. Writes nothing, takes no lock, and asks no provider.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Outcome;
use super::setup::Setup;
use crate::cli::{self, Format, Global};
use crate::error::{Error, Result};
use crate::model::history::{PastChange, PastRun};
use crate::model::shown;
use crate::plan::history_text;
use crate::run::anchored;
use crate::system::clock;
use crate::ui::{Ui, document};

/// How many entries of a run the text shows unless a name is given.
const SHOWN_CHANGES: usize = 20;

pub(super) fn run(global: &Global, args: &cli::History, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let found = anchored::look(&setup)?;
    if let Some(problem) = found.problem(&setup) {
        ui.warn(format!("{problem}; `gosync status` shows the ways out"));
    }
    let ledger = found.into_ledger()?;
    let history = ledger
        .map(|ledger| ledger.history(args.name.as_deref(), args.limit))
        .transpose();
    let runs = history.map_err(Error::failed)?.unwrap_or_default();
    match args.format {
        Format::Json => {
            let runs = runs.iter().map(json).collect::<Vec<_>>();
            ui.data(&document(json!({"runs": runs})));
        }
        Format::Text if runs.is_empty() => ui.notice(match &args.name {
            Some(name) => format!("no run that is remembered changed `{}`", shown(name)),
            None => "no run that is remembered changed anything".to_owned(),
        }),
        Format::Text => {
            let most = if args.name.is_some() {
                usize::MAX
            } else {
                SHOWN_CHANGES
            };
            ui.data(&runs.iter().map(|run| text(run, most)).collect::<String>());
        }
    }
    Ok(Outcome::Done)
}

fn text(run: &PastRun, most: usize) -> String {
    let at = clock::written(run.at);
    let mut out = format!(
        "run {} at {at}: {}, from {}\n",
        run.number,
        shown(&run.command),
        shown(&run.provider)
    );
    let lines = history_text::lines(&run.changes);
    for line in lines.iter().take(most) {
        let _ = writeln!(out, "  {line}"); // writing into a String cannot fail
    }
    let more = lines.len().saturating_sub(most);
    if more > 0 {
        let _ = writeln!(out, "  and {more} more; --format json shows all");
    }
    if run.changes.is_empty() {
        out.push_str("  what it changed was not written down then\n");
    }
    out
}

fn json(run: &PastRun) -> Value {
    let change = |change: &PastChange| {
        json!({
            "seq": change.seq,
            "change": change.change,
            "kind": change.kind,
            "provider": change.provider,
            "id": change.id,
            "name": change.name,
            "detail": change.detail,
            "before": change.before,
            "after": change.after,
        })
    };
    json!({
        "run": run.number,
        "at": clock::written(run.at),
        "provider": run.provider,
        "command": run.command,
        "digest": run.digest,
        "counts": run.counts,
        "changes": run.changes.iter().map(change).collect::<Vec<_>>(),
    })
}
