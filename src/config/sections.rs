//! The sections of a configuration, taken out of its table one after the other; what is left at the
//! end is not known.

use std::borrow::Cow;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::complaint::likely;
use super::error::ConfigError;
use super::example;
use super::merge::{Places, below};

/// Families of sections with names of people's own.
const NAMED: [&str; 3] = ["group", "provider", "target"];

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
    /// The sections that were asked for, and are thus known.
    known: Vec<&'static str>,
}

impl<'a, 'p> Sections<'a, 'p> {
    pub(super) fn new(table: DeTable<'a>, places: &'p Places<'p>) -> Self {
        let known = Vec::new();
        Self {
            table,
            places,
            known,
        }
    }

    /// The section `[KEY]`; its default, if it is not there.
    pub(super) fn one<T: Deserialize<'a> + Default>(
        &mut self,
        key: &'static str,
    ) -> Result<T, ConfigError> {
        self.known.push(key);
        self.table
            .remove(key)
            .map_or_else(|| Ok(T::default()), |value| self.places.read(value))
    }

    /// The sections `[FAMILY.NAME]`.
    pub(super) fn named(
        &mut self,
        family: &'static str,
    ) -> Result<Vec<NamedSection<'a>>, ConfigError> {
        self.known.push(family);
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
        let Some((key, value)) = self.table.into_iter().next() else {
            return Ok(());
        };
        let key = key.get_ref();
        let reason = match (value.get_ref(), likely(key, self.known)) {
            (DeValue::Table(_), Some(section)) => {
                let name = match NAMED.contains(&section) {
                    true => ".NAME",
                    false => "",
                };
                format!("there is no section [{key}]; did you mean [{section}{name}]?")
            }
            (DeValue::Table(_), None) => format!("there is no section [{key}]"),
            _ => match example::home_of(key) {
                Some(home) => format!(
                    "`{key}` stands outside of any section; write it below its own, such as [{home}]"
                ),
                None => format!("`{key}` stands outside of any section, and no section has it"),
            },
        };
        Err(self.places.error_at(value.span(), &reason))
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
    let path = below(section.family, &section.name);
    let words: Vec<_> = kinds.iter().map(&word_of).collect();
    let there = match words.as_slice() {
        [.., _, _] => format!("there are {}", listed(&words)),
        _ => format!("there is {}", listed(&words)),
    };
    let Some(word) = section.take("kind") else {
        let reason = format!("`kind` is missing; {there}, such as kind = \"ldap\"");
        return Err(places.section_error(&path, &reason));
    };
    let word: String = places.read(word)?;
    if let Some(kind) = kinds
        .iter()
        .find(|kind| word_of(kind).eq_ignore_ascii_case(&word))
    {
        return Ok((*kind, section.value()));
    }
    let meant = likely(&word, words.iter().copied());
    let meant = meant.map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
    let family = section.family;
    let reason = format!("there is no {family} of kind `{word}`; {there}{meant}");
    Err(places.key_error(&below(&path, "kind"), &reason))
}

/// The same, where a section that does not say its kind is of the usual one.
pub(super) fn kind_or<'a, K: Copy>(
    section: NamedSection<'a>,
    kinds: &[K],
    usual: K,
    word_of: impl Fn(&K) -> &'static str,
    places: &Places<'_>,
) -> Result<(K, Spanned<DeValue<'a>>), ConfigError> {
    match section.section.get_ref().contains_key("kind") {
        true => kind(section, kinds, word_of, places),
        false => Ok((usual, section.value())),
    }
}

fn listed(words: &[&str]) -> String {
    match words.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}
