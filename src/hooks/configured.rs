//! Which hooks the configuration names, and what a plan means for them.

use std::path::PathBuf;

use super::context::{Context, owners};
use super::script::{self, Script};
use crate::model::host::Host;
use crate::model::owned::Owned;
use crate::plan::Plan;
use crate::plan::events::{self, HookEvent, Kind, Wanted};
use crate::policy::hooks::HookRules;
use crate::system::programs;
use crate::system::root::Root;

/// A pattern of the configuration, and what a run makes of it.
pub(crate) struct Named {
    /// Where it stands, such as "`run` in [hooks.user]".
    pub key: String,
    pub pattern: String,
    pub scripts: Vec<Script>,
    /// Directories that it matches, which are passed over.
    pub folders: Vec<PathBuf>,
}

/// All hooks that the configuration names, judged as before they are run.
pub(crate) fn named(rules: &HookRules, root: &Root) -> Vec<Named> {
    let mut out = Vec::new();
    let patterns = [
        rules.user.patterns(),
        rules.group.patterns(),
        rules.bygroup.patterns(),
    ];
    for (kind, patterns) in Kind::ALL.into_iter().zip(patterns) {
        for (key, patterns) in patterns {
            out.extend(patterns.iter().map(|pattern| Named {
                key: format!("`{key}` in [hooks.{}]", kind.as_str()),
                pattern: pattern.clone(),
                scripts: script::expand(pattern, owners(root)),
                folders: programs::folders(pattern),
            }));
        }
    }
    out
}

/// What a plan means for hooks; nothing if there are none.
pub(crate) fn events(
    context: &Context<'_>,
    plan: &Plan,
    host: &Host<'_>,
    owned: &Owned,
) -> Vec<HookEvent> {
    if !context.enabled {
        return Vec::new();
    }
    let rules = context.rules;
    let wanted = Wanted {
        user: rules.user.is_any(),
        group: rules.group.is_any(),
        bygroup: rules.bygroup.is_any(),
    };
    events::of(plan, host, owned, wanted)
}
