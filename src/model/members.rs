//! Lists of members: as the databases have them, and as gosync keeps them.
//!
//! Both stay the one text with commas that they are read from and written as, since a large directory has some 400,000
//! memberships, and a text of its own for each would take longer than all else that is done with them. What a name in
//! such a text is stands here alone: blanks around it do not count, and nothing between two commas is no name. glibc
//! reads group(5) so, but for a blank after a name, which useradd(8) and its like never write.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::ODD;

/// The names in a text with commas.
fn split(list: &str) -> impl Iterator<Item = &str> {
    list.split(',')
        .map(str::trim_ascii)
        .filter(|name| !name.is_empty())
}

/// The fourth field of a line of group(5): in whatever order and form it was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberList<'a>(&'a str);

impl<'a> MemberList<'a> {
    /// The names, in the order found; one may come twice.
    pub fn names(self) -> impl Iterator<Item = &'a str> {
        split(self.0)
    }

    /// The names, to look them up.
    pub fn set(self) -> BTreeSet<&'a str> {
        self.names().collect()
    }

    /// Whether it has this name.
    pub fn contains(self, name: &str) -> bool {
        self.names().any(|member| member == name)
    }

    /// Whether the names are known. Those of a list that is not UTF-8 are not.
    pub fn is_text(self) -> bool {
        self.0 != ODD
    }
}

impl<'a> From<&'a str> for MemberList<'a> {
    fn from(field: &'a str) -> Self {
        Self(field)
    }
}

/// Members that gosync put into a group: sorted, none twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Members(String);

/// No members.
static NOBODY: Members = Members(String::new());

impl Members {
    /// No members, where a reference is wanted.
    pub fn nobody() -> &'static Self {
        &NOBODY
    }

    /// Takes a text that [`as_str`](Self::as_str) gave as it is: the ledger's.
    pub fn written(text: String) -> Self {
        Self(text)
    }

    /// The names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        split(&self.0)
    }

    /// The names, to look them up.
    pub fn set(&self) -> BTreeSet<&str> {
        self.names().collect()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.names().count()
    }

    /// As one text with commas.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether these are the names of a list that was found in the same form. One that has the same names in another
    /// order is not told apart from one with other names: this is the cheap question, asked first.
    pub fn stand_as(&self, found: MemberList<'_>) -> bool {
        self.0 == found.0
    }

    /// Whether these are the names, which come sorted.
    pub fn are<'n>(&self, names: impl Iterator<Item = &'n str>) -> bool {
        self.names().eq(names)
    }

    /// All but this one, and `other` in its place if that is given.
    pub fn replaced(&self, name: &str, other: Option<&str>) -> Self {
        let rest = self.names().filter(|member| *member != name);
        rest.chain(other).collect()
    }
}

/// Any text with commas.
impl From<&str> for Members {
    fn from(text: &str) -> Self {
        split(text).collect()
    }
}

impl<'n> FromIterator<&'n str> for Members {
    fn from_iter<I: IntoIterator<Item = &'n str>>(names: I) -> Self {
        let mut names: Vec<&str> = names.into_iter().collect();
        if !names.is_sorted_by(|a, b| a < b) {
            names.sort_unstable();
            names.dedup();
        }
        Self(names.join(","))
    }
}

impl fmt::Display for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_empty_names_do_not_count() {
        for text in ["", ",", " , ,"] {
            assert!(Members::from(text).is_empty(), "{text:?}");
            assert_eq!(MemberList::from(text).names().count(), 0, "{text:?}");
        }
        let found = MemberList::from("zoe, ann,,bob ,ann");
        assert_eq!(
            found.names().collect::<Vec<_>>(),
            ["zoe", "ann", "bob", "ann"]
        );
        assert!(found.contains("ann") && !found.contains("") && !found.contains("cat"));
        assert!(found.is_text() && !MemberList::from(ODD).is_text());
    }

    #[test]
    fn members_are_sorted_and_none_is_there_twice() {
        for text in ["ann,bob,zoe", "zoe, ann,,bob ,ann", "ann,bob,zoe,"] {
            let members = Members::from(text);
            assert_eq!(members.as_str(), "ann,bob,zoe");
            assert_eq!(members.count(), 3);
            assert!(members.stand_as("ann,bob,zoe".into()));
            assert!(members.are(["ann", "bob", "zoe"].into_iter()));
        }
    }

    #[test]
    fn one_goes_or_gets_another_name() {
        let members = Members::from("ann,bob,zoe");
        assert_eq!(members.replaced("bob", None).as_str(), "ann,zoe");
        assert_eq!(members.replaced("bob", Some("zzz")).as_str(), "ann,zoe,zzz");
        assert_eq!(members.replaced("bob", Some("ann")).as_str(), "ann,zoe");
    }
}
