//! Gives out ids: in the order of asking, the lowest free one, and never one that was ever given before.
//!
//! Callers ask in the order of the provider's immutable ids, so that neither names nor the order of arrival matter.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::anchor::Numbers;
use crate::model::id_ranges::IdRanges;
use crate::model::{IdRange, Untrusted};

/// Numbers that records of a reading name: whatever becomes of these records now, none of them is given to somebody else,
/// for nobody could take it back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NamedNumbers {
    numbers: BTreeSet<u32>,
    unread: Unread,
}

/// Whether there are records that a reading does not show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Unread {
    /// None.
    #[default]
    None,
    /// Some may be missing.
    Some,
    /// Only those that were asked for by name are there.
    AllOthers,
}

impl NamedNumbers {
    /// Adds what a record names, if it is a number.
    pub(crate) fn add(&mut self, text: Option<&Untrusted>) {
        self.numbers
            .extend(text.and_then(|text| plain_number(text.raw())));
    }

    /// Says what else there may be.
    pub(crate) fn set_unread(&mut self, unread: Unread) {
        self.unread = unread;
    }

    /// Whether a record that was not read may name any number that seems free. Where none names one, none is expected to.
    pub(crate) fn may_hide_some(&self) -> bool {
        match self.unread {
            Unread::None => false,
            Unread::Some => !self.numbers.is_empty(),
            Unread::AllOthers => true,
        }
    }
}

/// Digits without sign, blanks or leading zeros: what every reader takes for the same number.
pub(in crate::policy) fn plain_number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

/// Gives ids from one range, or from another one for some; none twice, even where ranges overlap.
#[derive(Debug)]
pub(crate) struct Allocator<'a> {
    range: IdRange,
    /// Where the search goes on in each range.
    next: BTreeMap<(u32, u32), u64>,
    taken: Vec<&'a BTreeSet<u32>>,
    spans: &'a IdRanges,
    /// What is free for those who bring it along, and is given to nobody.
    retired: Option<&'a Numbers>,
    /// Given to those alone who ask for them.
    named: &'a NamedNumbers,
    given: BTreeSet<u32>,
}

/// The range has no free id left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no id is left in the range {0}")]
pub struct Exhausted(pub IdRange);

impl<'a> Allocator<'a> {
    /// Gives ids from `range` that are in none of the sets `taken` and in none of the `spans`; one of `named` only to who
    /// asks for it.
    pub(crate) fn new(
        range: IdRange,
        taken: Vec<&'a BTreeSet<u32>>,
        spans: &'a IdRanges,
        named: &'a NamedNumbers,
    ) -> Self {
        Self {
            range,
            next: BTreeMap::new(),
            taken,
            spans,
            retired: None,
            named,
            given: BTreeSet::new(),
        }
    }

    /// Gives none of the numbers that are `retired`, be they uids or gids; who asks for one may have it.
    pub(crate) fn but_for(mut self, retired: &'a Numbers) -> Self {
        self.retired = Some(retired);
        self
    }

    fn is_retired(&self, id: u32) -> bool {
        self.retired
            .is_some_and(|given| given.uids.contains(id) || given.gids.contains(id))
    }

    /// Whether `id` could be given now.
    pub(crate) fn is_free(&self, id: u32) -> bool {
        self.is_free_in(self.range, id)
    }

    /// Whether `id` could be given to somebody with a range of their own.
    pub(crate) fn is_free_in(&self, range: IdRange, id: u32) -> bool {
        range.contains(id)
            && !matches!(id, 65_534 | 65_535)
            && !self.given.contains(&id)
            && !self.taken.iter().any(|set| set.contains(&id))
            && !self.spans.contains(id)
    }

    /// Sets one id aside that somebody else asked for.
    pub(crate) fn claim(&mut self, id: u32) {
        self.given.insert(id);
    }

    /// The lowest free id.
    ///
    /// # Errors
    /// When none is left.
    pub(crate) fn next_free(&mut self) -> Result<u32, Exhausted> {
        self.next_free_in(self.range)
    }

    /// The lowest free id of another range.
    ///
    /// # Errors
    /// When none is left.
    pub(crate) fn next_free_in(&mut self, range: IdRange) -> Result<u32, Exhausted> {
        let (first, last) = range.into();
        let mut next = self
            .next
            .get(&(first, last))
            .copied()
            .unwrap_or_else(|| first.into());
        let mut found = None;
        while let (None, Some(candidate)) = (
            found,
            u32::try_from(next).ok().filter(|id| range.contains(*id)),
        ) {
            next += 1;
            let is_free = self.is_free_in(range, candidate)
                && !self.is_retired(candidate)
                && !self.named.numbers.contains(&candidate);
            found = is_free.then_some(candidate);
        }
        self.next.insert((first, last), next);
        self.given.extend(found);
        found.ok_or(Exhausted(range))
    }
}

/// Gives ranges of subordinate ids: `count` at a time from `first` to `last`, overlapping none of `spans`.
#[derive(Debug)]
pub(crate) struct SpanAllocator {
    next: u64,
    last: u64,
    count: u64,
    busy: IdRanges,
}

impl SpanAllocator {
    /// Prepares to give ranges; `busy` are those in use or ever given.
    pub(crate) fn new(first: u32, last: u32, count: u32, busy: IdRanges) -> Self {
        Self {
            next: first.into(),
            last: last.into(),
            count: count.max(1).into(),
            busy,
        }
    }

