//! How a run ended, and what that means for whoever asked for it.

use crate::cli::PlanArgs;
use crate::error::{Error, Kind, Result};
use crate::hooks::Tally;
use crate::model::counted;
use crate::plan::Plan;

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is done, or there was nothing to do.
    Done,
    /// Something failed, or all of it, and each failure was reported.
    Reported(Kind),
    /// A dry run was asked to say whether changes are pending, and they are.
    Pending,
    /// A shell ended at a line with this exit code.
    Ended(u8),
}

/// What is left to be said when everything that could be done is done.
pub(crate) fn judge(outcome: Outcome, plan: &Plan, options: &PlanArgs) -> Result<Outcome> {
    if let Some(reason) = &plan.incomplete {
        return Err(
            Error::new(Kind::Source, format!("the read was incomplete: {reason}"))
                .hint("Nothing was locked or taken away because of it; the next run tries again"),
        );
    }
    if options.strict && !plan.refused.is_empty() {
        return Err(Error::new(
            Kind::Partial,
            format!(
                "not everything could be used; refused: {}",
                plan.refused.len()
            ),
        )
        .hint("Each was told with its reason"));
    }
    Ok(outcome)
}

/// The end of a run of which everything else ended with `outcome`.
pub(crate) fn judge_hooks(outcome: Outcome, hooks: Tally, options: &PlanArgs) -> Result<Outcome> {
    if hooks.failed == 0 || !options.strict {
        return Ok(outcome);
    }
    let message = format!(
        "hooks failed for {}",
        counted(hooks.failed, "change", "changes")
    );
    let hint =
        "Each was told with its reason; later runs try again, and `gosync status` shows what waits";
    Err(Error::new(Kind::Partial, message).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Untrusted;
    use crate::policy::Refusal;
    use crate::run::job::tests::with_job;

    #[test]
    fn an_incomplete_read_outranks_what_was_rejected() {
        let refusal = Refusal {
            id: None,
            subject: Untrusted::new("x"),
            reason: String::new(),
        };
        let plan = Plan {
            refused: vec![refusal],
            ..Plan::default()
        };
        let cut = Plan {
            incomplete: Some("cut".to_owned()),
            ..plan.clone()
        };
        let judge = |line, plan: &Plan, outcome| {
            with_job(line, |job| {
                judge(outcome, plan, job.options).map_err(|e| e.kind)
            })
        };
        assert_eq!(
            judge("gosync sync users", &plan, Outcome::Done),
            Ok(Outcome::Done)
        );
        assert_eq!(
            judge("gosync sync users -n --exit-code", &plan, Outcome::Pending),
            Ok(Outcome::Pending)
        );
        assert_eq!(
            judge("gosync sync users --strict", &plan, Outcome::Done),
            Err(Kind::Partial)
        );
        assert_eq!(
            judge(
                "gosync sync users --strict -n --exit-code",
                &cut,
                Outcome::Pending
            ),
            Err(Kind::Source)
        );
    }
}
