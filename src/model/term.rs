//! Who writes: the name of an admin host, and its term in a directory.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// The name of a host that gives out numbers, as `[writers]` has it; letters count alike in whatever case, as in names of hosts.
#[derive(Clone, Debug)]
pub struct WriterName(String);

impl WriterName {
    /// The longest that there is.
    const MAX_BYTES: usize = 253;

    /// Checks a name: letters, digits, dots, hyphens and underscores.
    pub fn new(text: &str) -> Option<Self> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        let fits = (1..=Self::MAX_BYTES).contains(&text.len()) && text.bytes().all(is_plain);
        fits.then(|| Self(text.to_owned()))
    }

    /// The name as text; safe to print.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl PartialEq for WriterName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for WriterName {}

impl PartialOrd for WriterName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for WriterName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl fmt::Display for WriterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for WriterName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| {
            serde::de::Error::custom(
                "it is no name of a host, such as admin1 or admin1.example.org",
            )
        })
    }
}

/// For how long a host writes: each takeover begins a new term, with a higher number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Who writes.
    pub writer: WriterName,
    /// Which term it is; the first one is 1.
    pub number: u64,
}

impl Term {
    /// The term that follows this one; of none, the first.
    pub fn after(before: Option<&Self>, writer: &WriterName) -> Self {
        Self {
            writer: writer.clone(),
            number: before.map_or(1, |before| before.number.saturating_add(1)),
        }
    }
}

/// An account or a group as a directory has it: whose it is, and its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whether it is a group.
    pub kind: super::history::EntryKind,
    /// The provider's id, if it carries one.
    pub id: Option<super::RemoteId>,
    /// What it is called there.
    pub name: String,
    /// Its uid or gid.
    pub number: u32,
    /// The name of the entry, for messages.
    pub place: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_hosts_are_the_same_in_whatever_case() {
        let name = |text: &str| WriterName::new(text).unwrap();
        assert_eq!(name("Admin1"), name("admin1"));
        assert!(name("admin1") < name("ADMIN2"));
        for odd in ["", "a b", "a)", "ä"] {
            assert!(WriterName::new(odd).is_none(), "{odd}");
        }
    }

    #[test]
    fn each_term_has_a_higher_number() {
        let me = WriterName::new("admin2").unwrap();
        let first = Term::after(None, &me);
        assert_eq!(first.number, 1);
        assert_eq!(Term::after(Some(&first), &me).number, 2);
    }
}
