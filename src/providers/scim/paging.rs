//! Which page to ask for next, and how it is known that nothing is missing: RFC 7644, 3.4.2.4 and
//! RFC 9865. Pure.
//!
//! Pages by index know no state: somebody who is deleted while they are read moves everybody behind
//! one place forward, and one person falls through. So each page begins with the last one of the
//! page before; if that is not so, the read is incomplete. A server that can only begin at whole
//! pages is noticed, and read without that. In the end there must be as many different ids as the
//! server says, and it must have said the same number all the time.
//!
//! What looks like all in one page is asked for what is behind it: only an empty page, or none, says
//! that there is no more. A server that gives the same page whatever is asked for may have cut it; so
//! may one that refuses to go on. Then `paging = "none"` is the administrator's word that it gives all.

use std::collections::BTreeSet;

use super::decode::{Page, id};

/// The page to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// `startIndex`, beginning at 1.
    Index(u64),
    /// `cursor`; empty for the first page.
    Cursor(String),
    /// Everything, without a word of pages.
    Whole,
    /// What begins there, without a word of how much.
    Behind(u64),
}

/// How a listing is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By `startIndex`, in pages of so many.
    Index(u32),
    /// By cursor, in pages of so many.
    Cursor(u32),
    /// All at once.
    Whole,
}

/// What follows from a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There is more.
    Ask(Ask),
    /// That is all.
    Done,
    /// What came is not all; in our own words.
    Stop(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Cursor,
    /// Each page begins with the last of the one before.
    Overlapping,
    /// Each page begins where the one before ended.
    Adjoining,
    /// Whether there is more behind what looks like the last page.
    Probing,
    /// `totalResults` counts a page only, or is not said: to the first empty page.
    Uncounted,
    /// All at once.
    Whole,
    /// Whether there is more behind what was given as all.
    WholeProbing,
}

/// A listing that is under way.
#[derive(Debug)]
pub(super) struct Listing {
    mode: Mode,
    overlap: bool,
    seen: BTreeSet<String>,
    /// Resources whose id cannot be read.
    nameless: u64,
    total: Option<u64>,
    first_page: bool,
    /// Where the next page begins.
    next: u64,
    last: Option<String>,
    /// The first id of the page before.
    begin: Option<String>,
}

impl Listing {
    /// Begins a listing.
    pub(super) fn new(way: Way) -> Self {
        let (mode, count) = match way {
            Way::Cursor(count) => (Mode::Cursor, count),
            Way::Index(count) => (Mode::Adjoining, count),
            Way::Whole => (Mode::Whole, 0),
        };
        Self {
            mode,
            overlap: count > 1,
            seen: BTreeSet::new(),
            nameless: 0,
            total: None,
            first_page: true,
            next: 1,
            last: None,
            begin: None,
        }
    }

    /// What to ask for first.
    pub(super) fn first(&self) -> Ask {
        match self.mode {
            Mode::Cursor => Ask::Cursor(String::new()),
            Mode::Whole => Ask::Whole,
            _ => Ask::Index(1),
        }
    }

    /// What it means that a server answers with this status, and no page.
    pub(super) fn refused(&self, status: Option<u16>) -> Option<Step> {
        match (self.mode, status) {
            // It was asked against its habit, and is believed without.
            (Mode::WholeProbing, Some(_)) => Some(Step::Done),
            // There is nothing behind the end: some say it that way.
            (Mode::Probing | Mode::Uncounted, Some(404)) => Some(Step::Done),
            (Mode::Probing, Some(status @ 400..=499)) => Some(unproven(&format!(
                "it refuses ({status}) to say whether there is more behind the first {}",
                self.distinct()
            ))),
            _ => None,
        }
    }

