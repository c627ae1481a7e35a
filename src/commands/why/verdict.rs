//! What `gosync why` says first: in one line, what becomes of an account or a group.
//!
//! Taken from the plan of the next run and from what gosync has, and from nothing else, so that it
//! cannot say what the lines below it deny.

use crate::model::owned::{Loss, OwnedAccount, OwnedGroup, State};
use crate::plan::Change;
use crate::plan::effects::{Count, Detail, Presence, effects};
use crate::policy::Reason;
use crate::policy::select::Selection;

/// What the verdict on an account rests on.
pub(super) struct OfAccount<'a> {
    pub own: Option<&'a OwnedAccount>,
    /// Whether a line of its name stands on the host.
    pub is_here: bool,
    /// `None`: the provider has no usable record.
    pub selection: Option<Selection>,
    /// Why nothing becomes of the record.
    pub refused: Option<&'a str>,
    /// What the next run changes.
    pub changes: Vec<&'a Change>,
}

impl OfAccount<'_> {
    /// In one line.
    pub(super) fn text(&self) -> String {
        let will = |is_it: fn(&Change) -> bool| self.changes.iter().any(|change| is_it(change));
        let creates = will(|change| effects(change).presence == Presence::Comes);
        let Some(own) = self.own.filter(|own| own.state.is_present()) else {
            return self.without(creates);
        };
        if creates {
            return "had an account that was removed by hand; the next run makes it again"
                .to_owned();
        }
        let removes = will(goes);
        if !self.is_here && !removes && !will(renames) {
            return "has no account any more: it was removed by hand".to_owned();
        }
        let refused = self
            .refused
            .map(|reason| format!("; refused: {reason}"))
            .unwrap_or_default();
        let next = if let Some(reason) = self.changes.iter().find_map(|change| locking(change)) {
            format!("; the next run locks it: {reason}")
        } else if will(|change| effects(change).presence == Presence::Opens) {
            "; the next run opens it".to_owned()
        } else if removes {
            "; the next run removes it".to_owned()
        } else if will(|change| effects(change).count == Count::Archived) {
            "; the next run packs its home and takes it away".to_owned()
        } else {
            String::new()
        };
        let what = match (own.state, self.selection) {
            (State::Locked, _) => "has a locked account",
            (_, Some(Selection::Selected)) => "has an account",
            (_, None) if self.refused.is_some() => "has an account",
            _ if !next.is_empty() => "has an account",
            _ => "has an account for now",
        };
        format!("{what}{next}{refused}")
    }

    fn without(&self, creates: bool) -> String {
        let state = self.own.map(|own| own.state);
        match (self.refused, self.selection, state) {
            _ if creates && state == Some(State::Removed) => "gets its account again".to_owned(),
            _ if creates => "gets an account".to_owned(),
            (Some(reason), ..) => format!("gets no account: {reason}"),
            (_, Some(Selection::Suspended), _) => {
                "gets no account: this person is disabled at the provider".to_owned()
            }
            (_, Some(Selection::NotSelected), _) => {
                "gets no account: no member of the top group".to_owned()
            }
            (_, None, Some(State::Released)) => {
                "has no account of gosync's any more: it was given back".to_owned()
            }
            (_, None, Some(State::Removed)) => "has no account any more: it was removed".to_owned(),
            _ => "gets no account by the next run".to_owned(),
        }
    }
}

fn goes(change: &Change) -> bool {
    matches!(effects(change).presence, Presence::Goes { .. })
}

fn renames(change: &Change) -> bool {
    effects(change).lines.rename().is_some()
}

fn locking(change: &Change) -> Option<&Reason> {
    match effects(change).detail {
        Some(Detail::Reason(reason)) => Some(reason),
        _ => None,
    }
}

/// What the verdict on a group rests on.
pub(super) struct OfGroup<'a> {
    pub own: Option<&'a OwnedGroup>,
    /// Whether a line of its name stands on the host.
    pub is_here: bool,
    /// Whether the provider has it.
    pub is_there: bool,
    /// The groups of the host's own that its members come into.
    pub mapped: &'a str,
    /// Why nothing becomes of the record.
    pub refused: Option<&'a str>,
    /// What the next run changes.
    pub changes: Vec<&'a Change>,
}

