//! An account or a group that gosync owns and that the provider has: how it stands on the host, and under which name.

use super::input::DiffInput;
use super::owned_entry::OwnedEntry;
use super::rename::{self, Renamable, Renamed, Wish};
use crate::model::Name;
use crate::plan::Plan;
use crate::policy::map::Wanted;
use crate::policy::{ByHand, Reason};

/// How it stands on the host.
pub(super) enum Standing<'h, E: OwnedEntry> {
    /// Its line, and its new name if it gets one.
    Here(&'h E::Line<'h>, Option<Renamed>),
    /// Under this name, by a rename that was broken off and cannot be finished now; why is told.
    Unfinished(Name),
    /// Its line is not gosync's to change.
    Lost(Reason),
}

/// Looks for it, plans its rename, and tells of a number that is another at the provider. `is_open`: whether an account is
/// to be open.
pub(super) fn look<'h, W: Wanted, E: Renamable>(
    wanted: &W,
    own: &E,
    is_open: bool,
    against: &DiffInput<'h>,
    plan: &mut Plan,
) -> Standing<'h, E> {
    let (id, host) = (wanted.id(), against.host);
    let found = E::found(own.name(), host);
    if own.is_missed(id, against.owned) {
        plan.observations.push(E::back(id.clone()));
    }
    let begun = match found {
        Some(_) => None,
        None => rename::stands_elsewhere(id, own, wanted.rename(), against),
    };
    let to = begun.clone().or_else(|| wanted.new_name());
    let renamed = to.and_then(|to| {
        let wish = Wish {
            id,
            own,
            to: &to,
            is_open,
            moves_home: against.rules.accounts.rename_home,
        };
        rename::plan_or_tell(&wish, begun.is_some(), against, plan)
    });
    if let (Some(stands), None) = (begun, &renamed) {
        return Standing::Unfinished(stands);
    }
    let line = match renamed.as_ref().map(|renamed| renamed.stands(own.name())) {
        Some(stands) => own.line_as(stands, host),
        None => own.line_of(own.name(), found, host),
    };
    let line = match line {
        Ok(line) => line,
        Err(reason) => return Standing::Lost(reason),
    };
    let (kind, has) = (E::KIND, own.number().get());
    if let Some(asked) = wanted.number().filter(|asked| *asked != has) {
        plan.remark(own.name(), Reason::NumberStays { kind, has, asked });
    }
    Standing::Here(line, renamed)
}

/// Whether it was removed by hand, and is made again: it stands neither under its name nor under the one that it should
/// have, nor under another that a rename was to give it.
pub(super) fn is_made_again<E: OwnedEntry>(
    wanted: &impl Wanted,
    own: &E,
    by_hand: ByHand,
    against: &DiffInput<'_>,
) -> bool {
    let is_there =
        |name: &str| E::found(name, against.host).is_some() || against.host.broken.contains(name);
    by_hand == ByHand::Restore
        && own.state().is_present()
        && !is_there(own.name())
        && !wanted.rename().is_some_and(is_there)
        && rename::begun(wanted.id(), own, None, against).is_none()
}
