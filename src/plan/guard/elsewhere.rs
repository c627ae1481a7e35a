//! The limits on what is brought in step with the host elsewhere, such as in a directory.
//!
//! What comes there was judged when it came to the host; what would go there at once is judged by itself, since much of it may have
//! come together meanwhile, or the host may be a wrong one.

use super::{Excess, Limits, Losers};
use crate::model::owned::Loss;

/// What would be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost<'a> {
    /// Accounts that let somebody in.
    Open,
    /// Accounts that let nobody in.
    Locked,
    /// Groups.
    Groups,
    /// Members of this group.
    Members(&'a str),
}

/// Adds every limit that is gone over if these go, out of so many.
pub(crate) fn judge(
    lost: Lost<'_>,
    (names, of): (&[String], usize),
    limits: &Limits,
    excesses: &mut Vec<Excess>,
) {
    let (what, verb, allowed) = match lost {
        Lost::Open => ("accounts".to_owned(), "go", limits.allowed(of)),
        Lost::Locked => (
            "locked accounts".to_owned(),
            "be removed",
            limits.allowed_of(Loss::Removal, of),
        ),
        Lost::Groups => (
            "groups".to_owned(),
            "be removed",
            limits.allowed_of(Loss::Group, of),
        ),
        Lost::Members(name) => (format!("members of {name}"), "go", limits.allowed(of)),
    };
    Losers {
        what,
        verb,
        owned: of,
        gone_before: 0,
        names: names.to_vec(),
    }
    .judge(allowed, excesses);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_elsewhere_has_the_limits_of_the_host() {
        let limits = Limits::default();
        let names: Vec<String> = (0..11).map(|n| format!("u{n}")).collect();
        let over = |lost, count: usize, of| {
            let mut excesses = Vec::new();
            judge(lost, (&names[..count], of), &limits, &mut excesses);
            excesses.len()
        };
        assert_eq!(over(Lost::Open, 3, 10), 0);
        assert_eq!(over(Lost::Open, 4, 10), 1);
        assert_eq!(over(Lost::Open, 10, 100), 0);
        assert_eq!(over(Lost::Locked, 10, 1_000), 0);
        assert_eq!(over(Lost::Locked, 11, 1_000), 1);
        assert_eq!(over(Lost::Groups, 11, 1_000), 1);
        assert_eq!(over(Lost::Members("team"), 11, 1_000), 0);
        assert_eq!(over(Lost::Members("team"), 11, 100), 1);
    }
}
