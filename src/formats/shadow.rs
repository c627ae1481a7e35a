//! shadow(5): `name:password:changed:min:max:warn:inactive:expire:flag`, days since 1970.

use super::fields::{BadField, fields, join};

/// One account's shadow line. Numbers stay text: gosync changes only the password and the expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShadowLine<'a> {
    /// Login name.
    pub name: &'a [u8],
    /// Password hash; a leading `!` locks it.
    pub password: &'a [u8],
    /// The five ageing fields: last change, minimum, maximum, warning, inactivity.
    pub ageing: [&'a [u8]; 5],
    /// The day the account expires; empty: never.
    pub expire: &'a [u8],
    /// Reserved.
    pub flag: &'a [u8],
}

impl<'a> ShadowLine<'a> {
    /// Reads a line; `None` for one that glibc would pass over.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let [name, password, a, b, c, d, e, expire, flag] = fields(line)?;
        (!name.is_empty()).then_some(Self {
            name,
            password,
            ageing: [a, b, c, d, e],
            expire,
            flag,
        })
    }

    /// The line, without its newline.
    ///
    /// # Errors
    /// When a field would break it.
    pub(crate) fn to_line(self) -> Result<Vec<u8>, BadField> {
        let [a, b, c, d, e] = self.ageing;
        join(&[
            self.name,
            self.password,
            a,
            b,
            c,
            d,
            e,
            self.expire,
            self.flag,
        ])
    }

    /// Whether both the password and the account are closed, as gosync closes them: `!` and expiry 1.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_locked() && self.expire == b"1"
    }

    /// Whether the password is locked.
    pub(crate) fn is_locked(&self) -> bool {
        self.password.starts_with(b"!")
    }
}
