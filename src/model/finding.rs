//! What a reading shows that somebody should look at, though it can be used: told once a run, and nothing follows from it
//! for any account.

use std::collections::BTreeSet;

use super::{Untrusted, first_names};

/// How many examples are kept of one finding.
const KEPT: usize = 3;

/// One thing that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Members of a group who are nobody that was read.
    UnknownMembers {
        /// The group.
        group: Untrusted,
        /// What is listed there.
        members: Examples,
        /// What it looks like.
        hint: Option<MemberHint>,
    },
    /// Several entries want one login or number.
    Twins {
        /// What they want, such as `the login ann`.
        what: String,
        /// Where they are.
        places: Examples,
    },
    /// The gids of primary groups that records name, where nobody gets his primary group from there.
    PrimaryGids(BTreeSet<u32>),
    /// An attribute that the configuration names, and that no record has.
    UnusedAttribute {
        /// The key in the provider's section, such as `attributes.uid`.
        key: String,
        /// The attribute.
        attribute: String,
    },
    /// Attributes that somebody wants, and of which the provider's section does not say where they are.
    UnmappedAttributes(Vec<String>),
    /// Answers of another media type than the protocol's, which could be read all the same.
    MediaType {
        /// What it said.
        said: Untrusted,
    },
    /// A server that cannot stand a page size, and was read without.
    NoPages {
        /// How it answered to one.
        answer: String,
    },
    /// References to other servers that were passed over, as the configuration wishes.
    IgnoredReferrals {
        /// Where they are, and where to.
        places: Examples,
    },
}

/// What members whom nobody knows look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberHint {
    /// Logins in another case; the server compares this attribute letter by letter.
    OtherCase,
    /// Distinguished names where logins belong.
    Dn,
    /// Numbers where logins belong.
    Number,
    /// Logins where ids belong.
    LoginForId,
}

/// The first of some texts, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examples {
    first: Vec<Untrusted>,
    count: usize,
}

impl Examples {
    /// Adds one; the first few are kept.
    pub fn add(&mut self, text: &str) {
        self.count += 1;
        if self.first.len() < KEPT {
            self.first.push(Untrusted::new(text));
        }
    }

    /// Adds those.
    pub fn extend(&mut self, texts: impl IntoIterator<Item = String>) {
        texts.into_iter().for_each(|text| self.add(&text));
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl<'a> FromIterator<&'a str> for Examples {
    fn from_iter<I: IntoIterator<Item = &'a str>>(texts: I) -> Self {
        let mut all = Self::default();
        texts.into_iter().for_each(|text| all.add(text));
        all
    }
}

impl std::fmt::Display for Examples {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&first_names(self.first.iter().map(Untrusted::raw), KEPT))?;
        match self.count - self.first.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_the_first_few_and_the_number_of_the_rest() {
        let of = |texts: &[&str]| texts.iter().copied().collect::<Examples>().to_string();
        assert_eq!(of(&["a"]), "a");
        assert_eq!(of(&["a", "b\n", "c"]), "a, b\\n, c");
        assert_eq!(of(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }
}
