//! group(5): `name:password:gid:members`; gshadow(5): `name:password:admins:members`.

use super::fields::{BadField, is_no_entry, join_rest, leading, number, visible};

/// One group's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GroupLine<'a> {
    /// Group name.
    pub name: &'a [u8],
    /// `x`: the password is in gshadow.
    pub password: &'a [u8],
    /// Group id.
    pub gid: u32,
    /// Names, separated by commas; the rest of the line, if that has more fields.
    pub members: &'a [u8],
}

impl<'a> GroupLine<'a> {
    /// Reads a line; `None` for one that glibc would pass over. The name may be empty.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        if is_no_entry(line) {
            return None;
        }
        let ([name, password, gid, members], _) = leading(visible(line));
        Some(Self {
            name,
            password,
            gid: number(gid)?,
            members,
        })
    }

    /// The line, without its newline.
    ///
    /// # Errors
    /// When a field would break it.
    pub(crate) fn to_line(self) -> Result<Vec<u8>, BadField> {
        let gid = self.gid.to_string();
        join_rest(&[self.name, self.password, gid.as_bytes()], self.members)
    }
}

/// One group's shadow line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GshadowLine<'a> {
    /// Group name.
    pub name: &'a [u8],
    /// Group password.
    pub password: &'a [u8],
    /// Group administrators, separated by commas.
    pub admins: &'a [u8],
    /// Names, separated by commas.
    pub members: &'a [u8],
}

impl<'a> GshadowLine<'a> {
    /// Reads a line, of which fields may be missing, or too many; `None` for one with a name alone, or none.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        if is_no_entry(line) {
            return None;
        }
        let ([name, password, admins, members], found) = leading(visible(line));
        (!name.is_empty() && found > 1).then_some(Self {
            name,
            password,
            admins,
            members,
        })
    }

    /// The line, without its newline.
    ///
    /// # Errors
    /// When a field would break it.
    pub(crate) fn to_line(self) -> Result<Vec<u8>, BadField> {
        join_rest(&[self.name, self.password, self.admins], self.members)
    }
}

/// The names in a member list, as bytes.
pub(crate) fn names(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&b| b == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|name| !name.is_empty())
}
