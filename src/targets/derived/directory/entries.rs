//! Entries of a directory: what those of one kind have in common, those that stand, and those that are to go. Pure.

use std::collections::BTreeMap;

use super::wanted::{EXPIRED, Values};
use crate::model::history::EntryKind;
use crate::model::{Held, RemoteId};

/// What the entries of accounts, or of groups, have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind<'a> {
    /// What they are called in messages.
    pub noun: &'static str,
    /// The attribute by which they are named.
    pub naming: &'static str,
    /// That of their number.
    pub number: &'static str,
    /// The class that all of them have.
    pub class: &'static str,
    /// The attribute with the provider's id.
    pub mark: &'a str,
    /// The entry below which they are.
    pub base: &'a str,
    /// The classes of new ones.
    pub classes: &'a [String],
    /// Where those come to stand who are gone.
    pub retired: Option<&'a str>,
    /// Whether they have members.
    pub are_groups: bool,
}

/// An entry as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Its name.
    pub dn: String,
    /// The same, in the form for comparing.
    pub key: String,
    /// Its values, by attributes in small letters.
    pub values: BTreeMap<String, Values>,
}

impl Found {
    /// The values of an attribute.
    pub(super) fn get(&self, attribute: &str) -> &[Vec<u8>] {
        let found = self.values.get(&attribute.to_ascii_lowercase());
        found.map_or(&[], Vec::as_slice)
    }

    /// Whether an attribute has a value, however its letters are written.
    pub(super) fn has(&self, attribute: &str, value: &str) -> bool {
        let mut values = self.get(attribute).iter();
        values.any(|it| it.eq_ignore_ascii_case(value.as_bytes()))
    }

    /// What it is called; nothing, if it has no name of this kind.
    pub(super) fn name(&self, kind: &Kind<'_>) -> String {
        let first = self.get(kind.naming).first();
        first.map_or_else(String::new, |it| String::from_utf8_lossy(it).into_owned())
    }

    /// Whether it lets somebody in, as far as gosync has a say.
    pub(super) fn is_open(&self) -> bool {
        !self.has("shadowExpire", EXPIRED)
    }

    /// The number that it has, and whose it is by the id that it carries; `None`: it has none.
    pub(super) fn held(&self, kind: &Kind<'_>) -> Option<Held> {
        let text = |values: &[Vec<u8>]| match values {
            [one] => String::from_utf8(one.clone()).ok(),
            _ => None,
        };
        let number = text(self.get(kind.number))?.parse().ok()?;
        Some(Held {
            kind: match kind.are_groups {
                true => EntryKind::Group,
                false => EntryKind::Account,
            },
            id: text(self.get(kind.mark)).and_then(|id| RemoteId::new(&id)),
            name: text(self.get(kind.naming)).unwrap_or_default(),
            number,
            place: self.dn.clone(),
        })
    }

    /// Whether it is one of this kind, with this number.
    pub(super) fn is(&self, kind: &Kind<'_>, number: u32) -> bool {
        self.has("objectClass", kind.class)
            && self.get(kind.number) == [number.to_string().into_bytes()]
    }
}

/// All entries that matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Below the base of people.
    pub people: Vec<Found>,
    /// Below the base of groups.
    pub groups: Vec<Found>,
}

/// Somebody of whom gosync knows that their entry is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaver {
    /// The provider's id.
    pub id: String,
    /// What it was called.
    pub name: String,
    /// Its uid or gid.
    pub number: u32,
}

/// An entry carries this id.
pub(super) fn mark(kind: &Kind<'_>, id: &str) -> (String, Values) {
    (kind.mark.to_owned(), vec![id.as_bytes().to_vec()])
}
