//! A line-based file that keeps every byte, and edits to it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use memchr::memmem;

use super::fields::{is_no_entry, name_of};

/// A file as it was read, cut into lines. [`Lines::bytes`] gives back exactly what came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    bytes: Vec<u8>,
    /// Where each line ends, its newline not counted; the next one begins one byte later.
    ends: Vec<usize>,
}

impl Lines {
    /// Cuts a file into lines. Any bytes will do.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let mut ends: Vec<usize> = memchr::memchr_iter(b'\n', &bytes).collect();
        let start = ends.last().map_or(0, |end| end + 1);
        if start < bytes.len() {
            ends.push(bytes.len());
        }
        Self { bytes, ends }
    }

    /// The whole file.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether the file is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Line `index`, without its newline.
    pub(crate) fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 {
            0
        } else {
            self.ends[index - 1] + 1
        };
        Some(&self.bytes[start..end])
    }

    /// All lines in order, without their newlines.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|i| self.get(i))
    }

    /// Where each line begins.
    pub(crate) fn starts(&self) -> impl Iterator<Item = usize> {
        let after = self.ends.iter().map(|end| end + 1);
        std::iter::once(0).chain(after).take(self.len())
    }

    /// Those lines that readers take for entries: neither blank nor comments nor NIS lines, with their numbers.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.iter()
            .enumerate()
            .filter(|(_, line)| !is_no_entry(line))
    }

    /// The entries of one name, with their numbers. For few names: it goes through the bytes and not through the lines, but once
    /// for each name.
    pub(crate) fn named<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = (usize, &'a [u8])> {
        self.holding(name)
            .filter(move |(_, line)| !is_no_entry(line) && name_of(line) == name)
    }

    /// The lines with these bytes in them, with their numbers.
    fn holding<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = (usize, &'a [u8])> {
        let finder = memmem::Finder::new(bytes);
        let mut from = 0;
        std::iter::from_fn(move || {
            let rest = self.bytes.get(from..)?;
            let at = from + finder.find(rest)?;
            let number = self.ends.partition_point(|end| *end < at);
            let line = self.get(number)?;
            from = self.ends[number] + 1;
            Some((number, line))
        })
    }

    /// These lines as they stand in the file, each with its newline, if it has one.
    fn range(&self, lines: Range<usize>) -> &[u8] {
        let start_of = |line: usize| match line.checked_sub(1) {
            None => 0,
            Some(before) => self
                .ends
                .get(before)
                .map_or(self.bytes.len(), |end| end + 1),
        };
        let (start, end) = (start_of(lines.start), start_of(lines.end));
        self.bytes
            .get(start..end.min(self.bytes.len()))
            .unwrap_or_default()
    }

    /// The number of the first NIS line; new entries must stand before it (nsswitch.conf(5), compat).
    fn first_nis(&self) -> Option<usize> {
        self.iter()
            .position(|line| matches!(line.first(), Some(b'+' | b'-')))
    }
}

/// Changes to a [`Lines`], and what comes of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Editor {
    changed: BTreeMap<usize, Option<Vec<u8>>>,
    /// New lines that stand before others.
    before: BTreeMap<usize, Vec<u8>>,
    /// New lines, each with its newline.
    added: Vec<u8>,
}

impl Editor {
    /// Puts `line` in the place of line `index`.
    pub(crate) fn replace(&mut self, index: usize, line: Vec<u8>) {
        self.changed.insert(index, Some(line));
    }

    /// Takes line `index` out.
    pub(crate) fn remove(&mut self, index: usize) {
        self.changed.insert(index, None);
    }

    /// Adds a line after the last entry, before any NIS line.
    pub(crate) fn add(&mut self, line: &[u8]) {
        self.added.extend_from_slice(line);
        self.added.push(b'\n');
    }

    /// Puts a line before line `index`.
    pub(crate) fn put_before(&mut self, index: usize, line: Vec<u8>) {
        self.before.insert(index, line);
    }

    /// Whether nothing was asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.before.is_empty() && self.added.is_empty()
    }

    /// Line `index` as it will be: `None` when it is taken out or was never there.
    pub(crate) fn current<'a>(&'a self, lines: &'a Lines, index: usize) -> Option<&'a [u8]> {
        match self.changed.get(&index) {
            Some(changed) => changed.as_deref(),
            None => lines.get(index),
        }
    }

    /// The new file. Untouched lines keep their bytes; a missing last newline stays missing unless something follows.
    pub(crate) fn apply(&self, lines: &Lines) -> Vec<u8> {
        let put = self.before.values().chain(self.changed.values().flatten());
        let put: usize = put.map(|line| line.len() + 1).sum();
        let mut out = Vec::with_capacity(lines.bytes.len() + self.added.len() + put + 1);
        let insert_at = match self.added.is_empty() {
            true => None,
            false => lines.first_nis(),
        };
        let insert_at = insert_at.unwrap_or(lines.len());
        let last = lines.len().checked_sub(1);
        let unterminated = lines.bytes.last().is_some_and(|&b| b != b'\n');
        // All lines between these go over in one piece.
        let touched = self.changed.keys().chain(self.before.keys()).copied();
        let touched: BTreeSet<usize> = touched.chain([insert_at]).chain(last).collect();
        let mut next = 0;
        for index in touched.into_iter().filter(|index| *index < lines.len()) {
            out.extend_from_slice(lines.range(next..index));
            next = index + 1;
            if index == insert_at {
                out.extend_from_slice(&self.added);
            }
            if let Some(line) = self.before.get(&index) {
                out.extend_from_slice(line);
                out.push(b'\n');
            }
            if let Some(line) = self.current(lines, index) {
                out.extend_from_slice(line);
                let ends_the_file = Some(index) == last
                    && unterminated
                    && (self.added.is_empty() || insert_at <= index);
                if !ends_the_file {
                    out.push(b'\n');
                }
            }
        }
        if insert_at >= lines.len() {
            out.extend_from_slice(&self.added);
        }
        out
    }
}

#[cfg(test)]
impl Editor {
    /// New lines, each with its newline.
    pub(super) fn added(&self) -> &[u8] {
        &self.added
    }

    /// The new line before line `index`.
    pub(super) fn before(&self, index: usize) -> Option<&[u8]> {
        self.before.get(&index).map(Vec::as_slice)
    }
}
