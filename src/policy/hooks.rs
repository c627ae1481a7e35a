//! Which hooks there are, and the rules for running them: how many at once, for how long, and what
//! a failure means.
//!
//! Pure: patterns are not expanded here, and nothing is run.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::misfit::Misfit;
use super::pause;
use crate::model::{shown, units};

/// `[hooks.user]` and `[hooks.group]`: which scripts run around and for one kind of thing, as
/// patterns of absolute paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scripts {
    /// Once before the others.
    #[serde(deserialize_with = "patterns")]
    pub pre: Vec<String>,
    /// Once for each account or group.
    #[serde(deserialize_with = "patterns")]
    pub run: Vec<String>,
    /// Once after the others.
    #[serde(deserialize_with = "patterns")]
    pub post: Vec<String>,
}

/// `[hooks.bygroup]`: the same for the members of each group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemberScripts {
    /// Once before the others.
    #[serde(deserialize_with = "patterns")]
    pub pre: Vec<String>,
    /// Once for each member.
    #[serde(deserialize_with = "patterns")]
    pub run: Vec<String>,
    /// Once after the others.
    #[serde(deserialize_with = "patterns")]
    pub post: Vec<String>,
    /// For which members.
    pub members: Members,
}

/// Patterns of scripts, with the key of each.
pub(crate) type Patterns<'a> = [(&'static str, &'a [String]); 3];

impl Scripts {
    /// Whether there are any.
    pub fn is_any(&self) -> bool {
        is_any(&self.patterns())
    }

    /// All of them.
    pub(crate) fn patterns(&self) -> Patterns<'_> {
        [("pre", &self.pre), ("run", &self.run), ("post", &self.post)]
    }
}

impl MemberScripts {
    /// Whether there are any.
    pub fn is_any(&self) -> bool {
        is_any(&self.patterns())
    }

    /// All of them.
    pub(crate) fn patterns(&self) -> Patterns<'_> {
        [("pre", &self.pre), ("run", &self.run), ("post", &self.post)]
    }
}

impl Default for MemberScripts {
    fn default() -> Self {
        Self {
            pre: Vec::new(),
            run: Vec::new(),
            post: Vec::new(),
            members: Members::All,
        }
    }
}

fn is_any(patterns: &Patterns<'_>) -> bool {
    patterns.iter().any(|(_, patterns)| !patterns.is_empty())
}

/// For a key that holds patterns of absolute paths.
fn patterns<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let patterns = Vec::<String>::deserialize(from)?;
    for pattern in &patterns {
        let wrong = |e| D::Error::custom(format!("`{}`: {e}", shown(pattern)));
        check_pattern(pattern).map_err(wrong)?;
    }
    Ok(patterns)
}

/// Why a text is no pattern of absolute paths.
#[derive(Debug, thiserror::Error)]
enum BadPattern {
    /// It does not begin with a slash.
    #[error("it is no absolute path")]
    NotAbsolute,
    /// It is no pattern.
    #[error(transparent)]
    Unreadable(#[from] glob::PatternError),
}

/// Whether a text is a pattern of absolute paths.
fn check_pattern(pattern: &str) -> Result<(), BadPattern> {
    glob::Pattern::new(pattern)?;
    match pattern.starts_with('/') {
        true => Ok(()),
        false => Err(BadPattern::NotAbsolute),
    }
}

/// What holds back others when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stop {
    /// A hook that runs before others: those that it runs before.
    Pre,
    /// A hook for an account, group or member: the later ones for the same.
    Hook,
    /// Any hook: all that would run after it in this run.
    All,
}

/// Of the members of a group, whom hooks run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Members {
    /// All members of a group that changed.
    All,
    /// Those who came.
    Added,
}

/// `[hooks]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HookRules {
    /// How many run at the same time; 1 to 512.
    pub jobs: usize,
    /// How long one may take, in seconds.
    #[serde(deserialize_with = "units::seconds")]
    pub time_limit: u64,
    /// After how many seconds a run begins no more of them.
    #[serde(deserialize_with = "units::seconds")]
    pub run_limit: u64,
    /// How many bytes of what one says are read; the rest is dropped.
    #[serde(deserialize_with = "units::bytes")]
    pub output_limit: usize,
    /// What holds back others when it fails.
    pub stop: BTreeSet<Stop>,
    /// How long after a first failure it is tried again, in seconds; doubled each time.
    #[serde(deserialize_with = "units::seconds")]
    pub retry_after: u64,
    /// The longest time between two attempts, in seconds.
    #[serde(deserialize_with = "units::seconds")]
    pub retry_at_most: u64,
    /// After how many failures it is given up.
    pub attempts: u32,
    /// How old something may become for which a hook says "later", in seconds.
    #[serde(deserialize_with = "units::seconds")]
    pub give_up_after: u64,
    /// Which attributes of people hooks are given, as the provider names them.
    pub attributes: BTreeSet<String>,
    /// For accounts.
    pub user: Scripts,
    /// For groups.
    pub group: Scripts,
    /// For the members of each group.
    pub bygroup: MemberScripts,
}

impl Default for HookRules {
    fn default() -> Self {
        Self {
            jobs: 4,
            time_limit: 60,
            run_limit: 300,
            output_limit: 64 << 10,
            stop: [Stop::Pre, Stop::Hook].into(),
            retry_after: 60,
            retry_at_most: 6 * 3_600,
            attempts: 10,
            give_up_after: 7 * 86_400,
            attributes: BTreeSet::new(),
            user: Scripts::default(),
            group: Scripts::default(),
            bygroup: MemberScripts::default(),
        }
    }
}