    /// Takes a page; says which of its resources are new, and what to do next.
    pub(super) fn take(&mut self, page: &Page) -> (Vec<bool>, Step) {
        let ids: Vec<Option<String>> = page.resources.iter().map(id).collect();
        let known: Vec<bool> = ids
            .iter()
            .map(|id| id.as_ref().is_some_and(|id| self.seen.contains(id)))
            .collect();
        let repeated = !ids.is_empty() && known.iter().all(|known| *known);
        let overlapped =
            self.mode == Mode::Overlapping && !ids.is_empty() && ids.first() == Some(&self.last);
        let mut fresh = Vec::with_capacity(ids.len());
        for (i, id) in ids.iter().enumerate() {
            fresh.push(match id {
                Some(id) => self.seen.insert(id.clone()),
                // It can only be told from others by its place.
                None => {
                    let new = !(overlapped && i == 0);
                    self.nameless += u64::from(new);
                    new
                }
            });
        }
        let step = self.step(page, &ids, repeated, overlapped);
        self.first_page = false;
        if !ids.is_empty() {
            self.begin = ids.first().cloned().flatten();
            self.last = ids.last().cloned().flatten();
        }
        (fresh, step)
    }

    fn step(
        &mut self,
        page: &Page,
        ids: &[Option<String>],
        repeated: bool,
        overlapped: bool,
    ) -> Step {
        let len = ids.len() as u64;
        if self.first_page {
            self.begin(page, len);
        }
        match self.mode {
            Mode::Cursor => return self.step_by_cursor(page),
            Mode::Whole | Mode::WholeProbing => return self.step_whole(page, ids, repeated),
            Mode::Probing if ids.is_empty() => return self.end(),
            Mode::Probing if repeated => {
                let why = format!(
                    "it ignores startIndex, and gives the same {} each time",
                    self.distinct()
                );
                return match self.end() {
                    Step::Done => unproven(&why),
                    end => end,
                };
            }
            // Every page counted itself.
            Mode::Probing if page.total == Some(len) => self.mode = Mode::Uncounted,
            Mode::Probing => return changed(),
            Mode::Uncounted if ids.is_empty() => return Step::Done,
            Mode::Adjoining if self.first_page && page.total.is_none() => {
                self.mode = Mode::Uncounted
            }
            _ => {}
        }
        if self.mode == Mode::Uncounted {
            self.next += len;
            return if repeated {
                circles()
            } else {
                Step::Ask(Ask::Index(self.next))
            };
        }
        let total = match (self.total, page.total) {
            (Some(first), Some(now)) if first == now => now,
            _ => return changed(),
        };
        self.step_by_number(total, ids, repeated, overlapped)
    }

    /// Takes from the first page how the server counts and pages.
    fn begin(&mut self, page: &Page, len: u64) {
        self.total = page.total;
        let more = page.total.is_some_and(|total| total > len);
        self.mode = match (&page.next_cursor, self.mode) {
            // Some give cursors without having been asked, and some do not know them.
            (_, Mode::Whole) => Mode::Whole,
            (Some(_), _) => Mode::Cursor,
            (None, Mode::Cursor) if more => Mode::Adjoining,
            (None, mode) => mode,
        };
    }

    /// The next step at a server that gives everything at once.
    fn step_whole(&mut self, page: &Page, ids: &[Option<String>], repeated: bool) -> Step {
        if page.next_cursor.is_some() {
            return Step::Stop("it gives its list in pages, and `paging` is \"none\"".to_owned());
        }
        if self.mode == Mode::Whole {
            self.mode = Mode::WholeProbing;
            self.next = self.distinct() + 1;
            return match self.end() {
                Step::Done if !ids.is_empty() => Step::Ask(Ask::Behind(self.next)),
                end => end,
            };
        }
        match ids.is_empty() || repeated {
            true => Step::Done,
            false => Step::Stop("there is more behind what it gives at once".to_owned()),
        }
    }

    fn step_by_cursor(&self, page: &Page) -> Step {
        match &page.next_cursor {
            Some(cursor) => Step::Ask(Ask::Cursor(cursor.clone())),
            None if page.total != self.total && page.total.is_some() => changed(),
            None => self.end(),
        }
    }

