//! What is kept beside the databases of the ledger that belongs to them: which one it is, how far it had come, and the
//! numbers that were ever given.
//!
//! It changes with the databases, as one of their transaction's files: so a ledger that is lost, exchanged or older can be
//! told from the right one. Numbers are kept as few ranges, so that the file stays small; where there are too many, what
//! lies between two ranges counts as given. Pure: text to value and back.

use std::fmt;

use serde::Deserialize;

use super::id_ranges::IdRanges;

/// How many ranges of one kind are kept apart.
const RANGES: usize = 32;

/// Which ledger it is: made up when a ledger is made, and never again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerId(pub i64);

impl fmt::Display for LedgerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Numbers that were ever given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Uids.
    pub uids: IdRanges,
    /// Gids, those of accounts' own groups included.
    pub gids: IdRanges,
    /// First subordinate ids.
    pub subids: IdRanges,
}

impl Numbers {
    /// Those of both.
    pub fn and(&self, other: &Self) -> Self {
        let both = |one: &IdRanges, two: &IdRanges| one.iter().chain(two.iter()).collect();
        Self {
            uids: both(&self.uids, &other.uids),
            gids: both(&self.gids, &other.gids),
            subids: both(&self.subids, &other.subids),
        }
    }
}

/// What the databases know of their ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Which it is.
    pub ledger: LedgerId,
    /// Its last transaction.
    pub transaction: u64,
    /// What it has given.
    pub given: Numbers,
}

/// A text that is no anchor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it does not say which ledger belongs to this host")]
pub struct NoAnchor;

impl Anchor {
    /// Where it is, on every managed host.
    pub const PATH: &str = "/etc/gosync/anchor";

    /// What a text says.
    ///
    /// # Errors
    /// When it is no anchor.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoAnchor> {
        let text = std::str::from_utf8(bytes).map_err(|_| NoAnchor)?;
        let Written {
            ledger,
            transaction,
            uids,
            gids,
            subids,
        } = toml::from_str(text).map_err(|_| NoAnchor)?;
        let number = u64::from_str_radix(&ledger, 16).map_err(|_| NoAnchor)?;
        Ok(Self {
            ledger: LedgerId(number.cast_signed()),
            transaction,
            given: Numbers {
                uids: ranges(&uids).ok_or(NoAnchor)?,
                gids: ranges(&gids).ok_or(NoAnchor)?,
                subids: ranges(&subids).ok_or(NoAnchor)?,
            },
        })
    }
}

/// The keys of the file.
#[derive(Deserialize)]
struct Written {
    ledger: String,
    transaction: u64,
    uids: String,
    gids: String,
    subids: String,
}

fn ranges(text: &str) -> Option<IdRanges> {
    let range = |word: &str| {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        Some((first.parse().ok()?, last.parse().ok()?))
    };
    text.split_whitespace().map(range).collect()
}

fn written(ranges: &IdRanges) -> String {
    let ranges = ranges.coarse(RANGES);
    let words: Vec<String> = ranges
        .iter()
        .map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        })
        .collect();
    words.join(" ")
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# The ledger of gosync that belongs to this host's accounts, its last transaction, and the numbers that it \
             has given.\n# gosync writes this file with every change. Do not edit it, and do not copy it to another host."
        )?;
        writeln!(f, "ledger = \"{}\"", self.ledger)?;
        writeln!(f, "transaction = {}", self.transaction)?;
        writeln!(f, "uids = \"{}\"", written(&self.given.uids))?;
        writeln!(f, "gids = \"{}\"", written(&self.given.gids))?;
        writeln!(f, "subids = \"{}\"", written(&self.given.subids))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(spans: &[(u32, u32)]) -> IdRanges {
        spans.iter().copied().collect()
    }

    fn anchor() -> Anchor {
        Anchor {
            ledger: LedgerId(-2),
            transaction: 42,
            given: Numbers {
                uids: spans(&[(20_000, 20_023), (1_200_000_000, 1_200_000_000)]),
                gids: spans(&[]),
                subids: spans(&[(1_000_000, 1_065_536)]),
            },
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text = anchor().to_string();
        assert!(text.contains("ledger = \"fffffffffffffffe\"\n"), "{text}");
        assert!(
            text.contains("uids = \"20000-20023 1200000000\"\n"),
            "{text}"
        );
        assert_eq!(Anchor::parse(text.as_bytes()), Ok(anchor()));
        let newer = format!("{text}more = 1\n");
        assert_eq!(Anchor::parse(newer.as_bytes()), Ok(anchor()));
    }

    #[test]
    fn what_is_cut_or_garbage_is_no_anchor() {
        let text = anchor().to_string();
        let whole = text.trim_end().len();
        for end in 0..whole {
            assert_eq!(
                Anchor::parse(&text.as_bytes()[..end]),
                Err(NoAnchor),
                "{end}"
            );
        }
        let odd = [
            text.replace("fffffffffffffffe", "what"),
            text.replace("20000-20023", "20000-x"),
            text.replace("42", "-1"),
        ];
        for odd in odd {
            assert_eq!(Anchor::parse(odd.as_bytes()), Err(NoAnchor), "{odd}");
        }
        assert_eq!(Anchor::parse(b"\xff\0"), Err(NoAnchor));
    }

    #[test]
    fn many_ranges_are_kept_as_few_that_hold_them_all() {
        let many: IdRanges = (0..1_000)
            .map(|n| (20_000 + 3 * n, 20_000 + 3 * n))
            .collect();
        let mut anchor = anchor();
        anchor.given.uids = many.clone();
        let text = anchor.to_string();
        let read = Anchor::parse(text.as_bytes()).unwrap().given.uids;
        assert!(text.len() < 2_000 && read.iter().count() <= RANGES);
        assert!(many.iter().all(|(n, _)| read.contains(n)));
        assert!(!read.contains(19_999) && !read.contains(22_998));
    }
}
