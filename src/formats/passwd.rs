//! passwd(5): `name:password:uid:gid:gecos:home:shell`.

use super::fields::{BadField, is_no_entry, join, join_rest, leading, number, visible};

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
    /// Login shell; the rest of the line, if that has more fields.
    pub shell: &'a [u8],
}

/// How many fields a line has.
const FIELDS: usize = 7;

impl<'a> PasswdLine<'a> {
    /// Reads a line; `None` for one that glibc would pass over. The name may be empty, and so are fields that it lacks;
    /// up to the gid it must have all.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        if is_no_entry(line) {
            return None;
        }
        let ([name, password, uid, gid, gecos, home, shell], _) = leading::<FIELDS>(visible(line));
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
        let ids = [self.name, self.password, uid.as_bytes(), gid.as_bytes()];
        join_rest(&[&ids[..], &[self.gecos, self.home]].concat(), self.shell)
    }

    /// The line in the place of one that was found, without its newline. What stands in it already may stay.
    ///
    /// # Errors
    /// When a field that is new would break it.
    pub(crate) fn to_line_after(self, found: &Self) -> Result<Vec<u8>, BadField> {
        let new = |field, before| if field == before { &b""[..] } else { field };
        join(&[
            new(self.name, found.name),
            new(self.password, found.password),
            new(self.gecos, found.gecos),
            new(self.home, found.home),
            new(self.shell, found.shell),
        ])?;
        let (uid, gid) = (self.uid.to_string(), self.gid.to_string());
        let ids = [self.name, self.password, uid.as_bytes(), gid.as_bytes()];
        Ok([&ids[..], &[self.gecos, self.home, self.shell]]
            .concat()
            .join(&b':'))
    }
}
