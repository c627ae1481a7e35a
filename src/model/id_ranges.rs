//! A set of numbers as sorted, disjoint spans: subordinate id ranges in use.

/// Ranges of numbers, both ends included; neighbours are merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdRanges(Vec<(u32, u32)>);

impl IdRanges {
    /// The span that overlaps `first..=last`, if there is one; of several, the last.
    pub fn overlapping(&self, first: u32, last: u32) -> Option<(u32, u32)> {
        let after = self.0.partition_point(|&(from, _)| from <= last);
        let &(from, to) = self.0.get(after.checked_sub(1)?)?;
        (to >= first).then_some((from, to))
    }

    /// The spans, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        self.0.iter().copied()
    }

    /// How many of the numbers `first..=last` are in a span.
    pub fn count_within(&self, first: u32, last: u32) -> u64 {
        let parts = self
            .0
            .iter()
            .map(|&(from, to)| (from.max(first), to.min(last)));
        let parts = parts.filter(|(from, to)| from <= to);
        parts.map(|(from, to)| u64::from(to - from) + 1).sum()
    }

    /// At most so many spans that hold all of these: where there are more, those that are nearest to each other become
    /// one, with what is between them.
    pub fn coarse(&self, most: usize) -> Self {
        let mut gaps: Vec<(u32, usize)> = (self.0.iter().zip(self.0.iter().skip(1)).enumerate())
            .map(|(at, (before, after))| (after.0 - before.1, at))
            .collect();
        gaps.sort_unstable_by(|a, b| b.cmp(a));
        gaps.truncate(most.saturating_sub(1));
        let mut cuts: Vec<usize> = gaps.into_iter().map(|(_, at)| at + 1).collect();
        cuts.sort_unstable();
        let starts = std::iter::once(0).chain(cuts.iter().copied());
        let ends = cuts.iter().copied().chain([self.0.len()]);
        let spans = starts.zip(ends).filter_map(|(start, end)| {
            let spans = self.0.get(start..end)?;
            Some((spans.first()?.0, spans.last()?.1))
        });
        spans.collect()
    }

    /// Whether `n` is in a span.
    pub fn contains(&self, n: u32) -> bool {
        self.overlapping(n, n).is_some()
    }
}

impl FromIterator<(u32, u32)> for IdRanges {
    fn from_iter<I: IntoIterator<Item = (u32, u32)>>(iter: I) -> Self {
        let mut all: Vec<(u32, u32)> = iter
            .into_iter()
            .filter(|(first, last)| first <= last)
            .collect();
        all.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(all.len().min(64));
        for (first, last) in all {
            match merged.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_merge_and_are_found() {
        let spans: IdRanges = [(10, 19), (30, 39), (20, 25), (5, 5)].into_iter().collect();
        assert_eq!(spans, IdRanges(vec![(5, 5), (10, 25), (30, 39)]));
        for (n, inside) in [
            (4, false),
            (5, true),
            (9, false),
            (10, true),
            (25, true),
            (26, false),
            (39, true),
            (40, false),
        ] {
            assert_eq!(spans.contains(n), inside, "{n}");
        }
        assert_eq!(spans.overlapping(26, 30), Some((30, 39)));
        assert_eq!(spans.overlapping(26, 29), None);
        assert_eq!(spans.count_within(0, 99), 27);
        assert_eq!(spans.count_within(25, 30), 2);
        assert_eq!(spans.count_within(26, 29), 0);
    }

    #[test]
    fn few_spans_hold_what_many_do() {
        let spans = IdRanges(vec![(1, 2), (4, 4), (9, 9), (11, 20), (90, 99)]);
        assert_eq!(spans.coarse(5), spans);
        assert_eq!(spans.coarse(3).0, [(1, 4), (9, 20), (90, 99)]);
        assert_eq!(spans.coarse(2).0, [(1, 20), (90, 99)]);
        assert_eq!(spans.coarse(1).0, [(1, 99)]);
        assert_eq!(IdRanges::default().coarse(3), IdRanges::default());
    }
}
