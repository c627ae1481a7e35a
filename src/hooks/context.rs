//! What hooks need to know of a run, and what a run learns of them.

use crate::error::Result;
use crate::model::host::Host;
use crate::policy::hooks::HookRules;
use crate::system::programs::Owners;
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

/// Whether there are hooks that are told how to reach people.
pub(crate) fn want_contacts(rules: &HookRules) -> bool {
    rules.user.is_any() || rules.bygroup.is_any()
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

/// Whose programs are run. On another tree, an ordinary user may try things with hooks of their
/// own.
pub(crate) fn owners(root: &Root) -> Owners {
    if root.is_host() {
        Owners::Root
    } else {
        Owners::RootOrUs
    }
}
