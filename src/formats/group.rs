//! group(5): `name:password:gid:members`; gshadow(5): `name:password:admins:members`.

use super::fields::{BadField, fields, join, number};

/// One group's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GroupLine<'a> {
    /// Group name.
    pub name: &'a [u8],
    /// `x`: the password is in gshadow.
    pub password: &'a [u8],
    /// Group id.
    pub gid: u32,
    /// Names, separated by commas.
    pub members: &'a [u8],
}

impl<'a> GroupLine<'a> {
    /// Reads a line; `None` for one that glibc would pass over.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let [name, password, gid, members] = fields(line)?;
        let name = name.trim_ascii_start();
        (!name.is_empty()).then_some(())?;
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
        join(&[
            self.name,
            self.password,
            self.gid.to_string().as_bytes(),
            self.members,
        ])
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
    /// Reads a line; `None` for one that glibc would pass over.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let [name, password, admins, members] = fields(line)?;
        (!name.is_empty()).then_some(Self {
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
        join(&[self.name, self.password, self.admins, self.members])
    }
}

/// The names in a member list, as bytes.
pub(crate) fn names(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&b| b == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|name| !name.is_empty())
}
