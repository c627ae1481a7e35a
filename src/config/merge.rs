//! Several TOML texts as one table whose positions still lead back to file, line and column.

use std::borrow::Cow;
use std::ops::Range;
use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::ConfigError;
use crate::model::shown;

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
            let table = DeTable::parse(text).map_err(|e| self.error(e.span(), e.message()))?;
            overlay(&mut merged, table.into_inner());
        }
        Ok(merged)
    }

    /// Reads a value as a `T`, saying where it does not fit.
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
            .map_err(|e| self.error(e.span().or(Some(whole)), e.message()))
    }

    /// An error at a position.
    pub(super) fn error(&self, span: Option<Range<usize>>, reason: &str) -> ConfigError {
        ConfigError {
            place: self.place(span.map_or(0, |s| s.start)),
            reason: shown(reason).within(REASON_BYTES).to_string(),
        }
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

/// Takes the table `key` out of `table`, as its entries.
pub(super) fn take_tables<'a>(
    table: &mut DeTable<'a>,
    key: &str,
    texts: &Texts,
) -> Result<Vec<(String, Spanned<DeTable<'a>>)>, ConfigError> {
    let Some(value) = table.remove(key) else {
        return Ok(Vec::new());
    };
    let span = value.span();
    let DeValue::Table(entries) = value.into_inner() else {
        return Err(texts.error(
            Some(span),
            &format!("`{key}` must be written as [{key}.NAME]"),
        ));
    };
    let mut out = Vec::new();
    for (name, entry) in entries {
        let span = entry.span();
        let DeValue::Table(inner) = entry.into_inner() else {
            return Err(texts.error(
                Some(span),
                &format!("`{key}` must be written as [{key}.NAME]"),
            ));
        };
        out.push((
            Cow::into_owned(name.into_inner()),
            Spanned::new(span, inner),
        ));
    }
    Ok(out)
}
