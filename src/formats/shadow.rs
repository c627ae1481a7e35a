//! shadow(5): `name:password:changed:min:max:warn:inactive:expire:flag`, days since 1970.

use super::fields::{BadField, is_no_entry, is_number_or_empty, join, leading, visible};

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
    /// Reads a line; `None` for one that glibc would pass over: nobody gets in by it, and nothing that it says of the
    /// account holds. Besides nine fields it takes the first five alone, an old form, and eight if the last is a number.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let (read, found) = Self::read(line)?;
        let numbers = read.ageing.iter().chain([&read.expire, &read.flag]);
        let is_sound = match found {
            5 => true,
            6 => read.ageing[3].is_empty(),
            8 => !read.expire.is_empty(),
            9 => true,
            _ => false,
        };
        (is_sound && numbers.into_iter().all(|field| is_number_or_empty(field))).then_some(read)
    }

    /// Reads a line that glibc passes over as far as it can be read, so that it can be mended: what is no number goes.
    pub(crate) fn mended(line: &'a [u8]) -> Option<Self> {
        let (read, _) = Self::read(line)?;
        let number = |field| {
            if is_number_or_empty(field) {
                field
            } else {
                b""
            }
        };
        Some(Self {
            ageing: read.ageing.map(number),
            expire: number(read.expire),
            flag: number(read.flag),
            ..read
        })
    }

    /// The fields, and how many there are.
    fn read(line: &'a [u8]) -> Option<(Self, usize)> {
        if is_no_entry(line) {
            return None;
        }
        let ([name, password, a, b, c, d, e, expire, flag], found) = leading(visible(line));
        let read = Self {
            name,
            password,
            ageing: [a, b, c, d, e],
            expire,
            flag,
        };
        (!name.is_empty()).then_some((read, found))
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
