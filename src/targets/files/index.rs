//! Indexes beside the databases, and what makes a database fit for them.

use super::db::Db;
use crate::formats::{GroupLine, Lines, PasswdLine, ShadowLine, cache_index};

/// One index of a file.
#[derive(Debug)]
pub(super) struct Index {
    /// What its name has after that of the file.
    pub suffix: &'static str,
    /// What it finds entries by.
    pub by: By,
}

/// What entries are found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The name.
    Name,
    /// The uid or gid.
    Number,
}

impl Index {
    /// Its bytes, for a file that holds `db`.
    pub(super) fn of(&self, db: Db, lines: &Lines) -> Vec<u8> {
        cache_index::index(lines, |line| key(db, self.by, line))
    }
}

/// Whether readers find any entry in a file.
pub(super) fn has_entries(db: Db, lines: &Lines) -> bool {
    lines.iter().any(|line| is_entry(db, line))
}

/// A new version of a file that an index of the old one leads nobody astray in.
pub(super) fn fitted(db: Db, old: &Lines, new: Vec<u8>) -> Vec<u8> {
    cache_index::apart(old, &Lines::new(new), |line| is_entry(db, line))
}

fn is_entry(db: Db, line: &[u8]) -> bool {
    key(db, By::Name, line).is_some()
}

/// The key of a line; `None`: readers pass over it, or nothing is found in such a database by it.
fn key(db: Db, by: By, line: &[u8]) -> Option<Vec<u8>> {
    let (name, number) = match db {
        Db::Passwd => PasswdLine::parse(line).map(|line| (line.name, Some(line.uid)))?,
        Db::Group => GroupLine::parse(line).map(|line| (line.name, Some(line.gid)))?,
        Db::Shadow => ShadowLine::parse(line).map(|line| (line.name, None))?,
        Db::Gshadow | Db::Subuid | Db::Subgid => return None,
    };
    match by {
        By::Name => Some(name.to_vec()),
        By::Number => number.map(number_key),
    }
}

/// A number as libnss-cache asks for it: signed, in a buffer of ten characters. Where that makes several one, the reader
/// sees that the entry has another number, and goes through the file.
fn number_key(number: u32) -> Vec<u8> {
    let mut text = number.cast_signed().to_string().into_bytes();
    text.truncate(10);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_the_reader_writes_them() {
        let text = |number| String::from_utf8(number_key(number)).unwrap();
        assert_eq!(text(20001), "20001");
        assert_eq!(text(2_147_483_647), "2147483647");
        assert_eq!(text(2_147_483_648), "-214748364");
        assert_eq!(text(4_294_967_294), "-2");
    }

    #[test]
    fn comments_and_malformed_lines_are_in_no_index() {
        let lines = Lines::new(b"# a:x:1:1::/:\nb:x:2:2::/:\nodd\n+n::::::\n".to_vec());
        let by = |by| Index { suffix: "", by }.of(Db::Passwd, &lines);
        assert_eq!(by(By::Name), b"b\x0014\0\n");
        assert_eq!(by(By::Number), b"2\x0014\0\n");
        assert!(has_entries(Db::Passwd, &lines) && !has_entries(Db::Passwd, &Lines::default()));
    }
}
