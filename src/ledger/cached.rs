//! Statements that run once for each entry, and are compiled once for all of them.

use rusqlite::{Connection, Params};

/// How many statements stay compiled: more than there are kinds of edits.
pub(super) const STATEMENTS: usize = 64;

/// A connection on which statements stay compiled.
pub(super) trait Cached {
    /// As [`Connection::execute`].
    fn execute_cached(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize>;
}

impl Cached for Connection {
    fn execute_cached(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.prepare_cached(sql)?.execute(params)
    }
}