    /// The first id of the next free range; `None` when none is left.
    pub(crate) fn next_free(&mut self) -> Option<u32> {
        loop {
            let (from, to) = (self.next, self.next + self.count - 1);
            if to > self.last {
                return None;
            }
            let first = u32::try_from(from).ok()?;
            match self.busy.overlapping(first, u32::try_from(to).ok()?) {
                Some((_, end)) => {
                    self.next += (u64::from(end) - from) / self.count * self.count + self.count
                }
                None => {
                    self.next += self.count;
                    return Some(first);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_lowest_free_id_is_given_and_none_twice() {
        let (used, retired) = (BTreeSet::from([1000, 1002]), BTreeSet::from([1003]));
        let nobody = NamedNumbers::default();
        let spans = [(1005, 1007)].into_iter().collect();
        let mut alloc = Allocator::new(
            IdRange::new(1000, 1009).unwrap(),
            vec![&used, &retired],
            &spans,
            &nobody,
        );
        alloc.claim(1001);
        assert_eq!(alloc.next_free(), Ok(1004));
        assert_eq!(alloc.next_free(), Ok(1008));
        assert_eq!(alloc.next_free(), Ok(1009));
        assert!(alloc.next_free().is_err());
    }

    #[test]
    fn what_is_retired_is_given_to_nobody_who_does_not_ask_for_it() {
        let spans = IdRanges::default();
        let retired = Numbers {
            uids: [(1000, 1001)].into_iter().collect(),
            gids: [(1002, 1002)].into_iter().collect(),
            subids: IdRanges::default(),
        };
        let (range, nobody) = (IdRange::new(1000, 1009).unwrap(), NamedNumbers::default());
        let mut alloc = Allocator::new(range, vec![], &spans, &nobody).but_for(&retired);
        assert!(alloc.is_free(1000));
        assert_eq!(alloc.next_free(), Ok(1003));
    }

    #[test]
    fn what_a_record_names_is_given_to_who_asks_for_it_alone() {
        let mut named = NamedNumbers::default();
        for text in ["1000", "1002", "01001", "no number"] {
            named.add(Some(&Untrusted::new(text)));
        }
        let (spans, range) = (IdRanges::default(), IdRange::new(1000, 1003).unwrap());
        let mut ids = Allocator::new(range, vec![], &spans, &named);
        assert!(ids.is_free(1002));
        assert_eq!(ids.next_free(), Ok(1001));
        assert_eq!(ids.next_free(), Ok(1003));
        assert!(ids.next_free().is_err());
    }

    #[test]
    fn what_was_not_read_may_name_a_number_if_anything_names_one() {
        let mut named = NamedNumbers::default();
        named.set_unread(Unread::Some);
        assert!(!named.may_hide_some());
        named.add(Some(&Untrusted::new("1000")));
        assert!(named.may_hide_some());
        named.set_unread(Unread::None);
        assert!(!named.may_hide_some());
        let mut narrow = NamedNumbers::default();
        narrow.set_unread(Unread::AllOthers);
        assert!(narrow.may_hide_some());
    }

    #[test]
    fn the_overflow_ids_are_never_given() {
        let spans = IdRanges::default();
        let nobody = NamedNumbers::default();
        let range = IdRange::new(65_534, 65_536).unwrap();
        let mut alloc = Allocator::new(range, vec![], &spans, &nobody);
        assert_eq!(alloc.next_free(), Ok(65_536));
    }

    #[test]
    fn subordinate_ranges_do_not_overlap() {
        let mut alloc = SpanAllocator::new(
            100_000,
            399_999,
            65_536,
            [(165_000, 165_001)].into_iter().collect(),
        );
        assert_eq!(alloc.next_free(), Some(100_000 + 65_536));
        assert_eq!(alloc.next_free(), Some(100_000 + 2 * 65_536));
        assert_eq!(alloc.next_free(), Some(100_000 + 3 * 65_536));
        assert_eq!(alloc.next_free(), None);
    }

    proptest! {
        #[test]
        fn no_id_in_use_is_ever_given(used: BTreeSet<u8>, retired: BTreeSet<u8>) {
            let widen = |set: BTreeSet<u8>| -> BTreeSet<u32> { set.into_iter().map(|n| 1000 + u32::from(n)).collect() };
            let (used, retired) = (widen(used), widen(retired));
            let (spans, nobody) = (IdRanges::default(), NamedNumbers::default());
            let mut alloc = Allocator::new(IdRange::new(1000, 1255).unwrap(), vec![&used, &retired], &spans, &nobody);
            let mut seen = BTreeSet::new();
            while let Ok(id) = alloc.next_free() {
                prop_assert!(!used.contains(&id) && !retired.contains(&id) && seen.insert(id));
            }
            prop_assert_eq!(seen.len(), 256 - used.union(&retired).count());
        }
    }

    #[test]
    fn ranges_that_overlap_share_what_was_given() {
        let spans = IdRanges::default();
        let range = |first, last| IdRange::new(first, last).unwrap();
        let nobody = NamedNumbers::default();
        let mut ids = Allocator::new(range(1000, 1003), vec![], &spans, &nobody);
        assert_eq!(ids.next_free(), Ok(1000));
        let inner = range(1001, 1002);
        assert_eq!(ids.next_free_in(inner), Ok(1001));
        assert_eq!(ids.next_free(), Ok(1002));
        assert!(!ids.is_free_in(inner, 1003) && ids.is_free(1003));
        assert_eq!(ids.next_free_in(inner), Err(Exhausted(inner)));
        assert_eq!(ids.next_free(), Ok(1003));
    }
}
