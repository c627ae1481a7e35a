//! The account databases as text: bytes to lines and back, without loss.
//!
//! A database is kept as the bytes that were read. What gosync does not change is written back as it was: comments,
//! blank and malformed lines, NIS `+`/`-` lines, odd spacing, a missing last newline. Nothing here opens a file.
//! Rules: passwd(5), shadow(5), group(5), gshadow(5), subuid(5), and how glibc reads them (`nss_files`).

pub mod group;
pub mod lines;
pub mod passwd;
pub mod shadow;
pub mod subid;

pub use group::{GroupLine, GshadowLine};
pub use lines::{Editor, Lines};
pub use passwd::PasswdLine;
pub use shadow::ShadowLine;
pub use subid::SubidLine;

/// A field that would break its line: it holds a separator, a line break or NUL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a field may hold neither `:` nor a line break nor NUL")]
pub struct BadField;

/// Splits a line into exactly `N` fields.
fn fields<const N: usize>(line: &[u8]) -> Option<[&[u8]; N]> {
    let mut out = [&line[..0]; N];
    let mut parts = line.split(|&b| b == b':');
    for slot in &mut out {
        *slot = parts.next()?;
    }
    parts.next().is_none().then_some(out)
}

/// Joins fields into a line (without its newline).
fn join(fields: &[&[u8]]) -> Result<Vec<u8>, BadField> {
    if fields
        .iter()
        .any(|f| f.iter().any(|b| matches!(b, b':' | b'\n' | b'\r' | 0)))
    {
        return Err(BadField);
    }
    Ok(fields.join(&b':'))
}

/// Reads an id as glibc does (`strtoul`): blanks and a plus sign before the digits are skipped.
fn number(text: &[u8]) -> Option<u32> {
    let digits = text.trim_ascii_start();
    let digits = digits.strip_prefix(b"+").unwrap_or(digits);
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    plain
        .then(|| std::str::from_utf8(digits).ok()?.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests;
