//! `[writers]`: which admin hosts give out numbers, and each from which ranges. Pure.
//!
//! The same section stands on all of them, so that no two give out the same number though none can ask another: the ranges are
//! disjoint, and each host takes numbers from its own alone.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::misfit::Misfit;
use super::rules::Rules;
use crate::model::{IdRange, WriterName, shown};

/// `[writers]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Writers(BTreeMap<WriterName, Ranges>);

/// What one of them gives out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ranges {
    /// Its uids.
    pub uids: IdRange,
    /// Its gids of groups.
    pub gids: IdRange,
}

/// Which of them this host is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Writing {
    /// There is no `[writers]`: it is the only one.
    #[default]
    Alone,
    /// One of them.
    As(WriterName),
    /// None of them; what is wrong, in our own words.
    Unnamed(String),
}

/// The key of the section, for messages.
const KEY: &str = "writers";

impl Writers {
    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the ranges of no two overlap, and fit to the other rules.
    ///
    /// # Errors
    /// Which do not, and why.
    pub fn check(&self, rules: &Rules) -> Result<(), Misfit> {
        let misfit = |reason| Err(Misfit(KEY, reason));
        let mut all: Vec<(&WriterName, &str, IdRange)> = Vec::new();
        for (name, ranges) in &self.0 {
            for (key, range) in [("uids", ranges.uids), ("gids", ranges.gids)] {
                // A group of an account's own has the account's number, so that uids and gids must differ, too.
                let overlaps =
                    |it: &&(&WriterName, &str, IdRange)| it.0 != name && overlap(it.2, range);
                if let Some((other, its, theirs)) = all.iter().find(overlaps) {
                    return misfit(format!(
                        "{key} of {name} ({range}) and {its} of {other} ({theirs}) overlap; each host needs numbers of its own"
                    ));
                }
                all.push((name, key, range));
            }
            let mut own = rules.clone();
            own.give_out(*ranges);
            if let Err(Misfit(key, reason)) = own.accounts.check(own.groups.gid_range) {
                return misfit(format!(
                    "with the ranges of {name}, {key} does not fit: {reason}"
                ));
            }
        }
        let mut sections = rules.groups.overrides.iter();
        match sections.find(|(_, section)| section.gid_range.is_some() && !self.is_empty()) {
            Some((name, _)) => misfit(format!(
                "[group.{}] has a `gid_range`, from which all hosts would give out the same gids; leave it out",
                shown(name)
            )),
            None => Ok(()),
        }
    }

    /// Which of them a host is: the one that is `asked` for, else the one that has the host's name, in full or up to the first dot.
    ///
    /// # Errors
    /// When the one that was asked for is none of them.
    pub fn which(&self, asked: Option<&str>, host: &str) -> Result<Writing, String> {
        let find = |name: &str| {
            let name = WriterName::new(name)?;
            let found = self.0.get_key_value(&name)?;
            Some(found.0.clone())
        };
        let all = || {
            self.0
                .keys()
                .map(WriterName::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        };
        if let Some(asked) = asked {
            return match find(asked) {
                Some(name) => Ok(Writing::As(name)),
                None if self.is_empty() => {
                    Err("--writer: there is no section [writers] in the configuration".to_owned())
                }
                None => Err(format!(
                    "--writer: [writers] does not name `{}`, but {}",
                    shown(asked),
                    all()
                )),
            };
        }
        if self.is_empty() {
            return Ok(Writing::Alone);
        }
        let short = host.split('.').next().unwrap_or(host);
        Ok(match find(host).or_else(|| find(short)) {
            Some(name) => Writing::As(name),
            None => Writing::Unnamed(format!(
                "[writers] names {}, and this host is called `{}`",
                all(),
                shown(host)
            )),
        })
    }

    /// The ranges of one of them.
    pub fn of(&self, name: &WriterName) -> Option<Ranges> {
        self.0.get(name).copied()
    }
}

impl Rules {
    /// New numbers come from these ranges, and from no others.
    pub fn give_out(&mut self, ranges: Ranges) {
        self.accounts.uid_range = ranges.uids;
        self.groups.gid_range = ranges.gids;
    }
}

fn overlap(one: IdRange, other: IdRange) -> bool {
    let ((from, to), (first, last)) = (one.into(), other.into());
    from <= last && first <= to
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writers(text: &str) -> Writers {
        toml::from_str(text).unwrap()
    }

    const TWO: &str = "admin1 = { uids = [100000, 199999], gids = [2000000, 2049999] }\n\
                       admin2 = { uids = [200000, 299999], gids = [2050000, 2099999] }\n";

    fn is(name: &str) -> Writing {
        Writing::As(WriterName::new(name).unwrap())
    }

    #[test]
    fn a_host_is_known_by_its_name_in_full_or_up_to_the_first_dot() {
        let two = writers(TWO);
        assert_eq!(two.which(None, "admin1.example.org"), Ok(is("admin1")));
        assert_eq!(two.which(None, "ADMIN2"), Ok(is("admin2")));
        assert_eq!(two.which(Some("admin2"), "admin1"), Ok(is("admin2")));
        assert!(matches!(two.which(None, "web1"), Ok(Writing::Unnamed(_))));
        assert!(two.which(Some("web1"), "admin1").is_err());
        let none = Writers::default();
        assert_eq!(none.which(None, "admin1"), Ok(Writing::Alone));
        assert!(none.which(Some("admin1"), "admin1").is_err());
        let full = writers(
            "\"a.x.org\" = { uids = [1000, 1999], gids = [5000, 5999] }\n\
             a = { uids = [2000, 2999], gids = [6000, 6999] }\n",
        );
        assert_eq!(full.which(None, "a.x.org"), Ok(is("a.x.org")));
        assert_eq!(full.which(None, "a.y.org"), Ok(is("a")));
    }

    #[test]
    fn ranges_that_overlap_are_reported_with_both_names() {
        let rules = Rules::default();
        assert_eq!(writers(TWO).check(&rules), Ok(()));
        for second in [
            "b = { uids = [1999, 2999], gids = [8000, 8999] }",
            "b = { uids = [2000, 2999], gids = [5999, 8999] }",
            "b = { uids = [5500, 5600], gids = [8000, 8999] }",
            "b = { uids = [2000, 2999], gids = [1000, 1000] }",
        ] {
            let text = format!("a = {{ uids = [1000, 1999], gids = [5000, 5999] }}\n{second}\n");
            let Misfit(key, reason) = writers(&text).check(&rules).unwrap_err();
            assert_eq!(key, "writers");
            assert!(
                reason.contains("of b (") && reason.contains("of a ("),
                "{reason}"
            );
        }
    }
}