/// How many attributes hooks are given at most: each is kept in the ledger.
const MOST_ATTRIBUTES: usize = 64;

/// How an attempt ended that was not wholly successful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss {
    /// A hook failed.
    Failed,
    /// A hook asked to be called later (exit code 75).
    Later,
}

/// When something is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How often it has failed by now.
    pub attempts: u32,
    /// After how many seconds; `None`: it is given up.
    pub after: Option<u64>,
}

impl HookRules {
    /// Whether each key has a value that works.
    ///
    /// # Errors
    /// The key, and what is wrong with it.
    pub fn check(&self) -> Result<(), Misfit> {
        let refuse = |key, reason: &str| Err(Misfit(key, reason.to_owned()));
        if !(1..=512).contains(&self.jobs) {
            return refuse("hooks.jobs", "it is a number from 1 to 512");
        }
        if self.time_limit == 0 {
            let reason = "with 0s no hook could run; it must be 1s or more";
            return refuse("hooks.time_limit", reason);
        }
        if self.attempts == 0 {
            return refuse("hooks.attempts", "it is 1 or more");
        }
        if self.attributes.len() > MOST_ATTRIBUTES {
            return refuse("hooks.attributes", "it names at most 64");
        }
        if self.output_limit > 64 << 20 {
            return refuse("hooks.output_limit", "it is at most 64MiB");
        }
        Ok(())
    }

    /// What becomes of something that is `age` seconds old and had failed `attempts` times before.
    pub fn retry(&self, miss: Miss, attempts: u32, age: u64) -> Retry {
        // A run must not meet again what it has tried already.
        let first = self.retry_after.max(1);
        match miss {
            Miss::Later => Retry {
                attempts,
                after: (age < self.give_up_after).then_some(first),
            },
            Miss::Failed => {
                let after = pause::doubled(first, attempts, self.retry_at_most.max(first));
                let attempts = attempts.saturating_add(1);
                Retry {
                    attempts,
                    after: (attempts < self.attempts).then_some(after),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<HookRules, String> {
        let rules: HookRules = toml::from_str(text).map_err(|e| e.message().to_owned())?;
        let complaint = |Misfit(key, reason)| format!("{key}: {reason}");
        rules.check().map(|()| rules).map_err(complaint)
    }

    #[test]
    fn what_is_left_out_is_the_default() {
        assert_eq!(read(""), Ok(HookRules::default()));
        let text = "stop = [\"all\"]\n[bygroup]\nmembers = \"added\"\nrun = [\"/x/*\"]";
        let rules = read(text).unwrap();
        assert_eq!(
            (rules.stop, rules.bygroup.members),
            ([Stop::All].into(), Members::Added)
        );
        assert!(rules.bygroup.is_any() && !rules.user.is_any());
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let many = format!(
            "attributes = {:?}",
            (0..65).map(|n| n.to_string()).collect::<Vec<_>>()
        );
        for (text, complaint) in [
            ("jobs = 0", "hooks.jobs"),
            ("jobs = 513", "hooks.jobs"),
            (
                "time_limit = \"0s\"",
                "hooks.time_limit: with 0s no hook could run; it must be 1s or more",
            ),
            ("attempts = 0", "hooks.attempts"),
            ("output_limit = \"1GiB\"", "hooks.output_limit"),
            (many.as_str(), "hooks.attributes: it names at most 64"),
            ("stop = [\"never\"]", "unknown variant `never`"),
            ("[user]\npre = [\"x\"]", "`x`: it is no absolute path"),
            ("[group]\nrun = [\"/x[\"]", "`/x[`: "),
            ("[group]\nmembers = \"all\"", "unknown field `members`"),
        ] {
            let found = read(text).unwrap_err();
            assert!(found.contains(complaint), "{text}: {found}");
        }
    }

    #[test]
    fn the_time_between_attempts_doubles_up_to_a_limit_and_then_ends() {
        let rules = HookRules {
            attempts: 12,
            ..HookRules::default()
        };
        let times: Vec<_> = (0..12)
            .map(|n| rules.retry(Miss::Failed, n, 0).after)
            .collect();
        let minutes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360].map(|m| Some(m * 60));
        assert_eq!(times, [&minutes[..], &[None]].concat());
        assert_eq!(rules.retry(Miss::Failed, 3, 0).attempts, 4);
        assert_eq!(
            HookRules {
                attempts: 0,
                ..rules
            }
            .retry(Miss::Failed, u32::MAX, 0)
            .after,
            None
        );
    }

    #[test]
    fn a_pattern_is_an_absolute_path() {
        assert!(check_pattern("/etc/gosync/hooks/*").is_ok());
        for bad in ["", "hooks/*", "~/x", "/a[", "/a***"] {
            assert!(check_pattern(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn later_is_no_failure_but_ends_with_age() {
        let rules = HookRules {
            retry_after: 0,
            ..HookRules::default()
        };
        assert_eq!(
            rules.retry(Miss::Later, 3, 0),
            Retry {
                attempts: 3,
                after: Some(1)
            }
        );
        assert_eq!(rules.retry(Miss::Later, 3, rules.give_up_after).after, None);
    }
}
