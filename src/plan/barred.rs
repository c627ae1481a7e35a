//! One cause, or some, that keep out everybody who would come: then it is not they who are odd, but the configuration or the
//! provider, and a run says so by its status. Rule: design.md, "Command line".

use super::change::Change;
use super::effects::{Presence, effects};
use crate::model::{Completeness, RemoteId};
use crate::policy::{Origin, Reason, Refusal};

/// Why nobody new gets an account, or no new group is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barred {
    /// The configuration lets nobody in.
    Configuration,
    /// The configuration lets none of these in, and there are others whom it did.
    Setting,
    /// Nothing of what the provider says can be used.
    Provider,
    /// What would come stands on the host already, and is the host's own.
    Host,
}

/// Whom a plan is for.
pub(crate) struct Insiders<'a> {
    /// Whether this provider has accounts, or groups, on this host already.
    pub anybody: bool,
    /// Whether somebody is one of those.
    pub is_known: &'a dyn Fn(&RemoteId) -> bool,
    /// How much was read.
    pub completeness: &'a Completeness,
}

impl Barred {
    /// Whether a reason is one of those.
    pub(crate) fn is_by(self, reason: &Reason) -> bool {
        let origin = reason.origin();
        match self {
            Self::Configuration | Self::Setting => is_configured(origin),
            Self::Provider => origin == Origin::Provider,
            Self::Host => matches!(reason, Reason::NotOurs { .. }),
        }
    }

    /// Of a plan for all who might come; `None`: somebody comes, nobody would, or the causes lie elsewhere.
    pub(crate) fn of(
        changes: &[Change],
        refused: &[Refusal],
        insiders: &Insiders<'_>,
    ) -> Option<Self> {
        let comes = |change| matches!(effects(change).presence, Presence::Comes);
        if changes.iter().any(comes) {
            return None;
        }
        let is_new = |refusal: &&Refusal| {
            let is_known = refusal.id.as_ref().is_some_and(insiders.is_known);
            !is_known && refusal.reason != Reason::NotAtProvider
        };
        let new = || refused.iter().filter(is_new).map(|refusal| &refusal.reason);
        let origins = || new().map(Reason::origin);
        let is_of = |origin| move |it: Origin| it == origin;
        if origins().any(is_of(Origin::Host)) {
            let is_whole = matches!(insiders.completeness, Completeness::Complete(_));
            let is_taken = is_whole && !insiders.anybody && new().any(|it| Self::Host.is_by(it));
            return is_taken.then_some(Self::Host);
        }
        let by_provider = origins().any(is_of(Origin::Provider));
        match (origins().any(is_configured), insiders.anybody) {
            (true, false) => Some(Self::Configuration),
            (true, true) if by_provider => None,
            (true, true) if origins().any(is_of(Origin::Configuration)) => {
                Some(Self::Configuration)
            }
            (true, true) => Some(Self::Setting),
            (false, false) if by_provider => {
                // Who is asked for by name may be odd alone.
                let is_narrow = matches!(insiders.completeness, Completeness::Narrowed);
                (!is_narrow).then_some(Self::Provider)
            }
            (false, _) => None,
        }
    }
}

fn is_configured(origin: Origin) -> bool {
    matches!(origin, Origin::Configuration | Origin::Setting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::history::EntryKind;
    use crate::model::name::BadName;
    use crate::model::{IdRange, Untrusted};
    use crate::policy::NumberHolder;

    const KIND: EntryKind = EntryKind::Account;

    fn dot() -> Reason {
        let (name, why) = (Untrusted::new("a.b"), BadName::Dot);
        Reason::BadName {
            kind: KIND,
            name,
            why,
        }
    }

    fn out_of_range(id: u32) -> Reason {
        let range = IdRange::new(20_000, 59_999).unwrap();
        Reason::OutOfRange {
            kind: KIND,
            id,
            range,
        }
    }

    fn no_group() -> Reason {
        let name = "hpcusers".to_owned();
        Reason::NoPrimaryGroup { name }
    }

    fn barred(reasons: &[Reason], anybody: bool) -> Option<Barred> {
        let refusal = |(n, reason): (usize, &Reason)| Refusal {
            id: RemoteId::new(&format!("u-{n}")),
            subject: Untrusted::new(format!("p{n}")),
            reason: reason.clone(),
        };
        let refused: Vec<Refusal> = reasons.iter().enumerate().map(refusal).collect();
        let insiders = Insiders {
            anybody,
            is_known: &|_| false,
            completeness: &Completeness::Complete(String::new()),
        };
        Barred::of(&[], &refused, &insiders)
    }

    #[test]
    fn what_keeps_everybody_out_lies_in_the_configuration_or_at_the_provider() {
        let configuration = Some(Barred::Configuration);
        assert_eq!(
            barred(&[out_of_range(1), out_of_range(2)], false),
            configuration
        );
        assert_eq!(barred(&[out_of_range(1), dot()], false), configuration);
        assert_eq!(barred(&[dot(), Reason::SameId], false), configuration);
        assert_eq!(barred(&[Reason::SameId], false), Some(Barred::Provider));
        let taken = Reason::NumberTaken {
            kind: KIND,
            id: 1,
            by: NumberHolder::Reserved,
        };
        assert_eq!(barred(&[dot(), taken], false), None);
        assert_eq!(barred(&[], false), None);
    }

    #[test]
    fn a_host_that_has_everybody_already_keeps_them_out_until_they_are_adopted() {
        let not_ours = || Reason::NotOurs {
            kind: KIND,
            name: "ann".to_owned(),
            id: 1001,
            adoptable: true,
        };
        let host = Some(Barred::Host);
        assert_eq!(barred(&[not_ours(), not_ours()], false), host);
        assert_eq!(barred(&[not_ours(), Reason::SameId], false), host);
        assert_eq!(barred(&[not_ours()], true), None);
        assert!(Barred::Host.is_by(&not_ours()) && !Barred::Host.is_by(&Reason::SameId));
    }

    #[test]
    fn where_others_are_in_some_may_be_left_out_on_purpose() {
        assert_eq!(barred(&[dot(), dot()], true), Some(Barred::Setting));
        assert_eq!(barred(&[no_group()], true), Some(Barred::Configuration));
        assert_eq!(barred(&[dot(), Reason::SameId], true), None);
        assert_eq!(barred(&[Reason::SameId], true), None);
    }
}
