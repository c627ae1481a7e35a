//! What a host's account databases say, as far as planning needs it.
//!
//! Borrowed from the bytes that were read. Text that is not UTF-8 stands as [`ODD`], which equals nothing that gosync
//! would write.

use std::collections::{BTreeMap, BTreeSet};

use super::by_name::ByName;
use super::fields::AccountFields;
use super::id_ranges::IdRanges;
use super::members::MemberList;
use super::power::{PowerBook, Powers};
use super::shells::Shells;
pub(crate) use super::text::ODD;

/// A host's accounts, groups and ids in use.
#[derive(Clone, Debug, Default)]
pub struct Host<'a> {
    /// Accounts by name; of several lines with one name, the first, as glibc reads them.
    pub accounts: ByName<'a, HostAccount<'a>>,
    /// Groups by name, likewise.
    pub groups: ByName<'a, HostGroup<'a>>,
    /// Names that more than one line has.
    pub repeated: BTreeSet<&'a str>,
    /// Names of lines that readers pass over, since they are malformed.
    pub broken: BTreeSet<&'a str>,
    /// Every uid and gid in use, in one set: gosync gives no id that is either.
    pub ids: BTreeSet<u32>,
    /// What other name services of the host say, as far as they were asked.
    pub elsewhere: Elsewhere,
    /// Subordinate ids in use.
    pub subids: IdRanges,
    /// The shells that an account may have.
    pub shells: Shells<'a>,
    /// The databases as they were read, by path; `None`: there is no such file.
    pub databases: BTreeMap<String, Option<&'a [u8]>>,
    /// Whom other files of the host give power to; `None`: nobody.
    pub power_book: Option<&'a PowerBook<'a>>,
}

impl Host<'_> {
    /// Whom other files of the host give power to.
    pub(crate) fn powers(&self) -> Option<&Powers> {
        self.power_book.map(PowerBook::get)
    }
}

/// What other name services of a host say.
#[derive(Clone, Debug, Default)]
pub struct Elsewhere {
    /// Names that they know, with their uid or gid.
    pub known: BTreeMap<String, u32>,
    /// Names and numbers of which nobody can say whether they know them, and why.
    pub unanswered: BTreeMap<String, String>,
}

impl Elsewhere {
    /// Whether all that was asked about is known to nobody.
    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty() && self.unanswered.is_empty()
    }
}

/// What stands where a home should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A directory of this uid.
    Directory(u32),
    /// Something else than a directory.
    NotADirectory,
}

/// An account as it stands in the databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostAccount<'a> {
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Full name, home and shell.
    pub fields: AccountFields<&'a str>,
    /// Whether the password is locked, by `!`.
    pub locked: bool,
    /// The day the account expires, as shadow(5) has it; empty: never.
    pub expire: &'a str,
    /// Whether it stands in a database that gosync writes.
    pub writable: bool,
}

impl HostAccount<'_> {
    /// Whether both the password and the account are closed, as gosync closes them: `!` and expiry 1.
    pub fn closed(&self) -> bool {
        self.locked && self.expire == "1"
    }
}

/// A group as it stands in the databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostGroup<'a> {
    /// Group id.
    pub gid: u32,
    /// Its members.
    pub members: MemberList<'a>,
    /// Whether it stands in a database that gosync writes.
    pub writable: bool,
}
