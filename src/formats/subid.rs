//! subuid(5) and subgid(5): `owner:first:count`.

use super::fields::{BadField, fields, join, number};

/// One range of subordinate ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SubidLine<'a> {
    /// Login name, or a uid as text.
    pub owner: &'a [u8],
    /// The first id.
    pub first: u32,
    /// How many.
    pub count: u32,
}

impl<'a> SubidLine<'a> {
    /// Reads a line; `None` for one that readers would pass over.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let [owner, first, count] = fields(line)?;
        (!owner.is_empty()).then_some(())?;
        Some(Self {
            owner,
            first: number(first)?,
            count: number(count)?,
        })
    }

    /// The line, without its newline.
    ///
    /// # Errors
    /// When a field would break it.
    pub(crate) fn to_line(self) -> Result<Vec<u8>, BadField> {
        join(&[
            self.owner,
            self.first.to_string().as_bytes(),
            self.count.to_string().as_bytes(),
        ])
    }
}
