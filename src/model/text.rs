//! Text that was written by somebody else, and the only way to show it.
//!
//! A provider, a file or a program's answer may hold line breaks, escape sequences or bidirectional
//! marks. Whatever of it reaches a terminal, a log or an error goes through [`shown`].

use std::fmt;
use unicode_normalization::char::is_combining_mark;

use serde::{Deserialize, Serialize};

/// Stands for a field that is not UTF-8.
pub(crate) const ODD: &str = "\u{fffd}";

/// How many bytes of foreign text one message shows.
pub(crate) const SHOWN_BYTES: usize = 256;

/// Text from outside. `Display` and `Debug` print it escaped and shortened; [`Untrusted::raw`] is
/// for checks only.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct Untrusted(Box<str>);

impl Untrusted {
    /// Takes text as it came.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into().into_boxed_str())
    }

    /// The text itself: to be checked or compared, never to be printed, logged or written.
    pub fn raw(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(&self.0).fmt(f)
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl Serialize for Untrusted {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// Bytes without the byte order mark that some editors put before a text (RFC 3629, 6; RFC 8259, 8.1 lets a reader pass
/// over it).
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Bytes in hexadecimal, two digits each.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
            let _ = write!(out, "{byte:02x}"); // writing into a String cannot fail
            out
        })
}

/// Bytes in base64 (RFC 4648, 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |place: usize| u32::from(chunk.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let letter = LETTERS.get(((bits >> (18 - 6 * place)) & 0x3f) as usize);
            let letter = letter.filter(|_| place <= chunk.len());
            text.push(letter.map_or('=', |letter| char::from(*letter)));
        }
    }
    text
}

/// The first line, without a byte order mark before it, which some editors write and nobody means.
pub(crate) fn first_line(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines().next().unwrap_or_default()
}

/// What [`hex`] has written.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(byte).collect()
}

/// A number and what it counts: `1 change`, `2 changes`.
pub(crate) fn counted<N: fmt::Display + PartialEq + From<u8>>(
    n: N,
    one: &str,
    many: &str,
) -> String {
    let word = if n == N::from(1) { one } else { many };
    format!("{n} {word}")
}

/// A moment in UTC, as `2026-11-20T10:00:00Z`. `at`: seconds since 1970.
pub(crate) fn moment(at: i64) -> String {
    jiff::Timestamp::from_second(at).map_or_else(|_| at.to_string(), |at| at.to_string())
}

/// Foreign text, ready to be shown.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    text: &'a str,
    most: usize,
}

/// The first `most` of some names, none of them raw, and how many more there are.
pub(crate) fn first_names<'a>(names: impl IntoIterator<Item = &'a str>, most: usize) -> String {
    let mut names = names.into_iter();
    let first: Vec<String> = names
        .by_ref()
        .take(most)
        .map(|name| shown(name).to_string())
        .collect();
    let first = first.join(", ");
    match names.count() {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Wraps foreign text for a message: unprintable characters are escaped, and at most
/// [`SHOWN_BYTES`] are shown.
pub(crate) fn shown(text: &str) -> Shown<'_> {
    Shown {
        text,
        most: SHOWN_BYTES,
    }
}

impl Shown<'_> {
    /// The same with at most so many bytes: for lists of what is allowed, which are as long as they
    /// are.
    pub(crate) fn within(self, most: usize) -> Self {
        Self { most, ..self }
    }
}

/// Whether a character is shown as it is, neither escaped nor left out.
pub(crate) fn shown_as_it_is(c: char) -> bool {
    // Many scripts cannot be written without combining marks.
    c.is_ascii_graphic()
        || matches!(c, '\'' | '"' | '\\')
        || is_combining_mark(c)
        || c.escape_debug().len() == 1
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |b: u8| b == b' ' || b.is_ascii_graphic();
        if self.text.len() <= self.most && self.text.bytes().all(is_plain) {
            return f.write_str(self.text);
        }
        let mut written = 0;
        for c in self.text.chars() {
            if written >= self.most {
                return f.write_str("...");
            }
            match shown_as_it_is(c) {
                true => fmt::Write::write_char(f, c)?,
                false => fmt::Display::fmt(&c.escape_debug(), f)?,
            }
            written += c.len_utf8();
        }
        Ok(())
    }
}

/// A text as a word of a shell's command line, to be shown. Nobody can type what holds control
/// characters, which are shown escaped.
pub(crate) fn shell_word(text: &str) -> String {
    match shlex::try_quote(text) {
        Ok(quoted) if !text.chars().any(char::is_control) => quoted.into_owned(),
        _ => format!("'{}'", shown(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_in_hexadecimal_and_read() {
        let cookie = b"rid=000,csn=2026\x00\xff";
        assert_eq!(unhex(&hex(cookie)).unwrap(), cookie);
        assert_eq!(unhex("zz"), None);
        assert_eq!(unhex("00 ff"), None);
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        let nasty: String = (0..=0x9f_u32)
            .filter_map(char::from_u32)
            .chain(['\u{202e}', '\u{2028}', '\u{200b}'])
            .collect();
        let out = Untrusted::new(nasty).to_string();
        assert!(
            out.chars()
                .all(|c| !c.is_control() && !('\u{200b}'..='\u{202e}').contains(&c)),
            "{out:?}"
        );
    }

    #[test]
    fn ordinary_names_are_shown_as_they_are() {
        for name in ["Zoë O'Brien \"王\"", "प्रिया शर्मा"] {
            assert_eq!(shown(name).to_string(), name);
        }
    }

    #[test]
    fn one_is_counted_otherwise_than_none_and_many() {
        let words = [0_u64, 1, 2, 21].map(|n| counted(n, "change", "changes"));
        assert_eq!(words, ["0 changes", "1 change", "2 changes", "21 changes"]);
    }

    #[test]
    fn long_text_is_cut() {
        assert!(shown(&"x".repeat(10_000)).to_string().len() < 300);
    }
}
