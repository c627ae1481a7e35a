//! The indexes of libnss-cache: where in a file the entry of a name or a number begins.
//!
//! Pure. Rule, from libnss-cache 0.18: records of one width, sorted by the bytes of the key; each is the key, a zero byte, the
//! offset in decimal, zero bytes, a newline. A key that is not in an index is not there; an entry at an offset that has
//! another key sends the reader through the whole file; and where there is no entry from an offset on, the reader hands
//! glibc a status that ends the program that asked. The reader opens index and file one after the other, so that it may
//! take an old index and a new file: [`apart`] is for that.

use std::collections::BTreeMap;

use super::Lines;

/// The index of a file. `key` is the key of a line; `None`: readers pass over it. Of several lines with one key the first
/// counts.
pub(crate) fn index(lines: &Lines, key: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Vec<u8> {
    let mut offsets: BTreeMap<Vec<u8>, String> = BTreeMap::new();
    let entries = lines
        .starts()
        .zip(lines.iter())
        .filter_map(|(start, line)| Some((key(line)?, start)));
    for (key, start) in entries.filter(|(key, _)| !key.contains(&0)) {
        offsets.entry(key).or_insert_with(|| start.to_string());
    }
    let records = offsets.iter();
    let lengths = records.map(|(key, offset)| key.len() + 1 + offset.len() + 1);
    let width = lengths.max().unwrap_or(0);
    let mut bytes = Vec::with_capacity(offsets.len() * (width + 1));
    for (key, offset) in &offsets {
        let end = bytes.len() + width;
        bytes.extend_from_slice(key);
        bytes.push(0);
        bytes.extend_from_slice(offset.as_bytes());
        bytes.resize(end, 0);
        bytes.push(b'\n');
    }
    bytes
}

/// A file that may be read at the offsets of an index of `old`, which it takes the place of: at each of them an entry, or
/// blank lines before one. Never does a part of a line look like an entry there, and never does the file end.
///
/// Lines keep their order. Blank lines are only what keeps the others apart: those that were not needed this time go.
pub(crate) fn apart(old: &Lines, new: &Lines, is_entry: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let lines = old.starts().zip(old.iter());
    let starts: Vec<usize> = lines
        .filter_map(|(start, line)| (!line.is_empty()).then_some(start))
        .collect();
    let lines: Vec<&[u8]> = new.iter().filter(|line| !line.is_empty()).collect();
    let last = lines.iter().rposition(|line| is_entry(line));
    let (mut bytes, mut ahead) = (Vec::new(), starts.iter().copied().peekable());
    for (number, line) in lines.iter().enumerate() {
        if Some(number) == last {
            let furthest = starts.last().copied().unwrap_or(0);
            bytes.resize(furthest.max(bytes.len()), b'\n');
        }
        while let Some(start) = ahead.next_if(|start| *start < bytes.len() + line.len()) {
            if start > bytes.len() {
                bytes.resize(start, b'\n');
            }
        }
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(line: &[u8]) -> Option<Vec<u8>> {
        let colon = line.iter().position(|&b| b == b':')?;
        (!line.starts_with(b"#")).then(|| line[..colon].to_vec())
    }

    fn lines(text: &str) -> Lines {
        Lines::new(text.as_bytes().to_vec())
    }

    #[test]
    fn records_have_one_width_and_stand_in_the_order_of_bytes() {
        let text = "zoe:1\n# no:entry\n\nB:22\nalice:3\nzoe:4\nan odd line\n";
        assert_eq!(
            index(&lines(text), name),
            b"B\x0018\0\0\0\0\0\nalice\x0023\0\nzoe\x000\0\0\0\0\n"
        );
        assert_eq!(index(&lines(""), name), b"");
    }

    #[test]
    fn lines_stay_where_they_are_unless_one_before_them_has_grown() {
        let (old, entry) = (lines("a:1\nb:2\nc:3\n"), |l: &[u8]| name(l).is_some());
        let apart = |new: &str| String::from_utf8(apart(&old, &lines(new), entry)).unwrap();
        assert_eq!(apart("a:1\nb:2\nc:3\nd:4\n"), "a:1\nb:2\nc:3\nd:4\n");
        assert_eq!(apart("a:9\nb:2\n"), "a:9\n\n\n\n\nb:2\n");
        assert_eq!(apart("c:3\n"), "\n\n\n\n\n\n\n\nc:3\n");
        assert_eq!(apart("a:long\nc:3\n"), "\n\n\n\n\n\n\n\na:long\nc:3\n");
        assert_eq!(apart(""), "");
    }

    /// What a reader finds at an offset: the first entry from there on.
    fn found(bytes: &[u8], at: usize) -> Option<Vec<u8>> {
        let rest = Lines::new(bytes.get(at..)?.to_vec());
        rest.iter().find_map(name)
    }

    proptest! {
        #[test]
        fn an_old_index_leads_to_whole_entries_of_the_new_file(
            old in "([a-c]{1,3}:[a-c:]{0,9}\n|#[a-c:]{0,4}\n|\n){1,12}",
            next in proptest::collection::vec("([a-c]{1,3}:[a-c:]{0,9}\n|#[a-c:]{0,4}\n|\n){1,12}", 1..6),
        ) {
            let mut old = lines(&old);
            for text in next {
                let wanted = lines(&text);
                let new = Lines::new(apart(&old, &wanted, |line| name(line).is_some()));
                let solid = |lines: &Lines| lines.iter().filter(|l| !l.is_empty()).map(<[u8]>::to_vec).collect::<Vec<_>>();
                prop_assert_eq!(solid(&new), solid(&wanted));
                prop_assert!(new.bytes().len() <= old.bytes().len() + 2 * text.len());
                let whole: Vec<Vec<u8>> = new.iter().filter_map(name).collect();
                for (start, _) in old.starts().zip(old.iter()).filter(|(_, line)| name(line).is_some()) {
                    let seen = found(new.bytes(), start);
                    prop_assert_eq!(seen.is_some(), !whole.is_empty());
                    let begins = seen.is_none() || new.starts().zip(new.iter()).any(|(at, line)| at >= start && name(line) == seen);
                    let cut = start > 0 && new.bytes().get(start - 1).is_some_and(|b| *b != b'\n') && new.bytes()[start] != b'\n';
                    prop_assert!(begins && !cut);
                }
                old = new;
            }
        }
    }
}
