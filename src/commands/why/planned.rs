//! What of a plan is about one account or group, and which ids it gives.

use std::collections::BTreeSet;

use super::report::Next;
use crate::model::history::EntryKind;
use crate::model::owned::OwnedAccount;
use crate::model::{RemoteId, UserName, shown};
use crate::plan::diff::UidFrom;
use crate::plan::effects::Presence;
use crate::plan::{Change, Plan, effects, render};
use crate::policy::trace::Step;
use crate::policy::{PrimaryGroup, Refusal};

/// Where uid and primary group come from.
pub(super) fn ids(
    own: Option<&OwnedAccount>,
    asked: Option<crate::model::Uid>,
    rules: &crate::policy::AccountRules,
    plan: &Plan,
    id: &RemoteId,
) -> Vec<Step> {
    let new = plan
        .changes
        .iter()
        .filter(|change| change.account_id() == Some(id))
        .find_map(|change| effects(change).lines.new_account());
    let value = |now: Option<String>| now.unwrap_or_else(|| "none".to_owned());
    let uid = match UidFrom::of(own, asked) {
        UidFrom::Ledger(uid) => (
            value(Some(uid.to_string())),
            "given by gosync before, and never changed".to_owned(),
        ),
        UidFrom::Provider(uid) => (value(Some(uid.to_string())), "the provider's".to_owned()),
        UidFrom::Range => (
            value(new.map(|new| new.uid.to_string())),
            format!("the next free one in {}", rules.uid_range),
        ),
    };
    let present = own.filter(|own| own.state.is_present());
    let gid = value(
        present
            .map(|own| own.gid.to_string())
            .or(new.map(|new| new.gid.to_string())),
    );
    let by = match &rules.primary_group {
        _ if present.is_some() => "the primary group that it was given".to_owned(),
        PrimaryGroup::Local(name) => format!("`primary_group`: {}", shown(name)),
        PrimaryGroup::Private => "`primary_group`: a group of its own".to_owned(),
        PrimaryGroup::Provider => "`primary_group`: the one that the provider names".to_owned(),
    };
    vec![
        Step {
            field: "uid",
            value: uid.0,
            rule: uid.1,
        },
        Step {
            field: "gid",
            value: gid,
            rule: by,
        },
    ]
}

/// By what something may be called in a plan.
pub(super) struct Aliases<'a> {
    /// The provider's id, where it is known.
    pub id: Option<&'a RemoteId>,
    /// Names here and there.
    pub names: BTreeSet<&'a str>,
}

impl<'a> Aliases<'a> {
    /// `asked`: what was asked for, which counts where nobody is known.
    pub(super) fn new(
        id: Option<&'a RemoteId>,
        remote: Option<&'a str>,
        host: Option<&'a str>,
        asked: &'a str,
        steps: &'a [Step],
    ) -> Self {
        let mapped = steps
            .iter()
            .rfind(|step| step.field == "name")
            .map(|step| step.value.as_str());
        let fallback = Some(asked).filter(|_| id.is_none());
        Self {
            id,
            names: [remote, host.or(mapped), fallback]
                .into_iter()
                .flatten()
                .collect(),
        }
    }

    /// Whether a refusal is about it.
    pub(super) fn is(&self, refusal: &Refusal) -> bool {
        match &refusal.id {
            Some(id) => Some(id) == self.id,
            None => self.names.contains(refusal.subject.raw()),
        }
    }

    /// Why a plan refuses it, if it does.
    pub(super) fn refusal(&self, plan: &Plan) -> Option<String> {
        plan.refused
            .iter()
            .find(|refusal| self.is(refusal))
            .map(|refusal| refusal.reason.to_string())
    }

    /// What a plan changes of it.
    pub(super) fn changes<'p>(
        &self,
        plan: &'p Plan,
        kind: EntryKind,
    ) -> impl Iterator<Item = &'p Change> {
        plan.changes.iter().filter(move |change| {
            let is_it = match kind {
                EntryKind::LocalGroup => self.names.contains(change.name()),
                EntryKind::Account | EntryKind::Group => {
                    change.id().is_some() && change.id() == self.id
                }
            };
            change.of.kind == kind && is_it
        })
    }

    /// What a plan says about it.
    pub(super) fn of(&self, plan: &Plan, kind: EntryKind, command: &'static str) -> Next {
        let changes = self.changes(plan, kind).map(render::line);
        let missing = plan.missing.iter();
        let missing = missing.filter(|one| one.kind == kind && Some(&one.id) == self.id);
        let refused = plan
            .refused
            .iter()
            .filter(|refusal| self.is(refusal))
            .map(render::refusal);
        let remarks = plan
            .remarks
            .iter()
            .filter(|remark| self.names.contains(remark.name.as_str()));
        Next::new(
            command,
            changes
                .chain(render::missing(missing))
                .chain(refused)
                .chain(remarks.map(render::remark))
                .collect(),
        )
    }

    /// Which groups a person comes to or leaves by a plan.
    pub(super) fn memberships(&self, plan: &Plan) -> Next {
        let is_it = |name: &str| self.names.contains(name);
        let any = |list: &[UserName]| list.iter().any(|member| is_it(member.as_str()));
        let lines = plan.changes.iter().filter_map(|change| {
            let (effects, name) = (effects(change), change.name());
            // With a group that is emptied or removed its members are told of it.
            if effects.takes.loss.is_some() {
                return None;
            }
            if any(effects.members.come) {
                let is_new = effects.presence == Presence::Comes;
                let new = if is_new { ", a new group" } else { "" };
                Some(format!("+ member of {name}{new}"))
            } else {
                let goes = effects.members.go.iter().any(|member| is_it(member));
                goes.then(|| format!("- member of {name}"))
            }
        });
        Next::new("sync groups", lines.collect())
    }
}
