//! Members of groups who are nobody that was read: how many are a sign that nobody can tell who is in a group. Pure.

use crate::model::counted;

/// So few are told, and no more: somebody was deleted, or misspelt.
const FEW: usize = 2;

/// Why a reading of groups in which `known` listed members are somebody and `unknown` are nobody is not whole; `None`: it
/// may be. `rule`: by what members are listed.
pub(super) fn why_unclear(known: usize, unknown: usize, rule: &str) -> Option<String> {
    let is_hardly_any = unknown > FEW && known.saturating_mul(10) < unknown;
    is_hardly_any.then(|| {
        let nobody = counted(unknown, "is", "are");
        format!(
            "hardly any member of the groups is known ({nobody} nobody that was read, {known} somebody): {rule}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_strangers_are_no_sign_and_hardly_anybody_else_is() {
        for (known, unknown, is_unclear) in [
            (0, 0, false),
            (0, 2, false),
            (0, 3, true),
            (1, 3, false),
            (9, 100, true),
            (10, 100, false),
            (1_000, 900, false),
        ] {
            let why = why_unclear(known, unknown, "rule");
            assert_eq!(why.is_some(), is_unclear, "{known} {unknown}");
        }
    }
}
