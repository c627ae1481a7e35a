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

use self::inquiry::Inquiry;
use self::report::Report;
use super::Outcome;
use super::setup::Setup;
use crate::cli::{self, Format, Global};
use crate::error::{Error, Kind, Result};
use crate::ledger::HOST;
use crate::model::Completeness;
use crate::run::anchored;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &cli::Why, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let ledger = anchored::read(&setup)?;
    let provider = &setup.settings.provider()?.name;
    let owned = ledger
        .as_ref()
        .map(|ledger| ledger.load(HOST, provider, setup.now.seconds()))
        .transpose()
        .map_err(Error::failed)?;
    let inquiry = Inquiry {
        setup: &setup,
        name: &args.name,
        ledger,
        owned: owned.unwrap_or_default(),
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
    match args.format {
        Format::Text => ui.data(&report.text()),
        Format::Json => ui.data(&format!("{:#}\n", report.json())),
    }
    for read in [&people, &groups] {
        if let Completeness::Incomplete(reason) = &read.desired.snapshot.completeness {
            return Err(
                Error::new(Kind::Source, format!("the read was incomplete: {reason}"))
                    .hint("What is told here may not be all"),
            );
        }
    }
    Ok(Outcome::Done)
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
