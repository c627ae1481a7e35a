//! `gosync takeover`: this host writes to the directory from now on.

use super::Outcome;
use super::setup::Setup;
use super::watch::UiWatch;
use crate::cli::{self, Global};
use crate::error::{Error, Kind, Result};
use crate::run::takeover::{self, Asks, Takeover, TookOver};
use crate::ui::{Ui, prompt};

/// Whoever sits at the terminal.
struct Typist {
    is_asked: bool,
}

impl Asks for Typist {
    fn agrees(&self, question: &str) -> bool {
        !self.is_asked || prompt::agrees(question)
    }
}

pub(super) fn run(global: &Global, args: &cli::Takeover, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let how = Takeover {
        dry_run: args.dry_run,
        asks: &Typist {
            is_asked: !args.yes,
        },
    };
    match takeover::take_over(&setup, &how, &mut UiWatch::new(ui))? {
        TookOver::Done => Ok(Outcome::Done),
        TookOver::WithContradictions(n) => Err(Error::new(
            Kind::Partial,
            format!("the ledger of this host and the directory contradict each other; left as they are: {n}"),
        )
        .hint("Each was reported with both owners: correct the one that is wrong, or give its account another record")),
    }
}
