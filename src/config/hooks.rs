//! `[hooks]` as it is typed, each key at its default, and as rules.

use serde::Deserialize;

use super::ConfigError;
use crate::model::units::{Size, Span};
use crate::policy::hooks::{HookRules, Members, Scripts, Stop, check_pattern};

/// `[hooks]`
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Hooks {
    jobs: usize,
    time_limit: Span,
    run_limit: Span,
    output_limit: Size,
    stop: Vec<Stop>,
    retry_after: Span,
    retry_at_most: Span,
    attempts: u32,
    give_up_after: Span,
    user: User,
    group: User,
    bygroup: Bygroup,
}

/// `[hooks.user]` and `[hooks.group]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct User {
    pre: Vec<String>,
    run: Vec<String>,
    post: Vec<String>,
}

/// `[hooks.bygroup]`
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Bygroup {
    pre: Vec<String>,
    run: Vec<String>,
    post: Vec<String>,
    members: Members,
}

impl Default for Bygroup {
    fn default() -> Self {
        Self {
            pre: Vec::new(),
            run: Vec::new(),
            post: Vec::new(),
            members: HookRules::default().members,
        }
    }
}

impl Default for Hooks {
    fn default() -> Self {
        let rules = HookRules::default();
        Self {
            jobs: rules.jobs,
            time_limit: Span::from_secs(rules.time_limit),
            run_limit: Span::from_secs(rules.run_limit),
            output_limit: Size::from_bytes(rules.output_limit as u64),
            stop: rules.stop.into_iter().collect(),
            retry_after: Span::from_secs(rules.retry_after),
            retry_at_most: Span::from_secs(rules.retry_at_most),
            attempts: rules.attempts,
            give_up_after: Span::from_secs(rules.give_up_after),
            user: User::default(),
            group: User::default(),
            bygroup: Bygroup::default(),
        }
    }
}

fn invalid(key: &str, reason: &str) -> ConfigError {
    ConfigError {
        place: format!("hooks.{key}"),
        reason: reason.to_owned(),
    }
}

fn scripts(
    section: &str,
    pre: Vec<String>,
    run: Vec<String>,
    post: Vec<String>,
) -> Result<Scripts, ConfigError> {
    for (key, patterns) in [("pre", &pre), ("run", &run), ("post", &post)] {
        for pattern in patterns {
            check_pattern(pattern).map_err(|e| {
                let reason = format!("`{}`: {e}", crate::model::shown(pattern));
                invalid(&format!("{section}.{key}"), &reason)
            })?;
        }
    }
    Ok(Scripts { pre, run, post })
}

/// The rules that the keys say.
pub(super) fn rules(keys: Hooks) -> Result<HookRules, ConfigError> {
    if !(1..=512).contains(&keys.jobs) {
        return Err(invalid("jobs", "it is a number from 1 to 512"));
    }
    if keys.time_limit.secs() == 0 {
        return Err(invalid(
            "time_limit",
            "with 0s no hook could run; it must be 1s or more",
        ));
    }
    if keys.attempts == 0 {
        return Err(invalid("attempts", "it is 1 or more"));
    }
    let Some(output_limit) = usize::try_from(keys.output_limit.bytes())
        .ok()
        .filter(|bytes| *bytes <= 64 << 20)
    else {
        return Err(invalid("output_limit", "it is at most 64MiB"));
    };
    Ok(HookRules {
        user: scripts("user", keys.user.pre, keys.user.run, keys.user.post)?,
        group: scripts("group", keys.group.pre, keys.group.run, keys.group.post)?,
        bygroup: scripts(
            "bygroup",
            keys.bygroup.pre,
            keys.bygroup.run,
            keys.bygroup.post,
        )?,
        members: keys.bygroup.members,
        jobs: keys.jobs,
        time_limit: keys.time_limit.secs(),
        run_limit: keys.run_limit.secs(),
        output_limit,
        stop: keys.stop.into_iter().collect(),
        retry_after: keys.retry_after.secs(),
        retry_at_most: keys.retry_at_most.secs(),
        attempts: keys.attempts,
        give_up_after: keys.give_up_after.secs(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<HookRules, String> {
        let keys = toml::from_str(text).map_err(|e| e.message().to_owned())?;
        rules(keys).map_err(|e| e.to_string())
    }

    #[test]
    fn what_is_left_out_is_the_default() {
        assert_eq!(read(""), Ok(HookRules::default()));
        let rules =
            read("stop = [\"all\"]\n[bygroup]\nmembers = \"added\"\nrun = [\"/x/*\"]").unwrap();
        assert_eq!(
            (rules.stop, rules.members),
            ([Stop::All].into(), Members::Added)
        );
        assert!(rules.bygroup.is_any() && !rules.user.is_any());
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for (text, complaint) in [
            ("jobs = 0", "hooks.jobs"),
            ("jobs = 513", "hooks.jobs"),
            (
                "time_limit = \"0s\"",
                "hooks.time_limit: with 0s no hook could run; it must be 1s or more",
            ),
            ("attempts = 0", "hooks.attempts"),
            ("output_limit = \"1GiB\"", "hooks.output_limit"),
            ("stop = [\"never\"]", "unknown variant `never`"),
            (
                "[user]\npre = [\"x\"]",
                "hooks.user.pre: `x`: it is no absolute path",
            ),
            ("[group]\nrun = [\"/x[\"]", "hooks.group.run"),
            ("[group]\nmembers = \"all\"", "unknown field `members`"),
        ] {
            let found = read(text).unwrap_err();
            assert!(found.contains(complaint), "{text}: {found}");
        }
    }
}
