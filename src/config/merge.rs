//! Several TOML texts as one table whose positions still lead back to file, line and column, and to
//! the key that an error is about.

use std::borrow::Cow;
use std::ops::Range;
use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::complaint::{self, Spot};
use super::error::ConfigError;
use crate::model::shown;
use crate::policy::Misfit;
use crate::providers::kind::PLACEHOLDER;

/// How much of a complaint is shown: it may name every key of a section.
const REASON_BYTES: usize = 2048;

/// One file's text.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it was read.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

/// Texts in one run of positions: every byte of every file has a position of its own.
#[derive(Debug)]
pub(super) struct Texts {
    sources: Vec<Source>,
    padded: Vec<String>,
}

impl Texts {
    pub(super) fn new(sources: Vec<Source>) -> Self {
        let mut offset = 0;
        let mut padded = Vec::new();
        for source in &sources {
            // Leading blanks mean nothing to TOML and shift the positions that its parser reports.
            padded.push(format!("{}{}", " ".repeat(offset), source.text));
            offset += source.text.len() + 1;
        }
        Self { sources, padded }
    }

    /// All texts in one table.
    pub(super) fn table(&self) -> Result<DeTable<'_>, ConfigError> {
        let mut merged = DeTable::new();
        for text in &self.padded {
            let table = DeTable::parse(text).map_err(|e| {
                let place = self.place(e.span().map_or(0, |span| span.start));
                complaint(place, e.message())
            })?;
            overlay(&mut merged, table.into_inner());
        }
        Ok(merged)
    }

    /// What stands at a position.
    fn at(&self, span: &Range<usize>) -> Option<&str> {
        let mut start = 0;
        for source in &self.sources {
            let end = start + source.text.len();
            if (start..=end).contains(&span.start) {
                return source.text.get(span.start - start..span.end - start);
            }
            start = end + 1;
        }
        None
    }

    fn place(&self, position: usize) -> String {
        let mut start = 0;
        for source in &self.sources {
            let end = start + source.text.len();
            if position <= end {
                let before = source.text.get(..position - start).unwrap_or(&source.text);
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
                return format!("{}:{line}:{column}", source.path.display());
            }
            start = end + 1;
        }
        "configuration".to_owned()
    }
}

/// Where every key of a table stands.
#[derive(Debug)]
pub(super) struct Places<'t> {
    texts: &'t Texts,
    keys: Vec<Key>,
}

/// A key, and where it and its value stand.
#[derive(Debug)]
struct Key {
    path: String,
    name: Range<usize>,
    value: Range<usize>,
    is_table: bool,
}

impl<'t> Places<'t> {
    pub(super) fn new(texts: &'t Texts, table: &DeTable<'_>) -> Self {
        let mut keys = Vec::new();
        walk(table, "", &mut keys);
        Self { texts, keys }
    }

    /// Reads a value as a `T`, saying which one does not fit, and where it stands.
    pub(super) fn read<'a, T: Deserialize<'a>>(
        &self,
        value: Spanned<DeValue<'a>>,
    ) -> Result<T, ConfigError> {
        self.read_by(value, T::deserialize)
    }

    /// The same, by a function that reads it.
    pub(super) fn read_by<'a, T>(
        &self,
        value: Spanned<DeValue<'a>>,
        read: impl FnOnce(ValueDeserializer<'a>) -> Result<T, toml::de::Error>,
    ) -> Result<T, ConfigError> {
        let whole = value.span();
        read(ValueDeserializer::from(value))
            .map_err(|e| self.value_error(e.span().unwrap_or(whole), e.message()))
    }

    /// An error about the value at a position, or about a key there that is not known or is missing.
    pub(super) fn value_error(&self, span: Range<usize>, reason: &str) -> ConfigError {
        let place = self.texts.place(span.start);
        // A table that no header opens, as in `a.b = 1`, has the place of its key.
        let named = (self.keys.iter()).find(|key| key.name == span && key.value != span);
        if let Some(key) = named {
            let section = key.path.rsplit_once('.').map_or("", |(section, _)| section);
            return complaint(place, &complaint::told(reason, self.spot(section, None)));
        }
        let Some(at) = self.innermost(&span) else {
            return complaint(place, reason);
        };
        let (section, key) = match at.is_table {
            true => (at.path.as_str(), None),
            false => at
                .path
                .rsplit_once('.')
                .map_or((at.path.as_str(), None), |(s, key)| (s, Some(key))),
        };
        let told = complaint::told(reason, self.spot(section, key));
        // What names its section does not need the path before it.
        match told.starts_with('[') {
            true => complaint(place, &told),
            false => complaint(format!("{place}: {}", shown(&at.path)), &told),
        }
    }