    /// The next step at a server whose pages all say `total`.
    fn step_by_number(
        &mut self,
        total: u64,
        ids: &[Option<String>],
        repeated: bool,
        overlapped: bool,
    ) -> Step {
        let len = ids.len() as u64;
        match self.mode {
            Mode::Overlapping if overlapped && len > 1 => self.next += len - 1,
            // Nothing but the one we know, or the page before once more: it begins where it likes.
            Mode::Overlapping
                if overlapped
                    || ids.is_empty()
                    || (repeated && ids.first() == Some(&self.begin)) =>
            {
                self.mode = Mode::Adjoining;
                return Step::Ask(Ask::Index(self.next));
            }
            Mode::Overlapping => return changed(),
            _ if repeated => return circles(),
            _ => self.next += len,
        }
        if self.next > total {
            // If one page was all, its number may have counted that page only.
            if self.first_page && total > 0 {
                self.mode = Mode::Probing;
                return Step::Ask(Ask::Index(self.next));
            }
            return self.end();
        }
        if ids.is_empty() {
            return Step::Stop(format!(
                "its list ended after {} of {total}",
                self.distinct()
            ));
        }
        if self.first_page && self.overlap {
            self.mode = Mode::Overlapping;
        }
        Step::Ask(Ask::Index(if self.mode == Mode::Overlapping {
            self.next - 1
        } else {
            self.next
        }))
    }

    fn distinct(&self) -> u64 {
        self.seen.len() as u64 + self.nameless
    }

    fn end(&self) -> Step {
        match self.total {
            Some(total) if total != self.distinct() => Step::Stop(format!(
                "its list says that there are {total}, and {} came",
                self.distinct()
            )),
            _ => Step::Done,
        }
    }
}

fn changed() -> Step {
    Step::Stop("the directory changed while it was read".to_owned())
}

/// Nobody can tell whether that is all.
fn unproven(why: &str) -> Step {
    Step::Stop(format!(
        "{why}, so that nobody can tell whether that is all; `paging = \"none\"` says that it gives all at once"
    ))
}

