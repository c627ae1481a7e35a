//! The sections of a configuration, taken out of its table one after the other; what is left at the
//! end is not known.

use std::borrow::Cow;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::merge::{Places, below};

/// A section, with its place.
type Section<'a> = Spanned<DeTable<'a>>;

/// The section `[FAMILY.NAME]`.
pub(super) struct NamedSection<'a> {
    family: &'static str,
    pub name: String,
    section: Section<'a>,
}

/// What is still to be read.
pub(super) struct Sections<'a, 'p> {
    table: DeTable<'a>,
    places: &'p Places<'p>,
}

impl<'a, 'p> Sections<'a, 'p> {
    pub(super) fn new(table: DeTable<'a>, places: &'p Places<'p>) -> Self {
        Self { table, places }
    }

    /// The section `[KEY]`; its default, if it is not there.
    pub(super) fn one<T: Deserialize<'a> + Default>(
        &mut self,
        key: &str,
    ) -> Result<T, ConfigError> {
        self.table
            .remove(key)
            .map_or_else(|| Ok(T::default()), |value| self.places.read(value))
    }

    /// The sections `[FAMILY.NAME]`.
    pub(super) fn named(
        &mut self,
        family: &'static str,
    ) -> Result<Vec<NamedSection<'a>>, ConfigError> {
        let Some(value) = self.table.remove(family) else {
            return Ok(Vec::new());
        };
        let mut out = Vec::new();
        for (name, entry) in self.table_in(value, family)?.into_inner() {
            out.push(NamedSection {
                family,
                name: Cow::into_owned(name.into_inner()),
                section: self.table_in(entry, family)?,
            });
        }
        Ok(out)
    }

    fn table_in(&self, value: Spanned<DeValue<'a>>, key: &str) -> Result<Section<'a>, ConfigError> {
        let span = value.span();
        match value.into_inner() {
            DeValue::Table(table) => Ok(Spanned::new(span, table)),
            _ => Err(self
                .places
                .value_error(span, &format!("`{key}` must be written as [{key}.NAME]"))),
        }
    }

    /// All sections have been taken out; what is left is none.
    pub(super) fn end(self) -> Result<(), ConfigError> {
        match self.table.into_iter().next() {
            None => Ok(()),
            Some((key, value)) => {
                let reason = format!("there is no section `{}`", key.get_ref());
                Err(self.places.error_at(value.span(), &reason))
            }
        }
    }
}

impl<'a> NamedSection<'a> {
    /// Takes a key out of it, whatever its kind is.
    pub(super) fn take(&mut self, key: &str) -> Option<Spanned<DeValue<'a>>> {
        self.section.get_mut().remove(key)
    }

    /// The section as a value that can be read.
    pub(super) fn value(self) -> Spanned<DeValue<'a>> {
        let span = self.section.span();
        Spanned::new(span, DeValue::Table(self.section.into_inner()))
    }
}

/// Takes `kind` out of a section, and finds it by the word that each has; the rest of the section
/// is for that kind's keys.
pub(super) fn kind<'a, K: Copy>(
    mut section: NamedSection<'a>,
    kinds: &[K],
    word_of: impl Fn(&K) -> &'static str,
    places: &Places<'_>,
) -> Result<(K, Spanned<DeValue<'a>>), ConfigError> {
    let Some(word) = section.take("kind") else {
        return Err(places.value_error(section.section.span(), "`kind` is missing"));
    };
    let word: String = places.read(word)?;
    if let Some(kind) = kinds.iter().find(|kind| word_of(kind) == word) {
        return Ok((*kind, section.value()));
    }
    let NamedSection { family, name, .. } = section;
    let words: Vec<_> = kinds.iter().map(word_of).collect();
    let there = match words.as_slice() {
        [.., _, _] => format!("there are {}", listed(&words)),
        _ => format!("there is {}", listed(&words)),
    };
    let reason = format!("there is no {family} of kind `{word}`; {there}");
    let key = below(&below(family, &name), "kind");
    Err(places.key_error(&key, &reason))
}

fn listed(words: &[&str]) -> String {
    match words.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}
