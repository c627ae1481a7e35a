//! `gosync why`: from which record and by which rules an account or a group is as it is, or is
//! refused.
//!
//! Asks the rules themselves, which tell beside each decision how it came about, and makes the plan
//! of the next sync for this one. Takes no lock and writes nothing.

mod account;
mod contact;
mod group;
mod inquiry;
mod leaving;
mod planned;
mod report;
mod verdict;

use serde_json::{Value, json};

use self::inquiry::Inquiry;
use self::report::Report;
use super::Outcome;
use super::setup::Setup;
use crate::cli::{self, Format, Global};
use crate::error::{Error, Kind, Result};
use crate::ledger::HOST;
use crate::model::Completeness;
use crate::model::join::JoinState;
use crate::run::anchored;

use crate::ui::{Ui, document};

pub(super) fn run(global: &Global, args: &cli::Why, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let setups = setup.of_each_provider();
    let mut said = Vec::new();
    // What one provider cannot say is no reason to be silent about what the others do.
    let mut unsaid: Option<Error> = None;
    for setup in &setups {
        match ask(setup, &args.name) {
            Ok(one) => said.push(one),
            Err(error) => {
                let is_graver = |known: &Error| error.kind.rank() < known.kind.rank();
                if unsaid.as_ref().is_none_or(is_graver) {
                    unsaid = Some(setup.named(error));
                }
            }
        }
    }
    match (args.format, said.as_slice()) {
        (_, []) => {}
        (Format::Text, said) => {
            let texts: Vec<String> = said.iter().map(|one| one.report.text()).collect();
            ui.data(&texts.join("\n"));
        }
        (Format::Json, [one]) if setups.len() == 1 => {
            ui.data(&document(one.report.json()));
        }
        (Format::Json, said) => {
            let all: Vec<Value> = said.iter().map(|one| one.report.json()).collect();
            ui.data(&document(json!({"providers": all})));
        }
    }
    let is_source = |error: &Error| error.kind == Kind::Source;
    let unsaid = unsaid.filter(|error| said.is_empty() || is_source(error));
    let incomplete = said.iter().find_map(|one| one.incomplete.as_ref());
    match (unsaid, incomplete) {
        (Some(error), _) => Err(error),
        (None, Some(reason)) => {
            let message = format!("the read was incomplete: {reason}");
            Err(Error::new(Kind::Source, message).hint("What is reported here may be incomplete"))
        }
        (None, None) => Ok(Outcome::Done),
    }
}

/// What there is to say of one provider.
struct Said {
    report: Report,
    /// Why that may not be all.
    incomplete: Option<String>,
}

fn ask(setup: &Setup<'_>, name: &str) -> Result<Said> {
    let ledger = anchored::read(setup)?;
    let provider = setup.settings.provider()?.name.clone();
    let owned = ledger
        .as_ref()
        .map(|ledger| ledger.load(HOST, &provider, setup.now.seconds()))
        .transpose()
        .map_err(Error::failed)?;
    let mut owned = owned.unwrap_or_default();
    if setup.settings.join.by.is_none() {
        owned.join = JoinState::default();
    }
    let inquiry = Inquiry {
        setup,
        name,
        ledger,
        owned,
    };
    let (people, groups) = (inquiry.people()?, inquiry.groups()?);
    let account = inquiry.account(&people, &groups)?;
    let group = inquiry.group(&groups)?;
    let local = inquiry.local(&groups)?;
    if account.is_none() && group.is_none() && local.is_none() {
        return Err(inquiry.nobody()?);
    }
    let report = Report {
        account,
        group,
        local,
        provider,
    };
    let mut reads = [&people, &groups].into_iter();
    let incomplete = reads.find_map(|read| match &read.desired.snapshot.completeness {
        Completeness::Incomplete(reason) => Some(reason.clone()),
        Completeness::Complete(_) | Completeness::Narrowed => None,
    });
    Ok(Said { report, incomplete })
}

#[cfg(test)]
mod tests {
    use super::report;
    use crate::model::Status;
    use crate::policy::select::SelectionReason;

    #[test]
    fn standings_are_told_with_what_they_rest_on() {
        let text = |reason| report::selection(reason, Some("top"));
        assert!(text(SelectionReason::Member(Status::Pending)).contains("is pending"));
        assert!(text(SelectionReason::NoMember).contains("`top`"));
        assert_ne!(
            text(SelectionReason::Active),
            text(SelectionReason::Inactive)
        );
    }
}
