//! Durations and sizes as the configuration writes them: `100s`, `24h`, `30d`, `64KiB`.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

/// A length of time, written as a whole number and a unit: `s`, `m`, `h` or `d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(u64);

impl Span {
    /// A span of so many seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Its length in seconds.
    pub fn secs(self) -> u64 {
        self.0
    }
}

/// A duration of the configuration, as seconds.
pub(crate) fn seconds<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    Span::deserialize(from).map(Span::secs)
}

/// The same, as a duration.
pub(crate) fn duration<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    Span::deserialize(from).map(Duration::from)
}

/// The same for a key that may be left out.
pub(crate) fn optional_seconds<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Option<u64>, D::Error> {
    Span::deserialize(from).map(|span| Some(span.secs()))
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        Duration::from_secs(span.0)
    }
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    Some((text[..digits].parse().ok()?, &text[digits..]))
}

impl std::str::FromStr for Span {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = number_and_unit(text).and_then(|(n, unit)| {
            let factor = match unit {
                "s" => 1,
                "m" => 60,
                "h" => 3_600,
                "d" => 86_400,
                _ => return None,
            };
            n.checked_mul(factor)
        });
        parsed.map(Self).ok_or_else(|| {
            "a duration is a whole number and s, m, h or d, such as 100s or 24h".to_owned()
        })
    }
}

impl TryFrom<String> for Span {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            n if n > 0 && n % 86_400 == 0 => write!(f, "{}d", n / 86_400),
            n if n > 0 && n % 3_600 == 0 => write!(f, "{}h", n / 3_600),
            n if n > 0 && n % 60 == 0 => write!(f, "{}m", n / 60),
            n => write!(f, "{n}s"),
        }
    }
}

/// Permission bits in octal, such as `0700`.
pub(crate) fn mode<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    u32::from_str_radix(&String::deserialize(from)?, 8)
        .ok()
        .filter(|mode| *mode <= 0o777)
        .ok_or_else(|| {
            serde::de::Error::custom("it is an octal number up to 0777, such as \"0700\"")
        })
}

/// A size of the configuration, as a number of bytes.
pub(crate) fn bytes<'de, D: serde::Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    Size::deserialize(from).map(|size| usize::try_from(size.0).unwrap_or(usize::MAX))
}

/// A number of bytes, written as a whole number and `B`, `KiB`, `MiB` or `GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Size(u64);

impl Size {
    /// So many bytes.
    pub(crate) const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    pub(crate) fn bytes(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
        let fits = |shift: u32| self.0 > 0 && self.0.trailing_zeros() >= shift;
        match units.into_iter().find(|(shift, _)| fits(*shift)) {
            Some((shift, unit)) => write!(f, "{}{unit}", self.0 >> shift),
            None => write!(f, "{}B", self.0),
        }
    }
}

impl TryFrom<String> for Size {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let parsed = number_and_unit(&text).and_then(|(n, unit)| {
            let factor = match unit {
                "B" => 1,
                "KiB" => 1 << 10,
                "MiB" => 1 << 20,
                "GiB" => 1 << 30,
                _ => return None,
            };
            n.checked_mul(factor)
        });
        parsed.map(Self).ok_or_else(|| {
            "a size is a whole number and B, KiB, MiB or GiB, such as 64KiB".to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_shown() {
        for (text, seconds) in [
            ("100s", 100),
            ("24h", 86_400),
            ("30d", 2_592_000),
            ("0s", 0),
            ("15m", 900),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.secs(), seconds);
        }
        assert_eq!(Span::from_secs(86_400).to_string(), "1d");
        for bad in [
            "",
            "10",
            "s",
            "1.5h",
            "-1s",
            "10 s",
            "99999999999999999999d",
            "18446744073709551615d",
        ] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_read() {
        assert_eq!(Size::try_from("64KiB".to_owned()), Ok(Size(65_536)));
        assert!(Size::try_from("64kb".to_owned()).is_err());
        for text in ["64KiB", "256MiB", "1GiB", "1025KiB", "7B", "0B"] {
            assert_eq!(Size::try_from(text.to_owned()).unwrap().to_string(), text);
        }
    }
}