    fn spot<'a>(&'a self, section: &'a str, key: Option<&'a str>) -> Spot<'a> {
        Spot {
            section,
            kind: self.kind_of(section),
            key,
        }
    }

    /// What `kind` says in a section, or in the one that it is in.
    fn kind_of(&self, section: &str) -> Option<&str> {
        let of = |section: &str| {
            let path = format!("{section}.kind");
            let key = self.keys.iter().find(|key| key.path == path)?;
            let text = self.texts.at(&key.value)?;
            Some(text.trim_matches(['"', '\'']))
        };
        of(section).or_else(|| of(section.rsplit_once('.')?.0))
    }

    /// An error about a section: what is wrong begins with a key of it, where one is meant, and then that is where it
    /// stands.
    pub(super) fn section_error(&self, section: &str, reason: &str) -> ConfigError {
        let end = reason.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.'));
        let word = &reason[..end.unwrap_or(reason.len())];
        let path = format!("{section}.{word}");
        let key = (self.keys.iter())
            .find(|key| key.path == path)
            .or_else(|| self.keys.iter().find(|key| key.path == section));
        let place = key.map(|key| format!("{}: ", self.texts.place(key.value.start)));
        complaint(
            format!("{}[{}]", place.unwrap_or_default(), shown(section)),
            reason,
        )
    }

    /// An error about what stands at a position and is no value of a known key.
    pub(super) fn error_at(&self, span: Range<usize>, reason: &str) -> ConfigError {
        complaint(self.texts.place(span.start), reason)
    }

    /// An error about the value of a key, with its place if the key is set.
    pub(super) fn key_error(&self, path: &str, reason: &str) -> ConfigError {
        let key = self.keys.iter().find(|key| key.path == path);
        let place = key.map(|key| format!("{}: ", self.texts.place(key.value.start)));
        complaint(
            format!("{}{}", place.unwrap_or_default(), shown(path)),
            reason,
        )
    }

    /// An error about a key whose value does not fit to others.
    pub(super) fn misfit(&self, Misfit(key, reason): &Misfit) -> ConfigError {
        self.key_error(key, reason)
    }

    /// The innermost value that holds a position.
    fn innermost(&self, span: &Range<usize>) -> Option<&Key> {
        let holds = |key: &&Key| key.value.start <= span.start && span.end <= key.value.end;
        let around = self.keys.iter().filter(holds);
        around.min_by_key(|key| key.value.len())
    }

    /// Refuses values that are placeholders still, all of them at once.
    pub(super) fn no_placeholders(&self) -> Result<(), ConfigError> {
        let unset = |key: &&Key| {
            let text = self.texts.at(&key.value).filter(|_| !key.is_table);
            text.is_some_and(|text| text.contains(PLACEHOLDER))
        };
        let mut all: Vec<&Key> = self.keys.iter().filter(unset).collect();
        all.sort_by_key(|key| key.value.start);
        let Some(first) = all.first() else {
            return Ok(());
        };
        let places = all.iter().map(|key| {
            let (section, name) = key.path.rsplit_once('.').unwrap_or(("", &key.path));
            format!(
                "`{name}`{}",
                complaint::such_as(self.spot(section, None), name)
            )
        });
        let section = first
            .path
            .rsplit_once('.')
            .map_or("", |(section, _)| section);
        let places: Vec<String> = places.collect();
        let reason = format!(
            "put your values where {PLACEHOLDER} stands: {}",
            places.join("; ")
        );
        let place = self.texts.place(first.value.start);
        Err(complaint(format!("{place}: [{}]", shown(section)), &reason))
    }
}

/// Notes all keys of a table and of what is in it.
fn walk(table: &DeTable<'_>, above: &str, keys: &mut Vec<Key>) {
    for (name, value) in table {
        let path = below(above, name.get_ref());
        keys.push(Key {
            path: path.clone(),
            name: name.span(),
            value: value.span(),
            is_table: matches!(value.get_ref(), DeValue::Table(_)),
        });
        walk_value(value.get_ref(), &path, keys);
    }
}

fn walk_value(value: &DeValue<'_>, path: &str, keys: &mut Vec<Key>) {
    match value {
        DeValue::Table(table) => walk(table, path, keys),
        DeValue::Array(values) => {
            for value in values {
                walk_value(value.get_ref(), path, keys);
            }
        }
        _ => {}
    }
}

/// The path of the key `name` in the table at `above`, as it is written in TOML.
pub(super) fn below(above: &str, name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let name = if !name.is_empty() && name.chars().all(plain) {
        Cow::Borrowed(name)
    } else {
        let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
        Cow::Owned(format!("\"{escaped}\""))
    };
    if above.is_empty() {
        name.into_owned()
    } else {
        format!("{above}.{name}")
    }
}

fn complaint(place: String, reason: &str) -> ConfigError {
    ConfigError {
        place,
        reason: shown(reason).within(REASON_BYTES).to_string(),
    }
}

/// Puts `over` onto `base`: tables are merged, everything else is replaced.
fn overlay<'a>(base: &mut DeTable<'a>, over: DeTable<'a>) {
    for (key, value) in over {
        let below = base.remove(key.get_ref().as_ref());
        let value = match (
            below.map(|b| (b.span(), b.into_inner())),
            value.span(),
            value.into_inner(),
        ) {
            (Some((_, DeValue::Table(mut old))), span, DeValue::Table(new)) => {
                overlay(&mut old, new);
                Spanned::new(span, DeValue::Table(old))
            }
            (_, span, other) => Spanned::new(span, other),
        };
        base.insert(key, value);
    }
}
