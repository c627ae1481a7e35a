//! Hooks: programs of the admin's that hear of changed accounts and groups, from a queue in the ledger.
//!
//! Runs after the commit, under the run lock alone. Knows neither the command line nor a terminal: what a run says about
//! its hooks goes to a [`Reporter`]. An event leaves the queue when all its hooks have ended well.

mod input;
mod runner;
mod script;

use std::path::PathBuf;

pub(crate) use self::runner::run;
pub(crate) use self::script::{Script, Unusable};
use crate::error::Result;
use crate::model::host::Host;
use crate::model::owned::Owned;
use crate::plan::Plan;
use crate::plan::events::{self, HookEvent, Kind, Wanted};
use crate::policy::hooks::HookRules;
use crate::system::programs::{self, Owners};
use crate::system::root::Root;

/// What hooks need to know of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub rules: &'a HookRules,
    pub root: &'a Root,
    /// When the run began, in seconds since 1970.
    pub now: i64,
    /// Whether hooks belong to this run at all. On another tree they would run on the wrong host.
    pub enabled: bool,
    /// Whether what was given up is tried again.
    pub retry: bool,
}

/// Who hears of hooks what a person has to know.
pub trait Reporter {
    /// What happens.
    fn notice(&mut self, text: String);

    /// What a person has to know although the run goes on.
    fn warn(&mut self, text: String);
}

/// Reads the accounts and groups of the host and lends them to its argument.
pub(crate) type WithHost<'a> = &'a dyn Fn(&mut dyn FnMut(&Host<'_>) -> Result<()>) -> Result<()>;

/// What the hooks of a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events of which all is done.
    pub done: usize,
    /// Events of which a hook failed.
    pub failed: usize,
    /// Events of which a hook asked to be called later.
    pub later: usize,
}

/// A pattern of the configuration, and what a run makes of it.
pub(crate) struct Named {
    /// Where it stands, such as "`run` in [hooks.user]".
    pub key: String,
    pub pattern: String,
    pub scripts: Vec<Script>,
    /// Directories that it matches, which are passed over.
    pub folders: Vec<PathBuf>,
}

/// Whether there are hooks that are told how to reach people.
pub(crate) fn want_contacts(rules: &HookRules) -> bool {
    rules.user.is_any() || rules.bygroup.is_any()
}

/// All hooks that the configuration names, judged as before they are run.
pub(crate) fn named(rules: &HookRules, root: &Root) -> Vec<Named> {
    let mut out = Vec::new();
    for (kind, scripts) in Kind::ALL
        .into_iter()
        .zip([&rules.user, &rules.group, &rules.bygroup])
    {
        for (key, patterns) in [
            ("pre", &scripts.pre),
            ("run", &scripts.run),
            ("post", &scripts.post),
        ] {
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

/// Says that hooks which were to be tried again are not.
pub(crate) fn tell_unmoved(context: &Context<'_>, reporter: &mut dyn Reporter) {
    if context.retry && !context.enabled {
        reporter.warn(
            "--retry-hooks did nothing: hooks do not run under --root without --root-hooks"
                .to_owned(),
        );
    }
}

/// Whose programs are run. On another tree, an ordinary user may try things with hooks of their own.
fn owners(root: &Root) -> Owners {
    if root.is_host() {
        Owners::Root
    } else {
        Owners::RootOrUs
    }
}
