//! `[hooks]` as it is typed, each key at its default, and as rules.

use serde::Deserialize;

use crate::model::shown;
use crate::model::units::{Size, Span};
use crate::policy::Misfit;
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

/// Whether all patterns of scripts are patterns of absolute paths.
fn check_scripts(keys: &Hooks) -> Result<(), Misfit> {
    let Hooks {
        user,
        group,
        bygroup,
        ..
    } = keys;
    for (key, patterns) in [
        ("hooks.user.pre", &user.pre),
        ("hooks.user.run", &user.run),
        ("hooks.user.post", &user.post),
        ("hooks.group.pre", &group.pre),
        ("hooks.group.run", &group.run),
        ("hooks.group.post", &group.post),
        ("hooks.bygroup.pre", &bygroup.pre),
        ("hooks.bygroup.run", &bygroup.run),
        ("hooks.bygroup.post", &bygroup.post),
    ] {
        for pattern in patterns {
            check_pattern(pattern)
                .map_err(|e| Misfit(key, format!("`{}`: {e}", shown(pattern))))?;
        }
    }
    Ok(())
}

/// The rules that the keys say.
pub(super) fn rules(keys: Hooks) -> Result<HookRules, Misfit> {
    let refuse = |key, reason: &str| Err(Misfit(key, reason.to_owned()));
    if !(1..=512).contains(&keys.jobs) {
        return refuse("hooks.jobs", "it is a number from 1 to 512");
    }
    if keys.time_limit.secs() == 0 {
        let reason = "with 0s no hook could run; it must be 1s or more";
        return refuse("hooks.time_limit", reason);
    }
    if keys.attempts == 0 {
        return refuse("hooks.attempts", "it is 1 or more");
    }
    let output_limit = usize::try_from(keys.output_limit.bytes()).unwrap_or(usize::MAX);
    if output_limit > 64 << 20 {
        return refuse("hooks.output_limit", "it is at most 64MiB");
    }
    check_scripts(&keys)?;
    let Hooks {
        user,
        group,
        bygroup,
        ..
    } = keys;
    Ok(HookRules {
        user: user.into(),
        group: group.into(),
        bygroup: Scripts {
            pre: bygroup.pre,
            run: bygroup.run,
            post: bygroup.post,
        },
        members: bygroup.members,
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

impl From<User> for Scripts {
    fn from(User { pre, run, post }: User) -> Self {
        Scripts { pre, run, post }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<HookRules, String> {
        let keys = toml::from_str(text).map_err(|e| e.message().to_owned())?;
        rules(keys).map_err(|Misfit(key, reason)| format!("{key}: {reason}"))
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
