//! What a search asks for, and how it ended. Pure.

use std::collections::BTreeSet;

use super::error::Error;

/// What to look for.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    /// The entry below which to look.
    pub base: &'a str,
    /// Only the entry `base` itself, not what is below it.
    pub alone: bool,
    /// Which entries to find (RFC 4515).
    pub filter: &'a str,
    /// Which attributes of theirs to send.
    pub attributes: &'a [&'a str],
    /// Whether entries that refer to other servers are sought themselves.
    pub referrals: bool,
}

impl<'a> Request<'a> {
    /// Everything at and below `base`.
    pub(crate) fn below(base: &'a str, filter: &'a str, attributes: &'a [&'a str]) -> Self {
        Self {
            base,
            alone: false,
            filter,
            attributes,
            referrals: false,
        }
    }

    /// The entries at and below `base` that refer to other servers, with where they refer to in `ref` (RFC 3296).
    pub(crate) fn referrals(base: &'a str) -> Self {
        Self {
            referrals: true,
            ..Self::below(base, "(objectClass=referral)", &["ref"])
        }
    }

    /// The entry `dn` alone.
    pub(crate) fn alone(dn: &'a str, filter: &'a str, attributes: &'a [&'a str]) -> Self {
        Self {
            base: dn,
            alone: true,
            filter,
            attributes,
            referrals: false,
        }
    }
}

/// How a search ended.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Entries that were handed over.
    pub entries: usize,
    /// Pages that were begun.
    pub pages: usize,
    /// Why it is not whole.
    pub early: Option<Error>,
    /// The result code of the last page.
    pub code: u32,
    /// Where it was referred to for a part of the answer.
    pub references: BTreeSet<String>,
    /// It was asked for pages, and did not say whether there is another one.
    pub unpaged: bool,
}

impl Outcome {
    /// There is no entry `base`.
    pub(crate) fn no_base(&self) -> bool {
        self.code == 32
    }

    /// There is no entry `base` that we could have read: it is not there, we may not see it, or its
    /// name is no name.
    pub(crate) fn unseen(&self) -> bool {
        matches!(self.code, 32 | 34 | 50)
    }
}
