//! Numbers and identifiers: uids, gids, ranges of them, and the provider's own immutable ids.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::text::shown_as_it_is;

/// Ids that mean something to the kernel or to systemd: the overflow id, "no id" in 16 bits, and root.
/// Source: systemd's UIDS-GIDS document; `chown(2)` for -1.
const RESERVED: [u32; 3] = [0, 65_534, 65_535];

macro_rules! numeric_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(u32);

        impl $name {
            /// Checks a number: 1 to 2^31-1, and none of the reserved ones.
            pub fn new(n: u32) -> Option<Self> {
                (n < 1 << 31 && !RESERVED.contains(&n)).then_some(Self(n))
            }

            /// The number.
            pub fn get(self) -> u32 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

numeric_id!(
    /// A user id that gosync may give to an account.
    Uid
);
numeric_id!(
    /// A group id that gosync may give to a group or use as a primary group.
    Gid
);

/// An inclusive range of ids, as in `uid_range = [20000, 59999]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "(u32, u32)", into = "(u32, u32)")]
pub struct IdRange {
    first: u32,
    last: u32,
}

impl IdRange {
    /// The range from `first` to `last`, both included.
    ///
    /// # Errors
    /// When it is empty, begins below 100 (the range that Debian's policy gives out statically), or reaches 2^31.
    pub fn new(first: u32, last: u32) -> Result<Self, String> {
        match (first, last) {
            (f, l) if f > l => Err(format!("the range [{f}, {l}] is empty")),
            (f, _) if f < 100 => Err(format!(
                "the range begins at {f}; ids below 100 belong to the system"
            )),
            (_, l) if l >= 1 << 31 => Err(format!(
                "the range ends at {l}; the highest id is 2147483647"
            )),
            (first, last) => Ok(Self { first, last }),
        }
    }

    /// Whether the range holds `n`.
    pub fn contains(self, n: u32) -> bool {
        (self.first..=self.last).contains(&n)
    }

    /// All numbers of the range, in order.
    pub fn iter(self) -> impl Iterator<Item = u32> {
        self.first..=self.last
    }

    /// How many ids the range holds.
    pub fn size(self) -> u32 {
        self.last - self.first + 1
    }
}

impl TryFrom<(u32, u32)> for IdRange {
    type Error = String;
    fn try_from((first, last): (u32, u32)) -> Result<Self, String> {
        Self::new(first, last)
    }
}

impl From<IdRange> for (u32, u32) {
    fn from(range: IdRange) -> Self {
        (range.first, range.last)
    }
}

impl fmt::Display for IdRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.first, self.last)
    }
}

/// A provider's immutable id of a user or group: opaque, never derived from a name. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RemoteId(Arc<str>);

impl RemoteId {
    /// The most bytes an id may have.
    pub const MAX_BYTES: usize = 256;

    /// What is wrong with a text that is none, for messages.
    pub const UNFIT: &str =
        "is no text of 1 to 256 bytes that shows as it is, without blanks at its ends";

    /// Checks an id: 1 to 256 bytes that show as they are, with blanks only between other characters.
    pub fn new(text: &str) -> Option<Self> {
        let is_plain = |b: u8| b.is_ascii_graphic() || b == b' ';
        let is_shown = |c: char| c == ' ' || !c.is_whitespace() && shown_as_it_is(c);
        let fits = (1..=Self::MAX_BYTES).contains(&text.len())
            && !text.starts_with(' ')
            && !text.ends_with(' ')
            // Without an end before the end, many bytes are looked at in one step.
            && (text.bytes().fold(true, |all, b| all & is_plain(b)) || text.chars().all(is_shown));
        fits.then(|| Self(text.into()))
    }

    /// What sorts as ids do, and mostly without a look at the text, which may be anywhere in memory.
    pub fn sort_key(&self) -> (u64, &str) {
        let mut first = [0; 8];
        first
            .iter_mut()
            .zip(self.0.bytes())
            .for_each(|(to, from)| *to = from);
        (u64::from_be_bytes(first), &self.0)
    }

    /// The id as text; safe to print.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for RemoteId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| serde::de::Error::custom(format!("the id {}", Self::UNFIT)))
    }
}

impl fmt::Display for RemoteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RemoteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for RemoteId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sort_keys_are_in_the_order_of_the_ids(a in "[!-~]{1,12}", b in "[!-~]{1,12}") {
            let (a, b) = (RemoteId::new(&a).unwrap(), RemoteId::new(&b).unwrap());
            prop_assert_eq!(a.sort_key().cmp(&b.sort_key()), a.cmp(&b));
        }
    }

    #[test]
    fn an_id_is_any_text_that_shows_as_it_is() {
        for id in [
            "17",
            "../Groups",
            "50%2Fx",
            "max muster",
            "Zoë-1",
            "a\\b",
            "o'b",
            "名前",
            "Zoe\u{308}",
        ] {
            assert_eq!(RemoteId::new(id).unwrap().to_string(), id);
            assert_eq!(crate::model::shown(id).to_string(), id);
        }
        let long = "x".repeat(257);
        for text in [
            "",
            " ",
            " a",
            "a ",
            "a\tb",
            "a\nb",
            "a\u{1b}b",
            "a\u{202e}b",
            "a\u{200b}b",
            "a\u{a0}b",
            "a\u{feff}",
            &long,
        ] {
            assert_eq!(RemoteId::new(text), None, "{text:?}");
        }
    }

    #[test]
    fn reserved_numbers_are_no_ids() {
        for n in [0, 65_534, 65_535, 1 << 31, u32::MAX, u32::MAX - 1] {
            assert_eq!(Uid::new(n), None, "{n}");
            assert_eq!(Gid::new(n), None, "{n}");
        }
        assert_eq!(Uid::new(20_000).map(Uid::get), Some(20_000));
    }

    #[test]
    fn ranges_refuse_what_cannot_be_meant() {
        assert!(IdRange::new(5, 10).is_err());
        assert!(IdRange::new(2000, 1000).is_err());
        assert!(IdRange::new(2000, u32::MAX).is_err());
        assert_eq!(
            IdRange::new(1000, 1002).unwrap().iter().collect::<Vec<_>>(),
            [1000, 1001, 1002]
        );
    }
}
