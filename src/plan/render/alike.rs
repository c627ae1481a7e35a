//! Changes as lines, where many that are alike are one: a host of a thousand accounts that is taken over is a few lines, by
//! what changes, with the first of their names. As JSON a plan shows each.

use std::collections::BTreeMap;

use crate::model::first_names;
use crate::model::history::EntryKind;
use crate::plan::Change;
use crate::plan::effects::{Count, effects};
use crate::policy::Field;

/// So many that are alike have a line each.
const ALIKE: usize = 12;

/// What makes changes alike, in the order in which they are told.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    /// Something is taken over as it stands.
    Same(EntryKind),
    /// An account is taken over, and these fields change.
    Fields(Vec<Field>),
    /// A group is taken over, and members come.
    MoreMembers,
    /// An account or a group is tied to another record.
    Rebound(EntryKind),
}

impl Likeness {
    /// That of a change; `None`: it has a line of its own in any case.
    fn of(change: &Change) -> Option<Self> {
        let (effects, kind) = (effects(change), change.of.kind);
        match effects.count {
            Count::Rebound => Some(Self::Rebound(kind)),
            Count::Adopted => {
                let fields = effects.lines.fields().iter();
                let fields: Vec<Field> = fields.map(|change| change.field).collect();
                Some(match (fields.is_empty(), effects.members.is_empty()) {
                    (true, true) => Self::Same(kind),
                    (true, false) => Self::MoreMembers,
                    (false, _) => Self::Fields(fields),
                })
            }
            _ => None,
        }
    }

    fn line(&self, alike: &[&Change]) -> String {
        let what = match self {
            Self::Same(EntryKind::Account) => "~ adopt accounts as they are".to_owned(),
            Self::Same(_) => "~ adopt groups as they are".to_owned(),
            Self::Fields(fields) => {
                let fields: Vec<&str> = fields.iter().map(|field| field.as_str()).collect();
                format!("~ adopt accounts and change {}", fields.join(" and "))
            }
            Self::MoreMembers => "~ adopt groups and add members".to_owned(),
            Self::Rebound(EntryKind::Account) => "~ rebind accounts".to_owned(),
            Self::Rebound(_) => "~ rebind groups".to_owned(),
        };
        let names = alike.iter().map(|change| change.name());
        format!("{what} ({}): {}", alike.len(), first_names(names, ALIKE))
    }
}

/// The lines for changes; `line`: that of one.
pub(super) fn lines(all: &[Change], line: fn(&Change) -> String) -> Vec<String> {
    let mut alike: BTreeMap<Likeness, Vec<&Change>> = BTreeMap::new();
    for change in all {
        if let Some(likeness) = Likeness::of(change) {
            alike.entry(likeness).or_default().push(change);
        }
    }
    alike.retain(|_, changes| changes.len() > ALIKE);
    let own = |change: &&Change| Likeness::of(change).is_none_or(|of| !alike.contains_key(&of));
    let mut out: Vec<String> = all.iter().filter(own).map(line).collect();
    out.extend(alike.iter().map(|(likeness, all)| likeness.line(all)));
    if !alike.is_empty() {
        out.push("  -n --format json shows each of them".to_owned());
    }
    out
}
