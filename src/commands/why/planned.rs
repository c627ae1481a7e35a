//! What of a plan is about one account or group, and which ids it gives.

use std::collections::BTreeSet;

use super::report::Next;
use crate::model::history::EntryKind;
use crate::model::owned::OwnedAccount;
use crate::model::{RemoteId, UserName, shown};
use crate::plan::diff::UidFrom;
use crate::plan::{Change, Plan, render};
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
    let new = plan.changes.iter().find_map(|change| match change {
        Change::CreateAccount(new) if new.id == *id => Some(new),
        _ => None,
    });
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
    pub fn new(
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
    pub fn is(&self, refusal: &Refusal) -> bool {
        match &refusal.id {
            Some(id) => Some(id) == self.id,
            None => self.names.contains(refusal.subject.raw()),
        }
    }

    /// Why a plan refuses it, if it does.
    pub fn refusal(&self, plan: &Plan) -> Option<String> {
        plan.refused
            .iter()
            .find(|refusal| self.is(refusal))
            .map(|refusal| refusal.reason.clone())
    }

    /// What a plan changes of it.
    pub fn changes<'p>(&self, plan: &'p Plan, kind: EntryKind) -> impl Iterator<Item = &'p Change> {
        plan.changes.iter().filter(move |change| {
            let subject = change.subject();
            let is_it = match kind {
                EntryKind::LocalGroup => self.names.contains(subject.name),
                EntryKind::Account | EntryKind::Group => {
                    subject.id.is_some() && subject.id == self.id
                }
            };
            subject.kind == kind && is_it
        })
    }

    /// What a plan says about it.
    pub fn of(&self, plan: &Plan, kind: EntryKind, command: &'static str) -> Next {
        let changes = self.changes(plan, kind).map(render::line);
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
                .chain(refused)
                .chain(remarks.map(render::remark))
                .collect(),
        )
    }

    /// Which groups a person comes to or leaves by a plan.
    pub fn memberships(&self, plan: &Plan) -> Next {
        let is_it = |name: &str| self.names.contains(name);
        let any = |list: &[UserName]| list.iter().any(|member| is_it(member.as_str()));
        let lines = plan.changes.iter().filter_map(|change| match change {
            Change::CreateGroup { name, members, .. } if any(members) => {
                Some(format!("+ member of {name}, a new group"))
            }
            Change::ChangeMembers { name, add, .. }
            | Change::ChangeLocalMembers { name, add, .. }
                if any(add) =>
            {
                Some(format!("+ member of {name}"))
            }
            Change::ChangeMembers { name, remove, .. }
            | Change::ChangeLocalMembers { name, remove, .. }
                if remove.iter().any(|member| is_it(member)) =>
            {
                Some(format!("- member of {name}"))
            }
            _ => None,
        });
        Next::new("sync groups", lines.collect())
    }
}
