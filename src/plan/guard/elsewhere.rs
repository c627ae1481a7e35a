//! The limits on what is brought in step with the host elsewhere, such as in a directory.
//!
//! What comes there was judged when it came to the host; what would go there at once is judged by itself, since much of it may have
//! come together meanwhile, or the host may be a wrong one. What went there in the last 24 hours counts, too, so that no limit is passed
//! by in several runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Excess, Limits, Losers};
use crate::model::owned::Loss;

/// For so long, in seconds, is remembered what went.
const DAY: i64 = 24 * 3_600;

/// `[target.NAME.limits]`: what it does not say is as `[limits]` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OwnLimits {
    max_removals: Option<u32>,
    max_removals_percent: Option<u32>,
    max_final_removals: Option<u32>,
    max_group_removals: Option<u32>,
}

impl OwnLimits {
    /// The limits that hold.
    pub(crate) fn over(&self, limits: &Limits) -> Limits {
        let or = |own: Option<u32>, usual: u32| own.unwrap_or(usual);
        Limits {
            max_removals: or(self.max_removals, limits.max_removals),
            max_removals_percent: or(self.max_removals_percent, limits.max_removals_percent),
            max_final_removals: or(self.max_final_removals, limits.max_final_removals),
            max_group_removals: or(self.max_group_removals, limits.max_group_removals),
            ..*limits
        }
    }
}

/// What went in the last 24 hours: by what it was, each name with its time in seconds since 1970. Whoever goes twice, since a run was
/// broken off, counts once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LostBefore(BTreeMap<String, BTreeMap<String, i64>>);

impl LostBefore {
    /// Whether nothing is remembered.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets what no limit asks about any more.
    pub(crate) fn prune(&mut self, now: i64) {
        for names in self.0.values_mut() {
            names.retain(|_, at| now.saturating_sub(*at) < DAY);
        }
        self.0.retain(|_, names| !names.is_empty());
    }

    /// Remembers that these go.
    pub(crate) fn add(&mut self, lost: Lost<'_>, names: &[String], now: i64) {
        if !names.is_empty() {
            let known = self.0.entry(lost.word()).or_default();
            known.extend(names.iter().map(|name| (name.clone(), now)));
        }
    }

    /// This one stands again as before: that it went is no loss any more.
    pub(crate) fn take_back(&mut self, lost: Lost<'_>, name: &str) {
        if let Some(names) = self.0.get_mut(&lost.word()) {
            names.remove(name);
        }
    }

    /// How many went besides these.
    fn besides(&self, lost: Lost<'_>, names: &[String]) -> u32 {
        let known = self.0.get(&lost.word());
        let others = known.into_iter().flat_map(BTreeMap::keys);
        let others = others.filter(|name| !names.contains(name)).count();
        u32::try_from(others).unwrap_or(u32::MAX)
    }
}

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

impl Lost<'_> {
    fn word(self) -> String {
        match self {
            Self::Open => "accounts".to_owned(),
            Self::Locked => "locked accounts".to_owned(),
            Self::Groups => "groups".to_owned(),
            Self::Members(name) => format!("members of {name}"),
        }
    }
}

/// Adds every limit that is gone over if these go, out of so many.
pub(crate) fn judge(
    lost: Lost<'_>,
    (names, of): (&[String], usize),
    (limits, gone): (&Limits, &LostBefore),
    excesses: &mut Vec<Excess>,
) {
    let (verb, allowed) = match lost {
        Lost::Open | Lost::Members(_) => ("go", limits.allowed(of)),
        Lost::Locked => ("be removed", limits.allowed_of(Loss::Removal, of)),
        Lost::Groups => ("be removed", limits.allowed_of(Loss::Group, of)),
    };
    // Where nothing goes, nothing goes over a limit.
    if names.is_empty() {
        return;
    }
    Losers {
        what: lost.word(),
        verb,
        owned: of,
        gone_before: gone.besides(lost, names),
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
            let gone = LostBefore::default();
            judge(lost, (&names[..count], of), (&limits, &gone), &mut excesses);
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

    #[test]
    fn what_went_in_a_day_counts_and_each_once() {
        let limits = Limits::default();
        let names: Vec<String> = (0..30).map(|n| format!("u{n:02}")).collect();
        let mut gone = LostBefore::default();
        let over = |gone: &LostBefore, from: usize, to: usize| {
            let mut excesses = Vec::new();
            judge(
                Lost::Open,
                (&names[from..to], 100),
                (&limits, gone),
                &mut excesses,
            );
            excesses.len()
        };
        gone.add(Lost::Open, &names[..10], 1_000);
        assert_eq!(over(&gone, 0, 10), 0, "the same once more");
        assert_eq!(over(&gone, 10, 20), 0);
        gone.add(Lost::Open, &names[10..20], 2_000);
        assert_eq!(over(&gone, 20, 21), 1);
        assert_eq!(over(&gone, 20, 20), 0);
        gone.take_back(Lost::Open, "u00");
        assert_eq!(over(&gone, 20, 21), 0);
        assert_eq!(over(&gone, 20, 22), 1);
        gone.prune(1_000 + DAY);
        assert_eq!(over(&gone, 20, 22), 0);
        gone.prune(2_000 + DAY);
        assert!(gone.is_empty());
    }

    #[test]
    fn a_target_may_have_limits_of_its_own() {
        let own: OwnLimits = toml::from_str("max_removals = 5").unwrap();
        let limits = own.over(&Limits::default());
        assert_eq!(
            (limits.max_removals, limits.max_final_removals),
            (5, Limits::default().max_final_removals)
        );
        assert!(toml::from_str::<OwnLimits>("max_additions = 5").is_err());
    }
}
