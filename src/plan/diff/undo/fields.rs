//! Fields that a run set, set back.

use super::Work;
use super::entry::One;
use super::past::PastAccount;
use crate::model::Name;
use crate::model::host::HostAccount;
use crate::model::owned::OwnedAccount;
use crate::plan::diff::owned_lines::account_line;
use crate::plan::{Deed, FieldChange, Observation};
use crate::policy::{Field, Reason};

/// The fields that a run changed and that are not as before it: what they were, and what they are by the ledger.
pub(super) fn changed_fields<'a>(
    own: &'a OwnedAccount,
    before: &'a PastAccount,
    after: &'a PastAccount,
) -> impl Iterator<Item = (Field, &'a str, &'a str)> {
    let [before, after, now] = [&before.fields, &after.fields, &own.applied.fields]
        .map(|fields| Field::each(fields.borrowed()).into_iter());
    before
        .zip(after)
        .zip(now)
        .filter(|(((_, before), (_, after)), (_, now))| before != after && before != now)
        .map(|(((field, before), _), (_, now))| (field, before, now))
}

impl Work<'_> {
    /// Sets the fields back that an adoption changed, as far as they are as it left them.
    pub(super) fn adopted_fields(&mut self, one: &One<'_, '_, OwnedAccount>, name: &Name) {
        let own = one.own;
        let Ok(found) = account_line(own, self.against.host) else {
            return;
        };
        let mut details = one.touched.details.iter();
        let before = details.find_map(|detail| detail.get("before"));
        let of = |field: Field| before.and_then(|before| before.get(field.as_str())?.as_str());
        let fields = Field::each(found.fields).into_iter();
        let fields = fields.zip(Field::each(own.applied.fields.borrowed()));
        let fields = fields.filter_map(|((field, found), (_, now))| {
            let to = of(field).filter(|to| *to != found && (found == now || self.past.force))?;
            Some(FieldChange {
                field,
                from: found.to_owned(),
                to: to.to_owned(),
            })
        });
        let fields: Vec<FieldChange> = fields.collect();
        if !fields.is_empty() {
            self.change(one, name.clone(), Deed::Update { fields });
        }
    }

    /// Sets the fields back that the run changed.
    pub(super) fn fields(
        &mut self,
        one: &One<'_, '_, OwnedAccount>,
        name: Name,
        found: &HostAccount<'_>,
        past: &PastAccount,
    ) {
        let mut back = Vec::new();
        for (field, before, now) in changed_fields(one.own, past, &one.after) {
            // The directory moves with the name, or both stay.
            if field == Field::Home && past.name != one.after.name {
                continue;
            }
            let Some(found) = field.of(found.fields) else {
                continue;
            };
            let held = self.owned().shell_before(one.id);
            let found = held.filter(|_| field == Field::Shell).unwrap_or(found);
            if found == before {
                // By hand, or by an undo that was broken off: only the ledger does not know it yet.
                self.plan.observations.push(Observation::Agreed(
                    one.id.clone(),
                    field,
                    before.to_owned(),
                ));
                continue;
            }
            if found != now && !self.past.force {
                self.refuse(one.touched, Reason::FieldChangedByHand { field });
                continue;
            }
            back.push(FieldChange {
                field,
                from: found.to_owned(),
                to: before.to_owned(),
            });
        }
        if !back.is_empty() {
            self.change(one, name, Deed::Update { fields: back });
        }
    }
}
