//! Names of accounts and groups that gosync may create.
//!
//! The rule is stricter than shadow's and systemd's, because these names become paths, arguments and members of
//! lists: `[a-z_][a-z0-9_-]{0,31}`, with dots only where the configuration allows them (systemd's USER_NAMES
//! document; shadow `lib/chkname.c`). Names met on the host are plain text and may be anything.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest name: what `utmp(5)` can hold, and Debian's limit for groups.
pub(crate) const MAX_BYTES: usize = 32;

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing is left of it.
    #[error("is empty")]
    Empty,
    /// Longer than [`MAX_BYTES`].
    #[error("is longer than 32 bytes")]
    TooLong,
    /// The first character is none of `a` to `z` and `_`.
    #[error("does not begin with a letter or `_`")]
    BadStart,
    /// A later character is not allowed.
    #[error("has a character other than a-z, 0-9, `_` and `-`")]
    BadCharacter,
    /// A dot where the configuration allows none.
    #[error("has a dot")]
    Dot,
}

fn check(text: &str, dots: bool) -> Result<(), BadName> {
    let mut bytes = text.bytes();
    match bytes.next() {
        None => return Err(BadName::Empty),
        Some(b'a'..=b'z' | b'_') => {}
        Some(_) => return Err(BadName::BadStart),
    }
    for b in bytes {
        match b {
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => {}
            b'.' if dots => {}
            b'.' => return Err(BadName::Dot),
            _ => return Err(BadName::BadCharacter),
        }
    }
    if text.len() > MAX_BYTES {
        Err(BadName::TooLong)
    } else {
        Ok(())
    }
}

/// The name of an account. Cheap to clone: it stands in the lists of many groups.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UserName(Arc<str>);

impl UserName {
    /// Checks a name; `dots` says whether dots are allowed.
    ///
    /// # Errors
    /// Which rule it breaks.
    pub fn new(text: &str, dots: bool) -> Result<Self, BadName> {
        check(text, dots).map(|()| Self(text.into()))
    }
}

/// The name of a group on this host: the configured prefix and a checked name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct GroupName(Box<str>);

impl GroupName {
    /// Checks `text` and puts `prefix` before it; the whole may have [`MAX_BYTES`].
    ///
    /// # Errors
    /// Which rule it breaks.
    pub fn new(prefix: &GroupPrefix, text: &str, dots: bool) -> Result<Self, BadName> {
        check(text, dots)?;
        let name = format!("{}{text}", prefix.0);
        if name.len() > MAX_BYTES {
            Err(BadName::TooLong)
        } else {
            Ok(Self(name.into()))
        }
    }
}

impl GroupName {
    /// A name that gosync gave before, whatever the prefix is now.
    ///
    /// # Errors
    /// When it cannot have been one.
    pub fn known(text: &str) -> Result<Self, BadName> {
        let plain = text
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'@' | b'-'));
        match text.len() {
            0 => Err(BadName::Empty),
            1..=MAX_BYTES if plain && !text.starts_with('-') => Ok(Self(text.into())),
            1..=MAX_BYTES => Err(BadName::BadCharacter),
            _ => Err(BadName::TooLong),
        }
    }
}

impl From<&UserName> for GroupName {
    /// The group of an account's own.
    fn from(user: &UserName) -> Self {
        Self(user.0.as_ref().into())
    }
}

/// What stands before every group's name, such as `@`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct GroupPrefix(String);

impl TryFrom<String> for GroupPrefix {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::new(&text)
    }
}

impl GroupPrefix {
    /// Checks a prefix: at most 8 of `a-z 0-9 _ . @ -`, and not beginning with `-` (an option) or a digit.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn new(text: &str) -> Result<Self, String> {
        let first_fits = text
            .bytes()
            .next()
            .is_none_or(|b| b != b'-' && !b.is_ascii_digit());
        let all_fit = text
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'@' | b'-'));
        if first_fits && all_fit && text.len() <= 8 {
            Ok(Self(text.to_owned()))
        } else {
            Err("a group prefix is at most 8 of a-z 0-9 _ . @ -, and begins neither with - nor a digit".to_owned())
        }
    }
}

macro_rules! text_like {
    ($name:ident) => {
        impl $name {
            /// The name as text; safe to print.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text_like!(UserName);
text_like!(GroupName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_useradd_takes_and_gosync_does_not() {
        let bad = [
            "",
            ".",
            "..",
            "a/b",
            "1234",
            "0day",
            "a;id",
            "#x",
            "rооt",
            "-x",
            "+x",
            "~a",
            "a b",
            "a:b",
            "a\nb",
            "a$",
            "Root",
            "a,b",
            "x123456789012345678901234567890123",
        ];
        for name in bad {
            assert!(UserName::new(name, false).is_err(), "{name:?}");
        }
        assert!(UserName::new("x1234567890123456789012345678901", false).is_ok());
    }

    #[test]
    fn dots_are_an_option() {
        assert_eq!(UserName::new("ann.lee", false), Err(BadName::Dot));
        assert!(UserName::new("ann.lee", true).is_ok());
        assert_eq!(UserName::new(".ann", true), Err(BadName::BadStart));
    }

    #[test]
    fn a_group_counts_its_prefix() {
        let at = GroupPrefix::new("@").unwrap();
        assert_eq!(
            GroupName::new(&at, "osg.test", true).unwrap().as_str(),
            "@osg.test"
        );
        assert_eq!(
            GroupName::new(&at, &"x".repeat(32), true),
            Err(BadName::TooLong)
        );
        for bad in ["-", "1", ":", "a b", "\n", "waytoolongprefix"] {
            assert!(GroupPrefix::new(bad).is_err(), "{bad:?}");
        }
    }
}
