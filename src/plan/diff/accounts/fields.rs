//! The fields of an account that is there: what was last applied, what is wanted, and what is found.

use super::Known;
use crate::model::owned::State;
use crate::plan::diff::merge::{Merge, lock_word, merge};
use crate::plan::{FieldChange, Observation, Plan};
use crate::policy::{Field, Reason};

/// A field, three times.
#[derive(Clone, Copy)]
struct Values<'a> {
    field: Field,
    applied: &'a str,
    wanted: &'a str,
    found: &'a str,
}

impl Known<'_, '_> {
    /// The fields that are to be changed.
    pub(super) fn fields(&self, plan: &mut Plan) -> Vec<FieldChange> {
        let Self { own, against, .. } = *self;
        let rules = &against.rules.accounts;
        let mut out = Vec::new();
        for values in self.values() {
            let Values {
                field,
                applied,
                wanted,
                found,
            } = values;
            let is_kept = !against.chosen.force && rules.keep_local.contains(&field);
            let change = || FieldChange {
                field,
                from: found.to_owned(),
                to: wanted.to_owned(),
            };
            match merge(Some(applied), wanted, found, is_kept) {
                Merge::Same if applied != wanted && field != Field::Lock => {
                    let (id, wanted) = (self.account.id.clone(), wanted.to_owned());
                    plan.observations
                        .push(Observation::Agreed(id, field, wanted));
                }
                Merge::Same => {}
                Merge::Set => out.push(change()),
                Merge::Keep => plan.remark(&own.name, Reason::FieldStays { field }),
                Merge::Restore => {
                    plan.remark(&own.name, restored(field));
                    out.push(change());
                }
            }
        }
        out
    }

    /// All that are compared, in the order in which they are set.
    fn values(&self) -> impl Iterator<Item = Values<'_>> {
        let (account, own, found) = (self.account, self.own, self.found);
        let of = |field, applied, wanted, found| Values {
            field,
            applied,
            wanted,
            found,
        };
        let (before, wanted, found) = (&own.applied.fields, &account.fields, found.fields);
        let gecos = of(Field::Gecos, &before.gecos, &wanted.gecos, found.gecos);
        // A home moves only on purpose: what was given stays until a rename moves it.
        let stays = self.new_home().is_none();
        let home = stays.then(|| of(Field::Home, &before.home, &before.home, found.home));
        // A lock may have a shell of its own; what is wanted comes when that is taken off.
        let held = self.against.owned.shell_before(&account.id);
        let has_lock_shell = held.is_some() || self.against.rules.departed.lock_shell.is_some();
        let has_own_shell = account.open || !has_lock_shell;
        let shell = has_own_shell.then(|| {
            let found = held.unwrap_or(found.shell);
            of(Field::Shell, &before.shell, &wanted.shell, found)
        });
        let open = account.open.then(|| [self.lock(), self.expiry()]);
        [Some(gecos), home, shell]
            .into_iter()
            .flatten()
            .chain(open.into_iter().flatten())
    }

    /// The lock of an account that is to be open. The provider has nothing to say of it but that; so an account is as it
    /// was made or adopted.
    fn lock(&self) -> Values<'_> {
        let applied = self.own.applied.locked;
        // A lock of gosync's is taken off whole; what was locked before has to be locked again.
        let opens = self.own.state == State::Locked;
        let found = self.found.locked && !opens;
        Values {
            field: Field::Lock,
            applied: lock_word(applied && !opens),
            wanted: lock_word(applied && (found || opens)),
            found: lock_word(found),
        }
    }

    /// The expiry, likewise.
    fn expiry(&self) -> Values<'_> {
        let wanted = self.own.applied.expire.as_str();
        // The day that a lock of gosync's set is taken off with it; what was there before has to be put back.
        let opens = self.own.state == State::Locked && self.found.expire == "1";
        let (applied, found) = match opens {
            true => ("", ""),
            false => (wanted, self.found.expire),
        };
        Values {
            field: Field::Expiry,
            applied,
            wanted,
            found,
        }
    }
}

/// What is said of a change by hand that does not stay.
fn restored(field: Field) -> Reason {
    match field {
        Field::Lock => Reason::OpenedAgain,
        _ => Reason::FieldRestored { field },
    }
}
