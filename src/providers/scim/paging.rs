//! Which page to ask for next, and how it is known that nothing is missing: RFC 7644, 3.4.2.4 and
//! RFC 9865. Pure.
//!
//! Pages by index know no state: somebody who is deleted while they are read moves everybody behind
//! one place forward, and one person falls through. So each page begins with the last one of the
//! page before; if that is not so, the read is incomplete. A server that can only begin at whole
//! pages is noticed, and read without that. In the end there must be as many different ids as the
//! server says, and it must have said the same number all the time.
//!
//! What looks like all in one page is asked for once more, from its last resource on: only a server that
//! gives that one alone has shown that it would give more. One that begins elsewhere is asked for what is
//! behind: an empty page says that there is no more. (Not the other way round: some, such as scimmy,
//! begin anew where somebody asks for what is behind the end.) A server that gives the same page whatever is
//! asked for may have cut it; so may one that refuses to go on, whatever the status, before as many came as
//! it said. Then `paging = "none"` is the administrator's word that it gives all.

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
    /// Whether there is more behind the last of what looks like all.
    ProbingLast,
    /// The same, of a server that cannot begin with the last.
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
            // There is nothing behind the end: some say it that way, and as many came as were said.
            (Mode::Probing, Some(404)) => Some(self.end()),
            (Mode::ProbingLast | Mode::Probing | Mode::Uncounted, Some(status @ 400..=499)) => {
                Some(unproven(&format!(
                    "it refuses ({status}) to say whether there is more behind the first {}",
                    self.distinct()
                )))
            }
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
        let overlapped = matches!(self.mode, Mode::Overlapping | Mode::ProbingLast)
            && !ids.is_empty()
            && ids.first() == Some(&self.last);
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
            Mode::ProbingLast if overlapped && len == 1 => return self.end(),
            Mode::ProbingLast if ids.is_empty() || repeated => {
                self.mode = Mode::Probing;
                return Step::Ask(Ask::Index(self.next));
            }
            Mode::ProbingLast if !overlapped => return changed(),
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
            Mode::ProbingLast | Mode::Probing if page.total == Some(len) => {
                self.mode = Mode::Uncounted;
                self.next -= u64::from(overlapped);
            }
            Mode::ProbingLast | Mode::Probing => return changed(),
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
            return match self.first_page && total > 0 {
                // If one page was all, its number may have counted that page only.
                true => self.probe(),
                false => self.end(),
            };
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

    /// Asks whether there is more behind the first page.
    fn probe(&mut self) -> Step {
        // Who asks for one at a time cannot tell the last one from all.
        let (mode, begin) = match self.overlap {
            true => (Mode::ProbingLast, self.next - 1),
            false => (Mode::Probing, self.next),
        };
        self.mode = mode;
        Step::Ask(Ask::Index(begin))
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
mod tests;
