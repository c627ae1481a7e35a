//! passwd(5): `name:password:uid:gid:gecos:home:shell`.

use super::fields::{BadField, fields, join, number};

/// One account's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PasswdLine<'a> {
    /// Login name.
    pub name: &'a [u8],
    /// `x`: the password is in shadow.
    pub password: &'a [u8],
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Full name and more.
    pub gecos: &'a [u8],
    /// Home directory.
    pub home: &'a [u8],
    /// Login shell.
    pub shell: &'a [u8],
}

impl<'a> PasswdLine<'a> {
    /// Reads a line; `None` for one that glibc would pass over.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let [name, password, uid, gid, gecos, home, shell] = fields(line)?;
        let name = name.trim_ascii_start();
        (!name.is_empty()).then_some(())?;
        Some(Self {
            name,
            password,
            uid: number(uid)?,
            gid: number(gid)?,
            gecos,
            home,
            shell,
        })
    }

    /// Whether the password is in shadow. Else programs look there for nothing, neither for a lock nor for an expiry.
    pub(crate) fn is_shadowed(&self) -> bool {
        self.password == b"x"
    }

    /// The line, without its newline.
    ///
    /// # Errors
    /// When a field would break it.
    pub(crate) fn to_line(self) -> Result<Vec<u8>, BadField> {
        let (uid, gid) = (self.uid.to_string(), self.gid.to_string());
        join(&[
            self.name,
            self.password,
            uid.as_bytes(),
            gid.as_bytes(),
            self.gecos,
            self.home,
            self.shell,
        ])
    }
}
