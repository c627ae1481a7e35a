//! How values stand in columns: enums as words, ids as texts and numbers that can be ids; and columns by name.
//!
//! Each is written and read here alone. Which words there are is part of the schema: one is never changed.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::model::history::EntryKind;
use crate::model::owned::State;
use crate::model::{Gid, Members, RemoteId, Uid};
use crate::policy::keys::Place;

/// A value that cannot be in its column.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` cannot be")]
pub(super) struct Nonsense(pub(super) String);

pub(super) fn nonsense(what: impl Into<String>) -> FromSqlError {
    FromSqlError::Other(Box::new(Nonsense(what.into())))
}

/// The words of an enum, both ways.
macro_rules! words {
    ($type:ty { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl rusqlite::types::ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                let word: &str = match self { $(Self::$variant => $word),+ };
                Ok(word.into())
            }
        }

        impl rusqlite::types::FromSql for $type {
            fn column_result(
                value: rusqlite::types::ValueRef<'_>,
            ) -> rusqlite::types::FromSqlResult<Self> {
                match value.as_str()? {
                    $($word => Ok(Self::$variant),)+
                    other => Err($crate::ledger::columns::nonsense(other)),
                }
            }
        }
    };
}

words!(Place { Directory = "directory", Home = "home", None = "none" });

/// Enums whose words others need, too.
macro_rules! known_words {
    ($($type:ty),+) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let word = value.as_str()?;
                Self::from_word(word).ok_or_else(|| nonsense(word))
            }
        }
    )+};
}

known_words!(State, EntryKind);

impl ToSql for RemoteId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for RemoteId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        Self::new(text).ok_or_else(|| nonsense(text))
    }
}

impl ToSql for Members {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for Members {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str().map(|text| Self::written(text.to_owned()))
    }
}

impl FromSql for Uid {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = u32::column_result(value)?;
        Self::new(number).ok_or_else(|| nonsense(format!("uid {number}")))
    }
}

impl FromSql for Gid {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = u32::column_result(value)?;
        Self::new(number).ok_or_else(|| nonsense(format!("gid {number}")))
    }
}

/// The places of named columns in a statement, looked up once for all its rows.
macro_rules! columns {
    ($type:ident { $($column:ident),+ $(,)? }) => {
        struct $type { $($column: usize),+ }

        impl $type {
            fn of(statement: &rusqlite::Statement<'_>) -> rusqlite::Result<Self> {
                Ok(Self { $($column: statement.column_index(stringify!($column))?),+ })
            }
        }
    };
}
pub(super) use {columns, words};
