//! Which subordinate uids are whose (subuid(5)), and as which uids somebody's programs may run.

use std::collections::BTreeMap;

use super::id_ranges::IdRanges;

/// The lines of subuid(5), by their owner: a login name or a uid as text.
#[derive(Clone, Debug, Default)]
pub struct SubuidBook {
    by_owner: BTreeMap<String, Vec<(u32, u32)>>,
    /// What two owners have. Nobody can tell by such a uid alone whose a program is.
    contested: IdRanges,
}

impl SubuidBook {
    /// From owners, each with the first and the last uid of a line.
    pub(crate) fn new(lines: impl IntoIterator<Item = (String, u32, u32)>) -> Self {
        let mut by_owner: BTreeMap<String, Vec<(u32, u32)>> = BTreeMap::new();
        let mut all = Vec::new();
        for (owner, first, last) in lines.into_iter().filter(|(_, first, last)| first <= last) {
            by_owner.entry(owner).or_default().push((first, last));
            all.push((first, last));
        }
        all.sort_unstable();
        let mut contested = Vec::new();
        let mut end = None;
        for (first, last) in all {
            match end {
                Some(before) if first <= before => contested.push((first, last.min(before))),
                _ => {}
            }
            end = end.max(Some(last));
        }
        Self {
            by_owner,
            contested: contested.into_iter().collect(),
        }
    }

    /// Whether an account has any.
    pub(crate) fn has(&self, uid: u32, name: &str) -> bool {
        self.by_owner.contains_key(name) || self.by_owner.contains_key(&uid.to_string())
    }

    /// As which uids programs of the account `name` may run.
    pub(crate) fn uids_of(&self, uid: u32, name: &str) -> RunsAs<'_> {
        let lines = |owner: &str| self.by_owner.get(owner).into_iter().flatten();
        let number = uid.to_string();
        RunsAs {
            uid,
            own: lines(name).chain(lines(&number)).copied().collect(),
            contested: &self.contested,
        }
    }
}

/// Whose line of subuid(5) or subgid(5) has a number, as the bytes of such a file say it.
pub(crate) fn owner_in(bytes: &[u8], id: u32) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let (owner, first, count) = (fields.next()?, fields.next()?, fields.next()?);
        let (first, count): (u32, u32) = (first.parse().ok()?, count.trim().parse().ok()?);
        Some((owner, first, count))
    });
    let found = lines.find(|(_, first, count)| id >= *first && id - first < *count);
    found.map(|(owner, ..)| owner.to_owned())
}

/// As which uids somebody's programs may run.
#[derive(Clone, Debug)]
pub(crate) struct RunsAs<'b> {
    /// The account's.
    pub uid: u32,
    own: IdRanges,
    contested: &'b IdRanges,
}

impl RunsAs<'_> {
    /// Whether a program that runs as `id` is this account's.
    pub(crate) fn is(&self, id: u32) -> bool {
        id == self.uid || self.own.contains(id) && !self.contested.contains(id)
    }

    /// Whether a user namespace into which these uids are mapped is this account's: all of them are,
    /// as in every one that newuidmap(1) has set up for it.
    pub(crate) fn owns_namespace(&self, mapped: &[(u32, u32)]) -> bool {
        let is_uid = |range: &(u32, u32)| *range == (self.uid, self.uid);
        let is_ours = |&(first, last): &(u32, u32)| {
            let span = self.own.overlapping(first, last);
            span.is_some_and(|(from, to)| from <= first && last <= to)
        };
        let is_told_apart = |&(first, last): &(u32, u32)| {
            is_uid(&(first, last)) || self.contested.overlapping(first, last).is_none()
        };
        mapped.iter().all(|range| is_uid(range) || is_ours(range))
            && mapped.iter().any(is_told_apart)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(lines: &[(&str, u32, u32)]) -> SubuidBook {
        let lines = lines.iter();
        SubuidBook::new(lines.map(|(owner, first, last)| ((*owner).to_owned(), *first, *last)))
    }

    #[test]
    fn an_account_runs_as_itself_and_as_what_its_lines_give_it() {
        let book = book(&[
            ("alice", 100_000, 165_535),
            ("1000", 300_000, 300_009),
            ("bob", 200_000, 265_535),
        ]);
        let alice = book.uids_of(1000, "alice");
        for (id, is_hers) in [
            (0, false),
            (1000, true),
            (1001, false),
            (99_999, false),
            (100_000, true),
            (165_535, true),
            (165_536, false),
            (200_000, false),
            (300_009, true),
        ] {
            assert_eq!(alice.is(id), is_hers, "{id}");
        }
        assert!(!book.uids_of(1002, "carol").is(100_000));
    }

    #[test]
    fn a_uid_that_two_have_is_nobodys_alone() {
        let book = book(&[
            ("alice", 100_000, 165_535),
            ("root", 150_000, 180_000),
            ("bob", 160_000, 160_009),
        ]);
        let (alice, bob) = (book.uids_of(1000, "alice"), book.uids_of(1001, "bob"));
        assert!(alice.is(149_999) && !alice.is(150_000) && !alice.is(160_000));
        assert!(!bob.is(160_000) && bob.is(1001));
        // A container of root's that lies in what alice has, too; and one of hers.
        assert!(!alice.owns_namespace(&[(150_000, 160_000)]));
        assert!(alice.owns_namespace(&[(1000, 1000), (150_000, 160_000)]));
        assert!(!bob.owns_namespace(&[(1000, 1000), (160_000, 160_009)]));
    }

    #[test]
    fn a_namespace_is_whose_are_all_uids_in_it() {
        let book = book(&[("alice", 100_000, 165_535), ("alice", 200_000, 200_009)]);
        let alice = book.uids_of(1000, "alice");
        let cases: [(&[(u32, u32)], bool); 10] = [
            (&[], false),
            (&[(1000, 1000)], true),
            (&[(100_000, 165_535)], true),
            (
                &[(100_000, 100_999), (1000, 1000), (101_000, 165_535)],
                true,
            ),
            (&[(1000, 1000), (200_000, 200_009)], true),
            // Of a service of systemd's with PrivateUsers=, and of one that is given every uid.
            (&[(0, 0), (1000, 1000)], false),
            (&[(0, u32::MAX - 1)], false),
            // A container of root's that shares her uid, to mount her home in it.
            (&[(300_000, 300_999), (1000, 1000)], false),
            (&[(100_000, 165_536)], false),
            (&[(999, 1000)], false),
        ];
        for (mapped, is_hers) in cases {
            assert_eq!(alice.owns_namespace(mapped), is_hers, "{mapped:?}");
        }
    }
}