fn circles() -> Step {
    Step::Stop("its list repeats a page".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Reads from a server that answers as `serve` does, and counts the requests; the ids that
    /// came, and the end.
    fn read(
        cursor: bool,
        count: u32,
        serve: &mut dyn FnMut(&Ask) -> Page,
    ) -> (Vec<String>, Step, usize) {
        read_by(
            if cursor {
                Way::Cursor(count)
            } else {
                Way::Index(count)
            },
            serve,
        )
    }

    fn read_by(way: Way, serve: &mut dyn FnMut(&Ask) -> Page) -> (Vec<String>, Step, usize) {
        let mut listing = Listing::new(way);
        let (mut ask, mut came) = (listing.first(), Vec::new());
        for requests in 1..100 {
            let page = serve(&ask);
            let (fresh, step) = listing.take(&page);
            came.extend(
                page.resources
                    .iter()
                    .zip(fresh)
                    .filter(|(_, new)| *new)
                    .filter_map(|(r, _)| id(r)),
            );
            match step {
                Step::Ask(next) => ask = next,
                end => return (came, end, requests),
            }
        }
        panic!("it does not end");
    }

    fn people(range: std::ops::Range<usize>) -> Vec<serde_json::Value> {
        range.map(|n| json!({"id": format!("u{n}")})).collect()
    }

    fn page(range: std::ops::Range<usize>, total: usize) -> Page {
        Page {
            resources: people(range),
            total: Some(total as u64),
            next_cursor: None,
        }
    }

    fn at(ask: &Ask) -> usize {
        match ask {
            Ask::Index(n) => usize::try_from(*n).unwrap() - 1,
            Ask::Cursor(cursor) => cursor.parse().unwrap_or(0),
            Ask::Whole => 0,
            Ask::Behind(n) => usize::try_from(*n).unwrap() - 1,
        }
    }

    #[test]
    fn servers_that_do_as_they_should_are_read_to_the_end() {
        for total in [0, 1, 9, 10, 11, 95] {
            for clamp in [1, 3, 10] {
                let mut serve =
                    |ask: &Ask| page(at(ask).min(total)..(at(ask) + clamp).min(total), total);
                let (came, end, _) = read(false, 10, &mut serve);
                assert_eq!((came.len(), end), (total, Step::Done), "{total} {clamp}");
            }
        }
    }

    #[test]
    fn servers_that_begin_at_whole_pages_are_read_too() {
        let mut serve = |ask: &Ask| {
            let begin = at(ask) / 10 * 10;
            page(begin.min(25)..(begin + 10).min(25), 25)
        };
        let (came, end, requests) = read(false, 10, &mut serve);
        assert_eq!((came.len(), end, requests), (25, Step::Done, 4));
    }

    #[test]
    fn somebody_who_falls_through_is_noticed() {
        // u3 is deleted after the first page, and another comes at the end, so that the number
        // stays.
        let mut first = true;
        let mut serve = |ask: &Ask| {
            let all: Vec<usize> = if first {
                (0..30).collect()
            } else {
                (0..31).filter(|n| *n != 3).collect()
            };
            first = false;
            let resources = all
                .iter()
                .skip(at(ask))
                .take(10)
                .map(|n| json!({"id": format!("u{n}")}))
                .collect();
            Page {
                resources,
                total: Some(30),
                next_cursor: None,
            }
        };
        let (_, end, _) = read(false, 10, &mut serve);
        assert_eq!(end, changed());
    }

    #[test]
    fn numbers_that_change_or_do_not_match_are_noticed() {
        let mut total = 30;
        let (_, end, _) = read(false, 10, &mut |ask| {
            total += 1;
            page(at(ask)..at(ask) + 10, total)
        });
        assert_eq!(end, changed());
        let (_, end, _) = read(false, 10, &mut |ask| {
            page(at(ask).min(15)..(at(ask) + 10).min(15), 20)
        });
        assert_eq!(end, Step::Stop("its list ended after 15 of 20".to_owned()));
        let (_, end, _) = read(false, 10, &mut |ask| page(at(ask).min(5)..5, 3));
        assert!(matches!(end, Step::Stop(_)));
        // The same person twice, and one missing.
        let (_, end, _) = read(false, 10, &mut |_| Page {
            resources: [people(0..3), people(0..1)].concat(),
            total: Some(4),
            next_cursor: None,
        });
        assert_eq!(
            end,
            Step::Stop("its list says that there are 4, and 3 came".to_owned())
        );
    }

    #[test]
    fn a_page_that_comes_again_and_again_is_noticed() {
        let (came, end, _) = read(false, 10, &mut |_| page(0..10, 30));
        assert_eq!((came.len(), end), (10, circles()));
    }

    #[test]
    fn a_list_that_may_be_cut_is_not_proven_whatever_it_says_of_its_number() {
        // The same page for whatever is asked for: a hundred of more, or all? Its number counts the page.
        for count in [10, 20] {
            let (came, end, _) = read(false, count, &mut |_| page(0..10, 10));
            let Step::Stop(why) = end else {
                panic!("{end:?}")
            };
            assert!(
                came.len() == 10 && why.contains("it ignores startIndex"),
                "{why}"
            );
        }
        // A window beyond which it refuses, or gives an error.
        let mut listing = Listing::new(Way::Index(10));
        let (_, step) = listing.take(&page(0..10, 10));
        assert_eq!(step, Step::Ask(Ask::Index(11)));
        for status in [400, 413, 422] {
            assert!(
                matches!(listing.refused(Some(status)), Some(Step::Stop(_))),
                "{status}"
            );
        }
        // Not there is not there; what says nothing of the page is another matter.
        assert_eq!(listing.refused(Some(404)), Some(Step::Done));
        assert_eq!(listing.refused(Some(500)), None);
        assert_eq!(listing.refused(None), None);
        // It begins elsewhere, and says the same of itself: it is read to the end.
        let (came, end, _) = read(false, 10, &mut |ask| {
            let part = at(ask).min(25)..(at(ask) + 10).min(25);
            page(part.clone(), part.len())
        });
        assert_eq!((came.len(), end), (25, Step::Done));
    }

    #[test]
    fn the_last_page_once_more_behind_the_end_does_no_harm() {
        let mut serve = |ask: &Ask| match at(ask) < 25 {
            true => page(at(ask)..(at(ask) + 10).min(25), 25),
            false => page(15..25, 25),
        };
        let (came, end, _) = read(false, 10, &mut serve);
        assert_eq!((came.len(), end), (25, Step::Done));
    }

    #[test]
    fn all_at_once_is_believed_if_nothing_is_behind_it() {
        let whole = |serve: &mut dyn FnMut(&Ask) -> Page| read_by(Way::Whole, serve);
        let (came, end, requests) = whole(&mut |_| page(0..10, 10));
        assert_eq!((came.len(), end, requests), (10, Step::Done, 2));
        let (came, end, _) = whole(&mut |_| Page {
            total: None,
            ..page(0..10, 0)
        });
        assert_eq!((came.len(), end), (10, Step::Done));
        let (_, end, requests) = whole(&mut |_| page(0..0, 0));
        assert_eq!((end, requests), (Step::Done, 1));
        // A page of a default size, whose number counts it, or tells the truth.
        for total in [10, 25] {
            let (_, end, _) = whole(&mut |ask| page(at(ask)..(at(ask) + 10).min(25), total));
            assert!(matches!(end, Step::Stop(_)), "{total}");
        }
        let (_, end, _) = whole(&mut |_| Page {
            next_cursor: Some("x".to_owned()),
            ..page(0..10, 10)
        });
        assert!(matches!(end, Step::Stop(_)));
        let mut listing = Listing::new(Way::Whole);
        listing.take(&page(0..10, 10));
        assert_eq!(listing.refused(Some(500)), Some(Step::Done));
    }

    #[test]
    fn numbers_that_count_one_page_are_not_believed() {
        let mut serve = |ask: &Ask| {
            let range = at(ask).min(25)..(at(ask) + 10).min(25);
            let total = range.len();
            page(range, total)
        };
        let (came, end, _) = read(false, 10, &mut serve);
        assert_eq!((came.len(), end), (25, Step::Done));
    }

    #[test]
    fn without_numbers_an_empty_page_is_the_end() {
        let mut serve = |ask: &Ask| Page {
            total: None,
            ..page(at(ask).min(25)..(at(ask) + 10).min(25), 0)
        };
        let (came, end, requests) = read(false, 10, &mut serve);
        assert_eq!((came.len(), end, requests), (25, Step::Done, 4));
        let (_, end, _) = read(false, 10, &mut |_| Page {
            total: None,
            ..page(0..10, 0)
        });
        assert_eq!(end, circles());
    }

    fn cursors(total: Option<u64>, empty: usize) -> impl FnMut(&Ask) -> Page {
        move |ask| {
            let begin = at(ask);
            let end = if begin == empty {
                begin
            } else {
                (begin + 10).min(25)
            };
            // An empty page in between is no end.
            let next = if begin == empty { begin + 1_000 } else { end };
            let begin = begin % 1_000;
            let end = if end < begin {
                (begin + 10).min(25)
            } else {
                end
            };
            let more = end < 25 || next > 1_000;
            Page {
                resources: people(begin..end),
                total,
                next_cursor: more.then(|| next.to_string()),
            }
        }
    }

    #[test]
    fn cursors_end_only_where_there_is_none() {
        for total in [None, Some(25)] {
            let (came, end, _) = read(true, 10, &mut cursors(total, usize::MAX));
            assert_eq!((came.len(), end), (25, Step::Done));
        }
        let (came, end, _) = read(true, 10, &mut cursors(None, 10));
        assert_eq!((came.len(), end), (25, Step::Done));
        let (_, end, _) = read(true, 10, &mut cursors(Some(26), usize::MAX));
        assert!(matches!(end, Step::Stop(_)));
    }

    #[test]
    fn either_way_of_paging_gives_way_to_the_other() {
        let (came, end, _) = read(false, 10, &mut cursors(None, usize::MAX));
        assert_eq!(
            (came.len(), end),
            (25, Step::Done),
            "cursors that nobody asked for"
        );
        let mut serve = |ask: &Ask| page(at(ask).min(25)..(at(ask) + 10).min(25), 25);
        let (came, end, _) = read(true, 10, &mut serve);
        assert_eq!(
            (came.len(), end),
            (25, Step::Done),
            "a server without cursors"
        );
    }

    #[test]
    fn resources_without_an_id_are_counted() {
        let mut all = people(0..25);
        for n in [9, 14] {
            all[n] = json!({"userName": "x"});
        }
        let mut nameless = 0;
        let mut listing = Listing::new(Way::Index(10));
        let mut ask = listing.first();
        let end = loop {
            let resources = all
                .iter()
                .skip(at(&ask))
                .take(10)
                .cloned()
                .collect::<Vec<_>>();
            let page = Page {
                resources,
                total: Some(25),
                next_cursor: None,
            };
            let (fresh, step) = listing.take(&page);
            nameless += page
                .resources
                .iter()
                .zip(fresh)
                .filter(|(r, new)| *new && id(r).is_none())
                .count();
            match step {
                Step::Ask(next) => ask = next,
                end => break end,
            }
        };
        assert_eq!((nameless, end), (2, Step::Done));
    }
}