impl OfGroup<'_> {
    /// In one line.
    pub(super) fn text(&self) -> String {
        let will = |is_it: fn(&Change) -> bool| self.changes.iter().any(|change| is_it(change));
        let creates = will(|change| effects(change).presence == Presence::Comes);
        let state = self.own.map(|own| own.state);
        if !state.is_some_and(State::is_present) {
            return match (self.refused, state) {
                _ if creates => "gets a group".to_owned(),
                _ if !self.mapped.is_empty() => {
                    format!(
                        "gets no group of its own: its members come into {}",
                        self.mapped
                    )
                }
                (Some(reason), _) => format!("gets no group: {reason}"),
                (_, Some(State::Released)) => {
                    "has no group of gosync's any more: it was given back".to_owned()
                }
                (_, Some(State::Removed)) if !self.is_there => {
                    "has no group any more: it was removed".to_owned()
                }
                _ => "gets no group by the next run".to_owned(),
            };
        }
        if creates {
            return "had a group that was removed by hand; the next run makes it again".to_owned();
        }
        let removes = will(goes);
        if !self.is_here && !removes && !will(renames) {
            return "has no group any more: it was removed by hand".to_owned();
        }
        match self.refused {
            _ if removes => "has a group; the next run removes it".to_owned(),
            _ if will(|change| effects(change).takes.loss == Some(Loss::Group)) => {
                "has a group; the next run takes its members out".to_owned()
            }
            Some(reason) => format!("has a group, which stays as it is: {reason}"),
            None if self.is_there => "has a group".to_owned(),
            None => "has a group for now".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::owned::Applied;
    use crate::model::{RemoteId, Uid, UserName};
    use crate::plan::Deed;
    use crate::plan::samples::key;

    fn own(state: State) -> OwnedAccount {
        OwnedAccount {
            name: "ann".into(),
            uid: Uid::new(20_000).unwrap(),
            gid: 100,
            private_group: false,
            state,
            applied: Applied::default(),
            subid: None,
            absence: None,
        }
    }

    fn verdict(
        state: State,
        selection: Option<Selection>,
        refused: Option<&str>,
        changes: Vec<&Change>,
    ) -> String {
        OfAccount {
            own: Some(&own(state)),
            is_here: true,
            selection,
            refused,
            changes,
        }
        .text()
    }

    #[test]
    fn a_refusal_is_never_called_an_account_that_comes() {
        let of = |refused| OfAccount {
            own: None,
            is_here: false,
            selection: Some(Selection::Selected),
            refused,
            changes: vec![],
        };
        assert_eq!(of(Some("no")).text(), "gets no account: no");
        assert_eq!(of(None).text(), "gets no account by the next run");
        assert_eq!(
            verdict(State::Active, Some(Selection::Selected), Some("no"), vec![]),
            "has an account; refused: no"
        );
    }

    #[test]
    fn what_the_next_run_does_is_part_of_it() {
        let (id, name) = (
            RemoteId::new("u-1").unwrap(),
            UserName::new("ann", false).unwrap(),
        );
        let lock = Change::account(
            key(id.clone()),
            name.clone(),
            Deed::Lock {
                reason: Reason::Missing { runs: 2 },
            },
        );
        let open = Change::account(key(id), name, Deed::Unlock {});
        assert_eq!(
            verdict(State::Active, None, None, vec![&lock]),
            "has an account; the next run locks it: missing in 2 complete reads"
        );
        assert_eq!(
            verdict(State::Active, None, None, vec![]),
            "has an account for now"
        );
        let told = verdict(State::Locked, Some(Selection::Selected), None, vec![&open]);
        assert_eq!(told, "has a locked account; the next run opens it");
        assert_eq!(
            verdict(State::Removed, None, None, vec![]),
            "has no account any more: it was removed"
        );
    }
}
